"""Where the labels of points go, so that they hide neither each other nor what they name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# In the unit of the drawing, whose text is FONT high.
FONT = 12.0
CHARACTER = 6.8  # mean width at that height, in the wider ones of the usual fonts
HEIGHT = 14.0
LEADER_FROM = 14.0  # a label further away than this is joined to its point by a line
DISTANCES = (8.0, 16.0, 28.0, 42.0, 58.0, 76.0, 96.0, 120.0)
DIRECTIONS = 16
ROUNDS = 4
SAMPLES = 8  # places on a leader that are looked at


@dataclass(frozen=True)
class Box:
    """A rectangle: its left upper corner and its size."""

    x: float
    y: float
    width: float
    height: float

    def overlap(self, other: Box) -> float:
        """The common area of two rectangles."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(width, 0.0) * max(height, 0.0)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.x < x < self.x + self.width and self.y < y < self.y + self.height

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The point of the rectangle that is nearest to another one."""
        return (
            min(max(x, self.x), self.x + self.width),
            min(max(y, self.y), self.y + self.height),
        )


@dataclass(frozen=True)
class Label:
    """A text at (x, y) on its base line, and the end of its leader, if any.

    `at_end` says that x is where the text ends: what faces the point stays where it is, however
    wide the letters are.
    """

    text: str
    x: float
    y: float
    at_end: bool
    leader: tuple[float, float] | None


@dataclass(frozen=True)
class PlacedLabel:
    """A place for the label of a point."""

    box: Box
    point: tuple[float, float]

    @property
    def end(self) -> tuple[float, float]:
        """Where a leader would end."""
        return self.box.nearest(*self.point)

    @property
    def distance(self) -> float:
        """From the point to the label."""
        return math.dist(self.end, self.point)

    @property
    def leader(self) -> tuple[tuple[float, float], ...]:
        """Places on the leader, where it has left its own marker; empty without one."""
        if self.distance <= LEADER_FROM:
            return ()
        (x, y), (u, v) = self.point, self.end
        shares = (k / SAMPLES for k in range(2, SAMPLES))
        return tuple((x + (u - x) * share, y + (v - y) * share) for share in shares)


def place_labels(
    points: Sequence[tuple[float, float, str]],
    obstacles: Sequence[Box],
    width: float,
    height: float,
) -> list[Label]:
    """Labels of points (x, y, text) inside a drawing of some size.

    Each in turn takes the place around its point that hides the least, given the others, for a few
    rounds.

    Parameters
    ----------
    points : sequence of (float, float, str)
    obstacles : sequence of Box
        What should stay visible: markers, error bars, lines.
    width, height : float
        Of the drawing; no label leaves it, unless it is too long for it.
    """
    room = Box(0, 0, width, height)
    placed: dict[int, PlacedLabel] = {}
    for _ in range(ROUNDS):
        for k, (x, y, text) in enumerate(points):
            others = [other for i, other in placed.items() if i != k]
            places = [PlacedLabel(box, (x, y)) for box in _candidates(x, y, len(text) * CHARACTER)]
            badness = [_badness(each, others, obstacles, room) for each in places]
            placed[k] = places[badness.index(min(badness))]
    return [_label(placed[k], text) for k, (_, _, text) in enumerate(points)]


def _candidates(x: float, y: float, width: float) -> Iterator[Box]:
    """Boxes around a point, near ones first: to the right, then against the clock."""
    for distance in DISTANCES:
        for k in range(DIRECTIONS):
            angle = 2 * math.pi * k / DIRECTIONS
            dx, dy = math.cos(angle), -math.sin(angle)
            # The side or corner that faces the point is what keeps the distance.
            left = x + distance * dx - width * (1 - dx) / 2
            top = y + distance * dy - HEIGHT * (1 - dy) / 2
            yield Box(left, top, width, HEIGHT)


def _badness(
    label: PlacedLabel, others: Sequence[PlacedLabel], obstacles: Sequence[Box], room: Box
) -> float:
    box, boxes = label.box, [other.box for other in others]
    outside = box.width * box.height - box.overlap(room)
    hidden = sum(box.overlap(other) for other in boxes)
    crossed = sum(box.overlap(obstacle) for obstacle in obstacles)
    struck = sum(each.holds(*place) for place in label.leader for each in (*boxes, *obstacles))
    struck += sum(box.holds(*place) for other in others for place in other.leader)
    return 50 * outside + 20 * hidden + 4 * crossed + 8 * struck + label.distance


def _label(placed: PlacedLabel, text: str) -> Label:
    box = placed.box
    at_end = box.x + box.width / 2 < placed.point[0]
    return Label(
        text,
        box.x + box.width if at_end else box.x,
        box.y + 0.8 * HEIGHT,
        at_end,
        placed.end if placed.leader else None,
    )
