"""Imports point one way: the table of docs/architecture.md, enforced."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "plugin" / "kicad_rdl"
PIP_NAMES = {"kicad-python": "kipy", "pyyaml": "yaml"}


def table() -> tuple[dict[str, int], dict[str, set[str]]]:
    """Row of each room, and the third-party libraries allowed in it, as docs/architecture.md has them."""
    rows: dict[str, int] = {"": 0}
    libraries: dict[str, set[str]] = {"": set()}
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for row, rooms, allowed in re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE):
        of_all = {name for part in allowed.split(";") if ":" not in part for name in re.split(r",\s*", part.strip())}
        for room in re.split(r",\s*", rooms.strip()):
            rows[room] = int(row)
            own = [part.split(":")[1] for part in allowed.split(";") if part.strip().startswith(f"{room}:")]
            names = of_all | {name for part in own for name in re.split(r",\s*", part.strip())}
            libraries[room] = {PIP_NAMES.get(name, name) for name in names} - {"none"}
    return rows, libraries


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute module name of every import of a file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import; write kicad_rdl..."
            if node.module == "kicad_rdl":
                yield from ((node.lineno, f"kicad_rdl.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, str(node.module)


def room_of(path: Path) -> str:
    """The room a file belongs to: a module or package directly in kicad_rdl; "" is kicad_rdl itself."""
    first = path.relative_to(PACKAGE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


ROWS, LIBRARIES = table()
FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_up(path: Path) -> None:
    room = room_of(path)
    assert room in ROWS, f'docs/architecture.md has no row for "{room}"'
    wrong = []
    for line, module in imports(path):
        top, _, rest = module.partition(".")
        if top == "kicad_rdl":
            target = rest.split(".")[0]
            target = target if target in ROWS else ""  # kicad_rdl itself: __version__
            allowed = target == room or ROWS[target] < ROWS[room]
        else:
            allowed = top in sys.stdlib_module_names or top in LIBRARIES[room]
        if not allowed:
            wrong.append(f"{path.relative_to(ROOT)}:{line}: {room} may not import {module}")
    assert not wrong, "\n".join(wrong)


def test_the_walls_stand() -> None:
    assert ROWS["check"] == ROWS["route"] == ROWS["kicad"] == ROWS["draw"]  # strangers: neither imports the other
    assert len(ROWS) > 10
    assert "shapely" in LIBRARIES["check"]
    assert "kipy" in LIBRARIES["live"]
    assert "kipy" not in LIBRARIES["cli"]


def test_every_row_has_its_room() -> None:
    rooms = {room_of(path) for path in FILES}
    missing = sorted(set(ROWS) - rooms)
    assert not missing, f"docs/architecture.md names rooms that do not exist: {missing}"
