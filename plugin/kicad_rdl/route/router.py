"""From package to layout: plan, join, lay, pour, and an account of what could not be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import shapely

from kicad_rdl.errors import ModelError
from kicad_rdl.geometry import Circle, Path, Point, Shape
from kicad_rdl.model.layout import (
    Connection,
    Cut,
    Layout,
    Opening,
    Pad,
    PadKind,
    Plane,
    Side,
    Trace,
    Unrouted,
    Via,
)
from kicad_rdl.model.package import Package, SupplyStyle
from kicad_rdl.model.report import Progress
from kicad_rdl.route.account import connections_of, cuts_of, fullest_cut, lower_bound, remedies_of
from kicad_rdl.route.improve import Freedom, improve
from kicad_rdl.route.joins import join_nets
from kicad_rdl.route.lay import SLACK
from kicad_rdl.route.layer import lay_layer
from kicad_rdl.route.network import Wire
from kicad_rdl.route.plan import LayerPlan, Plan, make_plan, plane_layer_of, trace_width
from kicad_rdl.route.planes import PlaneRequest, Skeleton, islands, pour
from kicad_rdl.route.planes import Terminal as PlaneTerminal
from kicad_rdl.route.problem import Problem, Terminal, problem_of
from kicad_rdl.route.sketch import Sketch
from kicad_rdl.route.stacks import ball_copper, bump_copper, stack
from kicad_rdl.route.teardrops import teardrops
from kicad_rdl.route.voids import Copper, Land, Run

Report = Callable[[Progress], None]

RETRIES = 4
"""How often wires that do not fit look for another way."""


@dataclass(frozen=True, slots=True)
class Routed:
    """A laid wire, in the pose."""

    net: str
    layer: int
    start: Terminal
    end: Terminal
    path: Path
    width: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A wire that could not be laid."""

    net: str
    start: Terminal
    end: Terminal | None
    layer: int
    reason: str


def route(package: Package, progress: Report | None = None) -> Layout:
    """Turns a package into copper.

    Raises:
        ModelError: the technology cannot do what is asked for at all.
    """
    say = progress or (lambda _: None)
    if package.rdl_count > 1 and not package.technology.stacked_vias:
        raise ModelError(
            f"technology {package.technology.name} allows no stacked vias; packages of several RDLs need them: "
            "ask for one RDL, or set stacked_vias in [technology.override] if your process allows it"
        )
    problem = problem_of(package)
    plan = make_plan(problem, lambda done, total: say(Progress("plan", done, total)))
    routed: list[Routed] = []
    missing: list[Missing] = []
    sketches: dict[int, Sketch] = {}
    for layer_plan in plan.layers:
        say(Progress("lay", layer_plan.layer - 1, len(plan.layers)))
        laid, failed, sketches[layer_plan.layer] = _route_layer(problem, plan, layer_plan, say)
        routed += laid
        missing += failed
    say(Progress("pour", 0, 1))
    plan = _with_final_balls(problem, plan, routed, missing)
    planes, unreached = _pour(problem, plan, routed)
    layout = _layout(problem, plan, routed, missing, planes, unreached, sketches)
    say(Progress("teardrops", 0, 1))
    return replace(layout, teardrops=teardrops(layout))


def _with_final_balls(problem: Problem, plan: Plan, routed: Sequence[Routed], missing: Sequence[Missing]) -> Plan:
    """The plan with the balls on which the wires end after all changes, and only the stacks that are needed."""
    plane = {r.name for r in problem.package.nets if r.style is SupplyStyle.PLANE}
    index = {ball.label: j for j, ball in enumerate(problem.balls)}
    nets: list[str | None] = [net if net in plane else None for net in plan.ball_nets]
    high = [h if net is not None else problem.package.rdl_count for h, net in zip(plan.high, nets, strict=True)]
    ends = [(r.net, r.layer, t) for r in routed for t in (r.start, r.end)]
    ends += [(m.net, m.layer, t) for m in missing for t in (m.start, m.end) if t is not None]
    for net, layer, terminal in ends:
        j = index.get(terminal.label)
        if j is not None and nets[j] in (None, net):
            nets[j] = net
            high[j] = min(high[j], layer)
    return replace(plan, ball_nets=tuple(nets), high=tuple(high))


# --- one layer ------------------------------------------------------------------------------------------------------


