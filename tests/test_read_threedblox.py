"""3Dblox: what lies where, seen from the dies to the balls."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from public import DATA, real

from kicad_rdl.errors import InputError, RdlError
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle
from kicad_rdl.model.source import Source
from kicad_rdl.read.orientation import THREEDBLOX
from kicad_rdl.read.source import read_balls, read_source
from kicad_rdl.read.source_options import SourceOptions

DIE_BUMPS = """d1 BUMP 20 10 - A
d2 BUMP 180 10 - B
d3 BUMP 20 90 - C
"""
BALLS = """p1 BALL 100 100 - A
p2 BALL 900 100 - B
p3 BALL 100 500 - C
p4 BALL 900 500 - -
"""
BOND = """s1 BUMP 320 310 - A
"""
CHIPLETS = """#!define CELLS bumps
Header: {version: "2.5", unit: micron}
ChipletDef:
  Die:
    type: die
    design_area: [200, 100]
    thickness: 50
    regions:
      face: {side: front, bmap: die.bmap, coords: [[0, 0], [200, 0], [200, 100], [0, 100]]}
    external: {LEF_file: [CELLS.lef]}
  Sub:
    type: substrate
    design_area: [1000, 600]
    regions:
      inner: {side: front, bmap: bond.bmap}
      outer: {side: back, bmap: balls.bmap}
    external: {LEF_file: CELLS.lef}
"""
LEF = """MACRO BUMP CLASS COVER BUMP ; SIZE 12 BY 8 ;
  PIN P PORT LAYER M1 ; RECT 0 0 12 8 ; END END P
END BUMP
END LIBRARY
"""
STACK = """Header: {include: [chiplets.3dbv]}
Design: {name: top}
ChipletInst:
  left: {reference: Die}
  right: {reference: Die}
  sub: {reference: Sub}
Stack:
  left: {loc: [100, 200], z: 10, orient: R0}
  right: {loc: [600, 100], z: 10, orient: MZ_R90}
  sub: {loc: [-50, -20], z: 0, orient: R0}
Connection:
  a: {top: left.regions.face, bot: sub.regions.inner}
  b: {top: right.regions.face, bot: sub.regions.inner}
  c: {top: sub.regions.outer, bot: ~}
