"""The layout as a value: everything that was planned, laid and poured, back in the package frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kicad_rdl.model.layout import Layout, Opening, Pad, PadKind, Side, Trace, Via
from kicad_rdl.model.package import Package, SupplyStyle, terminal_name
from kicad_rdl.route.chains import Routed
from kicad_rdl.route.locked import locked_joins
from kicad_rdl.route.plan import Plan
from kicad_rdl.route.problem import Pose, Problem, TerminalKind
from kicad_rdl.route.scene import bones_of
from kicad_rdl.route.stacks import stack
from kicad_rdl.route.wiring import Wiring


def final_plan(problem: Problem, wiring: Wiring) -> Plan:
    """The plan with the balls on which the wires end after all changes, and only the stacks that are needed.

    Balls that are given to a net are its balls also where no wire reached them: what is open shows on the board.
    """
    plan = wiring.plan
    plane = {r.name for r in problem.package.nets if r.style is SupplyStyle.PLANE}
    bump_index = {bump.label: i for i, bump in enumerate(problem.bumps)}
    ball_index = {ball.label: j for j, ball in enumerate(problem.balls)}
    deep = [d if bump.net in plane else 1 for bump, d in zip(problem.bumps, plan.deep, strict=True)]
    given = {r.name for r in problem.package.nets if r.allowed is not None and len(r.allowed) == r.balls}
    nets: list[str | None] = [net if net in plane or net in given else None for net in plan.ball_nets]
    high = [h if net in plane else problem.package.rdl_count for h, net in zip(plan.high, nets, strict=True)]
    for wire in wiring.routed:
        for terminal in (wire.start, wire.end):
            if terminal.kind is TerminalKind.BUMP:
                i = bump_index[terminal.label]
                deep[i] = max(deep[i], wire.layer)
            elif terminal.kind is TerminalKind.BALL:
                j = ball_index[terminal.label]
                nets[j] = wire.net
                high[j] = min(high[j], wire.layer)
    for join in locked_joins(problem, plan.ball_nets):
        for post in (join.one, join.other):
            if post >= len(problem.bumps):
                nets[post - len(problem.bumps)] = join.net
    return replace(plan, deep=tuple(deep), ball_nets=tuple(nets), high=tuple(high))


def bare_layout(problem: Problem, plan: Plan, routed: Sequence[Routed]) -> Layout:
    """Pads, vias, openings and traces; teardrops, planes and the account are still to come."""
    package, pose = problem.package, problem.pose
    ball_net = {ball.name: net for ball, net in zip(problem.balls, plan.ball_nets, strict=True)}
    return Layout(
        package=package,
        ball_nets=tuple((b.name, net) for b in package.balls if (net := ball_net[b.name]) is not None),
        pads=_pads(package, ball_net),
        vias=_vias(problem, plan, routed),
        traces=_traces(pose, [*routed, *bones_of(problem, plan)]),
        teardrops=(),
        planes=(),
        openings=_openings(package, ball_net),
        connections=(),
        unrouted=(),
        bottlenecks=(),
        fullest=None,
        maximum_flow=plan.value,
        lower_bound=0.0,
    )


def _traces(pose: Pose, routed: Sequence[Routed]) -> tuple[Trace, ...]:
    laid = (Trace(r.net, r.layer, r.width, pose.undo_path(r.path)) for r in routed)
    return tuple(sorted(laid, key=lambda t: (t.layer, t.net, t.path.start, t.path.end)))


def _pads(package: Package, ball_net: dict[str, str | None]) -> tuple[Pad, ...]:
    pads = [
        Pad(PadKind.BUMP_LAND, terminal_name(package, die, bump), bump.net, 1, bump.at, package.land(bump))
        for die, bump in package.bumps
    ]
    for ball in package.balls:
        pads.append(Pad(PadKind.UBM_PAD, ball.name, ball_net[ball.name], package.rdl_count, ball.at, package.ubm_pad))
        if package.has_ubm_layer:
            pads.append(
                Pad(
                    PadKind.UBM,
                    ball.name,
                    ball_net[ball.name],
                    package.rdl_count + 1,
                    ball.at,
                    package.ball_land,
                )
            )
    return tuple(pads)


def _vias(problem: Problem, plan: Plan, routed: Sequence[Routed]) -> tuple[Via, ...]:
    package = problem.package
    vias: list[Via] = []
    for bump, place, deep in zip(problem.bumps, plan.sites.bump_at, plan.deep, strict=True):
        if bump.net is not None:
            vias += stack(problem, place, bump.net, 1, deep)
    for ball, place, high, net in zip(problem.balls, plan.sites.ball_at, plan.high, plan.ball_nets, strict=True):
        if net is not None:
            vias += stack(problem, place, net, high, package.rdl_count)
        if package.has_ubm_layer:
            geometry = package.ball
            vias.append(
                Via(
                    net,
                    problem.pose.undo(ball.at),
                    package.rdl_count,
                    package.ubm_via_opening,
                    geometry.pad,
                    geometry.ubm,
                )
            )
    used = {t.label: wire.net for wire in routed for t in (wire.start, wire.end) if t.kind is TerminalKind.VIA}
    for via in plan.vias:
        if via.terminal.label in used:
            vias += stack(problem, via.terminal.at, used[via.terminal.label], via.layer, via.layer + 1)
    return tuple(sorted(vias, key=lambda v: (v.layer, v.at, v.net or "")))


def _openings(package: Package, ball_net: dict[str, str | None]) -> tuple[Opening, ...]:
    found = [
        Opening(Side.BUMP, bump.at, bump.shape, bump.net, terminal_name(package, die, bump))
        for die, bump in package.bumps
    ]
    shape = package.ball_opening
    found += [Opening(Side.LAND, ball.at, shape, ball_net[ball.name], ball.name) for ball in package.balls]
    return tuple(found)
