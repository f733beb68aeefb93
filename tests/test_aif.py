"""AIF: every rule of the format by a file that uses it, refusals, and that what is written is read again."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sources import as_placed, packages

from kicad_rdl.errors import InputError
from kicad_rdl.exchange.aif import aif_text
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle
from kicad_rdl.model.die import Bump, Die, PlacedDie
from kicad_rdl.model.source import Source
from kicad_rdl.read.aif import read_aif
from kicad_rdl.read.source_options import SourceOptions

HEAD = "[DATABASE]\nTYPE=AIF\nVERSION=2.0\nUNITS=um\n"
DIE = "[DIE]\nNAME=chip\nWIDTH=1000\nHEIGHT=800\n"
PADS = "[PADS]\nDP=SQUARE 60\nB=CIRCLE 250\n"
relaxed = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def read(tmp_path: Path, text: str, options: SourceOptions | None = None) -> Source:
    path = tmp_path / "t.aif"
    path.write_bytes(text.encode())
    return read_aif(path, options) if options else read_aif(path)


def netlist(*rows: str) -> str:
    return HEAD + DIE + PADS + "[NETLIST]\n" + "\n".join(rows) + "\n"


def only_die(source: Source) -> Die:
    (placed,) = source.dies
    return placed.die


# --- the rules -------------------------------------------------------------------------------------------------------


def test_a_whole_file(tmp_path: Path) -> None:
    text = """; anything ; twice
[DATABASE]   ; comments stand anywhere
TYPE = AIF
VERSION=2
UNITS = UM
[DIE]
NAME=Some Chip ; a comment
WIDTH = 1000
HEIGHT= 800
CENTER=100, -50

[VENDOR_STUFF]
no key here
x=[1]
[PADS]
DP=SQ 60
dp=POLY 10,10 -10,10
  -10,-10
  10 -10 10,10
