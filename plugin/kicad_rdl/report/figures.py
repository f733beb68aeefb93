"""The few figures that the data and the words both tell."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kicad_rdl.model.layout import Layout
from kicad_rdl.model.report import KicadCheck, Violation
from kicad_rdl.units import UM

RATIO_DIGITS = 6


def micrometres(length: float) -> int | float:
    """Nanometres as the exact decimal number of micrometres (three decimals survive a float, and its text)."""
    whole = round(length)
    return whole // UM if whole % UM == 0 else whole / UM


def is_clean(layout: Layout, violations: Sequence[Violation], kicad: KicadCheck) -> bool:
    """Everything routed, nothing violated, and no finding of KiCad's DRC if that was run."""
    return not layout.unrouted and not violations and not kicad.findings


def routed_length(layout: Layout) -> float:
    """Copper of the routed connections, edge to edge [nm]."""
    return math.fsum(connection.length for connection in layout.connections if connection.length is not None)


def unconnected_nets(layout: Layout) -> tuple[str, ...]:
    """Nets with something unrouted, sorted."""
    return tuple(sorted({item.net for item in layout.unrouted}))


def via_count(layout: Layout) -> int:
    """Vias between RDLs; the openings under the balls, which are vias where the UBM is a layer, do not count."""
    return sum(via.layer < layout.package.rdl_count for via in layout.vias)


def ratio(length: float, bound: float) -> float | None:
    """Length over bound, rounded up: towards the worse."""
    return math.ceil(length / bound * 10**RATIO_DIGITS) / 10**RATIO_DIGITS if bound > 0 else None
