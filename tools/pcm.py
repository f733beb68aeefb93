"""Writes the two packages that KiCad's plugin manager installs: the plugin and the footprint library.

Two, because the official repository's checker refuses footprints in a plugin package. The same sources give the same
bytes on every machine: members sorted, times fixed, permissions fixed, stored without compression (deflate differs
between zlib builds; the packages are small).
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold."""

SHIPPED = (".py", ".toml", ".json", ".txt", ".png", ".typed")
"""Endings of the files in ``plugin/`` that are part of the plugin; caches and build products are not."""

LIBRARY = {
    "name": "RDL package footprints",
    "description": "Footprints of fan-out packages made with kicad-rdl: land patterns for the PCB under the package.",
    "description_full": "Land patterns (IPC-7351B) of the example packages that ship with kicad-rdl, each with "
    "courtyard, A1 mark and ball names. Every one is generated from a job file in the project's repository.",
    "identifier": "io.github.kicad-rdl.footprints",
    "type": "library",
    "tags": ["footprints", "bga", "fan-out"],
}
"""What the library's metadata says instead of the plugin's."""


def version() -> str:
    """The one version, read without importing the package (whose libraries need not be installed here)."""
    text = (ROOT / "plugin" / "kicad_rdl" / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "([0-9.]+)"$', text, re.MULTILINE)
    if match is None:
        raise SystemExit('plugin/kicad_rdl/__init__.py: no line __version__ = "1.2.3" (digits and dots only)')
    return match[1]


def metadata(changes: dict[str, Any]) -> bytes:
    """``metadata.json`` of a package: the committed one, with its changes and the version."""
    data: dict[str, Any] = json.loads((ROOT / "metadata.json").read_text(encoding="utf-8"))
    data |= changes
    data["versions"] = [{"version": version(), **data["versions"][0]}]
    return (json.dumps(data, indent=4, ensure_ascii=False) + "\n").encode()


def shared(changes: dict[str, Any]) -> dict[str, bytes]:
    """Members that both packages have."""
    return {"metadata.json": metadata(changes), "resources/icon.png": (ROOT / "resources" / "icon.png").read_bytes()}


def plugin_members() -> dict[str, bytes]:
    """Everything KiCad needs to show and run the button."""
    base = ROOT / "plugin"
    files = [path for path in base.rglob("*") if path.suffix in SHIPPED]
    kept = [path for path in files if not any(part.endswith((".egg-info", "__pycache__")) for part in path.parts)]
    members = {f"plugins/{path.relative_to(base).as_posix()}": path.read_bytes() for path in kept}
    return shared({}) | members | {"plugins/LICENSE": (ROOT / "LICENSE").read_bytes()}


def library_members() -> dict[str, bytes]:
    """The footprint libraries."""
    base = ROOT / "footprints"
    members = {
        f"footprints/{path.relative_to(base).as_posix()}": path.read_bytes() for path in base.rglob("*.kicad_mod")
    }
    return shared(LIBRARY) | members


def write_zip(target: Path, members: dict[str, bytes]) -> None:
    """Writes the members in the order of their names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, also when written on Windows
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, members[name])


def write_packages(folder: Path) -> tuple[Path, Path]:
    """Writes both packages; the plugin first."""
    plugin = folder / f"kicad-rdl-{version()}-plugin.zip"
    library = folder / f"kicad-rdl-{version()}-footprints.zip"
    write_zip(plugin, plugin_members())
    write_zip(library, library_members())
    return plugin, library


if __name__ == "__main__":
    for written in write_packages(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"):
        print(written)
