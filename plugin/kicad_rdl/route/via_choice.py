"""Which vias are offered to the router: one in every pad that has room for it, and free ones between everything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from kicad_rdl.geometry import Point
from kicad_rdl.model.open_board import BoardRules, NetRules, OpenBoard
from kicad_rdl.route.skeletons import metal_of, skeleton_geometry
from kicad_rdl.route.standing import Standing, Thing
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.via_places import NOBODY, ViaGround, allowed, between, free_on, raster, room_around, thinned
from kicad_rdl.units import Nm

ROUNDING = 2
"""Places are on the grid [nm]."""
AROUND = 16
"""Places around a pad that are tried."""
SPARSE = 8
"""Free places lie up to twice so many via pitches apart where nothing stands."""
RINGS = ((0.0, 1), (0.3, 6), (0.6, 12), (0.9, 18))
"""Where in a pad a via is tried: parts of the way to its edge, and how many directions."""
OUTER_RINGS = ((0.25, 16), (0.5, 16), (0.75, 16), (1.0, 16))
"""Likewise where its land would not be covered by the pad, but its middle is."""


@dataclass(frozen=True, slots=True)
class ViaChoice:
    """What the choice depends on; ``nets`` are those to be routed."""

    board: OpenBoard
    rules: BoardRules
    standing: Standing
    ground: ViaGround
    nets: frozenset[str]

    @property
    def strictest(self) -> list[NetRules]:
        """Rules of the nets, each once."""
        return list(dict.fromkeys(self.rules.of(net) for net in sorted(self.nets)))

    @property
    def space(self) -> Nm:
        """The greatest that one of the nets asks for."""
        return max(max(rules.spaces) for rules in self.strictest)

    @property
    def pitch(self) -> Nm:
        """Least distance of two new vias."""
        vias = [via for rules in self.strictest for via in rules.vias]
        drill, land = max(via.drill for via in vias), max(via.diameter for via in vias)
        return max(land + self.space, drill + self.rules.hole_to_hole, -(-(land + drill) // 2) + self.rules.hole_space)

    @property
    def passage(self) -> Nm:
        """Between two things that let a trace of any of the nets through."""
        return 2 * self.space + max(max(rules.widths) for rules in self.strictest)

    def legal(self, places: F64, own: I64, kin: I64 | None = None, *, passable: bool = False) -> NDArray[np.bool_]:
        """[places, routed layers] whether the largest via of the nets may stand there; see ``free_on``.

        ``passable``: and leaves room for a trace beside it.
        """
        size = max(
            (via for rules in self.strictest for via in rules.vias),
            key=lambda via: (via.diameter, via.drill),
        )
        everywhere = allowed(self.ground, places, size)
        layers = range(1, self.rules.routed + 1)
        space = self.passage if passable else self.space
        return np.stack(
            [everywhere & free_on(self.ground, layer, places, own, size, space, kin) for layer in layers], axis=1
        )


def pad_vias(choice: ViaChoice) -> dict[int, dict[int, Point]]:
    """For pads of the nets (things of ``Standing``): the layers that a via in them can reach, and where it stands."""
    parts = Counter(pad.number for pad in choice.board.pads)
    wanted = [
        (number, thing)
        for number, thing in enumerate(choice.standing.things)
        if thing.pad is not None
        and parts[choice.board.pads[thing.pad].number] == 1
        and thing.net in choice.nets
        and len(thing.layers) == 1
        and thing.layers[0] <= choice.rules.routed
    ]
    if choice.rules.routed < 2 or not wanted:
        return {}
    found: dict[int, dict[int, Point]] = {}
    used = _Used(choice.pitch)
    for covered in (True, False):
        left = [(number, thing) for number, thing in wanted if number not in found]
        _vias_in(choice, left, covered, found, used)
    return found


def _vias_in(
    choice: ViaChoice,
    pads: Sequence[tuple[int, Thing]],
    covered: bool,
    found: dict[int, dict[int, Point]],
    used: _Used,
) -> None:
    """Adds vias whose lands the pads cover, or that stand out and let traces pass beside all the same."""
    owner: list[int] = []
    places: list[Point] = []
    for number, thing in pads:
        land = max(via.diameter for via in choice.rules.of(thing.net).vias)
        spots = _spots_in(choice.board.pads[thing.pad or 0].at, thing, land, covered)
        owner += [number] * len(spots)
        places += spots
    if not places:
        return
    xy, own = np.array([(p.x, p.y) for p in places], dtype=np.float64), np.array(owner, dtype=np.int64)
    legal = choice.legal(xy, own)
    if not covered:  # the land is part of the pad, whether there is a via or not
        beside = [choice.standing.things[number].layers[0] - 1 for number in owner]
        legal &= choice.legal(xy, own, passable=True)[np.arange(len(xy)), beside][:, None]
    for row, number in enumerate(owner):
        at = places[row]
        if number in found or used.crowded(at):
            continue
        layers = _span(legal[row], choice.standing.things[number].layers[0], choice.rules.through)
        if layers:
            found[number] = dict.fromkeys(layers, at)
            used.add(at)


def free_vias(
    choice: ViaChoice,
    spots: Sequence[Sequence[tuple[int, int]]],
    taken: Collection[Point],
    box: tuple[float, float],
) -> list[Point]:
    """Places for vias of any net, apart from each other and from ``taken``.

    Args:
        choice: what they must keep away from.
        spots: where things stand, layer by layer.
        taken: vias in pads.
        box: half width and half height of the board.
    """
    rows = [np.array(layer, dtype=np.float64).reshape(-1, 2) for layer in spots]
    pitch = choice.pitch
    near = _beside_pads(choice, taken)
    taken = [*taken, *near]
    places = np.concatenate([*(between(each, box) for each in [*rows, np.concatenate(rows)]), raster(box, pitch)])
    places = np.unique(places, axis=0)
    legal = choice.legal(places, np.full(len(places), NOBODY, dtype=np.int64))
    places = places[legal.all(axis=1)]
    room = room_around(choice.ground, places, float(SPARSE * pitch))
    others = np.array(sorted((at.x, at.y) for at in taken), dtype=np.float64).reshape(-1, 2)
    kept = places[thinned(places, room, others, float(pitch))]
    return [*near, *(Point(int(x), int(y)) for x, y in kept.tolist())]


def _beside_pads(choice: ViaChoice, taken: Collection[Point]) -> list[Point]:
    """A place beside every pad whose net has a pour, clear of a via in the pad: there the pour is reached."""
    nets = {pour.net for pour in choice.board.pours} & choice.nets
    owner: list[int] = []
    places: list[tuple[int, int]] = []
    for number, pad in enumerate(choice.board.pads):
        if pad.net in nets and pad.shapes:
            shape = shapely.union_all(metal_of(pad.shapes))
            rim = shapely.boundary(shapely.convex_hull(shape).buffer(choice.pitch + ROUNDING))
            for k in range(AROUND):
                spot = shapely.line_interpolate_point(rim, k / AROUND, normalized=True)
                places.append((round(spot.x), round(spot.y)))
                owner.append(number)
    xy = np.array(places, dtype=np.float64).reshape(-1, 2)
    legal = choice.legal(xy, np.full(len(xy), NOBODY, dtype=np.int64)).all(axis=1)
    used = _Used(choice.pitch)
    for at in taken:
        used.add(at)
    found: dict[int, Point] = {}
    for row in np.flatnonzero(legal).tolist():
        at = Point(*places[row])
        if owner[row] not in found and not used.crowded(at):
            found[owner[row]] = at
            used.add(at)
    return list(found.values())


def _spots_in(centre: Point, thing: Thing, land: Nm, covered: bool) -> list[Point]:
    """Places in a pad for a via, the middle first; those where the land is covered, or where it stands out of it."""
    parts = [(skeleton_geometry(skeleton), width / 2) for skeleton, width in thing.shapes]
    area = shapely.union_all([geometry.buffer(max(half, 1), quad_segs=16) for geometry, half in parts])
    inner = shapely.buffer(area, -land / 2)
    if covered and not inner.is_empty:
        area = inner
    low_x, low_y, high_x, high_y = area.bounds
    reach = max(high_x - low_x, high_y - low_y) / 2
    shapely.prepare(area)
    turns = [
        (part * reach, math.tau * k / count)
        for part, count in (RINGS if covered else OUTER_RINGS)
        for k in range(count)
    ]
    xs = np.array([round(centre.x + radius * math.cos(angle)) for radius, angle in turns], dtype=np.float64)
    ys = np.array([round(centre.y + radius * math.sin(angle)) for radius, angle in turns], dtype=np.float64)
    inside = np.flatnonzero(shapely.contains_xy(area, xs, ys))
    return [Point(int(xs[k]), int(ys[k])) for k in inside.tolist()]


def _span(legal: NDArray[np.bool_], own: int, through: bool) -> list[int]:
    """Layers that a via from a pad on layer ``own`` can reach, its own among them; [] if no other."""
    count = len(legal)
    if through:
        return list(range(1, count + 1)) if legal.all() else []
    low = high = own
    while legal[own - 1] and low > 1 and legal[low - 2]:
        low -= 1
    while legal[own - 1] and high < count and legal[high]:
        high += 1
    return list(range(low, high + 1)) if low < high else []


class _Used:
    """Places of vias, by cells of the pitch that they keep."""

    def __init__(self, pitch: Nm) -> None:
        self._pitch = pitch
        self._cells: dict[tuple[int, int], list[Point]] = {}

    def add(self, at: Point) -> None:
        self._cells.setdefault((at.x // self._pitch, at.y // self._pitch), []).append(at)

    def crowded(self, at: Point) -> bool:
        """Whether a via is nearer than the pitch."""
        column, row = at.x // self._pitch, at.y // self._pitch
        return any(
            at.distance(other) < self._pitch
            for i in (column - 1, column, column + 1)
            for j in (row - 1, row, row + 1)
            for other in self._cells.get((i, j), ())
        )
