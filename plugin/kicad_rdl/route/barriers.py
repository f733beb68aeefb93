"""Keep-outs and locked copper as obstacles of a layer: what keeps wires away and is no terminal.

Nothing need keep a distance from a keep-out, and it may lie over pads: its outline then runs through them, and traces
leave where it does not. Where locked copper and a pad would hide each other from the triangulation, the pad stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import (
    Circle,
    Hull,
    Outline,
    Point,
    Polygon,
    circle_polygon,
    extent,
    shapely_of,
    shapely_polygon,
)
from kicad_rdl.route.convex import Chunk, chunks_of, ring_chunks
from kicad_rdl.route.problem import Problem
from kicad_rdl.route.tiles import Obstacle, hidden
from kicad_rdl.units import Nm

KEEPOUT, LOCKED = "keep-out ", "locked trace of "
"""How the names of these obstacles begin."""
INSIDE: Nm = 1_000
"""Outlines beyond the package are cut off so far inside of its edge, where no trace may run anyway."""
ROUNDED = 2
"""What outlines and traces on the grid are off [nm]."""
SMOOTH = 20
"""A pad that is shut in is round to this part of a line."""


def barriers_on(problem: Problem, layer: int, standing: Sequence[Obstacle]) -> tuple[Obstacle, ...]:
    """Outlines of what keeps wires off a layer; ``standing`` are the terminals there."""
    package = problem.package
    if not package.keepouts and not package.locked:
        return ()
    metal = package.technology.metal(layer)
    found: list[Obstacle] = []
    taken = {(obstacle.at.x, obstacle.at.y) for obstacle in standing}
    for keepout in package.keepouts:
        if keepout.traces and layer in keepout.layers:
            area = _posed(problem, keepout.outline)
            for edge in (area, *_shut_in(problem, layer, area, standing)):
                own = [_placed(c, taken, None, KEEPOUT + keepout.name) for c in ring_chunks(edge, 1, metal.line)]
                found += [replace(obstacle, space=0) for obstacle in own]
    for locked in package.locked:
        if locked.layer == layer:
            margin = package.trace_space(package.net(locked.net), layer) - metal.space
            for piece in problem.pose.apply_path(locked.path).pieces:
                chunks = chunks_of(piece, locked.width, margin, 2 * metal.space)
                found += [_placed(chunk, taken, locked.net, LOCKED + locked.net) for chunk in chunks]
    return _seen(problem, standing, found)


def _posed(problem: Problem, outline: Polygon) -> BaseGeometry:
    posed = shapely_polygon(problem.pose.apply_polygon(outline))
    width, height = problem.half_width - INSIDE, problem.half_height - INSIDE
    return shapely.intersection(posed, shapely.box(-width, -height, width, height))


def _shut_in(problem: Problem, layer: int, area: BaseGeometry, standing: Sequence[Obstacle]) -> list[BaseGeometry]:
    """Discs in the pads from whose middle no trace can start, because it would be in a keep-out at once."""
    line = problem.package.technology.metal(layer).line
    widths = {rule.name: problem.package.trace_width(rule, layer) for rule in problem.package.nets}
    shapely.prepare(area)
    return [
        circle_polygon(o.at.x, o.at.y, min(2 * line, min(extent(o.shape)) / 2), line / SMOOTH)
        for o in standing
        if not isinstance(o.shape, Hull)
        and shapely.dwithin(area, shapely.Point(o.at.x, o.at.y), widths.get(o.net or "", line) / 2 + ROUNDED)
    ]


def _placed(chunk: Chunk, taken: set[tuple[int, int]], net: str | None, name: str) -> Obstacle:
    """An obstacle whose place nobody else has; it moves by nanometres, its outline does not."""
    at = chunk.at
    while (at.x, at.y) in taken:
        at = Point(at.x + 1, at.y)
    taken.add((at.x, at.y))
    shift, shape = chunk.at - at, chunk.shape
    if shift != Point(0, 0):
        match shape:
            case Circle(diameter):
                moved: Outline = Hull((shift,), -(-diameter // 2))
            case Hull(points, radius):
                moved = Hull(tuple(point + shift for point in points), radius)
            case other:
                raise AssertionError(other)
        shape = moved
    return Obstacle(at, shape, net, name)


def _seen(problem: Problem, standing: Sequence[Obstacle], barriers: list[Obstacle]) -> tuple[Obstacle, ...]:
    """Those barriers that the triangulation sees, and that hide no terminal from it."""
    while barriers:
        everything = [*standing, *barriers]
        gone = hidden(everything, problem.half_width, problem.half_height)
        lost = {k - len(standing) for k in gone if k >= len(standing)}
        for k in gone:
            if k < len(standing):
                own = shapely_of(standing[k].shape, standing[k].at, 1.0)
                lost |= {n for n, b in enumerate(barriers) if shapely.intersects(own, shapely_of(b.shape, b.at, 1.0))}
        if not lost:
            break
        barriers = [b for n, b in enumerate(barriers) if n not in lost]
    return tuple(barriers)
