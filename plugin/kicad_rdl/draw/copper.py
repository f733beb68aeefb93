"""The copper and the openings of a layout as SVG elements, one group per net so that a tooltip names it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kicad_rdl.draw.canvas import Element, disc, element, group, path_data, polygon_data, shape, title
from kicad_rdl.draw.sheet import Sheet
from kicad_rdl.draw.style import KEEPOUT, PAPER
from kicad_rdl.geometry import Circle, merged
from kicad_rdl.model.layout import Layout, Opening, Pad, PadKind, Plane, Side, Teardrop, Trace, Via
from kicad_rdl.model.package import Keepout, Package
from kicad_rdl.units import format_length, um

PLANE_OPACITY = "0.3"
KEEPOUT_OPACITY = "0.14"
SHEER = "0.16"
"""Opacity of planes that lie over each other."""

_TERMINALS = {PadKind.BUMP_LAND: "bump", PadKind.UBM_PAD: "ball", PadKind.UBM: "UBM of ball"}


@dataclass(frozen=True, slots=True)
class _NetCopper:
    """What one net has on one layer."""

    planes: tuple[Plane, ...]
    traces: tuple[Trace, ...]
    teardrops: tuple[Teardrop, ...]
    pads: tuple[Pad, ...]
    vias: tuple[Via, ...]
    openings: tuple[Opening, ...]


def layer_copper(
    layout: Layout, layer: int, colour: Callable[[str | None], str], sheet: Sheet, opacity: str = PLANE_OPACITY
) -> tuple[Element, ...]:
    """One group per net with copper on the layer, in the order of the package's nets; unconnected pads come last."""
    package = layout.package
    collected: dict[str | None, list[list[object]]] = {}

    def collect(kind: int, things: Iterable[Plane | Trace | Teardrop | Pad | Via | Opening]) -> None:
        for thing in things:
            collected.setdefault(thing.net, [[] for _ in range(6)])[kind].append(thing)

    collect(0, (plane for plane in layout.planes if plane.layer == layer))
    collect(1, (trace for trace in layout.all_traces if trace.layer == layer))
    collect(2, (drop for drop in layout.teardrops if drop.layer == layer))
    collect(3, (pad for pad in layout.pads if pad.layer == layer))
    collect(4, (via for via in layout.vias if layer in (via.layer, via.layer + 1)))
    collect(5, (opening for opening in layout.openings if _is_on(package, opening, layer)))
    order = [rule.name for rule in package.nets]
    known = set(order)
    order += sorted(net for net in collected if net is not None and net not in known)
    groups = []
    for net in (*order, None):
        if net in collected:
            copper = _NetCopper(*(tuple(things) for things in collected[net]))  # type: ignore[arg-type]
            groups.append(_net(package, net, layer, copper, colour(net), sheet, opacity))
    return tuple(groups)


def _is_on(package: Package, opening: Opening, layer: int) -> bool:
    return layer == (1 if opening.side is Side.BUMP else package.metal_count)


def _net(
    package: Package, net: str | None, layer: int, copper: _NetCopper, colour: str, sheet: Sheet, opacity: str
) -> Element:
    drawn: list[Element] = []
    # a net may have several planes on a layer, which overlap at their seams: the union shows none
    data = "".join(map(polygon_data, merged(fill for plane in copper.planes for fill in plane.fills)))
    if data:
        style = {"fill_rule": "evenodd", "fill_opacity": opacity, "stroke": colour}
        drawn.append(element("path", d=data, stroke_width=sheet.hair, **style))
    drawn += _strokes(copper.traces, colour)
    if copper.teardrops:
        drawn.append(element("path", d="".join(polygon_data(drop.outline) for drop in copper.teardrops)))
    drawn += [shape(pad.shape, pad.at, title(pad_words(pad))) for pad in copper.pads]
    for via in copper.vias:
        drawn.append(disc(via.at, via.land if via.layer == layer else via.capture, title(via_words(package, via))))
    rings: list[Element] = []
    for via in copper.vias:
        onward = via.layer == layer and via.layer < package.rdl_count
        rings.append(disc(via.at, via.opening, fill=PAPER if onward else "none"))
    rings += [shape(opening.shape, opening.at, fill="none") for opening in copper.openings]
    if rings:
        drawn.append(group(rings, stroke=PAPER, stroke_width=sheet.hair, pointer_events="none"))
    return group((title(net_words(net)), *drawn), fill=colour, data_net=net)


