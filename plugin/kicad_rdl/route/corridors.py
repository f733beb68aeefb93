"""From the sketch to corridors: what each wire must keep from the obstacles at every gap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from kicad_rdl.route.blunt import squared_corner
from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.taut import Corridors
from kicad_rdl.route.tiles import SLACK, Tiles
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.uncross import Wire

ExtraDisc = tuple[float, float, float, float, int, int]
"""Centre x, y, radius [nm], side, first and last gap: a distance that no gap asks for, and the two gaps of the wire
between which it counts; -1 is its start, the number of its gaps its end."""

Wires = Sequence[Wire] | Mapping[int, Wire]
Orders = Mapping[int, Sequence[int]]
Widths = Sequence[float] | Mapping[int, float]


def corridors_of(
    tiles: Tiles,
    wires: Wires,
    orders: Orders,
    widths: Widths,
    space: float,
    extra: Mapping[int, Sequence[ExtraDisc]],
    only: Sequence[int] | None = None,
    blunt: NDArray[np.int8] | None = None,
    octagonal: bool = False,
) -> Corridors:
    """The corridor of every wire, or of some.

    Args:
        tiles: the layer.
        wires: the sketch.
        orders: gap -> wires from its lower to its higher vertex.
        widths: trace width of every wire [nm].
        space: distance between traces [nm]; ``SLACK`` is added wherever there is room for it.
        extra: further discs of single wires.
        only: indices of the wires wanted, in the order of the answer.
        blunt: how many corners of an obstacle are passed, of a rounded square; see ``blunt.blunted``.
        octagonal: whether the discs become octagons, of which only the sides that face each other give way.
    """
    asked = list(range(len(wires)) if only is None else only)
    which = [wires[index] for index in asked]
    space += SLACK
    gap_start = np.zeros(len(which) + 1, dtype=np.int64)
    np.cumsum([len(wire.gaps) for wire in which], out=gap_start[1:])
    count = int(gap_start[-1])
    gaps = np.fromiter(chain.from_iterable(wire.gaps for wire in which), np.int64, count)
    before = np.fromiter(chain.from_iterable(wire.triangles[: len(wire.gaps)] for wire in which), np.int64, count)
    below, above, share = offsets(asked, gap_start, gaps, orders, widths, space)
    further: list[ExtraDisc] = []
    further_start = [0]
    for index, wire in zip(asked, which, strict=True):
        if not wire.gaps:
            further += _beside(tiles, wires, wire, orders, widths, space, widths[index])
        further += extra.get(index, ())
        further_start.append(len(further))
    leftward = tiles.edge_triangles[gaps, 0] == before
    terminals = np.array([(wire.start, wire.end) for wire in which], dtype=np.int64).reshape(-1, 2)
    ends = tiles.xy[terminals].reshape(-1, 4)
    portals, portal_discs = np.zeros((count, 4)), np.zeros((count, 2), np.int64)
    disc_start, discs, disc_range, squared, along, stretch = _build(
        ends,
        np.array([widths[index] for index in asked], dtype=np.float64),
        gap_start,
        gaps,
        leftward,
        below,
        above,
        share,
        np.array(further_start, dtype=np.int64),
        np.array(further, dtype=np.float64).reshape(-1, 6),
        (tiles.xy, tiles.disc_start, tiles.disc_xy, tiles.disc_r, tiles.normals, tiles.clearance, tiles.edges),
        np.zeros(len(tiles.xy), np.int8) if blunt is None else blunt,
        octagonal,
        portals,
        portal_discs,
    )
    share = np.where(leftward, 1.0 - share, share)
    return Corridors(
        ends, gap_start, portals, portal_discs, disc_start, discs, disc_range, share, along, squared, stretch
    )


def offsets(
    asked: Sequence[int], gap_start: I64, gaps: I64, orders: Orders, widths: Widths, space: float
) -> tuple[F64, F64, F64]:
    """Width and space of the wires below and above each wire on each of its gaps [nm]; and which part of the slack
    of the gap lies below it.
    """
    used = np.unique(gaps)
    listed = [orders[gap] for gap in used.tolist()]
    size = np.fromiter(map(len, listed), np.int64, len(listed))
    members = np.fromiter(chain.from_iterable(listed), np.int64, int(size.sum()))
    take = np.array([widths[wire] for wire in members.tolist()], dtype=np.float64) + space
    sums = np.concatenate([[0.0], np.cumsum(take)])
    first = np.cumsum(size) - size
    below = sums[:-1] - np.repeat(sums[first], size)
    above = np.repeat(sums[first + size], size) - sums[1:]
    gap_of = np.repeat(np.arange(len(used)), size)
    # where a wire stands in the order of each of its gaps
    most = int(max(members.max(initial=0), max(asked, default=0))) + 1
    key = gap_of * most + members
    by_key = np.argsort(key, kind="stable")
    wire_of = np.repeat(np.array(asked, dtype=np.int64), np.diff(gap_start))
    wanted = np.searchsorted(used, gaps) * most + wire_of
    entry = by_key[np.searchsorted(key[by_key], wanted, side="right") - 1]
    position = np.arange(len(members)) - np.repeat(first, size)
    share = (1 + position) / np.repeat(size + 1, size)
    return below[entry], above[entry], share[entry]


def _beside(
    tiles: Tiles, wires: Wires, wire: Wire, orders: Orders, widths: Widths, space: float, width: float
) -> list[ExtraDisc]:
    """A wire along an edge: the third corners of the tiles on both sides of it."""
    found: list[ExtraDisc] = []
    for triangle in [wire.triangles[0], *_neighbours(tiles, wire.triangles[0])]:
        members = tiles.triangles[triangle].tolist()
        if wire.start not in members or wire.end not in members:
            continue
        (vertex,) = [v for v in members if v not in (wire.start, wire.end)]
        if _is_joined(tiles, triangle, vertex):
            continue
        # all discs of an obstacle are passed on one side, also where the straight line parts them
        side = 1.0 if members[members.index(wire.start) - 2] == wire.end else -1.0
        load = _corner_load(tiles, wires, triangle, vertex, orders, widths, space)
        keep = float(tiles.clearance[vertex]) + SLACK + load + width / 2
        for k in range(int(tiles.disc_start[vertex]), int(tiles.disc_start[vertex + 1])):
            cx, cy = tiles.disc_xy[k].tolist()
            found.append((cx, cy, float(tiles.disc_r[k]) + keep, side, -1, 0))
    return found


def _is_joined(tiles: Tiles, triangle: int, vertex: int) -> bool:
    """Whether a corner of a tile is one copper with another one: parts of a pad, or pads of a net that overlap."""
    sides = [edge for edge in tiles.triangle_edges[triangle].tolist() if vertex in tiles.edges[edge]]
    touching = tiles.edges[[edge for edge in sides if tiles.width[edge] <= 0]]
    nets = [{tiles.obstacles[v].net for v in pair} for pair in touching.tolist() if max(pair) < tiles.obstacle_count]
    return any(len(own) == 1 and None not in own for own in nets)


def _corner_load(
    tiles: Tiles, wires: Wires, triangle: int, vertex: int, orders: Orders, widths: Widths, space: float
) -> float:
    """Width and space of all wires that cut a corner of a tile [nm]."""
    one, two = [edge for edge in tiles.triangle_edges[triangle].tolist() if vertex in tiles.edges[edge]]
    both = set(orders.get(one, ())) & set(orders.get(two, ()))
    load = 0.0
    for number in sorted(both):
        gaps = wires[number].gaps
        turns = zip(gaps, gaps[1:], wires[number].triangles[1:], strict=False)
        times = sum(t == triangle and {a, b} == {one, two} for a, b, t in turns)
        load += times * (widths[number] + space)
    return load


def _neighbours(tiles: Tiles, triangle: int) -> list[int]:
    found = []
    for edge in tiles.triangle_edges[triangle]:
        left, right = tiles.edge_triangles[edge]
        other = int(right if left == triangle else left)
        if other >= 0:
            found.append(other)
    return found


@compiled
def _build(  # type: ignore[no-untyped-def]
    ends,
    widths,
    gap_start,
    gaps,
    leftward,
    below,
    above,
    share,
    further_start,
    further,
    layer,
    blunt,
    octagonal,
    portals,
    portal_discs,
):
    """Fills the portals; returns the discs. ``layer`` are the arrays of ``Tiles``; ``leftward`` says for each gap
    whether the tile before it lies on the left of its edge.
    """
    xy, disc_start, disc_xy, disc_r, _, clearance, edges = layer
    room = len(further)
    for i in range(len(gaps)):
        for end in range(2):
            v = edges[gaps[i], end]
            room += max(1, blunt[v], disc_start[v + 1] - disc_start[v])
    discs = np.empty((room, 5))
    ranges = np.empty((room, 2), np.int64)
    squared = np.zeros(room, np.bool_)
    stretch = np.empty((room, 2), np.int64)
    stretch[:, 0], stretch[:, 1] = -1, np.iinfo(np.int64).max
    along = np.empty((len(gaps), 2))
    starts = np.zeros(len(widths) + 1, np.int64)
    # of the obstacle that each side leant on at the gap before: vertex, first disc
    run = np.empty((2, 2), np.int64)
    radius = np.zeros(2)
    n = first = 0
    for w in range(len(widths)):
        run[:, 0] = -1
        for i in range(gap_start[w], gap_start[w + 1]):
            position = i - gap_start[w]
            u, v = edges[gaps[i], 0], edges[gaps[i], 1]
            left, right, left_offset, right_offset = (
                (v, u, above[i], below[i]) if leftward[i] else (u, v, below[i], above[i])
            )
            dx, dy = xy[right, 0] - xy[left, 0], xy[right, 1] - xy[left, 1]
            length = math.hypot(dx, dy)
            dx, dy = dx / length, dy / length
            along[i] = (dx, dy)
            keep_left = clearance[left] + SLACK + left_offset + widths[w] / 2
            keep_right = clearance[right] + SLACK + right_offset + widths[w] / 2
            # where the wires fill the gap, the slack of rounding gives way, and with it that of those below and above
            full = extent(layer, left, dx, dy, keep_left)[0] + extent(layer, right, -dx, -dy, keep_right)[0]
            excess = max(0.0, full - length)
            part = 1.0 - share[i] if leftward[i] else share[i]
            for column in range(2):
                if column == 0:
                    side, vertex, keep, ex, ey = 1.0, left, keep_left - part * excess, dx, dy
                else:
                    side, vertex, keep, ex, ey = -1.0, right, keep_right - (1.0 - part) * excess, -dx, -dy
                reach, nearest = extent(layer, vertex, ex, ey, keep)
                px, py = xy[vertex, 0] + ex * reach, xy[vertex, 1] + ey * reach
                if octagonal:
                    keep = keep_left if column == 0 else keep_right
                portals[i, 2 * column], portals[i, 2 * column + 1] = px, py
                count = disc_start[vertex + 1] - disc_start[vertex]
                if count == 0:  # the outline is straight: lean on the portal itself
                    discs[n] = (px, py, 0.0, side, 1.0)
                    ranges[n] = position
                    portal_discs[i, column] = n
                    n += 1
                    run[column, 0] = -1
                    continue
                corners = blunt[vertex]
                if corners > 0:
                    grown = disc_r[disc_start[vertex]] + keep
                    if run[column, 0] == vertex:
                        first, radius[column] = run[column, 1], min(radius[column], grown)
                    else:
                        first, radius[column] = n, grown
                        ranges[n : n + corners, 0] = position
                        squared[n : n + corners] = True
                        n += corners
                    ranges[first : first + corners, 1] = position
                    far = -np.inf
                    for k in range(corners):
                        cx, cy = squared_corner(layer, vertex, k, radius[column], discs, first + k)
                        discs[first + k, 3], discs[first + k, 4] = side, 0.0
                        if cx * ex + cy * ey > far:
                            far, nearest = cx * ex + cy * ey, k
                    run[column, 0], run[column, 1] = vertex, first
                    portal_discs[i, column] = first + nearest
                    continue
                if run[column, 0] == vertex:
                    first = run[column, 1]
                    for k in range(count):
                        discs[first + k, 2] = min(discs[first + k, 2], disc_r[disc_start[vertex] + k] + keep)
                        ranges[first + k, 1] = position
                else:
                    first = n
                    for k in range(disc_start[vertex], disc_start[vertex + 1]):
                        discs[n] = (disc_xy[k, 0], disc_xy[k, 1], disc_r[k] + keep, side, 1.0 if count == 1 else 0.0)
                        ranges[n] = position
                        n += 1
                run[column, 0], run[column, 1] = vertex, first
                portal_discs[i, column] = first + nearest
        for k in range(further_start[w], further_start[w + 1]):
            discs[n] = (further[k, 0], further[k, 1], further[k, 2], further[k, 3], -1.0)
            stretch[n, 0], stretch[n, 1] = int(further[k, 4]), int(further[k, 5])
            ranges[n, 0] = max(stretch[n, 0], 0)
            ranges[n, 1] = max(min(stretch[n, 1], gap_start[w + 1] - gap_start[w] - 1), 0)
            n += 1
        # wires of one net may end on one terminal side by side: a disc never swallows the end that it stands beside, or
        # one gap away from
        for k in range(starts[w], n):
            closest = np.inf
            if ranges[k, 0] <= 1:
                closest = math.hypot(discs[k, 0] - ends[w, 0], discs[k, 1] - ends[w, 1])
            if ranges[k, 1] >= gap_start[w + 1] - gap_start[w] - 2:
                closest = min(closest, math.hypot(discs[k, 0] - ends[w, 2], discs[k, 1] - ends[w, 3]))
            if 0.0 < closest <= discs[k, 2]:
                discs[k, 2] = closest * (1 - 1e-9) - 0.01
        starts[w + 1] = n
    return starts, discs[:n].copy(), ranges[:n].copy(), squared[:n].copy(), along, stretch[:n].copy()


@compiled
def extent(layer, vertex, dx, dy, keep):  # type: ignore[no-untyped-def]
    """How far an obstacle grown by ``keep`` reaches along a direction [nm], and which of its discs is nearest."""
    xy, disc_start, disc_xy, disc_r, normals, _, _ = layer
    a, b = disc_start[vertex], disc_start[vertex + 1]
    if b - a == 1:
        return disc_r[a] + keep, 0
    if b == a:
        reach = 0.0
        for k in range(2):
            along = normals[vertex, 2 * k] * dx + normals[vertex, 2 * k + 1] * dy
            if along > 1e-6:
                reach = max(reach, keep / along)
        return reach, 0
    x, y = xy[vertex, 0], xy[vertex, 1]
    keep += disc_r[a]  # all discs of one hull are alike
    best, nearest, nearest_dot = 0.0, 0, -np.inf
    for k in range(a, b):
        cx, cy = disc_xy[k, 0] - x, disc_xy[k, 1] - y
        along, across = cx * dx + cy * dy, cx * dy - cy * dx
        if along > nearest_dot:
            nearest, nearest_dot = k - a, along
        if abs(across) <= keep:
            best = max(best, along + math.sqrt(keep * keep - across * across))
        after = k + 1 if k + 1 < b else a
        sx, sy = disc_xy[after, 0] - x - cx, disc_xy[after, 1] - y - cy
        size = math.hypot(sx, sy)
        nx, ny = sy / size, -sx / size  # outward: the hull is counter-clockwise
        forward = nx * dx + ny * dy
        if forward > 1e-12:
            reach = (cx * nx + cy * ny + keep) / forward
            part = ((reach * dx - cx - nx * keep) * sx + (reach * dy - cy - ny * keep) * sy) / (size * size)
            if 0.0 <= part <= 1.0:
                best = max(best, reach)
    return best, nearest
