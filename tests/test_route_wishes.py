"""Keep-outs, locked copper, class spaces and layers: the router heeds what the checker judges."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from jobs import RINGS_JOB, write_job

from kicad_rdl import pipeline
from kicad_rdl.check import check_layout
from kicad_rdl.geometry import Point
from kicad_rdl.model.layout import Improvement, Layout
from kicad_rdl.read.job import read_job
from kicad_rdl.route import wiring
from kicad_rdl.route.negotiate import Negotiation

BUMPS = "name,x_um,y_um,net\n" + "".join(
    f"b{row}{column},{150 * column - 300},{150 * row - 300},N{row}{column}\n" for row in range(5) for column in range(5)
)


def routed(folder: Path, count: int, more: str, bumps: str = BUMPS, angles: str = "any") -> Layout:
    """Of 25 bumps, mirrored (the die is face down), in the middle of two rings of balls; without a violation."""
    rings = 'style = "perimeter"\nrings = 2\n'
    job = RINGS_JOB.format(name="wishes", count=count, angles=angles, more=rings + more)
    layout = pipeline.route_job(read_job(write_job(folder, job, bumps)))
    assert pipeline.undeclared(layout, check_layout(layout)) == ()
    return layout


@pytest.mark.parametrize("count", [1, 2])
def test_traces_go_round_a_keepout(tmp_path: Path, count: int) -> None:
    layout = routed(tmp_path, count, '[[keepouts]]\nrectangle = ["450 um", "-300 um", "700 um", "300 um"]\n')
    assert layout.unrouted == ()


def test_a_keepout_that_shuts_off_the_die_leaves_nets_open(tmp_path: Path) -> None:
    ring = "".join(
        f'[[keepouts]]\nname = "{name}"\nrectangle = ["{a} um", "{b} um", "{c} um", "{d} um"]\n'
        for name, a, b, c, d in [
            ("left", -600, -600, -500, 600),
            ("right", 500, -600, 600, 600),
            ("top", -600, 500, 600, 600),
            ("bottom", -600, -600, 600, -500),
        ]
    )
    layout = routed(tmp_path, 1, ring)
    assert len({item.net for item in layout.unrouted}) == 25


def test_a_given_ball_stays_its_nets_where_no_way_leads_to_it(tmp_path: Path) -> None:
    """The board shows what is open, and the ball map given back gives the same balls."""
    (tmp_path / "balls.csv").write_text("ball,net\nA1,N22\n")
    ring = '[[keepouts]]\nname = "{}"\nlayers = [1]\nrectangle = ["{} um", "{} um", "{} um", "{} um"]\n'
    shut = [("left", -1750, 1250, -1700, 1750), ("right", -1300, 1250, -1250, 1750)]
    shut += [("top", -1750, 1700, -1250, 1750), ("bottom", -1750, 1250, -1250, 1300)]
    layout = routed(tmp_path, 1, 'map = "balls.csv"\n' + "".join(ring.format(*side) for side in shut))
    assert {item.net for item in layout.unrouted} == {"N22"}
    assert dict(layout.ball_nets)["A1"] == "N22"
    assert {pad.net for pad in layout.pads if pad.name == "A1"} == {"N22"}


def test_a_net_that_may_choose_does_not_take_a_given_ball(tmp_path: Path) -> None:
    """Of its two balls the free one is shut off, the other one is given to a net that chooses nothing."""
    (tmp_path / "balls.csv").write_text("ball,net\nA2,N22\n")
    shut = '[[keepouts]]\nlayers = [1]\nrectangle = ["{} um", "{} um", "{} um", "{} um"]\n'
    sides = [(-1750, 1250, -1700, 1750), (-1300, 1250, -1250, 1750), (-1750, 1700, -1250, 1750)]
    ring = "".join(shut.format(*side) for side in [*sides, (-1750, 1250, -1250, 1300)])
    choice = '[[nets.rules]]\nmatch = ["N44"]\nat = ["A1", "A2"]\n'
    layout = routed(tmp_path, 1, 'map = "balls.csv"\n' + choice + ring)
    assert {item.net for item in layout.unrouted} == {"N44"}
    assert dict(layout.ball_nets)["A2"] == "N22"


@pytest.mark.parametrize("choice", ['at = ["B4"]', 'at = ["B3", "B4"]'])
def test_planes_leave_balls_to_nets_that_have_no_other(tmp_path: Path, choice: str) -> None:
    """The supply takes as many balls as stand in the inner ring, and the signal may take one of these only."""
    bumps = "name,x_um,y_um,net\n" + "".join(
        f"b{row}{column},{150 * column - 300},{150 * row - 300},{'VDD' if (row, column) != (2, 2) else 'CLK'}\n"
        for row in range(5)
        for column in range(5)
    )
    more = '[[nets.rules]]\nmatch = ["VDD"]\nstyle = "plane"\nballs = 16\n'
    more += f'[[nets.rules]]\nmatch = ["CLK"]\n{choice}\n'
    layout = routed(tmp_path, 2, more, bumps)
    assert layout.unrouted == ()


def test_from_a_pad_whose_middle_lies_in_a_keepout_no_trace_starts(tmp_path: Path) -> None:
    keepout = '[[keepouts]]\nname = "half"\nrectangle = ["0 um", "-1900 um", "1900 um", "1900 um"]\n'
    layout = routed(tmp_path, 1, keepout)
    shut = [f"bump:b{row}{column}" for row in range(5) for column in range(3)]  # the map looks through the die
    reasons = {item.start: item.reason for item in layout.unrouted}
    assert reasons == {bump: f"keep-out half lies over {bump}: no trace can start there" for bump in shut}
    assert layout.bottlenecks == ()


@pytest.mark.parametrize("angles", ["any", "45"])
def test_a_keepout_over_the_rims_of_pads_is_gone_round(tmp_path: Path, angles: str) -> None:
    """Over the upper thirds of a row of bumps, beside them and over a ball; thin, with sharp and with blunt corners."""
    keepouts = """
