"""Who gets which part of a layer that several planes share: the lines halfway between their skeletons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree
from shapely.geometry.base import BaseGeometry

MOST_SITES = 8_000
"""Points that stand for all skeletons and terminals of a layer; more would only smooth the lines further."""


def sites_of(seeds: Sequence[BaseGeometry], least_step: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points along what every plane must reach.

    Args:
        seeds: per plane, the geometries it grows from.
        least_step: points are not closer than this along a line [nm].

    Returns:
        Points [nm] (n, 2) without repeats, and the index of the plane of each (n,).
    """
    length = sum(seed.length for seed in seeds)
    step = max(least_step, length / MOST_SITES)
    fine = [shapely.get_coordinates(shapely.segmentize(seed, step)) for seed in seeds]
    points = np.concatenate(fine)
    owner = np.repeat(np.arange(len(seeds)), [len(f) for f in fine])
    _, kept = np.unique(np.round(points), axis=0, return_index=True)
    kept.sort()
    return points[kept], owner[kept]


def borders(points: NDArray[np.float64], owner: NDArray[np.int64], tolerance: float) -> BaseGeometry:
    """The edges of the Voronoi diagram between points of different planes, smoothed within ``tolerance`` [nm]."""
    low, high = points.min(axis=0), points.max(axis=0)
    centre, reach = (low + high) / 2, 20 * float((high - low).max() + 1)
    # four points far out close every cell of a real point; the borders between them lie outside any package
    far = centre + reach * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=float)
    diagram = Voronoi(np.concatenate([points - centre, far - centre]))
    owners = np.concatenate([owner, np.full(4, -1)])
    first, second = owners[diagram.ridge_points].T
    ends = np.array(diagram.ridge_vertices)
    wanted = (first != second) & (first >= 0) & (second >= 0) & (ends >= 0).all(axis=1)
    lines = diagram.vertices[ends[wanted]] + centre
    lines = lines[np.abs(lines[:, 0] - lines[:, 1]).max(axis=1) > 0.5]
    lines = lines[np.lexsort(lines.reshape(len(lines), 4).T)]
    merged = shapely.line_merge(shapely.union_all(shapely.linestrings(np.round(lines))))
    return shapely.simplify(merged, tolerance)


def owners_of(
    faces: Sequence[BaseGeometry], points: NDArray[np.float64], owner: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The plane of each face: that of the site nearest to a point in its inside."""
    inside = shapely.get_coordinates([shapely.point_on_surface(face) for face in faces])
    _, nearest = cKDTree(points).query(inside)
    found: NDArray[np.int64] = owner[nearest]
    return found
