"""Connects posts by wires: the router for whoever has posts and requests, an open board first of all."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kicad_rdl.geometry import Circle, Path
from kicad_rdl.model.report import Progress
from kicad_rdl.route import midway
from kicad_rdl.route.blocking import Blockade, net_names, words_of
from kicad_rdl.route.carry import carry
from kicad_rdl.route.ground import Posted
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.improve import improve
from kicad_rdl.route.junctions import Restrung
from kicad_rdl.route.laying import NO_GEOMETRY, Laying, lay
from kicad_rdl.route.midway import BranchPoint, View
from kicad_rdl.route.negotiate import FIRST_PRICE, VIA_PRICE, Negotiation, Wanted, booked_width, negotiate
from kicad_rdl.route.posts import LayerRules, Post, Request
from kicad_rdl.route.round_ends import widest_ends
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.tiles import Obstacle, Tiles, build_tiles
from kicad_rdl.route.wants import Tree
from kicad_rdl.units import um

STANDINGS = 3
"""How often the tiles are made anew with only those posts that are used."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A trace of a request, from post to post; numbers beyond those of the posts are branch points of its net."""

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
    requests: Sequence[Request]


@dataclass(frozen=True, slots=True)
class _Leg:
    """A part of a request on its way; the whole of it until it is known where it changes the layer."""

    request: int
    wanted: Wanted


@dataclass(slots=True)
class _Stage:
    task: _Task
    """With the posts as they stand in any case on these tiles."""
    legs: list[_Leg]
    work: Negotiation
    reach: list[tuple[int, int]]
    """Of every post the layers on which it may stand, as tiles were made for it."""
    branches: list[BranchPoint]
    """After all posts."""


def connect(
    posts: Sequence[Post],
    rules: Sequence[LayerRules],
    requests: Sequence[Request],
    half_width: float,
    half_height: float,
    octilinear: bool = False,
    late: Callable[[], bool] = lambda: False,
    say: Callable[[Progress], None] | None = None,
) -> Connected:
    """Draws a wire for every request, as far as they fit.

    Args:
        posts: everything that stands on the layers, or may.
        rules: of each layer.
        requests: what is to be connected.
        half_width, half_height: the outline is ``[-half, half]`` on each axis [nm].
        octilinear: whether traces take eight directions only.
        late: says when what is drawn is laid and improved no further.
        say: hears of progress.
    """
    tell = say or (lambda _: None)
    price = VIA_PRICE * (rules[0].line + rules[0].space)
    task = _Task(posts, rules, half_width, half_height, octilinear, price, requests)
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
    best: Connected | None = None
    joined = _joined_midway(last, tell, late)
    for attempt in [joined] if joined is last else [joined, last]:
        if best is not None and (late() or not any(why.startswith(NO_GEOMETRY) for why in best.open.values())):
            break
        numbers = range(len(attempt.legs))
        improve(attempt.work, numbers, lambda done, total: tell(Progress("improve", done, total)), late)
        attempt = midway.settled(attempt, _view, _again, late)
        laying = lay(attempt.work, _nets(attempt), lambda name, done, total: tell(Progress(name, done, total)), late)
        found = _result(task, stage, attempt, laying)
        if best is None or len(found.open) < len(best.open):
            best = found
    assert best is not None
    return best


def _wanted(task: _Task, request: Request) -> Wanted:
    widths = tuple(
        booked_width(width, space, rule.space)
        for width, space, rule in zip(request.widths, request.spaces, task.rules, strict=True)
    )
    layers = range(len(task.rules)) if request.layers is None else [k - 1 for k in request.layers]
    return Wanted(request.starts, request.ends, widths, tuple(layers), task.via_price, request.exclusive)


