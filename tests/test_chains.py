"""What becomes of traces whose other end is missing, and who gets balls where not all nets can have some."""

from __future__ import annotations

from collections import Counter
from random import Random
from types import SimpleNamespace

import pytest

from kicad_rdl.geometry import Circle, Path, Point
from kicad_rdl.model.package import NetRule
from kicad_rdl.route.chains import Missing, Routed, without_stubs
from kicad_rdl.route.demand import hold_in_turn
from kicad_rdl.route.problem import Terminal, TerminalKind


def terminal(kind: TerminalKind, number: int, at: Point, net: str | None = "n", usable: bool = True) -> Terminal:
    return Terminal(kind, str(number), net, at, Circle(1), usable)


def by_and_by(routed: list[Routed], missing: list[Missing]) -> tuple[list[Routed], list[Missing]]:
    """The same, said as plainly as possible: the first stub goes, as long as there is one."""
    kept, left = list(routed), list(missing)
    while True:
        legs = Counter(t.label for r in kept for t in (r.start, r.end) if t.kind is TerminalKind.BRANCH)
        stub = next((r for r in kept if 1 in (legs[r.start.label], legs[r.end.label])), None)
        if stub is None:
            return kept, left
        kept.remove(stub)
        ends = {stub.start.label, stub.end.label}
        reason = next((m.reason for m in left if m.end and ends & {m.start.label, m.end.label}), "no way to its net")
        left.append(Missing(stub.net, stub.start, stub.end, stub.layer, reason))


@pytest.mark.parametrize("seed", range(60))
def test_stubs_go_one_after_the_other(seed: int) -> None:
    chance = Random(seed)
    ends = [
        terminal(chance.choice((TerminalKind.BRANCH, TerminalKind.BRANCH, TerminalKind.BUMP)), k, Point(k, 0))
        for k in range(14)
    ]
    pairs = [(chance.randrange(k), k) for k in range(1, 14)]
    chance.shuffle(pairs)
    everything = [Routed("n", 1, ends[a], ends[b], Path.through(ends[a].at, ends[b].at), 1) for a, b in pairs]
    lost = [Missing("n", r.start, r.end, 1, f"reason {k}") for k, r in enumerate(everything[:3])]
    lost.append(Missing("n", ends[0], None, 1, "no end"))
    assert without_stubs(everything[3:], lost) == by_and_by(everything[3:], lost)


@pytest.mark.parametrize("seed", range(40))
def test_balls_are_held_the_nearest_first(seed: int) -> None:
    """Each net in turn, those with the fewest to choose from first, takes one nearest ball after the other."""
    chance = Random(seed)
    balls = [
        terminal(TerminalKind.BALL, k, Point(10 * (k % 5), 10 * (k // 5)), usable=chance.random() < 0.9)
        for k in range(20)
    ]
    places = [Point(10 * x, 10 * y) for x in range(-1, 7) for y in range(-1, 6)]
    bumps = [terminal(TerminalKind.BUMP, k, at, f"n{k % 6}") for k, at in enumerate(chance.sample(places, 18))]
    rules = [
        NetRule(
            f"n{k}",
            balls=chance.randint(1, 5),
            allowed=None if chance.random() < 0.5 else tuple(map(str, sorted(chance.sample(range(24), 5)))),
        )
        for k in range(6)
    ]
    held: list[str | None] = ["other" if chance.random() < 0.1 else None for _ in balls]
    found = list(held)
    homeless = hold_in_turn(SimpleNamespace(balls=balls, bumps=bumps), rules, found)  # type: ignore[arg-type]
    wanted, without = list(held), []
    for rule in sorted(rules, key=lambda r: (len(r.allowed or balls), r.name)):
        own = [bump.at for bump in bumps if bump.net == rule.name]
        for _ in range(rule.balls):
            free = [
                (min(ball.at.distance(at) for at in own), j)
                for j, ball in enumerate(balls)
                if ball.usable and wanted[j] is None and (rule.allowed is None or ball.name in rule.allowed)
            ]
            if not free:
                without.append(rule.name)
                break
            wanted[min(free)[1]] = rule.name
    assert (found, homeless) == (wanted, without)
