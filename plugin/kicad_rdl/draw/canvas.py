"""The SVG tree and its text: data first, then a tree of elements, then one string.

Lengths are integer nanometres and are written as exact decimals of micrometres. The frame is that of the model (y
up); ``document`` turns it over with the only flip of the drawing. Letters would come out upside down under it, so
``letters`` stands every text upright again at its own place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from kicad_rdl.geometry import ORIGIN, Arc, Circle, Path, Point, Polygon, Rectangle, Shape, corners
from kicad_rdl.units import Nm, format_length

FONT = "'Helvetica Neue',Arial,'Liberation Sans','DejaVu Sans',sans-serif"

CAPITAL_HEIGHT = 0.72
"""Height of capitals and digits as a part of the font size, in the fonts named above."""

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold even when escaped."""

_PLAIN = re.compile(r"[\w .,:;/#()\[\]+-]*", re.ASCII)
"""Nearly every text of a drawing: nothing to escape."""


@dataclass(frozen=True, slots=True)
class Element:
    """One SVG element; a child that is a string is character data."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[Element | str, ...] = ()


def element(tag: str, *children: Element | str, **attributes: Nm | str | None) -> Element:
    """An element. An integer is a length [nm]; a string goes in as it is; None is left out; ``_`` becomes ``-``."""
    pairs = tuple(
        (name.rstrip("_").replace("_", "-"), value if isinstance(value, str) else number(value))
        for name, value in attributes.items()
        if value is not None
    )
    return Element(tag, pairs, children)


def group(children: Iterable[Element], **attributes: Nm | str | None) -> Element:
    """A ``g`` around the children."""
    return element("g", *children, **attributes)


def number(length: Nm) -> str:
    """A length [nm] as the exact decimal of micrometres: ``units.format_length`` without its detour over Decimal."""
    whole, part = divmod(abs(length), 1000)
    text = str(whole) if part == 0 else (str(whole) + "." + str(part).zfill(3)).rstrip("0")
    return "-" + text if length < 0 else text


def escaped(text: str) -> str:
    """Character data for XML: markup and quotes escaped, characters that XML cannot hold replaced."""
    if _PLAIN.fullmatch(text):
        return text
    text = _FORBIDDEN.sub("\ufffd", text)
    for plain, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(plain, entity)
    # a parser would fold these in attributes
    return text.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")


def title(text: str) -> Element:
    """The tooltip of the element it stands in."""
    return element("title", text)


# --- geometry ------------------------------------------------------------------------------------


def _pair(x: float, y: float) -> str:
    return number(round(x)) + " " + number(round(y))


def path_data(path: Path) -> str:
    """The ``d`` of lines and arcs."""
    parts = ["M" + _pair(path.start.x, path.start.y)]
    for piece in path.pieces:
        end = _pair(piece.end.x, piece.end.y)
        if isinstance(piece, Arc):
            radius, sweep = number(round(piece.radius)), piece.sweep
            large = "1" if abs(sweep) > math.pi else "0"
            parts.append("A" + " ".join((radius, radius, "0", large, "1" if sweep > 0 else "0", end)))
        else:
            parts.append("L" + end)
    return "".join(parts)


def polygon_data(polygon: Polygon) -> str:
    """The ``d`` of a polygon with its holes, for ``fill-rule="evenodd"``."""
    rings = (polygon.points, *polygon.holes)
    return "".join("M" + "L".join(_pair(point.x, point.y) for point in ring) + "Z" for ring in rings)


def line(start: Point, end: Point, **attributes: Nm | str | None) -> Element:
    """A straight stroke."""
    return element("line", x1=start.x, y1=start.y, x2=end.x, y2=end.y, **attributes)


def box(centre: Point, width: Nm, height: Nm, *children: Element, **attributes: Nm | str | None) -> Element:
    """A rectangle around its centre."""
    x, y = centre.x - width // 2, centre.y - height // 2
    return element("rect", *children, x=x, y=y, width=width, height=height, **attributes)


def polygon(points: Iterable[Point], *children: Element, **attributes: Nm | str | None) -> Element:
    """A closed outline."""
    return element("polygon", *children, points=" ".join(_pair(p.x, p.y) for p in points), **attributes)


def shape(outline: Shape, at: Point, *children: Element, **attributes: Nm | str | None) -> Element:
    """A pad or opening at its place."""
    match outline:
        case Circle(diameter):
            return disc(at, diameter, *children, **attributes)
        case Rectangle(width, height):
            return box(at, width, height, *children, **attributes)
        case _:
            points = (Point(at.x + round(x), at.y + round(y)) for x, y in corners(outline))
            return polygon(points, *children, **attributes)


def disc(at: Point, diameter: Nm, *children: Element, **attributes: Nm | str | None) -> Element:
    """A circle; an odd diameter makes a radius that ends on half a nanometre."""
    radius = format_length(diameter * 500, "mm")  # half of it in micrometres: times 500 over a million
    return element("circle", *children, cx=at.x, cy=at.y, r=radius, **attributes)


def letters(
    text: str, centre: Point, size: Nm, *, anchor: str = "middle", quarters: int = 0, **attributes: Nm | str | None
) -> Element:
    """Upright text whose capitals are centred on ``centre`` across the reading direction.

    ``anchor`` tells which part of the text lies on ``centre`` along it; ``quarters`` turns it counter-clockwise.
    """
    drop = round(size * CAPITAL_HEIGHT / 2)
    down = (Point(0, -drop)).turned(quarters)
    at = centre + down
    turn = " rotate(" + str(-90 * quarters) + ")" if quarters else ""
    place = "translate(" + _pair(at.x, at.y) + ") scale(1 -1)" + turn
    return element(
        "text", text, transform=place, font_size=size, text_anchor=None if anchor == "start" else anchor, **attributes
    )


def moved(children: Iterable[Element], to: Point) -> Element:
    """The children with their origin moved."""
    return group(children, transform=None if to == ORIGIN else "translate(" + _pair(to.x, to.y) + ")")


# --- text ----------------------------------------------------------------------------------------


def document(children: Iterable[Element], left: Nm, bottom: Nm, width: Nm, height: Nm, pixels: int, name: str) -> str:
    """The text of an SVG file that shows the given window of the y-up frame, ``pixels`` wide unless scaled."""
    view = " ".join(number(value) for value in (left, -(bottom + height), width, height))
    tall = round(pixels * height / width)
    root = element(
        "svg",
        title(name),
        element("rect", x=left, y=-(bottom + height), width=width, height=height, fill="#ffffff"),
        group(children, transform="scale(1 -1)", font_family=FONT),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=view,
        width=str(pixels),
        height=str(tall),
    )
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    _write(root, "", lines)
    return "\n".join(lines) + "\n"


def _write(node: Element, indent: str, lines: list[str]) -> None:
    """One line for an element without element children (a tooltip does not count), else a block."""
    opening = indent + _start(node)
    if not node.children:
        lines.append(opening + "/>")
        return
    closing = "</" + node.tag + ">"
    if all(isinstance(child, str) or child.tag == "title" for child in node.children):
        lines.append(opening + ">" + "".join(map(_inline, node.children)) + closing)
        return
    lines.append(opening + ">")
    for child in node.children:
        if isinstance(child, str):
            lines.append(escaped(child))
        else:
            _write(child, indent + " ", lines)
    lines.append(indent + closing)


def _start(node: Element) -> str:
    return "<" + node.tag + "".join(" " + name + '="' + escaped(value) + '"' for name, value in node.attributes)


def _inline(child: Element | str) -> str:
    if isinstance(child, str):
        return escaped(child)
    return _start(child) + ">" + "".join(map(_inline, child.children)) + "</" + child.tag + ">"
