"""Prints KiCad's s-expressions from trees, laid out as KiCad 9 saves them.

A tree is a tuple whose first item is the word of the list. Items are: a ``str``, printed as it stands; ``Quoted``,
printed between quotes; an ``int``, a length in nanometres printed in millimetres; another tree. Nothing else, so no
float and no bool can slip in.
"""

from __future__ import annotations

from typing import TypeAlias

from kicad_rdl.units import MM, Nm


class Quoted(str):
    """A string that is printed between quotes."""

    __slots__ = ()


Tree: TypeAlias = "tuple[Tree | str | int, ...]"

POINT_COLUMNS = 99
"""KiCad puts ``(xy ...)`` after ``(xy ...)`` on one line up to this column."""
WORD_COLUMNS = 72
"""Beyond this column the next word of a list goes to a line of its own."""

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def millimetres(length: Nm) -> str:
    """The exact decimal in millimetres, without trailing zeros: ``-0.0125``."""
    whole, part = divmod(abs(length), MM)
    sign = "-" if length < 0 else ""
    return f"{sign}{whole}.{part:06d}".rstrip("0") if part else f"{sign}{whole}"


def yes(flag: bool) -> str:
    """KiCad's word for a truth value."""
    return "yes" if flag else "no"


def dump(tree: Tree) -> str:
    """The text of a file, with its last newline."""
    pieces: list[str] = []
    _print(tree, 0, 0, pieces)
    pieces.append("\n")
    return "".join(pieces)


def printed(item: str | int) -> str:
    """One word of a list."""
    if isinstance(item, int):
        return millimetres(item)
    if isinstance(item, Quoted):
        return '"' + item.translate(_ESCAPES) + '"'
    return item


def _print(tree: Tree, depth: int, column: int, pieces: list[str]) -> int:
    """Appends the text of ``tree``, opened at ``column``; returns the column after it.

    ``depth`` is the number of lists around it.
    """
    pieces.append("(")
    column += 1
    wrapped = nested = after_point = False
    for index, item in enumerate(tree):
        if isinstance(item, tuple):
            point = item[0] == "xy"
            if point and after_point and column < POINT_COLUMNS:
                pieces.append(" ")
                column += 1
            else:
                pieces.append("\n" + "\t" * (depth + 1))
                column = depth + 1
            column = _print(item, depth + 1, column, pieces)
            nested, after_point = True, point
            continue
        word = printed(item)
        if index:
            if column < WORD_COLUMNS or tree[0] == "xy":
                pieces.append(" ")
                column += 1
            else:
                pieces.append("\n" + "\t" * (depth + 1))
                column = depth + 1
                wrapped = True
        pieces.append(word)
        column += len(word)
        nested = False
    if nested or wrapped:
        pieces.append("\n" + "\t" * depth)
        column = depth
    pieces.append(")")
    return column + 1
