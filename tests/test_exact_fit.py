"""Gaps that take exactly n wires are laid with n wires, also where all of them turn beside the gap."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from layers import EDGE, HALF, LINE, SPACE

from kicad_rdl.geometry import Arc, Circle, Line, Octagon, Point, Rectangle, Shape
from kicad_rdl.route.blunt import blunted
from kicad_rdl.route.layer import lay_layer
from kicad_rdl.route.nearness import between, from_point, rows_of
from kicad_rdl.route.network import LayerTask, plan_flow
from kicad_rdl.route.tiles import Obstacle, build_tiles
from kicad_rdl.route.triangulation import F64

PAD = 60_000
END = 10_000


def wall(opening: int) -> list[int]:
    """Middles of pads side by side: no wire fits between them but through one opening."""
    pitch, first = PAD + LINE + SPACE, (opening + PAD) // 2
    return [side * (first + k * pitch) for side in (-1, 1) for k in range(8)]


def rows(pieces: tuple[Line | Arc, ...]) -> F64:
    found = []
    for piece in pieces:
        middle = (piece.mid.x, piece.mid.y) if isinstance(piece, Arc) else (math.nan, math.nan)
        found.append((piece.start.x, piece.start.y, *middle, piece.end.x, piece.end.y))
    drawn: F64 = rows_of(np.array(found, dtype=np.float64))
    return drawn


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize(
    ("shape", "bone", "octilinear"),
    [
        pytest.param(Circle(PAD), 0, False, id="disc"),
        pytest.param(Circle(PAD), 45_000, False, id="disc with a dog bone"),
        pytest.param(Rectangle(PAD, PAD), 0, False, id="square"),
        pytest.param(Circle(PAD), 0, True, id="disc, 45 degrees"),
        pytest.param(Rectangle(PAD, PAD), 0, True, id="square, 45 degrees"),
        pytest.param(Octagon(PAD), 0, True, id="octagon, 45 degrees"),
    ],
)
@pytest.mark.parametrize("rise", [(0, 0), (200_000, 200_000), (-200_000, 200_000), (0, -190_000)])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_as_many_wires_as_fit_exactly(
    count: int, rise: tuple[int, int], shape: Shape, bone: int, upright: bool, octilinear: bool
) -> None:
    """A wall with one opening; the ends stand on both sides of it, at the same height, above or below."""

    def at(x: int, y: int) -> Point:
        return Point(-y, x) if upright else Point(x, y)

    opening = count * LINE + (count + 1) * SPACE
    pads = [Obstacle(at(0, y), shape, None, f"pad{y}", at(bone, y) if bone else None) for y in wall(opening)]
    ends = [
        Obstacle(at(side * 160_000, height + k * 3 * (LINE + SPACE)), Circle(END), None, f"{side} {k}")
        for side, height in zip((-1, 1), rise, strict=True)
        for k in range(count)
    ]
    half = (HALF[1], HALF[1])
    tiles = build_tiles([*pads, *ends], *half, SPACE, EDGE, octilinear)
    first = len(pads)
    sources, sinks = np.arange(first, first + count), np.arange(first + count, first + 2 * count)
    task = LayerTask(tiles, tiles.capacity(LINE, SPACE), sources, sinks)
    plan = plan_flow([task], np.arange(count), np.ones(count, np.int64), count)
    wires, orders = plan.wires[0], plan.orders[0]
    through = [set(order) for gap, order in orders.items() if tiles.width[gap] == opening]
    assert set(range(count)) in through
    laid = lay_layer(tiles, wires, [str(k) for k in range(count)], orders, [float(LINE)] * count, SPACE)
    drawn = [rows(path.pieces) for path in laid.paths if path is not None]
    assert len(drawn) == count
    for one, two in combinations(drawn, 2):
        assert min(between(a, b)[0] for a in one for b in two) >= LINE + SPACE - 1e-6
    if isinstance(shape, Circle):
        for pad in pads:
            nearest = min(from_point(row, pad.at.x, pad.at.y)[0] for wire in drawn for row in wire)
            assert nearest >= PAD / 2 + SPACE + LINE / 2 - 1e-6


def test_a_dog_bone_that_leads_away_fills_no_gap() -> None:
    """The hull of a dog bone reaches far along an axis, though not where the gap is."""
    wires = 2
    apart = 52_000 + wires * (LINE + SPACE) + SPACE
    obstacles = [
        Obstacle(Point(0, 0), Circle(52_000), "a", "a", Point(100_000, 100_000)),
        Obstacle(Point(150_000, 0), Circle(52_000), "b", "b"),
        Obstacle(Point(150_000 + apart, 0), Circle(52_000), "c", "c"),
    ]
    tiles = build_tiles(obstacles, *HALF, SPACE, EDGE)
    ends = tiles.edges.tolist()
    orders = {ends.index([0, 1]): [0, 1], ends.index([1, 2]): [0, 1]}
    assert tiles.width[ends.index([0, 1])] > apart - 52_000
    assert blunted(tiles, orders, [float(LINE)] * wires, float(SPACE)).tolist()[:3] == [0, 4, 4]
    del orders[ends.index([1, 2])]
    assert not blunted(tiles, orders, [float(LINE)] * wires, float(SPACE)).any()
