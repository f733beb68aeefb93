"""Trees: wires that join the terminals of a net that the flow has left apart, shortest first.

Kruskal's algorithm over the neighbours among a net's own terminals; each edge is drawn through the sketch without
crossing what is there, or left to another edge if there is no way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.spatial import Delaunay, QhullError

from kicad_rdl.route.groups import Groups
from kicad_rdl.route.sketch import Sketch

DETOUR = 2.5
"""In the first pass a join may be this much longer than straight."""


def neighbours(points: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of indices that contain a minimum spanning tree: Delaunay edges, or all pairs of a few points."""
    count = len(points)
    if count < 2:
        return []
    if count >= 4:
        try:
            simplices = Delaunay(points, qhull_options="Qbb Qc QJ Pp").simplices
        except QhullError:
            simplices = None
        if simplices is not None:
            pairs = {tuple(sorted((int(s[a]), int(s[b])))) for s in simplices for a, b in ((0, 1), (1, 2), (0, 2))}
            return sorted(pairs)  # type: ignore[arg-type]
    return [(a, b) for a in range(count) for b in range(a + 1, count)]


def join_nets(
    sketch: Sketch,
    nets: Mapping[str, Sequence[int]],
    widths: Mapping[str, float],
    wired: Sequence[tuple[int, int]],
    progress: Callable[[int, int], None],
) -> list[int]:
    """Draws trees.

    Args:
        sketch: the layer; it gets the new wires.
        nets: vertices of each net.
        widths: trace width of each net [nm].
        wired: pairs of vertices that are joined already.
        progress: gets how many edges are looked at, of how many.

    Returns:
        Numbers of the new wires. What has no way stays apart.
    """
    xy = sketch.tiles.xy
    pieces = Groups(len(xy))
    for a, b in wired:
        pieces.join(a, b)
    edges: list[tuple[float, str, int, int]] = []
    for net in sorted(nets):
        vertices = list(nets[net])
        points = xy[vertices]
        for a, b in neighbours(points):
            edges.append((float(np.hypot(*(points[a] - points[b]))), net, vertices[a], vertices[b]))
    edges.sort()
    made: list[int] = []
    for index, (length, net, a, b) in enumerate(edges):
        progress(index, len(edges))
        if pieces.root(a) == pieces.root(b):
            continue
        way = sketch.find((a,), (b,), widths[net], DETOUR * length)
        if way is not None:
            made.append(sketch.insert(way, widths[net]))
            pieces.join(a, b)
    for net in sorted(nets):
        made += _join_rest(sketch, nets[net], widths[net], pieces)
    return made


def _join_rest(sketch: Sketch, vertices: Sequence[int], width: float, pieces: Groups) -> list[int]:
    """Joins the pieces of one net by any way there is, smallest piece first; numbers of the new wires."""
    made: list[int] = []
    stuck: set[int] = set()
    while True:
        groups: dict[int, list[int]] = {}
        for v in vertices:
            groups.setdefault(pieces.root(v), []).append(v)
        loose = sorted((g for r, g in groups.items() if r not in stuck), key=lambda g: (len(g), g))
        if len(groups) < 2 or not loose:
            return made
        own = loose[0]
        others = [v for v in vertices if pieces.root(v) != pieces.root(own[0])]
        way = sketch.find(own, others, width)
        if way is None:
            stuck.add(pieces.root(own[0]))
            continue
        made.append(sketch.insert(way, width))
        pieces.join(way.start, way.end)
        stuck = set()
