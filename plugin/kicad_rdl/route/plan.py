"""Which layer every net takes: one flow over all layers, repeated while the lands it makes superfluous give way.

A bump can leave on any signal layer through a stack of vias, a ball can be reached on any through its own stack; a net
runs on one layer only. Which stacks stand on a layer depends on the answer: the first flow sees all of them
everywhere, the next only those that the last answer needs, so capacity can only grow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kicad_rdl.model.package import NetRule, SupplyStyle
from kicad_rdl.route.audit import diagonal_loads
from kicad_rdl.route.lay import SLACK
from kicad_rdl.route.network import FlowPlan, LayerTask, Wire, plan_flow
from kicad_rdl.route.problem import Problem
from kicad_rdl.route.sites import Sites, sites_of
from kicad_rdl.route.stacks import LayerObstacles, obstacles_on
from kicad_rdl.route.tiles import Tiles, build_tiles, flipped

ROUNDS = 5
"""Flows over all layers."""

FLIPS = 8
"""Flows with corrected diagonals."""


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """The sketch of one layer, and where the terminals stand on it."""

    layer: int
    standing: LayerObstacles
    tiles: Tiles
    wires: tuple[Wire, ...]
    """``source`` counts bumps, ``sink`` balls."""
    orders: dict[int, list[int]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Topology of the whole package."""

    layers: tuple[LayerPlan, ...]
    """RDL1 .. RDLn."""
    deep: tuple[int, ...]
    high: tuple[int, ...]
    sites: Sites
    ball_nets: tuple[str | None, ...]
    wanted: int
    """Connections that the flow was asked for."""
    value: int
    """Connections that fit: the maximum flow."""
    cut: tuple[tuple[int, int], ...]
    """(RDL, gap) of a minimum cut, in the tiles of ``cut_tiles``."""
    cut_tiles: tuple[Tiles, ...]
    homeless: tuple[str, ...]
    """Plane nets that found too few balls."""


def trace_width(problem: Problem, layer: int, rule: NetRule | None = None) -> int:
    """Width of a trace on a layer [nm]."""
    least = problem.package.technology.metal(layer).line
    return max(least, rule.width) if rule is not None and rule.width else least


def tiles_of(problem: Problem, layer: int, standing: LayerObstacles) -> Tiles:
    """The tiles of one layer with the clearances of planning."""
    technology = problem.package.technology
    return build_tiles(
        standing.obstacles,
        problem.half_width,
        problem.half_height,
        technology.metal(layer).space + SLACK,
        technology.edges.trace_to_package + SLACK,
    )


