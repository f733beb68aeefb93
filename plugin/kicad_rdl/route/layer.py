"""One layer from sketch to clean copper: pull taut, measure, correct, and give up on what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kicad_rdl.geometry import Path
from kicad_rdl.route.blunt import blunted
from kicad_rdl.route.corridors import ExtraDisc, corridors_of
from kicad_rdl.route.diagonals import discs_beyond
from kicad_rdl.route.exits import from_middles, moved_ends
from kicad_rdl.route.lay import sharp_corner, strokes_of
from kicad_rdl.route.nearness import LENGTH
from kicad_rdl.route.octagons import tauten_octagonal
from kicad_rdl.route.octilinear import bend
from kicad_rdl.route.remedies import Drawn, remedies
from kicad_rdl.route.round_ends import with_round_ends
from kicad_rdl.route.spacing import Conflict, Copper, worst_first
from kicad_rdl.route.taut import tauten
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.triangulation import I64
from kicad_rdl.route.uncross import Wire

CORRECTIONS = 14
"""Rounds of measuring and correcting."""


SLIGHT = 2.0
"""What less is missing is a matter of rounding first [nm]."""


@dataclass(frozen=True, slots=True)
class LaidLayer:
    """Paths of the wires that fit."""

    paths: tuple[Path | None, ...]
    """Per wire; None where it does not fit beside the others."""
    given_up: tuple[Conflict, ...]
    """Of every missing wire what it is too close to, or without either where it has no way."""


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
    laying = _Laying(tiles, wires, nets, orders, widths, space)
    laying.draw(list(range(len(wires))))
    laying.let_through()
    best = laying.state()
    for turn in range(CORRECTIONS):
        if not laying.conflicts:
            break
        changed = laying.correct(turn)
        if changed:  # else others yield in the next round
            laying.draw(changed)
            best = min(best, laying.state(), key=lambda state: state.score)
    if not tiles.octilinear:
        best = laying.leave_pads(best)
    laid = _without_conflicts(laying.copper.paths(best.first, best.last), best.conflicts)
    laid = replace(laid, given_up=(*laid.given_up, *laying.without_way(best)))
    return _bent(tiles, wires, nets, widths, space, laid) if tiles.octilinear else laid


@dataclass(frozen=True, slots=True)
class _State:
    """What the wires looked like after a round: their pieces in the copper, and what was wrong with them."""

    score: tuple[int, float]
    """Wires that would be lost, and what is missing between all [nm]."""
    first: I64
    last: I64
    conflicts: Sequence[Conflict]


class _Laying:
    """The wires of a layer while they are measured and drawn again."""

    def __init__(
        self,
        tiles: Tiles,
        wires: Sequence[Wire],
        nets: Sequence[str],
        orders: Mapping[int, Sequence[int]],
        widths: Sequence[float],
        space: float,
    ) -> None:
        # only corridors keep away from obstacles with round ends: what is measured are the ends themselves
        self.layer = (with_round_ends(tiles, wires, widths, space), wires, orders, widths, space)
        self.blunt = None if tiles.octilinear else blunted(tiles, orders, widths, space)
        self.copper = Copper(tiles, wires, nets, widths, space)
        self.conflicts: list[Conflict] = []
        self.drawn: dict[int, Drawn] = {}
        self.extra = discs_beyond(self.layer[0], wires, orders, widths, space)
        """What wires keep from besides the ends of their gaps."""
        self.before: dict[int, tuple[list[ExtraDisc], int, int]] = {}
        """What a wire was asked before it was asked for more, and its pieces then."""
        self.firm: set[int] = set()
        """Wires that have no way where more is asked of them."""
        self.careful: set[int] = set()
        """Wires whose corners are rounded away from their discs."""

    def draw(self, changed: Sequence[int]) -> None:
        """Draws and measures some wires; one that finds no way any more stays as it was."""
        tiles, wires, orders, widths, space = self.layer
        corridors = corridors_of(tiles, wires, orders, widths, space, self.extra, changed, self.blunt, tiles.octilinear)
        corridors, taut = tauten_octagonal(corridors) if tiles.octilinear else (corridors, tauten(corridors))
        careful = [place for place, wire in enumerate(changed) if wire in self.careful]
        self.copper.draw(changed, strokes_of(corridors, taut, careful=careful))
        for place, wire in enumerate(changed):
            if taut.count[place] < 0 and wire in self.before:
                self.firm.add(wire)
                self.extra[wire], *pieces = self.before[wire]
                self.copper.back(wire, *pieces)
            else:
                self.drawn[wire] = Drawn(corridors, taut, place)
        again = set(changed)
        left = [c for c in self.conflicts if c.wire not in again and c.other not in again]
        self.conflicts = worst_first([*left, *self.copper.conflicts(again)])

    def let_through(self) -> None:
        """Draws wires again that have no way beside what lies beyond their gaps; what comes too close is measured."""
        shut_in = [wire for wire in sorted(self.extra) if self.copper.first[wire] == self.copper.last[wire]]
        for wire in shut_in:
            del self.extra[wire]
        if shut_in:
            self.draw(shut_in)

    def correct(self, turn: int) -> list[int]:
        """Asks wires that are too close to something for more; returns those."""
        tiles, wires, orders, widths, _ = self.layer
        round_better = {
            wire
            for conflict in self.conflicts
            if conflict.missing < SLIGHT
            for wire in (conflict.wire, conflict.other)
            if wire is not None and wire not in self.careful
        }
        self.careful |= round_better
        rest = [c for c in self.conflicts if c.missing >= SLIGHT or round_better.isdisjoint((c.wire, c.other))]
        self.before.clear()
        asked_for = remedies(tiles, self.drawn, wires, orders, self.copper, widths, rest, turn, self.firm)
        for wire, discs in asked_for.items():
            asked = self.extra.get(wire, [])
            new = [disc for disc in discs if disc not in asked]
            if new:
                self.before[wire] = (asked, int(self.copper.first[wire]), int(self.copper.last[wire]))
                self.extra[wire] = [*asked, *new]
        return sorted(round_better | self.before.keys())

    def leave_pads(self, best: _State) -> _State:
        """Lets wires leave their pads where that makes them shorter and no conflict."""
        tiles, wires, orders, widths, space = self.layer
        held = {w for c in best.conflicts for w in (c.wire, c.other)}
        same = (self.copper.first == best.first) & (best.first < best.last)
        self.copper.first[:], self.copper.last[:] = best.first, best.last
        which = [w for w in np.flatnonzero(same).tolist() if w not in held and _angular(tiles, wires[w])]
        if not which:
            return best
        corridors = corridors_of(tiles, wires, orders, widths, space, self.extra, which, self.blunt)
        own, own_widths = [wires[w] for w in which], [widths[w] for w in which]
        elsewhere, longer = moved_ends(tiles, own, own_widths, corridors, tauten(corridors))
        careful = [place for place, wire in enumerate(which) if wire in self.careful]
        strokes, fine = from_middles(corridors, strokes_of(elsewhere, tauten(elsewhere), careful=careful))
        before = [self.copper.of(wire)[:, LENGTH].sum() for wire in which]
        self.copper.draw(which, strokes)
        most = dict(zip(which, before + longer, strict=True))
        moved = {which[place] for place in fine}
        moved = {wire for wire in moved if self.copper.of(wire)[:, LENGTH].sum() <= most[wire]}
        back = set(which) - moved
        while True:
            for wire in back:
                self.copper.back(wire, int(best.first[wire]), int(best.last[wire]))
            moved -= back
            back = {w for c in self.copper.conflicts(moved) for w in (c.wire, c.other) if w in moved}
            if not back:
                break
        return replace(best, first=self.copper.first.copy(), last=self.copper.last.copy())

    def without_way(self, best: _State) -> list[Conflict]:
        """Wires whose corridor has no way through, each with the middle of its narrowest gap."""
        found = []
        for wire in np.flatnonzero(best.first == best.last).tolist():
            corridors, place = self.drawn[wire].corridors, self.drawn[wire].place
            a, b = corridors.gap_start[place : place + 2].tolist()
            x, y = corridors.ends[place, :2].tolist()
            if b > a:
                portals = corridors.portals[a:b]
                along = np.zeros((b - a, 2)) if corridors.along is None else corridors.along[a:b]
                narrowest = int(((portals[:, 2:] - portals[:, :2]) * along).sum(axis=1).argmin())
                x, y = ((portals[narrowest, :2] + portals[narrowest, 2:]) / 2).tolist()
            found.append(Conflict(wire, None, None, 0.0, (x, y), (x, y)))
        return found

    def state(self) -> _State:
        """As it is now."""
        first, last = self.copper.first.copy(), self.copper.last.copy()
        lost = len(_entangled(self.conflicts)) + int((first == last).sum())
        return _State((lost, sum(c.missing for c in self.conflicts)), first, last, self.conflicts)


def _angular(tiles: Tiles, wire: Wire) -> bool:
    """Whether a wire has an end that is not round."""
    return any(tiles.disc_start[v + 1] - tiles.disc_start[v] > 2 for v in (wire.start, wire.end))


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


def _entangled(found: Sequence[Conflict]) -> list[int]:
    """Wires without which no conflict is left, the most entangled first; none of them could stay."""
    beside: dict[int, set[int]] = {}
    weight: dict[int, int] = {}
    for conflict in found:
        beside.setdefault(conflict.wire, set())
        if conflict.other is None:
            weight[conflict.wire] = weight.get(conflict.wire, 0) + 2
        else:
            beside[conflict.wire].add(conflict.other)
            beside.setdefault(conflict.other, set()).add(conflict.wire)
    for wire, others in beside.items():
        weight[wire] = weight.get(wire, 0) + len(others)
    left = {wire: set(others) for wire, others in beside.items()}
    alone = {conflict.wire for conflict in found if conflict.other is None}
    out: list[int] = []
    while True:
        worst = min(weight, key=lambda wire: (-weight[wire], wire), default=None)
        if worst is None or not weight[worst]:
            break
        out.append(worst)
        del weight[worst]
        for other in left.pop(worst):
            left[other].discard(worst)
            weight[other] -= 1
    gone = set(out)
    for wire in reversed(out):
        if wire not in alone and beside[wire] <= gone:
            gone.discard(wire)
    return [wire for wire in out if wire in gone]


def _without_conflicts(paths: Sequence[Path | None], found: Sequence[Conflict]) -> LaidLayer:
    """Takes out wires until no conflict is left, and those with acute corners."""
    kept = list(paths)
    given_up: list[Conflict] = []
    for wire in _entangled(found):
        kept[wire] = None
        worst = next(c for c in found if wire in (c.wire, c.other))
        given_up.append(worst if worst.wire == wire else worst.from_the_other())
    for wire, path in enumerate(kept):
        corner = None if path is None else sharp_corner(path)
        if corner is not None:
            kept[wire] = None
            given_up.append(Conflict(wire, None, None, 0.0, (corner.x, corner.y), (corner.x, corner.y)))
    return LaidLayer(tuple(kept), tuple(given_up))