"""
FILES = {
    "top.3dbx": STACK,
    "chiplets.3dbv": CHIPLETS,
    "die.bmap": DIE_BUMPS,
    "balls.bmap": BALLS,
    "bond.bmap": BOND,
    "bumps.lef": LEF,
}


def stack(folder: Path, *changes: tuple[str, str], name: str = "top.3dbx") -> Path:
    """The files above, each change made in ``name``."""
    for each, text in FILES.items():
        if each == name:
            for old, new in changes:
                assert old in text
                text = text.replace(old, new, 1)
        (folder / each).write_text(text, encoding="utf-8")
    return folder / "top.3dbx"


def in_package(source: Source) -> dict[str, tuple[int, int]]:
    """Every bump and ball in the package frame, in um from the lower left of the substrate."""
    assert source.width is not None
    assert source.height is not None
    found = {f"{die.die.name}.{bump.name}": bump.at for die in source.dies for bump in die.bumps}
    found |= {ball.name: ball.at for ball in source.balls}
    return {
        name: (at.x // 1000 + source.width // 2000, at.y // 1000 + source.height // 2000) for name, at in found.items()
    }


def refusal(path: Path, options: SourceOptions | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_source(path, options or SourceOptions())
    return str(caught.value)


def test_a_stack(tmp_path: Path) -> None:
    """``loc`` is the lower left corner of the turned die; MZ leaves x and y as they are."""
    source = read_source(stack(tmp_path))
    assert (source.width, source.height, source.notes) == (1_000_000, 600_000, ())
    assert in_package(source) == {
        # the substrate's corner is at -50, -20
        "left.d1": (100 + 20 + 50, 200 + 10 + 20),
        "left.d2": (100 + 180 + 50, 200 + 10 + 20),
        "left.d3": (100 + 20 + 50, 200 + 90 + 20),
        # R90: (x, y) becomes (100 - y, x)
        "right.d1": (600 + 90 + 50, 100 + 20 + 20),
        "right.d2": (600 + 90 + 50, 100 + 180 + 20),
        "right.d3": (600 + 10 + 50, 100 + 20 + 20),
        "p1": (100, 100),
        "p2": (900, 100),
        "p3": (100, 500),
        "p4": (900, 500),
    }
    assert [ball.net for ball in source.balls] == ["A", "B", "C", None]
    assert [ball.shape for ball in source.balls] == [None] * 4
    assert [placed.bumps[0].shape for placed in source.dies] == [Rectangle(12_000, 8_000), Rectangle(8_000, 12_000)]
    assert [(placed.quarters, placed.mirrored) for placed in source.dies] == [(0, False), (1, False)]


@pytest.mark.parametrize("orient", sorted(THREEDBLOX))
def test_all_orientations(tmp_path: Path, orient: str) -> None:
    """The die lies with its lower left corner at ``loc``, and MZ changes nothing."""
    source = read_source(stack(tmp_path, ("orient: R0}\n  right", f"orient: {orient}}}\n  right")))
    flipped = read_source(stack(tmp_path, ("orient: R0}\n  right", f"orient: MZ_{orient}}}\n  right")))
    assert source == flipped
    left = source.dies[0]
    width, height = left.size
    corner = left.at - Point(width // 2, height // 2) + Point(500_000, 300_000)
    assert corner == Point(150_000, 220_000)
    way = THREEDBLOX[orient]
    for bump, placed in zip(left.die.bumps, left.bumps, strict=True):
        assert placed.at - left.at == way.point(bump.at)


def test_a_substrate_above_its_dies_is_seen_from_below(tmp_path: Path) -> None:
    below = read_source(stack(tmp_path, ("loc: [-50, -20], z: 0", "loc: [-50, -20], z: 500")))
    above = read_source(stack(tmp_path))
    assert in_package(below) == {name: (1000 - x, y) for name, (x, y) in in_package(above).items()}
    assert [placed.mirrored for placed in below.dies] == [True, True]


def test_choosing_chiplets_and_regions(tmp_path: Path) -> None:
    path = stack(tmp_path)
    right = read_source(path, SourceOptions(chiplet="right"))
    assert [placed.die.name for placed in right.dies] == ["right"]
    assert right.dies[0] in read_source(path).dies
    both = read_source(path, SourceOptions(chiplet="Die"))
    assert both == read_source(path)
    inner = read_source(path, SourceOptions(chiplet="sub.inner"))
    assert in_package(inner)["s1"] == (320, 310)
    assert len(inner.dies) == 2
    assert 'no chiplet of the stack is called "rigth"; did you mean "right"?' in refusal(
        path, SourceOptions(chiplet="rigth")
    )
    assert 'there is no region "top"' in refusal(path, SourceOptions(chiplet="left.top"))


def test_stacked_dies_are_passed_over(tmp_path: Path) -> None:
    source = read_source(
        stack(
            tmp_path,
            (
                "b: {top: right.regions.face, bot: sub.regions.inner}",
                "b: {top: right.regions.face, bot: left.regions.face}",
            ),
        )
    )
    assert [placed.die.name for placed in source.dies] == ["left"]
    assert re.search(r"top.3dbx:9: right is passed over, it is not connected to sub$", source.notes[0])


def test_without_connections_the_faces_decide(tmp_path: Path) -> None:
    """A die has one bump map; of the substrate, the face away from the dies has the balls."""
    text = STACK[: STACK.index("Connection:")]
    path = stack(tmp_path)
    path.write_text(text, encoding="utf-8")
    assert read_source(path) == read_source(stack(tmp_path))


def test_the_user_knows_shapes_better(tmp_path: Path) -> None:
    options = SourceOptions(types={"BALL": Circle(60_000), "BUMP": Octagon(9_000)})
    source = read_source(stack(tmp_path), options)
    assert source.balls[0].shape == Circle(60_000)
    assert source.dies[1].bumps[0].shape == Octagon(9_000)


def test_a_lef_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = stack(tmp_path)
    (tmp_path / "bumps.lef").unlink()
    source = read_source(path, SourceOptions(shape=Circle(7_000)))
    assert source.dies[0].bumps[0].shape == Circle(7_000)
    assert re.search(r"chiplets.3dbv:5: its LEF file .*bumps.lef is not there", source.notes[0])
    (tmp_path / "mine.lef").write_text(LEF, encoding="utf-8")
    source = read_source(path, SourceOptions(lef=(tmp_path / "mine.lef",)))
    assert source.dies[0].bumps[0].shape == Rectangle(12_000, 8_000)


def test_one_chiplet(tmp_path: Path) -> None:
    """A ``.3dbv`` has layouts, which are seen onto the face."""
    stack(tmp_path)
    path = tmp_path / "chiplets.3dbv"
    (placed,) = read_source(path, SourceOptions(chiplet="Die")).dies
    assert (placed.die.name, placed.die.width, placed.die.height, placed.mirrored) == ("Die", 200_000, 100_000, True)
    assert placed.die.bumps[0].at == Point(-80_000, -40_000)
    balls = read_balls(path, SourceOptions(chiplet="Sub.outer")).balls
    assert [(ball.name, ball.at.x) for ball in balls] == [
        ("p1", -400_000),
        ("p2", 400_000),
        ("p3", -400_000),
        ("p4", 400_000),
    ]
    assert "several chiplets with a bump map; choose one of Die, Sub (chiplet)" in refusal(path)
    assert 'chiplet = one of "Sub.inner", "Sub.outer"' in refusal(path, SourceOptions(chiplet="Sub"))


def test_rings_and_offset(tmp_path: Path) -> None:
    """Seal ring and scribe line are outside the design area; ``offset`` moves the bumps."""
    more = "".join(
        f"{line}\n    "
        for line in (
            "design_area: [200, 100]",
            "seal_ring_width: [1, 2, 3, 4]",
            "scribe_line_remaining_width: [10, 10, 10, 10]",
            "offset: [11, 12]",
        )
    ).rstrip()
    stack(tmp_path, ("design_area: [200, 100]", more), name="chiplets.3dbv")
    (placed,) = read_source(tmp_path / "chiplets.3dbv", SourceOptions(chiplet="Die")).dies
    assert (placed.die.width, placed.die.height) == (224_000, 126_000)
    assert placed.die.bumps[0].at == Point(20_000 + 11_000 - 112_000, 10_000 + 12_000 - 63_000)


def test_bumps_beyond_the_design_area_widen_the_outline(tmp_path: Path) -> None:
    source = read_source(stack(tmp_path, ("design_area: [200, 100]", "design_area: [170, 100]"), name="chiplets.3dbv"))
    assert [placed.die.width for placed in source.dies] == [200_000, 200_000]
    assert re.search(r"chiplets.3dbv:5: bumps of Die lie beyond its design area", source.notes[0])
    # the places stay: of the unturned die exactly, of the turned one too, as y does not change
    assert in_package(source)["left.d2"] == (330, 230)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("include: [chiplets.3dbv]", "include: [chiplet.3dbv]", r'there is no such file; did you mean "chiplets.3dbv"'),
        ("include: [chiplets.3dbv]", "version: 1",
         r'top.3dbx:4: ChipletInst.left.reference: no ChipletDef is called "Die"; there is none'),
        ("left: {reference: Die}", "left: {ref: Die}", r'top.3dbx:4: ChipletInst.left: the key "reference" is missing'),
        ("left: {reference: Die}", "left: {reference: Dye}", r'no ChipletDef is called "Dye"; did you mean "Die"'),
        ("  left: {loc", "  lift: {loc",
         r'top.3dbx:8: Stack.lift: ChipletInst has no instance of this name; did you mean "left"'),
        ("loc: [100, 200]", "loc: [100]", r"top.3dbx:8: Stack.left.loc: 2 numbers are needed here, there are 1"),
        ("loc: [100, 200]", "loc: [100, x]", r'top.3dbx:8: Stack.left.loc: "x" is not a length'),
        ("z: 10, orient: R0}", "orient: R0}", r'top.3dbx:8: Stack.left: the key "z" is missing'),
        ("orient: R0}\n  right", "orient: R45}\n  right", r'top.3dbx:8: Stack.left.orient: "R45" is no orientation'),
        ("top: left.regions.face", "top: left.face",
         r'top.3dbx:12: Connection.a.top: "left.face" is no end of a connection'),
        ("top: left.regions.face", "top: left.regions.fase",
         r'chiplets.3dbv:5: ChipletDef.Die: there is no region "fase"; did you mean "face"'),
        ("top: left.regions.face", "top: lift.regions.face", r'"lift" is not in the Stack; did you mean "left"'),
        ("  left: {reference: Die}\n", "  left: {reference: Die}\n  left: {reference: Die}\n",
         r"top.3dbx:5: ChipletInst.left is there twice, in lines 4 and 5"),
        ("Stack:", "Stack: [", r"top.3dbx:\d+: not valid YAML"),
        ("Stack:", "\tStack:", r"top.3dbx:7: not valid YAML"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert re.search(message, refusal(stack(tmp_path, (old, new))))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("unit: micron", "unit: parsec", r'chiplets.3dbv:2: Header.unit: unknown unit "parsec"'),
        ("design_area: [200, 100]", "design_area: [200, 0]",
         r"chiplets.3dbv:6: .*design_area: width and height must be"),
        ("thickness: 50", "shrink: 0.9", r"chiplets.3dbv:7: .*shrink: 0.9: only chiplets that are not shrunk"),
        ("bmap: die.bmap, ", "", r"chiplets.3dbv:5: ChipletDef.Die: region face has no bump map"),
        ("type: die\n", "kind: die\n", r'chiplets.3dbv:5: ChipletDef.Die: the key "type" is missing'),
        ("#!define CELLS bumps", "#!define CELLS", r"chiplets.3dbv:1: a definition is written #!define NAME TEXT"),
        ("  Sub:", "  Die:", r"chiplets.3dbv:11: ChipletDef.Die is there twice, in lines 4 and 11"),
    ],
)  # fmt: skip
def test_refusals_of_chiplets(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert re.search(message, refusal(stack(tmp_path, (old, new), name="chiplets.3dbv")))


def test_a_stack_knows_its_faces_and_sizes(tmp_path: Path) -> None:
    path = stack(tmp_path)
    assert "leave face out" in refusal(path, SourceOptions(face="up"))
    assert "leave width and height out" in refusal(path, SourceOptions(width=1))


def test_files_that_include_each_other(tmp_path: Path) -> None:
    """Each file once; a circle is no error."""
    path = stack(tmp_path, ("Header: {version", "Header: {include: [top.3dbx], version"), name="chiplets.3dbv")
    assert len(read_source(path).dies) == 2
    for index in range(30):
        (tmp_path / f"c{index}.3dbv").write_text(f"Header: {{include: [c{index + 1}.3dbv]}}\n", encoding="utf-8")
    assert "include each other more than 16 deep" in refusal(tmp_path / "c0.3dbv")


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["top.3dbx", "chiplets.3dbv"]),
    st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 30),
            st.one_of(
                st.text(max_size=6),
                st.sampled_from(["\n", "- ", ": ", "{", "[", "~", "&a ", "*a", "!!x ", "\t", "[[", "1e9"]),
            ),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_damaged_files_give_one_message(name: str, cuts: list[tuple[float, int, str]]) -> None:
    text = FILES[name]
    for share, length, junk in cuts:
        at = int(share * len(text))
        text = text[:at] + junk + text[at + length :]
    with tempfile.TemporaryDirectory() as folder:
        path = stack(Path(folder))
        (Path(folder) / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            read_source(path)
        except RdlError as error:
            message = str(error)
        else:
            return
        assert message
        assert "\n" not in message


# --- real files ----------------------------------------------------------------------------------


@real
@pytest.mark.parametrize(("case", "bumps", "balls"), [("case15", 15, 19), ("case100", 100, 104)])
def test_bmap_sets(case: str, bumps: int, balls: int) -> None:
    """Each die bump lies on the bond bump of its net: the file lists them in the frames of two chiplets."""
    path = DATA / "bmap_sets" / case / "top.3dbx"
    source = read_source(path)
    (die,) = source.dies
    assert (len(die.bumps), len(source.balls)) == (bumps, balls)
    bonds = {
        ball.net: ball.at
        for ball in read_source(path, SourceOptions(chiplet="substrate_inst.top_bond_bump_region")).balls
    }
    assert {bump.net: bump.at for bump in die.bumps} == bonds
    assert source.width is not None
    assert all(2 * abs(ball.at.x) <= source.width for ball in source.balls)


@real
def test_3dblox_examples() -> None:
    """OpenROAD's own syntax examples."""
    folder = DATA / "threedblox"
    cross = read_source(folder / "3dic_cross.3dbx")
    assert [(placed.die.name, [bump.net for bump in placed.die.bumps]) for placed in cross.dies] == [
        ("chipA", ["clk", "d", "q"])
    ]
    example = read_source(folder / "example.3dbx")
    assert [(placed.die.name, placed.die.width, placed.die.height) for placed in example.dies] == [
        ("soc_inst", 955_000, 1_082_000)
    ]
    assert "no chiplet of this file has a bump map" in refusal(folder / "example_no_coords.3dbv")
    for name, nets in (("example", [None, None]), ("example1", ["SIG1", "SIG2"]), ("example3", ["SIG1", "SIG1"])):
        (placed,) = read_source(folder / f"{name}.bmap", SourceOptions(shape=Circle(1_000))).dies
        assert [bump.net for bump in placed.die.bumps] == nets
