"""Which row is the header of a bump table, and which column is what?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kicad_rdl.errors import InputError
from kicad_rdl.read.tables import Row
from kicad_rdl.units import UNITS

HEADER_ROWS = 100
"""How far down a header is looked for."""

WORDS: dict[str, tuple[str, ...]] = {
    "name": ("name", "bump", "bump name", "pad", "pad name", "pin", "pin name", "ref", "refdes", "designator",
             "number", "bump number", "pad number", "pin number", "no", "bump no", "pad no", "pin no",
             "id", "bump id", "pad id"),
    "x": ("x", "xcoord", "x coord", "coord x", "x coordinate", "x center", "center x", "x centre", "centre x",
          "x position", "x pos", "pos x", "x location", "x loc"),
    "y": ("y", "ycoord", "y coord", "coord y", "y coordinate", "y center", "center y", "y centre", "centre y",
          "y position", "y pos", "pos y", "y location", "y loc"),
    "net": ("net", "net name", "netname", "signal", "signal name", "function"),
    "type": ("type", "bump type", "pad type", "padtype", "bumptype", "cell", "padstack"),
    "diameter": ("diameter", "dia", "size", "bump size", "bump diameter", "pad size", "pad diameter"),
    "width": ("width", "w", "pad width", "bump width", "opening", "x size", "size x"),
    "height": ("height", "h", "pad height", "bump height", "y size", "size y", "length"),
    "shape": ("shape", "pad shape", "bump shape"),
    "ball": ("ball", "ball name", "ball number", "package ball", "ball id"),
}  # fmt: skip
"""Header words by meaning; the earlier word wins where several columns fit."""

LENGTHS = ("x", "y", "diameter", "width", "height")


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


def find_header(rows: list[Row]) -> tuple[int, Header] | None:
    """The first row that names columns for name, x, y and net, with its index (of the row of units, if one
    follows it); None where no row has x and y.

    Raises:
        InputError: a row has x and y, but no row has all four.
    """
    incomplete: InputError | None = None
    for index, row in enumerate(rows[:HEADER_ROWS]):
        try:
            header = _header(row)
        except InputError as error:
            incomplete = incomplete or error
            continue
        if header is not None:
            units = units_of(rows[index + 1], header.lengths) if index + 1 < len(rows) else None
            return (index, header) if units is None else (index + 1, replace(header, lengths=units))
    if incomplete is not None:
        raise incomplete
    return None


def split_unit(text: str) -> tuple[str, str | None]:
    """``"X (mm)"`` as ``("x", "mm")``; ``"x_um"`` as ``("x", "um")``."""
    words = re.sub(r"[\s_()\[\]{}.,:#/-]+", " ", text.lower()).strip()
    first, _, last = words.rpartition(" ")
    return (first, last) if first and last in UNITS else (words, None)


def columns_of(row: Row, vocabulary: Mapping[str, tuple[str, ...]]) -> dict[str, Column]:
    """The columns that a row names, by meaning."""
    meanings = [split_unit(cell) for cell in row.cells]
    found: dict[str, Column] = {}
    for meaning, words in vocabulary.items():
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


def _header(row: Row) -> Header | None:
    found = columns_of(row, WORDS)
    if "x" not in found or "y" not in found:
        return None
    if "name" not in found:
        # a first column without a name holds the names; a lone "ball" column of a ball-like table does too
        if row.cells and not row.cells[0].strip():
            found["name"] = Column(0, None)
        elif "ball" in found:
            found["name"] = found.pop("ball")
        else:
            raise InputError(
                "the header has no column for the name of the bump; call it name, bump, pad, pin or ref",
                row.source,
                row.line,
            )
    if "net" not in found:
        raise InputError("the header has no column for the net; call it net, signal or net name", row.source, row.line)

    def place(meaning: str) -> int:
        return found[meaning].index if meaning in found else -1

    return Header(
        line=row.line,
        name=place("name"),
        net=place("net"),
        type=place("type"),
        shape=place("shape"),
        ball=place("ball"),
        lengths={meaning: found[meaning] for meaning in LENGTHS if meaning in found},
    )
