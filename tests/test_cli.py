"""The command line as a user meets it: exit status, messages, pipes, help."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from conftest import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jobs import BUMPS, JOB, write_array, write_job

from kicad_rdl import __version__, pipeline
from kicad_rdl.cli.program import commands

ROOT = Path(__file__).parents[1]
PROGRAM = [sys.executable, "-c", "from kicad_rdl.cli import main; main()"]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "timings.json"
    }


# --- build -----------------------------------------------------------------------------------------------------------


def test_clean_build(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, said, told = run("build", write_job(tmp_path), "--output", out)
    assert status == 0, said
    assert "tiny: 8 of 8 nets connected on 1 RDL" in said
    assert f"board: {out / 'tiny.kicad_pcb'}" in said
    assert "KiCad's DRC: not run (not asked for" in said
    assert "\x1b" not in said + told
    assert told.splitlines()[0] == "reading"
    assert len(told.splitlines()) == len(set(told.splitlines()))
    assert json.loads((out / "report.json").read_text("utf-8"))["clean"] is True
    assert "seconds" in json.loads((out / "timings.json").read_text("utf-8"))


def test_quiet_build_says_nothing(run: Run, tmp_path: Path) -> None:
    assert run("build", write_job(tmp_path), "-o", tmp_path / "out", "--quiet") == (0, "", "")


def test_two_builds_give_the_same_bytes(run: Run, tmp_path: Path) -> None:
    job = write_job(tmp_path)
    for folder in ("a", "b", "b"):
        assert run("build", job, "-o", tmp_path / folder, "-q")[0] == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_line_ends_and_places_do_not_matter(run: Run, tmp_path: Path) -> None:
    unix = write_job(tmp_path / "unix")
    odd = write_job(tmp_path / "w i n d \u00f6 w s \u2603", line_end="\r\n")
    assert run("build", unix, "-o", tmp_path / "a", "-q")[0] == 0
    assert run("build", odd, "-o", tmp_path / "\u00fc [b] 'c'", "-q")[0] == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "\u00fc [b] 'c'")


def test_unrouted_is_status_1_and_the_rest_is_written(run: Run, tmp_path: Path) -> None:
    status, said, _ = run("build", write_array(tmp_path), "-o", tmp_path / "out")
    assert status == 1
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["clean"] is False
    assert report["connections"]["unrouted"]
    assert all(item["reason"] for item in report["connections"]["unrouted"])
    assert [value["key"] for value in report["technology"]["overridden"]] == ["metals.0.line", "metals.0.space"]
    assert (tmp_path / "out" / "array.kicad_pcb").is_file()
    left = len(report["connections"]["unrouted"])
    assert f"not routed: {left}\n" in said
    assert report["maximum_flow"] == 48
    assert report["connections"]["total"] == 49
    assert report["bottlenecks"]


def test_rdl_count_auto(run: Run, tmp_path: Path) -> None:
    auto = JOB.replace("rdl_count = 1", 'rdl_count = "auto"').replace("fanout-core-1rdl", "fanout-hd-2rdl")
    assert run("build", write_job(tmp_path, auto), "-o", tmp_path / "out", "-q")[0] == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["package"]["rdl_count"] == 1
    assert report["package"]["rdl_count_chosen_by"] == "kicad-rdl"


# --- what cannot be used ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "bumps", "words"),
    [
        (None, BUMPS, "job.toml"),
        ("name = [", BUMPS, "job.toml:1"),
        (JOB + "\nnonsense = 1\n", BUMPS, "nonsense"),
        (JOB.replace("3 mm", "3 furlong"), BUMPS, "furlong"),
        (JOB.replace("bumps.csv", "none.csv"), BUMPS, "none.csv"),
        (JOB.replace("fanout-core-1rdl", "fanout-core"), BUMPS, "fanout-core"),
        (JOB, BUMPS + "1,0,0,AGAIN\n", '"1"'),
        (JOB, "", "bumps.csv"),
        (JOB, "\x00\x01\x02", "bumps.csv"),
    ],
)
def test_unusable_input_is_one_message_and_status_2(
    run: Run, tmp_path: Path, job: str | None, bumps: str, words: str
) -> None:
    path = write_job(tmp_path, job or "", bumps)
    if job is None:
        path.unlink()
    for command in ("build", "footprint"):
        status, said, told = run(command, path, "-o", tmp_path / "out", "-q")
        assert (status, said) == (2, "")
        assert told.startswith("error: ")
        assert told.count("\n") == 1
        assert words in told
        assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


@given(where=st.integers(0, 10_000), what=st.binary(max_size=6), cut=st.integers(0, 40), of_job=st.booleans())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_files_never_break_the_program(
    run: Run, tmp_path: Path, where: int, what: bytes, cut: int, of_job: bool
) -> None:
    job = write_job(tmp_path)
    path = job if of_job else tmp_path / "bumps.csv"
    content = path.read_bytes()
    where %= len(content)
    path.write_bytes(content[:where] + what + content[where + cut :])
    status, _, told = run("footprint", job, "-o", tmp_path / "out", "-q")
    assert status in (0, 2)
    assert told.count("\n") == (1 if status == 2 else 0)
    assert told.startswith("error: ") == (status == 2)


def test_output_is_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    status, _, told = run("build", write_job(tmp_path), "-o", tmp_path / "out", "-q")
    assert status == 2
    assert "is a file, not a folder" in told
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, which not even root may write")
def test_output_cannot_be_written(run: Run, tmp_path: Path) -> None:
    status, said, told = run("build", write_job(tmp_path), "-o", "/proc/self/out", "-q")
    assert (status, said) == (2, "")
    assert re.fullmatch(r"error: /proc/self/out.*cannot be written.*\n|error: /proc/\d+.*cannot be written.*\n", told)


def test_a_failed_build_leaves_the_earlier_one(run: Run, tmp_path: Path) -> None:
    job, out = write_job(tmp_path), tmp_path / "out"
    assert run("build", job, "-o", out, "-q")[0] == 0
    before = contents(out)
    write_job(tmp_path, JOB, BUMPS + "10,9999,0,FAR\n")
    assert run("build", job, "-o", out, "-q")[0] == 2
    assert contents(out) == before


@pytest.mark.parametrize(
    "arguments",
    [("build",), ("build", "x.toml"), ("nonsense",), ("build", "--nonsense"), ("schema", "nonsense"), ("tech", "show")],
)
def test_wrong_use_is_status_2(run: Run, arguments: tuple[str, ...]) -> None:
    status, _, told = run(*arguments)
    assert status == 2
    assert "Usage: kicad-rdl" in told
    assert "Error: " in told


def test_a_mistake_of_the_program(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(pipeline, "build", broken)
    status, said, told = run("build", write_job(tmp_path), "-o", tmp_path / "out")
    assert (status, said) == (3, "")
    assert "error: ZeroDivisionError: deep inside" in told
    assert "Traceback" not in told
    log = Path(told.split("log file: ")[1].strip())
    assert "in broken" in log.read_text()
    log.unlink()
    status, _, told = run("build", write_job(tmp_path), "-o", tmp_path / "out", "--debug")
    assert status == 3
    assert "Traceback" in told
    Path(told.split("log file: ")[1].strip()).unlink()


def test_help_waits_for_no_numpy() -> None:
    loaded = "import sys, kicad_rdl.cli.program; print({'numpy', 'shapely', 'pydantic'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout
    assert said == "set()\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_no_mistake_of_the_program() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*PROGRAM, "tech", "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: standard output: No space left on device\n")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell of POSIX")
def test_without_any_output(tmp_path: Path) -> None:
    """As programs without a console are started: their streams are None."""
    command = " ".join(f"'{word}'" for word in [*PROGRAM, "tech", "list"])
    assert subprocess.run(["sh", "-c", f"{command} >&- 2>&-"], check=False).returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="a working directory cannot be removed")
def test_a_working_directory_that_is_gone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = str(write_job(tmp_path).parent / "bumps.csv")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for command in (("build", tmp_path / "job.toml", "-o", "out"), ("convert", table, "out.csv")):
        status, _, said = run(*command)
        assert status == 2
        assert re.search(r"out(\.csv)?: cannot be written: No such file or directory", said)


def test_ctrl_c(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "build", interrupted)
    assert run("build", write_job(tmp_path), "-o", tmp_path / "out") == (130, "", "\nstopped; nothing was written\n")


@pytest.mark.skipif(os.name == "nt", reason="sends a signal of POSIX")
def test_ctrl_c_while_the_commands_load() -> None:
    """Pressed where the first module of the commands is looked for.

    What runs in the background of a script was told to pass over SIGINT, and its children too.
    """
    press = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(self, name, *_):
        if name == "MODULE":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv[1:] = ["--version"]
from kicad_rdl.cli import main
main()
"""
    for module in ("kicad_rdl.writing.guard", "kicad_rdl.cli.program", "rich.console"):
        program = [sys.executable, "-c", press.replace("MODULE", module)]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped; nothing was written\n")


