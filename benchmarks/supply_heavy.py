"""A die that is mostly supplies: four domains mixed among the signals, as area-array dies have them.

Three bumps of five are supplies, in a pattern that repeats every five sites and steps two sites aside from row to row
(a knight's move), so that signals and supplies stand evenly everywhere and no supply has a row or column of its own.
Half of the supplies are VSS; the others are VDDA in one corner, VDDIO in the outer rings, VDD in the core. No random.

``python benchmarks/supply_heavy.py FOLDER [--rdls 3]`` writes the bump map and the job.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

PERIOD = 5
"""Sites after which the pattern of a row repeats; two of them are signals."""

BALL_PITCH = 400
BODY_MARGIN = 400
"""From the outermost ball centres to the package edge [um]."""

BUMPS_PER_BALL = 3
"""Of a supply."""

SUPPLIES = ("VDD", "VDDA", "VDDIO", "VSS")


def net_of(row: int, column: int, n: int) -> str | None:
    """The supply of a site, rows from the top; None: a signal."""
    place = (column + 2 * row) % PERIOD
    if place in (1, 3):
        return None
    if place == 0 or (place == 2 and row % 2 == 0):
        return "VSS"
    corner, rings = round(0.3 * n), round(0.15 * n)
    if row < corner and column < corner:
        return "VDDA"
    return "VDDIO" if min(row, column, n - 1 - row, n - 1 - column) < rings else "VDD"


def supply_heavy(n: int = 26, pitch: int = 170, rdl_count: int = 3, rules: str | None = None) -> tuple[str, str]:
    """The bump map and the job of a die with ``n`` x ``n`` bumps.

    Args:
        n: bumps along each side.
        pitch: of the bumps [um].
        rdl_count: 1 to 4.
        rules: lines of TOML that every supply gets; None: a plane on a layer that the tool chooses.

    Returns:
        The text of the CSV and the text of the job.
    """
    nets: dict[tuple[int, int], str] = {}
    signals = 0
    for row in range(n):
        for column in range(n):
            supply = net_of(row, column, n)
            nets[row, column] = supply or f"D{signals}"
            signals += supply is None
    lines = ["bump,x_um,y_um,net"]
    for (row, column), net in nets.items():
        x, y = (column - (n - 1) / 2) * pitch, ((n - 1) / 2 - row) * pitch
        lines.append(f"R{row + 1}C{column + 1},{x:g},{y:g},{net}")
    balls = {s: max(1, list(nets.values()).count(s) // BUMPS_PER_BALL) for s in SUPPLIES if s in nets.values()}
    side = math.isqrt(signals + sum(balls.values()) - 1) + 1
    body = max((side - 1) * BALL_PITCH + 2 * BODY_MARGIN, (n + 1) * pitch + 400)
    job = f"""\
# Written by supply_heavy.py: {n} x {n} bumps at {pitch} um, {signals} signals, {rdl_count} RDLs.
name = "supply_heavy_{n}_{rdl_count}rdl"
description = "{n} x {n} bumps at {pitch} um, {n * n - signals} of them supplies of {len(balls)} domains"
technology = "fanout-hd-2rdl"

[package]
width = "{body} um"
height = "{body} um"
rdl_count = {rdl_count}

[die]
bumps = "supply_heavy_{n}.csv"
width = "{(n + 1) * pitch} um"
height = "{(n + 1) * pitch} um"
face = "down"

[balls]
pitch = "{BALL_PITCH} um"
columns = {side}
rows = {side}
"""
    for supply, count in balls.items():
        job += f'\n[[nets.rules]]\nmatch = ["{supply}"]\nkind = "supply"\n'
        job += (rules or 'style = "plane"') + f"\nballs = {count}\n"
    return "\n".join(lines) + "\n", job


def supply_heavy_job(folder: Path, n: int = 26, rdl_count: int = 3, rules: str | None = None) -> Path:
    """Writes bump map and job into ``folder``; returns the job."""
    bumps, job = supply_heavy(n, rdl_count=rdl_count, rules=rules)
    (folder / f"supply_heavy_{n}.csv").write_text(bumps, encoding="utf-8", newline="\n")
    path = folder / f"supply_heavy_{n}_{rdl_count}rdl.toml"
    path.write_text(job, encoding="utf-8", newline="\n")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rdls", type=int, default=3)
    parser.add_argument("--bumps", type=int, default=26, help="along each side")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    print(supply_heavy_job(chosen.folder, chosen.bumps, chosen.rdls))


if __name__ == "__main__":
    main()
