"""What the plan has to provide: which nets flow freely, which balls are held for whom, how far stacks may reach.

Most nets end on whatever ball suits the whole best: they are one flow. A net is special if it may take some balls
only, is wider than the rest or keeps more space, keeps to some layers, has locked copper, or wants more balls than it
has bumps: it gets its balls beforehand, from the cheapest matching of all nets, and is joined to them one by one. Nets
with a plane get balls spread over their bumps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from kicad_rdl.errors import ModelError
from kicad_rdl.geometry import circumradius
from kicad_rdl.model.package import NetRule, SupplyStyle
from kicad_rdl.route.bound import matching_bound
from kicad_rdl.route.locked import touched_balls
from kicad_rdl.route.problem import Problem, Terminal
from kicad_rdl.route.sites import Sites, sites_of
from kicad_rdl.route.supply_balls import hold_for_planes
from kicad_rdl.route.triangulation import I64


@dataclass(frozen=True, slots=True)
class Demand:
    """The task of the plan.

    Attributes:
        plane_layer: RDL of every net with a plane.
        signal_layers: RDLs on which traces run.
        sites: where stacks stand.
        bumps: indices of the bumps that are sources of the flow.
        group: [sources] number of the net of each.
        units: [nets] how many balls each net of the flow takes.
        held: [balls] the net for which a ball is held; None: any net of the flow may take it.
        deep: [bumps] outermost layer of stacks that do not depend on the flow.
        high: [balls] innermost layer of held balls; of others the last RDL.
        homeless: nets for which too few balls could be held.
    """

    plane_layer: Mapping[str, int]
    signal_layers: tuple[int, ...]
    sites: Sites
    bumps: tuple[int, ...]
    group: I64
    units: I64
    held: tuple[str | None, ...]
    deep: tuple[int, ...]
    high: tuple[int, ...]
    homeless: tuple[str, ...]

    @property
    def wanted(self) -> int:
        """Connections the flow is asked for."""
        return int(self.units.sum())


def plane_layer_of(problem: Problem, rule: NetRule) -> int:
    """The layer of a plane: as asked, or RDL1 of one or two layers, or the second of more."""
    return rule.plane_layer or (1 if problem.package.rdl_count < 3 else 2)


def demand_of(problem: Problem) -> Demand:
    """Sorts the nets and holds balls."""
    package = problem.package
    count = package.rdl_count
    plane_layer = {r.name: plane_layer_of(problem, r) for r in package.nets if r.style is SupplyStyle.PLANE}
    every = tuple(range(1, count + 1))
    apart = tuple(k for k in every if k not in plane_layer.values())
    # staggered vias take a step on every layer that they pass, also on those of planes
    signal_layers = every if package.staggered or not apart else apart
    size: dict[str, int] = {}
    for bump in problem.bumps:
        if bump.net is not None:
            size[bump.net] = size.get(bump.net, 0) + 1
    traced = [r for r in package.nets if r.name not in plane_layer and size.get(r.name)]
    special = {r.name for r in traced if _is_special(problem, r, size[r.name], signal_layers)}
    free = [r for r in traced if r.name not in special]
    number = {rule.name: k for k, rule in enumerate(free)}
    bumps = tuple(i for i, b in enumerate(problem.bumps) if b.net in number)
    last = max(signal_layers)
    reach = [
        1 if bump.net is None else plane_layer.get(bump.net, last if size.get(bump.net) else 1)
        for bump in problem.bumps
    ]
    sites = sites_of(problem, reach)
    held: list[str | None] = [None] * len(problem.balls)
    rest = _settled(problem, _touched(problem, [r for r in traced if r.name in special], held), held)
    homeless = hold_for_planes(problem, plane_layer, held, sites, [r for r in rest if r.allowed is not None])
    homeless += _hold_for_special(problem, rest, free, held, size)
    return Demand(
        plane_layer,
        signal_layers,
        sites,
        bumps,
        np.array([number[problem.bumps[i].net or ""] for i in bumps], dtype=np.int64),
        np.array([min(rule.balls, size[rule.name]) for rule in free], dtype=np.int64),
        tuple(held),
        tuple(
            min(depth, limit)
            if bump.net in plane_layer or bump.net in special
            # the flow leads one bump of a net away; where planes have RDL1 the others must come down to be joined
            else min(min(signal_layers), limit)
            if bump.net is not None and size[bump.net] > 1
            else 1
            for bump, depth, limit in zip(problem.bumps, reach, sites.bump_limit, strict=True)
        ),
        tuple(
            count
            if net is None
            else max(plane_layer[net], sites.ball_limit[j])
            if net in plane_layer
            else max(min(signal_layers), sites.ball_limit[j])
            for j, net in enumerate(held)
        ),
        tuple(homeless),
    )


def _is_special(problem: Problem, rule: NetRule, bumps: int, signal_layers: Sequence[int]) -> bool:
    """Whether a net asks for something that the flow, which knows one kind of trace per layer, does not see."""
    if problem.package.staggered:
        return True  # no stack reaches from layer to layer
    if rule.allowed is not None or rule.balls > bumps:
        return True
    if rule.layers is not None and not set(signal_layers) <= set(rule.layers):
        return True
    for layer in signal_layers:
        metal, package = problem.package.technology.metal(layer), problem.package
        if package.trace_width(rule, layer) > metal.line or package.trace_space(rule, layer) > metal.space:
            return True
    return any(locked.net == rule.name for locked in problem.package.locked)


def _touched(problem: Problem, special: Sequence[NetRule], held: list[str | None]) -> list[NetRule]:
    """Gives nets the balls on which their locked copper ends; what they want besides these."""
    left = {rule.name: rule.balls for rule in special}
    for j, net in sorted(touched_balls(problem).items()):
        if held[j] is None and left.get(net, 0):
            held[j] = net
            left[net] -= 1
    return [replace(rule, balls=left[rule.name]) for rule in special if left[rule.name] or not rule.balls]


def _settled(problem: Problem, special: Sequence[NetRule], held: list[str | None]) -> list[NetRule]:
    """Gives nets that want all the balls they may take these balls; the other nets."""
    index = {ball.name: j for j, ball in enumerate(problem.balls) if ball.usable and held[j] is None}
    rest: list[NetRule] = []
    for rule in special:
        own = [index[name] for name in rule.allowed or () if name in index]
        if rule.allowed is None or len(rule.allowed) > rule.balls or len(own) < rule.balls:
            rest.append(rule)
            continue
        for j in own:
            held[j] = rule.name
            del index[problem.balls[j].name]
    return rest


def _hold_for_special(
    problem: Problem,
    special: Sequence[NetRule],
    free: Sequence[NetRule],
    held: list[str | None],
    size: Mapping[str, int],
) -> list[str]:
    """Gives the special nets the balls that the cheapest matching of all nets gives them; returns who got too few."""
    if not special:
        return []
    balls = [j for j, ball in enumerate(problem.balls) if ball.usable and held[j] is None]
    matched = _matched(problem, special, free, balls, size)
    if matched is None:
        return hold_in_turn(problem, special, held)
    for j, net in matched.items():
        held[j] = net
    return []


def _matched(
    problem: Problem, special: Sequence[NetRule], free: Sequence[NetRule], balls: Sequence[int], size: Mapping[str, int]
) -> dict[int, str] | None:
    """Balls of the special nets in the cheapest matching of all nets to some balls; None: there are too few."""
    index = {problem.balls[j].name: k for k, j in enumerate(balls)}
    bumps: dict[str | None, list[Terminal]] = {}
    for bump in problem.bumps:
        bumps.setdefault(bump.net, []).append(bump)
    everyone = [*special, *free]
    sources: list[tuple[int, int]] = []
    radius: list[float] = []
    nets: list[int] = []
    units: list[int] = []
    for k, rule in enumerate(everyone):
        own = bumps[rule.name]
        # a net may want more balls than it has bumps: its bumps stand for several
        copies = -(-rule.balls // size[rule.name]) if k < len(special) else 1
        for bump in own * copies:
            sources.append((bump.at.x, bump.at.y))
            radius.append(circumradius(bump.shape))
            nets.append(k)
        units.append(rule.balls if k < len(special) else min(rule.balls, len(own)))
    allowed = [
        None if rule.allowed is None else [index[name] for name in rule.allowed if name in index] for rule in everyone
    ]
    places = [(problem.balls[j].at.x, problem.balls[j].at.y) for j in balls]
    try:
        matching = matching_bound(
            sources,
            places,
            net=nets,
            units=units,
            allowed=allowed,
            source_radius=radius,
            sink_radius=circumradius(problem.package.ubm_pad),
        )
    except ModelError:
        return None
    return {
        balls[sink]: special[k].name
        for k, sink in zip(nets, matching.sink_of.tolist(), strict=True)
        if k < len(special) and sink >= 0
    }


def hold_in_turn(problem: Problem, special: Sequence[NetRule], held: list[str | None]) -> list[str]:
    """Where not all nets can have balls: the nearest that are left, net by net, the choosiest first."""
    places = np.array([(ball.at.x, ball.at.y) for ball in problem.balls], np.int64).reshape(-1, 2)
    free = np.array([ball.usable and own is None for ball, own in zip(problem.balls, held, strict=True)], bool)
    index = {ball.name: j for j, ball in enumerate(problem.balls)}
    bumps: dict[str | None, list[tuple[int, int]]] = {}
    for bump in problem.bumps:
        bumps.setdefault(bump.net, []).append((bump.at.x, bump.at.y))
    homeless: list[str] = []
    for rule in sorted(special, key=lambda r: (len(problem.balls) if r.allowed is None else len(r.allowed), r.name)):
        own = np.array(bumps[rule.name], np.int64)
        some = range(len(places)) if rule.allowed is None else [index[name] for name in rule.allowed if name in index]
        left = np.array(some, np.int64)
        left = left[free[left]]
        _, nearest = cKDTree(own).query(places[left])
        squared = ((places[left] - own[nearest]) ** 2).sum(axis=1)
        chosen = left[np.lexsort((left, squared))][: rule.balls].tolist()
        for j in chosen:
            held[j] = rule.name
        free[chosen] = False
        if len(chosen) < rule.balls:
            homeless.append(rule.name)
    return homeless
