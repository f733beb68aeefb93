"""The technology as KiCad's rules: board-wide minima for the project, exact ones per layer as custom rules.

A board-wide minimum is the least of all layers, because KiCad takes it as a floor; ``NAME.kicad_dru`` then holds every
layer and every via to its own rule. Holes have no floor: a custom rule goes below the limit of the board, and has to
where that is the least that KiCad's Board Setup takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.kicad.classes import net_classes
from kicad_rdl.kicad.layers import copper
from kicad_rdl.kicad.sexpr import Quoted, Tree, dump, millimetres
from kicad_rdl.model.open_board import LEAST_HOLE_LIMIT
from kicad_rdl.model.package import Package
from kicad_rdl.units import UM, Nm

MIN_TEXT_HEIGHT: Nm = 20 * UM
"""Texts are for people and lie on no mask layer; they scale with the die."""
MIN_TEXT_THICKNESS: Nm = 3 * UM


@dataclass(frozen=True, slots=True)
class LayerRule:
    """Least line and space of one copper layer."""

    name: str
    layer: int
    line: Nm
    space: Nm


@dataclass(frozen=True, slots=True)
class ViaRule:
    """The vias between ``layer`` and the next."""

    name: str
    layer: int
    opening: Nm
    land: Nm
    capture: Nm
    space: Nm

    @property
    def diameter(self) -> Nm:
        """The smaller of land and capture."""
        return min(self.land, self.capture)

    @property
    def ring(self) -> Nm:
        """Least metal beyond the opening, each side."""
        return (self.diameter - self.opening) // 2


def layer_rules(package: Package) -> tuple[LayerRule, ...]:
    """One for every copper layer; the UBM keeps the rules of the last RDL."""
    metals = [package.technology.metal(min(k, package.rdl_count)) for k in range(1, package.metal_count + 1)]
    return tuple(
        LayerRule(package.layer_name(layer), layer, metal.line, metal.space)
        for layer, metal in enumerate(metals, start=1)
    )


def via_rules(package: Package) -> tuple[ViaRule, ...]:
    """One for every pair of neighbouring copper layers; to the UBM it is the ball's opening."""
    technology = package.technology
    rules = [
        ViaRule(f"RDL{k} to RDL{k + 1}", k, via.opening, via.land, via.capture, via.space)
        for k, via in ((k, technology.via(k)) for k in range(1, package.rdl_count))
    ]
    if package.has_ubm_layer:
        last, ball = package.rdl_count, package.ball
        rules.append(
            ViaRule(f"RDL{last} to UBM", last, package.ubm_via_opening, ball.pad, ball.ubm, technology.mask.web)
        )
    return tuple(rules)


def minima(package: Package) -> dict[str, Nm]:
    """``board.design_settings.rules`` of the project [nm]."""
    layers, vias = layer_rules(package), via_rules(package)
    space = min(rule.space for rule in layers)
    opening = min(rule.opening for rule in vias)
    diameter = min(rule.diameter for rule in vias)
    return {
        "min_clearance": space,
        "min_connection": 0,
        "min_copper_edge_clearance": package.technology.edges.trace_to_package,
        "min_groove_width": 0,
        "min_hole_clearance": space,
        "min_hole_to_hole": min(rule.space for rule in vias),
        "min_microvia_diameter": diameter,
        "min_microvia_drill": opening,
        "min_silk_clearance": 0,
        "min_text_height": MIN_TEXT_HEIGHT,
        "min_text_thickness": MIN_TEXT_THICKNESS,
        "min_through_hole_diameter": max(opening, LEAST_HOLE_LIMIT),
        "min_track_width": min(rule.line for rule in layers),
        "min_via_annular_width": min(rule.ring for rule in vias),
        "min_via_diameter": diameter,
        "solder_mask_to_copper_clearance": 0,
    }


def rules_text(package: Package) -> str:
    """The content of ``NAME.kicad_dru``."""
    technology, count = package.technology, package.metal_count
    rules: list[Tree] = []
    for layer in layer_rules(package):
        where: Tree = ("layer", Quoted(copper(layer.layer, count)))
        rules += [
            _rule(f"{layer.name} space", where, _least("clearance", layer.space)),
            _rule(f"{layer.name} line", where, _least("track_width", layer.line)),
        ]
    for via in via_rules(package):
        those = _those(f"A.Type == 'Via' && A.Layer_Top == '{package.layer_name(via.layer)}'")
        rules += [
            _rule(f"{via.name} opening", those, _least("hole_size", via.opening)),
            _rule(f"{via.name} enclosure", those, _least("annular_width", via.ring)),
            _rule(f"{via.name} opening space", those, _least("hole_to_hole", via.space)),
        ]
    rules += _class_rules(package)
    if package.has_ubm_layer and package.rdl_count > 1:
        for keepout in package.keepouts:
            inside = f"A.Type == 'Via' && A.Layer_Bottom != 'UBM' && A.intersectsArea('{keepout.name}')"
            if keepout.vias:
                rules.append(_rule(f"keep-out {keepout.name}", _those(inside), ("constraint", "disallow", "via")))
    edge = technology.edges.trace_to_package
    rules.append(_rule("copper to package edge", _least("edge_clearance", edge)))
    header = (
        "(version 1)\n"
        f"# Technology {technology.name}: {technology.title}\n"
        f"# Source: {technology.source}\n"
        "# Written by kicad-rdl. Where rules differ from layer to layer, the project file holds the least.\n"
    )
    return header + "".join("\n" + dump(rule) for rule in rules)


def _class_rules(package: Package) -> list[Tree]:
    """What the job asks of nets. KiCad takes the last rule that fits a pair, so the largest space comes last."""
    count = package.metal_count
    spaces: list[tuple[Nm, Tree]] = []
    others: list[Tree] = []
    for one in net_classes(package):
        those = _those(f"A.Type == 'Track' && A.NetClass == '{one.name}'")
        for layer in range(1, package.rdl_count + 1):
            if one.layers is not None and layer not in one.layers:
                name = f"{one.name}: not on {package.layer_name(layer)}"
                where: Tree = ("layer", Quoted(copper(layer, count)))
                others.append(_rule(name, where, those, ("constraint", "disallow", "track")))
        for rule in one.on_layers:
            where = ("layer", Quoted(copper(rule.layer, count)))
            metal, name = package.technology.metal(rule.layer), f"{one.name}: {package.layer_name(rule.layer)}"
            if rule.width is not None and rule.width > metal.line:
                others.append(_rule(f"{name} line", where, those, _least("track_width", rule.width)))
            if rule.space is not None and rule.space > metal.space:
                spaces.append((rule.space, _rule(f"{name} space", where, those, _least("clearance", rule.space))))
    return [*others, *(tree for _, tree in sorted(spaces, key=lambda pair: pair[0]))]


def _rule(name: str, *parts: Tree) -> Tree:
    return ("rule", Quoted(name), *parts)


def _those(condition: str) -> Tree:
    return ("condition", Quoted(condition))


def _least(what: str, length: Nm) -> Tree:
    return ("constraint", what, ("min", millimetres(length) + "mm"))
