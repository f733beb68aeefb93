"""Ends nearest first, and the free ones of them: the same as sorting all."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from kicad_rdl.route.choices import Choice


@pytest.mark.parametrize("seed", range(8))
def test_ends_come_by_distance_then_by_number(seed: int) -> None:
    chance = Random(seed)
    places = {post: (chance.randrange(9) * 100.0, chance.randrange(9) * 100.0) for post in range(60)}  # many as far
    ends = list(places)
    chance.shuffle(ends)
    choice = Choice(tuple(ends), np.array(ends), np.array([places[post] for post in ends]))
    taken = np.array([chance.random() < 0.6 for _ in places])

    def squared(post: int, at: tuple[float, float]) -> float:
        """Exact: equal where it should be."""
        return (places[post][0] - at[0]) ** 2 + (places[post][1] - at[1]) ** 2

    for at in ((400.0, 400.0), (0.0, 300.0), (400.0, 400.0)):
        expected = sorted(ends, key=lambda post: (squared(post, at), post))
        free = [post for post in expected if not taken[post]]
        for count in (1, 7, 100):
            assert choice.nearest(at, count) == expected[:count]
            assert choice.nearest_free(at, count, taken) == free[:count]
        assert choice.distance(at) == pytest.approx(math.sqrt(squared(expected[0], at)))
