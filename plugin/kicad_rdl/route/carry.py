"""Connections carried over to other tiles, on which only those posts stand that are used."""

from __future__ import annotations

from collections.abc import Mapping

from kicad_rdl.route.loading import load
from kicad_rdl.route.negotiate import Negotiation
from kicad_rdl.route.rethread import rethreaded
from kicad_rdl.route.sketches import Sketches


def carry(old: Negotiation, new: Negotiation, connection: Mapping[int, int]) -> None:
    """Draws the wires of one negotiation in another, as they run past the posts that both have.

    What does not fit there any more is taken out, shorter wires first.

    Args:
        old: where the wires are.
        new: where they go; its posts have the same numbers, those of the old one at least.
        connection: wire -> its connection in the new one, of which it is all; other wires are left behind.
    """
    sketches = new.sketches
    for layer, tiles in enumerate(old.sketches.tiles):
        wires = {n: wire for n, wire in old.sketches.wires_on(layer).items() if n in connection}
        orders = {gap: [n for n in order if n in connection] for gap, order in old.sketches.orders_on(layer).items()}
        moved = rethreaded(tiles, wires, orders, sketches.tiles[layer], _vertices(old.sketches, sketches, layer))
        numbers = sorted(moved.wires, key=lambda n: (new.straight(connection[n]), n))
        place = {number: k for k, number in enumerate(numbers)}
        made = load(
            sketches,
            layer,
            [moved.wires[n] for n in numbers],
            {gap: [place[n] for n in order] for gap, order in moved.orders.items()},
            [float(old.sketches.book.width[n]) for n in numbers],
        )
        for number, wire in zip(numbers, made, strict=True):
            new.adopt(connection[number], (wire,), sketches.ends_of(wire)[1])
    new.relieve()


def _vertices(old: Sketches, new: Sketches, layer: int) -> list[int]:
    """Old vertex of a layer -> the new one of the same post; -1: none."""
    found = [-1] * len(old.tiles[layer].xy)
    for before, after in zip(old.posted.vertices, new.posted.vertices, strict=False):
        there = dict(after)
        for on, vertex in before:
            if on == layer and layer in there:
                found[vertex] = there[layer]
    return found
