"""DEF: where the cells of a chip are, and on which nets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point
from kicad_rdl.read.documents import read_bytes
from kicad_rdl.read.orientation import DEF, Orientation
from kicad_rdl.read.outline import Box
from kicad_rdl.units import UM, Nm

PLACED = ("PLACED", "FIXED", "COVER")
SECTIONS = ("COMPONENTS", "NETS", "SPECIALNETS")
EVERY = "*"
"""Component of a connection that means all components with this pin."""


@dataclass(frozen=True, slots=True)
class Component:
    """An instance of a macro."""

    name: str
    macro: str
    line: int
    corner: Point | None
    """Lower left of the turned cell; None: not placed."""
    orientation: Orientation


@dataclass(frozen=True, slots=True)
class DefNet:
    """A net where a pin is listed on it."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class DefFile:
    """What a DEF file says of cells and nets, in the order of the file and in nanometres."""

    source: str
    design: str
    area: Box | None
    components: tuple[Component, ...]
    pins: dict[tuple[str, str], tuple[DefNet, ...]]
    """Nets by component and pin; signals are in NETS, supplies often in SPECIALNETS only."""


@dataclass(frozen=True, slots=True)
class _Statement:
    line: int
    words: list[str]


class _Reader:
    """Statement by statement."""

    def __init__(self, path: Path) -> None:
        self.source = str(path)
        self.design = path.stem
        self.per_micron = 0
        self.area: Box | None = None
        self.components: list[Component] = []
        self.pins: dict[tuple[str, str], list[DefNet]] = {}
        self.line = 1
        self._text = read_bytes(path).decode("latin-1")

    def statements(self) -> Iterator[_Statement]:
        """Words up to each semicolon; ``END x`` has none."""
        words: list[str] = []
        start = 1
        for line, text in enumerate(self._text.split("\n"), start=1):
            self.line = line
            for word in _words(text):
                if word == ";":
                    if words:
                        yield _Statement(start, words)
                    words = []
                    continue
                if not words:
                    start = line
                words.append(word)
                if len(words) == 2 and words[0] == "END":
                    yield _Statement(start, words)
                    words = []
        if words and words != ["END"]:
            raise self.error(f'the file ends within the statement "{" ".join(words[:3])}"; is it complete?', start)

    def error(self, message: str, line: int) -> InputError:
        return InputError(message, self.source, line)

    def length(self, text: str, line: int) -> Nm:
        """A DEF number in nanometres, halves upwards."""
        if not self.per_micron:
            raise self.error("there is no UNITS DISTANCE MICRONS before the first length", line)
        try:
            units = int(text) if re.fullmatch(r"[-+]?\d{1,15}", text) else round(float(text[:30]))
            if abs(units) > 10**15:
                raise OverflowError
        except (ValueError, OverflowError):
            raise self.error(f'"{text[:30]}" is not a DEF length, a whole number of database units', line) from None
        return (2 * units * UM + self.per_micron) // (2 * self.per_micron)

    def points(self, words: list[str], line: int) -> list[Point]:
        """Every ``( x y )`` among the words."""
        found: list[Point] = []
        for index, word in enumerate(words):
            if word == "(":
                pair = words[index + 1 : index + 4]
                if len(pair) < 3 or pair[2] != ")":
                    raise self.error('a point is written "( x y )"', line)
                found.append(Point(self.length(pair[0], line), self.length(pair[1], line)))
        return found

    def read(self) -> None:
        section = ""
        for statement in self.statements():
            words, line = statement.words, statement.line
            match words[0]:
                case "-" if section == "COMPONENTS":
                    self.component(words, line)
                case "-" if section in SECTIONS:
                    self.net(words, line)
                case "END":
                    section = ""
                case "DESIGN" if len(words) > 1:
                    self.design = words[1]
                case "UNITS":
                    self.units(words, line)
                case "DIEAREA":
                    corners = self.points(words, line)
                    if len(corners) < 2:
                        raise self.error("DIEAREA needs two points or more", line)
                    self.area = Box.around(corners)
                case name if name in SECTIONS:
                    section = name
        if section:
            raise self.error(f"the file ends within {section}; is it complete?", self.line)

    def units(self, words: list[str], line: int) -> None:
        number = words[-1]
        if not re.fullmatch(r"\d{1,9}", number) or int(number) == 0:
            raise self.error('the unit is written "UNITS DISTANCE MICRONS 2000 ;"', line)
        self.per_micron = int(number)

    def component(self, words: list[str], line: int) -> None:
        if len(words) < 3:
            raise self.error('a component is written "- NAME MACRO + PLACED ( x y ) N ;"', line)
        corner, orientation = None, DEF["N"]
        for index, word in enumerate(words):
            if word == "+" and words[index + 1 : index + 2] and words[index + 1] in PLACED:
                place = words[index + 2 :]
                if len(place) < 5 or place[4] not in DEF:
                    raise self.error(
                        f'component {words[1]}: a place is written "+ {words[index + 1]} ( x y ) N", the orientation '
                        f"one of {', '.join(DEF)}",
                        line,
                    )
                corner, orientation = self.points(place[:4], line)[0], DEF[place[4]]
        self.components.append(Component(words[1], words[2], line, corner, orientation))

    def net(self, words: list[str], line: int) -> None:
        """Connections ``( component pin )`` up to the first option; wires come after."""
        if len(words) < 2:
            raise self.error('a net is written "- NAME ( component pin ) ... ;"', line)
        net, index = DefNet(words[1], line), 2
        while index < len(words) and words[index] == "(":
            try:
                close = words.index(")", index)
            except ValueError:
                raise self.error(f"net {net.name}: a parenthesis is not closed", line) from None
            if close - index < 3:
                raise self.error(f'net {net.name}: a connection is written "( component pin )"', line)
            self.pins.setdefault((words[index + 1], words[index + 2]), []).append(net)
            index = close + 1


def _words(text: str) -> list[str]:
    """The words of a line without its comment; parentheses and semicolons are words."""
    if '"' in text or "\\" in text:
        words = re.findall(r'#.*|"[^"]*"?|[();]|(?:\\.|[^\s();])+', text)
    else:
        # nearly all lines, and five times faster
        words = text.replace("(", " ( ").replace(")", " ) ").replace(";", " ; ").split()
    comment = next((at for at, word in enumerate(words) if word[0] == "#"), None) if "#" in text else None
    return words[:comment]


def read_def_file(path: Path) -> DefFile:
    """The cells and nets of a DEF file.

    Raises:
        InputError: with the line of the first thing that is not DEF.
    """
    reader = _Reader(path)
    reader.read()
    pins = {key: tuple(nets) for key, nets in reader.pins.items()}
    return DefFile(reader.source, reader.design, reader.area, tuple(reader.components), pins)
