"""A KiCad board or footprint as dies and balls: boards of our own, hand-written ones, and KiCad's own view of both."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packages import random_package
from sources import unrouted

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.model.source import Source
from kicad_rdl.read.source import read_source
from kicad_rdl.read.source_options import SourceOptions
from kicad_rdl.units import MM


@pytest.mark.parametrize("seed", range(25))
def test_our_own_boards_are_read_back(seed: int, tmp_path: Path) -> None:
    """Dies of every turn and face, and the balls seen from below, come back as the package had them."""
    package = random_package(Random(seed))
    layout = unrouted(package)
    (text,) = [text for name, text in kicad_files(layout).items() if name.endswith(".kicad_pcb")]
    path = tmp_path / "own.kicad_pcb"
    path.write_text(text, encoding="utf-8")
    shown = any(placed.die.bumps for placed in package.dies)
    source = read_source(path, SourceOptions(dies=("U*",) if shown else ()))
    assert source.notes == ()
    assert (source.width, source.height) == (package.width, package.height)
    assert {b.name: (b.at, b.net) for b in source.balls} == {
        b.name: (b.at, dict(layout.ball_nets).get(b.name)) for b in package.balls
    }
    found = {placed.die.name: placed for placed in source.dies}
    # a die without bumps has no footprint with pads
    wanted = {f"U{k + 1}": placed for k, placed in enumerate(package.dies) if placed.die.bumps}
    assert found.keys() == wanted.keys()
    for name, placed in wanted.items():
        same = found[name]
        assert {b.name: (b.at, b.net, b.shape) for b in same.bumps} == {
            b.name: (b.at, b.net, b.shape) for b in placed.bumps
        }
        assert (same.at, same.quarters, same.mirrored) == (placed.at, placed.quarters, False)
        assert (same.die.width, same.die.height) == (even(placed.die.width), even(placed.die.height))


def even(length: int) -> int:
    return length + length % 2


# --- hand-written boards ---------------------------------------------------------------------------------------------


def pad(name: str, kind: str, at: str, size: str, more: str = "", layer: str = "F") -> str:
    return f'(pad "{name}" smd {kind} (at {at}) (size {size}) (layers "{layer}.Cu" "{layer}.Mask") {more})'


def part(reference: str, layer: str, at: str, *items: str) -> str:
    inner = "\n".join(items)
    named = f'(property "Reference" "{reference}" (at 0 0))'
    return f'(footprint "lib:{reference}_part" (layer "{layer}.Cu") (at {at}) {named}\n{inner})'


def board(tmp_path: Path, *items: str) -> Path:
    path = tmp_path / "t.kicad_pcb"
    layers = '(layers (0 "F.Cu" signal) (2 "B.Cu" signal) (25 "Edge.Cuts" user))'
    nets = '(net 0 "") (net 1 "clk") (net 2 "VSS") (net 3 "unconnected-(U1-X)")'
    path.write_text(
        f'(kicad_pcb (version 20241229) (generator "x") (general) {layers}\n{nets}\n' + "\n".join(items) + ")"
    )
    return path


EDGE = '(gr_rect (start 10 10) (end 20 18) (stroke (width 0.1) (type solid)) (layer "Edge.Cuts"))'
DIE = part(
    "U1", "F", "14 13 90",
    pad("1", "circle", "0.2 0 90", "0.1 0.1", '(net 1 "clk")'),
    pad("2", "rect", "-0.2 0.1 90", "0.1 0.2", '(net 2 "VSS") (solder_mask_margin -0.01)'),
    pad("3", "rect", "-0.2 -0.1 180", "0.1 0.2", '(net 3 "unconnected-(U1-X)")'),
    '(fp_rect (start -0.5 -0.3) (end 0.5 0.3) (stroke (width 0.05) (type solid)) (layer "F.Fab"))',
)  # fmt: skip
BALLS = part("J1", "B", "15 14",
    pad("A1", "circle", "0 1", "0.3 0.3", "", "B"),
    pad("A2", "circle", "1 1", "0.3 0.3", '(net 1 "clk")', "B"),
    pad("A3", "circle", "2 1", "0.3 0.3", '(net 2 "VSS")', "B"),
)  # fmt: skip


def test_a_board_by_hand(tmp_path: Path) -> None:
    source = read_source(board(tmp_path, EDGE, DIE, BALLS))
    (placed,) = source.dies
    assert (placed.die.name, placed.die.width, placed.die.height) == ("U1", MM, 600_000)
    assert (placed.at, placed.quarters, placed.mirrored) == (Point(-MM, MM), 1, False)
    assert [(b.name, b.at, b.net, b.shape) for b in placed.die.bumps] == [
        ("1", Point(200_000, 0), "clk", Circle(100_000)),
        ("2", Point(-200_000, -100_000), "VSS", Rectangle(80_000, 180_000)),
        ("3", Point(-200_000, 100_000), None, Rectangle(200_000, 100_000)),
    ]
    assert placed.bumps[0].at == Point(-MM, MM + 200_000)  # KiCad turns counter-clockwise on the screen
    assert [(b.name, b.at, b.net) for b in source.balls] == [
        ("A1", Point(0, -MM), None),
        ("A2", Point(MM, -MM), "clk"),
        ("A3", Point(2 * MM, -MM), "VSS"),
    ]
    assert (source.width, source.height) == (10 * MM, 8 * MM)


def test_dies_on_the_back_are_seen_from_the_back(tmp_path: Path) -> None:
    """The same board with its sides exchanged, as KiCad writes it after turning everything over."""
    front = read_source(board(tmp_path, EDGE, DIE, BALLS))
    back_die = (
        DIE.replace("F.", "B.").replace("14 13 90", "16 13 -90")
        .replace("(at 0.2 0 90)", "(at -0.2 0 270)").replace("(at -0.2 0.1 90)", "(at 0.2 0.1 270)")
        .replace("(at -0.2 -0.1 180)", "(at 0.2 -0.1 180)")
    )  # fmt: skip
    front_balls = BALLS.replace("B.", "F.").replace("15 14", "15 14")
    front_balls = re.sub(r"\(at (\d) 1\)", lambda m: f"(at -{m[1]} 1)", front_balls)
    back = read_source(board(tmp_path, EDGE, back_die, front_balls), SourceOptions(balls="J1"))
    assert back.dies == front.dies
    assert back.balls == front.balls


def test_dies_on_both_sides_are_refused(tmp_path: Path) -> None:
    two = part(
        "U2", "B", "11 11", pad("1", "circle", "0 0", "0.1 0.1", "", "B"), pad("2", "circle", "1 0", "0.1 0.1", "", "B")
    )
    path = board(tmp_path, EDGE, DIE, two, BALLS.replace("J1", "J2"))
    with pytest.raises(InputError, match="U1, U2 lie on both sides"):
        read_source(path, SourceOptions(dies=("U1", "U2")))


def test_a_die_at_an_odd_angle_keeps_its_places(tmp_path: Path) -> None:
    turned = DIE.replace("14 13 90", "14 13 30").replace("0 90)", "0 30)")
    (placed,) = read_source(board(tmp_path, EDGE, turned, BALLS)).dies
    assert placed.quarters == 0
    assert placed.bumps[0].at == Point(-MM + 173_205, MM + 100_000)
    notes = read_source(board(tmp_path, EDGE, turned, BALLS)).notes
    assert any("U1: 2 pads" in note for note in notes)


def test_without_an_outline_the_die_is_the_centre(tmp_path: Path) -> None:
    source = read_source(board(tmp_path, DIE))
    assert source.dies[0].at == Point(0, 0)
    assert (source.width, source.height, source.balls) == (None, None, ())


def test_which_footprint_is_what_can_be_said(tmp_path: Path) -> None:
    other = BALLS.replace("J1", "J2").replace("B.", "F.")
    path = board(tmp_path, EDGE, DIE, other)
    with pytest.raises(InputError, match=r"does not say which .* \(J2 with 3 pads, U1 with 3 pads\)"):
        read_source(path)
    by_balls = read_source(path, SourceOptions(balls="J2"))
    assert ([d.die.name for d in by_balls.dies], len(by_balls.balls)) == (["U1"], 3)
    by_dies = read_source(path, SourceOptions(dies=("U*",)))
    assert ([d.die.name for d in by_dies.dies], len(by_dies.balls)) == (["U1"], 0)
    with pytest.raises(InputError, match='no footprint with pads called "J9"'):
        read_source(path, SourceOptions(balls="J9"))
    with pytest.raises(InputError, match="no footprint is called Q"):
        read_source(path, SourceOptions(dies=("Q",)))


def test_the_footprint_made_for_balls_is_found(tmp_path: Path) -> None:
    made = BALLS.replace("J1", "J2").replace("B.", "F.").replace('"F.Mask")', '"F.Mask") (property pad_prop_bga)')
    assert len(read_source(board(tmp_path, EDGE, DIE, made)).balls) == 3


@pytest.mark.parametrize(
    ("kind", "size", "more", "shape", "note"),
    [
        ("circle", "0.1 0.1", "", Circle(100_000), ""),
        ("oval", "0.1 0.1", "", Circle(100_000), ""),
        ("oval", "0.2 0.1", "", Rectangle(200_000, 100_000), "oval"),
        ("roundrect", "0.1 0.1", "(roundrect_rratio 0.5)", Circle(100_000), ""),
        ("roundrect", "0.1 0.2", "(roundrect_rratio 0.25)", Rectangle(100_000, 200_000), "roundrect"),
        (
            "roundrect", "0.1 0.1",
            "(roundrect_rratio 0) (chamfer_ratio 0.2928932188) (chamfer top_left top_right bottom_left bottom_right)",
            Octagon(100_000), "",
        ),
        ("rect", "0.1 0.2", "", Rectangle(100_000, 200_000), ""),
        (
            "custom", "0.1 0.1",
            "(options (anchor circle)) "
            "(primitives (gr_poly (pts (xy 0 0) (xy 0.2 0) (xy 0 0.1)) (width 0) (fill yes)))",
            Rectangle(400_000, 200_000), "custom",
        ),
    ],
)  # fmt: skip
def test_pad_shapes(tmp_path: Path, kind: str, size: str, more: str, shape: Shape, note: str) -> None:
    source = read_source(
        board(tmp_path, part("U1", "F", "0 0", pad("1", kind, "0 0", size, more))), SourceOptions(dies=("U1",))
    )
    assert source.dies[0].die.bumps[0].shape == shape
    assert [note in each for each in source.notes] == ([True] if note else [])


def test_an_offset_moves_the_pad(tmp_path: Path) -> None:
    die = part(
        "U1",
        "F",
        "0 0 90",
        pad("1", "rect", "1 0 180", "0.1 0.2", "(drill (offset 0.05 0))"),
        pad("2", "circle", "2 0 90", "0.1 0.1"),
    )
    (placed,) = read_source(board(tmp_path, die)).dies
    first, second = placed.die.bumps
    assert second.at - first.at == Point(MM, 50_000 * -1)


def test_pads_without_name_or_copper_are_no_bumps(tmp_path: Path) -> None:
    more = (
        '(pad "" smd rect (at 1 0) (size 0.1 0.1) (layers "F.Paste"))',
        '(pad "H" np_thru_hole circle (at 2 0) (size 1 1) (drill 1) (layers "*.Cu"))',
    )
    assert len(read_source(board(tmp_path, DIE[:-1] + "\n".join(more) + ")")).dies[0].die.bumps) == 3


def test_pads_of_one_number_are_told_apart(tmp_path: Path) -> None:
    """As mounting tabs and exposed pads have it; a name that is taken already is passed over."""
    one = '(pad "1" smd rect (at {} 5) (size 0.1 0.1) (layers "F.Cu"))'
    more = [one.format(3), '(pad "1.2" smd rect (at 4 5) (size 0.1 0.1) (layers "F.Cu"))', one.format(5)]
    source = read_source(board(tmp_path, DIE[:-1] + "\n".join(more) + ")"))
    assert [bump.name for bump in source.dies[0].die.bumps] == ["1", "2", "3", "1.3", "1.2", "1.4"]
    assert source.notes[0].endswith("U1: pads with the number of another are called 1.3, 1.4")


def test_a_board_needs_no_face(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave face out"):
        read_source(board(tmp_path, DIE), SourceOptions(face="up"))


# --- footprint files -------------------------------------------------------------------------------------------------


FOOTPRINT = (
    '(footprint "WLCSP-2" (version 20241229) (generator "x") (layer "F.Cu") (solder_mask_margin 0.05)\n'
    '(fp_line (start -1 -0.5) (end 1 -0.5) (stroke (width 0.1) (type solid)) (layer "F.Fab"))\n'
    '(fp_line (start 1 -0.5) (end 1 0.5) (stroke (width 0.1) (type solid)) (layer "F.Fab"))\n'
    + pad("A1", "circle", "-0.4 -0.2", "0.2 0.2") + pad("A2", "circle", "0.4 -0.2", "0.2 0.2") + ")"
)  # fmt: skip


def test_a_footprint_is_a_die(tmp_path: Path) -> None:
    path = tmp_path / "x.kicad_mod"
    path.write_text(FOOTPRINT)
    (placed,) = read_source(path).dies
    assert (placed.die.name, placed.die.width, placed.die.height) == ("WLCSP-2", 2 * MM, MM)
    assert [(b.name, b.at, b.net, b.shape) for b in placed.bumps] == [
        ("A1", Point(-400_000, 200_000), None, Circle(200_000)),
        ("A2", Point(400_000, 200_000), None, Circle(200_000)),
    ]
    (mirrored,) = read_source(path, SourceOptions(face="up")).dies
    assert mirrored.bumps[0].at == Point(400_000, 200_000)
    (sized,) = read_source(path, SourceOptions(width=3 * MM, height=4 * MM)).dies
    assert (sized.die.width, sized.die.bumps) == (3 * MM, placed.die.bumps)


def test_what_is_no_footprint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.kicad_mod"
    path.write_text("(module old (layer F.Cu))")
    with pytest.raises(InputError, match=r"KiCad 5 or earlier.*fp upgrade"):
        read_source(path)
    path.write_text('(footprint "empty" (layer "F.Cu"))')
    with pytest.raises(InputError, match="no pad"):
        read_source(path)


# --- KiCad's own view ------------------------------------------------------------------------------------------------


@pytest.mark.kicad
def test_kicad_sees_the_pads_at_the_same_places(tmp_path: Path) -> None:
    """IPC-D-356 has the absolute place of every pad, in steps of 2.54 um."""
    items = [
        DIE.replace("14 13 90", f"{13 + k} 13 {angle}").replace('"U1"', f'"U{k}"').replace("0 90)", f"0 {angle})")
        for k, angle in enumerate((0, 30, 90, 135, -90))
    ]
    path = board(tmp_path, EDGE, *items, BALLS.replace("15 14", "15 14 45"))
    source = read_source(path, SourceOptions(balls="J1"))
    exported = tmp_path / "out.d356"
    subprocess.run(["kicad-cli", "pcb", "export", "ipcd356", "-o", exported, path], check=True, capture_output=True)
    seen = places(exported.read_text())
    found = pads_of(source)
    assert len(found) == 5 * 3 + 3
    assert found.keys() == seen.keys()
    # KiCad counts from the corner of its sheet
    steps = [(found[key].x - seen[key].x, found[key].y - seen[key].y) for key in sorted(found)]
    assert max(x for x, _ in steps) - min(x for x, _ in steps) <= 2_600
    assert max(y for _, y in steps) - min(y for _, y in steps) <= 2_600


def places(text: str) -> dict[tuple[str, str], Point]:
    rows = re.findall(r"^3[12]7.{14} +(.{6})-(.{4}).*?X([+-]\d+)Y([+-]\d+)", text, re.MULTILINE)
    return {(part.strip(), name.strip()): Point(int(x) * 2_540, int(y) * 2_540) for part, name, x, y in rows}


def pads_of(source: Source) -> dict[tuple[str, str], Point]:
    found = {("J1", ball.name): ball.at for ball in source.balls}
    return found | {(placed.die.name, bump.name): bump.at for placed in source.dies for bump in placed.bumps}


# --- damage ----------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_damage_gives_another_error(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Words of a good file taken out, doubled, or replaced by others."""
    folder = tmp_path_factory.mktemp("damage")
    good, suffix = data.draw(
        st.sampled_from([(board(folder, EDGE, DIE, BALLS).read_text(), ".kicad_pcb"), (FOOTPRINT, ".kicad_mod")])
    )
    words = re.findall(r'[()]|"[^"]*"|[^\s()]+', good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(words) - 1))
        words[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.lists(
                st.sampled_from(["x", '""', "1e30", "-1", "0", "nan", "(at 1 2)", "(size 0 0)", "30", "custom"]),
                max_size=2,
            )
        )
    path = folder / f"t{suffix}"
    path.write_text(" ".join(words))
    with suppress(InputError):
        read_source(path, SourceOptions(dies=("U*",)) if suffix == ".kicad_pcb" else SourceOptions())
