"""AIF as text: sections, keys, pad types and the rows of its netlist, each with its line.

The rules are those of the format's public description (artwork.com, "What's in an AIF file", "Most common AIF errors",
"AIF II extension for multiple die"): sections like an INI file, ``;`` starts a comment anywhere, a reader skips the
sections it does not know, names of pad types are case-sensitive, ``-`` means none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point
from kicad_rdl.read.documents import near, read_bytes, read_length
from kicad_rdl.units import UNITS, Nm

WIDTHS = (5, 6, 9)
"""Columns a netlist row may have; beyond these nine come bond fingers, which are read over."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a section without its comment; what continues it on later lines is joined with blanks."""

    line: int
    text: str

    @property
    def key(self) -> str:
        """What stands before the first ``=``, as written; empty where there is none."""
        before, equals, _ = self.text.partition("=")
        return before.strip() if equals else ""

    @property
    def value(self) -> str:
        """What stands after the first ``=``."""
        return self.text.partition("=")[2].strip()


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its entries."""

    name: str
    line: int
    entries: tuple[Entry, ...]

    def find(self, key: str) -> Entry | None:
        """The entry of a key, any case."""
        return next((entry for entry in self.entries if entry.key.upper() == key), None)


@dataclass(frozen=True, slots=True)
class AifFile:
    """An AIF file of version 1 or 2."""

    source: str
    unit: str
    sections: tuple[Section, ...]
    """Before the first header: a section without name."""

    def find(self, name: str) -> Section | None:
        """A section by name; any case, where none is written just so."""
        exact = next((section for section in self.sections if section.name == name), None)
        return exact or next((section for section in self.sections if section.name.upper() == name.upper()), None)

    def error(self, message: str, line: int | None = None) -> InputError:
        """A refusal with the place in this file."""
        return InputError(message, self.source, line)

    def length(self, text: str, what: str, line: int) -> Nm:
        """A number in the unit of the file."""
        return read_length(text, self.unit, what, self.source, line)

    def lengths(self, text: str, what: str, line: int) -> list[Nm]:
        """Numbers between blanks or commas."""
        return [self.length(word, what, line) for word in re.split(r"[\s,]+", text.strip()) if word]

    def size(self, section: Section, key: str) -> Nm | None:
        """A length above zero, or None where the section has no such key."""
        entry = section.find(key)
        if entry is None:
            return None
        found = self.lengths(entry.value, key, entry.line)
        if len(found) != 1 or found[0] <= 0:
            raise self.error(f'{key}="{entry.value}": one length above zero is needed', entry.line)
        return found[0]

    def point(self, section: Section, key: str) -> Point | None:
        """Two coordinates, or None where the section has no such key."""
        entry = section.find(key)
        if entry is None:
            return None
        found = self.lengths(entry.value, key, entry.line)
        if len(found) != 2:
            raise self.error(f'{key}="{entry.value}": two coordinates are needed, such as "{key}=0 0"', entry.line)
        return Point(*found)


def read_aif_file(path: Path) -> AifFile:
    """Splits an AIF file and finds its unit.

    Raises:
        InputError: not AIF, version 3, or no unit that is known.
    """
    source = str(path)
    text = _decoded(read_bytes(path))
    if text.lstrip().upper().startswith("(AIF"):
        raise InputError("this is AIF version 3, which is not read; export AIF version 2", source)
    file = AifFile(source, "um", tuple(_sections(text)))
    database = file.find("DATABASE")
    if database is None:
        if any(section.find("DIE_X") or section.find("DIE_NAME") for section in file.sections):
            return _with_unit(file, "DIE_UNITS")
        raise InputError("this is not AIF: it has no section [DATABASE]", source)
    kind, version = database.find("TYPE"), database.find("VERSION")
    if kind is not None and kind.value.upper() != "AIF":
        raise InputError(f'[DATABASE] says TYPE={kind.value}; this reader knows "AIF"', source, kind.line)
    if version is not None and not re.fullmatch(r"V?2(\.\d+)?", version.value, re.IGNORECASE):
        raise InputError(f"AIF version {version.value} is not read; export version 2", source, version.line)
    return _with_unit(file, "UNITS")


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _sections(text: str) -> Iterator[Section]:
    name, start, entries = "", 1, list[Entry]()
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.partition(";")[0].strip()
        header = re.fullmatch(r"\[\s*([^\[\]\s]+)\s*\]", bare)
        if header:
            yield Section(name, start, tuple(entries))
            name, start, entries = header[1], number, []
        elif bare and name.upper() != "NETLIST" and "=" not in bare and entries and entries[-1].key and name:
            entries[-1] = Entry(entries[-1].line, f"{entries[-1].text} {bare}")  # POLY and OUTLINE run on
        elif bare:
            entries.append(Entry(number, bare))
    yield Section(name, start, tuple(entries))


def _with_unit(file: AifFile, key: str) -> AifFile:
    for section in file.sections:
        entry = section.find(key)
        if entry is not None:
            unit = entry.value.lower()
            if unit not in UNITS:
                hint = near(unit, list(UNITS)) or "; use um, mm, cm, inch or mil"
                raise file.error(f'{key}={entry.value}: unknown unit "{unit}"{hint}', entry.line)
            return AifFile(file.source, unit, file.sections)
    if key == "UNITS":
        raise file.error("[DATABASE] names no unit; add UNITS=um (or mm, cm, inch, mil)")
    return file  # version 1 counts in micrometres where it says nothing


@dataclass(frozen=True, slots=True)
class NetlistRow:
    """A row of ``[NETLIST]``; None for ``-`` and for columns that are not there."""

    line: int
    net: str | None
    pad: str | None
    pad_type: str | None
    pad_at: tuple[str, str] | None
    ball: str | None = None
    ball_type: str | None = None
    ball_at: tuple[str, str] | None = None


def netlist_rows(file: AifFile, section: Section) -> Iterator[NetlistRow]:
    """The rows: 5, 6 or 9 columns, or more, where bond fingers follow."""
    for entry in section.entries:
        words = entry.text.split()
        cells = [*words[:3], *(cell for word in words[3:] for cell in _cells(word))]
        if len(cells) not in WIDTHS and len(cells) < max(WIDTHS):
            raise file.error(
                f"a netlist row of {len(cells)} columns; it has 5 (net, pad, pad type, x, y), 6 (and the ball), "
                '9 (and ball type, x, y) or 14 (and the finger), with "-" for what is not there and no blank in a name',
                entry.line,
            )
        known = [None if cell == "-" else cell for cell in cells] + [None] * (max(WIDTHS) - len(cells))
        net, pad, kind, x, y, ball, ball_type, ball_x, ball_y = known[: max(WIDTHS)]
        yield NetlistRow(entry.line, net, pad, kind, _pair(x, y), ball, ball_type, _pair(ball_x, ball_y))


def _cells(word: str) -> list[str]:
    """A pair of coordinates may have a comma between its numbers; that of a net belongs to its name."""
    return [cell for cell in word.split(",") if cell] if re.fullmatch(r"[-+.\d]+,[-+.\d]*", word) else [word]


def _pair(x: str | None, y: str | None) -> tuple[str, str] | None:
    return None if x is None or y is None else (x, y)
