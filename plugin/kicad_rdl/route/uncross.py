"""From a flow to wires that do not cross: ports around every tile, matched like parentheses.

Since the wires of a flow are one commodity, two that cross may exchange their ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kicad_rdl.route.metric import Metric, distance, metric_of
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import I64


@dataclass(frozen=True, slots=True)
class Wire:
    """A wire of the sketch: from terminal to terminal over gaps, without coordinates.

    ``tiles[i]`` is the triangle between ``gaps[i - 1]`` and ``gaps[i]``; there is one triangle more than gaps.
    """

    source: int
    sink: int
    start: int
    """Vertex."""
    end: int
    gaps: tuple[int, ...]
    triangles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Rims:
    """The tables of the tiles, ``net`` and ``inject`` as lists: entries are read one by one."""

    xy: list[list[float]]
    edges: list[list[int]]
    triangles: list[list[int]]
    triangle_edges: list[list[int]]
    edge_triangles: list[list[int]]
    net: list[int]
    inject: list[list[int]]


def uncross(
    tiles: Tiles, source_vertex: I64, sink_vertex: I64, net: I64, inject: I64
) -> tuple[tuple[Wire, ...], dict[int, list[int]]]:
    """Matches the ports around every tile like parentheses and follows the wires.

    Args:
        tiles: the layer.
        source_vertex, sink_vertex: vertex of each source and sink (-1: not here).
        net: [gaps] units from the tile on the left to that on the right, less those the other way.
        inject: [tiles, 3] units that enter a tile at its corners; negative: that leave.

    Returns:
        The wires, and their order on every gap from its lower to its higher vertex.
    """
    rims = _Rims(
        tiles.xy.tolist(),
        tiles.edges.tolist(),
        tiles.triangles.tolist(),
        tiles.triangle_edges.tolist(),
        tiles.edge_triangles.tolist(),
        net.tolist(),
        inject.tolist(),
    )
    metric = metric_of(tiles.octilinear)
    busy = np.flatnonzero((net[tiles.triangle_edges] != 0).any(axis=1) | (inject != 0).any(axis=1))
    partner: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    starts: list[tuple[int, int]] = []
    for t in busy.tolist():
        for one, two in _match(_ports(rims, t), metric):
            partner[(t, one[0], one[1])] = (t, two[0], two[1])
            partner[(t, two[0], two[1])] = (t, one[0], one[1])
            starts += [(t, -1 - port[0]) for port in (one, two) if port[0] < 0 and port[2] > 0]
    source_of = {int(v): s for s, v in enumerate(source_vertex) if v >= 0}
    sink_of = {int(v): s for s, v in enumerate(sink_vertex) if v >= 0}
    wires: list[Wire] = []
    slots: list[list[tuple[int, int]]] = []
    for t, corner in sorted(starts):
        start = rims.triangles[t][corner]
        gaps: list[tuple[int, int]] = []
        path = [t]
        at = partner[(t, -1 - corner, 0)]
        while at[1] >= 0:
            _, edge, slot = at
            gaps.append((edge, slot))
            left, right = rims.edge_triangles[edge]
            t = right if left == t else left
            path.append(t)
            at = partner[(t, edge, slot)]
        end = rims.triangles[t][-1 - at[1]]
        first, last = _trim(rims, [g for g, _ in gaps], start, end)
        gaps, path = gaps[first:last], path[first : last + 1]
        if len({gap for gap, _ in gaps}) < len(gaps):
            continue  # it winds round something; trees find it a better way
        wires.append(Wire(source_of[start], sink_of[end], start, end, tuple(g for g, _ in gaps), tuple(path)))
        slots.append(gaps)
    order: dict[int, list[tuple[int, int]]] = {}
    for index, gaps in enumerate(slots):
        for edge, slot in gaps:
            order.setdefault(edge, []).append((slot, index))
    return tuple(wires), {edge: [i for _, i in sorted(entries)] for edge, entries in sorted(order.items())}


def _trim(rims: _Rims, gaps: list[int], start: int, end: int) -> tuple[int, int]:
    """Drops the crossings of gaps that end at the wire's own first or last terminal."""
    first, last = 0, len(gaps)
    for index, gap in enumerate(gaps):
        if start in rims.edges[gap]:
            first = index + 1
    for index in range(len(gaps) - 1, first - 1, -1):
        if end in rims.edges[gaps[index]]:
            last = index
    return first, last


Port = tuple[int, int, int, float, float]
"""(edge or -1 - corner, slot, sign, x, y)."""


def _ports(rims: _Rims, t: int) -> list[Port]:
    """The ports of a tile in counter-clockwise order; sign +1 into the tile, -1 out of it."""
    ports: list[Port] = []
    for k in range(3):
        vertex = rims.triangles[t][k]
        amount = rims.inject[t][k]
        x, y = rims.xy[vertex]
        ports += [(-1 - k, 0, 1 if amount > 0 else -1, x, y)] * abs(amount)
        edge = rims.triangle_edges[t][k]
        count = rims.net[edge]
        if not count:
            continue
        outward = (count > 0) == (rims.edge_triangles[edge][0] == t)
        u, v = rims.edges[edge]
        (ux, uy), (vx, vy) = rims.xy[u], rims.xy[v]
        n = abs(count)
        order = range(n) if u == vertex else range(n - 1, -1, -1)
        for slot in order:
            share = (slot + 1) / (n + 1)
            px, py = ux * (1 - share) + vx * share, uy * (1 - share) + vy * share
            ports.append((edge, slot, -1 if outward else 1, px, py))
    return ports


def _match(ports: list[Port], metric: Metric) -> list[tuple[Port, Port]]:
    """Pairs ports of opposite sign without crossings; among the ways to do so, one of least length."""

    n = len(ports)
    turns = [i for i in range(n) if ports[i][2] != ports[i - 1][2]] or [0]
    best: list[tuple[Port, Port]] = []
    best_length = float("inf")
    for turn in turns if len(turns) > 2 else turns[:1]:
        stack: list[Port] = []
        pairs: list[tuple[Port, Port]] = []
        length = 0.0
        for i in range(n):
            port = ports[(turn + i) % n]
            if stack and stack[-1][2] != port[2]:
                other = stack.pop()
                pairs.append((other, port))
                length += distance(other[3] - port[3], other[4] - port[4], metric)
                if other[0] == port[0]:
                    length += 1e12  # a wire would leave through the gap it came in by
            else:
                stack.append(port)
        if not stack and length < best_length:
            best, best_length = pairs, length
    return best
