"""Where a via alone joins what is open: through pads and pours of one net that lie over each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Point
from kicad_rdl.model.artwork import CopperKind
from kicad_rdl.model.open_board import BoardVia
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.skeletons import skeleton_geometry
from kicad_rdl.route.via_choice import ViaChoice

RASTER = 24
"""Places that are tried along each side of what lies over each other."""


@dataclass(frozen=True, slots=True)
class Stitch:
    """Vias at one place, and the pads of the pieces that they join."""

    net: str
    start: str
    end: str
    vias: tuple[BoardVia, ...]


def stitches(choice: ViaChoice, nets: Collection[str]) -> list[Stitch]:
    """Vias whose lands lie wholly in copper of two pieces, on layers of either."""
    standing = choice.standing
    pads: dict[int, str] = {}
    for number, thing in enumerate(standing.things):
        if thing.pad is not None and thing.layers:
            pads.setdefault(standing.group[number], thing.name)
    found: list[Stitch] = []
    for net in sorted(nets):
        roots = {root for root in pads if standing.things[root].net == net}
        if len(roots) > 1:
            found += _of_net(choice, net, pads, found)
    return found


def _of_net(choice: ViaChoice, net: str, pads: dict[int, str], others: list[Stitch]) -> Iterator[Stitch]:
    standing, rules = choice.standing, choice.rules
    rows = [
        (layer, standing.group[number], skeleton_geometry(skeleton), width / 2)
        for number, thing in enumerate(standing.things)
        if thing.net == net and thing.kind in (CopperKind.PAD, CopperKind.PLANE) and standing.group[number] in pads
        for layer in thing.layers
        if layer <= rules.routed
        for skeleton, width in thing.shapes
    ]
    sizes = rules.of(net).vias
    land = max(size.diameter for size in sizes)
    # where the middle of a via may be
    inner = np.array([shapely.buffer(shape, half - land / 2) for *_, shape, half in rows], dtype=np.object_)
    one, other = shapely.STRtree(inner).query(inner, predicate="intersects") if len(inner) else ((), ())
    groups = Groups(len(standing.things))
    placed = [stitch.vias[0].at for stitch in others]
    for a, b in sorted(zip(map(int, one), map(int, other), strict=True)):
        if a >= b or rows[a][0] == rows[b][0] or groups.root(rows[a][1]) == groups.root(rows[b][1]):
            continue
        low, high = sorted((rows[a][0], rows[b][0]))
        if rules.through:
            low, high = 1, rules.routed
        at = _place(choice, net, shapely.intersection(inner[a], inner[b]), range(low, high + 1), placed)
        if at is not None:
            groups.join(rows[a][1], rows[b][1])
            placed.append(at)
            levels = [(low, high)] if rules.through else [(k, k + 1) for k in range(low, high)]
            vias = tuple(BoardVia(net, at, first, last, sizes[first - 1]) for first, last in levels)
            yield Stitch(net, pads[rows[a][1]], pads[rows[b][1]], vias)


def _place(choice: ViaChoice, net: str, area: BaseGeometry, layers: range, placed: list[Point]) -> Point | None:
    """The legal place in an area nearest to its middle."""
    low_x, low_y, high_x, high_y = area.bounds
    xs, ys = (np.linspace(low, high, RASTER) for low, high in ((low_x, high_x), (low_y, high_y)))
    middle = shapely.centroid(area)
    spots = np.rint([*((x, y) for x in xs for y in ys), (middle.x, middle.y)])
    spots = np.unique(spots[shapely.contains_xy(shapely.buffer(area, 1.0), spots[:, 0], spots[:, 1])], axis=0)
    for at in placed:
        spots = spots[np.hypot(*(spots - (at.x, at.y)).T) >= choice.pitch]
    if not len(spots):
        return None
    own = np.full(len(spots), choice.board.nets.index(net), dtype=np.int64)
    legal = choice.legal(spots, own, choice.standing.net_of)
    spots = spots[np.all(legal[:, [layer - 1 for layer in layers]], axis=1)]
    if not len(spots):
        return None
    x, y = spots[np.argmin(np.hypot(spots[:, 0] - middle.x, spots[:, 1] - middle.y))].tolist()
    return Point(round(x), round(y))
