"""Which technology? Rule decks from TOML, every value with its source; single values may be overridden by the job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from kicad_rdl.errors import InputError, ModelError, UnitError
from kicad_rdl.model.technology import (
    BallRules,
    DielectricRules,
    DiePadRules,
    EdgeRules,
    MaskRules,
    MetalRules,
    MoldRules,
    Provenance,
    Status,
    Technology,
    ViaRules,
)
from kicad_rdl.read.documents import dotted, near, read_toml, validated
from kicad_rdl.read.technology_file import LengthValue, TechnologyTables, Value
from kicad_rdl.units import format_length, parse_length


def technology_folder() -> Path:
    """Where the shipped decks lie."""
    return Path(str(files("kicad_rdl"))) / "technologies"


def technology_names() -> tuple[str, ...]:
    """The shipped decks, sorted."""
    return tuple(sorted(path.stem for path in technology_folder().glob("*.toml")))


def load_technology(
    name_or_path: str,
    relative_to: Path | None = None,
    override: Mapping[str, Any] | None = None,
    override_source: str = "job",
) -> Technology:
    """A shipped deck by name, or any deck by path (it ends in ``.toml``).

    Args:
        name_or_path: ``fanout-core-1rdl`` or ``decks/mine.toml``.
        relative_to: folder that a relative path starts from.
        override: dotted keys with new values: ``{"metals.0.line": "12 um", "stacked_vias": True}``.
        override_source: what is named as the source of an overridden value, and in errors about it.
    """
    path = _deck_path(name_or_path, relative_to)
    tables = read_toml(path)
    for key, value in (override or {}).items():
        _replace(tables, key, value, override_source)
    return _technology(validated(TechnologyTables, tables, str(path)), str(path))


def _deck_path(name_or_path: str, relative_to: Path | None) -> Path:
    if name_or_path.endswith(".toml"):
        return (relative_to or Path()) / name_or_path
    names = technology_names()
    if name_or_path not in names:
        hint = near(name_or_path, list(names)) or f"; there are: {', '.join(names)}"
        raise InputError(f'there is no technology "{name_or_path}"{hint} (a file of your own must end in .toml)')
    return technology_folder() / f"{name_or_path}.toml"


def _replace(tables: dict[str, Any], key: str, value: object, source: str) -> None:
    """Puts one overridden value into the tables of the deck, before they are checked as a whole."""
    *place, last = key.split(".")
    here: Any = tables
    for part in place:
        if isinstance(here, list):
            here = here[int(part)] if part.isascii() and part.isdigit() and int(part) < len(here) else None
        else:
            here = here.get(part) if isinstance(here, dict) else None
    entry = here.get(last) if isinstance(here, dict) else None
    if not isinstance(entry, dict) or "value" not in entry:
        known = [dotted(found) for found in _entry_keys(tables)]
        hint = near(key, known) or "; `kicad-rdl tech show` lists the keys"
        raise InputError(f'technology.override: the deck has no value "{key}"{hint}', source)
    new: dict[str, object] = {**entry, "status": "job", "source": f"override in {Path(source).name}"}
    if "unit" in entry and entry["unit"] not in ("", "1"):
        if not isinstance(value, str):
            raise InputError(
                f'technology.override: {key} = {value}: write a length with a unit, such as "12 um"', source
            )
        try:
            length = parse_length(value)
        except UnitError as error:
            raise InputError(f"technology.override: {key}: {error}", source) from None
        new |= {"value": float(format_length(length)), "unit": "um"}
    else:
        new["value"] = value
    here[last] = new


def _entry_keys(tables: object, place: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    if isinstance(tables, dict):
        if "value" in tables:
            yield place
            return
        for key, inner in tables.items():
            yield from _entry_keys(inner, (*place, key))
    elif isinstance(tables, list):
        for index, inner in enumerate(tables):
            yield from _entry_keys(inner, (*place, index))


def _technology(tables: TechnologyTables, source: str) -> Technology:
    try:
        return Technology(
            name=tables.name,
            title=tables.title,
            source=tables.source,
            metals=tuple(MetalRules(m.name, m.line.nm, m.space.nm, m.thickness.nm, m.material) for m in tables.metals),
            dielectrics=tuple(
                DielectricRules(d.name, d.material, d.thickness.nm, d.permittivity.value, d.loss.value)
                for d in tables.dielectrics
            ),
            vias=tuple(
                ViaRules(v.opening.nm, v.land_enclosure.nm, v.capture_enclosure.nm, v.space.nm) for v in tables.vias
            ),
            die_pad=DiePadRules(
                tables.die_pad.opening.nm, tables.die_pad.enclosure.nm, tables.die_pad.pitch.nm, tables.die_pad.space.nm
            ),
            balls=tuple(BallRules(b.pitch.nm, b.ball.nm, b.opening.nm, b.ubm.nm, b.pad.nm) for b in tables.balls),
            edges=EdgeRules(
                tables.edges.trace_to_package.nm,
                tables.edges.ball_to_package.nm,
                tables.edges.die_to_package.nm,
                tables.edges.die_to_die.nm,
            ),
            mask=MaskRules(
                tables.mask.material,
                tables.mask.thickness.nm,
                tables.mask.permittivity.value,
                tables.mask.loss.value,
                tables.mask.web.nm,
            ),
            mold=MoldRules(
                tables.mold.material, tables.mold.thickness.nm, tables.mold.permittivity.value, tables.mold.loss.value
            ),
            stacked_vias=tables.stacked_vias.value,
            stagger=tables.stagger.nm,
            teardrop_ratio=tables.teardrop_ratio.value,
            provenance=tuple(_provenance(tables)),
        )
    except ModelError as error:
        raise InputError(str(error), source) from None


def _provenance(here: object, place: tuple[int | str, ...] = ()) -> Iterator[Provenance]:
    if isinstance(here, Value):
        number = float(getattr(here, "value"))  # noqa: B009  every kind of Value has one, of its own type
        unit = here.unit if isinstance(here, LengthValue) else ""
        yield Provenance(dotted(place), number, unit, here.source, Status(here.status))
    elif isinstance(here, BaseModel):
        for name in type(here).model_fields:
            yield from _provenance(getattr(here, name), (*place, name))
    elif isinstance(here, list | tuple):
        for index, inner in enumerate(here):
            yield from _provenance(inner, (*place, index))
