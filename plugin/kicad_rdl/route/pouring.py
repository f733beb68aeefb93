"""Planes: every layer's supply nets poured around whatever else stands and runs there."""

from __future__ import annotations

from collections.abc import Sequence

import shapely

from kicad_rdl.geometry import Circle, Path, Point, Shape
from kicad_rdl.model.layout import Plane, Teardrop
from kicad_rdl.model.package import SupplyStyle
from kicad_rdl.route.demand import plane_layer_of
from kicad_rdl.route.plan import Plan
from kicad_rdl.route.planes import PlaneRequest, Skeleton, islands, pour
from kicad_rdl.route.planes import Terminal as PlaneTerminal
from kicad_rdl.route.problem import Problem, Terminal
from kicad_rdl.route.stacks import ball_copper, bump_copper
from kicad_rdl.route.voids import Copper, Land, Patch, Run
from kicad_rdl.route.wiring import Missing, Routed


def pour_layers(
    problem: Problem, plan: Plan, routed: Sequence[Routed], drops: Sequence[Teardrop]
) -> tuple[list[Plane], list[Missing]]:
    """The planes of all layers (in the pose), and the terminals they do not reach.

    Args:
        problem, plan: the task, with the stacks as they are in the end.
        routed: all wires; those of a plane's own net are its skeleton.
        drops: teardrops, in the package frame.
    """
    technology = problem.package.technology
    edge = technology.edges.trace_to_package
    boundary = shapely.box(
        -problem.half_width + edge, -problem.half_height + edge, problem.half_width - edge, problem.half_height - edge
    )
    planes: list[Plane] = []
    unreached: list[Missing] = []
    terminal = {t.label: t for t in (*problem.bumps, *problem.balls)}
    for layer in range(1, problem.package.rdl_count + 1):
        metal = technology.metal(layer)
        requests = _requests(problem, plan, layer, routed)
        if not requests:
            continue
        names = {request.net for request in requests}
        copper = _foreign(problem, plan, layer, names, routed, drops)
        poured = pour(layer, requests, copper, boundary, min_width=metal.line, clearance=metal.space)
        planes += poured
        unreached += [
            Missing(island.net, terminal[label], None, layer, "the plane does not reach it")
            for island in islands(requests, poured)
            for label in island.terminals
        ]
        unreached += [
            Missing(bump.net or "", bump, None, layer, "no site for its stack of vias")
            for bump, deep in zip(problem.bumps, plan.deep, strict=True)
            if bump.net in names and deep < layer
        ]
    return planes, unreached


def _requests(problem: Problem, plan: Plan, layer: int, routed: Sequence[Routed]) -> list[PlaneRequest]:
    """What each net with a plane on the layer brings along."""
    standing = _standing(problem, plan, layer)
    found = []
    for rule in problem.package.nets:
        if rule.style is not SupplyStyle.PLANE or plane_layer_of(problem, rule) != layer:
            continue
        own = tuple(PlaneTerminal(t.label, at, shape) for t, at, shape, net in standing if net == rule.name)
        tree = tuple(Skeleton(r.path, r.width) for r in routed if r.layer == layer and r.net == rule.name)
        if own:
            found.append(PlaneRequest(rule.name, own, tree, rule.joint, hatch=rule.hatch))
    return found


def _foreign(
    problem: Problem, plan: Plan, layer: int, names: set[str], routed: Sequence[Routed], drops: Sequence[Teardrop]
) -> list[Copper]:
    """Everything on the layer that is neither a terminal nor a skeleton of its planes."""
    space = problem.package.technology.metal(layer).space
    found: list[Copper] = [
        Land(at, shape, space, net) for _, at, shape, net in _standing(problem, plan, layer) if net not in names
    ]
    runs = [r for r in routed if r.layer == layer and r.net not in names]
    if layer == 1:
        runs += bones_of(problem, plan)
    found += [Run(r.path, r.width, space, r.net) for r in runs]
    found += [Patch(problem.pose.apply_polygon(d.outline), space, d.net) for d in drops if d.layer == layer]
    return found


def _standing(problem: Problem, plan: Plan, layer: int) -> list[tuple[Terminal, Point, Shape, str | None]]:
    """Copper of terminals on a layer: whose, where, its outline and net."""
    found: list[tuple[Terminal, Point, Shape, str | None]] = []
    via_land = Circle(problem.package.technology.via(1).land) if problem.package.rdl_count > 1 else None
    for index, (bump, deep) in enumerate(zip(problem.bumps, plan.deep, strict=True)):
        if deep < layer:
            continue
        place = bump.at if layer == 1 else plan.sites.bump_at[index]
        found.append((bump, place, bump_copper(problem, bump, layer, deep), bump.net))
        if layer == 1 and deep > 1 and via_land is not None and plan.sites.has_bone(problem, index):
            found.append((bump, plan.sites.bump_at[index], via_land, bump.net))
    for ball, inner, high, net in zip(problem.balls, plan.sites.ball_at, plan.high, plan.ball_nets, strict=True):
        if high <= layer:
            place = ball.at if layer == problem.package.rdl_count else inner
            found.append((ball, place, ball_copper(problem, ball, layer, high), net))
    return found


def bones_of(problem: Problem, plan: Plan) -> list[Routed]:
    """The dog bones of RDL1."""
    line = problem.package.technology.metal(1).line
    wide = {rule.name: max(line, rule.width or 0) for rule in problem.package.nets}
    return [
        Routed(bump.net, 1, bump, bump, Path.through(bump.at, plan.sites.bump_at[i]), wide[bump.net])
        for i, bump in enumerate(problem.bumps)
        if bump.net is not None and plan.deep[i] > 1 and plan.sites.has_bone(problem, i)
    ]
