"""Bump maps of other programs: what they mean in our frame, and files that are none."""

from __future__ import annotations

import csv
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from public import DATA, real

from kicad_rdl.errors import InputError, RdlError
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle
from kicad_rdl.model.die import Bump, PlacedDie
from kicad_rdl.model.source import Source
from kicad_rdl.read.orientation import DEF, THREEDBLOX
from kicad_rdl.read.outline import Box
from kicad_rdl.read.source import READERS, read_balls, read_source
from kicad_rdl.read.source_options import SourceOptions


def write(folder: Path, **files: str) -> Path:
    """Writes ``name__suffix="text"`` as ``name.suffix``; the path of the first."""
    paths = []
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths[0]


def only(source: Source) -> PlacedDie:
    (placed,) = source.dies
    return placed


def places(bumps: tuple[Bump, ...]) -> dict[str, tuple[int, int]]:
    return {bump.name: (bump.at.x, bump.at.y) for bump in bumps}


def refusal(path: Path, options: SourceOptions | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_source(path, options or SourceOptions())
    return str(caught.value)


# --- .bmap ---------------------------------------------------------------------------------------

BMAP = """# instance cell x y port net
b1 BUMP 10 20.5 - CLK
  b2\tBIG 110.0005 20.5 - -
   \t
b3 BUMP 10 80 VSS_port -
"""


def test_bmap_has_the_extents_of_its_bumps(tmp_path: Path) -> None:
    options = SourceOptions(shape=Circle(20_000), types={"BIG": Circle(40_000)})
    placed = only(read_source(write(tmp_path, m__bmap=BMAP), options))
    # from 0 (b1) to 130.0 (b2's big circle), from 0.5 (b2) to 90
    assert (placed.die.width, placed.die.height) == (130_000, 89_500)
    assert places(placed.die.bumps) == {
        "b1": (-55_000, -24_750),
        "b2": (45_000, -24_750),
        "b3": (-55_000, 34_750),
    }
    assert [bump.net for bump in placed.die.bumps] == ["CLK", None, "VSS_port"]
    assert placed.mirrored


def test_bmap_with_a_size_counts_from_the_lower_left(tmp_path: Path) -> None:
    path = write(tmp_path, m__bmap=BMAP)
    placed = only(read_source(path, SourceOptions(width=200_000, height=100_000, face="down")))
    assert places(placed.die.bumps)["b1"] == (-90_000, -29_500)
    assert not placed.mirrored
    centred = only(read_source(path, SourceOptions(width=300_000, height=200_000, origin="die centre")))
    assert places(centred.die.bumps)["b1"] == (10_000, 20_500)


def test_bumps_of_a_bmap_may_be_the_balls(tmp_path: Path) -> None:
    path = write(tmp_path, m__bmap=BMAP)
    balls = read_balls(path, SourceOptions(shape=Circle(20_000))).balls
    assert [(ball.name, ball.net) for ball in balls] == [("b1", "CLK"), ("b2", None), ("b3", "VSS_port")]
    mirrored = read_balls(path, SourceOptions(shape=Circle(20_000), face="up")).balls
    assert [ball.at.x for ball in mirrored] == [-ball.at.x for ball in balls]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a B 1 2 -\n", r"m.bmap:1: 5 words in this line; a bump has six"),
        ("a B 1 2 - - x\n", r"m.bmap:1: 7 words"),
        ("a B 1 2 - -\na B 1 3 - -\n", r'm.bmap:2: bump "a" is listed twice, in lines 1 and 2'),
        ("a B 1 2 - -\n\nb B 1.0 2 - -\n", r'm.bmap:3: bumps "a" \(line 1\) and "b" \(line 3\) are at the same place'),
        ("a B one 2 - -\n", r'm.bmap:1: bump "a": x: "one" is not a length'),
        ("a B 1 1e9 - -\n", r"m.bmap:1: .* beyond two metres"),
        ("# nothing\n", r"m.bmap: there is no bump"),
    ],
)
def test_bmap_refusals(tmp_path: Path, text: str, message: str) -> None:
    assert re.search(message, refusal(write(tmp_path, m__bmap=text)))


# --- tables --------------------------------------------------------------------------------------


