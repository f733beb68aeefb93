"""The drawings: well-formed, complete, legible, and the same bytes every time."""

from __future__ import annotations

import dataclasses
import itertools
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

import pytest
from samples import SAMPLES, at, one_rdl, two_rdl, wishes

from kicad_rdl.draw.lettering import text_width
from kicad_rdl.draw.svg import drawings, estimate_drawing
from kicad_rdl.geometry import Polygon
from kicad_rdl.model.layout import Cut, Layout, Unrouted
from kicad_rdl.model.package import Ball, Package
from kicad_rdl.model.report import Rule, Severity, Violation
from kicad_rdl.units import UM

SVG = "{http://www.w3.org/2000/svg}"

CUTS = (
    Cut(1, at(-800, 800), at(0, 800), "ball:A1", "ball:A2", 7, 5, ("line/space 8/8 um instead of 10/10 um",)),
    Cut(1, at(0, 800), at(800, 800), "ball:A2", "ball:A3", 6, 5),
)
VIOLATIONS = (
    Violation(Rule.SPACING, Severity.ERROR, "RDL1", at(0, 600), ("trace TX", "trace D1"), 8 * UM, 10 * UM, "move it"),
    Violation(Rule.OPEN, Severity.ERROR, "-", at(500, 0), ("net CLK",), None, None, "join it"),
)


def troubled() -> Layout:
    """A sample with everything that can go wrong."""
    unrouted = (
        Unrouted("D0", "bump:1", "ball:A1", "no room", 0),
        Unrouted("TX", "bump:2", None, "no ball left"),
        Unrouted("D1", "bump:nowhere", "ball:A3", "unknown end"),
    )
    return dataclasses.replace(one_rdl(), unrouted=unrouted, bottlenecks=CUTS)


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text.encode())


def by_id(root: ElementTree.Element, name: str) -> ElementTree.Element:
    found = root.find(f".//*[@id='{name}']")
    assert found is not None, name
    return found


def nets_in(root: ElementTree.Element) -> set[str]:
    return {net for element in root.iter() if (net := element.get("data-net")) is not None}


# --- completeness --------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
def test_one_drawing_per_layer_and_side_and_one_of_all(sample: Callable[[], Layout]) -> None:
    layout = sample()
    layers = [layout.package.layer_name(layer) for layer in range(1, layout.package.metal_count + 1)]
    expected = [*layers, "openings_bump_side", "openings_land_side", "all"]
    files = drawings(layout)
    assert list(files) == [f"svg/{name}.svg" for name in expected]
    for text in files.values():
        assert parsed(text).tag == SVG + "svg"
        assert text.endswith("\n")


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_net_is_drawn(sample: Callable[[], Layout]) -> None:
    layout = sample()
    files = drawings(layout)
    assert nets_in(parsed(files["svg/all.svg"])) == {rule.name for rule in layout.package.nets}
    for layer in range(1, layout.package.metal_count + 1):
        on_layer = {thing.net for thing in (*layout.pads, *layout.traces, *layout.planes) if thing.layer == layer}
        on_layer |= {via.net for via in layout.vias if layer in (via.layer, via.layer + 1)}
        root = parsed(files[f"svg/{layout.package.layer_name(layer)}.svg"])
        assert nets_in(root) == on_layer - {None}


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_trace_and_pad_is_at_its_place(sample: Callable[[], Layout]) -> None:
    layout = sample()
    for layer in range(1, layout.package.metal_count + 1):
        root = parsed(drawings(layout)[f"svg/{layout.package.layer_name(layer)}.svg"])
        copper = by_id(root, "copper")
        paths = "".join(path.get("d", "") for path in copper.iter(SVG + "path") if path.get("stroke-linecap"))
        traces = [trace for trace in layout.traces if trace.layer == layer]
        assert paths.count("M") == len(traces)
        for trace in traces:
            assert f"M{trace.path.start.x / 1000:g} {trace.path.start.y / 1000:g}" in paths
        titles = [title.text or "" for title in copper.iter(SVG + "title")]
        pads = [pad for pad in layout.pads if pad.layer == layer]
        named = [text for text in titles if text.startswith(("bump ", "ball ", "UBM of ball "))]
        assert len(named) == len(pads)


