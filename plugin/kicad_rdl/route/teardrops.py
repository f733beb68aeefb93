"""Teardrops: copper that widens a trace towards the pad it ends on.

The sides run from the trace tangentially onto the pad's circle (the taper of the Caravel and Deca decks). A wider
teardrop is then also a longer one: with pad radius R, half trace width a and a width of ``ratio`` times the pad's
diameter, the sides touch the circle at ``sqrt(1 - ratio^2) R`` before its centre and meet the trace at
``(R - ratio a) / sqrt(1 - ratio^2)``. Where that comes too close to foreign copper, or is longer than the trace, the
next smaller ratio is tried, and in the end there is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import (
    Arc,
    Circle,
    Line,
    Path,
    Point,
    Polygon,
    Shape,
    extent,
    path_points,
    shapely_of,
    shapely_polygon,
)
from kicad_rdl.model.layout import Layout, Teardrop

STEPS: tuple[float, ...] = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
"""Parts of the technology's ratio that are tried, widest first."""

LEAST_GAIN = 1.5
"""A teardrop narrower than this many trace widths is not worth its points."""

INSET = 2.0
"""The tip lies this far within the trace on each side [nm], so that rounding cannot make it stand out."""

ARC_TOLERANCE = 20.0
"""How far the straight pieces that stand for a foreign arc may leave it [nm]; added to the spacing."""

BEND = math.cos(math.radians(15))
"""A corner within a teardrop turns by at most twice this angle."""

TURN = math.cos(math.radians(30))
"""Within a teardrop the trace turns by at most this angle altogether."""

ROUND = 2.0
"""An arc within a teardrop has at least this many times the radius of the copper's half width there."""

LONGEST = 500_000.0
"""Foreign traces are looked at in pieces [nm]: the boxes around long ones would cover far too many pads."""

NOISE = 0.01
"""Distances are measured in floats; what is not clearly legal is not drawn [nm]."""

STEP_ALONG_ARC = math.pi / 24
"""Turn between two points of a side that follows an arc [rad]."""

