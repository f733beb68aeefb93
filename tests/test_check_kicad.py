"""Our checker against KiCad's DRC: 210 packages with one planted violation each, and their clean siblings."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import samples
from conftest import KicadCli
from panel import Panel, panel
from planted import KICAD, KINDS, OURS, WEB, Planted, planted

from kicad_rdl.check import check_artwork, check_layout
from kicad_rdl.check.artwork import artwork_of
from kicad_rdl.check.closeness import breaches, gaps
from kicad_rdl.check.primitives import tabulate
from kicad_rdl.geometry import Arc, Line, Point
from kicad_rdl.kicad.layers import SHEET_CENTRE
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.report import Rule, Violation
from kicad_rdl.read.board import read_board
from kicad_rdl.units import MM, UM

pytestmark = pytest.mark.kicad

SEEDS = 30
UNITS = 36
NEAR = 100 * UM
"""How far our place may be from the copper that KiCad names: pieces that meet at the place count."""
LARGEST_PAD = 330 * UM


@cache
def groups() -> tuple[tuple[Planted, ...], ...]:
    """Cases whose packages share layers and rules, at most 36 to a panel."""
    cases = [planted(kind, seed) for seed in range(SEEDS) for kind in KINDS]
    by_rules: dict[tuple[int, bool], list[Planted]] = {}
    for case in cases:
        package = case.layout.package
        by_rules.setdefault((package.rdl_count, package.ball.mask_defined), []).append(case)
    return tuple(
        tuple(members[start : start + UNITS])
        for _, members in sorted(by_rules.items())
        for start in range(0, len(members), UNITS)
    )


GROUPS = range(8)


def test_number_of_cases() -> None:
    assert len(groups()) == len(GROUPS)
    assert sum(len(group) for group in groups()) == SEEDS * len(KINDS) >= 200


@pytest.mark.parametrize("group", GROUPS)
def test_planted(group: int, tmp_path: Path, kicad_cli: KicadCli) -> None:
    cases = groups()[group]
    made, found = _judge([case.layout for case in cases], tmp_path, kicad_cli)
    theirs: dict[int, list[dict[str, Any]]] = {unit: [] for unit in range(len(cases))}
    for entry in found:
        # A short or a narrow gap leaves slivers; KiCad reports them of the whole board, without naming items.
        if entry["type"] != "copper_sliver":
            theirs[_unit(entry, made)].append(entry)
    for unit, case in enumerate(cases):
        _compare(case, check_layout(case.layout), theirs[unit], made, unit)


@pytest.mark.parametrize("group", GROUPS)
def test_siblings(group: int, tmp_path: Path, kicad_cli: KicadCli) -> None:
    siblings = [case.sibling for case in groups()[group]]
    for sibling in siblings:
        assert check_layout(sibling) == ()
    _, found = _judge(siblings, tmp_path, kicad_cli)
    assert [(entry["type"], entry["description"]) for entry in found] == []


@pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda sample: sample.__name__)
def test_same_from_board(sample: Any, tmp_path: Path) -> None:
    """A layout and the board written from it."""
    layout = sample()
    assert check_layout(layout) == ()
    assert check_artwork(_from_board(layout, tmp_path), layout.package.technology) == ()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_from_board(kind: str, seed: int, tmp_path: Path) -> None:
    """Same verdicts, to the nanometre, from the layout and from the board."""
    layout = planted(kind, seed).layout
    technology = layout.package.technology
    direct = check_artwork(artwork_of(layout), technology)
    through = check_artwork(_from_board(layout, tmp_path), technology)
    assert sorted(map(_bare, direct)) == sorted(map(_bare, through))


# --- KiCad's side --------------------------------------------------------------------------------


def _judge(layouts: list[Layout], folder: Path, kicad: KicadCli) -> tuple[Panel, list[dict[str, Any]]]:
    """All layouts on one panel, and all that KiCad says of it."""
    files = [kicad_files(layout) for layout in layouts]
    made = panel([_only(board, ".kicad_pcb") for board in files])
    text = made.text.replace("(setup", f"(setup (solder_mask_min_width {WEB / MM})", 1)
    (folder / "panel.kicad_pcb").write_text(text, encoding="utf-8")
    for ending in (".kicad_pro", ".kicad_dru"):
        (folder / f"panel{ending}").write_text(_only(files[0], ending), encoding="utf-8")
    # Footprints are compared with their library: one library for each package name.
    rows = []
    for board in files:
        for name, content in board.items():
            if ".pretty/" in name:
                target = folder / name
                target.parent.mkdir(exist_ok=True)
                target.write_text(content, encoding="utf-8")
        library = next(name.split(".pretty/")[0] for name in board if ".pretty/" in name)
        rows.append(
            f'(lib (name "{library}")(type "KiCad")(uri "${{KIPRJMOD}}/{library}.pretty")(options "")(descr ""))'
        )
    (folder / "fp-lib-table").write_text("(fp_lib_table\n(version 7)\n" + "\n".join(rows) + "\n)\n", encoding="utf-8")
    said = kicad.drc(folder / "panel.kicad_pcb")
    return made, [*said["violations"], *said["unconnected_items"]]


def _only(files: dict[str, str], ending: str) -> str:
    (text,) = (content for name, content in files.items() if name.endswith(ending))
    return text


def _unit(entry: dict[str, Any], made: Panel) -> int:
    (unit,) = {made.owner[item["uuid"]] for item in entry["items"]}
    return unit


def _from_board(layout: Layout, folder: Path) -> Any:
    board = folder / "one.kicad_pcb"
    board.write_text(_only(kicad_files(layout), ".kicad_pcb"), encoding="utf-8")
    return read_board(board)


# --- agreement -----------------------------------------------------------------------------------


def _compare(case: Planted, ours: tuple[Violation, ...], theirs: list[dict[str, Any]], made: Panel, unit: int) -> None:
    assert ours, f"{case.name}: not seen by us"
    assert theirs, f"{case.name}: not seen by KiCad"
    assert {violation.rule for violation in ours} <= OURS[case.kind], case.name
    assert {entry["type"] for entry in theirs} <= KICAD[case.kind], case.name
    if case.kind == "open":
        assert Rule.OPEN in {violation.rule for violation in ours}
        assert "unconnected_items" in {entry["type"] for entry in theirs}
    assert _our_nets(ours) == _their_nets(theirs), case.name
    if case.kind != "open":  # KiCad names the two nearest ends, we the terminal that is cut off
        for entry in theirs:
            assert any(_same_place(made, unit, entry, violation) for violation in ours), f"{case.name}: {entry}"


def _our_nets(ours: tuple[Violation, ...]) -> set[str]:
    words = " ".join(thing for violation in ours for thing in violation.things)
    # A terminal of lane k is called by its bump or ball: "bump 2" and "ball A3" are of net N2.
    nets = set(re.findall(r"\bN\d+\b", words))
    nets |= {f"N{name}" for name in re.findall(r"\bbump (\d+)", words)}
    return nets | {f"N{int(name) - 1}" for name in re.findall(r"\bball A(\d+)", words)}


def _their_nets(theirs: list[dict[str, Any]]) -> set[str]:
    return {net for entry in theirs for item in entry["items"] for net in re.findall(r":(N\d+)\]", item["description"])}


def _same_place(made: Panel, unit: int, entry: dict[str, Any], violation: Violation) -> bool:
    """Our place is near every track, pad and via that KiCad names."""
    return all(
        _near(made, unit, item, violation.at) for item in entry["items"] if not item["description"].startswith("Rect")
    )


def _near(made: Panel, unit: int, item: dict[str, Any], at: Point) -> bool:
    spots = [_point(*spot) for spot in made.tracks.get(item["uuid"], ())]
    if not spots:
        centre = _point(*made.home(unit, item["pos"]["x"], item["pos"]["y"]))
        return at.distance(centre) <= LARGEST_PAD / 2 + NEAR
    piece = Arc(*spots) if len(spots) == 3 else Line(*spots)
    spot, track = tabulate([(at, 0)]), tabulate([(piece, 0)])
    return bool(breaches(spot, track, gaps(spot, track, NEAR), NEAR))


def _point(x: float, y: float) -> Point:
    """From the middle of KiCad's page [mm], y up."""
    return Point(round(x * MM) - SHEET_CENTRE.x, SHEET_CENTRE.y - round(y * MM))


def _bare(violation: Violation) -> tuple[str, str, Point, int, int]:
    return (
        str(violation.rule),
        violation.layer,
        violation.at,
        -1 if violation.measured is None else violation.measured,
        -1 if violation.required is None else violation.required,
    )
