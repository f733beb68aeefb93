"""Laws of the sketches and of what works on them: drawing and undoing, ways, negotiation, trees, shorter ways."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import LINE, SPACE, RandomFlow, each_layer, random_flow
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from woven import Stack, each_stack, lawful, overfull_cuts, random_errand, random_stack, state_of, straight

from kicad_rdl.read.job import read_job
from kicad_rdl.route import negotiate as negotiation
from kicad_rdl.route import route
from kicad_rdl.route import sketches as sketches_module
from kicad_rdl.route.errands import Errand, Way
from kicad_rdl.route.frontier import frontier_for, pop, push
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.improve import improve, taut_lengths
from kicad_rdl.route.joins import join_trees
from kicad_rdl.route.negotiate import Negotiation, Wanted, negotiate
from kicad_rdl.route.sketches import FACES, Sketches
from kicad_rdl.route.wants import Tree, neighbours

PRICE = 6.0 * (LINE + SPACE)


def never() -> bool:
    return False


def quiet(done: int, total: int) -> None:
    assert 0 <= done <= total


def fill(stack: Stack, sketches: Sketches, chance: Random, tries: int) -> list[tuple[Errand, Way, list[int]]]:
    """Draws connections between random terminals wherever there is a way that pushes nobody."""
    made = []
    for _ in range(tries):
        errand = random_errand(stack, chance)
        way = None if errand is None else sketches.find(errand)
        if errand is None or way is None:
            continue
        mark = sketches.keep()
        wires = sketches.draw(way, errand.widths)
        if len(wires) > 1 and sketches.squeezed_out(wires) != []:
            sketches.back_to(mark)
        else:
            made.append((errand, way, wires))
    return made


# --- sketches -------------------------------------------------------------------------------------------------------


@each_stack
def test_ways_cross_nothing_and_fit(seed: int) -> None:
    """Every way found without a price is drawn beside all others; ends, layers and length are those asked for."""
    stack = random_stack(seed)
    sketches = stack.sketches()
    lawful(sketches)
    for errand, way, wires in fill(stack, sketches, Random(seed), 12):
        assert way.crossed == ()
        assert way.cost >= straight(sketches, way) - 1.0
        ends = [sketches.ends_of(wire) for wire in wires]
        assert ends[0][0] in dict(errand.starts)
        assert ends[-1][1] in dict(errand.ends)
        assert {sketches.layer_of(wire) for wire in wires} <= set(errand.layers)
        for (_, via), (again, _) in itertools.pairwise(ends):
            assert via == again
            assert stack.posted.least[via] == (1, 0)  # only candidates change the layer
            first, last = sketches.standing(via)
            assert first < last
    lawful(sketches)


Step = tuple[str, int]


@given(
    seed=st.integers(0, 23),
    steps=st.lists(
        st.tuples(st.sampled_from(("draw", "draw", "draw", "remove", "keep", "back", "forget")), st.integers(0, 10**6)),
        max_size=14,
    ),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_steps_leave_sound_sketches(seed: int, steps: list[Step]) -> None:
    """Whatever is drawn, removed and undone: lists, books, posts and orders agree, and what is undone comes back."""
    stack = random_stack(seed)
    sketches = stack.sketches()
    kept: list[tuple[int, object]] = []
    for what, number in steps:
        if what == "draw":
            fill(stack, sketches, Random(number), 3)
        elif what == "remove" and sketches.alive:
            sketches.remove(sorted(sketches.alive)[number % len(sketches.alive)])
        elif what == "keep":
            kept.append((sketches.keep(), state_of(sketches)))
        elif what == "back" and kept:
            mark, before = kept.pop()
            sketches.back_to(mark)
            assert state_of(sketches) == before
        elif what == "forget":
            sketches.forget()
            kept.clear()
    lawful(sketches)


@pytest.mark.parametrize("seed", range(0, 24, 3))
def test_forgetting_makes_room_and_keeps_the_state(seed: int) -> None:
    """The arrays are packed when most of them is waste; what is drawn then is what would have been drawn."""
    stack = random_stack(seed)
    plain, packed = stack.sketches(), stack.sketches()
    drawn: list[tuple[Errand, Way, list[int]]] = []
    for sketches in (plain, packed):
        drawn = fill(stack, sketches, Random(seed), 8)
        for number in [w for _, _, wires in drawn for w in wires][::2]:
            sketches.remove(number)
    before, mark = state_of(packed), packed.keep()
    used = packed.next_node
    while drawn and packed.next_node < 10_000:  # waste
        errand = drawn[0][0]
        way = packed.find(errand)
        if way is None:
            break
        for _ in range(200):
            packed.draw(way, errand.widths)
            packed.back_to(mark)
    assert state_of(packed) == before
    wasted = packed.next_node
    packed.forget()
    assert packed.next_node <= used if wasted >= 10_000 else packed.next_node == wasted
    assert state_of(packed) == before
    shapes = []
    for sketches in (plain, packed):  # the numbers of wires go on, so only what they look like can be compared
        fill(stack, sketches, Random(seed + 1), 8)
        shapes.append([list(sketches.wires_on(layer).values()) for layer in range(len(stack.tiles))])
    assert shapes[0] == shapes[1]
    lawful(packed)


@each_layer
def test_what_is_removed_can_be_drawn_again(seed: int) -> None:
    """The place that a wire had is still there."""
    flow = random_flow(seed)
    sketches = flow.sketches()
    full = overfull_cuts(sketches)
    for wire in sorted(sketches.alive)[::2]:
        start, end = sketches.ends_of(wire)
        beside = {line.split(":")[0] for line in overfull_cuts(sketches)}
        sketches.remove(wire)
        way = sketches.find(Errand(((start, 0.0),), ((end, 0.0),), (float(LINE),), (0,), 0.0))
        if not beside:
            assert way is not None
        if way is not None:
            sketches.draw(way, [float(LINE)])
    lawful(sketches, full)


@each_stack
def test_a_stretched_search_is_never_longer_than_allowed(seed: int) -> None:
    work = random_work(seed, 14)
    for number in range(len(work.wanted)):
        errand = work.errand(number, PRICE)
        best, near = work.sketches.find(errand, PRICE), work.sketches.find(errand, PRICE, stretch=1.3)
        assert (best is None) == (near is None)
        if best is not None and near is not None:
            assert near.cost <= 1.3 * best.cost
            work.push(number, near)


@pytest.mark.parametrize("seed", range(4))
def test_a_search_makes_room_for_what_it_looks_at(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def ways() -> list[tuple[float, list[int]]]:
        stack = random_stack(seed)
        return [(way.cost, wires) for _, way, wires in fill(stack, stack.sketches(), Random(seed), 20)]

    wanted = ways()
    assert len(wanted) > 2
    monkeypatch.setattr(sketches_module, "ENTRIES", 1)
    assert ways() == wanted


def test_a_frontier_is_in_order() -> None:
    chance = Random(1)
    entries = [(float(chance.randrange(9)), chance.randrange(9)) for _ in range(200)]
    frontier = frontier_for(200)
    for cost, state in entries:
        push(frontier, cost, state)
    assert not frontier.lost
    assert [pop(frontier) for _ in entries] == sorted(entries)


@each_stack
def test_connections_ask_for_the_nearest_ends(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kicad_rdl.route.negotiate.NEAREST", 2)
    work = random_work(seed, 14)
    negotiate(work, list(range(0, len(work.wanted), 2)), quiet, never)
    for number, wanted in enumerate(work.wanted):
        if wanted.exclusive and number not in work.wires:
            start = work.sketches.place(wanted.starts[0])
            near = sorted(wanted.ends, key=lambda p: (math.dist(work.sketches.place(p), start), p))
            free = [p for p in near if p not in work.claims][:2]
            asked = [post for post, _ in work.errand(number, PRICE).ends]
            assert asked == free + [p for p in near[:2] if p in work.claims]


def test_what_is_shut_in_has_no_way() -> None:
    """What is shut in is not found by the search either; among few faces only what is closed near by is."""
    found: Counter[tuple[bool, bool]] = Counter()
    for seed in range(24):
        stack, chance = random_stack(seed), Random(seed)
        sketches = stack.sketches()
        fill(stack, sketches, chance, 25)
        for _ in range(10):
            errand = random_errand(stack, chance)
            if errand is not None:
                shut, near = sketches.shut_in(errand, FACES), sketches.shut_in(errand, 5)
                assert not shut or sketches.find(errand) is None
                assert shut or not near
                found[shut, near] += 1
    assert found[True, True] > 0
    assert found[True, False] > 0
    assert found[False, False] > 0


@each_stack
def test_relieving_leaves_nothing_overfull(seed: int) -> None:
    work = random_work(seed, 14)
    for number in range(len(work.wanted)):
        way = work.sketches.find(work.errand(number, PRICE), PRICE)
        if way is not None and not way.crossed and int(work.sketches.ground.post[way.end]) not in work.claims:
            work.draw(number, way)  # through gaps and diagonals that have no room
    work.relieve()
    sound(work)


@each_stack
def test_a_closed_gap_takes_no_more(seed: int) -> None:
    stack = random_stack(seed)
    sketches = stack.sketches()
    drawn = fill(stack, sketches, Random(seed), 8)
    busy = [(layer, gap) for layer in range(len(stack.tiles)) for gap in sorted(sketches.orders_on(layer))]
    before = {place: list(sketches.orders_on(place[0])[place[1]]) for place in busy}
    for layer, gap in busy:
        sketches.close(layer, gap)
    old = {w for _, _, wires in drawn for w in wires}
    fill(stack, sketches, Random(seed + 1), 8)
    for layer, gap in busy:
        assert sketches.orders_on(layer)[gap] == before[(layer, gap)]
    for _, _, wires in drawn:  # and takes back what left it
        for wire in wires:
            sketches.remove(wire)
    assert not old & set(sketches.alive)
    lawful(sketches)


# --- negotiation ----------------------------------------------------------------------------------------------------


def random_work(seed: int, many: int) -> Negotiation:
    """Connections between random terminals, no two at one; some may choose among several ends that serve one only."""
    stack, chance = random_stack(seed), Random(seed)
    terminals = stack.terminals
    chance.shuffle(terminals)
    count = len(stack.tiles)
    half = len(terminals) // 2
    wanted = []
    shared = tuple(sorted(terminals[half : half + half // 3]))
    for k in range(min(half, many)):
        layers = tuple(sorted(chance.sample(range(count), chance.randint(1, count))))
        widths = (float(chance.choice((LINE, LINE, 2 * LINE))),) * count
        free = half + k < half + half // 3
        ends = shared if free else (terminals[half + k],)
        wanted.append(Wanted((terminals[k],), ends, widths, layers, 20_000.0, free))
    return Negotiation(stack.sketches(), wanted, PRICE)


def sound(work: Negotiation, full: list[str] | None = None) -> None:
    """The sketches are legal, and what is said of the connections is what is drawn."""
    sketches = work.sketches
    lawful(sketches, full or [])
    assert {w: n for n, wires in work.wires.items() for w in wires} == work.owner
    assert sorted(work.owner) == sorted(sketches.alive)
    claims = {}
    for number, wires in work.wires.items():
        wanted = work.wanted[number]
        ends = [sketches.ends_of(wire) for wire in wires]
        assert ends[0][0] in wanted.starts
        assert ends[-1][1] == work.end[number]
        assert work.end[number] in wanted.ends
        assert all(one[1] == two[0] for one, two in itertools.pairwise(ends))
        assert {sketches.layer_of(wire) for wire in wires} <= set(wanted.layers)
        if wanted.exclusive:
            assert work.end[number] not in claims
            claims[work.end[number]] = number
    assert claims == work.claims


@each_stack
def test_every_push_leaves_a_legal_state(seed: int) -> None:
    """Whoever is crossed or squeezed goes at once; what cannot be pushed changes nothing; all of it can be undone."""
    work = random_work(seed, 14)
    mark, start = work.keep(), state_of(work.sketches)
    for number in range(len(work.wanted)):
        way = work.sketches.find(work.errand(number, PRICE), PRICE)
        if way is None:
            continue
        before = state_of(work.sketches)
        drawn = set(work.wires)
        victims = work.push(number, way)
        if victims is None:
            assert state_of(work.sketches) == before
        else:
            assert set(work.wires) == (drawn | {number}) - set(victims)
        sound(work)
    work.back_to(mark)
    assert state_of(work.sketches) == start
    assert work.wires == work.claims == work.owner == work.end == {}


@each_stack
def test_negotiation_ends_legal_and_says_what_is_open(seed: int) -> None:
    work = random_work(seed, 20)
    early = list(range(0, len(work.wanted), 3))
    first = negotiate(work, early, quiet, never, pushes=4)
    assert set(first) == set(early) - set(work.wires)
    drawn = len(work.wires)
    late = [n for n in range(len(work.wanted)) if n not in early]
    second = negotiate(work, late, quiet, never, pushes=4)
    sound(work)
    # also those are open that made room for others; but the more are drawn the better
    assert set(second) == set(range(len(work.wanted))) - set(work.wires) - set(first)
    assert len(work.wires) >= drawn
    for number in second:  # what is open could not be drawn without pushing
        way = work.sketches.find(work.errand(number, 0.0))
        assert way is None or not work.fit(number, way) or len(second) > 1


@pytest.mark.parametrize("seed", range(0, 24, 4))
def test_negotiation_is_the_same_again(seed: int) -> None:
    one, other = random_work(seed, 14), random_work(seed, 14)
    numbers = range(len(one.wanted))
    assert negotiate(one, numbers, quiet, never) == negotiate(other, numbers, quiet, never)
    assert state_of(one.sketches) == state_of(other.sketches)
    assert (one.wires, one.end, one.pushed) == (other.wires, other.end, other.pushed)


@pytest.fixture
def only_pushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negotiation ends where nobody pushes any more."""
    monkeypatch.setattr(negotiation, "_exchange", lambda *_: None)
    monkeypatch.setattr(negotiation, "drawn_beside", lambda *_: False)


