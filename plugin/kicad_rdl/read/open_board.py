"""A KiCad board with everything that a router must know: pads, holes, keep-outs, and the copper that is there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import shapely

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import ORIGIN, Point, Polygon
from kicad_rdl.model.artwork import Area, Copper, CopperKind, Skeleton
from kicad_rdl.model.open_board import BoardPad, Drill, OpenBoard, Pour
from kicad_rdl.model.package import Keepout
from kicad_rdl.read.board import NEWEST_VERSION, BoardReader, is_teardrop
from kicad_rdl.read.board_outline import loose_ends
from kicad_rdl.read.board_shapes import Place, place_of, polygon_corners
from kicad_rdl.read.board_texts import dimension_corners, frame_corners, shown_text, text_box
from kicad_rdl.read.board_tree import Node, tree_of
from kicad_rdl.read.documents import read_bytes
from kicad_rdl.units import MM, Nm


def board_text(path: Path) -> str:
    """The text of a board file, its line ends as they are.

    Raises:
        InputError: it cannot be read, or is no UTF-8 text.
    """
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text at byte {error.start}; is it a KiCad board?", str(path)) from None


def open_board_of(text: str, path: Path) -> OpenBoard:
    """The board of a text, in the frame with the middle of its outline as origin; ``path`` is where it came from.

    Raises:
        InputError: not a board of KiCad 6 or later, or damaged.
    """
    return _OpenBoardReader(tree_of(text, str(path))).board(path.name)


class _OpenBoardReader(BoardReader):
    """Notes pads, holes and rule areas besides; on KiCad's page until ``board`` turns them."""

    def __init__(self, root: Node) -> None:
        super().__init__(root)
        self.pad_rows: list[tuple[Node, str, Point, Nm, int, int]] = []
        self.drills: list[Drill] = []
        self.areas: list[tuple[Node, tuple[int, ...]]] = []
        self.zone_spaces: dict[str, Nm] = {}
        self.zone_number = {id(node): number for number, node in enumerate(root.all("zone"))}
        self.pour_rows: list[tuple[Node, int, int, int]] = []
        self.footprint_space = 0
        self.texts: list[tuple[str, int, list[Point]]] = []

    def footprint(self, node: Node) -> None:
        self.footprint_space = node.length_of("clearance", 0)
        super().footprint(node)

    def pad(self, node: Node, footprint: Place, reference: str, margin: Nm) -> None:
        first = len(self.copper)
        super().pad(node, footprint, reference, margin)
        place = place_of(node, footprint, own_angle=True)
        name = f"{reference}.{node.name()}"
        space = node.length_of("clearance", self.footprint_space)
        self.pad_rows.append((node, name, place.at, space, first, len(self.copper)))
        drill = node.first("drill")
        sizes = [value for value in drill.values if not isinstance(value, str)] if drill is not None else []
        if drill is not None and sizes:
            long, wide = (round(size * 1_000_000) for size in (sizes[0], sizes[-1]))
            reach = Point((long - min(long, wide)) // 2, (wide - min(long, wide)) // 2)
            ends = place.point(ORIGIN - reach), place.point(reach)
            net = None if _kind(node) == "np_thru_hole" else self.net_of(node)
            self.drills.append(Drill(name, *ends, min(long, wide), net))

    def zone(self, node: Node) -> dict[int, int]:
        filled = super().zone(node)
        number = self.zone_number.get(id(node))  # those of footprints are left as they are
        if number is not None and _gives_way(node) and self.net_of(node) is not None:
            self.pour_rows += [(node, number, fill, index) for fill, index in filled.items()]
        keepout, net = node.first("keepout"), self.net_of(node)
        if keepout is not None:
            layers = tuple(self.layer[name] for name in self.layers_of(node) if name in self.layer)
            if layers:
                self.areas.append((node, layers))
        elif net is not None:
            self.zone_spaces[net] = max(_space(node), self.zone_spaces.get(net, 0))
        return filled

    def drawing(self, node: Node, place: Place, name: str) -> None:
        """Texts besides, as boxes."""
        super().drawing(node, place, name)
        layers = [layer for layer in self.layers_of(node) if layer in self.layer]
        if node.word == "table":
            cells = node.first("cells")
            for cell in cells.all("table_cell") if cells is not None else ():
                self.texts += [("table", self.layer[layer], frame_corners(cell, place)) for layer in layers]
        elif layers and (
            node.word == "property" or node.word.endswith(("_text", "_text_box")) or node.word == "dimension"
        ):
            self._text(node, place, layers)

    def _text(self, node: Node, place: Place, layers: Iterable[str]) -> None:
        label = node.first("gr_text") if node.word == "dimension" else node
        corners: list[Point] = []
        text = ""
        if node.word.endswith("_box"):
            corners = frame_corners(node, place)
        elif label is not None:
            shown = shown_text(label)
            if shown is None and node.word != "dimension":
                return
            text = shown or ""
            own = place_of(label, place, own_angle=True)
            corners = text_box(label, text, own)
            if node.word != "gr_text":  # KiCad keeps texts of footprints upright
                middle = own.at
                corners += [middle + middle - corner for corner in corners]
        if node.word == "dimension":
            corners = dimension_corners(node, corners)
        self.texts += [(f'text "{text}"', self.layer[layer], corners) for layer in layers]

    def board(self, name: str) -> OpenBoard:
        """Everything in the frame."""
        artwork = self.artwork()
        up = self.origin()
        origin = Point(up.x, -up.y)

        def turn(point: Point) -> Point:
            return Point(point.x - origin.x, origin.y - point.y)

        pads: list[BoardPad] = []
        inside: set[int] = set()
        for number, (node, pad_name, at, space, first, end) in enumerate(self.pad_rows):
            inside.update(range(first, end))
            items = artwork.copper[first:end]
            net, spot = self.net_of(node), turn(at)
            pads += [BoardPad(pad_name, number, net, spot, layers, shapes, space) for layers, shapes in _alike(items)]
        pours = tuple(_pour(row, artwork.copper[row[-1]]) for row in self.pour_rows)
        inside.update(index for *_, index in self.pour_rows)
        nets = sorted({net for net in self.nets.values() if net} | {item.net for item in artwork.copper if item.net})
        return OpenBoard(
            name=name,
            layers=tuple(self.layer),
            nets=tuple(nets),
            artwork=artwork,
            copper=(*(item for k, item in enumerate(artwork.copper) if k not in inside), *self._texts(turn)),
            pours=pours,
            pads=tuple(pads),
            drills=tuple(replace(drill, start=turn(drill.start), end=turn(drill.end)) for drill in self.drills),
            keepouts=tuple(keepout for area in self.areas for keepout in _keepouts(area, turn)),
            zone_spaces=tuple(sorted(self.zone_spaces.items())),
            origin=origin,
            notes=tuple(self._notes(artwork.copper)),
        )

    def _texts(self, turn: Callable[[Point], Point]) -> Iterable[Copper]:
        for name, layer, corners in self.texts:
            box = shapely.MultiPoint([(p.x, p.y) for p in map(turn, corners)]).convex_hull
            if box.geom_type == "Polygon":
                ring = Area(tuple(shapely.get_coordinates(box)[:-1].tolist()))
                yield Copper(CopperKind.TEARDROP, None, layer, ring, 0, name, -1)

    def _notes(self, copper: Iterable[Copper]) -> Iterable[str]:
        if self.version > NEWEST_VERSION:
            yield f"written by a KiCad newer than 10 (version {self.version}), which was not tried"
        if self.nowhere:
            layers = ", ".join(sorted(self.nowhere))
            yield f"tracks and pads on layers that the board does not have count as nothing: {layers}"
        filled = {item.net for item in copper if item.kind is CopperKind.PLANE}
        bare = sorted(set(self.zone_spaces) - filled)
        if bare:
            yield f"zones without a fill count as nothing; fill them in KiCad first: {', '.join(bare)}"
        if not self.outline:
            yield "the board has no outline on Edge.Cuts; traces keep to the extent of its pads"
        for end in loose_ends(self.outline)[:1]:
            where = f"({end.x / MM:g}, {end.y / MM:g}) mm"
            yield f"the outline on Edge.Cuts is not closed at {where}; lines that close nothing count as slits"


def _gives_way(zone: Node) -> bool:
    """Whether KiCad would fill it anew around new copper, and the user did not lock it."""
    locked = "locked" in zone.values or zone.text("locked", "no") == "yes"
    return not is_teardrop(zone) and not locked and zone.first("keepout") is None


def _space(zone: Node) -> Nm:
    """Distance that a zone asks for."""
    pads = zone.first("connect_pads")
    return pads.length_of("clearance", 0) if pads is not None else 0


def _pour(row: tuple[Node, int, int, int], copper: Copper) -> Pour:
    zone, number, fill, _ = row
    filling = zone.first("fill")
    island = math.inf
    gap = 0
    if filling is not None:
        gap = filling.length_of("thermal_gap", 0)
        mode = filling.text("island_removal_mode", "0")
        least = filling.first("island_area_min")
        if mode == "1":
            island = 0.0
        elif mode == "2" and least is not None:
            island = least.number(0) * MM**2
    assert copper.net is not None
    assert isinstance(copper.skeleton, Area)
    return Pour(
        number,
        fill,
        copper.net,
        copper.layer,
        copper.skeleton,
        copper.width,
        _space(zone),
        zone.length_of("min_thickness", 0),
        gap,
        island,
    )


def _alike(items: Iterable[Copper]) -> Iterable[tuple[tuple[int, ...], tuple[tuple[Skeleton, Nm], ...]]]:
    """Layers on which a pad has the same copper, and that copper; none of both for a pad that is a hole only."""
    found: dict[tuple[tuple[Skeleton, Nm], ...], list[int]] = {}
    for layer, group in groupby(items, key=lambda item: item.layer):
        found.setdefault(tuple((item.skeleton, item.width) for item in group), []).append(layer)
    return [(tuple(sorted(layers)), shapes) for shapes, layers in found.items()] or [((), ())]


def _kind(pad: Node) -> str:
    return str(pad.values[1]) if len(pad.values) > 1 else ""


def _keepouts(area: tuple[Node, tuple[int, ...]], turn: Callable[[Point], Point]) -> Iterable[Keepout]:
    node, layers = area
    keepout = node.need("keepout")

    def keeps_out(word: str) -> bool:
        return keepout.text(word, "allowed") == "not_allowed"

    if not any(keeps_out(word) for word in ("tracks", "vias", "copperpour")):
        return
    for polygon in node.all("polygon"):
        corners = [turn(corner) for corner in polygon_corners(polygon, Place())]
        if len(corners) < 3:
            raise InputError("a rule area has fewer than three corners; draw it again in KiCad", node.source)
        yield Keepout(
            node.text("name") or "rule area",
            layers,
            Polygon(tuple(corners)),
            traces=keeps_out("tracks"),
            vias=keeps_out("vias"),
            planes=keeps_out("copperpour"),
        )
