"""The button in KiCad's PCB editor: asks for a job file, builds it, shows the report, opens the result.

The only user of kipy (KiCad's official Python bindings) and of wx. What the user sees is behind ``Windows``; the flow
knows nothing of wx, so that it can be tested without a screen.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol, TypeAlias

from kicad_rdl import __version__
from kicad_rdl.errors import RdlError
from kicad_rdl.model.report import Progress
from kicad_rdl.pipeline import BuildResult, build
from kicad_rdl.stages import Listener

LOG = logging.getLogger("kicad_rdl")
Task: TypeAlias = Callable[[Path, Path, Listener], BuildResult]
"""Builds a job file into a folder."""

KICAD_TIMEOUT_MS = 10_000
"""kipy's own 2 s are too short for a KiCad that is still loading."""


class StoppedError(Exception):
    """The user pressed Cancel. Raised inside the progress callable, it ends the build; nothing has been written."""


@dataclass(frozen=True, slots=True)
class KiCad:
    """What the running KiCad told about itself; every answer may be missing."""

    board: Path | None = None
    """The board in the editor."""
    editor: str | None = None
    """The program that opens a board."""


@dataclass(frozen=True, slots=True)
class Done:
    """A finished build, in the words of the last window."""

    summary: str
    clean: bool
    board: Path
    folder: Path


class Windows(Protocol):
    """What the flow needs of a screen."""

    def ask_job(self, folder: Path | None) -> Path | None:
        """The job file the user chose; None: the user changed his mind."""

    def watch(self, work: Work) -> None:
        """Shows the progress until the work has ended, and cancels it when asked to."""

    def show(self, done: Done) -> str | None:
        """The summary; returns what to open: ``board``, ``folder`` or None."""

    def complain(self, message: str) -> None:
        """An error, in plain words."""


class Work:
    """A build in a thread of its own, so that the windows stay alive."""

    def __init__(self, task: Callable[[Listener], BuildResult]) -> None:
        self._task = task
        self._steps: SimpleQueue[Progress] = SimpleQueue()
        self._cancelled = threading.Event()
        self._result: BuildResult | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="build", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def cancel(self) -> None:
        """Asks the work to end at its next step."""
        self._cancelled.set()

    @property
    def running(self) -> bool:
        """Whether it is still under way."""
        return self._thread.is_alive()

    def last_step(self) -> Progress | None:
        """The newest step since the last call; None when there was none."""
        step = None
        while True:
            try:
                step = self._steps.get_nowait()
            except Empty:
                return step

    def result(self) -> BuildResult:
        """Waits for the end, and returns what was built or raises what went wrong."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def _progress(self, step: Progress) -> None:
        if self._cancelled.is_set():
            raise StoppedError
        self._steps.put(step)

    def _run(self) -> None:
        try:
            self._result = self._task(self._progress)
        except BaseException as error:  # belongs to whoever asks for the result
            self._error = error


def ask_kicad() -> KiCad:
    """Asks the KiCad that started this process; a KiCad that does not answer is not an error."""
    try:
        from kipy import KiCad as Connection

        connection = Connection(timeout_ms=KICAD_TIMEOUT_MS)
        editor = connection.get_kicad_binary_path("pcbnew")
        document = connection.get_board().document
        folder, name = document.project.path, document.board_filename
        return KiCad(Path(folder) / name if folder and name else None, editor or None)
    except Exception as error:  # kipy raises many kinds, also from its transport
        LOG.warning("KiCad did not answer: %s", error)
        return KiCad()


def output_folder(job: Path) -> Path:
    """Where the button builds a job: ``build/JOB`` beside it."""
    return job.parent / "build" / job.stem


def built(job: Path, folder: Path, progress: Listener) -> BuildResult:
    """The build of the button: with KiCad's own DRC, where kicad-cli is found."""
    return build(job, folder, kicad_check=True, progress=progress)


def run(windows: Windows, kicad: KiCad, log: str, task: Task = built) -> int:
    """One press of the button.

    Args:
        windows: what the user sees.
        kicad: what the running KiCad told.
        log: the log file, to be named in complaints.
        task: what builds a job into a folder.

    Returns:
        The status: 0 built and clean (or nothing chosen), 1 built with problems, 2 not built.
    """
    job = windows.ask_job(kicad.board.parent if kicad.board else None)
    if job is None:
        return 0
    folder = output_folder(job)
    LOG.info("building %s into %s", job, folder)
    work = Work(lambda progress: task(job, folder, progress))
    work.start()
    windows.watch(work)
    try:
        done = told(work.result(), kicad)
    except StoppedError:
        LOG.info("cancelled")
        return 0
    except RdlError as error:
        LOG.warning("refused: %s", error)
        windows.complain(f"This job cannot be built.\n\n{error}\n\nLog file: {log}")
        return 2
    except Exception as error:
        LOG.exception("failed")
        windows.complain(
            "Something went wrong inside kicad-rdl; this is a mistake of the program, not yours. What was built before "
            f"is untouched.\n\n{type(error).__name__}: {error}\n\nPlease report it with the log file: {log}"
        )
        return 2
    LOG.info("built: %s", done.summary.replace("\n", " | "))
    match windows.show(done):
        case "board":
            open_board(done.board, kicad.editor)
        case "folder":
            open_folder(done.folder)
    return 0 if done.clean else 1


