"""Which layer every net takes: one flow over all layers, repeated while the lands it makes superfluous give way.

A bump can leave on any signal layer through a stack of vias, a ball can be reached on any through its own stack; a net
runs on one layer only. Which stacks stand on a layer depends on the answer: the first flow sees all of them
everywhere, the next only those that the last answer needs, so capacity can only grow. The last flows correct the
diagonals of tiles that the wires overfill.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kicad_rdl.model.package import Angles
from kicad_rdl.route.audit import diagonal_loads, scarce_diagonals
from kicad_rdl.route.corrections import Corrections, corrected
from kicad_rdl.route.demand import Demand, demand_of
from kicad_rdl.route.network import FlowPlan, LayerTask, plan_flow
from kicad_rdl.route.problem import Problem, Terminal
from kicad_rdl.route.sites import Sites
from kicad_rdl.route.stacks import LayerObstacles, obstacles_on
from kicad_rdl.route.tiles import Obstacle, Tiles, build_tiles
from kicad_rdl.route.uncross import Wire
from kicad_rdl.route.via_sites import ViaSite

ROUNDS = 5
"""Flows over all layers."""

CORRECTIONS = 8
"""Flows with corrected diagonals."""

Assigned = dict[int, tuple[int, int]]
"""Bump -> (layer, ball)."""

Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Branch:
    """A place on one layer where traces of a net meet; its terminal is a disc as wide as they are."""

    layer: int
    terminal: Terminal


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
    signal_layers: tuple[int, ...]
    wanted: int
    """Connections that the flow was asked for."""
    value: int
    """Connections that fit: the maximum flow."""
    cut: tuple[tuple[int, int], ...]
    """(RDL, gap) of a minimum cut, in the tiles of ``cut_tiles``."""
    cut_tiles: tuple[Tiles, ...]
    homeless: tuple[str, ...]
    """Nets for which too few balls are left."""
    surely_deep: tuple[int, ...]
    """Outermost layer on which each bump stands in any case; on to ``deep`` it may, if a wire needs it."""
    surely_high: tuple[int, ...]
    """Innermost layer on which each ball stands in any case."""
    branches: tuple[Branch, ...] = ()
    vias: tuple[ViaSite, ...] = ()
    """Where wires may change the layer beside bumps and balls."""
    via_stands: tuple[bool, ...] = ()
    """[vias] True: it stands; False: it may, where it is among ``via_vertices``."""
    via_vertices: tuple[tuple[int, int], ...] = ()
    """[vias] vertex on its layer and on the next; -1: it is given up."""

    def branch_vertex(self, index: int) -> tuple[int, int]:
        """Layer (from 0) and vertex of a branch: on every layer they come after all other obstacles."""
        layer = self.branches[index].layer
        own = [k for k, branch in enumerate(self.branches) if branch.layer == layer]
        return layer - 1, self.layers[layer - 1].tiles.obstacle_count - len(own) + own.index(index)


def make_plan(problem: Problem, step: Step) -> Plan:
    """Plans every net that ends on a ball through traces, and gives the plane nets their balls."""
    demand = demand_of(problem)
    count = problem.package.rdl_count
    spread, assigned, spread_tiles = _spread(problem, demand, step)
    cut_tiles = dict(zip(demand.signal_layers, spread_tiles, strict=True))
    deep, high = _reach(problem, demand, assigned, everywhere=False)
    # on a single RDL nothing stands differently now: the last flow is the first of the corrections
    layers = _settle(problem, demand, deep, high, assigned, spread if count == 1 else None, step)
    ball_nets = list(demand.held)
    for layer in layers:
        for wire in layer.wires:
            ball_nets[wire.sink] = problem.bumps[wire.source].net
    return Plan(
        tuple(layers),
        tuple(deep),
        tuple(high),
        demand.sites,
        tuple(ball_nets),
        demand.signal_layers,
        demand.wanted,
        spread.value,
        tuple((demand.signal_layers[k], gap) for k, gap in spread.cut_gaps),
        tuple(cut_tiles.get(k, layers[k - 1].tiles) for k in range(1, count + 1)),
        demand.homeless,
        *_surely(problem, demand, assigned),
    )


def _surely(problem: Problem, demand: Demand, assigned: Assigned) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where bumps and balls stand whatever is drawn: those of the flow and of planes as they are planned."""
    deep = [1] * len(problem.bumps)
    high = [problem.package.rdl_count] * len(problem.balls)
    for i, bump in enumerate(problem.bumps):
        if bump.net in demand.plane_layer:
            deep[i] = demand.deep[i]
    for j, net in enumerate(demand.held):
        if net in demand.plane_layer:
            high[j] = demand.high[j]
    for i, (layer, ball) in assigned.items():
        deep[i], high[ball] = layer, layer
    return tuple(deep), tuple(high)


