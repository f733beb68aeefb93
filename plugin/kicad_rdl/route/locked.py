"""Which terminals the locked copper of a package joins already: between these no wire is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import path_points, shapely_of
from kicad_rdl.model.package import LockedTrace
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.problem import Problem

TOLERANCE = 1.0
"""Outlines and arcs are followed so closely [nm]; copper of one net this near touches."""


@dataclass(frozen=True, slots=True)
class LockedJoin:
    """Two posts (bumps first, then balls) that are one piece; the joins of a package make no circle."""

    net: str
    layer: int
    one: int
    other: int
    length: float
    """Of the locked copper that is there for it [nm]."""


def locked_joins(problem: Problem, ball_nets: Sequence[str | None]) -> tuple[LockedJoin, ...]:
    """The joins when the balls have these nets."""
    package = problem.package
    keys = sorted({(locked.net, locked.layer) for locked in package.locked})
    return tuple(join for net, layer in keys for join in _joins(problem, ball_nets, net, layer))


def touched_balls(problem: Problem) -> dict[int, str]:
    """Balls on which locked copper ends, and its net, which must have them if it may."""
    found: dict[int, str] = {}
    for locked in problem.package.locked:
        allowed = problem.package.net(locked.net).allowed
        for j, ball in enumerate(problem.balls):
            mine = ball.usable and (allowed is None or ball.name in allowed)
            if mine and locked.layer == problem.package.rdl_count:
                pad = shapely_of(ball.shape, ball.at, TOLERANCE)
                if _touch(_line(problem, locked), pad, locked.width / 2):
                    found.setdefault(j, locked.net)
    return found


def _line(problem: Problem, locked: LockedTrace) -> BaseGeometry:
    return shapely.LineString(path_points(problem.pose.apply_path(locked.path), TOLERANCE))


def _touch(one: BaseGeometry, other: BaseGeometry, reach: float) -> bool:
    return bool(shapely.dwithin(one, other, reach + TOLERANCE))


def _joins(problem: Problem, ball_nets: Sequence[str | None], net: str, layer: int) -> list[LockedJoin]:
    package, bumps = problem.package, len(problem.bumps)
    own = [locked for locked in package.locked if (locked.net, locked.layer) == (net, layer)]
    lines = [_line(problem, locked) for locked in own]
    posts = [i for i, bump in enumerate(problem.bumps) if layer == 1 and bump.net == net]
    posts += [bumps + j for j, held in enumerate(ball_nets) if layer == package.rdl_count and held == net]
    everyone = (*problem.bumps, *problem.balls)
    pieces = Groups(len(own) + len(posts))
    for a, b in combinations(range(len(own)), 2):
        if _touch(lines[a], lines[b], (own[a].width + own[b].width) / 2):
            pieces.join(a, b)
    for k, post in enumerate(posts):
        pad = shapely_of(everyone[post].shape, everyone[post].at, TOLERANCE)
        for a, locked in enumerate(own):
            if _touch(lines[a], pad, locked.width / 2):
                pieces.join(a, len(own) + k)
    found: list[LockedJoin] = []
    for root in sorted({pieces.root(a) for a in range(len(own))}):
        members = [post for k, post in enumerate(posts) if pieces.root(len(own) + k) == root]
        length = sum(locked.path.length for a, locked in enumerate(own) if pieces.root(a) == root)
        share = length / max(1, len(members) - 1)
        found += [LockedJoin(net, layer, members[0], post, share) for post in members[1:]]
    return found
