"""The ends that many connections may choose from: those nearest to a place, and those nearest that are free."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kicad_rdl.route.triangulation import F64, I64

ALIKE = 1.0
"""Distances that differ by less are held against each other once more [nm]."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Ends that several connections share.

    Attributes:
        ends: as the connections name them.
        posts: the same as an array.
        places: [ends, 2] where they are [nm].
    """

    ends: tuple[int, ...]
    posts: I64
    places: F64
    _nearest: dict[tuple[tuple[float, float], int], list[int]] = field(default_factory=dict)
    _least: dict[tuple[float, float], float] = field(default_factory=dict)

    def distance(self, at: tuple[float, float]) -> float:
        """From a place to the nearest end [nm]."""
        if at not in self._least:
            self._least[at] = float(np.hypot(*(self.places - at).T).min())
        return self._least[at]

    def nearest(self, at: tuple[float, float], count: int) -> list[int]:
        """The first ends by distance from a place, those as far by number."""
        if (at, count) not in self._nearest:
            self._nearest[at, count] = self._first(self.posts, self.places, at, count)
        return self._nearest[at, count]

    def nearest_free(self, at: tuple[float, float], count: int, taken: npt.NDArray[np.bool_]) -> list[int]:
        """Likewise without those that are taken [posts]."""
        free = np.flatnonzero(~taken[self.posts])
        return self._first(self.posts[free], self.places[free], at, count)

    @staticmethod
    def _first(posts: I64, places: F64, at: tuple[float, float], count: int) -> list[int]:
        away = np.hypot(*(places - at).T)
        if len(posts) > count:
            few = away <= np.partition(away, count - 1)[count - 1] + ALIKE
            posts, away = posts[few], away[few]
        return [int(post) for post in posts[np.lexsort((posts, away))][:count]]
