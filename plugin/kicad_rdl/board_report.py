"""What came out of routing an open board? The report as JSON data, and in words. Same input, same bytes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from kicad_rdl import __version__
from kicad_rdl.model.open_board import BoardConnection, BoardRouting, BoardRules, OpenBoard
from kicad_rdl.model.report import KicadCheck, KicadFinding, Rule, Violation
from kicad_rdl.units import UM, mm

FORMAT = 1
"""Version of the report's format."""
UNCONNECTED = "unconnected_items"
"""KiCad's word for what is open."""

Json: TypeAlias = dict[str, Any]


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
    for item in after:
        if item.rule is Rule.OPEN:
            if has[item.things[0]] > allowed[item.things[0]]:
                found.append(item)
        elif old[item] > 0:
            old[item] -= 1
        else:
            found.append(item)
    return tuple(found)


def is_clean(routing: BoardRouting, verdict: BoardVerdict) -> bool:
    """Nothing open, and nothing violated that was not before."""
    return not open_connections(routing) and not verdict.new and not verdict.kicad_new and not verdict.kicad_open


def open_connections(routing: BoardRouting) -> tuple[BoardConnection, ...]:
    """Those that could not be made."""
    return tuple(item for item in routing.connections if item.length is None)


def board_report(
    board: OpenBoard,
    rules: BoardRules,
    routing: BoardRouting,
    verdict: BoardVerdict,
    nets: Sequence[str],
    violations: Sequence[Json],
) -> Json:
    """The report. Lengths are micrometres; no time and no path of this machine is in it.

    Args:
        board, rules, routing, verdict: what happened.
        nets: the names that were asked for, as the user gave them; none: all.
        violations: the new ones, as data.
    """
    done = [item for item in routing.connections if item.length is not None]
    missing = open_connections(routing)
    return {
        "format": FORMAT,
        "tool": {"name": "kicad-rdl", "version": __version__},
        "board": {"file": board.name, "layers": list(board.layers), "pads": len(board.pads), "nets": len(board.nets)},
        "clean": is_clean(routing, verdict),
        "notes": [*board.notes, *routing.notes],
        "connections": {
            "asked_for": list(nets),
            "total": len(routing.connections),
            "routed": len(done),
            "open": [{"net": item.net, "from": item.start, "to": item.end, "reason": item.reason} for item in missing],
            "list": [
                {"net": item.net, "from": item.start, "to": item.end, "length_um": _um(item.length or 0.0)}
                | {"straight_um": _um(item.straight)}
                for item in done
            ],
        },
        "wirelength": _wirelength(routing, done),
        "vias": {
            "total": len(routing.vias),
            "between": dict(
                sorted(Counter(f"{board.layers[v.first - 1]}-{board.layers[v.last - 1]}" for v in routing.vias).items())
            ),
        },
        "layers": [
            {
                "name": name,
                "line_um": _um(rules.default.widths[k]),
                "space_um": _um(rules.default.spaces[k]),
                "length_um": _um(math.fsum(t.path.length for t in routing.traces if t.layer == k + 1)),
            }
            for k, name in enumerate(board.layers)
        ],
        "rules": {
            "source": rules.source,
            "edge_um": _um(rules.edge),
            "vias": "through" if rules.through else "between neighbouring layers",
            "nets_with_rules_of_their_own": [net for net, _ in rules.nets],
        },
        "violations": {
            "new": list(violations),
            "earlier": verdict.earlier,
        },
        "kicad": _kicad(verdict),
    }


def _wirelength(routing: BoardRouting, done: Sequence[BoardConnection]) -> Json:
    length = math.fsum(item.length or 0.0 for item in done)
    straight = math.fsum(item.straight for item in done)
    return {
        "length_um": _um(length),
        "straight_um": _um(straight),
        "ratio": math.ceil(length / straight * 10**6) / 10**6 if straight > 0 else None,
        "traces_um": _um(math.fsum(trace.path.length for trace in routing.traces)),
    }


def _kicad(verdict: BoardVerdict) -> Json:
    after = verdict.kicad_after
    if after.version is None:
        return {"run": False, "reason": after.reason}
    return {
        "run": True,
        "version": after.version,
        "unconnected": verdict.kicad_open,
        "new": [
            {"type": item.type, "severity": item.severity, "count": item.count, "example": item.example}
            for item in verdict.kicad_new
        ],
        "before": {f"{item.severity} {item.type}": item.count for item in verdict.kicad_before.findings},
        "after": {f"{item.severity} {item.type}": item.count for item in after.findings},
    }


def _um(length: float) -> int | float:
    whole = round(length)
    return whole // UM if whole % UM == 0 else whole / UM


# --- in words --------------------------------------------------------------------------------------------------------


def board_summary(
    board: OpenBoard,
    rules: BoardRules,
    routing: BoardRouting,
    verdict: BoardVerdict,
    violations: Sequence[str],
    most: int = 10,
) -> tuple[str, ...]:
    """The report for people, line by line; of long lists the first ``most``. ``violations``: the new ones in words."""
    done = [item for item in routing.connections if item.length is not None]
    missing = open_connections(routing)
    if not routing.connections:
        lines = [f"{board.name}: nothing is open; written as it was"]
    else:
        lines = [f"{board.name}: {len(done)} of {len(routing.connections)} open connections routed by {rules.source}"]
        length, straight = (
            math.fsum(values) for values in ([i.length or 0.0 for i in done], [i.straight for i in done])
        )
        ratio = f", {length / straight:.4f} times the straight distances" if straight > 0 else ""
        vias = "1 via" if len(routing.vias) == 1 else f"{len(routing.vias)} vias"
        lines.append(f"wirelength {mm(round(length / UM) * UM)}{ratio}; {vias}")
    lines += [f"note: {note}" for note in (*board.notes, *routing.notes)]
    lines += _listed("open", [f"{item.net} ({item.start} to {item.end}): {item.reason}" for item in missing], most)
    lines += _listed("new violations", violations, most)
    if not verdict.new:
        lines.append("new violations: none")
    if verdict.earlier:
        lines.append(f"violations that were there before: {verdict.earlier}")
    return (*lines, *_kicad_words(verdict))


def _listed(title: str, items: Sequence[str], most: int) -> list[str]:
    if not items:
        return []
    lines = [f"{title}: {len(items)}", *(f"  {item}" for item in items[:most])]
    return [*lines, f"  and {len(items) - most} more, all in report.json"] if len(items) > most else lines


def _kicad_words(verdict: BoardVerdict) -> list[str]:
    after = verdict.kicad_after
    if after.version is None:
        return [f"KiCad's DRC: not run ({after.reason})"]
    if not verdict.kicad_new:
        return [f"KiCad's DRC {after.version}: nothing new, {verdict.kicad_open} unconnected"]
    lines = [f"KiCad's DRC {after.version}: {sum(item.count for item in verdict.kicad_new)} new findings"]
    return lines + [
        f"  {item.count} x {item.severity} {item.type}, such as: {item.example}" for item in verdict.kicad_new
    ]
