"""Points, paths and shapes on the nanometre grid; the door to shapely.

Frame: package centre is the origin, x right, y up, seen from the die side through to the balls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import shapely
from shapely.geometry import Polygon as ShapelyPolygon

from kicad_rdl.errors import ModelError
from kicad_rdl.units import Nm


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A place, in nanometres."""

    x: Nm
    y: Nm

    def __add__(self, other: Point) -> Point:
        return Point(self.x + other.x, self.y + other.y)

    def __sub__(self, other: Point) -> Point:
        return Point(self.x - other.x, self.y - other.y)

    def distance(self, other: Point) -> float:
        """Straight distance [nm]."""
        return math.hypot(self.x - other.x, self.y - other.y)

    def turned(self, quarters: int) -> Point:
        """Turned counter-clockwise about the origin by quarter turns."""
        x, y = self.x, self.y
        for _ in range(quarters % 4):
            x, y = -y, x
        return Point(x, y)


ORIGIN = Point(0, 0)


@dataclass(frozen=True, slots=True)
class Line:
    """A straight piece of a path."""

    start: Point
    end: Point

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ModelError(f"a line needs two different points, got {self.start} twice")

    @property
    def length(self) -> float:
        """[nm]."""
        return self.start.distance(self.end)


@dataclass(frozen=True, slots=True)
class Arc:
    """A circular piece of a path through three points on the grid, as KiCad stores it."""

    start: Point
    mid: Point
    end: Point

    def __post_init__(self) -> None:
        a, b = self.mid - self.start, self.end - self.start
        if a.x * b.y == a.y * b.x:
            raise ModelError(f"an arc needs three points that are not on a line: {self.start}, {self.mid}, {self.end}")

    @property
    def centre(self) -> tuple[float, float]:
        """Centre of the circle through the three points [nm]."""
        ax, ay = self.mid.x - self.start.x, self.mid.y - self.start.y
        bx, by = self.end.x - self.start.x, self.end.y - self.start.y
        d = 2 * (ax * by - ay * bx)
        a2, b2 = ax * ax + ay * ay, bx * bx + by * by
        return self.start.x + (by * a2 - ay * b2) / d, self.start.y + (ax * b2 - bx * a2) / d

    @property
    def radius(self) -> float:
        """[nm]."""
        cx, cy = self.centre
        return math.hypot(self.start.x - cx, self.start.y - cy)

    @property
    def sweep(self) -> float:
        """Signed angle from start through mid to end [rad], positive counter-clockwise."""
        cx, cy = self.centre
        a0 = math.atan2(self.start.y - cy, self.start.x - cx)
        a1 = math.atan2(self.end.y - cy, self.end.x - cx)
        left = (self.mid.x - self.start.x) * (self.end.y - self.start.y) > (self.mid.y - self.start.y) * (
            self.end.x - self.start.x
        )
        turn = (a1 - a0) % math.tau
        return turn if left else turn - math.tau

    @property
    def length(self) -> float:
        """[nm]."""
        return abs(self.sweep) * self.radius


Piece: TypeAlias = Line | Arc


@dataclass(frozen=True, slots=True)
class Path:
    """Pieces joined end to start."""

    pieces: tuple[Piece, ...]

    def __post_init__(self) -> None:
        if not self.pieces:
            raise ModelError("a path needs at least one piece")
        for before, after in pairwise(self.pieces):
            if before.end != after.start:
                raise ModelError(f"a path is broken between {before.end} and {after.start}")

    @classmethod
    def through(cls, *points: Point) -> Path:
        """Straight pieces through the points; repeated points are dropped."""
        return cls(tuple(Line(a, b) for a, b in pairwise(points) if a != b))

    @property
    def start(self) -> Point:
        """First point."""
        return self.pieces[0].start

    @property
    def end(self) -> Point:
        """Last point."""
        return self.pieces[-1].end

    @property
    def length(self) -> float:
        """[nm]."""
        return math.fsum(piece.length for piece in self.pieces)

    @property
    def backwards(self) -> Path:
        """The same way from end to start."""
        return Path(
            tuple(
                Line(piece.end, piece.start) if isinstance(piece, Line) else Arc(piece.end, piece.mid, piece.start)
                for piece in reversed(self.pieces)
            )
        )


