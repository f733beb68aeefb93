"""Jobs: what they turn into, and what is refused with which words."""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path

import pytest
from jobs import SMALL_BUMPS as BUMPS
from jobs import SMALL_JOB as JOB

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle
from kicad_rdl.model.package import Angles, Joint, NetKind, Package, SupplyStyle
from kicad_rdl.model.technology import Status
from kicad_rdl.read.grid import letters
from kicad_rdl.read.job import Job, read_job
from kicad_rdl.read.plausible import gap_between
from kicad_rdl.read.technology import load_technology, technology_folder
from kicad_rdl.units import MM, UM

EXAMPLES = Path(__file__).parent.parent / "examples"


def job(folder: Path, *changes: tuple[str, str], more: str = "", bumps: str = BUMPS) -> Job:
    """Reads JOB with pieces replaced and text added."""
    text = JOB
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "bumps.csv").write_text(bumps)
    path = folder / "job.toml"
    path.write_text(text + more)
    return read_job(path)


def package(folder: Path, *changes: tuple[str, str], more: str = "", bumps: str = BUMPS) -> Package:
    return job(folder, *changes, more=more, bumps=bumps).package


def names(package: Package) -> str:
    return " ".join(ball.name for ball in package.balls)


# --- the examples ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "rdl_count"), [("fanout", 1), ("fanout_2rdl", 2)])
def test_caravel(name: str, rdl_count: int) -> None:
    caravel = read_job(EXAMPLES / "caravel" / f"{name}.toml").package
    assert (len(caravel.bumps), len(caravel.nets), len(caravel.balls), caravel.rdl_count) == (63, 57, 64, rdl_count)
    several = {rule.name for rule in caravel.nets if sum(b.net == rule.name for _, b in caravel.bumps) > 1}
    assert several == {"vss", "vddio", "vssa1", "vdda1"}
    assert {rule.name for rule in caravel.nets if rule.kind is NetKind.SUPPLY} >= several
    assert all(rule.balls == 1 and rule.style is SupplyStyle.TREE for rule in caravel.nets)
    first = caravel.bumps[0][1]
    assert first.at == Point(1_794_000 - 64_600, 377_500 - 2_594_000)  # mirrored: the table looks onto the active face


@pytest.mark.parametrize(("n", "rdl_count"), [(16, 2), (16, 3), (32, 2), (32, 3)])
def test_area_arrays_are_those_of_the_generator(n: int, rdl_count: int) -> None:
    folder = EXAMPLES / "area_array"
    sys.path.insert(0, str(folder))
    try:
        from generate import area_array
    finally:
        sys.path.remove(str(folder))
    csv_text, job_text = area_array(n, rdl_count=rdl_count)
    assert (folder / f"a{n}.csv").read_text() == csv_text
    assert (folder / f"a{n}_{rdl_count}rdl.toml").read_text() == job_text
    array = read_job(folder / f"a{n}_{rdl_count}rdl.toml").package
    kinds = {rule.name: rule.kind for rule in array.nets}
    supplies = [bump for _, bump in array.bumps if bump.net and kinds[bump.net] is NetKind.SUPPLY]
    assert len(supplies) == n * n // 2
    assert [array.net(name).plane_layer for name in ("VDD", "VSS")] == ([1, 1] if rdl_count == 2 else [2, 2])


# --- dies --------------------------------------------------------------------------------------------


def test_face_up_maps_are_mirrored_and_dies_turn_and_move(tmp_path: Path) -> None:
    at = [bump.at for _, bump in package(tmp_path, bumps="name,x_um,y_um,net\n1,100,20,A\n").bumps]
    assert at == [Point(-100 * UM, 20 * UM)]
    down = (('height = "1 mm"', 'height = "1 mm"\nface = "down"\nquarter_turns = 1\nposition = ["0.1 mm", "-30 um"]'),)
    at = [b.at for _, b in package(tmp_path, *down, bumps="name,x_um,y_um,net\n1,100,20,A\n").bumps]
    assert at == [Point(80 * UM, 70 * UM)]


