"""Triangles between the obstacles of a layer: arrays in, arrays out."""

from __future__ import annotations

from bisect import bisect
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, cKDTree

F64: TypeAlias = NDArray[np.float64]
I64: TypeAlias = NDArray[np.int64]

SHEAR = 1.0e-7
"""Breaks the ties of cocircular points (regular grids) always the same way: the diagonal of a square cell is the one
that the shear x += SHEAR * y shortens. Far below one nanometre over a package."""


def regular_triangulation(xy: F64, radius: F64) -> I64:
    """The Delaunay triangulation of discs in the power metric: [t, 3] vertices, in any orientation.

    Between pads of very different size the plain one, of centres only, misses the narrow places. Disjoint discs are
    all vertices of it. It is the lower side of the convex hull of the points (x, y, x^2 + y^2 - r^2).
    """
    scale = float(np.abs(xy).max())
    x, y = xy[:, 0] / scale, xy[:, 1] / scale
    x = x + SHEAR * y  # the sides of the outline stay straight
    lifted = np.stack([x, y, x * x + y * y - (radius / scale) ** 2], axis=1)
    hull = ConvexHull(lifted, qhull_options="Qt")
    return np.asarray(hull.simplices[hull.equations[:, 2] < -1e-9], dtype=np.int64)


def outline_points(points: F64, half_width: float, half_height: float) -> tuple[F64, F64]:
    """Corners of the outline, and the feet of the obstacles that see it, so that gaps to the edge stand upright."""
    found: list[tuple[float, float]] = []
    normals: list[tuple[float, float, float, float]] = []
    for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        found.append((sx * half_width, sy * half_height))
        normals.append((-sx, 0.0, 0.0, -sy))
    if not len(points):
        return np.array(found), np.array(normals)
    pitch = 0.75 * max(1.0, float(np.median(_nearest(points)))) if len(points) > 1 else half_width
    for axis, sign in ((0, -1), (0, 1), (1, -1), (1, 1)):
        side, along_half = (half_width, half_height) if axis == 0 else (half_height, half_width)
        depth = side - sign * points[:, axis]
        along = points[:, 1 - axis]
        order = np.lexsort((along, depth))
        taken: list[float] = [-along_half, along_half]
        for index in order:
            place = float(along[index])
            # a foot nearer to another than a quarter of the obstacle's own distance adds nothing
            apart = max(pitch, 0.5 * float(depth[index]))
            after = bisect(taken, place)
            if min(abs(place - other) for other in taken[max(after - 1, 0) : after + 1]) < apart:
                continue
            taken.insert(after, place)
            found.append((sign * side, place) if axis == 0 else (place, sign * side))
            normals.append((-sign, 0.0, 0.0, 0.0) if axis == 0 else (0.0, -sign, 0.0, 0.0))
    return np.array(found), np.array(normals)


def _nearest(points: F64) -> F64:
    """Distance of every point to its nearest neighbour [nm]."""
    distance, _ = cKDTree(points).query(points, k=2)
    return np.asarray(distance).reshape(len(points), 2)[:, 1]


def tiles_around(triangles: I64, count: int) -> tuple[I64, I64]:
    """Tiles around every vertex: those of vertex v are ``tiles[start[v] : start[v + 1]]``.

    Returns:
        start: [count + 1].
        tiles: [3 triangles].
    """
    owner = triangles.ravel()
    start = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))])
    return start, np.argsort(owner, kind="stable") // 3


def counter_clockwise(xy: F64, simplices: I64) -> I64:
    """Orients, drops flat triangles, sorts."""
    a, b, c = xy[simplices[:, 0]], xy[simplices[:, 1]], xy[simplices[:, 2]]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    simplices = simplices[area != 0]
    area = area[area != 0]
    flipped = simplices.copy()
    flipped[area < 0] = simplices[area < 0][:, ::-1]
    first = np.argmin(flipped, axis=1)
    rows = np.arange(len(flipped))
    turned = np.stack([flipped[rows, (first + k) % 3] for k in range(3)], axis=1)
    return turned[np.lexsort(turned.T[::-1])]


def edges_of(triangles: I64) -> tuple[I64, I64, I64]:
    """Unique edges, the edges of each triangle, the triangles of each edge."""
    pairs = np.concatenate([np.stack([triangles[:, k], triangles[:, (k + 1) % 3]], axis=1) for k in range(3)])
    forward = pairs[:, 0] < pairs[:, 1]
    edges, inverse = np.unique(np.sort(pairs, axis=1), axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    count = len(triangles)
    triangle_edges = inverse.reshape(3, count).T.copy()
    edge_triangles = np.full((len(edges), 2), -1, dtype=np.int64)
    owner = np.tile(np.arange(count), 3)
    # a triangle is counter-clockwise: it lies to the left of its edges
    edge_triangles[inverse[forward], 0] = owner[forward]
    edge_triangles[inverse[~forward], 1] = owner[~forward]
    return edges.astype(np.int64), triangle_edges.astype(np.int64), edge_triangles
