"""Open boards: what is read of them, which rules hold, what is joined, where vias may stand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import open_boards
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from open_boards import pad, part, project, read, text_of, written

from kicad_rdl.errors import InputError, RdlError
from kicad_rdl.geometry import Arc, Hull, Line, Point, shapely_of
from kicad_rdl.geometry import Path as Route
from kicad_rdl.kicad.splice import spliced, without_tracks
from kicad_rdl.model.artwork import Area, Skeleton
from kicad_rdl.model.open_board import BoardRouting, BoardTrace, BoardVia, OpenBoard, ViaSize
from kicad_rdl.read.board_rules import project_rules
from kicad_rdl.route.board_posts import BoardPosts, board_posts
from kicad_rdl.route.convex import chunks_of, with_land
from kicad_rdl.route.open_pairs import OpenPair, open_pairs
from kicad_rdl.route.posts import Stand
from kicad_rdl.route.skeletons import skeleton_geometry
from kicad_rdl.route.standing import standing_of

MM = 1_000_000


def pairs_of(board: OpenBoard) -> list[OpenPair]:
    return open_pairs(board, standing_of(board), frozenset(board.nets))


def posts_of(path: Path) -> BoardPosts:
    board = read(path)
    rules = project_rules(path.with_suffix(".kicad_pro"), len(board.layers), board.nets)
    return board_posts(board, rules, standing_of(board), frozenset(board.nets))


# --- reading ---------------------------------------------------------------------------------------------------------


def test_pads_holes_and_keepouts(tmp_path: Path) -> None:
    through = '(pad "1" thru_hole circle (at 1 2) (size 1 1) (drill 0.6) (layers "*.Cu") (net 1 "A"))'
    bare = '(pad "" np_thru_hole oval (at 0 0) (size 2 1) (drill oval 2 1) (layers "*.Cu"))'
    area = (
        '(zone (net 0) (net_name "") (layers "F.Cu" "B.Cu") (keepout (tracks not_allowed) (vias allowed) '
        "(pads allowed) (copperpour allowed) (footprints allowed)) (polygon (pts (xy 91 91) (xy 92 91) (xy 92 92))))"
    )
    board = read(written(tmp_path, text_of(part("J1", through, bare, at="100 100 90"), area, inner=2)))
    first, second = board.pads
    assert (first.name, first.net, first.at, first.layers) == ("J1.1", "A", Point(2 * MM, 1 * MM), (1, 2, 3, 4))
    assert [(drill.diameter, drill.net) for drill in board.drills] == [(600_000, "A"), (1_000_000, None)]
    assert second.net is None
    (keepout,) = board.keepouts
    assert (keepout.layers, keepout.traces, keepout.vias) == ((1, 4), True, False)
    assert keepout.outline.points[0] == Point(-9 * MM, 9 * MM)


def test_keepout_of_a_footprint(tmp_path: Path) -> None:
    area = (
        '(zone (net 0) (net_name "") (layer "F.Cu") (keepout (tracks allowed) (vias not_allowed) (pads allowed) '
        "(copperpour allowed) (footprints allowed)) (polygon (pts (xy 91 91) (xy 92 91) (xy 92 92))))"
    )
    board = read(written(tmp_path, text_of(part("J1", area, at="95 95 30"))))
    assert [keepout.outline.points[0] for keepout in board.keepouts] == [Point(-9 * MM, 9 * MM)]


def test_unfilled_zones_are_told(tmp_path: Path) -> None:
    zone = '(zone (net 1) (net_name "A") (layer "F.Cu") (polygon (pts (xy 91 91) (xy 92 91) (xy 92 92))))'
    board = read(written(tmp_path, text_of(zone)))
    assert any("without a fill" in note and "A" in note for note in board.notes)


# --- rules -----------------------------------------------------------------------------------------------------------


def test_net_classes(tmp_path: Path) -> None:
    """The lower priority number wins value by value, and the least values of the board hold."""
    wide = {"name": "wide", "priority": 1, "track_width": 0.5, "clearance": 0.05}
    far = {"name": "far", "priority": 0, "clearance": 0.3, "via_diameter": 0.6}
    settings = {
        "netclass_assignments": {"USB_P": ["wide"], "CLK": ["wide", "far"]},
        "netclass_patterns": [{"netclass": "far", "pattern": "DDR*"}, {"netclass": "wide", "pattern": "V(DD|SS)"}],
    }
    file = tmp_path / "b.kicad_pro"
    file.write_text(project(classes=[wide, far], net_settings=settings))
    rules = project_rules(file, 2, ["CLK", "DDR0", "USB_P", "VDD", "VDDA", "X"])
    assert rules.of("X") is rules.default
    assert rules.of("VDDA") is rules.default
    assert rules.of("USB_P").widths == (500_000, 500_000)
    assert rules.of("USB_P").spaces == (100_000, 100_000), "never below the board's least"
    assert (rules.of("CLK").widths[0], rules.of("CLK").spaces[0]) == (500_000, 300_000)
    assert rules.of("DDR0").vias == (ViaSize(600_000, 150_000),)
    assert rules.of("VDD").widths[0] == 500_000
    assert rules.of(None) is rules.default


@pytest.mark.parametrize(("limit", "drilled"), [(0.0508, 20_000), (0.05, 50_000)])
def test_holes_below_what_board_setup_takes(tmp_path: Path, limit: float, drilled: int) -> None:
    """Two mil stand for any smaller limit, because KiCad's dialog takes none; a project that has one means it."""
    fine = {"name": "fine", "priority": 0, "via_diameter": 0.25, "via_drill": 0.02}
    file = tmp_path / "b.kicad_pro"
    settings = {"netclass_assignments": {"A": ["fine"]}}
    file.write_text(project(classes=[fine], net_settings=settings, min_through_hole_diameter=limit))
    rules = project_rules(file, 2, ["A", "B"])
    assert rules.of("A").vias == (ViaSize(250_000, drilled),)
    assert rules.of("B").vias == (ViaSize(300_000, 150_000),)
    assert rules.technology.via(1).opening == drilled


