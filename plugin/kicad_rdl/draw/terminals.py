"""Names on balls, bumps and dies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from kicad_rdl.draw.canvas import Element, group, letters
from kicad_rdl.draw.labels import Obstacles, Place, Stroke, Wish, placed
from kicad_rdl.draw.lettering import LINE_STEP, broken, size_in_disc, text_width
from kicad_rdl.draw.sheet import Sheet
from kicad_rdl.draw.style import GREY, INK, PAPER
from kicad_rdl.geometry import Point, circumradius, extent, path_points
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.model.layout import Layout, PadKind
from kicad_rdl.model.package import Ball, terminal_name
from kicad_rdl.units import Nm

NET_SCALE = 0.62
"""Net name to ball name."""
LEAST_NET = 0.3
"""Below so many font sizes of the sheet a net name on a ball is left to the tooltip."""
LEAST_BUMP = 0.12
"""Likewise the name of a bump in its own land."""
PART = 0.5
"""Diameter of the part of a ball that a name takes where vias are in its middle, to that of the ball."""

Rows = tuple[tuple[str, float], ...]
"""Texts below each other, each with its size relative to the first."""


# --- balls ---------------------------------------------------------------------------------------


def ball_names(
    sheet: Sheet, layout: Layout, diameter: Nm, colour: Callable[[str | None], str], *, dark: bool = False
) -> Element:
    """The ball name on every ball, its net below where that is readable.

    Args:
        sheet: the sheet.
        layout: the balls and their nets.
        diameter: of the disc that the text may fill.
        colour: of the pad under the text.
        dark: letters dark on a light pad.
    """
    return _on_balls(sheet, layout, diameter, colour, None, INK if dark else PAPER)


def ball_names_over(
    sheet: Sheet, layout: Layout, diameter: Nm, colour: Callable[[str | None], str], layers: Iterable[int]
) -> Element:
    """Likewise where copper of other layers is drawn over the balls: the text keeps to a free part of the ball.

    Where there is none, an edge in the pad's colour keeps the letters readable.
    """
    shown = tuple(layers)
    others = Obstacles(copper_strokes(layout, shown, skip=(PadKind.UBM_PAD, PadKind.UBM)), diameter)
    return _on_balls(sheet, layout, diameter, colour, others, PAPER)


def _on_balls(
    sheet: Sheet,
    layout: Layout,
    diameter: Nm,
    colour: Callable[[str | None], str],
    others: Obstacles | None,
    ink: str,
) -> Element:
    nets = dict(layout.ball_nets)
    drawn: list[Element] = []
    for ball in layout.package.balls:
        net = nets.get(ball.name)
        rows, size, centre, covered = _on_ball(sheet, ball, net, diameter, others)
        edge = colour(net) if covered else None
        drawn += _stacked(rows, centre, size, ink, edge)
    return group(drawn, pointer_events="none", id="ball-names")


def _on_ball(
    sheet: Sheet, ball: Ball, net: str | None, diameter: Nm, others: Obstacles | None
) -> tuple[Rows, Nm, Point, bool]:
    """Rows, size, centre, and whether copper is under the letters."""
    rows, size = _rows(sheet, ball, net, diameter)
    if others is None or others.free(_around(rows, size, ball.at)):
        return rows, size, ball.at, False
    small, away = round(diameter * PART), round(diameter * (1 - PART) / 2)
    fewer, less = _rows(sheet, ball, net, small)
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


def bump_names(sheet: Sheet, layout: Layout, layers: Iterable[int], *, on_copper: bool) -> Element:
    """The bump's name in its land if it is readable there; its net, or else all of it, beside it where there is room.

    Args:
        sheet: the sheet.
        layout: bumps, and the copper that names must not touch.
        layers: whose copper is drawn.
        on_copper: whether lands are filled, so that letters in them must be light.
    """
    package, shown = layout.package, tuple(layers)
    inner: list[Element] = []
    wishes = [_die_wish(sheet, die) for die in package.dies]
    for index, bump in package.bumps:
        name = terminal_name(package, index, bump)
        land = package.land(bump)
        size = min(size_in_disc(((bump.name, 1.0),), min(extent(bump.shape))), sheet.letters(0.6))
        fits = size >= sheet.letters(LEAST_BUMP)
        if fits:
            inner.append(letters(bump.name, bump.at, size, fill=PAPER if on_copper else INK))
        text = _beside(name, bump.net, fits)
        if text:
            beside = min(sheet.letters(0.55), max(min(extent(land)) * 9 // 10, sheet.letters(0.22)))
            inward = _inward(package.dies[index], bump.at)
            wishes.append(Wish(text, beside, _places(bump.at, extent(land), inward, text, beside)))
    labels = placed(wishes, copper_strokes(layout, shown), sheet.width // 2, sheet.height // 2)
    dies = len(package.dies)
    names = {die.die.name for die in package.dies[:dies]}
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


def _beside(name: str, net: str | None, named: bool) -> str:
    if net is None or net == name:
        return "" if named else name
    return net if named else name + " " + net


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
    gap = size * 2 // 5
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
    """The die's name along its edges: inside or outside, at the corners or in the middle."""
    size, text = sheet.letters(0.75), placed_die.die.name
    width, height = placed_die.size
    room = sheet.letters(0.35)
    x = max(0, width // 2 - text_width(text, size) // 2 - room)
    spots = []
    for y in (height // 2 - room - size // 2, height // 2 + room + size // 2, 0):
        spots += [Point(dx, dy) for dy in ((y, -y) if y else (0,)) for dx in (-x, 0, x)]
    return Wish(text, size, tuple(Place(placed_die.at + spot) for spot in spots))


# --- obstacles -----------------------------------------------------------------------------------


def copper_strokes(layout: Layout, layers: tuple[int, ...], skip: tuple[PadKind, ...] = ()) -> Iterator[Stroke]:
    """Pads, vias, traces and teardrops of the layers as strokes, without the pads of the kinds to skip.

    Planes are no obstacle: they are drawn light. Where ball pads are skipped, so are the vias from them to their UBM.
    """
    last = layout.package.rdl_count
    for pad in layout.pads:
        if pad.layer in layers and pad.kind not in skip:
            yield pad.at.x, pad.at.y, pad.at.x, pad.at.y, circumradius(pad.shape)
    for via in layout.vias:
        if via.layer == last and PadKind.UBM in skip:
            continue
        sizes = [size for layer, size in ((via.layer, via.land), (via.layer + 1, via.capture)) if layer in layers]
        if sizes:
            yield via.at.x, via.at.y, via.at.x, via.at.y, max(sizes) / 2
    for trace in layout.traces:
        # on its own layer a trace ends under the pad of a ball, out of sight
        if trace.layer in layers and not (skip and trace.layer == last):
            points = path_points(trace.path, max(1, trace.width))
            for (x0, y0), (x1, y1) in pairwise(points):
                yield x0, y0, x1, y1, trace.width / 2
    for drop in layout.teardrops:
        if drop.layer in layers and not (skip and drop.layer == last):
            ring = drop.outline.points
            for start, end in zip(ring, (*ring[1:], ring[0]), strict=True):
                if math.hypot(end.x - start.x, end.y - start.y) > 0:
                    yield start.x, start.y, end.x, end.y, 1.0
