"""Random valid jobs are read; random broken files give one clear message, and never another exception."""

from __future__ import annotations

import io
import json
import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kicad_rdl.errors import RdlError
from kicad_rdl.model.package import NetKind
from kicad_rdl.read.ball_map import BallMapOptions, read_ball_map
from kicad_rdl.read.bumps import BumpMapOptions, read_bumps
from kicad_rdl.read.job import read_job
from kicad_rdl.read.schema import schema_text
from kicad_rdl.read.technology import load_technology, technology_folder
from kicad_rdl.units import MM

EXAMPLES = Path(__file__).parent.parent / "examples"
JOB_SCHEMA = json.loads(schema_text("job"))
relaxed = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def toml_of(tables: dict[str, Any]) -> str:
    """TOML of nested tables: every leaf as a dotted, quoted key (JSON strings and lists are TOML too)."""

    def lines(here: dict[str, Any], prefix: str) -> list[str]:
        out: list[str] = []
        for key, value in here.items():
            dotted = prefix + json.dumps(key)
            if isinstance(value, dict) and value:
                out += lines(value, dotted + ".")
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                out.append(f"{dotted} = [{', '.join(inline(each) for each in value)}]")
            else:
                out.append(f"{dotted} = {inline(value)}")
        return out

    def inline(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{json.dumps(key)} = {inline(each)}" for key, each in value.items()) + "}"
        if isinstance(value, list):
            return f"[{', '.join(inline(each) for each in value)}]"
        return json.dumps(value, ensure_ascii=False)

    return "\n".join(lines(tables, "")) + "\n"


NET = st.text("ABCxyz019_[]<>/+-!~.é", min_size=1, max_size=8).filter(
    lambda name: name.lower() not in ("-", "--", "n/c", "+", "nc") and name.strip() == name
)


@dataclass(frozen=True)
class Drawn:
    """A job that must be read."""

    tables: dict[str, Any]
    bumps: str
    balls: str
    """The ball map; empty: there is none."""
    count: dict[str, int]
    """How many bumps each net has."""
    sites: int
    """How many balls there are."""
    given: dict[str, list[str]]
    """Balls of nets, as the map says."""


@st.composite
def valid_jobs(draw: st.DrawFn) -> Drawn:
    """The package is made large enough for what was drawn."""
    technology = draw(st.sampled_from(["fanout-hd-2rdl", "fanout-graded-3rdl", "ihp-copper-pillar"]))
    rdl_count = draw(st.sampled_from([2, "auto"] if technology == "ihp-copper-pillar" else [2, 3, "auto"]))
    across, down = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    pitch = draw(st.integers(100, 400))
    width, height = (across + 1) * pitch, (down + 1) * pitch
    pool = draw(st.lists(NET, min_size=1, max_size=12, unique=True))
    lower_left = draw(st.booleans())
    unit, scale = draw(st.sampled_from([("um", 1), ("mm", 1000)]))
    rows, count = [], dict.fromkeys(pool, 0)
    for i in range(across):
        for j in range(down):
            x: float = (i + 1) * pitch
            y: float = (j + 1) * pitch
            if not lower_left:
                x, y = x - width / 2, y - height / 2
            net = draw(st.sampled_from([*pool, ""]))
            if net:
                count[net] += 1
            rows.append((f"b{i}_{j}", f"{x / scale}", f"{y / scale}", net))
    count = {net: number for net, number in count.items() if number}
    order = draw(st.permutations(range(4)))
    header = ("name", f"x_{unit}", f"y_{unit}", "net")
    table = "".join(",".join(row[k] for k in order) + "\n" for row in [header, *rows])

    balls_each = draw(st.integers(1, 3))
    least = math.isqrt(max(1, len(count) * balls_each)) + 1
    columns, ball_rows = least + draw(st.integers(0, 4)), least + draw(st.integers(0, 4))
    ball_pitch = draw(st.sampled_from([400, 450, 500, 650, 800]))
    reach = max(width, height, max(columns, ball_rows) * ball_pitch)
    turns = draw(st.integers(-3, 3))
    tables: dict[str, Any] = {
        "name": draw(st.sampled_from(["a", "X-1.b"])),
        "technology": technology,
        "package": {"width": f"{reach + 1000} um", "height": f"{(reach + 1000) / 1000} mm", "rdl_count": rdl_count},
        "die": {
            "bumps": "b.csv",
            "width": f"{width} um",
            "height": f"{height}um",
            "quarter_turns": turns,
            "origin": "lower left" if lower_left else "die centre",
            "face": draw(st.sampled_from(["up", "down"])),
        },
        "balls": {
            "pitch": f"{ball_pitch / 1000} mm",
            "columns": columns,
            "rows": ball_rows,
            "a1": draw(st.sampled_from(["top left", "top right", "bottom left", "bottom right"])),
            "letters": draw(st.sampled_from(["rows", "columns"])),
        },
        "nets": {"rules": [{"match": ["*"], "balls": balls_each, **draw(wishes(rdl_count))}]} if count else {},
    }
    tables |= draw(areas(sorted(count), reach))
    ways = ["none", "names", "places"]
    way = draw(st.sampled_from(ways)) if count else "none"
    sites = {
        f"{'ABCDEFGHJKLMN'[i]}{j + 1}": (i * ball_pitch, j * ball_pitch)
        for i in range(columns)
        for j in range(ball_rows)
    }
    if way == "names":  # a square of the grid has them all, whatever the letters name
        side = min(columns, ball_rows)
        names = [f"{'ABCDEFGHJKLMN'[i]}{j + 1}" for i in range(side) for j in range(side)]
    else:
        names = list(sites)
    drawn = draw(st.permutations(names))
    given: dict[str, list[str]] = {}
    for net in sorted(count) if way != "none" else []:
        if draw(st.booleans()) and len(drawn) >= balls_each:
            given[net], drawn = drawn[:balls_each], drawn[balls_each:]
    net_of = {name: net for net, balls in given.items() for name in balls}
    if way == "none":
        return Drawn(tables, table, "", count, columns * ball_rows, {})
    tables["balls"]["map"] = "m.csv"
    tables["balls"]["pad_shape"] = draw(st.sampled_from(["circle", "square", "octagon"]))
    if way == "names":
        listed = "net,ball\n" + "".join(f"{net_of.get(name, '-')},{name}\n" for name in names)
        return Drawn(tables, table, listed, count, columns * ball_rows, given)
    for key in ("columns", "rows", "a1", "letters"):
        del tables["balls"][key]
    tables["balls"]["view"] = draw(st.sampled_from(["die side", "land side"]))
    left, low = (columns - 1) * ball_pitch / 2, (ball_rows - 1) * ball_pitch / 2
    listed = "x_um\ty_um\tname\tnet\n" + "".join(
        f"{x - left}\t{y - low}\t{name}\t{net_of.get(name, '')}\n" for name, (x, y) in sites.items()
    )
    return Drawn(tables, table, listed, count, len(sites), given)


