"""Traces of eight directions: laws that any result must keep, judged from the copper alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path as FilePath

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from topology import clear_width

from kicad_rdl.check import check_layout
from kicad_rdl.geometry import Circle, Line, Path, Point, Rectangle
from kicad_rdl.model.package import Angles
from kicad_rdl.read.job import read_job
from kicad_rdl.route import route
from kicad_rdl.route.copperfield import FREE, OUTSIDE, Field, blocker, segment_distance
from kicad_rdl.route.ground import Posted
from kicad_rdl.route.layer import LaidLayer, lay_layer
from kicad_rdl.route.links import FORBIDDEN, best_link, hidden_length, turn_price, winds_round
from kicad_rdl.route.network import LayerTask, plan_flow
from kicad_rdl.route.octilinear import bend
from kicad_rdl.route.sites import DIRECTIONS, _around
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.tiles import Obstacle, Tiles, build_tiles
from kicad_rdl.route.triangulation import F64
from kicad_rdl.route.uncross import Wire
from kicad_rdl.route.weave import over

EXAMPLES = FilePath(__file__).parents[1] / "examples"
NOBODY = np.array([1000.0, 0, -1, -1])
"""A wire of 2 um that belongs to no terminal."""
NO_PINS = np.zeros((0, 2))
NO_PADS = np.zeros((2, 3))
WIDTH, SPACE, EDGE = 2000, 2000, 75_000


def octilinear(dx: float, dy: float) -> float:
    """Least length of a way in eight directions."""
    dx, dy = abs(dx), abs(dy)
    return max(dx, dy) + (math.sqrt(2) - 1) * min(dx, dy)


def line_of(path: Path) -> shapely.LineString:
    return shapely.LineString([(path.start.x, path.start.y), *((p.end.x, p.end.y) for p in path.pieces)])


def assert_octilinear(path: Path) -> None:
    """Straight pieces in eight directions, no turn beyond a right angle."""
    for piece in path.pieces:
        assert isinstance(piece, Line)
        dx, dy = abs(piece.end.x - piece.start.x), abs(piece.end.y - piece.start.y)
        assert dx == 0 or dy == 0 or dx == dy
    for one, two in itertools.pairwise(path.pieces):
        a, b = one.end - one.start, two.end - two.start
        assert a.x * b.x + a.y * b.y >= 0, f"sharp bend at {one.end}"


def assert_clean(tiles: Tiles, wires: Sequence[Wire], paths: Sequence[Path | None], width: float, space: float) -> None:
    """Every wire from centre to centre, clear of every other wire, every foreign obstacle and the outline."""
    laid = [(w, p, line_of(p)) for w, p in zip(wires, paths, strict=True) if p is not None]
    pads = [obstacle.outline(0.25) for obstacle in tiles.obstacles]
    half = tuple(np.abs(tiles.xy[tiles.obstacle_count :]).max(axis=0) - EDGE - width / 2)
    for wire, path, line in laid:
        assert_octilinear(path)
        assert path.start == tiles.obstacles[wire.start].at
        assert path.end == tiles.obstacles[wire.end].at
        assert max(abs(line.bounds[0]), abs(line.bounds[2])) <= half[0]
        assert max(abs(line.bounds[1]), abs(line.bounds[3])) <= half[1]
        for vertex, obstacle in enumerate(tiles.obstacles):
            if vertex in (wire.start, wire.end):
                continue
            assert line.distance(pads[vertex]) >= space + width / 2 - 0.25, f"{obstacle.name} too close"
    for (_, _, one), (_, _, two) in itertools.combinations(laid, 2):
        assert one.distance(two) >= width + space - 1e-6


def laid(
    obstacles: Sequence[Obstacle], sources: int, half: float, width: int = WIDTH
) -> tuple[Tiles, Sequence[Wire], LaidLayer]:
    """Routes the first obstacles to any of the others, lines and spaces alike."""
    tiles = build_tiles(obstacles, half, half, width, EDGE, octilinear=True)
    ends = len(obstacles) - sources
    task = LayerTask(
        tiles, tiles.capacity(width, width), np.arange(sources), np.arange(sources, len(obstacles), dtype=np.int64)
    )
    flow = plan_flow([task], np.arange(sources), np.ones(sources, np.int64), ends)
    wires = flow.wires[0]
    nets = [str(k) for k in range(len(wires))]
    return tiles, wires, lay_layer(tiles, wires, nets, flow.orders[0], [width] * len(wires), width)


def area_array(count: int) -> tuple[list[Obstacle], int, int]:
    """Count x count bumps of a die, balls around it; how many bumps, half the package."""
    pitch, ball = 150_000, 400_000
    die = count * pitch // 2 + 100_000
    columns = 4
    while True:
        balls = [
            Point(i * ball - (columns - 1) * ball // 2, j * ball - (columns - 1) * ball // 2)
            for i in range(columns)
            for j in range(columns)
        ]
        balls = [b for b in balls if max(abs(b.x), abs(b.y)) > die + 150_000]
        if len(balls) >= 1.1 * count * count:
            break
        columns += 1
    first = -(count - 1) * pitch // 2
    obstacles = [
        Obstacle(Point(first + i * pitch, first + j * pitch), Circle(40_000), None, f"b{i}_{j}")
        for i in range(count)
        for j in range(count)
    ]
    obstacles += [Obstacle(b, Circle(235_000), None, f"s{k}") for k, b in enumerate(balls)]
    return obstacles, count * count, (columns - 1) * ball // 2 + 300_000


# --- pieces -----------------------------------------------------------------------------------------------------------

coordinate = st.integers(-900_000, 900_000)


def linked(field: Field, chain: F64, pins: F64 = NO_PINS, pieces: int = 3) -> tuple[float, F64, int]:
    """The best link in place of a whole wire."""
    order = np.argsort(pins[:, 0])
    link: tuple[float, F64, int] = best_link(
        field.arrays, NOBODY, NO_PADS, pins[order], order, chain, 0, len(chain) - 1, FORBIDDEN, pieces
    )
    return link


@given(coordinate, coordinate, coordinate, coordinate)
@settings(deadline=None)
def test_a_link_in_the_open_is_as_short_as_can_be(ax: int, ay: int, bx: int, by: int) -> None:
    field = Field(1e6, 1e6, 1e5, 1000.0)
    chain = np.array([(ax, ay), (bx, by)], dtype=np.float64)
    _, points, count = linked(field, chain)
    if (ax, ay) == (bx, by):
        return
    path = Path.through(*(Point(round(x), round(y)) for x, y in points[:count].tolist()))
    assert (path.start, path.end) == (Point(ax, ay), Point(bx, by))
    assert len(path.pieces) <= 2
    assert_octilinear(path)
    assert path.length == pytest.approx(octilinear(bx - ax, by - ay), abs=1e-3)


def test_a_link_leans_on_what_blocks_it() -> None:
    """Both ways of one bend are blocked: the diagonal goes between, exactly at the distance it must keep."""
    field = Field(1e6, 1e6, 1e5, 1000.0)
    field.add(0.0, 90_000.0, 0.0, 90_000.0, 65_000.0, -1, 0)  # keeps off the way that starts with the diagonal
    field.add(120_000.0, 0.0, 120_000.0, 0.0, 30_000.0, -1, 1)  # and off the one that ends with it
    chain = np.array([(0.0, 0.0), (200_000.0, 100_000.0)])
    assert linked(field, chain, pieces=2)[2] == 0
    _, points, count = linked(field, chain)
    path = Path.through(*(Point(round(x), round(y)) for x, y in points[:count].tolist()))
    assert len(path.pieces) == 3
    assert_octilinear(path)
    apart = [line_of(path).distance(shapely.Point(at)) for at in ((0, 90_000), (120_000, 0))]
    assert apart[0] >= 66_000
    assert apart[1] >= 31_000
    assert apart[0] < 66_001 or apart[1] < 31_001


def test_a_link_leaves_obstacles_on_their_side() -> None:
    """Both ways of one bend are free, but one of them would pass the obstacle on the other side."""
    field = Field(1e6, 1e6, 1e5, 1000.0)
    chain = np.array([(0.0, 0.0), (200_000.0, 100_000.0)])
    above, below = np.array([(80_000.0, 60_000.0)]), np.array([(120_000.0, 40_000.0)])
    for pins, corner in ((above, (100_000.0, 0.0)), (below, (100_000.0, 100_000.0))):
        _, points, count = linked(field, chain, pins, 2)
        assert count == 3
        assert tuple(points[1]) == corner
    # between both there is a way of two bends only
    both = np.vstack([above, below])
    assert linked(field, chain, both, 2)[2] == 0
    # of a chain that goes round an obstacle, a shorter link must do so too
    around = np.array([(0.0, 0.0), (0.0, 150_000.0), (300_000.0, 150_000.0), (300_000.0, 0.0)])
    assert linked(field, around)[2] == 2
    under = np.array([(150_000.0, 100_000.0)])
    assert linked(field, around, under)[2] == 0


@given(st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=6), coordinate, coordinate)
@settings(deadline=None)
def test_winding_is_what_angles_say(corners: list[tuple[int, int]], x: int, y: int) -> None:
    chain = np.array(corners, dtype=np.float64)
    pin = np.array([(x + 0.37, y + 0.21)])
    closed = np.vstack([chain, chain[:1]]) - pin
    angles = np.unwrap(np.arctan2(closed[:, 1], closed[:, 0]))
    assert winds_round(pin, np.array([7]), NOBODY, chain, chain[[0, -1]].copy(), 2) == (
        abs(angles[-1] - angles[0]) > 1.0
    )


@pytest.mark.parametrize(
    ("pad", "corner", "hidden"),
    [
        ((20_000, 20_000, 0), (100_000, 0), 20_000.0),
        ((20_000, 20_000, 0), (100_000, 100_000), 20_000 * math.sqrt(2)),
        ((30_000, 10_000, 0), (100_000, 100_000), 10_000 * math.sqrt(2)),
        ((30_000, 10_000, 0), (-20_000, 0), 30_000.0),
        ((20_000, 20_000, 1), (100_000, 100_000), 20_000.0),
        ((20_000, 20_000, 1), (10_000, 10_000), 10_000 * math.sqrt(2) + math.sqrt(3e8) - 10_000),
    ],
)
def test_what_runs_within_a_pad(pad: tuple[int, int, int], corner: tuple[int, int], hidden: float) -> None:
    """From the middle of a pad over a corner and on along the axis."""
    ahead = 200_000 if corner[0] > 0 else -200_000
    way = np.array([(0, 0), corner, (corner[0] + ahead, corner[1])], dtype=np.float64)
    for points, pads in ((way, [pad, (0, 0, 0)]), (way[::-1].copy(), [(0, 0, 0), pad])):
        assert hidden_length(np.array(pads, dtype=np.float64), points, 3, True, True) == pytest.approx(hidden, abs=1e-3)


@given(*[coordinate] * 8)
@settings(deadline=None)
def test_distance_of_segments(ax: int, ay: int, bx: int, by: int, cx: int, cy: int, dx: int, dy: int) -> None:
    one, two = shapely.LineString([(ax, ay), (bx, by)]), shapely.LineString([(cx, cy), (dx, dy)])
    found = segment_distance(*(float(v) for v in (ax, ay, bx, by, cx, cy, dx, dy)))
    assert found == pytest.approx(one.distance(two), abs=1e-3)


@given(st.lists(st.tuples(coordinate, coordinate, coordinate, coordinate), max_size=30), *[coordinate] * 4)
@settings(max_examples=60, deadline=None)
def test_the_field_sees_what_measuring_all_sees(
    segments: list[tuple[int, int, int, int]], ax: int, ay: int, bx: int, by: int
) -> None:
    field = Field(1e6, 1e6, 70_000.0, 1000.0)
    numbers = [field.add(float(a), float(b), float(c), float(d), 5_000.0, -1, -1) for a, b, c, d in segments]
    for number in numbers[::3]:
        field.remove(number)
    left = [s for number, s in zip(numbers, segments, strict=True) if number % 3]
    found = blocker(field.arrays, NOBODY, float(ax), float(ay), float(bx), float(by))
    near = any(segment_distance(*(float(v) for v in (ax, ay, bx, by, *s))) < 6_000.0 for s in left)
    assert (found != FREE) == near


def test_the_outline_blocks() -> None:
    field = Field(1e6, 1e6, 1e5, 1000.0)
    assert blocker(field.arrays, NOBODY, 0.0, 0.0, 999_000.0, 0.0) == FREE
    assert blocker(field.arrays, NOBODY, 0.0, 0.0, 999_001.0, 0.0) == OUTSIDE


def test_turns_have_a_price() -> None:
    east, north_east, north, north_west = (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (-1.0, 1.0)
    assert turn_price(*east, *east) == 0
    assert turn_price(0.0, 0.0, *east) == 0
    assert turn_price(*east, *north_east) == 1
    assert 2 < turn_price(*east, *north) < FORBIDDEN
    assert turn_price(*east, *north_west) == FORBIDDEN


# --- tiles and sites --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "at", "apart"),
    [
        (Circle(40_000), Point(100_000, 0), 60_000.0),
        (Circle(40_000), Point(100_000, 100_000), 100_000 * math.sqrt(2) - 40_000),
        (Circle(40_000), Point(100_000, 50_000), 150_000 / math.sqrt(2) - 40_000),
        (Circle(40_000), Point(100_000, 30_000), 60_000.0),
        (Rectangle(40_000, 40_000), Point(100_000, 100_000), 60_000 * math.sqrt(2)),
        (Rectangle(40_000, 20_000), Point(100_000, 10_000), 60_000.0),
    ],
)
def test_gaps_count_in_the_norm_of_the_traces(shape: Circle | Rectangle, at: Point, apart: float) -> None:
    obstacles = [Obstacle(Point(0, 0), shape, None, "a"), Obstacle(at, shape, None, "b")]
    tiles = build_tiles(obstacles, 1e6, 1e6, SPACE, EDGE, octilinear=True)
    assert clear_width(tiles, 0, 1) == pytest.approx(apart, abs=1e-3)
    assert clear_width(replace(tiles, octilinear=False), 0, 1) >= apart - 1e-3


@pytest.mark.parametrize(("apart", "overfull"), [(SPACE + 50, False), (SPACE - 50, True)])
def test_a_gap_without_wires_counts_as_copper_does(apart: int, overfull: bool) -> None:
    """Across 22.5 degrees two pads are nearer in the norm of the traces than they are."""
    size = 40_000
    angle = math.radians(22.5)
    at = Point(round((size + apart) * math.cos(angle)), round((size + apart) * math.sin(angle)))
    obstacles = [Obstacle(Point(0, 0), Circle(size), "a", "a"), Obstacle(at, Circle(size), "b", "b")]
    tiles = build_tiles(obstacles, 1e6, 1e6, SPACE, EDGE, octilinear=True)
    posted = Posted((((0, 0),), ((0, 1),)), ((0, 0), (0, 0)), (False, False))
    sketches = Sketches([tiles], [float(SPACE)], posted)
    gap = next(e for e, ends in enumerate(tiles.edges.tolist()) if ends == [0, 1])
    assert tiles.width[gap] < SPACE - 1_000
    assert (over(sketches.ground, sketches.book, gap) > 0) == overfull


def test_dog_bones_take_eight_directions() -> None:
    at = Point(12_345, -54_321)
    places = [at + place for place in _around(33_333.3, 1_111.1, 40, DIRECTIONS[Angles.OCTILINEAR])]
    assert len(set(places)) == 320
    for place in places:
        assert_octilinear(Path.through(at, place))


# --- layers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 8])
def test_area_arrays_are_clean_and_short(count: int) -> None:
    obstacles, sources, half = area_array(count)
    tiles, wires, result = laid(obstacles, sources, half)
    assert len(wires) == sources
    assert all(path is not None for path in result.paths)
    assert_clean(tiles, wires, result.paths, WIDTH, SPACE)
    paths = [p for p in result.paths if p is not None]
    least = sum(octilinear(p.end.x - p.start.x, p.end.y - p.start.y) for p in paths)
    assert sum(p.length for p in paths) <= 1.03 * least
    assert sum(len(p.pieces) for p in paths) <= 4 * len(paths)


def test_full_gaps_are_laid() -> None:
    """Lines so wide that the gaps are full and only some bumps get out: whatever the flow promises is laid."""
    obstacles, sources, half = area_array(8)
    tiles, wires, result = laid(obstacles, sources, half, 25_000)
    assert 40 <= len(wires) < sources
    assert all(path is not None for path in result.paths)
    assert_clean(tiles, wires, result.paths, 25_000, 25_000)


def test_traces_leave_square_pads_over_their_corners() -> None:
    """A diagonal is longest within a square pad: what is outside is as short as can be."""
    ends = [Point(0, 0), Point(300_000, 120_000)]
    obstacles = [Obstacle(p, Rectangle(40_000, 40_000), "a", f"pad{k}") for k, p in enumerate(ends)]
    tiles = build_tiles(obstacles, 1e6, 1e6, SPACE, EDGE, octilinear=True)
    path = bend(tiles, [Wire(0, 0, 0, 1, (), (0,))], ["a"], [Path.through(*ends)], [WIDTH], SPACE)[0]
    assert path is not None
    assert_octilinear(path)
    pads = shapely.union_all([obstacle.outline(1.0) for obstacle in obstacles])
    least = octilinear(300_000 - 40_000, 120_000 - 40_000)
    assert line_of(path).difference(pads).length == pytest.approx(least, abs=10)


def test_same_input_same_copper() -> None:
    obstacles, sources, half = area_array(5)
    assert laid(obstacles, sources, half)[2].paths == laid(obstacles, sources, half)[2].paths


spot = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(-9_000, 9_000), st.integers(-9_000, 9_000))


@given(st.lists(spot, min_size=2, max_size=20, unique_by=lambda s: s[:2]), st.integers(8_000, 60_000))
@settings(max_examples=40, deadline=None)
def test_scattered_pads_never_make_illegal_copper(spots: list[tuple[int, int, int, int]], size: int) -> None:
    obstacles = [
        Obstacle(Point(100_000 * i + dx - 250_000, 100_000 * j + dy - 250_000), Circle(size), None, f"p{k}")
        for k, (i, j, dx, dy) in enumerate(spots)
    ]
    tiles, wires, result = laid(obstacles, len(obstacles) // 2, 500_000)
    assert_clean(tiles, wires, result.paths, WIDTH, SPACE)


def test_a_way_too_narrow_for_eight_directions_is_given_up() -> None:
    """Through a wall of pads across 22.5 degrees a slanted trace fits exactly; none of eight directions does."""
    across = (math.cos(math.radians(22.5)), math.sin(math.radians(22.5)))
    keep = 100_000 + SPACE + WIDTH / 2 + 10
    along = (-across[1], across[0])

    def at(one: float, two: float) -> Point:
        return Point(round(one * across[0] + two * along[0]), round(one * across[1] + two * along[1]))

    pads = [at(sign * (keep + 150_000 * k), 0) for sign in (-1, 1) for k in range(7)]
    ends = [at(0, -600_000), at(0, 600_000)]
    obstacles = [Obstacle(p, Circle(200_000), None, f"pad{k}") for k, p in enumerate(pads)]
    obstacles += [Obstacle(p, Circle(20_000), "a", f"end{k}") for k, p in enumerate(ends)]
    tiles = build_tiles(obstacles, 1e6, 1e6, SPACE, EDGE, octilinear=True)
    wire = Wire(0, 0, len(pads), len(pads) + 1, (), (0,))
    straight = Path.through(*ends)
    assert bend(tiles, [wire], ["a"], [straight], [WIDTH], SPACE) == [None]
    wider = [replace(o, at=Point(round(o.at.x * 1.1), round(o.at.y * 1.1))) for o in obstacles[:-2]] + obstacles[-2:]
    roomy = build_tiles(wider, 1e6, 1e6, SPACE, EDGE, octilinear=True)
    paths = bend(roomy, [wire], ["a"], [straight], [WIDTH], SPACE)
    assert paths[0] is not None
    assert_clean(roomy, [wire], paths, WIDTH, SPACE)


# --- packages ---------------------------------------------------------------------------------------------------------


def test_caravel_in_eight_directions() -> None:
    package = replace(read_job(EXAMPLES / "caravel" / "fanout.toml").package, angles=Angles.OCTILINEAR)
    layout = route(package)
    assert not layout.unrouted
    assert not check_layout(layout)
    for trace in layout.traces:
        assert_octilinear(trace.path)


def test_wires_of_one_net_do_not_part_at_sharp_corners() -> None:
    """Two wires from one pad whose natural corners coincide: no corner of both outside the pad."""
    places = [Point(0, 0), Point(500_000, 200_000), Point(600_000, -300_000)]
    obstacles = [Obstacle(p, Circle(20_000), "a", f"pad{k}") for k, p in enumerate(places)]
    tiles = build_tiles(obstacles, 1e6, 1e6, SPACE, EDGE, octilinear=True)
    wires = [Wire(0, 0, 0, end, (), (0,)) for end in (1, 2)]
    # both run along the axis first and then leave it at the same place
    ways = [
        Path.through(places[0], Point(300_000, 0), places[1]),
        Path.through(places[0], Point(300_000, 0), places[2]),
    ]
    paths = bend(tiles, wires, ["a", "a"], ways, [WIDTH, WIDTH], SPACE)
    corners = []
    for path, end in zip(paths, (1, 2), strict=True):
        assert path is not None
        assert_octilinear(path)
        assert (path.start, path.end) == (places[0], places[end])
        corners.append({piece.end for piece in path.pieces[:-1]})
    assert not corners[0] & corners[1]
