"""Free places for names: beside their thing, and never on copper or on another name.

A name takes the first of its possible places that is free. Obstacles lie in a coarse grid of buckets, so each place is
compared only with its neighbourhood.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kicad_rdl.draw.lettering import text_width
from kicad_rdl.geometry import Point
from kicad_rdl.units import Nm

Stroke: TypeAlias = tuple[float, float, float, float, float]
"""x and y of both ends, half the width [nm]; a disc has both ends in one place."""
Box: TypeAlias = tuple[float, float, float, float]
"""Least x, least y, largest x, largest y [nm]."""

GAP = 0.2
"""Free distance around a name, in its font size."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text may stand; ``quarters`` is its turn counter-clockwise."""

    centre: Point
    quarters: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """A text and its possible places, best first."""

    text: str
    size: Nm
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A text at its place."""

    text: str
    size: Nm
    place: Place


class Obstacles:
    """Strokes in buckets; grows while names are placed."""

    def __init__(self, strokes: Iterable[Stroke], bucket: Nm) -> None:
        self._bucket = max(1, bucket)
        self._strokes: dict[tuple[int, int], list[Stroke]] = {}
        for stroke in strokes:
            self.add(stroke)

    def add(self, stroke: Stroke) -> None:
        """Puts a stroke into every bucket that it touches."""
        x0, y0, x1, y1, half = stroke
        count = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / self._bucket))
        seen: set[tuple[int, int]] = set()
        for step in range(count):
            xs = x0 + (x1 - x0) * step / count, x0 + (x1 - x0) * (step + 1) / count
            ys = y0 + (y1 - y0) * step / count, y0 + (y1 - y0) * (step + 1) / count
            for key in self._keys((min(xs) - half, min(ys) - half, max(xs) + half, max(ys) + half)):
                if key not in seen:
                    seen.add(key)
                    self._strokes.setdefault(key, []).append(stroke)

    def _keys(self, box: Box) -> Iterator[tuple[int, int]]:
        for i in range(math.floor(box[0] / self._bucket), math.floor(box[2] / self._bucket) + 1):
            for j in range(math.floor(box[1] / self._bucket), math.floor(box[3] / self._bucket) + 1):
                yield i, j

    def free(self, box: Box) -> bool:
        """Whether no stroke touches the box."""
        return not any(touches(stroke, box) for key in self._keys(box) for stroke in self._strokes.get(key, ()))


def touches(stroke: Stroke, box: Box) -> bool:
    """Whether a stroke comes into a box, its round ends taken as square: clips its centre line to the grown box."""
    x0, y0, x1, y1, half = stroke
    start, end = 0.0, 1.0
    for at, along, low, high in ((x0, x1 - x0, box[0], box[2]), (y0, y1 - y0, box[1], box[3])):
        low, high = low - half, high + half
        if along == 0:
            if not low < at < high:
                return False
            continue
        near, far = sorted(((low - at) / along, (high - at) / along))
        start, end = max(start, near), min(end, far)
        if start >= end:
            return False
    return True


def area(text: str, size: Nm, place: Place, gap: float = 0.0) -> Box:
    """The box of a text [nm], grown by ``gap`` font sizes."""
    width, height = text_width(text, size), size
    if place.quarters % 2:
        width, height = height, width
    more = gap * size
    x, y = place.centre.x, place.centre.y
    return x - width / 2 - more, y - height / 2 - more, x + width / 2 + more, y + height / 2 + more


def placed(wishes: Sequence[Wish], obstacles: Iterable[Stroke], half_width: Nm, half_height: Nm) -> tuple[Label, ...]:
    """The wishes that find a free place within the package, in their order.

    Args:
        wishes: first come, first served.
        obstacles: what no name may touch.
        half_width: of the package.
        half_height: of the package.
    """
    if not wishes:
        return ()
    index = Obstacles(obstacles, 4 * min(wish.size for wish in wishes))
    labels = []
    for wish in wishes:
        for place in wish.places:
            box = area(wish.text, wish.size, place, GAP)
            inside = -half_width < box[0] and -half_height < box[1] and box[2] < half_width and box[3] < half_height
            if inside and index.free(box):
                index.add(_stroke(area(wish.text, wish.size, place)))
                labels.append(Label(wish.text, wish.size, place))
                break
    return tuple(labels)


def _stroke(box: Box) -> Stroke:
    """A box as a stroke along its longer side."""
    left, low, right, high = box
    half = min(right - left, high - low) / 2
    x, y = (left + right) / 2, (low + high) / 2
    if right - left >= high - low:
        return left + half, y, right - half, y, half
    return x, low + half, x, high - half, half