@st.composite
def wishes(draw: st.DrawFn, rdl_count: int | str) -> dict[str, Any]:
    """What a rule may ask of traces, on layers that every number of RDLs which is tried has."""
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["width"] = f"{draw(st.integers(30, 60))} um"
    if draw(st.booleans()):
        found["space"] = f"{draw(st.integers(30, 60))} um"
    if draw(st.booleans()):
        found["layers"] = draw(st.sampled_from([[1], [2, 1], [1, 2, 2]]))
        if 2 in found["layers"]:
            found["on_layer"] = [{"layer": 2, "space": "35 um"}, {"layer": 2, "width": "31 um"}]
    return found


@st.composite
def areas(draw: st.DrawFn, nets: list[str], reach: int) -> dict[str, Any]:
    """Keep-outs and locked copper inside a package of more than ``reach`` um."""
    inside = st.integers(-reach // 2, reach // 2).map(lambda x: f"{x} um")
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        corners = [draw(inside) for _ in range(2)]
        found["keepouts"] = [
            {"circle": [*corners, f"{draw(st.integers(1, 500))} um"], "traces": draw(st.booleans())},
            {"rectangle": [*corners, "0.3 um", "-0.7um"], "layers": draw(st.sampled_from([[1], [2], [1, 2]]))},
        ]
    if nets and draw(st.booleans()):
        points = draw(st.lists(st.tuples(inside, inside), min_size=2, max_size=4, unique=True))
        net, width = draw(st.sampled_from(nets)), f"{draw(st.integers(30, 60))} um"
        found["locked"] = [{"net": net, "layer": 1, "width": width, "points": [list(p) for p in points]}]
    if draw(st.booleans()):
        found["routing"] = {"via_cost": "0 um", "budget": 1}
    return found


@relaxed
@given(valid_jobs())
def test_valid_jobs_are_read(drawn: Drawn) -> None:
    tables, table, count = drawn.tables, drawn.bumps, drawn.count
    jsonschema.validate(tables, JOB_SCHEMA)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "b.csv").write_text(table, encoding="utf-8")
        (Path(folder) / "m.csv").write_text(drawn.balls, encoding="utf-8")
        (Path(folder) / "job.toml").write_text(toml_of(tables), encoding="utf-8")
        job = read_job(Path(folder) / "job.toml")
        assert job == read_job(Path(folder) / "job.toml")
    package = job.package
    assert [rule.name for rule in package.nets] == sorted(count)
    assert {rule.name: rule.kind is NetKind.SUPPLY for rule in package.nets} == {n: k > 1 for n, k in count.items()}
    assert len(package.balls) == drawn.sites
    assert {rule.name: sorted(rule.allowed or ()) for rule in package.nets} == {
        net: sorted(drawn.given.get(net, ())) for net in count
    }
    assert len(package.keepouts) == len(tables.get("keepouts", ()))
    assert len(package.locked) == len(tables.get("locked", ()))
    assert len(package.bumps) == len(table.splitlines()) - 1
    # the grid and the map lie around the centre
    assert sum(ball.at.x for ball in package.balls) == sum(ball.at.y for ball in package.balls) == 0
    assert abs(sum(bump.at.x for _, bump in package.bumps)) <= len(package.bumps)


