"""From a job to files: the only caller of readers, router, checker and writers. It reads like the flow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kicad_rdl.check import check_artwork, check_layout
from kicad_rdl.draw.svg import drawings, estimate_drawing
from kicad_rdl.errors import InputError, ModelError, RdlError
from kicad_rdl.exchange.ballmap import ball_map_csv
from kicad_rdl.kicad.project import footprint_files, kicad_files
from kicad_rdl.kicad_cli.drc import NOT_ASKED, drc
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.report import KicadCheck, RefusedCount, Rule, Violation
from kicad_rdl.read.board import read_board
from kicad_rdl.read.job import Job, read_job
from kicad_rdl.read.technology import load_technology
from kicad_rdl.report.data import report_of
from kicad_rdl.report.figures import is_clean
from kicad_rdl.report.forecast import Attempt, Forecast
from kicad_rdl.report.text import report_text
from kicad_rdl.report.words import summary
from kicad_rdl.route import route
from kicad_rdl.route.compiled import making_told
from kicad_rdl.route.estimate import Estimate, estimate
from kicad_rdl.stages import TIMINGS, Listener, Stages, lateness
from kicad_rdl.writing.one_file import replace_file
from kicad_rdl.writing.output import Written, check_output, write_outputs


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A build that came to its end, clean or not."""

    layout: Layout
    violations: tuple[Violation, ...]
    kicad: KicadCheck
    report: dict[str, Any]
    """What ``report.json`` says."""
    output: Path
    written: Written
    timings: tuple[tuple[str, float], ...]
    """Stage and seconds, in the order of the flow."""
    refused: tuple[RefusedCount, ...] = ()
    """Numbers of RDLs that do not do."""
    notes: tuple[str, ...] = ()
    """What was simplified or passed over in the files of the job."""

    @property
    def clean(self) -> bool:
        """Everything routed and nothing violated."""
        return is_clean(self.layout, self.violations, self.kicad)

    @property
    def board(self) -> Path:
        """The board file."""
        return self.output / _board_name(self.written.files)

    @property
    def summary(self) -> tuple[str, ...]:
        """The report in words, line by line."""
        return summary(self.layout, self.violations, self.kicad, refused=self.refused, notes=self.notes)


