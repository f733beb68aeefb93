"""Where a taut wire is beside its discs: how far it turns around them, and past which of its gaps.

The angles at which a wire meets and leaves a disc leave open how often it goes round it. The gaps that end at the disc
say it: the wire passes them one after the other, and what lies before and behind them is less than a turn away.
"""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.route.compiled import compiled

AHEAD = 0.05
"""A gap this far before or behind the place where a wire touches a disc is certainly ahead or behind [rad]."""

SMALL = 100.0
"""Around a smaller disc, angles are those of the segments that meet it [nm]; between two larger ones that touch, the
segment may be too short to have one."""


@compiled
def directions(portals, portal_discs, along, discs):  # type: ignore[no-untyped-def]
    """[gaps, 2] in which direction each gap leaves its left and its right disc [rad]."""
    around = np.empty((len(portals), 2))
    for g in range(len(portals)):
        for column in range(2):
            if along[g, 0] != 0.0 or along[g, 1] != 0.0:
                sign = 1.0 - 2.0 * column
                around[g, column] = math.atan2(sign * along[g, 1], sign * along[g, 0])
                continue
            d = portal_discs[g, column]
            around[g, column] = math.atan2(
                portals[g, 2 * column + 1] - discs[d, 1], portals[g, 2 * column] - discs[d, 0]
            )
    return around


@compiled
def leaning(discs, disc_range, around, d, touch, before, behind):  # type: ignore[no-untyped-def]
    """How a wire leans on a disc: the angle by which it turns around it in its own sense, negative where it does not
    lean on it; the first gap certainly behind where it meets the disc, the last one certainly ahead of where it leaves.

    Args:
        discs, disc_range, around, d: of the wire, and which.
        touch: x, y of the beginning and the end of the segment before, and of the segment behind.
        before, behind: gaps near the outer ends of both segments.
    """
    px, py, ex, ey, lx, ly, qx, qy = touch
    a, b = disc_range[d]
    x, y, radius, side, own = discs[d]
    if radius <= SMALL:  # directions of the segments rather than touch points: discs of radius zero have none
        return _nearest_turn((math.atan2(qy - ly, qx - lx) - math.atan2(ey - py, ex - px)) * side), b, a
    enters = math.atan2(ey - y, ex - x)
    turn = _nearest_turn((math.atan2(ly - y, lx - x) - enters) * side)
    if own < 0.0:
        return turn, b, a
    # the gaps that end at a disc stand around it like the hands of a clock; the wire passes them one by one. From the
    # first of them on, in the sense in which the wire turns: where the segment before begins, where that behind ends
    column = 0 if side > 0 else 1
    before, behind = min(max(before, a), b), min(max(behind, a), b)
    meets = -_onward((around[before, column] - math.atan2(py - y, px - x)) * side)
    leaves = _onward((math.atan2(qy - y, qx - x) - around[behind, column]) * side)
    angle = 0.0
    for g in range(a + 1, b + 1):
        angle += _nearest_turn((around[g, column] - around[g - 1, column]) * side)
        meets += angle if g == before else 0.0
        leaves += angle if g == behind else 0.0
    meets += math.acos(min(1.0, radius / math.hypot(px - x, py - y)))
    leaves -= math.acos(min(1.0, radius / math.hypot(qx - x, qy - y)))
    if own == 0.0:  # seen from a corner of an obstacle the gaps only stand about like that
        meets = (enters - around[a, column]) * side
        meets += 2.0 * math.pi * np.rint((angle - turn - 2.0 * meets) / (4.0 * math.pi))
        leaves = meets + turn
    first, last = b, a
    angle = 0.0
    for g in range(a, b + 1):
        if g > a:
            angle += _nearest_turn((around[g, column] - around[g - 1, column]) * side)
        if angle > meets + AHEAD and g < first:
            first = g
        if angle < leaves - AHEAD:
            last = g
    return leaves - meets, first, last


@compiled
def _onward(angle):  # type: ignore[no-untyped-def]
    """An angle in [-pi / 2, 3 pi / 2): of what is expected ahead, and may lie a little behind."""
    return _nearest_turn(angle - math.pi / 2) + math.pi / 2


@compiled
def _nearest_turn(angle):  # type: ignore[no-untyped-def]
    """An angle in [-pi, pi)."""
    return angle - 2.0 * math.pi * math.floor((angle + math.pi) / (2.0 * math.pi))


@compiled
def counts(gaps, d, x, y):  # type: ignore[no-untyped-def]
    """Whether a disc counts where a wire passes it: between the gaps of its stretch."""
    portals, directions, _, stretch = gaps
    first, last = stretch[d]
    if first >= 0 and ahead(portals[first], directions[first], x, y) < 0.0:
        return False
    return last >= len(portals) or ahead(portals[last], directions[last], x, y) <= 0.0


@compiled
def ahead(portal, direction, x, y):  # type: ignore[no-untyped-def]
    """How far beyond the line of a gap a place lies [nm]; ``direction`` is that of the gap."""
    return (y - portal[1]) * direction[0] - (x - portal[0]) * direction[1]