def test_no_project(tmp_path: Path) -> None:
    rules = project_rules(tmp_path / "b.kicad_pro", 2, ["A"])
    assert rules.default.spaces == (200_000, 200_000)
    assert rules.edge == 500_000
    assert "b.kicad_pro" in rules.source


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "no valid JSON"),
        ("[]", "no JSON object"),
        (json.dumps({"board": {"design_settings": {"rules": {"min_clearance": "a"}}}}), "min_clearance"),
        (json.dumps({"net_settings": {"classes": [{"name": "Default", "track_width": -1}]}}), "track_width"),
        (json.dumps({"net_settings": {"classes": [{"name": "Default", "clearance": 1e99}]}}), "clearance"),
    ],
)
def test_bad_projects(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "b.kicad_pro"
    file.write_text(text)
    with pytest.raises(RdlError, match=told):
        project_rules(file, 2, ["A"])


# --- what is joined --------------------------------------------------------------------------------------------------

THREE = part("U1", pad("1", -3, 0, 1), pad("2", 0, 0, 1), pad("3", 2, 0, 1))


def test_shortest_tree(tmp_path: Path) -> None:
    found = pairs_of(read(written(tmp_path, text_of(THREE))))
    assert [(pair.start_pad, pair.end_pad, round(pair.straight)) for pair in found] == [
        ("U1.2", "U1.3", 1_600_000),
        ("U1.1", "U1.2", 2_600_000),
    ]


def test_tracks_vias_and_zones_join(tmp_path: Path) -> None:
    """A track to a via, a zone on the back from there to a second via; the third pad is left."""
    items = (
        '(segment (start 97 100) (end 97 102) (width 0.1) (layer "F.Cu") (net 1))',
        '(via (at 97 102) (size 0.3) (drill 0.15) (layers "F.Cu" "B.Cu") (net 1))',
        '(zone (net 1) (net_name "A") (layer "B.Cu") (filled_polygon (layer "B.Cu") '
        "(pts (xy 96 101) (xy 104 101) (xy 104 103) (xy 96 103))))",
        '(via (at 102 102) (size 0.3) (drill 0.15) (layers "F.Cu" "B.Cu") (net 1))',
        '(segment (start 102 102) (end 102 100) (width 0.1) (layer "F.Cu") (net 1))',
    )
    board = read(written(tmp_path, text_of(THREE, *items)))
    (pair,) = pairs_of(board)
    assert (pair.start_pad, pair.end_pad) == ("U1.2", "U1.3")
    assert len(pair.end) == 7
    without = read(written(tmp_path, text_of(THREE, *(item for item in items if "zone" not in item))))
    assert len(pairs_of(without)) == 2


def test_a_near_miss_joins_nothing(tmp_path: Path) -> None:
    gap = '(segment (start 97 100.251) (end 97 102) (width 0.1) (layer "F.Cu") (net 1))'
    touch = '(segment (start 97 100.25) (end 100 100) (width 0.1) (layer "F.Cu") (net 1))'
    foreign = '(segment (start 97 100) (end 102 100) (width 0.1) (layer "F.Cu") (net 2))'
    assert len(pairs_of(read(written(tmp_path, text_of(THREE, gap, foreign))))) == 2
    assert len(pairs_of(read(written(tmp_path, text_of(THREE, touch))))) == 1


# --- outlines --------------------------------------------------------------------------------------------------------

SPOTS = st.tuples(st.integers(-MM, MM), st.integers(-MM, MM))


@given(
    skeleton=st.one_of(
        st.builds(lambda a: Point(*a), SPOTS),
        st.tuples(SPOTS, SPOTS).filter(lambda p: p[0] != p[1]).map(lambda p: Line(Point(*p[0]), Point(*p[1]))),
        st.integers(5_000, 400_000).map(lambda h: Arc(Point(-300_000, 0), Point(7, h), Point(300_000, 0))),
        st.tuples(st.integers(1_000, MM), st.integers(1_000, MM), st.floats(0, 180)).map(
            lambda s: Area(
                tuple(
                    shapely.get_coordinates(
                        shapely.affinity.rotate(shapely.box(-s[0], -s[1], s[0], s[1]), s[2], origin=(0, 0))
                    )[:4].tolist()
                )
            )
        ),
    ),
    width=st.integers(0, 300_000),
    margin=st.integers(0, 50_000),
    reach=st.integers(20_000, 300_000),
)
@settings(max_examples=60, deadline=None)
def test_chunks_cover(skeleton: Skeleton, width: int, margin: int, reach: int) -> None:
    """The outlines cover the grown shape, hardly more, and neighbours overlap or touch."""
    width = max(width, 2)
    chunks = chunks_of(skeleton, width, margin, reach)
    shape = skeleton_geometry(skeleton).buffer(width / 2 + margin, quad_segs=64)
    outlines = [shapely_of(chunk.shape, chunk.at, 1.0) for chunk in chunks]
    covered = shapely.union_all(outlines)
    assert shape.difference(covered.buffer(0.5)).area <= 1e-6 * shape.area
    assert covered.difference(shape.buffer(60 + reach // 50)).area <= 1e-6 * shape.area
    assert covered.geom_type == "Polygon"


@given(
    points=st.lists(SPOTS, min_size=3, max_size=8, unique=True),
    radius=st.integers(0, 100_000),
    at=SPOTS,
    diameter=st.integers(10_000, 500_000),
)
@settings(max_examples=50, deadline=None)
def test_land_in_a_pad(points: list[tuple[int, int]], radius: int, at: tuple[int, int], diameter: int) -> None:
    """A pad with a via land in it covers both."""
    hull = shapely.MultiPoint(points).convex_hull
    if hull.geom_type != "Polygon":
        return
    ring = shapely.get_coordinates(shapely.orient_polygons(hull))[:-1]
    stand = Stand(1, Point(5, 5), Hull(tuple(Point(int(x), int(y)) for x, y in ring), radius))
    grown = with_land(stand, Point(*at), diameter)
    outline = shapely_of(grown.shape, grown.at, 1.0).buffer(3)
    assert outline.contains(shapely_of(stand.shape, stand.at, 1.0))
    assert outline.contains(shapely.Point(at).buffer(diameter / 2 - 3))


# --- posts -----------------------------------------------------------------------------------------------------------


def crowded(inner: int = 0) -> str:
    pads = [pad(f"{x}{y}", x * 0.6, y * 0.6, 1 + (x + y) % 2) for x in range(-4, 5) for y in range(-4, 5)]
    back = [pad(f"b{x}{y}", x * 0.9, y * 0.9, 1, layer="B.Cu") for x in range(-2, 3) for y in range(-2, 3)]
    hole = '(pad "" np_thru_hole circle (at 5 5) (size 1 1) (drill 1) (layers "*.Cu"))'
    area = (
        '(zone (net 0) (net_name "") (layers "B.Cu") (keepout (tracks allowed) (vias not_allowed) (pads allowed) '
        "(copperpour allowed) (footprints allowed)) (polygon (pts (xy 91 91) (xy 96 91) (xy 96 96))))"
    )
    return text_of(part("U1", *pads, hole), part("U2", *back), area, inner=inner)


@pytest.mark.parametrize("inner", [0, 2])
def test_vias_keep_away(tmp_path: Path, inner: int) -> None:
    """Where a via may stand there is room for it: from copper of other nets, holes, keep-outs, edge, and other vias."""
    path = written(tmp_path, crowded(inner), project(min_hole_clearance=0.3))
    board = read(path)
    made = posts_of(path)
    vias = [(post, at) for post, at in zip(made.posts, made.via_at, strict=True) if at is not None]
    free = [at for post, at in vias if post.candidate]
    in_pads = [(post, at) for post, at in vias if not post.candidate]
    assert len(free) > 5
    assert len(in_pads) > 5
    copper = [
        (item.net, skeleton_geometry(item.skeleton).buffer(item.width / 2, quad_segs=64))
        for item in board.artwork.copper
    ]
    for post, at in vias:
        land = shapely.Point(at.x, at.y)
        for net, shape in copper:
            if net is None or post.candidate or net != post.net:
                # copper of no net is the unplated hole here: 0.3 mm from its wall to the drill, so 0.225 from the land
                assert land.distance(shape) >= (0.15 + 0.1) * MM - 500, (post.name, net)
        assert land.distance(shapely.Point(5 * MM, -5 * MM)) >= (0.5 + 0.3 + 0.15) * MM - 500
        assert land.distance(shapely.Polygon([(-9e6, 9e6), (-4e6, 9e6), (-4e6, 4e6)])) >= 0.15 * MM
        assert max(abs(at.x), abs(at.y)) <= (10 - 0.2 - 0.15) * MM
    spots = np.array([(at.x, at.y) for _, at in vias], dtype=np.float64)
    apart = np.hypot(*(spots[:, None] - spots[None]).T) + np.eye(len(spots)) * 1e12
    assert apart.min() >= 0.4 * MM - 1


@pytest.mark.parametrize(("beside", "found"), [(0.75, True), (0.55, False)])
def test_a_via_may_stand_out_of_its_pad(tmp_path: Path, beside: float, found: bool) -> None:
    """A pad below leaves no place for a land within the pad; one beside it is let stand only if a trace passes it."""
    die = part("U1", pad("1", 0, 0, 1), pad("2", beside, 0, 2))
    below = part("J1", pad("1", -0.38, 0, 2, layer="B.Cu"), pad("2", 5, 5, 1, layer="B.Cu"))
    made = posts_of(written(tmp_path, text_of(die, below)))
    (at,) = (at for post, at in zip(made.posts, made.via_at, strict=True) if post.name == "U1.1")
    assert (at is not None) == found
    if at is not None:
        assert at.distance(Point(0, 0)) <= 200_000
        assert at.distance(Point(-380_000, 0)) >= 200_000 + 100_000 + 150_000
        assert at.distance(Point(round(beside * MM), 0)) >= 200_000 + 300_000 + 150_000


def test_no_two_stands_at_one_place(tmp_path: Path) -> None:
    track = '(segment (start 100 100) (end 103 100) (width 0.1) (layer "F.Cu") (net 1))'
    made = posts_of(written(tmp_path, text_of(THREE, track, track)))
    places = [(stand.layer, stand.at) for post in made.posts for stand in post.stands]
    assert len(places) == len(set(places))


def test_keepout_and_edge_are_posts(tmp_path: Path) -> None:
    """A wire may touch a keep-out: its posts lie along the rim and keep no distance; those of the edge do."""
    area = (
        '(zone (net 0) (net_name "") (layer "F.Cu") (keepout (tracks not_allowed) (vias allowed) (pads allowed) '
        "(copperpour allowed) (footprints allowed)) (polygon (pts (xy 98 102) (xy 102 102) (xy 102 104) (xy 98 104))))"
    )
    slot = '(gr_circle (center 95 95) (end 96 95) (stroke (width 0.05) (type solid)) (layer "Edge.Cuts"))'
    made = posts_of(written(tmp_path, text_of(THREE, area, slot)))
    area_posts = [p for p in made.posts if p.name == "rule area"]
    assert {p.space for p in area_posts} == {0}
    outline = shapely.union_all([shapely_of(s.shape, s.at, 1.0) for p in area_posts for s in p.stands])
    rim = shapely.box(-2e6, -4e6, 2e6, -2e6).exterior
    assert outline.buffer(0.1).contains(rim)
    assert rim.buffer(2, join_style="mitre").contains(outline), "not farther than needed"
    edge = [s for p in made.posts if p.name == "board edge" and p.stands[0].layer == 1 for s in p.stands]
    ring = shapely.union_all([shapely_of(s.shape, s.at, 1.0) for s in edge])
    assert ring.contains(shapely.Point(-5e6, 5e6).buffer(1.095e6).exterior)
    assert not ring.intersects(shapely.Point(-5e6, 5e6).buffer(1.115e6).exterior)


# --- writing ---------------------------------------------------------------------------------------------------------

BEND = Route(
    (Line(Point(0, 0), Point(100_000, 0)), Arc(Point(100_000, 0), Point(150_000, 20_000), Point(170_000, 60_000)))
)


@pytest.mark.parametrize("version", [20211014, 20221018, 20240108, 20241229])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_splice_keeps_all_else(tmp_path: Path, version: int, end: str) -> None:
    """Without the new items the text is the old one, and they are read as what was meant."""
    odd = '(gr_text "a (segment \\") (zone" (at 95 95) (layer "F.SilkS"))'
    zone = '(zone (net 1) (net_name "A") (layer "F.Cu") (polygon (pts (xy 91 91) (xy 92 91) (xy 92 92))))'
    old = text_of(THREE, odd, zone, version=version, inner=2).replace("\n", end)
    board = read(written(tmp_path, old))
    trace, via = BoardTrace("B", 2, 50_000, BEND), BoardVia("A", Point(-7, 8), 1, 4, ViaSize(300_000, 150_000))
    new = spliced(old, board, BoardRouting((trace,), (via,)))
    begin = next(k for k in range(len(new)) if new[k] != old[k : k + 1])
    tail = len(old) - begin
    assert new[:begin] + new[len(new) - tail :] == old
    assert new.index("(segment (" if version < 20231014 else "\t(segment" + end) < new.index("(zone (net")
    again = read(written(tmp_path, new))
    tracks = [item for item in again.copper if item.net == "B"]
    assert [item.skeleton for item in tracks] == list(BEND.pieces)
    assert {(item.layer, item.width) for item in tracks} == {(2, 50_000)}
    (hole,) = again.artwork.holes
    assert (hole.net, hole.at, hole.first, hole.last, hole.diameter) == ("A", Point(-7, 8), 1, 4, 150_000)
    assert ("\n" in new.replace("\r\n", "")) == (end == "\n")


def test_splice_names_nets_where_there_are_no_numbers(tmp_path: Path) -> None:
    text = text_of(part("U1", '(pad "1" smd circle (at 0 0) (size 1 1) (layers "F.Cu") (net "D\\"1"))'), nets="")
    text = text.replace('\t(net 0 "")\n', "")
    board = read(written(tmp_path, text))
    assert board.nets == ('D"1',)
    new = spliced(text, board, BoardRouting((BoardTrace('D"1', 1, 50_000, BEND),)))
    assert {item.net for item in read(written(tmp_path, new)).copper} == {'D"1'}


def test_tracks_taken_away(tmp_path: Path) -> None:
    """Those of the nets, but for locked ones; all else byte for byte."""
    loose = [
        '(segment (start 97 100) (end 97 102) (width 0.1) (layer "F.Cu") (net 1))',
        '(via (at 97 102) (size 0.3) (drill 0.15) (layers "F.Cu" "B.Cu") (locked no) (net 1))',
    ]
    stay = [
        '(segment (start 97 100) (end 98 102) (width 0.1) (layer "F.Cu") (net 2))',
        '(segment (start 97 100) (end 97 101) (width 0.1) (layer "F.Cu") (locked yes) (net 1))',
        '(arc locked (start 1 1) (mid 2 2) (end 3 1) (width 0.1) (layer "F.Cu") (net 1))',
    ]
    text = text_of(THREE, loose[0], stay[0], loose[1], *stay[1:])
    assert without_tracks(text, {"A"}) == text_of(THREE, *stay)
    assert without_tracks(text, {"X"}) == text


def test_nothing_new_is_the_same_text(tmp_path: Path) -> None:
    text = text_of(THREE)
    assert spliced(text, read(written(tmp_path, text)), BoardRouting()) is text


def test_not_a_board(tmp_path: Path) -> None:
    path = tmp_path / "x.kicad_pcb"
    path.write_bytes(b"(kicad_pcb \xff)")
    with pytest.raises(InputError, match="UTF-8"):
        open_boards.read(path)
    with pytest.raises(InputError, match="no such file"):
        open_boards.read(tmp_path / "y.kicad_pcb")
