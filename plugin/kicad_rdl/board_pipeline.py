"""From somebody else's board to the same board with its open connections routed. It reads like the flow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from kicad_rdl.check import check_artwork
from kicad_rdl.errors import InputError
from kicad_rdl.kicad.splice import spliced, without_tracks
from kicad_rdl.kicad_cli.drc import NOT_ASKED, drc
from kicad_rdl.model.artwork import Artwork
from kicad_rdl.model.open_board import BoardRouting, BoardRules, OpenBoard
from kicad_rdl.model.report import Rule
from kicad_rdl.read.board_rules import project_rules, technology_rules
from kicad_rdl.read.documents import near, read_bytes
from kicad_rdl.read.open_board import board_text, open_board_of
from kicad_rdl.read.technology import load_technology
from kicad_rdl.report.board_data import board_report
from kicad_rdl.report.board_verdict import BoardVerdict, is_clean, new_violations
from kicad_rdl.report.board_words import board_summary
from kicad_rdl.report.text import report_text
from kicad_rdl.route.board import route_board
from kicad_rdl.route.changes import Changes
from kicad_rdl.route.compiled import making_told
from kicad_rdl.stages import TIMINGS, Listener, Stages, lateness
from kicad_rdl.writing.output import Written, check_output, write_outputs

COMPANIONS = (".kicad_pro", ".kicad_dru")
"""Files beside a board that hold its rules; they are copied along."""
CUSTOM_RULES = "{} holds custom rules; they are not read, only KiCad's DRC (--kicad-check) judges by them"


@dataclass(frozen=True, slots=True)
class RouteOptions:
    """What the user asks for.

    Attributes:
        technology: name or file of a technology; None: the rules of the board's own project.
        nets: names with wildcards; none: all.
        octilinear: traces in multiples of 45 degrees only.
        budget: seconds for routing; None: until nothing gets better.
        reroute: take the unlocked tracks and vias of those nets away first.
        kicad_check: also run KiCad's own DRC, on the old board and on the new one.
    """

    technology: str | None = None
    nets: tuple[str, ...] = ()
    octilinear: bool = False
    budget: float | None = None
    reroute: bool = False
    kicad_check: bool = False


@dataclass(frozen=True, slots=True)
class BoardResult:
    """A board that was routed and written, clean or not."""

    board: OpenBoard
    rules: BoardRules
    routing: BoardRouting
    verdict: BoardVerdict
    report: dict[str, Any]
    """What ``report.json`` says."""
    path: Path
    """The written board."""
    written: Written
    timings: tuple[tuple[str, float], ...]

    @property
    def clean(self) -> bool:
        """Nothing open and nothing violated that was not before."""
        return is_clean(self.routing, self.verdict)

    @property
    def summary(self) -> tuple[str, ...]:
        """The report in words, line by line."""
        return board_summary(self.board, self.rules, self.routing, self.verdict)


def route_open(
    path: Path,
    output: Path,
    options: RouteOptions,
    progress: Listener = None,
    stop: Callable[[], bool] = lambda: False,
) -> BoardResult:
    """Routes a board file into a folder, whole or not at all (``writing``).

    ``stop`` says that the user wants what is drawn so far.

    Raises:
        RdlError: the board or its rules cannot be used, or the folder cannot be written.
    """
    stages = Stages(progress)
    check_output(output)
    with stages.stage("reading"):
        old = text = board_text(path)
        board = before = open_board_of(text, path)
        nets = chosen_nets(board, options.nets, path)
        if options.reroute:
            text = without_tracks(text, frozenset(nets))
            board = open_board_of(text, path)
        rules = rules_for(board, path, options.technology)
        companions = _companions(path)
        custom = sorted(name for name in companions if name.endswith(".kicad_dru"))
        board = replace(board, notes=(*board.notes, *(CUSTOM_RULES.format(name) for name in custom)))
    with stages.stage("routing"), making_told(progress):
        late = lateness(options.budget, stop)
        routing = route_board(board, rules, nets, octilinear=options.octilinear, late=late, say=progress)
        new = spliced(text, board, routing)
    with stages.stage("checking"):
        earlier = check_artwork(before.artwork, rules.technology)
        found = earlier if new == old else check_artwork(open_board_of(new, path).artwork, rules.technology)
        declared = Counter(item.net for item in routing.connections if item.length is None)
        changes = Changes(board, routing)
        fresh = tuple(
            item
            for item in new_violations(earlier, found, {net: declared[net] for net in nets})
            if item.rule is Rule.OPEN or changes.near(item.layer, item.at, item.required)
            if item.rule is not Rule.WIDTH or not changes.narrow_before(item.layer, item.at, item.required)
        )
    kicad_before = kicad_after = NOT_ASKED
    if options.kicad_check:
        with stages.stage("KiCad check"):
            kicad_before = drc({path.name: old, **companions}, path.name)
            kicad_after = drc({path.name: new, **companions}, path.name) if new != old else kicad_before
    blamed = sum(item.rule is not Rule.OPEN for item in fresh)
    known = sum(item.rule is not Rule.OPEN for item in found) - blamed
    verdict = BoardVerdict(fresh, known, kicad_before, kicad_after)
    report = board_report(board, rules, routing, verdict, options.nets)
    with stages.stage("writing"):
        files = {path.name: new, **companions, "report.json": report_text(report)}
        files[TIMINGS] = stages.text
        written = write_outputs(output, files, group="route", volatile=(TIMINGS,))
    return BoardResult(board, rules, routing, verdict, report, output / path.name, written, tuple(stages.timings))


def chosen_nets(board: OpenBoard, patterns: Sequence[str], path: Path) -> tuple[str, ...]:
    """The nets that match one of the patterns, sorted; without patterns all.

    Raises:
        InputError: a pattern matches none.
    """
    if not patterns:
        return board.nets
    found: set[str] = set()
    for pattern in patterns:
        mine = [net for net in board.nets if net == pattern or fnmatchcase(net, pattern)]
        if not mine:
            hint = near(pattern, list(board.nets))
            raise InputError(f'no net of the board matches "{pattern}"{hint}', str(path))
        found.update(mine)
    return tuple(sorted(found))


def rules_for(board: OpenBoard, path: Path, technology: str | None) -> BoardRules:
    """The rules of a technology, or those of the project beside the board."""
    if technology is None:
        return project_rules(path.with_suffix(".kicad_pro"), len(board.layers), board.nets)
    artwork: Artwork = board.artwork
    return technology_rules(load_technology(technology, Path()), len(board.layers), artwork.rdl_count)


def _companions(path: Path) -> dict[str, str]:
    found = {}
    for suffix in COMPANIONS:
        file = path.with_suffix(suffix)
        if file.exists():
            try:
                found[file.name] = read_bytes(file).decode()
            except UnicodeDecodeError:
                raise InputError("not UTF-8 text; save it again in KiCad", str(file)) from None
    return found
