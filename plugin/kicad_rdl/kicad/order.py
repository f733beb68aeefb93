"""The order in which KiCad 9 saves the things of a board and of a footprint.

A file in this order comes back from KiCad unchanged. Read from what KiCad saved, and held by a test that lets it save
our files.
"""

from __future__ import annotations

import re
from typing import Any

from kicad_rdl.kicad.layers import layer_number
from kicad_rdl.kicad.sexpr import Tree

_TRACKS = {"segment": 0, "via": 1, "arc": 2}
_SHAPES = {"line": 0, "rect": 1, "arc": 2, "circle": 3, "poly": 4}
_RUNS = re.compile(r"[0-9]+|[^0-9]", re.DOTALL)


def in_board_order(trees: list[Tree]) -> list[Tree]:
    """Footprints, drawings, tracks with vias, zones; each in KiCad's order among its own."""
    return sorted(trees, key=_board_key)


def drawings_in_order(trees: list[Tree]) -> list[Tree]:
    """Drawings of a footprint: by layer, kind of shape, and place; texts last."""
    return sorted(trees, key=_footprint_key)


def name_key(name: str) -> tuple[tuple[int, int], ...]:
    """Sorts pads by name: runs of digits as numbers, all else letter by letter (``AA1`` before ``B1``)."""
    return tuple((ord("0"), int(run)) if "0" <= run[0] <= "9" else (ord(run), 0) for run in _RUNS.findall(name))


def _board_key(tree: Tree) -> tuple[Any, ...]:
    word = str(tree[0])
    if word == "footprint":
        return (0, _layer(tree), _uuid(tree))
    if word in _TRACKS:
        return (2, int(str(_child(tree, "net")[1])), _layer(tree), _TRACKS[word], _uuid(tree))
    if word == "zone":
        return (3, _layer(tree), _uuid(tree))
    return (1, word == "gr_text", _layer(tree), *_place(tree), _uuid(tree))


def _footprint_key(tree: Tree) -> tuple[Any, ...]:
    shape = _SHAPES.get(str(tree[0]).removeprefix("fp_"), 0)
    return (tree[0] == "fp_text", _layer(tree), shape, *_place(tree), _uuid(tree))


def _place(tree: Tree) -> tuple[Any, ...]:
    """Start, end and corners; KiCad takes a polygon to start at 0, 0."""
    points = tuple(point[1:] for point in _child(tree, "pts", ("pts",))[1:] if isinstance(point, tuple))
    start = _child(tree, "start", _child(tree, "center", ("start", 0, 0)))
    return (start[1:], _child(tree, "end", ("end", 0, 0))[1:], len(points), points)


def _layer(tree: Tree) -> int:
    return layer_number(str(_child(tree, "layer", _child(tree, "layers", ("layer", "F.Cu")))[1]))


def _uuid(tree: Tree) -> str:
    return str(_child(tree, "uuid")[1])


def _child(tree: Tree, word: str, default: Tree | None = None) -> Tree:
    for item in tree:
        if isinstance(item, tuple) and item[0] == word:
            return item
    if default is None:
        raise AssertionError(f"{tree[0]} without {word}")
    return default
