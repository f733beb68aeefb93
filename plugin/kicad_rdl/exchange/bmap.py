"""A bump map as a 3Dblox ``.bmap``: ``instance cell x y port net`` in every line, ``-`` for none.

Lengths are in um, exact, and count from the lower left corner of the chiplet. The format has no place for the size of
the die, for shapes and for balls; a comment tells size and shapes, and names the cells that
the chiplet's LEF must have.
"""

from __future__ import annotations

from collections.abc import Sequence

from kicad_rdl.exchange.bumpmap import Listed
from kicad_rdl.exchange.names import word
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape
from kicad_rdl.units import Nm, format_length, um

NONE = "-"
FORM = ".bmap"


def bmap_text(name: str, width: Nm, height: Nm, bumps: Sequence[Listed], cell: str = "BUMP") -> str:
    """The file.

    Args:
        name: of the chiplet, for the comment.
        width: of the chiplet, whose centre the bumps count from.
        height: likewise.
        bumps: in the order in which they are written.
        cell: of all bumps; where they have several shapes, of the first one, the others get ``_2``, ``_3`` ...

    Raises:
        InputError: a name with a blank, or one that begins with the comment sign.
    """
    cells = {shape: cell if k == 0 else f"{cell}_{k + 1}" for k, shape in enumerate(_shapes(bumps))}
    corner = Point(width // 2, height // 2)
    rows = [
        (_instance(bump.name), cells[bump.shape], *_place(bump.at + corner), NONE, _net(bump.net)) for bump in bumps
    ]
    told = [
        f"# {' '.join(name.split())}: {um(width)} x {um(height)}, origin in its lower left corner, {len(bumps)} bumps"
    ]
    told += [f"# {label}: {_shape(shape)}" for shape, label in cells.items()]
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(6)]
    lines = [" ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*told, *lines]) + "\n"


def _shapes(bumps: Sequence[Listed]) -> list[Shape | None]:
    return list(dict.fromkeys(bump.shape for bump in bumps))


def _instance(name: str) -> str:
    if name.startswith("#"):
        return word(name, "bump", FORM, "#")
    return word(name, "bump", FORM)


def _net(net: str | None) -> str:
    return NONE if net is None else word(net, "net", FORM)


def _place(at: Point) -> tuple[str, str]:
    return format_length(at.x), format_length(at.y)


def _shape(shape: Shape | None) -> str:
    match shape:
        case None:
            return "of a shape that is not known"
        case Circle(d):
            return f"circle of {um(d)}"
        case Octagon(w):
            return f"octagon of {um(w)}"
        case Rectangle(w, h):
            return f"rectangle of {um(w)} x {um(h)}"
