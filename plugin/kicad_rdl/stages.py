"""Which stage of long work is running, and how long did each take?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from kicad_rdl.model.report import Progress

Listener: TypeAlias = Callable[[Progress], None] | None
"""Hears of progress. What it raises ends the work; nothing has been written then."""


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