def _route_layer(
    problem: Problem, plan: Plan, layer_plan: LayerPlan, say: Report
) -> tuple[list[Routed], list[Missing], Sketch]:
    package = problem.package
    layer, tiles = layer_plan.layer, layer_plan.tiles
    metal = package.technology.metal(layer)
    terminals = _terminals(problem, layer_plan)
    net_of = {vertex: _net(problem, plan, terminal) for vertex, terminal in terminals.items()}
    rules = {rule.name: rule for rule in package.nets}
    sketch = Sketch(tiles, metal.space + SLACK)
    sketch.load(layer_plan.wires, layer_plan.orders, metal.line)
    trees = _trees(problem, plan, layer, terminals, net_of)
    made, apart = join_nets(
        sketch,
        trees,
        {net: float(trace_width(problem, layer, rules[net])) for net in trees},
        [(w.start, w.end) for w in layer_plan.wires],
        lambda done, total: say(Progress(f"join on RDL{layer}", done, total)),
    )
    del made
    vertex_of = {terminal.label: vertex for vertex, terminal in terminals.items()}
    joined = set(trees)
    free = {
        vertex_of[ball.label]
        for ball, high, net in zip(problem.balls, plan.high, plan.ball_nets, strict=True)
        if ball.usable and net is None and high <= layer and ball.label in vertex_of
    }
    movable = {
        number
        for number, wire in sketch.wires.items()
        if wire.source >= 0 and net_of[wire.start] not in joined and rules[net_of[wire.start] or ""].allowed is None
    }
    freedom = Freedom(free, movable)
    improve(sketch, freedom, lambda done, total: say(Progress(f"improve RDL{layer}", done, total)))
    laid = _lay(sketch, freedom, net_of, metal.space)
    routed: list[Routed] = []
    missing: list[Missing] = []
    for wire, path, width in laid:
        net = net_of[wire.start] or net_of[wire.end] or ""
        start, end = terminals[wire.start], terminals[wire.end]
        if path is None:
            missing.append(Missing(net, start, end, layer, "no legal geometry beside the other traces"))
        else:
            routed.append(Routed(net, layer, start, end, path, round(width)))
    for piece in apart:
        for vertex in piece.vertices:
            missing.append(
                Missing(piece.net, terminals[vertex], terminals[piece.rest[0]], layer, "no way to the rest of its net")
            )
    return routed, missing, sketch


def _lay(
    sketch: Sketch, freedom: Freedom, net_of: dict[int, str | None], space: int
) -> list[tuple[Wire, Path | None, float]]:
    """Lays the wires; one that does not fit looks for another way, farther from where it collided."""
    for _ in range(RETRIES):
        numbers = sorted(sketch.wires)
        place = {number: k for k, number in enumerate(numbers)}
        wires = [sketch.wires[number] for number in numbers]
        widths = [sketch.width[number] for number in numbers]
        orders = {gap: [place[n] for n in order] for gap, order in sketch.orders.items()}
        nets = [net_of[wire.start] or net_of[wire.end] or "" for wire in wires]
        laid = lay_layer(sketch.tiles, wires, nets, orders, widths, space)
        lost = [number for number, path in zip(numbers, laid.paths, strict=True) if path is None]
        result = list(zip(wires, laid.paths, widths, strict=True))
        if not lost or not _again(sketch, freedom, lost, [(numbers[c.wire], c.at) for c in laid.given_up]):
            break
    return result


def _again(
    sketch: Sketch, freedom: Freedom, lost: Sequence[int], where: Sequence[tuple[int, tuple[float, float]]]
) -> bool:
    """Draws lost wires anew with the gaps closed at which they collided; whether any found another way."""
    kept = sketch.keep()
    out = {number: (sketch.wires[number], sketch.width[number]) for number in lost}
    for number in lost:
        sketch.remove(number)
    xy, edges = sketch.tiles.xy, sketch.tiles.edges
    for number, at in where:
        wire = out[number][0] if number in out else sketch.wires[number]
        if wire.gaps:
            middle = [xy[edges[gap]].mean(axis=0) for gap in wire.gaps]
            nearest = min(range(len(middle)), key=lambda k: (abs(middle[k][0] - at[0]) + abs(middle[k][1] - at[1]), k))
            sketch.narrow(wire.gaps[nearest])
    for number, (wire, width) in out.items():
        ends = {wire.end} | (freedom.free_ends if number in freedom.movable else set())
        way = sketch.find((wire.start,), ends, width)
        if way is None:
            sketch.back_to(kept)
            return False
        new = sketch.insert(way, width, wire.source, wire.sink)
        if number in freedom.movable:
            freedom.free_ends.add(wire.end)
            freedom.free_ends.discard(way.end)
            freedom.movable.add(new)
    return True


