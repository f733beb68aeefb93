"""Given connections drawn one after the other; who stands in the way goes again (negotiated congestion).

A connection takes the cheapest way there is; crossing another or overfilling a gap has a price, and whoever is crossed
or squeezed out is drawn anew. What was pushed away often gets dearer to push, and gaps that were too narrow get
dearer to pass (McMurchie and Ebeling, PathFinder, 1995). Every step leaves legal sketches. Where the best state leaves
something open, further steps count only if they leave no more open than before.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import numpy as np
import numpy.typing as npt

from kicad_rdl.route.choices import Choice
from kicad_rdl.route.errands import Errand, Way
from kicad_rdl.route.groups import Groups
from kicad_rdl.route.sketches import FACES as ALL_FACES
from kicad_rdl.route.sketches import Sketches

PUSHES = 30
"""How many ways are drawn at most, for every connection there is."""

PATIENCE = 2
"""Ways drawn without gain after which no more are tried, for every connection there is; and 300 more."""

VAIN = 10
"""Ways drawn without gain after which no more change places, in units of ``PUSHES``."""

FACES = 30_000
FACES_EACH = 10
"""Faces that a search looks at, or so many for every connection there is, whichever is more: beyond that the way is so
bad that another order of drawing serves better."""

NEAR_FACES = 3_000
"""Likewise where a connection that was pushed looks for room beside."""

SHUT_IN = 300
"""Faces around the ends of a connection that are looked at before its way is searched from its starts: a search from
outside into what is shut in would look at everything outside first."""

MANY = 2_000
STRETCH = 1.02
"""Among more connections than that, a way may cost so many times the cheapest: long searches look at half the faces."""

FIRST_PRICE = 6.0
"""Price of the first push, in pitches of the traces."""

EXCHANGE_PRICES = (1.0, 3.0)
"""Of a push where at most one may stay open for it, in first prices, in turn: where short ways past many bring nothing
more, longer ones past few still may, and then short ones again."""

WORTH = 0.02
"""Part of the open connections that exchanges at one price must draw to have been worth it."""

VIA_PRICE = 2.0
"""Price of a change of layer where none is given, in pitches of the traces."""

DEARER = 0.5
"""By how much of its first price a connection gets dearer each time it is pushed."""

NEAREST = 10
"""Ends that a connection with many considers."""

TRIES = 3
"""How often a connection comes back that found no way, or could not push away what it squeezes."""


def booked_width(width: int, space: int, usual: int) -> float:
    """Width of a trace with what its class keeps on both sides beyond the usual space of the layer [nm]."""
    return float(width + 2 * max(0, space - usual))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A connection to be drawn.

    Attributes:
        starts, ends: posts; any of them will do.
        widths: [layers] of the trace, with the extra space of its class [nm].
        layers: from 0.
        via_price: of one change of layer [nm].
        exclusive: an end serves one connection only.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    widths: tuple[float, ...]
    layers: tuple[int, ...]
    via_price: float
    exclusive: bool = False


@dataclass(slots=True)
class Negotiation:
    """Connections on their sketches: who is drawn with which wires, and what pushing it costs."""

    sketches: Sketches
    wanted: list[Wanted]
    first_price: float
    """Of pushing a connection for the first time [nm]."""
    prefers: Mapping[int, int] = field(default_factory=dict)
    """Post -> the connection that is meant to have it."""
    wires: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Connection -> its wires, leg by leg."""
    owner: dict[int, int] = field(default_factory=dict)
    """Wire -> connection; wires that belong to none stay."""
    end: dict[int, int] = field(default_factory=dict)
    """Connection -> the post on which it ends."""
    claims: dict[int, int] = field(default_factory=dict)
    """Post -> the connection that has it, of ends that serve one only."""
    pushed: dict[int, int] = field(default_factory=dict)
    """How often a connection was pushed."""
    joined: Sequence[tuple[int, int]] = ()
    """Posts that copper joins which is there already."""
    _log: list[tuple[int, tuple[int, ...], int, bool]] = field(default_factory=list)
    _choices: dict[int, Choice] = field(default_factory=dict)
    """Ends of connections by their identity."""
    _taken: npt.NDArray[np.bool_] = field(init=False)
    """[posts] whether it is among ``claims``."""

    def __post_init__(self) -> None:
        self._taken = np.zeros(len(self.sketches.posted.vertices), np.bool_)

    def pieces(self) -> Groups:
        """Which posts copper joins: the wires, and what was there before."""
        pieces = Groups(len(self.sketches.posted.vertices))
        for one, other in self.joined:
            pieces.join(one, other)
        for wire in self.owner:
            pieces.join(*self.sketches.ends_of(wire))
        return pieces

    def adopt(self, number: int, wires: Sequence[int], end: int) -> None:
        """Books wires that are drawn already."""
        self._book(number, tuple(wires), end)

    def draw(self, number: int, way: Way) -> tuple[int, ...]:
        """Draws a way of a connection."""
        wanted = self.wanted[number]
        made = tuple(self.sketches.draw(way, wanted.widths, 1.0 + DEARER * self.pushed.get(number, 0)))
        end = int(self.sketches.ground.post[way.end])
        self._book(number, made, end)
        self._log.append((number, made, end, True))
        return made

    def fit(self, number: int, way: Way) -> bool:
        """Draws a way that pushes nobody; False, and nothing is changed: a via of it stands in its own way."""
        mark = self.keep()
        wires = self.draw(number, way)
        if len(wires) == 1 or self.sketches.squeezed_out(wires) == []:
            return True
        self.back_to(mark)
        return False

    def take_out(self, number: int) -> None:
        """Removes all wires of a connection."""
        wires, end = self.wires[number], self.end[number]
        for wire in wires:
            self.sketches.remove(wire)
        self._strike(number)
        self._log.append((number, wires, end, False))

    def relieve(self) -> None:
        """Takes out connections until no gap and no diagonal is overfull."""
        for wire in sorted(self.sketches.alive):
            if wire not in self.sketches.alive:
                continue
            gone = self.sketches.squeezed_out([wire])
            for number in [self.owner[wire]] if gone is None else sorted({self.owner[w] for w in gone}):
                self.take_out(number)

    def _book(self, number: int, wires: tuple[int, ...], end: int) -> None:
        self.wires[number], self.end[number] = wires, end
        self.owner |= dict.fromkeys(wires, number)
        if self.wanted[number].exclusive:
            self._claim(end, number)

    def _strike(self, number: int) -> None:
        for wire in self.wires.pop(number):
            del self.owner[wire]
        end = self.end.pop(number)
        if self.claims.get(end) == number:
            del self.claims[end]
            self._taken[end] = False

    def _claim(self, end: int, number: int) -> None:
        self.claims[end] = number
        self._taken[end] = True

    def keep(self) -> tuple[int, int]:
        """The present state, to come back to."""
        return len(self._log), self.sketches.keep()

    def back_to(self, mark: tuple[int, int]) -> None:
        """Undoes everything since the mark."""
        while len(self._log) > mark[0]:
            number, wires, end, drawn = self._log.pop()
            if drawn:
                self._strike(number)
            else:
                self._book(number, wires, end)
        self.sketches.back_to(mark[1])

    def forget(self) -> None:
        """The present state cannot be undone any more."""
        self._log.clear()
        self.sketches.forget()

    def errand(self, number: int, price: float) -> Errand:
        """What a connection looks for: its ends, those of others at their price."""
        wanted = self.wanted[number]
        starts = tuple((post, 0.0) for post in wanted.starts)
        if not wanted.exclusive:
            ends = [(post, 0.0) for post in wanted.ends]
        else:
            ends = []
            for post in self._nearest(wanted):
                holder = self.claims.get(post, self.prefers.get(post, number))
                if post not in self.claims and self.sketches.passes(post):
                    continue
                if holder == number:
                    ends.append((post, 0.0))
                elif price > 0:
                    ends.append((post, price * (1.0 + DEARER * self.pushed.get(holder, 0))))
        return Errand(starts, tuple(ends), wanted.widths, wanted.layers, wanted.via_price)

    def _nearest(self, wanted: Wanted) -> list[int]:
        """The ends nearest to the start, those that are free and those that are not."""
        if len(wanted.ends) <= NEAREST:
            return list(wanted.ends)
        choice, start = self._choice(wanted), self.sketches.place(wanted.starts[0])
        held = [post for post in choice.nearest(start, NEAREST) if post in self.claims]
        return choice.nearest_free(start, NEAREST, self._taken) + held

    def _choice(self, wanted: Wanted) -> Choice:
        """The ends of a connection; many connections share one choice, which keeps them alive, so that no others get
        their identity."""
        known = self._choices.get(id(wanted.ends))
        if known is None:
            posts = np.array(wanted.ends, np.int64)
            known = self._choices[id(wanted.ends)] = Choice(wanted.ends, posts, self.sketches.places(posts))
        return known

    def straight(self, number: int) -> float:
        """Least distance between a connection's ends (of one with many, the one that it has) [nm]."""
        wanted = self.wanted[number]
        own = self.end.get(number)
        starts = map(self.sketches.place, wanted.starts)
        if own is None or not wanted.exclusive:
            return min(map(self._choice(wanted).distance, starts))
        end = self.sketches.place(own)
        return min(math.dist(start, end) for start in starts)

    def push(self, number: int, way: Way, most: int | None = None) -> list[int] | None:
        """Draws a way and takes out whoever it crosses or squeezes; None, and nothing is changed: that cannot be, or
        would be more than ``most``.
        """
        mark = self.keep()
        holder = self.claims.get(int(self.sketches.ground.post[way.end]))
        victims = {self.owner[w] for w in way.crossed if w in self.owner}
        victims |= {holder} if holder is not None else set()
        if most is not None and len(victims) > most:
            return None
        wires = self.draw(number, way)  # before anything is taken out: the way is one through what is there
        out = self.sketches.squeezed_out(wires)
        victims |= {self.owner[w] for w in out or ()}
        if out is None or (most is not None and len(victims) > most):
            self.back_to(mark)
            if holder is not None:  # the way had taken it over
                self._claim(int(self.sketches.ground.post[way.end]), holder)
            return None
        for victim in sorted(victims):
            self.take_out(victim)
        return sorted(victims)


