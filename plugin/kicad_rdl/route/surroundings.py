"""What traces of eight directions bend among: the obstacles of a layer, in a field."""

from __future__ import annotations

import numpy as np

from kicad_rdl.route.copperfield import Field
from kicad_rdl.route.tiles import Tiles


def field_of(tiles: Tiles, number: dict[str, int], widest: float) -> Field:
    """The obstacles of a layer."""
    corner = tiles.xy[tiles.obstacle_count :]
    half_x, half_y = np.abs(corner).max(axis=0)
    edge = float(tiles.clearance[-1])
    cell = max(float(np.sqrt(4 * half_x * half_y / (16 + 8 * tiles.obstacle_count))), 4 * widest)
    field = Field(half_x - edge, half_y - edge, cell, widest)
    for vertex, obstacle in enumerate(tiles.obstacles):
        discs = obstacle.discs
        net = number[obstacle.net] if obstacle.net else -1
        for k, (x, y, radius) in enumerate(discs):
            u, v, _ = discs[(k + 1) % len(discs)]
            reach = radius + float(tiles.clearance[vertex])
            field.add(x, y, u, v, reach, net, vertex)
    return field