def test_two_dies(tmp_path: Path) -> None:
    die = '[[die]]\nname = "{0}"\nbumps = "bumps.csv"\nwidth = "0.6 mm"\nheight = "0.6 mm"\n'
    die += 'position = ["{1} mm", "0 mm"]\n'
    text = JOB.split("[die]")[0] + die.format("left", "-0.5") + die.format("right", "0.5")
    text += "[balls]" + JOB.split("[balls]")[1]
    (tmp_path / "bumps.csv").write_text(BUMPS)
    (tmp_path / "job.toml").write_text(text)
    two = read_job(tmp_path / "job.toml").package
    assert [placed.die.name for placed in two.dies] == ["left", "right"]
    assert len(two.bumps) == 8
    (tmp_path / "job.toml").write_text(text.replace('"0.5 mm", "0', '"0.1 mm", "0'))
    with pytest.raises(InputError, match=r"dies left and right are 0 um apart; the technology needs 70 um"):
        read_job(tmp_path / "job.toml")
    (tmp_path / "job.toml").write_text(text.replace('"0.5 mm", "0', '"0 mm", "0'))
    with pytest.raises(InputError, match=r"dies left and right overlap by 100 um; the technology needs 70 um"):
        read_job(tmp_path / "job.toml")
    (tmp_path / "job.toml").write_text(text.replace('"right"', '"left"'))
    with pytest.raises(InputError, match='two dies are called "left"'):
        read_job(tmp_path / "job.toml")


def test_bump_shapes_from_the_job(tmp_path: Path) -> None:
    more = '[die.bump]\nshape = "square"\nwidth = "40 um"\n[die.types.BIG]\nshape = "octagon"\nwidth = "60 um"\n'
    bumps = "name,x_um,y_um,net,type\n1,0,0,A,BIG\n2,200,0,B,\n"
    got = package(tmp_path, ("[balls]", more + "[balls]"), bumps=bumps)
    assert [bump.shape for _, bump in got.bumps] == [Octagon(60 * UM), Rectangle(40 * UM, 40 * UM)]
    assert next(bump.shape for _, bump in package(tmp_path).bumps) == Circle(got.technology.die_pad.opening)


# --- ball grid ---------------------------------------------------------------------------------------


def test_letters_skip_and_double() -> None:
    assert letters(22, "IOQSXZ")[-3:] == ("Y", "AA", "AB")
    assert letters(27, "")[-2:] == ("Z", "AA")
    assert letters(21 + 400 + 20, "IOQSXZ")[20 + 400] == "AAA"
    assert len(set(letters(1000, "IOQSXZ"))) == 1000


def test_grid_is_centred_with_a1_top_left(tmp_path: Path) -> None:
    balls = package(tmp_path).balls
    assert len(balls) == 20
    assert (balls[0].name, balls[0].at) == ("A1", Point(-MM, 750 * UM))
    assert (balls[-1].name, balls[-1].at) == ("D5", Point(MM, -750 * UM))
    assert sum(b.at.x for b in balls) == sum(b.at.y for b in balls) == 0


@pytest.mark.parametrize(
    ("setting", "first", "last"),
    [
        ('a1 = "top right"', "A5", "D1"),
        ('a1 = "bottom left"', "D1", "A5"),
        ('a1 = "bottom right"', "D5", "A1"),
        ('letters = "columns"', "A1", "E4"),
        ('letters = "columns"\na1 = "top right"', "E1", "A4"),
        ('skip_letters = "ABC"', "D1", "G5"),
    ],
)
def test_names(tmp_path: Path, setting: str, first: str, last: str) -> None:
    balls = package(tmp_path, more=setting).balls
    assert (balls[0].name, balls[-1].name) == (first, last)


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        ('style = "perimeter"\nrings = 1', "A1 A2 A3 A4 A5 B1 B5 C1 C5 D1 D2 D3 D4 D5"),
        ("depopulate_corners = 1", "A2 A3 A4 B1 B2 B3 B4 B5 C1 C2 C3 C4 C5 D2 D3 D4"),
        ("depopulate_corners = 2", "A3 B2 B3 B4 C2 C3 C4 D3"),
        ('depopulate = ["B2:C4", "A*"]', "B1 B5 C1 C5 D1 D2 D3 D4 D5"),
        ("staggered = true", "A1 A2 A3 A4 A5 B1 B2 B3 B4 C1 C2 C3 C4 C5 D1 D2 D3 D4"),
    ],
)
def test_populations(tmp_path: Path, setting: str, left: str) -> None:
    assert names(package(tmp_path, more=setting)) == left