def stood(
    problem: Problem,
    plan: Plan,
    deep: Sequence[int],
    high: Sequence[int],
    surely_deep: Sequence[int],
    surely_high: Sequence[int],
    nets: Sequence[str | None],
    branches: Sequence[Branch] = (),
    vias: Mapping[int, bool] | None = None,
) -> Plan:
    """A plan with other stacks of vias, without wires.

    Args:
        problem, plan: the task, and the plan so far.
        deep, high, surely_deep, surely_high, nets, branches: as in ``Plan``.
        vias: those of ``plan.vias`` that are not given up -> whether it stands.
    """
    count = problem.package.rdl_count
    kept = vias or {}
    standing = [obstacles_on(problem, k, deep, high, nets, plan.sites) for k in range(1, count + 1)]
    vertices = [(-1, -1)] * len(plan.vias)
    for number in sorted(kept):
        site = plan.vias[number]
        vertices[number] = (len(standing[site.layer - 1].obstacles), len(standing[site.layer].obstacles))
        for k in (site.layer, site.layer + 1):
            own = site.obstacle(problem, k)
            standing[k - 1] = replace(standing[k - 1], obstacles=(*standing[k - 1].obstacles, own))
    standing = [_branched(s, k, branches) for k, s in enumerate(standing, 1)]
    layers = [LayerPlan(k, s, _tiles_of(problem, k, s), (), {}) for k, s in enumerate(standing, 1)]
    return replace(
        plan,
        layers=tuple(layers),
        deep=tuple(deep),
        high=tuple(high),
        ball_nets=tuple(nets),
        surely_deep=tuple(surely_deep),
        surely_high=tuple(surely_high),
        branches=tuple(branches),
        via_stands=tuple(kept.get(number, False) for number in range(len(plan.vias))),
        via_vertices=tuple(vertices),
    )


def _branched(standing: LayerObstacles, layer: int, branches: Sequence[Branch]) -> LayerObstacles:
    """The obstacles of a layer, and its branches after them."""
    own = tuple(
        Obstacle(b.terminal.at, b.terminal.shape, b.terminal.net, b.terminal.label)
        for b in branches
        if b.layer == layer
    )
    return replace(standing, obstacles=(*standing.obstacles, *own))


def _spread(problem: Problem, demand: Demand, step: Step) -> tuple[FlowPlan, Assigned, list[Tiles]]:
    """Spreads the nets over the layers: as many as fit, then as short as can be."""
    best: tuple[FlowPlan, Assigned, list[Tiles]] | None = None
    assigned: Assigned = {}
    for turn in range(ROUNDS if len(demand.signal_layers) > 1 else 1):
        step(turn, ROUNDS + CORRECTIONS)
        open_left = any(i not in assigned for i in demand.bumps)
        deep, high = _reach(problem, demand, assigned, everywhere=turn == 0 or open_left)
        standing = [obstacles_on(problem, k, deep, high, demand.held, demand.sites) for k in demand.signal_layers]
        tiles = [_tiles_of(problem, k, s) for k, s in zip(demand.signal_layers, standing, strict=True)]
        tasks = [
            _task(problem, demand, layer, s, t, assigned, high)
            for layer, s, t in zip(demand.signal_layers, standing, tiles, strict=True)
        ]
        flow = plan_flow(tasks, demand.group, demand.units, len(problem.balls))
        if best is not None and flow.value < best[0].value:
            break
        settled = best is not None and flow.value == best[0].value
        assigned = {
            demand.bumps[wire.source]: (layer, wire.sink)
            for layer, wires in zip(demand.signal_layers, flow.wires, strict=True)
            for wire in wires
        }
        best = (flow, assigned, tiles)
        if settled:
            break
    assert best is not None
    return best


