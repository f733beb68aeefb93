"""The output folder: all or nothing, the user's files survive, killed at every line of the writing."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from kicad_rdl.errors import InputError
from kicad_rdl.writing.guard import locked
from kicad_rdl.writing.journal import JOURNAL
from kicad_rdl.writing.output import check_output, write_outputs
from kicad_rdl.writing.plan import MANIFEST

OLD = {"a.kicad_pcb": "old board", "gone.svg": "old", "svg/RDL1.svg": "old drawing", "svg/RDL2.svg": "old drawing 2"}
NEW = {"a.kicad_pcb": "new board", "svg/RDL1.svg": "new drawing", "report.json": "{}\n"}
USERS = {"notes.txt": "mine", "svg/mine.svg": "mine too", "backups/one.zip": "zip"}


def contents(folder: Path) -> dict[str, str]:
    """What a user sees, without what is hidden."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".")
    }


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def in_child(work: Callable[[], object]) -> int:
    """Runs in a forked process; its wait status."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(9)
    return os.waitpid(child, 0)[1]


def killed_at(step: int, work: Callable[[], object], events: tuple[str, ...] = ("open", "os.", "ctypes.")) -> bool:
    """Runs the work in a child that is killed before its n-th touch of the file system; whether it came so far.

    Python announces every such touch as an audit event; between two of them nothing changes on the disk.
    """

    def watched() -> None:
        count = 0

        def hook(event: str, _: object) -> None:
            nonlocal count
            if event.startswith(events) and event not in ("os.listdir", "os.scandir", "os.walk"):
                count += 1
                if count == step + 1:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        work()

    status = in_child(watched)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def test_first_write_makes_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "Ünï cödé ☃"
    written = write_outputs(out, OLD)
    assert contents(out) == OLD
    assert written.files == tuple(sorted(OLD))
    assert os.listdir(out.parent) == [out.name]


@pytest.mark.parametrize("way", ["exchange", "journal"])
def test_users_files_survive_and_stale_ones_go(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    write_outputs(out, OLD)
    put(out, USERS)
    inode = out.stat().st_ino
    if way == "journal":
        monkeypatch.chdir(out)
    written = write_outputs(out, NEW)
    assert (out.stat().st_ino == inode) == (way == "journal")
    assert contents(out) == NEW | USERS
    assert written.removed == ("gone.svg", "svg/RDL2.svg")
    assert sorted(os.listdir(tmp_path)) == ["out"]
    assert not (out / JOURNAL).exists()


@pytest.mark.parametrize("way", ["exchange", "journal"])
def test_folder_goes_with_its_last_file(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    write_outputs(out, {"svg/a.svg": "a", "b": "b"})
    if way == "journal":
        monkeypatch.chdir(out)
    write_outputs(out, {"b": "b"})
    assert sorted(os.listdir(out)) == [MANIFEST, "b"]


def test_changed_files_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_outputs(out, OLD)
    put(out, {"a.kicad_pcb": "edited by hand", "gone.svg": "edited too", "report.json": "the user's"})
    written = write_outputs(out, NEW)
    kept = {name.rsplit(".", 1)[0]: (out / name).read_text() for name in written.kept}
    assert kept == {"kicad-rdl-kept/a.kicad_pcb": "edited by hand", "kicad-rdl-kept/report.json": "the user's"}
    assert (out / "gone.svg").read_text() == "edited too"
    again = write_outputs(out, NEW)
    assert again.kept == ()
    assert all((out / name).exists() for name in written.kept)


def test_volatile_files_leave_no_trace_in_the_manifest(tmp_path: Path) -> None:
    for number in (1, 2):
        write_outputs(tmp_path / str(number), {"a": "same", "timings.json": f"{number}"}, volatile=("timings.json",))
    one, two = ((tmp_path / str(number) / MANIFEST).read_bytes() for number in (1, 2))
    assert one == two
    assert write_outputs(tmp_path / "1", {"timings.json": "3"}, volatile=("timings.json",)).kept == ()


def test_groups_do_not_remove_each_other(tmp_path: Path) -> None:
    write_outputs(tmp_path, {"board": "b", "shared": "s"}, group="build")
    write_outputs(tmp_path, {"footprint": "f", "shared": "s"}, group="footprint")
    written = write_outputs(tmp_path, {"board": "c"}, group="build")
    assert written.removed == ()
    assert contents(tmp_path) == {"board": "c", "footprint": "f", "shared": "s"}


def test_two_writes_give_the_same_bytes(tmp_path: Path) -> None:
    write_outputs(tmp_path / "a", NEW)
    write_outputs(tmp_path / "b", OLD)
    write_outputs(tmp_path / "b", NEW)
    for path in sorted((tmp_path / "a").rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_broken_manifest_deletes_nothing(tmp_path: Path) -> None:
    for text in ("", "[]", '{"groups": {"build": {"../outside": "x"}}}', '{"groups": {"build": 3}}', "\0"):
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "outside").write_text("safe")
        (tmp_path / "out" / MANIFEST).write_text(text)
        write_outputs(tmp_path / "out", {"a": text})
        assert (tmp_path / "outside").read_text() == "safe"


def test_symbolic_links_are_kept_as_links(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_outputs(out, OLD)
    (tmp_path / "elsewhere").mkdir()
    (out / "folder").symlink_to(tmp_path / "elsewhere")
    (out / "dangling").symlink_to("nowhere")
    (tmp_path / "link").symlink_to(out)
    write_outputs(tmp_path / "link", NEW)
    assert (tmp_path / "link").is_symlink()
    assert (out / "folder").is_symlink()
    assert (out / "dangling").is_symlink()
    assert (out / "a.kicad_pcb").read_text() == "new board"


@pytest.mark.parametrize("way", ["exchange", "journal"])
def test_killed_at_every_step(tmp_path: Path, way: str) -> None:
    step, seen_new = 0, 0
    while True:
        out = tmp_path / f"out{step}"
        write_outputs(out, OLD)
        put(out, USERS)

        def work(out: Path = out) -> None:
            if way == "journal":
                os.chdir(out)
            write_outputs(out, NEW)

        if not killed_at(step, work):
            break
        before, after = OLD | USERS, NEW | USERS
        found = contents(out)
        if (out / JOURNAL / "journal.json").exists():
            assert way == "journal"
        else:
            assert found in (before, after), f"killed before step {step}"
        seen_new += found == after
        # the next run finds its way, and leaves nothing lying about
        write_outputs(out, {"other": "x"})
        assert contents(out) == {"other": "x"} | USERS
        assert os.listdir(tmp_path) == [out.name]
        assert not (out / JOURNAL).exists()
        shutil.rmtree(out)
        step += 1
    assert step > 40
    assert 0 < seen_new < step


def test_decided_journal_is_finished_first(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_outputs(out, OLD)

    def work() -> None:
        os.chdir(out)
        write_outputs(out, NEW)

    assert killed_at(4, work, ("os.rename",))  # after the journal and three of its files
    assert (out / JOURNAL / "journal.json").exists()
    assert contents(out) not in (OLD, NEW)
    (out / "blocked").mkdir()
    with pytest.raises(InputError, match="is a folder, where"):
        write_outputs(out, {"blocked": "x"})
    (out / "blocked").rmdir()
    assert contents(out) == NEW


@pytest.mark.parametrize("way", ["exchange", "journal"])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At whichever file the room ends; a refused exchange is tried as a journal, which then fails too."""
    out = tmp_path / "out"
    write_outputs(out, OLD)
    if way == "journal":
        monkeypatch.chdir(out)
    flush = os.fsync
    for room in range(4):
        left = [room]

        def full(handle: int, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            flush(handle)

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="No space left"):
            write_outputs(out, NEW)
        monkeypatch.setattr(os, "fsync", flush)
        assert contents(out) == OLD
        assert not (out / JOURNAL).exists()
        assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("platform", [sys.platform, "win32"])
def test_two_at_once_are_refused(tmp_path: Path, platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with locked(tmp_path), pytest.raises(InputError, match="another kicad-rdl is writing"):
        write_outputs(tmp_path, NEW)
    write_outputs(tmp_path, NEW)


def test_refusals(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file, not a folder"):
        check_output(tmp_path / "file")
    with pytest.raises(InputError, match="is a file, not a folder"):
        check_output(tmp_path / "file" / "below")
    (tmp_path / "out" / "report.json").mkdir(parents=True)
    with pytest.raises(InputError, match="is a folder, where a file is to be written"):
        write_outputs(tmp_path / "out", NEW)
    (tmp_path / "out2").mkdir()
    (tmp_path / "out2" / "svg").write_text("a file of the user's")
    with pytest.raises(InputError, match="is a file, where a folder is to be made"):
        write_outputs(tmp_path / "out2", NEW)
    assert contents(tmp_path / "out2") == {"svg": "a file of the user's"}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, which not even root may write")
def test_unwritable_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_outputs(Path("/proc/self/kicad-rdl-out"), NEW)
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        with pytest.raises(InputError, match="cannot be written"):
            check_output(tmp_path / "out")
