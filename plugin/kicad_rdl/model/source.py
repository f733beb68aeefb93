"""What a file of another program tells about dies and balls, before a job makes a package of it."""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.geometry import Point, Shape
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.units import Nm


@dataclass(frozen=True, slots=True)
class SourceBall:
    """A terminal of the package, in the package frame."""

    name: str
    at: Point
    net: str | None
    shape: Shape | None = None
    """None: the file does not say."""


@dataclass(frozen=True, slots=True)
class Source:
    """Dies with their bump maps and places, and the balls, as far as the file knows them.

    Frames are those of ``model``: bumps from the centre of their die, dies and balls from the package centre, seen from
    the die side. Where a file knows no package, the origin is the centre of its only die, or that of all dies.
    """

    dies: tuple[PlacedDie, ...]
    balls: tuple[SourceBall, ...] = ()
    width: Nm | None = None
    """Of the package body."""
    height: Nm | None = None
    notes: tuple[str, ...] = ()
    """What the reader had to simplify or pass over, in the user's words, with file and line where it knows them."""

    @property
    def is_lone_die(self) -> bool:
        """One die and nothing of a package around it: formats show it as chip layouts do, looking onto its face."""
        return len(self.dies) == 1 and not self.balls and self.width is None
