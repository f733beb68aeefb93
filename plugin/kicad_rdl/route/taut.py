"""Wires pulled taut: the shortest curve among discs in the corridor that the sketch gives to a wire.

At every gap a wire keeps, from each of the two obstacles, clearance + the wires between + half its own width. By
Maley's theorem (Single-Layer Wire Routing, 1987) all wires fit at once when every cut does, each as the shortest path
among its obstacles so inflated. The path starts as the funnel over the gaps (Lee and Preparata 1984) and is then made
exact: tangents between the discs it touches, discs added where it comes too close, dropped where it no longer leans
on them.

Sides: +1 a disc on the left of the wire (the wire turns left around it), -1 on the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.turning import counts, directions, leaning

TOLERANCE = 0.05
"""How far a wire may come inside its distance before a disc is added [nm]."""

TOUCH = 0.1
"""Discs on opposite sides that overlap no deeper only touch, and a wire just fits between them [nm]."""

ROUNDS = 400
"""Bound on the changes to one wire's list of touched discs."""


@dataclass(frozen=True, slots=True)
class Corridors:
    """Wires as sequences of gaps between discs, flattened.

    Attributes:
        ends: [w, 4] start x, y, end x, y of every wire [nm].
        gap_start: [w + 1] portals of wire i are ``gap_start[i] : gap_start[i + 1]``.
        portals: [g, 4] left x, y, right x, y of what remains of each gap [nm].
        portal_discs: [g, 2] index of the left and the right disc of each portal.
        disc_start: [w + 1] discs of wire i.
        discs: [d, 5] centre x, y, radius [nm], side; 1 where its gaps end at the middle of the disc, 0 where at the
            middle of its obstacle, -1 where elsewhere.
        disc_range: [d, 2] first and last gap (counted in the wire) at which the disc stands; of corners of octagons in
            half gaps, for they stand between gaps: an odd number.
    """

    ends: F64
    gap_start: I64
    portals: F64
    portal_discs: I64
    disc_start: I64
    discs: F64
    disc_range: I64
    share: F64 | None = None
    """[g] which part of the slack of a gap lies on the left of the wire; a half where that is not known."""
    along: F64 | None = None
    """[g, 2] direction of each gap, from its obstacle on the left; where not known, it is read from the portals."""
    squared: NDArray[np.bool_] | None = None
    """[d] whether a disc is the corner of a rounded square; see ``blunt.blunted``."""
    stretch: I64 | None = None
    """[d, 2] first and last gap between which alone the disc counts: it may stand near the wire elsewhere, where
    fewer wires run between. -1 is the start of the wire, the number of its gaps or more its end."""
    octagons: F64 | None = None
    """[d, 3] where discs are corners of octagons: centre x, y and radius of the octagon [nm]; see ``octagons``."""


@dataclass(frozen=True, slots=True)
class TautWires:
    """The result, flattened.

    Attributes:
        count: [w] touched discs of each wire; -1 where the corridor has no way through.
        start: [w + 1] the touches of wire i are ``start[i] : start[i] + count[i]``.
        touch: [d] index of the touched disc.
        points: [d, 4] where the wire meets the disc and where it leaves it: x, y, x, y [nm].
    """

    count: I64
    start: I64
    touch: I64
    points: F64


def tauten(corridors: Corridors) -> TautWires:
    """Pulls every wire taut."""
    total = len(corridors.discs)
    count = np.zeros(len(corridors.ends), dtype=np.int64)
    touch = np.zeros(total, dtype=np.int64)
    points = np.zeros((total, 4))
    stretch = corridors.stretch
    if stretch is None:
        stretch = np.tile(np.array([-1, np.iinfo(np.int64).max]), (total, 1))
    _tauten_all(
        corridors.ends,
        corridors.gap_start,
        corridors.portals,
        corridors.portal_discs,
        np.zeros((len(corridors.portals), 2)) if corridors.along is None else corridors.along,
        corridors.disc_start,
        corridors.discs,
        corridors.disc_range,
        stretch,
        count,
        touch,
        points,
    )
    return TautWires(count, corridors.disc_start, touch, points)


