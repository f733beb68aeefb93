"""Jobs whose dies and balls come from files of other programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_read_source import DATA, DEF_TEXT, DIE_TEXT, LEF, real
from test_read_threedblox import stack

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Circle, Point, Rectangle
from kicad_rdl.model.package import Package
from kicad_rdl.read.job import read_job

JOB = """name = "made"
technology = "fanout-hd-2rdl"
[package]
width = "3 mm"
height = "3 mm"
[die]
{die}
[balls]
{balls}
"""
SIZES = 'pad = "80 um"\nopening = "30 um"\nubm = "60 um"\ndiameter = "80 um"'
GRID = 'columns = 4\nrows = 4\npitch = "0.5 mm"'


def job(folder: Path, die: str, balls: str = GRID) -> Package:
    path = folder / "job.toml"
    path.write_text(JOB.format(die=die, balls=balls), encoding="utf-8")
    return read_job(path).package


def refusal(folder: Path, die: str, balls: str = GRID) -> str:
    with pytest.raises(InputError) as caught:
        job(folder, die, balls)
    return str(caught.value)


def test_a_def_die(tmp_path: Path) -> None:
    """The DEF says name and size; the layout is mirrored into the package."""
    (tmp_path / "chip.def").write_text(DEF_TEXT, encoding="utf-8")
    (tmp_path / "cells.lef").write_text(LEF, encoding="utf-8")
    (die,) = job(tmp_path, 'bumps = "chip.def"\nlef = ["cells.lef"]\nposition = ["0.1 mm", "0 mm"]').dies
    assert (die.die.name, die.die.width, die.die.height, die.at) == ("chip", 1_000_000, 500_000, Point(100_000, 0))
    first = die.bumps[0]
    assert (first.name, first.at.x, first.net) == ("b0", 385_000 + 100_000, "sig")
    (pads,) = job(tmp_path, 'name = "io"\nbumps = "chip.def"\nlef = ["cells.lef"]\ncells = ["IO*"]').dies
    assert (pads.die.name, [bump.name for bump in pads.bumps]) == ("io", ["u0", "u1"])
    assert 'lef = ["cells.lef"]' in refusal(tmp_path, 'bumps = "chip.def"')


def test_a_bmap_die(tmp_path: Path) -> None:
    """Without a size, as large as its bumps; with one, counted from the lower left."""
    (tmp_path / "m.bmap").write_text("a B 100 100 - N1\nb B 300 200 - N2\n", encoding="utf-8")
    (die,) = job(tmp_path, 'bumps = "m.bmap"\nbump = {diameter = "50 um"}').dies
    assert (die.die.name, die.die.width, die.die.height) == ("m", 250_000, 150_000)
    sized = ['name = "d"', 'bumps = "m.bmap"', 'width = "1 mm"', 'height = "1 mm"', 'face = "down"']
    sized.append('types = {B = {diameter = "40 um"}}')
    (die,) = job(tmp_path, "\n".join(sized)).dies
    assert [(bump.at.x, bump.at.y, bump.shape) for bump in die.bumps] == [
        (-400_000, -400_000, Circle(40_000)),
        (-200_000, -300_000, Circle(40_000)),
    ]


def test_a_die_text(tmp_path: Path) -> None:
    (tmp_path / "chip.txt").write_text(DIE_TEXT, encoding="utf-8")
    (die,) = job(tmp_path, 'bumps = "chip.txt"').dies
    assert (die.die.name, len(die.bumps), die.mirrored) == ("CHIP7", 3, True)


def test_a_stack_brings_dies_and_balls(tmp_path: Path) -> None:
    """Positions and turns of the job come on top of those of the stack; die bumps keep their way to the balls."""
    stack(tmp_path)
    package = job(tmp_path, 'bumps = "top.3dbx"', f'map = "top.3dbx"\n{SIZES}')
    assert [(die.die.name, die.at) for die in package.dies] == [
        ("left", Point(-250_000, -30_000)),
        ("right", Point(200_000, -80_000)),
    ]
    assert [(ball.name, ball.at, ball.nc) for ball in package.balls] == [
        ("p1", Point(-400_000, -200_000), False),
        ("p2", Point(400_000, -200_000), False),
        ("p3", Point(-400_000, 200_000), False),
        ("p4", Point(400_000, 200_000), False),
    ]
    assert [(net.name, net.allowed) for net in package.nets] == [("A", ("p1",)), ("B", ("p2",)), ("C", ("p3",))]
    moved = job(tmp_path, 'bumps = "top.3dbx"\nquarter_turns = 1\nposition = ["0 mm", "0.1 mm"]')
    assert [die.at for die in moved.dies] == [Point(30_000, -150_000), Point(80_000, 300_000)]
    assert [die.quarters for die in moved.dies] == [1, 2]


def test_dies_and_balls_of_a_stack_share_their_frame(tmp_path: Path) -> None:
    """Also where bumps lie beyond the substrate's design area, however large the job makes them."""
    stack(tmp_path, ("design_area: [1000, 600]", "design_area: [850, 600]"), name="chiplets.3dbv")
    for diameter in ("10 um", "60 um"):
        package = job(tmp_path, f'bumps = "top.3dbx"\nbump = {{diameter = "{diameter}"}}', f'map = "top.3dbx"\n{SIZES}')
        left = package.dies[0].bumps[0]
        # d1 of "left" is at 170, 230 of the substrate, ball p1 at 100, 100
        assert left.at - package.balls[0].at == Point(70_000, 130_000)


