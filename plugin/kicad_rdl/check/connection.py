"""Opens: what the geometry joins, compared with what the netlist wants joined.

Opens come from geometry always; whether the maker of the layout already declared them unrouted is not asked here
(the pipeline separates those that ``Layout.unrouted`` names).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from kicad_rdl.geometry import Arc, Line, Point
from kicad_rdl.model.artwork import Artwork, Copper, CopperKind, Skeleton, Terminal
from kicad_rdl.model.report import Rule, Severity, Violation


def nodes(artwork: Artwork) -> list[int]:
    """The electrical node of every copper item: its net; without a net, the thing itself.

    Without a net, things centred on one point belong together (pad, via and UBM of an unused ball), but never two
    pads of one layer.
    """
    numbers: dict[str, int] = {}
    place: dict[int, Point] = {}
    pads: dict[tuple[Point, int], int] = {}
    for copper in artwork.copper:
        if copper.net is None and copper.kind in (CopperKind.PAD, CopperKind.VIA):
            at = place.setdefault(copper.thing, centre(copper))
            if copper.kind is CopperKind.PAD:
                pads.setdefault((at, copper.layer), copper.thing)
    result: list[int] = []
    for copper in artwork.copper:
        key = f"thing {copper.thing}"
        if copper.net is not None:
            key = f"net {copper.net}"
        elif copper.thing in place:
            at = place[copper.thing]
            if copper.kind is CopperKind.VIA or pads[at, copper.layer] == copper.thing:
                key = f"place {at}"
        result.append(numbers.setdefault(key, len(numbers)))
    return result


def centre(copper: Copper) -> Point:
    """A point that stands for the item: the centre of a pad or via land."""
    return centre_of(copper.skeleton)


def centre_of(skeleton: Skeleton) -> Point:
    """The centre of a skeleton's extent (of an arc: of its chord)."""
    match skeleton:
        case Point():
            return skeleton
        case Line(start, end) | Arc(start, _, end):
            return Point((start.x + end.x) // 2, (start.y + end.y) // 2)
        case _:
            xs, ys = zip(*skeleton.outline, strict=True)
            return Point(round((min(xs) + max(xs)) / 2), round((min(ys) + max(ys)) / 2))


def pieces_of(artwork: Artwork, touching: Sequence[tuple[int, int]]) -> list[int]:
    """For every copper item the least index of the copper it is joined with (union-find).

    Args:
        artwork: the copper.
        touching: pairs of copper of one node that touch on their layer; vias and pads join all their parts besides.
    """
    parent = list(range(len(artwork.copper)))

    def find(k: int) -> int:
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    lands: dict[int, int] = {}
    through = [
        (lands.setdefault(copper.thing, k), k)
        for k, copper in enumerate(artwork.copper)
        if copper.kind in (CopperKind.VIA, CopperKind.PAD)
    ]
    for a, b in (*touching, *through):
        low, high = sorted((find(a), find(b)))
        parent[high] = low
    return [find(k) for k in range(len(parent))]


def opens(artwork: Artwork, piece: Sequence[int]) -> Iterator[Violation]:
    """One violation for every piece of a net too many.

    Args:
        artwork: copper and terminals.
        piece: what ``pieces_of`` found.
    """
    by_net: dict[str, dict[int, list[Terminal]]] = defaultdict(lambda: defaultdict(list))
    for terminal in artwork.terminals:
        by_net[terminal.net][piece[terminal.copper]].append(terminal)
    for net in sorted(by_net):
        groups = sorted(by_net[net].values(), key=lambda group: (-len(group), group[0].name))
        for group in groups[1:]:
            yield _open(artwork, net, group, groups[0])


def _open(artwork: Artwork, net: str, group: list[Terminal], main: list[Terminal]) -> Violation:
    here = artwork.copper[group[0].copper]
    at = centre(here)
    partner = min(main, key=lambda other: (at.distance(centre(artwork.copper[other.copper])), other.name))
    others = f" (and {len(group) - 1} more)" if len(group) > 1 else ""
    return Violation(
        rule=Rule.OPEN,
        severity=Severity.ERROR,
        layer=artwork.layers[here.layer - 1],
        at=at,
        things=(f"net {net}", group[0].name + others, partner.name),
        measured=None,
        required=None,
        remedy=f"join {group[0].name} with {partner.name}",
    )
