"""What a sketch means, worked out again from scratch: crossings, homotopy, cuts. Slow, and not as the router does it.

A wire is known by the gaps it crosses; a curve by the gaps that its points cross. Both are reduced to the same normal
form: a gap crossed back and forth is not crossed, and gaps that end at the wire's own terminal say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.ops import substring

from kicad_rdl.geometry import Path, path_points
from kicad_rdl.route.tiles import Tiles, clear_widths
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


def shared_terminals(wires: Sequence[Wire], nets: Sequence[str]) -> list[str]:
    """Terminals at which wires of several nets end."""
    at: dict[int, set[str]] = {}
    for wire, net in zip(wires, nets, strict=True):
        for vertex in (wire.start, wire.end):
            at.setdefault(vertex, set()).add(net)
    return [f"terminal {vertex}: nets {sorted(here)}" for vertex, here in sorted(at.items()) if len(here) > 1]


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


def tiles_of_gaps(tiles: Tiles, start: int, end: int, gaps: Sequence[int]) -> tuple[int, ...]:
    """The tiles of a wire that crosses some gaps."""
    first = next(t for t in _beside(tiles, gaps[0]) if start in tiles.triangles[t])
    found = [first]
    for gap in gaps:
        found.append(next(t for t in _beside(tiles, gap) if t != found[-1]))
    assert end in tiles.triangles[found[-1]]
    return tuple(found)


def _beside(tiles: Tiles, gap: int) -> list[int]:
    return [t for t in tiles.edge_triangles[gap].tolist() if t >= 0]


def gaps_of_path(tiles: Tiles, path: Path) -> list[int]:
    """The gaps that a path crosses, in order; ends lie on vertices and cross nothing there."""
    return [gap for gap, _ in crossings_of_gaps(tiles, path)]


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


# --- cuts -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NearCut:
    """The straight line from an obstacle to another one that it sees, or upright to the outline.

    ``tiles`` are those it runs through, ``gaps`` those it crosses between them (one less); an edge of the triangulation
    runs through none. ``end`` is -1 where it ends on the outline.
    """

    start: int
    end: int
    there: tuple[float, float]
    tiles: tuple[int, ...]
    gaps: tuple[int, ...]
    room: float
    """What it offers to the widths of traces and the spaces beside them, one space added [nm]."""


def clear_width(tiles: Tiles, u: int, v: int) -> float:
    """Distance between two obstacles, edge to edge [nm]."""
    return float(clear_widths(tiles, np.array([[u, v]]))[0])


def apexes(tiles: Tiles, edge: int) -> tuple[int, int]:
    """The corners of the left and of the right tile that do not lie on the edge."""
    ends = tiles.edges[edge].tolist()
    left, right = ([w for w in tiles.triangles[t].tolist() if w not in ends] for t in tiles.edge_triangles[edge])
    return left[0], right[0]


def convex(tiles: Tiles, edge: int) -> bool:
    """Whether the two tiles at an edge make a convex quadrangle, so that its other diagonal is a cut."""
    if (tiles.edge_triangles[edge] < 0).any():
        return False
    u, v, p, q = tiles.xy[[*tiles.edges[edge], *apexes(tiles, edge)]]
    one, two = ((q - p)[0] * (end - p)[1] - (q - p)[1] * (end - p)[0] for end in (u, v))
    return bool(one * two < 0)


def near_cuts(tiles: Tiles, reach: float, space: float) -> list[NearCut]:
    """All cuts no longer than ``reach`` between obstacles, and between an obstacle and the outline."""
    outlines = [obstacle.outline(100.0) for obstacle in tiles.obstacles]
    if not outlines:
        return []
    tree = shapely.STRtree(outlines)
    half = np.abs(tiles.xy[tiles.obstacle_count :]).max(axis=0).tolist()
    edge_clearance = float(tiles.clearance[-1])
    found: list[NearCut] = []
    for u, outline in enumerate(outlines):
        ux, uy = tiles.xy[u].tolist()
        aims: list[tuple[int, tuple[float, float]]] = [
            (v, (float(tiles.xy[v, 0]), float(tiles.xy[v, 1])))
            for v in sorted(tree.query(outline, predicate="dwithin", distance=reach).tolist())
            if v > u
        ]
        aims += [(-1, foot) for foot in ((half[0], uy), (-half[0], uy), (ux, half[1]), (ux, -half[1]))]
        for v, there in aims:
            line = shapely.LineString([(ux, uy), there])
            if v < 0:
                x0, y0, x1, y1 = outline.bounds
                free = max(there[0] - x1, x0 - there[0], there[1] - y1, y0 - there[1])
                if free > reach:
                    continue
            if set(tree.query(line, predicate="intersects").tolist()) - {u, v}:
                continue
            strip = strip_of(tiles, u, v, there)
            if strip is None:
                continue
            if v >= 0:
                room = clear_width(tiles, u, v) - float(tiles.clearance[u] + tiles.clearance[v]) + space
            else:
                room = free - float(tiles.clearance[u]) - edge_clearance + space
            found.append(NearCut(u, v, there, *strip, room))
    return found


def strip_of(
    tiles: Tiles, u: int, v: int, there: tuple[float, float]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The tiles and gaps from a vertex to another one or to a place on the outline; None through a third vertex."""
    if v >= 0 and (tiles.edges == sorted((u, v))).all(axis=1).any():
        return (), ()
    sides = _sides(tiles, u, there)
    for t in np.flatnonzero((tiles.triangles == u).any(axis=1)).tolist():
        k = tiles.triangles[t].tolist().index(u)
        right, left = (int(tiles.triangles[t, (k + j) % 3]) for j in (1, 2))
        if sides[right] < 0 < sides[left]:
            break
    else:
        return None
    strip, gaps = [t], []
    gap = int(tiles.triangle_edges[t, (k + 1) % 3])
    while True:
        one, other = tiles.edge_triangles[gap].tolist()
        t = other if one == t else one
        if t < 0:
            return (tuple(strip), tuple(gaps)) if v < 0 else None
        gaps.append(gap)
        strip.append(t)
        apex = next(int(w) for w in tiles.triangles[t] if w not in tiles.edges[gap])
        if apex == v:
            return tuple(strip), tuple(gaps)
        if sides[apex] == 0:
            return None
        gap = next(
            int(e)
            for e in tiles.triangle_edges[t]
            if e != gap and (sides[tiles.edges[e, 0]] > 0) != (sides[tiles.edges[e, 1]] > 0)
        )


