"""Where a wire reaches a pour of its net: by a via that is drilled through it, or there on its own layer without."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import shapely

from kicad_rdl.model.open_board import BoardRules, OpenBoard
from kicad_rdl.route.board_posts import BoardPosts
from kicad_rdl.route.skeletons import skeleton_geometry
from kicad_rdl.route.standing import Standing

DROPS = 32
"""Vias that a piece considers to reach a pour."""


class Taps:
    """Candidates for vias in pours."""

    def __init__(self, board: OpenBoard, standing: Standing, placed: BoardPosts, rules: BoardRules) -> None:
        self.standing, self.placed, self.rules = standing, placed, rules
        self.board = board
        self.posts = [number for number, post in enumerate(placed.posts) if post.candidate]
        spots = [placed.via_at[number] for number in self.posts]
        self.xy = np.array([(at.x, at.y) for at in spots if at is not None], dtype=np.float64).reshape(-1, 2)
        self.inside: dict[int, np.ndarray] = {}

    def beside(self, piece: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
        """The candidates in pours of a piece that are nearest to another piece."""
        pours = [k for k in piece if self.standing.things[k].pour is not None]
        if not pours or not len(self.xy):
            return ()
        mine = np.unique(np.concatenate([self._in(k) for k in pours]))
        shapes = [skeleton_geometry(skeleton) for k in other for skeleton, _ in self.standing.things[k].shapes]
        points = shapely.points(self.xy[mine])
        _, away = shapely.STRtree(shapes).query_nearest(points, return_distance=True, all_matches=False)
        order = np.lexsort((mine, np.rint(away)))
        return tuple(self.posts[int(mine[k])] for k in order[:DROPS])

    def layers(self, piece: Sequence[int], post: int) -> frozenset[int]:
        """On which layers a candidate lies in pours of a piece: a trace that comes there needs no via."""
        if not self.posts or (index := bisect_left(self.posts, post)) == len(self.posts) or self.posts[index] != post:
            return frozenset()
        pours = [k for k in piece if self.standing.things[k].pour is not None]
        return frozenset(self.standing.things[k].layers[0] for k in pours if index in self._in(k))

    def _in(self, number: int) -> np.ndarray:
        """Candidates whose land lies in a pour."""
        if number not in self.inside:
            thing = self.standing.things[number]
            layer = thing.layers[0]
            found = np.empty(0, dtype=np.int64)
            if layer <= self.rules.routed:
                land = max(size.diameter for size in self.rules.of(thing.net).vias)
                skeleton, width = thing.shapes[0]
                area = shapely.buffer(skeleton_geometry(skeleton), (width - land) / 2)
                shapely.prepare(area)
                found = np.flatnonzero(shapely.contains_xy(area, self.xy[:, 0], self.xy[:, 1]))
            self.inside[number] = found
        return self.inside[number]
