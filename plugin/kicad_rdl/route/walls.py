"""How many of the nets whose balls are given cannot be connected, whoever routes: what walls let through.

A wall is a line from edge to edge of the package, or the outline of a rectangle, the same on all layers. Every net
with terminals that are settled on both sides crosses it on some layer. Two traces cross a layer of a wall at least a
line and a space apart, and keep a space from the lands of bumps on RDL1 and the UBM pads of balls on the last RDL,
which stand in any case: what is left of the wall counts. A net whose own pad stands on the wall is not counted. Vias in
the way are left out, so the true number may be smaller, never larger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kicad_rdl.geometry import extent
from kicad_rdl.model.package import SupplyStyle
from kicad_rdl.route.problem import Problem, Terminal
from kicad_rdl.route.triangulation import F64

WALLS = 120
"""Lines of one direction, and rectangles of one kind, that are tried at most: evenly picked where there are more."""

SAME = 1_000
"""Rows of pads closer than this are one row [nm]."""

ROUNDED = 1e-6


@dataclass(frozen=True, slots=True)
class Side:
    """A straight piece of a wall: along x (``level`` is y) or along y [nm]."""

    along_x: bool
    level: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Wall:
    """A wall that too many nets must cross.

    Attributes:
        sides: in the pose.
        needed: nets that must cross it.
        fits: [layers][sides] traces that pass; nothing on layers without signals.
    """

    sides: tuple[Side, ...]
    needed: int
    fits: tuple[tuple[int, ...], ...]

    @property
    def room(self) -> int:
        """Traces that pass on all layers together."""
        return sum(sum(layer) for layer in self.fits)

    @property
    def open(self) -> int:
        """Nets that stay open at least."""
        return max(0, self.needed - self.room)


@dataclass(frozen=True, slots=True)
class _Pads:
    """Pads that stand in any case on a layer: places, and radius of a disc inside each [nm]."""

    xy: F64
    radius: F64
    nets: tuple[tuple[int, ...], ...]
    """Numbers of the nets that may have it."""


@dataclass(frozen=True, slots=True)
class _Layer:
    used: bool
    line: float
    space: float
    pads: tuple[_Pads, ...]


@dataclass(frozen=True, slots=True)
class _Ends:
    """Places, each with the number of its net."""

    xy: F64
    net: np.ndarray

    def on_both(self, box: tuple[float, float, float, float], count: int) -> tuple[np.ndarray, np.ndarray]:
        """[nets] how many are inside and outside of a box."""
        x, y = self.xy[:, 0], self.xy[:, 1]
        inside = (x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])
        return np.bincount(self.net[inside], minlength=count), np.bincount(self.net[~inside], minlength=count)


@dataclass(frozen=True, slots=True)
class _Nets:
    """The terminals that are settled, and the balls of which a net may take any."""

    count: int
    settled: _Ends
    choice: _Ends

    def crossing(self, box: tuple[float, float, float, float]) -> np.ndarray:
        """[nets] which have ends inside and outside, whatever balls they take."""
        inside, outside = self.settled.on_both(box, self.count)
        choice_in, choice_out = self.choice.on_both(box, self.count)
        some = (choice_in + choice_out) > 0
        return np.asarray(
            ((inside > 0) | (some & (choice_out == 0))) & ((outside > 0) | (some & (choice_in == 0))), dtype=np.bool_
        )


def narrowest_wall(problem: Problem, signal_layers: Sequence[int]) -> Wall | None:
    """The wall that leaves most nets open; None: none of those that were tried leaves any open."""
    nets, number = _nets(problem)
    if not nets.count:
        return None
    layers = _layers(problem, signal_layers, number)
    edge = float(problem.package.technology.edges.trace_to_package)
    worst: Wall | None = None
    for sides, box in _walls(problem, edge):
        crossing = nets.crossing(box)
        if worst is not None and int(crossing.sum()) <= worst.open:
            continue
        fits = [tuple(_passing(layer, side, crossing) for side in sides) for layer in layers]
        wall = Wall(sides, int(crossing.sum()), tuple(fits))
        if wall.open > (worst.open if worst is not None else 0):
            worst = wall
    return worst


def _nets(problem: Problem) -> tuple[_Nets, dict[str, int]]:
    """The nets that traces join, with at least two settled ends or balls to choose from some only."""
    balls = {ball.name: ball for ball in problem.balls}
    bumps: dict[str, list[Terminal]] = {}
    for bump in problem.bumps:
        if bump.net is not None:
            bumps.setdefault(bump.net, []).append(bump)
    settled: list[tuple[float, float, int]] = []
    choice: list[tuple[float, float, int]] = []
    number: dict[str, int] = {}
    for rule in problem.package.nets:
        if rule.style is SupplyStyle.PLANE:
            continue
        own = [(b.at.x, b.at.y) for b in bumps.get(rule.name, ())]
        named = [(balls[n].at.x, balls[n].at.y) for n in rule.allowed or () if n in balls]
        given = rule.allowed is not None and len(rule.allowed) == rule.balls
        if given:
            own, named = own + named, []
        if rule.balls == 0:
            named = []
        if len(own) + len(named) > 1:
            number[rule.name] = len(number)
            settled += [(x, y, number[rule.name]) for x, y in own]
            choice += [(x, y, number[rule.name]) for x, y in named]
    return _Nets(len(number), _ends(settled), _ends(choice)), number


def _ends(places: Sequence[tuple[float, float, int]]) -> _Ends:
    return _Ends(_array([(x, y) for x, y, _ in places]), np.array([net for _, _, net in places], dtype=np.int64))


def _array(places: Sequence[tuple[float, float]]) -> F64:
    return np.array(places, dtype=np.float64).reshape(-1, 2)


def _layers(problem: Problem, signal_layers: Sequence[int], number: dict[str, int]) -> list[_Layer]:
    """Every RDL. RDL1 has dog bones also where it has no signals."""
    count = problem.package.rdl_count
    may_have: dict[str, list[int]] = {}
    for rule in problem.package.nets:
        for name in rule.allowed or ():
            may_have.setdefault(name, []).extend([number[rule.name]] if rule.name in number else [])
    found: list[_Layer] = []
    for k in range(1, count + 1):
        metal = problem.package.technology.metal(k)
        pads = []
        if k == 1:
            pads.append(_pads(problem.bumps, [[number[b.net]] if b.net in number else [] for b in problem.bumps]))
        if k == count:
            pads.append(_pads(problem.balls, [may_have.get(b.name, []) for b in problem.balls]))
        found.append(_Layer(k == 1 or k in signal_layers, float(metal.line), float(metal.space), tuple(pads)))
    return found


def _pads(terminals: Sequence[Terminal], nets: Sequence[Sequence[int]]) -> _Pads:
    radius = [min(extent(t.shape)) / 2 for t in terminals]
    places = _array([(t.at.x, t.at.y) for t in terminals])
    return _Pads(places, np.array(radius), tuple(tuple(own) for own in nets))


def _walls(problem: Problem, edge: float) -> Iterator[tuple[tuple[Side, ...], tuple[float, float, float, float]]]:
    """Walls with the boxes (x, y from, x, y to) that they bound."""
    half = (problem.half_width, problem.half_height)
    dies = [problem.bumps, problem.balls]
    for axis in (0, 1):
        levels = sorted({level for terminals in dies for level in _levels(terminals, axis)})
        across = half[1 - axis] - edge
        for level in _picked(levels):
            box = (-half[0], -half[1], level, half[1]) if axis == 0 else (-half[0], -half[1], half[0], level)
            yield (Side(axis == 1, level, -across, across),), box
    for terminals in dies:
        xs, ys = _levels(terminals, 0), _levels(terminals, 1)
        depth = min(len(xs), len(ys)) // 2
        for k in _picked(list(range(depth))):
            x0, x1, y0, y1 = xs[int(k)], xs[-1 - int(k)], ys[int(k)], ys[-1 - int(k)]
            sides = (Side(True, y0, x0, x1), Side(True, y1, x0, x1), Side(False, x0, y0, y1), Side(False, x1, y0, y1))
            yield sides, (x0, y0, x1, y1)


def _levels(terminals: Sequence[Terminal], axis: int) -> list[float]:
    """Rows of pads and the middles between them, rising [nm]."""
    rows: list[float] = []
    for level in sorted(float(t.at.x if axis == 0 else t.at.y) for t in terminals):
        if not rows or level - rows[-1] > SAME:
            rows.append(level)
    return sorted(rows + [(a + b) / 2 for a, b in pairwise(rows)])


def _picked(levels: Sequence[float]) -> list[float]:
    """All of them, or so many evenly."""
    if len(levels) <= WALLS:
        return list(levels)
    return [levels[k * len(levels) // WALLS] for k in range(WALLS)]


def _passing(layer: _Layer, side: Side, crossing: np.ndarray) -> int:
    """Traces that pass one side on one layer; strikes nets whose own pad stands there from those that cross."""
    pitch = layer.line + layer.space
    blocked: list[tuple[float, float]] = []
    level, along = (1, 0) if side.along_x else (0, 1)
    for pads in layer.pads:
        reach = pads.radius + layer.space + layer.line / 2
        away = np.abs(pads.xy[:, level] - side.level)
        on = np.flatnonzero(
            (away < reach) & (pads.xy[:, along] > side.start - reach) & (pads.xy[:, along] < side.end + reach)
        )
        half = np.sqrt(reach[on] ** 2 - away[on] ** 2)
        at = pads.xy[on, along]
        blocked += list(zip((at - half).tolist(), (at + half).tolist(), strict=True))
        for index in on.tolist():
            crossing[list(pads.nets[index])] = False
    if not layer.used:
        return 0
    total, place = 0, side.start
    for low, high in [*sorted(blocked), (side.end, side.end)]:
        free = min(low, side.end) - place
        if free >= -ROUNDED:
            total += int(np.floor((free + ROUNDED) / pitch)) + 1
        place = max(place, high)
        if place > side.end:
            break
    return total
