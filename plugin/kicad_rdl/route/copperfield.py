"""The copper of one layer in a grid of cells: whether a straight piece keeps its distance from all of it.

Copper is a list of segments with a reach: half the width of a trace plus the space beside it, or the radius of a pad
plus its clearance. A piece of half width h is free where it keeps reach + h from every segment that is not its own.
"""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.nearness import FORGIVEN
from kicad_rdl.route.triangulation import F64, I64

FREE, OUTSIDE = -1, -2
"""No segment blocks; the edge of the package does."""


class Field:
    """Segments that come and go.

    Attributes:
        xy: [s, 4] start and end of every segment [nm].
        reach: [s] what the middle line of a piece of width zero keeps from it [nm].
        net: [s] net of a trace or pad, -1 for none.
        vertex: [s] obstacle the segment belongs to, -1 for a trace.
        alive: [s] whether it is still there.
        head: [cells] last entry of each cell; entries are chained by ``following`` and name a ``member``.
    """

    def __init__(self, half_width: float, half_height: float, cell: float, widest: float) -> None:
        """An empty field.

        Args:
            half_width, half_height: where middle lines may run: ``[-half, half]`` for a piece of width zero [nm].
            cell: side of a cell [nm].
            widest: half of the greatest width of a piece [nm].
        """
        self.columns = max(1, math.ceil(2 * half_width / cell))
        self.rows = max(1, math.ceil(2 * half_height / cell))
        self.frame = np.array([half_width, half_height, cell, widest, self.columns, self.rows])
        self.xy: F64 = np.zeros((1024, 4))
        self.reach: F64 = np.zeros(1024)
        self.net: I64 = np.zeros(1024, dtype=np.int64)
        self.vertex: I64 = np.zeros(1024, dtype=np.int64)
        self.alive = np.zeros(1024, dtype=np.bool_)
        self.count = 0
        self.head: I64 = np.full(self.columns * self.rows, -1, dtype=np.int64)
        self.following: I64 = np.zeros(8192, dtype=np.int64)
        self.member: I64 = np.zeros(8192, dtype=np.int64)
        self.entries = 0

    def add(self, x0: float, y0: float, x1: float, y1: float, reach: float, net: int, vertex: int) -> int:
        """Puts a segment in; returns its number."""
        if self.count == len(self.reach):
            self.xy = np.vstack([self.xy, np.zeros_like(self.xy)])
            self.reach = np.concatenate([self.reach, np.zeros_like(self.reach)])
            self.net = np.concatenate([self.net, np.zeros_like(self.net)])
            self.vertex = np.concatenate([self.vertex, np.zeros_like(self.vertex)])
            self.alive = np.concatenate([self.alive, np.zeros_like(self.alive)])
        number = self.count
        self.count += 1
        self.xy[number] = (x0, y0, x1, y1)
        self.reach[number], self.net[number], self.vertex[number] = reach, net, vertex
        self.alive[number] = True
        while True:
            entries = _enter(
                self.frame, self.head, self.following, self.member, self.entries, number, self.xy, self.reach
            )
            if entries >= 0:
                self.entries = entries
                return number
            self.following = np.concatenate([self.following, np.zeros_like(self.following)])
            self.member = np.concatenate([self.member, np.zeros_like(self.member)])

    def remove(self, number: int) -> None:
        """Takes a segment out."""
        self.alive[number] = False

    @property
    def arrays(self) -> tuple[F64, I64, I64, I64, F64, F64, I64, I64, np.ndarray]:
        """What compiled code reads."""
        return (
            self.frame,
            self.head,
            self.following,
            self.member,
            self.xy,
            self.reach,
            self.net,
            self.vertex,
            self.alive,
        )


