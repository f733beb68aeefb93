"""The distance of two skeleton pieces with 60 digits, for the pairs that floats cannot decide, and where it is.

The circle of an arc is the one through its three stored points: its centre is a quotient of integers.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from typing import NamedTuple, TypeAlias

from kicad_rdl.geometry import Arc

Piece: TypeAlias = tuple[float, ...] | Arc
"""(ax, ay, bx, by), or an arc."""
Spot: TypeAlias = tuple[Decimal, Decimal]

CONTEXT = Context(prec=60)
NOTHING = Decimal("1e-25")
"""Differences below this are rounding of the 60 digits: the two numbers are equal."""


class Nearest(NamedTuple):
    """The distance, and where the two pieces are nearest."""

    distance: Decimal
    a: Spot
    b: Spot


class _Circle(NamedTuple):
    """An arc, counter-clockwise."""

    start: Spot
    end: Spot
    centre: Spot
    radius: Decimal

    def covers(self, direction: Spot) -> bool:
        s, e = _minus(self.start, self.centre), _minus(self.end, self.centre)
        after, before = _cross(s, direction), _cross(direction, e)
        if _cross(s, e) > 0:
            return after >= 0 and before >= 0
        return not (after < 0 and before < 0)

    def towards(self, direction: Spot) -> Spot:
        length = _length(direction)
        return (
            self.centre[0] + self.radius * direction[0] / length,
            self.centre[1] + self.radius * direction[1] / length,
        )


def nearest(a: Piece, b: Piece) -> Nearest:
    """The least distance of two pieces."""
    with localcontext(CONTEXT):
        spots = _candidates(_lift(a), _lift(b))
        return min((Nearest(_length(_minus(p, q)), p, q) for p, q in spots), key=lambda found: found.distance)


def gap(a: Piece, b: Piece, halves: float) -> tuple[Decimal, Nearest]:
    """Copper to copper: the skeleton distance less both half widths (their sum is ``halves``)."""
    found = nearest(a, b)
    with localcontext(CONTEXT):
        return found.distance - Decimal(halves), found


def below(measured: Decimal, limit: int) -> bool:
    """Whether a measured length is truly less than a limit."""
    with localcontext(CONTEXT):
        return measured < limit - NOTHING


def floor(measured: Decimal) -> int:
    """Rounded down to the nanometre, after removing the rounding of the 60 digits."""
    with localcontext(CONTEXT):
        return int((measured + NOTHING).to_integral_value(rounding=ROUND_FLOOR))


def _lift(piece: Piece) -> tuple[Spot, Spot] | _Circle:
    if not isinstance(piece, Arc):
        ax, ay, bx, by = (Decimal(value) for value in piece)
        return (ax, ay), (bx, by)
    s, m, e = piece.start, piece.mid, piece.end
    ax, ay = Decimal(m.x - s.x), Decimal(m.y - s.y)
    bx, by = Decimal(e.x - s.x), Decimal(e.y - s.y)
    d = 2 * (ax * by - ay * bx)
    a2, b2 = ax * ax + ay * ay, bx * bx + by * by
    ox, oy = (by * a2 - ay * b2) / d, (ax * b2 - bx * a2) / d
    start, end = (Decimal(s.x), Decimal(s.y)), (Decimal(e.x), Decimal(e.y))
    if d < 0:
        start, end = end, start
    return _Circle(start, end, (s.x + ox, s.y + oy), (ox * ox + oy * oy).sqrt())


def _candidates(a: tuple[Spot, Spot] | _Circle, b: tuple[Spot, Spot] | _Circle) -> list[tuple[Spot, Spot]]:
    """Pairs of points among which the nearest pair is."""
    if isinstance(a, _Circle) and not isinstance(b, _Circle):
        return [(p, q) for q, p in _candidates(b, a)]
    pairs = [(p, _onto(p, b)) for p in _ends(a)] + [(_onto(q, a), q) for q in _ends(b)]
    if isinstance(a, _Circle):
        assert isinstance(b, _Circle)
        return pairs + _between_circles(a, b)
    if isinstance(b, _Circle):
        return pairs + _line_to_circle(a, b)
    return pairs + _crossing(a, b)


def _ends(piece: tuple[Spot, Spot] | _Circle) -> tuple[Spot, Spot]:
    return (piece.start, piece.end) if isinstance(piece, _Circle) else piece


def _onto(p: Spot, piece: tuple[Spot, Spot] | _Circle) -> Spot:
    """The point of a piece that is nearest to p."""
    ends = _ends(piece)
    if isinstance(piece, _Circle):
        away = _minus(p, piece.centre)
        choices = [piece.towards(away), *ends] if any(away) and piece.covers(away) else list(ends)
        return min(choices, key=lambda spot: _length(_minus(p, spot)))
    start, end = ends
    d = _minus(end, start)
    length2 = d[0] * d[0] + d[1] * d[1]
    if length2 == 0:
        return start
    t = ((p[0] - start[0]) * d[0] + (p[1] - start[1]) * d[1]) / length2
    t = min(max(t, Decimal(0)), Decimal(1))
    return start[0] + t * d[0], start[1] + t * d[1]


def _crossing(a: tuple[Spot, Spot], b: tuple[Spot, Spot]) -> list[tuple[Spot, Spot]]:
    d, e = _minus(a[1], a[0]), _minus(b[1], b[0])
    turn = _cross(d, e)
    if turn == 0:
        return []
    between = _minus(b[0], a[0])
    t, u = _cross(between, e) / turn, _cross(between, d) / turn
    if not (0 <= t <= 1 and 0 <= u <= 1):
        return []
    spot = (a[0][0] + t * d[0], a[0][1] + t * d[1])
    return [(spot, spot)]


def _line_to_circle(line: tuple[Spot, Spot], circle: _Circle) -> list[tuple[Spot, Spot]]:
    start, d = line[0], _minus(line[1], line[0])
    length = _length(d)
    if length == 0:
        return []
    u = (d[0] / length, d[1] / length)
    to_centre = _minus(circle.centre, start)
    along = to_centre[0] * u[0] + to_centre[1] * u[1]
    foot = (start[0] + along * u[0], start[1] + along * u[1])
    off = _minus(foot, circle.centre)
    pairs: list[tuple[Spot, Spot]] = []
    if 0 <= along <= length and any(off) and circle.covers(off):
        pairs.append((foot, circle.towards(off)))
    chord2 = circle.radius * circle.radius - off[0] * off[0] - off[1] * off[1]
    if chord2 >= 0:
        for chord in (chord2.sqrt(), -chord2.sqrt()):
            spot = (foot[0] + chord * u[0], foot[1] + chord * u[1])
            if 0 <= along + chord <= length and circle.covers(_minus(spot, circle.centre)):
                pairs.append((spot, spot))
    return pairs


def _between_circles(a: _Circle, b: _Circle) -> list[tuple[Spot, Spot]]:
    d = _minus(b.centre, a.centre)
    apart = _length(d)
    if apart == 0:
        return []
    u = (d[0] / apart, d[1] / apart)
    pairs: list[tuple[Spot, Spot]] = []
    for sa in (1, -1):
        for sb in (1, -1):
            da, db = (sa * u[0], sa * u[1]), (sb * u[0], sb * u[1])
            if a.covers(da) and b.covers(db):
                pairs.append((a.towards(da), b.towards(db)))
    along = (apart * apart + a.radius * a.radius - b.radius * b.radius) / (2 * apart)
    up2 = a.radius * a.radius - along * along
    if up2 >= 0:
        for up in (up2.sqrt(), -up2.sqrt()):
            h = (along * u[0] - up * u[1], along * u[1] + up * u[0])
            if a.covers(h) and b.covers(_minus(h, d)):
                spot = (a.centre[0] + h[0], a.centre[1] + h[1])
                pairs.append((spot, spot))
    return pairs


def _minus(p: Spot, q: Spot) -> Spot:
    return p[0] - q[0], p[1] - q[1]


def _cross(p: Spot, q: Spot) -> Decimal:
    return p[0] * q[1] - p[1] * q[0]


def _length(p: Spot) -> Decimal:
    return (p[0] * p[0] + p[1] * p[1]).sqrt()
