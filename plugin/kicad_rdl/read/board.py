"""Any KiCad board (6 to 10) as neutral artwork: copper, openings, outline and netlist.

Every pad with a net is a terminal. Not read: copper texts, mask openings that are drawn or belong to vias, drilled
holes of pads, rule areas, unfilled zones. Beyond that a board does not say what only the job knows: die outlines, ball
diameters, allowed directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Arc, Line, Piece, Point
from kicad_rdl.model.artwork import Area, Artwork, Copper, CopperKind, Hole, MaskOpening, Skeleton, Terminal
from kicad_rdl.model.layout import Side
from kicad_rdl.read.board_outline import chained
from kicad_rdl.read.board_shapes import (
    Place,
    Shape,
    area,
    drawing_shapes,
    is_filled,
    pad_on,
    pad_shapes,
    place_of,
    polygon_corners,
)
from kicad_rdl.read.board_tree import Node, read_tree
from kicad_rdl.units import Nm

OLDEST_VERSION = 20211014
"""KiCad 6; older files draw arcs and zones in other words."""
NEWEST_VERSION = 20260206
"""KiCad 10, the newest that was tried."""


def read_board(path: str | Path) -> Artwork:
    """The artwork of a board file.

    Raises:
        InputError: not a board of KiCad 6 or later, or damaged.
    """
    return BoardReader(read_tree(Path(path))).artwork()


def is_teardrop(zone: Node) -> bool:
    """Whether a zone is a teardrop that KiCad made."""
    attributes = zone.first("attr")
    return attributes is not None and attributes.first("teardrop") is not None


class BoardReader:
    """Collects the parts of one board, on KiCad's page; ``artwork`` turns them into the package frame.

    Raises:
        InputError: not a board of KiCad 6 or later, or damaged.
    """

    def __init__(self, root: Node) -> None:
        version = root.need("version").number(0)
        if version < OLDEST_VERSION:
            raise InputError(f"written by a KiCad before 6.0 (version {round(version)}); save it in 9", root.source)
        self.root = root
        self.version = round(version)
        self.nowhere: set[str] = set()
        """Copper layers of tracks and pads that the board does not have."""
        self.thing = count()
        rows = [row for row in root.need("layers").children if row.name().endswith(".Cu")]
        order = {"F.Cu": 0, "B.Cu": 1000}
        rows.sort(key=lambda row: order.get(_name(row)) or _inner(row))
        self.layer = {_name(row): index for index, row in enumerate(rows, start=1)}
        # (0 "F.Cu" signal "RDL1"): the fourth word is the user's name of the layer
        self.names = tuple(str(row.values[2]) if len(row.values) > 2 else _name(row) for row in rows)
        if not rows:
            raise InputError("the board has no copper layer", root.source)
        self.nets = {str(net.values[0]): str(net.values[1]) for net in root.all("net") if len(net.values) > 1}
        setup = root.first("setup")
        self.mask_margin = setup.length_of("pad_to_mask_clearance", 0) if setup is not None else 0
        self.outline: list[Piece] = []
        self.copper: list[Copper] = []
        self.holes: list[Hole] = []
        self.openings: list[MaskOpening] = []
        self.terminals: list[Terminal] = []

    def artwork(self) -> Artwork:
        """Everything that was read, in the package frame."""
        page = Place()
        for node in self.root.children:
            if node.word == "footprint":
                self.footprint(node)
            elif node.word in ("segment", "arc"):
                self._track(node)
            elif node.word == "via":
                self._via(node)
            elif node.word == "zone":
                self.zone(node)
            elif node.word.startswith("gr_") or node.word in ("dimension", "table"):
                self.drawing(node, page, "drawing")
        self.outline = chained(self.outline)
        return self._turned()

    # --- parts -----------------------------------------------------------------------------------

    def net_of(self, node: Node) -> str | None:
        """By number with a name elsewhere (to KiCad 9), or by name (from 10)."""
        net = node.first("net")
        if net is None or not net.values:
            return None
        value = str(net.values[-1])
        return (self.nets.get(value, "" if isinstance(net.values[-1], int) else value)) or None

    def layers_of(self, node: Node) -> list[str]:
        """KiCad's names of the layers that a thing is on."""
        found = node.first("layers") or node.first("layer")
        names: list[str] = []
        for value in found.values if found is not None else ():
            if str(value) == "*.Cu":
                names += self.layer
            elif str(value) == "F&B.Cu":
                names += ["F.Cu", "B.Cu"]
            elif str(value) == "*.Mask":
                names += ["F.Mask", "B.Mask"]
            else:
                names.append(str(value))
        return names

    def _add(self, kind: CopperKind, net: str | None, layer: str, shape: Shape, name: str, thing: int) -> int:
        self.copper.append(Copper(kind, net, self.layer[layer], *shape, name, thing))
        return len(self.copper) - 1

    def _track(self, node: Node) -> None:
        layer = node.text("layer")
        shapes = drawing_shapes(replace(node, word=f"gr_{_KIND[node.word]}"), Place())
        net = self.net_of(node)
        self._known([layer])
        if layer in self.layer:
            for skeleton, _ in shapes:
                width = node.need("width").length()
                self._add(CopperKind.TRACE, net, layer, (skeleton, width), f"trace of {net}", next(self.thing))

    def _known(self, layers: Sequence[str]) -> None:
        self.nowhere.update(layer for layer in layers if layer.endswith(".Cu") and layer not in self.layer)

    def _via(self, node: Node) -> None:
        at, net, thing = node.need("at").point(), self.net_of(node), next(self.thing)
        layers = node.need("layers")
        first, last = sorted(self._number(layers.name(index), node) for index in (0, 1))
        if first == last:
            raise InputError(f'"(via ...)" at {at.x}, {at.y} nm joins layer "{layers.name()}" with itself', node.source)
        size = node.need("size").length()
        sizes = self._padstack(node, size)
        lands = tuple((layer, sizes[layer]) for layer in range(first, last + 1))
        name = f"via of {net or 'no net'}"
        self.holes.append(Hole(net, name, thing, at, node.need("drill").length(), first, last, lands))
        for layer, diameter in lands:
            self.copper.append(Copper(CopperKind.VIA, net, layer, at, diameter, name, thing))

    def _number(self, name: str, node: Node) -> int:
        if name not in self.layer:
            raise InputError(f'"({node.word} ...)" is on layer "{name}", which the board does not have', node.source)
        return self.layer[name]

    def _padstack(self, node: Node, size: Nm) -> dict[int, Nm]:
        sizes = dict.fromkeys(self.layer.values(), size)
        stack = node.first("padstack")
        for row in stack.all("layer") if stack is not None else ():
            diameter = row.length_of("size", size)
            if row.name() == "Inner":
                sizes |= {layer: diameter for layer in self.layer.values() if 1 < layer < len(self.layer)}
            elif row.name() in self.layer:
                sizes[self.layer[row.name()]] = diameter
        return sizes

    def zone(self, node: Node) -> dict[int, int]:
        """Filled areas, each with its index in ``copper``; KiCad's own teardrops are zones too."""
        net = self.net_of(node)
        kind, name = (CopperKind.TEARDROP, "teardrop") if is_teardrop(node) else (CopperKind.PLANE, "plane")
        stroked = node.text("filled_areas_thickness", "yes") == "yes"  # tried: KiCad 9 too takes it for granted
        width = node.length_of("min_thickness", 0) if stroked else 0
        found: dict[int, int] = {}
        for number, fill in enumerate(node.all("filled_polygon")):
            layer = fill.text("layer") or node.text("layer")
            whole = area(polygon_corners(fill, Place()))
            if whole is not None and layer in self.layer:
                found[number] = self._add(kind, net, layer, (whole, width), f"{name} of {net}", next(self.thing))
        return found

    def drawing(self, node: Node, place: Place, name: str) -> None:
        """Copper drawings and the outline."""
        layers = self.layers_of(node)
        metal = [layer for layer in layers if layer in self.layer]
        if not metal and "Edge.Cuts" not in layers:
            return
        shapes = drawing_shapes(node, place)
        if "Edge.Cuts" in layers:
            self.outline += [piece for skeleton, _ in shapes for piece in _pieces(skeleton)]
        net = self.net_of(node)
        filled = is_filled(node)
        kind = CopperKind.TEARDROP if filled else CopperKind.TRACE
        for layer in metal:
            thing = next(self.thing)
            for shape in shapes:
                self._add(kind, net, layer, shape, f"{name} of {net or 'no net'}", thing)

    def footprint(self, node: Node) -> None:
        """Pads, drawings and zones of a footprint; those zones have places on the board, not in its frame."""
        place = place_of(node, Place(), own_angle=False)
        reference = _reference(node)
        margin = node.length_of("solder_mask_margin", self.mask_margin)
        for child in node.children:
            if child.word == "pad":
                self.pad(child, place, reference, margin)
            elif child.word.startswith("fp_") or child.word == "property":
                self.drawing(child, place, f"drawing in {reference}")
            elif child.word == "zone":
                self.zone(child)

    def pad(self, node: Node, footprint: Place, reference: str, margin: Nm) -> None:
        """Copper and mask openings of a pad."""
        place = place_of(node, footprint, own_angle=True)
        net, thing = self.net_of(node), next(self.thing)
        name = f"pad {reference}.{node.name()}"
        layers = self.layers_of(node)
        self._known(layers)

        def shapes_on(layer: str, margin: Nm = 0) -> list[Shape]:
            return pad_shapes(pad_on(node, layer), place, margin)

        at = {
            layer: [self._add(CopperKind.PAD, net, layer, shape, name, thing) for shape in shapes_on(layer)]
            for layer in layers
            if layer in self.layer
        }
        metal = [k for items in at.values() for k in items]
        if net is not None and metal:
            self.terminals.append(Terminal(name, net, metal[0]))
        margin = node.length_of("solder_mask_margin", margin)
        for mask, layer, side in (("F.Mask", "F.Cu", Side.BUMP), ("B.Mask", "B.Cu", Side.LAND)):
            if mask in layers and layer in self.layer:
                opened: list[int | None] = [*at.get(layer, ())] or [None]
                for n, shape in enumerate(shapes_on(layer, margin)):
                    pad = opened[n] if n < len(opened) else opened[0]
                    self.openings.append(MaskOpening(side, self.layer[layer], net, name, *shape, pad))

    # --- the package frame -----------------------------------------------------------------------

    def origin(self) -> Point:
        """The middle of the outline: where the origin lies on the page, y up already."""
        spots = [Point(p.x, -p.y) for piece in self.outline for p in _spots(piece)] or [Point(0, 0)]
        xs, ys = [p.x for p in spots], [p.y for p in spots]
        return Point((min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2)

    def _turned(self) -> Artwork:
        """Origin in the middle of the outline, y up."""
        origin = self.origin()

        def turn(p: Point) -> Point:
            return Point(p.x - origin.x, -p.y - origin.y)

        def turn_piece(piece: Piece) -> Piece:
            if isinstance(piece, Line):
                return Line(turn(piece.start), turn(piece.end))
            return Arc(turn(piece.start), turn(piece.mid), turn(piece.end))

        def skeleton(shape: Skeleton) -> Skeleton:
            if isinstance(shape, Point):
                return turn(shape)
            if isinstance(shape, Area):
                return Area(tuple((x - origin.x, -y - origin.y) for x, y in shape.outline))
            return turn_piece(shape)

        ubm = self.names[-1] == "UBM"
        return Artwork(
            layers=self.names,
            rdl_count=len(self.names) - int(ubm),
            outline=tuple(turn_piece(piece) for piece in self.outline),
            copper=tuple(replace(item, skeleton=skeleton(item.skeleton)) for item in self.copper),
            holes=tuple(replace(hole, at=turn(hole.at)) for hole in self.holes),
            openings=tuple(replace(item, skeleton=skeleton(item.skeleton)) for item in self.openings),
            terminals=tuple(self.terminals),
        )


_KIND = {"segment": "line", "arc": "arc"}


def _name(row: Node) -> str:
    return row.name()


def _inner(row: Node) -> int:
    """The number of an inner layer: 3 for In3.Cu."""
    name = _name(row)
    return int(name[2:-3]) if name[2:-3].isdigit() else 0


def _reference(node: Node) -> str:
    """In a property (from KiCad 8), before that in a text."""
    for child in node.children:
        named = child.word in ("property", "fp_text") and len(child.values) > 1
        if named and str(child.values[0]).lower() == "reference":
            return str(child.values[1])
    return "footprint"


def _pieces(skeleton: Skeleton) -> list[Piece]:
    if isinstance(skeleton, Line | Arc):
        return [skeleton]
    if isinstance(skeleton, Area):
        ring = [Point(round(x), round(y)) for x, y in skeleton.outline]
        return [Line(a, b) for a, b in zip(ring, ring[1:] + ring[:1], strict=True) if a != b]
    return []


def _spots(piece: Piece) -> tuple[Point, ...]:
    return (piece.start, piece.mid, piece.end) if isinstance(piece, Arc) else (piece.start, piece.end)
