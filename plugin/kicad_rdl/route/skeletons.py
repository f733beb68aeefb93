"""Skeletons of copper as shapely knows them."""

from __future__ import annotations

from collections.abc import Iterable

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Arc, Line, Point, arc_points, path_points
from kicad_rdl.model.artwork import Area, Skeleton
from kicad_rdl.model.open_board import BoardVia, NewCopper
from kicad_rdl.units import Nm

ARC_TOLERANCE = 5.0
"""Chords of arcs stay so near [nm]."""


def skeleton_geometry(skeleton: Skeleton) -> BaseGeometry:
    """A point, a line or an area as shapely knows it."""
    match skeleton:
        case Point(x, y):
            return shapely.Point(x, y)
        case Line(start, end):
            return shapely.LineString([(start.x, start.y), (end.x, end.y)])
        case Arc():
            return shapely.LineString(arc_points(skeleton, ARC_TOLERANCE))
        case _:
            area = shapely.Polygon(skeleton.outline, skeleton.holes)
            # keyholed outlines touch themselves
            return area if area.is_valid else shapely.make_valid(area, method="structure", keep_collapsed=False)


def metal_of(shapes: Iterable[tuple[Skeleton, Nm]]) -> list[BaseGeometry]:
    """What skeletons with their widths cover."""
    return [skeleton_geometry(skeleton).buffer(width / 2) for skeleton, width in shapes]


def drawn(item: NewCopper) -> tuple[range, BaseGeometry]:
    """The layers of a new trace or via, and what it covers on each."""
    if isinstance(item, BoardVia):
        disc = shapely.buffer(shapely.Point(item.at.x, item.at.y), item.size.diameter / 2)
        return range(item.first, item.last + 1), disc
    line = shapely.LineString(path_points(item.path, ARC_TOLERANCE))
    return range(item.layer, item.layer + 1), shapely.buffer(line, item.width / 2)


def areas_of(geometry: BaseGeometry) -> list[Area]:
    """The polygons of a geometry, sorted by place."""
    found = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon" and not part.is_empty]
    return [
        Area(
            tuple(shapely.get_coordinates(part.exterior)[:-1].tolist()),
            tuple(tuple(shapely.get_coordinates(hole)[:-1].tolist()) for hole in part.interiors),
        )
        for part in sorted(found, key=lambda part: part.bounds)
    ]
