"""The sketch of one layer, and the search for ways through it.

A new wire goes from face to face through the intervals between the wires that cross a gap already, so that it crosses
none of them (the search space of a rubber-band sketch, Dayan 1997).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection

from kicad_rdl.route.wirebook import Face, Interval, Way, WireBook

State = tuple[int, int]
"""(triangle, face)."""


PATIENCE = 2_000
"""Faces that the search for what stands in the way looks at; where it is crowded, it would look at all."""


class Sketch(WireBook):
    """Wires of one layer, with the search for more."""

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
                    continue  # a wire never needs to pass its own terminals
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
            assert entry is not None
            assert gap is not None
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
        ahead = (gx - x) * (y - ay) - (gy - y) * (x - ax)
        t = ahead / across * length if abs(across) > 1e-9 else (low + high) / 2
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
        for _ in range(PATIENCE):
            if not heap:
                break
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
