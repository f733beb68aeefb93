"""What does the job ask of each net?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kicad_rdl.errors import InputError
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.model.package import Ball, LayerRule, NetKind, NetRule
from kicad_rdl.read.documents import near
from kicad_rdl.read.grid import balls_at_side, balls_in_columns, balls_in_rows, balls_named
from kicad_rdl.read.job_file import NetsTable, NetTable
from kicad_rdl.read.patterns import matches
from kicad_rdl.read.supplies import supply_wish
from kicad_rdl.read.swap import swap_groups


@dataclass(frozen=True, slots=True)
class _Terminals:
    """What a net has before any rule: bumps, and balls that are given to it."""

    bumps: int
    dies: int
    """On which it has bumps."""
    given: tuple[str, ...]
    """In ball order."""


def net_rules(
    table: NetsTable,
    dies: tuple[PlacedDie, ...],
    balls: tuple[Ball, ...],
    given: Mapping[str, tuple[str, ...]],
    source: str,
) -> tuple[NetRule, ...]:
    """One rule for every net of the bump maps, sorted by name.

    A net with several bumps is a supply (a tree) unless a rule says something else. A net keeps the balls that are
    given to it unless a rule frees it.
    """
    terminals = _terminals(dies, given)
    names = sorted(terminals)
    for pattern in table.supplies:
        _refuse_no_match(pattern, names, "nets.supplies", source)
    regions: list[tuple[str, ...] | None] = []
    for index, rule in enumerate(table.rules):
        for pattern in rule.match:
            _refuse_no_match(pattern, names, f"nets.rules.{index}.match", source)
        regions.append(_region(rule, balls, f"nets.rules.{index}", source))
    found = [_net(name, terminals[name], table, regions, bool(given), source) for name in names]
    for index, swap in enumerate(table.swap):
        for pattern in swap.match:
            _refuse_no_match(pattern, names, f"nets.swap.{index}.match", source)
    return swap_groups(found, table.swap, given, balls, source)


def _terminals(dies: tuple[PlacedDie, ...], given: Mapping[str, tuple[str, ...]]) -> dict[str, _Terminals]:
    bumps: dict[str, list[int]] = {}
    for index, placed in enumerate(dies):
        for bump in placed.die.bumps:
            if bump.net is not None:
                bumps.setdefault(bump.net, []).append(index)
    return {name: _Terminals(len(on), len(set(on)), given.get(name, ())) for name, on in bumps.items()}


def _refuse_no_match(pattern: str, names: list[str], key: str, source: str) -> None:
    if not any(matches(name, pattern) for name in names):
        raise InputError(f'{key}: no net is called "{pattern}"{near(pattern, names)}', source)


def _region(rule: NetTable, balls: tuple[Ball, ...], key: str, source: str) -> tuple[str, ...] | None:
    """Names of the balls that the rule's nets may take, in ball order; None: any."""
    parts: list[frozenset[str]] = []
    if rule.side is not None:
        parts.append(balls_at_side(balls, (rule.side,) if isinstance(rule.side, str) else tuple(rule.side)))
    if rule.rows is not None:
        parts.append(balls_in_rows(balls, rule.rows, source, f"{key}.rows"))
    if rule.columns is not None:
        parts.append(balls_in_columns(balls, rule.columns, source, f"{key}.columns"))
    if rule.at is not None:
        parts.append(balls_named(list(balls), rule.at, source, f"{key}.at"))
    if not parts:
        return None
    allowed = tuple(ball.name for ball in balls if not ball.nc and all(ball.name in part for part in parts))
    if not allowed:
        raise InputError(f"{key}: no ball lies in this region (nc balls do not count); widen it", source)
    return allowed


def _net(
    name: str,
    terminals: _Terminals,
    table: NetsTable,
    regions: list[tuple[str, ...] | None],
    any_given: bool,
    source: str,
) -> NetRule:
    supply = terminals.bumps > 1 or any(matches(name, pattern) for pattern in table.supplies)
    kind = NetKind.SUPPLY if supply else NetKind.SIGNAL
    balls: int | None = None
    fixed: bool | None = None
    region, width, space, layers = None, None, None, None
    on_layers: dict[int, LayerRule] = {}
    for rule, allowed in zip(table.rules, regions, strict=True):
        if not any(matches(name, pattern) for pattern in rule.match):
            continue
        kind = NetKind(rule.kind) if rule.kind else kind
        balls = balls if rule.balls is None else rule.balls
        fixed = fixed if rule.fixed is None else rule.fixed
        width = rule.width or width
        space = rule.space or space
        layers = tuple(sorted(set(rule.layers))) if rule.layers else layers
        for one in rule.on_layer:
            before = on_layers.get(one.layer, LayerRule(one.layer))
            on_layers[one.layer] = LayerRule(one.layer, one.width or before.width, one.space or before.space)
        region = allowed or region
    matching = [rule for rule in table.rules if any(matches(name, pattern) for pattern in rule.match)]
    wish = supply_wish(name, kind, matching, source)
    count, names = _balls(name, terminals, balls, fixed, region, any_given, source)
    _refuse_unused_layers(name, layers, on_layers, source)
    rules = tuple(on_layers[layer] for layer in sorted(on_layers))
    return NetRule(
        name,
        kind,
        wish.style,
        wish.plane_layer,
        wish.joint,
        count,
        names,
        width,
        space,
        layers,
        rules,
        wish.more_planes,
        wish.hatch,
    )


def _balls(
    name: str,
    terminals: _Terminals,
    asked: int | None,
    fixed: bool | None,
    region: tuple[str, ...] | None,
    any_given: bool,
    source: str,
) -> tuple[int, tuple[str, ...] | None]:
    """How many balls the net takes, and which it may take."""
    given = terminals.given
    if fixed and not given:
        raise InputError(f'net "{name}": fixed = true, but no ball is given to it; name one in balls.map', source)
    if asked == 0:
        if given and fixed is not False:
            raise InputError(
                f'net "{name}": balls = 0, but ball {given[0]} is given to it; take it out of the map, or write '
                "fixed = false",
                source,
            )
        if terminals.bumps < 2:
            raise InputError(
                f'net "{name}": balls = 0, but it has a single bump: nothing would be joined; leave its net empty or '
                "give it a ball",
                source,
            )
        return 0, None
    if not given or fixed is False:
        between_dies = any_given and terminals.dies > 1 and not given
        usual = len(given) or (0 if between_dies and region is None else 1)
        count = usual if asked is None else asked
        return count, region if count else None
    if region is not None:
        outside = [ball for ball in given if ball not in region]
        if outside:
            raise InputError(
                f'net "{name}": ball {outside[0]} is given to it, but lies outside the region of its rule; write '
                "fixed = false to let it move there",
                source,
            )
    count = len(given) if asked is None else asked
    if count > len(given):
        raise InputError(
            f'net "{name}": balls = {count}, but {len(given)} are given to it; give more, or write fixed = false',
            source,
        )
    return count, given


def _refuse_unused_layers(
    name: str, layers: tuple[int, ...] | None, on_layers: Mapping[int, LayerRule], source: str
) -> None:
    for layer in sorted(on_layers):
        if layers is not None and layer not in layers:
            raise InputError(
                f'net "{name}": a width or space is asked for on RDL{layer}, which its layers do not allow; add '
                f"{layer} to layers or drop the rule",
                source,
            )
