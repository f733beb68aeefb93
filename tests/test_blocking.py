"""Why something is open: planted walls are found, and nothing that is blamed has room."""

from __future__ import annotations

import re

import pytest

from kicad_rdl.geometry import Circle, Point
from kicad_rdl.route.blocking import Blockade
from kicad_rdl.route.engine import Connected, connect
from kicad_rdl.route.errands import Errand
from kicad_rdl.route.ground import Posted
from kicad_rdl.route.posts import LayerRules, Post, Request, Stand
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.tiles import Obstacle, build_tiles
from kicad_rdl.units import UM

LINE = SPACE = 10 * UM
HALF = 1000 * UM
PAD = 60 * UM


def post(name: str, net: str | None, x: int, y: int, size: int = PAD) -> Post:
    return Post(name, net, (Stand(1, Point(x, y), Circle(size)),), 1, 1)


def wall(gaps: int, wires_each: int, nets: int) -> tuple[list[Post], list[Request]]:
    """A row of pads from edge to edge with so many gaps, each for so many wires, and nets from below to above."""
    gap = wires_each * (LINE + SPACE) + SPACE + UM
    pads = gaps + 1
    # both ends of the row stand so near the outline that nothing passes there
    size = (2 * HALF - 2 * SPACE - gaps * gap) // pads
    posts = [post(f"wall{k}", None, -HALF + SPACE + size // 2 + k * (size + gap), 0, size) for k in range(pads)]
    high = size // 2 + 100 * UM
    requests = []
    for k in range(nets):
        x = -HALF + (k + 1) * 2 * HALF // (nets + 1)
        requests.append(
            Request(f"N{k}", (len(posts),), (len(posts) + 1,), (LINE,), (SPACE,)),
        )
        posts += [post(f"below{k}", f"N{k}", x, -high), post(f"above{k}", f"N{k}", x, high)]
    return posts, requests


def routed(posts: list[Post], requests: list[Request]) -> Connected:
    return connect(posts, [LayerRules(LINE, SPACE, SPACE)], requests, HALF, HALF)


@pytest.mark.parametrize(("gaps", "wires_each"), [(2, 1), (3, 1), (5, 1), (3, 2)])
def test_one_more_than_a_wall_lets_through(gaps: int, wires_each: int) -> None:
    """As many as the wall lets through are drawn; the reason of the one that is left is the whole wall."""
    fits = gaps * wires_each
    assert not routed(*wall(gaps, wires_each, fits)).open
    found = routed(*wall(gaps, wires_each, fits + 1))
    assert len(found.open) == 1
    (reason,) = found.open.values()
    parts = re.match(r"(\d+) full gaps? parts? its ends \((\d+) on layer 1\); (\d+) traces? runs? there", reason)
    assert parts is not None, reason
    assert int(parts[3]) == fits
    assert int(parts[1]) == gaps + 2  # and the two at the outline, which nothing passes
    assert "wall" in reason


def test_wires_in_between_are_named() -> None:
    """A closed way around a pad: no gap is full, but whoever wants in crosses it."""
    # four posts around a pad, joined to a ring by four wires of one net
    at = [(-300, -300), (300, -300), (300, 300), (-300, 300)]
    ring = [post(f"ring{k}", "RING", x * UM, y * UM) for k, (x, y) in enumerate(at)]
    posts = [*ring, post("inside", "A", 0, 0), post("outside", "A", 800 * UM, 0)]
    tiles = build_tiles(
        [Obstacle(p.stands[0].at, p.stands[0].shape, p.net, p.name) for p in posts], HALF, HALF, SPACE, SPACE
    )
    vertices = tuple(((0, k),) for k in range(len(posts)))
    sketches = Sketches([tiles], [float(SPACE)], Posted(vertices, ((0, 0),) * len(posts), (False,) * len(posts)))

    def errand(start: int, end: int) -> Errand:
        return Errand(((start, 0.0),), ((end, 0.0),), (float(LINE),), (0,), 0.0)

    for k in range(4):
        way = sketches.find(errand(k, (k + 1) % 4))
        assert way is not None
        sketches.draw(way, (float(LINE),))
    assert sketches.find(errand(4, 5)) is None
    blocking = Blockade(sketches).between((4,), (5,), errand(4, 5), 100.0 * LINE)
    assert not blocking.cut
    assert blocking.nowhere is None
    assert blocking.crossed
    assert set(blocking.crossed) <= set(sketches.alive)