@compiled
def _tauten_all(  # type: ignore[no-untyped-def]
    ends, gap_start, portals, portal_discs, along, disc_start, discs, disc_range, stretch, count, touch, points
):
    for wire in range(len(ends)):
        g0, g1 = gap_start[wire], gap_start[wire + 1]
        d0, d1 = disc_start[wire], disc_start[wire + 1]
        size = d1 - d0
        active = np.empty(size + 2, np.int64)
        entry = np.empty((size + 2, 2))
        leave = np.empty((size + 2, 2))
        used = np.zeros(size + 1, np.bool_)
        n = _funnel(ends[wire], portals[g0:g1], portal_discs[g0:g1], d0, active, used)
        around = directions(portals[g0:g1], portal_discs[g0:g1] - d0, along[g0:g1], discs[d0:d1])
        gaps = (portals[g0:g1], along[g0:g1], around, stretch[d0:d1])
        n = _exact(ends[wire], discs[d0:d1], disc_range[d0:d1], gaps, active, used, n, entry, leave)
        count[wire] = n
        for i in range(max(n, 0)):
            touch[d0 + i] = d0 + active[i]
            points[d0 + i, 0], points[d0 + i, 1] = entry[i, 0], entry[i, 1]
            points[d0 + i, 2], points[d0 + i, 3] = leave[i, 0], leave[i, 1]


@compiled
def _turn(ax, ay, bx, by, cx, cy):  # type: ignore[no-untyped-def]
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


@compiled
def _funnel(ends, portals, portal_discs, d0, active, used):  # type: ignore[no-untyped-def]
    """The discs at the corners of the shortest path through the portals, in order; returns how many."""
    m = len(portals)
    n = 0
    ax, ay = ends[0], ends[1]
    lx, ly, rx, ry = ax, ay, ax, ay
    li, ri = -1, -1
    i = 0
    steps = 0
    while i <= m and steps < 50 * (m + 2):
        steps += 1
        if i < m:
            nlx, nly, nrx, nry = portals[i, 0], portals[i, 1], portals[i, 2], portals[i, 3]
        else:
            nlx, nly, nrx, nry = ends[2], ends[3], ends[2], ends[3]
        restart = False
        # tighten the right side
        if _turn(ax, ay, rx, ry, nrx, nry) >= 0.0:
            if (ax == rx and ay == ry) or _turn(ax, ay, lx, ly, nrx, nry) < 0.0:
                rx, ry, ri = nrx, nry, i
            else:
                if li >= 0 and li < m:
                    disc = portal_discs[li, 0] - d0
                    if not used[disc]:
                        active[n] = disc
                        used[disc] = True
                        n += 1
                    ax, ay = lx, ly
                    i = li + 1
                    lx, ly, rx, ry = ax, ay, ax, ay
                    restart = True
                    li, ri = i - 1, i - 1
        if restart:
            continue
        if _turn(ax, ay, lx, ly, nlx, nly) <= 0.0:
            if (ax == lx and ay == ly) or _turn(ax, ay, rx, ry, nlx, nly) > 0.0:
                lx, ly, li = nlx, nly, i
            else:
                if ri >= 0 and ri < m:
                    disc = portal_discs[ri, 1] - d0
                    if not used[disc]:
                        active[n] = disc
                        used[disc] = True
                        n += 1
                    ax, ay = rx, ry
                    i = ri + 1
                    lx, ly, rx, ry = ax, ay, ax, ay
                    li, ri = i - 1, i - 1
                    continue
        i += 1
    return n


