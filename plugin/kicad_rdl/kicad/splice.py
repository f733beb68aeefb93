"""New tracks and vias in somebody else's board file: everything that was there stays byte for byte.

The text is only looked through for the places of its outermost items; nothing is parsed and printed again. New items
come where KiCad keeps its tracks, in the words of the file's own version.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sexpdata

from kicad_rdl.geometry import Arc, Point, Polygon
from kicad_rdl.kicad.fracture import fractured
from kicad_rdl.kicad.identity import identity
from kicad_rdl.kicad.sexpr import Quoted, Tree, printed
from kicad_rdl.model.artwork import Area, Ring
from kicad_rdl.model.open_board import BoardRouting, BoardTrace, BoardVia, OpenBoard, Refill

TRACKS = ("segment", "arc", "via")
AFTER_TRACKS = ("zone", "group", "generated", "embedded_fonts", "embedded_files", "component_classes", "target")
"""What KiCad writes behind its tracks."""
IN_A_LINE = 5
"""Corners of a fill."""
UUID_SINCE = 20231014
"""Boards from KiCad 8 on say ``uuid`` where older ones say ``tstamp``, and give every list a line of its own."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|(?<=\))filter_ratio', re.DOTALL)
"""KiCad 9.0 leaves out a bracket before ``filter_ratio``, and reads what it wrote."""
_WORD = re.compile(r"\(\s*([^\s()\"]+)")


@dataclass(frozen=True, slots=True)
class _Item:
    """An outermost list of the file: its word, and where its text begins and ends."""

    word: str
    begin: int
    end: int


def spliced(text: str, board: OpenBoard, routing: BoardRouting) -> str:
    """The text of the board with the new copper in it, and its fills cut; without new copper the same text.

    Args:
        text: the file, its line ends as they are.
        board: what was read from it.
        routing: new copper, in the frame of ``board``.
    """
    traces, vias = routing.traces, routing.vias
    if not traces and not vias:
        return text
    items = list(_items(text))
    style = _style(text, items)
    place = max(item.end for item in items if item.word not in AFTER_TRACKS)
    new = "".join(style.line_end + style.text(tree) for tree in _trees(board, traces, vias))
    changes = [(place, place, new), *_fills(text, items, board, routing.refills)]
    parts: list[str] = []
    done = 0
    for begin, end, put in sorted(changes):
        parts += [text[done:begin], put]
        done = end
    return "".join([*parts, text[done:]])


def _fills(
    text: str, items: Sequence[_Item], board: OpenBoard, refills: Sequence[Refill]
) -> Iterator[tuple[int, int, str]]:
    """(begin, end, new text) of every filled area that is cut; all but its corners stays as it is written."""
    zones = [item for item in items if item.word == "zone"]
    for refill in refills:
        zone = zones[refill.pour.zone]
        fills = [item for item in _items(text, zone.begin, zone.end) if item.word == "filled_polygon"]
        fill = fills[refill.pour.fill]
        (corners,) = (item for item in _items(text, fill.begin, fill.end) if item.word == "pts")
        # (filled_polygon (layer "F.Cu") (pts (xy 1 2) (xy 3 4) ...)): white space and words around the corners
        lead = text[corners.begin : text.index("(", corners.begin + 1)]
        tail = text[: corners.end - 1]
        tail = tail[len(tail.rstrip()) :] + ")"
        before = text[: fill.begin]
        between = before[len(before.rstrip()) :]
        copies = []
        for area in refill.areas:
            corner = [_corner(board, point) for point in fractured(_polygon(area))]
            lines = [" ".join(corner[k : k + IN_A_LINE]) for k in range(0, len(corner), IN_A_LINE)]
            ring = lead[len("(pts") :].join(lines)
            copies.append(text[fill.begin : corners.begin] + lead + ring + tail + text[corners.end : fill.end])
        yield (fill.begin if copies else fill.begin - len(between)), fill.end, between.join(copies)


def _polygon(area: Area) -> Polygon:
    def ring(points: Ring) -> tuple[Point, ...]:
        return tuple(Point(round(x), round(y)) for x, y in points)

    return Polygon(ring(area.outline), tuple(ring(hole) for hole in area.holes))


def _corner(board: OpenBoard, point: Point) -> str:
    return f"(xy {printed(board.origin.x + point.x)} {printed(board.origin.y - point.y)})"


def without_tracks(text: str, nets: Collection[str]) -> str:
    """The text without the tracks and vias of some nets; locked ones stay."""
    items = list(_items(text))
    names = {code: net for net, code in _style(text, items).codes.items()}
    kept: list[str] = []
    done = 0
    for item in items:
        if item.word in TRACKS and _loose(text[item.begin : item.end], nets, names):
            kept.append(text[done : item.begin].rstrip(" \t\r\n"))
            done = item.end
    return "".join([*kept, text[done:]])


