"""What an instructor decides about an activity: its parts, points, attempts, feedback, dates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from lti_alliance.domain.modules import FeedbackTiming, Grading, Keep, Module, Share
from lti_alliance.domain.rubrics import LevelTable, parse_level_table
from lti_alliance.domain.waits import WaitUnit, read_wait
from lti_alliance.errors import InvalidInput

MAX_POINTS = Decimal(1000)
MAX_ATTEMPTS = 20
MAX_MINUTES = 1440
MAX_RESUBMISSIONS = 10

_Choice = TypeVar("_Choice", bound=StrEnum)

# Messages for the instructor, without values, so that the edge can translate them.
PART_MISSING = "Choose at least one part: the quiz, the reflection, or both."
PART_ABSENT = "This module has no such part."
POINTS_INVALID = "Write a number of points above 0 and up to 1000, with at most two decimals."
ATTEMPTS_INVALID = "Write a whole number from 1 to 20, or leave it empty for no limit."
TIME_LIMIT_INVALID = "Write a whole number of minutes from 1 to 1440, or leave it empty."
WAIT_INVALID = "Write a whole number, and not more than 60 days, or leave it empty for no wait."
CHOICE_INVALID = "Choose one of the offered values."
PROMPT_MISSING = "Choose at least one reflection prompt."
RUBRIC_PRIVATE = (
    "A task you chose is private: nobody may read it, so nobody can grade it with a rubric. "
    "Choose grading by handing it in, or leave the task out."
)
RUBRIC_MISSING = (
    "A task you chose has no rubric. Choose grading by handing it in, or leave the task out."
)
FEEDBACK_NEEDS_CLOSE = "Feedback after the close needs a closing time."
RESUBMISSIONS_INVALID = "Write a whole number from 0 to 10."
CLOSES_INVALID = "Write a date and a time like 2027-03-31 23:59."


class Part(StrEnum):
    """A graded part of an activity."""

    QUIZ = "quiz"
    REFLECTION = "reflection"


class MissingParts(StrEnum):
    """What a part that was not handed in by the closing time does to the score."""

    HOLD = "hold"
    """No score is sent until every part is there."""
    ZERO = "zero"
    """At closing the missing part counts zero and the score goes out."""


class AIHelp(StrEnum):
    """What an activity says about the help of AI in its reflections."""

    NOT_STATED = "not stated"
    NOT_ALLOWED = "not allowed"
    IF_DECLARED = "if declared"


class QuizForm(StrEnum):
    """Whether a quiz is set side by side with another, before and after; it changes no grade."""

    NONE = "none"
    PRE = "pre"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySettings:
    """The settings of one activity."""

    parts: frozenset[Part]
    quiz_points: Decimal = Decimal(10)
    reflection_points: Decimal = Decimal(10)
    attempts: int | None = 3
    """How many attempts at the quiz; None is without limit."""
    time_limit_minutes: int | None = None
    """How long an attempt may take from its start; None is without limit."""
    wait_minutes: int = 0
    """How long after handing in one attempt the next may be started; 0 is at once."""
    keep: Keep = Keep.HIGHEST
    feedback: FeedbackTiming = FeedbackTiming.AFTER_SUBMIT
    shuffle: bool = True
    prompt_ids: tuple[str, ...] = ()
    reflection_grading: Grading = Grading.COMPLETION
    level_table: LevelTable = field(default_factory=LevelTable)
    closes_at: datetime | None = None
    missing_parts: MissingParts = MissingParts.HOLD
    opens_at: datetime | None = None
    """As told by the platform for one person; not kept with the activity."""
    due_at: datetime | None = None
    """As told by the platform for one person; work may still be handed in until the close."""
    anonymous: bool = False
    """Whether markers see no names until the grade is released."""
    resubmissions: int = 1
    """How often a returned reflection may be handed in again."""
    ai_help: AIHelp = AIHelp.NOT_STATED
    exemplars: bool = False
    """Whether students see the module's marked examples before they write."""
    form: QuizForm = QuizForm.NONE
    warm_up: bool = True
    """Whether students are offered questions from earlier modules before they begin."""

    @property
    def has_quiz(self) -> bool:
        """Whether the quiz is a part."""
        return Part.QUIZ in self.parts

    @property
    def has_reflection(self) -> bool:
        """Whether the reflection is a part."""
        return Part.REFLECTION in self.parts

    @property
    def maximum(self) -> Decimal:
        """What the whole activity is worth."""
        quiz = self.quiz_points if self.has_quiz else Decimal(0)
        return quiz + (self.reflection_points if self.has_reflection else Decimal(0))

    @property
    def waits_for_instructor(self) -> bool:
        """Whether somebody has to grade before a score can be sent."""
        return self.has_reflection and self.reflection_grading is Grading.RUBRIC

    def prompt_points(self) -> Decimal:
        """Return what one reflection prompt is worth: all prompts in use count alike."""
        return self.reflection_points / max(1, len(self.prompt_ids))

    def is_closed(self, at: datetime) -> bool:
        """Whether the activity takes no more work."""
        return self.closes_at is not None and at >= self.closes_at

    def is_not_open_yet(self, at: datetime) -> bool:
        """Whether the work may not be begun before a moment that is still to come."""
        return self.opens_at is not None and at < self.opens_at

    def deadline_from(self, start: datetime) -> datetime | None:
        """Return when the time of an attempt begun at ``start`` is up."""
        if self.time_limit_minutes is None:
            return None
        return start + timedelta(minutes=self.time_limit_minutes)


