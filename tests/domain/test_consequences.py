"""What a change of settings means to people under way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lti_alliance.domain.activities import ActivitySettings, MissingParts, Part
from lti_alliance.domain.consequences import Effect, Underway, foresee
from lti_alliance.domain.modules import FeedbackTiming, Grading, Keep
from lti_alliance.domain.rubrics import LevelTable

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=7)
BOTH = frozenset({Part.QUIZ, Part.REFLECTION})
QUIZ = ActivitySettings(parts=frozenset({Part.QUIZ}))
WHOLE = ActivitySettings(parts=BOTH, prompt_ids=("r1",), reflection_grading=Grading.RUBRIC)
WORK = Underway(
    begun=5,
    handed_in=4,
    open_attempts=2,
    open_reflections=1,
    attempts_used=(1, 2, 3, 3),
    attempts_done=(2, 3),
    reflections={"r1": 3},
    waiting_reflections=1,
    graded_reflections=2,
)


def effects(old: ActivitySettings, work: Underway = WORK, **changes: object) -> dict[Effect, int]:
    """Return the effects of a change with their counts, without the one about open attempts."""
    found = foresee(old, replace(old, **changes), work, at=NOON)
    return {each.effect: each.count for each in found if each.effect is not Effect.ATTEMPTS_GO_ON}


@pytest.mark.parametrize(
    ("old", "changes", "expected"),
    [
        (QUIZ, {"attempts": 2}, {Effect.ATTEMPTS_OVER: 2}),
        (QUIZ, {"attempts": 5}, {Effect.ATTEMPTS_AGAIN_KEY_SEEN: 1}),
        (QUIZ, {"attempts": None}, {Effect.ATTEMPTS_AGAIN_KEY_SEEN: 1}),
        (
            replace(QUIZ, feedback=FeedbackTiming.AFTER_CLOSE, closes_at=LATER),
            {"attempts": 4},
            {Effect.ATTEMPTS_AGAIN: 1},
        ),
        (QUIZ, {"keep": Keep.FIRST}, {}),
        (WHOLE, {"parts": frozenset({Part.REFLECTION})}, {Effect.QUIZ_LEFT_OUT: 4}),
        (WHOLE, {"parts": frozenset({Part.QUIZ})}, {Effect.REFLECTIONS_LEFT_OUT: 3}),
        (replace(WHOLE, parts=frozenset({Part.REFLECTION})), {"parts": BOTH}, {"quiz_added": 4}),
        (
            WHOLE,
            {"prompt_ids": ("r2",)},
            {Effect.REFLECTIONS_LEFT_OUT: 3, Effect.REFLECTIONS_ADDED: 4},
        ),
        (
            WHOLE,
            {"reflection_grading": Grading.COMPLETION},
            {Effect.GRADING_BY_COMPLETION: 1},
        ),
        (
            replace(WHOLE, reflection_grading=Grading.COMPLETION),
            {"reflection_grading": Grading.RUBRIC},
            {Effect.GRADING_BY_RUBRIC: 2},
        ),
        (
            WHOLE,
            {"level_table": LevelTable(shares=tuple(map(Decimal, ("0", "0.5", "0.8", "1"))))},
            {Effect.LEVELS: 2},
        ),
        (
            QUIZ,
            {"feedback": FeedbackTiming.AFTER_CLOSE, "closes_at": LATER},
            {Effect.FEEDBACK_LATER: 4, Effect.CLOSES_EARLIER: 3},
        ),
        (
            replace(QUIZ, feedback=FeedbackTiming.AFTER_CLOSE, closes_at=LATER),
            {"feedback": FeedbackTiming.AFTER_SUBMIT},
            {Effect.FEEDBACK_NOW: 4},
        ),
        (QUIZ, {"closes_at": NOON}, {Effect.CLOSES_AT_ONCE: 3}),
        (replace(QUIZ, closes_at=NOON), {"closes_at": LATER}, {Effect.OPENS_AGAIN: 5}),
        (replace(QUIZ, closes_at=LATER), {"closes_at": None}, {Effect.CLOSES_LATER: 3}),
        (
            replace(WHOLE, closes_at=LATER),
            {"missing_parts": MissingParts.ZERO},
            {Effect.MISSING_ZERO: 0},
        ),
        (QUIZ, {"missing_parts": MissingParts.ZERO}, {}),
    ],
)
def test_each_change_says_what_it_does(
    old: ActivitySettings, changes: dict[str, object], expected: dict[Effect, int]
) -> None:
    """Every setting that matters to somebody under way has its sentence, with the right number."""
    assert effects(old, **changes) == expected


def test_scores_that_change_are_counted_with_their_range() -> None:
    """Changed, withdrawn and appearing scores are three different things."""
    scores = [
        (Decimal(5), Decimal(10)),
        (Decimal(8), Decimal(16)),
        (Decimal(0), Decimal(0)),
        (Decimal(7), None),
        (None, Decimal(12)),
        (None, None),
    ]
    work = replace(WORK, scores=scores, has_column=True)
    found = {
        each.effect: each
        for each in foresee(QUIZ, replace(QUIZ, quiz_points=Decimal(20)), work, at=NOON)
    }

    assert work.scored == 4
    assert found[Effect.SCORES_CHANGE].count == 2
    assert found[Effect.SCORES_CHANGE].before == (5, 8)
    assert found[Effect.SCORES_CHANGE].after == (10, 16)
    assert found[Effect.SCORES_WITHDRAWN].count == 1
    assert found[Effect.SCORES_APPEAR].count == 1
    assert found[Effect.COLUMN_POINTS].before == (10, 10)
    assert found[Effect.COLUMN_POINTS].after == (20, 20)


def test_nothing_is_said_to_nobody() -> None:
    """Without anybody under way, or without a change, there is nothing to say."""
    nobody = Underway(begun=0, handed_in=0)

    assert foresee(QUIZ, replace(QUIZ, attempts=1), nobody, at=NOON) == ()
    assert foresee(QUIZ, QUIZ, WORK, at=NOON) == ()


@pytest.mark.parametrize(
    ("name", "value", "is_felt"),
    [
        ("quiz_points", Decimal(3), True),
        ("attempts", 9, True),
        ("keep", Keep.LATEST, True),
        ("feedback", FeedbackTiming.AFTER_CLOSE, True),
        ("closes_at", LATER, True),
        ("shuffle", False, False),
        ("reflection_points", Decimal(3), False),
        ("prompt_ids", ("r9",), False),
        ("missing_parts", MissingParts.ZERO, False),
    ],
)
def test_an_open_attempt_goes_on_under_the_new_rules(
    name: str, value: object, *, is_felt: bool
) -> None:
    """Any change that an open attempt can feel is said, and none that it cannot."""
    found = foresee(QUIZ, replace(QUIZ, **{name: value}), WORK, at=NOON)

    assert (
        any(each.effect is Effect.ATTEMPTS_GO_ON and each.count == 2 for each in found) is is_felt
    )
