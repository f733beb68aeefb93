"""What came out, as JSON data: the contents of ``report.json``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

from kicad_rdl import __version__
from kicad_rdl.geometry import Point
from kicad_rdl.model.layout import Cut, Layout
from kicad_rdl.model.package import Package, SupplyStyle, terminal_name
from kicad_rdl.model.report import KicadCheck, KicadFinding, RefusedCount, Rule, Severity, Violation
from kicad_rdl.model.technology import Status, Technology
from kicad_rdl.report.figures import is_clean, micrometres, ratio, routed_length, unconnected_nets, via_count

FORMAT = 1
"""Version of the report's format."""

Json: TypeAlias = dict[str, Any]


def report_of(
    layout: Layout,
    violations: Sequence[Violation],
    kicad: KicadCheck,
    *,
    job: str = "",
    auto_rdl: bool = False,
    refused: Sequence[RefusedCount] = (),
    notes: Sequence[str] = (),
) -> Json:
    """The report. Lengths are micrometres, exact to the nanometre; no time and no path of this machine is in it.

    Args:
        layout: what was routed.
        violations: what the checker found in it.
        kicad: the verdict of KiCad's DRC.
        job: file name of the job, without its folder.
        auto_rdl: the number of RDLs was left to the tool.
        refused: numbers of RDLs that do not do.
        notes: what was simplified or passed over in the files of the job.
    """
    package = layout.package
    return {
        "format": FORMAT,
        "tool": {"name": "kicad-rdl", "version": __version__},
        "job": {"file": job, "name": package.name, "description": package.description, "notes": list(notes)},
        "clean": is_clean(layout, violations, kicad),
        "connections": _connections(layout),
        "nets": _nets(layout),
        "violations": _violations(violations),
        "wirelength": _wirelength(layout),
        "routing": {
            "improved_connections": layout.improvement.connections,
            "gained_um": micrometres(layout.improvement.gained),
            "stopped_early": layout.improvement.stopped_early,
        },
        "vias": _vias(layout),
        "layers_used": [layer["name"] for layer in _layers(layout) if layer["traces"] or layer["planes"]],
        "layers": _layers(layout),
        "supplies": _supplies(layout),
        "maximum_flow": layout.maximum_flow,
        "most_loaded_cut": None if layout.fullest is None else _cut(package, layout.fullest),
        "bottlenecks": [_cut(package, cut) for cut in layout.bottlenecks],
        "ball_assignment": _assignment(layout),
        "bump_to_bump": _between_bumps(layout),
        "package": _package(package, auto_rdl),
        "rdl_counts_refused": [{"rdl_count": item.rdl_count, "reason": item.reason} for item in refused],
        "technology": _technology(package.technology),
        "checks": {"kicad-rdl": [rule.value for rule in Rule], "kicad": _kicad(kicad)},
    }


def _place(point: Point) -> Json:
    return {"x_um": micrometres(point.x), "y_um": micrometres(point.y)}


def _connections(layout: Layout) -> Json:
    routed = sum(connection.layer is not None for connection in layout.connections)
    return {
        "total": routed + len(layout.unrouted),
        "routed": routed,
        "unrouted": [
            {"net": item.net, "from": item.start, "to": item.end, "reason": item.reason, "bottleneck": item.cut}
            for item in layout.unrouted
        ],
    }


def _nets(layout: Layout) -> Json:
    unconnected = unconnected_nets(layout)
    total = len(layout.package.nets)
    return {"total": total, "connected": total - len(unconnected), "unconnected": list(unconnected)}


def _violations(violations: Sequence[Violation]) -> Json:
    by_rule = {rule.value: sum(item.rule is rule for item in violations) for rule in Rule}
    return {
        "total": len(violations),
        "errors": sum(item.severity is Severity.ERROR for item in violations),
        "warnings": sum(item.severity is Severity.WARNING for item in violations),
        "by_rule": {rule: count for rule, count in by_rule.items() if count},
        "list": [violation_data(item) for item in violations],
    }


def violation_data(item: Violation) -> Json:
    """One violation as the report has it."""
    return {
        "rule": item.rule.value,
        "severity": item.severity.value,
        "where": {"layer": item.layer, **_place(item.at)},
        "things": list(item.things),
        "measured_um": None if item.measured is None else micrometres(item.measured),
        "required_um": None if item.required is None else micrometres(item.required),
        "what_to_do": item.remedy,
    }


def _wirelength(layout: Layout) -> Json:
    length = routed_length(layout)
    return {
        "length_um": micrometres(length),
        "lower_bound_um": micrometres(layout.lower_bound),
        "ratio": ratio(length, layout.lower_bound),
        "traces_um": micrometres(math.fsum(trace.path.length for trace in layout.all_traces)),
    }


def _vias(layout: Layout) -> Json:
    package = layout.package
    counts = Counter(via.layer for via in layout.vias)
    return {
        "total": via_count(layout),
        "between": {
            f"{package.layer_name(layer)}-{package.layer_name(layer + 1)}": counts[layer]
            for layer in sorted(counts)
            if layer < package.rdl_count
        },
        "to_ubm": counts[package.rdl_count],
    }


