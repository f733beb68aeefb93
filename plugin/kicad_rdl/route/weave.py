"""The sketch of all layers in arrays: wires woven through tiles, the search for a way, insertion and removal.

No coordinates are fixed here: a wire is the sequence of gaps that it crosses, and every gap has its wires in order.
A tile is cut into faces by the wires that run through it; a new wire goes from face to face (rubber-band sketch, Dayan
1997). It may cross a wire, overfill a gap or change the layer at a post, each at a price (negotiated congestion,
McMurchie and Ebeling 1995).

Elements are what a wire can meet on the rim of a tile: gap ``e`` is element ``e``, corner ``k`` of tile ``t`` element
``gaps + 3 t + k``. The wires at an element are a doubly linked list of *nodes*, on a gap from its lower to its higher
vertex, at a corner counter-clockwise. An *interval* lies between two nodes of an element: it is named by the node
before it, or by the element if it is the first.
"""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.triangulation import F64, I64

ROOMY = 4
ROUNDING = 8.0
"""As ``tiles.ROOMY`` and ``tiles.SLACK``: above so many wires a gap keeps so much for rounding [nm]."""

TOO_FAR = 1e18


class Ground(NamedTuple):
    """What does not change while wires come and go; see ``mesh``."""

    xy: F64
    triangles: I64
    triangle_edges: I64
    edges: I64
    edge_triangles: I64
    base: F64
    """[e] distance of the discs' centres (of hulls: their distance) plus one space [nm]."""
    diagonal: F64
    """[e] likewise between the two apexes; infinite where that is no cut."""
    apex: I64
    """[e, 2] corners of the left and right tile that are not on the gap; -1: none."""
    clear: F64
    """[e] distance of the obstacles at both ends when both stand [nm]."""
    reach: F64
    """[v] how far the copper of a vertex reaches from its place [nm]."""
    layer: I64
    """[v] from 0."""
    tile_layer: I64
    around_start: I64
    around: I64
    """Tiles around every vertex, flattened."""
    post: I64
    """[v] the post that stands there; -1: the outline."""
    post_start: I64
    """[p + 1] vertices of a post, by layer, are ``post_vertex[post_start[p] : post_start[p + 1]]``."""
    post_vertex: I64
    through: I64
    """[p] 1: a via of it stands on all its layers."""
    least: I64
    """[p, 2] places in ``post_vertex`` (from, to) where it stands in any case; from > to: nowhere."""
    space: F64
    """[layers] [nm]."""
    octilinear: bool


class Book(NamedTuple):
    """The wires, and what they leave free."""

    wire: I64
    element: I64
    before: I64
    after: I64
    """Along the wire."""
    below: I64
    above: I64
    """Along the element."""
    tile: I64
    """Tile between a node and the next of its wire; -1 at the last."""
    first: I64
    last: I64
    """[elements]"""
    used: F64
    count: I64
    crossed: F64
    crossings: I64
    """Of the other diagonals [e]."""
    block: F64
    """[v] what a vertex keeps of each of its gaps [nm]."""
    full: F64
    """[v] what it keeps when it stands [nm]."""
    legs: I64
    """[v] wires that end there."""
    standing: I64
    """[p, 2] places in ``post_vertex`` (from, to) where a post stands now."""
    history: F64
    """[e] how often a gap was too narrow."""
    head: I64
    tail: I64
    width: F64
    """[w] with the space that its class asks for beyond that of the layer [nm]."""
    price: F64
    """[w] of crossing it, in units of the price of the search."""
    meta: I64
    """Next node, next wire."""


class Field(NamedTuple):
    """Room for one search; entries count only where ``stamp`` is that of the search."""

    stamp: I64
    best: F64
    came: I64
    x: F64
    y: F64
    cut: I64
    entry: I64
    goal_stamp: I64
    goal_cost: F64
    own_stamp: I64
    meta: I64
    """The last stamp."""


@compiled
def slack(count):  # type: ignore[no-untyped-def]
    return 0.0 if count <= ROOMY else ROUNDING * (count + 1)


@compiled
def room(g, b, e):  # type: ignore[no-untyped-def]
    """What is left in a gap for one more wire and its space [nm]."""
    if g.edge_triangles[e, 0] < 0 or g.edge_triangles[e, 1] < 0:
        return -TOO_FAR
    return g.base[e] - b.block[g.edges[e, 0]] - b.block[g.edges[e, 1]] - b.used[e] - slack(b.count[e] + 1)


@compiled
def over(g, b, e):  # type: ignore[no-untyped-def]
    """By how much a gap is overfull [nm]."""
    return b.used[e] + slack(b.count[e]) - g.base[e] + b.block[g.edges[e, 0]] + b.block[g.edges[e, 1]]


