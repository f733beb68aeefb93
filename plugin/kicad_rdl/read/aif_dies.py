"""The outlines of the dies of an AIF file, and its pads counted from their centres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kicad_rdl.errors import ModelError
from kicad_rdl.geometry import ORIGIN, Point, extent
from kicad_rdl.model.die import Bump, Die, PlacedDie
from kicad_rdl.read.aif_file import AifFile, Section
from kicad_rdl.read.source_options import SourceOptions
from kicad_rdl.units import Nm, um


@dataclass(frozen=True, slots=True)
class DieOutline:
    """What the file says of a die's outline, and the line where it does."""

    name: str
    line: int
    width: Nm | None = None
    height: Nm | None = None
    centre: Point | None = None


def die_outline(file: AifFile, options: SourceOptions) -> DieOutline:
    """Of ``[DIE]``; what that leaves open is in the options."""
    section = file.find("DIE")
    if section is None:
        return DieOutline(options.name or Path(file.source).stem, 1, options.width, options.height)
    name = section.find("NAME")
    found = _outline(
        file, section, name.value if name is not None and name.value else options.name or Path(file.source).stem
    )
    return replace(found, width=found.width or options.width, height=found.height or options.height)


def _outline(file: AifFile, section: Section, name: str) -> DieOutline:
    return DieOutline(
        name, section.line, file.size(section, "WIDTH"), file.size(section, "HEIGHT"), file.point(section, "CENTER")
    )


def mcm_outlines(file: AifFile) -> dict[str, DieOutline]:
    """By reference: ``[MCM_DIE]`` has ``TYPE=REF, REF``, and each its own section ``[MCM_TYPE_REF]``."""
    listing = file.find("MCM_DIE")
    if listing is None:
        raise file.error("MCM=TRUE, but there is no section [MCM_DIE] that lists the dies")
    outlines: dict[str, DieOutline] = {}
    for entry in listing.entries:
        references = entry.value.replace(",", " ").split()
        if not entry.key or not references:
            raise file.error(f'"{entry.text[:60]}" lists no die; write TYPE=D1, D2', entry.line)
        for reference in references:
            if reference in outlines:
                raise file.error(f'die "{reference}" is listed twice', entry.line)
            section = file.find(f"MCM_{entry.key}_{reference}")
            if section is None:
                raise file.error(f"there is no section [MCM_{entry.key}_{reference}] with the die's size", entry.line)
            outlines[reference] = _outline(file, section, reference)
    if not outlines:
        raise file.error("[MCM_DIE] lists no die; write TYPE=D1, D2", listing.line)
    return outlines


def placed_die(
    file: AifFile, outline: DieOutline, bumps: list[Bump], lines: dict[str, int], notes: list[str]
) -> PlacedDie:
    """The die with its bumps counted from its centre."""
    centre = outline.centre if outline.centre is not None else middle([bump.at for bump in bumps])
    local = [replace(bump, at=bump.at - centre) for bump in bumps]
    width, height = outline.width, outline.height
    if width is None or height is None:
        if not local:
            raise file.error(f'die "{outline.name}" has neither WIDTH and HEIGHT nor pads', outline.line)
        spans = [(abs(b.at.x) * 2 + extent(b.shape)[0], abs(b.at.y) * 2 + extent(b.shape)[1]) for b in local]
        width, height = width or max(span[0] for span in spans), height or max(span[1] for span in spans)
        notes.append(f"{file.source}: die {outline.name} has no size; {um(width)} x {um(height)} hold all its pads")
    for bump in local:
        if not inside(bump.at, width, height):
            raise file.error(
                f'pad "{bump.name}" lies {um(bump.at.x)}, {um(bump.at.y)} from the centre of die "{outline.name}", '
                f"outside its {um(width)} x {um(height)}; check WIDTH, HEIGHT, CENTER and the unit",
                lines[bump.name],
            )
    try:
        return PlacedDie(Die(outline.name, width, height, tuple(local)), centre)
    except ModelError as error:
        raise file.error(str(error), outline.line) from None


def inside(at: Point, width: Nm, height: Nm) -> bool:
    """Whether a point lies in a rectangle around the origin; edges count."""
    return 2 * abs(at.x) <= width and 2 * abs(at.y) <= height


def middle(points: list[Point]) -> Point:
    """The centre of the box around the points, rounded down; the origin where there is none."""
    if not points:
        return ORIGIN
    xs, ys = [point.x for point in points], [point.y for point in points]
    return Point((min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2)
