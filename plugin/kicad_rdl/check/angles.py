"""Angles between joined pieces of traces, and directions where only multiples of 45 degrees are allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from kicad_rdl.check.connection import centre
from kicad_rdl.check.distance import distances
from kicad_rdl.check.layers import LayerCopper
from kicad_rdl.check.primitives import inside, near, tabulate
from kicad_rdl.geometry import Arc, Line, Point
from kicad_rdl.model.artwork import Artwork, Copper, Skeleton
from kicad_rdl.model.report import Rule, Severity, Violation

Direction: TypeAlias = tuple[int, int]

COSINE_NOISE = 1e-6
"""Joints whose cosine is above minus this are decided in integers."""


def check_angles(artwork: Artwork, here: LayerCopper) -> Iterator[Violation]:
    """Acute joints that no pad, via, teardrop or plane of the net covers; and directions."""
    if artwork.octilinear:
        for k in here.index[here.is_trace]:
            if not _octilinear(artwork.copper[k].skeleton):
                yield _wrong_direction(artwork, artwork.copper[k])
    sharp: list[tuple[Point, int, int]] = []
    for at, a, b in _suspects(here):
        first, second = artwork.copper[here.index[a]].skeleton, artwork.copper[here.index[b]].skeleton
        assert isinstance(first, Line | Arc)
        assert isinstance(second, Line | Arc)
        if _acute(_departure(first, at), _departure(second, at)):
            sharp.append((at, a, b))
    for (at, a, b), hidden in zip(sharp, _covered(artwork, here, sharp), strict=True):
        if not hidden:
            yield _acute_joint(artwork, at, int(here.index[a]), int(here.index[b]))


def _suspects(here: LayerCopper) -> Iterator[tuple[Point, int, int]]:
    """Pairs of trace items of one node that meet at a point under less than 90 degrees, as far as floats can say."""
    table = here.table
    # A trace as wide as long may be stored as a point: it has no direction.
    rows = np.flatnonzero(here.is_trace[table.item] & (table.is_arc | (table.ax != table.bx) | (table.ay != table.by)))
    arc = table.is_arc[rows]
    ax, ay, bx, by = table.ax[rows], table.ay[rows], table.bx[rows], table.by[rows]
    cx, cy = table.cx[rows], table.cy[rows]
    x, y = np.concatenate([ax, bx]), np.concatenate([ay, by])
    dx = np.concatenate([np.where(arc, cy - ay, bx - ax), np.where(arc, by - cy, ax - bx)])
    dy = np.concatenate([np.where(arc, ax - cx, by - ay), np.where(arc, cx - bx, ay - by)])
    item = np.concatenate([table.item[rows], table.item[rows]])
    length = np.hypot(dx, dy)
    order = np.lexsort((item, here.node[item], y, x))
    x, y, dx, dy, item = x[order], y[order], (dx / length)[order], (dy / length)[order], item[order]
    node = here.node[item]
    for step in range(1, len(order)):
        together = (x[step:] == x[:-step]) & (y[step:] == y[:-step]) & (node[step:] == node[:-step])
        if not together.any():
            return
        toward = dx[step:] * dx[:-step] + dy[step:] * dy[:-step] > -COSINE_NOISE
        for n in np.flatnonzero(together & toward & (item[step:] != item[:-step])):
            yield Point(round(x[n]), round(y[n])), int(item[n]), int(item[n + step])


def _departure(piece: Line | Arc, at: Point) -> Direction:
    """The direction in which a piece leaves one of its ends (not normalised, exact)."""
    if isinstance(piece, Line):
        d = piece.end - piece.start
        return (d.x, d.y) if at == piece.start else (-d.x, -d.y)
    ax, ay = piece.mid.x - piece.start.x, piece.mid.y - piece.start.y
    bx, by = piece.end.x - piece.start.x, piece.end.y - piece.start.y
    turn = 2 * (ax * by - ay * bx)
    a2, b2 = ax * ax + ay * ay, bx * bx + by * by
    # Centre relative to the start, times ``turn``: whole numbers. The tangent is the radius turned by a quarter,
    # forwards in the arc's own sense, which is the sign of ``turn``.
    cx, cy = by * a2 - ay * b2, ax * b2 - bx * a2
    return (cy, -cx) if at == piece.start else (by * turn - cy, cx - bx * turn)


def _acute(first: Direction, second: Direction) -> bool:
    """Less than 90 degrees between two directions: exact."""
    return first[0] * second[0] + first[1] * second[1] > 0


def _octilinear(skeleton: Skeleton) -> bool:
    if not isinstance(skeleton, Line):
        return isinstance(skeleton, Point)
    d = skeleton.end - skeleton.start
    return d.x == 0 or d.y == 0 or abs(d.x) == abs(d.y)


def _covered(artwork: Artwork, here: LayerCopper, sharp: list[tuple[Point, int, int]]) -> list[bool]:
    """Whether a joint lies in a pad, via land, teardrop or plane of its own net."""
    result = np.zeros(len(sharp), dtype=np.bool_)
    if not sharp:
        return []
    covers = np.flatnonzero(~here.is_trace)
    metal = tabulate((artwork.copper[k].skeleton, artwork.copper[k].width) for k in here.index[covers])
    spots = tabulate((at, 0) for at, _, _ in sharp)
    node = here.node[[a for _, a, _ in sharp]]
    i, j = near(spots, metal, 0.0)
    hit = distances(spots, i, metal, j) <= metal.half[j]
    area, spot = inside(metal, spots)
    for n, cover in ((i[hit], metal.item[j[hit]]), (spot, area)):
        result[n[node[n] == here.node[covers[cover]]]] = True
    return [bool(value) for value in result]


def _acute_joint(artwork: Artwork, at: Point, a: int, b: int) -> Violation:
    first, second = artwork.copper[a], artwork.copper[b]
    return Violation(
        rule=Rule.ACUTE_ANGLE,
        severity=Severity.ERROR,
        layer=artwork.layers[first.layer - 1],
        at=at,
        things=tuple(sorted({first.name, second.name})),
        measured=None,
        required=None,
        remedy="open the angle to 90 degrees or more, or cover the joint with a teardrop",
    )


def _wrong_direction(artwork: Artwork, copper: Copper) -> Violation:
    return Violation(
        rule=Rule.ACUTE_ANGLE,
        severity=Severity.ERROR,
        layer=artwork.layers[copper.layer - 1],
        at=centre(copper),
        things=(copper.name,),
        measured=None,
        required=None,
        remedy="draw this piece in a multiple of 45 degrees, as the job asks",
    )
