"""Which reader reads this file? By its suffix, and by its content where that says too little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.model.die import Die, PlacedDie
from kicad_rdl.model.source import Source, SourceBall
from kicad_rdl.read.aif import read_aif
from kicad_rdl.read.bmap import read_bmap
from kicad_rdl.read.bumps import BumpMapOptions, read_bumps
from kicad_rdl.read.def_lef import read_def
from kicad_rdl.read.die_text import is_die_text, read_die_text
from kicad_rdl.read.kicad_source import read_board_source, read_footprint
from kicad_rdl.read.outline import Box, DrawnBump, die_in, extents
from kicad_rdl.read.source_options import DEFAULTS, SourceOptions
from kicad_rdl.read.threedblox import read_threedblox
from kicad_rdl.units import LIMIT, Nm

WIDEST: Nm = 2 * LIMIT
"""Of a die without a given size: holds every coordinate that can be read."""


def read_source(path: Path, options: SourceOptions = DEFAULTS) -> Source:
    """The dies, and the balls where the file has them, of a bump map in any format.

    Raises:
        InputError: with the line of what cannot be used, and the remedy.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower(), _table)
    return reader(path, options)


def read_balls(path: Path, options: SourceOptions = DEFAULTS) -> Source:
    """A file with its balls; of one that knows only a die (a ``.bmap``, a DEF), the bumps of that are the balls.

    Those are taken as seen through the package unless ``options.face`` is ``up``; their origin is the centre of the
    outline.

    Raises:
        InputError: the file cannot be used, or has no balls and not one die only.
    """
    source = read_source(path, options)
    if source.balls:
        return source
    if len(source.dies) != 1:
        raise InputError(
            f"the file has {len(source.dies)} dies and no balls; name a file of balls, or choose one with chiplet",
            str(path),
        )
    return replace(source, balls=bumps_as_balls(source, options))


def bumps_as_balls(source: Source, options: SourceOptions) -> tuple[SourceBall, ...]:
    """The bumps of the first die, taken for balls: seen through the package unless ``options.face`` is ``up``."""
    flat = PlacedDie(source.dies[0].die, mirrored=options.face == "up")
    return tuple(SourceBall(bump.name, bump.at, bump.net, bump.shape) for bump in flat.bumps)


def _bmap(path: Path, options: SourceOptions) -> Source:
    drawn = read_bmap(path, lambda cell: options.types.get(cell, options.shape))
    return _single(path, options, drawn, usual_origin="lower left")


def _single(path: Path, options: SourceOptions, drawn: tuple[DrawnBump, ...], usual_origin: str) -> Source:
    """One die from bumps whose file has no outline; layouts show it face up."""
    box = _outline(options, usual_origin) or extents(drawn)
    die = die_in(options.name or path.stem, drawn, box, str(path))
    return Source((PlacedDie(die, mirrored=options.face != "down"),))


def _outline(options: SourceOptions, usual_origin: str) -> Box | None:
    width, height = options.width, options.height
    if width is None or height is None:
        return None
    if (options.origin or usual_origin) == "lower left":
        return Box(0, 0, width, height)
    return Box(-(width // 2), -(height // 2), width - width // 2, height - height // 2)


def _table(path: Path, options: SourceOptions) -> Source:
    """One die from a table; without a size, its outline reaches as far as its bumps, around the origin of the table."""
    lower_left = options.origin == "lower left"
    box = _outline(options, "die centre")
    bumps = read_bumps(
        path,
        BumpMapOptions(
            width=box.width if box else WIDEST,
            height=box.height if box else WIDEST,
            origin_lower_left=lower_left and box is not None,
            unit=options.unit,
            shape=options.shape,
            types=options.types,
            sheet=options.sheet,
            headers=options.headers,
        ),
    )
    if box is not None:
        die = Die(options.name or path.stem, box.width, box.height, bumps)
    else:
        drawn = tuple(DrawnBump(bump, 1) for bump in bumps)
        found = extents(drawn)
        die = die_in(options.name or path.stem, drawn, found if lower_left else _around_origin(found), str(path))
    return Source((PlacedDie(die, mirrored=options.face != "down"),))


def _around_origin(box: Box) -> Box:
    """The least box that holds ``box`` and has its centre in the origin."""
    x, y = max(-box.left, box.right), max(-box.bottom, box.top)
    return Box(-x, -y, x, y)


def _text(path: Path, options: SourceOptions) -> Source:
    """A ``.txt`` may be die text or a table."""
    return (read_die_text if is_die_text(path) else _table)(path, options)


READERS: dict[str, Callable[[Path, SourceOptions], Source]] = {
    ".3dbv": read_threedblox,
    ".3dbx": read_threedblox,
    ".aif": read_aif,
    ".bmap": _bmap,
    ".def": read_def,
    ".die": read_die_text,
    ".kicad_mod": read_footprint,
    ".kicad_pcb": read_board_source,
    ".txt": _text,
}
"""By suffix; every other file is read as a table."""


def is_table(path: Path) -> bool:
    """Whether the file is read as a table with a header row (CSV, TSV, XLSX), which knows no size of the die."""
    reader = READERS.get(path.suffix.lower(), _table)
    return reader is _table or (reader is _text and not is_die_text(path))