# --- the other commands ----------------------------------------------------------------------------------------------


def test_technologies(run: Run) -> None:
    status, said, _ = run("tech", "list")
    assert status == 0
    names = [deck["name"] for deck in json.loads(run("tech", "list", "--json")[1])]
    assert len(names) >= 8
    for name in names:
        assert name in said
        status, shown, _ = run("tech", "show", name)
        assert status == 0
        values = json.loads(run("tech", "show", name, "--json")[1])["values"]
        assert all(value["source"] and value["status"] for value in values)
        for value in values:
            assert value["key"] in shown
    assert run("tech", "show", "sky130-amkor-p50")[0] == 2


def test_footprints_only(run: Run, tmp_path: Path) -> None:
    status, said, _ = run("footprint", write_job(tmp_path), "-o", tmp_path / "out")
    assert status == 0
    written = sorted(Path(line) for line in said.splitlines())
    assert all(path.is_file() for path in written)
    assert sum(path.suffix == ".kicad_mod" for path in written) >= 2
    # a build into the same folder and the footprints leave each other alone
    assert run("build", tmp_path / "job.toml", "-o", tmp_path / "out", "-q")[0] == 0
    assert run("footprint", tmp_path / "job.toml", "-o", tmp_path / "out", "-q") == (0, "", "")
    assert (tmp_path / "out" / "tiny.kicad_pcb").is_file()


