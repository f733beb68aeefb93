"""Rules and materials of a process, every value with its source."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kicad_rdl.errors import ModelError
from kicad_rdl.units import Nm, um


class Status(StrEnum):
    """How well a value is founded."""

    OPEN_DECK = "open deck"
    CLASS = "class"
    DEFAULT = "default"
    JOB = "job"
    """Overridden by the job."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where one value of a technology comes from; ``key`` is its dotted place in the file (``metals.0.line``)."""

    key: str
    number: float
    unit: str
    source: str
    status: Status


@dataclass(frozen=True, slots=True)
class MetalRules:
    """One redistribution layer."""

    name: str
    """``RDL1`` .. ``RDLn``, counted from the die outwards."""
    line: Nm
    """Least trace width, and the width drawn unless the job says otherwise."""
    space: Nm
    """Least distance between copper of different nets."""
    thickness: Nm
    material: str = "copper"


@dataclass(frozen=True, slots=True)
class DielectricRules:
    """The polymer under a metal (between it and the one nearer the die)."""

    name: str
    material: str
    thickness: Nm
    permittivity: float
    loss: float


@dataclass(frozen=True, slots=True)
class ViaRules:
    """A via between RDLk and RDLk+1."""

    opening: Nm
    """Diameter of the hole in the dielectric."""
    land_enclosure: Nm
    """Metal nearer the die beyond the opening, each side."""
    capture_enclosure: Nm
    """Metal farther out beyond the opening, each side."""
    space: Nm
    """Opening edge to opening edge."""

    @property
    def land(self) -> Nm:
        """Diameter of the via land."""
        return self.opening + 2 * self.land_enclosure

    @property
    def capture(self) -> Nm:
        """Diameter of the capture pad."""
        return self.opening + 2 * self.capture_enclosure


@dataclass(frozen=True, slots=True)
class DiePadRules:
    """The opening over a die pad (PI1) or the end of a bump, and the RDL1 land on it."""

    opening: Nm
    enclosure: Nm
    """RDL1 beyond the opening, each side."""
    pitch: Nm
    """Least centre-to-centre distance of bumps."""
    space: Nm
    """Opening edge to opening edge."""


@dataclass(frozen=True, slots=True)
class BallRules:
    """The terminal under a ball, for one ball pitch."""

    pitch: Nm
    """Least pitch this row is meant for."""
    ball: Nm
    """Diameter of the sphere before reflow."""
    opening: Nm
    """Opening of the last dielectric (or mask) on the UBM pad: PI2 of a wafer-level deck."""
    ubm: Nm
    """Diameter of the UBM."""
    pad: Nm
    """Diameter of the UBM pad on the last RDL."""


@dataclass(frozen=True, slots=True)
class EdgeRules:
    """Distances to edges."""

    trace_to_package: Nm
    ball_to_package: Nm
    """Edge of the ball to the package edge."""
    die_to_package: Nm
    die_to_die: Nm


@dataclass(frozen=True, slots=True)
class MaskRules:
    """The outermost polymer."""

    material: str
    thickness: Nm
    permittivity: float
    loss: float
    web: Nm
    """Least mask left between two openings."""


@dataclass(frozen=True, slots=True)
class MoldRules:
    """The encapsulation."""

    material: str
    thickness: Nm
    """From the RDL1 surface to the back of the package."""
    permittivity: float
    loss: float


@dataclass(frozen=True, slots=True)
class Technology:
    """A rule deck.

    ``metals`` has one entry per RDL the process offers (its length is the largest number of RDLs);
    ``dielectrics[k]`` lies between RDLk+1 (index k) and what is nearer the die; ``vias[k]`` joins metals k and k+1.
    """

    name: str
    title: str
    source: str
    metals: tuple[MetalRules, ...]
    dielectrics: tuple[DielectricRules, ...]
    vias: tuple[ViaRules, ...]
    die_pad: DiePadRules
    balls: tuple[BallRules, ...]
    edges: EdgeRules
    mask: MaskRules
    mold: MoldRules
    stacked_vias: bool
    """Whether a via may stand on another, on a die-pad opening or under a ball opening."""
    stagger: Nm
    """Least distance between openings of successive vias where stacking is not allowed."""
    teardrop_ratio: float
    """Width of a teardrop at the pad, as a part of the pad's diameter; 0 for none."""
    provenance: tuple[Provenance, ...] = ()

    def __post_init__(self) -> None:
        if not self.metals:
            raise ModelError(f"technology {self.name}: no metal")
        if len(self.dielectrics) != len(self.metals) or len(self.vias) != len(self.metals) - 1:
            raise ModelError(
                f"technology {self.name}: {len(self.metals)} metals need as many dielectrics and one via less; "
                f"got {len(self.dielectrics)} dielectrics and {len(self.vias)} vias"
            )
        if not self.balls:
            raise ModelError(f"technology {self.name}: no ball")

    def metal(self, layer: int) -> MetalRules:
        """Rules of RDL ``layer`` (from 1)."""
        return self.metals[layer - 1]

    def via(self, layer: int) -> ViaRules:
        """Rules of the via between RDL ``layer`` and RDL ``layer + 1``."""
        return self.vias[layer - 1]

    @property
    def ball_enclosure(self) -> Nm:
        """Least rim of a UBM pad around its opening: the decks give sizes for each pitch, the least rim is the rule."""
        return max(0, min((row.pad - row.opening) // 2 for row in self.balls))

    @property
    def ubm_enclosure(self) -> Nm:
        """Least rim of a UBM around the opening under it, in the same way."""
        return max(0, min((row.ubm - row.opening) // 2 for row in self.balls))

    def ball_for(self, pitch: Nm) -> BallRules:
        """The row with the largest pitch that is not above ``pitch``.

        Raises:
            ModelError: every row needs a larger pitch.
        """
        fitting = [row for row in self.balls if row.pitch <= pitch]
        if not fitting:
            least = min(row.pitch for row in self.balls)
            raise ModelError(
                f"ball pitch {um(pitch)} is below {um(least)}, the least that technology {self.name} offers"
            )
        return max(fitting, key=lambda row: row.pitch)
