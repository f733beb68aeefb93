"""What came out? The report of a layout as JSON data, and its summary in words. Same layout, same bytes."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

from kicad_rdl import __version__
from kicad_rdl.geometry import Point
from kicad_rdl.model.layout import Cut, Layout
from kicad_rdl.model.package import Package, SupplyStyle, terminal_name
from kicad_rdl.model.report import KicadCheck, RefusedCount, Rule, Severity, Violation
from kicad_rdl.model.technology import Status, Technology
from kicad_rdl.units import UM, Nm, format_length, mm, um

FORMAT = 1
"""Version of the report's format."""
RATIO_DIGITS = 6
LINE_LENGTH = 120

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
            "gained_um": _um(layout.improvement.gained),
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


def report_text(report: Json) -> str:
    """The bytes of ``report.json``: a container stands on one line where it fits, so that lists can be read."""
    return _printed(report, 0) + "\n"


def _printed(value: Any, depth: int) -> str:
    flat = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(flat) + depth <= LINE_LENGTH or not isinstance(value, dict | list):
        return flat
    inner = " " * (depth + 1)
    if isinstance(value, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_printed(part, depth + 1)}" for key, part in value.items()]
        return "{\n" + inner + f",\n{inner}".join(parts) + "\n" + " " * depth + "}"
    if not any(isinstance(part, dict | list) for part in value):
        lines = [""]
        for part in (json.dumps(part, ensure_ascii=False) for part in value):
            if lines[-1] and len(lines[-1]) + len(part) + 2 + depth > LINE_LENGTH:
                lines.append("")
            lines[-1] += f", {part}" if lines[-1] else part
        return "[\n" + inner + f",\n{inner}".join(lines) + "\n" + " " * depth + "]"
    return "[\n" + inner + f",\n{inner}".join(_printed(part, depth + 1) for part in value) + "\n" + " " * depth + "]"


def is_clean(layout: Layout, violations: Sequence[Violation], kicad: KicadCheck) -> bool:
    """Everything routed, nothing violated, and no finding of KiCad's DRC if that was run."""
    return not layout.unrouted and not violations and not kicad.findings


def routed_length(layout: Layout) -> float:
    """Copper of the routed connections, edge to edge [nm]."""
    return math.fsum(connection.length for connection in layout.connections if connection.length is not None)


def unconnected_nets(layout: Layout) -> tuple[str, ...]:
    """Nets with something unrouted, sorted."""
    return tuple(sorted({item.net for item in layout.unrouted}))


# --- the parts -------------------------------------------------------------------------------------------------------


def _um(length: float) -> int | float:
    """Nanometres as the exact decimal number of micrometres (three decimals survive a float, and its text)."""
    whole = round(length)
    return whole // UM if whole % UM == 0 else whole / UM


def _place(point: Point) -> Json:
    return {"x_um": _um(point.x), "y_um": _um(point.y)}


def _ratio(length: float, bound: float) -> float | None:
    """Length over bound, rounded up: towards the worse."""
    return math.ceil(length / bound * 10**RATIO_DIGITS) / 10**RATIO_DIGITS if bound > 0 else None


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
        "measured_um": None if item.measured is None else _um(item.measured),
        "required_um": None if item.required is None else _um(item.required),
        "what_to_do": item.remedy,
    }


def _wirelength(layout: Layout) -> Json:
    length = routed_length(layout)
    return {
        "length_um": _um(length),
        "lower_bound_um": _um(layout.lower_bound),
        "ratio": _ratio(length, layout.lower_bound),
        "traces_um": _um(math.fsum(trace.path.length for trace in layout.all_traces)),
    }


def _vias(layout: Layout) -> Json:
    package = layout.package
    counts = Counter(via.layer for via in layout.vias)
    return {
        "total": _via_count(layout),
        "between": {
            f"{package.layer_name(layer)}-{package.layer_name(layer + 1)}": counts[layer]
            for layer in sorted(counts)
            if layer < package.rdl_count
        },
        "to_ubm": counts[package.rdl_count],
    }


def _via_count(layout: Layout) -> int:
    """Vias between RDLs; the openings under the balls, which are vias where the UBM is a layer, do not count."""
    return sum(via.layer < layout.package.rdl_count for via in layout.vias)


