"""Board, project and rules: golden files, and KiCad itself as the judge."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import samples
import sexpdata
from conftest import KicadCli

from kicad_rdl.check import check_layout
from kicad_rdl.geometry import Path as Run
from kicad_rdl.geometry import Polygon, extent
from kicad_rdl.kicad.board import BALLS_REFERENCE
from kicad_rdl.kicad.layers import page_of
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.kicad.severities import SEVERITIES
from kicad_rdl.kicad.stackup import thickness
from kicad_rdl.model.die import Bump, Die, PlacedDie
from kicad_rdl.model.layout import Layout, Pad, PadKind, Trace
from kicad_rdl.model.package import Keepout, LayerRule, NetRule, PadShape, terminal_name
from kicad_rdl.model.report import Rule
from kicad_rdl.units import UM

SYSTEM_PYTHON = Path("/usr/bin/python3")
READ_PADS = """
import json, sys, pcbnew
board = pcbnew.LoadBoard(sys.argv[1])
pads = []
for footprint in board.GetFootprints():
    for pad in footprint.Pads():
        box = pad.GetBoundingBox()
        at = pad.GetPosition()
        side = pcbnew.B_Mask if pad.IsOnLayer(pcbnew.B_Mask) else pcbnew.F_Mask
        margin = pad.GetSolderMaskExpansion(side)
        layers = [board.GetStandardLayerName(layer) for layer in pad.GetLayerSet().Seq()]
        pads.append([footprint.GetReference(), pad.GetNumber(), pad.GetNetname(), at.x, at.y,
                     box.GetWidth(), box.GetHeight(), margin, layers])
if len(sys.argv) > 2:
    pcbnew.SaveBoard(sys.argv[2], board)
print("PADS" + json.dumps(pads))
"""


def written(layout: Layout, folder: Path) -> Path:
    """All files of a layout in ``folder``; the board."""
    for name, text in kicad_files(layout).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (board,) = folder.glob("*.kicad_pcb")
    return board


def pcbnew_reads(board: Path, copy: Path | None = None) -> list[list[Any]]:
    """Every pad as KiCad's own Python module sees it."""
    probe = [str(SYSTEM_PYTHON), "-c", "import pcbnew"]
    if not SYSTEM_PYTHON.exists() or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("KiCad's Python module is not installed: the board was not read by it")
    command = [str(SYSTEM_PYTHON), "-c", READ_PADS, str(board), *([str(copy)] if copy else [])]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("PADS")]
    pads: list[list[Any]] = json.loads(line[4:])
    return pads


def findings(report: dict[str, Any]) -> list[str]:
    return sorted(item["type"] for key in ("violations", "unconnected_items") for item in report[key])


def two_dies() -> Layout:
    """A turned and a mirrored, turned die with bumps of three shapes and names that need quotes; nothing routed."""
    package = samples.package(2)
    nets = ('say "A"', "back\\slash", "Größe/µ", "{brace}", "a b", "~{RESET}")
    bumps = tuple(
        Bump(f"{row}{column}", samples.at(100 * column - 150, 100 * row - 150), nets[2 * row + column], shape)
        for (row, column), shape in zip(
            ((0, 0), (0, 1), (1, 0), (1, 1)), (samples.BUMPS[k].shape for k in (0, 1, 3, 4)), strict=True
        )
    )
    die = Die("half", 600 * UM, 500 * UM, bumps)
    dies = (
        PlacedDie(die, samples.at(-700, 100), quarters=1),
        PlacedDie(die, samples.at(700, 100), quarters=3, mirrored=True),
    )
    package = replace(
        package,
        name="two dies/1",
        dies=dies,
        nets=tuple(NetRule(name) for name in sorted({b.net or "" for b in bumps})),
    )
    lands = tuple(
        Pad(PadKind.BUMP_LAND, terminal_name(package, index, bump), bump.net, 1, bump.at, package.land(bump))
        for index, bump in package.bumps
    )
    plain = samples.two_rdl()
    ubm_pads = tuple(replace(pad, net=None) for pad in plain.pads if pad.kind is PadKind.UBM_PAD)
    return replace(
        plain, package=package, ball_nets=(), pads=(*lands, *ubm_pads), vias=(), traces=(), teardrops=(), planes=()
    )