def test_balls_of_nets_without_bumps_are_nc(tmp_path: Path) -> None:
    """Places of a .bmap count from the package's lower left corner where the job says so."""
    stack(tmp_path, ("A\n", "X\n"), name="balls.bmap")
    balls = 'map = "balls.bmap"\norigin = "lower left"\noffset = ["0.5 mm", "0.5 mm"]\n' + SIZES
    package = job(tmp_path, 'bumps = "top.3dbx"\nchiplet = "left"', balls)
    assert (package.balls[0].nc, package.balls[0].at) == (True, Point(-900_000, -900_000))
    assert [net.allowed for net in package.nets] == [None, ("p2",), ("p3",)]


@real
def test_blackparrot_as_a_job(tmp_path: Path) -> None:
    """Pad cells as bumps and bumps as balls, from one DEF: signals are as far apart as in its frame."""
    folder = DATA / "blackparrot_flipchip"
    files = f'"{folder / "floorplan_flipchip.def"}"\nlef = ["{folder / "dummy_pads.lef"}"]'
    path = tmp_path / "job.toml"
    text = JOB.format(
        die=f'bumps = {files}\ncells = ["PADCELL_*"]',
        balls=f'map = {files}\npad_shape = "square"\n{SIZES}',
    )
    override = '{"die_pad.space" = "5 um", "die_pad.pitch" = "20 um", "die_pad.enclosure" = "1 um"}'
    text = text.replace('"fanout-hd-2rdl"', f'{{name = "fanout-hd-2rdl", override = {override}}}')
    path.write_text(text.replace('"3 mm"', '"3.5 mm"'), encoding="utf-8")
    package = read_job(path).package
    assert (len(package.bumps), len(package.balls)) == (237, 276)
    places = {ball.name: ball.at for ball in package.balls}
    pad = next(bump for _, bump in package.bumps if bump.net == "p_ddr_dm_1_o")
    assert package.net("p_ddr_dm_1_o").allowed == ("BUMP_0_0",)
    # BUMP_0_0 is at 232.5, 237.5 of 3000 um in the layout, mirrored here; its pad cell stands at the lower or left edge
    assert places["BUMP_0_0"] == Point(1_267_500, -1_262_500)
    assert pad.shape in (Rectangle(10_000, 5_000), Rectangle(5_000, 10_000))
    lengths = [
        bump.at.distance(places[rule.allowed[0]])
        for rule in package.nets
        if rule.allowed is not None and len(rule.allowed) == 1
        for _, bump in package.bumps
        if bump.net == rule.name
    ]
    # the wrong mirror would make it more than 2 mm on average
    assert len(lengths) == 135
    assert sum(lengths) / len(lengths) < 600_000


def test_notes_of_the_readers_come_with_the_job(tmp_path: Path) -> None:
    """Each once, with paths from the folder of the job: the report has no path of a machine."""
    stack(tmp_path, ("A\n", "X\n"), name="balls.bmap")
    (tmp_path / "bumps.lef").unlink()
    path = tmp_path / "job.toml"
    die = 'bumps = "top.3dbx"\nbump = {diameter = "10 um"}'
    path.write_text(JOB.format(die=die, balls=f'map = "top.3dbx"\n{SIZES}'), encoding="utf-8")
    notes = read_job(path).notes
    assert notes == (
        "chiplets.3dbv:5: its LEF file bumps.lef is not there; its bumps have the size that the job gives",
        "top.3dbx: balls on nets that no bump is on, which nothing may take: 1",
    )


def wrong() -> Iterator[tuple[str, str, str]]:
    yield (
        'bumps = "t.csv"\nheight = "1 mm"',
        GRID,
        r'job.toml: die: the key "width" is missing; a table of bumps does not',
    )
    yield 'bumps = "t.csv"\nwidth = "1 mm"', GRID, r'the key "height" is missing'
    yield 'bumps = "top.3dbx"\nface = "up"', GRID, r"top.3dbx: a stack says itself how its dies lie; leave face out"
    yield 'bumps = "top.3dbx"\nname = "d"', GRID, r"job.toml: die.name is for one die; top.3dbx has 2"
    yield 'bumps = "top.3dbx"\nchiplet = "lift"', GRID, r'no chiplet of the stack is called "lift"; did you mean "left"'
    yield 'bumps = "top.3dbx"\nposition = ["2 mm", "0 mm"]', GRID, r"die left: 350 um beyond the package edge"
    yield (
        'bumps = "t.csv"\nwidth = "1 mm"\nheight = "1 mm"',
        'map = "chiplets.3dbv"',
        r"chiplets.3dbv: there are several chiplets",
    )
    yield (
        'bumps = "t.csv"\nwidth = "1 mm"\nheight = "1 mm"',
        f'map = "balls.bmap"\n{GRID}',
        r"balls.bmap has the places of all",
    )


@pytest.mark.parametrize(("die", "balls", "message"), list(wrong()))
def test_refusals(tmp_path: Path, die: str, balls: str, message: str) -> None:
    stack(tmp_path)
    (tmp_path / "t.csv").write_text("name,x_um,y_um,net\na,0,0,A\n", encoding="utf-8")
    assert re.search(message, refusal(tmp_path, die, balls))


def test_names_of_dies_are_names_of_files(tmp_path: Path) -> None:
    (tmp_path / "chip.def").write_text(DEF_TEXT.replace("DESIGN chip", "DESIGN /top/chip[3]"), encoding="utf-8")
    (tmp_path / "cells.lef").write_text(LEF, encoding="utf-8")
    (die,) = job(tmp_path, 'bumps = "chip.def"\nlef = ["cells.lef"]').dies
    assert die.die.name == "die_top_chip_3_"
