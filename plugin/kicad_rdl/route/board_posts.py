"""A board as posts: pads, tracks, vias, zones, holes, keep-outs, and where new vias may stand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Circle, Line, Point, extent, shapely_of
from kicad_rdl.model.artwork import CopperKind
from kicad_rdl.model.open_board import BoardRules, Drill, OpenBoard, ViaSize
from kicad_rdl.route.board_area import board_area, half_sizes
from kicad_rdl.route.convex import Chunk, around, chunks_of, ring_chunks, with_land
from kicad_rdl.route.covered import Cover, seen
from kicad_rdl.route.posts import Post, Stand
from kicad_rdl.route.skeletons import skeleton_geometry
from kicad_rdl.route.standing import Standing, Thing
from kicad_rdl.route.via_choice import ViaChoice, free_vias, pad_vias
from kicad_rdl.route.via_places import via_ground
from kicad_rdl.units import Nm

SMOOTH = 20
"""Edges of zones and boards are smoothed by this part of the space, to the safe side."""


@dataclass(frozen=True, slots=True)
class BoardPosts:
    """The posts of a board.

    Attributes:
        posts: all of them.
        via_at: for each where its via stands, if one may.
        of_thing: for things of ``Standing`` the posts where a wire may end.
        half_width, half_height: of the rectangle in which everything happens.
        base: [layers] the space that the router keeps by itself; what asks for more is larger by the rest.
    """

    posts: tuple[Post, ...]
    via_at: tuple[Point | None, ...]
    of_thing: dict[int, tuple[int, ...]]
    half_width: float
    half_height: float
    base: tuple[Nm, ...]


def board_posts(board: OpenBoard, rules: BoardRules, standing: Standing, nets: Collection[str]) -> BoardPosts:
    """All posts; vias may be drilled in the pads of ``nets``, and at free places."""
    strictest = list(dict.fromkeys(rules.of(net) for net in sorted(nets))) or [rules.default]
    base = tuple(min(row) for row in zip(*(each.spaces for each in strictest), strict=True))

    def vias_on(layer: int) -> list[ViaSize]:
        return [via for each in strictest for via in each.vias[max(layer - 2, 0) : layer]]

    lands = tuple(
        max((_land(via, rules.hole_space - base[layer - 1]) for via in vias_on(layer)), default=0)
        for layer in range(1, rules.routed + 1)
    )
    drills: dict[str, list[Drill]] = {}
    for drill in board.drills:
        drills.setdefault(drill.name, []).append(drill)
    via_drills = {hole.at: hole.diameter for hole in board.artwork.holes}
    cover, inside = Cover(standing), board_area(board)
    return _Maker(board, rules, standing, cover, frozenset(nets), base, lands, drills, via_drills, inside).made()


@dataclass(slots=True)
class _Maker:
    board: OpenBoard
    rules: BoardRules
    standing: Standing
    cover: Cover
    nets: frozenset[str]
    base: tuple[Nm, ...]
    lands: tuple[Nm, ...]
    """Diameter of the largest via land of the nets on each layer, or what its hole keeps free."""
    drills: dict[str, list[Drill]]
    via_drills: dict[Point, Nm]
    inside: BaseGeometry
    rooms: dict[Nm, BaseGeometry] = field(default_factory=dict)
    """Half the width of a trace -> where its middle may be as far as the board edge is concerned."""
    posts: list[Post] = field(default_factory=list)
    via_at: list[Point | None] = field(default_factory=list)
    of_thing: dict[int, list[int]] = field(default_factory=dict)
    taken: set[tuple[int, int, int]] = field(default_factory=set)
    """(layer, x, y) of stands: no two at one place."""

    def made(self) -> BoardPosts:
        """Runs through everything that is on the board."""
        half_width, half_height = half_sizes(self.inside)
        ground = via_ground(self.board, self.rules, self.standing, self.inside)
        choice = ViaChoice(self.board, self.rules, self.standing, ground, self.nets)
        reached = pad_vias(choice)
        for number, thing in enumerate(self.standing.things):
            self._thing(number, thing, reached.get(number, {}))
        self._holes()
        self._keepouts()
        self._edge(half_width, half_height)
        if self.rules.routed > 1 and self.nets:
            taken = {at for layers in reached.values() for at in layers.values()}
            self._free_vias(choice, taken, (half_width, half_height))
        posts = seen(self.posts, self.rules.routed, half_width, half_height)
        kept = [index for index, post in enumerate(posts) if post.stands]
        place = {index: number for number, index in enumerate(kept)}
        of_thing = {thing: tuple(place[p] for p in mine if p in place) for thing, mine in self.of_thing.items()}
        via_at = tuple(self.via_at[index] for index in kept)
        return BoardPosts(tuple(posts[index] for index in kept), via_at, of_thing, half_width, half_height, self.base)

    def _reach(self, layer: int) -> Nm:
        """How far apart pieces of one thing may lie; see ``convex``."""
        return 2 * self.base[layer - 1]

    # --- what stands -----------------------------------------------------------------------------

    def _thing(self, number: int, thing: Thing, via: dict[int, Point]) -> None:
        """``via``: layers that a via in the pad can reach, with its place."""
        layers = [layer for layer in thing.layers if layer <= self.rules.routed]
        if thing.pour is not None:
            return  # what comes takes its room
        if thing.kind is CopperKind.PLANE:
            for layer in layers:
                self._plane(number, thing, layer)
            return
        margin = max((self._margin(thing, layer) for layer in layers), default=0)
        reach = min((self._reach(layer) for layer in layers), default=0)
        chunks = [chunk for s, width in thing.shapes for chunk in chunks_of(s, width, margin, reach)]
        if thing.pad is not None:
            chunks = [self._inwards(chunk, thing, margin) for chunk in chunks]
        main = _main(self.board, thing, chunks) if via else -1
        for index, chunk in enumerate(chunks):
            bare = [layer for layer in layers if not self.cover.hides(number, chunk, layer)]
            for run in _runs(bare):
                self._stand(number, thing.net, thing.name, chunk, run, via if index == main else {}, margin)

    def _inwards(self, chunk: Chunk, thing: Thing, margin: Nm) -> Chunk:
        """The outline of a pad around a place where a trace may end: of a pad over the board edge not its middle."""
        half = -(-max(self.rules.of(thing.net).widths[: self.rules.routed]) // 2) + 1
        if half not in self.rooms:
            smooth = 2 * max(max(self.base) // SMOOTH, 1)  # see _edge
            self.rooms[half] = shapely.buffer(self.inside, -(half + self.rules.edge + smooth))
            shapely.prepare(self.rooms[half])
        if shapely.contains_xy(self.rooms[half], chunk.at.x, chunk.at.y):
            return chunk
        inner = shapely.buffer(shapely_of(chunk.shape, chunk.at, 1.0), -half - margin)
        free = shapely.intersection(inner, self.rooms[half])
        if free.is_empty:
            return chunk
        spot = shapely.point_on_surface(free)
        return around(chunk, Point(round(spot.x), round(spot.y)))

    def _margin(self, thing: Thing, layer: int) -> Nm:
        """What a thing asks for beyond the base, for itself, for its net, or for its hole."""
        base = self.base[layer - 1]
        margin = max(thing.space, self.rules.of(thing.net).spaces[layer - 1]) - base
        drill = self._drill(thing)
        if drill:
            margin = max(margin, (drill - _least_width(thing) + 1) // 2 + self.rules.hole_space - base)
        return max(0, margin)

    def _drill(self, thing: Thing) -> Nm:
        """Diameter of the hole in a pad or via; 0: none."""
        if thing.pad is not None:
            return max((d.diameter for d in self.drills.get(thing.name, ()) if d.net == thing.net), default=0)
        if thing.kind is not CopperKind.VIA:
            return 0
        skeleton = thing.shapes[0][0]
        return self.via_drills.get(skeleton, 0) if isinstance(skeleton, Point) else 0

    def _stand(
        self,
        number: int | None,
        net: str | None,
        name: str,
        chunk: Chunk,
        layers: Sequence[int],
        via: dict[int, Point],
        margin: Nm = 0,
    ) -> None:
        stands = [self._placed(layer, chunk) for layer in layers]
        first, last = layers[0], layers[-1]
        through = self.rules.through
        for layer, at in sorted(via.items()):
            size = self.lands[layer - 1]
            if layer in layers:
                stands[layer - first] = with_land(stands[layer - first], at, size + 2 * margin)
            else:
                stands.append(self._placed(layer, Chunk(at, Circle(size + 2 * margin))))
        stands.sort(key=lambda stand: stand.layer)
        if number is not None:
            self.of_thing.setdefault(number, []).append(len(self.posts))
        self._add(Post(name, net, tuple(stands), first, last, through), next(iter(via.values()), None))

    def _add(self, post: Post, via_at: Point | None) -> None:
        self.posts.append(post)
        self.via_at.append(via_at)

    def _placed(self, layer: int, chunk: Chunk) -> Stand:
        """A stand whose place nobody else has; it moves by nanometres, its outline does not."""
        at = chunk.at
        while (layer, at.x, at.y) in self.taken:
            at = Point(at.x + 1, at.y)
        self.taken.add((layer, at.x, at.y))
        return Stand(layer, at, around(chunk, at).shape)

    def _plane(self, number: int, thing: Thing, layer: int) -> None:
        """The edge of a filled area: what is inside cannot get out, and need not be covered."""
        base = self.base[layer - 1]
        margin = self._margin(thing, layer)
        line = self.rules.of(thing.net).widths[layer - 1]
        for skeleton, width in thing.shapes:
            area = skeleton_geometry(skeleton)
            tolerance = base / SMOOTH
            smooth = shapely.simplify(shapely.buffer(area, width / 2 + tolerance, join_style="mitre"), tolerance)
            for chunk in ring_chunks(smooth, max(margin, 1), self._reach(layer), inward=2 * tolerance + line):
                self._stand(number, thing.net, thing.name, chunk, (layer,), {})

    # --- what only keeps away --------------------------------------------------------------------

    def _holes(self) -> None:
        """Walls of holes, where they keep more distance than the copper around them does."""
        layers = range(1, self.rules.routed + 1)
        for drill in self.board.drills:
            beyond = self.rules.hole_space - min(self.base)
            if drill.net is not None:
                continue  # its pad keeps the distance; see _margin
            width = drill.diameter + 2 * max(beyond, 0)
            skeleton = drill.start if drill.start == drill.end else Line(drill.start, drill.end)
            for layer in layers:
                for chunk in chunks_of(skeleton, width, 0, self._reach(layer)):
                    self._stand(None, None, f"hole of {drill.name}", chunk, (layer,), {})

    def _keepouts(self) -> None:
        for keepout in self.board.keepouts:
            if not keepout.traces:
                continue
            area = shapely.make_valid(shapely.Polygon([(p.x, p.y) for p in keepout.outline.points]))
            for layer in (layer for layer in keepout.layers if layer <= self.rules.routed):
                line = min(self.rules.of(net).widths[layer - 1] for net in sorted(self.nets) or [""])
                for chunk in ring_chunks(area, 1, line):
                    self._add(Post(keepout.name, None, (self._placed(layer, chunk),), layer, layer, space=0), None)

    def _edge(self, half_width: float, half_height: float) -> None:
        """Sides of the outline that are not those of its rectangle."""
        box = shapely.box(-half_width, -half_height, half_width, half_height)
        if shapely.hausdorff_distance(shapely.boundary(self.inside), shapely.boundary(box)) <= 1:
            return
        frame = shapely.buffer(shapely.boundary(box), 1_000)
        for layer in range(1, self.rules.routed + 1):
            off = max(self.base[layer - 1] // SMOOTH, 1)  # arcs of the outline have many short chords
            margin = max(self.rules.edge - self.base[layer - 1], 1) + off
            for chunk in ring_chunks(shapely.simplify(self.inside, off), margin, self._reach(layer)):
                if not shapely.contains_xy(frame, chunk.at.x, chunk.at.y):
                    self._stand(None, None, "board edge", chunk, (layer,), {})

    def _free_vias(self, choice: ViaChoice, taken: Collection[Point], box: tuple[float, float]) -> None:
        """Candidates for vias between everything, for whatever net takes them."""
        layers = range(1, self.rules.routed + 1)
        spots = [
            [(stand.at.x, stand.at.y) for post in self.posts for stand in post.stands if stand.layer == layer]
            for layer in layers
        ]
        for at in free_vias(choice, spots, taken, box):
            stands = [self._placed(layer, Chunk(at, Circle(self.lands[layer - 1]))) for layer in layers]
            self._add(Post(f"via at {at.x}, {at.y} nm", None, tuple(stands), 2, 1, self.rules.through), at)


def _runs(layers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Neighbouring layers together."""
    run: list[int] = []
    for layer in layers:
        if run and layer != run[-1] + 1:
            yield tuple(run)
            run = []
        run.append(layer)
    if run:
        yield tuple(run)


def _main(board: OpenBoard, thing: Thing, chunks: Sequence[Chunk]) -> int:
    """The outline of a pad that is nearest to its place."""
    at = board.pads[thing.pad or 0].at
    return min(range(len(chunks)), key=lambda k: (chunks[k].at.distance(at), k), default=-1)


def _land(via: ViaSize, beyond: Nm) -> Nm:
    """How wide a via land is, or would be if its hole kept its distance ``beyond`` the space by it."""
    return max(via.diameter, via.drill + 2 * beyond)


def _least_width(thing: Thing) -> Nm:
    return min(min(extent(chunk.shape)) for s, w in thing.shapes for chunk in chunks_of(s, w, 0, 10**9))
