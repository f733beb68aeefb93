"""Trees: wires that join the terminals of a net, shortest first, through what is drawn already.

Kruskal's algorithm over the neighbours among a net's own terminals; an edge for which there is no short way is left to
the others. What is still apart then takes any way there is, and at last pushes away what stands there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from kicad_rdl.route.groups import Groups
from kicad_rdl.route.negotiate import Negotiation, Wanted, negotiate
from kicad_rdl.route.wants import Tree, neighbours

DETOUR = 2.5
"""In the first pass a join may be this much longer than straight."""

PUSHES = 20
"""Ways drawn for every piece that must push others away."""


def join_trees(
    work: Negotiation,
    nets: list[str],
    trees: Sequence[Tree],
    step: Callable[[int, int], None],
    late: Callable[[], bool],
) -> None:
    """Joins the posts of every tree, as far as there are ways; new connections go to ``work.wanted`` and ``nets``."""
    pieces = work.pieces()
    edges: list[tuple[float, int, int, int]] = []
    for index, tree in enumerate(trees):
        points = np.array([work.sketches.place(p) for p in tree.posts])
        for a, b in neighbours(points):
            edges.append((math.dist(points[a], points[b]), index, tree.posts[a], tree.posts[b]))
    edges.sort()
    for done, (length, index, a, b) in enumerate(edges):
        if late():
            return
        step(done, len(edges))
        if pieces.root(a) != pieces.root(b) and _joined(work, nets, trees[index], (a,), (b,), DETOUR * length):
            pieces.join(a, b)
    for tree in join_apart(work, nets, trees, late):
        _push_rest(work, nets, tree, late)


def join_apart(work: Negotiation, nets: list[str], trees: Sequence[Tree], late: Callable[[], bool]) -> list[Tree]:
    """Joins the pieces of trees by any way that pushes nobody; the trees that are still apart."""
    pieces = work.pieces()
    for tree in trees:
        _join_rest(work, nets, tree, pieces, late)
    return [tree for tree in trees if len({pieces.root(p) for p in tree.posts}) > 1]


def _joined(
    work: Negotiation, nets: list[str], tree: Tree, starts: Sequence[int], ends: Sequence[int], limit: float
) -> tuple[int, int] | None:
    """Draws a wire between two sets of posts if there is a way; the posts that it joins."""
    number = len(work.wanted)
    work.wanted.append(Wanted(tuple(starts), tuple(ends), tree.widths, tree.layers, tree.via_price))
    way = work.sketches.find(work.errand(number, 0.0), 0.0, limit)
    if way is None or not work.fit(number, way):
        work.wanted.pop()
        return None
    nets.append(tree.net)
    one, two = (int(work.sketches.ground.post[v]) for v in (way.start, way.end))
    work.wanted[number] = Wanted((one,), (two,), tree.widths, tree.layers, tree.via_price)
    return one, two


def _join_rest(work: Negotiation, nets: list[str], tree: Tree, pieces: Groups, late: Callable[[], bool]) -> None:
    """Joins the pieces of one net by any way there is, smallest piece first."""
    stuck: set[int] = set()
    while not late():
        groups: dict[int, list[int]] = {}
        for p in tree.posts:
            groups.setdefault(pieces.root(p), []).append(p)
        loose = sorted((g for r, g in groups.items() if r not in stuck), key=lambda g: (len(g), g))
        if len(groups) < 2 or not loose:
            return
        own = loose[0]
        root = pieces.root(own[0])
        made = _joined(work, nets, tree, own, [p for p in tree.posts if pieces.root(p) != root], math.inf)
        if made is None:
            stuck.add(root)
            continue
        pieces.join(*made)
        stuck = set()


def _push_rest(work: Negotiation, nets: list[str], tree: Tree, late: Callable[[], bool]) -> None:
    """Joins what is still apart by pushing others away, if these find another way."""
    pieces = work.pieces()
    size = Counter(pieces.root(p) for p in tree.posts)
    for root in sorted(size, key=lambda r: (size[r], r))[:-1]:
        own = tuple(p for p in tree.posts if pieces.root(p) == root)
        others = tuple(p for p in tree.posts if pieces.root(p) != root)
        if not own or not others or late():
            continue
        number = len(work.wanted)
        work.wanted.append(Wanted(own, others, tree.widths, tree.layers, tree.via_price))
        nets.append(tree.net)
        if negotiate(work, [number], lambda _done, _all: None, late, pushes=PUSHES):
            work.wanted.pop()
            nets.pop()
        else:
            for wire in work.wires[number]:
                pieces.join(*work.sketches.ends_of(wire))
