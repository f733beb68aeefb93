"""The best octilinear link between two points of a trace: at most three pieces that keep clear of all other copper.

Two points apart by S along an axis and T along a diagonal are joined, at the least octilinear length, by any way that
runs in these two directions only: axis then diagonal, diagonal then axis, or one of them split around the other. Where
the split part runs is found by leaning on what blocks it: traces that turn side by side come to lie side by side.
Among ways of one length the one with the fewest turns is best, and the one that is longest within its own terminals:
copper there costs nothing. No link passes an obstacle on another side than the way before.
"""

from __future__ import annotations

import math

import numpy as np

from kicad_rdl.route.compiled import compiled
from kicad_rdl.route.copperfield import FREE, OUTSIDE, blocker

HIDDEN = 2.5
"""What a width of trace within its own terminal takes off the price, in turns."""

CHEAPER = 0.1
"""A link in place of others must cost less by this."""

LEANS = 24
"""How often a split part may be moved away from what blocks it."""

FORBIDDEN = 1.0e6
"""Price of a turn beyond a right angle."""


@compiled
def turn_price(ux, uy, vx, vy):  # type: ignore[no-untyped-def]
    """Price of the turn between two directions: 1 for an eighth, 2.6 for a quarter; none before the first piece."""
    if (ux == 0.0 and uy == 0.0) or (vx == 0.0 and vy == 0.0):
        return 0.0
    dot, cross = ux * vx + uy * vy, ux * vy - uy * vx
    if cross == 0.0 and dot > 0.0:
        return 0.0
    angle = abs(math.atan2(cross, dot)) * 4.0 / math.pi
    if angle <= 1.001:
        return max(angle, 0.2)
    if angle <= 2.0001:
        return 1.0 + 1.6 * (angle - 1.0)
    return FORBIDDEN


@compiled
def _chain_price(points, count, before, after):  # type: ignore[no-untyped-def]
    price = 0.0
    ux, uy = before[0], before[1]
    for i in range(count - 1):
        vx, vy = points[i + 1, 0] - points[i, 0], points[i + 1, 1] - points[i, 1]
        if vx == 0.0 and vy == 0.0:
            continue
        price += turn_price(ux, uy, vx, vy)
        ux, uy = vx, vy
    return price + turn_price(ux, uy, after[0], after[1])


@compiled
def _blocked(arrays, own, points, count):  # type: ignore[no-untyped-def]
    """Index of a piece that is not free and what blocks it; (-1, FREE) where all are. The second piece goes first."""
    for i in range(count - 1):
        k = (i + 1) % (count - 1)
        ax, ay, bx, by = points[k, 0], points[k, 1], points[k + 1, 0], points[k + 1, 1]
        if ax != bx or ay != by:
            s = blocker(arrays, own, ax, ay, bx, by)
            if s != FREE:
                return k, s
    return -1, FREE


@compiled
def _within(pad, x, y, u, v):  # type: ignore[no-untyped-def]
    """How far a piece runs in a pad before it leaves it [nm]; places from its middle, the first is inside."""
    dx, dy = u - x, v - y
    length = math.hypot(dx, dy)
    if length == 0.0:
        return 0.0
    part = 1.0
    if pad[2] > 0.0:
        a, b, c = dx * dx + dy * dy, x * dx + y * dy, x * x + y * y - pad[0] * pad[0]
        part = (math.sqrt(max(b * b - a * c, 0.0)) - b) / a
    else:
        if dx != 0.0:
            part = min(part, (math.copysign(pad[0], dx) - x) / dx)
        if dy != 0.0:
            part = min(part, (math.copysign(pad[1], dy) - y) / dy)
    return min(max(part, 0.0), 1.0) * length


@compiled
def hidden_length(pads, points, count, first, last):  # type: ignore[no-untyped-def]
    """Length of a way within the pads in which it begins and ends [nm].

    Args:
        pads: [2, 3] half width and half height of the pads at both ends of the wire, and 1 where it is round; zeros
            for none.
        points, count: the corners.
        first, last: whether the way begins at the first end, and ends at the last one.
    """
    total = 0.0
    for end in range(2):
        pad = pads[end]
        if pad[0] == 0.0 or not (first if end == 0 else last):
            continue
        start = points[0] if end == 0 else points[count - 1]
        for i in range(count - 1):
            a, b = (i, i + 1) if end == 0 else (count - 1 - i, count - 2 - i)
            x, y = points[a, 0] - start[0], points[a, 1] - start[1]
            u, v = points[b, 0] - start[0], points[b, 1] - start[1]
            total += _within(pad, x, y, u, v)
            outside = math.hypot(u, v) >= pad[0] if pad[2] > 0.0 else max(abs(u) - pad[0], abs(v) - pad[1]) >= 0.0
            if outside:
                break
    return total


