"""Pours on a board that is routed: foreign traces go through them, and no net of theirs falls apart."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import shapely
from open_boards import pad, part, read, text_of, written

from kicad_rdl import geometry
from kicad_rdl.board_pipeline import BoardResult, RouteOptions, route_open
from kicad_rdl.geometry import Line, Point, path_points
from kicad_rdl.model.artwork import Area
from kicad_rdl.model.open_board import BoardRouting, BoardTrace, OpenBoard, Pour, Refill
from kicad_rdl.read.board_rules import project_rules
from kicad_rdl.route.changes import Changes
from kicad_rdl.route.refill import kept_free, pieces_of
from kicad_rdl.route.skeletons import skeleton_geometry
from kicad_rdl.route.standing import standing_of

MM = 1_000_000
ENDS = part("U1", pad("1", -7, 0, 1), pad("2", 7, 0, 1))
"""Net A, left and right of the pours."""


def pour(net: int, low: tuple[float, float], high: tuple[float, float], layer: str = "F.Cu", more: str = "") -> str:
    (x1, y1), (x2, y2) = ((100 + x, 100 + y) for x, y in (low, high))
    corners = f"(xy {x1} {y1}) (xy {x2} {y1}) (xy {x2} {y2}) (xy {x1} {y2})"
    return (
        f'(zone (net {net}) (net_name "{"AB"[net - 1]}") (layer "{layer}") (name "pour") {more} (hatch edge 0.5) '
        f"(connect_pads yes (clearance 0.3)) (min_thickness 0.25) (filled_areas_thickness no) "
        f"(fill yes (thermal_gap 0.5) (thermal_bridge_width 0.5)) (polygon (pts {corners}))\n\t\t"
        f"(filled_polygon\n\t\t\t"
        f'(layer "{layer}")\n\t\t\t(pts\n\t\t\t\t{corners}\n\t\t\t)\n\t\t)\n\t)'
    )


def closed(layer: str) -> str:
    """No trace and no via there."""
    return (
        f'(zone (net 0) (net_name "") (layer "{layer}") (keepout (tracks not_allowed) (vias not_allowed) '
        "(pads allowed) (copperpour allowed) (footprints allowed)) "
        "(polygon (pts (xy 89 89) (xy 111 89) (xy 111 111) (xy 89 111))))"
    )


def routed(folder: Path, text: str, *, kicad: bool = False) -> BoardResult:
    return route_open(written(folder, text), folder / "out", RouteOptions(kicad_check=kicad))


def opens(result: BoardResult) -> list[str]:
    return [item.net for item in result.routing.connections if item.length is None]


def fill_of(board: OpenBoard) -> shapely.Geometry:
    return shapely.union_all([skeleton_geometry(pour.area) for pour in board.pours])


def test_through_a_foreign_pour(tmp_path: Path) -> None:
    """Straight through; the fill keeps the zone's own distance, and what of it holds no pad any more is gone."""
    held = part("U2", pad("1", -2, 4, 2), pad("2", 2, 4, 2))
    result = routed(tmp_path, text_of(ENDS, held, pour(2, (-5, -2), (5, 6))))
    assert result.clean
    assert not opens(result)
    (trace,) = (item for item in result.routing.traces if item.layer == 1)
    assert trace.path.length < 14.1 * MM
    wire = shapely.LineString(path_points(trace.path, 10)).buffer(trace.width / 2)
    assert 300_000 <= shapely.distance(fill_of(read(result.path)), wire) < 301_000
    assert pieces_of(standing_of(read(result.path)), {"B"})["B"] == 1
    assert len(read(result.path).pours) == 1


