"""Where stacks of vias stand when they cannot stand straight under a bump or over a ball.

Under the die the UBM pads of the last RDL lie below bumps of other nets, and bump lands of RDL1 above the middles of
balls. A ball's stack may stand anywhere inside its own pad; a bump gets a dog bone: a short trace on RDL1 to the
nearest site where the stack is clear of everything on every layer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from kicad_rdl.geometry import Point, circumradius
from kicad_rdl.model.package import Angles, NetRule
from kicad_rdl.route.barred import Barred
from kicad_rdl.route.problem import Problem
from kicad_rdl.route.tiles import SLACK
from kicad_rdl.route.triangulation import I64

B8: TypeAlias = NDArray[np.bool_]

DIRECTIONS = {Angles.ANY: 24, Angles.OCTILINEAR: 8}
"""Directions in which a site is looked for: a dog bone is a straight piece."""

STEPS = 40
"""Distances in each direction, in steps of half the space."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Place of every stack, in the pose.

    Attributes:
        bump_at: the bump's own place, or the end of its dog bone.
        bump_limit: the outermost layer the bump's stack can reach; 1 where there is no site.
        ball_at: the ball's own place, or one beside it inside its pad.
        ball_limit: the innermost layer the ball's stack can reach.
    """

    bump_at: tuple[Point, ...]
    bump_limit: tuple[int, ...]
    ball_at: tuple[Point, ...]
    ball_limit: tuple[int, ...]

    def has_bone(self, problem: Problem, bump: int) -> bool:
        """Whether the stack stands beside its bump."""
        return self.bump_at[bump] != problem.bumps[bump].at


@dataclass(frozen=True, slots=True)
class _Rules:
    space: float
    via: float
    """Largest radius of a via's land or capture pad [nm]."""


def sites_of(problem: Problem, reach: Sequence[int]) -> Sites:
    """Sites for balls, and for bumps that may reach ``reach[i]`` (1: stays on RDL1)."""
    technology = problem.package.technology
    count = problem.package.rdl_count
    bump_at = [bump.at for bump in problem.bumps]
    ball_at = [ball.at for ball in problem.balls]
    if count == 1 or problem.package.staggered:  # without stacks every change of layer is a candidate in the tiles
        return Sites(tuple(bump_at), (1,) * len(bump_at), tuple(ball_at), (count,) * len(ball_at))
    rules = _Rules(
        max(technology.metal(k).space for k in range(1, count + 1)) + SLACK,
        max(max(via.land, via.capture) for via in technology.vias[: count - 1]) / 2,
    )
    barred = Barred(problem)
    ball_limit = _place_balls(problem, rules, barred, ball_at)
    bump_limit = _place_bumps(problem, rules, barred, reach, bump_at, ball_at, ball_limit)
    return Sites(tuple(bump_at), tuple(bump_limit), tuple(ball_at), tuple(ball_limit))


def _around(first: float, step: float, steps: int, directions: int) -> Iterator[Point]:
    """Places around the origin, nearest first."""
    for n in range(steps):
        distance = first + n * step
        for k in range(directions):
            angle = math.tau * k / directions
            # sine and cosine of 45 degrees differ in the last bit: a diagonal must be one to the nanometre
            # and KiCad rounds centres of short arcs to 100 nm: a site there is the centre it is meant to be
            x, y = (100 * round(distance * round(f(angle), 12) / 100) for f in (math.cos, math.sin))
            yield Point(x, y)


def _tree(points: Sequence[Point]) -> cKDTree | None:
    return cKDTree([(p.x, p.y) for p in points]) if points else None


