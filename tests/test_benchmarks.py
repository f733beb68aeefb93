"""The inputs of the benchmarks: the same every time, readable, and what the published descriptions say."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kicad_rdl.check import check_layout
from kicad_rdl.model.package import Angles
from kicad_rdl.pipeline import route_job
from kicad_rdl.read.job import read_job

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import blackparrot
import bmap_sets
import caravel
import chiplets
import contest
import cuts
import given
import judge
import peers
from cases import Case, write_job
from public import DATA, real
from rows import ROWS
from run import COLUMNS, cells, goals, growth, markdown
from worker import Outcome


def made() -> list[Case]:
    """One of every kind that needs no public file."""
    return [
        contest.contest_case("test143"),
        contest.contest_case("test144", "45"),
        given.given_case(256, 0.1),
        chiplets.chiplets_case(),
    ]


def packages_of(cases: list[Case], folder: Path) -> None:
    for case in cases:
        package = read_job(write_job(case, folder / case.name)).package
        assert len(package.bumps) == sum(len(chip.bumps) for chip in case.chips)
        assert len(package.balls) == len(case.balls)
        places = {ball.name: (ball.at.x, ball.at.y) for ball in package.balls}
        assert places == {ball.name: (round(ball.x * 1e3), round(ball.y * 1e3)) for ball in case.balls}


def test_generated_inputs_are_valid_jobs(tmp_path: Path) -> None:
    packages_of(made(), tmp_path)


@real
def test_public_inputs_are_valid_jobs(tmp_path: Path) -> None:
    sets = [bmap_sets.bmap_case(DATA / "bmap_sets", nets) for nets in (15, 100)]
    parrot = blackparrot.blackparrot_case(DATA / "blackparrot_flipchip", 10, "45")
    packages_of([caravel.caravel_case(DATA / "caravel_wlcsp_sky130"), parrot, *sets], tmp_path)


def test_generated_inputs_are_the_same_every_time(tmp_path: Path) -> None:
    for run in ("one", "other"):
        for case in made():
            write_job(case, tmp_path / run / case.name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) >= 16
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


@pytest.mark.parametrize(
    ("name", "nets", "sums"),
    [("test143", 143, (9103.8, 9567.8, 10795)), ("test144", 144, (9334.5, 9813.9, 11071))],
)
def test_contest_has_the_published_sums(name: str, nets: int, sums: tuple[float, float, float]) -> None:
    pairs = contest.published(name)
    assert len(pairs) == nets
    assert len({bump for _, bump in pairs}) == nets
    for metric, total in zip(("euclid", "octilinear", "manhattan"), sums, strict=True):
        assert contest.straight(name, metric) == pytest.approx(total, abs=0.05)


@pytest.mark.parametrize(("name", "crossed"), [("test143", 48), ("test144", 52)])
def test_contest_has_the_published_crossings(name: str, crossed: int) -> None:
    chords = [(contest.centre(driver), contest.centre(bump)) for driver, bump in contest.published(name)]

    def left(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    found = 0
    for index, (a, b) in enumerate(chords):
        for c, d in chords[:index]:
            found += left(a, b, c) * left(a, b, d) < 0 and left(c, d, a) * left(c, d, b) < 0
    assert found == crossed


@real
def test_blackparrot_has_the_published_connections() -> None:
    pins = blackparrot.pad_pins(DATA / "blackparrot_flipchip")
    assert len(pins) == 237
    shared = {"VDD": 17, "VSS": 17, "DVDD": 34, "DVSS": 34}
    counted = Counter(pin.net for pin in pins)
    assert {net: counted[net] for net in shared} == shared
    assert sum(count == 1 for count in counted.values()) == 135
    # pad cells stand in a frame around the die: their pins are the same distance from all four edges
    assert {max(abs(pin.x), abs(pin.y)) for pin in pins} == {1412.5}


@real
def test_blackparrot_bound_is_the_one_of_the_published_ratio(tmp_path: Path) -> None:
    """OpenROAD's 101.54 mm at 6/6 are 1.061 times the straight distances and 1.027 times the octilinear ones."""
    case = blackparrot.blackparrot_case(DATA / "blackparrot_flipchip", 6)
    package = read_job(write_job(case, tmp_path)).package
    every = frozenset(rule.name for rule in package.nets)
    for angles, ratio in ((Angles.ANY, 1.061), (Angles.OCTILINEAR, 1.027)):
        bound = judge.least_length(replace(package, angles=angles), every, "centres")
        assert 101.54e6 / bound.total == pytest.approx(ratio, abs=0.0006)
        assert bound.matched == 102


@real
def test_caravel_by_hand() -> None:
    assert caravel.drawn_by_hand(DATA / "caravel_wlcsp_sky130") == pytest.approx(70.97, abs=0.005)


