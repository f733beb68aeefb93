"""Writing one file: the old one stands until the new one is whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.writing.disk import write_flushed


def replace_file(path: Path, data: bytes) -> None:
    """Writes one file: beside its place first, then into it by one rename.

    Raises:
        InputError: the folder does not exist or cannot be written, or the place is a folder.
    """
    try:
        place = Path(os.path.realpath(path))
    except OSError as error:  # a relative path, and the working directory is gone
        raise _refusal(path, error) from error
    if place.is_dir():
        raise InputError("is a folder; name a file in it", str(path))
    beside = place.with_name(f".{place.name}.kicad-rdl-new")
    try:
        write_flushed(beside, data)
        os.replace(beside, place)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise _refusal(path, error) from error


def _refusal(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot be written: {error.strerror or error}", str(path))
