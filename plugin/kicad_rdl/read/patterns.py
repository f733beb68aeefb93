"""Which names does a pattern mean? ``*`` and ``?`` only: net names are full of square brackets."""

from __future__ import annotations

import re


def matches(name: str, pattern: str) -> bool:
    """Whether the name is the pattern, ``*`` standing for any text and ``?`` for one character."""
    wild = {"*": ".*", "?": "."}
    parts = re.split(r"(\*|\?)", re.sub(r"\*+", "*", pattern))
    return re.fullmatch("".join(wild.get(part, re.escape(part)) for part in parts), name) is not None
