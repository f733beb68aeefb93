"""What a sketch means, worked out again from scratch: crossings, homotopy, cuts. Slow, and not as the router does it.

A wire is known by the gaps it crosses; a curve by the gaps that its points cross. Both are reduced to the same normal
form: a gap crossed back and forth is not crossed, and gaps that end at the wire's own terminal say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from kicad_rdl.geometry import Path, path_points
from kicad_rdl.route.tiles import Tiles
from kicad_rdl.route.uncross import Wire

Numbered = Mapping[int, Wire] | Sequence[Wire]


def numbered(wires: Numbered) -> dict[int, Wire]:
    return dict(wires) if isinstance(wires, Mapping) else dict(enumerate(wires))


def faults_of_wires(tiles: Tiles, wires: Numbered, orders: Mapping[int, Sequence[int]]) -> list[str]:
    """Where wires and orders do not describe the same thing."""
    found: list[str] = []
    on_gap: dict[int, list[int]] = {}
    for number, wire in numbered(wires).items():
        if len(wire.triangles) != len(wire.gaps) + 1:
            found.append(f"wire {number}: {len(wire.gaps)} gaps and {len(wire.triangles)} tiles")
            continue
        if wire.start not in tiles.triangles[wire.triangles[0]]:
            found.append(f"wire {number} does not start in its first tile")
        if wire.end not in tiles.triangles[wire.triangles[-1]]:
            found.append(f"wire {number} does not end in its last tile")
        for index, gap in enumerate(wire.gaps):
            on_gap.setdefault(gap, []).append(number)
            if set(tiles.edge_triangles[gap].tolist()) != set(wire.triangles[index : index + 2]):
                found.append(f"wire {number}: gap {gap} is not between its tiles")
            if wire.start in tiles.edges[gap] or wire.end in tiles.edges[gap]:
                found.append(f"wire {number} passes a gap of its own terminal")
    found += [
        f"gap {gap}: wires {on_gap.get(gap, [])}, order {list(orders.get(gap, []))}"
        for gap in sorted(set(on_gap) | set(orders))
        if sorted(on_gap.get(gap, [])) != sorted(orders.get(gap, []))
    ]
    return found


def crossings(tiles: Tiles, wires: Numbered, orders: Mapping[int, Sequence[int]]) -> list[tuple[int, int, int]]:
    """(tile, wire, wire) of chords that interleave on the rim of a tile. Ends at one corner can take any order."""
    chords: dict[int, list[tuple[int, float, float]]] = {}
    for number, wire in numbered(wires).items():
        for index, t in enumerate(wire.triangles):
            first = (
                _corner(tiles, t, wire.start) if index == 0 else _port(tiles, t, wire.gaps[index - 1], number, orders)
            )
            last = (
                _corner(tiles, t, wire.end)
                if index == len(wire.gaps)
                else _port(tiles, t, wire.gaps[index], number, orders)
            )
            chords.setdefault(t, []).append((number, min(first, last), max(first, last)))
    found = []
    for t, here in sorted(chords.items()):
        for i, (one, a, b) in enumerate(here):
            for other, c, d in here[i + 1 :]:
                if a < c < b < d or c < a < d < b:
                    found.append((t, one, other))
    return found


def _corner(tiles: Tiles, t: int, vertex: int) -> float:
    return float(tiles.triangles[t].tolist().index(vertex))


def _port(tiles: Tiles, t: int, gap: int, number: int, orders: Mapping[int, Sequence[int]]) -> float:
    """Place on the rim: corner k is at k, the wires of edge k between k and k + 1."""
    side: int = tiles.triangle_edges[t].tolist().index(gap)
    order = list(orders[gap])
    share = (order.index(number) + 1) / (len(order) + 1)
    return side + (share if tiles.edges[gap][0] == tiles.triangles[t][side] else 1 - share)


def reduced(tiles: Tiles, gaps: Sequence[int], start: int, end: int) -> tuple[int, ...]:
    """The normal form of a way from ``start`` to ``end`` over gaps."""
    word: list[int] = []
    for gap in gaps:
        if word and word[-1] == gap:
            word.pop()
        elif word or start not in tiles.edges[gap]:
            word.append(gap)
    while word and end in tiles.edges[word[-1]]:
        word.pop()
    return tuple(word)


def gaps_of_path(tiles: Tiles, path: Path) -> list[int]:
    """The gaps that a path crosses, in order; [nm] chords of arcs. Ends lie on vertices and cross nothing there."""
    line = shapely.LineString(path_points(path, 1.0))
    segments = np.asarray(shapely.linestrings(tiles.xy[tiles.edges]), dtype=object)
    tree = shapely.STRtree(segments)
    hits: list[tuple[float, int]] = []
    for gap in tree.query(line, predicate="intersects").tolist():
        for point in shapely.get_parts(line.intersection(segments[gap])):
            where = float(line.project(shapely.Point(shapely.get_coordinates(point).mean(axis=0))))
            if 1.0 < where < line.length - 1.0:
                hits.append((where, gap))
    return [gap for _, gap in sorted(hits)]


def diagonal_crossings(tiles: Tiles, wires: Numbered) -> dict[int, int]:
    """How many wires must cross the other diagonal of every gap: they enter and leave its tiles on different sides."""
    count: dict[int, int] = {}
    for gap in np.flatnonzero((tiles.edge_triangles >= 0).all(axis=1)).tolist():
        pair = set(tiles.edge_triangles[gap].tolist())
        u, v = tiles.edges[gap].tolist()
        for wire in numbered(wires).values():
            run: list[int] = []
            for index in range(len(wire.triangles) + 1):
                if index < len(wire.triangles) and wire.triangles[index] in pair:
                    run.append(index)
                    continue
                if run:
                    sides = {_side(tiles, wire, run[0], u, v, True), _side(tiles, wire, run[-1], u, v, False)}
                    count[gap] = count.get(gap, 0) + (sides == {u, v})
                run = []
    return {gap: n for gap, n in count.items() if n}


def _side(tiles: Tiles, wire: Wire, index: int, u: int, v: int, entering: bool) -> int:
    """The end of the gap on whose side a wire enters or leaves its two tiles; -1 at an end of the diagonal."""
    if entering and index == 0:
        return wire.start if wire.start in (u, v) else -1
    if not entering and index == len(wire.gaps):
        return wire.end if wire.end in (u, v) else -1
    edge = tiles.edges[wire.gaps[index - 1 if entering else index]]
    return u if u in edge else v
