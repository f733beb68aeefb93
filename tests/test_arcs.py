"""Arcs on the grid: they keep to their circle, and KiCad, which rounds their centres, reads them where they are."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from kicad_rdl.route.arcs import MISREAD, MOST_ARCS, draw_arcs, misread
from kicad_rdl.route.nearness import rows_of
from kicad_rdl.route.triangulation import F64

ROUNDING = 1.5
"""By how much an arc through three rounded points may leave the circle [nm]."""


def circle_of(chance: Random) -> tuple[float, float, float, float, float]:
    """Of any centre; a sweep long enough to be drawn as an arc."""
    radius = chance.uniform(5_000, 300_000)
    sweep = chance.uniform(2 * math.acos(1 - 2.5 / radius), 6) * chance.choice((-1, 1))
    raster = chance.choice((0.1, 50, 100))
    x, y = (raster * round(chance.uniform(-1e6, 1e6) / raster) for _ in "xy")
    return x, y, radius, chance.uniform(-4, 4), sweep


def drawn(circle: tuple[float, float, float, float, float], outward: bool = False) -> F64:
    x, y, radius, begin, sweep = circle
    reach = radius + 0.75 if outward else radius  # so that both ends are no nearer than the radius
    here = np.rint([x + reach * math.cos(begin), y + reach * math.sin(begin)])
    there = np.rint([x + reach * math.cos(begin + sweep), y + reach * math.sin(begin + sweep)])
    pieces = np.empty((MOST_ARCS, 6))
    return pieces[: draw_arcs(pieces, 0, *here, *there, circle, outward, False)]


def points_of(piece: F64) -> F64:
    """Points of an arc; the first and the last are its ends."""
    row = rows_of(piece.reshape(1, 6))[0]
    (x, y), radius = row[5:7], row[7]
    angles = math.atan2(piece[1] - y, piece[0] - x) - row[4] * np.linspace(0, row[8] / radius, 101)
    return np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)


@pytest.mark.parametrize("outward", [False, True])
def test_arcs_are_read_where_they_are(outward: bool) -> None:
    chance = Random(1)
    alone = 0
    for _ in range(2000):
        circle = circle_of(chance)
        pieces = drawn(circle, outward)
        assert not np.isnan(pieces).any()
        assert np.array_equal(pieces[1:, :2], pieces[:-1, 4:])
        alone += len(pieces) == 1
        off = np.hypot(*(np.concatenate([points_of(piece) for piece in pieces]) - circle[:2]).T) - circle[2]
        assert off.max() <= ROUNDING + outward
        assert off.min() >= (-1e-6 if outward else -ROUNDING)
        assert len(pieces) < MOST_ARCS
        assert max(misread(*piece) for piece in pieces) <= MISREAD
    assert alone > 300


def test_misreading_is_that_of_the_rounded_centre() -> None:
    chance = Random(2)
    worst = 0.0
    for _ in range(1000):
        x, y, radius, begin, sweep = circle_of(chance)
        angles = begin + np.array([0, 0.4, 1]) * math.copysign(min(abs(sweep), 5), sweep)
        piece = np.rint([(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]).ravel()
        centre = np.floor(rows_of(piece.reshape(1, 6))[0, 5:7] / 100 + 0.5) * 100
        gone = np.hypot(*(points_of(piece) - centre).T)
        found = misread(*piece)
        worst = max(worst, found)
        assert found == pytest.approx(gone.max() - gone.min(), abs=0.6)
    assert worst > 30
