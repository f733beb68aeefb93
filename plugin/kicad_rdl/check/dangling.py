"""Copper that leads nowhere: loose trace ends, vias that join nothing, islands. Warnings, as they cut no circuit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from kicad_rdl.check.connection import centre
from kicad_rdl.check.distance import distances
from kicad_rdl.check.layers import LayerCopper
from kicad_rdl.check.primitives import Floats, Ints, inside, near, tabulate
from kicad_rdl.geometry import Point
from kicad_rdl.model.artwork import Artwork, CopperKind
from kicad_rdl.model.report import Rule, Severity, Violation


def loose_ends(artwork: Artwork, here: LayerCopper) -> Iterator[Violation]:
    """Ends of trace pieces that nothing of their net covers.

    Other pieces of the same trace must cover the end's centre; any other copper need only touch its round cap.
    """
    table = here.table
    rows = np.flatnonzero(here.is_trace[table.item])
    x, y = np.concatenate([table.ax[rows], table.bx[rows]]), np.concatenate([table.ay[rows], table.by[rows]])
    owner = np.concatenate([table.item[rows], table.item[rows]])
    unmatched = _single(x, y, here.node[owner])
    if not len(unmatched):
        return
    x, y, owner = x[unmatched], y[unmatched], owner[unmatched]
    spots = [Point(round(px), round(py)) for px, py in zip(x, y, strict=True)]
    widths = [artwork.copper[int(k)].width for k in here.index[owner]]
    caps = tabulate(zip(spots, widths, strict=True))
    i, j = near(caps, table, 0.0)
    other = table.item[j]
    relevant = (owner[i] != other) & (here.node[owner[i]] == here.node[other])
    i, j, other = i[relevant], j[relevant], other[relevant]
    own_trace = here.thing[owner[i]] == here.thing[other]
    gap = distances(caps, i, table, j) - table.half[j] - np.where(own_trace, 0.0, caps.half[i])
    covered = np.zeros(len(spots), dtype=np.bool_)
    covered[i[gap <= 0]] = True
    area, end = inside(table, caps)
    covered[end[here.node[area] == here.node[owner[end]]]] = True
    for n in np.flatnonzero(~covered):
        remedy = "lead this end to a pad, a via or a trace of its net, or remove it"
        yield _dangling(artwork, int(here.index[owner[n]]), spots[n], remedy)


def _single(x: Floats, y: Floats, node: Ints) -> Ints:
    """Indices of the ends that no other end of their node meets exactly: the few that need geometry."""
    if not len(x):
        return np.empty(0, dtype=np.int64)
    order = np.lexsort((node, y, x))
    x, y, node = x[order], y[order], node[order]
    as_next = (x[1:] == x[:-1]) & (y[1:] == y[:-1]) & (node[1:] == node[:-1])
    met = np.concatenate([[False], as_next]) | np.concatenate([as_next, [False]])
    result: Ints = np.sort(order[~met])
    return result


def loose_vias(artwork: Artwork, touching: Sequence[tuple[int, int]]) -> Iterator[Violation]:
    """Vias that touch other copper on fewer than two layers; not the vias of unused balls, which have no net."""
    met: dict[int, set[int]] = defaultdict(set)
    first: dict[int, int] = {}
    for k, copper in enumerate(artwork.copper):
        if copper.kind is CopperKind.VIA:
            first.setdefault(copper.thing, k)
    for pair in touching:
        for k in pair:
            copper = artwork.copper[k]
            if copper.kind is CopperKind.VIA:
                met[copper.thing].add(copper.layer)
    for thing, k in first.items():
        copper = artwork.copper[k]
        if len(met[thing]) < (1 if copper.net is None else 2):
            remedy = "join the via on both of its layers, or remove it"
            yield _dangling(artwork, k, centre(copper), remedy)


def islands(artwork: Artwork, piece: Sequence[int]) -> Iterator[Violation]:
    """Pieces made of planes and teardrops only; traces and vias without a pad show as loose ends."""
    alone: dict[int, int] = {}
    joined: set[int] = set()
    for k, copper in enumerate(artwork.copper):
        if copper.kind in (CopperKind.PLANE, CopperKind.TEARDROP):
            alone.setdefault(piece[k], k)
        else:
            joined.add(piece[k])
    for root, k in alone.items():
        if root not in joined:
            at = centre(artwork.copper[k])
            yield _dangling(artwork, k, at, "remove this island or join it to its net")


def _dangling(artwork: Artwork, k: int, at: Point, remedy: str) -> Violation:
    copper = artwork.copper[k]
    layer = artwork.layers[copper.layer - 1]
    return Violation(Rule.DANGLING, Severity.WARNING, layer, at, (copper.name,), None, None, remedy)
