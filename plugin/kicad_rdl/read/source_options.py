"""What a file of another program does not say itself, and the user may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kicad_rdl.geometry import Shape
from kicad_rdl.read.bumps import DEFAULT_SHAPE
from kicad_rdl.read.columns import Headers
from kicad_rdl.units import Nm


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Each reader takes what it needs; what the file itself says wins, unless a field says otherwise."""

    name: str | None = None
    """Of the die, where there is one; None: as the file calls it."""
    width: Nm | None = None
    """Of the die; None: what the file says, else the extents of its bumps."""
    height: Nm | None = None
    origin: Literal["die centre", "lower left"] | None = None
    """Where coordinates count from, in formats that do not fix it; None: what is usual in the format."""
    unit: str | None = None
    """Of lengths without one, in formats that do not fix it."""
    face: Literal["up", "down"] | None = None
    """How the file shows a die: ``up``, looking onto its active face as chip layouts do, or ``down``, looking through
    its back. None: what is usual in the format. Files that place their dies refuse it."""
    shape: Shape = DEFAULT_SHAPE
    """Of bumps to which the file gives no size."""
    types: Mapping[str, Shape] = field(default_factory=dict)
    """By type, cell or padstack; wins over what a LEF says of the cell."""
    sheet: str | None = None
    """Of a workbook."""
    headers: Headers = field(default_factory=dict)
    """Which columns of a table are what, where its own headers do not say."""
    lef: tuple[Path, ...] = ()
    """Files with the macros of a DEF or 3Dblox file."""
    cells: tuple[str, ...] = ()
    """Patterns of LEF macros (``PADCELL_*``, with a pin ``PAD_*/VDD``) to take as bumps instead of the bump macros."""
    chiplet: str | None = None
    """Which chiplet of a 3Dblox file: ``NAME`` or ``NAME.REGION``; None: all that lie on the substrate."""
    dies: tuple[str, ...] = ()
    """Patterns of the references of a KiCad board's footprints that are dies; none: all but ``balls``."""
    balls: str | None = None
    """Reference of a KiCad board's footprint whose pads are the balls; None: the one made for balls."""


DEFAULTS = SourceOptions()
