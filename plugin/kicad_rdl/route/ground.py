"""The tiles of all layers and the posts that stand on them, as the arrays of ``weave.Ground``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kicad_rdl.route.audit import diagonal_widths, far_corners
from kicad_rdl.route.round_ends import standing_out
from kicad_rdl.route.tiles import Tiles, reach_of
from kicad_rdl.route.triangulation import F64, I64, tiles_around
from kicad_rdl.route.weave import TOO_FAR, Ground


@dataclass(frozen=True, slots=True)
class Posted:
    """The posts of a ground: for each its vertices as (layer from 0, vertex of that layer's tiles), by layer."""

    vertices: tuple[tuple[tuple[int, int], ...], ...]
    least: tuple[tuple[int, int], ...]
    """Places in ``vertices`` (from, to) where the post stands in any case; from > to: nowhere."""
    through: tuple[bool, ...]
    ends: Mapping[int, Sequence[float]] = field(default_factory=dict)
    """Post -> [layers] width of the widest wire that may end there, with the extra space of its class [nm]."""


@dataclass(frozen=True, slots=True)
class Offsets:
    """Where the vertices, gaps and tiles of each layer begin; one entry more than there are layers."""

    vertex: tuple[int, ...]
    gap: tuple[int, ...]
    tile: tuple[int, ...]


def ground_of(layers: Sequence[Tiles], spaces: Sequence[float], posted: Posted) -> tuple[Ground, F64, Offsets]:
    """The ground, and what every vertex keeps of its gaps when it stands [v, nm]."""
    offsets = Offsets(
        tuple(np.cumsum([0] + [len(t.xy) for t in layers]).tolist()),
        tuple(np.cumsum([0] + [len(t.edges) for t in layers]).tolist()),
        tuple(np.cumsum([0] + [len(t.triangles) for t in layers]).tolist()),
    )
    triangles = np.concatenate([t.triangles + o for t, o in zip(layers, offsets.vertex, strict=False)])
    edge_triangles = np.concatenate(
        [np.where(t.edge_triangles >= 0, t.edge_triangles + o, -1) for t, o in zip(layers, offsets.tile, strict=False)]
    )
    vertex_count = offsets.vertex[-1]
    around_start, around = tiles_around(triangles, vertex_count)
    radius = [_radii(t) for t in layers]
    diagonals = [_diagonals(t, r, s) for t, r, s in zip(layers, radius, spaces, strict=True)]
    post = np.full(vertex_count, -1, np.int64)
    flat: list[int] = []
    start = [0]
    for number, vertices in enumerate(posted.vertices):
        for layer, vertex in vertices:
            flat.append(offsets.vertex[layer] + vertex)
            post[flat[-1]] = number
        start.append(len(flat))
    full = np.concatenate([t.clearance + r for t, r in zip(layers, radius, strict=True)])
    out = _standing_out(layers, spaces, posted, offsets)
    edges = np.concatenate([t.edges + o for t, o in zip(layers, offsets.vertex, strict=False)])
    apex = np.concatenate(
        [np.where(apex >= 0, apex + o, -1) for (_, apex), o in zip(diagonals, offsets.vertex, strict=False)]
    )
    base = np.concatenate(
        [t.width + r[t.edges[:, 0]] + r[t.edges[:, 1]] + s for t, r, s in zip(layers, radius, spaces, strict=True)]
    )
    ground = Ground(
        np.concatenate([t.xy for t in layers]),
        triangles,
        np.concatenate([t.triangle_edges + o for t, o in zip(layers, offsets.gap, strict=False)]),
        edges,
        edge_triangles,
        _beside_ends(base, edges, full, out),
        _beside_ends(np.concatenate([room for room, _ in diagonals]), apex, full, out),
        apex,
        np.concatenate([t.width for t in layers]),
        np.concatenate([reach_of(t) for t in layers]),
        np.repeat(np.arange(len(layers)), [len(t.xy) for t in layers]),
        np.repeat(np.arange(len(layers)), [len(t.triangles) for t in layers]),
        around_start,
        around,
        post,
        np.array(start, np.int64),
        np.array(flat, np.int64),
        np.array(posted.through, np.int64).reshape(-1),
        np.array(posted.least, np.int64).reshape(-1, 2),
        np.array(spaces, np.float64),
        layers[0].octilinear,
    )
    return ground, full, offsets


def _standing_out(layers: Sequence[Tiles], spaces: Sequence[float], posted: Posted, offsets: Offsets) -> F64:
    """[v] how much more than the vertex the round end of the widest wire asks for that may end there [nm]."""
    out = np.zeros(offsets.vertex[-1])
    for post, widths in posted.ends.items():
        for layer, vertex in posted.vertices[post]:
            out[offsets.vertex[layer] + vertex] = standing_out(layers[layer], vertex, widths[layer], spaces[layer])
    return out


def _beside_ends(room: F64, pairs: I64, full: F64, out: F64) -> F64:
    """Room between pairs of vertices less what stands out into it; it stays enough for both where nothing runs
    between, for ends of one net may meet.
    """
    bare = np.minimum(room, full[pairs].sum(axis=1))
    return np.asarray(np.where(room < TOO_FAR, np.maximum(room - out[pairs].sum(axis=1), bare), room))


def _radii(tiles: Tiles) -> F64:
    """[v] radius of vertices that are one disc; 0 for hulls and the outline."""
    single = np.diff(tiles.disc_start) == 1
    radius = np.zeros(len(tiles.xy))
    radius[single] = tiles.disc_r[tiles.disc_start[:-1][single]]
    return radius


def _diagonals(tiles: Tiles, radius: F64, space: float) -> tuple[F64, I64]:
    """Per gap: room of the other diagonal without what its ends keep [nm], and its ends; see ``Ground``."""
    corners = far_corners(tiles)
    width = diagonal_widths(tiles)
    room = np.where(np.isfinite(width), width + radius[corners].sum(axis=1) + space, TOO_FAR)
    outer = (corners < 0).any(axis=1)
    corners[outer] = -1
    return room, corners
