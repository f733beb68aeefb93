"""Where are the balls, and what are they called?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point
from kicad_rdl.model.package import Ball
from kicad_rdl.read.documents import near
from kicad_rdl.read.job_file import BallTable
from kicad_rdl.read.patterns import matches
from kicad_rdl.units import Nm


def letters(count: int, skip: str) -> tuple[str, ...]:
    """The first ``count`` row names: A, B ... without ``skip``, then AA, AB ..."""
    alphabet = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in skip]
    names: list[str] = []
    for index in range(count):
        name, rest = "", index + 1
        while rest:
            rest, digit = divmod(rest - 1, len(alphabet))
            name = alphabet[digit] + name
        names.append(name)
    return tuple(names)


def pitches(table: BallTable) -> tuple[Nm, Nm]:
    """Pitch along x and y."""
    return table.pitch_x or table.pitch or 0, table.pitch_y or table.pitch or 0


def ball_grid(table: BallTable, source: str) -> tuple[Ball, ...]:
    """The balls of a package, row by row from the top, each row from the left, seen from the die side."""
    sites = _full_grid(table)
    populated = [ball for row, place, ball in sites if _populated(table, row, place)]
    return left_over(populated, table, source, [ball for _, _, ball in sites])


def left_over(
    balls: Sequence[Ball], table: BallTable, source: str, named: Sequence[Ball] | None = None
) -> tuple[Ball, ...]:
    """The balls that the job does not take away, with those marked that it calls nc.

    Args:
        balls: what there is.
        table: for ``depopulate`` and ``nc``.
        source: the job file.
        named: balls that ``depopulate`` may name, if more than ``balls``.
    """
    gone = balls_named(named or balls, table.depopulate, source, "balls.depopulate")
    kept = [ball for ball in balls if ball.name not in gone]
    if not kept:
        raise InputError("balls: no ball is left; depopulate less", source)
    idle = balls_named(kept, table.nc, source, "balls.nc")
    return tuple(replace(ball, nc=ball.nc or ball.name in idle) for ball in kept)


def _full_grid(table: BallTable) -> list[tuple[int, int, Ball]]:
    """(row from the top, place in the row from the left, ball) of every site."""
    pitch_x, pitch_y = pitches(table)
    on_rows = table.letters == "rows"
    rows, columns = table.rows or 0, table.columns or 0
    names = letters(rows if on_rows else columns, table.skip_letters)
    sites: list[tuple[int, int, Ball]] = []
    for row in range(rows):
        count = _row_length(table, row)
        for place in range(count):
            x = (2 * place - (count - 1)) * pitch_x // 2 + table.offset[0]
            y = (rows - 1 - 2 * row) * pitch_y // 2 + table.offset[1]
            down = row if table.a1.startswith("top") else rows - 1 - row
            along = place if table.a1.endswith("left") else count - 1 - place
            letter, number = (names[down], along + 1) if on_rows else (names[along], down + 1)
            sites.append((row, place, Ball(f"{letter}{number}", letter, number, Point(x, y))))
    return sites


def _row_length(table: BallTable, row: int) -> int:
    return (table.columns or 0) - (row % 2 if table.staggered else 0)


def _populated(table: BallTable, row: int, place: int) -> bool:
    up_down = min(row, (table.rows or 0) - 1 - row)
    left_right = min(place, _row_length(table, row) - 1 - place)
    if up_down + left_right < table.depopulate_corners:
        return False
    return table.rings is None or min(up_down, left_right) < table.rings


def balls_named(balls: Sequence[Ball], wanted: Sequence[str], source: str, key: str) -> frozenset[str]:
    """Names of the balls that a list of names, blocks ``C3:F6`` and patterns ``D*`` means; only for lookup.

    Blocks reach over the sites between their two corner balls, by position.
    """
    by_name = {ball.name: ball for ball in balls}
    found: set[str] = set()
    for text in wanted:
        first, colon, last = text.partition(":")
        if colon:
            corners = [by_name.get(first.strip()), by_name.get(last.strip())]
            if corners[0] is None or corners[1] is None:
                raise InputError(
                    f'{key}: "{text}" is no block of this grid; write two balls of it, such as C3:F6', source
                )
            (a, b) = (corners[0].at, corners[1].at)
            hits = [
                ball.name
                for ball in balls
                if min(a.x, b.x) <= ball.at.x <= max(a.x, b.x) and min(a.y, b.y) <= ball.at.y <= max(a.y, b.y)
            ]
        else:
            hits = [ball.name for ball in balls if matches(ball.name, text)]
        if not hits:
            hint = near(text, list(by_name)) or f"; they run from {balls[0].name} to {balls[-1].name}"
            raise InputError(f'{key}: "{text}" means no ball of this grid{hint}', source)
        found.update(hits)
    return frozenset(found)


def balls_at_side(balls: tuple[Ball, ...], sides: tuple[str, ...]) -> frozenset[str]:
    """Names of the balls whose nearest edge of the grid is one of ``sides``; on a diagonal a ball belongs to both."""
    left, right = min(b.at.x for b in balls), max(b.at.x for b in balls)
    bottom, top = min(b.at.y for b in balls), max(b.at.y for b in balls)
    found: set[str] = set()
    for ball in balls:
        away = {
            "left": ball.at.x - left,
            "right": right - ball.at.x,
            "bottom": ball.at.y - bottom,
            "top": top - ball.at.y,
        }
        if any(away[side] == min(away.values()) for side in sides):
            found.add(ball.name)
    return frozenset(found)


def balls_in_rows(balls: tuple[Ball, ...], text: str, source: str, key: str) -> frozenset[str]:
    """Names of the balls whose letter lies in ``C`` or ``A-D``."""
    order = sorted({ball.row for ball in balls}, key=lambda name: (len(name), name))
    if "" in order:
        raise InputError(f'{key} = "{text}": the balls of the map have no rows; name them with at', source)
    first, dash, last = (part.strip().upper() for part in text.partition("-"))
    last = last if dash else first
    if first not in order or last not in order or order.index(first) > order.index(last):
        raise InputError(f'{key} = "{text}": write one of the rows {order[0]} to {order[-1]}, or a range "A-C"', source)
    wanted = order[order.index(first) : order.index(last) + 1]
    return frozenset(ball.name for ball in balls if ball.row in wanted)


def balls_in_columns(balls: tuple[Ball, ...], text: str, source: str, key: str) -> frozenset[str]:
    """Names of the balls whose number lies in ``3`` or ``1-4``."""
    match = re.fullmatch(r"\s*([0-9]{1,4})\s*(?:-\s*([0-9]{1,4})\s*)?", text, re.ASCII)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    found = frozenset(ball.name for ball in balls if first <= ball.column <= last)
    if not all(ball.row for ball in balls):
        raise InputError(f'{key} = "{text}": the balls of the map have no columns; name them with at', source)
    if not found:
        most = max(ball.column for ball in balls)
        raise InputError(f'{key} = "{text}": write one of the columns 1 to {most}, or a range "1-4"', source)
    return found