def _reach(problem: Problem, demand: Demand, assigned: Assigned, everywhere: bool) -> tuple[list[int], list[int]]:
    """How far stacks reach: assigned ones as far as they need; open ones nowhere, or ``everywhere`` they might."""
    deep, high = list(demand.deep), list(demand.high)
    for i in demand.bumps:
        if i in assigned:
            deep[i] = assigned[i][0]
        elif everywhere:
            deep[i] = min(max(demand.signal_layers), demand.sites.bump_limit[i])
    taken = {ball: layer for layer, ball in assigned.values()}
    for j, ball in enumerate(problem.balls):
        if ball.usable and demand.held[j] is None:
            if j in taken:
                high[j] = taken[j]
            elif everywhere:
                high[j] = max(min(demand.signal_layers), demand.sites.ball_limit[j])
    return deep, high


def _tiles_of(problem: Problem, layer: int, standing: LayerObstacles) -> Tiles:
    """The tiles of one layer."""
    technology = problem.package.technology
    return build_tiles(
        standing.obstacles,
        problem.half_width,
        problem.half_height,
        technology.metal(layer).space,
        technology.edges.trace_to_package,
        problem.package.angles is Angles.OCTILINEAR,
    )


def _task(
    problem: Problem,
    demand: Demand,
    layer: int,
    standing: LayerObstacles,
    tiles: Tiles,
    assigned: Assigned,
    high: Sequence[int],
) -> LayerTask:
    """One layer of a flow; assigned bumps and balls are used on their own layer only."""
    metal = problem.package.technology.metal(layer)
    taken = {ball: at for at, ball in assigned.values()}
    sources = [standing.bump_vertex[i] if i not in assigned or assigned[i][0] == layer else -1 for i in demand.bumps]
    sinks = [
        standing.ball_vertex[j]
        if ball.usable and demand.held[j] is None and high[j] <= layer and taken.get(j, layer) == layer
        else -1
        for j, ball in enumerate(problem.balls)
    ]
    capacity = tiles.capacity(metal.line, metal.space)
    return LayerTask(
        tiles,
        capacity,
        np.array(sources, dtype=np.int64),
        np.array(sinks, dtype=np.int64),
        scarce_diagonals(tiles, capacity, metal.line, metal.space),
    )


# --- the last flows -------------------------------------------------------------------------------------------------


def _settle(
    problem: Problem,
    demand: Demand,
    deep: Sequence[int],
    high: Sequence[int],
    assigned: Assigned,
    first: FlowPlan | None,
    step: Step,
) -> list[LayerPlan]:
    """The last flows: obstacles as they will be, diagonals corrected where the wires overfill them."""
    count = problem.package.rdl_count
    nets = list(demand.held)
    for i, (_, ball) in assigned.items():
        nets[ball] = problem.bumps[i].net
    standing = [obstacles_on(problem, k, deep, high, nets, demand.sites) for k in range(1, count + 1)]
    tiles = [_tiles_of(problem, k, s) for k, s in enumerate(standing, 1)]
    tasks = [_task(problem, demand, k, standing[k - 1], tiles[k - 1], assigned, high) for k in demand.signal_layers]
    metals = [problem.package.technology.metal(k) for k in demand.signal_layers]
    corrections = [Corrections()] * len(tasks)
    best: tuple[tuple[int, float], FlowPlan] | None = None
    for turn in range(CORRECTIONS):
        step(ROUNDS + turn, ROUNDS + CORRECTIONS)
        flow = first if turn == 0 else None
        if flow is None:
            now = [c.applied(task) for c, task in zip(corrections, tasks, strict=True)]
            flow = plan_flow(now, demand.group, demand.units, len(problem.balls))
        loads = [
            diagonal_loads(task.tiles, wires, [metal.line] * len(wires), metal.space)
            for task, wires, metal in zip(tasks, flow.wires, metals, strict=True)
        ]
        over = math.fsum(max(0.0, cut.excess) for cuts in loads for cut in cuts)
        if best is None or (flow.value, -over) > best[0]:
            best = ((flow.value, -over), flow)
        if not over:
            break
        corrections = [
            corrected(before, task, cuts, orders)
            for before, task, cuts, orders in zip(corrections, tasks, loads, flow.orders, strict=True)
        ]
    assert best is not None
    flow = best[1]
    place = {layer: k for k, layer in enumerate(demand.signal_layers)}
    return [
        LayerPlan(
            layer,
            standing[layer - 1],
            tiles[layer - 1],
            tuple(
                Wire(demand.bumps[w.source], w.sink, w.start, w.end, w.gaps, w.triangles)
                for w in (flow.wires[place[layer]] if layer in place else ())
            ),
            flow.orders[place[layer]] if layer in place else {},
        )
        for layer in range(1, count + 1)
    ]
