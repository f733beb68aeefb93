"""Branch points: against brute force where there are few terminals, against laws where there are many."""

from __future__ import annotations

import itertools
import math
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kicad_rdl.geometry import Circle, Point
from kicad_rdl.route.metric import Metric, distance
from kicad_rdl.route.steiner import Branches, Standing, branch_points, meeting_point, tree_length
from kicad_rdl.route.tiles import Obstacle

each_metric = pytest.mark.parametrize("metric", ["euclid", "octilinear"])
coordinate = st.integers(-1_000_000, 1_000_000)
place = st.tuples(coordinate, coordinate)
FINE = 10
"""Width and space so small that every branch that saves something is worth it [nm]."""


def pads(places: list[tuple[int, int]], size: int = 2) -> list[Obstacle]:
    return [Obstacle(Point(x, y), Circle(size), None, f"p{k}") for k, (x, y) in enumerate(places)]


def branches(places: list[tuple[int, int]], metric: Metric) -> Branches:
    return branch_points(Standing(pads(places)), range(len(places)), FINE, FINE, metric)


def total(x: float, y: float, ends: NDArray[np.float64], metric: Metric) -> float:
    return math.fsum(distance(x - ex, y - ey, metric) for ex, ey in ends.tolist())


def searched(ends: NDArray[np.float64], metric: Metric) -> float:
    """The least sum of distances to the ends by nested grids that close in on the best place (it is convex)."""
    (x, y), size = ends.mean(axis=0).tolist(), float(np.ptp(ends, axis=0).max())
    while size > 0.5:
        steps = [k * size / 8 for k in range(-8, 9)]
        x, y = min(((x + dx, y + dy) for dx in steps for dy in steps), key=lambda at: total(*at, ends, metric))
        size *= 0.4
    return total(x, y, ends, metric)


def shortest_of_four(ends: NDArray[np.float64], metric: Metric) -> float:
    """The least tree over four terminals: no branch point, one, or two with each of the three pairings."""
    best = tree_length(ends, metric)
    for some in itertools.chain(itertools.combinations(range(4), 3), [range(4)]):
        at = meeting_point(ends[list(some)], metric)
        best = min(best, tree_length(np.vstack([ends, at]), metric))
    for a, b, c, d in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)):
        for first in (ends.mean(axis=0), ends[a], ends[b], (ends[a] + ends[b]) / 2):
            one, two = first, first
            for _ in range(60):
                two = meeting_point(np.array([one, ends[c], ends[d]]), metric)
                one = meeting_point(np.array([two, ends[a], ends[b]]), metric)
            best = min(best, tree_length(np.vstack([ends, one, two]), metric))
    return best


@each_metric
@given(st.lists(place, min_size=3, max_size=5))
@settings(max_examples=40, deadline=None)
def test_nowhere_is_nearer_than_the_meeting_point(metric: Metric, places: list[tuple[int, int]]) -> None:
    ends = np.array(places, dtype=np.float64)
    x, y = meeting_point(ends, metric).tolist()
    assert total(x, y, ends, metric) <= searched(ends, metric) + 2.0


@each_metric
@given(st.lists(place, min_size=3, max_size=3, unique=True))
@settings(max_examples=60, deadline=None)
def test_three_terminals_get_the_shortest_tree(metric: Metric, places: list[tuple[int, int]]) -> None:
    ends = np.array(places, dtype=np.float64)
    assert branches(places, metric).length <= searched(ends, metric) + 4 * FINE


@each_metric
@pytest.mark.parametrize("seed", range(25))
def test_four_terminals_get_the_shortest_tree(metric: Metric, seed: int) -> None:
    chance = Random(seed)
    places = [(chance.randint(-1_000_000, 1_000_000), chance.randint(-1_000_000, 1_000_000)) for _ in range(4)]
    ends = np.array(places, dtype=np.float64)
    assert branches(places, metric).length <= shortest_of_four(ends, metric) + 4 * FINE


