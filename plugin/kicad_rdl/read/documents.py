"""TOML files and the pydantic models that check them: between a file and a value that can be trusted."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema

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

DEMANDS = {
    "missing": "it has too few entries",
    "too_short": "it should have {min_length} entries or more",
    "too_long": "it should have {max_length} entries or fewer",
    "string_too_short": "it should not be empty",
    "string_type": "it should be text in quotes",
    "int_type": "it should be a whole number",
    "bool_type": "it should be true or false",
    "model_type": "it should be a table",
    "dict_type": "it should be a table",
    "list_type": "it should be a list, in square brackets",
    "tuple_type": "it should be a list, in square brackets",
}
"""What a value should be, by pydantic's name of the problem, where its own words are those of a programmer."""

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
        windows = "\\" in path.name
        hint = '; write "/" between folders' if windows else near(path.name, _names_in(path.parent))
        raise InputError(f"there is no such file{hint}", str(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"the file cannot be read: {reason}", str(path)) from None


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []


def read_length(text: str, unit: str, what: str, source: str, line: int | None) -> Nm:
    """A number of a file in its unit; ``what`` it is, for the refusal."""
    try:
        return parse_length(text, unit)
    except UnitError as error:
        raise InputError(f"{what}: {error}", source, line) from None


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
        if path.suffix.lower() != ".toml":
            raise InputError("this is no TOML file; name a job or technology file (.toml) here", str(path)) from None
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
        problems: dict[tuple[int | str, ...], list[Any]] = {}
        for problem in error.errors(include_url=False):
            problems.setdefault(_as_written(tables, problem), []).append(problem)
        # a choice between a word and a table complains of both; what is wrong inside the table says more
        inner = {here[:depth] for here in problems for depth in range(len(here))}
        telling = {here: those for here, those in problems.items() if here not in inner} or problems
        first = min(telling, key=lambda here: all(item["type"] != "extra_forbidden" for item in telling[here]))
        more = f" ({len(telling) - 1} more to mend after it)" if len(telling) > 1 else ""
        raise InputError(_explain(model, dotted(first), telling[first]) + more, source) from None
    except RecursionError:
        raise InputError("the file is nested too deeply", source) from None


def _as_written(tables: dict[str, Any], problem: Any) -> tuple[int | str, ...]:
    """Where a problem lies in the file: no names of pydantic's branches, no index where one ``[die]`` stands alone."""
    here: Any = tables
    path: list[int | str] = []
    for depth, part in enumerate(problem["loc"], start=1):
        if (isinstance(here, dict) and part in here) or (
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        ):
            here = here[part]
            path.append(part)
        elif problem["type"] == "missing" and depth == len(problem["loc"]) and isinstance(part, str):
            path.append(part)
    return tuple(path)


def dotted(location: tuple[int | str, ...]) -> str:
    """``("metals", 0, "line")`` as ``metals.0.line``."""
    text = ".".join(str(part)[:60] for part in location)
    return text if len(text) <= 120 else text[:117] + "..."


def _explain(model: type[BaseModel], key: str, problems: list[Any]) -> str:
    """All complaints about one key in one sentence; several are the branches of a choice."""
    problem = next((item for item in problems if item["type"] == "extra_forbidden"), problems[0])
    match problem["type"]:
        case "extra_forbidden":
            known = _keys_at(model, problem["loc"][:-1])
            hint = near(str(problem["loc"][-1]), known)
            allowed = f"{' A' if hint else '; a'}llowed here: {', '.join(known)}" if known else ""
            return f'unknown key "{key}"{hint}{allowed}'
        case "missing" if isinstance(problem["loc"][-1], str):
            return f'the key "{key}" is missing'
        case _:
            demands = list(dict.fromkeys(_demand(item, alone=item is problem) for item in problems))
            message = ", or ".join(demands)
            return f"{key} = {_shown(problem['input'])}: {message}" if key else message


def _demand(problem: Any, alone: bool) -> str:
    """What one value should be; ``alone``: it begins the sentence."""
    context = problem.get("ctx", {})
    match problem["type"]:
        case "literal_error":
            return f"allowed are {context['expected']}" if alone else str(context["expected"])
        case "value_error":
            return str(context.get("error", problem["msg"]))
        case kind if kind in DEMANDS:
            return DEMANDS[kind].format(**context)
        case _:
            message = str(problem["msg"]).replace("Input should", "it should", 1)
            return message[:1].lower() + message[1:]


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
