"""What came out of routing an open board, in words: what the terminal shows after ``route``."""

from __future__ import annotations

import math

from kicad_rdl.model.open_board import BoardRouting, BoardRules, OpenBoard
from kicad_rdl.report.board_verdict import BoardVerdict, open_connections
from kicad_rdl.report.phrases import counted, finding_words, listed, not_run, rounded
from kicad_rdl.report.words import violation_words


def board_summary(
    board: OpenBoard,
    rules: BoardRules,
    routing: BoardRouting,
    verdict: BoardVerdict,
    most: int = 10,
) -> tuple[str, ...]:
    """The report for people, line by line; of long lists the first ``most``."""
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
        lines.append(f"wirelength {rounded(length)}{ratio}; {counted(len(routing.vias), 'via')}")
    lines += [f"note: {note}" for note in (*board.notes, *routing.notes)]
    lines += listed("open", [f"{item.net} ({item.start} to {item.end}): {item.reason}" for item in missing], most)
    lines += listed("new violations", [violation_words(item) for item in verdict.new], most, always=True)
    if verdict.earlier:
        lines.append(f"violations that were there before: {verdict.earlier}")
    return (*lines, *_kicad_words(verdict))


def _kicad_words(verdict: BoardVerdict) -> list[str]:
    after = verdict.kicad_after
    if after.version is None:
        return [not_run(after)]
    if not verdict.kicad_new:
        return [f"KiCad's DRC {after.version}: nothing new, {verdict.kicad_open} unconnected"]
    new = counted(sum(item.count for item in verdict.kicad_new), "new finding")
    return [f"KiCad's DRC {after.version}: {new}", *finding_words(verdict.kicad_new)]