def negotiate(
    work: Negotiation,
    numbers: Sequence[int],
    step: Callable[[int, int], None],
    late: Callable[[], bool],
    pushes: int = PUSHES,
) -> tuple[int, ...]:
    """Draws connections until all are drawn, or nothing helps any more; what stays open, or lost its place for others.

    Args:
        work: the sketches, and what is drawn already.
        numbers: the connections to draw; those that are drawn stay.
        step: gets how many are drawn, of how many.
        late: says that time is up.
        pushes: ways drawn at most, for every connection.
    """
    everyone = sorted({*numbers, *work.wires})
    _push_through(work, numbers, step, late, pushes)
    for number in (n for n in everyone if n not in work.wires):
        drawn_beside(work, number)
    left, vain = [n for n in everyone if n not in work.wires], 0
    for price in cycle(EXCHANGE_PRICES):
        _exchange(work, left, price * work.first_price, late, VAIN * pushes)
        still = [n for n in everyone if n not in work.wires]
        vain = vain + 1 if len(left) - len(still) < max(1.0, WORTH * len(left)) else 0
        left = still
        if not left or vain == len(EXCHANGE_PRICES) or late():
            break
    work.forget()
    return tuple(left)


def _push_through(
    work: Negotiation,
    numbers: Sequence[int],
    step: Callable[[int, int], None],
    late: Callable[[], bool],
    pushes: int,
) -> None:
    """Draws one after the other whatever that costs others; the state with the fewest open ones ends it."""
    queue = [(work.straight(n), n) for n in numbers if n not in work.wires]
    heapq.heapify(queue)
    count = len(queue)
    last = max((length for length, _ in queue), default=0.0)
    drawn = 0
    hopeless: dict[int, int] = {}
    left = best = count
    gained = 0  # ways drawn when the best state was found
    work.forget()
    while queue and drawn < pushes * max(count, 20) and drawn - gained < PATIENCE * count + 300 and not late():
        _, number = heapq.heappop(queue)
        victims = _pushed_by(work, number, work.first_price)
        drawn += 1
        if victims is None:
            hopeless[number] = hopeless.get(number, 0) + 1
            if hopeless[number] < TRIES:
                last += 1.0
                heapq.heappush(queue, (last, number))
            continue
        for victim in victims:
            work.pushed[victim] = work.pushed.get(victim, 0) + 1
            last += 1.0
            heapq.heappush(queue, (last, victim))
        left += len(victims) - 1
        step(max(count - left, 0), count)
        if left < best:
            best, gained = left, drawn
            work.forget()
    if left >= best:  # nothing has been gained since
        work.back_to((0, 0))


