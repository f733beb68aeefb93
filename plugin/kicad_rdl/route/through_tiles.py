"""What finds no way on one layer looks for one that changes the layer in the tiles, beside bumps and balls."""

from __future__ import annotations

from kicad_rdl.route.chains import Missing
from kicad_rdl.route.problem import Problem
from kicad_rdl.route.stage import Late, Say, Stage, apart, draw, loose_ends, stood_anew, without_vain
from kicad_rdl.route.via_sites import Box, via_sites


def through_tiles(problem: Problem, stage: Stage, say: Say, late: Late) -> Stage | None:
    """The same work with vias in the tiles, if more is joined that way; else None."""
    missing = apart(problem, stage, stage.work.pieces())
    if not missing or late():
        return None
    standing = [layer.standing for layer in stage.plan.layers]
    sites = via_sites(problem, stage.plan.signal_layers, standing, [_box_of(problem, m) for m in missing])
    if not sites:
        return None
    again = stood_anew(problem, stage, sites)
    draw(again, say, late)
    if loose_ends(problem, again) >= len(missing):
        return None
    lean = without_vain(problem, again, say, late)
    return lean if loose_ends(problem, lean) <= loose_ends(problem, again) else again


def _box_of(problem: Problem, missing: Missing) -> Box:
    """Where an open connection may look for vias."""
    ends = (missing.start.at, (missing.end or missing.start).at)
    xs, ys = sorted(p.x for p in ends), sorted(p.y for p in ends)
    beyond = max(2.0 * (xs[1] - xs[0]), 2.0 * (ys[1] - ys[0]), problem.half_width / 4)
    return xs[0] - beyond, ys[0] - beyond, xs[1] + beyond, ys[1] + beyond