[[keepouts]]
rectangle = ["-330 um", "5.1 um", "330 um", "40 um"]
[[keepouts]]
polygon = [["-400 um", "-290 um"], ["400 um", "-293 um"], ["400 um", "-294 um"]]
[[keepouts]]
circle = ["1000 um", "580 um", "140 um"]
"""
    layout = routed(tmp_path, 1, keepouts, angles=angles)
    assert layout.unrouted == ()


def test_what_would_open_a_cut_beside_keepouts(tmp_path: Path) -> None:
    """A ring of two keep-outs with one gap, too narrow for all."""
    around = [(-600, 600), (-600, -600), (600, -600), (600, -500), (-500, -500), (-500, 500), (450, 500), (450, 600)]
    corners = ", ".join(f'["{x} um", "{y} um"]' for x, y in around)
    right = '[[keepouts]]\nname = "right"\nrectangle = ["500 um", "-550 um", "600 um", "600 um"]\n'
    layout = routed(tmp_path, 1, f'[[keepouts]]\nname = "around"\npolygon = [{corners}]\n{right}')
    (reason,) = {item.reason for item in layout.unrouted}
    assert re.fullmatch(
        "25 connections want a ball, 2 fit: .* full, nothing passes keep-out around and keep-out right", reason
    )
    assert {name for cut in layout.bottlenecks for name in (cut.start_name, cut.end_name)} == {
        "keep-out around",
        "keep-out right",
    }
    (remedies,) = {cut.remedies for cut in layout.bottlenecks if cut.fits}
    assert any(re.fullmatch(r".* um more distance here: keep-out \w+ smaller or elsewhere", r) for r in remedies)


def test_a_supply_whose_bumps_are_joined_and_have_no_ball_is_open(tmp_path: Path) -> None:
    """Two of the bumps in the middle of a wall with one gap; what is open is told, and more than the others have."""
    bumps = BUMPS.replace("N12\n", "VDD\n").replace("N22\n", "VDD\n")
    around = [(-600, 600), (-600, -600), (600, -600), (600, -500), (-500, -500), (-500, 500), (600, 500), (600, 600)]
    corners = ", ".join(f'["{x} um", "{y} um"]' for x, y in around)
    right = '[[keepouts]]\nname = "right"\nrectangle = ["500 um", "-600 um", "600 um", "600 um"]\n'
    layout = routed(tmp_path, 1, f'[[keepouts]]\nname = "around"\npolygon = [{corners}]\n{right}', bumps)
    assert len({item.net for item in layout.unrouted}) == 24
    assert [c.length is not None for c in layout.connections if c.net == "VDD"] == [True]


def test_a_net_wholly_of_locked_copper_wants_nothing(tmp_path: Path) -> None:
    points = '[["-300 um", "0 um"], ["-1000 um", "0 um"]]'
    layout = routed(tmp_path, 1, f'[[locked]]\nnet = "N24"\nlayer = 1\nwidth = "20 um"\npoints = {points}\n')
    assert layout.unrouted == ()
    assert [trace for trace in layout.traces if trace.net == "N24"] == []
    (join,) = [connection for connection in layout.connections if connection.net == "N24"]
    assert join.length is not None
    ball = next(ball for ball in layout.package.balls if ball.at == Point(-1_000_000, 0))
    assert dict(layout.ball_nets)[ball.name] == "N24"


def test_locked_copper_between_bumps_counts_as_a_join(tmp_path: Path) -> None:
    bumps = BUMPS.replace("N23\n", "N24\n")
    points = '[["-150 um", "0 um"], ["-300 um", "0 um"]]'
    layout = routed(tmp_path, 2, f'[[locked]]\nnet = "N24"\nlayer = 1\nwidth = "20 um"\npoints = {points}\n', bumps)
    assert layout.unrouted == ()
    assert len([connection for connection in layout.connections if connection.net == "N24"]) == 2


@pytest.mark.parametrize("rule", ['space = "30 um"', "layers = [2]", 'width = "25 um"\nspace = "25 um"'])
def test_wishes_of_a_free_net_are_heeded(tmp_path: Path, rule: str) -> None:
    layout = routed(tmp_path, 2, f'[[nets.rules]]\nmatch = ["N04", "N44"]\n{rule}\n')
    assert layout.unrouted == ()


def test_what_has_room_after_improving_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for wires that gave way: one of the flow and one of a tree are open, and nobody is there."""

    def careless(work: Negotiation, numbers: Sequence[int], *_: object) -> Improvement:
        for number in (min(numbers), max(numbers)):
            work.take_out(number)
        return Improvement()

    monkeypatch.setattr(wiring, "improve", careless)
    assert routed(tmp_path, 2, "", BUMPS.replace("N23\n", "N24\n")).unrouted == ()


def test_the_module_example_is_complete() -> None:
    job = Path(__file__).parents[1] / "examples" / "module" / "module.toml"
    layout = pipeline.route_job(read_job(job))
    assert layout.unrouted == ()
    assert check_layout(layout) == ()
