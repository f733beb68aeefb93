"""Which balls does a file of another program list? A ball map from any format that is no table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Point
from kicad_rdl.read.ball_map import LIMIT, BallMap, BallMapOptions, MappedBall
from kicad_rdl.read.source import read_balls
from kicad_rdl.read.source_options import SourceOptions

LAYOUTS = (".def",)
"""Suffixes of chip layouts, which look onto the face that has the bumps, and so at the balls."""


def read_ball_source(path: Path, options: BallMapOptions, files: SourceOptions, nets: frozenset[str]) -> BallMap:
    """The balls in the order of the file, in the package frame.

    A ball on a net that no bump is on stays, but nothing may take it.

    Args:
        path: the file.
        options: size of the package, view, offset and origin, as of a table.
        files: what else a reader needs, such as LEF files.
        nets: those of the bumps.

    Raises:
        InputError: the file cannot be used, or has too many balls.
    """
    source = str(path)
    if path.suffix.lower() == ".bmap":
        origin: Literal["lower left", "die centre"] = "lower left" if options.origin_lower_left else "die centre"
        files = replace(files, width=options.width, height=options.height, origin=origin)
    found = read_balls(path, files)
    balls = found.balls
    if len(balls) > LIMIT:
        raise InputError(f"more than {LIMIT} balls; is this a ball map?", source)
    mirrored = path.suffix.lower() in LAYOUTS if options.land_side is None else options.land_side
    idle = sum(ball.net is not None and ball.net not in nets for ball in balls)
    notes = (f"{source}: balls on nets that no bump is on, which nothing may take: {idle}",) if idle else ()
    return BallMap(
        source,
        tuple(
            MappedBall(
                name=ball.name,
                at=Point(-ball.at.x if mirrored else ball.at.x, ball.at.y) + options.offset,
                net=ball.net if ball.net in nets else None,
                nc=ball.net is not None and ball.net not in nets,
                line=None,
            )
            for ball in balls
        ),
        placed=True,
        notes=(*found.notes, *notes),
    )
