"""A bump map or ball map as a table: CSV, TSV or XLSX, with a header that names every unit."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape
from kicad_rdl.units import Nm, format_length

SHEET = "bump map"
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
"""In workbooks, which must have one: the same input gives the same bytes."""
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
NUMBERS = ("x", "y", "width", "height")


@dataclass(frozen=True, slots=True)
class Listed:
    """A row: a bump of a die, or a ball."""

    name: str
    at: Point
    net: str | None
    shape: Shape | None
    ball: str | None = None


def bump_map_rows(listed: Sequence[Listed], first: str = "bump", unit: str = "um") -> list[tuple[str, ...]]:
    """Header and rows; columns for shapes and balls only where one is known.

    Args:
        listed: in the order of the rows.
        first: heading of the column of names.
        unit: of every length.

    Raises:
        InputError: a name that readers of tables take for a comment.
    """
    shapes = any(item.shape is not None for item in listed)
    balls = any(item.ball is not None for item in listed)
    header = [first, f"x_{unit}", f"y_{unit}", "net"]
    header += ["shape", f"width_{unit}", f"height_{unit}"] if shapes else []
    rows = [tuple(header + (["ball"] if balls else []))]
    for item in listed:
        if item.name.startswith("#"):
            raise InputError(f'{first} "{item.name}": a row that begins with "#" is a comment; rename it')
        row = [item.name, format_length(item.at.x, unit), format_length(item.at.y, unit), item.net or ""]
        row += _shape(item.shape, unit) if shapes else []
        rows.append(tuple(row + ([item.ball or ""] if balls else [])))
    return rows


def _shape(shape: Shape | None, unit: str) -> list[str]:
    def cells(word: str, width: Nm, height: Nm) -> list[str]:
        return [word, format_length(width, unit), format_length(height, unit)]

    match shape:
        case None:
            return ["", "", ""]
        case Circle(d):
            return cells("circle", d, d)
        case Octagon(w):
            return cells("octagon", w, w)
        case Rectangle(w, h):
            return cells("square" if w == h else "rectangle", w, h)


def table_text(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    """The rows as CSV, or as TSV."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def workbook_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    """The rows as XLSX: lengths as numbers, everything else as text; the header stays in sight."""
    import openpyxl  # it takes half a second to load, and most maps become CSV
    from openpyxl.styles import Font

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = SHEET
    is_number = [heading.rpartition("_")[0] in NUMBERS for heading in rows[0]]
    for number, row in enumerate(rows, start=1):
        for column, (cell, numeric) in enumerate(zip(row, is_number, strict=True), start=1):
            if cell:
                place = sheet.cell(row=number, column=column)
                place.value = float(cell) if numeric and number > 1 else cell
                if not numeric or number == 1:
                    place.data_type = "s"  # a name that begins with "=" is no formula
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "B2"
    for column, letter in enumerate(sheet.column_dimensions[name] for name in "ABCDEFGH"[: len(rows[0])]):
        letter.width = 2 + max(len(row[column]) for row in rows)
    workbook.properties.creator = "kicad-rdl"
    workbook.properties.created = NO_DATE.replace(tzinfo=None)
    content = io.BytesIO()
    workbook.save(content)
    return _undated(content.getvalue())


def _undated(workbook: bytes) -> bytes:
    """The same workbook without the time of its making."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            data = old.read(name)
            if name == "docProps/core.xml":
                date = NO_DATE.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + date, data)
            new.writestr(zipfile.ZipInfo(name, ZIP_DATE), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
