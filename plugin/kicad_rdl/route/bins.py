"""Gaps as rows of bins: where on a gap the wires of a flow may cross it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kicad_rdl.route.tiles import Tiles, reach_of
from kicad_rdl.route.triangulation import F64, I64

MOST = 12
"""Bins of one gap."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of all gaps of a layer: edge, position [nm], capacity."""

    edge: I64
    xy: F64
    capacity: I64
    start: I64
    """[e + 1] bins of edge e are ``start[e] : start[e + 1]``."""

    def at(self, edges: I64) -> tuple[I64, I64]:
        """(place in ``edges``, bin) for all bins of some gaps."""
        count = self.start[edges + 1] - self.start[edges]
        row = np.repeat(np.arange(len(edges)), count)
        inner = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return row, self.start[edges[row]] + inner

    def pairs(self, first: I64, second: I64) -> tuple[I64, I64, I64]:
        """(place i, bin of edge first[i], bin of edge second[i]) for all pairs."""
        start = self.start
        a = start[first + 1] - start[first]
        b = start[second + 1] - start[second]
        total = a * b
        row = np.repeat(np.arange(len(first)), total)
        inner = np.arange(total.sum()) - np.repeat(np.cumsum(total) - total, total)
        width = np.maximum(b[row], 1)
        return row, start[first[row]] + inner // width, start[second[row]] + inner % width


def bin_count(tiles: Tiles, capacity: I64, size: float) -> I64:
    """[gaps] bins of about that size [nm]; none in gaps through which nothing fits."""
    return np.minimum(np.clip(np.round(tiles.width / size).astype(np.int64), 1, MOST), capacity)


def bins_of(tiles: Tiles, capacity: I64, count: I64) -> Bins:
    """So many bins for every gap, which share its capacity."""
    start = np.concatenate([[0], np.cumsum(count)])
    edge = np.repeat(np.arange(len(count)), count)
    index = np.arange(len(edge)) - start[edge]
    n = count[edge]
    share = capacity[edge]
    part = (share * (index + 1)) // n - (share * index) // n
    return Bins(edge, along(tiles, edge, (index + 0.5) / n), part, start)


def along(tiles: Tiles, edge: I64, share: F64 | float) -> F64:
    """Points on gaps, at a share of the clear part from the lower to the higher vertex [nm]."""
    u, v = tiles.edges[edge, 0], tiles.edges[edge, 1]
    step = tiles.xy[v] - tiles.xy[u]
    length = np.hypot(*step.T)
    blocked = np.maximum(length - tiles.width[edge], 0.0)
    radius = reach_of(tiles)
    first = blocked * radius[u] / np.maximum(radius[u] + radius[v], 1e-9)
    t = (first + tiles.width[edge] * share) / np.maximum(length, 1e-9)
    found: F64 = tiles.xy[u] + step * np.clip(t, 0.0, 1.0)[:, None]
    return found
