"""Which net is on which ball, as far as the user says? From the ball map, and from the ball column of bump maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kicad_rdl.errors import InputError
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.model.package import Ball
from kicad_rdl.read.ball_map import BallMap
from kicad_rdl.read.documents import near


@dataclass(frozen=True, slots=True)
class BumpSource:
    """A die and the file of its bumps."""

    placed: PlacedDie
    source: str
    notes: tuple[str, ...] = ()
    """What the reader of the file had to simplify or pass over."""


def given_balls(
    listed: BallMap | None, dies: tuple[BumpSource, ...], balls: tuple[Ball, ...]
) -> Mapping[str, tuple[str, ...]]:
    """The balls that are given to each net, in ball order; nets without one are not in it.

    Raises:
        InputError: a ball that is not there or nc, a ball of two nets, a net without a bump.
    """
    sites = {ball.name: ball for ball in balls}
    nets = {bump.net for die in dies for bump in die.placed.die.bumps if bump.net is not None}
    taken: dict[str, tuple[str, str]] = {}
    if listed is not None:
        for row in listed.balls:
            if row.net is None:
                continue
            if row.net not in nets:
                hint = near(row.net, sorted(nets))
                raise InputError(
                    f'ball "{row.name}" is on net "{row.net}", but no bump is{hint} (if nothing is to be joined there, '
                    "write nc as its net)",
                    listed.source,
                    row.line,
                )
            _refuse_missing(row.name, sites, f'ball "{row.name}"', listed.source, row.line)
            taken[row.name] = (row.net, f"{listed.source}:{row.line}" if row.line else listed.source)
    for die in dies:
        for bump in die.placed.die.bumps:
            if bump.ball is None or bump.net is None:
                continue
            what = f'bump "{bump.name}" is to end on ball "{bump.ball}"'
            _refuse_missing(bump.ball, sites, what, die.source, None)
            net, told = taken.setdefault(bump.ball, (bump.net, f'{die.source} (bump "{bump.name}")'))
            if net != bump.net:
                raise InputError(
                    f'{what} with net "{bump.net}", but {told} puts net "{net}" on that ball; give each ball one net',
                    die.source,
                )
    given: dict[str, list[str]] = {}
    for ball in balls:
        if ball.name in taken:
            given.setdefault(taken[ball.name][0], []).append(ball.name)
    return {net: tuple(names) for net, names in given.items()}


def _refuse_missing(name: str, sites: Mapping[str, Ball], what: str, source: str, line: int | None) -> None:
    if name not in sites:
        names = list(sites)
        hint = near(name, names) or f"; they run from {names[0]} to {names[-1]}"
        raise InputError(f"{what}, which the package does not have{hint}", source, line)
    if sites[name].nc:
        raise InputError(f"{what}, which is nc; take it out of the nc balls, or leave its net empty", source, line)