Outlines: TypeAlias = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class _Leave:
    """Where a trace leaves its pad: the piece, the part of its length, and the unit vector there from the centre."""

    piece: int
    part: float
    direction: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a trace on a pad; ``pieces`` run away from it."""

    net: str
    layer: int
    path: Path
    half: float
    """Half the trace width [nm]."""
    radius: float
    """Of the largest circle within the pad [nm]."""
    leave: _Leave | None
    """Where the path leaves that circle."""


@dataclass(frozen=True, slots=True)
class _Foreign:
    """Copper of one layer that teardrops of other nets stay away from: cores with radii."""

    nets: NDArray[np.object_]
    cores: Outlines
    radii: NDArray[np.float64]
    near: shapely.STRtree
    """Boxes around the cores, grown by radius and spacing."""


def teardrops(layout: Layout) -> tuple[Teardrop, ...]:
    """A teardrop for every trace end on a pad or via that is wider than the trace, as wide as the rules allow.

    Every outline keeps the layer's spacing to foreign pads, vias, traces, planes, to the teardrops of other nets, the
    edge rule to the package edge, and out of keep-outs. Where a foreign plane surrounds the trace, nothing fits: ask
    for the teardrops first and pour the planes around them.
    """
    technology = layout.package.technology
    if not technology.teardrop_ratio:
        return ()
    found: list[Teardrop] = []
    for layer in range(1, layout.package.rdl_count + 1):
        ends = _ends(layout, layer)
        outlines = _fitting(ends, layout, layer)
        found += [
            Teardrop(end.net, layer, outline)
            for end, outline in zip(ends, outlines, strict=True)
            if outline is not None
        ]
    return tuple(found)


def _ends(layout: Layout, layer: int) -> list[_End]:
    """Both ends of every trace of the layer, where they lie on a pad that is wider, in the order of the traces."""
    radius: dict[tuple[str | None, Point], float] = {}

    def note(net: str | None, at: Point, shape: Shape) -> None:
        within = min(extent(shape)) / 2
        radius[net, at] = max(within, radius.get((net, at), 0.0))

    for pad in layout.pads:
        if pad.layer == layer:
            note(pad.net, pad.at, pad.shape)
    for via in layout.vias:
        if layer in (via.layer, via.layer + 1):
            note(via.net, via.at, Circle(via.land if via.layer == layer else via.capture))
    ratio = layout.package.technology.teardrop_ratio
    ends: list[_End] = []
    for trace in layout.traces:
        if trace.layer != layer:
            continue
        for path in (trace.path, trace.path.backwards):
            within = radius.get((trace.net, path.start), 0.0)
            if trace.path.length <= within + radius.get((trace.net, path.end), 0.0):
                continue  # the pads themselves meet
            if within * ratio >= LEAST_GAIN * trace.width / 2:
                ends.append(_End(trace.net, layer, path, trace.width / 2, within, _leaves(path, within)))
    return ends


def _fitting(ends: Sequence[_End], layout: Layout, layer: int) -> list[Polygon | None]:
    """For every end the widest outline that keeps all rules; pairs that meet both give way (the result mirrors)."""
    technology = layout.package.technology
    space = float(technology.metal(layer).space)
    foreign = _foreign(layout, layer, space)
    edge = float(technology.edges.trace_to_package)
    room: BaseGeometry = shapely.box(
        -layout.package.width / 2 + edge,
        -layout.package.height / 2 + edge,
        layout.package.width / 2 - edge,
        layout.package.height / 2 - edge,
    )
    barred = [
        shapely_polygon(k.outline).buffer(1, join_style="mitre")
        for k in layout.package.keepouts
        if k.traces and layer in k.layers
    ]
    room = shapely.difference(room, shapely.union_all(barred)) if barred else room
    nets = np.array([end.net for end in ends], dtype=object)
    step = np.zeros(len(ends), dtype=np.int64)
    outlines: list[Polygon | None] = [None] * len(ends)
    shapes = np.full(len(ends), None, dtype=object)
    pending = np.arange(len(ends))
    while len(pending):
        for k in pending.tolist():
            outlines[k], step[k] = _widest(ends[k], technology.teardrop_ratio, int(step[k]))
            outline = outlines[k]
            shapes[k] = None if outline is None else shapely.polygons([(p.x, p.y) for p in outline.points])
        drawn = np.array([k for k in pending.tolist() if outlines[k] is not None], dtype=np.int64)
        bad = drawn[_too_close(shapes[drawn], nets[drawn], foreign, space, room)]
        if not len(bad):
            # nothing static is in the way: now the teardrops among themselves
            bad = _meeting(shapes, nets, space)
        step[bad] += 1
        pending = bad
    return outlines


def _widest(end: _End, ratio: float, step: int) -> tuple[Polygon | None, int]:
    """The first outline from ``step`` on that the trace is long and straight enough for, and its step."""
    while step < len(STEPS):
        outline = _outline(end, ratio * STEPS[step])
        if outline is not None:
            return outline, step
        step += 1
    return None, step


def _outline(end: _End, ratio: float) -> Polygon | None:
    """Both sides of the teardrop along the trace, on the grid; None where it would be no taper or no polygon."""
    if ratio * end.radius < LEAST_GAIN * end.half or ratio >= 1:
        return None
    cosine = math.sqrt(1 - ratio * ratio)
    first, last = end.radius * cosine, (end.radius - ratio * end.half) / cosine
    stations = _stations(end, first, last)
    if stations is None:
        return None
    base, tip = end.radius * ratio, end.half - INSET
    left: list[Point] = []
    right: list[Point] = []
    for along, x, y, nx, ny in stations:
        half = base + (tip - base) * (along - first) / (last - first)
        left.append(Point(round(x + nx * half), round(y + ny * half)))
        right.append(Point(round(x - nx * half), round(y - ny * half)))
    ring = [*right, *reversed(left)]
    points = tuple(p for p, before in zip(ring, [ring[-1], *ring], strict=False) if p != before)
    if len(points) < 4:
        return None
    shape = shapely.polygons([(p.x, p.y) for p in points])
    axis = shapely.linestrings([(s[1], s[2]) for s in stations])
    if not shape.is_valid or not shape.buffer(1).covers(axis):
        return None
    return Polygon(points)


_Station: TypeAlias = tuple[float, float, float, float, float]
"""Distance from the pad's centre [nm], x, y, and the normal to the left (x, y), stretched at a corner."""