# --- broken files ------------------------------------------------------------------------------------


def judged(read: Callable[[], object]) -> bool:
    """Whether the file was refused; if so, with one line that is fit to be shown."""
    try:
        read()
    except RdlError as error:
        message = str(error)
        assert message.strip()
        assert message.isprintable()
        assert len(message) < 1500
        return True
    return False


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in (("name", "x_um", "y_um", "net"), ("A1", 1, 2, "A"), ("A2", 100, 2.5, None)):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def seeds() -> dict[str, bytes]:
    """A valid file of each kind."""
    return {
        "job.toml": (EXAMPLES / "caravel" / "fanout.toml").read_bytes(),
        "die_pads.csv": (EXAMPLES / "caravel" / "die_pads.csv").read_bytes(),
        "deck.toml": (technology_folder() / "fanout-core-1rdl.toml").read_bytes(),
        "bumps.xlsx": workbook(),
        "balls.csv": b"ball,x_um,y_um,net\nA1,-700,0,vccd\nA2,0,0,vssa2\nB1,700,0,NC\nB2,0,700,\nB3,0,-700,vss\n",
    }


SEEDS = seeds()

PIECES = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"nan",
    b"inf",
    b"1e999999999",
    b"9" * 400,
    b"-1",
    b"0",
    b'"',
    b"'''",
    b"[[",
    b"]",
    b"{",
    b"=",
    b"\n",
    b",",
    b"\t",
    b";",
    b"\r",
    b"true",
    b"\xc3\x28",
    b"[" * 3000,
    b"a." * 3000,
    b"1979-05-27",
    b"PK\x03\x04",
    "٣".encode(),
    b"\x1b[31m",
]


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with a few pieces cut, put in, doubled, or its end lost."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 0, 1, 2, 5, 20, 200]))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8), st.just(content[start : start + 30])))
        content = content[:start] + piece + content[start + length :]
    return content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content


