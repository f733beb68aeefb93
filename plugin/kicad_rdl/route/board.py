"""Routes what is open on a board: posts and requests go to the engine, its wires come back as copper."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Point, path_points
from kicad_rdl.model.open_board import (
    BoardConnection,
    BoardRouting,
    BoardRules,
    BoardTrace,
    BoardVia,
    OpenBoard,
)
from kicad_rdl.model.report import Progress
from kicad_rdl.route.among_pours import among_pours, merged
from kicad_rdl.route.board_area import board_area
from kicad_rdl.route.board_posts import BoardPosts, board_posts
from kicad_rdl.route.engine import Connected, Wire, connect
from kicad_rdl.route.open_pairs import OpenPair, open_pairs
from kicad_rdl.route.posts import LayerRules, Post, Request
from kicad_rdl.route.refill import with_copper
from kicad_rdl.route.shut import Shut
from kicad_rdl.route.skeletons import drawn, metal_of
from kicad_rdl.route.standing import Standing, standing_of
from kicad_rdl.route.stitches import stitches
from kicad_rdl.route.taps import Taps
from kicad_rdl.route.via_choice import ViaChoice
from kicad_rdl.route.via_places import via_ground

Metal: TypeAlias = tuple[Collection[int], BaseGeometry]
"""Layers, and what is covered there."""

NO_TIME = "the time was over before its turn"
UNREACHABLE = "a pad of it lies outside the board, on no routed layer, or under other copper"


def route_board(
    board: OpenBoard,
    rules: BoardRules,
    nets: Collection[str],
    *,
    octilinear: bool = False,
    late: Callable[[], bool] = lambda: False,
    say: Callable[[Progress], None] | None = None,
) -> BoardRouting:
    """Joins the pieces of nets that are not joined yet.

    Args:
        board: what is there.
        rules: what new copper must keep.
        nets: which nets; others stay as they are.
        octilinear: traces in multiples of 45 degrees only.
        late: says when what is drawn is laid and improved no further.
        say: hears of progress.
    """

    def routed(now: OpenBoard, which: Collection[str]) -> BoardRouting:
        return _routed(now, rules, which, octilinear, late, say)

    found = routed(board, nets)
    return among_pours(board, rules, found, routed) if board.pours else found


def _routed(
    board: OpenBoard,
    rules: BoardRules,
    nets: Collection[str],
    octilinear: bool,
    late: Callable[[], bool],
    say: Callable[[Progress], None] | None,
) -> BoardRouting:
    """Vias where they alone will do, then traces."""
    standing = standing_of(board)
    stitched = stitches(_via_choice(board, rules, standing, nets), nets) if rules.routed > 1 else []
    vias = tuple(via for stitch in stitched for via in stitch.vias)
    by_vias = BoardRouting((), vias, tuple(BoardConnection(s.net, s.start, s.end, 0.0, 0.0) for s in stitched))
    if vias:
        board = with_copper(board, (), vias, ())
        standing = standing_of(board)
    pairs = open_pairs(board, standing, nets)
    if not pairs:
        return by_vias
    if late():
        return merged(by_vias, BoardRouting(connections=tuple(_open(pair, NO_TIME) for pair in pairs)))
    placed = board_posts(board, rules, standing, frozenset(pair.net for pair in pairs))
    closed = [pair for pair in pairs if not (_posts(pair.start, placed) and _posts(pair.end, placed))]
    pairs = [pair for pair in pairs if _posts(pair.start, placed) and _posts(pair.end, placed)]
    by_vias = merged(by_vias, BoardRouting(connections=tuple(_open(pair, UNREACHABLE) for pair in closed)))
    if not pairs:
        return by_vias
    taps = Taps(board, standing, placed, rules)
    found = connect(
        placed.posts,
        [LayerRules(rules.default.widths[layer], placed.base[layer], rules.edge) for layer in range(rules.routed)],
        [_request(pair, placed, rules, taps) for pair in pairs],
        placed.half_width,
        placed.half_height,
        octilinear,
        late,
        say,
    )
    return merged(
        by_vias, _routing(pairs, placed, rules, _explained(found, pairs, placed, board, rules), taps, standing)
    )


def _explained(
    found: Connected, pairs: Sequence[OpenPair], placed: BoardPosts, board: OpenBoard, rules: BoardRules
) -> Connected:
    """With the reason of what is open where an end of it is shut in."""
    if not found.open:
        return found
    shut, reasons = Shut(board, rules), dict(found.open)
    for number in found.open:
        pair = pairs[number]
        ends = [[placed.posts[post] for post in _posts(piece, placed)] for piece in (pair.start, pair.end)]
        why = [shut.why(posts, rules.of(pair.net)) for posts in ends]
        reasons[number] = why[0] or why[1] or reasons[number]
    return replace(found, open=reasons)


def _via_choice(board: OpenBoard, rules: BoardRules, standing: Standing, nets: Collection[str]) -> ViaChoice:
    return ViaChoice(board, rules, standing, via_ground(board, rules, standing, board_area(board)), frozenset(nets))


def _request(pair: OpenPair, placed: BoardPosts, rules: BoardRules, taps: Taps) -> Request:
    own = rules.of(pair.net)
    start, end = pair.start, pair.end
    drilled = taps.beside(end, start)
    if not drilled:
        start, end = end, start
        drilled = taps.beside(end, start)
    return Request(
        pair.net,
        _posts(start, placed),
        (*_posts(end, placed), *drilled),
        own.widths[: rules.routed],
        own.spaces[: rules.routed],
        exclusive=bool(drilled),
    )


def _open(pair: OpenPair, reason: str) -> BoardConnection:
    return BoardConnection(pair.net, pair.start_pad, pair.end_pad, pair.straight, None, reason)


def _posts(piece: tuple[int, ...], placed: BoardPosts) -> tuple[int, ...]:
    return tuple(post for thing in piece for post in placed.of_thing.get(thing, ()))


def _routing(
    pairs: list[OpenPair],
    placed: BoardPosts,
    rules: BoardRules,
    found: Connected,
    taps: Taps,
    standing: Standing,
) -> BoardRouting:
    traces = tuple(BoardTrace(pairs[wire.request].net, wire.layer, wire.width, wire.path) for wire in found.wires)
    ends: dict[int, list[Wire]] = {}
    for wire in found.wires:
        for post in (wire.start, wire.end):
            ends.setdefault(post, []).append(wire)

    def in_pour(post: int) -> bool:
        """Whether the one wire that ends there lies in a pour of the piece to which it leads."""
        one, *others = ends[post]
        pair = pairs[one.request]
        return not others and any(one.layer in taps.layers(piece, post) for piece in (pair.start, pair.end))

    drilled: dict[int, list[BoardVia]] = {}
    copper: dict[int, list[Metal]] = {}
    for post, wires in ends.items():
        if post < len(placed.posts) and not (placed.posts[post].candidate and in_pour(post)):
            net = pairs[wires[0].request].net
            drilled[post] = _vias(placed.posts[post], placed.via_at[post], net, found.ranges[post], rules)
            copper[post] = [drawn(via) for via in drilled[post]]
    for number, posts in placed.of_thing.items():
        thing = standing.things[number]
        for post in posts:
            if post in ends:
                copper.setdefault(post, []).extend((thing.layers, shape) for shape in metal_of(thing.shapes))
    lengths: dict[int, list[float]] = {}
    for wire in found.wires:
        lengths.setdefault(wire.request, []).append(_bare_length(wire, copper))
    connections = tuple(
        BoardConnection(
            pair.net,
            pair.start_pad,
            pair.end_pad,
            pair.straight,
            None if number in found.open else math.fsum(lengths.get(number, ())),
            found.open.get(number, ""),
        )
        for number, pair in enumerate(pairs)
    )
    return BoardRouting(traces, tuple(via for _, vias in sorted(drilled.items()) for via in vias), connections)


def _vias(post: Post, at: Point | None, net: str, reached: tuple[int, int], rules: BoardRules) -> list[BoardVia]:
    """What is to be drilled at a post beyond what stands there."""
    first, last = reached
    if at is None or first >= last:
        return []
    sizes = rules.of(net).vias
    stands = range(post.first, post.last + 1)
    levels = [k for k in range(first, last) if k not in stands or k + 1 not in stands]
    if not levels:
        return []
    if rules.through:
        return [BoardVia(net, at, post.stands[0].layer, post.stands[-1].layer, sizes[0])]
    return [BoardVia(net, at, k, k + 1, sizes[k - 1]) for k in levels]


def _bare_length(wire: Wire, copper: Mapping[int, Sequence[Metal]]) -> float:
    """Length of a wire outside the copper of its two ends [nm]; a branch point is as wide as the wire."""
    ends = [s for post in (wire.start, wire.end) for layers, s in copper.get(post, ()) if wire.layer in layers]
    line = shapely.LineString(path_points(wire.path, 10.0))
    return float(shapely.length(shapely.difference(line, shapely.union_all(ends))))
