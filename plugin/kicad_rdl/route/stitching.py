"""The shortest trace between two sets of pads in the room that everything else on a layer leaves.

It joins what a plane does not reach. All copper stands already, so the way is found in the plane itself, not in a
sketch: an A* over the corners of the voids (the shortest way among polygons bends at their corners only; Lozano-Perez
and Wesley 1979), which looks at the sight lines of a corner only when it gets there.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from kicad_rdl.geometry import Path, Point
from kicad_rdl.route.voids import GRID_MARGIN, Voids, around

WINDOWS = (2.0, 6.0)
"""Room looked at around the two ends, in distances between them."""

LEAST_ROOM = 12
"""Least room looked at, in reserves of the trace."""

MOST_CORNERS = 4_000
"""In a larger window nothing is looked for."""

MOST_STEPS = 300
"""Corners that are looked from."""

OFF: int = 20
"""How far outside a void a corner of the way stands [nm]: rounded, it is still clear."""


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
    box: shapely.Polygon,
    reserve: float,
    octilinear: bool,
) -> Path | None:
    near = shapely.dwithin(voids.cores, box, voids.radii.max(initial=0.0) + reserve)
    inside = Voids(voids.cores[near], voids.radii[near])
    closed = around(inside, reserve)
    corners = np.unique(np.round(shapely.get_coordinates(around(inside, reserve + OFF))), axis=0)
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


def _search(
    places: NDArray[np.float64], first: int, last: int, tree: shapely.STRtree, octilinear: bool
) -> list[tuple[float, float]] | None:
    """A* from any of the first places to any of those up to ``last``; the points of the way."""
    goals = places[first:last]
    if not first or not len(goals):
        return None
    left = np.min(np.hypot(places[:, None, 0] - goals[:, 0], places[:, None, 1] - goals[:, 1]), axis=1)
    length = np.full(len(places), np.inf)
    length[:first] = 0.0
    before: dict[int, tuple[int, tuple[tuple[float, float], ...]]] = {}
    queue = [(float(left[k]), k) for k in range(first)]
    heapq.heapify(queue)
    done = np.zeros(len(places), dtype=bool)
    steps = 0
    while queue and steps < MOST_STEPS:
        _, k = heapq.heappop(queue)
        if done[k]:
            continue
        if first <= k < last:
            return _traced(places, k, before)
        done[k] = True
        steps += 1
        others = np.flatnonzero(~done)
        for middle, cost in _sights(places[k], places[others], tree, octilinear):
            total = length[k] + cost
            for j in np.flatnonzero(total < length[others] - 1e-6).tolist():
                other = int(others[j])
                length[other] = total[j]
                before[other] = (k, tuple(map(tuple, middle[j])))
                heapq.heappush(queue, (float(length[other] + left[other]), other))
    return None


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


def _traced(
    places: NDArray[np.float64], end: int, before: dict[int, tuple[int, tuple[tuple[float, float], ...]]]
) -> list[tuple[float, float]]:
    way = [tuple(places[end].tolist())]
    while end in before:
        end, bends = before[end]
        way += [*bends[::-1], tuple(places[end].tolist())]
    return way[::-1]


def _path(way: Sequence[tuple[float, float]]) -> Path | None:
    """The path; None where it would have a corner of less than 90 degrees."""
    points = [Point(round(x), round(y)) for x, y in way]
    path = Path.through(*points)
    for one, two in pairwise(path.pieces):
        a, b = one.end - one.start, two.end - two.start
        if a.x * b.x + a.y * b.y < 0:
            return None
    return path
