"""Writes the area-array examples: dies of n x n bumps, half of them supplies, in a fan-out package.

The pattern is that of a large digital die:

- the core is supplies, column by column VDD and VSS in turn, so that each supply is a comb;
- through the signal band around it, every fifth column goes on as a supply column, VDD and VSS in turn (return paths
  among the signals);
- the rest of the band is signals. Exactly half of all bumps are supplies.

The seed decides which of the equally central sites are supplies, and how the signals are numbered. The package has a
ball for every signal, and for each supply a quarter as many balls as it has bumps.

Run ``python generate.py`` in this folder to write the CSV files and jobs again.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

BALL_PITCH = 400
BODY_MARGIN = 400
"""From the outermost ball centres to the package edge [um]."""
SUPPLY_COLUMN = 5
"""Every so many columns one is a supply; odd, so that these columns are VDD and VSS in turn as well."""
EXAMPLES = ((16, 2), (16, 3), (32, 2), (32, 3))


def supply_of(column: int) -> str:
    """The supply of a column, in the core and in the band: VDD and VSS in turn, so that each makes a comb."""
    return "VDD" if column % 2 == 0 else "VSS"


def nets_of(n: int, seed: int) -> dict[tuple[int, int], str]:
    """(row from the top, column) to net, for every site."""
    chance = random.Random(seed)
    middle = (n - 1) / 2
    sites = [(row, column) for row in range(n) for column in range(n)]
    tie = {site: chance.random() for site in sites}
    columns = [(row, column) for row, column in sites if column % SUPPLY_COLUMN == SUPPLY_COLUMN // 2]
    chosen = dict.fromkeys(columns, "")
    central = sorted(sites, key=lambda site: (max(abs(site[0] - middle), abs(site[1] - middle)), tie[site]))
    for site in central:
        if len(chosen) >= n * n // 2:
            break
        chosen.setdefault(site, "")
    nets: dict[tuple[int, int], str] = {}
    for row, column in sites:
        if (row, column) in chosen:
            nets[row, column] = supply_of(column)
    signals = [site for site in sites if site not in nets]
    numbers = list(range(len(signals)))
    chance.shuffle(numbers)
    width = len(str(len(signals) - 1))
    for site, number in zip(signals, numbers, strict=True):
        nets[site] = f"D{number:0{width}d}"
    return nets


def area_array(n: int, pitch: int = 150, rdl_count: int = 2, seed: int = 1, csv_name: str = "") -> tuple[str, str]:
    """The bump map and the job of a die with ``n`` x ``n`` bumps.

    Args:
        n: bumps along each side.
        pitch: of the bumps [um].
        rdl_count: 1 to 4; both supplies share a split plane, on RDL1 of two RDLs and on RDL2 of more.
        seed: of the choices that the pattern leaves open.
        csv_name: what the job calls the bump map.

    Returns:
        The text of the CSV and the text of the job.
    """
    nets = nets_of(n, seed)
    name = f"a{n}_{rdl_count}rdl"
    lines = ["bump,x_um,y_um,net"]
    for (row, column), net in sorted(nets.items()):
        x, y = (column - (n - 1) / 2) * pitch, ((n - 1) / 2 - row) * pitch
        lines.append(f"R{row + 1}C{column + 1},{x:g},{y:g},{net}")
    counts = {supply: sum(net == supply for net in nets.values()) for supply in ("VDD", "VSS")}
    balls = {supply: max(1, count // 4) for supply, count in counts.items()}
    signals = n * n - sum(counts.values())
    side = math.isqrt(signals + sum(balls.values()) - 1) + 1
    body = max((side - 1) * BALL_PITCH + 2 * BODY_MARGIN, (n + 1) * pitch + 400)
    job = f"""\
# Written by generate.py: {n} x {n} bumps at {pitch} um, {signals} signals, {rdl_count} RDLs, seed {seed}.
name = "{name}"
description = "Area array of {n} x {n} bumps at {pitch} um, half of them supplies, {rdl_count} RDLs"
technology = "fanout-hd-2rdl"

[package]
width = "{body} um"
height = "{body} um"
rdl_count = {rdl_count}

[die]
bumps = "{csv_name or f"a{n}.csv"}"
width = "{(n + 1) * pitch} um"
height = "{(n + 1) * pitch} um"
face = "down"

[balls]
pitch = "{BALL_PITCH} um"
columns = {side}
rows = {side}
"""
    for supply in ("VDD", "VSS"):
        plane = "" if rdl_count == 1 else f'style = "plane"\nplane_layer = {1 if rdl_count == 2 else 2}\n'
        job += f'\n[[nets.rules]]\nmatch = ["{supply}"]\nkind = "supply"\n{plane}balls = {balls[supply]}\n'
    return "\n".join(lines) + "\n", job


def main() -> None:
    """Writes the committed examples beside this file."""
    folder = Path(__file__).parent
    for n, rdl_count in EXAMPLES:
        csv_text, job_text = area_array(n, rdl_count=rdl_count)
        (folder / f"a{n}.csv").write_text(csv_text, encoding="utf-8", newline="\n")
        (folder / f"a{n}_{rdl_count}rdl.toml").write_text(job_text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
