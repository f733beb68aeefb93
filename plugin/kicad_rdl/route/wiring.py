"""All layers from plan to copper: connections negotiated, shortened, laid; what does not fit looks for another way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from kicad_rdl.model.layout import Improvement
from kicad_rdl.model.package import SupplyStyle
from kicad_rdl.model.report import Progress
from kicad_rdl.route.branching import branches_of
from kicad_rdl.route.carry import carry
from kicad_rdl.route.chains import Missing, Routed, without_torn
from kicad_rdl.route.ground import Posted
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.improve import improve
from kicad_rdl.route.joins import join_trees
from kicad_rdl.route.lay import ends_of
from kicad_rdl.route.laying import Laying, lay
from kicad_rdl.route.loading import load
from kicad_rdl.route.locked import locked_joins
from kicad_rdl.route.negotiate import FIRST_PRICE, Negotiation, Wanted, negotiate
from kicad_rdl.route.plan import Plan, stood
from kicad_rdl.route.problem import Problem, Terminal
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.via_sites import via_sites
from kicad_rdl.route.wants import Tree, Wants, stepwise, wants_of

Say = Callable[[Progress], None]
Late = Callable[[], bool]

STANDINGS = 3
"""How often the stacks of vias are made anew for the ways that were found."""


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


@dataclass(slots=True)
class _Stage:
    """The work on one set of tiles."""

    plan: Plan
    wants: Wants
    work: Negotiation
    nets: list[str]
    """Of the connections."""


def wire_layers(problem: Problem, plan: Plan, say: Say, late: Late) -> Wiring:
    """Wires every layer."""
    if problem.package.staggered:
        plan = _with_vias(problem, plan)
    stage = _begin(problem, plan, wants_of(problem, plan))
    _draw(stage, say, late)
    for _ in range(STANDINGS):
        if not _stands_in_vain(stage):
            break
        again = _stood_anew(problem, stage)
        _draw(again, say, late)
        better = len(again.work.wires) > len(stage.work.wires) or _stands_in_vain(stage)
        stage = again if better else stage
    best: tuple[int, Wiring] | None = None
    for attempt in (_branched(problem, stage, say, late), stage):
        if attempt is None or (best is not None and (best[0] == 0 or late())):
            continue
        counted = [n for n, _ in enumerate(attempt.work.wanted) if not _is_skeleton(problem, attempt, n)]
        improvement = improve(attempt.work, counted, _steps(say, "improve"), late)
        laying = lay(attempt.work, attempt.nets, lambda name, done, total: say(Progress(name, done, total)), late)
        wiring = replace(_result(problem, attempt, laying), improvement=improvement)
        faults = len(wiring.missing) + acute_meetings(attempt.plan, wiring.routed)
        if best is None or faults < best[0]:
            best = (faults, wiring)
    assert best is not None
    return best[1]


def _with_vias(problem: Problem, plan: Plan) -> Plan:
    """The plan with candidates for vias in its tiles."""
    sites = via_sites(problem, plan.signal_layers, [layer.standing for layer in plan.layers])
    everywhere = dict.fromkeys(range(len(sites)), False)
    plan = replace(plan, vias=sites)
    return stood(
        problem, plan, plan.deep, plan.high, plan.surely_deep, plan.surely_high, plan.ball_nets, vias=everywhere
    )


def _steps(say: Say, stage: str) -> Callable[[int, int], None]:
    """Progress of one stage."""
    return lambda done, total: say(Progress(stage, done, total))


def _is_skeleton(problem: Problem, stage: _Stage, number: int) -> bool:
    """Whether a connection lies in the plane of its net, where its length is nothing."""
    return problem.package.net(stage.nets[number]).style is SupplyStyle.PLANE


def _begin(problem: Problem, plan: Plan, wants: Wants) -> _Stage:
    technology = problem.package.technology
    metals = [technology.metal(layer.layer) for layer in plan.layers]
    sketches = Sketches([p.tiles for p in plan.layers], [float(m.space) for m in metals], _posted(problem, plan))
    work = Negotiation(sketches, list(wants.wanted), FIRST_PRICE * (metals[0].line + metals[0].space), wants.prefers)
    work.joined = [(join.one, join.other) for join in locked_joins(problem, plan.ball_nets)]
    number = 0
    for index, layer in enumerate(plan.layers):
        made = load(sketches, index, layer.wires, layer.orders, [float(metals[index].line)] * len(layer.wires))
        for wire, drawn in zip(layer.wires, made, strict=True):
            work.adopt(number, (drawn,), len(problem.bumps) + wire.sink)
            number += 1
    work.relieve()  # the flow does not see all cuts
    return _Stage(plan, wants, work, list(wants.nets))


def _posted(problem: Problem, plan: Plan) -> Posted:
    """Bumps and balls with their vertices on every layer, and the layers where they stand in any case."""
    count = problem.package.rdl_count
    vertices: list[tuple[tuple[int, int], ...]] = []
    least: list[tuple[int, int]] = []
    for index in range(len(problem.bumps)):
        own = [(k, layer.standing.bump_vertex[index]) for k, layer in enumerate(plan.layers)]
        vertices.append(tuple((k, v) for k, v in own if v >= 0))
        least.append((0, plan.surely_deep[index] - 1))
    for index in range(len(problem.balls)):
        own = [(k, layer.standing.ball_vertex[index]) for k, layer in enumerate(plan.layers)]
        there = tuple((k, v) for k, v in own if v >= 0)
        vertices.append(there)
        least.append((len(there) - 1 - (count - plan.surely_high[index]), len(there) - 1))
    for site, (above, below), stands in zip(plan.vias, plan.via_vertices, plan.via_stands, strict=True):
        vertices.append(() if above < 0 else ((site.layer - 1, above), (site.layer, below)))
        least.append((0, 1) if stands else (1, 0))
    vertices += [(plan.branch_vertex(index),) for index in range(len(plan.branches))]
    least += [(0, 0)] * len(plan.branches)
    return Posted(tuple(vertices), tuple(least), (False,) * len(vertices))


def _draw(stage: _Stage, say: Say, late: Late) -> None:
    """Draws what is not drawn yet."""
    open_ones = [n for n in range(len(stage.work.wanted)) if n not in stage.work.wires]
    if open_ones:
        negotiate(stage.work, open_ones, _steps(say, "connect"), late)
    join_trees(stage.work, stage.nets, stage.wants.trees, _steps(say, "join"), late)


def _stands_in_vain(stage: _Stage) -> bool:
    """Whether some stack was planned for that no wire uses."""
    sketches = stage.work.sketches
    return any(
        high - low + 1 < len(vertices)
        for vertices, (low, high) in zip(sketches.posted.vertices, sketches.book.standing.tolist(), strict=True)
    )


def _stood_anew(problem: Problem, stage: _Stage) -> _Stage:
    """The same work on tiles where only those stacks stand that are used, or that open connections might use."""
    work, plan, bumps = stage.work, stage.plan, len(problem.bumps)
    restless = {p for n, w in enumerate(work.wanted) if n not in work.wires for p in (*w.starts, *w.ends)}
    deep, high = list(plan.deep), list(plan.high)
    surely_deep, surely_high = list(plan.surely_deep), list(plan.surely_high)
    nets = list(plan.ball_nets)
    for number, end in work.end.items():
        if bumps <= end < bumps + len(problem.balls):
            nets[end - bumps] = stage.nets[number]
    for post in range(bumps + len(problem.balls)):
        first, last = work.sketches.standing(post)
        if post < bumps:
            surely_deep[post] = last + 1
            deep[post] = deep[post] if post in restless else last + 1
        else:
            surely_high[post - bumps] = first + 1
            high[post - bumps] = high[post - bumps] if post in restless else first + 1
    everything = len(work.wires) == len(work.wanted)
    vias: dict[int, bool] = {}
    for number, (vertex, _) in enumerate(plan.via_vertices):
        first, last = work.sketches.standing(bumps + len(problem.balls) + number)
        if vertex >= 0 and (first <= last or not everything):
            vias[number] = first <= last
    fresh = stood(problem, plan, deep, high, surely_deep, surely_high, nets, vias=vias)
    wanted: list[Wanted] = []
    legs: list[str] = []
    connection: dict[int, int] = {}
    pushed: dict[int, int] = {}
    for number, w in enumerate(work.wanted):
        if number in work.pushed:
            pushed[len(wanted)] = work.pushed[number]
        wires = work.wires.get(number, ())
        if not wires:
            wanted.append(w)
            legs.append(stage.nets[number])
        for wire in wires:
            connection[wire] = len(wanted)
            leg = replace(w, layers=(work.sketches.layer_of(wire),))
            start, end = work.sketches.ends_of(wire)
            if len(wires) > 1:
                leg = replace(leg, starts=(start,), ends=(end,), exclusive=w.exclusive and end == work.end[number])
            elif w.exclusive:  # and stays so: nobody else may have its ball
                leg = replace(leg, ends=(work.end[number],))
            wanted.append(leg)
            legs.append(stage.nets[number])
    wants = replace(stage.wants, wanted=tuple(wanted), nets=tuple(legs), flows=0, prefers={})
    again = _begin(problem, fresh, wants)
    again.work.pushed.update(pushed)
    carry(work, again.work, connection)
    return again


def _branched(problem: Problem, stage: _Stage, say: Say, late: Late) -> _Stage | None:
    """The same work with branch points for its small trees; None where that is worse, or there are none."""
    work, plan = stage.work, stage.plan
    if plan.vias:
        return None  # a tree whose wires change the layer keeps its shape
    drawn: dict[str, list[int]] = {}
    for number, wires in work.wires.items():
        drawn.setdefault(stage.nets[number], []).extend(wires)
    branches = branches_of(problem, plan, work.sketches, stage.wants.trees, drawn)
    flowing = {net for number, net in enumerate(stage.wants.nets) if work.wanted[number].exclusive}
    flowing |= {locked.net for locked in problem.package.locked}
    branches = tuple(branch for branch in branches if branch.terminal.net not in flowing)
    if not branches or late():
        return None
    fresh = stood(problem, plan, plan.deep, plan.high, plan.surely_deep, plan.surely_high, plan.ball_nets, branches)
    anew = {branch.terminal.net for branch in branches}
    terminals = [*problem.bumps, *problem.balls, *(branch.terminal for branch in branches)]
    connection: dict[int, int] = {}
    wanted: list[Wanted] = []
    nets: list[str] = []
    for number, w in enumerate(work.wanted):
        if stage.nets[number] not in anew:
            connection |= dict.fromkeys(work.wires.get(number, ()), len(wanted))
            wanted.append(w)
            nets.append(stage.nets[number])
    trees: list[Tree] = []
    first = len(problem.bumps) + len(problem.balls)
    for tree in stage.wants.trees:
        own = [first + k for k, branch in enumerate(branches) if branch.terminal.net == tree.net]
        posts = (*own, *tree.posts)
        trees.append(replace(tree, posts=posts))
        for start, ends in stepwise([terminals[p].at for p in posts], posts) if own else ():
            wanted.append(Wanted((start,), ends, tree.widths, tree.layers, tree.via_price))
            nets.append(tree.net)
    again = _begin(problem, fresh, Wants(tuple(wanted), tuple(nets), 0, {}, tuple(trees)))
    carry(work, again.work, connection)
    _draw(again, say, late)
    return again if _loose_ends(problem, again) <= _loose_ends(problem, stage) else None


def acute_meetings(plan: Plan, routed: Sequence[Routed]) -> int:
    """Pairs of traces that meet in a branch point at less than a right angle."""
    at: dict[str, list[tuple[float, float]]] = {branch.terminal.label: [] for branch in plan.branches}
    for wire in routed:
        for label, (dx, dy) in zip((wire.start.label, wire.end.label), ends_of(wire.path), strict=True):
            if label in at:
                at[label].append((dx, dy))
    return sum(
        ax * bx + ay * by > 0
        for directions in at.values()
        for k, (ax, ay) in enumerate(directions)
        for bx, by in directions[:k]
    )


def _loose_ends(problem: Problem, stage: _Stage) -> int:
    """How many pieces of nets are apart."""
    return len(_apart(problem, stage, stage.work.pieces()))


def _result(problem: Problem, stage: _Stage, laying: Laying) -> Wiring:
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
            metal = problem.package.technology.metal(layer + 1)
            width = max(metal.line, rule.on_layer(layer + 1).width or 0)
            if path is None:
                reason = "no legal geometry beside the other traces"
                missing.append(Missing(net, start, end, layer + 1, reason))
            else:
                routed.append(Routed(net, layer + 1, start, end, path, width))
    if plan.vias:
        routed, missing = without_torn(routed, missing)
    missing += _apart(problem, stage, stage.work.pieces())
    return Wiring(plan, tuple(routed), tuple(missing), work.sketches)


def _apart(problem: Problem, stage: _Stage, pieces: Groups) -> list[Missing]:
    """Terminals of traced nets that no wire joins to the largest piece of their net."""
    plan, bumps = stage.plan, len(problem.bumps)
    planes = {r.name for r in problem.package.nets if r.style is SupplyStyle.PLANE}
    ball_nets = list(plan.ball_nets)
    for number, wanted in enumerate(stage.work.wanted):
        for post in wanted.ends if wanted.exclusive else ():
            if bumps <= post < bumps + len(problem.balls) and ball_nets[post - bumps] == stage.nets[number]:
                ball_nets[post - bumps] = None
    for number, end in stage.work.end.items():
        if bumps <= end < bumps + len(problem.balls):
            ball_nets[end - bumps] = stage.nets[number]
    nets: dict[str, dict[int, list[Terminal]]] = {}
    everyone = [*((b, b.net) for b in problem.bumps), *zip(problem.balls, ball_nets, strict=True)]
    for index, (terminal, net) in enumerate(everyone):
        if net is not None and net not in planes:
            nets.setdefault(net, {}).setdefault(pieces.root(index), []).append(terminal)
    found: list[Missing] = []
    for net, groups in sorted(nets.items()):
        main = max(groups.values(), key=lambda group: (len(group), group[0].label))
        found += [
            Missing(net, group[0], main[0], 1, "no way to the rest of its net")
            for group in groups.values()
            if group is not main
        ]
    return found
