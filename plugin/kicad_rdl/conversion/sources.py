"""Any bump map as a Source: a file with what the user says of it, or a job with the balls its build assigned."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kicad_rdl.errors import InputError, ModelError, UnitError
from kicad_rdl.geometry import Circle, Octagon, Rectangle, Shape
from kicad_rdl.model.die import Bump, PlacedDie
from kicad_rdl.model.package import Package
from kicad_rdl.model.source import Source, SourceBall
from kicad_rdl.read.ball_map import BallMapOptions, read_ball_map
from kicad_rdl.read.columns import WORDS
from kicad_rdl.read.documents import near
from kicad_rdl.read.job import read_job
from kicad_rdl.read.source import read_source
from kicad_rdl.read.source_options import SourceOptions
from kicad_rdl.units import UNITS, Nm, parse_length

BALL_MAP = "ballmap.csv"
"""What ``build`` calls the map of the balls it assigned; beside a job it is taken for its result."""
LISTS = ("lef", "cells", "dies")
CHOICES: dict[str, tuple[str, ...]] = {
    "face": ("up", "down"),
    "origin": ("die centre", "lower left"),
    "unit": tuple(UNITS),
}
TYPE = "type."
"""Begins the key of the shape of one type of bump, cell or padstack: ``type.BUMP80 = circle 80 um``."""
HEADER = "headers."
"""Begins the key of a column of a table: ``headers.x = Die X``, or its number, ``headers.x = 3``."""
KEYS = ("name", "width", "height", "origin", "unit", "face", "shape", "sheet", *LISTS, "chiplet", "balls", "ballmap")

DRAWN = (".kicad_pcb", ".kicad_mod")
TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
CHIPLETS = (".3dbv", ".3dbx")
TAKEN_BY: dict[str, tuple[str, ...]] = {
    "sheet": (".xlsx", ".xlsm"),
    "lef": (".def", *CHIPLETS),
    "cells": (".def",),
    "chiplet": CHIPLETS,
    "dies": (".kicad_pcb",),
    "balls": (".kicad_pcb",),
    "origin": (*TABLES, ".bmap", ".die"),
    "unit": (*TABLES, ".die"),
    "ballmap": (".toml",),
}
"""Suffixes of the formats that ask for a key; the other keys are for all but jobs and, of shapes, KiCad's files."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read one file."""

    path: Path
    options: SourceOptions
    ball_map: Path | None = None
    """Of a job: the ball map of its build."""


def reading(path: Path, words: Iterable[tuple[str, str]]) -> Reading:
    """A file with what the user says of it, as pairs of key and value.

    Raises:
        InputError: an unknown key, or a value that it does not take.
    """
    values: dict[str, Any] = {}
    ball_map: Path | None = None
    for key, text in words:
        _refuse_unasked(path, key)
        if key.startswith(TYPE):
            values["types"] = {**values.get("types", {}), key.removeprefix(TYPE): shape_of(text)}
            continue
        if key.startswith(HEADER):
            values["headers"] = {**values.get("headers", {}), **_header(key.removeprefix(HEADER), text)}
            continue
        if key not in KEYS:
            hint = near(key, list(KEYS)) or f"; there are: {', '.join(KEYS)}"
            raise InputError(f'there is no option "{key}" for reading a bump map{hint}')
        if key == "ballmap":
            ball_map = Path(text)
        elif key in LISTS:
            values[key] = (*values.get(key, ()), Path(text) if key == "lef" else text)
        else:
            values[key] = _value(key, text)
    options = SourceOptions(**values)
    if (options.width is None) != (options.height is None):
        raise InputError("width and height of a die belong together; give both")
    return Reading(path, options, ball_map)


def _refuse_unasked(path: Path, key: str) -> None:
    """What a reader would pass over in silence is a mistake of the user's."""
    suffix = path.suffix.lower()
    formats = TABLES if key.startswith(HEADER) else TAKEN_BY.get(key)
    if formats is not None and suffix not in formats:
        raise InputError(f"{key} is for {', '.join(formats)} files only; leave it out", str(path))
    if suffix == ".toml" and key in KEYS and formats is None:
        raise InputError(
            f"a job says everything itself but its ball map; leave {key} out, or change the job", str(path)
        )
    if suffix in DRAWN and (key == "shape" or key.startswith(TYPE)):
        raise InputError(f"the pads of a KiCad file have shapes of their own; leave {key} out", str(path))