def test_squares_and_crosses() -> None:
    """Known trees: of a square 1 + sqrt(3) sides; in eight directions its two diagonals."""
    square = [(0, 0), (1_000_000, 0), (1_000_000, 1_000_000), (0, 1_000_000)]
    assert branches(square, "euclid").length == pytest.approx((1 + math.sqrt(3)) * 1e6, abs=5)
    assert branches(square, "octilinear").length == pytest.approx(math.sqrt(8) * 1e6, abs=5)
    cross = [(0, 500_000), (500_000, 0), (0, -500_000), (-500_000, 0)]
    assert branches(cross, "octilinear").length == pytest.approx(2e6, abs=5)


@each_metric
@pytest.mark.parametrize("seed", range(6))
def test_many_terminals(metric: Metric, seed: int) -> None:
    """Never longer than without branches; three edges or more at every branch, none under a right angle."""
    chance = Random(seed)
    places = [(chance.randint(-1_000_000, 1_000_000), chance.randint(-1_000_000, 1_000_000)) for _ in range(24)]
    found = branches(places, metric)
    ends = np.array([*places, *((p.x, p.y) for p in found.points)], dtype=np.float64)
    assert found.points
    assert found.spanning == pytest.approx(tree_length(ends[:24], metric))
    assert found.length == pytest.approx(tree_length(ends, metric))
    assert found.length < 0.995 * found.spanning
    assert found.length > 0.86 * found.spanning  # sqrt(3) / 2: no tree of Steiner's is shorter (Gilbert and Pollak)
    for k in range(24, len(ends)):
        left = np.delete(ends, k, axis=0)
        assert tree_length(left, metric) > found.length


@each_metric
@pytest.mark.parametrize("seed", range(12))
def test_branches_stand_clear_of_everything(metric: Metric, seed: int) -> None:
    """Among pads that cover a third of the place, some of them where a branch would be best."""
    chance = Random(seed)
    width, space = 20_000, 15_000
    corners = [(0, 0), (1_200_000, 100_000), (500_000, 1_100_000), (1_100_000, 900_000)]
    others = [(200_000 * i + 100_000, 200_000 * j + 60_000) for i in range(6) for j in range(6)]
    obstacles = [*pads(corners, 60_000), *pads(chance.sample(others, 30), 130_000)]
    obstacles = [o for k, o in enumerate(obstacles) if all(o.at.distance(p.at) > 130_000 for p in obstacles[:k])]
    found = branch_points(Standing(obstacles), range(4), width, space, metric)
    assert found.length <= found.spanning
    for point in found.points:
        for obstacle in obstacles:
            assert obstacle.at.distance(point) >= obstacle.shape.diameter / 2 + space + width / 2  # type: ignore[union-attr]


def test_a_pad_where_the_branch_would_be_moves_it() -> None:
    corners = [(0, 0), (1_000_000, 0), (500_000, 800_000)]
    best = branches(corners, "euclid").points
    assert len(best) == 1
    obstacles = [*pads(corners), Obstacle(best[0], Circle(40_000), None, "in the way")]
    found = branch_points(Standing(obstacles), range(3), 10_000, 10_000)
    assert len(found.points) == 1
    assert 35_000 <= found.points[0].distance(best[0]) < 36_000


def test_what_saves_little_is_left_out() -> None:
    flat = [(0, 0), (500_000, 250_000), (1_000_000, 0)]  # the angle is just below 120 degrees
    assert branches([(0, 0), (500_000, 300_000), (1_000_000, 0)], "euclid").points
    found = branch_points(Standing(pads(flat)), range(3), 10_000, 10_000)
    assert not found.points
    assert found.length == found.spanning
    assert not branch_points(Standing(pads(flat)), range(2), FINE, FINE).points


def test_same_input_same_points() -> None:
    chance = Random(5)
    places = [(chance.randint(0, 40) * 25_000, chance.randint(0, 40) * 25_000) for _ in range(30)]
    places = list(dict.fromkeys(places))
    for metric in ("euclid", "octilinear"):
        found = branches(places, metric)  # type: ignore[arg-type]
        assert branches(places, metric) == found  # type: ignore[arg-type]