def _place_balls(problem: Problem, rules: _Rules, barred: Barred, ball_at: list[Point]) -> list[int]:
    """Moves stacks of balls off bump lands, inside their pads; returns the innermost layer each can reach."""
    lands = [circumradius(bump.shape) for bump in problem.bumps]
    tree = _tree([bump.at for bump in problem.bumps])
    count = problem.package.rdl_count
    if tree is None:
        return [_unbarred(barred, rules, ball, 1, count) for ball in ball_at]
    reach = max(lands) + rules.space + rules.via
    slack = problem.package.ball.pad / 2 - rules.via - 1
    limits: list[int] = []

    def clear(place: Point) -> bool:
        near = tree.query_ball_point((place.x, place.y), reach)
        return all(
            math.hypot(place.x - problem.bumps[i].at.x, place.y - problem.bumps[i].at.y)
            >= lands[i] + rules.space + rules.via
            for i in near
        ) and barred.via(place, rules.via, None, 1, count, count)

    steps = max(0, math.floor(slack / rules.space))
    offsets = [Point(0, 0), *_around(rules.space, rules.space, steps, DIRECTIONS[Angles.ANY])]
    for j, ball in enumerate(problem.balls):
        limits.append(_unbarred(barred, rules, ball.at, min(2, count), count))
        for offset in offsets:
            place = Point(ball.at.x + offset.x, ball.at.y + offset.y)
            if clear(place):
                ball_at[j] = place
                limits[j] = 1
                break
    return limits


def _unbarred(barred: Barred, rules: _Rules, place: Point, innermost: int, count: int) -> int:
    """The innermost layer that a stack straight over a ball may reach."""
    while innermost < count and not barred.via(place, rules.via, None, innermost, count, count):
        innermost += 1
    return innermost


def _place_bumps(
    problem: Problem,
    rules: _Rules,
    barred: Barred,
    reach: Sequence[int],
    bump_at: list[Point],
    ball_at: Sequence[Point],
    ball_limit: Sequence[int],
) -> list[int]:
    """Finds dog bones; returns the outermost layer each bump can reach."""
    package = problem.package
    edge = package.technology.edges.trace_to_package + rules.via
    line = package.technology.metal(1).line
    wide: dict[str | None, int] = {rule.name: package.trace_width(rule, 1) for rule in package.nets}
    lands = [circumradius(bump.shape) for bump in problem.bumps]
    bumps = np.array([(b.at.x, b.at.y) for b in problem.bumps], dtype=np.float64).reshape(-1, 2)
    bump_tree = _tree([bump.at for bump in problem.bumps])
    pads, stacks = _tree([ball.at for ball in problem.balls]), _tree(ball_at)
    on_top = shapely.STRtree([shapely.Point(p.x, p.y) for p, k in zip(ball_at, ball_limit, strict=True) if k == 1])
    pad = circumradius(package.ubm_pad)

    def clear_of_balls(place: Point, layer: int, more: float) -> bool:
        if pads is None or stacks is None:
            return True
        at = (place.x, place.y)
        if float(stacks.query(at)[0]) < 2 * rules.via + rules.space + more:
            return False
        return layer < package.rdl_count or float(pads.query(at)[0]) >= pad + rules.space + rules.via + more

    def clear_of(places: I64, layer: int, own: int, thick: float, more: float) -> B8:
        """Which places for the stack of a bump are clear of balls, and of other bumps as far as their centres tell."""
        fine = np.ones(len(places), dtype=np.bool_)
        if not len(places):
            return fine
        if pads is not None and stacks is not None:
            fine &= stacks.query(places)[0] >= 2 * rules.via + rules.space + more
            if layer == package.rdl_count:
                fine &= pads.query(places)[0] >= pad + rules.space + rules.via + more
        if len(bumps) > 1:
            assert bump_tree is not None
            distance, other = bump_tree.query(places, k=2)
            away = np.where(other == own, np.inf, distance).min(axis=1)
            fine &= away >= min(lands) + thick + rules.space + more
        return fine

    offsets: dict[float, I64] = {}
    limit = [1] * len(bump_at)
    homeless: list[int] = []
    standing = _Stacks(problem)
    beyond = {rule.name: _beyond(problem, rules, rule) for rule in package.nets}
    more = [beyond.get(bump.net or "", 0.0) for bump in problem.bumps]
    for i, bump in enumerate(problem.bumps):
        if (
            reach[i] > 1
            and clear_of_balls(bump.at, reach[i], more[i])
            and standing.clear(bump.at, reach[i])
            and barred.via(bump.at, rules.via, bump.net, 1, reach[i], 1)
        ):
            limit[i] = reach[i]
            standing.add(bump.at, reach[i])
        elif reach[i] > 1:
            homeless.append(i)
    bones: dict[tuple[int, int], list[shapely.LineString]] = {}  # by cell of the bump
    cell = max(1.0, (STEPS + 2) * rules.space)
    for i in homeless:
        at = problem.bumps[i].at
        if wide.get(problem.bumps[i].net, line) / 2 > max(rules.via, lands[i]):
            continue  # its trace would stand out of the hull that the router sees
        span = lands[i] + STEPS * rules.space / 2
        near = [j for j in bump_tree.query_ball_point((at.x, at.y), span + max(lands) + cell / 4) if j != i]  # type: ignore[union-attr]
        column, row = math.floor(at.x / cell), math.floor(at.y / cell)
        others = [
            bone
            for c in range(column - 2, column + 3)
            for r in range(row - 2, row + 3)
            for bone in bones.get((c, r), ())
        ]
        if lands[i] not in offsets:
            around = _around(lands[i], rules.space / 2, STEPS, DIRECTIONS[package.angles])
            offsets[lands[i]] = np.array([(p.x, p.y) for p in around], dtype=np.int64)
        places = offsets[lands[i]] + (at.x, at.y)
        inside = (np.abs(places) + edge < (problem.half_width, problem.half_height)).all(axis=1)
        places = places[inside]
        fine = clear_of(places, reach[i], i, max(rules.via, lands[i]), more[i])
        for x, y in places[fine].tolist():
            place = Point(x, y)
            if not standing.clear(place, reach[i]):
                continue
            net = problem.bumps[i].net
            if not barred.via(place, rules.via, net, 1, reach[i], 0):
                continue
            bone = shapely.LineString([(at.x, at.y), (place.x, place.y)])
            if not barred.bone(bone, wide.get(net, line) / 2, net):
                continue
            thick = max(rules.via, lands[i])  # the hull that the router sees
            if any(bone.distance(shapely.Point(bumps[j])) < lands[j] + thick + rules.space + more[i] for j in near):
                continue
            if any(bone.distance(other) < 2 * thick + rules.space + more[i] for other in others):
                continue
            if len(on_top.query(bone, predicate="dwithin", distance=rules.via + thick + rules.space + more[i])):
                continue
            limit[i] = reach[i]
            bump_at[i] = place
            standing.add(place, reach[i])
            bones.setdefault((column, row), []).append(bone)
            break
        else:
            for lower in range(reach[i] - 1, 1, -1):
                free = barred.via(at, rules.via, problem.bumps[i].net, 1, lower, 1)
                if free and clear_of_balls(at, lower, more[i]) and standing.clear(at, lower):
                    limit[i] = lower
                    standing.add(at, lower)
                    break
    return limit


