"""One layer after the other: the plan's wires, trees for what the flow leaves apart, shorter ways, exact copper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kicad_rdl.geometry import Path
from kicad_rdl.model.package import SupplyStyle
from kicad_rdl.model.report import Progress
from kicad_rdl.route.demand import plane_layer_of
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.improve import Freedom, improve
from kicad_rdl.route.joins import join_nets
from kicad_rdl.route.layer import lay_layer
from kicad_rdl.route.plan import LayerPlan, Plan, trace_width
from kicad_rdl.route.problem import Problem, Terminal
from kicad_rdl.route.sketch import Sketch
from kicad_rdl.route.uncross import Wire

Say = Callable[[Progress], None]

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


@dataclass(frozen=True, slots=True)
class Wiring:
    """All layers, wired."""

    routed: tuple[Routed, ...]
    missing: tuple[Missing, ...]
    sketches: Mapping[int, Sketch]
    """The final sketch of each RDL; not to be changed any more."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer at work."""

    number: int
    sketch: Sketch
    terminals: dict[int, Terminal]
    """By vertex."""
    net_of: dict[int, str | None]


def wire_layers(problem: Problem, plan: Plan, say: Say) -> Wiring:
    """Wires every layer.

    A net whose terminals the flow leaves apart is joined on the first layer where there is a way. Plane nets that
    share a layer, or stand among signals, get a tree on the layer of their plane.
    """
    number = {t.label: k for k, t in enumerate((*problem.bumps, *problem.balls))}
    pieces = Groups(len(number))
    for layer_plan in plan.layers:
        for wire in layer_plan.wires:
            pieces.join(wire.source, len(problem.bumps) + wire.sink)
    routed: list[Routed] = []
    missing: list[Missing] = []
    sketches: dict[int, Sketch] = {}
    for layer_plan in plan.layers:
        layer = _begin(problem, plan, layer_plan)
        sketches[layer.number] = layer.sketch
        _join(problem, plan, layer, number, pieces, say)
        freedom = _freedom(problem, layer)
        if layer.number in plan.signal_layers:  # trees of planes lie in their planes: their length is nothing
            improve(layer.sketch, freedom, _steps(say, f"improve RDL{layer.number}"))
        say(Progress("lay", layer.number - 1, len(plan.layers)))
        for wire, path, width in _lay(layer, freedom, problem.package.technology.metal(layer.number).space):
            net = layer.net_of[wire.start] or layer.net_of[wire.end] or ""
            start, end = layer.terminals[wire.start], layer.terminals[wire.end]
            if path is None:
                missing.append(Missing(net, start, end, layer.number, "no legal geometry beside the other traces"))
            else:
                routed.append(Routed(net, layer.number, start, end, path, round(width)))
    missing += _apart(problem, plan, number, pieces)
    return Wiring(tuple(routed), tuple(missing), sketches)


def _steps(say: Say, stage: str) -> Callable[[int, int], None]:
    """Progress of one stage."""
    return lambda done, total: say(Progress(stage, done, total))


def _begin(problem: Problem, plan: Plan, layer_plan: LayerPlan) -> _Layer:
    metal = problem.package.technology.metal(layer_plan.layer)
    sketch = Sketch(layer_plan.tiles, metal.space)
    sketch.load(layer_plan.wires, layer_plan.orders, metal.line)
    terminals: dict[int, Terminal] = {}
    net_of: dict[int, str | None] = {}
    everyone = [
        *zip(problem.bumps, layer_plan.standing.bump_vertex, (b.net for b in problem.bumps), strict=True),
        *zip(problem.balls, layer_plan.standing.ball_vertex, plan.ball_nets, strict=True),
    ]
    for terminal, vertex, net in everyone:
        if vertex >= 0:
            terminals[vertex] = terminal
            net_of[vertex] = net
    return _Layer(layer_plan.layer, sketch, terminals, net_of)


def _tree_nets(problem: Problem, plan: Plan, layer: int) -> set[str]:
    """Nets that may get a tree on a layer."""
    planes = {r.name: plane_layer_of(problem, r) for r in problem.package.nets if r.style is SupplyStyle.PLANE}
    sharing = {name for name, on in planes.items() if on == layer}
    # a plane alone on its layer joins everything by itself
    alone = len(sharing) < 2 and layer not in plan.signal_layers
    traced = {rule.name for rule in problem.package.nets} - set(planes)
    return (set() if alone else sharing) | (traced if layer in plan.signal_layers else set())


