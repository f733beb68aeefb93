"""Many small boards of the same rules side by side in one file, so that one run of kicad-cli judges them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sexpdata

PITCH_MM = 5.0
"""From unit to unit; the planted packages are 3 mm high."""
PER_ROW = 6
MOVED = {"segment", "arc", "via", "footprint", "gr_rect", "gr_line", "gr_poly", "gr_text", "zone"}
SPOTS = {"at", "start", "mid", "end", "xy", "center"}


@dataclass(frozen=True)
class Panel:
    text: str
    owner: dict[str, int]
    """Which unit an item belongs to, by its uuid."""
    tracks: dict[str, list[tuple[float, float]]]
    """Start, (middle,) end of every track on the page of its own board [mm], by its uuid."""

    def home(self, unit: int, x: float, y: float) -> tuple[float, float]:
        """A place on the panel as a place on the unit's own board [mm]."""
        return x - PITCH_MM * (unit % PER_ROW), y - PITCH_MM * (unit // PER_ROW)


def panel(boards: list[str]) -> Panel:
    """The first board's head; the items of all, moved; net ``N1`` of unit 7 becomes ``7:N1``."""
    trees = [sexpdata.loads(text, nil=None, true=None, false=None) for text in boards]
    head = [item for item in trees[0][1:] if _word(item) not in MOVED | {"net", "embedded_fonts"}]
    nets: list[Any] = [[sexpdata.Symbol("net"), 0, ""]]
    items: list[Any] = []
    owner: dict[str, int] = {}
    tracks: dict[str, list[tuple[float, float]]] = {}
    for unit, tree in enumerate(trees):
        numbers: dict[int, int] = {0: 0}
        for net in (item for item in tree[1:] if _word(item) == "net" and item[1] != 0):
            numbers[net[1]] = len(nets)
            nets.append([sexpdata.Symbol("net"), len(nets), f"{unit}:{net[2]}"])
        dx, dy = PITCH_MM * (unit % PER_ROW), PITCH_MM * (unit // PER_ROW)
        for item in tree[1:]:
            if _word(item) in MOVED:
                _renumber(item, numbers, unit)
                if _word(item) in ("segment", "arc"):
                    (name,) = (child[1] for child in item if _word(child) == "uuid")
                    tracks[name] = [(child[1], child[2]) for child in item if _word(child) in SPOTS]
                _move(item, dx, dy)
                _own(item, unit, owner)
                items.append(item)
    whole = [sexpdata.Symbol("kicad_pcb"), *head, *nets, *items]
    return Panel(_dump(whole), owner, tracks)


def _word(item: Any) -> str:
    return str(item[0].value()) if isinstance(item, list) and isinstance(item[0], sexpdata.Symbol) else ""


def _renumber(item: list[Any], numbers: dict[int, int], unit: int) -> None:
    if _word(item) == "net":
        item[1] = numbers[item[1]]
        if len(item) > 2:
            item[2] = f"{unit}:{item[2]}"
    for child in item:
        if isinstance(child, list):
            _renumber(child, numbers, unit)


def _move(item: list[Any], dx: float, dy: float) -> None:
    """A footprint's children are in its own frame: only its own place moves."""
    if _word(item) in SPOTS:
        item[1], item[2] = item[1] + dx, item[2] + dy
        return
    for child in item:
        if isinstance(child, list) and (_word(item) != "footprint" or _word(child) == "at"):
            _move(child, dx, dy)


def _own(item: list[Any], unit: int, owner: dict[str, int]) -> None:
    if _word(item) == "uuid":
        owner[item[1]] = unit
    for child in item:
        if isinstance(child, list):
            _own(child, unit, owner)


def _dump(item: Any) -> str:
    if isinstance(item, list):
        return "(" + " ".join(_dump(child) for child in item) + ")\n"
    if isinstance(item, sexpdata.Symbol):
        return str(item.value())
    if isinstance(item, str):
        return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{item:.10f}".rstrip("0").rstrip(".") if isinstance(item, float) else str(item)
