"""AIF (ASCII Interchange Format) of version 1 and 2, with one die or several (MCM): what assembly houses exchange.

Frame: AIF looks at the package from above and has its origin in the package centre, which is the frame of ``model``; so
nothing is flipped, and dies come without turn or mirror. A file that knows no package is moved to the centre of its die
or dies. A single die without a package is a chip layout: it is taken as looking onto its face, unless the options say
otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from kicad_rdl.geometry import Point, Shape
from kicad_rdl.model.die import Bump, PlacedDie
from kicad_rdl.model.source import Source, SourceBall
from kicad_rdl.read.aif_balls import SKIPPED_LETTERS, BallGrid, ball_grid_of
from kicad_rdl.read.aif_dies import DieOutline, die_outline, inside, mcm_outlines, middle, placed_die
from kicad_rdl.read.aif_file import AifFile, NetlistRow, netlist_rows, read_aif_file
from kicad_rdl.read.aif_first import first_version
from kicad_rdl.read.aif_pads import PadType, pad_types
from kicad_rdl.read.bumps import LIMIT, NAME_LIMIT, NO_NET
from kicad_rdl.read.documents import near
from kicad_rdl.read.source_options import DEFAULTS, SourceOptions
from kicad_rdl.units import um


def read_aif(path: Path, options: SourceOptions = DEFAULTS) -> Source:
    """Dies, balls and nets of an AIF file.

    Of the options, name and size are for a die to which the file gives none.

    Raises:
        InputError: with the line of what cannot be used.
    """
    file = read_aif_file(path)
    source = _Reader(file, options).source() if file.find("DATABASE") else first_version(file, options)
    if source.is_lone_die:
        return replace(source, dies=(replace(source.dies[0], mirrored=options.face != "down"),))
    if options.face is not None:
        raise file.error("AIF shows a package from above, so it cannot be told how it shows its dies; leave face out")
    return source


@dataclass(slots=True)
class _Pads:
    """Pads of one die in the frame of the file, in the order of the file."""

    bumps: dict[str, Bump] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    places: dict[Point, str] = field(default_factory=dict)


class _Reader:
    """Collects the rows of one file."""

    def __init__(self, file: AifFile, options: SourceOptions) -> None:
        self.file = file
        netlist = file.find("NETLIST")
        if netlist is None:  # the mistake made most often: its rows then follow those of the pad types
            raise file.error("the file has no section [NETLIST]; put that line above the rows of nets and pads")
        self.netlist = netlist
        self.types = pad_types(file)
        self.used: dict[str, PadType] = {}
        self.grid = ball_grid_of(file)
        database = file.find("DATABASE")
        mcm = database.find("MCM") if database is not None else None
        self.mcm = file.find("MCM_DIE") is not None or (mcm is not None and mcm.value.upper() == "TRUE")
        self.outlines: dict[str, DieOutline] = mcm_outlines(file) if self.mcm else {"": die_outline(file, options)}
        self.pads = {name: _Pads() for name in self.outlines}
        self.balls: dict[str, SourceBall | str] = {}
        """By name: with a place, or only the net ("" for none)."""
        rings = file.find("RINGS")
        self.rings = {re.split(r"[\s=]", entry.text)[0] for entry in rings.entries} if rings is not None else set()
        """Where a ball may be named, a supply ring may be named too."""
        self.notes: list[str] = []

    def source(self) -> Source:
        for row in netlist_rows(self.file, self.netlist):
            if row.pad is not None:
                self._pad(row, row.pad)
            if row.ball is not None and row.ball not in self.rings:
                self._ball(row, row.ball)
        if len(self.balls) == 0 and not any(pads.bumps for pads in self.pads.values()):
            raise self.file.error("[NETLIST] lists no pad and no ball", self.netlist.line)
        balls = self._placed_balls()
        dies = [
            placed_die(self.file, outline, list(self.pads[name].bumps.values()), self.pads[name].lines, self.notes)
            for name, outline in self.outlines.items()
            if self.pads[name].bumps or self.mcm
        ]
        simplified = [f'pad type "{name}": {kind.note}' for name, kind in self.used.items() if kind.note]
        self.notes[:0] = [f"{self.file.source}: {note}" for note in simplified]
        return self._centred(tuple(dies), tuple(balls))

    def _pad(self, row: NetlistRow, pad: str) -> None:
        name, label = self._reference(row, pad)
        if row.pad_type is None or row.pad_at is None:
            raise self.file.error(f'pad "{pad}" needs a pad type and two coordinates', row.line)
        at = self._point(row.pad_at, f'pad "{pad}"', row.line)
        net = self._net(row)
        bump = Bump(label, at, net, self._shape(row.pad_type, row.line), self._given_ball(row))
        pads = self.pads[name]
        known = pads.bumps.get(label)
        if known is not None:  # one row for each bond wire or ball of a pad
            if (known.at, known.net) != (at, net):
                raise self.file.error(
                    f'pad "{pad}" is listed twice with different place or net, in lines {pads.lines[label]} and '
                    f"{row.line}; give every pad a name of its own",
                    row.line,
                )
            pads.bumps[label] = replace(known, ball=known.ball or bump.ball)
            return
        if at in pads.places:
            other = pads.places[at]
            raise self.file.error(
                f'pads "{other}" (line {pads.lines[other]}) and "{pad}" are at the same place; remove one', row.line
            )
        pads.bumps[label], pads.lines[label], pads.places[at] = bump, row.line, label
        if len(pads.bumps) > LIMIT:
            raise self.file.error(f"more than {LIMIT} pads on a die", row.line)

    def _reference(self, row: NetlistRow, pad: str) -> tuple[str, str]:
        """Of ``D1.23``: the die and the pad's own name."""
        self._printable(pad, row.line)
        if not self.mcm:
            return "", pad
        found = max((name for name in self.outlines if pad.startswith(f"{name}.")), key=len, default=None)
        if found is None or pad == f"{found}.":
            hint = near(pad.partition(".")[0], list(self.outlines)) or f"; dies are {', '.join(self.outlines)}"
            raise self.file.error(f'pad "{pad}" names no die; with MCM=TRUE a pad is called D1.23{hint}', row.line)
        return found, pad[len(found) + 1 :]

    def _given_ball(self, row: NetlistRow) -> str | None:
        return None if row.ball in self.rings else row.ball

    def _ball(self, row: NetlistRow, name: str) -> None:
        self._printable(name, row.line)
        net = self._net(row)
        known = self.balls.get(name)
        known_net = known.net if isinstance(known, SourceBall) else (known or None)
        if known is not None and net is not None and known_net not in (None, net):
            raise self.file.error(f'ball "{name}" is given to net "{known_net}" and to net "{net}"', row.line)
        net = net or known_net
        if row.ball_at is None:
            self.balls[name] = replace(known, net=net) if isinstance(known, SourceBall) else (net or "")
            return
        at = self._point(row.ball_at, f'ball "{name}"', row.line)
        if isinstance(known, SourceBall) and known.at != at:
            raise self.file.error(f'ball "{name}" is listed at two places; give every ball a name of its own', row.line)
        shape = self._shape(row.ball_type, row.line) if row.ball_type is not None else self.grid.shape
        self.balls[name] = SourceBall(name, at, net, shape)
        if len(self.balls) > LIMIT:
            raise self.file.error(f"more than {LIMIT} balls", row.line)

    def _net(self, row: NetlistRow) -> str | None:
        if row.net is None or row.net.lower() in NO_NET:
            return None
        self._printable(row.net, row.line)
        return row.net

    def _shape(self, name: str, line: int) -> Shape:
        kind = self.types.get(name)
        if kind is None:
            same = next((each for each in self.types if each.lower() == name.lower()), name)
            hint = near(same, list(self.types)) or f"; there are: {', '.join(list(self.types)[:10]) or 'none'}"
            raise self.file.error(f'pad type "{name}" is not in [PADS] (capitals matter){hint}', line)
        self.used[name] = kind
        return kind.shape

    def _point(self, texts: tuple[str, str], what: str, line: int) -> Point:
        return Point(*(self.file.length(text, what, line) for text in texts))

    def _printable(self, name: str, line: int) -> None:
        if len(name) > NAME_LIMIT or not name.isprintable():
            raise self.file.error(f"the name {name[:20]!r} ... is too long or cannot be printed", line)

    def _placed_balls(self) -> list[SourceBall]:
        """Balls without a place get that of the grid in ``[BGA]``; where the netlist has no ball, its grid has all."""
        if not self.balls:
            return [SourceBall(name, at, None, self.grid.shape) for name, at in self.grid.sites()]
        every_letter = any(set(name) & set(SKIPPED_LETTERS) for name in self.balls)
        placed: list[SourceBall] = []
        homeless: list[str] = []
        for name, ball in self.balls.items():
            if isinstance(ball, SourceBall):
                placed.append(ball)
                continue
            at = self.grid.place(name, every_letter)
            if at is None:
                homeless.append(name)
            else:
                placed.append(SourceBall(name, at, ball or None, self.grid.shape))
        if homeless:
            many = f"{len(homeless)} balls ({homeless[0]} ...)" if len(homeless) > 1 else f'ball "{homeless[0]}"'
            self.notes.append(
                f"{self.file.source}: {many} without a place: the netlist gives no coordinates and [BGA] no grid that "
                "has them; only the names are kept, at the pads"
            )
        return placed

    def _centred(self, dies: tuple[PlacedDie, ...], balls: tuple[SourceBall, ...]) -> Source:
        """The package centre becomes the origin."""
        centre = _origin(self.grid, dies, balls, self.notes, self.file.source)
        return Source(
            dies=tuple(replace(die, at=die.at - centre) for die in dies),
            balls=tuple(replace(ball, at=ball.at - centre) for ball in balls),
            width=self.grid.width,
            height=self.grid.height,
            notes=tuple(self.notes),
        )


def _origin(
    grid: BallGrid, dies: tuple[PlacedDie, ...], balls: tuple[SourceBall, ...], notes: list[str], source: str
) -> Point:
    """Where the package centre lies in the frame of the file."""
    if balls or grid.width is not None:
        width, height = grid.width, grid.height
        if width is None or height is None:
            return grid.centre
        off = next((b for b in balls if not inside(b.at - grid.centre, width, height)), None)
        if off is None:
            return grid.centre
        balls_middle = middle([ball.at for ball in balls])
        notes.append(
            f"{source}: ball {off.name} at {um(off.at.x)}, {um(off.at.y)} lies outside the package of {um(width)} x "
            f"{um(height)} around 0, 0; the middle of the balls is taken as the package centre"
        )
        return balls_middle
    if len(dies) == 1:
        return dies[0].at
    boxes = [(die.at, die.size) for die in dies]
    low = [Point(at.x - size[0] // 2, at.y - size[1] // 2) for at, size in boxes]
    high = [at + Point(size[0], size[1]) for at, (_, size) in zip(low, boxes, strict=True)]
    return middle([*low, *high])
