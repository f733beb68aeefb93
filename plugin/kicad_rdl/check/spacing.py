"""Shorts and spacing on one layer, and which copper of one net touches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from kicad_rdl.check.closeness import Breach, anchor, breaches, chosen, contained, gaps
from kicad_rdl.check.layers import LayerCopper
from kicad_rdl.check.primitives import distinct, tabulate
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


def check_spacing(artwork: Artwork, here: LayerCopper, space: Nm) -> LayerResult:
    """Distances between all copper of a layer.

    Args:
        artwork: what the layer's copper is called.
        here: the copper.
        space: least distance between different nets.
    """
    table, node, index = here.table, here.node, here.index
    found = gaps(table, None, space)
    first, second = table.item[found.i], table.item[found.j]
    same = node[first] == node[second]
    joined = same & (found.gap <= TOUCH)
    pairs = distinct(first[joined] * table.items + second[joined])
    touching = list(zip(index[pairs // table.items].tolist(), index[pairs % table.items].tolist(), strict=True))
    violations: list[Violation] = []
    shorted: set[tuple[int, int]] = set()
    for breach in breaches(table, None, chosen(found, ~same), space):
        one, two = artwork.copper[index[breach.a]], artwork.copper[index[breach.b]]
        if breach.measured <= 0:
            shorted.add((breach.a, breach.b))
            violations.append(_short(one, two, here.name, breach.at, space))
        else:
            violations.append(_too_close(one, two, here.name, breach, space))
    for owner, guest in contained(table, table):
        if owner == guest:
            continue
        if node[owner] == node[guest]:
            touching.append((int(index[owner]), int(index[guest])))
        elif (min(owner, guest), max(owner, guest)) not in shorted:
            shorted.add((min(owner, guest), max(owner, guest)))
            one, two = artwork.copper[index[owner]], artwork.copper[index[guest]]
            violations.append(_short(one, two, here.name, anchor(table, guest), space))
    return LayerResult(violations, touching)


def check_wider_spaces(artwork: Artwork, here: LayerCopper, space: Nm) -> Iterator[Violation]:
    """Distances of the traces of nets that ask for more than ``space``; what is nearer than that is found already."""
    asked = {r.net: r.space for r in artwork.trace_rules if r.layer == here.layer and r.space > space}
    if not asked:
        return
    wanted = np.array(
        [
            asked.get(artwork.copper[k].net or "", 0) if artwork.copper[k].kind is CopperKind.TRACE else 0
            for k in here.index
        ],
        dtype=np.int64,
    )
    special = np.flatnonzero(wanted)
    table = tabulate((artwork.copper[k].skeleton, artwork.copper[k].width) for k in here.index[special])
    found = gaps(table, here.table, max(asked.values()))
    first, second = special[table.item[found.i]], here.table.item[found.j]
    # of two traces that both ask for more, the pair is looked at once
    once = (here.node[first] != here.node[second]) & ((wanted[second] == 0) | (first < second))
    required = np.maximum(wanted[first], wanted[second])
    for limit in np.unique(required).tolist():
        for breach in breaches(table, here.table, chosen(found, once & (required == limit)), limit):
            if breach.measured >= space:
                one, two = artwork.copper[here.index[special[breach.a]]], artwork.copper[here.index[breach.b]]
                yield _too_close(one, two, here.name, breach, limit)


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
