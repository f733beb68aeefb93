"""Nets that branch between their terminals: open pieces end on wires of their own net, branch points find their place.

Whoever has connections on tiles can stand them again with other branch points; how is its own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from kicad_rdl.geometry import Point
from kicad_rdl.route.carry import take_over
from kicad_rdl.route.junctions import Restrung, junctions_of, restrung, settled_posts
from kicad_rdl.route.metric import metric_of
from kicad_rdl.route.negotiate import DEARER, Negotiation
from kicad_rdl.route.taut_lines import taut_lines
from kicad_rdl.route.wants import Tree

JUNCTIONS = 6
"""How often open pieces of nets look for a wire of their own to end on."""

SETTLINGS = 4
"""How often branch points look for a better place."""

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class BranchPoint:
    """A disc as wide as a net's traces, where some of them meet; its layer counts from 0."""

    net: str
    layer: int
    at: Point


@dataclass(frozen=True, slots=True)
class View:
    """Connections on one set of tiles.

    Attributes:
        work, nets: the connections and their nets.
        trees: the nets of several terminals.
        branches: the branch points, by post.
        loose: how many pieces of nets are apart.
    """

    work: Negotiation
    nets: Sequence[str]
    trees: Sequence[Tree]
    branches: dict[int, BranchPoint]
    loose: int


Again = Callable[[S, Sequence[BranchPoint], Restrung], S]
"""The same on tiles with these branch points and the connections of ``Restrung``; nothing is drawn yet."""


def joined_midway(
    stage: S, view: Callable[[S], View], again: Again[S], draw: Callable[[S], None], late: Callable[[], bool]
) -> S:
    """The same, open pieces of trees ending on wires of their own net where that leaves fewer of them.

    Args:
        stage: what is drawn so far.
        view, again: see there.
        draw: draws what is open.
        late: says that time is up.
    """
    seen = view(stage)
    for _ in range(JUNCTIONS):
        if not seen.loose or late():
            break
        work, nets = seen.work, seen.nets
        pieces = work.pieces()
        if all(len({pieces.root(post) for post in tree.posts}) == 1 for tree in seen.trees):
            break
        lines = [taut_lines(work.sketches, layer) for layer in range(len(work.sketches.tiles))]
        junctions = junctions_of(work, nets, seen.trees, lines)
        if not junctions:
            break
        anew = {junction.tree.net for junction in junctions}
        dropped = {n for n, net in enumerate(nets) if net in anew and n not in work.wires}
        first = len(work.sketches.posted.vertices)
        posts = range(first, first + len(junctions))
        cut = restrung(work, dropped, junctions, posts, lines)
        points = [BranchPoint(junction.tree.net, junction.layer, junction.at) for junction in junctions]
        attempt = again(stage, [*seen.branches.values(), *points], cut)
        _string(view(attempt).work, cut)
        draw(attempt)
        found = view(attempt)
        if _faults(found) < _faults(seen):
            stage = settled(attempt, view, again, late)
            if found.loose:  # others may want to end there, too
                draw(stage)
            seen = view(stage)
            continue
        dear: dict[str, int] = {}
        for number in range(len(found.nets)):
            count = found.work.pushed.get(number, 0)
            dear[found.nets[number]] = max(dear.get(found.nets[number], 0), count)
        for wire, number in work.owner.items():  # what could not give way is a reason to look elsewhere
            work.sketches.set_price(wire, 1.0 + DEARER * dear.get(nets[number], 0))
    return stage


def settled(stage: S, view: Callable[[S], View], again: Again[S], late: Callable[[], bool]) -> S:
    """The same, branch points standing where they make the wires shorter and the corners blunt."""
    for _ in range(SETTLINGS):
        seen = view(stage)
        if not seen.branches or late():
            break
        sketches = seen.work.sketches
        lines = [taut_lines(sketches, layer) for layer in range(len(sketches.tiles))]
        places = settled_posts(seen.work, list(seen.branches), lines, metric_of(sketches.octilinear))
        if all(places[post] == branch.at for post, branch in seen.branches.items()):
            break
        for own in lines:
            for wire, line in own.items():
                for end, post in zip((0, -1), sketches.ends_of(wire), strict=True):
                    if post in places:
                        line.points[end] = places[post].x, places[post].y
        cut = restrung(seen.work, (), (), (), lines)
        attempt = again(stage, [replace(branch, at=places[post]) for post, branch in seen.branches.items()], cut)
        _string(view(attempt).work, cut)
        if len(view(attempt).work.owner) < len(seen.work.owner):
            break
        stage = attempt
    return stage


def _faults(seen: View) -> int:
    """Pieces that are apart, and branch points where a wire ends in vain."""
    legs = dict.fromkeys(seen.branches, 0)
    for wire in seen.work.owner:
        for post in seen.work.sketches.ends_of(wire):
            if post in legs:
                legs[post] += 1
    return seen.loose + sum(count == 1 for count in legs.values())


def _string(work: Negotiation, cut: Restrung) -> None:
    work.pushed.update(cut.pushed)
    for layer, strands in enumerate(cut.strands):
        take_over(work, layer, strands)
    work.relieve()
