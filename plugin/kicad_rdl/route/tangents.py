"""The discs that a taut wire touches, made exact: added where it comes too close, dropped where it leans on none.

Between two that it touches the wire is their common tangent. Segment i runs from where the wire leaves touch i - 1 (or
begins) to where it meets touch i (or ends).
"""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.turning import counts, leaning

TOLERANCE = 0.05
"""How far a wire may come inside its distance before a disc is added [nm]."""

TOUCH = 0.1
"""Discs on opposite sides that overlap no deeper only touch, and a wire just fits between them [nm]."""

ROUNDS = 400
"""Bound on the changes to one wire's list of touched discs."""

PATIENCE = 12
"""How often one disc may be dropped because the wire does not lean on it."""

HOPELESS = 6
"""How often it may be dropped because there is no tangent to it."""


@compiled
def exact(ends, discs, disc_range, gaps, active, used, n, entry, leave):  # type: ignore[no-untyped-def]
    """Makes the list of touched discs exact; returns its length, or -1 where there is no way through.

    Args:
        ends: [4] x, y of both ends of the wire [nm].
        discs, disc_range: as in ``Corridors``, of this wire.
        gaps: see ``turning.counts``.
        active, n: the discs touched, in order, and how many.
        used: of each disc, whether it is among them.
        entry, leave: get the places where the wire meets and leaves each [nm].
    """
    size = len(discs)
    dropped = np.zeros(size + 1, np.int64)
    soonest = np.zeros(size + 2, np.int64)
    latest = np.zeros(size + 2, np.int64)
    for _ in range(ROUNDS):
        out, most = _tangents(ends, discs, active, n, entry, leave), HOPELESS
        if out >= 0 and n == 0:
            return -1
        out = min(out, n - 1)
        if out < 0:
            out, most = _leans_least(ends, disc_range, discs, gaps, active, n, entry, leave, soonest, latest), PATIENCE
        if out >= 0:
            used[active[out]] = False
            dropped[active[out]] += 1
            if dropped[active[out]] > most:
                return -1
            for k in range(out, n - 1):
                active[k] = active[k + 1]
            n -= 1
            continue
        where, what = _too_close(ends, discs, disc_range, gaps, used, n, entry, leave, soonest, latest)
        if what < 0:
            where, what = _runs_into(discs, disc_range, gaps, active, used, n, entry, leave)
        if what < 0:
            return n
        if n >= size:
            return -1
        for k in range(n, where, -1):
            active[k] = active[k - 1]
        active[where] = what
        used[what] = True
        n += 1
    return -1


@compiled
def _tangents(ends, discs, active, n, entry, leave):  # type: ignore[no-untyped-def]
    """Tangents between consecutive touches; returns the index of a touch that has none, or -1.

    ``leave[n]`` gets the start of the wire and ``entry[n]`` its end.
    """
    px, py, pr, ps = ends[0], ends[1], 0.0, 1.0
    for i in range(n + 1):
        if i < n:
            d = active[i]
            qx, qy, qr, qs = discs[d, 0], discs[d, 1], discs[d, 2], discs[d, 3]
        else:
            qx, qy, qr, qs = ends[2], ends[3], 0.0, 1.0
        ux, uy = qx - px, qy - py
        dist = math.hypot(ux, uy)
        delta = qs * qr - ps * pr
        if dist <= abs(delta) and (ps == qs or min(pr, qr) <= 0.0 or dist < abs(delta) - TOUCH):
            # one disc swallows the other (same side), or they collide (opposite sides)
            return i if qr < pr or i == 0 else i - 1
        ux, uy = ux / dist, uy / dist
        sine = min(1.0, max(-1.0, -delta / dist))
        cosine = math.sqrt(1.0 - sine * sine)
        dx, dy = cosine * ux - sine * uy, cosine * uy + sine * ux
        nx, ny = -dy, dx
        if i > 0:
            leave[i - 1, 0], leave[i - 1, 1] = px - ps * pr * nx, py - ps * pr * ny
        if i < n:
            entry[i, 0], entry[i, 1] = qx - qs * qr * nx, qy - qs * qr * ny
        px, py, pr, ps = qx, qy, qr, qs
    leave[n, 0], leave[n, 1] = ends[0], ends[1]
    entry[n, 0], entry[n, 1] = ends[2], ends[3]
    return -1


