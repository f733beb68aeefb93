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

import numpy as np

from kicad_rdl.route.audit import diagonal_room, diagonals_of
from kicad_rdl.route.network import Wire
from kicad_rdl.route.tiles import Tiles, slack_for, tables_of

Interval = tuple[int, int]
"""(gap, place): between the wires ``place - 1`` and ``place`` of the gap's order."""

Face = tuple[tuple[Interval, ...], tuple[int, ...], tuple[int, ...]]
"""Intervals and vertices that see each other inside a tile, and the wires along the rim of the face."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way for a new wire."""

    start: int
    end: int
    intervals: tuple[Interval, ...]
    triangles: tuple[int, ...]
    length: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A state of a sketch: how many changes had been made."""

    length: int


class Sketch:
    """Wires of one layer; changes by ``insert`` and ``remove`` only."""

    def __init__(self, tiles: Tiles, space: float) -> None:
        self.tiles = tiles
        self.space = space
        self.wires: dict[int, Wire] = {}
        self.width: dict[int, float] = {}
        self.orders: dict[int, list[int]] = {}
        self._next = 0
        self._log: list[tuple[int, Wire, float, tuple[Interval, ...]]] = []
        self.tables = tables = tables_of(tiles)
        self._xy = tables.xy
        self._edges = tables.edges
        self._triangles = tables.triangles
        self._triangle_edges = tables.triangle_edges
        self._edge_triangles = tables.edge_triangles
        room = tiles.width - tiles.clearance[tiles.edges[:, 0]] - tiles.clearance[tiles.edges[:, 1]] + space
        room[(tiles.edge_triangles < 0).any(axis=1)] = -1.0
        self._room: list[float] = room.tolist()
        self._clear: list[float] = tiles.width.tolist()
        self._keep: list[float] = tiles.clearance.tolist()
        reach = np.zeros(len(tiles.xy))
        owner = np.repeat(np.arange(len(tiles.xy)), np.diff(tiles.disc_start))
        np.maximum.at(reach, owner, np.hypot(*(tiles.disc_xy - tiles.xy[owner]).T) + tiles.disc_r)
        self._radius: list[float] = reach.tolist()
        self._used: dict[int, float] = {}
        self._diagonal_used: dict[int, float] = {}
        self._diagonal_wires: dict[int, int] = {}
        self._diagonal_room: dict[int, float] = {}
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
        self._cross(wire, width + self.space)
        for t in wire.triangles:
            self._inside.setdefault(t, set()).add(number)
            self._faces.pop(t, None)

    def insert(self, way: Way, width: float, source: int = -1, sink: int = -1) -> int:
        """Draws a wire along a way found on the present sketch; returns its number."""
        number = self._next
        self._next += 1
        for gap, place in sorted(way.intervals, key=lambda i: (i[0], -i[1])):
            self.orders.setdefault(gap, []).insert(place, number)
        wire = Wire(source, sink, way.start, way.end, tuple(gap for gap, _ in way.intervals), way.triangles)
        self._register(number, wire, width)
        self._log.append((number, wire, width, ()))
        return number

    def remove(self, number: int) -> None:
        """Takes a wire out."""
        wire, width = self.wires[number], self.width[number]
        places = tuple((gap, self.orders[gap].index(number)) for gap in wire.gaps)
        self._take_out(number)
        self._log.append((number, wire, width, places))

    def _take_out(self, number: int) -> None:
        wire = self.wires.pop(number)
        width = self.width.pop(number)
        for gap in wire.gaps:
            self.orders[gap].remove(number)
            self._used[gap] -= width + self.space
            if not self.orders[gap]:
                del self.orders[gap]
        self._cross(wire, -width - self.space)
        for t in wire.triangles:
            self._inside[t].discard(number)
            self._faces.pop(t, None)

    def _cross(self, wire: Wire, amount: float) -> None:
        """Books a wire on the other diagonals that it crosses."""
        for edge in diagonals_of(wire, self._edges, self._triangles, self._triangle_edges):
            self._diagonal_used[edge] = self._diagonal_used.get(edge, 0.0) + amount
            self._diagonal_wires[edge] = self._diagonal_wires.get(edge, 0) + (1 if amount > 0 else -1)

    def diagonal_free(self, edge: int) -> float:
        """Width that is left on the other diagonal of a gap [nm]."""
        room = self._diagonal_room.get(edge)
        if room is None:
            room = self._diagonal_room[edge] = diagonal_room(self.tiles, edge, self.space)
        return room - self._diagonal_used.get(edge, 0.0) - slack_for(self._diagonal_wires.get(edge, 0) + 1)

    def room(self, gap: int) -> float:
        """Width that is left in a gap, the space beside a new wire included [nm]."""
        return self._room[gap] - self._used.get(gap, 0.0) - slack_for(len(self.orders.get(gap, ())) + 1)

    def load_of(self, gap: int) -> float:
        """How full a gap is: 1 is full."""
        whole = float(self._clear[gap] - self._keep[self._edges[gap][0]] - self._keep[self._edges[gap][1]] + self.space)
        return self._used.get(gap, 0.0) / whole if whole > 0 else math.inf

    def narrow(self, gap: int) -> None:
        """Closes a gap for wires beyond those that run through it now."""
        self._room[gap] = min(self._room[gap], self._used.get(gap, 0.0))

    def keep(self) -> Mark:
        """The present state, to come back to."""
        return Mark(len(self._log))

    def back_to(self, mark: Mark) -> None:
        """Undoes every insertion and removal since the mark; numbers of wires are not used again."""
        while len(self._log) > mark.length:
            number, wire, width, places = self._log.pop()
            if number in self.wires:
                self._take_out(number)
            else:
                for gap, place in places:
                    self.orders.setdefault(gap, []).insert(place, number)
                self._register(number, wire, width)

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
            ring.append(("v", vertex, 0))
            base = next((place[key] for key in ends_at[vertex]), 0)
            # arriving counter-clockwise, the first port at a corner belongs to the chord that ends farthest ahead
            for key in sorted(ends_at[vertex], key=lambda key: -((place[chord[key]] - base) % count)):
                ring.append(("w", *key))
                ring.append(("v", vertex, 0))
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
            rim: list[int] = []
            index = first
            while not seen[index]:
                kind, one, two = ring[index]
                if kind == "w":
                    rim.append(one)
                    index = where_is[chord[(one, two)]]
                else:
                    seen[index] = True
                    if kind == "i":
                        intervals.append((one, two))
                    else:
                        vertices.append(one)
                index = (index + 1) % len(ring)
            faces.append((tuple(intervals), tuple(vertices), tuple(rim)))
        return faces

    # --- search ---

    def find(self, starts: Collection[int], ends: Collection[int], width: float, limit: float = math.inf) -> Way | None:
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
        where: dict[tuple[int, Interval], tuple[float, float]] = {}
        corner: dict[tuple[int, Interval], int] = {}  # the vertex that the wire cut off before it came here
        finish: tuple[float, int, tuple[int, Interval] | None, int, int] | None = None

        def ahead(x: float, y: float) -> float:
            return min(math.hypot(gx - x, gy - y) for gx, gy in goal)

        def crossed_before(state: tuple[int, Interval] | tuple[int, None], gap: int) -> bool:
            """A wire that crosses a gap twice winds round something for nothing, and the orders know it but once."""
            while state[1] is not None:
                if state[1][0] == gap:
                    return True
                state = came[(state[0], state[1])]
            return False

        def towards(x: float, y: float) -> list[float]:
            return min(goal, key=lambda g: math.hypot(g[0] - x, g[1] - y))

        def relax(
            t: int,
            face: Face,
            x: float,
            y: float,
            length: float,
            origin: tuple[int, Interval] | tuple[int, None],
            entry: Interval | None,
        ) -> None:
            nonlocal finish
            begin = origin[0] if origin[1] is None else None
            for vertex in face[1]:
                if vertex in ends:
                    gx, gy = self._xy[vertex]
                    total = length + math.hypot(gx - x, gy - y)
                    if total < limit and (finish is None or total < finish[0]):
                        if not self._fits(
                            t, begin, entry, vertex, None, corner.get((t, entry)) if entry else None, need
                        ):
                            continue
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
                gx, gy = towards(x, y)
                px, py = self._position(interval, x, y, gx, gy)
                total = length + math.hypot(px - x, py - y)
                state = (beyond, interval)
                if total < best.get(state, math.inf) and total + ahead(px, py) < limit:
                    cut = self._cut_corner(entry, begin, gap)
                    if not self._fits(t, begin, entry, None, gap, corner.get((t, entry)) if entry else None, need):
                        continue
                    if crossed_before(origin, gap):
                        continue
                    best[state] = total
                    where[state] = (px, py)
                    corner[state] = cut
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
            x, y = where[(t, interval)]
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

    def _cut_corner(self, entry: Interval | None, begin: int | None, gap: int) -> int:
        """The vertex that a wire cuts off in a tile, or its own terminal."""
        if entry is None:
            assert begin is not None
            return begin
        a, b = self._edges[entry[0]], self._edges[gap]
        return a[0] if a[0] in b else a[1]

    def _fits(
        self,
        t: int,
        begin: int | None,
        entry: Interval | None,
        end: int | None,
        gap: int | None,
        before: int | None,
        need: float,
    ) -> bool:
        """Whether the other diagonals have room for a wire's way through one tile.

        Args:
            t: the tile.
            begin, entry: where the wire comes from: its first terminal, or an interval.
            end, gap: where it goes: its last terminal, or a gap.
            before: the vertex it cut off in the tile before.
            need: width of the wire and space [nm].
        """
        corners, edges = self._triangles[t], self._triangle_edges[t]
        asked: list[int] = []
        if begin is not None and end is not None:
            asked = [next(edges[k] for k in range(3) if {corners[k], corners[(k + 1) % 3]} == {begin, end})]
            cut = -1
        elif begin is not None or end is not None:
            cut = begin if begin is not None else end  # type: ignore[assignment]
            k = corners.index(cut)
            asked = [edges[k], edges[(k + 2) % 3]]
        else:
            assert entry is not None and gap is not None
            cut = self._cut_corner(entry, None, gap)
            asked = [edges[(corners.index(cut) + 1) % 3]]
        if entry is not None and before is not None and {before, cut} == set(self._edges[entry[0]]):
            asked.append(entry[0])
        return all(self.diagonal_free(edge) >= need for edge in asked)

    def _position(self, interval: Interval, x: float, y: float, gx: float, gy: float) -> tuple[float, float]:
        """Where a wire from (x, y) towards (gx, gy) would cross: its straight line, held inside what is free."""
        gap, place = interval
        u, v = self._edges[gap]
        (ax, ay), (bx, by) = self._xy[u], self._xy[v]
        dx, dy = bx - ax, by - ay
        length = math.hypot(dx, dy)
        order = self.orders.get(gap, ())
        before = sum(self.width[n] + self.space for n in order[:place])
        after = sum(self.width[n] + self.space for n in order[place:])
        hidden = max(0.0, length - self._clear[gap])
        share = self._radius[u] / max(self._radius[u] + self._radius[v], 1.0)
        low = hidden * share + self._keep[u] + before
        high = length - hidden * (1 - share) - self._keep[v] - after
        if low > high:
            low = high = (low + high) / 2
        across = (gx - x) * dy - (gy - y) * dx
        if abs(across) > 1e-9:
            t = ((gx - x) * (y - ay) - (gy - y) * (x - ax)) / across * length
        else:
            t = (low + high) / 2
        t = min(max(t, low), high) / length
        return ax + dx * t, ay + dy * t

    def in_the_way(
        self, starts: Collection[int], ends: Collection[int], width: float, price: float, limit: float
    ) -> tuple[float, tuple[int, ...]] | None:
        """The wires that the shortest way crosses when each crossing costs ``price`` [nm]; None beyond ``limit``.

        Returns:
            Length with prices [nm], and the crossed wires.
        """
        goals = frozenset(ends)
        first = frozenset(starts)
        goal = [self._xy[v] for v in sorted(goals)]
        need = width + self.space - 1e-6

        def ahead(x: float, y: float) -> float:
            return min(math.hypot(gx - x, gy - y) for gx, gy in goal)

        State = tuple[int, int]  # (triangle, face)
        best: dict[State, float] = {}
        came: dict[State, tuple[State | None, int]] = {}
        heap: list[tuple[float, float, int, int, float, float]] = []

        def push(state: State, length: float, x: float, y: float, origin: State | None, wire: int) -> None:
            if length < best.get(state, math.inf) and length + ahead(x, y) < limit:
                best[state] = length
                came[state] = (origin, wire)
                heapq.heappush(heap, (length + ahead(x, y), length, *state, x, y))

        for start in sorted(first):
            x, y = self._xy[start]
            for t in self._around[start]:
                for f, face in enumerate(self.faces(t)):
                    if start in face[1]:
                        push((t, f), 0.0, x, y, None, -1)
        finish: tuple[float, State] | None = None
        while heap:
            estimate, length, t, f, x, y = heapq.heappop(heap)
            if finish is not None and finish[0] <= estimate:
                break
            if length > best[(t, f)]:
                continue
            faces = self.faces(t)
            for vertex in faces[f][1]:
                if vertex in goals:
                    gx, gy = self._xy[vertex]
                    total = length + math.hypot(gx - x, gy - y)
                    if finish is None or total < finish[0]:
                        finish = (total, (t, f))
            for wire in faces[f][2]:
                for g, other in enumerate(faces):
                    if g != f and wire in other[2]:
                        push((t, g), length + price, x, y, (t, f), wire)
            for interval in faces[f][0]:
                gap = interval[0]
                u, v = self._edges[gap]
                if u in goals or v in goals or u in first or v in first:
                    continue
                left, right = self._edge_triangles[gap]
                beyond = right if left == t else left
                if beyond < 0:
                    continue
                crowded, blocker = self.room(gap) < need, -1
                if crowded:
                    order = self.orders.get(gap, [])
                    if not order:
                        continue
                    blocker = order[min(interval[1], len(order) - 1)]
                gx, gy = min(goal, key=lambda g: math.hypot(g[0] - x, g[1] - y))
                px, py = self._position(interval, x, y, gx, gy)
                step = math.hypot(px - x, py - y) + (price if crowded else 0.0)
                for g, other in enumerate(self.faces(beyond)):
                    if interval in other[0]:
                        push((beyond, g), length + step, px, py, (t, f), blocker)
                        break
        if finish is None:
            return None
        crossed: list[int] = []
        state: State | None = finish[1]
        while state is not None:
            state, wire = came[state]
            if wire >= 0 and wire not in crossed:
                crossed.append(wire)
        return finish[0], tuple(sorted(crossed))
