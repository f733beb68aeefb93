"""The ends that many connections may choose from: those nearest to a place, and those nearest that are free."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kicad_rdl.route.triangulation import F64, I64

ALIKE = 1.0
"""Distances that differ by less are held against each other once more [nm]."""

GROWTH = 2
"""Times as many ends are put in order where too few of the first are free."""


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
    _order: dict[tuple[float, float], list[int]] = field(default_factory=dict)
    """The first ends by distance from places that were asked for."""
    _least: dict[tuple[float, float], float] = field(default_factory=dict)

    def distance(self, at: tuple[float, float]) -> float:
        """From a place to the nearest end [nm]."""
        if at not in self._least:
            self._least[at] = float(np.hypot(*(self.places - at).T).min())
        return self._least[at]

    def nearest(self, at: tuple[float, float], count: int) -> list[int]:
        """The first ends by distance from a place, those as far by number."""
        known = self._order.get(at, [])
        if len(known) < min(count, len(self.ends)):
            known = self._order[at] = self._first(at, max(count, GROWTH * len(known)))
        return known[:count]

    def nearest_free(self, at: tuple[float, float], count: int, taken: npt.NDArray[np.bool_]) -> list[int]:
        """Likewise without those that are taken [posts]."""
        asked = count
        while True:
            order = self.nearest(at, asked)
            free = [post for post in order if not taken[post]]
            if len(free) >= count or len(order) == len(self.ends):
                return free[:count]
            asked = GROWTH * asked

    def _first(self, at: tuple[float, float], count: int) -> list[int]:
        away = np.hypot(*(self.places - at).T)
        posts = self.posts
        if len(posts) > count:
            few = away <= np.partition(away, count - 1)[count - 1] + ALIKE
            posts, away = posts[few], away[few]
        return [int(post) for post in posts[np.lexsort((posts, away))][:count]]
