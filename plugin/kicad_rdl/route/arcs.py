"""Arcs on the nanometre grid: which points say them best, also to KiCad.

KiCad stores an arc as three points on the grid. Where it measures the arc, it takes the centre of the circle through
them to be as uncertain as the points are rounded, by a bound that also grows with the distance from the corner of the
sheet, and so takes practically every centre to the nearest whole 100 nm, up to 70 nm away (``CalcArcCenter`` in its
``trigo.cpp``; seen in 9.0.8 and 10.0.6). The circle then still runs through the start of the arc, but not along the
rest of it.

Where that matters, there is a choice: the circle through points on the grid depends on how each of them was rounded,
and the shorter an arc, the more its centre does. Another point of the same arc for its middle, or several arcs in place
of one, and the centres are such that KiCad reads the arcs where they are.
"""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.nearness import from_point, rows_of

EXACT = 1e-7
"""Of a distance, what floating point may get wrong [nm]."""

MIDDLES = 2
"""How far the middle of an arc may be moved across it [nm]: by that much either way."""

PLACES = 33
"""How many places for the middle are looked at."""

FAR = 0.2
"""How far from its middle they reach [of the arc]: where rounding still moves the arc by little more than itself."""

RASTER = 100.0
"""On which KiCad looks for centres [nm]."""

MISREAD = 4.0
"""How far KiCad may read an arc from where it is before another one is looked for [nm]. Two of them then stay below the
10 nm that KiCad forgives."""

LONGEST_SWEEP = 2.6
"""Longer arcs are cut in two: three points on nearly a full circle fix it badly [rad]."""

MOST_ARCS = 32
"""Of one touch."""

SWEEPS = 25
"""How many sweeps are tried for an arc."""

SHORTER = 0.85
"""Each of them than the one before."""


@compiled
def draw_arcs(pieces, n, hx, hy, lx, ly, circle, outward, exact):  # type: ignore[no-untyped-def]
    """Draws from here to there about a disc, in arcs as long as KiCad reads well; returns the count of pieces.

    Args:
        pieces, n: as in ``Strokes``, and how many there are; written from n on.
        hx, hy, lx, ly: here and there, on the grid.
        circle: x, y, radius, first angle, signed sweep.
        outward: whether the arcs keep the radius from the centre; ``exact``: stay within their tangents instead.
    """
    cx, cy, radius, begin, rest = circle
    for count in range(MOST_ARCS):
        sweep = rest / math.ceil(abs(rest) / LONGEST_SWEEP)
        taken, least = 0.0, np.inf
        for _ in range(1 if count == MOST_ARCS - 1 else SWEEPS):
            tx, ty = lx, ly
            if sweep != rest:
                at = begin + sweep
                tx, ty = rounded(cx + radius * math.cos(at), cy + radius * math.sin(at), cx, cy, radius, outward)
            if tx == hx and ty == hy:
                break
            arc, wrong = _arc(hx, hy, tx, ty, (cx, cy, radius, begin, sweep), outward, exact)
            if wrong < least:
                taken, least = sweep, wrong
                pieces[n] = arc
            if wrong <= MISREAD:
                break
            sweep *= SHORTER
        if taken == 0.0:  # here is there
            break
        hx, hy, n = pieces[n, 4], pieces[n, 5], n + 1
        if taken == rest:
            break
        begin, rest = begin + taken, rest - taken
    return n


