"""One layer cut into tiles: the triangulation of its obstacles, and what fits through every gap.

Obstacles are convex: the hull of discs (a circle is one disc; a rectangle four points, an octagon eight). Points on
the package outline close the layer; they are obstacles too, straight ones. A gap is an edge of the Delaunay
triangulation. Positions are float64 nanometres: the grid is met again when the geometry is laid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Circle, Hull, Outline, Point, circle_polygon, circumradius, corners, shapely_of
from kicad_rdl.route.triangulation import (
    F64,
    I64,
    counter_clockwise,
    edges_of,
    outline_points,
    regular_triangulation,
)

SLACK = 8.0
"""Added to every distance of the corridors where there is room [nm]. Rounding to the grid takes up to two nanometres of
each of two wires (a rounded arc through three points deviates by little more than its points); KiCad reads arcs with a
rounded centre, up to four nanometres off (arcs.py)."""

ROOMY = 4
"""Above this many wires in a gap the slack is planned for; up to it, wires that fit exactly are let in, and the slack
gives way: wires at round pitches between few pads must not fail for a nanometre."""


def slack_for(wires: int) -> float:
    """What planning takes off the room of that many wires side by side [nm]."""
    return 0.0 if wires <= ROOMY else SLACK * (wires + 1)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A pad, via land or keep-out disc on one layer."""

    at: Point
    shape: Outline
    net: str | None
    name: str
    bone: Point | None = None
    """Where a dog bone ends: the obstacle is then the hull of two discs that cover the shape and the bone's end."""
    space: float | None = None
    """What the edge of a foreign trace keeps from it [nm]; None: the space of the layer. 0: it may lie over pads."""

    @property
    def discs(self) -> tuple[tuple[float, float, float], ...]:
        """Discs whose hull covers it: x, y, radius [nm]."""
        if self.bone is not None:
            radius = circumradius(self.shape)
            return ((self.at.x, self.at.y, radius), (self.bone.x, self.bone.y, radius))
        if isinstance(self.shape, Circle):
            return ((self.at.x, self.at.y, self.shape.diameter / 2),)
        if isinstance(self.shape, Hull):
            at, radius = self.at, float(self.shape.radius)
            return tuple((float(at.x + p.x), float(at.y + p.y), radius) for p in self.shape.points)
        return tuple((self.at.x + x, self.at.y + y, 0.0) for x, y in corners(self.shape))

    def outline(self, tolerance: float) -> BaseGeometry:
        """Its outline; circles stand out by ``tolerance`` at most [nm]."""
        if self.bone is None:
            return shapely_of(self.shape, self.at, tolerance)
        ends = [circle_polygon(x, y, r, tolerance) for x, y, r in self.discs]
        return shapely.union_all(ends).convex_hull


@dataclass(frozen=True, slots=True)
class Tiles:
    """The triangulation of one layer.

    Vertices ``0 .. obstacle_count - 1`` are the obstacles in their order; the rest are outline points.

    Attributes:
        obstacles: the obstacles.
        xy: [n, 2] vertex positions [nm].
        disc_start: [n + 1] discs of vertex i are ``disc_start[i] : disc_start[i + 1]`` (none for outline points).
        disc_xy, disc_r: [m, 2], [m] the discs whose hull the obstacle is [nm].
        normals: [n, 4] for outline points the inward normals (x, y of one side, x, y of the other or zero).
        clearance: [n] distance from the obstacle to the edge of a foreign trace [nm].
        triangles: [t, 3] vertices, counter-clockwise.
        triangle_edges: [t, 3] edge k joins corners k and k + 1.
        edges: [e, 2] vertices, lower first.
        edge_triangles: [e, 2] triangle on the left (seen from lower to higher vertex) and right; -1 outside.
        width: [e] clear width of the gap between the two obstacles [nm].
    """

    obstacles: tuple[Obstacle, ...]
    xy: F64
    disc_start: I64
    disc_xy: F64
    disc_r: F64
    normals: F64
    clearance: F64
    triangles: I64
    triangle_edges: I64
    edges: I64
    edge_triangles: I64
    width: F64
    octilinear: bool = False
    """Whether traces take eight directions: distances then count in the norm of ``octagons``."""

    @property
    def obstacle_count(self) -> int:
        """How many vertices are obstacles."""
        return len(self.obstacles)

    def capacity(self, line: float, space: float) -> I64:
        """[e] how many traces of one width fit through each gap."""
        free = self.width - self.clearance[self.edges[:, 0]] - self.clearance[self.edges[:, 1]] + space
        fits = fitting(free, line, space)
        fits[(self.edge_triangles < 0).any(axis=1)] = 0
        return fits


