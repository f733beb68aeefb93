"""What a search looks at next: a binary heap in arrays, because machine code that makes no lists is the faster one.

Entries are pairs of a least cost and a state, in the order of such pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kicad_rdl.route.compiled import lean
from kicad_rdl.route.triangulation import F64, I64


class Frontier(NamedTuple):
    """A heap; every entry comes no later than those at twice its place plus one and plus two."""

    cost: F64
    state: I64
    size: I64
    """[1] entries there are; more than the arrays are long: some were lost."""

    @property
    def lost(self) -> bool:
        """Whether there was no room for an entry."""
        return bool(self.size[0] > len(self.cost))


def frontier_for(entries: int) -> Frontier:
    """Room for so many entries."""
    return Frontier(np.zeros(entries), np.zeros(entries, np.int64), np.zeros(1, np.int64))


@lean
def push(h, cost, state):  # type: ignore[no-untyped-def]
    """Adds an entry, or notes that there is no room for it."""
    i = h.size[0]
    h.size[0] += 1
    if i >= len(h.cost):
        h.size[0] = len(h.cost) + 1
        return
    while i > 0:
        above = (i - 1) // 2
        if h.cost[above] < cost or (h.cost[above] == cost and h.state[above] <= state):
            break
        h.cost[i], h.state[i] = h.cost[above], h.state[above]
        i = above
    h.cost[i], h.state[i] = cost, state


@lean
def pop(h):  # type: ignore[no-untyped-def]
    """Takes the first entry out of a heap that is not empty: cost and state."""
    first, first_state = h.cost[0], h.state[0]
    h.size[0] -= 1
    size = h.size[0]
    cost, state = h.cost[size], h.state[size]
    i = 0
    while 2 * i + 1 < size:
        k = 2 * i + 1
        if k + 1 < size and (h.cost[k + 1] < h.cost[k] or (h.cost[k + 1] == h.cost[k] and h.state[k + 1] < h.state[k])):
            k += 1
        if cost < h.cost[k] or (cost == h.cost[k] and state <= h.state[k]):
            break
        h.cost[i], h.state[i] = h.cost[k], h.state[k]
        i = k
    h.cost[i], h.state[i] = cost, state
    return first, first_state
