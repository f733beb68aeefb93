"""Which copper need not be looked at: what lies under other copper of its net, and what the triangulation cannot see.

Discs that overlap hide each other in a triangulation of discs; a vertex that is in no triangle is no obstacle and no
place to begin. What stands apart is never hidden.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import shapely_of
from kicad_rdl.model.artwork import CopperKind
from kicad_rdl.route.convex import Chunk
from kicad_rdl.route.posts import Post
from kicad_rdl.route.standing import Standing
from kicad_rdl.route.tiles import Obstacle, hidden

SLACK = 30.0
"""Outlines stand out beyond the shapes that they cover by rounding and chords [nm]."""


class Cover:
    """Tells of outlines of things whether they lie under other copper of the same net."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.joined = Counter(standing.group)
        self.shape = cache(self._shape)
        self.rank = cache(self._rank)

    def hides(self, number: int, chunk: Chunk, layer: int) -> bool:
        """Whether an outline of thing ``number`` lies under one larger thing that it is joined with."""
        if self.joined[self.standing.group[number]] < 2:
            return False
        copper = self.standing.layers[layer - 1]
        outline: BaseGeometry | None = None
        middle = shapely.Point(chunk.at.x, chunk.at.y)
        rows = copper.tree.query(middle, predicate="dwithin", distance=float(copper.half.max()))
        for row in sorted(rows.tolist()):
            other = int(copper.owner[row])
            if other == number or self.standing.group[other] != self.standing.group[number]:
                continue
            if self.rank(other, layer) > self.rank(number, layer):
                outline = outline or shapely_of(chunk.shape, chunk.at, 1.0)
                if self.shape(layer, row).covers(outline):
                    return True
        return False

    def _rank(self, number: int, layer: int) -> tuple[bool, float, int]:
        """Tracks lie under all else; of two alike the first one counts."""
        thing = self.standing.things[number]
        area = sum(float(width) ** 2 for _, width in thing.shapes)
        copper = self.standing.layers[layer - 1]
        rows = np.flatnonzero(copper.owner == number)
        area += float(shapely.area(copper.skeletons[rows]).sum())
        return thing.kind is not CopperKind.TRACE, area, -number

    def _shape(self, layer: int, row: int) -> BaseGeometry:
        copper = self.standing.layers[layer - 1]
        skeleton: BaseGeometry = copper.skeletons[row]
        return shapely.buffer(skeleton, float(copper.half[row]) + SLACK, quad_segs=32)


def seen(posts: Sequence[Post], layers: int, half_width: float, half_height: float) -> list[Post]:
    """The posts with those stands only that the triangulation sees; in their order, some perhaps without any stand."""
    lost: set[tuple[int, int]] = set()
    for layer in range(1, layers + 1):
        while True:
            here = [
                (index, Obstacle(stand.at, stand.shape, post.net, post.name, space=post.space))
                for index, post in enumerate(posts)
                for stand in post.stands
                if stand.layer == layer and (index, layer) not in lost
            ]
            outside = [index for index, o in here if abs(o.at.x) >= half_width - 1 or abs(o.at.y) >= half_height - 1]
            gone = outside or [here[k][0] for k in hidden([obstacle for _, obstacle in here], half_width, half_height)]
            if not gone:
                break
            lost.update((index, layer) for index in gone)
    return [_without(post, {layer for index, layer in lost if index == number}) for number, post in enumerate(posts)]


def _without(post: Post, layers: Collection[int]) -> Post:
    """The post without its stands on some layers: of what is left the first part that hangs together.

    A candidate that lost a stand is none any more.
    """
    if not layers:
        return post
    left = [stand for stand in post.stands if stand.layer not in layers]
    standing = [stand for stand in left if post.first <= stand.layer <= post.last]
    if post.candidate or not standing:
        return replace(post, stands=(), first=2, last=1)
    kept = [standing[0]]
    for stand in left:
        if stand.layer == kept[-1].layer + 1:
            kept.append(stand)
        elif stand.layer == kept[0].layer - 1:
            kept.insert(0, stand)
    fixed = [stand.layer for stand in kept if post.first <= stand.layer <= post.last]
    return replace(post, stands=tuple(kept), first=fixed[0], last=fixed[-1])