def _stations(end: _End, first: float, last: float) -> list[_Station] | None:
    """Where the sides have points: from ``first`` to ``last`` [nm from the pad's centre, along the path outside it].

    Inside the pad the axis is the straight line from its centre to where the trace leaves it. None if the trace ends
    before ``last``, or is too bent for a taper: it is then for a shorter one.
    """
    leave = end.leave
    if leave is None:
        return None
    ux, uy = leave.direction
    centre = end.path.start
    found: list[_Station] = [(first, centre.x + ux * first, centre.y + uy * first, -uy, ux)]
    before, along = leave.direction, end.radius
    for number in range(leave.piece, len(end.path.pieces)):
        piece = end.path.pieces[number]
        low = leave.part if number == leave.piece else 0.0
        here = _direction(piece, low)
        cosine = math.sqrt(max(0.0, (1 + before[0] * here[0] + before[1] * here[1]) / 2))
        if cosine < BEND or ux * here[0] + uy * here[1] < TURN:
            return None
        if cosine < 1 - 1e-9:
            # along the bisector of a corner, stretched so that both sides keep their width
            scale = 2 * cosine * cosine
            x, y = _place(piece, low)
            found.append((along, x, y, -(before[1] + here[1]) / scale, (before[0] + here[0]) / scale))
        stop = along + (1 - low) * piece.length
        high = min(1.0, low + (last - along) / piece.length)
        if isinstance(piece, Arc):
            count = max(1, math.ceil(abs(piece.sweep) * (high - low) / STEP_ALONG_ARC))
            for t in [low + (high - low) * k / count for k in range(1, count)]:
                dx, dy = _direction(piece, t)
                x, y = _place(piece, t)
                found.append((along + (t - low) * piece.length, x, y, -dy, dx))
            if piece.radius < ROUND * (end.half + (end.radius - end.half) * max(0.0, last - along) / (last - first)):
                return None
        before = _direction(piece, high)
        if ux * before[0] + uy * before[1] < TURN:
            return None
        if stop >= last:
            x, y = _place(piece, high)
            found.append((last, x, y, -before[1], before[0]))
            return found
        along = stop
    return None


def _leaves(path: Path, radius: float) -> _Leave | None:
    """The first place of the path that is ``radius`` [nm] from its start; None if it never gets there."""
    centre = path.start
    for number, piece in enumerate(path.pieces):
        if centre.distance(piece.end) < radius:
            continue
        low, high = 0.0, 1.0
        if number == 0 and isinstance(piece, Line):
            low = high = radius / piece.length
        for _ in range(48 if low < high else 0):
            middle = (low + high) / 2
            x, y = _place(piece, middle)
            if math.hypot(x - centre.x, y - centre.y) < radius:
                low = middle
            else:
                high = middle
        x, y = _place(piece, high)
        away = math.hypot(x - centre.x, y - centre.y)
        return _Leave(number, high, ((x - centre.x) / away, (y - centre.y) / away))
    return None


def _place(piece: Line | Arc, t: float) -> tuple[float, float]:
    """The point at a part of the piece's length."""
    if isinstance(piece, Line):
        return piece.start.x + t * (piece.end.x - piece.start.x), piece.start.y + t * (piece.end.y - piece.start.y)
    (cx, cy), radius = piece.centre, piece.radius
    angle = math.atan2(piece.start.y - cy, piece.start.x - cx) + t * piece.sweep
    return cx + radius * math.cos(angle), cy + radius * math.sin(angle)


def _direction(piece: Line | Arc, t: float) -> tuple[float, float]:
    """The unit vector along the piece at a part of its length."""
    if isinstance(piece, Line):
        return (piece.end.x - piece.start.x) / piece.length, (piece.end.y - piece.start.y) / piece.length
    (cx, cy), sign = piece.centre, math.copysign(1.0, piece.sweep)
    angle = math.atan2(piece.start.y - cy, piece.start.x - cx) + t * piece.sweep
    return -sign * math.sin(angle), sign * math.cos(angle)


