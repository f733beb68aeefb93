"""Second way: a journal decides, then each file is moved to its place."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath

from kicad_rdl.writing.disk import fill, flush, flush_folders, folders_of, write_flushed
from kicad_rdl.writing.plan import Plan

JOURNAL = ".kicad-rdl-new"


def journalled(place: Path, plan: Plan) -> None:
    """Puts the files beside their places, decides by one rename, and carries the decision out."""
    stage = place / JOURNAL
    stage.mkdir()
    try:
        fill(stage / "files", plan.files)
        flush_folders(stage)
        journal = json.dumps({"replace": sorted(plan.files), "remove": list(plan.stale)}, ensure_ascii=False)
        write_flushed(stage / "journal.new", journal.encode())
        os.replace(stage / "journal.new", stage / "journal.json")
    except OSError:  # a full disk: nothing is decided, and the room is the user's
        shutil.rmtree(stage, ignore_errors=True)
        raise
    flush(stage)
    finish_journal(place)


def finish_journal(place: Path) -> None:
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
        flush(place)
        for folder in sorted(folders_of([*journal["replace"], *journal["remove"]])):
            if (place / folder).is_dir():
                flush(place / folder)
        (stage / "journal.json").unlink()
    shutil.rmtree(stage)
