"""Commands that only show: ``tech``, ``schema``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kicad_rdl import terminal
from kicad_rdl.cli.status import CLEAN
from kicad_rdl.terminal import say
from kicad_rdl.writing.guard import signals_wait


@click.group()
def tech() -> None:
    """Show the technologies: rules, each with its source.

    \b
    Examples:
      kicad-rdl tech list
      kicad-rdl tech show sky130-amkor-p500
    """


@tech.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def tech_list(as_json: bool) -> int:
    """List the shipped technologies.

    \b
    Example:
      kicad-rdl tech list
    """
    with signals_wait():
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
    """Show every value of a technology with its source.

    NAME is that of a shipped technology, or a TOML file. A status says where a value is from: an open rule deck, what
    is typical of the class, a guess (default), or the job.

    \b
    Examples:
      kicad-rdl tech show fanout-core-1rdl
      kicad-rdl tech show my_rules.toml --json
    """
    with signals_wait():
        from kicad_rdl.read.technology import load_technology
        from kicad_rdl.report.data import technology_data

    deck = load_technology(name, Path())
    if as_json:
        click.echo(json.dumps(technology_data(deck), indent=1, ensure_ascii=False))
    else:
        console = terminal.output()
        console.print(terminal.technology_table(deck))
        say(console, f"source: {deck.source}")
    return CLEAN


@click.command()
@click.argument("kind", type=click.Choice(["job", "technology", "report"]))
def schema(kind: str) -> int:
    """Print the JSON Schema of jobs, technologies or reports.

    An editor completes and checks a job or technology file with it; report: of report.json.

    \b
    Example:
      kicad-rdl schema job > job.schema.json
    """
    with signals_wait():
        from kicad_rdl.read.schema import schema_path

    click.echo(schema_path(kind).read_text(encoding="utf-8"), nl=False)
    return CLEAN
