"""LEF: the macros whose instances are bumps or pads, with the metal of their pins.

LEF counts lengths in um; a macro's own frame has its origin where ``ORIGIN`` says, here everything is moved so that the
lower left corner of the unturned cell is (0, 0).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Octagon, Point, Rectangle, Shape
from kicad_rdl.read.documents import read_bytes, read_length
from kicad_rdl.read.outline import Box
from kicad_rdl.units import Nm

BUMP_CLASS = "COVER BUMP"
PORT_CLASS = "BUMP"
"""CLASS of the port of a pad cell that a bump is connected to."""

ROUND = 0.05
"""Share of its width by which a polygon of eight corners may miss the regular octagon: its grid may be coarse."""


@dataclass(frozen=True, slots=True)
class Port:
    """Metal of a pin on one layer."""

    pin: str
    layer: str
    is_bump: bool
    box: Box
    round: bool
    """The metal is an octagon; else it is taken as its bounding box."""
    exact: bool
    """False: the metal is less than its box."""

    @property
    def shape(self) -> Shape:
        """Around the centre of the box."""
        return Octagon(self.box.width) if self.round else Rectangle(self.box.width, self.box.height)


@dataclass(frozen=True, slots=True)
class Macro:
    """A cell."""

    name: str
    kind: str
    """``CLASS`` with its subclass, in capitals: ``COVER BUMP``, ``PAD AREAIO``."""
    width: Nm
    height: Nm
    ports: tuple[Port, ...]

    @property
    def is_bump(self) -> bool:
        """Whether its instances are the bumps of a die."""
        return self.kind == BUMP_CLASS

    def metal(self) -> Port | None:
        """The metal of a bump cell on its topmost layer; None where the LEF draws none, or a cell has several pins."""
        if len({port.pin for port in self.ports}) != 1:
            return None
        return topmost(self.ports)


def simplified(macro: Macro, port: Port) -> str:
    """What to tell of a port that is not ``exact``."""
    return f"cell {macro.name}: the metal of its pin {port.pin} is taken as the rectangle around it"


def topmost(ports: tuple[Port, ...]) -> Port:
    """The port on the highest layer, by the numbers in the layers' names, then by the order in the file."""
    ranked = [([int(digits) for digits in re.findall(r"\d+", port.layer)], index) for index, port in enumerate(ports)]
    return ports[max(ranked)[1]]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the file with its line."""

    text: str
    line: int


class _Words:
    """The words of a LEF file, one after the other."""

    def __init__(self, path: Path) -> None:
        self.source = str(path)
        self.words = self._split(path)
        self.last = Word("", 1)

    @staticmethod
    def _split(path: Path) -> Iterator[Word]:
        for line, text in enumerate(read_bytes(path).decode("latin-1").split("\n"), start=1):
            for found in re.finditer(r'#.*|"[^"]*"?|;|[^\s;]+', text):
                if found[0][0] == "#":
                    break
                yield Word(found[0], line)

    def take(self) -> Word | None:
        """The next word; None at the end of the file."""
        word = next(self.words, None)
        self.last = word or self.last
        return word

    def need(self, what: str) -> Word:
        """The next word, which must be there."""
        word = self.take()
        if word is None:
            raise InputError(f"the file ends in the middle of {what}; is it complete?", self.source, self.last.line)
        return word

    def statement(self, what: str) -> list[str]:
        """All words up to the semicolon."""
        words: list[str] = []
        while (word := self.need(what)).text != ";":
            words.append(word.text)
        return words

    def close(self, name: str, what: str) -> None:
        """The name after ``END``, which must be that of what is closed."""
        found = self.need(what)
        if found.text != name:
            raise InputError(f'{what} is closed by "END {found.text}"; is a line missing?', self.source, found.line)

    def length(self, text: str, what: str) -> Nm:
        """A number of um."""
        return read_length(text, "um", what, self.source, self.last.line)


def read_lef(path: Path) -> dict[str, Macro]:
    """The macros of a LEF file by name, in the order of the file.

    Raises:
        InputError: the file breaks off, or a macro has no size.
    """
    words = _Words(path)
    macros: dict[str, Macro] = {}
    while (word := words.take()) is not None:
        match word.text.upper():
            case "MACRO":
                macro = _macro(words)
                macros[macro.name] = macro
            case "PROPERTYDEFINITIONS":
                # here MACRO begins a definition, not a macro
                _skip_block(words, "PROPERTYDEFINITIONS")
                words.need("PROPERTYDEFINITIONS")
            case "BEGINEXT":
                while words.need("BEGINEXT").text.upper() != "ENDEXT":
                    pass
    return macros


def _macro(words: _Words) -> Macro:
    name = words.need("MACRO").text
    what, line = f"MACRO {name}", words.last.line
    kind = ""
    origin, size = Point(0, 0), None
    ports: list[Port] = []
    while True:
        word = words.need(what).text
        match word.upper():
            case "END":
                words.close(name, what)
                break
            case "CLASS":
                kind = " ".join(words.statement(what)).upper()
            case "ORIGIN":
                origin = Point(*_numbers(words, what, "ORIGIN", 2))
            case "SIZE":
                given = words.statement(what)
                if len(given) != 3 or given[1].upper() != "BY":
                    raise InputError(f'{what}: SIZE is written "SIZE 45 BY 45 ;"', words.source, words.last.line)
                size = (words.length(given[0], f"{what}: SIZE"), words.length(given[2], f"{what}: SIZE"))
            case "PIN":
                ports += _pin(words, what)
            case "OBS" | "DENSITY":
                _skip_block(words, what)
            case ";":
                pass
            case _:
                words.statement(what)
    if size is None or min(size) <= 0:
        raise InputError(f"{what} has no SIZE above zero", words.source, line)
    moved = tuple(_moved(port, origin) for port in ports)
    return Macro(name, kind, size[0], size[1], moved)


def _moved(port: Port, origin: Point) -> Port:
    box = port.box
    moved = Box(box.left + origin.x, box.bottom + origin.y, box.right + origin.x, box.top + origin.y)
    return Port(port.pin, port.layer, port.is_bump, moved, port.round, port.exact)


def _skip_block(words: _Words, what: str) -> None:
    while words.need(what).text.upper() != "END":
        pass


def _numbers(words: _Words, what: str, key: str, count: int | None = None) -> list[Nm]:
    given = [text for text in words.statement(what) if text not in ("(", ")")]
    if given[:1] and given[0].upper() == "MASK":
        given = given[2:]
    lengths = [words.length(text, f"{what}: {key}") for text in given]
    if count is not None and len(lengths) != count:
        raise InputError(f"{what}: {key} needs {count} numbers, got {len(lengths)}", words.source, words.last.line)
    return lengths


def _pin(words: _Words, macro: str) -> list[Port]:
    name = words.need(macro).text
    what = f"{macro}: PIN {name}"
    ports: list[Port] = []
    while True:
        match words.need(what).text.upper():
            case "END":
                words.close(name, what)
                return ports
            case "PORT":
                ports += _port(words, what, name)
            case ";":
                pass
            case _:
                words.statement(what)


def _port(words: _Words, what: str, pin: str) -> list[Port]:
    kind, layer = "", ""
    metal: dict[str, list[list[Point]]] = {}
    while True:
        match key := words.need(what).text.upper():
            case "END":
                return [_metal(pin, layer, kind == PORT_CLASS, shapes) for layer, shapes in metal.items()]
            case "CLASS":
                kind = " ".join(words.statement(what)).upper()
            case "LAYER":
                layer = (words.statement(what) or [""])[0]
            case "RECT":
                left, bottom, right, top = _numbers(words, what, key, 4)
                metal.setdefault(layer, []).append(
                    [Point(left, bottom), Point(right, bottom), Point(right, top), Point(left, top)]
                )
            case "POLYGON":
                numbers = _numbers(words, what, key)
                if len(numbers) < 6 or len(numbers) % 2:
                    raise InputError(
                        f"{what}: a POLYGON needs three pairs of numbers or more, got {len(numbers)} numbers",
                        words.source,
                        words.last.line,
                    )
                metal.setdefault(layer, []).append(
                    [Point(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
                )
            case ";":
                pass
            case _:
                words.statement(what)


def _metal(pin: str, layer: str, is_bump: bool, shapes: list[list[Point]]) -> Port:
    box = Box.around(point for shape in shapes for point in shape)
    single = shapes[0] if len(shapes) == 1 else []
    octagonal = _is_octagon(single, box)
    return Port(pin, layer, is_bump, box, octagonal, octagonal or (len(single) == 4 and _fills(single, box)))


def _fills(polygon: list[Point], box: Box) -> bool:
    return {(p.x, p.y) for p in polygon} == {(x, y) for x in (box.left, box.right) for y in (box.bottom, box.top)}


def _is_octagon(polygon: list[Point], box: Box) -> bool:
    """Whether the corners are, but for the grid they lie on, those of a regular octagon."""
    corners = [p for index, p in enumerate(polygon) if p not in polygon[:index]]
    if len(corners) != 8 or abs(box.width - box.height) > ROUND * box.width:
        return False
    regular = box.width * (2**0.5 - 1)
    flats = (
        sorted(p.x for p in corners if p.y == box.top),
        sorted(p.x for p in corners if p.y == box.bottom),
        sorted(p.y for p in corners if p.x == box.left),
        sorted(p.y for p in corners if p.x == box.right),
    )
    return all(len(flat) == 2 and abs(flat[1] - flat[0] - regular) <= ROUND * box.width for flat in flats)
