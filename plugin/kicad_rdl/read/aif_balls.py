"""Where the balls of an AIF package are: from its ``[BGA]`` section, for balls that the netlist names without place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kicad_rdl.geometry import ORIGIN, Point, Shape
from kicad_rdl.read.aif_file import AifFile, Section
from kicad_rdl.read.aif_pads import pad_type
from kicad_rdl.read.grid import letters
from kicad_rdl.units import Nm

SKIPPED_LETTERS = "IOQSXZ"
"""JEDEC row letters leave these out."""
CORNERS = ("UL", "UR", "LL", "LR")
GRID_LIMIT = 1_000
"""Balls along one side."""


@dataclass(frozen=True, slots=True)
class BallGrid:
    """``[BGA]`` as far as this program uses it."""

    width: Nm | None = None
    height: Nm | None = None
    centre: Point = ORIGIN
    """Of a polygonal outline."""
    shape: Shape | None = None
    columns: int = 0
    rows: int = 0
    pitch: tuple[Nm, Nm] | None = None
    a1: str = "UL"
    depopulated: tuple[int, int] = (0, 0)
    repopulated: tuple[int, int] = (0, 0)

    @property
    def has_places(self) -> bool:
        """Whether pitch and population say where a ball is."""
        return self.pitch is not None and self.columns > 0 and self.rows > 0

    def place(self, name: str, all_letters: bool) -> Point | None:
        """Where the ball of that name is; None where the grid has no such place."""
        match = re.fullmatch(r"([A-Z]{1,3})(\d{1,4})", name)
        if match is None or not self.has_places:
            return None
        names = letters(self.rows, "" if all_letters else SKIPPED_LETTERS)
        if match[1] not in names or not 1 <= int(match[2]) <= self.columns:
            return None
        return self._spot(names.index(match[1]), int(match[2]) - 1)

    def _spot(self, row: int, column: int) -> Point:
        assert self.pitch is not None
        x = (2 * column - (self.columns - 1)) * self.pitch[0] // 2
        y = (self.rows - 1 - 2 * row) * self.pitch[1] // 2
        return Point(-x if "R" in self.a1 else x, -y if self.a1.startswith("L") else y)

    def sites(self) -> list[tuple[str, Point]]:
        """Every ball of the population without the depopulated middle, with its name."""
        names = letters(self.rows, SKIPPED_LETTERS) if self.has_places else ()
        return [
            (f"{letter}{column + 1}", self._spot(row, column))
            for row, letter in enumerate(names)
            for column in range(self.columns)
            if not self._within(row, column, self.depopulated) or self._within(row, column, self.repopulated)
        ]

    def _within(self, row: int, column: int, middle: tuple[int, int]) -> bool:
        across, down = middle
        return abs(2 * column - (self.columns - 1)) < across and abs(2 * row - (self.rows - 1)) < down


def ball_grid_of(file: AifFile) -> BallGrid:
    """The ``[BGA]`` section; an empty value where there is none."""
    section = file.find("BGA")
    if section is None:
        return BallGrid()
    width, height = file.size(section, "WIDTH"), file.size(section, "HEIGHT")
    centre = ORIGIN
    outline = section.find("OUTLINE")
    if outline is not None and (width is None or height is None):
        width, height, centre = _box(file, section)
    ball = section.find("BALL")
    columns, rows = _counts(file, section, "POPULATION")
    a1 = section.find("A1")
    if a1 is not None and a1.value.upper() not in CORNERS:
        raise file.error(f"A1={a1.value}: write UL, UR, LL or LR", a1.line)
    pitch = section.find("PITCH")
    steps = file.lengths(pitch.value, "PITCH", pitch.line) if pitch is not None else []
    if pitch is not None and (not 1 <= len(steps) <= 2 or min(steps) <= 0):
        raise file.error(f"PITCH={pitch.value}: one length above zero is needed", pitch.line)
    return BallGrid(
        width=width,
        height=height,
        centre=centre,
        shape=pad_type(file, ball).shape if ball is not None and ball.value else None,
        columns=columns,
        rows=rows,
        pitch=(steps[0], steps[-1]) if steps else None,
        a1=a1.value.upper() if a1 is not None else "UL",
        depopulated=_counts(file, section, "DEPOPULATION"),
        repopulated=_counts(file, section, "REPOPULATION"),
    )


def _counts(file: AifFile, section: Section, key: str) -> tuple[int, int]:
    entry = section.find(key)
    if entry is None:
        return 0, 0
    words = re.split(r"[\s,]+", entry.value)
    if len(words) not in (1, 2) or not all(re.fullmatch(r"[0-9]{1,6}", word) for word in words):
        raise file.error(f'{key}="{entry.value}": write the number of balls along x and y', entry.line)
    across, down = int(words[0]), int(words[-1])
    if max(across, down) > GRID_LIMIT:
        raise file.error(f"{key}={entry.value}: more than {GRID_LIMIT} balls along a side", entry.line)
    return across, down


def _box(file: AifFile, section: Section) -> tuple[Nm, Nm, Point]:
    """Bounding box of ``POLYGON <polygons> <line width> <points> x0 y0 ...``."""
    entry = section.find("OUTLINE")
    assert entry is not None
    words = [word for word in re.split(r"[\s,]+", entry.value) if word]
    count = int(words[3]) if len(words) > 3 and re.fullmatch(r"[0-9]{1,6}", words[3]) else 0
    spots = [file.length(word, "OUTLINE", entry.line) for word in words[4 : 4 + 2 * count]]
    if words[:1] == [] or words[0].upper() != "POLYGON" or count < 3 or len(spots) < 2 * count:
        raise file.error(f'OUTLINE="{entry.value[:60]}": write POLYGON 1 <line width> <points> x y x y ...', entry.line)
    xs, ys = spots[::2], spots[1::2]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    if left == right or low == high:
        raise file.error("OUTLINE has no area", entry.line)
    return right - left, high - low, Point((left + right) // 2, (low + high) // 2)
