"""Names on balls, bumps and dies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from kicad_rdl.draw.canvas import Element, group, letters
from kicad_rdl.draw.labels import Obstacles, Place, Stroke, Wish, placed
from kicad_rdl.draw.lettering import LINE_STEP, broken, size_in_disc, text_width
from kicad_rdl.draw.obstacles import die_edges
from kicad_rdl.draw.sheet import Sheet
from kicad_rdl.draw.style import GREY, INK, PAPER
from kicad_rdl.geometry import Point, extent
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.package import Ball, Package, terminal_name
from kicad_rdl.units import Nm

NET_SCALE = 0.62
"""Net name to ball name."""
LEAST_NET = 0.3
"""Below so many font sizes of the sheet a net name on a ball is left to the tooltip."""
LEAST_BUMP = 0.06
"""Likewise the name of a bump in its own land."""
PARTS = (0.55, 0.46, 0.4)
"""Diameter of the part of a ball that a name takes where vias are in its middle, to that of the ball."""

Rows = tuple[tuple[str, float], ...]
"""Texts below each other, each with its size relative to the first."""


# --- balls ---------------------------------------------------------------------------------------


def ball_names(
    sheet: Sheet,
    layout: Layout,
    diameter: Nm,
    colour: Callable[[str | None], str],
    obstacles: Iterable[Stroke] = (),
    *,
    dark: bool = False,
) -> Element:
    """The ball name on every ball, its net below where that is readable.

    Where something is drawn over the ball the text keeps to a free part of it; where there is none, an edge in the
    pad's colour keeps the letters readable.

    Args:
        sheet: the sheet.
        layout: the balls and their nets.
        diameter: of the disc that the text may fill.
        colour: of the pad under the text.
        obstacles: what is drawn over the balls.
        dark: letters dark on a light pad.
    """
    others = Obstacles(obstacles, diameter)
    ink = INK if dark else PAPER
    nets = dict(layout.ball_nets)
    drawn: list[Element] = []
    for ball in layout.package.balls:
        net = nets.get(ball.name)
        rows, size, centre, covered = _on_ball(sheet, ball, net, diameter, others)
        edge = colour(net) if covered else None
        drawn += _stacked(rows, centre, size, ink, edge)
    return group(drawn, pointer_events="none", id="ball-names")


def _on_ball(
    sheet: Sheet, ball: Ball, net: str | None, diameter: Nm, others: Obstacles
) -> tuple[Rows, Nm, Point, bool]:
    """Rows, size, centre, and whether copper is under the letters."""
    rows, size = _rows(sheet, ball, net, diameter)
    if others.free(_around(rows, size, ball.at)):
        return rows, size, ball.at, False
    for part in PARTS:
        away = round(diameter * (1 - part) / 2)
        fewer, less = _rows(sheet, ball, net, round(diameter * part))
        for x, y in ((0, 1), (0, -1), (-1, 0), (1, 0)):
            centre = Point(ball.at.x + x * away, ball.at.y + y * away)
            if others.free(_around(fewer, less, centre)):
                return fewer, less, centre, False
    return rows, size, ball.at, True


def _around(rows: Rows, size: Nm, centre: Point) -> tuple[float, float, float, float]:
    half_width = max(text_width(text, round(size * scale)) for text, scale in rows) / 2
    half_height = sum(scale for _, scale in rows) * size / 2
    return centre.x - half_width, centre.y - half_height, centre.x + half_width, centre.y + half_height


def _rows(sheet: Sheet, ball: Ball, net: str | None, diameter: Nm) -> tuple[Rows, Nm]:
    """The text for a disc, and the size of its first row."""
    plain = ((ball.name, 1.0),)
    largest = sheet.letters(0.95)
    second = net if net is not None else ("nc" if ball.nc else None)
    if second is not None:
        choices = [plain + tuple((row, NET_SCALE) for row in broken(second, count)) for count in (1, 2)]
        sizes = [min(largest, size_in_disc(rows, diameter)) for rows in choices]
        best = 1 if sizes[1] > sizes[0] else 0
        if sizes[best] * NET_SCALE >= sheet.letters(LEAST_NET):
            return choices[best], sizes[best]
    return plain, min(largest, size_in_disc(plain, diameter))


def _stacked(rows: Rows, centre: Point, size: Nm, ink: str, edge: str | None) -> Iterator[Element]:
    total = sum(scale for _, scale in rows) * size * LINE_STEP
    top = centre.y + total / 2
    for text, scale in rows:
        step = size * scale * LINE_STEP
        yield letters(
            text,
            Point(centre.x, round(top - step / 2)),
            max(1, round(size * scale)),
            fill=ink,
            stroke=edge,
            stroke_width=None if edge is None else max(1, round(size * scale / 5)),
            paint_order=None if edge is None else "stroke",
        )
        top -= step


# --- bumps and dies ------------------------------------------------------------------------------


def bump_names(sheet: Sheet, layout: Layout, obstacles: Iterable[Stroke], *, on_copper: bool) -> Element:
    """The bump's name in its land if it is readable there; its net beside it where there is room.

    Args:
        sheet: the sheet.
        layout: the bumps.
        obstacles: what names beside the lands must not touch, beside the die edges.
        on_copper: whether lands are filled, so that letters in them must be light.
    """
    package = layout.package
    inner: list[Element] = []
    wishes = [_die_wish(sheet, die) for die in package.dies]
    largest = _beside_size(sheet, package)
    holes = {via.at for via in layout.vias if via.layer < package.rdl_count}
    for index, bump in package.bumps:
        name = terminal_name(package, index, bump)
        land = package.land(bump)
        size = min(size_in_disc(((bump.name, 1.0),), min(extent(bump.shape)) * 4 // 5), sheet.letters(0.6))
        fits = size >= sheet.letters(LEAST_BUMP) and bump.at not in holes
        if fits:
            inner.append(letters(bump.name, bump.at, size, fill=PAPER if on_copper else INK))
        text = _beside(name, bump.net, fits)
        if text:
            inward = _inward(package.dies[index], bump.at)
            wishes.append(Wish(text, largest, _places(bump.at, extent(land), inward, text, largest)))
    labels = placed(wishes, (*obstacles, *die_edges(package.dies)), sheet.width // 2, sheet.height // 2)
    names = {die.die.name for die in package.dies}
    outer = [
        letters(
            label.text,
            label.place.centre,
            label.size,
            quarters=label.place.quarters,
            fill=GREY if label.text in names else INK,
        )
        for label in labels
    ]
    return group((*inner, *outer), pointer_events="none", id="bump-names")


def _beside_size(sheet: Sheet, package: Package) -> Nm:
    """So large that most net names are no wider than the distance from a bump to its neighbour."""
    points = sorted((bump.at.x, bump.at.y) for _, bump in package.bumps)
    pitches = sorted(_nearest(points, index) for index in range(len(points)))
    lengths = sorted(text_width(bump.net, 1000) for _, bump in package.bumps if bump.net is not None)
    if len(points) < 2 or not lengths:
        return sheet.letters(0.55)
    pitch, length = pitches[len(pitches) // 2], lengths[len(lengths) * 9 // 10]
    # a row of bumps along the rim has room across the row
    room = max(pitch * 0.72 * 1000 / length, pitch * 0.3)
    return max(1, min(sheet.letters(0.55), round(room)))


def _nearest(points: Sequence[tuple[Nm, Nm]], index: int) -> float:
    """Distance to the nearest other point; the points are sorted by x, so the search ends where x alone is farther."""
    x, y = points[index]
    best = math.inf
    for neighbours in (range(index + 1, len(points)), range(index - 1, -1, -1)):
        for other in neighbours:
            if abs(points[other][0] - x) >= best:
                break
            best = min(best, math.hypot(points[other][0] - x, points[other][1] - y))
    return best


def _beside(name: str, net: str | None, named: bool) -> str:
    if net is None or net == name:
        return "" if named else name
    return net


def _inward(die: PlacedDie, at: Point) -> Point:
    """Direction away from the nearest die edge for a bump at the rim of its die; to the right for one inside."""
    width, height = die.size
    gaps = (
        (at.x - die.at.x + width // 2, Point(1, 0)),
        (die.at.x + width // 2 - at.x, Point(-1, 0)),
        (at.y - die.at.y + height // 2, Point(0, 1)),
        (die.at.y + height // 2 - at.y, Point(0, -1)),
    )
    gap, inward = min(gaps, key=lambda pair: pair[0])
    return inward if gap * 10 < min(width, height) else Point(1, 0)


def _places(at: Point, land: tuple[Nm, Nm], inward: Point, text: str, size: Nm) -> tuple[Place, ...]:
    """Beside the land along the inward axis, then along the other, with the text turned along the axis it follows."""
    half, long = size * 3 // 5, text_width(text, size) // 2
    gap = size * 3 // 10
    across, up = land[0] // 2 + gap, land[1] // 2 + gap
    right, left = Place(at + Point(across + long, 0)), Place(at - Point(across + long, 0))
    above, below = Place(at + Point(0, up + half)), Place(at - Point(0, up + half))
    rising, falling = Place(at + Point(0, up + long), 1), Place(at - Point(0, up + long), 1)
    match (inward.x, inward.y):
        case (1, 0):
            return right, left, below, above
        case (-1, 0):
            return left, right, below, above
        case (0, 1):
            return rising, falling, above, below
        case _:
            return falling, rising, below, above


def _die_wish(sheet: Sheet, placed_die: PlacedDie) -> Wish:
    """The die's name along its edges: inside or outside, at the corners or in the middle; else at its sides."""
    size, text = sheet.letters(0.75), placed_die.die.name
    width, height = placed_die.size
    room, half = sheet.letters(0.35), text_width(text, size) // 2
    x = max(0, width // 2 - half - room)
    spots = []
    for y in (height // 2 - room - size // 2, height // 2 + room + size // 2, 0):
        spots += [Point(dx, dy) for dy in ((y, -y) if y else (0,)) for dx in (-x, 0, x)]
    beside, corner = width // 2 + room + half, max(0, height // 2 - size)
    spots += [Point(dx, dy) for dx in (beside, -beside) for dy in (corner, 0, -corner)]
    return Wish(text, size, tuple(Place(placed_die.at + spot) for spot in spots))
