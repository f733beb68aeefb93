"""Which connections are to be drawn between which posts, after the flow has said what it can.

Posts are numbered: the bumps of the problem, then its balls. A net with one bump and one ball that it may choose is
one connection with several ends; every other net is a tree over its bumps and balls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import Delaunay, QhullError, cKDTree

from kicad_rdl.geometry import Point
from kicad_rdl.model.package import NetRule, Package, SupplyStyle
from kicad_rdl.route.demand import plane_layer_of
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.locked import locked_joins
from kicad_rdl.route.negotiate import VIA_PRICE, Wanted, booked_width
from kicad_rdl.route.plan import Plan
from kicad_rdl.route.problem import Problem

DROPS = 32
"""Vias that a terminal considers to reach its plane."""

SMALL = 16
"""Trees of so many posts are negotiated like connections; larger ones find their way through what is drawn."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A net of several terminals, to be joined in whatever way is short."""

    net: str
    posts: tuple[int, ...]
    widths: tuple[float, ...]
    layers: tuple[int, ...]
    via_price: float


@dataclass(frozen=True, slots=True)
class Wants:
    """Everything that is to be connected by wires.

    Attributes:
        wanted: the connections; the first ones are those of the flow, in the order of its layers and wires.
        nets: [connections] their nets.
        flows: how many the flow has drawn.
        prefers: post -> the connection that the cheapest matching gives it to.
        trees: the nets of several terminals.
    """

    wanted: tuple[Wanted, ...]
    nets: tuple[str, ...]
    flows: int
    prefers: Mapping[int, int]
    trees: tuple[Tree, ...]


