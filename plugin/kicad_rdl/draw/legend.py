"""What the panel of each drawing says: samples of what is drawn, counts, rules, what is wrong, and the title block."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from kicad_rdl.draw.canvas import Element, box, disc, group, line
from kicad_rdl.draw.copper import PLANE_OPACITY
from kicad_rdl.draw.marks import violation_words
from kicad_rdl.draw.panel import Entry, Field, Heading, Note, Row, TitleBlock, notes
from kicad_rdl.draw.sheet import LETTERS_PER_SIDE
from kicad_rdl.draw.style import AMBER, DIE, GREY, INK, PALE, PAPER, RED, UNUSED, layer_colour, net_classes
from kicad_rdl.geometry import ORIGIN, Point
from kicad_rdl.model.layout import Cut, Layout, Side
from kicad_rdl.model.package import Package
from kicad_rdl.model.report import Violation
from kicad_rdl.units import Nm, format_length

LISTED = 6
"""Violations and cuts that the panel spells out."""


def letter_of(package: Package) -> Nm:
    """Font size of the sheet [nm]."""
    return max(1, max(package.width, package.height) // LETTERS_PER_SIDE)


class Samples:
    """Small pictures for the legend, around their own origin, sized to the sheet of a package."""

    def __init__(self, package: Package) -> None:
        self._letter = letter_of(package)

    def _n(self, count: float) -> Nm:
        return round(self._letter * count)

    def trace(self, colour: str) -> Element:
        """A piece of trace that ends in a pad."""
        start, end = Point(self._n(-1.2), 0), Point(self._n(0.6), 0)
        return group(
            (
                line(start, end, stroke=colour, stroke_width=self._n(0.28), stroke_linecap="round"),
                disc(Point(self._n(0.75), 0), self._n(0.95), fill=colour),
            )
        )

    def plane(self, colour: str) -> Element:
        """A patch of plane."""
        style = {"fill": colour, "fill_opacity": PLANE_OPACITY, "stroke": colour, "stroke_width": self._n(0.06)}
        return box(ORIGIN, self._n(2.4), self._n(0.95), **style)

    def stroke(self, colour: str, *, dash: bool = False, bars: bool = False, dots: bool = False) -> Element:
        """A line, with bars at its ends for a cut."""
        start, end = Point(self._n(-1.2), 0), Point(self._n(1.2), 0)
        pattern = None
        if dash:
            pattern = format_length(self._n(0.5)) + " " + format_length(self._n(0.3))
        if dots:
            pattern = dash_dot(self._letter)
        parts = [line(start, end, stroke_dasharray=pattern)]
        if bars:
            up = Point(0, self._n(0.35))
            parts += [line(x - up, x + up) for x in (start, end)]
        return group(parts, stroke=colour, stroke_width=self._n(0.16 if bars else 0.09))

    def ring(self, colour: str, fill: str = "none", pattern: str | None = None) -> Element:
        """An outline of a round thing."""
        return disc(
            ORIGIN, self._n(1.1), fill=fill, stroke=colour, stroke_width=self._n(0.09), stroke_dasharray=pattern
        )

    def via(self, colour: str, *, onward: bool) -> Element:
        """A via that goes on to the next layer, or one that comes from the layer before."""
        hole = disc(ORIGIN, self._n(0.55), fill=PAPER if onward else "none", stroke=PAPER, stroke_width=self._n(0.09))
        return group((disc(ORIGIN, self._n(1.15), fill=colour), hole))

    def pad(self, colour: str) -> Element:
        """A pad with the opening in it."""
        hole = disc(ORIGIN, self._n(0.85), fill="none", stroke=PAPER, stroke_width=self._n(0.07))
        return group((disc(ORIGIN, self._n(1.2), fill=colour), hole))

    def die(self) -> Element:
        """A patch of die shadow."""
        style = {"fill": DIE, "stroke": GREY, "stroke_width": self._n(0.07), "stroke_dasharray": dash_dot(self._letter)}
        return box(ORIGIN, self._n(2.4), self._n(0.95), **style)

    def violation(self) -> Element:
        """The ring around a violation."""
        ring = disc(ORIGIN, self._n(1.1), fill="none", stroke=RED, stroke_width=self._n(0.16))
        return group((ring, disc(ORIGIN, self._n(0.2), fill=RED)))


def dash_dot(letter: Nm) -> str:
    """Pattern of the die outline."""
    return " ".join(format_length(round(letter * part)) for part in (0.9, 0.28, 0.12, 0.28))


# --- rows ----------------------------------------------------------------------------------------


def all_rows(layout: Layout) -> list[Row]:
    """Legend of the drawing of all layers."""
    package = layout.package
    samples = Samples(package)
    rows: list[Row] = [Heading("Copper, from the die outwards")]
    for layer in range(1, package.metal_count + 1):
        colour = layer_colour(package, layer)
        if layer > package.rdl_count:
            rows.append(Entry(samples.pad(colour), "UBM", _um(package.ball.ubm) + " um"))
            continue
        metal = package.technology.metal(layer)
        rule = "line/space " + _um(metal.line) + "/" + _um(metal.space) + " um"
        rows.append(Entry(samples.trace(colour), package.layer_name(layer), rule))
        plane_nets = sorted({plane.net for plane in layout.planes if plane.layer == layer})
        if plane_nets:
            rows.append(Entry(samples.plane(colour), "plane " + ", ".join(plane_nets)))
    for layer in range(1, package.rdl_count):
        count = sum(via.layer == layer for via in layout.vias)
        if count:
            opening = package.technology.via(layer).opening
            name = "via " + package.layer_name(layer) + "–" + package.layer_name(layer + 1)
            detail = _um(opening) + " um, " + str(count)
            rows.append(Entry(samples.via(layer_colour(package, layer), onward=True), name, detail))
    return rows + _things(layout, samples)


def layer_rows(layout: Layout, layer: int) -> list[Row]:
    """Legend of one copper layer: net classes, vias, what is shown for orientation."""
    package = layout.package
    samples = Samples(package)
    rows: list[Row] = [Heading("Nets on " + package.layer_name(layer))]
    here = _nets_on(layout, layer)
    plane_nets = {plane.net for plane in layout.planes if plane.layer == layer}
    for one in net_classes(package):
        present = [net for net in one.nets if net in here]
        if not present:
            continue
        if len(one.nets) == 1 and one.name == one.nets[0]:
            detail = "supply" + (", plane" if one.name in plane_nets else "")
        else:
            detail = str(len(present)) + (" net" if len(present) == 1 else " nets")
        sample = samples.plane(one.colour) if one.name in plane_nets else samples.trace(one.colour)
        rows.append(Entry(sample, one.name, detail))
    if None in here:
        rows.append(Entry(samples.pad(UNUSED), "pad without a net"))
    rows += _layer_counts(layout, layer, samples)
    return rows + _things(layout, samples, copper=False)


def _layer_counts(layout: Layout, layer: int, samples: Samples) -> list[Row]:
    package = layout.package
    rows: list[Row] = [Heading("On this layer")]
    if layer <= package.rdl_count:
        length = math.fsum(trace.path.length for trace in layout.traces if trace.layer == layer)
        count = sum(trace.layer == layer for trace in layout.traces)
        rows.append(Entry(samples.trace(INK), "traces: " + str(count), _mm(length) + " mm"))
    onward = sum(via.layer == layer for via in layout.vias) if layer < package.rdl_count else 0
    arriving = sum(via.layer == layer - 1 for via in layout.vias) if layer <= package.rdl_count else 0
    if onward:
        rows.append(Entry(samples.via(INK, onward=True), "via to " + package.layer_name(layer + 1), str(onward)))
    if arriving:
        rows.append(Entry(samples.via(INK, onward=False), "via from " + package.layer_name(layer - 1), str(arriving)))
    if layer == 1:
        rows.append(Entry(samples.pad(INK), "bump land, ring: bump end", str(len(package.bumps))))
    sizes = package.ball
    if layer == package.rdl_count:
        text = "UBM pad " + _um(sizes.pad) + ", opening " + _um(sizes.opening) + " um"
        rows.append(Entry(samples.pad(INK), text, str(len(package.balls))))
    if layer > package.rdl_count:
        rows.append(Entry(samples.pad(INK), "UBM " + _um(sizes.ubm) + " um", str(len(package.balls))))
    return rows


def opening_rows(layout: Layout, side: Side) -> list[Row]:
    """Legend of the openings of a side."""
    package = layout.package
    samples = Samples(package)
    openings = [opening for opening in layout.openings if opening.side is side]
    sizes = sorted({_shape_words(opening.shape) for opening in openings})
    rows: list[Row] = [Heading("Openings, " + side.value)]
    for words in sizes:
        count = sum(_shape_words(opening.shape) == words for opening in openings)
        rows.append(Entry(samples.ring(INK, PAPER), words, str(count)))
    if side is Side.LAND:
        rows.append(
            Entry(samples.ring(layer_colour(package, package.rdl_count)), "UBM pad " + _um(package.ball.pad) + " um")
        )
        web = package.technology.mask
        rows.append(Note("Mask: " + web.material + " " + _um(web.thickness) + " um, least web " + _um(web.web) + " um"))
    else:
        rows.append(Entry(samples.ring(layer_colour(package, 1)), "RDL1 land"))
    return rows + _things(layout, samples, copper=False)


def _shape_words(shape: object) -> str:
    from kicad_rdl.geometry import Circle, Octagon, Rectangle

    match shape:
        case Circle(diameter):
            return "round " + _um(diameter) + " um"
        case Octagon(width):
            return "octagon " + _um(width) + " um"
        case Rectangle(width, height):
            return "rectangle " + _um(width) + " x " + _um(height) + " um"
    return ""


def _things(layout: Layout, samples: Samples, *, copper: bool = True) -> list[Row]:
    package = layout.package
    rows: list[Row] = [Heading("Package")]
    if copper:
        rows.append(Entry(samples.pad(layer_colour(package, 1)), "bump land, ring: bump end", str(len(package.bumps))))
        used = str(len(layout.ball_nets)) + " of " + str(len(package.balls)) + " used"
        rows.append(
            Entry(
                samples.pad(layer_colour(package, package.rdl_count)), "UBM pad " + _um(package.ball.pad) + " um", used
            )
        )
    rows.append(Entry(samples.ring(PALE), "ball " + _um(package.ball.diameter) + " um", str(len(package.balls))))
    rows.append(Entry(samples.die(), "die shadow", str(len(package.dies))))
    return rows


def finding_rows(layout: Layout, shown: Sequence[Cut], violations: Sequence[tuple[int, Violation]]) -> list[Row]:
    """What is unrouted, too narrow or broken; nothing where all is well."""
    samples = Samples(layout.package)
    rows: list[Row] = []
    if layout.unrouted:
        rows.append(Heading("Not routed"))
        count = len(layout.unrouted)
        text = str(count) + (" connection" if count == 1 else " connections")
        rows.append(Entry(samples.stroke(RED, dash=True), text))
    if shown:
        rows.append(Heading("Too narrow"))
        rows.append(Entry(samples.stroke(RED, bars=True), "cut: needed and what fits"))
        for cut in shown[:LISTED]:
            where = layout.package.layer_name(cut.layer) + " " + cut.start_name + " – " + cut.end_name
            rows += notes(where + ": " + str(cut.needed) + " needed, " + str(cut.fits) + " fit", RED, 2)
            for remedy in cut.remedies[:2]:
                rows += [Note(note.text, GREY, indent=True) for note in notes(remedy, GREY, 2)]
        rows += _more(len(shown))
    if violations:
        rows.append(Heading("Violations"))
        rows.append(Entry(samples.violation(), "place, with the number below", str(len(violations))))
        for index, violation in violations[:LISTED]:
            rows += notes(str(index) + "  " + violation_words(violation), RED, 2)
        rows += _more(len(violations))
    return rows


def fullest_rows(layout: Layout, cut: Cut) -> list[Row]:
    """The most loaded cut of what was routed."""
    samples = Samples(layout.package)
    words = "fullest cut, " + str(cut.needed) + " of " + str(cut.fits)
    return [Heading("Load"), Entry(samples.stroke(AMBER, bars=True), words, cut.start_name + " – " + cut.end_name)]


def _more(count: int) -> list[Row]:
    return [Note("and " + str(count - LISTED) + " more", GREY)] if count > LISTED else []


def _nets_on(layout: Layout, layer: int) -> set[str | None]:
    """Nets with copper on a layer; only ever asked for membership."""
    nets: set[str | None] = {pad.net for pad in layout.pads if pad.layer == layer}
    nets |= {trace.net for trace in layout.traces if trace.layer == layer}
    nets |= {plane.net for plane in layout.planes if plane.layer == layer}
    return nets | {via.net for via in layout.vias if layer in (via.layer, via.layer + 1)}


# --- title block ---------------------------------------------------------------------------------


def title_block(layout: Layout, subject: str, *, routed: bool = True) -> TitleBlock:
    """The facts of a layout; ``routed`` is False for a drawing made before routing."""
    package = layout.package
    size = _mm(package.width) + " x " + _mm(package.height) + " mm"
    rdls = str(package.rdl_count) + (" RDL" if package.rdl_count == 1 else " RDLs")
    fields = [Field("Package", size + ", " + rdls), *_dies(package), Field("Balls", _balls(package))]
    fields.append(Field("Technology", package.technology.name))
    if routed:
        fields += _results(layout)
    fields.append(Field("View", "from the die side; dimensions in mm"))
    return TitleBlock(package.name, subject, tuple(fields))


def _dies(package: Package) -> Iterable[Field]:
    for index, placed in enumerate(package.dies):
        if index == 3 and len(package.dies) > 4:
            yield Field("", "and " + str(len(package.dies) - 3) + " more dies")
            return
        die = placed.die
        words = die.name + ", " + _mm(die.width) + " x " + _mm(die.height) + " mm, " + str(len(die.bumps)) + " bumps"
        yield Field("Die" if index == 0 else "", words)


def _balls(package: Package) -> str:
    x, y = _mm(package.ball.pitch_x), _mm(package.ball.pitch_y)
    return str(len(package.balls)) + ", pitch " + (x if x == y else x + " x " + y) + " mm"


def _results(layout: Layout) -> Iterable[Field]:
    nets = len(layout.package.nets)
    missing = len({one.net for one in layout.unrouted})
    yield Field("Nets routed", str(nets - missing) + " of " + str(nets), RED if missing else INK)
    length = math.fsum(connection.length or 0.0 for connection in layout.connections)
    words = _mm(length) + " mm"
    if layout.lower_bound > 0:
        words += ", bound " + _mm(layout.lower_bound) + " mm, ratio " + f"{length / layout.lower_bound:.3f}"
    yield Field("Wirelength", words)


def _um(length: Nm) -> str:
    return format_length(length)


def _mm(length: float) -> str:
    """Millimetres with at most three digits behind the point."""
    return format_length(round(length / 1000) * 1000, "mm")
