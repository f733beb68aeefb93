"""What the job asks beyond the technology: planted at the limit and one nanometre beyond it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import samples

from kicad_rdl.check import check_artwork
from kicad_rdl.geometry import Arc, Line, Point, Polygon
from kicad_rdl.model.artwork import Artwork, Copper, CopperKind, Hole, Terminal, TraceRule
from kicad_rdl.model.package import Keepout
from kicad_rdl.model.report import Rule, Violation
from kicad_rdl.units import UM

LONG = 1_000 * UM
WIDE = 10 * UM


def lane(net: str, y: int, layer: int = 1) -> list[tuple[CopperKind, str, int, Point | Line | Arc]]:
    start, end = Point(0, y), Point(LONG, y)
    return [
        (CopperKind.PAD, net, layer, start),
        (CopperKind.PAD, net, layer, end),
        (CopperKind.TRACE, net, layer, Line(start, end)),
    ]


def found(
    pieces: Sequence[tuple[CopperKind, str, int, Point | Line | Arc]],
    rules: Sequence[TraceRule] = (),
    keepouts: Sequence[Keepout] = (),
    holes: Sequence[Hole] = (),
    rdl_count: int = 2,
) -> list[Violation]:
    copper = [
        Copper(kind, net, layer, skeleton, WIDE, f"{kind} of {net}", k)
        for k, (kind, net, layer, skeleton) in enumerate(pieces)
    ]
    terminals = [
        Terminal(f"pad {k}", item.net or "", k) for k, item in enumerate(copper) if item.kind is CopperKind.PAD
    ]
    artwork = Artwork(
        layers=tuple(f"RDL{k}" for k in range(1, rdl_count + 1)),
        rdl_count=rdl_count,
        outline=(),
        copper=tuple(copper),
        holes=tuple(holes),
        openings=(),
        terminals=tuple(terminals),
        trace_rules=tuple(rules),
        keepouts=tuple(keepouts),
    )
    return list(check_artwork(artwork, samples.technology()))


@pytest.mark.parametrize("first", ["A", "B"])
@pytest.mark.parametrize("space", [30 * UM, 80 * UM])
def test_space_of_a_net(first: str, space: int) -> None:
    """It counts for its traces, whoever comes first, to traces and pads; one nanometre less breaks it."""
    other = "B" if first == "A" else "A"
    rules = [TraceRule("A", 1, 0, space)]
    pieces = [*lane(first, 0), *lane(other, space + WIDE)]
    assert found(pieces, rules) == []
    broken = found([*lane(first, 0), *lane(other, space + WIDE - 1)], rules)
    # trace to trace, and at either end the trace of A to the pad of B
    assert {v.rule for v in broken} == {Rule.SPACING}
    assert {v.things for v in broken} == {("trace of A", "trace of B"), ("pad of B", "trace of A")}
    assert {(v.measured, v.required) for v in broken} == {(space - 1, space)}


def test_the_larger_space_of_two_nets_counts_and_the_layer_matters() -> None:
    pieces = [*lane("A", 0), *lane("B", 50 * UM)]  # 40 um apart
    assert found(pieces, [TraceRule("A", 1, 0, 40 * UM), TraceRule("B", 1, 0, 30 * UM)]) == []
    broken = found(pieces, [TraceRule("A", 1, 0, 30 * UM), TraceRule("B", 1, 0, 50 * UM)])
    assert [(v.measured, v.required) for v in broken if v.things == ("trace of A", "trace of B")] == [
        (40 * UM, 50 * UM)
    ]
    assert found(pieces, [TraceRule("A", 2, 0, 80 * UM)]) == []
    assert found([*lane("A", 0), *lane("A", 50 * UM)], [TraceRule("A", 1, 0, 80 * UM)])[0].rule is Rule.OPEN


def test_what_breaks_the_layers_own_space_is_told_once() -> None:
    broken = found([*lane("A", 0), *lane("B", 15 * UM)], [TraceRule("A", 1, 0, 80 * UM)])
    pairs = [v.things for v in broken]
    assert len(pairs) == len({(v.things, v.at) for v in broken})
    assert ("trace of A", "trace of B") in pairs
    assert pairs.count(("trace of A", "trace of B")) == 1


def test_width_of_a_net_on_a_layer() -> None:
    pieces = [*lane("A", 0, 1), *lane("B", 0, 2)]
    assert found(pieces, [TraceRule("A", 1, WIDE), TraceRule("B", 1, 2 * WIDE)]) == []
    (broken,) = found(pieces, [TraceRule("A", 1, WIDE + 1)])
    assert (broken.rule, broken.measured, broken.required) == (Rule.WIDTH, WIDE, WIDE + 1)


def test_layers_of_a_net() -> None:
    pieces = [*lane("A", 0, 1), *lane("B", 0, 2)]
    assert found(pieces, [TraceRule("A", 2, allowed=False), TraceRule("B", 1, allowed=False)]) == []
    (broken,) = found(pieces, [TraceRule("A", 1, allowed=False)])
    assert (broken.rule, broken.layer, broken.things) == (Rule.LAYER, "RDL1", ("trace of A",))


def box(left: int, bottom: int, right: int, top: int) -> Polygon:
    return Polygon((Point(left, bottom), Point(right, bottom), Point(right, top), Point(left, top)))


def test_keepouts() -> None:
    """Touching is allowed, a nanometre inside is not; pads and other layers do not count."""
    edge = WIDE // 2
    beside = Keepout("K", (1,), box(-LONG, edge, 2 * LONG, LONG))
    inside = Keepout("K", (1,), box(-LONG, edge - 1, 2 * LONG, LONG))
    assert found(lane("A", 0), keepouts=[beside]) == []
    (broken,) = found(lane("A", 0), keepouts=[inside])
    assert (broken.rule, broken.things) == (Rule.KEEPOUT, ("trace of A", "keep-out K"))
    assert found(lane("A", 0, 2), keepouts=[inside]) == []
    around = Keepout("K", (1,), box(-LONG, -LONG, 2 * LONG, LONG))
    assert [v.rule for v in found(lane("A", 0), keepouts=[around])] == [Rule.KEEPOUT]
    assert found(lane("A", 0), keepouts=[Keepout("K", (1,), around.outline, traces=False)]) == []
    within = Keepout("K", (1,), box(LONG // 3, -1, LONG // 2, 1))
    assert [v.rule for v in found(lane("A", 0), keepouts=[within])] == [Rule.KEEPOUT]


@pytest.mark.parametrize(("last", "count"), [(2, 1), (3, 0)])
def test_vias_in_keepouts_but_those_under_balls(last: int, count: int) -> None:
    """A via between RDLs is kept out; one from the last RDL to the UBM belongs to its ball."""
    layers = (last - 1, last)
    pieces = [(CopperKind.VIA, "A", layer, Point(0, 0)) for layer in layers]
    rdl_count = 2
    copper = [Copper(kind, net, layer, at, 60 * UM, "via of A", 7) for kind, net, layer, at in pieces]
    hole = Hole("A", "via of A", 7, Point(0, 0), 20 * UM, *layers, tuple((layer, 60 * UM) for layer in layers))
    artwork = Artwork(
        layers=("RDL1", "RDL2", "UBM"),
        rdl_count=rdl_count,
        outline=(),
        copper=tuple(copper),
        holes=(hole,),
        openings=(),
        terminals=(),
        keepouts=(Keepout("K", (2,), box(-LONG, -LONG, LONG, LONG)),),
    )
    broken = [v for v in check_artwork(artwork, samples.technology()) if v.rule is Rule.KEEPOUT]
    assert len(broken) == count
