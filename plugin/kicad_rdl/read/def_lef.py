"""DEF and LEF: the bumps of a chip layout, or its pad cells.

The DEF point of a cell is the lower left corner of its turned box, whatever ``ORIGIN`` its macro has: the centre of a
bump is that point plus half its size. A chip layout is seen onto its active face.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point, Shape, turned
from kicad_rdl.model.die import Bump, PlacedDie
from kicad_rdl.model.source import Source
from kicad_rdl.read.def_file import EVERY, Component, DefFile, DefNet, read_def_file
from kicad_rdl.read.documents import near
from kicad_rdl.read.lef import Macro, Port, read_lef, simplified, topmost
from kicad_rdl.read.outline import Box, DrawnBump, die_in, extents
from kicad_rdl.read.patterns import matches
from kicad_rdl.read.source_options import SourceOptions

MACROS_SHOWN = 5
"""Of cells in a message."""


def read_def(path: Path, options: SourceOptions) -> Source:
    """The die of a DEF file with its bumps, or with the pads of the cells that ``options.cells`` names.

    Raises:
        InputError: with the line of what cannot be used.
    """
    file = read_def_file(path)
    macros = read_macros(options.lef, path)
    notes = list(_unknown(file, macros))
    drawn = (_pads if options.cells else _bumps)(file, macros, options, notes)
    box = (file.area or extents(drawn)).resized(options.width, options.height)
    die = die_in(options.name or file.design, drawn, box, str(path))
    return Source((PlacedDie(die, mirrored=options.face != "down"),), notes=tuple(notes))


def read_macros(files: Sequence[Path], path: Path) -> dict[str, Macro]:
    """The macros of all LEF files; the later one wins where two have the same name."""
    if not files:
        beside = sorted(entry.name for entry in path.parent.glob("*.lef"))
        hint = f'lef = ["{beside[0]}"]' if beside else 'lef = ["NAME.lef"]'
        raise InputError(
            f"a DEF file does not say how large its cells are; name the LEF files with it: {hint}", str(path)
        )
    macros: dict[str, Macro] = {}
    for file in files:
        macros |= read_lef(file)
    return macros


def _unknown(file: DefFile, macros: dict[str, Macro]) -> list[str]:
    """A note on components whose macro no LEF has."""
    unknown = [component for component in file.components if component.macro not in macros]
    if not unknown:
        return []
    names = list(dict.fromkeys(component.macro for component in unknown))
    more = " ..." if len(names) > MACROS_SHOWN else ""
    return [
        f"{file.source}:{unknown[0].line}: {len(unknown)} components passed over, the LEF files do not have their "
        f"macros: {', '.join(names[:MACROS_SHOWN])}{more}"
    ]


def _bumps(file: DefFile, macros: dict[str, Macro], options: SourceOptions, notes: list[str]) -> tuple[DrawnBump, ...]:
    drawn = []
    for component in file.components:
        macro = macros.get(component.macro)
        if macro is None or not macro.is_bump:
            continue
        box = _placed(Box(0, 0, macro.width, macro.height), macro, component, file)
        shape, metal = options.types.get(macro.name), macro.metal()
        if shape is None and metal is not None:
            shape = metal.shape
            _tell_simplified(macro, metal, notes)
        nets = [net for pin in dict.fromkeys(port.pin for port in macro.ports) for net in _nets(file, component, pin)]
        drawn.append(_drawn(component.name, box.centre, nets, shape or options.shape, component, file))
    if not drawn:
        known = Counter(component.macro for component in file.components if component.macro in macros)
        there = ", ".join(
            f"{macro} ({count})" for macro, count in sorted(known.items(), key=_most_first)[:MACROS_SHOWN]
        )
        raise InputError(
            "no component is a bump: none of their macros has CLASS COVER BUMP in the LEF files; name the cells that "
            f'are to be bumps, cells = ["PATTERN"]; the LEF files have these of them: {there or "none"}',
            file.source,
        )
    return tuple(drawn)


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]


def _pads(file: DefFile, macros: dict[str, Macro], options: SourceOptions, notes: list[str]) -> tuple[DrawnBump, ...]:
    """The pads of the cells that were asked for, one for each pin that has one."""
    used = dict.fromkeys(component.macro for component in file.components)
    pads: dict[str, list[Port]] = {}
    for pattern in options.cells:
        cell, slash, pin = pattern.partition("/")
        found = [name for name in used if name in macros and matches(name, cell)]
        if not found:
            raise InputError(f'cells: no component has a macro "{cell}"{near(cell, list(used))}', file.source)
        for name in found:
            pads.setdefault(name, []).extend(_ports(macros[name], pin if slash else None))
    for name, ports in pads.items():
        if not ports:
            pins = ", ".join(dict.fromkeys(port.pin for port in macros[name].ports)) or "none"
            notes.append(
                f"cell {name} passed over: no PORT of CLASS BUMP and no pin alone on its topmost layer; name the pin, "
                f'cells = ["{name}/PIN"] (it has {pins})'
            )
    drawn = []
    for component in file.components:
        ports = list(dict.fromkeys(pads.get(component.macro, ())))
        for port in ports:
            macro = macros[component.macro]
            box = _placed(port.box, macro, component, file)
            shape = options.types.get(macro.name)
            if shape is None:
                shape = turned(port.shape, component.orientation.quarters)
                _tell_simplified(macro, port, notes)
            name = component.name if len(ports) == 1 else f"{component.name}/{port.pin}"
            drawn.append(_drawn(name, box.centre, _nets(file, component, port.pin), shape, component, file))
    if not drawn:
        raise InputError(f"cells: none of these cells has a pad; {notes[-1]}", file.source)
    return tuple(drawn)


def _tell_simplified(macro: Macro, port: Port, notes: list[str]) -> None:
    if not port.exact and (note := simplified(macro, port)) not in notes:
        notes.append(note)


def _ports(macro: Macro, pin: str | None) -> list[Port]:
    """The pads of a cell: its ports of CLASS BUMP, else the one pin on its topmost layer."""
    ports = tuple(port for port in macro.ports if pin is None or matches(port.pin, pin))
    marked = [port for port in ports if port.is_bump]
    if marked or not ports:
        return marked
    highest = topmost(ports).layer
    top = [port for port in ports if port.layer == highest]
    pins = list(dict.fromkeys(port.pin for port in top))
    if len(pins) == 1:
        return [top[0]]
    return [next(port for port in top if port.pin == name) for name in pins] if pin is not None else []


def _placed(box: Box, macro: Macro, component: Component, file: DefFile) -> Box:
    """A box of the unturned cell, where the component has it."""
    if component.corner is None:
        raise InputError(f"bump {component.name} is not placed", file.source, component.line)
    orientation, corner = component.orientation, component.corner
    cell = orientation.box(Box(0, 0, macro.width, macro.height))
    turned_box = orientation.box(box)
    dx, dy = corner.x - cell.left, corner.y - cell.bottom
    return Box(turned_box.left + dx, turned_box.bottom + dy, turned_box.right + dx, turned_box.top + dy)


def _nets(file: DefFile, component: Component, pin: str) -> tuple[DefNet, ...]:
    return file.pins.get((component.name, pin)) or file.pins.get((EVERY, pin), ())


def _drawn(
    name: str, at: Point, nets: Sequence[DefNet], shape: Shape, component: Component, file: DefFile
) -> DrawnBump:
    names = list(dict.fromkeys(net.name for net in nets))
    if len(names) > 1:
        other = next(net for net in nets if net.name != nets[0].name)
        raise InputError(
            f"bump {name} is on two nets, {names[0]} (line {nets[0].line}) and {names[1]} (line {other.line})",
            file.source,
            other.line,
        )
    return DrawnBump(Bump(name, at, names[0] if names else None, shape), component.line)