def _layers(layout: Layout) -> list[Json]:
    found = []
    for layer in range(1, layout.package.rdl_count + 1):
        metal = layout.package.technology.metal(layer)
        traces = [trace for trace in layout.all_traces if trace.layer == layer]
        found.append(
            {
                "name": layout.package.layer_name(layer),
                "line_um": micrometres(metal.line),
                "space_um": micrometres(metal.space),
                "thickness_um": micrometres(metal.thickness),
                "traces": len(traces),
                "length_um": micrometres(math.fsum(trace.path.length for trace in traces)),
                "planes": [plane.net for plane in layout.planes if plane.layer == layer],
            }
        )
    return found


def _cut(package: Package, cut: Cut) -> Json:
    return {
        "layer": package.layer_name(cut.layer),
        "between": [cut.start_name, cut.end_name],
        "from": _place(cut.start),
        "to": _place(cut.end),
        "needed": cut.needed,
        "fits": cut.fits,
        "load": ratio(cut.needed, cut.fits),
        "what_to_do": list(cut.remedies),
    }


def _supplies(layout: Layout) -> list[Json]:
    """Nets with planes, and those of which the tool decided against one."""
    why = {supply.net: supply.reason for supply in layout.supplies}
    return [
        {
            "net": rule.name,
            "style": rule.style.value,
            "planes": [layout.package.layer_name(k) for k in (rule.plane_layer, *rule.more_planes) if k is not None],
            "hatched": rule.hatch is not None,
            "reason": why.get(rule.name),
        }
        for rule in layout.package.nets
        if rule.style is SupplyStyle.PLANE or rule.name in why
    ]


def _assignment(layout: Layout) -> list[Json]:
    bumps: dict[str, list[str]] = {}
    for die, bump in layout.package.bumps:
        if bump.net is not None:
            bumps.setdefault(bump.net, []).append(terminal_name(layout.package, die, bump))
    given = layout.package.given
    return [
        {"ball": ball, "net": net, "given": given.get(ball) == net, "bumps": bumps.get(net, [])}
        for ball, net in layout.ball_nets
    ]


def _between_bumps(layout: Layout) -> list[Json]:
    """Nets that need no ball."""
    package = layout.package
    inner: dict[str | None, list[str]] = {rule.name: [] for rule in package.nets if rule.balls == 0}
    for die, bump in package.bumps:
        if bump.net in inner:
            inner[bump.net].append(terminal_name(package, die, bump))
    return [{"net": net, "bumps": bumps} for net, bumps in inner.items()]


def _package(package: Package, auto_rdl: bool) -> Json:
    return {
        "width_um": micrometres(package.width),
        "height_um": micrometres(package.height),
        "rdl_count": package.rdl_count,
        "rdl_count_chosen_by": "kicad-rdl" if auto_rdl else "job",
        "angles": package.angles.value,
        "dies": [
            {
                "name": placed.die.name,
                "width_um": micrometres(placed.die.width),
                "height_um": micrometres(placed.die.height),
                "at": _place(placed.at),
                "quarter_turns": placed.quarters,
                "mirrored": placed.mirrored,
                "bumps": len(placed.die.bumps),
            }
            for placed in package.dies
        ],
        "balls": {
            "count": len(package.balls),
            "nc": sum(ball.nc for ball in package.balls),
            "pitch_x_um": micrometres(package.ball.pitch_x),
            "pitch_y_um": micrometres(package.ball.pitch_y),
            "diameter_um": micrometres(package.ball.diameter),
            "opening_um": micrometres(package.ball.opening),
            "ubm_um": micrometres(package.ball.ubm),
            "pad_um": micrometres(package.ball.pad),
            "pad_shape": package.ball.pad_shape.value,
            "terminals": "mask-defined" if package.ball.mask_defined else "copper-defined",
        },
    }


def technology_data(technology: Technology) -> Json:
    """A technology with every value, as ``tech show --json`` prints it."""
    return {
        "name": technology.name,
        "title": technology.title,
        "source": technology.source,
        "values": [
            {
                "key": value.key,
                "number": value.number,
                "unit": value.unit,
                "status": value.status.value,
                "source": value.source,
            }
            for value in technology.provenance
        ],
    }


def _technology(technology: Technology) -> Json:
    data = technology_data(technology)
    values = data.pop("values")
    data["overridden"] = [value for value in values if value["status"] == Status.JOB.value]
    data["defaults"] = [value["key"] for value in values if value["status"] == Status.DEFAULT.value]
    return data


def _kicad(kicad: KicadCheck) -> Json:
    if kicad.version is None:
        return {"run": False, "reason": kicad.reason}
    return {
        "run": True,
        "version": kicad.version,
        "clean": kicad.clean,
        "findings": findings_data(kicad.findings),
    }


def findings_data(findings: Sequence[KicadFinding]) -> list[Json]:
    """What KiCad's DRC found, as the reports have it."""
    return [
        {"type": item.type, "severity": item.severity, "count": item.count, "example": item.example}
        for item in findings
    ]
