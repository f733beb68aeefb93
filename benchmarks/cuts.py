"""How many nets can be connected at most, whoever routes: what squares around the middle of an area die let through.

A square through a ring of bumps cuts every net that has its bump inside and its ball outside, or the other way round.
On the layer of the bumps the wires go through the gaps of the ring; on the last layer between the pads of the balls; on
a layer between, all along the square. Vias that stand in the way are not counted: the bound is one of necessity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Array:
    """``side`` x ``side`` round pads around the origin; lengths in any one unit."""

    side: int
    pitch: float
    pad: float

    @property
    def places(self) -> list[tuple[float, float]]:
        """Row by row from the top left."""
        first = (self.side - 1) / 2
        return [
            ((column - first) * self.pitch, (first - row) * self.pitch)
            for row in range(self.side)
            for column in range(self.side)
        ]


def most_that_fit(bumps: Array, balls: Array, ball_of: Sequence[int], line: float, space: float, layers: int) -> int:
    """Nets that the narrowest square lets through.

    Args:
        bumps: on layer 1; their number in a row is even.
        balls: on the last layer.
        ball_of: the ball of every bump.
        line: width of traces.
        space: between copper of different nets.
        layers: how many; two at least.
    """
    if bumps.side % 2 or layers < 2:
        raise ValueError("an even number of bumps in a row, and two layers at least")
    starts, ends = bumps.places, balls.places
    least = len(starts)
    for ring in range(1, bumps.side // 2 + 1):
        half = (ring - 0.5) * bumps.pitch
        wanted = 0
        for start, index in zip(starts, ball_of, strict=True):
            far = max(abs(start[0]), abs(start[1])) - half
            if abs(far) > bumps.pitch / 4:
                wanted += (far < 0) != (max(abs(ends[index][0]), abs(ends[index][1])) < half)
        gaps = 4 * (2 * ring - 1) * slots(bumps.pitch - bumps.pad, line, space)
        between = (layers - 2) * math.floor(8 * half / (line + space))
        room = gaps + between + _between_balls(half, balls, line, space)
        least = min(least, len(starts) - max(0, wanted - room))
    return least


def slots(gap: float, line: float, space: float) -> int:
    """Wires that fit between two foreign pads."""
    return max(0, math.floor((gap - space) / (line + space) + 1e-9))


def _between_balls(half: float, balls: Array, line: float, space: float) -> int:
    """Wires across the square on the layer of the balls; at the four corners a little more than fits."""
    radius = balls.pad / 2
    cut: list[tuple[float, float]] = []
    for x, y in balls.places:
        away = abs(y - half)
        if away < radius:
            reach = math.sqrt(radius**2 - away**2)
            cut.append((x - reach, x + reach))
    cut = sorted((max(a, -half), min(b, half)) for a, b in cut if b > -half and a < half)
    if not cut:
        return math.floor(8 * half * math.sqrt(2) / (line + space))
    inner = sum(slots(b[0] - a[1], line, space) for a, b in pairwise(cut))
    corner = math.floor(((cut[0][0] + half) + (half - cut[-1][1])) * math.sqrt(2) / (line + space))
    return 4 * (inner + corner)
