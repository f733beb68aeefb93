"""Hatched planes: square holes in a solid fill, on a grid that all planes of a layer share.

Copper as wide as the lines stays along every edge of the fill and around every terminal, so nothing gets thinner than
a line, and no terminal hangs on less than a ring. A hole that these leave only a part of is dropped where the part
holds no disc of the least space, or little of the hole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.model.package import Hatch
from kicad_rdl.route.voids import GRID_MARGIN, SIMPLIFY, Geometries, geometries

LEAST_PART = 0.25
"""Share of a hole that is still made."""

POINTS_OF_A_HOLE = 7
"""With the cut that opens it."""


def hatch_density(hatch: Hatch | None) -> float:
    """Points that hatching adds to a fill, for each square nanometre."""
    return 0.0 if hatch is None else POINTS_OF_A_HOLE / (hatch.width + hatch.gap) ** 2


def hatched(solid: Sequence[shapely.Polygon], hatch: Hatch, own: Geometries, space: float) -> list[shapely.Polygon]:
    """The fills with their holes.

    Args:
        solid: valid polygons [nm].
        hatch: what to make.
        own: copper of the net that lies on the plane: terminals and traces.
        space: least width of a hole [nm].
    """
    tree = shapely.STRtree(own) if len(own) else None
    found = []
    rim = hatch.width * (1 + SIMPLIFY) + GRID_MARGIN
    for part in solid:
        room: BaseGeometry = part.buffer(-rim)
        if tree is not None and not room.is_empty:
            near = own[np.sort(tree.query(room, predicate="dwithin", distance=rim))]
            room -= shapely.union_all(shapely.buffer(near, rim))
        holes = _holes(room, hatch, space)
        found.append(shapely.Polygon(part.exterior, [*part.interiors, *holes]))
    return found


def _holes(room: BaseGeometry, hatch: Hatch, space: float) -> list[shapely.LinearRing]:
    """Rings on the grid, in a fixed order."""
    if room.is_empty:
        return []
    squares = _squares(room, hatch)
    shapely.prepare(room)
    squares = squares[shapely.intersects(room, squares)]
    whole = shapely.contains(room, squares)
    radius = max(space / 2, hatch.gap * math.sqrt(LEAST_PART) / 2)
    asked = shapely.get_parts(shapely.intersection(squares[~whole], room))
    asked = asked[shapely.get_type_id(asked) == 3]
    opened = shapely.buffer(shapely.buffer(asked, -radius, join_style="mitre"), radius, quad_segs=2)
    cut = shapely.get_parts(shapely.intersection(shapely.simplify(opened, space / 20), asked))
    cut = cut[(shapely.get_type_id(cut) == 3) & (shapely.area(cut) >= LEAST_PART * hatch.gap**2)]
    every = np.concatenate([squares[whole], cut[~shapely.is_empty(cut)]])
    rings = shapely.get_exterior_ring(every)
    rings = shapely.transform(rings, np.round)
    return [ring for ring in sorted(rings, key=lambda ring: ring.bounds) if ring.is_valid and not ring.is_empty]


def _squares(room: BaseGeometry, hatch: Hatch) -> Geometries:
    """The squares of the grid around the origin that can meet the room."""
    turn = math.radians(hatch.orientation)
    along, across = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    corners = shapely.get_coordinates(shapely.box(*room.bounds))
    pitch = hatch.width + hatch.gap
    spans = [
        np.arange(math.floor((corners @ axis).min() / pitch) - 1, math.ceil((corners @ axis).max() / pitch) + 2)
        for axis in (along, across)
    ]
    u, v = (grid.ravel() * float(pitch) for grid in np.meshgrid(*spans, indexing="ij"))
    half = hatch.gap / 2 - 1  # a corner on the grid is off by less
    ring = np.array([(-half, -half), (half, -half), (half, half), (-half, half)])
    local = np.stack([u, v], axis=1)[:, None, :] + ring
    places = local[..., :1] * along + local[..., 1:] * across
    boxes = np.asarray(shapely.polygons(places), dtype=object)
    return geometries(boxes[shapely.intersects(shapely.box(*room.bounds), boxes)])
