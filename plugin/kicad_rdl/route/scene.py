"""What stands and runs on every layer when planes are poured, and what they leave for traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import shapely

from kicad_rdl.geometry import Circle, Path, Point, Shape
from kicad_rdl.model.layout import Plane, Teardrop
from kicad_rdl.model.package import SupplyStyle
from kicad_rdl.route.chains import Routed
from kicad_rdl.route.demand import plane_layer_of
from kicad_rdl.route.plan import Plan
from kicad_rdl.route.planes import PlaneRequest, Skeleton, pour
from kicad_rdl.route.planes import Terminal as PlaneTerminal
from kicad_rdl.route.problem import Problem, Terminal, TerminalKind
from kicad_rdl.route.stacks import ball_copper, bump_copper
from kicad_rdl.route.voids import Copper, Land, Patch, Run, Voids, voids_of


class Scene:
    """All layers with what stands and runs there; stitches are added."""

    def __init__(self, problem: Problem, plan: Plan, routed: Sequence[Routed], drops: Sequence[Teardrop]) -> None:
        package = problem.package
        self.problem, self.package = problem, package
        self.layers = range(1, package.rdl_count + 1)
        self.nets = {rule.name: rule for rule in package.nets if rule.style is SupplyStyle.PLANE}
        edge = package.technology.edges.trace_to_package
        width, height = problem.half_width - edge, problem.half_height - edge
        self.boundary = shapely.box(-width, -height, width, height)
        self.requests: dict[int, dict[str, PlaneRequest]] = {}
        self.other: dict[int, list[Copper]] = {}
        """Copper of nets without planes."""
        self.terminals = {t.label: t for t in (*problem.bumps, *problem.balls, *(via.terminal for via in plan.vias))}
        self._fields: dict[tuple[int, str], Voids] = {}
        for layer in self.layers:
            standing = [*_standing(problem, plan, layer), *_vias(problem, plan, routed, layer)]
            runs = [r for r in routed if r.layer == layer]
            runs += bones_of(problem, plan) if layer == 1 else []
            locked = [t for t in package.locked if t.layer == layer]
            lines = [(r.net, r.path, r.width) for r in runs] + [
                (t.net, problem.pose.apply_path(t.path), t.width) for t in locked
            ]
            self.requests[layer] = {}
            for name, rule in self.nets.items():
                own = tuple(PlaneTerminal(t.label, at, shape) for t, at, shape, net in standing if net == name)
                tree = tuple(Skeleton(path, width) for net, path, width in lines if net == name)
                if own:
                    self.requests[layer][name] = PlaneRequest(name, own, tree, rule.joint, hatch=rule.hatch)
            rest = [
                Land(at, shape, self.space(layer, net), net) for _, at, shape, net in standing if net not in self.nets
            ]
            self.other[layer] = [
                *rest,
                *(Run(path, w, self.space(layer, net), net) for net, path, w in lines if net not in self.nets),
                *(
                    Patch(problem.pose.apply_polygon(d.outline), self.space(layer, d.net), d.net)
                    for d in drops
                    if d.layer == layer
                ),
            ]

    def space(self, layer: int, net: str | None) -> int:
        """What a net keeps from others on a layer [nm]."""
        asked = self.package.net(net).on_layer(layer).space if net is not None else None
        return max(self.package.technology.metal(layer).space, asked or 0)

    def wanting(self, layer: int) -> list[str]:
        """Nets that want a plane on a layer and have a terminal there."""
        return [
            name
            for name, rule in self.nets.items()
            if layer in (plane_layer_of(self.problem, rule), *rule.more_planes) and name in self.requests[layer]
        ]

    def poured(self, layer: int, wanting: Sequence[str]) -> tuple[Plane, ...]:
        """The planes of a layer."""
        requests = [self.requests[layer][net] for net in wanting]
        clearance = max(self.space(layer, net) for net in wanting)
        obstacles = self.other[layer] + [
            copper for net in self.requests[layer] if net not in wanting for copper in self._own(layer, net)
        ]
        obstacles = [replace(copper, clearance=max(copper.clearance, clearance)) for copper in obstacles]
        obstacles += self._keepouts(layer, planes=True)
        line = self.package.technology.metal(layer).line
        return pour(layer, requests, obstacles, self.boundary, min_width=line, clearance=clearance)

    def field(self, layer: int, net: str) -> Voids:
        """The voids that a trace of a net must keep out of on a layer without foreign planes."""
        if (layer, net) not in self._fields:
            everything = [*self.other[layer], *(c for name in self.requests[layer] for c in self._own(layer, name))]
            least = self.space(layer, net)
            foreign = [replace(c, clearance=max(c.clearance, least)) for c in everything if c.net != net]
            self._fields[layer, net] = voids_of(foreign + self._keepouts(layer, planes=False))
        return self._fields[layer, net]

    def add(self, stitch: Routed) -> None:
        """Books a trace."""
        own = self.requests[stitch.layer]
        skeleton = Skeleton(stitch.path, stitch.width)
        own[stitch.net] = replace(own[stitch.net], skeletons=(*own[stitch.net].skeletons, skeleton))
        for layer, net in [*self._fields]:
            if layer == stitch.layer and net != stitch.net:
                del self._fields[layer, net]

    def _own(self, layer: int, net: str) -> list[Copper]:
        request, space = self.requests[layer][net], self.space(layer, net)
        return [
            *(Land(t.at, t.shape, space, net) for t in request.terminals),
            *(Run(s.path, s.width, space, net) for s in request.skeletons),
        ]

    def _keepouts(self, layer: int, planes: bool) -> list[Copper]:
        pose = self.problem.pose
        return [
            Patch(pose.apply_polygon(keepout.outline), 0)
            for keepout in self.package.keepouts
            if layer in keepout.layers and (keepout.planes if planes else keepout.traces)
        ]


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


def _vias(
    problem: Problem, plan: Plan, routed: Sequence[Routed], layer: int
) -> list[tuple[Terminal, Point, Shape, str | None]]:
    """Copper of vias on their own, at which wires change the layer; as in ``_standing``."""
    technology = problem.package.technology
    used = {t.label: r.net for r in routed for t in (r.start, r.end) if t.kind is TerminalKind.VIA}
    found: list[tuple[Terminal, Point, Shape, str | None]] = []
    for site in plan.vias:
        own = site.terminal
        if own.label in used and layer in (site.layer, site.layer + 1):
            via = technology.via(site.layer)
            found.append((own, own.at, Circle(via.land if layer == site.layer else via.capture), used[own.label]))
    return found


def bones_of(problem: Problem, plan: Plan) -> list[Routed]:
    """The dog bones of RDL1."""
    wide = {rule.name: problem.package.trace_width(rule, 1) for rule in problem.package.nets}
    return [
        Routed(bump.net, 1, bump, bump, Path.through(bump.at, plan.sites.bump_at[i]), wide[bump.net])
        for i, bump in enumerate(problem.bumps)
        if bump.net is not None and plan.deep[i] > 1 and plan.sites.has_bone(problem, i)
    ]
