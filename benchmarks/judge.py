"""What a layout is worth: lengths measured on the copper, bounds from the places alone. Asks nothing of the router.

Two conventions, because the published numbers use both: from ``centres`` of the terminals, along the whole of every
trace; or from ``edges``, where only what lies outside the pads of its own net counts, seen from above.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Point, Rectangle, Shape, circumradius, extent, path_points, shapely_of
from kicad_rdl.model.layout import Layout, PadKind
from kicad_rdl.model.package import Angles, NetRule, Package, SupplyStyle
from kicad_rdl.model.report import Rule, Violation
from kicad_rdl.route.bound import matching_bound
from kicad_rdl.route.metric import Metric

Ends: TypeAlias = Literal["centres", "edges"]
Terminal: TypeAlias = tuple[Point, Shape]

FINE = 50.0
"""How far a drawn arc may leave the true one where its length is cut at pads [nm]."""

WORST = 1 / math.cos(math.pi / 8)
"""Octilinear over straight length, at worst: so much of a wire may lie within a round pad, for its radius."""


def connected_nets(layout: Layout, violations: Iterable[Violation]) -> frozenset[str]:
    """Nets with a connection to make that the router does not call open and that the checker finds whole."""
    package = layout.package
    bumps = Counter(bump.net for _, bump in package.bumps if bump.net is not None)
    wanted = {rule.name for rule in package.nets if bumps[rule.name] + rule.balls > 1}
    declared = {item.net for item in layout.unrouted}
    found = {item.things[0].removeprefix("net ") for item in violations if item.rule is Rule.OPEN}
    return frozenset(wanted - declared - found)


def wanted_nets(package: Package) -> int:
    """Nets with something to connect."""
    bumps = Counter(bump.net for _, bump in package.bumps if bump.net is not None)
    return sum(bumps[rule.name] + rule.balls > 1 for rule in package.nets)


def planes(package: Package) -> frozenset[str]:
    """Nets whose copper is a plane, and which therefore have no length."""
    return frozenset(rule.name for rule in package.nets if rule.style is not SupplyStyle.TREE)


def copper_length(layout: Layout, nets: frozenset[str], ends: Ends) -> float:
    """Length of all traces of these nets [nm]."""
    traces = [trace for trace in layout.traces if trace.net in nets]
    if ends == "centres":
        return math.fsum(trace.path.length for trace in traces)
    pads: dict[str, list[BaseGeometry]] = defaultdict(list)
    for pad in layout.pads:
        if pad.net in nets and pad.kind is not PadKind.UBM:
            pads[pad.net].append(shapely_of(pad.shape, pad.at, FINE))
    covered = {net: shapely.union_all(shapes) for net, shapes in pads.items()}
    lines = [(trace.net, LineString(path_points(trace.path, FINE))) for trace in traces]
    return math.fsum(line.difference(covered[net]).length for net, line in lines)


@dataclass(frozen=True, slots=True)
class Bound:
    """Least length [nm]: given pairs exactly, nets of more terminals by their spanning tree, balls by matching."""

    total: float
    trees: int
    """Nets that count with the shortest spanning tree; with branching points they may be a little shorter."""
    matched: int
    """Nets whose balls were free."""


def bound_of(layout: Layout, nets: frozenset[str], ends: Ends) -> Bound:
    """The least length of these nets, whatever layers they take, beside the balls that planes have taken."""
    supplies = planes(layout.package)
    return least_length(
        layout.package, nets, ends, frozenset(name for name, net in layout.ball_nets if net in supplies)
    )


def least_length(package: Package, nets: frozenset[str], ends: Ends, taken: frozenset[str] = frozenset()) -> Bound:
    """The least length of these nets with the balls that are not ``taken``."""
    metric: Metric = "euclid" if package.angles is Angles.ANY else "octilinear"
    balls = {ball.name: ball.at for ball in package.balls}
    bumps: dict[str, list[Terminal]] = defaultdict(list)
    for _, bump in package.bumps:
        if bump.net in nets:
            bumps[bump.net].append((bump.at, package.land(bump)))
    lengths, trees = [], 0
    free: list[NetRule] = []
    for rule in package.nets:
        if rule.name not in nets:
            continue
        given = rule.allowed is not None and len(rule.allowed) == rule.balls
        if not given and rule.balls:
            free.append(rule)
            trees += len(bumps[rule.name]) > 1
            lengths.append(spanning(bumps[rule.name], metric, ends))
            continue
        terminals = bumps[rule.name] + [(balls[name], package.ubm_pad) for name in (rule.allowed or ())[: rule.balls]]
        trees += len(terminals) > 2
        lengths.append(spanning(terminals, metric, ends))
    return Bound(math.fsum(lengths) + _matched(package, taken, free, bumps, metric, ends), trees, len(free))


def distance(a: Terminal, b: Terminal, metric: Metric, ends: Ends) -> float:
    """Between two terminals [nm]; from edge to edge as the shapes are, in either metric."""
    dx, dy = abs(a[0].x - b[0].x), abs(a[0].y - b[0].y)
    if ends == "edges":
        if metric == "euclid":
            return float(shapely_of(a[1], a[0], FINE).distance(shapely_of(b[1], b[0], FINE)))
        if isinstance(a[1], Rectangle) and isinstance(b[1], Rectangle):
            (width_a, height_a), (width_b, height_b) = extent(a[1]), extent(b[1])
            return _octilinear(max(dx - (width_a + width_b) / 2, 0), max(dy - (height_a + height_b) / 2, 0))
        reach = (circumradius(a[1]) + circumradius(b[1])) * WORST
        return max(_octilinear(dx, dy) - reach, 0.0)
    return math.hypot(dx, dy) if metric == "euclid" else _octilinear(dx, dy)


def spanning(terminals: Sequence[Terminal], metric: Metric, ends: Ends) -> float:
    """The shortest tree that branches only at terminals [nm] (Prim)."""
    nearest = dict.fromkeys(range(1, len(terminals)), math.inf)
    last, lengths = 0, []
    while nearest:
        for index in nearest:
            nearest[index] = min(nearest[index], distance(terminals[last], terminals[index], metric, ends))
        last = min(nearest, key=lambda index: (nearest[index], index))
        lengths.append(nearest.pop(last))
    return math.fsum(lengths)


def _octilinear(dx: float, dy: float) -> float:
    return max(dx, dy) + (math.sqrt(2) - 1) * min(dx, dy)


def _matched(
    package: Package,
    taken: frozenset[str],
    rules: Sequence[NetRule],
    bumps: dict[str, list[Terminal]],
    metric: Metric,
    ends: Ends,
) -> float:
    """The cheapest matching of the nets whose balls are free [nm]: of a tree, its legs to balls."""
    if not rules:
        return 0.0
    balls = [ball for ball in package.balls if not ball.nc and ball.name not in taken]
    index_of = {ball.name: index for index, ball in enumerate(balls)}
    sources = [(at, shape, number) for number, rule in enumerate(rules) for at, shape in bumps[rule.name]]
    edges = ends == "edges"
    return matching_bound(
        [(at.x, at.y) for at, _, _ in sources],
        [(ball.at.x, ball.at.y) for ball in balls],
        net=[number for _, _, number in sources],
        units=[min(rule.balls, len(bumps[rule.name])) for rule in rules],
        allowed=[
            None if rule.allowed is None else [index_of[name] for name in rule.allowed if name in index_of]
            for rule in rules
        ],
        metric=metric,
        source_radius=[circumradius(shape) if edges else 0.0 for _, shape, _ in sources],
        sink_radius=circumradius(package.ubm_pad) if edges else 0.0,
    ).total
