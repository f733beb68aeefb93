"""The way back from the end of a search to its beginning."""

from __future__ import annotations

from kicad_rdl.route.compiled import lean


@lean
def trace_back(g, b, f, state, vertex, interval, steps, tiles, leg_start, crossed):  # type: ignore[no-untyped-def]
    """The way that ends at an interval of a corner, from its beginning.

    Writes for every leg, one after the other, its steps (element, node below) and tiles; ``leg_start`` gets where each
    begins, ``crossed`` the wires that it crosses.

    Returns:
        Number of legs (-1: a gap is crossed twice, or one of its own posts), steps and crossed wires.
    """
    gaps, elements = len(g.edges), len(b.first)
    intervals = elements + len(b.wire)
    crossed_base, vertex_base = 2 * intervals, 2 * intervals + 2 * len(b.wire)
    size, legs, cuts = 0, 0, 0
    # from the end to the beginning, then turned over
    leg_start[0] = 0
    lower = interval - elements if interval >= elements else -1
    element = b.element[lower] if lower >= 0 else interval
    steps[0, 0], steps[0, 1], tiles[0] = element, lower, (element - gaps) // 3
    size = 1
    while state >= 0:
        if state >= vertex_base:
            legs += 1
            leg_start[legs] = size
            i = f.cut[state]
            lower = i - elements if i >= elements else -1
            element = b.element[lower] if lower >= 0 else i
            steps[size, 0], steps[size, 1], tiles[size] = element, lower, (element - gaps) // 3
            size += 1
        elif state >= crossed_base:
            crossed[cuts] = b.wire[(state - crossed_base) // 2]
            cuts += 1
        else:
            i = state // 2
            lower = i - elements if i >= elements else -1
            element = b.element[lower] if lower >= 0 else i
            steps[size, 0], steps[size, 1] = element, lower
            # the tile that the way leaves to come here: on the other side of the gap
            tiles[size] = (element - gaps) // 3 if element >= gaps else g.edge_triangles[element, 1 - state % 2]
            size += 1
        state = f.came[state]
    legs += 1
    leg_start[legs] = size
    for i in range(size):
        for k in range(i + 1, size):
            if steps[i, 0] == steps[k, 0]:
                return -1, size, cuts
    for leg in range(legs):
        for end in (leg_start[leg], leg_start[leg + 1] - 1):
            v = g.triangles[(steps[end, 0] - gaps) // 3, (steps[end, 0] - gaps) % 3]
            for i in range(leg_start[leg] + 1, leg_start[leg + 1] - 1):
                if g.edges[steps[i, 0], 0] == v or g.edges[steps[i, 0], 1] == v:
                    return -1, size, cuts
    for i in range(size // 2):
        for k in range(2):
            steps[i, k], steps[size - 1 - i, k] = steps[size - 1 - i, k], steps[i, k]
        tiles[i], tiles[size - 1 - i] = tiles[size - 1 - i], tiles[i]
    for i in range(legs // 2 + 1):
        a, z = leg_start[i], leg_start[legs - i]
        leg_start[i], leg_start[legs - i] = size - z, size - a
    # so far the tile before each step; wanted is the one behind it
    for leg in range(legs):
        for i in range(leg_start[leg], leg_start[leg + 1] - 1):
            tiles[i] = tiles[i + 1]
    return legs, size, cuts