def test_table_without_a_size(tmp_path: Path) -> None:
    path = write(tmp_path, t__csv="name,x_um,y_um,net\na,-100,10,N\nb,50,-40,\n")
    placed = only(read_source(path, SourceOptions(shape=Circle(20_000))))
    assert (placed.die.name, placed.die.width, placed.die.height) == ("t", 220_000, 100_000)
    assert places(placed.die.bumps) == {"a": (-100_000, 10_000), "b": (50_000, -40_000)}
    corner = only(read_source(path, SourceOptions(shape=Circle(20_000), origin="lower left")))
    assert (corner.die.width, corner.die.height) == (170_000, 70_000)
    assert places(corner.die.bumps) == {"a": (-75_000, 25_000), "b": (75_000, -25_000)}


# --- DEF and LEF ---------------------------------------------------------------------------------

LEF = """VERSION 5.8 ;
UNITS
  DATABASE MICRONS 2000 ;
END UNITS
PROPERTYDEFINITIONS
  MACRO weight REAL ;
END PROPERTYDEFINITIONS
LAYER top TYPE ROUTING ; END top
MACRO BUMP
  CLASS COVER BUMP ;
  ORIGIN 15 10 ;
  SIZE 30 BY 20 ; # its corner is not its origin
  PIN PAD
    DIRECTION INOUT ;
    PORT
      LAYER top ;
        RECT -15 -10 15 10 ;
    END
  END PAD
  OBS
    LAYER cut ;
      RECT 0 0 1 1 ;
  END
END BUMP
MACRO ROUND CLASS COVER BUMP ; SIZE 29 BY 29 ;
  PIN P PORT LAYER M9 ; POLYGON 29 8.5 29 20.5 20.5 29 8.5 29 0 20.5 0 8.5 8.5 0 20.5 0 ; END END P
END ROUND
MACRO IO
  CLASS PAD AREAIO ;
  SIZE 25 BY 140 ;
  PIN A PORT CLASS CORE ; LAYER metal4 ; RECT 13 139 14 140 ; END END A
  PIN PAD
    PORT
      CLASS BUMP ;
      LAYER metal10 ; RECT 10 50 20 55 ;
    END
    PORT LAYER metal4 ; RECT 0 0 1 1 ; END
  END PAD
END IO
MACRO IO2
  CLASS PAD ; SIZE 25 BY 140 ;
  PIN A PORT LAYER metal9 ; RECT 13 139 14 140 ; END END A
  PIN PAD PORT LAYER metal10 ; RECT MASK 1 10 50 20 55 ; END END PAD
END IO2
MACRO FILL
  CLASS PAD SPACER ; SIZE 5 BY 140 ;
  PIN VDD PORT LAYER metal9 ; RECT 0 0 5 1 ; END END VDD
  PIN VSS PORT LAYER metal9 ; RECT 0 3 5 4 ; END END VSS
END FILL
BEGINEXT "x" MACRO NOT ; ENDEXT
END LIBRARY
"""

DEF_TEXT = """VERSION 5.8 ;
DESIGN chip ;
UNITS DISTANCE MICRONS 2000 ;
# a comment ; with a semicolon
DIEAREA ( 0 0 ) ( 2000000 1000000 ) ;
COMPONENTS 7 ;
  - b0 BUMP + FIXED ( 200000 100000 ) N ;
  - b1 BUMP + PLACED ( 400000
      100000 ) W + PROPERTY x "a ; b" ;
  - b2 ROUND + SOURCE DIST + FIXED ( 600000 100000 ) FS ;
  - b3 ROUND + FIXED ( 800000 100001 ) N ;
  - u0 IO + FIXED ( 70000 300000 ) FW ;
  - u1 IO2 + FIXED ( 1650000 400000 ) W ;
  - f0 FILL + FIXED ( 0 0 ) N ;
END COMPONENTS
PINS 1 ;
  - sig + NET sig + LAYER top ( -1 -1 ) ( 1 1 ) + FIXED ( 0 0 ) N ;
END PINS
SPECIALNETS 2 ;
  - VDD ( b1 PAD ) ( * VDD ) + USE POWER + ROUTED metal10 12000 ( 3440000 175000 ) ( * 217340 ) ;
  - VSS ( PIN VSS )
    ( b2 P ) + USE GROUND ;
END SPECIALNETS
NETS 2 ;
  - sig ( PIN sig ) ( b0 PAD ) ( u0 PAD ) + USE SIGNAL ;
  - in ( u0 A + SYNTHESIZED ) ( u1 PAD ) ;
END NETS
END DESIGN
"""


