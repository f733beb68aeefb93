"""Ends nearest first: the same as sorting all of them."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from kicad_rdl.route.choices import Choice


@pytest.mark.parametrize("seed", range(8))
def test_ends_come_by_distance_then_by_number(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kicad_rdl.route.choices.FIRST", 3)
    chance = Random(seed)
    places = {post: (chance.randrange(9) * 100.0, chance.randrange(9) * 100.0) for post in range(60)}  # many as far
    ends = list(places)
    chance.shuffle(ends)
    choice = Choice.of(tuple(ends), np.array([places[post] for post in ends]))

    def squared(post: int, at: tuple[float, float]) -> float:
        """Exact: equal where it should be."""
        return (places[post][0] - at[0]) ** 2 + (places[post][1] - at[1]) ** 2

    for at in ((400.0, 400.0), (50.0, -300.0), (400.0, 400.0)):
        expected = sorted(ends, key=lambda post: (squared(post, at), post))
        found = choice.nearest(at)
        assert [next(found) for _ in range(7)] == expected[:7]
        assert list(choice.nearest(at)) == expected
        assert choice.distance(at) == pytest.approx(math.sqrt(squared(expected[0], at)))
