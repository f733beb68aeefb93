"""kicad-cli is found where KiCad's installers put it, the newest first; PATH goes before all."""

from __future__ import annotations

from pathlib import Path

import pytest

from kicad_rdl.kicad_cli.program import kicad_cli

WINDOWS = {"PROGRAMFILES": "Program Files", "LOCALAPPDATA": "Users/me/AppData/Local"}
MACOS = {"HOME": "Users/me"}
MAC = "KiCad.app/Contents/MacOS/kicad-cli"


@pytest.mark.parametrize(
    ("platform", "variables", "programs", "wanted"),
    [
        ("win32", WINDOWS, [], None),
        ("win32", WINDOWS, ["Program Files/KiCad/8.0/bin/kicad-cli.exe"], None),
        ("win32", WINDOWS, ["Program Files/KiCad/9.0/lib/kicad-cli.exe"], None),
        (
            "win32",
            WINDOWS,
            [f"Program Files/KiCad/{version}/bin/kicad-cli.exe" for version in ("9.0", "10.0", "9.99")],
            "Program Files/KiCad/10.0/bin/kicad-cli.exe",
        ),
        (
            "win32",
            WINDOWS,
            [
                "Program Files/KiCad/9.0/bin/kicad-cli.exe",
                "Users/me/AppData/Local/Programs/KiCad/10.0/bin/kicad-cli.exe",
            ],
            "Users/me/AppData/Local/Programs/KiCad/10.0/bin/kicad-cli.exe",
        ),
        ("win32", {}, ["Program Files/KiCad/9.0/bin/kicad-cli.exe"], None),
        ("darwin", MACOS, [f"Applications/KiCad/{MAC}"], f"Applications/KiCad/{MAC}"),
        (
            "darwin",
            MACOS,
            [f"Applications/KiCad 9.0/{MAC}", f"Applications/KiCad/{MAC}", f"Users/me/Applications/KiCad-8/{MAC}"],
            f"Applications/KiCad/{MAC}",
        ),
        ("darwin", MACOS, [f"Users/me/Applications/KiCad-9/{MAC}"], f"Users/me/Applications/KiCad-9/{MAC}"),
        ("linux", MACOS | WINDOWS, [f"Applications/KiCad/{MAC}", "Program Files/KiCad/9.0/bin/kicad-cli.exe"], None),
    ],
)
def test_installed(
    tmp_path: Path, platform: str, variables: dict[str, str], programs: list[str], wanted: str | None
) -> None:
    for name in programs:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    environment = {"PATH": str(tmp_path)} | {name: str(tmp_path / folder) for name, folder in variables.items()}
    assert kicad_cli(platform, environment, tmp_path) == (wanted and str(tmp_path / wanted))


def test_path_goes_first(tmp_path: Path) -> None:
    for name in ("kicad-cli", f"Applications/KiCad/{MAC}"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch(mode=0o755)
    assert kicad_cli("darwin", {"PATH": str(tmp_path)}, tmp_path) == str(tmp_path / "kicad-cli")
