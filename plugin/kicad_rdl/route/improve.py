"""Rip up and route again: wires with the longest detours look for a shorter way, others make room.

A wire that goes round others asks which of them stand in its straight way; those are taken out, the wire is drawn
first, then they, each to its own end or to any free ball. Whatever makes the total shorter stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kicad_rdl.route.corridors import corridors_of
from kicad_rdl.route.sketch import Sketch
from kicad_rdl.route.taut import Corridors, TautWires, tauten
from kicad_rdl.route.uncross import Wire

TRIES = 240
"""Wires looked at, worst first, on a small layer."""

SMALL = 400
"""Up to so many wires all are looked at; on a larger layer those of the flow are taken for as good as it gets."""

EFFORT = 24_000
"""On a large layer so many tries divided by the number of wires: looking grows with the layer."""

PATIENCE = 14
"""Tries in vain, one after the other, after which the rest is taken for as good as it gets; a small layer gets more."""

WORTH = 1.04
"""A wire this much longer than straight is worth a try."""

NEAREST = 8
"""Free balls that a wire considers."""

MOST_CROSSED = 4
"""Wires that may be taken out for one."""


@dataclass(frozen=True, slots=True)
class Freedom:
    """What a wire may do when it is drawn again.

    Attributes:
        free_ends: vertices of balls that nobody uses; a movable wire may end on any of them.
        movable: numbers of wires whose ball does not matter.
    """

    free_ends: set[int]
    movable: set[int]

    def ends_for(self, sketch: Sketch, start: int, end: int) -> set[int]:
        """The end that a movable wire has, and the free ones nearest to its start."""
        xy = sketch.tiles.xy
        x, y = xy[start].tolist()
        free = sorted(self.free_ends, key=lambda v: (math.hypot(xy[v, 0] - x, xy[v, 1] - y), v))
        return {end, *free[:NEAREST]}


def taut_lengths(sketch: Sketch, numbers: Sequence[int]) -> dict[int, float]:
    """Lengths of some wires pulled taut beside all others [nm]; infinite where there is no way through."""
    if not numbers:
        return {}
    corridors = corridors_of(sketch.tiles, sketch.wires, sketch.orders, sketch.width, sketch.space, {}, numbers)
    taut = tauten(corridors)
    return {number: _length(corridors, taut, k) for k, number in enumerate(numbers)}


def _length(corridors: Corridors, taut: TautWires, k: int) -> float:
    if taut.count[k] < 0:
        return math.inf
    x, y, tx, ty = corridors.ends[k].tolist()
    total = 0.0
    for index in range(int(taut.start[k]), int(taut.start[k]) + int(taut.count[k])):
        cx, cy, radius, side, _ = corridors.discs[taut.touch[index]].tolist()
        ex, ey, lx, ly = taut.points[index].tolist()
        total += math.hypot(ex - x, ey - y)
        if radius > 0:
            sweep = (math.atan2(ly - cy, lx - cx) - math.atan2(ey - cy, ex - cx)) * side % math.tau
            total += radius * sweep if sweep < math.tau - 1e-6 else 0.0
        x, y = lx, ly
    return total + math.hypot(tx - x, ty - y)


def improve(sketch: Sketch, freedom: Freedom, progress: Callable[[int, int], None]) -> None:
    """Shortens the wires of a layer."""
    size = max(len(sketch.wires), 1)
    lengths = taut_lengths(sketch, [n for n in sorted(sketch.wires) if size <= SMALL or n not in freedom.movable])
    excess = {number: length - _straight(sketch, sketch.wires[number]) for number, length in lengths.items()}
    vain, patience = 0, PATIENCE + 2000 // size
    tries = min(TRIES, 10 + EFFORT // size)
    for turn in range(tries):
        progress(turn, tries)
        worst = max(sorted(excess), key=excess.__getitem__, default=None)
        if worst is None or excess[worst] < 2 * (sketch.width[worst] + sketch.space) or vain > patience:
            break
        straight = _straight(sketch, sketch.wires[worst])
        del excess[worst]  # once is enough
        if lengths[worst] < WORTH * straight:
            continue
        changed = _try(sketch, freedom, worst, lengths)
        vain += 1
        if changed is not None:
            vain = 0
            lengths = {n: length for n, length in lengths.items() if n in sketch.wires} | changed
            excess = {n: e for n, e in excess.items() if n in sketch.wires}
            excess |= {n: length - _straight(sketch, sketch.wires[n]) for n, length in changed.items()}


def _straight(sketch: Sketch, wire: Wire) -> float:
    """Distance of a wire's ends [nm]."""
    (ax, ay), (bx, by) = sketch.tables.xy[wire.start], sketch.tables.xy[wire.end]
    return math.hypot(ax - bx, ay - by)


def _try(sketch: Sketch, freedom: Freedom, worst: int, lengths: Mapping[int, float]) -> dict[int, float] | None:
    """Draws one wire anew; the changed lengths, or None if nothing became shorter."""
    wire, width = sketch.wires[worst], sketch.width[worst]
    movable = worst in freedom.movable
    ends = freedom.ends_for(sketch, wire.start, wire.end) if movable else {wire.end}
    kept, free, moving = sketch.keep(), set(freedom.free_ends), set(freedom.movable)
    best: tuple[float, dict[int, float]] | None = None
    for price in (4 * (width + sketch.space), 20 * (width + sketch.space)):
        sketch.remove(worst)
        found = sketch.in_the_way((wire.start,), ends, width, price, lengths[worst] + MOST_CROSSED * price)
        if found is not None and len(found[1]) <= MOST_CROSSED:
            known = dict(lengths) | taut_lengths(sketch, [n for n in found[1] if n not in lengths])
            before = lengths[worst] + sum(known[n] for n in found[1])
            changed = _redraw(sketch, freedom, worst, wire, width, found[1])
            if changed is not None:
                after = sum(changed.values())
                if after < before - 1000.0:
                    best = (before - after, changed)
                    break
        sketch.back_to(kept)
        freedom.free_ends.clear()
        freedom.free_ends.update(free)
        freedom.movable.clear()
        freedom.movable.update(moving)
    return best[1] if best is not None else None


def _redraw(
    sketch: Sketch, freedom: Freedom, worst: int, wire: Wire, width: float, crossed: Sequence[int]
) -> dict[int, float] | None:
    """Takes out the crossed wires, draws the first one and then them; lengths of the new ones."""
    out = [(worst, wire, width, worst in freedom.movable)]
    for number in crossed:
        out.append((number, sketch.wires[number], sketch.width[number], number in freedom.movable))
        sketch.remove(number)
    for _, old, _, movable in out:
        if movable:
            freedom.free_ends.add(old.end)
    rest = sorted(out[1:], key=lambda item: (_straight(sketch, item[1]), item[0]))
    new: list[int] = []
    # wires with one possible end go first, so that no other takes it
    for _, old, size, movable in [out[0], *[r for r in rest if not r[3]], *[r for r in rest if r[3]]]:
        ends = freedom.ends_for(sketch, old.start, old.end) & freedom.free_ends if movable else {old.end}
        way = sketch.find((old.start,), ends, size)
        if way is None:
            return None
        number = sketch.insert(way, size, old.source, old.sink)
        new.append(number)
        if movable:
            freedom.free_ends.discard(way.end)
            freedom.movable.add(number)
    return taut_lengths(sketch, new)
