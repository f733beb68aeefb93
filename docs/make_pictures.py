"""Draws the pictures of the documentation: builds the example jobs and turns their drawings into PNGs in docs/pictures.

Needs rsvg-convert (Debian: librsvg2-bin) and ImageMagick; ``make pictures`` installs both. The drawings are the files
that ``kicad-rdl build`` writes, untouched; a palette makes the PNGs small. ``kicad.png`` is a photograph that the test
of the button leaves in build/live: it is taken over when it is there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kicad_rdl.pipeline import build

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
PHOTOGRAPH = ROOT / "build" / "live" / "board.png"
PIXELS = 1400
COLOURS = 128

WANTED: dict[str, dict[str, str]] = {
    "first/sensor.toml": {"all": "sensor"},
    "caravel/fanout.toml": {"all": "caravel"},
    "area_array/a16_2rdl.toml": {"RDL1": "area16_rdl1", "RDL2": "area16_rdl2"},
    "area_array/a32_2rdl.toml": {"RDL2": "area32_full"},
    "area_array/a32_3rdl.toml": {"all": "area32"},
}
"""Job, and which of its drawings become which pictures."""


def main() -> int:
    """Builds, converts, and says what it wrote."""
    missing = [name for name in ("rsvg-convert", "convert") if shutil.which(name) is None]
    if missing:
        print(
            f"{' and '.join(missing)} not installed; on Debian: apt install librsvg2-bin imagemagick", file=sys.stderr
        )
        return 1
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, (job, pictures) in enumerate(WANTED.items()):
            result = build(ROOT / "examples" / job, Path(folder) / str(number))
            print(job + ": " + ("clean" if result.clean else "not clean"))
            for drawing, name in pictures.items():
                large = Path(folder) / f"{name}.png"
                source = result.output / "svg" / f"{drawing}.svg"
                subprocess.run(["rsvg-convert", "--width", str(PIXELS), source, "--output", large], check=True)
                reduce(large, name)
    if PHOTOGRAPH.exists():
        reduce(PHOTOGRAPH, "kicad")
    return 0


def reduce(source: Path, name: str) -> None:
    """Writes a picture with few colours, the same bytes each time."""
    target = PICTURES / f"{name}.png"
    palette = ["-strip", "+dither", "-colors", str(COLOURS), "-define", "png:exclude-chunks=date,time"]
    subprocess.run(["convert", source, *palette, f"PNG8:{target}"], check=True)
    print(f"  {target.relative_to(ROOT)}: {target.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