def make_plan(problem: Problem, progress: Callable[[int, int], None]) -> Plan:
    """Plans every net that ends on a ball through traces, and gives the plane nets their balls."""
    package = problem.package
    count = package.rdl_count
    rules = {rule.name: rule for rule in package.nets}
    plane_layer = {r.name: plane_layer_of(problem, r) for r in package.nets if r.style is SupplyStyle.PLANE}
    signal_layers = [k for k in range(1, count + 1) if k not in plane_layer.values()] or list(range(1, count + 1))

    # nets of the flow, and the bumps they may leave from
    names = [r.name for r in package.nets if r.name not in plane_layer]
    number = {name: k for k, name in enumerate(names)}
    bumps = [i for i, b in enumerate(problem.bumps) if b.net in number]
    group = np.array([number[problem.bumps[i].net or ""] for i in bumps], dtype=np.int64)
    size = np.bincount(group, minlength=len(names)) if len(bumps) else np.zeros(len(names), np.int64)
    units = np.minimum(np.array([rules[n].balls for n in names], dtype=np.int64), size)
    wanted = int(units.sum())

    deep = [1] * len(problem.bumps)
    for i, bump in enumerate(problem.bumps):
        if bump.net in plane_layer:
            deep[i] = plane_layer[bump.net or ""]
    reach = list(deep)
    for i in bumps:
        reach[i] = max(signal_layers)
    sites = sites_of(problem, reach)
    deep = [min(d, limit) if d > 1 else 1 for d, limit in zip(deep, sites.bump_limit, strict=True)]
    fixed_deep = list(deep)
    # plane nets take the balls nearest to their bumps first: they need no trace there, signals want to go out
    plane_nets: list[str | None] = [None] * len(problem.balls)
    homeless = _house(problem, rules, plane_layer, plane_nets, sites)
    usable = [j for j, ball in enumerate(problem.balls) if ball.usable and plane_nets[j] is None]
    assigned: dict[int, tuple[int, int]] = {}  # bump -> (layer, ball)
    best: tuple[int, FlowPlan, list[LayerObstacles], list[Tiles]] | None = None
    rounds = ROUNDS if len(signal_layers) > 1 else 1
    for turn in range(rounds):
        progress(turn, rounds + FLIPS)
        deep, high = _reach(
            fixed_deep, plane_nets, plane_layer, assigned, bumps, usable, signal_layers, count, sites, turn == 0
        )
        flow, standing, tiles = _flow(
            problem, signal_layers, deep, high, plane_nets, sites, bumps, group, units, assigned
        )
        if best is None or flow.value >= best[0]:
            better = best is None or flow.value > best[0]
            best = (flow.value, flow, standing, tiles)
            assigned = {
                bumps[w.source]: (layer, w.sink)
                for layer, wires in zip(signal_layers, flow.wires, strict=True)
                for w in wires
            }
            if not better and turn > 1:
                break
        else:
            break
    assert best is not None
    value, flow = best[0], best[1]
    cut = tuple((signal_layers[k], gap) for k, gap in flow.cut_gaps)
    cut_tiles = {signal_layers[k]: best[3][k] for k in range(len(signal_layers))}

    ball_nets = list(plane_nets)
    for i, (_, ball) in assigned.items():
        ball_nets[ball] = problem.bumps[i].net
    deep, high = _settled(fixed_deep, assigned, ball_nets, plane_layer, count)

    layers, flow = _settle(
        problem, signal_layers, deep, high, sites, bumps, group, units, assigned, ball_nets, plane_nets, progress
    )
    ball_nets = list(plane_nets)
    for plan in layers:
        for wire in plan.wires:
            ball_nets[wire.sink] = problem.bumps[wire.source].net
    return Plan(
        tuple(layers),
        tuple(deep),
        tuple(high),
        sites,
        tuple(ball_nets),
        wanted,
        value,
        cut,
        tuple(cut_tiles.get(k, layers[k - 1].tiles) for k in range(1, count + 1)),
        tuple(homeless),
    )


def plane_layer_of(problem: Problem, rule: NetRule) -> int:
    """The layer of a plane: as asked, or RDL1 (of one or two layers) or the second."""
    return rule.plane_layer or (1 if problem.package.rdl_count < 3 else 2)


def _reach(
    fixed: Sequence[int],
    plane_nets: Sequence[str | None],
    plane_layer: dict[str, int],
    assigned: dict[int, tuple[int, int]],
    bumps: Sequence[int],
    usable: Sequence[int],
    signal_layers: Sequence[int],
    count: int,
    sites: Sites,
    first: bool,
) -> tuple[list[int], list[int]]:
    """How far stacks may reach in the next flow: assigned ones as far as they need, open ones everywhere."""
    deep = list(fixed)
    for i in bumps:
        deep[i] = assigned[i][0] if i in assigned else min(max(signal_layers), sites.bump_limit[i])
    high = [plane_layer[net] if net is not None else count for net in plane_nets]
    taken = {ball: layer for layer, ball in assigned.values()}
    complete = not first and all(i in assigned for i in bumps)
    for j in usable:
        high[j] = taken.get(j, count if complete else max(min(signal_layers), sites.ball_limit[j]))
    return deep, high


