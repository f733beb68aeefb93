"""All layers from plan to copper: connections negotiated, shortened, laid; what does not fit looks for another way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kicad_rdl.model.layout import Improvement
from kicad_rdl.model.package import SupplyStyle
from kicad_rdl.model.report import Progress
from kicad_rdl.route.branching import acute_meetings, branched, joined_midway, settled
from kicad_rdl.route.chains import Missing, Routed, without_stubs, without_torn
from kicad_rdl.route.improve import improve, taut_lengths
from kicad_rdl.route.laying import Laying, lay
from kicad_rdl.route.plan import Plan, stood
from kicad_rdl.route.problem import Problem, Terminal
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.stage import Late, Say, Stage, apart, begun, draw, draw_beside, loose_ends, steps, without_vain
from kicad_rdl.route.through_tiles import through_tiles
from kicad_rdl.route.via_sites import via_sites
from kicad_rdl.route.wants import wants_of


@dataclass(frozen=True, slots=True)
class Wiring:
    """All layers, wired."""

    plan: Plan
    """With the stacks that the wires need."""
    routed: tuple[Routed, ...]
    missing: tuple[Missing, ...]
    sketches: Sketches
    """As they are in the end; not to be changed any more."""
    improvement: Improvement = field(default_factory=Improvement)
    why_lost: Mapping[str, str] = field(default_factory=dict)
    """Net -> why a wire of it could not be laid; it may have found another way."""


def wire_layers(problem: Problem, plan: Plan, say: Say, late: Late) -> Wiring:
    """Wires every layer."""
    if problem.package.staggered:
        plan = _with_vias(problem, plan)
    stage = begun(problem, plan, wants_of(problem, plan))
    draw(stage, say, late)
    stage = without_vain(problem, stage, say, late)
    more = None if problem.package.staggered else through_tiles(problem, stage, say, late)
    attempts: list[tuple[int, float, int, Stage, Improvement]] = []
    for attempt in (more, branched(problem, stage, say, late), stage):
        if attempt is None or (attempts and late()):
            continue
        attempt = joined_midway(problem, attempt, say, late)
        counted = [n for n, _ in enumerate(attempt.work.wanted) if not _is_skeleton(problem, attempt, n)]
        improvement = improve(attempt.work, counted, steps(say, "improve"), late)
        draw_beside(attempt, late)  # shorter ways make room
        attempt = settled(problem, attempt, late)
        attempts.append((loose_ends(problem, attempt), _length(problem, attempt), len(attempts), attempt, improvement))
    best: tuple[int, Wiring] | None = None
    for *_, attempt, improvement in sorted(attempts, key=lambda found: found[:3]):
        if best is not None and (best[0] == 0 or late()):
            break
        laying = lay(attempt.work, attempt.nets, lambda name, done, total: say(Progress(name, done, total)), late)
        wiring = replace(_result(problem, attempt, laying), improvement=improvement)
        faults = len(wiring.missing) + acute_meetings(attempt.plan, wiring.routed)
        if best is None or faults < best[0]:
            best = (faults, wiring)
    assert best is not None
    return best[1]


def _length(problem: Problem, stage: Stage) -> float:
    """Of all wires but skeletons [nm]; where some find no way, infinite."""
    work = stage.work
    counted = [wire for wire, number in sorted(work.owner.items()) if not _is_skeleton(problem, stage, number)]
    return math.fsum(taut_lengths(work.sketches, counted).values())


def _is_skeleton(problem: Problem, stage: Stage, number: int) -> bool:
    """Whether a connection lies in the plane of its net, where its length is nothing."""
    return problem.package.net(stage.nets[number]).style is SupplyStyle.PLANE


def _result(problem: Problem, stage: Stage, laying: Laying) -> Wiring:
    work = stage.work
    plan = stage.plan
    first = len(problem.bumps) + len(problem.balls)
    others = (*(via.terminal for via in plan.vias), *(branch.terminal for branch in plan.branches))
    everyone = (*problem.bumps, *problem.balls, *others)

    def terminal(post: int, layer: int) -> Terminal:
        if first <= post < first + len(plan.vias):
            return plan.vias[post - first].on(problem, layer)
        return everyone[post]

    routed: list[Routed] = []
    missing: list[Missing] = []
    for number, net in enumerate(stage.nets):
        rule = problem.package.net(net)
        for wire in work.wires.get(number, ()):
            layer = work.sketches.layer_of(wire)
            start, end = (terminal(post, layer + 1) for post in work.sketches.ends_of(wire))
            path = laying.path(wire)
            width = problem.package.trace_width(rule, layer + 1)
            if path is None:
                missing.append(Missing(net, start, end, layer + 1, laying.why_lost(wire)))
            else:
                routed.append(Routed(net, layer + 1, start, end, path, width))
    if plan.vias:
        planes = {rule.name for rule in problem.package.nets if rule.style is SupplyStyle.PLANE}
        routed, missing = without_torn(routed, missing, planes)
    routed, missing = without_stubs(routed, missing)
    missing += [
        replace(one, reason=laying.why.get(one.net, one.reason)) for one in apart(problem, stage, stage.work.pieces())
    ]
    return Wiring(plan, tuple(routed), tuple(missing), work.sketches, why_lost=laying.why)


def _with_vias(problem: Problem, plan: Plan) -> Plan:
    """The plan with candidates for vias in its tiles."""
    sites = via_sites(problem, plan.signal_layers, [layer.standing for layer in plan.layers])
    everywhere = dict.fromkeys(range(len(sites)), False)
    plan = replace(plan, vias=sites)
    return stood(
        problem, plan, plan.deep, plan.high, plan.surely_deep, plan.surely_high, plan.ball_nets, vias=everywhere
    )
