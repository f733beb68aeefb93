"""Pads and drawings of a KiCad board as skeletons with a width, on KiCad's page (y down)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import ORIGIN, Arc, Line, Point, arc_points
from kicad_rdl.model.artwork import Area, Skeleton
from kicad_rdl.read.board_tree import Node
from kicad_rdl.units import Nm

Shape: TypeAlias = tuple[Skeleton, Nm]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a local frame lies on the page, and how it is turned (degrees, counter-clockwise on the screen)."""

    at: Point = ORIGIN
    angle: float = 0.0

    def spot(self, x: float, y: float) -> tuple[float, float]:
        """A local point on the page; exact for quarter turns."""
        cos, sin = _turn(self.angle)
        return self.at.x + x * cos + y * sin, self.at.y - x * sin + y * cos

    def point(self, local: Point) -> Point:
        """The same, rounded to the grid as KiCad does."""
        x, y = self.spot(local.x, local.y)
        return Point(round(x), round(y))


def _turn(angle: float) -> tuple[float, float]:
    quarters, rest = divmod(angle % 360.0, 90.0)
    if rest == 0:
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarters)]
    return math.cos(math.radians(angle)), math.sin(math.radians(angle))


def place_of(node: Node, within: Place, own_angle: bool) -> Place:
    """The frame of ``(at x y angle)`` inside another; a pad's angle is absolute in a board (``own_angle``)."""
    at = node.need("at")
    angle = at.number(2) if len(at.values) > 2 and not isinstance(at.values[2], str) else 0.0
    return Place(within.point(at.point()), angle if own_angle else within.angle + angle)


def pad_on(pad: Node, layer: str) -> Node:
    """A pad as it is on a copper layer: its padstack (from KiCad 9) may say so for single layers or all inner ones."""
    stack = pad.first("padstack")
    rows = {row.name(): row for row in stack.all("layer")} if stack is not None else {}
    row = rows.get(layer) or (rows.get("Inner") if layer not in ("F.Cu", "B.Cu") else None)
    if row is None:
        return pad
    drill, own = pad.first("drill"), row.first("offset")
    shape = row.text("shape", "circle")
    corners = [child for child in row.children if child.word not in ("shape", "offset")]
    kept = [child for child in pad.children if child.word in ("at", "layers", "net")]
    if drill is not None:
        others = [child for child in drill.children if child.word != "offset"]
        kept.append(replace(drill, children=(*others, *([own] if own is not None else []))))
    return replace(pad, values=(*pad.values[:2], shape), children=(*kept, *corners))


def pad_shapes(pad: Node, place: Place, margin: Nm = 0) -> list[Shape]:
    """The copper of a pad, or with a margin its mask opening; a custom pad has several shapes.

    A rounded rectangle with chamfers is taken without its rounding (larger than it is, by less than the radius).
    """
    kind = str(pad.values[2]) if len(pad.values) > 2 else ""
    size = pad.need("size")
    width, height = size.length(0) + 2 * margin, size.length(1) + 2 * margin
    if width <= 0 or height <= 0:
        return []
    place = Place(place.point(pad_offset(pad)), place.angle)
    if kind == "circle":
        return [(place.at, width)]
    if kind == "oval":
        return [_oval(place, width, height)]
    if kind == "rect":
        return [(_polygon(place, _rectangle(width / 2, height / 2)), 0)]
    if kind == "roundrect":
        return [_round_rectangle(pad, place, width, height, margin)]
    if kind == "trapezoid":
        delta = pad.first("rect_delta")
        dx, dy = (delta.length(0) / 2, delta.length(1) / 2) if delta is not None else (0.0, 0.0)
        x, y = width / 2, height / 2
        return [(_polygon(place, [(-x - dy, y + dx), (x + dy, y - dx), (x - dy, -y + dx), (-x + dy, -y - dx)]), 0)]
    if kind == "custom":
        return _custom(pad, place, width, height, margin)
    raise InputError(f'pad "{pad.name()}" has the unknown shape "{kind}"', pad.source)


