"""What a benchmark asks for, as plain values, and how it becomes a job folder: TOML, deck, bump maps, ball map.

Lengths are micrometres here, because that is what the files say. Maps are written as the package sees them
(``face = "down"``, origin in the centre), so that nothing is mirrored on the way.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Deck:
    """The rules of a benchmark [um]: as published where they are, else chosen, as ``source`` says."""

    name: str
    source: str
    line: float
    space: float
    layers: int = 1
    land: float = 0
    """RDL1 land beyond the bump, each side."""
    via: float = 0
    """Opening of every via; with one layer there is none."""
    enclosure: float = 0
    """Of a via, on both metals."""
    ball_opening: float = 0
    ubm: float = 0
    pad: float = 0
    ball: float = 0
    edge: float = 0
    """Trace to package edge."""
    stacked: bool = True
    teardrops: float = 0.0

    @property
    def text(self) -> str:
        """The technology file."""

        def value(length: float) -> str:
            return f'{{ value = {length:g}, unit = "um", status = "default", source = "{self.source}" }}'

        def number(amount: float | str) -> str:
            return f'{{ value = {amount}, status = "default", source = "not used by the router" }}'

        polymer = (
            f'material = "polyimide"\nthickness = {value(5)}\npermittivity = {number(3.3)}\nloss = {number(0.008)}'
        )
        parts = [
            f'name = "{self.name}"\ntitle = "Rules of a benchmark"\nsource = "{self.source}"',
            f"stacked_vias = {number(str(self.stacked).lower())}\nstagger = {value(self.via)}",
            f"teardrop_ratio = {number(self.teardrops)}",
        ]
        parts += [
            f'[[metals]]\nname = "RDL{layer}"\nline = {value(self.line)}\nspace = {value(self.space)}\n'
            f"thickness = {value(3)}"
            for layer in range(1, self.layers + 1)
        ]
        parts += [f'[[dielectrics]]\nname = "D{layer}"\n{polymer}' for layer in range(1, self.layers + 1)]
        parts += [
            f"[[vias]]\nopening = {value(self.via)}\nland_enclosure = {value(self.enclosure)}\n"
            f"capture_enclosure = {value(self.enclosure)}\nspace = {value(self.space)}"
        ] * (self.layers - 1)
        parts += [
            f"[die_pad]\nopening = {value(max(self.line, 1))}\nenclosure = {value(self.land)}\npitch = {value(0)}\n"
            f"space = {value(0)}",
            f"[[balls]]\npitch = {value(1)}\nball = {value(self.ball)}\nopening = {value(self.ball_opening)}\n"
            f"ubm = {value(self.ubm)}\npad = {value(self.pad)}",
            f"[edges]\ntrace_to_package = {value(self.edge)}\nball_to_package = {value(0)}\n"
            f"die_to_package = {value(0)}\ndie_to_die = {value(0)}",
            f"[mask]\n{polymer}\nweb = {value(1)}",
            f'[mold]\nmaterial = "epoxy mold compound"\nthickness = {value(300)}\npermittivity = {number(3.7)}\n'
            f"loss = {number(0.01)}",
        ]
        return "\n\n".join(parts) + "\n"


@dataclass(frozen=True, slots=True)
class Bump:
    """A contact of a die [um], from the centre of its die."""

    name: str
    x: float
    y: float
    net: str = ""
    width: float = 0
    height: float = 0
    """0: a circle of ``width``."""
    ball: str = ""
    """The ball it must end on."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A die [um] and where its centre lies in the package."""

    name: str
    width: float
    height: float
    bumps: tuple[Bump, ...]
    x: float = 0
    y: float = 0


@dataclass(frozen=True, slots=True)
class Ball:
    """A terminal of the package [um], from its centre."""

    name: str
    x: float
    y: float
    net: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One package."""

    name: str
    description: str
    deck: Deck
    width: float
    height: float
    chips: tuple[Chip, ...]
    balls: tuple[Ball, ...]
    angles: str = "any"
    square_pads: bool = False
    rules: str = ""
    """The ``[nets]`` tables, as TOML."""


def write_job(case: Case, folder: Path) -> Path:
    """Writes the job with everything it names into ``folder``; returns the job."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "deck.toml").write_text(case.deck.text, encoding="utf-8")
    header = ("bump", "x_um", "y_um", "net", "ball", "shape", "width_um", "height_um")
    dies = []
    for chip in case.chips:
        rows = [
            (b.name, _number(b.x), _number(b.y), b.net, b.ball, "rectangle", _number(b.width), _number(b.height))
            if b.height
            else (b.name, _number(b.x), _number(b.y), b.net, b.ball, "circle", _number(b.width), "")
            for b in chip.bumps
        ]
        (folder / f"{chip.name}.csv").write_text(_table(header, rows), encoding="utf-8")
        dies.append(
            f'[[die]]\nname = "{chip.name}"\nbumps = "{chip.name}.csv"\nwidth = "{chip.width:.10g} um"\n'
            f'height = "{chip.height:.10g} um"\nface = "down"\n'
            f'position = ["{_number(chip.x)} um", "{_number(chip.y)} um"]\n'
        )
    places = [(ball.name, _number(ball.x), _number(ball.y), ball.net) for ball in case.balls]
    (folder / "balls.csv").write_text(_table(("ball", "x_um", "y_um", "net"), places), encoding="utf-8")
    shape = 'pad_shape = "square"\n' if case.square_pads else ""
    job = folder / f"{case.name}.toml"
    job.write_text(
        f'name = "{case.name}"\ndescription = "{case.description}"\ntechnology = "deck.toml"\n\n'
        f'[package]\nwidth = "{case.width:.10g} um"\nheight = "{case.height:.10g} um"\n'
        f'rdl_count = {case.deck.layers}\nangles = "{case.angles}"\n\n'
        + "\n".join(dies)
        + f'\n[balls]\nmap = "balls.csv"\n{shape}\n{case.rules}',
        encoding="utf-8",
    )
    return job


def _number(value: float) -> str:
    """Micrometres to the nanometre, without the dust of floats."""
    return f"{round(value, 3) + 0.0:.10g}"


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
