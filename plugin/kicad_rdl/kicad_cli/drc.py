"""What does KiCad's own DRC say? Runs kicad-cli, where it is installed, on the files of a project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kicad_rdl.kicad_cli.program import kicad_cli
from kicad_rdl.model.report import KicadCheck, KicadFinding

MISSING = "kicad-cli is not installed or not in PATH; install KiCad 9 or newer to have its DRC in the report"
NOT_ASKED = KicadCheck(None, reason="not asked for; --kicad-check runs it")
VERSION_SECONDS = 60
DRC_SECONDS = 3_600
"""DRC of KiCad 9 grows with the square of the number of nets: 10,000 nets took 106 s."""
NO_SUCH_BOARD = 3
"""kicad-cli's exit status for a board that it cannot load."""


def drc(files: Mapping[str, str], board: str) -> KicadCheck:
    """KiCad's DRC with every severity, on a project that is not on the disk yet.

    KiCad forgives 0.5 um unless its advanced configuration says ``DRCEpsilon``; here it runs in a configuration of its
    own, with 10 pm, so that it forgives nothing.

    Args:
        files: relative names and texts of the whole project.
        board: the name of the board among them.
    """
    program = kicad_cli(sys.platform, os.environ)
    if program is None:
        return KicadCheck(None, reason=MISSING)
    with tempfile.TemporaryDirectory(prefix="kicad-rdl-drc-") as scratch:
        config, project = Path(scratch, "config"), Path(scratch, "project")
        config.mkdir()
        for name, text in files.items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        environment = os.environ | {"KICAD_CONFIG_HOME": str(config), "HOME": str(config), "LC_ALL": "C.UTF-8"}
        try:
            version = _run([program, "version"], environment, VERSION_SECONDS).stdout.strip()
            folder = config / ".".join(version.split(".")[:2])
            folder.mkdir(exist_ok=True)
            (folder / "kicad_advanced").write_text("DRCEpsilon=0.00001\n", encoding="utf-8")
            report = Path(scratch, "drc.json")
            options = ["--format", "json", "--severity-all", "--units", "mm", "--output", str(report)]
            result = _run([program, "pcb", "drc", *options, str(project / board)], environment, DRC_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            return KicadCheck(None, reason=f"kicad-cli could not be run: {error}")
        if not report.exists():
            told = (result.stderr.strip() or result.stdout.strip()).replace("\n", "; ")
            if result.returncode == NO_SUCH_BOARD:
                finding = KicadFinding("board_not_loaded", "error", 1, told or "KiCad cannot load the board")
                return KicadCheck(version, (finding,))
            return KicadCheck(None, reason=f"kicad-cli ended with status {result.returncode}: {told}")
        return KicadCheck(version, findings_of(json.loads(report.read_text(encoding="utf-8"))))


def findings_of(report: Mapping[str, Any]) -> tuple[KicadFinding, ...]:
    """The violations of a report in KiCad's schema ``drc.v1``, counted by type and severity."""
    entries = [
        entry for key in ("violations", "unconnected_items", "schematic_parity") for entry in report.get(key, ())
    ]
    kinds: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        kinds.setdefault((entry["type"], entry["severity"]), []).append(_words(entry))
    return tuple(
        KicadFinding(kind, severity, len(words), min(words)) for (kind, severity), words in sorted(kinds.items())
    )


def _words(entry: Mapping[str, Any]) -> str:
    things = [f"{item['description']} at {item['pos']['x']}, {item['pos']['y']} mm" for item in entry.get("items", ())]
    return "; ".join([entry["description"], *things])


def _run(command: list[str], environment: Mapping[str, str], seconds: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
        check=False,
    )
