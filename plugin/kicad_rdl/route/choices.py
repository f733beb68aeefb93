"""The ends that a connection may choose from, nearest first, without looking at all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from kicad_rdl.route.triangulation import F64

FIRST = 64
"""How many ends are looked up at first; then four times as many, and so on."""

ALIKE = 1.0
"""Distances that differ by less may come in any order [nm]."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Ends that several connections share; what was looked up from a place is kept.

    Attributes:
        ends: posts.
        places: [ends, 2] where they are [nm].
    """

    ends: tuple[int, ...]
    places: F64
    _tree: cKDTree
    _known: dict[tuple[float, float], list[int]] = field(default_factory=dict)

    @staticmethod
    def of(ends: tuple[int, ...], places: F64) -> Choice:
        """Some posts and their places."""
        return Choice(ends, places, cKDTree(places))

    def distance(self, at: tuple[float, float]) -> float:
        """To the nearest end [nm]."""
        return float(self._tree.query(at)[0])

    def nearest(self, at: tuple[float, float]) -> Iterator[int]:
        """The ends by distance from a place, those as far by number."""
        done = 0
        while done < len(self.ends):
            known = self._known.get(at, [])
            size = max(FIRST, 4 * done)
            while len(known) <= done:
                known = self._known[at] = self._ordered(at, min(size, len(self.ends)))
                size *= 4
            yield from known[done:]
            done = len(known)

    def _ordered(self, at: tuple[float, float], size: int) -> list[int]:
        """As many of the first as are known for certain among so many."""
        away, index = (np.atleast_1d(found) for found in self._tree.query(at, k=size))
        if size < len(self.ends):
            sure = away < away[-1] - ALIKE
            away, index = away[sure], index[sure]
        found = sorted(zip(away.tolist(), (self.ends[k] for k in index.tolist()), strict=True))
        return [post for _, post in found]
