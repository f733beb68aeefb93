"""BlackParrot, OpenROAD's flip-chip test: 237 pad cells around a die of 3 x 3 mm, 276 bumps of 45 um at 160 um over it.

Read at run time from ``floorplan_flipchip.def`` (pad cells), ``dummy_pads.lef`` (their metal10 pin, 10 x 5 um) and the
bump table made from the same file. 135 bumps have the net of one pad cell: these pairs are given. The 102 supply bumps
of VDD, VSS, DVDD and DVSS may take any pad cell of their net; there are as many of the one as of the other, so every
pad cell is a net of its own here whose ball must be one of the bumps of its supply. 39 bumps have no net.

The pins are the bumps of our die and the flip-chip bumps its balls.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cases import Ball, Bump, Case, Chip, Deck

SIZE = 3_000.0
UNITS = 2_000
"""Of the DEF, for a micrometre."""
CELL = (25.0, 140.0)
"""Size of every PADCELL macro."""
PIN = (10.0, 50.0, 20.0, 55.0)
"""Its rectangle on metal10."""
BUMP = 45.0
SUPPLIES = {"VDD": "VDD", "VSS": "VSS", "VDDIO": "DVDD", "VSSIO": "DVSS"}
"""Kind of pad cell to net."""


@dataclass(frozen=True, slots=True)
class PadPin:
    """The pin of a pad cell [um], from the centre of the die."""

    cell: str
    net: str
    x: float
    y: float
    width: float
    height: float


def pad_pins(folder: Path) -> list[PadPin]:
    """All pad cells with a pin on metal10."""
    text = (folder / "floorplan_flipchip.def").read_text(encoding="utf-8")
    nets = text[text.index("\nNETS ") : text.index("\nEND NETS")]
    net_of = {}
    for entry in re.split(r"\n\s*- ", nets)[1:]:
        net, terminals = entry.split(None, 1)
        net_of |= dict.fromkeys(re.findall(r"\( (\S+) PAD \)", terminals), net)
    cells = re.findall(r"- (\S+) PADCELL_(\w+)_[VH] \+ FIXED \( (\d+) (\d+) \) (\w+) ;", text)
    pins = []
    for cell, kind, x, y, orientation in cells:
        if kind == "FBRK":
            continue
        net = net_of[cell] if kind == "SIG" else SUPPLIES[kind]
        left, bottom, right, top = _oriented(PIN, orientation)
        at_x, at_y = int(x) / UNITS + (left + right) / 2 - SIZE / 2, int(y) / UNITS + (bottom + top) / 2 - SIZE / 2
        pins.append(PadPin(cell, net, at_x, at_y, right - left, top - bottom))
    return pins


def _oriented(rectangle: tuple[float, float, float, float], name: str) -> tuple[float, float, float, float]:
    """A rectangle of a cell after its DEF orientation, from the lower left corner of the placed cell."""
    width, height = CELL
    left, bottom, right, top = rectangle
    there = {
        "N": (left, bottom, right, top),
        "S": (width - right, height - top, width - left, height - bottom),
        "W": (height - top, left, height - bottom, right),
        "E": (bottom, width - right, top, width - left),
        "FN": (width - right, bottom, width - left, top),
        "FS": (left, height - top, right, height - bottom),
        "FW": (bottom, left, top, right),
        "FE": (height - top, width - right, height - bottom, width - left),
    }
    return there[name]


def blackparrot_case(folder: Path, width: float, angles: str = "any") -> Case:
    """The case with lines of ``width`` [um], as far apart as they are wide."""
    with (folder / "bumps.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pins = pad_pins(folder)
    shared = Counter(pin.net for pin in pins)
    supplies = [net for net in sorted(shared) if shared[net] > 1]
    balls = tuple(
        Ball(
            row["bump"].removeprefix("BUMP_"),
            float(row["center_x_um"]) - SIZE / 2,
            float(row["center_y_um"]) - SIZE / 2,
            "" if row["net"] in supplies else row["net"],
        )
        for row in rows
    )
    counted: Counter[str] = Counter()
    bumps = []
    for pin in pins:
        counted[pin.net] += 1
        net = f"{pin.net}_{counted[pin.net]:02}" if pin.net in supplies else pin.net
        bumps.append(Bump(pin.cell, pin.x, pin.y, net, pin.width, pin.height))
    rules = ""
    for net in supplies:
        names = ", ".join(f'"{row["bump"].removeprefix("BUMP_")}"' for row in rows if row["net"] == net)
        rules += f'[[nets.rules]]\nmatch = ["{net}_*"]\nkind = "signal"\nballs = 1\nat = [{names}]\n\n'
    deck = Deck(
        name=f"blackparrot-{width:g}",
        source=f"OpenROAD src/pad/test: line and space {width:g} um; terminals chosen",
        line=width,
        space=width,
        pad=BUMP,
        ubm=BUMP - 5,
        ball_opening=BUMP - 10,
        ball=BUMP,
        edge=width,
    )
    angle = "any angle" if angles == "any" else "45 degrees"
    return Case(
        name=f"blackparrot_{width:g}_{angles}",
        description=f"BlackParrot flip-chip, 237 connections at {width:g}/{width:g} um, {angle}",
        deck=deck,
        width=SIZE,
        height=SIZE,
        chips=(Chip("die", SIZE, SIZE, tuple(bumps)),),
        balls=balls,
        angles=angles,
        square_pads=True,
        rules=rules,
    )
