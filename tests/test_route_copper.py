"""Laws of the geometry: taut wires against a brute-force search, laid wires against all distances and the sketch."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import EDGE, HALF, LINE, SPACE, RandomFlow, each_layer, random_flow
from topology import cut_loads, gap_loads, gaps_of_path, reduced

from kicad_rdl.geometry import Circle, Path, Point, path_points
from kicad_rdl.route.corridors import corridors_of
from kicad_rdl.route.errands import Errand
from kicad_rdl.route.ground import Posted
from kicad_rdl.route.improve import improve
from kicad_rdl.route.lay import wire_path
from kicad_rdl.route.layer import LaidLayer, lay_layer
from kicad_rdl.route.negotiate import Negotiation, Wanted
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.taut import Corridors, TautWires, tauten
from kicad_rdl.route.tiles import Obstacle, Tiles, build_tiles
from kicad_rdl.route.uncross import Wire

CLOSE = 1.5
"""What chords of arcs may hide of a distance [nm]; the checker measures without them."""


def line_of(path: Path) -> shapely.LineString:
    return shapely.LineString(path_points(path, 0.5))


def pulled(flow: RandomFlow) -> tuple[Corridors, TautWires]:
    wires, orders = flow.plan.wires[0], flow.plan.orders[0]
    corridors = corridors_of(flow.tiles, wires, orders, [LINE] * len(wires), SPACE, {})
    return corridors, tauten(corridors)


def laid(flow: RandomFlow) -> LaidLayer:
    wires, orders = flow.plan.wires[0], flow.plan.orders[0]
    nets = [str(flow.group[wire.source]) for wire in wires]
    return lay_layer(flow.tiles, wires, nets, orders, [LINE] * len(wires), SPACE)


# --- one wire -------------------------------------------------------------------------------------------------------


def searched(corridors: Corridors, wire: int, steps: int = 25) -> float:
    """Length of the shortest polyline with corners on the portals, at ``steps`` places each, that keeps clear [nm]."""
    gaps = range(int(corridors.gap_start[wire]), int(corridors.gap_start[wire + 1]))
    discs = corridors.discs[corridors.disc_start[wire] : corridors.disc_start[wire + 1]]
    centres, radii = discs[:, :2], discs[:, 2]
    x, y, tx, ty = corridors.ends[wire].tolist()
    layers = [np.array([[x, y]])]
    for gap in gaps:
        left, right = corridors.portals[gap, :2], corridors.portals[gap, 2:]
        layers.append(left + (right - left) * np.linspace(0.0, 1.0, steps)[:, None])
    layers.append(np.array([[tx, ty]]))
    best = np.zeros(1)
    for here, there in pairwise(layers):
        ends = np.stack([np.repeat(here, len(there), axis=0), np.tile(there, (len(here), 1))], axis=1)
        lines = np.asarray(shapely.linestrings(ends), dtype=object)
        free = np.array([True] * len(lines))
        for centre, radius in zip(centres, radii, strict=True):
            free = free & (shapely.distance(lines, shapely.Point(centre)) >= radius - 1e-6)
        step = np.where(free, shapely.length(lines), math.inf).reshape(len(here), len(there))
        best = (best[:, None] + step).min(axis=0)
    return float(best[0])


@each_layer
def test_taut_wires_are_shortest(seed: int) -> None:
    """Longer than straight, and shorter than anything that a search over the gaps finds."""
    corridors, taut = pulled(random_flow(seed))
    for wire in range(min(len(corridors.ends), 12)):
        found = searched(corridors, wire)
        if taut.count[wire] < 0:
            assert found == math.inf
            continue
        x, y, tx, ty = corridors.ends[wire].tolist()
        length = wire_path(corridors, taut, wire).length
        assert length >= math.hypot(x - tx, y - ty) - 2.0
        assert length <= found + 5.0


@each_layer
def test_taut_wires_keep_their_distances(seed: int) -> None:
    corridors, taut = pulled(random_flow(seed))
    for wire in range(len(corridors.ends)):
        if taut.count[wire] < 0:
            continue
        line = line_of(wire_path(corridors, taut, wire))
        for x, y, radius, _, _ in corridors.discs[corridors.disc_start[wire] : corridors.disc_start[wire + 1]].tolist():
            at = line.project(shapely.Point(x, y))
            if 0.0 < at < line.length:
                assert line.distance(shapely.Point(x, y)) >= radius - 3.0


@given(
    x=st.integers(-60_000, 60_000),
    y=st.integers(-60_000, 60_000),
    radius=st.integers(10_000, 50_000),
    above=st.booleans(),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_one_disc_by_the_formula(x: int, y: int, radius: int, above: bool) -> None:
    """Tangent, arc, tangent."""
    start, end = np.array([-200_000.0, 0.0]), np.array([200_000.0, 0.0])
    side = -1.0 if above else 1.0  # to pass above a disc is to have it on the right
    far = np.array([x, y + (400_000.0 if above else -400_000.0)])
    rim = np.array([x, y + (radius if above else -radius)], dtype=float)
    left, right = (far, rim) if above else (rim, far)
    corridors = Corridors(
        np.array([[*start, *end]]),
        np.array([0, 1]),
        np.array([[*left, *right]]),
        np.array([[1, 0] if above else [0, 1]]),
        np.array([0, 2]),
        np.array([[x, y, radius, side, 1.0], [*far, 0.0, -side, 1.0]]),
        np.array([[0, 0], [0, 0]]),
    )
    taut = tauten(corridors)
    assert taut.count[0] >= 0
    straight = y + radius <= 0 if above else y - radius >= 0
    if straight:
        expected = 400_000.0
    else:
        a, b = math.hypot(x + 200_000, y), math.hypot(x - 200_000, y)
        turn = [math.atan2(-y, -200_000 - x), math.atan2(-y, 200_000 - x)]
        between = (turn[0] - turn[1]) % math.tau if above else (turn[1] - turn[0]) % math.tau
        arc = between - math.acos(radius / a) - math.acos(radius / b)
        expected = math.sqrt(a * a - radius**2) + math.sqrt(b * b - radius**2) + radius * arc
    assert wire_path(corridors, taut, 0).length == pytest.approx(expected, abs=4.0)


def corridor(
    start: Point, end: Point, gaps: list[tuple[int, int]], discs: list[tuple[float, ...]], reach: list[tuple[int, int]]
) -> Corridors:
    """One wire; ``gaps`` name their left and right disc, ``reach`` the first and last gap of each disc."""
    of = np.array(discs)
    left, right = np.array(gaps).T
    along = of[right, :2] - of[left, :2]
    along /= np.hypot(*along.T)[:, None]
    portals = np.hstack([of[left, :2] + along * of[left, 2:3], of[right, :2] - along * of[right, 2:3]])
    return Corridors(
        np.array([[start.x, start.y, end.x, end.y]], dtype=float),
        np.array([0, len(gaps)]),
        portals,
        np.array(gaps),
        np.array([0, len(discs)]),
        of,
        np.array(reach),
        along=along,
    )


@pytest.mark.parametrize(("stretch", "touched"), [((0, 1), 1), ((1, 2), 0)])
def test_a_disc_counts_only_between_its_gaps(stretch: tuple[int, int], touched: int) -> None:
    """Beside the wire between the first two gaps stands what counts there, or only between the next two."""
    far = 300_000.0
    rims = [
        (x, y, 0.0, side, 1.0) for x in (-100_000.0, 100_000.0, 200_000.0) for y, side in ((far, 1.0), (-far, -1.0))
    ]
    beside = (0.0, -10_000.0, 30_000.0, -1.0, -1.0)
    reach = [(k // 2, k // 2) for k in range(len(rims))]
    one = corridor(Point(-far, 0), Point(far, 0), [(0, 1), (2, 3), (4, 5)], [*rims, beside], [*reach, stretch])
    taut = tauten(replace(one, stretch=np.array([*[(-1, 9)] * len(rims), stretch])))
    assert taut.count.tolist() == [touched]


def test_a_wire_may_turn_away_from_a_disc_that_it_passes_half_around() -> None:
    """The gaps at the small disc 1 sweep nearly half a turn, but before and behind it the wire leans on others, and is
    straight between these: it does not go once round disc 1.
    """
    discs = [
        (-2_200_000.0, 1_800_000.0, 120_508.0, 1.0, 1.0),
        (-2_280_000.0, 1_900_000.0, 8_008.0, 1.0, 1.0),
        (-2_600_000.0, 1_800_000.0, 152_572.0, 1.0, 1.0),
        (-2_040_000.0, 1_880_000.0, 8_008.0, -1.0, 1.0),
        (-2_200_000.0, 2_200_000.0, 128_524.0, -1.0, 1.0),
        (-2_300_000.0, 2_120_000.0, 16_024.0, -1.0, 1.0),
        (-2_440_000.0, 2_040_000.0, 20_032.0, -1.0, 1.0),
        (-2_520_000.0, 1_960_000.0, 8_008.0, -1.0, 1.0),
    ]
    gaps = [(0, 3), (1, 3), (1, 4), (1, 5), (1, 6), (1, 7), (2, 7)]
    reach = [(0, 0), (1, 5), (6, 6), (0, 1), (2, 2), (3, 3), (4, 4), (5, 6)]
    start, end = Point(-1_885_000, 1_715_000), Point(-2_700_000, 2_100_000)
    taut = tauten(corridor(start, end, gaps, discs, reach))
    assert taut.touch[: taut.count[0]].tolist() == [0, 7]


# --- a layer --------------------------------------------------------------------------------------------------------


def too_close(tiles: Tiles, wires: list[Wire], nets: list[str], paths: list[Path | None]) -> list[str]:
    """Everything that is closer than the rule, by all pairs."""
    lines = {k: line_of(path) for k, path in enumerate(paths) if path is not None}
    found = []
    for (one, first), (two, second) in combinations(lines.items(), 2):
        if nets[one] != nets[two] and first.distance(second) < LINE + SPACE - CLOSE:
            found.append(f"wires {one} and {two}: {first.distance(second):.1f}")
    for vertex, obstacle in enumerate(tiles.obstacles):
        outline = obstacle.outline(0.5)
        for number, line in lines.items():
            own = vertex in (wires[number].start, wires[number].end)
            if not own and line.distance(outline) < LINE / 2 + SPACE - CLOSE:
                found.append(f"wire {number} and obstacle {vertex}: {line.distance(outline):.1f}")
    rim = shapely.box(-HALF[0], -HALF[1], HALF[0], HALF[1]).exterior
    found += [f"wire {k} and the edge" for k, line in lines.items() if line.distance(rim) < LINE / 2 + EDGE - CLOSE]
    return found


@each_layer
def test_laid_wires_keep_the_rules_and_their_topology(seed: int) -> None:
    flow = random_flow(seed)
    wires = list(flow.plan.wires[0])
    paths = list(laid(flow).paths)
    assert too_close(flow.tiles, wires, [str(flow.group[wire.source]) for wire in wires], paths) == []
    for wire, path in zip(wires, paths, strict=True):
        if path is not None:
            assert (path.start.x, path.start.y) == tuple(flow.tiles.xy[wire.start])
            assert (path.end.x, path.end.y) == tuple(flow.tiles.xy[wire.end])
            crossed = gaps_of_path(flow.tiles, path)
            assert reduced(flow.tiles, crossed, wire.start, wire.end) == reduced(
                flow.tiles, wire.gaps, wire.start, wire.end
            )


@each_layer
def test_what_fits_every_cut_is_laid(seed: int) -> None:
    """Maley: if no cut between any two obstacles that see each other is too full, all wires fit at once."""
    flow = random_flow(seed)
    wires, orders = flow.plan.wires[0], flow.plan.orders[0]
    cuts = [
        *gap_loads(flow.tiles, orders, [LINE] * len(wires), SPACE).values(),
        *cut_loads(flow.tiles, wires, [LINE] * len(wires), SPACE, 2 * max(HALF)).values(),
    ]
    if all(load + 100.0 <= room for load, room in cuts):
        assert None not in laid(flow).paths


@each_layer
def test_improved_sketches_are_laid(seed: int) -> None:
    """After rip-up and rerouting too: distances and topology."""
    flow = random_flow(seed)
    sketches = flow.sketches()
    sinks = tuple(sorted(flow.task.sink_vertex.tolist()))
    work = Negotiation(sketches, [], 6.0 * (LINE + SPACE))
    for number, wire in enumerate(sorted(sketches.alive)):
        start, end = sketches.ends_of(wire)
        work.wanted.append(Wanted((start,), sinks, (float(LINE),), (0,), 0.0, True))
        work.adopt(number, (wire,), end)
    improve(work, sorted(work.wires), lambda done, total: None, lambda: False)
    found = sketches.wires_on(0)
    place = {number: k for k, number in enumerate(found)}
    wires = list(found.values())
    orders = {gap: [place[number] for number in order] for gap, order in sketches.orders_on(0).items()}
    nets = [str(flow.net_of(wire.start)) for wire in wires]
    paths = list(lay_layer(flow.tiles, wires, nets, orders, [LINE] * len(wires), SPACE).paths)
    assert too_close(flow.tiles, wires, nets, paths) == []
    for wire, path in zip(wires, paths, strict=True):
        if path is not None:
            word = reduced(flow.tiles, gaps_of_path(flow.tiles, path), wire.start, wire.end)
            assert word == reduced(flow.tiles, wire.gaps, wire.start, wire.end)


@pytest.mark.parametrize("spare", [0, 20, 200])
def test_as_many_as_fit(spare: int) -> None:
    """Three wires between two pads that leave room for three and next to nothing more; rounding takes a little."""
    gap = 3 * LINE + 4 * SPACE + spare
    pads = [Obstacle(Point(0, s * (gap + 60_000) // 2), Circle(60_000), None, f"pad{s}") for s in (-1, 1)]
    ends = [
        Obstacle(Point(x, 40_000 * k), Circle(20_000), str(k), f"end{x}{k}")
        for x in (-300_000, 300_000)
        for k in (-1, 0, 1)
    ]
    tiles = build_tiles([*pads, *ends], *HALF, SPACE, EDGE)
    (edge,) = [e for e, pair in enumerate(tiles.edges.tolist()) if pair == [0, 1]]
    assert tiles.capacity(LINE, SPACE)[edge] == 3
    count = tiles.obstacle_count
    posted = Posted(tuple(((0, v),) for v in range(count)), ((0, 0),) * count, (False,) * count)
    sketches = Sketches([tiles], [float(SPACE)], posted)
    for k in range(3):
        way = sketches.find(Errand(((2 + k, 0.0),), ((5 + k, 0.0),), (float(LINE),), (0,), 0.0))
        assert way is not None
        assert edge in way.legs[0][0][:, 0]
        sketches.draw(way, [float(LINE)])
    assert sketches.find(Errand(((2, 0.0),), ((6, 0.0),), (float(LINE),), (0,), 0.0), limit=700_000.0) is None
    wires = list(sketches.wires_on(0).values())
    paths = list(lay_layer(tiles, wires, ["a", "b", "c"], sketches.orders_on(0), [LINE] * 3, SPACE).paths)
    assert too_close(tiles, wires, ["a", "b", "c"], paths) == []
    assert spare == 0 or None not in paths
