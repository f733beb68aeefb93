"""How a function becomes machine code, on every installation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.registry import CPUDispatcher


def compiled(function: Callable[..., Any]) -> Any:
    """Machine code at the first call, kept on disk where some folder can be written, else made anew in each process.

    numba looks for a folder beside the module, then in the user's home; where there is neither (a plugin installed for
    all users, run by one without a home), it refuses to keep anything. What it keeps, it throws away when the module
    changes, but not when one changes whose functions are called (numba's documentation, "Caching Limitations"); so
    the name under which it is kept says what those were.
    """
    called = _called(function)
    if called:
        function.__qualname__ = f"{function.__qualname__}.{called}"
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(function)


def _called(function: Callable[..., Any]) -> str:
    """A digest of the other modules whose machine code a function's module uses, and of what these use; "": none."""
    others = {
        value.py_func.__code__.co_filename: value.py_func.__qualname__.partition(".")[2]
        for value in function.__globals__.values()
        if isinstance(value, CPUDispatcher) and value.py_func.__module__ != function.__module__
    }
    if not others:
        return ""
    digest = hashlib.sha256()
    for name, beyond in sorted(others.items()):
        digest.update(Path(name).read_bytes() + beyond.encode())
    return digest.hexdigest()[:12]
