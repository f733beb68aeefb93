"""The button's entry: makes the interpreter usable, then hands over to ``kicad_rdl.live``.

KiCad starts this file with whatever python3 it found, so it parses on Python 3.7 and later: an interpreter that is too
old is answered with a dialog instead of silence (KiCad swallows what a plugin prints).
"""

from __future__ import annotations

import os
import sys
import traceback

LEAST_PYTHON = (3, 11)


def repaired(path: list[str], pythonpath: str) -> list[str]:
    """The module search path with the folders of PYTHONPATH last.

    On Linux KiCad exports PYTHONPATH=/usr/lib/python3/dist-packages. It comes before the plugin's own environment and
    hides the libraries installed there behind the distribution's older ones. Last, it still finds wx.
    """
    late = [os.path.abspath(folder) for folder in pythonpath.split(os.pathsep) if folder]
    early = [folder for folder in path if os.path.abspath(folder or os.curdir) not in late]
    return early + late


def too_old(version: tuple[int, ...]) -> str:
    """What to tell the user about an interpreter below Python 3.11; empty when it will do."""
    if tuple(version[:2]) >= LEAST_PYTHON:
        return ""
    needed, found = (".".join(map(str, numbers)) for numbers in (LEAST_PYTHON, version[:2]))
    return (
        f"kicad-rdl needs Python {needed} or newer, but KiCad runs its plugins with Python {found} "
        f"({sys.executable}).\n\nChoose a newer one in Preferences > Plugins > Path to Python interpreter, restart "
        "KiCad, and give it a minute to install the plugin again."
    )


def log_file() -> str:
    """The log of the button, in the user's own place for such files."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Logs")
    else:
        base = os.environ.get("XDG_STATE_HOME") or os.path.join(home, ".local", "state")
    return os.path.join(base, "kicad-rdl", "button.log")


def tell(message: str, details: str = "") -> None:
    """Shows a message where the user sees it; the log keeps it with its details."""
    path = log_file()
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a", encoding="utf-8") as log:
            log.write(f"{message}\n{details}\n")
        message += f"\n\nLog file: {path}"
    except OSError:
        pass  # no place for a log: the dialog still speaks
    try:
        import wx
    except ImportError:
        sys.stderr.write(message + "\n")
        return
    app = wx.App()
    wx.MessageBox(message, "kicad-rdl", wx.OK | wx.ICON_ERROR)
    app.Destroy()


def main() -> int:
    """Checks the interpreter and runs the button."""
    sys.path[:] = repaired(sys.path, os.environ.get("PYTHONPATH", ""))
    complaint = too_old(sys.version_info[:3])
    if complaint:
        tell(complaint)
        return 1
    try:
        from kicad_rdl.live import main as run
    except Exception as error:  # a broken library may raise anything while it loads
        tell(
            f"kicad-rdl cannot start, because one of its parts does not load: {error}.\n\nInstall the plugin again, so "
            "that KiCad builds its Python environment anew.",
            traceback.format_exc(),
        )
        return 1
    return run(log_file())


if __name__ == "__main__":
    sys.exit(main())