def test_estimate(run: Run, tmp_path: Path) -> None:
    job = write_job(tmp_path)
    status, said, told = run("estimate", job)
    assert status == 0
    assert said.splitlines() == [
        "tiny: 1 RDL needed",
        "1 RDL: 8 of 8 connections fit (maximum flow); shortest plan: 8 on RDL1",
    ]
    assert told.splitlines() == ["flow on 1 RDL"]
    status, said, told = run("estimate", job, "--json", "--quiet", "--drawing", tmp_path / "cut.svg")
    assert (status, told) == (0, "")
    assert json.loads(said)["rdl_needed"] == 1
    assert (tmp_path / "cut.svg").read_text("utf-8").startswith("<")
    assert run("estimate", job, "-q", "--drawing", tmp_path / "none" / "cut.svg")[0] == 2


def test_estimate_names_bumps_that_no_via_leads_away(run: Run, tmp_path: Path) -> None:
    """A plane has RDL1 and a ball lies under the middle of the die: no gap is too narrow, yet not all fits. The remedy
    helps."""
    rows = [(80 * i - 200, 80 * j - 200, "vss" if (i + j) % 2 else f"n{i}_{j}") for i in range(6) for j in range(6)]
    text = "bump,x (um),y (um),net\n" + "".join(f"b{k},{x},{y},{net}\n" for k, (x, y, net) in enumerate(rows))
    (tmp_path / "b.csv").write_text(text, encoding="utf-8")
    lines = "".join(f'"metals.{k}.{what}" = "18 um"\n' for k in range(4) for what in ("line", "space"))
    job = f"""
name = "shut"
package = {{ width = "4 mm", height = "4 mm", rdl_count = 2 }}
die = {{ bumps = "b.csv", width = "580 um", height = "580 um" }}
balls = {{ pitch = "400 um", columns = 9, rows = 9, depopulate = [] }}
[technology]
name = "fanout-hd-2rdl"
[technology.override]
{lines}
[[nets.rules]]
match = ["vss"]
kind = "supply"
style = "plane"
balls = 2
"""
    path = tmp_path / "job.toml"
    path.write_text(job, encoding="utf-8")
    status, said, _ = run("estimate", path, "-q")
    assert status == 1
    (words,) = (line for line in said.splitlines() if "no stack of vias" in line)
    (remedy,) = re.findall(r"balls.depopulate = (\[.*?\])", words)
    assert remedy == '["E5"]'
    path.write_text(path.read_text("utf-8").replace("depopulate = []", f"depopulate = {remedy}"), encoding="utf-8")
    assert run("estimate", path, "-q")[0] == 0


