"""3Dblox: chiplets (``.3dbv``) and how they are stacked (``.3dbx``), as the files say it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point
from kicad_rdl.read.documents import near
from kicad_rdl.read.orientation import THREEDBLOX, Orientation
from kicad_rdl.read.outline import Box
from kicad_rdl.read.yaml_tree import Yaml, read_yaml
from kicad_rdl.units import UNITS, Nm

OUTSIDE = "~"
"""End of a connection that leaves the design: what the package is soldered to."""

DEPTH_LIMIT = 16
"""Files that include each other."""


@dataclass(frozen=True, slots=True)
class Region:
    """A face of a chiplet, or a part of one, with its bumps."""

    name: str
    side: str
    bmap: Path | None
    box: Box | None
    """In the frame of the chiplet."""


@dataclass(frozen=True, slots=True)
class Chiplet:
    """A type of chiplet. Its frame has the lower left corner of the outline as origin, seen from above."""

    name: str
    kind: str
    """``die``, ``substrate``, ``rdl`` ..."""
    outline: Box | None
    """Design area with seal ring and scribe line; None: the file does not say."""
    offset: Point
    """Added to the places in its bump maps."""
    regions: tuple[Region, ...]
    lefs: tuple[Path, ...]
    at: Yaml

    def region(self, name: str) -> Region:
        """A region by its name."""
        for region in self.regions:
            if region.name == name:
                return region
        names = [region.name for region in self.regions]
        raise self.at.error(f'there is no region "{name}"{near(name, names) or _known(names)}')

    @property
    def mapped(self) -> tuple[Region, ...]:
        """The regions that have a bump map."""
        return tuple(region for region in self.regions if region.bmap is not None)


@dataclass(frozen=True, slots=True)
class Instance:
    """A chiplet in its place."""

    name: str
    chiplet: Chiplet
    corner: Point
    """Lower left of the turned outline."""
    z: Nm
    orientation: Orientation
    flipped: bool
    """Upside down (``MZ``)."""
    at: Yaml


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection."""

    instance: str
    region: str


@dataclass(slots=True)
class Stack:
    """Everything that a file and its includes say."""

    source: str
    chiplets: dict[str, Chiplet] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    joints: list[tuple[End | None, End | None]] = field(default_factory=list)
    """Connections; None: the outside."""


def read_stack(path: Path) -> Stack:
    """A ``.3dbv`` or ``.3dbx`` file with everything it includes, each file once.

    Raises:
        InputError: with file and line of what cannot be used.
    """
    stack = Stack(str(path))
    _read(Path(path), stack, {}, 0)
    return stack


def _known(names: list[str]) -> str:
    return f"; there are: {', '.join(names)}" if names else "; there is none"


def _read(path: Path, stack: Stack, seen: dict[Path, None], depth: int) -> None:
    where = path.resolve()
    if where in seen:
        return
    if depth > DEPTH_LIMIT:
        raise InputError(f"files include each other more than {DEPTH_LIMIT} deep", str(path))
    seen[where] = None
    root = read_yaml(path)
    header = root.get("Header")
    if header is not None:
        root = replace(root, unit=_unit(header))
        for include in _list(header, "include"):
            _read(path.parent / include.text, stack, seen, depth + 1)
    for name, table in _table(root, "ChipletDef").items():
        if name in stack.chiplets:
            raise table.error("this chiplet is defined already, in another file")
        stack.chiplets[name] = _chiplet(name, table, path.parent)
    if depth == 0:
        _instances(root, stack)
        for table in _table(root, "Connection").values():
            stack.joints.append((_end(table.need("top"), stack), _end(table.need("bot"), stack)))


def _table(root: Yaml, key: str) -> dict[str, Yaml]:
    """The keys and values of a table; none where it is not there."""
    found = root.get(key)
    return dict(found.items()) if found is not None else {}


def _list(table: Yaml, key: str) -> tuple[Yaml, ...]:
    found = table.get(key)
    return found.list() if found is not None else ()


def _unit(header: Yaml) -> str:
    unit = header.get("unit")
    if unit is None:
        return "um"
    if unit.text.lower() not in UNITS:
        raise unit.error(f'unknown unit "{unit.text}"; 3Dblox counts in micron')
    return unit.text.lower()