def test_pitch_offset_stagger_and_nc(tmp_path: Path) -> None:
    change = (
        'pitch = "0.5 mm"',
        'pitch_x = "0.4 mm"\npitch_y = "0.6 mm"\noffset = ["10 um", "-20 um"]\nnc = ["A1", "D4:D5"]',
    )
    got = package(tmp_path, change).balls
    assert got[0].at == Point(-790 * UM, 880 * UM)
    assert [ball.name for ball in got if ball.nc] == ["A1", "D4", "D5"]
    staggered = package(tmp_path, more="staggered = true").balls
    assert [ball.at.x for ball in staggered if ball.row == "B"] == [-750 * UM, -250 * UM, 250 * UM, 750 * UM]


def test_ball_sizes_by_pitch_and_given(tmp_path: Path) -> None:
    ball = package(tmp_path).ball
    assert (ball.diameter, ball.opening, ball.ubm, ball.pad) == (300 * UM, 220 * UM, 250 * UM, 270 * UM)
    ball = package(tmp_path, ("0.5 mm", "0.45 mm")).ball
    assert (ball.diameter, ball.pad) == (250 * UM, 235 * UM)
    ball = package(tmp_path, more='diameter = "280 um"\npad = "240 um"\nterminals = "copper-defined"').ball
    assert (ball.diameter, ball.pad, ball.opening, ball.mask_defined) == (280 * UM, 240 * UM, 340 * UM, False)


# --- nets --------------------------------------------------------------------------------------------


def test_nets_without_rules(tmp_path: Path) -> None:
    rules = package(tmp_path).nets
    assert [(r.name, r.kind, r.style, r.balls, r.allowed) for r in rules] == [
        ("A", NetKind.SIGNAL, SupplyStyle.TREE, 1, None),
        ("B", NetKind.SIGNAL, SupplyStyle.TREE, 1, None),
        ("VDD", NetKind.SUPPLY, SupplyStyle.TREE, 1, None),
    ]


def test_rules_add_up_and_the_later_one_wins(tmp_path: Path) -> None:
    more = """
[nets]
supplies = ["B"]
[[nets.rules]]
match = ["*"]
width = "20 um"
balls = 2
[[nets.rules]]
match = ["V*"]
style = "plane"
plane_layer = 2
joint = "thermal"
balls = 3
"""
    got = package(tmp_path, more=more)
    assert [(r.kind, r.style, r.plane_layer, r.joint, r.balls, r.width) for r in got.nets] == [
        (NetKind.SIGNAL, SupplyStyle.TREE, None, Joint.SOLID, 2, 20 * UM),
        (NetKind.SUPPLY, SupplyStyle.TREE, None, Joint.SOLID, 2, 20 * UM),
        (NetKind.SUPPLY, SupplyStyle.PLANE, 2, Joint.THERMAL, 3, 20 * UM),
    ]


@pytest.mark.parametrize(
    ("setting", "allowed"),
    [
        ('side = "top"', "A1 A2 A3 A4 A5 B2 B3 B4"),
        ('side = "left"', "A1 B1 B2 C1 C2 D1"),
        ('side = ["left", "right"]\nrows = "B-C"', "B1 B2 B4 B5 C1 C2 C4 C5"),
        ('columns = "4-5"\nrows = "A"', "A4 A5"),
        ('columns = "3"', "A3 B3 C3 D3"),
        ('at = ["A1", "C2:D3"]', "A1 C2 C3 D2 D3"),
    ],
)
def test_regions(tmp_path: Path, setting: str, allowed: str) -> None:
    got = package(tmp_path, more=f'[[nets.rules]]\nmatch = ["A"]\n{setting}\n')
    assert " ".join(got.net("A").allowed or ()) == allowed
    assert got.net("B").allowed is None


