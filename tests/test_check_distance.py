"""Distances: bulk floats against 60 digits, both against points walked along the pieces, and shapely."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TypeAlias

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from kicad_rdl.check import exact
from kicad_rdl.check.closeness import breaches, gaps
from kicad_rdl.check.distance import distances
from kicad_rdl.check.enclosure import enclosure
from kicad_rdl.check.primitives import tabulate
from kicad_rdl.geometry import Arc, Line, Point, arc_points
from kicad_rdl.model.artwork import Area, Skeleton

Piece: TypeAlias = Point | Line | Arc

small = st.integers(-60, 60)
large = st.integers(-2_000_000, 2_000_000)


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    number = draw(st.sampled_from([small, large]))
    points = [Point(draw(number), draw(number)) for _ in range(draw(st.integers(1, 3)))]
    if len(points) == 1:
        return points[0]
    if len(points) == 2:
        assume(points[0] != points[1])
        return Line(*points)
    a, b = points[1] - points[0], points[2] - points[0]
    assume(a.x * b.y != a.y * b.x)
    return Arc(*points)


def walked(piece: Piece, steps: int = 300) -> tuple[np.ndarray, float]:
    """Points along a piece, and the longest step between them."""
    if isinstance(piece, Point):
        return np.array([[piece.x, piece.y]], dtype=float), 0.0
    t = np.linspace(0, 1, steps)[:, None]
    if isinstance(piece, Line):
        a, b = np.array([piece.start.x, piece.start.y]), np.array([piece.end.x, piece.end.y])
        return a * (1 - t) + b * t, piece.length / (steps - 1)
    x, y = piece.centre
    angle = math.atan2(piece.start.y - y, piece.start.x - x) + t * piece.sweep
    ring = np.hstack([x + piece.radius * np.cos(angle), y + piece.radius * np.sin(angle)])
    return ring, piece.length / (steps - 1)


def both(a: Piece, b: Piece) -> tuple[float, Decimal]:
    table_a, table_b = tabulate([(a, 0)]), tabulate([(b, 0)])
    first = np.zeros(1, dtype=np.int64)
    found = distances(table_a, first, table_b, first)[0]
    return float(found), exact.nearest(table_a.piece(0), table_b.piece(0)).distance


@given(pieces(), pieces())
@settings(max_examples=400, deadline=None)
def test_floats_against_digits(a: Piece, b: Piece) -> None:
    bulk, digits = both(a, b)
    radius = max(piece.radius if isinstance(piece, Arc) else 0.0 for piece in (a, b))
    assert abs(bulk - float(digits)) <= 1e-6 + 1e-14 * radius


@given(pieces(), pieces())
@settings(max_examples=200, deadline=None)
def test_against_walking(a: Piece, b: Piece) -> None:
    # An arc of huge radius is walked with float noise of its own.
    assume(all(not isinstance(piece, Arc) or piece.radius < 1e8 for piece in (a, b)))
    _, digits = both(a, b)
    (p, step_p), (q, step_q) = walked(a), walked(b)
    least = float(np.sqrt(((p[:, None] - q[None]) ** 2).sum(axis=2)).min())
    assert float(digits) <= least + 1e-3
    assert least <= float(digits) + (step_p + step_q) / 2 + 1e-3


@given(pieces(), pieces())
@settings(max_examples=200, deadline=None)
def test_against_shapely(a: Piece, b: Piece) -> None:
    assume(all(not isinstance(piece, Arc) or piece.radius < 1e8 for piece in (a, b)))
    bulk, _ = both(a, b)
    tolerance = 0.01
    apart = _shapely(a, tolerance).distance(_shapely(b, tolerance))
    assert abs(apart - bulk) <= 2 * tolerance + 1e-3


def _shapely(piece: Piece, tolerance: float) -> BaseGeometry:
    if isinstance(piece, Point):
        return shapely.Point(piece.x, piece.y)
    if isinstance(piece, Line):
        return shapely.LineString([(piece.start.x, piece.start.y), (piece.end.x, piece.end.y)])
    # Chords within the tolerance, but not more than 20,000 of them.
    count = abs(piece.sweep) / (2 * math.acos(max(0.0, 1 - tolerance / max(piece.radius, tolerance))))
    assume(count < 20_000)
    return shapely.LineString(arc_points(piece, tolerance))


@given(pieces(), pieces(), st.sampled_from([(1, 0, 0, 1), (-1, 0, 0, 1), (0, -1, 1, 0), (0, 1, 1, 0)]), large, large)
@settings(max_examples=200, deadline=None)
def test_symmetry(a: Piece, b: Piece, matrix: tuple[int, int, int, int], dx: int, dy: int) -> None:
    """Exchanged, mirrored, rotated, shifted: the same to the last float digit that matters."""
    there, digits = both(a, b)
    back, digits_back = both(b, a)
    moved, digits_moved = both(_moved(a, matrix, dx, dy), _moved(b, matrix, dx, dy))
    assert abs(digits - digits_back) < exact.NOTHING
    assert abs(digits - digits_moved) < exact.NOTHING
    radius = max(piece.radius if isinstance(piece, Arc) else 0.0 for piece in (a, b))
    assert max(there, back, moved) - min(there, back, moved) <= 1e-6 + 1e-14 * radius


def _moved(piece: Piece, m: tuple[int, int, int, int], dx: int, dy: int) -> Piece:
    def move(p: Point) -> Point:
        return Point(m[0] * p.x + m[1] * p.y + dx, m[2] * p.x + m[3] * p.y + dy)

    if isinstance(piece, Point):
        return move(piece)
    if isinstance(piece, Line):
        return Line(move(piece.start), move(piece.end))
    return Arc(move(piece.start), move(piece.mid), move(piece.end))


# --- the limit itself ----------------------------------------------------------------------------


def too_close(a: tuple[Skeleton, int], b: tuple[Skeleton, int], limit: int) -> list[int]:
    first, second = tabulate([a]), tabulate([b])
    return [breach.measured for breach in breaches(first, second, gaps(first, second, limit), limit)]


@pytest.mark.parametrize(("gap", "verdict"), [(10_000, []), (9_999, [9_999]), (10_001, []), (0, [0]), (-3, [-3])])
@pytest.mark.parametrize("turned", [False, True])
def test_limit_between_lines(gap: int, verdict: list[int], turned: bool) -> None:
    y = 10_000 + gap
    a, b = Line(Point(0, 0), Point(10**6, 0)), Line(Point(5_000, y), Point(2 * 10**6, y))
    if turned:
        a, b = Line(Point(0, 0), Point(0, 10**6)), Line(Point(y, 5_000), Point(y, 2 * 10**6))
    assert too_close((a, 10_000), (b, 10_000), 10_000) == verdict


@pytest.mark.parametrize(("short", "verdict"), [(0, []), (1, [9_999])])
def test_limit_between_slanting_lines(short: int, verdict: list[int]) -> None:
    """3-4-5 triangles: the true distance is a whole number though no line is along an axis."""
    a = Line(Point(0, 0), Point(400_000, 300_000))
    # 20,000 nm along the normal (-3, 4) / 5; one nanometre to the right is 0.6 nm nearer
    b = Line(Point(-12_000 + short, 16_000), Point(388_000 + short, 316_000))
    assert too_close((a, 10_000), (b, 10_000), 10_000) == verdict


def test_less_than_a_float_below_the_limit() -> None:
    """Short of the limit by 1e-12 nm: floats see equality, 60 digits do not."""
    length = 90_000_000
    a, b = Line(Point(0, 0), Point(length, 1)), Point(length // 2, 20_000)
    distance = exact.nearest((0, 0, length, 1), (b.x, b.y, b.x, b.y)).distance
    assert float(distance) == 19_999.5
    assert distance < Decimal("19999.5")
    # Half widths of 9,999.5 nm together: the gap is 10,000 nm less that trifle.
    assert too_close((a, 10_000), (b, 9_999), 10_000) == [9_999]


@pytest.mark.parametrize(("radius", "verdict"), [(30_000, []), (29_999, [9_999]), (30_001, [])])
def test_limit_at_an_arc(radius: int, verdict: list[int]) -> None:
    """A disc in the centre of an arc whose three points are whole: its radius is ``radius``."""
    arc = Arc(Point(radius, 0), Point(0, radius), Point(-radius, 0))
    assert too_close((arc, 10_000), (Point(0, 0), 30_000), 10_000) == verdict


@pytest.mark.parametrize(("gap", "verdict"), [(10_000, []), (9_999, [9_999])])
def test_concentric_arcs(gap: int, verdict: list[int]) -> None:
    outer = 50_000 + 10_000 + gap
    a = Arc(Point(50_000, 0), Point(30_000, 40_000), Point(0, 50_000))
    b = Arc(Point(outer, 0), Point(0, outer), Point(-outer, 0))
    assert too_close((a, 10_000), (b, 10_000), 10_000) == verdict


def test_crossing() -> None:
    a, b = Line(Point(0, 0), Point(1000, 1000)), Line(Point(0, 1000), Point(1000, 0))
    assert too_close((a, 10), (b, 10), 5) == [-10]


# --- enclosure -----------------------------------------------------------------------------------


def square(half: int) -> Area:
    return Area(((half, half), (-half, half), (-half, -half), (half, -half)))


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ((Point(0, 0), 40), (Point(0, 0), 60), 10),
        ((Point(3, 4), 40), (Point(0, 0), 60), 5),
        ((Point(0, 0), 40), (square(30), 0), 10),
        ((Point(5, 0), 40), (square(30), 0), 5),
        ((square(20), 0), (square(30), 0), 10),
        ((square(30), 0), (Point(0, 0), 100), 7),  # 50 - 30 sqrt 2 = 7.57, rounded down
        ((Point(40, 0), 40), (square(30), 0), -30),
        ((Point(0, 0), 41), (Point(0, 0), 60), 9),  # 9.5, rounded down
    ],
)
def test_enclosure(inner: tuple[Skeleton, int], outer: tuple[Skeleton, int], expected: int) -> None:
    assert enclosure(inner, outer) == expected
