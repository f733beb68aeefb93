"""One step of the search for a way: from a state to all that can be reached from it at once.

A *state* stands for an interval of a gap or corner through which the way comes into a face, from one of two sides; for
a wire that it has crossed, in one of two directions; or for a vertex at which it may change the layer. The numbers of
intervals come first, then those of wires (by node), then those of vertices.

The functions share their arguments: ground, book, field, frontier, terms, state; side ``j`` of tile ``t``, and ``c``,
the node on it after which the rim goes on (-1: at its beginning); ``end``, the best end so far.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kicad_rdl.route.compiled import inlined
from kicad_rdl.route.crossing import ahead_of, beside_wire, crossing_place, distance
from kicad_rdl.route.frontier import push
from kicad_rdl.route.prices import overfull_price, passage_price, standing_price, via_range
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.weave import (
    TOO_FAR,
    corner_of,
    lower_node,
    next_node,
    partner,
    rim_node,
    room,
    shared,
    side_of,
    slack,
)


class Field(NamedTuple):
    """Room for one search; entries count only where ``stamp`` is that of the search."""

    stamp: I64
    best: F64
    came: I64
    x: F64
    y: F64
    cut: I64
    """The vertex at which the leg begins, or the one that the way went round between this gap and the last; of a state
    at a vertex: the interval at the corner where the leg before it ends."""
    entry: I64
    """The gap; -1: the leg begins here; of a state at a vertex: the tile."""
    goal_stamp: I64
    goal_cost: F64
    own_stamp: I64
    meta: I64
    """The last stamp, and how many faces the last search looked at."""


class Terms(NamedTuple):
    """What is asked of a way; see ``ways.find``."""

    places: F64
    onto: I64
    width: F64
    allowed: I64
    price: float
    via_price: float
    limit: float
    strict: bool
    stretch: float


def field_for(elements: int, nodes: int, vertices: int) -> Field:
    """Room for searches among so many of each."""
    states = 2 * (elements + nodes) + 2 * nodes + vertices
    return Field(
        np.zeros(states, np.int64), np.zeros(states), np.zeros(states, np.int64), np.zeros(states), np.zeros(states),
        np.zeros(states, np.int64), np.zeros(states, np.int64), np.zeros(vertices, np.int64), np.zeros(vertices),
        np.zeros(vertices, np.int64), np.zeros(2, np.int64),
    )  # fmt: skip


@inlined
def first_vertex_state(b):  # type: ignore[no-untyped-def]
    """States from here on stand for vertices."""
    return _first_wire_state(b) + 2 * len(b.wire)


@inlined
def _first_wire_state(b):  # type: ignore[no-untyped-def]
    return 2 * (len(b.first) + len(b.wire))


@inlined
def _better(f, state, cost):  # type: ignore[no-untyped-def]
    """Whether a state has not been reached at so low a cost."""
    return f.stamp[state] != f.meta[0] or cost < f.best[state] - 1e-9


@inlined
def _reach(f, h, state, cost, came, x, y, cut, entry, estimate):  # type: ignore[no-untyped-def]
    """Notes how a state is reached, and what a way through it costs at least, times the stretch [nm]."""
    f.stamp[state], f.best[state], f.came[state] = f.meta[0], cost, came
    f.x[state], f.y[state], f.cut[state], f.entry[state] = x, y, cut, entry
    push(h, estimate, state)


@inlined
def leave(g, b, f, h, terms, v, cost, came):  # type: ignore[no-untyped-def]
    """Begins a leg at a vertex: into every face around it."""
    x, y = g.xy[v]
    ahead, _, _ = ahead_of(g, terms.places, x, y)
    for a in range(g.around_start[v], g.around_start[v + 1]):
        t = g.around[a]
        element = len(g.edges) + 3 * t + corner_of(g, t, v)
        node = -1
        while True:
            state = 2 * (element if node < 0 else len(b.first) + node)
            if _better(f, state, cost):
                _reach(f, h, state, cost, came, x, y, v, -1, cost + terms.stretch * ahead)
            node = b.first[element] if node < 0 else b.above[node]
            if node < 0:
                break


@inlined
def change_layer(g, b, f, h, terms, state):  # type: ignore[no-untyped-def]
    """From a vertex to the other layers of its post, if that may stand there."""
    v = state - first_vertex_state(b)
    p = g.post[v]
    here = -1
    first, stop = g.post_start[p], g.post_start[p + 1]
    for i in range(stop - first):
        if g.post_vertex[first + i] == v:
            here = i
    for i in range(stop - first):
        u = g.post_vertex[first + i]
        if i == here or not terms.allowed[g.layer[u]]:
            continue
        low, high = via_range(g, b, p, here, i)
        layers = 1 if g.through[p] else high - low
        more = standing_price(g, b, p, low, high, terms.price)
        if more < TOO_FAR:
            leave(g, b, f, h, terms, u, f.best[state] + terms.via_price * layers + more, state)


@inlined
def look_round(g, b, f, h, terms, state, aim, end):  # type: ignore[no-untyped-def]
    """Round the rim of the face that a state opens into; returns the best end, found now or before.

    Args:
        aim: distance of the nearest end, and its place [nm].
        end: as ``ways.find`` returns it.
    """
    t, j, c, over = _face_of(g, b, state)
    j0, c0 = j, c
    for _ in range(6 + 2 * len(b.wire)):
        if j % 2 == 0:
            end = _to_corner(g, b, f, h, terms, state, t, j, c, end)
        else:
            _through_gap(g, b, f, h, terms, state, t, j, c, aim)
        node = next_node(g, b, t, j, c)
        if node < 0:
            j, c = (j + 1) % 6, -1
        else:
            # beyond the chord lies the interval just after the node on the rim
            chord = node if b.tile[node] == t else b.before[node]
            if len(terms.onto) > 0 and terms.onto[b.wire[node]] >= 0:
                end = _onto_wire(g, b, f, terms, state, chord, end)
            if terms.price > 0.0 and b.price[b.wire[node]] < TOO_FAR and chord != over:
                _over_wire(b, f, h, terms, state, chord, node, aim)
            c = partner(b, node, t)
            j = side_of(g, t, b.element[c])
        if j == j0 and c == c0:
            return end
    raise ValueError("the rim of a face does not close")


@inlined
def _face_of(g, b, state):  # type: ignore[no-untyped-def]
    """Tile, side and node where the rim of a state's face begins, and the chord that it has just crossed (-1: none)."""
    elements, wires = len(b.first), _first_wire_state(b)
    if state >= wires:
        chord = (state - wires) // 2
        t = b.tile[chord]
        c = chord if (state - wires) % 2 == 0 else b.after[chord]
        return t, side_of(g, t, b.element[c]), c, chord
    i = state // 2
    lower = i - elements if i >= elements else -1
    element = b.element[lower] if lower >= 0 else i
    gaps = len(g.edges)
    t = (element - gaps) // 3 if element >= gaps else g.edge_triangles[element, state % 2]
    j = side_of(g, t, element)
    return t, j, rim_node(g, b, t, j, lower), -1


