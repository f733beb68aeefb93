"""The library that ships is what the examples give today, and what KiCad would save."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import KicadCli, script

ROOT = Path(__file__).resolve().parents[1]


def generated() -> dict[str, str]:
    files: dict[str, str] = script("tools/footprints.py").library()
    return files


def test_the_shipped_library_is_the_generated_one() -> None:
    base = ROOT / "footprints"
    shipped = {path.relative_to(base).as_posix(): path.read_bytes() for path in base.rglob("*.kicad_mod")}
    wanted = {name: text.encode() for name, text in generated().items()}
    assert len(wanted) == 3
    assert sorted(shipped) == sorted(wanted)
    for name, data in wanted.items():
        assert shipped[name] == data, f"{name} differs from what its job gives: run make footprints and read the diff"


@pytest.mark.kicad
def test_kicad_would_save_every_footprint_just_so(kicad_cli: KicadCli, tmp_path: Path) -> None:
    library = tmp_path / "kicad-rdl.pretty"
    shutil.copytree(ROOT / "footprints" / "kicad-rdl.pretty", library)
    kicad_cli.run("fp", "upgrade", "--force", library)
    for path in sorted(library.iterdir()):
        before = (ROOT / "footprints" / "kicad-rdl.pretty" / path.name).read_text(encoding="utf-8")
        # KiCad signs what it saves
        signed = before.replace('(generator "kicad_rdl")', '(generator "pcbnew")')
        assert path.read_text(encoding="utf-8") == signed, path.name
