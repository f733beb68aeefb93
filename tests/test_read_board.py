"""Boards as artwork: every shape of pad and drawing, and files that are no boards."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from kicad_rdl.check import check_artwork, check_layout
from kicad_rdl.check.artwork import artwork_of
from kicad_rdl.errors import InputError, RdlError
from kicad_rdl.geometry import Arc, Line, Point
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.model.artwork import Area, Artwork, Copper, CopperKind
from kicad_rdl.model.layout import Side
from kicad_rdl.model.report import Rule
from kicad_rdl.read.board import read_board

HEAD = """(kicad_pcb (version {version}) (generator "test")
  (layers (0 "F.Cu" signal) (4 "In1.Cu" signal "inner") (6 "In2.Cu" signal) (2 "B.Cu" signal) (25 "Edge.Cuts" user))
  (setup (pad_to_mask_clearance 0.05))
  (net 0 "") (net 1 "A") (net 2 "B")
  (gr_rect (start 90 90) (end 110 110) (stroke (width 0.1) (type solid)) (layer "Edge.Cuts"))
"""


def board(tmp_path: Path, *items: str, version: int = 20241229) -> Artwork:
    path = tmp_path / "board.kicad_pcb"
    path.write_text(HEAD.format(version=version) + "\n".join(items) + "\n)", encoding="utf-8")
    return read_board(path)


def footprint(pad: str, angle: float = 0.0) -> str:
    return f'(footprint "x" (layer "F.Cu") (at 101 98 {angle}) (property "Reference" "U7" (at 0 0)) {pad})'


def the_pad(tmp_path: Path, text: str, angle: float = 0.0) -> Copper:
    return board(tmp_path, footprint(text, angle)).copper[0]


def test_frame(tmp_path: Path) -> None:
    """Origin in the middle of the outline, y up, layers from the front."""
    found = board(tmp_path, '(segment (start 101 98) (end 102 97.5) (width 0.1) (layer "In1.Cu") (net 2))')
    assert found.layers == ("F.Cu", "inner", "In2.Cu", "B.Cu")
    (track,) = found.copper
    assert track.skeleton == Line(Point(1_000_000, 2_000_000), Point(2_000_000, 2_500_000))
    assert (track.net, track.layer, track.width, track.kind) == ("B", 2, 100_000, CopperKind.TRACE)
    assert {found.outline[0].start, found.outline[2].start} == {
        Point(-10_000_000, 10_000_000),
        Point(10_000_000, -10_000_000),
    }


def test_net_by_name(tmp_path: Path) -> None:
    """KiCad 10 names nets where they are used."""
    found = board(tmp_path, '(segment (start 101 98) (end 102 97.5) (width 0.1) (layer "F.Cu") (net "B"))')
    assert found.copper[0].net == "B"


def test_arc_track(tmp_path: Path) -> None:
    found = board(tmp_path, '(arc (start 101 100) (mid 100 99) (end 99 100) (width 0.1) (layer "F.Cu") (net 1))')
    assert found.copper[0].skeleton == Arc(Point(10**6, 0), Point(0, 10**6), Point(-(10**6), 0))


def test_through_via(tmp_path: Path) -> None:
    found = board(tmp_path, '(via (at 100 100) (size 0.5) (drill 0.2) (layers "F.Cu" "B.Cu") (net 1))')
    (hole,) = found.holes
    assert (hole.first, hole.last, hole.diameter) == (1, 4, 200_000)
    assert hole.lands == ((1, 500_000), (2, 500_000), (3, 500_000), (4, 500_000))


def test_padstacks(tmp_path: Path) -> None:
    inner = '(padstack (mode front_inner_back) (layer "Inner" (size 0.6)) (layer "B.Cu" (size 0.7)))'
    custom = '(padstack (mode custom) (layer "In1.Cu" (size 0.8)) (layer "In2.Cu" (size 0.9)))'
    found = board(
        tmp_path,
        f'(via (at 100 100) (size 0.5) (drill 0.2) (layers "F.Cu" "B.Cu") {inner} (net 1))',
        f'(via blind (at 102 100) (size 0.5) (drill 0.2) (layers "In2.Cu" "In1.Cu") {custom} (net 1))',
    )
    assert found.holes[0].lands == ((1, 500_000), (2, 600_000), (3, 600_000), (4, 700_000))
    assert found.holes[1].lands == ((2, 800_000), (3, 900_000))


def test_circle_pad(tmp_path: Path) -> None:
    """Turned with its footprint, counter-clockwise on the screen."""
    pad = the_pad(tmp_path, '(pad "3" smd circle (at 1 0) (size 0.4 0.4) (layers "F.Cu" "F.Mask") (net 1 "A"))', 90)
    assert (pad.skeleton, pad.width, pad.name) == (Point(10**6, 3 * 10**6), 400_000, "pad U7.3")


def test_turned_rectangle(tmp_path: Path) -> None:
    pad = the_pad(tmp_path, '(pad "3" smd rect (at 0 0 30) (size 2 1) (layers "F.Cu") (net 1 "A"))', 30)
    assert isinstance(pad.skeleton, Area)
    ends = {(round(x - 10**6), round(y - 2 * 10**6)) for x, y in pad.skeleton.outline}
    cos, sin = math.cos(math.radians(30)), math.sin(math.radians(30))
    corners = [(x, y) for x in (-(10**6), 10**6) for y in (-500_000, 500_000)]
    assert ends == {(round(x * cos - y * sin), round(x * sin + y * cos)) for x, y in corners}


def test_oval_pad(tmp_path: Path) -> None:
    pad = the_pad(tmp_path, '(pad "3" smd oval (at 0 0) (size 0.4 1) (layers "F.Cu") (net 1 "A"))')
    assert pad.skeleton in (
        Line(Point(10**6, 2_300_000), Point(10**6, 1_700_000)),
        Line(Point(10**6, 1_700_000), Point(10**6, 2_300_000)),
    )
    assert pad.width == 400_000


def test_round_rectangle(tmp_path: Path) -> None:
    text = '(pad "3" smd roundrect (at 0 0) (size 1 0.4) (layers "F.Cu") (roundrect_rratio 0.25) (net 1 "A"))'
    pad = the_pad(tmp_path, text)
    assert isinstance(pad.skeleton, Area)
    assert pad.width == 200_000
    assert max(x for x, _ in pad.skeleton.outline) == 1_400_000


def test_chamfered_corner(tmp_path: Path) -> None:
    """Top left on KiCad's screen is up left in our frame."""
    text = (
        '(pad "3" smd roundrect (at 0 0) (size 1 1) (layers "F.Cu") (roundrect_rratio 0) (chamfer_ratio 0.2) '
        '(chamfer top_left) (net 1 "A"))'
    )
    pad = the_pad(tmp_path, text)
    assert isinstance(pad.skeleton, Area)
    corners = {(round(x) - 10**6, round(y) - 2 * 10**6) for x, y in pad.skeleton.outline}
    right = {(500_000, 500_000), (500_000, -500_000), (-500_000, -500_000)}
    assert corners == {(-500_000, 300_000), (-300_000, 500_000)} | right


def test_custom_pad(tmp_path: Path) -> None:
    """The anchor, as wide as its width says, and its primitives are one thing, and no short among themselves."""
    text = (
        '(pad "3" smd custom (at 0 0) (size 0.2 0.1) (layers "F.Cu") {net} (options (clearance outline) '
        "(anchor circle)) (primitives (gr_poly (pts (xy 0 0) (xy 1 0) (xy 1 1)) (width 0.1) (fill yes)) "
        "(gr_line (start 0 0) (end -1 0) (width 0.1))))"
    )
    for net in ('(net 1 "A")', ""):
        found = board(tmp_path, footprint(text.format(net=net)))
        assert [copper.width for copper in found.copper] == [200_000, 100_000, 100_000]
        assert len({copper.thing for copper in found.copper}) == 1
        assert not {v.rule for v in check_artwork(found, samples.technology())} & {Rule.SHORT, Rule.SPACING}


def test_mask_margins(tmp_path: Path) -> None:
    """The pad's own, else the board's."""
    own = '(pad "1" smd circle (at 0 0) (size 0.4 0.4) (layers "F.Cu" "F.Mask") (solder_mask_margin -0.01) (net 1 "A"))'
    boards = '(pad "2" smd circle (at 5 0) (size 0.4 0.4) (layers "*.Cu" "*.Mask") (net 1 "A"))'
    found = board(tmp_path, footprint(own + boards))
    assert [(opening.side, opening.width) for opening in found.openings] == [
        (Side.BUMP, 380_000),
        (Side.BUMP, 500_000),
        (Side.LAND, 500_000),
    ]
    assert [copper.layer for copper in found.copper] == [1, 1, 2, 3, 4]
    assert [terminal.name for terminal in found.terminals] == ["pad U7.1", "pad U7.2"]


def test_keyholed_zone(tmp_path: Path) -> None:
    """A fill with a hole, cut open as KiCad stores it: foreign copper in the hole is fine, in the metal it is not."""
    points = "0 0, 10 0, 10 10, 0 10, 0 5, 4 5, 4 6, 6 6, 6 4, 4 4, 4 5, 0 5"
    pts = " ".join(f"(xy {95 + float(x)} {95 + float(y)})" for x, y in (p.split() for p in points.split(", ")))
    zone = f'(zone (net 1) (net_name "A") (layer "F.Cu") (filled_polygon (layer "F.Cu") (pts {pts})))'
    outline = '(segment (start {0} 100) (end {0} 100.1) (width 0.1) (layer "F.Cu") (net 2))'
    technology = samples.technology()
    inside = board(tmp_path, zone, outline.format(100))
    assert not {v.rule for v in check_artwork(inside, technology)} & {Rule.SHORT, Rule.SPACING}
    for x in (98, 103):
        hit = board(tmp_path, zone, outline.format(x))
        assert Rule.SHORT in {v.rule for v in check_artwork(hit, technology)}


def test_drawings(tmp_path: Path) -> None:
    found = board(
        tmp_path,
        '(gr_poly (pts (xy 100 100) (xy 101 100) (xy 101 101)) (stroke (width 0)) (fill yes) (layer "F.Cu") (net 1))',
        '(gr_circle (center 95 95) (end 96 95) (stroke (width 0.1)) (fill no) (layer "B.Cu"))',
        '(gr_line (start 95 100) (end 96 100) (stroke (width 0.1)) (layer "F.SilkS"))',
        '(gr_text "x" (at 100 100) (layer "F.Cu"))',
    )
    assert [copper.kind for copper in found.copper] == [CopperKind.TEARDROP, CopperKind.TRACE, CopperKind.TRACE]
    assert isinstance(found.copper[1].skeleton, Arc)


@pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda sample: sample.__name__)
def test_our_own_boards(sample: object, tmp_path: Path) -> None:
    """Outline, openings and netlist survive; copper but the UBM pads under a UBM, which are via lands there."""
    layout = sample()  # type: ignore[operator]
    (text,) = (text for name, text in kicad_files(layout).items() if name.endswith(".kicad_pcb"))
    path = tmp_path / "own.kicad_pcb"
    path.write_text(text, encoding="utf-8")
    found, wanted = read_board(path), artwork_of(layout)
    assert (found.layers, found.rdl_count) == (wanted.layers, wanted.rdl_count)
    hidden = {pad.at for pad in layout.pads if layout.package.has_ubm_layer and pad.kind == "UBM pad"}

    def simple(artwork: Artwork) -> list[tuple[object, ...]]:
        """Copper with a net; free balls have a net of their own on the board, as KiCad names it."""
        return sorted(
            (str(copper.kind), copper.net, copper.layer, copper.width, str(copper.skeleton))
            for copper in artwork.copper
            if copper.net is not None and not copper.net.startswith("unconnected-(")
            if not isinstance(copper.skeleton, Area)
            if copper.layer != wanted.rdl_count or copper.kind is not CopperKind.PAD or copper.skeleton not in hidden
        )

    assert simple(found) == simple(wanted)
    nets = [terminal.net for terminal in found.terminals if not terminal.net.startswith("unconnected-(")]
    assert sorted(nets) == sorted(terminal.net for terminal in wanted.terminals)
    assert check_artwork(found, layout.package.technology) == check_layout(layout) == ()