def pad_offset(pad: Node) -> Point:
    """How far the copper of a pad lies from its place, in the frame of the pad (y down)."""
    drill = pad.first("drill")
    offset = drill.first("offset") if drill is not None else None
    return offset.point() if offset is not None else ORIGIN


def _rectangle(x: float, y: float) -> list[tuple[float, float]]:
    return [(-x, -y), (x, -y), (x, y), (-x, y)]


def _polygon(place: Place, corners: list[tuple[float, float]]) -> Area:
    return Area(tuple(place.spot(x, y) for x, y in corners))


def _oval(place: Place, width: Nm, height: Nm) -> Shape:
    x, y = max(width - height, 0) / 2, max(height - width, 0) / 2
    (ax, ay), (bx, by) = place.spot(-x, -y), place.spot(x, y)
    return _stroke(Point(round(ax), round(ay)), Point(round(bx), round(by))), min(width, height)


def _stroke(start: Point, end: Point) -> Skeleton:
    return start if start == end else Line(start, end)


def _round_rectangle(pad: Node, place: Place, width: Nm, height: Nm, margin: Nm) -> Shape:
    ratio = pad.first("roundrect_rratio")
    chamfer = pad.first("chamfer")
    if chamfer is not None and chamfer.values:
        return _chamfered(pad, place, width, height, {str(value) for value in chamfer.values})
    shorter = min(width, height)
    radius = round((shorter - 2 * margin) * (ratio.number(0) if ratio is not None else 0.25)) + margin
    radius = min(max(radius, 0), shorter // 2)
    x, y = width / 2 - radius, height / 2 - radius
    if x <= 0 or y <= 0:
        return _oval(place, width, height)
    return _polygon(place, _rectangle(x, y)), 2 * radius


def _chamfered(pad: Node, place: Place, width: Nm, height: Nm, cut: set[str]) -> Shape:
    ratio = pad.first("chamfer_ratio")
    c = min(width, height) * (ratio.number(0) if ratio is not None else 0.0)
    x, y = width / 2, height / 2
    corners: list[tuple[float, float]] = []
    for name, sx, sy in (("top_left", -1, -1), ("top_right", 1, -1), ("bottom_right", 1, 1), ("bottom_left", -1, 1)):
        if name not in cut or c == 0:
            corners.append((sx * x, sy * y))
            continue
        along_y, along_x = (sx * x, sy * (y - c)), (sx * (x - c), sy * y)
        corners += [along_y, along_x] if sx == sy else [along_x, along_y]
    return _polygon(place, corners), 0


def _custom(pad: Node, place: Place, width: Nm, height: Nm, margin: Nm) -> list[Shape]:
    options = pad.first("options")
    anchor = options.text("anchor", "circle") if options is not None else "circle"
    if anchor == "rect":
        shapes: list[Shape] = [(_polygon(place, _rectangle(width / 2, height / 2)), 0)]
    else:
        shapes = [(place.at, width)]  # as of round pads, only the width counts
    primitives = pad.first("primitives")
    for child in primitives.children if primitives is not None else ():
        grown = [(skeleton, stroke + 2 * margin) for skeleton, stroke in drawing_shapes(child, place)]
        shapes += [(skeleton, stroke) for skeleton, stroke in grown if stroke >= 0]
    return shapes


# --- drawings ------------------------------------------------------------------------------------


def drawing_shapes(node: Node, place: Place) -> list[Shape]:
    """A ``gr_`` or ``fp_`` drawing, or a primitive of a pad; [] for texts and what has no copper.

    Bezier curves become eight chords each.
    """
    kind = node.word.partition("_")[2]
    width = stroke_width(node)
    if kind == "line":
        return [(_stroke(_at(node, "start", place), _at(node, "end", place)), width)]
    if kind == "arc":
        return [(_arc(node, place), width)]
    if kind == "circle":
        return _circle(node, place, width)
    if kind in ("poly", "rect"):
        corners = _rectangle_corners(node, place) if kind == "rect" else polygon_corners(node, place)
        return _filled_or_stroked(corners, width, (kind == "poly" and node.word == "gr_poly") or is_filled(node), node)
    if kind == "curve":
        return [(_stroke(a, b), width) for a, b in _steps(_bezier(node, place))]
    return []


def is_filled(node: Node) -> bool:
    """Whether a drawing is filled; primitives of pads say so in their own way."""
    return node.text("fill", "no") in ("yes", "solid")


def stroke_width(node: Node) -> Nm:
    """Of a drawing: in its ``(stroke ...)``, in old files directly in it."""
    stroke = node.first("stroke")
    return (stroke if stroke is not None else node).length_of("width", 0)


def polygon_corners(node: Node, place: Place) -> list[Point]:
    """``(pts (xy ..) (arc ..))``; arcs within 5 nm."""
    corners: list[Point] = []
    for child in node.need("pts").children:
        if child.word == "xy":
            corners.append(place.point(child.point()))
        elif child.word == "arc":
            piece = _arc(child, place)
            corners += _arc_corners(piece) if isinstance(piece, Arc) else [piece.start, piece.end]
    return corners


def area(corners: list[Point]) -> Area | None:
    """The filled polygon; None where fewer than three corners are left."""
    ring = [p for n, p in enumerate(corners) if p != corners[n - 1]]
    return Area(tuple((float(p.x), float(p.y)) for p in ring)) if len(ring) >= 3 else None


def _arc_corners(arc: Arc) -> list[Point]:
    return [Point(round(x), round(y)) for x, y in arc_points(arc, 5.0)]


def _at(node: Node, word: str, place: Place) -> Point:
    return place.point(node.need(word).point())


def _arc(node: Node, place: Place) -> Arc | Line:
    start, mid, end = (_at(node, word, place) for word in ("start", "mid", "end"))
    a, b = mid - start, end - start
    if a.x * b.y == a.y * b.x:
        if start == end:
            raise InputError(f'"({node.word} ...)": start, mid and end of an arc lie on a line', node.source)
        return Line(start, end)
    return Arc(start, mid, end)


def _circle(node: Node, place: Place, width: Nm) -> list[Shape]:
    centre, end = _at(node, "center", place), _at(node, "end", place)
    radius = round(centre.distance(end))
    if is_filled(node) or (node.word.startswith("gr_") and node.first("layer") is None and width == 0):
        return [(centre, 2 * radius + width)]
    east, west = centre + Point(radius, 0), centre - Point(radius, 0)
    north, south = centre + Point(0, radius), centre - Point(0, radius)
    return [(Arc(east, north, west), width), (Arc(west, south, east), width)] if radius else [(centre, width)]


def _rectangle_corners(node: Node, place: Place) -> list[Point]:
    a, b = node.need("start").point(), node.need("end").point()
    return [place.point(p) for p in (a, Point(b.x, a.y), b, Point(a.x, b.y))]


def _filled_or_stroked(corners: list[Point], width: Nm, filled: bool, node: Node) -> list[Shape]:
    if filled:
        whole = area(corners)
        return [(whole, width)] if whole is not None else []
    return [(_stroke(a, b), width) for a, b in _steps([*corners, corners[0]])]


def _steps(points: list[Point]) -> list[tuple[Point, Point]]:
    return [(a, b) for a, b in pairwise(points) if a != b]


def _bezier(node: Node, place: Place, steps: int = 8) -> list[Point]:
    p = [place.point(child.point()) for child in node.need("pts").all("xy")]
    if len(p) != 4:
        raise InputError(f'"({node.word} ...)" needs four points', node.source)
    points = []
    for n in range(steps + 1):
        t = n / steps
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        x = sum(weight * q.x for weight, q in zip(weights, p, strict=True))
        y = sum(weight * q.y for weight, q in zip(weights, p, strict=True))
        points.append(Point(round(x), round(y)))
    return points
