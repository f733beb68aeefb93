"""The wires of a layer carried over to other tiles: obstacles are gone or new, wires stay.

Any drawing of the wires without crossings will do: the order in which it crosses the new gaps is the sketch on the new
tiles, once every crossing back and forth is taken out. Where obstacles only go, wires need no regard to room: they are
spread evenly over every gap, straight inside a tile.
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
    """Wires on the new tiles, by their numbers.

    Attributes:
        wires: those that could be carried over; others wind around something now, or end where no tile has a corner.
        orders: gap -> wires from its lower to its higher vertex.
    """

    wires: dict[int, Wire]
    orders: dict[int, list[int]]


def spread(tiles: Tiles, wires: Mapping[int, Wire], orders: Mapping[int, Sequence[int]]) -> dict[int, F64]:
    """Wires as polylines that share every gap evenly."""
    share: dict[tuple[int, int], float] = {}
    for gap, order in orders.items():
        share |= {(number, gap): (rank + 1) / (len(order) + 1) for rank, number in enumerate(order)}
    found: dict[int, F64] = {}
    for number, wire in wires.items():
        at = [tiles.xy[wire.start]]
        for gap in wire.gaps:
            u, v = tiles.edges[gap]
            part = share[(number, gap)]
            at.append(tiles.xy[u] * (1 - part) + tiles.xy[v] * part)
        found[number] = np.array([*at, tiles.xy[wire.end]])
    return found


def rethreaded(lines: Sequence[F64], vertices: Sequence[tuple[int, int]], new: Tiles) -> Rethreaded:
    """Threads polylines through tiles.

    Args:
        lines: from vertex to vertex; no two of them cross.
        vertices: at both ends of each.
        new: the tiles.
    """
    start = np.cumsum([0, *map(len, lines)])
    ends = np.array(vertices, np.int64).reshape(-1, 2)
    around_start, around = tiles_around(new.triangles, len(new.xy))
    places = np.concatenate([np.zeros((0, 2)), *lines])
    room = 64 * len(places) + 64
    crossed, where, tiles = np.empty(room, np.int64), np.empty(room), np.empty(room, np.int64)
    crossed_start, many = np.zeros(len(lines), np.int64), np.full(len(lines), -1, np.int64)
    _walk(
        places, start, ends,
        (new.xy, new.triangles, new.triangle_edges, new.edges, new.edge_triangles, around_start, around),
        crossed, where, tiles, crossed_start, many,
    )  # fmt: skip
    found: dict[int, Wire] = {}
    on_gap: dict[int, list[tuple[float, int]]] = {}
    for number, (begin, end) in enumerate(ends.tolist()):
        if many[number] < 0:
            continue
        first, last = int(crossed_start[number]), int(crossed_start[number] + many[number])
        crossings = crossed[first:last].tolist(), tiles[first : last + 1].tolist(), where[first:last].tolist()
        gaps, path, at = _reduced(new, begin, end, *crossings)
        # an obstacle within the circle around a long one is a corner of no tile
        if len(set(gaps)) < len(gaps) or begin not in new.triangles[path[0]] or end not in new.triangles[path[-1]]:
            continue
        found[number] = Wire(-1, -1, begin, end, tuple(gaps), tuple(path))
        for gap, part in zip(gaps, at, strict=True):
            on_gap.setdefault(gap, []).append((part, number))
    return Rethreaded(found, {gap: [number for _, number in sorted(on_gap[gap])] for gap in sorted(on_gap)})


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