OV=OBLONG 80 40
B = CIRCLE 250
[BGA]
NAME=BGA1
WIDTH=4000
HEIGHT=3000
CHAMFER=UR 250
[NETLIST]
; NET PAD# TYPE X Y BALL
clk    1  DP  -200  0  A1  B  -1000 1000
VSS    2  dp   300,-10 -
VSS    3  OV   300  20 -   -  -  -   F1 FIN 0 0 90
VSS    -  -    -    -  A2  B  0 1000
VSS    -  -    -    -  B1  -  1000,1000
-      -  -    -    -  B2  B  -1000 0
[RINGS]
RING1=VSS 1 2 3
"""
    source = read(tmp_path, text)
    (placed,) = source.dies
    assert (placed.die.name, placed.die.width, placed.die.height) == ("Some Chip", 1_000_000, 800_000)
    assert (placed.at, placed.quarters, placed.mirrored) == (Point(100_000, -50_000), 0, False)
    assert [(b.name, b.at, b.net, b.shape, b.ball) for b in placed.bumps] == [
        ("1", Point(-200_000, 0), "clk", Rectangle(60_000, 60_000), "A1"),
        ("2", Point(300_000, -10_000), "VSS", Rectangle(20_000, 20_000), None),
        ("3", Point(300_000, 20_000), "VSS", Rectangle(80_000, 40_000), None),
    ]
    assert [(b.name, b.at, b.net, b.shape) for b in source.balls] == [
        ("A1", Point(-1_000_000, 1_000_000), "clk", Circle(250_000)),
        ("A2", Point(0, 1_000_000), "VSS", Circle(250_000)),
        ("B1", Point(1_000_000, 1_000_000), "VSS", None),
        ("B2", Point(-1_000_000, 0), None, Circle(250_000)),
    ]
    assert (source.width, source.height) == (4_000_000, 3_000_000)
    assert [note.partition(": ")[2] for note in source.notes] == [
        'pad type "OV": its round ends are taken as square ones'
    ]


@pytest.mark.parametrize(
    ("unit", "nanometres"),
    [("um", 10_000), ("MM", 10_000_000), ("cm", 100_000_000), ("mil", 254_000), ("Inch", 254_000_000)],
)
def test_units(tmp_path: Path, unit: str, nanometres: int) -> None:
    text = netlist("n 1 DP 10 0").replace("UNITS=um", f"UNITS={unit}").replace("WIDTH=1000", "WIDTH=100")
    text = text.replace("HEIGHT=800", "HEIGHT=80\nCENTER=0 0").replace("SQUARE 60", "SQUARE 1").replace("250", "1")
    if unit == "Inch":
        text = re.sub(r"=100\b|=80\b", "=50", text)
    assert only_die(read(tmp_path, text)).bumps[0].at == Point(nanometres, 0)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("SQUARE 60", Rectangle(60_000, 60_000)),
        ("sq 60 5", Rectangle(60_000, 60_000)),
        ("RECTANGLE 60 40", Rectangle(60_000, 40_000)),
        ("RECT 60,40,3", Rectangle(60_000, 40_000)),
        ("OBLONG 60 40", Rectangle(60_000, 40_000)),
        ("OBROUND 60 60", Circle(60_000)),
        ("CIRCLE 35", Circle(35_000)),
        ("ROUND 35", Circle(35_000)),
        ("POLY 30,20 -30,20 -30,-20 30,-20 30,20", Rectangle(60_000, 40_000)),
        (
            "POLY 35,14.497 14.497,35 -14.497,35 -35,14.497 -35,-14.497 -14.497,-35 14.497,-35 35,-14.497",
            Octagon(70_000),
        ),
        ("POLY 10,0 0,10 -20,0", Rectangle(40_000, 20_000)),
    ],
)
def test_pad_shapes(tmp_path: Path, shape: str, expected: object) -> None:
    source = read(tmp_path, netlist("n 1 DP 0 0").replace("SQUARE 60", shape))
    assert only_die(source).bumps[0].shape == expected


def test_what_is_simplified_is_told_only_where_it_is_used(tmp_path: Path) -> None:
    text = netlist("n 1 DP 0 0").replace("B=CIRCLE 250", "B=OBLONG 80 40\nP=POLY 10,0 0,10 -20,0")
    assert read(tmp_path, text).notes == ()
    assert 'pad type "P": its polygon of 3 corners' in read(tmp_path, text.replace("1 DP", "1 P")).notes[0]


def test_without_a_centre_the_outline_lies_around_the_pads(tmp_path: Path) -> None:
    source = read(tmp_path, netlist("a 1 DP 100 100", "b 2 DP 300 200"))
    assert [bump.at for bump in only_die(source).bumps] == [Point(-100_000, -50_000), Point(100_000, 50_000)]
    assert source.dies[0].at == Point(0, 0)  # no package: the die's centre is the origin


def test_with_a_package_the_die_lies_where_its_pads_are(tmp_path: Path) -> None:
    source = read(tmp_path, netlist("a 1 DP 100 100 A1 B 900 0", "b 2 DP 300 200 -"))
    assert source.dies[0].at == Point(200_000, 150_000)
    assert source.balls[0].at == Point(900_000, 0)


def test_a_die_without_a_size_is_as_large_as_its_pads(tmp_path: Path) -> None:
    text = netlist("a 1 DP -100 0", "b 2 DP 100 0").replace(DIE, "")
    source = read(tmp_path, text)
    assert (only_die(source).width, only_die(source).height) == (260_000, 60_000)
    assert "has no size" in source.notes[0]
    told = read(tmp_path, text, SourceOptions(name="X", width=500_000, height=400_000))
    assert (only_die(told).name, only_die(told).width) == ("X", 500_000)


@pytest.mark.parametrize(
    ("a1", "spot"),
    [("UL", (-1000, 500)), ("UR", (1000, 500)), ("LL", (-1000, -500)), ("LR", (1000, -500))],
)
def test_balls_without_places_are_on_the_grid(tmp_path: Path, a1: str, spot: tuple[int, int]) -> None:
    grid = f"[BGA]\nPITCH=1000\nPOPULATION=3 2\nBALL=CIRCLE 300\nA1={a1}\n"
    source = read(tmp_path, netlist("a 1 DP 0 0 A1") + grid)
    assert [(b.name, b.at, b.net, b.shape) for b in source.balls] == [
        ("A1", Point(spot[0] * 1000, spot[1] * 1000), "a", Circle(300_000))
    ]


def test_letters_of_rows_leave_some_out(tmp_path: Path) -> None:
    grid = "[BGA]\nPITCH=1000\nPOPULATION=1 9\n"
    assert read(tmp_path, netlist("a 1 DP 0 0 J1") + grid).balls[0].at == Point(0, -4_000_000)
    both = read(tmp_path, netlist("a 1 DP 0 0 I1", "b 2 DP 10 0 A1") + grid)  # a file that uses I uses them all
    assert both.balls[0].at == Point(0, -4_000_000)


def test_without_any_ball_in_the_netlist_the_grid_has_them_all(tmp_path: Path) -> None:
    grid = "[BGA]\nPITCH=1000\nPOPULATION=5 5\nDEPOPULATION=3 3\nREPOPULATION=1 1\n"
    source = read(tmp_path, netlist("a 1 DP 0 0") + grid)
    assert len(source.balls) == 25 - 9 + 1
    assert {ball.name for ball in source.balls} >= {"A1", "E5", "C3"}
    assert "B2" not in {ball.name for ball in source.balls}


def test_a_ball_that_has_no_place_is_told(tmp_path: Path) -> None:
    source = read(tmp_path, netlist("a 1 DP 0 0 A1"))
    assert only_die(source).bumps[0].ball == "A1"
    assert source.balls == ()
    assert 'ball "A1" without a place' in source.notes[0]


def test_a_ring_is_no_ball(tmp_path: Path) -> None:
    source = read(tmp_path, netlist("VSS 1 DP 0 0 RING1") + "[RINGS]\nRING1=VSS\n")
    assert only_die(source).bumps[0].ball is None
    assert (source.balls, source.notes) == ((), ())


def test_a_polygonal_outline_gives_size_and_centre(tmp_path: Path) -> None:
    outline = "[BGA]\nOUTLINE=POLYGON 1 0.1 4 0 0 3000 0\n 3000 2000 0 2000\n"
    source = read(tmp_path, netlist("a 1 DP 0 0 A1 B 100 100") + outline)
    assert (source.width, source.height) == (3_000_000, 2_000_000)
    assert source.balls[0].at == Point(-1_400_000, -900_000)


def test_balls_outside_the_package_move_its_centre(tmp_path: Path) -> None:
    package = "[BGA]\nWIDTH=2000\nHEIGHT=2000\n"
    rows = ("a 1 DP 1000 1000 A1 B 500 500", "b 2 DP 1100 1000 A2 B 1500 1500")
    source = read(tmp_path, netlist(*rows) + package)
    assert [ball.at for ball in source.balls] == [Point(-500_000, -500_000), Point(500_000, 500_000)]
    assert source.dies[0].at == Point(50_000, 0)
    assert "lies outside the package" in source.notes[0]


def test_a_pad_with_several_rows_is_one_pad(tmp_path: Path) -> None:
    rows = ("VSS 1 DP 0 0 - - - - F1 FIN 1 1 0", "VSS 1 DP 0 0 - - - - F2 FIN 2 2 0", "VSS 1 DP 0 0 A1 B 0 100")
    source = read(tmp_path, netlist(*rows))
    assert [(b.name, b.ball) for b in only_die(source).bumps] == [("1", "A1")]


MCM = (
    "[DATABASE]\nTYPE=AIF\nVERSION=2.0\nUNITS=um\nMCM=TRUE\n[MCM_DIE]\nCPU=D1\nRAM=D2, D3\n"
    "[MCM_CPU_D1]\nWIDTH=100\nHEIGHT=100\nCENTER=0.0, 0.0\n[MCM_RAM_D2]\nWIDTH=50\nHEIGHT=60\nCENTER=200 0\n"
    "[mcm_ram_d3]\nWIDTH=50\nHEIGHT=60\nCENTER=300 10\n[PADS]\nDP=SQUARE 5\n[NETLIST]\n"
    "n D1.1 DP 10 0\nn D2.1 DP 190 0\nm D3.x.y DP 310 0\n"
)


def test_several_dies(tmp_path: Path) -> None:
    source = read(tmp_path, MCM)
    assert [(d.die.name, d.die.width, d.die.height) for d in source.dies] == [
        ("D1", 100_000, 100_000),
        ("D2", 50_000, 60_000),
        ("D3", 50_000, 60_000),
    ]
    assert [(b.name, b.net) for d in source.dies for b in d.bumps] == [("1", "n"), ("1", "n"), ("x.y", "m")]
    steps = [d.at - source.dies[0].at for d in source.dies]
    assert steps == [Point(0, 0), Point(200_000, 0), Point(300_000, 10_000)]
    assert source.dies[0].bumps[0].at - source.dies[0].at == Point(10_000, 0)


def test_the_first_version(tmp_path: Path) -> None:
    text = (
        ";Die released 07/28/98\nDIE_NAME=2N5907A\nDIE_UNITS=um\nDIE_X=8500\nDIE_Y=8100\nDie_pad_size=80\n"
        ";pad x y net ball\n1 4000\t-1 clock_fast A23\n2 -4000 -1 a=b -\n3 0 3 nc -\n"
    )
    source = read(tmp_path, text)
    die = only_die(source)
    assert (die.name, die.width, die.height) == ("2N5907A", 8_500_000, 8_100_000)
    assert [(b.name, b.net, b.ball) for b in die.bumps] == [
        ("1", "clock_fast", "A23"),
        ("2", "a=b", None),
        ("3", None, None),
    ]
    assert die.bumps[0].shape == Rectangle(80_000, 80_000)
    assert die.bumps[0].at == Point(4_000_000, -2_000)  # the outline lies around the pads


def test_a_lone_die_is_shown_from_its_face(tmp_path: Path) -> None:
    """As chip layouts do, unless told otherwise; within a package it lies as it is drawn."""
    text = netlist("a 1 DP -100 0", "b 2 DP 100 0")
    assert read(tmp_path, text).dies[0].bumps[0].at == Point(100_000, 0)
    assert read(tmp_path, text, SourceOptions(face="up")).dies[0].bumps[0].at == Point(100_000, 0)
    assert read(tmp_path, text, SourceOptions(face="down")).dies[0].bumps[0].at == Point(-100_000, 0)
    packaged = netlist("a 1 DP -100 0 A1 B 0 0", "b 2 DP 100 0 -")
    assert read(tmp_path, packaged).dies[0].bumps[0].at == Point(-100_000, 0)
    with pytest.raises(InputError, match="leave face out"):
        read(tmp_path, packaged, SourceOptions(face="up"))


@relaxed
@given(package=packages())
def test_a_lone_die_is_written_as_its_bump_map_shows_it(
    tmp_path_factory: pytest.TempPathFactory, package: Source
) -> None:
    path = tmp_path_factory.mktemp("aif") / "t.aif"
    die = package.dies[0].die
    path.write_text(aif_text(Source((PlacedDie(die, mirrored=True),))), encoding="utf-8")
    assert read_aif(path).dies == (PlacedDie(die, mirrored=True),)
    through = PlacedDie(die)
    path.write_text(aif_text(Source((through,))), encoding="utf-8")
    assert read_aif(path).dies[0].bumps == through.bumps


def test_latin_1_and_marks_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.aif"
    path.write_bytes(b"\xef\xbb\xbf" + netlist("a 1 DP 0 0").encode())
    assert only_die(read_aif(path)).name == "chip"
    path.write_bytes(netlist("a 1 DP 0 0 ; 10 \u00b5m").encode("latin-1"))
    assert only_die(read_aif(path)).name == "chip"


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, r"no section \[DATABASE\]"),
        ("hello\n", None, r"no section \[DATABASE\]"),
        ("(AIF\n (Version 3.0))\n", None, "version 3"),
        (netlist("a 1 DP 0 0").replace("VERSION=2.0", "VERSION=3.0"), 3, "version 3.0"),
        (netlist("a 1 DP 0 0").replace("TYPE=AIF", "TYPE=GDS"), 2, "TYPE=GDS"),
        (netlist("a 1 DP 0 0").replace("UNITS=um\n", ""), None, "UNITS=um"),
        (netlist("a 1 DP 0 0").replace("UNITS=um", "UNITS=furlong"), 4, 'unknown unit "furlong"'),
        (netlist("a 1 DP 0 0").replace("[NETLIST]\n", ""), None, r"no section \[NETLIST\]"),
        (netlist(), 12, "no pad and no ball"),
        (netlist("a 1 dp 0 0"), 13, r'"dp" is not in \[PADS\] \(capitals matter\); did you mean "DP"'),
        (netlist("a 1 DP 0 zero"), 13, 'pad "1": "zero"'),
        (netlist("a b 1 DP 0 0 A1"), 13, "7 columns"),
        (netlist("a 1 DP"), 13, "3 columns"),
        (netlist("a 1 DP - -"), 13, "two coordinates"),
        (netlist("a 1 DP 0 0", "b 1 DP 5 5"), 14, r"twice .* lines 13 and 14"),
        (netlist("a 1 DP 0 0", "b 2 DP 0 0"), 14, r'"1" \(line 13\) and "2" are at the same place'),
        (netlist("a 1 DP 0 0 A1", "b 2 DP 9 9 A1"), 14, 'ball "A1" is given to net "a" and to net "b"'),
        (netlist("a 1 DP 0 0 A1 B 0 0", "a 2 DP 9 9 A1 B 1 1"), 14, "listed at two places"),
        (netlist("a 1 DP 0 0", "b 2 DP 2000 0"), 13, "outside its 1000 um x 800 um"),
        (netlist("a 1 DP 0 0").replace("WIDTH=1000", "WIDTH=-5"), 7, "above zero"),
        (netlist("a 1 DP 0 0").replace("SQUARE 60", "BLOB 60"), 10, 'pad type "DP" = "BLOB 60"'),
        (netlist("a 1 DP 0 0").replace("SQUARE 60", "SQUARE 0"), 10, "greater than zero"),
        (netlist("a 1 DP 0 0").replace("B=CIRCLE", "DP=CIRCLE"), 11, "defined twice"),
        (netlist("a 1 DP 0 0") + "[BGA]\nA1=TOP\n", 15, "UL, UR, LL or LR"),
        (netlist("a 1 DP 0 0") + "[BGA]\nPOPULATION=many\n", 15, "number of balls"),
        (MCM.replace("D2.1", "E2.1"), 25, "names no die; .* dies are D1, D2, D3"),
        (MCM.replace("[MCM_RAM_D2]", "[MCM_ROM_D2]"), 8, r"no section \[MCM_RAM_D2\]"),
        (MCM.replace("RAM=D2, D3", "RAM=D2, D2"), 8, "listed twice"),
        (MCM.replace("CPU=D1\nRAM=D2, D3\n", ""), 6, "lists no die"),
        ("DIE_NAME=x\nDIE_X=1\n1 0 0\n", 3, "3 columns"),
        ("DIE_NAME=x\nDIE_X=1\n", None, "no bump"),
    ],
)
def test_refusals_name_the_line(tmp_path: Path, text: str, line: int | None, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 't.aif'}:" + (f"{line}: " if line is not None else " "))


@relaxed
@given(st.data())
def test_no_broken_file_gives_another_error(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Bytes of good files, cut, doubled and overwritten."""
    good = data.draw(
        st.sampled_from([MCM, netlist("clk 1 DP 0 0 A1 B 5 5", "VSS - - - - A2") + "[BGA]\nPITCH=1\nPOPULATION=2 2\n"])
    )
    content = bytearray(good.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"[", b"=", b"\n", b"-", b"1e99", b","])
        )
    path = tmp_path_factory.mktemp("aif") / "t.aif"
    path.write_bytes(bytes(content))
    with suppress(InputError):
        read_aif(path)


