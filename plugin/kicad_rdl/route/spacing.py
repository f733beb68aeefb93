"""Measures the laid wires of one layer against each other, the obstacles and the outline.

Gaps see only the obstacles at their ends. Where a wire is squeezed by something farther off, or bulges over the next
gap, measuring finds it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kicad_rdl.geometry import Path
from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.lay import Strokes, path_of
from kicad_rdl.route.nearby import Grid, cells
from kicad_rdl.route.nearness import COLUMNS, FORGIVEN, between, on_arc, rows_of
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.uncross import Wire

PITCHES = 4.0
"""Side of a cell, in the least pitch of the wires."""

XY = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two things that are too close: a wire and another wire, or a wire and an obstacle."""

    wire: int
    other: int | None
    vertex: int | None
    missing: float
    """By how much [nm]."""
    at: XY
    """On the wire."""
    towards: XY
    """On the other thing."""

    def from_the_other(self) -> Conflict:
        """The same of two wires, as the other one has it."""
        assert self.other is not None
        return Conflict(self.other, self.wire, None, self.missing, self.towards, self.at)


def worst_first(found: Iterable[Conflict]) -> list[Conflict]:
    """Conflicts in the order in which they are looked at."""
    return sorted(
        found,
        key=lambda c: (-c.missing, c.wire, -1 if c.other is None else c.other, -1 if c.vertex is None else c.vertex),
    )


class Copper:
    """The wires of a layer as they are drawn, filed by place: each may be drawn again."""

    def __init__(
        self, tiles: Tiles, wires: Sequence[Wire], nets: Sequence[str], widths: Sequence[float], space: float
    ) -> None:
        """No wire is drawn yet.

        Args:
            tiles: the layer.
            wires: the sketch.
            nets: of the wires.
            widths: of the wires [nm].
            space: between traces [nm].
        """
        self.space = space
        number = {net: k for k, net in enumerate(sorted({*nets, *(o.net for o in tiles.obstacles if o.net)}))}
        self._net = np.array([number[net] for net in nets], dtype=np.int64)
        self._half = np.array(widths, dtype=np.float64) / 2
        self._ends = np.array([(wire.start, wire.end) for wire in wires], dtype=np.int64).reshape(-1, 2)
        half = np.abs(tiles.xy[tiles.obstacle_count :]).max(axis=0)
        self._rim = (tiles.obstacle_count, half - tiles.clearance[tiles.obstacle_count])
        cell = PITCHES * (2 * float(self._half.min(initial=math.inf)) + space) if len(wires) else math.inf
        self._grid = Grid(float(half[0]), float(half[1]), min(cell, float(half.max())))
        self.first = np.zeros(len(wires), dtype=np.int64)
        self.last = np.zeros(len(wires), dtype=np.int64)
        """Pieces of wire i are ``rows[first[i] : last[i]]``."""
        self.rows: F64 = np.zeros((1024, COLUMNS))
        self._pieces: F64 = np.zeros((1024, 6))
        self._owner: I64 = np.zeros(1024, dtype=np.int64)
        self._count = 0
        self._obstacles = _obstacle_rows(tiles)
        _, vertex, keep = self._obstacles
        self._obstacle_net = np.array([number[o.net] if o.net else -1 for o in tiles.obstacles], dtype=np.int64)
        self._standing = Grid(float(half[0]), float(half[1]), float(self._grid.frame[2]))
        self._standing.add(self._obstacles[0], keep + self._half.max(initial=0.0), 0, len(vertex))

    def draw(self, wires: Sequence[int], strokes: Strokes) -> None:
        """Draws wires, in the order of the strokes, in place of what was drawn of them before."""
        rows = rows_of(strokes.pieces)
        first, last = self._count, self._count + len(rows)
        while last > len(self.rows):
            self.rows = np.concatenate([self.rows, np.zeros_like(self.rows)])
            self._pieces = np.concatenate([self._pieces, np.zeros_like(self._pieces)])
            self._owner = np.concatenate([self._owner, np.zeros_like(self._owner)])
        self.rows[first:last], self._pieces[first:last] = rows, strokes.pieces
        self._owner[first:last] = np.repeat(np.array(wires, dtype=np.int64), np.diff(strokes.start))
        self.first[list(wires)] = first + strokes.start[:-1]
        self.last[list(wires)] = first + strokes.start[1:]
        self._count = last
        self._grid.add(self.rows, np.zeros(last), first, last)

    def back(self, wire: int, first: int, last: int) -> None:
        """Draws a wire as it was when its pieces began and ended there."""
        self.first[wire], self.last[wire] = first, last

    def of(self, wire: int) -> F64:
        """The pieces of a wire; see ``nearness``."""
        return self.rows[self.first[wire] : self.last[wire]]

    def paths(self, first: I64, last: I64) -> list[Path | None]:
        """The wires as they are drawn now, or were when their pieces began and ended there."""
        return [path_of(self._pieces[a:b]) for a, b in zip(first.tolist(), last.tolist(), strict=True)]

    def conflicts(self, only: Collection[int] | None = None) -> list[Conflict]:
        """All pairs of different nets that are closer than the rule, worst first: of all wires, or of some."""
        wires = np.arange(len(self.first)) if only is None else np.array(sorted(only), dtype=np.int64)
        asked = np.zeros(len(self.first), dtype=np.bool_)
        asked[wires] = True
        pairs, places = _close_wires(
            self._grid.arrays,
            self.rows,
            self._owner,
            self.first,
            self.last,
            wires,
            asked,
            self._half,
            self._net,
            self.space,
            self._count,
        )
        found = [Conflict(int(i), int(j), None, *_place(place)) for (i, j), place in _worst(pairs, places)]
        pairs, places = _close_obstacles(
            self._standing.arrays,
            *self._obstacles,
            self._obstacle_net,
            self.rows,
            self.first,
            self.last,
            wires,
            self._half,
            self._net,
            self._ends,
        )
        found += [Conflict(int(i), None, int(v), *_place(place)) for (i, v), place in _worst(pairs, places)]
        vertex, inside = self._rim
        over = _over_edge(self.rows, self.first, self.last, wires, self._half, inside)
        for wire, (missing, x, y, axis) in zip(wires.tolist(), over.tolist(), strict=True):
            if missing > FORGIVEN:
                bound = float(inside[int(axis)])
                towards = (math.copysign(bound, x), y) if axis == 0 else (x, math.copysign(bound, y))
                found.append(Conflict(wire, None, vertex, missing, (x, y), towards))
        return worst_first(found)

    def crossing(self, start: XY, end: XY) -> list[int]:
        """Wires that a straight line crosses."""
        probe = rows_of(np.array([[*start, math.nan, math.nan, *end]]))[0]
        return sorted(set(_crossing(self._grid.arrays, self.rows, self._owner, self.first, self.last, probe).tolist()))


