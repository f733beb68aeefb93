"""Wires that end on wires of their own net: a channel for one trace, and terminals that reach only its middle."""

from __future__ import annotations

from pathlib import Path

import pytest
from jobs import write_job

from kicad_rdl import pipeline
from kicad_rdl.check import check_layout
from kicad_rdl.model.layout import Layout
from kicad_rdl.read.job import read_job
from kicad_rdl.read.technology import load_technology
from kicad_rdl.units import UM

DECK = "fanout-core-1rdl"
METAL = load_technology(DECK).metal(1)
CLEAR = (METAL.line + 2 * METAL.space) / UM + 1
"""What lets one trace pass, and not two [um]."""


def middle(side: int) -> int:
    """Of the chamber on one side [um]: that on the right is farther up."""
    return 200 if side > 0 else 0


def walls(side: int) -> str:
    """Keep-outs from the middle to one edge, with a chamber in them that opens into the channel in the middle."""
    half, y = CLEAR / 2, middle(side)
    rectangles = [
        (half, y + half, 300, 700),
        (half, -300, 300, y - half),
        (300, y + 150, 1990, 700),
        (300, -300, 1990, y - 150),
        (600, y - 150, 1990, y + 150),
    ]
    return "".join(
        f'[[keepouts]]\nname = "wall{n}{side}"\n'
        f'rectangle = ["{min(side * a, side * c)} um", "{b} um", "{max(side * a, side * c)} um", "{d} um"]\n'
        for n, (a, b, c, d) in enumerate(rectangles)
    )


def channelled(folder: Path, angles: str, bumps: str) -> Layout:
    """Net V from below the channel to a ball above it, and from the chambers beside it."""
    job = f"""
name = "channel"
technology = "{DECK}"
[package]
width = "4 mm"
height = "4 mm"
rdl_count = 1
angles = "{angles}"
[die]
bumps = "bumps.csv"
width = "1.4 mm"
height = "1.4 mm"
[balls]
map = "balls.csv"
pitch = "500 um"
{walls(-1)}{walls(1)}
"""
    (folder / "balls.csv").write_text("ball,x_um,y_um,net\nA1,0,1200,V\n")
    layout = pipeline.route_job(read_job(write_job(folder, job, bumps)))
    assert pipeline.undeclared(layout, check_layout(layout)) == ()
    return layout


@pytest.mark.parametrize("angles", ["any", "45"])
@pytest.mark.parametrize("chambers", [(-1,), (1,)])
def test_a_wire_ends_on_one_of_its_net(tmp_path: Path, angles: str, chambers: tuple[int, ...]) -> None:
    # the die is seen from below: mirrored
    bumps = "name,x_um,y_um,net\nlow,0,-500,V\n" + "".join(f"side{s},{-450 * s},{middle(s)},V\n" for s in chambers)
    layout = channelled(tmp_path, angles, bumps)
    assert layout.unrouted == ()
    assert len(layout.traces) > 1 + len(chambers)
