"""Skeletons as tables of straight and circular pieces, and which of them are near each other.

Bulk data: numpy arrays of nanometres. A point is a segment of length zero; an area becomes its edges, and its inside
is remembered as a shapely polygon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from kicad_rdl.geometry import Arc, Line, Point
from kicad_rdl.model.artwork import Ring, Skeleton
from kicad_rdl.units import UM

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

CHUNK = 60.0 * UM
"""A slanting segment is filed under several bounding boxes of at most this size, so that boxes stay slim."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Primitive pieces of the skeletons of some items.

    Arcs run counter-clockwise from a to b. ``half`` is half the item's width. ``slant`` marks pieces that are neither
    axis-parallel nor with corners on half nanometres: floats cannot decide those near a limit.
    """

    items: int
    item: Ints
    is_arc: NDArray[np.bool_]
    slant: NDArray[np.bool_]
    ax: Floats
    ay: Floats
    bx: Floats
    by: Floats
    cx: Floats
    cy: Floats
    r: Floats
    half: Floats
    major: NDArray[np.bool_]
    """Arc of 180 degrees or more."""
    skeletons: tuple[tuple[float, ...] | Arc, ...]
    """The exact piece of every row: (ax, ay, bx, by), or the arc itself."""
    areas: tuple[tuple[int, shapely.Polygon], ...]
    """(item, its inside)."""
    anchor: Floats
    """One point of every item's skeleton, shape (items, 2)."""

    def __len__(self) -> int:
        return len(self.item)

    def boxes(self, reach: float) -> tuple[NDArray[np.object_], Ints]:
        """Bounding boxes of the copper grown by ``reach``, and the row of each."""
        low_x, high_x = np.minimum(self.ax, self.bx), np.maximum(self.ax, self.bx)
        low_y, high_y = np.minimum(self.ay, self.by), np.maximum(self.ay, self.by)
        for dx, dy, low, high, axis in (
            (1.0, 0.0, low_x, high_x, self.cx),
            (-1.0, 0.0, low_x, high_x, self.cx),
            (0.0, 1.0, low_y, high_y, self.cy),
            (0.0, -1.0, low_y, high_y, self.cy),
        ):
            hit = self.is_arc & within_sweep(self, slice(None), dx, dy)
            extreme = axis + (dx + dy) * self.r
            np.minimum(low, extreme, out=low, where=hit)
            np.maximum(high, extreme, out=high, where=hit)
        count = np.ceil(np.minimum(high_x - low_x, high_y - low_y) / CHUNK).astype(np.int64)
        count = np.where(self.is_arc, 1, np.maximum(count, 1))
        row = np.repeat(np.arange(len(self), dtype=np.int64), count)
        first = np.repeat(np.cumsum(count) - count, count)
        part = np.arange(len(row)) - first
        whole = count[row] == 1
        grow = reach + self.half[row]
        t0, t1 = part / count[row], (part + 1) / count[row]
        step_x, step_y = (self.bx - self.ax)[row], (self.by - self.ay)[row]
        x0, x1 = self.ax[row] + t0 * step_x, self.ax[row] + t1 * step_x
        y0, y1 = self.ay[row] + t0 * step_y, self.ay[row] + t1 * step_y
        boxes = shapely.box(
            np.where(whole, low_x[row], np.minimum(x0, x1)) - grow,
            np.where(whole, low_y[row], np.minimum(y0, y1)) - grow,
            np.where(whole, high_x[row], np.maximum(x0, x1)) + grow,
            np.where(whole, high_y[row], np.maximum(y0, y1)) + grow,
        )
        return np.asarray(boxes, dtype=np.object_), row


def within_sweep(table: Table, rows: Ints | slice, dx: Floats | float, dy: Floats | float) -> NDArray[np.bool_]:
    """Whether the direction from an arc's centre lies in its sweep. By cross products: exact enough for flat arcs."""
    sx, sy = table.ax[rows] - table.cx[rows], table.ay[rows] - table.cy[rows]
    ex, ey = table.bx[rows] - table.cx[rows], table.by[rows] - table.cy[rows]
    after_start = sx * dy - sy * dx
    before_end = dx * ey - dy * ex
    inside: NDArray[np.bool_] = np.where(
        table.major[rows], ~((after_start < 0) & (before_end < 0)), (after_start >= 0) & (before_end >= 0)
    )
    return inside


