"""The board: outline, footprints, traces, vias, planes, all as one tree."""

from __future__ import annotations

from kicad_rdl.geometry import Arc, Circle, Point, Polygon, polygon_of, shapely_of
from kicad_rdl.kicad.footprint import Footprint, Placement, placed_tree
from kicad_rdl.kicad.fracture import fractured
from kicad_rdl.kicad.identity import file_name, identity
from kicad_rdl.kicad.layers import (
    FORMAT_VERSION,
    GENERATOR,
    GENERATOR_VERSION,
    MOLD_LAYER,
    Page,
    copper,
    layer_table,
    page_of,
    paper,
)
from kicad_rdl.kicad.order import in_board_order
from kicad_rdl.kicad.parts import ball_footprint, die_footprint, die_views
from kicad_rdl.kicad.sexpr import Quoted, Tree
from kicad_rdl.kicad.stackup import stackup_tree, thickness
from kicad_rdl.model.layout import Layout, Plane, Teardrop, Trace, Via
from kicad_rdl.model.package import Joint, Keepout, Package, PadShape
from kicad_rdl.units import UM, Nm, format_length

OUTLINE_LINE: Nm = 10 * UM
BALLS_REFERENCE = "BGA1"
TEXT_HEIGHT: Nm = 200 * UM


def board_tree(layout: Layout) -> Tree:
    """The content of ``NAME.kicad_pcb``.

    Lands, UBM pads and openings are printed from the package, which fixes them; ``layout.pads`` and
    ``layout.openings`` repeat them for the checker.
    """
    package, page = layout.package, page_of(layout.package)
    free = free_ball_nets(layout)
    nets = net_numbers(layout)
    copper_items = _Copper(package, page, nets)
    at_free = {ball.at: free[ball.name] for ball in package.balls if ball.name in free}
    items = [
        *_footprints(layout, page, nets),
        *_drawings(package, page),
        *(copper_items.ubm_pad(at, net) for at, net in _bare_ubm_pads(layout, free)),
        *(copper_items.keepout(keepout) for keepout in package.keepouts),
        *(
            piece
            for index, locked in enumerate(package.locked)
            for piece in copper_items.trace(
                Trace(locked.net, locked.layer, locked.width, locked.path), f"locked {index}", locked=True
            )
        ),
        *(copper_items.teardrop(drop, index) for index, drop in enumerate(layout.teardrops)),
        *(piece for index, trace in enumerate(layout.traces) for piece in copper_items.trace(trace, str(index))),
        *(copper_items.via(via, via.net or at_free.get(via.at)) for via in layout.vias),
        *(copper_items.plane(plane, index) for index, plane in enumerate(layout.planes)),
    ]
    return (
        "kicad_pcb",
        ("version", FORMAT_VERSION),
        ("generator", GENERATOR),
        ("generator_version", GENERATOR_VERSION),
        ("general", ("thickness", thickness(package)), ("legacy_teardrops", "no")),
        paper(package),
        _title(package),
        layer_table(package),
        _setup(package, page),
        ("net", "0", Quoted("")),
        *(("net", str(number), Quoted(name)) for name, number in nets.items()),
        *in_board_order(items),
        ("embedded_fonts", "no"),
    )


def free_ball_nets(layout: Layout) -> dict[str, str]:
    """Net by name of a ball without one, where the UBM is a layer: its via would be a hole in foreign copper.

    KiCad takes two things without a net for strangers, so the pad, the via and the UBM of a free ball need one; the
    name is what KiCad itself gives to a pin that is not connected.
    """
    if not layout.package.has_ubm_layer:
        return {}
    taken = dict(layout.ball_nets)
    names = (ball.name for ball in layout.package.balls if ball.name not in taken)
    return {name: f"unconnected-({BALLS_REFERENCE}-{name}-Pad{name})" for name in names}


def _bare_ubm_pads(layout: Layout, free: dict[str, str]) -> list[tuple[Point, str]]:
    """Place and net of the UBM pads that no footprint shows: the land of the via to the UBM stands for round ones that
    are connected."""
    package = layout.package
    shown = free if package.ball.pad_shape is PadShape.CIRCLE else dict(layout.ball_nets) | free
    return [(ball.at, shown[ball.name]) for ball in package.balls if package.has_ubm_layer and ball.name in shown]