LAYOUTS: dict[str, Callable[[], Layout]] = {
    "one_rdl": samples.one_rdl,
    "two_rdl": samples.two_rdl,
    "three_rdl": samples.three_rdl,
    "two_dies": two_dies,
    "wishes": samples.wishes,
    "square": lambda: samples.shaped(samples.one_rdl, PadShape.SQUARE),
    "octagon": lambda: samples.shaped(samples.two_rdl, PadShape.OCTAGON),
}


@pytest.fixture(params=sorted(LAYOUTS))
def layout(request: pytest.FixtureRequest) -> Layout:
    return LAYOUTS[request.param]()


@pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda sample: sample.__name__)
def test_golden(sample: Callable[[], Layout], golden: Callable[[str, str], None]) -> None:
    for name, text in kicad_files(sample()).items():
        golden(f"kicad/{sample.__name__}/{name}", text)


def test_same_input_same_bytes(layout: Layout) -> None:
    assert kicad_files(layout) == kicad_files(layout)


def test_every_uuid_is_there_once(layout: Layout) -> None:
    for name, text in kicad_files(layout).items():
        uuids = re.findall(r'\(uuid "([^"]+)"\)', text)
        assert len(uuids) == len(set(uuids)), name


def test_every_file_is_what_it_says(layout: Layout) -> None:
    for name, text in kicad_files(layout).items():
        assert text.endswith("\n")
        if name.endswith(".kicad_pro"):
            json.loads(text)
        elif name.endswith(".kicad_dru"):
            sexpdata.loads("(" + re.sub(r"(?m)^#.*$", "", text) + ")")
        else:
            sexpdata.loads(text)


def entries(tree: Any, word: str) -> Iterator[Any]:
    return (item for item in tree if isinstance(item, list) and item and item[0] == sexpdata.Symbol(word))


def test_stackup_names_every_thickness_permittivity_and_loss(layout: Layout) -> None:
    board = sexpdata.loads(next(text for name, text in kicad_files(layout).items() if name.endswith(".kicad_pcb")))
    setup = next(entries(board, "setup"))
    layers = list(entries(next(entries(setup, "stackup")), "layer"))
    copper = [layer[1] for layer in layers if layer[1].endswith(".Cu")]
    assert len(copper) == layout.package.metal_count
    assert len(copper) % 2 == 0
    total = 0.0
    for layer in layers:
        (kind,) = (entry[1] for entry in entries(layer, "type"))
        given = {str(entry[0]): entry[1] for entry in layer if isinstance(entry, list)}
        if kind == "prepreg" or (kind.endswith("Mask") and given["thickness"]):
            assert {"thickness", "material", "epsilon_r", "loss_tangent"} <= given.keys()
            assert given["epsilon_r"] > 1
        total += given.get("thickness", 0)
    general = next(entries(board, "general"))
    assert total == pytest.approx(thickness(layout.package) / 1e6)
    assert next(entries(general, "thickness"))[1] == thickness(layout.package) / 1e6


def test_nothing_is_ignored() -> None:
    assert "ignore" not in SEVERITIES.values()


def test_a_large_package_gets_a_large_sheet() -> None:
    whole = replace(samples.package(1), width=300_000_001, height=250_000_000)
    page = page_of(whole)
    assert page.centre.x > 150_000_000
    assert page.centre.y > 125_000_000
    layout = replace(samples.one_rdl(), package=whole)
    assert '(paper "User" ' in kicad_files(layout)["sample_1_rdl.kicad_pcb"]


@pytest.mark.kicad
def test_kicad_finds_nothing(kicad_cli: KicadCli, tmp_path: Path, layout: Layout) -> None:
    report = kicad_cli.drc(written(layout, tmp_path))
    found = set(findings(report))
    # the two dies are placed, not routed
    assert found == ({"unconnected_items"} if len(layout.package.dies) > 1 else set()), report


@pytest.mark.kicad
def test_kicad_sees_every_pad_where_the_package_has_it(tmp_path: Path, layout: Layout) -> None:
    package = layout.package
    centre = page_of(package).centre
    net_of = dict(layout.ball_nets)
    expected: list[tuple[str, str, str, int, int]] = [
        (f"U{die + 1}", bump.name, bump.net or "", centre.x + bump.at.x, centre.y - bump.at.y)
        for die, bump in package.bumps
    ]
    for ball in package.balls:
        free = f"unconnected-({BALLS_REFERENCE}-{ball.name}-Pad{ball.name})" if package.has_ubm_layer else ""
        net = net_of.get(ball.name, free)
        expected.append((BALLS_REFERENCE, ball.name, net, centre.x + ball.at.x, centre.y - ball.at.y))
    read = pcbnew_reads(written(layout, tmp_path))
    assert sorted(tuple(pad[:5]) for pad in read) == sorted(expected)
    size = {(f"U{die + 1}", bump.name): package.land(bump) for die, bump in package.bumps}
    for reference, name, _, _, _, width, height, margin, layers in read:
        if reference == BALLS_REFERENCE:
            assert layers == ["B.Cu", "B.Mask"]
            opening = package.ball.ubm if package.has_ubm_layer else package.ball.opening
            assert width + 2 * margin == opening
        else:
            assert layers == ["F.Cu", "F.Mask"]
            assert margin == -package.technology.die_pad.enclosure
            assert (width, height) == extent(size[reference, name])


