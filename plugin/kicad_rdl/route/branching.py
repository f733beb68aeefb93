"""Nets of a package that branch between their terminals: planned branch points, and those that come while drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from kicad_rdl.geometry import Circle
from kicad_rdl.model.package import Angles, SupplyStyle
from kicad_rdl.route import midway
from kicad_rdl.route.carry import carry
from kicad_rdl.route.chains import Routed
from kicad_rdl.route.junctions import Restrung
from kicad_rdl.route.lay import ends_of
from kicad_rdl.route.metric import metric_of
from kicad_rdl.route.midway import BranchPoint, View
from kicad_rdl.route.negotiate import Wanted
from kicad_rdl.route.plan import Branch, Plan, stood
from kicad_rdl.route.problem import Problem, Terminal, TerminalKind
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.stage import Late, Say, Stage, begun, draw, loose_ends, trees_of
from kicad_rdl.route.steiner import Standing, branch_points
from kicad_rdl.route.wants import SMALL, Tree, Wants, stepwise


def branches_of(
    problem: Problem, plan: Plan, sketches: Sketches, trees: Sequence[Tree], drawn: Mapping[str, Sequence[int]]
) -> tuple[Branch, ...]:
    """Branch points of the small trees.

    Args:
        problem, plan: the task.
        sketches: with the wires of the trees, as far as they are drawn.
        trees: the nets of several terminals.
        drawn: net -> its wires.
    """
    metric = metric_of(problem.package.angles is not Angles.ANY)
    standing: dict[int, Standing] = {}
    found: list[Branch] = []
    for tree in trees:
        if not 3 <= len(tree.posts) <= SMALL or problem.package.net(tree.net).style is SupplyStyle.PLANE:
            continue
        used = Counter(sketches.layer_of(wire) for wire in drawn.get(tree.net, ()))
        layer = min(used, key=lambda k: (-used[k], k)) if used else tree.layers[0]
        vertices = [dict(sketches.posted.vertices[post]).get(layer, -1) for post in tree.posts]
        if min(vertices) < 0:
            continue
        if layer not in standing:
            standing[layer] = Standing(plan.layers[layer].standing.obstacles)
        width = problem.package.trace_width(problem.package.net(tree.net), layer + 1)
        # the tree's width counts the space of its class, too
        space = problem.package.technology.metal(layer + 1).space + max(0.0, (tree.widths[layer] - width) / 2)
        for number, at in enumerate(branch_points(standing[layer], vertices, width, space, metric).points, 1):
            terminal = Terminal(TerminalKind.BRANCH, f"{tree.net}.{number}", tree.net, at, Circle(width), True)
            found.append(Branch(layer + 1, terminal))
    return tuple(found)


def branched(problem: Problem, stage: Stage, say: Say, late: Late) -> Stage | None:
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
    first = len(problem.bumps) + len(problem.balls)
    for tree in stage.wants.trees:
        own = [first + k for k, branch in enumerate(branches) if branch.terminal.net == tree.net]
        posts = (*own, *tree.posts)
        for start, ends in stepwise([terminals[p].at for p in posts], posts) if own else ():
            wanted.append(Wanted((start,), ends, tree.widths, tree.layers, tree.via_price))
            nets.append(tree.net)
    again = begun(problem, fresh, Wants(tuple(wanted), tuple(nets), 0, {}, stage.wants.trees))
    carry(work, again.work, connection)
    draw(again, say, late)
    return again if loose_ends(problem, again) <= loose_ends(problem, stage) else None


def joined_midway(problem: Problem, stage: Stage, say: Say, late: Late) -> Stage:
    """The same work, open pieces of trees ending on wires of their own net where that leaves fewer of them."""
    if stage.plan.vias:
        return stage  # a tree whose wires change the layer keeps its shape
    return midway.joined_midway(
        stage,
        lambda s: _view(problem, s),
        lambda s, branches, cut: _again(problem, s, branches, cut),
        lambda s: draw(s, say, late),
        late,
    )


def settled(problem: Problem, stage: Stage, late: Late) -> Stage:
    """The same work, its branch points where they make the wires shorter and the corners blunt."""
    return midway.settled(
        stage, lambda s: _view(problem, s), lambda s, branches, cut: _again(problem, s, branches, cut), late
    )


def _view(problem: Problem, stage: Stage) -> View:
    planes = {rule.name for rule in problem.package.nets if rule.style is SupplyStyle.PLANE}
    trees = [tree for tree in trees_of(stage) if tree.net not in planes]
    first = len(stage.work.sketches.posted.vertices) - len(stage.plan.branches)
    branches = {
        first + k: BranchPoint(branch.terminal.net or "", branch.layer - 1, branch.terminal.at)
        for k, branch in enumerate(stage.plan.branches)
    }
    return View(stage.work, stage.nets, trees, branches, loose_ends(problem, stage))


def _again(problem: Problem, stage: Stage, points: Sequence[BranchPoint], cut: Restrung) -> Stage:
    """The same work on tiles with other branch points; nothing is drawn yet."""
    count: Counter[str] = Counter()
    branches: list[Branch] = []
    for point in points:
        count[point.net] += 1
        width = problem.package.trace_width(problem.package.net(point.net), point.layer + 1)
        label = f"{point.net}.{count[point.net]}"
        terminal = Terminal(TerminalKind.BRANCH, label, point.net, point.at, Circle(width), True)
        branches.append(Branch(point.layer + 1, terminal))
    plan = stage.plan
    fresh = stood(problem, plan, plan.deep, plan.high, plan.surely_deep, plan.surely_high, plan.ball_nets, branches)
    nets = tuple(cut.net_of(number, stage.nets) for number in range(len(cut.wanted)))
    return begun(problem, fresh, Wants(cut.wanted, nets, 0, {}, stage.wants.trees))


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