def net_numbers(layout: Layout) -> dict[str, int]:
    """KiCad's number of every net, from 1, sorted by name."""
    names = {rule.name for rule in layout.package.nets} | set(free_ball_nets(layout).values())
    return {name: number for number, name in enumerate(sorted(names), start=1)}


def placements(package: Package) -> tuple[tuple[Footprint, Placement], ...]:
    """Every footprint on the board: dies U1 .., then the ball side."""
    library = file_name(package.name)
    drawn = {(view.die, view.mirrored): die_footprint(package, view) for view in die_views(package)}
    dies = [
        (
            drawn[placed.die, placed.mirrored],
            Placement(library, f"U{index}", placed.die.name, placed.at, 90 * (placed.quarters % 4), on_back=False),
        )
        for index, placed in enumerate(package.dies, start=1)
    ]
    # seen from the balls and turned over top to bottom, half a turn brings A1 back to its place
    balls = Placement(library, BALLS_REFERENCE, package.name, Point(0, 0), 180, on_back=True)
    return (*dies, (ball_footprint(package), balls))


def _footprints(layout: Layout, page: Page, nets: dict[str, int]) -> list[Tree]:
    package = layout.package
    names: list[dict[str, str]] = [
        {bump.name: bump.net for bump in placed.die.bumps if bump.net is not None} for placed in package.dies
    ]
    names.append(dict(layout.ball_nets) | free_ball_nets(layout))
    trees = []
    for (footprint, placement), net_of in zip(placements(package), names, strict=True):
        entries: dict[str, Tree] = {land: ("net", str(nets[net]), Quoted(net)) for land, net in net_of.items()}
        trees.append(placed_tree(footprint, placement, page, entries))
    return trees


def _title(package: Package) -> Tree:
    technology = package.technology
    mold = technology.mold
    return (
        "title_block",
        ("title", Quoted(package.name)),
        ("comment", "1", Quoted(f"{technology.title} ({technology.name}); {technology.source}")),
        ("comment", "2", Quoted(_mold_words(package))),
        ("comment", "3", Quoted(f"mold: permittivity {mold.permittivity:g}, loss tangent {mold.loss:g}")),
        *((("comment", "4", Quoted(package.description)),) if package.description else ()),
    )


def _mold_words(package: Package) -> str:
    mold = package.technology.mold
    return f"mold: {mold.material}, {format_length(mold.thickness)} um from the RDL1 surface to the back"


def _setup(package: Package, page: Page) -> Tree:
    return (
        "setup",
        stackup_tree(package),
        ("pad_to_mask_clearance", 0),
        ("allow_soldermask_bridges_in_footprints", "no"),
        ("tenting", "front", "back"),
        ("aux_axis_origin", page.centre.x, page.centre.y),
        ("grid_origin", page.centre.x, page.centre.y),
        _PLOT,
    )


