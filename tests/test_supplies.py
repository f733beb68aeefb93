"""Supplies: planes where the tool chooses, hatched ones, and traces that join what a plane does not reach."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import samples
import shapely
from conftest import KicadCli, script
from jobs import RINGS_JOB, SMALL_JOB, write_job

from kicad_rdl.check import check_layout
from kicad_rdl.geometry import Circle, Point, shapely_of, shapely_polygon
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.package import Hatch, Package, SupplyStyle
from kicad_rdl.read.job import read_job
from kicad_rdl.route import route
from kicad_rdl.route.islands import islands
from kicad_rdl.route.planes import PlaneRequest, Terminal, pour
from kicad_rdl.route.stitching import shortest_way
from kicad_rdl.route.supplies import with_supplies
from kicad_rdl.route.supply_balls import middles
from kicad_rdl.route.voids import Copper, Land, voids_of
from kicad_rdl.units import UM

heavy = script("benchmarks/supply_heavy.py")
WIDTH, SPACE = 10 * UM, 8 * UM
BOUNDARY = shapely.box(-500 * UM, -500 * UM, 500 * UM, 500 * UM)
REFILL = (
    "import pcbnew, sys; b = pcbnew.LoadBoard(sys.argv[1]); pcbnew.ZONE_FILLER(b).Fill(b.Zones()); b.Save(sys.argv[1])"
)


def heavy_package(folder: Path, n: int = 8, rdl_count: int = 3, rules: str | None = None) -> Package:
    return read_job(heavy.supply_heavy_job(folder, n, rdl_count, rules)).package


def styled(package: Package, style: SupplyStyle, layer: int | None = None) -> Package:
    nets = tuple(replace(r, style=style, plane_layer=layer) if r.name in heavy.SUPPLIES else r for r in package.nets)
    return replace(package, nets=nets)


def test_the_pattern_has_three_supplies_of_five() -> None:
    nets = [heavy.net_of(row, column, 26) for row in range(26) for column in range(26)]
    assert sum(net is not None for net in nets) == 406
    assert {net for net in nets if net} == set(heavy.SUPPLIES)


@pytest.mark.parametrize("rdl_count", [3, 4])
def test_supplies_that_mingle_get_layers_of_their_own(tmp_path: Path, rdl_count: int) -> None:
    package, supplies = with_supplies(heavy_package(tmp_path, 26, rdl_count))
    layer = {rule.name: rule.plane_layer for rule in package.nets if rule.name in heavy.SUPPLIES}
    assert layer["VSS"] == rdl_count - 1
    assert {layer[name] for name in ("VDD", "VDDA", "VDDIO")} == {rdl_count - 2}
    assert [supply.net for supply in supplies] == sorted(heavy.SUPPLIES)
    assert all(supply.reason for supply in supplies)


CHESS_JOB = RINGS_JOB.format(
    name="chess", count=2, angles="any", more='[[nets.rules]]\nmatch = ["VDD", "VSS"]\nstyle = "auto"\nballs = 9'
)


@pytest.mark.parametrize(
    ("middle", "layers"), [("VDD", {"VDD": 2, "VSS": 1}), ("CLK", {"VDD": 1, "VSS": 1, "CLK": None})]
)
def test_the_last_layer_is_a_plane_where_nothing_needs_traces(
    tmp_path: Path, middle: str, layers: dict[str, int | None]
) -> None:
    """Two supplies like the squares of a chess board; then with one signal among them."""
    bumps = [(r, c, "VSS" if (r + c) % 2 else "VDD") for r in range(5) for c in range(5)]
    rows = (f"b{r}{c},{150 * c - 300},{150 * r - 300},{middle if r == c == 2 else net}\n" for r, c, net in bumps)
    package = read_job(write_job(tmp_path, CHESS_JOB, "name,x_um,y_um,net\n" + "".join(rows))).package
    decided, _ = with_supplies(package)
    assert {rule.name: rule.plane_layer for rule in decided.nets} == layers
    if middle == "VDD":
        layout = route(package)
        assert layout.unrouted == ()
        assert check_layout(layout) == ()


def test_auto_takes_a_tree_for_few_bumps_and_on_one_layer(tmp_path: Path) -> None:
    package = styled(heavy_package(tmp_path), SupplyStyle.AUTO)
    few = {"VDDA"}  # a corner of two by two sites
    decided, supplies = with_supplies(package)
    assert {r.name for r in decided.nets if r.style is SupplyStyle.TREE and r.name in heavy.SUPPLIES} == few
    assert {s.net for s in supplies if s.style is SupplyStyle.TREE} == few
    single, _ = with_supplies(replace(package, rdl_count=1))
    assert all(rule.style is SupplyStyle.TREE and rule.plane_layer is None for rule in single.nets)


def test_a_layer_that_is_asked_for_is_kept(tmp_path: Path) -> None:
    package = styled(heavy_package(tmp_path), SupplyStyle.PLANE, 3)
    assert with_supplies(package) == (package, ())


def test_trees_where_a_plane_has_rdl1(tmp_path: Path) -> None:
    """All bumps of a tree must come down to RDL2, not the one alone that leads to its ball."""
    nets = ("VSS", "VDD", "A", "VDD", "VSS", "VDD", "B", "V18", "V18")
    rows = [f"{k},{150 * (k % 3) - 150},{150 * (k // 3) - 150},{net}\n" for k, net in enumerate(nets)]
    (tmp_path / "bumps.csv").write_text("bump,x_um,y_um,net\n" + "".join(rows))
    rule = '[[nets.rules]]\nmatch = ["VSS"]\nstyle = "plane"\nplane_layer = 1\n'
    (tmp_path / "job.toml").write_text(SMALL_JOB + rule)
    layout = route(read_job(tmp_path / "job.toml").package)
    assert layout.unrouted == ()
    assert check_layout(layout) == ()
    assert {c.layer for c in layout.connections if c.net in ("VDD", "V18")} == {2}


def test_middles_divide_evenly() -> None:
    grid = [(float(x), float(y)) for x in range(4) for y in range(4)]
    assert sorted(middles(grid, 4)) == [(0.5, 0.5), (0.5, 2.5), (2.5, 0.5), (2.5, 2.5)]
    assert middles([(1.0, 2.0)], 3) == [(1.0, 2.0)] * 3


def test_every_bump_of_every_supply_is_connected(tmp_path: Path) -> None:
    layout = route(heavy_package(tmp_path))
    assert layout.unrouted == ()
    assert check_layout(layout) == ()


def test_planes_forced_onto_one_layer_are_stitched(tmp_path: Path) -> None:
    """Without an order of the terminals no division of one layer reaches all: late traces join the rest."""
    layout = route(styled(heavy_package(tmp_path, 10), SupplyStyle.PLANE, 2))
    assert {plane.layer for plane in layout.planes} == {2}
    assert not [item for item in layout.unrouted if item.net in heavy.SUPPLIES]
    assert check_layout(layout) == ()


def test_planes_of_one_net_on_two_layers_are_joined_by_its_stacks(tmp_path: Path) -> None:
    package = heavy_package(tmp_path)
    nets = tuple(
        replace(r, plane_layer=2, more_planes=(3,)) if r.name == "VSS" else replace(r, style=SupplyStyle.TREE)
        for r in package.nets
    )
    layout = route(replace(package, nets=nets))
    assert {plane.layer for plane in layout.planes if plane.net == "VSS"} == {2, 3}
    assert "VSS" not in {item.net for item in layout.unrouted}


# --- hatched ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", [0, 30, 45])
def test_hatched_plane_keeps_lines_gaps_and_rings(orientation: int) -> None:
    hatch = Hatch(12 * UM, 30 * UM, orientation)
    places = [Point(x * 110 * UM, y * 110 * UM) for x in range(-3, 4) for y in range(-3, 4)]
    own = tuple(Terminal(f"t{k}", p, Circle(50 * UM)) for k, p in enumerate(places) if k % 2)
    foreign: list[Copper] = [Land(p, Circle(50 * UM), SPACE, "X") for k, p in enumerate(places) if not k % 2]
    request = PlaneRequest("VSS", own, hatch=hatch)
    solid = pour(1, [replace(request, hatch=None)], foreign, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    planes = pour(1, [request], foreign, BOUNDARY, min_width=WIDTH, clearance=SPACE)
    assert islands({1: [request]}, planes) == ()
    assert all(plane.hatch == hatch for plane in planes)
    fills = [shapely_polygon(fill) for plane in planes for fill in plane.fills]
    assert sum(f.area for f in fills) < 0.85 * sum(shapely_polygon(f).area for p in solid for f in p.fills)
    for fill in fills:
        assert fill.is_valid
        rings = [fill.exterior, *fill.interiors]
        tree = shapely.STRtree(rings)
        first, second = tree.query(rings, predicate="dwithin", distance=hatch.width - 2)
        assert not (first < second).any()  # no line, and no rim, is narrower
    copper = shapely.union_all(fills)
    for terminal in own:
        ring = shapely_of(terminal.shape, terminal.at).buffer(hatch.width - 1)
        assert copper.buffer(1).covers(ring)


@pytest.mark.kicad
@pytest.mark.parametrize("hatched", [False, True])
def test_kicad_finds_nothing_in_planes_as_stored_and_filled_anew(
    kicad_cli: KicadCli, tmp_path: Path, hatched: bool
) -> None:
    rules = 'style = "plane"\n' + ('hatch = {width = "15 um", gap = "40 um", orientation = 45}' if hatched else "")
    layout = route(heavy_package(tmp_path, rules=rules))
    board = written(layout, tmp_path / "board")
    assert ("(mode hatch)" in board.read_text(encoding="utf-8")) is hatched
    assert verdict(kicad_cli, board) == ([], 0)
    python = Path("/usr/bin/python3")  # KiCad's own Python, where a distribution packs it
    if subprocess.run([python, "-c", "import pcbnew"], capture_output=True, check=False).returncode:
        return
    subprocess.run([python, "-c", REFILL, str(board)], capture_output=True, check=True)
    assert verdict(kicad_cli, board) == ([], 0)


def written(layout: Layout, folder: Path) -> Path:
    for name, text in kicad_files(layout).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return next(folder.glob("*.kicad_pcb"))


def verdict(kicad_cli: KicadCli, board: Path) -> tuple[list[str], int]:
    report = kicad_cli.drc(board)
    return [v["type"] for v in report["violations"]], len(report["unconnected_items"])


# --- stitches --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("octilinear", [False, True])
def test_the_shortest_way_keeps_clear_of_everything(octilinear: bool) -> None:
    wall = [Land(Point(0, y * 50 * UM), Circle(44 * UM), SPACE, "X") for y in range(-6, 5)]
    start, end = Point(-200 * UM, 0), Point(200 * UM, 10 * UM)
    path = shortest_way([start], [end], voids_of(wall), BOUNDARY, WIDTH, octilinear)
    assert path is not None
    assert (path.start, path.end) == (start, end)
    drawn = shapely.LineString([(p.start.x, p.start.y) for p in path.pieces] + [(end.x, end.y)])
    assert min(drawn.distance(shapely.Point(w.at.x, w.at.y)) for w in wall) >= 22 * UM + SPACE + WIDTH // 2
    assert BOUNDARY.buffer(-WIDTH / 2).covers(drawn)
    if octilinear:
        steps = [p.end - p.start for p in path.pieces]
        assert all(s.x == 0 or s.y == 0 or abs(s.x) == abs(s.y) for s in steps)
    else:  # past the end of the wall at its nearer side
        around = shapely.Point(0, 200 * UM)
        least = start.distance(Point(0, 235 * UM)) + end.distance(Point(0, 235 * UM))
        assert drawn.distance(around) < 60 * UM
        assert path.length == pytest.approx(least, rel=0.03)


def test_no_way_through_a_closed_wall() -> None:
    wall: list[Copper] = [Land(Point(0, y * 50 * UM), Circle(44 * UM), SPACE, "X") for y in range(-10, 11)]
    assert shortest_way([Point(-200 * UM, 0)], [Point(200 * UM, 0)], voids_of(wall), BOUNDARY, WIDTH) is None


def test_supplies_of_a_sample_are_left_alone() -> None:
    package = samples.two_rdl().package
    assert with_supplies(package)[0] == package
