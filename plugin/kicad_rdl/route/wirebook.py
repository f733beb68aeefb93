"""The book of one layer's sketch: which wire crosses which gap, in which order, and what room is left. No coordinates.

A tile is cut into faces by the wires that run through it. Insertion and removal keep the order on every gap, and can be
undone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from kicad_rdl.route.audit import diagonal_room, diagonals_of
from kicad_rdl.route.tiles import Tiles, slack_for, tables_of
from kicad_rdl.route.uncross import Wire

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


class WireBook:
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
