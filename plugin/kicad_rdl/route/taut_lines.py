"""Where the wires of a layer run: pulled taut beside each other, as polylines."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely

from kicad_rdl.route.corridors import corridors_of
from kicad_rdl.route.octagons import tauten_octagonal
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.taut import Corridors, TautWires, tauten
from kicad_rdl.route.triangulation import F64

STEP = 0.3
"""An arc is drawn by chords of this sweep: they leave it by a hundredth of its radius [rad]."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What a wire leans on first, seen from one of its ends: a disc, or a place (radius 0), the other end at least."""

    x: float
    y: float
    radius: float
    side: float
    """1: it goes on round the disc counter-clockwise; -1: clockwise."""
    leaves: float
    """Direction from the middle of the disc to where it leaves it [rad]."""
    is_end: bool


@dataclass(frozen=True, slots=True)
class TautLine:
    """A wire pulled taut.

    Attributes:
        points: [n, 2] from end to end [nm].
        holds: as seen from its start, and from its end.
    """

    points: F64
    holds: tuple[Hold, Hold]


def taut_lines(sketches: Sketches, layer: int) -> dict[int, TautLine]:
    """The wires of a layer (from 0), without those that find no way or cross another."""
    tiles, wires = sketches.tiles[layer], sketches.wires_on(layer)
    widths = {wire: float(sketches.book.width[wire]) for wire in wires}
    space = float(sketches.ground.space[layer])
    corridors = corridors_of(
        tiles, wires, sketches.orders_on(layer), widths, space, {}, list(wires), None, tiles.octilinear
    )
    corridors, taut = tauten_octagonal(corridors) if tiles.octilinear else (corridors, tauten(corridors))
    lines = {wire: _line(corridors, taut, k) for k, wire in enumerate(wires) if taut.count[k] >= 0}
    shapes = np.array([shapely.LineString(line.points) for line in lines.values()], dtype=object)
    crossing, _ = shapely.STRtree(shapes).query(shapes, predicate="crosses")
    numbers = list(lines)
    for k in np.unique(crossing).tolist():
        del lines[numbers[k]]
    return lines


def _line(corridors: Corridors, taut: TautWires, k: int) -> TautLine:
    x, y, tx, ty = corridors.ends[k].tolist()
    points = [(x, y)]
    holds = [Hold(tx, ty, 0.0, 1.0, 0.0, True), Hold(x, y, 0.0, 1.0, 0.0, True)]
    first, count = int(taut.start[k]), int(taut.count[k])
    for index in range(first, first + count):
        cx, cy, radius, side, _ = corridors.discs[taut.touch[index]].tolist()
        ex, ey, lx, ly = taut.points[index].tolist()
        begin, leave = math.atan2(ey - cy, ex - cx), math.atan2(ly - cy, lx - cx)
        if index == first:
            holds[0] = Hold(cx, cy, radius, side, leave, False)
        holds[1] = Hold(cx, cy, radius, -side, begin, False)
        points.append((ex, ey))
        if radius > 0:
            sweep = (leave - begin) * side % math.tau
            steps = math.ceil(sweep / STEP) if sweep < math.tau - 1e-6 else 1
            for step in range(1, steps):
                angle = begin + side * sweep * step / steps
                points.append((cx + radius * math.cos(angle), cy + radius * math.sin(angle)))
            points.append((lx, ly))
    points.append((tx, ty))
    return TautLine(np.array([p for n, p in enumerate(points) if n == 0 or p != points[n - 1]]), (holds[0], holds[1]))
