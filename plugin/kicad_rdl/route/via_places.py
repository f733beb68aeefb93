"""Where may a via stand on a board: in a pad, or free among everything that stands already?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import QhullError, Voronoi, cKDTree
from shapely.geometry.base import BaseGeometry

from kicad_rdl.model.open_board import BoardRules, OpenBoard, ViaSize
from kicad_rdl.route.standing import Geometries, Standing, nearest_rows
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.units import Nm

FINE = 4
"""Places that are tried lie so many to a via pitch."""
MOST = 100_000
"""About so many places are tried on a large board."""
NOBODY = -1
"""Where a thing is meant: none."""


@dataclass(frozen=True, slots=True)
class ViaGround:
    """What a via must keep away from.

    Attributes:
        standing: all copper.
        own_space: what things ask for themselves or as members of their net class, layer by layer [nm].
        holes: walls of drilled holes as (skeletons, half widths).
        closed: areas where no via may stand.
        inside: the board.
    """

    standing: Standing
    rules: BoardRules
    own_space: tuple[F64, ...]
    holes: tuple[Geometries, F64]
    closed: Geometries
    inside: BaseGeometry


def via_ground(board: OpenBoard, rules: BoardRules, standing: Standing, inside: BaseGeometry) -> ViaGround:
    """The ground of a board; ``inside`` is its area."""
    of_net = [rules.of(net).spaces for net in board.nets] + [rules.default.spaces]
    asked = np.array([thing.space for thing in standing.things], dtype=np.float64)
    own = tuple(
        np.maximum(np.array([spaces[layer] for spaces in of_net], dtype=np.float64)[standing.net_of], asked)
        for layer in range(len(board.layers))
    )
    skeletons: list[BaseGeometry] = [
        shapely.LineString([(d.start.x, d.start.y), (d.end.x, d.end.y)]) for d in board.drills
    ]
    half = [drill.diameter / 2 for drill in board.drills]
    skeletons += [shapely.Point(hole.at.x, hole.at.y) for hole in board.artwork.holes]
    half += [hole.diameter / 2 for hole in board.artwork.holes]
    closed = [
        shapely.Polygon([(p.x, p.y) for p in keepout.outline.points]) for keepout in board.keepouts if keepout.vias
    ]
    return ViaGround(
        standing,
        rules,
        own,
        (np.array(skeletons, dtype=np.object_), np.array(half, dtype=np.float64)),
        np.array(closed, dtype=np.object_),
        inside,
    )


def free_on(
    ground: ViaGround, layer: int, places: F64, own: I64, size: ViaSize, space: Nm, kin: I64 | None = None
) -> NDArray[np.bool_]:
    """[places] whether the land of a via on one layer keeps away from all other copper, of whatever net.

    Args:
        ground: what stands.
        layer: from 1.
        places: [n, 2].
        own: [n] thing in which the via stands, which may be near it; -1: none. With ``kin`` a kind of things.
        kin: [things] of which kind each is.
        size: of the via.
        space: what its net asks for.
    """
    copper = ground.standing.layers[layer - 1]
    asked = ground.own_space[layer - 1]
    radius, hole = size.diameter / 2, size.drill / 2 + ground.rules.hole_space
    most = float(max(asked.max(initial=0.0), space))
    place, row, apart = nearest_rows(copper, points_at(places), max(radius + most, hole))
    owner = copper.owner[row]
    needs = np.maximum(radius + np.maximum(asked[owner], space), hole)
    free = np.ones(len(places), dtype=np.bool_)
    other = (owner if kin is None else kin[owner]) != own[place]
    free[place[other & (apart < needs)]] = False
    return free


def allowed(ground: ViaGround, places: F64, size: ViaSize) -> NDArray[np.bool_]:
    """[places] whether a via may stand there as far as holes, keep-outs and the board edge are concerned."""
    points = points_at(places)
    free = np.ones(len(places), dtype=np.bool_)
    skeletons, half = ground.holes
    if len(half):
        reach = size.drill / 2 + ground.rules.hole_to_hole
        place, row = shapely.STRtree(skeletons).query(points, predicate="dwithin", distance=reach + float(half.max()))
        apart = shapely.distance(points[place], skeletons[row]) - half[row]
        free[place[apart < reach]] = False
    if len(ground.closed):
        place, _ = shapely.STRtree(ground.closed).query(points, predicate="dwithin", distance=size.diameter / 2)
        free[place] = False
    inner = shapely.buffer(ground.inside, -(size.diameter / 2 + ground.rules.edge))
    shapely.prepare(inner)
    free &= shapely.contains_xy(inner, places[:, 0], places[:, 1])
    return free


def points_at(places: F64) -> Geometries:
    """[n, 2] as shapely points."""
    return np.asarray(shapely.points(places), dtype=np.object_)


def room_around(ground: ViaGround, places: F64, reach: float) -> F64:
    """[places] about the distance to the nearest copper on any layer, at most ``reach`` [nm]."""
    room = np.full(len(places), reach)
    points = points_at(places)
    for layer in ground.standing.layers:
        if len(layer.half) and len(points):
            (place, row), apart = layer.tree.query_nearest(points, return_distance=True, all_matches=False)
            np.minimum.at(room, place, np.maximum(apart - layer.half[row], 0.0))
    return room


def raster(box: tuple[float, float], pitch: Nm) -> F64:
    """Places all over the board, several to a via pitch; fewer on a large board.

    Args:
        box: half width and half height of the board.
        pitch: of vias side by side.
    """
    half = np.array(box, dtype=np.float64)
    step = max(pitch // FINE, int(2 * np.sqrt(half[0] * half[1] / MOST)), 1)
    xs, ys = (np.arange(-(side // step), side // step + 1) * step for side in half)
    return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(np.float64)


def between(spots: F64, box: tuple[float, float]) -> F64:
    """Corners of the Voronoi cells of things within the board: as far as can be from what stands around them."""
    empty = np.empty((0, 2))
    spots = np.unique(spots, axis=0) if len(spots) else spots
    if len(spots) < 4:
        return empty
    try:
        corners = Voronoi(spots).vertices
    except QhullError:  # all on a line
        return empty
    return np.rint(corners[(np.abs(corners) <= np.array(box)).all(axis=1)])


def thinned(places: F64, room: F64, taken: F64, pitch: float) -> list[int]:
    """Which of the places to keep: those with most room first, none within twice the room of one that is kept.

    Args:
        places: [n, 2].
        room: [n] distance to what stands around each [nm].
        taken: places that are kept anyway, whose neighbours are a pitch away.
        pitch: least distance of two places.
    """
    order = np.lexsort((places[:, 0], places[:, 1], -np.rint(room)))
    alive = np.ones(len(places), dtype=np.bool_)
    tree = cKDTree(places) if len(places) else None
    kept: list[int] = []
    if tree is None:
        return kept
    for near in tree.query_ball_point(taken, pitch * (1 - 1e-9)) if len(taken) else ():
        alive[near] = False
    for number in order.tolist():
        if alive[number]:
            kept.append(number)
            alive[tree.query_ball_point(places[number], max(pitch, 2 * room[number]) * (1 - 1e-9))] = False
    return kept
