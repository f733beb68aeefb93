"""Files and folders that are on the disk when a function returns, not only on their way to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath


def fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes every file, in the order of the names."""
    for name, data in sorted(files.items()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_flushed(folder / name, data)


def write_flushed(path: Path, data: bytes) -> None:
    """When it returns, a loss of power does not lose the bytes; the name needs ``flush`` of the folder."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def flush_folders(folder: Path) -> None:
    """The folder and all below it."""
    for root, _, _ in os.walk(folder):
        flush(Path(root))


def flush(folder: Path) -> None:
    """The names in a folder; where the file system does not offer it, nothing."""
    if sys.platform == "win32":
        return  # Windows cannot open a folder for flushing
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems refuse it for folders
    finally:
        os.close(handle)


def folders_of(names: Collection[str]) -> set[str]:
    """Every folder on the way to the names."""
    return {parent.as_posix() for name in names for parent in PurePosixPath(name).parents} - {"."}
