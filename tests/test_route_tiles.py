"""Laws of tiles, of the flow plan and of the audit: against distances, a textbook flow, and cuts counted one by one."""

from __future__ import annotations

import math
from dataclasses import replace

import networkx  # type: ignore[import-untyped]
import numpy as np
import pytest
import shapely
from layers import EDGE, HALF, LINE, SPACE, RandomFlow, each_layer, random_flow, random_tiles
from shapely.geometry.base import BaseGeometry
from topology import apexes, clear_width, convex, crossings, diagonal_crossings, faults_of_wires, gap_loads, overfull

from kicad_rdl.route.audit import diagonal_loads, diagonal_rooms, diagonal_widths, diagonals_of, far_corners
from kicad_rdl.route.tiles import ROOMY, SLACK, Tiles


def outline_of(tiles: Tiles, vertex: int) -> BaseGeometry:
    """An obstacle; for a point of the package outline, the side or sides it lies on."""
    if vertex < tiles.obstacle_count:
        return tiles.obstacles[vertex].outline(0.4)
    x, y = tiles.xy[vertex].tolist()
    a, b = HALF
    sides = [shapely.LineString([(s * a, -b), (s * a, b)]) for s in (-1, 1) if x == s * a]
    sides += [shapely.LineString([(-a, s * b), (a, s * b)]) for s in (-1, 1) if y == s * b]
    return shapely.union_all(sides)


@each_layer
def test_tiles_cover_the_package_once(seed: int) -> None:
    tiles = random_tiles(seed)
    corners = tiles.xy[tiles.triangles]
    ab, ac = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]) / 2
    assert (area > 0).all()
    assert math.isclose(float(area.sum()), 4 * HALF[0] * HALF[1], rel_tol=1e-12)
    assert len(tiles.xy) - len(tiles.edges) + len(tiles.triangles) == 1  # Euler, without the face outside
    assert set(tiles.triangles.ravel().tolist()) == set(range(len(tiles.xy)))


@each_layer
def test_tables_of_tiles_agree(seed: int) -> None:
    tiles = random_tiles(seed)
    for t, (corners, edges) in enumerate(zip(tiles.triangles.tolist(), tiles.triangle_edges.tolist(), strict=True)):
        for k in range(3):
            u, v = corners[k], corners[(k + 1) % 3]
            assert tiles.edges[edges[k]].tolist() == sorted((u, v))
            assert tiles.edge_triangles[edges[k]][0 if u < v else 1] == t
    counted = np.bincount(tiles.triangle_edges.ravel(), minlength=len(tiles.edges))
    assert ((tiles.edge_triangles >= 0).sum(axis=1) == counted).all()


@each_layer
def test_capacity_is_the_distance_of_the_obstacles(seed: int) -> None:
    tiles = random_tiles(seed)
    fits = tiles.capacity(LINE, SPACE)
    keep = [SPACE if v < tiles.obstacle_count else EDGE for v in range(len(tiles.xy))]
    for gap, (u, v) in enumerate(tiles.edges.tolist()):
        if (tiles.edge_triangles[gap] < 0).any():
            assert fits[gap] == 0
            continue
        if min(u, v) >= tiles.obstacle_count:
            continue  # between two points of the outline nothing is a cut
        between = outline_of(tiles, u).distance(outline_of(tiles, v))
        assert abs(between - tiles.width[gap]) < 1.0
        exact = (between - keep[u] - keep[v] + SPACE) / (LINE + SPACE)
        # many wires are let in only with the slack that rounding to the grid may need
        sure = exact - (SLACK * (exact + 2) / (LINE + SPACE) if exact >= ROOMY else 0.0)
        assert math.floor(sure - 1e-6) <= fits[gap] or fits[gap] == 0 >= math.floor(sure - 1e-6)
        assert fits[gap] <= max(0, math.floor(exact + 1e-6))
        if convex(tiles, gap):
            p, q = apexes(tiles, gap)
            if max(p, q) < tiles.obstacle_count:
                assert abs(clear_width(tiles, p, q) - outline_of(tiles, p).distance(outline_of(tiles, q))) < 1.0


@each_layer
def test_other_diagonals(seed: int) -> None:
    tiles = random_tiles(seed)
    corners, widths = far_corners(tiles), diagonal_widths(tiles)
    for gap in np.flatnonzero((tiles.edge_triangles >= 0).all(axis=1)).tolist():
        assert tuple(corners[gap]) == apexes(tiles, gap)
        assert (widths[gap] < math.inf) == convex(tiles, gap)
        assert not convex(tiles, gap) or widths[gap] == clear_width(tiles, *apexes(tiles, gap))


# --- the flow plan --------------------------------------------------------------------------------------------------


