"""Where does the job keep copper out, and which copper is there already?"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from shapely.validation import explain_validity

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Path, Point, Polygon, circle_polygon, polygon_of, shapely_polygon
from kicad_rdl.model.package import Keepout, LockedTrace, Package
from kicad_rdl.model.technology import Technology
from kicad_rdl.read.documents import near
from kicad_rdl.read.job_file import KeepoutTable, LockedTable
from kicad_rdl.units import Nm, um

ROUND: Nm = 500
"""How far the polygon of a round keep-out may stand out beyond its circle; never inside."""

LEAST_CIRCLE: Nm = 10
"""Smaller ones are no polygon on the grid."""


def keepouts(tables: Iterable[KeepoutTable], technology: Technology, source: str) -> tuple[Keepout, ...]:
    """The keep-outs of a job; without layers, one is for every RDL that the technology offers."""
    found: list[Keepout] = []
    for index, table in enumerate(tables):
        key = f"keepouts.{index}"
        name = table.name or f"keepout_{index + 1}"
        if any(name == other.name for other in found):
            raise InputError(f'{key}: two keep-outs are called "{name}"; give each a name of its own', source)
        every = range(1, len(technology.metals) + 1)
        layers = tuple(sorted(set(table.layers))) if table.layers is not None else tuple(every)
        outline = _outline(table, key, source)
        found.append(Keepout(name, layers, outline, table.traces, table.vias, table.planes))
    return tuple(found)


def _outline(table: KeepoutTable, key: str, source: str) -> Polygon:
    if table.circle is not None:
        x, y, diameter = table.circle
        if diameter < LEAST_CIRCLE:
            raise InputError(f"{key}.circle: a diameter of {um(diameter)} is none; it is the third length", source)
        return polygon_of(circle_polygon(x, y, diameter / 2, ROUND))
    if table.rectangle is not None:
        x1, y1, x2, y2 = table.rectangle
        if x1 == x2 or y1 == y2:
            raise InputError(f"{key}.rectangle: it has no area; write two opposite corners, [x1, y1, x2, y2]", source)
        left, right, bottom, top = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        return Polygon((Point(left, bottom), Point(right, bottom), Point(right, top), Point(left, top)))
    points = tuple(Point(*place) for place in table.polygon or ())
    drawn = shapely_polygon(Polygon(points))
    if not drawn.is_valid or drawn.area == 0:
        raise InputError(f"{key}.polygon: its sides touch or cross ({explain_validity(drawn)}, in nm)", source)
    return polygon_of(drawn)


def locked_traces(
    tables: Iterable[LockedTable], nets: Iterable[str], technology: Technology, source: str
) -> tuple[LockedTrace, ...]:
    """The copper that the job has drawn itself."""
    names = sorted(nets)
    found: list[LockedTrace] = []
    for index, table in enumerate(tables):
        key = f"locked.{index}"
        if table.net not in names:
            raise InputError(f'{key}.net: no net is called "{table.net}"{near(table.net, names)}', source)
        if table.layer > len(technology.metals):
            raise InputError(
                f"{key}.layer = {table.layer}: technology {technology.name} offers RDL1 to RDL{len(technology.metals)}",
                source,
            )
        least = technology.metal(table.layer)
        width = table.width or least.line
        if width < least.line:
            raise InputError(
                f"{key}.width: {um(width)} is below the least line of {least.name}, {um(least.line)}", source
            )
        points = [Point(*place) for place in table.points]
        if any(a == b for a, b in pairwise(points)):
            raise InputError(f"{key}.points: a point is repeated; drop one of the two", source)
        found.append(LockedTrace(table.net, table.layer, width, Path.through(*points)))
    return tuple(found)


def refuse_areas_off_the_package(package: Package, source: str) -> None:
    """Raises InputError for locked copper or keep-outs that this package has no place for."""
    edge = package.technology.edges.trace_to_package
    for index, locked in enumerate(package.locked):
        if locked.layer > package.rdl_count:
            raise InputError(
                f"locked.{index}: its copper is on RDL{locked.layer}, but the package has {package.rdl_count}; ask for "
                "more RDLs",
                source,
            )
        for point in (locked.path.start, *(piece.end for piece in locked.path.pieces)):
            left = min(package.width // 2 - abs(point.x), package.height // 2 - abs(point.y)) - locked.width // 2
            if left < edge:
                raise InputError(
                    f"locked.{index}: the trace comes within {um(left)} of the package edge; {um(edge)} needed",
                    source,
                )
    for keepout in package.keepouts:
        if min(keepout.layers) > package.rdl_count:
            raise InputError(
                f'keep-out "{keepout.name}": it is on RDL{min(keepout.layers)}, but the package has '
                f"{package.rdl_count}; name one of them or ask for more RDLs",
                source,
            )
        points = keepout.outline.points
        if (
            max(p.x for p in points) <= -(package.width // 2)
            or min(p.x for p in points) >= package.width // 2
            or max(p.y for p in points) <= -(package.height // 2)
            or min(p.y for p in points) >= package.height // 2
        ):
            raise InputError(
                f'keep-out "{keepout.name}" lies outside the package; its places count from the centre of it', source
            )
