"""Holes are cut open without gaining or losing copper."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point as ShapelyPoint
from shapely.geometry import Polygon as ShapelyPolygon

from kicad_rdl.geometry import Point, Polygon, shapely_polygon
from kicad_rdl.kicad.fracture import fractured

SIDE = 1_000


def _area(points: tuple[Point, ...]) -> float:
    return sum(a.x * b.y - b.x * a.y for a, b in zip(points, (*points[1:], points[0]), strict=True)) / 2


def _diamond(x: int, y: int, r: int, clockwise: bool) -> tuple[Point, ...]:
    ring = (Point(x + r, y), Point(x, y + r), Point(x - r, y), Point(x, y - r))
    return ring[::-1] if clockwise else ring


def _square(x: int, y: int, r: int, clockwise: bool) -> tuple[Point, ...]:
    ring = (Point(x + r, y + r), Point(x - r, y + r), Point(x - r, y - r), Point(x + r, y - r))
    return ring[::-1] if clockwise else ring


@st.composite
def plates(draw: st.DrawFn) -> Polygon:
    """A plate with holes of several kinds in the cells of a grid; many share their heights."""
    cells = draw(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=0, max_size=25))
    holes = []
    for column, row in sorted(cells):
        shape = draw(st.sampled_from((_diamond, _square)))
        radius = draw(st.integers(10, 480))
        holes.append(shape(column * SIDE + 500, row * SIDE + 500, radius, draw(st.booleans())))
    outline = (Point(0, 0), Point(5 * SIDE, 0), Point(5 * SIDE, 5 * SIDE), Point(0, 5 * SIDE))
    return Polygon(outline[:: draw(st.sampled_from((1, -1)))], tuple(holes))


@settings(max_examples=60, deadline=None)
@given(plates())
def test_copper_stays_and_holes_stay_open(plate: Polygon) -> None:
    points = fractured(plate)
    wanted = shapely_polygon(plate)
    # cuts have no width; where one meets a slanted edge its end is rounded by less than a nanometre
    assert abs(abs(_area(points)) - wanted.area) <= 5 * SIDE * len(plate.holes)
    assert len(points) <= len(plate.points) + sum(len(hole) + 3 for hole in plate.holes)
    corners = {*plate.points, *(point for hole in plate.holes for point in hole)}
    assert corners <= set(points)
    for hole in plate.holes:
        middle = ShapelyPolygon([(p.x, p.y) for p in hole]).centroid
        assert _turns(points, middle) == 0
    assert _turns(points, ShapelyPoint(1, 1)) in (1, -1)


def _turns(points: tuple[Point, ...], spot: ShapelyPoint) -> int:
    """How often the run of points turns around a spot."""
    count = 0
    for a, b in zip(points, (*points[1:], points[0]), strict=True):
        side = (b.x - a.x) * (spot.y - a.y) - (spot.x - a.x) * (b.y - a.y)
        if a.y <= spot.y < b.y and side > 0:
            count += 1
        elif b.y <= spot.y < a.y and side < 0:
            count -= 1
    return count


def test_without_holes_nothing_changes() -> None:
    ring = _diamond(0, 0, 100, clockwise=False)
    assert fractured(Polygon(ring)) == ring


def test_thousands_of_holes_in_rows() -> None:
    holes = tuple(_diamond(100 * x + 50, 100 * y + 50, 40, clockwise=True) for x in range(60) for y in range(60))
    points = fractured(Polygon(_square(3_000, 3_000, 3_000, clockwise=False), holes))
    assert len(points) >= 4 + 5 * len(holes)
