"""The search for a way from face to face."""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import numpy as np

from kicad_rdl.route.compiled import compiled, lean
from kicad_rdl.route.prices import overfull_price, passage_price, standing_price, via_range
from kicad_rdl.route.triangulation import F64, I64
from kicad_rdl.route.weave import (
    TOO_FAR,
    corner_of,
    length_of,
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
    entry: I64
    goal_stamp: I64
    goal_cost: F64
    own_stamp: I64
    meta: I64
    """The last stamp."""


def field_for(elements: int, nodes: int, vertices: int) -> Field:
    """Room for searches among so many of each."""
    states = 2 * (elements + nodes) + 2 * nodes + vertices
    return Field(
        np.zeros(states, np.int64), np.zeros(states), np.zeros(states, np.int64), np.zeros(states), np.zeros(states),
        np.zeros(states, np.int64), np.zeros(states, np.int64), np.zeros(vertices, np.int64), np.zeros(vertices),
        np.zeros(vertices, np.int64), np.zeros(1, np.int64),
    )  # fmt: skip


@lean
def distance(g, dx, dy):  # type: ignore[no-untyped-def]
    """Length of the shortest trace, in any direction or in eight of them."""
    if g.octilinear:
        dx, dy = abs(dx), abs(dy)
        return max(dx, dy) + 0.41421356237309503 * min(dx, dy)
    return math.sqrt(dx * dx + dy * dy)


@lean
def ahead_of(g, places, x, y):  # type: ignore[no-untyped-def]
    """Distance to the nearest of some places, and that place."""
    nearest, gx, gy = TOO_FAR, x, y
    for i in range(len(places)):
        d = distance(g, places[i, 0] - x, places[i, 1] - y)
        if d < nearest:
            nearest, gx, gy = d, places[i, 0], places[i, 1]
    return nearest, gx, gy


@lean
def crossing_place(g, b, e, lower, width, x, y, gx, gy):  # type: ignore[no-untyped-def]
    """Where a wire from (x, y) to (gx, gy) would cross an interval: its straight line, held inside what is free."""
    u, v = g.edges[e]
    ax, ay = g.xy[u]
    dx, dy = g.xy[v, 0] - ax, g.xy[v, 1] - ay
    length = math.sqrt(dx * dx + dy * dy)
    space = g.space[g.layer[u]]
    before = b.upto[lower] if lower >= 0 else 0.0
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
def places_of(g, b, w):  # type: ignore[no-untyped-def]
    """[n, 2] where a wire meets the gaps and corners on its way, about [nm]."""
    gaps = len(g.edges)
    found = np.empty((length_of(b, w), 2))
    n, k = b.head[w], 0
    while n >= 0:
        x = b.element[n]
        if x < gaps:
            found[k] = crossing_place(g, b, x, b.below[n], b.width[w], 0.0, 0.0, 0.0, 0.0)
        else:
            found[k] = g.xy[g.triangles[(x - gaps) // 3, (x - gaps) % 3]]
        n, k = b.after[n], k + 1
    return found


@lean
def beside_wire(g, b, places, first, n, x, y):  # type: ignore[no-untyped-def]
    """Distance of a place from the straight piece of a wire after a node; its places begin at ``first``."""
    i = first
    while b.before[n] >= 0:
        i, n = i + 1, b.before[n]
    dx, dy = places[i + 1, 0] - places[i, 0], places[i + 1, 1] - places[i, 1]
    size = dx * dx + dy * dy
    part = ((x - places[i, 0]) * dx + (y - places[i, 1]) * dy) / size if size > 0.0 else 0.0
    part = min(max(part, 0.0), 1.0)
    return distance(g, places[i, 0] + part * dx - x, places[i, 1] + part * dy - y)


@compiled
def find(  # type: ignore[no-untyped-def]
    g, b, f, starts, start_cost, goals, goal_cost, places, onto, own,
    width, allowed, price, via_price, most, limit, strict, stretch,
):  # fmt: skip
    """The cheapest way from any of some vertices to any of others, or to any of some wires.

    Args:
        g, b, f: ground, book, field.
        starts, start_cost: [n] vertices where it may begin, and what that costs [nm].
        goals, goal_cost: [m] likewise where it may end.
        places: [k, 2] where the ends are [nm].
        onto: [wires] where in ``places`` those of a wire begin on which it may end; -1: it may not; empty: on none.
        own: posts whose gaps it need not pass: its own ends.
        width: [layers] of the wire, with the extra space of its class [nm].
        allowed: [layers] 1 where it may run.
        price: of crossing a wire or overfilling a gap [nm]; 0: not at all.
        via_price: of changing one layer at a post that is free [nm]; negative: not at all.
        most: faces that are looked at.
        limit: cost beyond which nothing is looked for [nm].
        strict: refuse ways that cross a gap twice, or one of their own posts (costs time).
        stretch: the way costs at most so many times the cheapest (weighted A*, Pohl 1970).

    Returns:
        Cost (TOO_FAR: none), last state, vertex and interval of the end; on a wire: -1 and the node before the end.
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
    for p in own:
        for i in range(g.post_start[p], g.post_start[p + 1]):
            f.own_stamp[g.post_vertex[i]] = now
    heap = [(0.0, 0)]
    heap.pop()
    finish, finish_state, finish_vertex, finish_interval = TOO_FAR, -1, -1, -1

    for i in range(len(starts)):
        v = starts[i]
        if not allowed[g.layer[v]]:
            continue
        x, y = g.xy[v]
        ahead, _, _ = ahead_of(g, places, x, y)
        for a in range(g.around_start[v], g.around_start[v + 1]):
            t = g.around[a]
            element = gaps + 3 * t + corner_of(g, t, v)
            n = -1
            while True:
                state = 2 * (element if n < 0 else elements + n)
                f.stamp[state], f.best[state], f.came[state] = now, start_cost[i], -1
                f.x[state], f.y[state], f.cut[state], f.entry[state] = x, y, v, -1
                heapq.heappush(heap, (start_cost[i] + stretch * ahead, state))
                n = b.first[element] if n < 0 else b.above[n]
                if n < 0:
                    break

    looked = 0
    while len(heap) > 0:
        estimate, state = heapq.heappop(heap)
        if estimate >= finish:
            break
        cost = f.best[state]
        x, y = f.x[state], f.y[state]
        ahead, gx, gy = ahead_of(g, places, x, y)
        if estimate > cost + stretch * ahead + 1e-6:
            continue  # a cheaper way to this state was found meanwhile
        if cost + ahead >= limit:
            continue
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
                d, _, _ = ahead_of(g, places, g.xy[u, 0], g.xy[u, 1])
                for a in range(g.around_start[u], g.around_start[u + 1]):
                    t = g.around[a]
                    element = gaps + 3 * t + corner_of(g, t, u)
                    n = -1
                    while True:
                        new = 2 * (element if n < 0 else elements + n)
                        if f.stamp[new] != now or total < f.best[new] - 1e-9:
                            f.stamp[new], f.best[new], f.came[new] = now, total, state
                            f.x[new], f.y[new], f.cut[new], f.entry[new] = g.xy[u, 0], g.xy[u, 1], u, -1
                            heapq.heappush(heap, (total + stretch * d, new))
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
                        if strict and beside(g, f, state, v, vertex_base):
                            total = TOO_FAR
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
                                d, _, _ = ahead_of(g, places, g.xy[v, 0], g.xy[v, 1])
                                heapq.heappush(heap, (total + stretch * d, new))
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
                            if fine and strict and passed(g, f, state, e, vertex_base):
                                fine = False
                            if fine:
                                d, _, _ = ahead_of(g, places, px, py)
                                if total + d < limit:
                                    f.stamp[new], f.best[new], f.came[new] = now, total, state
                                    f.x[new], f.y[new], f.entry[new] = px, py, e
                                    f.cut[new] = begin if begin >= 0 else shared(g, entry, e)
                                    heapq.heappush(heap, (total + stretch * d, new))
            # on along the rim
            n = next_node(g, b, t, j, c)
            if n < 0:
                j, c = (j + 1) % 6, -1
            else:
                other_end = partner(b, n, t)
                # beyond the chord lies the interval just after n on the rim
                base = n if b.tile[n] == t else b.before[n]
                if len(onto) > 0 and onto[b.wire[n]] >= 0:
                    total = cost + beside_wire(g, b, places, onto[b.wire[n]], base, x, y)
                    if total < finish and total < limit:
                        finish, finish_state, finish_vertex, finish_interval = total, state, -1, base
                if price > 0.0 and b.price[b.wire[n]] < TOO_FAR and base != came_over:
                    total = cost + price * b.price[b.wire[n]]
                    new = crossed_base + 2 * base + (0 if base == n else 1)
                    if (f.stamp[new] != now or total < f.best[new] - 1e-9) and total + ahead < limit:
                        f.stamp[new], f.best[new], f.came[new] = now, total, state
                        f.x[new], f.y[new], f.entry[new], f.cut[new] = x, y, entry, cut_before
                        heapq.heappush(heap, (total + stretch * ahead, new))
                j, c = side_of(g, t, b.element[other_end]), other_end
            if j == j0 and c == c0:
                break
    return finish, finish_state, finish_vertex, finish_interval


@lean
def passed(g, f, state, e, vertex_base):  # type: ignore[no-untyped-def]
    """Whether the way to a state crosses a gap, or its leg begins at an end of it."""
    own = True
    while state >= 0:
        if state >= vertex_base:
            own = False
        elif f.entry[state] == e or (own and f.entry[state] < 0 and f.cut[state] in (g.edges[e, 0], g.edges[e, 1])):
            return True
        state = f.came[state]
    return False


@lean
def beside(g, f, state, v, vertex_base):  # type: ignore[no-untyped-def]
    """Whether the last leg of the way to a state crosses a gap at a vertex."""
    while 0 <= state < vertex_base:
        e = f.entry[state]
        if e >= 0 and (g.edges[e, 0] == v or g.edges[e, 1] == v):
            return True
        state = f.came[state]
    return False
