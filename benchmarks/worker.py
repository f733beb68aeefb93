"""One row of the benchmark table, in a process of its own: ``python benchmarks/worker.py ROW FOLDER RESULT [PICTURE]``.

Routes, judges, writes the board into FOLDER and the outcome as JSON into RESULT. With ``warm`` alone: makes the machine
code, which later processes load.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import judge
from cases import write_job
from given import given_case
from one_layer import one_layer_job

from kicad_rdl.check import check_layout
from kicad_rdl.draw.svg import drawings
from kicad_rdl.errors import RdlError
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.kicad_cli.drc import drc
from kicad_rdl.model.report import KicadCheck
from kicad_rdl.pipeline import route_job, undeclared
from kicad_rdl.read.job import read_job

KICAD_NETS = 1_000
"""Rows up to this size are also judged by KiCad's DRC."""
WIDTH = 1_400
"""Pixels of a picture."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row has to say; lengths in mm."""

    nets: int = 0
    fits: int | None = None
    """What a cut bound says fits at most; None: it was not asked."""
    connected: int = 0
    violations: int | None = None
    kicad: str = "-"
    """``clean``, what KiCad found, or ``-`` where it was not asked."""
    length: float | None = None
    bound: float | None = None
    vias: int = 0
    route: float = 0.0
    """Seconds of the router."""
    cpu: float = 0.0
    """Its seconds of processor time, on all cores: what other work on the machine does not change."""
    whole: float = 0.0
    """Seconds from reading to the written files, without KiCad's DRC."""
    peak: float = 0.0
    """MiB."""
    note: str = ""
    failed: str = ""
    """Why there is no result."""

    @property
    def ratio(self) -> float | None:
        """Length over bound."""
        return self.length / self.bound if self.length is not None and self.bound else None


def routed_job(job_path: Path, folder: Path, ends: judge.Ends, picture: Path | None) -> Outcome:
    """Builds one job and judges it."""
    started = time.perf_counter()
    job = read_job(job_path)
    read, busy = time.perf_counter(), time.process_time()
    layout = route_job(job)
    routed, cpu = time.perf_counter(), time.process_time() - busy
    violations = check_layout(layout)
    files = kicad_files(layout)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    package = layout.package
    connected = judge.connected_nets(layout, violations)
    nets = judge.wanted_nets(package)
    kicad = "-"
    if nets <= 1.1 * KICAD_NETS:
        kicad = verdict(drc(files, next(name for name in files if name.endswith(".kicad_pcb"))))
    measured = connected - judge.planes(package)
    bound = judge.bound_of(layout, measured, ends)
    if picture is not None:
        reduced(drawings(layout, violations)["svg/all.svg"], picture)
    reasons = sorted({item.reason for item in layout.unrouted})
    return Outcome(
        nets=nets,
        connected=len(connected),
        violations=len(undeclared(layout, violations)),
        kicad=kicad,
        length=judge.copper_length(layout, measured, ends) / 1e6,
        bound=bound.total / 1e6,
        vias=len(layout.vias) - (len(package.balls) if package.has_ubm_layer else 0),
        route=routed - read,
        cpu=cpu,
        whole=done - started,
        peak=peak,
        note=f"open: {reasons[0]}" if reasons else "",
    )


def verdict(check: KicadCheck) -> str:
    """KiCad's word on a board."""
    if check.version is None:
        return "not run"
    return "clean" if check.clean else ", ".join(f"{item.count} {item.type}" for item in check.findings)


def reduced(svg: str, picture: Path) -> None:
    """An SVG as a small PNG, where the programs for it are installed."""
    if shutil.which("rsvg-convert") is None or shutil.which("convert") is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        source, large = Path(folder, "all.svg"), Path(folder, "all.png")
        source.write_text(svg, encoding="utf-8")
        subprocess.run(["rsvg-convert", "--width", str(WIDTH), source, "--output", large], check=True)
        palette = ["-strip", "+dither", "-colors", "64", "-define", "png:exclude-chunks=date,time"]
        subprocess.run(["convert", large, *palette, f"PNG8:{picture}"], check=True)


def warm_up(folder: Path) -> None:
    """Machine code is made or loaded here, not in the row."""
    folder.mkdir()
    route_job(read_job(one_layer_job(16, folder)))
    for angles in ("any", "45"):
        route_job(read_job(write_job(given_case(16, 0.5, angles=angles), folder / angles)))


def main() -> None:
    """Arguments: row, folder of the board, file of the result, and a picture or nothing."""
    from rows import ROWS  # rows know this module

    if sys.argv[1:] == ["warm"]:
        with tempfile.TemporaryDirectory() as scratch:
            warm_up(Path(scratch, "warm"))
        return
    name, folder, result, picture = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    row = next(row for row in ROWS if row.name == name)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            job = row.prepare(Path(scratch))
            warm_up(Path(scratch, "warm"))
            outcome = row.run(job, folder, Path(picture) if picture else None)
    except RdlError as error:
        outcome = Outcome(failed=str(error).replace(scratch, ""))
    result.write_text(json.dumps(asdict(outcome)), encoding="utf-8")


if __name__ == "__main__":
    main()