def test_planes_of_a_net_are_drawn_without_seams() -> None:
    layout = two_rdl()
    (plane,) = layout.planes
    halves = tuple(
        dataclasses.replace(plane, fills=(Polygon((at(x, -900), at(x + 800, -900), at(x + 800, 0), at(x, 0))),))
        for x in (-1000, -210)
    )
    root = parsed(drawings(dataclasses.replace(layout, planes=halves))["svg/RDL2.svg"])
    (drawn,) = (path.get("d", "") for path in by_id(root, "copper").iter(SVG + "path") if path.get("fill-opacity"))
    assert drawn.count("M") == 1
    assert {"-1000 -900", "590 0"} <= set(drawn.strip("MZ").split("L"))


def test_openings_are_windows_in_the_polymer() -> None:
    files = drawings(two_rdl())
    for side, count in (("bump", 9), ("land", 9)):
        openings = by_id(parsed(files[f"svg/openings_{side}_side.svg"]), "openings")
        assert len(list(openings)) == count


# --- what is wrong -------------------------------------------------------------------------------


def test_trouble_is_drawn_and_named() -> None:
    root = parsed(drawings(troubled(), VIOLATIONS)["svg/all.svg"])
    unrouted = by_id(root, "unrouted")
    assert nets_in(unrouted) == {"D0", "TX"}
    assert unrouted.get("stroke-dasharray")
    texts = [text.text for text in by_id(root, "bottlenecks").iter(SVG + "text")]
    assert texts == ["7 needed, 5 fit", "6 needed, 5 fit"]
    assert [text.text for text in by_id(root, "violations").iter(SVG + "text")] == ["1", "2"]
    panel = [text.text or "" for text in by_id(root, "panel").iter(SVG + "text")]
    assert "4 of 7" in panel
    assert any("7 needed, 5 fit" in text for text in panel)
    assert any("spacing" in text for text in panel)


def test_a_cut_between_balls_is_drawn_from_edge_to_edge() -> None:
    first = next(by_id(parsed(drawings(troubled())["svg/RDL1.svg"]), "bottlenecks").iter(SVG + "line"))
    assert [first.get(name) for name in ("x1", "y1", "x2", "y2")] == ["-665", "800", "-135", "800"]


def test_a_violation_is_on_the_drawing_of_its_layer_only() -> None:
    files = drawings(one_rdl(), VIOLATIONS)
    marks = {
        name: [text.text for text in by_id(parsed(files[f"svg/{name}.svg"]), "violations").iter(SVG + "text")]
        for name in ("RDL1", "UBM")
    }
    assert marks == {"RDL1": ["1", "2"], "UBM": ["2"]}


def test_many_cuts_become_a_chain_with_small_numbers() -> None:
    chain = tuple(Cut(1, at(-900 + 150 * k, 0), at(-750 + 150 * k, 0), f"bump:{k}", "ball:A1", 3, 2) for k in range(12))
    layout = dataclasses.replace(one_rdl(), bottlenecks=chain)
    root = parsed(drawings(layout)["svg/RDL1.svg"])
    drawn = by_id(root, "bottlenecks")
    assert len(list(drawn.iter(SVG + "line"))) == 12
    assert {text.text for text in drawn.iter(SVG + "text")} == {"3/2"}
    panel = [text.text or "" for text in by_id(root, "panel").iter(SVG + "text")]
    assert "3 needed, 2 fit: bump 0 – ball A1" in panel
    assert "and 8 more" in panel


