"""Whether a layout's copper is named after things that exist, and the netlist was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kicad_rdl.geometry import ORIGIN, Point
from kicad_rdl.model.layout import Layout, PadKind
from kicad_rdl.model.package import terminal_name
from kicad_rdl.model.report import Rule, Severity, Violation


def check_names(layout: Layout) -> Iterator[Violation]:
    """Unknown nets, bumps and balls; doubled or missing terminals; balls and bumps that carry the wrong net."""
    yield from _bumps(layout)
    yield from _balls(layout)
    yield from _nets(layout)


def _bumps(layout: Layout) -> Iterator[Violation]:
    package = layout.package
    wanted = {terminal_name(package, die, bump): bump for die, bump in package.bumps}
    lands = [pad for pad in layout.pads if pad.kind is PadKind.BUMP_LAND]
    counts = Counter(pad.name for pad in lands)
    for name, bump in wanted.items():
        if counts[name] != 1:
            what = "has no land" if counts[name] == 0 else f"has {counts[name]} lands"
            yield _name("RDL1", bump.at, (f"bump {name}",), f"bump {name} {what}: draw exactly one")
    for pad in lands:
        known = wanted.get(pad.name)
        if known is None:
            yield _name("RDL1", pad.at, (f"bump {pad.name}",), "no die has a bump of this name: remove the land")
        elif (known.net, known.at) != (pad.net, pad.at):
            remedy = f"the bump map puts it at {known.at.x}, {known.at.y} nm on net {known.net or '(none)'}"
            yield _name("RDL1", pad.at, (f"bump {pad.name}",), remedy)


def _balls(layout: Layout) -> Iterator[Violation]:
    package = layout.package
    sites = {ball.name: ball for ball in package.balls}
    rules = {rule.name: rule for rule in package.nets}
    counts = Counter(name for name, _ in layout.ball_nets)
    for name, net in layout.ball_nets:
        site, rule = sites.get(name), rules.get(net)
        at = site.at if site else ORIGIN
        things = (f"ball {name}", f"net {net}")
        if site is None:
            yield _name("-", at, things, "the ball grid has no site of this name: choose another ball")
        elif site.nc:
            yield _name("-", at, things, "this ball is reserved (nc): choose another ball")
        elif rule is not None and rule.allowed is not None and name not in rule.allowed:
            yield _name("-", at, things, f"the job allows {net} only on {', '.join(rule.allowed)}")
        if counts[name] > 1:
            yield _name("-", at, things, f"ball {name} is assigned {counts[name]} times: one net per ball")
    for kind in (PadKind.UBM_PAD, PadKind.UBM) if package.has_ubm_layer else (PadKind.UBM_PAD,):
        yield from _ball_pads(layout, kind)


def _ball_pads(layout: Layout, kind: PadKind) -> Iterator[Violation]:
    nets = dict(layout.ball_nets)
    sites = {ball.name: ball for ball in layout.package.balls}
    pads = [pad for pad in layout.pads if pad.kind is kind]
    counts = Counter(pad.name for pad in pads)
    for name, site in sites.items():
        if counts[name] != 1:
            what = f"has no {kind}" if counts[name] == 0 else f"has {counts[name]} of {kind}"
            yield _name("-", site.at, (f"ball {name}",), f"ball {name} {what}: draw exactly one")
    for pad in pads:
        layer, things = layout.package.layer_name(pad.layer), (f"{kind} {pad.name}",)
        if pad.name not in sites:
            yield _name(layer, pad.at, things, "the ball grid has no site of this name: remove the pad")
        elif (sites[pad.name].at, nets.get(pad.name)) != (pad.at, pad.net):
            yield _name(layer, pad.at, things, f"ball {pad.name} is elsewhere or on net {nets.get(pad.name, '(none)')}")


def _nets(layout: Layout) -> Iterator[Violation]:
    """Copper of nets that no bump has; nets with fewer balls than they want are opens."""
    package = layout.package
    known = {bump.net for _, bump in package.bumps if bump.net is not None}
    named: list[tuple[str, int, str | None, Point]] = [
        *(("trace", trace.layer, trace.net, trace.path.start) for trace in layout.all_traces),
        *(("via", via.layer, via.net, via.at) for via in layout.vias),
        *(("teardrop", teardrop.layer, teardrop.net, teardrop.outline.points[0]) for teardrop in layout.teardrops),
        *(("plane", plane.layer, plane.net, plane.outline.points[0]) for plane in layout.planes),
        *((str(pad.kind), pad.layer, pad.net, pad.at) for pad in layout.pads),
    ]
    for what, layer, net, at in named:
        if net is not None and net not in known:
            things = (f"{what} of {net}",)
            yield _name(package.layer_name(layer), at, things, f"no bump has net {net}: correct the name")
    on_balls = Counter(net for _, net in layout.ball_nets)
    wanted = {rule.name: rule.balls for rule in package.nets}
    reported: set[str] = set()
    for die, bump in package.bumps:
        if bump.net is not None and on_balls[bump.net] < wanted[bump.net] and bump.net not in reported:
            reported.add(bump.net)
            ends = (f"net {bump.net}", f"bump {terminal_name(package, die, bump)}")
            remedy = f"give net {bump.net} {_balls_more(wanted[bump.net] - on_balls[bump.net], on_balls[bump.net])}"
            yield Violation(Rule.OPEN, Severity.ERROR, "RDL1", bump.at, ends, None, None, remedy)


def _balls_more(missing: int, there: int) -> str:
    if not there:
        return "a ball" if missing == 1 else f"{missing} balls"
    return "one more ball" if missing == 1 else f"{missing} more balls"


def _name(layer: str, at: Point, things: tuple[str, ...], remedy: str) -> Violation:
    return Violation(Rule.NAME, Severity.ERROR, layer, at, things, None, None, remedy)
