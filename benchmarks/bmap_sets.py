"""The two escape cases of the 3Dblox examples, with 15 and 100 nets: bond bumps on a substrate to its RDL pads.

Read at run time from the ``.bmap`` files of ``../shared/data/bmap_sets``: ``top_bond_bumps.bmap`` are the bumps of the
die where it stands on the substrate, ``top_rdl_pads.bmap`` the balls, given by net; the PERIM entries of
``substrate_bumps.bmap`` are balls without a net. The files give no size and no rules: bumps of 80 um, pads of 80 um and
10/10 um are chosen.
"""

from __future__ import annotations

from pathlib import Path

from cases import Ball, Bump, Case, Chip, Deck

MARGIN = 400.0
"""Package beyond the outermost terminal [um]."""
SIZE = 80.0


def bmap_case(folder: Path, nets: int) -> Case:
    """The set with that many nets, on one layer."""
    bonds = _entries(folder / f"case{nets}" / "top_bond_bumps.bmap")
    pads = _entries(folder / f"case{nets}" / "top_rdl_pads.bmap")
    spare = [entry for entry in _entries(folder / f"case{nets}" / "substrate_bumps.bmap") if "PERIM" in entry[3]]
    everything = bonds + pads + spare
    left, right = (edge(x for _, x, _, _ in everything) for edge in (min, max))
    bottom, top = (edge(y for _, _, y, _ in everything) for edge in (min, max))
    middle_x, middle_y = (left + right) / 2, (bottom + top) / 2
    die_x, die_y = (sum(edge(entry[k] for entry in bonds) for edge in (min, max)) / 2 for k in (1, 2))
    width, height = (max(entry[k] for entry in bonds) - min(entry[k] for entry in bonds) + 200 for k in (1, 2))
    deck = Deck(
        name="bmap",
        source="chosen: the bump maps name no rules",
        line=10,
        space=10,
        pad=SIZE,
        ubm=70,
        ball_opening=60,
        ball=SIZE,
        edge=10,
    )
    bumps = tuple(Bump(name, x - die_x, y - die_y, net, SIZE) for name, x, y, net in bonds)
    balls = [Ball(name, x - middle_x, y - middle_y, net) for name, x, y, net in pads]
    balls += [Ball(name, x - middle_x, y - middle_y) for name, x, y, _ in spare]
    return Case(
        name=f"bmap_{nets}",
        description=f"3Dblox escape case with {nets} nets, one layer, 10/10 um (chosen)",
        deck=deck,
        width=right - left + 2 * MARGIN,
        height=top - bottom + 2 * MARGIN,
        chips=(Chip("die", width, height, bumps, die_x - middle_x, die_y - middle_y),),
        balls=tuple(balls),
    )


def _entries(path: Path) -> list[tuple[str, float, float, str]]:
    """Instance, x, y and net of every bump."""
    fields = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [(row[0], float(row[2]), float(row[3]), row[5]) for row in fields if row]
