"""How far one shape lies inside another."""

from __future__ import annotations

from decimal import Decimal, localcontext

import shapely

from kicad_rdl.check import exact
from kicad_rdl.check.primitives import Table, tabulate
from kicad_rdl.geometry import Point
from kicad_rdl.model.artwork import Area, Skeleton
from kicad_rdl.units import Nm

CORNER_NOISE = Decimal("0.000001")
"""Corners of octagons are irrational: as floats far from the origin they are this much off at most [nm]."""


def enclosure(inner: tuple[Skeleton, Nm], outer: tuple[Skeleton, Nm]) -> Nm:
    """The least width of the rim of ``outer`` around ``inner`` [nm], rounded down; negative: inner stands out.

    Exact for an outer disc, and for an outer convex area without rounded corners (a rectangle, an octagon): there the
    rim is thinnest at a corner of the inner skeleton. Any other outer shape is measured from the inner corners to its
    edge, which is right while the inner shape lies inside its skeleton, and errs to the thin side beyond.
    """
    corners = _corners(inner[0])
    table = tabulate([outer])
    with localcontext(exact.CONTEXT):
        half_in, half_out = Decimal(inner[1]) / 2, Decimal(outer[1]) / 2
        if isinstance(outer[0], Point):
            farthest = max(exact.nearest((*corner, *corner), table.piece(0)).distance for corner in corners)
            return exact.floor(half_out - farthest - half_in)
        rim = min(_depth(corner, outer[0], table) for corner in corners)
        return exact.floor(rim + half_out - half_in + CORNER_NOISE)


def _depth(corner: tuple[float, float], outer: Skeleton, table: Table) -> Decimal:
    """Distance of a point to the nearest edge of a skeleton; negative outside an area."""
    distance = min(exact.nearest((*corner, *corner), piece).distance for piece in map(table.piece, range(len(table))))
    inside = isinstance(outer, Area) and shapely.intersects_xy(table.areas[0][1], *corner)
    return distance if inside else -distance


def _corners(skeleton: Skeleton) -> list[tuple[float, float]]:
    if isinstance(skeleton, Area):
        return list(skeleton.outline)
    if isinstance(skeleton, Point):
        return [(skeleton.x, skeleton.y)]
    return [(skeleton.start.x, skeleton.start.y), (skeleton.end.x, skeleton.end.y)]
