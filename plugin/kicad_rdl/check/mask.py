"""Openings in the outermost polymers: the web between them, the metal around them, foreign metal in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kicad_rdl.check.closeness import anchor, breaches, contained, gaps
from kicad_rdl.check.connection import centre_of
from kicad_rdl.check.enclosure import enclosure
from kicad_rdl.check.primitives import tabulate
from kicad_rdl.check.rules import Rules
from kicad_rdl.model.artwork import Artwork, MaskOpening
from kicad_rdl.model.layout import Side
from kicad_rdl.model.report import Rule, Severity, Violation
from kicad_rdl.units import Nm, um


def check_mask(artwork: Artwork, rules: Rules, nets: Sequence[int]) -> Iterator[Violation]:
    """All openings of both sides; ``nets`` is the electrical node of every copper item."""
    for side, web in ((Side.BUMP, rules.bump_space), (Side.LAND, rules.mask_web)):
        openings = [opening for opening in artwork.openings if opening.side is side]
        yield from _webs(artwork, openings, side, web)
        free: list[MaskOpening] = []
        for opening in openings:
            found = _metal(artwork, rules, opening)
            if found is None:
                free.append(opening)
            elif found[0] < found[1]:
                yield _thin(artwork, opening, *found)
        yield from _foreign(artwork, free, nets)


def _webs(artwork: Artwork, openings: list[MaskOpening], side: Side, web: Nm) -> Iterator[Violation]:
    """The polymer between two openings, whatever their nets: a sliver breaks in any case."""
    table = tabulate((opening.skeleton, opening.width) for opening in openings)
    pairs = {(b.a, b.b): (b.measured, b.at) for b in breaches(table, None, gaps(table, None, web), web)}
    for owner, guest in contained(table, table):
        if owner != guest:
            pairs.setdefault((min(owner, guest), max(owner, guest)), (0, anchor(table, guest)))
    for a, b in sorted(pairs):
        measured, at = pairs[a, b]
        if _one_pad(artwork, openings[a], openings[b]):
            continue
        things = tuple(sorted((f"opening of {openings[a].name}", f"opening of {openings[b].name}")))
        remedy = f"move the openings apart by {um(web - max(measured, 0))} or make them smaller"
        yield Violation(Rule.MASK_WEB, Severity.ERROR, str(side), at, things, max(measured, 0), web, remedy)


def _one_pad(artwork: Artwork, first: MaskOpening, second: MaskOpening) -> bool:
    """A pad of several shapes has one opening of several shapes."""
    if first.pad is None or second.pad is None:
        return False
    return artwork.copper[first.pad].thing == artwork.copper[second.pad].thing


def _metal(artwork: Artwork, rules: Rules, opening: MaskOpening) -> tuple[Nm, Nm] | None:
    """(metal beyond the opening, required); None where the pad's edge is free on purpose (copper-defined)."""
    if opening.pad is None:
        return None  # an opening of no pad: all copper in it is foreign
    pad = artwork.copper[opening.pad]
    measured = enclosure((opening.skeleton, opening.width), (pad.skeleton, pad.width))
    least = 0 if opening.side is Side.LAND else -1  # an opening as large as its land leaves the land's edge free
    if measured <= least and enclosure((pad.skeleton, pad.width), (opening.skeleton, opening.width)) >= 0:
        return None
    if opening.side is Side.BUMP:
        return measured, rules.bump_enclosure
    # Over a UBM layer the opening is the UBM itself; the ball opening is then a via with rules of its own.
    return measured, rules.ball_enclosure if opening.layer <= artwork.rdl_count else 0


def _thin(artwork: Artwork, opening: MaskOpening, measured: Nm, required: Nm) -> Violation:
    return Violation(
        rule=Rule.ENCLOSURE,
        severity=Severity.ERROR,
        layer=artwork.layers[opening.layer - 1],
        at=centre_of(opening.skeleton),
        things=(f"opening of {opening.name}",),
        measured=measured,
        required=required,
        remedy=f"make the pad {um(2 * (required - measured))} wider or the opening smaller",
    )


def _foreign(artwork: Artwork, openings: list[MaskOpening], nets: Sequence[int]) -> Iterator[Violation]:
    """Copper of another net in an opening that is larger than its pad."""
    for layer in sorted({opening.layer for opening in openings}):
        here = [opening for opening in openings if opening.layer == layer]
        copper = [k for k, item in enumerate(artwork.copper) if item.layer == layer]
        holes = tabulate((opening.skeleton, opening.width) for opening in here)
        metal = tabulate((artwork.copper[k].skeleton, artwork.copper[k].width) for k in copper)
        # Metal that only touches the rim is covered: the limit is "less than zero".
        places = {(b.a, b.b): b.at for b in breaches(holes, metal, gaps(holes, metal, 0), 0)}
        for owner, guest in contained(holes, metal):
            places.setdefault((owner, guest), anchor(metal, guest))
        for owner, guest in contained(metal, holes):
            places.setdefault((guest, owner), anchor(holes, guest))
        for a, b in sorted(places):
            own = here[a].pad
            if own is None or nets[own] != nets[copper[b]]:
                things = (f"opening of {here[a].name}", artwork.copper[copper[b]].name)
                remedy = "make the opening smaller or keep the copper out of it"
                where = artwork.layers[layer - 1]
                yield Violation(Rule.MASK_WEB, Severity.ERROR, where, places[a, b], things, 0, 0, remedy)
