"""Dimension lines around the package, and the names of rows and columns."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kicad_rdl.draw.canvas import Element, box, group, letters, line, polygon
from kicad_rdl.draw.lettering import text_width
from kicad_rdl.draw.sheet import FIRST_LANE, LANE, Sheet, letter_for
from kicad_rdl.draw.style import GREY, INK, PAPER
from kicad_rdl.geometry import Point
from kicad_rdl.model.package import Ball, Package
from kicad_rdl.units import Nm, format_length


@dataclass(frozen=True, slots=True)
class Dimension:
    """A distance along one axis, with the text that stands on its line."""

    start: Nm
    end: Nm
    text: str


def lanes(package: Package, *, across: bool) -> tuple[tuple[Dimension, ...], ...]:
    """Dimensions from the inside outwards: ball grid, dies, package; in one lane what does not touch.

    Args:
        package: what is measured.
        across: True for widths (below the package), False for heights (at its right).
    """
    size = package.width if across else package.height
    letter = letter_for(package)
    grid = _grid(package, across)
    dies: list[list[Dimension]] = []
    body = (-size // 2, -size // 2 + size)
    seen = {body}  # a die as large as its package is measured once
    for placed in package.dies:
        extent = placed.size[0 if across else 1]
        centre = placed.at.x if across else placed.at.y
        start, end = centre - extent // 2, centre - extent // 2 + extent
        if (start, end) in seen:
            continue
        seen.add((start, end))
        new = Dimension(start, end, _mm(extent))
        lane = next((lane for lane in dies if all(_apart(new, old, letter) for old in lane)), None)
        if lane is None:
            dies.append([new])
        else:
            lane.append(new)
    rows = [[grid]] if grid else []
    rows += dies
    rows.append([Dimension(*body, _mm(size))])
    return tuple(tuple(row) for row in rows)


def _apart(one: Dimension, other: Dimension, letter: Nm) -> bool:
    def reach(dimension: Dimension) -> tuple[Nm, Nm]:
        half = text_width(dimension.text, letter) // 2 + letter
        middle = (dimension.start + dimension.end) // 2
        return min(dimension.start - letter, middle - half), max(dimension.end + letter, middle + half)

    (a, b), (c, d) = reach(one), reach(other)
    return b < c or d < a


def _mm(length: Nm) -> str:
    return format_length(length, "mm")


def _grid(package: Package, across: bool) -> Dimension | None:
    """``8 x 0.5 = 4`` where the sites are evenly spaced."""
    places = sorted({ball.at.x if across else ball.at.y for ball in package.balls})
    if len(places) < 2:
        return None
    steps = {b - a for a, b in itertools.pairwise(places)}
    total = places[-1] - places[0]
    text = _mm(total)
    if len(steps) == 1 and len(places) > 2:
        text = str(len(places) - 1) + " × " + _mm(steps.pop()) + " = " + text
    return Dimension(places[0], places[-1], text)


def dimension_lines(
    sheet: Sheet, below: Sequence[Sequence[Dimension]], right: Sequence[Sequence[Dimension]]
) -> Element:
    """All dimension lines: widths below the package, heights at its right."""
    drawn: list[Element] = []
    texts: list[Element] = []
    for index, lane in enumerate(below):
        at = -(sheet.height // 2) - sheet.letters(FIRST_LANE + LANE * index)
        for dimension in lane:
            drawn += _horizontal(sheet, dimension, at)
            texts += _text(sheet, dimension, Point(_text_middle(sheet, dimension), at + sheet.letters(0.62)), 0)
    for index, lane in enumerate(right):
        at = sheet.width // 2 + sheet.letters(FIRST_LANE + LANE * index)
        for dimension in lane:
            drawn += _vertical(sheet, dimension, at)
            texts += _text(sheet, dimension, Point(at - sheet.letters(0.62), _text_middle(sheet, dimension)), 1)
    return group((*drawn, *texts), stroke=GREY, stroke_width=sheet.hair, fill=GREY, id="dimensions")


def _horizontal(sheet: Sheet, dimension: Dimension, y: Nm) -> Iterable[Element]:
    edge = -(sheet.height // 2) - sheet.letters(0.3)
    for x in (dimension.start, dimension.end):
        yield line(Point(x, edge), Point(x, y - sheet.letters(0.5)))
    start, end = Point(dimension.start, y), Point(dimension.end, y)
    yield from _arrows(sheet, start, end, Point(1, 0))


def _vertical(sheet: Sheet, dimension: Dimension, x: Nm) -> Iterable[Element]:
    edge = sheet.width // 2 + sheet.letters(0.3)
    for y in (dimension.start, dimension.end):
        yield line(Point(edge, y), Point(x + sheet.letters(0.5), y))
    start, end = Point(x, dimension.start), Point(x, dimension.end)
    yield from _arrows(sheet, start, end, Point(0, 1))


def _text(sheet: Sheet, dimension: Dimension, at: Point, quarters: int) -> Iterable[Element]:
    """The text on white, so that lines of dimensions farther out end beside it."""
    wide, high = text_width(dimension.text, sheet.letter), sheet.letter
    yield box(at, high if quarters else wide, wide if quarters else high, fill=PAPER, stroke="none")
    yield letters(dimension.text, at, sheet.letter, quarters=quarters, fill=INK, stroke="none")


def _text_middle(sheet: Sheet, dimension: Dimension) -> Nm:
    """In the middle, or beyond the end where the text is wider than the distance."""
    wide = text_width(dimension.text, sheet.letter)
    if wide <= dimension.end - dimension.start:
        return (dimension.start + dimension.end) // 2
    return dimension.end + sheet.letters(0.8) + wide // 2


def _arrows(sheet: Sheet, start: Point, end: Point, along: Point) -> Iterable[Element]:
    """The line with its two arrow heads, which point inwards from outside where the distance is short."""
    length, half = sheet.letters(0.9), sheet.letters(0.17)
    span = abs(end.x - start.x) + abs(end.y - start.y)
    inside = span >= 3 * length
    tail = Point(0, 0) if inside else Point(along.x * 2 * length, along.y * 2 * length)
    yield line(start - tail, end + tail)
    for tip, sign in ((start, 1), (end, -1)):
        way = sign if inside else -sign
        back = Point(tip.x + along.x * way * length, tip.y + along.y * way * length)
        side = Point(along.y * half, along.x * half)
        yield polygon((tip, back + side, back - side), stroke="none")


# --- row letters and column numbers --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Naming:
    """Which names run along which axis: (name, coordinate), sorted by coordinate."""

    columns: tuple[tuple[str, Nm], ...]
    """Along x, written above the package."""
    rows: tuple[tuple[str, Nm], ...]
    """Along y, written at its left."""


def naming(balls: Sequence[Ball]) -> Naming:
    """Rows and columns by where their balls are: letters may run along x as well."""
    along_x: list[tuple[Nm, str]] = []
    along_y: list[tuple[Nm, str]] = []
    by_row: dict[str, list[Point]] = {}
    by_column: dict[str, list[Point]] = {}
    for ball in balls:
        if not ball.row:
            continue
        by_row.setdefault(ball.row, []).append(ball.at)
        by_column.setdefault(str(ball.column), []).append(ball.at)
    letters_along_x = _aligned_x(by_row) > _aligned_y(by_row)
    for names, across in ((by_row, letters_along_x), (by_column, not letters_along_x)):
        for name, points in names.items():
            values = {point.x if across else point.y for point in points}
            if len(values) == 1:
                (along_x if across else along_y).append((values.pop(), name))
    return Naming(
        tuple((name, place) for place, name in sorted(along_x)), tuple((name, place) for place, name in sorted(along_y))
    )


def _aligned_x(names: dict[str, list[Point]]) -> int:
    return sum(len({point.x for point in points}) == 1 for points in names.values())


def _aligned_y(names: dict[str, list[Point]]) -> int:
    return sum(len({point.y for point in points}) == 1 for points in names.values())


def grid_names(sheet: Sheet, named: Naming) -> Element:
    """Letters and numbers beside the package, as large as their spacing allows."""
    y = sheet.height // 2 + sheet.letters(1.4)
    x = -(sheet.width // 2) - sheet.letters(1.5)
    drawn = []
    size = _name_size(sheet, named.columns, wide=True)
    drawn += [letters(name, Point(place, y), size) for name, place in named.columns]
    size = _name_size(sheet, named.rows, wide=False)
    drawn += [letters(name, Point(x, place), size) for name, place in named.rows]
    return group(drawn, fill=GREY, id="names")


def _name_size(sheet: Sheet, names: Sequence[tuple[str, Nm]], *, wide: bool) -> Nm:
    places = [place for _, place in names]
    step = min((b - a for a, b in itertools.pairwise(places)), default=sheet.letter * 4)
    longest = max((text_width(name, 1000) for name, _ in names), default=1000)
    fits = step * 0.8 / (longest / 1000) if wide else step * 0.8
    # two letters need the room between package and frame at the left
    return max(1, min(sheet.letter, int(fits), int(sheet.letters(2.0) / (longest / 1000))))


def a1_corner(package: Package) -> Point:
    """The package corner nearest to where A1 is, or would be if its site is not populated."""
    first_row = min((ball.row for ball in package.balls), key=lambda row: (len(row), row), default=None)
    first_column = min((ball.column for ball in package.balls), default=None)
    row = [ball.at for ball in package.balls if ball.row == first_row]
    column = [ball.at for ball in package.balls if ball.column == first_column]
    if not row or not column:
        return Point(-(package.width // 2), package.height // 2)
    letters_along_x = len({point.x for point in row}) == 1 and len({point.y for point in row}) > 1
    (xs, ys) = (row, column) if letters_along_x else (column, row)
    x, y = sum(point.x for point in xs) / len(xs), sum(point.y for point in ys) / len(ys)
    half_width, half_height = package.width // 2, package.height // 2
    return Point(-half_width if x <= 0 else half_width, half_height if y >= 0 else -half_height)


def a1_mark(sheet: Sheet, corner: Point) -> Element:
    """A filled triangle outside the corner."""
    sx, sy = (1 if corner.x > 0 else -1), (1 if corner.y > 0 else -1)
    near, far = sheet.letters(0.35), sheet.letters(1.65)
    tip = Point(corner.x + sx * near, corner.y + sy * near)
    points = (tip, Point(tip.x + sx * (far - near), tip.y), Point(tip.x, tip.y + sy * (far - near)))
    return group((polygon(points),), fill=INK, id="A1")
