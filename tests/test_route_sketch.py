"""Laws of the sketch and of what works on it: faces, insertion and removal, trees, shorter ways."""

from __future__ import annotations

import math
from random import Random

import pytest
from layers import LINE, RandomFlow, each_layer, random_flow
from topology import crossings, diagonal_crossings, faults_of_wires

from kicad_rdl.route.audit import diagonal_room
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.improve import Freedom, improve, taut_lengths
from kicad_rdl.route.joins import join_nets, neighbours
from kicad_rdl.route.sketch import Sketch
from kicad_rdl.route.wirebook import Way


def state_of(sketch: Sketch) -> object:
    """Everything that can be asked of a sketch."""
    gaps, tiles = range(len(sketch.tiles.edges)), range(len(sketch.tiles.triangles))
    return (
        dict(sketch.wires),
        dict(sketch.width),
        {gap: list(order) for gap, order in sketch.orders.items() if order},
        [round(sketch.room(gap), 3) for gap in gaps],
        [round(sketch.diagonal_free(gap), 3) for gap in gaps],
        [sorted(sketch.faces(t)) for t in tiles],
    )


def check(sketch: Sketch) -> None:
    """Wires and orders agree, and no two wires cross."""
    assert faults_of_wires(sketch.tiles, sketch.wires, sketch.orders) == []
    assert crossings(sketch.tiles, sketch.wires, sketch.orders) == []


def fill(sketch: Sketch, chance: Random, tries: int) -> list[Way]:
    """Draws wires between random obstacles wherever ``find`` sees a way; never two between the same (trees do not)."""
    ways = []
    vertices = range(sketch.tiles.obstacle_count)
    for _ in range(tries if len(vertices) > 1 else 0):
        start, *ends = chance.sample(vertices, min(len(vertices), chance.choice((2, 2, 4))))
        joined = {frozenset((wire.start, wire.end)) for wire in sketch.wires.values()}
        ends = [end for end in ends if frozenset((start, end)) not in joined]
        if not ends:
            continue
        way = sketch.find((start,), ends, chance.choice((LINE, LINE, 3 * LINE)))
        if way is not None:
            assert way.start == start
            assert way.end in ends
            ways.append(way)
            sketch.insert(way, LINE)
    return ways


@each_layer
def test_faces_cut_up_a_tile(seed: int) -> None:
    """Every interval lies in one face, every chord parts one face in two and is the rim of both."""
    sketch = random_flow(seed).sketch()
    fill(sketch, Random(seed), 12)
    for t, corners in enumerate(sketch.tiles.triangles.tolist()):
        inside = [wire for wire in sketch.wires.values() for tile in wire.triangles if tile == t]
        ends = sum((w.triangles[0] == t) + (w.triangles[-1] == t) for w in sketch.wires.values())
        faces = sketch.faces(t)
        assert len(faces) == len(inside) + 1
        assert sorted(i for face in faces for i in face[0]) == sorted(
            (gap, place)
            for gap in sketch.tiles.triangle_edges[t].tolist()
            for place in range(len(sketch.orders.get(gap, [])) + 1)
        )
        assert sum(len(face[1]) for face in faces) == 3 + ends
        assert {v for face in faces for v in face[1]} == set(corners)
        rims = [number for face in faces for number in face[2]]
        assert sorted(rims) == sorted(
            2 * [n for n, wire in sketch.wires.items() for tile in wire.triangles if tile == t]
        )


@each_layer
def test_ways_cross_nothing_and_fit(seed: int) -> None:
    sketch = random_flow(seed).sketch()
    over = [gap for gap in range(len(sketch.tiles.edges)) if sketch.diagonal_free(gap) < 0]
    check(sketch)
    for way in fill(sketch, Random(seed), 25):
        (ax, ay), (bx, by) = sketch.tiles.xy[way.start], sketch.tiles.xy[way.end]
        assert way.length >= math.hypot(ax - bx, ay - by) - 1e-3
        assert len({gap for gap, _ in way.intervals}) == len(way.intervals)
    check(sketch)
    inner = [min(pair) >= 0 for pair in sketch.tiles.edge_triangles.tolist()]
    for gap in range(len(sketch.tiles.edges)):
        load = sum(sketch.width[n] + sketch.space for n in sketch.orders.get(gap, []))
        u, v = sketch.tiles.edges[gap]
        room = sketch.tiles.width[gap] - sketch.tiles.clearance[u] - sketch.tiles.clearance[v] + sketch.space
        assert not load or inner[gap]
        assert load <= max(room, 0) + 1e-3
    for gap, count in diagonal_crossings(sketch.tiles, sketch.wires).items():
        if gap not in over and inner[gap]:
            assert count * (LINE + sketch.space) <= diagonal_room(sketch.tiles, gap, sketch.space) + 1e-3


@each_layer
def test_back_to_restores_everything(seed: int) -> None:
    sketch = random_flow(seed).sketch()
    chance = Random(seed)
    fill(sketch, chance, 5)
    before, mark = state_of(sketch), sketch.keep()
    for _ in range(10):
        if sketch.wires and chance.random() < 0.6:
            sketch.remove(chance.choice(sorted(sketch.wires)))
        fill(sketch, chance, 2)
        inner, inner_mark = state_of(sketch), sketch.keep()
        for number in sorted(sketch.wires)[:3]:
            sketch.remove(number)
        fill(sketch, chance, 2)
        sketch.back_to(inner_mark)
        assert state_of(sketch) == inner
    check(sketch)
    sketch.back_to(mark)
    assert state_of(sketch) == before


