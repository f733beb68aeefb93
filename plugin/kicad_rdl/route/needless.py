"""What leads nowhere once the planes are poured: the ends of stacks, vias beside terminals, and wires to these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kicad_rdl.geometry import shapely_polygon
from kicad_rdl.model.layout import Plane, Teardrop
from kicad_rdl.route.chains import Routed
from kicad_rdl.route.islands import contacts
from kicad_rdl.route.plan import Plan
from kicad_rdl.route.problem import TerminalKind
from kicad_rdl.route.scene import Scene
from kicad_rdl.route.voids import line_of


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left."""

    plan: Plan
    wires: tuple[Routed, ...]
    drops: tuple[Teardrop, ...]


def without_needless(
    scene: Scene, plan: Plan, wires: Sequence[Routed], drops: Sequence[Teardrop], planes: Sequence[Plane]
) -> Kept:
    """Takes out what nothing of its net meets, of nets with planes only.

    Args:
        scene, plan: as the planes were poured.
        wires: all of them.
        drops: teardrops of the wires, in the package frame.
        planes: of all layers.
    """
    met, filled = _met(scene, planes)
    shortened = _shortened(scene, plan, met)
    kept, gone = list(wires), list[Routed]()
    while True:
        on = {label: set(layers) for label, layers in filled.items()}
        count: dict[str, int] = {}
        for wire in kept:
            for label in (wire.start.label, wire.end.label):
                on.setdefault(label, set()).add(wire.layer)
                count[label] = count.get(label, 0) + 1
        loose = {
            via.terminal.label
            for via in plan.vias
            if count.get(via.terminal.label) and not {via.layer, via.layer + 1} <= on[via.terminal.label]
        }
        vain = [_is_vain(wire, loose, filled, count) for wire in kept]
        if not any(vain):
            break
        gone += [wire for wire, out in zip(kept, vain, strict=True) if out]
        kept = [wire for wire, out in zip(kept, vain, strict=True) if not out]
    vias = tuple(via for via in plan.vias if via.terminal.label not in loose)
    return Kept(replace(shortened, vias=vias), tuple(kept), _teardrops(scene, drops, gone, kept))


def _met(scene: Scene, planes: Sequence[Plane]) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """Layers on which each terminal is met by copper of its net, and by fills."""
    met: dict[str, set[int]] = {label: set() for label in scene.terminals}
    filled: dict[str, set[int]] = {label: set() for label in scene.terminals}
    for layer, requests in scene.requests.items():
        for net, request in requests.items():
            terminals, bare = request.terminals, len(request.terminals) + len(request.skeletons)
            for one, other in contacts(request, [p for p in planes if (p.net, p.layer) == (net, layer)])[1]:
                if one < len(terminals) <= other:
                    met[terminals[one].name].add(layer)
                    if other >= bare:
                        filled[terminals[one].name].add(layer)
    return met, filled


def _shortened(scene: Scene, plan: Plan, met: Mapping[str, set[int]]) -> Plan:
    """The plan without the ends of stacks that nothing of their net meets.

    Not below the land of a dog bone: that is joined by its stack alone.
    """
    problem, deep, high = scene.problem, list(plan.deep), list(plan.high)
    for i, bump in enumerate(problem.bumps):
        if bump.net in scene.nets and (max(met[bump.label], default=1) > 1 or not plan.sites.has_bone(problem, i)):
            deep[i] = max(met[bump.label], default=1)
    for j, (ball, own) in enumerate(zip(problem.balls, plan.ball_nets, strict=True)):
        if own in scene.nets:
            high[j] = min(met[ball.label], default=problem.package.rdl_count)
    return replace(plan, deep=tuple(deep), high=tuple(high))


def _is_vain(wire: Routed, loose: set[str], filled: Mapping[str, set[int]], count: Mapping[str, int]) -> bool:
    """Whether a wire is all that meets a via which joins nothing."""
    ends = [t.label for t in (wire.start, wire.end) if t.kind is TerminalKind.VIA]
    return any(label in loose and not filled[label] and count[label] == 1 for label in ends)


def _teardrops(
    scene: Scene, drops: Sequence[Teardrop], gone: Sequence[Routed], kept: Sequence[Routed]
) -> tuple[Teardrop, ...]:
    """The teardrops without those of wires that are gone: those that such a wire runs through farther than others."""
    pose = scene.problem.pose
    touched = {(wire.net, wire.layer) for wire in gone}

    def length(drop: Teardrop, wires: Sequence[Routed]) -> float:
        outline = shapely_polygon(pose.apply_polygon(drop.outline))
        own = [wire for wire in wires if (wire.net, wire.layer) == (drop.net, drop.layer)]
        return max((line_of(wire.path).intersection(outline).length for wire in own), default=0.0)

    return tuple(
        drop for drop in drops if (drop.net, drop.layer) not in touched or length(drop, gone) <= length(drop, kept)
    )