def test_estimate_says_which_line_and_space_would_do(run: Run, tmp_path: Path) -> None:
    """Taken at its word until nothing is too narrow; gap by gap nothing absurd is advised."""
    sizes: tuple[str, ...] = ()
    for _ in range(3):
        status, said, _ = run("estimate", write_array(tmp_path, *sizes), "-q")
        assert all(float(size) > 10 for size in re.findall(r"line \+ space of ([0-9.]+) um", said))
        if status == 0:
            break
        (words,) = (line for line in said.splitlines() if "all would pass" in line)
        finer = re.findall(r"[0-9.]+ um", words)
        assert [float(size.split()[0]) for size in finer] < [float(size.split()[0]) for size in sizes or ("14", "15")]
        sizes = tuple(finer)
    assert status == 0
    assert sizes


def test_estimate_of_too_much(run: Run, tmp_path: Path) -> None:
    job = write_array(tmp_path)
    status, said, _ = run("estimate", job, "-q")
    assert status == 1
    assert "not everything fits on the 1 RDL of fanout-core-1rdl" in said
    assert "minimum cut" in said
    data = json.loads(run("estimate", job, "-q", "--json")[1])
    (attempt,) = data["attempts"]
    assert data["rdl_needed"] is None
    assert run("estimate", write_array(tmp_path, "5 um", "5 um"), "-q")[0] == 0
    assert attempt["maximum_flow"] < attempt["connections"] == 49
    assert attempt["maximum_flow"] == 48
    assert 0 < sum(gap["fits"] for gap in attempt["minimum_cut"]) <= attempt["maximum_flow"]
    assert all(gap["what_to_do"] for gap in attempt["minimum_cut"])


def test_check_of_a_board(run: Run, tmp_path: Path) -> None:
    assert run("build", write_job(tmp_path), "-o", tmp_path / "out", "-q")[0] == 0
    board = tmp_path / "out" / "tiny.kicad_pcb"
    status, said, _ = run("check", board, "--technology", "fanout-core-1rdl")
    assert (status, said) == (0, "tiny.kicad_pcb: no violation\n")
    assert run("check", board, "-t", "fanout-core-1rdl", "--quiet") == (0, "", "")
    assert run("check", board, "-t", "fanout-core-1rdl", "--json")[1] == "[]\n"
    # rules of a coarser process: wider lines than were drawn
    coarse = (ROOT / "plugin/kicad_rdl/technologies/fanout-core-1rdl.toml").read_text()
    (tmp_path / "coarse.toml").write_text(re.sub(r"(?m)^(line = \{ value = )15", r"\g<1>16", coarse))
    status, said, _ = run("check", board, "-t", tmp_path / "coarse.toml")
    assert status == 1
    assert "error width on RDL1" in said
    listed = json.loads(run("check", board, "-t", tmp_path / "coarse.toml", "--json")[1])
    assert {item["rule"] for item in listed} == {"width"}
    (tmp_path / "broken.kicad_pcb").write_text("(kicad_pcb (version")
    for path in (tmp_path / "broken.kicad_pcb", tmp_path / "none.kicad_pcb", tmp_path):
        status, _, told = run("check", path, "-t", "fanout-core-1rdl")
        assert status == 2
        assert told.count("\n") == 1


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    return pipeline.build(write_job(folder), folder / "out").board


