"""Commands on bump maps of any format: ``convert``, ``diff``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kicad_rdl import terminal
from kicad_rdl.cli.status import CLEAN, PROBLEMS
from kicad_rdl.terminal import say
from kicad_rdl.writing.guard import signals_wait

READING_KEYS = (
    "width and height of the die, origin (die centre, lower left), face (up, down), unit, shape, type.NAME (a "
    "shape), name, sheet, headers.NAME (the words above a column, or its number), lef, cells, chiplet; of a KiCad "
    "board: dies, balls (references); of a job: ballmap"
)


@click.command()
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
    with signals_wait():
        from kicad_rdl.conversion.convert import Wanted
        from kicad_rdl.conversion.convert import convert as converted
        from kicad_rdl.conversion.sources import reading

    done = converted(reading(old, _pairs(words)), output, Wanted(of, unit, mirrored, lower_left, cell))
    if not quiet:
        for note in done.notes:
            say(terminal.errors(), f"note: {note}")
        say(terminal.output(), done.summary)
    return CLEAN


@click.command()
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
    """List what changed between two bump maps.

    Bumps that are moved, renamed, added, gone, on another net or ball, as an ECO list. The files may have different
    formats, see convert. Bumps are paired by name, then by place (renamed), then by net, where one is left on each
    side. Coordinates count from the centre of the die, as OLD shows it. A shift that most of a map shares is told
    once. Status: 0 equal, 1 different, 2 a file cannot be used.

    \b
    Examples:
      kicad-rdl diff bumps_v1.csv bumps_v2.csv
      kicad-rdl diff bumps.csv build/chip/chip.kicad_pcb --tolerance "0.1 um" --csv eco.csv
      kicad-rdl diff sent.aif returned.aif --shapes --json
      kicad-rdl diff balls.csv chip.kicad_pcb --of balls
      kicad-rdl diff layout.csv drawing.csv --new face=down --new "origin=lower left"
    """
    with signals_wait():
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
