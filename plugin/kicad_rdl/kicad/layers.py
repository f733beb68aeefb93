"""KiCad's layers and its page: the only place where y turns over.

Inside, y points up and the package centre is the origin; on KiCad's page y points down and the package lies in the
middle of the sheet. RDL1 is the front copper (the die side), the last copper layer the back (the land side).
"""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.geometry import Point
from kicad_rdl.kicad.sexpr import Quoted, Tree
from kicad_rdl.model.package import Package
from kicad_rdl.units import MM, Nm

FORMAT_VERSION = "20241229"
"""Of boards and footprints: KiCad 9.0; 10 reads it too."""
SYMBOL_VERSION = "20241209"
"""Of symbol libraries: KiCad 9.0."""
GENERATOR = Quoted("kicad_rdl")
GENERATOR_VERSION = Quoted("9.0")

SHEET: tuple[Nm, Nm] = (297 * MM, 210 * MM)
"""A4, landscape."""
SHEET_CENTRE = Point(150 * MM, 100 * MM)
SHEET_MARGIN: Nm = 25 * MM

MOLD_LAYER = "User.1"


@dataclass(frozen=True, slots=True)
class Page:
    """Where the package centre lies on KiCad's sheet; y down."""

    centre: Point

    def spot(self, word: str, point: Point) -> Tree:
        """``(word x y)`` of a point of the package frame."""
        return (word, self.centre.x + point.x, self.centre.y - point.y)


def page_of(package: Package) -> Page:
    """The middle of an A4 sheet, or of a sheet that is large enough."""
    if _fits(package):
        return Page(SHEET_CENTRE)
    width, height = _own_sheet(package)
    return Page(Point(width // 2, height // 2))


def paper(package: Package) -> Tree:
    """The ``paper`` entry of the board."""
    if _fits(package):
        return ("paper", Quoted("A4"))
    return ("paper", Quoted("User"), *_own_sheet(package))


def _fits(package: Package) -> bool:
    return package.width + 2 * SHEET_MARGIN <= SHEET[0] and package.height + 2 * SHEET_MARGIN <= SHEET[1] - 20 * MM


def _own_sheet(package: Package) -> tuple[Nm, Nm]:
    """Whole millimetres, so that the centre is on the grid."""
    width, height = (-(-side // MM) * MM + 2 * SHEET_MARGIN for side in (package.width, package.height))
    return width, height


def turned_over(word: str, point: Point) -> Tree:
    """``(word x y)`` of a point in a footprint's own frame, seen from its front."""
    return (word, point.x, -point.y)


def seen_through(word: str, point: Point) -> Tree:
    """``(word x y)`` of a point in the frame of a footprint that sits on the back.

    KiCad turns a footprint over top to bottom, so the two turns of y cancel.
    """
    return (word, point.x, point.y)


def copper(layer: int, count: int) -> str:
    """KiCad's name of copper layer ``layer`` (from 1, die side) of ``count``."""
    if layer == 1:
        return "F.Cu"
    return "B.Cu" if layer == count else f"In{layer - 1}.Cu"


def back(layer: str) -> str:
    """The same layer on the other side."""
    return "B." + layer[2:] if layer.startswith("F.") else layer


def layer_number(name: str) -> int:
    """KiCad's number of a layer."""
    if name.startswith("In"):
        return 2 + 2 * int(name[2:-3])
    return _NUMBERS[name]


def layer_table(package: Package) -> Tree:
    """The ``layers`` entry of the board; copper layers carry our names beside KiCad's."""
    count = package.metal_count
    metals = [
        (str(layer_number(name)), Quoted(name), "signal", Quoted(package.layer_name(layer)))
        for layer, name in ((layer, copper(layer, count)) for layer in range(1, count + 1))
    ]
    return ("layers", *metals, *_TECHNICAL)


_TECHNICAL: tuple[Tree, ...] = (
    ("9", Quoted("F.Adhes"), "user", Quoted("F.Adhesive")),
    ("11", Quoted("B.Adhes"), "user", Quoted("B.Adhesive")),
    ("13", Quoted("F.Paste"), "user"),
    ("15", Quoted("B.Paste"), "user"),
    ("5", Quoted("F.SilkS"), "user", Quoted("F.Silkscreen")),
    ("7", Quoted("B.SilkS"), "user", Quoted("B.Silkscreen")),
    ("1", Quoted("F.Mask"), "user"),
    ("3", Quoted("B.Mask"), "user"),
    ("17", Quoted("Dwgs.User"), "user", Quoted("User.Drawings")),
    ("19", Quoted("Cmts.User"), "user", Quoted("User.Comments")),
    ("21", Quoted("Eco1.User"), "user", Quoted("User.Eco1")),
    ("23", Quoted("Eco2.User"), "user", Quoted("User.Eco2")),
    ("25", Quoted("Edge.Cuts"), "user"),
    ("27", Quoted("Margin"), "user"),
    ("31", Quoted("F.CrtYd"), "user", Quoted("F.Courtyard")),
    ("29", Quoted("B.CrtYd"), "user", Quoted("B.Courtyard")),
    ("35", Quoted("F.Fab"), "user"),
    ("33", Quoted("B.Fab"), "user"),
    ("39", Quoted(MOLD_LAYER), "user", Quoted("Mold")),
)

_NUMBERS: dict[str, int] = {"F.Cu": 0, "B.Cu": 2} | {str(row[1]): int(str(row[0])) for row in _TECHNICAL}
