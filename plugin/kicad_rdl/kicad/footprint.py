"""A footprint as a value, and its two forms in KiCad: in a library, and placed on a board.

The frame of a footprint is seen from its own front, y up. Both forms are printed from the same value, so the board's
copy is the library's copy, and KiCad's comparison of the two finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape, extent
from kicad_rdl.kicad.identity import identity
from kicad_rdl.kicad.layers import (
    FORMAT_VERSION,
    GENERATOR,
    GENERATOR_VERSION,
    Page,
    back,
    seen_through,
    turned_over,
)
from kicad_rdl.kicad.order import drawings_in_order, name_key
from kicad_rdl.kicad.sexpr import Quoted, Tree, yes
from kicad_rdl.units import UM, Nm

OCTAGON_CHAMFER = "0.2928932188"
"""Part of its width that a regular octagon's corner takes: 1 - 1/sqrt(2)."""
FIELD_TEXT: Nm = 1_270 * UM
"""KiCad's size of the hidden fields."""

Spot = Callable[[str, Point], Tree]


@dataclass(frozen=True, slots=True)
class Land:
    """A copper pad with its mask opening."""

    name: str
    at: Point
    shape: Shape
    margin: Nm | None = None
    """Mask opening beyond the copper, each side; negative where the mask covers its edge; None: the footprint's."""
    paste: bool = False
    bga: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Lines on a technical layer: an open run of points, or a closed outline."""

    layer: str
    width: Nm
    points: tuple[Point, ...]
    closed: bool = False
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Where a text stands, and its height."""

    layer: str
    at: Point
    height: Nm


@dataclass(frozen=True, slots=True)
class Footprint:
    """What both forms are printed from."""

    name: str
    description: str
    tags: str
    attributes: tuple[str, ...]
    lands: tuple[Land, ...]
    drawings: tuple[Drawing, ...]
    reference: Text
    value: Text
    label: Text | None = None
    """Where the reference is repeated on the fabrication layer."""
    margin: Nm | None = None
    """Mask opening beyond the copper of all lands."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how a footprint stands on the board. ``degrees`` counter-clockwise as KiCad shows it."""

    library: str
    reference: str
    value: str
    at: Point
    degrees: int
    on_back: bool


def library_tree(library: str, footprint: Footprint) -> Tree:
    """The content of ``NAME.kicad_mod``."""
    key = (library, footprint.name)
    form = _Form(key, turned_over, lambda layer: layer, 0, mirrored=False)
    return (
        "footprint",
        Quoted(footprint.name),
        ("version", FORMAT_VERSION),
        ("generator", GENERATOR),
        ("generator_version", GENERATOR_VERSION),
        ("layer", Quoted("F.Cu")),
        *_words(footprint),
        *form.fields(footprint, "REF**", footprint.name),
        *_mask(footprint),
        ("attr", *footprint.attributes),
        *form.drawings(footprint),
        *form.lands(footprint, {}),
        ("embedded_fonts", "no"),
    )


def placed_tree(footprint: Footprint, placement: Placement, page: Page, nets: dict[str, Tree]) -> Tree:
    """The copy on the board; ``nets`` has the ``(net ...)`` entry of every land that carries one."""
    key = (placement.library, "board", placement.reference)
    spot, layer = (seen_through, back) if placement.on_back else (turned_over, lambda layer: layer)
    form = _Form(key, spot, layer, placement.degrees, mirrored=placement.on_back)
    where = page.spot("at", placement.at)
    return (
        "footprint",
        Quoted(f"{placement.library}:{footprint.name}"),
        ("layer", Quoted(layer("F.Cu"))),
        identity(*key),
        # KiCad keeps a footprint's angle up to half a turn, and those of its parts up to a whole one
        (*where, str(placement.degrees - 360 * (placement.degrees > 180))) if placement.degrees else where,
        *_words(footprint),
        *form.fields(footprint, placement.reference, placement.value),
        *_mask(footprint),
        ("attr", *footprint.attributes),
        *form.drawings(footprint),
        *form.lands(footprint, nets),
        ("embedded_fonts", "no"),
    )


def _words(footprint: Footprint) -> tuple[Tree, ...]:
    return (("descr", Quoted(footprint.description)), ("tags", Quoted(footprint.tags)))


def _mask(footprint: Footprint) -> tuple[Tree, ...]:
    return () if footprint.margin is None else (("solder_mask_margin", footprint.margin),)


