"""How many RDLs are needed, and why? What can be said of a job before it is routed, as data and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kicad_rdl.model.layout import Cut
from kicad_rdl.model.package import Package
from kicad_rdl.report.figures import micrometres
from kicad_rdl.report.phrases import counted
from kicad_rdl.units import um


@dataclass(frozen=True, slots=True)
class Attempt:
    """One number of RDLs, with its maximum flow, or why it is impossible."""

    rdl_count: int
    wanted: int = 0
    """Connections to balls that are asked for; nets with a plane need none."""
    fits: int = 0
    """How many of them fit at most: the maximum flow, and of settled ones what the narrowest wall lets through."""
    carried: tuple[tuple[str, int], ...] = ()
    """RDL, and how many connections take it in the shortest plan."""
    cut: tuple[Cut, ...] = ()
    """The minimum cut, gap by gap; empty where everything fits."""
    homeless: tuple[str, ...] = ()
    """Nets with a plane that find too few balls."""
    refusal: str | None = None
    settled: int = 0
    """Those of ``wanted`` whose ends are settled, such as given balls: they are no part of the flow."""
    settled_fits: int = 0
    wall: tuple[Cut, ...] = ()
    """A line or rectangle across all RDLs, side by side and layer by layer, that too many of the settled must cross."""
    shut: tuple[tuple[str, str], ...] = ()
    """Bumps without room for a stack of vias to a layer with signals, each with the ball that is in its way."""
    finer: tuple[tuple[int, int, int], ...] = ()
    """RDL, line and space [nm] with which all would pass the minimum cut."""

    @property
    def bottleneck(self) -> tuple[Cut, ...]:
        """What is too narrow."""
        return (*self.cut, *self.wall)

    @property
    def enough(self) -> bool:
        """Whether everything fits."""
        return self.refusal is None and self.fits >= self.wanted and not self.homeless


@dataclass(frozen=True, slots=True)
class Forecast:
    """All numbers of RDLs that were looked at, least first."""

    package: Package
    """As the job asks for it."""
    auto_rdl: bool
    attempts: tuple[Attempt, ...]

    @property
    def rdl_needed(self) -> int | None:
        """The least number of RDLs on which everything fits; None: the technology has not enough."""
        return next((attempt.rdl_count for attempt in self.attempts if attempt.enough), None)

    @property
    def asked(self) -> Attempt:
        """The attempt with the number of RDLs of the job; the last one where that is left to the tool."""
        wanted = self.attempts[-1].rdl_count if self.auto_rdl else self.package.rdl_count
        return next(attempt for attempt in self.attempts if attempt.rdl_count == wanted)


def forecast_words(forecast: Forecast, most: int = 10) -> tuple[str, ...]:
    """The forecast for people, line by line; of long lists the first ``most``."""
    package = forecast.package
    needed = forecast.rdl_needed
    if needed is None:
        verdict = (
            f"not everything fits on the {counted(forecast.attempts[-1].rdl_count, 'RDL')} of {package.technology.name}"
        )
    else:
        verdict = f"{counted(needed, 'RDL')} needed"
    lines = [f"{package.name}: {verdict}"]
    for attempt in forecast.attempts:
        lines += _attempt_words(attempt, len(package.technology.metals), most)
    return tuple(lines)


def _attempt_words(attempt: Attempt, rdls: int, most: int) -> list[str]:
    name = counted(attempt.rdl_count, "RDL")
    if attempt.refusal is not None:
        return [f"{name}: impossible: {attempt.refusal}"]
    carried = ", ".join(f"{count} on {layer}" for layer, count in attempt.carried)
    free, free_fits = attempt.wanted - attempt.settled, attempt.fits - attempt.settled_fits
    flow = f"{free_fits} of {free} connections fit (maximum flow); shortest plan: {carried}"
    given = f"{attempt.settled_fits} of {attempt.settled} connections with settled ends fit at most (walls)"
    if not attempt.settled:
        lines = [f"{name}: {flow}"]
    elif not free:
        lines = [f"{name}: {given}"]
    else:
        lines = [f"{name}: {attempt.fits} of {attempt.wanted} connections fit at most", f"  {flow}", f"  {given}"]
    if attempt.homeless:
        lines.append(f"  too few balls are left for {', '.join(attempt.homeless)}")
    if attempt.shut:
        names = ", ".join(bump for bump, _ in attempt.shut[:most])
        more = f" and {len(attempt.shut) - most} more" if len(attempt.shut) > most else ""
        balls = ", ".join(f'"{ball}"' for ball in dict.fromkeys(sorted(ball for _, ball in attempt.shut)))
        lines.append(
            f"  no stack of vias has room at {names}{more}, for the pads of balls: "
            f"leave these out (balls.depopulate = [{balls}])"
            + (" or take one more RDL" if attempt.rdl_count < rdls else "")
        )
    if attempt.cut:
        fit = sum(cut.fits for cut in attempt.cut)
        lines.append(f"  the bottleneck is the minimum cut through {len(attempt.cut)} gaps, {fit} traces in all:")
    lines += [
        f"    RDL{cut.layer} between {cut.start_name} and {cut.end_name}: {cut.fits} fit; {' or '.join(cut.remedies)}"
        for cut in attempt.cut[:most]
    ]
    if len(attempt.cut) > most:
        lines.append(f"    and {len(attempt.cut) - most} more gaps (--json lists them all)")
    if attempt.finer:
        sizes = ", ".join(f"{um(line)} and {um(space)} on RDL{layer}" for layer, line, space in attempt.finer)
        lines.append(f"    all would pass these gaps with line and space of {sizes}; then others may be the narrowest")
    return lines + _wall_words(attempt.wall)


def _wall_words(wall: Sequence[Cut]) -> list[str]:
    """The wall side by side; sides of layers without signals let nothing through."""
    if not wall:
        return []
    shape = "a line" if len({(cut.start, cut.end) for cut in wall}) == 1 else "a rectangle"
    room = sum(cut.fits for cut in wall)
    return [
        f"  {wall[0].needed} nets must cross {shape} that {room} traces can cross:",
        *(
            f"    RDL{cut.layer} from {cut.start_name} to {cut.end_name}: {cut.fits} fit; {' or '.join(cut.remedies)}"
            for cut in wall
        ),
    ]


def forecast_data(forecast: Forecast) -> dict[str, Any]:
    """The forecast as JSON data; lengths in micrometres."""
    return {
        "name": forecast.package.name,
        "technology": forecast.package.technology.name,
        "rdl_asked": "auto" if forecast.auto_rdl else forecast.package.rdl_count,
        "rdl_needed": forecast.rdl_needed,
        "attempts": [
            {
                "rdl_count": attempt.rdl_count,
                "enough": attempt.enough,
                "refusal": attempt.refusal,
                "connections": attempt.wanted,
                "fit_at_most": attempt.fits,
                "maximum_flow": attempt.fits - attempt.settled_fits,
                "shortest_plan": dict(attempt.carried),
                "nets_without_ball": list(attempt.homeless),
                "bumps_without_room_for_vias": [{"bump": bump, "ball": ball} for bump, ball in attempt.shut],
                "minimum_cut": [_gap_data(cut) for cut in attempt.cut],
                "line_and_space_to_pass": [
                    {"layer": f"RDL{layer}", "line_um": micrometres(line), "space_um": micrometres(space)}
                    for layer, line, space in attempt.finer
                ],
                "settled_connections": attempt.settled,
                "settled_that_fit_at_most": attempt.settled_fits,
                "wall": {"nets": attempt.wall[0].needed, "sides": [_gap_data(cut) for cut in attempt.wall]}
                if attempt.wall
                else None,
            }
            for attempt in forecast.attempts
        ],
    }


def _gap_data(cut: Cut) -> dict[str, Any]:
    return {
        "layer": f"RDL{cut.layer}",
        "between": [cut.start_name, cut.end_name],
        "from_um": [micrometres(cut.start.x), micrometres(cut.start.y)],
        "to_um": [micrometres(cut.end.x), micrometres(cut.end.y)],
        "fits": cut.fits,
        "what_to_do": list(cut.remedies),
    }
