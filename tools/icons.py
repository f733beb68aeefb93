"""Draws the icons: a die, its traces, its balls. Run after a change: ``python tools/icons.py`` (needs rsvg-convert).

The colour of the balls, ``BALL``, occurs in no icon of KiCad itself: the live test finds the button by it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BALL = "#e8590c"
DIE = {"light": "#1a6fb4", "dark": "#4dabf7"}
TRACE = {"light": "#6b4a1f", "dark": "#e3c08a"}


def icon(theme: str) -> str:
    """The icon on a grid of 24 units."""
    near, far, middle = 3.5, 20.5, 12
    balls = [(x, y) for y in (near, middle, far) for x in (near, middle, far) if (x, y) != (middle, middle)]
    traces = [
        "M8 10 L6.5 8.5 V6.5 L3.5 3.5", "M16 10 L17.5 8.5 V6.5 L20.5 3.5", "M12 8 V3.5",
        "M8 14 L6.5 15.5 V17.5 L3.5 20.5", "M16 14 L17.5 15.5 V17.5 L20.5 20.5", "M12 16 V20.5",
        "M8 12 H3.5", "M16 12 H20.5",
    ]  # fmt: skip
    drawn = "".join(f'<path d="{trace}"/>' for trace in traces)
    discs = "".join(f'<circle cx="{x}" cy="{y}" r="2.5"/>' for x, y in balls)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
        f'<g fill="none" stroke="{TRACE[theme]}" stroke-width="1.2" stroke-linejoin="round">{drawn}</g>'
        f'<rect x="8" y="8" width="8" height="8" rx="0.8" fill="{DIE[theme]}"/>'
        f'<g fill="{BALL}">{discs}</g></svg>\n'
    )


def write(svg: str, size: int, target: Path) -> None:
    """Renders an SVG as a square PNG."""
    target.parent.mkdir(parents=True, exist_ok=True)
    command = ["rsvg-convert", "--width", str(size), "--height", str(size), "--output", str(target)]
    subprocess.run(command, input=svg.encode(), check=True)


def main() -> None:
    """Draws every icon that is committed."""
    for theme in ("light", "dark"):
        for size in (24, 48):
            write(icon(theme), size, ROOT / "plugin" / "icons" / f"{theme}-{size}.png")
    write(icon("light"), 64, ROOT / "resources" / "icon.png")


if __name__ == "__main__":
    main()
