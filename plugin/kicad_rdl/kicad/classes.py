"""Which nets are ruled alike? Net classes for KiCad: by kind, and by what the job asks of width, space and layers."""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.model.package import LayerRule, NetKind, NetRule, Package
from kicad_rdl.units import Nm, um

SIGNALS, SUPPLIES = "Signals", "Supplies"


@dataclass(frozen=True, slots=True)
class NetClass:
    """Nets of one kind that the job asks the same of."""

    name: str
    kind: NetKind
    nets: tuple[str, ...]
    layers: tuple[int, ...] | None
    """RDLs of their traces; None: any."""
    on_layers: tuple[LayerRule, ...]
    """One for every RDL on which more is asked than the technology does."""

    @property
    def plain(self) -> bool:
        """Whether nothing is asked of it."""
        return self.layers is None and not self.on_layers

    @property
    def width(self) -> Nm | None:
        """The least of its widths."""
        return min((rule.width for rule in self.on_layers if rule.width is not None), default=None)


def net_classes(package: Package) -> tuple[NetClass, ...]:
    """Signals and supplies of which nothing is asked (both always there), then the others, sorted by name."""
    nets: dict[tuple[NetKind, tuple[int, ...] | None, tuple[LayerRule, ...]], list[str]] = {
        (NetKind.SIGNAL, None, ()): [],
        (NetKind.SUPPLY, None, ()): [],
    }
    for rule in package.nets:
        nets.setdefault((rule.kind, rule.layers, _asked(package, rule)), []).append(rule.name)
    found = [
        NetClass(_name(package, kind, layers, asked), kind, tuple(names), layers, asked)
        for (kind, layers, asked), names in nets.items()
    ]
    return tuple(sorted(found, key=lambda one: (not one.plain, one.name)))


def _asked(package: Package, rule: NetRule) -> tuple[LayerRule, ...]:
    on_layers = (rule.on_layer(layer) for layer in range(1, package.rdl_count + 1))
    return tuple(one for one in on_layers if one.width is not None or one.space is not None)


def _name(package: Package, kind: NetKind, layers: tuple[int, ...] | None, asked: tuple[LayerRule, ...]) -> str:
    """It says what is asked; no comma, which separates class names in KiCad."""
    words = [SUPPLIES if kind is NetKind.SUPPLY else SIGNALS]
    if layers is not None:
        words.append("on " + "+".join(package.layer_name(layer) for layer in layers))
    told: dict[tuple[Nm | None, Nm | None], list[str]] = {}
    for rule in asked:
        told.setdefault((rule.width, rule.space), []).append(package.layer_name(rule.layer))
    for (width, space), names in told.items():
        parts = [] if width is None else [um(width) + " wide"]
        parts += [] if space is None else [um(space) + " apart"]
        everywhere = len(told) == 1 and len(names) == package.rdl_count
        words.append(" ".join(parts) + ("" if everywhere else " (" + "+".join(names) + ")"))
    return " ".join(words)
