"""The board's ``stackup``: every metal and polymer with explicit thickness, permittivity and loss."""

from __future__ import annotations

from kicad_rdl.kicad.layers import copper
from kicad_rdl.kicad.sexpr import Quoted, Tree
from kicad_rdl.model.package import Package
from kicad_rdl.model.technology import DielectricRules, MaskRules
from kicad_rdl.units import Nm


def stackup_tree(package: Package) -> Tree:
    """From the die outwards. KiCad's front mask is the polymer on the die, its back mask the outermost one.

    Where the UBM is a copper layer, the outermost polymer lies under it and nothing lies beyond.
    """
    technology, count = package.technology, package.metal_count
    layers: list[Tree] = [
        ("layer", Quoted("F.SilkS"), ("type", Quoted("Top Silk Screen"))),
        ("layer", Quoted("F.Paste"), ("type", Quoted("Top Solder Paste"))),
        ("layer", Quoted("F.Mask"), ("type", Quoted("Top Solder Mask")), *_polymer(technology.dielectrics[0])),
    ]
    for layer in range(1, count + 1):
        layers.append(
            ("layer", Quoted(copper(layer, count)), ("type", Quoted("copper")), ("thickness", _metal(package, layer)))
        )
        if layer < count:
            kind = ("type", Quoted("prepreg"))
            layers.append(("layer", Quoted(f"dielectric {layer}"), kind, *_polymer(_between(package, layer))))
    outermost = () if package.has_ubm_layer else _polymer(technology.mask)
    layers += [
        ("layer", Quoted("B.Mask"), ("type", Quoted("Bottom Solder Mask")), *(outermost or (("thickness", 0),))),
        ("layer", Quoted("B.Paste"), ("type", Quoted("Bottom Solder Paste"))),
        ("layer", Quoted("B.SilkS"), ("type", Quoted("Bottom Silk Screen"))),
    ]
    return ("stackup", *layers, ("copper_finish", Quoted("None")), ("dielectric_constraints", "no"))


def thickness(package: Package) -> Nm:
    """Of all that the stackup lists; the mold is beyond it."""
    technology, count = package.technology, package.metal_count
    metals = sum(_metal(package, layer) for layer in range(1, count + 1))
    between = sum(_between(package, layer).thickness for layer in range(1, count))
    outermost = 0 if package.has_ubm_layer else technology.mask.thickness
    return technology.dielectrics[0].thickness + metals + between + outermost


def _metal(package: Package, layer: int) -> Nm:
    """Rule decks give no thickness for the UBM: it takes that of the last RDL."""
    return package.technology.metal(min(layer, package.rdl_count)).thickness


def _between(package: Package, layer: int) -> DielectricRules | MaskRules:
    """The polymer between metal ``layer`` and the next: under the UBM it is the outermost one."""
    return package.technology.mask if layer == package.rdl_count else package.technology.dielectrics[layer]


def _polymer(rules: DielectricRules | MaskRules) -> tuple[Tree, ...]:
    return (
        ("thickness", rules.thickness),
        ("material", Quoted(rules.material)),
        ("epsilon_r", _number(rules.permittivity)),
        ("loss_tangent", _number(rules.loss)),
    )


def _number(value: float) -> str:
    """A pure number without exponent."""
    text = f"{value:.6f}".rstrip("0")
    return text.rstrip(".") or "0"