@compiled
def winds_round(pins, numbers, own, chain, points, count):  # type: ignore[no-untyped-def]
    """Whether a way passes one of the pins on another side than the chain from and to the same points does.

    Args:
        pins, numbers: places from left to right, and the vertices that they are.
        own: see ``blocker``; its terminals are no pins.
        chain, points, count: the ways.
    """
    size = len(chain)
    left, right, low, high = chain[0, 0], chain[0, 0], chain[0, 1], chain[0, 1]
    for k in range(1, size):
        left, right = min(left, chain[k, 0]), max(right, chain[k, 0])
        low, high = min(low, chain[k, 1]), max(high, chain[k, 1])
    for k in range(count):
        left, right = min(left, points[k, 0]), max(right, points[k, 0])
        low, high = min(low, points[k, 1]), max(high, points[k, 1])
    for p in range(np.searchsorted(pins[:, 0], left), len(pins)):
        px, py = pins[p, 0], pins[p, 1]
        if px > right:
            break
        if py < low or py > high or numbers[p] == own[2] or numbers[p] == own[3]:
            continue
        turns = 0
        for k in range(size + count - 2):
            # there along the chain, back along the way
            if k < size - 1:
                ax, ay, bx, by = chain[k, 0], chain[k, 1], chain[k + 1, 0], chain[k + 1, 1]
            else:
                j = count - 1 - (k - size + 1)
                ax, ay, bx, by = points[j, 0], points[j, 1], points[j - 1, 0], points[j - 1, 1]
            if (ay > py) != (by > py):
                side = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
                if by > ay and side > 0.0:
                    turns += 1
                elif by < ay and side < 0.0:
                    turns -= 1
        if turns != 0:
            return True
    return False


@compiled
def _direction(points, piece):  # type: ignore[no-untyped-def]
    """Of a piece of a wire; zero beyond its ends."""
    found = np.zeros(2)
    if 0 <= piece < len(points) - 1:
        found[0], found[1] = points[piece + 1, 0] - points[piece, 0], points[piece + 1, 1] - points[piece, 1]
    return found


@compiled
def price_of(own, pads, points, first, last):  # type: ignore[no-untyped-def]
    """Price of a wire from one corner to another, with the turns at both."""
    way = points[first : last + 1]
    price = _chain_price(way, len(way), _direction(points, first - 1), _direction(points, last))
    hidden = hidden_length(pads, way, len(way), first == 0, last == len(points) - 1)
    return price - HIDDEN * hidden / max(2.0 * own[0], 1.0)


