"""Copper that is too thin to make."""

from __future__ import annotations

from collections.abc import Iterator

import shapely

from kicad_rdl.check.connection import centre
from kicad_rdl.check.rules import Rules
from kicad_rdl.geometry import Arc, Point
from kicad_rdl.model.artwork import Area, Artwork, Copper, CopperKind
from kicad_rdl.model.report import Rule, Severity, Violation
from kicad_rdl.units import Nm, um


def check_widths(artwork: Artwork, rules: Rules) -> Iterator[Violation]:
    """Traces and discs by their width; planes by their necks (where they would fall apart if etched)."""
    wanted = dict(artwork.widths)
    for copper in artwork.copper:
        least = rules.line[copper.layer - 1]
        if copper.kind is CopperKind.TRACE and copper.net is not None:
            least = max(least, wanted.get(copper.net, 0))
        if isinstance(copper.skeleton, Area):
            neck = _neck(copper.skeleton, least - copper.width) if copper.kind is CopperKind.PLANE else None
            if neck is not None:
                yield _thin(artwork, copper, neck, None, least)
        elif copper.width < least:
            yield _thin(artwork, copper, _middle(copper), copper.width, least)


def _middle(copper: Copper) -> Point:
    return copper.skeleton.mid if isinstance(copper.skeleton, Arc) else centre(copper)


def _neck(area: Area, least: Nm) -> Point | None:
    """A place where a plane is narrower than ``least``, found by etching half of it (less 2 nm) off every side.

    What falls apart into pieces had a neck; a thin spur that ends nowhere does not count. The 2 nm keep the rounding
    of the polygon's corners out; a neck that is too narrow by less than 4 nm is not seen.
    """
    whole = shapely.Polygon(area.outline, area.holes).buffer(0)
    etched = whole.buffer(-(least / 2 - 2), join_style="mitre")
    parts = [etched] if isinstance(etched, shapely.Polygon) else list(etched.geoms)
    parts = [part for part in parts if not part.is_empty]
    pieces = 1 if isinstance(whole, shapely.Polygon) else len(whole.geoms)
    if len(parts) <= pieces:
        return None
    parts.sort(key=lambda part: (-part.area, part.bounds))
    line = shapely.shortest_line(shapely.MultiPolygon(parts[:-1]), parts[-1])
    return Point(round(line.centroid.x), round(line.centroid.y))


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
