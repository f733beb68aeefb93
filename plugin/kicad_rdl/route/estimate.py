"""How much fits, before anything is routed: the plan's maximum flow and its minimum cut, without geometry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kicad_rdl.model.layout import Cut
from kicad_rdl.model.package import Package
from kicad_rdl.model.report import Progress
from kicad_rdl.route.account import cuts_of
from kicad_rdl.route.plan import make_plan
from kicad_rdl.route.problem import problem_of
from kicad_rdl.route.router import refuse_impossible
from kicad_rdl.route.supplies import with_supplies


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the maximum flow through all gaps of all RDLs says about a package."""

    rdl_count: int
    wanted: int
    """Connections from bumps to balls that the package asks for (planes need none)."""
    fits: int
    """The maximum flow: how many of them fit."""
    on_layer: tuple[int, ...]
    """How many of those take RDL1, RDL2 ..., in the shortest plan."""
    cuts: tuple[Cut, ...]
    """The minimum cut, gap by gap; empty where everything fits. For more to fit, it must be widened."""
    homeless: tuple[str, ...]
    """Nets with a plane that find too few balls."""

    @property
    def enough(self) -> bool:
        """Whether everything fits."""
        return self.fits >= self.wanted and not self.homeless


def estimate(package: Package, progress: Callable[[Progress], None] | None = None) -> Estimate:
    """Plans a package and says how much of it fits on its RDLs.

    Raises:
        ModelError: the router cannot use several RDLs in this technology.
    """
    say = progress or (lambda _: None)
    refuse_impossible(package)
    stage = "flow on 1 RDL" if package.rdl_count == 1 else f"flow on {package.rdl_count} RDLs"
    problem = problem_of(with_supplies(package)[0])
    plan = make_plan(problem, lambda done, total: say(Progress(stage, done, total)))
    enough = plan.value >= plan.wanted
    return Estimate(
        package.rdl_count,
        plan.wanted,
        plan.value,
        tuple(len(layer.wires) for layer in plan.layers),
        () if enough else cuts_of(problem, plan, (), ())[1],
        tuple(plan.homeless),
    )
