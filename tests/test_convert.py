"""``convert`` and ``diff`` as a user meets them, on files of every format."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from conftest import Run
from jobs import BUMPS, write_job
from public import DATA, real
from sources import unrouted

from kicad_rdl.conversion.sources import shape_of
from kicad_rdl.errors import InputError
from kicad_rdl.exchange.ballmap import ball_map_csv
from kicad_rdl.geometry import Circle, Octagon, Rectangle, Shape
from kicad_rdl.kicad.project import kicad_files
from kicad_rdl.read.job import read_job
from kicad_rdl.writing.output import write_outputs

ROOT = Path(__file__).parents[1]


@pytest.fixture
def bumps(tmp_path: Path) -> Path:
    path = tmp_path / "bumps.csv"
    path.write_text(BUMPS)
    return path


SIZE = ("-s", "width=0.8 mm", "-s", "height=0.8 mm")


def built(tmp_path: Path) -> Path:
    """The folder of a build of the tiny job, but without the work of the router."""
    layout = unrouted(read_job(write_job(tmp_path)).package)
    write_outputs(tmp_path / "out", {**kicad_files(layout), "ballmap.csv": ball_map_csv(layout)})
    return tmp_path / "out"


# --- convert ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [["aif"], ["bmap"], ["xlsx"], ["tsv", "aif", "xlsx", "aif", "tsv"]])
def test_there_and_back_is_the_same_table(run: Run, tmp_path: Path, bumps: Path, way: list[str]) -> None:
    first = tmp_path / "first.csv"
    assert run("convert", bumps, first, *SIZE)[0] == 0
    here = bumps
    for k, suffix in enumerate(way):
        there = tmp_path / f"{k}.{suffix}"
        assert run("convert", here, there, *SIZE)[0] == 0
        here = there
    assert run("convert", here, tmp_path / "last.csv", *SIZE)[0] == 0
    assert (tmp_path / "last.csv").read_text() == first.read_text()
    assert len(first.read_text().splitlines()) == 10


def test_what_was_written_and_what_was_lost_is_told(run: Run, tmp_path: Path, bumps: Path) -> None:
    status, said, told = run("convert", bumps, tmp_path / "t.aif")
    assert status == 0
    assert said == f"{tmp_path / 't.aif'}: 9 bumps of bumps\n"
    assert (
        told
        == f"note: {bumps} does not give the size of the die; 635 um x 635 um hold its bumps (-s width=, -s height=)\n"
    )
    assert run("convert", bumps, tmp_path / "t.aif", "-q") == (0, "", "")


def test_a_job_and_its_board_are_the_same_package(run: Run, tmp_path: Path) -> None:
    """The job with the ball map of its build, the board it wrote, and both through AIF."""
    out = built(tmp_path)
    board, job = out / "tiny.kicad_pcb", tmp_path / "job.toml"
    assert run("convert", job, tmp_path / "job.aif", "-s", f"ballmap={out / 'ballmap.csv'}")[0] == 0
    assert run("convert", board, tmp_path / "board.aif")[0] == 0
    for one, other in ((board, tmp_path / "job.aif"), (tmp_path / "board.aif", tmp_path / "job.aif")):
        status, said, _ = run("diff", one, other)
        assert (status, said.count("no difference")) == (0, 2), said
    rows = [line.split() for line in (tmp_path / "job.aif").read_text().splitlines() if line.startswith("CLK")]
    assert len(rows) == 1
    assert rows[0][5] in (out / "ballmap.csv").read_text()
    # beside the job it is found without being named
    shutil.copy(out / "ballmap.csv", tmp_path)
    assert run("convert", job, tmp_path / "beside.aif", "-q")[0] == 0
    assert (tmp_path / "beside.aif").read_text() == (tmp_path / "job.aif").read_text()


def test_the_bump_map_is_read_back_from_the_board(run: Run, tmp_path: Path) -> None:
    """Original table against the die's footprint on the board and in the library, as looked at from its face."""
    out = built(tmp_path)
    bumps, board = tmp_path / "bumps.csv", out / "tiny.kicad_pcb"
    assert run("diff", bumps, board)[0] == 0
    (footprint,) = out.glob("tiny.pretty/chip*.kicad_mod")
    status, said, _ = run("diff", bumps, footprint)
    assert said.count("on another net") == 1  # a footprint in a library has no nets
    assert "moved" not in said
    assert status == 1
    assert run("convert", board, tmp_path / "again.csv", "--of", "U1")[0] == 0
    with (tmp_path / "again.csv").open() as again, bumps.open() as first:
        found = {(row["bump"], float(row["x_um"]), float(row["y_um"]), row["net"]) for row in csv.DictReader(again)}
        assert found == {(r["name"], float(r["x_um"]), float(r["y_um"]), r["net"]) for r in csv.DictReader(first)}