def fitting(room: F64, line: float, space: float) -> I64:
    """How many traces of one width fit, each with a space beside it [nm]."""
    fits = np.floor(room / (line + space)).astype(np.int64)
    easy = np.floor((room - SLACK) / (line + space + SLACK)).astype(np.int64)
    return np.maximum(np.maximum(easy, np.minimum(fits, ROOMY)), 0)


def build_tiles(
    obstacles: Sequence[Obstacle],
    half_width: float,
    half_height: float,
    space: float,
    edge_clearance: float,
    octilinear: bool = False,
) -> Tiles:
    """Triangulates one layer.

    Args:
        obstacles: what stands on the layer; no two at one place.
        half_width, half_height: the package outline is ``[-half, half]`` on each axis [nm].
        space: clearance of traces to obstacles [nm].
        edge_clearance: clearance of traces to the outline [nm].
        octilinear: whether traces take eight directions only.
    """
    points = np.array([(o.at.x, o.at.y) for o in obstacles], dtype=np.float64).reshape(-1, 2)
    outline, normals = outline_points(points, half_width, half_height)
    xy = np.vstack([points, outline])
    disc_start, disc_xy, disc_r = _discs(obstacles, xy)
    simplices = regular_triangulation(xy, np.concatenate([_weights(obstacles), np.zeros(len(outline))]))
    triangles = counter_clockwise(xy, simplices)
    edges, triangle_edges, edge_triangles = edges_of(triangles)
    all_normals = np.zeros((len(xy), 4))
    all_normals[len(points) :] = normals
    clearance = np.full(len(xy), float(edge_clearance))
    clearance[: len(points)] = [space if o.space is None else o.space for o in obstacles]
    tiles = Tiles(
        tuple(obstacles),
        xy,
        disc_start,
        disc_xy,
        disc_r,
        all_normals,
        clearance,
        triangles,
        triangle_edges,
        edges,
        edge_triangles,
        np.zeros(len(edges)),
        octilinear,
    )
    tiles.width[:] = _widths(tiles)
    return tiles


def hidden(obstacles: Sequence[Obstacle], half_width: float, half_height: float) -> list[int]:
    """Which obstacles would be in no tile, because others lie over them."""
    if not obstacles:
        return []
    points = np.array([(o.at.x, o.at.y) for o in obstacles], dtype=np.float64)
    outline, _ = outline_points(points, half_width, half_height)
    reach = np.concatenate([_weights(obstacles), np.zeros(len(outline))])
    xy = np.vstack([points, outline])
    triangles = counter_clockwise(xy, regular_triangulation(xy, reach))
    return sorted(set(range(len(obstacles))) - set(triangles.ravel().tolist()))


