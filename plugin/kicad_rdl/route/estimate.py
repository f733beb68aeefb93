"""How much fits at most, before anything is routed: the maximum flow of the plan, its minimum cut, and walls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kicad_rdl.geometry import Point
from kicad_rdl.model.layout import Cut
from kicad_rdl.model.package import Package, SupplyStyle
from kicad_rdl.model.report import Progress
from kicad_rdl.route.account import cuts_of
from kicad_rdl.route.demand import Demand, demand_of
from kicad_rdl.route.plan import Plan, make_plan
from kicad_rdl.route.problem import Problem, problem_of
from kicad_rdl.route.supplies import with_supplies
from kicad_rdl.route.walls import Wall, narrowest_wall
from kicad_rdl.units import MM, Nm, um

FINEST = 50
"""Lines and spaces finer than this part of the technology's are no advice [percent]."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the maximum flow through all gaps of all RDLs says about a package."""

    rdl_count: int
    wanted: int
    """Connections that the package asks for (planes need none)."""
    fits: int
    """How many of them fit at most: the maximum flow of the free ones, and what walls let through of the others."""
    on_layer: tuple[int, ...]
    """How many of those take RDL1, RDL2 ..., in the shortest plan."""
    cuts: tuple[Cut, ...]
    """The minimum cut, gap by gap; empty where everything fits. For more to fit, it must be widened."""
    homeless: tuple[str, ...]
    """Nets with a plane that find too few balls."""
    settled: int = 0
    """Those of ``wanted`` whose ends are settled: of given balls, of several bumps; they are no part of the flow."""
    settled_fits: int = 0
    """How many of those fit at most."""
    wall: tuple[Cut, ...] = ()
    """The wall that leaves most of them open, side by side on every layer; empty where none does."""
    shut: tuple[tuple[str, str], ...] = ()
    """Bumps of nets of which none has room for a stack of vias to a layer with signals, each with the nearest ball, in
    whose way it is; no part of the minimum cut."""
    finer: tuple[tuple[int, Nm, Nm], ...] = ()
    """Layer, line and space with which all pass the gaps of the minimum cut; empty where that asks for too much. Other
    gaps may then be too narrow."""

    @property
    def enough(self) -> bool:
        """Whether everything fits."""
        return self.fits >= self.wanted and not self.homeless


def estimate(package: Package, progress: Callable[[Progress], None] | None = None) -> Estimate:
    """Plans a package and says how much of it fits on its RDLs."""
    say = progress or (lambda _: None)
    stage = "flow on 1 RDL" if package.rdl_count == 1 else f"flow on {package.rdl_count} RDLs"
    problem = problem_of(with_supplies(package)[0])
    plan = make_plan(problem, lambda done, total: say(Progress(stage, done, total)))
    settled = _settled(problem, plan)
    wall = narrowest_wall(problem, plan.signal_layers)
    settled_fits = settled - (wall.open if wall is not None else 0)
    shut = _shut(problem, demand_of(problem))
    net = {bump.label: bump.net for bump in problem.bumps}
    return Estimate(
        package.rdl_count,
        plan.wanted + settled,
        plan.value + settled_fits,
        tuple(len(layer.wires) for layer in plan.layers),
        () if plan.value >= plan.wanted else cuts_of(problem, plan, (), ())[1],
        tuple(plan.homeless),
        settled,
        settled_fits,
        () if wall is None else _sides(problem, wall),
        shut,
        _finer(problem, plan, plan.wanted - plan.value - len({net[bump] for bump, _ in shut})),
    )


def _finer(problem: Problem, plan: Plan, more: int) -> tuple[tuple[int, Nm, Nm], ...]:
    """The coarsest lines and spaces, in percent of the technology's, with which so many more pass the minimum cut."""
    gaps = {layer: [gap for k, gap in plan.cut if k == layer] for layer in sorted({k for k, _ in plan.cut})}

    def passing(percent: int) -> int:
        total = 0
        for layer, own in gaps.items():
            metal, tiles = problem.package.technology.metal(layer), plan.cut_tiles[layer - 1]
            line, space = (metal.line * percent // 100, metal.space * percent // 100)
            away = np.where(tiles.clearance == metal.space, space, tiles.clearance)
            total += int(replace(tiles, clearance=away).capacity(line, space)[own].sum())
        return total

    wanted = passing(100) + more
    for percent in range(99, FINEST - 1, -1) if gaps and more > 0 else ():
        if passing(percent) >= wanted:
            metals = [(layer, problem.package.technology.metal(layer)) for layer in gaps]
            return tuple((k, metal.line * percent // 100, metal.space * percent // 100) for k, metal in metals)
    return ()


def _shut(problem: Problem, demand: Demand) -> tuple[tuple[str, str], ...]:
    """Names of the bumps of the flow whose nets no stack leads away, and of the balls over which they are."""
    if problem.package.staggered:
        return ()
    first = min(demand.signal_layers)
    away = {problem.bumps[i].net for i in demand.bumps if demand.sites.bump_limit[i] >= first}
    shut = [problem.bumps[i] for i in demand.bumps if problem.bumps[i].net not in away]
    over = [min((ball.at.distance(bump.at), ball.name) for ball in problem.balls) for bump in shut]
    return tuple(sorted((bump.label, ball) for bump, (_, ball) in zip(shut, over, strict=True)))


def _settled(problem: Problem, plan: Plan) -> int:
    """Connections of nets that are not part of the flow: one less than the ends of each."""
    free = {problem.bumps[i].net for i in demand_of(problem).bumps}
    ends: dict[str, int] = {}
    for bump in problem.bumps:
        if bump.net is not None:
            ends[bump.net] = ends.get(bump.net, 0) + 1
    total = 0
    for rule in problem.package.nets:
        if rule.style is SupplyStyle.PLANE or rule.name not in ends:
            continue
        balls = 0 if rule.name in free else rule.balls
        total += max(0, ends[rule.name] + balls - 1)
    return total


def _sides(problem: Problem, wall: Wall) -> tuple[Cut, ...]:
    """A wall in the package frame."""
    found: list[Cut] = []
    for layer, fits in enumerate(wall.fits, 1):
        for side, room in zip(wall.sides, fits, strict=True):
            ends = [(side.start, side.level), (side.end, side.level)]
            if not side.along_x:
                ends = [(y, x) for x, y in ends]
            start, end = (problem.pose.undo(Point(round(x), round(y))) for x, y in ends)
            metal = problem.package.technology.metal(layer)
            remedies = [f"line and space below {um(metal.line)} and {um(metal.space)} on RDL{layer}"]
            if problem.package.rdl_count < len(problem.package.technology.metals):
                remedies.append("one more RDL")
            found.append(Cut(layer, start, end, _place(start), _place(end), wall.needed, room, tuple(remedies)))
    return tuple(found)


def _place(point: Point) -> str:
    return f"({point.x / MM:.3f}, {point.y / MM:.3f}) mm"
