"""Keep-outs and locked copper as obstacles of a layer: what keeps wires away and is no terminal.

Where such an outline and a terminal would hide each other from the triangulation, the terminal stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import shapely

from kicad_rdl.geometry import Circle, Hull, Outline, Point, Polygon, shapely_of, shapely_polygon
from kicad_rdl.route.convex import Chunk, chunks_of, inset_chunks
from kicad_rdl.route.problem import Problem
from kicad_rdl.route.tiles import Obstacle, hidden
from kicad_rdl.units import Nm

INSIDE: Nm = 1_000
"""Outlines beyond the package are cut off so far inside of its edge, where no trace may run anyway."""


def barriers_on(problem: Problem, layer: int, standing: Sequence[Obstacle]) -> tuple[Obstacle, ...]:
    """Outlines of what keeps wires off a layer; ``standing`` are the terminals there."""
    package = problem.package
    if not package.keepouts and not package.locked:
        return ()
    space = package.technology.metal(layer).space
    found: list[Obstacle] = []
    taken = {(obstacle.at.x, obstacle.at.y) for obstacle in standing}
    for keepout in package.keepouts:
        if keepout.traces and layer in keepout.layers:
            chunks = _keepout(problem, keepout.outline, space)
            found += [_placed(chunk, taken, None, f"keep-out {keepout.name}") for chunk in chunks]
    for locked in package.locked:
        if locked.layer == layer:
            margin = package.trace_space(package.net(locked.net), layer) - space
            for piece in problem.pose.apply_path(locked.path).pieces:
                chunks = chunks_of(piece, locked.width, margin, 2 * space)
                found += [_placed(chunk, taken, locked.net, f"locked trace of {locked.net}") for chunk in chunks]
    return _seen(problem, standing, found)


def _keepout(problem: Problem, outline: Polygon, space: Nm) -> list[Chunk]:
    posed = shapely_polygon(problem.pose.apply_polygon(outline))
    width, height = problem.half_width - INSIDE, problem.half_height - INSIDE
    return inset_chunks(shapely.intersection(posed, shapely.box(-width, -height, width, height)), space, 2 * space)


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
        gone = hidden(
            [o.at for o in everything], [o.shape for o in everything], problem.half_width, problem.half_height
        )
        lost = {k - len(standing) for k in gone if k >= len(standing)}
        for k in gone:
            if k < len(standing):
                own = shapely_of(standing[k].shape, standing[k].at, 1.0)
                lost |= {n for n, b in enumerate(barriers) if shapely.intersects(own, shapely_of(b.shape, b.at, 1.0))}
        if not lost:
            break
        barriers = [b for n, b in enumerate(barriers) if n not in lost]
    return tuple(barriers)
