"""Flows on networks: the largest, the cheapest, and the cut that says why no more fits.

Arcs are given as parallel arrays of equal length; parallel and opposite arcs are allowed, loops carry nothing. Costs
are non-negative integers (the caller quantises, for example to nanometres), capacities non-negative integers. Every
answer is exact and carries its certificate: a cut for a maximum flow, node potentials for a cheapest flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.csgraph import maximum_flow as sparse_maximum_flow

from kicad_rdl.errors import ModelError
from kicad_rdl.route.scaling import cheapest_flow

Integers: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

LARGEST_TOTAL = 2**30
"""Units that a network may carry; scipy's maximum flow and the residual capacities are 32 bits wide."""


@dataclass(frozen=True, slots=True)
class MaximumFlow:
    """A largest flow, and a cut that is full: no larger one exists."""

    value: int
    flow: Integers
    """Units on each arc."""
    source_side: Mask
    """Nodes on the source's side of a minimum cut; its arcs leave this side and are full."""


@dataclass(frozen=True, slots=True)
class FlowResult:
    """A cheapest flow; ``potential`` proves it (see :func:`reduced_cost`)."""

    value: int
    """Units that leave the sources."""
    cost: int
    flow: Integers
    """Units on each arc."""
    potential: Integers
    """Price of each node: arcs of negative reduced cost are full, arcs of positive reduced cost are empty."""


def reduced_cost(tails: Integers, heads: Integers, cost: Integers, potential: Integers) -> Integers:
    """Cost of each arc after the prices of its ends: ``cost + potential[tail] - potential[head]``."""
    return cost + potential[tails] - potential[heads]


def maximum_flow(
    tails: Integers,
    heads: Integers,
    capacity: Integers,
    source: int,
    sink: int,
    *,
    node_count: int | None = None,
    cut: Literal["source", "sink"] = "source",
) -> MaximumFlow:
    """The largest flow from source to sink and a minimum cut.

    Args:
        tails: node each arc leaves.
        heads: node each arc enters.
        capacity: units each arc can carry.
        source: node.
        sink: another node.
        node_count: how many nodes there are; default: one more than the largest that is named.
        cut: which of several minimum cuts: the one nearest the source, or nearest the sink.
    """
    tails, heads, capacity = _arrays(tails, heads, capacity)
    nodes = _node_count(tails, heads, source, sink, node_count)
    limit = np.where(tails != heads, np.minimum(capacity, LARGEST_TOTAL), 0)
    total = min(int(limit[tails == source].sum()), int(limit[heads == sink].sum()))
    if total >= LARGEST_TOTAL:
        raise ModelError(f"a flow of {total} units is beyond {LARGEST_TOTAL}, the limit of the solver")
    limit = np.minimum(limit, total)
    graph = csr_array(coo_array((limit.astype(np.int32), (tails, heads)), shape=(nodes, nodes)))
    found = sparse_maximum_flow(graph, source, sink, method="dinic")
    flow = _spread(tails, heads, limit, found.flow)
    side = _reach(tails, heads, capacity, flow, source, sink, nodes, cut)
    return MaximumFlow(int(found.flow_value), flow, side)


def min_cost_max_flow(
    tails: Integers,
    heads: Integers,
    capacity: Integers,
    cost: Integers,
    source: int,
    sink: int,
    *,
    node_count: int | None = None,
) -> FlowResult:
    """Among the largest flows from source to sink the cheapest one."""
    tails, heads, capacity, cost = _arrays(tails, heads, capacity, cost)
    nodes = _node_count(tails, heads, source, sink, node_count)
    if cost.size and int(cost.min()) < 0:
        raise ModelError("costs of a flow must not be negative")
    most = maximum_flow(tails, heads, capacity, source, sink, node_count=nodes).value
    # no cheapest flow needs an arc more often than once per unit, but for circles that cost nothing; one unit more than
    # that keeps an arc that all units take from looking full
    limit = np.where(tails != heads, np.minimum(capacity, most + 1), 0)
    supply = np.zeros(nodes, np.int64)
    supply[source], supply[sink] = most, -most
    flow, potential = cheapest_flow(tails, heads, limit, cost, supply)
    return FlowResult(most, int((flow * cost).sum()), flow, potential)


def _arrays(*given: npt.ArrayLike) -> tuple[Integers, ...]:
    arrays = tuple(np.ascontiguousarray(array, np.int64) for array in given)
    if any(array.shape != (len(arrays[0]),) for array in arrays):
        raise ModelError("the arrays of a network must have one entry per arc")
    if arrays[2].size and int(arrays[2].min()) < 0:
        raise ModelError("capacities must not be negative")
    return arrays


def _node_count(tails: Integers, heads: Integers, source: int, sink: int, given: int | None) -> int:
    if source == sink:
        raise ModelError("source and sink of a flow must be different nodes")
    least = 1 + max(int(tails.max(initial=0)), int(heads.max(initial=0)), source, sink)
    if given is not None and given < least:
        raise ModelError(f"node {least - 1} is named in a network of {given} nodes")
    return least if given is None else given


def _spread(tails: Integers, heads: Integers, limit: Integers, net: Any) -> Integers:
    """Net flow between pairs of nodes, given out to their parallel arcs in the order of the arcs."""
    if not len(tails):
        return np.zeros(0, np.int64)
    rest = np.maximum(np.asarray(net[tails, heads]).ravel().astype(np.int64), 0)
    order = np.lexsort((np.arange(len(tails)), heads, tails))
    t, h, room = tails[order], heads[order], limit[order]
    new = np.ones(len(order), bool)
    new[1:] = (t[1:] != t[:-1]) | (h[1:] != h[:-1])
    before = np.cumsum(room) - room
    before -= before[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
    flow = np.zeros(len(tails), np.int64)
    flow[order] = np.clip(rest[order] - before, 0, room)
    return flow


def _reach(
    tails: Integers,
    heads: Integers,
    capacity: Integers,
    flow: Integers,
    source: int,
    sink: int,
    nodes: int,
    cut: Literal["source", "sink"],
) -> Mask:
    forward, backward = flow < capacity, flow > 0
    a = np.concatenate([tails[forward], heads[backward]])
    b = np.concatenate([heads[forward], tails[backward]])
    if cut == "sink":
        a, b = b, a
    graph = csr_array(coo_array((np.ones(len(a), np.int32), (a, b)), shape=(nodes, nodes)))
    seen = np.zeros(nodes, bool)
    start = source if cut == "source" else sink
    seen[breadth_first_order(graph, start, return_predecessors=False)] = True
    return seen if cut == "source" else ~seen
