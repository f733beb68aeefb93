"""The cheapest matching of sources to sinks in the plane, exact over all pairs.

Only few of the pairs are ever written down. A sparse network is solved, its prices are held against every pair, the
pairs that would make it cheaper are added, and so on until there are none: that last look is the certificate. Early
rounds are only solved as well as their prices are worth. Good prices to begin with come from the same problem on groups
of neighbours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.metric import DIAGONAL, Metric, distances
from kicad_rdl.route.scaling import Start, cheapest_flow

Integers: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

SMALL = 200
"""Sources that are matched without looking at groups of neighbours first."""
LEAST_GAIN = 0.9
"""Groups of neighbours are worth while where there are fewer of them than this part of the sources."""

NEIGHBOURS = 8
"""Points in such a group."""

FIRST_PAIRS = 8
"""Pairs per source to begin with."""

FINER = 24
"""What the accuracy is divided by from round to round."""

MORE_PAIRS = 8
"""Pairs per source that one round may add."""


@dataclass(frozen=True, slots=True)
class Task:
    """Sources (or groups of them) and sinks (or groups of them)."""

    at: Floats
    radius: Floats
    most: Integers
    """Units a source can send."""
    net: Integers
    """The net of each source."""
    units: Integers
    """What each net must send."""
    rule: Integers
    """[sources] row of ``allowed``."""
    sinks: Floats
    sink_radius: Floats
    room: Integers
    """Units a sink can take."""
    allowed: Mask
    """[rules, sinks]."""
    metric: Metric


def solved(task: Task) -> tuple[Integers, Integers, Integers, Integers]:
    """Source, sink and cost of every pair that is taken, once per unit, and the price of each source."""
    nets, sources, sinks = len(task.units), len(task.at), len(task.sinks)
    if not sources:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty, empty
    sink_price, error, pair_source, pair_sink, source_price = _first_pairs(task)
    pair_cost = _costs(task, pair_source, pair_sink)
    end = nets + sources + sinks
    own, own_sink = nets + np.arange(sources), nets + sources + np.arange(sinks)
    fixed_tails = np.concatenate([task.net, np.arange(nets), own_sink])
    fixed_heads = np.concatenate([own, np.full(nets + sinks, end)])
    fixed_capacity = np.concatenate([task.most, task.units, task.room])
    supply = np.concatenate([task.units, np.zeros(sources + sinks, np.int64), [-int(task.units.sum())]])
    open_cost = 4 * _extent(task)  # of a net that stays open: dearer than any way
    net_price = np.full(nets, -open_cost)
    np.maximum.at(net_price, task.net, source_price)
    price = np.concatenate([net_price, source_price, sink_price, [0]])
    flow = np.zeros(len(fixed_tails) + len(pair_source), np.int64)
    accuracy = error // FINER
    while True:
        fixed_cost = np.concatenate([np.zeros(sources, np.int64), np.full(nets, open_cost), np.zeros(sinks, np.int64)])
        flow, price = cheapest_flow(
            np.concatenate([fixed_tails, own[pair_source]]),
            np.concatenate([fixed_heads, own_sink[pair_sink]]),
            # one more than a source can send: a pair that is taken never looks full, and shows its price
            np.concatenate([fixed_capacity, task.most[pair_source] + 1]),
            np.concatenate([fixed_cost, pair_cost]),
            supply,
            Start(flow, price, error),
            accuracy,
        )
        taken = flow[len(fixed_tails) :]
        # what is not used may be as dear as its neighbour, which leaves fewer pairs to look at
        unused = np.bincount(pair_sink, taken, sinks) == 0
        price[own_sink[unused]] = price[end]
        idle = np.bincount(pair_source, taken, sources) == 0
        price[own[idle]] = price[task.net[idle]]
        sink, cost = _cheapest_sinks(task, price[own_sink], -price[own] - accuracy, MORE_PAIRS)
        more, place = np.nonzero(sink >= 0)
        coarser = accuracy
        if len(more) < sources:
            accuracy //= FINER
        if len(more):
            new_sink, new_cost = sink[more, place], cost[more, place]
            error = int(np.max(price[own_sink[new_sink]] - price[own[more]] - new_cost))
            pair_source, pair_sink = np.concatenate([pair_source, more]), np.concatenate([pair_sink, new_sink])
            pair_cost = np.concatenate([pair_cost, new_cost])
            flow = np.concatenate([flow, np.zeros(len(more), np.int64)])
        elif flow[sources : sources + nets].any():
            open_cost, error = 8 * open_cost, 8 * open_cost
        elif coarser == 0:
            break
        else:
            error = 2 * coarser
    source, sink, cost = (np.repeat(each, taken) for each in (pair_source, pair_sink, pair_cost))
    return source, sink, cost, price[own] - price[end]


def _extent(task: Task) -> int:
    """More than any distance [nm]."""
    return int(np.ptp(np.concatenate([task.at, task.sinks]), axis=0).sum()) + 1


def _first_pairs(task: Task) -> tuple[Integers, int, Integers, Integers, Integers]:
    """Prices of the sinks and how far they may be off; sources and sinks of the first pairs; prices of the sources."""
    sinks = len(task.sinks)
    sink_price, error, likely_source, likely_sink = _first_guess(task)
    everything = np.full(len(task.at), np.iinfo(np.int64).max // 2)
    sink, cost = _cheapest_sinks(task, sink_price, everything, FIRST_PAIRS)
    near, place = np.nonzero(sink >= 0)
    chosen = np.unique(np.concatenate([near * sinks + sink[near, place], likely_source * sinks + likely_sink]))
    source_price = np.where(sink >= 0, sink_price[sink] - cost, -4 * _extent(task)).max(axis=1)
    return sink_price, error, chosen // sinks, chosen % sinks, source_price


def _first_guess(task: Task) -> tuple[Integers, int, Integers, Integers]:
    """What the same problem on groups of neighbours says about the single points.

    Returns:
        Price of each sink; how far the prices may be off; sources and sinks of likely pairs: all pairs of two groups
        that are matched, so that with these alone every net finds a sink.
    """
    sources, sinks = len(task.at), len(task.sinks)
    if sources <= SMALL:
        return _every_pair(task)
    chosen, units = _senders(task)
    group, groups = _neighbours(task.at[chosen], task.rule[chosen])
    if groups > LEAST_GAIN * sources:
        return _every_pair(task)  # hardly two sources have the same choice: given pairs
    sink_group, sink_groups = _neighbours(task.sinks, np.zeros(sinks, np.int64))
    weight = np.bincount(group, units, groups).astype(np.int64)
    first = np.zeros(groups, np.int64)
    first[group[::-1]] = chosen[::-1]
    allowed = np.zeros((len(task.allowed), sink_groups), bool)
    for row, mask in enumerate(task.allowed):
        allowed[row, sink_group[mask]] = True
    room = np.bincount(sink_group, task.room, sink_groups).astype(np.int64)
    coarse = Task(
        at=_means(task.at[chosen], group, groups),
        radius=task.radius[first],
        most=weight,
        net=np.arange(groups),
        units=weight,
        rule=task.rule[first],
        sinks=_means(task.sinks, sink_group, sink_groups),
        sink_radius=_means(task.sink_radius[:, None], sink_group, sink_groups)[:, 0],
        room=room,
        allowed=allowed,
        metric=task.metric,
    )
    from_group, to_group, _, source_price = solved(coarse)
    reach = _reached(task, coarse.at, coarse.radius, source_price)
    spread = np.abs(task.sinks - coarse.sinks[sink_group]).max(axis=0)
    matched = np.unique(from_group * sink_groups + to_group)
    one, other = _pairs(matched // sink_groups, matched % sink_groups, group, sink_group)
    source = chosen[one]
    permitted = task.allowed[task.rule[source], other]
    return np.minimum(reach, 0), int(spread.sum()) + 1, source[permitted], other[permitted]


def _every_pair(task: Task) -> tuple[Integers, int, Integers, Integers]:
    """The first guess that knows nothing: all pairs that are allowed."""
    source, sink = np.nonzero(task.allowed[task.rule])
    return np.zeros(len(task.sinks), np.int64), _extent(task), source, sink


def _reached(task: Task, at: Floats, radius: Floats, price: Integers) -> Integers:
    """The price of each sink by its cheapest way from any of the places."""
    swapped = Task(
        at=task.sinks,
        radius=task.sink_radius,
        most=task.room,
        net=task.room,
        units=task.room,
        rule=np.zeros(len(task.sinks), np.int64),
        sinks=at,
        sink_radius=radius,
        room=price,
        allowed=np.ones((1, len(at)), bool),
        metric=task.metric,
    )
    place, cost = _cheapest_sinks(swapped, -price, np.full(len(task.sinks), np.iinfo(np.int64).max // 2), 1)
    return cost[:, 0] + price[place[:, 0]]


def _pairs(one: Integers, other: Integers, group: Integers, other_group: Integers) -> tuple[Integers, Integers]:
    """Every member of group ``one[k]`` with every member of the other kind's group ``other[k]``, for all k."""
    members, others = np.argsort(group, kind="stable"), np.argsort(other_group, kind="stable")
    size, other_size = np.bincount(group), np.bincount(other_group)
    first, other_first = np.cumsum(size) - size, np.cumsum(other_size) - other_size
    count = size[one] * other_size[other]
    place = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    k = np.repeat(np.arange(len(one)), count)
    return (
        members[first[one[k]] + place // other_size[other[k]]],
        others[other_first[other[k]] + place % other_size[other[k]]],
    )


def _senders(task: Task) -> tuple[Integers, Integers]:
    """Sources that send, evenly spread over those of each net, and how many units each."""
    order = np.argsort(task.net, kind="stable")
    sizes = np.bincount(task.net, minlength=len(task.units))
    starts = np.cumsum(sizes) - sizes
    senders = np.minimum(task.units, sizes)
    net = np.repeat(np.arange(len(sizes)), senders)
    turn = np.arange(len(net)) - np.repeat(np.cumsum(senders) - senders, senders)
    units = (turn + 1) * task.units[net] // senders[net] - turn * task.units[net] // senders[net]
    return order[starts[net] + turn * sizes[net] // senders[net]], units


def _neighbours(at: Floats, kind: Integers) -> tuple[Integers, int]:
    """Groups of ``NEIGHBOURS`` points of one kind along a Morton curve: the group of each point, and their number."""
    low, size = at.min(axis=0), max(float(np.ptp(at, axis=0).max()), 1.0)
    cell = ((at - low) / size * 65_535).astype(np.int64)
    code = np.zeros(len(at), np.int64)
    for bit in range(16):
        code |= (cell[:, 0] >> bit & 1) << 2 * bit | (cell[:, 1] >> bit & 1) << 2 * bit + 1
    order = np.lexsort((code, kind))
    kinds = kind[order]
    new = np.ones(len(at), bool)
    new[1:] = kinds[1:] != kinds[:-1]
    begin = np.maximum.accumulate(np.where(new, np.arange(len(at)), 0))
    new |= (np.arange(len(at)) - begin) % NEIGHBOURS == 0
    group = np.empty(len(at), np.int64)
    group[order] = np.cumsum(new) - 1
    return group, int(new.sum())


def _means(values: Floats, group: Integers, groups: int) -> Floats:
    count = np.bincount(group, minlength=groups)
    return np.stack([np.bincount(group, column, groups) / count for column in values.T], axis=1)


def _costs(task: Task, source: Integers, sink: Integers) -> Integers:
    """Distances edge to edge, rounded down [nm]."""
    length = distances(task.at[source] - task.sinks[sink], task.metric)
    return np.maximum(length - task.radius[source] - task.sink_radius[sink], 0.0).astype(np.int64)


def _cheapest_sinks(task: Task, price: Integers, below: Integers, count: int) -> tuple[Integers, Integers]:
    """For each source the ``count`` allowed sinks of least cost minus price, under ``below``: [n, count], or -1."""
    group, groups = _neighbours(task.sinks, np.zeros(len(task.sinks), np.int64))
    order = np.argsort(group, kind="stable")
    middle = _means(task.sinks, group, groups)
    first = np.searchsorted(group[order], np.arange(groups + 1))
    spread = np.hypot(*(task.sinks - middle[group]).T) + task.sink_radius
    sink = np.full((len(task.at), count), -1, np.int64)
    cost = np.zeros((len(task.at), count), np.int64)
    _search(
        task.at,
        task.radius,
        task.rule,
        (first, middle, np.maximum.reduceat(spread[order], first[:-1]), np.maximum.reduceat(price[order], first[:-1])),
        (order, task.sinks[order], task.sink_radius[order], price[order]),
        task.allowed[:, order],
        task.metric == "octilinear",
        below,
        sink,
        cost,
    )
    return sink, cost


@compiled
def _search(at, radius, rule, groups, sinks, allowed, octilinear, below, found, found_cost):  # type: ignore[no-untyped-def]
    """Passes over the groups of sinks that are too far or too cheap as a whole, then looks at every sink."""
    first, group_at, group_reach, group_price = groups
    name, sink_at, sink_radius, price = sinks
    count = found.shape[1]
    value = np.empty(count, np.int64)
    for i in range(len(at)):
        value[:] = below[i]
        row = allowed[rule[i]]
        for group in range(len(group_at)):
            worst = value[count - 1]
            dx, dy = at[i, 0] - group_at[group, 0], at[i, 1] - group_at[group, 1]
            reach = float(worst + group_price[group]) + radius[i] + group_reach[group] + 1.0
            if reach <= 0.0 or dx * dx + dy * dy >= reach * reach:
                continue
            for j in range(first[group], first[group + 1]):
                if not row[j]:
                    continue
                dx, dy = abs(at[i, 0] - sink_at[j, 0]), abs(at[i, 1] - sink_at[j, 1])
                length = max(dx, dy) + DIAGONAL * min(dx, dy) if octilinear else math.sqrt(dx * dx + dy * dy)
                cost = np.int64(max(length - radius[i] - sink_radius[j], 0.0))
                if cost - price[j] >= value[count - 1]:
                    continue
                slot = count - 1
                while slot > 0 and value[slot - 1] > cost - price[j]:
                    value[slot] = value[slot - 1]
                    found[i, slot], found_cost[i, slot] = found[i, slot - 1], found_cost[i, slot - 1]
                    slot -= 1
                value[slot] = cost - price[j]
                found[i, slot], found_cost[i, slot] = name[j], cost
