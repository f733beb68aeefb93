"""Where a terminal stands on the layers: a bump reaches down from RDL1, a ball up from the last RDL.

``deep`` is the outermost layer that a bump's stack of vias reaches, ``high`` the innermost one of a ball's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kicad_rdl.geometry import Circle, Point, Shape, circumradius, extent
from kicad_rdl.model.layout import Via
from kicad_rdl.model.technology import Technology
from kicad_rdl.route.barriers import barriers_on
from kicad_rdl.route.problem import Problem, Terminal
from kicad_rdl.route.sites import Sites
from kicad_rdl.route.tiles import Obstacle


@dataclass(frozen=True, slots=True)
class LayerObstacles:
    """What stands on one layer, and which obstacle belongs to which terminal (-1: not on this layer).

    Keep-outs and locked copper come after all terminals.
    """

    obstacles: tuple[Obstacle, ...]
    bump_vertex: tuple[int, ...]
    ball_vertex: tuple[int, ...]


def obstacles_on(
    problem: Problem,
    layer: int,
    deep: Sequence[int],
    high: Sequence[int],
    ball_nets: Sequence[str | None],
    sites: Sites,
) -> LayerObstacles:
    """The obstacles of a layer when bump i reaches ``deep[i]`` and ball j ``high[j]``."""
    found: list[Obstacle] = []
    bump_vertex: list[int] = []
    ball_vertex: list[int] = []
    for index, (bump, reach) in enumerate(zip(problem.bumps, deep, strict=True)):
        if reach < layer:
            bump_vertex.append(-1)
            continue
        bump_vertex.append(len(found))
        shape = bump_copper(problem, bump, layer, reach)
        if layer > 1:
            found.append(Obstacle(sites.bump_at[index], shape, bump.net, bump.label))
        else:
            bone = sites.bump_at[index] if reach > 1 and sites.has_bone(problem, index) else None
            found.append(Obstacle(bump.at, shape, bump.net, bump.label, bone))
    count = problem.package.rdl_count
    for ball, place, reach, net in zip(problem.balls, sites.ball_at, high, ball_nets, strict=True):
        if reach > layer:
            ball_vertex.append(-1)
            continue
        ball_vertex.append(len(found))
        at = ball.at if layer == count else place
        found.append(Obstacle(at, ball_copper(problem, ball, layer, reach), net, ball.label))
    barriers = barriers_on(problem, layer, found)
    return LayerObstacles((*found, *barriers), tuple(bump_vertex), tuple(ball_vertex))


def bump_copper(problem: Problem, bump: Terminal, layer: int, deep: int) -> Shape:
    """The outline of a bump's copper on a layer: its land, its via land, its capture pad, whichever is largest."""
    technology = problem.package.technology
    discs = _discs(technology, layer, top=1, bottom=deep)
    return _covering(bump.shape, discs) if layer == 1 else Circle(max(discs))


def ball_copper(problem: Problem, ball: Terminal, layer: int, high: int) -> Shape:
    """The outline of a ball's copper on a layer."""
    count = problem.package.rdl_count
    discs = _discs(problem.package.technology, layer, top=high, bottom=count)
    return _covering(ball.shape, discs) if layer == count else Circle(max(discs))


def _discs(technology: Technology, layer: int, top: int, bottom: int) -> list[int]:
    """Diameters of the via ends that a stack from ``top`` to ``bottom`` has on a layer."""
    found = []
    if layer < bottom:
        found.append(technology.via(layer).land)
    if layer > top:
        found.append(technology.via(layer - 1).capture)
    return found


def _covering(shape: Shape, discs: Sequence[int]) -> Shape:
    """The shape itself if it covers the discs, else a circle around all."""
    if not discs or max(discs) <= min(extent(shape)):
        return shape
    return Circle(max(max(discs), 2 * round(circumradius(shape) + 0.5)))


def stack(problem: Problem, place: Point, net: str, top: int, bottom: int) -> list[Via]:
    """The vias at a place (in the pose) between two layers, in the package frame."""
    technology = problem.package.technology
    at = problem.pose.undo(place)
    return [
        Via(net, at, layer, technology.via(layer).opening, technology.via(layer).land, technology.via(layer).capture)
        for layer in range(top, bottom)
    ]
