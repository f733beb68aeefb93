"""Thermal spokes: where a pour holds its pads by a few bridges, these stay, whatever else of it gives way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.model.artwork import Area
from kicad_rdl.model.open_board import OpenBoard, Pour
from kicad_rdl.route.skeletons import areas_of, metal_of, skeleton_geometry

TOUCH = 1.0
"""Copper with a smaller gap touches [nm]."""
SOLID = 0.7
"""A pad around which more than this part of the gap is filled has no spokes."""


def spokes_of(board: OpenBoard) -> Iterator[tuple[Pour, Area]]:
    """All spokes of all pours: the copper within the gap around a pad of its net."""
    shapes: dict[tuple[str, int], list[BaseGeometry]] = {}
    nets = {pour.net for pour in board.pours}
    for pad in board.pads:
        if pad.net in nets and pad.shapes:
            whole = shapely.union_all(metal_of(pad.shapes))
            for layer in pad.layers:
                shapes.setdefault((pad.net or "", layer), []).append(whole)
    for pour in board.pours:
        pads = shapes.get((pour.net, pour.layer), [])
        if not pads or not pour.gap:
            continue
        area = skeleton_geometry(pour.area)
        for number in np.sort(shapely.STRtree(pads).query(area, predicate="dwithin", distance=pour.gap)).tolist():
            pad = pads[number]
            ring = shapely.difference(shapely.buffer(pad, pour.gap), pad)
            near = shapely.clip_by_rect(area, *shapely.bounds(shapely.buffer(pad, pour.gap + pour.width)).tolist())
            bridges = shapely.intersection(shapely.buffer(near, pour.width / 2), ring)
            if shapely.area(bridges) <= SOLID * shapely.area(ring):
                for bridge in areas_of(bridges):
                    if shapely.distance(skeleton_geometry(bridge), pad) <= TOUCH:
                        yield pour, bridge
