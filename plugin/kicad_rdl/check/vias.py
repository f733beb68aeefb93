"""Via openings: their metal, their distances, and what they stand on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from kicad_rdl.check.closeness import breaches, gaps
from kicad_rdl.check.primitives import tabulate
from kicad_rdl.check.rules import Rules
from kicad_rdl.model.artwork import Artwork, Hole, MaskOpening, Skeleton
from kicad_rdl.model.layout import Side
from kicad_rdl.model.report import Rule, Severity, Violation
from kicad_rdl.units import Nm, um


def check_vias(artwork: Artwork, rules: Rules) -> Iterator[Violation]:
    """Size, enclosure, spacing and stacking of via openings."""
    for hole in artwork.holes:
        yield from _metal(artwork, rules, hole)
    for level in range(1, len(artwork.layers)):
        yield from _spacing(artwork, level, rules.levels[level - 1].space)
    if rules.stagger is not None:
        yield from _stacking(artwork, rules.stagger)


def _level_name(artwork: Artwork, level: int) -> str:
    return f"{artwork.layers[level - 1]}-{artwork.layers[level]}"


def _metal(artwork: Artwork, rules: Rules, hole: Hole) -> Iterator[Violation]:
    """The metal beyond the opening on every layer, and the opening itself.

    Half the difference of two diameters may be half a nanometre: compared doubled, reported rounded down.
    """
    spanned = rules.levels[hole.first - 1 : hole.last - 1]
    least = max(level.opening for level in spanned)
    where = f"{artwork.layers[hole.first - 1]}-{artwork.layers[hole.last - 1]}"
    if hole.diameter < least:
        remedy = f"open the dielectric {um(least)} wide"
        things = (f"opening of {hole.name}",)
        yield Violation(Rule.WIDTH, Severity.ERROR, where, hole.at, things, hole.diameter, least, remedy)
    for layer, diameter in hole.lands:
        needs = [rules.levels[layer - 1].land_enclosure] if layer < hole.last else []
        if layer > hole.first:
            needs.append(rules.levels[layer - 2].capture_enclosure)
        required = max(needs)
        if diameter - hole.diameter < 2 * required:
            kind = "via land" if layer < hole.last else "capture pad"
            name = artwork.layers[layer - 1]
            remedy = f"make the {kind} {um(hole.diameter + 2 * required)} wide"
            measured = (diameter - hole.diameter) // 2
            yield Violation(Rule.ENCLOSURE, Severity.ERROR, name, hole.at, (hole.name,), measured, required, remedy)


def _spacing(artwork: Artwork, level: int, space: Nm) -> Iterator[Violation]:
    """Openings in the dielectric between ``level`` and the next layer, of one net too: the polymer must hold."""
    holes = [hole for hole in artwork.holes if hole.first <= level < hole.last]
    table = tabulate((hole.at, hole.diameter) for hole in holes)
    for breach in breaches(table, None, gaps(table, None, space), space):
        first, second = holes[breach.a], holes[breach.b]
        if level > max(first.first, second.first):
            continue  # reported once, on the first dielectric they share
        things = tuple(sorted((first.name, second.name)))
        remedy = f"move the vias apart by {um(space - breach.measured)}"
        measured = max(breach.measured, 0)
        where = _level_name(artwork, level)
        yield Violation(Rule.VIA_SPACING, Severity.ERROR, where, breach.at, things, measured, space, remedy)


def _stacking(artwork: Artwork, stagger: Nm) -> Iterator[Violation]:
    """Openings of successive levels, bump ends under vias and ball openings over them, where none may stand on another.

    A ball opening straight over a bump end (one RDL, nothing between) is a question of the ball grid, not of the
    copper: it is reported as a warning.
    """
    bumps = [opening for opening in artwork.openings if opening.side is Side.BUMP]
    balls = [
        opening
        for opening in artwork.openings
        if opening.side is Side.LAND and len(artwork.layers) == artwork.rdl_count
    ]
    levels: list[tuple[str, list[Hole | MaskOpening]]] = [("bump end", list(bumps))]
    levels += [
        (_level_name(artwork, level), [hole for hole in artwork.holes if hole.first <= level < hole.last])
        for level in range(1, len(artwork.layers))
    ]
    levels.append(("ball opening", list(balls)))
    for (_, lower), (name, upper) in pairwise(levels):
        low = tabulate(_shape(item) for item in lower)
        high = tabulate(_shape(item) for item in upper)
        for breach in breaches(low, high, gaps(low, high, stagger), stagger):
            first, second = lower[breach.a], upper[breach.b]
            if first is second:
                continue  # one drilled hole through both
            ball_on_bump = isinstance(first, MaskOpening) and artwork.rdl_count == 1
            severity = Severity.WARNING if ball_on_bump else Severity.ERROR
            measured = max(breach.measured, 0)
            remedy = f"put them {um(stagger)} apart: technology allows no via on another opening"
            things = (first.name, second.name)
            yield Violation(Rule.VIA_STACKING, severity, name, breach.at, things, measured, stagger, remedy)


def _shape(item: Hole | MaskOpening) -> tuple[Skeleton, Nm]:
    return (item.at, item.diameter) if isinstance(item, Hole) else (item.skeleton, item.width)
