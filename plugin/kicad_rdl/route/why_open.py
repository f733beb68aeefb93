"""Why a connection stayed open: the full gaps that part its ends on the finished sketches, or the traces between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kicad_rdl.model.layout import Cut, Unrouted
from kicad_rdl.model.package import NetRule, SupplyStyle
from kicad_rdl.route.account import gap_names, gap_places, more_room
from kicad_rdl.route.barred import Barred
from kicad_rdl.route.blocking import Blockade, FullGap, net_names, words_of
from kicad_rdl.route.chains import Routed
from kicad_rdl.route.errands import Errand
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.laying import NO_GEOMETRY
from kicad_rdl.route.negotiate import FIRST_PRICE
from kicad_rdl.route.plan import Plan
from kicad_rdl.route.problem import Problem
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.wants import layers_for, via_price, widths_of


def explained(
    problem: Problem,
    plan: Plan,
    routed: Sequence[Routed],
    sketches: Sketches,
    unrouted: Sequence[Unrouted],
    cuts: Sequence[Cut],
) -> tuple[tuple[Unrouted, ...], tuple[Cut, ...]]:
    """Open connections with the cut that blocks each, and all cuts; those that have a cut already keep it.

    Args:
        problem, plan: the task.
        routed: what was laid.
        sketches: as they are in the end.
        unrouted: open connections with what is known so far.
        cuts: those that ``unrouted`` refers to.
    """
    planes = {r.name for r in problem.package.nets if r.style is SupplyStyle.PLANE}
    posts = _Posts(problem, plan, routed)
    blockade = Blockade(sketches)
    barred = Barred(problem)
    metal = problem.package.technology.metal(1)
    price = FIRST_PRICE * (metal.line + metal.space)
    layer_names = [f"RDL{k}" for k in range(1, problem.package.rdl_count + 1)]
    all_cuts = list(cuts)
    place: dict[tuple[int, int], int] = {}
    found: list[Unrouted] = []
    for item in unrouted:
        own = [posts.number[label] for label in (item.start, item.end) if label in posts.number]
        shut = next((words for words in (_shut(problem, plan, barred, item.net, post) for post in own) if words), None)
        if shut is not None:
            found.append(replace(item, reason=shut, cut=None))
            continue
        known = item.cut is not None or item.net in planes or item.reason.startswith(NO_GEOMETRY)
        errand = None if known or item.start not in posts.number else posts.errand(item)
        if errand is None:
            found.append(item)
            continue
        starts, ends = ([post for post, _ in side] for side in (errand.starts, errand.ends))
        blocking = blockade.between(starts, ends, errand, price)
        crossed = net_names(sketches, blocking.crossed, posts.nets, item.net)
        where: int | None = None
        for gap in blocking.cut:
            if (gap.layer, gap.gap) not in place:
                place[gap.layer, gap.gap] = len(all_cuts)
                all_cuts.append(full_cut(problem, sketches, gap))
        if blocking.cut:
            tightest = min(blocking.cut, key=lambda gap: (gap.lack, gap.layer, gap.gap))
            where = place[tightest.layer, tightest.gap]
        reason = words_of(blocking, crossed, (item.start, item.end or "any ball"), layer_names)
        found.append(replace(item, reason=reason or item.reason, cut=where))
    return tuple(found), tuple(all_cuts)


class _Posts:
    """What is joined by what was laid.

    Attributes:
        nets: [posts] the net of each.
        number: label -> post.
    """

    def __init__(self, problem: Problem, plan: Plan, routed: Sequence[Routed]) -> None:
        self._problem, self._plan = problem, plan
        others = [*(via.terminal for via in plan.vias), *(branch.terminal for branch in plan.branches)]
        self.nets: list[str | None] = [*(b.net for b in problem.bumps), *plan.ball_nets, *(t.net for t in others)]
        self.number = {t.label: k for k, t in enumerate((*problem.bumps, *problem.balls, *others))}
        self._pieces = Groups(len(self.nets))
        for wire in routed:
            self._pieces.join(self.number[wire.start.label], self.number[wire.end.label])
        self._joined: dict[int, list[int]] = {}
        self._of_net: dict[str, list[int]] = {}
        for post, net in enumerate(self.nets):
            self._joined.setdefault(self._pieces.root(post), []).append(post)
            if net is not None:
                self._of_net.setdefault(net, []).append(post)

    def errand(self, item: Unrouted) -> Errand | None:
        """The way that is missing, from all that its start is joined to; None: there is nowhere to go."""
        rule = self._problem.package.net(item.net)
        root = self._pieces.root(self.number[item.start])
        if item.end is None:
            ends = self._free_balls(rule)
        else:
            ends = [post for post in self._of_net.get(item.net, ()) if self._pieces.root(post) != root]
            ends += [self.number[item.end]] if self.number[item.end] not in ends else []
        layers = layers_for(self._problem, self._plan, rule)
        if not layers or not ends:
            return None
        starts, sinks = (tuple((post, 0.0) for post in side) for side in (self._joined[root], ends))
        package = self._problem.package
        return Errand(starts, sinks, widths_of(package, rule), layers, via_price(package))

    def _free_balls(self, rule: NetRule) -> list[int]:
        return [
            len(self._problem.bumps) + j
            for j, (ball, net) in enumerate(zip(self._problem.balls, self._plan.ball_nets, strict=True))
            if ball.usable and net is None and (rule.allowed is None or ball.name in rule.allowed)
        ]


def _shut(problem: Problem, plan: Plan, barred: Barred, net: str, post: int) -> str | None:
    """That no trace of its net can start at a bump or ball, on any layer that it may reach; None: one can."""
    bumps, count = len(problem.bumps), problem.package.rdl_count
    if post < bumps:
        own, at, layers = problem.bumps[post], plan.sites.bump_at[post], range(1, plan.sites.bump_limit[post] + 1)
    elif post < bumps + len(problem.balls):
        ball = post - bumps
        own, at, layers = problem.balls[ball], plan.sites.ball_at[ball], range(plan.sites.ball_limit[ball], count + 1)
    else:
        return None
    over: list[str | None] = []
    for layer in layers:
        half = problem.package.trace_width(problem.package.net(net), layer) / 2
        place = own.at if layer == (1 if post < bumps else count) else at
        over.append(barred.over(place, half, layer))
    return None if None in over else f"keep-out {over[0]} lies over {own.label}: no trace can start there"


def full_cut(problem: Problem, sketches: Sketches, full: FullGap) -> Cut:
    """A full gap as a cut, in the package frame."""
    tiles = sketches.tiles[full.layer]
    u, v = tiles.edges[full.gap].tolist()
    places, names = gap_places(problem, tiles, (u, v)), gap_names(tiles, (u, v))
    remedies = [more_room(names, float(tiles.width[full.gap]), full.lack)]
    if problem.package.rdl_count < len(problem.package.technology.metals):
        remedies.append("one more RDL")
    needed = full.wires + 1
    return Cut(full.layer + 1, *places, *names, needed, full.wires, tuple(remedies))
