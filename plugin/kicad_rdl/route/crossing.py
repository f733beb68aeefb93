"""Where a way crosses gaps, and how far it is from there to its ends and to other wires."""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.route.compiled import compiled, lean
from kicad_rdl.route.weave import TOO_FAR, length_of


@lean
def distance(g, dx, dy):  # type: ignore[no-untyped-def]
    """Length of the shortest trace, in any direction or in eight of them."""
    if g.octilinear:
        dx, dy = abs(dx), abs(dy)
        return max(dx, dy) + 0.41421356237309503 * min(dx, dy)
    return math.sqrt(dx * dx + dy * dy)


@lean
def ahead_of(g, places, x, y):  # type: ignore[no-untyped-def]
    """Distance to the nearest of some places, and that place."""
    nearest, gx, gy = TOO_FAR, x, y
    for i in range(len(places)):
        d = distance(g, places[i, 0] - x, places[i, 1] - y)
        if d < nearest:
            nearest, gx, gy = d, places[i, 0], places[i, 1]
    return nearest, gx, gy


@lean
def crossing_place(g, b, e, lower, width, x, y, gx, gy):  # type: ignore[no-untyped-def]
    """Where a wire from (x, y) to (gx, gy) would cross an interval: its straight line, held inside what is free."""
    u, v = g.edges[e]
    ax, ay = g.xy[u]
    dx, dy = g.xy[v, 0] - ax, g.xy[v, 1] - ay
    length = math.sqrt(dx * dx + dy * dy)
    space = g.space[g.layer[u]]
    before = b.upto[lower] if lower >= 0 else 0.0
    after = b.used[e] - before
    hidden = max(0.0, length - g.clear[e]) if b.block[u] == b.full[u] or b.block[v] == b.full[v] else 0.0
    share = g.reach[u] / max(g.reach[u] + g.reach[v], 1.0)
    low = hidden * share + before + space + width / 2
    high = length - hidden * (1 - share) - after - space - width / 2
    if low > high:
        low = high = (low + high) / 2
    across = (gx - x) * dy - (gy - y) * dx
    ahead = (gx - x) * (y - ay) - (gy - y) * (x - ax)
    t = ahead / across * length if abs(across) > 1e-9 else (low + high) / 2
    t = min(max(t, low), high) / length
    return ax + dx * t, ay + dy * t


@compiled
def places_of(g, b, w):  # type: ignore[no-untyped-def]
    """[n, 2] where a wire meets the gaps and corners on its way, about [nm]."""
    gaps = len(g.edges)
    found = np.empty((length_of(b, w), 2))
    n, k = b.head[w], 0
    while n >= 0:
        x = b.element[n]
        if x < gaps:
            found[k] = crossing_place(g, b, x, b.below[n], b.width[w], 0.0, 0.0, 0.0, 0.0)
        else:
            found[k] = g.xy[g.triangles[(x - gaps) // 3, (x - gaps) % 3]]
        n, k = b.after[n], k + 1
    return found


@lean
def beside_wire(g, b, places, first, n, x, y):  # type: ignore[no-untyped-def]
    """Distance of a place from the straight piece of a wire after a node; its places begin at ``first``."""
    i = first
    while b.before[n] >= 0:
        i, n = i + 1, b.before[n]
    dx, dy = places[i + 1, 0] - places[i, 0], places[i + 1, 1] - places[i, 1]
    size = dx * dx + dy * dy
    part = ((x - places[i, 0]) * dx + (y - places[i, 1]) * dy) / size if size > 0.0 else 0.0
    part = min(max(part, 0.0), 1.0)
    return distance(g, places[i, 0] + part * dx - x, places[i, 1] + part * dy - y)
