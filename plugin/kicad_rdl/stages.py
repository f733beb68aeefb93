"""Which stage of long work is running, and how long did each take?"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from kicad_rdl.model.report import Progress

TIMINGS = "timings.json"
"""File of the times, the only one of an output that differs from run to run."""

Listener: TypeAlias = Callable[[Progress], None] | None
"""Hears of progress. What it raises ends the work; nothing has been written then."""


def lateness(budget: float | None, stop: Callable[[], bool] = lambda: False) -> Callable[[], bool]:
    """Says when so many seconds from now are over, or the user has had enough."""
    end = math.inf if budget is None else time.monotonic() + budget
    return lambda: stop() or time.monotonic() > end


class Stages:
    """Announces stages and remembers how long they took."""

    def __init__(self, progress: Listener) -> None:
        self.timings: list[tuple[str, float]] = []
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Around the work of one stage."""
        if self._progress is not None:
            self._progress(Progress(name, 0, 0))
        begin = time.perf_counter()
        yield
        self.timings.append((name, round(time.perf_counter() - begin, 3)))

    @property
    def text(self) -> str:
        """The content of the file of the times."""
        return json.dumps({"seconds": dict(self.timings)}, indent=1) + "\n"
