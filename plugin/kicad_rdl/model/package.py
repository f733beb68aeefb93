"""What is asked for: dies, balls, nets, rules and style. If a Package exists, it can be planned."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum

from kicad_rdl.errors import ModelError
from kicad_rdl.geometry import Circle, Octagon, Path, Point, Polygon, Rectangle, Shape, extent, grown
from kicad_rdl.model.die import Bump, PlacedDie
from kicad_rdl.model.technology import Technology
from kicad_rdl.units import Nm, mm


class NetKind(StrEnum):
    """What a net is for."""

    SIGNAL = "signal"
    SUPPLY = "supply"


class SupplyStyle(StrEnum):
    """How the bumps of a net with several of them are joined."""

    TREE = "tree"
    PLANE = "plane"
    AUTO = "auto"
    """Whichever pays; the router turns it into one of the others."""


class Joint(StrEnum):
    """How a pad meets the plane of its own net."""

    SOLID = "solid"
    THERMAL = "thermal"


@dataclass(frozen=True, slots=True)
class Hatch:
    """A plane of crossing lines instead of solid copper."""

    width: Nm
    """Of the lines, and of the copper along every edge."""
    gap: Nm
    """Side of the square holes."""
    orientation: int = 0
    """Of the lines, in degrees."""


class Angles(StrEnum):
    """Directions a trace may take."""

    ANY = "any"
    """Any direction, with arcs."""
    OCTILINEAR = "45"
    """Multiples of 45 degrees."""


class PadShape(StrEnum):
    """Outline of the UBM pads."""

    CIRCLE = "circle"
    SQUARE = "square"
    OCTAGON = "octagon"

    def of(self, width: Nm) -> Shape:
        """The shape that is so wide."""
        match self:
            case PadShape.CIRCLE:
                return Circle(width)
            case PadShape.SQUARE:
                return Rectangle(width, width)
            case PadShape.OCTAGON:
                return Octagon(width)


@dataclass(frozen=True, slots=True)
class LayerRule:
    """Width and space of a net on one layer; None: as on the others."""

    layer: int
    width: Nm | None = None
    space: Nm | None = None


@dataclass(frozen=True, slots=True)
class Keepout:
    """An area that keeps some copper out, in the package frame. Bump lands and UBM pads may stand in it."""

    name: str
    layers: tuple[int, ...]
    outline: Polygon
    traces: bool = True
    vias: bool = True
    planes: bool = True


@dataclass(frozen=True, slots=True)
class LockedTrace:
    """Copper that is there already and stays, in the package frame. ``Layout.traces`` do not repeat it."""

    net: str
    layer: int
    width: Nm
    path: Path


@dataclass(frozen=True, slots=True)
class NetRule:
    """What the job asks of one net."""

    name: str
    kind: NetKind = NetKind.SIGNAL
    style: SupplyStyle = SupplyStyle.TREE
    plane_layer: int | None = None
    """RDL of the plane (from 1), for ``SupplyStyle.PLANE``; None: the router chooses. Every bump reaches this one."""
    joint: Joint = Joint.SOLID
    balls: int = 1
    """How many balls the net takes; 0: it joins bumps only (die to die)."""
    allowed: tuple[str, ...] | None = None
    """Names of the balls it may take; None: any. As many as ``balls``: the assignment of the net is given."""
    width: Nm | None = None
    """Trace width; None: the layer's least line."""
    space: Nm | None = None
    """Distance of its traces to copper of other nets; None: the layer's least space."""
    layers: tuple[int, ...] | None = None
    """RDLs that its traces may take; None: any."""
    on_layers: tuple[LayerRule, ...] = ()
    """Where a layer asks for another width or space than ``width`` and ``space``."""
    more_planes: tuple[int, ...] = ()
    """RDLs beyond ``plane_layer`` that get a plane of the net, too, stitched where its stacks pass."""
    hatch: Hatch | None = None
    """Of its planes; None: solid."""

    def on_layer(self, layer: int) -> LayerRule:
        """Width and space of its traces on an RDL, as far as the job asks for them."""
        special = next((rule for rule in self.on_layers if rule.layer == layer), LayerRule(layer))
        return LayerRule(layer, special.width or self.width, special.space or self.space)


@dataclass(frozen=True, slots=True)
class Ball:
    """A site of the ball grid, in the package frame."""

    name: str
    row: str
    """Empty where the names of the ball map are not of letters and a number."""
    column: int
    """0 where ``row`` is empty."""
    at: Point
    nc: bool = False
    """True: soldered, but no net may take it."""


@dataclass(frozen=True, slots=True)
class BallGeometry:
    """Sizes of every ball of the package."""

    pitch_x: Nm
    pitch_y: Nm
    diameter: Nm
    """Sphere before reflow."""
    opening: Nm
    """Opening in the last polymer, through which the ball (or the UBM) meets the UBM pad."""
    ubm: Nm
    pad: Nm
    """UBM pad on the last RDL: diameter, side, or across flats."""
    mask_defined: bool = True
    """True: the opening is smaller than the pad (SMD); False: larger, the pad's edge is free (NSMD)."""
    pad_shape: PadShape = PadShape.CIRCLE
    """Of the UBM pad, and of the opening on it where the UBM is no layer."""