def test_views(run: Run, tmp_path: Path, bumps: Path) -> None:
    def first_row(*options: str) -> str:
        assert run("convert", bumps, tmp_path / "t.csv", *SIZE, *options)[0] == 0
        return (tmp_path / "t.csv").read_text().splitlines()[1]

    assert first_row().startswith("1,-300,300,D0")
    assert first_row("--mirrored").startswith("1,300,300,D0")
    assert first_row("--lower-left").startswith("1,100,700,D0")
    assert first_row("-s", "face=down").startswith("1,300,300,D0")
    assert first_row("-s", "face=down", "--mirrored").startswith("1,-300,300,D0")
    assert first_row("--unit", "mm").startswith("1,-0.3,0.3,D0,circle,0.035,0.035")
    assert first_row("-s", "shape=octagon 80 um").endswith("octagon,80,80")


def test_shapes_by_cell(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.bmap"
    path.write_text("a BIG 0 0 - n\nb SMALL 100 0 - m\n")
    assert (
        run("convert", path, tmp_path / "t.csv", "-s", "shape=circle 20 um", "-s", "type.BIG=square 45 um", "-q")[0]
        == 0
    )
    rows = (tmp_path / "t.csv").read_text().splitlines()[1:]
    assert [row.partition(",n,")[2] or row.partition(",m,")[2] for row in rows] == ["square,45,45", "circle,20,20"]


def test_one_map_of_several_is_chosen(run: Run, tmp_path: Path) -> None:
    board = built(tmp_path) / "tiny.kicad_pcb"
    status, _, told = run("convert", board, tmp_path / "t.csv")
    assert (status, told.splitlines()) == (
        0,
        ["note: .csv holds one map, that of U1; left out: 12 balls (--of writes another)"],
    )
    assert run("convert", board, tmp_path / "t.csv", "--of", "balls", "-q")[0] == 0
    assert (tmp_path / "t.csv").read_text().startswith("ball,x_um,y_um,net,shape,width_um,height_um\nA1,")
    status, _, told = run("convert", board, tmp_path / "t.csv", "--of", "U7")
    assert status == 2
    assert "there are: U1, balls" in told


def test_a_file_called_balls_is_no_set_of_balls(run: Run, tmp_path: Path, bumps: Path) -> None:
    bumps.rename(tmp_path / "balls.csv")
    assert run("convert", tmp_path / "balls.csv", tmp_path / "t.tsv", "-q")[0] == 0
    assert len((tmp_path / "t.tsv").read_text().splitlines()) == 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bumps.csv", "t.gds"], 'no format is known by the suffix ".gds"; use one of .csv'),
        (["bumps.csv", "bumps.csv"], "same file"),
        (["gone.csv", "t.csv"], "no such file"),
        (["bumps.csv", "t.csv", "-s", "colour=red"], 'no option "colour"'),
        (["bumps.csv", "t.csv", "-s", "with=5 mm"], 'did you mean "width"'),
        (["bumps.csv", "t.csv", "-s", "face"], '"face" is not KEY=VALUE'),
        (["bumps.csv", "t.csv", "-s", "face=left"], 'face = "left": use one of up, down'),
        (["bumps.csv", "t.csv", "-s", "width=5 mm"], "give both"),
        (["bumps.csv", "t.csv", "-s", "width=5"], "width: "),
        (["bumps.csv", "t.csv", "-s", "shape=blob 5 um"], 'shape = "blob 5 um": write'),
        (["bumps.csv", "t.bmap", "--unit", "mm"], ".bmap is in um"),
        (["bumps.csv", "t.csv", "-s", "ballmap=x.csv"], "ballmap is for .toml files only"),
        (["bumps.csv", "t.csv", "-s", "dies=U1"], "dies is for .kicad_pcb files only"),
        (["a.toml", "t.csv", "-s", "face=up"], "a job says everything itself"),
        (["a.kicad_mod", "t.csv", "-s", "shape=circle 5 um"], "shapes of their own"),
        (["bumps.csv", "nowhere/t.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    run: Run, tmp_path: Path, bumps: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, said, told = run("convert", *arguments)
    assert (status, said) == (2, "")
    assert words in told
    assert told.count("\n") == 1 or "Usage" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bumps.csv"]
    assert bumps.read_text() == BUMPS


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("circle 80 um", Circle(80_000)),
        ("Square 0.06mm", Rectangle(60_000, 60_000)),
        ("octagon 70um", Octagon(70_000)),
        ("rectangle 60 x 40 um", Rectangle(60_000, 40_000)),
    ],
)
def test_shapes_in_words(text: str, shape: Shape) -> None:
    assert shape_of(text) == shape


@pytest.mark.parametrize(
    "text", ["circle", "circle 0 um", "circle 80", "rectangle 60 um", "circle 5 x 5 um", "circle 1..2 um"]
)
def test_shapes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="shape = "):
        shape_of(text)