def _flow(
    problem: Problem,
    signal_layers: Sequence[int],
    deep: Sequence[int],
    high: Sequence[int],
    plane_nets: Sequence[str | None],
    sites: Sites,
    bumps: Sequence[int],
    group: np.ndarray,
    units: np.ndarray,
    assigned: dict[int, tuple[int, int]],
) -> tuple[FlowPlan, list[LayerObstacles], list[Tiles]]:
    standing = [obstacles_on(problem, k, deep, high, plane_nets, sites) for k in signal_layers]
    tiles = [tiles_of(problem, k, s) for k, s in zip(signal_layers, standing, strict=True)]
    tasks = []
    for layer, s, t in zip(signal_layers, standing, tiles, strict=True):
        tasks.append(_task(problem, layer, s, t, bumps, assigned, high, plane_nets))
    return plan_flow(tasks, group, units, len(problem.balls)), standing, tiles


def _task(
    problem: Problem,
    layer: int,
    standing: LayerObstacles,
    tiles: Tiles,
    bumps: Sequence[int],
    assigned: dict[int, tuple[int, int]],
    high: Sequence[int],
    plane_nets: Sequence[str | None],
) -> LayerTask:
    """One layer of a flow; assigned bumps leave on their own layer only."""
    metal = problem.package.technology.metal(layer)
    sources = [standing.bump_vertex[i] if i not in assigned or assigned[i][0] == layer else -1 for i in bumps]
    sinks = [
        standing.ball_vertex[j] if ball.usable and plane_nets[j] is None and high[j] <= layer else -1
        for j, ball in enumerate(problem.balls)
    ]
    taken = {ball: at for at, ball in assigned.values()}
    sinks = [v if taken.get(j, layer) == layer else -1 for j, v in enumerate(sinks)]
    return LayerTask(
        tiles,
        tiles.capacity(metal.line, metal.space + SLACK),
        np.array(sources, dtype=np.int64),
        np.array(sinks, dtype=np.int64),
    )


def _house(
    problem: Problem, rules: dict[str, NetRule], plane_layer: dict[str, int], ball_nets: list[str | None], sites: Sites
) -> list[str]:
    """Gives the plane nets their balls in turn; returns nets that found too few."""
    wish: list[tuple[str, float, float, int]] = []
    for name in sorted(plane_layer):
        own = [b.at for b in problem.bumps if b.net == name]
        if own:
            x, y = sum(p.x for p in own) / len(own), sum(p.y for p in own) / len(own)
            wish.append((name, x, y, rules[name].balls))
    homeless: list[str] = []
    left = {name: number for name, _, _, number in wish}
    while any(left.values()):
        for name, x, y, _ in wish:
            if not left[name]:
                continue
            allowed = rules[name].allowed
            free = [
                (ball.at.x - x) ** 2 + (ball.at.y - y) ** 2
                if ball.usable
                and ball_nets[j] is None
                and sites.ball_limit[j] <= plane_layer[name]
                and (allowed is None or ball.name in allowed)
                else float("inf")
                for j, ball in enumerate(problem.balls)
            ]
            nearest = min(range(len(free)), key=lambda j: (free[j], j))
            if free[nearest] == float("inf"):
                homeless.append(name)
                left[name] = 0
                continue
            ball_nets[nearest] = name
            left[name] -= 1
    return homeless


def _settled(
    fixed: Sequence[int],
    assigned: dict[int, tuple[int, int]],
    ball_nets: Sequence[str | None],
    plane_layer: dict[str, int],
    count: int,
) -> tuple[list[int], list[int]]:
    """The stacks that the answer needs."""
    deep = list(fixed)
    high = [count] * len(ball_nets)
    for i, (layer, ball) in assigned.items():
        deep[i] = layer
        high[ball] = layer
    for j, net in enumerate(ball_nets):
        if net in plane_layer:
            high[j] = plane_layer[net or ""]
    return deep, high