# --- technology and RDLs -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ['"metals.0.line"', "metals.0.line"])
def test_override(tmp_path: Path, key: str) -> None:
    table = f'[technology]\nname = "fanout-hd-2rdl"\n[technology.override]\n{key} = "12 um"\nstacked_vias = false\n'
    technology = package(tmp_path, ('technology = "fanout-hd-2rdl"\n', table)).technology
    assert technology.metals[0].line == 12 * UM
    assert not technology.stacked_vias
    changed = {value.key: value.number for value in technology.provenance if value.status is Status.JOB}
    assert changed == {"metals.0.line": 12.0, "stacked_vias": 0.0}


def test_a_technology_of_ones_own(tmp_path: Path) -> None:
    from kicad_rdl.read.technology import technology_folder

    text = (technology_folder() / "fanout-hd-2rdl.toml").read_text().replace('"fanout-hd-2rdl"', '"mine"')
    (tmp_path / "mine.toml").write_text(text)
    assert package(tmp_path, ("fanout-hd-2rdl", "mine.toml")).technology.name == "mine"


def test_balls_that_are_too_close_to_lands_are_told_all_at_once(tmp_path: Path) -> None:
    one = ("rdl_count = 2", "rdl_count = 1")
    spread = BUMPS + "5,400,0,C\n6,-400,200,D\n"
    with pytest.raises(InputError) as refused:
        package(tmp_path, one, bumps=spread)
    found = re.search(r"these \d+ balls out \(balls\.(depopulate = .*?\])\), or use two RDLs", str(refused.value))
    assert found is not None
    package(tmp_path, one, ("rows = 4", f"rows = 4\n{found[1]}"), bumps=spread)


def test_auto_takes_the_least_that_is_possible(tmp_path: Path) -> None:
    auto = ("rdl_count = 2", 'rdl_count = "auto"\nangles = "45"')
    got = job(tmp_path, auto)
    # with one RDL, pads and lands would collide
    assert (got.auto_rdl, got.package.rdl_count, got.rdl_counts) == (True, 2, (2, 3, 4))
    assert got.package.angles is Angles.OCTILINEAR
    assert got.with_rdl_count(3).rdl_count == 3
    with pytest.raises(InputError, match="5 RDLs asked for; technology fanout-hd-2rdl offers 1 to 4"):
        got.with_rdl_count(5)
    with pytest.raises(InputError, match=r"share RDL1 and .* use two RDLs"):
        got.with_rdl_count(1)
    plane = '[[nets.rules]]\nmatch = ["VDD"]\nstyle = "plane"\nplane_layer = 3\n'
    assert job(tmp_path, auto, more=plane).package.rdl_count == 3
    with pytest.raises(InputError, match="die die: 100 um from the package edge"):
        job(tmp_path, auto, ('height = "1 mm"', 'height = "2.8 mm"'), more=plane)
    job(tmp_path, auto, more=plane)
    assert read_job(tmp_path / "job.toml", rdl_count=4).package.rdl_count == 4
    assert not read_job(tmp_path / "job.toml", rdl_count=4).auto_rdl


def test_nets_that_differ_in_capitals_are_told(tmp_path: Path) -> None:
    bumps = "name,x_um,y_um,net\n1,0,0,gnd\n2,100,0,GND\n3,200,0,a\n"
    assert job(tmp_path, bumps=bumps).notes == ('"GND" and "gnd" differ in capitals only; they are two nets',)


# --- refusals ----------------------------------------------------------------------------------------

