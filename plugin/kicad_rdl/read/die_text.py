"""Cadence die text: a header of keys, and a table of die pins whose columns are named by a line above it.

As the manual of Allegro Package Designer describes it: lines of ``#`` are comments, the header (``Units``, ``Name``,
``DieType``, ``DieOrient``, ``Extents`` ...) and the line of column names are optional, columns are separated by blanks,
tabs or a sign. A spreadsheet that the file went through has put cells into quotes and filled lines up with signs.
Coordinates are those of the chip layout, seen onto the active face; ``DieOrient: ChipDown`` says that the tool mirrors
them in x when it places the die, which is what happens here with every die.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point
from kicad_rdl.model.die import Bump, PlacedDie
from kicad_rdl.model.source import Source
from kicad_rdl.read.bumps import NO_NET
from kicad_rdl.read.columns import split_unit
from kicad_rdl.read.documents import read_bytes, read_length
from kicad_rdl.read.outline import Box, DrawnBump, die_in, extents
from kicad_rdl.read.source_options import SourceOptions
from kicad_rdl.units import UNITS

UNIT_NAMES = {
    "microns": "um", "micron": "um", "micrometers": "um", "millimeters": "mm", "millimeter": "mm", "mils": "mil",
    "inches": "inch", "centimeters": "cm", "nanometers": "nm",
}  # fmt: skip

COLUMNS: dict[str, tuple[str, ...]] = {
    "number": ("pin number", "pad number", "bump number", "pin no", "pad no", "die pad number", "number", "no", "pin",
               "pad", "bump", "die pin", "die pad"),
    "name": ("pin name", "pad name", "bump name", "port name", "port", "name"),
    "x": ("x coord", "x coordinate", "x location", "x loc", "x pos", "x position", "x"),
    "y": ("y coord", "y coordinate", "y location", "y loc", "y pos", "y position", "y"),
    "net": ("net name", "net", "signal name", "signal", "logical net", "net_name"),
    "padstack": ("padstack name", "padstack", "pad stack", "pad type"),
    "": ("rotation", "rot", "pin use", "use", "pin type", "swap code", "swap group", "swap", "io type", "direction"),
}  # fmt: skip
"""Column names by meaning, as written in the line above the pins; ``""``: known, and read over."""

MEANINGS = {phrase: meaning for meaning, phrases in COLUMNS.items() for phrase in phrases}
PHRASE_WORDS = 3

KEY = re.compile(r"\s*([A-Za-z][A-Za-z ]*?)\s*:\s*(.*?)\s*")
KEYS = ("dieorient", "dietype", "extents", "def design", "refdes", "units")
"""Keys by which a die text is told from a table."""

OTHER_SECTION = re.compile(r"(padstacks?|shapes?|hierarchical|grid|end)\b", re.IGNORECASE)
"""Begins a section without pins."""

UNIT_ALONE = re.compile(r"[(\[]\w+[)\]]")
"""A unit that stands apart from the name of its column: ``X (um)``."""

SIGNS = (",", ";", "|", "\t")
FILLING = "".join(SIGNS) + " "
HEADER_LINES = 200


@dataclass(slots=True)
class _Content:
    header: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By key in small letters: value and line."""
    pins: list[tuple[list[str], int]] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    unit: str | None = None
    """As the names of the columns have it, ``X_UM``; it wins over the header."""
    skipped: list[tuple[str, int]] = field(default_factory=list)
    """Title and line of sections that were read over."""


def is_die_text(path: Path) -> bool:
    """Whether a text file looks like die text: a key of its header, or column names separated by blanks."""
    lines = _lines(path)[:HEADER_LINES]
    for line in lines:
        found = KEY.fullmatch(_key_line(line))
        if found is not None and found[1].lower() in KEYS:
            return True
    return any(_columns(line, None) is not None for line in lines if not any(sign in line for sign in SIGNS))


def read_die_text(path: Path, options: SourceOptions) -> Source:
    """The die of a die text file.

    Raises:
        InputError: with the line of what cannot be used.
    """
    source = str(path)
    content = _content(path, source)
    if not content.columns:
        raise InputError(
            "no line names the columns of the pins; write one above them, such as "
            '"Pin Number  X Coord  Y Coord  Net Name"',
            source,
        )
    unit = _unit(content, options, source)
    drawn = tuple(_pin(cells, content.columns, unit, options, source, line) for cells, line in content.pins)
    box = _outline(content.header, unit, options, source)
    if box is None and drawn:
        box = extents(drawn)
    name = content.header.get("name", ("", 0))[0]
    die = die_in(options.name or name or path.stem, drawn, box or Box(0, 0, 0, 0), source)
    return Source((PlacedDie(die, mirrored=options.face != "down"),), notes=tuple(_notes(content, source)))


def _lines(path: Path) -> list[str]:
    return read_bytes(path).decode("latin-1").removeprefix("\u00ef\u00bb\u00bf").splitlines()


def _content(path: Path, source: str) -> _Content:
    content = _Content()
    sign: str | None = None
    inside = False
    for line, text in enumerate(_lines(path), start=1):
        if not text.strip(FILLING) or text.lstrip().startswith("#"):
            continue
        sign_here = next((each for each in SIGNS if text.count(each) >= 2), None)
        columns = _columns(text, sign_here)
        if columns is not None:
            if content.columns:
                raise InputError("the columns of the pins are named a second time", source, line)
            content.columns, sign, inside = columns, sign_here, True
            content.unit = _unit_of_columns(text, sign)
        elif OTHER_SECTION.match(text.strip()):
            content.skipped.append((text.strip(), line))
            inside = False
        elif inside:
            content.pins.append((_cells(text, sign), line))
        elif not content.columns and (found := KEY.fullmatch(_key_line(text))) is not None:
            content.header[found[1].lower()] = (found[2], line)
        elif not content.skipped:
            raise InputError(
                f'"{text.strip()[:40]}" is neither a key of the header nor a line of column names with x and y',
                source,
                line,
            )
    return content


