"""The shortest trace between two sets of pads in the room that everything else on a layer leaves.

It joins what a plane does not reach. All copper stands already, so the way is found in the plane itself, not in a
sketch: an A* over the corners of the voids (the shortest way among polygons bends at their corners only; Lozano-Perez
and Wesley 1979), which looks from a corner only when it gets there, and then at the nearest others; what that adds in
bends is taken out afterwards.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Path, Point
from kicad_rdl.route.voids import GRID_MARGIN, ROUND, Voids, around

Place = tuple[float, float]
Bends = list[list[float]]

WINDOWS = (2.0, 6.0)
"""Room looked at around the two ends, in distances between them."""

LEAST_ROOM = 12
"""Least room looked at, in reserves of the trace."""

MOST_CORNERS = 20_000
"""In a larger window nothing is looked for."""

MOST_STEPS = 1_500
"""Corners that are looked from."""

SIGHTS = 48
"""Corners that are looked at from each, and as many ends."""

OFF: int = 20
"""How far outside a void a corner of the way stands [nm]: rounded, it is still clear."""

EIGHT = 1 / math.cos(math.pi / 8) * 1.02
"""Corners of eight around a disc, on whose sides the polygon of sixteen does not lie."""


def shortest_way(
    starts: Sequence[Point],
    ends: Sequence[Point],
    voids: Voids,
    boundary: shapely.Polygon,
    width: int,
    octilinear: bool = False,
) -> Path | None:
    """The shortest path from a start to an end on which the middle of a trace may run; None where none is found.

    Args:
        starts: centres of pads of one part of the net.
        ends: centres of pads of its other parts.
        voids: around all copper of other nets, clearances included.
        boundary: where copper may be [nm].
        width: of the trace [nm].
        octilinear: only multiples of 45 degrees.
    """
    if not starts or not ends:
        return None
    reserve = width / 2 + GRID_MARGIN
    field = boundary.buffer(-reserve, join_style="mitre")
    one, two = _nearest(starts, ends)
    apart = one.distance(two)
    for factor in WINDOWS:
        room = factor * apart + LEAST_ROOM * (width + reserve)
        box = _box(one, two, room) & field
        if box.is_empty:
            return None
        way = _way(starts, ends, voids, box, reserve, octilinear)
        if way is not None:
            return way
    return None


def _nearest(starts: Sequence[Point], ends: Sequence[Point]) -> tuple[Point, Point]:
    return min(((a, b) for a in starts for b in ends), key=lambda pair: (pair[0].distance(pair[1]), pair))


def _box(one: Point, two: Point, room: float) -> shapely.Polygon:
    xs, ys = sorted((one.x, two.x)), sorted((one.y, two.y))
    return shapely.box(xs[0] - room, ys[0] - room, xs[1] + room, ys[1] + room)


def _way(
    starts: Sequence[Point],
    ends: Sequence[Point],
    voids: Voids,
    box: BaseGeometry,
    reserve: float,
    octilinear: bool,
) -> Path | None:
    near = shapely.dwithin(voids.cores, box, voids.radii.max(initial=0.0) + reserve)
    inside = Voids(voids.cores[near], voids.radii[near])
    closed = around(inside, reserve)
    corners = _corners(inside, reserve)
    corners = corners[shapely.contains_xy(box, corners)]
    if len(corners) > MOST_CORNERS:
        return None
    tree = shapely.STRtree(closed)
    if len(closed):
        corners = np.delete(corners, tree.query(shapely.points(corners), predicate="intersects")[0], axis=0)
    first = [p for p in starts if box.intersects(shapely.Point(p.x, p.y))]
    last = [p for p in ends if box.intersects(shapely.Point(p.x, p.y))]
    places = np.array([(p.x, p.y) for p in (*first, *last)] + corners.tolist(), dtype=np.float64).reshape(-1, 2)
    found = _search(places, len(first), len(first) + len(last), tree, octilinear)
    return None if found is None else _path(found)


def _corners(voids: Voids, reserve: float) -> NDArray[np.float64]:
    """Places around every void from which one sees past it."""
    discs = shapely.get_type_id(voids.cores) == 0
    centres = shapely.get_coordinates(voids.cores[discs])
    angles = np.arange(8) * math.pi / 4
    unit = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    around_discs = centres[:, None] + ((voids.radii[discs] + reserve + OFF) * EIGHT)[:, None, None] * unit
    rest = around(Voids(voids.cores[~discs], voids.radii[~discs]), reserve + OFF, ROUND // 2)
    return np.unique(np.round(np.concatenate([around_discs.reshape(-1, 2), shapely.get_coordinates(rest)])), axis=0)


def _search(
    places: NDArray[np.float64], first: int, last: int, tree: shapely.STRtree, octilinear: bool
) -> list[Place] | None:
    """A* from any of the first places to any of those up to ``last``; the points of the way."""
    goals = places[first:last]
    if not first or not len(goals):
        return None
    left = np.min(np.hypot(places[:, None, 0] - goals[:, 0], places[:, None, 1] - goals[:, 1]), axis=1)
    length = np.full(len(places), np.inf)
    length[:first] = 0.0
    before: dict[int, tuple[int, Bends]] = {}
    queue = [(float(left[k]), k) for k in range(first)]
    heapq.heapify(queue)
    done = np.zeros(len(places), dtype=bool)
    corners, ends = cKDTree(places), cKDTree(goals)
    for _ in range(MOST_STEPS):
        while queue and done[queue[0][1]]:
            heapq.heappop(queue)
        if not queue:
            break
        _, k = heapq.heappop(queue)
        if first <= k < last:
            return _straightened(_traced(places, k, before), tree, octilinear)
        done[k] = True
        near = corners.query(places[k], k=min(SIGHTS, len(places)))[1]
        near_ends = first + np.atleast_1d(ends.query(places[k], k=min(SIGHTS, len(goals)))[1])
        others = np.union1d(np.atleast_1d(near), near_ends)
        others = others[~done[others]]
        for middle, cost in _sights(places[k], places[others], tree, octilinear):
            total = length[k] + cost
            for j in np.flatnonzero(total < length[others] - 1e-6).tolist():
                other = int(others[j])
                length[other] = total[j]
                before[other] = (k, middle[j].tolist())
                heapq.heappush(queue, (float(length[other] + left[other]), other))
    return None


def _straightened(way: list[Place], tree: shapely.STRtree, octilinear: bool) -> list[Place]:
    """The way without the bends that a longer look makes needless."""
    at = 0
    kept = [way[0]]
    while at < len(way) - 1:
        ahead = np.array(way[at + 1 :])
        best: tuple[float, int, Bends] | None = None
        so_far = np.cumsum(np.hypot(*np.diff(np.array(way[at:]), axis=0).T))
        for middle, cost in _sights(np.array(way[at]), ahead, tree, octilinear):
            open_ones = np.flatnonzero(cost <= so_far + 1e-6)
            if len(open_ones) and (best is None or open_ones[-1] > best[1]):
                best = (float(cost[open_ones[-1]]), int(open_ones[-1]), middle[open_ones[-1]].tolist())
        if best is None:
            at += 1
            kept.append(way[at])
            continue
        kept += [(x, y) for x, y in best[2]]
        at += best[1] + 1
        kept.append(way[at])
    return kept


def _sights(
    here: NDArray[np.float64], there: NDArray[np.float64], tree: shapely.STRtree, octilinear: bool
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """For each manner of going to every other place: the bends on the way, and the length, infinite if it is shut."""
    step = there - here
    if octilinear:
        size = np.abs(step)
        slant = np.sign(step) * size.min(axis=1, keepdims=True)
        bends = [(here + slant)[:, None], (there - slant)[:, None]]
        length = size.max(axis=1) + (np.sqrt(2) - 1) * size.min(axis=1)
    else:
        bends = [np.empty((len(there), 0, 2))]
        length = np.hypot(step[:, 0], step[:, 1])
    found = []
    for bend in bends:
        begin = np.broadcast_to(here, (len(there), 1, 2))
        lines = shapely.linestrings(np.concatenate([begin, bend, there[:, None]], axis=1))
        cost = length.copy()
        if len(tree.geometries):
            cost[tree.query(lines, predicate="intersects")[0]] = np.inf
        found.append((bend, cost))
    return found


def _traced(places: NDArray[np.float64], end: int, before: dict[int, tuple[int, Bends]]) -> list[Place]:
    way = [places[end].tolist()]
    while end in before:
        end, bends = before[end]
        way += [*bends[::-1], places[end].tolist()]
    return [(x, y) for x, y in way[::-1]]


def _path(way: Sequence[Place]) -> Path | None:
    """The path; None where it would have a corner of less than 90 degrees."""
    points = [Point(round(x), round(y)) for x, y in way]
    path = Path.through(*points)
    for one, two in pairwise(path.pieces):
        a, b = one.end - one.start, two.end - two.start
        if a.x * b.x + a.y * b.y < 0:
            return None
    return path
