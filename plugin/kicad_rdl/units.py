"""Lengths are integer nanometres; this module is the only door in and out."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, Overflow
from typing import TypeAlias

from kicad_rdl.errors import UnitError

Nm: TypeAlias = int
"""A length in nanometres."""

UM: Nm = 1_000
MM: Nm = 1_000_000

UNITS: dict[str, int] = {
    "nm": 1,
    "um": UM,
    "µm": UM,  # micro sign
    "μm": UM,  # Greek mu
    "micron": UM,
    "microns": UM,
    "mm": MM,
    "cm": 10 * MM,
    "mil": 25_400,
    "mils": 25_400,
    "inch": 25_400_000,
    "in": 25_400_000,
}

LIMIT: Nm = 2_000 * MM
"""Two metres: beyond it KiCad's 32-bit coordinates overflow."""

TEXT_LIMIT = 100
"""Characters of the longest text that is tried as a length (the pattern takes quadratic time on endless digits)."""

_LENGTH = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-zµμ]*)\s*")


def parse_length(text: str | int | float, unit: str | None = None) -> Nm:
    """Reads ``"0.5 mm"``, ``"35um"`` or, when ``unit`` is given, a bare number in that unit.

    Values between two nanometres are rounded to the nearer one (float noise of exported tables).

    Raises:
        UnitError: not a number, no unit, unknown unit, not finite, or beyond two metres.
    """
    if len(str(text)) > TEXT_LIMIT:
        raise UnitError(f'"{str(text)[:20]}..." is not a length: it has {len(str(text))} characters')
    match = _LENGTH.fullmatch(str(text).replace("\N{MINUS SIGN}", "-"))
    if match is None:
        raise UnitError(f'"{text}" is not a length; write a number with a unit, such as "0.5 mm" or "35 um"')
    number, written = match.groups()
    name = (written or unit or "").lower()
    if not name:
        raise UnitError(f'"{text}" has no unit; write "{text} um" or "{text} mm"')
    if name not in UNITS:
        raise UnitError(f'"{text}": unknown unit "{name}"; use one of nm, um, mm, cm, mil, inch')
    try:
        exact = Decimal(number) * UNITS[name]
        if abs(exact) > LIMIT:
            raise UnitError(f'"{text}" is beyond two metres, the limit of a KiCad board')
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    except (InvalidOperation, Overflow):
        raise UnitError(f'"{text}" is not a finite length') from None


def format_length(length: Nm, unit: str = "um") -> str:
    """The exact decimal of a length in a unit, without exponent or trailing zeros: ``"12.5"``."""
    text = format(Decimal(length) / UNITS[unit], "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def um(length: Nm) -> str:
    """A length for people: ``"12.5 um"``."""
    return format_length(length) + " um"


def mm(length: Nm) -> str:
    """A length for people: ``"5.5 mm"``."""
    return format_length(length, "mm") + " mm"
