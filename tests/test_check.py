"""One planted defect for every rule and shape of it; laws that any verdict must keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import KINDS, OURS, SPACE, planted
from samples import at, box

from kicad_rdl.check import check_artwork, check_layout
from kicad_rdl.check.artwork import artwork_of
from kicad_rdl.errors import RdlError
from kicad_rdl.geometry import Arc, Line, Path, Point, Polygon
from kicad_rdl.model.artwork import Area, Artwork, Copper, CopperKind, Skeleton, Terminal
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.model.layout import Layout, PadKind, Plane, Side, Teardrop, Trace, Via
from kicad_rdl.model.package import Angles, Joint
from kicad_rdl.model.report import Rule, Severity, Violation
from kicad_rdl.units import UM

one, two, three = samples.one_rdl(), samples.two_rdl(), samples.three_rdl()


def rules_of(layout: Layout) -> set[Rule]:
    return {violation.rule for violation in check_layout(layout)}


def only(layout: Layout, rule: Rule) -> Violation:
    """The single violation of a layout, which has this rule."""
    found = check_layout(layout)
    assert [violation.rule for violation in found] == [rule]
    return found[0]


@pytest.mark.parametrize("layout", [one, two, three], ids=["1", "2", "3"])
def test_samples_are_clean(layout: Layout) -> None:
    assert check_layout(layout) == ()


def trace(net: str, layer: int, *spots: tuple[float, float], width: int = 10 * UM) -> Trace:
    return Trace(net, layer, width, Path.through(*(at(*spot) for spot in spots)))


def with_trace(layout: Layout, index: int, changed: Trace) -> Layout:
    return replace(layout, traces=(*layout.traces[:index], changed, *layout.traces[index + 1 :]))


def with_via(layout: Layout, index: int, **changes: object) -> Layout:
    vias = list(layout.vias)
    vias[index] = replace(vias[index], **changes)  # type: ignore[arg-type]
    return replace(layout, vias=tuple(vias))


def with_technology(layout: Layout, **changes: object) -> Layout:
    package = layout.package
    return replace(layout, package=replace(package, technology=replace(package.technology, **changes)))  # type: ignore[arg-type]


# --- one defect each -----------------------------------------------------------------------------


def test_plane_too_near() -> None:
    """The void around ball C3 of another net, one nanometre too small on one side."""
    plane = two.planes[0]
    hole = list(plane.fills[0].holes[0])
    pad = at(800, -800)
    # left side of the octagon around C3 (pad 270 wide): 10 um - 1 nm from the pad
    moved = [Point(pad.x - 144_999, p.y) if p.x == min(q.x for q in hole) else p for p in hole]
    assert rules_of(two) == set()
    changed = replace(plane, fills=(Polygon(plane.fills[0].points, (tuple(moved),)),))
    violation = only(replace(two, planes=(changed,)), Rule.SPACING)
    assert (violation.measured, violation.required) == (9_999, SPACE)
    assert violation.things == ("ball C3", "plane of VSS")


def test_pad_inside_a_foreign_plane() -> None:
    plane = two.planes[0]
    whole = replace(plane, fills=(Polygon(plane.fills[0].points),))
    assert Rule.SHORT in rules_of(replace(two, planes=(whole,)))


def test_plane_neck() -> None:
    """Two halves joined by 8 um."""
    plane = two.planes[0]
    points = (
        at(-1400, -1400), at(395, -1400), at(395, -1304), at(405, -1304), at(405, -1400), at(1400, -1400),
        at(1400, -300), at(405, -300), at(405, -1296), at(395, -1296), at(395, -300), at(-1400, -300),
    )  # fmt: skip
    necked = replace(plane, fills=(Polygon(points, plane.fills[0].holes),))
    violation = only(replace(two, planes=(necked,)), Rule.WIDTH)
    assert violation.at.distance(at(400, -1300)) < 20 * UM


def test_net_width() -> None:
    package = one.package
    nets = tuple(replace(rule, width=12 * UM) if rule.name == "TX" else rule for rule in package.nets)
    violation = only(replace(one, package=replace(package, nets=nets)), Rule.WIDTH)
    assert (violation.measured, violation.required) == (10 * UM, 12 * UM)


def test_bump_enclosure() -> None:
    opening = replace(one.openings[0], at=one.openings[0].at + Point(1, 0))
    violation = only(replace(one, openings=(opening, *one.openings[1:])), Rule.ENCLOSURE)
    assert (violation.measured, violation.required) == (9_999, 10_000)


def test_square_bump_enclosure() -> None:
    index = next(k for k, opening in enumerate(one.openings) if opening.name == "5")
    openings = list(one.openings)
    openings[index] = replace(openings[index], at=openings[index].at + Point(0, -3))
    assert only(replace(one, openings=tuple(openings)), Rule.ENCLOSURE).measured == 9_997


def test_capture_enclosure() -> None:
    violation = only(with_via(two, 4, capture=59_999), Rule.ENCLOSURE)
    assert (violation.layer, violation.measured, violation.required) == ("RDL2", 14_999, 15_000)


def test_ball_enclosure() -> None:
    index = next(k for k, via in enumerate(one.vias) if via.opening == 220 * UM)
    found = check_layout(with_via(one, index, opening=220 * UM + 2))
    assert {(v.rule, v.layer, v.measured, v.required) for v in found} == {
        (Rule.ENCLOSURE, "RDL1", 24_999, 25_000),
        (Rule.ENCLOSURE, "UBM", 14_999, 15_000),
    }


def test_via_opening() -> None:
    assert only(with_via(two, 4, opening=29_999), Rule.WIDTH).measured == 29_999


def test_vias_of_one_net_too_close() -> None:
    """Spacing of openings counts within a net too."""
    via = next(via for via in two.vias if via.net == "CLK")
    near = replace(via, at=via.at + at(49.999, 0))
    violation = only(replace(two, vias=(*two.vias, near)), Rule.VIA_SPACING)
    assert (violation.measured, violation.required) == (19_999, 20_000)


def test_stacking() -> None:
    """The same stacks where the technology allows none."""
    assert rules_of(with_technology(three, stacked_vias=False, stagger=20 * UM)) == {Rule.VIA_STACKING}


def test_via_under_a_ball() -> None:
    """Even numbers of RDLs: the ball opening is no via, but still an opening."""
    strict = with_technology(two, stacked_vias=False, stagger=20 * UM)
    found = [violation for violation in check_layout(strict) if violation.layer == "ball opening"]
    assert {violation.things[1] for violation in found} >= {"ball A1", "ball A2", "ball A3", "ball C3"}


def test_ball_straight_over_a_bump_is_a_warning() -> None:
    """With one RDL that is a matter of the grid, not of the copper."""
    strict = with_technology(one, stacked_vias=False, stagger=400 * UM)
    found = [violation for violation in check_layout(strict) if violation.rule is Rule.VIA_STACKING]
    assert found
    assert {violation.severity for violation in found} == {Severity.WARNING}


def test_mask_web_of_one_net() -> None:
    """C1 and C2 are both VSS; a web of 580 um is asked where 550 um are left."""
    mask = replace(one.package.technology.mask, web=600 * UM)
    found = check_layout(with_technology(one, mask=mask))
    assert ("opening of ball C1", "opening of ball C2") in {
        violation.things for violation in found if violation.rule is Rule.MASK_WEB
    }


def test_bump_openings() -> None:
    die_pad = replace(one.package.technology.die_pad, space=440 * UM + 1)
    found = check_layout(with_technology(one, die_pad=die_pad))
    assert {violation.rule for violation in found} == {Rule.MASK_WEB}
    assert {violation.layer for violation in found} == {str(Side.BUMP)}


def test_ball_edge() -> None:
    edges = replace(one.package.technology.edges, ball_to_package=550 * UM + 1)
    found = check_layout(with_technology(one, edges=edges))
    assert {violation.rule for violation in found} == {Rule.PACKAGE_EDGE}
    # all balls but the one in the middle
    assert len({violation.things[0] for violation in found}) == 8


def test_die_edge() -> None:
    edges = replace(one.package.technology.edges, die_to_package=900 * UM + 1)
    assert rules_of(with_technology(one, edges=edges)) == {Rule.DIE_EDGE}


def test_dies_apart() -> None:
    """A second, empty die beside the first."""
    package = one.package
    bare = replace(package.dies[0].die, name="spare", width=100 * UM, height=100 * UM, bumps=())
    near = replace(package, dies=(package.dies[0], PlacedDie(bare, Point(750 * UM - 1, 0))))
    found = check_layout(replace(one, package=near))
    assert (Rule.DIE_EDGE, 99_999, 100_000) in {(v.rule, v.measured, v.required) for v in found}


def test_copper_outside() -> None:
    layout = with_trace(one, 1, trace("TX", 1, (0, 500), (0, 1600), (30, 1600), (30, 800), (0, 800)))
    assert Rule.PACKAGE_EDGE in rules_of(layout)


def test_acute_joint() -> None:
    index = next(k for k, item in enumerate(one.traces) if item.net == "D2")
    bent = trace("D2", 1, (-500, 0), (-560, 0), (-540, 40), (-540, 100), (-640, 100), (-640, 0), (-800, 0))
    assert only(with_trace(one, index, bent), Rule.ACUTE_ANGLE).at == at(-560, 0)


def test_acute_joint_at_an_arc() -> None:
    """A line that comes back along the arc's tangent."""
    index = next(k for k, item in enumerate(one.traces) if item.net == "D2")
    arc = Arc(at(-640, 0), at(-670, 30), at(-700, 0))
    before = Path.through(at(-500, 0), at(-500, 100), at(-640, 100), arc.start)
    path = Path((*before.pieces, arc, Line(arc.end, at(-800, 0))))
    assert only(with_trace(one, index, Trace("D2", 1, 10 * UM, path)), Rule.ACUTE_ANGLE).at == arc.start


