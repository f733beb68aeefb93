"""Prints the benchmark table: ``python benchmarks/run.py [--row GLOB] [--full] [--boards DIR] [--pictures]``.

Every row runs in a process of its own with a time limit. Nothing is asserted; seconds are this machine's. Rows print as
they finish, the table follows at the end.

    python benchmarks/run.py --row 'blackparrot_*_any' --row caravel_wlcsp
    python benchmarks/run.py --boards build/bench
    python benchmarks/run.py --pictures --markdown build/table.md
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from rows import ROWS, Goal, Row
from worker import Outcome

HERE = Path(__file__).resolve().parent
PICTURES = HERE.parent / "docs" / "pictures"
COLUMNS = (
    *("input", "nets", "cut bound", "connected", "ours", "KiCad", "length [mm]", "bound [mm]", "ratio", "from", "vias"),
    *("must", "aim", "route [s]", "CPU [s]", "all [s]", "MiB"),
)


def outcome_of(row: Row, boards: Path, pictures: bool, limit: float | None) -> Outcome:
    """Runs a row in a process of its own."""
    if row.needs is not None and not row.needs.exists():
        return Outcome(failed=f"{row.needs.name} is not there: ../shared/data is absent")
    folder = boards / row.name
    folder.mkdir(parents=True, exist_ok=True)
    picture = PICTURES / f"bench_{row.name}.png" if pictures else ""
    seconds = limit or row.seconds
    with TemporaryDirectory() as scratch:
        result = Path(scratch, "outcome.json")
        command = [sys.executable, str(HERE / "worker.py"), row.name, str(folder), str(result), str(picture)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        ) as process:
            try:
                told, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return Outcome(failed=f"timeout after {seconds:g} s")
            except KeyboardInterrupt:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if not result.exists():
            lines = told.strip().splitlines()
            return Outcome(failed=f"status {process.returncode}: {lines[-1] if lines else ''}")
        return Outcome(**json.loads(result.read_text(encoding="utf-8")))


def goals(wanted: Sequence[Goal], outcome: Outcome) -> str:
    """All goals, and whether they are met."""
    if not wanted:
        return ""
    if outcome.failed:
        return "no: " + ", ".join(goal.text for goal in wanted)
    missed = [goal.text for goal in wanted if not goal.met(outcome)]
    return "no: " + ", ".join(missed) if missed else "yes: " + ", ".join(goal.text for goal in wanted)


def cells(row: Row, outcome: Outcome) -> tuple[str, ...]:
    """The row as text."""
    if outcome.failed:
        missed = goals(row.must, outcome), goals(row.aim, outcome)
        return (row.name, *[""] * 4, outcome.failed, *[""] * 5, *missed, "", "", "", "")
    return (
        *(row.name, str(outcome.nets), "-" if outcome.fits is None else str(outcome.fits), str(outcome.connected)),
        *(str(outcome.violations), outcome.kicad),
        f"{outcome.length:.3f}" if outcome.length is not None else "-",
        f"{outcome.bound:.3f}" if outcome.bound is not None else "-",
        f"{outcome.ratio:.4f}" if outcome.ratio is not None else "-",
        *(row.ends, str(outcome.vias), goals(row.must, outcome), goals(row.aim, outcome)),
        *(f"{outcome.route:.2f}", f"{outcome.cpu:.2f}", f"{outcome.whole:.2f}", f"{outcome.peak:.0f}"),
    )


def line(row: Row, outcome: Outcome) -> str:
    """The row in words, as it finishes."""
    if outcome.failed:
        return f"{row.name}: {outcome.failed}"
    found = f"{outcome.connected} of {outcome.nets} nets, {outcome.violations} violations, KiCad: {outcome.kicad}"
    ratio = f"{outcome.ratio:.4f} x bound" if outcome.ratio is not None else "no bound"
    said = f"{row.name}: {found}, {ratio}, {outcome.route:.1f} s ({outcome.cpu:.1f} CPU), {outcome.peak:.0f} MiB"
    return f"{said}; {outcome.note}" if outcome.note else said


def growth(outcomes: dict[str, Outcome]) -> list[str]:
    """How the router's processor time grows from about 1,000 nets to 10,000: the power."""
    told = []
    for label, few, many in (
        *((f"given, disorder {d}", f"given_1024_d{d}", f"given_10000_d{d}") for d in ("0", "0.1", "0.5")),
        ("free, one layer", "one_layer_1000", "one_layer_10000"),
    ):
        a, b = outcomes.get(few), outcomes.get(many)
        if a is None or b is None or a.failed or b.failed:
            continue
        power = math.log(b.cpu / a.cpu) / math.log(b.nets / a.nets)
        told.append(
            f"growth of processor time from {a.nets} to {b.nets} nets, {label}: power {power:.2f} (at most 1.3)"
        )
    return told


def markdown(rows: Sequence[tuple[str, ...]]) -> str:
    """The table as it stands in docs/benchmarks.md."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "/") for cell in row) + " |\n" for row in lines)


def main() -> None:
    """Runs the rows that were asked for."""
    parser = argparse.ArgumentParser(description="Prints the benchmark table.")
    parser.add_argument("--row", action="append", metavar="GLOB", help="only rows of such names; may be repeated")
    parser.add_argument("--full", action="store_true", help="also the rows that take long and are in no comparison")
    parser.add_argument("--boards", type=Path, metavar="DIR", help="keep every case as a KiCad project in DIR/ROW")
    parser.add_argument("--pictures", action="store_true", help="draw docs/pictures/bench_ROW.png of every row")
    parser.add_argument("--limit", type=float, metavar="SECONDS", help="time limit of every row")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table as Markdown")
    parser.add_argument("--list", action="store_true", help="only name the rows")
    asked = parser.parse_args()
    globs = asked.row or ["*"]
    chosen = [
        row
        for row in ROWS
        if any(fnmatchcase(row.name, glob) for glob in globs) and (asked.row or asked.full or not row.full)
    ]
    if asked.list:
        print("\n".join(row.name for row in chosen))
        return
    console = Console(width=max(Console().width, 200))
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; seconds by the clock"
    )
    subprocess.run([sys.executable, str(HERE / "worker.py"), "warm"], check=False)  # what fails here fails in the rows
    outcomes: dict[str, Outcome] = {}
    table = Table(*COLUMNS, title="Benchmarks")
    with TemporaryDirectory() as scratch:
        for row in chosen:
            outcome = outcome_of(row, asked.boards or Path(scratch), asked.pictures, asked.limit)
            outcomes[row.name] = outcome
            console.print(line(row, outcome), highlight=False, markup=False)
            table.add_row(*cells(row, outcome))
    console.print(table)
    if asked.markdown:
        told = [cells(row, outcomes[row.name]) for row in chosen]
        asked.markdown.write_text(markdown(told), encoding="utf-8", newline="\n")
    for text in growth(outcomes):
        console.print(text, highlight=False)


if __name__ == "__main__":
    main()
