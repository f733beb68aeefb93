"""A bump map in another format, which the suffix of the output names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kicad_rdl.conversion.sources import Reading, read_map
from kicad_rdl.diff.changes import BALLS
from kicad_rdl.errors import InputError
from kicad_rdl.exchange.aif import aif_text
from kicad_rdl.exchange.bmap import bmap_text
from kicad_rdl.exchange.bumpmap import Listed, bump_map_rows, table_text, workbook_bytes
from kicad_rdl.geometry import Point
from kicad_rdl.model.source import Source
from kicad_rdl.read.source import is_table
from kicad_rdl.units import Nm, um
from kicad_rdl.writing.one_file import replace_file


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write of a source."""

    of: str | None = None
    """Into a format of one map: the name of a die, or ``balls``; None: the only die, else the balls."""
    unit: str | None = None
    """Of lengths, where the format leaves a choice; None: um."""
    mirrored: bool = False
    """A die as seen through its back, not looking onto its face; balls looking at them, not through the package."""
    lower_left: bool = False
    """Tables: count from the lower left corner of the outline, not from its centre."""
    cell: str = "BUMP"
    """Of the bumps of a ``.bmap``."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written, in words."""

    summary: str
    notes: tuple[str, ...]
    """What the old file says and the new one does not, and what was assumed."""


def convert(asked: Reading, output: Path, wanted: Wanted | None = None) -> Converted:
    """Reads a map and writes it in the format of the output's suffix.

    Raises:
        InputError: the input cannot be used, the format cannot hold it, or the output cannot be written.
    """
    path = asked.path
    wanted = wanted or Wanted()
    writer = WRITERS.get(output.suffix.lower())
    if writer is None:
        raise InputError(
            f'no format is known by the suffix "{output.suffix}"; use one of {", ".join(WRITERS)}', str(output)
        )
    if output.exists() and path.exists() and output.samefile(path):
        raise InputError("input and output are the same file; give the output another name", str(output))
    source = read_map(asked)
    try:
        content, what = writer(source, wanted)
    except InputError as error:
        raise InputError(str(error), str(path)) from None
    replace_file(output, content)
    return Converted(f"{output}: {what}", (*source.notes, *_lost(source, asked, output, wanted)))


def _lost(source: Source, asked: Reading, output: Path, wanted: Wanted) -> list[str]:
    """What the new file does not say though the old one does, or says though the old one does not."""
    notes: list[str] = []
    path, suffix = asked.path, output.suffix.lower()
    sizeless = path.suffix.lower() == ".bmap" or is_table(path)
    if sizeless and asked.options.width is None and source.dies and suffix in (".aif", ".bmap"):
        width, height = source.dies[0].size
        size = f"{um(width)} x {um(height)}"
        notes.append(f"{path} does not give the size of the die; {size} hold its bumps (-s width=, -s height=)")
    if suffix == ".aif":
        if wanted.mirrored:
            notes.append("--mirrored has no effect: AIF shows a package from above, and a die alone onto its face")
        return notes
    name = _chosen(source, wanted)
    others = [placed.die.name for placed in source.dies if placed.die.name != name]
    others += [f"{len(source.balls)} balls"] if source.balls and not _are_balls(source, name) else []
    if others:
        notes.append(f"{suffix} holds one map, that of {name}; left out: {', '.join(others)} (--of writes another)")
    if suffix == ".bmap" and path.suffix.lower() in (".bmap", ".3dbx", ".3dbv"):
        notes.append(f"cells and ports are not kept: the cell is {wanted.cell} (--cell), the port is none")
    if suffix == ".bmap":
        with_ball = sum(item.ball is not None for item in _listed(source, name, wanted))
        if with_ball:
            notes.append(f".bmap has no place for the balls that {with_ball} bumps are given to")
    return notes


