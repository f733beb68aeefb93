"""Measures the laid wires of one layer against each other and the obstacles, and says what to keep away from.

Gaps see only the obstacles at their ends. Where a wire is squeezed by something farther off, or bulges over the next
gap, measuring finds it; the remedy is a further disc in the corridor of the wire that can yield.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from kicad_rdl.geometry import Arc, Path, path_points
from kicad_rdl.route.corridors import ExtraDisc
from kicad_rdl.route.taut import Corridors, TautWires
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.uncross import Wire

CHORD = 1.0
"""Arcs are measured as chords this close to them [nm]."""

PIECE = 12
"""Segments of a piece of a polyline."""

FORGIVEN = 0.01
"""What measuring in floating point may get wrong [nm]."""

ENOUGH = 2.0
"""What a remedy asks for beyond the rule [nm]: more would push the wire over what is on its other side where it fits
but just."""

AT_CORNER = 0.4
"""A place this part of an octagon's radius from its corner lies on that corner."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two things that are too close: a wire and another wire, or a wire and an obstacle."""

    wire: int
    other: int | None
    vertex: int | None
    missing: float
    """By how much [nm]."""
    at: tuple[float, float]
    """On the wire."""
    towards: tuple[float, float]
    """On the other thing."""


def conflicts(
    tiles: Tiles,
    wires: Sequence[Wire],
    nets: Sequence[str],
    paths: Sequence[Path | None],
    widths: Sequence[float],
    space: float,
    only: Collection[int] | None = None,
) -> list[Conflict]:
    """All pairs of different nets that are closer than the rule [nm], worst first.

    Args:
        tiles, wires, nets, paths, widths, space: the layer.
        only: the wires whose pairs with wires in tiles they share are wanted; None: all pairs.
    """
    near = None if only is None else _sharing_tiles(wires, only)
    present = [i for i, path in enumerate(paths) if path is not None and (near is None or i in near)]
    if not present:
        return []
    pieces, owner = _pieces([path_points(path, CHORD) for i in present if (path := paths[i]) is not None])
    asked = np.array([only is None or i in only for i in present])
    width = np.array([widths[i] for i in present], dtype=np.float64)
    net = np.unique(np.array([nets[i] for i in present]), return_inverse=True)[1]
    tree = shapely.STRtree(pieces)
    worst: dict[tuple[int, int], Conflict] = {}
    a, b = tree.query(pieces[asked[owner]], predicate="dwithin", distance=float(width.max()) + space)
    a = np.flatnonzero(asked[owner])[a]
    once = ((owner[a] < owner[b]) | ~asked[owner[b]]) & (net[owner[a]] != net[owner[b]])
    a, b = a[once], b[once]
    missing = (width[owner[a]] + width[owner[b]]) / 2 + space - shapely.distance(pieces[a], pieces[b])
    for k in np.flatnonzero(missing > FORGIVEN).tolist():
        i, j = int(owner[a[k]]), int(owner[b[k]])
        if (i, j) not in worst or missing[k] > worst[(i, j)].missing:
            p, q = _nearest(pieces[a[k]], pieces[b[k]])
            worst[(i, j)] = Conflict(present[i], present[j], None, float(missing[k]), p, q)
    for v, k, lack, p, q in _pad_conflicts(tiles, pieces, width[owner], tree):
        wire = present[owner[k]]
        if not asked[owner[k]]:
            continue
        if v in (wires[wire].start, wires[wire].end) or tiles.obstacles[v].net == nets[wire]:
            continue
        if (-1 - v, wire) not in worst or lack > worst[(-1 - v, wire)].missing:
            worst[(-1 - v, wire)] = Conflict(wire, None, v, lack, p, q)
    edge = (c for c in _edge_conflicts(tiles, paths, widths) if only is None or c.wire in only)
    return worst_first([*worst.values(), *edge])


def worst_first(found: Iterable[Conflict]) -> list[Conflict]:
    """Conflicts in the order in which they are looked at."""
    return sorted(
        found,
        key=lambda c: (-c.missing, c.wire, -1 if c.other is None else c.other, -1 if c.vertex is None else c.vertex),
    )


