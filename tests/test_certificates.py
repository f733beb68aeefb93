"""Certificates: every plan leaves room at every gap and every near cut, every layout runs as its plan says.

Both are worked out again from coordinates and orders alone (``topology.py``); what the router notes down on the way is
not asked. First the oracles themselves: they must see what is wrong.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path as FilePath
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import topology
from layers import LINE, SPACE, each_layer, random_flow

from kicad_rdl.check import check_layout
from kicad_rdl.geometry import Circle, Path, Point
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.package import Angles, Package
from kicad_rdl.pipeline import undeclared
from kicad_rdl.read.job import read_job
from kicad_rdl.route import route
from kicad_rdl.route.estimate import estimate
from kicad_rdl.route.layer import LaidLayer, lay_layer
from kicad_rdl.route.tiles import Obstacle, Tiles, build_tiles
from kicad_rdl.route.uncross import Wire

EXAMPLES = FilePath(__file__).parents[1] / "examples"
NEAR = 2.0
"""Cuts up to so many times as long as the middle one of the gaps."""


@dataclass(frozen=True)
class Sketched:
    """The plan of one layer, and the paths it was laid as."""

    tiles: Tiles
    wires: tuple[Wire, ...]
    nets: tuple[str, ...]
    orders: Mapping[int, Sequence[int]]
    widths: tuple[float, ...]
    space: float
    paths: tuple[Path | None, ...]

    @property
    def reach(self) -> float:
        """Length of near cuts [nm]."""
        return NEAR * float(np.median(self.tiles.width[self.tiles.width > 0]))


def faults_of_plan(layer: Sketched) -> list[str]:
    """Wires and orders that contradict each other, wires that meet or cross, gaps and near cuts that are too full."""
    found = topology.faults_of_wires(layer.tiles, layer.wires, layer.orders)
    found += topology.shared_terminals(layer.wires, layer.nets)
    found += [str(crossing) for crossing in topology.crossings(layer.tiles, layer.wires, layer.orders)]
    found += topology.overfull(topology.gap_loads(layer.tiles, layer.orders, layer.widths, layer.space))
    cuts = topology.cut_loads(layer.tiles, layer.wires, layer.widths, layer.space, layer.reach)
    return found + topology.overfull(cuts)


def faults_of_copper(layer: Sketched) -> list[str]:
    """Where the copper is not what the plan says."""
    return topology.faults_of_copper(layer.tiles, layer.wires, layer.orders, layer.paths)


def routed(package: Package) -> tuple[Layout, list[Sketched]]:
    """The layout, and for each layer the sketch it was laid from last."""
    last: dict[int, Sketched] = {}

    def watched(
        tiles: Tiles,
        wires: Sequence[Wire],
        nets: Sequence[str],
        orders: Mapping[int, Sequence[int]],
        widths: Sequence[float],
        space: float,
        *rest: Any,
    ) -> LaidLayer:
        laid = lay_layer(tiles, wires, nets, orders, widths, space, *rest)
        last[id(tiles)] = Sketched(tiles, tuple(wires), tuple(nets), dict(orders), tuple(widths), space, laid.paths)
        return laid

    users = [m for name, m in sorted(sys.modules.items()) if name.startswith("kicad_rdl.") and hasattr(m, "lay_layer")]
    assert len(users) > 1
    patches = [patch.object(module, "lay_layer", watched) for module in users]
    for one in patches:
        one.start()
    try:
        layout = route(package)
    finally:
        for one in patches:
            one.stop()
    return layout, [layer for layer in last.values() if layer.wires]


@cache
def example(name: str, angles: Angles) -> tuple[Layout, list[Sketched]]:
    return routed(replace(read_job(EXAMPLES / f"{name}.toml").package, angles=angles))


each_example = pytest.mark.parametrize(
    ("name", "angles"),
    [
        ("caravel/fanout", Angles.ANY),
        ("caravel/fanout", Angles.OCTILINEAR),
        ("area_array/a16_2rdl", Angles.ANY),
        ("area_array/a16_2rdl", Angles.OCTILINEAR),
        ("area_array/a16_3rdl", Angles.OCTILINEAR),
    ],
)

# --- the oracles ------------------------------------------------------------------------------------------------------


def pads(*places: tuple[int, int], size: int = 40_000) -> list[Obstacle]:
    return [Obstacle(Point(x, y), Circle(size), None, f"p{k}") for k, (x, y) in enumerate(places)]


def scene() -> tuple[Tiles, list[Wire], dict[int, list[int]], list[Path | None]]:
    """Two pads in the middle, 160 um apart, and two wires between them, from left to right."""
    obstacles = pads((0, 100_000), (0, -100_000), *((x, y) for x in (-400_000, 400_000) for y in (-60_000, 60_000)))
    tiles = build_tiles(obstacles, 700_000, 700_000, SPACE, 25_000)
    paths: list[Path | None] = [
        Path.through(Point(-400_000, y), Point(-100_000, y // 3), Point(100_000, y // 3), Point(400_000, y))
        for y in (-60_000, 60_000)
    ]
    wires: list[Wire] = []
    orders: dict[int, list[int]] = {}
    for k, path in enumerate(paths):
        assert path is not None
        start, end = 2 + k, 4 + k
        gaps = topology.reduced(tiles, topology.gaps_of_path(tiles, path), start, end)
        wires.append(Wire(k, k, start, end, gaps, topology.tiles_of_gaps(tiles, start, end, gaps)))
        for gap in gaps:
            orders.setdefault(gap, []).append(k)
    for gap, order in orders.items():
        place = {k: dict(topology.crossings_of_gaps(tiles, paths[k]))[gap] for k in order}  # type: ignore[arg-type]
        order.sort(key=place.__getitem__)
    return tiles, wires, orders, paths


def test_a_sound_scene_has_no_faults() -> None:
    tiles, wires, orders, paths = scene()
    assert topology.faults_of_wires(tiles, wires, orders) == []
    assert topology.crossings(tiles, wires, orders) == []
    assert topology.faults_of_copper(tiles, wires, orders, paths) == []
    assert topology.overfull(topology.gap_loads(tiles, orders, [LINE] * 2, SPACE)) == []
    assert topology.overfull(topology.cut_loads(tiles, wires, [LINE] * 2, SPACE, 500_000)) == []


def test_two_nets_at_one_terminal_are_seen() -> None:
    _, wires, _, _ = scene()
    assert topology.shared_terminals(wires, ["a", "b"]) == []
    meeting = [wires[0], replace(wires[1], end=wires[0].end)]
    assert topology.shared_terminals(meeting, ["a", "a"]) == []
    assert len(topology.shared_terminals(meeting, ["a", "b"])) == 1


def test_exchanged_wires_are_seen() -> None:
    tiles, wires, orders, paths = scene()
    between = next(gap for gap, order in orders.items() if len(order) == 2)
    wrong = orders | {between: orders[between][::-1]}
    assert any(fault.startswith(f"gap {between}") for fault in topology.faults_of_copper(tiles, wires, wrong, paths))


def test_a_wire_on_the_other_side_is_seen() -> None:
    tiles, wires, orders, paths = scene()
    above = Path.through(Point(-400_000, 60_000), Point(-300_000, 200_000), Point(300_000, 200_000), paths[1].end)  # type: ignore[union-attr]
    assert topology.faults_of_copper(tiles, wires, orders, [paths[0], above])
    # a detour that goes round nothing is the same wire
    bent = Path.through(
        Point(-400_000, 60_000),
        Point(-100_000, 20_000),
        Point(60_000, 20_000),
        Point(60_000, 30_000),
        Point(-60_000, 30_000),
        Point(-60_000, 40_000),
        Point(100_000, 40_000),
        Point(400_000, 60_000),
    )
    assert topology.faults_of_copper(tiles, wires, orders, [paths[0], bent]) == []


@pytest.mark.parametrize(("width", "fits"), [(65_000, True), (65_001, False)])
def test_a_cut_is_full_to_the_nanometre(width: int, fits: bool) -> None:
    """160 um between the pads: two lines of 65 um and three spaces of 10 um."""
    tiles, wires, _, _ = scene()
    near = topology.overfull(topology.cut_loads(tiles, wires, [width] * 2, SPACE, 500_000))
    assert any("p0 to p1" in fault for fault in near) != fits


def test_cuts_behind_an_obstacle_and_across_it_are_none() -> None:
    tiles = build_tiles(pads((-100_000, 0), (0, 5_000), (100_000, 0)), 400_000, 400_000, SPACE, 25_000)
    cuts = {(cut.start, cut.end) for cut in topology.near_cuts(tiles, 1_000_000, SPACE)}
    assert (0, 1) in cuts
    assert (1, 2) in cuts
    assert (0, 2) not in cuts
    assert {cut.start for cut in topology.near_cuts(tiles, 1_000_000, SPACE) if cut.end < 0} == {0, 1, 2}


@each_layer
def test_what_must_cross_a_cut_is_what_copper_shows(seed: int) -> None:
    """Counted from the sketch by tiles, and from the copper by coordinates."""
    flow = random_flow(seed)
    wires, orders = flow.plan.wires[0], flow.plan.orders[0]
    nets = [str(flow.group[wire.source]) for wire in wires]
    laid = lay_layer(flow.tiles, wires, nets, orders, [LINE] * len(wires), SPACE)
    for cut in topology.near_cuts(flow.tiles, 200_000, SPACE):
        counted = topology.wires_across(flow.tiles, wires, cut)
        for number, (wire, path) in enumerate(zip(wires, laid.paths, strict=True)):
            if path is not None and not {wire.start, wire.end} & {cut.start, cut.end}:
                assert topology.crossings_of_copper(flow.tiles, path, cut) == counted.get(number, 0)


# --- plans ------------------------------------------------------------------------------------------------------------


@each_layer
def test_flows_leave_room_at_every_gap(seed: int) -> None:
    flow = random_flow(seed)
    loads = topology.gap_loads(flow.tiles, flow.plan.orders[0], [LINE] * len(flow.plan.wires[0]), SPACE)
    assert topology.overfull(loads) == []


@pytest.mark.parametrize(("name", "longest"), [("area_array/a16_2rdl", 1.09), ("area_array/a16_3rdl", 1.03)])
def test_arrays_are_routed_entirely_at_45_degrees(name: str, longest: float) -> None:
    layout = example(name, Angles.OCTILINEAR)[0]
    assert not layout.unrouted
    assert math.fsum(each.length or 0.0 for each in layout.connections) < longest * layout.lower_bound


@each_example
def test_plans_keep_all_cuts(name: str, angles: Angles) -> None:
    _, layers = example(name, angles)
    assert layers
    for layer in layers:
        assert faults_of_plan(layer) == []


@each_example
def test_layouts_run_as_planned(name: str, angles: Angles) -> None:
    layout, layers = example(name, angles)
    laid = 0
    for layer in layers:
        assert faults_of_copper(layer) == []
        laid += sum(path is not None for path in layer.paths)
    # and what was laid is what is written
    lengths = {round(trace.path.length) for trace in layout.traces}
    planes = {plane.layer for plane in layout.planes}
    written = [path for layer in layers for path in layer.paths if path is not None and round(path.length) in lengths]
    assert planes or len(written) == laid
    assert len(layout.traces) >= len(written) > 0


@pytest.mark.parametrize(("name", "signals"), [("area_array/a32_2rdl", 356), ("area_array/a32_3rdl", 512)])
def test_large_arrays_have_as_many_signals_as_the_maximum_flow(name: str, signals: int) -> None:
    """1,024 bumps, 512 signals: all that fit are laid, and what is left over has the cut for its reason."""
    package = read_job(EXAMPLES / f"{name}.toml").package
    assert sum(estimate(package).on_layer) == signals
    layout = route(package)
    assert {item.reason.split(":")[0] for item in layout.unrouted} <= {f"512 connections want a ball, {signals} fit"}
    assert len(layout.unrouted) == 512 - signals
    assert undeclared(layout, check_layout(layout)) == ()
