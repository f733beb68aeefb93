"""What is drawn where, as strokes that names keep away from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from kicad_rdl.draw.labels import Stroke
from kicad_rdl.geometry import Point, circumradius, path_points
from kicad_rdl.model.die import PlacedDie
from kicad_rdl.model.layout import Layout, PadKind, Via


def copper_strokes(layout: Layout, layers: Iterable[int]) -> Iterator[Stroke]:
    """All copper of the layers but planes, which are drawn light."""
    shown = tuple(layers)
    for pad in layout.pads:
        if pad.layer in shown:
            yield _disc(pad.at, 2 * circumradius(pad.shape))
    yield from _vias(layout.vias, shown)
    yield from _lines(layout, shown)


def copper_over_balls(layout: Layout, layers: Iterable[int]) -> Iterator[Stroke]:
    """What is drawn over the UBM pads and the UBM: vias into them, and the copper of the layers nearer the die."""
    last = layout.package.rdl_count
    shown = tuple(layers)
    nearer = tuple(layer for layer in shown if layer < last)
    for pad in layout.pads:
        if pad.kind is PadKind.BUMP_LAND and pad.layer in shown:
            yield _disc(pad.at, 2 * circumradius(pad.shape))
    yield from _vias((via for via in layout.vias if via.layer < last), shown)
    yield from _lines(layout, nearer)


def land_strokes(layout: Layout) -> Iterator[Stroke]:
    """The bump lands."""
    return (_disc(pad.at, 2 * circumradius(pad.shape)) for pad in layout.pads if pad.kind is PadKind.BUMP_LAND)


def _disc(at: Point, diameter: float) -> Stroke:
    return at.x, at.y, at.x, at.y, diameter / 2


def _vias(vias: Iterable[Via], layers: tuple[int, ...]) -> Iterator[Stroke]:
    for via in vias:
        sizes = [size for layer, size in ((via.layer, via.land), (via.layer + 1, via.capture)) if layer in layers]
        if sizes:
            yield _disc(via.at, max(sizes))


def _lines(layout: Layout, layers: tuple[int, ...]) -> Iterator[Stroke]:
    for trace in layout.all_traces:
        if trace.layer in layers:
            points = path_points(trace.path, max(1, trace.width))
            for (x0, y0), (x1, y1) in pairwise(points):
                yield x0, y0, x1, y1, trace.width / 2
    for drop in layout.teardrops:
        if drop.layer in layers:
            ring = drop.outline.points
            for start, end in pairwise((*ring, ring[0])):
                yield start.x, start.y, end.x, end.y, 0.0


def die_edges(dies: Sequence[PlacedDie]) -> Iterator[Stroke]:
    """The outlines of the dies."""
    for die in dies:
        width, height = die.size
        left, right = die.at.x - width / 2, die.at.x + width / 2
        low, high = die.at.y - height / 2, die.at.y + height / 2
        yield from ((left, low, right, low, 0.0), (left, high, right, high, 0.0))
        yield from ((left, low, left, high, 0.0), (right, low, right, high, 0.0))
