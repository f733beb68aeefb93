"""Exact copper. Layers count from 1 (RDL1, nearest the die); ``rdl_count + 1`` is the UBM where it is a layer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kicad_rdl.geometry import Path, Point, Polygon, Shape
from kicad_rdl.model.package import Hatch, Joint, Package, SupplyStyle
from kicad_rdl.units import Nm


class PadKind(StrEnum):
    """Whose pad it is."""

    BUMP_LAND = "bump land"
    UBM_PAD = "UBM pad"
    """Under a ball, on the last RDL."""
    UBM = "UBM"
    """The UBM of a ball, where it is a copper layer of its own."""


class Side(StrEnum):
    """The two faces of the redistribution structure."""

    BUMP = "bump side"
    LAND = "land side"


@dataclass(frozen=True, slots=True)
class Pad:
    """Copper that belongs to a bump or a ball. ``name`` is that of the bump or ball."""

    kind: PadKind
    name: str
    net: str | None
    layer: int
    at: Point
    shape: Shape


@dataclass(frozen=True, slots=True)
class Via:
    """Metal through the dielectric between ``layer`` and ``layer + 1``."""

    net: str | None
    at: Point
    layer: int
    opening: Nm
    land: Nm
    """Diameter on ``layer``."""
    capture: Nm
    """Diameter on ``layer + 1``."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A drawn line from one terminal to another; it ends on their centres."""

    net: str
    layer: int
    width: Nm
    path: Path


@dataclass(frozen=True, slots=True)
class Teardrop:
    """Copper that widens a trace towards a pad."""

    net: str
    layer: int
    outline: Polygon


@dataclass(frozen=True, slots=True)
class Plane:
    """A zone of one net: what was asked for, and the copper that is left of it."""

    net: str
    layer: int
    outline: Polygon
    fills: tuple[Polygon, ...]
    """Disjoint pieces, each with its holes."""
    clearance: Nm
    joint: Joint
    hatch: Hatch | None = None
    """What the holes of ``fills`` follow; None: solid."""


@dataclass(frozen=True, slots=True)
class Supply:
    """How a net with several terminals was done, and why."""

    net: str
    style: SupplyStyle
    layers: tuple[int, ...]
    """RDLs of its planes."""
    reason: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A hole in the outermost polymer of a side."""

    side: Side
    at: Point
    shape: Shape
    net: str | None
    name: str
    """Bump or ball it belongs to."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One pair of terminals of a net that the plan joins. Names as ``bump:NAME`` or ``ball:NAME``."""

    net: str
    start: str
    end: str
    straight: float
    """Distance edge to edge in the metric of the output [nm]: the lower bound of this connection."""
    layer: int | None
    """RDL it runs on; None while it is not routed."""
    length: float | None = None
    """Copper edge to edge [nm]; None while it is not routed."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A line across a layer, with what wants through and what fits."""

    layer: int
    start: Point
    end: Point
    start_name: str
    end_name: str
    needed: int
    fits: int
    remedies: tuple[str, ...] = ()

    @property
    def load(self) -> float:
        """Needed over fits; infinite where nothing fits."""
        return self.needed / self.fits if self.fits else float("inf")


@dataclass(frozen=True, slots=True)
class Unrouted:
    """A connection that could not be made, and why."""

    net: str
    start: str
    end: str | None
    reason: str
    cut: int | None = None
    """Index into ``Layout.bottlenecks``."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """What was gained after everything had been connected that could be."""

    connections: int = 0
    """How many times a connection was drawn anew for a shorter sum."""
    gained: float = 0.0
    """Length, and changes of layer at their price [nm]."""
    stopped_early: bool = False
    """Time was up, or the user stopped it: there may be more to gain."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole result of routing."""

    package: Package
    ball_nets: tuple[tuple[str, str], ...]
    """(ball name, net) of every ball that carries a net, sorted by ball order of the package."""
    pads: tuple[Pad, ...]
    vias: tuple[Via, ...]
    traces: tuple[Trace, ...]
    teardrops: tuple[Teardrop, ...]
    planes: tuple[Plane, ...]
    openings: tuple[Opening, ...]
    connections: tuple[Connection, ...]
    unrouted: tuple[Unrouted, ...]
    bottlenecks: tuple[Cut, ...]
    """Cuts that are too narrow: why something is unrouted."""
    fullest: Cut | None
    """Most loaded cut of what was routed."""
    maximum_flow: int
    """How many connections fit at all."""
    lower_bound: float
    """Least total length of the routed connections [nm]."""
    supplies: tuple[Supply, ...] = ()
    """Nets for which style or layer of a plane was left to the tool, sorted by net."""
    improvement: Improvement = Improvement()

    @property
    def all_traces(self) -> tuple[Trace, ...]:
        """The traces that were laid, then the locked ones of the package."""
        locked = (Trace(one.net, one.layer, one.width, one.path) for one in self.package.locked)
        return (*self.traces, *locked)
