"""Routing what is open on a board: small boards through the whole pipeline, judged by both checkers."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from open_boards import pad, part, project, read, text_of, written

from kicad_rdl.board_pipeline import BoardResult, RouteOptions, route_open
from kicad_rdl.cli.program import run
from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point, path_points
from kicad_rdl.kicad.splice import without_tracks
from kicad_rdl.model.report import Rule, Severity, Violation
from kicad_rdl.report.board_verdict import new_violations

MM = 1_000_000
PADS = part("U1", pad("1", -5, 0, 1), pad("2", 5, 0, 1))
BOTH = "(copperpour allowed) (footprints allowed))"


def keepout(corners: str, layers: str = '"F.Cu"', tracks: str = "not_allowed", vias: str = "not_allowed") -> str:
    return (
        f'(zone (net 0) (net_name "") (layers {layers}) (name "wall") (keepout (tracks {tracks}) (vias {vias}) '
        f"(pads allowed) {BOTH} (polygon (pts {corners})))"
    )


WALL = "(xy 99 89) (xy 101 89) (xy 101 111) (xy 99 111)"
"""Across the whole board."""


def routed(folder: Path, text: str, options: RouteOptions | None = None, settings: str | None = None) -> BoardResult:
    path = written(folder, text, settings)
    return route_open(path, folder / "out", options or RouteOptions())


def opens(result: BoardResult) -> list[str]:
    return [item.net for item in result.routing.connections if item.length is None]


def test_two_pads(tmp_path: Path) -> None:
    """Straight from pad to pad; the report says how long, and the old text is all there."""
    result = routed(tmp_path, text_of(PADS))
    assert result.clean
    assert len(result.routing.traces) == 1
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["clean"] is True
    assert report["connections"]["list"] == [
        {"net": "A", "from": "U1.1", "to": "U1.2", "length_um": 9600, "straight_um": 9600}
    ]
    assert (report["wirelength"]["ratio"], report["vias"]["total"]) == (1.0, 0)
    new = result.path.read_text()
    assert without_tracks(new, {"A"}) == text_of(PADS)
    assert (tmp_path / "out" / "board.kicad_pro").read_text() == project()


def test_nothing_open(tmp_path: Path) -> None:
    track = '(segment (start 95 100) (end 105 100) (width 0.1) (layer "F.Cu") (net 1))'
    result = routed(tmp_path, text_of(PADS, track))
    assert result.clean
    assert result.path.read_bytes() == (tmp_path / "board.kicad_pcb").read_bytes()
    assert "nothing is open" in result.summary[0]


def test_around_a_keepout(tmp_path: Path) -> None:
    result = routed(tmp_path, text_of(PADS, keepout("(xy 98 95) (xy 102 95) (xy 102 101) (xy 98 101)")))
    assert result.clean
    area = shapely.box(-2e6, -1e6, 2e6, 5e6)
    assert result.routing.traces
    for trace in result.routing.traces:
        if trace.layer == 1:
            copper = shapely.LineString(path_points(trace.path, 10)).buffer(trace.width / 2)
            assert copper.intersection(area).area < 1e6


def test_under_a_wall(tmp_path: Path) -> None:
    """The front is closed: down, across, and up again."""
    result = routed(tmp_path, text_of(PADS, keepout(WALL)))
    assert result.clean
    assert Counter(trace.layer for trace in result.routing.traces)[2] == 1
    assert len(result.routing.vias) == 2
    assert {(via.first, via.last) for via in result.routing.vias} == {(1, 2)}


def test_a_wall_on_both_sides(tmp_path: Path) -> None:
    """No way: it is said, with the reason, and the rest is routed and written."""
    others = part("U2", pad("1", -5, 4, 2), pad("2", -2, 4, 2))
    result = routed(tmp_path, text_of(PADS, others, keepout(WALL, '"F.Cu" "B.Cu"')))
    assert not result.clean
    assert opens(result) == ["A"]
    assert result.report["connections"]["open"][0]["reason"]
    assert {trace.net for trace in result.routing.traces} == {"B"}
    assert not result.verdict.new


def test_only_some_nets(tmp_path: Path) -> None:
    others = part("U2", pad("1", -5, 4, 2), pad("2", -2, 4, 2))
    result = routed(tmp_path, text_of(PADS, others), RouteOptions(nets=("B*",)))
    assert {trace.net for trace in result.routing.traces} == {"B"}
    assert result.clean, "what was not asked for is not open"
    with pytest.raises(InputError, match='no net of the board matches "C"'):
        routed(tmp_path, text_of(PADS), RouteOptions(nets=("C",)))


def test_to_a_track_that_is_there(tmp_path: Path) -> None:
    """A third pad is joined by the shortest way, which is to the track."""
    third = part("U2", pad("1", 0, 3, 1))
    track = '(segment (start 95 100) (end 105 100) (width 0.1) (layer "F.Cu") (net 1))'
    result = routed(tmp_path, text_of(PADS, third, track))
    assert result.clean
    (trace,) = result.routing.traces
    assert trace.path.length < 3.5 * MM


def test_net_class_width_and_space(tmp_path: Path) -> None:
    """A wide net keeps its distance from a pad in its way, and is as wide as its class says."""
    wide = {"name": "wide", "priority": 0, "track_width": 0.4, "clearance": 0.5}
    settings = project(classes=[wide], net_settings={"netclass_patterns": [{"netclass": "wide", "pattern": "A"}]})
    rock = part("U2", pad("1", 0, 0, 2, size=1.0))
    result = routed(tmp_path, text_of(PADS, rock), settings=settings)
    assert result.clean
    for trace in result.routing.traces:
        if trace.layer == 1:
            copper = shapely.LineString(path_points(trace.path, 10)).buffer(0.2 * MM)
            assert copper.distance(shapely.Point(0, 0).buffer(0.5 * MM)) >= 0.5 * MM - 100
    assert {trace.width for trace in result.routing.traces} == {400_000}


def test_custom_rules_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, text_of(PADS))
    path.with_suffix(".kicad_dru").write_text("(version 1)\n")
    result = route_open(path, tmp_path / "out", RouteOptions())
    assert any("custom rules" in note for note in result.report["notes"])
    assert (tmp_path / "out" / "board.kicad_dru").read_text() == "(version 1)\n"


def test_same_input_same_bytes(tmp_path: Path) -> None:
    text = text_of(PADS, part("U2", pad("1", 0, 3, 2), pad("2", 0, -3, 2)))
    first = routed(tmp_path, text).path.read_bytes()
    shutil.rmtree(tmp_path / "out")
    assert routed(tmp_path, text).path.read_bytes() == first


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, text_of(PADS))
    assert run(["route", str(path), "-o", str(tmp_path / "out")]) == 0
    assert "1 of 1 open connections routed by board.kicad_pro" in capsys.readouterr().out
    assert run(["route", str(path), "-o", str(tmp_path / "out"), "-n", "X"]) == 2
    assert run(["route", str(tmp_path / "none.kicad_pcb"), "-o", str(tmp_path / "out")]) == 2
    shut = written(tmp_path, text_of(PADS, keepout(WALL, '"F.Cu" "B.Cu"')))
    assert run(["route", str(shut), "-o", str(tmp_path / "out"), "-q"]) == 1


def test_who_stops_gets_what_is_drawn(tmp_path: Path) -> None:
    """Stopped before the first trace, the board is written all the same and its connection is open, with a reason."""
    path = written(tmp_path, text_of(PADS))
    asked: list[bool] = []
    result = route_open(path, tmp_path / "out", RouteOptions(), stop=lambda: not asked.append(True))
    assert asked
    assert result.path.exists()
    assert [item.net for item in result.routing.connections] == ["A"]
    assert opens(result) == [item.net for item in result.routing.connections if item.reason]


def test_opens_must_be_declared() -> None:
    """A gap that nobody declared is a violation; so is one more than before in a net that was not asked for."""
    gap = Violation(Rule.OPEN, Severity.ERROR, "F.Cu", Point(0, 0), ("net A", "U1.1", "U1.2"), None, None, "join")
    other = replace(gap, things=("net B", "U1.3", "U1.4"))
    assert new_violations([gap, other], [gap, other], {"A": 1}) == ()
    assert new_violations([gap, other], [gap, other], {"A": 0}) == (gap,)
    assert new_violations([gap], [gap, other], {"A": 1}) == (other,)


def turned_board() -> str:
    """Pads of every shape at odd angles, both sides, a hole, a track, a slanting board edge."""
    kinds = ["rect", "oval", "roundrect", "trapezoid", "circle"]
    pads = []
    for k in range(10):
        x, y = -6 + 1.3 * k, -3 + (k % 3) * 0.9
        kind, size = kinds[k % 5], "0.5 0.5" if k % 5 == 4 else "0.9 0.4"
        net = f'(net {k + 1} "{"ABCDEFGHIJ"[k]}")'
        pads.append(f'(pad "{k}" smd {kind} (at {x:.2f} {y} {17 * k}) (size {size}) (layers "F.Cu") {net})')
        layer = "B.Cu" if k % 2 else "F.Cu"
        x, y = -6 + 1.3 * ((k * 3 + 2) % 10), 4 - (k % 2)
        pads.append(f'(pad "b{k}" smd rect (at {x:.2f} {y} {23 * k}) (size 0.5 0.4) (layers "{layer}") {net})')
    hole = '(pad "" np_thru_hole circle (at 0 1) (size 1.2 1.2) (drill 1.2) (layers "*.Cu"))'
    through = '(pad "t" thru_hole circle (at 7.5 2) (size 1 1) (drill 0.5) (layers "*.Cu") (net 1 "A"))'
    track = '(segment (start 92 102.5) (end 97 101) (width 0.2) (layer "F.Cu") (net 0))'
    edge = (
        "(gr_poly (pts (xy 90 92) (xy 92 90) (xy 110 90) (xy 110 108) (xy 107 110) (xy 90 110)) "
        '(stroke (width 0.05) (type solid)) (fill no) (layer "Edge.Cuts"))'
    )
    return text_of(part("U1", *pads, hole, through), track, nets="ABCDEFGHIJ", edge=edge)


@pytest.mark.kicad
def test_kicad_finds_nothing(tmp_path: Path) -> None:
    """Every shape of pad, holes, both sides: KiCad finds nothing new, and as much open as is reported."""
    result = routed(tmp_path, turned_board(), RouteOptions(kicad_check=True), project(min_hole_clearance=0.25))
    assert not result.verdict.new
    assert not result.verdict.kicad_new
    assert result.verdict.kicad_open == len(opens(result))
    assert len(opens(result)) <= 1


def test_vias_between_layers_of_a_technology(tmp_path: Path) -> None:
    """With a technology vias join neighbouring layers and stack."""
    down = part("U2", pad("1", 5, 3, 1, layer="B.Cu"))
    near = part("U1", pad("1", 4, 3, 1))
    result = routed(tmp_path, text_of(near, down, inner=2), RouteOptions(technology="fanout-hd-2rdl"))
    assert result.clean
    assert [(via.first, via.last) for via in result.routing.vias] == [(1, 2), (2, 3), (3, 4)]
    again = read(result.path)
    assert sorted((hole.first, hole.last) for hole in again.artwork.holes) == [(1, 2), (2, 3), (3, 4)]


def frame(gap: float, more: str = "") -> str:
    """The edge of the board in four lines, the first of which ends ``gap`` before the corner."""
    corners = [(90, 90), (110, 90), (110, 110), (90, 110)]
    ends = [(110 - gap, 90), (110, 110), (90, 110), (90, 90)]
    style = '(stroke (width 0.05) (type solid)) (layer "Edge.Cuts"))'
    rows = [f"(gr_line (start {a} {b}) (end {c} {d}) {style}" for (a, b), (c, d) in zip(corners, ends, strict=True)]
    return "\n\t".join([*rows, *([f"(gr_line {more} {style}"] if more else [])])


@pytest.mark.parametrize("gap", [0.0, 0.009])
def test_an_edge_that_nearly_closes(tmp_path: Path, gap: float) -> None:
    """KiCad chains ends of its outline up to 10 um; there is an inside, and pads out of it are out."""
    out = part("U2", pad("1", 11, 0, 2), pad("2", 0, 3, 2))
    result = routed(tmp_path, text_of(PADS, out, edge=frame(gap)))
    assert opens(result) == ["B"]
    assert not result.verdict.new
    assert not [note for note in result.report["notes"] if "outline" in note]


def test_an_edge_that_is_open(tmp_path: Path) -> None:
    """It is said, there is no outside, and traces keep away from the lines all the same."""
    result = routed(tmp_path, text_of(PADS, edge=frame(1, "(start 100 95) (end 100 105)")))
    assert result.clean
    assert any("not closed at" in note for note in result.report["notes"])
    (connection,) = result.routing.connections
    assert connection.length is not None
    assert connection.length > 13 * MM


def test_a_slit(tmp_path: Path) -> None:
    """A line that closes nothing is milled."""
    result = routed(tmp_path, text_of(PADS, edge=frame(0, "(start 100 90) (end 100 104)")))
    assert result.clean
    slit = shapely.LineString([(0, 10 * MM), (0, -4 * MM)])
    for trace in result.routing.traces:
        assert slit.distance(shapely.LineString(path_points(trace.path, 10))) >= 250_000


def test_pads_over_the_edge(tmp_path: Path) -> None:
    """A castellated pad and one that reaches over the edge: the trace ends in the part that lies inside."""
    hole = '(pad "1" thru_hole rect (at -10 0) (size 1.4 1.4) (drill 0.6) (layers "*.Cu") (net 1 "A"))'
    over = '(pad "2" smd rect (at 10.1 2) (size 1.4 1.4) (layers "F.Cu") (net 1 "A"))'
    result = routed(tmp_path, text_of(part("U1", hole, over)))
    assert not opens(result)
    assert not result.verdict.new


def test_a_pad_that_is_another_on_each_layer(tmp_path: Path) -> None:
    """Its hole joins it; a trace on the back may pass where it is small there, not where it is wide."""
    stack = (
        '(padstack (mode front_inner_back) (layer "Inner" (shape circle) (size 1 1)) '
        '(layer "B.Cu" (shape rect) (size 1 16)))'
    )
    wide = f'(pad "1" thru_hole circle (at 0 0) (size 1 1) (drill 0.5) (layers "*.Cu") (net 2 "B") {stack})'
    back = part("U1", pad("1", -5, 0, 1, layer="B.Cu"), pad("2", 5, 0, 1, layer="B.Cu"))
    board = text_of(back, part("U2", wide, pad("2", 3, 3, 2)))
    pads = [item for item in read(written(tmp_path, board)).pads if item.name.endswith("U2.1")]
    assert [(item.layers, item.number) for item in pads] == [((1,), 2), ((2,), 2)]
    result = routed(tmp_path, board)
    assert result.clean
    wall = shapely.box(-0.5 * MM, -8 * MM, 0.5 * MM, 8 * MM)
    for trace in result.routing.traces:
        if (trace.net, trace.layer) == ("A", 2):
            assert wall.distance(shapely.LineString(path_points(trace.path, 10))) >= 150_000
    assert Counter(item.net for item in result.routing.connections) == {"A": 1, "B": 1}


def test_the_bracket_that_kicad_leaves_out(tmp_path: Path) -> None:
    """KiCad 9.0 writes ``(curved_edges no)filter_ratio 0.9)`` and reads it: so it is routed, and stays as it is."""
    drops = "(teardrops (curved_edges no)filter_ratio 0.9) (enabled yes))"
    text = text_of(part("U1", pad("1", -5, 0, 1, more=drops), pad("2", 5, 0, 1)), part("U2", pad("1", 0, 4, 2)))
    result = routed(tmp_path, text)
    assert result.clean
    assert len(result.routing.traces) == 1
    assert without_tracks(result.path.read_text(), {"A"}) == text


def test_a_pad_in_strips(tmp_path: Path) -> None:
    """A long pad is several outlines to the router; none of them is in the way of a trace to another one."""
    long = (
        '(pad "1" smd trapezoid (at 0.370634 2.578534 45) (size 0.882921 0.458283) (rect_delta 0 0.137485) '
        '(layers "F.Cu") (net 1 "A") (clearance 0.4))'
    )
    oval = (
        '(pad "2" smd oval (at -0.120239 -3.619055 45) (size 1.543428 0.838764) (layers "B.Cu") (net 1 "A") '
        "(clearance 0.4))"
    )
    settings = project(
        min_clearance=0.2,
        min_track_width=0.25,
        min_via_diameter=0.6,
        min_through_hole_diameter=0.3,
        min_hole_clearance=0.25,
        min_hole_to_hole=0.25,
    )
    third = pad("3", 2.925137, 0.865671, 2, size=0.603872, more=" (clearance 0.4)")
    result = routed(tmp_path, text_of(part("U1", long, oval, third)), settings=settings)
    assert result.clean
    assert len(result.routing.vias) == 1


@pytest.mark.parametrize(
    ("more", "settings", "told"),
    [
        (
            keepout("(xy 94 99) (xy 96 99) (xy 96 101) (xy 94 101)", '"F.Cu" "B.Cu"'),
            project(),
            "rule area wall lies over",
        ),
        ("", project(min_copper_edge_clearance=6), "the board edge leaves no room for a trace at"),
    ],
)
def test_pads_that_are_shut_in(tmp_path: Path, more: str, settings: str, told: str) -> None:
    """What shuts them is named, not the gaps around."""
    result = routed(tmp_path, text_of(PADS, *([more] if more else [])), settings=settings)
    (item,) = result.report["connections"]["open"]
    assert item["reason"].startswith(told)
    assert "U1.1" in item["reason"]


def test_what_the_reader_leaves_out_is_told(tmp_path: Path) -> None:
    """Copper on layers that are none, and words of a KiCad of tomorrow."""
    track = '(segment (start 95 100) (end 99 100) (width 0.1) (layer "In3.Cu") (net 1))'
    lost = part("U2", pad("1", 0, 5, 1, layer="In7.Cu"))
    notes = routed(tmp_path, text_of(PADS, track, lost, version=20990101)).report["notes"]
    assert any("In3.Cu, In7.Cu" in note for note in notes)
    assert any("newer than 10 (version 20990101)" in note for note in notes)
    assert not routed(tmp_path, text_of(PADS)).report["notes"]


def test_lengths_end_at_the_copper(tmp_path: Path) -> None:
    """Also where the net could have had a via wider than its pads."""
    (item,) = routed(tmp_path, text_of(PADS), settings=project(min_via_diameter=1.0)).routing.connections
    assert item.length == pytest.approx(9.6 * MM)
