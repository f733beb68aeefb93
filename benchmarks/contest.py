"""Flip-chip routing of the ICCAD 2014 contest in Taiwan, its public cases test143 and test144.

143 and 144 drivers, 8 x 20 each, stand side by side around a square of 370; bumps of 8 x 8 lie at pitch 21 inside;
driver ``i`` goes to bump ``i`` on one layer, lines 2 wide and 1 apart. The coordinates are those of the published
input files (as found in github.com/jimmytecho/Flip-Chip-Routing, commit 4620b17d, inputs/); here as the rule behind the
drivers and the column and row of every bump. One unit is drawn as 10 um.

Drivers touch each other in the contest, which copper of different nets must not: their pads are narrower by one space.
The published sums of distances are those of the full rectangles.
"""

from __future__ import annotations

import math

from cases import Ball, Bump, Case, Chip, Deck

UNIT = 10.0
"""Micrometres of one unit of the contest."""
SIZE = 370
FIRST, LAST = 41, 321
"""Where the first and the last driver of every side begin."""
WIDE, DEEP = 8, 20
LEFT, BOTTOM, PITCH = 54, 56, 21
"""Lower left corner of the bump in column 0 and row 0; the pitch of bumps."""
LINE, SPACE = 2, 1
RIM = 1.5
"""Package beyond the drivers, which must keep their distance from its edge; too narrow for a wire."""

OF_144 = """
0c 1b 2a 2b 3a 1c 3c 2c 4b 4c 4a 49 59 5a 5c 5b 69 6a 6c 6b 7a 7c 79 7b 8c 8b 8a 9c ab ac 9b bc 9a bb aa ba
cc cb 99 a9 ca b9 98 c9 a8 b8 c8 97 a7 b7 c7 a6 b6 c6 96 95 a5 b5 c5 94 c4 b4 a4 c3 b3 c2 c1 b2 a3 93 b1 c0
b0 a2 a1 92 a0 89 91 90 83 82 81 80 73 72 71 70 63 62 61 60 53 50 51 52 40 41 42 43 30 31 20 32 21 22 10 11
00 33 12 01 23 02 13 34 03 24 14 04 15 05 25 26 16 06 35 36 07 17 27 28 37 09 08 18 19 38 0a 1a 29 39 3b 0b
"""
"""Column and row (hexadecimal) of the bump of each driver of test144, side by side: top, right, bottom, left."""
NOT_IN_143 = 78
"""test143 is test144 without this driver and its bump."""

Rectangle = tuple[float, float, float, float]
"""Left, bottom, right, top, in units of the contest."""


def published(name: str) -> list[tuple[Rectangle, Rectangle]]:
    """Driver and bump of every net, as the input file of the contest has them."""
    first = range(FIRST, LAST + 1, WIDE)
    inner = SIZE - DEEP
    drivers: list[Rectangle] = [(x, inner, x + WIDE, SIZE) for x in first]
    drivers += [(inner, y, SIZE, y + WIDE) for y in reversed(first)]
    drivers += [(x, 0, x + WIDE, DEEP) for x in reversed(first)]
    drivers += [(0, y, DEEP, y + WIDE) for y in first]
    corners = [(LEFT + PITCH * int(at[0], 16), BOTTOM + PITCH * int(at[1], 16)) for at in OF_144.split()]
    bumps: list[Rectangle] = [(x, y, x + WIDE, y + WIDE) for x, y in corners]
    pairs = list(zip(drivers, bumps, strict=True))
    if name == "test143":
        del pairs[NOT_IN_143 - 1]
    return pairs


def straight(name: str, metric: str = "euclid") -> float:
    """Sum of the distances from edge to edge, in units: ``euclid``, ``octilinear`` or ``manhattan``."""
    total = []
    for a, b in published(name):
        dx = max(a[0] - b[2], b[0] - a[2], 0)
        dy = max(a[1] - b[3], b[1] - a[3], 0)
        if metric == "euclid":
            total.append(math.hypot(dx, dy))
        elif metric == "octilinear":
            total.append(max(dx, dy) + (math.sqrt(2) - 1) * min(dx, dy))
        else:
            total.append(dx + dy)
    return math.fsum(total)


def contest_case(name: str, angles: str = "any") -> Case:
    """The case as a package: drivers are bumps of the die, the bumps of the contest its balls."""
    bumps, balls = [], []
    for index, (driver, bump) in enumerate(published(name), 1):
        x, y = centre(driver)
        width, height = (WIDE - SPACE, DEEP) if driver[2] - driver[0] == WIDE else (DEEP, WIDE - SPACE)
        bumps.append(Bump(f"D{index}", x, y, f"N{index}", width * UNIT, height * UNIT))
        balls.append(Ball(f"B{index}", *centre(bump), f"N{index}"))
    deck = Deck(
        name=f"{name}-deck",
        source="flip-chip routing contest 2014: width 2, spacing 1; terminals chosen",
        line=LINE * UNIT,
        space=SPACE * UNIT,
        pad=WIDE * UNIT,
        ubm=WIDE * UNIT - 10,
        ball_opening=WIDE * UNIT - 20,
        ball=WIDE * UNIT,
        edge=SPACE * UNIT,
    )
    body = (SIZE + 2 * RIM) * UNIT
    angle = "any angle" if angles == "any" else "45 degrees"
    return Case(
        name=f"{name}_{angles}",
        description=f"Flip-chip contest 2014, {name}, {angle}, 1 unit = 10 um",
        deck=deck,
        width=body,
        height=body,
        chips=(Chip("die", body, body, tuple(bumps)),),
        balls=tuple(balls),
        angles=angles,
        square_pads=True,
    )


def centre(rectangle: Rectangle) -> tuple[float, float]:
    """In the package [um]."""
    left, bottom, right, top = rectangle
    return ((left + right - SIZE) / 2 * UNIT, (bottom + top - SIZE) / 2 * UNIT)
