"""Caravel's wafer-level package as published: 63 die pads to 60 balls at 500 um, whose routing was drawn by hand.

Read at run time from the tables in ``../shared/data/caravel_wlcsp_sky130``. Every net has its balls (vss four), every
die pad its ball. Lines are 40 um as published; 35 um is the least gap of the published drawing.
"""

from __future__ import annotations

import csv
import math
from itertools import pairwise
from pathlib import Path

from cases import Ball, Bump, Case, Chip, Deck

WIDTH, HEIGHT = 3_588.0, 5_188.0
LINE, SPACE = 40.0, 35.0


def caravel_case(folder: Path) -> Case:
    """The published assignment on one RDL."""
    bumps = tuple(
        Bump(f"{row['pad']}", float(row["x_um"]) - WIDTH / 2, float(row["y_um"]) - HEIGHT / 2, row["net"], 35.0)
        for row in _rows(folder / "die_pads.csv")
    )
    balls = tuple(
        Ball(row["ball"], float(row["x_um"]) - WIDTH / 2, float(row["y_um"]) - HEIGHT / 2, row["net"])
        for row in _rows(folder / "bumps.csv")
    )
    deck = Deck(
        name="caravel-wlcsp",
        source="efabless/caravel make_bump_bonds.tcl (40 um lines, 35 um least gap); terminals of the Micross deck",
        line=LINE,
        space=SPACE,
        land=10,
        pad=270,
        ubm=250,
        ball_opening=220,
        ball=310,
        edge=15,
    )
    return Case(
        name="caravel_wlcsp",
        description="Caravel WLCSP, published balls, one RDL, 40/35 um",
        deck=deck,
        width=WIDTH,
        height=HEIGHT,
        chips=(Chip("caravel", WIDTH, HEIGHT, bumps),),
        balls=balls,
    )


def drawn_by_hand(folder: Path) -> float:
    """Length of the published polylines [mm]."""
    total = 0.0
    for row in _rows(folder / "golden_rdl_routes.csv"):
        points = [tuple(map(float, point.split(","))) for point in row["polyline_um"].split()]
        total += math.fsum(math.dist(a, b) for a, b in pairwise(points))
    return total / 1e3


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
