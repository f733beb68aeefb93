"""Small jobs as files: an array of bumps, and nine bumps, eight nets, twelve balls around them."""

from __future__ import annotations

from pathlib import Path

BUMPS = """name,x_um,y_um,net
1,-300,300,D0
2,0,300,TX
3,300,300,D1
4,-300,0,D2
5,300,0,CLK
6,-300,-300,VSS
7,0,-300,RX
8,300,-300,VDD
9,0,0,
"""

JOB = """name = "tiny"
technology = "fanout-core-1rdl"

[package]
width = "3 mm"
height = "3 mm"
rdl_count = 1

[die]
name = "chip"
bumps = "bumps.csv"
width = "0.8 mm"
height = "0.8 mm"

[balls]
pitch = "0.65 mm"
columns = 4
rows = 4
style = "perimeter"
rings = 1
"""


SMALL_BUMPS = """\
bump,x_um,y_um,net
1,-150,200,A
2,150,150,B
3,-150,-150,VDD
4,150,-150,VDD
"""

SMALL_JOB = """\
name = "small"
technology = "fanout-hd-2rdl"
[package]
width = "3 mm"
height = "3 mm"
rdl_count = 2
[die]
bumps = "bumps.csv"
width = "1 mm"
height = "1 mm"
[balls]
pitch = "0.5 mm"
columns = 5
rows = 4
"""
"""Two signals and a supply of two bumps; two RDLs, twenty balls."""

RINGS_JOB = """\
name = "{name}"
technology = "fanout-hd-2rdl"
[package]
width = "4 mm"
height = "4 mm"
rdl_count = {count}
angles = "{angles}"
[die]
bumps = "bumps.csv"
width = "900 um"
height = "900 um"
[balls]
pitch = "500 um"
columns = 7
rows = 7
{more}
"""
"""A die of 900 um in the middle of 7 x 7 balls."""

ARRAY_BUMPS = "name,x_um,y_um,net\n" + "".join(
    f"{row}{column},{(column - 3) * 100},{(row - 3) * 100},N{row}{column}\n" for row in range(7) for column in range(7)
)
"""Seven by seven bumps with room for one trace of 14 um between neighbours: 24 leave from the outer ring, at most 24
through its gaps, and one of the 25 inner ones stays."""

ARRAY_JOB = """name = "array"

[technology]
name = "fanout-core-1rdl"
[technology.override]
"metals.0.line" = "LINE"
"metals.0.space" = "SPACE"

[package]
width = "6.5 mm"
height = "6.5 mm"
rdl_count = 1

[die]
name = "chip"
bumps = "bumps.csv"
width = "0.8 mm"
height = "0.8 mm"

[balls]
pitch = "0.65 mm"
columns = 9
rows = 9
style = "perimeter"
rings = 2
"""


def write_array(folder: Path, line: str = "14 um", space: str = "15 um") -> Path:
    """Forty-nine nets, too many for the gaps between the bumps if the line is as wide as 14 um."""
    return write_job(folder, ARRAY_JOB.replace("LINE", line).replace("SPACE", space), ARRAY_BUMPS)


def write_job(folder: Path, job: str = JOB, bumps: str = BUMPS, line_end: str = "\n") -> Path:
    """Writes both files; the path of the job."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bumps.csv").write_bytes(bumps.replace("\n", line_end).encode())
    (folder / "job.toml").write_bytes(job.replace("\n", line_end).encode())
    return folder / "job.toml"
