"""Commands on a job: ``build``, ``estimate``, ``footprint``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kicad_rdl import terminal
from kicad_rdl.cli.outcome import say_unchecked, say_written
from kicad_rdl.cli.status import CLEAN, PROBLEMS
from kicad_rdl.terminal import say
from kicad_rdl.writing.guard import signals_wait


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="Folder for the result.")
@click.option("--kicad-check", is_flag=True, help="Also run KiCad's own DRC; its verdict goes into the report.")
@click.option("--budget", type=click.FloatRange(min=0), help="Seconds for routing, instead of the job's own budget.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def build(job: Path, output: Path, kicad_check: bool, budget: float | None, quiet: bool) -> int:
    """Route a job and write the KiCad project.

    The folder then holds the board with its project and rules, NAME.pretty with the footprints, NAME.kicad_sym with
    the symbol, ballmap.csv, a drawing of every layer under svg/, report.json and timings.json. It is written all or
    not at all: a build that is stopped leaves the earlier one whole. Other files in the folder stay.

    What cannot be routed is reported with its reason, and the rest is written. When the budget is over, or Ctrl-C is
    pressed once while traces are drawn, what is drawn by then is laid and written; Ctrl-C twice writes nothing.

    \b
    Examples:
      kicad-rdl build job.toml --output build/mypackage
      kicad-rdl build job.toml -o build/mypackage --budget 60
      kicad-rdl build examples/module/module.toml -o build/module   # two dies, a given ball map
      kicad-rdl build job.toml -o build/mypackage --kicad-check
      kicad-rdl build job.toml -o build/mypackage --quiet && echo clean
    """
    with signals_wait():
        from kicad_rdl import pipeline

    with terminal.progress_shown(quiet) as listener, terminal.stopped_gently() as stop:
        result = pipeline.build(job, output, kicad_check=kicad_check, progress=listener, budget=budget, stop=stop)
    if not quiet:
        say_written(result.summary, output, result.board, result.written.kept, result.timings)
    elif kicad_check:
        say_unchecked(result.kicad)
    return CLEAN if result.clean else PROBLEMS


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--drawing", type=click.Path(path_type=Path), help="Also draw package and bottleneck into this SVG file.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def estimate(job: Path, as_json: bool, drawing: Path | None, quiet: bool) -> int:
    """Say before routing how much fits, on how many RDLs.

    The numbers come from the maximum flow through the gaps of each layer, not from a rule of thumb. The bottleneck is
    the minimum cut: where it is, how many traces fit through it, and what would widen it. Connections whose ends are
    settled (given balls, several bumps) are no flow: their number is an upper bound, from lines and rectangles across
    all RDLs and the traces that can cross these. Status 1: the job's own number of RDLs is not enough.

    \b
    Examples:
      kicad-rdl estimate examples/caravel/fanout.toml
      kicad-rdl estimate job.toml --json
      kicad-rdl estimate job.toml --drawing bottleneck.svg
    """
    with signals_wait():
        from kicad_rdl import pipeline
        from kicad_rdl.report.forecast import forecast_data, forecast_words

    with terminal.progress_shown(quiet) as listener:
        found = pipeline.estimate_job(job, listener)
    if as_json:
        click.echo(json.dumps(forecast_data(found), indent=1, ensure_ascii=False))
    else:
        for line in forecast_words(found):
            say(terminal.output(), line)
    if drawing is not None:
        pipeline.draw_forecast(found, drawing)
    return CLEAN if found.asked.enough else PROBLEMS


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="Folder for the footprints.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def footprint(job: Path, output: Path, quiet: bool) -> int:
    """Write only the footprints and the symbol of a job.

    Nothing is routed: balls have the nets that the job gives them.

    \b
    Example:
      kicad-rdl footprint examples/caravel/fanout.toml --output build/footprints
    """
    with signals_wait():
        from kicad_rdl import pipeline

    written = pipeline.write_footprints(job, output)
    if not quiet:
        for name in written.files:
            say(terminal.output(), str(output / name))
    return CLEAN
