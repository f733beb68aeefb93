"""A board of somebody else's, with what is already there and what is still open.

Its frame is the one inside: the middle of the outline is the origin, x right, y up. Layers count from 1, the front.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TypeAlias

from kicad_rdl.geometry import Path, Point
from kicad_rdl.model.artwork import Area, Artwork, Copper, Skeleton
from kicad_rdl.model.package import Keepout
from kicad_rdl.model.technology import Technology
from kicad_rdl.units import Nm

LEAST_HOLE_LIMIT: Nm = 50_800
"""KiCad's Board Setup takes no limit below 2 mil for holes, and with a smaller one no page of it can be left."""


@dataclass(frozen=True, slots=True)
class ViaSize:
    """A via between two layers, or through all."""

    diameter: Nm
    drill: Nm


@dataclass(frozen=True, slots=True)
class NetRules:
    """What traces and vias of a net are drawn with; index 0 belongs to layer 1."""

    widths: tuple[Nm, ...]
    spaces: tuple[Nm, ...]
    vias: tuple[ViaSize, ...]
    """``vias[k]`` joins layers k + 1 and k + 2, both of them routed; on a drilled board they are all the same."""


@dataclass(frozen=True, slots=True)
class BoardRules:
    """What holds on the board."""

    source: str
    """Where they come from, in words."""
    technology: Technology
    """The least values, as the checker needs them."""
    default: NetRules
    nets: tuple[tuple[str, NetRules], ...]
    """Nets with rules of their own, sorted."""
    routed: int
    """Layers 1 to this one take traces."""
    edge: Nm
    """Copper to the board edge."""
    hole_space: Nm
    """Wall of a hole to foreign copper."""
    hole_to_hole: Nm
    through: bool
    """Vias are drilled through all layers; else they join neighbouring layers and may be stacked."""

    def of(self, net: str | None) -> NetRules:
        """The rules of a net."""
        index = bisect_left(self.nets, net or "", key=lambda row: row[0])
        return self.nets[index][1] if index < len(self.nets) and self.nets[index][0] == net else self.default


@dataclass(frozen=True, slots=True)
class BoardPad:
    """A pad of a footprint; the same copper on all its layers."""

    name: str
    """``U1.A1``."""
    number: int
    """Which of the file's pads; one whose copper differs from layer to layer is several here, joined by its hole."""
    net: str | None
    at: Point
    layers: tuple[int, ...]
    shapes: tuple[tuple[Skeleton, Nm], ...]
    """As in ``artwork.Copper``; none: it is a hole only."""
    space: Nm
    """Distance that it asks for itself; 0: nothing beyond its net's."""


@dataclass(frozen=True, slots=True)
class Drill:
    """A hole through pads or board; a slot has two ends."""

    name: str
    start: Point
    end: Point
    diameter: Nm
    net: str | None


@dataclass(frozen=True, slots=True)
class Pour:
    """A filled area of a zone that KiCad would fill anew around new copper: foreign traces may cut it."""

    zone: int
    """Which of the file's zones, from 0."""
    fill: int
    """Which of the zone's filled areas, from 0."""
    net: str
    layer: int
    area: Area
    width: Nm
    """Of the stroke around ``area``, as in ``artwork.Copper``."""
    space: Nm
    """Distance that the zone asks for."""
    least: Nm
    """Least width of its copper."""
    gap: Nm
    """Between the zone and a pad with thermal spokes."""
    island: float
    """What reaches no pad stays from this area on [nm^2]; infinite: it goes."""


@dataclass(frozen=True, slots=True)
class Refill:
    """What is left of a filled area."""

    pour: Pour
    areas: tuple[Area, ...]
    """As the ``area`` of the pour."""


@dataclass(frozen=True, slots=True)
class OpenBoard:
    """A board as the router needs it."""

    name: str
    layers: tuple[str, ...]
    """KiCad's names of the copper layers, from the front."""
    nets: tuple[str, ...]
    """Sorted, without the empty one."""
    artwork: Artwork
    """Everything, as the checker sees it."""
    copper: tuple[Copper, ...]
    """All copper but that of pads and pours: tracks, vias, other filled zones, drawings."""
    pours: tuple[Pour, ...]
    pads: tuple[BoardPad, ...]
    drills: tuple[Drill, ...]
    keepouts: tuple[Keepout, ...]
    zone_spaces: tuple[tuple[str, Nm], ...]
    """(net, greatest distance that a zone of it asks for), sorted."""
    origin: Point
    """Where the origin lies on KiCad's page (y down) [nm]."""
    notes: tuple[str, ...] = ()
    """What was not understood or is out of scope, in words."""


@dataclass(frozen=True, slots=True)
class BoardTrace:
    """New copper on one layer."""

    net: str
    layer: int
    width: Nm
    path: Path


@dataclass(frozen=True, slots=True)
class BoardVia:
    """A new via from layer ``first`` to ``last``."""

    net: str
    at: Point
    first: int
    last: int
    size: ViaSize


NewCopper: TypeAlias = BoardTrace | BoardVia


@dataclass(frozen=True, slots=True)
class BoardConnection:
    """Two pieces of a net that were to be joined."""

    net: str
    start: str
    """A pad of the one."""
    end: str
    """A pad of the other."""
    straight: float
    """Distance of the nearest copper of the two, layers ignored: the bound of this connection [nm]."""
    length: float | None
    """Of its new traces; None: it is open [nm]."""
    reason: str = ""
    """Why it is open."""


@dataclass(frozen=True, slots=True)
class BoardRouting:
    """What was done about the open connections."""

    traces: tuple[BoardTrace, ...] = ()
    vias: tuple[BoardVia, ...] = ()
    connections: tuple[BoardConnection, ...] = ()
    refills: tuple[Refill, ...] = ()
    """Filled areas that give way to new copper."""
    notes: tuple[str, ...] = ()
