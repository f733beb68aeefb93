"""Distances between the skeleton pieces of two tables, for many pairs at once, as floats.

Error: below ``1e-6 nm + 1e-14 * radius`` for coordinates within two metres (tests compare with ``exact``). Everything
is computed relative to a corner of the first piece, so that positions lose no digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kicad_rdl.check.primitives import Floats, Ints, Table, within_sweep


def distances(a: Table, i: Ints, b: Table, j: Ints) -> Floats:
    """Skeleton distance of rows ``i`` of ``a`` to rows ``j`` of ``b`` [nm]; 0 where they cross."""
    result = np.empty(len(i), dtype=np.float64)
    arc_i, arc_j = a.is_arc[i], b.is_arc[j]
    for mask, function in (
        (~arc_i & ~arc_j, _straight_straight),
        (arc_i & ~arc_j, _arc_straight),
        (arc_i & arc_j, _arc_arc),
    ):
        if mask.any():
            result[mask] = function(a, i[mask], b, j[mask])
    mask = ~arc_i & arc_j
    if mask.any():
        result[mask] = _arc_straight(b, j[mask], a, i[mask])
    return result


def point_segment(px: Floats, py: Floats, ax: Floats, ay: Floats, bx: Floats, by: Floats) -> Floats:
    """Distance of points to segments; exact where the segment is axis-parallel or a point and all is on the grid."""
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    along = (px - ax) * dx + (py - ay) * dy
    with np.errstate(invalid="ignore", divide="ignore"):
        across = np.abs((px - ax) * dy - (py - ay) * dx) / np.sqrt(length2)
    to_a, to_b = np.hypot(px - ax, py - ay), np.hypot(px - bx, py - by)
    result: Floats = np.where(along <= 0, to_a, np.where(along >= length2, to_b, across))
    return result


def _straight_straight(a: Table, i: Ints, b: Table, j: Ints) -> Floats:
    p, q = (a.ax[i], a.ay[i], a.bx[i], a.by[i]), (b.ax[j], b.ay[j], b.bx[j], b.by[j])
    least = np.minimum(
        np.minimum(point_segment(p[0], p[1], *q), point_segment(p[2], p[3], *q)),
        np.minimum(point_segment(q[0], q[1], *p), point_segment(q[2], q[3], *p)),
    )
    dx, dy = p[2] - p[0], p[3] - p[1]
    ex, ey = q[2] - q[0], q[3] - q[1]
    side_a = dx * (q[1] - p[1]) - dy * (q[0] - p[0])
    side_b = dx * (q[3] - p[1]) - dy * (q[2] - p[0])
    side_c = ex * (p[1] - q[1]) - ey * (p[0] - q[0])
    side_d = ex * (p[3] - q[1]) - ey * (p[2] - q[0])
    cross = (side_a * side_b < 0) & (side_c * side_d < 0)
    result: Floats = np.where(cross, 0.0, least)
    return result


def _point_arc(px: Floats, py: Floats, b: Table, j: Ints) -> Floats:
    dx, dy = px - b.cx[j], py - b.cy[j]
    ring = np.abs(np.hypot(dx, dy) - b.r[j])
    ends = np.minimum(np.hypot(px - b.ax[j], py - b.ay[j]), np.hypot(px - b.bx[j], py - b.by[j]))
    result: Floats = np.where(within_sweep(b, j, dx, dy), np.minimum(ring, ends), ends)
    return result


def _arc_straight(a: Table, i: Ints, b: Table, j: Ints) -> Floats:
    q = (b.ax[j], b.ay[j], b.bx[j], b.by[j])
    least = np.minimum(
        np.minimum(point_segment(a.ax[i], a.ay[i], *q), point_segment(a.bx[i], a.by[i], *q)),
        np.minimum(_point_arc(q[0], q[1], a, i), _point_arc(q[2], q[3], a, i)),
    )
    dx, dy = q[2] - q[0], q[3] - q[1]
    length = np.hypot(dx, dy)
    with np.errstate(invalid="ignore", divide="ignore"):
        ux, uy = np.where(length > 0, dx / length, 0.0), np.where(length > 0, dy / length, 0.0)
    along = (a.cx[i] - q[0]) * ux + (a.cy[i] - q[1]) * uy
    across = (a.cx[i] - q[0]) * uy - (a.cy[i] - q[1]) * ux
    # The foot of the centre on the line is at  centre + across * (-uy, ux).
    beside = (along >= 0) & (along <= length) & within_sweep(a, i, -uy * across, ux * across)
    outside = np.abs(across) - a.r[i]
    least = np.where(beside & (outside >= 0), np.minimum(least, outside), least)
    chord = np.sqrt(np.maximum(a.r[i] * a.r[i] - across * across, 0.0))
    for sign in (1.0, -1.0):
        t = along + sign * chord
        hx, hy = -uy * across + sign * chord * ux, ux * across + sign * chord * uy
        crosses = (outside < 0) & (t >= 0) & (t <= length) & (length > 0) & within_sweep(a, i, hx, hy)
        least = np.where(crosses, 0.0, least)
    return least


def _arc_arc(a: Table, i: Ints, b: Table, j: Ints) -> Floats:
    least = np.minimum(
        np.minimum(_point_arc(a.ax[i], a.ay[i], b, j), _point_arc(a.bx[i], a.by[i], b, j)),
        np.minimum(_point_arc(b.ax[j], b.ay[j], a, i), _point_arc(b.bx[j], b.by[j], a, i)),
    )
    dx, dy = b.cx[j] - a.cx[i], b.cy[j] - a.cy[i]
    apart = np.hypot(dx, dy)
    with np.errstate(invalid="ignore", divide="ignore"):
        ux, uy = np.where(apart > 0, dx / apart, 0.0), np.where(apart > 0, dy / apart, 0.0)
    ra, rb = a.r[i], b.r[j]
    for sa in (1.0, -1.0):
        for sb in (1.0, -1.0):
            # Common normals of two circles lie on the line of their centres.
            gap = np.abs(apart + sb * rb - sa * ra)
            on_both = (apart > 0) & within_sweep(a, i, sa * ux, sa * uy) & within_sweep(b, j, sb * ux, sb * uy)
            least = np.where(on_both, np.minimum(least, gap), least)
    with np.errstate(invalid="ignore", divide="ignore"):
        along = np.where(apart > 0, (apart * apart + ra * ra - rb * rb) / (2 * apart), 0.0)
    up2 = ra * ra - along * along
    meet: NDArray[np.bool_] = (apart > 0) & (up2 >= 0)
    up = np.sqrt(np.maximum(up2, 0.0))
    for sign in (1.0, -1.0):
        hx, hy = along * ux - sign * up * uy, along * uy + sign * up * ux
        crosses = meet & within_sweep(a, i, hx, hy) & within_sweep(b, j, hx - dx, hy - dy)
        least = np.where(crosses, 0.0, least)
    return least