@compiled
def _enter(frame, head, following, member, entries, number, xy, reach):  # type: ignore[no-untyped-def]
    """Enters a segment into all cells within its reach; -1 (and nothing done) where the lists are full."""
    half_x, half_y, cell, widest = frame[0], frame[1], frame[2], frame[3]
    columns, rows = int(frame[4]), int(frame[5])
    x0, y0, x1, y1 = xy[number, 0], xy[number, 1], xy[number, 2], xy[number, 3]
    far = reach[number] + widest
    c0 = max(0, math.floor((min(x0, x1) - far + half_x) / cell))
    c1 = min(columns - 1, math.floor((max(x0, x1) + far + half_x) / cell))
    r0 = max(0, math.floor((min(y0, y1) - far + half_y) / cell))
    r1 = min(rows - 1, math.floor((max(y0, y1) + far + half_y) / cell))
    if entries + (c1 - c0 + 1) * (r1 - r0 + 1) > len(member):
        return -1
    limit = far + 0.7072 * cell
    for r in range(r0, r1 + 1):
        y = (r + 0.5) * cell - half_y
        for c in range(c0, c1 + 1):
            x = (c + 0.5) * cell - half_x
            if point_distance(x, y, x0, y0, x1, y1) <= limit:
                member[entries] = number
                following[entries] = head[r * columns + c]
                head[r * columns + c] = entries
                entries += 1
    return entries


@compiled
def point_distance(x, y, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Distance from a point to a segment [nm]."""
    dx, dy = x1 - x0, y1 - y0
    square = dx * dx + dy * dy
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, ((x - x0) * dx + (y - y0) * dy) / square))
    return math.hypot(x0 + t * dx - x, y0 + t * dy - y)


@compiled
def segment_distance(ax, ay, bx, by, cx, cy, dx, dy):  # type: ignore[no-untyped-def]
    """Distance between two segments [nm]."""
    one = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    two = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
    three = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx)
    four = (dx - cx) * (by - cy) - (dy - cy) * (bx - cx)
    if one * two < 0.0 and three * four < 0.0:
        return 0.0
    nearest = np.inf
    for end in range(4):
        if end < 2:
            apart = point_distance(ax if end else bx, ay if end else by, cx, cy, dx, dy)
        else:
            apart = point_distance(cx if end == 2 else dx, cy if end == 2 else dy, ax, ay, bx, by)
        nearest = min(nearest, apart)
    return nearest


@compiled
def blocker(arrays, own, ax, ay, bx, by):  # type: ignore[no-untyped-def]
    """A segment that is too close to a piece, else ``FREE`` or ``OUTSIDE``.

    Args:
        arrays: ``Field.arrays``.
        own: half width of the piece [nm], its net, the vertices of its two terminals.
        ax, ay, bx, by: the middle line of the piece [nm].
    """
    frame, head, following, member, xy, reach, net, vertex, alive = arrays
    half, own_net, start, end = own[0], int(own[1]), int(own[2]), int(own[3])
    half_x, half_y, cell = frame[0], frame[1], frame[2]
    columns, rows = int(frame[4]), int(frame[5])
    if max(abs(ax), abs(bx)) > half_x - half or max(abs(ay), abs(by)) > half_y - half:
        return OUTSIDE
    parts = max(1, math.ceil(max(abs(bx - ax), abs(by - ay)) / cell))
    for part in range(parts):
        px, py = ax + (bx - ax) * part / parts, ay + (by - ay) * part / parts
        qx, qy = ax + (bx - ax) * (part + 1) / parts, ay + (by - ay) * (part + 1) / parts
        c0 = min(columns - 1, max(0, math.floor((min(px, qx) + half_x) / cell)))
        c1 = min(columns - 1, max(0, math.floor((max(px, qx) + half_x) / cell)))
        r0 = min(rows - 1, max(0, math.floor((min(py, qy) + half_y) / cell)))
        r1 = min(rows - 1, max(0, math.floor((max(py, qy) + half_y) / cell)))
        for r in range(r0, r1 + 1):
            for c in range(c0, c1 + 1):
                entry = head[r * columns + c]
                while entry >= 0:
                    s = member[entry]
                    entry = following[entry]
                    if not alive[s] or (vertex[s] < 0 and net[s] == own_net and own_net >= 0):
                        continue
                    if vertex[s] >= 0 and (vertex[s] == start or vertex[s] == end):
                        continue
                    d = segment_distance(ax, ay, bx, by, xy[s, 0], xy[s, 1], xy[s, 2], xy[s, 3])
                    if d < reach[s] + half - FORGIVEN:
                        return s
    return FREE