def def_lef(folder: Path, text: str = DEF_TEXT, lef: str = LEF, **options: Any) -> tuple[Path, SourceOptions]:
    path = write(folder, chip__def=text, cells__lef=lef)
    return path, SourceOptions(lef=(folder / "cells.lef",), **options)


def test_def_bumps(tmp_path: Path) -> None:
    """The DEF point is the lower left corner of the turned cell, whatever ORIGIN says."""
    source = read_source(*def_lef(tmp_path))
    placed = only(source)
    assert (placed.die.name, placed.die.width, placed.die.height, placed.mirrored) == ("chip", 1_000_000, 500_000, True)
    assert places(placed.die.bumps) == {
        "b0": (100_000 + 15_000 - 500_000, 50_000 + 10_000 - 250_000),
        "b1": (200_000 + 10_000 - 500_000, 50_000 + 15_000 - 250_000),
        "b2": (300_000 + 14_500 - 500_000, 50_000 + 14_500 - 250_000),
        "b3": (400_000 + 14_500 - 500_000, 50_001 + 14_500 - 250_000),  # half a nanometre goes up
    }
    assert [bump.net for bump in placed.die.bumps] == ["sig", "VDD", "VSS", None]
    assert placed.die.bumps[2].shape == Octagon(29_000)
    assert source.notes == ()


def test_a_def_without_bumps_names_its_cells(tmp_path: Path) -> None:
    """So that the user can choose; the most frequent first."""
    lef = LEF.replace("CLASS COVER BUMP", "CLASS COVER")
    assert lef != LEF
    told = refusal(*def_lef(tmp_path, lef=lef))
    assert "name the cells that are to be bumps" in told
    assert told.endswith("the LEF files have these of them: BUMP (2), ROUND (2), FILL (1), IO (1), IO2 (1)")


def test_def_pads(tmp_path: Path) -> None:
    """FW swaps x and y; W puts the cell's foot to the right. The pad is on another spot than the cell's centre."""
    source = read_source(*def_lef(tmp_path, cells=("IO*", "FILL")))
    placed = only(source)
    assert places(placed.die.bumps) == {
        "u0": (35_000 + 52_500 - 500_000, 150_000 + 15_000 - 250_000),
        "u1": (825_000 + 140_000 - 52_500 - 500_000, 200_000 + 15_000 - 250_000),
    }
    assert [(bump.net, bump.shape) for bump in placed.die.bumps] == [
        ("sig", Rectangle(5_000, 10_000)),
        ("in", Rectangle(5_000, 10_000)),
    ]
    assert [re.sub(r":.*", "", note) for note in source.notes] == ["cell FILL passed over"]


def test_def_pins_by_name(tmp_path: Path) -> None:
    """``( * VDD )`` is every component with a pin VDD."""
    placed = only(read_source(*def_lef(tmp_path, cells=("FILL/V*",))))
    assert [(bump.name, bump.net) for bump in placed.die.bumps] == [("f0/VDD", "VDD"), ("f0/VSS", None)]


