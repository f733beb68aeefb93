"""What a flow is told about diagonals that its wires overfill, for the next one to give way.

The next flow watches them and all that are nearly as full, for wires that give way fill these next. Where that does not
help, the fullest gap beside is narrowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from kicad_rdl.route.audit import CutLoad
from kicad_rdl.route.network import LayerTask

FULL = 0.5
"""Diagonals filled to this share are watched as soon as one is overfull."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """Of one layer: watched diagonals as in ``LayerTask``, and gap -> what may run through where that is less."""

    watched: Set[int] = frozenset()
    narrowed: Mapping[int, int] = field(default_factory=dict)

    def applied(self, task: LayerTask) -> LayerTask:
        """The layer as the next flow sees it."""
        capacity = task.capacity.copy()
        for gap, most in self.narrowed.items():
            capacity[gap] = min(int(capacity[gap]), most)
        return replace(task, capacity=capacity, watched=self.watched)


def corrected(
    before: Corrections, task: LayerTask, loads: Sequence[CutLoad], orders: Mapping[int, Sequence[int]]
) -> Corrections:
    """Corrections for the next flow.

    Args:
        before: those of the last flow.
        task: the layer.
        loads: of all diagonals.
        orders: gap -> its wires.
    """
    full = frozenset(cut.edge for cut in loads if cut.load > FULL * cut.room)
    narrowed = dict(before.narrowed)
    for cut in sorted(loads, key=lambda c: c.edge):
        if cut.excess <= 0 or (cut.edge in task.across and cut.edge not in before.watched):
            continue
        pair = task.tiles.edge_triangles[cut.edge]
        beside = [int(e) for e in task.tiles.triangle_edges[pair].ravel() if e != cut.edge and int(e) in orders]
        if beside:
            fullest = max(beside, key=lambda gap: (len(orders[gap]), -gap))
            narrowed[fullest] = len(orders[fullest]) - 1
    return Corrections(before.watched | full, narrowed)
