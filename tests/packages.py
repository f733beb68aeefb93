"""Random valid packages, small enough to route in a moment: every pattern of bumps, balls, nets and rules we know of.

The randomness is a ``random.Random`` that the caller hands in: a seeded one, or one that hypothesis draws and shrinks.
A package counts as valid when the reader's own gate (``read.plausible``) lets it pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from kicad_rdl.errors import RdlError
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape, circumradius, grown
from kicad_rdl.model.die import Bump, Die, PlacedDie
from kicad_rdl.model.package import (
    Angles,
    Ball,
    BallGeometry,
    Joint,
    NetKind,
    NetRule,
    Package,
    SupplyStyle,
)
from kicad_rdl.model.technology import Technology
from kicad_rdl.read.plausible import refuse_impossible
from kicad_rdl.read.technology import load_technology, technology_names
from kicad_rdl.units import UM, Nm

ROWS = "ABCDEFGHJKLMNPRTUVWY"


@dataclass(frozen=True)
class Limits:
    """How large and how odd a package may be."""

    across: int = 7
    """Bumps along a side of an array."""
    balls: int = 9
    """Balls along a side of the grid."""
    dies: int = 2
    planes: bool = True
    widths: bool = True
    groups: bool = True
    octilinear: bool = False
    technologies: tuple[str, ...] = technology_names()


EVERYTHING = Limits()
PLAIN = Limits(dies=1, planes=False, widths=False, groups=False)
"""Signals and trees only."""


@cache
def deck(name: str) -> Technology:
    return load_technology(name)


def random_package(chance: Random, limits: Limits = EVERYTHING, tries: int = 60) -> Package:
    """A valid package.

    Raises:
        RdlError: none was found in so many tries.
    """
    reason: RdlError | None = None
    for _ in range(tries):
        try:
            package = _attempt(chance, limits)
            refuse_impossible(package, "random")
        except RdlError as error:
            reason = error
            continue
        return package
    assert reason is not None
    raise reason


def _attempt(chance: Random, limits: Limits) -> Package:
    technology = deck(chance.choice(limits.technologies))
    rdl_count = chance.randint(1, len(technology.metals))
    if rdl_count > 1 and not technology.stacked_vias and chance.random() < 0.9:
        technology = replace(technology, stacked_vias=True)
    if chance.random() < 0.15:
        technology = _finer(technology)
    dies = _dies(chance, technology, limits)
    balls, geometry = _balls(chance, technology, limits)
    edges = technology.edges
    reach_x = max(abs(ball.at.x) for ball in balls)
    reach_y = max(abs(ball.at.y) for ball in balls)
    beside = max(geometry.diameter // 2 + edges.ball_to_package, geometry.pad // 2 + edges.trace_to_package)
    need_x, need_y = 2 * (reach_x + beside), 2 * (reach_y + beside)
    for placed in dies:
        width, height = placed.size
        need_x = max(need_x, 2 * abs(placed.at.x) + width + 2 * edges.die_to_package)
        need_y = max(need_y, 2 * abs(placed.at.y) + height + 2 * edges.die_to_package)
    spare = chance.choice((0, 0, 1, 500_000))
    names = sorted({bump.net for placed in dies for bump in placed.bumps if bump.net is not None})
    return Package(
        name="random",
        width=need_x + need_x % 2 + 2 * spare,
        height=need_y + need_y % 2 + 2 * spare,
        dies=dies,
        balls=balls,
        ball=geometry,
        rdl_count=rdl_count,
        technology=technology,
        nets=tuple(_rule(chance, name, balls, technology, rdl_count, limits) for name in names),
        angles=Angles.OCTILINEAR if limits.octilinear else Angles.ANY,
    )


def _finer(technology: Technology) -> Technology:
    """The same with lines and spaces of 2 um."""
    metals = tuple(replace(metal, line=2 * UM, space=2 * UM) for metal in technology.metals)
    return replace(technology, metals=metals)


# --- dies -----------------------------------------------------------------------------------------------------------


def _dies(chance: Random, technology: Technology, limits: Limits) -> tuple[PlacedDie, ...]:
    count = chance.choice((1, 1, 1, 2)) if limits.dies > 1 else 1
    placed: list[PlacedDie] = []
    x = 0
    for index in range(count):
        die = _die(chance, technology, limits, f"die{index + 1}", "" if chance.random() < 0.5 else f"{index + 1}")
        turned = PlacedDie(die, Point(0, 0), chance.randrange(4), chance.random() < 0.5)
        width, _ = turned.size
        at = Point(x + width // 2, chance.choice((0, 0, 37_001, -250_000))) if count > 1 else _offset(chance)
        x += width + 2 + technology.edges.die_to_die + chance.choice((0, 100_000))
        placed.append(replace(turned, at=at))
    if count > 1:
        placed = [replace(die, at=Point(die.at.x - x // 2, die.at.y)) for die in placed]
    return tuple(placed)


def _offset(chance: Random) -> Point:
    return (
        Point(0, 0) if chance.random() < 0.6 else Point(chance.randint(-400, 400) * 997, chance.randint(-400, 400) * UM)
    )


def _shape(chance: Random, size: Nm) -> Shape:
    other = 2 * (chance.randint(size // 2, size) // 2)
    return chance.choice((Circle(size), Circle(size), Octagon(size), Rectangle(size, size), Rectangle(size, other)))


def _die(chance: Random, technology: Technology, limits: Limits, name: str, suffix: str) -> Die:
    rules = technology.die_pad
    line, space = technology.metal(1).line, technology.metal(1).space
    size = 2 * (rules.opening * chance.choice((100, 100, 80, 130)) // 200)
    shapes = [_shape(chance, size)]
    if chance.random() < 0.3:
        shapes.append(_shape(chance, 2 * (size * 3 // 4)))  # two sizes of bumps
    wide = 2 * max(math.ceil(circumradius(grown(shape, rules.enclosure))) for shape in shapes)
    least = max(rules.pitch, wide + space, max(circumradius(s) for s in shapes) * 2 + rules.space)
    through = chance.choice((0, 0, 1, 1, 2, 4))
    pitch = math.ceil(least) + through * (line + space) + chance.choice((0, 0, 1, 777, 40_000))
    pattern: Callable[[Random, Nm, Limits], list[Point]] = chance.choice(
        (_array, _array, _peripheral, _peripheral, _mixed, _staggered, _sparse, _row, _single, _nothing)
        if limits.across > 3
        else (_array, _row, _single)
    )
    places = pattern(chance, pitch, limits)
    if chance.random() < 0.3:
        places = [place for place in places if chance.random() < 0.8]
    nets = _nets(chance, len(places), suffix)
    bumps = tuple(
        Bump(f"b{index + 1}", place, net, chance.choice(shapes))
        for index, (place, net) in enumerate(zip(places, nets, strict=True))
    )
    edge = chance.choice((0, 1, 50_000))
    half_x = max((abs(place.x) for place in places), default=100_000) + wide + edge
    half_y = max((abs(place.y) for place in places), default=100_000) + wide + edge
    return Die(name, 2 * half_x, 2 * half_y, bumps)


def _array(chance: Random, pitch: Nm, limits: Limits) -> list[Point]:
    columns, rows = chance.randint(2, limits.across), chance.randint(2, limits.across)
    down = pitch + chance.choice((0, 0, 12_345))
    return [
        Point((2 * c - columns + 1) * pitch // 2, (2 * r - rows + 1) * down // 2)
        for r in range(rows)
        for c in range(columns)
    ]


def _peripheral(chance: Random, pitch: Nm, limits: Limits) -> list[Point]:
    """Pads along the four sides, the corners left out."""
    n = chance.randint(1, 2 * limits.across)
    reach = (n + 1) * pitch // 2
    along = [(2 * k - n + 1) * pitch // 2 for k in range(n)]
    sides = chance.choice(((0, 1, 2, 3), (0, 1, 2, 3), (0, 2), (1,)))
    found = []
    for side in sides:
        for place in along:
            x, y = ((place, -reach), (reach, place), (place, reach), (-reach, place))[side]
            found.append(Point(x, y))
    return found


def _mixed(chance: Random, pitch: Nm, limits: Limits) -> list[Point]:
    """A ring of pads, and a coarser array inside."""
    ring = _peripheral(chance, pitch, limits)
    reach = max(max(abs(p.x), abs(p.y)) for p in ring)
    coarse = pitch * 2
    n = max(0, (reach - pitch) // coarse)
    return ring + [
        Point(c * coarse, r * coarse)
        for r in range(-n // 2, n // 2 + 1)
        for c in range(-n // 2, n // 2 + 1)
        if max(abs(c), abs(r)) * coarse <= reach - pitch
    ]


def _staggered(chance: Random, pitch: Nm, limits: Limits) -> list[Point]:
    columns, rows = chance.randint(2, limits.across), chance.randint(2, limits.across)
    down = math.ceil(pitch * math.sqrt(3) / 2) + 1
    return [
        Point((2 * c - columns + 1) * pitch // 2 + (r % 2) * (pitch // 2), (2 * r - rows + 1) * down // 2)
        for r in range(rows)
        for c in range(columns)
    ]


def _sparse(chance: Random, pitch: Nm, limits: Limits) -> list[Point]:
    """Anywhere, at least a pitch apart."""
    found: list[Point] = []
    reach = pitch * limits.across
    for _ in range(limits.across**2):
        place = Point(chance.randint(-reach, reach), chance.randint(-reach, reach))
        if all(place.distance(other) >= pitch for other in found):
            found.append(place)
    return found


def _row(chance: Random, pitch: Nm, limits: Limits) -> list[Point]:
    """On one line."""
    n = chance.randint(1, 2 * limits.across)
    return [Point((2 * k - n + 1) * pitch // 2, 0) for k in range(n)]


def _single(chance: Random, pitch: Nm, limits: Limits) -> list[Point]:
    del chance, pitch, limits
    return [Point(0, 0)]


def _nothing(chance: Random, pitch: Nm, limits: Limits) -> list[Point]:
    del chance, pitch, limits
    return []


def _nets(chance: Random, count: int, suffix: str) -> list[str | None]:
    """Signals, a few supplies with many bumps, and bumps without a net."""
    supplies = ["VDD", "VSS", "VIO"][: chance.choice((0, 1, 2, 2, 3))]
    share = chance.choice((0.2, 0.5, 0.9))
    idle = chance.choice((0.0, 0.0, 0.1, 1.0 if count < 4 else 0.3))
    found: list[str | None] = []
    for index in range(count):
        if chance.random() < idle:
            found.append(None)
        elif supplies and chance.random() < share:
            found.append(chance.choice(supplies))
        elif chance.random() < 0.05 and index:
            found.append(f"S{chance.randrange(index)}{suffix}")  # a signal with two bumps, now and then
        else:
            found.append(f"S{index}{suffix}")
    return found


# --- balls and nets -------------------------------------------------------------------------------------------------


def _balls(chance: Random, technology: Technology, limits: Limits) -> tuple[tuple[Ball, ...], BallGeometry]:
    row = chance.choice(technology.balls)
    loose = chance.choice((0, 0, 0, 30_000, 123_456))
    pitch_x, pitch_y = row.pitch + loose, row.pitch + chance.choice((loose, loose, 77_777))
    columns, rows = chance.randint(1, limits.balls), chance.randint(1, limits.balls)
    staggered = chance.random() < 0.2
    rings = chance.choice((None, None, 1, 2))
    thin = chance.choice((0.0, 0.0, 0.1, 0.4))
    move = chance.choice((Point(0, 0), Point(0, 0), Point(111_111, -50_000)))
    nc = chance.choice((0.0, 0.0, 0.1, 0.9))
    found: list[Ball] = []
    for r in range(rows):
        count = columns - (r % 2 if staggered else 0)
        for c in range(count):
            inside = min(r, rows - 1 - r, c, count - 1 - c)
            if (rings is not None and inside >= rings) or chance.random() < thin:
                continue
            at = Point((2 * c - count + 1) * pitch_x // 2, (rows - 1 - 2 * r) * pitch_y // 2) + move
            found.append(Ball(f"{ROWS[r]}{c + 1}", ROWS[r], c + 1, at, chance.random() < nc))
    if not found:
        found.append(Ball("A1", "A", 1, move))
    free = chance.random() < 0.15  # copper-defined
    opening = row.pad + 2 * UM if free else row.opening
    return tuple(found), BallGeometry(pitch_x, pitch_y, row.ball, opening, row.ubm, row.pad, not free)


def _rule(
    chance: Random, name: str, balls: Sequence[Ball], technology: Technology, rdl_count: int, limits: Limits
) -> NetRule:
    supply = name.startswith("V")
    rule = NetRule(name, NetKind.SUPPLY if supply else NetKind.SIGNAL)
    if supply:
        rule = replace(rule, balls=chance.choice((1, 1, 2, 5)))
        if limits.planes and chance.random() < 0.5:
            layer = chance.choice((None, 1, rdl_count, chance.randint(1, rdl_count)))
            joint = chance.choice((Joint.SOLID, Joint.THERMAL))
            rule = replace(rule, style=SupplyStyle.PLANE, plane_layer=layer, joint=joint)
    elif chance.random() < 0.03:
        rule = replace(rule, balls=2)
    if limits.groups and chance.random() < 0.15:
        sx, sy = chance.choice(((1, 0), (-1, 0), (0, 1)))  # right, left, top
        allowed = tuple(ball.name for ball in balls if sx * ball.at.x + sy * ball.at.y > -(sx < 0) and not ball.nc)
        if len(allowed) >= rule.balls:
            rule = replace(rule, allowed=allowed)
    if limits.widths and chance.random() < 0.1:
        line = max(metal.line for metal in technology.metals[:rdl_count])
        rule = replace(rule, width=line * chance.choice((2, 3, 5)) // 2 * 1)
    return rule
