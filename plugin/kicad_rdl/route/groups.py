"""What is joined to what: disjoint sets of numbered things."""

from __future__ import annotations

from collections.abc import Iterable


class Groups:
    """Disjoint sets (union by the smaller number, path halving); built and read within one function."""

    __slots__ = ("_parent",)

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def root(self, thing: int) -> int:
        """The smallest member of the set of a thing."""
        parent = self._parent
        while parent[thing] != thing:
            parent[thing] = parent[parent[thing]]
            thing = parent[thing]
        return thing

    def join(self, a: int, b: int) -> None:
        """Makes the sets of both things one."""
        low, high = sorted((self.root(a), self.root(b)))
        self._parent[high] = low

    def counts(self, things: Iterable[int]) -> list[int]:
        """For every root, how many of the things are in its set; 0 for what is no root."""
        found = [0] * len(self._parent)
        for thing in things:
            found[self.root(thing)] += 1
        return found

    def members(self, things: Iterable[int]) -> list[list[int]]:
        """The things in their sets, in rising order of the first one."""
        sets: dict[int, list[int]] = {}
        for thing in things:
            sets.setdefault(self.root(thing), []).append(thing)
        return list(sets.values())
