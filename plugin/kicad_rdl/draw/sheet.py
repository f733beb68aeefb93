"""The sheet: how large letters and lines are for a package, and where package, dimensions and panel lie."""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.model.package import Package
from kicad_rdl.units import Nm

LETTERS_PER_SIDE = 48
"""Font sizes along the longer side of the package: keeps the letters readable when the sheet is 1,200 pixels wide."""
PIXELS = 1_600
"""Width of the picture where nobody scales it."""
PANEL = 27.0
"""Width of the legend and title block, in font sizes."""
LANE = 2.3
"""From one dimension line to the next, in font sizes."""
FIRST_LANE = 2.0
NAMES = 2.6
"""Room for row letters and column numbers."""
BORDER = 1.6


@dataclass(frozen=True, slots=True)
class Sheet:
    """Measures in the package frame: the package centre is the origin."""

    width: Nm
    """Of the package."""
    height: Nm
    letter: Nm
    """Font size of normal text."""
    left: Nm
    right: Nm
    bottom: Nm
    top: Nm
    """Edges of the picture."""
    panel: Nm
    """Left edge of the panel, which reaches to the border of the frame on the right."""

    def letters(self, count: float) -> Nm:
        """A length in font sizes [nm]."""
        return round(self.letter * count)

    @property
    def hair(self) -> Nm:
        """Thin line."""
        return self.letters(0.05)

    @property
    def thin(self) -> Nm:
        """Dimension lines, outlines of what is only shown for orientation."""
        return self.letters(0.08)

    @property
    def thick(self) -> Nm:
        """The package outline and whatever must catch the eye."""
        return self.letters(0.16)


def letter_for(package: Package) -> Nm:
    """Font size of normal text on the sheet of a package [nm]."""
    return max(1, max(package.width, package.height) // LETTERS_PER_SIDE)


def sheet_for(package: Package, lanes_below: int, lanes_right: int, panel_height: float) -> Sheet:
    """The sheet for a package.

    Args:
        package: what is drawn.
        lanes_below: dimension lines under the package.
        lanes_right: dimension lines at its right.
        panel_height: of legend and title block, in font sizes.
    """
    letter = letter_for(package)

    def room(lanes: int) -> float:
        return FIRST_LANE + LANE * lanes if lanes else 2.0

    edge = BORDER * 2
    left = -package.width // 2 - round(letter * (NAMES + edge))
    top = package.height // 2 + round(letter * (NAMES + edge))
    bottom = -package.height // 2 - round(letter * (room(lanes_below) + edge))
    panel = package.width // 2 + round(letter * (room(lanes_right) + 1))
    right = panel + round(letter * (PANEL + BORDER))
    missing = round(letter * (panel_height + edge)) - (top - bottom)
    if missing > 0:
        top += missing // 2
        bottom -= missing - missing // 2
    return Sheet(package.width, package.height, letter, left, right, bottom, top, panel)
