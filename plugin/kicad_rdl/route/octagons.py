"""Octagons: discs of the norm in which traces of eight directions keep their distance.

Eight outward directions k at k * 45 degrees; a convex octagon is eight bounds. Bounds lie on the grid (``x``, ``x + y``
... are integers), so the corners of an octagon do, and every side is exactly horizontal, vertical or diagonal. Two
traces along nested octagons are parallel lines at the difference of the radii.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from kicad_rdl.route.taut import Corridors
from kicad_rdl.route.tiles import F64

NORMALS = np.array([(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)], dtype=np.float64)
"""Outward directions, counter-clockwise; those between the axes are sqrt(2) long."""

LENGTHS = np.hypot(NORMALS[:, 0], NORMALS[:, 1])


def octagonal_distance(dx: float, dy: float) -> float:
    """Radius of the octagon around the origin on whose rim a point lies [nm]; at most the straight distance."""
    dx, dy = abs(dx), abs(dy)
    return max(dx, dy, (dx + dy) / math.sqrt(2))


def corners_around(centre: F64, radius: F64) -> F64:
    """[n, 8, 2] corners on the grid of the octagons around discs [n, 2], [n]; no disc sticks out."""
    bounds = np.ceil(centre @ NORMALS.T + radius[:, None] * LENGTHS - 1e-6)
    after, normal = np.roll(bounds, -1, axis=1), NORMALS
    following = np.roll(normal, -1, axis=0)
    # neighbouring directions have determinant one
    x = bounds * following[:, 1] - after * normal[:, 1]
    y = after * normal[:, 0] - bounds * following[:, 0]
    return np.stack([x, y], axis=2)


def octagonal(corridors: Corridors) -> Corridors:
    """The corridors with octagons for discs, as their corners: discs of radius zero on the grid."""
    discs, ranges = corridors.discs, corridors.disc_range
    owner = np.repeat(np.arange(len(corridors.ends)), np.diff(corridors.disc_start))
    radius = discs[:, 2].copy()
    for k in (0, 2):
        # an octagon reaches farther than its disc: never over an end of the wire
        delta = np.abs(corridors.ends[owner, k : k + 2] - discs[:, :2])
        apart = np.maximum(delta.max(axis=1, initial=0.0), delta.sum(axis=1) / math.sqrt(2)) - 2.0
        inside = (apart < radius) & (apart > 0)
        radius[inside] = apart[inside]
    count = np.where(radius > 0, 8, 1)
    first = np.concatenate([[0], np.cumsum(count)])
    source = np.repeat(np.arange(len(discs)), count)
    corner = np.arange(len(source)) - first[source]
    places = corners_around(discs[:, :2], radius)
    new = discs[source].copy()
    around = radius[source] > 0
    new[around, :2] = places[source[around], corner[around]]
    new[:, 2] = 0.0
    new[around, 4] = 0.0
    portal_discs = corridors.portal_discs.copy()
    for side in (0, 1):
        disc = corridors.portal_discs[:, side]
        apart = places[disc] - corridors.portals[:, None, 2 * side : 2 * side + 2]
        nearest = np.argmin((apart**2).sum(axis=2), axis=1)
        portal_discs[:, side] = first[disc] + np.where(radius[disc] > 0, nearest, 0)
    return replace(
        corridors,
        portal_discs=portal_discs,
        disc_start=first[corridors.disc_start],
        discs=new,
        disc_range=ranges[source],
    )
