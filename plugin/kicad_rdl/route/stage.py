"""The work on one set of tiles: connections on the stacks of vias that stand, and the same on other stacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from kicad_rdl.model.package import SupplyStyle
from kicad_rdl.model.report import Progress
from kicad_rdl.route.carry import carry
from kicad_rdl.route.chains import Missing
from kicad_rdl.route.ground import Posted
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.joins import join_apart, join_trees
from kicad_rdl.route.loading import load
from kicad_rdl.route.locked import locked_joins
from kicad_rdl.route.negotiate import FIRST_PRICE, Negotiation, Wanted, drawn_beside, negotiate
from kicad_rdl.route.plan import Plan, stood
from kicad_rdl.route.problem import Problem, Terminal
from kicad_rdl.route.round_ends import widest_ends
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.via_sites import ViaSite
from kicad_rdl.route.wants import Tree, Wants, layers_for

Say = Callable[[Progress], None]
Late = Callable[[], bool]

STANDINGS = 3
"""How often the stacks of vias are made anew for the ways that were found."""


@dataclass(slots=True)
class Stage:
    """The work on one set of tiles."""

    plan: Plan
    wants: Wants
    work: Negotiation
    nets: list[str]
    """Of the connections."""


def begun(problem: Problem, plan: Plan, wants: Wants) -> Stage:
    """The work with what the flow has drawn."""
    technology = problem.package.technology
    metals = [technology.metal(layer.layer) for layer in plan.layers]
    sketches = Sketches([p.tiles for p in plan.layers], [float(m.space) for m in metals], _posted(problem, plan, wants))
    work = Negotiation(sketches, list(wants.wanted), FIRST_PRICE * (metals[0].line + metals[0].space), wants.prefers)
    work.joined = [(join.one, join.other) for join in locked_joins(problem, plan.ball_nets)]
    number = 0
    for index, layer in enumerate(plan.layers):
        made = load(sketches, index, layer.wires, layer.orders, [float(metals[index].line)] * len(layer.wires))
        for wire, drawn in zip(layer.wires, made, strict=True):
            work.adopt(number, (drawn,), len(problem.bumps) + wire.sink)
            number += 1
    if not sketches.octilinear:  # the flow does not see all cuts; at 45 degrees the sketch sees more than laying needs
        work.relieve()
    return Stage(plan, wants, work, list(wants.nets))


def _posted(problem: Problem, plan: Plan, wants: Wants) -> Posted:
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
    ending = [(posts, w.widths) for w in wants.wanted for posts in (w.starts, w.ends)]
    ending += [(tree.posts, tree.widths) for tree in wants.trees]
    return Posted(tuple(vertices), tuple(least), (False,) * len(vertices), widest_ends(ending))


def draw(stage: Stage, say: Say, late: Late) -> None:
    """Draws what is not drawn yet."""
    open_ones = [n for n in range(len(stage.work.wanted)) if n not in stage.work.wires]
    if open_ones:
        negotiate(stage.work, open_ones, steps(say, "connect"), late)
    join_trees(stage.work, stage.nets, trees_of(stage), steps(say, "join"), late)


def draw_beside(stage: Stage, late: Late) -> None:
    """Draws what is open and has room by now."""
    work = stage.work
    open_ones = [n for n in range(len(work.wanted)) if n not in work.wires]
    for number in sorted(open_ones, key=lambda n: (work.straight(n), n)):
        if not late():
            drawn_beside(work, number)
    join_apart(work, stage.nets, trees_of(stage), late)
    work.forget()


def trees_of(stage: Stage) -> list[Tree]:
    """The nets of several terminals, the branch points at which their wires meet among them."""
    branches = stage.plan.branches
    first = len(stage.work.sketches.posted.vertices) - len(branches)
    met = {post for wire in stage.work.owner for post in stage.work.sketches.ends_of(wire) if post >= first}
    found: list[Tree] = []
    for tree in stage.wants.trees:
        own = [first + k for k, b in enumerate(branches) if b.terminal.net == tree.net and first + k in met]
        found.append(replace(tree, posts=(*own, *tree.posts)))
    return found


def without_vain(problem: Problem, stage: Stage, say: Say, late: Late) -> Stage:
    """The same work on tiles where no stack stands in vain, as far as that can be had."""
    for _ in range(STANDINGS):
        if not _stands_in_vain(stage):
            break
        stage = stood_anew(problem, stage)
        draw(stage, say, late)
    return stage


def _stands_in_vain(stage: Stage) -> bool:
    """Whether some stack was planned for that no wire uses."""
    sketches = stage.work.sketches
    return any(
        high - low + 1 < len(vertices)
        for vertices, (low, high) in zip(sketches.posted.vertices, sketches.book.standing.tolist(), strict=True)
    )


def stood_anew(problem: Problem, stage: Stage, sites: tuple[ViaSite, ...] | None = None) -> Stage:
    """The same work on tiles where only those stacks stand that are used, or that open connections might use.

    Args:
        problem, stage: the task, and what is done.
        sites: candidates for vias in the tiles, the first of this work; wires may then leave their layers.
    """
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
    if sites is not None:
        plan, vias = replace(plan, vias=sites), dict.fromkeys(range(len(sites)), False)
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
            if sites is not None and not w.exclusive:
                leg = replace(w, layers=layers_for(problem, plan, problem.package.net(stage.nets[number])))
            start, end = work.sketches.ends_of(wire)
            if len(wires) > 1:
                leg = replace(leg, starts=(start,), ends=(end,), exclusive=w.exclusive and end == work.end[number])
            elif w.exclusive:  # and stays so: nobody else may have its ball
                leg = replace(leg, ends=(work.end[number],))
            wanted.append(leg)
            legs.append(stage.nets[number])
    wants = replace(stage.wants, wanted=tuple(wanted), nets=tuple(legs), flows=0, prefers={})
    again = begun(problem, fresh, wants)
    again.work.pushed.update(pushed)
    carry(work, again.work, connection)
    return again


def loose_ends(problem: Problem, stage: Stage) -> int:
    """How many pieces of nets are apart."""
    return len(apart(problem, stage, stage.work.pieces()))


def apart(problem: Problem, stage: Stage, pieces: Groups) -> list[Missing]:
    """Terminals of traced nets that no wire joins to the largest piece of their net."""
    plan, bumps = stage.plan, len(problem.bumps)
    planes = {r.name for r in problem.package.nets if r.style is SupplyStyle.PLANE}
    choosing = {net for net, wanted in zip(stage.nets, stage.work.wanted, strict=True) if wanted.exclusive}
    ball_nets = [None if net in choosing else net for net in plan.ball_nets]
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


def steps(say: Say, stage: str) -> Callable[[int, int], None]:
    """Progress of one stage."""
    return lambda done, total: say(Progress(stage, done, total))
