"""What is wrong or tight, drawn over the copper: flight lines, cuts with their numbers, violations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kicad_rdl.draw.canvas import Element, box, disc, group, letters, line, number, title
from kicad_rdl.draw.labels import Box, Obstacles, Place, Stroke, Wish, placed, touches
from kicad_rdl.draw.lettering import text_width
from kicad_rdl.draw.sheet import Sheet
from kicad_rdl.draw.style import LOADED, PAPER, RED
from kicad_rdl.geometry import Point, extent
from kicad_rdl.model.layout import Cut, Unrouted
from kicad_rdl.model.package import Package, terminal_name
from kicad_rdl.model.report import Violation
from kicad_rdl.units import Nm, um


def terminal_places(package: Package) -> dict[str, tuple[Point, Nm]]:
    """Where every ``bump:NAME`` and ``ball:NAME`` lies, and the radius of its pad."""
    places = {
        "bump:" + terminal_name(package, die, bump): (bump.at, max(extent(package.land(bump))) // 2)
        for die, bump in package.bumps
    }
    return places | {"ball:" + ball.name: (ball.at, package.ball.pad // 2) for ball in package.balls}


def flight_lines(sheet: Sheet, places: Mapping[str, tuple[Point, Nm]], unrouted: Iterable[Unrouted]) -> Element:
    """Dashed lines between terminals that could not be joined; a ring where no other end is known."""
    drawn: list[Element] = []
    for one in unrouted:
        start, end = places.get(one.start), places.get(one.end or "")
        words = title(one.net + ": " + one.start + " to " + (one.end or "any ball") + " not routed; " + one.reason)
        if start is not None and end is not None and start[0].distance(end[0]) > start[1] + end[1]:
            drawn.append(group((words, line(_towards(*start, end[0]), _towards(*end, start[0]))), data_net=one.net))
        elif start is not None:
            drawn.append(disc(start[0], max(sheet.letters(1.1), 3 * start[1]), words, data_net=one.net))
    dash = number(sheet.letters(0.5)) + " " + number(sheet.letters(0.3))
    return group(drawn, fill="none", stroke=RED, stroke_width=sheet.thin, stroke_dasharray=dash, id="unrouted")


def _towards(at: Point, reach: Nm, other: Point) -> Point:
    """The point of the pad's edge on the way to another."""
    part = reach / at.distance(other)
    return Point(at.x + round((other.x - at.x) * part), at.y + round((other.y - at.y) * part))


@dataclass(frozen=True, slots=True)
class CutStyle:
    """How cuts are drawn, and in which words."""

    name: str
    colour: str
    words: Callable[[Cut], str]


def needed_and_fits(cut: Cut) -> str:
    """``7 needed, 5 fit``."""
    return str(cut.needed) + " needed, " + str(cut.fits) + (" fits" if cut.fits == 1 else " fit")


def load_words(cut: Cut) -> str:
    """``fullest: 3 of 8``."""
    return "fullest: " + str(cut.needed) + " of " + str(cut.fits)


TOO_NARROW = CutStyle("bottlenecks", RED, needed_and_fits)
FULLEST = CutStyle("fullest", LOADED, load_words)


def between(cut: Cut) -> str:
    """``bump 7 – ball A3``: the router's names of the ends for people."""
    return cut.start_name.replace(":", " ") + " – " + cut.end_name.replace(":", " ")


MANY_CUTS = 8
"""Beyond so many cuts they are drawn as one chain, with ``needed/fits`` beside a gap where there is room."""


def cuts(
    sheet: Sheet,
    asked: Iterable[Cut],
    style: CutStyle,
    copper: Iterable[Stroke],
    places: Mapping[str, tuple[Point, Nm]],
) -> Element:
    """Cuts as strokes with bars at both ends, each with its numbers in a box nearby that touches no other box.

    The boxes keep off the copper where they can. A cut that ends on a terminal (``places``) is drawn from its edge.
    """
    drawn_cuts = [_from_edges(cut, places) for cut in asked]
    if len(drawn_cuts) > MANY_CUTS:
        return _many_cuts(sheet, drawn_cuts, style)
    drawn: list[Element] = []
    boxes: list[Box] = []
    obstacles = Obstacles(copper, sheet.letters(2)) if drawn_cuts else Obstacles((), 1)
    size = sheet.letters(0.85)
    for cut in drawn_cuts:
        words = style.words(cut)
        width, height = text_width(words, size) + size, sheet.letters(1.5)
        middle = _middle(cut)
        centre = _free_place(sheet, cut, width, height, boxes, obstacles)
        boxes.append(_box_of(centre, width, height))
        parts = [title(words + ", " + between(cut)), line(cut.start, cut.end, stroke_width=sheet.thick)]
        parts += [line(*_bar(sheet, cut, end), stroke_width=sheet.thick) for end in (cut.start, cut.end)]
        parts.append(line(middle, centre, stroke_width=sheet.hair))
        parts.append(box(centre, width, height, fill=PAPER, stroke_width=sheet.hair))
        parts.append(letters(words, centre, size, fill=style.colour, stroke="none", font_weight="bold"))
        drawn.append(group(parts))
    return group(drawn, stroke=style.colour, fill="none", id=style.name)


def _from_edges(cut: Cut, places: Mapping[str, tuple[Point, Nm]]) -> Cut:
    reaches = [
        places[name][1] if name in places and places[name][0] == end else 0
        for name, end in ((cut.start_name, cut.start), (cut.end_name, cut.end))
    ]
    if cut.start.distance(cut.end) <= sum(reaches):
        return cut
    start = _towards(cut.start, reaches[0], cut.end)
    return replace(cut, start=start, end=_towards(cut.end, reaches[1], cut.start))