@inlined
def _to_corner(g, b, f, h, terms, state, t, j, c, end):  # type: ignore[no-untyped-def]
    """The way ends at a corner, or may change the layer there."""
    v = g.triangles[t, j // 2]
    entry, cut = f.entry[state], f.cut[state]
    begin = cut if entry < 0 else -1
    if v == begin or (entry >= 0 and (v == g.edges[entry, 0] or v == g.edges[entry, 1])):
        return end
    is_goal = f.goal_stamp[v] == f.meta[0]
    if not is_goal and not _may_change(g, b, f, terms, v):
        return end
    if terms.strict and _beside(g, b, f, state, v):
        return end
    layer = g.tile_layer[t]
    need = terms.width[layer] + g.space[layer] - 1e-6
    more = passage_price(g, b, t, begin, entry, v, -1, cut, need, terms.price)
    total = f.best[state] + distance(g, g.xy[v, 0] - f.x[state], g.xy[v, 1] - f.y[state]) + more
    interval = len(b.first) + c if c >= 0 else len(g.edges) + 3 * t + j // 2
    if is_goal:
        total += f.goal_cost[v]
        if total < end[0] and total < terms.limit:
            end = (total, state, v, interval)
    elif total < terms.limit:
        new = first_vertex_state(b) + v
        if _better(f, new, total):
            x, y = g.xy[v]
            ahead, _, _ = ahead_of(g, terms.places, x, y)
            _reach(f, h, new, total, state, x, y, interval, t, total + terms.stretch * ahead)
    return end


@inlined
def _may_change(g, b, f, terms, v):  # type: ignore[no-untyped-def]
    """Whether a vertex is free for a via of this way."""
    p = g.post[v]
    return (
        terms.via_price >= 0.0
        and p >= 0
        and g.least[p, 0] > g.least[p, 1]
        and b.standing[p, 0] > b.standing[p, 1]
        and f.own_stamp[v] != f.meta[0]
    )


@inlined
def _through_gap(g, b, f, h, terms, state, t, j, c, aim):  # type: ignore[no-untyped-def]
    """The way goes on through an interval of a gap."""
    e = g.triangle_edges[t, j // 2]
    u, v = g.edges[e]
    entry, cut, now = f.entry[state], f.cut[state], f.meta[0]
    begin = cut if entry < 0 else -1
    other = 1 if g.edge_triangles[e, 0] == t else 0
    if (
        g.edge_triangles[e, other] < 0
        or e == entry
        or f.own_stamp[u] == now
        or f.own_stamp[v] == now
        or (begin >= 0 and (u == begin or v == begin))
    ):
        return
    layer = g.tile_layer[t]
    need = terms.width[layer] + g.space[layer] - 1e-6
    more = overfull_price(need - room(g, b, e), b.used[e] + slack(b.count[e] + 1), terms.price, b.history[e])
    if more >= TOO_FAR:
        return
    lower = lower_node(g, b, t, j, c)
    px, py = crossing_place(g, b, e, lower, terms.width[layer], f.x[state], f.y[state], aim[1], aim[2])
    total = f.best[state] + distance(g, px - f.x[state], py - f.y[state]) + more
    new = 2 * (len(b.first) + lower if lower >= 0 else e) + other
    if not _better(f, new, total) or total >= terms.limit:
        return
    total += passage_price(g, b, t, begin, entry, -1, e, cut, need, terms.price)
    if not _better(f, new, total) or total >= terms.limit or (terms.strict and _passed(g, b, f, state, e)):
        return
    ahead, _, _ = ahead_of(g, terms.places, px, py)
    if total + ahead >= terms.limit:
        return
    round_vertex = begin if begin >= 0 else shared(g, entry, e)
    _reach(f, h, new, total, state, px, py, round_vertex, e, total + terms.stretch * ahead)


@inlined
def _onto_wire(g, b, f, terms, state, chord, end):  # type: ignore[no-untyped-def]
    """The way ends on a wire that bounds the face."""
    x, y = f.x[state], f.y[state]
    total = f.best[state] + beside_wire(g, b, terms.places, terms.onto[b.wire[chord]], chord, x, y)
    if total < end[0] and total < terms.limit:
        return total, state, -1, chord
    return end


@inlined
def _over_wire(b, f, h, terms, state, chord, node, aim):  # type: ignore[no-untyped-def]
    """The way crosses a wire that bounds the face, at a price."""
    total = f.best[state] + terms.price * b.price[b.wire[node]]
    new = _first_wire_state(b) + 2 * chord + (0 if chord == node else 1)
    if not _better(f, new, total) or total + aim[0] >= terms.limit:
        return
    x, y, cut, entry = f.x[state], f.y[state], f.cut[state], f.entry[state]
    _reach(f, h, new, total, state, x, y, cut, entry, total + terms.stretch * aim[0])


@inlined
def _passed(g, b, f, state, e):  # type: ignore[no-untyped-def]
    """Whether the way to a state crosses a gap, or its leg begins at an end of it."""
    own = True
    vertex_base = first_vertex_state(b)
    while state >= 0:
        if state >= vertex_base:
            own = False
        elif f.entry[state] == e or (own and f.entry[state] < 0 and f.cut[state] in (g.edges[e, 0], g.edges[e, 1])):
            return True
        state = f.came[state]
    return False


@inlined
def _beside(g, b, f, state, v):  # type: ignore[no-untyped-def]
    """Whether the last leg of the way to a state crosses a gap at a vertex."""
    vertex_base = first_vertex_state(b)
    while 0 <= state < vertex_base:
        e = f.entry[state]
        if e >= 0 and (g.edges[e, 0] == v or g.edges[e, 1] == v):
            return True
        state = f.came[state]
    return False
