"""Rip up and route again: connections with the longest detours look for a shorter way, others make room.

A connection that goes round others asks for the way that it would take through them; who stands there is taken out and
drawn anew, to its own end or to any free one. Whatever makes the sum shorter stays (ROAR in SURF did so, Dayan 1997).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence

from kicad_rdl.model.layout import Improvement
from kicad_rdl.route.corridors import corridors_of
from kicad_rdl.route.metric import Metric, distance, metric_of
from kicad_rdl.route.negotiate import FIRST_PRICE, Negotiation
from kicad_rdl.route.sketches import Sketches
from kicad_rdl.route.taut import Corridors, TautWires, tauten

PATIENCE = 100
"""Tries in vain, one after the other, after which the rest is taken for as good as it gets; and half a try for every
connection."""

PRICE_PATIENCE = 100
"""Tries in vain at one price, one after the other, after which it is asked no more."""

ROUNDS = 4
"""How often a connection may be looked at."""

WORTH = 1.01
"""A connection this much longer than straight is worth a try."""

LEAST = 1.0
"""A connection must be longer than straight by so much, in pitches of the traces."""

MOST_PUSHED = 6
"""Connections that may be pushed away for one."""

GAIN = 1000.0
"""What a change must bring [nm]."""

PRICES = (0.5, 3.0, 12.0)
"""Of pushing a connection, in pitches of the traces: from the straightest way to one that pushes few."""

DOUBT = 1.5
"""Ways are looked for whose detours together are up to this many times what all who are taken out could gain at most:
the search takes detours for longer than they are when they are pulled taut."""

FACES = 4000
"""Faces that a search looks at."""


def taut_lengths(sketches: Sketches, wires: Sequence[int]) -> dict[int, float]:
    """Lengths of some wires pulled taut beside all others [nm]; infinite where there is no way through."""
    found: dict[int, float] = {}
    for layer, tiles in enumerate(sketches.tiles):
        chosen = sketches.wires_on(layer, wires)
        if not chosen:
            continue
        beside = {gap for wire in chosen.values() for gap in wire.gaps}
        bare = {t for wire in chosen.values() if not wire.gaps for t in wire.triangles}
        beside |= {int(e) for t in bare for e in tiles.triangle_edges[t]}
        beside |= {
            int(e)
            for t in bare
            for edge in tiles.triangle_edges[t]
            for other in tiles.edge_triangles[edge]
            if other >= 0
            for e in tiles.triangle_edges[other]
        }
        orders = {gap: order for gap, order in sketches.orders_on(layer, sorted(beside)).items() if order}
        around = chosen | sketches.wires_on(
            layer, sorted({w for order in orders.values() for w in order} - set(chosen))
        )
        widths = {wire: float(sketches.book.width[wire]) for wire in around}
        space = float(sketches.ground.space[layer])
        corridors = corridors_of(tiles, around, orders, widths, space, {}, list(chosen))
        taut = tauten(corridors)
        found |= {wire: _length(corridors, taut, k, metric_of(tiles.octilinear)) for k, wire in enumerate(chosen)}
    return found


def _length(corridors: Corridors, taut: TautWires, k: int, metric: Metric) -> float:
    if taut.count[k] < 0:
        return math.inf
    x, y, tx, ty = corridors.ends[k].tolist()
    total = 0.0
    for index in range(int(taut.start[k]), int(taut.start[k]) + int(taut.count[k])):
        cx, cy, radius, side, _ = corridors.discs[taut.touch[index]].tolist()
        ex, ey, lx, ly = taut.points[index].tolist()
        total += distance(ex - x, ey - y, metric)
        if radius > 0:
            sweep = (math.atan2(ly - cy, lx - cx) - math.atan2(ey - cy, ex - cx)) * side % math.tau
            total += radius * sweep if sweep < math.tau - 1e-6 else 0.0
        x, y = lx, ly
    return total + distance(tx - x, ty - y, metric)


def improve(
    work: Negotiation, numbers: Sequence[int], step: Callable[[int, int], None], late: Callable[[], bool]
) -> Improvement:
    """Shortens connections, those with the longest detours first; what it brought.

    Args:
        work: the sketches.
        numbers: the connections that count; others may be pushed, but are not looked at.
        step: gets how many were looked at, of how many.
        late: says that time is up.
    """
    counted = set(numbers)
    lengths = _lengths(work, [n for n in numbers if n in work.wires])
    excess = {n: length - work.straight(n) for n, length in lengths.items()}
    worst = [(-more, n) for n, more in excess.items()]  # entries that ``excess`` no longer has are passed over
    heapq.heapify(worst)
    looked: dict[int, int] = {}
    in_vain = dict.fromkeys(PRICES, 0)
    begin = math.fsum(length for length in lengths.values() if length < math.inf)
    vain = turn = redrawn = 0
    total = len(excess)
    pitch = work.first_price / FIRST_PRICE
    patience = PATIENCE + total // 2
    while worst and vain < patience and not late():
        gone, number = heapq.heappop(worst)
        if excess.get(number) != -gone:
            continue
        del excess[number]
        if -gone < LEAST * pitch:
            break
        if number not in work.wires or lengths[number] < WORTH * work.straight(number):
            continue
        turn += 1
        step(min(turn, total), total)
        looked[number] = looked.get(number, 0) + 1
        changed = None
        vainly: set[bytes] = set()
        for price in [price for price in PRICES if in_vain[price] < PRICE_PATIENCE]:
            changed = _try(work, number, lengths, price * pitch, pitch, vainly)
            in_vain[price] = 0 if changed is not None else in_vain[price] + 1
            if changed is not None:
                break
        vain += 1
        if changed is None:
            continue
        vain = 0
        redrawn += 1
        work.forget()
        for n, length in changed.items():
            lengths[n] = length
            if looked.get(n, 0) < ROUNDS and n in counted:
                excess[n] = length - work.straight(n)
                heapq.heappush(worst, (-excess[n], n))
    end = math.fsum(length for length in lengths.values() if length < math.inf)
    return Improvement(redrawn, max(0.0, begin - end), stopped_early=late())


def _lengths(work: Negotiation, numbers: Sequence[int]) -> dict[int, float]:
    """Taut length of connections, with what their changes of layer cost [nm]."""
    found = taut_lengths(work.sketches, [w for n in numbers for w in work.wires[n]])
    return {
        n: math.fsum(found[w] for w in work.wires[n]) + work.wanted[n].via_price * (len(work.wires[n]) - 1)
        for n in numbers
    }


def _try(
    work: Negotiation, number: int, lengths: dict[int, float], price: float, pitch: float, vainly: set[bytes]
) -> dict[int, float] | None:
    """Draws one connection anew; the changed lengths, or None, and nothing has changed.

    Args:
        work, number, lengths: the sketches, the connection, and how long all are.
        price: of pushing others.
        pitch: of the traces.
        vainly: ways that it was drawn on since anything changed; the one that is tried now is added.
    """
    mark = work.keep()
    work.take_out(number)
    changed = _redrawn(work, number, lengths, price, pitch, vainly)
    if changed is None:
        work.back_to(mark)
    return changed


def _redrawn(
    work: Negotiation, number: int, lengths: dict[int, float], price: float, pitch: float, vainly: set[bytes]
) -> dict[int, float] | None:
    """As ``_try``, of a connection that has been taken out; where there is no gain, it leaves the work half done."""
    least = work.straight(number)  # to whatever end is nearest, for it has none now
    before, spare = lengths[number], lengths[number] - least
    limit = least + DOUBT * spare + 2 * pitch + 3 * price
    way = work.sketches.find(work.errand(number, price), price, limit, faces=FACES)
    if way is None:
        return None
    course = b"".join(part.tobytes() for leg in way.legs for part in leg)
    if course in vainly:  # another price, the same way
        return None
    vainly.add(course)
    pushed = work.push(number, way, MOST_PUSHED)
    if pushed is None or any(n not in lengths for n in pushed):
        return None  # a connection whose length does not count must not suffer for one
    nearest = {n: work.straight(n) for n in pushed}
    before += math.fsum(lengths[n] for n in pushed)
    spare += math.fsum(lengths[n] - nearest[n] for n in pushed)
    room = DOUBT * spare + 2 * pitch
    # those with one possible end go first, so that no other takes it
    for n in sorted(pushed, key=lambda n: (work.wanted[n].exclusive, nearest[n], n)):
        back = work.sketches.find(work.errand(n, 0.0), 0.0, nearest[n] + room, faces=FACES)
        if back is None or not work.fit(n, back):
            return None
        room -= max(0.0, back.cost - nearest[n])
    changed = _lengths(work, [number, *pushed])
    return changed if math.fsum(changed.values()) < before - GAIN else None
