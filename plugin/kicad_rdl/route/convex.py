"""Copper of any shape as convex outlines, short enough that gaps between neighbours close what they cover.

The triangulation sees an obstacle at one place. What is long is cut into pieces whose centres are nearer to each other
than to anything that keeps its distance, so that the gap between two of them is an edge of it, and has no room.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Arc, Circle, Hull, Line, Outline, Point, arc_points
from kicad_rdl.model.artwork import Area, Skeleton
from kicad_rdl.route.posts import Stand
from kicad_rdl.route.skeletons import skeleton_geometry
from kicad_rdl.units import Nm

CHORD = 100
"""How far chords of arcs may lie off, as a part of the distance of neighbouring centres; outlines are so much wider."""
SIDES = 16
"""Of a polygon around a disc."""
CONVEX = 1e-6
"""An area is convex if its hull is larger by less than this part."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A convex outline around ``at``."""

    at: Point
    shape: Outline


def chunks_of(skeleton: Skeleton, width: Nm, margin: Nm, reach: Nm) -> list[Chunk]:
    """Outlines that cover a shape grown by ``margin``.

    Args:
        skeleton, width: the shape, as in ``artwork.Copper``.
        margin: how much wider than the shape the outlines are, each side.
        reach: greatest distance of neighbouring centres.
    """
    radius = -(-width // 2) + margin
    match skeleton:
        case Point():
            return [Chunk(skeleton, Circle(max(width + 2 * margin, 1)))]
        case Line(start, end):
            return _capsules([(start.x, start.y), (end.x, end.y)], radius, reach)
        case Arc():
            off = max(reach // CHORD, 20)
            return _capsules(arc_points(skeleton, off), radius + off, reach)
        case Area():
            return _area(skeleton, radius, reach)


def ring_chunks(area: BaseGeometry, margin: Nm, reach: Nm, inward: float = 0.0) -> list[Chunk]:
    """Outlines along the edge of an area, which need not be convex: nothing gets in or out between them.

    Args:
        area: polygons.
        margin: half the width of the outlines.
        reach: greatest distance of neighbouring centres.
        inward: how deep in the area the centres lie, where it is that wide [nm].
    """
    found: list[Chunk] = []
    for polygon in shapely.get_parts(area):
        if polygon.geom_type != "Polygon" or polygon.is_empty:
            continue
        shapely.prepare(polygon)
        for ring in (polygon.exterior, *polygon.interiors):
            chunks = _capsules(list(ring.coords), max(margin, 1), reach)
            found += [_moved_in(polygon, chunk, inward) for chunk in chunks] if inward else chunks
    return found


def _capsules(points: Sequence[tuple[float, float]], radius: Nm, reach: Nm) -> list[Chunk]:
    found: list[Chunk] = []
    for (ax, ay), (bx, by) in pairwise(points):
        count = max(1, math.ceil(math.hypot(bx - ax, by - ay) / max(reach, 1)))
        stops = [Point(round(ax + (bx - ax) * k / count), round(ay + (by - ay) * k / count)) for k in range(count + 1)]
        slant = 1 if ax != bx and ay != by else 0  # stops of a slanting line are rounded to the grid
        for start, end in pairwise(stops):
            at = Point((start.x + end.x) // 2, (start.y + end.y) // 2)
            if start == end:
                found.append(Chunk(at, Circle(max(2 * (radius + slant), 1))))
            else:
                found.append(Chunk(at, Hull((start - at, end - at), radius + slant)))
    return found


def _area(area: Area, radius: Nm, reach: Nm) -> list[Chunk]:
    geometry = skeleton_geometry(area)
    hull = shapely.convex_hull(geometry)
    if hull.area > geometry.area * (1 + CONVEX) or area.holes:
        return ring_chunks(geometry, max(radius, 1), reach)
    return [chunk for piece in _strips(hull, radius, reach) for chunk in _hull(piece, radius)]


def _strips(hull: BaseGeometry, radius: Nm, reach: Nm) -> Iterable[BaseGeometry]:
    """Cut across where it is long."""
    box = shapely.oriented_envelope(hull)
    if box.geom_type != "Polygon":
        return [hull]
    corners = shapely.get_coordinates(box)[:3]
    sides = [corners[1] - corners[0], corners[2] - corners[1]]
    lengths = [float(math.hypot(*side)) for side in sides]
    long = 0 if lengths[0] >= lengths[1] else 1
    count = max(1, math.ceil((lengths[long] - lengths[1 - long]) / (reach + lengths[1 - long] + 2 * radius)) + 1)
    if lengths[long] + 2 * radius <= 1.5 * (lengths[1 - long] + 2 * radius):
        count = 1
    if count == 1:
        return [hull]
    step, across = sides[long] / count, sides[1 - long]
    origin = corners[0] if long == 0 else corners[1]
    sign = across if long == 0 else -across
    strips = []
    for k in range(count):
        a, b = origin + step * k, origin + step * (k + 1)
        strips.append(shapely.intersection(hull, shapely.Polygon([a, b, b + sign, a + sign])))
    return [strip for strip in strips if not strip.is_empty]


def _hull(geometry: BaseGeometry, radius: Nm) -> list[Chunk]:
    hull = shapely.convex_hull(geometry)
    spots = shapely.get_coordinates(shapely.orient_polygons(hull) if hull.geom_type == "Polygon" else hull)
    exact = all(x == round(x) and y == round(y) for x, y in spots.tolist())
    points = list(dict.fromkeys(Point(round(x), round(y)) for x, y in spots.tolist()))
    low_x, low_y, high_x, high_y = shapely.bounds(hull).tolist()
    at = Point(round((low_x + high_x) / 2), round((low_y + high_y) / 2))
    return [Chunk(at, Hull(tuple(point - at for point in points), max(radius + (0 if exact else 1), 0)))]


def _moved_in(polygon: BaseGeometry, chunk: Chunk, inward: float) -> Chunk:
    """The same outline, and its place inside the area where that is wide enough."""
    if not isinstance(chunk.shape, Hull):
        return chunk
    start, end = chunk.shape.points
    along = end - start
    length = math.hypot(along.x, along.y)
    for sign in (1, -1):
        step = Point(round(-sign * along.y / length * inward), round(sign * along.x / length * inward))
        at = chunk.at + step
        if shapely.contains_xy(polygon, at.x, at.y):
            return around(chunk, at)
    return chunk


def around(chunk: Chunk, at: Point) -> Chunk:
    """The same outline around another place."""
    if at == chunk.at:
        return chunk
    shift = chunk.at - at
    match chunk.shape:
        case Circle(diameter):
            return Chunk(at, Hull((shift,), -(-diameter // 2)))
        case Hull(points, radius):
            return Chunk(at, Hull(tuple(point + shift for point in points), radius))
        case other:
            raise AssertionError(other)


def with_land(stand: Stand, at: Point, diameter: Nm) -> Stand:
    """The outline with a via land in it; the same where it covers that."""
    offset, radius = at - stand.at, -(-diameter // 2)
    match stand.shape:
        case Circle(own):
            if 2 * (math.hypot(offset.x, offset.y) + radius) <= own:
                return stand
            if offset == Point(0, 0):
                return Stand(stand.layer, stand.at, Circle(max(own, diameter)))
            least = min(-(-own // 2), radius)
            corners = [*_around(Point(0, 0), -(-own // 2) - least), *_around(offset, radius - least)]
            return Stand(stand.layer, stand.at, Hull(_convex(corners), least))
        case Hull(points, own_radius):
            covering = shapely.MultiPoint([(p.x, p.y) for p in points]).convex_hull
            inset = covering.buffer(own_radius, quad_segs=32)
            if inset.contains(shapely.Point(offset.x, offset.y).buffer(radius - 1)):
                return stand
            least = min(own_radius, radius)
            corners = [corner for point in points for corner in _around(point, own_radius - least)]
            return Stand(stand.layer, stand.at, Hull(_convex([*corners, *_around(offset, radius - least)]), least))
        case other:
            raise AssertionError(other)


def _around(centre: Point, radius: Nm) -> list[Point]:
    """Corners of a polygon around a disc."""
    if radius == 0:
        return [centre]
    outer = radius / math.cos(math.pi / SIDES) + 1
    angles = [math.tau * (k + 0.5) / SIDES for k in range(SIDES)]
    return [Point(centre.x + round(outer * math.cos(a)), centre.y + round(outer * math.sin(a))) for a in angles]


def _convex(points: Sequence[Point]) -> tuple[Point, ...]:
    hull = shapely.MultiPoint([(p.x, p.y) for p in points]).convex_hull
    if hull.geom_type == "Polygon":
        hull = shapely.orient_polygons(hull)
    return tuple(dict.fromkeys(Point(round(x), round(y)) for x, y in shapely.get_coordinates(hull).tolist()))
