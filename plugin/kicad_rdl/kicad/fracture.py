"""Turns a polygon with holes into one without: every hole is joined to what lies left of it by a cut of no width.

KiCad stores filled copper like that. Each hole is cut open at its leftmost corner, along a horizontal line to the
nearest edge at its left; where the cut meets a slanted edge, its end is rounded to the grid, into the copper.
"""

from __future__ import annotations

from kicad_rdl.geometry import Point, Polygon
from kicad_rdl.units import Nm

BAND_EDGES = 8
"""About how many edges share one horizontal band of the index."""

Edge = tuple[int, int]
"""(ring, index of its first point); ring 0 is the outline."""


def fractured(polygon: Polygon) -> tuple[Point, ...]:
    """One closed run of points; the polygon itself where it has no holes."""
    if not polygon.holes:
        return polygon.points
    # a hole runs against the outline, so that the whole turns once around the copper and not at all around a hole
    holes = (_from_leftmost(_turning(hole, left=False)) for hole in polygon.holes)
    rings = [_turning(polygon.points, left=True), *sorted(holes, key=lambda ring: (ring[0].x, ring[0].y))]
    index = _Bands(rings)
    cuts: dict[Edge, list[tuple[Point, int]]] = {}
    for number, ring in enumerate(rings[1:], start=1):
        edge, spot = index.left_of(ring[0], number)
        cuts.setdefault(edge, []).append((spot, number))
    opened: dict[int, list[Point]] = {}
    # a cut goes to a ring that comes earlier in the order, so the last rings are complete first
    for number in range(len(rings) - 1, -1, -1):
        opened[number] = _walk(rings[number], number, cuts, opened)
    return tuple(_without_repeats(opened[0]))


def _walk(
    ring: tuple[Point, ...], number: int, cuts: dict[Edge, list[tuple[Point, int]]], opened: dict[int, list[Point]]
) -> list[Point]:
    """The ring with the holes that are cut open to it."""
    points: list[Point] = []
    for index, start in enumerate(ring):
        points.append(start)
        for spot, hole in sorted(
            cuts.get((number, index), ()), key=lambda cut: (_steps(start, cut[0]), cut[0].x, cut[0].y, cut[1])
        ):
            points.append(spot)
            inner = opened.pop(hole)
            points += inner
            points.append(inner[0])
            points.append(spot)
    return points


def _steps(start: Point, spot: Point) -> Nm:
    return abs(spot.x - start.x) + abs(spot.y - start.y)


def _turning(ring: tuple[Point, ...], left: bool) -> tuple[Point, ...]:
    """The ring counter-clockwise (``left``) or clockwise."""
    area = sum(a.x * b.y - b.x * a.y for a, b in zip(ring, (*ring[1:], ring[0]), strict=True))
    return ring if (area > 0) is left else ring[::-1]


def _from_leftmost(ring: tuple[Point, ...]) -> tuple[Point, ...]:
    first = min(range(len(ring)), key=lambda i: (ring[i].x, ring[i].y))
    return ring[first:] + ring[:first]


def _without_repeats(points: list[Point]) -> list[Point]:
    kept = [point for index, point in enumerate(points) if point != points[index - 1]]
    return kept or points[:1]


class _Bands:
    """Edges sorted into horizontal bands, to find the nearest one at the left of a point."""

    def __init__(self, rings: list[tuple[Point, ...]]) -> None:
        self.rings = rings
        heights = [point.y for point in rings[0]]
        self.low = min(heights)
        count = max(1, sum(len(ring) for ring in rings) // BAND_EDGES)
        self.step = max(1, -(-(max(heights) - self.low + 1) // count))
        self.bands: dict[int, list[Edge]] = {}
        for number, ring in enumerate(rings):
            for index, start in enumerate(ring):
                end = ring[(index + 1) % len(ring)]
                for band in range(self._band(min(start.y, end.y)), self._band(max(start.y, end.y)) + 1):
                    self.bands.setdefault(band, []).append((number, index))

    def _band(self, y: Nm) -> int:
        return (y - self.low) // self.step

    def left_of(self, point: Point, before: int) -> tuple[Edge, Point]:
        """The edge of a ring before ``before`` that is nearest at the left, and where it is met."""
        best: tuple[Edge, Point] | None = None
        for number, index in self.bands.get(self._band(point.y), ()):
            if number >= before:
                continue
            ring = self.rings[number]
            start, end = ring[index], ring[(index + 1) % len(ring)]
            if not min(start.y, end.y) <= point.y <= max(start.y, end.y):
                continue
            if start.y == end.y:
                x = max(start.x, end.x)
            else:
                # rounded towards the hole, so that no copper comes nearer to what lies beyond the edge
                x = start.x - (start.y - point.y) * (end.x - start.x) // (end.y - start.y)
            if x <= point.x and (best is None or x > best[1].x):
                best = ((number, index), Point(x, point.y))
        if best is None:
            raise AssertionError(f"a hole at {point} lies outside its outline")
        return best
