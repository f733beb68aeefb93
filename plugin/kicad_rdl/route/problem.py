"""The package as the router sees it: terminals in a canonical pose.

Of the eight ways to turn and mirror a package one is canonical, so that a mirrored or turned package is routed just
the same and its layout is the mirrored or turned one. Terminals are sorted by place: the order of a file means nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from kicad_rdl.geometry import Arc, Line, Path, Piece, Point, Polygon, Shape, turned
from kicad_rdl.model.package import Package, terminal_name


@dataclass(frozen=True, slots=True)
class Pose:
    """Mirror about the y axis first, then quarter turns counter-clockwise."""

    mirrored: bool
    quarters: int

    def apply(self, point: Point) -> Point:
        """From the package frame into the pose."""
        return (Point(-point.x, point.y) if self.mirrored else point).turned(self.quarters)

    def undo(self, point: Point) -> Point:
        """From the pose back into the package frame."""
        back = point.turned(-self.quarters)
        return Point(-back.x, back.y) if self.mirrored else back

    def apply_path(self, path: Path) -> Path:
        """A path in the pose."""
        return self._moved(path, self.apply)

    def undo_path(self, path: Path) -> Path:
        """A path back in the package frame."""
        return self._moved(path, self.undo)

    def _moved(self, path: Path, move: Callable[[Point], Point]) -> Path:
        pieces: list[Piece] = []
        for piece in path.pieces:
            if isinstance(piece, Line):
                pieces.append(Line(move(piece.start), move(piece.end)))
            else:
                pieces.append(Arc(move(piece.start), move(piece.mid), move(piece.end)))
        return Path(tuple(pieces))

    def apply_polygon(self, polygon: Polygon) -> Polygon:
        """A polygon in the pose, counter-clockwise again."""
        return self._ringed(polygon, self.apply)

    def undo_polygon(self, polygon: Polygon) -> Polygon:
        """A polygon back in the package frame, counter-clockwise again."""
        return self._ringed(polygon, self.undo)

    def _ringed(self, polygon: Polygon, move: Callable[[Point], Point]) -> Polygon:
        def ring(points: tuple[Point, ...]) -> tuple[Point, ...]:
            moved = tuple(move(p) for p in points)
            return moved[::-1] if self.mirrored else moved

        return Polygon(ring(polygon.points), tuple(ring(hole) for hole in polygon.holes))


class TerminalKind(StrEnum):
    """What a wire may end on."""

    BUMP = "bump"
    BALL = "ball"
    BRANCH = "branch"
    """A place where traces of a net meet."""
    VIA = "via"
    """A place where a wire changes the layer."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A bump or a ball; ``at`` and ``shape`` in the pose. The shape is its copper on its own layer."""

    kind: TerminalKind
    name: str
    net: str | None
    at: Point
    shape: Shape
    usable: bool
    """A bump with a net; a ball that is not nc."""

    @property
    def label(self) -> str:
        """``bump:A1``."""
        return f"{self.kind.value}:{self.name}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be routed."""

    package: Package
    pose: Pose
    half_width: float
    half_height: float
    bumps: tuple[Terminal, ...]
    balls: tuple[Terminal, ...]


def pose_of(package: Package) -> Pose:
    """The pose in which the sorted list of all terminals comes first."""
    things = [(0, bump.at, package.land(bump), bump.net or "") for _, bump in package.bumps] + [
        (1, ball.at, package.ubm_pad, ball.name if ball.nc else "") for ball in package.balls
    ]
    best: tuple[list[tuple[int, int, int, str, str]], Pose] | None = None
    for mirrored in (False, True):
        for quarters in range(4):
            pose = Pose(mirrored, quarters)
            key = sorted(
                (kind, pose.apply(at).x, pose.apply(at).y, repr(turned(shape, quarters)), net)
                for kind, at, shape, net in things
            )
            if best is None or key < best[0]:
                best = (key, pose)
    assert best is not None
    return best[1]


def problem_of(package: Package) -> Problem:
    """Puts the package into its pose."""
    pose = pose_of(package)
    width, height = (package.height, package.width) if pose.quarters % 2 else (package.width, package.height)

    def place(terminal: Terminal) -> tuple[int, int, str]:
        return terminal.at.x, terminal.at.y, terminal.name

    bumps = [
        Terminal(
            TerminalKind.BUMP,
            terminal_name(package, die, bump),
            bump.net,
            pose.apply(bump.at),
            turned(package.land(bump), pose.quarters),
            bump.net is not None,
        )
        for die, bump in package.bumps
    ]
    balls = [
        Terminal(TerminalKind.BALL, ball.name, None, pose.apply(ball.at), package.ubm_pad, not ball.nc)
        for ball in package.balls
    ]
    return Problem(
        package, pose, width / 2, height / 2, tuple(sorted(bumps, key=place)), tuple(sorted(balls, key=place))
    )
