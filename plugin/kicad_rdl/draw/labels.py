"""Where names of bumps find room: beside their land, and never on copper or on another name.

The sheet is cut into small cells; copper and placed names mark theirs, a name takes the first free place of a few.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kicad_rdl.draw.lettering import text_width
from kicad_rdl.geometry import Point
from kicad_rdl.units import Nm

Disc: TypeAlias = tuple[float, float, float]
"""x, y, radius [nm]."""
Stroke: TypeAlias = tuple[float, float, float, float, float]
"""x and y of both ends, half the width [nm]."""
Cells: TypeAlias = set[tuple[int, int]]
"""Marked cells, only ever asked for membership."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A name that wants a place near a point."""

    text: str
    at: Point
    reach: Nm
    """From the point to where the name may begin."""
    size: Nm
    inward: Point
    """Unit direction to prefer; ``Point(0, 0)`` for none."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name at its place."""

    text: str
    centre: Point
    size: Nm
    quarters: int


def place(
    wishes: Sequence[Wish], discs: Iterable[Disc], strokes: Iterable[Stroke], half_width: Nm, half_height: Nm
) -> tuple[Label, ...]:
    """Labels for the wishes that find a free place inside the package, in the order of the wishes."""
    if not wishes:
        return ()
    cell = max(1, min(wish.size for wish in wishes) // 2)
    taken: Cells = set()
    for x, y, radius in discs:
        _mark_disc(taken, x, y, radius, cell)
    for stroke in strokes:
        _mark_stroke(taken, stroke, cell)
    labels = []
    for wish in wishes:
        long = text_width(wish.text, wish.size)
        for centre, quarters in _candidates(wish, long):
            width, height = (wish.size, long) if quarters % 2 else (long, wish.size)
            if 2 * abs(centre.x) + width > 2 * half_width or 2 * abs(centre.y) + height > 2 * half_height:
                continue
            area = list(_cells(centre, width, height, cell))
            if not any(one in taken for one in area):
                taken.update(area)
                labels.append(Label(wish.text, centre, wish.size, quarters))
                break
    return tuple(labels)


def _candidates(wish: Wish, long: Nm) -> Iterator[tuple[Point, int]]:
    """Centres and turns to try: inward first, then outward, then the other axis."""
    along = wish.reach + wish.size // 4 + long // 2
    beside = wish.reach + wish.size * 5 // 8
    x, y = wish.at.x, wish.at.y
    inward = wish.inward if wish.inward != Point(0, 0) else Point(1, 0)
    if inward.x:
        yield Point(x + inward.x * along, y), 0
        yield Point(x - inward.x * along, y), 0
        yield Point(x, y - beside), 0
        yield Point(x, y + beside), 0
    else:
        yield Point(x, y + inward.y * along), 1
        yield Point(x, y - inward.y * along), 1
        yield Point(x - beside, y), 1
        yield Point(x + beside, y), 1
        yield Point(x, y + inward.y * beside), 0


def _cells(centre: Point, width: Nm, height: Nm, cell: Nm) -> Iterator[tuple[int, int]]:
    for i in range((centre.x - width // 2) // cell, (centre.x + width // 2) // cell + 1):
        for j in range((centre.y - height // 2) // cell, (centre.y + height // 2) // cell + 1):
            yield i, j


def _mark_disc(taken: Cells, x: float, y: float, radius: float, cell: Nm) -> None:
    for i in range(math.floor((x - radius) / cell), math.floor((x + radius) / cell) + 1):
        for j in range(math.floor((y - radius) / cell), math.floor((y + radius) / cell) + 1):
            taken.add((i, j))


def _mark_stroke(taken: Cells, stroke: Stroke, cell: Nm) -> None:
    x0, y0, x1, y1, half = stroke
    count = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / (cell / 2)))
    for step in range(count + 1):
        part = step / count
        _mark_disc(taken, x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, half, cell)
