"""Who must go so that a new wire and its posts leave nothing overfull."""

from __future__ import annotations

import numpy as np

from kicad_rdl.route.compiled import compiled
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
    """Whether a wire is among the first ``count`` found."""
    return (found[:count] == wire).any()


@compiled
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
