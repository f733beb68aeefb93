"""Shorts and spacing on one layer, and which copper of one net touches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kicad_rdl.check.closeness import Breach, anchor, breaches, chosen, contained, gaps
from kicad_rdl.check.primitives import tabulate
from kicad_rdl.geometry import Point
from kicad_rdl.model.artwork import Artwork, Copper, CopperKind
from kicad_rdl.model.report import Rule, Severity, Violation
from kicad_rdl.units import Nm, um

TOUCH = 1e-6
"""Copper of one net with a smaller gap [nm] touches: a tenth of an atom's nucleus is not an open."""


class LayerResult(NamedTuple):
    """Violations of one layer, and pairs of copper indices that touch within one net."""

    violations: list[Violation]
    touching: list[tuple[int, int]]


def check_layer(artwork: Artwork, layer: int, space: Nm, nets: Sequence[int]) -> LayerResult:
    """Distances between all copper of a layer.

    Args:
        artwork: the copper.
        layer: which layer.
        space: least distance between different nets.
        nets: the electrical node of every copper item.
    """
    index = [k for k, copper in enumerate(artwork.copper) if copper.layer == layer]
    table = tabulate((artwork.copper[k].skeleton, artwork.copper[k].width) for k in index)
    node = np.array([nets[k] for k in index], dtype=np.int64)
    found = gaps(table, None, space)
    same = node[table.item[found.i]] == node[table.item[found.j]] if len(index) else np.empty(0, dtype=np.bool_)
    joined = same & (found.gap <= TOUCH)
    pairs = np.unique(table.item[found.i[joined]] * len(index) + table.item[found.j[joined]])
    touching = [(index[int(key) // len(index)], index[int(key) % len(index)]) for key in pairs]
    violations: list[Violation] = []
    name = artwork.layers[layer - 1]
    shorted: set[tuple[int, int]] = set()
    for breach in breaches(table, None, chosen(found, ~same), space):
        first, second = artwork.copper[index[breach.a]], artwork.copper[index[breach.b]]
        if breach.measured <= 0:
            shorted.add((breach.a, breach.b))
            violations.append(_short(first, second, name, breach.at, space))
        else:
            violations.append(_too_close(first, second, name, breach, space))
    for owner, guest in contained(table, table):
        if owner == guest:
            continue
        if node[owner] == node[guest]:
            touching.append((index[owner], index[guest]))
        elif (min(owner, guest), max(owner, guest)) not in shorted:
            shorted.add((min(owner, guest), max(owner, guest)))
            first, second = artwork.copper[index[owner]], artwork.copper[index[guest]]
            violations.append(_short(first, second, name, anchor(table, guest), space))
    return LayerResult(violations, touching)


def _short(first: Copper, second: Copper, layer: str, at: Point, space: Nm) -> Violation:
    nets = sorted({first.net or "no net", second.net or "no net"})
    remedy = f"separate {' from '.join(nets)}" if len(nets) == 2 else "separate the two"
    return Violation(Rule.SHORT, Severity.ERROR, layer, at, _things(first, second), 0, space, remedy)


def _too_close(first: Copper, second: Copper, layer: str, breach: Breach, space: Nm) -> Violation:
    thinner = " or draw the trace thinner" if CopperKind.TRACE in (first.kind, second.kind) else ""
    return Violation(
        rule=Rule.SPACING,
        severity=Severity.ERROR,
        layer=layer,
        at=breach.at,
        things=_things(first, second),
        measured=breach.measured,
        required=space,
        remedy=f"move them apart by {um(space - breach.measured)}{thinner}",
    )


def _things(first: Copper, second: Copper) -> tuple[str, str]:
    a, b = sorted((first.name, second.name))
    return a, b
