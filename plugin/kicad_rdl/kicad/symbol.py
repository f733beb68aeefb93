"""The schematic symbol of the package: ball names as pin numbers, nets as pin names.

A small package is one unit. A large one is cut into units: signals in runs of ``UNIT_PINS``, then the supplies. Pins
of one supply stand together; a gap separates the nets. Every ball has a pin of its own, none is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kicad_rdl.kicad.identity import file_name
from kicad_rdl.kicad.layers import GENERATOR, GENERATOR_VERSION, SYMBOL_VERSION
from kicad_rdl.kicad.parts import board_footprint_name
from kicad_rdl.kicad.sexpr import Quoted, Tree
from kicad_rdl.model.package import NetKind, Package
from kicad_rdl.units import UM, Nm

GRID: Nm = 2_540 * UM
TEXT: Nm = 1_270 * UM
LETTER: Nm = 1_100 * UM
"""Width of a letter of KiCad's stroke font at this size, a little generous."""
UNIT_PINS = 100
"""Most pins of one unit."""
NC = "NC"


@dataclass(frozen=True, slots=True)
class Pin:
    """One ball."""

    number: str
    name: str
    kind: str
    """KiCad's electrical type."""


Column = tuple[Pin | None, ...]
"""One side of a unit from top to bottom; None is a gap."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One body with pins on both sides."""

    left: Column
    right: Column


