"""Which pieces of a net are to be joined? The shortest tree over what is not joined yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree

from kicad_rdl.model.artwork import CopperKind
from kicad_rdl.model.open_board import OpenBoard
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.standing import Standing
from kicad_rdl.route.triangulation import F64, I64

ALL_PAIRS = 1_000
"""Up to so many shapes of a net every pair is measured; beyond it the nearest of each."""
NEAREST = 16


@dataclass(frozen=True, slots=True)
class OpenPair:
    """Two pieces of a net that are to be joined.

    Attributes:
        start, end: things (of ``Standing``) of either piece.
        start_pad, end_pad: for each the name of the pad that is nearest to the other.
        straight: distance of the two pieces, layers ignored: at least so much trace it takes [nm].
    """

    net: str
    start: tuple[int, ...]
    end: tuple[int, ...]
    start_pad: str
    end_pad: str
    straight: float


def open_pairs(board: OpenBoard, standing: Standing, nets: Collection[str]) -> list[OpenPair]:
    """The pairs of all nets asked for, by net; those of a net by length."""
    pads: dict[str, list[int]] = {}
    for number, thing in enumerate(standing.things):
        if thing.net is not None and thing.net in nets and thing.pad is not None and thing.layers:
            pads.setdefault(thing.net, []).append(number)
    everything: dict[int, list[int]] = {}
    for number, root in enumerate(standing.group):
        everything.setdefault(root, []).append(number)
    found: list[OpenPair] = []
    for net in sorted(pads):
        roots = sorted({standing.group[number] for number in pads[net]})
        if len(roots) > 1:
            found += _tree(standing, net, [everything[root] for root in roots])
    return found


def _tree(standing: Standing, net: str, pieces: Sequence[Sequence[int]]) -> list[OpenPair]:
    piece_of = {thing: number for number, things in enumerate(pieces) for thing in things}
    skeletons, half, owner = _rows(standing, piece_of)
    piece = np.array([piece_of[int(thing)] for thing in owner], dtype=np.int64)
    one, other = _pairs(skeletons, piece)
    apart = np.maximum(shapely.distance(skeletons[one], skeletons[other]) - half[one] - half[other], 0.0)
    order = np.lexsort((other, one, apart))
    groups = Groups(len(pieces))
    found: list[OpenPair] = []
    for k in order.tolist():
        a, b = int(piece[one[k]]), int(piece[other[k]])
        if groups.root(a) != groups.root(b):
            groups.join(a, b)
            found.append(_pair(standing, net, pieces[a], pieces[b], float(apart[k])))
    return found


def _rows(standing: Standing, piece_of: dict[int, int]) -> tuple[np.typing.NDArray[np.object_], F64, I64]:
    skeletons, half, owner = [], [], []
    wanted = np.array(sorted(piece_of), dtype=np.int64)
    for layer in (*standing.layers, *standing.pours):
        rows = np.flatnonzero(np.isin(layer.owner, wanted))
        skeletons.append(layer.skeletons[rows])
        half.append(layer.half[rows])
        owner.append(layer.owner[rows])
    return np.concatenate(skeletons), np.concatenate(half), np.concatenate(owner)


def _pairs(skeletons: np.typing.NDArray[np.object_], piece: I64) -> tuple[I64, I64]:
    """Pairs of rows of different pieces: all, or of many the nearest ones and a chain through all pieces."""
    count = len(piece)
    if count <= ALL_PAIRS:
        one, other = np.triu_indices(count, 1)
    else:
        spots = shapely.get_coordinates(shapely.centroid(skeletons))
        _, near = cKDTree(spots).query(spots, k=NEAREST)
        first = np.unique(piece, return_index=True)[1]
        one = np.concatenate([np.repeat(np.arange(count), NEAREST), first[:-1]])
        other = np.concatenate([near.ravel(), first[1:]])
    keep = piece[one] != piece[other]
    return one[keep], other[keep]


def _pair(standing: Standing, net: str, one: Sequence[int], other: Sequence[int], straight: float) -> OpenPair:
    """Starts at the piece with fewer things: a search from there ends sooner."""
    start, end = sorted((tuple(one), tuple(other)), key=lambda piece: (len(piece), piece))
    mine, theirs = _pads(standing, start), _pads(standing, end)
    ends = min(
        ((a, b) for a in mine[:NEAREST] for b in theirs[:NEAREST]),
        key=lambda pair: (_apart(standing, *pair), pair),
    )
    names = [standing.things[number].name for number in ends]
    return OpenPair(net, start, end, names[0], names[1], straight)


def _pads(standing: Standing, piece: Sequence[int]) -> list[int]:
    return [number for number in piece if standing.things[number].kind is CopperKind.PAD]


def _apart(standing: Standing, one: int, other: int) -> float:
    def spot(number: int) -> F64:
        thing = standing.things[number]
        layer = standing.layers[thing.layers[0] - 1]
        row = int(np.searchsorted(layer.owner, number))
        centre: F64 = shapely.get_coordinates(shapely.centroid(layer.skeletons[row]))[0]
        return centre

    return float(np.hypot(*(spot(one) - spot(other))))
