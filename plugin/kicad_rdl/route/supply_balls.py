"""Which balls the nets with planes take: spread over their bumps, and close to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kicad_rdl.errors import ModelError
from kicad_rdl.model.package import NetRule
from kicad_rdl.route.bound import matching_bound
from kicad_rdl.route.problem import Problem
from kicad_rdl.route.sites import Sites

Place = tuple[float, float]


def hold_for_planes(
    problem: Problem,
    plane_layer: Mapping[str, int],
    held: list[str | None],
    sites: Sites,
    choosy: Sequence[NetRule],
) -> list[str]:
    """Gives the nets with planes their balls.

    The bumps of a net are divided into as many parts of equal number as it takes balls; the cheapest matching of
    the middles of all parts of all nets to balls decides. So a supply is fed where it is used.

    Args:
        problem: the task.
        plane_layer: the layer that the stacks of each net must reach.
        held: [balls] for whom a ball is held; changed here.
        sites: where stacks stand.
        choosy: nets without a plane that may take some balls only. They take part in the matching, so that enough is
            left for them, and get their balls later.

    Returns:
        Nets that got too few.
    """
    rules = {rule.name: rule for rule in problem.package.nets}
    bumps: dict[str, list[Place]] = {}
    for bump in problem.bumps:
        if bump.net is not None:
            bumps.setdefault(bump.net, []).append((bump.at.x, bump.at.y))
    fed = [rules[name] for name in sorted(plane_layer) if name in bumps and rules[name].balls]
    nets = [*fed, *(rule for rule in choosy if rule.balls)] if fed else []
    choice = [_choice(problem, rule, plane_layer.get(rule.name), held, sites) for rule in nets]
    taken = _matched(problem, nets, [middles(bumps[rule.name], rule.balls) for rule in nets], choice)
    if taken is None:
        taken = _in_turn(problem, nets, [bumps[rule.name] for rule in nets], choice)
    homeless = []
    for rule, balls in zip(fed, taken, strict=False):
        for ball in balls:
            held[ball] = rule.name
        if len(balls) < rule.balls:
            homeless.append(rule.name)
    return homeless


def _choice(problem: Problem, rule: NetRule, layer: int | None, held: Sequence[str | None], sites: Sites) -> list[int]:
    """Balls that the net may take, and from which a stack, or a wire and its vias, may reach its plane, if any."""
    return [
        j
        for j, ball in enumerate(problem.balls)
        if ball.usable
        and held[j] is None
        and (layer is None or problem.package.staggered or sites.ball_limit[j] <= layer)
        and (rule.allowed is None or ball.name in rule.allowed)
    ]


def middles(places: Sequence[Place], count: int) -> list[Place]:
    """The middles of ``count`` parts of the places, of equal number as near as can be, by halving along the longer
    side; places count several times where there are too few."""
    points = np.array(sorted(list(places) * -(-count // len(places))), dtype=np.float64)
    found: list[Place] = []
    stack = [(points, count)]
    while stack:
        part, wanted = stack.pop()
        if wanted == 1:
            x, y = part.mean(axis=0).tolist()
            found.append((x, y))
            continue
        axis = int(np.ptp(part[:, 1]) > np.ptp(part[:, 0]))
        part = part[np.lexsort((part[:, 1 - axis], part[:, axis]))]
        first = wanted // 2
        at = round(len(part) * first / wanted)
        stack += [(part[at:], wanted - first), (part[:at], first)]
    return found


def _matched(
    problem: Problem, nets: Sequence[NetRule], wants: Sequence[Sequence[Place]], choice: Sequence[Sequence[int]]
) -> list[list[int]] | None:
    """Balls of each net by the cheapest matching; None where there are not enough for all."""
    if not nets:
        return []
    try:
        matching = matching_bound(
            [at for own in wants for at in own],
            [(ball.at.x, ball.at.y) for ball in problem.balls],
            net=[k for k, own in enumerate(wants) for _ in own],
            units=[len(own) for own in wants],
            allowed=choice,
        )
    except ModelError:
        return None
    taken: list[list[int]] = [[] for _ in nets]
    owner = (k for k, own in enumerate(wants) for _ in own)
    for k, ball in zip(owner, matching.sink_of.tolist(), strict=True):
        taken[k].append(ball)
    return taken


def _in_turn(
    problem: Problem, nets: Sequence[NetRule], bumps: Sequence[Sequence[Place]], choice: Sequence[Sequence[int]]
) -> list[list[int]]:
    """Where there are too few for all: one ball for each net in turn, the nearest to the middle of its bumps."""
    at = np.array([(ball.at.x, ball.at.y) for ball in problem.balls], dtype=np.float64).reshape(-1, 2)
    queues: list[list[int]] = []
    for own, balls in zip(bumps, choice, strict=True):
        far = ((at[balls] - np.mean(own, axis=0)) ** 2).sum(axis=1)
        queues.append([balls[k] for k in np.argsort(far, kind="stable")][::-1])
    taken: list[list[int]] = [[] for _ in nets]
    gone: set[int] = set()
    for _ in range(max(rule.balls for rule in nets)):
        for k, rule in enumerate(nets):
            while queues[k] and queues[k][-1] in gone:
                queues[k].pop()
            if queues[k] and len(taken[k]) < rule.balls:
                taken[k].append(queues[k].pop())
                gone.add(taken[k][-1])
    return taken