def _sides(tiles: Tiles, u: int, there: tuple[float, float]) -> np.ndarray:
    """For all vertices: on which side of the line from u they lie, 1 for left; 0 within a nanometre."""
    line, steps = np.array(there) - tiles.xy[u], tiles.xy - tiles.xy[u]
    off = (line[0] * steps[:, 1] - line[1] * steps[:, 0]) / np.hypot(*line)
    return np.where(np.abs(off) < 1.0, 0, np.sign(off)).astype(int)


def wires_across(tiles: Tiles, wires: Numbered, cut: NearCut) -> dict[int, int]:
    """How often each wire must cross a cut, however it is drawn: it enters and leaves its tiles on different sides.

    Wire and cut are paths without return in a tree (the tiles of the universal cover); they cross once for every run
    of tiles that they share and leave to different sides.
    """
    count: dict[int, int] = {}
    if not cut.tiles:
        edge = np.flatnonzero((tiles.edges == sorted((cut.start, cut.end))).all(axis=1))[0]
        return {n: wire.gaps.count(int(edge)) for n, wire in numbered(wires).items() if edge in wire.gaps}
    place = {t: k for k, t in enumerate(cut.tiles)}
    shared = set(cut.gaps)
    sides = _sides(tiles, cut.start, cut.there)
    for number, wire in numbered(wires).items():
        index = 0
        while index <= len(wire.gaps):
            if wire.triangles[index] not in place:
                index += 1
                continue
            first = index
            while index < len(wire.gaps) and wire.gaps[index] in shared:
                index += 1
            ends = (
                _port_side(tiles, cut, sides, wire.start if first == 0 else None, wire, first - 1),
                _port_side(tiles, cut, sides, wire.end if index == len(wire.gaps) else None, wire, index),
            )
            if ends[0] * ends[1] < 0:
                count[number] = count.get(number, 0) + 1
            index += 1
    return count


def _port_side(tiles: Tiles, cut: NearCut, sides: np.ndarray, vertex: int | None, wire: Wire, gap: int) -> int:
    """On which side of a cut a wire has one end of a run: at its terminal, or at a gap."""
    if vertex is not None:
        return 0 if vertex in (cut.start, cut.end) else int(sides[vertex])
    return int(sum(sides[w] for w in tiles.edges[wire.gaps[gap]].tolist() if w not in (cut.start, cut.end)))


Load = tuple[float, float]
"""What must go through a cut (widths of wires, and a space for each), and what it offers to them [nm]."""

Widths = Mapping[int, float] | Sequence[float]


