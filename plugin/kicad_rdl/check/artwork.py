"""From a Layout to the neutral artwork that is checked."""

from __future__ import annotations

from itertools import count

from kicad_rdl.geometry import Circle, Line, Point, Polygon, Shape, corners
from kicad_rdl.model.artwork import (
    Area,
    Artwork,
    Box,
    Copper,
    CopperKind,
    Hole,
    MaskOpening,
    Skeleton,
    Terminal,
    TraceRule,
)
from kicad_rdl.model.layout import Layout, Opening, Pad, PadKind, Side, Via
from kicad_rdl.model.package import Angles, Package
from kicad_rdl.units import Nm

PAD_WORDS = {PadKind.BUMP_LAND: "bump", PadKind.UBM_PAD: "ball", PadKind.UBM: "UBM of ball"}


def artwork_of(layout: Layout) -> Artwork:
    """The copper, openings and netlist of a layout. Terminals are its lands and the outermost pads of its balls."""
    package = layout.package
    thing = count()
    pads = [_pad_copper(pad, next(thing)) for pad in layout.pads]
    copper = list(pads)
    for trace in layout.traces:
        number, name = next(thing), f"trace of {trace.net}"
        copper += [
            Copper(CopperKind.TRACE, trace.net, trace.layer, piece, trace.width, name, number)
            for piece in trace.path.pieces
        ]
    for locked in package.locked:
        number, name = next(thing), f"locked trace of {locked.net}"
        copper += [
            Copper(CopperKind.TRACE, locked.net, locked.layer, piece, locked.width, name, number)
            for piece in locked.path.pieces
        ]
    holes: list[Hole] = []
    for via in layout.vias:
        hole = _hole(via, next(thing))
        holes.append(hole)
        copper += [
            Copper(CopperKind.VIA, via.net, layer, via.at, diameter, hole.name, hole.thing)
            for layer, diameter in hole.lands
        ]
    for teardrop in layout.teardrops:
        area, name = area_of(teardrop.outline), f"teardrop of {teardrop.net}"
        copper.append(Copper(CopperKind.TEARDROP, teardrop.net, teardrop.layer, area, 0, name, next(thing)))
    for plane in layout.planes:
        copper += [
            Copper(CopperKind.PLANE, plane.net, plane.layer, area_of(fill), 0, f"plane of {plane.net}", next(thing))
            for fill in plane.fills
        ]
    layer_count = package.rdl_count + int(package.has_ubm_layer)
    return Artwork(
        layers=tuple(package.layer_name(layer) for layer in range(1, layer_count + 1)),
        rdl_count=package.rdl_count,
        outline=_rectangle(package.width, package.height),
        copper=tuple(copper),
        holes=tuple(holes),
        openings=_openings(layout, layer_count),
        terminals=_terminals(layout),
        dies=tuple(Box(f"die {placed.die.name}", placed.at, *placed.size) for placed in package.dies),
        balls=tuple(
            Box(f"ball {ball.name}", ball.at, package.ball.diameter, package.ball.diameter) for ball in package.balls
        ),
        octilinear=package.angles is Angles.OCTILINEAR,
        trace_rules=trace_rules(package),
        keepouts=package.keepouts,
    )


def trace_rules(package: Package) -> tuple[TraceRule, ...]:
    """What nets ask of their traces, layer by layer, beyond what the technology does."""
    found: list[TraceRule] = []
    for rule in package.nets:
        if rule.width is None and rule.space is None and rule.layers is None and not rule.on_layers:
            continue
        for layer in range(1, package.rdl_count + 1):
            here = rule.on_layer(layer)
            allowed = rule.layers is None or layer in rule.layers
            found.append(TraceRule(rule.name, layer, here.width or 0, here.space or 0, allowed))
    return tuple(found)


def placed(shape: Shape, at: Point) -> tuple[Skeleton, Nm]:
    """Skeleton and width of a shape."""
    if isinstance(shape, Circle):
        return at, shape.diameter
    return Area(tuple((at.x + x, at.y + y) for x, y in corners(shape))), 0


def area_of(polygon: Polygon) -> Area:
    """The area of a polygon on the grid."""
    rings = (polygon.points, *polygon.holes)
    outline, *holes = (tuple((float(p.x), float(p.y)) for p in ring) for ring in rings)
    return Area(outline, tuple(holes))


def _pad_copper(pad: Pad, thing: int) -> Copper:
    name = f"{PAD_WORDS[pad.kind]} {pad.name}"
    return Copper(CopperKind.PAD, pad.net, pad.layer, *placed(pad.shape, pad.at), name, thing)


def _hole(via: Via, thing: int) -> Hole:
    lands = ((via.layer, via.land), (via.layer + 1, via.capture))
    name = f"via of {via.net or 'no net'}"
    return Hole(via.net, name, thing, via.at, via.opening, via.layer, via.layer + 1, lands)


def _terminals(layout: Layout) -> tuple[Terminal, ...]:
    """Every pad that carries a net; of a ball with UBM and UBM pad, the UBM."""
    outermost = PadKind.UBM if layout.package.has_ubm_layer else PadKind.UBM_PAD
    return tuple(
        Terminal(f"{'bump' if pad.kind is PadKind.BUMP_LAND else 'ball'} {pad.name}", pad.net, k)
        for k, pad in enumerate(layout.pads)
        if pad.net is not None and pad.kind in (PadKind.BUMP_LAND, outermost)
    )


def _openings(layout: Layout, layer_count: int) -> tuple[MaskOpening, ...]:
    outermost = PadKind.UBM if layout.package.has_ubm_layer else PadKind.UBM_PAD
    index = {(pad.kind, pad.name): k for k, pad in enumerate(layout.pads)}

    def neutral(opening: Opening) -> MaskOpening:
        bump = opening.side is Side.BUMP
        pad = index.get((PadKind.BUMP_LAND if bump else outermost, opening.name))
        name = f"{'bump' if bump else 'ball'} {opening.name}"
        shape = placed(opening.shape, opening.at)
        return MaskOpening(opening.side, 1 if bump else layer_count, opening.net, name, *shape, pad)

    return tuple(neutral(opening) for opening in layout.openings)


def _rectangle(width: Nm, height: Nm) -> tuple[Line, ...]:
    left, bottom = -(width // 2), -(height // 2)
    ring = [
        Point(left, bottom),
        Point(left + width, bottom),
        Point(left + width, bottom + height),
        Point(left, bottom + height),
    ]
    return tuple(Line(a, b) for a, b in zip(ring, ring[1:] + ring[:1], strict=True))
