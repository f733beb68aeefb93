"""Three dies on four layers at 0.4/0.4 um, after the description of a chiplet interposer.

Dies A and B with 8 x 8 bumps and C with 20 x 10 bumps, all at 40 um; 10 x 10 terminals at 180 um. A and B stand side by
side above C. Nets between dies join bumps in the order of their columns, as a bus does; the other bumps go to
terminals, each to the one that the cheapest matching gives it. Bumps that are left have no net.
"""

from __future__ import annotations

import math

import numpy as np
from cases import Ball, Bump, Case, Chip, Deck
from scipy.optimize import linear_sum_assignment

BUMP_PITCH, BALL_PITCH = 40.0, 180.0
SIDE = 10
"""Terminals in a row."""
BUS = 44
"""Nets between A and C, and between B and C."""
BETWEEN = 10
"""Nets between A and B."""
OWN = {"A": 10, "B": 10, "C": 80}
"""Nets of each die that go to a terminal."""
PLACES = {"A": (-300.0, 350.0, 8, 8), "B": (300.0, 350.0, 8, 8), "C": (0.0, -300.0, 20, 10)}
"""Centre in the package, columns and rows of each die."""


def chiplets_case() -> Case:
    """The case; nothing in it is drawn by chance."""
    nets: dict[tuple[str, int], str] = {}
    places = {name: _places(name) for name in PLACES}

    def join(name: str, first: tuple[str, list[int]], second: tuple[str, list[int]]) -> None:
        for number, (a, b) in enumerate(zip(first[1], second[1], strict=True), 1):
            nets[first[0], a] = nets[second[0], b] = f"{name}{number}"

    def taken(die: str, count: int, towards: tuple[float, float]) -> list[int]:
        """The free bumps nearest to a place, column by column."""
        free = [i for i in range(len(places[die])) if (die, i) not in nets]
        free.sort(key=lambda i: (round(math.dist(places[die][i], towards), 6), i))
        return sorted(free[:count], key=lambda i: (places[die][i][0], -places[die][i][1]))

    a, b, c = ((x, y) for x, y, _, _ in PLACES.values())
    join("AB", ("A", taken("A", BETWEEN, b)), ("B", sorted(taken("B", BETWEEN, a), key=lambda i: -places["B"][i][0])))
    join("AC", ("A", taken("A", BUS, (a[0], c[1]))), ("C", taken("C", BUS, (a[0], a[1]))))
    join("BC", ("B", taken("B", BUS, (b[0], c[1]))), ("C", taken("C", BUS, (b[0], b[1]))))
    for die, count in OWN.items():
        x, y = PLACES[die][:2]
        for number, index in enumerate(taken(die, count, (3 * x, 3 * y)), 1):
            nets[die, index] = f"{die}{number}"
    terminals = [
        ((column - (SIDE - 1) / 2) * BALL_PITCH, ((SIDE - 1) / 2 - row) * BALL_PITCH)
        for row in range(SIDE)
        for column in range(SIDE)
    ]
    own = sorted((key for key in nets if nets[key].rstrip("0123456789") in OWN), key=lambda key: (key[0], key[1]))
    starts = np.array([places[die][index] for die, index in own])
    distance = np.hypot(*(starts[:, None, :] - np.array(terminals)[None, :, :]).transpose(2, 0, 1))
    matched = dict(zip(linear_sum_assignment(distance)[1].tolist(), own, strict=True))
    balls = tuple(
        Ball(f"T{index + 1}", x, y, nets[matched[index]] if index in matched else "")
        for index, (x, y) in enumerate(terminals)
    )
    chips = []
    for name, (x, y, columns, rows) in PLACES.items():
        bumps = tuple(
            Bump(f"{name}{index + 1}", at[0] - x, at[1] - y, nets.get((name, index), ""), 15.0)
            for index, at in enumerate(places[name])
        )
        chips.append(Chip(name, (columns + 1) * BUMP_PITCH, (rows + 1) * BUMP_PITCH, bumps, x, y))
    deck = Deck(
        name="chiplets",
        source="chosen after the description of a chiplet interposer: 0.4/0.4 um, four layers",
        line=0.4,
        space=0.4,
        layers=4,
        land=2.5,
        via=1,
        enclosure=0.5,
        pad=90,
        ubm=80,
        ball_opening=70,
        ball=95,
        edge=10,
    )
    body = (SIDE + 1) * BALL_PITCH
    return Case(
        name="chiplets",
        description="3 dies, 328 bumps at 40 um, 98 nets between dies, 100 to terminals, 4 RDLs at 0.4/0.4 um",
        deck=deck,
        width=body,
        height=body,
        chips=tuple(chips),
        balls=balls,
        rules='[[nets.rules]]\nmatch = ["AB*", "AC*", "BC*"]\nballs = 0\n',
    )


def _places(die: str) -> list[tuple[float, float]]:
    """The bumps of a die in the package frame [um], row by row from the top left."""
    x, y, columns, rows = PLACES[die]
    return [
        (x + (column - (columns - 1) / 2) * BUMP_PITCH, y + ((rows - 1) / 2 - row) * BUMP_PITCH)
        for row in range(rows)
        for column in range(columns)
    ]
