"""Which supplies become planes, and on which layers, where the job leaves it to the tool.

Supplies may share a layer where their terminals stand apart: each has its territory. Where they mingle, no division
of one layer reaches all of them, and one of them needs a layer of its own. How much they mingle is counted on the
Delaunay triangulation of all their terminals: into how many parts their nets fall if only neighbours of one net are
joined. A layer of planes is one less for signals: another is opened only while the rim of the dies, crossed by the
layers that are left, lets the signals out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kicad_rdl.model.layout import Supply
from kicad_rdl.model.package import NetKind, NetRule, Package, SupplyStyle
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.wants import neighbours

PLANE_PAYS = 8
"""Bumps from which a plane is less trouble than a tree."""

MOST_MINGLED = 0.01
"""Parts for each terminal that a layer may have and be shared although another could be opened."""

RIM_SHARE = 0.8
"""Share of the room along the rim of the dies that signals can be expected to use."""

PLANE_ROOM: Mapping[int, tuple[tuple[int, ...], ...]] = {
    1: ((1,),),
    2: ((1,), (1, 2)),
    3: ((2,), (1, 2), (1, 2, 3)),
    4: ((2,), (2, 3), (1, 2, 3), (1, 2, 3, 4)),
}
"""By number of RDLs: the layers of one, two, three plane layers. Inner ones first: bumps and balls need the others.
All of them only where every net is a plane."""


def with_supplies(package: Package) -> tuple[Package, tuple[Supply, ...]]:
    """The package with every style and plane layer decided, and what was decided, by net."""
    bumps: dict[str, list[tuple[int, int]]] = {}
    for _, bump in package.bumps:
        if bump.net is not None:
            bumps.setdefault(bump.net, []).append((bump.at.x, bump.at.y))
    found: dict[str, Supply] = {}
    rules: dict[str, NetRule] = {}
    for rule in package.nets:
        count = len(bumps.get(rule.name, ()))
        style, reason = _style(package, rule, count)
        if style is not rule.style:
            rule = replace(rule, style=style)
            if style is SupplyStyle.TREE:
                rule = replace(rule, plane_layer=None, more_planes=(), hatch=None)
            found[rule.name] = Supply(rule.name, style, _layers(rule), reason)
        rules[rule.name] = rule
    open_ones = [r for r in rules.values() if r.style is SupplyStyle.PLANE and r.plane_layer is None]
    for name, (layer, why) in _chosen_layers(package, list(rules.values()), open_ones, bumps).items():
        rules[name] = replace(rules[name], plane_layer=layer)
        before = found.get(name)
        reason = why if before is None else f"{before.reason}; {why}"
        found[name] = Supply(name, SupplyStyle.PLANE, (layer,), reason)
    return replace(package, nets=tuple(rules[rule.name] for rule in package.nets)), tuple(
        found[name] for name in sorted(found)
    )


def _layers(rule: NetRule) -> tuple[int, ...]:
    return () if rule.plane_layer is None else (rule.plane_layer, *rule.more_planes)


def _style(package: Package, rule: NetRule, bumps: int) -> tuple[SupplyStyle, str]:
    """Tree or plane, and why."""
    if rule.style is not SupplyStyle.AUTO:
        return rule.style, ""
    if package.rdl_count == 1 and rule.plane_layer is None:
        return SupplyStyle.TREE, "one RDL: the signals would cut a plane to pieces"
    if bumps < PLANE_PAYS and rule.plane_layer is None:
        return SupplyStyle.TREE, f"{bumps} bumps; a plane pays from {PLANE_PAYS}"
    return SupplyStyle.PLANE, f"{bumps} bumps"


def _chosen_layers(
    package: Package, rules: Sequence[NetRule], wanting: Sequence[NetRule], bumps: Mapping[str, list[tuple[int, int]]]
) -> dict[str, tuple[int, str]]:
    """Layer and reason of every plane that has none: the largest first, each where it mingles least.

    A new layer is opened only where sharing would leave too many terminals apart, and while one is left for traces, if
    there are any.
    """
    if not wanting:
        return {}
    named: dict[int, list[str]] = {}
    for rule in rules:
        if rule.style is SupplyStyle.PLANE and rule.plane_layer is not None:
            named.setdefault(rule.plane_layer, []).append(rule.name)
    fixed = sorted(named)
    groups = [named[layer] for layer in fixed]
    traces = any(rule.style is not SupplyStyle.PLANE for rule in rules)
    possible = [
        k
        for k, r in enumerate(PLANE_ROOM[package.rdl_count], 1)
        if not traces or (len({*r, *fixed}) < package.rdl_count and _signals_get_out(package, {*r, *fixed}))
    ]
    most = max([1, *possible])
    alone: dict[str, bool] = {}
    for rule in sorted(wanting, key=lambda r: (-len(bumps.get(r.name, ())), r.name)):
        apart = [_mingled([bumps.get(name, []) for name in (*group, rule.name)]) for group in groups]
        best = min(range(len(groups)), key=lambda k: (apart[k], k), default=None)
        alone[rule.name] = best is not None and apart[best] > MOST_MINGLED and len(groups) < most
        if best is None or alone[rule.name]:
            groups.append([rule.name])
        else:
            groups[best].append(rule.name)
    # the largest supply lies farthest out: the stacks of the others need not pass it
    new = len(groups) - len(fixed)
    room = next(r for r in PLANE_ROOM[package.rdl_count] if len(set(r) - set(fixed)) >= new)
    layers = [*fixed, *([layer for layer in room if layer not in fixed][-new:][::-1] if new else ())]
    found: dict[str, tuple[int, str]] = {}
    for group, layer in zip(groups, layers, strict=True):
        for name in group:
            if name in alone:
                others = [other for other in sorted(group) if other != name]
                mingles = "mingles with the larger ones: " if alone[name] else ""
                shared = f"shares RDL{layer} with {', '.join(others)}" if others else f"RDL{layer} for itself"
                found[name] = (layer, mingles + shared)
    return found


def _signals_get_out(package: Package, planes: set[int]) -> bool:
    """Whether the layers without planes have room along the rim of the dies for the signals that must cross it.

    A signal need not that finds a ball under its die; supplies take theirs there first.
    """
    technology, ball = package.technology, package.ball
    kinds = {rule.name: rule.kind for rule in package.nets}
    signals = sum(bump.net is not None and kinds[bump.net] is NetKind.SIGNAL for _, bump in package.bumps)
    rim, under = 0, 0
    for die in package.dies:
        width, height = die.size
        rim += 2 * (width + height)
        under += sum(
            not b.nc and 2 * abs(b.at.x - die.at.x) <= width and 2 * abs(b.at.y - die.at.y) <= height
            for b in package.balls
        )
    spare = max(0, under - sum(rule.balls for rule in package.nets if rule.kind is NetKind.SUPPLY))
    room = 0.0
    for layer in set(range(1, package.rdl_count + 1)) - planes:
        metal = technology.metal(layer)
        pads = 2 * ball.pad / (ball.pitch_x + ball.pitch_y) if layer == package.rdl_count else 0.0
        room += RIM_SHARE * rim * (1 - pads) / (metal.line + metal.space)
    return signals - spare <= room


def _mingled(places: Sequence[Sequence[tuple[int, int]]]) -> float:
    """Parts that neighbours of one net leave, beyond one for each net, by all terminals (0: every net is one part)."""
    points: NDArray[np.float64] = np.array([at for own in places for at in own], dtype=np.float64).reshape(-1, 2)
    if not len(points):
        return 0.0
    owner = [k for k, own in enumerate(places) for _ in own]
    joined = Groups(len(points))
    for a, b in neighbours(points):
        if owner[a] == owner[b]:
            joined.join(a, b)
    parts = len({joined.root(k) for k in range(len(points))}) - sum(bool(own) for own in places)
    return parts / len(points)
