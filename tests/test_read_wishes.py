"""What a job asks of nets, areas and several dies beyond the technology: what it becomes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from jobs import SMALL_BUMPS as BUMPS
from jobs import SMALL_JOB as JOB

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import Path as Run
from kicad_rdl.geometry import Point, circumradius
from kicad_rdl.model.package import LayerRule, LockedTrace, Package
from kicad_rdl.read.job import Job, read_job
from kicad_rdl.units import MM, UM


def read(folder: Path, more: str = "", job: str = JOB, bumps: str = BUMPS) -> Job:
    (folder / "bumps.csv").write_text(bumps)
    (folder / "job.toml").write_text(job + more)
    return read_job(folder / "job.toml")


def package(folder: Path, more: str = "", job: str = JOB, bumps: str = BUMPS) -> Package:
    return read(folder, more, job, bumps).package


def test_space_layers_and_layer_rules(tmp_path: Path) -> None:
    got = package(
        tmp_path,
        """[[nets.rules]]
match = ["*"]
space = "15 um"
on_layer = [{layer = 2, width = "14 um"}]
[[nets.rules]]
match = ["A"]
width = "20 um"
layers = [2, 1, 2]
[[nets.rules.on_layer]]
layer = 2
space = "30 um"
""",
    )
    a, b = got.net("A"), got.net("B")
    assert (a.width, a.space, a.layers) == (20 * UM, 15 * UM, (1, 2))
    assert (b.width, b.space, b.layers) == (None, 15 * UM, None)
    assert [a.on_layer(layer) for layer in (1, 2)] == [
        LayerRule(1, 20 * UM, 15 * UM),
        LayerRule(2, 14 * UM, 30 * UM),
    ]
    assert [b.on_layer(layer) for layer in (1, 2)] == [LayerRule(1, None, 15 * UM), LayerRule(2, 14 * UM, 15 * UM)]


def test_areas_and_locked_copper(tmp_path: Path) -> None:
    got = package(
        tmp_path,
        """[[keepouts]]
