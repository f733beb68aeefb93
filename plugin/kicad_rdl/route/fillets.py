"""Fillets: copper that fills the sharp corner where two traces of one net part.

Traces of one net may run together and part anywhere, and where room is scarce a branch point has no place at which
all meet at right angles. Etchant stays in such corners. A fillet fills the corner between the two centre lines up to
the place where a space fits between the traces, so the outline has no angle below 90 degrees there any more. Nothing
foreign can be in it: the traces themselves keep it away.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from kicad_rdl.geometry import (
    ORIGIN,
    Circle,
    Path,
    Piece,
    Point,
    Polygon,
    Shape,
    path_points,
    polygon_of,
    shapely_of,
    shapely_polygon,
)
from kicad_rdl.model.layout import Layout, Teardrop
from kicad_rdl.route.lay import direction
from kicad_rdl.route.triangulation import F64

SHARP = 1e-12
"""Cosine above which two directions count as closer than a right angle."""

ARC_TOLERANCE = 5.0
"""How far the straight sides of a fillet may leave an arc [nm]; far less than half a trace."""

STEPS = 64
"""Places along two traces at which their distance is looked at."""

_Placed: TypeAlias = tuple[Shape | Polygon, Point]


@dataclass(frozen=True, slots=True)
class _Arm:
    """A trace from the start of one of its pieces on."""

    whole: Path
    first: int
    width: int

    @property
    def path(self) -> Path:
        """What leaves."""
        return Path(self.whole.pieces[self.first :])


def fillets(layout: Layout, drops: Sequence[Teardrop]) -> tuple[Teardrop, ...]:
    """The fillets of all sharp corners that no pad, via or teardrop of the net covers.

    Args:
        layout: with all traces, pads and vias.
        drops: its teardrops.
    """
    sharp = []
    metal = _metal(layout, drops)
    for key, arms in _meetings(layout):
        pairs = [pair for pair in combinations(arms, 2) if _cosine(*pair) > SHARP]
        if pairs:
            sharp.append((key, pairs))
    found: list[Teardrop] = []
    for (layer, net), group in groupby(sharp, key=lambda item: item[0][:2]):
        corners = list(group)
        space = float(layout.package.technology.metal(layer).space)
        covered = _covered(metal[layer, net], [at for (_, _, at), _ in corners])
        for (_, pairs), hidden in zip(corners, covered, strict=True):
            for one, other in () if hidden else pairs:
                found += [Teardrop(net, layer, polygon_of(part)) for part in _between(one, other, space)]
    return tuple(found)


def _meetings(layout: Layout) -> Iterator[tuple[tuple[int, str, Point], list[_Arm]]]:
    """Layer, net and place of all points where traces of a net may meet, and what leaves them, each way once."""
    traces = Counter((trace.layer, trace.net) for trace in layout.traces)
    arms: dict[tuple[int, str, Point], dict[Piece, _Arm]] = defaultdict(dict)
    for trace in layout.traces:
        if traces[trace.layer, trace.net] > 1:
            for path in (trace.path, trace.path.backwards):
                for k, piece in enumerate(path.pieces):
                    arms[trace.layer, trace.net, piece.start].setdefault(piece, _Arm(path, k, trace.width))
    for key in sorted(arms):
        yield key, list(arms[key].values())


def _cosine(one: _Arm, other: _Arm) -> float:
    (ax, ay), (bx, by) = (direction(arm.whole.pieces[arm.first], at_end=False) for arm in (one, other))
    return (ax * bx + ay * by) / (math.hypot(ax, ay) * math.hypot(bx, by))


def _metal(layout: Layout, drops: Sequence[Teardrop]) -> Mapping[tuple[int, str | None], list[_Placed]]:
    """Layer and net -> outlines of all that is no trace, and where they are."""
    found: dict[tuple[int, str | None], list[_Placed]] = defaultdict(list)
    for pad in layout.pads:
        found[pad.layer, pad.net].append((pad.shape, pad.at))
    for via in layout.vias:
        found[via.layer, via.net].append((Circle(via.land), via.at))
        found[via.layer + 1, via.net].append((Circle(via.capture), via.at))
    for drop in drops:
        found[drop.layer, drop.net].append((drop.outline, ORIGIN))
    return found


def _covered(metal: Sequence[_Placed], places: Sequence[Point]) -> NDArray[np.bool_]:
    """[places] whether some metal lies over each."""
    shapes = [shapely_polygon(s) if isinstance(s, Polygon) else shapely_of(s, at) for s, at in metal]
    spots = shapely.points([(at.x, at.y) for at in places])
    covered = np.zeros(len(places), dtype=np.bool_)
    covered[shapely.STRtree(shapes).query(spots, predicate="intersects")[0]] = True
    return covered


def _between(one: _Arm, other: _Arm, space: float) -> list[shapely.Polygon]:
    """What lies between the centre lines of two traces as long as no space fits between them."""
    width = float(min(one.width, other.width))
    # foreign copper beyond the fillet keeps its space to the traces, and so to the side that closes it
    apart = min((one.width + other.width) / 2 + space, math.sqrt(width * (width + 4 * space)))
    lines = [shapely.LineString(path_points(arm.path, ARC_TOLERANCE)) for arm in (one, other)]
    reach = min(line.length for line in lines)
    along: F64 = np.linspace(0.0, reach, STEPS + 1)
    wide = shapely.distance(*(shapely.line_interpolate_point(line, along) for line in lines))
    beyond = np.flatnonzero(wide > apart)
    last = int(beyond[0]) if len(beyond) else STEPS
    near, far = along[max(last - 1, 0)], along[last]
    share = 1.0 if not len(beyond) else (apart - wide[last - 1]) / (wide[last] - wide[last - 1])
    end = float(near + (far - near) * share)
    sides = [shapely.get_coordinates(substring(line, 0.0, end)) for line in lines]
    ring = shapely.Polygon(np.rint(np.concatenate([sides[0], sides[1][::-1]])))
    parts = shapely.get_parts(shapely.make_valid(ring)).tolist()
    return [part for part in parts if isinstance(part, shapely.Polygon) and part.area > 0]
