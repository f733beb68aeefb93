"""Bump maps as tables: CSV, TSV or XLSX to bumps in the frame of their die."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kicad_rdl.errors import InputError, ModelError, UnitError
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape
from kicad_rdl.model.die import Bump
from kicad_rdl.read.columns import HEADER_ROWS, Header, Headers, find_header, no_header
from kicad_rdl.read.tables import Row, read_tables
from kicad_rdl.units import Nm, parse_length, um

NO_NET = (
    "", "-", "--", "nc", "n/c", "n.c.", "no connect", "no_connect", "not connected", "unconnected",
    "dnc", "do not connect",
)  # fmt: skip
"""Texts of a net column that mean: not connected (any case)."""

NAME_LIMIT = 200
"""Characters of a bump, net or ball name."""

LIMIT = 200_000
"""Bumps of the largest map that is read."""


DEFAULT_SHAPE = Circle(35_000)
"""The die-pad opening of the open decks."""


@dataclass(frozen=True, slots=True)
class BumpMapOptions:
    """What a bump map does not say itself."""

    width: Nm
    """Of the die."""
    height: Nm
    origin_lower_left: bool = False
    """Coordinates count from the die's lower left corner; else from its centre."""
    unit: str | None = None
    """Of columns whose header names none."""
    shape: Shape = DEFAULT_SHAPE
    """Of bumps without size."""
    types: Mapping[str, Shape] = field(default_factory=dict)
    """By the ``type`` column."""
    sheet: str | None = None
    headers: Headers = field(default_factory=dict)


def read_bumps(path: Path, options: BumpMapOptions) -> tuple[Bump, ...]:
    """The bumps in the order of the table, centre of the die as origin, not mirrored.

    Raises:
        InputError: no table in the file, or a row that cannot be used, with its line.
    """
    header, rows = _table(path, options)
    bumps: list[Bump] = []
    names: dict[str, int] = {}
    places: dict[Point, tuple[str, int]] = {}
    for row in rows:
        if header.is_empty(row) or row.cells[0].lstrip().startswith("#"):
            continue
        bump = _bump(row, header, options)
        if bump.name in names:
            raise InputError(
                f'bump "{bump.name}" is listed twice, in lines {names[bump.name]} and {row.line}; '
                "give every bump a name of its own",
                row.source,
                row.line,
            )
        if bump.at in places:
            other, line = places[bump.at]
            raise InputError(
                f'bumps "{other}" (line {line}) and "{bump.name}" (line {row.line}) are at the same place; remove one',
                row.source,
                row.line,
            )
        names[bump.name] = row.line
        places[bump.at] = (bump.name, row.line)
        bumps.append(bump)
        if len(bumps) > LIMIT:
            raise InputError(f"more than {LIMIT} bumps; is this a bump map?", row.source, row.line)
    if not bumps:
        raise InputError("the table has a header but no bump below it", str(path), header.line)
    return tuple(bumps)


def _table(path: Path, options: BumpMapOptions) -> tuple[Header, list[Row]]:
    """The first reading of the file that has a header, and the rows below it."""
    tried: list[Row] = []
    for rows in read_tables(path, options.sheet):
        found = find_header(rows, options.headers)
        if found is not None:
            index, header = found
            return header, rows[index + 1 :]
        tried += rows[:HEADER_ROWS]
    needs = 'the table needs a row that names its columns, at least name, x, y and net (such as "bump,x_um,y_um,net")'
    raise no_header(needs, options.headers, tried, str(path))


