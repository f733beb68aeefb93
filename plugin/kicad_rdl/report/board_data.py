"""What came out of routing an open board, as JSON data: the contents of its ``report.json``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from kicad_rdl import __version__
from kicad_rdl.model.open_board import BoardConnection, BoardRouting, BoardRules, OpenBoard
from kicad_rdl.report.board_verdict import BoardVerdict, is_clean, open_connections
from kicad_rdl.report.data import Json, findings_data, violation_data
from kicad_rdl.report.figures import micrometres, ratio

FORMAT = 1
"""Version of the report's format."""


def board_report(
    board: OpenBoard,
    rules: BoardRules,
    routing: BoardRouting,
    verdict: BoardVerdict,
    nets: Sequence[str],
) -> Json:
    """The report. Lengths are micrometres; no time and no path of this machine is in it.

    Args:
        board, rules, routing, verdict: what happened.
        nets: the names that were asked for, as the user gave them; none: all.
    """
    done = [item for item in routing.connections if item.length is not None]
    missing = open_connections(routing)
    return {
        "format": FORMAT,
        "tool": {"name": "kicad-rdl", "version": __version__},
        "board": {
            "file": board.name,
            "layers": list(board.layers),
            "pads": len({pad.number for pad in board.pads}),
            "nets": len(board.nets),
        },
        "clean": is_clean(routing, verdict),
        "notes": [*board.notes, *routing.notes],
        "connections": {
            "asked_for": list(nets),
            "total": len(routing.connections),
            "routed": len(done),
            "open": [{"net": item.net, "from": item.start, "to": item.end, "reason": item.reason} for item in missing],
            "list": [
                {"net": item.net, "from": item.start, "to": item.end, "length_um": micrometres(item.length or 0.0)}
                | {"straight_um": micrometres(item.straight)}
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
                "line_um": micrometres(rules.default.widths[k]),
                "space_um": micrometres(rules.default.spaces[k]),
                "length_um": micrometres(math.fsum(t.path.length for t in routing.traces if t.layer == k + 1)),
            }
            for k, name in enumerate(board.layers)
        ],
        "rules": {
            "source": rules.source,
            "edge_um": micrometres(rules.edge),
            "vias": "through" if rules.through else "between neighbouring layers",
            "nets_with_rules_of_their_own": [net for net, _ in rules.nets],
        },
        "violations": {
            "new": [violation_data(item) for item in verdict.new],
            "earlier": verdict.earlier,
        },
        "kicad": _kicad(verdict),
    }


def _wirelength(routing: BoardRouting, done: Sequence[BoardConnection]) -> Json:
    length = math.fsum(item.length or 0.0 for item in done)
    straight = math.fsum(item.straight for item in done)
    return {
        "length_um": micrometres(length),
        "straight_um": micrometres(straight),
        "ratio": ratio(length, straight),
        "traces_um": micrometres(math.fsum(trace.path.length for trace in routing.traces)),
    }


def _kicad(verdict: BoardVerdict) -> Json:
    after = verdict.kicad_after
    if after.version is None:
        return {"run": False, "reason": after.reason}
    return {
        "run": True,
        "version": after.version,
        "unconnected": verdict.kicad_open,
        "new": findings_data(verdict.kicad_new),
        "before": {f"{item.severity} {item.type}": item.count for item in verdict.kicad_before.findings},
        "after": {f"{item.severity} {item.type}": item.count for item in after.findings},
    }
