"""First way: the folder is exchanged for a new one in one step."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from kicad_rdl.writing.disk import fill, flush, flush_folders, folders_of
from kicad_rdl.writing.guard import locked
from kicad_rdl.writing.plan import Plan

CARRIED_LIMIT = 1_000
"""Most files of the user's that are linked into a new folder; beyond it the journal is the better way."""


def exchanged(place: Path, plan: Plan) -> bool:
    """Whether the folder could be exchanged for a new one."""
    if not sys.platform.startswith("linux") or place.parent == place or _is_working_directory(place):
        return False
    stage = place.parent / f".{place.name}.kicad-rdl-new"
    try:
        if stage.exists():  # of a run that was killed: either never used, or the old output after the exchange
            shutil.rmtree(stage)
        carried = _carried(place, {*plan.files, *plan.stale})
        if carried is None:
            return False
        stage.mkdir()
        try:
            fill(stage, plan.files)
            for name, is_directory in carried:
                if is_directory:
                    (stage / name).mkdir(parents=True, exist_ok=True)
                    shutil.copystat(place / name, stage / name, follow_symlinks=False)
                else:
                    (stage / name).parent.mkdir(parents=True, exist_ok=True)
                    os.link(place / name, stage / name, follow_symlinks=False)
            shutil.copystat(place, stage)
            owner = place.stat()
            os.chown(stage, owner.st_uid, owner.st_gid)
            flush_folders(stage)
            with locked(stage):  # so that nobody starts on the new folder before the old one is gone
                _exchange(stage, place)
                flush(place.parent)
                _rescue(stage, place, {*plan.files, *plan.stale})
                shutil.rmtree(stage, ignore_errors=True)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError:
        return False
    return True


def _carried(place: Path, ours: Collection[str]) -> list[tuple[str, bool]] | None:
    """The user's files and folders (name, whether a folder) in a folder; None if there are too many.

    A folder that holds files of ours is not the user's: it comes with what is in it, and goes with it.
    """
    our_folders = folders_of(ours)
    found: list[tuple[str, bool]] = []
    for root, directories, names in os.walk(place):
        directories.sort()
        above = Path(root).relative_to(place)
        for name in directories:
            path = (above / name).as_posix()
            if path not in our_folders:
                found.append((path, not (place / path).is_symlink()))
        found += [(path, False) for path in ((above / name).as_posix() for name in sorted(names)) if path not in ours]
        if len(found) > CARRIED_LIMIT:
            return None
    return found


def _rescue(old: Path, new: Path, ours: Collection[str]) -> None:
    """Moves over what another program put into the old folder while the new one was being made."""
    for name, is_directory in _carried(old, ours) or []:
        source, target = old / name, new / name
        if is_directory:
            target.mkdir(exist_ok=True)
        elif not os.path.lexists(target) or source.lstat().st_ino != target.lstat().st_ino:
            os.replace(source, target)


def _is_working_directory(place: Path) -> bool:
    """Whether a process stands in the folder: an exchange would leave it in a folder that is deleted."""
    for process in os.listdir("/proc"):
        if process.isdigit():
            with suppress(OSError):
                current = Path(os.readlink(f"/proc/{process}/cwd"))
                if current == place or place in current.parents:
                    return True
    return False


def _exchange(one: Path, other: Path) -> None:
    """Swaps two names of one file system in one step."""
    at_current, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of <fcntl.h> and <linux/fs.h>
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        raise OSError(errno.ENOSYS, "no renameat2") from None
    if rename(at_current, os.fsencode(one), at_current, os.fsencode(other), exchange) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