@given(where=st.integers(0, 10**9), what=st.sampled_from([b"", b"(", b")", b'"', b" 0 ", b"nan", b"\xff", b"-1e99"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_boards_never_break_the_checker(run: Run, tmp_path: Path, built: Path, where: int, what: bytes) -> None:
    content = built.read_bytes()
    where %= len(content)
    (tmp_path / "board.kicad_pcb").write_bytes(content[:where] + what + content[where + 1 :])
    status, _, told = run("check", tmp_path / "board.kicad_pcb", "-t", "fanout-core-1rdl", "-q")
    assert status in (0, 1, 2), told
    assert told.count("\n") == (1 if status == 2 else 0)


@pytest.mark.parametrize("kind", ["job", "technology", "report"])
def test_schemas(run: Run, kind: str) -> None:
    status, said, _ = run("schema", kind)
    assert status == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(said))


def test_help_teaches(run: Run) -> None:
    status, said, _ = run("--help")
    assert status == 0
    assert "kicad-rdl build examples/caravel/fanout.toml" in said
    assert run()[0] == 2
    for command in ("build", "estimate", "check", "tech", "footprint", "schema"):
        assert command in said
        status, text, _ = run(command, "--help")
        assert status == 0
        assert "Example" in text
        assert f"kicad-rdl {command} " in text
    assert run("--version")[1] == f"kicad-rdl, version {__version__}\n"


def test_examples_in_the_help_exist(run: Run) -> None:
    text = "".join(run(*words, "--help")[1] for words in ((), ("build",), ("estimate",), ("footprint",)))
    for path in set(re.findall(r"examples/\S+\.toml", text)):
        assert (ROOT / path).is_file()


def test_every_command_teaches_by_example(run: Run) -> None:
    paths = [[name] for name in commands.commands if name != "tech"] + [["tech", "list"], ["tech", "show"]]
    for words in paths:
        said = run(*words, "--help")[1]
        assert f"  kicad-rdl {' '.join(words)} " in said or f"  kicad-rdl {' '.join(words)}\n" in said
        assert "Example" in said
    assert "..." not in run("--help")[1].split("Commands:")[1]  # what each does, in one line that is not cut


# --- as a process ----------------------------------------------------------------------------------------------------


def test_in_a_pipe_whose_reader_leaves(tmp_path: Path) -> None:
    command = " ".join(f"'{word}'" for word in [*PROGRAM, "tech", "show", "fanout-hd-2rdl"])
    result = subprocess.run(
        ["bash", "-c", f"{command} | true; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False
    )
    assert result.stderr == ""
    assert result.stdout.splitlines()[-1] == "141"  # as a shell names the end by SIGPIPE


def test_on_a_terminal_there_is_a_bar(tmp_path: Path) -> None:
    job = write_job(tmp_path)
    main, side = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen(
        [*PROGRAM, "build", str(job), "-o", str(tmp_path / "out")], stdout=side, stderr=side, env=environment
    )
    os.close(side)
    said = b""
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:
            break
        if not piece:
            break
        said += piece
    os.close(main)
    assert process.wait() == 0
    assert b"\x1b[" in said
    assert "\u2501".encode() in said  # the bar
    assert b"8 of 8 nets" in said


def test_a_terminal_without_letters(tmp_path: Path) -> None:
    job = write_job(tmp_path / "\u2603")
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    result = subprocess.run(
        [*PROGRAM, "build", str(job), "-o", str(tmp_path / "\u2603" / "out")],
        capture_output=True,
        env=environment,
        check=False,
    )
    assert result.returncode == 0
    assert b"\\u2603" in result.stdout


def test_killed_builds_leave_the_old_output_whole(tmp_path: Path) -> None:
    job, out = write_job(tmp_path), tmp_path / "out"
    pipeline.build(job, out)
    old = contents(out)
    begin = time.monotonic()
    pipeline.build(job, out)
    whole = time.monotonic() - begin
    write_job(tmp_path, JOB.replace('"tiny"', '"other"'))
    kills = 0
    for step in range(20):
        child = os.fork()
        if child == 0:
            try:
                pipeline.build(job, out)
            finally:
                os._exit(0)
        time.sleep(whole * step / 16)
        os.kill(child, signal.SIGKILL)
        kills += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        found = contents(out)
        assert found == old or ("other.kicad_pcb" in found and not any("tiny" in name for name in found))
    assert kills > 5
    pipeline.build(job, out)
    found = contents(out)
    assert "other.kicad_pcb" in found
    assert not any("tiny" in name for name in found)
    assert not [path for path in tmp_path.iterdir() if "kicad-rdl-new" in path.name]
