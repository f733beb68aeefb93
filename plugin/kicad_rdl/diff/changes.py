"""Which bumps and balls are moved, renamed, added, gone or on another net?

Contacts are paired by name, those left over by place (renamed), and those still left over by net, where one contact on
each side has it (moved and renamed). A die is compared around its own centre, as the old map shows it; where it lies in
the package is a change of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kicad_rdl.geometry import ORIGIN, Point, Shape
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.model.source import Source
from kicad_rdl.units import Nm, um

BALLS = "balls"
"""The name of the group of the package's balls."""


class Kind(StrEnum):
    """What happened to a contact, in the order of the list."""

    GONE = "gone"
    ADDED = "added"
    RENAMED = "renamed"
    MOVED = "moved"
    NET = "net"
    BALL = "ball"
    SHAPE = "shape"


@dataclass(frozen=True, slots=True)
class Contact:
    """A bump or a ball."""

    name: str
    at: Point
    net: str | None
    shape: Shape | None
    ball: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one contact; ``old`` or ``new`` is None where it is added or gone."""

    group: str
    kinds: tuple[Kind, ...]
    old: Contact | None
    new: Contact | None
    shift: Point = ORIGIN
    """By how much it moved, beyond what its whole group did."""


@dataclass(frozen=True, slots=True)
class Group:
    """A die or the balls, as far as it was compared."""

    name: str
    old_count: int
    new_count: int
    shift: Point = ORIGIN
    """By how much all of it moved: the shift that most of its contacts share."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs; ``notes`` tell what was not compared."""

    groups: tuple[Group, ...]
    changes: tuple[Change, ...]
    placements: tuple[str, ...] = ()
    """In words: dies that lie elsewhere in the package, another body size."""
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether both maps are the same, as far as they were compared."""
        return not (self.changes or self.placements or any(group.shift != ORIGIN for group in self.groups))


@dataclass(frozen=True, slots=True)
class Comparison:
    """How to compare."""

    tolerance: Nm = 1
    """Contacts nearer than this, or just as near, are at the same place."""
    shapes: bool = False
    """Also compare shapes and outlines."""
    align: bool = False
    """A shift that most contacts of a group share is no difference."""


def compare(old: Source, new: Source, how: Comparison | None = None) -> Difference:
    """What has to be done to the old map to get the new one; dies are paired by name, single ones anyway."""
    how = how or Comparison()
    groups: list[Group] = []
    changes: list[Change] = []
    notes: list[str] = []
    placements: list[str] = []
    for before, after in _die_pairs(old.dies, new.dies):
        shown = before or after
        assert shown is not None
        face = shown.mirrored
        group, found = _compared(shown.die.name, _bumps(before, face), _bumps(after, face), how)
        groups.append(group)
        changes += found
        if before is not None and after is not None:
            placements += _placement(before, after, old, new, how)
    if old.balls and new.balls:
        group, found = _compared(BALLS, _balls(old), _balls(new), how)
        groups.append(group)
        changes += found
    elif old.balls or new.balls:
        which = "old" if old.balls else "new"
        notes.append(f"only the {which} file has balls; they are not compared")
    if how.shapes and None not in (old.width, new.width) and (old.width, old.height) != (new.width, new.height):
        placements.append(f"package: {_size(old.width, old.height)} -> {_size(new.width, new.height)}")
    return Difference(tuple(groups), tuple(changes), tuple(placements), tuple(notes))


# --- dies ----------------------------------------------------------------------------------------


def _die_pairs(old: Sequence[PlacedDie], new: Sequence[PlacedDie]) -> list[tuple[PlacedDie | None, PlacedDie | None]]:
    if not old or not new:
        return []
    names = {placed.die.name: placed for placed in new}
    pairs: list[tuple[PlacedDie | None, PlacedDie | None]] = [(die, names.pop(die.die.name, None)) for die in old]
    alone = [k for k, (_, after) in enumerate(pairs) if after is None]
    if len(alone) == 1 and len(names) == 1:
        (last,) = names.values()
        pairs[alone[0]] = (pairs[alone[0]][0], last)
        return pairs
    return pairs + [(None, placed) for placed in new if placed.die.name in names]


def _bumps(placed: PlacedDie | None, mirrored: bool) -> list[Contact]:
    """Around the centre of the die, and shown from the same face as in a die that is placed ``mirrored`` or not."""
    if placed is None:
        return []
    upright = replace(placed, at=ORIGIN, quarters=0, mirrored=placed.mirrored != mirrored)
    return [Contact(bump.name, bump.at, bump.net, bump.shape, bump.ball) for bump in upright.bumps]


def _balls(source: Source) -> list[Contact]:
    return [Contact(ball.name, ball.at, ball.net, ball.shape, None) for ball in source.balls]


def _placement(before: PlacedDie, after: PlacedDie, old: Source, new: Source, how: Comparison) -> list[str]:
    """In words; only where both files know a package, or several dies."""
    found: list[str] = []
    name = before.die.name
    if all(len(source.dies) > 1 or source.balls or source.width is not None for source in (old, new)):
        step = after.at - before.at
        if before.at.distance(after.at) > how.tolerance:
            found.append(f"die {name}: placed {um(step.x)}, {um(step.y)} further")
        if before.quarters != after.quarters:
            found.append(f"die {name}: turned by {(after.quarters - before.quarters) % 4 * 90} degrees")
    sizes = [(placed.die.width, placed.die.height) for placed in (before, after)]
    if how.shapes and sizes[0] != sizes[1]:
        found.append(f"die {name}: {_size(*sizes[0])} -> {_size(*sizes[1])}")
    return found


def _size(width: Nm | None, height: Nm | None) -> str:
    return f"{um(width or 0)} x {um(height or 0)}"


# --- contacts ------------------------------------------------------------------------------------


def _compared(name: str, old: list[Contact], new: list[Contact], how: Comparison) -> tuple[Group, list[Change]]:
    pairs = _by_name(old, new)
    shift = _common_shift(pairs, how.tolerance)
    pairs += _by_place(*_left(old, new, pairs), shift, how.tolerance)
    pairs += _by_net(*_left(old, new, pairs))
    gone, added = _left(old, new, pairs)
    with_balls = any(c.ball for c in old) and any(c.ball for c in new)
    changes = [Change(name, (Kind.GONE,), contact, None) for contact in gone]
    changes += [Change(name, (Kind.ADDED,), None, contact) for contact in added]
    for before, after in pairs:
        kinds = _kinds(before, after, shift, how, with_balls)
        if kinds:
            changes.append(Change(name, kinds, before, after, after.at - before.at - shift))
    order = list(Kind)
    changes.sort(key=lambda change: ([order.index(kind) for kind in change.kinds], _key(change)))
    return Group(name, len(old), len(new), ORIGIN if how.align else shift), changes


def _key(change: Change) -> tuple[int, str]:
    contact = change.old or change.new
    assert contact is not None
    return len(contact.name), contact.name


def _kinds(before: Contact, after: Contact, shift: Point, how: Comparison, with_balls: bool) -> tuple[Kind, ...]:
    found = {
        Kind.RENAMED: before.name != after.name,
        Kind.MOVED: (before.at + shift).distance(after.at) > how.tolerance,
        Kind.NET: before.net != after.net,
        Kind.BALL: with_balls and before.ball != after.ball,
        Kind.SHAPE: how.shapes and None not in (before.shape, after.shape) and before.shape != after.shape,
    }
    return tuple(kind for kind, is_so in found.items() if is_so)


Pairs = list[tuple[Contact, Contact]]


def _left(old: list[Contact], new: list[Contact], pairs: Pairs) -> tuple[list[Contact], list[Contact]]:
    """The contacts that no pair has; names are unique within a group."""
    before, after = {a.name for a, _ in pairs}, {b.name for _, b in pairs}
    return [c for c in old if c.name not in before], [c for c in new if c.name not in after]


def _by_name(old: list[Contact], new: list[Contact]) -> Pairs:
    names = {contact.name: contact for contact in new}
    return [(contact, names[contact.name]) for contact in old if contact.name in names]


def _common_shift(pairs: Pairs, tolerance: Nm) -> Point:
    """The shift of more than half of the pairs, where it is more than the tolerance; of two or more pairs only."""
    shifts = Counter(after.at - before.at for before, after in pairs)
    if len(pairs) < 2 or not shifts:
        return ORIGIN
    shift, times = min(shifts.items(), key=lambda item: (-item[1], item[0]))
    return shift if 2 * times > len(pairs) and shift.distance(ORIGIN) > tolerance else ORIGIN


def _by_place(old: list[Contact], new: list[Contact], shift: Point, tolerance: Nm) -> Pairs:
    """Nearest first; candidates come from a grid of cells as wide as the tolerance."""
    cell = max(1, tolerance)
    cells: dict[tuple[int, int], list[Contact]] = defaultdict(list)
    for contact in new:
        cells[contact.at.x // cell, contact.at.y // cell].append(contact)
    near: list[tuple[float, str, str, Contact, Contact]] = []
    for before in old:
        at = before.at + shift
        column, row = at.x // cell, at.y // cell
        for x in (column - 1, column, column + 1):
            for y in (row - 1, row, row + 1):
                near += [
                    (at.distance(after.at), before.name, after.name, before, after)
                    for after in cells.get((x, y), ())
                    if at.distance(after.at) <= tolerance
                ]
    near.sort(key=lambda item: item[:3])
    pairs: Pairs = []
    taken_old: set[str] = set()
    taken_new: set[str] = set()
    for _, first, second, before, after in near:
        if first not in taken_old and second not in taken_new:
            taken_old.add(first)
            taken_new.add(second)
            pairs.append((before, after))
    return pairs


def _by_net(old: list[Contact], new: list[Contact]) -> Pairs:
    """Only where a net has one contact left on each side: more would be a guess."""
    before, after = _single_nets(old), _single_nets(new)
    return [(contact, after[net]) for net, contact in before.items() if net in after]


def _single_nets(contacts: list[Contact]) -> dict[str, Contact]:
    times = Counter(contact.net for contact in contacts)
    return {contact.net: contact for contact in contacts if contact.net is not None and times[contact.net] == 1}