@pytest.mark.parametrize("disorder", [0, 0.1, 0.5, 1])
def test_disorder_exchanges_that_share_within_blocks(disorder: float) -> None:
    side = 16
    ball_of = given.dealt(side, disorder, 1)
    assert sorted(ball_of) == list(range(side * side))
    moved = [index for index, ball in enumerate(ball_of) if ball != index]
    assert len(moved) == 2 * round(disorder * side * side / 2)
    for index in moved:
        ball = ball_of[index]
        assert (index // side // 4, index % side // 4) == (ball // side // 4, ball % side // 4)
    assert (given.crossings(side, ball_of) > 0) == (disorder > 0)
    assert given.dealt(side, disorder, 1) == ball_of
    assert (given.dealt(side, disorder, 2) == ball_of) == (disorder == 0)


def test_crossings_are_counted_once() -> None:
    """Two neighbours in a row that exchange their balls cross each other, and nobody else."""
    ball_of = list(range(16))
    ball_of[0], ball_of[1] = 1, 0
    assert given.crossings(4, ball_of) == 1


def test_chiplets_are_as_described() -> None:
    case = chiplets.chiplets_case()
    assert [len(chip.bumps) for chip in case.chips] == [64, 64, 200]
    ends = Counter(bump.net for chip in case.chips for bump in chip.bumps if bump.net)
    to_balls = {ball.net for ball in case.balls}
    assert len(case.balls) == len(to_balls) == 100
    assert all(ends[net] == 1 for net in to_balls)
    assert all(count == 2 for net, count in ends.items() if net not in to_balls)
    assert len(ends) == 198


def test_squares_bound_what_fits() -> None:
    assert peers.most_on("n64_2l") == 64
    assert peers.most_on("n1024_2l") == 600
    assert peers.most_on("p64_1l") is None
    bumps, balls = cuts.Array(8, 1, 0.5), cuts.Array(8, 4, 1)
    wide, narrow = (cuts.most_that_fit(bumps, balls, range(64), line, line, 2) for line in (0.05, 1))
    assert narrow < wide == 64
    # lines wider than the die: of the 36 bumps within the outermost ring only the 4 with their ball there are joined
    assert cuts.most_that_fit(bumps, balls, range(64), 40, 40, 2) == 64 - 36 + 4


def test_slots_between_pads() -> None:
    """Gap 13 of the contest takes exactly four lines of 2 with spaces of 1."""
    assert cuts.slots(13, 2, 1) == 4
    assert cuts.slots(12.9, 2, 1) == 3
    assert cuts.slots(2, 2, 1) == 0


def test_judge_measures_copper_as_the_router_says_it(tmp_path: Path) -> None:
    """Copper outside the pads, cut by shapely, against the lengths in the report; and never below the bound.

    A wire may end on a via that stands beside the middle of a ball: there the report takes off the radius of the pad,
    the judge what lies within it.
    """
    case = replace(given.given_case(256, 0), name="some")
    few = {f"S{index}" for index in range(1, 257, 17)}
    chip = case.chips[0]
    case = replace(case, chips=(replace(chip, bumps=tuple(bump for bump in chip.bumps if bump.net in few)),))
    layout = route_job(read_job(write_job(case, tmp_path)))
    nets = judge.connected_nets(layout, check_layout(layout))
    assert nets == few
    told = math.fsum(item.length or 0.0 for item in layout.connections)
    measured = judge.copper_length(layout, nets, "edges")
    assert measured == pytest.approx(told, rel=5e-3)
    for ends in ("edges", "centres"):
        assert judge.copper_length(layout, nets, ends) >= 0.99999 * judge.bound_of(layout, nets, ends).total


def test_rows_have_names_of_their_own() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    wanted = ("caravel_wlcsp", "blackparrot_12_45", "test144_any", "bmap_100", "given_10000_d0.5", "chiplets")
    assert {*wanted, "p1024_1l", "n256_4l", "supply_heavy"} <= set(names)


@pytest.mark.kicad
def test_a_row_runs_in_its_own_process_and_asks_kicad(tmp_path: Path) -> None:
    table = tmp_path / "table.md"
    program = Path(__file__).parents[1] / "benchmarks" / "run.py"
    command = [sys.executable, str(program), "--row", "one_layer_64", "--markdown", str(table)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    line = next(line for line in table.read_text(encoding="utf-8").splitlines() if line.startswith("| one_layer_64 |"))
    assert line.split(" | ")[1:6] == ["64", "-", "64", "0", "clean"]


def test_goals_need_all_nets_before_lengths_count() -> None:
    row = next(row for row in ROWS if row.name == "caravel_wlcsp")
    good = Outcome(nets=57, connected=57, violations=0, kicad="clean", length=62.0, bound=60.0)
    assert goals(row.must, good).startswith("yes")
    assert goals(row.aim, good).startswith("yes")
    open_one = replace(good, connected=56)
    assert goals(row.must, open_one).startswith("no: 100 %")
    assert goals(row.aim, open_one).startswith("no")
    assert goals(row.must, replace(good, violations=1)) == "no: clean"
    assert goals(row.must, replace(good, kicad="1 clearance")) == "no: clean"
    unconnected = replace(good, kicad="1 unconnected_items")
    assert goals(row.must, unconnected) == "no: clean"  # KiCad contradicts us
    assert "clean" not in goals(row.must, replace(unconnected, connected=56))
    assert goals(row.must, Outcome(failed="timeout")).startswith("no")


def test_growth_is_a_power() -> None:
    outcomes = {
        "given_1024_d0": Outcome(nets=1000, connected=1000, cpu=1.0),
        "given_10000_d0": Outcome(nets=10000, connected=10000, cpu=10.0),
        "given_1024_d0.1": Outcome(nets=1000, cpu=1.0),
        "given_10000_d0.1": Outcome(failed="timeout"),
    }
    assert growth(outcomes) == [
        "growth of processor time from 1000 to 10000 nets, given, disorder 0: power 1.00 (at most 1.3)"
    ]


def test_a_row_that_failed_still_fills_its_line() -> None:
    row = ROWS[0]
    for outcome in (Outcome(failed="timeout after 3 s"), Outcome(nets=2, connected=1, violations=0, length=3, bound=2)):
        told = cells(row, outcome)
        assert len(told) == len(COLUMNS)
        assert markdown([told]).splitlines()[2].count("|") == len(COLUMNS) + 1
    assert "timeout after 3 s" in cells(row, Outcome(failed="timeout after 3 s"))
