"""What is wrong or tight, drawn over the copper: flight lines, cuts with their numbers, violations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from kicad_rdl.draw.canvas import Element, box, disc, group, letters, line, number, title
from kicad_rdl.draw.labels import touches
from kicad_rdl.draw.lettering import text_width
from kicad_rdl.draw.sheet import Sheet
from kicad_rdl.draw.style import PAPER, RED
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


def cuts(sheet: Sheet, drawn_cuts: Sequence[Cut], colour: str, name: str) -> Element:
    """Cuts as strokes with bars at both ends, and ``7 needed, 5 fit`` in a box nearby that touches no other box."""
    drawn: list[Element] = []
    boxes: list[tuple[Point, Nm, Nm]] = []
    for cut in drawn_cuts:
        words = str(cut.needed) + " needed, " + str(cut.fits) + " fit"
        size = sheet.letters(0.85)
        width, height = text_width(words, size) + size, sheet.letters(1.5)
        middle = Point((cut.start.x + cut.end.x) // 2, (cut.start.y + cut.end.y) // 2)
        centre = _free_place(sheet, cut, width, height, boxes)
        boxes.append((centre, width, height))
        between = words + " between " + cut.start_name + " and " + cut.end_name
        parts = [title(between), line(cut.start, cut.end, stroke_width=sheet.thick)]
        parts += [line(*_bar(sheet, cut, end), stroke_width=sheet.thick) for end in (cut.start, cut.end)]
        parts.append(line(middle, centre, stroke_width=sheet.hair))
        parts.append(box(centre, width, height, fill=PAPER, stroke_width=sheet.hair))
        parts.append(letters(words, centre, size, fill=colour, stroke="none", font_weight="bold"))
        drawn.append(group(parts))
    return group(drawn, stroke=colour, fill="none", id=name)


def _across(cut: Cut) -> tuple[float, float]:
    """Unit direction across the cut."""
    length = max(1.0, cut.start.distance(cut.end))
    return -(cut.end.y - cut.start.y) / length, (cut.end.x - cut.start.x) / length


def _bar(sheet: Sheet, cut: Cut, end: Point) -> tuple[Point, Point]:
    x, y = _across(cut)
    half = sheet.letters(0.35)
    side = Point(round(x * half), round(y * half))
    return end - side, end + side


def _free_place(sheet: Sheet, cut: Cut, width: Nm, height: Nm, boxes: Sequence[tuple[Point, Nm, Nm]]) -> Point:
    """Centre for a label: across the cut, on either side, farther out until it fits between package edge and others."""
    x, y = _across(cut)
    middle = Point((cut.start.x + cut.end.x) // 2, (cut.start.y + cut.end.y) // 2)
    reach = abs(x) * width / 2 + abs(y) * height / 2 + sheet.letters(0.8)
    side, up = (sheet.width - width) // 2, (sheet.height - height) // 2
    own = (cut.start.x, cut.start.y, cut.end.x, cut.end.y, sheet.letters(0.3))
    for step in range(12):
        for sign in (1, -1):
            away = sign * (reach + step * sheet.letters(1.2))
            wanted = Point(middle.x + round(x * away), middle.y + round(y * away))
            centre = Point(max(-side, min(side, wanted.x)), max(-up, min(up, wanted.y)))
            label = (centre.x - width / 2, centre.y - height / 2, centre.x + width / 2, centre.y + height / 2)
            if not touches(own, label) and not any(_touch(centre, width, height, other) for other in boxes):
                return centre
    return middle


def _touch(centre: Point, width: Nm, height: Nm, other: tuple[Point, Nm, Nm]) -> bool:
    at, wide, high = other
    return 2 * abs(centre.x - at.x) < width + wide and 2 * abs(centre.y - at.y) < height + high


def violation_marks(sheet: Sheet, numbered: Sequence[tuple[int, Violation]]) -> Element:
    """A ring around each place with its number in the panel's list."""
    drawn: list[Element] = []
    ring = sheet.letters(1.6)
    for index, violation in numbered:
        away = round(ring * (0.5 + 0.32) * math.sqrt(0.5))
        at = Point(violation.at.x + away, violation.at.y + away)
        drawn.append(
            group(
                (
                    title(violation_words(violation)),
                    disc(violation.at, ring, fill="none"),
                    disc(violation.at, sheet.letters(0.2), fill=RED, stroke="none"),
                    disc(at, sheet.letters(1.15), fill=RED, stroke=PAPER, stroke_width=sheet.hair),
                    letters(str(index), at, sheet.letters(0.7), fill=PAPER, stroke="none", font_weight="bold"),
                )
            )
        )
    return group(drawn, stroke=RED, stroke_width=sheet.thick, id="violations")


def violation_words(violation: Violation) -> str:
    """One violation on one line."""
    words = violation.rule.value.replace("_", " ") + ": " + ", ".join(violation.things)
    if violation.measured is not None:
        words += "; " + um(violation.measured)
    if violation.required is not None:
        words += ", required " + um(violation.required)
    return words
