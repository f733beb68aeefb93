"""Where a trace leaves its own pad: at the place from which the rest of its way is shortest.

A trace runs from the middle of its pad, but what lies within the pad is copper anyway. So the taut wire begins on the
rim of what is left of the pad when half the width of the trace is taken off all around, as near as can be to its first
bend, and a straight piece joins that place to the middle. This is done where it saves more outside the pad than it adds
to the whole trace: at corners of long pads, never on round ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely

from kicad_rdl.route.lay import Strokes, path_of, sharp_corner
from kicad_rdl.route.taut import Corridors, TautWires
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import F64
from kicad_rdl.route.uncross import Wire

LEAST = 100.0
"""What less is gained is not worth a bend [nm]."""


def moved_ends(
    tiles: Tiles, wires: Sequence[Wire], widths: Sequence[float], corridors: Corridors, taut: TautWires
) -> tuple[Corridors, F64]:
    """The corridors of wires, from where these leave their pads.

    Returns:
        The corridors, and by how much each trace may become longer before that is more than it saves outside [nm].
    """
    pads: dict[tuple[int, float], shapely.Polygon] = {}
    ends, most = corridors.ends.copy(), np.zeros(len(wires))
    for place, (wire, width) in enumerate(zip(wires, widths, strict=True)):
        if taut.count[place] < 0:
            continue
        touched = taut.points[taut.start[place] : taut.start[place] + taut.count[place]]
        own = ends[place, :2], ends[place, 2:]
        for vertex, at, bend in (
            (wire.start, own[0], touched[0, :2] if len(touched) else own[1]),
            (wire.end, own[1], touched[-1, 2:] if len(touched) else own[0]),
        ):
            key = vertex, width
            if key not in pads:
                pads[key] = _inner(tiles, vertex, width)
            rim = shapely.get_coordinates(pads[key])
            if not len(rim):
                continue
            within, outside = np.hypot(*(rim - at).T), np.hypot(*(rim - bend).T)
            best = int(np.argmin(outside))
            line = shapely.LineString([at, bend])
            saved = line.length - line.intersection(pads[key]).length - outside[best]
            longer = within[best] + outside[best] - line.length
            if saved > longer + LEAST:
                at[:] = np.rint(rim[best])
                most[place] += (saved + longer) / 2
    return replace(corridors, ends=ends), most


def _inner(tiles: Tiles, vertex: int, width: float) -> shapely.Polygon:
    """Where the middle of a trace may be so that all its width lies in a pad; its rim in small steps, none if round."""
    a, b = int(tiles.disc_start[vertex]), int(tiles.disc_start[vertex + 1])
    if b - a < 3:
        return shapely.Polygon()
    pad = shapely.Polygon(tiles.disc_xy[a:b]).buffer(float(tiles.disc_r[a])).buffer(-width / 2, join_style="mitre")
    return shapely.segmentize(pad, width / 4)


def from_middles(corridors: Corridors, strokes: Strokes) -> tuple[Strokes, list[int]]:
    """Strokes that begin and end elsewhere on their pads with the pieces that join them to the middles.

    Returns:
        The strokes, and which of them are new and turn by no more than a right angle anywhere.
    """
    start, pieces, fine = [0], [], []
    for k, middles in enumerate(corridors.ends):
        own = strokes.pieces[strokes.start[k] : strokes.start[k + 1]]
        ends = (
            own if not len(own) else np.vstack([_joint(middles[:2], own[0, :2]), own, _joint(own[-1, 4:], middles[2:])])
        )
        if len(ends) > len(own):
            path = path_of(ends)
            if path is not None and sharp_corner(path) is None:
                fine.append(k)
        pieces.append(ends)
        start.append(start[-1] + len(ends))
    return Strokes(np.array(start, dtype=np.int64), np.vstack(pieces)), fine


def _joint(start: F64, end: F64) -> F64:
    """[0 or 1, 6] a straight piece."""
    if (start == end).all():
        return np.zeros((0, 6))
    return np.array([[*start, np.nan, np.nan, *end]])