@compiled
def diagonal_room(g, b, e):  # type: ignore[no-untyped-def]
    if g.diagonal[e] >= TOO_FAR:
        return TOO_FAR
    keep = b.block[g.apex[e, 0]] + b.block[g.apex[e, 1]]
    return g.diagonal[e] - keep - b.crossed[e] - slack(b.crossings[e] + 1)


@compiled
def diagonal_over(g, b, e):  # type: ignore[no-untyped-def]
    if g.diagonal[e] >= TOO_FAR:
        return -TOO_FAR
    keep = b.block[g.apex[e, 0]] + b.block[g.apex[e, 1]]
    return b.crossed[e] + slack(b.crossings[e]) - g.diagonal[e] + keep


@compiled
def distance(g, dx, dy):  # type: ignore[no-untyped-def]
    if g.octilinear:
        dx, dy = abs(dx), abs(dy)
        return max(dx, dy) + 0.41421356237309503 * min(dx, dy)
    return math.sqrt(dx * dx + dy * dy)


@compiled
def ahead_of(g, goals, x, y):  # type: ignore[no-untyped-def]
    """Distance to the nearest goal, and its place."""
    nearest, gx, gy = TOO_FAR, x, y
    for goal in goals:
        d = distance(g, g.xy[goal, 0] - x, g.xy[goal, 1] - y)
        if d < nearest:
            nearest, gx, gy = d, g.xy[goal, 0], g.xy[goal, 1]
    return nearest, gx, gy


# --- walking along the rim of a tile ---


@compiled
def side_of(g, t, element):  # type: ignore[no-untyped-def]
    """Place of an element on the rim of a tile: 2 k is corner k, 2 k + 1 the gap between corners k and k + 1."""
    gaps = len(g.edges)
    if element >= gaps:
        return 2 * ((element - gaps) % 3)
    for k in range(3):
        if g.triangle_edges[t, k] == element:
            return 2 * k + 1
    return -1


@compiled
def element_at(g, t, j):  # type: ignore[no-untyped-def]
    return len(g.edges) + 3 * t + j // 2 if j % 2 == 0 else g.triangle_edges[t, j // 2]


