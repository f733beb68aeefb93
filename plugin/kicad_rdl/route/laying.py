"""From sketches to copper on all layers: what cannot be laid looks for another way, farther from where it collided."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from kicad_rdl.geometry import Path
from kicad_rdl.route.layer import LaidLayer, lay_layer
from kicad_rdl.route.negotiate import Negotiation, negotiate
from kicad_rdl.units import um

NO_GEOMETRY = "no legal geometry beside the other traces"
"""How the reason begins for what is connected in the sketch and cannot be laid."""

RETRIES = 6
"""How often wires that cannot be laid look for another way."""

PUSHES = 4
"""Ways that they may draw, for each of them."""


@dataclass(slots=True)
class Laid:
    """The copper of one layer."""

    paths: dict[int, Path | None]
    """Wire -> path; None where it does not fit beside the others."""
    layer: LaidLayer
    numbers: list[int]
    """Wires in the order of ``layer``."""


@dataclass(slots=True)
class Laying:
    """Connections and their copper.

    Attributes:
        work: the connections on their sketches.
        nets: of the connections.
        layers: layer (from 0) -> its copper.
        why: net -> why a wire of it could not be laid, which then looked for another way.
    """

    work: Negotiation
    nets: Sequence[str]
    layers: dict[int, Laid] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    def lost(self) -> list[int]:
        """Connections with a wire that could not be laid."""
        owner = self.work.owner
        wires = (wire for laid in self.layers.values() for wire, path in laid.paths.items() if path is None)
        return sorted({owner[wire] for wire in wires if wire in owner})

    def path(self, wire: int) -> Path | None:
        """The copper of a wire."""
        return self.layers[self.work.sketches.layer_of(wire)].paths[wire]

    def why_lost(self, wire: int) -> str:
        """Why a wire has no path, in words."""
        layer = self.work.sketches.layer_of(wire)
        laid, tiles = self.layers[layer], self.work.sketches.tiles[layer]
        found = next((c for c in laid.layer.given_up if laid.numbers[c.wire] == wire), None)
        if found is None:
            return NO_GEOMETRY
        apart = np.hypot(*(tiles.xy[: tiles.obstacle_count] - found.at).T)
        beside = tiles.obstacles[int(apart.argmin())].name
        missing = um(max(1, math.ceil(found.missing)))
        if found.other is not None:
            net = self.nets[self.work.owner[laid.numbers[found.other]]]
            return f"{NO_GEOMETRY}: {missing} is missing to the trace of {net}, near {beside}"
        if found.vertex is not None:
            what = tiles.obstacles[found.vertex].name if found.vertex < tiles.obstacle_count else "the edge"
            return f"{NO_GEOMETRY}: {missing} is missing to {what}"
        return f"{NO_GEOMETRY}: no way is left near {beside}"

    def lay(self, layer: int) -> None:
        """Lays the wires of one layer."""
        sketches = self.work.sketches
        wires = sketches.wires_on(layer)
        numbers = list(wires)
        place = {number: k for k, number in enumerate(numbers)}
        orders = {gap: [place[n] for n in order] for gap, order in sketches.orders_on(layer).items()}
        nets = [self.nets[self.work.owner[n]] for n in numbers]
        widths = [float(sketches.book.width[n]) for n in numbers]
        space = float(sketches.ground.space[layer])
        laid = lay_layer(sketches.tiles[layer], list(wires.values()), nets, orders, widths, space)
        self.layers[layer] = Laid(dict(zip(numbers, laid.paths, strict=True)), laid, numbers)

    def collisions(self) -> list[tuple[int, int]]:
        """Layers and gaps at which wires that could not be laid collided."""
        sketches = self.work.sketches
        found = []
        for layer, laid in self.layers.items():
            tiles = sketches.tiles[layer]
            given_up = [(laid.numbers[c.wire], c.at) for c in laid.layer.given_up]
            given_up = [(wire, at) for wire, at in given_up if wire in sketches.alive]
            wires = sketches.wires_on(layer, sorted({wire for wire, _ in given_up}))
            for wire, (x, y) in given_up:
                gaps = wires[wire].gaps
                if gaps:
                    middle = tiles.xy[tiles.edges[list(gaps)]].mean(axis=1)
                    nearest = min(range(len(gaps)), key=lambda k: (abs(middle[k][0] - x) + abs(middle[k][1] - y), k))
                    found.append((layer, gaps[nearest]))
        return found


def lay(
    work: Negotiation, nets: Sequence[str], step: Callable[[str, int, int], None], late: Callable[[], bool]
) -> Laying:
    """Lays all wires; ``step`` gets the stage, how much of it is done, and of how much."""
    laying = Laying(work, nets)
    count = len(work.sketches.tiles)
    dirty: Collection[int] = range(count)
    for turn in range(RETRIES):
        for layer in dirty:
            step("lay", layer, count)
            laying.lay(layer)
        lost = laying.lost()
        if not lost or turn == RETRIES - 1 or late():
            break
        before = {layer: sorted(laying.layers[layer].paths) for layer in range(count)}
        closed = laying.collisions()
        for number in lost:  # all reasons before anything is taken out: they name each other's nets
            laying.why[nets[number]] = next(laying.why_lost(w) for w in work.wires[number] if laying.path(w) is None)
        for number in lost:
            work.take_out(number)
        for layer, gap in closed:
            work.sketches.close(layer, gap)
        negotiate(work, lost, lambda done, total: step("lay again", done, total), late, pushes=PUSHES)
        dirty = [layer for layer in before if before[layer] != sorted(work.sketches.wires_on(layer))]
    return laying