def build(
    job_path: Path,
    output: Path,
    *,
    kicad_check: bool = False,
    progress: Listener = None,
    budget: float | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> BuildResult:
    """Builds a job into a folder, whole or not at all (``writing``).

    Args:
        job_path: the job file.
        output: the folder; files of the user's in it survive.
        kicad_check: also run KiCad's own DRC on the result.
        progress: hears of every step.
        budget: seconds for routing, instead of the job's own.
        stop: says that the user wants what is drawn so far.

    Raises:
        RdlError: the job cannot be used, or the folder cannot be written.
    """
    clock = Stages(progress)
    check_output(output)
    with clock.stage("reading"):
        job = read_job(job_path)
    with clock.stage("routing"), making_told(progress):
        choice = choose(job, progress, lateness(job.package.budget if budget is None else budget, stop))
    return _delivered(choice, output, clock, kicad_check, job_path.name, job)


def deliver(
    layout: Layout, output: Path, *, kicad_check: bool = False, job: str = "", progress: Listener = None
) -> BuildResult:
    """The second half of ``build``: checks a layout, wherever it comes from, and writes everything."""
    return _delivered(Choice(layout, ()), output, Stages(progress), kicad_check, job, None)


def _delivered(
    choice: Choice, output: Path, clock: Stages, kicad_check: bool, name: str, job: Job | None
) -> BuildResult:
    layout = choice.layout
    auto_rdl, notes = (job.auto_rdl, job.notes) if job is not None else (False, ())
    with clock.stage("checking"):
        violations = undeclared(layout, check_layout(layout))
    with clock.stage("drawing"):
        files = output_files(layout, violations)
    kicad = NOT_ASKED
    if kicad_check:
        with clock.stage("KiCad check"):
            kicad = drc(files, _board_name(files))
    report = report_of(layout, violations, kicad, job=name, auto_rdl=auto_rdl, refused=choice.refused, notes=notes)
    files["report.json"] = report_text(report)
    files[TIMINGS] = clock.text
    with clock.stage("writing"):
        written = write_outputs(output, files, group="build", volatile=(TIMINGS,))
    return BuildResult(layout, violations, kicad, report, output, written, tuple(clock.timings), choice.refused, notes)


def undeclared(layout: Layout, violations: Sequence[Violation]) -> tuple[Violation, ...]:
    """The violations without the opens that the layout itself declares as unrouted.

    The checker sees copper only, so it finds every gap. A net with more gaps than it declares keeps them all.
    """
    declared = Counter(f"net {item.net}" for item in layout.unrouted)
    found = Counter(item.things[0] for item in violations if item.rule is Rule.OPEN)
    return tuple(
        item for item in violations if item.rule is not Rule.OPEN or found[item.things[0]] > declared[item.things[0]]
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """The layout that was taken, and why fewer RDLs do not do."""

    layout: Layout
    refused: tuple[RefusedCount, ...]
    """Smaller numbers of RDLs, least first; larger ones too, where none connects everything."""


def route_job(job: Job, progress: Listener = None) -> Layout:
    """The layout of ``choose``, within the job's budget."""
    return choose(job, progress, lateness(job.package.budget)).layout


def choose(job: Job, progress: Listener = None, late: Callable[[], bool] = lambda: False) -> Choice:
    """The layout with the least number of RDLs that connects everything; else the one that leaves least unrouted.

    Numbers of RDLs that cannot be enough, as the maximum flow says, are not tried, but the last one always is. Once it
    is late no further number is tried.
    """
    best: Layout | None = None
    reasons: dict[int, str] = {}
    try:
        for count in range(1, job.rdl_counts[-1] + 1) if job.auto_rdl else job.rdl_counts:
            last = count == job.rdl_counts[-1]
            try:
                package = job.with_rdl_count(count)
            except InputError as error:
                if last:
                    raise
                reasons[count] = error.reason
                continue
            if not last and (reason := _too_few(estimate(package))) is not None:
                reasons[count] = reason
                continue
            layout = route(package, progress, late)
            if layout.unrouted:
                reasons[count] = _left_open(layout)
            if best is None or len(layout.unrouted) < len(best.unrouted):
                best = layout
            if not best.unrouted or late():
                break
    except ModelError as error:
        raise InputError(str(error), str(job.path)) from None
    assert best is not None
    reasons.pop(best.package.rdl_count, None)
    return Choice(best, tuple(RefusedCount(count, reasons[count]) for count in sorted(reasons)))


def _too_few(found: Estimate) -> str | None:
    """Why this number of RDLs cannot be enough; None: it may be."""
    if found.enough:
        return None
    if found.settled_fits < found.settled:
        room = sum(cut.fits for cut in found.wall)
        why = f"{found.wall[0].needed} nets must cross a wall that {room} traces can cross"
        return f"{found.settled_fits} of {found.settled} connections with settled ends fit at most: {why}"
    if found.fits < found.wanted:
        fit = sum(cut.fits for cut in found.cuts)
        cut = f"; the minimum cut goes through {len(found.cuts)} gaps, which {fit} traces pass" if found.cuts else ""
        free, free_fits = found.wanted - found.settled, found.fits - found.settled_fits
        return f"{free_fits} of {free} connections fit (maximum flow){cut}"
    return f"too few balls are left for {', '.join(found.homeless)}"


def _left_open(layout: Layout) -> str:
    first = layout.unrouted[0]
    end = "any ball" if first.end is None else first.end
    return f"{len(layout.unrouted)} connections stay open, such as {first.net} ({first.start} to {end}): {first.reason}"


def output_files(layout: Layout, violations: Sequence[Violation]) -> dict[str, str]:
    """Every file that follows from the layout: relative name and text."""
    return {**kicad_files(layout), **drawings(layout, violations), "ballmap.csv": ball_map_csv(layout)}


def estimate_job(job_path: Path, progress: Listener = None) -> Forecast:
    """What can be said before routing: every number of RDLs, from one to the least that is enough and is asked for."""
    job = read_job(job_path)
    asked = job.package.rdl_count
    attempts: list[Attempt] = []
    with making_told(progress):
        for count in range(1, len(job.package.technology.metals) + 1):
            attempts.append(_attempt(job, count, progress))
            if attempts[-1].enough and (job.auto_rdl or count >= asked):
                break
    return Forecast(job.package, job.auto_rdl, tuple(attempts))


def draw_forecast(forecast: Forecast, path: Path) -> None:
    """Draws the package and the gaps of the bottleneck.

    Raises:
        InputError: the file cannot be written.
    """
    replace_file(path, estimate_drawing(forecast.package, forecast.asked.bottleneck).encode())


def _attempt(job: Job, count: int, progress: Listener) -> Attempt:
    try:
        found = estimate(job.with_rdl_count(count), progress)
    except RdlError as error:
        return Attempt(count, refusal=str(error))
    carried = tuple((f"RDL{layer}", wires) for layer, wires in enumerate(found.on_layer, 1))
    return Attempt(
        count,
        found.wanted,
        found.fits,
        carried,
        found.cuts,
        found.homeless,
        settled=found.settled,
        settled_fits=found.settled_fits,
        wall=found.wall,
        shut=found.shut,
        finer=found.finer,
    )


def check_board(board: Path, technology: str) -> tuple[Violation, ...]:
    """Our checker on any board file; ``technology`` is a name or a path."""
    return check_artwork(read_board(board), load_technology(technology, Path()))


def write_footprints(job_path: Path, output: Path) -> Written:
    """Only the footprints and the symbol of a job, without routing; the symbol shows the nets whose ball is given."""
    check_output(output)
    package = read_job(job_path).package
    return write_outputs(output, footprint_files(package, package.given), group="footprint")


def _board_name(files: Sequence[str] | dict[str, str]) -> str:
    return next(name for name in files if name.endswith(".kicad_pcb"))
