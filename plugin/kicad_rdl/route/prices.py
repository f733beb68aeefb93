"""What a new wire must pay beside its length: for posts that come to stand, and for what gets overfull [nm]."""

from __future__ import annotations

from kicad_rdl.route.compiled import lean
from kicad_rdl.route.weave import (
    TOO_FAR,
    between,
    corner_of,
    diagonal_over,
    diagonal_room,
    over,
    shared,
    slack,
    stands_whole,
)


@lean
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


@lean
def via_range(g, b, p, i, j):  # type: ignore[no-untyped-def]
    """Places (from, to) of a post that must stand when it is used on places i and j."""
    low, high = min(i, j), max(i, j)
    if b.standing[p, 0] <= b.standing[p, 1]:
        low, high = min(low, b.standing[p, 0]), max(high, b.standing[p, 1])
    if stands_whole(g, p, low, high):
        return 0, g.post_start[p + 1] - g.post_start[p] - 1
    return low, high


@lean
def usable_vertices(g, b, posts, costs, allowed, price, via_price, vertices, total):  # type: ignore[no-untyped-def]
    """How many vertices of some posts a way may use.

    Args:
        posts, costs: [n] the posts, and what each costs besides [nm].
        allowed: [layers] 1 where the way may run.
        price: of overfilling a gap [nm].
        via_price: of one change of layer [nm].
        vertices, total: get them, and what beginning or ending there costs [nm].
    """
    count = 0
    for k in range(len(posts)):
        p = posts[k]
        low, high = b.standing[p, 0], b.standing[p, 1]
        for i in range(g.post_start[p + 1] - g.post_start[p]):
            v = g.post_vertex[g.post_start[p] + i]
            if not allowed[g.layer[v]]:
                continue
            first, last = via_range(g, b, p, i, i)
            more = 0.0
            if first != low or last != high:
                more = standing_price(g, b, p, first, last, price)
                if more >= TOO_FAR:
                    continue
                vias = last - first - max(high - low, 0)
                more += via_price * (min(vias, 1) if g.through[p] else vias)
            vertices[count], total[count] = v, costs[k] + more
            count += 1
    return count


@lean
def overfull_price(lack, held, price, history):  # type: ignore[no-untyped-def]
    """Price of what must go so that something fits; TOO_FAR where nothing can go."""
    if lack <= 1e-6:
        return 0.0
    if price <= 0.0 or lack > held + 1e-6:
        return TOO_FAR
    return price * (1.0 + history)


@lean
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
