"""Copper that is too thin to make."""

from __future__ import annotations

from collections.abc import Iterator

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.check.connection import centre
from kicad_rdl.check.rules import Rules
from kicad_rdl.geometry import Arc, Point
from kicad_rdl.model.artwork import Area, Artwork, Copper, CopperKind
from kicad_rdl.model.report import Rule, Severity, Violation
from kicad_rdl.units import Nm, um


def check_widths(artwork: Artwork, rules: Rules) -> Iterator[Violation]:
    """Traces and discs by their width; planes by their necks (where they would fall apart if etched)."""
    wanted = {(rule.net, rule.layer): rule.width for rule in artwork.trace_rules}
    for copper in artwork.copper:
        least = rules.line[copper.layer - 1]
        if copper.kind is CopperKind.TRACE and copper.net is not None:
            least = max(least, wanted.get((copper.net, copper.layer), 0))
        if isinstance(copper.skeleton, Area):
            if copper.kind is CopperKind.PLANE:
                for at in _necks(copper.skeleton, least - copper.width):
                    yield _thin(artwork, copper, at, None, least)
        elif copper.width < least:
            yield _thin(artwork, copper, _middle(copper), copper.width, least)


def _middle(copper: Copper) -> Point:
    return copper.skeleton.mid if isinstance(copper.skeleton, Arc) else centre(copper)


def _necks(area: Area, least: Nm) -> list[Point]:
    """Places where a plane is narrower than ``least``, found by etching half of it (less 2 nm) off every side.

    What falls apart into pieces had a neck between them; a thin spur that ends nowhere does not count. The 2 nm keep
    the rounding of the polygon's corners out: a neck that is too narrow by less than 4 nm is not seen.
    """
    whole = shapely.make_valid(shapely.Polygon(area.outline, area.holes))
    depth = least / 2 - 2
    etched = _parts(whole.buffer(-depth, quad_segs=16))  # round: what leaves a disc of the width through is no neck
    if len(etched) <= len(_parts(whole)):
        return []
    grown = [part.buffer(depth, quad_segs=16) for part in etched]
    lost = _parts(whole.difference(shapely.union_all(grown)))
    bridges = [part for part in lost if sum(shapely.dwithin(part, other, 1.0) for other in grown) > 1]
    spots = (shapely.point_on_surface(part) for part in bridges)
    return sorted(Point(round(spot.x), round(spot.y)) for spot in spots)


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    """The polygons of a shape."""
    parts = getattr(shape, "geoms", [shape])
    return [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]


def _thin(artwork: Artwork, copper: Copper, at: Point, measured: Nm | None, least: Nm) -> Violation:
    return Violation(
        rule=Rule.WIDTH,
        severity=Severity.ERROR,
        layer=artwork.layers[copper.layer - 1],
        at=at,
        things=(copper.name,),
        measured=measured,
        required=least,
        remedy=f"make it at least {um(least)} wide",
    )
