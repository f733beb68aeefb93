"""Where the traces of a net of several terminals may branch besides at its terminals, to make its tree shorter.

The tree starts as the shortest one that branches at terminals only. Three ends of two edges may be joined by a shorter
way that meets at a point between them (their Fermat point), four ends of three edges by one that meets at two points.
What saves most comes in, all points move to where their own edges are shortest, the tree is made anew, and so on while
it gets shorter (in the spirit of Smith, Lee and Liebman 1981). In eight directions the meeting point is another one:
the sum of octilinear distances is linear between the lines of the eight directions through the ends, so its least lies
at a crossing of two of these lines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import shapely

from kicad_rdl.geometry import Point
from kicad_rdl.route.meeting import meeting, spanning_edges, two_meetings
from kicad_rdl.route.metric import Metric, distances
from kicad_rdl.route.tiles import Obstacle
from kicad_rdl.route.triangulation import F64, I64

WORTH = 1.0
"""A branch point that saves less than this many pitches of the traces is not worth its place."""

ROUNDS = 60
"""Bound on the rounds of points that come in."""

SWEEPS = 40
"""Bound on the moves of all points to where their edges are shortest."""

TOLERANCE = 200.0
"""How far outlines of obstacles stand out from their circles [nm]."""

ACUTE = 0.02
"""Cosine of the least angle at a branch point, rounding forgiven."""

REACH = 4.0
"""Obstacles this many pitches beyond those that cover a branch point count when it looks for a free place."""


@dataclass(frozen=True, slots=True)
class Branches:
    """Branch points of one net, and what they are worth."""

    points: tuple[Point, ...]
    spanning: float
    """Length of the shortest tree that branches at terminals only, centre to centre [nm]."""
    length: float
    """Length of the tree that branches at the points too [nm]."""


class Standing:
    """What stands on a layer; made once for all nets."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        self.obstacles = tuple(obstacles)
        self._outlines = np.array([o.outline(TOLERANCE) for o in obstacles], dtype=object)
        self._tree = shapely.STRtree(self._outlines)

    def covering(self, x: float, y: float, away: float) -> list[int]:
        """The obstacles nearer to a place than ``away`` [nm]."""
        return sorted(self._tree.query(shapely.Point(x, y), predicate="dwithin", distance=away).tolist())

    def nearest_free(self, x: float, y: float, away: float, ends: F64, metric: Metric) -> F64:
        """The place free of all obstacles that is best for edges to ``ends``; [0, 2] where none is near."""
        covered = self.covering(x, y, away)
        size = max(float(shapely.minimum_bounding_radius(self._outlines[k])) for k in covered)
        around = self.covering(x, y, 2 * size + REACH * away)
        grown = shapely.union_all(shapely.buffer(self._outlines[around], away + 2.0, quad_segs=6))
        places = np.round(shapely.get_coordinates(shapely.segmentize(grown.boundary, away)))
        free = np.array([not self.covering(px, py, away) for px, py in places.tolist()], dtype=np.bool_)
        places = places[free]
        if not len(places):
            return np.zeros((0, 2))
        cost = np.sum([distances(places - end, metric) for end in ends], axis=0)
        return places[np.lexsort((places[:, 1], places[:, 0], np.round(cost)))[:1]]


Offer = tuple[float, tuple[int, ...], tuple[tuple[float, float], ...]]
"""What is saved [nm], the edges that go (pairs of ends), the points that come."""


def branch_points(
    standing: Standing, terminals: Sequence[int], width: float, space: float, metric: Metric = "euclid"
) -> Branches:
    """Places where a trace as wide as its net's may stand as an obstacle of the net, to be joined like a terminal.

    Args:
        standing: the layer.
        terminals: the obstacles that the net joins.
        width: of its traces [nm].
        space: to everything else, and to its own terminals: what is nearer branches there [nm].
        metric: of the output.
    """
    ends = np.array([(standing.obstacles[t].at.x, standing.obstacles[t].at.y) for t in terminals], dtype=np.float64)
    ends = ends.reshape(-1, 2)
    least = WORTH * (width + space)
    spanning = tree_length(ends, metric)
    points = _cleared(standing, ends, _shortest(ends, least, metric), width / 2 + space, metric)
    points = _worth_it(ends, points, least, metric)
    found = sorted((round(x), round(y)) for x, y in points.tolist())
    both = np.vstack([ends, np.array(found, dtype=np.float64).reshape(-1, 2)])
    return Branches(tuple(Point(x, y) for x, y in found), spanning, tree_length(both, metric) if found else spanning)


def tree_length(points: F64, metric: Metric) -> float:
    """Length of the shortest tree over points that branches at them only [nm]."""
    edges = _spanning(points, metric == "octilinear")
    return math.fsum(distances(points[edges[:, 0]] - points[edges[:, 1]], metric).tolist())


def meeting_point(ends: F64, metric: Metric) -> F64:
    """[2] the place whose distances to the ends add up to least [nm]."""
    return np.asarray(meeting(ends, metric == "octilinear"))


def _spanning(points: F64, octilinear: bool) -> I64:
    """[n - 1, 2] edges of the shortest tree."""
    return np.asarray(spanning_edges(points, octilinear))


def _neighbours(edges: I64, count: int) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges.tolist():
        found[a].append(b)
        found[b].append(a)
    return found


