"""A screen of its own: Xvfb, a window manager, a mouse and a keyboard."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

WIDTH, HEIGHT = 1600, 1000
Found = TypeVar("Found")


def wait_for(what: str, look: Callable[[], Found | None], limit: float, pause: float = 0.5) -> Found:
    """Looks until something is there; after ``limit`` seconds the test fails and says what was missing."""
    end = time.monotonic() + limit
    while True:
        found = look()
        if found is not None:
            return found
        assert time.monotonic() < end, f"waited {limit:.0f} s in vain for {what}"
        time.sleep(pause)


@dataclass(frozen=True)
class Screen:
    display: str

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"DISPLAY": self.display}

    def _run(self, *command: str) -> bytes:
        return subprocess.run(command, env=self.environment, capture_output=True, check=False, timeout=60).stdout

    def picture(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self._run("import", "-window", "root", str(target))

    def centre_of(self, colour: str) -> tuple[int, int] | None:
        """The middle of all pixels that have exactly this colour (``#rrggbb``); None where there are few."""
        raw = self._run("import", "-window", "root", "-depth", "8", "rgb:-")
        if len(raw) != WIDTH * HEIGHT * 3:
            return None
        pixels = np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH, 3)
        rows, columns = np.nonzero((pixels == np.frombuffer(bytes.fromhex(colour[1:]), np.uint8)).all(axis=2))
        return (round(columns.mean()), round(rows.mean())) if len(rows) >= 20 else None

    def window(self, title: str) -> str | None:
        """The visible window whose title contains the text."""
        found = self._run("xdotool", "search", "--onlyvisible", "--name", title).decode().split()
        return found[0] if found else None

    def titles(self) -> list[str]:
        windows = self._run("xdotool", "search", "--onlyvisible", "--name", ".").decode().split()
        return sorted({self._run("xdotool", "getwindowname", window).decode().strip() for window in windows})

    def process_of(self, window: str) -> int:
        return int(self._run("xdotool", "getwindowpid", window))

    def click(self, x: int, y: int) -> None:
        self._run("xdotool", "mousemove", str(x), str(y), "sleep", "0.3", "click", "1")

    def press(self, *keys: str) -> None:
        self._run("xdotool", "key", "--delay", "60", *keys)

    def type(self, text: str) -> None:
        self._run("xdotool", "type", "--delay", "15", text)

    def focus(self, window: str) -> None:
        self._run("xdotool", "windowactivate", "--sync", window)


@contextmanager
def screen() -> Iterator[Screen]:
    """Starts Xvfb on a free display, and openbox: without a window manager modal windows get no keys."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb did not start"
        made = Screen(f":{number}")
        manager = subprocess.Popen(
            ["openbox"], env=made.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield made
        finally:
            end(manager)
    finally:
        end(server)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that this test started."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