def propose(module: Module) -> ActivitySettings:
    """Return the settings that a careful teacher would start from for this module.

    The quiz alone where there is one: a reflection that an instructor grades holds back the score
    of everything in the same column, so it is better off in a column of its own.
    """
    has_quiz = bool(module.quiz.items)
    prompts = module.reflections[:1]
    by_completion = bool(prompts) and prompts[0].grading is Grading.COMPLETION
    parts = {Part.QUIZ} if has_quiz else set()
    if prompts and (by_completion or not has_quiz):
        parts.add(Part.REFLECTION)
    return ActivitySettings(
        parts=frozenset(parts),
        quiz_points=module.quiz.maximum or Decimal(10),
        attempts=module.quiz.attempts,
        time_limit_minutes=_whole_minutes(module.quiz.time_limit),
        wait_minutes=_whole_minutes(module.quiz.wait) or 0,
        keep=module.quiz.keep,
        feedback=module.quiz.feedback,
        shuffle=module.quiz.shuffle,
        prompt_ids=tuple(prompt.id for prompt in prompts),
        reflection_grading=prompts[0].grading if prompts else Grading.COMPLETION,
        resubmissions=(prompts[0].resubmit if prompts else 0) or 1,
    )


def parse_settings(form: Mapping[str, Any], module: Module) -> ActivitySettings:
    """Read the settings form of an activity.

    ``form`` maps `parts` and `prompt_ids` to lists of text, `level.1`… and the rest to text;
    `closes_at` is an aware ``datetime`` or None. Raises ``InvalidInput`` with every faulty field.
    """
    faults: dict[str, str] = {}
    # The form has no fields for a part that the module does not have.
    if not module.quiz.items:
        form = {"keep": Keep.HIGHEST, "feedback": FeedbackTiming.AFTER_SUBMIT, **form}
    if not module.reflections:
        form = {"reflection_grading": Grading.COMPLETION, **form}
    parts = _parts(form.get("parts", []), module, faults)
    prompt_ids = _prompts(form.get("prompt_ids", []), parts, module, faults)
    table = _level_table(form, faults)
    settings = ActivitySettings(
        parts=parts,
        quiz_points=_points(form, "quiz_points", faults, needed=Part.QUIZ in parts),
        reflection_points=_points(
            form, "reflection_points", faults, needed=Part.REFLECTION in parts
        ),
        attempts=_limit(form, "attempts", MAX_ATTEMPTS, ATTEMPTS_INVALID, faults),
        time_limit_minutes=_limit(
            form, "time_limit_minutes", MAX_MINUTES, TIME_LIMIT_INVALID, faults
        ),
        wait_minutes=_wait(form, faults),
        keep=_choice(Keep, form, "keep", faults),
        feedback=_choice(FeedbackTiming, form, "feedback", faults),
        shuffle=bool(form.get("shuffle")),
        prompt_ids=prompt_ids,
        reflection_grading=_choice(Grading, form, "reflection_grading", faults),
        level_table=table,
        closes_at=form.get("closes_at"),
        missing_parts=_choice(MissingParts, form, "missing_parts", faults),
        anonymous=bool(form.get("anonymous")),
        resubmissions=_resubmissions(str(form.get("resubmissions", "1")), faults),
        ai_help=_choice(AIHelp, {"ai_help": AIHelp.NOT_STATED, **form}, "ai_help", faults),
        exemplars=bool(form.get("exemplars")),
        form=_choice(QuizForm, {"form": QuizForm.NONE, **form}, "form", faults),
        warm_up=bool(form.get("warm_up")),
    )
    if settings.waits_for_instructor:
        _check_gradable(settings.prompt_ids, module, faults)
    if settings.feedback is FeedbackTiming.AFTER_CLOSE and settings.closes_at is None:
        faults.setdefault("feedback", FEEDBACK_NEEDS_CLOSE)
    if faults:
        raise InvalidInput(faults, code="activity.settings_invalid")
    return settings


