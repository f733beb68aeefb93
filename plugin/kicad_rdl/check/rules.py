"""The numbers of a technology as the checker needs them, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.errors import RdlError
from kicad_rdl.model.artwork import Artwork
from kicad_rdl.model.technology import Technology
from kicad_rdl.units import Nm


@dataclass(frozen=True, slots=True)
class Level:
    """Rules of the openings between one metal and the next; an enclosure is each side."""

    opening: Nm
    space: Nm
    land_enclosure: Nm
    capture_enclosure: Nm


@dataclass(frozen=True, slots=True)
class Rules:
    """Least values. Index 0 of a tuple belongs to layer 1."""

    line: tuple[Nm, ...]
    space: tuple[Nm, ...]
    levels: tuple[Level, ...]
    """``levels[k]``: between layers k + 1 and k + 2; the last is the ball opening where the UBM is a layer."""
    bump_enclosure: Nm
    bump_space: Nm
    ball_enclosure: Nm
    mask_web: Nm
    trace_to_package: Nm
    ball_to_package: Nm
    die_to_package: Nm
    die_to_die: Nm
    stagger: Nm | None
    """None: openings may stand on each other."""


def rules_of(artwork: Artwork, technology: Technology) -> Rules:
    """The rules for the layers of an artwork.

    Raises:
        RdlError: the artwork has more RDLs than the technology.
    """
    count = artwork.rdl_count
    if count > len(technology.metals):
        raise RdlError(
            f"the board has {count} metal layers, technology {technology.name} has rules for "
            f"{len(technology.metals)}; choose a technology with as many RDLs"
        )
    metals = [technology.metal(min(layer, count)) for layer in range(1, len(artwork.layers) + 1)]
    edges, die_pad = technology.edges, technology.die_pad
    levels = [
        Level(via.opening, via.space, via.land_enclosure, via.capture_enclosure)
        for via in (technology.via(layer) for layer in range(1, count))
    ]
    if len(artwork.layers) > count:
        levels.append(Level(0, technology.mask.web, technology.ball_enclosure, technology.ubm_enclosure))
    return Rules(
        line=tuple(metal.line for metal in metals),
        space=tuple(metal.space for metal in metals),
        levels=tuple(levels),
        bump_enclosure=die_pad.enclosure,
        bump_space=die_pad.space,
        ball_enclosure=technology.ball_enclosure,
        mask_web=technology.mask.web,
        trace_to_package=edges.trace_to_package,
        ball_to_package=edges.ball_to_package,
        die_to_package=edges.die_to_package,
        die_to_die=edges.die_to_die,
        stagger=None if technology.stacked_vias else technology.stagger,
    )
