"""Exact distances between lines and arcs, and where two of them are nearest.

A piece is a row of nine numbers: start x, y, end x, y, bulge, centre x, y, radius, length [nm]. The bulge is zero for
a line; the sign of an arc says on which side of the chord from start to end it lies (+1: left). A point of the circle
lies on the arc where it is on that side of the chord, so no angles are needed.
"""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.route.compiled import compiled

FORGIVEN = 1e-6
"""What measuring in floating point may get wrong [nm]."""

COLUMNS = 9
LENGTH = 8
"""Column of the length."""


@compiled
def rows_of(pieces):  # type: ignore[no-untyped-def]
    """Rows of the pieces of ``Strokes``."""
    rows = np.zeros((len(pieces), COLUMNS))
    for k in range(len(pieces)):
        x, y, mx, my, ex, ey = pieces[k, 0], pieces[k, 1], pieces[k, 2], pieces[k, 3], pieces[k, 4], pieces[k, 5]
        rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3] = x, y, ex, ey
        if math.isnan(mx):
            rows[k, 8] = math.hypot(ex - x, ey - y)
            continue
        ax, ay, bx, by = mx - x, my - y, ex - x, ey - y
        d = 2 * (ax * by - ay * bx)
        a2, b2 = ax * ax + ay * ay, bx * bx + by * by
        rows[k, 5], rows[k, 6] = x + (by * a2 - ay * b2) / d, y + (ax * b2 - bx * a2) / d
        rows[k, 7] = math.hypot(rows[k, 5] - x, rows[k, 6] - y)
        rows[k, 4] = 1.0 if d < 0.0 else -1.0  # the middle lies left of the chord where the turn to it is left
        rows[k, 8] = rows[k, 7] * arc_sweep(rows[k])
    return rows


@compiled
def arc_sweep(row):  # type: ignore[no-untyped-def]
    """Angle of an arc [rad], positive."""
    a0 = math.atan2(row[1] - row[6], row[0] - row[5])
    a1 = math.atan2(row[3] - row[6], row[2] - row[5])
    # an arc on the left of its chord runs clockwise
    return ((a0 - a1) * row[4]) % (2 * math.pi)


@compiled
def on_arc(row, x, y):  # type: ignore[no-untyped-def]
    """Whether a point of the circle of an arc lies on the arc."""
    return ((row[2] - row[0]) * (y - row[1]) - (row[3] - row[1]) * (x - row[0])) * row[4] >= 0.0


@compiled
def from_point(row, x, y):  # type: ignore[no-untyped-def]
    """Distance of a point from a piece, and the point of the piece nearest to it."""
    if row[4] == 0.0:
        dx, dy = row[2] - row[0], row[3] - row[1]
        size = dx * dx + dy * dy
        part = 0.0
        if size > 0.0:
            part = min(1.0, max(0.0, ((x - row[0]) * dx + (y - row[1]) * dy) / size))
        px, py = row[0] + part * dx, row[1] + part * dy
        return math.hypot(x - px, y - py), px, py
    gone = math.hypot(x - row[5], y - row[6])
    if gone > 0.0:
        px, py = row[5] + (x - row[5]) / gone * row[7], row[6] + (y - row[6]) / gone * row[7]
        if on_arc(row, px, py):
            return abs(gone - row[7]), px, py
    first, last = math.hypot(x - row[0], y - row[1]), math.hypot(x - row[2], y - row[3])
    if first <= last:
        return first, row[0], row[1]
    return last, row[2], row[3]


@compiled
def between(a, b):  # type: ignore[no-untyped-def]
    """Distance between two pieces, and where they are nearest: x, y on the first, x, y on the second."""
    if a[4] == 0.0 and b[4] == 0.0:
        crossed, x, y = _cross_lines(a, b)
        if crossed:
            return 0.0, x, y, x, y
        best, px, py, qx, qy = np.inf, 0.0, 0.0, 0.0, 0.0
    elif a[4] == 0.0:
        best, px, py, qx, qy = _line_and_arc(a, b)
    elif b[4] == 0.0:
        best, qx, qy, px, py = _line_and_arc(b, a)
    else:
        best, px, py, qx, qy = _arcs(a, b)
    if best == 0.0:
        return best, px, py, qx, qy
    for end in range(2):
        d, x, y = from_point(b, a[2 * end], a[2 * end + 1])
        if d < best:
            best, px, py, qx, qy = d, a[2 * end], a[2 * end + 1], x, y
        d, x, y = from_point(a, b[2 * end], b[2 * end + 1])
        if d < best:
            best, px, py, qx, qy = d, x, y, b[2 * end], b[2 * end + 1]
    return best, px, py, qx, qy


@compiled
def _cross_lines(a, b):  # type: ignore[no-untyped-def]
    """Whether two lines cross, and where; lines that only touch are found by their ends."""
    ux, uy, vx, vy = a[2] - a[0], a[3] - a[1], b[2] - b[0], b[3] - b[1]
    d = ux * vy - uy * vx
    if d == 0.0:
        return False, 0.0, 0.0
    wx, wy = b[0] - a[0], b[1] - a[1]
    s, t = (wx * vy - wy * vx) / d, (wx * uy - wy * ux) / d
    return 0.0 <= s <= 1.0 and 0.0 <= t <= 1.0, a[0] + s * ux, a[1] + s * uy