def _bump(row: Row, header: Header, options: BumpMapOptions) -> Bump:
    name = row.cell(header.name)
    if not name:
        raise InputError("the bump has no name; give it one, or remove the row", row.source, row.line)
    for text in (name, row.cell(header.net), row.cell(header.ball)):
        if not text.isprintable() or len(text) > NAME_LIMIT:
            raise InputError(
                f"the name {text[:20]!r} ... is longer than {NAME_LIMIT} characters or holds characters that cannot be "
                "printed; is this a bump map?",
                row.source,
                row.line,
            )
    x = _coordinate(row, header, "x", name, options)
    y = _coordinate(row, header, "y", name, options)
    given = Point(x, y)
    if options.origin_lower_left:
        at = Point(x - options.width // 2, y - options.height // 2)
        outside = not (0 <= x <= options.width and 0 <= y <= options.height)
    else:
        at = given
        outside = 2 * abs(x) > options.width or 2 * abs(y) > options.height
    if outside:
        origin = "lower left corner" if options.origin_lower_left else "centre"
        raise InputError(
            f'bump "{name}" at {um(x)}, {um(y)} from the {origin} of the die lies outside the die of '
            f"{um(options.width)} x {um(options.height)}; check its coordinates, die.origin and the unit",
            row.source,
            row.line,
        )
    net: str | None = row.cell(header.net).rstrip(", ")
    if net is not None and net.lower() in NO_NET:
        net = None
    ball = row.cell(header.ball) or None
    return Bump(name, at, net, _shape(row, header, name, options), None if ball in ("-", "*") else ball)


def _coordinate(row: Row, header: Header, axis: str, name: str, options: BumpMapOptions) -> Nm:
    column = header.lengths[axis]
    return length_in(row, column.index, column.unit or options.unit, f'bump "{name}": {axis}', row.source)


def length_in(row: Row, index: int, unit: str | None, what: str, source: str) -> Nm:
    """The length in a cell; ``what`` it is, for the message if it is none."""
    text = row.cell(index)
    if not text:
        raise InputError(f'{what} is empty; if the row is no entry of the map, put "#" before it', source, row.line)
    try:
        return parse_length(text, unit)
    except UnitError as error:
        hint = "" if unit else ' (or name the unit in the header, "x_um", or as die.unit in the job)'
        raise InputError(f"{what}: {error}{hint}", source, row.line) from None


def _shape(row: Row, header: Header, name: str, options: BumpMapOptions) -> Shape:
    """Size columns win over the type, the type over the default."""
    kind = row.cell(header.type)
    word = row.cell(header.shape).lower()
    base = options.types.get(kind, options.shape)
    sizes: dict[str, Nm] = {}
    for key in ("diameter", "width", "height"):
        column = header.lengths.get(key)
        if column is not None and row.cell(column.index):
            unit = column.unit or options.unit
            sizes[key] = length_in(row, column.index, unit, f'bump "{name}": {key}', row.source)
    try:
        return _sized(word, base, sizes)
    except ModelError as error:
        raise InputError(f'bump "{name}": {error}', row.source, row.line) from None


SHAPE_WORDS = {
    "circle": "circle",
    "round": "circle",
    "c": "circle",
    "square": "square",
    "sq": "square",
    "octagon": "octagon",
    "oct": "octagon",
    "rectangle": "rectangle",
    "rect": "rectangle",
    "rectangular": "rectangle",
}


def _sized(word: str, base: Shape, sizes: Mapping[str, Nm]) -> Shape:
    if not word and not sizes:
        return base
    if word and word not in SHAPE_WORDS:
        raise ModelError(f'unknown shape "{word}"; use circle, square, octagon or rectangle')
    width = sizes.get("width", sizes.get("diameter", _width(base)))
    height = sizes.get("height", width)
    kind = SHAPE_WORDS[word] if word else _word(base, sizes)
    match kind:
        case "circle":
            return Circle(width)
        case "octagon":
            return Octagon(width)
        case "square":
            return Rectangle(width, width)
        case _:
            return Rectangle(width, height)


def _word(base: Shape, sizes: Mapping[str, Nm]) -> str:
    """The shape meant by sizes alone."""
    if "height" in sizes and sizes["height"] != sizes.get("width", sizes.get("diameter")):
        return "rectangle"
    match base:
        case Circle():
            return "circle"
        case Octagon():
            return "octagon"
        case Rectangle():
            return "rectangle"


def _width(shape: Shape) -> Nm:
    return shape.diameter if isinstance(shape, Circle) else shape.width
