"""Small packages, each with exactly one planted violation, and their clean siblings; seeded.

Four nets run side by side in lanes from a bump on the left to a ball on the right. A planted defect bends, thins, cuts
or moves one lane. Defects are at least 30 nm deep, because KiCad's DRC forgives 10 nm even at its strictest.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from samples import technology

from kicad_rdl.geometry import Arc, Circle, Line, Path, Piece, Point
from kicad_rdl.model.die import Bump, Die, PlacedDie
from kicad_rdl.model.layout import Layout, Opening, Pad, PadKind, Side, Trace, Via
from kicad_rdl.model.package import Ball, BallGeometry, NetRule, Package
from kicad_rdl.model.report import Rule
from kicad_rdl.model.technology import MaskRules, Technology, ViaRules
from kicad_rdl.units import UM, Nm

LANES = 4
LANE: Nm = 600 * UM
BUMP_X: Nm = -600 * UM
BALL_X: Nm = 800 * UM
HALF_HEIGHT: Nm = 1500 * UM
WIDTH: Nm = 10 * UM
SPACE: Nm = 10 * UM
EDGE: Nm = 75 * UM
WEB: Nm = 80 * UM
VIA = ViaRules(opening=30 * UM, land_enclosure=10 * UM, capture_enclosure=15 * UM, space=70 * UM)

KINDS = ("spacing", "width", "short", "open", "edge", "mask", "via")

OURS: dict[str, frozenset[Rule]] = {
    "spacing": frozenset({Rule.SPACING}),
    "width": frozenset({Rule.WIDTH}),
    "short": frozenset({Rule.SHORT}),
    "open": frozenset({Rule.OPEN, Rule.DANGLING}),
    "edge": frozenset({Rule.PACKAGE_EDGE}),
    "mask": frozenset({Rule.MASK_WEB}),
    "via": frozenset({Rule.ENCLOSURE, Rule.WIDTH, Rule.VIA_SPACING}),
}
"""What our checker may say of a planted defect; a cut trace has two loose ends besides."""

KICAD: dict[str, frozenset[str]] = {
    "spacing": frozenset({"clearance"}),
    "width": frozenset({"track_width"}),
    "short": frozenset({"shorting_items", "tracks_crossing", "clearance", "solder_mask_bridge"}),
    "open": frozenset({"unconnected_items", "track_dangling", "via_dangling"}),
    "edge": frozenset({"copper_edge_clearance"}),
    "mask": frozenset({"solder_mask_bridge"}),
    "via": frozenset({"annular_width", "via_diameter", "drill_out_of_range", "hole_to_hole"}),
}


@dataclass(frozen=True)
class Planted:
    kind: str
    name: str
    layout: Layout
    sibling: Layout


@dataclass
class Lane:
    """One net: its path in pieces of (layer, path), and the vias between them."""

    y: Nm
    paths: list[tuple[int, Path]]
    ball: Point
    width: Nm = WIDTH

    vias: list[Via] = field(default_factory=list)


def planted(kind: str, seed: int) -> Planted:
    """Case ``seed`` of a kind."""
    rnd = random.Random(f"{kind} {seed}")
    return _PLANTERS[kind](rnd, f"{kind}_{seed}")


# --- lanes ---------------------------------------------------------------------------------------


def lane_y(k: int) -> Nm:
    return (2 * k - LANES + 1) * LANE // 2


def straight(k: int, layer: int) -> Lane:
    ball = Point(BALL_X, lane_y(k))
    return Lane(lane_y(k), [(layer, Path.through(Point(BUMP_X, lane_y(k)), ball))], ball)


def excursion(k: int, layer: int, top: Nm, rnd: random.Random) -> Lane:
    """A lane that rises (or sinks) to y = ``top`` in its middle: with slanting sides, upright sides, or as an arc."""
    y, left = lane_y(k), rnd.randrange(-300, -100) * UM
    right = rnd.randrange(100, 300) * UM
    start, ball = Point(BUMP_X, y), Point(BALL_X, y)
    style = rnd.choice(("slanted", "upright", "arc"))
    if style == "arc":
        # Well below half a circle, so that it leaves the line under an obtuse angle; the apex is on the grid.
        middle = (left + right) // 2
        bulge = min(abs(top - y) * rnd.randrange(30, 60) // 100, (middle - left) * 8 // 10)
        foot = top - bulge if top > y else top + bulge
        arc = Arc(Point(left, foot), Point(middle, top), Point(2 * middle - left, foot))
        before = Point(left - 100 * UM, y)
        after = Point(arc.end.x + 100 * UM, y)
        pieces: list[Piece] = [
            Line(start, before), Line(before, arc.start), arc, Line(arc.end, after), Line(after, ball),
        ]  # fmt: skip
        return Lane(y, [(layer, Path(tuple(pieces)))], ball)
    lean = 0 if style == "upright" else rnd.randrange(20, 100) * UM
    corners = (start, Point(left - lean, y), Point(left, top), Point(right, top), Point(right + lean, y), ball)
    return Lane(y, [(layer, Path.through(*corners))], ball)


def with_via(k: int, at: Point) -> Lane:
    """From RDL1 at the bump to RDL2 at the ball, changing at a point."""
    lane = straight(k, 1)
    y = lane.y
    before, after = Point(at.x - 150 * UM, y), Point(at.x + 150 * UM, y)
    lane.paths = [
        (1, Path.through(Point(BUMP_X, y), before, at)),
        (2, Path.through(at, after, lane.ball)),
    ]
    lane.vias = [Via(f"N{k}", at, 1, VIA.opening, VIA.land, VIA.capture)]
    return lane


# --- the planters --------------------------------------------------------------------------------


def _depth(rnd: random.Random) -> Nm:
    return rnd.choice((30, 47, 100, 333, 1000, 2500))


def _spacing(rnd: random.Random, name: str) -> Planted:
    count, layer, k = _where(rnd)
    above = lane_y(k + 1)
    if rnd.random() < 0.5:
        # On the last RDL the obstacle is the UBM pad, on the others the land of the via that leads there.
        reach, lanes = _past_end(rnd, k, layer, SIZES.pad if layer == count else VIA.land)
        return _case("spacing", name, count, lanes, {k: reach(SPACE - _depth(rnd))}, {k: reach(SPACE)})
    lanes = _lanes(layer)
    state = rnd.getstate()

    def beside(gap: Nm) -> Lane:
        rnd.setstate(state)
        return excursion(k, layer, above - WIDTH - gap, rnd)

    depth = _depth(random.Random(name))
    return _case("spacing", name, count, lanes, {k: beside(SPACE - depth)}, {k: beside(SPACE)})


def _past_end(rnd: random.Random, k: int, layer: int, obstacle: Nm) -> tuple[Callable[[Nm], Lane], list[Lane]]:
    """The lane passes under the disc at the end of the next one, at a given gap, before it turns down to its own."""
    lanes = _lanes(layer)
    lean = rnd.randrange(150, 400) * UM

    def reach(gap: Nm) -> Lane:
        lane = straight(k, layer)
        top = lane_y(k + 1) - obstacle // 2 - gap - WIDTH // 2
        corners = (
            Point(BUMP_X, lane.y),
            Point(500 * UM - lean, lane.y),
            Point(600 * UM, top),
            Point(BALL_X, top),
            lane.ball,
        )
        lane.paths = [(layer, Path.through(*corners))]
        return lane

    return reach, lanes


def _short(rnd: random.Random, name: str) -> Planted:
    count, layer, k = _where(rnd)
    state = rnd.getstate()

    def bent(gap: Nm) -> Lane:
        rnd.setstate(state)
        return excursion(k, layer, lane_y(k + 1) - WIDTH - gap, rnd)

    overlap = random.Random(name).choice((1 * UM, 5 * UM, 10 * UM, 40 * UM))
    return _case("short", name, count, _lanes(layer), {k: bent(-overlap)}, {k: bent(40 * UM)})


def _edge(rnd: random.Random, name: str) -> Planted:
    count, layer, _ = _where(rnd)
    k, sign = rnd.choice(((LANES - 1, 1), (0, -1)))
    state = rnd.getstate()

    def bent(distance: Nm) -> Lane:
        rnd.setstate(state)
        return excursion(k, layer, sign * (HALF_HEIGHT - distance - WIDTH // 2), rnd)

    depth = _depth(random.Random(name))
    return _case("edge", name, count, _lanes(layer), {k: bent(EDGE - depth)}, {k: bent(EDGE)})


def _width(rnd: random.Random, name: str) -> Planted:
    count, layer, k = _where(rnd)
    lane = excursion(k, layer, lane_y(k) + 100 * UM, rnd)
    thin = replace(lane, width=WIDTH - 2 * _depth(rnd))
    return _case("width", name, count, _lanes(layer), {k: thin}, {k: lane})


def _open(rnd: random.Random, name: str) -> Planted:
    count, layer, k = _where(rnd)
    lane = excursion(k, layer, lane_y(k) + 100 * UM, rnd)
    if rnd.random() < 0.5:
        cut = replace(lane, paths=[])
    else:
        pieces = lane.paths[0][1].pieces
        gone = rnd.randrange(1, len(pieces) - 1)
        cut = replace(lane, paths=[(layer, Path(pieces[:gone])), (layer, Path(pieces[gone + 1 :]))])
    return _case("open", name, count, _lanes(layer), {k: cut}, {k: lane})


def _mask(rnd: random.Random, name: str) -> Planted:
    depth = _depth(rnd)
    if rnd.random() < 0.5:
        count, layer, k = _where(rnd)
        opening = 250 * UM if count % 2 else 220 * UM

        def nearer(web: Nm) -> Lane:
            """The ball of lane k sits close under the next ball."""
            lane = straight(k, layer)
            lane.ball = Point(BALL_X, lane_y(k + 1) - opening - web)
            lane.paths = [(layer, Path.through(Point(BUMP_X, lane.y), Point(200 * UM, lane.y), lane.ball))]
            return lane

        return _case("mask", name, count, _lanes(layer), {k: nearer(WEB - depth)}, {k: nearer(WEB)})
    # Copper-defined balls: an opening 30 um wider than the pad, and a foreign trace in that moat.
    k = rnd.randrange(LANES - 1)
    reach, lanes = _past_end(rnd, k, 2, SIZES.pad)
    sizes = BallGeometry(800 * UM, 600 * UM, 300 * UM, 330 * UM, 250 * UM, 270 * UM, mask_defined=False)
    return _case("mask", name, 2, lanes, {k: reach(30 * UM - depth)}, {k: reach(30 * UM)}, sizes)


def _via(rnd: random.Random, name: str) -> Planted:
    k = rnd.randrange(LANES - 1)
    x = rnd.randrange(-250, 250) * UM
    lanes = _lanes(2, vias_at=x)
    depth = _depth(rnd)
    lane = with_via(k, Point(x, lane_y(k)))
    style = rnd.choice(("land", "capture", "opening", "distance"))
    if style == "distance":
        pitch = VIA.opening + VIA.space

        def nearer(distance: Nm) -> Lane:
            return with_via(k, Point(x, lane_y(k + 1) - distance))

        return _case("via", name, 2, lanes, {k: nearer(pitch - depth)}, {k: nearer(pitch)})
    via = lane.vias[0]
    small = {
        "land": replace(via, land=via.land - 2 * depth),
        "capture": replace(via, capture=via.opening + 2 * VIA.land_enclosure - 2 * depth),
        "opening": replace(via, opening=via.opening - 2 * depth),
    }[style]
    return _case("via", name, 2, lanes, {k: replace(lane, vias=[small])}, {k: lane})


_PLANTERS = {
    "spacing": _spacing,
    "width": _width,
    "short": _short,
    "open": _open,
    "edge": _edge,
    "mask": _mask,
    "via": _via,
}


def _where(rnd: random.Random) -> tuple[int, int, int]:
    """Number of RDLs, the layer of the lanes, and the lane that is touched."""
    count = rnd.choice((1, 2, 3))
    return count, rnd.randrange(1, count + 1), rnd.randrange(LANES - 1)


def _lanes(layer: int, vias_at: Nm | None = None) -> list[Lane]:
    if vias_at is None:
        return [straight(k, layer) for k in range(LANES)]
    return [with_via(k, Point(vias_at, lane_y(k))) for k in range(LANES)]


# --- from lanes to layouts -----------------------------------------------------------------------

SIZES = BallGeometry(800 * UM, 600 * UM, 300 * UM, 220 * UM, 250 * UM, 270 * UM)


def rules() -> Technology:
    deck = technology()
    return replace(deck, vias=(VIA,) * 3, mask=MaskRules("solder mask", 10 * UM, 3.5, 0.025, WEB))


def _case(
    kind: str,
    name: str,
    count: int,
    lanes: list[Lane],
    bad: dict[int, Lane],
    good: dict[int, Lane],
    sizes: BallGeometry = SIZES,
) -> Planted:
    def build(label: str, changed: dict[int, Lane]) -> Layout:
        return layout_of(label, count, [changed.get(k, lane) for k, lane in enumerate(lanes)], sizes)

    return Planted(kind, name, build(name, bad), build(f"{name}_clean", good))


def layout_of(name: str, count: int, lanes: list[Lane], sizes: BallGeometry = SIZES) -> Layout:
    nets = [f"N{k}" for k in range(len(lanes))]
    bumps = tuple(
        Bump(str(k), Point(BUMP_X + 300 * UM, lane.y), net, Circle(60 * UM))
        for k, (net, lane) in enumerate(zip(nets, lanes, strict=True))
    )
    balls = tuple(Ball(f"A{k + 1}", "A", k + 1, lane.ball) for k, lane in enumerate(lanes))
    package = Package(
        name=name,
        width=2800 * UM,
        height=2 * HALF_HEIGHT,
        # a die of 0.8 x 2.4 mm whose middle is 0.3 mm left of the package's: its bumps are in a column
        dies=(PlacedDie(Die("chip", 800 * UM, 2400 * UM, bumps), at=Point(-300 * UM, 0)),),
        balls=balls,
        ball=sizes,
        rdl_count=count,
        technology=rules(),
        nets=tuple(NetRule(net) for net in nets),
    )
    lands = [Pad(PadKind.BUMP_LAND, bump.name, bump.net, 1, bump.at, package.land(bump)) for _, bump in package.bumps]
    pads = [
        Pad(PadKind.UBM_PAD, ball.name, net, count, ball.at, package.ubm_pad)
        for ball, net in zip(balls, nets, strict=True)
    ]
    vias = [via for lane in lanes for via in lane.vias]
    for net, land, pad, lane in zip(nets, lands, pads, lanes, strict=True):
        first = lane.paths[0][0] if lane.paths else 1
        last = lane.paths[-1][0] if lane.paths else 1
        vias += [_stacked(net, land.at, level) for level in range(1, first)]
        vias += [_stacked(net, pad.at, level) for level in range(last, count)]
    ubms: list[Pad] = []
    if package.has_ubm_layer:
        ubms = [Pad(PadKind.UBM, pad.name, pad.net, count + 1, pad.at, Circle(sizes.ubm)) for pad in pads]
        vias += [Via(pad.net, pad.at, count, sizes.opening, sizes.pad, sizes.ubm) for pad in pads]
    end = Circle(sizes.ubm if package.has_ubm_layer else sizes.opening)
    openings = [Opening(Side.BUMP, bump.at, bump.shape, bump.net, bump.name) for _, bump in package.bumps]
    openings += [Opening(Side.LAND, pad.at, end, pad.net, pad.name) for pad in pads]
    return Layout(
        package=package,
        ball_nets=tuple((ball.name, net) for ball, net in zip(balls, nets, strict=True)),
        pads=(*lands, *pads, *ubms),
        vias=tuple(vias),
        traces=tuple(
            Trace(net, layer, lane.width, path)
            for net, lane in zip(nets, lanes, strict=True)
            for layer, path in lane.paths
        ),
        teardrops=(),
        planes=(),
        openings=tuple(openings),
        connections=(),
        unrouted=(),
        bottlenecks=(),
        fullest=None,
        maximum_flow=len(nets),
        lower_bound=0.0,
    )


def _stacked(net: str, at: Point, level: int) -> Via:
    return Via(net, at, level, VIA.opening, VIA.land, VIA.capture)
