"""Planes: judged by laws on generated inputs, with distances that do not come from the code under test."""

from __future__ import annotations

import math
from random import Random

import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from kicad_rdl.errors import ModelError
from kicad_rdl.geometry import Arc, Circle, Line, Octagon, Path, Point, Rectangle, Shape, corners, shapely_polygon
from kicad_rdl.model.layout import Plane
from kicad_rdl.model.package import Joint
from kicad_rdl.route import planes as planes_module
from kicad_rdl.route.islands import Island, islands
from kicad_rdl.route.planes import PlaneRequest, Skeleton, Terminal, pour
from kicad_rdl.route.voids import Copper, Land, Patch, Run
from kicad_rdl.units import UM, Nm

WIDTH: Nm = 10 * UM
SPACE: Nm = 8 * UM
HALF: Nm = 500 * UM
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failing scene is small enough to be read; making it smaller takes minutes."""
BOUNDARY = shapely.box(-HALF, -HALF, HALF, HALF)


def at(x: float, y: float) -> Point:
    return Point(round(x * UM), round(y * UM))


def fills_of(planes: tuple[Plane, ...], net: str) -> BaseGeometry:
    return shapely.union_all([shapely_polygon(fill) for plane in planes if plane.net == net for fill in plane.fills])


def exact_distance(fill: BaseGeometry, copper: Copper) -> float:
    """Edge to edge [nm]; arcs by chords within 0.05 nm, which the result is lowered by."""
    if fill.is_empty:
        return math.inf
    match copper:
        case Land(place, Circle(d)):
            return float(fill.distance(shapely.Point(place.x, place.y))) - d / 2
        case Land(place, shape):
            ring = [(place.x + x, place.y + y) for x, y in corners(shape)]
            return float(fill.distance(shapely.Polygon(ring)))
        case Run(path, width):
            points: list[tuple[float, float]] = [(path.start.x, path.start.y)]
            for piece in path.pieces:
                points += fine(piece) if isinstance(piece, Arc) else [(piece.end.x, piece.end.y)]
            return float(fill.distance(shapely.LineString(points))) - width / 2 - 0.05
        case Patch(outline):
            return float(fill.distance(shapely_polygon(outline)))
    raise AssertionError


def fine(arc: Arc) -> list[tuple[float, float]]:
    (cx, cy), radius, sweep = arc.centre, arc.radius, arc.sweep
    count = math.ceil(abs(sweep) / (2 * math.acos(1 - 0.05 / radius)))
    first = math.atan2(arc.start.y - cy, arc.start.x - cx)
    turns = [first + sweep * k / count for k in range(1, count + 1)]
    return [(cx + radius * math.cos(a), cy + radius * math.sin(a)) for a in turns]


def judge(requests: list[PlaneRequest], obstacles: list[Copper], planes: tuple[Plane, ...]) -> None:
    """Every law that holds for any input."""
    joined = shapely.union_all([fills_of(planes, request.net) for request in requests])
    assert joined.is_empty or BOUNDARY.covers(joined)
    for request in requests:
        copper = fills_of(planes, request.net)
        for obstacle in obstacles:
            if obstacle.net != request.net:
                assert exact_distance(copper, obstacle) >= obstacle.clearance
        for other in requests:
            if other.net == request.net:
                continue
            beside = fills_of(planes, other.net)
            assert copper.is_empty or beside.is_empty or copper.distance(beside) >= SPACE
            for terminal in other.terminals:
                assert exact_distance(copper, Land(terminal.at, terminal.shape, SPACE)) >= SPACE
            for skeleton in other.skeletons:
                assert exact_distance(copper, Run(skeleton.path, skeleton.width, SPACE)) >= SPACE
    for plane in planes:
        outline = shapely_polygon(plane.outline)
        assert outline.is_valid
        assert not plane.outline.holes
        pieces = [shapely_polygon(fill) for fill in plane.fills]
        assert sum(piece.area for piece in pieces) == pytest.approx(shapely.union_all(pieces).area)
        for fill, piece in zip(plane.fills, pieces, strict=True):
            assert piece.is_valid
            assert outline.covers(piece)
            assert len(fill.points) + sum(len(hole) + 2 for hole in fill.holes) <= 4_000
            judge_width(piece)


def judge_width(fill: shapely.Polygon) -> None:
    """No neck and no sliver below the least width (1 nm for rounding, 5 % of the width at rounded corners)."""
    radius = WIDTH / 2 - 1
    core = fill.buffer(-radius, quad_segs=64)
    # a neck would tear when the rim is taken off: into two parts, or between two holes
    assert len(shapely.get_parts(core)) == 1
    assert len(core.interiors) == len(fill.interiors)
    swept = core.buffer(radius, quad_segs=64)
    assert fill.difference(swept.buffer(0.05 * WIDTH)).is_empty


SHAPES = st.one_of(
    st.integers(20, 120).map(lambda d: Circle(d * UM)),
    st.tuples(st.integers(20, 90), st.integers(20, 90)).map(lambda s: Rectangle(s[0] * UM, s[1] * UM)),
    st.integers(20, 90).map(lambda w: Octagon(w * UM)),
)
PLACES = st.tuples(st.integers(-440_000, 440_000), st.integers(-440_000, 440_000)).map(lambda p: Point(*p))


@st.composite
def paths(draw: st.DrawFn) -> Path:
    start = draw(PLACES)
    step = st.integers(-150_000, 150_000)
    pieces: list[Line | Arc] = []
    here = start
    for _ in range(draw(st.integers(1, 3))):
        there = here + Point(draw(step), draw(step))
        bend = draw(st.integers(-40, 40))
        middle = Point((here.x + there.x) // 2, (here.y + there.y) // 2)
        turned = Point((here.y - there.y) * bend // 80, (there.x - here.x) * bend // 80)
        if here.distance(there) < 2_000:
            there = here + Point(5_000, 0)
            pieces.append(Line(here, there))
        elif abs(bend) < 5:
            pieces.append(Line(here, there))
        else:
            pieces.append(Arc(here, middle + turned, there))
        here = there
    return Path(tuple(pieces))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[PlaneRequest], list[Copper]]:
    """Terminals that keep their distance from everything foreign, as a legal layer has it; the rest at random."""
    joint = draw(st.sampled_from([Joint.SOLID, Joint.THERMAL]))
    nets = draw(st.integers(1, 3))
    terminals: list[list[Terminal]] = [[] for _ in range(nets)]
    taken: list[tuple[Point, float]] = []

    def free(place: Point, radius: float) -> bool:
        return all(place.distance(p) >= radius + r + 3 * SPACE for p, r in taken)

    for number, (place, shape) in enumerate(draw(st.lists(st.tuples(PLACES, SHAPES), min_size=4, max_size=16))):
        radius = reach(shape)
        if free(place, radius):
            taken.append((place, radius))
            terminals[number % nets].append(Terminal(f"t{number}", place, shape))
    obstacles: list[Copper] = []
    for place, shape in draw(st.lists(st.tuples(PLACES, SHAPES), max_size=14)):
        if free(place, reach(shape)):
            obstacles.append(Land(place, shape, SPACE))
    for path in draw(st.lists(paths(), max_size=6)):
        line = shapely.LineString([(p.start.x, p.start.y) for p in path.pieces] + [(path.end.x, path.end.y)])
        if all(line.distance(shapely.Point(p.x, p.y)) > r + 90 * UM for p, r in taken):
            obstacles.append(Run(path, WIDTH, SPACE))
    return [PlaneRequest(f"N{k}", tuple(t), joint=joint) for k, t in enumerate(terminals)], obstacles


def reach(shape: Shape) -> float:
    return max((math.hypot(x, y) for x, y in corners(shape)), default=getattr(shape, "diameter", 0) / 2)


def mirrored(point: Point) -> Point:
    return Point(-point.x, point.y)


def mirrored_path(path: Path) -> Path:
    return Path(
        tuple(
            Arc(mirrored(p.start), mirrored(p.mid), mirrored(p.end))
            if isinstance(p, Arc)
            else Line(mirrored(p.start), mirrored(p.end))
            for p in path.pieces
        )
    )


@settings(max_examples=60, deadline=None, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.too_slow])
@given(scenes())
def test_any_scene_keeps_every_rule(scene: tuple[list[PlaneRequest], list[Copper]]) -> None:
    requests, obstacles = scene
    planes = pour(1, requests, obstacles, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    judge(requests, obstacles, planes)
    assert planes == pour(1, requests, obstacles, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    apart = {(i.net, name) for i in islands_of(requests, planes) for name in i.terminals}
    for request in requests:
        copper = fills_of(planes, request.net)
        for terminal in request.terminals:
            touches = exact_distance(copper, Land(terminal.at, terminal.shape, 0)) <= 0
            # a terminal that no fill touches is never called joined, unless it is the only group there is
            if not touches and len(request.terminals) > 1 and not copper.is_empty:
                assert (request.net, terminal.name) in apart


@settings(max_examples=25, deadline=None, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.too_slow])
@given(scenes())
def test_mirrored_scene_has_the_mirrored_planes(scene: tuple[list[PlaneRequest], list[Copper]]) -> None:
    requests, obstacles = scene
    turned: list[PlaneRequest] = [
        PlaneRequest(r.net, tuple(Terminal(t.name, mirrored(t.at), t.shape) for t in r.terminals), joint=r.joint)
        for r in requests
    ]
    flipped: list[Copper] = [
        Land(mirrored(o.at), o.shape, o.clearance)
        if isinstance(o, Land)
        else Run(mirrored_path(o.path), o.width, o.clearance)
        for o in obstacles
        if not isinstance(o, Patch)
    ]
    first = pour(1, requests, obstacles, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    second = pour(1, turned, flipped, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    for request in requests:
        area = fills_of(first, request.net).area
        assert fills_of(second, request.net).area == pytest.approx(area, rel=2e-3, abs=100 * WIDTH**2)
    if len(requests) == 1:
        assert islands_of(requests, first) == islands_of(turned, second)


def islands_of(requests: list[PlaneRequest], planes: tuple[Plane, ...]) -> tuple[Island, ...]:
    return islands({planes[0].layer if planes else 1: requests}, planes)


def lattice(count: int, pitch: float) -> list[Point]:
    middle = (count - 1) / 2
    return [at((i - middle) * pitch, (j - middle) * pitch) for j in range(count) for i in range(count)]


def checkerboard(joint: Joint) -> tuple[PlaneRequest, list[Copper]]:
    places = lattice(8, 110)
    mine = [p for k, p in enumerate(places) if (k + k // 8) % 2]
    foreign = [p for k, p in enumerate(places) if not (k + k // 8) % 2]
    terminals = tuple(Terminal(f"t{k}", p, Circle(60 * UM)) for k, p in enumerate(mine))
    return PlaneRequest("VSS", terminals, joint=joint), [Land(p, Circle(60 * UM), SPACE, "X") for p in foreign]


def test_solid_plane_reaches_every_terminal() -> None:
    request, obstacles = checkerboard(Joint.SOLID)
    planes = pour(2, [request], obstacles, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    judge([request], obstacles, planes)
    assert islands_of([request], planes) == ()
    copper = fills_of(planes, "VSS")
    for terminal in request.terminals:
        disc = shapely.Point(terminal.at.x, terminal.at.y).buffer(30 * UM)
        assert copper.covers(disc)
    assert {(p.layer, p.joint, p.clearance) for p in planes} == {(2, Joint.SOLID, SPACE)}


def test_thermal_joint_has_a_ring_and_two_to_four_spokes() -> None:
    request, obstacles = checkerboard(Joint.THERMAL)
    planes = pour(1, [request], obstacles, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    judge([request], obstacles, planes)
    assert islands_of([request], planes) == ()
    copper = fills_of(planes, "VSS")
    for terminal in request.terminals:
        ring = shapely.Point(terminal.at.x, terminal.at.y).buffer(30 * UM + SPACE / 2, quad_segs=64).exterior
        spokes = shapely.get_parts(shapely.line_merge(shapely.intersection(ring, copper)))
        crossings = [spoke for spoke in spokes if spoke.length > 0]
        seam = sum(1 for s in crossings if s.distance(shapely.Point(ring.coords[0])) < 1)
        assert 2 <= len(crossings) - max(0, seam - 1) <= 4
        assert sum(spoke.length for spoke in crossings) < 4.2 * WIDTH


def test_hemmed_in_thermal_terminal_is_joined_solidly() -> None:
    """Foreign traces leave one way out: one spoke would be starved, so the terminal is joined without a ring."""
    request = PlaneRequest(
        "VSS",
        (Terminal("a", at(0, 0), Circle(40 * UM)), Terminal("b", at(300, 0), Circle(40 * UM))),
        joint=Joint.THERMAL,
    )
    away = 20 + 8 + 5
    fence = Path.through(at(200, away), at(-away, away), at(-away, -away), at(200, -away))
    obstacles: list[Copper] = [Run(fence, WIDTH, SPACE)]
    planes = pour(1, [request], obstacles, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    judge([request], obstacles, planes)
    assert islands_of([request], planes) == ()
    assert fills_of(planes, "VSS").covers(shapely.Point(0, 15 * UM))


def test_copper_without_two_terminals_is_removed_and_the_terminal_reported() -> None:
    wall = Path.through(at(-500, 100), at(500, 100))
    pocket = Path.through(at(-300, 100), at(-300, 500))
    request = PlaneRequest(
        "VSS",
        tuple(
            Terminal(n, p, Circle(40 * UM)) for n, p in (("a", at(0, -200)), ("b", at(100, -200)), ("c", at(0, 300)))
        ),
    )
    obstacles: list[Copper] = [Run(wall, WIDTH, SPACE), Run(pocket, WIDTH, SPACE)]
    planes = pour(1, [request], obstacles, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    judge([request], obstacles, planes)
    assert islands_of([request], planes) == (Island("VSS", ("c",)),)
    assert fills_of(planes, "VSS").bounds[3] < 100 * UM


def test_skeleton_joins_what_the_fill_cannot() -> None:
    """Two foreign traces leave a lane for one trace of least width: too narrow for the fill and its margins."""
    lane = SPACE + WIDTH
    obstacles: list[Copper] = [
        Run(Path.through(Point(-HALF, 0), Point(-lane, 0)), WIDTH, SPACE),
        Run(Path.through(Point(lane, 0), Point(HALF, 0)), WIDTH, SPACE),
    ]
    places = {"a": at(0, -200), "b": at(0, 200), "c": at(100, 200), "d": at(100, -200)}
    terminals = tuple(Terminal(name, place, Circle(40 * UM)) for name, place in places.items())
    bare = PlaneRequest("VSS", terminals)
    planes = pour(1, [bare], obstacles, BOUNDARY, min_width=2 * WIDTH, clearance=SPACE)
    assert islands_of([bare], planes) == (Island("VSS", ("b", "c")),)
    drawn = PlaneRequest("VSS", terminals, (Skeleton(Path.through(at(0, -200), at(0, 200)), WIDTH),))
    planes = pour(1, [drawn], obstacles, BOUNDARY, min_width=2 * WIDTH, clearance=SPACE)
    assert islands_of([drawn], planes) == ()


def test_two_nets_share_a_layer_along_their_skeletons() -> None:
    """Interlocking combs: each net keeps the area around its own comb, in one piece."""
    terminals: dict[str, list[Terminal]] = {"A": [], "B": []}
    skeletons: dict[str, list[Skeleton]] = {"A": [], "B": []}
    for row in range(8):
        net, spine = ("A", -450) if row % 2 else ("B", 450)
        y = row * 110 - 385
        skeletons[net].append(Skeleton(Path.through(at(spine, y), at(-0.8 * spine, y)), WIDTH))
        for column in range(5):
            x = column * 160 - 320
            terminals[net].append(Terminal(f"{net}{row}{column}", at(x, y), Circle(50 * UM)))
    for net, x in (("A", -450), ("B", 450)):
        skeletons[net].append(Skeleton(Path.through(at(x, -385), at(x, 385)), WIDTH))
    requests = [PlaneRequest(n, tuple(terminals[n]), tuple(skeletons[n])) for n in ("A", "B")]
    planes = pour(1, requests, [], BOUNDARY, min_width=WIDTH, clearance=SPACE)
    judge(requests, [], planes)
    assert islands_of(requests, planes) == ()
    bare = [PlaneRequest(r.net, r.terminals) for r in requests]
    assert islands_of(bare, planes) == ()  # the fills join their terminals without the help of the traces
    areas = [fills_of(planes, n).area for n in ("A", "B")]
    assert areas[0] == pytest.approx(areas[1], rel=0.05)
    assert sum(areas) > 0.9 * BOUNDARY.area


def test_large_fill_is_split_into_overlapping_planes() -> None:
    pitch, count = 60, 30
    half = count * pitch * UM / 2
    boundary = shapely.box(-half, -half, half, half)
    places = lattice(count, pitch)
    obstacles: list[Copper] = [Land(p, Circle(20 * UM), SPACE) for k, p in enumerate(places) if k % 3]
    terminals = tuple(Terminal(f"t{k}", p, Circle(20 * UM)) for k, p in enumerate(places) if not k % 3)
    request = PlaneRequest("VSS", terminals)
    planes = pour(1, [request], obstacles, boundary, min_width=WIDTH, clearance=SPACE)
    assert len(planes) > 3
    assert islands_of([request], planes) == ()
    copper = fills_of(planes, "VSS")
    assert copper.geom_type == "Polygon"
    assert sum(shapely_polygon(f).area for p in planes for f in p.fills) > copper.area
    assert all(exact_distance(copper, o) >= SPACE for o in obstacles)
    outlines = [shapely_polygon(p.outline).area for p in planes]
    assert outlines == sorted(outlines, reverse=True)
    for plane in planes:
        for fill in plane.fills:
            assert len(fill.points) + sum(len(hole) + 2 for hole in fill.holes) <= 4_000
            judge_width(shapely_polygon(fill))


@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("gap", [6_000, 9_300, 9_900, 10_200, 10_500, 12_500])
def test_no_neck_between_close_voids(step: int, gap: Nm) -> None:
    """Gaps around the least width, and the polygons' corners in all positions: wide enough, or no copper at all."""
    places = {"a": at(-200, -200), "b": at(200, 200), "c": at(-200, 200)}
    request = PlaneRequest("VSS", tuple(Terminal(name, place, Circle(40 * UM)) for name, place in places.items()))
    angle, apart = step * math.pi / 32, (60 * UM + 2 * SPACE + gap) / 2
    spots = [Point(round(s * apart * math.cos(angle)), round(s * apart * math.sin(angle))) for s in (-1, 1)]
    obstacles: list[Copper] = [Land(spot, Circle(60 * UM), SPACE) for spot in spots]
    planes = pour(1, [request], obstacles, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    judge([request], obstacles, planes)
    # polygons of 16 corners stand out by less than 2 % of their radius on each side: what is between may go or not
    passes = fills_of(planes, "VSS").covers(shapely.Point(0, 0))
    assert passes == (gap > 12_000) or 10_000 < gap < 12_000


@pytest.mark.parametrize("gap", [8_000, 9_800, 10_000, 10_200, 10_400, 12_000])
def test_no_neck_in_the_mouth_of_one_void(gap: Nm) -> None:
    mouth = (2 * SPACE + WIDTH + gap) / 2 / UM
    fence = Path.through(at(mouth, -100), at(200, -100), at(200, 300), at(-200, 300), at(-200, -100), at(-mouth, -100))
    places = (at(-100, 100), at(100, 100), at(-100, -300), at(100, -300))
    request = PlaneRequest("VSS", tuple(Terminal(f"t{k}", p, Circle(40 * UM)) for k, p in enumerate(places)))
    obstacles: list[Copper] = [Run(fence, WIDTH, SPACE)]
    planes = pour(1, [request], obstacles, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    judge([request], obstacles, planes)
    assert len(islands_of([request], planes)) == (0 if gap > 10_500 else 1)


def test_own_copper_is_no_obstacle_but_foreign_to_the_other_plane() -> None:
    own = Run(Path.through(at(-400, 0), at(400, 0)), WIDTH, SPACE, "A")
    spots = {
        n: tuple(Terminal(f"{n}{k}", at(x, y), Circle(40 * UM)) for k, x in enumerate((-300, 0, 300)))
        for n, y in (("A", 60), ("B", -60))
    }
    requests = [PlaneRequest(n, spots[n]) for n in ("A", "B")]
    planes = pour(1, requests, [own], BOUNDARY, min_width=WIDTH, clearance=SPACE)
    judge(requests, [own], planes)
    assert fills_of(planes, "B").distance(shapely.LineString([(-400 * UM, 0), (400 * UM, 0)])) >= WIDTH / 2 + SPACE


def test_nothing_asked_and_a_net_asked_twice() -> None:
    assert pour(1, [], [], BOUNDARY, min_width=WIDTH, clearance=SPACE) == ()
    request = PlaneRequest("VSS", (Terminal("a", at(0, 0), Circle(40 * UM)),))
    with pytest.raises(ModelError, match="two planes"):
        pour(1, [request, request], [], BOUNDARY, min_width=WIDTH, clearance=SPACE)
    assert fills_of(pour(1, [request], [], BOUNDARY, min_width=WIDTH, clearance=SPACE), "VSS").area > 0


@pytest.mark.parametrize("seed", range(4))
def test_no_neck_in_the_pieces_of_a_large_fill(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """A cut leaves ends of the fill side by side; their copper must not meet in a needle."""
    monkeypatch.setattr(planes_module, "MOST_POINTS", 120)
    chance = Random(seed)
    line = 3 * UM

    def place() -> Point:
        return Point(chance.randrange(-300 * UM, 300 * UM), chance.randrange(-300 * UM, 300 * UM))

    foreign: list[Copper] = []
    for _ in range(110):
        start = place()
        if chance.random() < 0.4:
            foreign.append(Land(start, Circle(2 * chance.randrange(2 * UM, 20 * UM)), line, "X"))
        else:
            turn, length = math.tau * chance.random(), chance.randrange(20 * UM, 120 * UM)
            end = start + Point(round(length * math.cos(turn)), round(length * math.sin(turn)))
            foreign.append(Run(Path.through(start, end), line, line, "X"))
    own = tuple(Terminal(f"t{k}", place(), Circle(16 * UM)) for k in range(24))
    boundary = shapely.box(-300 * UM, -300 * UM, 300 * UM, 300 * UM)
    planes = pour(1, [PlaneRequest("VSS", own)], foreign, boundary, min_width=line, clearance=line)
    assert len(planes) > 3
    for fill in (shapely_polygon(fill) for plane in planes for fill in plane.fills):
        assert shapely.get_num_geometries(fill.buffer(2 - line / 2, quad_segs=16)) == 1
