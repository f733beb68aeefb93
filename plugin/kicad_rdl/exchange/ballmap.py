"""Which net is on which ball? The ball map as CSV."""

from __future__ import annotations

import csv
import io

from kicad_rdl.model.layout import Layout
from kicad_rdl.model.package import terminal_name
from kicad_rdl.units import format_length

COLUMNS = ("ball", "row", "column", "x_um", "y_um", "net", "bumps")


def ball_map_csv(layout: Layout) -> str:
    """One line for every ball, in the order of the grid; balls without a net have the last two cells empty.

    ``x_um``, ``y_um``: from the package centre, x right, y up, seen from the die side. ``bumps``: every bump of the
    ball's net, in the order of the bump maps, with a blank between (a net on several balls repeats its bumps).
    """
    bumps: dict[str, list[str]] = {}
    for die, bump in layout.package.bumps:
        if bump.net is not None:
            bumps.setdefault(bump.net, []).append(terminal_name(layout.package, die, bump))
    nets = dict(layout.ball_nets)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for ball in layout.package.balls:
        net = nets.get(ball.name, "")
        place = (format_length(ball.at.x), format_length(ball.at.y))
        writer.writerow((ball.name, ball.row, ball.column, *place, net, " ".join(bumps.get(net, []))))
    return text.getvalue()
