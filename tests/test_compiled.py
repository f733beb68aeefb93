"""Machine code: kept on disk until what it is made from changes, and the user hears when it is made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kicad_rdl.route import compiled

MAIN = """
import sys
sys.path.insert(0, {folder!r})
from kicad_rdl.route.compiled import making_told
from kernel import scaled
with making_told(lambda step: print(step.stage)):
    print(scaled(2))
"""


def run(folder: Path, factor: int) -> list[str]:
    """What one process prints that scales 2 by a factor, which another module than that of the machine code names."""
    (folder / "numbers_of.py").write_text(f"FACTOR = {factor}\n")
    done = subprocess.run(
        [sys.executable, "-B", "-c", MAIN.format(folder=str(folder))], capture_output=True, text=True, check=True
    )
    return done.stdout.split("\n")[:-1]


def test_machine_code_is_made_once_told_and_made_again_for_other_numbers(tmp_path: Path) -> None:
    (tmp_path / "kernel.py").write_text(
        "from kicad_rdl.route.compiled import compiled\n"
        "from numbers_of import FACTOR\n"
        "@compiled\n"
        "def scaled(x):\n"
        "    return FACTOR * x\n"
    )
    made = "make machine code, once per installation"
    assert run(tmp_path, 3) == [made, "6"]
    assert run(tmp_path, 3) == ["6"]
    assert run(tmp_path, 5) == [made, "10"]


def test_machine_code_of_an_earlier_version_is_no_hindrance(tmp_path: Path) -> None:
    """A class that machine code takes moves to another module; the function that takes it stays as it is."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "compiled.py").write_bytes(Path(compiled.__file__).read_bytes())
    (package / "kernel.py").write_text(
        "from compiled import compiled\n@compiled\ndef twice(pair):\n    return 2 * pair.one\n"
    )
    pair = "from typing import NamedTuple\nclass Pair(NamedTuple):\n    one: int\n"
    command = (
        "import sys; sys.path.insert(0, {!r}); from {} import Pair; from kernel import twice; print(twice(Pair(4)))"
    )
    for place in ("before", "after"):
        (package / f"{place}.py").write_text(pair)
        code = command.format(str(package), place)
        done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "8\n"
        (package / f"{place}.py").unlink()
