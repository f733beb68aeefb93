"""What the route amounts to: connections with their bounds, the fullest cut, and why something is open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import shapely

from kicad_rdl.geometry import Circle, Line, Path, Point, path_points, shapely_of
from kicad_rdl.model.layout import Connection, Cut, Unrouted
from kicad_rdl.model.package import Angles, SupplyStyle
from kicad_rdl.route.barriers import KEEPOUT, LOCKED
from kicad_rdl.route.bound import matching_bound
from kicad_rdl.route.chains import Missing, Routed, chains_of
from kicad_rdl.route.demand import plane_layer_of
from kicad_rdl.route.edges import edge_distance, most_hidden
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.locked import locked_joins
from kicad_rdl.route.metric import metric_of
from kicad_rdl.route.plan import Plan
from kicad_rdl.route.problem import Problem, Terminal, TerminalKind
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.wants import neighbours
from kicad_rdl.units import um


def straight(problem: Problem, one: Terminal, two: Terminal) -> float:
    """Least length of copper between the edges of two terminals in the metric of the output [nm]."""
    metric = metric_of(problem.package.angles is Angles.OCTILINEAR)
    return edge_distance(one.shape, one.at, two.shape, two.at, metric)


def copper_length(wire: Routed, bones: Mapping[str, float]) -> float:
    """Length of a wire, and of the dog bones at its ends (by label), outside its own two terminals [nm]."""
    # the land of a bump and the pad of a ball may overlap on different layers: nothing is outside then
    more = sum(bones.get(t.label, 0.0) for t in (wire.start, wire.end) if wire.layer > 1)
    return max(0.0, _outside(wire)) + more


def _outside(wire: Routed) -> float:
    return wire.path.length - _inside(wire.path, wire.start) - _inside(wire.path.backwards, wire.end)


def _inside(path: Path, terminal: Terminal) -> float:
    """Length of the beginning of a path that lies in its terminal [nm]; a via on the way is a part of the way."""
    if terminal.kind is TerminalKind.VIA:
        return 0.0
    first, centred = path.pieces[0], path.start == terminal.at  # a ball's stack may stand beside its centre
    if (
        centred
        and isinstance(terminal.shape, Circle)
        and isinstance(first, Line)
        and first.length >= terminal.shape.diameter / 2
    ):
        return terminal.shape.diameter / 2
    line = shapely.LineString(path_points(path, 1.0))
    pad = shapely_of(terminal.shape, terminal.at, 1.0)
    return float(line.intersection(pad).length)


def connections_of(
    problem: Problem, plan: Plan, routed: Sequence[Routed], missing: Sequence[Missing], unreached: Sequence[Missing]
) -> tuple[Connection, ...]:
    """Every pair of terminals that the plan joins, and every terminal that a plane joins to its net."""
    planes = {r.name: plane_layer_of(problem, r) for r in problem.package.nets if r.style is SupplyStyle.PLANE}
    traces = [r for r in routed if r.net not in planes]
    bones = {bump.label: bump.at.distance(at) for bump, at in zip(problem.bumps, plan.sites.bump_at, strict=True)}
    found = [
        Connection(
            traces[places[0]].net,
            start.label,
            end.label,
            straight(problem, start, end),
            traces[places[0]].layer,
            sum(copper_length(traces[place], bones) for place in places),
        )
        for places, start, end in chains_of([(r.start, r.end) for r in traces])
    ]
    found += [
        Connection(m.net, m.start.label, m.end.label, straight(problem, m.start, m.end), None, None)
        for m in missing
        if m.end is not None and m.net not in planes
    ]
    everyone = (*problem.bumps, *problem.balls)
    for join in locked_joins(problem, plan.ball_nets):
        if join.net not in planes:
            one, other = everyone[join.one], everyone[join.other]
            least = straight(problem, one, other)
            found.append(Connection(join.net, one.label, other.label, least, join.layer, max(least, join.length)))
    ball_nets = zip(problem.balls, plan.ball_nets, strict=True)
    open_ones = {m.start.label for m in unreached}
    for terminal, net in [*((bump, bump.net) for bump in problem.bumps), *ball_nets]:
        if net in planes:
            reached = terminal.label not in open_ones
            layer, length = (planes[net], 0.0) if reached else (None, None)
            found.append(Connection(net, terminal.label, f"plane:{net}", 0.0, layer, length))
    return tuple(sorted(found, key=lambda c: (c.net, c.start, c.end, c.layer or 0)))


def lower_bound(problem: Problem, plan: Plan, connections: Sequence[Connection]) -> float:
    """Least total length of what was routed [nm].

    Connections from a bump to a ball could take any ball that no plane has: the cheapest matching of all of them.
    What joins further terminals of a net: its shortest spanning tree over the balls it has, less the links of these.
    """
    branches = (branch.terminal for branch in plan.branches)
    terminal = {t.label: t for t in (*problem.bumps, *problem.balls, *branches)}
    planes = {r.name for r in problem.package.nets if r.style is SupplyStyle.PLANE}
    number = {label: k for k, label in enumerate(terminal)}
    routed = [c for c in connections if c.length is not None and c.net not in planes]
    pieces = Groups(len(terminal))
    for c in routed:
        pieces.join(number[c.start], number[c.end])
    # a net with an open join counts piece by piece
    trees: dict[tuple[str, int], dict[str, Terminal]] = {}
    for c in routed:
        for label in (c.start, c.end):
            trees.setdefault((c.net, pieces.root(number[c.start])), {})[label] = terminal[label]
    total = 0.0
    sources: list[Terminal] = []
    nets: list[int] = []
    units: list[int] = []
    choices: list[Sequence[str] | None] = []
    given: set[str] = set()
    rules = {rule.name: rule.allowed for rule in problem.package.nets}
    metric = metric_of(problem.package.angles is Angles.OCTILINEAR)
    for (net, _), members in sorted(trees.items(), key=lambda item: item[0]):
        own = list(members.values())
        bumps = [t for t in own if t.kind is TerminalKind.BUMP]
        balls = [t for t in own if t.kind is TerminalKind.BALL]
        tree = _tree_length(problem, own)
        if not bumps or not 0 < len(balls) <= len(bumps):
            total += tree
            continue
        names = rules[net]
        if len(bumps) == 1 and names is not None and len(names) == 1:  # nothing to choose, and nobody else may
            total += tree
            given.add(balls[0].label)
            continue
        total += tree - math.fsum(min(straight(problem, ball, bump) for bump in bumps) for ball in balls)
        nets += [len(units)] * len(bumps)
        units.append(len(balls))
        choices.append(names)
        sources += bumps
    if not sources:
        return total
    free = [
        ball
        for ball, net in zip(problem.balls, plan.ball_nets, strict=True)
        if ball.usable and net not in planes and ball.label not in given
    ]
    index = {ball.name: j for j, ball in enumerate(free)}
    matching = matching_bound(
        [(t.at.x, t.at.y) for t in sources],
        [(t.at.x, t.at.y) for t in free],
        net=nets,
        units=units,
        allowed=[None if names is None else [index[name] for name in names if name in index] for names in choices],
        metric=metric,
        source_radius=[_reach(problem, t) for t in sources],
        sink_radius=[_reach(problem, t) for t in free],
    )
    return total + matching.total


def _reach(problem: Problem, terminal: Terminal) -> float:
    """How much of a straight way a terminal can hide at most [nm]."""
    return most_hidden(terminal.shape, metric_of(problem.package.angles is Angles.OCTILINEAR))


def _tree_length(problem: Problem, terminals: Sequence[Terminal]) -> float:
    """Length of the shortest spanning tree, edge to edge [nm]."""
    points = np.array([(t.at.x, t.at.y) for t in terminals], dtype=np.float64)
    edges = sorted((straight(problem, terminals[a], terminals[b]), a, b) for a, b in neighbours(points))
    pieces = Groups(len(terminals))
    total = 0.0
    for length, a, b in edges:
        if pieces.root(a) != pieces.root(b):
            pieces.join(a, b)
            total += length
    return total


def cuts_of(
    problem: Problem,
    plan: Plan,
    routed: Sequence[Routed],
    missing: Sequence[Missing],
    why_lost: Mapping[str, str] = MappingProxyType({}),
) -> tuple[tuple[Unrouted, ...], tuple[Cut, ...]]:
    """The open connections with their reasons, and the cuts that are to blame; ``why_lost`` as in ``Wiring``."""
    cuts: list[Cut] = []
    walls: set[str] = set()
    for layer, gap in plan.cut:
        cut = _cut(problem, layer, plan.cut_tiles[layer - 1], gap)
        names = (cut.start_name, cut.end_name)
        if cut.fits == 0 and is_wall(names, float(plan.cut_tiles[layer - 1].width[gap])):
            walls.update(names)
        else:
            cuts.append(cut)
    found = [Unrouted(m.net, m.start.label, m.end.label if m.end else None, m.reason, None) for m in missing]
    reason = _why_without_ball(problem, plan, cuts, sorted(walls))
    ends = [(r.net, r.start, r.end) for r in routed] + [(m.net, m.start, m.end) for m in missing]
    spoken_for = {net for net, *own in ends if any(t is None or t.kind is TerminalKind.BALL for t in own)}
    joins = locked_joins(problem, plan.ball_nets)
    spoken_for |= {join.net for join in joins if max(join.one, join.other) >= len(problem.bumps)}
    spoken_for |= {r.name for r in problem.package.nets if r.style is SupplyStyle.PLANE or not r.balls}
    spoken_for |= set(plan.homeless)
    for bump in problem.bumps:
        if bump.net is not None and bump.net not in spoken_for:
            spoken_for.add(bump.net)
            lost = why_lost.get(bump.net)
            found.append(Unrouted(bump.net, bump.label, None, lost or reason, 0 if cuts and lost is None else None))
    found += [
        Unrouted(net, f"net:{net}", None, "too few of the balls it may take are left", None) for net in plan.homeless
    ]
    once = dict.fromkeys(found)  # a terminal may be missed by a wire and by a plane
    return tuple(sorted(once, key=lambda u: (u.net, u.start, u.end or ""))), tuple(cuts)


def _why_without_ball(problem: Problem, plan: Plan, cuts: Sequence[Cut], walls: Sequence[str]) -> str:
    """Why a net of the flow has no wire."""
    if cuts or walls:
        full = [f"the cut through {len(cuts)} {'gap' if len(cuts) == 1 else 'gaps'} is full"] if cuts else []
        full += [f"nothing passes {' and '.join(walls)}"] if walls else []
        return f"{plan.wanted} connections want a ball, {plan.value} fit: {', '.join(full)}"
    free = [ball for ball, net in zip(problem.balls, plan.ball_nets, strict=True) if ball.usable and net is None]
    if free:
        return "no way to a free ball could be drawn that crosses no other trace"
    return f"no ball is left for it: {plan.wanted} connections want one, {plan.value} can have one"


def fullest_cut(problem: Problem, sketches: Sketches) -> Cut | None:
    """The most loaded gap of all layers (by RDL)."""
    best: tuple[float, int, int, int] | None = None
    for layer in range(len(sketches.tiles)):
        for gap, order in sketches.orders_on(layer).items():
            load = sketches.load_of(layer, gap)
            if best is None or load > best[0] + 1e-12:
                best = (load, layer, gap, len(order))
    if best is None:
        return None
    _, layer, gap, count = best
    return _cut(problem, layer + 1, sketches.tiles[layer], gap, count)


def _cut(problem: Problem, layer: int, tiles: Tiles, gap: int, wires: int | None = None) -> Cut:
    """A gap as a cut, in the package frame; ``wires`` want through, None: one more than fit."""
    metal = problem.package.technology.metal(layer)
    fits = int(tiles.capacity(metal.line, metal.space)[gap])
    needed = fits + 1 if wires is None else wires
    u, v = tiles.edges[gap].tolist()
    return Cut(
        layer,
        *gap_places(problem, tiles, (u, v)),
        *gap_names(tiles, (u, v)),
        needed,
        fits,
        remedies_of(problem, layer, tiles, gap, needed) if needed > fits else (),
    )


def gap_places(problem: Problem, tiles: Tiles, ends: tuple[int, int]) -> tuple[Point, Point]:
    """Where the two ends of a gap are, in the package frame."""
    (ax, ay), (bx, by) = np.round(tiles.xy[list(ends)]).astype(int).tolist()
    return problem.pose.undo(Point(ax, ay)), problem.pose.undo(Point(bx, by))


def gap_names(tiles: Tiles, ends: tuple[int, int]) -> tuple[str, str]:
    """What stands at the two ends of a gap."""
    one, two = (tiles.obstacles[v].name if v < tiles.obstacle_count else "package edge" for v in ends)
    return one, two


def remedies_of(problem: Problem, layer: int, tiles: Tiles, gap: int, needed: int) -> tuple[str, ...]:
    """What would let more wires through a gap."""
    metal = problem.package.technology.metal(layer)
    ends = tiles.edges[gap]
    names, width = gap_names(tiles, (int(ends[0]), int(ends[1]))), float(tiles.width[gap])
    room = width - float(tiles.clearance[ends].sum()) + metal.space
    found = []
    pitch = room / max(needed, 1)
    if 2 * pitch >= metal.line + metal.space and not is_wall(names, width):  # finer than half is no advice
        found.append(f"line + space of {um(int(pitch))} instead of {um(metal.line + metal.space)} on RDL{layer}")
    missing = needed * (metal.line + metal.space) - room
    if missing > 0:
        found.append(more_room(names, width, missing))
    if problem.package.rdl_count < len(problem.package.technology.metals):
        found.append("one more RDL")
    return tuple(found)


def more_room(names: tuple[str, str], width: float, missing: float) -> str:
    """What makes more distance between two things [nm]."""
    barriers = [name for name in dict.fromkeys(names) if _is_barrier(name)]
    if is_wall(names, width):
        return f"{' or '.join(barriers)} smaller or elsewhere: nothing passes"
    remedy = f"{barriers[0]} smaller or elsewhere" if barriers else "a larger pitch or smaller pads"
    return f"{um(math.ceil(missing))} more distance here: {remedy}"


def is_wall(names: tuple[str, str], width: float) -> bool:
    """Whether a gap that nothing passes is none to be widened: between pieces of one outline, or outlines that meet."""
    return all(map(_is_barrier, names)) and (names[0] == names[1] or width <= 0)


def _is_barrier(name: str) -> bool:
    return name.startswith((KEEPOUT, LOCKED))
