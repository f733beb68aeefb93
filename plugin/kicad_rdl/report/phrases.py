"""How reports put counts, lists and KiCad's findings in words."""

from __future__ import annotations

from collections.abc import Sequence

from kicad_rdl.model.report import KicadCheck, KicadFinding
from kicad_rdl.units import UM, mm


def counted(count: int, thing: str) -> str:
    """``1 via``, ``2 vias``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def listed(title: str, items: Sequence[str], most: int, *, always: bool = False) -> list[str]:
    """A title with the number of items, and the first ``most`` of them; of no items nothing, unless ``always``."""
    if not items:
        return [f"{title}: none"] if always else []
    lines = [f"{title}: {len(items)}", *(f"  {item}" for item in items[:most])]
    return [*lines, f"  and {len(items) - most} more, all in report.json"] if len(items) > most else lines


def rounded(length: float) -> str:
    """A sum of lengths [nm] to the micrometre, in millimetres."""
    return mm(round(length / UM) * UM)


def not_run(kicad: KicadCheck) -> str:
    """That KiCad's DRC was not run, and why."""
    return f"KiCad's DRC: not run ({kicad.reason})"


def finding_words(findings: Sequence[KicadFinding]) -> list[str]:
    """A line for each type of finding of KiCad's DRC."""
    return [f"  {item.count} x {item.severity} {item.type}, such as: {item.example}" for item in findings]
