"""The real thing: KiCad on a screen, the plugin from its package, a mouse that clicks the button.

KiCad makes the plugin's Python environment at its first start (pip, needs the network); it is kept under
``build/live`` for the next run. Pictures of every window are left there too.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import script
from editor import EMPTY_BOARD, ROOT, Home, end_owner_of, make_home, pcb_editor
from screen import Screen, screen, wait_for

pytestmark = [pytest.mark.live, pytest.mark.kicad]

BALL = "#e8590c"
"""Colour of the balls of the icon (``tools/icons.py``); nothing else in KiCad has it."""
ENVIRONMENT_SECONDS = 300
"""For KiCad to make the plugin's Python environment; 45 s here."""
PROGRAMS = ("Xvfb", "openbox", "xdotool", "import", "pcbnew")
PICTURES = ROOT / "build" / "live"


@dataclass(frozen=True)
class Session:
    """A KiCad with the button in sight."""

    screen: Screen
    home: Home
    button: tuple[int, int]

    def press(self, job: Path) -> None:
        """Clicks the button and gives the file dialog a path, as a user would."""
        self.screen.focus(self.window("PCB Editor"))
        self.screen.click(*self.button)
        self.screen.focus(self.window("Choose the job file"))
        self.screen.type(str(job))
        time.sleep(0.5)  # the dialog completes what is typed
        self.screen.press("Return")

    def window(self, title: str, limit: float = 60) -> str:
        return wait_for(f'the window "{title}"', lambda: self.screen.window(title), limit)

    def gone(self, title: str) -> None:
        wait_for(f'"{title}" to close', lambda: None if self.screen.window(title) else True, 30)

    def log(self) -> str:
        return self.home.log.read_text(encoding="utf-8") if self.home.log.exists() else ""

    def picture(self, name: str) -> None:
        time.sleep(0.5)  # a window is there before it is drawn
        self.screen.picture(PICTURES / f"{name}.png")


def package(folder: Path) -> Path:
    """The plugin's package, made now."""
    plugin: Path = script("tools/pcm.py").write_packages(folder)[0]
    return plugin


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; the button was not tried in a real KiCad")
    folder = tmp_path_factory.mktemp("live")
    board = folder / "empty.kicad_pcb"
    board.write_text(EMPTY_BOARD, encoding="utf-8")
    home = make_home(folder / "home", package(folder / "dist"))
    with screen() as made, pcb_editor(made, home, board):
        try:
            button = wait_for("the button", lambda: made.centre_of(BALL), ENVIRONMENT_SECONDS)
        except AssertionError:
            made.picture(PICTURES / "no-button.png")
            raise
        yield Session(made, home, button)


def test_the_button_builds_a_job_and_opens_the_board(session: Session, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "caravel", tmp_path / "caravel", ignore=shutil.ignore_patterns("build"))
    session.press(tmp_path / "caravel" / "fanout.toml")
    try:
        session.window("RDL: report", limit=180)
    finally:
        session.picture("report")
    output = tmp_path / "caravel" / "build" / "fanout"
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    assert report["connections"]["routed"] == report["connections"]["total"] > 0
    assert report["checks"]["kicad"]["run"]
    assert report["clean"], session.log()
    (board,) = output.glob("*.kicad_pcb")
    assert board.with_suffix(".kicad_pro").exists()
    assert board.with_suffix(".kicad_dru").exists()
    session.screen.press("alt+b")
    opened = session.window(f"{board.stem} — PCB Editor")
    try:
        wait_for("the board to be drawn", lambda: None if session.screen.window("Loading") else True, 60)
        time.sleep(2)
        # the project opens without a complaint: no window but the two editors
        assert session.screen.titles() == sorted(["empty — PCB Editor", f"{board.stem} — PCB Editor"])
    finally:
        session.picture("board")
        end_owner_of(session.screen, opened)
    session.gone(f"{board.stem} — PCB Editor")


def test_a_broken_job_is_refused_in_plain_words(session: Session, tmp_path: Path) -> None:
    job = tmp_path / "broken.toml"
    job.write_text('name = "broken"\n[package\n', encoding="utf-8")
    session.press(job)
    session.window("RDL: not built")
    session.picture("refused")
    assert f"refused: {job}:2" in session.log()
    assert not (tmp_path / "build").exists()
    session.screen.press("Return")
    session.gone("RDL: not built")


def test_cancel_ends_a_long_build_and_leaves_nothing(session: Session, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "area_array", tmp_path / "area_array", ignore=shutil.ignore_patterns("build"))
    session.press(tmp_path / "area_array" / "a32_3rdl.toml")
    session.screen.focus(session.window("RDL: building"))
    session.picture("building")
    session.screen.press("alt+c")
    session.gone("RDL: building")
    wait_for("the end in the log", lambda: True if "cancelled" in session.log() else None, 10)
    assert session.screen.titles() == ["empty — PCB Editor"]
    assert not (tmp_path / "area_array" / "build").exists()
