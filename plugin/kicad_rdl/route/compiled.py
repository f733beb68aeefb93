"""How a function becomes machine code, on every installation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Any:
    """Machine code at the first call, kept on disk where some folder can be written, else made anew in each process.

    numba looks for a folder beside the module, then in the user's home; where there is neither (a plugin installed for
    all users, run by one without a home), it refuses to keep anything.
    """
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(function)
