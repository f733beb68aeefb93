"""Bounds against dense solvers that look at every pair, and against laws: moved, turned, swapped, unchanged."""

from __future__ import annotations

import itertools
import math
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from kicad_rdl.errors import ModelError
from kicad_rdl.route.bound import matching_bound

Floats = npt.NDArray[np.float64]
Metric = Literal["euclid", "octilinear"]
METRICS: tuple[Metric, ...] = ("euclid", "octilinear")


def distances(one: Floats, other: Floats, metric: Metric, radii: Floats | float = 0.0) -> Floats:
    """Every source to every sink, edge to edge, rounded down."""
    steps = np.abs(one[:, None] - other[None])
    long, short = steps.max(axis=2), steps.min(axis=2)
    length = np.hypot(long, short) if metric == "euclid" else long + (math.sqrt(2) - 1) * short
    result: Floats = np.floor(np.maximum(length - radii, 0.0))
    return result


def scattered(count: int, extent: int, seed: int) -> Floats:
    return np.random.default_rng(seed).integers(-extent, extent, (count, 2)).astype(float)


def grid(count: int, pitch: int) -> Floats:
    side = math.ceil(math.sqrt(count))
    places = np.array(list(itertools.product(range(side), repeat=2)), float) - (side - 1) / 2
    result: Floats = places[:count] * pitch
    return result


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("sources", "sinks"),
    [
        (scattered(1, 10, 0), scattered(1, 10, 1)),
        (scattered(60, 1_000_000, 2), scattered(60, 3_000_000, 3)),
        (scattered(500, 1_000_000, 4), scattered(650, 3_000_000, 5)),
        (scattered(300, 100_000, 6), scattered(300, 100_000, 7) + 50_000_000),
        (grid(400, 160_000), grid(484, 500_000)),
        (grid(400, 160_000), grid(900, 160_000)[400:]),
        (np.zeros((250, 2)), scattered(260, 1_000, 8)),
    ],
    ids=["one", "all", "many", "far", "grids", "beside", "one place"],
)
def test_matching_is_as_short_as_the_dense_one(sources: Floats, sinks: Floats, metric: Metric) -> None:
    cost = distances(sources, sinks, metric)
    matching = matching_bound(sources, sinks, metric=metric)
    assert len(np.unique(matching.sink_of)) == len(sources)
    assert matching.total == cost[np.arange(len(sources)), matching.sink_of].sum()
    assert matching.total == cost[linear_sum_assignment(cost)].sum()


def test_lengths_count_from_edge_to_edge() -> None:
    sources, sinks = scattered(80, 200_000, 1), scattered(90, 200_000, 2)
    radius, sink_radius = np.arange(80, dtype=np.float64) * 500, 20_000.0
    cost = distances(sources, sinks, "euclid", radius[:, None] + sink_radius)
    assert (cost == 0).any(), "some overlap"
    matching = matching_bound(sources, sinks, source_radius=radius, sink_radius=sink_radius)
    assert matching.total == cost[linear_sum_assignment(cost)].sum()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(0, 3), st.integers(0, 10_000), st.sampled_from(METRICS))
def test_nets_of_several_sources_send_the_one_that_suits_best(nets: int, spare: int, seed: int, metric: Metric) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, nets)
    net = np.repeat(np.arange(nets), sizes)
    sources = scattered(len(net), 1_000, seed)
    sinks = scattered(nets + spare, 3_000, seed + 1)
    cost = distances(sources, sinks, metric)
    of_net = np.array([cost[net == k].min(axis=0) for k in range(nets)])
    matching = matching_bound(sources, sinks, net=net.tolist(), metric=metric)
    assert matching.total == of_net[linear_sum_assignment(of_net)].sum()
    sending = matching.sink_of >= 0
    assert sorted(net[sending]) == list(range(nets))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_a_net_may_send_several_units(seed: int, units: int) -> None:
    sources, sinks = scattered(7, 1_000, seed), scattered(6, 1_000, seed + 1)
    net = [0, 0, 0, 1, 1, 1, 2]
    matching = matching_bound(sources, sinks, net=net, units=[units, 1, 1])
    cost = distances(sources, sinks, "euclid")
    chosen = itertools.product(itertools.combinations((0, 1, 2), units), (3, 4, 5))
    best = math.inf
    for several, one in chosen:
        rows = cost[[*several, one, 6]]
        best = min(best, float(rows[linear_sum_assignment(rows)].sum()))
    assert matching.total == best
    assert int((matching.sink_of[:3] >= 0).sum()) == units


@pytest.mark.parametrize("count", [40, 350])
def test_nets_keep_to_their_balls(count: int) -> None:
    sources, sinks = scattered(count, 1_000_000, 1), scattered(2 * count, 2_000_000, 2)
    east = [int(j) for j in np.flatnonzero(sinks[:, 0] > 0)]
    allowed = [east if k % 3 == 0 else None for k in range(count)]
    allowed[1] = [5]
    cost = distances(sources, sinks, "euclid")
    for k, row in enumerate(allowed):
        if row is not None:
            cost[k, np.setdiff1d(np.arange(2 * count), row)] = 1e12
    matching = matching_bound(sources, sinks, allowed=allowed)
    assert matching.total == cost[linear_sum_assignment(cost)].sum() < 1e12
    assert all(row is None or matching.sink_of[k] in row for k, row in enumerate(allowed))


def test_moved_and_turned_the_bound_is_the_same() -> None:
    sources, sinks = scattered(300, 500_000, 1), scattered(330, 900_000, 2)
    total = matching_bound(sources, sinks, metric="octilinear").total
    assert matching_bound(sources + 77_777, sinks + 77_777, metric="octilinear").total == total
    assert matching_bound(sources[:, ::-1] * [-1, 1], sinks[:, ::-1] * [-1, 1], metric="octilinear").total == total
    shuffled = np.random.default_rng(0).permutation(len(sinks))
    assert matching_bound(sources, sinks[shuffled], metric="octilinear").total == total


def test_same_input_same_matching() -> None:
    sources, sinks = grid(300, 160_000), grid(400, 500_000)
    once, again = matching_bound(sources, sinks), matching_bound(sources, sinks)
    assert np.array_equal(once.sink_of, again.sink_of)


def test_too_few_balls_are_refused_with_both_numbers() -> None:
    with pytest.raises(ModelError, match="3 connections want a ball, and only 2"):
        matching_bound(scattered(3, 9, 0), scattered(2, 9, 1))
    with pytest.raises(ModelError, match="3 connections want a ball, and only 2"):
        matching_bound(scattered(3, 9, 0), scattered(9, 9, 1), allowed=[[0], [0], None])
    with pytest.raises(ModelError, match="as many units as it has sources"):
        matching_bound(scattered(3, 9, 0), scattered(9, 9, 1), net=[0, 0, 1], units=[3, 1])


def test_no_sources_have_no_length() -> None:
    assert matching_bound(np.zeros((0, 2)), scattered(3, 9, 0)).total == 0.0


def test_given_pairs_are_matched_as_they_are_given() -> None:
    """Every source has one sink of its own, so no two of them make a group of neighbours."""
    count = 400
    places = np.arange(count) * 1_000.0
    sources, sinks = np.stack([places, 0 * places], 1), np.stack([places, 0 * places + 5_000], 1)
    given = [(index * 7) % count for index in range(count)]
    found = matching_bound(sources, sinks, allowed=[[sink] for sink in given])
    assert found.sink_of.tolist() == given
    assert found.total == pytest.approx(np.hypot(*(sinks[given] - sources).T).sum(), abs=count)
