"""The best octilinear link between two points of a trace: at most three pieces that keep clear of all other copper.

Two points apart by S along an axis and T along a diagonal are joined, at the least octilinear length, by any way that
runs in these two directions only: axis then diagonal, diagonal then axis, or one of them split around the other. Where
the split part runs is found by leaning on what blocks it: traces that turn side by side come to lie side by side.
"""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.copperfield import FREE, OUTSIDE, blocker

LEANS = 24
"""How often a split part may be moved away from what blocks it."""

FORBIDDEN = 1.0e6
"""Price of a turn beyond a right angle."""


@compiled
def turn_price(ux, uy, vx, vy):  # type: ignore[no-untyped-def]
    """Price of the turn between two directions: 1 for an eighth, 2.6 for a quarter; none before the first piece."""
    if (ux == 0.0 and uy == 0.0) or (vx == 0.0 and vy == 0.0):
        return 0.0
    dot, cross = ux * vx + uy * vy, ux * vy - uy * vx
    if cross == 0.0 and dot > 0.0:
        return 0.0
    angle = abs(math.atan2(cross, dot)) * 4.0 / math.pi
    if angle <= 1.001:
        return max(angle, 0.2)
    if angle <= 2.0001:
        return 1.0 + 1.6 * (angle - 1.0)
    return FORBIDDEN


@compiled
def _chain_price(points, count, before, after):  # type: ignore[no-untyped-def]
    price = 0.0
    ux, uy = before[0], before[1]
    for i in range(count - 1):
        vx, vy = points[i + 1, 0] - points[i, 0], points[i + 1, 1] - points[i, 1]
        if vx == 0.0 and vy == 0.0:
            continue
        price += turn_price(ux, uy, vx, vy)
        ux, uy = vx, vy
    return price + turn_price(ux, uy, after[0], after[1])


@compiled
def _blocked(arrays, own, points, count):  # type: ignore[no-untyped-def]
    """Index of a piece that is not free and what blocks it; (-1, FREE) where all are. The second piece goes first."""
    for i in range(count - 1):
        k = (i + 1) % (count - 1)
        ax, ay, bx, by = points[k, 0], points[k, 1], points[k + 1, 0], points[k + 1, 1]
        if ax != bx or ay != by:
            s = blocker(arrays, own, ax, ay, bx, by)
            if s != FREE:
                return k, s
    return -1, FREE


@compiled
def best_link(arrays, own, ax, ay, bx, by, before, after, most, pieces):  # type: ignore[no-untyped-def]
    """The link of least price below ``most``; returns (price, points, how many), how many is 0 for none.

    Args:
        arrays, own: see ``blocker``.
        ax, ay, bx, by: the points, on the grid [nm].
        before, after: directions of the pieces before and after; zero for none.
        most: price to stay below.
        pieces: 2 or 3, how many the link may have.
    """
    best = np.zeros((4, 2))
    points = np.zeros((4, 2))
    best_price, best_count = most, 0
    dx, dy = bx - ax, by - ay
    wide, high = abs(dx), abs(dy)
    sx = 1.0 if dx > 0 else -1.0
    sy = 1.0 if dy > 0 else -1.0
    diagonal = min(wide, high)
    axis = max(wide, high) - diagonal
    # steps of one nanometre of axis part, of diagonal part
    px, py = (sx, 0.0) if wide >= high else (0.0, sy)
    qx, qy = sx, sy
    points[0, 0], points[0, 1] = ax, ay
    straight = axis == 0.0 or diagonal == 0.0
    for first in range(1 if straight else 2):
        if straight:
            points[1, 0], points[1, 1] = bx, by
        elif first == 0:
            points[1, 0], points[1, 1] = ax + axis * px, ay + axis * py
        else:
            points[1, 0], points[1, 1] = ax + diagonal * qx, ay + diagonal * qy
        points[2, 0], points[2, 1] = bx, by
        count = 2 if straight else 3
        price = _chain_price(points, count, before, after)
        if price < best_price and _blocked(arrays, own, points, count)[0] < 0:
            best_price, best_count = price, count
            best[:3] = points[:3]
    if best_count > 0 or pieces < 3 or straight:
        return best_price, best, best_count
    xy, reach = arrays[4], arrays[5]
    # no piece shorter than the trace is wide
    least = math.ceil(2.0 * own[0])
    for kind in range(2):
        # kind 0: axis, diagonal, axis; kind 1: diagonal, axis, diagonal
        if kind == 0:
            size, ux, uy, mx, my, middle = axis, px, py, qx, qy, diagonal
        else:
            size, ux, uy, mx, my, middle = diagonal, qx, qy, px, py, axis
        # c(P): how far along u the line through P in direction m is; one step of u is det / |m| off that line
        det = ux * my - uy * mx
        stretch = math.hypot(mx, my) / abs(det)
        if size < 2.0 * least:
            continue
        # the turns do not depend on where the middle part runs
        points[1, 0], points[1, 1] = ax + least * ux, ay + least * uy
        points[2, 0], points[2, 1] = points[1, 0] + middle * mx, points[1, 1] + middle * my
        points[3, 0], points[3, 1] = bx, by
        price = _chain_price(points, 4, before, after)
        if price >= best_price:
            continue
        for sweep in range(4):
            direction = 1.0 if sweep % 2 == 0 else -1.0
            if sweep == 0:
                c = least
            elif sweep == 1:
                c = size - least
            else:
                c = math.floor(size / 2)
            for _ in range(LEANS):
                if c < least or c > size - least:
                    break
                points[1, 0], points[1, 1] = ax + c * ux, ay + c * uy
                points[2, 0], points[2, 1] = points[1, 0] + middle * mx, points[1, 1] + middle * my
                piece, s = _blocked(arrays, own, points, 4)
                if s == FREE:
                    best_price, best_count = price, 4
                    best[:4] = points[:4]
                    break
                if piece == 1 and s == OUTSIDE:
                    break
                if piece != 1:
                    # the ends of the link are blocked: look on, a little farther
                    c = c + direction * max(1.0, math.floor(size / LEANS))
                    continue
                low, high_end = math.inf, -math.inf
                for e in range(2):
                    ex, ey = xy[s, 2 * e] - ax, xy[s, 2 * e + 1] - ay
                    along = (ex * my - ey * mx) / det
                    low, high_end = min(low, along), max(high_end, along)
                keep = (reach[s] + own[0]) * stretch
                c = math.ceil(high_end + keep) if direction > 0 else math.floor(low - keep)
            if best_price == price:
                break
    return best_price, best, best_count