@dataclass(frozen=True, slots=True)
class Package:
    """One unit: what the pipeline turns into copper."""

    name: str
    width: Nm
    height: Nm
    dies: tuple[PlacedDie, ...]
    balls: tuple[Ball, ...]
    ball: BallGeometry
    rdl_count: int
    technology: Technology
    nets: tuple[NetRule, ...]
    """One for every net of the bump maps, sorted by name."""
    angles: Angles = Angles.ANY
    description: str = ""
    keepouts: tuple[Keepout, ...] = ()
    locked: tuple[LockedTrace, ...] = ()
    via_cost: Nm | None = None
    """Length of trace that one via less is worth; None: twice the pitch of the traces."""
    budget: int | None = None
    """Seconds after which the router stops improving a legal result; None: when nothing improves any more."""

    def __post_init__(self) -> None:
        if not 1 <= self.rdl_count <= len(self.technology.metals):
            raise ModelError(
                f"{self.rdl_count} RDLs asked for; technology {self.technology.name} offers 1 to "
                f"{len(self.technology.metals)}"
            )
        for ball in self.balls:
            reach = self.ball.pad // 2
            if 2 * (abs(ball.at.x) + reach) > self.width or 2 * (abs(ball.at.y) + reach) > self.height:
                raise ModelError(
                    f"ball {ball.name}: its pad does not fit on the package of {mm(self.width)} x {mm(self.height)}"
                )

    @property
    def metal_count(self) -> int:
        """Copper layers: the RDLs, and the UBM where that makes an even number (KiCad knows no odd ones)."""
        return self.rdl_count + self.rdl_count % 2

    @property
    def has_ubm_layer(self) -> bool:
        """Whether the UBM is a copper layer of its own (layer ``rdl_count + 1``)."""
        return self.rdl_count % 2 == 1

    @property
    def staggered(self) -> bool:
        """Whether layers are changed at places beside bumps and balls only, because no via may stand on another."""
        return self.rdl_count > 1 and not self.technology.stacked_vias

    @property
    def bumps(self) -> tuple[tuple[int, Bump], ...]:
        """Every bump in the package frame, with the index of its die."""
        return tuple((index, bump) for index, placed in enumerate(self.dies) for bump in placed.bumps)

    def land(self, bump: Bump) -> Shape:
        """The RDL1 land of a bump: its end, enclosed by the technology's rule."""
        return grown(bump.shape, self.technology.die_pad.enclosure)

    @property
    def ubm_pad(self) -> Shape:
        """The pad on the last RDL under a ball."""
        return self.ball.pad_shape.of(self.ball.pad)

    @property
    def ball_land(self) -> Shape:
        """The outermost copper of a ball: its UBM where that is a layer, else its UBM pad."""
        return Circle(self.ball.ubm) if self.has_ubm_layer else self.ubm_pad

    @property
    def ubm_via_opening(self) -> Nm:
        """Where the UBM is a layer: the hole through which it meets the UBM pad. The relief of a copper-defined
        terminal lies around the UBM, so there the hole is the technology's."""
        if self.ball.mask_defined:
            return self.ball.opening
        rule = self.technology.ball_for(min(self.ball.pitch_x, self.ball.pitch_y))
        enclosure = max(0, (min(rule.pad, rule.ubm) - rule.opening) // 2)
        return min(rule.opening, min(self.ball.pad, self.ball.ubm) - 2 * enclosure)

    @property
    def ball_opening(self) -> Shape:
        """The hole in the outermost polymer that a ball sees."""
        if self.has_ubm_layer:
            return Circle(self.ball.ubm if self.ball.mask_defined else self.ball.opening)
        return self.ball.pad_shape.of(self.ball.opening)

    @property
    def land_opening(self) -> Nm:
        """Width of ``ball_opening``."""
        return extent(self.ball_opening)[0]

    def net(self, name: str) -> NetRule:
        """The rule of a net."""
        index = bisect_left(self.nets, name, key=lambda rule: rule.name)
        if index < len(self.nets) and self.nets[index].name == name:
            return self.nets[index]
        raise KeyError(name)

    def trace_width(self, rule: NetRule, layer: int) -> Nm:
        """Of the traces of a net on an RDL."""
        return max(self.technology.metal(layer).line, rule.on_layer(layer).width or 0)

    def trace_space(self, rule: NetRule, layer: int) -> Nm:
        """What the traces of a net keep from copper of other nets on an RDL."""
        return max(self.technology.metal(layer).space, rule.on_layer(layer).space or 0)

    @property
    def given(self) -> dict[str, str]:
        """Net of every ball of the nets that may take no more balls than they want."""
        return {name: r.name for r in self.nets for name in r.allowed or () if len(r.allowed or ()) == r.balls}

    def layer_name(self, layer: int) -> str:
        """``RDL1`` .. ``RDLn``, and ``UBM`` for the layer beyond the last RDL."""
        return "UBM" if layer > self.rdl_count else f"RDL{layer}"


def terminal_name(package: Package, die: int, bump: Bump) -> str:
    """The name of a bump in reports: with its die where there are several."""
    return bump.name if len(package.dies) == 1 else f"{package.dies[die].die.name}.{bump.name}"
