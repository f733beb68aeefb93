"""Random layers for the tests of the router's parts: obstacles, some of them bumps or balls, and a flow between."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
import pytest
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Circle, Octagon, Point, Rectangle, Shape
from kicad_rdl.route.ground import Posted
from kicad_rdl.route.loading import load
from kicad_rdl.route.network import FlowPlan, LayerTask, plan_flow
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.tiles import Obstacle, Tiles, build_tiles

SPACE = 10_000
LINE = 8_000
EDGE = 25_000
HALF = (900_000, 700_000)
"""Half width and half height of every layer [nm]."""

each_layer = pytest.mark.parametrize("seed", range(30))
"""Thirty layers, made once and shared by all tests of a run."""


def random_obstacles(chance: Random) -> list[Obstacle]:
    """Discs, rectangles, octagons and dog bones, a space apart: a grid amid a ring of larger ones, or anywhere."""
    size = chance.choice((20_000, 60_000))
    if chance.random() < 0.6:
        through = chance.randint(0, 3)
        pitch = size + 2 * SPACE + through * (LINE + SPACE) - chance.choice((0, 0, SPACE))
        side = chance.randint(1, 7)
        places = [
            (Point((2 * c - side + 1) * pitch // 2, (2 * r - side + 1) * pitch // 2), size)
            for c in range(side)
            for r in range(side)
        ]
        ring = chance.randint(4, 14)
        reach = HALF[1] - 140_000
        places += [
            (Point(round(x * reach), round(y * reach)), 100_000)
            for k in range(ring)
            for x, y in ((-1 + 2 * k / ring, -1), (1, -1 + 2 * k / ring), (1 - 2 * k / ring, 1), (-1, 1 - 2 * k / ring))
        ]
    else:
        places = [
            (Point(chance.randint(-HALF[0], HALF[0]), chance.randint(-HALF[1], HALF[1])), size)
            for _ in range(chance.randint(0, 50))
        ]
    found: list[Obstacle] = []
    outlines: list[BaseGeometry] = []
    odd = chance.choice((0.0, 0.0, 0.3))
    for place, across in places:
        shape: Shape = Circle(across)
        if chance.random() < odd:
            shape = chance.choice((Circle(across // 2), Rectangle(across, across // 2), Octagon(across)))
        bone = Point(place.x + across // 2, place.y + across // 4) if chance.random() < odd / 4 else None
        obstacle = Obstacle(place, shape, None, f"o{len(found)}", bone if isinstance(shape, Circle) else None)
        inside = abs(place.x) + across < HALF[0] - EDGE and abs(place.y) + across < HALF[1] - EDGE
        outline = obstacle.outline(100.0)
        if inside and all(outline.distance(other) > SPACE - 250 for other in outlines):
            found.append(obstacle)
            outlines.append(outline)
    return found


@cache
def random_tiles(seed: int) -> Tiles:
    return build_tiles(random_obstacles(Random(seed)), *HALF, SPACE, EDGE)


@dataclass(frozen=True)
class RandomFlow:
    """A layer, what was asked of it, and the answer."""

    task: LayerTask
    group: tuple[int, ...]
    """Net of every source."""
    units: tuple[int, ...]
    """Units that every net sends."""
    sinks: int
    plan: FlowPlan

    @property
    def tiles(self) -> Tiles:
        return self.task.tiles

    def sketches(self) -> Sketches:
        """The flow on its layer; every obstacle is a post of the same number."""
        count = self.tiles.obstacle_count
        posted = Posted(tuple(((0, v),) for v in range(count)), ((0, 0),) * count, (False,) * count)
        sketches = Sketches([self.tiles], [float(SPACE)], posted)
        load(sketches, 0, self.plan.wires[0], self.plan.orders[0], [float(LINE)] * len(self.plan.wires[0]))
        return sketches

    def net_of(self, vertex: int) -> int:
        """The net of a terminal, of a sink the one that ends there; -1 for none."""
        sources: list[int] = self.task.source_vertex.tolist()
        if vertex in sources:
            return self.group[sources.index(vertex)]
        ends = {wire.end: self.group[wire.source] for wire in self.plan.wires[0]}
        return ends.get(vertex, -1)


@cache
def random_flow(seed: int) -> RandomFlow:
    """Some obstacles are bumps of nets, some are balls; now and then more bumps than balls."""
    chance = Random(seed)
    tiles = random_tiles(seed)
    vertices = list(range(tiles.obstacle_count))
    wide = [v for v in vertices if tiles.disc_r[tiles.disc_start[v]] >= 50_000]
    if wide:  # from the grid to the ring
        sources, sinks = [v for v in vertices if v not in wide], wide
    else:
        chance.shuffle(vertices)
        some = len(vertices) * chance.choice((1, 2, 3)) // 4
        sources, sinks = sorted(vertices[:some]), sorted(vertices[some:])
    if chance.random() < 0.3:
        sources, sinks = ([v for v in them if chance.random() < 0.7] for them in (sources, sinks))
    group: list[int] = []
    for _ in sources:
        known = max(group, default=-1) + 1
        group.append(chance.randrange(known) if known and chance.random() < 0.2 else known)
    nets = max(group, default=-1) + 1
    units = [chance.randint(1, group.count(net)) for net in range(nets)]
    task = LayerTask(
        tiles, tiles.capacity(LINE, SPACE), np.array(sources, dtype=np.int64), np.array(sinks, dtype=np.int64)
    )
    plan = plan_flow([task], np.array(group, dtype=np.int64), np.array(units, dtype=np.int64), len(sinks))
    return RandomFlow(task, tuple(group), tuple(units), len(sinks), plan)
