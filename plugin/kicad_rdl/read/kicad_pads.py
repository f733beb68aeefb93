"""The pads of a KiCad footprint as bumps: shape, place in the footprint's own frame (y up), net."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from kicad_rdl.errors import InputError, ModelError
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape, grown
from kicad_rdl.read.board_shapes import Place, pad_offset, pad_shapes, place_of
from kicad_rdl.read.board_tree import Node
from kicad_rdl.read.kicad_extents import extents_of

OCTAGON_CHAMFER = 0.2928932
"""Part of its width that a regular octagon's corner takes: 1 - 1/sqrt(2)."""
OPEN_PIN = "unconnected-("
"""KiCad begins the net of a pin without a connection so."""


@dataclass(frozen=True, slots=True)
class FootprintPad:
    """A copper pad, along the axes of its footprint."""

    name: str
    """Its number; of pads that share one, all but the first have ``.2``, ``.3`` ... behind it."""
    number: str
    at: Point
    """From the footprint's anchor, not turned with it, y up."""
    shape: Shape
    opening: Shape
    """What the mask leaves of the copper: a bump end on its land, where the mask covers the land's edge."""
    net: str | None
    bga: bool
    note: str = ""
    """What of the pad's own shape ``shape`` does not keep."""


def footprint_pads(footprint: Node, angle: float, nets: dict[str, str]) -> list[FootprintPad]:
    """The pads that have copper and a name, in the order of the file.

    Args:
        footprint: the node.
        angle: of the footprint on its board [degrees]; the angles of its pads include it.
        nets: names by number, for files to KiCad 9.
    """
    margin = footprint.length_of("solder_mask_margin", 0)
    pads: list[FootprintPad] = []
    for node in footprint.all("pad"):
        kind = str(node.values[1]) if len(node.values) > 1 else ""
        layers = node.first("layers")
        copper = any(str(value).endswith(".Cu") for value in layers.values) if layers is not None else False
        number = node.name().strip()
        if kind == "np_thru_hole" or not copper or not number:
            continue
        place = place_of(node, Place(), own_angle=True)
        turned = Place(place.at, place.angle - angle)
        shape, note = _shape(node, turned)
        closed = node.length_of("solder_mask_margin", margin)
        opening = shape
        if closed < 0:
            try:
                opening = grown(shape, closed)
            except ModelError:
                raise InputError(f'pad "{node.name()}": its mask leaves no opening', node.source) from None
        offset = pad_offset(node)
        x, y = Place(angle=turned.angle).spot(offset.x, offset.y)
        at = Point(place.at.x + round(x), -place.at.y - round(y))
        properties = {str(value) for each in node.all("property") for value in each.values}
        bga = "pad_prop_bga" in properties
        pads.append(FootprintPad(number, number, at, shape, opening, _net(node, nets), bga, note))
    return _told_apart(pads)


def _told_apart(pads: list[FootprintPad]) -> list[FootprintPad]:
    """The pads with a name for each."""
    taken = {pad.number for pad in pads}
    count: Counter[str] = Counter()
    named: list[FootprintPad] = []
    for pad in pads:
        count[pad.number] += 1
        name = pad.number
        if count[pad.number] > 1:
            while (name := f"{pad.number}.{count[pad.number]}") in taken:
                count[pad.number] += 1
            taken.add(name)
        named.append(replace(pad, name=name))
    return named


def _net(node: Node, nets: dict[str, str]) -> str | None:
    """By number with a name, or by number alone with the name elsewhere, or by name (from KiCad 10)."""
    net = node.first("net")
    if net is None or not net.values:
        return None
    last = net.values[-1]
    name = nets.get(str(last), "") if isinstance(last, int) else str(last)
    return None if not name or name.startswith(OPEN_PIN) else name


def _shape(node: Node, place: Place) -> tuple[Shape, str]:
    """The shape, and what it does not keep; turns by less than a quarter count too."""
    size = node.need("size")
    width, height = size.length(0), size.length(1)
    kind = str(node.values[2]) if len(node.values) > 2 else ""
    if width <= 0 or height <= 0:
        raise InputError(f'pad "{node.name()}" has no area', node.source)
    square, quarter = width == height, place.angle % 90 == 0
    if kind in ("circle", "oval") and square:
        return Circle(width), ""
    if kind == "roundrect":
        ratio, chamfer = _number(node, "roundrect_rratio"), node.first("chamfer")
        cut = _number(node, "chamfer_ratio")
        whole = chamfer is not None and len(chamfer.values) == 4
        if square and whole and abs(cut - OCTAGON_CHAMFER) < 1e-4 and place.angle % 45 == 0:
            return Octagon(width), ""
        if square and ratio == 0.5 and chamfer is None:
            return Circle(width), ""
    if kind == "rect" and quarter:
        return (Rectangle(width, height) if place.angle % 180 == 0 else Rectangle(height, width)), ""
    left, bottom, right, top = extents_of(pad_shapes(node, Place(angle=place.angle)))
    offset = pad_offset(node)
    shift_x, shift_y = Place(angle=place.angle).spot(offset.x, offset.y)
    across = 2 * max(right - shift_x, shift_x - left)
    down = 2 * max(top - shift_y, shift_y - bottom)
    return Rectangle(round(across), round(down)), f"pads ({kind}) are taken as the rectangles around them"


def _number(node: Node, word: str) -> float:
    child = node.first(word)
    return child.number(0) if child is not None else 0.0
