"""What is asked for? A job file, its bump maps and its technology become a Package, or are refused with a reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kicad_rdl.errors import InputError, ModelError
from kicad_rdl.geometry import Point
from kicad_rdl.model.package import Angles, Ball, BallGeometry, Package, PadShape
from kicad_rdl.model.technology import Technology
from kicad_rdl.read.areas import keepouts, locked_traces, refuse_areas_off_the_package
from kicad_rdl.read.ball_map import BallMap, BallMapOptions, nearest_pitches, placed_balls, read_ball_map
from kicad_rdl.read.ball_source import read_ball_source
from kicad_rdl.read.documents import read_toml, validated
from kicad_rdl.read.given import BumpSource, given_balls
from kicad_rdl.read.grid import ball_grid, left_over, pitches
from kicad_rdl.read.job_dies import read_dies
from kicad_rdl.read.job_file import BallTable, JobTables
from kicad_rdl.read.layers import refuse_missing_layers
from kicad_rdl.read.nets import net_rules
from kicad_rdl.read.plausible import refuse_balls_off_the_package, refuse_impossible
from kicad_rdl.read.source import is_table
from kicad_rdl.read.source_options import SourceOptions
from kicad_rdl.read.technology import load_technology
from kicad_rdl.units import Nm, um

COPPER_DEFINED_RELIEF: Nm = 50_000
"""Opening beyond the pad on each side where the pad is copper-defined and the job says no opening (default)."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that was read. ``package`` has the least number of RDLs that is possible where the job says "auto"."""

    package: Package
    auto_rdl: bool
    """The number of RDLs is left to the tool."""
    path: Path
    notes: tuple[str, ...] = ()
    """What the readers of its files had to simplify or pass over, with paths relative to the job."""

    @property
    def rdl_counts(self) -> tuple[int, ...]:
        """The numbers of RDLs that may be tried, least first."""
        most = len(self.package.technology.metals) if self.auto_rdl else self.package.rdl_count
        return tuple(range(self.package.rdl_count, most + 1))

    def with_rdl_count(self, count: int) -> Package:
        """The same package with another number of RDLs.

        Raises:
            InputError: the technology, a plane or the geometry does not allow it.
        """
        package = _built(lambda: replace(self.package, rdl_count=count), str(self.path))
        refuse_missing_layers(package, self.auto_rdl, str(self.path))
        refuse_areas_off_the_package(package, str(self.path))
        refuse_impossible(package, str(self.path))
        return package


def read_job(path: Path, rdl_count: int | None = None) -> Job:
    """Reads a job and everything it names.

    Args:
        path: the TOML file.
        rdl_count: replaces the number of RDLs of the file.
    """
    path = Path(path)
    source = str(path)
    tables = validated(JobTables, read_toml(path), source)
    technology = _technology(tables, path)
    maps = read_dies(tables.die, technology, path)
    dies = tuple(each.placed for each in maps)
    body = tables.package
    listed = _ball_map(tables, path, frozenset(bump.net for die in dies for bump in die.die.bumps if bump.net))
    balls = _balls(tables.balls, listed, source)
    ball = _ball_geometry(tables.balls, balls, technology, source)
    refuse_balls_off_the_package(body.width, body.height, balls, ball, technology.edges, source)
    nets = net_rules(tables.nets, dies, balls, given_balls(listed, maps, balls), source)
    asked = rdl_count if rdl_count is not None else body.rdl_count
    # with "auto", a draft of one RDL, from which _first_possible makes those that it tries
    draft = _built(
        lambda: Package(
            name=tables.name,
            width=body.width,
            height=body.height,
            dies=dies,
            balls=balls,
            ball=ball,
            rdl_count=1 if isinstance(asked, str) else asked,
            technology=technology,
            nets=nets,
            angles=Angles(body.angles),
            description=tables.description,
            keepouts=keepouts(tables.keepouts, technology, source),
            locked=locked_traces(tables.locked, (rule.name for rule in nets), technology, source),
            via_cost=tables.routing.via_cost,
            budget=tables.routing.budget,
        ),
        source,
    )
    job = Job(draft, isinstance(asked, str), path, _notes(maps, listed, [rule.name for rule in nets], path))
    return replace(job, package=_first_possible(job))


def _built(build: Callable[[], Package], source: str) -> Package:
    """A Package, or the reason why not with the name of the job."""
    try:
        return build()
    except ModelError as error:
        raise InputError(str(error), source) from None


def _first_possible(job: Job) -> Package:
    """The package with the least number of RDLs that is not refused; else the reason against the largest number."""
    *fewer, most = job.rdl_counts
    for count in fewer:
        try:
            return job.with_rdl_count(count)
        except InputError:
            continue
    return job.with_rdl_count(most)