REFUSED: list[tuple[tuple[str, str], str, str]] = [
    (("[die]", "[dye]"), "", r'unknown key "dye"; did you mean "die"\?'),
    (("columns", "collumns"), "", r'unknown key "balls.collumns"; did you mean "columns"\?'),
    (('bumps = "bumps.csv"', 'bumps = "bumps.cvs"'), "", r'bumps.cvs: there is no such file; did you mean "bumps.csv"'),
    (('name = "small"\n', ""), "", r'job.toml: the key "name" is missing'),
    (('"3 mm"\nheight', '"3"\nheight'), "", r'package.width = "3": "3" has no unit; write "3 um" or "3 mm"'),
    (('"3 mm"\nheight', "3\nheight"), "", r"package.width = 3: a length is text with a unit"),
    (('"3 mm"\nheight', '"-3 mm"\nheight'), "", r"package.width = .*greater than zero"),
    (
        ("rdl_count = 2", "rdl_count = 7"),
        "",
        r"package.rdl_count = 7: it should be less than or equal to 4, or 'auto'$",
    ),
    (("rdl_count = 2", 'rdl_count = "many"'), "", r"rdl_count = \"many\": it should be a whole number, or 'auto'$"),
    (
        ('bumps = "bumps.csv"', 'bumps = "bumps.csv"\nrotation = 45'),
        "",
        r'key "die.rotation".* here: .*quarter_turns, ',
    ),
    (('name = "small"', 'name = "my chip"'), "", r'name = "my chip": files are named after it: letters A to Z, digits'),
    (("", ""), '[[nets.rules]]\nmatch = ["A"]\nplane_layer = [1, 9]\n', r"plane_layer.1 = 9: .* equal to 4$"),
    (
        ("", ""),
        '[[nets.rules]]\nmatch = ["A"]\nhatch = {width = "9 um"}\n',
        r'key "nets.rules.0.hatch.gap" is missing$',
    ),
    (('bumps = "bumps.csv"', 'position = ["1 mm"]\nbumps = "bumps.csv"'), "", r"die.position = .* too few entries"),
    (('bumps = "bumps.csv"', "bumps = 'maps\\bumps.csv'"), "", r'no such file; write "/" between folders'),
    (("rdl_count = 2", 'angles = "30"'), "", r"package.angles = \"30\": allowed are 'any' or '45'"),
    (("fanout-hd-2rdl", "fanout-hd-2rd"), "", r'no technology "fanout-hd-2rd"; did you mean "fanout-hd-2rdl"\?'),
    (('"fanout-hd-2rdl"', '"fanout-core-1rdl"'), "", r"2 RDLs asked for; technology fanout-core-1rdl offers 1 to 1"),
    (("[package]", "[package"), "", r"job.toml:3: not valid TOML"),
    (("rows = 4", "rows = 4\nrows = 4"), "", r"job.toml:15: not valid TOML"),
    (("rdl_count = 2", "rdl_count = 1"), "", r'the UBM pad of ball .* and the land of bump "1" .* share RDL1 and'),
    (
        ('height = "1 mm"', 'height = "2.8 mm"'),
        "",
        r"die die: 100 um from the package edge along its height; .* 3.1 mm",
    ),
    (
        ('height = "1 mm"', 'height = "3.2 mm"'),
        "",
        r"die die: 100 um beyond the package edge along its height; .* 3.5 mm",
    ),
    (('"0.5 mm"', '"0.7 mm"'), "", r"ball A1: the ball is 100 um beyond .* needs 150 um: .* at least 3.5 mm in width"),
    (('"0.5 mm"', '"0.3 mm"'), "", r"balls: ball pitch 300 um is below 400 um"),
    (("columns = 5\nrows = 4", "columns = 1\nrows = 2"), "", r"3 nets need 3 balls, but the grid has 2"),
    (("rows = 4", 'rows = 4\nnc = ["Z9"]'), "", r'balls.nc: "Z9" means no ball of this grid'),
    (("rows = 4", 'rows = 4\nopening = "400 um"'), "", r"mask-defined terminal needs an opening smaller than its pad"),
    (("rows = 4", 'rows = 4\ndiameter = "500 um"'), "", r"the spheres of balls A1 and (A2|B1) touch; .* larger pitch"),
    (
        ("rows = 4", 'rows = 4\npad = "240 um"'),
        "",
        r"balls.pad: a UBM pad of 240 um leaves 10 um around an opening of 220 um; .* needs 25 um: .* at least 270 um",
    ),
    (
        ("rows = 4", 'rows = 4\nopening = "2 um"\npad = "8 um"'),
        "",
        r"balls.pad: the UBM pad of a ball is 8 um wide, .* 10 um",
    ),
    (("rows = 4", "rows = 4\nrings = 1"), "", r'rings = N belongs to style = "perimeter"'),
    (("rows = 4", 'rows = 4\npitch_x = "1 mm"'), "", r"either pitch or pitch_x and pitch_y"),
    (("rows = 4", 'rows = 4\ndepopulate = ["*"]'), "", r"no ball is left"),
    (("rows = 4", "rows = true"), "", r"balls.rows = true: "),
    (("rows = 4", 'rows = 4\nnc = "A1"'), "", r'balls.nc = "A1": '),
    (("rows", "rows"), '[nets]\nsupplies = ["VSS"]\n', r'nets.supplies: no net is called "VSS"'),
    (
        ("rows", "rows"),
        '[[nets.rules]]\nmatch = ["VD"]\n',
        r'nets.rules.0.match: no net is called "VD"; did you mean "VDD"',
    ),
    (
        ("rows", "rows"),
        '[[nets.rules]]\nmatch = ["A"]\nrows = "E"\n',
        r'nets.rules.0.rows = "E": write one of the rows A to D',
    ),
    (("rows", "rows"), '[[nets.rules]]\nmatch = ["A"]\ncolumns = "9"\n', r"write one of the columns 1 to 5"),
    (("rows", "rows"), '[[nets.rules]]\nmatch = ["A"]\nside = "up"\n', r"nets.rules.0.side"),
    (
        ("rows", "rows"),
        '[[nets.rules]]\nmatch = ["A"]\nrows = "A"\nside = "bottom"\nat = ["B2"]\n',
        r"no ball lies in this",
    ),
    (
        ("rows", "rows"),
        '[[nets.rules]]\nmatch = ["A", "B"]\nat = ["A1"]\n',
        r'nets "A" to "B" \(2\) need 2 balls, .* has 1',
    ),
    (("rows", "rows"), '[[nets.rules]]\nmatch = ["A"]\nstyle = "plane"\n', r'net "A": only a supply can be a plane'),
    (
        ("rows", "rows"),
        '[[nets.rules]]\nmatch = ["VDD"]\nstyle = "plane"\nplane_layer = 3\n',
        r"asked for on RDL3, but .* 2;",
    ),
    (
        ("rows", "rows"),
        '[[nets.rules]]\nmatch = ["A"]\nwidth = "5 um"\n',
        r'net "A": width 5 um is below .*RDL1, 10 um',
    ),
    (
        (
            'technology = "fanout-hd-2rdl"\n',
            '[technology]\nname = "fanout-hd-2rdl"\noverride = {"metals.9.line" = "1 um"}\n',
        ),
        "",
        r'no value "metals.9.line"; did you mean "metals.\d.line"',
    ),
    (
        (
            'technology = "fanout-hd-2rdl"\n',
            '[technology]\nname = "fanout-hd-2rdl"\noverride = {"metals.0.line" = 12}\n',
        ),
        "",
        r"metals.0.line = 12: write a length with a unit",
    ),
    (
        (
            'technology = "fanout-hd-2rdl"\n',
            '[technology]\nname = "fanout-hd-2rdl"\noverride = {"stacked_vias" = 12}\n',
        ),
        "",
        r"stacked_vias.value = 12: ",
    ),
]