@compiled
def _arc(hx, hy, tx, ty, circle, outward, exact):  # type: ignore[no-untyped-def]
    """The arc from here to there that KiCad reads best, as a piece of ``Strokes``, and how far off that is [nm]."""
    cx, cy, radius, begin, sweep = circle
    arc = (hx, hy, np.nan, np.nan, tx, ty)  # rounded to nothing
    best = np.inf
    for k in range(PLACES):
        at = begin + sweep * (0.5 + FAR * (k // 2 + k % 2) * (2 * (k % 2) - 1) / (PLACES // 2))
        mx, my = cx + radius * math.cos(at), cy + radius * math.sin(at)
        fine = True
        if exact or outward:
            mx, my, fine = _middle(hx, hy, mx, my, tx, ty, cx, cy, radius, sweep, exact)
        mx, my = np.rint(mx), np.rint(my)
        if (mx - hx) * (ty - hy) == (my - hy) * (tx - hx) or (best < np.inf and not fine):
            continue
        wrong = misread(hx, hy, mx, my, tx, ty)
        if wrong < best:
            best, arc = wrong, (hx, hy, mx, my, tx, ty)
        if best <= MISREAD:
            break
    return arc, 0.0 if best == np.inf else best


@compiled
def rounded(x, y, cx, cy, radius, outward):  # type: ignore[no-untyped-def]
    """The nearest point of the grid; where ``outward``, one that is no nearer to the centre than the radius."""
    best, bx, by = np.inf, np.rint(x), np.rint(y)
    if not outward or math.hypot(bx - cx, by - cy) >= radius - EXACT:
        return bx, by
    for u in (math.floor(x), math.ceil(x)):
        for v in (math.floor(y), math.ceil(y)):
            if math.hypot(u - cx, v - cy) >= radius - EXACT and math.hypot(u - x, v - y) < best:
                best, bx, by = math.hypot(u - x, v - y), u, v
    return bx, by


@compiled
def _middle(x, y, mx, my, ex, ey, cx, cy, radius, sweep, exact):  # type: ignore[no-untyped-def]
    """The middle of an arc on the grid: where that can be, all of the arc keeps the radius from the centre.

    Where ``exact``, the arc stays within its tangents at both ends instead. Returns also whether that can be.
    """
    best, bx, by = np.inf, mx, my
    row = np.empty((1, 6))
    for i in range(-MIDDLES, MIDDLES + 1):
        for j in range(-MIDDLES, MIDDLES + 1):
            u, v = np.rint(mx) + i, np.rint(my) + j
            apart = math.hypot(u - mx, v - my)
            if apart >= best or (u - x) * (ey - y) == (v - y) * (ex - x):
                continue
            row[0, 0], row[0, 1], row[0, 2], row[0, 3], row[0, 4], row[0, 5] = x, y, u, v, ex, ey
            arc = rows_of(row)[0]
            if exact:
                # the centre of a flatter arc lies beyond those of the radii at its ends
                begins = (cx - x) * (arc[6] - y) - (cy - y) * (arc[5] - x)
                stops = (cx - ex) * (arc[6] - ey) - (cy - ey) * (arc[5] - ex)
                fine = begins * sweep >= 0.0 and stops * sweep <= 0.0
            else:
                fine = from_point(arc, cx, cy)[0] >= radius - EXACT
            if fine:
                best, bx, by = apart, u, v
    return bx, by, best < np.inf


@compiled
def misread(x, y, mx, my, ex, ey):  # type: ignore[no-untyped-def]
    """How far KiCad may read an arc from where it is, whichever end it calls the start [nm]."""
    ax, ay, bx, by = mx - x, my - y, ex - x, ey - y
    d = 2 * (ax * by - ay * bx)
    a2, b2 = ax * ax + ay * ay, bx * bx + by * by
    rx, ry = (by * a2 - ay * b2) / d, (ax * b2 - bx * a2) / d  # the centre, from the start
    cx, cy = x + rx, y + ry
    dx = math.floor(cx / RASTER + 0.5) * RASTER - cx
    dy = math.floor(cy / RASTER + 0.5) * RASTER - cy
    moved = math.hypot(dx, dy)
    # the circle moves by the part of that along its radius, which is a cosine; how far does it go along the arc?
    turn = 1.0 if d > 0.0 else -1.0  # an arc that turns left lies on the right of its chord
    a0 = math.atan2(-ry, -rx)
    sweep = ((math.atan2(by - ry, bx - rx) - a0) * turn) % (2 * math.pi)
    first = ((a0 - math.atan2(dy, dx)) * turn) % (2 * math.pi)
    last = first + sweep
    high = 1.0 if last >= 2 * math.pi else max(math.cos(first), math.cos(last))
    low = -1.0 if first <= math.pi <= last or last >= 3 * math.pi else min(math.cos(first), math.cos(last))
    return moved * (high - low)
