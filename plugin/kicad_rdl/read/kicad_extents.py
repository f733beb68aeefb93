"""How far do drawings and pads of a KiCad file reach?"""

from __future__ import annotations

from collections.abc import Iterable

from kicad_rdl.geometry import Arc, Line, Point, arc_points
from kicad_rdl.model.artwork import Skeleton
from kicad_rdl.read.board_shapes import Shape
from kicad_rdl.units import UM

ARC_TOLERANCE = UM / 10
"""How far chords may lie inside their arc [nm]."""

Extents = tuple[float, float, float, float]
"""Left, bottom, right, top in the frame of the shapes."""


def extents_of(shapes: Iterable[Shape], stroke: bool = True) -> Extents:
    """The box around shapes, of which there must be one; without ``stroke`` around the middle of their lines."""
    xs: list[float] = []
    ys: list[float] = []
    for skeleton, width in shapes:
        reach = width / 2 if stroke else 0.0
        for x, y in _corners(skeleton):
            xs += [x - reach, x + reach]
            ys += [y - reach, y + reach]
    return min(xs), min(ys), max(xs), max(ys)


def _corners(skeleton: Skeleton) -> list[tuple[float, float]]:
    if isinstance(skeleton, Point):
        return [(skeleton.x, skeleton.y)]
    if isinstance(skeleton, Line):
        return [(skeleton.start.x, skeleton.start.y), (skeleton.end.x, skeleton.end.y)]
    if isinstance(skeleton, Arc):
        return arc_points(skeleton, ARC_TOLERANCE)
    return list(skeleton.outline)
