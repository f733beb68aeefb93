"""The edge of a board as closed as KiCad takes it: ends of drawings that nearly meet are joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import shapely

from kicad_rdl.geometry import Line, Piece, Point
from kicad_rdl.units import UM

CHAINING = 10 * UM
"""KiCad takes ends of its outline for one up to this distance; editors of mechanics round them off, and arcs end where
their three points say."""


def chained(outline: Sequence[Piece]) -> list[Piece]:
    """The outline with short lines between its loose ends that nearly meet, the nearest first."""
    loose = loose_ends(outline)
    spots = [shapely.Point(end.x, end.y) for end in loose]
    one, other = shapely.STRtree(spots).query(spots, predicate="dwithin", distance=CHAINING) if spots else ((), ())
    pairs = [(loose[a], loose[b]) for a, b in zip(one, other, strict=True) if a < b]
    joints: list[Piece] = []
    used: set[Point] = set()
    for a, b in sorted(pairs, key=lambda pair: (pair[0].distance(pair[1]), pair)):
        if a not in used and b not in used:
            used.update((a, b))
            joints.append(Line(a, b))
    return [*outline, *joints]


def loose_ends(outline: Sequence[Piece]) -> list[Point]:
    """Where a line of the outline ends and no other goes on, sorted."""
    met = Counter(end for piece in outline for end in (piece.start, piece.end))
    return sorted(end for end, count in met.items() if count % 2)