@compiled
def _line_and_arc(line, arc):  # type: ignore[no-untyped-def]
    """Distance of the inner parts of a line and an arc: zero where they cross, infinite where only ends are near."""
    dx, dy = line[2] - line[0], line[3] - line[1]
    length = math.hypot(dx, dy)
    if length == 0.0:
        return np.inf, 0.0, 0.0, 0.0, 0.0
    dx, dy = dx / length, dy / length
    cx, cy, r = arc[5], arc[6], arc[7]
    foot = (cx - line[0]) * dx + (cy - line[1]) * dy
    fx, fy = line[0] + foot * dx, line[1] + foot * dy
    high = math.hypot(fx - cx, fy - cy)
    if high <= r:
        half = math.sqrt(r * r - high * high)
        for sign in (-1.0, 1.0):
            at = foot + sign * half
            x, y = line[0] + at * dx, line[1] + at * dy
            if 0.0 <= at <= length and on_arc(arc, x, y):
                return 0.0, x, y, x, y
    elif 0.0 <= foot <= length:
        qx, qy = cx + (fx - cx) / high * r, cy + (fy - cy) / high * r
        if on_arc(arc, qx, qy):
            return high - r, fx, fy, qx, qy
    return np.inf, 0.0, 0.0, 0.0, 0.0


@compiled
def _arcs(a, b):  # type: ignore[no-untyped-def]
    """The same of two arcs: they cross, or both are nearest on the line of their centres."""
    dx, dy = b[5] - a[5], b[6] - a[6]
    d = math.hypot(dx, dy)
    best, px, py, qx, qy = np.inf, 0.0, 0.0, 0.0, 0.0
    if d == 0.0:  # about one centre: an end of one lies over the other, or they are not beside each other
        return best, px, py, qx, qy
    dx, dy = dx / d, dy / d
    if abs(a[7] - b[7]) <= d <= a[7] + b[7]:
        along = (d * d + (a[7] - b[7]) * (a[7] + b[7])) / (2 * d)
        half = math.sqrt(max(0.0, a[7] * a[7] - along * along))
        for sign in (-1.0, 1.0):
            x, y = a[5] + along * dx - sign * half * dy, a[6] + along * dy + sign * half * dx
            if on_arc(a, x, y) and on_arc(b, x, y):
                return 0.0, x, y, x, y
    for one in (-1.0, 1.0):
        x, y = a[5] + one * a[7] * dx, a[6] + one * a[7] * dy
        if not on_arc(a, x, y):
            continue
        for two in (-1.0, 1.0):
            u, v = b[5] + two * b[7] * dx, b[6] + two * b[7] * dy
            if on_arc(b, u, v) and math.hypot(x - u, y - v) < best:
                best, px, py, qx, qy = math.hypot(x - u, y - v), x, y, u, v
    return best, px, py, qx, qy


@compiled
def distance(rows, x, y):  # type: ignore[no-untyped-def]
    """Distance of a place from a path [nm]; infinite from none."""
    best = np.inf
    for k in range(len(rows)):
        best = min(best, from_point(rows[k], x, y)[0])
    return best


@compiled
def along(rows, x, y):  # type: ignore[no-untyped-def]
    """How far along a path the point nearest to a place lies [nm]."""
    best, where, gone = np.inf, 0.0, 0.0
    for k in range(len(rows)):
        d, px, py = from_point(rows[k], x, y)
        if d < best:
            best = d
            where = gone + _part(rows[k], px, py)
        gone += rows[k, 8]
    return where


@compiled
def _part(row, x, y):  # type: ignore[no-untyped-def]
    """How far along a piece one of its points lies [nm]."""
    if row[4] == 0.0:
        return math.hypot(x - row[0], y - row[1])
    a0 = math.atan2(row[1] - row[6], row[0] - row[5])
    turn = ((a0 - math.atan2(y - row[6], x - row[5])) * row[4]) % (2 * math.pi)
    return row[7] * turn if turn < 2 * math.pi - 1e-9 else 0.0


@compiled
def place(rows, gone):  # type: ignore[no-untyped-def]
    """The point of a path that far along it; its start or end where there is no such point."""
    for k in range(len(rows)):
        if gone <= rows[k, 8] or k == len(rows) - 1:
            part = min(1.0, max(0.0, gone / rows[k, 8]))
            if rows[k, 4] == 0.0:
                return rows[k, 0] + part * (rows[k, 2] - rows[k, 0]), rows[k, 1] + part * (rows[k, 3] - rows[k, 1])
            a = math.atan2(rows[k, 1] - rows[k, 6], rows[k, 0] - rows[k, 5]) - rows[k, 4] * part * arc_sweep(rows[k])
            return rows[k, 5] + rows[k, 7] * math.cos(a), rows[k, 6] + rows[k, 7] * math.sin(a)
        gone -= rows[k, 8]
    return 0.0, 0.0