def _weights(obstacles: Sequence[Obstacle]) -> F64:
    """Radii of the discs that stand for obstacles in the triangulation [nm].

    Where outlines may lie over pads, a pad's disc is so small that neighbouring outlines keep the gap between them: the
    circle around it stays outside of the disc (in the power metric).
    """
    weight = np.array([_weight(o.shape) for o in obstacles])
    joints: list[tuple[Point, float]] = []
    for o in obstacles:
        if o.space == 0 and isinstance(o.shape, Hull):
            ends = [o.at + point for point in o.shape.points]
            joints += [(end, max(end.distance(o.at) for end in ends)) for end in ends]
    if joints:
        half = np.array([length for _, length in joints])
        tree = cKDTree([(end.x, end.y) for end, _ in joints])
        for k, o in enumerate(obstacles):
            if o.space != 0:
                near = tree.query_ball_point((o.at.x, o.at.y), math.hypot(weight[k], half.max()))
                power = [o.at.distance(joints[j][0]) ** 2 - half[j] ** 2 for j in near]
                weight[k] = math.sqrt(max(0.0, min([weight[k] ** 2, *power])))
    return weight


def _weight(shape: Outline) -> float:
    """Radius of the disc that stands for an obstacle in the triangulation [nm].

    Of hulls the disc lies inside: such discs of obstacles that keep apart never hide each other.
    """
    if not isinstance(shape, Hull):
        return circumradius(shape)
    inner = float(shape.radius)
    if len(shape.points) > 2:
        xy = np.array([(p.x, p.y) for p in shape.points], dtype=np.float64)
        side = np.roll(xy, -1, axis=0) - xy
        away = side[:, 0] * -xy[:, 1] - side[:, 1] * -xy[:, 0]
        inner += max(0.0, float((away / np.hypot(*side.T)).min()))
    return inner


def clear_widths(tiles: Tiles, pairs: I64) -> F64:
    """[n] distance between the obstacles of each pair [n, 2], edge to edge [nm], in the norm of the traces."""
    return _widths(replace(tiles, edges=np.sort(pairs, axis=1)))


def reach_of(tiles: Tiles) -> F64:
    """[v] how far the copper of every vertex reaches from its place [nm]; zero on the outline."""
    reach = np.zeros(len(tiles.xy))
    owner = np.repeat(np.arange(len(tiles.xy)), np.diff(tiles.disc_start))
    np.maximum.at(reach, owner, np.hypot(*(tiles.disc_xy - tiles.xy[owner]).T) + tiles.disc_r)
    return reach


def _discs(obstacles: Sequence[Obstacle], xy: F64) -> tuple[I64, F64, F64]:
    """The discs of all vertices; see ``Tiles``."""
    start = np.zeros(len(xy) + 1, dtype=np.int64)
    centres: list[tuple[float, float]] = []
    radii: list[float] = []
    for index, obstacle in enumerate(obstacles):
        for x, y, radius in obstacle.discs:
            centres.append((x, y))
            radii.append(radius)
        start[index + 1] = len(centres)
    start[len(obstacles) + 1 :] = len(centres)
    return start, np.array(centres, dtype=np.float64).reshape(-1, 2), np.array(radii, dtype=np.float64)


def _widths(tiles: Tiles) -> F64:
    """[e] distance between the two obstacles of each gap; discs at once, hulls one by one."""
    u, v = tiles.edges[:, 0], tiles.edges[:, 1]
    starts = tiles.disc_start
    single = (starts[1:] - starts[:-1]) == 1
    width: F64 = np.hypot(*(tiles.xy[u] - tiles.xy[v]).T)
    first = np.minimum(starts[:-1], max(len(tiles.disc_r) - 1, 0))
    radius = np.where(single, tiles.disc_r[first] if len(tiles.disc_r) else 0.0, 0.0)
    outline = np.arange(len(tiles.xy)) >= tiles.obstacle_count
    both = (single | outline)[u] & (single | outline)[v]
    width[both] -= (radius[u] + radius[v])[both]
    # an outline point stands for the whole side: what counts is the upright distance
    for near, far in ((u, v), (v, u)):
        mixed = outline[far] & ~outline[near]
        upright = _upright(tiles, near[mixed], far[mixed])
        width[mixed] = upright - radius[near[mixed]]
    for edge in np.flatnonzero(~both):
        width[edge] = _hull_distance(tiles, int(u[edge]), int(v[edge]))
    if tiles.octilinear:
        inner = ~(outline[u] | outline[v])
        width[inner] = _octagonal_widths(tiles, u[inner], v[inner])
    return width


