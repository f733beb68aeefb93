"""Meeting points: the places whose distances to some points add up to least, and the shortest tree over points."""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.metric import DIAGONAL

STEPS = 2000
"""Bound on the steps to a meeting point."""

CLOSE = 0.01
"""A step this short is the last [nm]."""

TURNS = 30
"""Bound on the turns that two meeting points take."""

ACROSS = np.array([(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, -1.0)])
"""Across the lines of the eight directions."""


@compiled
def apart(ax, ay, bx, by, octilinear):  # type: ignore[no-untyped-def]
    """Length of a step in the metric [nm]; ``metric.distance`` as machine code."""
    dx, dy = abs(ax - bx), abs(ay - by)
    return max(dx, dy) + DIAGONAL * min(dx, dy) if octilinear else math.sqrt(dx * dx + dy * dy)


@compiled
def _sum(ends, x, y, octilinear):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(len(ends)):
        total += apart(ends[k, 0], ends[k, 1], x, y, octilinear)
    return total


@compiled
def crossings(ends):  # type: ignore[no-untyped-def]
    """[n, 2] the ends, and all crossings of lines of the eight directions through two of them."""
    size = len(ends)
    found = np.zeros((size + 6 * size * (size - 1), 2))
    found[:size] = ends
    n = size
    for i in range(size):
        for j in range(i + 1, size):
            for k in range(4):
                for m in range(4):
                    det = ACROSS[k, 0] * ACROSS[m, 1] - ACROSS[k, 1] * ACROSS[m, 0]
                    if det != 0.0:
                        c = ACROSS[k, 0] * ends[i, 0] + ACROSS[k, 1] * ends[i, 1]
                        d = ACROSS[m, 0] * ends[j, 0] + ACROSS[m, 1] * ends[j, 1]
                        found[n, 0] = (c * ACROSS[m, 1] - d * ACROSS[k, 1]) / det
                        found[n, 1] = (ACROSS[k, 0] * d - ACROSS[m, 0] * c) / det
                        n += 1
    return found[:n]


@compiled
def _fermat(ends):  # type: ignore[no-untyped-def]
    """The point from which all sides of a triangle are seen under 120 degrees, or the corner that is blunter."""
    weights = np.zeros(3)
    for k in range(3):
        ux, uy = ends[(k + 1) % 3, 0] - ends[k, 0], ends[(k + 1) % 3, 1] - ends[k, 1]
        vx, vy = ends[(k + 2) % 3, 0] - ends[k, 0], ends[(k + 2) % 3, 1] - ends[k, 1]
        angle = abs(math.atan2(ux * vy - uy * vx, ux * vx + uy * vy))
        if angle >= 2.0 * math.pi / 3.0 - 1e-9 or (ux == 0.0 and uy == 0.0) or (vx == 0.0 and vy == 0.0):
            return ends[k].copy()
        # barycentric coordinates of the first isogonic centre: side / sin(angle + 60 degrees)
        weights[k] = math.hypot(ux - vx, uy - vy) / math.sin(angle + math.pi / 3.0)
    total = weights.sum()
    at = np.zeros(2)
    for k in range(3):
        at += ends[k] * weights[k] / total
    return at


@compiled
def meeting(ends, octilinear):  # type: ignore[no-untyped-def]
    """See ``meeting_point``; more than three ends in Euclid's metric go by Weiszfeld's iteration."""
    places = crossings(ends) if octilinear else ends
    at = places[0].copy()
    least = np.inf
    for k in range(len(places)):
        total = _sum(ends, places[k, 0], places[k, 1], octilinear)
        if total < least - CLOSE:
            least = total
            at[0], at[1] = places[k, 0], places[k, 1]
    if octilinear:
        return at
    if len(ends) == 3:
        return _fermat(ends)
    here = np.zeros(2)
    for k in range(len(ends)):
        here += ends[k] / len(ends)
    for _ in range(STEPS):
        new = np.zeros(2)
        weights = 0.0
        for k in range(len(ends)):
            weight = 1.0 / max(math.hypot(ends[k, 0] - here[0], ends[k, 1] - here[1]), 1e-3)
            new += ends[k] * weight
            weights += weight
        new /= weights
        gone = max(abs(new[0] - here[0]), abs(new[1] - here[1]))
        here = new
        if gone < CLOSE:
            break
    return here if _sum(ends, here[0], here[1], octilinear) < least - CLOSE else at


@compiled
def two_meetings(ends, octilinear):  # type: ignore[no-untyped-def]
    """[2, 2] two places, the first to be joined to the first two of four ends, the second to the others; the length."""
    best = np.zeros((2, 2))
    least = np.inf
    three = np.zeros((3, 2))
    begin = crossings(ends) if octilinear else (ends[:1] + ends[1:2]) / 2
    for k in range(len(begin)):
        one = begin[k].copy()
        two = one
        before = np.inf
        for _ in range(TURNS):
            three[0], three[1], three[2] = one, ends[2], ends[3]
            two = meeting(three, octilinear)
            three[0], three[1], three[2] = two, ends[0], ends[1]
            one = meeting(three, octilinear)
            total = _sum(three, one[0], one[1], octilinear) + _sum(ends[2:], two[0], two[1], octilinear)
            if total > before - 1.0:
                break
            before = total
        if total < least - CLOSE:
            least = total
            best[0], best[1] = one, two
    return best, least


@compiled
def spanning_edges(points, octilinear):  # type: ignore[no-untyped-def]
    """Prim: edges of the shortest tree."""
    n = len(points)
    edges = np.zeros((max(n - 1, 0), 2), np.int64)
    best = np.full(n, np.inf)
    origin = np.zeros(n, np.int64)
    joined = np.zeros(n, np.bool_)
    last = 0
    for step in range(n - 1):
        joined[last] = True
        nearest, where = np.inf, -1
        for k in range(n):
            if joined[k]:
                continue
            length = apart(points[k, 0], points[k, 1], points[last, 0], points[last, 1], octilinear)
            if length < best[k]:
                best[k], origin[k] = length, last
            if best[k] < nearest:
                nearest, where = best[k], k
        edges[step, 0], edges[step, 1] = origin[where], where
        last = where
    return edges