@pytest.mark.kicad
def test_kicad_saves_the_board_just_so(tmp_path: Path, layout: Layout) -> None:
    board = written(layout, tmp_path / "ours")
    copy = tmp_path / "saved.kicad_pcb"
    pcbnew_reads(board, copy)
    signed = board.read_text(encoding="utf-8").replace('(generator "kicad_rdl")', '(generator "pcbnew")', 1)
    assert copy.read_text(encoding="utf-8") == signed


def spoilt(kind: str) -> Layout:
    """The three-RDL sample with one thing made wrong."""
    layout = samples.three_rdl()
    traces = list(layout.traces)
    clock = next(k for k, trace in enumerate(traces) if trace.net == "CLK")
    extra = traces[clock]
    match kind:
        case "thin":
            traces[clock] = replace(extra, width=9_999)
        case "gone":
            del traces[clock]
        case "close":  # 10 um from the stack of CLK, but for 20 nm; KiCad's own grain is the 10 nm of DRCEpsilon
            end = samples.at(500, 30 + 10 + 5 - 0.02)
            traces.append(Trace("D1", 2, 10 * UM, Run.through(samples.at(500, 500), end)))
        case "outside":
            traces.append(Trace("CLK", 3, 10 * UM, Run.through(samples.at(800, 0), samples.at(1_420.02, 0))))
        case "short":
            traces.append(Trace("CLK", 3, 10 * UM, Run.through(samples.at(800, 0), samples.at(800, 800))))
        case "ring":
            vias = tuple(
                replace(via, opening=via.land - 2 * (10 * UM - 1)) if via.layer == 1 and via.net == "D2" else via
                for via in layout.vias
            )
            return replace(layout, vias=vias)
        case "hole":
            vias = tuple(
                replace(via, opening=30 * UM - 1) if via.layer == 1 and via.net == "D2" else via for via in layout.vias
            )
            return replace(layout, vias=vias)
    return replace(layout, traces=tuple(traces))


@pytest.mark.kicad
@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("thin", {"track_width"}),
        ("gone", {"unconnected_items"}),
        ("close", {"clearance"}),
        ("outside", {"copper_edge_clearance"}),
        ("short", {"shorting_items"}),
        ("ring", {"annular_width"}),
        ("hole", {"microvia_drill_out_of_range"}),
    ],
)
def test_kicad_judges_by_our_rules(kicad_cli: KicadCli, tmp_path: Path, kind: str, wanted: set[str]) -> None:
    found = set(findings(kicad_cli.drc(written(spoilt(kind), tmp_path))))
    assert wanted <= found
    # what a planted fault brings with it
    assert found <= wanted | {"track_dangling", "via_dangling", "tracks_crossing", "clearance"}


@pytest.mark.kicad
def test_every_custom_rule_is_understood(kicad_cli: KicadCli, tmp_path: Path) -> None:
    """With impossible numbers every rule fires: none is misspelt or meant for nothing."""
    board = written(samples.three_rdl(), tmp_path)
    rules = board.with_suffix(".kicad_dru")
    text = rules.read_text(encoding="utf-8")
    rules.write_text(re.sub(r"\(min [0-9.]+mm\)", "(min 0.9mm)", text), encoding="utf-8")
    report = kicad_cli.drc(board)
    fired = {match for item in report["violations"] for match in re.findall(r"rule '([^']+)'", item["description"])}
    named = set(re.findall(r'\(rule "([^"]+)"', text))
    # KiCad names no rule for widths and holes; microvias are exempt from hole to hole
    silent = {name for name in named - fired if not re.search(r"line$|opening$|opening space$", name)}
    assert silent == set()
    assert {"track_width", "microvia_drill_out_of_range"} <= set(findings(report))


