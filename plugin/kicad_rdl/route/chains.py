"""Wires that change the layer: the traces that make up one connection, and what is left of it when one is missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from kicad_rdl.geometry import Path
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.problem import Terminal, TerminalKind


@dataclass(frozen=True, slots=True)
class Routed:
    """A laid wire, in the pose."""

    net: str
    layer: int
    start: Terminal
    end: Terminal
    path: Path
    width: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A wire that could not be laid."""

    net: str
    start: Terminal
    end: Terminal | None
    layer: int
    reason: str


def chains_of(traces: Sequence[tuple[Terminal, Terminal]]) -> list[tuple[tuple[int, ...], Terminal, Terminal]]:
    """Traces that vias join, as places in ``traces``, and the two terminals at the far ends.

    The order is that of the first trace of each; its start, or that of the trace before it, comes first.
    """
    pieces = Groups(len(traces))
    at: dict[str, int] = {}
    for place, ends in enumerate(traces):
        for terminal in ends:
            if terminal.kind is TerminalKind.VIA:
                pieces.join(place, at.setdefault(terminal.label, place))
    members: dict[int, list[int]] = {}
    for place in range(len(traces)):
        members.setdefault(pieces.root(place), []).append(place)
    found = []
    for own in members.values():
        met = [t for place in own for t in traces[place]]
        labels = [t.label for t in met]
        # a via that joins two of the traces is within the chain; a loop has no ends but its own
        outer = [t for t in met if labels.count(t.label) == 1] or [met[0], met[-1]]
        found.append((tuple(own), outer[0], outer[-1]))
    return found


def without_torn(
    routed: Sequence[Routed], missing: Sequence[Missing], planes: Collection[str]
) -> tuple[list[Routed], list[Missing]]:
    """Takes out the traces of connections of which another trace is missing; each such connection is missing once.

    Where a trace was never drawn, the others end on a via; only those of nets with planes may.
    """
    everything: list[tuple[Terminal, Terminal]] = [(r.start, r.end) for r in routed]
    torn = {len(routed) + k: m for k, m in enumerate(missing)}
    everything += [(m.start, m.end or m.start) for m in missing]
    kept: list[Routed] = []
    left: list[Missing] = []
    for places, start, end in chains_of(everything):
        lost = [torn[p] for p in places if p in torn]
        if not lost:
            whole = TerminalKind.VIA not in (start.kind, end.kind) or routed[places[0]].net in planes
            kept += [routed[p] for p in places] if whole else []
        elif len(places) == 1:
            left += lost
        else:
            left.append(Missing(lost[0].net, start, end, lost[0].layer, lost[0].reason))
    return kept, left


def without_stubs(routed: Sequence[Routed], missing: Sequence[Missing]) -> tuple[list[Routed], list[Missing]]:
    """Takes out traces to branch points where no other ends; they are missing like those that should be there."""
    left = list(missing)
    told: dict[str, int] = {}  # of each terminal, the first that is missing there
    for place, m in enumerate(left):
        for end in (m.start, m.end) if m.end else ():
            told.setdefault(end.label, place)
    at: dict[str, set[int]] = {}
    for k, trace in enumerate(routed):
        for end in (trace.start, trace.end):
            if end.kind is TerminalKind.BRANCH:
                at.setdefault(end.label, set()).add(k)
    stubs = sorted({k for own in at.values() if len(own) == 1 for k in own})
    gone: set[int] = set()
    while stubs:
        k = heappop(stubs)
        if k in gone:  # a stub at both ends
            continue
        gone.add(k)
        stub = routed[k]
        labels = (stub.start.label, stub.end.label)
        known = [told[label] for label in labels if label in told]
        reason = left[min(known)].reason if known else "no way to its net"
        for label in labels:
            told.setdefault(label, len(left))
            others = at.get(label, set())
            others.discard(k)
            if len(others) == 1:
                heappush(stubs, *others)
        left.append(Missing(stub.net, stub.start, stub.end, stub.layer, reason))
    return [trace for k, trace in enumerate(routed) if k not in gone], left
