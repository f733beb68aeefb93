"""From the sketch to corridors: what each wire must keep from the obstacles at every gap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from kicad_rdl.route.taut import Corridors
from kicad_rdl.route.tiles import SLACK, Tables, Tiles, tables_of
from kicad_rdl.route.uncross import Wire

ExtraDisc = tuple[float, float, float, float, int, int]
"""Centre x, y, radius [nm], side, first and last gap: a distance that no gap asks for, found by measuring."""


def corridors_of(
    tiles: Tiles,
    wires: Sequence[Wire] | Mapping[int, Wire],
    orders: Mapping[int, Sequence[int]],
    widths: Sequence[float] | Mapping[int, float],
    space: float,
    extra: Mapping[int, Sequence[ExtraDisc]],
    only: Sequence[int] | None = None,
    tables: Tables | None = None,
) -> Corridors:
    """The corridor of every wire, or of some.

    Args:
        tiles: the layer.
        wires: the sketch.
        orders: gap -> wires from its lower to its higher vertex.
        widths: trace width of every wire [nm].
        space: distance between traces [nm]; ``SLACK`` is added wherever there is room for it.
        extra: further discs of single wires.
        only: indices of the wires wanted, in the order of the answer.
        tables: the lists of the tiles, where the caller has them.
    """
    offsets: dict[tuple[int, int], tuple[float, float]] = {}
    gaps = orders if only is None else dict.fromkeys(gap for index in only for gap in wires[index].gaps)
    space += SLACK
    for gap in gaps:
        order = orders[gap]
        total = sum(widths[w] + space for w in order)
        below = 0.0
        for wire in order:
            own = widths[wire] + space
            offsets[(wire, gap)] = (below, total - below - own)
            below += own
    listed = list(wires.items()) if isinstance(wires, Mapping) else list(enumerate(wires))
    asked = [wires[index] for index in (range(len(wires)) if only is None else only)]
    corner_load = _corner_loads(tiles, listed, asked, widths, space)
    builder = _Builder(tiles, tables or tables_of(tiles))
    for index in range(len(wires)) if only is None else only:
        builder.wire(index, wires[index], offsets, corner_load, widths[index], extra.get(index, ()))
    return builder.done()


def _corner_loads(
    tiles: Tiles,
    wires: Sequence[tuple[int, Wire]],
    asked: Sequence[Wire],
    widths: Sequence[float] | Mapping[int, float],
    space: float,
) -> dict[tuple[int, int], float]:
    """(triangle, vertex) -> width and space of all wires that cut this corner [nm]; only where one asked has no gap."""
    wanted: set[int] = set()
    for wire in asked:
        if not wire.gaps:
            wanted.add(wire.triangles[0])
            wanted.update(_neighbours(tiles, wire.triangles[0]))
    load: dict[tuple[int, int], float] = {}
    if not wanted:
        return load
    for index, wire in wires:
        for i in range(1, len(wire.gaps)):
            t = wire.triangles[i]
            if t in wanted:
                u, v = tiles.edges[wire.gaps[i - 1]]
                common = u if u in tiles.edges[wire.gaps[i]] else v
                load[(t, int(common))] = load.get((t, int(common)), 0.0) + widths[index] + space
    return load


def _neighbours(tiles: Tiles, triangle: int) -> list[int]:
    found = []
    for edge in tiles.triangle_edges[triangle]:
        left, right = tiles.edge_triangles[edge]
        other = int(right if left == triangle else left)
        if other >= 0:
            found.append(other)
    return found


class _Builder:
    """Collects flat lists; one call of ``wire`` after the other, then ``done``."""

    def __init__(self, tiles: Tiles, tables: Tables) -> None:
        self.tiles = tiles
        self.ends: list[tuple[float, float, float, float]] = []
        self.gap_start = [0]
        self.portals: list[tuple[float, float, float, float]] = []
        self.portal_discs: list[tuple[int, int]] = []
        self.disc_start = [0]
        self.discs: list[tuple[float, float, float, float, float]] = []
        self.ranges: list[list[int]] = []
        self.xy = tables.xy
        self.starts = tables.disc_start
        self.disc_xy = tables.disc_xy
        self.disc_r = tables.disc_r
        self.clearance = tables.clearance
        self.edges = tables.edges
        self.edge_triangles = tables.edge_triangles

    def wire(
        self,
        index: int,
        wire: Wire,
        offsets: Mapping[tuple[int, int], tuple[float, float]],
        corner_load: Mapping[tuple[int, int], float],
        width: float,
        extra: Sequence[ExtraDisc],
    ) -> None:
        """Adds one wire."""
        (sx, sy), (tx, ty) = self.xy[wire.start], self.xy[wire.end]
        self.ends.append((sx, sy, tx, ty))
        run: dict[int, tuple[int, int, float]] = {}  # side -> vertex, first disc, last direction of the gap
        for position, gap in enumerate(wire.gaps):
            u, v = self.edges[gap]
            from_u, from_v = offsets[(index, gap)]
            if self.edge_triangles[gap][0] == wire.triangles[position]:
                left, right, left_offset, right_offset = v, u, from_v, from_u
            else:
                left, right, left_offset, right_offset = u, v, from_u, from_v
            (lx, ly), (rx, ry) = self.xy[left], self.xy[right]
            length = math.hypot(rx - lx, ry - ly)
            dx, dy = (rx - lx) / length, (ry - ly) / length
            portal: list[float] = []
            discs: list[int] = []
            ends = (
                (1, left, self.clearance[left] + SLACK + left_offset + width / 2, dx, dy),
                (-1, right, self.clearance[right] + SLACK + right_offset + width / 2, -dx, -dy),
            )
            squeezed = self.squeeze(ends, length)
            for (side, vertex, _, ex, ey), keep in zip(ends, squeezed, strict=True):
                x, y = self.xy[vertex]
                reach, nearest = self.extent(vertex, ex, ey, keep)
                px, py = x + ex * reach, y + ey * reach
                portal += [px, py]
                count = self.starts[vertex + 1] - self.starts[vertex]
                if not count:  # the outline is straight: lean on the portal itself
                    self.discs.append((px, py, 0.0, side, 0.0))
                    self.ranges.append([position, position])
                    discs.append(len(self.discs) - 1)
                    run.pop(side, None)
                    continue
                angle = math.atan2(ey, ex)
                before = run.get(side)
                if before is not None and before[0] == vertex:
                    first = before[1]
                    swept = (angle - before[2]) * side
                    swept -= 2 * math.pi * math.floor((swept + math.pi) / (2 * math.pi))
                    for k in range(count):
                        old = self.discs[first + k]
                        radius = min(old[2], self.disc_r[self.starts[vertex] + k] + keep)
                        self.discs[first + k] = (old[0], old[1], radius, side, old[4] + (swept if count == 1 else 0.0))
                        self.ranges[first + k][1] = position
                else:
                    first = len(self.discs)
                    for k in range(self.starts[vertex], self.starts[vertex + 1]):
                        cx, cy = self.disc_xy[k]
                        self.discs.append((cx, cy, self.disc_r[k] + keep, side, 0.0))
                        self.ranges.append([position, position])
                run[side] = (vertex, first, angle)
                discs.append(first + nearest)
            self.portals.append((portal[0], portal[1], portal[2], portal[3]))
            self.portal_discs.append((discs[0], discs[1]))
        if not wire.gaps:
            self._beside(wire, corner_load, width)
        for cx, cy, size, turn, low, high in extra:
            self.discs.append((cx, cy, size, turn, 0.0))
            self.ranges.append([low, high])
        # wires of one net may end on one terminal side by side: a disc never swallows the wire's own ends
        for k in range(self.disc_start[-1], len(self.discs)):
            disc = self.discs[k]
            closest = min(math.hypot(disc[0] - sx, disc[1] - sy), math.hypot(disc[0] - tx, disc[1] - ty))
            if 0 < closest <= disc[2]:
                self.discs[k] = (disc[0], disc[1], closest * (1 - 1e-9) - 0.01, disc[3], disc[4])
        self.gap_start.append(len(self.portals))
        self.disc_start.append(len(self.discs))

    def _beside(self, wire: Wire, corner_load: Mapping[tuple[int, int], float], width: float) -> None:
        """A wire along an edge: the third corners of the tiles on both sides of it."""
        tiles = self.tiles
        (sx, sy), (tx, ty) = self.xy[wire.start], self.xy[wire.end]
        for triangle in [wire.triangles[0], *_neighbours(tiles, wire.triangles[0])]:
            members = tiles.triangles[triangle].tolist()
            if wire.start not in members or wire.end not in members:
                continue
            (vertex,) = [v for v in members if v not in (wire.start, wire.end)]
            keep = self.clearance[vertex] + SLACK + corner_load.get((triangle, vertex), 0.0) + width / 2
            for k in range(self.starts[vertex], self.starts[vertex + 1]):
                cx, cy = self.disc_xy[k]
                side = 1 if (tx - sx) * (cy - sy) - (ty - sy) * (cx - sx) > 0 else -1
                self.discs.append((cx, cy, self.disc_r[k] + keep, side, 0.0))
                self.ranges.append([0, 0])

    def squeeze(self, ends: Sequence[tuple[int, int, float, float, float]], length: float) -> tuple[float, ...]:
        """What is kept from the two ends of a gap; where the wires fill it, the slack of rounding gives way."""
        reach = [self.extent(vertex, ex, ey, keep)[0] for _, vertex, keep, ex, ey in ends]
        excess = reach[0] + reach[1] - length
        return tuple(keep - max(0.0, excess) / 2 for _, _, keep, _, _ in ends)

    def extent(self, vertex: int, dx: float, dy: float, keep: float) -> tuple[float, int]:
        """How far an obstacle grown by ``keep`` reaches along a direction [nm], and which of its discs is nearest."""
        a, b = self.starts[vertex], self.starts[vertex + 1]
        if b - a == 1:
            return self.disc_r[a] + keep, 0
        if b == a:
            nx, ny, mx, my = self.tiles.normals[vertex].tolist()
            reach = 0.0
            for px, py in ((nx, ny), (mx, my)):
                along = px * dx + py * dy
                if along > 1e-6:
                    reach = max(reach, keep / along)
            return reach, 0
        x, y = self.xy[vertex]
        keep += self.disc_r[a]  # all discs of one hull are alike
        best, nearest, nearest_dot = 0.0, 0, -math.inf
        hull = [(cx - x, cy - y) for cx, cy in self.disc_xy[a:b]]
        for k, (cx, cy) in enumerate(hull):
            along, across = cx * dx + cy * dy, cx * dy - cy * dx
            if along > nearest_dot:
                nearest, nearest_dot = k, along
            if abs(across) <= keep:
                best = max(best, along + math.sqrt(keep * keep - across * across))
            ox, oy = hull[(k + 1) % len(hull)]
            sx, sy = ox - cx, oy - cy
            size = math.hypot(sx, sy)
            nx, ny = sy / size, -sx / size  # outward: the hull is counter-clockwise
            forward = nx * dx + ny * dy
            if forward > 1e-12:
                reach = (cx * nx + cy * ny + keep) / forward
                part = ((reach * dx - cx - nx * keep) * sx + (reach * dy - cy - ny * keep) * sy) / (size * size)
                if 0.0 <= part <= 1.0:
                    best = max(best, reach)
        return best, nearest

    def done(self) -> Corridors:
        """The flat arrays."""
        return Corridors(
            np.array(self.ends, dtype=np.float64).reshape(-1, 4),
            np.array(self.gap_start, dtype=np.int64),
            np.array(self.portals, dtype=np.float64).reshape(-1, 4),
            np.array(self.portal_discs, dtype=np.int64).reshape(-1, 2),
            np.array(self.disc_start, dtype=np.int64),
            np.array(self.discs, dtype=np.float64).reshape(-1, 5),
            np.array(self.ranges, dtype=np.int64).reshape(-1, 2),
        )
