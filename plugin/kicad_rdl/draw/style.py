"""Colours, line weights and the classes of nets: one quiet palette for every drawing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from kicad_rdl.model.package import NetKind, Package

INK = "#1d2733"
GREY = "#6b7683"
PALE = "#b9c2cb"
FAINT = "#dde2e7"
PAPER = "#ffffff"
DIE = "#eef2f6"
POLYMER = "#f3ead6"
RED = "#c62828"
LOADED = "#a8127a"
KEEPOUT = "#d9772b"

SIGNAL = "#2b6ca3"
UNUSED = "#aab3bc"

LAYERS = ("#2b6ca3", "#c1782a", "#3f8d62", "#84559e")
"""RDL1, RDL2 ... where colours tell layers."""
UBM = "#7a848e"

GROUND = "#4d5965"
SUPPLIES = ("#b4433a", GROUND, "#c49225", "#6c7d2c", "#8d4f7e", "#2f8686")
"""Supply nets where colours tell nets; the last one serves all that are left over."""


def layer_colour(package: Package, layer: int) -> str:
    """Colour of a copper layer."""
    return UBM if layer > package.rdl_count else LAYERS[(layer - 1) % len(LAYERS)]


@dataclass(frozen=True, slots=True)
class NetClass:
    """Nets that share a colour."""

    name: str
    colour: str
    nets: tuple[str, ...]


def net_classes(package: Package) -> tuple[NetClass, ...]:
    """Signals, then every supply net for itself while colours last (those with most bumps first), then
    the other supplies."""
    signals = tuple(rule.name for rule in package.nets if rule.kind is NetKind.SIGNAL)
    bumps = Counter(bump.net for _, bump in package.bumps)
    supplies = tuple(
        sorted((rule.name for rule in package.nets if rule.kind is NetKind.SUPPLY), key=lambda net: (-bumps[net], net))
    )
    own = supplies if len(supplies) <= len(SUPPLIES) else supplies[: len(SUPPLIES) - 1]
    classes = [NetClass("signal", SIGNAL, signals)] if signals else []
    classes += [NetClass(net, colour, (net,)) for net, colour in zip(own, _supply_colours(own), strict=True)]
    if len(own) < len(supplies):
        classes.append(NetClass("other supplies", SUPPLIES[-1], supplies[len(own) :]))
    return tuple(classes)


def _supply_colours(nets: tuple[str, ...]) -> tuple[str, ...]:
    """A colour for each net: the dark one for the first ground, the others in their order."""
    free = list(SUPPLIES)
    colours = []
    for net in nets:
        ground = any(word in net.lower() for word in ("vss", "gnd"))
        colour = GROUND if ground and GROUND in free else next((one for one in free if one != GROUND), GROUND)
        free.remove(colour)
        colours.append(colour)
    return tuple(colours)
