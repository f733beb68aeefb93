"""Least lengths from pad to pad, against all pairs of points on their rims."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kicad_rdl.geometry import Circle, Hull, Octagon, Outline, Point, Rectangle, shapely_of
from kicad_rdl.route.edges import edge_distance, most_hidden
from kicad_rdl.route.metric import Metric, distances

ORIGIN = Point(0, 0)
shapes = st.sampled_from(
    [
        Circle(90_000),
        Circle(240_000),
        Rectangle(60_000, 24_000),
        Octagon(80_000),
        Hull((Point(-30_000, -10_000), Point(40_000, 20_000)), 15_000),
    ]
)
away = st.integers(200_000, 900_000)
each_metric = pytest.mark.parametrize("metric", ["euclid", "octilinear"])


def rim(shape: Outline, at: Point) -> np.ndarray:
    return np.array(shapely_of(shape, at, 1.0).exterior.segmentize(2_000).coords)


@each_metric
@given(shapes, shapes, away, away, st.sampled_from([-1, 0, 1]), st.sampled_from([-1, 1]))
@settings(max_examples=60, deadline=None)
def test_no_two_points_of_two_pads_are_nearer(
    metric: Metric, one: Outline, other: Outline, x: int, y: int, across: int, up: int
) -> None:
    there = Point(across * x, up * y)
    steps = rim(one, ORIGIN)[:, None] - rim(other, there)[None]
    nearest = distances(steps.reshape(-1, 2), metric).min()
    found = edge_distance(one, ORIGIN, other, there, metric)
    assert found <= nearest + 5.0
    assert found >= nearest * 0.998 - 3_000  # the rims are sampled every two micrometres
    assert found == pytest.approx(edge_distance(other, there, one, ORIGIN, metric))


@each_metric
def test_pads_that_overlap_are_not_apart(metric: Metric) -> None:
    assert edge_distance(Circle(100), ORIGIN, Rectangle(100, 100), Point(80, 20), metric) == 0


def test_what_pads_hide() -> None:
    assert most_hidden(Circle(100), "euclid") == 50
    assert most_hidden(Rectangle(60, 80), "euclid") == 50
    assert most_hidden(Rectangle(100, 100), "octilinear") == pytest.approx(50 * math.sqrt(2))  # over the corner
    assert most_hidden(Circle(100), "octilinear") == pytest.approx(50 / math.cos(math.pi / 8))