def cut_loads(tiles: Tiles, wires: Numbered, widths: Widths, space: float, reach: float) -> dict[str, Load]:
    """The near cuts that wires must cross."""
    found: dict[str, Load] = {}
    inside: dict[int, set[int]] = {}
    known = numbered(wires)
    for number, wire in known.items():
        for t in wire.triangles:
            inside.setdefault(t, set()).add(number)
    for cut in near_cuts(tiles, reach, space):
        here = set().union(*(inside.get(t, set()) for t in cut.tiles)) if cut.tiles else set(known)
        across = wires_across(tiles, {number: known[number] for number in sorted(here)}, cut)
        if across:
            end = tiles.obstacles[cut.end].name if cut.end >= 0 else f"outline at {cut.there}"
            load = sum((widths[number] + space) * times for number, times in across.items())
            found[f"{tiles.obstacles[cut.start].name} to {end}"] = (load, cut.room)
    return found


def gap_loads(tiles: Tiles, orders: Mapping[int, Sequence[int]], widths: Widths, space: float) -> dict[str, Load]:
    """The gaps that wires cross."""
    found: dict[str, Load] = {}
    for gap, order in sorted(orders.items()):
        u, v = tiles.edges[gap].tolist()
        room = float(tiles.width[gap] - tiles.clearance[u] - tiles.clearance[v]) + space
        found[f"gap {gap}"] = (sum(widths[number] + space for number in order), room)
    return found


def overfull(loads: Mapping[str, Load]) -> list[str]:
    """Cuts or gaps through which more must go than fits."""
    return [f"{name}: {load:.0f} through {room:.0f}" for name, (load, room) in loads.items() if load > room + 1e-3]


def crossings_of_copper(tiles: Tiles, path: Path, cut: NearCut) -> int:
    """How often a path must cross a cut: what is left of its crossings when those pairs are taken out between which it
    goes round no obstacle. Works on coordinates alone, for paths that do not end at the cut.
    """
    line = shapely.LineString(path_points(path, 1.0))
    straight = shapely.LineString([tuple(tiles.xy[cut.start].tolist()), cut.there])
    points = [part for part in shapely.get_parts(line.intersection(straight)) if not part.is_empty]
    where = sorted(float(line.project(p.centroid)) for p in points)
    left: list[float] = []
    for at in where:
        if left:
            loop = shapely.get_coordinates(substring(line, left[-1], at))
            if not _winds_round(loop, tiles.xy):
                left.pop()
                continue
        left.append(at)
    return len(left)


def _winds_round(loop: np.ndarray, places: np.ndarray) -> bool:
    """Whether a closed curve winds round one of the places."""
    closed = np.vstack([loop, loop[:1]])
    near = (places >= closed.min(axis=0)).all(axis=1) & (places <= closed.max(axis=0)).all(axis=1)
    for x, y in places[near].tolist():
        angles = np.unwrap(np.arctan2(closed[:, 1] - y, closed[:, 0] - x))
        if abs(angles[-1] - angles[0]) > np.pi:
            return True
    return False


def faults_of_copper(
    tiles: Tiles, wires: Sequence[Wire], orders: Mapping[int, Sequence[int]], paths: Sequence[Path | None]
) -> list[str]:
    """Where copper does not run as its sketch says: other gaps, or another order on a gap."""
    found = []
    on_gap: dict[int, list[tuple[float, int]]] = {}
    for number, (wire, path) in enumerate(zip(wires, paths, strict=True)):
        if path is None:
            continue
        crossed = crossings_of_gaps(tiles, path)
        word = reduced(tiles, [gap for gap, _ in crossed], wire.start, wire.end)
        if word != wire.gaps:
            found.append(f"wire {number} crosses {word} instead of {wire.gaps}")
        for gap in set(wire.gaps):
            places = [share for other, share in crossed if other == gap]
            if len(places) == 1:
                on_gap.setdefault(gap, []).append((places[0], number))
    for gap, here in sorted(on_gap.items()):
        order = [number for _, number in sorted(here)]
        wanted = [number for number in orders[gap] if number in order]
        if order != wanted:
            found.append(f"gap {gap}: order {order} instead of {wanted}")
    return found


def crossings_of_gaps(tiles: Tiles, path: Path) -> list[tuple[int, float]]:
    """The gaps that a path crosses, in order, and the part of the gap from its lower vertex to the crossing."""
    line = shapely.LineString(path_points(path, 1.0))
    segments = np.asarray(shapely.linestrings(tiles.xy[tiles.edges]), dtype=object)
    tree = shapely.STRtree(segments)
    hits: list[tuple[float, int, float]] = []
    for gap in tree.query(line, predicate="intersects").tolist():
        for point in shapely.get_parts(line.intersection(segments[gap])):
            at = shapely.Point(shapely.get_coordinates(point).mean(axis=0))
            where = float(line.project(at))
            if 1.0 < where < line.length - 1.0:
                hits.append((where, gap, float(segments[gap].project(at, normalized=True))))
    return [(gap, share) for _, gap, share in sorted(hits)]