def _shortest(ends: F64, least: float, metric: Metric) -> F64:
    """Branch points without regard to obstacles."""
    octilinear = metric == "octilinear"
    points = np.zeros((0, 2))
    if len(ends) < 3:
        return points
    length = tree_length(ends, metric)
    for _ in range(ROUNDS):
        new = _between(np.vstack([ends, points]), octilinear, least / 8, metric)
        if not len(new):
            break
        more = _settled(ends, np.vstack([points, new]), metric)
        now = tree_length(np.vstack([ends, more]), metric)
        if now > length - 1.0:
            break
        points, length = more, now
    return points


def _between(points: F64, octilinear: bool, least: float, metric: Metric) -> F64:
    """Meeting points that shorten two or three edges of the tree, the best first, each edge once."""
    edges = _spanning(points, octilinear)
    near = _neighbours(edges, len(points))
    offers: list[Offer] = []
    for v, others in enumerate(near):
        for a, b in combinations(others, 2):
            three = points[[v, a, b]]
            x, y = meeting_point(three, metric).tolist()
            before = distances(three[1:] - three[0], metric).sum()
            offers.append((float(before - distances(three - (x, y), metric).sum()), (v, a, v, b), ((x, y),)))
        for a, b, c in combinations(others, 3):
            offers += _with_two(points, (v, a, v, b, v, c), octilinear, metric)
    for v, w in edges.tolist():
        for a, b in product([a for a in near[v] if a != w], [b for b in near[w] if b != v]):
            offers += _with_two(points, (a, v, v, w, w, b), octilinear, metric)
    taken: set[tuple[int, int]] = set()
    found: list[tuple[float, float]] = []
    for saved, ends, places in sorted(offers, key=lambda offer: (-round(offer[0]), offer[1:])):
        gone = {(min(pair), max(pair)) for pair in zip(ends[::2], ends[1::2], strict=True)}
        if saved > least and not gone & taken:
            taken |= gone
            found += places
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def _with_two(points: F64, ends: tuple[int, ...], octilinear: bool, metric: Metric) -> list[Offer]:
    """What two meeting points save in place of three edges that join four points."""
    a, b, c, d = dict.fromkeys(ends)
    before = float(distances(points[list(ends[::2])] - points[list(ends[1::2])], metric).sum())
    found: list[Offer] = []
    for order in ((a, b, c, d), (a, c, b, d), (a, d, b, c)):
        places, length = two_meetings(points[list(order)], octilinear)
        (x, y), (u, v) = places.tolist()
        found.append((before - float(length), ends, ((x, y), (u, v))))
    return found


def _settled(ends: F64, points: F64, metric: Metric) -> F64:
    """The points where their edges in the tree are shortest; those at which nothing branches go."""
    count = len(ends)
    for _ in range(SWEEPS):
        everyone = np.vstack([ends, points])
        near = _neighbours(_spanning(everyone, metric == "octilinear"), len(everyone))
        kept = [k for k in range(count, len(everyone)) if len(near[k]) > 2]
        if len(kept) < len(points):
            points = everyone[kept]
            continue
        gone = 0.0
        for k in kept:
            at = meeting_point(everyone[near[k]], metric)
            gone = max(gone, float(np.abs(at - everyone[k]).max()))
            everyone[k] = at
        points = everyone[count:]
        if gone < 1.0:
            break
    return points


def _cleared(standing: Standing, ends: F64, points: F64, away: float, metric: Metric) -> F64:
    """The points, those that are too close to something moved to a free place; those that find none go."""
    points = np.round(points)
    everyone = np.vstack([ends, points])
    near = _neighbours(_spanning(everyone, metric == "octilinear"), len(everyone))
    found: list[F64] = []
    for k in range(len(ends), len(everyone)):
        x, y = everyone[k].tolist()
        if not standing.covering(x, y, away):
            found.append(everyone[k : k + 1])
            continue
        found.append(standing.nearest_free(x, y, away, everyone[near[k]], metric))
    return np.vstack([np.zeros((0, 2)), *found])


def _worth_it(ends: F64, points: F64, least: float, metric: Metric) -> F64:
    """The points without those that save too little, the least one first, and those with acute corners."""
    while len(points):
        acute = _acute(ends, points, metric)
        if acute:
            points = np.delete(points, acute[0], axis=0)
            continue
        whole = tree_length(np.vstack([ends, points]), metric)
        worth = [
            tree_length(np.vstack([ends, np.delete(points, k, axis=0)]), metric) - whole for k in range(len(points))
        ]
        worst = int(np.argmin(worth))
        if worth[worst] >= least:
            break
        points = np.delete(points, worst, axis=0)
    return points


def _acute(ends: F64, points: F64, metric: Metric) -> list[int]:
    """Points at which two edges of the tree meet under less than a right angle."""
    everyone = np.vstack([ends, points])
    near = _neighbours(_spanning(everyone, metric == "octilinear"), len(everyone))
    found = []
    for k in range(len(points)):
        steps = everyone[near[len(ends) + k]] - points[k]
        lengths = np.maximum(np.hypot(*steps.T), 1.0)
        cosines = (steps / lengths[:, None]) @ (steps / lengths[:, None]).T
        if cosines[np.triu_indices(len(steps), 1)].max(initial=-1.0) > ACUTE:
            found.append(k)
    return found
