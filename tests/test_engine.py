"""Posts and requests that go to the engine as they are, without a board around them."""

from __future__ import annotations

from kicad_rdl.geometry import Circle, Point
from kicad_rdl.route.engine import Connected, connect
from kicad_rdl.route.posts import LayerRules, Post, Request, Stand

UM = 1_000
LINE = SPACE = 20 * UM
HALF = 1_000 * UM
RING = [(-100, -100), (0, -100), (100, -100), (100, 0), (100, 100), (0, 100), (-100, 100), (-100, 0)]
"""Around a pad, without room for a wire between."""


def post(name: str, net: str | None, x: int, y: int, size: int, via: bool = False) -> Post:
    """A pad on layer 1, with room for a through via if asked for."""
    stands = tuple(Stand(layer, Point(x * UM, y * UM), Circle(size * UM)) for layer in ((1, 2) if via else (1,)))
    return Post(name, net, stands, 1, 1, through=True)


def below(name: str, net: str | None, x: int, y: int, size: int) -> Post:
    """A pad on layer 2."""
    return Post(name, net, (Stand(2, Point(x * UM, y * UM), Circle(size * UM)),), 2, 2, through=True)


def routed(posts: list[Post], requests: list[Request]) -> Connected:
    rules = [LayerRules(LINE, SPACE, SPACE)] * 2
    return connect(posts, rules, requests, HALF, HALF)


def request(net: str, start: int, end: int) -> Request:
    return Request(net, (start,), (end,), (LINE, LINE), (SPACE, SPACE))


def test_no_wire_goes_around_a_via_that_does_not_stand() -> None:
    """The via that net X might have had stands in the only gap for net A; X cannot be connected, so A has the gap."""
    wall = [below(f"wall{k}", None, x, 0, 100) for k, x in enumerate(range(-950, 1_000, 100)) if x != 50]
    shut = [post(f"shut{k}", None, 500 + x, 500 + y, 100) for k, (x, y) in enumerate(RING)]
    posts = [
        *wall,
        *shut,
        post("X1", "X", 50, 0, 60, via=True),
        post("X2", "X", 500, 500, 60),
        below("A1", "A", -300, -400, 60),
        below("A2", "A", -300, 400, 60),
    ]
    count = len(posts)
    found = routed(posts, [request("X", count - 4, count - 3), request("A", count - 2, count - 1)])
    assert set(found.open) == {0}
    assert {wire.request for wire in found.wires} == {1}
