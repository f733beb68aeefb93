"""The whole router on random valid packages: legal or honestly reported, the same again, the same in the mirror."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st
from packages import EVERYTHING, PLAIN, Limits, random_package
from shapely.geometry import LineString
from shapely.geometry import Point as ShapelyPoint

from kicad_rdl.check import check_layout
from kicad_rdl.errors import RdlError
from kicad_rdl.geometry import Circle, Point, circumradius, shapely_of
from kicad_rdl.model.die import Die, PlacedDie
from kicad_rdl.model.layout import Layout
from kicad_rdl.model.package import LayerRule, Package, SupplyStyle
from kicad_rdl.model.report import Rule, Violation
from kicad_rdl.pipeline import undeclared
from kicad_rdl.read.job import read_job
from kicad_rdl.read.plausible import refuse_impossible
from kicad_rdl.route import route, router
from kicad_rdl.route.plan import make_plan
from kicad_rdl.route.problem import Pose, pose_of, problem_of
from kicad_rdl.route.sites import sites_of
from kicad_rdl.route.teardrops import teardrops
from kicad_rdl.route.via_sites import via_sites
from kicad_rdl.route.wiring import Wiring, wire_layers

seeds = st.integers(0, 10**6)
"""Of packages: ``a_package(Random(seed))`` makes a failure again; there is nothing to shrink."""
CALM = settings(deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])


def a_package(chance: Random, limits: Limits = EVERYTHING) -> Package | None:
    """A package that the router accepts; None where none was found."""
    try:
        return random_package(chance, limits, tries=10)
    except RdlError:
        return None


# --- one layout -----------------------------------------------------------------------------------------------------


def dishonesties(layout: Layout) -> list[str]:
    """What the account of a layout gets wrong, from its connections and balls alone."""
    package = layout.package
    planes = {rule.name for rule in package.nets if rule.style is SupplyStyle.PLANE}
    sites = {ball.name: ball for ball in package.balls}
    found: list[str] = []
    balls: dict[str, list[str]] = {}
    for ball, net in layout.ball_nets:
        balls.setdefault(net, []).append(ball)
        if sites[ball].nc:
            found.append(f"{net} is on {ball}, which is nc")
    if len({ball for ball, _ in layout.ball_nets}) < len(layout.ball_nets):
        found.append("a ball is given twice")
    opens = Counter(item.net for item in layout.unrouted)
    free = {ball.name for ball in package.balls if not ball.nc} - {ball for ball, _ in layout.ball_nets}
    for rule in package.nets:
        own = balls.get(rule.name, [])
        bumps = sum(bump.net == rule.name for _, bump in package.bumps)
        if len(own) > rule.balls:
            found.append(f"{rule.name} has {len(own)} balls, {rule.balls} asked for")
        if rule.allowed is not None and not set(own) <= set(rule.allowed):
            found.append(f"{rule.name} is on {own}, not allowed")
        if bumps and rule.allowed is not None and len(rule.allowed) == rule.balls > len(own):
            found.append(f"{rule.name} is on {own}, given {rule.allowed}")
        if bumps and len(own) < rule.balls and not opens[rule.name]:
            found.append(f"{rule.name} has {len(own)} of {rule.balls} balls and nobody says so")
        if rule.name in planes:
            continue
        # joins make a forest: every join brings two pieces together, and what stays apart is declared
        joins = [c for c in layout.connections if c.net == rule.name and c.length is not None]
        branches = {label for c in joins for label in (c.start, c.end) if label.startswith("branch:")}
        pieces = bumps + len(own) + len(branches) - len(joins)
        if bumps and not 1 <= pieces <= 1 + opens[rule.name]:
            found.append(f"{rule.name}: {bumps} bumps, {len(own)} balls, {len(joins)} joins, {opens[rule.name]} open")
    for connection in layout.connections:
        if (connection.layer is None) != (connection.length is None):
            found.append(f"{connection}: either routed or not")
        if (
            connection.length is not None
            and connection.length < connection.straight - 2.0
            and connection.net not in planes
        ):
            found.append(f"{connection}: shorter than straight")
    for item in layout.unrouted:
        if not item.reason:
            found.append(f"{item}: no reason")
        if item.cut is not None and not 0 <= item.cut < len(layout.bottlenecks):
            found.append(f"{item}: there is no such cut")
        allowed = next(rule.allowed for rule in package.nets if rule.name == item.net)
        if item.reason == "no ball is left for it" and (free if allowed is None else free & set(allowed)):
            found.append(f"{item}: but {sorted(free)[:3]} are free")
    return found


def violations_of(layout: Layout) -> list[Violation]:
    """What breaks a rule, and is no open that is declared."""
    return list(undeclared(layout, check_layout(layout)))


@given(seed=seeds)
@settings(CALM, max_examples=40)
def test_any_package_is_legal_and_honest(seed: int) -> None:
    package = a_package(Random(seed))
    if package is None:
        return
    layout = route(package)
    event("all routed" if not layout.unrouted else "partly routed")
    assert violations_of(layout) == []
    assert dishonesties(layout) == []


@pytest.mark.parametrize("seed", range(12))
def test_larger_packages(seed: int) -> None:
    package = a_package(Random(seed), replace(EVERYTHING, across=10, balls=12))
    if package is not None:
        layout = route(package)
        assert violations_of(layout) == []
        assert dishonesties(layout) == []


@pytest.mark.parametrize("seed", [699, 718])
def test_balls_held_for_wide_nets_are_nobody_elses(seed: int) -> None:
    """Also where other nets choose among several balls, this one among them."""
    package = a_package(Random(seed), replace(EVERYTHING, octilinear=True, planes=False))
    assert package is not None
    assert any(rule.allowed is not None for rule in package.nets)
    layout = route(package)
    assert violations_of(layout) == []
    assert dishonesties(layout) == []


def staggered(package: Package, stagger: int = 10_000) -> Package:
    """The same where no via may stand on another opening."""
    return replace(package, technology=replace(package.technology, stacked_vias=False, stagger=stagger))


@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_staggered_vias(seed: int, planes: bool) -> None:
    """Signals, trees and planes: every change of layer has a place of its own."""
    chance = Random(seed)
    limits = replace(EVERYTHING, planes=planes)
    package = next(
        p
        for _ in range(500)
        if (p := a_package(chance, limits)) is not None
        and p.rdl_count > 1
        and planes == any(rule.style is SupplyStyle.PLANE for rule in p.nets)
    )
    layout = route(staggered(package))
    assert violations_of(layout) == []
    assert dishonesties(layout) == []
    places = {(via.at, via.layer) for via in layout.vias}
    assert not any((at, layer + 1) in places for at, layer in places)


def test_candidates_for_vias_keep_from_bumps_of_any_shape() -> None:
    """Also in eight directions, where the router sees a square pad as its corners."""
    seen = 0
    for seed in range(40):
        package = a_package(Random(seed), replace(EVERYTHING, across=4, balls=6, octilinear=True))
        if package is None or package.rdl_count == 1:
            continue
        problem = problem_of(staggered(package, stagger=0))
        plan = make_plan(problem, lambda _done, _total: None)
        away = package.technology.via(1).land / 2 + package.technology.metal(1).space
        lands = [shapely_of(bump.shape, bump.at) for bump in problem.bumps]
        for site in via_sites(problem, plan.signal_layers, [layer.standing for layer in plan.layers]):
            if site.layer == 1:
                at = ShapelyPoint(site.terminal.at.x, site.terminal.at.y)
                seen += sum(not isinstance(bump.shape, Circle) for bump in problem.bumps)
                assert all(land.distance(at) >= away for land in lands), seed
    assert seen > 20


def shuffled(chance: Random) -> Package:
    """On several RDLs, every net of one bump with a given ball anywhere."""
    while True:
        limits = replace(PLAIN, across=chance.choice((6, 8, 10)), balls=12, octilinear=chance.random() < 0.3)
        package = a_package(chance, limits)
        if package is None or package.rdl_count < 2:
            continue
        bumps = [bump.net for _, bump in package.bumps]
        single = [rule.name for rule in package.nets if bumps.count(rule.name) == 1 == rule.balls]
        balls = [ball.name for ball in package.balls if not ball.nc]
        if len(single) < 12 or len(balls) < len(single):
            continue
        chance.shuffle(balls)
        given = {name: (ball,) for name, ball in zip(single, balls, strict=False)}
        nets = tuple(replace(rule, allowed=given.get(rule.name)) for rule in package.nets)
        stacked = replace(package.technology, stacked_vias=True)
        try:
            package = replace(package, technology=stacked, nets=nets)
            refuse_impossible(package, "shuffled")
        except RdlError:
            continue
        return package


def test_what_finds_no_way_on_one_layer_changes_it_in_the_tiles() -> None:
    """Without vias beside bumps and balls a net of this package stays open."""
    layout = route(shuffled(Random(85)))
    assert layout.unrouted == ()
    assert violations_of(layout) == []


# --- the same again -------------------------------------------------------------------------------------------------

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from random import Random
from packages import EVERYTHING, random_package
from kicad_rdl.route import route
from test_route import a_package, digest
print(digest([route(p) for seed in range(5) if (p := a_package(Random(seed))) is not None]))
"""


