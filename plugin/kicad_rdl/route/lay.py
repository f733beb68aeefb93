"""From taut wires to paths on the nanometre grid."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kicad_rdl.geometry import Arc, Line, Path, Piece, Point
from kicad_rdl.route.arcs import EXACT, MOST_ARCS, draw_arcs, rounded
from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.taut import Corridors, TautWires
from kicad_rdl.route.triangulation import F64, I64

LEAST_SAGITTA = 2.0
"""A flatter arc is drawn as the corner of its tangents, which lies outside the disc [nm]."""

MOST_PIECES = MOST_ARCS + 1
"""Of one touch: the tangent to it, and its arcs."""

LIFT = 3.0
"""How far from a disc an arc about it ends that goes on straight between it and another one [nm]."""

WAYS = 5
"""How many columns and rows of the grid about a place where a careful wire meets or leaves a disc are looked at."""


@dataclass(frozen=True, slots=True)
class Strokes:
    """Paths on the grid, flattened.

    Attributes:
        start: [w + 1] pieces of wire i are ``start[i] : start[i + 1]``; none where it has no way through.
        pieces: [p, 6] start, middle and end x, y of every piece [nm]; the middle of a line is not a number.
    """

    start: I64
    pieces: F64


def path_of(pieces: F64) -> Path | None:
    """The path of consecutive pieces of ``Strokes``; None without any."""
    made: list[Piece] = []
    here: Point | None = None
    for x, y, mx, my, ex, ey in pieces.tolist():
        begin, end = here or Point(int(x), int(y)), Point(int(ex), int(ey))
        made.append(Line(begin, end) if math.isnan(mx) else Arc(begin, Point(int(mx), int(my)), end))
        here = end
    return Path(tuple(made)) if made else None


def strokes_of(
    corridors: Corridors, taut: TautWires, which: Sequence[int] | None = None, careful: Collection[int] = ()
) -> Strokes:
    """Tangents and arcs of all wires, or of some; ends exactly on the grid points of the terminals.

    Args:
        corridors, taut: the wires.
        which: of them; None: all.
        careful: those whose corners are rounded away from their discs, not to the nearest point: where a wire just
            fits, it may not come a fraction of a nanometre closer.
    """
    wires = np.arange(len(taut.count)) if which is None else np.array(which, dtype=np.int64)
    outward = np.zeros(len(taut.count), dtype=np.bool_)
    outward[list(careful)] = True
    squared = np.zeros(len(corridors.discs), np.bool_) if corridors.squared is None else corridors.squared
    start, pieces = _strokes(
        wires, outward, corridors.ends, corridors.discs, squared, taut.start, taut.count, taut.touch, taut.points
    )
    return Strokes(start, pieces)


def wire_path(corridors: Corridors, taut: TautWires, wire: int) -> Path:
    """The path of one wire that has a way through."""
    path = path_of(strokes_of(corridors, taut, [wire]).pieces)
    assert path is not None
    return path


@compiled
def _strokes(wires, outward, ends, discs, squared, first, count, touch, points):  # type: ignore[no-untyped-def]
    pieces = np.empty((0, 6))
    start = np.zeros(len(wires) + 1, np.int64)
    n = 0
    for k in range(len(wires)):
        w = wires[k]
        a, b = first[w], first[w] + max(count[w], 0)
        most = n + MOST_PIECES * (b - a) + 1
        if most > len(pieces):
            room = np.empty((2 * most, 6))
            room[:n] = pieces[:n]
            pieces = room
        met = _touches(discs, touch[a:b], points[a:b])
        exact = squared[touch[a:b]]
        if outward[w] and not exact.any():
            _step_aside(ends[w], met)
        else:
            for t in range(len(met)):
                for c in range(4):
                    met[t, c] = np.rint(met[t, c])
        hx, hy = np.rint(ends[w, 0]), np.rint(ends[w, 1])
        for t in range(len(met)):
            ex, ey, lx, ly, cx, cy, radius, a0, sweep = met[t]
            n, hx, hy = _line_to(pieces, n, hx, hy, ex, ey)
            if sweep != 0.0:
                circle = (cx, cy, radius, a0, sweep)
                n = draw_arcs(pieces, n, hx, hy, lx, ly, circle, outward[w], exact[t])
                hx, hy = lx, ly
        if count[w] >= 0:
            n, hx, hy = _line_to(pieces, n, hx, hy, np.rint(ends[w, 2]), np.rint(ends[w, 3]))
        start[k + 1] = n
    return start, pieces[:n].copy()


@compiled
def _touches(discs, touch, points):  # type: ignore[no-untyped-def]
    """For each touch where the wire meets the disc and leaves it, centre, radius, first angle, and signed sweep.

    Where the arc is too flat to be drawn, the wire meets and leaves it at the corner of its tangents, sweeping nothing.
    """
    met = np.empty((len(touch), 9))
    for t in range(len(touch)):
        cx, cy, radius, side = discs[touch[t], 0], discs[touch[t], 1], discs[touch[t], 2], discs[touch[t], 3]
        ex, ey, lx, ly = points[t, 0], points[t, 1], points[t, 2], points[t, 3]
        sweep = a0 = 0.0
        if radius > 0:
            a0 = math.atan2(ey - cy, ex - cx)
            sweep = ((math.atan2(ly - cy, lx - cx) - a0) * side) % (2 * math.pi)
            if sweep > 2 * math.pi - 1e-6:
                sweep = 0.0
        if radius * (1 - math.cos(min(sweep, math.pi) / 2)) < LEAST_SAGITTA:
            if radius > 0 and sweep > 0:
                middle = a0 + side * sweep / 2
                outside = radius / math.cos(sweep / 2)
                ex, ey = cx + outside * math.cos(middle), cy + outside * math.sin(middle)
            met[t] = (ex, ey, ex, ey, cx, cy, radius, a0, 0.0)
        else:
            met[t] = (ex, ey, lx, ly, cx, cy, radius, a0, side * sweep)
    return met


@compiled
def _step_aside(ends, met):  # type: ignore[no-untyped-def]
    """Rounds the places where a wire meets and leaves its discs so that no line between them cuts into a disc."""
    n = len(met)
    for t in range(n - 1):
        # between two discs that touch it runs straight for a while: an arc cannot be exact where there is no room
        dx, dy = met[t + 1, 4] - met[t, 4], met[t + 1, 5] - met[t, 5]
        apart = math.hypot(dx, dy)
        if met[t, 8] * met[t + 1, 8] >= 0.0 or apart > met[t, 6] + met[t + 1, 6] + 1.0:
            continue
        ahead = math.copysign(math.sqrt(2 * min(met[t, 6], met[t + 1, 6]) * LIFT), met[t, 8]) / apart
        x, y = met[t, 4] + dx * met[t, 6] / apart, met[t, 5] + dy * met[t, 6] / apart
        met[t, 2], met[t, 3] = x + ahead * dy, y - ahead * dx
        met[t + 1, 0], met[t + 1, 1] = x - ahead * dy, y + ahead * dx
    x, y, cx, cy, radius = np.rint(ends[0]), np.rint(ends[1]), 0.0, 0.0, 0.0
    fixed = True  # the place where the line begins
    for t in range(n + 1):
        u, v, ux, uy, keep = np.rint(ends[2]), np.rint(ends[3]), 0.0, 0.0, 0.0
        if t < n:
            u, v, ux, uy, keep = met[t, 0], met[t, 1], met[t, 4], met[t, 5], met[t, 6]
        best = np.inf
        bx, by = (x, y) if fixed else rounded(x, y, cx, cy, radius, True)
        bu, bv = (u, v) if t == n else rounded(u, v, ux, uy, keep, True)
        if t < n or not fixed:
            for i in range(1 if fixed else WAYS * WAYS):
                px, py = x, y
                if not fixed:
                    px, py = np.rint(x) + i // WAYS - WAYS // 2, np.rint(y) + i % WAYS - WAYS // 2
                one = math.hypot(px - x, py - y)
                if one >= best or (radius > 0.0 and math.hypot(px - cx, py - cy) < radius - EXACT):
                    continue
                for j in range(1 if t == n else WAYS * WAYS):
                    qx, qy = u, v
                    if t < n:
                        qx, qy = np.rint(u) + j // WAYS - WAYS // 2, np.rint(v) + j % WAYS - WAYS // 2
                    both = one + math.hypot(qx - u, qy - v)
                    if both >= best:
                        continue
                    if keep > 0.0 and _line_from(px, py, qx, qy, ux, uy) < keep - EXACT:
                        continue
                    if radius > 0.0 and _line_from(px, py, qx, qy, cx, cy) < radius - EXACT:
                        continue
                    best, bx, by, bu, bv = both, px, py, qx, qy
        if t > 0:
            met[t - 1, 2], met[t - 1, 3] = bx, by
        if t < n:
            met[t, 0], met[t, 1] = bu, bv
            x, y, cx, cy, radius = met[t, 2], met[t, 3], ux, uy, keep
            fixed = met[t, 8] == 0.0
            if fixed:
                x, y = bu, bv


@compiled
def _line_from(px, py, qx, qy, x, y):  # type: ignore[no-untyped-def]
    """Distance of a place from a line that has two ends [nm]."""
    dx, dy = qx - px, qy - py
    size = dx * dx + dy * dy
    part = min(1.0, max(0.0, ((x - px) * dx + (y - py) * dy) / size)) if size > 0.0 else 0.0
    return math.hypot(px + part * dx - x, py + part * dy - y)


@compiled
def _line_to(pieces, n, hx, hy, x, y):  # type: ignore[no-untyped-def]
    """Draws a line where its ends differ; returns the count of pieces and where the wire is now."""
    if x != hx or y != hy:
        pieces[n] = (hx, hy, np.nan, np.nan, x, y)
        n += 1
    return n, x, y


def sharp_corner(path: Path) -> Point | None:
    """Where a path turns by more than a right angle; taut wires do so only where their corridor has no room."""
    for before, after in pairwise(path.pieces):
        ux, uy = direction(before, at_end=True)
        vx, vy = direction(after, at_end=False)
        if ux * vx + uy * vy < 0:
            return after.start
    return None


def ends_of(path: Path) -> tuple[tuple[float, float], tuple[float, float]]:
    """Directions, of any length, in which a path leaves its start, and in which it would leave its end."""
    (ux, uy), (vx, vy) = direction(path.pieces[0], at_end=False), direction(path.pieces[-1], at_end=True)
    return (ux, uy), (-vx, -vy)


def direction(piece: Piece, at_end: bool) -> tuple[float, float]:
    """Direction of travel at one end of a piece, of any length."""
    if isinstance(piece, Line):
        return piece.end.x - piece.start.x, piece.end.y - piece.start.y
    cx, cy = piece.centre
    at = piece.end if at_end else piece.start
    turn = 1.0 if piece.sweep > 0 else -1.0
    return -turn * (at.y - cy), turn * (at.x - cx)
