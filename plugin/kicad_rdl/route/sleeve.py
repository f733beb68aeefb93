"""Taut wires among octagons: the funnel through the sleeve of a wire (Lee and Preparata 1984).

The obstacles of a corridor become octagons on the grid. Their corners that face the wire, in the order in which the wire
passes them, are the two sides of a sleeve; the shortest way through it turns at such corners only.
"""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.geometry import Path, Point
from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.octagons import LENGTHS, NORMALS
from kicad_rdl.route.taut import Corridors, TautWires

FACING = math.radians(95)
"""Corners of an octagon within this angle of the wire's side of it count where no gap says more [rad]."""

AWAY = math.pi / 2
"""How far around an octagon a wire is watched before its first gap with it and after its last [rad]."""

STEP = 1.0e10
"""Longer than any package: separates the slots between gaps in sort keys [nm]."""


def octagonal_paths(corridors: Corridors) -> list[Path | None]:
    """The shortest polylines among the octagons, with corners on the grid; None where a wire has no length."""
    paths: list[Path | None] = []
    for wire in range(len(corridors.ends)):
        g0, g1 = corridors.gap_start[wire], corridors.gap_start[wire + 1]
        d0, d1 = corridors.disc_start[wire], corridors.disc_start[wire + 1]
        points = _pull(
            corridors.ends[wire],
            corridors.portals[g0:g1],
            corridors.portal_discs[g0:g1] - d0,
            corridors.discs[d0:d1],
            corridors.disc_range[d0:d1],
            NORMALS,
            LENGTHS,
        )
        way = [Point(round(x), round(y)) for x, y in points.tolist()]
        path = [a for a, b in zip(way, way[1:], strict=False) if a != b]
        paths.append(Path.through(*path, way[-1]) if path else None)
    return paths


def untouched(corridors: Corridors) -> TautWires:
    """Taut wires that lean on no disc."""
    count = len(corridors.discs)
    return TautWires(
        np.zeros(len(corridors.ends), dtype=np.int64),
        corridors.disc_start,
        np.zeros(count, dtype=np.int64),
        np.zeros((count, 4)),
    )


@compiled
def _octagons(ends, portal_discs, discs, disc_range, normals, lengths):  # type: ignore[no-untyped-def]
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
        apart = -np.inf
        for k in range(8):
            apart = max(apart, -(bounds[group[a], k] + bounds[group[b], (k + 4) % 8]) / lengths[k])
        if apart < 1.0:
            for o in (group[a], group[b]):
                for k in range(8):
                    bounds[o, k] -= (1.0 - apart) / 2 * lengths[k]
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
def _pull(ends, portals, portal_discs, discs, disc_range, normals, lengths):  # type: ignore[no-untyped-def]
    """Corner points of the shortest way, the ends included."""
    m, size = len(portals), len(discs)
    group, bounds, count = _octagons(ends, portal_discs, discs, disc_range, normals, lengths)
    # middle points of the way: start, gaps, end
    mids = np.empty((m + 2, 2))
    mids[0, 0], mids[0, 1], mids[m + 1, 0], mids[m + 1, 1] = ends[0], ends[1], ends[2], ends[3]
    for g in range(m):
        mids[g + 1, 0] = (portals[g, 0] + portals[g, 2]) / 2
        mids[g + 1, 1] = (portals[g, 1] + portals[g, 3]) / 2
    room = 16 * size + 2 * m + 2
    key = np.empty(room)
    place = np.empty((room, 2))
    side_of = np.empty(room)
    n = 0
    for d in range(size):
        o = group[d]
        if d > 0 and group[d - 1] == o:
            continue
        side = discs[d, 3]
        last = d
        cx, cy, members = 0.0, 0.0, 0
        while last < size and group[last] == o:
            cx, cy, members = cx + discs[last, 0], cy + discs[last, 1], members + 1
            last += 1
        cx, cy = cx / members, cy / members
        column = 0 if side > 0 else 1
        first_gap, last_gap = -1, -1
        for g in range(m):
            if d <= portal_discs[g, column] < last:
                if first_gap < 0:
                    first_gap = g
                last_gap = g
        if discs[d, 2] <= 0.0 and first_gap >= 0:
            key[n] = (2 * first_gap + 1) * STEP
            place[n, 0], place[n, 1], side_of[n] = round(discs[d, 0]), round(discs[d, 1]), side
            n += 1
            continue
        for k in range(8):
            j = (k + 1) % 8
            x = bounds[o, k] * normals[j, 1] - bounds[o, j] * normals[k, 1]
            y = bounds[o, j] * normals[k, 0] - bounds[o, k] * normals[j, 0]
            angle = math.atan2(y - cy, x - cx)
            if first_gap < 0:
                low, high = disc_range[d, 0], disc_range[d, 1]
                slot = high if high > low else (0 if low == 0 else m)
                if m == 1:
                    # both slots look alike in the range: the nearer end of the wire decides
                    one = math.hypot(cx - ends[0], cy - ends[1])
                    slot = 0 if one <= math.hypot(cx - ends[2], cy - ends[3]) else 1
                slot = min(max(slot, 0), m)
                tx, ty = mids[slot + 1, 0] - mids[slot, 0], mids[slot + 1, 1] - mids[slot, 1]
                facing = math.atan2(ty, tx) - side * math.pi / 2
                off = _turned(angle - facing)
                if min(off, 2.0 * math.pi - off) <= FACING:
                    n = _note(key, place, side_of, n, slot, x, y, side, mids)
                continue
            before = 0.0
            for g in range(first_gap, last_gap + 1):
                here = math.atan2(portals[g, 2 * column + 1] - cy, portals[g, 2 * column] - cx)
                if g == first_gap:
                    if _turned(side * (here - angle)) <= AWAY:
                        n = _note(key, place, side_of, n, g, x, y, side, mids)
                elif 0.0 < _turned(side * (angle - before)) <= _turned(side * (here - before)) < 1.9 * math.pi:
                    n = _note(key, place, side_of, n, g, x, y, side, mids)
                before = here
                if g == last_gap and 0.0 < _turned(side * (angle - here)) <= AWAY:
                    n = _note(key, place, side_of, n, g + 1, x, y, side, mids)
                if n >= room - 2:
                    break
    return _funnel(ends, key[:n], place, side_of)


