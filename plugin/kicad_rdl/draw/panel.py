"""The panel at the right of a drawing: legend, notes, title block. Heights are in font sizes of the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kicad_rdl.draw.canvas import Element, box, group, letters, line, moved
from kicad_rdl.draw.lettering import shortened, text_width, wrapped
from kicad_rdl.draw.sheet import BORDER, PANEL, Sheet
from kicad_rdl.draw.style import FAINT, GREY, INK, PAPER
from kicad_rdl.geometry import Point
from kicad_rdl.units import Nm

PADDING = 1.0
SWATCH = 2.6
"""Width of the samples in the legend."""
BODY = 0.92
"""Size of normal text of the panel."""


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a part of the panel."""

    text: str
    height: float = 2.1


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend: a sample (drawn around its own origin), what it is, and a number at the right."""

    sample: Element
    text: str
    detail: str = ""
    height: float = 1.6


@dataclass(frozen=True, slots=True)
class Note:
    """A line of text; an indented one continues the line above it."""

    text: str
    colour: str = INK
    bold: bool = False
    indent: bool = False
    height: float = 1.4


Row: TypeAlias = Heading | Entry | Note


@dataclass(frozen=True, slots=True)
class Field:
    """A row of the title block; ``colour`` makes the value stand out."""

    label: str
    value: str
    colour: str = INK


@dataclass(frozen=True, slots=True)
class TitleBlock:
    """What the drawing shows, at its lower right corner."""

    job: str
    subject: str
    fields: tuple[Field, ...]

    @property
    def height(self) -> float:
        """In font sizes."""
        return 6.2 + FIELD * len(self.fields)


FIELD = 1.75


def notes(text: str, colour: str, lines: int) -> tuple[Note, ...]:
    """A text broken into lines of the panel."""
    rows = wrapped(text, 1000, round((PANEL - 2 * PADDING - 1) / BODY * 1000), lines)
    return tuple(Note(row, colour, indent=index > 0) for index, row in enumerate(rows))


def panel_height(rows: Sequence[Row], block: TitleBlock) -> float:
    """Height that legend, scale bar and title block need together, in font sizes."""
    return sum(row.height for row in rows) + 1.5 + 4.0 + block.height


def panel(sheet: Sheet, rows: Sequence[Row], block: TitleBlock) -> Element:
    """Frame, legend from the top, title block at the bottom."""
    drawn = [_frame(sheet)]
    y = sheet.top - sheet.letters(BORDER + 0.6)
    for row in rows:
        drawn += _row(sheet, row, y - sheet.letters(row.height / 2))
        y -= sheet.letters(row.height)
    foot = sheet.bottom + sheet.letters(BORDER)
    drawn += _scale_bar(sheet, foot + sheet.letters(block.height + 1.6))
    drawn += _title_block(sheet, block, foot)
    return group(drawn, fill=INK, id="panel")


def _right(sheet: Sheet) -> Nm:
    return sheet.right - sheet.letters(BORDER)


def _frame(sheet: Sheet) -> Element:
    margin = sheet.letters(BORDER)
    width, height = sheet.right - sheet.left - 2 * margin, sheet.top - sheet.bottom - 2 * margin
    centre = Point((sheet.left + sheet.right) // 2, (sheet.top + sheet.bottom) // 2)
    upper = Point(sheet.panel, sheet.top - margin)
    return group(
        (box(centre, width, height), line(upper, Point(sheet.panel, sheet.bottom + margin))),
        fill="none",
        stroke=INK,
        stroke_width=sheet.thin,
    )


def _row(sheet: Sheet, row: Row, y: Nm) -> list[Element]:
    left, right = sheet.panel + sheet.letters(PADDING), _right(sheet) - sheet.letters(PADDING)
    size = sheet.letters(BODY)
    match row:
        case Heading(text):
            under = y - sheet.letters(0.7)
            return [
                letters(
                    text.upper(), Point(left, y - sheet.letters(0.1)), sheet.letters(0.8), anchor="start", fill=GREY
                ),
                line(Point(left, under), Point(right, under), stroke=FAINT, stroke_width=sheet.thin),
            ]
        case Entry(sample, text, detail):
            start = left + sheet.letters(SWATCH + 0.8)
            used = text_width(detail, size) + sheet.letters(0.8) if detail else 0
            text = shortened(text, size, right - start - used)
            drawn = [moved((sample,), Point(left + sheet.letters(SWATCH / 2), y))]
            drawn.append(letters(text, Point(start, y), size, anchor="start"))
            if detail:
                drawn.append(letters(detail, Point(right, y), size, anchor="end", fill=GREY))
            return drawn
        case Note(text, colour, bold, indent):
            start = left + (sheet.letters(1) if indent else 0)
            weight = "bold" if bold else None
            cut = shortened(text, size, right - start)
            return [letters(cut, Point(start, y), size, anchor="start", fill=colour, font_weight=weight)]


def _scale_bar(sheet: Sheet, y: Nm) -> list[Element]:
    """A bar of a round length with a black and a white half."""
    length = _round_length(sheet.letters(11))
    left = sheet.panel + sheet.letters(PADDING)
    high, half = sheet.letters(0.35), length // 2
    text = _length_words(length)
    return [
        box(Point(left + half // 2, y), half, high, stroke=INK, stroke_width=sheet.hair),
        box(Point(left + half + half // 2, y), half, high, fill=PAPER, stroke=INK, stroke_width=sheet.hair),
        letters(text, Point(left + length + sheet.letters(0.8), y), sheet.letters(BODY), anchor="start"),
    ]


def _round_length(limit: Nm) -> Nm:
    """The largest of 1, 2, 5 times a power of ten below the limit."""
    power = 1
    while power * 10 <= limit:
        power *= 10
    return max(step * power for step in (1, 2, 5) if step * power <= limit)


def _length_words(length: Nm) -> str:
    if length >= 1_000_000:
        return str(length // 1_000_000) + " mm"
    return str(length // 1000) + " um" if length >= 1000 else str(length) + " nm"


def _title_block(sheet: Sheet, block: TitleBlock, foot: Nm) -> list[Element]:
    left, right = sheet.panel, _right(sheet)
    text_left, text_right = left + sheet.letters(PADDING), right - sheet.letters(PADDING)
    top = foot + sheet.letters(block.height)
    room = text_right - text_left
    drawn = [line(Point(left, top), Point(right, top), stroke=INK, stroke_width=sheet.thin)]
    big, middle, size = sheet.letters(1.9), sheet.letters(1.15), sheet.letters(BODY)
    if text_width(block.job, big) > room:
        big = max(middle, round(big * room / text_width(block.job, big)))
    drawn.append(
        letters(
            shortened(block.job, big, room),
            Point(text_left, top - sheet.letters(2.0)),
            big,
            anchor="start",
            font_weight="bold",
        )
    )
    drawn.append(
        letters(
            shortened(block.subject, middle, room), Point(text_left, top - sheet.letters(4.4)), middle, anchor="start"
        )
    )
    column = text_left + sheet.letters(5.8)
    for index, field in enumerate(block.fields):
        edge = foot + sheet.letters(FIELD * (len(block.fields) - index))
        y = edge - sheet.letters(FIELD / 2)
        drawn.append(line(Point(left, edge), Point(right, edge), stroke=FAINT, stroke_width=sheet.thin))
        drawn.append(letters(field.label, Point(text_left, y), sheet.letters(0.8), anchor="start", fill=GREY))
        value = shortened(field.value, size, text_right - column)
        drawn.append(letters(value, Point(column, y), size, anchor="start", fill=field.colour))
    return drawn
