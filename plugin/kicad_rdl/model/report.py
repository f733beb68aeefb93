"""What the checker and the pipeline have to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kicad_rdl.geometry import Point
from kicad_rdl.units import Nm


class Rule(StrEnum):
    """Identifiers of the checks."""

    SHORT = "short"
    SPACING = "spacing"
    WIDTH = "width"
    ENCLOSURE = "enclosure"
    VIA_SPACING = "via_spacing"
    VIA_STACKING = "via_stacking"
    MASK_WEB = "mask_web"
    PACKAGE_EDGE = "package_edge"
    DIE_EDGE = "die_edge"
    ACUTE_ANGLE = "acute_angle"
    OPEN = "open"
    DANGLING = "dangling"
    NAME = "name"
    KEEPOUT = "keepout"
    LAYER = "layer"


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One broken rule at one place. A measured length is rounded down: towards the violation."""

    rule: Rule
    severity: Severity
    layer: str
    """``RDL1`` ..., or ``-`` where no layer is meant."""
    at: Point
    things: tuple[str, ...]
    """What is involved, in words: ``trace A1 on RDL1``."""
    measured: Nm | None
    required: Nm | None
    remedy: str


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of long work."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class RefusedCount:
    """A number of RDLs that was considered and not taken."""

    rdl_count: int
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class KicadFinding:
    """All violations of one type that KiCad's DRC found; its counts are capped (199 for most types)."""

    type: str
    severity: str
    count: int
    example: str
    """One of them, in KiCad's words, with its place on the board."""


@dataclass(frozen=True, slots=True)
class KicadCheck:
    """The verdict of KiCad's own DRC, or why there is none."""

    version: str | None
    """None: the check was not run."""
    findings: tuple[KicadFinding, ...] = ()
    reason: str = ""
    """Why it was not run."""

    @property
    def clean(self) -> bool:
        """Whether it was run and found nothing: no error, no warning, nothing unconnected."""
        return self.version is not None and not self.findings
