"""The printer of s-expressions: exact numbers, quotes, and KiCad's line breaks."""

from __future__ import annotations

import pytest
import sexpdata
from hypothesis import given
from hypothesis import strategies as st

from kicad_rdl.kicad.sexpr import Quoted, dump, millimetres
from kicad_rdl.units import LIMIT, parse_length


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "0"),
        (1, "0.000001"),
        (-1, "-0.000001"),
        (1_000_000, "1"),
        (-12_500, "-0.0125"),
        (150_000_000, "150"),
        (300_000, "0.3"),
        (2_000_000_001, "2000.000001"),
    ],
)
def test_lengths_are_exact_millimetres(length: int, text: str) -> None:
    assert millimetres(length) == text


@given(st.integers(-LIMIT, LIMIT))
def test_every_length_comes_back(length: int) -> None:
    assert parse_length(millimetres(length), "mm") == length


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))))
def test_every_name_comes_back(name: str) -> None:
    assert sexpdata.loads(dump(("net", "1", Quoted(name)))) == [sexpdata.Symbol("net"), 1, name]


def test_lists_go_to_lines_of_their_own_and_words_do_not() -> None:
    tree = ("pad", Quoted("A1"), "smd", "circle", ("at", 0, -400_000), ("layers", Quoted("F.Cu"), Quoted("F.Mask")))
    assert dump(tree) == '(pad "A1" smd circle\n\t(at 0 -0.4)\n\t(layers "F.Cu" "F.Mask")\n)\n'


def test_points_share_a_line_up_to_column_99() -> None:
    points = tuple(("xy", 10_000_000 + k, 20_000_000 - k) for k in range(1, 9))
    lines = dump(("pts", *points)).splitlines()
    assert lines[0] == "(pts"
    assert lines[1] == "\t" + " ".join(f"(xy 10.{k:06d} 19.{1_000_000 - k:06d})" for k in range(1, 5))
    assert len(lines[1]) == 100  # a fifth would begin beyond the limit
    assert lines[-1] == ")"


def test_a_long_list_of_words_wraps_at_column_72() -> None:
    lines = dump(("members", *(Quoted("x" * 30) for _ in range(4)))).splitlines()
    assert lines == ["(members" + f' "{"x" * 30}"' * 2, '\t"' + "x" * 30 + '" "' + "x" * 30 + '"', ")"]
