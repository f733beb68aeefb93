"""Cuts that the gaps do not see: the other diagonal of two neighbouring tiles.

A topology can be laid exactly when every cut between two obstacles that see each other fits (Leiserson and Maley);
the gaps of one triangulation are only some of them. On a square grid the other diagonal is the classic that is missed
(Yan and Wong 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kicad_rdl.route.tiles import Tiles, clear_widths, fitting, slack_for
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.uncross import Wire


@dataclass(frozen=True, slots=True)
class CutLoad:
    """The other diagonal of a gap, how much wants through and how much room there is [nm]."""

    edge: int
    """The gap whose other diagonal it is."""
    wires: int
    load: float
    """Widths and spaces of the wires."""
    room: float
    """What it offers to widths and spaces."""

    @property
    def excess(self) -> float:
        """By how much it is overfull; negative: what is left."""
        return self.load + slack_for(self.wires) - self.room


def far_corners(tiles: Tiles) -> I64:
    """[e, 2] corners of the left and of the right tile that do not lie on the gap; -1: there is no tile."""
    found = np.full((len(tiles.edges), 2), -1, np.int64)
    for side in (0, 1):
        inner = np.flatnonzero(tiles.edge_triangles[:, side] >= 0)
        # the sum of a tile's corners less both ends of the gap
        corners = tiles.triangles[tiles.edge_triangles[inner, side]].sum(axis=1)
        found[inner, side] = corners - tiles.edges[inner].sum(axis=1)
    return found


def diagonal_widths(tiles: Tiles) -> F64:
    """[e] clear width between the far corners of each gap [nm]; infinite where that is no cut: the two tiles make no
    convex quadrangle.
    """
    corners = far_corners(tiles)
    inner = np.flatnonzero((corners >= 0).all(axis=1))
    u, v = tiles.xy[tiles.edges[inner, 0]], tiles.xy[tiles.edges[inner, 1]]
    p, q = tiles.xy[corners[inner, 0]], tiles.xy[corners[inner, 1]]
    d = q - p
    one = d[:, 0] * (u - p)[:, 1] - d[:, 1] * (u - p)[:, 0]
    two = d[:, 0] * (v - p)[:, 1] - d[:, 1] * (v - p)[:, 0]
    convex = inner[one * two < 0]
    found = np.full(len(tiles.edges), np.inf)
    found[convex] = clear_widths(tiles, corners[convex])
    return found


def diagonal_rooms(tiles: Tiles, space: float) -> F64:
    """[e] what the other diagonal of each gap offers to widths and spaces [nm]; infinite where it is no cut."""
    room: F64 = diagonal_widths(tiles) - tiles.clearance[far_corners(tiles)].sum(axis=1) + space
    return room


def scarce_diagonals(tiles: Tiles, capacity: I64, line: float, space: float) -> dict[int, int]:
    """Gaps whose other diagonal may be overfull where no gap is -> how many traces fit there.

    No two of these gaps share a tile; of those that would, the scarcest is taken.

    Args:
        tiles: the layer.
        capacity: [gaps] traces that fit through.
        line, space: of the traces [nm].
    """
    room = diagonal_rooms(tiles, space)
    cuts = np.flatnonzero(np.isfinite(room))
    fits = fitting(room[cuts], line, space)
    rims = tiles.triangle_edges[tiles.edge_triangles[cuts]].reshape(len(cuts), 6)
    sides = [
        (tiles.edges[rims] == end[:, None, None]).any(axis=2) & (rims != cuts[:, None]) for end in tiles.edges[cuts].T
    ]
    # what crosses a diagonal comes in between its ends, through the two sides there or from the corner between them
    most = np.minimum(*(1 + np.where(side, capacity[rims], 0).sum(axis=1) for side in sides))
    found: dict[int, int] = {}
    taken = np.zeros(len(tiles.triangles), np.bool_)
    for k in np.lexsort((cuts, fits / most)).tolist():
        pair = tiles.edge_triangles[cuts[k]]
        if fits[k] < most[k] and not taken[pair].any():
            taken[pair] = True
            found[int(cuts[k])] = int(fits[k])
    return found


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


def diagonal_loads(tiles: Tiles, wires: Sequence[Wire], widths: Sequence[float], space: float) -> list[CutLoad]:
    """The load of the other diagonal of every gap near which wires run."""
    load: dict[int, tuple[int, float]] = {}
    tables = tiles.edges.tolist(), tiles.triangles.tolist(), tiles.triangle_edges.tolist()
    for wire, width in zip(wires, widths, strict=True):
        for edge in diagonals_of(wire, *tables):
            count, total = load.get(edge, (0, 0.0))
            load[edge] = (count + 1, total + width + space)
    rooms = diagonal_rooms(tiles, space)
    return [
        CutLoad(edge, count, total, float(rooms[edge]))
        for edge, (count, total) in load.items()
        if rooms[edge] < float("inf")
    ]
