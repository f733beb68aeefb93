"""Connects posts by wires: the router for whoever has posts and requests, an open board first of all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kicad_rdl.geometry import Path
from kicad_rdl.model.report import Progress
from kicad_rdl.route.blocking import Blockade, net_names, words_of
from kicad_rdl.route.carry import carry
from kicad_rdl.route.ground import Posted
from kicad_rdl.route.improve import improve
from kicad_rdl.route.laying import Laying, lay
from kicad_rdl.route.negotiate import FIRST_PRICE, VIA_PRICE, Negotiation, Wanted, booked_width, negotiate
from kicad_rdl.route.posts import LayerRules, Post, Request
from kicad_rdl.route.round_ends import widest_ends
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.tiles import Obstacle, Tiles, build_tiles
from kicad_rdl.units import um

STANDINGS = 3
"""How often the tiles are made anew with only those posts that are used."""


@dataclass(frozen=True, slots=True)
class ViaModel:
    """How dear a change of layer is."""

    price: float | None = None
    """Length of trace that it is worth [nm]; None: two pitches of the first layer's traces."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A trace of a request, from post to post."""

    request: int
    layer: int
    """From 1."""
    start: int
    end: int
    path: Path
    width: int


@dataclass(frozen=True, slots=True)
class Connected:
    """What came of it.

    Attributes:
        wires: the traces.
        ranges: of every post the layers (first, last) on which it stands now; first > last: on none.
        open: request -> why it is open.
    """

    wires: tuple[Wire, ...]
    ranges: tuple[tuple[int, int], ...]
    open: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Task:
    posts: Sequence[Post]
    rules: Sequence[LayerRules]
    half_width: float
    half_height: float
    octilinear: bool
    via_price: float


@dataclass(frozen=True, slots=True)
class _Leg:
    """A part of a request on its way; the whole of it until it is known where it changes the layer."""

    request: int
    wanted: Wanted


@dataclass(slots=True)
class _Stage:
    legs: list[_Leg]
    work: Negotiation
    reach: list[tuple[int, int]]
    """Of every post the layers on which it may stand, as tiles were made for it."""


def connect(
    posts: Sequence[Post],
    rules: Sequence[LayerRules],
    requests: Sequence[Request],
    half_width: float,
    half_height: float,
    vias: ViaModel,
    octilinear: bool = False,
    budget: float | None = None,
    say: Callable[[Progress], None] | None = None,
) -> Connected:
    """Draws a wire for every request, as far as they fit.

    Args:
        posts: everything that stands on the layers, or may.
        rules: of each layer.
        requests: what is to be connected.
        half_width, half_height: the outline is ``[-half, half]`` on each axis [nm].
        vias: their price.
        octilinear: whether traces take eight directions only.
        budget: seconds; when they are over, what is drawn is laid and improved no further.
        say: hears of progress.
    """
    tell = say or (lambda _: None)
    stop = None if budget is None else time.monotonic() + budget

    def late() -> bool:
        return stop is not None and time.monotonic() > stop

    price = vias.price if vias.price is not None else VIA_PRICE * (rules[0].line + rules[0].space)
    task = _Task(posts, rules, half_width, half_height, octilinear, price)
    legs = [_Leg(number, _wanted(task, request)) for number, request in enumerate(requests)]
    stage = _begin(task, legs, [(p.stands[0].layer, p.stands[-1].layer) for p in posts])
    _draw(stage, tell, late)
    for _ in range(STANDINGS):
        if not _stands_in_vain(task, stage):
            break
        again = _stood_anew(task, stage)
        _draw(again, tell, late)
        done = len(_requests_done(again)) >= len(_requests_done(stage))
        stage = again if done or _stands_in_vain(task, stage) else stage
    last = stage
    if _stands_in_vain(task, stage):  # for what stays open; nothing is laid around what does not stand
        last = _stood_anew(task, stage, hope=False)
        _draw(last, tell, late)
    improve(last.work, range(len(last.legs)), lambda done, total: tell(Progress("improve", done, total)), late)
    nets = [requests[leg.request].net for leg in last.legs]
    laying = lay(last.work, nets, lambda name, done, total: tell(Progress(name, done, total)), late)
    return _result(task, requests, stage, last, laying)


def _wanted(task: _Task, request: Request) -> Wanted:
    widths = tuple(
        booked_width(width, space, rule.space)
        for width, space, rule in zip(request.widths, request.spaces, task.rules, strict=True)
    )
    layers = range(len(task.rules)) if request.layers is None else [k - 1 for k in request.layers]
    return Wanted(request.starts, request.ends, widths, tuple(layers), task.via_price)


def _begin(task: _Task, legs: list[_Leg], reach: list[tuple[int, int]]) -> _Stage:
    tiles: list[Tiles] = []
    own: list[list[tuple[int, int]]] = [[] for _ in task.posts]
    for layer, rule in enumerate(task.rules):
        found: list[Obstacle] = []
        for index, (post, (first, last)) in enumerate(zip(task.posts, reach, strict=True)):
            for stand in post.stands:
                if stand.layer == layer + 1 and first <= stand.layer <= last:
                    own[index].append((layer, len(found)))
                    found.append(Obstacle(stand.at, stand.shape, post.net, post.name))
        tiles.append(build_tiles(found, task.half_width, task.half_height, rule.space, rule.edge, task.octilinear))
    least = []
    for post, vertices in zip(task.posts, own, strict=True):
        there = [k for k, (layer, _) in enumerate(vertices) if post.first <= layer + 1 <= post.last]
        least.append((there[0], there[-1]) if there else (1, 0))
    ends = widest_ends(((*leg.wanted.starts, *leg.wanted.ends), leg.wanted.widths) for leg in legs)
    posted = Posted(tuple(tuple(v) for v in own), tuple(least), tuple(p.through for p in task.posts), ends)
    sketches = Sketches(tiles, [float(rule.space) for rule in task.rules], posted)
    first_price = FIRST_PRICE * (task.rules[0].line + task.rules[0].space)
    return _Stage(legs, Negotiation(sketches, [leg.wanted for leg in legs], first_price), reach)


