"""What KiCad's plugin manager reads, and the entry script, without a KiCad."""

from __future__ import annotations

import ast
import json
import os
import struct
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from conftest import script
from kipy.packaging.validate import validate_plugin

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "plugin"


@pytest.fixture(scope="module")
def action() -> ModuleType:
    return script("plugin/rdl_action.py")


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def requirements(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")}


def test_kicads_own_validator_accepts_the_plugin() -> None:
    report = validate_plugin(PLUGIN)
    assert [message.message for message in report.errors + report.warnings] == []


def test_identifier_has_the_two_dots_without_which_kicad_ignores_the_plugin() -> None:
    plugin = json.loads((PLUGIN / "plugin.json").read_text(encoding="utf-8"))
    assert plugin["identifier"] == "io.github.kicad-rdl"
    assert plugin["identifier"].count(".") >= 2
    assert plugin["identifier"] == json.loads((ROOT / "metadata.json").read_text(encoding="utf-8"))["identifier"]


def test_icons_have_the_sizes_that_kicad_wants() -> None:
    (action,) = json.loads((PLUGIN / "plugin.json").read_text(encoding="utf-8"))["actions"]
    for key in ("icons-light", "icons-dark"):
        assert [png_size(PLUGIN / name) for name in action[key]] == [(24, 24), (48, 48)]
    icon = ROOT / "resources" / "icon.png"
    assert png_size(icon) == (64, 64)
    assert icon.stat().st_size < 20_000


def test_requirements_are_those_of_the_project_and_what_the_button_adds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {*project["dependencies"], *project["optional-dependencies"]["live"]}
    wanted.add('wxPython>=4.1; sys_platform != "linux"')
    assert requirements((PLUGIN / "requirements.txt").read_text(encoding="utf-8")) == wanted


def test_python_version_is_the_same_in_all_places(action: ModuleType) -> None:
    least = ".".join(map(str, action.LEAST_PYTHON))
    plugin = json.loads((PLUGIN / "plugin.json").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert plugin["runtime"]["min_version"] == least
    assert project["requires-python"] == f">={least}"


def test_entry_script_parses_where_it_has_to_complain() -> None:
    # macOS KiCad ships Python 3.9
    ast.parse((PLUGIN / "rdl_action.py").read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize(("version", "words"), [((3, 9, 18), "3.9"), ((3, 10, 0), "3.10")])
def test_an_old_python_is_told_what_to_do(action: ModuleType, version: tuple[int, int, int], words: str) -> None:
    message = action.too_old(version)
    assert "needs Python 3.11 or newer" in message
    assert f"with Python {words} (" in message
    assert "Preferences > Plugins" in message


def test_a_new_python_will_do(action: ModuleType) -> None:
    assert action.too_old((3, 11, 0)) == ""
    assert action.too_old((3, 14, 1)) == ""


def test_pythonpath_goes_last_and_stays(action: ModuleType) -> None:
    path = ["/plugin", "/usr/lib/python3/dist-packages", "/usr/lib/python3.11", "/venv/site-packages"]
    assert action.repaired(path, "/usr/lib/python3/dist-packages") == [
        "/plugin",
        "/usr/lib/python3.11",
        "/venv/site-packages",
        "/usr/lib/python3/dist-packages",
    ]
    assert action.repaired(path, "") == path


def test_a_stale_library_in_pythonpath_does_not_hide_ours(tmp_path: Path) -> None:
    (tmp_path / "sexpdata.py").write_text("raise ImportError('the stale one')\n", encoding="utf-8")
    (tmp_path / "only_there.py").write_text("", encoding="utf-8")
    code = (
        "import os, sys, rdl_action\n"
        "sys.path[:] = rdl_action.repaired(sys.path, os.environ['PYTHONPATH'])\n"
        "import sexpdata, only_there\n"
        "print(sexpdata.__file__)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    # the folder of the entry script comes first in sys.path, as when KiCad starts it
    program = tmp_path / "start.py"
    program.write_text(f"import sys\nsys.path.insert(0, {str(PLUGIN)!r})\n{code}", encoding="utf-8")
    command = [sys.executable, "-P", str(program)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert not done.stdout.startswith(str(tmp_path))


def test_the_log_is_in_the_users_own_place(action: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert Path(action.log_file()) == tmp_path / "kicad-rdl" / "button.log"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Path(action.log_file()) == tmp_path / ".local" / "state" / "kicad-rdl" / "button.log"
