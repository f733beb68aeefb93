"""Putting a set of files into a folder: all of them or none, whenever the process is killed.

The folder belongs to the user: what kicad-rdl did not write survives, what it wrote earlier and no longer makes goes.
A manifest in the folder (``.kicad-rdl-manifest.json``) remembers what was written, with the hash of each file.

Two ways, tried in this order:

1. **Exchange** (Linux): the new folder is made complete beside the old one, under ``.NAME.kicad-rdl-new``: new files
   written and flushed, the user's files linked into it. One ``renameat2(RENAME_EXCHANGE)`` then swaps the two names:
   there is no moment at which the folder is neither wholly old nor wholly new. The old one is deleted afterwards.
2. **Journal** (elsewhere, or where the folder is a mount point, its parent cannot be written, it holds more than
   ``CARRIED_LIMIT`` files of the user's, or a process has it as working directory, which an exchange would strand):
   the new files wait complete in ``.kicad-rdl-new`` inside the folder; a journal, put there by one rename, is the
   decision; then each file is moved to its place. Killed before the journal: the old output is whole. Killed after:
   the next run of kicad-rdl into this folder finishes the work before it does anything else.

A file that the user changed, or put there, under a name that kicad-rdl now writes, is kept as
``kicad-rdl-kept/NAME.HASH``.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kicad_rdl.errors import InputError, RdlError

if sys.platform != "win32":
    import fcntl

MANIFEST = ".kicad-rdl-manifest.json"
JOURNAL = ".kicad-rdl-new"
KEPT = "kicad-rdl-kept"
CARRIED_LIMIT = 1_000
"""Most files of the user's that are linked into a new folder; beyond it the journal is the better way."""


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
    place = Path(os.path.realpath(directory))
    while True:
        try:
            mode_is_directory = place.is_dir()
            exists = place.exists()
        except OSError as error:
            raise _refusal(directory, error) from error
        if exists:
            break
        place = place.parent
    if not mode_is_directory:
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
        with _locked(place):
            _finish_journal(place)
            plan = _planned(place, {name: text.encode() for name, text in files.items()}, group, volatile)
            with _signals_wait():
                if not _exchanged(place, plan):
                    _journalled(place, plan)
    except OSError as error:
        raise _refusal(directory, error) from error
    return Written(tuple(sorted(files)), plan.stale, plan.kept)


def replace_file(path: Path, data: bytes) -> None:
    """Writes one file: beside its place first, then into it by one rename.

    Raises:
        InputError: the folder does not exist or cannot be written, or the place is a folder.
    """
    place = Path(os.path.realpath(path))
    if place.is_dir():
        raise InputError("is a folder; name a file in it", str(path))
    beside = place.with_name(f".{place.name}.kicad-rdl-new")
    try:
        _write(beside, data)
        os.replace(beside, place)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise InputError(f"cannot be written: {error.strerror or error}", str(path)) from error


def _refusal(directory: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot be written: {error.strerror or error}; choose another folder with --output", str(directory)
    )


# --- what is to happen -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    files: dict[str, bytes]
    """Everything to be written: output, kept copies, manifest."""
    stale: tuple[str, ...]
    kept: tuple[str, ...]


