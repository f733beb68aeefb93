"""Bump maps as people really write them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape
from kicad_rdl.read.bumps import DEFAULT_SHAPE, BumpMapOptions, read_bumps
from kicad_rdl.read.patterns import matches
from kicad_rdl.units import MM, UM

DIE = BumpMapOptions(width=2 * MM, height=2 * MM)


def read(folder: Path, text: str, options: BumpMapOptions = DIE, name: str = "bumps.csv") -> list[tuple[object, ...]]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return [(b.name, b.at.x, b.at.y, b.net) for b in read_bumps(path, options)]


EXPECTED = [("A1", -500_000, 250_000, "VDD"), ("A2", 500_000, 250_000, None)]


@pytest.mark.parametrize(
    "text",
    [
        "name,x_um,y_um,net\nA1,-500,250,VDD\nA2,500,250,\n",
        "NET;Y (mm);X (mm);Bump Name\nVDD;0,25;-0,5;A1\n-;0,25;0,5;A2\n",
        "Pad\tNet Name\tX [um]\tY [um]\nA1\tVDD\t-500\t250\nA2\tNC\t500\t250\n",
        "# a comment,,,\n,x_um,y_um,signal\nA1,-500.0,250,VDD\nA2,500,250,n/c\n",
        "Die: X17\nRevision, 3\n\nall sizes in um, x and y from the centre\n\n"
        "ref,x_um,y_um,net\nA1,-500,250,VDD\nA2,500,250,\n",
        'name,x_um,y_um,net\n"A1","-500","250","VDD,"\nA2,500,250,","\n',
        "name,x_um,y_um,net,,\nA1,-500,250,VDD,,\nA2,500,250,,,\n,,,,,\n",
        "name,x,y,net\nA1,-0.5 mm,250um,VDD\nA2,0.5mm,0.25 mm,\n",
        "name,x_um,y_um,net\r\nA1,-499.99999999999996,250.00000000000003,VDD\r\nA2,5e2,+250,\r\n",
        "\ufeffname,X-coordinate (microns),Y-coordinate (microns),net\nA1,-500,250,VDD\nA2,500,250,\n",
        "name,x_mil,y_mil,net\nA1,-19.68503937,9.842519685,VDD\nA2,19.68503937,9.842519685,\n",
        "name,X,Y,net\n,(mm),[mm],\nA1,-0.5,0.25,VDD\nA2,0.5,0.25,\n",
        "name,x,y,net\nA1,-500 um,250 um,VDD\nA2,500 um,250 um,\n",
        "name|x_um|y_um|net\nA1|-500|250|VDD\nA2|500|250|DNC\n",
        "name,x_um,y_um,net\nA1,\N{MINUS SIGN}500,250,VDD\nA2,500,250,\n",
    ],
    ids=[
        "plain",
        "swapped",
        "tabs",
        "nameless",
        "junk",
        "quoted",
        "trailing",
        "units",
        "noise",
        "mark",
        "mil",
        "unit row",
        "um",
        "bars",
        "minus",
    ],
)
def test_one_table_in_many_habits(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == EXPECTED


def test_unit_and_origin_from_options(tmp_path: Path) -> None:
    options = BumpMapOptions(width=2 * MM, height=2 * MM, origin_lower_left=True, unit="mm")
    assert read(tmp_path, "bump,x,y,net\nA1,0.5,1.25,VDD\nA2,1.5,1.25,\n", options) == EXPECTED


def test_name_and_ball_columns(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("pad,x_um,y_um,net,ball\n1,0,0,A,C4\n2,100,0,B,\n")
    assert [(b.name, b.ball) for b in read_bumps(tmp_path / "b.csv", DIE)] == [("1", "C4"), ("2", None)]
    (tmp_path / "b.csv").write_text("ball,x_um,y_um,net\nA1,0,0,A\n")
    assert [(b.name, b.ball) for b in read_bumps(tmp_path / "b.csv", DIE)] == [("A1", None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "b.csv"
    path.write_bytes("name,x (µm),y (µm),net\nA1,1,2,VDD\n".encode(encoding))
    assert read_bumps(path, DIE)[0].at == Point(1000, 2000)


SHAPES: list[tuple[str, str, Shape]] = [
    ("", "", Circle(35 * UM)),
    (",diameter_um", ",60", Circle(60 * UM)),
    (",width_um", ",60", Circle(60 * UM)),
    (",shape,size_um", ",square,60", Rectangle(60 * UM, 60 * UM)),
    (",shape,width_um", ",Octagon,60", Octagon(60 * UM)),
    (",width_um,height_um", ",60,40", Rectangle(60 * UM, 40 * UM)),
    (",shape,width_um,height_um", ",rect,60,40", Rectangle(60 * UM, 40 * UM)),
    (",type", ",BIG", Octagon(80 * UM)),
    (",type,size_um", ",BIG,90", Octagon(90 * UM)),
    (",type", ",OTHER", Circle(35 * UM)),
]


@pytest.mark.parametrize(("header", "cells", "shape"), SHAPES)
def test_shapes(tmp_path: Path, header: str, cells: str, shape: Shape) -> None:
    options = BumpMapOptions(width=2 * MM, height=2 * MM, types={"BIG": Octagon(80 * UM)})
    (tmp_path / "b.csv").write_text(f"name,x_um,y_um,net{header}\nA1,0,0,VDD{cells}\n")
    assert read_bumps(tmp_path / "b.csv", options)[0].shape == shape


def test_workbook_with_header_on_row_six_of_the_second_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "cover sheet"
    sheet = book.create_sheet("bumps")
    for column, text in enumerate(("Bump", "X (um)", "Y (um)", "Net"), start=1):
        sheet.cell(6, column, text)
    for row, cells in enumerate((("A1", -500, 250.0, "VDD"), ("A2", 500, 250, None)), start=7):
        for column, value in enumerate(cells, start=1):
            sheet.cell(row, column, value)
    path = tmp_path / "b.xlsx"
    book.save(path)
    assert [(b.name, b.at.x, b.at.y, b.net) for b in read_bumps(path, DIE)] == EXPECTED
    with pytest.raises(InputError, match=r'no sheet "bump"; did you mean "bumps"\?'):
        read_bumps(path, BumpMapOptions(MM, MM, sheet="bump"))


HEADER = "name,x_um,y_um,net\n"
REFUSED = [
    (HEADER + "A1,0,0,A\nB1,9,9,B\nA1,5,5,C\n", r':4: bump "A1" is listed twice, in lines 2 and 4'),
    (HEADER + "A1,0,0,A\nB1,0.0,0,B\n", r':3: bumps "A1" \(line 2\) and "B1" \(line 3\) are at the same place'),
    (HEADER + "A1,0,1000.001,A\n", r':2: bump "A1" at 0 um, 1000.001 um .* lies outside the die of 2000 um x 2000 um'),
    (HEADER + "\nA1,0,ten,A\n", r':3: bump "A1": y: "ten" is not a length'),
    (HEADER + "A1,0,,A\n", r':2: bump "A1": y is empty'),
    (
        HEADER + "A1,0,0,A\nTotal pads: 1,,,\n",
        r':3: .*: x is empty; if the row is no entry of the map, put "#" before it',
    ),
    ("name,x,y,net\n,um,,\nA1,1,1,A\n", r":2: the bump has no name"),
    (HEADER + ",0,0,A\n", r":2: the bump has no name"),
    (HEADER + "A1,nan,0,A\n", r':2: bump "A1": x: "nan" is not a length'),
    (HEADER + "A1,1e999999999,0,A\n", r":2: .*1e999999999"),
    (HEADER + "A1,1 parsec,0,A\n", r':2: .*unknown unit "parsec"'),
    (HEADER, r":1: the table has a header but no bump"),
    ("name,x,y,net\nA1,1,1,A\n", r':2: .*"1" has no unit.*x_um'),
    ("x_um,y_um,net\n1,1,A\n", r":1: the header has no column for the name"),
    ("name,x_um,y_um\nA,1,1\n", r":1: the header has no column for the net"),
    ("just,some,words\n", r"b.csv: no header found"),
    ("", r"the file is empty"),
    (HEADER + 'A1,0,0,"A\nB"\n', r":2: the name .* cannot be"),
    ("name,x_um,y_um,net,shape\nA1,0,0,A,star\n", r':2: bump "A1": unknown shape "star"; use circle'),
    ("name,x_um,y_um,net,size_um\nA1,0,0,A,0\n", r':2: bump "A1": .*greater than zero'),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, text, name="b.csv")


def test_die_edges_belong_to_the_die(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEADER + "A1,1000,-1000,A\nA2,-1000,1000,A\n")) == 2
    corner = BumpMapOptions(width=2 * MM, height=2 * MM, origin_lower_left=True)
    assert len(read(tmp_path, HEADER + "A1,0,0,A\nA2,2000,2000,A\n", corner)) == 2
    with pytest.raises(InputError, match="from the lower left corner of the die"):
        read(tmp_path, HEADER + "A1,-1,0,A\n", corner)


@pytest.mark.parametrize(
    ("name", "pattern", "meant"),
    [
        ("io[3]", "io[3]", True),
        ("io[3]", "io*", True),
        ("io3", "io[3]", False),
        ("io3", "io?", True),
        ("io", "io?", False),
        ("vdda1", "*a*", True),
        ("", "*", True),
        ("abcabc", "*abc", True),
        ("ab", "a*b*c", False),
    ],
)
def test_patterns(name: str, pattern: str, meant: bool) -> None:
    assert matches(name, pattern) is meant


@given(st.text("ab", max_size=8), st.text("ab*?", max_size=6))
def test_patterns_agree_with_fnmatch(name: str, pattern: str) -> None:
    from fnmatch import fnmatchcase

    assert matches(name, pattern) == fnmatchcase(name, pattern)


def test_a_pattern_of_many_stars_is_answered() -> None:
    assert not matches("a" * 5000, "*a" * 100 + "b")


BESIDE = """\
Ball,Net,X,Y,,Die #,Net,X (mm),Y (mm)
A1,clk,-1.5,1.5,,1,CLK,-0.25,0.1
A2,GND,-1,1.5,,2,GND,0.25,0.1
A3,,-0.5,1.5,,,,,
"""
NO_HEADER = "made by Anna\nMICRON,,,\n1,CLK,-250,100\n2,GND,250,100\n"
BOND = """\
Die#,Pad Name,Net,Length,Die X (um),Die Y (um),Subs X (um),Subs Y (um)
7,1,CLK,4.9,-250,100,1,1
8,2,GND,5,250,100,2,2
"""


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        (BESIDE, {"name": "Die #", "net": 7, "x": 8, "y": 9}),
        (BESIDE, {"name": 6, "net": 7, "x": 8, "y": 9}),
        (NO_HEADER, {"name": 1, "net": 2, "x": 3, "y": 4}),
        (BOND, {}),
        (BOND, {"name": "pad_name"}),
        ("#padname,center_x,center_y,signal/side\n1,-250,100,CLK\n2,250,100,GND\n", {"net": "signal/side"}),
    ],
)
def test_columns_that_the_user_names(tmp_path: Path, text: str, headers: dict[str, str | int]) -> None:
    """Tables side by side, without a header, with headers of their own; a length of a wire is no height."""
    (tmp_path / "b.csv").write_text(text)
    bumps = read_bumps(tmp_path / "b.csv", BumpMapOptions(width=2 * MM, height=2 * MM, unit="um", headers=headers))
    expected = [("1", -250 * UM, 100 * UM, "CLK"), ("2", 250 * UM, 100 * UM, "GND")]
    assert [(b.name, b.at.x, b.at.y, b.net) for b in bumps] == expected
    assert {b.shape for b in bumps} == {DEFAULT_SHAPE}


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            {"x": "Dei X (um)"},
            r'no row fits the headers that are asked for \(x = "Dei X \(um\)"\); did you mean "Die X \(um\)"\?',
        ),
        ({"x": 40, "y": 5}, r"no row fits the headers that are asked for \(x = 40, y = 5\)"),
        ({"net": "Signal"}, r'no row fits the headers that are asked for \(net = "Signal"\)'),
    ],
)
def test_columns_that_are_not_there(tmp_path: Path, headers: dict[str, str | int], message: str) -> None:
    (tmp_path / "b.csv").write_text(BOND)
    with pytest.raises(InputError, match=message):
        read_bumps(tmp_path / "b.csv", BumpMapOptions(width=2 * MM, height=2 * MM, unit="um", headers=headers))
