"""Small pictures for the legend: what a trace, a pad, a plane or a mark looks like in the drawing beside it."""

from __future__ import annotations

from dataclasses import dataclass

from kicad_rdl.draw.canvas import Element, box, disc, group, line
from kicad_rdl.draw.copper import KEEPOUT_OPACITY, PLANE_OPACITY
from kicad_rdl.draw.style import DIE, GREY, KEEPOUT, PAPER, RED
from kicad_rdl.geometry import ORIGIN, Point
from kicad_rdl.units import Nm, format_length


@dataclass(frozen=True, slots=True)
class Samples:
    """Pictures around their own origin."""

    letter: Nm
    """Font size of the sheet."""

    def _n(self, count: float) -> Nm:
        return round(self.letter * count)

    def trace(self, colour: str) -> Element:
        """A piece of trace that ends in a pad."""
        start, end = Point(self._n(-1.2), 0), Point(self._n(0.6), 0)
        return group(
            (
                line(start, end, stroke=colour, stroke_width=self._n(0.28), stroke_linecap="round"),
                disc(Point(self._n(0.75), 0), self._n(0.95), fill=colour),
            )
        )

    def plane(self, colour: str) -> Element:
        """A patch of plane."""
        return box(
            ORIGIN,
            self._n(2.4),
            self._n(0.95),
            fill=colour,
            fill_opacity=PLANE_OPACITY,
            stroke=colour,
            stroke_width=self._n(0.06),
        )

    def stroke(self, colour: str, *, dash: bool = False, bars: bool = False) -> Element:
        """A line, with bars at its ends for a cut."""
        start, end = Point(self._n(-1.2), 0), Point(self._n(1.2), 0)
        pattern = None
        if dash:
            pattern = format_length(self._n(0.5)) + " " + format_length(self._n(0.3))
        parts = [line(start, end, stroke_dasharray=pattern)]
        if bars:
            up = Point(0, self._n(0.35))
            parts += [line(x - up, x + up) for x in (start, end)]
        return group(parts, stroke=colour, stroke_width=self._n(0.16 if bars else 0.09))

    def ring(self, colour: str, fill: str = "none") -> Element:
        """An outline of a round thing."""
        return disc(ORIGIN, self._n(1.1), fill=fill, stroke=colour, stroke_width=self._n(0.09))

    def via(self, colour: str, *, onward: bool) -> Element:
        """A via that goes on to the next layer, or one that comes from the layer before."""
        hole = disc(ORIGIN, self._n(0.55), fill=PAPER if onward else "none", stroke=PAPER, stroke_width=self._n(0.09))
        return group((disc(ORIGIN, self._n(1.15), fill=colour), hole))

    def pad(self, colour: str) -> Element:
        """A pad with the opening in it."""
        hole = disc(ORIGIN, self._n(0.85), fill="none", stroke=PAPER, stroke_width=self._n(0.07))
        return group((disc(ORIGIN, self._n(1.2), fill=colour), hole))

    def keepout(self) -> Element:
        """A patch of keep-out."""
        dashes = " ".join(format_length(self._n(part)) for part in (0.3, 0.2))
        patch = box(ORIGIN, self._n(2.4), self._n(0.95), fill=KEEPOUT, fill_opacity=KEEPOUT_OPACITY)
        edge = box(
            ORIGIN,
            self._n(2.4),
            self._n(0.95),
            fill="none",
            stroke=KEEPOUT,
            stroke_width=self._n(0.09),
            stroke_dasharray=dashes,
        )
        return group((patch, edge))

    def die(self) -> Element:
        """A patch of die shadow."""
        return box(
            ORIGIN,
            self._n(2.4),
            self._n(0.95),
            fill=DIE,
            stroke=GREY,
            stroke_width=self._n(0.07),
            stroke_dasharray=dash_dot(self.letter),
        )

    def violation(self) -> Element:
        """The ring around a violation."""
        ring = disc(ORIGIN, self._n(1.1), fill="none", stroke=RED, stroke_width=self._n(0.16))
        return group((ring, disc(ORIGIN, self._n(0.2), fill=RED)))


def dash_dot(letter: Nm) -> str:
    """Pattern of the die outline."""
    return " ".join(format_length(round(letter * part)) for part in (0.9, 0.28, 0.12, 0.28))
