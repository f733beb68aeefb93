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

import math
from typing import NamedTuple

import numpy as np

from kicad_rdl.route.compiled import lean
from kicad_rdl.route.tiles import ROOMY, SLACK
from kicad_rdl.route.triangulation import F64, I64

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
    upto: F64
    """On a gap: what the wires from its lower vertex to the node take, with a space each [nm]."""
    first: I64
    last: I64
    """[elements]"""
    used: F64
    count: I64  # type: ignore[assignment]  # hides a method of tuples that nobody calls here
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


def empty_book(ground: Ground, block: F64, full: F64) -> Book:
    """A book without wires; ``block`` and ``full`` as in ``Book``."""
    nodes, wires, gaps = 4096, 1024, len(ground.edges)
    elements = gaps + 3 * len(ground.triangles)

    def ints(size: int) -> I64:
        return np.zeros(size, np.int64)

    return Book(
        ints(nodes), ints(nodes), ints(nodes), ints(nodes), ints(nodes), ints(nodes), ints(nodes), np.zeros(nodes),
        np.full(elements, -1, np.int64), np.full(elements, -1, np.int64),
        np.zeros(gaps), ints(gaps), np.zeros(gaps), ints(gaps), block, full, ints(len(block)), ground.least.copy(),
        np.zeros(gaps), ints(wires), ints(wires), np.zeros(wires), np.zeros(wires), ints(2),
    )  # fmt: skip


@lean
def slack(count):  # type: ignore[no-untyped-def]
    """What so many wires keep in reserve in one gap, for the rounding of their places [nm]."""
    return 0.0 if count <= ROOMY else SLACK * (count + 1)


@lean
def room(g, b, e):  # type: ignore[no-untyped-def]
    """What is left in a gap for one more wire and its space [nm]."""
    if g.edge_triangles[e, 0] < 0 or g.edge_triangles[e, 1] < 0:
        return -TOO_FAR
    return g.base[e] - b.block[g.edges[e, 0]] - b.block[g.edges[e, 1]] - b.used[e] - slack(b.count[e] + 1)


@lean
def over(g, b, e):  # type: ignore[no-untyped-def]
    """By how much a gap is overfull [nm]."""
    u, v = g.edges[e]
    base = g.base[e] if b.count[e] > 0 else bare(g, u, v, g.base[e])
    return b.used[e] + slack(b.count[e]) - base + b.block[u] + b.block[v]


@lean
def diagonal_room(g, b, e):  # type: ignore[no-untyped-def]
    """What is left between the two apexes of a gap for one more wire and its space [nm]."""
    if g.diagonal[e] >= TOO_FAR:
        return TOO_FAR
    keep = b.block[g.apex[e, 0]] + b.block[g.apex[e, 1]]
    return g.diagonal[e] - keep - b.crossed[e] - slack(b.crossings[e] + 1)


@lean
def diagonal_over(g, b, e):  # type: ignore[no-untyped-def]
    """By how much the other diagonal of a gap is overfull [nm]."""
    if g.diagonal[e] >= TOO_FAR:
        return -TOO_FAR
    u, v = g.apex[e]
    base = g.diagonal[e] if b.crossings[e] > 0 else bare(g, u, v, g.diagonal[e])
    return b.crossed[e] + slack(b.crossings[e]) - base + b.block[u] + b.block[v]


@lean
def bare(g, u, v, base):  # type: ignore[no-untyped-def]
    """What two posts may take of the room between them where no wire runs [nm]: their copper keeps its distance in any
    direction, so that there is more of it than in the norm of traces of eight directions.
    """
    if not g.octilinear:
        return base
    return max(base, math.hypot(g.xy[u, 0] - g.xy[v, 0], g.xy[u, 1] - g.xy[v, 1]) + g.space[g.layer[u]])


@lean
def stands_whole(g, p, low, high):  # type: ignore[no-untyped-def]
    """Whether a post that is used on some of its layers stands on all: a drilled via that changes the layer, and a
    candidate that is a via or nothing, drilled or between two layers (a wire may end there, on the plane of another
    layer)."""
    nowhere = g.least[p, 0] > g.least[p, 1]
    if g.through[p]:
        return nowhere or low < high
    return nowhere and g.post_start[p + 1] - g.post_start[p] == 2


@lean
def side_of(g, t, element):  # type: ignore[no-untyped-def]
    """Place of an element on the rim of a tile: 2 k is corner k, 2 k + 1 the gap between corners k and k + 1."""
    gaps = len(g.edges)
    if element >= gaps:
        return 2 * ((element - gaps) % 3)
    for k in range(3):
        if g.triangle_edges[t, k] == element:
            return 2 * k + 1
    return -1


@lean
def element_at(g, t, j):  # type: ignore[no-untyped-def]
    """The element at a place of the rim; see ``side_of``."""
    return len(g.edges) + 3 * t + j // 2 if j % 2 == 0 else g.triangle_edges[t, j // 2]


@lean
def forward(g, t, j):  # type: ignore[no-untyped-def]
    """Whether the rim runs along the element's own order."""
    return j % 2 == 0 or g.edges[g.triangle_edges[t, j // 2], 0] == g.triangles[t, j // 2]


@lean
def next_node(g, b, t, j, c):  # type: ignore[no-untyped-def]
    """The node after ``c`` on the rim (after the beginning of the element if c is -1); -1: none."""
    x = element_at(g, t, j)
    if forward(g, t, j):
        return b.first[x] if c < 0 else b.above[c]
    return b.last[x] if c < 0 else b.below[c]


@lean
def partner(b, n, t):  # type: ignore[no-untyped-def]
    """The other end of a node's wire inside a tile."""
    return b.after[n] if b.tile[n] == t else b.before[n]


@lean
def lower_node(g, b, t, j, c):  # type: ignore[no-untyped-def]
    """The node below the interval after ``c`` on the rim, in the element's own order; -1: none."""
    if forward(g, t, j):
        return c
    return b.last[element_at(g, t, j)] if c < 0 else b.below[c]


@lean
def rim_node(g, b, t, j, lower):  # type: ignore[no-untyped-def]
    """The node before the interval above ``lower``, as the rim runs; -1: none."""
    if forward(g, t, j):
        return lower
    return b.first[element_at(g, t, j)] if lower < 0 else b.above[lower]


@lean
def shared(g, e, f):  # type: ignore[no-untyped-def]
    """The vertex that two gaps have in common."""
    u, v = g.edges[e]
    return u if u == g.edges[f, 0] or u == g.edges[f, 1] else v


@lean
def corner_of(g, t, v):  # type: ignore[no-untyped-def]
    """Which corner of a tile a vertex is; -1: none."""
    for k in range(3):
        if g.triangles[t, k] == v:
            return k
    return -1


@lean
def between(g, t, u, v):  # type: ignore[no-untyped-def]
    """The gap of a tile between two of its corners."""
    for k in range(3):
        p, q = g.triangles[t, k], g.triangles[t, (k + 1) % 3]
        if (p == u and q == v) or (p == v and q == u):
            return g.triangle_edges[t, k]
    return -1


@lean
def length_of(b, w):  # type: ignore[no-untyped-def]
    """Nodes of a wire."""
    n, size = b.head[w], 0
    while n >= 0:
        size += 1
        n = b.after[n]
    return size


@lean
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
