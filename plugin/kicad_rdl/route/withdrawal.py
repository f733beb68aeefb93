"""Which new copper must go so that the net of a pour hangs together again, and what then dangles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import TypeAlias

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Point
from kicad_rdl.model.open_board import BoardRules, BoardVia, NewCopper, OpenBoard
from kicad_rdl.route.refill import Refilled, kept_free
from kicad_rdl.route.skeletons import drawn, metal_of, skeleton_geometry
from kicad_rdl.route.standing import TOUCH, Standing

Metal: TypeAlias = tuple[int, BaseGeometry]
"""Layer, and what is covered there."""


def who_tears(board: OpenBoard, after: Refilled, rules: BoardRules, items: Sequence[NewCopper]) -> list[NewCopper]:
    """For every piece that is severed from the rest of its net the one item that cuts most beside it."""
    found: list[NewCopper] = []
    for net in after.torn:
        pours = [pour for pour in board.pours if pour.net == net]
        cuts: list[tuple[NewCopper, int, BaseGeometry]] = []
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
            shapes = metal_of(thing.shapes)
            for layer in thing.layers:
                found[standing.group[k]].setdefault(layer, []).extend(shapes)
    return [found[root] for root in sorted(found)]


def without(standing: Standing, items: Sequence[NewCopper], gone: Sequence[NewCopper]) -> list[NewCopper]:
    """New copper without some of it, and without what then ends nowhere.

    Args:
        standing: the board without new copper.
        items: all new copper.
        gone: what goes.
    """
    kept = [item for item in items if item not in gone]
    for net in sorted({item.net for item in gone}):
        fixed: list[Metal] = [
            (layer, shape)
            for thing in standing.things
            if thing.net == net
            for shape in metal_of(thing.shapes)
            for layer in thing.layers
        ]
        own = [(item, *drawn(item)) for item in kept if item.net == net]
        while True:
            new = [[(layer, shape) for layer in layers] for _, layers, shape in own]
            left = [
                row
                for k, row in enumerate(own)
                if not _dangles(row[0], row[2], [*fixed, *chain(*new[:k], *new[k + 1 :])])
            ]
            if len(left) == len(own):
                break
            own = left
        staying = {id(item) for item, *_ in own}
        kept = [item for item in kept if item.net != net or id(item) in staying]
    return kept


def _dangles(item: NewCopper, own: BaseGeometry, others: Sequence[Metal]) -> bool:
    """Whether an end of a trace, or all but one layer of a via, touches nothing else of the net."""
    if isinstance(item, BoardVia):
        reached = {
            layer for layer, shape in others if item.first <= layer <= item.last and shapely.dwithin(shape, own, TOUCH)
        }
        return len(reached) < 2
    near = [shape for layer, shape in others if layer == item.layer]
    return not all(_met(end, item.width / 2, near) for end in (item.path.start, item.path.end))


def _met(end: Point, reach: float, shapes: Sequence[BaseGeometry]) -> bool:
    spot = shapely.Point(end.x, end.y)
    return any(shapely.dwithin(shape, spot, reach) for shape in shapes)
