"""Where is kicad-cli? In PATH, or where KiCad's installers for Windows and macOS put it without telling PATH."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

OLDEST = (9,)
"""KiCad 8 cannot load our boards."""
UNNUMBERED = (sys.maxsize,)
"""The version of a folder that names none: on macOS the current one; who keeps an older one renames its folder."""


def kicad_cli(platform: str, environment: Mapping[str, str], disk: Path = Path("/")) -> str | None:
    """What PATH has, else the newest that is installed; None where there is none.

    Args:
        platform: as ``sys.platform`` has it.
        environment: PATH, and what names the folders of programs.
        disk: where macOS has its folder of programs.
    """
    found = shutil.which("kicad-cli", path=environment.get("PATH"))
    if found is not None:
        return found
    installed = [
        (version, str(path))
        for root, pattern in _places(platform, environment, disk)
        for path in root.glob(pattern)
        if (version := _version(path.relative_to(root))) >= OLDEST
    ]
    return max(installed)[1] if installed else None


def _places(platform: str, environment: Mapping[str, str], disk: Path) -> Iterator[tuple[Path, str]]:
    if platform == "win32":
        if "PROGRAMFILES" in environment:
            yield Path(environment["PROGRAMFILES"]), "KiCad/*/bin/kicad-cli.exe"
        if "LOCALAPPDATA" in environment:  # installed for one user
            yield Path(environment["LOCALAPPDATA"]), "Programs/KiCad/*/bin/kicad-cli.exe"
    elif platform == "darwin":
        yield disk, "Applications/KiCad*/KiCad.app/Contents/MacOS/kicad-cli"
        if "HOME" in environment:
            yield Path(environment["HOME"]), "Applications/KiCad*/KiCad.app/Contents/MacOS/kicad-cli"


def _version(path: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", path.as_posix()))) or UNNUMBERED
