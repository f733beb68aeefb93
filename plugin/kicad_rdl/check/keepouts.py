"""Copper where the job wants none: areas that keep it out, layers that a net may not take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kicad_rdl.check.closeness import anchor, breaches, contained, gaps
from kicad_rdl.check.connection import centre
from kicad_rdl.check.layers import LayerCopper
from kicad_rdl.check.primitives import tabulate
from kicad_rdl.geometry import Point
from kicad_rdl.model.artwork import Area, Artwork, Copper, CopperKind
from kicad_rdl.model.package import Keepout
from kicad_rdl.model.report import Rule, Severity, Violation


def check_keepouts(artwork: Artwork, layers: Sequence[LayerCopper]) -> Iterator[Violation]:
    """Traces (with their teardrops), vias and planes that reach into an area which keeps them out; touching is fine.

    The via between a UBM pad and its UBM belongs to the ball and counts as a pad.
    """
    under_balls = {hole.thing for hole in artwork.holes if hole.last > artwork.rdl_count}
    for keepout in artwork.keepouts:
        outline = tuple((float(p.x), float(p.y)) for p in keepout.outline.points)
        holes = tuple(tuple((float(p.x), float(p.y)) for p in ring) for ring in keepout.outline.holes)
        area = tabulate([(Area(outline, holes), 0)])
        unwanted = _unwanted(keepout)
        for here in layers:
            if here.layer not in keepout.layers:
                continue
            places: dict[int, Point] = {}
            for breach in breaches(area, here.table, gaps(area, here.table, 0), 0):
                places[breach.b] = breach.at
            for _, guest in contained(area, here.table):
                places.setdefault(guest, anchor(here.table, guest))
            for item, at in sorted(places.items()):
                copper = artwork.copper[here.index[item]]
                if copper.kind in unwanted and copper.thing not in under_balls:
                    yield _inside(keepout, copper, here.name, at)


def _unwanted(keepout: Keepout) -> frozenset[CopperKind]:
    kinds: list[CopperKind] = []
    if keepout.traces:
        kinds += [CopperKind.TRACE, CopperKind.TEARDROP]
    if keepout.vias:
        kinds.append(CopperKind.VIA)
    if keepout.planes:
        kinds.append(CopperKind.PLANE)
    return frozenset(kinds)


def _inside(keepout: Keepout, copper: Copper, layer: str, at: Point) -> Violation:
    things = (copper.name, f"keep-out {keepout.name}")
    return Violation(
        Rule.KEEPOUT, Severity.ERROR, layer, at, things, None, None, f"lead it around keep-out {keepout.name}"
    )


def check_trace_layers(artwork: Artwork) -> Iterator[Violation]:
    """Traces on layers that their net may not take, each trace once."""
    barred = {(rule.net, rule.layer) for rule in artwork.trace_rules if not rule.allowed}
    seen: set[int] = set()
    for copper in artwork.copper:
        if copper.kind is not CopperKind.TRACE or copper.thing in seen or (copper.net, copper.layer) not in barred:
            continue
        seen.add(copper.thing)
        layer = artwork.layers[copper.layer - 1]
        remedy = f"put it on one of the layers that the job gives to {copper.net}"
        yield Violation(Rule.LAYER, Severity.ERROR, layer, centre(copper), (copper.name,), None, None, remedy)
