"""Laying by itself: distances of lines and arcs, finding what is too close, and wires that just fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from random import Random
from typing import Any

import numpy as np
import pytest
import shapely
from layers import EDGE, HALF, LINE, SPACE
from topology import cut_loads, overfull

from kicad_rdl.geometry import Arc, Circle, Line, Path, Point, Rectangle, Shape, circumradius, path_points, shapely_of
from kicad_rdl.route import laying
from kicad_rdl.route.diagonals import discs_beyond
from kicad_rdl.route.engine import connect
from kicad_rdl.route.errands import Errand
from kicad_rdl.route.ground import Posted
from kicad_rdl.route.lay import Strokes, path_of
from kicad_rdl.route.layer import LaidLayer, lay_layer
from kicad_rdl.route.nearness import between, from_point, rows_of
from kicad_rdl.route.posts import LayerRules, Post, Request, Stand
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.spacing import Conflict, Copper
from kicad_rdl.route.tiles import SLACK, Obstacle, Tiles, build_tiles
from kicad_rdl.route.triangulation import F64
from kicad_rdl.route.uncross import Wire

FINE = 0.02
"""Of the polylines that stand for arcs here [nm]."""


def random_piece(chance: Random, reach: int) -> F64:
    """A line or an arc as ``Strokes`` has it."""
    x, y, ex, ey, mx, my = (chance.randint(-reach, reach) for _ in range(6))
    if (x, y) == (ex, ey):
        ex += 1
    if chance.random() < 0.4 or (mx - x) * (ey - y) == (my - y) * (ex - x):
        return np.array([x, y, math.nan, math.nan, ex, ey])
    return np.array([x, y, mx, my, ex, ey], dtype=np.float64)


def line_of(piece: F64) -> shapely.LineString:
    path = path_of(piece.reshape(1, 6))
    assert path is not None
    return shapely.LineString(path_points(path, FINE))


@pytest.mark.parametrize("seed", range(200))
def test_distances_are_those_of_fine_polylines(seed: int) -> None:
    chance = Random(seed)
    one, two = random_piece(chance, 1000), random_piece(chance, 1000)
    if seed % 4:
        two[[0, 2, 4]] += chance.randint(-3000, 3000)
    a, b = rows_of(np.stack([one, two]))
    distance, px, py, qx, qy = between(a, b)
    assert distance == pytest.approx(line_of(one).distance(line_of(two)), abs=3 * FINE)
    assert math.hypot(px - qx, py - qy) == pytest.approx(distance, abs=1e-6)
    assert from_point(a, px, py)[0] < 1e-6
    assert from_point(b, qx, qy)[0] < 1e-6
    assert between(b, a)[0] == pytest.approx(distance, abs=1e-9)


def test_strokes_and_paths_are_the_same() -> None:
    pieces = np.array([[0, 0, math.nan, math.nan, 100, 0], [100, 0, 170, 29, 200, 100]], dtype=np.float64)
    corners = Point(0, 0), Point(100, 0), Point(170, 29), Point(200, 100)
    path = Path((Line(corners[0], corners[1]), Arc(*corners[1:])))
    assert path_of(pieces) == path
    assert rows_of(pieces)[:, 8].sum() == pytest.approx(path.length)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_too_close_is_found(seed: int) -> None:
    """The grid against all pairs, for wires of very different width, drawn and drawn again."""
    chance = Random(seed)
    pads = [
        Obstacle(
            Point(chance.randint(-600_000, 600_000), chance.randint(-600_000, 600_000)), Circle(20_000), None, str(k)
        )
        for k in range(8)
    ]
    tiles = build_tiles(pads, *HALF, SPACE, EDGE)
    count = 25
    wires = [Wire(-1, -1, -1, -1, (), ()) for _ in range(count)]
    nets = [str(chance.randrange(20)) for _ in range(count)]
    widths = [float(chance.choice((LINE, LINE, 12 * LINE))) for _ in range(count)]
    copper = Copper(tiles, wires, nets, widths, SPACE)
    drawn: dict[int, F64] = {}
    for some in (range(count), chance.sample(range(count), 9)):
        for wire in some:
            pieces = [random_piece(chance, 20_000) for _ in range(2)]
            for piece in pieces:
                piece[[0, 2, 4]] += chance.randint(-500_000, 500_000)
                piece[[1, 3, 5]] += chance.randint(-500_000, 500_000)
            drawn[wire] = np.stack(pieces)
        starts = np.arange(len(some) + 1) * 2
        copper.draw(list(some), Strokes(starts, np.concatenate([drawn[wire] for wire in some])))
        found = {(c.wire, c.other): c.missing for c in copper.conflicts() if c.other is not None}
        expected = {}
        for i, j in combinations(range(count), 2):
            apart = min(between(a, b)[0] for a in rows_of(drawn[i]) for b in rows_of(drawn[j]))
            missing = (widths[i] + widths[j]) / 2 + SPACE - apart
            if nets[i] != nets[j] and missing > 0.01:
                expected[(i, j)] = missing
        assert found == pytest.approx(expected)
        again = {(c.wire, c.other): c.missing for c in copper.conflicts(some) if c.other is not None}
        assert again == pytest.approx({pair: m for pair, m in expected.items() if set(pair) & set(some)})
        at_pads = {(c.wire, c.vertex) for c in copper.conflicts() if c.vertex is not None and c.vertex < len(pads)}
        assert at_pads == {
            (i, v)
            for i in range(count)
            for v, pad in enumerate(pads)
            if min(from_point(row, pad.at.x, pad.at.y)[0] for row in rows_of(drawn[i]))
            < widths[i] / 2 + SPACE + 10_000 - 0.01
        }


@pytest.mark.parametrize("offset", [0, 3_000, 10_000])
def test_a_wire_that_just_fits_between_pads_may_turn_there(offset: int) -> None:
    """The gap is as wide as the wire and its spaces: an S about both pads, legal to the last digit."""
    gap = LINE + 2 * SPACE
    pads = [Obstacle(Point(0, s * (gap + 60_000) // 2), Circle(60_000), None, f"pad{s}") for s in (-1, 1)]
    ends = [
        Obstacle(Point(x, y), Circle(20_000), None, f"{x}") for x, y in ((-80_000, -60_000), (90_000, 55_000 + offset))
    ]
    tiles = build_tiles([*pads, *ends], *HALF, SPACE, EDGE)
    (edge,) = [e for e, pair in enumerate(tiles.edges.tolist()) if pair == [0, 1]]
    assert tiles.width[edge] == gap
    left, right = sorted(tiles.edge_triangles[edge].tolist(), key=lambda t: 2 not in tiles.triangles[t])
    wire = Wire(0, 0, 2, 3, (edge,), (left, right))
    (path,) = lay_layer(tiles, [wire], ["a"], {edge: [0]}, [LINE], SPACE).paths
    assert path is not None
    assert any(isinstance(piece, Arc) for piece in path.pieces)
    rows = rows_of(np.array([_piece(piece) for piece in path.pieces]))
    for pad in pads:
        nearest = min(from_point(row, pad.at.x, pad.at.y)[0] for row in rows)
        assert nearest >= 30_000 + SPACE + LINE / 2 - 1e-6


def _piece(piece: Line | Arc) -> tuple[float, ...]:
    middle = (piece.mid.x, piece.mid.y) if isinstance(piece, Arc) else (math.nan, math.nan)
    return (piece.start.x, piece.start.y, *middle, piece.end.x, piece.end.y)


def test_wires_wider_than_their_pads_keep_the_others_away() -> None:
    """Their round ends stand out from the pads; whoever passes the pad keeps from them."""
    wide = 60_000.0
    places = ((0, 0), (0, 400_000), (-300_000, -20_000), (300_000, -20_000), (0, -400_000))
    tiles = build_tiles(
        [Obstacle(Point(x, y), Circle(20_000), None, f"{x} {y}") for x, y in places], *HALF, SPACE, EDGE
    )
    (below,) = [e for e, pair in enumerate(tiles.edges.tolist()) if pair == [0, 4]]
    left, right = sorted(tiles.edge_triangles[below].tolist(), key=lambda t: 2 not in tiles.triangles[t])
    shared = next(t for t, corners in enumerate(tiles.triangles.tolist()) if {0, 1} <= set(corners))
    wires = [Wire(0, 0, 0, 1, (), (shared,)), Wire(1, 1, 2, 3, (below,), (left, right))]
    laid = lay_layer(tiles, wires, ["a", "b"], {below: [1]}, [wide, float(LINE)], SPACE)
    one, two = (shapely.LineString(path_points(path, FINE)) for path in laid.paths if path is not None)
    assert one.distance(two) >= (wide + LINE) / 2 + SPACE - 5 * FINE


def woven(
    pads: Sequence[Obstacle], joined: Sequence[tuple[int, int]], line: float, space: float
) -> tuple[Tiles, list[Wire], dict[int, list[int]]]:
    """Pads of which some are joined, each pair by the shortest way that is left; without one it is not."""
    tiles = build_tiles(pads, *HALF, space, EDGE)
    alone = Posted(tuple(((0, v),) for v in range(len(pads))), ((0, 0),) * len(pads), (False,) * len(pads))
    sketches = Sketches([tiles], [space], alone)
    for start, end in joined:
        way = sketches.find(Errand(((start, 0.0),), ((end, 0.0),), (line,), (0,), 1.0))
        if way is not None:
            sketches.draw(way, (line,), 1.0)
    return tiles, list(sketches.wires_on(0).values()), sketches.orders_on(0)


def test_a_pad_that_bulges_over_a_gap_pushes_the_whole_bundle() -> None:
    """No gap of the wires ends at the large pad on the right; those beyond the nearest have to make way as well."""
    large = [Obstacle(Point(x, 0), Circle(233_000), None, f"{x}") for x in (-300_000, 100_000)]
    small = [Obstacle(Point(x, y), Circle(30_000), None, f"{x}") for x, y in ((-60_000, 80_000), (75_000, -122_000))]
    ends = [
        Obstacle(Point(x - 12_000 * k, y + (6_000 if y > 0 else -6_000) * k), Circle(6_000), None, f"{y} {k}")
        for x, y in ((-90_000, 160_000), (110_000, -200_000))
        for k in range(4)
    ]
    tiles, wires, orders = woven([*large, *small, *ends], [(4 + k, 8 + k) for k in range(4)], 2_000.0, 2_000.0)
    laid = lay_layer(tiles, wires, ["0", "1", "2", "3"], orders, [2_000.0] * 4, 2_000.0)
    assert None not in laid.paths


def test_what_crosses_a_diagonal_farther_out_fits_beside_its_far_end() -> None:
    """Four wires cut the corner at a pad on the left; the pad on the right bulges over the gap on their other side."""
    places = [(-400_000, 0), (0, 122_000), (0, -122_000), (90_000, 0)]
    places += [(-60_000 + 12_000 * k, y) for y in (-300_000, 300_000) for k in range(4)]
    across = [233_000, 30_000, 30_000, 233_000, *[6_000] * 8]
    pads = [Obstacle(Point(*at), Circle(d), None, f"{at}") for at, d in zip(places, across, strict=True)]
    tiles, wires, orders = woven(pads, [(4 + k, 8 + k) for k in range(4)], 2_000.0, 2_000.0)
    assert sorted(tiles.edges.tolist()).count([1, 2]) == 1
    found = discs_beyond(tiles, wires, orders, [2_000.0] * 4, 2_000.0)
    about = {wire: [disc[2] for disc in discs if disc[0] > 0] for wire, discs in found.items()}
    beside = 116_500 + 2_000 + 1_000 + SLACK
    assert about == {3 - k: [beside + k * (4_000 + SLACK)] for k in range(4)}
    laying = lay_layer(tiles, wires, ["0", "1", "2", "3"], orders, [2_000.0] * 4, 2_000.0)
    assert None not in laying.paths


@pytest.mark.parametrize(
    ("pad", "target", "least"),
    [
        pytest.param(Rectangle(70_000, 200_000), (300_000, -300_000), 20_000, id="long"),
        pytest.param(Rectangle(200_000, 70_000), (300_000, 0), 0, id="straight ahead"),
        pytest.param(Circle(70_000), (300_000, -300_000), 0, id="round"),
    ],
)
def test_a_trace_leaves_a_long_pad_at_its_nearest_corner(pad: Shape, target: tuple[int, int], least: int) -> None:
    """What lies in the pad is copper anyway; neither its edges nor a right angle are overstepped."""
    there = Point(*target)
    pads = [Obstacle(Point(0, 0), pad, None, "pad"), Obstacle(there, Circle(20_000), None, "end")]
    paths = drawn(pads, [(0, 1)])
    line = shapely.LineString(path_points(paths[0], FINE))
    land = shapely_of(pad, Point(0, 0), FINE)
    middle = shapely.LineString([(0, 0), target])
    saved = middle.difference(land).length - line.difference(land).length
    assert (saved > least) if least else (abs(saved) < 1 and len(paths[0].pieces) == 1)
    assert line.length - middle.length < max(saved, 1)
    inside = paths[0].pieces[0]
    assert not least or land.buffer(-LINE / 2 + 1).contains(shapely.Point(inside.end.x, inside.end.y))


@pytest.mark.parametrize("x", [49_000, 60_000, 75_000])
def test_a_trace_leaves_its_pad_where_it_always_did_beside_others(x: int) -> None:
    """From its corner it would cross a foreign trace, or go round it."""
    pads = [
        Obstacle(Point(*at), shape, None, f"{at}")
        for at, shape in (
            ((0, 0), Rectangle(70_000, 200_000)),
            ((300_000, -300_000), Circle(20_000)),
            ((x, -x - 26_000), Circle(LINE)),
            ((x, -150_000), Circle(LINE)),
        )
    ]
    one, two = (shapely.LineString(path_points(path, FINE)) for path in drawn(pads, [(2, 3), (0, 1)]))
    assert one.distance(two) >= LINE + SPACE - 5 * FINE
    assert two.length == pytest.approx(math.hypot(300_000, 300_000), abs=2)


def drawn(pads: Sequence[Obstacle], joined: Sequence[tuple[int, int]]) -> list[Path]:
    """The paths of pads that are joined, each pair by the shortest way that is left; without one it is not."""
    tiles, wires, orders = woven(pads, joined, LINE, SPACE)
    laid = lay_layer(tiles, wires, [str(k) for k in range(len(joined))], orders, [float(LINE)] * len(joined), SPACE)
    assert None not in laid.paths
    return [path for path in laid.paths if path is not None]


def test_the_way_past_a_pad_is_as_wide_as_the_wire_that_ends_there_leaves_it() -> None:
    """One wire fits beside the pad itself; beside the round end of a wide wire none does."""
    places = [(0, 0), (0, 60_000), (-200_000, 30_000), (200_000, 30_000), (0, -300_000)]
    pads = [Obstacle(Point(*at), Circle(20_000), None, f"{at}") for at in places]
    tiles = build_tiles(pads, *HALF, SPACE, EDGE)
    (gap,) = [e for e, pair in enumerate(tiles.edges.tolist()) if pair == [0, 1]]
    passes = []
    for ends in ({}, {0: (60_000.0,), 4: (60_000.0,)}):
        alone = Posted(tuple(((0, v),) for v in range(5)), ((0, 0),) * 5, (False,) * 5, ends)
        sketches = Sketches([tiles], [float(SPACE)], alone)
        way = sketches.find(Errand(((2, 0.0),), ((3, 0.0),), (float(LINE),), (0,), 1.0))
        assert way is not None
        sketches.draw(way, (float(LINE),))
        (wire,) = sketches.wires_on(0).values()
        passes.append(gap in wire.gaps)
    assert passes == [True, False]


def test_what_cannot_be_laid_says_what_is_in_its_way_and_by_how_much() -> None:
    """The round end of a wide wire reaches a pad beside its own: 30 + 10 um of 35 from middle to edge."""
    posts = [
        Post(name, net, (Stand(1, Point(x, y), Circle(20_000)),), 1, 1)
        for name, net, x, y in (("a", "N", 0, 0), ("b", "N", 400_000, 0), ("near", "M", 0, -45_000))
    ]
    request = Request("N", (0,), (1,), (60_000,), (SPACE,))
    done = connect(posts, [LayerRules(LINE, SPACE, EDGE)], [request], *HALF)
    assert done.wires == ()
    assert done.open == {0: "no legal geometry beside the other traces: 5 um is missing to near"}


def test_of_two_that_are_too_close_to_each_other_both_may_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(tiles: Tiles, wires: Sequence[Wire], *rest: Any) -> LaidLayer:
        blame = [Conflict(k, 1 - k, None, 7_000.0, (0.0, 0.0), (0.0, 0.0)) for k in range(2)] if len(wires) == 2 else []
        return LaidLayer((None,) * len(wires), tuple(blame))

    monkeypatch.setattr(laying, "lay_layer", refusing)
    places = {"a": (0, 0), "b": (400_000, 0), "c": (0, 90_000), "d": (400_000, 90_000)}
    nets = "MMNN"
    posts = [
        Post(name, net, (Stand(1, Point(*at), Circle(20_000)),), 1, 1)
        for (name, at), net in zip(places.items(), nets, strict=True)
    ]
    requests = [Request(net, (2 * k,), (2 * k + 1,), (LINE,), (SPACE,)) for k, net in enumerate("MN")]
    done = connect(posts, [LayerRules(LINE, SPACE, EDGE)], requests, *HALF)
    assert done.wires == ()
    other = ("N", "M")
    for k, reason in done.open.items():
        missing = f"7 um is missing to the trace of {other[k]}"
        assert reason.startswith(f"no legal geometry beside the other traces: {missing}")


def test_what_cannot_be_laid_does_not_come_back_to_where_it_collided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs between two pads is refused: the wire goes round one of them."""

    def refusing(tiles: Tiles, wires: Sequence[Wire], *rest: Any) -> LaidLayer:
        laid = lay_layer(tiles, wires, *rest)
        named = [{tiles.obstacles[v].name for v in edge if v < tiles.obstacle_count} for edge in tiles.edges.tolist()]
        shut = named.index({"above", "below"})
        lost = [k for k, wire in enumerate(wires) if shut in wire.gaps]
        paths = tuple(None if k in lost else path for k, path in enumerate(laid.paths))
        return LaidLayer(paths, tuple(Conflict(k, None, None, 1.0, (0.0, 0.0), (0.0, 0.0)) for k in lost))

    monkeypatch.setattr(laying, "lay_layer", refusing)
    places = {"a": (-400_000, 0), "b": (400_000, 0), "above": (0, 60_000), "below": (0, -60_000)}
    posts = [Post(name, name, (Stand(1, Point(*at), Circle(20_000)),), 1, 1) for name, at in places.items()]
    request = Request("N", (0,), (1,), (LINE,), (SPACE,))
    done = connect(posts, [LayerRules(LINE, SPACE, EDGE)], [request], *HALF)
    assert done.open == {}
    assert len(done.wires) == 1


