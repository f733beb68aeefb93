"""A KiCad board or footprint as dies and balls.

Frame: seen from the side of the dies, which of a board with dies on its back is the back; y turns over here as in
``board``. A footprint file is one die, shown as KiCad shows it. A die is taken as its footprint lies: its own frame is
turned with it and never mirrored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kicad_rdl.errors import InputError
from kicad_rdl.geometry import ORIGIN, Circle, Point, Rectangle
from kicad_rdl.model.die import Bump, PlacedDie
from kicad_rdl.model.source import Source, SourceBall
from kicad_rdl.read.board_shapes import Place, drawing_shapes, place_of
from kicad_rdl.read.board_tree import Node, read_tree, reference_of
from kicad_rdl.read.kicad_extents import extents_of
from kicad_rdl.read.kicad_pads import FootprintPad, footprint_pads
from kicad_rdl.read.outline import Box, DrawnBump, die_in, union
from kicad_rdl.read.patterns import matches
from kicad_rdl.read.source_options import DEFAULTS, SourceOptions

LEAST_PADS = 2
"""Of a footprint that is taken for a die unasked."""
BALL_SHARE = 4
"""How many times as many pads another footprint may have as the one that is taken for the balls unasked."""
OUTLINES = ("Fab", "CrtYd")
"""Layers that show the outline of a part, the better one first."""


def read_footprint(path: Path, options: SourceOptions = DEFAULTS) -> Source:
    """A ``.kicad_mod`` file as a die; its outline is that on the fabrication layer, else the courtyard, else its pads.

    Raises:
        InputError: not a footprint, or no pads.
    """
    root = read_tree(path, "footprint")
    name = options.name or root.name().rpartition(":")[2]
    part = _Part(name, "F", ORIGIN, 0.0, tuple(footprint_pads(root, 0.0, {})), root)
    die = _die(part, options)
    return Source((replace(die, at=ORIGIN, mirrored=options.face == "up"),), notes=tuple(_notes([part])))


def read_board_source(path: Path, options: SourceOptions = DEFAULTS) -> Source:
    """The dies and balls of a ``.kicad_pcb`` file.

    Unless the options say otherwise, the balls are the footprint whose pads all have the property "BGA pad", else the
    only one on the side away from the others; every other footprint with two pads or more is a die.

    Raises:
        InputError: not a board, or one where dies and balls cannot be told apart.
    """
    if options.face is not None:
        raise InputError("a board shows how its dies lie; leave face out", str(path))
    root = read_tree(path)
    nets = {str(net.values[0]): str(net.values[1]) for net in root.all("net") if len(net.values) > 1}
    parts = [part for node in root.all("footprint") if (part := _part(node, nets)).pads]
    grid = _ball_part(parts, options, root.source)
    dies = _die_parts(parts, grid, options, root.source)
    flipped = bool(dies) and dies[0].side == "B"
    if any(part.side != dies[0].side for part in dies):
        both = ", ".join(part.reference for part in dies)
        raise InputError(f"dies {both} lie on both sides of the board; choose those of one side", root.source)
    placed = [_die(_mirrored(part) if flipped else part, options) for part in dies]
    balls = _balls(grid, flipped) if grid is not None else []
    body = _body(root, flipped)
    if body is not None:
        centre = body.centre
    elif len(placed) == 1:
        centre = placed[0].at
    else:
        centre = union([*(_box_of(die) for die in placed), *_ball_boxes(balls)]).centre
    return Source(
        dies=tuple(replace(die, at=die.at - centre) for die in placed),
        balls=tuple(replace(ball, at=ball.at - centre) for ball in balls),
        width=body.width if body is not None else None,
        height=body.height if body is not None else None,
        notes=tuple(_notes([*dies, *([grid] if grid is not None else [])])),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """A footprint on a board, y up; its pads count from its anchor and are not turned with it."""

    reference: str
    side: str
    """``F`` or ``B``."""
    at: Point
    angle: float
    pads: tuple[FootprintPad, ...]
    node: Node
    mirrored: bool = False
    """Its drawings are still to be mirrored about the y axis, as its pads are already."""


def _part(node: Node, nets: dict[str, str]) -> _Part:
    place = place_of(node, Place(), own_angle=False)
    at = Point(place.at.x, -place.at.y)
    pads = footprint_pads(node, place.angle, nets)
    return _Part(_reference(node), node.text("layer", "F.Cu")[:1], at, place.angle, tuple(pads), node)


def _reference(node: Node) -> str:
    """Its reference; else the footprint's name."""
    return reference_of(node) or (node.name().rpartition(":")[2] if node.values else "footprint")


