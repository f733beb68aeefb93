"""How much room a text takes, and how to make it fit. Widths are on the safe side for Helvetica, Arial and DejaVu."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kicad_rdl.units import Nm

_NARROW = frozenset("ijltfrI.,:;|!'()[]{} /\\-")
_WIDE = frozenset("mwMW@%&")

LINE_STEP = 1.15
"""Baseline to baseline, in font sizes."""


def text_width(text: str, size: Nm) -> Nm:
    """Estimated width [nm] of a text, rather too wide than too narrow."""
    return math.ceil(size * math.fsum(_advance(letter) for letter in text))


def _advance(letter: str) -> float:
    if ord(letter) >= 0x2E80:  # east Asian letters fill a square
        return 1.0
    if letter in _NARROW:
        return 0.42
    if letter in _WIDE:
        return 0.96
    return 0.72 if letter.isupper() else 0.64


def shortened(text: str, size: Nm, width: Nm) -> str:
    """The text, cut with an ellipsis where it is wider than ``width``."""
    if text_width(text, size) <= width:
        return text
    for count in range(len(text) - 1, 0, -1):
        if text_width(text[:count] + "…", size) <= width:
            return text[:count].rstrip() + "…"
    return "…"


def wrapped(text: str, size: Nm, width: Nm, lines: int) -> tuple[str, ...]:
    """The text broken at spaces into at most ``lines`` lines; what is left over is cut with an ellipsis."""
    rows: list[str] = []
    words = text.split()
    while words:
        row = words.pop(0)
        while words and text_width(row + " " + words[0], size) <= width:
            row += " " + words.pop(0)
        if len(rows) == lines - 1 and words:
            row = " ".join((row, *words))
            words = []
        rows.append(shortened(row, size, width))
    return tuple(rows)


def broken(name: str, lines: int) -> tuple[str, ...]:
    """A net name in one or two lines, broken at a joint (after ``_``, before ``[``) if it has any."""
    if lines == 1 or len(name) < 4:
        return (name,)
    joints = [
        index for index in range(1, len(name)) if name[index - 1] in "_/.-" or (name[index] in "[<(" and index > 0)
    ]
    middle = len(name) / 2
    cut = min(joints, key=lambda index: (abs(index - middle), index), default=math.ceil(middle))
    return name[:cut], name[cut:]


def size_in_disc(rows: Sequence[tuple[str, float]], diameter: Nm) -> Nm:
    """Largest font size [nm] at which stacked rows fit into a disc.

    Args:
        rows: text and its size relative to the first one.
        diameter: of the disc.
    """
    total = math.fsum(scale for _, scale in rows) * LINE_STEP
    reach = 0.0
    top = total / 2
    for text, scale in rows:
        half = text_width(text, 1_000_000) / 1_000_000 * scale / 2
        step = scale * LINE_STEP
        margin = (step - scale * 0.8) / 2
        for edge in (top - margin, top - step + margin):
            reach = max(reach, math.hypot(half, edge))
        top -= step
    return math.floor(diameter / 2 / reach)
