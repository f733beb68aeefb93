"""One press of the button, with windows made for the test: no screen, no KiCad."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import samples

from kicad_rdl import live
from kicad_rdl.errors import InputError, RdlError
from kicad_rdl.live import Done, KiCad, Work
from kicad_rdl.model.report import KicadCheck, Progress
from kicad_rdl.pipeline import BuildResult
from kicad_rdl.stages import Listener
from kicad_rdl.writing.output import Written

LOG = "/somewhere/button.log"


class Script:
    """Windows that answer as written down, and remember what they were told."""

    def __init__(self, job: Path | None, answer: str | None = None, cancel: bool = False) -> None:
        self.job, self.answer, self.cancel = job, answer, cancel
        self.folder: Path | None = None
        self.shown: list[Done] = []
        self.complaints: list[str] = []

    def ask_job(self, folder: Path | None) -> Path | None:
        self.folder = folder
        return self.job

    def watch(self, work: Work) -> None:
        if self.cancel:
            work.cancel()
        while work.running:
            time.sleep(0.005)

    def show(self, done: Done) -> str | None:
        self.shown.append(done)
        return self.answer

    def complain(self, message: str) -> None:
        self.complaints.append(message)


def result_in(folder: Path) -> BuildResult:
    layout = samples.one_rdl()
    written = Written((f"{layout.package.name}.kicad_pcb", "report.json"), (), ())
    return BuildResult(layout, (), KicadCheck("9.0.8"), {}, folder, written, ())


def builds(job: Path, folder: Path, progress: Listener) -> BuildResult:
    assert progress is not None
    progress(Progress("routing", 1, 2))
    return result_in(folder)


def raises(error: Exception) -> Callable[[Path, Path, Listener], BuildResult]:
    def task(job: Path, folder: Path, progress: Listener) -> BuildResult:
        raise error

    return task


def test_no_job_chosen_is_no_error(tmp_path: Path) -> None:
    windows = Script(None)
    assert live.run(windows, KiCad(board=tmp_path / "a.kicad_pcb"), LOG, raises(AssertionError())) == 0
    assert windows.folder == tmp_path
    assert windows.shown == []
    assert windows.complaints == []


def test_a_built_job_is_shown_with_its_summary_and_place(tmp_path: Path) -> None:
    windows = Script(tmp_path / "fanout.toml")
    assert live.run(windows, KiCad(), LOG, builds) == 0
    (done,) = windows.shown
    assert done.clean
    assert done.folder == tmp_path / "build" / "fanout"
    assert done.board.parent == done.folder
    assert done.summary.startswith("The package is built, and clean.")
    assert "violations: none" in done.summary
    assert str(done.folder) in done.summary
    assert "open in KiCad" not in done.summary


def test_the_board_that_is_open_is_named_as_stale(tmp_path: Path) -> None:
    board = result_in(tmp_path / "build" / "fanout").board
    windows = Script(tmp_path / "fanout.toml")
    live.run(windows, KiCad(board=board), LOG, builds)
    assert "close it without saving" in windows.shown[0].summary


def test_refused_input_is_told_in_the_readers_words(tmp_path: Path) -> None:
    windows = Script(tmp_path / "fanout.toml")
    error = InputError('bump "B7" is 12 um from "B6"', "bumps.csv", 14)
    assert live.run(windows, KiCad(), LOG, raises(error)) == 2
    (message,) = windows.complaints
    assert 'bumps.csv:14: bump "B7" is 12 um from "B6"' in message
    assert LOG in message
    assert windows.shown == []


def test_a_bug_is_owned_and_leads_to_the_log(tmp_path: Path) -> None:
    windows = Script(tmp_path / "fanout.toml")
    assert live.run(windows, KiCad(), LOG, raises(ZeroDivisionError("division by zero"))) == 2
    (message,) = windows.complaints
    assert "mistake of the program, not yours" in message
    assert "ZeroDivisionError: division by zero" in message
    assert LOG in message


def test_cancel_ends_the_work_at_its_next_step(tmp_path: Path) -> None:
    steps: list[int] = []
    cancelled = threading.Event()

    def endless(job: Path, folder: Path, progress: Listener) -> BuildResult:
        assert progress is not None
        assert cancelled.wait(10)
        while True:
            steps.append(1)
            progress(Progress("routing", 1, 2))

    class Cancelling(Script):
        def watch(self, work: Work) -> None:
            work.cancel()
            cancelled.set()
            super().watch(work)

    windows = Cancelling(tmp_path / "fanout.toml")
    assert live.run(windows, KiCad(), LOG, endless) == 0
    assert steps == [1]
    assert windows.shown == []
    assert windows.complaints == []


def test_the_newest_step_is_what_the_window_shows() -> None:
    def task(progress: Listener) -> BuildResult:
        assert progress is not None
        for done in range(3):
            progress(Progress("routing", done, 3))
        return result_in(Path())

    work = Work(task)
    work.start()
    work.result()
    assert work.last_step() == Progress("routing", 2, 3)
    assert work.last_step() is None


@pytest.mark.parametrize("answer", ["board", "folder"])
def test_what_the_user_wants_to_open_is_started(answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(live, "start", started.append)
    monkeypatch.setattr(sys, "platform", "linux")
    live.run(Script(tmp_path / "fanout.toml", answer), KiCad(editor="/opt/kicad/pcbnew"), LOG, builds)
    folder = tmp_path / "build" / "fanout"
    board = str(result_in(folder).board)
    assert started == [["/opt/kicad/pcbnew", board] if answer == "board" else ["xdg-open", str(folder)]]


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(RdlError, match=r"no-such-editor could not be started .* open board.kicad_pcb by hand"):
        live.start(["no-such-editor", "board.kicad_pcb"])


def test_the_door_to_the_running_kicad_is_not_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KICAD_API_TOKEN", "secret")
    target = tmp_path / "environment.json"
    code = f"import json, os, pathlib; pathlib.Path({str(target)!r}).write_text(json.dumps(dict(os.environ)) + ' ')"
    live.start([sys.executable, "-c", code])
    end = time.monotonic() + 30
    while not (target.exists() and target.read_text().endswith(" ")):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert not [key for key in json.loads(target.read_text()) if key.startswith("KICAD_API_")]
    assert "KICAD_API_TOKEN" in os.environ


def test_a_kicad_that_does_not_answer_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KICAD_API_SOCKET", f"ipc://{tmp_path}/nobody.sock")
    assert live.ask_kicad() == KiCad()