def _planned(place: Path, files: dict[str, bytes], group: str, volatile: Collection[str]) -> _Plan:
    groups = _manifest(place)
    known = {name: digest for entries in groups.values() for name, digest in entries.items()}
    kept: dict[str, bytes] = {}
    for name, data in files.items():
        target = place / name
        if target.is_dir():
            raise InputError("is a folder, where a file is to be written; move it away", str(target))
        for parent in PurePosixPath(name).parents:
            if (place / parent).exists() and not (place / parent).is_dir():
                raise InputError("is a file, where a folder is to be made; move it away", str(place / parent))
        if target.is_file() and known.get(name) != "":
            old = target.read_bytes()
            if old != data and _digest(old) != known.get(name):
                kept[f"{KEPT}/{name}.{_digest(old)[:8]}"] = old
    elsewhere = {name for other, entries in groups.items() if other != group for name in entries}
    stale = tuple(
        name
        for name, digest in sorted(groups.get(group, {}).items())
        if name not in files and name not in elsewhere and _unchanged(place / name, digest)
    )
    groups[group] = {name: "" if name in volatile else _digest(data) for name, data in files.items()}
    manifest = json.dumps({"kicad-rdl": 1, "groups": groups}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return _Plan({**files, **kept, MANIFEST: manifest.encode()}, stale, tuple(sorted(kept)))


def _manifest(place: Path) -> dict[str, dict[str, str]]:
    """Group -> name -> hash ("" for volatile files). One that cannot be read counts as none: then nothing is ours."""
    try:
        groups = json.loads((place / MANIFEST).read_text("utf-8"))["groups"]
        return {
            str(group): {str(name): str(digest) for name, digest in entries.items() if _inside(str(name))}
            for group, entries in groups.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and name not in ("", ".")


def _unchanged(path: Path, digest: str) -> bool:
    return path.is_file() and (digest == "" or _digest(path.read_bytes()) == digest)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- first way: exchange ---------------------------------------------------------------------------------------------


def _exchanged(place: Path, plan: _Plan) -> bool:
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
            _fill(stage, plan.files)
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
            _flush_directories(stage)
            with _locked(stage):  # so that nobody starts on the new folder before the old one is gone
                _exchange(stage, place)
                _flush(place.parent)
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
    our_folders = _folders(ours)
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


def _folders(names: Collection[str]) -> set[str]:
    """Every folder on the way to the names."""
    return {parent.as_posix() for name in names for parent in PurePosixPath(name).parents} - {"."}


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


# --- second way: journal ---------------------------------------------------------------------------------------------


def _journalled(place: Path, plan: _Plan) -> None:
    stage = place / JOURNAL
    stage.mkdir()
    _fill(stage / "files", plan.files)
    _flush_directories(stage)
    journal = json.dumps({"replace": sorted(plan.files), "remove": list(plan.stale)}, ensure_ascii=False)
    _write(stage / "journal.new", journal.encode())
    os.replace(stage / "journal.new", stage / "journal.json")
    _flush(stage)
    _finish_journal(place)


def _finish_journal(place: Path) -> None:
    """Carries a decided journal out, from wherever it was left; throws away what was not decided."""
    stage = place / JOURNAL
    if not stage.exists():
        return
    if (stage / "journal.json").exists():
        journal = json.loads((stage / "journal.json").read_text("utf-8"))
        for name in journal["replace"]:
            if (stage / "files" / name).exists():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(stage / "files" / name, place / name)
        for name in journal["remove"]:
            (place / name).unlink(missing_ok=True)
            for parent in PurePosixPath(name).parents[:-1]:
                with suppress(OSError):  # not empty: the user's
                    (place / parent).rmdir()
        _flush(place)
        for folder in sorted(_folders([*journal["replace"], *journal["remove"]])):
            if (place / folder).is_dir():
                _flush(place / folder)
        (stage / "journal.json").unlink()
    shutil.rmtree(stage)


# --- the ground ------------------------------------------------------------------------------------------------------


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in sorted(files.items()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        _write(folder / name, data)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_directories(folder: Path) -> None:
    for root, _, _ in os.walk(folder):
        _flush(Path(root))


def _flush(folder: Path) -> None:
    if sys.platform == "win32":
        return  # Windows cannot open a folder for flushing
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems refuse it for folders
    finally:
        os.close(handle)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps a second kicad-rdl out of a folder; the lock ends with the process, however it ends."""
    if sys.platform == "win32":
        yield
        return
    while True:
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise InputError("another kicad-rdl is writing into this folder; wait for it", str(folder)) from None
        if os.fstat(handle).st_ino == os.stat(folder).st_ino:
            break
        os.close(handle)  # the folder was exchanged between opening and locking it
    try:
        yield
    finally:
        os.close(handle)


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Ctrl-C and a polite end of the process wait until the output is whole."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
