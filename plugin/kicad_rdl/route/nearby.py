"""A grid of square cells in which pieces are found by where they are."""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.nearness import arc_sweep
from kicad_rdl.route.triangulation import F64

MOST_CELLS = 8_000_000
"""Of one grid: beyond, cells get larger."""


class Grid:
    """Pieces by cell; none is ever taken out.

    Attributes:
        frame: [5] half width and half height of the layer, side of a cell [nm], columns and rows.
        head: [cells] last entry of each cell; entries are chained by ``following`` and name a ``member``.
    """

    def __init__(self, half_width: float, half_height: float, cell: float) -> None:
        """An empty grid over ``[-half, half]``; what lies outside is filed in the outermost cells."""
        cell = max(cell, math.sqrt(4 * half_width * half_height / MOST_CELLS))
        columns, rows = max(1, math.ceil(2 * half_width / cell)), max(1, math.ceil(2 * half_height / cell))
        self.frame = np.array([half_width, half_height, cell, columns, rows])
        self.head = np.full(columns * rows, -1, dtype=np.int32)
        self._following = np.zeros(1024, dtype=np.int32)
        self._member = np.zeros(1024, dtype=np.int32)
        self._entries = 0

    def add(self, rows: F64, grow: F64, first: int, last: int) -> None:
        """Files the pieces ``first .. last - 1``, each in all cells within ``grow`` of it [nm]."""
        self._following, self._member, self._entries = _fill(
            self.frame, self.head, self._following, self._member, self._entries, rows, grow, first, last
        )

    @property
    def arrays(self) -> tuple[F64, np.ndarray, np.ndarray, np.ndarray]:
        """What compiled code reads: frame, head, following, member."""
        return self.frame, self.head, self._following, self._member


@compiled
def _fill(frame, head, following, member, entries, rows, grow, first, last):  # type: ignore[no-untyped-def]
    found = np.empty(256, np.int64)
    for number in range(first, last):
        found, count = cells(frame, rows[number], grow[number], found)
        if entries + count > len(member):
            room = 2 * (entries + count)
            more = np.empty(room, np.int32)
            more[:entries] = following[:entries]
            following = more
            more = np.empty(room, np.int32)
            more[:entries] = member[:entries]
            member = more
        for k in range(count):
            cell = found[k]
            if head[cell] >= 0 and member[head[cell]] == number:
                continue
            member[entries] = number
            following[entries] = head[cell]
            head[cell] = entries
            entries += 1
    return following, member, entries


@compiled
def cells(frame, row, grow, found):  # type: ignore[no-untyped-def]
    """The cells within ``grow`` of a piece, some twice: a list that may have had to grow, and how many are in it."""
    count = 0
    if row[4] == 0.0:
        return _beside(frame, row[0], row[1], row[2], row[3], grow, found, count)
    # chords that stay within a quarter of a cell of the arc
    sagitta = frame[2] / 4
    sweep = arc_sweep(row)
    parts = 1
    if sagitta < row[7]:
        parts = math.ceil(sweep / (2 * math.acos(1 - sagitta / row[7])))
    else:
        sagitta = row[7]
    begin = math.atan2(row[1] - row[6], row[0] - row[5])
    x, y = row[0], row[1]
    for part in range(1, parts + 1):
        angle = begin - row[4] * sweep * part / parts
        ex, ey = row[5] + row[7] * math.cos(angle), row[6] + row[7] * math.sin(angle)
        found, count = _beside(frame, x, y, ex, ey, grow + sagitta, found, count)
        x, y = ex, ey
    return found, count


@compiled
def _beside(frame, x0, y0, x1, y1, grow, found, count):  # type: ignore[no-untyped-def]
    """Adds the cells within ``grow`` of a straight piece, row by row."""
    half_x, half_y, cell = frame[0], frame[1], frame[2]
    columns, lines = int(frame[3]), int(frame[4])
    r0 = min(lines - 1, max(0, math.floor((min(y0, y1) - grow + half_y) / cell)))
    r1 = min(lines - 1, max(0, math.floor((max(y0, y1) + grow + half_y) / cell)))
    for r in range(r0, r1 + 1):
        low, high = 0.0, 1.0
        if y0 != y1:
            # the part of the piece that comes near this row; the outermost rows are open
            bottom = -np.inf if r == 0 else r * cell - half_y - grow
            top = np.inf if r == lines - 1 else (r + 1) * cell - half_y + grow
            one, two = (bottom - y0) / (y1 - y0), (top - y0) / (y1 - y0)
            low, high = max(low, min(one, two)), min(high, max(one, two))
            if low > high:
                continue
        xa, xb = x0 + low * (x1 - x0), x0 + high * (x1 - x0)
        c0 = min(columns - 1, max(0, math.floor((min(xa, xb) - grow + half_x) / cell)))
        c1 = min(columns - 1, max(0, math.floor((max(xa, xb) + grow + half_x) / cell)))
        if count + c1 - c0 + 1 > len(found):
            more = np.empty(2 * (count + c1 - c0 + 1), np.int64)
            more[:count] = found[:count]
            found = more
        for c in range(c0, c1 + 1):
            found[count] = r * columns + c
            count += 1
    return found, count
