"""Junctions: where an open piece of a net may end on a wire of its own net, which is cut in two there."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from kicad_rdl.geometry import Point
from kicad_rdl.route.carry import Strand
from kicad_rdl.route.errands import Meeting
from kicad_rdl.route.metric import Metric
from kicad_rdl.route.negotiate import Negotiation, Wanted
from kicad_rdl.route.settling import Surroundings, settled
from kicad_rdl.route.taut_lines import Hold, TautLine
from kicad_rdl.route.triangulation import F64
from kicad_rdl.route.wants import Tree

FACES = 30_000
"""Faces that a search for a junction looks at."""

CORNER = 1 / math.cos(math.pi / 8) - 1
"""How far the corners of an octagon stand out from its circle, in radii: traces of eight directions keep outside."""

OUTLINE = 200.0
"""How far outlines of terminals stand out from their circles [nm]."""


@dataclass(frozen=True, slots=True)
class Junction:
    """A place on a wire where a piece of its net may end.

    Attributes:
        tree: the net.
        starts: posts of the piece.
        wire: on which it ends.
        layer: from 0.
        at: where.
        along: distance from the start of the wire [nm].
    """

    tree: Tree
    starts: tuple[int, ...]
    wire: int
    layer: int
    at: Point
    along: float


@dataclass(frozen=True, slots=True)
class Restrung:
    """The work with its wires cut at junctions.

    Attributes:
        wanted: the connections; each wire that was drawn is one, each piece of a wire that was cut, and each that is to
            end on a junction.
        origin: their old numbers, but for those that are to end on a junction: these come last.
        pushed: how often some were pushed.
        strands: [layers] the wires.
        junctions: where wires were cut.
    """

    wanted: tuple[Wanted, ...]
    origin: tuple[int, ...]
    pushed: Mapping[int, int]
    strands: tuple[tuple[Strand, ...], ...]
    junctions: tuple[Junction, ...]

    def net_of(self, number: int, nets: Sequence[str]) -> str:
        """The net of a connection; ``nets`` are those of the old ones."""
        drawn = len(self.origin)
        return nets[self.origin[number]] if number < drawn else self.junctions[number - drawn].tree.net


def junctions_of(
    work: Negotiation, nets: Sequence[str], trees: Sequence[Tree], lines: Sequence[Mapping[int, TautLine]]
) -> tuple[Junction, ...]:
    """Junctions for the pieces of trees that are apart, one for each but the largest.

    Args:
        work, nets: the connections and their nets.
        trees: the nets of several terminals.
        lines: [layers] where their wires run.
    """
    pieces = work.pieces()
    found: list[Junction] = []
    for tree in trees:
        groups = sorted(pieces.members(tree.posts), key=lambda group: (len(group), group))
        for group in groups[:-1]:
            root = pieces.root(group[0])
            wires = [
                wire
                for number, own in sorted(work.wires.items())
                if nets[number] == tree.net
                for wire in own
                if pieces.root(work.sketches.ends_of(wire)[0]) != root
            ]
            number = len(work.wanted)
            work.wanted.append(Wanted(tuple(group), (), tree.widths, tree.layers, tree.via_price))
            meeting = work.sketches.meet(work.errand(number, work.first_price), wires, work.first_price, FACES)
            work.wanted.pop()
            if meeting is None:
                continue
            away = tree.widths[meeting.layer] / 2 + float(work.sketches.ground.space[meeting.layer])
            place = _place(work, meeting, lines[meeting.layer], away)
            # where two would stand side by side, one is made first: the other piece may end there
            others = [other.at for other in found if other.tree is tree and other.layer == meeting.layer]
            if place is not None and all(place[0].distance(other) > 2 * away for other in others):
                found.append(Junction(tree, tuple(group), meeting.wire, meeting.layer, *place))
                pieces.join(root, work.sketches.ends_of(meeting.wire)[0])  # no two pieces end on each other
    return tuple(found)


def _place(
    work: Negotiation, meeting: Meeting, lines: Mapping[int, TautLine], away: float
) -> tuple[Point, float] | None:
    """Where on the wire a meeting is best, and how far along; None: nearer than ``away`` to an end of the wire."""
    sketches = work.sketches
    if meeting.wire not in lines:
        return None
    tiles = sketches.tiles[meeting.layer]
    line = shapely.LineString(lines[meeting.wire].points)
    wire = sketches.wires_on(meeting.layer, [meeting.wire])[meeting.wire]
    ends = [shapely.buffer(tiles.obstacles[v].outline(OUTLINE), away) for v in (wire.start, wire.end)]
    within = shapely.intersection(line, shapely.Polygon(tiles.xy[tiles.triangles[meeting.tile]]))
    free = shapely.difference(within, shapely.union_all(ends))
    if shapely.is_empty(free):
        return None
    x, y = shapely.get_coordinates(shapely.shortest_line(free, shapely.Point(meeting.at)))[0].tolist()
    return Point(round(x), round(y)), float(line.project(shapely.Point(x, y)))


def restrung(
    work: Negotiation,
    dropped: Collection[int],
    junctions: Sequence[Junction],
    posts: Sequence[int],
    lines: Sequence[Mapping[int, TautLine]],
) -> Restrung:
    """Cuts the wires at junctions.

    Args:
        work: the connections.
        dropped: open ones that are not looked for any more.
        junctions: where.
        posts: their numbers.
        lines: as for ``junctions_of``.
    """
    sketches = work.sketches
    cuts: dict[int, list[tuple[float, int, Point]]] = {}
    for junction, post in zip(junctions, posts, strict=True):
        cuts.setdefault(junction.wire, []).append((junction.along, post, junction.at))
    wanted: list[Wanted] = []
    origin: list[int] = []
    pushed: dict[int, int] = {}
    strands: list[list[Strand]] = [[] for _ in sketches.tiles]
    for number, want in enumerate(work.wanted):
        wires = work.wires.get(number, ())
        if not wires and number not in dropped:
            wanted.append(want)
            origin.append(number)
        for wire in wires:
            layer, width = sketches.layer_of(wire), float(sketches.book.width[wire])
            start, end = sketches.ends_of(wire)
            part = replace(want, layers=(layer,)) if len(wires) > 1 else want
            if len(wires) > 1 or wire in cuts:
                part = replace(part, starts=(start,), ends=(end,), exclusive=want.exclusive and end == work.end[number])
            for piece, points in _cut(lines[layer].get(wire), start, end, sorted(cuts.get(wire, ()))):
                if number in work.pushed:
                    pushed[len(wanted)] = work.pushed[number]
                if points is not None:
                    strands[layer].append(Strand(len(wanted), *piece, width, points))
                wanted.append(part if wire not in cuts else replace(part, starts=piece[:1], ends=piece[1:]))
                origin.append(number)
    for junction, post in zip(junctions, posts, strict=True):
        tree = junction.tree
        wanted.append(Wanted(junction.starts, (post,), tree.widths, tree.layers, tree.via_price))
    return Restrung(tuple(wanted), tuple(origin), pushed, tuple(tuple(own) for own in strands), tuple(junctions))


def _cut(
    line: TautLine | None, start: int, end: int, cuts: Sequence[tuple[float, int, Point]]
) -> list[tuple[tuple[int, int], F64 | None]]:
    """The pieces of a wire between its ends and the posts that cut it, in their order: posts and places."""
    if line is None:
        return [((start, end), None)]
    points = line.points
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    found: list[tuple[tuple[int, int], F64 | None]] = []
    first, begin, begun = start, points[:1], 0.0
    for length, post, at in cuts:
        corner = np.array([(at.x, at.y)], np.float64)
        found.append(((first, post), np.concatenate([begin, points[(along > begun) & (along < length)], corner])))
        begin, begun, first = corner, length, post
    found.append(((first, end), np.concatenate([begin, points[along > begun]])))
    return found


def settled_posts(
    work: Negotiation, posts: Sequence[int], lines: Sequence[Mapping[int, TautLine]], metric: Metric
) -> dict[int, Point]:
    """Post -> where it stands best, as the wires run.

    Args:
        work: the connections.
        posts: branch points; each stands on one layer.
        lines: [layers] where their wires run.
        metric: of the output.
    """
    sketches = work.sketches
    surroundings: dict[int, Surroundings] = {}
    found: dict[int, Point] = {}
    for post in posts:
        ((layer, vertex),) = sketches.posted.vertices[post]
        tiles, space = sketches.tiles[layer], float(sketches.ground.space[layer])
        if layer not in surroundings:
            widths = {wire: float(sketches.book.width[wire]) for wire in lines[layer]}
            outlines = [obstacle.outline(OUTLINE) for obstacle in tiles.obstacles]
            about = max(widths.values(), default=0.0) / 2 + space
            reach = sketches.ground.reach[sketches.offsets.vertex[layer] :][: len(outlines)]
            extra = ((reach + about) * (CORNER if tiles.octilinear else 0.0)).tolist()
            surroundings[layer] = Surroundings(outlines, extra, lines[layer], widths, space)
        at = tiles.xy[vertex]
        holds: list[Hold] = []
        ends: list[int] = []
        own = [wire for wire in lines[layer] if post in sketches.ends_of(wire)]
        for wire, drawn in sketches.wires_on(layer, own).items():
            hold = lines[layer][wire].holds[0 if drawn.start == vertex else 1]
            holds.append(hold)
            ends.append((drawn.end if drawn.start == vertex else drawn.start) if hold.is_end else -1)
        if len(own) < 2:
            found[post] = Point(round(float(at[0])), round(float(at[1])))
            continue
        width = max(float(sketches.book.width[wire]) for wire in own)
        around = surroundings[layer].around(vertex, width, own, ends)
        found[post] = settled(at, holds, around, width + space, metric)
    return found