def _chosen(source: Source, wanted: Wanted) -> str:
    names = [placed.die.name for placed in source.dies]
    if wanted.of is not None:
        if wanted.of in names or (wanted.of == BALLS and source.balls):
            return wanted.of
        there = ", ".join([*names, *([BALLS] if source.balls else [])])
        raise InputError(f"--of {wanted.of}: there is no such map; there are: {there or 'none'}")
    if len(names) > 1:
        raise InputError(f"there are {len(names)} dies; choose one with --of ({', '.join(names)}), or write AIF")
    return names[0] if names else BALLS


def _listed(source: Source, name: str, wanted: Wanted) -> list[Listed]:
    """The rows of one map, around the centre of its outline."""
    if _are_balls(source, name):
        rows = [Listed(ball.name, ball.at, ball.net, ball.shape) for ball in source.balls]
        return _flipped(rows) if wanted.mirrored else rows
    placed = next(placed for placed in source.dies if placed.die.name == name)
    rows = [Listed(bump.name, bump.at, bump.net, bump.shape, bump.ball) for bump in placed.die.bumps]
    # a placed die that is not mirrored shows its back, since its face looks at the layers
    return rows if placed.mirrored != wanted.mirrored else _flipped(rows)


def _flipped(rows: Sequence[Listed]) -> list[Listed]:
    return [replace(row, at=Point(-row.at.x, row.at.y)) for row in rows]


def _size(source: Source, name: str) -> tuple[Nm, Nm]:
    """Of the outline of one map; balls without a package body: what holds them around the centre."""
    if not _are_balls(source, name):
        die = next(placed.die for placed in source.dies if placed.die.name == name)
        return die.width, die.height
    if source.width is not None and source.height is not None:
        return source.width, source.height
    return 2 * max(abs(ball.at.x) for ball in source.balls), 2 * max(abs(ball.at.y) for ball in source.balls)


def _rows(source: Source, wanted: Wanted) -> tuple[list[tuple[str, ...]], str]:
    unit = wanted.unit or "um"
    name = _chosen(source, wanted)
    listed = _listed(source, name, wanted)
    if wanted.lower_left:
        width, height = _size(source, name)
        listed = [replace(row, at=row.at + Point(width // 2, height // 2)) for row in listed]
    return bump_map_rows(listed, "ball" if _are_balls(source, name) else "bump", unit), _counted(
        source, name, len(listed)
    )


def _are_balls(source: Source, name: str) -> bool:
    """A die may be called so too, after its file."""
    return name == BALLS and bool(source.balls)


def _counted(source: Source, name: str, count: int) -> str:
    return f"{count} balls" if _are_balls(source, name) else f"{count} bumps of {name}"


def _csv(source: Source, wanted: Wanted) -> tuple[bytes, str]:
    rows, what = _rows(source, wanted)
    return table_text(rows).encode(), what


def _tsv(source: Source, wanted: Wanted) -> tuple[bytes, str]:
    rows, what = _rows(source, wanted)
    return table_text(rows, "\t").encode(), what


def _xlsx(source: Source, wanted: Wanted) -> tuple[bytes, str]:
    rows, what = _rows(source, wanted)
    return workbook_bytes(rows), what


def _bmap(source: Source, wanted: Wanted) -> tuple[bytes, str]:
    if wanted.unit not in (None, "um"):
        raise InputError(f".bmap is in um; --unit {wanted.unit} is not possible")
    name = _chosen(source, wanted)
    listed = _listed(source, name, wanted)
    width, height = _size(source, name)
    return bmap_text(name, width, height, listed, wanted.cell).encode(), _counted(source, name, len(listed))


def _aif(source: Source, wanted: Wanted) -> tuple[bytes, str]:
    dies = ", ".join(f"{len(placed.die.bumps)} bumps of {placed.die.name}" for placed in source.dies)
    balls = f"{len(source.balls)} balls" if source.balls else ""
    return aif_text(source, wanted.unit or "um").encode(), ", ".join(part for part in (dies, balls) if part)


WRITERS: dict[str, Callable[[Source, Wanted], tuple[bytes, str]]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".xlsx": _xlsx,
    ".bmap": _bmap,
    ".aif": _aif,
}
"""By suffix."""
