"""Names on balls and bumps."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

from kicad_rdl.draw.canvas import Element, group, letters
from kicad_rdl.draw.labels import Disc, Stroke, Wish, place
from kicad_rdl.draw.lettering import LINE_STEP, broken, size_in_disc
from kicad_rdl.draw.sheet import Sheet
from kicad_rdl.draw.style import INK, PAPER
from kicad_rdl.geometry import Point, circumradius, extent, path_points
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.package import Ball, terminal_name
from kicad_rdl.units import Nm

NET_SCALE = 0.62
"""Net name to ball name."""
LEAST_NET = 0.3
"""Below so many font sizes of the sheet a net name on a ball is left to the tooltip."""
LEAST_BUMP = 0.12
"""Likewise the name of a bump in its own land."""


def ball_names(
    sheet: Sheet, layout: Layout, diameter: Nm, colour: Callable[[str | None], str], *, halo: bool, dark: bool = False
) -> Element:
    """The ball name on every ball, its net below where that is readable.

    Args:
        sheet: the sheet.
        layout: the balls and their nets.
        diameter: of the disc that the text may fill.
        colour: of the pad under the text.
        halo: whether copper may run over the pad, so that letters need an edge of the pad's colour.
        dark: letters dark on a light pad.
    """
    nets = dict(layout.ball_nets)
    drawn: list[Element] = []
    for ball in layout.package.balls:
        net = nets.get(ball.name)
        ink = INK if dark else PAPER
        style: dict[str, str | int | None] = {"fill": ink}
        rows, size = _rows(sheet, ball, net, diameter)
        if halo:
            style |= {"stroke": colour(net), "stroke_width": size // 5, "paint_order": "stroke"}
        drawn += _stacked(rows, ball.at, size, style)
    return group(drawn, pointer_events="none", id="ball-names")


def _rows(sheet: Sheet, ball: Ball, net: str | None, diameter: Nm) -> tuple[tuple[tuple[str, float], ...], Nm]:
    """Text rows with their relative sizes, and the size of the first."""
    plain = ((ball.name, 1.0),)
    second = net if net is not None else ("nc" if ball.nc else None)
    largest = sheet.letters(0.95)
    if second is not None:
        best: tuple[tuple[tuple[str, float], ...], Nm] | None = None
        for count in (1, 2):
            rows = plain + tuple((row, NET_SCALE) for row in broken(second, count))
            size = min(largest, size_in_disc(rows, diameter))
            if best is None or size > best[1]:
                best = rows, size
        if best is not None and best[1] * NET_SCALE >= sheet.letters(LEAST_NET):
            return best
    return plain, min(largest, size_in_disc(plain, diameter))


def _stacked(
    rows: tuple[tuple[str, float], ...], centre: Point, size: Nm, style: dict[str, str | int | None]
) -> Iterator[Element]:
    total = sum(scale for _, scale in rows) * size * LINE_STEP
    top = centre.y + total / 2
    for text, scale in rows:
        step = size * scale * LINE_STEP
        yield letters(text, Point(centre.x, round(top - step / 2)), max(1, round(size * scale)), **style)
        top -= step


def bump_names(sheet: Sheet, layout: Layout, layers: Iterable[int], *, shadowed: bool) -> Element:
    """The bump's name in its land if it is readable there, its net (or all of it) beside it where there is room.

    Args:
        sheet: the sheet.
        layout: bumps, and the copper that names must not touch.
        layers: whose copper is drawn.
        shadowed: whether lands are filled, so that letters in them must be light.
    """
    package, shown = layout.package, tuple(layers)
    inner: list[Element] = []
    wishes: list[Wish] = []
    for index, bump in package.bumps:
        name = terminal_name(package, index, bump)
        land = min(extent(package.land(bump)))
        size = min(size_in_disc(((name, 1.0),), min(extent(bump.shape))), sheet.letters(0.6))
        fits = size >= sheet.letters(LEAST_BUMP)
        if fits:
            inner.append(letters(name, bump.at, size, fill=PAPER if shadowed else INK))
        text = _beside(name, bump.net, fits)
        if text:
            beside = min(sheet.letters(0.55), max(land * 9 // 10, sheet.letters(0.22)))
            reach = round(circumradius(package.land(bump)))
            wishes.append(Wish(text, bump.at, reach, beside, _inward(package.dies[index], bump.at)))
    labels = place(wishes, _discs(layout, shown), _strokes(layout, shown), sheet.width // 2, sheet.height // 2)
    outer = [letters(label.text, label.centre, label.size, quarters=label.quarters, fill=INK) for label in labels]
    return group((*inner, *outer), pointer_events="none", id="bump-names")


def _beside(name: str, net: str | None, named: bool) -> str:
    if net is None or net == name:
        return "" if named else name
    return net if named else name + " " + net


def _inward(placed: PlacedDie, at: Point) -> Point:
    """Direction away from the nearest die edge for a bump at the rim of its die; none for one inside."""
    width, height = placed.size
    gaps = (
        (at.x - placed.at.x + width // 2, Point(1, 0)),
        (placed.at.x + width // 2 - at.x, Point(-1, 0)),
        (at.y - placed.at.y + height // 2, Point(0, 1)),
        (placed.at.y + height // 2 - at.y, Point(0, -1)),
    )
    gap, inward = min(gaps, key=lambda pair: pair[0])
    return inward if gap * 10 < min(width, height) else Point(0, 0)


def _discs(layout: Layout, layers: tuple[int, ...]) -> Iterator[Disc]:
    for pad in layout.pads:
        if pad.layer in layers:
            yield pad.at.x, pad.at.y, circumradius(pad.shape)
    for via in layout.vias:
        for layer, diameter in ((via.layer, via.land), (via.layer + 1, via.capture)):
            if layer in layers:
                yield via.at.x, via.at.y, diameter / 2


def _strokes(layout: Layout, layers: tuple[int, ...]) -> Iterator[Stroke]:
    for trace in layout.traces:
        if trace.layer in layers:
            points = path_points(trace.path, trace.width)
            for (x0, y0), (x1, y1) in itertools.pairwise(points):
                yield x0, y0, x1, y1, trace.width / 2
    for drop in layout.teardrops:
        if drop.layer in layers:
            ring = drop.outline.points
            for start, end in zip(ring, (*ring[1:], ring[0]), strict=True):
                yield start.x, start.y, end.x, end.y, 1.0
