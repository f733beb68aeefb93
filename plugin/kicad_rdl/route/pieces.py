"""Large fills in pieces: each with few points, overlapping its neighbours so that they stay joined."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon as ShapelyPolygon
from shapely.geometry.base import BaseGeometry

ROUNDING = 1.3
"""Points that rounded corners add to what the centres of the sweeping disc have, as a factor."""

SPOKE_POINTS = 8
"""Points that a spoke adds to a fill."""

CANDIDATES = 17
"""Places tried for a cut."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the region of centres, and the window that the copper swept from it stays in."""

    centres: BaseGeometry
    window: tuple[float, float, float, float]
    """Least x, least y, greatest x, greatest y [nm]."""


def parts(geometry: BaseGeometry) -> list[ShapelyPolygon]:
    """The polygons of a geometry, in a fixed order; what is thinner than a polygon is dropped."""
    found = [part for part in shapely.get_parts(geometry) if isinstance(part, ShapelyPolygon) and not part.is_empty]
    return sorted(found, key=lambda part: part.bounds)


def points_cut_open(geometry: BaseGeometry) -> int:
    """Points of the largest polygon once its holes are joined to its rim by slits (two more points each)."""
    return max((_points(part) for part in parts(geometry)), default=0)


def _points(polygon: BaseGeometry) -> int:
    holes = int(shapely.get_num_interior_rings(polygon))
    return int(shapely.get_num_coordinates(polygon)) + 2 * holes


def pieces(
    centres: BaseGeometry, tips: NDArray[np.object_], disc: float, limit: int, density: float = 0.0
) -> list[Piece]:
    """Cuts a region of centres until no polygon swept from a piece has more than ``limit`` points.

    Neighbours share a strip of centres as wide as the disc: where a disc passes the cut, it lies in both pieces.

    Args:
        centres: where the centre of the sweeping disc may be.
        tips: ends of spokes; each adds points.
        disc: radius of the disc [nm].
        limit: largest number of points, holes cut open.
        density: points that hatching adds for each square nanometre.
    """
    everywhere = (-math.inf, -math.inf, math.inf, math.inf)
    where = shapely.get_coordinates(tips)
    found: list[Piece] = []
    _cut(centres, where, disc, limit, density, everywhere, found)
    reach = 2 * np.array(shapely.total_bounds([piece.centres for piece in found])) if found else np.zeros(4)
    far = float(np.abs(reach).max()) + 1e9
    return [Piece(piece.centres, _finite(piece.window, far)) for piece in found]


def _finite(window: tuple[float, float, float, float], far: float) -> tuple[float, float, float, float]:
    a, b, c, d = (min(max(value, -far), far) for value in window)
    return a, b, c, d


def _cut(
    centres: BaseGeometry,
    tips: NDArray[np.float64],
    disc: float,
    limit: int,
    density: float,
    window: tuple[float, float, float, float],
    found: list[Piece],
) -> None:
    if centres.is_empty:
        return
    x0, y0, x1, y1 = centres.bounds
    inside = (tips >= (x0, y0)).all(axis=1) & (tips <= (x1, y1)).all(axis=1)
    estimate = ROUNDING * points_cut_open(centres) + SPOKE_POINTS * int(inside.sum()) + density * centres.area
    if estimate <= limit or max(x1 - x0, y1 - y0) < 16 * disc:
        found.append(Piece(centres, window))
        return
    axis = 0 if x1 - x0 >= y1 - y0 else 1
    at = _quiet_place(centres, axis, hatched=density > 0)
    for side in (0, 1):
        kept, limits = [x0 - 1, y0 - 1, x1 + 1, y1 + 1], list(window)
        # side 0 keeps what lies below the cut (and a strip), side 1 what lies above
        edge = axis + 2 * (1 - side)
        sign = 1 if side == 0 else -1
        kept[edge] = at + sign * disc / 2
        limits[edge] = at + sign * (disc / 2 + disc)
        half = shapely.box(kept[0], kept[1], kept[2], kept[3])
        part = shapely.MultiPolygon(parts(centres & half))
        _cut(part, tips, disc, limit, density, (limits[0], limits[1], limits[2], limits[3]), found)


def _quiet_place(centres: BaseGeometry, axis: int, hatched: bool) -> float:
    """A whole-nanometre coordinate near the middle of the points that cuts through few holes.

    The points of a hatch are everywhere: there the middle of the extent counts as well.
    """
    along = np.sort(shapely.get_coordinates(centres)[:, axis])
    low, high = along[int(0.4 * len(along))], along[int(0.6 * len(along))]
    if hatched:
        low, high = np.clip((low, high), *np.quantile((along[0], along[-1]), (0.4, 0.6)))
    tried = np.unique(np.round(np.linspace(low, high, CANDIDATES)))
    rings = [ring for part in parts(centres) for ring in shapely.get_rings(part)[1:]]
    if not rings:
        return float(tried[len(tried) // 2])
    bounds = shapely.bounds(rings)
    hits = ((bounds[:, axis, None] < tried) & (bounds[:, axis + 2, None] > tried)).sum(axis=0)
    best = np.flatnonzero(hits == hits.min())
    middle = (len(tried) - 1) / 2
    return float(tried[min(best, key=lambda k: (abs(k - middle), k))])
