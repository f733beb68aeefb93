"""Cuts that the gaps do not see: the other diagonal of two neighbouring tiles.

A topology can be laid exactly when every cut between two obstacles that see each other fits (Leiserson and Maley);
the gaps of one triangulation are only some of them. On a square grid the other diagonal is the classic that is missed
(Yan and Wong 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kicad_rdl.route.tiles import Tiles, apexes, clear_width, convex
from kicad_rdl.route.uncross import Wire


@dataclass(frozen=True, slots=True)
class CutLoad:
    """A cut between two vertices, how much wants through and how much room there is [nm]."""

    start: int
    end: int
    edge: int
    """The gap whose other diagonal it is."""
    wires: int
    load: float
    """Widths and spaces of the wires."""
    room: float
    """What the cut offers to widths and spaces."""


def diagonals_of(
    wire: Wire,
    edges: Sequence[Sequence[int]],
    triangles: Sequence[Sequence[int]],
    triangle_edges: Sequence[Sequence[int]],
) -> list[int]:
    """The gaps whose other diagonals a wire crosses; the tables are those of its tiles."""
    found: list[int] = []
    corner: list[int] = []  # per tile: the vertex the wire cuts off, or its own terminal
    last = len(wire.gaps)
    for i, t in enumerate(wire.triangles):
        if 0 < i < last:
            a, b = edges[wire.gaps[i - 1]], edges[wire.gaps[i]]
            cut = a[0] if a[0] in b else a[1]
            corner.append(cut)
            # it crosses the diagonal that starts at the corner it cuts off
            found.append(triangle_edges[t][(triangles[t].index(cut) + 1) % 3])
        elif last == 0:
            corner.append(-1)
            k = next(k for k in range(3) if {triangles[t][k], triangles[t][(k + 1) % 3]} == {wire.start, wire.end})
            found.append(triangle_edges[t][k])
        else:
            own = wire.start if i == 0 else wire.end
            corner.append(own)
            k = triangles[t].index(own)
            # leaving through the opposite gap crosses the diagonals that start at the two other corners
            found += [triangle_edges[t][k], triangle_edges[t][(k + 2) % 3]]
    for i, gap in enumerate(wire.gaps):
        if {corner[i], corner[i + 1]} == set(edges[gap]):
            found.append(gap)
    return found


def diagonal_room(tiles: Tiles, edge: int, space: float) -> float:
    """What the other diagonal of a gap offers to widths and spaces [nm]; infinite where it is no cut."""
    if not convex(tiles, edge):
        return float("inf")
    p, q = apexes(tiles, edge)
    return clear_width(tiles, p, q) - float(tiles.clearance[p]) - float(tiles.clearance[q]) + space


def diagonal_loads(tiles: Tiles, wires: Sequence[Wire], widths: Sequence[float], space: float) -> list[CutLoad]:
    """The load of the other diagonal of every gap near which wires run."""
    load: dict[int, tuple[int, float]] = {}
    tables = tiles.edges.tolist(), tiles.triangles.tolist(), tiles.triangle_edges.tolist()
    for wire, width in zip(wires, widths, strict=True):
        for edge in diagonals_of(wire, *tables):
            count, total = load.get(edge, (0, 0.0))
            load[edge] = (count + 1, total + width + space)
    found = []
    for edge, (count, total) in load.items():
        room = diagonal_room(tiles, edge, space)
        if room < float("inf"):
            found.append(CutLoad(*apexes(tiles, edge), edge, count, total, room))
    return found