def textbook_flow(flow: RandomFlow) -> int:
    """The maximum flow over whole tiles, by networkx: a gap carries its capacity, a terminal reaches all its tiles."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(("source", "sink"))
    for net, units in enumerate(flow.units):
        graph.add_edge("source", ("net", net), capacity=units)
    for index, net in enumerate(flow.group):
        graph.add_edge(("net", net), ("bump", index), capacity=1)
    for t, corners in enumerate(flow.tiles.triangles.tolist()):
        for index, vertex in enumerate(flow.task.source_vertex.tolist()):
            if vertex in corners:
                graph.add_edge(("bump", index), ("tile", t), capacity=1)
        for index, vertex in enumerate(flow.task.sink_vertex.tolist()):
            if vertex in corners:
                graph.add_edge(("tile", t), ("ball", index), capacity=1)
    for index in range(flow.sinks):
        graph.add_edge(("ball", index), "sink", capacity=1)
    for gap, (left, right) in enumerate(flow.tiles.edge_triangles.tolist()):
        if left >= 0 and right >= 0 and flow.task.capacity[gap]:
            for one, other in ((left, right), (right, left)):
                graph.add_edge(("tile", one), ("tile", other), capacity=int(flow.task.capacity[gap]))
    return int(networkx.maximum_flow_value(graph, "source", "sink"))


@each_layer
def test_flow_plan_is_a_plan(seed: int) -> None:
    """Terminals once, nets no more than asked, no gap too full, no two wires across each other."""
    flow = random_flow(seed)
    wires, orders = flow.plan.wires[0], flow.plan.orders[0]
    assert faults_of_wires(flow.tiles, wires, orders) == []
    assert crossings(flow.tiles, wires, orders) == []
    assert all(len(order) <= flow.task.capacity[gap] for gap, order in orders.items())
    assert len({wire.source for wire in wires}) == len(wires)
    assert len({wire.sink for wire in wires}) == len(wires)
    for wire in wires:
        assert flow.task.source_vertex[wire.source] == wire.start
        assert flow.task.sink_vertex[wire.sink] == wire.end
    for net, units in enumerate(flow.units):
        assert sum(flow.group[wire.source] == net for wire in wires) <= units
    assert overfull(gap_loads(flow.tiles, orders, [LINE] * len(wires), SPACE)) == []


@each_layer
def test_flow_plan_is_the_maximum(seed: int) -> None:
    flow = random_flow(seed)
    assert flow.plan.value == textbook_flow(flow)
    # a wire that winds round something is left out; it is rare
    assert flow.plan.value - 1 <= len(flow.plan.wires[0]) <= flow.plan.value
    if flow.plan.value == sum(flow.units):
        assert flow.plan.cut_gaps == ()


@each_layer
def test_minimum_cut_is_a_certificate(seed: int) -> None:
    """Widening every gap but those of the cut helps nobody: they are the reason."""
    flow = random_flow(seed)
    closed = {gap for _, gap in flow.plan.cut_gaps}
    assert len(closed) == len(flow.plan.cut_gaps)
    if flow.plan.value < sum(flow.units):
        inner = (flow.tiles.edge_triangles >= 0).all(axis=1)
        capacity = flow.task.capacity + np.where(inner, 3, 0)
        capacity[sorted(closed)] = flow.task.capacity[sorted(closed)]
        assert textbook_flow(replace(flow, task=replace(flow.task, capacity=capacity))) == flow.plan.value


# --- the audit ------------------------------------------------------------------------------------------------------


@each_layer
def test_diagonal_loads_are_counted_right(seed: int) -> None:
    flow = random_flow(seed)
    tiles, wires = flow.tiles, flow.plan.wires[0]
    expected = diagonal_crossings(tiles, wires)
    tables = tiles.edges.tolist(), tiles.triangles.tolist(), tiles.triangle_edges.tolist()
    counted: dict[int, int] = {}
    for wire in wires:
        for edge in diagonals_of(wire, *tables):
            counted[edge] = counted.get(edge, 0) + 1
    cuts = {gap for gap in set(expected) | set(counted) if convex(tiles, gap)}
    assert {gap: counted.get(gap, 0) for gap in cuts} == {gap: expected.get(gap, 0) for gap in cuts}
    for load in diagonal_loads(tiles, wires, [LINE] * len(wires), SPACE):
        assert load.wires == expected[load.edge]
        assert load.load == load.wires * (LINE + SPACE)
        assert load.room == diagonal_rooms(tiles, SPACE)[load.edge]


def test_the_classic_square_of_pads() -> None:
    """Four pads on a square: what fits through both sides may not fit through the diagonal (Yan and Wong)."""
    from kicad_rdl.geometry import Circle, Point
    from kicad_rdl.route.tiles import Obstacle, build_tiles

    pitch = 100_000
    pads = [Obstacle(Point(x, y), Circle(60_000), None, f"{x},{y}") for x in (0, pitch) for y in (0, pitch)]
    tiles = build_tiles(pads, 400_000, 400_000, SPACE, EDGE)
    (edge,) = [
        e for e, (u, v) in enumerate(tiles.edges.tolist()) if v < 4 and (tiles.edge_triangles[e] >= 0).all()
        and abs(np.abs(tiles.xy[u] - tiles.xy[v]) - pitch).max() < 1
    ]  # fmt: skip
    assert convex(tiles, edge)
    assert diagonal_rooms(tiles, SPACE)[edge] == pytest.approx(math.sqrt(2) * pitch - 60_000 - SPACE)
