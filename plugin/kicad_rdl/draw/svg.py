"""The drawings of a layout: one SVG per copper layer, one per side for the openings, and one of all layers together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kicad_rdl.draw import legend
from kicad_rdl.draw.canvas import Element, box, document, group
from kicad_rdl.draw.copper import SHEER, ball_spheres, keepout_areas, layer_copper, opening_shapes, pad_outlines
from kicad_rdl.draw.dimension import a1_corner, a1_mark, dimension_lines, grid_names, lanes, naming
from kicad_rdl.draw.marks import FULLEST, TOO_NARROW, cuts, flight_lines, terminal_places, violation_marks
from kicad_rdl.draw.obstacles import copper_over_balls, copper_strokes, land_strokes
from kicad_rdl.draw.panel import Row, TitleBlock, panel, panel_height
from kicad_rdl.draw.samples import dash_dot
from kicad_rdl.draw.sheet import PIXELS, Sheet, sheet_for
from kicad_rdl.draw.style import (
    DIE,
    GREY,
    INK,
    PALE,
    PAPER,
    POLYMER,
    UNUSED,
    layer_colour,
    net_classes,
)
from kicad_rdl.draw.terminals import ball_names, bump_names
from kicad_rdl.geometry import ORIGIN
from kicad_rdl.model.layout import Cut, Layout, Pad, PadKind, Side, Unrouted
from kicad_rdl.model.package import Package, terminal_name
from kicad_rdl.model.report import Violation
from kicad_rdl.units import format_length

FOLDER = "svg/"
LAYER_OPACITY = "0.86"
"""In the drawing of all layers: what lies deeper shines through a little."""


def drawings(layout: Layout, violations: Sequence[Violation] = ()) -> dict[str, str]:
    """Path to text of every drawing: ``svg/RDL1.svg`` .., the openings of both sides, ``svg/all.svg``."""
    package = layout.package
    numbered = tuple(enumerate(violations, start=1))
    files = {}
    for layer in range(1, package.metal_count + 1):
        files[FOLDER + package.layer_name(layer) + ".svg"] = _layer(layout, layer, numbered)
    files[FOLDER + "openings_bump_side.svg"] = _openings(layout, Side.BUMP)
    files[FOLDER + "openings_land_side.svg"] = _openings(layout, Side.LAND)
    files[FOLDER + "all.svg"] = _all(layout, numbered)
    return files


def estimate_drawing(package: Package, too_narrow: Sequence[Cut]) -> str:
    """Bumps, balls and cuts of a package before it is routed."""
    lands = [
        Pad(PadKind.BUMP_LAND, terminal_name(package, die, bump), bump.net, 1, bump.at, package.land(bump))
        for die, bump in package.bumps
    ]
    pads = [
        Pad(PadKind.UBM_PAD, ball.name, None, package.rdl_count, ball.at, package.ubm_pad) for ball in package.balls
    ]
    layout = Layout(package, (), (*lands, *pads), (), (), (), (), (), (), (), tuple(too_narrow), None, 0, 0.0)
    scene = _Scene(
        layout,
        legend.all_rows(layout) + legend.finding_rows(layout, layout.bottlenecks, ()),
        legend.title_block(layout, "Estimate before routing", routed=False),
    )
    sheet, ends = scene.sheet, (1, package.rdl_count)
    return scene.text(
        _ground(sheet, package, INK, PAPER),
        _layers(sheet, layout),
        *_keepouts(sheet, package, tuple(range(1, package.rdl_count + 1))),
        ball_names(sheet, layout, package.ball.opening, _colour_of_last(package)),
        bump_names(sheet, layout, copper_strokes(layout, ends), on_copper=True),
        cuts(
            sheet,
            layout.bottlenecks,
            TOO_NARROW,
            copper_strokes(layout, (1, package.rdl_count)),
            terminal_places(package),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Scene:
    """A drawing without its copper: sheet, panel, dimensions, names."""

    layout: Layout
    rows: Sequence[Row]
    block: TitleBlock

    @property
    def sheet(self) -> Sheet:
        package = self.layout.package
        below, right = lanes(package, across=True), lanes(package, across=False)
        return sheet_for(package, len(below), len(right), panel_height(self.rows, self.block))

    def text(self, *drawn: Element) -> str:
        """The whole file around what is drawn of the package."""
        package, sheet = self.layout.package, self.sheet
        around = (
            dimension_lines(sheet, lanes(package, across=True), lanes(package, across=False)),
            grid_names(sheet, naming(package.balls)),
            a1_mark(sheet, a1_corner(package)),
            panel(sheet, self.rows, self.block),
        )
        width, height = sheet.right - sheet.left, sheet.top - sheet.bottom
        name = self.block.job + ": " + self.block.subject
        return document((*drawn, *around), sheet.left, sheet.bottom, width, height, PIXELS, name)


def _all(layout: Layout, violations: tuple[tuple[int, Violation], ...]) -> str:
    package = layout.package
    every = tuple(range(1, package.metal_count + 1))
    rows = legend.all_rows(layout)
    rows += legend.fullest_rows(layout, every)
    rows += legend.finding_rows(layout, layout.bottlenecks, violations)
    scene = _Scene(layout, rows, legend.title_block(layout, "All layers"))
    sheet = scene.sheet
    return scene.text(
        _ground(sheet, package, INK, PAPER),
        ball_spheres(package, fill="none", stroke=PALE, stroke_width=sheet.thin),
        _layers(sheet, layout),
        *_keepouts(sheet, package, every),
        ball_names(sheet, layout, package.ball.opening, _colour_of_last(package), copper_over_balls(layout, every)),
        bump_names(sheet, layout, copper_strokes(layout, every), on_copper=True),
        *_fullest(sheet, layout, every),
        flight_lines(sheet, terminal_places(package), layout.unrouted),
        cuts(sheet, layout.bottlenecks, TOO_NARROW, copper_strokes(layout, every), terminal_places(package)),
        violation_marks(sheet, violations, legend.LISTED),
    )


def _layers(sheet: Sheet, layout: Layout) -> Element:
    """All copper, the layer nearest the die on top, a colour for each."""
    package = layout.package
    drawn = []
    for layer in range(package.metal_count, 0, -1):
        colour = layer_colour(package, layer)
        copper = layer_copper(layout, layer, lambda net, own=colour: own if net is not None else UNUSED, sheet, SHEER)  # type: ignore[misc]
        drawn.append(group(copper, opacity=LAYER_OPACITY, id=package.layer_name(layer)))
    return group(drawn, id="copper")


def _colour_of_last(package: Package) -> Callable[[str | None], str]:
    colour = layer_colour(package, package.rdl_count)
    return lambda net: UNUSED if net is None else colour


def _layer(layout: Layout, layer: int, violations: tuple[tuple[int, Violation], ...]) -> str:
    package = layout.package
    name = package.layer_name(layer)
    mine = tuple(pair for pair in violations if pair[1].layer in (name, "-"))
    narrow = [cut for cut in layout.bottlenecks if cut.layer == layer]
    rows = legend.layer_rows(layout, layer)
    rows += legend.fullest_rows(layout, (layer,))
    missing = _unrouted_on(layout, layer)
    rows += legend.finding_rows(layout, narrow, mine) if missing or narrow or mine else []
    scene = _Scene(layout, rows, legend.title_block(layout, _subject(package, layer)))
    sheet = scene.sheet
    colours = {net: one.colour for one in net_classes(package) for net in one.nets}

    def colour(net: str | None) -> str:
        return UNUSED if net is None else colours.get(net, GREY)

    last = layer >= package.rdl_count
    names = [bump_names(sheet, layout, copper_strokes(layout, (layer,)), on_copper=True)] if layer == 1 else []
    if last:
        diameter = package.ball.opening if layer == package.rdl_count else package.ball.ubm
        names.append(ball_names(sheet, layout, diameter, colour, copper_over_balls(layout, (layer,))))
    ghosts = [ball_spheres(package, fill="none", stroke=PALE, stroke_width=sheet.thin)]
    if layer > 1:
        ghosts.append(pad_outlines(layout, (PadKind.BUMP_LAND,), stroke=PALE, stroke_width=sheet.hair))
    return scene.text(
        _ground(sheet, package, INK, PAPER),
        *ghosts,
        group(layer_copper(layout, layer, colour, sheet), id="copper"),
        *_keepouts(sheet, package, (layer,)),
        *names,
        *_fullest(sheet, layout, (layer,)),
        flight_lines(sheet, terminal_places(package), missing),
        cuts(sheet, narrow, TOO_NARROW, copper_strokes(layout, (layer,)), terminal_places(package)),
        violation_marks(sheet, mine, legend.LISTED),
    )


def _keepouts(sheet: Sheet, package: Package, layers: Sequence[int]) -> list[Element]:
    there = any(layer in keepout.layers for keepout in package.keepouts for layer in layers)
    return [keepout_areas(package, layers, sheet)] if there else []


def _subject(package: Package, layer: int) -> str:
    if layer > package.rdl_count:
        return "UBM"
    metal = package.technology.metal(layer)
    rule = "/".join(format_length(value) for value in (metal.line, metal.space))
    return package.layer_name(layer) + ", " + metal.material + ", line/space " + rule + " um"


def _unrouted_on(layout: Layout, layer: int) -> tuple[Unrouted, ...]:
    """Connections that could not be made: on the layer of the cut that stops them, else on RDL1."""
    return tuple(
        one for one in layout.unrouted if layer == (1 if one.cut is None else layout.bottlenecks[one.cut].layer)
    )


def _fullest(sheet: Sheet, layout: Layout, layers: tuple[int, ...]) -> list[Element]:
    cut = legend.fullest_cut(layout, layers)
    return (
        []
        if cut is None
        else [cuts(sheet, (cut,), FULLEST, copper_strokes(layout, layers), terminal_places(layout.package))]
    )


def _openings(layout: Layout, side: Side) -> str:
    package = layout.package
    scene = _Scene(layout, legend.opening_rows(layout, side), legend.title_block(layout, _opening_subject(side)))
    sheet = scene.sheet
    if side is Side.LAND:
        kind, outline = PadKind.UBM_PAD, layer_colour(package, package.rdl_count)
        names = ball_names(sheet, layout, package.ball.opening, lambda net: PAPER, dark=True)
    else:
        kind, outline = PadKind.BUMP_LAND, layer_colour(package, 1)
        names = bump_names(sheet, layout, land_strokes(layout), on_copper=False)
    return scene.text(
        _ground(sheet, package, INK, POLYMER),
        opening_shapes(layout, side, sheet),
        pad_outlines(layout, (kind,), stroke=outline, stroke_width=sheet.hair),
        *([ball_spheres(package, fill="none", stroke=GREY, stroke_width=sheet.hair)] if side is Side.LAND else []),
        names,
    )


def _opening_subject(side: Side) -> str:
    return "Mask openings, land side" if side is Side.LAND else "Bump ends, bump side"


def _ground(sheet: Sheet, package: Package, ink: str, fill: str) -> Element:
    """Package outline and die shadows."""
    parts = [box(ORIGIN, package.width, package.height, fill=fill, stroke=ink, stroke_width=sheet.thick)]
    pattern = dash_dot(sheet.letter)
    for placed in package.dies:
        width, height = placed.size
        parts.append(
            box(
                placed.at,
                width,
                height,
                fill=DIE,
                fill_opacity="1" if fill == PAPER else "0.5",
                stroke=GREY,
                stroke_width=sheet.thin,
                stroke_dasharray=pattern,
            )
        )
    return group(parts, id="package")
