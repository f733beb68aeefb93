"""Obstacles beside gaps that wires fill to the last nanometre: they are passed in rounded squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.tiles import SLACK, Tiles

BLUNT = 0.02
"""How far the discs of the corners of a blunted obstacle stand out, in the distance kept from it."""


def blunted(
    tiles: Tiles, orders: Mapping[int, Sequence[int]], widths: Sequence[float], space: float
) -> NDArray[np.int8]:
    """How many corners an obstacle has that stands beside an axis-parallel gap that is full but for rounding; else 0.

    Arcs about one centre that are apart by just the rule come too close once they are rounded. So wires pass these
    obstacles in rounded squares, which reach no farther along the axes: in the gap they are straight, on whole
    nanometres, and the squares of wires farther out stand away from those within by more and more beside it.
    """
    corners = np.zeros(len(tiles.xy), np.int8)
    for gap, order in orders.items():
        u, v = tiles.edges[gap].tolist()
        dx, dy = (tiles.xy[v] - tiles.xy[u]).tolist()
        if not order or (dx and dy):
            continue
        load = float(tiles.clearance[u] + tiles.clearance[v]) - space + SLACK
        load += sum(widths[wire] + space + SLACK for wire in order)
        if load > tiles.width[gap]:
            for vertex in (u, v):
                corners[vertex] = _corners(tiles, vertex)
    return corners


def _corners(tiles: Tiles, vertex: int) -> int:
    """Four of each disc that stands alone or at an end of a dog bone, one of each corner of a rectangle."""
    discs = tiles.disc_xy[int(tiles.disc_start[vertex]) : int(tiles.disc_start[vertex + 1])]
    if len(discs) <= 2:
        return 4 * len(discs)
    sides = np.abs(np.roll(discs, -1, axis=0) - discs)
    return 4 if len(discs) == 4 and not sides.min(axis=1).any() else 0


@compiled
def squared_corner(layer, vertex, k, radius, discs, disc):  # type: ignore[no-untyped-def]
    """Sets one of the discs about an obstacle that reach as far along the axes as its own grown by ``radius``; returns
    where it stands from the middle.
    """
    xy, disc_start, disc_xy, disc_r, _, _, _ = layer
    a = disc_start[vertex]
    out = np.rint(BLUNT * (radius - disc_r[a]))
    if disc_start[vertex + 1] - a <= 2:
        x, y = disc_xy[a + k // 4, 0], disc_xy[a + k // 4, 1]
        sx, sy = (1.0 if k % 4 == 0 or k % 4 == 3 else -1.0), (1.0 if k % 4 < 2 else -1.0)
    else:
        x, y = disc_xy[a + k, 0], disc_xy[a + k, 1]
        sx, sy = np.sign(x - xy[vertex, 0]), np.sign(y - xy[vertex, 1])
    discs[disc, 0], discs[disc, 1], discs[disc, 2] = x + sx * out, y + sy * out, radius - out
    return x + sx * out - xy[vertex, 0], y + sy * out - xy[vertex, 1]
