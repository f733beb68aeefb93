"""Drawn copper, whoever drew it: what a ``Layout`` and any KiCad board turn into before they are checked.

Same frame as everywhere (package centre, y up). Every shape is a *skeleton* (point, line, arc or filled area) and a
``width``: the shape is all that lies within half the width of the skeleton. A disc is a point with its diameter, a
track a line with its width, a rounded rectangle an area with twice its corner radius.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from kicad_rdl.errors import ModelError
from kicad_rdl.geometry import Arc, Line, Piece, Point
from kicad_rdl.model.layout import Side
from kicad_rdl.model.package import Keepout
from kicad_rdl.units import Nm

Ring: TypeAlias = tuple[tuple[float, float], ...]
"""A closed polygon, its first corner not repeated. Floats [nm]: an octagon's corners are not on the grid."""


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon; keyholed outlines (as KiCad stores zones) are allowed."""

    outline: Ring
    holes: tuple[Ring, ...] = ()

    def __post_init__(self) -> None:
        if len(self.outline) < 3:
            raise ModelError("an area needs at least three corners")


Skeleton: TypeAlias = Point | Line | Arc | Area


class CopperKind(StrEnum):
    """What a piece of copper is."""

    TRACE = "trace"
    PAD = "pad"
    VIA = "via"
    TEARDROP = "teardrop"
    PLANE = "plane"


@dataclass(frozen=True, slots=True)
class Copper:
    """One piece of metal on one layer."""

    kind: CopperKind
    net: str | None
    layer: int
    """From 1, the one nearest the die."""
    skeleton: Skeleton
    width: Nm
    name: str
    """In an engineer's words: ``trace of A1``, ``bump B7``."""
    thing: int
    """Pieces of one trace, and the lands of one via, have the same number."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A via's opening in the dielectric between ``first`` and ``last`` (neighbours, or farther on a drilled board)."""

    net: str | None
    name: str
    thing: int
    at: Point
    diameter: Nm
    first: int
    last: int
    lands: tuple[tuple[int, Nm], ...]
    """(layer, diameter of its copper there), from ``first`` to ``last``."""


@dataclass(frozen=True, slots=True)
class MaskOpening:
    """A hole in the outermost polymer of a side, over copper of ``layer``."""

    side: Side
    layer: int
    net: str | None
    name: str
    skeleton: Skeleton
    width: Nm
    pad: int | None
    """Index into ``Artwork.copper`` of the pad it opens; None: of no pad."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A place that its net must reach."""

    name: str
    net: str
    copper: int
    """Index into ``Artwork.copper``."""


@dataclass(frozen=True, slots=True)
class Box:
    """A die outline (axis-parallel), or the square around a ball, centred ``at`` a point."""

    name: str
    at: Point
    width: Nm
    height: Nm


@dataclass(frozen=True, slots=True)
class TraceRule:
    """What a net asks of its traces on one layer."""

    net: str
    layer: int
    width: Nm = 0
    """At least."""
    space: Nm = 0
    """To copper of other nets, at least."""
    allowed: bool = True
    """False: no trace of the net may be there."""


@dataclass(frozen=True, slots=True)
class Artwork:
    """Everything the checker looks at."""

    layers: tuple[str, ...]
    """Names of the metal layers, from the die outwards."""
    rdl_count: int
    """Layers beyond this one are UBM: they keep the rules of the last RDL."""
    outline: tuple[Piece, ...]
    """The package edge; closed loops in any order. Empty: no edge is known."""
    copper: tuple[Copper, ...]
    holes: tuple[Hole, ...]
    openings: tuple[MaskOpening, ...]
    terminals: tuple[Terminal, ...]
    dies: tuple[Box, ...] = ()
    balls: tuple[Box, ...] = ()
    """Balls as squares of their diameter."""
    octilinear: bool = False
    """Whether every trace must run in multiples of 45 degrees."""
    trace_rules: tuple[TraceRule, ...] = ()
    """Where a net asks for more than its layer."""
    keepouts: tuple[Keepout, ...] = ()