def _terminals(problem: Problem, layer_plan: LayerPlan) -> dict[int, Terminal]:
    found: dict[int, Terminal] = {}
    for terminal, vertex in zip(problem.bumps, layer_plan.standing.bump_vertex, strict=True):
        if vertex >= 0:
            found[vertex] = terminal
    for terminal, vertex in zip(problem.balls, layer_plan.standing.ball_vertex, strict=True):
        if vertex >= 0:
            found[vertex] = terminal
    return found


def _net(problem: Problem, plan: Plan, terminal: Terminal) -> str | None:
    if terminal.net is not None:
        return terminal.net
    for ball, net in zip(problem.balls, plan.ball_nets, strict=True):
        if ball is terminal:
            return net
    return None


def _trees(
    problem: Problem, plan: Plan, layer: int, terminals: dict[int, Terminal], net_of: dict[int, str | None]
) -> dict[str, list[int]]:
    """Nets to be joined by traces on this layer, with their vertices."""
    del terminals
    package = problem.package
    sharing = [r.name for r in package.nets if r.style is SupplyStyle.PLANE and plane_layer_of(problem, r) == layer]
    chosen: set[str] = set()
    for rule in package.nets:
        if rule.style is SupplyStyle.PLANE:
            # a plane alone on its layer joins everything by itself; several share by the skeletons drawn here
            if rule.name in sharing and (len(sharing) > 1 or _signals_on(plan, layer)):
                chosen.add(rule.name)
        elif layer == _tree_layer(problem, plan, rule.name):
            chosen.add(rule.name)
    trees: dict[str, list[int]] = {}
    for vertex, net in sorted(net_of.items()):
        if net in chosen:
            trees.setdefault(net or "", []).append(vertex)
    return {net: vertices for net, vertices in trees.items() if len(vertices) > 1}


def _signals_on(plan: Plan, layer: int) -> bool:
    return bool(plan.layers[layer - 1].wires)


def _tree_layer(problem: Problem, plan: Plan, net: str) -> int:
    """The layer on which a tree is joined: where all its bumps stand."""
    del problem, plan, net
    return 1


# --- planes ---------------------------------------------------------------------------------------------------------


def _pour(problem: Problem, plan: Plan, routed: Sequence[Routed]) -> tuple[list[Plane], list[Missing]]:
    package = problem.package
    technology = package.technology
    edge = technology.edges.trace_to_package
    boundary = shapely.box(
        -problem.half_width + edge, -problem.half_height + edge, problem.half_width - edge, problem.half_height - edge
    )
    planes: list[Plane] = []
    unreached: list[Missing] = []
    by_label = {t.label: t for t in (*problem.bumps, *problem.balls)}
    for layer in range(1, package.rdl_count + 1):
        metal = technology.metal(layer)
        asked = [r for r in package.nets if r.style is SupplyStyle.PLANE and plane_layer_of(problem, r) == layer]
        requests: list[PlaneRequest] = []
        standing = _standing(problem, plan, layer)
        names = {rule.name for rule in asked}
        for rule in asked:
            own = tuple(PlaneTerminal(t.label, at, shape) for t, at, shape, net in standing if net == rule.name)
            bones = tuple(Skeleton(r.path, r.width) for r in routed if r.layer == layer and r.net == rule.name)
            if own:
                requests.append(PlaneRequest(rule.name, own, bones, rule.joint))
        if not requests:
            continue
        copper: list[Copper] = [Land(at, shape, metal.space, net) for _, at, shape, net in standing if net not in names]
        copper += [Run(r.path, r.width, metal.space, r.net) for r in routed if r.layer == layer and r.net not in names]
        if layer == 1:
            copper += [Run(b.path, b.width, metal.space, b.net) for b in bones_of(problem, plan)]
        poured = pour(layer, requests, copper, boundary, min_width=metal.line, clearance=metal.space)
        planes += poured
        for island in islands(requests, poured):
            for label in island.terminals:
                unreached.append(Missing(island.net, by_label[label], None, layer, "the plane does not reach it"))
        for bump, deep in zip(problem.bumps, plan.deep, strict=True):
            if bump.net in names and deep < layer:
                unreached.append(Missing(bump.net or "", bump, None, layer, "no site for its stack of vias"))
    return planes, unreached


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


