"""A Source as AIF of version 2; several dies as its MCM form.

Numbers are exact (nanometres as decimals of the unit). Dies are written where they are in the package, seen from above,
turned and mirrored as they lie, since AIF knows neither. A die without a package is shown as chip layouts do, looking
onto its face.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kicad_rdl.errors import InputError
from kicad_rdl.exchange.names import word
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape, corners
from kicad_rdl.model.die import Bump, PlacedDie
from kicad_rdl.model.source import Source, SourceBall
from kicad_rdl.units import Nm, format_length

VERSION = "2.0"
NONE = "-"
FORM = "AIF"
PAD_HEADING = (";NET", "PAD", "TYPE", "X", "Y")
BALL_HEADING = ("BALL", "BALLTYPE", "BALL_X", "BALL_Y")


def aif_text(source: Source, unit: str = "um") -> str:
    """The file; pads in the order of the bump maps, each with its ball where one is given, then the other balls.

    Raises:
        InputError: a name that AIF cannot hold (blank, semicolon).
    """
    lone, mcm = source.is_lone_die, len(source.dies) > 1
    if lone:
        source = replace(source, dies=(_onto_its_face(source.dies[0]),))
    return (
        "\n".join([*_head(unit, mcm, lone), *_dies(source, unit, mcm), *_pads(source, unit), *_rows(source, unit, mcm)])
        + "\n"
    )


def _onto_its_face(placed: PlacedDie) -> PlacedDie:
    """Upright in the origin; a die that is placed without mirroring was drawn through its back."""
    seen = PlacedDie(placed.die, mirrored=not placed.mirrored)
    return PlacedDie(replace(placed.die, bumps=seen.bumps))


def _head(unit: str, mcm: bool, lone: bool) -> Iterator[str]:
    yield "; the die, looking onto its face" if lone else "; the package from above; dies as they lie in it"
    yield from ("[DATABASE]", "TYPE=AIF", f"VERSION={VERSION}", f"UNITS={unit}")
    if mcm:
        yield "MCM=TRUE"
    yield ""


def _dies(source: Source, unit: str, mcm: bool) -> Iterator[str]:
    if mcm:
        _refuse_ambiguous([placed.die.name for placed in source.dies])
        yield "[MCM_DIE]"
        for placed in source.dies:
            name = _die_name(placed)
            yield f"{name}={name}"
        yield ""
    for placed in source.dies:
        name = _die_name(placed)
        width, height = placed.size
        yield f"[MCM_{name}_{name}]" if mcm else "[DIE]"
        if not mcm:
            yield f"NAME={name}"
        yield f"WIDTH={format_length(width, unit)}"
        yield f"HEIGHT={format_length(height, unit)}"
        yield f"CENTER={_pair(placed.at, unit)}"
        yield ""
    if source.balls or source.width is not None:
        yield "[BGA]"
        yield "NAME=BGA1"
        if source.width is not None and source.height is not None:
            yield f"WIDTH={format_length(source.width, unit)}"
            yield f"HEIGHT={format_length(source.height, unit)}"
        yield ""


def _refuse_ambiguous(names: list[str]) -> None:
    """With several dies a pad is called DIE.PAD."""
    for name in names:
        if any(other.startswith(f"{name}.") for other in names):
            raise InputError(
                f'die "{name}": with several dies {FORM} calls a pad "{name}.1"; give the dies other names'
            )


def _die_name(placed: PlacedDie) -> str:
    return word(placed.die.name, "die", FORM, ";=[],")


def _pads(source: Source, unit: str) -> Iterator[str]:
    yield "[PADS]"
    for shape in dict.fromkeys(_shapes(source)):
        yield f"{_type(shape, unit)}={_shape(shape, unit)}"
    yield ""


def _shapes(source: Source) -> Iterable[Shape]:
    for placed in source.dies:
        yield from (bump.shape for bump in placed.bumps)
    yield from (ball.shape for ball in source.balls if ball.shape is not None)


def _type(shape: Shape, unit: str) -> str:
    """A name that says the shape: ``C35``, ``S80``, ``R80x60``, ``O45``."""
    match shape:
        case Circle(d):
            return f"C{format_length(d, unit)}"
        case Octagon(w):
            return f"O{format_length(w, unit)}"
        case Rectangle(w, h):
            return f"S{format_length(w, unit)}" if w == h else f"R{format_length(w, unit)}x{format_length(h, unit)}"


def _shape(shape: Shape, unit: str) -> str:
    match shape:
        case Circle(d):
            return f"CIRCLE {format_length(d, unit)}"
        case Rectangle(w, h):
            same = w == h
            return f"SQUARE {format_length(w, unit)}" if same else f"RECTANGLE {_lengths((w, h), unit)}"
        case Octagon():
            points = [Point(round(x), round(y)) for x, y in corners(shape)]
            return "POLY " + " ".join(
                f"{format_length(p.x, unit)},{format_length(p.y, unit)}" for p in [*points, points[0]]
            )


def _rows(source: Source, unit: str, mcm: bool) -> Iterator[str]:
    yield "[NETLIST]"
    balls = {ball.name: ball for ball in source.balls}
    told: set[str] = set()
    with_balls = bool(balls) or any(bump.ball for placed in source.dies for bump in placed.die.bumps)
    rows = [(*PAD_HEADING, *(BALL_HEADING if balls else BALL_HEADING[:1] if with_balls else ()))]
    for placed in source.dies:
        for bump in placed.bumps:
            row = _pad_cells(placed, bump, unit, mcm)
            if with_balls:
                row += _ball_cells(bump.ball, balls, unit)
                ball = balls.get(bump.ball) if bump.ball is not None else None
                told.update([ball.name] if ball is not None and ball.net == bump.net else [])
            rows.append(row)
    for ball in source.balls:
        if ball.name not in told:
            net = _net(ball.net)
            rows.append((net, *[NONE] * 4, *_ball_cells(ball.name, balls, unit)))
    return (yield from _columns(rows))


def _pad_cells(placed: PlacedDie, bump: Bump, unit: str, mcm: bool) -> tuple[str, ...]:
    name = word(bump.name, "bump", FORM, ";")
    label = f"{_die_name(placed)}.{name}" if mcm else name
    return (_net(bump.net), label, _type(bump.shape, unit), *_cells(bump.at, unit))


def _ball_cells(name: str | None, balls: dict[str, SourceBall], unit: str) -> tuple[str, ...]:
    ball = balls.get(name) if name is not None else None
    cell = NONE if name is None else word(name, "ball", FORM, ";,")
    if not balls:
        return (cell,)
    if ball is None:
        return (cell, NONE, NONE, NONE)
    return (cell, NONE if ball.shape is None else _type(ball.shape, unit), *_cells(ball.at, unit))


def _net(net: str | None) -> str:
    return NONE if net is None else word(net, "net", FORM, ";")


def _cells(at: Point, unit: str) -> tuple[str, str]:
    return format_length(at.x, unit), format_length(at.y, unit)


def _pair(at: Point, unit: str) -> str:
    return " ".join(_cells(at, unit))


def _lengths(lengths: tuple[Nm, ...], unit: str) -> str:
    return " ".join(format_length(length, unit) for length in lengths)


def _columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Rows under each other."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        yield " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
