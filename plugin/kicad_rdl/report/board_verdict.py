"""Is a routed board good? What is wrong with it that was not wrong before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kicad_rdl.model.open_board import BoardConnection, BoardRouting
from kicad_rdl.model.report import KicadCheck, KicadFinding, Rule, Violation

UNCONNECTED = "unconnected_items"
"""KiCad's word for what is open."""


@dataclass(frozen=True, slots=True)
class BoardVerdict:
    """What the checkers say about the board before and after; what was wrong before is nobody's fault here."""

    new: tuple[Violation, ...]
    """Of our checker, without the opens that are declared."""
    earlier: int
    """Violations that were there before and still are."""
    kicad_before: KicadCheck
    kicad_after: KicadCheck

    @property
    def kicad_new(self) -> tuple[KicadFinding, ...]:
        """Findings of KiCad that there are more of than before, without what is open."""
        before = {(item.type, item.severity): item.count for item in self.kicad_before.findings}
        found = []
        for item in self.kicad_after.findings:
            more = item.count - before.get((item.type, item.severity), 0)
            if more > 0 and item.type != UNCONNECTED:
                found.append(KicadFinding(item.type, item.severity, more, item.example))
        return tuple(found)

    @property
    def kicad_open(self) -> int | None:
        """What KiCad calls unconnected on the written board."""
        if self.kicad_after.version is None:
            return None
        return sum(item.count for item in self.kicad_after.findings if item.type == UNCONNECTED)


def new_violations(
    before: Sequence[Violation], after: Sequence[Violation], declared: Mapping[str, int]
) -> tuple[Violation, ...]:
    """What the written board violates and the old one did not.

    Args:
        before, after: all violations of either.
        declared: net -> how many of its connections are said to be open; the opens of a net with more gaps than that
            (of nets not asked for: than before) are violations.
    """
    old = Counter(before)
    had = Counter(item.things[0] for item in before if item.rule is Rule.OPEN)
    has = Counter(item.things[0] for item in after if item.rule is Rule.OPEN)
    allowed = {net: declared.get(net.removeprefix("net "), had[net]) for net in has}
    found: list[Violation] = []
    left = old - Counter(after)
    for item in after:
        if item.rule is Rule.OPEN:
            if has[item.things[0]] > allowed[item.things[0]]:
                found.append(item)
        elif old[item] > 0:
            old[item] -= 1
        elif (known := next((one for one in left if left[one] > 0 and _no_better(one, item)), None)) is not None:
            left[known] -= 1
        else:
            found.append(item)
    return tuple(found)


def _no_better(before: Violation, after: Violation) -> bool:
    """Whether two things were as close, somewhere else: of a fill that is cut the nearest place may be another one."""
    same = (before.rule, before.layer, before.things, before.required)
    known = before.measured is not None and after.measured is not None and before.measured <= after.measured
    return known and same == (after.rule, after.layer, after.things, after.required)


def is_clean(routing: BoardRouting, verdict: BoardVerdict) -> bool:
    """Nothing open, and nothing violated that was not before."""
    return not open_connections(routing) and not verdict.new and not verdict.kicad_new and not verdict.kicad_open


def open_connections(routing: BoardRouting) -> tuple[BoardConnection, ...]:
    """Those that could not be made."""
    return tuple(item for item in routing.connections if item.length is None)
