"""The two packages for KiCad's plugin manager: accepted, complete, reproducible."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest
from conftest import script

from kicad_rdl import __version__

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def pcm() -> ModuleType:
    return script("tools/pcm.py")


@pytest.fixture(scope="module")
def packages(pcm: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    written: tuple[Path, Path] = pcm.write_packages(tmp_path_factory.mktemp("dist"))
    return written


@pytest.mark.parametrize("which", [0, 1], ids=["plugin", "library"])
def test_kicads_packager_accepts_the_package(packages: tuple[Path, Path], which: int) -> None:
    packager = Path(sys.executable).with_name("kicad-python-packager")
    done = subprocess.run([packager, "validate", packages[which]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Validation passed" in done.stdout
    assert "[warning]" not in done.stdout


@pytest.mark.parametrize("which", [0, 1], ids=["plugin", "library"])
def test_metadata_is_schema_v1_which_kicad_9_knows(packages: tuple[Path, Path], which: int) -> None:
    schema = json.loads(files("kipy.packaging.schemas").joinpath("pcm.v1.schema.json").read_text(encoding="utf-8"))
    with zipfile.ZipFile(packages[which]) as archive:
        metadata = json.loads(archive.read("metadata.json"))
        assert "resources/icon.png" in archive.namelist()
    jsonschema.Draft7Validator(schema).validate(metadata)
    (version,) = metadata["versions"]
    assert version["version"] == __version__
    assert version["runtime"] == "ipc"


def test_the_same_sources_give_the_same_bytes(pcm: ModuleType, packages: tuple[Path, Path], tmp_path: Path) -> None:
    for first, second in zip(packages, pcm.write_packages(tmp_path), strict=True):
        assert first.name == second.name
        assert first.read_bytes() == second.read_bytes()
    for package in packages:
        with zipfile.ZipFile(package) as archive:
            entries = archive.infolist()
        assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_the_plugin_holds_every_source_and_nothing_else(packages: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(packages[0]) as archive:
        names = set(archive.namelist())
    modules = {path.relative_to(ROOT / "plugin").as_posix() for path in (ROOT / "plugin" / "kicad_rdl").rglob("*.py")}
    technologies = {f"kicad_rdl/technologies/{path.name}" for path in (ROOT / "plugin").rglob("technologies/*.toml")}
    top = {"plugin.json", "requirements.txt", "rdl_action.py", "LICENSE", "kicad_rdl/py.typed"}
    assert technologies
    assert {f"plugins/{name}" for name in modules | technologies | top} <= names
    strangers = [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".nbi", ".nbc", "PKG-INFO"))]
    assert strangers == []


def test_the_library_holds_the_footprints(packages: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(packages[1]) as archive:
        names = set(archive.namelist())
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / "footprints").rglob("*.kicad_mod")}
    assert len(ours) >= 3
    assert names == ours | {"metadata.json", "resources/icon.png"}


def test_the_plugin_runs_from_its_package_alone(packages: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(packages[0]) as archive:
        archive.extractall(tmp_path)
    code = (
        "import importlib, pkgutil, kicad_rdl\n"
        "for module in pkgutil.walk_packages(kicad_rdl.__path__, 'kicad_rdl.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(kicad_rdl.__file__)\n"
    )
    # -P and PYTHONPATH: this plugin and not the one that is installed here
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "plugins")}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)


def test_make_pcm_writes_into_dist(tmp_path: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    done = subprocess.run(["make", "--dry-run", "pcm"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tools/pcm.py dist" in done.stdout