def _place(place: F64) -> tuple[float, XY, XY]:
    missing, x, y, u, v = place.tolist()
    return missing, (x, y), (u, v)


def _worst(pairs: I64, places: F64) -> list[tuple[I64, F64]]:
    """Of each pair the place where most is missing; the first of several alike."""
    order = np.lexsort((np.arange(len(pairs)), -places[:, 0], pairs[:, 1], pairs[:, 0]))
    pairs, places = pairs[order], places[order]
    new = np.ones(len(pairs), dtype=np.bool_)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return list(zip(pairs[new], places[new], strict=True))


def _obstacle_rows(tiles: Tiles) -> tuple[F64, I64, F64]:
    """The sides of all obstacles (the middle of a disc): pieces, vertices, and what a trace's edge keeps [nm]."""
    pieces, vertex = [], []
    for v in range(tiles.obstacle_count):
        a, b = int(tiles.disc_start[v]), int(tiles.disc_start[v + 1])
        corners = tiles.disc_xy[a:b].tolist()
        for k in range(len(corners) if len(corners) != 2 else 1):
            pieces.append((*corners[k], math.nan, math.nan, *corners[(k + 1) % len(corners)]))
            vertex.append(v)
    of = np.array(vertex, dtype=np.int64)
    keep = tiles.clearance[of] + tiles.disc_r[tiles.disc_start[of]] if len(of) else np.zeros(0)
    return rows_of(np.array(pieces, dtype=np.float64).reshape(-1, 6)), of, keep


@compiled
def _close_wires(grid, rows, owner, first, last, wires, asked, half, net, space, count):  # type: ignore[no-untyped-def]
    """Pairs of wires and, for each, what is missing and where [nm]."""
    frame, head, following, member = grid
    pairs, places = np.empty((64, 2), np.int64), np.empty((64, 5))
    n = 0
    seen = np.full(count, -1, np.int32)
    found = np.empty(256, np.int64)
    widest = half.max()
    for i in wires:
        for k in range(first[i], last[i]):
            a = rows[k]
            found, size = cells(frame, a, half[i] + widest + space, found)
            x0, x1, y0, y1 = box(a)
            for c in range(size):
                entry = head[found[c]]
                while entry >= 0:
                    m = member[entry]
                    entry = following[entry]
                    j = owner[m]
                    if seen[m] == k or net[j] == net[i] or (asked[j] and j < i) or not first[j] <= m < last[j]:
                        continue
                    seen[m] = k
                    need = half[i] + half[j] + space
                    b = rows[m]
                    u0, u1, v0, v1 = box(b)
                    if u0 > x1 + need or u1 < x0 - need or v0 > y1 + need or v1 < y0 - need:
                        continue
                    distance, px, py, qx, qy = between(a, b)
                    if need - distance > FORGIVEN:
                        if n == len(places):
                            pairs, places = _longer(pairs), _longer(places)
                        # the lower wire comes first
                        if i < j:
                            pairs[n, 0], pairs[n, 1] = i, j
                            places[n] = (need - distance, px, py, qx, qy)
                        else:
                            pairs[n, 0], pairs[n, 1] = j, i
                            places[n] = (need - distance, qx, qy, px, py)
                        n += 1
    return pairs[:n], places[:n]


