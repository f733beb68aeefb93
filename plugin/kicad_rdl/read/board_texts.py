"""Texts on copper as the boxes around them, on KiCad's page (y down).

Nobody wants a trace between the letters, so a box is what a router needs. It is as wide as KiCad's stroke font makes
the text (advances measured on KiCad 9.0.8, rounded up); of other fonts only a bound is known.
"""

from __future__ import annotations

import shapely

from kicad_rdl.geometry import Point
from kicad_rdl.read.board_shapes import Place, polygon_corners
from kicad_rdl.read.board_tree import Node
from kicad_rdl.units import Nm

ADVANCES = (
    (0.5, "`!',.:;Iij "),
    (0.7, "l^ftr()[]{}\\"),
    (0.8, '~"*JT_vy'),
    (0.95, "Lksxz?AFVYceEabdghnopqu"),
    (1.1, "$0123456789SXZ|#BCDGKPR/HNOQUw"),
)
"""Advance of characters, in widths of the text."""
WIDEST = 1.4
"""Of all others, and of every character of a font that is not KiCad's own."""
LINE = 1.62
"""From line to line, in heights of the text."""
ABOVE, BELOW = 0.95, 0.95
"""How far a line reaches from its middle, accents and descenders included."""
TOP, BOTTOM = 0.6, -0.65
"""Where the middle of the first line lies below, of the last one above, the place of a text that is aligned so."""
KNOCKOUT = 0.4
"""How far the copper around a knocked out text reaches, in heights of the text."""


def text_box(node: Node, text: str, place: Place) -> list[Point]:
    """Corners of the box around a text.

    Args:
        node: the text.
        text: its words.
        place: where it is; see ``board_shapes.place_of``.
    """
    effects = node.first("effects")
    font = effects.first("font") if effects is not None else None
    size = font.first("size") if font is not None else None
    height, width = (size.length(0), size.length(1)) if size is not None else (1_000_000, 1_000_000)
    thick = font.length_of("thickness", height // 5) if font is not None else height // 5
    own = font is not None and font.first("face") is not None
    justify = effects.first("justify") if effects is not None else None
    words = {str(value) for value in justify.values} if justify is not None else set()
    lines = text.replace("\\n", "\n").split("\n")
    long = max(sum(WIDEST if own else _advance(sign) for sign in line) for line in lines) * width
    spacing = font.first("line_spacing") if font is not None else None
    more = (len(lines) - 1) * LINE * height * (spacing.number(0) if spacing is not None else 1.0)
    layer = node.first("layer")
    margin = thick + (KNOCKOUT * height if layer is not None and "knockout" in layer.values else 0.0)
    left = 0.0 if "left" in words else -long if "right" in words else -long / 2
    low, high = left - margin - 0.1 * width, left + long + margin + 0.1 * width
    if "mirror" in words:
        low, high = -high, -low
    first = TOP * height if "top" in words else BOTTOM * height - more if "bottom" in words else -more / 2
    top, bottom = first - ABOVE * height - margin, first + more + BELOW * height + margin
    return [place.point(Point(round(x), round(y))) for x, y in ((low, top), (high, top), (high, bottom), (low, bottom))]


def frame_corners(node: Node, place: Place) -> list[Point]:
    """Corners of a text box or a cell of a table, with its line."""
    stroke = node.first("stroke")
    reach = stroke.length_of("width", 0) if stroke is not None else 0
    if node.first("pts") is not None:
        return _grown(polygon_corners(node, place), reach)
    (x1, y1), (x2, y2) = ((p.x, p.y) for p in (node.need("start").point(), node.need("end").point()))
    return _grown([place.point(Point(x, y)) for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2))], reach)


def dimension_corners(node: Node, label: list[Point]) -> list[Point]:
    """Corners of a box around a dimension with its label, wherever its lines run."""
    ends = polygon_corners(node, Place())
    height = node.length_of("height", 0) if node.first("height") is not None else 0
    style = node.first("style")
    reach: Nm = 0
    if style is not None:
        reach = style.length_of("thickness", 0) + style.length_of("arrow_length", 0)
        reach += style.length_of("extension_height", 0)
    (ax, ay), (bx, by) = ((p.x, p.y) for p in (ends[0], ends[-1]))
    away = max(1, round(ends[0].distance(ends[-1])))
    across = Point(round(-(by - ay) * height / away), round((bx - ax) * height / away))
    moved = [p + step for p in ends for step in (across, Point(0, height), Point(height, 0))]
    low_x, low_y, high_x, high_y = shapely.MultiPoint([(p.x, p.y) for p in (*ends, *moved, *label)]).bounds
    box = [(low_x, low_y), (high_x, low_y), (high_x, high_y), (low_x, high_y)]
    return _grown([Point(round(x), round(y)) for x, y in box], reach)


def _grown(corners: list[Point], reach: Nm) -> list[Point]:
    hull = shapely.MultiPoint([(p.x, p.y) for p in corners]).convex_hull.buffer(reach, join_style="mitre")
    return [Point(round(x), round(y)) for x, y in shapely.get_coordinates(hull).tolist()[:-1]]


def _advance(sign: str) -> float:
    return next((advance for advance, signs in ADVANCES if sign in signs), WIDEST)


def shown_text(node: Node) -> str | None:
    """What a text or a property says; None: it is hidden."""
    if node.text("hide", "no") == "yes" or "hide" in node.values[1:] or not node.values:
        return None
    return str(node.values[1 if node.word in ("property", "fp_text") and len(node.values) > 1 else 0])