def neighbours(points: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of indices that contain a minimum spanning tree: Delaunay edges, or all pairs of a few points."""
    count = len(points)
    if count < 2:
        return []
    if count >= 4:
        try:
            simplices = Delaunay(points, qhull_options="Qbb Qc QJ Pp").simplices
        except QhullError:
            simplices = None
        if simplices is not None:
            pairs = {tuple(sorted((int(s[a]), int(s[b])))) for s in simplices for a, b in ((0, 1), (1, 2), (0, 2))}
            return sorted(pairs)  # type: ignore[arg-type]
    return [(a, b) for a in range(count) for b in range(a + 1, count)]


def widths_of(package: Package, rule: NetRule) -> tuple[float, ...]:
    """Width of a net's traces on each RDL, with what its class keeps beyond the layer's space on both sides [nm]."""
    return tuple(
        booked_width(
            package.trace_width(rule, layer), package.trace_space(rule, layer), package.technology.metal(layer).space
        )
        for layer in range(1, package.rdl_count + 1)
    )


def via_price(package: Package) -> float:
    """Length of trace that a change of layer is worth [nm]."""
    if package.via_cost is not None:
        return float(package.via_cost)
    metal = package.technology.metal(1)
    return VIA_PRICE * (metal.line + metal.space)


def wants_of(problem: Problem, plan: Plan) -> Wants:
    """All connections of a plan."""
    package, terminals = problem.package, (*problem.bumps, *problem.balls)
    rules = {rule.name: rule for rule in package.nets}
    price = via_price(package)
    bumps_of = Counter(bump.net for bump in problem.bumps if bump.net is not None)
    asked = _flow_wires(problem, plan, bumps_of)
    flows, drawn = len(asked), {net for net, _ in asked}
    movable = {net for net, want in asked if want.exclusive}
    # balls of nets that do not choose among several themselves: nobody else may choose them
    settled = {
        len(problem.bumps) + j
        for j, net in enumerate(plan.ball_nets)
        if net is not None and net not in movable and len(_choices(rules[net], bumps_of[net])) < 2
    }
    pieces = Groups(len(terminals))
    for join in locked_joins(problem, plan.ball_nets):
        pieces.join(join.one, join.other)
        settled |= {join.one, join.other}
    index_of = {ball.name: len(problem.bumps) + j for j, ball in enumerate(problem.balls)}
    trees: list[Tree] = []
    prefers: dict[int, int] = {}
    for net, own in sorted(_posts(problem, plan).items()):
        rule = rules[net]
        layers, widths = layers_for(problem, plan, rule), widths_of(package, rule)
        if rule.style is SupplyStyle.PLANE and package.staggered:
            drops, own = _drops(problem, plan, rule, own)
            asked += [(net, Wanted((post,), ends, widths, way, price, exclusive=True)) for post, ends, way in drops]
        # a net of the flow that may choose its ball has one wire, wherever that ends by now
        if not layers or net in movable or len({pieces.root(p) for p in own}) < 2:
            continue
        choices = _choices(rule, bumps_of[net])
        if choices and len(own) == 2:
            choice = {index_of[name] for name in choices if name in index_of} - settled | {own[1]}
            prefers[own[1]] = len(asked)
            want = Wanted((own[0],), tuple(sorted(choice)), widths, layers, price, len(choices) > 1)
            asked.append((net, want))
            continue
        if len(own) <= SMALL and rule.style is not SupplyStyle.PLANE and net not in drawn:
            for start, ends in stepwise([terminals[p].at for p in own], own):
                if all(pieces.root(start) != pieces.root(end) for end in ends):
                    asked.append((net, Wanted((start,), ends, widths, layers, price)))
        trees.append(Tree(net, tuple(own), widths, layers, price))
    return Wants(tuple(want for _, want in asked), tuple(net for net, _ in asked), flows, prefers, tuple(trees))


def _flow_wires(problem: Problem, plan: Plan, bumps_of: Mapping[str, int]) -> list[tuple[str, Wanted]]:
    """The wires of the flow with their nets; those that may choose their ball end on any free one."""
    bumps, rules = len(problem.bumps), {rule.name: rule for rule in problem.package.nets}

    def movable(net: str) -> bool:
        return rules[net].allowed is None and rules[net].balls == 1 == bumps_of[net]

    wires = [
        (problem.bumps[wire.source].net or "", wire, layer_plan.layer)
        for layer_plan in plan.layers
        for wire in layer_plan.wires
    ]
    flowing = {net for net, _, _ in wires}
    # balls that are held for nets outside the flow are nobody else's
    free = tuple(
        bumps + j
        for j, (ball, net) in enumerate(zip(problem.balls, plan.ball_nets, strict=True))
        if ball.usable and (net is None or (net in flowing and movable(net)))
    )
    price = via_price(problem.package)
    found: list[tuple[str, Wanted]] = []
    for net, wire, layer in wires:
        ends = free if movable(net) else (bumps + wire.sink,)
        # a wire of the flow keeps its layer: the stacks of all others are made for it
        widths = widths_of(problem.package, rules[net])
        found.append((net, Wanted((wire.source,), ends, widths, (layer - 1,), price, movable(net))))
    return found


def _posts(problem: Problem, plan: Plan) -> dict[str, list[int]]:
    """The posts of each net: its bumps, then its balls."""
    posts: dict[str, list[int]] = {}
    for post, net in enumerate([*(bump.net for bump in problem.bumps), *plan.ball_nets]):
        if net is not None:
            posts.setdefault(net, []).append(post)
    return posts


def _drops(
    problem: Problem, plan: Plan, rule: NetRule, posts: Sequence[int]
) -> tuple[list[tuple[int, tuple[int, ...], tuple[int, ...]]], list[int]]:
    """How a net with a plane gets there by staggered vias.

    Returns:
        For each of its posts that are on another layer: the vias nearest to it that meet the plane, on any of which it
        may end, and the layers (from 0) on the way; and the posts on the layer of the plane.
    """
    layer, bumps = plane_layer_of(problem, rule), len(problem.bumps)
    terminals = (*problem.bumps, *problem.balls)
    found: list[tuple[int, tuple[int, ...], tuple[int, ...]]] = []
    there: list[int] = []
    nearest: dict[int, tuple[cKDTree, list[int]]] = {}
    for post in posts:
        above = post < bumps
        if layer == (1 if above else problem.package.rdl_count):
            there.append(post)
            continue
        level = layer - 1 if above else layer
        if level not in nearest:
            own = [k for k, via in enumerate(plan.vias) if via.layer == level]
            places = [(plan.vias[k].terminal.at.x, plan.vias[k].terminal.at.y) for k in own]
            nearest[level] = cKDTree(np.array(places, dtype=np.float64).reshape(-1, 2)), own
        tree, own = nearest[level]
        at = terminals[post].at
        near = np.atleast_1d(tree.query((at.x, at.y), k=min(DROPS, len(own)))[1]).tolist() if own else []
        way = range(layer - 1) if above else range(layer, problem.package.rdl_count)
        ways = tuple(k for k in way if rule.layers is None or k + 1 in rule.layers)
        ends = tuple(bumps + len(problem.balls) + own[k] for k in near)
        if ends and ways:
            found.append((post, ends, ways))
    return found, there


def _choices(rule: NetRule, bumps: int) -> tuple[str, ...]:
    """The balls of which a net of so many bumps, outside the flow, takes any one; none: it is no such net."""
    one_of_some = rule.style is not SupplyStyle.PLANE and rule.allowed is not None and rule.balls == 1 == bumps
    return (rule.allowed or ()) if one_of_some else ()


def stepwise(at: Sequence[Point], posts: Sequence[int]) -> list[tuple[int, tuple[int, ...]]]:
    """Each post of a small tree but the first, and those before it, on any of which it may end: always a tree.

    The order is that of Prim's algorithm from the last post, a ball if there is one.
    """
    order = [len(posts) - 1]
    while len(order) < len(posts):
        rest = [p for p in range(len(posts)) if p not in order]
        order.append(min(rest, key=lambda p: (min(at[p].distance(at[q]) for q in order), p)))
    return [(posts[p], tuple(posts[q] for q in order[:k])) for k, p in enumerate(order) if k]


def layers_for(problem: Problem, plan: Plan, rule: NetRule) -> tuple[int, ...]:
    """Layers (from 0) on which a net may have traces; none where its plane joins everything."""
    if rule.style is SupplyStyle.PLANE:
        planes = {r.name: plane_layer_of(problem, r) for r in problem.package.nets if r.style is SupplyStyle.PLANE}
        layer = planes[rule.name]
        # a plane alone on its layer joins everything by itself; others need a tree as their skeleton
        alone = sum(other == layer for other in planes.values()) < 2 and layer not in plan.signal_layers
        return () if alone else (layer - 1,)
    return tuple(k - 1 for k in plan.signal_layers if rule.layers is None or k in rule.layers)
