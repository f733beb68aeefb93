"""Commands on a KiCad board: ``check``, ``route``."""

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
@click.argument("board", type=click.Path(path_type=Path))
@click.option("--technology", "-t", required=True, help="Name of a shipped technology, or a TOML file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing; the exit status says it.")
def check(board: Path, technology: str, as_json: bool, quiet: bool) -> int:
    """Check any KiCad board against the rules of a technology.

    The checker is kicad-rdl's own, exact to the nanometre: shorts, spacing, width, enclosure, vias, mask, edges,
    angles, opens, dangling copper. It asks nobody how the board was made.

    \b
    Examples:
      kicad-rdl check build/caravel/caravel_fanout.kicad_pcb --technology fanout-core-1rdl
      kicad-rdl check board.kicad_pcb -t my_rules.toml --json
    """
    with signals_wait():
        from kicad_rdl import pipeline
        from kicad_rdl.report.data import violation_data
        from kicad_rdl.report.words import violation_words

    violations = pipeline.check_board(board, technology)
    console = terminal.output()
    if as_json:
        click.echo(json.dumps([violation_data(item) for item in violations], indent=1, ensure_ascii=False))
    elif not quiet:
        for item in violations:
            say(console, violation_words(item))
        say(console, f"{board.name}: " + (f"{len(violations)} violations" if violations else "no violation"))
    return PROBLEMS if violations else CLEAN


@click.command()
@click.argument("board", type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="Folder for the result.")
@click.option("--technology", "-t", help="Name of a shipped technology, or a TOML file; else the board's own project.")
@click.option(
    "--nets", "-n", multiple=True, help="Route only nets of this name; * and ? are wildcards. May be repeated."
)
@click.option("--angles", type=click.Choice(["any", "45"]), default="any", help="Directions of traces (any).")
@click.option("--budget", type=click.FloatRange(min=0), help="Seconds for routing; without it as long as it helps.")
@click.option("--reroute", is_flag=True, help="First take the tracks and vias of the nets away; locked ones stay.")
@click.option("--kicad-check", is_flag=True, help="Also run KiCad's own DRC, before and after.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def route(
    board: Path,
    output: Path,
    technology: str | None,
    nets: tuple[str, ...],
    angles: str,
    budget: float | None,
    reroute: bool,
    kicad_check: bool,
    quiet: bool,
) -> int:
    """Route the open connections of any KiCad board.

    The board keeps its nets, layers, keep-outs, zones and all copper that is there; whatever of a net is joined already
    counts as joined. Rules come from the net classes and constraints of the board's own project (NAME.kicad_pro beside
    it), with vias through all layers; or from a technology, with vias between neighbouring layers.

    The folder then holds the board with the new tracks and vias, everything else in it byte for byte as it was, copies
    of NAME.kicad_pro and NAME.kicad_dru, report.json and timings.json. What cannot be routed is reported with its
    reason, and the rest is written. When the budget is over, or Ctrl-C is pressed once while traces are drawn, what is
    drawn by then is laid and written; Ctrl-C twice writes nothing.

    \b
    Examples:
      kicad-rdl route board.kicad_pcb --output build/routed
      kicad-rdl route board.kicad_pcb -o build/routed --nets "DDR_*" --nets CLK --kicad-check
      kicad-rdl route board.kicad_pcb -o build/routed --nets "SPI_*" --reroute
      kicad-rdl route package.kicad_pcb -o build/routed --technology fanout-hd-2rdl --budget 60
    """
    with signals_wait():
        from kicad_rdl import board_pipeline

    options = board_pipeline.RouteOptions(technology, nets, angles == "45", budget, reroute, kicad_check)
    with terminal.progress_shown(quiet) as listener, terminal.stopped_gently() as stop:
        result = board_pipeline.route_open(board, output, options, listener, stop)
    if not quiet:
        say_written(result.summary, output, result.path, result.written.kept, result.timings)
    elif kicad_check:
        say_unchecked(result.verdict.kicad_after)
    return CLEAN if result.clean else PROBLEMS
