"""What the panel of each drawing says: samples of what is drawn, counts, rules, what is wrong, and the title block."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from kicad_rdl.draw.marks import MANY_CUTS, between, needed_and_fits, violation_words
from kicad_rdl.draw.panel import Entry, Field, Heading, Note, Row, TitleBlock, notes
from kicad_rdl.draw.samples import Samples
from kicad_rdl.draw.sheet import letter_for
from kicad_rdl.draw.style import GREY, INK, LOADED, PALE, PAPER, RED, UNUSED, layer_colour, net_classes
from kicad_rdl.geometry import Circle, Octagon, Rectangle, Shape
from kicad_rdl.model.layout import Cut, Layout, Side, Unrouted
from kicad_rdl.model.package import Package
from kicad_rdl.model.report import Violation
from kicad_rdl.units import Nm, format_length

LISTED = 6
"""Violations that the panel spells out."""
LISTED_CUTS = 4
LEAST_LOAD = 0.5
"""Below it the fullest cut is no news, and its mark would only hide copper."""
LISTED_REASONS = 3


# --- rows ----------------------------------------------------------------------------------------


def all_rows(layout: Layout) -> list[Row]:
    """Legend of the drawing of all layers."""
    package = layout.package
    samples = Samples(letter_for(package))
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
    samples = Samples(letter_for(package))
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
            detail = _counted(len(present), "net")
        sample = samples.plane(one.colour) if one.name in plane_nets else samples.trace(one.colour)
        rows.append(Entry(sample, one.name, detail))
    if None in here:
        rows.append(Entry(samples.pad(UNUSED), "pad without a net"))
    rows += _layer_counts(layout, layer, samples)
    keepouts = sum(layer in keepout.layers for keepout in package.keepouts)
    if keepouts:
        rows.append(Entry(samples.keepout(), "keep-out", str(keepouts)))
    return rows + _things(layout, samples, copper=False)


def _layer_counts(layout: Layout, layer: int, samples: Samples) -> list[Row]:
    package = layout.package
    rows: list[Row] = [Heading("On this layer")]
    if layer <= package.rdl_count:
        length = math.fsum(trace.path.length for trace in layout.all_traces if trace.layer == layer)
        count = sum(trace.layer == layer for trace in layout.all_traces)
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
    samples = Samples(letter_for(package))
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
    return rows + _things(layout, samples, copper=False, balls=side is Side.LAND)


def _shape_words(shape: Shape) -> str:
    match shape:
        case Circle(diameter):
            return "round " + _um(diameter) + " um"
        case Octagon(width):
            return "octagon " + _um(width) + " um"
        case Rectangle(width, height):
            return "rectangle " + _um(width) + " × " + _um(height) + " um"


def _things(layout: Layout, samples: Samples, *, copper: bool = True, balls: bool = True) -> list[Row]:
    package = layout.package
    rows: list[Row] = [Heading("Package")]
    if copper:
        rows.append(Entry(samples.pad(layer_colour(package, 1)), "bump land, ring: bump end", str(len(package.bumps))))
        count = str(len(package.balls))
        used = str(len(layout.ball_nets)) + " of " + count + " used" if layout.ball_nets else count
        rows.append(
            Entry(
                samples.pad(layer_colour(package, package.rdl_count)), "UBM pad " + _um(package.ball.pad) + " um", used
            )
        )
    if copper and package.keepouts:
        rows.append(Entry(samples.keepout(), "keep-out", str(len(package.keepouts))))
    if balls:
        rows.append(Entry(samples.ring(PALE), "ball " + _um(package.ball.diameter) + " um", str(len(package.balls))))
    rows.append(Entry(samples.die(), "die shadow", str(len(package.dies))))
    return rows


def finding_rows(layout: Layout, shown: Sequence[Cut], violations: Sequence[tuple[int, Violation]]) -> list[Row]:
    """What is unrouted, too narrow or broken; nothing where all is well."""
    samples = Samples(letter_for(layout.package))
    rows: list[Row] = []
    if layout.unrouted:
        rows += _unrouted_rows(layout.unrouted, samples)
    if shown:
        rows += _narrow_rows(layout.package, shown, samples)
    if violations:
        rows.append(Heading("Violations"))
        rows.append(Entry(samples.violation(), "place, with the number below", str(len(violations))))
        for index, violation in violations[:LISTED]:
            rows += notes(str(index) + "  " + violation_words(violation), RED, 2)
        rows += _more(len(violations), LISTED)
    return rows


def _unrouted_rows(unrouted: Sequence[Unrouted], samples: Samples) -> list[Row]:
    """How many connections are missing, and the most frequent reasons."""
    count = len(unrouted)
    rows: list[Row] = [Heading("Not routed")]
    rows.append(Entry(samples.stroke(RED, dash=True), _counted(count, "connection")))
    reasons = sorted(Counter(one.reason for one in unrouted).items(), key=lambda pair: (-pair[1], pair[0]))
    for reason, times in reasons[:LISTED_REASONS]:
        rows += notes(str(times) + " × " + reason if times > 1 else reason, RED, 2)
    return rows + _more(len(reasons), LISTED_REASONS, "reasons")


def _narrow_rows(package: Package, shown: Sequence[Cut], samples: Samples) -> list[Row]:
    """The cuts with the highest load, and what would widen the first."""
    one_layer = len({cut.layer for cut in shown}) == 1
    rows: list[Row] = [Heading("Too narrow")]
    sample = samples.stroke(RED, bars=True)
    rows.append(Entry(sample, "cut: needed / fits" if len(shown) > MANY_CUTS else "cut", str(len(shown))))
    tightest = sorted(shown, key=lambda cut: -cut.load)[:LISTED_CUTS]
    for index, cut in enumerate(tightest):
        layer = package.layer_name(cut.layer) + ", " if package.rdl_count > 1 and not one_layer else ""
        rows += notes(needed_and_fits(cut) + ": " + layer + between(cut), RED, 2)
        for remedy in cut.remedies if index == 0 else ():
            rows += [Note(note.text, GREY, indent=True) for note in notes(remedy, GREY, 2)]
    return rows + _more(len(shown), LISTED_CUTS)


def fullest_rows(layout: Layout, layers: tuple[int, ...]) -> list[Row]:
    """The most loaded cut of what was routed, if it is worth a mark and on one of the layers."""
    cut = fullest_cut(layout, layers)
    if cut is None:
        return []
    samples = Samples(letter_for(layout.package))
    words = "fullest cut, " + str(cut.needed) + " of " + str(cut.fits)
    return [Heading("Load"), Entry(samples.stroke(LOADED, bars=True), words), Note(between(cut), GREY, indent=True)]


def fullest_cut(layout: Layout, layers: tuple[int, ...]) -> Cut | None:
    """The cut that a drawing of the layers shows as the fullest; none where cuts are too narrow anyway."""
    cut = None if layout.bottlenecks else layout.fullest
    return cut if cut is not None and cut.load >= LEAST_LOAD and cut.layer in layers else None


def _more(count: int, listed: int, things: str = "") -> list[Row]:
    words = "and " + str(count - listed) + " more " + things
    return [Note(words.rstrip(), GREY)] if count > listed else []


def _counted(count: int, thing: str) -> str:
    return str(count) + " " + thing + ("" if count == 1 else "s")


def _nets_on(layout: Layout, layer: int) -> set[str | None]:
    """Nets with copper on a layer; only ever asked for membership."""
    nets: set[str | None] = {pad.net for pad in layout.pads if pad.layer == layer}
    nets |= {trace.net for trace in layout.all_traces if trace.layer == layer}
    nets |= {plane.net for plane in layout.planes if plane.layer == layer}
    return nets | {via.net for via in layout.vias if layer in (via.layer, via.layer + 1)}


# --- title block ---------------------------------------------------------------------------------


def title_block(layout: Layout, subject: str, *, routed: bool = True) -> TitleBlock:
    """The facts of a layout; ``routed`` is False for a drawing made before routing."""
    package = layout.package
    size = _mm(package.width) + " × " + _mm(package.height) + " mm"
    rdls = _counted(package.rdl_count, "RDL")
    fields = [Field("Package", size + ", " + rdls), *_dies(package), Field("Balls", _balls(package))]
    fields.append(Field("Technology", package.technology.name))
    if routed:
        fields += _results(layout)
    fields.append(Field("View", "from the die side, in mm"))
    return TitleBlock(package.name, subject, tuple(fields))


def _dies(package: Package) -> Iterable[Field]:
    for index, placed in enumerate(package.dies):
        if index == 3 and len(package.dies) > 4:
            yield Field("", "and " + str(len(package.dies) - 3) + " more dies")
            return
        die = placed.die
        words = die.name + ", " + _mm(die.width) + " × " + _mm(die.height) + " mm, " + str(len(die.bumps)) + " bumps"
        yield Field("Die" if index == 0 else "", words)


def _balls(package: Package) -> str:
    x, y = _mm(package.ball.pitch_x), _mm(package.ball.pitch_y)
    return str(len(package.balls)) + ", pitch " + (x if x == y else x + " × " + y) + " mm"


def _results(layout: Layout) -> Iterable[Field]:
    nets = len(layout.package.nets)
    missing = len({one.net for one in layout.unrouted})
    yield Field("Nets routed", str(nets - missing) + " of " + str(nets), RED if missing else INK)
    length = math.fsum(connection.length or 0.0 for connection in layout.connections)
    yield Field("Wirelength", _mm(length) + " mm")
    if layout.lower_bound > 0:
        ratio = f"{length / layout.lower_bound:.3f}"
        yield Field("Lower bound", _mm(layout.lower_bound) + " mm, ratio " + ratio)


def _um(length: Nm) -> str:
    return format_length(length)


def _mm(length: float) -> str:
    """Millimetres with at most three digits behind the point."""
    return format_length(round(length / 1000) * 1000, "mm")
