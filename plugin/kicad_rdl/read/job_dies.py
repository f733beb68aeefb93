"""Which dies does the job name, and where do they lie?"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.model.technology import Technology
from kicad_rdl.read.given import BumpSource
from kicad_rdl.read.job_file import FILE_NAME_LIMIT, DieTable, ShapeTable
from kicad_rdl.read.source import is_table, read_source
from kicad_rdl.read.source_options import SourceOptions

USUAL_NAME = "die"
"""Of the die of a table."""


def read_dies(tables: list[DieTable], technology: Technology, path: Path) -> tuple[BumpSource, ...]:
    """The dies of all tables of a job, each with the file of its bumps.

    Raises:
        InputError: a file that cannot be used, or two dies of one name.
    """
    dies = tuple(die for table in tables for die in _dies(table, technology, path))
    names = [die.placed.die.name for die in dies]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f'two dies are called "{name}"; give each a die.name of its own', str(path))
    return dies


def _dies(table: DieTable, technology: Technology, path: Path) -> tuple[BumpSource, ...]:
    bumps = path.parent / table.bumps
    source = str(bumps)
    tabular = is_table(bumps)
    if tabular and (table.width is None or table.height is None):
        missing = "width" if table.width is None else "height"
        raise InputError(
            f'die: the key "{missing}" is missing; a table of bumps does not say how large the die is', str(path)
        )
    found = read_source(
        bumps,
        SourceOptions(
            name=table.name or (USUAL_NAME if tabular else None),
            width=table.width,
            height=table.height,
            origin=table.origin,
            unit=table.unit,
            face=table.face,
            shape=_shape(table.bump) if table.bump else Circle(technology.die_pad.opening),
            types={name: _shape(shape) for name, shape in table.types.items()},
            sheet=table.sheet,
            headers=dict(table.headers.items()),
            lef=tuple(path.parent / lef for lef in table.lef),
            cells=table.cells,
            chiplet=table.chiplet,
            dies=(table.chiplet,) if table.chiplet else (),
        ),
    )
    if not found.dies:
        raise InputError("the file has no die", source)
    if table.name is not None and len(found.dies) > 1:
        raise InputError(
            f"die.name is for one die; {table.bumps} has {len(found.dies)}, which bring their names", str(path)
        )
    return tuple(BumpSource(_placed(placed, table), source, found.notes) for placed in found.dies)


def _placed(placed: PlacedDie, table: DieTable) -> PlacedDie:
    """The die as its file has it, turned about the package centre and moved as the job asks."""
    return PlacedDie(
        replace(placed.die, name=table.name or _file_name(placed.die.name)),
        placed.at.turned(table.quarter_turns) + Point(*table.position),
        (placed.quarters + table.quarter_turns) % 4,
        placed.mirrored,
    )


def _file_name(name: str) -> str:
    """The name with an underscore for every character that a file's name should not have."""
    plain = re.sub(r"[^A-Za-z0-9._+-]", "_", name)[:FILE_NAME_LIMIT]
    return plain if plain[:1].isalnum() else f"die{plain}"[:FILE_NAME_LIMIT]


def _shape(table: ShapeTable) -> Shape:
    width = table.width or table.diameter
    assert width is not None  # ShapeTable has made sure of it
    match table.shape:
        case "circle":
            return Circle(width)
        case "octagon":
            return Octagon(width)
        case "square" | "rectangle":
            return Rectangle(width, table.height or width)
