"""What a student has handed in, and what it comes to by the rules that the guides tell.

Worked out here anew and in the simplest way: an oracle that shares no code with the tool.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from tests.chaos import lesson
from tests.chaos.school import BOTH

TEN = Decimal(10)
CENT = Decimal("0.01")


@dataclass(slots=True)
class Work:
    """The work of one student in one activity."""

    column: str
    attempts: list[tuple[tuple[str, str], datetime]] = field(default_factory=list)
    """What was answered, and when it was handed in."""
    written_at: datetime | None = None
    level: int | None = None
    assessments: int = 0
    has_comment: bool = False
    turns: list[datetime] = field(default_factory=list)
    """The moments of handing in that the gradebook had to be told, one after the other."""

    def counted(self, shares: dict[str, Decimal]) -> tuple[Decimal, datetime] | None:
        """Return the points and the moment of the attempt that counts."""
        if not self.attempts:
            return None
        judged = [(_points(answers, shares), at) for answers, at in self.attempts]
        if self.column == BOTH:
            return judged[-1]
        return max(judged, key=lambda each: each[0])

    def score(self, shares: dict[str, Decimal]) -> Decimal | None:
        """Return the score, or nothing while a part is missing or waits."""
        counted = self.counted(shares)
        if counted is None:
            return None
        if self.column != BOTH:
            return _rounded(counted[0])
        if self.level is None:
            return None
        return _rounded(counted[0] + TEN * lesson.LEVELS[self.level])

    def waits(self) -> bool:
        """Whether all is handed in and waits for the teacher."""
        both = self.column == BOTH and bool(self.attempts) and self.written_at is not None
        return both and self.level is None

    def maximum(self) -> Decimal:
        return TEN * 2 if self.column == BOTH else TEN

    def handed_in_at(self, shares: dict[str, Decimal]) -> datetime | None:
        """Return when what counts was complete."""
        counted = self.counted(shares)
        times = [at for at in (counted and counted[1], self.written_at) if at]
        return max(times, default=None)


def _points(answers: tuple[str, str], shares: dict[str, Decimal]) -> Decimal:
    total = Decimal(0)
    for (item_id, points), answer in zip(lesson.POINTS.items(), answers, strict=True):
        if answer == lesson.RIGHT:
            total += points
        elif answer == lesson.ODD:
            total += points * shares.get(item_id, Decimal(0))
    return total


def _rounded(points: Decimal) -> Decimal:
    return points.quantize(CENT, rounding=ROUND_HALF_UP)
