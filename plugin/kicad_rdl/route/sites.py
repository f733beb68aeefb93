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
from kicad_rdl.route.triangulation import F64, I64

B8: TypeAlias = NDArray[np.bool_]

DIRECTIONS = {Angles.ANY: 24, Angles.OCTILINEAR: 8}
"""Directions in which a site is looked for: a dog bone is a straight piece."""

STEPS = 40
"""Distances in each direction, in steps of half the space."""

BATCH = 192
"""Sites that are looked at at once: the nearest ones mostly have one that is free."""


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
    ball_at = [ball.at for ball in problem.balls]
    if count == 1 or problem.package.staggered:  # without stacks every change of layer is a candidate in the tiles
        bump_at = tuple(bump.at for bump in problem.bumps)
        return Sites(bump_at, (1,) * len(bump_at), tuple(ball_at), (count,) * len(ball_at))
    rules = _Rules(
        max(technology.metal(k).space for k in range(1, count + 1)) + SLACK,
        max(max(via.land, via.capture) for via in technology.vias[: count - 1]) / 2,
    )
    barred = Barred(problem)
    ball_limit = _place_balls(problem, rules, barred, ball_at)
    bumps = _Bumps(problem, rules, barred, ball_at, ball_limit)
    bumps.place(reach)
    return Sites(tuple(bumps.at), tuple(bumps.limit), tuple(ball_at), tuple(ball_limit))


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


def _tree(points: Sequence[Point]) -> cKDTree:
    return cKDTree(_places(points))


def _places(points: Sequence[Point]) -> I64:
    return np.array([(p.x, p.y) for p in points], dtype=np.int64).reshape(-1, 2)


def _apart(tree: cKDTree, places: I64) -> F64:
    """How far each place is from the nearest point of a tree."""
    return np.asarray(tree.query(places)[0], dtype=np.float64)


def _place_balls(problem: Problem, rules: _Rules, barred: Barred, ball_at: list[Point]) -> list[int]:
    """Moves stacks of balls off bump lands, inside their pads; returns the innermost layer each can reach.

    What nets want beyond the technology's space is left to the stacks of their bumps where the pad has room for that.
    """
    package = problem.package
    beyond = {rule.name: _beyond(problem, rules, rule) for rule in package.nets}
    least = [circumradius(bump.shape) + rules.space + rules.via for bump in problem.bumps]
    wanted = [away + beyond.get(bump.net or "", 0.0) for away, bump in zip(least, problem.bumps, strict=True)]
    tree = _tree([bump.at for bump in problem.bumps])
    count = package.rdl_count
    reach = max(wanted, default=0.0)
    slack = package.ball.pad / 2 - rules.via - 1
    limits: list[int] = []

    def clear(place: Point, away: Sequence[float]) -> bool:
        near = tree.query_ball_point((place.x, place.y), reach)
        return all(place.distance(problem.bumps[i].at) >= away[i] for i in near) and barred.via(
            place, rules.via, None, 1, count, count
        )

    steps = max(0, math.floor(slack / rules.space))
    offsets = [Point(0, 0), *_around(rules.space, rules.space, steps, DIRECTIONS[Angles.ANY])]
    for j, ball in enumerate(problem.balls):
        limits.append(_unbarred(barred, rules, ball.at, 2, count))
        places = [Point(ball.at.x + offset.x, ball.at.y + offset.y) for offset in offsets]
        found = next((place for place in places if clear(place, wanted)), None)
        if found is None and wanted != least:
            found = next((place for place in places if clear(place, least)), None)
        if found is not None:
            ball_at[j], limits[j] = found, 1
    return limits


def _unbarred(barred: Barred, rules: _Rules, place: Point, innermost: int, count: int) -> int:
    """The innermost layer that a stack straight over a ball may reach."""
    while innermost < count and not barred.via(place, rules.via, None, innermost, count, count):
        innermost += 1
    return innermost