def _sharing_tiles(wires: Sequence[Wire], only: Collection[int]) -> set[int]:
    """The wires that run through a tile of some wires."""
    tiles = {t for i in only for t in wires[i].triangles}
    return {i for i, wire in enumerate(wires) if not tiles.isdisjoint(wire.triangles)}


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a wire was drawn: its place in corridors and taut wires."""

    corridors: Corridors
    taut: TautWires
    place: int


XY = tuple[float, float]


def _pieces(polylines: Sequence[Sequence[XY]]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """The polylines in short pieces, which are quicker to compare, and the polyline of each piece."""
    points: list[XY] = []
    index: list[int] = []
    owner: list[int] = []
    for number, polyline in enumerate(polylines):
        for first in range(0, max(len(polyline) - 1, 1), PIECE):
            part = polyline[first : first + PIECE + 1]
            points += part
            index += [len(owner)] * len(part)
            owner.append(number)
    pieces: NDArray[np.object_] = np.asarray(shapely.linestrings(points, indices=index), dtype=object)
    return pieces, np.array(owner, dtype=np.int64)


def _nearest(one: shapely.LineString, two: shapely.LineString) -> tuple[XY, XY]:
    """Where two lines are nearest; the same point twice where they cross."""
    if one.intersects(two):
        at = one.intersection(two).representative_point()
        return (at.x, at.y), (at.x, at.y)
    (ax, ay), (bx, by) = shapely.get_coordinates(shapely.shortest_line(one, two)).tolist()
    return (ax, ay), (bx, by)


def _edge_conflicts(tiles: Tiles, paths: Sequence[Path | None], widths: Sequence[float]) -> Iterator[Conflict]:
    """Wires that come too close to the outline; the vertex is a point of it. There is no remedy but another way."""
    vertex = tiles.obstacle_count
    half = np.abs(tiles.xy[vertex:]).max(axis=0)
    for number, path in enumerate(paths):
        if path is None:
            continue
        keep = float(tiles.clearance[vertex]) + widths[number] / 2
        missing, at, axis = max(
            (keep - float(half[axis]) + abs(place[axis]), place, axis) for place in _outermost(path) for axis in (0, 1)
        )
        if missing > FORGIVEN:
            x, y = (math.copysign(float(half[k]), at[k]) if k == axis else at[k] for k in (0, 1))
            yield Conflict(number, None, vertex, missing, at, (x, y))


def _outermost(path: Path) -> Iterator[XY]:
    """Points of a path among which the leftmost, rightmost, lowest and highest are."""
    for piece in path.pieces:
        yield from ((float(p.x), float(p.y)) for p in (piece.start, piece.end))
        if isinstance(piece, Arc):
            (cx, cy), radius, sweep = piece.centre, piece.radius, piece.sweep
            begin = math.atan2(piece.start.y - cy, piece.start.x - cx)
            for quarter in range(4):
                angle = (quarter * math.pi / 2 - begin) * math.copysign(1.0, sweep) % math.tau
                if angle < abs(sweep):
                    yield (
                        cx + radius * round(math.cos(quarter * math.pi / 2)),
                        cy + radius * round(math.sin(quarter * math.pi / 2)),
                    )


def _pad_conflicts(
    tiles: Tiles, lines: NDArray[np.object_], width: NDArray[np.float64], tree: shapely.STRtree
) -> Iterator[tuple[int, int, float, XY, XY]]:
    """(vertex, place of the wire, what is missing [nm], point on the wire, point on the obstacle) of close pairs."""
    count = tiles.obstacle_count
    if not count:
        return
    # a circle is its centre and a radius: exact, and far cheaper than a polygon
    single = np.diff(tiles.disc_start)[:count] == 1
    shapes = np.array(
        [
            shapely.Point(tiles.xy[v]) if single[v] else obstacle.outline(1.0)
            for v, obstacle in enumerate(tiles.obstacles)
        ],
        dtype=object,
    )
    radius = np.where(single, tiles.disc_r[tiles.disc_start[:count]], 0.0)
    keep = tiles.clearance[:count] + radius
    a, b = tree.query(shapes, predicate="dwithin", distance=keep + float(width.max()) / 2)
    distance = shapely.distance(shapes[a], lines[b])
    need = keep[a] + width[b] / 2
    close = distance < need - FORGIVEN
    for v, j, missing in zip(a[close].tolist(), b[close].tolist(), (need - distance)[close].tolist(), strict=True):
        nearest = shapely.shortest_line(lines[j], shapes[v]).coords
        yield v, j, missing, nearest[0], nearest[-1]


def remedies(
    tiles: Tiles,
    drawn: Sequence[Drawn],
    wires: Sequence[Wire],
    paths: Sequence[Path | None],
    widths: Sequence[float],
    space: float,
    found: Sequence[Conflict],
    turn: int,
) -> dict[int, list[ExtraDisc]]:
    """A disc for one wire of each conflict.

    Args:
        turn: number of the round; whoever yields changes with it where nothing else decides.
    """
    extra: dict[int, list[ExtraDisc]] = {}
    lines = _Lines(paths)
    for conflict in found:
        if conflict.vertex is not None:
            # everything between the obstacle and the wire must fit
            keep = float(tiles.clearance[conflict.vertex]) + ENOUGH + widths[conflict.wire] / 2
            probe = shapely.LineString([tiles.xy[conflict.vertex].tolist(), conflict.at])
            for k in sorted(lines.crossing(probe)):
                if k != conflict.wire and conflict.vertex not in (wires[k].start, wires[k].end):
                    keep += widths[k] + space + ENOUGH
            for d in range(tiles.disc_start[conflict.vertex], tiles.disc_start[conflict.vertex + 1]):
                cx, cy = tiles.disc_xy[d].tolist()
                _add(
                    extra,
                    drawn[conflict.wire],
                    lines.of(conflict.wire),
                    conflict.wire,
                    cx,
                    cy,
                    float(tiles.disc_r[d]) + keep,
                    conflict.at,
                )
            continue
        assert conflict.other is not None
        one, two = conflict.wire, conflict.other
        p, q = conflict.at, conflict.towards
        first, second = _touch_at(drawn[one], p), _touch_at(drawn[two], q)
        if (first is None and second is not None) or ((first is None) == (second is None) and turn % 2):
            one, two, p, q, first, second = two, one, q, p, second, first
        # now ``one`` is the firmer of the two; ``two`` yields
        need = (widths[one] + widths[two]) / 2 + space + ENOUGH
        if first is not None:
            cx, cy, radius = first
            _add(extra, drawn[two], lines.of(two), two, cx, cy, radius + need, q)
        else:
            _add(extra, drawn[two], lines.of(two), two, p[0], p[1], need, q)
    return extra


class _Lines:
    """Paths as polylines, made when asked for, and a tree over all of them, likewise."""

    def __init__(self, paths: Sequence[Path | None]) -> None:
        self._paths = paths
        self._made: dict[int, shapely.LineString] = {}
        self._tree: tuple[shapely.STRtree, list[int]] | None = None

    def of(self, wire: int) -> shapely.LineString:
        """The polyline of a wire."""
        if wire not in self._made:
            path = self._paths[wire]
            assert path is not None
            self._made[wire] = shapely.LineString(path_points(path, CHORD))
        return self._made[wire]

    def crossing(self, probe: shapely.LineString) -> list[int]:
        """Wires that a line crosses."""
        if self._tree is None:
            present = [k for k, path in enumerate(self._paths) if path is not None]
            self._tree = shapely.STRtree([self.of(k) for k in present]), present
        tree, present = self._tree
        return [present[k] for k in tree.query(probe, predicate="intersects").tolist()]


def _touch_at(drawn: Drawn, at: tuple[float, float]) -> tuple[float, float, float] | None:
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
        if abs(math.hypot(at[0] - cx, at[1] - cy) - radius) < 5.0 and radius > 0:
            return cx, cy, radius
    return None


def _add(
    extra: dict[int, list[ExtraDisc]],
    drawn: Drawn,
    line: shapely.LineString,
    wire: int,
    cx: float,
    cy: float,
    radius: float,
    at: tuple[float, float],
) -> None:
    """A disc that the wire passes on the side on which it passes now."""
    where = line.project(shapely.Point(at))
    ahead, behind = line.interpolate(min(where + 50.0, line.length)), line.interpolate(max(where - 50.0, 0.0))
    dx, dy = ahead.x - behind.x, ahead.y - behind.y
    side = 1.0 if dx * (cy - at[1]) - dy * (cx - at[0]) > 0 else -1.0
    corridors = drawn.corridors
    g0, g1 = int(corridors.gap_start[drawn.place]), int(corridors.gap_start[drawn.place + 1])
    place = 0
    for gap in range(g0, g1):
        lx, ly, rx, ry = corridors.portals[gap].tolist()
        if line.project(shapely.Point((lx + rx) / 2, (ly + ry) / 2)) < where:
            place = gap - g0 + 1
    disc = (cx, cy, radius, side, max(place - 1, 0), min(place, max(g1 - g0 - 1, 0)))
    entries = extra.setdefault(wire, [])
    if disc not in entries:
        entries.append(disc)