@compiled
def _tangents(ends, discs, active, n, entry, leave):  # type: ignore[no-untyped-def]
    """Tangents between consecutive touches; returns the index of a touch that has none, or -1.

    ``leave[n]`` holds the start of the wire and ``entry[n]`` its end, so that segment i runs from
    ``leave[i - 1]`` (or the start) to ``entry[i]`` (or the end).
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
def _exact(ends, discs, disc_range, gaps, active, used, n, entry, leave):  # type: ignore[no-untyped-def]
    """Makes the list of touched discs exact; returns its length, or -1 where there is no way through."""
    _, _, around, _ = gaps
    size = len(discs)
    dropped = np.zeros(size + 1, np.int64)
    soonest = np.zeros(size + 2, np.int64)
    latest = np.zeros(size + 2, np.int64)
    for _ in range(ROUNDS):
        bad = _tangents(ends, discs, active, n, entry, leave)
        if bad >= 0:
            if n == 0:
                return -1
            bad = min(bad, n - 1)
            used[active[bad]] = False
            dropped[active[bad]] += 1
            if dropped[active[bad]] > 6:
                return -1
            for k in range(bad, n - 1):
                active[k] = active[k + 1]
            n -= 1
            continue
        # drop the disc on which the wire leans least
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
        if where >= 0:
            used[active[where]] = False
            dropped[active[where]] += 1
            if dropped[active[where]] > 12:
                return -1
            for k in range(where, n - 1):
                active[k] = active[k + 1]
            n -= 1
            continue
        # add the disc that the wire violates most
        worst, where, what = TOLERANCE, -1, -1
        for i in range(n + 1):
            sx, sy = (leave[i - 1, 0], leave[i - 1, 1]) if i > 0 else (ends[0], ends[1])
            ex, ey = (entry[i, 0], entry[i, 1]) if i < n else (ends[2], ends[3])
            low = soonest[i - 1] if i > 0 else np.iinfo(np.int64).min
            high = latest[i] if i < n else np.iinfo(np.int64).max
            length = math.hypot(ex - sx, ey - sy)
            if length < 1e-9:
                continue
            dx, dy = (ex - sx) / length, (ey - sy) / length
            for d in range(size):
                if used[d] or disc_range[d, 1] < low or disc_range[d, 0] > high:
                    continue
                vx, vy = discs[d, 0] - sx, discs[d, 1] - sy
                along = vx * dx + vy * dy
                if along <= 0.0 or along >= length:
                    # beside the segment: only the distance to its end counts
                    gone = along if along < 0.0 else along - length
                    across = abs(dx * vy - dy * vx)
                    if (i > 0 and along <= 0.0) or (i < n and along >= length):
                        continue
                    depth = discs[d, 2] - math.hypot(across, gone)
                    if depth > 0.0:
                        depth = 0.0  # beside its own terminal: nothing can be done here
                else:
                    depth = discs[d, 2] - (dx * vy - dy * vx) * discs[d, 3]
                if depth > worst and counts(gaps, d, sx + along * dx, sy + along * dy):
                    worst, where, what = depth, i, d
        if what < 0:
            # arcs that run into a disc on the same side
            for i in range(n):
                c = active[i]
                for d in range(size):
                    if used[d] or discs[d, 3] != discs[c, 3] or discs[d, 2] <= 0.0:
                        continue
                    if disc_range[d, 1] < disc_range[c, 0] - 1 or disc_range[d, 0] > disc_range[c, 1] + 1:
                        continue
                    vx, vy = discs[d, 0] - discs[c, 0], discs[d, 1] - discs[c, 1]
                    depth = math.hypot(vx, vy) + discs[d, 2] - discs[c, 2]
                    if depth <= worst or math.hypot(vx, vy) < 1.0:
                        continue
                    # does the outermost point of that disc lie within the arc?
                    a0 = math.atan2(entry[i, 1] - discs[c, 1], entry[i, 0] - discs[c, 0])
                    a1 = math.atan2(leave[i, 1] - discs[c, 1], leave[i, 0] - discs[c, 0])
                    b = math.atan2(vy, vx)
                    sweep = (a1 - a0) * discs[c, 3]
                    sweep -= 2.0 * math.pi * math.floor(sweep / (2.0 * math.pi))
                    part = (b - a0) * discs[c, 3]
                    part -= 2.0 * math.pi * math.floor(part / (2.0 * math.pi))
                    x, y = discs[c, 0] + discs[c, 2] * math.cos(b), discs[c, 1] + discs[c, 2] * math.sin(b)
                    if part < sweep and sweep < math.pi * 1.9 and counts(gaps, d, x, y):
                        worst, what = depth, d
                        where = i + 1 if 2.0 * part > sweep else i
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
