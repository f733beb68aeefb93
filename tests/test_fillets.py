"""Fillets: no sharp corner is left, and what may stand between two traces keeps its space to the copper there."""

from __future__ import annotations

import math
from dataclasses import replace

import samples
from hypothesis import given
from hypothesis import strategies as st

from kicad_rdl.check import check_layout
from kicad_rdl.geometry import Circle, Path, Point, shapely_of, shapely_polygon
from kicad_rdl.model.layout import Layout, Pad, PadKind, Trace
from kicad_rdl.model.report import Rule
from kicad_rdl.route.fillets import fillets
from kicad_rdl.units import UM, Nm

SPACE: Nm = 10 * UM  # of samples.technology()
START, FORK = Point(-600 * UM, 0), Point(-200 * UM, 0)


def forked(width: Nm, *degrees: float) -> Layout:
    """Traces of one net from one pad that run together and part at a fork, into directions."""
    pads = [Pad(PadKind.UBM_PAD, "N", "N", 1, START, Circle(100 * UM))]
    traces = []
    for angle in degrees:
        x, y = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        end = Point(FORK.x + round(700 * UM * x), FORK.y + round(700 * UM * y))
        traces.append(Trace("N", 1, width, Path.through(START, FORK, end)))
    return replace(samples.one_rdl(), pads=tuple(pads), traces=tuple(traces), vias=(), planes=(), teardrops=())


def acute(layout: Layout) -> int:
    return sum(violation.rule is Rule.ACUTE_ANGLE for violation in check_layout(layout))


@given(st.floats(-80, 80), st.floats(4, 80), st.integers(10, 60))
def test_a_sharp_corner_is_filled_up_to_where_a_space_fits(first: float, between: float, width: int) -> None:
    layout = forked(width * UM, first, first + between)
    assert acute(layout)
    drops = fillets(layout, ())
    assert acute(replace(layout, teardrops=drops)) == 0
    # the nearest place on the bisector for a foreign pad of 1 um
    half = math.radians(between / 2)
    away = (width * UM / 2 + SPACE + 500) / math.sin(half)
    middle = math.radians(first) + half
    spot = Point(round(FORK.x + away * math.cos(middle)), round(FORK.y + away * math.sin(middle)))
    foreign = shapely_of(Circle(UM), spot)
    assert all(foreign.distance(shapely_polygon(drop.outline)) > SPACE - 5 for drop in drops)


def test_no_fillet_where_nothing_is_sharp() -> None:
    assert fillets(forked(10 * UM, 90, -90), ()) == ()
    assert fillets(forked(10 * UM, 45), ()) == ()


def test_no_fillet_under_a_pad() -> None:
    layout = forked(10 * UM, 30, -30)
    pad = Pad(PadKind.UBM_PAD, "M", "N", 1, FORK, Circle(100 * UM))
    assert fillets(layout, ())
    assert fillets(replace(layout, pads=(*layout.pads, pad)), ()) == ()
