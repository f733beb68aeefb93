"""YAML with the line of everything: a thin layer over PyYAML's node tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from kicad_rdl.errors import InputError, UnitError
from kicad_rdl.read.documents import near, read_bytes
from kicad_rdl.units import Nm, parse_length

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes of the largest file: PyYAML reads about a megabyte in a second."""

DEFINE = "#!define"
"""Starts a line of 3Dblox that names a text to be put in for a word, from there on."""


@dataclass(frozen=True, slots=True)
class Yaml:
    """A value of a YAML file: a table, a list or a text."""

    source: str
    what: str
    """How messages call it: ``ChipletDef.SoC``."""
    node: yaml.Node
    unit: str = "um"
    """Of lengths."""

    @property
    def line(self) -> int:
        """From 1."""
        return int(self.node.start_mark.line) + 1

    def error(self, message: str) -> InputError:
        """An error at this place."""
        return InputError(f"{self.what}: {message}" if self.what else message, self.source, self.line)

    def items(self) -> Iterator[tuple[str, Yaml]]:
        """Keys and values of a table; an empty one has none.

        Raises:
            InputError: this is no table, or a key stands in it twice.
        """
        if self.is_empty:
            return
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error("keys with values are needed here")
        seen: dict[str, int] = {}
        for key, value in self.node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.error("a key must be a single word")
            inner = Yaml(self.source, f"{self.what}.{key.value}" if self.what else key.value, value, self.unit)
            if key.value in seen:
                raise InputError(
                    f"{inner.what} is there twice, in lines {seen[key.value]} and {key.start_mark.line + 1}",
                    self.source,
                    key.start_mark.line + 1,
                )
            seen[key.value] = key.start_mark.line + 1
            yield key.value, inner

    def get(self, key: str) -> Yaml | None:
        """The value of a key; None where it is not there."""
        return next((value for name, value in self.items() if name == key), None)

    def need(self, key: str) -> Yaml:
        """The value of a key that must be there."""
        found = self.get(key)
        if found is None:
            raise self.error(f'the key "{key}" is missing{near(key, [name for name, _ in self.items()])}')
        return found

    @property
    def is_empty(self) -> bool:
        """Nothing, or a tilde."""
        return isinstance(self.node, yaml.ScalarNode) and self.node.value.strip() in ("", "~", "null")

    @property
    def text(self) -> str:
        """A single value as it is written."""
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.error("a single value is needed here")
        return str(self.node.value).strip()

    def list(self) -> tuple[Yaml, ...]:
        """The values of a list; a single value is a list of one, nothing is an empty one."""
        if isinstance(self.node, yaml.SequenceNode):
            return tuple(Yaml(self.source, self.what, each, self.unit) for each in self.node.value)
        return () if self.is_empty else (self,)

    def length(self) -> Nm:
        """A number in the unit of the file."""
        try:
            return parse_length(self.text, self.unit)
        except UnitError as error:
            raise self.error(str(error)) from None

    def lengths(self, count: int) -> tuple[Nm, ...]:
        """A list of so many numbers."""
        found = tuple(each.length() for each in self.list())
        if len(found) != count:
            raise self.error(f"{count} numbers are needed here, there are {len(found)}")
        return found


def read_yaml(path: Path) -> Yaml:
    """The root of a YAML file, its ``#!define`` texts put in.

    Raises:
        InputError: the file cannot be read, or is no YAML.
    """
    source = str(path)
    content = read_bytes(path)
    if len(content) > SIZE_LIMIT:
        raise InputError(f"the file is larger than {SIZE_LIMIT // 2**20} MiB; is it the right one?", source)
    try:
        text = _defined(content.decode("utf-8-sig"), source)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError("the file is not UTF-8 text; save it as UTF-8", source, line) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise InputError(f"not valid YAML: {error.problem or error.context}", source, line) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(f"not valid YAML: {error.reason}", source, line) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"not valid YAML: {reason}", source) from None
    if node is None:
        raise InputError("the file is empty", source)
    return Yaml(source, "", node)


def _defined(text: str, source: str) -> str:
    """The text with all definitions put in, longer names first; lines stay where they are."""
    defined: dict[str, str] = {}
    lines: list[str] = []
    size = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(DEFINE):
            words = line.removeprefix(DEFINE).split(maxsplit=1)
            if len(words) != 2:
                raise InputError(f"a definition is written {DEFINE} NAME TEXT", source, number)
            defined[words[0]] = words[1].strip()
            line = ""
        for name in sorted(defined, key=lambda each: (-len(each), each)):
            line = line.replace(name, defined[name])
        size += len(line)
        if size > SIZE_LIMIT:
            raise InputError(f"the definitions make the file larger than {SIZE_LIMIT // 2**20} MiB", source, number)
        lines.append(line)
    return "\n".join(lines)
