"""Angles between joined pieces of traces, and directions where only multiples of 45 degrees are allowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from kicad_rdl.check.distance import distances
from kicad_rdl.check.primitives import inside, near, tabulate
from kicad_rdl.geometry import Arc, Line, Point
from kicad_rdl.model.artwork import Artwork, Copper, CopperKind
from kicad_rdl.model.report import Rule, Severity, Violation

Direction: TypeAlias = tuple[Fraction | int, Fraction | int]


def check_angles(artwork: Artwork, nets: Sequence[int]) -> Iterator[Violation]:
    """Acute joints that no pad, via, teardrop or plane of the net covers; and directions.

    Args:
        artwork: the copper.
        nets: the electrical node of every copper item.
    """
    ends: dict[tuple[int, Point, int], list[tuple[Direction, int]]] = defaultdict(list)
    for k, copper in enumerate(artwork.copper):
        if copper.kind is not CopperKind.TRACE or not isinstance(copper.skeleton, Line | Arc):
            continue
        for at, direction in _departures(copper.skeleton):
            ends[copper.layer, at, nets[k]].append((direction, k))
        if artwork.octilinear and not _octilinear(copper.skeleton):
            yield _wrong_direction(artwork, copper)
    sharp: list[tuple[Point, int, int]] = []
    for (_, at, _), departures in ends.items():
        for n, (first, a) in enumerate(departures):
            sharp += [(at, a, b) for second, b in departures[n + 1 :] if _acute(first, second)]
    covered = _covered(artwork, nets, sharp)
    for (at, a, b), hidden in zip(sharp, covered, strict=True):
        if not hidden:
            yield _acute_joint(artwork, at, a, b)


def _departures(piece: Line | Arc) -> list[tuple[Point, Direction]]:
    """The two ends, and the direction in which the piece leaves each (not normalised, exact)."""
    if isinstance(piece, Line):
        d = piece.end - piece.start
        return [(piece.start, (d.x, d.y)), (piece.end, (-d.x, -d.y))]
    ax, ay = piece.mid.x - piece.start.x, piece.mid.y - piece.start.y
    bx, by = piece.end.x - piece.start.x, piece.end.y - piece.start.y
    turn = 2 * (ax * by - ay * bx)
    a2, b2 = ax * ax + ay * ay, bx * bx + by * by
    # Centre relative to the start; the tangent is the radius turned by a quarter, forwards in the arc's own sense.
    cx, cy = Fraction(by * a2 - ay * b2, turn), Fraction(ax * b2 - bx * a2, turn)
    sign = 1 if turn > 0 else -1
    at_start = (sign * cy, -sign * cx)
    at_end = (sign * (by - cy), -sign * (bx - cx))
    return [(piece.start, at_start), (piece.end, at_end)]


def _acute(first: Direction, second: Direction) -> bool:
    """Less than 90 degrees between two directions: exact."""
    return first[0] * second[0] + first[1] * second[1] > 0


def _octilinear(piece: Line | Arc) -> bool:
    d = piece.end - piece.start
    return isinstance(piece, Line) and (d.x == 0 or d.y == 0 or abs(d.x) == abs(d.y))


def _covered(artwork: Artwork, nets: Sequence[int], sharp: list[tuple[Point, int, int]]) -> list[bool]:
    """Whether a joint lies in a pad, via land, teardrop or plane of its own net."""
    result = np.zeros(len(sharp), dtype=np.bool_)
    for layer in range(1, len(artwork.layers) + 1):
        here = [n for n, (_, a, _) in enumerate(sharp) if artwork.copper[a].layer == layer]
        if not here:
            continue
        covers = [
            k
            for k, copper in enumerate(artwork.copper)
            if copper.layer == layer and copper.kind is not CopperKind.TRACE
        ]
        spots = tabulate((sharp[n][0], 0) for n in here)
        metal = tabulate((artwork.copper[k].skeleton, artwork.copper[k].width) for k in covers)
        i, j = near(spots, metal, 0.0)
        hit = distances(spots, i, metal, j) <= metal.half[j]
        area, spot = inside(metal, spots)
        pairs = [*zip(i[hit], metal.item[j[hit]], strict=True), *zip(spot, area, strict=True)]
        for n, k in pairs:
            if nets[sharp[here[n]][1]] == nets[covers[k]]:
                result[here[n]] = True
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
    assert isinstance(copper.skeleton, Line | Arc)
    return Violation(
        rule=Rule.ACUTE_ANGLE,
        severity=Severity.ERROR,
        layer=artwork.layers[copper.layer - 1],
        at=copper.skeleton.start,
        things=(copper.name,),
        measured=None,
        required=None,
        remedy="draw this piece in a multiple of 45 degrees, as the job asks",
    )
