"""3Dblox bump maps: one bump a line, ``instance cell x y port net``, in um, the centre of the bump cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point, Shape
from kicad_rdl.model.die import Bump
from kicad_rdl.read.documents import read_bytes, read_length
from kicad_rdl.read.outline import DrawnBump, listed

COLUMNS = ("instance", "cell", "x", "y", "port", "net")
NONE = "-"


def read_bmap(path: Path, shape_of: Callable[[str], Shape]) -> tuple[DrawnBump, ...]:
    """The bumps in the order of the file and in the frame of their chiplet.

    A bump without a net but with a port is on the net of that name: the port is how the chip calls it outside.

    Args:
        path: the ``.bmap`` file.
        shape_of: the shape of a bump cell.

    Raises:
        InputError: a line that is no bump, or a bump twice.
    """
    source = str(path)
    drawn: list[DrawnBump] = []
    for line, text in enumerate(_text(path).split("\n"), start=1):
        if text.startswith("#") or not text.strip():
            continue
        drawn.append(_bump(text.split(), shape_of, source, line))
    listed(drawn, source)
    return tuple(drawn)


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("the file is not UTF-8 text; is this a bump map?", str(path)) from None


def _bump(words: list[str], shape_of: Callable[[str], Shape], source: str, line: int) -> DrawnBump:
    if len(words) != len(COLUMNS):
        raise InputError(
            f"{len(words)} words in this line; a bump has six: {' '.join(COLUMNS)} ({NONE} for none)", source, line
        )
    name, cell, x, y, port, net = words
    at = Point(
        read_length(x, "um", f'bump "{name}": x', source, line), read_length(y, "um", f'bump "{name}": y', source, line)
    )
    on = next((each for each in (net, port) if each != NONE), None)
    return DrawnBump(Bump(name, at, on, shape_of(cell)), line, cell)
