"""Small hand-made Layouts, legal by the rules of ``technology()``: what a router would hand over.

Nine balls at 0.8 mm on 3 x 3 mm, one die of 1.2 x 1.2 mm with eight bumps around its edge and one without a net.
Between them the samples hold straight, bent and arc traces, a teardrop, vias on their own, in a pad and stacked,
planes with voids and with solid and thermal joints, bumps of three shapes, an unused ball and a bump without a net.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kicad_rdl.geometry import (
    Arc,
    Circle,
    Line,
    Octagon,
    Path,
    Point,
    Polygon,
    Rectangle,
    Shape,
    circumradius,
)
from kicad_rdl.model.die import Bump, Die, PlacedDie
from kicad_rdl.model.layout import (
    Connection,
    Cut,
    Layout,
    Opening,
    Pad,
    PadKind,
    Plane,
    Side,
    Teardrop,
    Trace,
    Via,
)
from kicad_rdl.model.package import (
    Ball,
    BallGeometry,
    Joint,
    Keepout,
    LayerRule,
    LockedTrace,
    NetKind,
    NetRule,
    Package,
    PadShape,
    SupplyStyle,
    terminal_name,
)
from kicad_rdl.model.technology import (
    BallRules,
    DielectricRules,
    DiePadRules,
    EdgeRules,
    MaskRules,
    MetalRules,
    MoldRules,
    Technology,
    ViaRules,
)
from kicad_rdl.units import UM, Nm


def at(x: float, y: float) -> Point:
    """A point, given in micrometres."""
    return Point(round(x * UM), round(y * UM))


def technology() -> Technology:
    """10/10 um lines on up to four RDLs, stacked vias allowed, land and capture of different size."""
    return Technology(
        name="sample",
        title="Sample rules for tests",
        source="made up",
        metals=tuple(MetalRules(f"RDL{k}", 10 * UM, 10 * UM, 5 * UM) for k in (1, 2, 3, 4)),
        dielectrics=tuple(DielectricRules(f"PI{k}", "polyimide", 7 * UM, 3.3, 0.008) for k in (1, 2, 3, 4)),
        vias=(ViaRules(30 * UM, 10 * UM, 15 * UM, 20 * UM),) * 3,
        die_pad=DiePadRules(40 * UM, 10 * UM, 90 * UM, 20 * UM),
        balls=(BallRules(400 * UM, 300 * UM, 220 * UM, 250 * UM, 270 * UM),),
        edges=EdgeRules(75 * UM, 250 * UM, 150 * UM, 100 * UM),
        mask=MaskRules("solder mask", 10 * UM, 3.5, 0.025, 50 * UM),
        mold=MoldRules("epoxy mold", 400 * UM, 3.7, 0.01),
        stacked_vias=True,
        stagger=0,
        teardrop_ratio=0.9,
    )


_ROUND = Circle(60 * UM)
BUMPS: tuple[Bump, ...] = (
    Bump("1", at(-500, 500), "D0", _ROUND),
    Bump("2", at(0, 500), "TX", Octagon(60 * UM)),
    Bump("3", at(500, 500), "D1", _ROUND),
    Bump("4", at(-500, 0), "D2", Rectangle(80 * UM, 50 * UM)),
    Bump("5", at(500, 0), "CLK", Rectangle(60 * UM, 60 * UM)),
    Bump("6", at(-500, -500), "VSS", _ROUND),
    Bump("7", at(0, -500), "VSS", _ROUND),
    Bump("8", at(500, -500), "VDD", _ROUND),
    Bump("9", at(250, 250), None, _ROUND),
)

BALLS: tuple[Ball, ...] = tuple(
    Ball(f"{row}{column}", row, column, at(800 * (column - 2), 800 * (1 - index)), nc=False)
    for index, row in enumerate("ABC")
    for column in (1, 2, 3)
)

BALL_NETS: tuple[tuple[str, str], ...] = (
    ("A1", "D0"),
    ("A2", "TX"),
    ("A3", "D1"),
    ("B1", "D2"),
    ("B3", "CLK"),
    ("C1", "VSS"),
    ("C2", "VSS"),
    ("C3", "VDD"),
)


def package(rdl_count: int, plane_layer: int | None = None, joint: Joint = Joint.SOLID) -> Package:
    """The package of all samples; ball B2 is free."""
    supply = SupplyStyle.TREE if plane_layer is None else SupplyStyle.PLANE
    rules = {
        "VDD": NetRule("VDD", NetKind.SUPPLY),
        "VSS": NetRule("VSS", NetKind.SUPPLY, supply, plane_layer, joint, balls=2),
    }
    names = sorted({bump.net for bump in BUMPS if bump.net is not None})
    return Package(
        name=f"sample_{rdl_count}_rdl",
        width=3000 * UM,
        height=3000 * UM,
        dies=(PlacedDie(Die("chip", 1200 * UM, 1200 * UM, BUMPS)),),
        balls=BALLS,
        ball=BallGeometry(800 * UM, 800 * UM, 300 * UM, 220 * UM, 250 * UM, 270 * UM),
        rdl_count=rdl_count,
        technology=technology(),
        nets=tuple(rules.get(name, NetRule(name)) for name in names),
        description="a sample",
    )


def octagon(centre: Point, width: Nm) -> tuple[Point, ...]:
    """Corners on the grid of an octagon of at least ``width`` between parallel sides."""
    a, b = width // 2, -(-width * 208 // 1000)
    ring = ((a, b), (b, a), (-b, a), (-a, b), (-a, -b), (-b, -a), (b, -a), (a, -b))
    return tuple(centre + Point(x, y) for x, y in ring)


def box(x0: float, y0: float, x1: float, y1: float) -> tuple[Point, ...]:
    """Corners of a rectangle, counter-clockwise, given in micrometres."""
    return (at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1))


def one_rdl() -> Layout:
    """All on RDL1; the UBM is the second copper layer."""
    return _layout(
        package(1),
        traces=(
            _line("D0", 1, (-500, 500), (-800, 800)),
            _line("TX", 1, (0, 500), (0, 800)),
            _bent("D1", 1),
            _line("D2", 1, (-500, 0), (-800, 0)),
            _line("CLK", 1, (500, 0), (650, 0), (700, 50), (760, 50), (800, 0)),
            _line("VSS", 1, (-500, -500), (-800, -800)),
            _line("VSS", 1, (0, -500), (0, -800)),
            _line("VSS", 1, (-500, -500), (0, -500)),
            _line("VDD", 1, (500, -500), (800, -800), width=20 * UM),
        ),
        teardrops=(Teardrop("TX", 1, Polygon((at(-5, 590), at(5, 590), at(121, 742), at(-121, 742)))),),
        layers={},
    )


def two_rdl() -> Layout:
    """Signals on both RDLs, a VSS plane with a void and solid joints on RDL2; no UBM layer."""
    whole = package(2, plane_layer=2)
    return _layout(
        whole,
        traces=(
            _line("D0", 1, (-500, 500), (-800, 800)),
            _line("TX", 1, (0, 500), (0, 800)),
            _bent("D1", 1),
            _line("D2", 1, (-500, 0), (-500, 150)),
            _line("D2", 2, (-500, 150), (-650, 150), (-800, 0)),
            _line("CLK", 2, (500, 0), (800, 0)),
            _line("VDD", 1, (500, -500), (800, -800), width=20 * UM),
        ),
        vias=(
            *(_via(whole, net, 1, *spot) for net, spot in _IN_PAD),
            _via(whole, "D2", 1, -500, 150),
            _via(whole, "CLK", 1, 500, 0),
            _via(whole, "VSS", 1, -500, -500),
            _via(whole, "VSS", 1, 0, -500),
        ),
        planes=(
            Plane(
                "VSS",
                2,
                Polygon(box(-1400, -1400, 1400, -300)),
                (Polygon(box(-1400, -1400, 1400, -300), (octagon(at(800, -800), 300 * UM),)),),
                10 * UM,
                Joint.SOLID,
            ),
        ),
        layers={"D2": 2, "CLK": 2, "VSS": 2},
    )


def three_rdl() -> Layout:
    """Signals on three RDLs with stacked vias, a VSS plane with thermal joints on RDL3; the UBM is the fourth layer."""
    whole = package(3, plane_layer=3, joint=Joint.THERMAL)
    spokes = tuple(
        tuple(centre + corner for corner in box(*corners))
        for centre in (at(-800, -800), at(0, -800))
        for corners in ((15, 15, 170, 170), (-170, 15, -15, 170), (-170, -170, -15, -15), (15, -170, 170, -15))
    )
    return _layout(
        whole,
        traces=(
            _line("D0", 1, (-500, 500), (-800, 800)),
            _line("TX", 2, (0, 500), (0, 800)),
            _bent("D1", 3),
            _line("D2", 1, (-500, 0), (-500, 150)),
            _line("D2", 2, (-500, 150), (-650, 150)),
            _line("D2", 3, (-650, 150), (-800, 0)),
            _line("CLK", 3, (500, 0), (800, 0)),
            _line("VDD", 1, (500, -500), (800, -800), width=20 * UM),
        ),
        vias=(
            *_stack(whole, "D0", (1, 2), -800, 800),
            *_stack(whole, "TX", (1,), 0, 500),
            *_stack(whole, "TX", (2,), 0, 800),
            *_stack(whole, "D1", (1, 2), 500, 500),
            *_stack(whole, "D2", (1,), -500, 150),
            *_stack(whole, "D2", (2,), -650, 150),
            *_stack(whole, "CLK", (1, 2), 500, 0),
            *_stack(whole, "VSS", (1, 2), -500, -500),
            *_stack(whole, "VSS", (1, 2), 0, -500),
            *_stack(whole, "VDD", (1, 2), 800, -800),
        ),
        planes=(
            Plane(
                "VSS",
                3,
                Polygon(box(-1400, -1400, 1400, -300)),
                (Polygon(box(-1400, -1400, 1400, -300), (*spokes, octagon(at(800, -800), 300 * UM))),),
                10 * UM,
                Joint.THERMAL,
            ),
        ),
        layers={"TX": 2, "D1": 3, "D2": 3, "CLK": 3, "VSS": 3},
    )


def shaped(sample: Callable[[], Layout], shape: PadShape) -> Layout:
    """A sample with UBM pads of another shape."""
    layout = sample()
    package = replace(layout.package, name=f"{layout.package.name}_{shape}")
    package = replace(package, ball=replace(package.ball, pad_shape=shape))
    pads = (replace(pad, shape=package.ubm_pad) if pad.kind is PadKind.UBM_PAD else pad for pad in layout.pads)
    openings = (
        replace(opening, shape=package.ball_opening) if opening.side is Side.LAND else opening
        for opening in layout.openings
    )
    return replace(layout, package=package, pads=tuple(pads), openings=tuple(openings))


def wishes() -> Layout:
    """The sample of one RDL with all that a job may ask of nets and areas: kept, nothing broken."""
    layout = one_rdl()
    asked = {
        "CLK": NetRule("CLK", layers=(1,), space=100 * UM),
        "D1": NetRule("D1", space=60 * UM),
        "TX": NetRule("TX", on_layers=(LayerRule(1, width=10 * UM, space=40 * UM),)),
        "VDD": NetRule("VDD", NetKind.SUPPLY, width=20 * UM),
    }
    locked = tuple(
        LockedTrace(trace.net, trace.layer, trace.width, trace.path) for trace in layout.traces if trace.net == "D2"
    )
    package = replace(
        layout.package,
        name="wishes",
        nets=tuple(asked.get(rule.name, rule) for rule in layout.package.nets),
        keepouts=(
            Keepout("antenna", (1,), Polygon(box(-1400, 200, -1000, 600))),
            Keepout("seam", (1,), Polygon(octagon(at(0, 0), 300 * UM)), traces=False, planes=False),
        ),
        locked=locked,
    )
    return replace(layout, package=package, traces=tuple(trace for trace in layout.traces if trace.net != "D2"))


SAMPLES = (one_rdl, two_rdl, three_rdl)

_IN_PAD = (("D0", (-800, 800)), ("TX", (0, 800)), ("D1", (800, 800)), ("VDD", (800, -800)))


def _line(net: str, layer: int, *spots: tuple[float, float], width: Nm = 10 * UM) -> Trace:
    return Trace(net, layer, width, Path.through(*(at(*spot) for spot in spots)))


def _bent(net: str, layer: int) -> Trace:
    """From bump 3 to ball A3 with a quarter circle of 100 um."""
    corner = Arc(at(700, 500), at(770.711, 529.289), at(800, 600))
    return Trace(net, layer, 10 * UM, Path((Line(at(500, 500), corner.start), corner, Line(corner.end, at(800, 800)))))


def _via(whole: Package, net: str | None, layer: int, x: float, y: float) -> Via:
    rules = whole.technology.via(layer)
    return Via(net, at(x, y), layer, rules.opening, rules.land, rules.capture)


def _stack(whole: Package, net: str, layers: tuple[int, ...], x: float, y: float) -> tuple[Via, ...]:
    return tuple(_via(whole, net, layer, x, y) for layer in layers)


def _layout(
    whole: Package,
    traces: tuple[Trace, ...],
    layers: dict[str, int],
    vias: tuple[Via, ...] = (),
    teardrops: tuple[Teardrop, ...] = (),
    planes: tuple[Plane, ...] = (),
) -> Layout:
    """Adds what every layout of the package has: lands, UBM pads, UBM, openings, connections."""
    net_of = dict(BALL_NETS)
    lands = [
        Pad(PadKind.BUMP_LAND, terminal_name(whole, die, bump), bump.net, 1, bump.at, whole.land(bump))
        for die, bump in whole.bumps
    ]
    pads = [
        Pad(PadKind.UBM_PAD, ball.name, net_of.get(ball.name), whole.rdl_count, ball.at, whole.ubm_pad)
        for ball in whole.balls
    ]
    sizes = whole.ball
    ball_end = whole.ball_opening
    ubms: list[Pad] = []
    ball_vias: list[Via] = []
    if whole.has_ubm_layer:
        ubm_layer = whole.rdl_count + 1
        ubms = [Pad(PadKind.UBM, pad.name, pad.net, ubm_layer, pad.at, Circle(sizes.ubm)) for pad in pads]
        ball_vias = [Via(pad.net, pad.at, whole.rdl_count, sizes.opening, sizes.pad, sizes.ubm) for pad in pads]
    openings = [
        Opening(Side.BUMP, bump.at, bump.shape, bump.net, terminal_name(whole, die, bump)) for die, bump in whole.bumps
    ] + [Opening(Side.LAND, ball.at, ball_end, net_of.get(ball.name), ball.name) for ball in whole.balls]
    connections = tuple(
        _connection(whole, traces, bump, ball, layers.get(net, 1))
        for bump, ball, net in (
            ("1", "A1", "D0"),
            ("2", "A2", "TX"),
            ("3", "A3", "D1"),
            ("4", "B1", "D2"),
            ("5", "B3", "CLK"),
            ("6", "C1", "VSS"),
            ("7", "C2", "VSS"),
            ("8", "C3", "VDD"),
        )
    )
    fullest = Cut(1, at(-500, 500), at(0, 500), "bump 1", "bump 2", needed=0, fits=20)
    return Layout(
        package=whole,
        ball_nets=BALL_NETS,
        pads=(*lands, *pads, *ubms),
        vias=(*vias, *ball_vias),
        traces=traces,
        teardrops=teardrops,
        planes=planes,
        openings=tuple(openings),
        connections=connections,
        unrouted=(),
        bottlenecks=(),
        fullest=fullest,
        maximum_flow=len(connections),
        lower_bound=sum(connection.straight for connection in connections),
    )


def _connection(whole: Package, traces: tuple[Trace, ...], bump: str, ball: str, layer: int) -> Connection:
    """Straight distance and copper, both edge to edge; a plane counts as straight copper."""
    start = next(item for item in BUMPS if item.name == bump)
    end = next(item for item in BALLS if item.name == ball)
    net = start.net
    assert net is not None
    ends = _reach(whole.land(start)) + whole.ball.pad / 2
    straight = start.at.distance(end.at) - ends
    drawn = sum(trace.path.length for trace in traces if trace.net == net) - ends
    length = straight if net == "VSS" else drawn
    return Connection(net, f"bump:{bump}", f"ball:{ball}", straight, layer, length)


def _reach(shape: Shape) -> float:
    return circumradius(shape)
