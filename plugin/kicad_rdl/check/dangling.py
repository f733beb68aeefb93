"""Copper that leads nowhere: loose trace ends, vias that join nothing, islands. Warnings, as they cut no circuit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from kicad_rdl.check.connection import centre
from kicad_rdl.check.distance import distances
from kicad_rdl.check.primitives import inside, near, tabulate
from kicad_rdl.geometry import Arc, Line, Point
from kicad_rdl.model.artwork import Artwork, CopperKind
from kicad_rdl.model.report import Rule, Severity, Violation


def loose_ends(artwork: Artwork, layer: int, nets: Sequence[int]) -> Iterator[Violation]:
    """Ends of trace pieces that nothing of their net covers.

    Other pieces of the same trace must cover the end's centre; any other copper need only touch its round cap.
    """
    index = [k for k, copper in enumerate(artwork.copper) if copper.layer == layer]
    ends: list[tuple[int, Point]] = []
    for k in index:
        skeleton = artwork.copper[k].skeleton
        if artwork.copper[k].kind is CopperKind.TRACE and isinstance(skeleton, Line | Arc):
            ends += [(k, skeleton.start), (k, skeleton.end)]
    if not ends:
        return
    copper = tabulate((artwork.copper[k].skeleton, artwork.copper[k].width) for k in index)
    caps = tabulate((at, artwork.copper[k].width) for k, at in ends)
    node = np.array([nets[k] for k in index], dtype=np.int64)
    thing = np.array([artwork.copper[k].thing for k in index], dtype=np.int64)
    place = {k: n for n, k in enumerate(index)}
    owner = np.array([place[k] for k, _ in ends], dtype=np.int64)
    i, j = near(caps, copper, 0.0)
    other = copper.item[j]
    relevant = (owner[i] != other) & (node[owner[i]] == node[other])
    i, j, other = i[relevant], j[relevant], other[relevant]
    own_trace = thing[owner[i]] == thing[other]
    gap = distances(caps, i, copper, j) - copper.half[j] - np.where(own_trace, 0.0, caps.half[i])
    covered = np.zeros(len(ends), dtype=np.bool_)
    covered[i[gap <= 0]] = True
    area, end = inside(copper, caps)
    covered[end[node[area] == node[owner[end]]]] = True
    for n in np.flatnonzero(~covered):
        k, at = ends[n]
        remedy = "lead this end to a pad, a via or a trace of its net, or remove it"
        yield _dangling(artwork, k, at, remedy)


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