DOES_NOT_FIT = [
    ("metals.0.line", "60 um", 2, r"vias.0: the land of a via is 36 um wide, .* RDL1 60 um: .* vias.0.land_enclosure"),
    ("metals.1.line", "60 um", 2, r"vias.0: the capture pad .* RDL2 60 um: .* smaller metals.1.line"),
    ("vias.0.space", "30 um", 2, r"vias.0.space = 30 um: .* 26 um lie between openings"),
    ("balls.1.ubm", "200 um", 3, r"balls.ubm: a UBM of 200 um leaves -10 um around an opening of 220 um"),
    ("balls.1.ubm", "8 um", 3, r"balls.ubm: the UBM of a ball is 8 um wide, the least line of RDL3 10 um"),
    ("balls.1.ubm", "495 um", 3, r"the UBMs of balls A1 and (A2|B1) are 5 um apart; 10 um needed"),
]


@pytest.mark.parametrize(("key", "value", "count", "message"), DOES_NOT_FIT)
def test_sizes_that_break_a_rule_wherever_they_are_drawn(
    tmp_path: Path, key: str, value: str, count: int, message: str
) -> None:
    choice = f'[technology]\nname = "fanout-hd-2rdl"\noverride = {{ "{key}" = "{value}" }}'
    given = ('technology = "fanout-hd-2rdl"', ""), ("rdl_count = 2", f"rdl_count = {count}")
    with pytest.raises(InputError, match=f"^{re.escape(str(tmp_path / 'job.toml'))}: .*{message}"):
        job(tmp_path, *given, more=f"\n{choice}\n")


