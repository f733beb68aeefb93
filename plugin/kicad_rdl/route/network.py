"""Free assignment as one flow: every wire of a layer at once, then uncrossed into an ordered sketch.

A gap is a row of bins, each a pair of nodes (one on each side) joined by an arc that carries as many traces as fit
there. Inside a tile every bin sees the bins of the other two gaps and the opposite corner. A bump is a source of one
unit, a ball a sink of one, on every layer where it stands. Minimum-cost maximum flow gives the wires; since they are
one commodity, two that cross may exchange their ends, so matching the ports around every tile like parentheses gives
wires that do not cross (Fang, Lin, Hsu, Chang 2005; the uncrossing of planar flows is folklore).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np

from kicad_rdl.route.bins import Bins, along, bin_count, bins_of
from kicad_rdl.route.flow import maximum_flow, min_cost_max_flow
from kicad_rdl.route.metric import distances, metric_of
from kicad_rdl.route.quadrangles import Quadrangles, quadrangles_of
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.uncross import Wire, uncross

COST_UNIT = 50.0
"""Lengths enter the flow as multiples of this [nm]."""

ARC_BUDGET = 200_000
"""Bins are widened until the network stays below this many arcs."""


@dataclass(frozen=True, slots=True)
class LayerTask:
    """One layer of the network: its tiles, and which vertex each source and sink stands on (-1: not here)."""

    tiles: Tiles
    capacity: I64
    source_vertex: I64
    sink_vertex: I64
    across: Mapping[int, int] = field(default_factory=dict)
    """Gaps whose other diagonals may be scarce -> wires that fit there; no two share a tile. See ``quadrangles``."""
    watched: Set[int] = frozenset()
    """Those of ``across`` that the flow must not overfill. Others only count where bins are coarse anyway."""


@dataclass(frozen=True, slots=True)
class FlowPlan:
    """Wires of every layer, and what did not fit."""

    value: int
    wires: tuple[tuple[Wire, ...], ...]
    """Per layer."""
    orders: tuple[dict[int, list[int]], ...]
    """Per layer: gap -> indices of wires from its lower to its higher vertex."""
    cut_gaps: tuple[tuple[int, int], ...]
    """(layer index, gap) of the minimum cut; empty if everything fits."""


@dataclass(slots=True)
class _Arcs:
    """Arc lists under construction."""

    tails: list[I64] = field(default_factory=list)
    heads: list[I64] = field(default_factory=list)
    capacity: list[I64] = field(default_factory=list)
    cost: list[F64] = field(default_factory=list)
    count: int = 0

    def add(self, tails: I64, heads: I64, capacity: I64 | int, cost: F64 | float) -> slice:
        """Appends arcs; returns where they stand."""
        size = len(tails)
        self.tails.append(np.asarray(tails, dtype=np.int64))
        self.heads.append(np.asarray(heads, dtype=np.int64))
        self.capacity.append(np.broadcast_to(np.asarray(capacity, dtype=np.int64), size).copy())
        self.cost.append(np.broadcast_to(np.asarray(cost, dtype=np.float64), size).copy())
        self.count += size
        return slice(self.count - size, self.count)


@dataclass(frozen=True, slots=True)
class _LayerArcs:
    """Where the arcs of one layer stand, and the bins they join."""

    quadrangles: Quadrangles
    crossing: slice
    crossing_edge: I64
    """Edge of each crossing pair; first all left-to-right arcs, then all right-to-left."""
    leave: slice
    leave_triangle: I64
    leave_corner: I64
    enter: slice
    enter_triangle: I64
    enter_corner: I64
    direct: slice
    direct_triangle: I64
    direct_from: I64
    direct_to: I64


def _merged(layer: LayerTask, size: float) -> LayerTask:
    """The layer with those diagonals in ``across`` that count where bins have that size."""
    coarse = bin_count(layer.tiles, layer.capacity, size) <= 1
    rims = layer.tiles.triangle_edges[layer.tiles.edge_triangles]
    across = {gap: fits for gap, fits in layer.across.items() if gap in layer.watched or bool(coarse[rims[gap]].all())}
    return replace(layer, across=across)


def _bin_size(layers: Sequence[LayerTask]) -> float:
    """Bins as fine as the arc budget allows, but not finer than needed [nm]."""
    smallest = min(float(np.median(layer.tiles.width)) for layer in layers) / 2
    size = max(smallest, 1.0)
    while size < 1e9:
        arcs = 0
        for layer in layers:
            c = bin_count(layer.tiles, layer.capacity, size)[layer.tiles.triangle_edges]
            arcs += int(2 * (c[:, 0] * c[:, 1] + c[:, 1] * c[:, 2] + c[:, 2] * c[:, 0]).sum())
        if arcs <= ARC_BUDGET:
            break
        size *= 1.25
    return size


def plan_flow(
    layers: Sequence[LayerTask],
    source_group: I64,
    group_units: I64,
    sink_count: int,
    layer_cost: F64 | None = None,
) -> FlowPlan:
    """Routes as many units as fit, at least total length.

    Args:
        layers: the layers; sources and sinks are numbered alike on all of them.
        source_group: [sources] the net of each source; a source sends one unit at most.
        group_units: [nets] how many units a net sends from all its sources together.
        sink_count: how many sinks; each takes one unit.
        layer_cost: [layers, sources] extra cost of leaving a source on a layer [nm]; infinite: not allowed.
    """
    if not group_units.sum():  # all balls are given
        return FlowPlan(0, ((),) * len(layers), tuple({} for _ in layers), ())
    source_count, group_count = len(source_group), len(group_units)
    super_source, super_sink = 0, 1
    group_node = 2 + np.arange(group_count)
    source_node = 2 + group_count + np.arange(source_count)
    sink_node = 2 + group_count + source_count + np.arange(sink_count)
    arcs = _Arcs()
    arcs.add(np.zeros(group_count, np.int64), group_node, group_units, 0.0)
    arcs.add(group_node[source_group], source_node, 1, 0.0)
    arcs.add(sink_node, np.full(sink_count, super_sink), 1, 0.0)
    offset = 2 + group_count + source_count + sink_count
    size = _bin_size(layers)
    merged = [_merged(layer, size) for layer in layers]
    placed: list[tuple[Bins, _LayerArcs]] = []
    for index, layer in enumerate(merged):
        count = bin_count(layer.tiles, layer.capacity, size)
        count[list(layer.across)] = 0  # within one tile
        bins = bins_of(layer.tiles, layer.capacity, count)
        extra = np.zeros(source_count) if layer_cost is None else layer_cost[index]
        placed.append((bins, _layer_arcs(arcs, layer, bins, offset, source_node, sink_node, extra)))
        offset += 2 * len(bins.edge) + 4 * len(layer.across)
    tails, heads = np.concatenate(arcs.tails), np.concatenate(arcs.heads)
    capacity = np.concatenate(arcs.capacity)
    cost = np.round(np.concatenate(arcs.cost) / COST_UNIT).astype(np.int64)
    result = min_cost_max_flow(tails, heads, capacity, cost, super_source, super_sink)
    flow = result.flow
    value = int(flow[:group_count].sum())
    wires: list[tuple[Wire, ...]] = []
    orders: list[dict[int, list[int]]] = []
    for layer, (_, where) in zip(merged, placed, strict=True):
        found, order = uncross(layer.tiles, layer.source_vertex, layer.sink_vertex, *_units(layer, where, flow))
        wires.append(found)
        orders.append(order)
    cut: tuple[tuple[int, int], ...] = ()
    if value < int(group_units.sum()):
        cut = _cut(layers, source_group, group_units, sink_count)
    return FlowPlan(value, tuple(wires), tuple(orders), cut)


def _layer_arcs(
    arcs: _Arcs, layer: LayerTask, bins: Bins, offset: int, source_node: I64, sink_node: I64, extra: F64
) -> _LayerArcs:
    """Adds the arcs of one layer."""
    tiles, metric = layer.tiles, metric_of(layer.tiles.octilinear)
    node = offset + 2 * np.arange(len(bins.edge))  # left side; right side is the next
    crossing = arcs.add(
        np.concatenate([node, node + 1]), np.concatenate([node + 1, node]), np.concatenate([bins.capacity] * 2), 0.0
    )
    quadrangles = _quadrangles(layer)
    alone = np.ones(len(tiles.triangles), np.bool_)
    alone[quadrangles.tiles.ravel()] = False
    triangle = np.flatnonzero(alone)
    te = tiles.triangle_edges[triangle]
    for k in range(3):
        row, a, b = bins.pairs(te[:, k], te[:, (k + 1) % 3])
        owner = triangle[row]
        # which side of each edge faces this triangle
        na = node[a] + (tiles.edge_triangles[bins.edge[a], 0] != owner)
        nb = node[b] + (tiles.edge_triangles[bins.edge[b], 0] != owner)
        length = distances(bins.xy[a] - bins.xy[b], metric)
        _both_ways(arcs, na, nb, np.minimum(bins.capacity[a], bins.capacity[b]), length)
    part = offset + 2 * len(node) + np.arange(4 * len(quadrangles.edges)).reshape(-1, 4)
    for k in range(4):
        ahead = (k + 1) % 4
        _both_ways(arcs, part[:, k], part[:, ahead], quadrangles.half[:, k], quadrangles.step[:, k])
        row, found = bins.at(quadrangles.sides[:, k])
        faces = node[found] + (tiles.edge_triangles[bins.edge[found], 0] != quadrangles.tiles[row, k])
        _both_ways(arcs, faces, part[row, k], bins.capacity[found], quadrangles.antenna[row, k])

    def corners(wanted: I64) -> tuple[I64, I64, I64, I64, F64]:
        """Tile, corner, node, capacity and length of ways from the vertices wanted (>= 0) into the tiles around."""
        t, corner, found = _corner_bins(tiles, bins, np.where(alone[:, None], wanted[tiles.triangles], -1))
        faces = node[found] + (tiles.edge_triangles[bins.edge[found], 0] != t)
        length = distances(tiles.xy[tiles.triangles[t, corner]] - bins.xy[found], metric)
        ways = [(t, corner, faces, bins.capacity[found], length)]
        for k in range(4):
            row = np.flatnonzero(wanted[quadrangles.corners[:, k]] >= 0)
            for side, cost in ((k, quadrangles.ahead[:, k]), ((k + 3) % 4, quadrangles.back[:, k])):
                t = quadrangles.tiles[row, side]
                corner = np.argmax(tiles.triangles[t] == quadrangles.corners[row, k][:, None], axis=1)
                ways.append((t, corner, part[row, side], np.ones(len(row), np.int64), cost[row]))
        t, corner, faces, much, length = (np.concatenate(column) for column in zip(*ways, strict=True))
        return t, corner, faces, much, length

    source_of = np.full(len(tiles.xy), -1, dtype=np.int64)
    here = layer.source_vertex >= 0
    source_of[layer.source_vertex[here]] = np.flatnonzero(here)
    sink_of = np.full(len(tiles.xy), -1, dtype=np.int64)
    here = layer.sink_vertex >= 0
    sink_of[layer.sink_vertex[here]] = np.flatnonzero(here)

    leave_t, leave_c, nodes, much, length = corners(source_of)
    source = source_of[tiles.triangles[leave_t, leave_c]]
    length = length + extra[source]
    fine = np.isfinite(length)
    leave_t, leave_c = leave_t[fine], leave_c[fine]
    leave = arcs.add(source_node[source][fine], nodes[fine], much[fine], length[fine])

    enter_t, enter_c, nodes, much, length = corners(sink_of)
    enter = arcs.add(nodes, sink_node[sink_of[tiles.triangles[enter_t, enter_c]]], much, length)

    beside = np.ones(len(tiles.edges), np.bool_)
    beside[quadrangles.edges] = False  # along these a wire crosses the other diagonal
    rows, tails, heads = [], [], []
    for k in range(3):
        for other in (1, 2):
            a, b = tiles.triangles[:, k], tiles.triangles[:, (k + other) % 3]
            between = tiles.triangle_edges[:, k if other == 1 else (k + 2) % 3]
            good = np.flatnonzero((source_of[a] >= 0) & (sink_of[b] >= 0) & beside[between])
            rows.append(good)
            tails.append(np.full(len(good), k))
            heads.append(np.full(len(good), (k + other) % 3))
    direct_t, direct_a, direct_b = np.concatenate(rows), np.concatenate(tails), np.concatenate(heads)
    va, vb = tiles.triangles[direct_t, direct_a], tiles.triangles[direct_t, direct_b]
    length = distances(tiles.xy[va] - tiles.xy[vb], metric) + extra[source_of[va]]
    fine = np.isfinite(length)
    direct_t, direct_a, direct_b, va, vb = direct_t[fine], direct_a[fine], direct_b[fine], va[fine], vb[fine]
    direct = arcs.add(source_node[source_of[va]], sink_node[sink_of[vb]], 1, length[fine])
    return _LayerArcs(
        quadrangles, crossing, bins.edge, leave, leave_t, leave_c, enter, enter_t, enter_c,
        direct, direct_t, direct_a, direct_b,
    )  # fmt: skip


def _both_ways(arcs: _Arcs, one: I64, other: I64, capacity: I64, cost: F64) -> None:
    """Adds arcs there and back."""
    tails, heads = np.concatenate([one, other]), np.concatenate([other, one])
    arcs.add(tails, heads, np.concatenate([capacity] * 2), np.concatenate([cost] * 2))


def _quadrangles(layer: LayerTask) -> Quadrangles:
    """The pairs of tiles that are one for the flow."""
    tiles, metric = layer.tiles, metric_of(layer.tiles.octilinear)
    edges = np.array(sorted(layer.across), np.int64)
    across = np.array([layer.across[edge] for edge in edges.tolist()], np.int64)
    every = np.arange(len(tiles.edges))
    middle = along(tiles, every, 0.5)
    return quadrangles_of(
        tiles,
        edges,
        layer.capacity,
        across,
        lambda one, other: distances(middle[one] - middle[other], metric),
        lambda vertex, gap: distances(tiles.xy[vertex] - middle[gap], metric),
    )


def _corner_bins(tiles: Tiles, bins: Bins, wanted: I64) -> tuple[I64, I64, I64]:
    """(triangle, corner, bin of the opposite edge) for every corner [t, 3] that is wanted (>= 0)."""
    triangles, corners, found = [], [], []
    for k in range(3):
        t = np.flatnonzero(wanted[:, k] >= 0)
        row, opposite = bins.at(tiles.triangle_edges[t, (k + 1) % 3])
        triangles.append(t[row])
        corners.append(np.full(len(row), k))
        found.append(opposite)
    return np.concatenate(triangles), np.concatenate(corners), np.concatenate(found)


def _units(layer: LayerTask, where: _LayerArcs, flow: I64) -> tuple[I64, I64]:
    """What the flow sends over every gap, and into every tile at its corners; see ``uncross``."""
    tiles = layer.tiles
    half = len(where.crossing_edge)
    crossing = flow[where.crossing]
    net = np.zeros(len(tiles.edges), dtype=np.int64)
    np.add.at(net, where.crossing_edge, crossing[:half] - crossing[half:])  # > 0: from the left triangle to the right
    inject = np.zeros((len(tiles.triangles), 3), dtype=np.int64)
    np.add.at(inject, (where.leave_triangle, where.leave_corner), flow[where.leave])
    np.add.at(inject, (where.enter_triangle, where.enter_corner), -flow[where.enter])
    np.add.at(inject, (where.direct_triangle, where.direct_from), flow[where.direct])
    np.add.at(inject, (where.direct_triangle, where.direct_to), -flow[where.direct])
    # within a quadrangle: what its right tile lacks
    edges = where.quadrangles.edges
    right = tiles.edge_triangles[edges, 1]
    rim = tiles.triangle_edges[right]
    inward = np.where(tiles.edge_triangles[rim, 1] == right[:, None], net[rim], -net[rim])
    net[edges] = -(inward.sum(axis=1) + inject[right].sum(axis=1))
    return net, inject


def _cut(
    layers: Sequence[LayerTask], source_group: I64, group_units: I64, sink_count: int
) -> tuple[tuple[int, int], ...]:
    """The gaps of a minimum cut, those through which nothing fits among them.

    Bins say more than a certificate needs: here a node is a whole tile, a gap carries its capacity both ways, a
    terminal reaches the tiles around it. The maximum flow is the same. Of the cuts nearest the bumps and nearest the
    balls, the one of fewer gaps is the clearer answer.
    """
    source_count, group_count = len(source_group), len(group_units)
    groups, sources = 2 + np.arange(group_count), 2 + group_count + np.arange(source_count)
    sinks = 2 + group_count + source_count + np.arange(sink_count)
    first = 2 + group_count + source_count + sink_count
    arcs = _Arcs()
    arcs.add(np.zeros(group_count, np.int64), groups, group_units, 0.0)
    arcs.add(groups[source_group], sources, 1, 0.0)
    arcs.add(sinks, np.ones(sink_count, np.int64), 1, 0.0)
    inner: list[tuple[I64, I64]] = []  # per layer: gaps between two tiles, and the nodes of these tiles [n, 2]
    for layer in layers:
        tiles = layer.tiles
        gaps = np.flatnonzero((tiles.edge_triangles >= 0).all(axis=1))
        sides = first + tiles.edge_triangles[gaps]
        inner.append((gaps, sides))
        arcs.add(sides[:, 0], sides[:, 1], layer.capacity[gaps], 0.0)
        arcs.add(sides[:, 1], sides[:, 0], layer.capacity[gaps], 0.0)
        tile = first + np.repeat(np.arange(len(tiles.triangles)), 3)
        for vertices, nodes, leaves in ((layer.source_vertex, sources, True), (layer.sink_vertex, sinks, False)):
            owner = np.full(len(tiles.xy), -1, dtype=np.int64)
            owner[vertices[vertices >= 0]] = nodes[vertices >= 0]
            terminal = owner[tiles.triangles.ravel()]
            here = terminal >= 0
            ends = (terminal[here], tile[here])
            arcs.add(*(ends if leaves else ends[::-1]), 1, 0.0)
        first += len(tiles.triangles)
    tails, heads = np.concatenate(arcs.tails), np.concatenate(arcs.heads)
    capacity = np.concatenate(arcs.capacity)
    best: list[tuple[int, int]] | None = None
    for nearest in ("source", "sink"):
        mask = maximum_flow(tails, heads, capacity, 0, 1, node_count=first, cut=nearest).source_side
        found = [
            (index, int(gap))
            for index, (gaps, sides) in enumerate(inner)
            for gap in gaps[mask[sides[:, 0]] != mask[sides[:, 1]]]
        ]
        if best is None or len(found) < len(best):
            best = found
    return tuple(best or ())