@compiled
def best_link(arrays, own, pads, pins, numbers, wire, start, stop, most, pieces):  # type: ignore[no-untyped-def]
    """The link of least price below ``most``; returns (price, points, how many), how many is 0 for none.

    Args:
        arrays, own: see ``blocker``.
        pads: see ``hidden_length``.
        pins, numbers: see ``winds_round``.
        wire: [n, 2] corners of the wire, on the grid [nm].
        start, stop: the corners that are to be linked.
        most: price to stay below.
        pieces: 2 or 3, how many the link may have.
    """
    chain = wire[start : stop + 1]
    before, after = _direction(wire, start - 1), _direction(wire, stop)
    at_start, at_end = start == 0, stop == len(wire) - 1
    ax, ay, bx, by = chain[0, 0], chain[0, 1], chain[-1, 0], chain[-1, 1]
    worth = HIDDEN / max(2.0 * own[0], 1.0)
    best = np.zeros((4, 2))
    points = np.zeros((4, 2))
    best_price, best_count = most, 0
    dx, dy = bx - ax, by - ay
    wide, high = abs(dx), abs(dy)
    sx = 1.0 if dx > 0 else -1.0
    sy = 1.0 if dy > 0 else -1.0
    diagonal = min(wide, high)
    axis = max(wide, high) - diagonal
    # steps of one nanometre of axis part, of diagonal part
    px, py = (sx, 0.0) if wide >= high else (0.0, sy)
    qx, qy = sx, sy
    points[0, 0], points[0, 1] = ax, ay
    straight = axis == 0.0 or diagonal == 0.0
    for first in range(1 if straight else 2):
        if straight:
            points[1, 0], points[1, 1] = bx, by
        elif first == 0:
            points[1, 0], points[1, 1] = ax + axis * px, ay + axis * py
        else:
            points[1, 0], points[1, 1] = ax + diagonal * qx, ay + diagonal * qy
        points[2, 0], points[2, 1] = bx, by
        count = 2 if straight else 3
        price = _chain_price(points, count, before, after) - worth * hidden_length(
            pads, points, count, at_start, at_end
        )
        if (
            price < best_price
            and _blocked(arrays, own, points, count)[0] < 0
            and not winds_round(pins, numbers, own, chain, points, count)
        ):
            best_price, best_count = price, count
            best[:3] = points[:3]
    if best_count > 0 or pieces < 3 or straight:
        return best_price, best, best_count
    xy, reach = arrays[4], arrays[5]
    # no piece shorter than the trace is wide
    least = math.ceil(2.0 * own[0])
    most_hidden = 0.0
    for end in range(2):
        most_hidden += worth * (math.hypot(pads[end, 0], pads[end, 1]) if pads[end, 2] == 0.0 else 1.1 * pads[end, 0])
    for kind in range(2):
        # kind 0: axis, diagonal, axis; kind 1: diagonal, axis, diagonal
        if kind == 0:
            size, ux, uy, mx, my, middle = axis, px, py, qx, qy, diagonal
        else:
            size, ux, uy, mx, my, middle = diagonal, qx, qy, px, py, axis
        # c(P): how far along u the line through P in direction m is; one step of u is det / |m| off that line
        det = ux * my - uy * mx
        stretch = math.hypot(mx, my) / abs(det)
        if size < 2.0 * least:
            continue
        # the turns do not depend on where the middle part runs
        points[1, 0], points[1, 1] = ax + least * ux, ay + least * uy
        points[2, 0], points[2, 1] = points[1, 0] + middle * mx, points[1, 1] + middle * my
        points[3, 0], points[3, 1] = bx, by
        turns = _chain_price(points, 4, before, after)
        if turns - most_hidden >= best_price:
            continue
        for sweep in range(4):
            direction = 1.0 if sweep % 2 == 0 else -1.0
            if sweep == 0:
                c = least
            elif sweep == 1:
                c = size - least
            else:
                c = math.floor(size / 2)
            found = False
            for _ in range(LEANS):
                if c < least or c > size - least:
                    break
                points[1, 0], points[1, 1] = ax + c * ux, ay + c * uy
                points[2, 0], points[2, 1] = points[1, 0] + middle * mx, points[1, 1] + middle * my
                piece, s = _blocked(arrays, own, points, 4)
                if s == FREE:
                    price = turns - worth * hidden_length(pads, points, 4, at_start, at_end)
                    if price < best_price and not winds_round(pins, numbers, own, chain, points, 4):
                        best_price, best_count = price, 4
                        best[:4] = points[:4]
                        found = True
                    break
                if piece == 1 and s == OUTSIDE:
                    break
                if piece != 1:
                    # the ends of the link are blocked: look on, a little farther
                    c = c + direction * max(1.0, math.floor(size / LEANS))
                    continue
                low, high_end = math.inf, -math.inf
                for e in range(2):
                    ex, ey = xy[s, 2 * e] - ax, xy[s, 2 * e + 1] - ay
                    along = (ex * my - ey * mx) / det
                    low, high_end = min(low, along), max(high_end, along)
                keep = (reach[s] + own[0]) * stretch
                c = math.ceil(high_end + keep) if direction > 0 else math.floor(low - keep)
            if found:
                break
    return best_price, best, best_count


@compiled
def better_link(arrays, own, pads, pins, numbers, points, first, span):  # type: ignore[no-untyped-def]
    """The next link, from a corner on, that costs less than the pieces of a wire which it replaces.

    Args:
        arrays, own, pads, pins, numbers, points: see ``best_link``.
        first: the corner to begin with.
        span: pieces that a link may replace.

    Returns:
        First and last corner, points and how many; none where nothing is better.
    """
    for begin in range(first, len(points) - 2):
        for end in range(min(begin + span, len(points) - 1), begin + 1, -1):
            most = price_of(own, pads, points, begin, end) - CHEAPER
            _, link, count = best_link(arrays, own, pads, pins, numbers, points, begin, end, most, 3)
            if count > 0:
                return begin, end, link, count
    return 0, 0, np.zeros((4, 2)), 0