# --- diff ------------------------------------------------------------------------------------------------------------


def test_an_eco_list(run: Run, tmp_path: Path, bumps: Path) -> None:
    new = tmp_path / "new.csv"
    new.write_text(
        BUMPS.replace("1,-300,300", "1,-299.5,300").replace("7,0,-300,RX", "77,0,-300,RX").replace("5,300,0,CLK\n", "")
        + "10,50,50,NEW\n"
    )
    status, said, told = run("diff", bumps, new, "--csv", tmp_path / "eco.csv")
    assert (status, told) == (1, "")
    assert said.splitlines() == [
        "gone: bump 5 at 300, 0 um, CLK",
        "added: bump 10 at 50, 50 um, NEW",
        "renamed: bump 7: now called 77",
        "moved: bump 1: 0.5 um (+0.5, +0) to -299.5, 300 um",
        "die bumps: 9 bumps in the old map, 9 in the new one: 1 gone, 1 added, 1 renamed, 1 moved",
    ]
    with (tmp_path / "eco.csv").open() as table:
        assert [row["change"] for row in csv.DictReader(table)] == ["gone", "added", "renamed", "moved"]
    status, said, _ = run("diff", bumps, new, "--json")
    data = json.loads(said)
    assert (status, data["equal"], len(data["changes"])) == (1, False, 4)
    assert data["changes"][3]["moved_um"] == [0.5, 0]
    assert run("diff", bumps, new, "--quiet") == (1, "", "")
    assert "moved" not in run("diff", bumps, new, "--tolerance", "0.5 um")[1]


def test_equal_maps(run: Run, bumps: Path) -> None:
    status, said, told = run("diff", bumps, bumps)
    assert (status, told) == (0, "")
    assert said == "die bumps: 9 bumps in the old map, 9 in the new one: no difference\n"


def test_another_origin_is_one_shift(run: Run, tmp_path: Path, bumps: Path) -> None:
    corner = tmp_path / "corner.csv"
    assert run("convert", bumps, corner, *SIZE, "--lower-left")[0] == 0
    status, said, _ = run("diff", bumps, corner)
    assert status == 1
    assert said.startswith("die bumps: all shifted by 565.685 um (+400, +400)")
    assert run("diff", bumps, corner, "--align")[0] == 0
    told = ("--new", "origin=lower left", "--new", "width=0.8 mm", "--new", "height=0.8 mm")
    assert run("diff", bumps, corner, *told)[0] == 0


