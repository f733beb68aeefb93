"""Where a branch point stands best between the wires that meet there: the shortest way to all, and no acute corner."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from kicad_rdl.geometry import Point
from kicad_rdl.route.meeting import crossings
from kicad_rdl.route.metric import Metric, distances
from kicad_rdl.route.taut_lines import Hold, TautLine
from kicad_rdl.route.triangulation import F64, I64

DIRECTIONS = np.array([(math.cos(k * math.pi / 8), math.sin(k * math.pi / 8)) for k in range(16)])
"""In which a point tries to move."""

FIRST_STEP, LAST_STEP = 4.0, 1 / 64
"""How far, in pitches of the traces: half as far each time that nothing is better."""

BLUNT = -0.02
"""Cosine of the least angle between two wires that need not grow: a little more than a right one."""

GAIN = 10.0
"""What a move must bring [nm]."""


class Surroundings:
    """What stands on a layer, and what runs there."""

    def __init__(
        self,
        obstacles: Sequence[shapely.Geometry],
        extra: Sequence[float],
        wires: Mapping[int, TautLine],
        widths: Mapping[int, float],
        space: float,
    ) -> None:
        """Outlines of the obstacles by their vertices, what these keep beyond the space between copper, the wires and
        their widths, and that space [nm].
        """
        self._place = {wire: len(obstacles) + k for k, wire in enumerate(wires)}
        lines = [shapely.LineString(line.points) for line in wires.values()]
        self.shapes = np.array([*obstacles, *lines], dtype=object)
        self.half = np.array([*extra, *(widths[wire] / 2 for wire in wires)])
        self.tree = shapely.STRtree(self.shapes)
        self.space = space
        self.widest = float(self.half.max(initial=0.0))

    def around(self, vertex: int, width: float, wires: Sequence[int], ends: Sequence[int]) -> Around:
        """For the branch point of some wires as wide as that; the ends that they come from straight, or -1."""
        own = [vertex, *(self._place[wire] for wire in wires)]
        return Around(self, width, np.array(own), np.array(ends))


@dataclass(frozen=True, slots=True)
class Around:
    """The surroundings as one branch point sees them."""

    all: Surroundings
    width: float
    own: I64
    """The point, and its wires."""
    ends: I64
    """Of its wires that are straight: the obstacles where they come from; else -1."""

    def leaves_room(self, place: F64) -> bool:
        """Whether the point may stand there."""
        at = shapely.Point(place)
        away = self.width / 2 + self.all.space
        near = self.all.tree.query(at, predicate="dwithin", distance=away + self.all.widest)
        near = near[~np.isin(near, self.own)]
        return bool((shapely.distance(self.all.shapes[near], at) >= away + self.all.half[near]).all())

    def may_follow(self, k: int, corners: F64, before: F64, after: F64) -> bool:
        """Whether wire k, straight from a corner, passes everything on the same side when the point moves.

        Args:
            k: the wire.
            corners: [2, 2] where it comes from before and after.
            before, after: places of the point.
        """
        swept, line = shapely.MultiPoint([*corners, before, after]).convex_hull, shapely.LineString([corners[1], after])
        near = self.all.tree.query(swept, predicate="intersects")
        near = near[~np.isin(near, self.own) & (near != self.ends[k])]
        met = self.all.shapes[near]
        solid = shapely.get_dimensions(met) == 2
        return not (np.where(solid, shapely.intersects(met, swept), shapely.crosses(met, line))).any()


def settled(at: F64, holds: Sequence[Hold], around: Around, pitch: float, metric: Metric) -> Point:
    """The best place near a branch point; the same one where none is better.

    Args:
        at: [2] where it is [nm].
        holds: what the wires that meet there lean on next.
        around: what else is there.
        pitch: of the traces [nm].
        metric: of the output.
    """
    begin = _corners(at, holds)[0]
    here, score = at, _score(at, holds, metric)

    def better(offers: F64) -> bool:
        nonlocal here, score
        scores = [_score(place, holds, metric) for place in offers]
        for k in sorted(range(len(offers)), key=scores.__getitem__):
            if scores[k] >= (score[0], score[1] - GAIN):
                return False
            place = offers[k]
            corners = np.stack([begin, _corners(place, holds)[0]], axis=1)
            if around.leaves_room(place) and all(
                around.may_follow(n, both, at, place) for n, both in enumerate(corners)
            ):
                here, score = place, scores[k]
                return True
        return False

    if metric == "octilinear":
        better(np.round(crossings(begin)))
    step = FIRST_STEP * pitch
    while step >= LAST_STEP * pitch:
        if not better(np.round(here + step * DIRECTIONS)):
            step /= 2
    return Point(round(float(here[0])), round(float(here[1])))


def _corners(place: F64, holds: Sequence[Hold]) -> tuple[F64, float]:
    """[k, 2] where straight wires to a place come from, and the length of the arcs before that [nm]."""
    corners = np.empty((len(holds), 2))
    arcs = 0.0
    for k, hold in enumerate(holds):
        corners[k] = hold.x, hold.y
        dx, dy = place[0] - hold.x, place[1] - hold.y
        apart = math.hypot(dx, dy)
        if 0.0 < hold.radius < apart:
            angle = math.atan2(dy, dx) + hold.side * math.acos(hold.radius / apart)
            corners[k] += hold.radius * math.cos(angle), hold.radius * math.sin(angle)
            arcs += hold.radius * math.remainder((hold.leaves - angle) * hold.side, math.tau)
        elif hold.radius > 0.0:
            arcs = math.inf
    return corners, arcs


def _score(place: F64, holds: Sequence[Hold], metric: Metric) -> tuple[float, float]:
    """How acute the sharpest corner is, and the length of all wires [nm]; less is better."""
    corners, arcs = _corners(place, holds)
    steps = corners - place
    length = arcs + math.fsum(distances(steps, metric).tolist())
    directions = steps / np.maximum(np.hypot(*steps.T), 1.0)[:, None]
    if metric == "octilinear":  # a slanted wire begins in either of the two directions beside it
        eighth = math.pi / 4
        turn = np.arctan2(directions[:, 1], directions[:, 0]) / eighth
        angles = np.stack([np.floor(turn + 1e-6), np.ceil(turn - 1e-6)]) * eighth
    else:
        angles = np.arctan2(directions[:, 1], directions[:, 0])[None]
    sharpest = -1.0
    for one in angles:
        for other in angles:
            cosines = np.cos(one[:, None] - other[None])
            sharpest = max(sharpest, float(cosines[np.triu_indices(len(steps), 1)].max(initial=-1.0)))
    least = 1e-6 if metric == "octilinear" else BLUNT
    return max(0.0, sharpest - least), length
