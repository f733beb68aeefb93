"""Time is up, or the user stops: what is drawn by then is laid, legal, and what is open is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from jobs import write_job

from kicad_rdl import pipeline, stages
from kicad_rdl.cli.program import run
from kicad_rdl.cli.status import CLEAN, PROBLEMS
from kicad_rdl.read.job import read_job

BUMPS = "name,x_um,y_um,net\n" + "".join(
    f"b{row}{column},{150 * column - 225},{150 * row - 225},N{row}{column}\n" for row in range(4) for column in range(4)
)
JOB = """
name = "timed"
technology = "fanout-core-1rdl"
[package]
width = "4 mm"
height = "4 mm"
rdl_count = 1
[die]
bumps = "bumps.csv"
width = "800 um"
height = "800 um"
[balls]
pitch = "500 um"
columns = 7
rows = 7
style = "perimeter"
rings = 2
[routing]
"""


def test_when_time_is_up_the_result_is_legal_and_says_so(tmp_path: Path) -> None:
    path = write_job(tmp_path, JOB + "budget = 1\n", BUMPS)
    result = pipeline.build(path, tmp_path / "out", budget=0)
    assert result.report["routing"]["stopped_early"] is True
    assert result.violations == ()


def test_without_a_budget_nothing_stops_early(tmp_path: Path) -> None:
    result = pipeline.build(write_job(tmp_path, JOB, BUMPS), tmp_path / "out")
    assert result.report["routing"]["stopped_early"] is False
    assert result.layout.unrouted == ()


def test_what_the_job_says_is_kept(tmp_path: Path) -> None:
    assert read_job(write_job(tmp_path, JOB + "budget = 7\n", BUMPS)).package.budget == 7
    assert not stages.lateness(None)()
    assert stages.lateness(0.0)() or stages.lateness(-1.0)()
    assert stages.lateness(None, lambda: True)()


def test_a_build_can_be_given_a_budget(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_job(tmp_path, JOB, BUMPS)
    assert run(["build", str(path), "-o", str(tmp_path / "out"), "--budget", "0"]) in (CLEAN, PROBLEMS)
    assert "stopped before nothing was left to gain" in capsys.readouterr().out
