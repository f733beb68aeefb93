"""What changed: laws on random maps, and every kind of change by an example."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sources import packages

from kicad_rdl.diff.changes import Comparison, Difference, Kind, compare
from kicad_rdl.diff.forms import difference_csv, difference_data, difference_words
from kicad_rdl.geometry import Circle, Point, Rectangle
from kicad_rdl.model.die import Bump, Die, PlacedDie
from kicad_rdl.model.source import Source, SourceBall

relaxed = settings(deadline=None, max_examples=25)


def bump(name: str, x: int, y: int, net: str | None = None, ball: str | None = None) -> Bump:
    return Bump(name, Point(x * 1000, y * 1000), net, Circle(35_000), ball)


def source(*bumps: Bump, name: str = "chip", mirrored: bool = False, balls: tuple[SourceBall, ...] = ()) -> Source:
    return Source((PlacedDie(Die(name, 2_000_000, 2_000_000, bumps), mirrored=mirrored),), balls)


MAP = (
    bump("1", 0, 0, "a"),
    bump("2", 100, 0, "b"),
    bump("3", 200, 0, "VSS"),
    bump("4", 300, 0, "VSS"),
    bump("5", 400, 50),
)


def only(difference: Difference) -> tuple[tuple[Kind, ...], str | None, str | None]:
    (change,) = difference.changes
    return change.kinds, change.old and change.old.name, change.new and change.new.name


# --- laws ------------------------------------------------------------------------------------------------------------


@relaxed
@given(packages())
def test_nothing_differs_from_itself(one: Source) -> None:
    assert compare(one, one, Comparison(0, shapes=True)).is_empty


@relaxed
@given(packages(), packages())
def test_there_and_back_are_opposites(one: Source, other: Source) -> None:
    there, back = compare(one, other), compare(other, one)

    def told(difference: Difference, kind: Kind) -> int:
        return sum(kind in change.kinds for change in difference.changes)

    assert there.is_empty == back.is_empty
    assert told(there, Kind.ADDED) == told(back, Kind.GONE)
    assert told(there, Kind.GONE) == told(back, Kind.ADDED)
    assert told(there, Kind.NET) == told(back, Kind.NET)


@relaxed
@given(packages(), packages())
def test_every_contact_is_told_once_at_most_and_the_forms_agree(one: Source, other: Source) -> None:
    found = compare(one, other)
    for side in ("old", "new"):
        names = [(change.group, getattr(change, side).name) for change in found.changes if getattr(change, side)]
        assert len(names) == len(set(names))
    rows = list(csv.DictReader(io.StringIO(difference_csv(found))))
    shifted = sum(row["change"] == "shifted" for row in rows)
    assert len(rows) - shifted == len(found.changes) == len(difference_data(found)["changes"])
    words = list(difference_words(found))
    assert len(words) == len(found.notes) + len(found.placements) + shifted + len(found.changes) + len(found.groups)


@relaxed
@given(st.integers(0, 10**6))
def test_planted_changes_are_found(seed: int) -> None:
    """On a map of far-apart bumps, each planted change is told, and nothing else."""
    chance = Random(seed)
    bumps = [bump(f"b{k}", 40 * (k % 20) - 400, 40 * (k // 20) - 400, f"n{k}") for k in range(60)]
    picked = chance.sample(range(60), 8)
    changed = list(bumps)
    gone, renamed, moved, other = picked[:2], picked[2:4], picked[4:6], picked[6:]
    for k in renamed:
        changed[k] = replace(bumps[k], name=f"x{k}")
    for k in moved:
        changed[k] = replace(bumps[k], at=bumps[k].at + Point(chance.randint(2, 900), 0))
    for k in other:
        changed[k] = replace(bumps[k], net=f"m{k}")
    kept = [each for k, each in enumerate(changed) if k not in gone] + [bump("new", 900, 900, "nn")]
    chance.shuffle(kept)
    found = compare(source(*bumps), source(*kept))
    assert sorted((change.kinds, change.old.name if change.old else "") for change in found.changes) == sorted(
        [((Kind.GONE,), f"b{k}") for k in gone]
        + [((Kind.RENAMED,), f"b{k}") for k in renamed]
        + [((Kind.MOVED,), f"b{k}") for k in moved]
        + [((Kind.NET,), f"b{k}") for k in other]
        + [((Kind.ADDED,), "")]
    )


# --- examples --------------------------------------------------------------------------------------------------------


def test_moved_and_by_how_much() -> None:
    found = compare(source(*MAP), source(replace(MAP[0], at=Point(3_000, -4_000)), *MAP[1:]))
    assert only(found) == ((Kind.MOVED,), "1", "1")
    assert found.changes[0].shift == Point(3_000, -4_000)
    assert list(difference_words(found)) == [
        "moved: bump 1: 5 um (+3, -4) to 3, -4 um",
        "die chip: 5 bumps in the old map, 5 in the new one: 1 moved",
    ]
    assert difference_csv(found).splitlines()[1] == "moved,chip,1,1,0,0,3,-4,3,-4,5.000,a,a,,,circle 35,circle 35"


def test_the_tolerance_is_not_moved() -> None:
    new = source(replace(MAP[0], at=Point(3_000, -4_000)), *MAP[1:])
    assert compare(source(*MAP), new, Comparison(5_000)).is_empty
    assert not compare(source(*MAP), new, Comparison(4_999)).is_empty


def test_renamed_is_found_by_its_place() -> None:
    found = compare(source(*MAP), source(replace(MAP[2], name="77", net="VDD"), *MAP[:2], *MAP[3:]))
    assert only(found) == ((Kind.RENAMED, Kind.NET), "3", "77")


def test_renamed_and_moved_is_found_by_its_net() -> None:
    found = compare(source(*MAP), source(bump("77", 7, 7, "a"), *MAP[1:]))
    assert only(found) == ((Kind.RENAMED, Kind.MOVED), "1", "77")


def test_several_of_one_net_are_not_guessed() -> None:
    found = compare(source(*MAP), source(*MAP[:2], bump("x", 7, 7, "VSS"), bump("y", 9, 9, "VSS"), MAP[4]))
    assert [change.kinds[0] for change in found.changes] == [Kind.GONE, Kind.GONE, Kind.ADDED, Kind.ADDED]


def test_a_ball_that_is_assigned() -> None:
    old, new = source(*MAP[1:], bump("1", 0, 0, "a", "A1")), source(*MAP[1:], bump("1", 0, 0, "a", "B1"))
    assert only(compare(old, new)) == ((Kind.BALL,), "1", "1")
    assert compare(old, source(*MAP)).is_empty  # a map without any ball says nothing of them


def test_shapes_only_when_asked() -> None:
    new = source(replace(MAP[0], shape=Rectangle(10, 20)), *MAP[1:])
    assert compare(source(*MAP), new).is_empty
    assert only(compare(source(*MAP), new, Comparison(shapes=True))) == ((Kind.SHAPE,), "1", "1")
    all_new = source(*(replace(each, shape=Rectangle(10, 20)) for each in MAP))
    words = list(difference_words(compare(source(*MAP), all_new, Comparison(shapes=True))))
    assert words[0] == "shape: 5 bumps of die chip (1, 2, 3, 4, 5): circle 35 -> rectangle 0.01 x 0.02"
    assert len(words) == 2


def test_a_shift_of_most_is_told_once() -> None:
    step = Point(10_000, 20_000)
    new = [replace(each, at=each.at + step) for each in MAP]
    found = compare(source(*MAP), source(*new))
    assert (found.groups[0].shift, found.changes) == (step, ())
    assert not found.is_empty
    assert "die chip: all shifted by 22.361 um (+10, +20)" in next(iter(difference_words(found)))
    assert compare(source(*MAP), source(*new), Comparison(align=True)).is_empty
    new[0] = replace(new[0], at=new[0].at + Point(1_000, 0), name="zz")
    assert only(compare(source(*MAP), source(*new))) == ((Kind.RENAMED, Kind.MOVED), "1", "zz")


def test_either_face_compares() -> None:
    other = source(*(replace(each, at=Point(-each.at.x, each.at.y)) for each in MAP), mirrored=True)
    assert compare(source(*MAP), other).is_empty
    moved = source(
        *(replace(each, at=Point(-each.at.x - 5_000 * (each.name == "1"), each.at.y)) for each in MAP), mirrored=True
    )
    assert compare(source(*MAP), moved).changes[0].shift == Point(5_000, 0)  # as the old map shows it
    assert compare(moved, source(*MAP)).changes[0].shift == Point(5_000, 0)


def test_balls_are_a_group_of_their_own() -> None:
    balls = (SourceBall("A1", Point(0, 0), "a"), SourceBall("A2", Point(500, 0), None))
    new = (SourceBall("A1", Point(0, 0), None), SourceBall("A2", Point(500, 0), "a"))
    found = compare(source(*MAP, balls=balls), source(*MAP, balls=new))
    assert [(change.group, change.kinds) for change in found.changes] == [("balls", (Kind.NET,))] * 2
    assert list(difference_words(found))[:2] == ["net: ball A1: net a -> no net", "net: ball A2: net no net -> a"]
    assert compare(source(*MAP, balls=balls), source(*MAP)).notes == (
        "only the old file has balls; they are not compared",
    )


def test_dies_are_paired_by_name() -> None:
    dies = tuple(PlacedDie(Die(name, 2_000_000, 2_000_000, MAP), Point(k, 0)) for k, name in enumerate("abc"))
    old, new = Source(dies), Source((dies[2], dies[0], replace(dies[1], at=Point(9_000, 0), quarters=1)))
    found = compare(old, new)
    assert found.changes == ()
    assert found.placements == ("die b: placed 8.999 um, 0 um further", "die b: turned by 90 degrees")
    gone = compare(old, Source(dies[:2]))
    assert {(change.group, change.kinds) for change in gone.changes} == {("c", (Kind.GONE,))}
    assert len(gone.changes) == len(MAP)


@pytest.mark.parametrize("count", [5_000])
def test_large_maps(count: int) -> None:
    bumps = [
        Bump(f"b{k}", Point(k % 200 * 5_000 - 900_000, k // 200 * 5_000 - 900_000), None, Circle(10))
        for k in range(count)
    ]
    found = compare(source(*bumps), source(*(replace(each, name=f"c{each.name}") for each in bumps)))
    assert all(change.kinds == (Kind.RENAMED,) for change in found.changes)
    assert len(found.changes) == count