def test_acute_joint_under_a_teardrop() -> None:
    index = next(k for k, item in enumerate(one.traces) if item.net == "D2")
    bent = trace("D2", 1, (-500, 0), (-600, 0), (-570, 40), (-640, 40), (-640, 0), (-800, 0))
    drops = (Teardrop("D2", 1, Polygon(box(-606, -6, -564, 46))),)
    layout = with_trace(one, index, bent)
    assert Rule.ACUTE_ANGLE in rules_of(layout)
    assert Rule.ACUTE_ANGLE not in rules_of(replace(layout, teardrops=(*layout.teardrops, *drops)))


def test_right_angle_is_not_acute() -> None:
    index = next(k for k, item in enumerate(one.traces) if item.net == "D2")
    bent = trace("D2", 1, (-500, 0), (-590, 0), (-590, 40), (-640, 40), (-640, 0), (-800, 0))
    assert check_layout(with_trace(one, index, bent)) == ()


def test_directions() -> None:
    octilinear = replace(one, package=replace(one.package, angles=Angles.OCTILINEAR))
    # the arc of D1, the last piece of CLK is at 45 degrees, (700, 50) to (760, 50) too
    assert {violation.things for violation in check_layout(octilinear)} == {("trace of D1",), ("trace of CLK",)}


