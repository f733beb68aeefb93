"""Wires that end on wires of their own net: a channel for one trace, and terminals that reach only its middle."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from jobs import write_job

from kicad_rdl import pipeline
from kicad_rdl.check import check_layout
from kicad_rdl.geometry import Circle, Point
from kicad_rdl.model.layout import Layout
from kicad_rdl.read.job import read_job
from kicad_rdl.read.technology import load_technology
from kicad_rdl.route.engine import connect
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.posts import LayerRules, Post, Request, Stand
from kicad_rdl.units import UM

DECK = "fanout-core-1rdl"
METAL = load_technology(DECK).metal(1)
CLEAR = (2 * METAL.line + METAL.space) / UM - 1
"""What does not let two traces pass between keep-outs, which ask for no distance [um]."""


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


def test_on_a_board_too() -> None:
    """Pads of net V below and above a channel, and one that reaches only its middle; two requests, three wires."""
    half, size, pitch = 1000 * UM, 100 * UM, 105 * UM
    beside = 81 * UM  # leaves room for one trace between two rows

    def pad(name: str, net: str | None, x: int, y: int, size: int = 60 * UM) -> Post:
        return Post(name, net, (Stand(1, Point(x, y), Circle(size)),), 1, 1)

    steps = range(1, 4)
    walls = [
        *(
            (side * (beside + k * pitch), y * (beside + 3 * pitch))
            for side in (-1, 1)
            for y in (-1, 1)
            for k in range(9)
        ),
        *((side * beside, y * (beside + k * pitch)) for side in (-1, 1) for y in (-1, 1) for k in range(3)),
        *((beside + k * pitch, y * beside) for y in (-1, 1) for k in steps),
        (-beside, 0),
    ]
    posts = [pad("low", "V", 0, -700 * UM), pad("high", "V", 0, 700 * UM), pad("side", "V", 600 * UM, 0)]
    posts += [pad(f"wall{x},{y}", None, x, y, size) for x, y in walls]
    requests = [Request("V", (0,), (1,), (20 * UM,), (20 * UM,)), Request("V", (2,), (0,), (20 * UM,), (20 * UM,))]
    rules = [LayerRules(20 * UM, 20 * UM, 20 * UM)]
    found = connect(posts, rules, requests, half, half)
    assert not found.open
    assert {wire.request for wire in found.wires} == {0, 1}
    assert sorted(max(wire.start, wire.end) for wire in found.wires) == [len(posts)] * 3


@pytest.mark.parametrize("angles", ["any", "45"])
@pytest.mark.parametrize("chambers", [(-1,), (1,)])
def test_a_wire_ends_on_one_of_its_net(tmp_path: Path, angles: str, chambers: tuple[int, ...]) -> None:
    # the die is seen from below: mirrored
    bumps = "name,x_um,y_um,net\nlow,0,-500,V\n" + "".join(f"side{s},{-450 * s},{middle(s)},V\n" for s in chambers)
    layout = channelled(tmp_path, angles, bumps)
    assert layout.unrouted == ()
    assert len(layout.traces) > 1 + len(chambers)


@pytest.mark.parametrize("seed", [12, 19, 38, 51, 56])
def test_what_is_not_open_is_joined(seed: int) -> None:
    """Four nets of several pads each, crowded on one layer: junctions come, and some requests stay open."""
    chance, line = Random(seed), 20 * UM
    octilinear = chance.random() < 0.4
    wanted = chance.randint(14, 36)
    pads: list[tuple[Point, int]] = []
    for _ in range(600):
        at = Point(chance.randint(-450, 450) * UM, chance.randint(-450, 450) * UM)
        size = chance.choice([40, 60, 90, 140]) * UM
        if len(pads) < wanted and all(at.distance(p) > (size + s) / 2 + line for p, s in pads):
            pads.append((at, size))
    nets = [chance.choice(["V", "V", "G", "G", "A", "B", None]) for _ in pads]
    posts = [
        Post(f"p{n}", net, (Stand(1, at, Circle(size)),), 1, 1)
        for n, ((at, size), net) in enumerate(zip(pads, nets, strict=True))
    ]
    requests = []
    for net in ("V", "G", "A", "B"):
        own = [n for n, name in enumerate(nets) if name == net]
        requests += [Request(net, (a,), (b,), (line,), (line,)) for a, b in pairwise(own)]
    half = 500 * UM
    found = connect(posts, [LayerRules(line, line, line)], requests, half, half, octilinear)
    pieces = Groups(1 + max(len(posts), *(max(wire.start, wire.end) for wire in found.wires)))
    for wire in found.wires:
        pieces.join(wire.start, wire.end)
    joined = {n for n, r in enumerate(requests) if pieces.root(r.starts[0]) == pieces.root(r.ends[0])}
    assert joined == set(range(len(requests))) - found.open.keys()
    ends = [post for wire in found.wires for post in (wire.start, wire.end) if post >= len(posts)]
    assert all(ends.count(post) > 1 for post in ends)
