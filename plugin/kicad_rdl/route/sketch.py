"""The sketch of one layer: which wire crosses which gap, in which order. No coordinates.

A tile is cut into faces by the wires that run through it; a new wire goes from face to face through the intervals
between the wires that cross a gap already, so that it crosses none of them (the search space of a rubber-band sketch,
Dayan 1997). Insertion and removal keep the order on every gap.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from kicad_rdl.route.network import Wire
from kicad_rdl.route.tiles import Tiles

Interval = tuple[int, int]
"""(gap, place): between the wires ``place - 1`` and ``place`` of the gap's order."""

Face = tuple[tuple[Interval, ...], tuple[int, ...]]
"""Intervals and vertices that see each other inside a tile."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way for a new wire."""

    start: int
    end: int
    intervals: tuple[Interval, ...]
    triangles: tuple[int, ...]
    length: float


class Sketch:
    """Wires of one layer; changes by ``insert`` and ``remove`` only."""

    def __init__(self, tiles: Tiles, space: float) -> None:
        self.tiles = tiles
        self.space = space
        self.wires: dict[int, Wire] = {}
        self.width: dict[int, float] = {}
        self.orders: dict[int, list[int]] = {}
        self._next = 0
        self._xy: list[list[float]] = tiles.xy.tolist()
        self._edges: list[list[int]] = tiles.edges.tolist()
        self._triangles: list[list[int]] = tiles.triangles.tolist()
        self._triangle_edges: list[list[int]] = tiles.triangle_edges.tolist()
        self._edge_triangles: list[list[int]] = tiles.edge_triangles.tolist()
        room = tiles.width - tiles.clearance[tiles.edges[:, 0]] - tiles.clearance[tiles.edges[:, 1]] + space
        room[(tiles.edge_triangles < 0).any(axis=1)] = -1.0
        self._room: list[float] = room.tolist()
        self._used: dict[int, float] = {}
        self._inside: dict[int, set[int]] = {}
        self._faces: dict[int, list[Face]] = {}
        self._around: dict[int, list[int]] = {}
        for t, corners in enumerate(self._triangles):
            for vertex in corners:
                self._around.setdefault(vertex, []).append(t)

    def load(self, wires: Iterable[Wire], orders: Mapping[int, Iterable[int]], width: float) -> None:
        """Takes over the wires of a flow plan; their numbers in ``orders`` are their places in ``wires``."""
        for wire in wires:
            self._register(self._next, wire, width)
            self._next += 1
        self.orders = {gap: list(order) for gap, order in orders.items()}

    def _register(self, number: int, wire: Wire, width: float) -> None:
        self.wires[number] = wire
        self.width[number] = width
        for gap in wire.gaps:
            self._used[gap] = self._used.get(gap, 0.0) + width + self.space
        for t in wire.triangles:
            self._inside.setdefault(t, set()).add(number)
            self._faces.pop(t, None)

    def insert(self, way: Way, width: float, source: int = -1, sink: int = -1) -> int:
        """Draws a wire along a way found on the present sketch; returns its number."""
        number = self._next
        self._next += 1
        for gap, place in sorted(way.intervals, key=lambda i: (i[0], -i[1])):
            self.orders.setdefault(gap, []).insert(place, number)
        self._register(number, Wire(source, sink, way.start, way.end, tuple(g for g, _ in way.intervals), way.triangles), width)
        return number

    def remove(self, number: int) -> None:
        """Takes a wire out."""
        wire = self.wires.pop(number)
        width = self.width.pop(number)
        for gap in wire.gaps:
            self.orders[gap].remove(number)
            self._used[gap] -= width + self.space
            if not self.orders[gap]:
                del self.orders[gap]
        for t in wire.triangles:
            self._inside[t].discard(number)
            self._faces.pop(t, None)

    def room(self, gap: int) -> float:
        """Width that is left in a gap, the space beside a new wire included [nm]."""
        return self._room[gap] - self._used.get(gap, 0.0)

    # --- faces ---

    def faces(self, triangle: int) -> list[Face]:
        """The faces of a tile."""
        found = self._faces.get(triangle)
        if found is None:
            found = self._faces[triangle] = self._trace_faces(triangle)
        return found

    def _trace_faces(self, t: int) -> list[Face]:
        corners, edges = self._triangles[t], self._triangle_edges[t]
        # ends of the chords: (wire, which end) -> place on the boundary, counter-clockwise
        chord: dict[tuple[int, int], tuple[int, int]] = {}
        ends_at: dict[int, list[tuple[int, int]]] = {v: [] for v in corners}
        through: dict[tuple[int, int], tuple[int, int]] = {}
        for number in sorted(self._inside.get(t, ())):
            wire = self.wires[number]
            for index, where in enumerate(wire.triangles):
                if where != t:
                    continue
                key, other = (number, 2 * index), (number, 2 * index + 1)
                chord[key], chord[other] = other, key
                if index == 0:
                    ends_at[wire.start].append(key)
                else:
                    through[(wire.gaps[index - 1], number)] = key
                if index == len(wire.gaps):
                    ends_at[wire.end].append(other)
                else:
                    through[(wire.gaps[index], number)] = other
        # boundary without corner ports first, to order the ports of each corner
        place: dict[tuple[int, int], int] = {}
        ring: list[tuple[str, int, int]] = []  # ("v", vertex, 0), ("i", gap, interval), ("w", number, end)
        count = 0
        for k in range(3):
            vertex, gap = corners[k], edges[k]
            for key in ends_at[vertex]:
                place[key] = count
            count += 1
            order = self.orders.get(gap, [])
            forward = self._edges[gap][0] == vertex
            for number in order if forward else reversed(order):
                place[through[(gap, number)]] = count
                count += 1
        for k in range(3):
            vertex, gap = corners[k], edges[k]
            own = place_of_corner = None
            ring.append(("v", vertex, 0))
            base = next((place[key] for key in ends_at[vertex]), 0)
            # arriving counter-clockwise, the first port at a corner belongs to the chord that ends farthest ahead
            for own in sorted(ends_at[vertex], key=lambda key: -((place[chord[key]] - base) % count)):
                ring.append(("w", *own))
                ring.append(("v", vertex, 0))
            del own, place_of_corner
            order = self.orders.get(gap, [])
            n = len(order)
            forward = self._edges[gap][0] == vertex
            for step in range(n + 1):
                ring.append(("i", gap, step if forward else n - step))
                if step < n:
                    number = order[step if forward else n - 1 - step]
                    ring.append(("w", *through[(gap, number)]))
        where_is = {(number, end): index for index, (kind, number, end) in enumerate(ring) if kind == "w"}
        seen = [False] * len(ring)
        faces: list[Face] = []
        for first in range(len(ring)):
            if seen[first] or ring[first][0] == "w":
                continue
            intervals: list[Interval] = []
            vertices: list[int] = []
            index = first
            while not seen[index]:
                kind, one, two = ring[index]
                if kind == "w":
                    index = where_is[chord[(one, two)]]
                else:
                    seen[index] = True
                    if kind == "i":
                        intervals.append((one, two))
                    else:
                        vertices.append(one)
                index = (index + 1) % len(ring)
            faces.append((tuple(intervals), tuple(vertices)))
        return faces

    # --- search ---

    def find(
        self, starts: Collection[int], ends: Collection[int], width: float, limit: float = math.inf
    ) -> Way | None:
        """The shortest way from any of the starts to any of the ends that crosses no wire and overfills no gap.

        Args:
            starts, ends: vertices.
            width: of the new wire [nm].
            limit: give up beyond this length [nm].
        """
        ends = frozenset(ends)
        starts_sorted = sorted(starts)
        own = frozenset(starts_sorted) | ends
        goal = [self._xy[v] for v in sorted(ends)]
        need = width + self.space - 1e-6
        best: dict[tuple[int, Interval], float] = {}
        came: dict[tuple[int, Interval], tuple[int, Interval] | tuple[int, None]] = {}
        heap: list[tuple[float, float, int, Interval]] = []
        finish: tuple[float, int, tuple[int, Interval] | None, int, int] | None = None

        def ahead(x: float, y: float) -> float:
            return min(math.hypot(gx - x, gy - y) for gx, gy in goal)

        def relax(
            t: int, face: Face, x: float, y: float, length: float, origin: tuple[int, Interval] | tuple[int, None], entry: Interval | None
        ) -> None:
            nonlocal finish
            for vertex in face[1]:
                if vertex in ends:
                    gx, gy = self._xy[vertex]
                    total = length + math.hypot(gx - x, gy - y)
                    if total < limit and (finish is None or total < finish[0]):
                        start = origin[0] if origin[1] is None else -1
                        finish = (total, t, None if origin[1] is None else (origin[0], origin[1]), vertex, start)
            for interval in face[0]:
                gap = interval[0]
                if interval == entry or self.room(gap) < need:
                    continue
                u, v = self._edges[gap]
                if u in own or v in own:
                    # a wire never needs to pass its own terminals
                    if (u in ends or v in ends) or (u in starts_set or v in starts_set):
                        continue
                left, right = self._edge_triangles[gap]
                beyond = right if left == t else left
                if beyond < 0:
                    continue
                px, py = self._position(interval)
                total = length + math.hypot(px - x, py - y)
                state = (beyond, interval)
                if total < best.get(state, math.inf) and total + ahead(px, py) < limit:
                    best[state] = total
                    came[state] = origin
                    heapq.heappush(heap, (total + ahead(px, py), total, beyond, interval))

        starts_set = frozenset(starts_sorted)
        for start in starts_sorted:
            x, y = self._xy[start]
            for t in self._around[start]:
                for face in self.faces(t):
                    if start in face[1]:
                        relax(t, face, x, y, 0.0, (start, None), None)
        while heap:
            estimate, length, t, interval = heapq.heappop(heap)
            if finish is not None and finish[0] <= estimate:
                break
            if length > best[(t, interval)]:
                continue
            x, y = self._position(interval)
            for face in self.faces(t):
                if interval in face[0]:
                    relax(t, face, x, y, length, (t, interval), interval)
                    break
        if finish is None:
            return None
        total, last, state, end, start = finish
        intervals: list[Interval] = []
        triangles = [last]
        while state is not None:
            intervals.append(state[1])
            origin = came[state]
            gap = state[1][0]
            left, right = self._edge_triangles[gap]
            triangles.append(right if left == state[0] else left)
            if origin[1] is None:
                start = origin[0]
                state = None
            else:
                state = (origin[0], origin[1])
        return Way(start, end, tuple(reversed(intervals)), tuple(reversed(triangles)), total)

    def _position(self, interval: Interval) -> tuple[float, float]:
        """A likely place of a wire in an interval."""
        gap, place = interval
        u, v = self._edges[gap]
        share = (place + 1) / (len(self.orders.get(gap, ())) + 2)
        (ax, ay), (bx, by) = self._xy[u], self._xy[v]
        return ax + (bx - ax) * share, ay + (by - ay) * share
