"""3Dblox as a source: dies on a substrate, and the balls on its other side.

All frames of 3Dblox are seen from above: ``MZ`` turns a chiplet over and leaves x and y of its bumps as they are. So a
die that lies on its substrate is not mirrored in the package frame, however its layout was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point, Shape, turned
from kicad_rdl.model.die import Die, PlacedDie
from kicad_rdl.model.source import Source, SourceBall
from kicad_rdl.read.bmap import read_bmap
from kicad_rdl.read.documents import near
from kicad_rdl.read.lef import Macro, read_lef, simplified
from kicad_rdl.read.orientation import Orientation
from kicad_rdl.read.outline import Box, DrawnBump, die_in, extents, listed, union
from kicad_rdl.read.source_options import SourceOptions
from kicad_rdl.read.threedblox_file import Chiplet, Instance, Region, Stack, read_stack

BASES = ("substrate", "rdl", "interposer", "package")
"""Types of chiplets that carry dies and have the balls on their other side."""


@dataclass(slots=True)
class _Reading:
    """What is asked, and what has to be told."""

    stack: Stack
    options: SourceOptions
    notes: list[str] = field(default_factory=list)
    macros: dict[Path, dict[str, Macro]] = field(default_factory=dict)

    def note(self, text: str) -> None:
        """Each note once."""
        if text not in self.notes:
            self.notes.append(text)

    def bumps(self, chiplet: Chiplet, regions: Sequence[Region]) -> tuple[DrawnBump, ...]:
        """The bumps of some regions, in the frame of the chiplet."""
        drawn: list[DrawnBump] = []
        for region in regions:
            if region.bmap is None:
                raise chiplet.at.error(f"region {region.name} has no bump map (bmap)")
            drawn += read_bmap(region.bmap, lambda cell: self.shape(chiplet, cell) or self.options.shape)
        return tuple(replace(each, bump=replace(each.bump, at=each.bump.at + chiplet.offset)) for each in drawn)

    def shape(self, chiplet: Chiplet, cell: str) -> Shape | None:
        """The shape of a bump cell, as the user or a LEF file says it; None: nobody does."""
        if cell in self.options.types:
            return self.options.types[cell]
        for path in (*self.options.lef, *chiplet.lefs):
            macro = self._lef(path, chiplet).get(cell)
            if macro is None:
                continue
            metal = macro.metal()
            if metal is not None and not metal.exact:
                self.note(simplified(macro, metal))
            return metal.shape if metal is not None else None
        return None

    def _lef(self, path: Path, chiplet: Chiplet) -> dict[str, Macro]:
        """The macros of a LEF file. One that a chiplet names need not be there, one that the user names must."""
        if path not in self.macros:
            there = path in self.options.lef or path.is_file()
            self.macros[path] = read_lef(path) if there else {}
            if not there:
                self.note(
                    f"{chiplet.at.source}:{chiplet.at.line}: its LEF file {path} is not there; its bumps have the "
                    "size that the job gives"
                )
        return self.macros[path]


@dataclass(frozen=True, slots=True)
class _Place:
    """From the frame of a chiplet to that of the stack."""

    orientation: Orientation
    origin: Point

    def point(self, at: Point) -> Point:
        """A place of the chiplet."""
        return self.orientation.point(at) + self.origin

    def box(self, box: Box) -> Box:
        """A box of the chiplet."""
        return Box.around(self.point(corner) for corner in box.corners)

    def die(self, die: Die, box: Box) -> PlacedDie:
        """A die whose outline is ``box`` in the frame of the chiplet."""
        return PlacedDie(die, self.point(box.centre), self.orientation.quarters, self.orientation.mirrored)


def _place(instance: Instance, outline: Box, from_below: bool) -> _Place:
    """``loc`` is the lower left corner of the turned outline; seen from below, x changes sign."""
    way = instance.orientation
    turned_box = way.box(outline)
    origin = instance.corner - Point(turned_box.left, turned_box.bottom)
    if not from_below:
        return _Place(way, origin)
    return _Place(Orientation(-way.quarters % 4, not way.mirrored), Point(-origin.x, origin.y))


def read_threedblox(path: Path, options: SourceOptions) -> Source:
    """A stack: the dies on its substrate in their places, and the balls. A file without a stack: one die.

    Raises:
        InputError: with file and line of what cannot be used.
    """
    reading = _Reading(read_stack(path), options)
    if not reading.stack.instances:
        return _single(reading)
    if options.face is not None:
        raise InputError("a stack says itself how its dies lie; leave face out", str(path))
    if options.width is not None or options.height is not None:
        raise InputError("a stack says itself how large its dies are; leave width and height out", str(path))
    return _stacked(reading)


def _single(reading: _Reading) -> Source:
    """One chiplet as a die; its layout is seen onto its face."""
    stack, options = reading.stack, reading.options
    name, dot, region = (options.chiplet or "").partition(".")
    candidates = [chiplet for chiplet in stack.chiplets.values() if chiplet.mapped]
    if name and name not in stack.chiplets:
        raise InputError(f'no chiplet is called "{name}"{near(name, list(stack.chiplets))}', stack.source)
    if not candidates:
        raise InputError("no chiplet of this file has a bump map", stack.source)
    if not name and len(candidates) != 1:
        known = ", ".join(chiplet.name for chiplet in candidates)
        raise InputError(f"there are several chiplets with a bump map; choose one of {known} (chiplet)", stack.source)
    chiplet = stack.chiplets[name] if name else candidates[0]
    regions = (chiplet.region(region),) if dot else chiplet.mapped
    if len(regions) != 1:
        raise chiplet.at.error(f"choose one region with a bump map; {_regions(chiplet)}")
    drawn = reading.bumps(chiplet, regions)
    die = die_in(options.name or chiplet.name, drawn, _outline(reading, chiplet), str(regions[0].bmap))
    return Source((PlacedDie(die, mirrored=options.face != "down"),), notes=tuple(reading.notes))


def _regions(chiplet: Chiplet) -> str:
    known = ", ".join(f'"{chiplet.name}.{region.name}"' for region in chiplet.mapped)
    return f"chiplet = one of {known}" if known else "it has none"


def _outline(reading: _Reading, chiplet: Chiplet) -> Box:
    """The outline by the user or the file; where that does not hold the bumps, the box around all the file says."""
    options, said = reading.options, chiplet.outline
    if options.width is not None and options.height is not None:
        said = Box(0, 0, options.width, options.height)
    # the centres in all regions, so that the frame is the same whichever is chosen and whatever shape bumps have
    drawn = reading.bumps(chiplet, chiplet.mapped)
    used = [Box.around(each.bump.at for each in drawn)] if drawn else []
    if said is not None and all(said.holds(box) for box in used):
        return said
    boxes = [box for box in (said, *(region.box for region in chiplet.regions)) if box is not None]
    if not boxes:
        if not drawn:
            raise chiplet.at.error("it has no size: neither design_area nor regions nor bumps")
        return extents(drawn)
    boxes += used
    if said is not None:
        reading.note(
            f"{chiplet.at.source}:{chiplet.at.line}: bumps of {chiplet.name} lie beyond its design area; its outline "
            "is taken around them and its regions"
        )
    return union(boxes)


def _stacked(reading: _Reading) -> Source:
    base = _base(reading.stack)
    dies = _dies(reading, base)
    # the view is from the dies to the balls: from below, where the substrate lies on top
    from_below = base is not None and all(die.z < base.z for die in dies)
    placed: list[PlacedDie] = []
    for instance in dies:
        chiplet = instance.chiplet
        drawn = reading.bumps(chiplet, _die_regions(reading, instance, base, from_below))
        box = _outline(reading, chiplet)
        die = die_in(instance.name, drawn, box, chiplet.at.source)
        placed.append(_place(instance, chiplet.outline or box, from_below).die(die, box))
    if base is None:
        centre = union(_around(each) for each in placed).centre
        return Source(tuple(_moved(each, centre) for each in placed), notes=tuple(reading.notes))
    body, balls = _balls(reading, base, from_below)
    return Source(
        tuple(_moved(each, body.centre) for each in placed), balls, body.width, body.height, tuple(reading.notes)
    )


def _around(placed: PlacedDie) -> Box:
    width, height = placed.size
    at = placed.at
    return Box(at.x - width // 2, at.y - height // 2, at.x + width // 2, at.y + height // 2)


def _moved(placed: PlacedDie, centre: Point) -> PlacedDie:
    return replace(placed, at=placed.at - centre)


def _chosen(reading: _Reading, instance: Instance) -> tuple[bool, str]:
    """Whether the user chose this instance, and the region of it that was named."""
    name, _, region = (reading.options.chiplet or "").partition(".")
    return name in (instance.name, instance.chiplet.name), region


def _base(stack: Stack) -> Instance | None:
    """What carries the dies: of several, the one that is connected to the outside, else the lowest."""
    bases = [instance for instance in stack.instances.values() if instance.chiplet.kind in BASES]
    outer = [end.instance for ends in stack.joints for end, other in (ends, ends[::-1]) if end and other is None]
    bases.sort(key=lambda base: (base.name not in outer, base.z, base.name))
    return bases[0] if bases else None


def _dies(reading: _Reading, base: Instance | None) -> list[Instance]:
    """The dies that lie on the base (without one: that face the outside), or that the user chose."""
    stack, wanted = reading.stack, reading.options.chiplet
    dies = [instance for instance in stack.instances.values() if instance.chiplet.kind not in BASES]
    if not dies:
        raise InputError("there is no die in this stack, only what carries dies", stack.source)
    if wanted is not None:
        chosen = [die for die in dies if _chosen(reading, die)[0]]
        if not chosen and not (base is not None and _chosen(reading, base)[0]):
            name = wanted.partition(".")[0]
            raise InputError(
                f'no chiplet of the stack is called "{name}"{near(name, list(stack.instances))}', stack.source
            )
        if chosen:
            return chosen
    below = [die for die in dies if _joined(stack, die, base)]
    for die in dies:
        if below and die not in below:
            reading.note(
                f"{die.at.source}:{die.at.line}: {die.name} is passed over, it is not connected to "
                f"{base.name if base else 'the outside'}"
            )
    return below or dies


def _joined(stack: Stack, instance: Instance, base: Instance | None) -> list[str]:
    """The regions of an instance that are connected to something that carries dies; without a base, to the outside."""
    found: list[str] = []
    for ends in stack.joints:
        for end, other in (ends, ends[::-1]):
            if end is None or end.instance != instance.name:
                continue
            carried = other is not None and stack.instances[other.instance].chiplet.kind in BASES
            if carried if base is not None else other is None:
                found.append(end.region)
    return list(dict.fromkeys(found))


def _facing(instance: Instance, down: bool) -> list[Region]:
    """The regions with a bump map on the face that looks down (or up)."""
    side = "back" if down != instance.flipped else "front"
    return [region for region in instance.chiplet.mapped if region.side == side]


def _die_regions(reading: _Reading, instance: Instance, base: Instance | None, from_below: bool) -> Sequence[Region]:
    chiplet = instance.chiplet
    chosen, region = _chosen(reading, instance)
    if chosen and region:
        return (chiplet.region(region),)
    joined = _joined(reading.stack, instance, base)
    if joined:
        return [chiplet.region(name) for name in joined]
    regions = chiplet.mapped if len(chiplet.mapped) == 1 else _facing(instance, down=not from_below)
    if not regions:
        raise chiplet.at.error(f"no bump map on the face towards the substrate; {_regions(chiplet)}")
    return regions


def _balls(reading: _Reading, base: Instance, from_below: bool) -> tuple[Box, tuple[SourceBall, ...]]:
    """The outline of the base in the frame of the stack, and its outer bumps counted from the centre of that."""
    chiplet = base.chiplet
    chosen, region = _chosen(reading, base)
    outer = [
        end.region
        for ends in reading.stack.joints
        for end, other in (ends, ends[::-1])
        if end is not None and end.instance == base.name and other is None
    ]
    if chosen and region:
        regions: Sequence[Region] = (chiplet.region(region),)
    elif outer:
        regions = [chiplet.region(name) for name in dict.fromkeys(outer)]
    else:
        regions = _facing(base, down=not from_below)
    drawn = reading.bumps(chiplet, regions)
    if drawn:
        listed(drawn, str(regions[0].bmap))
    else:
        reading.note(f"{chiplet.at.source}:{chiplet.at.line}: {base.name} has no bump map on its outer face: no balls")
    box = _outline(reading, chiplet)
    place = _place(base, chiplet.outline or box, from_below)
    body = place.box(box)
    balls = []
    for each in drawn:
        shape = reading.shape(chiplet, each.cell)
        at = place.point(each.bump.at) - body.centre
        balls.append(
            SourceBall(each.bump.name, at, each.bump.net, turned(shape, place.orientation.quarters) if shape else None)
        )
    return body, tuple(balls)
