"""What a command that wrote a folder says at its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kicad_rdl import terminal
from kicad_rdl.terminal import say

if TYPE_CHECKING:  # help waits for none of what this would load
    from kicad_rdl.model.report import KicadCheck


def say_written(
    summary: Sequence[str],
    output: Path,
    board: Path,
    kept: Sequence[str],
    timings: Sequence[tuple[str, float]],
) -> None:
    """The summary, what was kept of the user's files, times, and where the result is."""
    console = terminal.output()
    for line in summary:
        say(console, line)
    for name in kept:
        say(console, f"replaced a file that had been changed; the changed one is now {output / name}")
    say(console, "time: " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in timings))
    say(console, f"board: {board}")
    say(console, f"report: {output / 'report.json'}")


def say_unchecked(kicad: KicadCheck) -> None:
    """That KiCad's DRC was asked for and did not run: said even where nothing else is."""
    from kicad_rdl.report.phrases import not_run

    if kicad.version is None:
        say(terminal.errors(), not_run(kicad))
