"""What a wire that is too close to something keeps away from: further discs in its corridor."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.corridors import ExtraDisc
from kicad_rdl.route.nearness import along, distance, place
from kicad_rdl.route.spacing import XY, Conflict, Copper
from kicad_rdl.route.taut import Corridors, TautWires
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.turning import ahead
from kicad_rdl.route.uncross import Wire

ENOUGH = 2.0
"""What a remedy asks for beyond the rule [nm]: more would push the wire over what is on its other side where it fits
but just."""

AT_CORNER = 0.4
"""A place this part of an octagon's radius from its corner lies on that corner."""

ON_ARC = 5.0
"""A place this far from a disc's rim lies on it [nm]."""

STRIDE = 50.0
"""How far before and behind a place the direction of a wire is taken [nm]."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a wire was drawn: its place in corridors and taut wires."""

    corridors: Corridors
    taut: TautWires
    place: int


def remedies(
    tiles: Tiles,
    drawn: Mapping[int, Drawn],
    wires: Sequence[Wire],
    orders: Mapping[int, Sequence[int]],
    copper: Copper,
    widths: Sequence[float],
    found: Sequence[Conflict],
    turn: int,
    firm: Collection[int],
) -> dict[int, list[ExtraDisc]]:
    """A disc for one wire of each conflict, and for those that it would be pushed against.

    Args:
        tiles, wires, orders, widths: the layer.
        drawn: how each wire was drawn.
        copper: where it lies.
        found: the conflicts.
        turn: number of the round; whoever yields changes with it where nothing else decides.
        firm: wires that cannot yield.
    """
    extra: dict[int, list[ExtraDisc]] = {}
    for conflict in found:
        one = conflict.wire
        if conflict.other is None and one in firm:
            continue
        if conflict.vertex is not None:
            # everything between the obstacle and the wire must fit
            v = conflict.vertex
            keep = float(tiles.clearance[v]) + ENOUGH + widths[one] / 2
            middle = (float(tiles.xy[v, 0]), float(tiles.xy[v, 1]))
            for k in copper.crossing(middle, conflict.at):
                if k != one and v not in (wires[k].start, wires[k].end):
                    keep += widths[k] + copper.space + ENOUGH
            for d in range(int(tiles.disc_start[v]), int(tiles.disc_start[v + 1])):
                cx, cy = tiles.disc_xy[d].tolist()
                _add(extra, drawn[one], copper, one, cx, cy, float(tiles.disc_r[d]) + keep, conflict.at)
            continue
        assert conflict.other is not None
        two = conflict.other
        p, q = conflict.at, conflict.towards
        first, second = _touch_at(drawn[one], p), _touch_at(drawn[two], q)
        if one in firm and two in firm:
            continue
        alike = (first is None) == (second is None)
        leaning = turn % 2 == 1 if alike else first is None
        if two in firm or (leaning and one not in firm):
            one, two, p, q, first, second = two, one, q, p, second, first
        # now ``one`` is the firmer of the two; ``two`` yields
        need = (widths[one] + widths[two]) / 2 + copper.space + ENOUGH
        if first is not None:
            cx, cy, radius = first
            _add(extra, drawn[two], copper, two, cx, cy, radius + need, q)
        else:
            _add(extra, drawn[two], copper, two, p[0], p[1], need, q)
    for wire, discs in sorted(extra.items()):
        for disc in list(discs):
            _push_on(extra, tiles, wires, orders, copper, widths, wire, disc)
    return extra