def test_open() -> None:
    gone = replace(one, traces=tuple(item for item in one.traces if item.net != "TX"), teardrops=())
    violation = only(gone, Rule.OPEN)
    assert violation.things == ("net TX", "bump 2", "ball A2")


def test_open_in_a_supply() -> None:
    """Three of four terminals stay joined: one piece too many."""
    index = next(k for k, item in enumerate(one.traces) if item.net == "VSS" and item.path.end == at(0, -800))
    violation = only(replace(one, traces=one.traces[:index] + one.traces[index + 1 :]), Rule.OPEN)
    assert violation.things[1] == "ball C2"


def test_missing_via_is_an_open() -> None:
    vias = tuple(via for via in two.vias if via.net != "CLK")
    assert Rule.OPEN in rules_of(replace(two, vias=vias))


def test_loose_end() -> None:
    stub = trace("TX", 1, (0, 560), (60, 560), (60, 620))
    layout = replace(one, traces=(*one.traces, stub))
    violation = only(layout, Rule.DANGLING)
    assert violation.at == at(60, 620)
    assert violation.severity is Severity.WARNING


def test_loose_via() -> None:
    rule = two.package.technology.via(1)
    extra = Via("TX", at(0, 600), 1, rule.opening, rule.land, rule.capture)
    assert only(replace(two, vias=(*two.vias, extra)), Rule.DANGLING).things == ("via of TX",)


