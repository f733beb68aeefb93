"""Where a board has changed: what is wrong elsewhere was wrong before, whatever the checker calls it now."""

from __future__ import annotations

import shapely

from kicad_rdl.geometry import Point
from kicad_rdl.model.open_board import BoardRouting, NewCopper, OpenBoard
from kicad_rdl.route.skeletons import drawn, skeleton_geometry
from kicad_rdl.units import MM, Nm

UNKNOWN = MM
"""How far around a violation something may have changed that does not say how much room it needs."""
ROUNDING = 2
"""Corners of fills are on the grid [nm]."""


class Changes:
    """New copper, and what was cut out of pours, layer by layer."""

    def __init__(self, board: OpenBoard, routing: BoardRouting) -> None:
        self.layers = board.artwork.layers
        self.cut = [refill.pour for refill in routing.refills]
        here: dict[int, list[shapely.Geometry]] = {layer: [] for layer in range(1, len(self.layers) + 1)}
        new: list[NewCopper] = [*routing.traces, *routing.vias]
        for item in new:
            layers, shape = drawn(item)
            for layer in layers:
                here[layer].append(shape)
        for refill in routing.refills:
            left = shapely.union_all([skeleton_geometry(area) for area in refill.areas])
            gone = shapely.difference(skeleton_geometry(refill.pour.area), left)
            here[refill.pour.layer] += shapely.get_parts(shapely.buffer(gone, refill.pour.width / 2)).tolist()
        self.trees = {layer: shapely.STRtree(rows) for layer, rows in here.items()}

    def near(self, layer: str, at: Point, reach: Nm | None) -> bool:
        """Whether anything changed around a place; always where the layer is none of copper."""
        if layer not in self.layers:
            return True
        tree = self.trees[self.layers.index(layer) + 1]
        distance = UNKNOWN if reach is None else reach
        return len(tree.query(shapely.Point(at.x, at.y), predicate="dwithin", distance=distance + 1)) > 0

    def narrow_before(self, layer: str, at: Point, width: Nm | None) -> bool:
        """Whether the fill that lay at a place was narrower there than ``width`` before anything was cut."""
        if width is None or layer not in self.layers:
            return False
        number, spot = self.layers.index(layer) + 1, shapely.Point(at.x, at.y)
        around = shapely.bounds(shapely.buffer(spot, 3 * width)).tolist()
        radius = width / 2 - ROUNDING
        for pour in self.cut:
            if pour.layer == number:
                near = shapely.clip_by_rect(skeleton_geometry(pour.area), *around)
                fill = shapely.buffer(near, pour.width / 2)
                wide = shapely.buffer(shapely.buffer(fill, -radius), radius)
                if shapely.intersects(fill, spot) and not shapely.intersects(wide, spot):
                    return True
        return False