ODD = ["0 um", "-5 um", "nan um", "inf um", "1 nm", "2 um", "100 um", "3 mm", "1e9 mm"]


def test_every_length_is_taken_or_refused_in_one_message(tmp_path: Path) -> None:
    keys = [entry.key for entry in load_technology("fanout-hd-2rdl").provenance if entry.unit]
    refused: list[str] = []
    for key, value in itertools.product(keys, ODD):
        choice = f'[technology]\nname = "fanout-hd-2rdl"\noverride = {{ "{key}" = "{value}" }}'
        try:
            job(tmp_path, ('technology = "fanout-hd-2rdl"', ""), more=f"\n{choice}\n")
        except InputError as error:
            refused.append(str(error))
    assert len(refused) > len(keys) * 4, "what is no length at all, at least"
    assert all(message.startswith((str(tmp_path), str(technology_folder()))) for message in refused)


@pytest.mark.parametrize(("change", "more", "message"), REFUSED, ids=[text for _, _, text in REFUSED])
def test_refused(tmp_path: Path, change: tuple[str, str], more: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        job(tmp_path, change, more=more)


@pytest.mark.parametrize(
    ("x", "message"),
    [(49, r'bumps "1" and "2" are 49 um apart, centre to centre; technology fanout-hd-2rdl needs 50 um'), (50, "")],
)
def test_bump_pitch(tmp_path: Path, x: int, message: str) -> None:
    bumps = f"name,x_um,y_um,net\n1,0,0,A\n2,{x},0,B\n"
    if not message:
        assert len(package(tmp_path, bumps=bumps).bumps) == 2
        return
    with pytest.raises(InputError, match=message):
        job(tmp_path, bumps=bumps)


def test_lands_of_one_net_may_touch_but_not_those_of_two(tmp_path: Path) -> None:
    text = "name,x_um,y_um,net,size_um\n1,0,0,A,60\n2,85,0,{0},60\n"
    assert len(package(tmp_path, bumps=text.format("A")).bumps) == 2
    with pytest.raises(InputError, match=r'the RDL1 lands of bumps "1" and "2" are 9 um apart; .* needs 10 um'):
        job(tmp_path, bumps=text.format("B"))


@pytest.mark.parametrize(("gap", "fits"), [(15_000, True), (14_999, False)])
def test_pad_to_land_is_judged_to_the_nanometre(tmp_path: Path, gap: int, fits: bool) -> None:
    """One RDL: UBM pad 270, land 35 + 2 x 10 = 55, needed 15."""
    x = 250_000 - 135_000 - 27_500 - gap
    changes = (
        ("fanout-hd-2rdl", "fanout-core-1rdl"),
        ("rdl_count = 2", "rdl_count = 1"),
        ("columns = 5", "columns = 4"),
    )
    bumps = f"name,x_nm,y_nm,net\n1,{x},250000,A\n"
    if fits:
        assert package(tmp_path, *changes, bumps=bumps).rdl_count == 1
        return
    with pytest.raises(
        InputError, match=r'ball B2 .270 um. and the land of bump "1" .55 um x 55 um. .* 14.999 um apart; 15 um'
    ):
        job(tmp_path, *changes, bumps=bumps)


def test_gap_between_shapes() -> None:
    assert gap_between(Circle(60), Point(0, 0), Circle(40), Point(30, 40)) == 0
    assert gap_between(Circle(60), Point(0, 0), Circle(40), Point(300, 400)) == 450
    assert gap_between(Circle(60), Point(0, 0), Rectangle(40, 40), Point(100, 0)) == 50
    assert gap_between(Rectangle(40, 40), Point(0, 0), Rectangle(40, 40), Point(70, 80)) == 50