@each_layer
def test_what_is_removed_can_be_drawn_again(seed: int) -> None:
    """The way that a wire had is legal for ``find``; what it finds is at most a little longer."""
    sketch = random_flow(seed).sketch()
    for way in fill(sketch, Random(seed), 10):
        number = max(n for n, wire in sketch.wires.items() if (wire.start, wire.end) == (way.start, way.end))
        width = sketch.width[number]
        sketch.remove(number)
        again = sketch.find((way.start,), (way.end,), width)
        assert again is not None
        sketch.insert(again, width)
    check(sketch)


@each_layer
def test_crossed_wires_are_in_the_way(seed: int) -> None:
    """Without the wires that ``in_the_way`` names there is a way, if gaps and diagonals have room for it."""
    sketch = random_flow(seed).sketch()
    chance = Random(seed)
    vertices = range(sketch.tiles.obstacle_count)
    for _ in range(8 if len(vertices) > 1 else 0):
        start, end = chance.sample(vertices, 2)
        found = sketch.in_the_way((start,), (end,), LINE, 50_000.0, math.inf)
        way = sketch.find((start,), (end,), LINE)
        if way is not None:
            assert found is not None
        if found is not None:
            assert set(found[1]) <= set(sketch.wires)
            assert len(set(found[1])) == len(found[1])


# --- trees ----------------------------------------------------------------------------------------------------------


def trees_of(flow: RandomFlow) -> dict[str, list[int]]:
    """The vertices of every net that has several."""
    nets: dict[str, list[int]] = {}
    for vertex in range(flow.tiles.obstacle_count):
        net = flow.net_of(vertex)
        if net >= 0:
            nets.setdefault(f"n{net:03}", []).append(vertex)
    return {net: vertices for net, vertices in nets.items() if len(vertices) > 1}


@each_layer
def test_trees_join_what_can_be_joined(seed: int) -> None:
    """Afterwards there are no cycles among the new wires, and no way is left between two pieces of a net."""
    flow = random_flow(seed)
    sketch = flow.sketch()
    nets = trees_of(flow)
    wired = [(wire.start, wire.end) for wire in sketch.wires.values()]
    old = set(sketch.wires)
    join_nets(sketch, nets, dict.fromkeys(nets, float(LINE)), wired, lambda done, total: None)
    check(sketch)
    net_of = {vertex: net for net, vertices in nets.items() for vertex in vertices}
    pieces = Groups(len(sketch.tiles.xy))
    for one, two in wired:
        pieces.join(one, two)
    for number in sorted(set(sketch.wires) - old):
        wire = sketch.wires[number]
        assert net_of[wire.start] == net_of[wire.end]
        assert pieces.root(wire.start) != pieces.root(wire.end)
        pieces.join(wire.start, wire.end)
    for vertices in nets.values():
        groups: dict[int, list[int]] = {}
        for vertex in vertices:
            groups.setdefault(pieces.root(vertex), []).append(vertex)
        for root, own in groups.items():
            others = [v for v in vertices if pieces.root(v) != root]
            if others:
                assert sketch.find(own, others, LINE) is None


@pytest.mark.parametrize("seed", range(20))
def test_neighbours_hold_a_shortest_tree(seed: int) -> None:
    """Kruskal over the neighbours is as short as over all pairs."""
    import numpy as np
    from scipy.sparse.csgraph import minimum_spanning_tree
    from scipy.spatial.distance import cdist

    chance = Random(seed)
    count = chance.randint(1, 12)
    grid = chance.random() < 0.5  # cocircular and collinear points
    reach = 3 if grid else 10**6
    places = sorted({(chance.randint(-reach, reach), chance.randint(-reach, reach)) for _ in range(count)})
    points = np.array(places, dtype=float)
    whole = cdist(points, points)
    few = np.zeros_like(whole)
    for a, b in neighbours(points):
        few[a, b] = whole[a, b]
    assert minimum_spanning_tree(few).sum() == pytest.approx(minimum_spanning_tree(whole).sum())


# --- shorter ways ---------------------------------------------------------------------------------------------------


@each_layer
def test_improving_never_makes_longer(seed: int) -> None:
    flow = random_flow(seed)
    sketch = flow.sketch()
    starts = sorted(wire.start for wire in sketch.wires.values())
    before = sum(taut_lengths(sketch, sorted(sketch.wires)).values())
    sinks = set(flow.task.sink_vertex.tolist())
    free = sinks - {wire.end for wire in sketch.wires.values()}
    fixed = sorted(sketch.wires)[::3]
    ends_of_fixed = sorted(sketch.wires[number].end for number in fixed)
    fixed_starts = {sketch.wires[number].start: sketch.wires[number].end for number in fixed}
    improve(sketch, Freedom(set(free), set(sketch.wires) - set(fixed)), lambda done, total: None)
    check(sketch)
    assert sum(taut_lengths(sketch, sorted(sketch.wires)).values()) <= before + 1.0
    assert sorted(wire.start for wire in sketch.wires.values()) == starts
    ends = [wire.end for wire in sketch.wires.values()]
    assert len(set(ends)) == len(ends)
    assert set(ends) <= sinks
    after = {wire.start: wire.end for wire in sketch.wires.values()}
    assert {start: after[start] for start in fixed_starts} == fixed_starts
    assert sorted(after[start] for start in fixed_starts) == ends_of_fixed
