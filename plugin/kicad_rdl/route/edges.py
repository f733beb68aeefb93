"""How far two pads are apart from edge to edge, in the metric of the output."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely

from kicad_rdl.geometry import Circle, Hull, Outline, Point, circumradius, corners, shapely_of
from kicad_rdl.route.metric import DIAGONAL, Metric
from kicad_rdl.route.triangulation import F64

SAMPLES = 16
"""Directions in which two pads are held apart, for each of the eight pairs of neighbouring directions of traces."""


def _supports() -> F64:
    """[k, 2] the vectors w with ``w . v <= octilinear length of v``, as many as are sampled: the polar octagon."""
    rim = [(1.0, DIAGONAL), (DIAGONAL, 1.0)]
    rim += [(-y, x) for x, y in rim]
    rim += [(-x, -y) for x, y in rim]
    ends = np.array([*rim, rim[0]])
    share = np.arange(SAMPLES)[:, None] / SAMPLES
    return np.vstack([a * (1 - share) + b * share for a, b in pairwise(ends)])


SUPPORTS = _supports()


def _reach(shape: Outline, directions: F64) -> F64:
    """[k] how far a shape reaches in directions, times their lengths [nm]."""
    if isinstance(shape, Circle):
        return np.asarray(np.hypot(*directions.T) * shape.diameter / 2)
    if isinstance(shape, Hull):
        points = np.array([(point.x, point.y) for point in shape.points], dtype=np.float64)
        return np.asarray((directions @ points.T).max(axis=1) + np.hypot(*directions.T) * shape.radius)
    return np.asarray((directions @ np.array(corners(shape)).T).max(axis=1))


def edge_distance(one: Outline, at: Point, other: Outline, there: Point, metric: Metric) -> float:
    """The least length of copper between two pads [nm]; in eight directions at most a thousandth below the true one.

    A way of eight directions from one convex shape to another is as long as the widest gap that a direction of the
    polar octagon sees between them.
    """
    if metric == "octilinear":
        step = np.array([there.x - at.x, there.y - at.y], dtype=np.float64)
        gaps = SUPPORTS @ step - _reach(one, SUPPORTS) - _reach(other, -SUPPORTS)
        return max(float(gaps.max()), 0.0)
    if isinstance(one, Circle) and isinstance(other, Circle):
        return max(0.0, at.distance(there) - (one.diameter + other.diameter) / 2)
    return float(shapely.distance(shapely_of(one, at, 1.0), shapely_of(other, there, 1.0)))


def most_hidden(shape: Outline, metric: Metric) -> float:
    """How much of a shortest way from its middle a pad can cover at most [nm]."""
    if metric == "octilinear":
        return float(_reach(shape, SUPPORTS).max())
    return float(circumradius(shape))
