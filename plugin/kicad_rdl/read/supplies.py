"""How does the job want a net to be joined: as a tree or a plane, where, and hatched or solid?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kicad_rdl.errors import InputError
from kicad_rdl.model.package import Hatch, Joint, NetKind, Package, SupplyStyle
from kicad_rdl.read.job_file import NetTable
from kicad_rdl.units import um

MOST_HOLES = 250_000
"""Of a hatched plane over the whole package: about 40 MB of board file."""


@dataclass(frozen=True, slots=True)
class SupplyWish:
    """What the rules say about a net; the fields are those of ``NetRule``."""

    style: SupplyStyle = SupplyStyle.TREE
    plane_layer: int | None = None
    more_planes: tuple[int, ...] = ()
    joint: Joint = Joint.SOLID
    hatch: Hatch | None = None


def supply_wish(name: str, kind: NetKind, rules: Iterable[NetTable], source: str) -> SupplyWish:
    """The wish for a net; of the rules that match it, a later one wins.

    ``plane_layer`` is the least of the layers that are asked for: whatever stack reaches it passes the others, or
    ends on it.

    Raises:
        InputError: a signal as a plane, or keys of planes for a tree.
    """
    style, joint, hatch = SupplyStyle.TREE, Joint.SOLID, None
    layers: tuple[int, ...] = ()
    for rule in rules:
        style = SupplyStyle(rule.style) if rule.style else style
        joint = Joint(rule.joint) if rule.joint else joint
        if rule.plane_layer is not None:
            asked = [rule.plane_layer] if isinstance(rule.plane_layer, int) else rule.plane_layer
            layers = () if isinstance(asked, str) else tuple(sorted(set(asked)))
        if rule.hatch is not None:
            hatch = None if rule.hatch == "solid" else Hatch(rule.hatch.width, rule.hatch.gap, rule.hatch.orientation)
    if style is SupplyStyle.TREE:
        for key, given in (("plane_layer", bool(layers)), ("hatch", hatch is not None)):
            if given:
                raise InputError(f'net "{name}": {key} belongs to style = "plane" or "auto"', source)
    elif kind is NetKind.SIGNAL:
        raise InputError(f'net "{name}": only a supply can be a plane; list it in nets.supplies', source)
    return SupplyWish(style, layers[0] if layers else None, layers[1:], joint, hatch)


def refuse_hatch(name: str, hatch: Hatch, package: Package, source: str) -> None:
    """Refuses lines and holes that the technology cannot make, and more holes than files can hold.

    Raises:
        InputError: what is too small.
    """
    holes = package.width * package.height // (hatch.width + hatch.gap) ** 2
    if holes > MOST_HOLES:
        raise InputError(
            f'net "{name}": a hatch of {um(hatch.width)} lines and {um(hatch.gap)} gaps makes {holes} holes on this '
            f"package; {MOST_HOLES} are allowed: make the gap larger, or the plane solid",
            source,
        )
    for layer in range(1, package.rdl_count + 1):
        metal = package.technology.metal(layer)
        for key, asked, least, rule in (
            ("width", hatch.width, metal.line, "line"),
            ("gap", hatch.gap, metal.space, "space"),
        ):
            if asked < least:
                raise InputError(
                    f'net "{name}": hatch.{key} of {um(asked)} is less than the {rule} of {um(least)} on RDL{layer}; '
                    f"make it at least {um(least)}",
                    source,
                )
