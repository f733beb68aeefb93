"""Dies and balls, for everything that reads and writes them: random ones, and boards that need no router."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import strategies as st

from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape
from kicad_rdl.model.die import Bump, Die, PlacedDie
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.package import Package
from kicad_rdl.model.source import Source, SourceBall
from kicad_rdl.read.bumps import NO_NET

LETTERS = "ABxyz019_[]<>/+!~.é=()'\""
NAMES = st.text(LETTERS, min_size=1, max_size=6)
NETS = NAMES.filter(lambda name: name.lower() not in NO_NET)
SIZES = st.integers(1, 60_000).map(lambda half: 2 * half)
"""Even: half a nanometre of an octagon's corner has no place in a file."""

SHAPES: st.SearchStrategy[Shape] = st.one_of(
    SIZES.map(Circle), SIZES.map(lambda w: Octagon(w + 100)), st.tuples(SIZES, SIZES).map(lambda wh: Rectangle(*wh))
)


@st.composite
def placed_dies(draw: st.DrawFn, name: str, balls: tuple[SourceBall, ...]) -> PlacedDie:
    width, height = draw(st.integers(20_000, 3_000_000)), draw(st.integers(20_000, 3_000_000))
    spots = st.tuples(st.integers(-(width // 2), width // 2), st.integers(-(height // 2), height // 2))
    places = draw(st.lists(spots, min_size=1, max_size=12, unique=True))
    names = draw(st.lists(NAMES, min_size=len(places), max_size=len(places), unique=True))
    pool = draw(st.lists(NETS, min_size=1, max_size=4))
    given = {ball.net: ball.name for ball in balls if ball.net is not None}
    bumps = []
    for label, (x, y) in zip(names, places, strict=True):
        net = draw(st.sampled_from([None, *pool, *given]))
        ball = draw(st.sampled_from([None, given.get(net)]))
        bumps.append(Bump(label, Point(x, y), net, draw(SHAPES), ball))
    at = Point(draw(st.integers(-(10**7), 10**7)), draw(st.integers(-(10**7), 10**7)))
    return PlacedDie(Die(name, width, height, tuple(bumps)), at, draw(st.integers(0, 3)), draw(st.booleans()))


@st.composite
def packages(draw: st.DrawFn) -> Source:
    """One to three dies on a package with balls."""
    width, height = 40_000_000, 30_000_000
    spots = st.tuples(st.integers(-(10**7), 10**7), st.integers(-(10**7), 10**7))
    places = draw(st.lists(spots, min_size=1, max_size=8, unique=True))
    names = draw(st.lists(NAMES, min_size=len(places), max_size=len(places), unique=True))
    balls = tuple(
        SourceBall(name, Point(x, y), draw(st.none() | NETS), draw(st.none() | SHAPES))
        for name, (x, y) in zip(names, places, strict=True)
    )
    count = draw(st.integers(1, 3))
    dies = tuple(draw(placed_dies(f"d{k}", balls)) for k in range(count))
    return Source(dies, balls, width, height)


def as_placed(source: Source) -> Source:
    """The same copper, every die in a frame that is neither turned nor mirrored."""
    dies = []
    for placed in source.dies:
        width, height = placed.size
        upright = tuple(Bump(bump.name, bump.at - placed.at, bump.net, bump.shape, bump.ball) for bump in placed.bumps)
        dies.append(PlacedDie(Die(placed.die.name, width, height, upright), placed.at))
    return Source(tuple(dies), source.balls, source.width, source.height)


def unrouted(package: Package) -> Layout:
    """Only what a board needs for its footprints; every third ball has a net."""
    nets = [rule.name for rule in package.nets]
    usable = [ball.name for ball in package.balls if nets and not ball.nc][::3]
    given = tuple((name, nets[k % len(nets)]) for k, name in enumerate(usable))
    known = {"package": package, "ball_nets": given}
    return Layout(**{field.name: known.get(field.name, ()) for field in fields(Layout)})
