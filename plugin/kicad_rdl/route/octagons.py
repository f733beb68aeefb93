"""Octagons for discs: the corridors of traces of eight directions.

In the norm whose discs are octagons, traces of eight directions keep their distance exactly where nested octagons do.
An octagon is eight bounds on the grid (``x``, ``x + y`` ... are integers), so its corners lie on the grid and its sides
are exactly horizontal, vertical or diagonal. A taut wire among octagons is a taut wire among their corners; each corner
counts only where the wire passes it, for a wire may wind around an obstacle.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.taut import Corridors, TautWires, tauten
from kicad_rdl.route.triangulation import F64

NORMALS = np.array([(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)], dtype=np.float64)
"""Outward directions, counter-clockwise; those between the axes are sqrt(2) long."""

LENGTHS = np.hypot(NORMALS[:, 0], NORMALS[:, 1])

AWAY = (2.0, 1.3, 0.7, 0.0)
"""How far around an octagon a wire is watched before its first gap with it and after its last [rad]; less where a wire
that winds finds no way, for there such corners may belong to another turn of it."""


def tauten_octagonal(corridors: Corridors) -> tuple[Corridors, TautWires]:
    """Wires taut among octagons, and the corridors in which they are."""
    away = np.full(len(corridors.ends), AWAY[0])
    for less in (*AWAY[1:], None):
        among = _octagonal(corridors, away)
        taut = tauten(among)
        stuck = taut.count < 0
        if less is None or not stuck.any():
            break
        away[stuck] = less
    return among, taut


def _octagonal(corridors: Corridors, away: F64) -> Corridors:
    """The corridors with the corners of octagons, discs of radius zero, in place of discs."""
    discs, ranges, origin, portal_discs = [], [], [], corridors.portal_discs.copy()
    start = [0]
    share = np.full(len(corridors.portals), 0.5) if corridors.share is None else corridors.share
    for wire in range(len(corridors.ends)):
        g0, g1 = corridors.gap_start[wire], corridors.gap_start[wire + 1]
        d0, d1 = corridors.disc_start[wire], corridors.disc_start[wire + 1]
        corners, slots, source, nearest = _corners(
            corridors.ends[wire],
            corridors.portals[g0:g1],
            corridors.portal_discs[g0:g1] - d0,
            corridors.discs[d0:d1],
            corridors.disc_range[d0:d1],
            NORMALS,
            LENGTHS,
            share[g0:g1],
            away[wire],
        )
        portal_discs[g0:g1] = nearest + start[-1]
        discs.append(corners)
        ranges.append(slots)
        origin.append(source + d0)
        start.append(start[-1] + len(corners))
    source = np.concatenate([np.zeros(0, dtype=np.int64), *origin])
    return replace(
        corridors,
        portal_discs=portal_discs,
        disc_start=np.array(start, dtype=np.int64),
        discs=np.concatenate([np.zeros((0, 5)), *discs]),
        disc_range=np.concatenate([np.zeros((0, 2), dtype=np.int64), *ranges]),
        octagons=corridors.discs[source, :3],
        stretch=None if corridors.stretch is None else corridors.stretch[source],
    )


@compiled
def _octagons(ends, portal_discs, discs, disc_range, normals, lengths, share):  # type: ignore[no-untyped-def]
    """Bounds of the octagon of each obstacle, the obstacle of each disc; discs alike in all but place are one."""
    size = len(discs)
    group = np.zeros(size, np.int64)
    bounds = np.full((size, 8), -np.inf)
    count = 0
    for d in range(size):
        alike = (
            d > 0
            and discs[d, 2] > 0.0
            and discs[d, 2] == discs[d - 1, 2]
            and discs[d, 3] == discs[d - 1, 3]
            and disc_range[d, 0] == disc_range[d - 1, 0]
            and disc_range[d, 1] == disc_range[d - 1, 1]
        )
        if not alike:
            count += 1
        group[d] = count - 1
        for k in range(8):
            reach = discs[d, 0] * normals[k, 0] + discs[d, 1] * normals[k, 1] + discs[d, 2] * lengths[k]
            bounds[count - 1, k] = max(bounds[count - 1, k], reach)
    # where the wires fill a gap in this norm, the slack of rounding gives way
    for g in range(len(portal_discs)):
        a, b = portal_discs[g, 0], portal_discs[g, 1]
        if discs[a, 2] <= 0.0 or discs[b, 2] <= 0.0:
            continue
        # only the sides that face each other give way: the others would come too close to what they pass
        apart, facing = -np.inf, 0
        for k in range(8):
            room = -(bounds[group[a], k] + bounds[group[b], (k + 4) % 8]) / lengths[k]
            if room > apart:
                apart, facing = room, k
        if apart < 1.0:
            bounds[group[a], facing] -= (1.0 - apart) * share[g] * lengths[facing]
            bounds[group[b], (facing + 4) % 8] -= (1.0 - apart) * (1.0 - share[g]) * lengths[facing]
    # no octagon reaches over an end of the wire
    for d in range(size):
        o = group[d]
        if discs[d, 2] <= 0.0 or (d > 0 and group[d - 1] == o):
            continue
        for e in range(2):
            depth = np.inf
            for k in range(8):
                depth = min(
                    depth,
                    (bounds[o, k] - ends[2 * e] * normals[k, 0] - ends[2 * e + 1] * normals[k, 1]) / lengths[k],
                )
            if depth > -2.0:
                for k in range(8):
                    bounds[o, k] -= (depth + 2.0) * lengths[k]
    for o in range(count):
        for k in range(8):
            bounds[o, k] = math.ceil(bounds[o, k] - 1e-6)
    return group, bounds, count


@compiled
def _turned(angle):  # type: ignore[no-untyped-def]
    """An angle in [0, 2 pi)."""
    return angle - 2.0 * math.pi * math.floor(angle / (2.0 * math.pi))


@compiled
def _corners(ends, portals, portal_discs, discs, disc_range, normals, lengths, share, away):  # type: ignore[no-untyped-def]
    """Corners of one wire as discs, their ranges in half gaps, the discs they come from; the nearest for each gap."""
    m, size = len(portals), len(discs)
    group, bounds, _ = _octagons(ends, portal_discs, discs, disc_range, normals, lengths, share)
    room = 24 * size + 2
    corners = np.zeros((room, 5))
    slots = np.zeros((room, 2), np.int64)
    source = np.zeros(room, np.int64)
    nearest = np.zeros((m, 2), np.int64)
    n = 0
    for d in range(size):
        o = group[d]
        if d > 0 and group[d - 1] == o:
            continue
        side = discs[d, 3]
        last = d
        cx, cy = 0.0, 0.0
        while last < size and group[last] == o:
            cx, cy = cx + discs[last, 0], cy + discs[last, 1]
            last += 1
        cx, cy = cx / (last - d), cy / (last - d)
        column = 0 if side > 0 else 1
        first_gap, last_gap = -1, -1
        for g in range(m):
            if d <= portal_discs[g, column] < last:
                if first_gap < 0:
                    first_gap = g
                last_gap = g
        begin = n
        if discs[d, 2] <= 0.0:
            corners[n, 0], corners[n, 1], corners[n, 3] = round(discs[d, 0]), round(discs[d, 1]), side
            slots[n] = 2 * disc_range[d]
            n += 1
        else:
            for k in range(8):
                j = (k + 1) % 8
                x = bounds[o, k] * normals[j, 1] - bounds[o, j] * normals[k, 1]
                y = bounds[o, j] * normals[k, 0] - bounds[o, k] * normals[j, 0]
                if first_gap < 0:
                    n = _note(corners, slots, n, x, y, side, 2 * disc_range[d, 0] - 1, 2 * disc_range[d, 1] + 1)
                    continue
                angle = math.atan2(y - cy, x - cx)
                before = 0.0
                for g in range(first_gap, last_gap + 1):
                    here = math.atan2(portals[g, 2 * column + 1] - cy, portals[g, 2 * column] - cx)
                    if g == first_gap:
                        if _turned(side * (here - angle)) <= away:
                            n = _note(corners, slots, n, x, y, side, 2 * g - 3, 2 * g - 1)
                    elif _turned(side * (angle - before)) <= _turned(side * (here - before)) < 1.9 * math.pi:
                        n = _note(corners, slots, n, x, y, side, 2 * g - 1, 2 * g - 1)
                    before = here
                    if g == last_gap and _turned(side * (angle - here)) <= away:
                        n = _note(corners, slots, n, x, y, side, 2 * g + 1, 2 * g + 3)
        source[begin:n] = d
        for g in range(max(first_gap, 0), last_gap + 1):
            best = np.inf
            for c in range(begin, n):
                if slots[c, 0] - 1 <= 2 * g <= slots[c, 1] + 1:
                    apart = math.hypot(
                        corners[c, 0] - portals[g, 2 * column], corners[c, 1] - portals[g, 2 * column + 1]
                    )
                    if apart < best:
                        best = apart
                        nearest[g, column] = c
    return corners[:n].copy(), slots[:n].copy(), source[:n].copy(), nearest


@compiled
def _note(corners, slots, n, x, y, side, low, high):  # type: ignore[no-untyped-def]
    """Books a corner."""
    if n < len(corners):
        corners[n, 0], corners[n, 1], corners[n, 3] = x, y, side
        slots[n, 0], slots[n, 1] = low, high
        n += 1
    return n
