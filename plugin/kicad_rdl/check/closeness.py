"""Which items of two tables are closer than a limit: floats for the crowd, 60 digits for the doubtful."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kicad_rdl.check import exact
from kicad_rdl.check.distance import distances
from kicad_rdl.check.primitives import Floats, Ints, Table, inside, near
from kicad_rdl.geometry import Point
from kicad_rdl.units import Nm

BAND = 1e-3
"""Pairs whose float gap is this near the limit [nm] are decided exactly (plus 1e-14 of an arc's radius)."""
GRID_BAND = 1e-8
"""The same for axis-parallel pieces on half nanometres: their distances are square roots of quarters of integers,
and such a root below a millimetre differs from a multiple of half a nanometre by more than this or not at all."""


class Breach(NamedTuple):
    """Two items closer than a limit, with the worst place."""

    a: int
    b: int
    measured: Nm
    """Rounded down; negative: they overlap by so much (or one lies in the other)."""
    at: Point


class Gaps(NamedTuple):
    """Copper-to-copper gaps of the rows that may be near each other."""

    i: Ints
    j: Ints
    gap: Floats


def gaps(a: Table, b: Table | None, reach: Nm) -> Gaps:
    """Gaps of all row pairs that may be within ``reach``."""
    other = a if b is None else b
    i, j = near(a, b, float(reach))
    found = distances(a, i, other, j) - (a.half[i] + other.half[j])
    keep = found < reach + 1.0
    return Gaps(i[keep], j[keep], found[keep])


def chosen(found: Gaps, keep: NDArray[np.bool_]) -> Gaps:
    """The pairs of a mask."""
    return Gaps(found.i[keep], found.j[keep], found.gap[keep])


def breaches(a: Table, b: Table | None, found: Gaps, limit: Nm) -> list[Breach]:
    """The item pairs with a gap truly below ``limit``, one entry each, sorted."""
    other = a if b is None else b
    i, j, gap = found
    slant = a.slant[i] | other.slant[j]
    band = np.where(slant, BAND + 1e-14 * np.maximum(a.r[i], other.r[j]), GRID_BAND)
    suspect = np.flatnonzero(np.where(slant, gap < limit + band, gap < limit - band))
    worst: dict[tuple[int, int], tuple[Decimal, Point]] = {}
    for k in suspect:
        row_a, row_b = int(i[k]), int(j[k])
        halves = float(a.half[row_a]) + float(other.half[row_b])
        measured, place = exact.gap(a.piece(row_a), other.piece(row_b), halves)
        if not exact.below(measured, limit):
            continue
        pair = int(a.item[row_a]), int(other.item[row_b])
        if pair not in worst or measured < worst[pair][0]:
            worst[pair] = measured, _between(place, float(a.half[row_a]), float(other.half[row_b]))
    return [Breach(*pair, exact.floor(measured), at) for pair, (measured, at) in sorted(worst.items())]


def contained(a: Table, b: Table) -> list[tuple[int, int]]:
    """Pairs (area of ``a``, item of ``b`` whose skeleton has a point in it)."""
    owner, guest = inside(a, b)
    return [(int(x), int(y)) for x, y in zip(owner, guest, strict=True)]


def anchor(table: Table, item: int) -> Point:
    """A point of an item."""
    x, y = table.anchor[item]
    return Point(round(x), round(y))


def _between(place: exact.Nearest, half_a: float, half_b: float) -> Point:
    """The middle of the gap (of the overlap, where there is one)."""
    (ax, ay), (bx, by) = place.a, place.b
    length = place.distance
    # From a towards b: half_a of copper, the gap, half_b of copper.
    part = (length + Decimal(half_a) - Decimal(half_b)) / (2 * length) if length else Decimal(0)
    part = min(max(part, Decimal(0)), Decimal(1))
    return Point(round(ax + part * (bx - ax)), round(ay + part * (by - ay)))
