"""Can this package be built at all? Refusals that no routing could mend."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from shapely.geometry import Point as ShapelyPoint
from shapely.geometry import Polygon as ShapelyPolygon

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Circle, Point, Shape, circumradius, extent, shapely_of
from kicad_rdl.model.die import Bump
from kicad_rdl.model.package import Ball, BallGeometry, NetRule, Package, terminal_name
from kicad_rdl.model.technology import EdgeRules
from kicad_rdl.read.fitting import refuse_misfits
from kicad_rdl.units import Nm, mm, um

MOST_LISTED = 40
"""Balls that a refusal lists; who has more too close to lands needs another RDL, not another grid."""


def refuse_impossible(package: Package, source: str) -> None:
    """Raises InputError for the first thing that cannot work."""
    refuse_misfits(package, source)
    _names(package, source)
    _dies(package, source)
    _bumps(package, source)
    _balls(package, source)
    _sites(package, source)
    _widths(package, source)
    if package.rdl_count == 1:
        _pads_and_lands(package, source)


def _names(package: Package, source: str) -> None:
    """Names of dies become parts of the names of bumps."""
    if len(package.dies) > 1:
        bumps: set[str] = set()
        for index, bump in package.bumps:
            name = terminal_name(package, index, bump)
            if name in bumps:
                raise InputError(
                    f'two bumps are called "{name}" (die and bump); name one of the dies otherwise', source
                )
            bumps.add(name)


def _dies(package: Package, source: str) -> None:
    edges = package.technology.edges
    for placed in package.dies:
        width, height = placed.size
        for axis, body, size, centre in (
            ("width", package.width, width, placed.at.x),
            ("height", package.height, height, placed.at.y),
        ):
            left = (body - size) // 2 - abs(centre)
            if left < edges.die_to_package:
                where = f"{um(left)} from" if left >= 0 else f"{um(-left)} beyond"
                raise InputError(
                    f"die {placed.die.name}: {where} the package edge along its {axis}; the technology needs "
                    f"{um(edges.die_to_package)}: make the package at least "
                    f"{mm(size + 2 * (abs(centre) + edges.die_to_package))} in {axis}",
                    source,
                )
    for a, b in combinations(package.dies, 2):
        gap_x = abs(a.at.x - b.at.x) - (a.size[0] + b.size[0]) // 2
        gap_y = abs(a.at.y - b.at.y) - (a.size[1] + b.size[1]) // 2
        gap = math.floor(math.hypot(gap_x, gap_y)) if min(gap_x, gap_y) > 0 else max(gap_x, gap_y)
        if gap < edges.die_to_die:
            where = f"are {um(gap)} apart" if gap >= 0 else f"overlap by {um(-gap)}"
            raise InputError(
                f"dies {a.die.name} and {b.die.name} {where}; the technology needs {um(edges.die_to_die)}: "
                "move them apart (die.position)",
                source,
            )


def _near_pairs(places: list[Point], reach: Nm) -> Iterator[tuple[int, int]]:
    """Index pairs (i < j) of points at most ``reach`` apart in x and in y; by a grid of that cell size.

    One by one, so that a crowd of points is refused at its first pair and never listed as a whole.
    """
    cells: dict[tuple[int, int], list[int]] = {}
    for index, place in enumerate(places):
        column, row = place.x // reach, place.y // reach
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                for other in cells.get((column + dx, row + dy), ()):
                    gap = places[other] - place
                    if max(abs(gap.x), abs(gap.y)) <= reach:
                        yield other, index
        cells.setdefault((column, row), []).append(index)


def gap_between(a: Shape, at_a: Point, b: Shape, at_b: Point) -> float:
    """Distance edge to edge [nm], exact but for float rounding; below 0 where circles overlap, 0 where polygons do."""

    def core(shape: Shape, at: Point) -> tuple[ShapelyPoint | ShapelyPolygon, float]:
        """What is left of the shape when a circle is taken as a point, and the radius taken away."""
        if isinstance(shape, Circle):
            return ShapelyPoint(at.x, at.y), shape.diameter / 2
        return shapely_of(shape, at), 0.0

    (core_a, radius_a), (core_b, radius_b) = core(a, at_a), core(b, at_b)
    if isinstance(a, Circle) and isinstance(b, Circle):
        return at_a.distance(at_b) - radius_a - radius_b
    return float(core_a.distance(core_b)) - radius_a - radius_b


def _bumps(package: Package, source: str) -> None:
    """Pitch, opening to opening, and land to land of different nets."""
    rules, space = package.technology.die_pad, package.technology.metal(1).space
    bumps = _named(package)
    if not bumps:
        return
    largest = max(math.ceil(circumradius(package.land(bump))) for bump in bumps)
    reach = max(rules.pitch, 2 * largest + max(rules.space, space)) + 1
    for i, j in _near_pairs([bump.at for bump in bumps], reach):
        a, b = bumps[i], bumps[j]
        pitch = a.at.distance(b.at)
        if pitch < rules.pitch:
            raise InputError(
                f'bumps "{a.name}" and "{b.name}" are {um(math.floor(pitch))} apart, centre to centre; technology '
                f"{package.technology.name} needs {um(rules.pitch)}: take a finer technology, or override "
                "die_pad.pitch if your process can do it",
                source,
            )
        gap = gap_between(a.shape, a.at, b.shape, b.at)
        if gap < rules.space:
            raise InputError(
                f'bumps "{a.name}" and "{b.name}" leave {um(math.floor(gap))} between their openings; technology '
                f"{package.technology.name} needs {um(rules.space)}: make them smaller or take a finer technology",
                source,
            )
        if a.net == b.net and a.net is not None:
            continue
        gap = gap_between(package.land(a), a.at, package.land(b), b.at)
        if gap < space:
            raise InputError(
                f'the RDL1 lands of bumps "{a.name}" and "{b.name}" are {um(math.floor(gap))} apart; technology '
                f"{package.technology.name} needs {um(space)}: make the bumps smaller or take a finer technology",
                source,
            )


def _named(package: Package) -> list[Bump]:
    """The bumps in the package frame, with their names in messages."""
    return [replace(bump, name=terminal_name(package, die, bump)) for die, bump in package.bumps]


def refuse_balls_off_the_package(
    width: Nm, height: Nm, balls: tuple[Ball, ...], ball: BallGeometry, edges: EdgeRules, source: str
) -> None:
    """Raises InputError for the first ball that is too near a package edge."""
    for site in balls:
        for axis, body, place in (("width", width, site.at.x), ("height", height, site.at.y)):
            for what, diameter, needed in (
                ("the ball", ball.diameter, edges.ball_to_package),
                ("its UBM pad", ball.pad, edges.trace_to_package),
            ):
                left = body // 2 - abs(place) - diameter // 2
                if left < needed:
                    where = f"{um(left)} from" if left >= 0 else f"{um(-left)} beyond"
                    raise InputError(
                        f"ball {site.name}: {what} is {where} the package edge along its {axis}; the technology needs "
                        f"{um(needed)}: make the package at least {mm(2 * (abs(place) + diameter // 2 + needed))} in "
                        f"{axis}, or the grid smaller",
                        source,
                    )


def _balls(package: Package, source: str) -> None:
    ball, space, web = package.ball, package.technology.metal(package.rdl_count).space, package.technology.mask.web
    shapes: tuple[tuple[str, Shape, Nm], ...] = (
        ("spheres", Circle(ball.diameter), 1),
        ("UBM pads", package.ubm_pad, space),
        ("openings", Circle(ball.opening) if package.has_ubm_layer else package.ball_opening, web),
    )
    if package.has_ubm_layer:
        shapes += (("UBMs", package.ball_land, space), ("openings", package.ball_opening, web))
    reach = max(math.ceil(2 * circumradius(shape)) + needed for _, shape, needed in shapes) + 1
    for i, j in _near_pairs([site.at for site in package.balls], reach):
        a, b = package.balls[i], package.balls[j]
        for what, shape, needed in shapes:
            gap = math.floor(gap_between(shape, a.at, shape, b.at))
            if gap < needed:
                apart = f"are {um(gap)} apart" if gap > 0 else "touch"
                raise InputError(
                    f"the {what} of balls {a.name} and {b.name} {apart}; {um(needed)} needed: take a larger pitch or "
                    "smaller balls",
                    source,
                )


def _sites(package: Package, source: str) -> None:
    sites = [ball.name for ball in package.balls if not ball.nc]
    needed = sum(rule.balls for rule in package.nets)
    if needed > len(sites):
        raise InputError(
            f"{len(package.nets)} nets need {needed} balls, but the grid has {len(sites)} (nc balls not counted): "
            "add rows or columns, or give the supplies fewer balls",
            source,
        )
    regions: dict[tuple[str, ...], list[NetRule]] = {}
    for rule in package.nets:
        if rule.allowed is not None:
            regions.setdefault(rule.allowed, []).append(rule)
    # regions that overlap without being the same are left to the flow of the assignment, which names the cut
    for allowed, rules in regions.items():
        needed = sum(rule.balls for rule in rules)
        if needed > len(allowed):
            raise InputError(
                f'nets "{rules[0].name}" to "{rules[-1].name}" ({len(rules)}) need {needed} balls, but their region '
                f"has {len(allowed)}: widen it",
                source,
            )


def _widths(package: Package, source: str) -> None:
    """Width and space of a net must suit every RDL that it may take."""
    for rule in package.nets:
        if rule.width is None and rule.space is None and not rule.on_layers:
            continue
        for layer in rule.layers or range(1, package.rdl_count + 1):
            if layer > package.rdl_count:
                continue
            metal, asked = package.technology.metal(layer), rule.on_layer(layer)
            for what, length, least, rated in (
                ("width", asked.width, metal.line, "line"),
                ("space", asked.space, metal.space, "space"),
            ):
                if length is not None and length < least:
                    raise InputError(
                        f'net "{rule.name}": {what} {um(length)} is below the least {rated} of {metal.name}, '
                        f"{um(least)}: ask for at least that, or (on_layer, layers) not on {metal.name}",
                        source,
                    )


def _pads_and_lands(package: Package, source: str) -> None:
    """With one RDL, the UBM pads and the bump lands share it; they differ in net unless it is given."""
    space, pad = package.technology.metal(1).space, package.ubm_pad
    bumps = _named(package)
    if not bumps:
        return
    places = [ball.at for ball in package.balls] + [bump.at for bump in bumps]
    lands = [package.land(bump) for bump in bumps]
    net_of = package.given
    reach = math.ceil(circumradius(pad)) + max(math.ceil(circumradius(land)) for land in lands) + space + 1
    first = len(package.balls)
    told, balls = "", set()
    for i, j in _near_pairs(places, reach):
        if i < first <= j:
            ball, bump, land = package.balls[i], bumps[j - first], lands[j - first]
            if bump.net is not None and net_of.get(ball.name) == bump.net:
                continue
            gap = gap_between(pad, ball.at, land, bump.at)
            if gap < space:
                told = told or _collision(package, ball.name, bump, land, gap, space)
                balls.add(i)
    if told:
        raise InputError(told + _ways_out(package, [package.balls[i].name for i in sorted(balls)]), source)


def _collision(package: Package, ball: str, bump: Bump, land: Shape, gap: float, space: Nm) -> str:
    width, height = extent(land)
    apart = f"are {um(math.floor(gap))} apart" if gap > 0 else "overlap"
    return (
        f'the UBM pad of ball {ball} ({um(package.ball.pad)}) and the land of bump "{bump.name}" '
        f"({um(width)} x {um(height)}) share RDL1 and {apart}; {um(space)} needed: "
    )


def _ways_out(package: Package, balls: Sequence[str]) -> str:
    """What helps against UBM pads that are too close to lands, told of all of them: or one would follow the other."""
    listed = ", ".join(f'"{name}"' for name in balls)
    which = f"these {len(balls)} balls" if len(balls) > 1 else balls[0]
    how = f"balls.depopulate = [{listed}]" if len(balls) <= MOST_LISTED else "balls.depopulate"
    more = "use two RDLs" if len(package.technology.metals) > 1 else "take a technology of two RDLs"
    return f"move the grid (balls.offset), leave {which} out ({how}), or {more}"
