"""Where on a board copper may be: inside its outline, or around what is there where no outline is closed."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Arc, arc_points
from kicad_rdl.model.open_board import OpenBoard
from kicad_rdl.route.skeletons import skeleton_geometry

SLIT = 1.0
"""Half the width of an edge that closes nothing: it is milled all the same [nm]."""
AROUND = 0.1
"""Without an outline, copper may be so far around what is there, in parts of its extent ..."""
AROUND_LEAST = 1_000_000
"""... and so much farther [nm]."""


def board_area(board: OpenBoard) -> BaseGeometry:
    """The inside of the outline, without cut-outs and slits."""
    lines = [
        shapely.LineString(
            arc_points(piece, 5.0) if isinstance(piece, Arc) else [(p.x, p.y) for p in (piece.start, piece.end)]
        )
        for piece in board.artwork.outline
    ]
    rings, *slits, _ = shapely.polygonize_full(lines)
    area: BaseGeometry = shapely.Polygon()
    for ring in sorted(rings.geoms, key=lambda ring: -ring.area):
        area = shapely.symmetric_difference(area, shapely.Polygon(shapely.get_exterior_ring(ring)))
    if area.is_empty:
        area = _around(board, lines)
    whole: BaseGeometry = shapely.difference(area, shapely.buffer(shapely.union_all(slits), SLIT, quad_segs=1))
    return whole


def half_sizes(area: BaseGeometry) -> tuple[float, float]:
    """Of the rectangle around the origin that holds an area."""
    low_x, low_y, high_x, high_y = area.bounds
    return max(-low_x, high_x), max(-low_y, high_y)


def _around(board: OpenBoard, lines: list[shapely.LineString]) -> BaseGeometry:
    copper = [skeleton_geometry(item.skeleton).buffer(item.width / 2) for item in board.artwork.copper]
    low_x, low_y, high_x, high_y = shapely.total_bounds([*copper, *lines, shapely.Point(0, 0)]).tolist()
    x, y = max(-low_x, high_x), max(-low_y, high_y)
    margin = AROUND * max(x, y) + AROUND_LEAST
    box: BaseGeometry = shapely.box(-x - margin, -y - margin, x + margin, y + margin)
    return box
