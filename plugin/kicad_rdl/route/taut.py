"""Wires pulled taut: the shortest curve among discs in the corridor that the sketch gives to a wire.

At every gap a wire keeps, from each of the two obstacles, clearance + the wires between + half its own width. By
Maley's theorem (Single-Layer Wire Routing, 1987) all wires fit at once when every cut does, each as the shortest path
among its obstacles so inflated. The path starts as the funnel over the gaps (Lee and Preparata 1984) and is then made
exact (``tangents.py``).

Sides: +1 a disc on the left of the wire (the wire turns left around it), -1 on the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.tangents import exact
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.turning import directions


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
        n = exact(ends[wire], discs[d0:d1], disc_range[d0:d1], gaps, active, used, n, entry, leave)
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
