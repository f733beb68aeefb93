"""Footprints and symbol: names, sizes, the right way round, and what KiCad itself would save."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import samples
import sexpdata
from conftest import KicadCli
from shapely import Polygon
from shapely.ops import unary_union

from kicad_rdl.geometry import Point, shapely_of
from kicad_rdl.kicad.board import placements
from kicad_rdl.kicad.order import name_key
from kicad_rdl.kicad.parts import (
    LANDS,
    ball_footprint,
    board_footprint,
    board_footprint_name,
    die_footprint,
    die_views,
    land_for,
)
from kicad_rdl.kicad.project import footprint_files
from kicad_rdl.model.package import Ball, NetKind, NetRule, Package
from kicad_rdl.units import MM, UM


def files(package: Package) -> dict[str, str]:
    return footprint_files(package, dict(samples.BALL_NETS))


@pytest.mark.parametrize(
    ("ball", "land"), [(750, 550), (300, 250), (261, 200), (264, 200), (275, 200), (276, 250), (100, 86), (1000, 733)]
)
def test_land_of_the_nearest_ball(ball: int, land: int) -> None:
    assert land_for(ball * UM) == land * UM


def test_lands_grow_with_the_ball() -> None:
    lands = [land_for(ball * UM) for ball in range(80, 1000, 5)]
    assert lands == sorted(lands)
    assert all(land < ball for ball, land in LANDS)


def test_name_after_kicads_convention() -> None:
    package = samples.package(1)
    assert board_footprint_name(package) == "BGA-9_3.0x3.0mm_Layout3x3_P0.8mm_Ball0.3mm_Pad0.25mm_NSMD"
    uneven = replace(package, height=3_500 * UM, ball=replace(package.ball, pitch_y=900 * UM))
    assert "_3.0x3.5mm_Layout3x3_P0.8x0.9mm_" in board_footprint_name(uneven)


def test_the_board_sees_a1_top_left_and_the_balls_show_it_at_the_right() -> None:
    package = samples.package(2)
    board = {land.name: land.at for land in board_footprint(package).lands}
    balls = {land.name: land.at for land in ball_footprint(package).lands}
    assert board["A1"] == Point(-800 * UM, 800 * UM)
    assert board["A3"] == Point(800 * UM, 800 * UM)
    assert balls["A1"] == Point(800 * UM, 800 * UM)
    assert {name: Point(-at.x, at.y) for name, at in balls.items()} == board
    # in the file y points down
    text = files(package)[f"sample_2_rdl.pretty/{board_footprint_name(package)}.kicad_mod"]
    assert re.search(r'\(pad "A1" smd circle\s+\(at -0\.8 -0\.8\)', text)


def test_openings_follow_mask_defined_and_copper_defined_terminals() -> None:
    smd = samples.package(2)
    assert {land.margin for land in ball_footprint(smd).lands} == {-25 * UM}
    nsmd = replace(smd, ball=replace(smd.ball, opening=330 * UM, mask_defined=False))
    assert {land.margin for land in ball_footprint(nsmd).lands} == {30 * UM}
    # where the UBM is a layer, its whole face is free
    assert {land.margin for land in ball_footprint(samples.package(1)).lands} == {0}
    die = die_footprint(smd, die_views(smd)[0])
    assert {land.margin for land in die.lands} == {-10 * UM}


def test_a_narrow_pitch_keeps_a_web_of_mask_on_the_board() -> None:
    package = samples.package(2)
    assert board_footprint(package).margin == 50 * UM
    fine = replace(package, ball=replace(package.ball, pitch_x=300 * UM, pitch_y=300 * UM, diameter=180 * UM))
    land, margin = land_for(180 * UM), board_footprint(fine).margin
    assert margin is not None
    assert 300 * UM - land - 2 * margin >= 75 * UM


def test_a_mirrored_die_is_a_footprint_of_its_own() -> None:
    package = samples.package(1)
    placed = package.dies[0]
    twins = replace(package, dies=(placed, replace(placed, mirrored=True), replace(placed, quarters=1)))
    views = die_views(twins)
    assert [view.name for view in views] == ["chip", "chip_mirrored"]
    straight, mirrored = (die_footprint(twins, view) for view in views)
    assert [land.at for land in mirrored.lands] == [Point(-land.at.x, land.at.y) for land in straight.lands]


@pytest.mark.parametrize(
    ("package", "dies"),
    [
        ("con", ("chip", "Chip", "chip.")),
        ("Lpt1.v2", ("aux", "NUL.a", "a b")),
        ("top", ("top_balls", "TOP_balls", "TOP_balls_die")),
        ("...", ("chip_mirrored", "chip", "_")),
        ("n" * 80, ("d" * 80, "D" * 80, "d" * 80 + ".")),
    ],
)
def test_every_footprint_has_a_file_of_its_own_also_on_windows(package: str, dies: tuple[str, ...]) -> None:
    sample = samples.package(2)
    (placed,) = sample.dies
    named = [replace(placed, die=replace(placed.die, name=name)) for name in dies]
    many = replace(sample, name=package, dies=(*named, *(replace(one, mirrored=True) for one in named)))
    paths = list(files(many))
    assert sum(path.endswith(".kicad_mod") for path in paths) == 2 * len(dies) + 2
    assert len({path.lower() for path in paths}) == len(paths)
    devices = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10))}
    for part in {part for path in paths for part in path.split("/")}:
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f]|[. ]$', part)
        assert part.partition(".")[0].lower() not in devices
        assert len(part) <= 255
    shown = {footprint.name for footprint, _ in placements(many)}
    assert {f"{name}.kicad_mod" for name in shown} <= {path.split("/")[-1] for path in paths}
    assert len(shown) == 2 * len(dies) + 1


def test_kicad_sorts_names_letter_by_letter() -> None:
    assert sorted(["B1", "A10", "AA1", "A2", "10", "9"], key=name_key) == ["9", "10", "A2", "A10", "AA1", "B1"]


def test_every_ball_has_one_pin_with_its_net() -> None:
    text = files(samples.package(1))["sample_1_rdl.kicad_sym"]
    pins = re.findall(r'\(pin (\w+) line.*?\(name "([^"]*)".*?\(number "([^"]*)"', text, flags=re.DOTALL)
    net = dict(samples.BALL_NETS)
    assert sorted(number for _, _, number in pins) == [ball.name for ball in samples.BALLS]
    for kind, name, number in pins:
        assert name == net.get(number, "NC")
        supply = name in ("VDD", "VSS")
        assert kind == ("no_connect" if name == "NC" else "power_in" if supply else "bidirectional")


def many_balls() -> tuple[Package, dict[str, str]]:
    """A 20 x 20 grid: every third ball a supply, some free."""
    package = samples.package(2)
    balls = tuple(
        Ball(f"R{row}C{column}", f"R{row}", column, Point(column * 500 * UM - 5 * MM, 5 * MM - row * 500 * UM))
        for row in range(1, 20)
        for column in range(1, 20)
    )
    nets = {ball.name: ("VSS" if k % 3 == 0 else f"D{k}") for k, ball in enumerate(balls) if k % 17}
    rules = tuple(
        NetRule(name, NetKind.SUPPLY if name == "VSS" else NetKind.SIGNAL) for name in sorted(set(nets.values()))
    )
    return replace(package, width=12 * MM, height=12 * MM, balls=balls, nets=rules), nets


def test_a_large_symbol_is_cut_into_units_without_losing_a_pin() -> None:
    package, nets = many_balls()
    text = footprint_files(package, nets)["sample_2_rdl.kicad_sym"]
    assert len(re.findall(r'\(symbol "sample_2_rdl_\d+_1"', text)) > 3
    assert sorted(re.findall(r'\(number "([^"]*)"', text)) == sorted(ball.name for ball in package.balls)
    bodies = re.findall(r"\(rectangle\s+\(start \S+ (\S+)\)", text)
    assert len(set(bodies)) == 1  # their upper edges: reference and value stand above each of them
    longest = max(len(ball.name) for ball in package.balls)
    (length,) = {float(length) for length in re.findall(r"\(length (\S+)\)", text)}
    assert longest > 2
    assert 1.1 * longest <= length < 1.1 * longest + 2.54  # a letter is 1.1 mm wide
    assert length % 2.54 == 0


def test_files_are_well_formed_and_the_same_every_time() -> None:
    package, nets = many_balls()
    first, second = footprint_files(package, nets), footprint_files(package, nets)
    assert first == second
    for text in first.values():
        assert sexpdata.loads(text)


@pytest.mark.kicad
@pytest.mark.parametrize("rdl_count", [1, 2])
def test_kicad_saves_footprints_and_symbols_just_so(kicad_cli: KicadCli, tmp_path: Path, rdl_count: int) -> None:
    package, nets = many_balls()
    for whole, net_of in ((package, nets), (samples.package(rdl_count), dict(samples.BALL_NETS))):
        whole = replace(whole, rdl_count=rdl_count)
        base = tmp_path / whole.name / str(len(whole.balls))
        written = footprint_files(whole, net_of)
        for name, text in written.items():
            path = base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (library,) = {path.parent for path in base.rglob("*.kicad_mod")}
        (symbols,) = base.glob("*.kicad_sym")
        kicad_cli.run("fp", "upgrade", "--force", library)
        kicad_cli.run("sym", "upgrade", "--force", symbols)
        for name, text in written.items():
            signer = "kicad_symbol_editor" if name.endswith("_sym") else "pcbnew"
            signed = text.replace('(generator "kicad_rdl")', f'(generator "{signer}")')
            assert (base / name).read_text(encoding="utf-8") == signed, name
        shutil.rmtree(base)


@pytest.mark.kicad
def test_kicad_draws_the_symbol(kicad_cli: KicadCli, tmp_path: Path) -> None:
    package, nets = many_balls()
    path = tmp_path / "sample.kicad_sym"
    path.write_text(footprint_files(package, nets)["sample_2_rdl.kicad_sym"], encoding="utf-8")
    kicad_cli.run("sym", "export", "svg", "--output", tmp_path, path)
    assert len(list(tmp_path.glob("*.svg"))) > 3


@pytest.mark.parametrize("pad", range(230, 560, 40))
def test_the_mark_of_the_first_ball_is_clear_of_its_copper(pad: int) -> None:
    """KiCad 10 also measures from copper that lies under the mask."""
    package = samples.package(2)
    wide = replace(package, width=2500 * UM, height=2500 * UM, ball=replace(package.ball, pad=pad * UM))
    footprint = ball_footprint(wide)
    copper = unary_union([shapely_of(land.shape, land.at) for land in footprint.lands])
    marks = [drawing for drawing in footprint.drawings if drawing.filled]
    assert len(marks) == 1
    for mark in marks:
        assert Polygon([(point.x, point.y) for point in mark.points]).distance(copper) > 0
