"""Which new copper must go so that the net of a pour hangs together again, and what then dangles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Point, path_points
from kicad_rdl.model.open_board import BoardRules, BoardTrace, BoardVia, OpenBoard
from kicad_rdl.route.refill import Refilled, kept_free
from kicad_rdl.route.skeletons import ARC_TOLERANCE, skeleton_geometry
from kicad_rdl.route.standing import TOUCH, Standing

Item: TypeAlias = BoardTrace | BoardVia


def who_tears(board: OpenBoard, after: Refilled, rules: BoardRules, items: Sequence[Item]) -> list[Item]:
    """For every piece that is severed from the rest of its net the one item that cuts most beside it."""
    found: list[Item] = []
    for net in after.torn:
        pours = [pour for pour in board.pours if pour.net == net]
        cuts: list[tuple[Item, int, BaseGeometry]] = []
        for item in items:
            for pour in pours if item.net != net else ():
                taken = shapely.intersection(kept_free(pour, rules, item), skeleton_geometry(pour.area))
                if not taken.is_empty:
                    cuts.append((item, pour.layer, taken))
        reach = max((pour.space + pour.least + pour.gap for pour in pours), default=0)
        for piece in _severed(after.standing, net):
            beside = {layer: shapely.buffer(shapely.union_all(shapes), reach) for layer, shapes in piece.items()}
            score = [
                float(shapely.area(shapely.intersection(taken, beside[layer]))) if layer in beside else 0.0
                for _, layer, taken in cuts
            ]
            if score:
                found.append(cuts[max(range(len(cuts)), key=lambda k: (score[k], -k))][0])
    return list(dict.fromkeys(found))


def _severed(standing: Standing, net: str) -> list[dict[int, list[BaseGeometry]]]:
    """Copper of every piece of a net with pads but the one with most of them: layer -> shapes."""
    mine = [k for k, thing in enumerate(standing.things) if thing.net == net]
    sizes = Counter(standing.group[k] for k in mine if standing.things[k].pad is not None)
    main = max(sizes, key=lambda root: (sizes[root], -root))
    found: dict[int, dict[int, list[BaseGeometry]]] = {root: {} for root in sizes if root != main}
    for k in mine:
        if standing.group[k] in found:
            thing = standing.things[k]
            shapes = [skeleton_geometry(skeleton).buffer(width / 2) for skeleton, width in thing.shapes]
            for layer in thing.layers:
                found[standing.group[k]].setdefault(layer, []).extend(shapes)
    return [found[root] for root in sorted(found)]


def without(standing: Standing, items: Sequence[Item], gone: Sequence[Item]) -> list[Item]:
    """New copper without some of it, and without what then ends nowhere.

    Args:
        standing: the board without new copper.
        items: all new copper.
        gone: what goes.
    """
    kept = [item for item in items if item not in gone]
    for net in sorted({item.net for item in gone}):
        fixed: list[tuple[int, BaseGeometry]] = [
            (layer, skeleton_geometry(skeleton).buffer(width / 2))
            for thing in standing.things
            if thing.net == net
            for layer in thing.layers
            for skeleton, width in thing.shapes
        ]
        while True:
            mine = [item for item in kept if item.net == net]
            loose = [item for item in mine if _dangles(item, [other for other in mine if other is not item], fixed)]
            if not loose:
                break
            kept = [item for item in kept if not any(item is other for other in loose)]
    return kept


def _dangles(item: Item, others: Sequence[Item], fixed: Sequence[tuple[int, BaseGeometry]]) -> bool:
    """Whether an end of a trace, or all but one layer of a via, touches nothing else of the net."""
    if isinstance(item, BoardVia):
        disc = shapely.buffer(shapely.Point(item.at.x, item.at.y), item.size.diameter / 2)
        touched = {
            layer
            for layer in range(item.first, item.last + 1)
            for level, shape in (*fixed, *((level, shape) for other in others for level, shape in _shapes(other)))
            if level == layer and shapely.dwithin(shape, disc, TOUCH)
        }
        return len(touched) < 2
    near = [shape for layer, shape in fixed if layer == item.layer]
    near += [shape for other in others for layer, shape in _shapes(other) if layer == item.layer]
    return not all(_met(end, item.width / 2, near) for end in (item.path.start, item.path.end))


def _met(end: Point, reach: float, shapes: Sequence[BaseGeometry]) -> bool:
    spot = shapely.Point(end.x, end.y)
    return any(shapely.dwithin(shape, spot, reach) for shape in shapes)


def _shapes(item: Item) -> list[tuple[int, BaseGeometry]]:
    if isinstance(item, BoardVia):
        disc = shapely.buffer(shapely.Point(item.at.x, item.at.y), item.size.diameter / 2)
        return [(layer, disc) for layer in range(item.first, item.last + 1)]
    line = shapely.LineString(path_points(item.path, ARC_TOLERANCE))
    return [(item.layer, shapely.buffer(line, item.width / 2))]