def _settle(
    problem: Problem,
    signal_layers: Sequence[int],
    deep: list[int],
    high: list[int],
    sites: Sites,
    bumps: Sequence[int],
    group: np.ndarray,
    units: np.ndarray,
    assigned: dict[int, tuple[int, int]],
    ball_nets: Sequence[str | None],
    plane_nets: Sequence[str | None],
    progress: Callable[[int, int], None],
) -> tuple[list[LayerPlan], FlowPlan]:
    """The last flows: obstacles as they will be, diagonals corrected where the wires overfill them."""
    count = problem.package.rdl_count
    standing = [obstacles_on(problem, k, deep, high, ball_nets, sites) for k in range(1, count + 1)]
    tiles = [tiles_of(problem, k, s) for k, s in enumerate(standing, 1)]
    technology = problem.package.technology
    limits: dict[tuple[int, int, int], int] = {}
    seen: set[tuple[int, int, int]] = set()
    best: tuple[tuple[int, int], FlowPlan, list[Tiles]] | None = None
    # a bump that found no way stays out of the last flows: its stack does not stand
    for turn in range(FLIPS):
        progress(ROUNDS + turn, ROUNDS + FLIPS)
        tasks = []
        for layer in signal_layers:
            task = _task(problem, layer, standing[layer - 1], tiles[layer - 1], bumps, assigned, high, plane_nets)
            capacity = task.capacity.copy()
            index = {(int(u), int(v)): e for e, (u, v) in enumerate(tiles[layer - 1].edges.tolist())}
            for (k, u, v), limit in limits.items():
                if k == layer and (u, v) in index:
                    capacity[index[(u, v)]] = min(capacity[index[(u, v)]], limit)
            tasks.append(LayerTask(task.tiles, capacity, task.source_vertex, task.sink_vertex))
        flow = plan_flow(tasks, group, units, len(problem.balls))
        over: list[tuple[int, int]] = []
        next_tiles = list(tiles)
        for layer, wires, orders in zip(signal_layers, flow.wires, flow.orders, strict=True):
            metal = technology.metal(layer)
            own = tiles[layer - 1]
            loads = [
                c for c in diagonal_loads(own, wires, [metal.line] * len(wires), metal.space + SLACK) if c.load > c.room
            ]
            loads.sort(key=lambda c: (c.room - c.load, c.edge))
            flips = []
            for cut in loads:
                over.append((layer, cut.edge))
                key = (layer, min(cut.start, cut.end), max(cut.start, cut.end))
                if key not in seen:
                    seen.add(key)
                    flips.append(cut.edge)
                    continue
                # exchanged before: narrow the fullest gap at the ends of this cut instead
                u, v = own.edges[cut.edge].tolist()
                around = [
                    e
                    for t in own.edge_triangles[cut.edge].tolist()
                    for e in own.triangle_edges[t].tolist()
                    if e != cut.edge and e in orders
                ]
                if around:
                    fullest = max(around, key=lambda e: (len(orders[e]), -e))
                    a, b = own.edges[fullest].tolist()
                    limits[(layer, a, b)] = len(orders[fullest]) - 1
            if flips:
                next_tiles[layer - 1] = flipped(own, flips)
        score = (flow.value, -len(over))
        if best is None or score > best[0]:
            best = (score, flow, list(tiles))
        if not over:
            break
        tiles = next_tiles
    assert best is not None
    _, flow, tiles = best
    of_layer = {layer: k for k, layer in enumerate(signal_layers)}
    plans = []
    for layer in range(1, count + 1):
        k = of_layer.get(layer)
        wires = (
            ()
            if k is None
            else tuple(Wire(bumps[w.source], w.sink, w.start, w.end, w.gaps, w.triangles) for w in flow.wires[k])
        )
        plans.append(
            LayerPlan(layer, standing[layer - 1], tiles[layer - 1], wires, {} if k is None else flow.orders[k])
        )
    return plans, flow
