"""What came out, in words: what the terminal shows after a build."""

from __future__ import annotations

from collections.abc import Sequence

from kicad_rdl.model.layout import Cut, Layout
from kicad_rdl.model.package import Package
from kicad_rdl.model.report import KicadCheck, RefusedCount, Violation
from kicad_rdl.report.figures import ratio, routed_length, unconnected_nets, via_count
from kicad_rdl.units import UM, Nm, format_length, mm, um


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
    times_bound = ratio(length, layout.lower_bound)
    bound = mm(_round_to_um(layout.lower_bound))
    compared = "" if times_bound is None else f", {times_bound:.4f} times its lower bound of {bound}"
    lines = [
        f"{package.name}: {total - len(unconnected)} of {total} nets connected on {rdls} in {package.technology.name}",
        f"wirelength {mm(_round_to_um(length))}{compared}; {_counted(via_count(layout), 'via')}",
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