def test_island() -> None:
    extra = Plane(
        "VSS", 2, Polygon(box(-200, 200, 200, 400)), (Polygon(box(-200, 200, 200, 400)),), 10_000, Joint.SOLID
    )
    assert only(replace(two, planes=(*two.planes, extra)), Rule.DANGLING).things == ("plane of VSS",)


@pytest.mark.parametrize(
    "change",
    [
        lambda layout: replace(layout, ball_nets=(*layout.ball_nets, ("Z9", "TX"))),
        lambda layout: replace(layout, ball_nets=(*layout.ball_nets, layout.ball_nets[0])),
        lambda layout: replace(layout, pads=(*layout.pads, layout.pads[0])),
        lambda layout: replace(layout, pads=layout.pads[1:]),
        lambda layout: replace(layout, pads=(replace(layout.pads[0], name="no such bump"), *layout.pads[1:])),
        lambda layout: replace(layout, teardrops=(replace(layout.teardrops[0], net="NOPE"),)),
    ],
)
def test_names(change: Callable[[Layout], Layout]) -> None:
    assert Rule.NAME in rules_of(change(one))


def test_reserved_ball() -> None:
    package = one.package
    balls = tuple(replace(ball, nc=True) if ball.name == "A1" else ball for ball in package.balls)
    assert only(replace(one, package=replace(package, balls=balls)), Rule.NAME).things == ("ball A1", "net D0")


def test_ball_not_allowed() -> None:
    package = one.package
    nets = tuple(replace(rule, allowed=("B2",)) if rule.name == "TX" else rule for rule in package.nets)
    assert only(replace(one, package=replace(package, nets=nets)), Rule.NAME).things == ("ball A2", "net TX")


def test_net_without_a_ball() -> None:
    layout = replace(one, ball_nets=tuple(item for item in one.ball_nets if item[1] != "TX"))
    assert Rule.OPEN in rules_of(layout)


def test_two_pads_without_net() -> None:
    """An unused ball's pad over a bump without a net: still two things."""
    pads = list(one.pads)
    land = next(k for k, pad in enumerate(pads) if pad.kind is PadKind.BUMP_LAND and pad.name == "9")
    pads[land] = replace(pads[land], at=at(0, 0))
    assert Rule.SHORT in rules_of(replace(one, pads=tuple(pads)))


def test_too_many_layers() -> None:
    with pytest.raises(RdlError, match="rules for 4"):
        check_artwork(replace(artwork_of(one), layers=("a",) * 5, rdl_count=5), one.package.technology)


# --- laws ----------------------------------------------------------------------------------------

MATRICES = [(1, 0, 0, 1), (-1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, 1, 0)]


def moved(artwork: Artwork, m: tuple[int, int, int, int], dx: int, dy: int) -> Artwork:
    """Mirrored or turned, then shifted."""

    def spot(x: float, y: float) -> tuple[float, float]:
        return m[0] * x + m[1] * y + dx, m[2] * x + m[3] * y + dy

    def move(p: Point) -> Point:
        return Point(m[0] * p.x + m[1] * p.y + dx, m[2] * p.x + m[3] * p.y + dy)

    def piece(item: Line | Arc) -> Line | Arc:
        if isinstance(item, Line):
            return Line(move(item.start), move(item.end))
        return Arc(move(item.start), move(item.mid), move(item.end))

    def shape(item: Skeleton) -> Skeleton:
        if isinstance(item, Point):
            return move(item)
        if isinstance(item, Area):
            rings = [tuple(spot(*corner) for corner in ring) for ring in (item.outline, *item.holes)]
            return Area(rings[0], tuple(rings[1:]))
        return piece(item)

    def turned_box(item):  # type: ignore[no-untyped-def]
        width, height = (item.width, item.height) if m[0] else (item.height, item.width)
        return replace(item, at=move(item.at), width=width, height=height)

    return replace(
        artwork,
        outline=tuple(piece(item) for item in artwork.outline),
        copper=tuple(replace(item, skeleton=shape(item.skeleton)) for item in artwork.copper),
        holes=tuple(replace(hole, at=move(hole.at)) for hole in artwork.holes),
        openings=tuple(replace(item, skeleton=shape(item.skeleton)) for item in artwork.openings),
        dies=tuple(turned_box(die) for die in artwork.dies),
        balls=tuple(turned_box(ball) for ball in artwork.balls),
    )


