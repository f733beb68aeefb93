"""The rows of the benchmark table: the input, what is asked of the result, and how the row is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from blackparrot import blackparrot_case
from bmap_sets import bmap_case
from caravel import caravel_case, drawn_by_hand
from cases import Case, write_job
from chiplets import chiplets_case
from contest import contest_case
from data import DATA
from given import LAYERS, given_case, most_of
from judge import Ends
from one_layer import one_layer_job
from peers import PEERS, most_on
from supply_heavy import supply_heavy
from worker import Outcome, routed_job

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@dataclass(frozen=True, slots=True)
class Goal:
    """Something asked of a result."""

    text: str
    met: Callable[[Outcome], bool]


Prepare: TypeAlias = Callable[[Path], Path]


@dataclass(frozen=True, slots=True)
class Row:
    """One input."""

    name: str
    prepare: Prepare
    """Writes the input into a folder and returns the job (or the board)."""
    must: tuple[Goal, ...]
    aim: tuple[Goal, ...] = ()
    ends: Ends = "edges"
    needs: Path | None = None
    """Folder of the public input; the row says so where it is absent."""
    board: bool = False
    """Routed by ``kicad-rdl route``."""
    full: bool = False
    """Only with ``--full``."""
    seconds: float = 300
    """Time limit."""

    fits: Callable[[], int] | None = None
    """The cut bound of a job."""

    def run(self, job: Path, folder: Path, picture: Path | None) -> Outcome:
        """The work of the row."""
        if self.board:
            from boards import routed_board

            return routed_board(job, folder, picture)
        outcome = routed_job(job, folder, self.ends, picture)
        return outcome if self.fits is None else replace(outcome, fits=self.fits())


ALL = Goal("100 %", lambda it: it.connected == it.nets)


def _legal(outcome: Outcome) -> bool:
    """No violation in either checker; KiCad may call unconnected what is told as open."""
    told = set(outcome.kicad.split(", ")) - {"clean", "-"}
    if not ALL.met(outcome):
        told = {part for part in told if not part.endswith(" unconnected_items")}
    return outcome.violations == 0 and not told


CLEAN = Goal("clean", _legal)


def within(ratio: float) -> Goal:
    """All nets within so many times the bound."""
    return Goal(f"<= {ratio:g} x bound", lambda it: ALL.met(it) and it.ratio is not None and it.ratio <= ratio)


def shorter(length: float, *, equal: bool = False) -> Goal:
    """All nets below (or at most) a length [mm]."""
    if equal:
        return Goal(f"<= {length:g} mm", lambda it: ALL.met(it) and it.length is not None and it.length <= length)
    return Goal(f"< {length:g} mm", lambda it: ALL.met(it) and it.length is not None and it.length < length)


def faster(seconds: float) -> Goal:
    """Routed within so many seconds, as long as this machine is the one of the issue."""
    return Goal(f"< {seconds:g} s", lambda it: it.route < seconds)


def whole(seconds: float) -> Goal:
    """Read, routed, checked and written within so many seconds."""
    return Goal(f"< {seconds:g} s in all", lambda it: it.whole < seconds)


def more(nets: int) -> Goal:
    """More nets than somebody else connected."""
    return Goal(f"> {nets} nets", lambda it: it.connected > nets)


def smaller(mebibytes: float) -> Goal:
    """Within so much memory."""
    return Goal(f"< {mebibytes / 1024:g} GiB", lambda it: it.peak < mebibytes)


def of(case: Callable[[], Case]) -> Prepare:
    """Writes the job of a case when it is asked for."""
    return lambda folder: write_job(case(), folder)


def _example(name: str) -> Row:
    return Row("example_" + Path(name).stem, lambda _: EXAMPLES / name, (CLEAN,))


def _free(signals: int) -> Row:
    return Row(
        f"one_layer_{signals}",
        lambda folder: one_layer_job(signals, folder),
        (ALL, CLEAN),
        full=signals > 1_000,
        seconds=600,
    )


def _given(nets: int, disorder: float) -> Row:
    aim: tuple[Goal, ...] = ()
    must: tuple[Goal, ...] = (CLEAN,)
    if nets == 10_000:
        aim = (ALL, faster(60), *((within(1.10),) if disorder == 0.1 else ()))
        must = (CLEAN, smaller(4096))
    elif disorder == 0:
        must = (ALL, CLEAN)
    else:
        aim = (ALL,)
    return Row(
        f"given_{nets}_d{disorder:g}",
        of(lambda: given_case(nets, disorder)),
        must,
        aim,
        fits=lambda: most_of(nets, disorder),
    )


def _caravel() -> Row:
    folder = DATA / "caravel_wlcsp_sky130"
    by_hand = drawn_by_hand(folder) if folder.exists() else 70.97
    return Row(
        "caravel_wlcsp",
        of(lambda: caravel_case(folder)),
        (ALL, CLEAN, shorter(round(by_hand, 2))),
        (shorter(63, equal=True),),
        "centres",
        folder,
    )


def _blackparrot(width: float, angles: str) -> Row:
    folder = DATA / "blackparrot_flipchip"
    must, aim = (ALL, CLEAN), ()
    if width == 6:
        must += (within(1.05 if angles == "any" else 1.027),)
        aim = (within(1.03 if angles == "any" else 1.015),)
    if width == 12:
        must, aim = (CLEAN,), (ALL, CLEAN)
    return Row(
        f"blackparrot_{width:g}_{angles}",
        of(lambda: blackparrot_case(folder, width, angles)),
        must,
        aim,
        "centres",
        folder,
    )


def _contest(name: str, angles: str) -> Row:
    return Row(f"{name}_{angles}", of(lambda: contest_case(name, angles)), (ALL, CLEAN, within(1.05)), (within(1.02),))


def _bmap(nets: int) -> Row:
    folder = DATA / "bmap_sets"
    return Row(f"bmap_{nets}", of(lambda: bmap_case(folder, nets)), (ALL, CLEAN), (within(1.03),), needs=folder)


def _peer(name: str) -> Row:
    folder, peer = DATA / "peer_boards", PEERS[name]
    nets, fits = int(name[1:].split("_")[0]), most_on(name)
    must = [CLEAN]
    if fits is None or fits == nets:
        must.insert(0, ALL)
    if fits is not None and peer.connected < nets:
        must.insert(0, more(peer.connected))
    if fits is None:
        must.append(shorter(peer.length))
        aim: tuple[Goal, ...] = (within(1.02), *((faster(20),) if nets == 1024 else ()))
    else:
        aim = (whole(peer.seconds / 10),)
    return Row(
        name, lambda _: folder / f"{name}.kicad_pcb", tuple(must), aim, "centres", folder, board=True, seconds=600
    )


def _supply_heavy(folder: Path) -> Path:
    bumps, job = supply_heavy()
    (folder / "supply_heavy_26.csv").write_text(bumps, encoding="utf-8")
    path = folder / "supply_heavy.toml"
    path.write_text(job, encoding="utf-8")
    return path


ROWS: Sequence[Row] = (
    _caravel(),
    *(_blackparrot(width, angles) for width in (4, 6, 8, 10, 12) for angles in ("any", "45")),
    *(_contest(name, angles) for name in ("test143", "test144") for angles in ("any", "45")),
    _bmap(15),
    _bmap(100),
    *(_given(nets, disorder) for nets in LAYERS for disorder in (0, 0.1, 0.5)),
    *map(_peer, PEERS),
    Row("chiplets", of(chiplets_case), (ALL, CLEAN)),
    Row("supply_heavy", _supply_heavy, (ALL, CLEAN)),
    *map(
        _example,
        (
            "caravel/fanout.toml",
            "caravel/fanout_2rdl.toml",
            "area_array/a16_2rdl.toml",
            "area_array/a16_3rdl.toml",
            "area_array/a32_2rdl.toml",
            "area_array/a32_3rdl.toml",
        ),
    ),
    *map(_free, (64, 256, 1_000, 2_000, 5_000, 10_000)),
)