def test_reasons_are_counted() -> None:
    missing = tuple(Unrouted("D0", "bump:1", "ball:A1", reason) for reason in ("cut", "other", "cut"))
    root = parsed(drawings(dataclasses.replace(one_rdl(), unrouted=missing))["svg/all.svg"])
    panel = [text.text or "" for text in by_id(root, "panel").iter(SVG + "text")]
    assert panel[panel.index("3 connections") :][1:3] == ["2 × cut", "other"]


def test_the_fullest_cut_is_shown_where_nothing_is_too_narrow() -> None:
    full = Cut(1, at(-500, 500), at(0, 500), "bump:1", "bump:2", needed=3, fits=4)
    layout = dataclasses.replace(one_rdl(), fullest=full)
    root = parsed(drawings(layout)["svg/RDL1.svg"])
    assert [text.text for text in by_id(root, "fullest").iter(SVG + "text")] == ["fullest: 3 of 4"]
    light = dataclasses.replace(layout, fullest=dataclasses.replace(full, needed=1))
    assert parsed(drawings(light)["svg/RDL1.svg"]).find(".//*[@id='fullest']") is None
    narrow = parsed(drawings(dataclasses.replace(layout, bottlenecks=CUTS))["svg/RDL1.svg"])
    assert narrow.find(".//*[@id='fullest']") is None


def test_marks_of_many_violations_stay_small() -> None:
    many = tuple(dataclasses.replace(VIOLATIONS[0], at=at(10 * index, 0)) for index in range(60))
    few, crowd = (by_id(parsed(drawings(one_rdl(), some)["svg/all.svg"]), "violations") for some in (many[:30], many))
    assert len(list(few.iter(SVG + "text"))) == 30
    assert len(list(crowd.iter(SVG + "text"))) == 6
    assert len(list(crowd.iter(SVG + "title"))) == 60


def test_long_lists_are_cut_and_say_so() -> None:
    many = tuple(dataclasses.replace(VIOLATIONS[0], at=at(10 * index, 0)) for index in range(40))
    texts = [text.text for text in by_id(parsed(drawings(one_rdl(), many)["svg/all.svg"]), "panel").iter(SVG + "text")]
    assert "and 34 more" in texts


def test_estimate_shows_bumps_balls_and_cuts() -> None:
    root = parsed(estimate_drawing(two_rdl().package, CUTS))
    assert [text.text for text in by_id(root, "bottlenecks").iter(SVG + "text")] == [
        "7 needed, 5 fit",
        "6 needed, 5 fit",
    ]
    assert len(list(by_id(root, "ball-names"))) == 9
    assert not any("Wirelength" in (text.text or "") for text in root.iter(SVG + "text"))


# --- frame, text, places -------------------------------------------------------------------------


def test_y_is_turned_over_once() -> None:
    root = parsed(drawings(one_rdl())["svg/all.svg"])
    flips = [element for element in root.iter() if "scale(1 -1)" in element.get("transform", "")]
    groups = [element for element in flips if element.tag == SVG + "g"]
    assert [element.get("transform") for element in groups] == ["scale(1 -1)"]
    assert groups[0] in list(root)
    # every text, and nothing else, stands upright again
    assert flips == [groups[0], *root.iter(SVG + "text")]


