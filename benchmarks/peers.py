"""The boards on which other routers were measured, through ``kicad-rdl route``, judged on the written file.

Read at run time from ``../shared/data/peer_boards``: a die of n x n round bumps of 0.08 mm at 0.15 mm on F.Cu, balls of
0.25 mm at 0.5 mm, bump (i, j) to ball (i, j), line/space 0.02/0.02, through vias 0.06/0.03. ``nN_2l`` and ``nN_4l`` are
full arrays with the balls on B.Cu; ``pN_1l`` have only the outer two rings, all on one layer.

The figures of the others are those of ``../shared/benchmarks.md``: each the best of freerouting 1.9.0 and 2.3.0,
KiCadRoutingTools 0.21.1 and OpenROAD's RDL router, measured on two shared cores with KiCad's DRC as judge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cuts import Array, most_that_fit


@dataclass(frozen=True, slots=True)
class Peer:
    """The best that others reached on a board."""

    connected: int
    length: float
    """mm."""
    seconds: float
    who: str


PEERS = {
    "n64_2l": Peer(64, 73.2, 2.4, "KiCadRoutingTools 0.21.1"),
    "n256_2l": Peer(165, 433, 537, "KiCadRoutingTools 0.21.1"),
    "n256_4l": Peer(229, 577, 488, "KiCadRoutingTools 0.21.1"),
    "n1024_2l": Peer(169, 913, 193, "freerouting 1.9.0"),
    "p64_1l": Peer(64, 112.2, 3.8, "KiCadRoutingTools 0.21.1"),
    "p256_1l": Peer(256, 1752, 98, "freerouting 1.9.0"),
    "p1024_1l": Peer(1016, 27507, 43, "OpenROAD RDLRouter"),
}

LINE = SPACE = 0.02
BUMPS, BALLS = (0.15, 0.08), (0.5, 0.25)
"""Pitch and pad [mm]."""


def most_on(name: str) -> int | None:
    """What the squares around the middle of the die let through; None: a board whose rings leave on one layer."""
    if not name.startswith("n"):
        return None
    nets, layers = (int(part.rstrip("l")) for part in name[1:].split("_"))
    side = math.isqrt(nets)
    return most_that_fit(Array(side, *BUMPS), Array(side, *BALLS), range(nets), LINE, SPACE, layers)
