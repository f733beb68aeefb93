"""Pours give way to new copper: what is left of them, and which of their nets fall apart by it.

KiCad fills a zone with all that is as far from foreign copper as it must be and nowhere narrower than its least width.
So the copper that is too near, or too narrow after that, is taken out of the fills that the file holds; what reaches no
pad any more goes as the zone asks. Farther away every corner of a fill stays where it was.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import count

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import path_points
from kicad_rdl.model.artwork import Copper, CopperKind, Hole
from kicad_rdl.model.open_board import BoardRules, BoardTrace, BoardVia, NewCopper, OpenBoard, Pour, Refill
from kicad_rdl.route.skeletons import ARC_TOLERANCE, areas_of, skeleton_geometry
from kicad_rdl.route.standing import Standing, standing_of
from kicad_rdl.units import Nm

QUARTER = 16
"""Corners for a quarter of a circle."""
AROUND = 1 / math.cos(1.5 * math.pi / (4 * QUARTER))
"""Radius of the circle whose polygon holds a circle of radius 1: GEOS rounds the number of corners of a bend, so that
its chords are up to half as long again."""
ROUNDING = 3
"""Corners of fills are rounded to the grid [nm]."""


@dataclass(frozen=True, slots=True)
class Refilled:
    """A board with new copper on it, its pours cut.

    Attributes:
        board, standing: as it then is.
        refills: the pours that were cut.
        torn: nets of pours that are in more pieces than they would be if pours did not give way, sorted.
    """

    board: OpenBoard
    standing: Standing
    refills: tuple[Refill, ...]
    torn: tuple[str, ...]


def refilled(board: OpenBoard, rules: BoardRules, traces: Sequence[BoardTrace], vias: Sequence[BoardVia]) -> Refilled:
    """The board with new copper."""
    cuts = [cut for pour in board.pours for cut in _cut(pour, rules, traces, vias)]
    after = with_copper(board, traces, vias, cuts)
    standing = standing_of(after)
    held = {standing.group[k] for k, thing in enumerate(standing.things) if thing.pad is not None}
    stays = {
        thing.pour
        for k, thing in enumerate(standing.things)
        if thing.pour is not None
        and (
            standing.group[k] in held
            or shapely.area(skeleton_geometry(after.pours[thing.pour].area)) >= after.pours[thing.pour].island
        )
    }
    number = count(len(after.pours) - sum(len(cut.areas) for cut in cuts))
    refills = tuple(Refill(cut.pour, tuple(area for area in cut.areas if next(number) in stays)) for cut in cuts)
    touched = {cut.pour.net for cut in cuts}
    before = pieces_of(standing_of(with_copper(board, traces, vias, ())), touched) if cuts else Counter()
    now = pieces_of(standing, touched)
    torn = tuple(sorted(net for net in touched if now[net] > before[net]))
    return Refilled(with_copper(board, traces, vias, refills), standing, refills, torn)


def firm(board: OpenBoard, nets: Collection[str]) -> OpenBoard:
    """The board with pours of some nets that do not give way."""
    copper = tuple(
        Copper(CopperKind.PLANE, pour.net, pour.layer, pour.area, pour.width, f"plane of {pour.net}", -1)
        for pour in board.pours
        if pour.net in nets
    )
    pours = tuple(pour for pour in board.pours if pour.net not in nets)
    return replace(board, copper=(*board.copper, *copper), pours=pours)


def pieces_of(standing: Standing, nets: Collection[str]) -> Counter[str]:
    """In how many pieces the pads of each net are."""
    roots = {
        (thing.net, standing.group[k])
        for k, thing in enumerate(standing.things)
        if thing.net is not None and thing.net in nets and thing.pad is not None and thing.layers
    }
    return Counter(net for net, _ in roots)


def with_copper(
    board: OpenBoard, traces: Sequence[BoardTrace], vias: Sequence[BoardVia], refills: Sequence[Refill]
) -> OpenBoard:
    """The board with new copper and, after its whole pours, with what is left of the others."""
    number = count(1 + max((item.thing for item in board.artwork.copper), default=0))
    copper = [
        Copper(CopperKind.TRACE, trace.net, trace.layer, piece, trace.width, f"trace of {trace.net}", next(number))
        for trace in traces
        for piece in trace.path.pieces
    ]
    holes: list[Hole] = []
    for via in vias:
        thing, name, size = next(number), f"via of {via.net}", via.size
        lands = tuple((layer, size.diameter) for layer in range(via.first, via.last + 1))
        holes.append(Hole(via.net, name, thing, via.at, size.drill, via.first, via.last, lands))
        copper += [Copper(CopperKind.VIA, via.net, layer, via.at, width, name, thing) for layer, width in lands]
    cut = {(refill.pour.zone, refill.pour.fill) for refill in refills}
    pours = [pour for pour in board.pours if (pour.zone, pour.fill) not in cut]
    pours += [replace(refill.pour, area=area) for refill in refills for area in refill.areas]
    artwork = replace(board.artwork, holes=(*board.artwork.holes, *holes))
    return replace(board, artwork=artwork, copper=(*board.copper, *copper), pours=tuple(pours))


def _cut(pour: Pour, rules: BoardRules, traces: Sequence[BoardTrace], vias: Sequence[BoardVia]) -> list[Refill]:
    """What is left of a pour, if it is not left whole."""
    area = skeleton_geometry(pour.area)
    items: list[NewCopper] = [*traces, *vias]
    free = [kept_free(pour, rules, item) for item in items if item.net != pour.net]
    tree = shapely.STRtree(free)
    near = [free[k] for k in sorted(tree.query(area, predicate="intersects").tolist())]
    if not near:
        return []
    taken = shapely.union_all(near)
    left = shapely.difference(area, taken)
    half = (pour.least - pour.width) / 2
    if half > 0:
        deep = half + ROUNDING
        wide = shapely.buffer(shapely.buffer(left, -deep, quad_segs=QUARTER), deep, quad_segs=QUARTER)
        narrow = [part for part in shapely.get_parts(shapely.difference(left, wide)) if part.area > 0]
        beside = shapely.buffer(taken, 2 * half)
        left = shapely.difference(left, shapely.union_all([part for part in narrow if part.intersects(beside)]))
    rounded = shapely.set_precision(left, 1.0)
    return [Refill(pour, tuple(areas_of(rounded)))]


def kept_free(pour: Pour, rules: BoardRules, item: NewCopper) -> BaseGeometry:
    """Where the skeleton of a pour may not be because of new copper; empty on other layers."""
    layer = pour.layer - 1
    space = max(pour.space, rules.of(pour.net).spaces[layer], rules.of(item.net).spaces[layer])
    if isinstance(item, BoardVia):
        if not item.first <= pour.layer <= item.last:
            return shapely.Point()
        bare: BaseGeometry = shapely.Point(item.at.x, item.at.y)
        reach: Nm = max(item.size.diameter // 2 + space, item.size.drill // 2 + rules.hole_space)
    else:
        if item.layer != pour.layer:
            return shapely.Point()
        bare = shapely.LineString(path_points(item.path, ARC_TOLERANCE))
        reach = item.width // 2 + space + math.ceil(ARC_TOLERANCE)
    return shapely.buffer(bare, (reach + pour.width / 2 + ROUNDING) * AROUND, quad_segs=QUARTER)
