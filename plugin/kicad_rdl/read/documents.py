"""TOML files and the pydantic models that check them: between a file and a value that can be trusted."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from kicad_rdl.errors import InputError, UnitError
from kicad_rdl.units import UNITS, Nm, parse_length

SIZE_LIMIT = 64 * 1024 * 1024
"""Bytes of the largest file that is read: far above any real bump map, far below the memory of a small machine."""


DEPTH_LIMIT = 32
"""Tables within tables of a TOML file."""


class Table(BaseModel):
    """A TOML table: unknown keys are refused, values do not change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


def _length(value: object) -> Nm:
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError('a length is text with a unit, such as "0.5 mm" or "35 um"')
    try:
        return parse_length(value)
    except UnitError as error:
        raise ValueError(str(error)) from None


def _positive(value: object) -> Nm:
    length = _length(value)
    if length <= 0:
        raise ValueError("the length must be greater than zero")
    return length


_SCHEMA = {"type": "string", "pattern": rf"^\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?\s*({'|'.join(UNITS)})\s*$"}


def _not_negative(value: object) -> Nm:
    length = _length(value)
    if length < 0:
        raise ValueError("the length must not be below zero")
    return length


Length = Annotated[int, BeforeValidator(_length), WithJsonSchema(_SCHEMA)]
"""``"-0.5 mm"``; becomes nanometres."""

Size = Annotated[int, BeforeValidator(_positive), WithJsonSchema(_SCHEMA)]
"""A length above zero."""

Cost = Annotated[int, BeforeValidator(_not_negative), WithJsonSchema(_SCHEMA)]
"""A length of zero or more."""

Count = Annotated[int, Field(strict=True, ge=1, le=100_000)]

Model = TypeVar("Model", bound=Table)


def read_bytes(path: Path) -> bytes:
    """The content of a file, or one clear refusal."""
    try:
        if path.is_dir():
            raise InputError("this is a directory; name a file in it", str(path))
        if path.exists() and not path.is_file():
            raise InputError("this is not a regular file", str(path))
        if path.is_file() and path.stat().st_size > SIZE_LIMIT:
            raise InputError(f"the file is larger than {SIZE_LIMIT // 2**20} MiB; is it the right one?", str(path))
        return path.read_bytes()
    except FileNotFoundError:
        hint = near(path.name, _names_in(path.parent))
        raise InputError(f"there is no such file{hint}", str(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"the file cannot be read: {reason}", str(path)) from None


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError("the file is not UTF-8 text; save it as UTF-8", str(path), line) from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r" \(at line (\d+), column (\d+)\)| \(at end of document\)", str(error))
        line = text.count("\n") + 1 if found is None or found[1] is None else int(found[1])
        what = str(error) if found is None else str(error)[: found.start()]
        raise InputError(f"not valid TOML: {what[:1].lower()}{what[1:]}", str(path), line) from None
    except (RecursionError, ValueError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"not valid TOML: {reason}", str(path)) from None
    if _depth(tables) > DEPTH_LIMIT:
        raise InputError(f"tables are nested more than {DEPTH_LIMIT} deep; no key of this program is", str(path))
    return tables


def _depth(tables: object) -> int:
    """How deep tables and lists are nested, without recursion: a dotted key may have thousands of parts."""
    depth, layer = 0, [tables]
    while layer:
        layer = [
            inner
            for here in layer
            if isinstance(here, dict | list)
            for inner in (here.values() if isinstance(here, dict) else here)
        ]
        depth += 1
    return depth


def validated(model: type[Model], tables: dict[str, Any], source: str) -> Model:
    """The tables as a model; the first thing that is wrong is named with its key, value and what is allowed."""
    try:
        return model.model_validate(tables)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = min(enumerate(problems), key=lambda item: (item[1]["type"] != "extra_forbidden", item[0]))[1]
        more = f" ({len(problems) - 1} more to mend after it)" if len(problems) > 1 else ""
        raise InputError(_explain(model, first) + more, source) from None
    except RecursionError:
        raise InputError("the file is nested too deeply", source) from None


def dotted(location: tuple[int | str, ...]) -> str:
    """``("metals", 0, "line")`` as ``metals.0.line``."""
    text = ".".join(str(part)[:60] for part in location)
    return text if len(text) <= 120 else text[:117] + "..."


def _explain(model: type[BaseModel], problem: Any) -> str:
    location = tuple(problem["loc"])
    key, value = dotted(location), problem["input"]
    match problem["type"]:
        case "extra_forbidden":
            known = _keys_at(model, location[:-1])
            allowed = f"; allowed here: {', '.join(known)}" if known else ""
            return f'unknown key "{key}"{near(str(location[-1]), known) or allowed}'
        case "missing":
            return f'the key "{key}" is missing'
        case "literal_error":
            wanted = problem.get("ctx", {}).get("expected", "")
            return f"{key} = {_shown(value)}: allowed are {wanted}"
        case "value_error":
            message = str(problem.get("ctx", {}).get("error", problem["msg"]))
            return f"{key} = {_shown(value)}: {message}" if key else message
        case _:
            message = problem["msg"]
            return f"{key} = {_shown(value)}: {message[:1].lower()}{message[1:]}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = (
        f'"{value[:60]}"' if isinstance(value, str) else str(value) if isinstance(value, int | float) else repr(value)
    )
    return text if len(text) <= 60 else text[:57] + "..."


def near(name: str, known: list[str]) -> str:
    """A hint at the known name that is most alike; empty where none is."""
    close = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at ``location`` knows; empty where it is free."""
    here: type[BaseModel] | None = model
    for part in location:
        if here is None:
            return []
        if isinstance(part, int):
            continue
        field = next((f for n, f in here.model_fields.items() if part in (n, f.alias)), None)
        if field is not None:
            here = _table_in(field.annotation)
    return [] if here is None else [field.alias or name for name, field in here.model_fields.items()]


def _table_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_table_in(inner) for inner in get_args(annotation))
    return next((table for table in found if table is not None), None)
