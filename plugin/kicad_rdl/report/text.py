"""JSON as a person reads it: the bytes of ``report.json``."""

from __future__ import annotations

import json
from typing import Any

LINE_LENGTH = 120


def report_text(report: dict[str, Any]) -> str:
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