@dataclass(frozen=True, slots=True)
class _Form:
    """One of the two forms: how its parts are turned, named and put on layers."""

    key: tuple[str, ...]
    spot: Spot
    layer: Callable[[str], str]
    degrees: int
    mirrored: bool

    def fields(self, footprint: Footprint, reference: str, value: str) -> tuple[Tree, ...]:
        hidden = Text("F.Fab", Point(0, 0), FIELD_TEXT)
        return (
            self.field("Reference", reference, footprint.reference),
            self.field("Value", value, footprint.value),
            self.field("Datasheet", "", hidden, shown=False),
            self.field("Description", "", hidden, shown=False),
        )

    def field(self, name: str, content: str, text: Text, shown: bool = True) -> Tree:
        hidden: tuple[Tree, ...] = () if shown else (("unlocked", "yes"),)
        return (
            "property",
            Quoted(name),
            Quoted(content),
            (*self.spot("at", text.at), str(self.degrees)),
            *hidden,
            ("layer", Quoted(self.layer(text.layer))),
            *(() if shown else (("hide", "yes"),)),
            identity(*self.key, "field", name),
            self.effects(text.height, thickness=text.height * 15 // 100 if shown else 150 * UM),
        )

    def effects(self, height: Nm, thickness: Nm) -> Tree:
        font: Tree = ("font", ("size", height, height), ("thickness", thickness))
        return ("effects", font, ("justify", "mirror")) if self.mirrored else ("effects", font)

    def drawings(self, footprint: Footprint) -> tuple[Tree, ...]:
        shapes = [
            self.drawing(drawing, f"{index}.{part}", points)
            for index, drawing in enumerate(footprint.drawings)
            for part, points in enumerate(_runs(drawing))
        ]
        if footprint.label is not None:
            shapes.append(
                (
                    "fp_text",
                    "user",
                    Quoted("${REFERENCE}"),
                    (*self.spot("at", footprint.label.at), str(self.degrees)),
                    ("layer", Quoted(self.layer(footprint.label.layer))),
                    identity(*self.key, "label"),
                    self.effects(footprint.label.height, footprint.label.height * 15 // 100),
                )
            )
        return tuple(drawings_in_order(shapes))

    def drawing(self, drawing: Drawing, number: str, points: tuple[Point, ...]) -> Tree:
        pen: Tree = ("stroke", ("width", drawing.width), ("type", "solid"))
        tail: tuple[Tree, ...] = (("layer", Quoted(self.layer(drawing.layer))), identity(*self.key, "drawing", number))
        if drawing.closed:
            outline: Tree = ("pts", *(self.spot("xy", point) for point in points))
            return ("fp_poly", outline, pen, ("fill", yes(drawing.filled)), *tail)
        return ("fp_line", self.spot("start", points[0]), self.spot("end", points[1]), pen, *tail)

    def lands(self, footprint: Footprint, nets: dict[str, Tree]) -> tuple[Tree, ...]:
        """In KiCad's order of names."""
        return tuple(
            self.land(land, nets.get(land.name))
            for land in sorted(footprint.lands, key=lambda land: name_key(land.name))
        )

    def land(self, land: Land, net: Tree | None) -> Tree:
        kind, corners = _pad_shape(land.shape)
        side = [f"F.{name}" for name in ("Cu", "Mask", "Paste") if land.paste or name != "Paste"]
        where = self.spot("at", land.at)
        return (
            "pad",
            Quoted(land.name),
            "smd",
            kind,
            (*where, str(self.degrees)) if self.degrees else where,
            ("size", *extent(land.shape)),
            *((("property", "pad_prop_bga"),) if land.bga else ()),
            ("layers", *(Quoted(self.layer(name)) for name in side)),
            *corners,
            *(() if net is None else (net,)),
            *(() if land.margin is None else (("solder_mask_margin", land.margin),)),
            identity(*self.key, "pad", land.name),
        )


def _runs(drawing: Drawing) -> list[tuple[Point, ...]]:
    """KiCad draws single lines and whole outlines."""
    if drawing.closed:
        return [drawing.points]
    return list(zip(drawing.points, drawing.points[1:], strict=False))


def _pad_shape(shape: Shape) -> tuple[str, tuple[Tree, ...]]:
    match shape:
        case Circle():
            return "circle", ()
        case Rectangle():
            return "rect", ()
        case Octagon():
            corners = ("top_left", "top_right", "bottom_left", "bottom_right")
            return "roundrect", (
                ("roundrect_rratio", "0"),
                ("chamfer_ratio", OCTAGON_CHAMFER),
                ("chamfer", *corners),
            )
