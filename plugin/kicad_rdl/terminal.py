"""What the command line looks like: progress, tables, messages. Bars on a terminal, plain lines in a pipe."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from kicad_rdl.units import format_length

if TYPE_CHECKING:  # the model brings numpy and shapely, and help must be quick
    from kicad_rdl.model.report import Progress
    from kicad_rdl.model.technology import Technology

PIPE_WIDTH = 200
"""Columns of a table that goes into a file or another program: nobody wants it folded at 80."""


def output() -> Console:
    """Results: standard output."""
    return _console(sys.stdout.isatty())


def errors() -> Console:
    """Progress and complaints: standard error."""
    return _console(sys.stderr.isatty(), stderr=True)


def _console(terminal: bool, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=None if terminal else PIPE_WIDTH)


def say(console: Console, line: str, style: str = "") -> None:
    """One line, never folded or cut, and nothing in it taken for mark-up."""
    console.print(Text(line, style=style), soft_wrap=True)


@contextmanager
def progress_shown(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A listener for progress: a bar on a terminal, one line for each stage in a pipe, nothing when quiet."""
    console = errors()
    if quiet:
        yield None
    elif console.is_terminal:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Bars(*columns, console=console, transient=True) as bars:
            yield _bar_for_each_stage(bars)
    else:
        yield _line_for_each_stage(console)


@contextmanager
def stopped_gently() -> Iterator[Callable[[], bool]]:
    """Says whether Ctrl-C was pressed; pressed again, it ends the work as ever."""
    pressed: list[bool] = []
    before = signal.getsignal(signal.SIGINT)

    def press(_number: int, _frame: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(True)
        # no print: the handler may have interrupted one
        os.write(2, b"\nstopping: what is drawn so far is laid; Ctrl-C once more writes nothing\n")

    mine = before is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if mine:  # who ignores Ctrl-C, or handles it, goes on to do so
        signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(pressed)
    finally:
        if mine:
            signal.signal(signal.SIGINT, before)


def _bar_for_each_stage(bars: Bars) -> Callable[[Progress], None]:
    tasks: dict[str, TaskID] = {}

    def listen(step: Progress) -> None:
        for stage, task in tasks.items():
            if stage != step.stage:
                bars.update(task, visible=False)
        if step.stage not in tasks:
            tasks[step.stage] = bars.add_task(step.stage, total=None)
        bars.update(tasks[step.stage], completed=step.done, total=step.total or None, visible=True)

    return listen


def _line_for_each_stage(console: Console) -> Callable[[Progress], None]:
    seen: set[str] = set()

    def listen(step: Progress) -> None:
        if step.stage not in seen:
            seen.add(step.stage)
            say(console, step.stage)

    return listen


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> Table:
    """A table of texts; the columns in ``numbers`` are set to the right."""
    made = Table(title=Text(title, style="bold"), title_justify="left", header_style="bold", box=None, pad_edge=False)
    for index, heading in enumerate(headings):
        made.add_column(Text(heading), justify="right" if index in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def technologies_table(technologies: Sequence[Technology]) -> Table:
    """The shipped decks, one line each."""
    rows = [
        (
            deck.name,
            deck.title,
            str(len(deck.metals)),
            ", ".join(f"{format_length(metal.line)}/{format_length(metal.space)}" for metal in deck.metals),
            ", ".join(format_length(row.pitch) for row in deck.balls),
        )
        for deck in technologies
    ]
    return table("", ("name", "title", "RDLs", "line/space [um]", "least ball pitch [um]"), rows, numbers=(2,))


def technology_table(deck: Technology) -> Table:
    """Every value of a deck with unit, status and source."""
    rows = [(value.key, f"{value.number:g}", value.unit, value.status.value, value.source) for value in deck.provenance]
    return table(f"{deck.name}: {deck.title}", ("key", "value", "unit", "status", "source"), rows, numbers=(1,))
