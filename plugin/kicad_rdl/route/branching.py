"""Where the traces of nets of several terminals meet besides at these: branch points for the trees of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from kicad_rdl.geometry import Circle
from kicad_rdl.model.package import Angles, SupplyStyle
from kicad_rdl.route.metric import metric_of
from kicad_rdl.route.plan import Branch, Plan
from kicad_rdl.route.problem import Problem, Terminal, TerminalKind
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.steiner import Standing, branch_points
from kicad_rdl.route.wants import SMALL, Tree


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
        metal = problem.package.technology.metal(layer + 1)
        width = max(metal.line, problem.package.net(tree.net).on_layer(layer + 1).width or 0)
        # the tree's width counts the space of its class, too
        space = metal.space + max(0.0, (tree.widths[layer] - width) / 2)
        for number, at in enumerate(branch_points(standing[layer], vertices, width, space, metric).points, 1):
            terminal = Terminal(TerminalKind.BRANCH, f"{tree.net}.{number}", tree.net, at, Circle(width), True)
            found.append(Branch(layer + 1, terminal))
    return tuple(found)
