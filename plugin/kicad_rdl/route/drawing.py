"""Wires come into the sketch and go again; whatever they take is booked on gaps, diagonals and posts."""

from __future__ import annotations

import numpy as np

from kicad_rdl.route.compiled import compiled, lean
from kicad_rdl.route.weave import diagonals_of, length_of, stands_whole


@lean
def link(b, n, lower, need):  # type: ignore[no-untyped-def]
    """Puts a node in just above another of its element (-1: at the beginning); it takes ``need`` [nm] of a gap."""
    x = b.element[n]
    upper = b.first[x] if lower < 0 else b.above[lower]
    b.below[n], b.above[n] = lower, upper
    relink(b, n, need)


@lean
def relink(b, n, need):  # type: ignore[no-untyped-def]
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
    b.upto[n] = need if lower < 0 else b.upto[lower] + need
    move_up(b, upper, need)


@lean
def unlink(b, n, need):  # type: ignore[no-untyped-def]
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
    move_up(b, upper, -need)


@lean
def move_up(b, n, need):  # type: ignore[no-untyped-def]
    """Books what a wire takes on all that are above it, from a node on."""
    while n >= 0:
        b.upto[n] += need
        n = b.above[n]


@lean
def need_of(g, b, w):  # type: ignore[no-untyped-def]
    """What a wire takes of every gap: its width and a space [nm]."""
    return b.width[w] + g.space[g.tile_layer[b.tile[b.head[w]]]]


@compiled
def account(g, b, w, sign):  # type: ignore[no-untyped-def]
    """Books a wire on its gaps and diagonals, or takes it off."""
    gaps = len(g.edges)
    n = b.head[w]
    need = need_of(g, b, w)
    while n >= 0:
        x = b.element[n]
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


@lean
def raise_posts(g, b, w):  # type: ignore[no-untyped-def]
    """Lets the posts at the ends of a wire stand as far as they must."""
    gaps = len(g.edges)
    for n in (b.head[w], b.tail[w]):
        x = b.element[n]
        settle(g, b, g.post[g.triangles[(x - gaps) // 3, (x - gaps) % 3]])


@lean
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
    if low <= high and stands_whole(g, p, low, high):
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
    need = width + g.space[g.tile_layer[tiles[0]]]
    last = -1
    for i in range(count):
        n = b.meta[0]
        b.meta[0] += 1
        b.wire[n], b.element[n], b.before[n], b.after[n] = w, steps[i, 0], last, -1
        b.tile[n] = tiles[i] if i < count - 1 else -1
        link(b, n, steps[i, 1], need)
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
    """Takes a wire out; its nodes remember where they were."""
    account(g, b, w, -1)
    need = need_of(g, b, w)
    n = b.tail[w]
    while n >= 0:
        unlink(b, n, need)
        n = b.before[n]
    raise_posts(g, b, w)


@compiled
def restore(g, b, w):  # type: ignore[no-untyped-def]
    """Undoes the removal of a wire; all that was done after it must be undone already."""
    need = need_of(g, b, w)
    n = b.head[w]
    while n >= 0:
        relink(b, n, need)
        n = b.after[n]
    account(g, b, w, 1)
    raise_posts(g, b, w)


@lean
def compacted(b, alive, wire, element, before, after, below, above, tile, upto, number):  # type: ignore[no-untyped-def]
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
        wire[m], element[m], tile[m], upto[m] = b.wire[n], b.element[n], b.tile[n], b.upto[n]
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


@lean
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