def test_def_size_by_the_user_keeps_the_centre(tmp_path: Path) -> None:
    path, options = def_lef(tmp_path, width=1_200_000, height=600_000, face="down")
    placed = only(read_source(path, options))
    assert (placed.die.width, placed.die.height, placed.mirrored) == (1_200_000, 600_000, False)
    assert places(placed.die.bumps)["b0"] == (-385_000, -190_000)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("UNITS DISTANCE MICRONS 2000 ;\n", "", r"chip.def:4: there is no UNITS DISTANCE MICRONS"),
        ("MICRONS 2000", "MICRONS 0", r'chip.def:3: the unit is written "UNITS'),
        ("+ FIXED ( 200000 100000 ) N", "+ UNPLACED", r"chip.def:7: bump b0 is not placed"),
        ("( 200000 100000 ) N", "( 200000 ) N", r"chip.def:7: component b0: a place is written"),
        ("( 200000 100000 ) N", "( 200000 100000 ) R0", r"the orientation one of N, W"),
        ("( 200000 100000 ) N", "( 200000 ten ) N", r'"ten" is not a DEF length'),
        ("( 200000 100000 ) N", "( 9200000 100000 ) N", r'chip.def:7: bump "b0" .* lies outside the die'),
        ("( 400000\n      100000 ) W", "( 200000 100000 ) N", r'bumps "b0" \(line 7\) and "b1" .* the same place'),
        ("( b0 PAD )", "( b1 PAD )", r"chip.def:25: bump b1 is on two nets, VDD \(line 20\) and sig \(line 25\)"),
        ("( b0 PAD )", "( b0 )", r'chip.def:25: net sig: a connection is written "\( component pin \)"'),
        ("END NETS\nEND DESIGN\n", "", r"chip.def:27: the file ends within NETS; is it complete\?"),
        ("( u1 PAD ) ;\nEND NETS\nEND DESIGN\n", "( u1", r"the file ends within the statement"),
        ("DIEAREA ( 0 0 )", "DIEAREA", r"chip.def:5: DIEAREA needs two points or more"),
        ("- f0 FILL + FIXED ( 0 0 ) N", "- f0", r"chip.def:14: a component is written"),
    ],
)
def test_def_refusals(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in DEF_TEXT
    assert re.search(message, refusal(*def_lef(tmp_path, DEF_TEXT.replace(old, new, 1))))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SIZE 30 BY 20 ;", "", r"cells.lef:9: MACRO BUMP has no SIZE above zero"),
        ("SIZE 30 BY 20 ;", "SIZE 30 20 ;", r'cells.lef:12: MACRO BUMP: SIZE is written "SIZE 45 BY 45 ;"'),
        ("SIZE 30 BY 20 ;", "SIZE thirty BY 20 ;", r'MACRO BUMP: SIZE: "thirty" is not a length'),
        ("RECT -15 -10 15 10 ;", "RECT -15 -10 15 ;", r"cells.lef:17: .*PIN PAD: RECT needs 4 numbers, got 3"),
        ("POLYGON 29 8.5", "POLYGON 29", r"a POLYGON needs three pairs of numbers"),
        ("END IO2\n", "", r'cells.lef:48: MACRO IO2 is closed by "END FILL"'),
    ],
)
def test_lef_refusals(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in LEF
    path, options = def_lef(tmp_path, lef=LEF.replace(old, new, 1))
    assert re.search(message, refusal(path, options))


def test_def_needs_its_lef(tmp_path: Path) -> None:
    path, _ = def_lef(tmp_path)
    assert 'name the LEF files with it: lef = ["cells.lef"]' in refusal(path)
    assert "there is no such file" in refusal(path, SourceOptions(lef=(tmp_path / "cell.lef",)))
    assert 'no component has a macro "PAD_*"' in refusal(path, def_lef(tmp_path, cells=("PAD_*",))[1])


def test_components_of_unknown_macros_are_told(tmp_path: Path) -> None:
    source = read_source(*def_lef(tmp_path, DEF_TEXT.replace("- b3 ROUND", "- b3 NAND2").replace("f0 FILL", "f0 X")))
    (note,) = source.notes
    assert re.search(r"chip.def:11: 2 components passed over, .*: NAND2, X$", note)
    assert len(only(source).die.bumps) == 3


@pytest.mark.parametrize("table", [DEF, {name: THREEDBLOX[name] for name in sorted(THREEDBLOX)[:12]}])
def test_orientations_turn_and_mirror(table: dict[str, Any]) -> None:
    """Each keeps the area of a box; together they are the eight symmetries of the square."""
    images = {(way.point(Point(3, 1)).x, way.point(Point(3, 1)).y) for way in table.values()}
    assert images == {(x, y) for a, b in ((3, 1), (1, 3)) for x in (a, -a) for y in (b, -b)}
    for way in table.values():
        box = way.box(Box(0, 0, 10, 4))
        assert box.width * box.height == 40


@pytest.mark.parametrize(
    ("name", "image"),
    [
        # DEF manual: F is a mirror about the y axis; FW: x and y change places
        ("N", (3, 1)), ("W", (-1, 3)), ("S", (-3, -1)), ("E", (1, -3)),
        ("FN", (-3, 1)), ("FS", (3, -1)), ("FW", (1, 3)), ("FE", (-1, -3)),
    ],
)  # fmt: skip
def test_def_orientations(name: str, image: tuple[int, int]) -> None:
    assert DEF[name].point(Point(3, 1)) == Point(*image)


@real
def test_blackparrot_bumps() -> None:
    """All 276 bumps of the table that was derived from the same DEF by others."""
    folder = DATA / "blackparrot_flipchip"
    die = only(read_source(folder / "floorplan_flipchip.def", SourceOptions(lef=(folder / "dummy_pads.lef",)))).die
    with (folder / "bumps.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wanted = {
        row["bump"]: (
            round(float(row["center_x_um"]) * 1000) - 1_500_000,
            round(float(row["center_y_um"]) * 1000) - 1_500_000,
            row["net"] or None,
        )
        for row in rows
    }
    assert (die.width, die.height, len(die.bumps)) == (3_000_000, 3_000_000, 276)
    assert {bump.name: (bump.at.x, bump.at.y, bump.net) for bump in die.bumps} == wanted
    assert {bump.shape for bump in die.bumps} == {Rectangle(45_000, 45_000)}


@real
def test_blackparrot_pads_are_where_the_published_routing_ends() -> None:
    """Each of the 237 pads that were read has a wire end of its net in OpenROAD's own result; so has each bump."""
    folder = DATA / "blackparrot_flipchip"
    options = SourceOptions(lef=(folder / "dummy_pads.lef",), cells=("PADCELL_*",))
    pads = only(read_source(folder / "floorplan_flipchip.def", options)).die.bumps
    nets = Counter(bump.net for bump in pads)
    assert len(pads) == 237
    assert sorted(count for count in nets.values() if count > 1) == [17, 17, 34, 34]
    assert sum(count == 1 for count in nets.values()) == 135
    ends = routed_points(folder / "rdl_route_45.6-6.defok")
    bumps = only(read_source(folder / "floorplan_flipchip.def", SourceOptions(lef=options.lef))).die.bumps
    missed = [bump.name for bump in (*pads, *bumps) if bump.net and not touched(bump, ends.get(bump.net, []))]
    assert missed == []


def routed_points(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Points of the metal10 wires by net, from the die centre [nm]."""
    found: dict[str, list[tuple[float, float]]] = {}
    text = path.read_text(encoding="utf-8")
    special = text[text.index("\nSPECIALNETS") : text.index("\nEND SPECIALNETS")]
    net = ""
    for line in special.splitlines():
        if line.strip().startswith("- "):
            net = line.split()[1]
        if "metal10" in line:
            before = ("0", "0")
            for x, y in re.findall(r"\(\s*(\S+)\s+(\S+)(?:\s+\d+)?\s*\)", line):
                before = (before[0] if x == "*" else x, before[1] if y == "*" else y)
                found.setdefault(net, []).append((int(before[0]) / 2 - 1_500_000, int(before[1]) / 2 - 1_500_000))
    return found


def touched(bump: Bump, points: list[tuple[float, float]]) -> bool:
    assert isinstance(bump.shape, Rectangle)
    return any(
        2 * abs(x - bump.at.x) <= bump.shape.width and 2 * abs(y - bump.at.y) <= bump.shape.height for x, y in points
    )


@real
def test_passive_interposer() -> None:
    """33 octagons with an ORIGIN in their middle, all nets in SPECIALNETS; their names tell their places."""
    folder = DATA / "blackparrot_flipchip"
    options = SourceOptions(lef=(folder / "passive_tech.lef", folder / "passive_bumps.lef"))
    die = only(read_source(folder / "passive_interposer.def", options)).die
    assert len(die.bumps) == 33
    assert {bump.shape for bump in die.bumps} == {Octagon(28_000)}
    for bump in die.bumps:
        x, y = (int(part) * 1000 - 250_000 for part in bump.name.split("_")[2:])
        assert (bump.at.x, bump.at.y) == (x, y)
    # 16 nets, of which each joins a bump on the left with one on the right; one has three
    assert sorted(Counter(bump.net for bump in die.bumps).values())[-1] == 3


def test_lef_octagon_that_is_none(tmp_path: Path) -> None:
    """A polygon of another form is taken as its box, which is said once."""
    text = LEF.replace("29 8.5 29 20.5 20.5 29 8.5 29 0 20.5 0 8.5 8.5 0 20.5 0", "0 0 29 0 0 29")
    source = read_source(*def_lef(tmp_path, lef=text))
    shapes = {bump.name: bump.shape for bump in only(source).die.bumps}
    assert shapes["b2"] == shapes["b3"] == Rectangle(29_000, 29_000)
    assert source.notes == ("cell ROUND: the metal of its pin P is taken as the rectangle around it",)
    assert read_source(*def_lef(tmp_path, lef=text, types={"ROUND": Circle(20_000)})).notes == ()
    assert read_source(*def_lef(tmp_path)).notes == ()


# --- die text ------------------------------------------------------------------------------------

DIE_TEXT = """File: E:/flow/DIE_data.txt
Date: Wed Sep 28 17:34:06 2005
Units: mils, 2 decimal places
Name: CHIP7
DieType: FlipChip
DieOrient: ChipDown
Origin: (0.00 0.00)
Rotation: 0.000
Extents: ((-10.00 -20.00) (30.00 20.00))
# the pins
Pin Number    X Coord    Y Coord    Rotation    Pin Use   Padstack  Net Name
1    -5.00   10.00   0.000   BI      P80   clk
2    25.00   10.00   0.000   POWER   P60   VDD
3    25.00  -10.00   0.000   NC      P80

Padstacks
P80 circle 80
"""


def test_die_text(tmp_path: Path) -> None:
    path = write(tmp_path, chip__txt=DIE_TEXT)
    source = read_source(path, SourceOptions(types={"P60": Circle(60_000)}, shape=Circle(80_000)))
    placed = only(source)
    mil = 25_400
    assert (placed.die.name, placed.die.width, placed.die.height) == ("CHIP7", 40 * mil, 40 * mil)
    assert places(placed.die.bumps) == {
        "1": (-15 * mil, 10 * mil),
        "2": (15 * mil, 10 * mil),
        "3": (15 * mil, -10 * mil),
    }
    assert [bump.net for bump in placed.die.bumps] == ["clk", "VDD", None]
    assert [bump.shape for bump in placed.die.bumps] == [Circle(80_000), Circle(60_000), Circle(80_000)]
    assert placed.mirrored
    assert [re.sub(r"^.*txt:", "", note) for note in source.notes] == ['16: the section "Padstacks" is read over']


@pytest.mark.parametrize("sign", ["\t", ",", ";", "|"])
def test_die_text_with_other_signs(tmp_path: Path, sign: str) -> None:
    rows = [("Net Name", "Pin Name", "Y Coord", "X Coord"), ("", "a", "1", "2"), ("VDD", "b", "3.5", "4")]
    path = write(tmp_path, chip__die="\n".join(sign.join(row) for row in rows))
    placed = only(read_source(path, SourceOptions(shape=Circle(1_000))))
    assert [(bump.name, bump.net) for bump in placed.die.bumps] == [("a", None), ("b", "VDD")]
    assert (placed.die.width, placed.die.height) == (3_000, 3_500)


@pytest.mark.parametrize("sign", ["\t", ","])
def test_die_text_through_a_spreadsheet(tmp_path: Path, sign: str) -> None:
    """It puts quotes around a line with a comma, and fills every line up to the width of the table."""
    lines = [
        f"File: chip.txt{sign * 3}",
        f'"Units: mils, 2 decimal places"{sign * 3}',
        f"Name: CHIP7{sign * 3}",
        sign * 3,
        sign.join(("Pin Number", "X Coord", "Y Coord", "Net Name")),
        sign.join(("1", "-5", "10", '"d[0]"')),
        sign.join(("2", "5", "-10", "VDD")),
        sign * 3,
    ]
    die = only(read_source(write(tmp_path, chip__txt="\r\n".join(lines)))).die
    mil = 25_400
    assert [(bump.at.x, bump.at.y) for bump in die.bumps] == [(-5 * mil, 10 * mil), (5 * mil, -10 * mil)]
    assert (die.name, [bump.net for bump in die.bumps]) == ("CHIP7", ["d[0]", "VDD"])


def test_die_text_without_nets_takes_the_names(tmp_path: Path) -> None:
    """A pin's name is its signal where there is no column for nets; without a header the unit is um."""
    path = write(tmp_path, chip__txt="pin x y pin name\n1 0 0 clk\n2 10 0 -\n")
    placed = only(read_source(path, SourceOptions(width=100_000, height=50_000)))
    assert [(bump.name, bump.net) for bump in placed.die.bumps] == [("1", "clk"), ("2", None)]
    assert places(placed.die.bumps) == {"1": (0, 0), "2": (10_000, 0)}


@pytest.mark.parametrize(
    "names", ["PAD  X_MM  Y_MM  NET", "Pad  X (mm)  Y (mm)  Net", "pad  x coord [mm]  y coord [mm]  net"]
)
def test_units_in_the_names_of_columns(tmp_path: Path, names: str) -> None:
    """As aligned listings have them; they win over the header."""
    path = write(tmp_path, chip__txt=f"Units: mils\n{names}\n1    0.5   0.25  clk\n2    1.5   0.25\n")
    placed = only(read_source(path, SourceOptions(width=4_000_000, height=2_000_000)))
    assert [(bump.at.x, bump.at.y, bump.net) for bump in placed.die.bumps] == [
        (500_000, 250_000, "clk"),
        (1_500_000, 250_000, None),
    ]


def test_a_txt_with_delimiters_is_a_table(tmp_path: Path) -> None:
    path = write(tmp_path, chip__txt="name,x_mm,y_mm,net\na,1,2,N\n")
    assert places(only(read_source(path)).die.bumps) == {"a": (1_000_000, 2_000_000)}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mils,", "furlongs,", r'chip.txt:3: unknown unit "furlongs"'),
        ("25.00   10.00   0.000   POWER", "25.00   ten   0.000   POWER", r'chip.txt:13: pin "2": y: "ten" is not'),
        ("2    25.00   10.00   0.000   POWER   P60   VDD", "2  25.00", r"chip.txt:13: the line has 2 columns where 7"),
        ("P60   VDD", "P60   VDD  x", r"chip.txt:13: the line has 8 columns where 7 are named"),
        ("3    25.00", "2    25.00", r'chip.txt:14: bump "2" is listed twice, in lines 13 and 14'),
        ("(30.00 20.00)", "(30.00)", r"chip.txt:9: extents are written"),
        ("(30.00 20.00)", "(20.00 20.00)", r'chip.txt:13: bump "2" .* lies outside the die'),
        ("Pin Number    X Coord", "Pin Number    Coord", r"chip.txt:11: .*is neither a key of the header nor a line"),
    ],
)
def test_die_text_refusals(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in DIE_TEXT
    assert re.search(message, refusal(write(tmp_path, chip__txt=DIE_TEXT.replace(old, new, 1))))


# --- random damage -------------------------------------------------------------------------------

DBV = """Header: {version: "1.0", unit: micron, precision: 2000}
ChipletDef:
  Die: {type: die, design_area: [400, 300], regions: {r: {side: back, bmap: m.bmap}}}
"""

SEEDS = {
    "m.bmap": BMAP,
    "chip.def": DEF_TEXT,
    "cells.lef": LEF,
    "chip.txt": DIE_TEXT,
    "d.3dbv": DBV,
}
JUNK = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [b"", b"\n", b";", b"(", b")", b"END", b"- ", b"\x00", b'"', b"1e999", b"nan", b"~", b"{", b"[", b"&a *a"]
    ),
)


