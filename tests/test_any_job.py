"""Any job that is valid is built: it never raises, tells the truth, and what is routed breaks no rule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from jobs import write_job

from kicad_rdl import pipeline
from kicad_rdl.check import check_layout
from kicad_rdl.errors import RdlError
from kicad_rdl.read.job import read_job

TECHNOLOGIES = {"fanout-core-1rdl": "1", "sky130-amkor-p400": "1", "fanout-hd-2rdl": "123", "fanout-graded-3rdl": "123"}
"""And the numbers of RDLs to ask of them."""


@dataclass(frozen=True)
class Files:
    job: str
    bumps: str


@st.composite
def jobs(draw: st.DrawFn) -> Files:
    """A die with an array of bumps, some missing, in the middle of a ball grid; some nets with several bumps."""
    columns, rows = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    pitch = draw(st.sampled_from([90, 100, 130, 150, 200]))
    names = [f"N{number}" for number in range(columns * rows)] + ["VDD", "VSS", "CLK", ""]
    lines = ["name,x_um,y_um,net"]
    for row in range(rows):
        for column in range(columns):
            if len(lines) == 1 or draw(st.integers(0, 4)):
                x, y = (column - (columns - 1) / 2) * pitch, (row - (rows - 1) / 2) * pitch
                lines.append(f"b{row}_{column},{x},{y},{draw(st.sampled_from(names))}")
    given = draw(st.booleans())
    technology = draw(st.sampled_from(sorted(TECHNOLOGIES)))
    ball_pitch = draw(st.sampled_from([400, 500, 650]))
    across, down = draw(st.integers(3, 9)), draw(st.integers(3, 9))
    die = (max(columns, rows) + 1) * pitch
    width, height = (max(count * ball_pitch + 500, die + 500) for count in (across, down))
    rdl_count = draw(st.sampled_from([*TECHNOLOGIES[technology], '"auto"']))
    if given:
        lines = with_balls(lines, draw(st.permutations([f"{'ABC'[i]}{j + 1}" for i in range(3) for j in range(2)])))
    rings = draw(st.sampled_from(["", 'style = "perimeter"\nrings = 1', 'style = "perimeter"\nrings = 2']))
    plane = draw(st.sampled_from(["", 'style = "plane"', 'style = "plane"\njoint = "thermal"']))
    job = f"""name = "any"
technology = "{technology}"
[package]
width = "{width} um"
height = "{height} um"
rdl_count = {rdl_count}
angles = "any"
[die]
bumps = "bumps.csv"
width = "{die} um"
height = "{die} um"
quarter_turns = {draw(st.integers(0, 3))}
[balls]
pitch = "{ball_pitch} um"
columns = {across}
rows = {down}
staggered = {draw(st.sampled_from(["true", "false"]))}
{rings}
[nets]
supplies = {'["V*"]' if "VDD" in str(lines) and "VSS" in str(lines) else "[]"}
"""
    if plane and ",VDD" in str(lines) and "VSS" in str(lines):
        job += f'[[nets.rules]]\nmatch = ["VDD"]\n{plane}\nballs = {draw(st.integers(1, 3))}\n'
    if draw(st.booleans()):
        job += draw(wishes(sorted({line.split(",")[3] for line in lines[1:]} - {""}), die // 2))
    return Files(job, "\n".join(lines) + "\n")


def with_balls(lines: list[str], balls: list[str]) -> list[str]:
    """The first bump of some nets names a ball."""
    found, seen = [lines[0] + ",ball"], set()
    for line in lines[1:]:
        net = line.split(",")[3]
        fresh = bool(net) and net not in seen and bool(balls)
        found.append(line + "," + (balls.pop() if fresh else ""))
        seen.add(net)
    return found


@st.composite
def wishes(draw: st.DrawFn, nets: list[str], reach: int) -> str:
    """Space and width of a net, balls of a side, a keep-out, locked copper."""
    place = st.integers(-reach, reach)
    text = ""
    if nets and draw(st.booleans()):
        net = draw(st.sampled_from(nets))
        text += f'[[nets.rules]]\nmatch = ["{net}"]\nspace = "{draw(st.integers(20, 60))} um"\n'
    if nets and draw(st.booleans()):
        net = draw(st.sampled_from(nets))
        text += f'[[nets.rules]]\nmatch = ["{net}"]\nwidth = "{draw(st.integers(20, 40))} um"\nside = "top"\n'
    if draw(st.booleans()):
        kept = draw(st.sampled_from(["", "traces = false\n", "vias = false\n", "planes = false\n", "layers = [1]\n"]))
        text += (
            f'[[keepouts]]\ncircle = ["{draw(place)} um", "{draw(place)} um", "{draw(st.integers(1, 400))} um"]\n{kept}'
        )
    if nets and draw(st.booleans()):
        net, x, y = draw(st.sampled_from(nets)), draw(place), draw(place)
        points = f'[["{x} um", "{y} um"], ["{x + draw(st.integers(1, 200))} um", "{y} um"]]'
        text += f'[[locked]]\nnet = "{net}"\nlayer = 1\nwidth = "20 um"\npoints = {points}\n'
    return text


@given(files=jobs())
@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking a route takes minutes
    suppress_health_check=list(HealthCheck),
)
def test_any_job(tmp_path: Path, files: Files) -> None:
    path = write_job(tmp_path, files.job, files.bumps)
    try:
        job = read_job(path)
    except RdlError:
        event("refused")
        return
    layout = pipeline.route_job(job)
    event("all routed" if not layout.unrouted else "partly routed")
    violations = pipeline.undeclared(layout, check_layout(layout))
    assert [v for v in violations if not any(t.startswith("locked trace") for t in v.things)] == []
    pipeline.output_files(layout, violations)
