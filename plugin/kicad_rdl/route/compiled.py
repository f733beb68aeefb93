"""How a function becomes machine code, on every installation."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import event
from numba.core.registry import CPUDispatcher

from kicad_rdl.model.report import Progress


def compiled(function: Callable[..., Any]) -> Any:
    """Machine code at the first call, kept on disk where some folder can be written, else made anew in each process.

    numba looks for a folder beside the module, then in the user's home; where there is neither (a plugin installed for
    all users, run by one without a home), it refuses to keep anything. What it keeps, it throws away when the module
    changes, but not when one changes whose functions are called or whose numbers are used (numba's documentation,
    "Caching Limitations"); so the name under which it is kept says what those were. It also names every named tuple
    there is: numba keeps the types of arguments by the places of their classes, and ends with an error, instead of
    making anew, where it finds one that has moved since.
    """
    return _made(function)


def lean(function: Callable[..., Any]) -> Any:
    """As ``compiled``, for functions that make no arrays (numba refuses others).

    A call otherwise counts a reference to every array of a tuple that it passes on, one atomic step each: with the two
    dozen arrays of a sketch that takes eight times as long as the work.
    """
    return _made(function, _nrt=False)


def inlined(function: Callable[..., Any]) -> Any:
    """As ``lean``, for steps of one loop: their code becomes part of who calls them.

    A call otherwise copies the address, the size and the strides of every array, which took as long as the work.
    """
    return _made(function, _nrt=False, forceinline=True)


def _made(function: Callable[..., Any], **options: bool) -> Any:
    function.__qualname__ = f"{function.__qualname__}.{_kept_by(function)}"
    made: Callable[..., Any] = numba.njit
    try:
        return made(cache=True, **options)(function)
    except RuntimeError:
        return made(**options)(function)


@contextmanager
def making_told(progress: Callable[[Progress], None] | None) -> Iterator[None]:
    """Says so while functions become machine code: the first use after an installation waits for that."""
    if progress is None:
        yield
        return
    with event.install_listener("numba:compile", _Making(progress)):
        yield


class _Making(event.Listener):
    def __init__(self, say: Callable[[Progress], None]) -> None:
        self._say = say
        self._count = 0

    def on_start(self, event: event.Event) -> None:
        self._count += 1
        self._say(Progress("make machine code, once per installation", self._count, 0))

    def on_end(self, event: event.Event) -> None:
        pass


def _kept_by(function: Callable[..., Any]) -> str:
    """A digest of the numbers and other modules' machine code that a function's module uses, and of named tuples."""
    others = {
        value.py_func.__code__.co_filename: value.py_func.__qualname__.partition(".")[2]
        for value in function.__globals__.values()
        if isinstance(value, CPUDispatcher) and value.py_func.__module__ != function.__module__
    }
    numbers = {name: value for name, value in function.__globals__.items() if isinstance(value, int | float)}
    digest = hashlib.sha256(repr((sorted(numbers.items()), _named_tuples())).encode())
    for name, beyond in sorted(others.items()):
        digest.update(Path(name).read_bytes() + beyond.encode())
    return digest.hexdigest()[:12]


@cache
def _named_tuples() -> list[tuple[str, str]]:
    """Module and name of every class whose values machine code may be given."""
    return sorted(
        (path.stem, name)
        for path in Path(__file__).parent.glob("*.py")
        for name in re.findall(r"^class (\w+)\(NamedTuple\)", path.read_text("utf-8"), re.MULTILINE)
    )