@compiled
def _leans_least(ends, disc_range, discs, gaps, active, n, entry, leave, soonest, latest):  # type: ignore[no-untyped-def]
    """The touch at which the wire leans least on its disc, or on none; -1: it leans on all.

    ``soonest`` gets the first gap certainly behind each touch, ``latest`` the last one certainly ahead.
    """
    _, _, around, _ = gaps
    worst, where = -1e-9, -1
    for i in range(n):
        bx, by = (leave[i - 1, 0], leave[i - 1, 1]) if i > 0 else (ends[0], ends[1])
        fx, fy = (entry[i + 1, 0], entry[i + 1, 1]) if i < n - 1 else (ends[2], ends[3])
        touch = (bx, by, entry[i, 0], entry[i, 1], leave[i, 0], leave[i, 1], fx, fy)
        before = soonest[i - 1] if i > 0 else disc_range[active[i], 0]
        behind = disc_range[active[i + 1], 0] if i < n - 1 else disc_range[active[i], 1]
        turn, latest[i], soonest[i] = leaning(discs, disc_range, around, active[i], touch, before, behind)
        if turn < worst:
            worst, where = turn, i
    return where


@compiled
def _too_close(ends, discs, disc_range, gaps, used, n, entry, leave, soonest, latest):  # type: ignore[no-untyped-def]
    """The disc into which a straight segment runs deepest, and the place in the list where it belongs; -1: none."""
    deepest, where, what = TOLERANCE, -1, -1
    for i in range(n + 1):
        sx, sy = (leave[i - 1, 0], leave[i - 1, 1]) if i > 0 else (ends[0], ends[1])
        ex, ey = (entry[i, 0], entry[i, 1]) if i < n else (ends[2], ends[3])
        low = soonest[i - 1] if i > 0 else np.iinfo(np.int64).min
        high = latest[i] if i < n else np.iinfo(np.int64).max
        length = math.hypot(ex - sx, ey - sy)
        if length < 1e-9:
            continue
        dx, dy = (ex - sx) / length, (ey - sy) / length
        for d in range(len(discs)):
            if used[d] or disc_range[d, 1] < low or disc_range[d, 0] > high:
                continue
            vx, vy = discs[d, 0] - sx, discs[d, 1] - sy
            along = vx * dx + vy * dy
            if along <= 0.0 or along >= length:
                continue  # beside its own terminal nothing can be done; beside a touch it is the next segment's
            depth = discs[d, 2] - (dx * vy - dy * vx) * discs[d, 3]
            if depth > deepest and counts(gaps, d, sx + along * dx, sy + along * dy):
                deepest, where, what = depth, i, d
    return where, what


@compiled
def _runs_into(discs, disc_range, gaps, active, used, n, entry, leave):  # type: ignore[no-untyped-def]
    """Likewise the disc on the same side into which the arc around a touched disc runs deepest."""
    deepest, where, what = TOLERANCE, -1, -1
    for i in range(n):
        c = active[i]
        for d in range(len(discs)):
            if used[d] or discs[d, 3] != discs[c, 3] or discs[d, 2] <= 0.0:
                continue
            if disc_range[d, 1] < disc_range[c, 0] - 1 or disc_range[d, 0] > disc_range[c, 1] + 1:
                continue
            vx, vy = discs[d, 0] - discs[c, 0], discs[d, 1] - discs[c, 1]
            apart = math.hypot(vx, vy)
            depth = apart + discs[d, 2] - discs[c, 2]
            if depth <= deepest or apart < 1.0:
                continue
            # does the outermost point of that disc lie within the arc?
            a0 = math.atan2(entry[i, 1] - discs[c, 1], entry[i, 0] - discs[c, 0])
            a1 = math.atan2(leave[i, 1] - discs[c, 1], leave[i, 0] - discs[c, 0])
            b = math.atan2(vy, vx)
            sweep = _all_round((a1 - a0) * discs[c, 3])
            part = _all_round((b - a0) * discs[c, 3])
            x, y = discs[c, 0] + discs[c, 2] * math.cos(b), discs[c, 1] + discs[c, 2] * math.sin(b)
            if part < sweep and sweep < math.pi * 1.9 and counts(gaps, d, x, y):
                deepest, what = depth, d
                where = i + 1 if 2.0 * part > sweep else i
    return where, what


@compiled
def _all_round(angle):  # type: ignore[no-untyped-def]
    """An angle in [0, 2 pi)."""
    return angle - 2.0 * math.pi * math.floor(angle / (2.0 * math.pi))