def _many_cuts(sheet: Sheet, drawn_cuts: Sequence[Cut], style: CutStyle) -> Element:
    """The gaps of a long cut, as minimum cuts around a die are."""
    size = sheet.letters(0.5)
    strokes = [group((title(style.words(cut) + ", " + between(cut)), line(cut.start, cut.end))) for cut in drawn_cuts]
    wishes = []
    for cut in drawn_cuts:
        (x, y), middle = _across(cut), _middle(cut)
        text = str(cut.needed) + "/" + str(cut.fits)
        away = abs(x) * text_width(text, size) / 2 + abs(y) * size / 2 + size * 0.4
        sides = (Point(round(x * away * sign), round(y * away * sign)) for sign in (1, -1))
        wishes.append(Wish(text, size, tuple(Place(middle + side) for side in sides)))
    lines = [(cut.start.x, cut.start.y, cut.end.x, cut.end.y, sheet.thin / 2) for cut in drawn_cuts]
    numbers = [
        letters(
            label.text,
            label.place.centre,
            label.size,
            fill=style.colour,
            stroke=PAPER,
            stroke_width=size // 4,
            paint_order="stroke",
            font_weight="bold",
        )
        for label in placed(wishes, lines, sheet.width // 2, sheet.height // 2)
    ]
    return group(
        (*strokes, *numbers), stroke=style.colour, stroke_width=sheet.thick, stroke_linecap="round", id=style.name
    )


def _middle(cut: Cut) -> Point:
    return Point((cut.start.x + cut.end.x) // 2, (cut.start.y + cut.end.y) // 2)


def _across(cut: Cut) -> tuple[float, float]:
    """Unit direction across the cut."""
    length = max(1.0, cut.start.distance(cut.end))
    return -(cut.end.y - cut.start.y) / length, (cut.end.x - cut.start.x) / length


def _bar(sheet: Sheet, cut: Cut, end: Point) -> tuple[Point, Point]:
    x, y = _across(cut)
    half = sheet.letters(0.35)
    side = Point(round(x * half), round(y * half))
    return end - side, end + side


def _free_place(sheet: Sheet, cut: Cut, width: Nm, height: Nm, boxes: Sequence[Box], obstacles: Obstacles) -> Point:
    """Centre for a label on the package that covers neither its cut nor another label, nor copper if it can."""
    own = (cut.start.x, cut.start.y, cut.end.x, cut.end.y, sheet.letters(0.3))
    fallback = None
    for centre in _around(sheet, cut, width, height):
        label = _box_of(centre, width, height)
        if touches(own, label) or any(_overlap(label, other) for other in boxes):
            continue
        if obstacles.free(label):
            return centre
        fallback = fallback or centre
    return fallback or _middle(cut)


def _around(sheet: Sheet, cut: Cut, width: Nm, height: Nm) -> Iterator[Point]:
    """Places farther and farther out: first across the cut, then along it, then between; kept on the package."""
    x, y = _across(cut)
    half = math.sqrt(0.5)
    middle = _middle(cut)
    side, up = max(0, (sheet.width - width) // 2), max(0, (sheet.height - height) // 2)
    ways = [(x, y), (-x, -y), (y, -x), (-y, x)]
    ways += [(half * (x + sign * y), half * (y - sign * x)) for sign in (1, -1)]
    ways += [(-dx, -dy) for dx, dy in ways[4:]]
    for step in range(16):
        for dx, dy in ways:
            away = abs(dx) * width / 2 + abs(dy) * height / 2 + sheet.letters(0.8 + 0.8 * step)
            wanted = Point(middle.x + round(dx * away), middle.y + round(dy * away))
            yield Point(max(-side, min(side, wanted.x)), max(-up, min(up, wanted.y)))


def _box_of(centre: Point, width: Nm, height: Nm) -> Box:
    return centre.x - width / 2, centre.y - height / 2, centre.x + width / 2, centre.y + height / 2


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


CROWD = 40
"""Beyond so many violations the marks are small, and only those that the panel lists carry their number."""


def violation_marks(sheet: Sheet, numbered: Sequence[tuple[int, Violation]], listed: int) -> Element:
    """A ring around each place with its number in the panel's list.

    Args:
        sheet: the sheet.
        numbered: all violations of the drawing.
        listed: how many of them the panel spells out.
    """
    crowded = len(numbered) > CROWD
    ring = sheet.letters(0.9 if crowded else 1.6)
    drawn = [
        group(
            (
                title(violation_words(violation)),
                disc(violation.at, ring, fill="none"),
                disc(violation.at, sheet.letters(0.2), fill=RED, stroke="none"),
            )
        )
        for _, violation in numbered
    ]
    away = round(ring * 0.5 * math.sqrt(0.5) + sheet.letters(0.36))
    for index, violation in numbered[:listed] if crowded else numbered:
        at = violation.at + Point(away, away)
        drawn.append(disc(at, sheet.letters(1.15), fill=RED, stroke=PAPER, stroke_width=sheet.hair))
        drawn.append(letters(str(index), at, sheet.letters(0.7), fill=PAPER, stroke="none", font_weight="bold"))
    width = sheet.thin if crowded else sheet.thick
    return group(drawn, stroke=RED, stroke_width=width, id="violations")


def violation_words(violation: Violation) -> str:
    """One violation on one line."""
    words = violation.rule.value.replace("_", " ") + ": " + ", ".join(violation.things)
    if violation.measured is not None:
        words += "; " + um(violation.measured)
    if violation.required is not None:
        words += ", required " + um(violation.required)
    return words
