"""How far people are in an activity, and on which terms each of them works."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from lti_alliance.domain.accommodations import (
    Accommodation,
    ToldDates,
    effective_settings,
    later,
)
from lti_alliance.domain.activities import ActivitySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an attempt or a reflection."""

    granted: Accommodation = field(default_factory=Accommodation)
    told: ToldDates = field(default_factory=ToldDates)
    promised_until: datetime | None = None
    """Until when their open attempt was promised to last, whatever is taken back."""
    attempts_used: int = 0
    """How many count against the limit."""
    has_open_attempt: bool = False
    open_reflections: int = 0
    has_handed_in: bool = False

    def on_terms(self, settings: ActivitySettings) -> ActivitySettings:
        """Return the settings of the activity as they hold for this person."""
        return effective_settings(settings, granted=self.granted, told=self.told)

    def open_work(self, settings: ActivitySettings, *, at: datetime) -> int:
        """Count the pieces of work that this person may still hand in."""
        mine = self.on_terms(settings)
        of_attempt = mine
        if mine.closes_at is not None:
            of_attempt = replace(mine, closes_at=later(mine.closes_at, self.promised_until))
        attempts = self.has_open_attempt and not of_attempt.is_closed(at)
        return attempts + (0 if mine.is_closed(at) else self.open_reflections)

    def has_open_attempt_under(self, settings: ActivitySettings, *, at: datetime) -> bool:
        """Say whether their open attempt goes on under these settings of the activity."""
        return bool(replace(self, open_reflections=0).open_work(settings, at=at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """How far people are in an activity, as the database counts them."""

    people: Sequence[Person] = ()
    reflections: Mapping[str, int] = field(default_factory=dict)
    """How many reflections were handed in, by prompt."""
    waiting_reflections: int = 0
    graded_reflections: int = 0
    has_column: bool = False
    scores: Sequence[tuple[Decimal | None, Decimal | None]] = ()
    """Every kept score as it is, and as it would be."""

    @property
    def begun(self) -> int:
        """How many have an attempt or a reflection."""
        return len(self.people)

    @property
    def handed_in(self) -> int:
        """How many have handed something in."""
        return sum(each.has_handed_in for each in self.people)

    @property
    def tried(self) -> tuple[Person, ...]:
        """Those with an attempt that counts against the limit."""
        return tuple(each for each in self.people if each.attempts_used)

    @property
    def scored(self) -> int:
        """How many have a score today."""
        return sum(before is not None for before, _ in self.scores)