def _join(problem: Problem, plan: Plan, layer: _Layer, number: Mapping[str, int], pieces: Groups, say: Say) -> None:
    """Draws the trees of a layer, and books them in ``pieces``."""
    chosen = _tree_nets(problem, plan, layer.number)
    trees: dict[str, list[int]] = {}
    for vertex, net in sorted(layer.net_of.items()):
        if net in chosen:
            trees.setdefault(net or "", []).append(vertex)
    trees = {net: vertices for net, vertices in trees.items() if len(vertices) > 1}
    first: dict[int, int] = {}
    wired = []
    for vertices in trees.values():
        for vertex in vertices:
            root = pieces.root(number[layer.terminals[vertex].label])
            wired.append((first.setdefault(root, vertex), vertex))
    rules = {rule.name: rule for rule in problem.package.nets}
    made = join_nets(
        layer.sketch,
        trees,
        {net: float(trace_width(problem, layer.number, rules[net])) for net in trees},
        wired,
        _steps(say, f"join on RDL{layer.number}"),
    )
    for wire in made:
        one, two = layer.sketch.wires[wire].start, layer.sketch.wires[wire].end
        pieces.join(number[layer.terminals[one].label], number[layer.terminals[two].label])


def _freedom(problem: Problem, layer: _Layer) -> Freedom:
    """Which wires may change their ball, and to which."""
    free = {
        vertex
        for vertex, terminal in layer.terminals.items()
        if terminal.usable and terminal.net is None and layer.net_of[vertex] is None
    }
    alone: dict[str, int] = {}
    for bump in problem.bumps:
        if bump.net is not None:
            alone[bump.net] = alone.get(bump.net, 0) + 1
    single = {
        rule.name for rule in problem.package.nets if rule.allowed is None and rule.balls == 1 == alone.get(rule.name)
    }
    movable = {
        wire_number
        for wire_number, wire in layer.sketch.wires.items()
        if wire.source >= 0 and layer.net_of[wire.start] in single
    }
    return Freedom(free, movable)


def _apart(problem: Problem, plan: Plan, number: Mapping[str, int], pieces: Groups) -> list[Missing]:
    """Terminals of traced nets that no wire joins to the largest piece of their net."""
    planes = {r.name for r in problem.package.nets if r.style is SupplyStyle.PLANE}
    nets: dict[str, dict[int, list[Terminal]]] = {}
    everyone = [*((b, b.net) for b in problem.bumps), *zip(problem.balls, plan.ball_nets, strict=True)]
    for terminal, net in everyone:
        if net is not None and net not in planes:
            nets.setdefault(net, {}).setdefault(pieces.root(number[terminal.label]), []).append(terminal)
    found: list[Missing] = []
    for net, groups in sorted(nets.items()):
        main = max(groups.values(), key=lambda group: (len(group), group[0].label))
        found += [
            Missing(net, group[0], main[0], 1, "no way to the rest of its net")
            for group in groups.values()
            if group is not main
        ]
    return found


# --- from sketch to copper ------------------------------------------------------------------------------------------


def _lay(layer: _Layer, freedom: Freedom, space: int) -> list[tuple[Wire, Path | None, float]]:
    """Lays the wires; one that does not fit looks for another way, farther from where it collided."""
    sketch = layer.sketch
    result: list[tuple[Wire, Path | None, float]] = []
    hopeless: list[tuple[Wire, Path | None, float]] = []
    for turn in range(RETRIES):
        numbers = sorted(sketch.wires)
        place = {number: k for k, number in enumerate(numbers)}
        wires = [sketch.wires[number] for number in numbers]
        widths = [sketch.width[number] for number in numbers]
        orders = {gap: [place[n] for n in order] for gap, order in sketch.orders.items()}
        nets = [layer.net_of[wire.start] or layer.net_of[wire.end] or "" for wire in wires]
        laid = lay_layer(sketch.tiles, wires, nets, orders, widths, space)
        lost = [number for number, path in zip(numbers, laid.paths, strict=True) if path is None]
        result = list(zip(wires, laid.paths, widths, strict=True))
        if not lost or turn == RETRIES - 1:
            break
        gone = _again(sketch, freedom, lost, [(numbers[c.wire], c.at) for c in laid.given_up])
        hopeless += [(wire, None, width) for wire, width in gone]
        if len(gone) == len(lost):
            result = [item for item in result if item[1] is not None]
            break
    return result + hopeless


def _again(
    sketch: Sketch, freedom: Freedom, lost: Sequence[int], where: Sequence[tuple[int, tuple[float, float]]]
) -> list[tuple[Wire, float]]:
    """Draws lost wires anew with the gaps closed at which they collided; the wires (and widths) that find no way."""
    gone: list[tuple[Wire, float]] = []
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
        ends = freedom.ends_for(sketch, wire.start, wire.end) if number in freedom.movable else {wire.end}
        way = sketch.find((wire.start,), ends, width)
        if way is None:
            gone.append((wire, width))
            continue
        new = sketch.insert(way, width, wire.source, wire.sink)
        if number in freedom.movable:
            freedom.free_ends.add(wire.end)
            freedom.free_ends.discard(way.end)
            freedom.movable.add(new)
    return gone