# --- what is no board ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not begin with"),
        ("(kicad_sch)", "does not begin with"),
        ("(kicad_pcb", "brackets or quotes"),
        ('(kicad_pcb (version 20241229) (layers (0 "F.Cu', "brackets or quotes"),
        ("(kicad_pcb)", r'no "\(version'),
        ("(kicad_pcb (version 20171130))", "before 6.0"),
        ("(kicad_pcb (version 20241229))", r'no "\(layers'),
        ('(kicad_pcb (version 20241229) (layers (25 "Edge.Cuts" user)))', "no copper layer"),
        (HEAD.format(version=20241229) + '(via (at 1 x) (size 1) (drill 1) (layers "F.Cu" "B.Cu")))', "needs a number"),
        (HEAD.format(version=20241229) + '(via (at 1 1) (size 1) (drill 1) (layers "F.Cu" "In9.Cu")))', "In9.Cu"),
        (HEAD.format(version=20241229) + '(via (at 1 9e9) (size 1) (drill 1) (layers "F.Cu" "B.Cu")))', "two metres"),
        (
            HEAD.format(version=20241229)
            + '(footprint "x" (at 0 0) (pad "1" smd star (at 0 0) (size 1 1) (layers "F.Cu"))))',
            'shape "star"',
        ),
    ],
)
def test_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.kicad_pcb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_board(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_board(tmp_path / "nothing.kicad_pcb")
    with pytest.raises(InputError, match="cannot be read"):
        read_board(tmp_path)


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "binary.kicad_pcb"
    path.write_bytes(b"(kicad_pcb \xff\xfe)")
    with pytest.raises(InputError, match="not UTF-8"):
        read_board(path)


@given(st.integers(0, 2**32))
@settings(max_examples=120, deadline=None)
def test_broken_files(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Bytes lost, doubled, exchanged: read, or refused with one line."""
    rnd = random.Random(seed)
    text = _SMALL
    for _ in range(rnd.randrange(1, 5)):
        a = rnd.randrange(len(text))
        b = a + rnd.randrange(1, 30)
        text = rnd.choice(
            (
                text[:a] + text[b:],
                text[:b] + text[a:],
                text[:a] + rnd.choice(["(", ")", '"', "-", "9e99", "nan", " ", "(at)", "()", "\\", "\x00"]) + text[a:],
                text[:a] + text[b : b + 40] + text[a:],
            )
        )
    path = tmp_path_factory.getbasetemp() / "broken.kicad_pcb"
    path.write_text(text, encoding="utf-8")
    try:
        artwork = read_board(path)
        check_artwork(artwork, samples.technology())
    except RdlError as error:
        message = str(error)
    else:
        message = ""
    assert "\n" not in message


_SMALL = HEAD.format(version=20241229) + "\n".join(
    [
        footprint(
            '(pad "1" smd rect (at 1 0 45) (size 2 1) (layers "F.Cu" "F.Mask") (net 1 "A"))'
            '(pad "2" smd roundrect (at 3 0) (size 1 1) (layers "F.Cu") (roundrect_rratio 0.2) (net 2 "B"))'
            '(pad "3" thru_hole oval (at 5 0) (size 2 1) (drill oval 1 0.5 (offset 0.1 0)) (layers "*.Cu" "*.Mask"))'
            '(pad "4" smd custom (at 7 0) (size 0.2 0.2) (layers "F.Cu") (net 1 "A") (options (anchor rect)) '
            "(primitives (gr_poly (pts (xy 0 0) (xy 1 0) (xy 1 1)) (width 0.1) (fill yes))))"
        ),
        '(segment (start 101 98) (end 102 97.5) (width 0.1) (layer "F.Cu") (net 2))',
        '(arc (start 101 100) (mid 100 99) (end 99 100) (width 0.1) (layer "F.Cu") (net 1))',
        '(via micro (at 100 100) (size 0.5) (drill 0.2) (layers "F.Cu" "In1.Cu") '
        '(padstack (mode custom) (layer "In1.Cu" (size 0.6))) (net 1))',
        '(zone (net 1) (layer "F.Cu") (filled_polygon (layer "F.Cu") (pts (xy 91 91) (xy 92 91) (arc (start 92 92) '
        "(mid 91.5 92.5) (end 91 92)))))",
        ")",
    ]
)