def test_only_fills_change(tmp_path: Path) -> None:
    """Without the corners of the fill and the new copper the text is the old one."""
    text = text_of(ENDS, part("U2", pad("1", 0, -4, 2)), pour(2, (-5, -6), (5, 0.1)))
    result = routed(tmp_path, text)
    assert result.clean
    new = result.path.read_text()
    begin = new.index("\t(segment")
    end = new.index("\t(zone")
    bare = new[:begin] + new[end:]
    head, _, tail = bare.partition("(filled_polygon")
    old_head, _, old_tail = text.partition("(filled_polygon")
    assert head == old_head
    assert tail[tail.index("(embedded_fonts") :] == old_tail[old_tail.index("(embedded_fonts") :]
    assert tail != old_tail


def test_a_locked_zone_stays(tmp_path: Path) -> None:
    """Who locks a zone keeps its fill: the way goes around or below."""
    held = part("U2", pad("1", 0, -4, 2))
    result = routed(tmp_path, text_of(ENDS, held, pour(2, (-5, -9), (5, 9), more="(locked yes)")))
    assert result.clean
    assert not result.routing.refills
    area = shapely.box(-5 * MM, -9 * MM, 5 * MM, 9 * MM)
    for trace in result.routing.traces:
        if trace.layer == 1:
            assert shapely.LineString(path_points(trace.path, 10)).distance(area) > 0


def test_what_is_torn_is_joined_again(tmp_path: Path) -> None:
    """The straight way parts the two pads of the zone: both nets are whole in the end."""
    held = part("U2", pad("1", 0, -4, 2), pad("2", 0, 4, 2))
    result = routed(tmp_path, text_of(ENDS, held, pour(2, (-5, -9.5), (5, 9.5))))
    assert result.clean
    assert not opens(result)
    standing = standing_of(read(result.path))
    assert pieces_of(standing, {"A", "B"}) == {"A": 1, "B": 1}


def test_a_zone_is_never_cut_apart(tmp_path: Path) -> None:
    """With one layer only one of the two nets can be whole: the one that was."""
    held = part("U2", pad("1", 0, -9.6, 2), pad("2", 0, 9.6, 2))
    ends = part("U1", pad("1", -9.6, 0, 1), pad("2", 9.6, 0, 1))
    result = routed(tmp_path, text_of(ends, held, pour(2, (-5, -9.75), (5, 9.75)), closed("B.Cu")))
    assert opens(result) == ["A"]
    assert result.routing.connections[0].reason
    assert not result.verdict.new
    assert pieces_of(standing_of(read(result.path)), {"B"}) == {"B": 1}
    assert not result.routing.traces


def test_a_via_into_a_plane(tmp_path: Path) -> None:
    """A small pad reaches the plane of its net on the other side by a short trace and a via; a large one by a via."""
    small = part("U1", pad("1", -4, 0, 1, size=0.2), pad("2", 4, 0, 1, size=1.0), pad("3", 0, 5, 1, layer="B.Cu"))
    result = routed(tmp_path, text_of(small, pour(1, (-8, -8), (8, 8), "B.Cu")))
    assert result.clean
    assert len(result.routing.vias) == 2
    assert [via.at.x for via in result.routing.vias].count(4 * MM) == 1
    assert len(result.routing.connections) == 2
    assert sum(trace.path.length for trace in result.routing.traces) < 3 * MM


def test_pads_over_each_other(tmp_path: Path) -> None:
    """A via alone."""
    result = routed(tmp_path, text_of(part("U1", pad("1", 0, 0, 1), pad("2", 0.05, 0, 1, layer="B.Cu"))))
    assert result.clean
    assert (len(result.routing.vias), len(result.routing.traces)) == (1, 0)


def test_around_a_text_on_copper(tmp_path: Path) -> None:
    text = '(gr_text "RDL" (at 100 100 30) (layer "F.Cu") (effects (font (size 2 2) (thickness 0.3))))'
    result = routed(tmp_path, text_of(ENDS, text))
    assert result.clean
    letters = shapely.affinity.rotate(shapely.box(-2 * MM, -MM, 2 * MM, MM), 30, origin=(0, 0))
    assert result.routing.traces
    for trace in result.routing.traces:
        if trace.layer == 1:
            assert shapely.LineString(path_points(trace.path, 10)).distance(letters) > 0


