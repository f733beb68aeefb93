"""Poured planes before KiCad's own rule check: clean and connected; and not connected once a plane is taken away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import samples
import shapely
from conftest import KicadCli

from kicad_rdl.check import check_layout
from kicad_rdl.geometry import Circle
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.model.layout import Layout, Plane
from kicad_rdl.model.package import Joint
from kicad_rdl.model.report import Rule
from kicad_rdl.route import planes
from kicad_rdl.route.islands import islands
from kicad_rdl.route.planes import PlaneRequest, Terminal, pour
from kicad_rdl.route.voids import Copper, Land, Run

LAYER = 3


def poured(layout: Layout, nets: tuple[str, ...], joint: Joint) -> Layout:
    """The layout with planes of our own on its last RDL, instead of those drawn by hand."""
    technology = layout.package.technology
    space, width = technology.metal(LAYER).space, technology.metal(LAYER).line
    lands = [(p.net, p.name, p.at, p.shape) for p in layout.pads if p.layer == LAYER]
    for k, via in enumerate(layout.vias):
        if LAYER in (via.layer, via.layer + 1):
            size = Circle(via.land if via.layer == LAYER else via.capture)
            lands.append((via.net, f"via {k}", via.at, size))
    requests = [
        PlaneRequest(net, tuple(Terminal(name, at, shape) for n, name, at, shape in lands if n == net), joint=joint)
        for net in nets
    ]
    obstacles: list[Copper] = [Land(at, shape, space, net) for net, _, at, shape in lands if net not in nets]
    obstacles += [Run(t.path, t.width, space, t.net) for t in layout.traces if t.layer == LAYER]
    half_x = layout.package.width / 2 - technology.edges.trace_to_package
    half_y = layout.package.height / 2 - technology.edges.trace_to_package
    boundary = shapely.box(-half_x, -half_y, half_x, half_y)
    found = pour(LAYER, requests, obstacles, boundary, min_width=width, clearance=space)
    assert islands({LAYER: requests}, found) == ()
    return replace(layout, planes=found, teardrops=())


def verdict(kicad_cli: KicadCli, folder: Path, layout: Layout) -> tuple[list[str], int]:
    """Types of all violations, and the number of missing connections."""
    for name, text in kicad_files(layout).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    report = kicad_cli.drc(next(folder.glob("*.kicad_pcb")))
    return [v["type"] for v in report["violations"]], len(report["unconnected_items"])


def split(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> tuple[Plane, ...]:
    monkeypatch.setattr(planes, "MOST_POINTS", 150)
    return poured(layout, ("VSS",), Joint.SOLID).planes


@pytest.mark.kicad
@pytest.mark.parametrize("joint", [Joint.SOLID, Joint.THERMAL])
def test_plane_is_clean(kicad_cli: KicadCli, tmp_path: Path, joint: Joint) -> None:
    layout = poured(samples.three_rdl(), ("VSS",), joint)
    assert check_layout(layout) == ()
    assert verdict(kicad_cli, tmp_path, layout) == ([], 0)


@pytest.mark.kicad
def test_two_nets_on_one_layer_are_clean(kicad_cli: KicadCli, tmp_path: Path) -> None:
    layout = poured(samples.three_rdl(), ("VDD", "VSS"), Joint.SOLID)
    assert {plane.net for plane in layout.planes} == {"VDD", "VSS"}
    assert check_layout(layout) == ()
    assert verdict(kicad_cli, tmp_path, layout) == ([], 0)


@pytest.mark.kicad
def test_split_plane_is_one_piece_for_kicad(
    kicad_cli: KicadCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = samples.three_rdl()
    pieces = split(layout, monkeypatch)
    assert len(pieces) > 2
    whole = replace(layout, planes=pieces, teardrops=())
    assert check_layout(whole) == ()
    assert verdict(kicad_cli, tmp_path / "whole", whole) == ([], 0)
    # the same without its planes: both judges miss the connection, so the verdict above means something
    bare = replace(whole, planes=())
    assert Rule.OPEN in {violation.rule for violation in check_layout(bare)}
    assert verdict(kicad_cli, tmp_path / "bare", bare)[1] > 0
