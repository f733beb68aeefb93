"""Minimum-cost flow by cost scaling: push-relabel on prices that are right to within a shrinking error.

A flow is *right to within e* when no residual arc has a reduced cost ``cost + price[tail] - price[head]`` below ``-e``.
Each phase divides e: arcs of negative reduced cost are filled, and the excess this makes is pushed along such arcs
while prices fall. With costs multiplied by (nodes + 1), a flow right to within one is cheapest (Goldberg and Tarjan,
1990; look-ahead and global price updates after Goldberg, "An efficient implementation of a scaling minimum-cost flow
algorithm", 1997).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numba
import numpy as np
import numpy.typing as npt

from kicad_rdl.errors import ModelError
from kicad_rdl.route.compiled import compiled

Integers: TypeAlias = npt.NDArray[np.int64]

DIVISOR = 10
"""What the error is divided by from phase to phase: fewer phases, more work in each; measured, flat from 10 to 40."""

HEAD_START = 400
"""What the first error is divided by, which is the largest cost: measured, flat from 400 to 1600."""

UPDATE_EVERY = 0.7
"""Relabels per node between two global price updates: measured, flat from 0.3 to 2."""

SETTLE_FROM = 100
"""Largest error at which an early proof is tried [units of cost]."""

SETTLE_EFFORT = 6
"""Node scans per node that an early proof may take: measured, some hundredth of a phase."""

LARGEST_PRICE = 4 * 10**18
"""Bound of scaled cost times nodes, within 64 bits."""


@dataclass(frozen=True, slots=True)
class Start:
    """A flow and prices to begin with."""

    flow: Integers
    price: Integers
    error: int
    """How far they may be from right, in units of cost: a guess, right or wrong."""


def cheapest_flow(
    tails: Integers,
    heads: Integers,
    capacity: Integers,
    cost: Integers,
    supply: Integers,
    start: Start | None = None,
    accuracy: int = 0,
) -> tuple[Integers, Integers]:
    """The cheapest flow on each arc and the integer prices that prove it. A feasible flow must exist.

    Args:
        tails: node each arc leaves.
        heads: node each arc enters.
        capacity: units each arc can carry.
        cost: of one unit on each arc, not negative.
        supply: of each node; the sum is zero.
        start: where to begin; the nearer to the answer, the sooner it is found.
        accuracy: stop as soon as the flow is right to within this [units of cost]; 0: when it is cheapest.

    Raises:
        ModelError: costs too large for 64 bits.
    """
    nodes, arcs = len(supply), len(tails)
    scale = nodes + 1
    largest = int(cost.max(initial=0))
    if largest * scale * nodes > LARGEST_PRICE:
        raise ModelError(
            f"costs up to {largest} on {nodes} nodes are beyond the 64 bits of the flow solver; "
            f"use a coarser unit, such that costs stay below {LARGEST_PRICE // (scale * nodes)}"
        )
    # indices have no sign: of others machine code asks each time whether they count from the end (a quarter of it)
    starts, ends = np.concatenate([tails, heads]), np.concatenate([heads, tails])
    order = np.argsort(starts, kind="stable")
    place = np.empty(2 * arcs, np.int64)
    place[order] = np.arange(2 * arcs)
    first = np.zeros(nodes + 1, np.uint32)
    first[1:] = np.cumsum(np.bincount(starts, minlength=nodes))
    head = ends[order].astype(np.uint32)
    twin = np.concatenate([place[arcs:], place[:arcs]])[order].astype(np.uint32)
    begin = start or Start(np.zeros(arcs, np.int64), np.zeros(nodes, np.int64), largest)
    left = np.concatenate([capacity - begin.flow, begin.flow])[order].astype(np.int32)
    scaled = np.concatenate([cost, -cost])[order] * scale
    excess = supply.copy()
    np.subtract.at(excess, tails, begin.flow)
    np.add.at(excess, heads, begin.flow)
    price = begin.price * scale
    error = max(begin.error * scale // HEAD_START, 1)
    while True:
        _refine(first, head, twin, left, scaled, excess, price, error)
        if error == 1:
            whole = _whole_prices(price, scale)
            break
        whole = price // scale
        if error <= accuracy * scale or (
            error < SETTLE_FROM * scale and _settle(first, head, left, scaled // scale, whole)
        ):
            break
        error = max(error // DIVISOR, 1)
    return capacity - left[place[:arcs]], whole


def _whole_prices(price: Integers, scale: int) -> Integers:
    """Scaled prices rounded to units of cost such that no reduced cost turns negative.

    Only an arc of scaled reduced cost -1 can turn negative, and only if its tail has the last remainder before the next
    whole unit. There are fewer nodes than remainders: a remainder that no node has becomes the last one.
    """
    taken = np.zeros(scale, bool)
    taken[price % scale] = True
    free = int(np.argmin(taken))
    return (price + (scale - 1 - free)) // scale


@compiled
def _settle(first, head, left, cost, price):  # type: ignore[no-untyped-def]
    """Lowers whole prices until no arc has a negative reduced cost, where that takes little work.

    It can be done if and only if the flow is cheapest, which it mostly is before the error says so: then the last
    phases are spared.
    """
    nodes = len(first) - 1
    queue = np.arange(nodes).astype(np.uint32)  # a ring
    waiting = np.ones(nodes, np.bool_)
    start, size = 0, nodes
    for _ in range(SETTLE_EFFORT * nodes):
        if size == 0:
            return True
        node = queue[start]
        start = start + 1 if start + 1 < nodes else 0
        size -= 1
        waiting[node] = False
        for arc in range(first[node], first[node + 1]):
            other = head[arc]
            if left[arc] > 0 and cost[arc] + price[node] < price[other]:
                price[other] = cost[arc] + price[node]
                if not waiting[other]:
                    waiting[other] = True
                    end = start + size
                    queue[end if end < nodes else end - nodes] = other
                    size += 1
    return size == 0


@compiled
def _refine(first, head, twin, left, cost, excess, price, error):  # type: ignore[no-untyped-def]
    """Makes flow and prices right to within ``error``.

    Node u has the arcs ``first[u]`` to ``first[u + 1] - 1``; ``twin`` is an arc backwards, ``left`` what still fits.
    """
    nodes = len(first) - 1
    current = first[:-1].copy()
    for node in range(nodes):
        for arc in range(first[node], first[node + 1]):
            if left[arc] > 0 and cost[arc] + price[node] - price[head[arc]] < 0:
                units = left[arc]
                left[arc] = 0
                left[twin[arc]] += units
                excess[node] -= units
                excess[head[arc]] += units
    queue = np.empty(nodes, np.uint32)  # a ring of the nodes with excess
    waiting = np.zeros(nodes, np.bool_)
    size = 0
    for node in range(nodes):
        if excess[node] > 0:
            queue[size] = node
            size += 1
            waiting[node] = True
    start = 0
    rank = np.empty(nodes, np.int32)
    following = np.empty(nodes, np.int32)
    previous = np.empty(nodes, np.int32)
    bucket = np.full(4 * nodes + 2, np.int32(-1))
    until_update = UPDATE_EVERY * nodes
    relabels = until_update
    while size > 0:
        if relabels >= until_update:
            relabels = 0
            _update_prices(
                first, head, twin, left, cost, excess, price, error, size, current, rank, following, previous, bucket
            )
        node = queue[start]
        start = start + 1 if start + 1 < nodes else 0
        size -= 1
        waiting[node] = False
        while excess[node] > 0:
            arc = _admissible(node, first, head, left, cost, price, current)
            if arc == first[node + 1]:
                _relabel(node, first, head, left, cost, price, error, current)
                relabels += 1
                continue
            other = head[arc]
            if excess[other] >= 0 and _admissible(other, first, head, left, cost, price, current) == first[other + 1]:
                _relabel(other, first, head, left, cost, price, error, current)  # it would only come back
                relabels += 1
                continue
            units = min(excess[node], np.int64(left[arc]))
            left[arc] -= units
            left[twin[arc]] += units
            excess[node] -= units
            excess[other] += units
            if excess[other] > 0 and not waiting[other]:
                waiting[other] = True
                end = start + size
                queue[end if end < nodes else end - nodes] = other
                size += 1


@numba.njit(inline="always")
def _admissible(node, first, head, left, cost, price, current):  # type: ignore[no-untyped-def]
    """The next arc of negative reduced cost with room, or the end of the node's arcs.

    Arcs before the current one have none until a relabel.
    """
    here = price[node]
    for arc in range(current[node], first[node + 1]):
        if left[arc] > 0 and cost[arc] + here - price[head[arc]] < 0:
            current[node] = arc
            return np.uint64(arc)
    current[node] = first[node + 1]
    return np.uint64(first[node + 1])


@numba.njit(inline="always")
def _relabel(node, first, head, left, cost, price, error, current):  # type: ignore[no-untyped-def]
    """Lowers the price until one arc has the reduced cost ``-error``."""
    best = np.int64(-9_000_000_000_000_000_000)
    at = first[node]
    for arc in range(first[node], first[node + 1]):
        if left[arc] > 0:
            there = price[head[arc]] - cost[arc]
            if there > best:
                best, at = there, arc
    price[node] = best - error
    current[node] = at


@compiled
def _update_prices(  # type: ignore[no-untyped-def]
    first, head, twin, left, cost, excess, price, error, active, current, rank, following, previous, bucket
):
    """Lowers prices by the distance to the nearest node that wants flow, counted in errors (Dial's buckets).

    Afterwards every node with excess has an admissible way to such a node. Stops when all ``active`` nodes are reached;
    nodes beyond go down with the farthest one.
    """
    top = len(bucket)
    for node in range(len(price)):
        rank[node] = top
        if excess[node] < 0:
            rank[node] = 0
            _enter(node, 0, following, previous, bucket)
    level, highest = 0, 0
    while level <= highest and active > 0:
        node = bucket[level]
        if node < 0:
            level += 1
            continue
        _leave(node, level, following, previous, bucket)
        for arc in range(first[node], first[node + 1]):
            other = head[arc]
            if rank[other] <= level or left[twin[arc]] == 0:
                continue
            reduced = price[other] - price[node] - cost[arc]  # of the twin, which comes from other
            if reduced >= error * (rank[other] - level - 1):
                continue
            nearer = level + (reduced // error + 1 if reduced >= 0 else 0)
            if rank[other] < top:
                _leave(other, rank[other], following, previous, bucket)
            rank[other] = nearer
            _enter(other, nearer, following, previous, bucket)
            highest = max(highest, nearer)
        if excess[node] > 0:
            active -= 1
    bucket[level : highest + 1] = -1
    for node in range(len(price)):
        down = min(rank[node], level)
        if down > 0:
            price[node] -= error * down
            current[node] = first[node]


@numba.njit(inline="always")
def _enter(node, level, following, previous, bucket):  # type: ignore[no-untyped-def]
    """Puts a node at the front of a bucket's chain."""
    following[node], previous[node] = bucket[level], -1
    if bucket[level] >= 0:
        previous[bucket[level]] = node
    bucket[level] = node


@numba.njit(inline="always")
def _leave(node, level, following, previous, bucket):  # type: ignore[no-untyped-def]
    """Takes a node out of its bucket's chain."""
    if previous[node] >= 0:
        following[previous[node]] = following[node]
    else:
        bucket[level] = following[node]
    if following[node] >= 0:
        previous[following[node]] = previous[node]