def _exchange(work: Negotiation, numbers: Sequence[int], price: float, late: Callable[[], bool], patience: int) -> None:
    """Draws open connections in place of others, one for one at most: those that are pushed move aside at once.

    A step that would leave more open than before is undone, but whom it pushed gets dearer all the same. With one for
    one the open place wanders until somebody finds room (ejection chains, Glover 1996); where nobody does, everything
    stays as it was.

    Args:
        work: the sketches.
        numbers: the connections that are open.
        price: of a push [nm].
        late: says that time is up.
        patience: ways drawn without gain after which it ends, and one more for every open connection.
    """
    work.forget()
    queue = deque(sorted(numbers, key=lambda n: (work.straight(n), n)))
    vain = 0
    while queue and vain < patience + len(queue) and not late():
        number = queue.popleft()
        vain += 1
        mark = work.keep()
        victims = _pushed_by(work, number, price)
        if victims is None:
            queue.append(number)
            continue
        for victim in victims:
            work.pushed[victim] = work.pushed.get(victim, 0) + 1
        homeless = [victim for victim in victims if not drawn_beside(work, victim, NEAR_FACES)]
        if len(homeless) > 1:
            work.back_to(mark)
            homeless = [number]
        queue.extend(homeless)
        if not homeless:
            vain = 0
            work.forget()
    work.back_to((0, 0))


def _pushed_by(work: Negotiation, number: int, price: float) -> list[int] | None:
    """Draws a connection whatever that costs others; who had to go, or None: there is no way."""
    count = len(work.wanted)
    faces, stretch = max(FACES, FACES_EACH * count), STRETCH if count > MANY else 1.0
    way = work.sketches.find(work.errand(number, price), price, faces=faces, stretch=stretch)
    return None if way is None else work.push(number, way)


def drawn_beside(work: Negotiation, number: int, faces: int = ALL_FACES) -> bool:
    """Whether a connection found a way that pushes nobody."""
    errand = work.errand(number, 0.0)
    if work.sketches.shut_in(errand, SHUT_IN):
        return False
    way = work.sketches.find(errand, faces=faces)
    return way is not None and work.fit(number, way)