def settings_to_json(settings: ActivitySettings) -> dict[str, Any]:
    """Turn settings into plain values for storage."""
    return {
        "parts": sorted(settings.parts),
        "quiz_points": str(settings.quiz_points),
        "reflection_points": str(settings.reflection_points),
        "attempts": settings.attempts,
        "time_limit_minutes": settings.time_limit_minutes,
        "wait_minutes": settings.wait_minutes,
        "keep": settings.keep,
        "feedback": settings.feedback,
        "shuffle": settings.shuffle,
        "prompt_ids": list(settings.prompt_ids),
        "reflection_grading": settings.reflection_grading,
        "levels": [str(share) for share in settings.level_table.shares],
        "closes_at": settings.closes_at.isoformat() if settings.closes_at else None,
        "missing_parts": settings.missing_parts,
        "anonymous": settings.anonymous,
        "resubmissions": settings.resubmissions,
        "ai_help": settings.ai_help,
        "exemplars": settings.exemplars,
        "form": settings.form,
        "warm_up": settings.warm_up,
    }


def settings_from_json(stored: Mapping[str, Any]) -> ActivitySettings:
    """Read stored settings back."""
    closes_at = stored["closes_at"]
    return ActivitySettings(
        parts=frozenset(Part(part) for part in stored["parts"]),
        quiz_points=Decimal(stored["quiz_points"]),
        reflection_points=Decimal(stored["reflection_points"]),
        attempts=stored["attempts"],
        # Not there in settings that were stored before there were time limits.
        time_limit_minutes=stored.get("time_limit_minutes"),
        wait_minutes=stored.get("wait_minutes", 0),
        keep=Keep(stored["keep"]),
        feedback=FeedbackTiming(stored["feedback"]),
        shuffle=stored["shuffle"],
        prompt_ids=tuple(stored["prompt_ids"]),
        reflection_grading=Grading(stored["reflection_grading"]),
        level_table=LevelTable(shares=tuple(Decimal(share) for share in stored["levels"])),
        closes_at=datetime.fromisoformat(closes_at) if closes_at else None,
        missing_parts=MissingParts(stored["missing_parts"]),
        anonymous=stored.get("anonymous", False),
        resubmissions=stored.get("resubmissions", 1),
        ai_help=AIHelp(stored.get("ai_help", AIHelp.NOT_STATED)),
        exemplars=stored.get("exemplars", False),
        form=QuizForm(stored.get("form", QuizForm.NONE)),
        warm_up=stored.get("warm_up", True),
    )


