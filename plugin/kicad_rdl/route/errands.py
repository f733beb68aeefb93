"""What a search in the sketches is after, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.route.triangulation import I64


@dataclass(frozen=True, slots=True)
class Way:
    """A way for a new connection, valid for the sketches as they are.

    Attributes:
        cost: length, with all prices [nm].
        legs: for each its steps (element, node below) and tiles; see ``drawing.insert``.
        crossed: wires that it crosses.
        start, end: vertices.
    """

    cost: float
    legs: tuple[tuple[I64, I64], ...]
    crossed: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Errand:
    """What a search is after.

    Attributes:
        starts, ends: posts with what beginning or ending there costs besides the way [nm].
        widths: [layers] of the trace, with the extra space of its class [nm].
        layers: which layers (from 0) it may take.
        via_price: of one change of layer [nm].
    """

    starts: tuple[tuple[int, float], ...]
    ends: tuple[tuple[int, float], ...]
    widths: tuple[float, ...]
    layers: tuple[int, ...]
    via_price: float


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where a new connection could end on a wire.

    Attributes:
        cost: length, with all prices [nm].
        wire: on which it would end.
        layer, tile: where; from 0, of the layer's own tiles.
        at: where the way comes from, when it enters the tile [nm].
    """

    cost: float
    wire: int
    layer: int
    tile: int
    at: tuple[float, float]
