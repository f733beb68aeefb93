"""What came out, in words: what the terminal shows after a build."""

from __future__ import annotations

from collections.abc import Sequence

from kicad_rdl.model.layout import Cut, Layout
from kicad_rdl.model.package import Package
from kicad_rdl.model.report import KicadCheck, RefusedCount, Violation
from kicad_rdl.report.figures import ratio, routed_length, unconnected_nets, via_count
from kicad_rdl.report.phrases import counted, finding_words, listed, not_run, rounded
from kicad_rdl.units import format_length, um


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
    rdls = counted(package.rdl_count, "RDL")
    length = routed_length(layout)
    times_bound = ratio(length, layout.lower_bound)
    bound = rounded(layout.lower_bound)
    compared = "" if times_bound is None else f", {times_bound:.4f} times its lower bound of {bound}"
    lines = [
        f"{package.name}: {total - len(unconnected)} of {total} nets connected on {rdls} in {package.technology.name}",
        f"wirelength {rounded(length)}{compared}; {counted(via_count(layout), 'via')}",
    ]
    if layout.improvement.connections or layout.improvement.stopped_early:
        gained = rounded(layout.improvement.gained)
        times = counted(layout.improvement.connections, "connection")
        early = "; stopped before nothing was left to gain" if layout.improvement.stopped_early else ""
        lines.append(f"improved: {times} drawn anew, {gained} gained{early}")
    lines += [f"{counted(item.rdl_count, 'RDL')} will not do: {item.reason}" for item in refused]
    lines += listed("supplies", [f"{s.net}: {s.style.value}, {s.reason}" for s in layout.supplies], most)
    if layout.fullest is not None:
        lines.append(f"most loaded cut: {_cut_words(package, layout.fullest)}")
    lines += _unrouted_words(layout, most)
    lines += listed(
        "bottlenecks",
        ["; ".join([_cut_words(package, cut), *cut.remedies]) for cut in layout.bottlenecks],
        most,
    )
    lines += listed("violations", [violation_words(item) for item in violations], most, always=True)
    lines.append(_kicad_words(kicad))
    lines += finding_words(kicad.findings)
    lines += [f"note: {note}" for note in notes]
    return tuple(lines)


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
        lines.append(f"  {counted(len(names), 'connection')}: {reason}: {', '.join(names[:most])}{more}")
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


def _cut_words(package: Package, cut: Cut) -> str:
    place = f"{package.layer_name(cut.layer)} between {cut.start_name} and {cut.end_name}"
    return f"{place}: {cut.needed} needed, {cut.fits} fit"


def _kicad_words(kicad: KicadCheck) -> str:
    if kicad.version is None:
        return not_run(kicad)
    if kicad.clean:
        return f"KiCad's DRC {kicad.version}: no error, no warning, nothing unconnected"
    return f"KiCad's DRC {kicad.version}: {counted(sum(item.count for item in kicad.findings), 'finding')}"
