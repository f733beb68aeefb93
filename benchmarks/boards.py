"""Rows that are boards: routed by ``kicad-rdl route``, judged on the file that it wrote."""

from __future__ import annotations

import math
import resource
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from judge import distance
from peers import most_on
from worker import Outcome, reduced

from kicad_rdl.board_pipeline import BoardResult, RouteOptions, route_open
from kicad_rdl.check import check_artwork
from kicad_rdl.geometry import Arc, Circle, Line, Point
from kicad_rdl.kicad_cli.drc import drc
from kicad_rdl.model.artwork import CopperKind
from kicad_rdl.model.open_board import OpenBoard
from kicad_rdl.model.report import Rule
from kicad_rdl.read.open_board import open_board_of


def routed_board(path: Path, folder: Path, picture: Path | None) -> Outcome:
    """Routes one board and judges the file that was written."""
    busy = time.process_time()
    result = route_open(path, folder, RouteOptions())
    cpu = time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = dict(result.timings)
    done = open_board_of(result.path.read_text(encoding="utf-8"), result.path)
    open_nets = {
        item.things[0].removeprefix("net ")
        for item in check_artwork(done.artwork, result.rules.technology)
        if item.rule is Rule.OPEN
    }
    ends = terminals(done)
    connected = sorted(net for net, pads in ends.items() if len(pads) > 1 and net not in open_nets)
    length = math.fsum(
        copper.skeleton.length
        for copper in done.copper
        if copper.kind is CopperKind.TRACE and copper.net in connected and isinstance(copper.skeleton, (Line, Arc))
    )
    dot = Circle(1)
    bound = math.fsum(distance((ends[net][0], dot), (ends[net][1], dot), "euclid", "centres") for net in connected)
    fits = most_on(path.stem)
    if picture is not None:
        draw_board(result.path, picture)
    return Outcome(
        nets=sum(len(pads) > 1 for pads in ends.values()),
        fits=fits,
        connected=len(connected),
        violations=len(result.verdict.new),
        kicad=verdict(path, result),
        length=length / 1e6,
        bound=bound / 1e6,
        vias=len(done.artwork.holes),
        route=seconds["routing"],
        cpu=cpu,
        whole=math.fsum(seconds.values()),
        peak=peak,
        note=next((item["reason"] for item in result.report["connections"]["open"]), ""),
    )


def terminals(board: OpenBoard) -> dict[str, list[Point]]:
    """The pads of every net; all nets of these boards have two."""
    found: dict[str, list[Point]] = defaultdict(list)
    for pad in board.pads:
        if pad.net is not None:
            found[pad.net].append(pad.at)
    return dict(sorted(found.items()))


def verdict(before: Path, result: BoardResult) -> str:
    """What KiCad finds on the written board and did not find on the old one; what is open is told in any case."""
    findings = []
    for path in (before, result.path):
        beside = {item.name: item.read_text(encoding="utf-8") for item in (path, path.with_suffix(".kicad_pro"))}
        check = drc(beside, path.name)
        if check.version is None:
            return "not run"
        findings.append({item.type: item.count for item in check.findings})
    old, new = findings
    told = {
        kind: count - (0 if kind == "unconnected_items" else old.get(kind, 0)) for kind, count in sorted(new.items())
    }
    return ", ".join(f"{count} {kind}" for kind, count in told.items() if count > 0) or "clean"


def draw_board(board: Path, picture: Path) -> None:
    """KiCad's own drawing of the board."""
    with tempfile.TemporaryDirectory() as folder:
        svg = Path(folder, "board.svg")
        layers = ["--layers", "F.Cu,In1.Cu,In2.Cu,B.Cu,Edge.Cuts", "--mode-single", "--page-size-mode", "2"]
        options = [*layers, "--exclude-drawing-sheet", "--output", str(svg), str(board)]
        subprocess.run(["kicad-cli", "pcb", "export", "svg", *options], check=True, capture_output=True)
        reduced(svg.read_text(encoding="utf-8"), picture)
