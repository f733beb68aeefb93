"""A difference as an ECO list: in words, as CSV, as JSON data."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

from kicad_rdl.diff.changes import BALLS, Change, Contact, Difference, Group, Kind
from kicad_rdl.geometry import ORIGIN, Circle, Octagon, Point, Rectangle, Shape
from kicad_rdl.units import format_length, um

COLUMNS = (
    "change", "group", "old_name", "new_name", "old_x_um", "old_y_um", "new_x_um", "new_y_um", "dx_um", "dy_um",
    "distance_um", "old_net", "new_net", "old_ball", "new_ball", "old_shape", "new_shape",
)  # fmt: skip
NAMES_SHOWN = 5
NO_NET = "no net"
NO_BALL = "no ball"


def difference_words(difference: Difference) -> Iterator[str]:
    """Line by line; the last one is the summary."""
    for note in difference.notes:
        yield f"note: {note}"
    yield from difference.placements
    for group in difference.groups:
        if group.shift != ORIGIN:
            yield f"{_called(group.name)}: all shifted by {_vector(group.shift)}; what follows is beyond that"
    several = len(difference.groups) > 1
    yield from (_words(change, several) for change in difference.changes if change.kinds != (Kind.SHAPE,))
    yield from _shape_words(difference)
    yield from (_summary(group, difference) for group in difference.groups)


def _words(change: Change, several: bool) -> str:
    group = f"{_called(change.group)} " if several and change.group != BALLS else ""
    what = "ball" if change.group == BALLS else "bump"
    old, new = change.old, change.new
    if new is None:
        assert old is not None
        return f"gone: {group}{what} {old.name} at {_place(old.at)}, {old.net or NO_NET}"
    if old is None:
        return f"added: {group}{what} {new.name} at {_place(new.at)}, {new.net or NO_NET}"
    parts: list[str] = []
    for kind in change.kinds:
        match kind:
            case Kind.RENAMED:
                parts.append(f"now called {new.name}")
            case Kind.MOVED:
                parts.append(f"{_vector(change.shift)} to {_place(new.at)}")
            case Kind.NET:
                parts.append(f"net {old.net or NO_NET} -> {new.net or NO_NET}")
            case Kind.BALL:
                parts.append(f"ball {old.ball or NO_BALL} -> {new.ball or NO_BALL}")
            case Kind.SHAPE:
                parts.append(f"{_shape(old.shape)} -> {_shape(new.shape)}")
    return f"{_label(change)}: {group}{what} {old.name}: {'; '.join(parts)}"


def _shape_words(difference: Difference) -> Iterator[str]:
    """One line for all contacts of a group whose shape changed in the same way, and nothing else of them."""
    alike: dict[tuple[str, str], list[str]] = {}
    for change in difference.changes:
        if change.kinds == (Kind.SHAPE,) and change.old is not None and change.new is not None:
            step = f"{_shape(change.old.shape)} -> {_shape(change.new.shape)}"
            alike.setdefault((change.group, step), []).append(change.old.name)
    for (group, step), names in alike.items():
        what = BALLS if group == BALLS else f"bumps of {_called(group)}"
        shown = ", ".join(names[:NAMES_SHOWN]) + (" ..." if len(names) > NAMES_SHOWN else "")
        yield f"shape: {len(names)} {what} ({shown}): {step}"


def _label(change: Change) -> str:
    return " + ".join(change.kinds)


def _summary(group: Group, difference: Difference) -> str:
    mine = [change for change in difference.changes if change.group == group.name]
    counts = Counter(kind for change in mine for kind in change.kinds)
    what = BALLS if group.name == BALLS else "bumps"
    name = "" if group.name == BALLS else f"{_called(group.name)}: "
    told = ", ".join(f"{counts[kind]} {WORDS[kind]}" for kind in Kind if counts[kind])
    return f"{name}{group.old_count} {what} in the old map, {group.new_count} in the new one: {told or 'no difference'}"


WORDS = {
    Kind.GONE: "gone",
    Kind.ADDED: "added",
    Kind.RENAMED: "renamed",
    Kind.MOVED: "moved",
    Kind.NET: "on another net",
    Kind.BALL: "on another ball",
    Kind.SHAPE: "of another shape",
}


def _called(group: str) -> str:
    return BALLS if group == BALLS else f"die {group}"


def _place(at: Point) -> str:
    return f"{format_length(at.x)}, {um(at.y)}"


def _vector(step: Point) -> str:
    return f"{step.distance(ORIGIN) / 1000:.3f}".rstrip("0").rstrip(".") + f" um ({_signed(step.x)}, {_signed(step.y)})"


def _signed(length: int) -> str:
    return ("+" if length >= 0 else "") + format_length(length)


def _shape(shape: Shape | None) -> str:
    match shape:
        case None:
            return ""
        case Circle(d):
            return f"circle {format_length(d)}"
        case Octagon(w):
            return f"octagon {format_length(w)}"
        case Rectangle(w, h):
            return f"rectangle {format_length(w)} x {format_length(h)}"


def difference_csv(difference: Difference) -> str:
    """One row for every change of a contact, and one for a group that is shifted as a whole."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    for group in difference.groups:
        if group.shift != ORIGIN:
            writer.writerow({"change": "shifted", "group": group.name, **_step(group.shift)})
    for change in difference.changes:
        writer.writerow(_row(change))
    return text.getvalue()


def _row(change: Change) -> dict[str, str]:
    row = {"change": " ".join(change.kinds), "group": change.group}
    for prefix, contact in (("old", change.old), ("new", change.new)):
        if contact is not None:
            row |= {f"{prefix}_{key}": value for key, value in _cells(contact).items()}
    return row | (_step(change.shift) if Kind.MOVED in change.kinds else {})


def _cells(contact: Contact) -> dict[str, str]:
    return {
        "name": contact.name,
        "x_um": format_length(contact.at.x),
        "y_um": format_length(contact.at.y),
        "net": contact.net or "",
        "ball": contact.ball or "",
        "shape": _shape(contact.shape),
    }


def _step(step: Point) -> dict[str, str]:
    return {
        "dx_um": format_length(step.x),
        "dy_um": format_length(step.y),
        "distance_um": f"{step.distance(ORIGIN) / 1000:.3f}",
    }


def difference_data(difference: Difference) -> dict[str, Any]:
    """The same for ``--json``; lengths in um."""
    return {
        "equal": difference.is_empty,
        "groups": [
            {"name": g.name, "old": g.old_count, "new": g.new_count, "shift_um": _numbers(g.shift)}
            for g in difference.groups
        ],
        "placements": list(difference.placements),
        "changes": [
            {
                "group": change.group,
                "kinds": list(change.kinds),
                "old": _data(change.old),
                "new": _data(change.new),
                "moved_um": _numbers(change.shift) if Kind.MOVED in change.kinds else None,
            }
            for change in difference.changes
        ],
        "notes": list(difference.notes),
    }


def _data(contact: Contact | None) -> dict[str, Any] | None:
    if contact is None:
        return None
    x, y = _numbers(contact.at)
    shape = _shape(contact.shape) or None
    return {"name": contact.name, "x_um": x, "y_um": y, "net": contact.net, "ball": contact.ball, "shape": shape}


def _numbers(at: Point) -> tuple[float, float]:
    return at.x / 1000, at.y / 1000
