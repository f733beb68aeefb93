"""Random posts on several layers for the tests of the sketches, and what must be true of every state of them.

Everything is counted again from the wires, their orders and the tiles; the arrays are only read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
import pytest
from layers import EDGE, HALF, LINE, SPACE, random_obstacles
from topology import apexes, clear_width, convex, crossings, diagonal_crossings, faults_of_wires

from kicad_rdl.geometry import Circle, Point
from kicad_rdl.route.errands import Errand, Way
from kicad_rdl.route.ground import Posted
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.tiles import Obstacle, Tiles, build_tiles, slack_for
from kicad_rdl.route.uncross import Wire

CANDIDATE = 20_000
"""Diameter of the vias that may stand somewhere [nm]."""

SURE = 1e-3
"""What floats may be off [nm]."""

each_stack = pytest.mark.parametrize("seed", range(24))


@dataclass(frozen=True)
class Stack:
    """Tiles of some layers and posts on them; the tiles are shared, sketches are made anew."""

    tiles: tuple[Tiles, ...]
    posted: Posted

    def sketches(self) -> Sketches:
        return Sketches(self.tiles, [float(SPACE)] * len(self.tiles), self.posted)

    @property
    def terminals(self) -> list[int]:
        """Posts that stand somewhere in any case."""
        return [p for p, (low, high) in enumerate(self.posted.least) if low <= high]


@cache
def random_stack(seed: int) -> Stack:
    """One to three layers with pads, stacks that may grow, pads through all layers, and candidates for vias."""
    chance = Random(1000 + seed)
    count = chance.choice((1, 2, 2, 3))
    obstacles = random_obstacles(chance)
    outlines = [o.outline(100.0) for o in obstacles]
    candidates: list[Obstacle] = []
    for _ in range(chance.choice((0, 30, 60))):
        reach = (HALF[0] - 2 * EDGE - CANDIDATE, HALF[1] - 2 * EDGE - CANDIDATE)
        at = Point(chance.randint(-reach[0], reach[0]), chance.randint(-reach[1], reach[1]))
        via = Obstacle(at, Circle(CANDIDATE), None, f"via{len(candidates)}")
        if all(via.outline(100.0).distance(o) > SPACE for o in outlines):
            candidates.append(via)
            outlines.append(via.outline(100.0))
    drilled = chance.random() < 0.4
    per_layer: list[list[Obstacle]] = [[] for _ in range(count)]
    vertices: list[tuple[tuple[int, int], ...]] = []
    least: list[tuple[int, int]] = []
    for obstacle in [*obstacles, *candidates]:
        spans = (0, count - 1)
        if obstacle in candidates:
            stands = (1, 0)
        else:
            stands, spans = chance.choice(
                (
                    ((0, 0), (0, 0)),
                    ((0, 0), (count - 1, count - 1)),
                    ((0, count - 1), (0, count - 1)),
                    ((0, 0), (0, count - 1)),
                    ((count - 1, count - 1), (0, count - 1)),
                )
            )
        own: list[tuple[int, int]] = []
        for layer in range(spans[0], spans[1] + 1):
            own.append((layer, len(per_layer[layer])))
            per_layer[layer].append(obstacle)
        vertices.append(tuple(own))
        least.append(stands)
    tiles = tuple(build_tiles(them, *HALF, SPACE, EDGE) for them in per_layer)
    through = tuple(drilled and o in candidates for o in [*obstacles, *candidates])
    return Stack(tiles, Posted(tuple(vertices), tuple(least), through))


def random_errand(stack: Stack, chance: Random) -> Errand | None:
    """From one terminal to one or a few others, on some of the layers."""
    terminals = stack.terminals
    if len(terminals) < 2:
        return None
    start, *ends = chance.sample(terminals, min(len(terminals), chance.choice((2, 2, 2, 4))))
    count = len(stack.tiles)
    layers = tuple(sorted(chance.sample(range(count), chance.randint(1, count))))
    width = float(chance.choice((LINE, LINE, 3 * LINE)))
    via = float(chance.choice((1_000, 30_000)))
    return Errand(((start, 0.0),), tuple((end, 0.0) for end in ends), (width,) * count, layers, via)


# --- laws -----------------------------------------------------------------------------------------------------------


def faults_of_lists(sketches: Sketches) -> list[str]:
    """Where the lists along wires and along elements contradict each other."""
    b = sketches.book
    found: list[str] = []
    seen: set[int] = set()
    for wire in sketches.alive:
        node, before = int(b.head[wire]), -1
        while node >= 0:
            x, low, high = int(b.element[node]), int(b.below[node]), int(b.above[node])
            seen.add(node)
            if b.wire[node] != wire or b.before[node] != before:
                found.append(f"wire {wire}: node {node} does not follow {before}")
            under, over = (b.above[low] if low >= 0 else b.first[x]), (b.below[high] if high >= 0 else b.last[x])
            if under != node or over != node:
                found.append(f"wire {wire}: node {node} is not between its neighbours")
            before, node = node, int(b.after[node])
        if b.tail[wire] != before:
            found.append(f"wire {wire} does not end at its tail")
    for x in np.flatnonzero(b.first >= 0).tolist():
        node, last = int(b.first[x]), -1
        taken = 0.0
        while node >= 0:
            taken += float(b.width[b.wire[node]]) + SPACE
            if abs(b.upto[node] - taken) > SURE:
                found.append(f"element {x}: node {node} has {b.upto[node]} up to it, not {taken}")
            if node not in seen or b.element[node] != x or b.below[node] != last:
                found.append(f"element {x}: node {node} does not belong there")
                break
            last, node = node, int(b.above[node])
        else:
            if b.last[x] != last:
                found.append(f"element {x} does not end with its last node")
    return found


def crossed_tiles(sketches: Sketches) -> list[int]:
    """Tiles whose chords, in the order of the lists also at the corners, are no parentheses on the rim."""
    g, b = sketches.ground, sketches.book
    gaps = len(g.edges)
    found = []
    for t in sorted({int(b.tile[n]) for w in sketches.alive for n in nodes_of(sketches, w)} - {-1}):
        stack: list[tuple[int, int]] = []
        for k in range(3):
            for x in (gaps + 3 * t + k, int(g.triangle_edges[t, k])):
                order, node = [], int(b.first[x])
                while node >= 0:
                    order.append(node)
                    node = int(b.above[node])
                if x < gaps and g.edges[x, 0] != g.triangles[t, k]:
                    order.reverse()
                for n in order:
                    m = int(b.after[n] if b.tile[n] == t else b.before[n])
                    if stack and stack[-1] == (m, n):
                        stack.pop()
                    else:
                        stack.append((n, m))
        if stack:
            found.append(t)
    return found


def nodes_of(sketches: Sketches, wire: int) -> list[int]:
    found, node = [], int(sketches.book.head[wire])
    while node >= 0:
        found.append(node)
        node = int(sketches.book.after[node])
    return found


def miscounted(sketches: Sketches) -> list[str]:
    """Where the books differ from a count of the wires."""
    b, offsets = sketches.book, sketches.offsets
    found: list[str] = []
    legs: dict[int, int] = {}
    for layer, tiles in enumerate(sketches.tiles):
        wires, orders = sketches.wires_on(layer), sketches.orders_on(layer)
        found += faults_of_wires(tiles, wires, orders)
        need = {n: float(b.width[n]) + SPACE for n in wires}
        across = diagonals_by_wire(tiles, wires)
        for gap in range(len(tiles.edges)):
            e = offsets.gap[layer] + gap
            here = orders.get(gap, [])
            if b.count[e] != len(here) or abs(b.used[e] - sum(need[n] for n in here)) > SURE:
                found.append(f"layer {layer}, gap {gap}: {b.count[e]} wires, {b.used[e]:.1f} nm; there are {here}")
            if convex(tiles, gap):
                those = across.get(gap, [])
                if b.crossings[e] != len(those) or abs(b.crossed[e] - sum(need[n] for n in those)) > SURE:
                    found.append(f"layer {layer}, diagonal of {gap}: {b.crossings[e]} wires; there are {those}")
        for wire in wires.values():
            for end in (wire.start, wire.end):
                legs[offsets.vertex[layer] + end] = legs.get(offsets.vertex[layer] + end, 0) + 1
    if {v: int(k) for v, k in enumerate(b.legs.tolist()) if k} != legs:
        found.append("legs")
    return found + _misplaced(sketches, legs)


def _misplaced(sketches: Sketches, legs: dict[int, int]) -> list[str]:
    """Posts that do not stand where they must, or stand elsewhere."""
    b, offsets = sketches.book, sketches.offsets
    stands = [True] * len(b.block)
    found = []
    for post, vertices in enumerate(sketches.posted.vertices):
        flat = [offsets.vertex[layer] + v for layer, v in vertices]
        low, high = sketches.posted.least[post]
        must = [*([low, high] if low <= high else []), *(k for k, v in enumerate(flat) if legs.get(v))]
        span = (min(must), max(must)) if must else (1, 0)
        # drilled vias that change the layer, and candidates, drilled or between two layers, stand on all of theirs
        nowhere = must and low > high
        if nowhere or span[0] < span[1] if sketches.posted.through[post] else nowhere and len(flat) == 2:
            span = (0, len(flat) - 1)
        kept = tuple(b.standing[post].tolist())
        if kept != span and not (kept[0] > kept[1] and not must):
            found.append(f"post {post} stands on {kept}, not on {span}")
        for k, v in enumerate(flat):
            stands[v] = span[0] <= k <= span[1]
    for layer, tiles in enumerate(sketches.tiles):
        for vertex in range(len(tiles.xy)):
            kept = float(b.block[offsets.vertex[layer] + vertex])
            if abs(kept - _keeps(tiles, vertex, stands[offsets.vertex[layer] + vertex])) > SURE:
                found.append(f"layer {layer}, vertex {vertex} keeps {kept}")
    return found


def _radius(tiles: Tiles, vertex: int) -> float:
    """Of a vertex that is one disc."""
    first, last = tiles.disc_start[vertex : vertex + 2].tolist()
    return float(tiles.disc_r[first]) if last == first + 1 else 0.0


def _keeps(tiles: Tiles, vertex: int, stands: bool) -> float:
    """What a vertex keeps of its gaps, from the centre if it is a disc [nm]."""
    return float(tiles.clearance[vertex]) + _radius(tiles, vertex) if stands else SPACE / 2


def diagonals_by_wire(tiles: Tiles, wires: dict[int, Wire]) -> dict[int, list[int]]:
    """Gap -> the wires that cross its other diagonal."""
    found: dict[int, list[int]] = {}
    for number, wire in wires.items():
        for gap, times in diagonal_crossings(tiles, {number: wire}).items():
            found.setdefault(gap, []).extend([number] * times)
    return found


def overfull_cuts(sketches: Sketches) -> list[str]:
    """Gaps and other diagonals through which more runs than fits beside what stands at their ends."""
    found: list[str] = []
    for layer, tiles in enumerate(sketches.tiles):
        wires, orders = sketches.wires_on(layer), sketches.orders_on(layer)
        cuts: list[tuple[str, int, int, float, Sequence[int]]] = []
        for gap, order in orders.items():
            u, v = tiles.edges[gap].tolist()
            cuts.append((f"gap {gap}", u, v, float(tiles.width[gap]), order))
        for gap, numbers in diagonals_by_wire(tiles, wires).items():
            if convex(tiles, gap):
                p, q = apexes(tiles, gap)
                cuts.append((f"diagonal of {gap}", p, q, clear_width(tiles, p, q), numbers))
        first = sketches.offsets.vertex[layer]
        for name, u, v, wide, numbers in cuts:
            load = sum(float(sketches.book.width[n]) + SPACE for n in numbers) + slack_for(len(numbers))
            keep = sum(float(sketches.book.block[first + w]) - _radius(tiles, w) for w in (u, v))
            if load > wide - keep + SPACE + SURE:
                found.append(f"layer {layer}, {name}: {load:.1f} through {wide - keep + SPACE:.1f}")
    return found


def lawful(sketches: Sketches, full: Sequence[str] = ()) -> None:
    """All laws at once; ``full`` are cuts that were overfull before."""
    assert faults_of_lists(sketches) == []
    assert crossed_tiles(sketches) == []
    assert miscounted(sketches) == []
    for layer, tiles in enumerate(sketches.tiles):
        assert crossings(tiles, sketches.wires_on(layer), sketches.orders_on(layer)) == []
    names = {line.split(":")[0] for line in full}
    assert [line for line in overfull_cuts(sketches) if line.split(":")[0] not in names] == []


def state_of(sketches: Sketches) -> object:
    """Everything that can be asked of sketches."""
    b = sketches.book
    return (
        list(sketches.alive),
        [sketches.wires_on(layer) for layer in range(len(sketches.tiles))],
        [sketches.orders_on(layer) for layer in range(len(sketches.tiles))],
        [[int(b.wire[n]) for n in _list(sketches, x)] for x in np.flatnonzero(b.first >= 0).tolist()],
        {w: (float(b.width[w]), float(b.price[w])) for w in sketches.alive},
        np.round(b.used, 3).tolist(), b.count.tolist(), np.round(b.crossed, 3).tolist(), b.crossings.tolist(),
        b.block.tolist(), b.legs.tolist(), b.standing.tolist(),
    )  # fmt: skip


def _list(sketches: Sketches, element: int) -> list[int]:
    found, node = [], int(sketches.book.first[element])
    while node >= 0:
        found.append(node)
        node = int(sketches.book.above[node])
    return found


def straight(sketches: Sketches, way: Way) -> float:
    """Distance between the ends of a way [nm]."""
    (ax, ay), (bx, by) = (sketches.ground.xy[v].tolist() for v in (way.start, way.end))
    return math.hypot(ax - bx, ay - by)
