"""Two tiles as one in the flow: lengths, capacities, and diagonals that are not overfilled."""

from __future__ import annotations

import numpy as np
import pytest
from layers import EDGE, LINE, SPACE, each_layer, random_flow, random_tiles

from kicad_rdl.geometry import Circle, Point
from kicad_rdl.route.audit import diagonal_loads, diagonal_rooms, far_corners, scarce_diagonals
from kicad_rdl.route.corrections import Corrections, corrected
from kicad_rdl.route.metric import Metric, distances
from kicad_rdl.route.network import LayerTask, plan_flow
from kicad_rdl.route.quadrangles import quadrangles_of
from kicad_rdl.route.tiles import Obstacle, Tiles, build_tiles
from kicad_rdl.route.triangulation import I64
from kicad_rdl.route.uncross import Wire


def apart(tiles: Tiles) -> I64:
    """Gaps whose quadrangles are convex and share no tile."""
    taken: set[int] = set()
    found: list[int] = []
    for gap in np.flatnonzero(np.isfinite(diagonal_rooms(tiles, SPACE))).tolist():
        pair = set(tiles.edge_triangles[gap].tolist())
        if not pair & taken:
            taken |= pair
            found.append(gap)
    return np.array(found, np.int64)


@each_layer
@pytest.mark.parametrize("metric", ["euclid", "octilinear"])
def test_lengths_and_capacities(seed: int, metric: Metric) -> None:
    """From side to side it is as far as between their middles; halves share what the diagonals carry."""
    tiles = random_tiles(seed)
    gaps, capacity = apart(tiles), tiles.capacity(LINE, SPACE)
    across = np.arange(len(gaps)) % 7
    middle = tiles.xy[tiles.edges].mean(axis=1)
    quadrangles = quadrangles_of(
        tiles,
        gaps,
        capacity,
        across,
        lambda one, other: distances(middle[one] - middle[other], metric),
        lambda vertex, gap: distances(tiles.xy[vertex] - middle[gap], metric),
    )
    for q, gap in enumerate(gaps.tolist()):
        sides, corners = quadrangles.sides[q].tolist(), quadrangles.corners[q].tolist()
        assert corners[::2] == tiles.edges[gap].tolist()
        assert sorted(corners[1::2]) == sorted(far_corners(tiles)[gap].tolist())
        step, half, antenna = (a[q].tolist() for a in (quadrangles.step, quadrangles.half, quadrangles.antenna))
        round_about = sum(step)
        for i in range(4):
            assert sorted((corners[i], corners[(i + 1) % 4])) == tiles.edges[sides[i]].tolist()
            assert sides[i] in tiles.triangle_edges[quadrangles.tiles[q, i]]
            for j in range(i):
                one_way = sum(step[j:i])
                way = antenna[i] + min(one_way, round_about - one_way) + antenna[j]
                straight = distances((middle[sides[i]] - middle[sides[j]])[None], metric)[0]
                assert way == pytest.approx(straight, abs=1e-3)
        assert min(half) >= 0
        assert half[0] + half[2] == across[q]
        assert half[1] + half[3] == capacity[gap]


@each_layer
def test_a_flow_fits_through_what_it_watches(seed: int) -> None:
    flow = random_flow(seed)
    task, tiles = flow.task, flow.tiles
    across = {gap: k % 3 for k, gap in enumerate(apart(tiles).tolist())}
    watching = LayerTask(task.tiles, task.capacity, task.source_vertex, task.sink_vertex, across, frozenset(across))
    plan = plan_flow([watching], np.array(flow.group, np.int64), np.array(flow.units, np.int64), flow.sinks)
    assert plan.value <= flow.plan.value
    for gap, fits in across.items():
        assert abs(sum(through(tiles, gap, wire) for wire in plan.wires[0])) <= fits


def through(tiles: Tiles, gap: int, wire: Wire) -> int:
    """How often a wire crosses the other diagonal of a gap from the first end of the gap to the second, less how often
    back.
    """
    pair = tiles.edge_triangles[gap].tolist()
    ends = tiles.edges[gap].tolist()
    doors = [{wire.start}, *(set(tiles.edges[g].tolist()) for g in wire.gaps), {wire.end}]
    inside = [t in pair for t in wire.triangles]
    sides: list[int] = []  # per visit: 1 if it came or went at the first end, -1 at the second, 0 at neither
    for k, door in enumerate(doors):
        before, after = k > 0 and inside[k - 1], k < len(inside) and inside[k]
        if before != after:
            sides.append((ends[0] in door) - (ends[1] in door))
    visits = zip(sides[::2], sides[1::2], strict=True)
    return sum((a - b) // 2 for a, b in visits if a and b)


def crowd() -> LayerTask:
    """Many wires from corner to corner of an array whose squares are wide at the sides and narrow across."""
    pads = [Obstacle(Point(x, y), Circle(40_000), None, "") for x in range(-600_000, 600_001, 400_000)
            for y in range(-600_000, 600_001, 400_000)]  # fmt: skip
    ends = [
        Obstacle(Point(sign * 900_000 + 8_000 * k, 8_000 * k - sign * 900_000), Circle(10_000), None, "")
        for sign in (-1, 1)
        for k in range(-30, 31)
    ]
    tiles = build_tiles([*pads, *ends], 2_000_000, 2_000_000, SPACE, EDGE)
    capacity = tiles.capacity(LINE, SPACE)
    first = np.arange(len(pads), len(pads) + 61)
    return LayerTask(tiles, capacity, first, first + 61, scarce_diagonals(tiles, capacity, LINE, SPACE))


def test_wires_beside_a_full_diagonal() -> None:
    """Gaps alone let more wires through a square than its diagonal does; watched, the same wires fit."""
    task = crowd()
    corrections = Corrections()
    over: list[float] = []
    for _ in range(4):
        flow = plan_flow([corrections.applied(task)], np.arange(61), np.ones(61, np.int64), 61)
        assert flow.value == 61
        loads = diagonal_loads(task.tiles, flow.wires[0], [LINE] * len(flow.wires[0]), SPACE)
        over.append(sum(max(0.0, load.excess) for load in loads))
        corrections = corrected(corrections, task, loads, flow.orders[0])
    assert over[0] > 0
    assert over[-1] == 0
