"""The wires of a layer carried over to other tiles: obstacles that turned out not to be there are gone, wires stay.

Wires are drawn once without regard to room: evenly spread over every gap, straight inside a tile. That drawing has no
crossings, so the order in which it crosses the new gaps is the sketch on the new tiles, once every crossing back and
forth is taken out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import F64, tiles_around
from kicad_rdl.route.uncross import Wire


@dataclass(frozen=True, slots=True)
class Rethreaded:
    """Wires on the new tiles.

    Attributes:
        wires: by their old numbers.
        orders: gap -> wires from its lower to its higher vertex.
        lost: wires that wind around something now.
    """

    wires: dict[int, Wire]
    orders: dict[int, list[int]]
    lost: tuple[int, ...]


def rethreaded(
    old: Tiles, wires: Mapping[int, Wire], orders: Mapping[int, Sequence[int]], new: Tiles, vertex: Sequence[int]
) -> Rethreaded:
    """Carries wires from old tiles to new ones.

    Args:
        old, wires, orders: the sketch as it is.
        new: the tiles that it is to have.
        vertex: [old vertices] their vertices in the new tiles; -1 for those that are gone.
    """
    share: dict[tuple[int, int], float] = {}
    for gap, order in orders.items():
        share |= {(number, gap): (rank + 1) / (len(order) + 1) for rank, number in enumerate(order)}
    numbers = list(wires)
    points: list[F64] = []
    start = [0]
    for number in numbers:
        wire = wires[number]
        at = [old.xy[wire.start]]
        for gap in wire.gaps:
            u, v = old.edges[gap]
            part = share[(number, gap)]
            at.append(old.xy[u] * (1 - part) + old.xy[v] * part)
        points += [*at, old.xy[wire.end]]
        start.append(len(points))
    ends = np.array([(vertex[wires[n].start], vertex[wires[n].end]) for n in numbers], np.int64).reshape(-1, 2)
    around_start, around = tiles_around(new.triangles, len(new.xy))
    places = np.array(points, np.float64).reshape(-1, 2)
    room = 64 * len(places) + 64
    crossed, where, tiles = np.empty(room, np.int64), np.empty(room), np.empty(room, np.int64)
    crossed_start, many = np.zeros(len(numbers), np.int64), np.full(len(numbers), -1, np.int64)
    _walk(
        places, np.array(start, np.int64), ends,
        (new.xy, new.triangles, new.triangle_edges, new.edges, new.edge_triangles, around_start, around),
        crossed, where, tiles, crossed_start, many,
    )  # fmt: skip
    found: dict[int, Wire] = {}
    lost: list[int] = []
    on_gap: dict[int, list[tuple[float, int]]] = {}
    for k, number in enumerate(numbers):
        first, last = int(crossed_start[k]), int(crossed_start[k] + many[k])
        wire = wires[number]
        if many[k] < 0:
            lost.append(number)
            continue
        begin, end = ends[k].tolist()
        crossings = crossed[first:last].tolist(), tiles[first : last + 1].tolist(), where[first:last].tolist()
        gaps, path, at = _reduced(new, begin, end, *crossings)
        if len(set(gaps)) < len(gaps):
            lost.append(number)
            continue
        found[number] = Wire(wire.source, wire.sink, begin, end, tuple(gaps), tuple(path))
        for gap, part in zip(gaps, at, strict=True):
            on_gap.setdefault(gap, []).append((part, number))
    ordered = {gap: [number for _, number in sorted(entries)] for gap, entries in sorted(on_gap.items())}
    return Rethreaded(found, ordered, tuple(lost))


def _reduced(
    tiles: Tiles, start: int, end: int, gaps: list[int], path: list[int], where: list[float]
) -> tuple[list[int], list[int], list[float]]:
    """Takes out crossings back and forth, and those of gaps that end at the wire's ends; and the tiles with them."""
    kept: list[tuple[int, float]] = []
    behind = [path[0]]
    for gap, tile, part in zip(gaps, path[1:], where, strict=True):
        if kept and kept[-1][0] == gap:
            kept.pop()
            behind.pop()
            continue
        kept.append((gap, part))
        behind.append(tile)
    first, last = 0, len(kept)
    while first < last and start in tiles.edges[kept[first][0]]:
        first += 1
    while last > first and end in tiles.edges[kept[last - 1][0]]:
        last -= 1
    kept, behind = kept[first:last], behind[first : last + 1]
    return [gap for gap, _ in kept], behind, [part for _, part in kept]


@compiled
def _side(ax, ay, bx, by, cx, cy):  # type: ignore[no-untyped-def]
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


@compiled
def _walk(points, start, ends, tiles, crossed, where, behind, crossed_start, many):  # type: ignore[no-untyped-def]
    """The gaps that each polyline crosses, where, and the tile behind each.

    A wire of n gaps takes n + 1 entries from ``crossed_start``, the first tile is that of its start; ``many`` gets n,
    or stays -1.
    """
    xy, triangles, triangle_edges, edges, edge_triangles, around_start, around = tiles
    size = 0
    for wire in range(len(start) - 1):
        crossed_start[wire] = size
        a, b = start[wire], start[wire + 1]
        s, e = ends[wire]
        px, py = xy[s]
        qx, qy = points[a + 1]
        t = -1
        for i in range(around_start[s], around_start[s + 1]):
            tile = around[i]
            for k in range(3):
                if triangles[tile, k] == s:
                    ux, uy = xy[triangles[tile, (k + 1) % 3]]
                    vx, vy = xy[triangles[tile, (k + 2) % 3]]
                    if _side(px, py, ux, uy, qx, qy) >= 0 and _side(px, py, vx, vy, qx, qy) < 0:
                        t = tile
        if t < 0 or size + 1 >= len(crossed):
            continue
        behind[size] = t
        entries = 0
        for i in range(a + 1, b):
            if entries < 0:
                break
            qx, qy = points[i]
            entry = -1
            while True:
                if i == b - 1 and (triangles[t, 0] == e or triangles[t, 1] == e or triangles[t, 2] == e):
                    break
                leave = -1
                for k in range(3):
                    edge = triangle_edges[t, k]
                    if edge == entry:
                        continue
                    u, v = triangles[t, k], triangles[t, (k + 1) % 3]
                    if _side(xy[u, 0], xy[u, 1], xy[v, 0], xy[v, 1], qx, qy) >= 0:
                        continue
                    one = _side(px, py, qx, qy, xy[u, 0], xy[u, 1])
                    two = _side(px, py, qx, qy, xy[v, 0], xy[v, 1])
                    if one <= 0 < two or one < 0 <= two:
                        leave = edge
                if leave < 0:
                    break
                u, v = edges[leave]
                one = _side(px, py, qx, qy, xy[u, 0], xy[u, 1])
                two = _side(px, py, qx, qy, xy[v, 0], xy[v, 1])
                t = edge_triangles[leave, 1] if edge_triangles[leave, 0] == t else edge_triangles[leave, 0]
                crossed[size + entries] = leave
                where[size + entries] = one / (one - two)
                entries += 1
                if t < 0 or size + entries + 1 >= len(crossed):
                    entries = -1
                    break
                behind[size + entries] = t
                entry = leave
            px, py = qx, qy
        if entries >= 0:
            many[wire] = entries
            size += entries + 1
