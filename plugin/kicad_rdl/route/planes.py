"""Planes: on one layer, the copper that is left for one or several supply nets.

Everything is worked out for the centre of a disc of least width: the region where that centre may be is the boundary
shrunk by the disc's radius, less every void grown by it. What the disc sweeps is the fill. So no part of a fill is
narrower than the least width (a morphological opening), and two parts of a fill are joined exactly where the centre
can pass from one to the other.

What KiCad 9.0.8 makes of several fills (tried): polygons of one zone are islands of their own, even where they overlap;
zones of one net that overlap are joined; zones whose outlines overlap are a violation (``zones_intersect``) unless
their priorities differ. A fill with too many points is therefore split into several ``Plane`` values of the same net
that overlap by twice the least width, and the writer must give every plane a priority of its own, rising in the order
of the tuple: large outlines come first, so that a zone inside another stays the stronger one when a user refills.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.errors import ModelError
from kicad_rdl.geometry import Path, Point, Shape, polygon_of, shapely_of, shapely_polygon
from kicad_rdl.model.layout import Plane
from kicad_rdl.model.package import Hatch, Joint
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.hatching import hatch_density, hatched
from kicad_rdl.route.pieces import parts, pieces
from kicad_rdl.route.spokes import Spoke, spokes_of
from kicad_rdl.route.territory import borders, owners_of, sites_of
from kicad_rdl.route.voids import (
    CHORD,
    GRID_MARGIN,
    NO_VOIDS,
    SIMPLIFY,
    Copper,
    Geometries,
    Land,
    Run,
    Voids,
    around,
    bridges,
    chord,
    geometries,
    line_of,
    voids_of,
)
from kicad_rdl.units import Nm

MOST_POINTS = 3_600
"""Points of one fill with its holes cut open; polygons of more than 4,000 trouble later tools."""

CORNER = 4
"""Segments per quarter of the rounded corners of a fill."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Copper of the plane's own net that the plane must reach: a bump land, a via land, a capture pad, a UBM pad."""

    name: str
    at: Point
    shape: Shape
    joint: Joint | None = None
    """None: as the plane."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A trace of the plane's own net, legal by itself, that the layout keeps beside the plane."""

    path: Path
    width: Nm


@dataclass(frozen=True, slots=True)
class PlaneRequest:
    """One net that wants a plane on the layer.

    Skeletons of different requests never cross; they join their net where the fill cannot, and where several nets
    share the layer each gets what is nearest to its own skeletons and terminals.
    """

    net: str
    terminals: tuple[Terminal, ...]
    skeletons: tuple[Skeleton, ...] = ()
    joint: Joint = Joint.SOLID
    gap: Nm | None = None
    """Ring around a thermal joint; None: the clearance."""
    spoke: Nm | None = None
    """Width of a spoke; None: the least width."""
    hatch: Hatch | None = None
    """None: solid."""


@dataclass(frozen=True, slots=True)
class _Rules:
    width: Nm
    clearance: Nm

    @property
    def disc(self) -> float:
        """Radius of the disc that sweeps a fill [nm]; the margin is for rounding, which must not make it narrower."""
        return self.width / 2 + GRID_MARGIN

    @property
    def reserve(self) -> float:
        """What the centre keeps from a void [nm]: the disc, and what GEOS may draw beyond it."""
        return self.disc * (1 + SIMPLIFY)


def pour(
    layer: int,
    requests: Sequence[PlaneRequest],
    obstacles: Sequence[Copper],
    boundary: shapely.Polygon,
    *,
    min_width: Nm,
    clearance: Nm,
) -> tuple[Plane, ...]:
    """The planes of one layer, exact on the grid.

    Args:
        layer: RDL of the planes.
        requests: one per net; no net twice.
        obstacles: everything else on the layer. Copper with the net of a request is foreign to the other requests only.
        boundary: where copper may be: the package outline less the edge rule [nm].
        min_width: no part of a fill, and no spoke, is narrower.
        clearance: between two planes, and between a plane and terminals and skeletons of another request.

    Returns:
        Planes of which no fill comes closer to foreign copper than its clearance, large outlines first. A net may have
        several (see the module), or none if no part of the layer reaches two of its terminals (one, if it has one).
        ``islands.islands`` tells what was not reached.
    """
    if len({request.net for request in requests}) < len(requests):
        raise ModelError(f"layer {layer}: a net asks for two planes; put its terminals into one request")
    rules = _Rules(min_width, clearance)
    region = boundary.buffer(-rules.reserve * (1 + SIMPLIFY) - GRID_MARGIN, join_style="mitre")
    wanting = [request for request in requests if request.terminals]
    territories, lines = _territories(wanting, region, rules)
    regions = parts(boundary - shapely.union_all(around(lines, 0.0)))
    nets = {request.net for request in requests}
    common = voids_of([copper for copper in obstacles if copper.net not in nets]).joined(lines)
    blocked = shapely.union_all(around(common, rules.reserve))
    planes: list[Plane] = []
    for request, territory in zip(wanting, territories, strict=True):
        own = voids_of(
            [copper for copper in obstacles if copper.net in nets and copper.net != request.net]
            + [copper for other in requests if other is not request for copper in _copper(other, clearance)]
        )
        planes += _planes(layer, request, territory - blocked, common, own, boundary, regions, rules)
    return tuple(sorted(planes, key=_order))


