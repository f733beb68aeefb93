"""What does the job ask of each net?"""

from __future__ import annotations

from collections import Counter

from kicad_rdl.errors import InputError
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.model.package import Ball, Joint, NetKind, NetRule, SupplyStyle
from kicad_rdl.read.documents import near
from kicad_rdl.read.grid import balls_at_side, balls_in_columns, balls_in_rows, balls_named
from kicad_rdl.read.job_file import NetsTable, NetTable
from kicad_rdl.read.patterns import matches


def net_rules(
    table: NetsTable, dies: tuple[PlacedDie, ...], balls: tuple[Ball, ...], source: str
) -> tuple[NetRule, ...]:
    """One rule for every net of the bump maps, sorted by name.

    A net with several bumps is a supply (a tree) unless a rule says something else.
    """
    bumps = Counter(bump.net for placed in dies for bump in placed.die.bumps if bump.net is not None)
    names = sorted(bumps)
    for pattern in table.supplies:
        _refuse_no_match(pattern, names, "nets.supplies", source)
    regions: list[tuple[str, ...] | None] = []
    for index, rule in enumerate(table.rules):
        for pattern in rule.match:
            _refuse_no_match(pattern, names, f"nets.rules.{index}.match", source)
        regions.append(_region(rule, balls, f"nets.rules.{index}", source))
    return tuple(_net(name, bumps[name], table, regions, source) for name in names)


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


def _net(name: str, bump_count: int, table: NetsTable, regions: list[tuple[str, ...] | None], source: str) -> NetRule:
    supply = bump_count > 1 or any(matches(name, pattern) for pattern in table.supplies)
    kind = NetKind.SUPPLY if supply else NetKind.SIGNAL
    style, plane_layer, joint, balls = SupplyStyle.TREE, None, Joint.SOLID, 1
    allowed, width = None, None
    for rule, region in zip(table.rules, regions, strict=True):
        if not any(matches(name, pattern) for pattern in rule.match):
            continue
        kind = NetKind(rule.kind) if rule.kind else kind
        style = SupplyStyle(rule.style) if rule.style else style
        joint = Joint(rule.joint) if rule.joint else joint
        plane_layer = rule.plane_layer or plane_layer
        balls = rule.balls or balls
        width = rule.width or width
        allowed = region or allowed
    if style is SupplyStyle.PLANE:
        if kind is NetKind.SIGNAL:
            raise InputError(f'net "{name}": only a supply can be a plane; list it in nets.supplies', source)
        plane_layer = plane_layer or 1
    elif plane_layer is not None:
        raise InputError(f'net "{name}": plane_layer belongs to style = "plane"', source)
    return NetRule(name, kind, style, plane_layer, joint, balls, allowed, width)
