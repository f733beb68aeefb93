"""Random packages before KiCad's own DRC: what our checker finds clean, KiCad finds clean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from conftest import KicadCli
from packages import EVERYTHING, random_package

from kicad_rdl.errors import RdlError
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.route import route

SEEDS = (2, 5, 8, 13, 21, 34, 55, 89)


@pytest.mark.kicad
@pytest.mark.parametrize("seed", SEEDS)
def test_kicad_agrees(seed: int, kicad_cli: KicadCli, tmp_path: Path) -> None:
    try:
        package = random_package(Random(seed), replace(EVERYTHING, across=9, balls=10))
        layout = route(replace(package, technology=replace(package.technology, stacked_vias=True)))
    except RdlError as error:
        pytest.fail(f"seed {seed} makes no package any more: {error}")
    files = kicad_files(layout)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    report = kicad_cli.drc(tmp_path / next(name for name in files if name.endswith(".kicad_pcb")))
    assert report["violations"] == []
    # KiCad counts every missing link, we declare every piece that is left alone
    assert len(report["unconnected_items"]) <= len(layout.unrouted)