def _push_on(
    extra: dict[int, list[ExtraDisc]],
    tiles: Tiles,
    wires: Sequence[Wire],
    orders: Mapping[int, Sequence[int]],
    copper: Copper,
    widths: Sequence[float],
    wire: int,
    disc: ExtraDisc,
) -> None:
    """Wires beyond one that keeps from a disc keep farther from it, as far as they run there.

    Who lies beyond is read from the sketch: copper that collides already does not tell.
    """
    x, y, radius, side, first, last = disc
    tile = wires[wire].triangles[last]
    pushed: dict[int, ExtraDisc] = {}
    for passed in range(max(first, 0), min(last + 1, len(wires[wire].gaps))):
        gap = wires[wire].gaps[passed]
        order = orders[gap]
        upward = (side > 0) == _leftward(tiles, wires[wire], passed)  # the disc lies towards the higher vertex
        at = order.index(wire)
        beyond = order[at + 1 :] if not upward else order[at - 1 :: -1] if at else ()
        keep, before = radius, wire
        for other in beyond:
            keep += (widths[before] + widths[other]) / 2 + copper.space + ENOUGH
            before = other
            if distance(copper.of(other), x, y) >= keep - ENOUGH:
                break
            here = wires[other].gaps.index(gap)
            turn = 1.0 if upward == _leftward(tiles, wires[other], here) else -1.0
            within = here if wires[other].triangles[here] == tile else here + 1
            pushed[other] = (x, y, keep, turn, within - 1, within)
    for other, new in pushed.items():
        if other != wire and new not in extra.setdefault(other, []):
            extra[other].append(new)


def _leftward(tiles: Tiles, wire: Wire, place: int) -> bool:
    """Whether the higher vertex of a gap lies on the left of a wire that passes it."""
    return int(tiles.edge_triangles[wire.gaps[place], 0]) == wire.triangles[place]


def _touch_at(drawn: Drawn, at: XY) -> tuple[float, float, float] | None:
    """The disc on whose arc the point of the wire lies."""
    corridors, taut, wire = drawn.corridors, drawn.taut, drawn.place
    for index in range(int(taut.start[wire]), int(taut.start[wire]) + int(taut.count[wire])):
        cx, cy, radius, _, _ = corridors.discs[taut.touch[index]].tolist()
        if corridors.octagons is not None:
            corner = math.hypot(at[0] - cx, at[1] - cy)
            cx, cy, radius = corridors.octagons[taut.touch[index]].tolist()
            if corner < AT_CORNER * radius:
                return cx, cy, radius
            continue
        if abs(math.hypot(at[0] - cx, at[1] - cy) - radius) < ON_ARC and radius > 0:
            return cx, cy, radius
    return None


def _add(
    extra: dict[int, list[ExtraDisc]],
    drawn: Drawn,
    copper: Copper,
    wire: int,
    cx: float,
    cy: float,
    radius: float,
    at: XY,
) -> None:
    """A disc that the wire passes on the side on which it passes now."""
    rows, corridors = copper.of(wire), drawn.corridors
    where = along(rows, *at)
    (ax, ay), (bx, by) = place(rows, where + STRIDE), place(rows, where - STRIDE)
    side = 1.0 if (ax - bx) * (cy - at[1]) - (ay - by) * (cx - at[0]) > 0 else -1.0
    g0, g1 = int(corridors.gap_start[drawn.place]), int(corridors.gap_start[drawn.place + 1])
    directions = np.zeros((g1 - g0, 2)) if corridors.along is None else corridors.along[g0:g1]
    passed = int(_passed(rows, corridors.portals[g0:g1], directions, where, *at))
    disc = (cx, cy, radius, side, passed - 1, passed)
    entries = extra.setdefault(wire, [])
    if disc not in entries:
        entries.append(disc)


@compiled
def _passed(rows, portals, directions, where, x, y):  # type: ignore[no-untyped-def]
    """How many gaps of a wire lie before a place along it: near it, those decide on whose lines it lies."""
    passed = 0
    for gap in range(len(portals) - 1, -1, -1):
        if along(rows, (portals[gap, 0] + portals[gap, 2]) / 2, (portals[gap, 1] + portals[gap, 3]) / 2) < where:
            passed = gap + 1
            break
    while passed < len(portals) and ahead(portals[passed], directions[passed], x, y) > 0.0:
        passed += 1
    while passed > 0 and ahead(portals[passed - 1], directions[passed - 1], x, y) < 0.0:
        passed -= 1
    return passed
