"""The command line.

Exit status: 0 clean, 1 violations or something unrouted, 2 input that cannot be used (also wrong options), 3 a mistake
of the program itself (a log file has the details), 130 stopped with Ctrl-C, 141 the reader of a pipe has left.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line and ends the process with its status.

    The commands are imported here, and not until they are there does Ctrl-C count: it has no traceback from the start.
    """
    try:
        from kicad_rdl.writing.guard import signals_wait

        with signals_wait():
            from kicad_rdl.cli.program import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        from kicad_rdl.cli.status import STOPPED

        sys.stderr.write("stopped; nothing was written\n")
        status = STOPPED
    sys.exit(status)
