"""Bump maps as tables and .bmap: what is written is read again, and the same input gives the same bytes."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sources import SHAPES

from kicad_rdl.errors import InputError
from kicad_rdl.exchange.bmap import bmap_text
from kicad_rdl.exchange.bumpmap import Listed, bump_map_rows, table_text, workbook_bytes
from kicad_rdl.geometry import Circle, Point
from kicad_rdl.model.die import Bump
from kicad_rdl.read.bumps import NO_NET
from kicad_rdl.read.source import read_source
from kicad_rdl.read.source_options import SourceOptions

WIDTH, HEIGHT = 4_000_001, 3_000_000
SIZE = SourceOptions(width=WIDTH, height=HEIGHT)
relaxed = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.text("ABxyz019_[]<>/+!~.é=(\"',", min_size=1, max_size=6).filter(
    lambda text: text.strip(", ") == text and text.lower() not in NO_NET and text != "*"
)


@st.composite
def maps(draw: st.DrawFn) -> list[Listed]:
    places = draw(
        st.lists(
            st.tuples(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6)), min_size=1, max_size=9, unique=True
        )
    )
    names = draw(st.lists(WORDS, min_size=len(places), max_size=len(places), unique=True))
    return [
        Listed(name, Point(x, y), draw(st.none() | WORDS), draw(SHAPES), draw(st.none() | WORDS))
        for name, (x, y) in zip(names, places, strict=True)
    ]


def bumps_of(listed: list[Listed]) -> list[Bump]:
    return [Bump(item.name, item.at, item.net, item.shape or Circle(1), item.ball) for item in listed]


@relaxed
@given(listed=maps(), unit=st.sampled_from(["um", "mm"]), suffix=st.sampled_from([".csv", ".tsv", ".xlsx"]))
def test_tables_are_read_again(
    tmp_path_factory: pytest.TempPathFactory, listed: list[Listed], unit: str, suffix: str
) -> None:
    rows = bump_map_rows(listed, unit=unit)
    path = tmp_path_factory.mktemp("map") / f"t{suffix}"
    if suffix == ".xlsx":
        path.write_bytes(workbook_bytes(rows))
    else:
        path.write_bytes(table_text(rows, "\t" if suffix == ".tsv" else ",").encode())
    (placed,) = read_source(path, SIZE).dies
    assert list(placed.die.bumps) == bumps_of(listed)


@relaxed
@given(listed=maps())
def test_bmap_is_read_again(tmp_path_factory: pytest.TempPathFactory, listed: list[Listed]) -> None:
    """Shapes by the cells that the comments name; balls have no place in the format."""
    path = tmp_path_factory.mktemp("map") / "t.bmap"
    text = bmap_text("a die", WIDTH, HEIGHT, listed)
    path.write_text(text, encoding="utf-8")
    cells = dict.fromkeys(item.shape for item in listed)
    types = {"BUMP" if k == 0 else f"BUMP_{k + 1}": shape for k, shape in enumerate(cells) if shape is not None}
    (placed,) = read_source(path, SourceOptions(width=WIDTH, height=HEIGHT, types=types)).dies
    assert [(b.name, b.at, b.net, b.shape) for b in placed.die.bumps] == [
        (item.name, item.at, item.net, item.shape) for item in listed
    ]
    rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
    assert {len(row) for row in rows} == {6}


def test_a_bmap_as_it_is_written() -> None:
    listed = [Listed("1", Point(-500, 250), "clk", Circle(35_000)), Listed("b10", Point(0, 0), None, None)]
    assert bmap_text("chip 1", 2_000, 1_000, listed, "PAD") == (
        "# chip 1: 2 um x 1 um, origin in its lower left corner, 2 bumps\n"
        "# PAD: circle of 35 um\n"
        "# PAD_2: of a shape that is not known\n"
        "1   PAD   0.5 0.75 - clk\n"
        "b10 PAD_2 1   0.5  - -\n"
    )


@pytest.mark.parametrize("name", ["a b", "#1", "-", ""])
def test_names_that_a_bmap_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"\.bmap"):
        bmap_text("d", 100, 100, [Listed(name, Point(0, 0), None, None)])


def test_a_comment_is_no_name_in_a_table() -> None:
    with pytest.raises(InputError, match='begins with "#"'):
        bump_map_rows([Listed("#1", Point(0, 0), None, None)])


def test_columns_are_there_where_something_is_known() -> None:
    plain = [Listed("A1", Point(1_500, -2_000_000), None, None)]
    assert bump_map_rows(plain, "ball", "mm") == [("ball", "x_mm", "y_mm", "net"), ("A1", "0.0015", "-2", "")]
    given_ball = [Listed("1", Point(0, 0), "n", None, "A1")]
    assert bump_map_rows(given_ball)[0] == ("bump", "x_um", "y_um", "net", "ball")


def test_a_workbook_has_no_time_and_no_formula() -> None:
    rows = bump_map_rows([Listed("=1+1", Point(500, 0), "2", Circle(10))])
    content = workbook_bytes(rows)
    assert content == workbook_bytes(rows)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    row = next(sheet.iter_rows(min_row=2))
    assert [cell.value for cell in row] == ["=1+1", 0.5, 0, "2", "circle", 0.01, 0.01]
    assert [cell.data_type for cell in row] == ["s", "n", "n", "s", "s", "n", "n"]
    assert sheet.freeze_panes == "B2"


def test_what_was_written_in_a_folder_stays_when_it_cannot_be_replaced(tmp_path: Path) -> None:
    from kicad_rdl.writing.one_file import replace_file

    replace_file(tmp_path / "a", b"1")
    replace_file(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"2"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "folder", tmp_path / "gone" / "a"):
        with pytest.raises(InputError, match=r"folder|cannot be written"):
            replace_file(place, b"3")
