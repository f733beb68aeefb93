"""The three footprints of a package: its dies (bump lands), its ball side, and its lands on the board under it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kicad_rdl.geometry import Circle, Point, circumradius, extent
from kicad_rdl.kicad.footprint import Drawing, Footprint, Land, Text
from kicad_rdl.kicad.identity import file_name
from kicad_rdl.model.die import Die, PlacedDie
from kicad_rdl.model.package import Package
from kicad_rdl.units import MM, UM, Nm, format_length

FAB_LINE: Nm = 100 * UM
COURTYARD_LINE: Nm = 50 * UM
SILK_LINE: Nm = 120 * UM
SILK_GAP: Nm = 110 * UM
"""Body to the middle of the silkscreen line, as in KiCad's library."""
COURTYARD: Nm = 1 * MM
"""Beyond the body of a ball grid array (KLC F5.3)."""
COURTYARD_GRID: Nm = 10 * UM

LANDS: tuple[tuple[Nm, Nm], ...] = tuple(
    (ball * 10 * UM, land * 10 * UM)
    for ball, land in (
        (15, 13),
        (17, 15),
        (20, 17),
        (25, 20),
        (30, 25),
        (35, 28),
        (40, 30),
        (45, 35),
        (50, 40),
        (55, 40),
        (60, 45),
        (65, 50),
        (75, 55),
    )
)
"""IPC-7351B, nominal land for a collapsing ball: (ball, land)."""

MARK_LEG: Nm = 500 * UM
MARK_LEAST: Nm = 100 * UM
"""Legs of the A1 mark on the ball side: as in KiCad's library where there is room, and the least one can see."""

MASK_MARGIN: Nm = 50 * UM
"""Mask opening beyond a board's land, where there is room."""
MASK_WEB: Nm = 75 * UM
"""Least mask a board shop keeps between two openings."""


@dataclass(frozen=True, slots=True)
class DieView:
    """A die as one of its footprints shows it; a mirrored die is another footprint."""

    die: Die
    mirrored: bool
    name: str
    """Of the footprint, and so of a file."""


def die_views(package: Package) -> tuple[DieView, ...]:
    """One for every die that differs from those before it, each with a name that no other footprint has.

    Names that differ only in capitals are the same: so they are for the file systems of Windows and macOS.
    """
    taken = {name.lower() for name in (ball_footprint_name(package), board_footprint_name(package))}
    views: list[DieView] = []
    for die, mirrored in dict.fromkeys((placed.die, placed.mirrored) for placed in package.dies):
        name = file_name(die.name) + ("_mirrored" if mirrored else "")
        while name.lower() in taken:
            name += "_die"
        taken.add(name.lower())
        views.append(DieView(die, mirrored, name))
    return tuple(views)


def ball_footprint_name(package: Package) -> str:
    """``NAME_balls``."""
    return f"{file_name(package.name)}_balls"


def die_footprint(package: Package, view: DieView) -> Footprint:
    """Bump lands of a die, upright, seen from the die side through to the balls."""
    die = view.die
    upright = PlacedDie(die, mirrored=view.mirrored)
    enclosure = package.technology.die_pad.enclosure
    line = _line(FAB_LINE, die.width, die.height)
    box = _box(die.width, die.height)
    height = _text_height(die.width, die.height) // 2
    return Footprint(
        name=view.name,
        description=f"Bump lands of die {die.name}, {_size(die.width, die.height)}, {len(die.bumps)} bumps, "
        f"on RDL1 of {package.technology.title}",
        tags="die bump land RDL1",
        attributes=("smd", "board_only"),
        lands=tuple(Land(bump.name, bump.at, package.land(bump), -enclosure) for bump in upright.bumps),
        drawings=(
            Drawing("F.CrtYd", _line(COURTYARD_LINE, die.width, die.height), box, closed=True),
            Drawing("F.Fab", line, box, closed=True),
        ),
        reference=Text("F.Fab", Point(0, height), height),
        value=Text("F.Fab", Point(0, -height), height),
    )


