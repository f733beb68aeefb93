"""The pad types of an AIF file as shapes of the model, with a word on what was simplified."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kicad_rdl.errors import ModelError
from kicad_rdl.geometry import Circle, Octagon, Rectangle, Shape, corners
from kicad_rdl.read.aif_file import AifFile, Entry
from kicad_rdl.units import Nm

ROUND_CORNERS = 12
"""Corners from which a polygon with all of them on one circle is taken as that circle."""
GRID: Nm = 2
"""By how much a coordinate of a polygon may be off after the rounding to the file's unit."""


@dataclass(frozen=True, slots=True)
class PadType:
    """A shape, and what of the file's own shape it does not keep ("" where it is exact)."""

    shape: Shape
    note: str = ""


def pad_types(file: AifFile) -> dict[str, PadType]:
    """Pad types by name, whose capitals matter."""
    section = file.find("PADS")
    types: dict[str, PadType] = {}
    for entry in section.entries if section is not None else ():
        if not entry.key:
            raise file.error(f'"{entry.text[:60]}" is no pad type; write NAME=SQUARE 80', entry.line)
        if entry.key in types:
            raise file.error(f'pad type "{entry.key}" is defined twice', entry.line)
        types[entry.key] = pad_type(file, entry)
    return types


def pad_type(file: AifFile, entry: Entry) -> PadType:
    """``SQUARE a``, ``RECT w h``, ``OBLONG w h``, ``CIRCLE d`` (each with a longer and a shorter word) or ``POLY``."""
    word, _, rest = entry.value.partition(" ")
    sizes = file.lengths(rest, f'pad type "{entry.key}"', entry.line)
    try:
        match word.upper(), sizes:
            case (("SQUARE" | "SQ"), [side, *fillet]):
                return PadType(Rectangle(side, side), _fillet(fillet))
            case (("RECTANGLE" | "RECT"), [width, height, *fillet]):
                return PadType(Rectangle(width, height), _fillet(fillet))
            case (("OBLONG" | "OBROUND"), [width, height]):
                if width == height:
                    return PadType(Circle(width))
                return PadType(Rectangle(width, height), "its round ends are taken as square ones")
            case (("CIRCLE" | "ROUND"), [diameter]):
                return PadType(Circle(diameter))
            case (("POLY" | "POLYGON"), [*_]) if len(sizes) >= 6 and len(sizes) % 2 == 0:
                return _polygon(list(zip(sizes[::2], sizes[1::2], strict=True)))
    except ModelError as error:
        raise file.error(f'pad type "{entry.key}": {error}', entry.line) from None
    raise file.error(
        f'pad type "{entry.key}" = "{entry.value[:60]}" is not read; write SQUARE a, RECTANGLE w h, OBLONG w h, '
        "CIRCLE d or POLY x,y x,y ... (three corners at least)",
        entry.line,
    )


def _fillet(rest: list[Nm]) -> str:
    return "its rounded corners are taken as square ones" if any(rest) else ""


def _polygon(points: list[tuple[Nm, Nm]]) -> PadType:
    """A rectangle, a regular octagon or a circle around 0, 0 where the corners say so; else what covers them."""
    if points[0] == points[-1]:
        points = points[:-1]
    width = 2 * max(abs(x) for x, _ in points)
    height = 2 * max(abs(y) for _, y in points)
    known: list[Shape] = [Rectangle(width, height), *([Octagon(width)] if width == height else [])]
    for shape in known:
        if _same_corners(points, shape):
            return PadType(shape)
    reach = [math.hypot(x, y) for x, y in points]
    if len(points) >= ROUND_CORNERS and max(reach) - min(reach) <= GRID:
        return PadType(Circle(round(2 * max(reach))), f"its {len(points)} corners are taken as a circle")
    return PadType(
        Rectangle(width, height), f"its polygon of {len(points)} corners is taken as the rectangle around it"
    )


def _same_corners(points: list[tuple[Nm, Nm]], shape: Shape) -> bool:
    """Whether the points are the corners of the shape, in any order that goes around."""
    wanted = corners(shape)
    if len(wanted) != len(points):
        return False
    around = sorted(points, key=lambda p: math.atan2(p[1], p[0]) % math.tau)
    pairs = zip(around, sorted(wanted, key=lambda p: math.atan2(p[1], p[0]) % math.tau), strict=True)
    return all(abs(a[0] - b[0]) <= GRID and abs(a[1] - b[1]) <= GRID for a, b in pairs)
