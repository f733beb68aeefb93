"""How short the copper can be at best: the cheapest matching of sources to sinks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kicad_rdl.errors import ModelError
from kicad_rdl.route.flow import maximum_flow
from kicad_rdl.route.matching import Task, solved
from kicad_rdl.route.metric import Metric

Integers: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Matching:
    """A cheapest matching."""

    total: float
    """Least total length [nm]; every distance is rounded down to the nanometre, so no layout is shorter."""
    sink_of: Integers
    """[sources] the sink of each; -1 where another source of its net goes."""


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
    task = Task(
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
        metric=metric,
    )
    _refuse_if_too_few(task, rule_of_net)
    source, sink, cost, _ = solved(task)
    sink_of = np.full(len(at), -1, np.int64)
    sink_of[source] = sink
    return Matching(float(cost.sum()), sink_of)


def _refuse_if_too_few(task: Task, rule_of_net: Integers) -> None:
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
