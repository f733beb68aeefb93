"""Thermal joints: spokes across the ring between a pad and the plane of its own net."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Point, Shape
from kicad_rdl.route.voids import GRID_MARGIN, Land, Voids, around, geometries, voids_of
from kicad_rdl.units import Nm

FAMILIES: tuple[tuple[int, ...], ...] = ((0, 2, 4, 6), (1, 3, 5, 7))
"""Directions of spokes in eighths of a turn: along the axes, or between them."""

FEWEST = 2
"""A joint of fewer spokes is starved (KiCad's word for it, too)."""


class Terminal(Protocol):
    """What is joined."""

    @property
    def at(self) -> Point:
        """Its place."""
        ...

    @property
    def shape(self) -> Shape:
        """Its copper."""
        ...


@dataclass(frozen=True, slots=True)
class Spoke:
    """One bar from a pad into the plane; it begins half its width behind the centre, so that bars at a right angle
    share a square and leave no neck."""

    terminal: int
    tip: shapely.Point
    """The centre of a disc of least width in the plane, which the bar covers to its end."""
    copper: shapely.Polygon


def spokes_of(
    terminals: Sequence[Terminal],
    thermal: Sequence[int],
    gap: Nm,
    width: Nm,
    centres: Sequence[BaseGeometry],
    foreign: Voids,
) -> tuple[tuple[Spoke, ...], set[int]]:
    """Up to four spokes for each thermal terminal.

    Args:
        terminals: of the net.
        thermal: which of them are joined by spokes.
        gap: the ring's width [nm].
        width: of a spoke [nm].
        centres: parts of the region where the centre of a disc of least width may be, rings left out.
        foreign: what spokes stay clear of.

    Returns:
        The spokes, and the terminals for which fewer than two are possible (these have none).
    """
    if not thermal or not centres:
        return (), set(thermal)
    rings = voids_of([Land(terminals[k].at, terminals[k].shape, gap) for k in thermal])
    reach = _reach(around(rings, width / 2 + GRID_MARGIN), [terminals[k].at for k in thermal])
    bars, tips, owner, eighth = _bars(terminals, thermal, reach, width)
    clear = np.ones(len(bars), dtype=bool)
    if len(foreign):
        clear[shapely.STRtree(around(foreign, 0.0)).query(bars, predicate="intersects")[0]] = False
    landed = np.zeros(len(bars), dtype=bool)
    landed[shapely.STRtree(tips).query(geometries(centres), predicate="intersects")[1]] = True
    legal = clear & landed
    spokes: list[Spoke] = []
    failed: set[int] = set()
    for n, k in enumerate(thermal):
        mine = {int(eighth[b]): b for b in np.flatnonzero((owner == n) & legal)}
        chosen = _choice(set(mine))
        if len(chosen) < FEWEST:
            failed.add(k)
            continue
        spokes += [Spoke(k, tips[mine[e]], bars[mine[e]]) for e in chosen]
    return tuple(spokes), failed


def _choice(possible: set[int]) -> tuple[int, ...]:
    """The better of the two families; where both are poor, any directions at least a quarter turn apart."""
    best = max(FAMILIES, key=lambda family: len(possible.intersection(family)))
    chosen = [e for e in best if e in possible]
    if len(chosen) < FEWEST:
        chosen = []
        for e in sorted(possible):
            if all(2 <= (e - other) % 8 <= 6 for other in chosen):
                chosen.append(e)
    return tuple(chosen)


def _directions() -> NDArray[np.float64]:
    angles = np.arange(8) * math.pi / 4
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _reach(rings: NDArray[np.object_], at: Sequence[Point]) -> NDArray[np.float64]:
    """How far from each centre, in each of eight directions, a ray leaves the convex polygon around it [nm]."""
    exits = np.empty((len(rings), 8))
    directions = _directions()
    for n, (ring, centre) in enumerate(zip(rings, at, strict=True)):
        corners = shapely.get_coordinates(ring)[:-1] - (centre.x, centre.y)
        edges = np.roll(corners, -1, axis=0) - corners
        normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1)
        heights = (normals * corners).sum(axis=1)
        normals *= np.sign(heights)[:, None]
        slopes = directions @ normals.T
        with np.errstate(divide="ignore"):
            exits[n] = np.where(slopes > 1e-9, np.abs(heights) / slopes, np.inf).min(axis=1)
    return exits


def _bars(
    terminals: Sequence[Terminal], thermal: Sequence[int], reach: NDArray[np.float64], width: Nm
) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.int64], NDArray[np.int64]]:
    """Every possible spoke: its bar, its tip, the index into ``thermal``, and its direction in eighths."""
    centre = np.array([(terminals[k].at.x, terminals[k].at.y) for k in thermal], dtype=float)
    along = _directions()
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * (width / 2 + GRID_MARGIN)
    # a little beyond the place where the disc clears the ring, so that the tip lies inside the region of centres
    tips = centre[:, None, :] + along[None, :, :] * (reach[:, :, None] * 1.02 + 20)
    start = centre[:, None, :] - along[None, :, :] * (width / 2 + GRID_MARGIN)
    corners = np.stack([start - across, tips - across, tips + across, start + across], axis=2)
    owner = np.repeat(np.arange(len(thermal), dtype=np.int64), 8)
    eighth = np.tile(np.arange(8, dtype=np.int64), len(thermal))
    bars = np.asarray(shapely.polygons(corners.reshape(-1, 4, 2)), dtype=object)
    return bars, np.asarray(shapely.points(tips.reshape(-1, 2)), dtype=object), owner, eighth
