"""Which row is the header of a bump table, and which column is what?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kicad_rdl.errors import InputError, UnitError
from kicad_rdl.read.documents import near
from kicad_rdl.read.tables import Row
from kicad_rdl.units import UNITS, parse_length

HEADER_ROWS = 100
"""How far down a header is looked for."""


def _axis(axis: str) -> tuple[str, ...]:
    """Header words of a coordinate: ``x``, ``x coord``, ``centre x`` ..., also with what lies there before it."""
    words = [axis, *(f"{axis} {place}" for place in PLACES), *(f"{place} {axis}" for place in PLACES)]
    return tuple(f"{thing} {word}".strip() for thing in ("", "bump", "pad", "pin", "die", "die pad") for word in words)


PLACES = ("coord", "coordinate", "center", "centre", "position", "pos", "location", "loc")

WORDS: dict[str, tuple[str, ...]] = {
    "name": ("name", "bump", "bump name", "pad", "pad name", "pin", "pin name", "ref", "refdes", "designator",
             "number", "bump number", "pad number", "pin number", "no", "bump no", "pad no", "pin no",
             "id", "bump id", "pad id"),
    "x": _axis("x"),
    "y": _axis("y"),
    "net": ("net", "net name", "signal", "signal name", "function"),
    "type": ("type", "bump type", "pad type", "cell", "padstack"),
    "diameter": ("diameter", "dia", "size", "bump size", "bump diameter", "pad size", "pad diameter"),
    "width": ("width", "w", "pad width", "bump width", "opening", "x size", "size x"),
    "height": ("height", "h", "pad height", "bump height", "y size", "size y", "length"),
    "shape": ("shape", "pad shape", "bump shape"),
    "ball": ("ball", "ball name", "ball number", "package ball", "ball id"),
}  # fmt: skip
"""Header words by meaning, with or without the blanks; the earlier word wins where several columns fit."""

LENGTHS = ("x", "y", "diameter", "width", "height")

Headers = Mapping[str, str | int]
"""What the user says of the columns: by meaning, the words above a column, or its number from 1."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of lengths."""

    index: int
    unit: str | None


@dataclass(frozen=True, slots=True)
class Header:
    """Places of the columns; -1: not there."""

    line: int
    name: int
    net: int
    type: int
    shape: int
    ball: int
    lengths: dict[str, Column]

    def is_empty(self, row: Row) -> bool:
        """Whether a row has nothing for a bump, as beside a longer table."""
        return not any(row.cell(at) for at in (self.name, self.net, *(self.lengths[axis].index for axis in "xy")))


def find_header(rows: list[Row], asked: Headers) -> tuple[int, Header] | None:
    """The first row that names columns for name, x, y and net, with its index (of the row of units, if one
    follows it; -1: above the first row); None where no row has x and y, or what the user asks for.

    Raises:
        InputError: a row has x and y, but no row has all four.
    """
    incomplete: InputError | None = None
    for index, row, found in header_rows(rows, WORDS, asked):
        try:
            header = _header(row, found)
        except InputError as error:
            incomplete = incomplete or error
            continue
        if header is not None:
            return index, header
    if incomplete is not None:
        raise incomplete
    return None


def header_rows(
    rows: list[Row], words: Mapping[str, tuple[str, ...]], asked: Headers
) -> Iterator[tuple[int, Row, dict[str, Column]]]:
    """The rows that may be the header: index of the last row before the entries, the row, its columns by meaning.

    Where the user names columns, only rows that have them; where only by number, the row above the first entry.
    """
    named = {meaning: _plain(text) for meaning, text in asked.items() if isinstance(text, str)}
    numbered = {meaning: number - 1 for meaning, number in asked.items() if isinstance(number, int)}
    if numbered and not named:
        first = next((at for at, row in enumerate(rows[:HEADER_ROWS]) if _is_entry(row, numbered)), None)
        if first is not None:
            above = rows[first - 1] if first else Row(rows[0].source, rows[0].line, ())
            yield first - 1, above, _numbered(above, numbered)
        return
    for index, row in enumerate(rows[:HEADER_ROWS]):
        plain = [_plain(cell) for cell in row.cells]
        if any(text not in plain for text in named.values()):
            continue
        places = {meaning: plain.index(text) for meaning, text in named.items()} | numbered
        found = columns_of(row, words) | _numbered(row, places)
        lengths = {meaning: column for meaning, column in found.items() if meaning in LENGTHS}
        units = units_of(rows[index + 1], lengths) if index + 1 < len(rows) else None
        yield (index, row, found) if units is None else (index + 1, row, found | units)


