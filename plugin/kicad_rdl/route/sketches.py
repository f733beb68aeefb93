"""The sketches of all layers at once: which wire crosses which gap, in which order, and where the next can go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from kicad_rdl.route import crossing, drawing, prices, pushing, reaching, way_back, ways, weave
from kicad_rdl.route.errands import Errand, Meeting, Way
from kicad_rdl.route.frontier import frontier_for
from kicad_rdl.route.ground import Posted, ground_of
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.uncross import Wire
from kicad_rdl.route.weave import TOO_FAR

FACES = 400_000
"""Faces that a search looks at before it gives up."""
ENTRIES = 1 << 14
"""Room of a search for what to look at next, to begin with."""


class Sketches:
    """Wires on all layers; changed by ``draw`` and ``remove``, which can be undone."""

    def __init__(self, tiles: Sequence[Tiles], spaces: Sequence[float], posted: Posted) -> None:
        self.tiles = tuple(tiles)
        self.posted = posted
        self.ground, full, self.offsets = ground_of(tiles, spaces, posted)
        self._elements = len(self.ground.edges) + 3 * len(self.ground.triangles)
        standing = np.ones(len(self.ground.xy), bool)
        for vertices, (low, high) in zip(posted.vertices, posted.least, strict=True):
            for place, (layer, vertex) in enumerate(vertices):
                standing[self.offsets.vertex[layer] + vertex] = low <= place <= high
        half = np.asarray(spaces)[self.ground.layer] / 2
        self.book = weave.empty_book(self.ground, np.where(standing, full, half), full)
        self._field = reaching.field_for(self._elements, len(self.book.wire), len(self.ground.xy))
        self._frontier = frontier_for(ENTRIES)
        self.alive: dict[int, None] = {}
        """Wires that are drawn, in the order of their numbers."""
        self._log: list[tuple[int, bool]] = []  # (wire, it was drawn)
        self._nodes = 0  # of the wires that are alive

    @property
    def octilinear(self) -> bool:
        """Whether lengths count in eight directions."""
        return bool(self.ground.octilinear)

    # --- searching ---

    def find(
        self,
        errand: Errand,
        price: float = 0.0,
        limit: float = TOO_FAR,
        faces: int = FACES,
        stretch: float = 1.0,
    ) -> Way | None:
        """The cheapest way.

        Args:
            errand: from where to where.
            price: of crossing a wire or overfilling a gap, times the wire's own price [nm]; 0: neither happens.
            limit: give up beyond this cost [nm].
            faces: give up after looking at so many faces.
            stretch: or one that costs at most so many times as much, for which fewer faces are looked at.
        """
        for strict in (False, True):
            cost, state, vertex, interval = self._search(errand, (), price, limit, faces, strict, stretch)
            if cost >= TOO_FAR:
                return None
            way = self._way(cost, state, vertex, interval)
            if way is not None:
                return way
        return None

    def shut_in(self, errand: Errand, faces: int) -> bool:
        """Whether the ends of an errand lie among at most so many faces that no way leads into without pushing."""
        back = Errand(errand.ends, errand.starts, errand.widths, errand.layers, errand.via_price)
        cost, *_ = self._search(back, (), 0.0, TOO_FAR, faces, False, 1.0)
        return cost >= TOO_FAR and int(self._field.meta[1]) <= faces

    def meet(self, errand: Errand, wires: Sequence[int], price: float, faces: int = FACES) -> Meeting | None:
        """Where the cheapest way to any of some wires ends; None where there is none, or one to a post is cheaper."""
        cost, state, vertex, node = self._search(errand, wires, price, TOO_FAR, faces, False, 1.0)
        if cost >= TOO_FAR or vertex >= 0:
            return None
        b = self.book
        tile = int(b.tile[node])
        layer = int(self.ground.tile_layer[tile])
        at = (float(self._field.x[state]), float(self._field.y[state]))
        return Meeting(cost, int(b.wire[node]), layer, tile - self.offsets.tile[layer], at)

    def _search(
        self,
        errand: Errand,
        wires: Sequence[int],
        price: float,
        limit: float,
        faces: int,
        strict: bool,
        stretch: float,
    ) -> tuple[float, int, int, int]:
        """See ``ways.find``."""
        g, b = self.ground, self.book
        starts, start_cost = self._vertices(errand, errand.starts, price)
        goals, goal_cost = self._vertices(errand, errand.ends, price)
        if not len(starts) or not (len(goals) or len(wires)):
            return TOO_FAR, -1, -1, -1
        places = [np.array(list(dict.fromkeys(map(tuple, g.xy[goals].tolist())))).reshape(-1, 2)]
        onto = np.full(len(b.head) if wires else 0, -1, np.int64)
        for wire in wires:
            onto[wire] = sum(map(len, places))
            places.append(crossing.places_of(g, b, wire))
        free = [post for post, cost in errand.ends if cost == 0.0] or [post for post, _ in errand.ends]
        own = np.array([*(post for post, _ in errand.starts), *free], np.int64)
        asked = (
            starts, start_cost, goals, goal_cost, np.concatenate(places), onto, own,
            np.array(errand.widths, np.float64), self._allowed(errand), float(price), float(errand.via_price), faces,
            float(limit), strict, stretch,
        )  # fmt: skip
        cost, state, vertex, interval = ways.find(g, b, self._field, self._frontier, *asked)
        while self._frontier.lost:
            self._frontier = frontier_for(2 * len(self._frontier.cost))
            cost, state, vertex, interval = ways.find(g, b, self._field, self._frontier, *asked)
        return float(cost), int(state), int(vertex), int(interval)

    def place(self, post: int) -> tuple[float, float]:
        """Where a post is, on its first layer [nm]."""
        x, y = self.ground.xy[self.ground.post_vertex[self.ground.post_start[post]]].tolist()
        return x, y

    def places(self, posts: I64) -> F64:
        """[n, 2] where posts are, as ``place`` says [nm]."""
        return self.ground.xy[self.ground.post_vertex[self.ground.post_start[posts]]]

    def vertices_of(self, post: int) -> list[int]:
        """The vertices of a post on all its layers."""
        g = self.ground
        return [int(v) for v in g.post_vertex[g.post_start[post] : g.post_start[post + 1]]]

    def _vertices(self, errand: Errand, posts: Sequence[tuple[int, float]], price: float) -> tuple[I64, F64]:
        """Vertices of posts on the layers of an errand, and what using each costs [nm]."""
        numbers = np.array([post for post, _ in posts], np.int64)
        costs = np.array([cost for _, cost in posts], np.float64)
        vertices = np.empty(len(posts) * len(self.tiles), np.int64)
        total = np.empty(len(vertices))
        count = prices.usable_vertices(
            self.ground, self.book, numbers, costs, self._allowed(errand), float(price), float(errand.via_price),
            vertices, total,
        )  # fmt: skip
        return vertices[:count], total[:count]

    def _allowed(self, errand: Errand) -> I64:
        """[layers] 1 where the errand may run."""
        allowed = np.zeros(len(self.tiles), np.int64)
        allowed[list(errand.layers)] = 1
        return allowed

    def _way(self, cost: float, state: int, vertex: int, interval: int) -> Way | None:
        steps = np.empty((self._depth(state) + 2, 2), np.int64)
        tiles = np.empty(len(steps), np.int64)
        start = np.empty(len(steps) + 1, np.int64)
        crossed = np.empty(len(steps), np.int64)
        legs, _, cuts = way_back.trace_back(
            self.ground, self.book, self._field, state, vertex, interval, steps, tiles, start, crossed
        )
        if legs < 0:
            return None
        parts = tuple((steps[start[k] : start[k + 1]], tiles[start[k] : start[k + 1]]) for k in range(legs))
        return Way(cost, parts, tuple(sorted(set(crossed[:cuts].tolist()))), self._corner(int(steps[0, 0])), vertex)

    def _depth(self, state: int) -> int:
        depth = 0
        came = self._field.came
        while state >= 0:
            depth += 2
            state = int(came[state])
        return depth

    def _corner(self, element: int) -> int:
        t, k = divmod(element - len(self.ground.edges), 3)
        return int(self.ground.triangles[t, k])

    # --- changing ---

    def draw(self, way: Way, widths: Sequence[float], price: float = 1.0) -> list[int]:
        """Draws a way found on the present sketches; returns the numbers of its wires, one for each leg."""
        made: list[int] = []
        for steps, tiles in way.legs:
            self._reserve(len(steps))
            layer = int(self.ground.tile_layer[tiles[0]])
            wire = int(drawing.insert(self.ground, self.book, widths[layer], price, steps, tiles, len(steps)))
            self.alive[wire] = None
            self._nodes += len(steps)
            self._log.append((wire, True))
            made.append(wire)
        return made

    def remove(self, wire: int) -> None:
        """Takes a wire out."""
        self._take(wire)
        self._log.append((wire, False))

    def _take(self, wire: int) -> None:
        drawing.remove(self.ground, self.book, wire)
        self._nodes -= int(weave.length_of(self.book, wire))
        del self.alive[wire]

    def squeezed_out(self, wires: Sequence[int]) -> list[int] | None:
        """Older wires that must go so that nothing beside new ones is overfull; None: they cannot stay."""
        gone: list[int] = []
        found = np.empty(len(self.alive) + 1, np.int64)
        for wire in wires:
            count = int(pushing.squeezed_out(self.ground, self.book, wire, min(wires), found))
            if count < 0:
                return None
            gone += [int(w) for w in found[:count] if w not in gone]
        return gone

    def keep(self) -> int:
        """The present state, to come back to."""
        return len(self._log)

    def back_to(self, mark: int) -> None:
        """Undoes every change since the mark."""
        while len(self._log) > mark:
            wire, drawn = self._log.pop()
            if drawn:
                self._take(wire)
            else:
                drawing.restore(self.ground, self.book, wire)
                self._nodes += int(weave.length_of(self.book, wire))
                self.alive[wire] = None

    def set_price(self, wire: int, price: float) -> None:
        """What crossing a wire costs, in units of the price of a search; infinite: it stays."""
        self.book.price[wire] = min(price, TOO_FAR)

    def forget(self) -> None:
        """The present state cannot be undone any more; makes room."""
        self._log.clear()
        if self.book.meta[0] < 2 * self._nodes + 4096:
            return
        alive = np.zeros(int(self.book.meta[1]), bool)
        alive[list(self.alive)] = True
        self._rebuild(alive, len(self.book.wire))

    @property
    def next_node(self) -> int:
        """Number of the node that is made next."""
        return int(self.book.meta[0])

    def _reserve(self, nodes: int) -> None:
        """Makes sure that a wire of so many nodes fits."""
        if self.book.meta[0] + nodes >= len(self.book.wire):
            self._grow(2 * len(self.book.wire) + nodes)
        if self.book.meta[1] + 1 >= len(self.book.head):
            b = self.book
            size = len(b.head)
            self.book = b._replace(
                head=np.concatenate([b.head, np.zeros(size, np.int64)]),
                tail=np.concatenate([b.tail, np.zeros(size, np.int64)]),
                width=np.concatenate([b.width, np.zeros(size)]),
                price=np.concatenate([b.price, np.zeros(size)]),
            )

    def _grow(self, nodes: int) -> None:
        b = self.book

        def longer(a: np.ndarray) -> np.ndarray:
            return np.concatenate([a, np.zeros(nodes - len(a), a.dtype)])

        self.book = b._replace(
            wire=longer(b.wire), element=longer(b.element), before=longer(b.before), after=longer(b.after),
            below=longer(b.below), above=longer(b.above), tile=longer(b.tile), upto=longer(b.upto),
        )  # fmt: skip
        self._field = reaching.field_for(self._elements, nodes, len(self.ground.xy))

    def _rebuild(self, alive: np.ndarray, nodes: int) -> None:
        b = self.book
        new = [np.zeros(nodes, np.int64) for _ in range(7)]
        wire, element, before, after, below, above, tile = new
        upto = np.zeros(nodes)
        number = np.full(nodes, -1, np.int64)
        size = drawing.compacted(b, alive, wire, element, before, after, below, above, tile, upto, number)
        self.book = b._replace(
            wire=wire, element=element, before=before, after=after, below=below, above=above, tile=tile, upto=upto
        )
        self.book.meta[0] = size

    # --- reading ---

    def layer_of(self, wire: int) -> int:
        """Layer of a wire, from 0."""
        return int(self.ground.tile_layer[self.book.tile[self.book.head[wire]]])

    def ends_of(self, wire: int) -> tuple[int, int]:
        """Posts at both ends of a wire."""
        g, b = self.ground, self.book
        one, two = (self._corner(int(b.element[n])) for n in (b.head[wire], b.tail[wire]))
        return int(g.post[one]), int(g.post[two])

    def wires_on(self, layer: int, wanted: Iterable[int] | None = None) -> dict[int, Wire]:
        """The wires of a layer, or some of them, in terms of its own tiles."""
        numbers = [w for w in (sorted(self.alive) if wanted is None else wanted) if self.layer_of(w) == layer]
        if not numbers:
            return {}
        g, b = self.ground, self.book
        start = np.empty(len(numbers) + 1, np.int64)
        size = sum(int(weave.length_of(b, w)) for w in numbers)
        elements, tiles = np.empty(size, np.int64), np.empty(size, np.int64)
        drawing.listing(g, b, np.array(numbers, np.int64), start, elements, tiles)
        gaps = len(g.edges)
        gap0, tile0, vertex0 = self.offsets.gap[layer], self.offsets.tile[layer], self.offsets.vertex[layer]
        found: dict[int, Wire] = {}
        for k, number in enumerate(numbers):
            x, t = elements[start[k] : start[k + 1]], tiles[start[k] : start[k + 1] - 1]
            ends = [int(g.triangles[divmod(int(e) - gaps, 3)]) - vertex0 for e in (x[0], x[-1])]
            found[number] = Wire(
                -1, -1, ends[0], ends[1], tuple((x[1:-1] - gap0).tolist()), tuple((t - tile0).tolist())
            )
        return found

    def orders_on(self, layer: int, gaps: Iterable[int] | None = None) -> dict[int, list[int]]:
        """Gap -> wires from its lower to its higher vertex, in terms of the layer's own tiles."""
        first = self.offsets.gap[layer]
        book = self.book
        found: dict[int, list[int]] = {}
        if gaps is None:
            here = np.flatnonzero(book.count[first : self.offsets.gap[layer + 1]])
            gaps = here.tolist()
        for gap in gaps:
            order: list[int] = []
            node = int(book.first[first + gap])
            while node >= 0:
                order.append(int(book.wire[node]))
                node = int(book.above[node])
            found[gap] = order
        return found

    def load_of(self, layer: int, gap: int) -> float:
        """How full a gap is: 1 is full."""
        e = self.offsets.gap[layer] + gap
        g, b = self.ground, self.book
        whole = float(g.base[e] - b.block[g.edges[e, 0]] - b.block[g.edges[e, 1]])
        return float(b.used[e]) / whole if whole > 0 else float("inf")

    def standing(self, post: int) -> tuple[int, int]:
        """Layers (first, last) from 0 on which a post stands; first > last: on none."""
        low, high = self.book.standing[post].tolist()
        vertices = self.posted.vertices[post]
        return (vertices[low][0], vertices[high][0]) if low <= high else (1, 0)

    def passes(self, post: int) -> bool:
        """Whether a post that stands for nobody by itself is in use."""
        low, high = self.posted.least[post]
        first, last = self.book.standing[post].tolist()
        return low > high and bool(first <= last)

    def close(self, layer: int, gap: int) -> None:
        """Closes a gap for wires beyond those that run through it now."""
        e = self.offsets.gap[layer] + gap
        excess = -float(weave.over(self.ground, self.book, e))
        if excess > 0:
            self.ground.base[e] -= excess