def _cells(text: str, sign: str | None) -> list[str]:
    """Between the signs, or between blanks, without quotes."""
    return text.split() if sign is None else [cell.strip().strip('"') for cell in text.split(sign)]


def _key_line(text: str) -> str:
    """A line of the header without what a spreadsheet adds."""
    plain = text.lstrip().rstrip(FILLING)
    return plain[1:-1].replace('""', '"') if len(plain) > 1 and plain[0] == plain[-1] == '"' else plain


def _columns(text: str, sign: str | None) -> tuple[str, ...] | None:
    """The meaning of each column of a line of names; None where it has not both x and y and a name for the pin.

    Names have blanks, and blanks separate them too: the longest known names count.
    """
    found: list[str] = []
    if sign is not None:
        found = [_meaning(cell) or "" for cell in _cells(text, sign)]
    else:
        words = [word for word in text.lower().split() if not UNIT_ALONE.fullmatch(word)]
        at = 0
        while at < len(words):
            for count in range(min(PHRASE_WORDS, len(words) - at), 0, -1):
                meaning = _meaning(" ".join(words[at : at + count]))
                if meaning is not None:
                    break
            found.append(meaning or "")
            at += count
    if not {"x", "y"} <= set(found) or not {"number", "name"} & set(found):
        return None
    return tuple(found)


def _meaning(phrase: str) -> str | None:
    """Of a column's name, with or without a unit behind it."""
    plain = " ".join(phrase.lower().split())
    return MEANINGS.get(plain, MEANINGS.get(split_unit(plain)[0]))


def _unit_of_columns(text: str, sign: str | None) -> str | None:
    for name in _cells(text, sign):
        if UNIT_ALONE.fullmatch(name) or _meaning(name) in ("x", "y"):
            unit = split_unit(f"x {name}")[1]
            if unit is not None:
                return unit
    return None


def _unit(content: _Content, options: SourceOptions, source: str) -> str:
    if content.unit is not None:
        return content.unit
    value, line = content.header.get("units", ("", 0))
    word = re.split(r"[\s,]", value.strip(), maxsplit=1)[0].lower()
    if not word:
        return options.unit or "um"
    unit = UNIT_NAMES.get(word, word)
    if unit not in UNITS:
        raise InputError(f'unknown unit "{word}"; use one of {", ".join(UNIT_NAMES)}', source, line)
    return unit


def _outline(header: Mapping[str, tuple[str, int]], unit: str, options: SourceOptions, source: str) -> Box | None:
    """The extents of the header; else its width and height around the origin, or those of the user."""
    width, height = options.width, options.height
    if "extents" in header:
        text, line = header["extents"]
        numbers = re.findall(r"[^\s(),]+", text)
        if len(numbers) != 4:
            raise InputError('extents are written "Extents: ((-500 -500) (500 500))"', source, line)
        left, bottom, right, top = (read_length(number, unit, "Extents", source, line) for number in numbers)
        return Box.around((Point(left, bottom), Point(right, top))).resized(width, height)
    for key in ("width", "height"):
        if key in header and (width if key == "width" else height) is None:
            text, line = header[key]
            length = read_length(text, unit, key.capitalize(), source, line)
            width, height = (length, height) if key == "width" else (width, length)
    if width is None or height is None:
        return None
    corner = Point(0, 0) if options.origin == "lower left" else Point(-(width // 2), -(height // 2))
    return Box(corner.x, corner.y, corner.x + width, corner.y + height)


def _pin(
    cells: list[str], columns: tuple[str, ...], unit: str, options: SourceOptions, source: str, line: int
) -> DrawnBump:
    texts: dict[str, str] = {}
    for meaning, cell in zip(columns, cells, strict=False):
        if meaning:
            texts.setdefault(meaning, cell)
    name = texts.get("number") or texts.get("name")
    if not name or "x" not in texts or "y" not in texts:
        raise InputError(
            f"the line has {len(cells)} columns where {len(columns)} are named; a pin needs its number, x and y",
            source,
            line,
        )
    if len(cells) > len(columns):
        raise InputError(f"the line has {len(cells)} columns where {len(columns)} are named", source, line)
    at = Point(*(read_length(texts[axis], unit, f'pin "{name}": {axis}', source, line) for axis in "xy"))
    # without a column for nets, the pin's name is what it is connected to
    net: str | None = texts.get("net", "") if "net" in columns else (texts.get("name", "") if "number" in texts else "")
    if net is not None and net.lower() in NO_NET:
        net = None
    padstack = texts.get("padstack", "")
    return DrawnBump(Bump(name, at, net, options.types.get(padstack, options.shape)), line, padstack)


def _notes(content: _Content, source: str) -> list[str]:
    notes = [f'{source}:{line}: the section "{title[:40]}" is read over' for title, line in content.skipped]
    orient, line = content.header.get("dieorient", ("", 0))
    if orient.lower() == "chipup":
        notes.append(f"{source}:{line}: DieOrient is ChipUp; here every die has its face towards the RDLs")
    for key, usual in (("origin", {"0"}), ("rotation", {"0"})):
        text, line = content.header.get(key, ("", 0))
        numbers = {re.sub(r"^-?0*\.?0*$", "0", number) for number in re.findall(r"[^\s(),]+", text)}
        if not numbers <= usual:
            notes.append(f"{source}:{line}: {key.capitalize()} {text} is read over; place the die in the job")
    return notes
