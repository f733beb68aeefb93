"""New copper among pours that give way: no net of a pour may fall apart by it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeAlias

from kicad_rdl.model.open_board import (
    BoardConnection,
    BoardRouting,
    BoardRules,
    BoardTrace,
    BoardVia,
    NewCopper,
    OpenBoard,
)
from kicad_rdl.route.refill import Refilled, firm, refilled, with_copper
from kicad_rdl.route.standing import Standing, standing_of
from kicad_rdl.route.withdrawal import who_tears, without

Router: TypeAlias = Callable[[OpenBoard, Collection[str]], BoardRouting]

ROUNDS = 2
"""How often the pieces of torn nets are joined again before copper is taken out."""
TORN = "its copper would cut a zone apart: {}"


def among_pours(board: OpenBoard, rules: BoardRules, found: BoardRouting, router: Router) -> BoardRouting:
    """The pours cut, and what they held together joined again.

    What still tears a net is taken out, and its nets are routed once more around the pours of that net.

    Args:
        board: as it was.
        rules: that hold on it.
        found: its new copper.
        router: routes the open connections of nets on a board.
    """
    asked = {item.net for item in found.connections}
    after = _after(board, rules, found)
    for _ in range(ROUNDS):
        if not after.torn:
            break
        found = _more(found, router(after.board, frozenset(after.torn)))
        after = _after(board, rules, found)
    torn: set[str] = set()
    opened: set[str] = set()
    while after.torn:
        torn.update(after.torn)
        gone = who_tears(board, after, rules, (*found.traces, *found.vias))
        if not gone:
            break
        opened.update(item.net for item in gone)
        found = _with(found, without(standing_of(board), (*found.traces, *found.vias), gone))
        after = _after(board, rules, found)
    found = _as_joined(found, after.standing, ", ".join(sorted(torn)))
    if opened & asked:
        base = firm(with_copper(board, found.traces, found.vias, after.refills), torn)
        more = router(base, frozenset(opened & asked))
        last = _more(found, more)
        again = _after(board, rules, last)
        if not again.torn:
            found, after = last, again
    return replace(found, refills=after.refills)


def merged(one: BoardRouting, other: BoardRouting) -> BoardRouting:
    """The copper and the connections of both."""
    return BoardRouting((*one.traces, *other.traces), (*one.vias, *other.vias), (*one.connections, *other.connections))


def _after(board: OpenBoard, rules: BoardRules, found: BoardRouting) -> Refilled:
    return refilled(board, rules, found.traces, found.vias)


def _more(found: BoardRouting, more: BoardRouting) -> BoardRouting:
    """With more copper of some nets: what was open of them stands in the new list, made or still open."""
    nets = {item.net for item in more.connections}
    kept = tuple(item for item in found.connections if item.net not in nets or item.length is not None)
    return merged(replace(found, connections=kept), more)


def _with(found: BoardRouting, items: Collection[NewCopper]) -> BoardRouting:
    traces = tuple(item for item in items if isinstance(item, BoardTrace))
    return replace(found, traces=traces, vias=tuple(item for item in items if isinstance(item, BoardVia)))


def _as_joined(found: BoardRouting, standing: Standing, torn: str) -> BoardRouting:
    """The connections as the copper makes them; joints of pours that are whole without them are none."""
    group: dict[tuple[str, str], int] = {}
    for number, thing in enumerate(standing.things):
        if thing.net is not None and thing.pad is not None:
            group.setdefault((thing.net, thing.name), standing.group[number])
    rows: list[BoardConnection] = []
    for item in found.connections:
        if group[item.net, item.start] == group[item.net, item.end]:
            rows += [item] if item.length is not None else []
        elif item.length is not None:
            rows.append(replace(item, length=None, reason=TORN.format(torn)))
        else:
            rows.append(item)
    return replace(found, connections=tuple(rows))
