"""Cuts that the gaps do not see: the other diagonal of two neighbouring tiles.

A topology can be laid exactly when every cut between two obstacles that see each other fits (Leiserson and Maley);
the gaps of one triangulation are only some of them. On a square grid the other diagonal is the classic that is missed
(Yan and Wong 2009).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kicad_rdl.route.network import Wire
from kicad_rdl.route.tiles import Tiles, apexes, clear_width, convex


@dataclass(frozen=True, slots=True)
class CutLoad:
    """A cut between two vertices, how much wants through and how much room there is [nm]."""

    start: int
    end: int
    edge: int
    """The gap whose other diagonal it is; the gap itself where ``start`` and ``end`` are its ends."""
    wires: int
    load: float
    """Widths and spaces of the wires."""
    room: float
    """What the cut offers to widths and spaces."""


def gap_loads(
    tiles: Tiles, orders: Mapping[int, Sequence[int]], widths: Sequence[float], space: float
) -> list[CutLoad]:
    """The load of every gap that is crossed."""
    found = []
    for gap, order in orders.items():
        u, v = tiles.edges[gap].tolist()
        room = float(tiles.width[gap] - tiles.clearance[u] - tiles.clearance[v] + space)
        found.append(CutLoad(u, v, gap, len(order), sum(widths[w] + space for w in order), room))
    return found


def diagonal_loads(tiles: Tiles, wires: Sequence[Wire], widths: Sequence[float], space: float) -> list[CutLoad]:
    """The load of the other diagonal of every gap near which wires run."""
    load: dict[int, tuple[int, float]] = {}
    edges = tiles.edges.tolist()
    edge_triangles = tiles.edge_triangles.tolist()
    triangle_edges = tiles.triangle_edges.tolist()
    triangles = tiles.triangles.tolist()

    def add(edge: int, amount: float) -> None:
        count, total = load.get(edge, (0, 0.0))
        load[edge] = (count + 1, total + amount)

    for index, wire in enumerate(wires):
        amount = widths[index] + space
        corner: list[int] = []  # per tile: the vertex the wire cuts off, or its own terminal
        last = len(wire.gaps)
        for i, t in enumerate(wire.triangles):
            if 0 < i < last:
                a, b = edges[wire.gaps[i - 1]], edges[wire.gaps[i]]
                cut = a[0] if a[0] in b else a[1]
                corner.append(cut)
                # it crosses the diagonal that starts at the corner it cuts off
                k = triangles[t].index(cut)
                add(triangle_edges[t][(k + 1) % 3], amount)
            elif last == 0:
                corner.append(-1)
                k = next(k for k in range(3) if {triangles[t][k], triangles[t][(k + 1) % 3]} == {wire.start, wire.end})
                add(triangle_edges[t][k], amount)
            else:
                own = wire.start if i == 0 else wire.end
                corner.append(own)
                k = triangles[t].index(own)
                # leaving through the opposite gap crosses the diagonals that start at the two other corners
                add(triangle_edges[t][k], amount)
                add(triangle_edges[t][(k + 2) % 3], amount)
        for i, gap in enumerate(wire.gaps):
            u, v = edges[gap]
            if {corner[i], corner[i + 1]} == {u, v}:
                add(gap, amount)
    found = []
    for edge, (count, total) in load.items():
        if min(edge_triangles[edge]) < 0 or not convex(tiles, edge):
            continue
        p, q = apexes(tiles, edge)
        room = clear_width(tiles, p, q) - float(tiles.clearance[p]) - float(tiles.clearance[q]) + space
        found.append(CutLoad(p, q, edge, count, total, room))
    return found
