"""Ball maps: what is read, who is given which ball, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from jobs import SMALL_JOB
from public import DATA, real

from kicad_rdl.check import check_layout
from kicad_rdl.errors import InputError
from kicad_rdl.exchange.ballmap import ball_map_csv
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.model.package import NetRule, Package
from kicad_rdl.pipeline import undeclared
from kicad_rdl.read.ball_map import nearest_pitches
from kicad_rdl.read.job import read_job
from kicad_rdl.route import route
from kicad_rdl.units import MM, UM

CARAVEL = DATA / "caravel_wlcsp_sky130"

BUMPS = """\
bump,x_um,y_um,net
1,-150,200,A
2,150,150,B
3,-150,-150,VDD
4,150,-150,VDD
"""

MAP = """\
ball,x_um,y_um,net
P1,-500,500,A
P2,500,500,B
P3,-500,-500,VDD
P4,500,-500,VDD
P5,0,800,
P6,0,-800,nc
"""

GRID = 'pitch = "0.5 mm"\ncolumns = 5\nrows = 4\n'
JOB = SMALL_JOB.replace(GRID, 'map = "balls.csv"\n')


def package(
    folder: Path, balls: str = "", more: str = "", listed: str = MAP, bumps: str = BUMPS, job: str = JOB
) -> Package:
    (folder / "bumps.csv").write_text(bumps)
    (folder / "balls.csv").write_text(listed)
    (folder / "job.toml").write_text(job + balls + more)
    return read_job(folder / "job.toml").package


def given(package: Package) -> dict[str, tuple[str, ...] | None]:
    return {rule.name: rule.allowed for rule in package.nets}


def rule(package: Package, name: str) -> NetRule:
    return package.net(name)


def test_places_and_nets(tmp_path: Path) -> None:
    got = package(tmp_path)
    assert [(ball.name, ball.at, ball.nc) for ball in got.balls] == [
        ("P1", Point(-500 * UM, 500 * UM), False),
        ("P2", Point(500 * UM, 500 * UM), False),
        ("P3", Point(-500 * UM, -500 * UM), False),
        ("P4", Point(500 * UM, -500 * UM), False),
        ("P5", Point(0, 800 * UM), False),
        ("P6", Point(0, -800 * UM), True),
    ]
    assert given(got) == {"A": ("P1",), "B": ("P2",), "VDD": ("P3", "P4")}
    assert [rule.balls for rule in got.nets] == [1, 1, 2]
    assert (got.ball.pitch_x, got.ball.pitch_y) == (583095, 583095)
    assert {(ball.row, ball.column) for ball in got.balls} == {("P", n) for n in range(1, 7)}


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ("", Point(-500 * UM, 500 * UM)),
        ('view = "land side"\n', Point(500 * UM, 500 * UM)),
        ('offset = ["10 um", "-20 um"]\n', Point(-490 * UM, 480 * UM)),
        ('view = "land side"\noffset = ["10 um", "0 um"]\n', Point(510 * UM, 500 * UM)),
    ],
)
def test_frames(tmp_path: Path, keys: str, place: Point) -> None:
    assert package(tmp_path, keys).balls[0].at == place


def test_units_in_a_row_of_their_own(tmp_path: Path) -> None:
    listed = "name,x,y,signal\n,(mm),(mm),\nA1,-0.5,0.5,A\nA2,0.5,0.5,B\nB1,-0.5,-0.5,VDD\n"
    assert [ball.at for ball in package(tmp_path, listed=listed).balls] == [
        Point(x * MM // 2, y * MM // 2) for x, y in ((-1, 1), (1, 1), (-1, -1))
    ]


def test_lower_left_and_units(tmp_path: Path) -> None:
    listed = "name;x;y;signal\nA1;1;2;A\nA2;2;2;B\nB1;1;1;VDD\n"
    got = package(tmp_path, 'unit = "mm"\norigin = "lower left"\n', listed=listed)
    assert [ball.at for ball in got.balls] == [Point(x * MM // 2, y * MM // 2) for x, y in ((-1, 1), (1, 1), (-1, -1))]
    assert [(ball.row, ball.column) for ball in got.balls] == [("A", 1), ("A", 2), ("B", 1)]
    mirrored = package(tmp_path, 'unit = "mm"\norigin = "lower left"\nview = "land side"\n', listed=listed)
    assert mirrored.balls[0].at == Point(MM // 2, MM // 2)


def test_names_of_their_own_have_no_rows(tmp_path: Path) -> None:
    got = package(tmp_path, listed=MAP.replace("P6", "BUMP_0_6"))
    assert {(ball.row, ball.column) for ball in got.balls} == {("", 0)}
    with pytest.raises(InputError, match="the balls of the map have no rows; name them with at"):
        package(tmp_path, more='[[nets.rules]]\nmatch = ["A"]\nrows = "P"\n', listed=MAP.replace("P6", "BUMP_0_6"))


def test_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (("Ball map of X",), (), ("Ball name", "Net name"), ("A1", "A"), ("B2", "VDD"), ("C3", "NC")):
        book.active.append(row)
    book.active.title = "map"
    book.save(tmp_path / "balls.xlsx")
    got = package(tmp_path, 'sheet = "map"\n' + GRID, job=JOB.replace("balls.csv", "balls.xlsx"))
    assert given(got) == {"A": ("A1",), "B": None, "VDD": ("B2",)}
    assert [ball.name for ball in got.balls if ball.nc] == ["C3"]
    assert len(got.balls) == 20


def test_the_ball_column_of_the_bump_map(tmp_path: Path) -> None:
    bumps = "bump,x_um,y_um,net,ball\n1,-150,200,A,A2\n2,150,150,B,-\n3,-150,-150,VDD,C1\n4,150,-150,VDD,B4\n"
    got = package(tmp_path, GRID, bumps=bumps, job=JOB.replace('map = "balls.csv"\n', ""))
    assert given(got) == {"A": ("A2",), "B": None, "VDD": ("B4", "C1")}
    assert [rule.balls for rule in got.nets] == [1, 1, 2]
    both = package(tmp_path, GRID, bumps=bumps, listed="ball,net\nA2,A\nD1,B\nD2,VDD\n")
    assert given(both) == {"A": ("A2",), "B": ("D1",), "VDD": ("B4", "C1", "D2")}


@pytest.mark.parametrize(
    ("rules", "name", "balls", "allowed"),
    [
        ('match = ["VDD"]\nballs = 1', "VDD", 1, ("P3", "P4")),
        ('match = ["VDD"]\nfixed = false', "VDD", 2, None),
        ('match = ["VDD"]\nfixed = false\nballs = 1\nat = ["P3", "P5"]', "VDD", 1, ("P3", "P5")),
        ('match = ["*"]\nfixed = false\n[[nets.rules]]\nmatch = ["A"]\nfixed = true', "A", 1, ("P1",)),
        ('match = ["A"]\nside = "left"', "A", 1, ("P1",)),
        ('match = ["VDD"]\nballs = 0\nfixed = false', "VDD", 0, None),
    ],
)
def test_given_and_free(tmp_path: Path, rules: str, name: str, balls: int, allowed: tuple[str, ...] | None) -> None:
    got = rule(package(tmp_path, more="[[nets.rules]]\n" + rules + "\n"), name)
    assert (got.balls, got.allowed) == (balls, allowed)


def test_swap_groups(tmp_path: Path) -> None:
    got = package(tmp_path, more='[[nets.swap]]\nmatch = ["A", "B"]\n')
    assert given(got) == {"A": ("P1", "P2"), "B": ("P1", "P2"), "VDD": ("P3", "P4")}
    assert [rule.balls for rule in got.nets] == [1, 1, 2]


REFUSED: list[tuple[str, str, str, str]] = [
    (MAP + "P7,0,0,VD\n", "", "", r'balls.csv:8: ball "P7" is on net "VD", but no bump is; did you mean "VDD"'),
    (MAP + "P1,0,0,A\n", "", "", r'balls.csv:8: ball "P1" is listed twice, in lines 2 and 8'),
    (MAP + "P7,0,800,A\n", "", "", r'balls.csv:8: balls "P5" \(line 6\) and "P7" \(line 8\) are at the same place'),
    (MAP + "P7,0,,A\n", "", "", r'balls.csv:8: ball "P7": y is empty'),
    (MAP + ",0,0,A\n", "", "", r"balls.csv:8: the ball has no name"),
    (MAP.replace("_um", ""), "", "", r'ball "P1": x: "-500" has no unit'),
    ("ball,x_um,net\nP1,1,A\n", "", "", r"balls.csv:1: the header has a column for x, but none for y"),
    ("a,b\n1,2\n", "", "", r"balls.csv: no header found; a ball map needs"),
    ("ball,net\n", "", "", r"balls.csv:1: the table has a header but no ball below it"),
    ("ball,net\nA1,A\n", "", "", r"balls.csv: the map has no places"),
    ("ball,net\nZ9,A\n", GRID, "", r'balls.csv:2: ball "Z9", which the package does not have; they run from A1 to D5'),
    ("ball,net\nA1,A\n", GRID + 'nc = ["A1"]\n', "", r'balls.csv:2: ball "A1", which is nc'),
    ("ball,net,nc\nA1,A,yes\n", GRID, "", r'balls.csv:2: ball "A1" is nc and on net "A"'),
    ("ball,net,nc\nA1,,maybe\n", GRID, "", r'balls.csv:2: ball "A1": nc = "maybe"; write yes or no'),
    (MAP, GRID, "", r"balls.csv has the places of all balls; drop columns and rows"),
    (MAP, 'a1 = "top right"\n', "", r"a1 belongs to a grid of columns and rows"),
    (MAP, 'view = "top"\n', "", r"balls.view = \"top\": allowed are 'die side' or 'land side'"),
    (MAP, 'pad_shape = "oval"\n', "", r"balls.pad_shape = \"oval\": allowed are"),
    ("ball,x_um,y_um\nP1,0,0\n", "", "", r"a single ball has no pitch; give balls.pitch"),
    (
        MAP,
        "",
        '[[nets.rules]]\nmatch = ["A"]\nside = "right"\n',
        r'net "A": ball P1 is given to it, but lies outside',
    ),
    (MAP, "", '[[nets.rules]]\nmatch = ["VDD"]\nballs = 3\n', r'net "VDD": balls = 3, but 2 are given to it'),
    (MAP, "", '[[nets.rules]]\nmatch = ["VDD"]\nballs = 0\n', r'net "VDD": balls = 0, but ball P3 is given to it'),
    (
        MAP.replace("P1,-500,500,A", "P1,-500,500,"),
        "",
        '[[nets.rules]]\nmatch = ["A"]\nballs = 0\n',
        r'net "A": balls = 0, but it has a single bump',
    ),
    (
        MAP.replace("P1,-500,500,A", "P1,-500,500,"),
        "",
        '[[nets.rules]]\nmatch = ["A"]\nfixed = true\n',
        r'net "A": fixed = true, but no ball is given to it',
    ),
    (
        MAP.replace("P1,-500,500,A", "P1,-500,500,"),
        "",
        '[[nets.swap]]\nmatch = ["A", "B"]\n',
        r'nets.swap.0: net "A" has no given ball to exchange',
    ),
    (
        MAP,
        "",
        '[[nets.swap]]\nmatch = ["A"]\n[[nets.swap]]\nmatch = ["*"]\n',
        r'nets.swap.1: net "A" is in nets.swap.0 too',
    ),
    (MAP, "", '[[nets.swap]]\nmatch = ["C"]\n', r'nets.swap.0.match: no net is called "C"'),
]


@pytest.mark.parametrize(("listed", "balls", "more", "message"), REFUSED, ids=[text for *_, text in REFUSED])
def test_refused(tmp_path: Path, listed: str, balls: str, more: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        package(tmp_path, balls, more, listed)


def test_a_ball_of_two_nets_is_refused(tmp_path: Path) -> None:
    bumps = "bump,x_um,y_um,net,ball\n1,-150,200,A,P1\n2,150,150,B,P1\n"
    with pytest.raises(InputError, match=r'bump "2" is to end on ball "P1" with net "B", but .*balls.csv:2 puts net'):
        package(tmp_path, bumps=bumps, listed=MAP.replace(",VDD", ","))
    with pytest.raises(InputError, match=r'but .*bumps.csv \(bump "1"\) puts net "A" on that ball'):
        package(tmp_path, bumps=bumps, listed="ball,x_um,y_um\nP1,-500,500\nP2,500,500\n")
    with pytest.raises(InputError, match=r'bumps.csv: bump "1" is to end on ball "P11", which the package does not'):
        package(tmp_path, bumps=bumps.replace("A,P1", "A,P11"), listed=MAP.replace(",VDD", ","))


def test_pitches() -> None:
    grid = [Point(x * 400, y * 700) for x in range(3) for y in range(4)]
    assert nearest_pitches(grid) == (400, 700)
    assert nearest_pitches([*grid, Point(10, 10)]) == (14, 14)
    assert nearest_pitches([Point(0, 0), Point(300, 400)]) == (500, 500)
    assert nearest_pitches([Point(0, 0)]) is None


@pytest.mark.parametrize("rdl_count", [1, 2])
@pytest.mark.parametrize(
    ("word", "shape"),
    [("circle", Circle(270 * UM)), ("square", Rectangle(270 * UM, 270 * UM)), ("octagon", Octagon(270 * UM))],
)
def test_pad_shapes_are_laid_checked_and_written(
    tmp_path: Path, word: str, shape: Circle | Rectangle | Octagon, rdl_count: int
) -> None:
    got = package(tmp_path, f'pad_shape = "{word}"\n', job=JOB.replace("rdl_count = 2", f"rdl_count = {rdl_count}"))
    assert got.ubm_pad == shape
    layout = route(got)
    assert not layout.unrouted
    assert undeclared(layout, check_layout(layout)) == ()
    assert dict(layout.ball_nets) == {"P1": "A", "P2": "B", "P3": "VDD", "P4": "VDD"}
    board = kicad_files(layout)["small.kicad_pcb"]
    if word == "octagon" and rdl_count == 2:
        assert board.count("(chamfer ") >= 6
    if word == "square" and rdl_count == 1:
        assert board.count("gr_poly") >= 6


@real
def test_caravel_as_published(tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text(
        f"""name = "caravel"