def _copper(request: PlaneRequest, clearance: Nm) -> list[Copper]:
    """What another plane must stay away from."""
    lands = [Land(terminal.at, terminal.shape, clearance) for terminal in request.terminals]
    return [*lands, *(Run(skeleton.path, skeleton.width, clearance) for skeleton in request.skeletons)]


def _order(plane: Plane) -> tuple[float, str, tuple[Point, ...]]:
    return -shapely_polygon(plane.outline).area, plane.net, plane.outline.points


def _territories(
    requests: Sequence[PlaneRequest], region: BaseGeometry, rules: _Rules
) -> tuple[list[BaseGeometry], Voids]:
    """Per request the part of ``region`` that is its own, and the lines between the parts as voids."""
    if len(requests) < 2:
        return [region] * len(requests), NO_VOIDS
    seeds = [
        shapely.union_all(
            [line_of(skeleton.path) for skeleton in request.skeletons]
            + [shapely_of(terminal.shape, terminal.at, tolerance=5_000).exterior for terminal in request.terminals]
        )
        for request in requests
    ]
    points, owner = sites_of(seeds, rules.width)
    border = borders(points, owner, rules.width / 2)
    lines = geometries(part for part in shapely.get_parts(border) if part.length > 0)
    away = rules.clearance / 2 + GRID_MARGIN
    voids = Voids(lines, np.full(len(lines), away))
    faces = parts(region - shapely.union_all(around(voids, rules.reserve)))
    owners = owners_of(faces, points, owner)
    return [
        shapely.union_all([face for face, mine in zip(faces, owners, strict=True) if mine == k])
        for k in range(len(requests))
    ], voids


def _planes(
    layer: int,
    request: PlaneRequest,
    free: BaseGeometry,
    common: Voids,
    own: Voids,
    boundary: shapely.Polygon,
    regions: Sequence[shapely.Polygon],
    rules: _Rules,
) -> list[Plane]:
    """The planes of one request.

    Args:
        layer: RDL.
        request: the net.
        free: its territory less the common voids, for centres.
        common: voids of all requests.
        own: further voids of this request.
        boundary: of the layer.
        regions: what the borders between the requests leave of the boundary: the outlines.
        rules: width and clearance.
    """
    foreign = common.joined(own)
    spokes: tuple[Spoke, ...] = ()
    thermal = {k for k, t in enumerate(request.terminals) if (t.joint or request.joint) is Joint.THERMAL}
    gap = request.gap or rules.clearance
    while True:
        rings = voids_of([Land(request.terminals[k].at, request.terminals[k].shape, gap) for k in sorted(thermal)])
        everything = foreign.joined(rings)
        grown = around(everything, rules.reserve)
        necks = bridges(everything, grown, boundary, rules.reserve)
        cuts = shapely.buffer(geometries(necks), (rules.clearance / 2 + rules.reserve) * CHORD, quad_segs=2)
        centres = parts(free - shapely.union_all([*grown[len(common) :], *cuts]))
        width = request.spoke or rules.width
        spokes, failed = spokes_of(request.terminals, sorted(thermal), gap, width, centres, foreign)
        if not failed:
            break
        thermal -= failed  # too narrow for two spokes: joined solidly
    kept = _reached(request, centres, thermal, spokes)
    apart = _apart(kept, rules)
    if sorted(c.area for c in apart) != sorted(c.area for c in kept):
        apart = _reached(request, apart, thermal, spokes)
    planes: list[Plane] = []
    for region in regions:
        mine = [centre for centre in apart if region.intersects(centre)]
        if mine:
            planes += _written(layer, request, mine, spokes, shapely.Polygon(region.exterior), rules)
    return planes


