"""Where a bump's stack of vias goes down when it cannot go straight: beside a ball's pad instead of into it.

Under the die the UBM pads of the last RDL, and the vias of balls, lie below bumps of other nets. Such a bump gets a
dog bone: a short trace on RDL1 to the nearest site where the stack is clear of everything on every layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree

from kicad_rdl.geometry import Point, circumradius
from kicad_rdl.route.lay import SLACK
from kicad_rdl.route.problem import Problem

DIRECTIONS = 24
"""Directions in which a site is looked for."""

STEPS = 14
"""Distances in each direction, in steps of half the space."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Place of every bump's stack, in the pose.

    Attributes:
        at: the bump's own place, or the end of its dog bone.
        limit: the outermost layer the stack can reach; 1 where there is no site.
    """

    at: tuple[Point, ...]
    limit: tuple[int, ...]

    def has_bone(self, problem: Problem, bump: int) -> bool:
        """Whether the stack stands beside its bump."""
        return self.at[bump] != problem.bumps[bump].at


def sites_of(problem: Problem, reach: Sequence[int]) -> Sites:
    """Sites for bumps that may reach ``reach[i]`` (1: stays on RDL1)."""
    package = problem.package
    technology = package.technology
    count = package.rdl_count
    at = [bump.at for bump in problem.bumps]
    if count == 1:
        return Sites(tuple(at), (1,) * len(at))
    metal = technology.metal(1)
    space = max(technology.metal(k).space for k in range(1, count + 1)) + SLACK
    radius = max(max(via.land, via.capture) for via in technology.vias[: count - 1]) / 2
    land = [circumradius(bump.shape) for bump in problem.bumps]
    balls = np.array([(b.at.x, b.at.y) for b in problem.balls], dtype=np.float64).reshape(-1, 2)
    ball_tree = cKDTree(balls) if len(balls) else None
    bump_xy = np.array([(b.at.x, b.at.y) for b in problem.bumps], dtype=np.float64).reshape(-1, 2)
    bump_tree = cKDTree(bump_xy)
    largest = max(land, default=0.0)

    def keep_from_balls(layer: int) -> float:
        pad = package.ball.pad / 2 if layer == count else radius
        return pad + space + radius

    def clear_of_balls(x: float, y: float, layer: int) -> bool:
        return ball_tree is None or float(ball_tree.query((x, y))[0]) >= keep_from_balls(layer)

    limit = [1] * len(at)
    fixed: list[tuple[float, float]] = []
    homeless: list[int] = []
    for i, bump in enumerate(problem.bumps):
        if reach[i] <= 1:
            continue
        if clear_of_balls(bump.at.x, bump.at.y, reach[i]):
            limit[i] = reach[i]
        else:
            homeless.append(i)
    # sites of others and dog bones drawn so far
    bones: list[shapely.LineString] = []
    step = max(space / 2, 1.0)
    for i in homeless:
        bump = problem.bumps[i]
        near = [
            j for j in bump_tree.query_ball_point((bump.at.x, bump.at.y), 3 * STEPS * step + largest + space) if j != i
        ]
        best: tuple[float, int, Point] | None = None
        first = land[i]
        for n in range(1, STEPS * 3):
            if best is not None:
                break
            distance = first + n * step
            for k in range(DIRECTIONS):
                angle = 2 * math.pi * k / DIRECTIONS
                x, y = round(bump.at.x + distance * math.cos(angle)), round(bump.at.y + distance * math.sin(angle))
                inside = abs(x) + radius + technology.edges.trace_to_package < problem.half_width
                if not inside or abs(y) + radius + technology.edges.trace_to_package >= problem.half_height:
                    continue
                if not clear_of_balls(x, y, reach[i]):
                    continue
                bone = shapely.LineString([(bump.at.x, bump.at.y), (x, y)])
                if any(math.hypot(x - fx, y - fy) < 2 * radius + space for fx, fy in fixed):
                    continue
                need = max(radius, metal.line / 2) + space
                if any(
                    shapely.distance(bone, shapely.Point(bump_xy[j])) < land[j] + need
                    or math.hypot(x - bump_xy[j][0], y - bump_xy[j][1]) < max(land[j], radius) + radius + space
                    for j in near
                ):
                    continue
                if any(bone.distance(other) < 2 * radius + space for other in bones):
                    continue
                best = (distance, k, Point(x, y))
                break
        if best is None:
            continue
        limit[i] = reach[i]
        at[i] = best[2]
        fixed.append((best[2].x, best[2].y))
        bones.append(shapely.LineString([(bump.at.x, bump.at.y), (best[2].x, best[2].y)]))
    return Sites(tuple(at), tuple(limit))