def _chiplet(name: str, table: Yaml, folder: Path) -> Chiplet:
    shrink = table.get("shrink")
    if shrink is not None and shrink.text.rstrip("0").rstrip(".") != "1":
        raise shrink.error(f"{shrink.text}: only chiplets that are not shrunk can be read; scale its files first")
    area = table.get("design_area")
    outline = None
    if area is not None:
        width, height = area.lengths(2)
        rings = [_frame(table, key) for key in ("seal_ring_width", "scribe_line_remaining_width")]
        left, bottom, right, top = (sum(ring[side] for ring in rings) for side in range(4))
        outline = Box(0, 0, width + left + right, height + bottom + top)
        if outline.width <= 0 or outline.height <= 0:
            raise area.error("width and height must be greater than zero")
    offset = table.get("offset")
    regions = table.get("regions")
    external = table.get("external")
    return Chiplet(
        name=name,
        kind=table.need("type").text.lower(),
        outline=outline,
        offset=Point(*offset.lengths(2)) if offset is not None else Point(0, 0),
        regions=tuple(_region(key, each, folder) for key, each in regions.items()) if regions is not None else (),
        lefs=tuple(
            found
            for each in (_list(external, "LEF_file") if external is not None else ())
            for found in _files(each, folder)
        ),
        at=table,
    )


def _frame(table: Yaml, key: str) -> tuple[Nm, ...]:
    """Left, bottom, right, top."""
    found = table.get(key)
    return found.lengths(4) if found is not None else (0, 0, 0, 0)


def _files(named: Yaml, folder: Path) -> tuple[Path, ...]:
    """The files that a name with or without stars means; one that is not there stays as it is named."""
    text = named.text
    if "*" not in text:
        return (folder / text,)
    where = folder / text
    try:
        return tuple(sorted(where.parent.glob(where.name)))
    except (OSError, ValueError):
        return ()


def _region(name: str, table: Yaml, folder: Path) -> Region:
    side, bmap, coords = table.get("side"), table.get("bmap"), table.get("coords")
    corners = [Point(*each.lengths(2)) for each in coords.list()] if coords is not None else []
    return Region(
        name=name,
        side=side.text.lower() if side is not None else "",
        bmap=folder / bmap.text if bmap is not None and not bmap.is_empty else None,
        box=Box.around(corners) if corners else None,
    )


def _instances(root: Yaml, stack: Stack) -> None:
    references = {name: each.need("reference") for name, each in _table(root, "ChipletInst").items()}
    for name, table in _table(root, "Stack").items():
        if name not in references:
            known = list(references)
            raise table.error(f"ChipletInst has no instance of this name{near(name, known) or _known(known)}")
        reference = references[name]
        chiplet = stack.chiplets.get(reference.text)
        if chiplet is None:
            known = list(stack.chiplets)
            raise reference.error(
                f'no ChipletDef is called "{reference.text}"{near(reference.text, known) or _known(known)} '
                "(a design of its own, of another .3dbx, cannot be a chiplet here)"
            )
        orient = table.need("orient")
        way = orient.text.upper()
        flat = way.removeprefix("MZ").removeprefix("_") or "R0"
        if flat not in THREEDBLOX or (way.startswith("MZ") and way not in ("MZ", f"MZ_{flat}")):
            raise orient.error(f'"{orient.text}" is no orientation; one of {", ".join(THREEDBLOX)}, or MZ, MZ_R90 ...')
        stack.instances[name] = Instance(
            name=name,
            chiplet=chiplet,
            corner=Point(*table.need("loc").lengths(2)),
            z=table.need("z").length(),
            orientation=THREEDBLOX[flat],
            flipped=way.startswith("MZ"),
            at=table,
        )


def _end(at: Yaml, stack: Stack) -> End | None:
    if at.is_empty:
        return None
    instance, dot, region = at.text.partition(".regions.")
    if not dot:
        raise at.error(f'"{at.text}" is no end of a connection; write INSTANCE.regions.REGION, or {OUTSIDE}')
    if instance not in stack.instances:
        known = list(stack.instances)
        raise at.error(f'"{instance}" is not in the Stack{near(instance, known) or _known(known)}')
    stack.instances[instance].chiplet.region(region)
    return End(instance, region)
