"""Wires that are wider than what they end on: their round ends stand out, and others keep away from these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.uncross import Wire


def widest_ends(ending: Iterable[tuple[Sequence[int], Sequence[float]]]) -> dict[int, tuple[float, ...]]:
    """Post -> [layers] the widest of the wires that may end there, from posts and widths of each wire [nm]."""
    widest: dict[int, tuple[float, ...]] = {}
    # many wires share one choice of posts
    for posts, widths in {(id(posts), tuple(widths)): (posts, widths) for posts, widths in ending}.values():
        for post in posts:
            widest[post] = tuple(map(max, widest.get(post, widths), widths))
    return widest


def standing_out(tiles: Tiles, vertex: int, width: float, space: float) -> float:
    """How much more than its own clearance an obstacle asks for where a wire of that width ends on it [nm]."""
    return max(0.0, width / 2 + space - _inner_radius(tiles, vertex) - float(tiles.clearance[vertex]))


def with_round_ends(tiles: Tiles, wires: Sequence[Wire], widths: Sequence[float], space: float) -> Tiles:
    """Tiles whose obstacles also keep the others away from the round ends of wires that are wider than they."""
    clearance = tiles.clearance.copy()
    for wire, width in zip(wires, widths, strict=True):
        for vertex in (wire.start, wire.end):
            if width / 2 + space > clearance[vertex]:
                clearance[vertex] = max(
                    clearance[vertex], tiles.clearance[vertex] + standing_out(tiles, vertex, width, space)
                )
    return replace(tiles, clearance=clearance)


def _inner_radius(tiles: Tiles, vertex: int) -> float:
    """Of the largest disc about the middle of an obstacle that lies within it [nm]."""
    a, b = int(tiles.disc_start[vertex]), int(tiles.disc_start[vertex + 1])
    if b - a < 3:
        return float(tiles.disc_r[a])
    corners = tiles.disc_xy[a:b] - tiles.xy[vertex]
    along = np.roll(corners, -1, axis=0) - corners
    area = corners[:, 0] * along[:, 1] - corners[:, 1] * along[:, 0]
    return float((area / np.hypot(along[:, 0], along[:, 1])).min() + tiles.disc_r[a])
