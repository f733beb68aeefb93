"""The bound for given maps: a planted bottleneck is found, and routing never does better than the bound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from jobs import write_array
from packages import PLAIN, random_package

from kicad_rdl.errors import RdlError
from kicad_rdl.model.package import Package
from kicad_rdl.read.job import read_job
from kicad_rdl.report.forecast import Attempt, Forecast, forecast_words
from kicad_rdl.route import route
from kicad_rdl.route.estimate import estimate
from kicad_rdl.route.problem import problem_of
from kicad_rdl.route.walls import narrowest_wall


def given(package: Package, chance: Random) -> Package:
    """The package with a ball for every net, dealt by chance."""
    balls = [ball.name for ball in package.balls if not ball.nc]
    chance.shuffle(balls)
    used = {bump.net for _, bump in package.bumps}
    nets = []
    for rule in package.nets:
        take = rule.balls if rule.name in used else 0
        own, balls = balls[:take], balls[take:]
        nets.append(replace(rule, allowed=tuple(own)) if take else rule)
    return replace(package, nets=tuple(nets))


def test_array_without_gaps(tmp_path: Path) -> None:
    """Seven by seven bumps, one trace between two of them: 25 nets must leave the outer ring, 24 traces get through."""
    package = given(read_job(write_array(tmp_path)).package, Random(1))
    found = estimate(package)
    assert (found.settled, found.wanted) == (49, 49)
    assert found.fits == 48
    assert [cut.fits for cut in found.wall] == [6, 6, 6, 6]
    assert {cut.needed for cut in found.wall} == {25}
    assert not found.cuts


def test_wall_of_narrow_gaps(tmp_path: Path) -> None:
    """Without room between bumps at all, everything inside the outer ring stays open."""
    package = given(read_job(write_array(tmp_path, "40 um", "40 um")).package, Random(1))
    wall = narrowest_wall(problem_of(package), (1,))
    assert wall is not None
    assert wall.needed - wall.room == wall.open == 25
    found = estimate(package)
    assert found.fits == 24
    assert not found.enough
    assert all(cut.layer == 1 and cut.remedies for cut in found.wall)
    layout = route(package)
    assert len({item.net for item in layout.unrouted}) >= 25


def test_words_of_a_given_map(tmp_path: Path) -> None:
    """The forecast tells given connections from free ones, and names the wall."""
    package = given(read_job(write_array(tmp_path)).package, Random(1))
    found = estimate(package)
    attempt = Attempt(1, found.wanted, found.fits, settled=49, settled_fits=found.settled_fits, wall=found.wall)
    words = "\n".join(forecast_words(Forecast(package, False, (attempt,))))
    assert "48 of 49 connections with settled ends fit at most (walls)" in words
    assert "25 nets must cross a rectangle that 24 traces can cross" in words


@pytest.mark.parametrize("seed", range(12))
def test_routing_never_beats_the_bound(seed: int) -> None:
    """Nets that routing leaves open are at least as many as the bound says, and every one has a cut or a reason."""
    chance = Random(seed)
    try:
        package = given(random_package(chance, PLAIN, tries=10), chance)
        found = estimate(package)
        layout = route(package)
    except RdlError:
        return  # no valid package with that seed
    assert len(layout.unrouted) >= found.wanted - found.fits
    for item in layout.unrouted:
        assert item.reason
        assert item.cut is None or layout.bottlenecks[item.cut].needed > layout.bottlenecks[item.cut].fits