def _parts(values: list[str], module: Module, faults: dict[str, str]) -> frozenset[Part]:
    offered = {Part.QUIZ: bool(module.quiz.items), Part.REFLECTION: bool(module.reflections)}
    try:
        parts = frozenset(Part(value) for value in values)
    except ValueError:
        faults["parts"] = CHOICE_INVALID
        return frozenset()
    if not parts:
        faults["parts"] = PART_MISSING
    elif not all(offered[part] for part in parts):
        faults["parts"] = PART_ABSENT
    return parts


def _prompts(
    values: list[str], parts: frozenset[Part], module: Module, faults: dict[str, str]
) -> tuple[str, ...]:
    chosen = tuple(prompt.id for prompt in module.reflections if prompt.id in values)
    if len(chosen) < len(set(values)):
        faults["prompt_ids"] = CHOICE_INVALID
    elif Part.REFLECTION in parts and not chosen:
        faults["prompt_ids"] = PROMPT_MISSING
    return chosen


def _check_gradable(prompt_ids: tuple[str, ...], module: Module, faults: dict[str, str]) -> None:
    prompts = [module.get_reflection(prompt_id) for prompt_id in prompt_ids]
    if any(prompt.share is Share.PRIVATE for prompt in prompts):
        faults["reflection_grading"] = RUBRIC_PRIVATE
    elif any(prompt.rubric is None for prompt in prompts):
        faults["reflection_grading"] = RUBRIC_MISSING


def _points(form: Mapping[str, Any], name: str, faults: dict[str, str], *, needed: bool) -> Decimal:
    text = str(form.get(name, "")).strip().replace(",", ".")
    if not needed and not text:
        return Decimal(10)
    try:
        points = Decimal(text)
    except InvalidOperation:
        points = Decimal(0)
    exponent = points.as_tuple().exponent
    if not points.is_finite() or not 0 < points <= MAX_POINTS or int(exponent) < -2:
        faults[name] = POINTS_INVALID
        return Decimal(10)
    return points


def _limit(
    form: Mapping[str, Any], name: str, most: int, message: str, faults: dict[str, str]
) -> int | None:
    text = str(form.get(name, "")).strip()
    if not text:
        return None
    if not text.isdecimal() or len(text) > 6 or not 1 <= int(text) <= most:
        faults[name] = message
        return None
    return int(text)


def _wait(form: Mapping[str, Any], faults: dict[str, str]) -> int:
    number, unit = str(form.get("wait_number", "")), str(form.get("wait_unit", WaitUnit.HOURS))
    wait = read_wait(number, unit)
    if wait is None:
        faults["wait_number"] = WAIT_INVALID
        return 0
    return wait // timedelta(minutes=1)


def _whole_minutes(limit: timedelta | None) -> int | None:
    return -(-limit // timedelta(minutes=1)) if limit else None


def _resubmissions(text: str, faults: dict[str, str]) -> int:
    typed = text.strip()
    if not typed.isdecimal() or len(typed) > 2 or int(typed) > MAX_RESUBMISSIONS:
        faults["resubmissions"] = RESUBMISSIONS_INVALID
        return 1
    return int(typed)


def _choice(
    kind: type[_Choice], form: Mapping[str, Any], name: str, faults: dict[str, str]
) -> _Choice:
    try:
        return kind(str(form.get(name, "")))
    except ValueError:
        faults[name] = CHOICE_INVALID
        return next(iter(kind))


def _level_table(form: Mapping[str, Any], faults: dict[str, str]) -> LevelTable:
    typed = {n: str(form[f"level.{n}"]) for n in range(1, 5) if f"level.{n}" in form}
    if not typed:
        return LevelTable()
    try:
        return parse_level_table(typed)
    except InvalidInput as invalid:
        faults.update(invalid.fields)
        return LevelTable()