technology = "sky130-amkor-p500"
[package]
width = "3588 um"
height = "5188 um"
[die]
bumps = "{CARAVEL}/die_pads.csv"
width = "3588 um"
height = "5188 um"
origin = "lower left"
[balls]
map = "{CARAVEL}/bumps.csv"
origin = "lower left"
view = "land side"
"""
    )
    got = read_job(tmp_path / "job.toml").package
    assert len(got.balls) == 60
    assert len(got.bumps) == 63
    assert (got.ball.pitch_x, got.ball.pitch_y) == (500 * UM, 500 * UM)
    taken = [name for rule in got.nets for name in rule.allowed or ()]
    assert sorted(taken) == sorted(set(taken))
    # the same from both tables: the map's net of the ball that a bump names is the bump's
    at = {name: rule.name for rule in got.nets for name in rule.allowed or ()}
    assert all(at[bump.ball] == bump.net for _, bump in got.bumps if bump.ball is not None)


def test_the_ball_map_of_a_build_gives_the_same_assignment(tmp_path: Path) -> None:
    """What a build wrote, given back: every ball and every net as it was, from the grid and from the places."""
    free = route(package(tmp_path, GRID, job=JOB.replace('map = "balls.csv"\n', "")))
    written = ball_map_csv(free)
    as_list = package(tmp_path, listed=written)
    assert [(ball.name, ball.row, ball.column, ball.at) for ball in as_list.balls] == [
        (ball.name, ball.row, ball.column, ball.at) for ball in free.package.balls
    ]
    assert as_list.given == dict(free.ball_nets)
    names_only = "".join(",".join(line.split(",")[k] for k in (0, 5)) + "\n" for line in written.splitlines())
    assert package(tmp_path, GRID, listed=names_only).given == dict(free.ball_nets)


def test_columns_that_the_user_names(tmp_path: Path) -> None:
    """A pin list of many columns, and a list without any header."""
    listed = "Pkg pin,Bank,Pin function,Die,X (um),Y (um)\n" + "".join(
        f"{ball},0,{net},7,{x},{y}\n" for ball, x, y, net in (row.split(",") for row in MAP.splitlines()[1:])
    )
    named = package(tmp_path, 'headers = {ball = "Pkg pin", net = "Pin function"}\n', listed=listed)
    numbered = package(
        tmp_path,
        'headers = {ball = 1, net = 3, x = 5, y = 6}\nunit = "um"\n',
        listed="".join(listed.splitlines(keepends=True)[1:]),
    )
    assert named.balls == numbered.balls == package(tmp_path).balls
    assert given(named) == given(numbered) == given(package(tmp_path))