def _mirrored(part: _Part) -> _Part:
    """The part as the other side of the board sees it."""
    pads = tuple(replace(pad, at=Point(-pad.at.x, pad.at.y)) for pad in part.pads)
    return replace(part, at=Point(-part.at.x, part.at.y), angle=-part.angle, pads=pads, mirrored=True)


# --- which footprint is what ---------------------------------------------------------------------


def _ball_part(parts: Sequence[_Part], options: SourceOptions, source: str) -> _Part | None:
    if options.balls is not None:
        found = [part for part in parts if part.reference == options.balls]
        if len(found) != 1:
            many = "no footprint" if not found else f"{len(found)} footprints"
            raise InputError(f'balls: {many} with pads called "{options.balls}"; there are {_list(parts)}', source)
        return found[0]
    enough = max((len(part.pads) for part in parts), default=0) / BALL_SHARE
    free = [part for part in parts if len(part.pads) >= enough and not _is_die(part, options)]
    made_for_balls = [part for part in free if all(pad.bga for pad in part.pads)]
    if len(made_for_balls) == 1:
        return made_for_balls[0]
    sides = Counter(part.side for part in parts if len(part.pads) >= LEAST_PADS)
    alone = [part for part in free if sides[part.side] == 1 and len(sides) == 2]
    backs = [part for part in alone if part.side == "B"]
    return backs[0] if backs else alone[0] if alone else None


def _is_die(part: _Part, options: SourceOptions) -> bool:
    return any(matches(part.reference, pattern) for pattern in options.dies)


def _die_parts(parts: Sequence[_Part], grid: _Part | None, options: SourceOptions, source: str) -> list[_Part]:
    others = [part for part in parts if part is not grid]
    if options.dies:
        dies = [part for part in others if _is_die(part, options)]
        if not dies:
            raise InputError(
                f"dies: no footprint is called {', '.join(options.dies)}; there are {_list(parts)}", source
            )
        return dies
    dies = [part for part in others if len(part.pads) >= LEAST_PADS]
    if not dies and grid is None:
        raise InputError("the board has no footprint with two pads or more", source)
    if len(dies) > 1 and grid is None:
        raise InputError(
            f"the board does not say which footprint is a die and which has the balls; name them ({_list(parts)})",
            source,
        )
    return dies


def _list(parts: Sequence[_Part]) -> str:
    largest = sorted(parts, key=lambda part: (-len(part.pads), part.reference))
    words = [f"{part.reference} with {len(part.pads)} pads" for part in largest[:6]]
    return ", ".join(words) + (" and more" if len(parts) > 6 else "") or "none"


# --- values --------------------------------------------------------------------------------------


def _die(part: _Part, options: SourceOptions) -> PlacedDie:
    """The part as a die; by quarter turns it is turned as a whole, by other angles its pads are."""
    quarters, rest = divmod(part.angle % 360, 90)
    if rest:
        part = _turned(part)
        quarters = 0
    if not part.pads:
        raise InputError(f"{part.reference} has no pad with a number on a copper layer", part.node.source)
    drawn = [DrawnBump(Bump(pad.name, pad.at, pad.net, pad.opening), 1) for pad in part.pads]
    outline = _outline(part, options)
    die = die_in(part.reference, drawn, outline, part.node.source)
    return PlacedDie(die, part.at + outline.centre.turned(int(quarters)), int(quarters) % 4)


def _turned(part: _Part) -> _Part:
    """The same part with its angle in its pads."""
    place = Place(angle=-part.angle)  # Place counts angles in a frame with y down

    def spot(point: Point) -> Point:
        x, y = place.spot(point.x, point.y)
        return Point(round(x), round(y))

    pads = tuple(replace(pad, at=spot(pad.at)) for pad in part.pads)
    note = "pads keep the direction of their sides, although the footprint is turned"
    pads = tuple(pad if isinstance(pad.shape, Circle) else replace(pad, note=note) for pad in pads)
    return replace(part, pads=pads)


