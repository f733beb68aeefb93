"""KiCad's s-expressions as nodes with words, numbers and lengths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import sexpdata

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point
from kicad_rdl.units import LIMIT, Nm

SIZE_LIMIT = 256 * 1024 * 1024
"""Bytes of the largest board that is read: some million tracks."""

Atom: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """``(word value value (child ...) ...)``; ``values`` are the atoms after the word, in order."""

    word: str
    values: tuple[Atom, ...]
    children: tuple[Node, ...]
    source: str

    def all(self, word: str) -> Iterator[Node]:
        """Children of that word."""
        return (child for child in self.children if child.word == word)

    def first(self, word: str) -> Node | None:
        """The first child of that word."""
        return next(self.all(word), None)

    def need(self, word: str) -> Node:
        """The child of that word, or a refusal."""
        child = self.first(word)
        if child is None:
            raise InputError(f'"({self.word} ...)" has no "({word} ...)"; save the board again in KiCad', self.source)
        return child

    def text(self, word: str, otherwise: str = "") -> str:
        """The first value of a child, as text."""
        child = self.first(word)
        return str(child.values[0]) if child is not None and child.values else otherwise

    def name(self, index: int = 0) -> str:
        """Value ``index`` as text, which must be there."""
        if index >= len(self.values):
            raise InputError(f'"({self.word} ...)" has no value {index + 1}; save it again in KiCad', self.source)
        return str(self.values[index])

    def number(self, index: int) -> float:
        """Value ``index``, which must be a finite number."""
        value = self.values[index] if index < len(self.values) else None
        if isinstance(value, str) or value is None or not abs(value) < 1e15:
            raise InputError(f'"({self.word} ...)" needs a number as value {index + 1}, found {value!r}', self.source)
        return value

    def length(self, index: int = 0) -> Nm:
        """Value ``index``, in the file a number of millimetres."""
        found = round(self.number(index) * 1_000_000)
        if abs(found) > LIMIT:
            raise InputError(f'"({self.word} ...)": {self.number(index):g} mm is beyond two metres', self.source)
        return found

    def length_of(self, word: str, otherwise: Nm) -> Nm:
        """The length in a child."""
        child = self.first(word)
        return otherwise if child is None else child.length()

    def point(self, index: int = 0) -> Point:
        """Two values as a point on KiCad's page (y down)."""
        return Point(self.length(index), self.length(index + 1))


def reference_of(footprint: Node) -> str | None:
    """Of a footprint: in a property (from KiCad 8), before that in a text; None: it has none."""
    for child in footprint.children:
        named = child.word in ("property", "fp_text") and len(child.values) > 1
        if named and str(child.values[0]).lower() == "reference":
            return str(child.values[1]) or None
    return None


KINDS = {"kicad_pcb": "board", "footprint": "footprint"}
"""What a file is, by its first word."""


def read_tree(path: Path, word: str = "kicad_pcb") -> Node:
    """The root node of a board file, or of a file that begins with another word.

    Raises:
        InputError: not readable, too large, or not of that kind of KiCad 6 or later.
    """
    kind = KINDS[word]
    source = str(path)
    try:
        size = path.stat().st_size
        if size > SIZE_LIMIT:
            raise InputError(f"the file has {size} bytes; the limit is {SIZE_LIMIT}", source)
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}; check the path", source) from None
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text at byte {error.start}; is it a KiCad {kind}?", source) from None
    return tree_of(text, source, word)


def tree_of(text: str, source: str, word: str = "kicad_pcb") -> Node:
    """The root node of a file's text; ``source`` is what messages call the file.

    Raises:
        InputError: not of that kind of KiCad 6 or later.
    """
    kind = KINDS[word]
    if word == "footprint" and text.lstrip().startswith("(module"):
        raise InputError('a footprint of KiCad 5 or earlier: upgrade its folder with "kicad-cli fp upgrade"', source)
    if not text.lstrip().startswith(f"({word}"):
        raise InputError(f'not a KiCad {kind}: it does not begin with "({word}"', source)
    try:
        raw = sexpdata.loads(mended(text), nil=None, true=None, false=None)
    except RecursionError:
        raise InputError(f"brackets are nested too deeply for a KiCad {kind}", source) from None
    except Exception:  # sexpdata raises AssertionError and AttributeError too
        problem = "the file is damaged or cut off: brackets or quotes do not match"
        raise InputError(f"{problem}; save it again in KiCad", source) from None
    root = _node(raw, source)
    if root.word != word:
        raise InputError(f'not a KiCad {kind}: it does not begin with "({word}"', source)
    return root


def mended(text: str) -> str:
    """The text with the bracket that KiCad 9.0 leaves out in ``(curved_edges no)filter_ratio 0.9)``, and reads so."""
    return text.replace(")filter_ratio", ")(filter_ratio")


def _node(raw: list[Any], source: str) -> Node:
    """Bare numbers such as layer ``0`` in ``(0 "F.Cu" signal)`` are words too."""
    head = raw[0] if raw else ""
    word = head.value() if isinstance(head, sexpdata.Symbol) else str(head)
    values: list[Atom] = []
    children: list[Node] = []
    for item in raw[1:]:
        if isinstance(item, list):
            children.append(_node(item, source))
        elif isinstance(item, sexpdata.Symbol):
            values.append(str(item.value()))
        elif isinstance(item, str | int | float):
            values.append(item)
    return Node(word, tuple(values), tuple(children), source)