def test_a_pad_outside_the_board(tmp_path: Path) -> None:
    """It is open, with the reason; all else is routed."""
    result = routed(tmp_path, text_of(part("U1", pad("1", -5, 0, 1), pad("2", 50, 0, 1), pad("3", -5, 3, 1))))
    assert opens(result) == ["A"]
    assert "outside the board" in next(item.reason for item in result.routing.connections if item.reason)
    assert len(result.routing.traces) == 1


@pytest.mark.kicad
def test_kicad_finds_nothing_new(tmp_path: Path) -> None:
    """Traces through pours of both sides, thermal spokes, vias into planes."""
    spoked = "(xy 95 92) (xy 105 92) (xy 105 108) (xy 95 108)"
    front = pour(2, (-5, -8), (5, 8)).replace("connect_pads yes", "connect_pads")
    assert spoked in front
    parts = part("U2", pad("1", -3, -4, 2), pad("2", 3, 4, 2, layer="B.Cu"), pad("3", -2, 3, 2))
    text = text_of(ENDS, parts, front, pour(2, (-5, -8), (5, 8), "B.Cu"))
    result = routed(tmp_path, text, kicad=True)
    assert not result.verdict.new
    assert not result.verdict.kicad_new
    assert result.verdict.kicad_open == len(opens(result)) == 0


def test_what_was_narrow_before(tmp_path: Path) -> None:
    """A neck of a fill was there before it was cut elsewhere; where the fill was wide, it is new."""
    spots = (95, 94), (99, 94), (99, 95.95), (101, 95.95), (101, 94), (105, 94), (105, 98), (101, 98), (101, 96)
    neck = " ".join(f"(xy {x} {y})" for x, y in (*spots, (99, 96), (99, 98), (95, 98)))
    whole = pour(2, (-5, -6), (5, -2)).replace("(xy 95 94) (xy 105 94) (xy 105 98) (xy 95 98)", neck)
    board = read(written(tmp_path, text_of(ENDS, whole)))
    (fill,) = board.pours
    changes = Changes(board, BoardRouting(refills=(Refill(fill, (fill.area,)),)))
    assert changes.narrow_before("F.Cu", Point(0, 4_025_000), 100_000)
    assert not changes.narrow_before("F.Cu", Point(0, 4_025_000), 40_000)
    assert not changes.narrow_before("F.Cu", Point(-3 * MM, 4 * MM), 100_000)
    assert not changes.near("F.Cu", Point(0, 4_025_000), 100_000)


def test_a_trace_ends_in_a_pour_of_its_layer(tmp_path: Path) -> None:
    """Without a via, which would join nothing."""
    result = routed(tmp_path, text_of(part("U1", pad("1", -8, 0, 1), pad("2", 5, 0, 1)), pour(1, (-4, -8), (9, 8))))
    assert result.clean
    assert not result.routing.vias
    (trace,) = result.routing.traces
    assert fill_of(read(result.path)).contains(shapely.Point(trace.path.end.x, trace.path.end.y))


@pytest.mark.parametrize("turn", range(3, 90, 6))
def test_bends_keep_their_distance(turn: int) -> None:
    """What is kept free around a bend holds the whole round of it."""
    end = Point(round(5 * MM * math.cos(math.radians(turn))), round(5 * MM * math.sin(math.radians(turn))))
    path = geometry.Path((Line(Point(-5 * MM, 0), Point(0, 0)), Line(Point(0, 0), end)))
    zone = Pour(0, 0, "B", 1, Area(((0, 0), (1, 0), (0, 1))), 0, 500_000, 0, 0, 0.0)
    rim = shapely.boundary(kept_free(zone, project_rules(Path("none"), 2, ()), BoardTrace("A", 1, 200_000, path)))
    assert rim.distance(shapely.LineString(path_points(path, 10))) >= 600_000
