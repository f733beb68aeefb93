"""Which nets may exchange the balls that are given to them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kicad_rdl.errors import InputError
from kicad_rdl.model.package import Ball, NetRule
from kicad_rdl.read.job_file import SwapTable
from kicad_rdl.read.patterns import matches


def swap_groups(
    rules: Sequence[NetRule],
    groups: Sequence[SwapTable],
    given: Mapping[str, tuple[str, ...]],
    balls: Sequence[Ball],
    source: str,
) -> tuple[NetRule, ...]:
    """The rules, where each net of a group may take any ball of the group, as many as it had."""
    found = {rule.name: rule for rule in rules}
    group_of: dict[str, int] = {}
    for index, group in enumerate(groups):
        names = [name for name in found if any(matches(name, pattern) for pattern in group.match)]
        pool: set[str] = set()
        for name in names:
            if name in group_of:
                raise InputError(
                    f'nets.swap.{index}: net "{name}" is in nets.swap.{group_of[name]} too; a net belongs to one group',
                    source,
                )
            group_of[name] = index
            if found[name].allowed is None or found[name].allowed != given.get(name):
                raise InputError(
                    f'nets.swap.{index}: net "{name}" has no given ball to exchange (or a rule frees it); give it one '
                    "in balls.map, or take it out of the group",
                    source,
                )
            pool.update(given[name])
        allowed = tuple(ball.name for ball in balls if ball.name in pool)
        for name in names:
            found[name] = replace(found[name], allowed=allowed)
    return tuple(found[rule.name] for rule in rules)
