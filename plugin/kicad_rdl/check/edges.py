"""Distances to the package edge and between dies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isqrt

import numpy as np
import shapely

from kicad_rdl.check.closeness import anchor, breaches, gaps
from kicad_rdl.check.layers import LayerCopper
from kicad_rdl.check.primitives import Table, tabulate
from kicad_rdl.check.rules import Rules
from kicad_rdl.geometry import Arc, Line, Piece, Point, arc_points
from kicad_rdl.model.artwork import Artwork, Box
from kicad_rdl.model.report import Rule, Severity, Violation
from kicad_rdl.units import Nm, um

EDGE = "package edge"


def check_edges(artwork: Artwork, layers: Sequence[LayerCopper], rules: Rules) -> Iterator[Violation]:
    """Copper, balls and dies against the package edge; dies against each other."""
    if artwork.outline:
        edge = tabulate((piece, 0) for piece in artwork.outline)
        body = outline_area(artwork.outline)
        limit = rules.trace_to_package
        for here in layers:
            for k, measured, at in _too_near(here.table, edge, body, limit):
                name = artwork.copper[here.index[k]].name
                yield _edge(Rule.PACKAGE_EDGE, here.name, name, measured, limit, at)
        # A ball is round: its square's centre and diameter.
        balls = tabulate((ball.at, ball.width) for ball in artwork.balls)
        for k, measured, at in _too_near(balls, edge, body, rules.ball_to_package):
            name = artwork.balls[k].name
            yield _edge(Rule.PACKAGE_EDGE, "-", name, measured, rules.ball_to_package, at)
        dies = tabulate((piece, 0) for die in artwork.dies for piece in _sides(die))
        for k, measured, at in _too_near(dies, edge, body, rules.die_to_package):
            yield _edge(Rule.DIE_EDGE, "-", artwork.dies[k // 4].name, measured, rules.die_to_package, at)
    yield from _dies_apart(artwork, rules.die_to_die)


def outline_area(outline: tuple[Piece, ...]) -> shapely.Geometry:
    """The inside of the package edge; arcs within a nanometre (used for in-or-out only, distances are exact)."""
    lines = [
        arc_points(piece, 1.0) if isinstance(piece, Arc) else [(p.x, p.y) for p in (piece.start, piece.end)]
        for piece in outline
    ]
    rings = shapely.polygonize([shapely.LineString(points) for points in lines])
    # Rings inside rings are cut-outs: even-odd.
    area: shapely.Geometry = shapely.Polygon()
    for ring in sorted(rings.geoms, key=lambda ring: -ring.area):
        filled = shapely.Polygon(shapely.get_exterior_ring(ring))
        area = shapely.symmetric_difference(area, filled)
    return area


def _too_near(items: Table, edge: Table, body: shapely.Geometry, limit: Nm) -> Iterator[tuple[int, Nm, Point]]:
    """(item, distance to the edge, place); an item outside the body has a distance of zero or less.

    Where no edge is closed there is no outside.
    """
    if not items.items:
        return
    found: dict[int, tuple[Nm, Point]] = {}
    for breach in breaches(items, edge, gaps(items, edge, limit), limit):
        if breach.a not in found or breach.measured < found[breach.a][0]:
            found[breach.a] = breach.measured, breach.at
    shapely.prepare(body)
    outside = ~shapely.intersects_xy(body, items.anchor) & (not shapely.is_empty(body))
    for k in map(int, np.flatnonzero(outside)):
        if k not in found or found[k][0] > 0:
            found[k] = 0, anchor(items, k)
    for k in sorted(found):
        yield k, *found[k]


def _edge(rule: Rule, layer: str, name: str, measured: Nm, limit: Nm, at: Point) -> Violation:
    remedy = f"move it inwards by {um(limit - measured)} or make the package larger"
    return Violation(rule, Severity.ERROR, layer, at, (name, EDGE), max(measured, 0), limit, remedy)


def _sides(box: Box) -> list[Piece]:
    corners = [Point(x, y) for x, y in _corners(box)]
    return [Line(a, b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]


def _corners(box: Box) -> list[tuple[int, int]]:
    left, bottom = box.at.x - box.width // 2, box.at.y - box.height // 2
    right, top = left + box.width, bottom + box.height
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def _dies_apart(artwork: Artwork, limit: Nm) -> Iterator[Violation]:
    for i, first in enumerate(artwork.dies):
        for second in artwork.dies[i + 1 :]:
            (a, _, b, _), (c, _, d, _) = _corners(first), _corners(second)
            apart_x, apart_y = max(c[0] - b[0], a[0] - d[0]), max(c[1] - b[1], a[1] - d[1])
            inside = max(apart_x, apart_y) <= 0
            square = max(apart_x, 0) ** 2 + max(apart_y, 0) ** 2
            if not inside and square >= limit * limit:
                continue
            at = Point((first.at.x + second.at.x) // 2, (first.at.y + second.at.y) // 2)
            measured = 0 if inside else isqrt(square)
            remedy = f"move the dies apart by {um(limit - measured)}"
            things = (first.name, second.name)
            yield Violation(Rule.DIE_EDGE, Severity.ERROR, "-", at, things, measured, limit, remedy)
