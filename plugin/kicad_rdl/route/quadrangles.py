"""Two neighbouring tiles as one, in a flow that respects both diagonals of the quadrangle.

Both diagonals cut the quadrangle into four parts, one at each side; a wire goes from part to part over half a diagonal.
The halves of each diagonal share its capacity, so that a flow from side to side fits exactly if both diagonals do.
From any side to any other a wire costs the distance of their middles: distances of four points, of which two pairs are
the far ones, are those in a rectangle with an antenna at each corner (the tight span of four points, Dress 1984).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kicad_rdl.route.audit import far_corners
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import F64, I64


@dataclass(frozen=True, slots=True)
class Quadrangles:
    """Pairs of tiles; corners and sides counter-clockwise, side k joins corners k and k + 1.

    Attributes:
        edges: [q] the gap between the two tiles: corners 0 and 2, the diagonal that is an edge of the triangulation.
        corners: [q, 4] vertices.
        sides: [q, 4] gaps.
        tiles: [q, 4] tile at each side.
        half: [q, 4] wires that fit between side k and side k + 1, past corner k + 1.
        antenna: [q, 4] what a wire costs from the middle of a side to its part [nm].
        step: [q, 4] from the part of side k to that of side k + 1 [nm].
        ahead, back: [q, 4] from corner k to the part of side k, and to that of side k - 1 [nm].
    """

    edges: I64
    corners: I64
    sides: I64
    tiles: I64
    half: I64
    antenna: F64
    step: F64
    ahead: F64
    back: F64


def quadrangles_of(
    tiles: Tiles,
    edges: I64,
    capacity: I64,
    across: I64,
    between: Callable[[I64, I64], F64],
    reaching: Callable[[I64, I64], F64],
) -> Quadrangles:
    """The quadrangles around some gaps, no two of which share a tile.

    Args:
        tiles: the layer.
        edges: gaps whose two tiles make convex quadrangles.
        capacity: [gaps] wires that fit through.
        across: [edges] wires that fit through the other diagonals.
        between: distances of the middles of gaps [nm].
        reaching: distances from vertices to the middles of gaps [nm].
    """
    u, v = tiles.edges[edges].T
    far = far_corners(tiles)[edges]
    corners = np.stack([u, far[:, 1], v, far[:, 0]], axis=1)
    left, right = tiles.edge_triangles[edges].T
    owner = np.stack([right, right, left, left], axis=1)
    sides = np.empty_like(corners)
    for k in range(4):
        own, start = tiles.triangles[owner[:, k]], corners[:, k]
        place = np.argmax(own == start[:, None], axis=1)
        sides[:, k] = tiles.triangle_edges[owner[:, k], place]
    apart = [[between(sides[:, i], sides[:, j]) for j in range(4)] for i in range(4)]
    sums = apart[0][1] + apart[2][3], apart[1][2] + apart[3][0], apart[0][2] + apart[1][3]
    step = np.stack([(sums[2] - sums[1]) / 2, (sums[2] - sums[0]) / 2] * 2, axis=1)
    antenna = np.stack(
        [(apart[k][k - 1] + apart[k][(k + 1) % 4] - apart[k - 1][(k + 1) % 4]) / 2 for k in range(4)], axis=1
    )
    antenna, step = np.maximum(antenna, 0.0), np.maximum(step, 0.0)
    # from a corner such that the way to the side beyond is right
    ahead, back = np.empty_like(step), np.empty_like(step)
    for k in range(4):
        one, two = (k + 1) % 4, (k + 2) % 4
        ahead[:, k] = reaching(corners[:, k], sides[:, one]) - step[:, k] - antenna[:, one]
        back[:, k] = reaching(corners[:, k], sides[:, two]) - step[:, two] - antenna[:, two]
    half = _halves(capacity[edges], across, capacity[sides])
    return Quadrangles(edges, corners, sides, owner, half, antenna, step, np.maximum(ahead, 0.0), np.maximum(back, 0.0))


def _halves(along: I64, across: I64, sides: I64) -> I64:
    """[q, 4] what the halves of both diagonals carry: all of it together, and at each side what fits through there."""
    # past corners 3 and 1 (of the two that meet at side 0): their sum and their difference; a side between two halves
    # must not be narrowed by them, where that can be
    total = along + across
    both = np.clip(total // 2, np.minimum(sides[:, 0], total), np.maximum(total - sides[:, 2], 0))
    more = np.clip((across - along) // 2, sides[:, 1] - along, across - sides[:, 3])
    past_1 = np.clip((both + more + 1) // 2, 0, across)
    past_0 = np.clip(both - past_1, 0, along)
    return np.stack([past_1, along - past_0, across - past_1, past_0], axis=1)