def ball_footprint(package: Package) -> Footprint:
    """Ball side of the package, seen from the balls: A1 comes to lie at the right."""
    shape, opening = package.ball_land, package.land_opening
    height = _text_height(package.width, package.height) // 2
    below = -(package.height // 2) - height
    corner = first_corner(package)
    mark = Point(-corner.x, corner.y)
    line = _line(FAB_LINE, package.width, package.height)
    return Footprint(
        name=ball_footprint_name(package),
        description=f"Ball side of package {package.name}: {len(package.balls)} terminals, "
        f"opening {format_length(opening)} um, seen from the balls",
        tags="package balls UBM",
        attributes=("smd", "board_only", "exclude_from_pos_files", "exclude_from_bom"),
        lands=tuple(
            # half a nanometre of an odd difference is given away towards the smaller opening
            Land(item.name, Point(-item.at.x, item.at.y), shape, (opening - extent(shape)[0]) // 2, bga=True)
            for item in package.balls
        ),
        drawings=(
            Drawing(
                "F.CrtYd",
                _line(COURTYARD_LINE, package.width, package.height),
                _box(package.width, package.height),
                closed=True,
            ),
            Drawing("F.Fab", line, _chamfered(package, mark, -line // 2), closed=True),
            *_corner_mark(package, mark),
        ),
        reference=Text("F.Fab", Point(0, below), height),
        value=Text("F.Fab", Point(0, below - 2 * height), height),
    )


def board_footprint(package: Package) -> Footprint:
    """The lands a board needs under the package, as seen from above that board: A1 top left.

    Land sizes: IPC-7351B; name, courtyard, silkscreen and marks: KiCad's library convention.
    """
    ball, width, height = package.ball, package.width, package.height
    land = land_for(ball.diameter)
    corner = first_corner(package)
    margin = _board_margin(package, land)
    middle = _text_height(width, height)
    name = board_footprint_name(package)
    return Footprint(
        name=name,
        description=f"{package.name}, {_millimetres(width)}x{_millimetres(height)}mm, {len(package.balls)} Ball, "
        f"{_grid(package)} Layout, {_pitch(package)}mm Pitch, ball {_millimetres(ball.diameter)}mm, NSMD, "
        "land of IPC-7351B, generated with kicad-rdl",
        tags=f"BGA {len(package.balls)} {_pitch(package)}",
        attributes=("smd",),
        lands=tuple(Land(item.name, item.at, Circle(land), paste=True, bga=True) for item in package.balls),
        drawings=(
            *_silk(package, corner),
            Drawing("F.CrtYd", COURTYARD_LINE, _courtyard(width, height), closed=True),
            Drawing("F.Fab", FAB_LINE, _chamfered(package, corner, 0), closed=True),
        ),
        reference=Text("F.SilkS", Point(0, height // 2 + MM), MM),
        value=Text("F.Fab", Point(0, -(height // 2) - MM), MM),
        label=Text("F.Fab", Point(0, 0), middle),
        margin=margin,
    )


def board_footprint_name(package: Package) -> str:
    """After KiCad's library convention: ``BGA-64_5.5x6.5mm_Layout9x12_P0.5mm_Ball0.3mm_Pad0.25mm_NSMD``."""
    ball = package.ball
    return (
        f"BGA-{len(package.balls)}_{_millimetres(package.width)}x{_millimetres(package.height)}mm_"
        f"Layout{_grid(package)}_P{_pitch(package)}mm_Ball{_millimetres(ball.diameter)}mm_"
        f"Pad{_millimetres(land_for(ball.diameter))}mm_NSMD"
    )


def land_for(ball: Nm) -> Nm:
    """The land for a ball: the row of IPC-7351B with the nearest ball; beyond the table, in its last proportion."""
    (least, first), (largest, last) = LANDS[0], LANDS[-1]
    if ball < least:
        return ball * first // least // UM * UM
    if ball > largest:
        return ball * last // largest // UM * UM
    return min(LANDS, key=lambda row: (abs(row[0] - ball), row[0]))[1]


def first_corner(package: Package) -> Point:
    """Signs of the corner that A1 is nearest to; top left where no ball has that name."""
    for ball in package.balls:
        if ball.name == "A1":
            return Point(1 if ball.at.x > 0 else -1, -1 if ball.at.y < 0 else 1)
    return Point(-1, 1)


def _board_margin(package: Package, land: Nm) -> Nm:
    """Mask margin of a board's land: the usual one, less where the web between two openings would be too thin."""
    pitch = min(package.ball.pitch_x, package.ball.pitch_y)
    return max(0, min(MASK_MARGIN, (pitch - land - MASK_WEB) // 2 // UM * UM))


def _silk(package: Package, corner: Point) -> tuple[Drawing, ...]:
    """Body outline, open at A1's corner, with a filled triangle there."""
    x, y = package.width // 2 + SILK_GAP, package.height // 2 + SILK_GAP
    gap = _chamfer(package) + SILK_GAP
    leg = MM // 2

    def seen(px: Nm, py: Nm) -> Point:
        """Turned so that A1's corner is at the top left."""
        return Point(-corner.x * px, corner.y * py)

    run = (seen(-x, y - gap), seen(-x, -y), seen(x, -y), seen(x, y), seen(gap - x, y))
    triangle = (seen(-x, y), seen(-x - leg, y), seen(-x, y + leg))
    return (
        Drawing("F.SilkS", SILK_LINE, run),
        Drawing("F.SilkS", SILK_LINE, triangle, closed=True, filled=True),
    )


def _corner_mark(package: Package, corner: Point) -> tuple[Drawing, ...]:
    """A filled triangle in the corner at A1, clear of edge, ball openings and copper; none where there is no room."""
    rules = package.technology
    inset = rules.edges.trace_to_package
    # from the package corner at A1, the sum of both distances is the same all along the triangle's long side
    sums = [
        package.width // 2 + package.height // 2 + corner.x * item.at.x - corner.y * item.at.y for item in package.balls
    ]
    widest = max(circumradius(package.ball_opening), circumradius(package.ball_land))
    clear = (math.ceil(widest) + rules.mask.web) * 1415 // 1000
    leg = min(MARK_LEG, min(sums, default=2 * inset + MARK_LEG + clear) - clear - 2 * inset)
    if leg < MARK_LEAST:
        return ()
    x, y = package.width // 2 - inset, package.height // 2 - inset
    points = (Point(x, y), Point(x - leg, y), Point(x, y - leg))
    turned = tuple(Point(corner.x * point.x, corner.y * point.y) for point in points)
    return (Drawing("F.SilkS", 0, turned, closed=True, filled=True),)


def _chamfer(package: Package) -> Nm:
    """A quarter of the shorter side, one millimetre at most (KLC F5.2)."""
    return min(MM, min(package.width, package.height) // 4)


def _chamfered(package: Package, corner: Point, margin: Nm) -> tuple[Point, ...]:
    """The body moved out by ``margin``, with the corner at A1 cut off."""
    x, y, cut = package.width // 2 + margin, package.height // 2 + margin, _chamfer(package)
    outline = ((-x, y - cut), (-x, -y), (x, -y), (x, y), (cut - x, y))
    return tuple(Point(-corner.x * px, corner.y * py) for px, py in outline)


def _box(width: Nm, height: Nm) -> tuple[Point, ...]:
    x, y = width // 2, height // 2
    return (Point(-x, y), Point(-x, -y), Point(x, -y), Point(x, y))


def _courtyard(width: Nm, height: Nm) -> tuple[Point, ...]:
    """Outline one courtyard beyond the body, rounded outwards to its grid."""
    grid = 2 * COURTYARD_GRID
    return _box(*(-(-(side + 2 * COURTYARD) // grid) * grid for side in (width, height)))


def _line(usual: Nm, width: Nm, height: Nm) -> Nm:
    """A line that is not coarse beside a small outline: a hundredth of the shorter side at most."""
    return min(usual, max(UM, min(width, height) // 100))


def _text_height(width: Nm, height: Nm) -> Nm:
    """A tenth of the shorter side, one millimetre at most."""
    return max(20 * UM, min(MM, min(width, height) // 10 // UM * UM))


def _millimetres(length: Nm) -> str:
    """With one decimal at least, as KiCad's names have it: ``6.0``."""
    text = format_length(length, "mm")
    return text if "." in text else text + ".0"


def _size(width: Nm, height: Nm) -> str:
    return f"{format_length(width)} x {format_length(height)} um"


def _grid(package: Package) -> str:
    if not all(ball.row for ball in package.balls):
        return f"Irregular{len(package.balls)}"
    columns = len({ball.column for ball in package.balls})
    rows = len({ball.row for ball in package.balls})
    return f"{columns}x{rows}"


def _pitch(package: Package) -> str:
    x, y = package.ball.pitch_x, package.ball.pitch_y
    return _millimetres(x) if x == y else f"{_millimetres(x)}x{_millimetres(y)}"