def _begin(task: _Task, legs: list[_Leg], reach: list[tuple[int, int]], branches: Sequence[BranchPoint] = ()) -> _Stage:
    tiles: list[Tiles] = []
    own: list[list[tuple[int, int]]] = [[] for _ in (*task.posts, *branches)]
    width = {request.net: request.widths for request in task.requests}
    for layer, rule in enumerate(task.rules):
        found: list[Obstacle] = []
        for index, (post, (first, last)) in enumerate(zip(task.posts, reach, strict=True)):
            for stand in post.stands:
                if stand.layer == layer + 1 and first <= stand.layer <= last:
                    own[index].append((layer, len(found)))
                    found.append(Obstacle(stand.at, stand.shape, post.net, post.name, space=post.space))
        for index, branch in enumerate(branches, len(task.posts)):
            if branch.layer == layer:
                own[index].append((layer, len(found)))
                shape = Circle(width[branch.net][layer])
                found.append(Obstacle(branch.at, shape, branch.net, f"a branch of {branch.net}"))
        tiles.append(build_tiles(found, task.half_width, task.half_height, rule.space, rule.edge, task.octilinear))
    least = []
    for post, vertices in zip(task.posts, own, strict=False):
        there = [k for k, (layer, _) in enumerate(vertices) if post.first <= layer + 1 <= post.last]
        least.append((there[0], there[-1]) if there else (1, 0))
    least += [(0, 0)] * len(branches)
    through = (*(post.through for post in task.posts), *(False for _ in branches))
    ends = widest_ends(((*leg.wanted.starts, *leg.wanted.ends), leg.wanted.widths) for leg in legs)
    posted = Posted(tuple(tuple(v) for v in own), tuple(least), through, ends)
    sketches = Sketches(tiles, [float(rule.space) for rule in task.rules], posted)
    first_price = FIRST_PRICE * (task.rules[0].line + task.rules[0].space)
    wanted = [replace(leg.wanted, ends=tuple(post for post in leg.wanted.ends if own[post])) for leg in legs]
    work = Negotiation(sketches, wanted, first_price)
    pieces = [piece for request in task.requests for piece in (request.starts, request.ends)]
    work.joined = [(piece[0], post) for piece in pieces for post in piece[1:]]
    return _Stage(task, legs, work, reach, list(branches))


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
            layers = (sketches.layer_of(wire),)
            wanted = replace(leg.wanted, starts=(start,), ends=(end,), layers=layers, exclusive=False)
            legs.append(_Leg(leg.request, wanted))
    # a post that stands because a leg needs it must stand from the beginning
    fixed = [
        post if index in restless or reach[index][0] > reach[index][1] else replace(post, first=low, last=high)
        for index, (post, (low, high)) in enumerate(zip(task.posts, reach, strict=True))
    ]
    again = _begin(replace(task, posts=fixed), legs, reach)
    carry(work, again.work, connection)
    return again


def _nets(stage: _Stage) -> list[str]:
    return [stage.task.requests[leg.request].net for leg in stage.legs]


def _joined_midway(stage: _Stage, tell: Callable[[Progress], None], late: Callable[[], bool]) -> _Stage:
    """The same, open requests ending on wires of their own net where that leaves fewer of them."""
    return midway.joined_midway(stage, _view, _again, lambda again: _draw(again, tell, late), late)


def _view(stage: _Stage) -> View:
    requests = stage.task.requests
    trees: dict[str, list[int]] = {}
    for number, request in enumerate(requests):
        trees.setdefault(request.net, []).append(number)
    first = len(stage.task.posts)
    branches = {first + k: branch for k, branch in enumerate(stage.branches)}
    return View(
        stage.work,
        _nets(stage),
        [_tree(stage, numbers) for numbers in trees.values() if len(numbers) > 1],
        branches,
        _loose(stage),
    )


def _loose(stage: _Stage) -> int:
    """How many pieces are apart: each open leg is between two."""
    return len(stage.legs) - len(stage.work.wires)


def _tree(stage: _Stage, numbers: Sequence[int]) -> Tree:
    """Of the requests of one net."""
    requests = [stage.task.requests[number] for number in numbers]
    posts = dict.fromkeys(post for request in requests for post in (*request.starts, *request.ends))
    like = _wanted(stage.task, requests[0])
    return Tree(requests[0].net, tuple(posts), like.widths, like.layers, like.via_price)


