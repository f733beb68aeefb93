"""Who must go so that a new wire and its posts leave nothing overfull."""

from __future__ import annotations

import numpy as np

from kicad_rdl.route.compiled import compiled, lean
from kicad_rdl.route.weave import TOO_FAR, corner_of, diagonal_over, diagonals_of, element_at, length_of, over


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
    beside = 0  # gaps and diagonals at the posts of both ends
    for n in (b.head[w], b.tail[w]):
        x = b.element[n]
        p = g.post[g.triangles[(x - gaps) // 3, (x - gaps) % 3]]
        for i in range(g.post_start[p], g.post_start[p + 1]):
            beside += 2 * (g.around_start[g.post_vertex[i] + 1] - g.around_start[g.post_vertex[i]])
    edges = np.empty(4 * length_of(b, w) + beside, np.int64)
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
                    edges[size] = g.triangle_edges[t, k]
                    edges[size + 1] = -1 - g.triangle_edges[t, (k + 1) % 3]
                    size += 2
        n = b.after[n]
    count = 0
    for i in range(size):
        across = edges[i] < 0
        e = -1 - edges[i] if across else edges[i]
        lack = diagonal_over(g, b, e) if across else over(g, b, e)
        if lack <= 1e-5:
            continue
        b.history[e] += 0.5
        space = g.space[g.layer[g.edges[e, 0]]]
        for k in range(count):  # what goes already frees room
            if crosses_diagonal(g, b, found[k], e) if across else crosses(b, found[k], e):
                lack -= b.width[found[k]] + space
        while lack > 1e-5:
            best = cheapest(g, b, e, across, keep, found, count)
            if best < 0:
                return -1
            found[count] = best
            count += 1
            lack -= b.width[best] + space
    return count


@compiled
def cheapest(g, b, e, across, keep, found, count):  # type: ignore[no-untyped-def]
    """The wire in a gap, or ``across`` its other diagonal, that is cheapest to push and may go; -1: none."""
    best, best_price = -1, TOO_FAR
    for side in range(2 if across else 1):
        for j in range(6 if across else 1):
            n = b.first[element_at(g, g.edge_triangles[e, side], j) if across else e]
            while n >= 0:
                other = b.wire[n]
                if (
                    other < keep
                    and b.price[other] < best_price
                    and not listed(found, count, other)
                    and (not across or crosses_diagonal(g, b, other, e))
                ):
                    best, best_price = other, b.price[other]
                n = b.above[n]
    return best


@compiled
def listed(found, count, wire):  # type: ignore[no-untyped-def]
    """Whether a wire is among the first ``count`` found."""
    return (found[:count] == wire).any()


@lean
def crosses(b, w, e):  # type: ignore[no-untyped-def]
    """Whether a wire runs through a gap."""
    n = b.head[w]
    while n >= 0:
        if b.element[n] == e:
            return True
        n = b.after[n]
    return False


@compiled
def crosses_diagonal(g, b, w, e):  # type: ignore[no-untyped-def]
    """Whether a wire crosses the other diagonal of a gap."""
    edges = np.empty(3 * length_of(b, w) + 3, np.int64)
    size = diagonals_of(g, b, w, edges)
    return (edges[:size] == e).any()
