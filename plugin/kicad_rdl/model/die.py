"""A bare chip and its bump map."""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.errors import ModelError
from kicad_rdl.geometry import Point, Shape, turned
from kicad_rdl.units import Nm, um


@dataclass(frozen=True, slots=True)
class Bump:
    """A contact of the die, in the frame of its die (origin in the die's centre, face towards the RDLs).

    ``shape`` is the bump end (or pad opening) itself; the RDL1 land encloses it by the technology's rule.
    """

    name: str
    at: Point
    net: str | None
    """None: not connected."""
    shape: Shape
    ball: str | None = None
    """The ball its net must end on, when the list gives one."""


@dataclass(frozen=True, slots=True)
class Die:
    """A die with its bumps."""

    name: str
    width: Nm
    height: Nm
    bumps: tuple[Bump, ...]

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise ModelError(f"die {self.name}: width and height must be greater than zero")
        seen: set[str] = set()
        for bump in self.bumps:
            if bump.name in seen:
                raise ModelError(f'die {self.name}: bump "{bump.name}" is listed twice')
            seen.add(bump.name)
            if 2 * abs(bump.at.x) > self.width or 2 * abs(bump.at.y) > self.height:
                raise ModelError(
                    f'die {self.name}: bump "{bump.name}" at {um(bump.at.x)}, {um(bump.at.y)} from the die centre '
                    f"lies outside the die of {um(self.width)} x {um(self.height)}"
                )


CENTRE = Point(0, 0)


@dataclass(frozen=True, slots=True)
class PlacedDie:
    """A die in the package frame: mirrored about its y axis first, then turned counter-clockwise, then moved."""

    die: Die
    at: Point = CENTRE
    quarters: int = 0
    mirrored: bool = False

    def place(self, bump: Bump) -> Bump:
        """The bump in the package frame."""
        local = Point(-bump.at.x, bump.at.y) if self.mirrored else bump.at
        return Bump(
            bump.name,
            local.turned(self.quarters) + self.at,
            bump.net,
            turned(bump.shape, self.quarters),
            bump.ball,
        )

    @property
    def bumps(self) -> tuple[Bump, ...]:
        """All bumps in the package frame, in the order of the bump map."""
        return tuple(self.place(bump) for bump in self.die.bumps)

    @property
    def size(self) -> tuple[Nm, Nm]:
        """Width and height along the package's axes."""
        width, height = self.die.width, self.die.height
        return (height, width) if self.quarters % 2 else (width, height)
