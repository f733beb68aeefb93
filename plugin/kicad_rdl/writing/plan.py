"""What a write would do: which files are ours, which have been changed by the user, which are no longer made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kicad_rdl.errors import InputError

MANIFEST = ".kicad-rdl-manifest.json"
KEPT = "kicad-rdl-kept"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a write is to do; names relative to the folder."""

    files: dict[str, bytes]
    """Everything to be written: output, kept copies, manifest."""
    stale: tuple[str, ...]
    kept: tuple[str, ...]


def planned(place: Path, files: dict[str, bytes], group: str, volatile: Collection[str]) -> Plan:
    """Compares the new files with what lies in the folder; changes nothing.

    Raises:
        InputError: a folder stands where a file goes, or a file where a folder goes.
    """
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
    return Plan({**files, **kept, MANIFEST: manifest.encode()}, stale, tuple(sorted(kept)))


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