name = "coil"
layers = [2, 1]
rectangle = ["1 mm", "0.2 mm", "0.5 mm", "1.2 mm"]
[[keepouts]]
circle = ["-1 mm", "0 mm", "0.2 mm"]
traces = false
[[keepouts]]
polygon = [["0 um", "0 um"], ["100 um", "0 um"], ["0 um", "100 um"]]
vias = false
planes = false
[[locked]]
net = "A"
layer = 2
points = [["0 um", "0 um"], ["100 um", "0 um"], ["100 um", "50 um"]]
[routing]
via_cost = "0 um"
budget = 30
""",
    )
    coil, round_one, corner = got.keepouts
    assert (coil.name, coil.layers, coil.traces, coil.vias, coil.planes) == ("coil", (1, 2), True, True, True)
    assert coil.outline.points[0] == Point(MM // 2, MM // 5)
    assert coil.outline.points[2] == Point(MM, 6 * MM // 5)
    # all RDLs of the technology, so that another number of RDLs keeps it
    assert (round_one.name, round_one.layers, round_one.traces) == ("keepout_2", (1, 2, 3, 4), False)
    away = [p.distance(Point(-MM, 0)) for p in round_one.outline.points]
    assert min(away) >= 100 * UM - 1
    assert max(away) <= 100 * UM + 600
    assert (corner.traces, corner.vias, corner.planes) == (True, False, False)
    line = got.technology.metal(2).line
    assert got.locked == (
        LockedTrace("A", 2, line, Run.through(Point(0, 0), Point(100 * UM, 0), Point(100 * UM, 50 * UM))),
    )
    assert (got.via_cost, got.budget) == (0, 30)


RULE = '[[nets.rules]]\nmatch = ["A"]\n'
SQUARE = 'rectangle = ["0 um", "0 um", "9 um", "9 um"]\n'
LOCKED = '[[locked]]\nnet = "A"\nlayer = 1\n'

REFUSED = [
    (RULE + 'space = "5 um"\n', r'net "A": space 5 um is below the least space of RDL1, 10 um'),
    (RULE + 'on_layer = [{layer = 2, width = "5 um"}]\n', r'net "A": width 5 um is below the least line of RDL2'),
    (RULE + "on_layer = [{layer = 2}]\n", r"nets.rules.0.on_layer.0 = .*: give width, space or both"),
    (RULE + 'layers = [1]\non_layer = [{layer = 2, width = "20 um"}]\n', r"asked for on RDL2, which its layers do not"),
    (RULE + "layers = [3]\n", r'net "A": a rule names RDL3, but the package has 2; name RDL1 to RDL2 or'),
    (RULE + "layers = []\n", r"nets.rules.0.layers = \[\]: "),
    (RULE + "layers = [0]\n", r"nets.rules.0.layers.0 = 0: "),
    ("[[keepouts]]\n", r"keepouts.0 = \{\}: give one of rectangle, polygon or circle"),
    ("[[keepouts]]\n" + SQUARE + 'circle = ["0 um", "0 um", "1 um"]\n', r"give one of rectangle, polygon or circle"),
    ("[[keepouts]]\n" + SQUARE + "traces = false\nvias = false\nplanes = false\n", r"it keeps nothing out"),
    ('[[keepouts]]\nname = "k"\n' + SQUARE + '[[keepouts]]\nname = "k"\n' + SQUARE, r'two keep-outs are called "k"'),
    ('[[keepouts]]\nrectangle = ["0 um", "0 um", "0 um", "9 um"]\n', r"keepouts.0.rectangle: it has no area"),
    ('[[keepouts]]\ncircle = ["0 um", "0 um", "0 um"]\n', r"keepouts.0.circle: a diameter of 0 um is none"),
    (
        '[[keepouts]]\npolygon = [["0 um", "0 um"], ["9 um", "9 um"], ["0 um", "9 um"], ["9 um", "0 um"]]\n',
        r"keepouts.0.polygon: its sides touch or cross",
    ),
    ("[[keepouts]]\nlayers = [3]\n" + SQUARE, r'keep-out "keepout_1": it is on RDL3, but the package has 2'),
    ('[[keepouts]]\nrectangle = ["2 mm", "0 um", "3 mm", "1 mm"]\n', r'keep-out "keepout_1" lies outside the package'),
    ('[[locked]]\nnet = "C"\nlayer = 1\npoints = [["0 um", "0 um"], ["9 um", "0 um"]]\n', r'no net is called "C"'),
    (LOCKED + 'points = [["0 um", "0 um"]]\n', r"locked.0.points = "),
    (LOCKED + 'points = [["0 um", "0 um"], ["0 um", "0 um"]]\n', r"locked.0.points: a point is repeated"),
    (LOCKED + 'width = "1 um"\npoints = [["0 um", "0 um"], ["9 um", "0 um"]]\n', r"locked.0.width: 1 um is below the"),
    (LOCKED + 'points = [["0 um", "0 um"], ["1.5 mm", "0 um"]]\n', r"locked.0: the trace comes within -5 um of the"),
    (
        '[[locked]]\nnet = "A"\nlayer = 3\npoints = [["0 um", "0 um"], ["9 um", "0 um"]]\n',
        r"locked.0: its copper is on RDL3, but the package has 2; ask for more RDLs",
    ),
    ('[routing]\nvia_cost = "-1 um"\n', r'routing.via_cost = "-1 um": the length must not be below zero'),
    ("[routing]\nbudget = 0\n", r"routing.budget = 0: "),
]


@pytest.mark.parametrize(("more", "message"), REFUSED, ids=[text for _, text in REFUSED])
def test_refused(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        package(tmp_path, more)


def test_auto_starts_where_the_layers_are(tmp_path: Path) -> None:
    auto = JOB.replace("rdl_count = 2", 'rdl_count = "auto"').replace('width = "1 mm"', 'width = "1.1 mm"')
    assert read(tmp_path, RULE + "layers = [3, 4]\n", auto).rdl_counts == (3, 4)
    assert read(tmp_path, RULE + "layers = [1, 4]\n", auto).rdl_counts == (2, 3, 4)
    locked = '[[locked]]\nnet = "A"\nlayer = 4\npoints = [["0 um", "0 um"], ["9 um", "0 um"]]\n'
    assert read(tmp_path, locked, auto).rdl_counts == (4,)
    core = auto.replace("fanout-hd-2rdl", "fanout-core-1rdl")
    with pytest.raises(InputError, match=r"names RDL2, but technology fanout-core-1rdl offers 1"):
        read(tmp_path, RULE + "layers = [1, 2]\n", core)


def test_a_round_keepout_is_never_smaller_than_its_circle(tmp_path: Path) -> None:
    got = package(tmp_path, '[[keepouts]]\ncircle = ["0 um", "0 um", "700 um"]\n')
    points = got.keepouts[0].outline.points
    middles = [Point((a.x + b.x) // 2, (a.y + b.y) // 2) for a, b in zip(points, points[1:] + points[:1], strict=True)]
    assert min(middle.distance(Point(0, 0)) for middle in middles) >= 350 * UM - 2
    assert circumradius(got.ubm_pad) == got.ball.pad / 2


TWO = """\
name = "two"
technology = "fanout-hd-2rdl"
[package]
width = "4 mm"
height = "3 mm"
rdl_count = 2
[[die]]
name = "left"
bumps = "bumps.csv"
width = "1 mm"
height = "1 mm"
position = ["-0.7 mm", "0 mm"]
[[die]]
name = "right"
bumps = "bumps.csv"
width = "1 mm"
height = "1 mm"
position = ["0.7 mm", "0 mm"]
quarter_turns = 2
[balls]
pitch = "0.5 mm"
columns = 6
rows = 4
"""


@pytest.mark.parametrize(
    ("bumps", "more", "balls"),
    [
        # without a map every net takes a ball, unless told
        (BUMPS, "", {"A": 1, "B": 1, "VDD": 1}),
        (BUMPS, '[[nets.rules]]\nmatch = ["A", "B"]\nballs = 0\n', {"A": 0, "B": 0, "VDD": 1}),
        (BUMPS, '[[nets.rules]]\nmatch = ["*"]\nballs = 0\n', {"A": 0, "B": 0, "VDD": 0}),
        # where some nets are given balls, the others join their dies
        (BUMPS.replace("net", "net,ball") + "5,0,0,C,A1\n", "", {"A": 0, "B": 0, "C": 1, "VDD": 0}),
        (
            BUMPS.replace("net", "net,ball") + "5,0,0,C,A1\n",
            '[[nets.rules]]\nmatch = ["V*"]\nballs = 2\n',
            {"A": 0, "B": 0, "C": 1, "VDD": 2},
        ),
        (
            BUMPS.replace("net", "net,ball") + "5,0,0,C,A1\n",
            '[[nets.rules]]\nmatch = ["V*"]\nside = "top"\n',
            {"A": 0, "B": 0, "C": 1, "VDD": 1},
        ),
    ],
)
def test_nets_between_dies(tmp_path: Path, bumps: str, more: str, balls: dict[str, int]) -> None:
    got = package(tmp_path, more, TWO, bumps)
    assert {rule.name: rule.balls for rule in got.nets} == balls


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"0.7 mm"', '"0.3 mm"'), r"dies left and right are 0 um apart; the technology needs \d+ um: move them apart"),
        (('"right"', '"left"'), r'two dies are called "left"'),
    ],
)
def test_dies_are_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        package(tmp_path, "", TWO.replace(*change))


def test_names_of_dies_and_bumps_that_run_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("bump,x_um,y_um,net\nb.1,0,0,A\n")
    two = TWO.replace('"left"\nbumps = "bumps.csv"', '"a"\nbumps = "other.csv"').replace('"right"', '"a.b"')
    with pytest.raises(InputError, match=r'two bumps are called "a.b.1"'):
        package(tmp_path, "", two)