def text_boxes(root: ElementTree.Element) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Boxes of texts in the y-up frame [um], from position, size, anchor and turn."""
    boxes = []
    for text in root.iter(SVG + "text"):
        transform = text.get("transform", "")
        x, y = (float(value) for value in transform.partition("translate(")[2].partition(")")[0].split())
        size = float(text.get("font-size", "0"))
        words = text.text or ""
        wide, high = text_width(words, round(size * 1000)) / 1000, 0.72 * size
        start = {"middle": -wide / 2, "end": -wide}.get(text.get("text-anchor", ""), 0.0)
        if "rotate(-90)" in transform:
            boxes.append((words, (x - high, y + start, x, y + start + wide)))
        else:
            assert "rotate" not in transform
            boxes.append((words, (x + start, y, x + start + wide, y + high)))
    return boxes


def overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def sized(package: Package, width: int, height: int) -> Package:
    return dataclasses.replace(package, width=width * UM, height=height * UM)


@pytest.mark.parametrize(("width", "height"), [(3000, 3000), (2600, 9000), (30000, 2500), (20000, 20000)])
def test_text_around_the_package_overlaps_nothing(width: int, height: int) -> None:
    layout = troubled()
    layout = dataclasses.replace(layout, package=sized(layout.package, width, height))
    for name, drawing in drawings(layout, VIOLATIONS).items():
        root = parsed(drawing)
        left, top, wide, high = (float(value) for value in root.get("viewBox", "").split())
        sheet = (left, -top - high, left + wide, -top)
        package = (-width / 2, -height / 2, width / 2, height / 2)
        around = [box for part in ("dimensions", "names", "panel") for box in text_boxes(by_id(root, part))]
        assert len(around) > 20
        for words, box in around:
            assert not overlap(box, package), (name, words)
            inside = sheet[0] < box[0] and sheet[1] < box[1] and box[2] < sheet[2] and box[3] < sheet[3]
            assert inside, (name, words)
        for (one, first), (other, second) in itertools.combinations(around, 2):
            assert not overlap(first, second), (name, one, other)


@pytest.mark.parametrize("sample", SAMPLES)
def test_labels_on_the_package_overlap_no_other_label(sample: Callable[[], Layout]) -> None:
    for name, drawing in drawings(sample()).items():
        root = parsed(drawing)
        parts = [part for part in ("ball-names", "bump-names") if root.find(f".//*[@id='{part}']") is not None]
        labels = [box for part in parts for box in text_boxes(by_id(root, part))]
        for (one, first), (other, second) in itertools.combinations(labels, 2):
            assert not overlap(first, second), (name, one, other)


def test_dimensions_say_what_they_measure() -> None:
    root = parsed(drawings(one_rdl())["svg/all.svg"])
    words = [text.text for text in by_id(root, "dimensions").iter(SVG + "text")]
    assert words == ["2 × 0.8 = 1.6", "1.2", "3"] * 2


def test_a_die_as_large_as_its_package_is_measured_once() -> None:
    layout = one_rdl()
    (placed,) = layout.package.dies
    die = dataclasses.replace(placed.die, width=layout.package.width, height=layout.package.height)
    package = dataclasses.replace(layout.package, dies=(dataclasses.replace(placed, die=die),))
    root = parsed(drawings(dataclasses.replace(layout, package=package))["svg/all.svg"])
    words = [text.text for text in by_id(root, "dimensions").iter(SVG + "text")]
    assert words == ["2 × 0.8 = 1.6", "3"] * 2


def test_texts_of_dimensions_stand_on_white_above_all_lines() -> None:
    parts = list(by_id(parsed(drawings(one_rdl())["svg/all.svg"]), "dimensions"))
    first = next(index for index, part in enumerate(parts) if part.tag == SVG + "rect")
    assert [part.tag for part in parts[first:]] == [SVG + "rect", SVG + "text"] * 6
    for back, words in itertools.pairwise(parts[first:]):
        if words.tag == SVG + "text":
            ((_, box),) = text_boxes(wrap(words))
            x, y, wide, high = (float(back.get(name, "")) for name in ("x", "y", "width", "height"))
            assert x <= box[0] + 0.01
            assert y <= box[1] + 0.01
            assert x + wide >= box[2] - 0.01
            assert y + high >= box[3] - 0.01


def wrap(child: ElementTree.Element) -> ElementTree.Element:
    parent = ElementTree.Element("g")
    parent.append(child)
    return parent


def test_a1_mark_is_at_the_corner_of_row_a_and_column_one() -> None:
    def corner(balls: tuple[Ball, ...]) -> tuple[bool, bool]:
        package = dataclasses.replace(one_rdl().package, balls=balls)
        root = parsed(estimate_drawing(package, ()))
        (mark,) = by_id(root, "A1").iter(SVG + "polygon")
        x, y = (float(value) for value in mark.get("points", "").split()[:2])
        return x > 0, y > 0

    balls = one_rdl().package.balls
    assert corner(balls) == (False, True)
    assert corner(balls[1:]) == (False, True)  # A1 itself is not populated
    assert corner(tuple(dataclasses.replace(ball, at=ball.at.turned(1)) for ball in balls)) == (False, False)
    assert corner(tuple(dataclasses.replace(ball, at=ball.at.turned(2)) for ball in balls)) == (True, False)


def test_rows_are_named_at_the_left_and_columns_above_even_when_letters_run_along_x() -> None:
    package = one_rdl().package
    swapped = tuple(dataclasses.replace(ball, at=ball.at.turned(1)) for ball in package.balls)
    root = parsed(estimate_drawing(dataclasses.replace(package, balls=swapped), ()))
    places = dict(text_boxes(by_id(root, "names")))
    assert all(places[letter][1] > 1500 for letter in "ABC")
    assert all(places[number][2] < -1500 for number in "123")


# --- names ---------------------------------------------------------------------------------------


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The value with every string replaced that is a key of ``names``."""
    if isinstance(value, str) and type(value) is str:
        return names.get(value, value)
    if isinstance(value, tuple):
        return tuple(renamed(item, names) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: renamed(getattr(value, field.name), names) for field in dataclasses.fields(value)}
        return type(value)(**fields)
    return value