def tabulate(shapes: Iterable[tuple[Skeleton, int]]) -> Table:
    """The table of (skeleton, width) pairs, in their order."""
    rows: list[tuple[int, bool, float, float, float, float, float, float, float, float, bool]] = []
    exact: list[tuple[float, ...] | Arc] = []
    areas: list[tuple[int, shapely.Polygon]] = []
    anchor: list[tuple[float, float]] = []
    for index, (skeleton, width) in enumerate(shapes):
        half = width / 2
        match skeleton:
            case Point(x, y):
                segments: Sequence[tuple[float, float, float, float]] = ((x, y, x, y),)
            case Line(start, end):
                segments = ((start.x, start.y, end.x, end.y),)
            case Arc():
                rows.append((index, True, *_arc_row(skeleton), half, abs(skeleton.sweep) >= np.pi))
                exact.append(skeleton)
                anchor.append((skeleton.start.x, skeleton.start.y))
                continue
            case _:
                rings = (skeleton.outline, *skeleton.holes)
                segments = [edge for ring in rings for edge in _edges(ring)]
                areas.append((index, shapely.Polygon(skeleton.outline, skeleton.holes)))
        rows += [(index, False, *segment, 0.0, 0.0, 0.0, half, False) for segment in segments]
        exact += segments
        anchor.append((segments[0][0], segments[0][1]))
    item = np.array([row[0] for row in rows], dtype=np.int64)
    is_arc = np.array([row[1] for row in rows], dtype=np.bool_)
    numbers = np.array([row[2:10] for row in rows], dtype=np.float64).reshape(-1, 8)
    ax, ay, bx, by, cx, cy, r, half_width = (np.ascontiguousarray(column) for column in numbers.T)
    ends = np.stack([ax, ay, bx, by])
    off_grid = np.any(2 * ends != np.rint(2 * ends), axis=0)
    return Table(
        items=len(anchor),
        item=item,
        is_arc=is_arc,
        slant=is_arc | off_grid | ((ax != bx) & (ay != by)),
        ax=ax,
        ay=ay,
        bx=bx,
        by=by,
        cx=cx,
        cy=cy,
        r=r,
        half=half_width,
        major=np.array([row[10] for row in rows], dtype=np.bool_),
        skeletons=tuple(exact),
        areas=tuple(areas),
        anchor=np.array(anchor, dtype=np.float64).reshape(-1, 2),
    )


def _edges(ring: Ring) -> list[tuple[float, float, float, float]]:
    return [(*a, *b) for a, b in zip(ring, ring[1:] + ring[:1], strict=True) if a != b]


def _arc_row(arc: Arc) -> tuple[float, float, float, float, float, float, float]:
    start, end = (arc.start, arc.end) if arc.sweep > 0 else (arc.end, arc.start)
    cx, cy = arc.centre
    return start.x, start.y, end.x, end.y, cx, cy, arc.radius


def near(a: Table, b: Table | None, reach: float) -> tuple[Ints, Ints]:
    """Rows of ``a`` and ``b`` whose copper may be within ``reach`` of each other.

    With ``b`` None: every unordered pair of rows of ``a`` that belong to different items, first item smaller.
    """
    other = a if b is None else b
    if len(a) == 0 or len(other) == 0:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty
    boxes_a, row_a = a.boxes(reach)
    boxes_b, row_b = (boxes_a, row_a) if b is None and reach == 0 else other.boxes(0.0)
    found = shapely.STRtree(boxes_b).query(boxes_a)
    i, j = row_a[found[0]], row_b[found[1]]
    if b is None:
        keep = a.item[i] < a.item[j]
        i, j = i[keep], j[keep]
    # Slanting pieces have several boxes; the sort also makes the order independent of the tree.
    key = np.unique(i * len(other) + j)
    return key // len(other), key % len(other)


def inside(a: Table, b: Table) -> tuple[Ints, Ints]:
    """Pairs (item of ``a`` that is an area, item of ``b`` whose anchor lies in it)."""
    empty = np.empty(0, dtype=np.int64)
    if not a.areas or b.items == 0:
        return empty, empty
    polygons = [polygon for _, polygon in a.areas]
    found = shapely.STRtree(np.asarray(shapely.points(b.anchor), dtype=np.object_)).query(
        polygons, predicate="intersects"
    )
    owner = np.array([item for item, _ in a.areas], dtype=np.int64)
    order = np.lexsort((found[1], owner[found[0]]))
    return owner[found[0]][order], found[1][order].astype(np.int64)