def scattered(chance: Random) -> list[Obstacle]:
    """Discs of several sizes, a grid of them and some anywhere, nowhere spaced for wires to the nanometre."""
    size, count = chance.choice((12_000, 40_000)), chance.randint(3, 7)
    pitch = size + 2 * SPACE + chance.randint(0, 3) * (LINE + SPACE) + chance.randint(300, 3_000)
    places = [(c * pitch, r * pitch, size) for c in range(count) for r in range(count)]
    reach = count * pitch + 100_000
    places += [(chance.randint(-reach, reach), chance.randint(-reach, reach), 100_000) for _ in range(20)]
    places += [(chance.randint(-reach, reach), chance.randint(-reach, reach), size) for _ in range(30)]
    pads: list[Obstacle] = []
    for x, y, across in places:
        near = (math.hypot(pad.at.x - x, pad.at.y - y) - across / 2 - circumradius(pad.shape) for pad in pads)
        inside = abs(x) < HALF[0] - EDGE - across and abs(y) < HALF[1] - EDGE - across
        if inside and min(near, default=math.inf) > SPACE:
            pads.append(Obstacle(Point(x, y), Circle(across), None, f"{len(pads)}"))
    return pads


@pytest.mark.parametrize("seed", range(100))
def test_where_every_cut_fits_every_wire_is_laid(seed: int) -> None:
    """Leiserson and Maley: where gaps and diagonals fit, no wire is lost, or a farther cut is overfull."""
    chance = Random(seed)
    pads = scattered(chance)
    ends = list(range(len(pads)))
    chance.shuffle(ends)
    joined = list(zip(ends[::2], ends[1::2], strict=False))
    tiles, wires, orders = woven(pads, joined, float(LINE), float(SPACE))
    widths = [float(LINE)] * len(wires)
    assert len(wires) > 4
    laid = lay_layer(tiles, wires, [str(k) for k in range(len(wires))], orders, widths, float(SPACE))
    if None in laid.paths:
        assert overfull(cut_loads(tiles, wires, widths, SPACE, math.inf)) != []
