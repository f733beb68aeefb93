"""Skeletons as tables of straight and circular pieces, and which of them are near each other.

Bulk data: numpy arrays of nanometres. A point is a segment of length zero; an area becomes its edges, and its inside
is remembered as a shapely polygon.
"""

from __future__ import annotations

from collections.abc import Iterable
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

CHUNK = 250.0 * UM
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
    arcs: tuple[Arc, ...]
    """The arcs themselves; they are the last rows."""
    areas: tuple[tuple[int, shapely.Polygon], ...]
    """(item, its inside)."""
    anchor: Floats
    """One point of every item's skeleton, shape (items, 2)."""

    def __len__(self) -> int:
        return len(self.item)

    def piece(self, row: int) -> tuple[float, ...] | Arc:
        """The exact skeleton of a row: (ax, ay, bx, by), or the arc."""
        straight = len(self) - len(self.arcs)
        if row >= straight:
            return self.arcs[row - straight]
        return float(self.ax[row]), float(self.ay[row]), float(self.bx[row]), float(self.by[row])

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
    """The table of (skeleton, width) pairs: first all straight rows in their order, then the arcs."""
    straight_item: list[int] = []
    straight: list[float] = []
    arc_item: list[int] = []
    arcs: list[Arc] = []
    areas: list[tuple[int, shapely.Polygon]] = []
    anchor: list[float] = []
    width: list[int] = []
    for index, (skeleton, its_width) in enumerate(shapes):
        width.append(its_width)
        match skeleton:
            case Point(x, y):
                straight_item.append(index)
                straight += (x, y, x, y)
                anchor += (x, y)
            case Line(start, end):
                straight_item.append(index)
                straight += (start.x, start.y, end.x, end.y)
                anchor += (start.x, start.y)
            case Arc(start):
                arc_item.append(index)
                arcs.append(skeleton)
                anchor += (start.x, start.y)
            case _:
                rings = (skeleton.outline, *skeleton.holes)
                edges = [edge for ring in rings for edge in _edges(ring)]
                straight_item += [index] * len(edges)
                straight += [value for edge in edges for value in edge]
                areas.append((index, shapely.Polygon(skeleton.outline, skeleton.holes)))
                anchor += edges[0][:2]
    item = np.array(straight_item + arc_item, dtype=np.int64)
    ends = np.array(straight, dtype=np.float64).reshape(-1, 4)
    from_arcs, major = _arc_rows(arcs)
    ends_and_circles = np.vstack([np.pad(ends, ((0, 0), (0, 3))), from_arcs])
    ax, ay, bx, by, cx, cy, r = (np.ascontiguousarray(column) for column in ends_and_circles.T)
    is_arc = np.arange(len(item)) >= len(straight_item)
    off_grid = np.any(2 * ends_and_circles[:, :4] != np.rint(2 * ends_and_circles[:, :4]), axis=1)
    return Table(
        items=len(width),
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
        half=np.array(width, dtype=np.float64)[item] / 2 if width else np.empty(0, dtype=np.float64),
        major=np.concatenate([np.zeros(len(straight_item), dtype=np.bool_), major]),
        arcs=tuple(arcs),
        areas=tuple(areas),
        anchor=np.array(anchor, dtype=np.float64).reshape(-1, 2),
    )


def _edges(ring: Ring) -> list[tuple[float, float, float, float]]:
    return [(*a, *b) for a, b in zip(ring, ring[1:] + ring[:1], strict=True) if a != b]


def _arc_rows(arcs: list[Arc]) -> tuple[Floats, NDArray[np.bool_]]:
    """Start, end (counter-clockwise), centre and radius of every arc; and whether it is 180 degrees or more.

    The turn is computed in integers: for a flat arc it is a small difference of large products.
    """
    spots = np.array(
        [(a.start.x, a.start.y, a.mid.x, a.mid.y, a.end.x, a.end.y) for a in arcs], dtype=np.int64
    ).reshape(-1, 6)
    sx, sy = spots[:, 0], spots[:, 1]
    ux, uy, vx, vy = spots[:, 2] - sx, spots[:, 3] - sy, spots[:, 4] - sx, spots[:, 5] - sy
    turn = ux * vy - uy * vx
    u2, v2 = (ux * ux + uy * uy).astype(np.float64), (vx * vx + vy * vy).astype(np.float64)
    ox, oy = (vy * u2 - uy * v2) / (2.0 * turn), (ux * v2 - vx * u2) / (2.0 * turn)
    backwards = (turn < 0)[:, None]
    start = np.where(backwards, spots[:, 4:6], spots[:, 0:2]).astype(np.float64)
    end = np.where(backwards, spots[:, 0:2], spots[:, 4:6]).astype(np.float64)
    # The middle point sees the chord at 90 degrees or less: half a circle or more.
    major = ux * (ux - vx) + uy * (uy - vy) >= 0
    rows = np.column_stack([start, end, sx + ox, sy + oy, np.hypot(ox, oy)])
    return rows, major


def near(a: Table, b: Table | None, reach: float) -> tuple[Ints, Ints]:
    """Rows of ``a`` and ``b`` whose copper may be within ``reach`` of each other.

    With ``b`` None: every unordered pair of rows of ``a`` that belong to different items, first item smaller.
    """
    other = a if b is None else b
    if len(a) == 0 or len(other) == 0:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty
    boxes_a, row_a = a.boxes(reach / 2)
    boxes_b, row_b = (boxes_a, row_a) if b is None else b.boxes(reach / 2)
    found = shapely.STRtree(boxes_b).query(boxes_a)
    i, j = row_a[found[0]], row_b[found[1]]
    if b is None:
        keep = a.item[i] < a.item[j]
        i, j = i[keep], j[keep]
    # The sort makes the order independent of the tree.
    key = distinct(i * len(other) + j)
    return key // len(other), key % len(other)


def distinct(keys: Ints) -> Ints:
    """Sorted, without repetitions (slanting pieces have several boxes). Faster than the hashing of ``np.unique``."""
    keys = np.sort(keys)
    result: Ints = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    return result


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
