"""Traces of eight directions, from traces of any direction that lean on octagons.

Taut wires among octagons keep their distances in the octagonal norm: their corners lie on corners of octagons, and
what is slanted runs between two neighbouring directions of the eight. Each slanted piece gives way to a link of those
two directions, of the same octilinear length, as soon as one is free: the outermost wire of a bundle first, the next
beside it. At every step all wires, finished or slanted, are clear of each other, so a piece that is laid stays legal;
what no link can replace is cut in two and tried again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from kicad_rdl.geometry import Circle, Octagon, Path, Point, Rectangle, extent, path_points
from kicad_rdl.route.links import FORBIDDEN, best_link, better_link, price_of
from kicad_rdl.route.surroundings import field_of
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import F64
from kicad_rdl.route.uncross import Wire

PASSES = 1000
"""Bound on the rounds over all slanted pieces."""

TIDYINGS = 4
"""Rounds in which neighbouring bends look for a common one."""

SPAN = 5
"""Pieces that one link may replace at most."""

SHORTEST = 1.0
"""A slanted piece shorter than this many widths is not cut any more: nobody wants stairs that fine."""

XY = tuple[int, int]


def bend(
    tiles: Tiles,
    wires: Sequence[Wire],
    nets: Sequence[str],
    paths: Sequence[Path | None],
    widths: Sequence[float],
    space: float,
) -> list[Path | None]:
    """Octilinear paths in place of clean polylines; None where one cannot be found.

    Args:
        tiles: the layer, octilinear.
        wires: the sketch.
        nets: of the wires.
        paths: clean, with corners on the grid.
        widths: of the wires [nm].
        space: between traces, without slack [nm].
    """
    bending = _Bending(tiles, wires, nets, paths, widths, space)
    bending.straighten()
    bending.tidy()
    bending.separate()
    return bending.result()


class _Bending:
    """The state: corner points of every wire, and all copper in a field."""

    def __init__(
        self,
        tiles: Tiles,
        wires: Sequence[Wire],
        nets: Sequence[str],
        paths: Sequence[Path | None],
        widths: Sequence[float],
        space: float,
    ) -> None:
        number = {net: k for k, net in enumerate(sorted({*nets, *(o.net for o in tiles.obstacles if o.net)}))}
        self.space = space
        self.widths = widths
        self.points: list[list[XY]] = []
        self.own: list[F64] = []
        self.standing = (tiles, number, max(widths, default=1.0) / 2)
        self.net = [number[net] for net in nets]
        middle = tiles.xy[: tiles.obstacle_count]
        self.numbers = np.argsort(middle[:, 0], kind="stable")
        self.pins = np.ascontiguousarray(middle[self.numbers])
        for wire, path, width, net in zip(wires, paths, widths, self.net, strict=True):
            self.own.append(np.array([width / 2, net, wire.start, wire.end], dtype=np.float64))
            self.points.append([] if path is None else [(round(x), round(y)) for x, y in path_points(path, 1.0)])
        self.pads = [_pads(tiles, wire, points) for wire, points in zip(wires, self.points, strict=True)]
        self._refresh()

    def _refresh(self) -> None:
        """Files all copper anew, without what has been replaced."""
        self.field = field_of(*self.standing)
        self.segments = [[self._enter(w, a, b) for a, b in pairwise(points)] for w, points in enumerate(self.points)]
        self.fresh = self.field.count

    def _enter(self, wire: int, a: XY, b: XY) -> int:
        reach = self.widths[wire] / 2 + self.space
        return self.field.add(a[0], a[1], b[0], b[1], reach, self.net[wire], -1)

    def _replace(self, wire: int, first: int, last: int, points: Sequence[XY]) -> None:
        """Puts a way in place of the corners ``first .. last`` of a wire."""
        for segment in self.segments[wire][first:last]:
            self.field.remove(segment)
        new = [points[0]]
        for point in points[1:]:
            if point != new[-1]:
                new.append(point)
        self.points[wire][first : last + 1] = new
        self.segments[wire][first:last] = [self._enter(wire, a, b) for a, b in pairwise(new)]

    def _link(self, wire: int, first: int, last: int, pieces: int) -> list[XY] | None:
        _, found, count = best_link(*self._args(wire), first, last, FORBIDDEN, pieces)
        return [(round(x), round(y)) for x, y in found[:count].tolist()] if count else None

    def _args(self, wire: int) -> tuple[object, ...]:
        """What compiled code wants to know of a wire."""
        points = np.array(self.points[wire], dtype=np.float64).reshape(-1, 2)
        return self.field.arrays, self.own[wire], self.pads[wire], self.pins, self.numbers, points

    def straighten(self) -> None:
        """Replaces slanted pieces until none is left or none can be replaced."""
        waiting = [w for w, points in enumerate(self.points) if _slanted(points)]
        pieces = 2
        for _ in range(PASSES):
            moved = False
            for wire in waiting:
                k = 0
                while k < len(self.points[wire]) - 1:
                    a, b = self.points[wire][k], self.points[wire][k + 1]
                    if not _octilinear(a, b):
                        link = self._link(wire, k, k + 1, pieces)
                        if link is not None:
                            before = len(self.points[wire])
                            self._replace(wire, k, k + 1, link)
                            k += len(self.points[wire]) - before
                            moved = True
                    k += 1
            waiting = [w for w in reversed(waiting) if _slanted(self.points[w])]
            if not waiting:
                break
            if self.field.count > 2 * self.fresh:
                self._refresh()
            if moved:
                continue
            if pieces == 2:
                pieces = 3
            elif not self._cut(waiting):
                break

    def _cut(self, waiting: Sequence[int]) -> bool:
        """Cuts every slanted piece in two; whether there was one."""
        done = False
        for wire in waiting:
            points = self.points[wire]
            for k in range(len(points) - 2, -1, -1):
                (ax, ay), (bx, by) = points[k], points[k + 1]
                if (
                    not _octilinear(points[k], points[k + 1])
                    and max(abs(bx - ax), abs(by - ay)) > SHORTEST * self.widths[wire]
                ):
                    self._replace(wire, k, k + 1, [(ax, ay), ((ax + bx) // 2, (ay + by) // 2), (bx, by)])
                    done = True
        return done

    def tidy(self) -> None:
        """Looks for links with fewer bends in place of several pieces."""
        wires = list(range(len(self.points)))
        for _ in range(TIDYINGS):
            self._refresh()
            moved: list[int] = []
            for wire in wires:
                first = 0
                while True:
                    begin, end, link, count = better_link(*self._args(wire), first, SPAN)
                    if not count:
                        break
                    self._replace(wire, begin, end, [(round(x), round(y)) for x, y in link[:count].tolist()])
                    moved.append(wire)
                    first = begin + 1
            wires = list(dict.fromkeys(moved))

    def separate(self) -> None:
        """Moves corners off the corners of other wires of the same net: pieces that part there would make acute angles.

        A wire that cannot leave them is dropped.
        """
        taken: dict[int, set[XY]] = {}
        for wire, points in enumerate(self.points):
            others = taken.setdefault(self.net[wire], set())
            for _ in range(len(points)):
                met = [
                    k for k in range(1, len(points) - 1) if points[k] in others and not self._covered(wire, points[k])
                ]
                if not met:
                    break
                if not self._avoid(wire, met[0]):
                    self._replace(wire, 0, len(points) - 1, points[:1])
                    points.clear()
            others.update(points[1:-1])

    def _avoid(self, wire: int, corner: int) -> bool:
        """Links the corners around one of a wire on another way; whether there is one."""
        points = self.points[wire]
        x, y = points[corner]
        thorn = self.field.add(x, y, x, y, 1.0 - self.widths[wire] / 2, -1, -1)
        for span in range(1, SPAN):
            first, last = max(corner - span, 0), min(corner + span, len(points) - 1)
            link = self._link(wire, first, last, 3)
            if link is not None:
                self._replace(wire, first, last, link)
                break
        self.field.remove(thorn)
        return link is not None

    def _covered(self, wire: int, point: XY) -> bool:
        """Whether a place lies in a terminal of a wire."""
        for end in self.own[wire][2:].astype(int).tolist():
            obstacle = self.standing[0].obstacles[end]
            apart = math.hypot(point[0] - obstacle.at.x, point[1] - obstacle.at.y)
            if apart < min(extent(obstacle.shape)) / 2:
                return True
        return False

    def _sharp(self, wire: int) -> bool:
        """Whether a wire turns by more than a right angle somewhere."""
        points = np.array(self.points[wire], dtype=np.float64)
        return bool(price_of(self.own[wire], self.pads[wire], points, 0, len(points) - 1) > FORBIDDEN / 2)

    def result(self) -> list[Path | None]:
        """The paths of wires without slanted pieces and sharp bends."""
        return [
            None
            if not points or _slanted(points) or self._sharp(w)
            else Path.through(*(Point(x, y) for x, y in _merged(points)))
            for w, points in enumerate(self.points)
        ]


def _pads(tiles: Tiles, wire: Wire, points: Sequence[XY]) -> F64:
    """The terminals of a wire, see ``hidden_length``."""
    pads = np.zeros((2, 3))
    for k, vertex in enumerate((wire.start, wire.end)):
        obstacle = tiles.obstacles[vertex]
        known = isinstance(obstacle.shape, Circle | Octagon | Rectangle)
        if known and points and points[-k] == (obstacle.at.x, obstacle.at.y):
            pads[k] = (*(side / 2 for side in extent(obstacle.shape)), float(not isinstance(obstacle.shape, Rectangle)))
    return pads


def _octilinear(a: XY, b: XY) -> bool:
    dx, dy = abs(a[0] - b[0]), abs(a[1] - b[1])
    return dx == 0 or dy == 0 or dx == dy


def _slanted(points: Sequence[XY]) -> bool:
    return any(not _octilinear(a, b) for a, b in pairwise(points))


def _merged(points: Sequence[XY]) -> list[XY]:
    """Without corners in the middle of a straight line."""
    kept: list[XY] = []
    for point in points:
        while len(kept) > 1:
            (ax, ay), (bx, by) = kept[-2], kept[-1]
            cross = (bx - ax) * (point[1] - by) - (by - ay) * (point[0] - bx)
            ahead = (bx - ax) * (point[0] - bx) + (by - ay) * (point[1] - by)
            if cross == 0 and ahead > 0:
                kept.pop()
            else:
                break
        kept.append(point)
    return kept