def _technology(tables: JobTables, path: Path) -> Technology:
    override = _flat(tables.technology.override)
    try:
        return load_technology(tables.technology.name, path.parent, override, str(path))
    except InputError as error:
        if str(error).startswith("there is no technology"):
            raise InputError(f"technology: {error}", str(path)) from None
        raise


def _flat(tables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"metals": {"0": {"line": v}}}``, which is what an unquoted dotted key means, as ``{"metals.0.line": v}``."""
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _ball_map(tables: JobTables, path: Path, nets: frozenset[str]) -> BallMap | None:
    table, body = tables.balls, tables.package
    if table.map is None:
        return None
    file = path.parent / table.map
    options = BallMapOptions(
        width=body.width,
        height=body.height,
        origin_lower_left=table.origin == "lower left",
        land_side=None if table.view is None else table.view == "land side",
        offset=Point(*table.offset),
        unit=table.unit,
        sheet=table.sheet,
        headers=dict(table.headers.items()),
    )
    if is_table(file):
        return read_ball_map(file, options)
    lef = tuple(path.parent / lef for lef in table.lef)
    files = SourceOptions(lef=lef, cells=table.cells, chiplet=table.chiplet, balls=table.chiplet)
    return read_ball_source(file, options, files, nets)


def _notes(maps: tuple[BumpSource, ...], listed: BallMap | None, nets: Sequence[str], path: Path) -> tuple[str, ...]:
    """Each note once, in the order of the job."""
    notes = [note for die in maps for note in die.notes] + list(listed.notes if listed is not None else ())
    alike: dict[str, list[str]] = {}
    for net in nets:
        alike.setdefault(net.casefold(), []).append(net)
    notes += [
        f'"{names[0]}" and "{names[1]}" differ in capitals only; they are two nets'
        for names in alike.values()
        if len(names) > 1
    ]
    folder = f"{path.parent}{os.sep}"
    return tuple(note.replace(folder, "") for note in dict.fromkeys(notes))


def _balls(table: BallTable, listed: BallMap | None, source: str) -> tuple[Ball, ...]:
    """The balls of the grid, with those marked that the map calls nc; or those of the map, if it has places."""
    if listed is None:
        return ball_grid(table, source)
    if not listed.placed:
        if table.columns is None:
            raise InputError(
                "the map has no places: give it columns for x and y, or the job balls.columns, rows and pitch",
                listed.source,
            )
        idle = {ball.name for ball in listed.balls if ball.nc}
        return tuple(replace(ball, nc=ball.nc or ball.name in idle) for ball in ball_grid(table, source))
    if table.columns is not None:
        raise InputError(
            f"balls: {listed.source} has the places of all balls; drop columns and rows, or x and y of the map", source
        )
    return left_over(placed_balls(listed), table, source)


def _ball_geometry(table: BallTable, balls: tuple[Ball, ...], technology: Technology, source: str) -> BallGeometry:
    pitch_x, pitch_y = pitches(table)
    if not pitch_x:
        found = nearest_pitches(ball.at for ball in balls)
        if found is None:
            raise InputError("balls: a single ball has no pitch; give balls.pitch, for the rules that go by it", source)
        pitch_x, pitch_y = found
    nearest = min(pitch_x, pitch_y)
    if table.staggered:
        nearest = min(pitch_x, int((pitch_x**2 / 4 + pitch_y**2) ** 0.5))
    given = (table.diameter, table.opening, table.ubm, table.pad)
    try:
        rules = None if all(given) else technology.ball_for(nearest)
    except ModelError as error:
        remedy = "give balls.diameter, opening, ubm and pad yourself, or take a larger pitch"
        raise InputError(f"balls: {error}; {remedy}", source) from None
    mask_defined = table.terminals == "mask-defined"
    pad = table.pad or (rules.pad if rules else 0)
    opening = table.opening or (rules.opening if rules and mask_defined else pad + 2 * COPPER_DEFINED_RELIEF)
    if mask_defined != (opening < pad):
        wanted = "smaller" if mask_defined else "larger"
        raise InputError(
            f"balls: a {table.terminals} terminal needs an opening {wanted} than its pad; opening is "
            f"{um(opening)}, pad {um(pad)}",
            source,
        )
    return BallGeometry(
        pitch_x=pitch_x,
        pitch_y=pitch_y,
        diameter=table.diameter or (rules.ball if rules else 0),
        opening=opening,
        ubm=table.ubm or (rules.ubm if rules else 0),
        pad=pad,
        mask_defined=mask_defined,
        pad_shape=PadShape(table.pad_shape),
    )
