"""What stands on a board already: which copper of a net is joined, and where there is room for a via.

Shapes are skeletons with half a width: distances between them are exact, whatever is round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from kicad_rdl.model.artwork import CopperKind, Skeleton
from kicad_rdl.model.open_board import OpenBoard
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.reliefs import spokes_of
from kicad_rdl.route.skeletons import skeleton_geometry
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.units import Nm

Geometries: TypeAlias = NDArray[np.object_]

TOUCH = 1.0
"""Copper of one net with a smaller gap touches [nm]: corners and arcs are rounded to the grid."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A pad, via, track, filled area or drawing: copper that is joined in itself."""

    name: str
    net: str | None
    kind: CopperKind
    layers: tuple[int, ...]
    shapes: tuple[tuple[Skeleton, Nm], ...]
    """The same on all its layers, but for vias, whose greatest land counts."""
    pad: int | None
    """Index into the board's pads."""
    space: Nm = 0
    """Distance that it asks for itself."""
    pour: int | None = None
    """Index into the board's pours: it gives way to foreign copper, so that it is in nobody's way."""


@dataclass(frozen=True, slots=True)
class LayerCopper:
    """All copper of one layer for questions of distance; row k belongs to thing ``owner[k]``."""

    skeletons: Geometries
    half: F64
    owner: I64
    tree: shapely.STRtree


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that stands, and what is joined."""

    things: tuple[Thing, ...]
    layers: tuple[LayerCopper, ...]
    """What everybody else must keep away from."""
    pours: tuple[LayerCopper, ...]
    """What gives way."""
    net_of: I64
    """For every thing the index of its net among those of the board; -1: none."""
    group: tuple[int, ...]
    """For every thing the least number among those it is joined with."""


def things_of(board: OpenBoard) -> list[Thing]:
    """Pads first, in their order, then the rest in the order of the file."""
    asked = dict(board.zone_spaces)
    found = [
        Thing(pad.name, pad.net, CopperKind.PAD, pad.layers, pad.shapes, index, pad.space)
        for index, pad in enumerate(board.pads)
    ]
    vias: dict[int, tuple[list[int], Thing]] = {}
    for item in board.copper:
        space = asked.get(item.net or "", 0) if item.kind is CopperKind.PLANE else 0
        thing = Thing(item.name, item.net, item.kind, (item.layer,), ((item.skeleton, item.width),), None, space)
        if item.kind is CopperKind.VIA:
            layers, other = vias.setdefault(item.thing, ([], thing))
            layers.append(item.layer)
            if item.width > other.shapes[0][1]:
                vias[item.thing] = (layers, thing)
        else:
            found.append(thing)
    found += [
        Thing(via.name, via.net, via.kind, tuple(sorted(layers)), via.shapes, None) for layers, via in vias.values()
    ]
    found += [
        Thing(
            f"zone of {pour.net}",
            pour.net,
            CopperKind.PLANE,
            (pour.layer,),
            ((pour.area, pour.width),),
            None,
            pour.space,
            index,
        )
        for index, pour in enumerate(board.pours)
    ]
    found += [
        Thing(
            f"thermal spoke of {pour.net}",
            pour.net,
            CopperKind.PLANE,
            (pour.layer,),
            ((area, 0),),
            None,
            pour.space,
        )
        for pour, area in spokes_of(board)
    ]
    return found


def standing_of(board: OpenBoard) -> Standing:
    """All copper of a board, and what of it is joined."""
    things = things_of(board)
    numbers = range(1, len(board.layers) + 1)
    everything = list(enumerate(things))
    firm = [row for row in everything if row[1].pour is None]
    soft = [row for row in everything if row[1].pour is not None]
    nets = {net: number for number, net in enumerate(board.nets)}
    net_of = np.array([nets.get(thing.net or "", -1) for thing in things], dtype=np.int64)
    groups = Groups(len(things))
    for number, (one, other) in enumerate(pairwise(board.pads)):
        if one.number == other.number:
            groups.join(number, number + 1)
    for layer in numbers:
        for a, b in _touching(_layer_copper(everything, layer), net_of):
            groups.join(a, b)
    return Standing(
        tuple(things),
        tuple(_layer_copper(firm, layer) for layer in numbers),
        tuple(_layer_copper(soft, layer) for layer in numbers),
        net_of,
        tuple(groups.root(k) for k in range(len(things))),
    )


def nearest_rows(layer: LayerCopper, places: Geometries, reach: float) -> tuple[I64, I64, F64]:
    """(place, row, distance to the row's copper) of all copper within ``reach`` of places."""
    if not len(places) or not len(layer.half):
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, np.empty(0)
    widest = float(layer.half.max())
    place, row = layer.tree.query(places, predicate="dwithin", distance=reach + widest)
    apart: F64 = shapely.distance(places[place], layer.skeletons[row]) - layer.half[row]
    near = apart < reach
    return place[near].astype(np.int64), row[near].astype(np.int64), apart[near]


def _layer_copper(things: Sequence[tuple[int, Thing]], layer: int) -> LayerCopper:
    skeletons: list[BaseGeometry] = []
    half: list[float] = []
    owner: list[int] = []
    for number, thing in things:
        if layer in thing.layers:
            for skeleton, width in thing.shapes:
                skeletons.append(skeleton_geometry(skeleton))
                half.append(width / 2)
                owner.append(number)
    return LayerCopper(
        np.array(skeletons, dtype=np.object_),
        np.array(half, dtype=np.float64),
        np.array(owner, dtype=np.int64),
        shapely.STRtree(skeletons),
    )


def _touching(layer: LayerCopper, net_of: I64) -> Iterable[tuple[int, int]]:
    """Pairs of things of one net that touch on a layer."""
    if not len(layer.half):
        return ()
    grown = np.asarray(shapely.box(*_boxes(layer).T), dtype=np.object_)
    tree = shapely.STRtree(grown)
    one, other = tree.query(grown)
    keep = (one < other) & (net_of[layer.owner[one]] == net_of[layer.owner[other]]) & (net_of[layer.owner[one]] >= 0)
    one, other = one[keep], other[keep]
    apart = shapely.distance(layer.skeletons[one], layer.skeletons[other]) - layer.half[one] - layer.half[other]
    near = apart <= TOUCH
    return zip(layer.owner[one[near]].tolist(), layer.owner[other[near]].tolist(), strict=True)


def _boxes(layer: LayerCopper) -> F64:
    boxes: F64 = shapely.bounds(layer.skeletons)
    reach = layer.half + TOUCH
    return boxes + np.stack([-reach, -reach, reach, reach], axis=1)
