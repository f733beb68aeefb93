"""Rows of text from CSV, TSV and XLSX files, with their lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.read.documents import near, read_bytes

DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    source: str
    line: int
    """From 1, as an editor or a spreadsheet counts."""
    cells: tuple[str, ...]

    def cell(self, index: int) -> str:
        """The text of a cell without blanks around it; empty where the row has none."""
        return self.cells[index].strip() if 0 <= index < len(self.cells) else ""


def read_tables(path: Path, sheet: str | None = None) -> Iterator[list[Row]]:
    """Every way to read the file as a table: by delimiter, or sheet by sheet."""
    content = read_bytes(path)
    if content[:4] == b"PK\x03\x04":
        yield from _workbook(path, content, sheet)
        return
    if not content.strip():
        raise InputError("the file is empty", str(path))
    text = _decoded(path, content)
    for delimiter in DELIMITERS:
        yield _rows(path, text, delimiter)


def _decoded(path: Path, content: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or Latin-1, which old exporters write."""
    utf_16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = content.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError("this is not a text table (it holds zero bytes); use CSV, TSV or XLSX", str(path), line)
    return text


def _rows(path: Path, text: str, delimiter: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    start = 1
    try:
        for cells in reader:
            if delimiter == ";":
                cells = [_decimal_point(cell) for cell in cells]
            rows.append(Row(str(path), start, tuple(cells) or ("",)))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"the table cannot be read: {error}", str(path), start) from None
    return rows


def _decimal_point(cell: str) -> str:
    """Spreadsheets that separate by semicolon write the decimal comma."""
    return cell.replace(",", ".") if re.fullmatch(r"\s*[-+]?\d+,\d+\s*", cell) else cell


def _workbook(path: Path, content: bytes, sheet: str | None) -> Iterator[list[Row]]:
    import openpyxl  # it takes half a second to load and most jobs have CSV

    try:
        workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = {
            each.title: [
                Row(
                    f"{path} ({each.title})",
                    line,
                    tuple("" if value is None else str(value) for value in values) or ("",),
                )
                for line, values in enumerate(each.iter_rows(values_only=True), start=1)
            ]
            for each in workbook.worksheets
        }
    except Exception as error:  # openpyxl lets through whatever its zip and XML layers raise
        raise InputError(f"the workbook cannot be read: {error or type(error).__name__}", str(path)) from None
    if sheet is not None:
        if sheet not in sheets:
            hint = near(sheet, list(sheets)) or f"; there are: {', '.join(sheets)}"
            raise InputError(f'the workbook has no sheet "{sheet}"{hint}', str(path))
        sheets = {sheet: sheets[sheet]}
    yield from sheets.values()
