"""One layer from sketch to clean copper: pull taut, measure, correct, and give up on what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kicad_rdl.geometry import Path
from kicad_rdl.route.corridors import ExtraDisc, corridors_of
from kicad_rdl.route.lay import sharp_corner, strokes_of
from kicad_rdl.route.octagons import tauten_octagonal
from kicad_rdl.route.octilinear import bend
from kicad_rdl.route.remedies import Drawn, remedies
from kicad_rdl.route.spacing import Conflict, Copper, worst_first
from kicad_rdl.route.taut import tauten
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import I64
from kicad_rdl.route.uncross import Wire

CORRECTIONS = 14
"""Rounds of measuring and correcting."""

STUCK = 1e9
"""What a wire without a way through counts against conflicts [nm]."""


@dataclass(frozen=True, slots=True)
class LaidLayer:
    """Paths of the wires that fit."""

    paths: tuple[Path | None, ...]
    """Per wire; None where it does not fit beside the others."""
    given_up: tuple[Conflict, ...]
    """Why the missing ones are missing, where measuring knows."""


def lay_layer(
    tiles: Tiles,
    wires: Sequence[Wire],
    nets: Sequence[str],
    orders: Mapping[int, Sequence[int]],
    widths: Sequence[float],
    space: float,
) -> LaidLayer:
    """Exact, clean paths for the wires of a sketch.

    Args:
        tiles: the layer, octilinear ones make octilinear paths.
        wires: the sketch.
        nets: of the wires.
        orders: gap -> wires in order.
        widths: of the wires [nm].
        space: between traces [nm].
    """
    if not wires:
        return LaidLayer((), ())
    copper = Copper(tiles, wires, nets, widths, space)
    extra: dict[int, list[ExtraDisc]] = {}
    drawn: dict[int, Drawn] = {}
    best: tuple[float, I64, I64, list[Conflict]] | None = None
    found: list[Conflict] = []
    changed = list(range(len(wires)))
    for turn in range(CORRECTIONS):
        corridors = corridors_of(tiles, wires, orders, widths, space, extra, changed)
        corridors, taut = tauten_octagonal(corridors) if tiles.octilinear else (corridors, tauten(corridors))
        copper.draw(changed, strokes_of(corridors, taut))
        for place, wire in enumerate(changed):
            drawn[wire] = Drawn(corridors, taut, place)
        again = set(changed)
        left = [c for c in found if c.wire not in again and c.other not in again]
        found = worst_first([*left, *copper.conflicts(again)])
        score = sum(c.missing for c in found) + STUCK * int((copper.first == copper.last).sum())
        if best is None or score < best[0]:
            best = (score, copper.first.copy(), copper.last.copy(), found)
        if not found:
            break
        discs = remedies(tiles, drawn, wires, copper, widths, found, turn)
        for wire, more in discs.items():
            known = extra.setdefault(wire, [])
            known += [disc for disc in more if disc not in known]
        changed = sorted(discs)
    assert best is not None
    _, first, last, found = best
    laid = _without_conflicts(copper.paths(first, last), found)
    return _bent(tiles, wires, nets, widths, space, laid) if tiles.octilinear else laid


def _bent(
    tiles: Tiles, wires: Sequence[Wire], nets: Sequence[str], widths: Sequence[float], space: float, laid: LaidLayer
) -> LaidLayer:
    """The wires in eight directions."""
    paths = bend(tiles, wires, nets, laid.paths, widths, space)
    lost = []
    for index, (before, after) in enumerate(zip(laid.paths, paths, strict=True)):
        if before is not None and after is None:
            middle = before.pieces[len(before.pieces) // 2].start
            at = (float(middle.x), float(middle.y))
            lost.append(Conflict(index, None, None, 0.0, at, at))
    return LaidLayer(tuple(paths), (*laid.given_up, *lost))


def _without_conflicts(paths: Sequence[Path | None], found: Sequence[Conflict]) -> LaidLayer:
    """Takes out wires, the most entangled first, until no conflict is left, and those with acute corners."""
    kept = list(paths)
    given_up: list[Conflict] = []
    left = list(found)
    while left:
        count: dict[int, int] = {}
        for conflict in left:
            for wire in (conflict.wire, conflict.other):
                if wire is not None:
                    count[wire] = count.get(wire, 0) + (2 if conflict.vertex is not None else 1)
        worst = max(sorted(count), key=lambda wire: count[wire])
        kept[worst] = None
        given_up += [c for c in left if worst in (c.wire, c.other)][:1]
        left = [c for c in left if worst not in (c.wire, c.other)]
    for wire, path in enumerate(kept):
        corner = None if path is None else sharp_corner(path)
        if corner is not None:
            kept[wire] = None
            given_up.append(Conflict(wire, None, None, 0.0, (corner.x, corner.y), (corner.x, corner.y)))
    return LaidLayer(tuple(kept), tuple(given_up))
