"""Does the package have the layers that its nets ask for?"""

from __future__ import annotations

from kicad_rdl.errors import InputError
from kicad_rdl.model.package import NetRule, Package
from kicad_rdl.read.supplies import refuse_hatch


def refuse_missing_layers(package: Package, several: bool, source: str) -> None:
    """Raises InputError for the first net whose planes or traces have no layer.

    Args:
        package: what is asked for.
        several: whether other numbers of RDLs are tried too; then a net may name layers of those.
        source: the job file.
    """
    for rule in package.nets:
        _planes(package, rule, source)
        _traces(package, rule, several, source)


def _planes(package: Package, rule: NetRule, source: str) -> None:
    outermost = max((rule.plane_layer or 0, *rule.more_planes))
    if outermost > package.rdl_count:
        raise InputError(
            f'net "{rule.name}": its plane is asked for on RDL{outermost}, but the package has '
            f"{package.rdl_count}; put it on {_there(package)} or ask for more RDLs",
            source,
        )
    if rule.hatch is not None:
        refuse_hatch(rule.name, rule.hatch, package, source)


def _traces(package: Package, rule: NetRule, several: bool, source: str) -> None:
    most = len(package.technology.metals) if several else package.rdl_count
    asked = [*(rule.layers or ()), *(one.layer for one in rule.on_layers)]
    beyond = [layer for layer in asked if layer > most]
    if beyond:
        offers = f"technology {package.technology.name} offers" if several else "the package has"
        raise InputError(
            f'net "{rule.name}": a rule names RDL{min(beyond)}, but {offers} {most}; name {_there(package)} or ask for '
            "more RDLs",
            source,
        )
    if rule.layers is not None and min(rule.layers) > package.rdl_count:
        raise InputError(
            f'net "{rule.name}": its traces may only take RDL{min(rule.layers)} and beyond, but the package has '
            f"{package.rdl_count}; give it more layers or ask for more RDLs",
            source,
        )


def _there(package: Package) -> str:
    return "RDL1" if package.rdl_count == 1 else f"RDL1 to RDL{package.rdl_count}"
