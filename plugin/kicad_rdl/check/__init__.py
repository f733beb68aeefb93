"""The inspector: judges copper by the rules and the netlist, and asks nobody how it was made."""

from __future__ import annotations

from kicad_rdl.check.angles import check_angles
from kicad_rdl.check.artwork import artwork_of
from kicad_rdl.check.connection import nodes, opens, pieces_of
from kicad_rdl.check.dangling import islands, loose_ends, loose_vias
from kicad_rdl.check.edges import check_edges
from kicad_rdl.check.keepouts import check_keepouts, check_trace_layers
from kicad_rdl.check.layers import layer_copper
from kicad_rdl.check.mask import check_mask
from kicad_rdl.check.names import check_names
from kicad_rdl.check.rules import rules_of
from kicad_rdl.check.spacing import check_spacing, check_wider_spaces
from kicad_rdl.check.vias import check_vias
from kicad_rdl.check.width import check_widths
from kicad_rdl.model.artwork import Artwork
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.report import Violation
from kicad_rdl.model.technology import Technology

__all__ = ["check_artwork", "check_layout"]


def check_layout(layout: Layout) -> tuple[Violation, ...]:
    """Every violation of a layout, sorted by rule and place.

    Opens are taken from the geometry, also those that ``layout.unrouted`` declares: telling the two apart is the
    caller's business.
    """
    found = check_artwork(artwork_of(layout), layout.package.technology)
    return _sorted([*found, *check_names(layout)])


def check_artwork(artwork: Artwork, technology: Technology) -> tuple[Violation, ...]:
    """Every violation of drawn copper, sorted by rule and place.

    Raises:
        RdlError: the artwork has more RDLs than the technology.
    """
    rules = rules_of(artwork, technology)
    nets = nodes(artwork)
    found: list[Violation] = []
    touching: list[tuple[int, int]] = []
    layers = layer_copper(artwork, nets)
    for here in layers:
        space = rules.space[here.layer - 1]
        result = check_spacing(artwork, here, space)
        found += result.violations
        found += check_wider_spaces(artwork, here, space)
        touching += result.touching
        found += loose_ends(artwork, here)
        found += check_angles(artwork, here)
    piece = pieces_of(artwork, touching)
    found += opens(artwork, piece)
    found += loose_vias(artwork, touching)
    found += islands(artwork, piece)
    found += check_widths(artwork, rules)
    found += check_vias(artwork, rules)
    found += check_trace_layers(artwork)
    found += check_keepouts(artwork, layers)
    found += check_mask(artwork, rules, nets)
    found += check_edges(artwork, layers, rules)
    return _sorted(found)


def _sorted(found: list[Violation]) -> tuple[Violation, ...]:
    """Without repetitions: two pieces of one trace meet where both are too close, and say the same."""
    order = dict.fromkeys(found)
    return tuple(
        sorted(
            order,
            key=lambda v: (
                v.rule,
                v.layer,
                v.at,
                v.things,
                -1 if v.measured is None else v.measured,
                -1 if v.required is None else v.required,
                v.remedy,
            ),
        )
    )