def _again(stage: _Stage, branches: Sequence[BranchPoint], cut: Restrung) -> _Stage:
    """The same requests on tiles with other branch points; each junction serves one that was open."""
    legs = [_Leg(stage.legs[number].request, wanted) for number, wanted in zip(cut.origin, cut.wanted, strict=False)]
    left = [leg for n, leg in enumerate(stage.legs) if n not in stage.work.wires and n not in cut.origin]
    pieces = stage.work.pieces()
    served: list[_Leg] = []
    for junction in cut.junctions:
        one, other = junction.starts[0], stage.work.sketches.ends_of(junction.wire)[0]
        leg = _first_on_way(left, pieces, pieces.root(one), pieces.root(other))
        left.remove(leg)
        served.append(leg)
        pieces.join(one, other)
    made = cut.wanted[len(cut.origin) :]
    legs += [_Leg(leg.request, wanted) for leg, wanted in zip(served, made, strict=True)]
    return _begin(stage.task, [*legs, *left], stage.reach, branches)


def _first_on_way(legs: Sequence[_Leg], pieces: Groups, one: int, other: int) -> _Leg:
    """Of the open legs, which make a tree of the pieces, the first on the way from one piece to another."""
    first: dict[int, _Leg | None] = {one: None}
    queue = [one]
    for here in queue:
        for leg in legs:
            ends = [pieces.root(leg.wanted.starts[0]), pieces.root(leg.wanted.ends[0])]
            for near, far in (ends, ends[::-1]):
                if near == here and far not in first:
                    first[far] = first[here] or leg
                    queue.append(far)
    found = first[other]
    assert found is not None
    return found


def _result(task: _Task, tried: _Stage, stage: _Stage, laying: Laying) -> Connected:
    """What was laid of a stage, and why the rest is open: of ``tried``, where it might have used any post."""
    sketches = stage.work.sketches
    wires: list[Wire] = []
    lost: dict[int, str] = {}
    for wire, number in stage.work.owner.items():
        path, layer, request = laying.path(wire), sketches.layer_of(wire) + 1, stage.legs[number].request
        if path is None:
            lost.setdefault(request, laying.why_lost(wire))
        else:
            width = task.requests[request].widths[layer - 1]
            wires.append(Wire(request, layer, *sketches.ends_of(wire), path, width))
    wires = _without_stubs(task, sorted(wires, key=lambda wire: wire.request))
    pieces = Groups(len(sketches.posted.vertices))
    for one, other in (*stage.work.joined, *((wire.start, wire.end) for wire in wires)):
        pieces.join(one, other)
    reasons = {
        number: lost.get(number, NO_GEOMETRY)
        for number, request in enumerate(task.requests)
        if pieces.root(request.starts[0]) != pieces.root(request.ends[0])
    }
    blockade = Blockade(tried.work.sketches)
    for number, leg in enumerate(tried.legs):
        if number not in tried.work.wires and leg.request in reasons:
            asked = task.requests[leg.request]
            # gaps where a wire could not be laid are closed, and would seem full
            reasons[leg.request] = laying.why.get(asked.net) or _why_open(task, asked, number, tried.work, blockade)
    used: dict[int, list[int]] = {}
    for trace in wires:
        for own in (trace.start, trace.end):
            used.setdefault(own, []).append(trace.layer)
    ranges = []
    for index, post in enumerate(task.posts):
        layers = [*used.get(index, ()), *([] if post.candidate else [post.first, post.last])]
        first, last = (min(layers), max(layers)) if layers else (1, 0)
        if post.through and (first < last or (post.candidate and first == last)):
            first, last = post.stands[0].layer, post.stands[-1].layer
        ranges.append((first, last))
    return Connected(tuple(wires), tuple(ranges), reasons)


def _without_stubs(task: _Task, wires: Sequence[Wire]) -> list[Wire]:
    """Takes out wires to branch points and candidates at which no other ends."""
    kept = list(wires)
    ends = {post for request in task.requests for post in (*request.starts, *request.ends)}
    while True:
        legs = Counter(post for wire in kept for post in (wire.start, wire.end))
        alone = {p for p, n in legs.items() if n == 1 and (p >= len(task.posts) or task.posts[p].candidate)} - ends
        left = [wire for wire in kept if wire.start not in alone and wire.end not in alone]
        if len(left) == len(kept):
            return kept
        kept = left


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