def _strokes(traces: tuple[Trace, ...], colour: str) -> Iterator[Element]:
    """One path for all traces of a width."""
    by_width: dict[int, list[Trace]] = {}
    for trace in traces:
        by_width.setdefault(trace.width, []).append(trace)
    for width in sorted(by_width):
        data = "".join(path_data(trace.path) for trace in by_width[width])
        yield element(
            "path",
            d=data,
            fill="none",
            stroke=colour,
            stroke_width=width,
            stroke_linecap="round",
            stroke_linejoin="round",
        )


def opening_shapes(layout: Layout, side: Side, sheet: Sheet) -> Element:
    """The openings of a side as white windows in the polymer."""
    windows = [
        shape(opening.shape, opening.at, title(opening_words(opening)), data_net=opening.net)
        for opening in layout.openings
        if opening.side is side
    ]
    return group(windows, fill=PAPER, stroke_width=sheet.thin, id="openings")


def pad_outlines(layout: Layout, kinds: tuple[PadKind, ...], **style: int | str | None) -> Element:
    """Pads as outlines, for orientation."""
    return group([shape(pad.shape, pad.at) for pad in layout.pads if pad.kind in kinds], fill="none", **style)


def ball_spheres(package: Package, **style: int | str | None) -> Element:
    """The balls as circles of their diameter before reflow."""
    return group([shape(Circle(package.ball.diameter), ball.at) for ball in package.balls], **style)


def keepout_areas(package: Package, layers: Iterable[int], sheet: Sheet) -> Element:
    """The keep-outs of the layers, each once."""
    shown = set(layers)
    drawn = [
        element("path", title(keepout_words(package, keepout)), d=polygon_data(keepout.outline))
        for keepout in package.keepouts
        if shown.intersection(keepout.layers)
    ]
    dashes = " ".join(format_length(round(sheet.letter * part)) for part in (0.3, 0.2))
    style = {"fill": KEEPOUT, "fill_opacity": KEEPOUT_OPACITY, "stroke": KEEPOUT, "stroke_dasharray": dashes}
    return group(drawn, stroke_width=sheet.hair, id="keepouts", **style)


# --- words for tooltips --------------------------------------------------------------------------


def net_words(net: str | None) -> str:
    """Tooltip of a net."""
    return "not connected" if net is None else net


def keepout_words(package: Package, keepout: Keepout) -> str:
    """Tooltip of a keep-out."""
    kept = (("traces", keepout.traces), ("vias", keepout.vias), ("planes", keepout.planes))
    layers = ", ".join(package.layer_name(layer) for layer in keepout.layers if layer <= package.rdl_count)
    return f"keep-out {keepout.name}: no {', '.join(word for word, yes in kept if yes)} on {layers}"


def pad_words(pad: Pad) -> str:
    """Tooltip of a pad."""
    return _TERMINALS[pad.kind] + " " + pad.name + ": " + net_words(pad.net)


def via_words(package: Package, via: Via) -> str:
    """Tooltip of a via."""
    layers = package.layer_name(via.layer) + " to " + package.layer_name(via.layer + 1)
    return "via " + layers + ", opening " + um(via.opening) + ": " + net_words(via.net)


def opening_words(opening: Opening) -> str:
    """Tooltip of an opening."""
    thing = "bump" if opening.side is Side.BUMP else "ball"
    return "opening of " + thing + " " + opening.name + ": " + net_words(opening.net)