# --- shapes: around their own origin -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Circle:
    """A disc."""

    diameter: Nm

    def __post_init__(self) -> None:
        _positive("circle diameter", self.diameter)


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle along the axes; equal sides make a square."""

    width: Nm
    height: Nm

    def __post_init__(self) -> None:
        _positive("rectangle width", self.width)
        _positive("rectangle height", self.height)


@dataclass(frozen=True, slots=True)
class Octagon:
    """A regular octagon; ``width`` is the distance between parallel sides, two of them vertical."""

    width: Nm

    def __post_init__(self) -> None:
        _positive("octagon width", self.width)


@dataclass(frozen=True, slots=True)
class Polygon:
    """A simple polygon, not closed (the last point is not the first again); holes likewise."""

    points: tuple[Point, ...]
    holes: tuple[tuple[Point, ...], ...] = ()

    def __post_init__(self) -> None:
        if len(self.points) < 3:
            raise ModelError("a polygon needs at least three points")


Shape: TypeAlias = Circle | Rectangle | Octagon


@dataclass(frozen=True, slots=True)
class Hull:
    """All that lies within ``radius`` of the convex hull of some points: what other programs draw, turned by any angle.

    One point makes a disc, two a capsule; three and more go counter-clockwise.
    """

    points: tuple[Point, ...]
    radius: Nm = 0

    def __post_init__(self) -> None:
        if not self.points or self.radius < 0:
            raise ModelError("a hull needs a point and no negative radius")


Outline: TypeAlias = Shape | Hull
"""A convex outline around its own origin."""


def _positive(what: str, length: Nm) -> None:
    if length <= 0:
        raise ModelError(f"{what} must be greater than zero, got {length} nm")


def grown(shape: Shape, margin: Nm) -> Shape:
    """The shape with every side moved out by ``margin`` (in, when negative)."""
    match shape:
        case Circle(d):
            return Circle(d + 2 * margin)
        case Octagon(w):
            return Octagon(w + 2 * margin)
        case Rectangle(w, h):
            return Rectangle(w + 2 * margin, h + 2 * margin)


def turned(shape: Shape, quarters: int) -> Shape:
    """The shape turned by quarter turns."""
    if isinstance(shape, Rectangle) and quarters % 2:
        return Rectangle(shape.height, shape.width)
    return shape


def corners(shape: Shape) -> tuple[tuple[float, float], ...]:
    """Corner points of a polygonal shape, counter-clockwise around its origin; empty for a circle."""
    match shape:
        case Circle():
            return ()
        case Rectangle(w, h):
            return ((w / 2, h / 2), (-w / 2, h / 2), (-w / 2, -h / 2), (w / 2, -h / 2))
        case Octagon(w):
            a = w / 2
            b = a * (math.sqrt(2) - 1)
            return ((a, b), (b, a), (-b, a), (-a, b), (-a, -b), (-b, -a), (b, -a), (a, -b))


def extent(shape: Outline) -> tuple[Nm, Nm]:
    """Width and height of the bounding box [nm]."""
    match shape:
        case Hull(points, radius):
            xs, ys = [p.x for p in points], [p.y for p in points]
            return max(xs) - min(xs) + 2 * radius, max(ys) - min(ys) + 2 * radius
        case Circle(d):
            return d, d
        case Rectangle(w, h):
            return w, h
        case Octagon(w):
            return w, w


def circumradius(shape: Outline) -> float:
    """Radius of the smallest circle around the origin that covers the shape [nm]."""
    if isinstance(shape, Hull):
        return max(math.hypot(point.x, point.y) for point in shape.points) + shape.radius
    points = corners(shape)
    return max((math.hypot(x, y) for x, y in points), default=extent(shape)[0] / 2)


def shapely_of(shape: Outline, at: Point = ORIGIN, tolerance: float = 0.5) -> ShapelyPolygon:
    """A shapely polygon of the placed shape; a circle becomes the n-gon *around* it, so do the ends of a hull.

    Args:
        shape: the shape.
        at: where its origin lies.
        tolerance: how far an n-gon may stand out beyond the circle [nm]; never inside it.
    """
    if isinstance(shape, Hull):
        places = [(at.x + point.x, at.y + point.y) for point in shape.points]
        if shape.radius == 0:
            return ShapelyPolygon(places)
        ends = [circle_polygon(x, y, shape.radius, tolerance) for x, y in places]
        return ShapelyPolygon(shapely.get_coordinates(shapely.union_all(ends).convex_hull))
    points = corners(shape)
    if not points:
        assert isinstance(shape, Circle)
        return circle_polygon(at.x, at.y, shape.diameter / 2, tolerance)
    return ShapelyPolygon([(at.x + x, at.y + y) for x, y in points])


def circle_polygon(x: float, y: float, radius: float, tolerance: float) -> ShapelyPolygon:
    """The n-gon around a circle that stands out at most ``tolerance`` [nm]."""
    half = math.acos(radius / (radius + tolerance))
    count = max(8, 4 * math.ceil(math.pi / half / 4))
    outer = radius / math.cos(math.pi / count)
    return ShapelyPolygon(
        [
            (x + outer * math.cos((2 * i + 1) * math.pi / count), y + outer * math.sin((2 * i + 1) * math.pi / count))
            for i in range(count)
        ]
    )


def arc_points(arc: Arc, tolerance: float) -> list[tuple[float, float]]:
    """Points on the arc, ends included; chords stay within ``tolerance`` [nm] of it."""
    cx, cy = arc.centre
    radius, sweep = arc.radius, arc.sweep
    step = math.pi / 2 if tolerance >= radius else 2 * math.acos(1 - tolerance / radius)
    count = max(2, math.ceil(abs(sweep) / step))
    a0 = math.atan2(arc.start.y - cy, arc.start.x - cx)
    inner = [
        (cx + radius * math.cos(a0 + sweep * i / count), cy + radius * math.sin(a0 + sweep * i / count))
        for i in range(1, count)
    ]
    return [(arc.start.x, arc.start.y), *inner, (arc.end.x, arc.end.y)]


def path_points(path: Path, tolerance: float) -> list[tuple[float, float]]:
    """The path as a polyline; arcs within ``tolerance`` [nm]."""
    points: list[tuple[float, float]] = [(path.start.x, path.start.y)]
    for piece in path.pieces:
        points += arc_points(piece, tolerance)[1:] if isinstance(piece, Arc) else [(piece.end.x, piece.end.y)]
    return points


def polygon_of(shape: ShapelyPolygon) -> Polygon:
    """A shapely polygon rounded to the grid, counter-clockwise, without repeated points."""
    shape = shapely.geometry.polygon.orient(shape)

    def ring(coordinates: object) -> tuple[Point, ...]:
        points: list[Point] = []
        for x, y in coordinates:  # type: ignore[attr-defined]
            point = Point(round(x), round(y))
            if not points or points[-1] != point:
                points.append(point)
        return tuple(points[:-1] if points[0] == points[-1] else points)

    holes = (ring(hole.coords) for hole in shape.interiors)
    return Polygon(ring(shape.exterior.coords), tuple(hole for hole in holes if len(hole) >= 3))


def shapely_polygon(polygon: Polygon) -> ShapelyPolygon:
    """The shapely value of a polygon."""
    return ShapelyPolygon([(p.x, p.y) for p in polygon.points], [[(p.x, p.y) for p in hole] for hole in polygon.holes])


def merged(polygons: Iterable[Polygon]) -> tuple[Polygon, ...]:
    """The union of polygons that may overlap, as disjoint pieces, sorted."""
    union = shapely.union_all([shapely_polygon(polygon) for polygon in polygons])
    pieces = [polygon_of(piece) for piece in shapely.get_parts(union) if piece.geom_type == "Polygon"]
    return tuple(sorted(pieces, key=lambda piece: (min(piece.points), piece.points)))