@pytest.mark.kicad
@pytest.mark.parametrize(("drill", "told"), [("0.03", False), ("0.029", True)])
def test_holes_are_held_to_the_technology(kicad_cli: KicadCli, tmp_path: Path, drill: str, told: bool) -> None:
    """Board Setup takes no limit below 2 mil; the custom rule goes below it, and its number is the one that counts."""
    board = written(samples.two_rdl(), tmp_path)
    settings = json.loads(board.with_suffix(".kicad_pro").read_text(encoding="utf-8"))
    assert settings["board"]["design_settings"]["rules"]["min_through_hole_diameter"] == 0.0508
    text = board.read_text(encoding="utf-8")
    assert "(drill 0.03)" in text
    board.write_text(text.replace("(drill 0.03)", f"(drill {drill})"), encoding="utf-8")
    assert ("drill_out_of_range" in findings(kicad_cli.drc(board))) is told


WISHES = {
    "line near an arc": (
        "clearance",
        Trace("TX", 1, 10 * UM, Run.through(samples.at(820, 500), samples.at(830, 510))),
    ),
    "line near a pad": (
        "clearance",
        Trace("CLK", 1, 10 * UM, Run.through(samples.at(500, 0), samples.at(500, 400))),
    ),
    "in a keep-out": (
        "items_not_allowed",
        Trace("D0", 1, 10 * UM, Run.through(samples.at(-800, 800), samples.at(-1100, 500))),
    ),
}


@pytest.mark.kicad
@pytest.mark.parametrize("kind", sorted(WISHES))
def test_kicad_judges_by_the_jobs_wishes(kicad_cli: KicadCli, tmp_path: Path, kind: str) -> None:
    """Both tools see the same thing where a trace breaks what the job asks of it, and nothing but what hangs on it."""
    wanted, more = WISHES[kind]
    layout = samples.wishes()
    spoilt = replace(layout, traces=(*layout.traces, more))
    found = set(findings(kicad_cli.drc(written(spoilt, tmp_path))))
    assert wanted in found
    assert found <= {wanted, "track_dangling", "unconnected_items"}
    rules = {Rule.KEEPOUT if wanted == "items_not_allowed" else Rule.SPACING}
    assert {item.rule for item in check_layout(spoilt)} - {Rule.DANGLING, Rule.ACUTE_ANGLE, Rule.OPEN} == rules


@pytest.mark.kicad
def test_kicad_keeps_nets_off_layers_and_to_their_width(kicad_cli: KicadCli, tmp_path: Path) -> None:
    layout = samples.two_rdl()
    nets = {
        "D1": NetRule("D1", layers=(2,)),
        "CLK": NetRule("CLK", on_layers=(LayerRule(2, width=12 * UM),)),
        "D0": NetRule("D0", on_layers=(LayerRule(2, width=12 * UM),)),
    }
    package = replace(layout.package, nets=tuple(nets.get(rule.name, rule) for rule in layout.package.nets))
    broken = replace(layout, package=package)
    assert set(findings(kicad_cli.drc(written(broken, tmp_path)))) == {"items_not_allowed", "track_width"}
    assert {(item.rule, item.things) for item in check_layout(broken)} == {
        (Rule.LAYER, ("trace of D1",)),
        (Rule.WIDTH, ("trace of CLK",)),
    }


@pytest.mark.kicad
def test_kicad_keeps_vias_out_but_not_those_under_balls(kicad_cli: KicadCli, tmp_path: Path) -> None:
    """Three RDLs and a UBM: a keep-out over everything names the vias between RDLs, and no ball's."""
    layout = samples.three_rdl()
    every = Polygon(samples.box(-1400, -1400, 1400, 1400))
    keepout = Keepout("all", (1, 2, 3), every, traces=False, planes=False)
    broken = replace(layout, package=replace(layout.package, keepouts=(keepout,)))
    report = kicad_cli.drc(written(broken, tmp_path))
    places = {(item["pos"]["x"], item["pos"]["y"]) for v in report["violations"] for item in v["items"]}
    centre = page_of(layout.package).centre
    vias = {((centre.x + v.at.x) / 1e6, (centre.y - v.at.y) / 1e6) for v in layout.vias if v.layer < 3}
    assert {v["type"] for v in report["violations"]} == {"items_not_allowed"}
    assert vias <= places
    assert {item.rule for item in check_layout(broken)} == {Rule.KEEPOUT}