def _foreign(layout: Layout, layer: int, space: float) -> _Foreign:
    """All drawn copper of a layer; each teardrop looks only at other nets."""
    things: list[tuple[str | None, BaseGeometry, float]] = [
        (pad.net, *_core(pad.at, pad.shape)) for pad in layout.pads if pad.layer == layer
    ]
    things += [
        (via.net, *_core(via.at, Circle(via.land if via.layer == layer else via.capture)))
        for via in layout.vias
        if layer in (via.layer, via.layer + 1)
    ]
    for plane in layout.planes:
        if plane.layer == layer:
            things += [(plane.net, shapely_polygon(fill), 0.0) for fill in plane.fills]
    traces = [trace for trace in layout.all_traces if trace.layer == layer]
    pieces, owner = _pieces([path_points(trace.path, ARC_TOLERANCE) for trace in traces])
    bent = [ARC_TOLERANCE * any(isinstance(piece, Arc) for piece in trace.path.pieces) for trace in traces]
    wide = np.array([trace.width / 2 + more for trace, more in zip(traces, bent, strict=True)], dtype=float)
    cores, nets = np.full(len(things), None, dtype=object), np.full(len(things), None, dtype=object)
    cores[:], nets[:] = [core for _, core, _ in things], [net for net, _, _ in things]
    cores = np.concatenate([cores, pieces])
    nets = np.concatenate([nets, np.array([trace.net for trace in traces], dtype=object)[owner]])
    radii = np.concatenate([np.array([radius for _, _, radius in things], dtype=float), wide[owner]])
    low_x, low_y, high_x, high_y = shapely.bounds(cores).T.reshape(4, len(cores))
    away = radii + space
    boxes = np.asarray(shapely.box(low_x - away, low_y - away, high_x + away, high_y + away), dtype=object)
    return _Foreign(nets, cores, radii, shapely.STRtree(boxes))


def _pieces(lines: Sequence[Sequence[tuple[float, float]]]) -> tuple[Outlines, NDArray[np.int64]]:
    """Lines cut into straight pieces no longer than ``LONGEST``, and which line each is a piece of."""
    count = [len(line) for line in lines]
    points = np.array([point for line in lines for point in line], dtype=float).reshape(-1, 2)
    whole = shapely.linestrings(points, indices=np.repeat(np.arange(len(lines)), count))
    places, owner = shapely.get_coordinates(shapely.segmentize(whole, LONGEST), return_index=True)
    inner = np.flatnonzero(owner[1:] == owner[:-1])
    pieces = shapely.linestrings(np.stack([places[inner], places[inner + 1]], axis=1))
    return np.asarray(pieces, dtype=object), owner[inner]


def _core(at: Point, shape: Shape) -> tuple[BaseGeometry, float]:
    if isinstance(shape, Circle):
        return shapely.Point(at.x, at.y), shape.diameter / 2
    return shapely_of(shape, at), 0.0


def _too_close(
    shapes: Outlines, nets: NDArray[np.object_], foreign: _Foreign, space: float, room: BaseGeometry
) -> NDArray[np.bool_]:
    """Which outlines break the spacing to drawn copper, or leave the room within the package edge."""
    bad: NDArray[np.bool_] = ~np.asarray(shapely.covers(room, shapes), dtype=bool).reshape(len(shapes))
    a, b = foreign.near.query(shapes, predicate="intersects")
    other = nets[a] != foreign.nets[b]
    a, b = a[other], b[other]
    bad[a[shapely.distance(shapes[a], foreign.cores[b]) - foreign.radii[b] < space + NOISE]] = True
    return bad


def _meeting(shapes: Outlines, nets: NDArray[np.object_], space: float) -> NDArray[np.int64]:
    """Teardrops that come too close to those of other nets.

    Two straight ones are nearest at a corner of one of them, which lies on its pad or in its trace and was looked at
    already; this is for rounded corners and for those that follow a bend.
    """
    drawn = np.flatnonzero(shapes != np.full(len(shapes), None, dtype=object))
    if not len(drawn):
        return drawn
    a, b = shapely.STRtree(shapes[drawn]).query(shapes[drawn], predicate="dwithin", distance=space + 1)
    a, b = drawn[a], drawn[b]
    other = nets[a] != nets[b]
    a, b = a[other], b[other]
    near = shapely.distance(shapes[a], shapes[b]) < space + NOISE
    return np.unique(a[near])
