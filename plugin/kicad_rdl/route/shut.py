"""Is a piece of a net shut in? No trace can start on it, because rule areas or the board edge leave it no place."""

from __future__ import annotations

from collections.abc import Sequence

import shapely

from kicad_rdl.model.open_board import BoardRules, NetRules, OpenBoard
from kicad_rdl.route.board_area import board_area
from kicad_rdl.route.posts import Post, Stand

EDGE = "the board edge leaves no room for a trace at {}"
AREA = "rule area {} lies over {}: no trace can start there"


class Shut:
    """What keeps traces from starting where posts stand."""

    def __init__(self, board: OpenBoard, rules: BoardRules) -> None:
        self._rules = rules
        self._inside = board_area(board)
        self._areas = [
            (keepout.name, keepout.layers, shapely.Polygon([(p.x, p.y) for p in keepout.outline.points]))
            for keepout in board.keepouts
            if keepout.traces
        ]

    def why(self, posts: Sequence[Post], own: NetRules) -> str:
        """Why no trace of a net can start at any of its posts, in words; empty: one can, or there is no post."""
        found = [self._over(stand, post.name, own) for post in posts for stand in post.stands]
        return found[0] if found and all(found) else ""

    def _over(self, stand: Stand, name: str, own: NetRules) -> str:
        spot, half = shapely.Point(stand.at.x, stand.at.y), own.widths[stand.layer - 1] / 2
        for area, layers, shape in self._areas:
            if stand.layer in layers and shapely.distance(shape, spot) < half:
                return AREA.format(area, name)
        room = shapely.distance(shapely.boundary(self._inside), spot)
        return "" if room >= half + self._rules.edge else EDGE.format(name)