def digest(layouts: list[Layout]) -> str:
    return hashlib.sha256("\n".join(map(repr, layouts)).encode()).hexdigest()


def test_two_runs_are_equal() -> None:
    """In two processes with different hashes of strings."""
    tests = str(Path(__file__).parent)
    said = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, tests],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert len(said[0]) > 60
    assert said[0] == said[1]


# --- the same in the mirror -----------------------------------------------------------------------------------------


def turned_package(package: Package, pose: Pose) -> Package:
    """The same package, mirrored about the y axis and then turned."""
    odd = bool(pose.quarters % 2)
    ball = package.ball
    return replace(
        package,
        width=package.height if odd else package.width,
        height=package.width if odd else package.height,
        dies=tuple(
            PlacedDie(
                placed.die,
                pose.apply(placed.at),
                (pose.quarters + (-placed.quarters if pose.mirrored else placed.quarters)) % 4,
                placed.mirrored != pose.mirrored,
            )
            for placed in package.dies
        ),
        balls=tuple(replace(ball, at=pose.apply(ball.at)) for ball in package.balls),
        ball=replace(ball, pitch_x=ball.pitch_y, pitch_y=ball.pitch_x) if odd else ball,
    )


def shifted_dies(package: Package, by: Point) -> Package:
    """The same package with every bump map measured from another point of its die."""
    dies = []
    for placed in package.dies:
        bumps = tuple(replace(bump, at=bump.at + by) for bump in placed.die.bumps)
        width, height = placed.die.width + 2 * abs(by.x), placed.die.height + 2 * abs(by.y)
        back = (Point(-by.x, by.y) if placed.mirrored else by).turned(placed.quarters)
        dies.append(replace(placed, die=Die(placed.die.name, width, height, bumps), at=placed.at - back))
    return replace(package, dies=tuple(dies))