def _outline(part: _Part, options: SourceOptions) -> Box:
    """Of the die in its part's frame."""
    pads = union(DrawnBump(Bump(pad.name, pad.at, None, pad.shape), 1).box for pad in part.pads)
    found = next((box for layer in OUTLINES if (box := _drawn_on(part, f"{part.side}.{layer}")) is not None), pads)
    spots = Box.around(pad.at for pad in part.pads)
    outline = found if found.holds(spots) and found.width > 0 and found.height > 0 else union([found, pads])
    if options.width is None or options.height is None:
        return outline
    centre = outline.centre
    left, bottom = centre.x - options.width // 2, centre.y - options.height // 2
    return Box(left, bottom, left + options.width, bottom + options.height)


def _drawn_on(part: _Part, layer: str) -> Box | None:
    """The box of the lines, rectangles and polygons of a footprint on one layer."""
    shapes = [
        shape
        for child in part.node.children
        if child.word in ("fp_line", "fp_rect", "fp_poly", "fp_circle", "fp_arc") and child.text("layer") == layer
        for shape in drawing_shapes(child, Place())
    ]
    if not shapes:
        return None
    left, low, right, high = (round(value) for value in extents_of(shapes, stroke=False))
    box = Box(left, -high, right, -low)
    box = Box(-box.right, box.bottom, -box.left, box.top) if part.mirrored else box
    if part.angle % 90 == 0:
        return box
    place = Place(angle=-part.angle)
    corners = [place.spot(x, y) for x in (box.left, box.right) for y in (box.bottom, box.top)]
    return Box.around(Point(round(x), round(y)) for x, y in corners)


def _balls(part: _Part, flipped: bool) -> list[SourceBall]:
    seen = _mirrored(part) if flipped else part
    place = Place(angle=-seen.angle)
    balls: list[SourceBall] = []
    swapped = seen.angle % 180 == 90
    for pad in seen.pads:
        x, y = place.spot(pad.at.x, pad.at.y)
        shape = pad.shape
        if swapped and isinstance(shape, Rectangle):
            shape = Rectangle(shape.height, shape.width)
        balls.append(SourceBall(pad.name, seen.at + Point(round(x), round(y)), pad.net, shape))
    return balls


def _body(root: Node, flipped: bool) -> Box | None:
    """The box of the board's outline."""
    shapes = [shape for node, place in _drawings(root) for shape in drawing_shapes(node, place)]
    if not shapes:
        return None
    left, low, right, high = (round(value) for value in extents_of(shapes, stroke=False))
    return Box(-right, -high, -left, -low) if flipped else Box(left, -high, right, -low)


def _drawings(root: Node) -> Iterator[tuple[Node, Place]]:
    """What lies on Edge.Cuts, with the frame it is in."""
    for node in root.children:
        if node.word.startswith("gr_") and node.text("layer") == "Edge.Cuts":
            yield node, Place()
        elif node.word == "footprint":
            inner = [n for n in node.children if n.word.startswith("fp_") and n.text("layer") == "Edge.Cuts"]
            if inner:
                place = place_of(node, Place(), own_angle=False)
                yield from ((each, place) for each in inner)


def _box_of(die: PlacedDie) -> Box:
    width, height = die.size
    return Box.around([die.at - Point(width // 2, height // 2), die.at + Point(width // 2, height // 2)])


def _ball_boxes(balls: Sequence[SourceBall]) -> list[Box]:
    return [Box.around(ball.at for ball in balls)] if balls else []


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _notes(parts: Sequence[_Part]) -> Iterator[str]:
    """What was simplified, once for each part and kind."""
    for part in parts:
        renamed = [pad.name for pad in part.pads if pad.number != pad.name]
        if renamed:
            yield f"{part.node.source}: {part.reference}: pads with the number of another are called {_few(renamed)}"
        for note, times in sorted(Counter(pad.note for pad in part.pads if pad.note).items()):
            yield f"{part.node.source}: {part.reference}: {times} {note}"
