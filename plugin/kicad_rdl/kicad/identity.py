"""Names of things for KiCad: uuids that follow from what a thing is, and names that may be file names."""

from __future__ import annotations

import re
import uuid

from kicad_rdl.kicad.sexpr import Quoted, Tree

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://kicad-rdl.github.io/")
_UNFIT = re.compile(r"[^A-Za-z0-9._+-]+")
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever suffix follows."""


def identity(*what: object) -> Tree:
    """``(uuid ...)`` of a thing; ``what`` must tell it from everything else in the file."""
    return ("uuid", Quoted(uuid.uuid5(_NAMESPACE, "/".join(str(part) for part in what))))


def file_name(name: str) -> str:
    """A name that every file system and KiCad's library identifiers take."""
    plain = _UNFIT.sub("_", name).strip("._") or "package"
    return f"_{plain}" if _DEVICES.fullmatch(plain) else plain