def check_file(name: str, content: bytes) -> bool:
    """Reads the content in the place of one file of a working job."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for each, good in SEEDS.items():
            (folder / each).write_bytes(good)
        (folder / name).write_bytes(content)
        if name == "deck.toml":
            return judged(lambda: load_technology("deck.toml", folder))
        if name == "balls.csv":
            return judged(lambda: read_ball_map(folder / name, BallMapOptions(MM, MM)))
        if name == "bumps.xlsx":
            return judged(lambda: read_bumps(folder / name, BumpMapOptions(MM, MM)))
        return judged(lambda: read_job(folder / "job.toml"))


@pytest.mark.parametrize("name", list(SEEDS))
def test_the_seeds_are_valid(name: str) -> None:
    assert not check_file(name, SEEDS[name])


@pytest.mark.parametrize("name", list(SEEDS))
@relaxed
@given(data=st.data())
def test_damaged_files(name: str, data: st.DataObject) -> None:
    check_file(name, data.draw(damaged(SEEDS[name])))


@pytest.mark.parametrize("name", list(SEEDS))
@settings(relaxed, max_examples=30)
@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff\xfe")
@example(b"PK\x03\x04")
@example(b"\0" * 50)
@example(b"a" * 200_000)
@example(b"1" * 200_000)
@example(b"[" * 100_000)
@example(b"x = " + b"[" * 5_000)
@example(b"x" + b".x" * 3_000 + b" = 1")
@example(b"x = " + b"9" * 10_000)
@example(b"x_um,y_um,name,net\n" + b"1" * 100_000 + b",1,a,b\n")
@example('name = "Ă"'.encode("utf-16"))
@example(b'"a\\nb" = 1')
def test_files_that_are_nothing(name: str, content: bytes) -> None:
    assert check_file(name, content)


VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    10**30,
    1.5,
    "",
    "x",
    "1e999 mm",
    "nan um",
    "-0 mm",
    "9" * 300,
    "\n\x1b",
    [],
    [[]],
    {},
    {"a": {"b": 1}},
    ["*"],
    [""],
    [1],
    "*" * 50,
    "A1:B9999",
    "A-Z",
    "3-1",
    "up",
    "auto",
]

FULL: dict[str, Any] = {
    "name": "x",
    "description": "d",
    "technology": {"name": "fanout-core-1rdl", "override": {"metals.0.line": "12 um", "die_pad.pitch": "60 um"}},
    "package": {"width": "5.5 mm", "height": "6.5 mm", "rdl_count": 1, "angles": "any"},
    "die": {
        "name": "die",
        "bumps": "die_pads.csv",
        "width": "3588 um",
        "height": "5188 um",
        "origin": "lower left",
        "unit": "um",
        "face": "up",
        "quarter_turns": 0,
        "position": ["0 um", "0 um"],
        "bump": {"shape": "square", "width": "35 um"},
        "types": {"T": {"shape": "rectangle", "width": "20 um", "height": "30 um"}},
    },
    "balls": {
        "pitch": "0.5 mm",
        "columns": 9,
        "rows": 12,
        "offset": ["0 um", "0 um"],
        "style": "perimeter",
        "rings": 2,
        "staggered": False,
        "depopulate": ["A1"],
        "depopulate_corners": 0,
        "nc": ["M9"],
        "letters": "rows",
        "skip_letters": "IOQSXZ",
        "a1": "top left",
        "diameter": "300 um",
        "opening": "220 um",
        "ubm": "250 um",
        "pad": "270 um",
        "terminals": "mask-defined",
    },
    "nets": {
        "supplies": ["vcc*"],
        "rules": [
            {
                "match": ["*"],
                "width": "40 um",
                "space": "20 um",
                "layers": [1],
                "on_layer": [{"layer": 1, "width": "30 um", "space": "25 um"}],
                "fixed": False,
            },
            {
                "match": ["vss"],
                "kind": "supply",
                "style": "tree",
                "joint": "solid",
                "balls": 2,
                "width": "40 um",
                "side": "top",
                "rows": "A-C",
                "columns": "1-9",
                "at": ["*"],
            },
        ],
        "swap": [],
    },
    "keepouts": [
        {"name": "a", "layers": [1], "rectangle": ["0 um", "0 um", "100 um", "90 um"], "planes": False},
        {"polygon": [["0 um", "0 um"], ["100 um", "0 um"], ["0 um", "90 um"]], "traces": False},
        {"circle": ["0 um", "0 um", "0.1 mm"], "vias": False},
    ],
    "locked": [{"net": "vss", "layer": 1, "width": "20 um", "points": [["0 um", "0 um"], ["50 um", "0 um"]]}],
    "routing": {"via_cost": "100 um", "budget": 10},
}


def places(tables: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of every value in nested tables."""
    if isinstance(tables, dict):
        return [p for key, each in tables.items() for p in [(*place, key), *places(each, (*place, key))]]
    if isinstance(tables, list):
        return [p for index, each in enumerate(tables) for p in [(*place, index), *places(each, (*place, index))]]
    return []


def with_value(place: tuple[Any, ...], value: Any) -> bytes:
    tables: Any = json.loads(json.dumps(FULL))
    here = tables
    for part in place[:-1]:
        here = here[part]
    if value is None:
        del here[place[-1]]
    else:
        here[place[-1]] = value
    return toml_of(tables).encode()


def test_the_full_job_is_valid() -> None:
    assert not check_file("job.toml", toml_of(FULL).encode())
    jsonschema.validate(FULL, JOB_SCHEMA)


@settings(relaxed, max_examples=150)
@given(st.sampled_from(places(FULL)), st.sampled_from(VALUES))
def test_wrong_values(place: tuple[Any, ...], value: Any) -> None:
    check_file("job.toml", with_value(place, value))


@pytest.mark.parametrize("name", ["job.toml", "die_pads.csv"])
def test_directories_and_missing_files(tmp_path: Path, name: str) -> None:
    for each in ("job.toml", "die_pads.csv"):
        (tmp_path / each).write_bytes(SEEDS[each])
    (tmp_path / name).unlink()
    assert judged(lambda: read_job(tmp_path / "job.toml"))
    (tmp_path / name).mkdir()
    assert judged(lambda: read_job(tmp_path / "job.toml"))
    assert judged(lambda: read_job(tmp_path / "no" / "such" / "folder.toml"))
    assert judged(lambda: read_job(Path("x" * 5000)))
    assert judged(lambda: read_job(Path("nul\0.toml")))
    assert judged(lambda: read_job(Path("/dev/zero")))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "job.toml")
    assert judged(lambda: read_job(tmp_path / "job.toml"))