def bare(found: tuple[Violation, ...]) -> list[tuple[str, ...]]:
    return sorted((v.rule, v.layer, *v.things, str(v.measured), str(v.required)) for v in found)


@given(
    st.sampled_from(KINDS),
    st.integers(0, 1000),
    st.sampled_from(MATRICES),
    st.integers(-(10**7), 10**7),
    st.integers(-(10**7), 10**7),
)
@settings(max_examples=60, deadline=None)
def test_symmetry(kind: str, seed: int, matrix: tuple[int, int, int, int], dx: int, dy: int) -> None:
    """Mirrored, turned or shifted copper gets the same verdict, to the nanometre."""
    layout = planted(kind, seed).layout
    artwork, technology = artwork_of(layout), layout.package.technology
    assert bare(check_artwork(moved(artwork, matrix, dx, dy), technology)) == bare(check_artwork(artwork, technology))


@given(st.sampled_from(KINDS), st.integers(0, 1000), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_does_not_matter(kind: str, seed: int, random: object) -> None:
    """The same traces and vias in another order: the same text."""
    layout = planted(kind, seed).layout
    traces, vias = list(layout.traces), list(layout.vias)
    random.shuffle(traces)  # type: ignore[attr-defined]
    random.shuffle(vias)  # type: ignore[attr-defined]
    assert check_layout(replace(layout, traces=tuple(traces), vias=tuple(vias))) == check_layout(layout)


def test_growth() -> None:
    """Ten times the copper is judged alike: 200 lanes at the least pitch are clean, one nanometre less never is."""
    for pitch, count in ((20_000, 0), (19_999, 199)):
        copper: list[Copper] = []
        terminals: list[Terminal] = []
        for k in range(200):
            start, end = Point(0, pitch * k), Point(10**6, pitch * k)
            copper += [
                Copper(CopperKind.PAD, f"N{k}", 1, spot, 10_000, f"pad {k}", len(copper) + n)
                for n, spot in enumerate((start, end))
            ]
            copper.append(Copper(CopperKind.TRACE, f"N{k}", 1, Line(start, end), 10_000, f"trace {k}", 10**6 + k))
            terminals += [Terminal("a", f"N{k}", len(copper) - 3), Terminal("b", f"N{k}", len(copper) - 2)]
        artwork = Artwork(("RDL1",), 1, (), tuple(copper), (), (), tuple(terminals))
        found = check_artwork(artwork, samples.technology())
        assert {v.rule for v in found} <= {Rule.SPACING}
        # between neighbours: trace and trace; pad and pad, pad and trace at either end
        assert len({frozenset(name.split()[-1] for name in v.things) for v in found}) == count


def test_every_rule_is_planted() -> None:
    """Every rule of the report is planted somewhere in this file, in ``test_check_wishes`` or in ``planted``."""
    planted_rules = {rule for rules in OURS.values() for rule in rules}
    here = {Rule.SHORT, Rule.VIA_STACKING, Rule.DIE_EDGE, Rule.ACUTE_ANGLE, Rule.NAME, Rule.DANGLING, Rule.OPEN}
    here |= {Rule.KEEPOUT, Rule.LAYER}  # in test_check_wishes
    assert planted_rules | here == set(Rule)


def test_shapes() -> None:
    """A square bump land against a round one, corner on: measured along the diagonal."""
    artwork = Artwork(
        layers=("RDL1",),
        rdl_count=1,
        outline=(),
        copper=(
            Copper(CopperKind.PAD, "A", 1, Area(((0, 0), (-90_000, 0), (-90_000, -90_000), (0, -90_000))), 0, "a", 0),
            Copper(CopperKind.PAD, "B", 1, Point(30_000, 40_000), 80_002, "b", 1),
        ),
        holes=(),
        openings=(),
        terminals=(),
    )
    (violation,) = check_artwork(artwork, samples.technology())
    assert (violation.rule, violation.measured) == (Rule.SPACING, 9_999)
