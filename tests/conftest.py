"""What all tests share: golden files, a KiCad of their own, and skips that are failures in CI."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from public import LACKING

from kicad_rdl.cli import program

GOLDEN = Path(__file__).parent / "golden"
Run = Callable[..., tuple[int, str, str]]
"""``run("build", job, ...)``: status, standard output, standard error."""
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


def script(path: str) -> ModuleType:
    """A script of the repository, which belongs to no package, as a module."""
    file = Path(__file__).resolve().parents[1] / path
    specification = importlib.util.spec_from_file_location(file.stem, file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing them")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("kicad") and shutil.which("kicad-cli") is None:
        pytest.skip("kicad-cli is not installed: this check by KiCad itself was not made")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI everything is installed, so a skip there hides something: it is a failure.

    The public inputs in ../shared/data are no part of a clone; what needs them says so and is skipped.
    """
    report = yield
    lacks_data = LACKING in str(report.longrepr)
    if IN_CI and report.skipped and not lacks_data and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but CI=true allows no skips: {report.longrepr}"
    return report


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process."""

    def called(*arguments: str | Path) -> tuple[int, str, str]:
        status = program.run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return called


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden(name, text)``: the text is, byte for byte, what ``tests/golden/<name>`` holds."""
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        assert path.is_file(), f"no golden file {name}: make it with pytest --update-golden and read it"
        assert text == path.read_bytes().decode(), f"{name} differs; after a wanted change: pytest --update-golden"

    return compare


@dataclass(frozen=True)
class KicadCli:
    """kicad-cli with a configuration of its own, in which its DRC forgives nothing.

    Without ``DRCEpsilon`` KiCad lets 0.5 um pass.
    """

    config: Path

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"KICAD_CONFIG_HOME": str(self.config), "HOME": str(self.config), "LC_ALL": "C.UTF-8"}

    def run(self, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ["kicad-cli", *map(str, arguments)]
        result = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if check and result.returncode:
            raise AssertionError(f"{' '.join(command)}: status {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def drc(self, board: Path) -> dict[str, Any]:
        """The report of ``pcb drc`` with every severity (JSON of KiCad's schema drc.v1)."""
        report = self.config / f"{board.stem}-drc.json"
        self.run("pcb", "drc", "--format", "json", "--severity-all", "--units", "mm", "--output", report, board)
        data: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return data


@pytest.fixture(scope="session")
def kicad_cli(tmp_path_factory: pytest.TempPathFactory) -> KicadCli:
    """kicad-cli for tests with the marker ``kicad``."""
    if shutil.which("kicad-cli") is None:
        pytest.skip("kicad-cli is not installed: this check by KiCad itself was not made")
    config = tmp_path_factory.mktemp("kicad-config")
    version = subprocess.run(["kicad-cli", "version"], capture_output=True, text=True, check=True).stdout.strip()
    folder = config / ".".join(version.split(".")[:2])
    folder.mkdir()
    (folder / "kicad_advanced").write_text("DRCEpsilon=0.00001\n", encoding="utf-8")
    return KicadCli(config)
