"""From package to layout: plan, wire, pour, and an account of what could not be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kicad_rdl.model.layout import Layout
from kicad_rdl.model.package import Package
from kicad_rdl.model.report import Progress
from kicad_rdl.route.account import connections_of, cuts_of, fullest_cut, lower_bound
from kicad_rdl.route.assembly import bare_layout, final_plan
from kicad_rdl.route.fillets import fillets
from kicad_rdl.route.plan import make_plan
from kicad_rdl.route.pouring import pour_layers, without_skeletons
from kicad_rdl.route.problem import problem_of
from kicad_rdl.route.supplies import with_supplies
from kicad_rdl.route.teardrops import teardrops
from kicad_rdl.route.why_open import explained
from kicad_rdl.route.wiring import wire_layers


def route(
    package: Package,
    progress: Callable[[Progress], None] | None = None,
    late: Callable[[], bool] = lambda: False,
) -> Layout:
    """Turns a package into copper.

    Args:
        package: what is asked for.
        progress: gets every step of long work.
        late: says that time is up: what is drawn by then is laid and returned, the rest is reported as open.
    """
    say = progress or (lambda _: None)
    package, supplies = with_supplies(package)
    problem = problem_of(package)
    plan = make_plan(problem, lambda done, total: say(Progress("plan", done, total)))
    wiring = wire_layers(problem, plan, say, late)
    plan = final_plan(problem, wiring)
    say(Progress("pour", 0, 1))
    bare = bare_layout(problem, plan, wiring.routed)
    drops = teardrops(bare)
    drops += fillets(bare, drops)
    poured = pour_layers(problem, plan, wiring.routed, drops)
    missing = without_skeletons(problem, wiring.missing)
    connections = connections_of(problem, plan, wiring.routed, missing, poured.unreached)
    unrouted, bottlenecks = cuts_of(problem, plan, wiring.routed, [*missing, *poured.unreached], wiring.why_lost)
    unrouted, bottlenecks = explained(problem, plan, wiring.routed, wiring.sketches, unrouted, bottlenecks)
    pose = problem.pose
    unchanged = poured.plan is plan and poured.wires is wiring.routed
    layout = bare if unchanged else bare_layout(problem, poured.plan, poured.wires)
    say(Progress("pour", 1, 1))
    return replace(
        layout,
        teardrops=poured.drops,
        planes=tuple(
            replace(p, outline=pose.undo_polygon(p.outline), fills=tuple(pose.undo_polygon(f) for f in p.fills))
            for p in poured.planes
        ),
        connections=connections,
        unrouted=unrouted,
        bottlenecks=bottlenecks,
        fullest=fullest_cut(problem, wiring.sketches),
        lower_bound=lower_bound(problem, plan, connections),
        supplies=supplies,
        improvement=replace(wiring.improvement, stopped_early=late()),
    )
