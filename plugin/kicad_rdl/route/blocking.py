"""What stands between two sets of posts on finished sketches: the full gaps that part them, or the wires in between.

Wires are looked through here: whoever reaches a tile reaches every tile beyond a gap with room. What is reached like
that is one region; if both ends lie in different regions, the fewest full gaps that part them are a minimum cut of the
graph of regions (duality of flow and cut). If both lie in one region, no gap is to blame but the order of the wires:
then the wires that the cheapest way crosses are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kicad_rdl.route.errands import Errand
from kicad_rdl.route.flow import maximum_flow
from kicad_rdl.route.prices import standing_price, via_range
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.tiles import ROOMY, SLACK
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.weave import TOO_FAR

FACES = 60_000
"""Faces that the search for the wires in between looks at; where it finds nothing the wires stay unnamed."""

ROUNDED = 1e-6
"""Differences of lengths that are none [nm]."""


NAMED = 4
"""Nets that a reason names; of more their number."""


@dataclass(frozen=True, slots=True)
class FullGap:
    """A gap that nothing more passes.

    Attributes:
        layer: from 0.
        gap: in the tiles of the layer.
        wires: how many run through it.
        lack: distance that is missing for one more [nm].
    """

    layer: int
    gap: int
    wires: int
    lack: float


@dataclass(frozen=True, slots=True)
class Blocking:
    """Why nothing more gets from some posts to others.

    Attributes:
        cut: full gaps that part them on all layers together, as few as can be; empty: no gaps part them.
        crossed: wires that the cheapest way between them crosses or pushes, where no cut parts them.
        nowhere: which of the two (0: the first, 1: the second) has no stack of vias on any of the layers, and no room
            for one; None: neither.
    """

    cut: tuple[FullGap, ...]
    crossed: tuple[int, ...]
    nowhere: int | None


@dataclass(frozen=True, slots=True)
class _Regions:
    of_tile: I64
    count: int
    full: I64
    """Gaps between two regions."""
    lack: F64
    """Of all gaps."""


class Blockade:
    """The full gaps of sketches that change no more."""

    def __init__(self, sketches: Sketches) -> None:
        self._sketches = sketches
        self._regions: dict[tuple[tuple[float, ...], tuple[int, ...]], _Regions] = {}

    def between(self, starts: Sequence[int], ends: Sequence[int], errand: Errand, price: float) -> Blocking:
        """What parts posts from others.

        Args:
            starts, ends: posts.
            errand: their widths, layers and price of a via.
            price: of crossing a wire, for the search for the wires in between [nm].
        """
        regions = self._regions_for(errand.widths, errand.layers)
        sides = [self._tiles_at(posts, errand.layers) for posts in (starts, ends)]
        if not sides[0] or not sides[1]:
            return Blocking((), (), 0 if not sides[0] else 1)
        here, there = ({int(regions.of_tile[t]) for t in tiles} for tiles in sides)
        if here.isdisjoint(there):
            return Blocking(self._least_cut(regions, sorted(here), sorted(there)), (), None)
        way = self._sketches.find(errand, price, faces=FACES)
        return Blocking((), () if way is None else way.crossed, None)

    def _regions_for(self, widths: tuple[float, ...], layers: tuple[int, ...]) -> _Regions:
        if (widths, layers) not in self._regions:
            self._regions[widths, layers] = self._made(widths, layers)
        return self._regions[widths, layers]

    def _made(self, widths: tuple[float, ...], layers: tuple[int, ...]) -> _Regions:
        g, b = self._sketches.ground, self._sketches.book
        allowed = np.zeros(len(widths), dtype=np.bool_)
        allowed[list(layers)] = True
        u, v = g.edges[:, 0], g.edges[:, 1]
        layer = g.layer[u]
        more = b.count + 1
        reserve = np.where(more <= ROOMY, 0.0, SLACK * (more + 1))
        left = g.base - b.block[u] - b.block[v] - b.used - reserve
        lack = np.asarray(widths)[layer] + g.space[layer] - left
        inner = (g.edge_triangles >= 0).all(axis=1) & allowed[layer]
        open_gaps = np.flatnonzero(inner & (lack <= ROUNDED))
        pairs = np.vstack([g.edge_triangles[open_gaps], *self._changes(layers)])
        tiles = len(g.triangles)
        joined = coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(tiles, tiles))
        count, label = connected_components(joined, directed=False)
        sides = label[g.edge_triangles]
        full = np.flatnonzero(inner & (lack > ROUNDED) & (sides[:, 0] != sides[:, 1]))
        return _Regions(label.astype(np.int64), int(count), full, lack)

    def _changes(self, layers: tuple[int, ...]) -> list[I64]:
        """Pairs of tiles on two layers that a via could join: one for every candidate with room."""
        g, b = self._sketches.ground, self._sketches.book
        found: list[tuple[int, int]] = []
        for post, (low, high) in enumerate(g.least.tolist()):
            if low <= high or b.standing[post, 0] <= b.standing[post, 1]:
                continue
            vertices = self._sketches.vertices_of(post)
            tiles = {place: self._around(v) for place, v in enumerate(vertices) if int(g.layer[v]) in layers}
            for place in sorted(tiles):
                found += [(tiles[place][0], t) for t in tiles[place][1:]] if self._stands(post, place, place) else []
                if place + 1 in tiles and self._stands(post, place, place + 1):
                    found.append((tiles[place][0], tiles[place + 1][0]))
        return [np.array(found, np.int64).reshape(-1, 2)]

    def _around(self, vertex: int) -> list[int]:
        g = self._sketches.ground
        return [int(t) for t in g.around[g.around_start[vertex] : g.around_start[vertex + 1]]]

    def _stands(self, post: int, low: int, high: int) -> bool:
        """Whether a post has room on some of its places without pushing anybody."""
        g, b = self._sketches.ground, self._sketches.book
        first, last = via_range(g, b, post, low, high)
        return bool(standing_price(g, b, post, first, last, 0.0) < TOO_FAR)

    def _tiles_at(self, posts: Sequence[int], layers: tuple[int, ...]) -> list[int]:
        g = self._sketches.ground
        return [
            tile
            for post in posts
            for place, vertex in enumerate(self._sketches.vertices_of(post))
            if int(g.layer[vertex]) in layers and self._stands(post, place, place)
            for tile in self._around(vertex)
        ]

    def _least_cut(self, regions: _Regions, here: Sequence[int], there: Sequence[int]) -> tuple[FullGap, ...]:
        g, b = self._sketches.ground, self._sketches.book
        source, sink = regions.count, regions.count + 1
        sides = regions.of_tile[g.edge_triangles[regions.full]]
        much = len(regions.full) + 1
        ends = np.array([(source, r) for r in here] + [(r, sink) for r in there], dtype=np.int64)
        arcs = np.vstack([sides, sides[:, ::-1], ends])
        capacity = np.concatenate([np.ones(2 * len(sides), np.int64), np.full(len(ends), much, np.int64)])
        side = maximum_flow(arcs[:, 0], arcs[:, 1], capacity, source, sink, node_count=sink + 1).source_side
        found: list[FullGap] = []
        for gap in regions.full[side[sides[:, 0]] != side[sides[:, 1]]].tolist():
            layer = int(g.layer[g.edges[gap, 0]])
            own = gap - self._sketches.offsets.gap[layer]
            found.append(FullGap(layer, own, int(b.count[gap]), float(regions.lack[gap])))
        return tuple(found)


def words_of(blocking: Blocking, crossed: Sequence[str], names: tuple[str, str], layer_names: Sequence[str]) -> str:
    """The reason in words; empty: nothing more is known.

    Args:
        blocking: what parts the ends.
        crossed: the nets of the wires between.
        names: of the two ends.
        layer_names: of all layers.
    """
    if blocking.nowhere is not None:
        return (
            f"no stack of vias from {names[blocking.nowhere]} has room down or up to a layer that its traces may take"
        )
    if blocking.cut:
        on: dict[int, int] = {}
        for gap in blocking.cut:
            on[gap.layer] = on.get(gap.layer, 0) + 1
        spread = ", ".join(f"{count} on {layer_names[layer]}" for layer, count in sorted(on.items()))
        many, wires = len(blocking.cut), sum(gap.wires for gap in blocking.cut)
        gaps = "1 full gap parts" if many == 1 else f"{many} full gaps part"
        return f"{gaps} its ends ({spread}); {wires} {'trace runs' if wires == 1 else 'traces run'} there, no more fit"
    if crossed:
        nets = ", ".join(crossed[:NAMED]) + (f" and {len(crossed) - NAMED} more" if len(crossed) > NAMED else "")
        return f"gaps have room, but every way that was found crosses or pushes traces of {nets}"
    return ""


def net_names(sketches: Sketches, wires: Sequence[int], nets: Sequence[str | None], own: str) -> list[str]:
    """The other nets of wires, sorted; of every wire the net of one of the posts on which it ends."""
    found = {nets[p] for w in wires for p in sketches.ends_of(w) if p < len(nets)}
    return sorted(name for name in found if name is not None and name != own)
