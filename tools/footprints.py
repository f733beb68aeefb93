"""Writes ``footprints/``: the land pattern of every example package, for the PCB under it.

``python tools/footprints.py`` writes the library; ``tests/test_footprints.py`` compares it byte for byte.
"""

from __future__ import annotations

from pathlib import Path

from kicad_rdl.kicad.footprint import library_tree
from kicad_rdl.kicad.parts import board_footprint
from kicad_rdl.kicad.sexpr import dump
from kicad_rdl.read.job import read_job

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = "kicad-rdl"
JOBS = ("caravel/fanout.toml", "area_array/a16_2rdl.toml", "area_array/a32_3rdl.toml")


def library() -> dict[str, str]:
    """Path below ``footprints/`` and text of every footprint."""
    files = {}
    for job in JOBS:
        footprint = board_footprint(read_job(ROOT / "examples" / job).package)
        files[f"{LIBRARY}.pretty/{footprint.name}.kicad_mod"] = dump(library_tree(LIBRARY, footprint))
    return files


def main() -> None:
    """Writes the library anew; what is no longer made goes."""
    base = ROOT / "footprints"
    for old in sorted(base.rglob("*.kicad_mod")):
        old.unlink()
    for name, text in sorted(library().items()):
        target = base / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
        print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