class _Bumps:
    """Places stacks of bumps one after the other, straight below their bumps or at the end of dog bones.

    Attributes:
        at: where each stands: its bump's own place, or the end of its dog bone.
        limit: the outermost layer each can reach.
    """

    def __init__(
        self, problem: Problem, rules: _Rules, barred: Barred, ball_at: Sequence[Point], ball_limit: Sequence[int]
    ) -> None:
        package = problem.package
        self.at = [bump.at for bump in problem.bumps]
        self.limit = [1] * len(problem.bumps)
        self._problem, self._rules, self._barred = problem, rules, barred
        self._widths: dict[str | None, int] = {rule.name: package.trace_width(rule, 1) for rule in package.nets}
        self._beyond: dict[str | None, float] = {rule.name: _beyond(problem, rules, rule) for rule in package.nets}
        self._kept_off = {rule.name for rule in package.nets if rule.layers is not None and 1 not in rule.layers}
        self._lands = [circumradius(bump.shape) for bump in problem.bumps]
        self._smallest, self._largest = min(self._lands, default=0.0), max(self._lands, default=0.0)
        self._bumps = _tree(self.at)
        self._pads, self._stacks = _tree([ball.at for ball in problem.balls]), _tree(ball_at)
        self._on_top = shapely.STRtree(
            [shapely.Point(p.x, p.y) for p, k in zip(ball_at, ball_limit, strict=True) if k == 1]
        )
        self._pad = circumradius(package.ubm_pad)
        self._standing = _Stacks(problem)
        self._offsets: dict[float, I64] = {}
        self._bones: dict[tuple[int, int], list[shapely.LineString]] = {}  # by cell of the bump
        self._cell = max(1.0, (STEPS + 2) * rules.space)

    def place(self, reach: Sequence[int]) -> None:
        """Places the stacks of all bumps that may reach ``reach[i]`` (1: stays on RDL1), straight ones first."""
        below = [i for i, layer in enumerate(reach) if layer > 1]
        homeless = [i for i in below if not self._straight(i, reach[i])]
        for i in homeless:
            # a wide trace would stand out of the hull that the router sees
            if self._on_rdl1(i) and self._thick(i) >= self._trace(i) and self._beside(i, reach[i]):
                continue
            for lower in range(reach[i] - 1, 1, -1):
                if self._straight(i, lower):
                    break

    def _straight(self, i: int, layer: int) -> bool:
        """Lets a stack stand below its bump, down to a layer; False: something is in its way."""
        bump = self._problem.bumps[i]
        free = (
            self._clear_of_balls(_places([bump.at]), layer, self._more(i)).all()
            and self._standing.clear(bump.at, layer)
            and self._barred.via(bump.at, self._rules.via, bump.net, 1, layer, 1)
        )
        if free:
            self._stand(i, bump.at, layer)
        return bool(free)

    def _beside(self, i: int, layer: int) -> bool:
        """Lets a stack stand at the nearest site beside its bump, down to a layer; False: there is none."""
        bump, space, more = self._problem.bumps[i], self._rules.space, self._more(i)
        thick, land = self._thick(i), self._lands[i]
        span = land + STEPS * space / 2
        others = self._bumps.query_ball_point((bump.at.x, bump.at.y), span + self._largest + self._cell / 4)
        lands = [(shapely.Point(*self._bumps.data[j]), self._lands[j]) for j in others if j != i]
        bones = list(self._bones_near(bump.at))
        for place in self._open_places(i, layer):
            if not self._standing.clear(place, layer):
                continue
            if not self._barred.via(place, self._rules.via, bump.net, 1, layer, 0):
                continue
            bone = shapely.LineString([(bump.at.x, bump.at.y), (place.x, place.y)])
            if not self._barred.bone(bone, self._trace(i), bump.net):
                continue
            if any(bone.distance(middle) < radius + thick + space + more for middle, radius in lands):
                continue
            if any(bone.distance(other) < 2 * thick + space + more for other in bones):
                continue
            if len(self._on_top.query(bone, predicate="dwithin", distance=self._rules.via + thick + space + more)):
                continue
            self._stand(i, place, layer)
            self._bones.setdefault(self._cell_of(bump.at), []).append(bone)
            return True
        return False

    def _open_places(self, i: int, layer: int) -> Iterator[Point]:
        """Places around a bump, nearest first, clear of edges and balls, and of bumps as far as centres tell."""
        problem, rules, land, more = self._problem, self._rules, self._lands[i], self._more(i)
        if land not in self._offsets:
            around = _around(land, rules.space / 2, STEPS, DIRECTIONS[problem.package.angles])
            self._offsets[land] = _places(list(around))
        at = problem.bumps[i].at
        edge = problem.package.technology.edges.trace_to_package + rules.via
        offered = self._offsets[land] + (at.x, at.y)
        for first in range(0, len(offered), BATCH):
            places = offered[first : first + BATCH]
            places = places[(np.abs(places) + edge < (problem.half_width, problem.half_height)).all(axis=1)]
            places = places[self._clear_of_balls(places, layer, more)]
            distance, other = self._bumps.query(places, k=2)
            away = np.where(other == i, np.inf, distance).min(axis=1)
            for x, y in places[away >= self._smallest + self._thick(i) + rules.space + more].tolist():
                yield Point(x, y)

    def _clear_of_balls(self, places: I64, layer: int, more: float) -> B8:
        """Which places are clear of the stacks of balls, and on the last layer of their pads."""
        via, space = self._rules.via, self._rules.space
        clear = _apart(self._stacks, places) >= 2 * via + space + more
        if layer < self._problem.package.rdl_count:
            return clear
        return clear & (_apart(self._pads, places) >= self._pad + space + via + more)

    def _on_rdl1(self, i: int) -> bool:
        """Whether a bump's net may have a dog bone."""
        return self._problem.bumps[i].net not in self._kept_off

    def _trace(self, i: int) -> float:
        """Half the width of a bump's trace on RDL1 [nm]."""
        return self._widths.get(self._problem.bumps[i].net, self._problem.package.technology.metal(1).line) / 2

    def _thick(self, i: int) -> float:
        """Half the width of the hull that the router sees around a dog bone [nm]."""
        return max(self._rules.via, self._lands[i])

    def _more(self, i: int) -> float:
        """What a bump's net keeps from others beyond what its stack does [nm]."""
        return self._beyond.get(self._problem.bumps[i].net, 0.0)

    def _stand(self, i: int, place: Point, layer: int) -> None:
        self.at[i], self.limit[i] = place, layer
        self._standing.add(place, layer)

    def _cell_of(self, at: Point) -> tuple[int, int]:
        return math.floor(at.x / self._cell), math.floor(at.y / self._cell)

    def _bones_near(self, at: Point) -> Iterator[shapely.LineString]:
        column, row = self._cell_of(at)
        for c in range(column - 2, column + 3):
            for r in range(row - 2, row + 3):
                yield from self._bones.get((c, r), ())


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
