"""KiCad's PCB editor on a screen, with configuration, documents and temporary files of its own."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from screen import Screen, end

ROOT = Path(__file__).resolve().parents[2]
IDENTIFIER = "io.github.kicad-rdl"
EMPTY_BOARD = '(kicad_pcb\n\t(version 20241229)\n\t(generator "test")\n\t(generator_version "9.0")\n)\n'


@dataclass(frozen=True)
class Home:
    """The folders of one KiCad user. The Python environment of the plugin is kept between runs, under ``build/``:
    with it KiCad needs no network at its next start."""

    folder: Path
    version: str

    @property
    def plugin(self) -> Path:
        return self.folder / "documents" / "kicad" / self.version / "plugins" / IDENTIFIER

    @property
    def log(self) -> Path:
        return self.folder / "state" / "kicad-rdl" / "button.log"

    @property
    def cache(self) -> Path:
        wanted = (ROOT / "plugin" / "requirements.txt").read_bytes()
        return ROOT / "build" / "live" / f"cache-{hashlib.sha256(wanted).hexdigest()[:12]}"

    @property
    def environment(self) -> dict[str, str]:
        unwanted = ("KICAD", "XDG_", "PYTHON", "VIRTUAL_ENV", "WAYLAND")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
        return kept | {
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TMPDIR": str(self.folder / "tmp"),
            "KICAD_CONFIG_HOME": str(self.folder / "config"),
            "KICAD_CACHE_HOME": str(self.cache),
            "KICAD_DOCUMENTS_HOME": str(self.folder / "documents"),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "NO_AT_BRIDGE": "1",
            "GTK_USE_PORTAL": "0",
            "LC_ALL": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }


def kicad_version() -> str:
    """``9.0``."""
    full = subprocess.run(["kicad-cli", "version"], capture_output=True, text=True, check=True).stdout
    return ".".join(full.strip().split(".")[:2])


def make_home(folder: Path, package: Path) -> Home:
    """A user who switched the API on and installed the plugin from its package."""
    home = Home(folder, kicad_version())
    config = folder / "config" / home.version
    for place in (config, folder / "tmp", home.plugin, home.cache):
        place.mkdir(parents=True, exist_ok=True)
    common = {
        "api": {"enable_server": True, "interpreter_path": "/usr/bin/python3"},
        "do_not_show_again": {
            "data_collection_prompt": True,
            "env_var_overwrite_warning": True,
            "scaled_3d_models_warning": True,
            "update_check_prompt": True,
            "zone_fill_warning": True,
        },
        "system": {"autosave_interval": 0},
        "meta": {"filename": "kicad_common.json", "version": 3},
    }
    (config / "kicad_common.json").write_text(json.dumps(common), encoding="utf-8")
    for table in ("fp", "sym", "design-block"):
        text = f"({table.replace('-', '_')}_lib_table\n  (version 7)\n)\n"
        (config / f"{table}-lib-table").write_text(text, encoding="utf-8")
    with zipfile.ZipFile(package) as archive:
        for name in archive.namelist():
            if name.startswith("plugins/"):
                target = home.plugin / name.removeprefix("plugins/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
    return home


@contextmanager
def pcb_editor(screen: Screen, home: Home, board: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The editor on a board; whatever the session started ends with it."""
    environment = home.environment | {"DISPLAY": screen.display}
    with (home.folder / "pcbnew.log").open("wb") as log:
        process = subprocess.Popen(
            ["pcbnew", str(board)], env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=home.folder
        )
        try:
            yield process
        finally:
            end(process)


def end_owner_of(screen: Screen, window: str) -> None:
    """Ends the process behind a window of this screen."""
    with suppress(ProcessLookupError, ValueError):
        os.kill(screen.process_of(window), signal.SIGTERM)