def _drawings(package: Package, page: Page) -> list[Tree]:
    """The outline, and the mold body on a layer of its own."""
    left, low = -(package.width // 2), -(package.height // 2)
    start, end = Point(left, low + package.height), Point(left + package.width, low)
    trees = []
    for layer, what in (("Edge.Cuts", "outline"), (MOLD_LAYER, "mold")):
        trees.append(
            (
                "gr_rect",
                page.spot("start", start),
                page.spot("end", end),
                ("stroke", ("width", OUTLINE_LINE), ("type", "solid")),
                ("fill", "no"),
                ("layer", Quoted(layer)),
                identity(package.name, what),
            )
        )
    note: Tree = (
        "gr_text",
        Quoted(_mold_words(package)),
        (*page.spot("at", Point(0, end.y - TEXT_HEIGHT * 2)), "0"),
        ("layer", Quoted(MOLD_LAYER)),
        identity(package.name, "mold note"),
        ("effects", ("font", ("size", TEXT_HEIGHT, TEXT_HEIGHT), ("thickness", TEXT_HEIGHT * 15 // 100))),
    )
    return [*trees, note]


class _Copper:
    """Prints copper; holds what every piece of it needs."""

    def __init__(self, package: Package, page: Page, nets: dict[str, int]) -> None:
        self.package, self.page, self.nets = package, page, nets
        self.count = package.metal_count

    def _net(self, name: str | None) -> Tree:
        return ("net", "0" if name is None else str(self.nets[name]))

    def _layer(self, layer: int) -> Tree:
        return ("layer", Quoted(copper(layer, self.count)))

    def trace(self, trace: Trace, index: str, *, locked: bool = False) -> list[Tree]:
        trees: list[Tree] = []
        for part, piece in enumerate(trace.path.pieces):
            middle = (self.page.spot("mid", piece.mid),) if isinstance(piece, Arc) else ()
            trees.append(
                (
                    "arc" if middle else "segment",
                    self.page.spot("start", piece.start),
                    *middle,
                    self.page.spot("end", piece.end),
                    ("width", trace.width),
                    *((("locked", "yes"),) if locked else ()),
                    self._layer(trace.layer),
                    self._net(trace.net),
                    identity(self.package.name, "trace", trace.net, trace.layer, index, part),
                )
            )
        return trees

    def ubm_pad(self, at: Point, net: str) -> Tree:
        """The UBM pad of a ball on the last RDL, where nothing but the via to the UBM would hold its place."""
        pad = self.package.ubm_pad
        outline: Tree
        if isinstance(pad, Circle):
            edge = at + Point(pad.diameter // 2, 0)
            outline = ("gr_circle", self.page.spot("center", at), self.page.spot("end", edge))
        else:
            outline = ("gr_poly", self._points(polygon_of(shapely_of(pad, at)).points))
        return (
            *outline,
            ("stroke", ("width", 0), ("type", "solid")),
            ("fill", "yes"),
            self._layer(self.package.rdl_count),
            self._net(net),
            identity(self.package.name, "free", net, *(() if isinstance(pad, Circle) else (at.x, at.y))),
        )

    def via(self, via: Via, net: str | None) -> Tree:
        """Where land and capture differ, KiCad wants the size on every layer, crossed or not."""
        first, last = copper(via.layer, self.count), copper(via.layer + 1, self.count)
        sizes: Tree = (
            "padstack",
            ("mode", "custom"),
            *(
                ("layer", Quoted(copper(layer, self.count)), ("size", via.land if layer <= via.layer else via.capture))
                for layer in range(2, self.count + 1)
            ),
        )
        return (
            "via",
            *(("micro",) if self.count > 2 else ()),
            self.page.spot("at", via.at),
            ("size", via.land),
            ("drill", via.opening),
            ("layers", Quoted(first), Quoted(last)),
            *((sizes,) if via.land != via.capture else ()),
            self._net(net),
            identity(self.package.name, "via", via.layer, via.at.x, via.at.y),
        )

    def teardrop(self, drop: Teardrop, index: int) -> Tree:
        """Plain copper of its net: KiCad's own teardrop zones vanish when it fills zones anew."""
        return (
            "gr_poly",
            self._points(drop.outline.points),
            ("stroke", ("width", 0), ("type", "solid")),
            ("fill", "yes"),
            self._layer(drop.layer),
            self._net(drop.net),
            identity(self.package.name, "teardrop", drop.net, drop.layer, index),
        )

    def keepout(self, keepout: Keepout) -> Tree:
        layers = tuple(Quoted(copper(layer, self.count)) for layer in keepout.layers)
        # the via under a ball belongs to the ball; where there are some, a custom rule keeps the others out
        vias = keepout.vias and not self.package.has_ubm_layer

        def verdict(refused: bool) -> str:
            return "not_allowed" if refused else "allowed"

        return (
            "zone",
            ("net", "0"),
            ("net_name", Quoted("")),
            ("layers" if len(layers) > 1 else "layer", *layers),
            identity(self.package.name, "keepout", keepout.name),
            ("name", Quoted(keepout.name)),
            ("hatch", "edge", 500 * UM),
            ("connect_pads", ("clearance", 0)),
            ("min_thickness", 250 * UM),
            ("filled_areas_thickness", "no"),
            (
                "keepout",
                ("tracks", verdict(keepout.traces)),
                ("vias", verdict(vias)),
                ("pads", "allowed"),
                ("copperpour", verdict(keepout.planes)),
                ("footprints", "allowed"),
            ),
            ("placement", ("enabled", "no"), ("sheetname", Quoted(""))),
            ("fill", ("thermal_gap", 500 * UM), ("thermal_bridge_width", 500 * UM)),
            ("polygon", self._points(keepout.outline.points)),
        )

    def plane(self, plane: Plane, index: int) -> Tree:
        line = self.package.technology.metal(min(plane.layer, self.package.rdl_count)).line
        joint = ("yes",) if plane.joint is Joint.SOLID else ()
        return (
            "zone",
            self._net(plane.net),
            ("net_name", Quoted(plane.net)),
            self._layer(plane.layer),
            identity(self.package.name, "plane", plane.net, plane.layer, index),
            ("hatch", "edge", 500 * UM),
            # KiCad wants planes that touch to differ in priority, also two of one net
            *((("priority", str(index)),) if index else ()),
            ("connect_pads", *joint, ("clearance", plane.clearance)),
            ("min_thickness", line),
            ("filled_areas_thickness", "no"),
            _zone_fill(plane, line),
            ("polygon", self._points(plane.outline.points)),
            *(self._fill(plane, fill) for fill in plane.fills),
        )

    def _fill(self, plane: Plane, fill: Polygon) -> Tree:
        return ("filled_polygon", self._layer(plane.layer), self._points(fractured(fill)))

    def _points(self, points: tuple[Point, ...]) -> Tree:
        return ("pts", *(self.page.spot("xy", point) for point in points))


def _zone_fill(plane: Plane, line: Nm) -> Tree:
    """How KiCad is to fill the zone anew; orientations turn over with y."""
    joint = (("thermal_gap", plane.clearance), ("thermal_bridge_width", line))
    hatch = plane.hatch
    if hatch is None:
        return ("fill", "yes", *joint)
    return (
        "fill",
        "yes",
        ("mode", "hatch"),
        *joint,
        ("hatch_thickness", hatch.width),
        ("hatch_gap", hatch.gap),
        ("hatch_orientation", str(-hatch.orientation % 90)),
        ("hatch_border_algorithm", "hatch_thickness"),
        ("hatch_min_hole_area", "0.3"),
    )


_PLOT: Tree = (
    "pcbplotparams",
    ("layerselection", "0x00000000_00000000_55555555_5755f5ff"),
    ("plot_on_all_layers_selection", "0x00000000_00000000_00000000_00000000"),
    ("disableapertmacros", "no"),
    ("usegerberextensions", "no"),
    ("usegerberattributes", "yes"),
    ("usegerberadvancedattributes", "yes"),
    ("creategerberjobfile", "yes"),
    ("dashed_line_dash_ratio", "12.000000"),
    ("dashed_line_gap_ratio", "3.000000"),
    ("svgprecision", "4"),
    ("plotframeref", "no"),
    ("mode", "1"),
    ("useauxorigin", "yes"),
    ("hpglpennumber", "1"),
    ("hpglpenspeed", "20"),
    ("hpglpendiameter", "15.000000"),
    ("pdf_front_fp_property_popups", "yes"),
    ("pdf_back_fp_property_popups", "yes"),
    ("pdf_metadata", "yes"),
    ("pdf_single_document", "no"),
    ("dxfpolygonmode", "yes"),
    ("dxfimperialunits", "yes"),
    ("dxfusepcbnewfont", "yes"),
    ("psnegative", "no"),
    ("psa4output", "no"),
    ("plot_black_and_white", "yes"),
    ("sketchpadsonfab", "no"),
    ("plotpadnumbers", "no"),
    ("hidednponfab", "no"),
    ("sketchdnponfab", "yes"),
    ("crossoutdnponfab", "yes"),
    ("subtractmaskfromsilk", "no"),
    ("outputformat", "1"),
    ("mirror", "no"),
    ("drillshape", "1"),
    ("scaleselection", "1"),
    ("outputdirectory", Quoted("")),
)
