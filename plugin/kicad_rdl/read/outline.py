"""From bumps in the frame of a file to a die around its own centre."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kicad_rdl.errors import InputError, ModelError
from kicad_rdl.geometry import Point, extent
from kicad_rdl.model.die import Bump, Die
from kicad_rdl.read.bumps import LIMIT, NAME_LIMIT
from kicad_rdl.units import Nm, um


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle along the axes, in the frame of its file."""

    left: Nm
    bottom: Nm
    right: Nm
    top: Nm

    @classmethod
    def around(cls, points: Iterable[Point]) -> Box:
        """The least box; there must be a point."""
        listed = tuple(points)
        xs, ys = [p.x for p in listed], [p.y for p in listed]
        return cls(min(xs), min(ys), max(xs), max(ys))

    @property
    def corners(self) -> tuple[Point, Point]:
        """Lower left and upper right."""
        return Point(self.left, self.bottom), Point(self.right, self.top)

    @property
    def width(self) -> Nm:
        """Along x."""
        return self.right - self.left

    @property
    def height(self) -> Nm:
        """Along y."""
        return self.top - self.bottom

    @property
    def centre(self) -> Point:
        """Rounded down where a side is odd."""
        return Point(self.left + self.width // 2, self.bottom + self.height // 2)

    def resized(self, width: Nm | None, height: Nm | None) -> Box:
        """Another box around the same centre; None: the side stays as it is."""
        width, height = width or self.width, height or self.height
        left = self.left + (self.width - width) // 2
        bottom = self.bottom + (self.height - height) // 2
        return Box(left, bottom, left + width, bottom + height)

    def holds(self, other: Box) -> bool:
        """Whether the other box lies inside; edges may touch."""
        return (
            self.left <= other.left
            and self.bottom <= other.bottom
            and other.right <= self.right
            and other.top <= self.top
        )


def union(boxes: Iterable[Box]) -> Box:
    """The least box around all of them."""
    return Box.around(corner for box in boxes for corner in box.corners)


@dataclass(frozen=True, slots=True)
class DrawnBump:
    """A bump in the frame of its file, with its line there."""

    bump: Bump
    line: int
    cell: str = ""
    """The type of bump, where the file names one."""

    @property
    def box(self) -> Box:
        """Around its shape."""
        width, height = extent(self.bump.shape)
        at = self.bump.at
        return Box(at.x - width // 2, at.y - height // 2, at.x + width // 2, at.y + height // 2)


def listed(drawn: Sequence[DrawnBump], source: str) -> None:
    """Refuses what no list of bumps may hold: nothing, far too much, names or places twice, names nobody can read."""
    if not drawn:
        raise InputError("there is no bump in this file", source)
    if len(drawn) > LIMIT:
        raise InputError(f"more than {LIMIT} bumps; is this a bump map?", source, drawn[LIMIT].line)
    names: dict[str, int] = {}
    places: dict[Point, DrawnBump] = {}
    for each in drawn:
        name, at = each.bump.name, each.bump.at
        for text in (name, each.bump.net or "", each.bump.ball or ""):
            if not text.isprintable() or len(text) > NAME_LIMIT:
                raise InputError(
                    f"the name {text[:20]!r} ... is longer than {NAME_LIMIT} characters or holds characters that "
                    "cannot be printed; is this a bump map?",
                    source,
                    each.line,
                )
        if name in names:
            raise InputError(
                f'bump "{name}" is listed twice, in lines {names[name]} and {each.line}; '
                "give every bump a name of its own",
                source,
                each.line,
            )
        if at in places:
            other = places[at]
            raise InputError(
                f'bumps "{other.bump.name}" (line {other.line}) and "{name}" (line {each.line}) are at the same '
                "place; remove one",
                source,
                each.line,
            )
        names[name], places[at] = each.line, each


def extents(drawn: Sequence[DrawnBump]) -> Box:
    """Around the shapes of all bumps; there must be one."""
    return union(each.box for each in drawn)


def die_in(name: str, drawn: Sequence[DrawnBump], box: Box, source: str) -> Die:
    """The die whose outline is ``box``, its bumps counted from the centre of that.

    Raises:
        InputError: a bump that ``listed`` refuses, or one outside the outline.
    """
    listed(drawn, source)
    if box.width <= 0 or box.height <= 0:
        raise InputError(f"the outline of die {name} is {um(box.width)} x {um(box.height)}; it needs an area", source)
    for each in drawn:
        at = each.bump.at
        if not box.holds(Box(at.x, at.y, at.x, at.y)):
            raise InputError(
                f'bump "{each.bump.name}" at {um(at.x)}, {um(at.y)} lies outside the die, which reaches from '
                f"{um(box.left)}, {um(box.bottom)} to {um(box.right)}, {um(box.top)}; check its coordinates, the size "
                "and the origin of the die",
                source,
                each.line,
            )
    centre = box.centre
    # an odd side has no centre on the grid: the outline is one nanometre wider then
    width, height = box.width + box.width % 2, box.height + box.height % 2
    try:
        return Die(name, width, height, tuple(replace(each.bump, at=each.bump.at - centre) for each in drawn))
    except ModelError as error:
        raise InputError(str(error), source) from None
