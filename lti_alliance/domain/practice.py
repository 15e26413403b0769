"""Practice: which items somebody meets again, and when; nothing here makes points."""

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.attempts import AttemptState, FeedbackStage, feedback_stage
from lti_alliance.domain.exam_domains import EXAM_DOMAINS
from lti_alliance.domain.items import Frame
from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.errors import InvalidInput

WARM_UP_SIZE = 3
WARM_UP_GAP = timedelta(days=7)
"""How long an item rests after each meeting. Gaps that grow have not been found to do better."""
SIZES = (5, 10, 20)
MAX_MINUTES = 180

# Messages for the student, without values, so that the edge can translate them.
MODULES_MISSING = "Choose at least one module."
MODULE_UNKNOWN = "Choose among the modules that are offered."
CHOICE_INVALID = "Choose one of the offered values."
MINUTES_INVALID = "Write a whole number of minutes from 1 to 180, or leave it empty."
NOTHING_FOUND = (
    "There is no question to practise with here now. Choose other modules or both points of view, "
    "or come back later."
)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_OPENNESS = (FeedbackStage.NONE, FeedbackStage.BETWEEN_ATTEMPTS, FeedbackStage.FINAL)


class PracticeKind(StrEnum):
    """What a set of practice is for."""

    WARM_UP = "warm_up"
    """A few items from earlier modules before a new one is begun."""
    PRACTICE = "practice"
    """Whatever the student chose."""


class PracticeState(StrEnum):
    """Where a set of practice is in its life."""

    OPEN = "open"
    FINISHED = "finished"
    LEFT_OUT = "left_out"
    """The student did not want it, or began another; it says nothing about what they know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """That somebody was given an item; ``right`` is empty where nothing was judged."""

    item_id: str
    at: datetime
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """When somebody last met an item, and whether the latest judged answer was not all right."""

    last_met_at: datetime | None = None
    was_missed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An item that might be practised; ``source`` tells the collections apart it comes from."""

    item_id: str
    source: int
    stage: FeedbackStage
    """How much of its judgement may be shown now."""
    frame: Frame | None = None
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeChoice:
    """What a student wants to practise."""

    module_ids: tuple[str, ...]
    size: int = SIZES[0]
    frame: Frame | None = None
    """Items of one point of view alone; None is all of them."""
    domain: str = ""
    """Modules alone that serve one domain of an examination; empty is all of them."""
    minutes: int | None = None
    """How long the student means to take; nothing happens when it is over."""


def remember(meetings: Iterable[Meeting]) -> dict[str, Memory]:
    """Put together what somebody's meetings with each item come to."""
    found = dict[str, Memory]()
    for meeting in sorted(meetings, key=lambda each: each.at):
        before = found.get(meeting.item_id, Memory())
        missed = before.was_missed if meeting.right is None else not meeting.right
        found[meeting.item_id] = Memory(meeting.at, missed)
    return found


def stage_in(
    settings: ActivitySettings, states: Sequence[AttemptState], *, at: datetime
) -> FeedbackStage:
    """Say how much of an item's judgement one activity with it lets be shown outside attempts.

    ``settings`` are those that hold for the person, ``states`` those of their attempts.
    """
    if not settings.has_quiz and not states:
        return FeedbackStage.FINAL
    if settings.feedback is FeedbackTiming.AFTER_CLOSE and not settings.is_closed(at):
        return FeedbackStage.NONE
    return feedback_stage(settings, states, at=at)


def least_open(stages: Iterable[FeedbackStage]) -> FeedbackStage:
    """Return the stage that shows least: what one activity hides, no other gives away."""
    return min(stages, key=_OPENNESS.index, default=FeedbackStage.FINAL)


def draw(
    candidates: Sequence[Candidate],
    *,
    size: int,
    rng: random.Random,
    at: datetime,
    gap: timedelta = timedelta(0),
) -> tuple[Candidate, ...]:
    """Draw items: those missed first, then those not met for longest, by lot among equals.

    Never drawn is an item twice, one of which nothing may be shown, or one that was met less than
    ``gap`` ago. An id that occurs in several places is one item.
    """
    rested = [each for each in _distinct(candidates) if _may_be_drawn(each, gap=gap, at=at)]
    rng.shuffle(rested)
    rested.sort(key=_urgency)
    return tuple(rested[:size])


def of_frame(candidates: Iterable[Candidate], frame: Frame | None) -> list[Candidate]:
    """Keep the items of one point of view, or all of them."""
    return [each for each in candidates if frame is None or each.frame is frame]


def parse_choice(form: Mapping[str, Any], offered: Collection[str]) -> PracticeChoice:
    """Read what a student wants to practise; ``form`` maps `modules` to a list, the rest to text.

    Raises ``InvalidInput`` with every faulty field.
    """
    faults = dict[str, str]()
    wanted = tuple(dict.fromkeys(form.get("modules", [])))
    if not wanted:
        faults["modules"] = MODULES_MISSING
    elif not set(wanted) <= set(offered):
        faults["modules"] = MODULE_UNKNOWN
    size, frame = str(form.get("size", "")), str(form.get("frame", ""))
    if size not in map(str, SIZES):
        faults["size"] = CHOICE_INVALID
    if frame and frame not in list(Frame):
        faults["frame"] = CHOICE_INVALID
    domain = str(form.get("domain", ""))
    if domain and domain not in EXAM_DOMAINS:
        faults["domain"] = CHOICE_INVALID
    minutes = str(form.get("minutes", "")).strip()
    if minutes and not _are_minutes(minutes):
        faults["minutes"] = MINUTES_INVALID
    if faults:
        raise InvalidInput(faults, code="practice.choice_invalid")
    return PracticeChoice(
        module_ids=wanted,
        size=int(size),
        frame=Frame(frame) if frame else None,
        domain=domain,
        minutes=int(minutes) if minutes else None,
    )


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Make one of those with the same id: the first, as hidden and as fresh as any of them."""
    by_id = dict[str, list[Candidate]]()
    for each in candidates:
        by_id.setdefault(each.item_id, []).append(each)
    return [
        Candidate(
            item_id=item_id,
            source=same[0].source,
            stage=least_open(each.stage for each in same),
            frame=same[0].frame,
            memory=max((each.memory for each in same), key=lambda m: m.last_met_at or _LONG_AGO),
        )
        for item_id, same in by_id.items()
    ]


def _may_be_drawn(candidate: Candidate, *, gap: timedelta, at: datetime) -> bool:
    if candidate.stage is FeedbackStage.NONE:
        return False
    met = candidate.memory.last_met_at
    return met is None or at - met >= gap


def _urgency(candidate: Candidate) -> tuple[bool, datetime]:
    return not candidate.memory.was_missed, candidate.memory.last_met_at or _LONG_AGO


def _are_minutes(text: str) -> bool:
    return text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= MAX_MINUTES
