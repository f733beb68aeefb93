"""Small KiCad boards as text, for tests of routing what is open on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kicad_rdl.model.open_board import OpenBoard
from kicad_rdl.read.open_board import board_text, open_board_of

EDGE = '(gr_rect (start 90 90) (end 110 110) (stroke (width 0.05) (type solid)) (layer "Edge.Cuts"))'


def text_of(*items: str, nets: str = "AB", inner: int = 0, version: int = 20241229, edge: str = EDGE) -> str:
    """A board of 20 mm with its middle at 100, 100 on the page."""
    layers = "".join(f' ({2 + 2 * k} "In{k}.Cu" signal)' for k in range(1, inner + 1))
    table = "".join(f'\t(net {number} "{net}")\n' for number, net in enumerate(["", *nets]))
    head = f'(kicad_pcb\n\t(version {version})\n\t(generator "test")\n'
    return (
        f'{head}\t(layers (0 "F.Cu" signal){layers} (2 "B.Cu" signal) (25 "Edge.Cuts" user))\n{table}'
        + "".join(f"\t{item}\n" for item in (edge, *items))
        + "\t(embedded_fonts no)\n)\n"
    )


def part(reference: str, *pads: str, at: str = "100 100") -> str:
    """A footprint."""
    return (
        f'(footprint "x" (layer "F.Cu") (at {at}) (property "Reference" "{reference}" (at 0 0) (layer "F.SilkS")) '
        f"(attr smd) {' '.join(pads)})"
    )


def pad(name: str, x: float, y: float, net: int = 0, *, size: float = 0.4, layer: str = "F.Cu", more: str = "") -> str:
    """A round pad; ``x``, ``y`` from its footprint, y down; net 1 is A, 2 is B."""
    code = f' (net {net} "{"ABCDEFGHIJ"[net - 1]}")' if net else ""
    return f'(pad "{name}" smd circle (at {x} {y}) (size {size} {size}) (layers "{layer}"){code}{more})'


def project(**rules: Any) -> str:
    """A project: 0.1 mm everywhere, vias 0.3/0.15; ``rules`` go over it."""
    least = {
        "min_clearance": 0.1,
        "min_track_width": 0.1,
        "min_copper_edge_clearance": 0.2,
        "min_hole_clearance": 0.1,
        "min_hole_to_hole": 0.1,
        "min_through_hole_diameter": 0.15,
        "min_via_annular_width": 0.05,
        "min_via_diameter": 0.25,
    }
    default = {
        "name": "Default",
        "priority": 2147483647,
        "clearance": 0.1,
        "track_width": 0.1,
        "via_diameter": 0.3,
        "via_drill": 0.15,
    }
    net_settings = {
        "meta": {"version": 4},
        "classes": [default, *rules.pop("classes", ())],
        **rules.pop("net_settings", {}),
    }
    design = {"meta": {"version": 2}, "rules": least | rules}
    meta = {"filename": "board.kicad_pro", "version": 3}
    return json.dumps({"board": {"design_settings": design}, "meta": meta, "net_settings": net_settings})


def written(folder: Path, text: str, settings: str | None = None) -> Path:
    """The board, and its project, as files."""
    path = folder / "board.kicad_pcb"
    path.write_bytes(text.encode())
    path.with_suffix(".kicad_pro").write_text(project() if settings is None else settings, encoding="utf-8")
    return path


def read(path: Path) -> OpenBoard:
    """The board of a file."""
    return open_board_of(board_text(path), path)
