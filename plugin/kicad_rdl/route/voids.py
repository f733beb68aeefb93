"""What copper must stay away from, as cores with radii, and the polygons around them.

A core is a point, a line or a polygon; its void is everything within its radius. Polygons stand *around* a void and
never cut into it, so that no chord comes closer than the rule; they are grown once more by half the least width, which
turns "where may copper be" into "where may the centre of a disc of least width be" (mathematical morphology: opening).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString as ShapelyLine
from shapely.geometry import Point as ShapelyPoint
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Circle, Path, Point, Polygon, Shape, path_points, shapely_of, shapely_polygon
from kicad_rdl.units import UM, Nm

Geometries: TypeAlias = NDArray[np.object_]

GRID_MARGIN: Nm = 2
"""Rounding a vertex to the grid moves an edge by less than 1 nm; one more for the noise of floats [nm]."""

SIMPLIFY = 0.01
"""GEOS drops vertices before it buffers, where that moves the result by less than this part of the distance."""

ROUND = 8
"""Segments per quarter of GEOS' round joins."""


def chord(segments: int) -> float:
    """A round join of GEOS is drawn inside its arc, by steps of at most one and a half segments; this lifts it outside.

    Args:
        segments: per quarter.
    """
    return 1 / math.cos(1.5 * math.pi / segments / 4) + SIMPLIFY


CHORD = chord(ROUND)

ARC_TOLERANCE = 200.0
"""How far the straight pieces that stand for an arc of a trace may leave it [nm]; added to its radius."""

RIM = 1.05
"""How much farther than by its reserve the corner of a grown polygon may reach; 1 / cos of half a step of 16."""

STAND_OUT = 1.0 * UM
"""How far the corners of a polygon around a circle may stand out beyond it [nm]."""


@dataclass(frozen=True, slots=True)
class Land:
    """Foreign copper with a shape: a pad, a via land, a capture pad."""

    at: Point
    shape: Shape
    clearance: Nm
    net: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Foreign copper along a path: a trace."""

    path: Path
    width: Nm
    clearance: Nm
    net: str | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """Foreign copper with an outline: a teardrop, a plane that is already there."""

    outline: Polygon
    clearance: Nm
    net: str | None = None


Copper: TypeAlias = Land | Run | Patch


@dataclass(frozen=True, slots=True)
class Voids:
    """Cores (points, lines, polygons) and the radius of the void around each [nm]; arrays of equal length."""

    cores: Geometries
    radii: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.radii)

    def joined(self, *others: Voids) -> Voids:
        """These and the others."""
        every = (self, *others)
        return Voids(np.concatenate([v.cores for v in every]), np.concatenate([v.radii for v in every]))


NO_VOIDS = Voids(np.empty(0, dtype=object), np.empty(0))


def geometries(items: Iterable[BaseGeometry]) -> Geometries:
    """An object array of geometries; numpy would otherwise look into them."""
    found = list(items)
    array = np.empty(len(found), dtype=object)
    array[:] = found
    return array


def line_of(path: Path) -> ShapelyLine:
    """The path as straight pieces, within ``ARC_TOLERANCE``."""
    return ShapelyLine(path_points(path, ARC_TOLERANCE))


def void_of(copper: Copper, clearance: Nm | None = None) -> tuple[BaseGeometry, float]:
    """Core and radius of one thing; its own clearance unless another is given."""
    away = float(copper.clearance if clearance is None else clearance) + GRID_MARGIN
    match copper:
        case Land(at, Circle(diameter)):
            return ShapelyPoint(at.x, at.y), diameter / 2 + away
        case Land(at, shape):
            return shapely_of(shape, at), away
        case Run(path, width):
            return line_of(path), width / 2 + away + ARC_TOLERANCE
        case Patch(outline):
            return shapely_polygon(outline), away


def voids_of(coppers: Sequence[Copper]) -> Voids:
    """The voids around foreign copper."""
    if not coppers:
        return NO_VOIDS
    pairs = [void_of(copper) for copper in coppers]
    return Voids(geometries(core for core, _ in pairs), np.array([radius for _, radius in pairs], dtype=float))


def around(voids: Voids, more: float, segments: int = ROUND) -> Geometries:
    """Polygons around the voids grown by ``more`` [nm], with round joins of ``segments`` per quarter around lines:
    never inside the exact shape."""
    kinds = shapely.get_type_id(voids.cores)
    polygons = np.empty(len(voids), dtype=object)
    counts = np.where(kinds == 0, _segments(voids.radii), 0)
    for count in np.unique(counts[counts > 0]):
        chosen = counts == count
        polygons[chosen] = _around_points(voids.cores[chosen], voids.radii[chosen] + more, int(count))
    areas = (kinds == 3) & (shapely.get_num_coordinates(voids.cores) <= 9)
    polygons[areas] = shapely.buffer(voids.cores[areas], voids.radii[areas] + more, join_style="mitre")
    rest = (kinds != 0) & ~areas
    polygons[rest] = shapely.buffer(voids.cores[rest], (voids.radii[rest] + more) * chord(segments), quad_segs=segments)
    return polygons


def _segments(radii: NDArray[np.float64]) -> NDArray[np.int64]:
    """Corners of the polygon around a circle: 16 to 48, a multiple of 8 so that it mirrors and turns into itself."""
    safe = np.maximum(radii, 1.0)
    half = np.arccos(safe / (safe + STAND_OUT))
    counts: NDArray[np.int64] = np.clip(8 * np.ceil(math.pi / half / 8), 16, 48).astype(np.int64)
    return counts


def _around_points(points: Geometries, radii: NDArray[np.float64], count: int) -> Any:
    angles = (2 * np.arange(count) + 1) * math.pi / count
    unit = np.stack([np.cos(angles), np.sin(angles)], axis=1) / math.cos(math.pi / count)
    centres = shapely.get_coordinates(points)
    return shapely.polygons(centres[:, None, :] + radii[:, None, None] * unit[None, :, :])


def bridges(voids: Voids, grown: Geometries, boundary: BaseGeometry, reserve: float) -> list[BaseGeometry]:
    """Lines across every gap between two voids, or a void and the boundary, that a disc of least width does not pass.

    The copper left on both sides by discs that come close would touch in a neck thinner than the rule. A void along
    the line takes the neck away.

    Args:
        voids: all of them.
        grown: their polygons, grown by ``reserve``.
        boundary: of the layer.
        reserve: what the centre of a disc keeps from a void [nm].
    """
    bare = around(voids, 0.0)
    first, second = shapely.STRtree(grown).query(grown, predicate="intersects")
    pairs = np.sort(np.stack([first, second])[:, first < second], axis=0)
    a, b = pairs[:, np.lexsort(pairs[::-1])]
    narrow = ~np.asarray(shapely.intersects(bare[a], bare[b]), dtype=bool)
    rim = boundary.boundary
    gaps = shapely.distance(bare, rim)
    near = (gaps > 0) & (gaps < 2 * reserve * RIM)
    return [
        *shapely.shortest_line(bare[a[narrow]], bare[b[narrow]]),
        *shapely.shortest_line(bare[near], rim),
    ]
