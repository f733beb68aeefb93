"""Which balls does a ball map list? Tables (CSV, TSV, XLSX) of ball, place and net.

Either the map has places, and is the list of all balls; or it has none, and names balls of a grid.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import shapely

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point
from kicad_rdl.model.package import Ball
from kicad_rdl.read.bumps import NAME_LIMIT, NO_NET, length_in
from kicad_rdl.read.columns import HEADER_ROWS, WORDS, Column, Headers, header_rows, no_header
from kicad_rdl.read.tables import Row, read_tables
from kicad_rdl.units import Nm

BALL_WORDS: dict[str, tuple[str, ...]] = {
    "name": (*WORDS["ball"], *WORDS["name"], "land", "site", "terminal"),
    "x": WORDS["x"],
    "y": WORDS["y"],
    "net": WORDS["net"],
    "nc": ("nc", "no connect", "not connected", "unused"),
}
"""Header words by meaning; the earlier word wins where several columns fit."""

FREE = ("", "-", "--", "*")
"""Texts of the net column that leave the ball to the tool; the other words for no net mean nc."""

YES = ("1", "yes", "y", "true", "x", "nc")
NO = ("", "0", "no", "n", "false", "-")

LIMIT = 40_000
"""Balls of the largest map that is read: as the largest grid."""


@dataclass(frozen=True, slots=True)
class BallMapOptions:
    """What a ball map does not say itself."""

    width: Nm
    """Of the package."""
    height: Nm
    origin_lower_left: bool = False
    """Coordinates count from the lower left corner of the package as the map shows it; else from its centre."""
    land_side: bool | None = False
    """The map looks at the balls, and is mirrored into the package; None: as is usual in its format."""
    offset: Point = Point(0, 0)  # noqa: RUF009 - a frozen value
    """Added to every place, in the package frame."""
    unit: str | None = None
    """Of columns whose header names none."""
    sheet: str | None = None
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MappedBall:
    """A row of a ball map; ``at`` in the package frame."""

    name: str
    at: Point | None
    net: str | None
    nc: bool
    line: int | None
    """None: the file is no table."""


@dataclass(frozen=True, slots=True)
class BallMap:
    """A ball map as it was read."""

    source: str
    balls: tuple[MappedBall, ...]
    placed: bool
    """Whether it has places; then every ball has one."""
    notes: tuple[str, ...] = ()
    """What the reader had to simplify or pass over."""


def read_ball_map(path: Path, options: BallMapOptions) -> BallMap:
    """The balls in the order of the table.

    Raises:
        InputError: no table in the file, or a row that cannot be used, with its line.
    """
    source = str(path)
    columns, header, rows = _table(path, options)
    placed = "x" in columns
    balls: list[MappedBall] = []
    names: dict[str, int] = {}
    places: dict[Point, MappedBall] = {}
    for row in rows:
        if not any(row.cell(column.index) for column in columns.values()) or row.cells[0].lstrip().startswith("#"):
            continue
        ball = _ball(row, columns, options)
        if ball.name in names:
            raise InputError(
                f'ball "{ball.name}" is listed twice, in lines {names[ball.name]} and {row.line}; '
                "give every ball one row",
                source,
                row.line,
            )
        if ball.at is not None and ball.at in places:
            other = places[ball.at]
            raise InputError(
                f'balls "{other.name}" (line {other.line}) and "{ball.name}" (line {row.line}) are at the same place; '
                "remove one",
                source,
                row.line,
            )
        names[ball.name] = row.line
        if ball.at is not None:
            places[ball.at] = ball
        balls.append(ball)
        if len(balls) > LIMIT:
            raise InputError(f"more than {LIMIT} balls; is this a ball map?", source, row.line)
    if not balls:
        raise InputError("the table has a header but no ball below it", source, header)
    return BallMap(source, tuple(balls), placed)


def _table(path: Path, options: BallMapOptions) -> tuple[dict[str, Column], int, list[Row]]:
    """Columns, line of the header, and the rows below it, of the first reading of the file that has a header."""
    asked = {"name" if meaning == "ball" else meaning: place for meaning, place in options.headers.items()}
    tried: list[Row] = []
    for rows in read_tables(path, options.sheet):
        for index, row, found in header_rows(rows, BALL_WORDS, asked):
            if "name" not in found or not ("net" in found or {"x", "y"} <= found.keys()):
                continue
            if ("x" in found) != ("y" in found):
                there, missing = ("x", "y") if "x" in found else ("y", "x")
                raise InputError(f"the header has a column for {there}, but none for {missing}", row.source, row.line)
            return found, row.line, rows[index + 1 :]
        tried += rows[:HEADER_ROWS]
    needs = (
        "a ball map needs a row that names its columns: ball and net, ball and x and y, or all four "
        '(such as "ball,x_um,y_um,net")'
    )
    raise no_header(needs, options.headers, tried, str(path))


def _ball(row: Row, columns: dict[str, Column], options: BallMapOptions) -> MappedBall:
    def text(meaning: str) -> str:
        return row.cell(columns[meaning].index) if meaning in columns else ""

    name, net = text("name"), text("net").rstrip(", ")
    if not name:
        raise InputError("the ball has no name; give it one, or remove the row", row.source, row.line)
    for each in (name, net):
        if not each.isprintable() or len(each) > NAME_LIMIT:
            raise InputError(
                f"the name {each[:20]!r} ... is longer than {NAME_LIMIT} characters or holds characters that cannot be "
                "printed; is this a ball map?",
                row.source,
                row.line,
            )
    free = net.lower() in FREE
    nc = not free and net.lower() in NO_NET
    word = text("nc").lower()
    if word not in YES + NO:
        raise InputError(f'ball "{name}": nc = "{word}"; write yes or no', row.source, row.line)
    if word in YES:
        if not (free or nc):
            raise InputError(f'ball "{name}" is nc and on net "{net}"; take away one of the two', row.source, row.line)
        nc = True
    return MappedBall(name, _place(row, columns, options, name), None if free or nc else net, nc, row.line)


def _place(row: Row, columns: dict[str, Column], options: BallMapOptions, name: str) -> Point | None:
    if "x" not in columns:
        return None
    x, y = (
        length_in(row, columns[axis].index, columns[axis].unit or options.unit, f'ball "{name}": {axis}', row.source)
        for axis in ("x", "y")
    )
    if options.origin_lower_left:
        x, y = x - options.width // 2, y - options.height // 2
    return Point(-x if options.land_side else x, y) + options.offset


def placed_balls(listed: BallMap) -> tuple[Ball, ...]:
    """The balls of a map with places. Rows and columns are known where every name is letters and a number."""
    parts = [re.fullmatch(r"([A-Za-z]{1,3})0*([0-9]{1,4})", ball.name, re.ASCII) for ball in listed.balls]
    found: list[Ball] = []
    for ball, part in zip(listed.balls, parts, strict=True):
        assert ball.at is not None
        row, column = (part[1].upper(), int(part[2])) if part and all(parts) else ("", 0)
        found.append(Ball(ball.name, row, column, ball.at, ball.nc))
    return tuple(found)


def nearest_pitches(places: Iterable[Point]) -> tuple[Nm, Nm] | None:
    """Pitch along x and y of balls: of a grid its own, else the distance of the two nearest; None: a single ball."""
    points = sorted(places)
    if len(points) < 2:
        return None
    dots = shapely.points([(p.x, p.y) for p in points])
    first, second = shapely.STRtree(dots).query_nearest(dots, exclusive=True, all_matches=False)
    nearest = min(
        math.isqrt((points[i].x - points[j].x) ** 2 + (points[i].y - points[j].y) ** 2)
        for i, j in zip(first.tolist(), second.tolist(), strict=True)
    )
    along_x = _least_step((p.y, p.x) for p in points)
    along_y = _least_step((p.x, p.y) for p in points)
    if along_x and along_y and min(along_x, along_y) == nearest:
        return along_x, along_y
    return nearest, nearest


def _least_step(lines: Iterable[tuple[Nm, Nm]]) -> Nm:
    """Least step along lines, each given as (line, place on it); 0 where no line has two."""
    last: dict[Nm, Nm] = {}
    least = 0
    for line, place in sorted(lines):
        if line in last:
            step = place - last[line]
            least = min(least or step, step)
        last[line] = place
    return least
