"""Teardrops: judged by laws on generated layouts, whether these are legal or not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import samples
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from kicad_rdl.check import check_layout
from kicad_rdl.geometry import Arc, Circle, Line, Path, Point, path_points, shapely_of, shapely_polygon
from kicad_rdl.model.layout import Layout, Pad, PadKind, Teardrop, Trace, Via
from kicad_rdl.route.teardrops import teardrops
from kicad_rdl.units import UM, Nm

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
SPACE: Nm = 10 * UM  # of samples.technology()
EDGE: Nm = 75 * UM
WIDTH: Nm = 10 * UM
PAD: Nm = 270 * UM


def at(x: float, y: float) -> Point:
    return Point(round(x * UM), round(y * UM))


def layout_of(pads: tuple[Pad, ...], traces: tuple[Trace, ...], vias: tuple[Via, ...] = ()) -> Layout:
    return replace(samples.one_rdl(), pads=pads, traces=traces, vias=vias, planes=(), teardrops=())


def pad(net: str, x: float, y: float, diameter: Nm = PAD) -> Pad:
    return Pad(PadKind.UBM_PAD, net, net, 1, at(x, y), Circle(diameter))


def straight(net: str, *spots: tuple[float, float], width: Nm = WIDTH) -> Trace:
    return Trace(net, 1, width, Path.through(*(at(*spot) for spot in spots)))


def exact_distance(drop: BaseGeometry, thing: Pad | Trace) -> float:
    """Edge to edge [nm]; arcs by chords within 0.5 nm."""
    if isinstance(thing, Trace):
        return float(drop.distance(shapely.LineString(path_points(thing.path, 0.5)))) - thing.width / 2
    assert isinstance(thing.shape, Circle)
    return float(drop.distance(shapely.Point(thing.at.x, thing.at.y))) - thing.shape.diameter / 2


def judge(layout: Layout, drops: tuple[Teardrop, ...]) -> None:
    """Spacing to everything foreign, the package edge, and no gap to pad and trace."""
    half = 1500 * UM - EDGE
    room = shapely.box(-half, -half, half, half)
    things: list[Pad | Trace] = [*layout.pads, *layout.traces]
    shapes = [shapely_polygon(drop.outline) for drop in drops]
    for drop, shape in zip(drops, shapes, strict=True):
        assert shape.is_valid
        assert room.covers(shape)
        for thing in things:
            if thing.net != drop.net and thing.layer == drop.layer:
                assert exact_distance(shape, thing) >= SPACE - (0.5 if isinstance(thing, Trace) else 0)
        for other, beside in zip(drops, shapes, strict=True):
            if other.net != drop.net:
                assert shape.distance(beside) >= SPACE
        own_pads = [p for p in layout.pads if p.net == drop.net]
        own_traces = [t for t in layout.traces if t.net == drop.net]
        copper = [shapely_of(p.shape, p.at, tolerance=10) for p in own_pads]
        lines = [shapely.LineString(path_points(t.path, 10)) for t in own_traces]
        copper += [line.buffer(t.width / 2) for line, t in zip(lines, own_traces, strict=True)]
        joined = shapely.union_all([shape, *copper])
        assert len(shapely.get_parts(joined)) == len(shapely.get_parts(shapely.union_all(copper)))
        # no sliver of nothing between teardrop, pad and trace
        assert sum(len(part.interiors) for part in shapely.get_parts(joined)) <= sum(
            len(part.interiors) for part in shapely.get_parts(shapely.union_all(copper))
        )
        assert any(line.intersection(shape).length > 0 for line in lines)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Pads on a jittered lattice, traces from them to small pads, straight, bent or round; often illegal as a whole."""
    pads: list[Pad] = []
    traces: list[Trace] = []
    jitter = st.integers(-60, 60)
    for k in range(draw(st.integers(1, 9))):
        x, y = 500 * (k % 3 - 1) + draw(jitter), 500 * (k // 3 - 1) + draw(jitter)
        net = f"N{k}"
        there = (x + draw(st.integers(-450, 450)), y + draw(st.integers(-450, 450)))
        if math.hypot(there[0] - x, there[1] - y) < 10:
            continue
        pads += [pad(net, x, y, draw(st.sampled_from([60, 150, 270])) * UM), pad(net, *there, diameter=50 * UM)]
        bend = draw(st.sampled_from(["straight", "corner", "arc"]))
        start, end = at(x, y), at(*there)
        middle = Point((start.x + end.x) // 2, (start.y + end.y) // 2)
        aside = middle + Point((start.y - end.y) // 6, (end.x - start.x) // 6)
        if bend == "straight":
            path = Path.through(start, end)
        elif bend == "corner":
            path = Path.through(start, aside, end)
        else:
            path = Path((Line(start, middle), Line(middle, end)) if aside == middle else (Arc(start, aside, end),))
        traces.append(Trace(net, 1, draw(st.sampled_from([10, 20, 60])) * UM, path))
    return layout_of(tuple(pads), tuple(traces))


def mirrored(point: Point) -> Point:
    return Point(-point.x, point.y)


def mirrored_layout(layout: Layout) -> Layout:
    pads = tuple(replace(p, at=mirrored(p.at)) for p in layout.pads)
    traces = tuple(
        replace(
            trace,
            path=Path(
                tuple(
                    Line(mirrored(p.start), mirrored(p.end))
                    if isinstance(p, Line)
                    else Arc(mirrored(p.start), mirrored(p.mid), mirrored(p.end))
                    for p in trace.path.pieces
                )
            ),
        )
        for trace in layout.traces
    )
    return layout_of(pads, traces)


@settings(max_examples=60, deadline=None, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.too_slow])
@given(layouts())
def test_any_layout_keeps_every_rule(layout: Layout) -> None:
    drops = teardrops(layout)
    judge(layout, drops)
    assert drops == teardrops(layout)
    turned = teardrops(mirrored_layout(layout))
    assert [d.net for d in turned] == [d.net for d in drops]
    for one, other in zip(drops, turned, strict=True):
        assert shapely_polygon(one.outline).area == pytest.approx(shapely_polygon(other.outline).area, rel=0.01)


def test_free_pad_gets_the_whole_ratio_with_tangent_sides() -> None:
    """Deca's rule: 90 % of the pad's diameter; Caravel's: a taper that is tangent to the pad."""
    layout = layout_of((pad("A", 0, 0),), (straight("A", (0, 0), (800, 0)),))
    (drop,) = teardrops(layout)
    judge(layout, (drop,))
    points = drop.outline.points
    assert len(points) == 4
    assert max(p.y for p in points) - min(p.y for p in points) == pytest.approx(0.9 * PAD, abs=2)
    for side in ((points[0], points[1]), (points[2], points[3])):
        line = shapely.LineString([(p.x, p.y) for p in side])
        assert line.distance(shapely.Point(0, 0)) == pytest.approx(PAD / 2, abs=3)
        assert math.hypot(*line.interpolate(line.project(shapely.Point(0, 0))).coords[0]) >= PAD / 2 - 3
    tip = max(p.x for p in points)
    assert {abs(p.y) for p in points if p.x == tip} <= {WIDTH // 2 - 2}


def test_neighbour_makes_it_narrower_and_a_close_one_prevents_it() -> None:
    def area(y: float) -> float:
        beside = straight("B", (-700, y), (700, y))
        drops = teardrops(layout_of((pad("A", 0, 0),), (straight("A", (0, 0), (800, 0)), beside)))
        return sum(shapely_polygon(drop.outline).area for drop in drops)

    free = area(400)
    just = 0.9 * 135 + 10 + 5  # half the base, the spacing, half the trace
    assert area(just + 0.01) == free
    assert 0 < area(just - 0.01) < free
    assert 0 < area(75) < area(just - 0.01)
    assert area(25) == 0


def test_teardrops_of_neighbours_keep_apart() -> None:
    """Side by side and in opposite directions: each alone takes the whole ratio, together both give way.

    Two straight tapers are nearest at a corner of one of them, which lies on its pad or in its trace: so what keeps
    them apart is, in the main, that each keeps away from the other's pad and trace.
    """
    pads = (pad("A", -200, 0), pad("B", 130, 150))
    traces = (straight("A", (-200, 0), (105, 0)), straight("B", (130, 150), (-300, 150)))
    layout = layout_of(pads, traces)
    drops = teardrops(layout)
    assert [drop.net for drop in drops] == ["A", "B"]
    judge(layout, drops)
    free = teardrops(layout_of(pads[:1], traces[:1]))
    assert shapely_polygon(drops[0].outline).area < shapely_polygon(free[0].outline).area
    assert [shapely_polygon(drop.outline).area for drop in drops] == [
        pytest.approx(shapely_polygon(drops[0].outline).area, rel=1e-3)
    ] * 2


def test_edge_of_the_package() -> None:
    inside = layout_of((pad("A", 0, 1270),), (straight("A", (0, 1270), (900, 1270)),))
    assert len(teardrops(inside)) == 1
    drops = teardrops(layout_of((pad("A", 0, 1390),), (straight("A", (0, 1390), (900, 1390)),)))
    judge(inside, drops)
    assert not drops or shapely_polygon(drops[0].outline).bounds[3] <= 1425 * UM


def test_trace_as_wide_as_the_pad_and_pads_that_meet_need_none() -> None:
    assert teardrops(layout_of((pad("A", 0, 0, 60 * UM),), (straight("A", (0, 0), (500, 0), width=60 * UM),))) == ()
    close = (pad("A", 0, 0, 60 * UM), pad("A", 50, 0, 60 * UM))
    assert teardrops(layout_of(close, (straight("A", (0, 0), (50, 0)),))) == ()


def test_ratio_zero_means_none() -> None:
    layout = layout_of((pad("A", 0, 0),), (straight("A", (0, 0), (800, 0)),))
    package = replace(layout.package, technology=replace(layout.package.technology, teardrop_ratio=0.0))
    assert teardrops(replace(layout, package=package)) == ()


def test_vias_have_teardrops_on_both_their_layers() -> None:
    via = Via("A", at(0, 0), 1, 30 * UM, 50 * UM, 70 * UM)
    other = replace(straight("A", (0, 0), (0, 500)), layer=2)
    layout = replace(
        samples.two_rdl(),
        pads=(),
        traces=(straight("A", (0, 0), (500, 0)), other),
        vias=(via,),
        planes=(),
        teardrops=(),
    )
    drops = teardrops(layout)
    assert [drop.layer for drop in drops] == [1, 2]
    widths = [shapely_polygon(drops[0].outline).bounds, shapely_polygon(drops[1].outline).bounds]
    assert widths[0][3] - widths[0][1] == pytest.approx(45 * UM, abs=2)
    assert widths[1][2] - widths[1][0] == pytest.approx(63 * UM, abs=2)


def test_bent_trace_gets_a_shorter_one() -> None:
    """A right angle soon after the pad: the taper ends before it."""
    long = teardrops(layout_of((pad("A", 0, 0),), (straight("A", (0, 0), (700, 0)),)))
    layout = layout_of((pad("A", 0, 0),), (straight("A", (0, 0), (220, 0), (220, 500)),))
    short = teardrops(layout)
    judge(layout, short)
    assert len(short) == 1
    ends = [shapely_polygon(drops[0].outline).bounds[2] for drops in (long, short)]
    assert ends[1] <= 220 * UM < ends[0]


@pytest.mark.parametrize("sample", samples.SAMPLES)
def test_samples_stay_clean(sample: object) -> None:
    assert callable(sample)
    layout: Layout = sample()
    drops = teardrops(layout)
    assert drops
    assert check_layout(replace(layout, teardrops=drops)) == ()
