"""Who may disturb a write: neither a second kicad-rdl nor a signal."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kicad_rdl.errors import InputError

if sys.platform != "win32":
    import fcntl


LOCK = ".kicad-rdl-lock"
"""Stands in the folder where folders themselves cannot be locked (Windows), while it is written into."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps a second kicad-rdl out of a folder; the lock ends with the process, however it ends."""
    if sys.platform == "win32":
        try:
            with FileLock(folder / LOCK, timeout=0):
                yield
        except Timeout:
            raise _in_use(folder) from None
    else:
        while True:
            handle = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                raise _in_use(folder) from None
            if os.fstat(handle).st_ino == os.stat(folder).st_ino:
                break
            os.close(handle)  # the folder was exchanged between opening and locking it
        try:
            yield
        finally:
            os.close(handle)


def _in_use(folder: Path) -> InputError:
    return InputError("another kicad-rdl is writing into this folder; wait for it", str(folder))


@contextmanager
def signals_wait() -> Iterator[None]:
    """Ctrl-C and a polite end of the process wait until the output is whole."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
