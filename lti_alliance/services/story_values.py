"""The story of a grade as plain values: its work, its sum, what happened, what was tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.modules import Keep
from lti_alliance.domain.scoring import PartState, round_score
from lti_alliance.services.delivery_views import DeliveryView
from lti_alliance.services.standings import PartResult


class ActorKind(StrEnum):
    """Who acted, as seen from the student of the story."""

    STUDENT = "student"
    STAFF = "staff"
    TOOL = "tool"
    """The tool by itself, or its administrator from the command line."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted; ``name`` is empty for the eyes of a student, and where none is known."""

    kind: ActorKind
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLine:
    """One attempt at the quiz."""

    id: UUID
    number: int
    state: AttemptState
    submitted_at: datetime | None
    score: Decimal
    """In points of its questions, of which ``maximum`` could be had."""
    maximum: Decimal
    points: Decimal
    """In points of the activity."""
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelLine:
    """One criterion of a rubric and the name of the level that was chosen, empty for blank."""

    criterion: str
    level: str
    share: Decimal | None
    """What the level earned; empty where that cannot be said any more."""
    weight: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptLine:
    """One reflection: how far it is, and by which way it got its points."""

    number: int
    state: PartState
    is_by_rubric: bool
    share: Decimal | None
    """0 to 1 once it is graded."""
    points: Decimal | None
    maximum: Decimal
    submitted_at: datetime | None
    graded_at: datetime | None
    grader: Actor | None
    levels: tuple[LevelLine, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """One part of the sum: the mean of shares, times what the part is worth."""

    part: Part
    shares: tuple[tuple[Decimal, Decimal], ...]
    """Each given and its maximum; none for a part that counts zero."""
    points: Decimal

    @property
    def value(self) -> Fraction:
        """What the part comes to, exactly."""
        if not self.shares:
            return Fraction(0)
        total = sum((Fraction(given) / Fraction(of) for given, of in self.shares), Fraction(0))
        return total / len(self.shares) * Fraction(self.points)


@dataclass(frozen=True, slots=True)
class Sum:
    """How the parts make the score; it is rounded once, at the end."""

    terms: tuple[Term, ...]

    @property
    def exact(self) -> Fraction:
        """The score before it is rounded."""
        return sum((term.value for term in self.terms), Fraction(0))

    @property
    def rounded(self) -> Decimal:
        """The score."""
        return round_score(self.exact)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryEvent:
    """One thing that happened: an audit event by its own name, or what the gradebook was told."""

    at: datetime
    kind: str
    actor: Actor | None = None
    number: int = 0
    """Of the attempt or the reflection that it is about."""
    is_again: bool = False
    """Whether the same had been done to it before."""
    changed: tuple[str, ...] = ()
    """The settings that were changed."""
    score: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLine:
    """One step on the way to the gradebook and what came of it."""

    at: datetime
    last_at: datetime
    count: int
    kind: str
    is_pending: bool
    score: Decimal | None
    maximum: Decimal | None
    state: str
    reason: str
    status: int | None

    @property
    def was_answered(self) -> bool:
        """Whether the platform answered and did not refuse."""
        return self.status is not None and self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeStory:
    """Why one person's grade in one activity is what it is."""

    settings: ActivitySettings
    is_closed: bool
    is_preview: bool
    score: Decimal | None
    maximum: Decimal
    parts: Mapping[Part, PartResult]
    attempts: tuple[AttemptLine, ...]
    prompts: tuple[PromptLine, ...]
    sum: Sum | None
    """Empty while there is no score."""
    is_readable: bool
    """Whether the gradebook can be read back."""
    delivery: DeliveryView | None
    delivery_id: UUID | None
    events: tuple[StoryEvent, ...]
    """In the order in which they happened."""
    tries: tuple[TryLine, ...]
    """The latest first; none in a student's story."""

    @property
    def counted(self) -> AttemptLine | None:
        """The one attempt that counts; none for an average."""
        if self.settings.keep is Keep.AVERAGE:
            return None
        return next((attempt for attempt in self.attempts if attempt.counts), None)

    @property
    def handed_in(self) -> tuple[AttemptLine, ...]:
        """The attempts that were handed in."""
        return tuple(a for a in self.attempts if a.state.is_handed_in)

    @property
    def is_tied(self) -> bool:
        """Whether another attempt came to as much as the one that counts."""
        counted = self.counted
        return counted is not None and any(
            other.score * counted.maximum == counted.score * other.maximum
            for other in self.handed_in
            if other.id != counted.id
        )
