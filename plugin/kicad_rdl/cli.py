"""The command line.

Exit status: 0 clean, 1 violations or something unrouted, 2 input that cannot be used (also wrong options), 3 a mistake
of the program itself (a log file has the details), 130 stopped with Ctrl-C, 141 the reader of a pipe has left.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path

import click

from kicad_rdl import __version__, terminal
from kicad_rdl.errors import RdlError
from kicad_rdl.terminal import say

CLEAN, PROBLEMS, UNUSABLE, BUG, STOPPED, READER_GONE = 0, 1, 2, 3, 130, 141
STATUS_HELP = "Exit status: 0 clean, 1 violations or something unrouted, 2 input that cannot be used, 3 a bug."
READING_KEYS = (
    "width and height of the die, origin (die centre, lower left), face (up, down), unit, shape, type.NAME (a "
    "shape), name, sheet, lef, cells, chiplet; of a KiCad board: dies, balls (references); of a job: ballmap"
)

# Modules of the pipeline are imported inside the commands: they bring numpy, scipy and shapely, and help must be quick.


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=STATUS_HELP)
@click.version_option(__version__, "-V", "--version", prog_name="kicad-rdl")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def commands(debug: bool) -> None:
    """From a die's bump map to a finished package in KiCad: RDLs, vias, planes, ball grid, footprints, rules.

    \b
    A first package, with an example that is shipped:
      kicad-rdl estimate examples/caravel/fanout.toml
      kicad-rdl build examples/caravel/fanout.toml --output build/caravel --kicad-check
      kicad build/caravel/caravel_fanout.kicad_pro
    """


@commands.command()
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
    from kicad_rdl import pipeline

    with terminal.progress_shown(quiet) as listener, terminal.stopped_gently() as stop:
        result = pipeline.build(job, output, kicad_check=kicad_check, progress=listener, budget=budget, stop=stop)
    if not quiet:
        console = terminal.output()
        for line in result.summary:
            say(console, line)
        for name in result.written.kept:
            say(console, f"replaced a file that had been changed; the changed one is now {output / name}")
        took = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.timings)
        say(console, f"time: {took}")
        say(console, f"board: {result.board}")
        say(console, f"report: {output / 'report.json'}")
    elif kicad_check and result.kicad.version is None:
        say(terminal.errors(), f"KiCad's DRC: not run ({result.kicad.reason})")
    return CLEAN if result.clean else PROBLEMS


@commands.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--drawing", type=click.Path(path_type=Path), help="Also draw package and bottleneck into this SVG file.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def estimate(job: Path, as_json: bool, drawing: Path | None, quiet: bool) -> int:
    """Say before routing how much fits, on how many RDLs, and what is in the way.

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
    from kicad_rdl import pipeline
    from kicad_rdl.forecast import forecast_data, forecast_words

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


@commands.command()
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
    from kicad_rdl import pipeline
    from kicad_rdl.report import violation_data, violation_words

    violations = pipeline.check_board(board, technology)
    console = terminal.output()
    if as_json:
        click.echo(json.dumps([violation_data(item) for item in violations], indent=1, ensure_ascii=False))
    elif not quiet:
        for item in violations:
            say(console, violation_words(item))
        say(console, f"{board.name}: " + (f"{len(violations)} violations" if violations else "no violation"))
    return PROBLEMS if violations else CLEAN


