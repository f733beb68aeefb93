"""How long a way is at least: straight, or in eight directions."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Metric: TypeAlias = Literal["euclid", "octilinear"]

DIAGONAL = math.sqrt(2) - 1
"""What a step aside adds to an octilinear way: max(dx, dy) + (sqrt(2) - 1) min(dx, dy)."""


def metric_of(octilinear: bool) -> Metric:
    """The metric of traces of eight directions, or of any."""
    return "octilinear" if octilinear else "euclid"


def distance(dx: float, dy: float, metric: Metric) -> float:
    """Length of one step in the metric [nm]."""
    if metric == "euclid":
        return math.hypot(dx, dy)
    across, up = abs(dx), abs(dy)
    return max(across, up) + DIAGONAL * min(across, up)


def distances(steps: Floats, metric: Metric) -> Floats:
    """Lengths of [n, 2] steps in the metric [nm]."""
    if metric == "euclid":
        return np.hypot(steps[:, 0], steps[:, 1])
    across, up = np.abs(steps[:, 0]), np.abs(steps[:, 1])
    return np.maximum(across, up) + DIAGONAL * np.minimum(across, up)
