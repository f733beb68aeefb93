"""Where wires of a package may change the layer away from bumps and balls: candidates for vias in the tiles.

A candidate serves one connection. In a technology without stacked vias it is the only way down: openings of successive
dielectrics, bump ends above the first and ball openings below the last lie ``stagger`` apart then. Elsewhere candidates
are for connections that find no way on one layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Circle, Point, circumradius
from kicad_rdl.model.package import Package
from kicad_rdl.route.barred import Barred
from kicad_rdl.route.problem import Problem, Terminal, TerminalKind
from kicad_rdl.route.stacks import LayerObstacles
from kicad_rdl.route.tiles import SLACK, Obstacle
from kicad_rdl.route.triangulation import F64
from kicad_rdl.route.via_places import between, raster, thinned
from kicad_rdl.route.voids import geometries

Box = tuple[float, float, float, float]
"""Least x and y, greatest x and y [nm]."""

MOST = 2_000
"""Candidates on a layer where they are asked for in some boxes only."""

GRID = 100
"""KiCad rounds centres of short arcs to so many nanometres: a site there is the centre it is meant to be."""


@dataclass(frozen=True, slots=True)
class ViaSite:
    """A via between RDL ``layer`` and the next, if a wire takes it."""

    layer: int
    terminal: Terminal
    """Its land on RDL ``layer``."""

    def on(self, problem: Problem, layer: int) -> Terminal:
        """Its copper on one of its two layers, with the round end of the widest trace that may end there."""
        shape = Circle(_width_on(problem.package, self.layer, layer))
        return Terminal(TerminalKind.VIA, self.terminal.name, self.terminal.net, self.terminal.at, shape, True)

    def obstacle(self, problem: Problem, layer: int) -> Obstacle:
        """The same as an obstacle."""
        own = self.on(problem, layer)
        return Obstacle(own.at, own.shape, None, own.label)


def via_sites(
    problem: Problem,
    layers: Sequence[int],
    standing: Sequence[LayerObstacles],
    within: Sequence[Box] | None = None,
) -> tuple[ViaSite, ...]:
    """Candidates between neighbouring signal layers, as far from everything as the tiles allow.

    Args:
        problem: the task.
        layers: the RDLs on which signals run.
        standing: what stands on RDL1, RDL2 .. in any case, or may.
        within: where they are asked for, about ``MOST`` on each layer; None: everywhere.
    """
    technology = problem.package.technology
    levels = [k for k in layers if k + 1 in layers]
    barred = Barred(problem)
    taken: list[tuple[int, Point]] = []
    for level in levels:
        via = technology.via(level)
        radius = max(_width_on(problem.package, level, k) for k in (level, level + 1)) / 2
        space = max(_space(problem.package, k) for k in (level, level + 1)) + SLACK
        pitch = math.ceil(max(2 * radius + space, via.opening + via.space))
        obstacles = [*standing[level - 1].obstacles, *standing[level].obstacles]
        spots = np.array([(o.at.x, o.at.y) for o in obstacles], dtype=np.float64).reshape(-1, 2)
        edge = technology.edges.trace_to_package + radius + SLACK
        box = (problem.half_width - edge, problem.half_height - edge)
        places = np.concatenate([between(spots, box), raster(box, pitch)])
        places = np.unique(np.rint(places / GRID) * GRID, axis=0)
        apart = float(pitch)
        if within is not None:
            places = places[_inside(places, within)]
            apart = max(apart, math.sqrt(sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in within) / MOST))
        # openings of one dielectric may have to be farther apart than their lands
        away = radius + space + (max(0, via.opening + via.space - 2 * radius - space) if technology.stacked_vias else 0)
        room = np.minimum(
            _room(obstacles, places, 1.5 * pitch + away) - away,
            np.minimum(_stagger_room(problem, level, places), _other_levels(problem, level, taken, places)),
        )
        free = room >= 0
        free[free] = barred.free(places[free], radius, level, level + 1)
        places, room = places[free], room[free]
        kept = thinned(places, np.minimum(room + radius, 1.5 * pitch), np.empty((0, 2)), apart)
        taken += [(level, Point(int(x), int(y))) for x, y in places[kept].tolist()]
    return tuple(
        ViaSite(
            level,
            Terminal(TerminalKind.VIA, f"{level}.{number}", None, at, Circle(technology.via(level).land), True),
        )
        for number, (level, at) in enumerate(sorted(taken, key=lambda t: (t[0], t[1].x, t[1].y)), 1)
    )


def _inside(places: F64, boxes: Sequence[Box]) -> NDArray[np.bool_]:
    """[places] whether one of the boxes holds each."""
    found = np.zeros(len(places), dtype=np.bool_)
    for x0, y0, x1, y1 in boxes:
        found |= (places >= (x0, y0)).all(axis=1) & (places <= (x1, y1)).all(axis=1)
    return found


def _width_on(package: Package, level: int, layer: int) -> int:
    """Diameter of what stands on a layer for a via below RDL ``level`` [nm]."""
    via = package.technology.via(level)
    usual = package.technology.metal(layer).line
    widest = max((package.trace_width(rule, layer) for rule in package.nets), default=usual)
    return max(via.land if layer == level else via.capture, widest)


def _space(package: Package, layer: int) -> int:
    """What the most demanding net keeps from others on a layer [nm]."""
    usual = package.technology.metal(layer).space
    return max((package.trace_space(rule, layer) for rule in package.nets), default=usual)


def _room(obstacles: Sequence[Obstacle], places: F64, reach: float) -> F64:
    """[places] distance to the nearest copper within ``reach``; infinite where there is none [nm]."""
    shapes = geometries(_area(obstacle) for obstacle in obstacles)
    points = np.asarray(shapely.points(places), dtype=object)
    found = np.full(len(places), math.inf)
    near, row = shapely.STRtree(points).query(shapes, predicate="dwithin", distance=reach)
    np.minimum.at(found, row, shapely.distance(shapes[near], points[row]))
    return found


def _area(obstacle: Obstacle) -> BaseGeometry:
    """What covers an obstacle: the discs that the router sees, some of no size at the corners of a pad."""
    return shapely.convex_hull(
        shapely.union_all(
            [shapely.Point(x, y).buffer(max(1.0, radius * 1.005), quad_segs=16) for x, y, radius in obstacle.discs]
        )
    )


def _stagger_room(problem: Problem, level: int, places: F64) -> F64:
    """[places] by how much a via is farther than it must be from bump lands above it and ball openings below it.

    The opening of a bump is within its land: that is enough to know.
    """
    package = problem.package
    technology = package.technology
    found = np.full(len(places), math.inf)
    if technology.stacked_vias:
        return found
    reach = technology.via(level).opening / 2 + technology.stagger + SLACK
    ends: list[tuple[float, float, float]] = []
    if level == 1:
        ends += [(b.at.x, b.at.y, circumradius(b.shape)) for b in problem.bumps]
    if level == package.rdl_count - 1:
        ends += [(b.at.x, b.at.y, _ball_opening(package)) for b in problem.balls]
    for radius in sorted({r for _, _, r in ends}):
        tree = cKDTree([(x, y) for x, y, r in ends if r == radius])
        found = np.minimum(found, tree.query(places)[0] - radius - reach)
    return found


def _ball_opening(package: Package) -> float:
    """Radius of the opening under the ball next to the last RDL [nm]."""
    return package.ubm_via_opening / 2 if package.has_ubm_layer else circumradius(package.ball_opening)


def _other_levels(problem: Problem, level: int, taken: Sequence[tuple[int, Point]], places: F64) -> F64:
    """[places] by how much a via is farther than it must be from the candidates of the level above."""
    technology = problem.package.technology
    others = [(at.x, at.y) for other, at in taken if other == level - 1]
    if not others:
        return np.full(len(places), math.inf)
    above, own = technology.via(level - 1), technology.via(level)
    widths = [_width_on(problem.package, k, level) for k in (level - 1, level)]
    need = sum(widths) / 2 + _space(problem.package, level) + SLACK  # both stand on this layer
    if not technology.stacked_vias:
        need = max(need, (above.opening + own.opening) / 2 + technology.stagger + SLACK)
    return np.asarray(cKDTree(others).query(places)[0] - need, dtype=np.float64)