def verdict(layout: Layout) -> object:
    """What must not change: lengths, what is open and why, vias, violations."""
    return (
        sorted((c.net, c.length or -1.0, c.straight) for c in layout.connections),
        sorted((item.net, item.reason) for item in layout.unrouted),
        sorted((cut.layer, cut.needed, cut.fits) for cut in layout.bottlenecks),
        layout.fullest and layout.fullest.load,
        layout.maximum_flow,
        math.fsum(sorted(c.length for c in layout.connections if c.length is not None)),
        len(layout.vias),
        Counter(via.layer for via in layout.vias),
        # a die measured from elsewhere has another outline, the copper does not
        Counter(v.rule for v in check_layout(layout) if v.rule is not Rule.DIE_EDGE),
    )


poses = st.sampled_from([Pose(mirrored, quarters) for mirrored in (False, True) for quarters in range(4)][1:])


@given(seed=seeds, pose=poses)
@settings(CALM, max_examples=14)
def test_mirrored_and_turned_packages(seed: int, pose: Pose) -> None:
    package = a_package(Random(seed))
    if package is not None:
        assert verdict(route(package)) == verdict(route(turned_package(package, pose)))


@given(seed=seeds, x=st.integers(-300_000, 300_000), y=st.integers(-300_000, 300_000))
@settings(CALM, max_examples=8)
def test_shifted_dies(seed: int, x: int, y: int) -> None:
    package = a_package(Random(seed))
    if package is not None:
        assert verdict(route(package)) == verdict(route(shifted_dies(package, Point(x, y))))


@given(seed=seeds)
@settings(CALM, max_examples=8)
def test_order_of_the_lists_means_nothing(seed: int) -> None:
    package = a_package(Random(seed))
    if package is None:
        return
    dies = [replace(placed, die=replace(placed.die, bumps=placed.die.bumps[::-1])) for placed in package.dies]
    other = replace(package, dies=tuple(dies[::-1]), balls=package.balls[::-1])
    assert verdict(route(package)) == verdict(route(other))


@given(x=st.integers(), y=st.integers(), pose=poses)
@settings(CALM, max_examples=30)
def test_poses_are_undone(x: int, y: int, pose: Pose) -> None:
    assert pose.undo(pose.apply(Point(x, y))) == Point(x, y)


@given(seed=seeds, pose=poses)
@settings(CALM, max_examples=25)
def test_the_pose_is_canonical(seed: int, pose: Pose) -> None:
    """All eight ways to hold a package are one problem."""
    package = a_package(Random(seed))
    if package is None:
        return
    one, other = problem_of(package), problem_of(turned_package(package, pose))
    for mine, theirs in ((one.bumps, other.bumps), (one.balls, other.balls)):
        assert [(t.at, t.shape, t.net, t.usable) for t in mine] == [(t.at, t.shape, t.net, t.usable) for t in theirs]
    assert (one.half_width, one.half_height) == (other.half_width, other.half_height)
    assert pose_of(package) == one.pose


