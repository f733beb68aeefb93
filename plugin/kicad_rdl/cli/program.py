"""All commands, and the exit status to which their errors lead."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback

import click

from kicad_rdl import __version__, terminal
from kicad_rdl.cli.boards import check, route
from kicad_rdl.cli.jobs import build, estimate, footprint
from kicad_rdl.cli.maps import convert, diff
from kicad_rdl.cli.reference import schema, tech
from kicad_rdl.cli.status import BUG, CLEAN, READER_GONE, STOPPED, UNUSABLE
from kicad_rdl.errors import RdlError
from kicad_rdl.terminal import say

# Modules of the pipeline are imported inside the commands: they bring numpy, scipy and shapely, and help must be quick.
# Ctrl-C waits until they are there: numpy would make an ImportError of it.

STATUS_HELP = "Exit status: 0 clean, 1 violations or something unrouted, 2 input that cannot be used, 3 a bug."


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


for command in (build, estimate, check, route, tech, footprint, convert, diff, schema):
    commands.add_command(command)


def run(arguments: list[str]) -> int:
    """Runs the command line; its exit status."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - closed by who started us; kept to the end
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
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
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            say(terminal.errors(), f"error: {error.filename or 'standard output'}: {error.strerror}", "red")
            return UNUSABLE
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
