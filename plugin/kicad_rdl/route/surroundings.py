"""What traces of eight directions bend among: the obstacles of a layer, as copper and as places to be passed."""

from __future__ import annotations

import numpy as np

from kicad_rdl.route.copperfield import Field
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import F64

SPARED = 1.0
"""What is kept beyond the rule; the rest of the planning slack is left to rounding [nm]."""


class Pins:
    """Middles of the obstacles of a layer, by their places."""

    def __init__(self, tiles: Tiles) -> None:
        """Files them from left to right."""
        middle = tiles.xy[: tiles.obstacle_count]
        self._order = np.argsort(middle[:, 0], kind="stable")
        self._xy: F64 = middle[self._order]

    def near(self, chain: F64, ends: tuple[int, int]) -> F64:
        """[p, 2] those in the box around a chain, but for two."""
        (left, low), (right, high) = chain.min(axis=0).tolist(), chain.max(axis=0).tolist()
        a, b = np.searchsorted(self._xy[:, 0], (left, right)).tolist()
        slab, number = self._xy[a:b], self._order[a:b]
        inside = (slab[:, 1] >= low) & (slab[:, 1] <= high) & (number != ends[0]) & (number != ends[1])
        return np.asarray(slab[inside])


def field_of(tiles: Tiles, number: dict[str, int], widest: float) -> Field:
    """The obstacles of a layer."""
    corner = tiles.xy[tiles.obstacle_count :]
    half_x, half_y = np.abs(corner).max(axis=0)
    edge = float(tiles.clearance[-1]) + SPARED
    cell = max(float(np.sqrt(4 * half_x * half_y / (16 + 8 * tiles.obstacle_count))), 4 * widest)
    field = Field(half_x - edge, half_y - edge, cell, widest)
    for vertex, obstacle in enumerate(tiles.obstacles):
        discs = obstacle.discs
        net = number[obstacle.net] if obstacle.net else -1
        for k, (x, y, radius) in enumerate(discs):
            u, v, _ = discs[(k + 1) % len(discs)]
            reach = radius + float(tiles.clearance[vertex]) + SPARED
            field.add(x, y, u, v, reach, net, vertex)
    return field
