"""Where no stack of vias, no dog bone and no trace may stand: keep-outs, and beside locked copper."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from kicad_rdl.geometry import Point, path_points, shapely_polygon
from kicad_rdl.route.barriers import ROUNDED
from kicad_rdl.route.problem import Problem
from kicad_rdl.route.triangulation import F64

ARC_TOLERANCE = 20.0
"""How far the straight pieces that stand for a locked arc may leave it [nm]; added to its width."""


class Barred:
    """Answers questions about one package, in its pose."""

    def __init__(self, problem: Problem) -> None:
        package = problem.package
        self._keepouts = [keepout.name for keepout in package.keepouts]
        areas: list[BaseGeometry] = []
        self._layers: list[tuple[int, ...]] = []
        self._vias: list[bool] = []
        self._traces: list[bool] = []
        self._net: list[str | None] = []
        self._away: list[float] = []  # from the geometry to the edge of what is asked about [nm]
        for keepout in package.keepouts:
            areas.append(shapely_polygon(problem.pose.apply_polygon(keepout.outline)))
            self._layers.append(keepout.layers)
            self._vias.append(keepout.vias)
            self._traces.append(keepout.traces)
            self._net.append(None)
            self._away.append(1.0)
        for locked in package.locked:
            space = package.trace_space(package.net(locked.net), locked.layer)
            areas.append(shapely.LineString(path_points(problem.pose.apply_path(locked.path), ARC_TOLERANCE)))
            self._layers.append((locked.layer,))
            self._vias.append(True)
            self._traces.append(True)
            self._net.append(locked.net)
            self._away.append(locked.width / 2 + space + ARC_TOLERANCE)
        self._areas = np.array(areas, dtype=np.object_)
        self._tree = shapely.STRtree(areas)
        self._widest = max(self._away, default=0.0)

    def via(self, place: Point, radius: float, net: str | None, first: int, last: int, bare: int) -> bool:
        """Whether a stack from ``first`` to ``last`` keeps clear; its land on ``bare`` is part of a larger pad."""
        for k, apart in self._near(shapely.Point(place.x, place.y), radius):
            if self._bars(k, net, first, last, bare) and apart < radius + self._away[k]:
                return False
        return True

    def free(self, places: F64, radius: float, first: int, last: int) -> NDArray[np.bool_]:
        """[places] whether a via of any net from ``first`` to ``last`` keeps clear."""
        found = np.ones(len(places), dtype=np.bool_)
        for k, area in enumerate(self._areas):
            if self._bars(k, None, first, last, 0):
                found &= shapely.distance(area, shapely.points(places)) >= radius + self._away[k]
        return found

    def _bars(self, k: int, net: str | None, first: int, last: int, bare: int) -> bool:
        """Whether an area concerns a stack at all."""
        on = [layer for layer in self._layers[k] if first <= layer <= last]
        if self._net[k] is not None:
            on = [layer for layer in on if layer != bare and self._net[k] != net]
        return bool(on) and self._vias[k]

    def bone(self, line: shapely.LineString, half: float, net: str | None) -> bool:
        """Whether a trace on RDL1 keeps clear."""
        return not any(
            1 in self._layers[k] and self._traces[k] and self._net[k] != (net or "") and apart < half + self._away[k]
            for k, apart in self._near(line, half)
        )

    def over(self, place: Point, half: float, layer: int) -> str | None:
        """The name of a keep-out in which a trace would be that starts there."""
        for k, apart in self._near(shapely.Point(place.x, place.y), half):
            if self._net[k] is None and self._traces[k] and layer in self._layers[k] and apart < half + ROUNDED:
                return self._keepouts[k]
        return None

    def _near(self, geometry: BaseGeometry, half: float) -> list[tuple[int, float]]:
        if not len(self._areas):
            return []
        rows = sorted(self._tree.query(geometry, predicate="dwithin", distance=half + self._widest).tolist())
        return [(k, float(shapely.distance(geometry, self._areas[k]))) for k in rows]