def told(result: BuildResult, kicad: KiCad) -> Done:
    """The result in plain words."""
    verdict = "The package is built, and clean." if result.clean else "The package is built, but not clean."
    lines = [verdict, "", *result.summary, "", f"The project is in {result.output}"]
    if kicad.board is not None and kicad.board.resolve() == result.board.resolve():
        lines += [
            "",
            "This board is open in KiCad, which still shows the old one: close it without saving, open it again.",
        ]
    return Done("\n".join(lines), result.clean, result.board, result.output)


# --- opening what was built ------------------------------------------------------------------------------------------


def open_board(board: Path, editor: str | None) -> None:
    """Starts KiCad's PCB editor on a board, in a process that outlives this one."""
    start([editor or "pcbnew", str(board)])


def open_folder(folder: Path) -> None:
    """Shows a folder in the system's file manager."""
    if sys.platform == "win32":
        os.startfile(folder)
        return
    start(["open" if sys.platform == "darwin" else "xdg-open", str(folder)])


def start(command: list[str]) -> None:
    """Starts a program that does not belong to this plugin: the door to the running KiCad is not handed on.

    Raises:
        RdlError: there is no such program.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KICAD_API_")}
    try:
        subprocess.Popen(
            command,
            env=environment,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise RdlError(f"{command[0]} could not be started ({error.strerror}); open {command[1]} by hand") from error


# --- the windows -----------------------------------------------------------------------------------------------------


class WxWindows:
    """The windows, with wxPython. One ``wx.App`` lives as long as this value."""

    def __init__(self) -> None:
        import wx

        self._wx = wx
        self._app = wx.App()

    def ask_job(self, folder: Path | None) -> Path | None:
        """A file dialog."""
        wx = self._wx
        with wx.FileDialog(
            None,
            "Choose the job file of a package",
            defaultDir=str(folder or Path.home()),
            wildcard="Job files (*.toml)|*.toml|All files|*",
            style=wx.FD_OPEN | wx.FD_FILE_MUST_EXIST,
        ) as dialog:
            return Path(dialog.GetPath()) if dialog.ShowModal() == wx.ID_OK else None

    def watch(self, work: Work) -> None:
        """A progress window with a Cancel button."""
        wx = self._wx
        style = wx.PD_APP_MODAL | wx.PD_AUTO_HIDE | wx.PD_CAN_ABORT | wx.PD_ELAPSED_TIME
        scale = 1_000
        step = Progress("reading", 0, 0)
        wide = step.stage + " " * 60  # the first text sets the width of the window
        with wx.ProgressDialog("RDL: building", wide, maximum=scale, style=style) as dialog:
            while work.running:
                step = work.last_step() or step
                text = f"{step.stage[:1].upper()}{step.stage[1:]}"
                if step.total:
                    wanted, _ = dialog.Update(min(scale * step.done // step.total, scale - 1), text)
                else:
                    wanted, _ = dialog.Pulse(text)
                if not wanted:
                    work.cancel()
                    dialog.Update(dialog.GetValue(), "Stopping at the next step")
                    dialog.Resume()
                wx.MilliSleep(50)

    def show(self, done: Done) -> str | None:
        """The summary, with a button for each thing that can be opened."""
        wx = self._wx
        with wx.Dialog(None, title="RDL: report", style=wx.DEFAULT_DIALOG_STYLE | wx.RESIZE_BORDER) as dialog:
            art = wx.ART_INFORMATION if done.clean else wx.ART_WARNING
            icon = wx.StaticBitmap(dialog, bitmap=wx.ArtProvider.GetBitmap(art, wx.ART_MESSAGE_BOX))
            text = wx.StaticText(dialog, label=done.summary)
            text.Wrap(dialog.FromDIP(560))
            words = wx.BoxSizer(wx.HORIZONTAL)
            words.Add(icon, 0, wx.ALL, 12)
            words.Add(text, 1, wx.ALL | wx.EXPAND, 12)
            buttons = wx.BoxSizer(wx.HORIZONTAL)
            answers = {wx.ID_OPEN: "board", wx.ID_MORE: "folder"}
            for identifier, label in ((wx.ID_OPEN, "Open the &board"), (wx.ID_MORE, "Open the &folder")):
                button = wx.Button(dialog, identifier, label)
                button.Bind(wx.EVT_BUTTON, lambda event: dialog.EndModal(event.GetId()))
                buttons.Add(button, 0, wx.RIGHT, 8)
            close = wx.Button(dialog, wx.ID_CANCEL, "&Close")
            close.SetDefault()
            buttons.Add(close)
            rows = wx.BoxSizer(wx.VERTICAL)
            rows.Add(words, 1, wx.EXPAND)
            rows.Add(buttons, 0, wx.ALIGN_RIGHT | wx.ALL, 12)
            dialog.SetSizerAndFit(rows)
            dialog.Centre()
            return answers.get(dialog.ShowModal())

    def complain(self, message: str) -> None:
        """A message box."""
        wx = self._wx
        wx.MessageBox(message, "RDL: not built", wx.OK | wx.ICON_ERROR)


def main(log: str) -> int:
    """Runs the button; ``log`` is where its log file belongs."""
    try:
        os.makedirs(os.path.dirname(log), exist_ok=True)
        logging.basicConfig(
            filename=log, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
        )
    except OSError:
        pass  # without a log the button still works
    LOG.info("kicad-rdl %s, Python %s, %s", __version__, sys.version.split()[0], sys.platform)
    try:
        windows = WxWindows()
    except ImportError as error:
        LOG.exception("no wx")
        sys.stderr.write(f"kicad-rdl needs wxPython for its windows: {error}\n")
        return 2
    try:
        return run(windows, ask_kicad(), log)
    except Exception as error:
        LOG.exception("failed")
        windows.complain(f"{error}\n\nLog file: {log}")
        return 2
