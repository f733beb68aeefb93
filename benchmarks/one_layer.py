"""Area dies whose signals all leave on one layer, to balls around the die: jobs of any size, for the growth of time.

The bump pitch grows with the die, so that the traces of the inner bumps fit between the outer ones at line/space 5/5.
The seed decides which net is where.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

TRACE = 10
"""Line and space of the first metal of fanout-graded-3rdl [um]."""
BALL_PITCH = 400
SPARE = 1.15
"""Balls for each signal."""


def one_layer_job(signals: int, folder: Path, seed: int = 1) -> Path:
    """Writes bump map and job into ``folder``; returns the job."""
    side = math.ceil(math.sqrt(signals))
    pitch = max(150, 5 * math.ceil((TRACE * 0.6 * side + 60) / 5))
    die = (side + 1) * pitch
    within = math.ceil((die + 500) / BALL_PITCH)
    rings = next(r for r in range(1, 1000) if 4 * (within + r) * r >= SPARE * signals)
    grid = within + 2 * rings
    chance = random.Random(seed)
    order = list(range(signals))
    chance.shuffle(order)
    lines = ["bump,x_um,y_um,net"]
    for index in range(signals):
        row, column = divmod(index, side)
        x, y = (column - (side - 1) / 2) * pitch, ((side - 1) / 2 - row) * pitch
        lines.append(f"R{row + 1}C{column + 1},{x:g},{y:g},S{order[index]}")
    bumps = folder / f"area{signals}.csv"
    bumps.write_text("\n".join(lines) + "\n", encoding="utf-8")
    job = folder / f"area{signals}.toml"
    job.write_text(
        f'name = "area{signals}"\n'
        'technology = "fanout-graded-3rdl"\n'
        "[package]\n"
        f'width = "{(grid + 1) * BALL_PITCH} um"\n'
        f'height = "{(grid + 1) * BALL_PITCH} um"\n'
        "rdl_count = 1\n"
        "[die]\n"
        f'bumps = "{bumps.name}"\n'
        f'width = "{die} um"\n'
        f'height = "{die} um"\n'
        "[balls]\n"
        f'pitch = "{BALL_PITCH} um"\n'
        f"columns = {grid}\n"
        f"rows = {grid}\n"
        'style = "perimeter"\n'
        f"rings = {rings}\n",
        encoding="utf-8",
    )
    return job
