"""Writing the output of a command into a folder; refusals in the user's words."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kicad_rdl.errors import InputError, RdlError
from kicad_rdl.writing.exchange import exchanged
from kicad_rdl.writing.guard import locked, signals_wait
from kicad_rdl.writing.journal import finish_journal, journalled
from kicad_rdl.writing.plan import MANIFEST, planned


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did; names relative to the folder, sorted."""

    files: tuple[str, ...]
    removed: tuple[str, ...]
    """Of an earlier run, no longer made."""
    kept: tuple[str, ...]
    """Copies of files that the user had changed and this run replaced."""


def check_output(directory: Path) -> None:
    """Says early, before any long work, that a folder cannot take output.

    Raises:
        InputError: it is a file, or it (or the nearest folder above it that exists) cannot be written.
    """
    try:
        place = Path(os.path.realpath(directory))  # fails for a relative path where the working directory is gone
        while not place.exists():
            place = place.parent
    except OSError as error:
        raise _refusal(directory, error) from error
    if not place.is_dir():
        raise InputError("is a file, not a folder; choose another folder with --output", str(place))
    if not os.access(place, os.W_OK | os.X_OK):
        raise InputError("this folder cannot be written; choose another one with --output", str(place))


def write_outputs(
    directory: Path, files: Mapping[str, str], *, group: str = "build", volatile: Collection[str] = ()
) -> Written:
    """Writes a set of files as the new output of ``group`` in a folder; see the module for the promise.

    Args:
        directory: the folder; made where it does not exist.
        files: relative names with ``/``, and their text (written as UTF-8, line ends as they are).
        group: commands that share a folder (``build``, ``footprint``) each replace only their own files.
        volatile: names whose content changes from run to run, so that no hash of it is remembered.

    Raises:
        InputError: the folder cannot be written, is in use by another kicad-rdl, or holds a folder where a file goes.
    """
    for name in files:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or name in ("", MANIFEST):
            raise RdlError(f'"{name}" is not a name for a file of the output')
    check_output(directory)
    place = Path(os.path.realpath(directory))
    try:
        place.mkdir(parents=True, exist_ok=True)
        with locked(place):
            finish_journal(place)
            plan = planned(place, {name: text.encode() for name, text in files.items()}, group, volatile)
            with signals_wait():
                if not exchanged(place, plan):
                    journalled(place, plan)
    except OSError as error:
        raise _refusal(directory, error) from error
    return Written(tuple(sorted(files)), plan.stale, plan.kept)


def _refusal(directory: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot be written: {error.strerror or error}; choose another folder with --output", str(directory)
    )