def _reached(
    request: PlaneRequest, centres: list[shapely.Polygon], thermal: set[int], spokes: Sequence[Spoke]
) -> list[shapely.Polygon]:
    """The parts that join two terminals, by themselves or with skeletons (or reach the only terminal)."""
    if not centres:
        return []
    whole = geometries(centres)  # few and large: asked with, so that they are the ones which are prepared
    lands: Geometries = geometries(shapely_of(t.shape, t.at, tolerance=100) for t in request.terminals)
    lines = geometries(line_of(skeleton.path) for skeleton in request.skeletons)
    groups = Groups(len(lands) + len(lines) + len(centres))
    first = len(lands) + len(lines)
    for c, k in shapely.STRtree(lands).query(whole, predicate="intersects").T.tolist():
        if k not in thermal:
            groups.join(k, first + c)
    tips = geometries(spoke.tip for spoke in spokes)
    for c, s in shapely.STRtree(tips).query(whole, predicate="intersects").T.tolist():
        groups.join(spokes[s].terminal, first + c)
    for c, s in shapely.STRtree(lines).query(whole, predicate="intersects").T.tolist():
        groups.join(len(lands) + s, first + c)
    for s, k in shapely.STRtree(lands).query(lines, predicate="intersects").T.tolist():
        groups.join(len(lands) + s, k)
    needed = min(2, len(lands))
    ends = groups.counts(range(len(lands)))
    return [centre for c, centre in enumerate(centres) if ends[groups.root(first + c)] >= needed]


def _apart(centres: list[shapely.Polygon], rules: _Rules) -> list[shapely.Polygon]:
    """Parts whose discs would touch in a neck are cut back, so that a clearance lies between them.

    What is cut back may fall into parts that are close to each other: these are looked at again.
    """
    near = 2 * rules.disc + rules.clearance
    while True:
        centres = sorted(centres, key=lambda c: (-c.area, c.bounds))
        every = geometries(centres)
        pairs = shapely.STRtree(every).query(every, predicate="dwithin", distance=near).T.tolist() if centres else []
        close = sorted((a, b) for a, b in pairs if a < b)
        if not close:
            return centres
        for a, b in close:
            if not centres[b].is_empty and not centres[a].is_empty:
                centres[b] = centres[b] - centres[a].buffer((near + GRID_MARGIN) * chord(CORNER), quad_segs=CORNER)
        centres = [part for centre in centres for part in parts(centre)]


def _written(
    layer: int,
    request: PlaneRequest,
    centres: list[shapely.Polygon],
    spokes: Sequence[Spoke],
    whole: BaseGeometry,
    rules: _Rules,
) -> list[Plane]:
    """Fills on the grid, in as many planes as their points ask for."""
    planes: list[Plane] = []
    taken: set[int] = set()
    tips = geometries(spoke.tip for spoke in spokes)
    own = geometries(
        [shapely_of(t.shape, t.at, tolerance=100) for t in request.terminals]
        + [line_of(s.path).buffer(s.width / 2) for s in request.skeletons]
    )
    for piece in pieces(shapely.MultiPolygon(centres), tips, rules.disc, MOST_POINTS, hatch_density(request.hatch)):
        # a cut may leave ends of the region side by side that are joined beyond it only
        own_centres = shapely.MultiPolygon(_apart(parts(piece.centres), rules))
        shapely.prepare(own_centres)
        inside = [k for k in np.flatnonzero(shapely.intersects(own_centres, tips)).tolist() if k not in taken]
        taken |= set(inside)
        swept = own_centres.buffer(rules.disc, quad_segs=CORNER)
        joined = _on_grid(shapely.union_all([swept, *(spokes[k].copper for k in inside)]))
        if request.hatch is not None:
            joined = hatched(joined, request.hatch, own, rules.clearance)
        for outline in _on_grid(whole & shapely.box(*piece.window)):
            fills = [part for part in joined if part.intersects(outline)]
            if fills:
                planes.append(
                    Plane(
                        request.net,
                        layer,
                        polygon_of(outline),
                        tuple(sorted((polygon_of(part) for part in fills), key=lambda p: p.points)),
                        rules.clearance,
                        request.joint,
                        request.hatch,
                    )
                )
    return planes


def _on_grid(geometry: BaseGeometry) -> list[shapely.Polygon]:
    """Its polygons with every vertex on the grid, still valid (snap rounding; an edge moves by less than 1 nm)."""
    return parts(shapely.set_precision(geometry, 1.0))
