"""Planes: every layer's supply nets poured around whatever else stands and runs there, and stitched together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kicad_rdl.model.layout import Plane, Teardrop
from kicad_rdl.model.package import Angles, SupplyStyle
from kicad_rdl.route.chains import Missing, Routed
from kicad_rdl.route.demand import plane_layer_of
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.islands import Island, islands
from kicad_rdl.route.needless import without_needless
from kicad_rdl.route.plan import Plan
from kicad_rdl.route.problem import Problem
from kicad_rdl.route.scene import Scene
from kicad_rdl.route.stitching import shortest_way

MOST_STITCHES = 400
"""Islands that are looked after; more are the sign of a layer that cannot be shared."""


@dataclass(frozen=True, slots=True)
class Poured:
    """The planes of all layers (in the pose), and what joins what they cannot reach."""

    planes: tuple[Plane, ...]
    wires: tuple[Routed, ...]
    """All wires: those that were there and still lead somewhere, and those drawn late, for what no plane reaches."""
    drops: tuple[Teardrop, ...]
    """Their teardrops."""
    unreached: tuple[Missing, ...]
    """Terminals that are still apart from the most of their net."""
    plan: Plan
    """With stacks of vias as far as planes and traces are joined to them."""


def pour_layers(problem: Problem, plan: Plan, routed: Sequence[Routed], drops: Sequence[Teardrop]) -> Poured:
    """Pours all planes, and joins what they leave apart where a trace finds room.

    Args:
        problem, plan: the task, with the stacks as they are in the end.
        routed: all wires; those of a plane's own net are its skeleton.
        drops: teardrops, in the package frame.
    """
    if all(rule.style is not SupplyStyle.PLANE for rule in problem.package.nets):
        return Poured((), tuple(routed), tuple(drops), (), plan)
    scene = Scene(problem, plan, routed, drops)
    stitches: list[Routed] = []
    planes: list[Plane] = []
    for layer in scene.layers:
        wanting = scene.wanting(layer)
        if len(wanting) > 1:  # one alone is joined by its plane; of several, each needs a tree of its own
            apart = islands({layer: [scene.requests[layer][net] for net in wanting]}, ())
            stitches += _stitched(scene, apart, [layer], planes)
        if wanting:
            planes += scene.poured(layer, wanting)
    apart = islands({layer: list(own.values()) for layer, own in scene.requests.items()}, planes)
    if apart:
        late = _stitched(scene, apart, scene.layers, planes)
        stitches += late
        apart = islands({k: list(own.values()) for k, own in scene.requests.items()}, planes) if late else apart
    kept = without_needless(scene, plan, [*routed, *stitches], drops, planes)
    return Poured(tuple(planes), kept.wires, kept.drops, tuple(_missing(problem, plan, apart)), kept.plan)


def _stitched(scene: Scene, apart: Sequence[Island], layers: Iterable[int], planes: Sequence[Plane]) -> list[Routed]:
    """The shortest trace from every island to the rest of its net, on the layer where it is shortest."""
    free = {
        net: [k for k in layers if all(p.net == net or p.layer != k for p in planes)]  # foreign planes leave no room
        for net in dict.fromkeys(island.net for island in apart)
    }
    found: list[Routed] = []
    joined = Groups(len(apart) + 1)  # the last one: the most of each net; islands of two nets are never asked for
    waiting = list(range(len(apart)))[:MOST_STITCHES]
    while waiting:
        again = []
        for k in waiting:
            net = apart[k].net
            if joined.root(k) == joined.root(len(apart)):
                continue
            place = {label: n for n, island in enumerate(apart) if island.net == net for label in island.terminals}
            mine = {label for label, n in place.items() if joined.root(n) == joined.root(k)}
            stitch = _shortest(scene, net, mine, free[net])
            if stitch is not None:
                scene.add(stitch)
                found.append(stitch)
                (other,) = {stitch.start.label, stitch.end.label} - mine
                joined.join(k, place.get(other, len(apart)))
                again.append(k)
        waiting = again
    return found


def _shortest(scene: Scene, net: str, mine: set[str], layers: Sequence[int]) -> Routed | None:
    """The shortest trace from some terminals of a net to its others."""
    octilinear = scene.package.angles is Angles.OCTILINEAR
    best: tuple[float, Routed] | None = None
    for layer in layers:
        request = scene.requests[layer].get(net)
        name = {t.at: t.name for t in request.terminals} if request is not None else {}
        starts = [at for at in name if name[at] in mine]
        ends = [at for at in name if name[at] not in mine]
        if not starts or not ends:
            continue
        width = scene.package.trace_width(scene.nets[net], layer)
        path = shortest_way(starts, ends, scene.field(layer, net), scene.boundary, width, octilinear)
        if path is not None and (best is None or path.length < best[0]):
            one, two = (scene.terminals[name[at]] for at in (path.start, path.end))
            best = (path.length, Routed(net, layer, one, two, path, width))
    return None if best is None else best[1]


def without_skeletons(problem: Problem, missing: Sequence[Missing]) -> list[Missing]:
    """What is missing of nets without planes: of the others, ``Poured.unreached`` tells what counts in the end."""
    return [m for m in missing if problem.package.net(m.net).style is not SupplyStyle.PLANE]


def _missing(problem: Problem, plan: Plan, apart: Sequence[Island]) -> list[Missing]:
    terminal = {t.label: t for t in (*problem.bumps, *problem.balls)}
    layer = {r.name: plane_layer_of(problem, r) for r in problem.package.nets if r.style is SupplyStyle.PLANE}
    deep = {bump.label: reach for bump, reach in zip(problem.bumps, plan.deep, strict=True)}
    return [
        Missing(
            island.net,
            terminal[label],
            None,
            layer[island.net],
            "no site for its stack of vias"
            if deep.get(label, layer[island.net]) < layer[island.net]
            else "the plane does not reach it",
        )
        for island in apart
        for label in island.terminals
        if label in terminal  # vias are on the way only
    ]