@commands.command()
@click.argument("board", type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="Folder for the result.")
@click.option("--technology", "-t", help="Name of a shipped technology, or a TOML file; else the board's own project.")
@click.option(
    "--nets", "-n", multiple=True, help="Route only nets of this name; * and ? are wildcards. May be repeated."
)
@click.option("--angles", type=click.Choice(["any", "45"]), default="any", help="Directions of traces (any).")
@click.option("--budget", type=click.FloatRange(min=0), help="Seconds for improvement; without it as long as it helps.")
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
    reason, and the rest is written.

    \b
    Examples:
      kicad-rdl route board.kicad_pcb --output build/routed
      kicad-rdl route board.kicad_pcb -o build/routed --nets "DDR_*" --nets CLK --kicad-check
      kicad-rdl route board.kicad_pcb -o build/routed --nets "SPI_*" --reroute
      kicad-rdl route package.kicad_pcb -o build/routed --technology fanout-hd-2rdl --budget 60
    """
    from kicad_rdl import board_pipeline

    options = board_pipeline.RouteOptions(technology, nets, angles == "45", budget, reroute, kicad_check)
    with terminal.progress_shown(quiet) as listener:
        result = board_pipeline.route_open(board, output, options, listener)
    if not quiet:
        console = terminal.output()
        for line in result.summary:
            say(console, line)
        for name in result.written.kept:
            say(console, f"replaced a file that had been changed; the changed one is now {output / name}")
        say(console, "time: " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.timings))
        say(console, f"board: {result.path}")
        say(console, f"report: {output / 'report.json'}")
    elif kicad_check and result.verdict.kicad_after.version is None:
        say(terminal.errors(), f"KiCad's DRC: not run ({result.verdict.kicad_after.reason})")
    return CLEAN if result.clean else PROBLEMS


@commands.group()
def tech() -> None:
    """Show the technologies: rules of a process, every value with its source.

    \b
    Examples:
      kicad-rdl tech list
      kicad-rdl tech show sky130-amkor-p500
    """


@tech.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def tech_list(as_json: bool) -> int:
    """List the shipped technologies."""
    from kicad_rdl.read.technology import load_technology, technology_names

    decks = [load_technology(name) for name in technology_names()]
    if as_json:
        click.echo(json.dumps([{"name": deck.name, "title": deck.title} for deck in decks], indent=1))
    else:
        terminal.output().print(terminal.technologies_table(decks))
    return CLEAN


@tech.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def tech_show(name: str, as_json: bool) -> int:
    """Show every value of a technology (a shipped NAME, or a TOML file) with unit, status and source."""
    from kicad_rdl.read.technology import load_technology
    from kicad_rdl.report import technology_data

    deck = load_technology(name, Path())
    if as_json:
        click.echo(json.dumps(technology_data(deck), indent=1, ensure_ascii=False))
    else:
        console = terminal.output()
        console.print(terminal.technology_table(deck))
        say(console, f"source: {deck.source}")
    return CLEAN


@commands.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="Folder for the footprints.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def footprint(job: Path, output: Path, quiet: bool) -> int:
    """Write only the footprints and the symbol of a job, without routing.

    \b
    Example:
      kicad-rdl footprint examples/caravel/fanout.toml --output build/footprints
    """
    from kicad_rdl import pipeline

    written = pipeline.write_footprints(job, output)
    if not quiet:
        for name in written.files:
            say(terminal.output(), str(output / name))
    return CLEAN


@commands.command()
@click.argument("old", metavar="IN", type=click.Path(path_type=Path))
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--set", "-s", "words", multiple=True, metavar="KEY=VALUE", help=f"What IN does not say: {READING_KEYS}.")
@click.option("--of", help="Which map, where OUT holds one only: the name of a die, or balls.")
@click.option("--unit", type=click.Choice(["um", "mm"]), help="Of lengths in OUT  [default: um].")
@click.option("--mirrored", is_flag=True, help="Write a die as seen through its back, balls as seen from the balls.")
@click.option("--lower-left", is_flag=True, help="Tables count from the lower left corner, not from the centre.")
@click.option("--cell", default="BUMP", show_default=True, help="Cell of the bumps of a .bmap.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def convert(
    old: Path,
    output: Path,
    words: tuple[str, ...],
    of: str | None,
    unit: str | None,
    mirrored: bool,
    lower_left: bool,
    cell: str,
    quiet: bool,
) -> int:
    """Write a bump map in another format; the suffixes say which.

    IN: .csv .tsv .xlsx .bmap .3dbv .3dbx .def .aif .kicad_pcb .kicad_mod, die text, or a job (.toml), whose balls have
    the nets of the ballmap.csv beside it. OUT: .csv .tsv .xlsx .bmap .aif.

    A table or .bmap shows a die looking onto its face (face=up) and counts from its centre (a .bmap: from its lower
    left corner), so does AIF of a die alone; in a package, AIF and KiCad show it as it lies there, seen from above.
    What the new format cannot hold is told.

    \b
    Examples:
      kicad-rdl convert bumps.csv die.aif -s "width=5.5 mm" -s "height=6 mm" -s "origin=lower left"
      kicad-rdl convert vendor.aif bumps.xlsx --of balls
      kicad-rdl convert build/chip/chip.kicad_pcb chip.aif
      kicad-rdl convert board.kicad_pcb die.csv -s dies=U1 -s balls=J1 --of U1
      kicad-rdl convert die.csv die.bmap -s "shape=octagon 80 um" --cell BUMP80
      kicad-rdl convert job.toml assigned.aif -s ballmap=build/chip/ballmap.csv
    """
    from kicad_rdl.conversion.convert import Wanted
    from kicad_rdl.conversion.convert import convert as converted
    from kicad_rdl.conversion.sources import reading

    done = converted(reading(old, _pairs(words)), output, Wanted(of, unit, mirrored, lower_left, cell))
    if not quiet:
        for note in done.notes:
            say(terminal.errors(), f"note: {note}")
        say(terminal.output(), done.summary)
    return CLEAN


@commands.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--of", help="Compare only this die, or balls.")
@click.option("--tolerance", default="1 nm", show_default=True, help="Bumps no farther apart are at the same place.")
@click.option("--shapes", is_flag=True, help="Compare shapes and outlines too.")
@click.option("--align", is_flag=True, help="A shift that most bumps share is no difference (another origin).")
@click.option("--old", "old_words", multiple=True, metavar="KEY=VALUE", help="What OLD does not say, as in convert -s.")
@click.option("--new", "new_words", multiple=True, metavar="KEY=VALUE", help="What NEW does not say.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "table", type=click.Path(path_type=Path), help="Also write the list into this CSV file.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing; the exit status says it.")
def diff(
    old: Path,
    new: Path,
    of: str | None,
    tolerance: str,
    shapes: bool,
    align: bool,
    old_words: tuple[str, ...],
    new_words: tuple[str, ...],
    as_json: bool,
    table: Path | None,
    quiet: bool,
) -> int:
    """List what changed between two bump maps: moved, renamed, added, gone, on another net or ball.

    The files may have different formats, see convert. Bumps are paired by name, then by place (renamed), then by net,
    where one is left on each side. Coordinates count from the centre of the die, as OLD shows it. A shift that most of
    a map shares is told once. Status: 0 equal, 1 different, 2 a file cannot be used.

    \b
    Examples:
      kicad-rdl diff bumps_v1.csv bumps_v2.csv
      kicad-rdl diff bumps.csv build/chip/chip.kicad_pcb --tolerance "0.1 um" --csv eco.csv
      kicad-rdl diff sent.aif returned.aif --shapes --json
      kicad-rdl diff balls.csv chip.kicad_pcb --of balls
      kicad-rdl diff layout.csv drawing.csv --new face=down --new "origin=lower left"
    """
    from kicad_rdl.conversion.compare import comparison, difference, write_list
    from kicad_rdl.conversion.sources import reading
    from kicad_rdl.diff.forms import difference_data, difference_words

    how = comparison(tolerance, shapes, align)
    found = difference(reading(old, _pairs(old_words)), reading(new, _pairs(new_words)), how, of)
    if table is not None:
        write_list(found, table)
    if as_json:
        click.echo(json.dumps(difference_data(found), indent=1, ensure_ascii=False))
    elif not quiet:
        for line in difference_words(found):
            say(terminal.output(), line)
    return CLEAN if found.is_empty else PROBLEMS


def _pairs(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """``KEY=VALUE`` words, split."""
    for word in words:
        if "=" not in word:
            raise click.UsageError(f'"{word}" is not KEY=VALUE; write for instance face=down or "width=5 mm"')
    return [(key.strip(), value.strip()) for key, _, value in (word.partition("=") for word in words)]


@commands.command()
@click.argument("kind", type=click.Choice(["job", "technology", "report"]))
def schema(kind: str) -> int:
    """Print the JSON Schema of job files, technology files or report.json.

    \b
    Example:
      kicad-rdl schema job > job.schema.json
    """
    from kicad_rdl.read.schema import schema_path

    click.echo(schema_path(kind).read_text(encoding="utf-8"), nl=False)
    return CLEAN


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and ends the process with its status."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Runs the command line; its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to fail
    debug = "--debug" in arguments  # wherever it stands
    words = [word for word in arguments if word != "--debug"]
    try:
        status = commands.main(words, prog_name="kicad-rdl", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return UNUSABLE
    except click.ClickException as error:
        error.show()
        return UNUSABLE
    except RdlError as error:
        if debug:
            traceback.print_exc()
        say(terminal.errors(), f"error: {error}", "red")
        return UNUSABLE
    except (KeyboardInterrupt, click.Abort):
        say(terminal.errors(), "stopped; nothing was written")
        return STOPPED
    except (BrokenPipeError, SystemExit):  # click and rich leave so when the reader of a pipe has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at exit
        return READER_GONE
    except Exception as error:
        _complain(error, debug)
        return BUG
    return status if isinstance(status, int) else CLEAN


def _complain(error: Exception, debug: bool) -> None:
    """A mistake of the program: a short message, and all details in a log file."""
    details = "".join(traceback.format_exception(error))
    if debug:
        sys.stderr.write(details)
    console = terminal.errors()
    say(console, f"error: {type(error).__name__}: {error}", "red")
    say(console, "This is a mistake in kicad-rdl, not in your files. What was built before is untouched.")
    try:
        handle, log = tempfile.mkstemp(prefix="kicad-rdl-", suffix=".log")
        with open(handle, "w", encoding="utf-8") as file:
            file.write(f"kicad-rdl {__version__}, Python {sys.version}\n{' '.join(sys.argv)}\n{details}")
    except OSError:
        return
    say(console, f"Please report it with this log file: {log}")
