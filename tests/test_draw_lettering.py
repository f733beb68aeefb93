"""Text that fits, and names that find a free place."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kicad_rdl.draw.canvas import disc, document, element, letters, number
from kicad_rdl.draw.labels import Obstacles, Place, Stroke, Wish, area, placed, touches
from kicad_rdl.draw.lettering import broken, shortened, size_in_disc, text_width, wrapped
from kicad_rdl.geometry import Point

QUICK = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize(
    ("text", "lines", "expected"),
    [
        ("mprj_io[12]", 2, ("mprj_", "io[12]")),
        ("flash_clk", 2, ("flash_", "clk")),
        ("vss", 2, ("vss",)),
        ("resetb", 2, ("res", "etb")),
        ("mprj_io[12]", 1, ("mprj_io[12]",)),
    ],
)
def test_names_break_at_their_joints(text: str, lines: int, expected: tuple[str, ...]) -> None:
    assert broken(text, lines) == expected


@QUICK
@given(st.text(max_size=60), st.integers(100, 3000))
def test_shortened_text_fits(text: str, width: int) -> None:
    cut = shortened(text, 100, width)
    assert text_width(cut, 100) <= max(width, text_width("…", 100))
    if text_width(text, 100) <= width:
        assert cut == text


@QUICK
@given(st.lists(st.text("abcMW ", min_size=1, max_size=30), min_size=1, max_size=8).map(" ".join), st.integers(1, 4))
def test_wrapped_text_fits_and_loses_nothing_silently(text: str, lines: int) -> None:
    rows = wrapped(text, 100, 1500, lines)
    assert len(rows) <= lines
    assert all(text_width(row, 100) <= 1500 for row in rows)
    if not any("…" in row for row in rows):
        assert " ".join(rows).split() == text.split()


@QUICK
@given(st.lists(st.text("abcMW1[]", min_size=1, max_size=12), min_size=1, max_size=3), st.integers(1000, 10**6))
def test_rows_fit_their_disc(texts: list[str], diameter: int) -> None:
    rows = [(text, 1.0 if index == 0 else 0.6) for index, text in enumerate(texts)]
    size = size_in_disc(rows, diameter)
    total = sum(scale for _, scale in rows) * 1.15 * size
    top = total / 2
    for text, scale in rows:
        middle = top - scale * size * 1.15 / 2
        high, wide = scale * size * 0.8 / 2, text_width(text, size) * scale / 2
        for edge in (middle - high, middle + high):
            assert math.hypot(wide, edge) <= diameter / 2 * 1.001 + 2 * len(text)
        top -= scale * size * 1.15


coordinate = st.integers(-1000, 1000)
strokes = st.tuples(coordinate, coordinate, coordinate, coordinate, st.integers(0, 60))


@QUICK
@given(st.lists(strokes, max_size=12), st.lists(st.tuples(coordinate, coordinate), max_size=12))
def test_placed_names_touch_nothing(obstacles: list[Stroke], points: list[tuple[int, int]]) -> None:
    wishes = [Wish("name", 40, tuple(Place(Point(x, y + 60 * k), k % 2) for k in range(4))) for x, y in points]
    labels = placed(wishes, obstacles, 1100, 1100)
    boxes = [area(label.text, label.size, label.place) for label in labels]
    for box in boxes:
        assert not any(touches(stroke, box) for stroke in obstacles)
        assert max(abs(value) for value in box) <= 1100
    for index, one in enumerate(boxes):
        for other in boxes[:index]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart
    if wishes and not obstacles:
        assert labels, "an empty package has room for a name"


@QUICK
@given(st.lists(strokes, max_size=10), st.tuples(coordinate, coordinate), st.integers(1, 300), st.integers(40, 400))
def test_buckets_find_what_a_full_search_finds(
    obstacles: list[Stroke], corner: tuple[int, int], width: int, bucket: int
) -> None:
    box = (corner[0], corner[1], corner[0] + width, corner[1] + 40)
    assert Obstacles(obstacles, bucket).free(box) == (not any(touches(stroke, box) for stroke in obstacles))


def test_lengths_are_exact_decimals() -> None:
    assert [number(length) for length in (0, 1, -1500, 123_456_789)] == ["0", "0.001", "-1.5", "123456.789"]
    assert dict(disc(Point(0, 0), 1001).attributes)["r"] == "0.5005"


def test_text_is_centred_across_its_reading_direction() -> None:
    level, rising = letters("x", Point(0, 0), 1000), letters("x", Point(0, 0), 1000, quarters=1)
    assert dict(level.attributes)["transform"] == "translate(0 -0.36) scale(1 -1)"
    assert dict(rising.attributes)["transform"] == "translate(0.36 0) scale(1 -1) rotate(-90)"


def test_document_shows_the_window_of_the_y_up_frame() -> None:
    text = document((element("g"),), -1000, -2000, 4000, 5000, 800, "a < b")
    assert 'viewBox="-1 -3 4 5"' in text
    assert 'width="800" height="1000"' in text
    assert "<title>a &lt; b</title>" in text