def test_balls_compare_with_a_table_of_balls(run: Run, tmp_path: Path) -> None:
    board = built(tmp_path) / "tiny.kicad_pcb"
    table = tmp_path / "balls.csv"
    assert run("convert", board, table, "--of", "balls", "-q")[0] == 0
    assert run("diff", table, board, "--of", "balls")[0] == 0
    table.write_text(table.read_text().replace("CLK", "CKL"))
    status, said, _ = run("diff", table, board, "--of", "balls")
    assert status == 1
    assert "net CKL -> CLK" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bumps.csv", "gone.csv"], "no such file"),
        (["bumps.csv", "bumps.csv", "--tolerance", "5"], "--tolerance"),
        (["bumps.csv", "bumps.csv", "--tolerance", "-1 um"], "below zero"),
        (["bumps.csv", "bumps.csv", "--of", "X"], "there are: bumps"),
        (["bumps.csv", "bumps.csv", "--csv", "nowhere/eco.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_compared(
    run: Run, tmp_path: Path, bumps: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(bumps.parent)
    status, said, told = run("diff", *arguments)
    assert (status, said) == (2, "")
    assert words in told


# --- real files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("caravel_wlcsp_sky130/bumps.csv", ["origin=lower left", "width=3588 um", "height=5188 um"]),
        ("caravel_wlcsp_sky130/die_pads.csv", ["origin=lower left", "width=3588 um", "height=5188 um"]),
        ("blackparrot_flipchip/bumps.csv", []),
        ("bmap_sets/case15/die_bumps.bmap", []),
        ("bmap_sets/case100/substrate_bumps.bmap", []),
        ("kicad_bga_csp/Efinix_WLCSP-64_3.5353x3.3753mm_Layout8x8_P0.4mm.kicad_mod", []),
        ("peer_boards/n64_2l.kicad_pcb", []),
    ],
)
@pytest.mark.parametrize("suffix", ["aif", "bmap", "csv"])
@real
def test_real_files_through_every_format(run: Run, tmp_path: Path, name: str, options: list[str], suffix: str) -> None:
    there = tmp_path / f"t.{suffix}"
    words = [word for option in options for word in ("-s", option)]
    assert run("convert", DATA / name, there, *words, "-q")[0] == 0
    told = [word for option in options for word in ("--old", option)]
    status, said, _ = run("diff", DATA / name, there, "--align", *told)
    assert status == 0, said
    assert "no difference" in said


@real
def test_caravel_comes_back_as_it_was_published(run: Run, tmp_path: Path) -> None:
    """Every name, place, net and ball of the table, through AIF."""
    table = DATA / "caravel_wlcsp_sky130" / "die_pads.csv"
    size = ("-s", "width=3588 um", "-s", "height=5188 um", "-s", "origin=lower left")
    assert run("convert", table, tmp_path / "t.aif", *size, "-q")[0] == 0
    assert run("convert", tmp_path / "t.aif", tmp_path / "t.csv", "--lower-left", "-q")[0] == 0

    def rows(path: Path, name: str) -> list[tuple[str, float, float, str, str]]:
        with path.open() as file:
            return [(r[name], float(r["x_um"]), float(r["y_um"]), r["net"], r["ball"]) for r in csv.DictReader(file)]

    assert rows(tmp_path / "t.csv", "bump") == rows(table, "pad")


@real
def test_a_bmap_with_its_size_keeps_its_coordinates(run: Run, tmp_path: Path) -> None:
    path = DATA / "bmap_sets" / "case100" / "die_bumps.bmap"
    size = ("-s", "width=9 mm", "-s", "height=9 mm")
    assert run("convert", path, tmp_path / "t.aif", *size, "-q")[0] == 0
    assert run("convert", tmp_path / "t.aif", tmp_path / "t.bmap", "-q")[0] == 0

    def rows(here: Path) -> list[tuple[str, float, float, str]]:
        lines = [line.split() for line in here.read_text().splitlines() if not line.startswith("#")]
        return [(name, float(x), float(y), net) for name, _, x, y, _, net in lines]

    assert rows(tmp_path / "t.bmap") == rows(path)


def test_columns_of_a_table(tmp_path: Path, run: Run) -> None:
    (tmp_path / "pads.csv").write_text("7,CLK,-250,100\n8,GND,250,100\n")
    columns = [f"headers.{name}={number}" for number, name in enumerate(("name", "net", "x", "y"), start=1)]
    words = [word for column in columns for word in ("-s", column)]
    status, _, told = run("convert", tmp_path / "pads.csv", tmp_path / "out.csv", "-s", "unit=um", *words)
    assert status == 0, told
    assert (tmp_path / "out.csv").read_text().splitlines()[1:] == [
        "7,-250,100,CLK,circle,35,35",
        "8,250,100,GND,circle,35,35",
    ]
    for word, message in (("headers.z=1", 'no column "z"'), ("headers.x=0", "count from 1")):
        status, _, told = run("convert", tmp_path / "pads.csv", tmp_path / "out.csv", "-s", word)
        assert status == 2
        assert message in told