def _layers(layout: Layout) -> list[Json]:
    found = []
    for layer in range(1, layout.package.rdl_count + 1):
        metal = layout.package.technology.metal(layer)
        traces = [trace for trace in layout.all_traces if trace.layer == layer]
        found.append(
            {
                "name": layout.package.layer_name(layer),
                "line_um": _um(metal.line),
                "space_um": _um(metal.space),
                "thickness_um": _um(metal.thickness),
                "traces": len(traces),
                "length_um": _um(math.fsum(trace.path.length for trace in traces)),
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
        "load": _ratio(cut.needed, cut.fits),
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
        "width_um": _um(package.width),
        "height_um": _um(package.height),
        "rdl_count": package.rdl_count,
        "rdl_count_chosen_by": "kicad-rdl" if auto_rdl else "job",
        "angles": package.angles.value,
        "dies": [
            {
                "name": placed.die.name,
                "width_um": _um(placed.die.width),
                "height_um": _um(placed.die.height),
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
            "pitch_x_um": _um(package.ball.pitch_x),
            "pitch_y_um": _um(package.ball.pitch_y),
            "diameter_um": _um(package.ball.diameter),
            "opening_um": _um(package.ball.opening),
            "ubm_um": _um(package.ball.ubm),
            "pad_um": _um(package.ball.pad),
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
        "findings": [
            {"type": item.type, "severity": item.severity, "count": item.count, "example": item.example}
            for item in kicad.findings
        ],
    }


# --- in words --------------------------------------------------------------------------------------------------------


def summary(
    layout: Layout,
    violations: Sequence[Violation],
    kicad: KicadCheck,
    most: int = 10,
    refused: Sequence[RefusedCount] = (),
    notes: Sequence[str] = (),
) -> tuple[str, ...]:
    """The report for people, line by line; of long lists the first ``most``."""
    package = layout.package
    unconnected = unconnected_nets(layout)
    total = len(package.nets)
    rdls = _rdls(package.rdl_count)
    length = routed_length(layout)
    ratio = _ratio(length, layout.lower_bound)
    bound = "" if ratio is None else f", {ratio:.4f} times its lower bound of {mm(_round_to_um(layout.lower_bound))}"
    lines = [
        f"{package.name}: {total - len(unconnected)} of {total} nets connected on {rdls} in {package.technology.name}",
        f"wirelength {mm(_round_to_um(length))}{bound}; {_counted(_via_count(layout), 'via')}",
    ]
    if layout.improvement.connections or layout.improvement.stopped_early:
        gained = mm(_round_to_um(layout.improvement.gained))
        times = _counted(layout.improvement.connections, "connection")
        early = "; stopped before nothing was left to gain" if layout.improvement.stopped_early else ""
        lines.append(f"improved: {times} drawn anew, {gained} gained{early}")
    lines += [f"{_rdls(item.rdl_count)} will not do: {item.reason}" for item in refused]
    lines += _listed("supplies", [f"{s.net}: {s.style.value}, {s.reason}" for s in layout.supplies], most)
    if layout.fullest is not None:
        lines.append(f"most loaded cut: {_cut_words(package, layout.fullest)}")
    lines += _unrouted_words(layout, most)
    lines += _listed(
        "bottlenecks",
        ["; ".join([_cut_words(package, cut), *cut.remedies]) for cut in layout.bottlenecks],
        most,
    )
    lines += _listed("violations", [violation_words(item) for item in violations], most)
    lines.append(_kicad_words(kicad))
    lines += [f"  {item.count} x {item.severity} {item.type}, such as: {item.example}" for item in kicad.findings]
    lines += [f"note: {note}" for note in notes]
    return tuple(lines)


def _rdls(count: int) -> str:
    return "1 RDL" if count == 1 else f"{count} RDLs"


def _unrouted_words(layout: Layout, most: int) -> list[str]:
    """Unrouted connections by reason: many share one."""
    by_reason: dict[str, list[str]] = {}
    for item in layout.unrouted:
        by_reason.setdefault(item.reason, []).append(
            f"{item.net} ({item.start}{f' to {item.end}' if item.end else ''})"
        )
    lines = [f"not routed: {len(layout.unrouted)}"] if by_reason else []
    for reason, names in by_reason.items():
        more = f" and {len(names) - most} more" if len(names) > most else ""
        lines.append(f"  {_counted(len(names), 'connection')}: {reason}: {', '.join(names[:most])}{more}")
    return lines


def violation_words(item: Violation) -> str:
    """One violation in one line."""
    numbers = ""
    if item.measured is not None and item.required is not None:
        numbers = f": {um(item.measured)}, needs {um(item.required)}"
    elif item.required is not None:
        numbers = f": needs {um(item.required)}"
    where = f"{item.layer} at {format_length(item.at.x)}, {format_length(item.at.y)} um"
    return f"{item.severity.value} {item.rule.value} on {where}, {' and '.join(item.things)}{numbers}; {item.remedy}"


def _listed(title: str, items: list[str], most: int) -> list[str]:
    if not items:
        return [f"{title}: none"] if title == "violations" else []
    lines = [f"{title}: {len(items)}", *(f"  {item}" for item in items[:most])]
    return [*lines, f"  and {len(items) - most} more, all in report.json"] if len(items) > most else lines


def _cut_words(package: Package, cut: Cut) -> str:
    place = f"{package.layer_name(cut.layer)} between {cut.start_name} and {cut.end_name}"
    return f"{place}: {cut.needed} needed, {cut.fits} fit"


def _kicad_words(kicad: KicadCheck) -> str:
    if kicad.version is None:
        return f"KiCad's DRC: not run ({kicad.reason})"
    if kicad.clean:
        return f"KiCad's DRC {kicad.version}: no error, no warning, nothing unconnected"
    return f"KiCad's DRC {kicad.version}: {_counted(sum(item.count for item in kicad.findings), 'finding')}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _round_to_um(length: float) -> Nm:
    return round(length / UM) * UM