def _loose(item: str, nets: Collection[str], names: Mapping[int, str]) -> bool:
    """Whether a track or via belongs to one of the nets and is not locked."""
    row = sexpdata.loads(item.replace(")filter_ratio", ")(filter_ratio"), nil=None, true=None, false=None)
    net = ""
    for part in row[1:]:
        words = [_plain(word) for word in part] if isinstance(part, list) else [_plain(part)]
        if words[0] == "locked" and words[-1] != "no":
            return False
        if words[0] == "net" and isinstance(part, list):
            net = names.get(part[-1], "") if isinstance(part[-1], int) else words[-1]
    return net in nets


def _items(text: str, first: int = 0, last: int | None = None) -> Iterator[_Item]:
    """The lists directly in the one that the text, or a part of it, is."""
    depth = begin = 0
    for token in _TOKEN.finditer(text, first, len(text) if last is None else last):
        sign = token[0]
        if sign in ("(", "filter_ratio"):
            depth += 1
            if depth == 2:
                begin = token.start()
        elif sign == ")":
            if depth == 2:
                found = _WORD.match(text, begin)
                yield _Item(found[1] if found is not None else "", begin, token.end())
            depth -= 1


@dataclass(frozen=True, slots=True)
class _Style:
    """How this file writes things."""

    line_end: str
    one_line: bool
    codes: dict[str, int]
    """Number of every net; empty: the file (KiCad 10) names nets where they are used."""

    def text(self, tree: Tree) -> str:
        """An outermost item, without its first line end."""
        words = [printed(part) for part in tree if not isinstance(part, tuple)]
        children = [f"({self._inner(part)})" for part in tree if isinstance(part, tuple)]
        if self.one_line:
            return f"  ({' '.join([*words, *children])})"
        return self.line_end.join([f"\t({' '.join(words)}", *(f"\t\t{child}" for child in children), "\t)"])

    def _inner(self, part: Tree) -> str:
        return " ".join(printed(word) for word in self._child(part) if not isinstance(word, tuple))

    def _child(self, part: Tree) -> Tree:
        if part[0] == "net" and self.codes:
            return ("net", str(self.codes[str(part[1])]))
        if part[0] == "uuid" and self.one_line:
            return ("tstamp", str(part[1]))
        return part


def _style(text: str, items: Sequence[_Item]) -> _Style:
    codes: dict[str, int] = {}
    version = 0
    for item in items:
        if item.word == "net":
            row = sexpdata.loads(text[item.begin : item.end], nil=None, true=None, false=None)
            codes[_plain(row[2]) if len(row) > 2 else ""] = int(row[1])
        elif item.word == "version":
            version = int(sexpdata.loads(text[item.begin : item.end])[1])
    return _Style("\r\n" if "\r\n" in text else "\n", version < UUID_SINCE, codes)


def _plain(word: object) -> str:
    return str(word.value()) if isinstance(word, sexpdata.Symbol) else str(word)


def _trees(board: OpenBoard, traces: Sequence[BoardTrace], vias: Sequence[BoardVia]) -> Iterator[Tree]:
    """The new items, by net and place."""
    for trace in sorted(traces, key=lambda t: (t.net, t.layer, t.path.start, t.path.end, t.width)):
        for piece in trace.path.pieces:
            middle = (_spot(board, "mid", piece.mid),) if isinstance(piece, Arc) else ()
            yield (
                "arc" if middle else "segment",
                _spot(board, "start", piece.start),
                *middle,
                _spot(board, "end", piece.end),
                ("width", trace.width),
                ("layer", Quoted(board.layers[trace.layer - 1])),
                ("net", Quoted(trace.net)),
                identity(board.name, "track", trace.layer, trace.net, piece),
            )
    for via in sorted(vias, key=lambda v: (v.net, v.at, v.first)):
        whole = (via.first, via.last) == (1, len(board.layers))
        yield (
            "via",
            *(() if whole else ("micro",)),
            _spot(board, "at", via.at),
            ("size", via.size.diameter),
            ("drill", via.size.drill),
            ("layers", Quoted(board.layers[via.first - 1]), Quoted(board.layers[via.last - 1])),
            ("net", Quoted(via.net)),
            identity(board.name, "via", via.first, via.at, via.net),
        )


def _spot(board: OpenBoard, word: str, point: Point) -> Tree:
    """On KiCad's page, y down."""
    return (word, board.origin.x + point.x, board.origin.y - point.y)
