"""How short the copper can be at best: cheapest matching of sources to sinks, and shortest tree of one net.

The matching is exact over all pairs, though only few of them are ever written down: a sparse network is solved, its
prices are held against every pair, the pairs that would make it cheaper are added, and so on until there are none. That
last look is the certificate. Good prices to begin with come from the same problem on groups of neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from kicad_rdl.errors import ModelError
from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.flow import maximum_flow
from kicad_rdl.route.scaling import Start, cheapest_flow

Integers: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Metric: TypeAlias = Literal["euclid", "octilinear"]

DIAGONAL = math.sqrt(2) - 1
"""What a step aside adds to an octilinear way: max(dx, dy) + (sqrt(2) - 1) min(dx, dy)."""

SMALL = 200
"""Sources that are matched without looking at groups of neighbours first."""

NEIGHBOURS = 8
"""Points in such a group."""

FIRST_PAIRS = 8
"""Pairs per source to begin with."""

MORE_PAIRS = 8
"""Pairs per source that one round may add."""


@dataclass(frozen=True, slots=True)
class Matching:
    """A cheapest matching."""

    total: float
    """Least total length [nm]; every distance is rounded down to the nanometre, so no layout is shorter."""
    sink_of: Integers
    """[sources] the sink of each; -1 where another source of its net goes."""


@dataclass(frozen=True, slots=True)
class _Task:
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
    octilinear: bool


def matching_bound(
    sources: npt.ArrayLike,
    sinks: npt.ArrayLike,
    *,
    net: Sequence[int] | None = None,
    units: Sequence[int] | None = None,
    allowed: Sequence[Sequence[int] | None] | None = None,
    metric: Metric = "euclid",
    source_radius: npt.ArrayLike = 0,
    sink_radius: npt.ArrayLike = 0,
) -> Matching:
    """The least total length that takes every net to sinks of its own.

    Args:
        sources: [n, 2] places [nm].
        sinks: [m, 2] places [nm]; each takes one source.
        net: of each source, from 0; default: every source is a net of its own.
        units: how many sources of each net go to a sink each; default: one, the one that suits best.
        allowed: for each net the sinks it may take; None: any.
        metric: of the output.
        source_radius: how far the copper of a source reaches [nm], one or [n]: lengths count from edge to edge.
        sink_radius: likewise of a sink, one or [m].

    Raises:
        ModelError: there are not enough sinks that are allowed, or not enough sources in a net.
    """
    at = np.asarray(sources, np.float64).reshape(-1, 2)
    there = np.asarray(sinks, np.float64).reshape(-1, 2)
    nets = np.arange(len(at)) if net is None else np.asarray(net, np.int64)
    count = int(nets.max(initial=-1)) + 1
    wanted = np.ones(count, np.int64) if units is None else np.asarray(units, np.int64)
    offered = np.bincount(nets, minlength=count)
    if len(wanted) != count or np.any(offered < wanted):
        raise ModelError("a net must send at least one and at most as many units as it has sources")
    rows: dict[tuple[int, ...] | None, int] = {}
    listed = [None] * count if allowed is None else [None if row is None else tuple(row) for row in allowed]
    rule_of_net = np.array([rows.setdefault(row, len(rows)) for row in listed], np.int64)
    masks = np.zeros((len(rows), len(there)), bool)
    for row, index in rows.items():
        masks[index, slice(None) if row is None else list(row)] = True
    task = _Task(
        at=at,
        radius=np.broadcast_to(np.asarray(source_radius, np.float64), len(at)).copy(),
        most=np.ones(len(at), np.int64),
        net=nets,
        units=wanted,
        rule=rule_of_net[nets],
        sinks=there,
        sink_radius=np.broadcast_to(np.asarray(sink_radius, np.float64), len(there)).copy(),
        room=np.ones(len(there), np.int64),
        allowed=masks,
        octilinear=metric == "octilinear",
    )
    _refuse_if_too_few(task, rule_of_net)
    source, sink, cost, _ = _solved(task)
    sink_of = np.full(len(at), -1, np.int64)
    sink_of[source] = sink
    return Matching(float(cost.sum()), sink_of)


def spanning_tree_length(points: npt.ArrayLike, metric: Metric = "euclid", radius: float = 0.0) -> float:
    """Length of the shortest tree that joins the points and branches only at them [nm] (Prim).

    Args:
        points: [n, 2] places [nm].
        metric: of the output.
        radius: how far the copper at each point reaches [nm]: lengths count from edge to edge.
    """
    at = np.asarray(points, np.float64).reshape(-1, 2)
    if len(at) < 2:
        return 0.0
    nearest = np.full(len(at), np.inf)
    joined = np.zeros(len(at), bool)
    last, lengths = 0, []
    for _ in range(len(at) - 1):
        joined[last] = True
        nearest = np.minimum(nearest, _distances(at - at[last], metric))
        last = int(np.argmin(np.where(joined, np.inf, nearest)))
        lengths.append(max(float(nearest[last]) - 2 * radius, 0.0))
    return math.fsum(lengths)


def _distances(steps: Floats, metric: Metric) -> Floats:
    if metric == "euclid":
        return np.hypot(steps[:, 0], steps[:, 1])
    across, up = np.abs(steps[:, 0]), np.abs(steps[:, 1])
    return np.maximum(across, up) + DIAGONAL * np.minimum(across, up)


def _refuse_if_too_few(task: _Task, rule_of_net: Integers) -> None:
    """Maximum flow from rules (nets with the same choice) to sinks."""
    rules, sinks = task.allowed.shape
    units = np.bincount(rule_of_net, task.units, rules).astype(np.int64)
    rule, sink = np.nonzero(task.allowed)
    source, target = rules + sinks, rules + sinks + 1
    tails = np.concatenate([np.full(rules, source), rule, rules + np.arange(sinks)])
    heads = np.concatenate([np.arange(rules), rules + sink, np.full(sinks, target)])
    capacity = np.concatenate([units, np.ones(len(rule) + sinks, np.int64)])
    fit = maximum_flow(tails, heads, capacity, source, target, node_count=target + 1).value
    wanted = int(units.sum())
    if fit < wanted:
        raise ModelError(f"{wanted} connections want a ball, and only {fit} of them can have one that is allowed")


def _solved(task: _Task) -> tuple[Integers, Integers, Integers, Integers]:
    """Source, sink and cost of every pair that is taken, once per unit, and the price of each sink."""
    nets, sources, sinks = len(task.units), len(task.at), len(task.sinks)
    if not sources:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty, np.zeros(sinks, np.int64)
    sink_price, error, likely_source, likely_sink = _first_guess(task)
    end = nets + sources + sinks
    own, own_sink = nets + np.arange(sources), nets + sources + np.arange(sinks)
    fixed_tails = np.concatenate([task.net, np.arange(nets), own_sink])
    fixed_heads = np.concatenate([own, np.full(nets + sinks, end)])
    fixed_capacity = np.concatenate([task.most, task.units, task.room])
    supply = np.concatenate([task.units, np.zeros(sources + sinks, np.int64), [-int(task.units.sum())]])
    every = np.concatenate([task.at, task.sinks])
    open_cost = 4 * int(np.ptp(every, axis=0).sum()) + 1  # of a net that stays open: dearer than any way
    price = np.concatenate([np.full(nets + sources, -open_cost), sink_price, [0]])
    sink, cost = _cheapest_sinks(task, sink_price, np.full(sources, np.iinfo(np.int64).max // 2), FIRST_PAIRS)
    near_source, place = np.nonzero(sink >= 0)
    chosen = np.unique(
        np.concatenate([near_source * sinks + sink[near_source, place], likely_source * sinks + likely_sink])
    )
    pair_source, pair_sink = chosen // sinks, chosen % sinks
    pair_cost = _costs(task, pair_source, pair_sink)
    price[own] = np.where(sink >= 0, sink_price[sink] - cost, -open_cost).max(axis=1)
    np.maximum.at(price, task.net, price[own])
    flow = np.zeros(len(fixed_tails) + len(pair_source), np.int64)
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
        )
        taken = flow[len(fixed_tails) :]
        # what is not used may be as dear as its neighbour, which leaves fewer pairs to look at
        unused = np.bincount(pair_sink, taken, sinks) == 0
        price[own_sink[unused]] = price[end]
        idle = np.bincount(pair_source, taken, sources) == 0
        price[own[idle]] = price[task.net[idle]]
        sink, cost = _cheapest_sinks(task, price[own_sink], -price[own], MORE_PAIRS)
        more, place = np.nonzero(sink >= 0)
        if len(more):
            new_sink, new_cost = sink[more, place], cost[more, place]
            error = int(np.max(price[own_sink[new_sink]] - price[own[more]] - new_cost))
            pair_source, pair_sink = np.concatenate([pair_source, more]), np.concatenate([pair_sink, new_sink])
            pair_cost = np.concatenate([pair_cost, new_cost])
            flow = np.concatenate([flow, np.zeros(len(more), np.int64)])
        elif flow[sources : sources + nets].any():
            open_cost, error = 8 * open_cost, 8 * open_cost
        else:
            break
    source, sink, cost = (np.repeat(each, taken) for each in (pair_source, pair_sink, pair_cost))
    return source, sink, cost, price[own_sink] - price[end]


def _first_guess(task: _Task) -> tuple[Integers, int, Integers, Integers]:
    """What the same problem on groups of neighbours says about the single points.

    Returns:
        Price of each sink; how far the prices may be off; sources and sinks of likely pairs: all pairs of two groups
        that are matched, so that with these alone every net finds a sink.
    """
    sources, sinks = len(task.at), len(task.sinks)
    if sources <= SMALL:
        extent = int(np.ptp(np.concatenate([task.at, task.sinks]), axis=0).sum()) + 1
        source, sink = np.nonzero(task.allowed[task.rule])
        return np.zeros(sinks, np.int64), extent, source, sink
    chosen, units = _senders(task)
    group, groups = _neighbours(task.at[chosen], task.rule[chosen])
    sink_group, sink_groups = _neighbours(task.sinks, np.zeros(sinks, np.int64))
    weight = np.bincount(group, units, groups).astype(np.int64)
    first = np.zeros(groups, np.int64)
    first[group[::-1]] = chosen[::-1]
    allowed = np.zeros((len(task.allowed), sink_groups), bool)
    for row, mask in enumerate(task.allowed):
        allowed[row, sink_group[mask]] = True
    room = np.bincount(sink_group, task.room, sink_groups).astype(np.int64)
    coarse = _Task(
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
        octilinear=task.octilinear,
    )
    from_group, to_group, _, price = _solved(coarse)
    spread = np.abs(task.sinks - coarse.sinks[sink_group]).max(axis=0)
    matched = np.unique(from_group * sink_groups + to_group)
    one, other = _pairs(matched // sink_groups, matched % sink_groups, group, sink_group)
    source = chosen[one]
    permitted = task.allowed[task.rule[source], other]
    return price[sink_group], int(spread.sum()) + 1, source[permitted], other[permitted]


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


def _senders(task: _Task) -> tuple[Integers, Integers]:
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


def _costs(task: _Task, source: Integers, sink: Integers) -> Integers:
    """Distances edge to edge, rounded down [nm]."""
    length = _distances(task.at[source] - task.sinks[sink], "octilinear" if task.octilinear else "euclid")
    return np.maximum(length - task.radius[source] - task.sink_radius[sink], 0.0).astype(np.int64)


def _cheapest_sinks(task: _Task, price: Integers, below: Integers, count: int) -> tuple[Integers, Integers]:
    """For each source the ``count`` allowed sinks of least cost minus price, under ``below``: [n, count], or -1."""
    sink = np.full((len(task.at), count), -1, np.int64)
    cost = np.zeros((len(task.at), count), np.int64)
    _search(
        task.at,
        task.radius,
        task.rule,
        task.sinks,
        task.sink_radius,
        task.allowed,
        task.octilinear,
        price,
        below,
        sink,
        cost,
    )
    return sink, cost


@compiled
def _search(  # type: ignore[no-untyped-def]
    at, radius, rule, sinks, sink_radius, allowed, octilinear, price, below, found, found_cost
):
    """Every pair is looked at, most of them only through the square of their distance."""
    count = found.shape[1]
    value = np.empty(count, np.int64)
    for i in range(len(at)):
        value[:] = below[i]
        worst = below[i]
        row = allowed[rule[i]]
        for j in range(len(sinks)):
            dx, dy = abs(at[i, 0] - sinks[j, 0]), abs(at[i, 1] - sinks[j, 1])
            reach = float(worst + price[j]) + radius[i] + sink_radius[j]
            if not row[j] or reach <= 0.0 or dx * dx + dy * dy >= reach * reach:
                continue
            length = max(dx, dy) + DIAGONAL * min(dx, dy) if octilinear else math.sqrt(dx * dx + dy * dy)
            cost = np.int64(max(length - radius[i] - sink_radius[j], 0.0))
            if cost - price[j] >= worst:
                continue
            slot = count - 1
            while slot > 0 and value[slot - 1] > cost - price[j]:
                value[slot] = value[slot - 1]
                found[i, slot], found_cost[i, slot] = found[i, slot - 1], found_cost[i, slot - 1]
                slot -= 1
            value[slot] = cost - price[j]
            found[i, slot], found_cost[i, slot] = j, cost
            worst = value[count - 1]