@compiled
def _longer(array):  # type: ignore[no-untyped-def]
    longer = np.empty((2 * len(array), array.shape[1]), array.dtype)
    longer[: len(array)] = array
    return longer


@compiled
def box(row):  # type: ignore[no-untyped-def]
    """Least and greatest x and y of a piece; of an arc, some more."""
    x0, x1, y0, y1 = min(row[0], row[2]), max(row[0], row[2]), min(row[1], row[3]), max(row[1], row[3])
    if row[4] != 0.0:
        # the bow stands out from the chord by no more than its height
        dx, dy = row[2] - row[0], row[3] - row[1]
        chord = math.hypot(dx, dy)
        high = row[7] + row[4] * ((row[5] - row[0]) * -dy + (row[6] - row[1]) * dx) / chord
        x0, x1, y0, y1 = x0 - high, x1 + high, y0 - high, y1 + high
    return x0, x1, y0, y1


@compiled
def _close_obstacles(grid, sides, vertex, keep, obstacle_net, rows, first, last, wires, half, net, ends):  # type: ignore[no-untyped-def]
    """Pairs of wire and obstacle and, for each, what is missing and where [nm]."""
    frame, head, following, member = grid
    pairs, places = np.empty((64, 2), np.int64), np.empty((64, 5))
    n = 0
    seen = np.full(len(vertex), -1, np.int32)
    found = np.empty(256, np.int64)
    for i in wires:
        for k in range(first[i], last[i]):
            found, size = cells(frame, rows[k], 0.0, found)
            for c in range(size):
                entry = head[found[c]]
                while entry >= 0:
                    m = member[entry]
                    entry = following[entry]
                    v = vertex[m]
                    if seen[m] == k or v == ends[i, 0] or v == ends[i, 1] or obstacle_net[v] == net[i]:
                        continue
                    seen[m] = k
                    distance, px, py, qx, qy = between(rows[k], sides[m])
                    need = half[i] + keep[m]
                    if need - distance > FORGIVEN:
                        if n == len(places):
                            pairs, places = _longer(pairs), _longer(places)
                        pairs[n, 0], pairs[n, 1] = i, v
                        places[n] = (need - distance, px, py, qx, qy)
                        n += 1
    return pairs[:n], places[:n]


@compiled
def _over_edge(rows, first, last, wires, half, inside):  # type: ignore[no-untyped-def]
    """For each wire, by how much it comes nearer to the outline than allowed, where, and along which axis."""
    over = np.full((len(wires), 4), -np.inf)
    for w in range(len(wires)):
        i = wires[w]
        for k in range(first[i], last[i]):
            row = rows[k]
            for end in range(6):
                if end < 2:
                    x, y = row[2 * end], row[2 * end + 1]
                elif row[4] == 0.0:
                    break
                else:
                    x = row[5] + (row[7] if end == 2 else -row[7] if end == 3 else 0.0)
                    y = row[6] + (row[7] if end == 4 else -row[7] if end == 5 else 0.0)
                    if not on_arc(row, x, y):
                        continue
                for axis in range(2):
                    missing = abs(x if axis == 0 else y) + half[i] - inside[axis]
                    if missing > over[w, 0]:
                        over[w] = (missing, x, y, float(axis))
    return over


@compiled
def _crossing(grid, rows, owner, first, last, probe):  # type: ignore[no-untyped-def]
    frame, head, following, member = grid
    crossed = np.empty(16, np.int64)
    n = 0
    found, size = cells(frame, probe, 0.0, np.empty(64, np.int64))
    for c in range(size):
        entry = head[found[c]]
        while entry >= 0:
            m = member[entry]
            entry = following[entry]
            j = owner[m]
            if first[j] <= m < last[j] and between(probe, rows[m])[0] == 0.0:
                if n == len(crossed):
                    more = np.empty(2 * n, np.int64)
                    more[:n] = crossed
                    crossed = more
                crossed[n] = j
                n += 1
    return crossed[:n]
