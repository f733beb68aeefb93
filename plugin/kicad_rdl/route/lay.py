"""From taut wires to paths on the nanometre grid."""

from __future__ import annotations

import math
from itertools import pairwise

from kicad_rdl.geometry import Arc, Line, Path, Piece, Point
from kicad_rdl.route.taut import Corridors, TautWires

LEAST_SAGITTA = 2.0
"""A flatter arc is drawn as the corner of its tangents, which lies outside the disc [nm]."""

LONGEST_SWEEP = 2.6
"""Longer arcs are cut in two: three points on nearly a full circle fix it badly [rad]."""


def wire_path(corridors: Corridors, taut: TautWires, wire: int) -> Path:
    """The path of one wire: tangents and arcs, ends exactly on the grid points of its terminals."""
    ends = corridors.ends[wire]
    start, end = Point(round(ends[0]), round(ends[1])), Point(round(ends[2]), round(ends[3]))
    first = int(taut.start[wire])
    pieces: list[Piece] = []
    here = start

    def line_to(point: Point) -> None:
        nonlocal here
        if point != here:
            pieces.append(Line(here, point))
            here = point

    touches = range(first, first + int(taut.count[wire]))
    for index in touches:
        cx, cy, radius, side, _ = corridors.discs[taut.touch[index]].tolist()
        ex, ey, lx, ly = taut.points[index].tolist()
        sweep = 0.0
        if radius > 0:
            a0, a1 = math.atan2(ey - cy, ex - cx), math.atan2(ly - cy, lx - cx)
            sweep = ((a1 - a0) * side) % math.tau
            if sweep > 2 * math.pi - 1e-6:
                sweep = 0.0
        if radius * (1 - math.cos(min(sweep, math.pi) / 2)) < LEAST_SAGITTA:
            if radius > 0 and sweep > 0:
                middle = a0 + side * sweep / 2
                outside = radius / math.cos(sweep / 2)
                ex, ey = cx + outside * math.cos(middle), cy + outside * math.sin(middle)
            line_to(Point(round(ex), round(ey)))
            continue
        line_to(Point(round(ex), round(ey)))
        parts = 1 if sweep < LONGEST_SWEEP else math.ceil(sweep / LONGEST_SWEEP)
        for part in range(parts):
            mid = a0 + side * sweep * (2 * part + 1) / (2 * parts)
            stop = a0 + side * sweep * (part + 1) / parts
            centre = Point(round(cx + radius * math.cos(mid)), round(cy + radius * math.sin(mid)))
            target = (
                Point(round(lx), round(ly))
                if part == parts - 1
                else Point(round(cx + radius * math.cos(stop)), round(cy + radius * math.sin(stop)))
            )
            pieces.append(Arc(here, centre, target))
            here = target
    line_to(end)
    return Path(tuple(pieces))


def sharp_corner(path: Path) -> Point | None:
    """Where a path turns by more than a right angle; taut wires do so only where their corridor has no room."""
    for before, after in pairwise(path.pieces):
        ux, uy = _direction(before, at_end=True)
        vx, vy = _direction(after, at_end=False)
        if ux * vx + uy * vy < 0:
            return after.start
    return None


def _direction(piece: Piece, at_end: bool) -> tuple[float, float]:
    """Direction of travel at one end of a piece, of any length."""
    if isinstance(piece, Line):
        return piece.end.x - piece.start.x, piece.end.y - piece.start.y
    cx, cy = piece.centre
    at = piece.end if at_end else piece.start
    turn = 1.0 if piece.sweep > 0 else -1.0
    return -turn * (at.y - cy), turn * (at.x - cx)