def no_header(needs: str, asked: Headers, rows: list[Row], source: str) -> InputError:
    """The refusal of a table in which no header was found.

    Args:
        needs: what the header needs, with an example.
        asked: what the user says of its columns.
        rows: that may be the header, in every way to read the file.
        source: the file.
    """
    if not asked:
        return InputError(
            f"no header found; {needs}, or say which columns they are: headers.x = 3 (the third) or headers.x = "
            '"Die X" (the words above it), and so for the others',
            source,
        )
    cells = {_plain(cell): cell.strip() for row in rows for cell in row.cells}
    missing = [text for text in asked.values() if isinstance(text, str) and _plain(text) not in cells]
    hint = near(missing[0], list(cells.values())) if missing else ""
    words = ", ".join(f'{meaning} = "{text}"' if isinstance(text, str) else f"{meaning} = {text}"
                      for meaning, text in asked.items())  # fmt: skip
    return InputError(f"no row fits the headers that are asked for ({words}){hint}", source)


def _numbered(row: Row, places: Mapping[str, int]) -> dict[str, Column]:
    return {meaning: Column(index, split_unit(row.cell(index))[1]) for meaning, index in places.items()}


def _is_entry(row: Row, places: Mapping[str, int]) -> bool:
    """Whether a row has something in all the columns, and numbers for coordinates."""
    try:
        for meaning, index in places.items():
            if meaning in ("x", "y"):
                parse_length(row.cell(index), "um")
    except UnitError:
        return False
    return all(index < len(row.cells) for index in places.values())


def _plain(text: str) -> str:
    """The words of a header without its unit, blanks and signs: ``"Die # (mm)"`` as ``"die"``."""
    return split_unit(text)[0].replace(" ", "")


def split_unit(text: str) -> tuple[str, str | None]:
    """``"X (mm)"`` as ``("x", "mm")``; ``"x_um"`` as ``("x", "um")``."""
    words = re.sub(r"[\s_()\[\]{}.,:#/-]+", " ", text.lower()).strip()
    first, _, last = words.rpartition(" ")
    return (first, last) if first and last in UNITS else (words, None)


def columns_of(row: Row, vocabulary: Mapping[str, tuple[str, ...]]) -> dict[str, Column]:
    """The columns that a row names, by meaning."""
    meanings = [(_plain(cell), split_unit(cell)[1]) for cell in row.cells]
    found: dict[str, Column] = {}
    for meaning, phrases in vocabulary.items():
        words = [phrase.replace(" ", "") for phrase in phrases]
        hits = [
            (words.index(word), index)
            for index, (word, unit) in enumerate(meanings)
            if word in words and (unit is None or meaning in LENGTHS)
        ]
        if hits:
            index = min(hits)[1]
            found[meaning] = Column(index, meanings[index][1])
    return found


def units_of(row: Row, lengths: Mapping[str, Column]) -> dict[str, Column] | None:
    """The columns with the units that the row under a header names, ``(um)``; None where it does not, for x and y."""
    named = {meaning: split_unit(f"x {row.cell(column.index)}") for meaning, column in lengths.items()}
    units = {meaning: unit for meaning, (word, unit) in named.items() if word == "x" and unit is not None}
    if not {"x", "y"} <= units.keys():
        return None
    return {meaning: Column(column.index, units.get(meaning, column.unit)) for meaning, column in lengths.items()}


def _header(row: Row, found: dict[str, Column]) -> Header | None:
    if "x" not in found or "y" not in found:
        return None
    if "name" not in found:
        # a first column without a name holds the names; a lone "ball" column of a ball-like table does too
        if row.cells and not row.cells[0].strip():
            found["name"] = Column(0, None)
        elif "ball" in found:
            found["name"] = found.pop("ball")
        else:
            raise _absent(row, "name", "the name of the bump", "name, bump, pad, pin or ref")
    if "net" not in found:
        raise _absent(row, "net", "the net", "net, signal or net name")

    def place(meaning: str) -> int:
        return found[meaning].index if meaning in found else -1

    # lists of bond wires have a length, which is that of the wire
    wide = "width" in found or "diameter" in found
    return Header(
        line=row.line,
        name=place("name"),
        net=place("net"),
        type=place("type"),
        shape=place("shape"),
        ball=place("ball"),
        lengths={meaning: found[meaning] for meaning in LENGTHS if meaning in found and (wide or meaning != "height")},
    )


def _absent(row: Row, meaning: str, what: str, words: str) -> InputError:
    there = ", ".join(cell.strip() for cell in row.cells if cell.strip())
    shown = there if len(there) <= 100 else there[:97] + "..."
    return InputError(
        f"the header has no column for {what} ({shown}); call it {words}, or say which it is: headers.{meaning} = "
        '"WORDS ABOVE IT"',
        row.source,
        row.line,
    )
