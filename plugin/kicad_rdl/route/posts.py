"""Posts: what a router can connect, whoever asks for it. A package and an open KiCad board both become posts.

A post is one column of copper: a pad and the stack of vias that may stand in it, or a via that may stand somewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.geometry import Outline, Point


@dataclass(frozen=True, slots=True)
class Stand:
    """The copper of a post on one layer, if it stands there."""

    layer: int
    """From 1."""
    at: Point
    shape: Outline


@dataclass(frozen=True, slots=True)
class Post:
    """A pad, a stack of vias, or a candidate for a via.

    ``stands`` are of neighbouring layers, in their order. On ``first`` to ``last`` the copper is there in any case
    (``first > last``: nowhere); on the others only once a wire needs it.
    """

    name: str
    net: str | None
    """None: of no net, an obstacle, or (a candidate) of whatever net takes it."""
    stands: tuple[Stand, ...]
    first: int
    last: int
    through: bool = False
    """A via of it stands on all its layers at once (a drilled board); else only between the layers that it joins."""
    space: int | None = None
    """What the edge of a foreign trace keeps from it [nm]; None: the space of the layer. 0: it may lie over pads."""

    @property
    def candidate(self) -> bool:
        """Whether it stands nowhere yet."""
        return self.first > self.last


@dataclass(frozen=True, slots=True)
class LayerRules:
    """What holds for traces of a layer by default [nm]."""

    line: int
    space: int
    edge: int
    """Trace edge to package or board edge."""


@dataclass(frozen=True, slots=True)
class Request:
    """Two sets of posts that are to be joined by one wire (which may change layers at posts that are candidates)."""

    net: str
    starts: tuple[int, ...]
    """Indices of posts; any of them will do."""
    ends: tuple[int, ...]
    widths: tuple[int, ...]
    """Trace width on each layer [nm], from layer 1."""
    spaces: tuple[int, ...]
    """Distance to foreign copper on each layer [nm]."""
    layers: tuple[int, ...] | None = None
    """Layers it may take; None: any."""
    exclusive: bool = False
    """An end serves one request only: candidates among the ends become vias of this net."""