@compiled
def _note(key, place, side_of, n, slot, x, y, side, mids):  # type: ignore[no-untyped-def]
    """Books a corner in a slot, ordered along the way."""
    tx, ty = mids[slot + 1, 0] - mids[slot, 0], mids[slot + 1, 1] - mids[slot, 1]
    length = max(math.hypot(tx, ty), 1e-9)
    along = ((x - mids[slot, 0]) * tx + (y - mids[slot, 1]) * ty) / length
    key[n] = 2 * slot * STEP + along
    place[n, 0], place[n, 1], side_of[n] = x, y, side
    return n + 1


@compiled
def _cross(ax, ay, bx, by, cx, cy):  # type: ignore[no-untyped-def]
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


@compiled
def _funnel(ends, key, place, side_of):  # type: ignore[no-untyped-def]
    """The shortest way from start to end, corners of side +1 on its left and of side -1 on its right."""
    n = len(key)
    order = np.argsort(key, kind="mergesort")
    # two chains of the funnel as a deque around its apex; entries are corners, n is the end, -1 the start
    points = np.empty((n + 2, 2))
    points[0, 0], points[0, 1] = ends[0], ends[1]
    for i in range(n):
        points[i + 1, 0], points[i + 1, 1] = place[order[i], 0], place[order[i], 1]
    points[n + 1, 0], points[n + 1, 1] = ends[2], ends[3]
    way = np.empty((n + 2, 2))
    count = 1
    way[0] = points[0]
    left = np.empty(n + 2, np.int64)
    right = np.empty(n + 2, np.int64)
    left_start = left_end = right_start = right_end = 0  # chains beyond the apex
    apex = 0
    for i in range(1, n + 2):
        if i == n + 1 or side_of[order[i - 1]] > 0:
            apex, count, left_end, right_start = _advance(
                points, left, left_start, left_end, right, right_start, right_end, apex, i, 1.0, way, count
            )
        else:
            apex, count, right_end, left_start = _advance(
                points, right, right_start, right_end, left, left_start, left_end, apex, i, -1.0, way, count
            )
    # the end closes the left chain
    for k in range(left_start, left_end):
        way[count, 0], way[count, 1] = points[left[k], 0], points[left[k], 1]
        count += 1
    return way[:count]


@compiled
def _advance(points, own, own_start, own_end, other, other_start, other_end, apex, i, sign, way, count):  # type: ignore[no-untyped-def]
    """Adds corner i to one chain of the funnel; ``sign`` is +1 for the left chain.

    Returns the apex, the length of the way, the end of the own chain and the start of the other.
    """
    px, py = points[i, 0], points[i, 1]
    # a chain bends towards its own side: drop what the new corner skips
    while own_end > own_start:
        far = own[own_end - 1]
        near = own[own_end - 2] if own_end - 2 >= own_start else apex
        turn = sign * _cross(points[near, 0], points[near, 1], points[far, 0], points[far, 1], px, py)
        if turn > 0.0:
            break
        own_end -= 1
    if own_end == own_start:
        # the new corner may lie behind corners of the other chain: they become the way
        while other_end > other_start:
            first = other[other_start]
            turn = sign * _cross(points[apex, 0], points[apex, 1], points[first, 0], points[first, 1], px, py)
            if turn > 0.0:
                break
            way[count, 0], way[count, 1] = points[first, 0], points[first, 1]
            count += 1
            apex = first
            other_start += 1
    own[own_end] = i
    return apex, count, own_end + 1, other_start
