"""How a cell or chiplet lies: the eight ways of DEF (N .. FE) and of 3Dblox (R0 .. MY_R90)."""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.geometry import Point
from kicad_rdl.read.outline import Box


@dataclass(frozen=True, slots=True)
class Orientation:
    """Mirrored about its y axis first (x changes sign), then turned counter-clockwise, as ``PlacedDie``."""

    quarters: int
    mirrored: bool

    def point(self, at: Point) -> Point:
        """A point, turned about the origin."""
        return (Point(-at.x, at.y) if self.mirrored else at).turned(self.quarters)

    def box(self, box: Box) -> Box:
        """A box, turned about the origin."""
        return Box.around(self.point(corner) for corner in box.corners)


DEF: dict[str, Orientation] = {
    "N": Orientation(0, False),
    "W": Orientation(1, False),
    "S": Orientation(2, False),
    "E": Orientation(3, False),
    "FN": Orientation(0, True),
    "FE": Orientation(1, True),
    "FS": Orientation(2, True),
    "FW": Orientation(3, True),
}

THREEDBLOX: dict[str, Orientation] = {
    "R0": Orientation(0, False),
    "R90": Orientation(1, False),
    "R180": Orientation(2, False),
    "R270": Orientation(3, False),
    "MY": Orientation(0, True),
    "MY_R90": Orientation(1, True),
    "MY_R180": Orientation(2, True),
    "MY_R270": Orientation(3, True),
    "MX": Orientation(2, True),
    "MX_R90": Orientation(3, True),
    "MX_R180": Orientation(0, True),
    "MX_R270": Orientation(1, True),
}
"""Seen from above; a leading ``MZ_`` turns the chiplet upside down and leaves x and y as they are."""