def _octagonal_widths(tiles: Tiles, u: I64, v: I64) -> F64:
    """Distance between the octagons around obstacles: the widest of eight stripes that separate them [nm]."""
    half = math.sqrt(0.5)
    # not from sine and cosine: a gap that takes n wires exactly must not be narrower by the last bit
    normals = np.array([(1, half, 0, -half, -1, -half, 0, half), (0, half, 1, half, 0, -half, -1, -half)])
    reach = np.full((len(tiles.xy), 8), -np.inf)
    owner = np.repeat(np.arange(len(tiles.xy)), np.diff(tiles.disc_start))
    wanted = np.zeros(len(tiles.xy), dtype=np.bool_)
    wanted[u] = wanted[v] = True
    discs = np.flatnonzero(wanted[owner])
    np.maximum.at(reach, owner[discs], tiles.disc_xy[discs] @ normals + tiles.disc_r[discs, None])
    bare = np.flatnonzero(wanted & (np.diff(tiles.disc_start) == 0))
    reach[bare] = tiles.xy[bare] @ normals
    return np.asarray((-reach[v][:, [4, 5, 6, 7, 0, 1, 2, 3]] - reach[u]).max(axis=1))


def _upright(tiles: Tiles, near: I64, far: I64) -> F64:
    """Distance from vertices to the side(s) of the outline on which others lie [nm]."""
    delta = tiles.xy[near] - tiles.xy[far]
    normals = tiles.normals[far]
    first = delta[:, 0] * normals[:, 0] + delta[:, 1] * normals[:, 1]
    second = delta[:, 0] * normals[:, 2] + delta[:, 1] * normals[:, 3]
    has_second = (normals[:, 2] != 0) | (normals[:, 3] != 0)
    return np.where(has_second, np.minimum(first, second), first)


def _hull_distance(tiles: Tiles, u: int, v: int) -> float:
    """Distance between two obstacles of which at least one is not a disc [nm]."""
    if u >= tiles.obstacle_count or v >= tiles.obstacle_count:
        near, far = (u, v) if v >= tiles.obstacle_count else (v, u)
        normals = tiles.normals[far]
        discs = tiles.disc_xy[tiles.disc_start[near] : tiles.disc_start[near + 1]] - tiles.xy[far]
        radius = float(tiles.disc_r[tiles.disc_start[near]])
        sides = [discs @ normals[:2]]
        if normals[2:].any():
            sides.append(discs @ normals[2:])
        return float(min(side.min() for side in sides)) - radius
    hulls = []
    for vertex in (u, v):
        a, b = tiles.disc_start[vertex], tiles.disc_start[vertex + 1]
        hulls.append((tiles.disc_xy[a:b], tiles.disc_r[a:b]))
    (p, pr), (q, qr) = hulls
    if _holds(p, q) or _holds(q, p):
        return -float(pr[0] + qr[0])
    best = np.inf
    for one, one_r, other, other_r in ((p, pr, q, qr), (q, qr, p, pr)):
        start, end = other, np.roll(other, -1, axis=0)
        along = end - start
        length2 = np.maximum((along**2).sum(axis=1), 1e-300)
        for point, radius in zip(one, one_r, strict=True):
            t = np.clip(((point - start) * along).sum(axis=1) / length2, 0.0, 1.0)
            distance = np.hypot(*(start + along * t[:, None] - point).T)
            best = min(best, float(distance.min()) - float(radius) - float(other_r[0]))
    return best


def _holds(hull: F64, points: F64) -> bool:
    """Whether one of the points lies within a counter-clockwise hull."""
    if len(hull) < 3:
        return False
    side = np.roll(hull, -1, axis=0) - hull
    to = points[:, None, :] - hull[None, :, :]
    return bool((side[None, :, 0] * to[:, :, 1] - side[None, :, 1] * to[:, :, 0] >= 0).all(axis=1).any())
