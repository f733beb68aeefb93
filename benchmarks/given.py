"""Area dies whose ball map is given: n x n bumps, n x n balls over and around them, and a knob for disorder.

Disorder 0: bump (i, j) goes to ball (i, j), an enlarged copy of the die. With disorder d the share d of the nets, drawn
with the seed, exchange their balls in pairs; the two of a pair lie in the same block of 4 x 4. So a net that lost its
ball has another up to three balls away, and its straight line crosses those of its neighbours.
"""

from __future__ import annotations

import math
import random
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from cases import Ball, Bump, Case, Chip, Deck
from cuts import Array, most_that_fit

Places: TypeAlias = npt.NDArray[np.float64]

BUMP_PITCH, BALL_PITCH = 80.0, 400.0
BUMP, LAND = 30.0, 5.0
PAD = 235.0
LINE = 2.0
"""And space."""
BLOCK = 4
LAYERS = {256: 2, 1_024: 2, 4_096: 3, 10_000: 4}
"""RDLs at line/space 2/2 um. A ring of bumps k steps from the centre lets 8 k gaps x 9 traces through on each layer,
and holds 4 k^2 nets: one layer carries k = 18 where every gap is used to the full."""


def dealt(side: int, disorder: float, seed: int) -> list[int]:
    """The ball of every bump, both counted row by row."""
    chance = random.Random(seed)
    count = side * side
    blocks: dict[tuple[int, int], list[int]] = {}
    for index in range(count):
        blocks.setdefault((index // side // BLOCK, index % side // BLOCK), []).append(index)
    ball_of = list(range(count))
    waiting = list(range(count))
    chance.shuffle(waiting)
    pairs = round(disorder * count / 2)
    for index in waiting:
        others = blocks[index // side // BLOCK, index % side // BLOCK]
        if pairs == 0:
            break
        if index not in others or len(others) < 2:
            continue  # already exchanged, or the last of its block
        others.remove(index)
        other = others.pop(chance.randrange(len(others)))
        ball_of[index], ball_of[other] = other, index
        pairs -= 1
    return ball_of


def most_of(nets: int, disorder: float, seed: int = 1) -> int:
    """What squares around the middle let through."""
    side = math.isqrt(nets)
    bumps, balls = Array(side, BUMP_PITCH, BUMP + 2 * LAND), Array(side, BALL_PITCH, PAD)
    return most_that_fit(bumps, balls, dealt(side, disorder, seed), LINE, LINE, LAYERS[nets])


def crossings(side: int, ball_of: list[int]) -> int:
    """Pairs of nets whose straight lines cross; lines of nets that kept their balls never do."""
    starts = np.array(Array(side, BUMP_PITCH, BUMP).places)
    ends = np.array(Array(side, BALL_PITCH, PAD).places)[ball_of]
    moved = np.flatnonzero(np.array(ball_of) != np.arange(len(ball_of)))
    found = 0
    for index in moved:
        a, b = starts[index], ends[index]
        apart = _side(a, b, starts) * _side(a, b, ends) < 0
        across = _side(starts, ends, a) * _side(starts, ends, b) < 0
        crossed = np.flatnonzero(apart & across)
        kept = crossed[np.array(ball_of)[crossed] == crossed]
        found += len(kept) + int((np.setdiff1d(crossed, kept) > index).sum())
    return found


def _side(a: Places, b: Places, c: Places) -> Places:
    """Twice the area of the triangles a b c: above 0 where c lies left of a to b."""
    return np.asarray((b - a)[..., 0] * (c - a)[..., 1] - (b - a)[..., 1] * (c - a)[..., 0])


def given_case(nets: int, disorder: float, seed: int = 1, angles: str = "any") -> Case:
    """The case with that many nets, a square number."""
    side = math.isqrt(nets)
    ball_of = dealt(side, disorder, seed)
    names = [f"R{index // side + 1}C{index % side + 1}" for index in range(nets)]
    bumps = tuple(
        Bump(names[index], x, y, f"S{index + 1}", BUMP, ball=f"B{ball_of[index] + 1}")
        for index, (x, y) in enumerate(Array(side, BUMP_PITCH, BUMP).places)
    )
    balls = tuple(Ball(f"B{index + 1}", x, y) for index, (x, y) in enumerate(Array(side, BALL_PITCH, PAD).places))
    layers = LAYERS.get(nets, 2)
    deck = Deck(
        name=f"given-{layers}rdl",
        source="chosen",
        line=LINE,
        space=LINE,
        layers=layers,
        land=LAND,
        via=5,
        enclosure=2.5,
        pad=PAD,
        ubm=215,
        ball_opening=170,
        ball=250,
        edge=75,
    )
    moved = sum(ball != index for index, ball in enumerate(ball_of))
    body = (side + 1) * BALL_PITCH
    return Case(
        name=f"given_{nets}_d{disorder:g}",
        description=(
            f"{nets} nets, given, {layers} RDLs, 2/2 um, disorder {disorder:g}: {moved} have another ball, "
            f"{crossings(side, ball_of)} pairs cross"
        ),
        deck=deck,
        width=body,
        height=body,
        chips=(Chip("die", (side + 1) * BUMP_PITCH, (side + 1) * BUMP_PITCH, bumps),),
        balls=balls,
        angles=angles,
    )