def read_all(folder: Path) -> list[str]:
    """The refusals of every file that can be read here; anything else than one is raised."""
    refusals = []
    for name, options in (
        ("m.bmap", SourceOptions()),
        ("chip.def", SourceOptions(lef=(folder / "cells.lef",))),
        ("chip.def", SourceOptions(lef=(folder / "cells.lef",), cells=("IO*", "FILL/V*"))),
        ("chip.txt", SourceOptions()),
        ("d.3dbv", SourceOptions()),
    ):
        try:
            read_source(folder / name, options)
        except RdlError as error:
            refusals.append(str(error))
    return refusals


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), JUNK), min_size=1, max_size=4),
)
@example("d.3dbv", [(0.0, 0, b"[" * 5000)])
def test_damaged_files_give_one_message(name: str, cuts: list[tuple[float, int, bytes]]) -> None:
    content = SEEDS[name].encode()
    for share, length, junk in cuts:
        at = int(share * len(content))
        content = content[:at] + junk + content[at + length :]
    with tempfile.TemporaryDirectory() as folder:
        for other, text in SEEDS.items():
            (Path(folder) / other).write_text(text, encoding="utf-8")
        assert read_all(Path(folder)) == []
        (Path(folder) / name).write_bytes(content)
        for message in read_all(Path(folder)):
            assert message
            assert "\n" not in message


@pytest.mark.parametrize("suffix", sorted(READERS))
def test_no_file_and_no_text(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m{suffix}"
    options = SourceOptions(lef=(tmp_path / "cells.lef",))
    write(tmp_path, cells__lef=LEF)
    assert "no such file" in refusal(path, options).lower()
    assert "no such file" in refusal(path).lower()
    for content in (b"", b"\xff\xfe\x00", b"\x00" * 100, bytes(range(256))):
        path.write_bytes(content)
        assert refusal(path, options)
