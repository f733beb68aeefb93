"""What changed from one bump map to another, in whatever formats they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kicad_rdl.conversion.sources import Reading, read_map
from kicad_rdl.diff.changes import BALLS, Comparison, Difference, compare
from kicad_rdl.diff.forms import difference_csv
from kicad_rdl.errors import InputError, UnitError
from kicad_rdl.model.source import Source
from kicad_rdl.read.source import bumps_as_balls
from kicad_rdl.units import parse_length
from kicad_rdl.writing.one_file import replace_file


def difference(old: Reading, new: Reading, how: Comparison, of: str | None = None) -> Difference:
    """Reads and compares two maps.

    Args:
        old: the map that is there.
        new: the map that is wanted.
        how: what counts as different.
        of: only this die of either file, or ``balls`` (of a file that knows one die only: its bumps); None: all.

    Raises:
        InputError: a file cannot be used, or the two have nothing in common that could be compared.
    """
    one, other = (_only(read_map(asked), asked, of) for asked in (old, new))
    found = compare(one, other, how)
    if not found.groups:
        kinds = [BALLS if source.balls else "dies" for source in (one, other)]
        raise InputError(
            f"nothing to compare: {old.path} has {kinds[0]} only and {new.path} has {kinds[1]} only; "
            "--of balls takes the bumps of a single die for balls"
        )
    notes = [*one.notes, *other.notes, *found.notes]
    return replace(found, notes=tuple(dict.fromkeys(notes)))


def comparison(tolerance: str, shapes: bool, align: bool) -> Comparison:
    """What counts as different.

    Raises:
        InputError: the tolerance is no length, or below zero.
    """
    try:
        length = parse_length(tolerance)
    except UnitError as error:
        raise InputError(f"--tolerance: {error}") from None
    if length < 0:
        raise InputError(f'--tolerance "{tolerance}" is below zero')
    return Comparison(length, shapes, align)


def write_list(found: Difference, path: Path) -> None:
    """The ECO list as a CSV file.

    Raises:
        InputError: it cannot be written.
    """
    replace_file(path, difference_csv(found).encode())


def _only(source: Source, asked: Reading, of: str | None) -> Source:
    if of is None:
        return source
    if of == BALLS and source.balls:
        return replace(source, dies=())
    if of == BALLS and len(source.dies) == 1:
        return replace(source, dies=(), balls=bumps_as_balls(source, asked.options))
    dies = [placed for placed in source.dies if placed.die.name == of]
    if dies:
        return replace(source, dies=tuple(dies), balls=())
    there = ", ".join([*(placed.die.name for placed in source.dies), *([BALLS] if source.balls else [])])
    raise InputError(f"--of {of}: there is no such map in this file; there are: {there}", str(asked.path))
