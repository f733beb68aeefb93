"""AIF of 1998, its first version: the bump map of one die."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from kicad_rdl.geometry import ORIGIN, Point, Rectangle, Shape
from kicad_rdl.model.die import Bump
from kicad_rdl.model.source import Source
from kicad_rdl.read.aif_dies import DieOutline, placed_die
from kicad_rdl.read.aif_file import AifFile, Entry, Section
from kicad_rdl.read.bumps import NO_NET
from kicad_rdl.read.outline import DrawnBump, listed
from kicad_rdl.read.source_options import SourceOptions


def first_version(file: AifFile, options: SourceOptions) -> Source:
    """AIF of 1998: keys, then rows ``pad x y net ball``; the pads are squares of one size."""
    entries = [entry for section in file.sections for entry in section.entries]
    header = Section("", 1, tuple(entry for entry in entries if _is_key(entry)))
    size = file.size(header, "DIE_PAD_SIZE")
    shape: Shape = Rectangle(size, size) if size is not None else options.shape
    name = header.find("DIE_NAME")
    outline = DieOutline(
        name.value if name is not None else options.name or Path(file.source).stem,
        1,
        file.size(header, "DIE_X") or options.width,
        file.size(header, "DIE_Y") or options.height,
    )
    drawn: list[DrawnBump] = []
    for entry in entries:
        if _is_key(entry):
            continue
        cells = entry.text.split()
        if not 4 <= len(cells) <= 5:
            raise file.error(f"a row of {len(cells)} columns; it has pad, x, y, net and ball", entry.line)
        pad, x, y, net = cells[:4]
        ball = cells[4] if len(cells) == 5 and cells[4] != "-" else None
        at = Point(file.length(x, f'pad "{pad}"', entry.line), file.length(y, f'pad "{pad}"', entry.line))
        drawn.append(DrawnBump(Bump(pad, at, None if net.lower() in NO_NET else net, shape, ball), entry.line))
    listed(drawn, file.source)
    notes = (
        [f"{file.source}: AIF version 1 gives no shapes; pads are squares of DIE_PAD_SIZE"]
        if size
        else [f"{file.source}: AIF version 1 without DIE_PAD_SIZE; pads are those of the options"]
    )
    die = placed_die(file, outline, [d.bump for d in drawn], {d.bump.name: d.line for d in drawn}, notes)
    return Source((replace(die, at=ORIGIN),), notes=tuple(notes))


def _is_key(entry: Entry) -> bool:
    """A net may have an equals sign in its name."""
    return re.fullmatch(r"\w+", entry.key) is not None