@compiled
def forward(g, t, j):  # type: ignore[no-untyped-def]
    """Whether the rim runs along the element's own order."""
    return j % 2 == 0 or g.edges[g.triangle_edges[t, j // 2], 0] == g.triangles[t, j // 2]


@compiled
def next_node(g, b, t, j, c):  # type: ignore[no-untyped-def]
    """The node after ``c`` on the rim (after the beginning of the element if c is -1); -1: none."""
    x = element_at(g, t, j)
    if forward(g, t, j):
        return b.first[x] if c < 0 else b.above[c]
    return b.last[x] if c < 0 else b.below[c]


@compiled
def partner(b, n, t):  # type: ignore[no-untyped-def]
    """The other end of a node's wire inside a tile."""
    return b.after[n] if b.tile[n] == t else b.before[n]


@compiled
def lower_node(g, b, t, j, c):  # type: ignore[no-untyped-def]
    """The node below the interval after ``c`` on the rim, in the element's own order; -1: none."""
    if forward(g, t, j):
        return c
    return b.last[element_at(g, t, j)] if c < 0 else b.below[c]


@compiled
def rim_node(g, b, t, j, lower):  # type: ignore[no-untyped-def]
    """The node before the interval above ``lower``, as the rim runs; -1: none."""
    if forward(g, t, j):
        return lower
    return b.first[element_at(g, t, j)] if lower < 0 else b.above[lower]


# --- linking ---


@compiled
def link(b, n, lower):  # type: ignore[no-untyped-def]
    x = b.element[n]
    upper = b.first[x] if lower < 0 else b.above[lower]
    b.below[n], b.above[n] = lower, upper
    relink(b, n)


@compiled
def relink(b, n):  # type: ignore[no-untyped-def]
    """Puts a node back where it was (the list has not changed since, or was changed back)."""
    x, lower, upper = b.element[n], b.below[n], b.above[n]
    if lower < 0:
        b.first[x] = n
    else:
        b.above[lower] = n
    if upper < 0:
        b.last[x] = n
    else:
        b.below[upper] = n


@compiled
def unlink(b, n):  # type: ignore[no-untyped-def]
    """Takes a node out; it remembers its neighbours."""
    x, lower, upper = b.element[n], b.below[n], b.above[n]
    if lower < 0:
        b.first[x] = upper
    else:
        b.above[lower] = upper
    if upper < 0:
        b.last[x] = lower
    else:
        b.below[upper] = lower


@compiled
def shared(g, e, f):  # type: ignore[no-untyped-def]
    """The vertex that two gaps have in common."""
    u, v = g.edges[e]
    return u if u == g.edges[f, 0] or u == g.edges[f, 1] else v


@compiled
def corner_of(g, t, v):  # type: ignore[no-untyped-def]
    for k in range(3):
        if g.triangles[t, k] == v:
            return k
    return -1


@compiled
def between(g, t, u, v):  # type: ignore[no-untyped-def]
    """The gap of a tile between two of its corners."""
    for k in range(3):
        p, q = g.triangles[t, k], g.triangles[t, (k + 1) % 3]
        if (p == u and q == v) or (p == v and q == u):
            return g.triangle_edges[t, k]
    return -1


@compiled
def diagonals_of(g, b, w, found):  # type: ignore[no-untyped-def]
    """Gaps whose other diagonals a wire crosses; returns how many were written to ``found``."""
    gaps = len(g.edges)
    size = 0
    n = b.head[w]
    cut_before = -1
    while b.after[n] >= 0:
        m = b.after[n]
        t = b.tile[n]
        at_start, at_end = b.element[n] >= gaps, b.element[m] >= gaps
        if at_start and at_end:
            u, v = g.triangles[t, (b.element[n] - gaps) % 3], g.triangles[t, (b.element[m] - gaps) % 3]
            found[size] = between(g, t, u, v)
            size += 1
            cut = -1
        elif at_start or at_end:
            k = (b.element[n if at_start else m] - gaps) % 3
            cut = g.triangles[t, k]
            found[size], found[size + 1] = g.triangle_edges[t, k], g.triangle_edges[t, (k + 2) % 3]
            size += 2
        else:
            cut = shared(g, b.element[n], b.element[m])
            found[size] = g.triangle_edges[t, (corner_of(g, t, cut) + 1) % 3]
            size += 1
        if not at_start:
            u, v = g.edges[b.element[n]]
            if (cut_before == u and cut == v) or (cut_before == v and cut == u):
                found[size] = b.element[n]
                size += 1
        cut_before = cut
        n = m
    return size


@compiled
def length_of(b, w):  # type: ignore[no-untyped-def]
    """Nodes of a wire."""
    n, size = b.head[w], 0
    while n >= 0:
        size += 1
        n = b.after[n]
    return size


@compiled
def account(g, b, w, sign):  # type: ignore[no-untyped-def]
    """Books a wire on its gaps and diagonals, or takes it off."""
    gaps = len(g.edges)
    n = b.head[w]
    need = 0.0
    while n >= 0:
        x = b.element[n]
        need = b.width[w] + g.space[g.tile_layer[b.tile[n] if b.tile[n] >= 0 else b.tile[b.before[n]]]]
        if x < gaps:
            b.used[x] += sign * need
            b.count[x] += sign
            if b.count[x] == 0:
                b.used[x] = 0.0
        else:
            t = (x - gaps) // 3
            b.legs[g.triangles[t, (x - gaps) % 3]] += sign
        n = b.after[n]
    found = np.empty(3 * length_of(b, w) + 3, np.int64)
    for i in range(diagonals_of(g, b, w, found)):
        b.crossed[found[i]] += sign * need
        b.crossings[found[i]] += sign
        if b.crossings[found[i]] == 0:
            b.crossed[found[i]] = 0.0


@compiled
def raise_posts(g, b, w):  # type: ignore[no-untyped-def]
    """Lets the posts at the ends of a wire stand as far as they must."""
    gaps = len(g.edges)
    for n in (b.head[w], b.tail[w]):
        x = b.element[n]
        settle(g, b, g.post[g.triangles[(x - gaps) // 3, (x - gaps) % 3]])


@compiled
def settle(g, b, p):  # type: ignore[no-untyped-def]
    """Finds out on which layers a post must stand."""
    if p < 0:
        return
    start, stop = g.post_start[p], g.post_start[p + 1]
    low, high = g.least[p, 0], g.least[p, 1]
    for i in range(stop - start):
        if b.legs[g.post_vertex[start + i]] > 0:
            if low > high:
                low, high = i, i
            else:
                low, high = min(low, i), max(high, i)
    if g.through[p] and low < high:
        low, high = 0, stop - start - 1
    if b.standing[p, 0] == low and b.standing[p, 1] == high:
        return
    b.standing[p, 0], b.standing[p, 1] = low, high
    for i in range(stop - start):
        v = g.post_vertex[start + i]
        b.block[v] = b.full[v] if low <= i <= high else g.space[g.layer[v]] / 2


@compiled
def insert(g, b, width, price, steps, tiles, count):  # type: ignore[no-untyped-def]
    """Draws a wire; returns its number.

    ``steps[i]`` are element and node below; the first and the last are corners. ``tiles[i]`` lies between steps i and
    i + 1.
    """
    w = b.meta[1]
    b.meta[1] += 1
    b.width[w], b.price[w] = width, price
    last = -1
    for i in range(count):
        n = b.meta[0]
        b.meta[0] += 1
        b.wire[n], b.element[n], b.before[n], b.after[n] = w, steps[i, 0], last, -1
        b.tile[n] = tiles[i] if i < count - 1 else -1
        link(b, n, steps[i, 1])
        if last < 0:
            b.head[w] = n
        else:
            b.after[last] = n
        last = n
    b.tail[w] = last
    account(g, b, w, 1)
    raise_posts(g, b, w)
    return w


@compiled
def remove(g, b, w):  # type: ignore[no-untyped-def]
    account(g, b, w, -1)
    n = b.tail[w]
    while n >= 0:
        unlink(b, n)
        n = b.before[n]
    raise_posts(g, b, w)


@compiled
def restore(g, b, w):  # type: ignore[no-untyped-def]
    """Undoes the removal of a wire; all that was done after it must be undone already."""
    n = b.head[w]
    while n >= 0:
        relink(b, n)
        n = b.after[n]
    account(g, b, w, 1)
    raise_posts(g, b, w)


# --- the search ---


@compiled
def standing_price(g, b, p, low, high, price):  # type: ignore[no-untyped-def]
    """Price of letting a post stand on its places ``low`` to ``high``; TOO_FAR where it cannot."""
    total = 0.0
    start = g.post_start[p]
    for i in range(low, high + 1):
        if b.standing[p, 0] <= i <= b.standing[p, 1]:
            continue
        v = g.post_vertex[start + i]
        more = b.full[v] - b.block[v]
        for a in range(g.around_start[v], g.around_start[v + 1]):
            t = g.around[a]
            k = corner_of(g, t, v)
            for e in (g.triangle_edges[t, k], g.triangle_edges[t, (k + 2) % 3]):
                lack = over(g, b, e) + more
                if lack > 1e-6:
                    if lack > b.used[e] + slack(b.count[e]) + 1e-6 or price <= 0.0:
                        return TOO_FAR
                    total += 0.5 * price * (1.0 + b.history[e])  # every gap is seen from both its tiles
            e = g.triangle_edges[t, (k + 1) % 3]
            lack = diagonal_over(g, b, e) + more
            if lack > 1e-6:
                if lack > b.crossed[e] + slack(b.crossings[e]) + 1e-6 or price <= 0.0:
                    return TOO_FAR
                total += price * (1.0 + b.history[e])
    return total


@compiled
def via_range(g, b, p, i, j):  # type: ignore[no-untyped-def]
    """Places (from, to) of a post that must stand when it is used on places i and j."""
    low, high = min(i, j), max(i, j)
    if b.standing[p, 0] <= b.standing[p, 1]:
        low, high = min(low, b.standing[p, 0]), max(high, b.standing[p, 1])
    if g.through[p] and low < high:
        return 0, g.post_start[p + 1] - g.post_start[p] - 1
    return low, high


@compiled
def crossing_place(g, b, e, lower, width, x, y, gx, gy):  # type: ignore[no-untyped-def]
    """Where a wire from (x, y) towards (gx, gy) would cross an interval: its straight line, held inside what is free."""
    u, v = g.edges[e]
    ax, ay = g.xy[u]
    dx, dy = g.xy[v, 0] - ax, g.xy[v, 1] - ay
    length = math.sqrt(dx * dx + dy * dy)
    before = 0.0
    space = g.space[g.layer[u]]
    n = lower
    while n >= 0:
        before += b.width[b.wire[n]] + space
        n = b.below[n]
    after = b.used[e] - before
    hidden = max(0.0, length - g.clear[e]) if b.block[u] == b.full[u] or b.block[v] == b.full[v] else 0.0
    share = g.reach[u] / max(g.reach[u] + g.reach[v], 1.0)
    low = hidden * share + before + space + width / 2
    high = length - hidden * (1 - share) - after - space - width / 2
    if low > high:
        low = high = (low + high) / 2
    across = (gx - x) * dy - (gy - y) * dx
    ahead = (gx - x) * (y - ay) - (gy - y) * (x - ax)
    t = ahead / across * length if abs(across) > 1e-9 else (low + high) / 2
    t = min(max(t, low), high) / length
    return ax + dx * t, ay + dy * t


@compiled
def overfull_price(lack, held, price, history):  # type: ignore[no-untyped-def]
    """Price of what must go so that something fits; TOO_FAR where nothing can go."""
    if lack <= 1e-6:
        return 0.0
    if price <= 0.0 or lack > held + 1e-6:
        return TOO_FAR
    return price * (1.0 + history)


@compiled
def passage_price(g, b, t, begin, entry, end, leave, cut_before, need, price):  # type: ignore[no-untyped-def]
    """Price of the other diagonals that a wire crosses in a tile, from a corner or gap to a corner or gap (-1: not)."""
    total = 0.0
    if begin >= 0 and end >= 0:
        e = between(g, t, begin, end)
        return overfull_price(need - diagonal_room(g, b, e), b.crossed[e], price, b.history[e])
    if begin >= 0 or end >= 0:
        cut = begin if begin >= 0 else end
        k = corner_of(g, t, cut)
        for e in (g.triangle_edges[t, k], g.triangle_edges[t, (k + 2) % 3]):
            total += overfull_price(need - diagonal_room(g, b, e), b.crossed[e], price, b.history[e])
    else:
        cut = shared(g, entry, leave)
        e = g.triangle_edges[t, (corner_of(g, t, cut) + 1) % 3]
        total += overfull_price(need - diagonal_room(g, b, e), b.crossed[e], price, b.history[e])
    if entry >= 0 and cut_before >= 0:
        u, v = g.edges[entry]
        if (cut_before == u and cut == v) or (cut_before == v and cut == u):
            total += overfull_price(need - diagonal_room(g, b, entry), b.crossed[entry], price, b.history[entry])
    return total


@compiled
def find(g, b, f, starts, start_cost, goals, goal_cost, own, width, allowed, price, via_price, most, limit, strict):  # type: ignore[no-untyped-def]
    """The cheapest way from any of some vertices to any of others.

    Args:
        g, b, f: ground, book, field.
        starts, start_cost: [n] vertices where it may begin, and what that costs [nm].
        goals, goal_cost: [m] likewise where it may end.
        own: vertices whose gaps it need not pass: its own ends.
        width: [layers] of the wire, with the extra space of its class [nm].
        allowed: [layers] 1 where it may run.
        price: of crossing a wire or overfilling a gap [nm]; 0: not at all.
        via_price: of changing one layer at a post that is free [nm]; negative: not at all.
        most: faces that are looked at.
        limit: cost beyond which nothing is looked for [nm].
        strict: refuse ways that cross a gap twice (costs time).

    Returns:
        Cost (TOO_FAR: none), last state, vertex and interval of the end.
    """
    gaps, elements = len(g.edges), len(b.first)
    nodes = len(b.wire)
    intervals = elements + nodes
    crossed_base, vertex_base = 2 * intervals, 2 * intervals + 2 * nodes
    f.meta[0] += 1
    now = f.meta[0]
    for i in range(len(goals)):
        v = goals[i]
        if f.goal_stamp[v] != now or goal_cost[i] < f.goal_cost[v]:
            f.goal_stamp[v], f.goal_cost[v] = now, goal_cost[i]
    for v in own:
        f.own_stamp[v] = now
    heap = [(0.0, 0)]
    heap.pop()
    finish, finish_state, finish_vertex, finish_interval = TOO_FAR, -1, -1, -1

    for i in range(len(starts)):
        v = starts[i]
        if not allowed[g.layer[v]]:
            continue
        x, y = g.xy[v]
        ahead, _, _ = ahead_of(g, goals, x, y)
        for a in range(g.around_start[v], g.around_start[v + 1]):
            t = g.around[a]
            element = gaps + 3 * t + corner_of(g, t, v)
            n = -1
            while True:
                state = 2 * (element if n < 0 else elements + n)
                f.stamp[state], f.best[state], f.came[state] = now, start_cost[i], -1
                f.x[state], f.y[state], f.cut[state], f.entry[state] = x, y, v, -1
                heapq.heappush(heap, (start_cost[i] + ahead, state))
                n = b.first[element] if n < 0 else b.above[n]
                if n < 0:
                    break

    looked = 0
    while len(heap) > 0:
        estimate, state = heapq.heappop(heap)
        if estimate >= finish or estimate >= limit:
            break
        cost = f.best[state]
        x, y = f.x[state], f.y[state]
        ahead, gx, gy = ahead_of(g, goals, x, y)
        if estimate > cost + ahead + 1e-6:
            continue  # a cheaper way to this state was found meanwhile
        looked += 1
        if looked > most:
            break

        if state >= vertex_base:  # at a post that may stand here: go to its other layers
            v = state - vertex_base
            p = g.post[v]
            here = -1
            first, stop = g.post_start[p], g.post_start[p + 1]
            for i in range(stop - first):
                if g.post_vertex[first + i] == v:
                    here = i
            for i in range(stop - first):
                u = g.post_vertex[first + i]
                if i == here or not allowed[g.layer[u]]:
                    continue
                low, high = via_range(g, b, p, here, i)
                layers = 1 if g.through[p] else high - low
                more = standing_price(g, b, p, low, high, price)
                if more >= TOO_FAR:
                    continue
                total = cost + via_price * layers + more
                d, _, _ = ahead_of(g, goals, g.xy[u, 0], g.xy[u, 1])
                for a in range(g.around_start[u], g.around_start[u + 1]):
                    t = g.around[a]
                    element = gaps + 3 * t + corner_of(g, t, u)
                    n = -1
                    while True:
                        new = 2 * (element if n < 0 else elements + n)
                        if f.stamp[new] != now or total < f.best[new] - 1e-9:
                            f.stamp[new], f.best[new], f.came[new] = now, total, state
                            f.x[new], f.y[new], f.cut[new], f.entry[new] = g.xy[u, 0], g.xy[u, 1], u, -1
                            heapq.heappush(heap, (total + d, new))
                        n = b.first[element] if n < 0 else b.above[n]
                        if n < 0:
                            break
            continue

        # the face that the state opens into
        came_over = -1
        if state >= crossed_base:
            n = (state - crossed_base) // 2
            came_over = n
            t = b.tile[n]
            m = b.after[n]
            c = n if (state - crossed_base) % 2 == 0 else m
            j = side_of(g, t, b.element[c])
        else:
            i = state // 2
            lower = i - elements if i >= elements else -1
            element = b.element[lower] if lower >= 0 else i
            t = (element - gaps) // 3 if element >= gaps else g.edge_triangles[element, state % 2]
            j = side_of(g, t, element)
            c = rim_node(g, b, t, j, lower)
        entry, cut_before = f.entry[state], f.cut[state]
        begin = cut_before if entry < 0 else -1
        layer = g.tile_layer[t]
        need = width[layer] + g.space[layer] - 1e-6
        j0, c0 = j, c
        rim = 0
        while True:
            rim += 1
            if rim > 6 + 2 * nodes:
                raise ValueError("the rim of a face does not close")
            if j % 2 == 0:
                v = g.triangles[t, j // 2]
                if v != begin and (entry < 0 or (v != g.edges[entry, 0] and v != g.edges[entry, 1])):
                    is_goal = f.goal_stamp[v] == now
                    p = g.post[v]
                    if is_goal or (
                        via_price >= 0.0
                        and p >= 0
                        and g.least[p, 0] > g.least[p, 1]
                        and b.standing[p, 0] > b.standing[p, 1]
                        and f.own_stamp[v] != now
                    ):
                        more = passage_price(g, b, t, begin, entry, v, -1, cut_before, need, price)
                        total = cost + distance(g, g.xy[v, 0] - x, g.xy[v, 1] - y) + more
                        if is_goal:
                            total += f.goal_cost[v]
                            if total < finish and total < limit:
                                lower = c
                                interval = elements + lower if lower >= 0 else gaps + 3 * t + j // 2
                                finish, finish_state, finish_vertex, finish_interval = total, state, v, interval
                        elif total < limit:
                            new = vertex_base + v
                            if f.stamp[new] != now or total < f.best[new] - 1e-9:
                                f.stamp[new], f.best[new], f.came[new] = now, total, state
                                f.x[new], f.y[new] = g.xy[v, 0], g.xy[v, 1]
                                # the interval at the corner where the wire ends
                                f.cut[new] = elements + c if c >= 0 else gaps + 3 * t + j // 2
                                f.entry[new] = t
                                d, _, _ = ahead_of(g, goals, g.xy[v, 0], g.xy[v, 1])
                                heapq.heappush(heap, (total + d, new))
            else:
                e = g.triangle_edges[t, j // 2]
                u, v = g.edges[e]
                other = 1 if g.edge_triangles[e, 0] == t else 0
                beyond = g.edge_triangles[e, other]
                if (
                    beyond >= 0
                    and e != entry
                    and f.own_stamp[u] != now
                    and f.own_stamp[v] != now
                    and (begin < 0 or (u != begin and v != begin))
                ):
                    lack = need - room(g, b, e)
                    more = overfull_price(lack, b.used[e] + slack(b.count[e] + 1), price, b.history[e])
                    if more < TOO_FAR:
                        lower = lower_node(g, b, t, j, c)
                        px, py = crossing_place(g, b, e, lower, width[layer], x, y, gx, gy)
                        total = cost + distance(g, px - x, py - y) + more
                        new = 2 * (elements + lower if lower >= 0 else e) + other
                        if (f.stamp[new] != now or total < f.best[new] - 1e-9) and total < limit:
                            total += passage_price(g, b, t, begin, entry, -1, e, cut_before, need, price)
                            fine = total < limit and (f.stamp[new] != now or total < f.best[new] - 1e-9)
                            if fine and strict:
                                s = state
                                while s >= 0:
                                    if s < vertex_base and f.entry[s] == e:
                                        fine = False
                                        break
                                    s = f.came[s]
                            if fine:
                                d, _, _ = ahead_of(g, goals, px, py)
                                if total + d < limit:
                                    f.stamp[new], f.best[new], f.came[new] = now, total, state
                                    f.x[new], f.y[new], f.entry[new] = px, py, e
                                    f.cut[new] = begin if begin >= 0 else shared(g, entry, e)
                                    heapq.heappush(heap, (total + d, new))
            # on along the rim
            n = next_node(g, b, t, j, c)
            if n < 0:
                j, c = (j + 1) % 6, -1
            else:
                other_end = partner(b, n, t)
                # beyond the chord lies the interval just after n on the rim
                base = n if b.tile[n] == t else b.before[n]
                if price > 0.0 and b.price[b.wire[n]] < TOO_FAR and base != came_over:
                    total = cost + price * b.price[b.wire[n]]
                    new = crossed_base + 2 * base + (0 if base == n else 1)
                    if (f.stamp[new] != now or total < f.best[new] - 1e-9) and total + ahead < limit:
                        f.stamp[new], f.best[new], f.came[new] = now, total, state
                        f.x[new], f.y[new], f.entry[new], f.cut[new] = x, y, entry, cut_before
                        heapq.heappush(heap, (total + ahead, new))
                j, c = side_of(g, t, b.element[other_end]), other_end
            if j == j0 and c == c0:
                break
    return finish, finish_state, finish_vertex, finish_interval


@compiled
def trace_back(g, b, f, state, vertex, interval, steps, tiles, leg_start, crossed):  # type: ignore[no-untyped-def]
    """The way that ends at an interval of a corner, from its beginning.

    Writes for every leg, one after the other, its steps (element, node below) and tiles; ``leg_start`` gets where each
    begins, ``crossed`` the wires that it crosses.

    Returns:
        Number of legs (-1: a gap is crossed twice), steps and crossed wires.
    """
    gaps, elements = len(g.edges), len(b.first)
    intervals = elements + len(b.wire)
    crossed_base, vertex_base = 2 * intervals, 2 * intervals + 2 * len(b.wire)
    size, legs, cuts = 0, 0, 0
    # from the end to the beginning, then turned over
    leg_start[0] = 0
    lower = interval - elements if interval >= elements else -1
    element = b.element[lower] if lower >= 0 else interval
    steps[0, 0], steps[0, 1], tiles[0] = element, lower, (element - gaps) // 3
    size = 1
    while state >= 0:
        if state >= vertex_base:
            legs += 1
            leg_start[legs] = size
            i = f.cut[state]
            lower = i - elements if i >= elements else -1
            element = b.element[lower] if lower >= 0 else i
            steps[size, 0], steps[size, 1], tiles[size] = element, lower, (element - gaps) // 3
            size += 1
        elif state >= crossed_base:
            crossed[cuts] = b.wire[(state - crossed_base) // 2]
            cuts += 1
        else:
            i = state // 2
            lower = i - elements if i >= elements else -1
            element = b.element[lower] if lower >= 0 else i
            steps[size, 0], steps[size, 1] = element, lower
            # the tile that the way leaves to come here: on the other side of the gap
            tiles[size] = (element - gaps) // 3 if element >= gaps else g.edge_triangles[element, 1 - state % 2]
            size += 1
        state = f.came[state]
    legs += 1
    leg_start[legs] = size
    for leg in range(legs):
        for i in range(leg_start[leg], leg_start[leg + 1]):
            for k in range(i + 1, leg_start[leg + 1]):
                if steps[i, 0] == steps[k, 0]:
                    return -1, size, cuts
    for i in range(size // 2):
        for k in range(2):
            steps[i, k], steps[size - 1 - i, k] = steps[size - 1 - i, k], steps[i, k]
        tiles[i], tiles[size - 1 - i] = tiles[size - 1 - i], tiles[i]
    for i in range(legs // 2 + 1):
        a, z = leg_start[i], leg_start[legs - i]
        leg_start[i], leg_start[legs - i] = size - z, size - a
    # so far the tile before each step; wanted is the one behind it
    for leg in range(legs):
        for i in range(leg_start[leg], leg_start[leg + 1] - 1):
            tiles[i] = tiles[i + 1]
    return legs, size, cuts


@compiled
def squeezed_out(g, b, w, keep, found):  # type: ignore[no-untyped-def]
    """Wires that must go so that the gaps and diagonals beside a new wire and its posts are not overfull.

    Args:
        w: the new wire.
        keep: number of the first wire that may not go (those drawn just now).
        found: gets the wires.

    Returns:
        How many; -1 if it cannot be done. The gaps concerned get a history.
    """
    gaps = len(g.edges)
    edges = np.empty(4 * length_of(b, w) + 4000, np.int64)
    size = diagonals_of(g, b, w, edges)
    for i in range(size):
        edges[i] = -1 - edges[i]
    n = b.head[w]
    while n >= 0:
        x = b.element[n]
        if x < gaps:
            edges[size] = x
            size += 1
        else:
            v0 = g.triangles[(x - gaps) // 3, (x - gaps) % 3]
            p = g.post[v0]
            for i in range(g.post_start[p], g.post_start[p + 1]):
                v = g.post_vertex[i]
                if b.block[v] != b.full[v]:
                    continue
                for a in range(g.around_start[v], g.around_start[v + 1]):
                    t = g.around[a]
                    k = corner_of(g, t, v)
                    if size + 2 < len(edges):
                        edges[size] = g.triangle_edges[t, k]
                        edges[size + 1] = -1 - g.triangle_edges[t, (k + 1) % 3]
                        size += 2
        n = b.after[n]
    count = 0
    for i in range(size):
        if edges[i] >= 0:
            e = edges[i]
            lack = over(g, b, e)
            if lack <= 1e-5:
                continue
            b.history[e] += 0.5
            for k in range(count):  # what goes already frees room
                if crosses(b, found[k], e):
                    lack -= b.width[found[k]] + g.space[g.layer[g.edges[e, 0]]]
            while lack > 1e-5:
                best, best_price = -1, TOO_FAR
                n = b.first[e]
                while n >= 0:
                    other = b.wire[n]
                    if other < keep and b.price[other] < best_price and not listed(found, count, other):
                        best, best_price = other, b.price[other]
                    n = b.above[n]
                if best < 0:
                    return -1
                found[count] = best
                count += 1
                lack -= b.width[best] + g.space[g.layer[g.edges[e, 0]]]
        else:
            e = -1 - edges[i]
            lack = diagonal_over(g, b, e)
            if lack <= 1e-5:
                continue
            b.history[e] += 0.5
            for k in range(count):
                if crosses_diagonal(g, b, found[k], e):
                    lack -= b.width[found[k]] + g.space[g.layer[g.edges[e, 0]]]
            while lack > 1e-5:
                best, best_price = -1, TOO_FAR
                for side in range(2):
                    t = g.edge_triangles[e, side]
                    for j in range(6):
                        n = b.first[element_at(g, t, j)]
                        while n >= 0:
                            other = b.wire[n]
                            if (
                                other < keep
                                and b.price[other] < best_price
                                and not listed(found, count, other)
                                and crosses_diagonal(g, b, other, e)
                            ):
                                best, best_price = other, b.price[other]
                            n = b.above[n]
                if best < 0:
                    return -1
                found[count] = best
                count += 1
                lack -= b.width[best] + g.space[g.layer[g.edges[e, 0]]]
    return count


@compiled
def listed(found, count, wire):  # type: ignore[no-untyped-def]
    for k in range(count):
        if found[k] == wire:
            return True
    return False


@compiled
def crosses(b, w, e):  # type: ignore[no-untyped-def]
    n = b.head[w]
    while n >= 0:
        if b.element[n] == e:
            return True
        n = b.after[n]
    return False


@compiled
def crosses_diagonal(g, b, w, e):  # type: ignore[no-untyped-def]
    edges = np.empty(3 * length_of(b, w) + 3, np.int64)
    for i in range(diagonals_of(g, b, w, edges)):
        if edges[i] == e:
            return True
    return False


@compiled
def compacted(b, alive, wire, element, before, after, below, above, tile, number):  # type: ignore[no-untyped-def]
    """Copies the nodes of the wires that are alive to the front of new arrays; returns how many there are."""
    number[:] = -1
    size = 0
    for w in range(len(alive)):
        if alive[w]:
            n = b.head[w]
            while n >= 0:
                number[n] = size
                size += 1
                n = b.after[n]
    for n in range(len(number)):
        m = number[n]
        if m < 0:
            continue
        wire[m], element[m], tile[m] = b.wire[n], b.element[n], b.tile[n]
        before[m] = number[b.before[n]] if b.before[n] >= 0 else -1
        after[m] = number[b.after[n]] if b.after[n] >= 0 else -1
        below[m] = number[b.below[n]] if b.below[n] >= 0 else -1
        above[m] = number[b.above[n]] if b.above[n] >= 0 else -1
    for x in range(len(b.first)):
        if b.first[x] >= 0:
            b.first[x], b.last[x] = number[b.first[x]], number[b.last[x]]
    for w in range(len(alive)):
        if alive[w]:
            b.head[w], b.tail[w] = number[b.head[w]], number[b.tail[w]]
    return size


@compiled
def listing(g, b, alive, start, elements, tiles):  # type: ignore[no-untyped-def]
    """Elements and tiles of every wire that is alive, flattened; ``start`` gets where each begins."""
    size = 0
    for i in range(len(alive)):
        start[i] = size
        n = b.head[alive[i]]
        while n >= 0:
            elements[size], tiles[size] = b.element[n], b.tile[n]
            size += 1
            n = b.after[n]
    start[len(alive)] = size
    return size
