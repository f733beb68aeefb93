"""Prints the benchmark tables: ``python benchmarks/run.py [--full]``. Nothing is asserted; seconds are this machine's.

The ratio is the length of the copper over what it is held against: the straight distances of the pairs that were routed
(what the report calls the lower bound), and the cheapest matching of all pairs that could have been routed.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import flow as flow_benchmark
import numpy as np
from one_layer import one_layer_job
from rich.console import Console
from rich.table import Table

from kicad_rdl.check import check_layout
from kicad_rdl.errors import RdlError
from kicad_rdl.geometry import circumradius
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.package import Angles
from kicad_rdl.read.job import read_job
from kicad_rdl.route import route
from kicad_rdl.route.bound import matching_bound

EXAMPLES = Path(__file__).parent.parent / "examples"
JOBS = (
    "caravel/fanout.toml",
    "caravel/fanout_2rdl.toml",
    "area_array/a16_2rdl.toml",
    "area_array/a16_3rdl.toml",
    "area_array/a32_2rdl.toml",
    "area_array/a32_3rdl.toml",
)
SIZES = (64, 256, 1_000)
FULL_SIZES = (*SIZES, 2_000, 5_000, 10_000)


@dataclass(frozen=True, slots=True)
class Run:
    """One job, routed, checked and written into memory."""

    layout: Layout
    seconds: tuple[float, float, float, float]
    """Read, route, check, write."""
    violations: int


def run(job: Path) -> Run:
    times = [time.perf_counter()]
    package = read_job(job).package
    times.append(time.perf_counter())
    layout = route(package)
    times.append(time.perf_counter())
    violations = check_layout(layout)
    times.append(time.perf_counter())
    kicad_files(layout)
    times.append(time.perf_counter())
    read, routed, checked, written = (b - a for a, b in pairwise(times))
    return Run(layout, (read, routed, checked, written), len(violations))


def free_bound(layout: Layout) -> float | None:
    """The cheapest matching of the signals that were routed to any balls [nm]; None where balls are restricted."""
    package = layout.package
    if any(rule.allowed is not None for rule in package.nets):
        return None
    routed = {connection.net for connection in layout.connections if connection.length is not None}
    bumps = [bump for _, bump in package.bumps if bump.net in routed]
    if len(bumps) != len(routed):
        return None  # trees and planes have lengths of their own
    balls = [ball for ball in package.balls if not ball.nc]
    return matching_bound(
        np.array([(bump.at.x, bump.at.y) for bump in bumps]),
        np.array([(ball.at.x, ball.at.y) for ball in balls]),
        metric="euclid" if package.angles is Angles.ANY else "octilinear",
        source_radius=np.array([circumradius(package.land(bump)) for bump in bumps]),
        sink_radius=package.ball.pad / 2,
    ).total


def ratio(length: float, bound: float | None) -> str:
    return f"{length / bound:.4f}" if bound else "-"


def table(title: str) -> Table:
    return Table(
        *("input", "RDLs", "nets", "most that fit", "routed", "open", "violations", "fullest"),
        *("length [mm]", "/ straight", "/ matching", "read", "route", "check", "write", "us/net", "exponent"),
        title=title,
    )


def add(rows: Table, name: str, done: Run, before: tuple[int, float] | None) -> tuple[int, float]:
    layout = done.layout
    routed = [connection for connection in layout.connections if connection.length is not None]
    length = sum(connection.length or 0.0 for connection in routed)
    nets, seconds = len(layout.package.nets), done.seconds[1]
    rows.add_row(
        *(name, str(layout.package.rdl_count), str(nets), str(layout.maximum_flow), str(len(routed))),
        *(str(len(layout.unrouted)), str(done.violations)),
        f"{layout.fullest.load:.0%}" if layout.fullest else "-",
        f"{length / 1e6:.3f}",
        *(ratio(length, layout.lower_bound), ratio(length, free_bound(layout))),
        *(f"{part:.2f}" for part in done.seconds),
        *(f"{seconds / nets * 1e6:.0f}", flow_benchmark.exponent(before, (nets, seconds))),
    )
    return nets, seconds


def attempts(console: Console, jobs: Iterator[tuple[str, Path]]) -> Iterator[tuple[str, Run]]:
    for name, job in jobs:
        try:
            with console.status(name):
                done = run(job)
        except RdlError as error:
            console.print(f"{name}: {error}")
            continue
        yield name, done


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints the benchmark tables.")
    parser.add_argument("--full", action="store_true", help="up to 10,000 signals: minutes")
    full = parser.parse_args().full
    console = Console(width=max(Console().width, 190))
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; seconds by the clock"
    )
    with tempfile.TemporaryDirectory() as folder:
        run(one_layer_job(16, Path(folder)))  # machine code is made here, not in the first row
        rows = table("Examples")
        for name, done in attempts(console, ((name, EXAMPLES / name) for name in JOBS)):
            add(rows, name, done, None)
        console.print(rows)
        rows = table("Area die to balls around it, one layer, line/space 5/5 um")
        sizes = FULL_SIZES if full else SIZES
        before: tuple[int, float] | None = None
        for name, done in attempts(console, ((f"{n} signals", one_layer_job(n, Path(folder))) for n in sizes)):
            before = add(rows, name, done, before)
        console.print(rows)
    flow_benchmark.measure(console, (1_000, 5_000, 10_000) if full else (1_000, 2_000))


if __name__ == "__main__":
    main()