# --- round trip ------------------------------------------------------------------------------------------------------


@relaxed
@given(source=packages(), unit=st.sampled_from(["um", "mm"]))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, source: Source, unit: str) -> None:
    path = tmp_path_factory.mktemp("aif") / "t.aif"
    text = aif_text(source, unit)
    path.write_text(text, encoding="utf-8")
    found = read_aif(path)
    wanted = as_placed(source)
    assert found.notes == ()
    assert found.dies == wanted.dies
    assert sorted(found.balls, key=lambda ball: ball.name) == sorted(wanted.balls, key=lambda ball: ball.name)
    assert (found.width, found.height) == (wanted.width, wanted.height)
    # the order of balls is that of the rows; from then on the text does not change
    path.write_text(again := aif_text(found, unit), encoding="utf-8")
    assert aif_text(read_aif(path), unit) == again


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "a b"}, r'bump "a b": AIF cannot hold a name with a blank'),
        ({"name": "a;b"}, 'with ";"'),
        ({"name": "-"}, "takes that as no name"),
        ({"net": "clk 1"}, 'net "clk 1"'),
    ],
)
def test_names_that_do_not_fit_are_refused(change: dict[str, str], words: str) -> None:
    bump = replace(Bump("1", Point(0, 0), "n", Circle(10)), **change)
    with pytest.raises(InputError, match=words):
        aif_text(Source((PlacedDie(Die("d", 100, 100, (bump,))),)))


def test_dies_whose_pads_could_be_mistaken_are_refused() -> None:
    dies = tuple(PlacedDie(Die(name, 100, 100, ())) for name in ("a", "a.b"))
    with pytest.raises(InputError, match=r'calls a pad "a\.1"'):
        aif_text(Source(dies))
