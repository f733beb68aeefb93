"""Connections carried over to other tiles, on which other posts stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kicad_rdl.route.loading import load
from kicad_rdl.route.negotiate import Negotiation
from kicad_rdl.route.rethread import rethreaded, spread
from kicad_rdl.route.triangulation import F64


@dataclass(frozen=True, slots=True)
class Strand:
    """A wire to be carried over.

    Attributes:
        connection: its connection in the new negotiation, of which it is all.
        start, end: posts.
        width: as it is booked [nm].
        points: [n, 2] where it runs, about [nm].
    """

    connection: int
    start: int
    end: int
    width: float
    points: F64


def carry(old: Negotiation, new: Negotiation, connection: Mapping[int, int]) -> None:
    """Draws the wires of one negotiation in another, as they run past the posts that both have.

    Args:
        old: where the wires are.
        new: where they go; its posts have the same numbers, those of the old one at least.
        connection: wire -> its connection in the new one, of which it is all; other wires are left behind.
    """
    sketches = old.sketches
    for layer, tiles in enumerate(sketches.tiles):
        wires = {n: wire for n, wire in sketches.wires_on(layer).items() if n in connection}
        orders = {gap: [n for n in order if n in connection] for gap, order in sketches.orders_on(layer).items()}
        strands = [
            Strand(connection[n], *sketches.ends_of(n), float(sketches.book.width[n]), points)
            for n, points in spread(tiles, wires, orders).items()
        ]
        take_over(new, layer, strands)
    new.relieve()


def take_over(new: Negotiation, layer: int, strands: Sequence[Strand]) -> None:
    """Draws all the wires of a layer (from 0), those excepted that cannot be carried over."""
    sketches = new.sketches
    vertex = {post: v for post, own in enumerate(sketches.posted.vertices) for on, v in own if on == layer}
    vertices = [(vertex.get(strand.start, -1), vertex.get(strand.end, -1)) for strand in strands]
    moved = rethreaded([strand.points for strand in strands], vertices, sketches.tiles[layer])
    numbers = sorted(moved.wires, key=lambda n: (new.straight(strands[n].connection), n))
    place = {number: k for k, number in enumerate(numbers)}
    made = load(
        sketches,
        layer,
        [moved.wires[n] for n in numbers],
        {gap: [place[n] for n in order] for gap, order in moved.orders.items()},
        [strands[n].width for n in numbers],
    )
    for number, wire in zip(numbers, made, strict=True):
        new.adopt(strands[number].connection, (wire,), strands[number].end)
