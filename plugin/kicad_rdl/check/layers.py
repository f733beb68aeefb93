"""The copper of one layer as a table, made once and looked at by several checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kicad_rdl.check.primitives import Ints, Table, tabulate
from kicad_rdl.model.artwork import Artwork, CopperKind


@dataclass(frozen=True, slots=True, eq=False)
class LayerCopper:
    """Item k of the table is copper ``index[k]`` of the artwork."""

    layer: int
    name: str
    index: Ints
    table: Table
    node: Ints
    """Electrical node of every item."""
    thing: Ints
    is_trace: np.typing.NDArray[np.bool_]


def layer_copper(artwork: Artwork, nets: Sequence[int]) -> tuple[LayerCopper, ...]:
    """One for every layer, in their order.

    Args:
        artwork: the copper.
        nets: the electrical node of every copper item.
    """
    by_layer: list[list[int]] = [[] for _ in artwork.layers]
    for k, copper in enumerate(artwork.copper):
        by_layer[copper.layer - 1].append(k)
    return tuple(
        LayerCopper(
            layer=layer,
            name=artwork.layers[layer - 1],
            index=np.array(index, dtype=np.int64),
            table=tabulate((artwork.copper[k].skeleton, artwork.copper[k].width) for k in index),
            node=np.array([nets[k] for k in index], dtype=np.int64),
            thing=np.array([artwork.copper[k].thing for k in index], dtype=np.int64),
            is_trace=np.array([artwork.copper[k].kind is CopperKind.TRACE for k in index], dtype=np.bool_),
        )
        for layer, index in enumerate(by_layer, start=1)
    )