def test_what_could_not_be_laid_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It fitted into the maximum flow, so no cut is to blame, whichever nets found no ball."""
    package = random_package(Random(1), PLAIN)
    reason = "no legal geometry beside the other traces: 1 um is missing to bump:1"
    lost: list[str] = []

    def losing(*arguments: Any) -> Wiring:
        wiring = wire_layers(*arguments)
        lost.append(wiring.routed[0].net)
        return replace(wiring, routed=wiring.routed[1:], why_lost={lost[0]: reason})

    monkeypatch.setattr(router, "wire_layers", losing)
    (unrouted,) = (item for item in route(package).unrouted if item.net == lost[0])
    assert (unrouted.reason, unrouted.cut) == (reason, None)


def test_teardrops_belong_to_traces() -> None:
    package = a_package(Random(3), PLAIN)
    assert package is not None
    layout = route(package)
    assert layout.teardrops == teardrops(replace(layout, teardrops=()))


def test_dog_bones_keep_away_from_the_stacks_of_balls() -> None:
    """Also along their way: a stack may stand inside its pad beside a bone whose end is far from it."""
    bones = 0
    for seed in range(60):
        package = a_package(Random(seed))
        if package is None or package.rdl_count == 1:
            continue
        problem = problem_of(package)
        sites = sites_of(problem, [package.rdl_count] * len(problem.bumps))
        via, space = package.technology.via(1), package.technology.metal(1).space
        away = max(via.land, via.capture) / 2 + via.land / 2 + space
        stacks = [at for at, limit in zip(sites.ball_at, sites.ball_limit, strict=True) if limit == 1]
        for bump, end in zip(problem.bumps, sites.bump_at, strict=True):
            if bump.at != end:
                bones += 1
                bone = LineString([(bump.at.x, bump.at.y), (end.x, end.y)])
                assert all(bone.distance(ShapelyPoint(at.x, at.y)) >= away for at in stacks), seed
    assert bones > 20


@pytest.mark.parametrize("layers", ["[1, 2]", "[2]"])
def test_stacks_over_the_pad_of_a_ball(tmp_path: Path, layers: str) -> None:
    """The ball's stack makes room for what the net keeps from others; a net kept off RDL1 has no dog bone there."""
    (tmp_path / "b.csv").write_text("bump,x (um),y (um),net\n1,292,292,A\n2,-292,292,B\n", encoding="utf-8")
    job = f"""
name = "over"
technology = "fanout-hd-2rdl"
package = {{ width = "3 mm", height = "3 mm", rdl_count = 3 }}
die = {{ bumps = "b.csv", width = "1 mm", height = "1 mm" }}
balls = {{ pitch = "0.5 mm", columns = 4, rows = 4 }}
[[nets.rules]]
match = ["*"]
space = "40 um"
layers = {layers}
"""
    (tmp_path / "job.toml").write_text(job, encoding="utf-8")
    package = read_job(tmp_path / "job.toml").package
    problem = problem_of(package)
    sites = sites_of(problem, [2, 2])
    assert sites.bump_limit == (2, 2)
    assert sites.bump_at == tuple(bump.at for bump in problem.bumps)
    onto_the_pad = sites_of(problem, [3, 3])
    assert onto_the_pad.bump_limit == ((3, 3) if "1" in layers else (2, 2)), (
        "on the pad only where a dog bone leads off it"
    )
    layout = route(package)
    assert (violations_of(layout), layout.unrouted) == ([], ())


def test_a_dog_bone_is_no_wider_than_the_router_sees() -> None:
    """Also where a net is wider on RDL1 than elsewhere."""
    bones = 0
    for seed in range(20):
        package = a_package(Random(seed))
        if package is None or package.rdl_count == 1:
            continue
        vias = [(via.land, via.capture) for via in package.technology.vias]
        lands = [2 * circumradius(package.land(bump)) for _, bump in package.bumps]
        wide = math.ceil(max(*lands, *(size for sizes in vias for size in sizes))) + 1
        rules = tuple(replace(rule, on_layers=(LayerRule(1, width=wide),)) for rule in package.nets)
        for nets, most in ((package.nets, len(package.bumps)), (rules, 0)):
            problem = problem_of(replace(package, nets=nets))
            sites = sites_of(problem, [package.rdl_count] * len(problem.bumps))
            ends = zip(problem.bumps, sites.bump_at, strict=True)
            moved = sum(bump.net is not None and bump.at != end for bump, end in ends)
            assert moved <= most, seed
            bones += moved
    assert bones > 5