def bones_of(problem: Problem, plan: Plan) -> list[Routed]:
    """The dog bones of RDL1."""
    width = problem.package.technology.metal(1).line
    return [
        Routed(bump.net, 1, bump, bump, Path.through(bump.at, plan.sites.bump_at[i]), width)
        for i, bump in enumerate(problem.bumps)
        if bump.net is not None and plan.deep[i] > 1 and plan.sites.has_bone(problem, i)
    ]


# --- the layout -----------------------------------------------------------------------------------------------------


def _layout(
    problem: Problem,
    plan: Plan,
    routed: Sequence[Routed],
    missing: Sequence[Missing],
    planes: Sequence[Plane],
    unreached: Sequence[Missing],
    sketches: dict[int, Sketch],
) -> Layout:
    package, pose = problem.package, problem.pose
    ball_net = {ball.name: net for ball, net in zip(problem.balls, plan.ball_nets, strict=True)}
    connections = connections_of(problem, plan, routed, missing, unreached)
    unrouted, bottlenecks = cuts_of(problem, plan, [*missing, *unreached])
    traces = sorted(
        (Trace(r.net, r.layer, r.width, pose.undo_path(r.path)) for r in [*routed, *bones_of(problem, plan)]),
        key=lambda t: (t.layer, t.net, t.path.start, t.path.end),
    )
    return Layout(
        package=package,
        ball_nets=tuple((b.name, net) for b in package.balls if (net := ball_net[b.name]) is not None),
        pads=_pads(package, ball_net),
        vias=_vias(problem, plan),
        traces=tuple(traces),
        teardrops=(),
        planes=tuple(
            replace(p, outline=pose.undo_polygon(p.outline), fills=tuple(pose.undo_polygon(f) for f in p.fills))
            for p in planes
        ),
        openings=_openings(package, ball_net),
        connections=connections,
        unrouted=unrouted,
        bottlenecks=bottlenecks,
        fullest=fullest_cut(problem, sketches),
        maximum_flow=plan.value,
        lower_bound=lower_bound(problem, plan, connections),
    )


def _pads(package: Package, ball_net: dict[str, str | None]) -> tuple[Pad, ...]:
    from kicad_rdl.model.package import terminal_name

    pads = [
        Pad(PadKind.BUMP_LAND, terminal_name(package, die, bump), bump.net, 1, bump.at, package.land(bump))
        for die, bump in package.bumps
    ]
    for ball in package.balls:
        pads.append(Pad(PadKind.UBM_PAD, ball.name, ball_net[ball.name], package.rdl_count, ball.at, package.ubm_pad))
        if package.has_ubm_layer:
            pads.append(
                Pad(
                    PadKind.UBM,
                    ball.name,
                    ball_net[ball.name],
                    package.rdl_count + 1,
                    ball.at,
                    Circle(package.ball.ubm),
                )
            )
    return tuple(pads)


def _vias(problem: Problem, plan: Plan) -> tuple[Via, ...]:
    package = problem.package
    vias: list[Via] = []
    for bump, place, deep in zip(problem.bumps, plan.sites.bump_at, plan.deep, strict=True):
        if bump.net is not None:
            vias += stack(problem, place, bump.net, 1, deep)
    for ball, place, high, net in zip(problem.balls, plan.sites.ball_at, plan.high, plan.ball_nets, strict=True):
        if net is not None:
            vias += stack(problem, place, net, high, package.rdl_count)
        if package.has_ubm_layer:
            geometry = package.ball
            vias.append(
                Via(
                    net,
                    problem.pose.undo(ball.at),
                    package.rdl_count,
                    geometry.opening,
                    geometry.pad,
                    geometry.ubm,
                )
            )
    return tuple(sorted(vias, key=lambda v: (v.layer, v.at, v.net or "")))


def _openings(package: Package, ball_net: dict[str, str | None]) -> tuple[Opening, ...]:
    from kicad_rdl.model.package import terminal_name

    found = [
        Opening(Side.BUMP, bump.at, bump.shape, bump.net, terminal_name(package, die, bump))
        for die, bump in package.bumps
    ]
    shape = Circle(package.ball.ubm if package.has_ubm_layer else package.ball.opening)
    found += [Opening(Side.LAND, ball.at, shape, ball_net[ball.name], ball.name) for ball in package.balls]
    return tuple(found)


__all__ = ["Connection", "Cut", "Point", "Unrouted", "remedies_of", "route"]