@pytest.mark.usefixtures("only_pushing")
@pytest.mark.parametrize("seed", [19, 26, 45, 55])
def test_the_more_connections_the_farther_a_search_goes(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = random_work(seed, 30), random_work(seed, 30)
    monkeypatch.setattr(negotiation, "FACES", 2)
    monkeypatch.setattr(negotiation, "FACES_EACH", 1)
    negotiate(far, range(len(far.wanted)), quiet, never)
    monkeypatch.setattr(negotiation, "FACES_EACH", 0)
    negotiate(near, range(len(near.wanted)), quiet, never)
    assert len(near.wires) < len(far.wires)


@pytest.mark.usefixtures("only_pushing")
@pytest.mark.parametrize("seed", [19, 26])
def test_who_found_no_way_comes_back(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands at its ends may be gone by then."""
    work = random_work(seed, 30)
    in_vain: set[int] = set()
    pushed_by = negotiation._pushed_by

    def later(work: Negotiation, number: int, price: float) -> list[int] | None:
        if number not in in_vain:
            in_vain.add(number)
            return None
        return pushed_by(work, number, price)

    monkeypatch.setattr(negotiation, "_pushed_by", later)
    negotiate(work, range(len(work.wanted)), quiet, never)
    assert work.wires


@pytest.mark.parametrize("seed", [19, 26, 45, 55])
def test_exchanges_draw_more(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for one the open place wanders until somebody finds room."""
    one, other = random_work(seed, 30), random_work(seed, 30)
    numbers = range(len(one.wanted))
    left = negotiate(one, numbers, quiet, never)
    sound(one)
    assert set(left) == set(numbers) - set(one.wires)
    monkeypatch.setattr("kicad_rdl.route.negotiate._exchange", lambda *_: None)
    assert len(left) < len(negotiate(other, numbers, quiet, never))


@pytest.mark.parametrize("seed", [19, 26, 45, 55])
def test_exchanges_end_when_no_price_brings_more(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    work = random_work(seed, 30)
    told: list[tuple[float, bool]] = []

    def watched(work: Negotiation, left: list[int], price: float, *more: Any) -> None:
        before = len(work.wires)
        exchange(work, left, price, *more)
        told.append((price / work.first_price, len(work.wires) > before))

    exchange = negotiation._exchange
    monkeypatch.setattr(negotiation, "_exchange", watched)
    assert negotiate(work, range(len(work.wanted)), quiet, never)
    prices = [price for price, _ in told]
    low, high = negotiation.EXCHANGE_PRICES
    assert prices == ([low, high] * len(told))[: len(told)]
    assert [gain for _, gain in told[-2:]] == [False, False]
    assert all(gain or after for (_, gain), (_, after) in itertools.pairwise(told[:-1]))


@pytest.mark.parametrize("patience", [0, 3, 10, 25, 60])
@pytest.mark.parametrize("seed", [2, 6, 9, 14])
def test_negotiation_cut_short_keeps_the_best(seed: int, patience: int) -> None:
    """Legal wherever it is stopped, and never with fewer connections than there were at some time."""
    work = random_work(seed, 20)
    asked = most = 0

    def late() -> bool:
        nonlocal asked
        asked += 1
        return asked > patience

    def step(done: int, total: int) -> None:
        nonlocal most
        most = max(most, done)

    left = negotiate(work, range(len(work.wanted)), step, late)
    sound(work)
    assert set(left) == set(range(len(work.wanted))) - set(work.wires)
    assert len(work.wires) >= most


@pytest.mark.parametrize("seed", [9, 25, 125])
def test_what_pushes_nobody_overfills_nothing(seed: int) -> None:
    """Also where the vias of a way stand beside another leg of it."""
    stack, chance = random_stack(seed), Random(seed)
    work = Negotiation(stack.sketches(), [], PRICE)
    for number in range(25):
        errand = random_errand(stack, chance)
        assert errand is not None
        starts, ends = (tuple(post for post, _ in them) for them in (errand.starts, errand.ends))
        work.wanted.append(Wanted(starts, ends, errand.widths, errand.layers, errand.via_price))
        way = work.sketches.find(errand)
        if way is not None and not work.fit(number, way):
            assert len(way.legs) > 1
    sound(work)


# --- trees ----------------------------------------------------------------------------------------------------------


def flow_work(flow: RandomFlow) -> Negotiation:
    """The wires of a flow as connections that may choose among all sinks."""
    sketches = flow.sketches()
    sinks = tuple(sorted(flow.task.sink_vertex.tolist()))
    work = Negotiation(sketches, [], PRICE)
    for number, wire in enumerate(sorted(sketches.alive)):
        start, end = sketches.ends_of(wire)
        fixed = number % 3 == 0
        work.wanted.append(Wanted((start,), (end,) if fixed else sinks, (float(LINE),), (0,), 0.0, True))
        work.adopt(number, (wire,), end)
    return work


def trees_of(flow: RandomFlow) -> list[Tree]:
    """The vertices of every net that has several."""
    nets: dict[str, list[int]] = {}
    for vertex in range(flow.tiles.obstacle_count):
        net = flow.net_of(vertex)
        if net >= 0:
            nets.setdefault(f"n{net:03}", []).append(vertex)
    return [Tree(net, tuple(own), (float(LINE),), (0,), 0.0) for net, own in nets.items() if len(own) > 1]


@each_layer
def test_trees_join_what_can_be_joined(seed: int) -> None:
    """Wires of a net, no cycle among them; what is still apart has no way left."""
    flow = random_flow(seed)
    work, trees = flow_work(flow), trees_of(flow)
    sketches = work.sketches
    full, flows = overfull_cuts(sketches), len(work.wanted)
    nets = [f"n{flow.net_of(w.starts[0]):03}" for w in work.wanted]
    join_trees(work, nets, trees, quiet, never)
    lawful(sketches, full)
    assert len(nets) == len(work.wanted)
    net_of = {post: tree.net for tree in trees for post in tree.posts}
    pieces = Groups(len(sketches.posted.vertices))
    for number, wires in sorted(work.wires.items()):
        for wire in wires:
            one, two = sketches.ends_of(wire)
            if number >= flows:
                assert net_of[one] == net_of[two] == nets[number]
                assert pieces.root(one) != pieces.root(two)
            pieces.join(one, two)
    for tree in trees:
        for root in sorted({pieces.root(p) for p in tree.posts}):
            own = tuple((p, 0.0) for p in tree.posts if pieces.root(p) == root)
            others = tuple((p, 0.0) for p in tree.posts if pieces.root(p) != root)
            assert not others or sketches.find(Errand(own, others, (float(LINE),), (0,), 0.0)) is None


@pytest.mark.parametrize("seed", range(20))
def test_neighbours_hold_a_shortest_tree(seed: int) -> None:
    """Kruskal over the neighbours is as short as over all pairs."""
    chance = Random(seed)
    count = chance.randint(1, 12)
    grid = chance.random() < 0.5  # cocircular and collinear points
    reach = 3 if grid else 10**6
    places = sorted({(chance.randint(-reach, reach), chance.randint(-reach, reach)) for _ in range(count)})
    points = np.array(places, dtype=float)
    whole = cdist(points, points)
    few = np.zeros_like(whole)
    for a, b in neighbours(points):
        few[a, b] = whole[a, b]
    assert minimum_spanning_tree(few).sum() == pytest.approx(minimum_spanning_tree(whole).sum())


# --- shorter ways ---------------------------------------------------------------------------------------------------


@each_layer
def test_improving_never_makes_longer(seed: int) -> None:
    """No connection is lost, those with one end keep it, no end serves two, and the sum does not grow."""
    flow = random_flow(seed)
    work = flow_work(flow)
    full = overfull_cuts(work.sketches)
    numbers, ends = sorted(work.wires), dict(work.end)
    before = sum(taut_lengths(work.sketches, sorted(work.sketches.alive)).values())
    improve(work, numbers, quiet, never)
    sound(work, full)
    assert sum(taut_lengths(work.sketches, sorted(work.sketches.alive)).values()) <= before + 1.0
    assert sorted(work.wires) == numbers
    assert {n: work.end[n] for n in numbers[::3]} == {n: ends[n] for n in numbers[::3]}


def test_who_may_not_push_so_many_changes_nothing() -> None:
    refused = 0
    for seed in range(6):
        work = flow_work(random_flow(seed))
        for number in sorted(work.wires):
            mark = work.keep()
            work.take_out(number)
            kept = work.keep(), work.sketches.orders_on(0), dict(work.end), dict(work.claims)
            way = work.sketches.find(work.errand(number, 1.0), 1.0)
            gone = None if way is None else work.push(number, way, 0)
            if way is not None and gone is None:
                refused += 1
                assert kept == (work.keep(), work.sketches.orders_on(0), work.end, work.claims)
            assert not gone
            work.back_to(mark)
    assert refused > 10


@pytest.mark.parametrize("seed", range(0, 24, 2))
def test_improving_on_several_layers_is_legal(seed: int) -> None:
    work = random_work(seed, 14)
    negotiate(work, range(len(work.wanted)), quiet, never, pushes=4)
    numbers = sorted(work.wires)
    improve(work, numbers, quiet, never)
    sound(work)
    assert sorted(work.wires) == numbers


def test_a_small_detour_is_taken_out() -> None:
    """All detours that something can be done about are shorter than two pitches or a fiftieth of the way."""
    package = read_job(Path(__file__).parents[1] / "examples" / "area_array" / "a16_2rdl.toml").package
    assert route(package).improvement.gained > 0