def _draw(stage: _Stage, tell: Callable[[Progress], None], late: Callable[[], bool]) -> None:
    negotiate(stage.work, range(len(stage.legs)), lambda done, total: tell(Progress("connect", done, total)), late)


def _requests_done(stage: _Stage) -> set[int]:
    missing = {leg.request for number, leg in enumerate(stage.legs) if number not in stage.work.wires}
    return {leg.request for leg in stage.legs} - missing


def _standing(stage: _Stage, post: int) -> tuple[int, int]:
    first, last = stage.work.sketches.standing(post)
    return first + 1, last + 1


def _stands_in_vain(task: _Task, stage: _Stage) -> bool:
    """Whether tiles were made for something that does not stand."""
    return any(reach[0] <= reach[1] and reach != _standing(stage, post) for post, reach in enumerate(stage.reach))


def _stood_anew(task: _Task, stage: _Stage, hope: bool = True) -> _Stage:
    """The same work on tiles with only those posts that are used, or that open requests might use (in ``hope``)."""
    work, sketches = stage.work, stage.work.sketches
    open_legs = [leg for number, leg in enumerate(stage.legs) if hope and number not in work.wires]
    restless = {p for leg in open_legs for p in (*leg.wanted.starts, *leg.wanted.ends)}
    reach = [stage.reach[post] if post in restless else _standing(stage, post) for post in range(len(task.posts))]
    legs: list[_Leg] = []
    connection: dict[int, int] = {}
    for number, leg in enumerate(stage.legs):
        if number not in work.wires:
            legs.append(leg)
            continue
        for wire in work.wires[number]:
            connection[wire] = len(legs)
            start, end = sketches.ends_of(wire)
            wanted = replace(leg.wanted, starts=(start,), ends=(end,), layers=(sketches.layer_of(wire),))
            legs.append(_Leg(leg.request, wanted))
    # a post that stands because a leg needs it must stand from the beginning
    fixed = [
        post if index in restless or reach[index][0] > reach[index][1] else replace(post, first=low, last=high)
        for index, (post, (low, high)) in enumerate(zip(task.posts, reach, strict=True))
    ]
    again = _begin(replace(task, posts=fixed), legs, reach)
    carry(work, again.work, connection)
    return again


def _result(task: _Task, requests: Sequence[Request], tried: _Stage, stage: _Stage, laying: Laying) -> Connected:
    """What was laid of a stage, and why the rest is open: of ``tried``, where it might have used any post."""
    work, sketches = stage.work, stage.work.sketches
    reasons: dict[int, str] = {}
    for number, leg in enumerate(stage.legs):
        if number not in work.wires or any(laying.path(wire) is None for wire in work.wires[number]):
            reasons[leg.request] = "no legal geometry beside the other traces"
    blockade = Blockade(tried.work.sketches)
    for number, leg in enumerate(tried.legs):
        if number not in tried.work.wires and leg.request in reasons:
            reasons[leg.request] = _why_open(task, requests[leg.request], number, tried.work, blockade)
    wires: list[Wire] = []
    used: dict[int, list[int]] = {}
    for number, leg in enumerate(stage.legs):
        if leg.request in reasons:
            continue
        for wire in work.wires[number]:
            layer = sketches.layer_of(wire) + 1
            start, end = sketches.ends_of(wire)
            path = laying.path(wire)
            assert path is not None
            wires.append(Wire(leg.request, layer, start, end, path, requests[leg.request].widths[layer - 1]))
            for own in (start, end):
                used.setdefault(own, []).append(layer)
    ranges = []
    for index, post in enumerate(task.posts):
        layers = [*used.get(index, ()), *([] if post.candidate else [post.first, post.last])]
        first, last = (min(layers), max(layers)) if layers else (1, 0)
        if post.through and first < last:
            first, last = post.stands[0].layer, post.stands[-1].layer
        ranges.append((first, last))
    return Connected(tuple(wires), tuple(ranges), reasons)


def _why_open(task: _Task, request: Request, number: int, work: Negotiation, blockade: Blockade) -> str:
    """The full gaps that part the ends of a request, or the nets between them."""
    sketches, wanted = work.sketches, work.wanted[number]
    blocking = blockade.between(wanted.starts, wanted.ends, work.errand(number, 0.0), work.first_price)
    crossed = net_names(sketches, blocking.crossed, [post.net for post in task.posts], request.net)
    names = [f"layer {layer}" for layer in range(1, len(task.rules) + 1)]
    ends = (task.posts[wanted.starts[0]].name, task.posts[wanted.ends[0]].name)
    words = words_of(blocking, crossed, ends, names) or "no way beside the other traces was found"
    if not blocking.cut:
        return words
    gap = min(blocking.cut, key=lambda full: (full.lack, full.layer, full.gap))
    tiles = sketches.tiles[gap.layer]
    one, two = (
        tiles.obstacles[v].name if v < tiles.obstacle_count else "the board edge" for v in tiles.edges[gap.gap].tolist()
    )
    return f"{words}; least is missing between {one} and {two} on {names[gap.layer]}: {um(math.ceil(gap.lack))}"
