"""From a layout to files: complete, true, the same bytes every time."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import samples
from jobs import write_array, write_job

from kicad_rdl import pipeline
from kicad_rdl.exchange.ballmap import ball_map_csv
from kicad_rdl.geometry import Point
from kicad_rdl.kicad_cli.drc import findings_of
from kicad_rdl.model.layout import Cut, Layout, Unrouted
from kicad_rdl.model.report import KicadCheck, KicadFinding, Progress, Rule, Severity, Violation
from kicad_rdl.model.technology import Provenance, Status
from kicad_rdl.read.job import read_job
from kicad_rdl.report.data import report_of
from kicad_rdl.report.text import report_text
from kicad_rdl.report.words import summary

SOMEWHERE = Point(1_500, -2_001)
NOT_RUN = KicadCheck(None, reason="not asked for")
SAMPLES = (samples.one_rdl, samples.two_rdl, samples.three_rdl)


def validate(report: dict[str, Any]) -> None:
    schema = json.loads((files("kicad_rdl") / "schemas" / "report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(report)


def violation(rule: Rule = Rule.SPACING, at: Point = SOMEWHERE, things: tuple[str, ...] = ("a", "b")) -> Violation:
    return Violation(rule, Severity.ERROR, "RDL1", at, things, 9_999, 10_000, "move them apart")


def troubled() -> Layout:
    """A sample with everything that can go wrong in its report."""
    layout = samples.two_rdl()
    technology = replace(
        layout.package.technology,
        provenance=(
            Provenance("metals.0.line", 12.0, "um", "job.toml", Status.JOB),
            Provenance("metals.0.space", 10.0, "um", "a guess", Status.DEFAULT),
        ),
    )
    cut = Cut(1, Point(0, 0), Point(500_000, 1), "ball A1", "ball A2", 3, 0, ("one more RDL",))
    return replace(
        layout,
        package=replace(layout.package, technology=technology, description='quotes " and \u00b5 and \u2603'),
        unrouted=(Unrouted("D0", "bump:1", None, "no way through", 0), Unrouted("TX", "bump:2", "ball:A2", "blocked")),
        bottlenecks=(cut,),
        fullest=None,
        lower_bound=0.0,
    )


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_are_delivered(tmp_path: Path, sample: Any) -> None:
    steps: list[Progress] = []
    result = pipeline.deliver(sample(), tmp_path / "out", job="job.toml", progress=steps.append)
    assert [step.stage for step in steps] == ["checking", "drawing", "writing"]
    assert result.board.is_file()
    assert set(result.written.files) >= {"report.json", "timings.json", "ballmap.csv", "svg/all.svg", "fp-lib-table"}
    for name in result.written.files:
        assert (tmp_path / "out" / name).is_file()
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report == result.report
    validate(report)
    assert result.clean == report["clean"] == (not result.violations)
    assert report["connections"]["total"] == report["connections"]["routed"] == len(sample().connections)
    assert set(json.loads((tmp_path / "out" / "timings.json").read_text())["seconds"]) == {"checking", "drawing"}


@pytest.mark.parametrize("sample", SAMPLES)
def test_same_bytes(tmp_path: Path, sample: Any) -> None:
    for folder in ("a", "b"):
        pipeline.deliver(sample(), tmp_path / folder, job="job.toml")
    found = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(found) > 10
    for name in found:
        if name.name != "timings.json":
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_listener_that_raises_leaves_the_old_output(tmp_path: Path) -> None:
    pipeline.deliver(samples.one_rdl(), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    class CancelledError(Exception):
        pass

    def cancel(step: Progress) -> None:
        if step.stage == "writing":
            raise CancelledError

    with pytest.raises(CancelledError):
        pipeline.deliver(samples.two_rdl(), tmp_path, progress=cancel)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_another_job_takes_the_place_of_the_first(tmp_path: Path) -> None:
    pipeline.deliver(samples.three_rdl(), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    result = pipeline.deliver(samples.one_rdl(), tmp_path)
    assert "sample_3_rdl.kicad_pcb" in result.written.removed
    assert sorted(path.name for path in tmp_path.glob("sample*")) == sorted(
        {name.split("/")[0] for name in result.written.files if name.startswith("sample")}
    )
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_report_of_trouble() -> None:
    layout, found = troubled(), (violation(),)
    kicad = KicadCheck("9.0.8", (KicadFinding("clearance", "error", 2, "too near"),))
    report = report_of(layout, found, kicad, job="job.toml", auto_rdl=True)
    validate(report)
    assert report["clean"] is False
    assert report["connections"]["total"] == len(layout.connections) + 2
    assert report["connections"]["unrouted"][0] == {
        "net": "D0",
        "from": "bump:1",
        "to": None,
        "reason": "no way through",
        "bottleneck": 0,
    }
    assert report["nets"] == {"total": 7, "connected": 5, "unconnected": ["D0", "TX"]}
    assert report["violations"]["by_rule"] == {"spacing": 1}
    assert report["violations"]["list"][0]["where"] == {"layer": "RDL1", "x_um": 1.5, "y_um": -2.001}
    assert report["violations"]["list"][0]["measured_um"] == 9.999
    assert report["bottlenecks"][0]["load"] is None
    assert report["bottlenecks"][0]["to"] == {"x_um": 500, "y_um": 0.001}
    assert report["wirelength"]["ratio"] is None
    assert [value["key"] for value in report["technology"]["overridden"]] == ["metals.0.line"]
    assert report["technology"]["defaults"] == ["metals.0.space"]
    assert report["package"]["rdl_count_chosen_by"] == "kicad-rdl"
    assert report["checks"]["kicad"]["findings"][0]["count"] == 2
    words = "\n".join(summary(layout, found, kicad))
    for part in ("5 of 7 nets", "no way through", "ball A1 and ball A2: 3 needed, 0 fit; one more RDL", "9.999 um"):
        assert part in words


@pytest.mark.parametrize("length", [0, 1, 999, 1_000, 10_500, -1, 123_456_789, 1_999_999_999])
def test_lengths_are_exact_decimals(length: int) -> None:
    text = report_text(report_of(samples.one_rdl(), (violation(at=Point(length, 0)),), NOT_RUN))
    written = re.search(r'"x_um": (-?[0-9.]+), "y_um": 0}', text[text.index('"where"') :])
    assert written is not None
    whole, _, part = written[1].partition(".")
    assert len(part) <= 3
    sign = -1 if whole.startswith("-") else 1
    assert sign * (abs(int(whole)) * 1_000 + int(part.ljust(3, "0"))) == length


def test_the_report_is_what_its_text_says() -> None:
    for layout in (samples.one_rdl(), troubled()):
        report = report_of(layout, tuple(violation(at=Point(number, 0)) for number in range(9)), NOT_RUN)
        text = report_text(report)
        assert json.loads(text) == report
        assert max(len(line) for line in text.splitlines()) <= 160
    assert json.loads(report_text({"long": [str(number) for number in range(300)]}))["long"][299] == "299"


def test_long_lists_are_cut_in_the_summary_only() -> None:
    found = tuple(violation(at=Point(number, 0)) for number in range(40))
    assert len(report_of(samples.one_rdl(), found, NOT_RUN)["violations"]["list"]) == 40
    words = summary(samples.one_rdl(), found, NOT_RUN, most=3)
    assert "  and 37 more, all in report.json" in words


def test_declared_opens_are_told_once() -> None:
    layout = troubled()
    of_d0, of_tx = violation(Rule.OPEN, things=("net D0",)), violation(Rule.OPEN, things=("net TX",))
    others = (violation(), violation(Rule.OPEN, things=("net D1",)))
    assert pipeline.undeclared(layout, (of_d0, of_tx, *others)) == others
    more = violation(Rule.OPEN, at=Point(7, 7), things=("net D0",))
    assert pipeline.undeclared(layout, (of_d0, more)) == (of_d0, more)


def test_ball_map() -> None:
    layout = samples.two_rdl()
    rows = list(csv.DictReader(io.StringIO(ball_map_csv(layout))))
    assert [row["ball"] for row in rows] == [ball.name for ball in layout.package.balls]
    assert {row["ball"]: row["net"] for row in rows if row["net"]} == dict(layout.ball_nets)
    for row, ball in zip(rows, layout.package.balls, strict=True):
        assert (float(row["x_um"]) * 1_000, float(row["y_um"]) * 1_000) == (ball.at.x, ball.at.y)
        named = {bump.name: bump.net for _, bump in layout.package.bumps}
        assert all(named[name] == row["net"] for name in row["bumps"].split())
        assert bool(row["bumps"]) == bool(row["net"])


def test_ball_map_quotes_hostile_names() -> None:
    layout = samples.one_rdl()
    hostile = tuple((ball, 'a,"b"\n' if net == "D0" else net) for ball, net in layout.ball_nets)
    rows = list(csv.DictReader(io.StringIO(ball_map_csv(replace(layout, ball_nets=hostile)))))
    assert len(rows) == len(layout.package.balls)
    assert rows[0]["net"] == 'a,"b"\n'


def test_findings_are_counted_by_type() -> None:
    def entry(kind: str, severity: str, place: float) -> dict[str, Any]:
        item = {"description": "Track", "pos": {"x": place, "y": 1}, "uuid": "-"}
        return {"type": kind, "severity": severity, "description": kind, "items": [item]}

    report = {
        "violations": [entry("b", "error", 2.0), entry("a", "warning", 1.0), entry("b", "error", 1.0)],
        "unconnected_items": [entry("unconnected_items", "error", 3.0)],
    }
    assert findings_of(report) == (
        KicadFinding("a", "warning", 1, "a; Track at 1.0, 1 mm"),
        KicadFinding("b", "error", 2, "b; Track at 1.0, 1 mm"),
        KicadFinding("unconnected_items", "error", 1, "unconnected_items; Track at 3.0, 1 mm"),
    )


def test_without_kicad_the_report_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = pipeline.deliver(samples.one_rdl(), tmp_path / "out", kicad_check=True)
    assert result.report["checks"]["kicad"]["run"] is False
    assert "not installed" in result.report["checks"]["kicad"]["reason"]
    assert any("KiCad's DRC: not run (kicad-cli is not installed" in line for line in result.summary)


def test_a_kicad_that_fails_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "kicad-cli"
    program.write_text("#!/bin/sh\necho 9.9.9; echo no display >&2; exit 7\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = pipeline.deliver(samples.one_rdl(), tmp_path / "out", kicad_check=True)
    assert result.report["checks"]["kicad"] == {"run": False, "reason": "kicad-cli ended with status 7: no display"}


@pytest.mark.kicad
def test_kicad_check_agrees(tmp_path: Path) -> None:
    layout = samples.one_rdl()
    good = pipeline.deliver(layout, tmp_path / "good", kicad_check=True)
    assert good.clean
    assert good.report["checks"]["kicad"]["clean"] is True
    first = layout.traces[0]
    thin = replace(layout, traces=(replace(first, width=first.width - 10), *layout.traces[1:]))  # 10 nm too thin
    bad = pipeline.deliver(thin, tmp_path / "bad", kicad_check=True)
    assert not bad.clean
    assert {finding["type"] for finding in bad.report["checks"]["kicad"]["findings"]} == {"track_width"}
    assert {item.rule for item in bad.violations} == {Rule.WIDTH}
    validate(bad.report)


def test_why_fewer_rdls_do_not_do(tmp_path: Path) -> None:
    """One RDL that the flow rules out, and one that the reading does: each with its reason, in data and in words."""
    path = write_array(tmp_path)
    text = path.read_text().replace("fanout-core-1rdl", "fanout-hd-2rdl").replace("rdl_count = 1", 'rdl_count = "auto"')
    path.write_text(text)
    done = pipeline.build(path, tmp_path / "out")
    (refused,) = done.refused
    assert refused.rdl_count == 1
    assert re.match(r"48 of 49 connections fit \(maximum flow\)", refused.reason)
    assert done.report["rdl_counts_refused"] == [{"rdl_count": 1, "reason": refused.reason}]
    assert f"1 RDL will not do: {refused.reason}" in done.summary
    assert done.layout.package.rdl_count == 2
    (tmp_path / "rings").mkdir()
    full = text.replace('style = "perimeter"\nrings = 2\n', "")
    choice = pipeline.choose(read_job(write_job(tmp_path / "rings", full, (tmp_path / "bumps.csv").read_text())))
    assert choice.refused[0].reason.startswith("the UBM pad of ball ")


def test_a_number_of_rdls_that_is_asked_for_is_not_explained(tmp_path: Path) -> None:
    assert pipeline.choose(read_job(write_array(tmp_path))).refused == ()