def symbol_tree(package: Package, ball_nets: Mapping[str, str]) -> Tree:
    """The content of ``NAME.kicad_sym``."""
    name = file_name(package.name)
    units = _units(package, ball_nets)
    half = GRID * max(2, -(-max((_half_width(unit) for unit in units), default=0) // GRID))
    tallest = max((len(side) for unit in units for side in (unit.left, unit.right)), default=1)
    first = (tallest - 1) // 2 * GRID  # of all units: they share the place of reference and value
    top = first + GRID
    longest = max((len(ball.name) for ball in package.balls), default=1)
    pin_length = GRID * -(-longest * LETTER // GRID)  # the number stands on it
    symbol: Tree = (
        "symbol",
        Quoted(name),
        ("exclude_from_sim", "no"),
        ("in_bom", "yes"),
        ("on_board", "yes"),
        _property("Reference", "U", -half, top + 2 * GRID, "left"),
        _property("Value", package.name, -half, top + GRID, "left"),
        _property("Footprint", f"{name}:{board_footprint_name(package)}", 0, 0, hidden=True),
        _property("Datasheet", "", 0, 0, hidden=True),
        _property("Description", package.description or f"Package {package.name}", 0, 0, hidden=True),
        _property("ki_keywords", "fan-out package BGA", 0, 0, hidden=True),
        _property("ki_fp_filters", f"BGA*{len(package.balls)}*", 0, 0, hidden=True),
        *(_unit(name, number, unit, half, first, pin_length) for number, unit in enumerate(units, start=1)),
        ("embedded_fonts", "no"),
    )
    return (
        "kicad_symbol_lib",
        ("version", SYMBOL_VERSION),
        ("generator", GENERATOR),
        ("generator_version", GENERATOR_VERSION),
        symbol,
    )


def _units(package: Package, ball_nets: Mapping[str, str]) -> tuple[Unit, ...]:
    kinds = {rule.name: rule.kind for rule in package.nets}
    signals: list[Pin] = []
    supplies: list[Pin] = []
    free: list[Pin] = []
    for ball in package.balls:
        net = ball_nets.get(ball.name)
        if net is None:
            free.append(Pin(ball.name, NC, "no_connect"))
        elif kinds.get(net) is NetKind.SUPPLY:
            supplies.append(Pin(ball.name, net, "power_in"))
        else:
            signals.append(Pin(ball.name, net, "bidirectional"))
    signals.sort(key=_order)
    supplies.sort(key=_order)
    free.sort(key=_order)
    power = _grouped([*supplies, *free])
    if len(package.balls) <= UNIT_PINS:
        return (_side_by_side(tuple(signals), power),)
    units = [_halved(tuple(signals[start : start + UNIT_PINS])) for start in range(0, len(signals), UNIT_PINS)]
    units += [_halved(power[start : start + UNIT_PINS]) for start in range(0, len(power), UNIT_PINS)]
    return tuple(units)


def _order(pin: Pin) -> tuple[list[tuple[int, int, str]], int, list[tuple[int, int, str]]]:
    """By net, D9 before D10; then by ball, B1 before AA1."""
    letters = len(pin.number.rstrip("0123456789"))
    return _natural(pin.name), letters, _natural(pin.number)


def _natural(text: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.findall(r"[0-9]+|[^0-9]+", text)]


def _grouped(pins: list[Pin]) -> Column:
    """Pins with a gap between different names."""
    column: list[Pin | None] = []
    for index, pin in enumerate(pins):
        if index and pins[index - 1].name != pin.name:
            column.append(None)
        column.append(pin)
    return tuple(column)


def _side_by_side(signals: Column, power: Column) -> Unit:
    """Signals at the left, supplies at the right; the longer list goes on below the shorter one, after a gap."""
    if not signals or not power:
        return _halved(signals or power)
    spare = abs(len(signals) - len(power)) // 2
    if len(signals) > len(power) + 1:
        moved = len(signals) - spare
        return Unit(signals[:moved], (*power, None, *signals[moved:]))
    if len(power) > len(signals) + 1:
        moved = len(power) - spare
        return Unit((*signals, None, *_trimmed(power[moved:])), _trimmed(power[:moved]))
    return Unit(signals, power)


def _halved(column: Column) -> Unit:
    middle = (len(column) + 1) // 2
    return Unit(_trimmed(column[:middle]), _trimmed(column[middle:]))


def _trimmed(column: Column) -> Column:
    """Without gaps at its ends."""
    start, end = 0, len(column)
    while start < end and column[start] is None:
        start += 1
    while end > start and column[end - 1] is None:
        end -= 1
    return column[start:end]


def _half_width(unit: Unit) -> Nm:
    """Room for the longest name on each side."""
    longest = max((len(pin.name) for side in (unit.left, unit.right) for pin in side if pin is not None), default=0)
    return longest * LETTER + GRID


def _unit(name: str, number: int, unit: Unit, half: Nm, first: Nm, pin_length: Nm) -> Tree:
    rows = max(len(unit.left), len(unit.right), 1)
    body: Tree = (
        "rectangle",
        ("start", -half, first + GRID),
        ("end", half, first - rows * GRID),
        ("stroke", ("width", 254 * UM), ("type", "default")),
        ("fill", ("type", "background")),
    )
    reach = half + pin_length
    pins = [
        _pin(pin, x, first - row * GRID, degrees, pin_length)
        for side, x, degrees in ((unit.left, -reach, "0"), (unit.right, reach, "180"))
        for row, pin in enumerate(side)
        if pin is not None
    ]
    return ("symbol", Quoted(f"{name}_{number}_1"), body, *pins)


def _pin(pin: Pin, x: Nm, y: Nm, degrees: str, length: Nm) -> Tree:
    effects: Tree = ("effects", ("font", ("size", TEXT, TEXT)))
    return (
        "pin",
        pin.kind,
        "line",
        ("at", x, y, degrees),
        ("length", length),
        ("name", Quoted(pin.name), effects),
        ("number", Quoted(pin.number), effects),
    )


def _property(name: str, content: str, x: Nm, y: Nm, justify: str = "", hidden: bool = False) -> Tree:
    return (
        "property",
        Quoted(name),
        Quoted(content),
        ("at", x, y, "0"),
        (
            "effects",
            ("font", ("size", TEXT, TEXT)),
            *((("justify", justify),) if justify else ()),
            *((("hide", "yes"),) if hidden else ()),
        ),
    )