def _header(meaning: str, text: str) -> dict[str, str | int]:
    if meaning not in WORDS:
        raise InputError(f'there is no column "{meaning}" in a bump map; there are: {", ".join(WORDS)}')
    if text.isascii() and text.isdigit():
        if int(text) == 0:
            raise InputError(f"{HEADER}{meaning} = 0: columns count from 1")
        return {meaning: int(text)}
    return {meaning: text}


def _value(key: str, text: str) -> object:
    if key in CHOICES:
        if text.lower() not in CHOICES[key]:
            raise InputError(f'{key} = "{text}": use one of {", ".join(CHOICES[key])}')
        return text.lower()
    if key in ("width", "height"):
        return _length(key, text)
    return shape_of(text) if key == "shape" else text


def _length(key: str, text: str) -> Nm:
    try:
        length = parse_length(text)
    except UnitError as error:
        raise InputError(f"{key}: {error}") from None
    if length <= 0:
        raise InputError(f'{key} = "{text}": it must be greater than zero')
    return length


def shape_of(text: str) -> Shape:
    """``"circle 80 um"``, ``"square 60um"``, ``"octagon 70 um"`` or ``"rectangle 60 x 40 um"``.

    Raises:
        InputError: anything else.
    """
    match = re.fullmatch(r"\s*(\w+)\s+([\d.]+)\s*(?:x\s*([\d.]+)\s*)?([a-zµμ]+)\s*", text, re.IGNORECASE)
    try:
        if match is not None:
            first = parse_length(match[2], match[4])
            second = parse_length(match[3], match[4]) if match[3] else first
            match match[1].lower(), match[3]:
                case "circle", None:
                    return Circle(first)
                case "square", None:
                    return Rectangle(first, first)
                case "octagon", None:
                    return Octagon(first)
                case "rectangle", str():
                    return Rectangle(first, second)
    except (UnitError, ModelError) as error:
        raise InputError(f'shape = "{text}": {error}') from None
    raise InputError(f'shape = "{text}": write "circle 80 um", "square 60 um", "octagon 70 um", "rectangle 60 x 40 um"')


def read_map(asked: Reading) -> Source:
    """A bump map in any format, or the package of a job (``.toml``) with the balls that a build has assigned.

    Raises:
        InputError: the file cannot be used.
    """
    path = asked.path
    if path.suffix.lower() != ".toml":
        return read_source(path, asked.options)
    beside = path.parent / BALL_MAP
    return package_source(read_job(path).package, asked.ball_map or (beside if beside.is_file() else None))


def package_source(package: Package, ball_map: Path | None) -> Source:
    """A package as a source; balls have nets where a ball map or the job gives them."""
    nets: dict[str, str] = {}
    for rule in package.nets:
        if rule.allowed is not None and len(rule.allowed) == rule.balls:
            nets |= dict.fromkeys(rule.allowed, rule.name)
    if ball_map is not None:
        nets = _assigned(ball_map, package)
    taken: dict[str, list[str]] = {}
    for ball, net in nets.items():
        taken.setdefault(net, []).append(ball)
    only = {net: balls[0] for net, balls in taken.items() if len(balls) == 1}
    dies = tuple(replace(placed, die=replace(placed.die, bumps=_on_balls(placed, only))) for placed in package.dies)
    balls = tuple(SourceBall(ball.name, ball.at, nets.get(ball.name), package.ubm_pad) for ball in package.balls)
    return Source(dies, balls, package.width, package.height)


def _assigned(path: Path, package: Package) -> dict[str, str]:
    listed = read_ball_map(path, BallMapOptions(package.width, package.height))
    known = {ball.name for ball in package.balls}
    for ball in listed.balls:
        if ball.name not in known:
            raise InputError(f'ball "{ball.name}" is none of the job\'s; is this the ball map of its build?', str(path))
    return {ball.name: ball.net for ball in listed.balls if ball.net is not None}


def _on_balls(placed: PlacedDie, only: dict[str, str]) -> tuple[Bump, ...]:
    return tuple(
        replace(bump, ball=bump.ball or (only.get(bump.net) if bump.net is not None else None))
        for bump in placed.die.bumps
    )
