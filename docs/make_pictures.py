"""Draws the pictures of the README: builds the example jobs and turns their drawings into PNGs in docs/pictures.

Needs rsvg-convert (Debian: librsvg2-bin). The drawings are the files that ``kicad-rdl build`` writes,
untouched.
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
PIXELS = 1600

WANTED: dict[str, dict[str, str]] = {
    "caravel/fanout.toml": {
        "all": "caravel",
        "RDL1": "caravel_rdl1",
        "openings_land_side": "caravel_openings",
    },
    "caravel/fanout_2rdl.toml": {"all": "caravel_2rdl"},
    "area_array/a16_2rdl.toml": {"all": "area16", "RDL2": "area16_rdl2"},
    "area_array/a32_3rdl.toml": {"all": "area32", "RDL3": "area32_rdl3"},
}
"""Job, and which of its drawings become which pictures."""


def main() -> int:
    """Builds, converts, and says what it wrote."""
    converter = shutil.which("rsvg-convert")
    if converter is None:
        print("rsvg-convert is not installed; on Debian: apt install librsvg2-bin", file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    for job, pictures in WANTED.items():
        with tempfile.TemporaryDirectory() as folder:
            result = build(ROOT / "examples" / job, Path(folder) / "build")
            print(job + ": " + ("clean" if result.clean else "not clean"))
            for drawing, name in pictures.items():
                target = PICTURES / f"{name}.png"
                source = result.output / "svg" / f"{drawing}.svg"
                subprocess.run([converter, "--width", str(PIXELS), str(source), "--output", str(target)], check=True)
                print("  " + str(target.relative_to(ROOT)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
