"""Which rules hold on a board? Those of a technology, or those of the board's own project file.

A project gives the least values of the board and a net class for every net. KiCad's own defaults stand in for what it
does not say, or for the whole project where there is none. Custom rules (``.kicad_dru``) are not read.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kicad_rdl.errors import InputError
from kicad_rdl.model.open_board import LEAST_HOLE_LIMIT, BoardRules, NetRules, ViaSize
from kicad_rdl.model.technology import (
    BallRules,
    DielectricRules,
    DiePadRules,
    EdgeRules,
    MaskRules,
    MetalRules,
    MoldRules,
    Technology,
    ViaRules,
)
from kicad_rdl.read.documents import read_bytes
from kicad_rdl.units import LIMIT, MM, UM, Nm

DEFAULTS: dict[str, float] = {
    "min_clearance": 0.0,
    "min_track_width": 0.2,
    "min_copper_edge_clearance": 0.5,
    "min_hole_clearance": 0.25,
    "min_hole_to_hole": 0.25,
    "min_through_hole_diameter": 0.3,
    "min_via_annular_width": 0.1,
    "min_via_diameter": 0.5,
}
"""Board rules of a new board in KiCad 9 [mm]."""

CLASS_DEFAULTS: dict[str, float] = {"clearance": 0.2, "track_width": 0.2, "via_diameter": 0.6, "via_drill": 0.3}
"""The net class Default of a new board in KiCad 9 [mm]."""


def technology_rules(technology: Technology, layers: int, routed: int) -> BoardRules:
    """The rules of a technology for a board; RDL1 is the front copper.

    Args:
        technology: the deck.
        layers: copper layers of the board.
        routed: how many of them are RDLs; what follows is UBM, with the rules of the last RDL.

    Raises:
        InputError: the board has more RDLs than the technology.
    """
    if routed > len(technology.metals):
        raise InputError(
            f"the board has {routed} copper layers, technology {technology.name} has rules for "
            f"{len(technology.metals)}; choose a technology with as many, or leave --technology away"
        )
    metals = [technology.metal(min(layer, routed)) for layer in range(1, layers + 1)]
    vias = [technology.via(layer) for layer in range(1, routed)]
    sizes = [ViaSize(max(via.land, via.capture), via.opening) for via in vias]
    rules = NetRules(tuple(metal.line for metal in metals), tuple(metal.space for metal in metals), tuple(sizes))
    return BoardRules(
        source=f"technology {technology.name}",
        technology=technology,
        default=rules,
        nets=(),
        routed=routed,
        edge=technology.edges.trace_to_package,
        hole_space=0,
        hole_to_hole=max((via.space for via in vias), default=0),
        through=False,
    )


def project_rules(project: Path, layers: int, nets: Sequence[str]) -> BoardRules:
    """The rules of a ``.kicad_pro``, or KiCad's defaults where it does not exist.

    Raises:
        InputError: it cannot be read.
    """
    source = str(project)
    tables = _tables(project) if project.exists() else {}
    where = ("board", "design_settings", "rules")
    least = _Values(_inner(tables, *where), DEFAULTS, ".".join(where), source)
    settings = _inner(tables, "net_settings")
    classes = _classes(settings, source)
    default = classes.get("Default", _Class("Default", 0, CLASS_DEFAULTS))
    chosen = {net: _class_of(net, settings, classes) for net in nets}
    hole = least["min_through_hole_diameter"]
    if hole == LEAST_HOLE_LIMIT:  # stands for any smaller one: classes below it are meant, and custom rules hold them
        asked = (values.get("via_drill", CLASS_DEFAULTS["via_drill"]) for values in (default.values, *chosen.values()))
        hole = min(hole, *(round(drill * MM) for drill in asked))
    built = {net: _net_rules(values, least, hole, layers) for net, values in chosen.items()}
    plain = _net_rules(default.values, least, hole, layers)
    spaces = [rules.spaces[0] for rules in (plain, *built.values())]
    return BoardRules(
        source=project.name if tables else f"KiCad's defaults: there is no {project.name} beside the board",
        technology=_technology(project.name, layers, least, hole, min(spaces)),
        default=plain,
        nets=tuple((net, rules) for net, rules in sorted(built.items()) if rules != plain),
        routed=layers,
        edge=least["min_copper_edge_clearance"],
        hole_space=least["min_hole_clearance"],
        hole_to_hole=least["min_hole_to_hole"],
        through=True,
    )


@dataclass(frozen=True, slots=True)
class _Class:
    """A net class; the lower its number, the sooner it counts."""

    name: str
    priority: float
    values: dict[str, float]
    """Only what it sets itself [mm]."""


class _Values:
    """Numbers of a JSON object as nanometres; what is missing comes from the defaults."""

    def __init__(self, table: Any, defaults: dict[str, float], where: str, source: str) -> None:
        self.table = table if isinstance(table, dict) else {}
        self.defaults, self.where, self.source = defaults, where, source

    def __getitem__(self, key: str) -> Nm:
        value = self.table.get(key, self.defaults[key])
        return _nanometres(value, f"{self.where}.{key}", self.source)


def _nanometres(value: object, where: str, source: str) -> Nm:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value * MM <= LIMIT:  # type: ignore[operator]
        raise InputError(f"{where} = {value!r}: needs a number of millimetres from 0 to {LIMIT // MM}", source)
    return round(value * MM)  # type: ignore[operator]


def _tables(project: Path) -> dict[str, Any]:
    try:
        tables = json.loads(read_bytes(project))
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise InputError("not a KiCad project: no valid JSON; save it again in KiCad", str(project), line) from None
    if not isinstance(tables, dict):
        raise InputError("not a KiCad project: no JSON object; save it again in KiCad", str(project))
    return tables


def _inner(tables: Any, *keys: str) -> Any:
    for key in keys:
        tables = tables.get(key, {}) if isinstance(tables, dict) else {}
    return tables


def _classes(settings: Any, source: str) -> dict[str, _Class]:
    rows = _inner(settings, "classes")
    found: dict[str, _Class] = {}
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        if not isinstance(row, dict):
            continue
        name = str(row.get("name", ""))
        values: dict[str, float] = {}
        for key in CLASS_DEFAULTS:
            if row.get(key) is not None:
                _nanometres(row[key], f'net class "{name}": {key}', source)
                values[key] = row[key]
        priority = row.get("priority")
        found[name] = _Class(name, priority if isinstance(priority, int | float) else number, values)
    return found


def _class_of(net: str, settings: Any, classes: dict[str, _Class]) -> dict[str, float]:
    """What the classes of a net set, the one with the lowest priority number first, then Default."""
    names: list[str] = []
    assigned = _inner(settings, "netclass_assignments")
    given = assigned.get(net) if isinstance(assigned, dict) else None
    names += [str(name) for name in given] if isinstance(given, list) else [given] if isinstance(given, str) else []
    patterns = _inner(settings, "netclass_patterns")
    for row in patterns if isinstance(patterns, list) else []:
        if isinstance(row, dict) and _matches(net, str(row.get("pattern", ""))):
            names.append(str(row.get("netclass", "")))
    rows = _inner(settings, "classes")
    for row in rows if isinstance(rows, list) else []:  # KiCad 6 lists the nets in the class
        members = row.get("nets") if isinstance(row, dict) else None
        if isinstance(members, list) and net in members:
            names.append(str(row.get("name", "")))
    mine = sorted((classes[name] for name in dict.fromkeys(names) if name in classes), key=lambda c: c.priority)
    merged: dict[str, float] = {}
    for one in [*mine, *(c for c in (classes.get("Default"),) if c is not None)]:
        merged = {**one.values, **merged}
    return merged


def _matches(net: str, pattern: str) -> bool:
    """KiCad tries a pattern as text with wildcards and as a regular expression, both on the whole name."""
    if not pattern:
        return False
    if fnmatch.fnmatchcase(net, pattern.replace("[", "[[]")):
        return True
    try:
        return re.fullmatch(pattern, net) is not None
    except re.error:
        return False


def _net_rules(values: dict[str, float], least: _Values, hole: Nm, layers: int) -> NetRules:
    def size(key: str) -> Nm:
        return round(values.get(key, CLASS_DEFAULTS[key]) * MM)

    drill = max(size("via_drill"), hole)
    diameter = max(size("via_diameter"), least["min_via_diameter"], drill + 2 * least["min_via_annular_width"])
    return NetRules(
        (max(size("track_width"), least["min_track_width"], 1),) * layers,
        (max(size("clearance"), least["min_clearance"]),) * layers,
        (ViaSize(diameter, drill),) * (layers - 1),
    )


def _technology(name: str, layers: int, least: _Values, hole: Nm, space: Nm) -> Technology:
    """The least values of a board in the words of a technology; a plain board has no polymer, ball or mold rules."""
    metal = max(least["min_track_width"], 1)
    ring = least["min_via_annular_width"]
    via = ViaRules(opening=hole, land_enclosure=ring, capture_enclosure=ring, space=least["min_hole_to_hole"])
    return Technology(
        name=name,
        title="board rules of a KiCad project",
        source=name,
        metals=tuple(MetalRules(f"copper {k}", metal, space, 35 * UM) for k in range(1, layers + 1)),
        dielectrics=tuple(DielectricRules(f"dielectric {k}", "", 100 * UM, 4.5, 0.02) for k in range(1, layers + 1)),
        vias=(via,) * (layers - 1),
        die_pad=DiePadRules(opening=0, enclosure=0, pitch=0, space=0),
        balls=(BallRules(pitch=0, ball=0, opening=0, ubm=0, pad=0),),
        edges=EdgeRules(least["min_copper_edge_clearance"], 0, 0, 0),
        mask=MaskRules("", 10 * UM, 3.5, 0.02, 0),
        mold=MoldRules("", 100 * UM, 3.5, 0.02),
        stacked_vias=True,
        stagger=0,
        teardrop_ratio=0.0,
    )