def _beyond(problem: Problem, rules: _Rules, rule: NetRule) -> float:
    """What the traces of a net keep from others beyond what its stacks do: they must get away from these [nm]."""
    package = problem.package
    layers = range(1, package.rdl_count + 1)
    reach = max(package.trace_width(rule, layer) / 2 + package.trace_space(rule, layer) for layer in layers)
    return max(0.0, reach + SLACK - rules.via - rules.space)


class _Stacks:
    """Stacks of bumps that stand already; bumps may be closer together than the vias under them."""

    def __init__(self, problem: Problem) -> None:
        technology = problem.package.technology
        self._need = [0, 0]  # centre to centre of two stacks that both reach a layer [nm]
        for layer in range(2, problem.package.rdl_count + 1):
            above, space = technology.via(layer - 1), technology.metal(layer).space
            beside = [
                above.land + technology.metal(layer - 1).space,
                above.capture + space,
                above.opening + above.space,
            ]
            self._need.append(max(self._need[-1], *beside))
        self._cells: dict[tuple[int, int], list[tuple[Point, int]]] = {}

    def _cell(self, place: Point) -> tuple[int, int]:
        return place.x // self._need[-1], place.y // self._need[-1]

    def clear(self, place: Point, layer: int) -> bool:
        """Whether a stack down to a layer may stand here."""
        column, row = self._cell(place)
        return all(
            place.distance(other) >= self._need[min(layer, reach)]
            for c in (column - 1, column, column + 1)
            for r in (row - 1, row, row + 1)
            for other, reach in self._cells.get((c, r), ())
        )

    def add(self, place: Point, layer: int) -> None:
        """Lets a stack stand here."""
        self._cells.setdefault(self._cell(place), []).append((place, layer))