HOSTILE = ("</text><script>", "a&b;&amp;", "\"'`", "Ω≠漢字🎉", "--><![CDATA[", "x\x00\x1b\ud800y", " \t\n ", "m" * 300)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_names(name: str) -> None:
    layout = renamed(two_rdl(), {"D0": name, "1": name, "chip": name, "sample": name, "sample_2_rdl": name, "A1": name})
    kept = "".join("\ufffd" if letter in "\x00\x1b\ud800" else letter for letter in name)
    for path, text in drawings(layout).items():
        text.encode()
        root = parsed(text)
        assert not list(root.iter(SVG + "script"))
        if "openings" not in path and path != "svg/UBM.svg":
            assert kept in nets_in(root), path
        assert any((title.text or "").startswith(kept) for title in root.iter(SVG + "title"))


# --- bytes ---------------------------------------------------------------------------------------


def test_same_layout_same_bytes() -> None:
    assert drawings(troubled(), VIOLATIONS) == drawings(troubled(), VIOLATIONS)


def test_golden_drawings(golden: Callable[[str, str], None]) -> None:
    for path, text in drawings(two_rdl()).items():
        golden("draw/two_rdl/" + path.removeprefix("svg/"), text)
    golden("draw/troubled.svg", drawings(troubled(), VIOLATIONS)["svg/RDL1.svg"])


def test_keepouts_and_locked_traces_are_drawn_on_their_layers() -> None:
    layout = wishes()
    package = dataclasses.replace(
        layout.package, keepouts=(dataclasses.replace(layout.package.keepouts[0], layers=(2,)),)
    )
    plain, moved = drawings(layout), drawings(dataclasses.replace(layout, package=package))
    assert plain["svg/RDL1.svg"].count("keep-out antenna: no traces, vias, planes on RDL1<") == 1
    assert "keep-out seam: no vias on RDL1<" in plain["svg/all.svg"]
    assert 'id="keepouts"' not in moved["svg/RDL1.svg"]
    assert 'id="keepouts"' not in plain["svg/UBM.svg"]
    # the locked trace of D2 looks like the laid one
    assert group_of(plain["svg/RDL1.svg"], "D2") == group_of(drawings(one_rdl())["svg/RDL1.svg"], "D2")


def group_of(svg: str, net: str) -> str:
    """The group of a net's copper."""
    return svg.partition(f'data-net="{net}">')[2].partition("</g>")[0]
