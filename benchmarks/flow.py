"""Times the flow and matching solvers on networks like the router's: ``python benchmarks/flow.py [signals ...]``.

Every triangle of a Delaunay triangulation has a node at each of its three sides; arcs join the sides of a triangle and
cross the gap to the neighbour, as many at once as fit. Bumps in the middle are sources of one unit, balls around them
are sinks of one unit.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from scipy.spatial import Delaunay

from kicad_rdl.route.bound import matching_bound
from kicad_rdl.route.flow import maximum_flow, min_cost_max_flow

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Network:
    tails: Integers
    heads: Integers
    capacity: Integers
    cost: Integers
    source: int
    sink: int


def die_and_balls(signals: int, seed: int) -> tuple[npt.NDArray[np.float64], int]:
    """Bumps on a jittered grid in the middle, 1.2 times as many balls around them [nm]; bumps come first."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(signals)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)[:signals]
    bumps = (grid - (side - 1) / 2) * 160_000.0
    half = (side + 1) / 2 * 160_000.0
    pitch = 400_000.0
    reach = int(np.ceil(half / pitch + np.sqrt(1.2 * signals))) + 1
    balls = np.stack(np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1)), -1).reshape(-1, 2) * pitch
    far = np.abs(balls).max(axis=1)
    balls = balls[far > half + 200_000]
    order = np.argsort(np.hypot(balls[:, 0], balls[:, 1]), kind="stable")
    balls = balls[order[: int(1.2 * signals)]]
    points = np.concatenate([bumps, balls])
    return points + rng.uniform(-3_000, 3_000, points.shape), len(bumps)


def scattered(signals: int, seed: int) -> tuple[npt.NDArray[np.float64], int]:
    """Random points in a square [nm]; those nearest the middle are the bumps and come first."""
    rng = np.random.default_rng(seed)
    size = np.sqrt(2.2 * signals) * 300_000
    points = rng.uniform(-size / 2, size / 2, (int(2.2 * signals), 2))
    return points[np.argsort(np.hypot(points[:, 0], points[:, 1]), kind="stable")], signals


def network(points: npt.NDArray[np.float64], bumps: int, pitch: float, most: int = 1000) -> Network:
    """The flow network of one layer; ``pitch`` is the room one trace takes [nm]."""
    triangles = Delaunay(points)
    corners, neighbours = triangles.simplices.astype(np.int64), triangles.neighbors.astype(np.int64)
    count = len(corners)
    node = np.arange(3 * count).reshape(count, 3)
    a, b = points[corners[:, [1, 2, 0]]], points[corners[:, [2, 0, 1]]]
    middle = (a + b) / 2
    room = np.clip(np.floor(np.hypot(*(a - b).transpose(2, 0, 1)) / pitch - 1), 0, most).astype(np.int64)
    parts: list[tuple[Integers, Integers, Integers, Integers]] = []
    opposite = np.full((count, 3), -1)
    for k in range(3):
        inside = neighbours[:, k] >= 0
        there = neighbours[inside, k]
        turn = np.argmax(neighbours[there] == np.flatnonzero(inside)[:, None], axis=1)
        opposite[inside, k] = node[there, turn]
        parts.append((node[inside, k], opposite[inside, k], room[inside, k], np.zeros(len(there), np.int64)))
        for other in ((k + 1) % 3, (k + 2) % 3):
            length = np.hypot(*(middle[:, k] - middle[:, other]).T).astype(np.int64)
            parts.append((node[:, k], node[:, other], np.full(count, most), length))
    source, sink = 3 * count + len(points), 3 * count + len(points) + 1
    for k in range(3):
        point = corners[:, k]
        length = np.hypot(*(points[point] - middle[:, k]).T).astype(np.int64)
        giving = point < bumps
        own = 3 * count + point
        one = np.ones(count, np.int64)
        parts.append((own[giving], node[giving, k], one[giving], length[giving]))
        parts.append((node[~giving, k], own[~giving], one[~giving], length[~giving]))
    every = np.arange(len(points))
    zero = np.zeros(len(points), np.int64)
    parts.append((np.full(bumps, source), 3 * count + every[:bumps], zero[:bumps] + 1, zero[:bumps]))
    parts.append((3 * count + every[bumps:], np.full(len(points) - bumps, sink), zero[bumps:] + 1, zero[bumps:]))
    tails, heads, capacity, cost = (np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True))
    return Network(tails, heads, capacity, cost, source, sink)


def measure(console: Console, sizes: tuple[int, ...]) -> None:
    """Prints the tables."""
    started = time.perf_counter()
    one = np.array([1])
    min_cost_max_flow(np.array([0]), one, one, one, 0, 1)
    matching_bound([[0, 0]], [[1, 1]])
    console.print(f"first call of the solvers, machine code made or loaded: {time.perf_counter() - started:.2f} s")
    flows = Table("network", "signals", "nodes", "arcs", "most", "maximum [s]", "cheapest [s]", "us/arc", "exponent")
    places = Table("places", "sources", "sinks", "bound [mm]", "seconds", "exponent")
    for name, layout, pitch in (
        ("die and balls, wide", die_and_balls, 20_000.0),
        ("die and balls, narrow", die_and_balls, 40_000.0),
        ("scattered", scattered, 15_000.0),
    ):
        before: tuple[int, float] | None = None
        for signals in sizes:
            it = network(*layout(signals, 1), pitch)
            started = time.perf_counter()
            most = maximum_flow(it.tails, it.heads, it.capacity, it.source, it.sink).value
            middle = time.perf_counter()
            min_cost_max_flow(it.tails, it.heads, it.capacity, it.cost, it.source, it.sink)
            seconds = time.perf_counter() - middle
            arcs = len(it.tails)
            row = [name, signals, it.sink + 1, arcs, most, f"{middle - started:.2f}", f"{seconds:.2f}"]
            flows.add_row(*map(str, row), f"{seconds / arcs * 1e6:.1f}", exponent(before, (arcs, seconds)))
            before = arcs, seconds
    for name, layout in (("die and balls", die_and_balls), ("scattered", scattered)):
        before = None
        for signals in sizes:
            points, bumps = layout(signals, 1)
            started = time.perf_counter()
            total = matching_bound(points[:bumps], points[bumps:]).total
            seconds = time.perf_counter() - started
            row = [name, bumps, len(points) - bumps, f"{total / 1e6:.3f}", f"{seconds:.2f}"]
            places.add_row(*map(str, row), exponent(before, (signals, seconds)))
            before = signals, seconds
    flows.title, places.title = "Flows ('cheapest' includes its own maximum)", "Matching bound"
    console.print(flows)
    console.print(places)


def exponent(before: tuple[int, float] | None, now: tuple[int, float]) -> str:
    """How the time grew since the row above: 1 is linear."""
    if before is None or before[1] <= 0 or before[0] == now[0]:
        return ""
    return f"{math.log(now[1] / before[1]) / math.log(now[0] / before[0]):.2f}"


if __name__ == "__main__":
    measure(Console(), tuple(int(size) for size in sys.argv[1:]) or (1_000, 5_000))
