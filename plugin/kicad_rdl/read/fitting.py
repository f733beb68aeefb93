"""Do lands, capture pads, UBM pads and UBMs suit the rules of their layers? Sizes that no layout could make right.

A bump's end may be narrower than a line: it is as the die has it.
"""

from __future__ import annotations

from kicad_rdl.errors import InputError
from kicad_rdl.model.package import Package
from kicad_rdl.units import Nm, um


def refuse_misfits(package: Package, source: str) -> None:
    """Raises InputError for the first size that breaks a rule wherever it is drawn."""
    _vias(package, source)
    _terminals(package, source)


def _vias(package: Package, source: str) -> None:
    technology = package.technology
    for layer in range(1, package.rdl_count):
        via, key = technology.via(layer), f"vias.{layer - 1}"
        for what, size, on, enclosure in (
            ("land", via.land, layer, "land_enclosure"),
            ("capture pad", via.capture, layer + 1, "capture_enclosure"),
        ):
            line = technology.metal(on).line
            if size < line:
                raise InputError(
                    f"technology {technology.name}: {key}: the {what} of a via is {um(size)} wide, the least line of "
                    f"{technology.metal(on).name} {um(line)}: take a larger {key}.opening or {key}.{enclosure}, or a "
                    f"smaller metals.{on - 1}.line",
                    source,
                )
        kept = max(
            2 * via.land_enclosure + technology.metal(layer).space,
            2 * via.capture_enclosure + technology.metal(layer + 1).space,
        )
        if via.space > kept:
            raise InputError(
                f"technology {technology.name}: {key}.space = {um(via.space)}: vias are kept apart by the spaces of "
                f"their lands and capture pads, so that {um(kept)} lie between openings: ask for no more, or for a "
                f"larger {key}.land_enclosure or {key}.capture_enclosure",
                source,
            )


def _terminals(package: Package, source: str) -> None:
    """UBM pads, and UBMs where these are a layer: no narrower than a line, and around their opening."""
    ball, technology = package.ball, package.technology
    metal = technology.metal(package.rdl_count)
    sizes: list[tuple[str, str, Nm, Nm]] = [("UBM pad", "pad", ball.pad, technology.ball_enclosure)]
    opening = ball.opening
    if package.has_ubm_layer:
        sizes.append(("UBM", "ubm", ball.ubm, technology.ubm_enclosure))
        opening = package.ubm_via_opening
    enclosed = ball.mask_defined or package.has_ubm_layer
    for what, key, size, enclosure in sizes:
        if size < metal.line:
            raise InputError(
                f"balls.{key}: the {what} of a ball is {um(size)} wide, the least line of {metal.name} "
                f"{um(metal.line)}: make it larger",
                source,
            )
        if enclosed and size < opening + 2 * enclosure:
            raise InputError(
                f"balls.{key}: a {what} of {um(size)} leaves {um((size - opening) // 2)} around an opening of "
                f"{um(opening)}; technology {technology.name} needs {um(enclosure)}: make balls.{key} at least "
                f"{um(opening + 2 * enclosure)}, or balls.opening smaller",
                source,
            )
