"""What planes and traces of a net join, by the overlap of the final copper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely

from kicad_rdl.geometry import Circle, shapely_of, shapely_polygon
from kicad_rdl.model.layout import Plane
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.planes import PlaneRequest, Terminal
from kicad_rdl.route.voids import geometries, line_of
from kicad_rdl.units import Nm

CONTACT: Nm = 50
"""Overlap from which copper is taken to be joined; less occurs by rounding only."""


@dataclass(frozen=True, slots=True)
class Island:
    """Terminals of a net that its plane and skeletons do not join to the most of its terminals."""

    net: str
    terminals: tuple[str, ...]


def islands(requests: Mapping[int, Sequence[PlaneRequest]], planes: Sequence[Plane]) -> tuple[Island, ...]:
    """What planes and skeletons leave apart.

    Args:
        requests: per layer, the nets with all their terminals there, whether or not they have a plane on it.
            Terminals of one name are joined by their stack.
        planes: of all layers.

    Returns:
        For every net, all its groups of joined terminals but the one with the most.
    """
    found: list[Island] = []
    for net in sorted({request.net for own in requests.values() for request in own}):
        on_layer = {layer: request for layer, own in requests.items() for request in own if request.net == net}
        names = list(dict.fromkeys(t.name for layer in sorted(on_layer) for t in on_layer[layer].terminals))
        number = {name: k for k, name in enumerate(names)}
        pairs: list[tuple[int, int]] = []
        count = len(names)
        for layer, request in sorted(on_layer.items()):
            things, touching = contacts(request, [p for p in planes if (p.net, p.layer) == (net, layer)])
            node = [number[t.name] for t in request.terminals]
            node += range(count, count + things - len(node))
            count += things - len(request.terminals)
            pairs += [(node[a], node[b]) for a, b in touching]
        groups = Groups(count)
        for a, b in pairs:
            groups.join(a, b)
        sets = groups.members(range(len(names)))
        sets.sort(key=lambda members: (-len(members), members))
        found += [Island(net, tuple(names[k] for k in members)) for members in sets[1:]]
    return tuple(found)


def contacts(request: PlaneRequest, planes: Sequence[Plane]) -> tuple[int, list[tuple[int, int]]]:
    """How many pieces of copper a net has on a layer (terminals, then skeletons, then fills), and which touch."""
    fills = [shapely_polygon(fill) for plane in planes for fill in plane.fills]
    drawn = [line_of(skeleton.path).buffer(skeleton.width / 2) for skeleton in request.skeletons]
    count = len(request.terminals) + len(drawn) + len(fills)
    if not fills and not drawn:
        return count, []
    things = geometries([*(_contact(terminal) for terminal in request.terminals), *drawn, *fills])
    touching = shapely.STRtree(things).query(things, predicate="intersects").T.tolist()
    return count, [(a, b) for a, b in touching if a < b]


def _contact(terminal: Terminal) -> shapely.Polygon:
    """What must be met of a terminal: a little less than its copper, so that what only touches does not count."""
    match terminal.shape:
        case Circle(diameter) if diameter > 8 * CONTACT:
            return shapely_of(Circle(diameter - 4 * CONTACT), terminal.at, tolerance=CONTACT)
        case shape:
            return shapely_of(shape, terminal.at).buffer(-2)
