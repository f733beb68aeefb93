"""What wires keep from obstacles beyond the gaps that they pass: from the far ends of the diagonals that they cross.

A gap sees only its two ends. A large obstacle in the next tile may bulge over it, and then it is the other diagonal of
two tiles (see ``audit``) that says how near a wire may come: whatever crosses it farther out must fit between.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.corridors import ExtraDisc, extent, offsets
from kicad_rdl.route.tiles import SLACK, Tiles, reach_of
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.uncross import Wire


def discs_beyond(
    tiles: Tiles, wires: Sequence[Wire], orders: Mapping[int, Sequence[int]], widths: Sequence[float], space: float
) -> dict[int, list[ExtraDisc]]:
    """Wire -> discs about obstacles that its gaps alone would let it come too close to.

    Args:
        tiles, wires, orders, widths: the layer.
        space: between traces [nm]; as everywhere in corridors, ``SLACK`` is added where there is room for it.
    """
    space += SLACK
    start = np.zeros(len(wires) + 1, dtype=np.int64)
    np.cumsum([len(wire.gaps) for wire in wires], out=start[1:])
    gaps = np.fromiter(chain.from_iterable(wire.gaps for wire in wires), np.int64, int(start[-1]))
    passed = np.fromiter(chain.from_iterable(wire.triangles for wire in wires), np.int64, len(gaps) + len(wires))
    ends = np.array([(wire.start, wire.end) for wire in wires], dtype=np.int64).reshape(-1, 2)
    width = np.array(widths, dtype=np.float64)
    crossed = _crossings(tiles.triangles, tiles.triangle_edges, tiles.edges, start, gaps, passed, ends)
    load = np.bincount(crossed[:, 0], width[crossed[:, 1]] + space, len(tiles.edges))
    crossed = crossed[(crossed[:, 2] >= 0) & (tiles.edge_triangles[crossed[:, 0]] >= 0).all(axis=1)]
    if not len(crossed):
        return {}
    across, wire, near, place = crossed.T
    tile = passed[start[wire] + wire + place]
    left, right = tiles.edge_triangles[across].T
    far = tiles.triangles[np.where(left == tile, right, left)].sum(axis=1) - tiles.edges[across].sum(axis=1)
    # the gaps before and behind the tile; in the first and last tile there is but one, and the wire's own end
    before, behind = start[wire] + np.maximum(place - 1, 0), np.minimum(start[wire] + place, start[wire + 1] - 1)
    below, above, _ = offsets(range(len(wires)), start, gaps, orders, widths, space)
    lower = tiles.edges[gaps[before], 0] == near
    inside = np.where(lower, below[before], above[before])
    outside = np.maximum(0.0, load[across] - inside - width[wire] - space)
    keep = tiles.clearance[far] + SLACK + outside + width[wire] / 2
    one, two = (
        _outermost(
            tiles, gaps[g], near, np.where(tiles.edges[gaps[g], 0] == near, above[g], below[g]) + width[wire] / 2
        )
        for g in (before, behind)
    )
    first, last = place == 0, start[wire] + place == start[wire + 1]
    one[first], two[last] = tiles.xy[ends[wire[first], 0]], tiles.xy[ends[wire[last], 1]]
    close = _from_segments(tiles.xy[far], one, two) < keep + reach_of(tiles)[far]
    chosen = np.flatnonzero(close & (far < tiles.obstacle_count) & _parted(tiles, near, far, across))
    # the higher end of a gap lies on the left of a wire that comes from the left of the gap
    on_left = (tiles.edge_triangles[gaps[before], 0] == passed[before + wire]) != lower
    layer = (tiles.xy, tiles.disc_start, tiles.disc_xy, tiles.disc_r, tiles.normals, tiles.clearance, tiles.edges)
    found: dict[int, list[ExtraDisc]] = {}
    for k in chosen.tolist():
        w, p, q = int(wire[k]), int(near[k]), int(far[k])
        here, there = float(tiles.clearance[p]) + SLACK + float(inside[k]) + widths[w] / 2, float(keep[k])
        dx, dy = (tiles.xy[q] - tiles.xy[p]).tolist()
        apart = math.hypot(dx, dy)
        dx, dy = dx / apart, dy / apart
        full = extent(layer, p, dx, dy, here)[0] + extent(layer, q, -dx, -dy, there)[0]
        pitch = widths[w] + space
        part = (float(outside[k]) + pitch) / (float(inside[k] + outside[k]) + 2 * pitch)
        there -= part * max(0.0, full - apart)  # where the cut is full, the slack of rounding gives way
        at = int(place[k])
        for d in range(int(tiles.disc_start[q]), int(tiles.disc_start[q + 1])):
            x, y = tiles.disc_xy[d].tolist()
            disc = (x, y, float(tiles.disc_r[d]) + there, -1.0 if on_left[k] else 1.0, at - 1, at)
            found.setdefault(w, []).append(disc)
    return found


@compiled
def _crossings(triangles, triangle_edges, edges, start, gaps, passed, ends):  # type: ignore[no-untyped-def]
    """[n, 4] the gaps of which a wire crosses the other diagonal, the wire, the corner of which the diagonal begins on
    this side of the gap, and the place of the tile in the wire; -1, -1 where the wire crosses gap and diagonal at once.

    A wire that cuts a corner of a tile crosses the diagonal from there over the opposite gap; in its first and last
    tile it crosses those from both other corners over the gaps at its own end; see ``audit.diagonals_of``.
    """
    found = np.empty((3 * len(passed) + len(ends), 4), np.int64)
    n = 0
    for w in range(len(ends)):
        cut_before = -1
        count = start[w + 1] - start[w]
        for i in range(count + 1):
            t = passed[start[w] + w + i]
            cut = ends[w, 0] if i == 0 else ends[w, 1]
            if 0 < i < count:
                u, v = edges[gaps[start[w] + i - 1]]
                cut = u if u == edges[gaps[start[w] + i], 0] or u == edges[gaps[start[w] + i], 1] else v
            for k in range(3):
                corner, across = triangles[t, k], triangle_edges[t, (k + 1) % 3]
                if count == 0:
                    if corner != ends[w, 0] and corner != ends[w, 1]:
                        found[n] = (across, w, -1, -1)
                        n += 1
                elif (corner == cut) == (0 < i < count):
                    found[n] = (across, w, corner, i)
                    n += 1
            if i > 0:
                u, v = edges[gaps[start[w] + i - 1]]
                if (cut_before == u and cut == v) or (cut_before == v and cut == u):
                    found[n] = (gaps[start[w] + i - 1], w, -1, -1)
                    n += 1
            cut_before = cut
    return found[:n].copy()


def _outermost(tiles: Tiles, gaps: I64, near: I64, beyond: F64) -> F64:
    """Where a wire comes nearest to the end of a gap that is not ``near``, with what must fit between [nm]."""
    far = tiles.edges[gaps].sum(axis=1) - near
    along = tiles.xy[near] - tiles.xy[far]
    along /= np.hypot(*along.T)[:, None]
    return np.asarray(tiles.xy[far] + along * (tiles.clearance[far] + beyond)[:, None])


def _from_segments(places: F64, one: F64, two: F64) -> F64:
    """[n] distances of places from straight pieces [nm]."""
    along = two - one
    part = ((places - one) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-9)
    return np.asarray(np.hypot(*(one + along * np.clip(part, 0.0, 1.0)[:, None] - places).T))


def _parted(tiles: Tiles, near: I64, far: I64, across: I64) -> NDArray[np.bool_]:
    """Where the line between two vertices runs between the ends of the gap between them."""
    d = tiles.xy[far] - tiles.xy[near]
    u, v = (tiles.xy[tiles.edges[across, end]] - tiles.xy[near] for end in (0, 1))
    one, two = (d[:, 0] * side[:, 1] - d[:, 1] * side[:, 0] for side in (u, v))
    return np.asarray(one * two < 0)
