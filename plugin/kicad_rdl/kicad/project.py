"""All KiCad files of a layout, as texts by relative path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

from kicad_rdl.kicad.board import board_tree
from kicad_rdl.kicad.classes import NetClass, net_classes
from kicad_rdl.kicad.footprint import library_tree
from kicad_rdl.kicad.identity import file_name
from kicad_rdl.kicad.parts import ball_footprint, board_footprint, die_footprint, die_views
from kicad_rdl.kicad.rules import minima, rules_text, via_rules
from kicad_rdl.kicad.severities import SEVERITIES
from kicad_rdl.kicad.sexpr import Quoted, Tree, dump
from kicad_rdl.kicad.symbol import symbol_tree
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.package import NetKind, Package
from kicad_rdl.units import MM, Nm

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


def kicad_files(layout: Layout) -> dict[str, str]:
    """Board, project, rules, library tables, footprints and symbol of a layout, sorted by path."""
    package = layout.package
    name = file_name(package.name)
    files = {
        f"{name}.kicad_pcb": dump(board_tree(layout)),
        f"{name}.kicad_pro": project_text(package),
        f"{name}.kicad_dru": rules_text(package),
        "fp-lib-table": _table("fp_lib_table", name, f"{name}.pretty", package),
        "sym-lib-table": _table("sym_lib_table", name, f"{name}.kicad_sym", package),
        **footprint_files(package, dict(layout.ball_nets)),
    }
    return dict(sorted(files.items()))


def footprint_files(package: Package, ball_nets: Mapping[str, str]) -> dict[str, str]:
    """Only the footprint library and the symbol.

    Args:
        package: need not be routed.
        ball_nets: net of every ball that has one, for the symbol; may be empty.
    """
    name = file_name(package.name)
    footprints = [
        *(die_footprint(package, view) for view in die_views(package)),
        ball_footprint(package),
        board_footprint(package),
    ]
    files = {f"{name}.pretty/{part.name}.kicad_mod": dump(library_tree(name, part)) for part in footprints}
    files[f"{name}.kicad_sym"] = dump(symbol_tree(package, ball_nets))
    return dict(sorted(files.items()))


def project_text(package: Package) -> str:
    """The content of ``NAME.kicad_pro``."""
    rules: dict[str, Json] = {key: _mm(length) for key, length in minima(package).items()}
    rules |= {"max_error": _mm(ARC_ERROR), "min_resolved_spokes": 2, "use_height_for_length_calcs": True}
    project: Json = {
        "board": {
            "design_settings": {
                "defaults": {},
                "drc_exclusions": [],
                "meta": {"version": 2},
                "rule_severities": dict(SEVERITIES),
                "rules": dict(sorted(rules.items())),
                "track_widths": [],
                "via_dimensions": [],
                "zones_allow_external_fillets": False,
            },
            "layer_presets": [],
            "viewports": [],
        },
        "boards": [],
        "libraries": {"pinned_footprint_libs": [], "pinned_symbol_libs": []},
        "meta": {"filename": f"{file_name(package.name)}.kicad_pro", "version": 3},
        "net_settings": {
            "classes": [_default_class(package), *(_net_class(package, one) for one in net_classes(package))],
            "meta": {"version": 4},
            "net_colors": None,
            "netclass_assignments": dict(sorted((net, [one.name]) for one in net_classes(package) for net in one.nets)),
            "netclass_patterns": [],
        },
        "pcbnew": {"page_layout_descr_file": ""},
        "sheets": [],
        "text_variables": {},
    }
    return json.dumps(project, indent=2, ensure_ascii=False) + "\n"


ARC_ERROR: Nm = 500
"""How far KiCad's polygons may be off an arc: a part of the finest line, where its default of 5 um is half of one."""


def _default_class(package: Package) -> Json:
    return _class_entry(package, "Default", 2147483647, None)


def _net_class(package: Package, one: NetClass) -> Json:
    return _class_entry(package, one.name, 0 if one.kind is NetKind.SUPPLY else 1, one.width)


def _class_entry(package: Package, name: str, priority: int, width: Nm | None) -> Json:
    """The least rules of all layers: what differs from layer to layer stands in the custom rules."""
    least, via = minima(package), via_rules(package)[0]
    return {
        "bus_width": 12,
        "clearance": _mm(least["min_clearance"]),
        "diff_pair_gap": _mm(least["min_clearance"]),
        "diff_pair_via_gap": _mm(least["min_clearance"]),
        "diff_pair_width": _mm(least["min_track_width"]),
        "line_style": 0,
        "microvia_diameter": _mm(via.diameter),
        "microvia_drill": _mm(via.opening),
        "name": name,
        "pcb_color": "rgba(0, 0, 0, 0.000)",
        "priority": priority,
        "schematic_color": "rgba(0, 0, 0, 0.000)",
        "track_width": _mm(width or least["min_track_width"]),
        "via_diameter": _mm(via.diameter),
        "via_drill": _mm(via.opening),
        "wire_width": 6,
    }


def _mm(length: Nm) -> float:
    """JSON has no integers of nanometres; the quotient prints as the exact decimal."""
    return length / MM


def _table(kind: str, name: str, path: str, package: Package) -> str:
    entry: Tree = (
        "lib",
        ("name", Quoted(name)),
        ("type", Quoted("KiCad")),
        ("uri", Quoted("${KIPRJMOD}/" + path)),
        ("options", Quoted("")),
        ("descr", Quoted(f"Package {package.name}")),
    )
    return dump((kind, ("version", "7"), entry))
