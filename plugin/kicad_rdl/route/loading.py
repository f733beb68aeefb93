"""Sketches begun with wires whose order on every gap is known: those of the flow, or of other tiles."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from kicad_rdl.route.errands import Way
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.uncross import Wire


def load(
    sketches: Sketches,
    layer: int,
    wires: Sequence[Wire],
    orders: Mapping[int, Iterable[int]],
    widths: Sequence[float],
) -> list[int]:
    """Draws wires on a layer; returns their numbers in the sketches.

    Args:
        sketches: where; nothing is drawn on the layer yet.
        layer: from 0; wires and gaps are those of its own tiles.
        wires: the wires.
        orders: gap -> places in ``wires``, from its lower to its higher vertex.
        widths: [wires] [nm].
    """
    g, offsets = sketches.ground, sketches.offsets
    gaps = len(g.edges)
    place: dict[tuple[int, int], int] = {}
    for gap, order in orders.items():
        place |= {(index, gap): rank for rank, index in enumerate(order)}

    def ahead(index: int, wire: Wire, first: bool) -> tuple[float, float]:
        """How far on the rim, counter-clockwise from its own corner, a wire meets its first (last) tile again."""
        tile = wire.triangles[0 if first else -1] + offsets.tile[layer]
        vertex = (wire.start if first else wire.end) + offsets.vertex[layer]
        corners = g.triangles[tile].tolist()
        own = corners.index(vertex)
        if not wire.gaps:
            other = (wire.end if first else wire.start) + offsets.vertex[layer]
            return float(2 * ((corners.index(other) - own) % 3)), 0.0
        gap = wire.gaps[0 if first else -1]
        rank = place[(index, gap)]
        # the gap across from the corner runs from the next corner to the one after it
        forward = int(g.edges[gap + offsets.gap[layer], 0]) == corners[(own + 1) % 3]
        return 3.0, float(rank if forward else -rank)

    # wire by wire, each above those of the wires drawn already that have a lower rank
    drawn: dict[int, list[tuple[int, int]]] = {}  # gap -> (rank, node), rising
    corner: dict[int, list[tuple[tuple[float, float], int]]] = {}  # corner -> (minus how far ahead, node), rising
    made: list[int] = []
    for index, wire in enumerate(wires):
        tiles = np.array([t + offsets.tile[layer] for t in wire.triangles], np.int64)
        steps = np.empty((len(tiles) + 1, 2), np.int64)
        node = sketches.next_node
        for end, tile, vertex in ((0, tiles[0], wire.start), (len(tiles), tiles[-1], wire.end)):
            k = g.triangles[tile].tolist().index(vertex + offsets.vertex[layer])
            element = gaps + 3 * int(tile) + k
            far, rank_there = ahead(index, wire, end == 0)
            key = (-far, -rank_there)
            ports = corner.setdefault(element, [])
            at = bisect(ports, (key, -1))
            steps[end] = element, ports[at - 1][1] if at else -1
            ports.insert(at, (key, node + end))
        for k, gap in enumerate(wire.gaps, 1):
            ranks = drawn.setdefault(gap, [])
            rank = place[(index, gap)]
            at = bisect(ranks, (rank, -1))
            steps[k] = gap + offsets.gap[layer], ranks[at - 1][1] if at else -1
            ranks.insert(at, (rank, node + k))
        way = Way(0.0, ((steps, np.append(tiles, -1)),), (), 0, 0)
        made += sketches.draw(way, [widths[index]] * len(sketches.tiles))
    return made
