"""What a change of settings means to people under way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lti_alliance.domain.accommodations import Accommodation, ToldDates
from lti_alliance.domain.activities import ActivitySettings, MissingParts, Part
from lti_alliance.domain.consequences import Effect, foresee
from lti_alliance.domain.modules import FeedbackTiming, Grading, Keep
from lti_alliance.domain.rubrics import LevelTable
from lti_alliance.domain.underway import Person, Underway

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=7)
BOTH = frozenset({Part.QUIZ, Part.REFLECTION})
QUIZ = ActivitySettings(parts=frozenset({Part.QUIZ}))
WHOLE = ActivitySettings(parts=BOTH, prompt_ids=("r1",), reflection_grading=Grading.RUBRIC)
WORK = Underway(
    people=(
        Person(attempts_used=1, has_open_attempt=True),
        Person(attempts_used=2, has_handed_in=True),
        Person(attempts_used=3, has_handed_in=True, has_open_attempt=True),
        Person(attempts_used=3, has_handed_in=True),
        Person(has_handed_in=True, open_reflections=1),
    ),
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
        (QUIZ, {"time_limit_minutes": 20}, {Effect.TIME_LIMIT: 2}),
        (replace(QUIZ, time_limit_minutes=20), {"time_limit_minutes": None}, {"time_limit": 2}),
        (QUIZ, {"wait_minutes": 60}, {Effect.WAIT: 1}),
        (replace(QUIZ, attempts=4, wait_minutes=60), {"wait_minutes": 0}, {Effect.WAIT: 3}),
        (QUIZ, {"feedback": FeedbackTiming.AFTER_EACH}, {Effect.CHECKS_BEGIN: 2}),
        (
            replace(QUIZ, feedback=FeedbackTiming.AFTER_EACH),
            {"feedback": FeedbackTiming.AFTER_SUBMIT},
            {Effect.CHECKS_END: 2},
        ),
        (
            replace(QUIZ, feedback=FeedbackTiming.AFTER_EACH, closes_at=LATER),
            {"feedback": FeedbackTiming.AFTER_CLOSE},
            {Effect.CHECKS_END: 2, Effect.FEEDBACK_LATER: 4},
        ),
        (
            replace(QUIZ, feedback=FeedbackTiming.AFTER_CLOSE, closes_at=LATER),
            {"feedback": FeedbackTiming.AFTER_EACH},
            {Effect.CHECKS_BEGIN: 2, Effect.FEEDBACK_NOW: 4},
        ),
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
        (replace(QUIZ, closes_at=NOON), {"closes_at": LATER}, {Effect.OPENS_AGAIN: 3}),
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
    nobody = Underway()

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
        ("time_limit_minutes", 20, False),
        ("wait_minutes", 60, False),
        ("anonymous", True, False),
        ("warm_up", False, False),
        ("resubmissions", 4, False),
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


def of(*people: Person) -> Underway:
    return Underway(people=people)


OPEN = Person(attempts_used=3, has_handed_in=True, has_open_attempt=True)
DONE = Person(attempts_used=3, has_handed_in=True)
EARLIER = NOON - timedelta(days=1)


def test_granted_attempts_count() -> None:
    """Whoever was granted more attempts has not used them up, and is not over the new number."""
    more = replace(DONE, granted=Accommodation(extra_attempts=2))
    fewer = effects(QUIZ, of(DONE, more), attempts=2)
    again = effects(QUIZ, of(DONE, more), attempts=4)

    assert fewer == {Effect.ATTEMPTS_OVER: 1}
    assert again == {Effect.ATTEMPTS_AGAIN_KEY_SEEN: 1}


def test_a_granted_close_outlives_the_activitys() -> None:
    """What is open of whoever was granted a later close is not lost, and that is said."""
    granted = replace(OPEN, granted=Accommodation(closes_at=LATER))
    dated = replace(QUIZ, closes_at=NOON + timedelta(hours=1))
    found = foresee(dated, replace(dated, closes_at=EARLIER), of(OPEN, granted), at=NOON)

    assert [(each.effect, each.count, each.at) for each in found] == [
        (Effect.CLOSES_AT_ONCE, 1, None),
        (Effect.OWN_CLOSE, 1, LATER),
    ]


def test_a_promise_keeps_an_attempt_open() -> None:
    """An attempt that was promised a later end goes on past the activity's close."""
    promised = replace(OPEN, promised_until=LATER)
    assert effects(QUIZ, of(promised), closes_at=NOON) == {Effect.CLOSES_AT_ONCE: 0}
    assert effects(QUIZ, of(OPEN), closes_at=NOON) == {Effect.CLOSES_AT_ONCE: 1}


def test_without_a_close_the_platforms_dates_hold() -> None:
    """Taking the close away gives force to the dates that the platform told, past ones too."""
    dated = replace(QUIZ, closes_at=LATER)
    ahead = replace(OPEN, told=ToldDates(closes_at=LATER + timedelta(days=1)))
    past = replace(OPEN, told=ToldDates(closes_at=EARLIER))
    found = foresee(dated, replace(dated, closes_at=None), of(OPEN, ahead, past), at=NOON)
    told = [(each.effect, each.count, each.at) for each in found]

    assert (Effect.ATTEMPTS_GO_ON, 2, None) in told
    assert (Effect.CLOSES_LATER, 2, None) in told
    assert (Effect.OWN_CLOSES_AT_ONCE, 1, None) in told
    assert (Effect.OWN_CLOSE, 1, LATER + timedelta(days=1)) in told


def test_opening_again_opens_nothing_whose_own_date_has_passed() -> None:
    """An activity that opens again stays closed for whom the platform says so."""
    past = replace(DONE, told=ToldDates(closes_at=EARLIER))
    closed = replace(QUIZ, closes_at=NOON)

    assert effects(closed, of(DONE, past), closes_at=None) == {
        Effect.OPENS_AGAIN: 0,
        Effect.OWN_CLOSED: 1,
    }


def test_whose_close_does_not_move_is_told_nothing() -> None:
    """Before another past close nothing changes for anybody, whatever was granted."""
    granted = replace(OPEN, granted=Accommodation(closes_at=LATER))
    closed = replace(QUIZ, closes_at=EARLIER)

    assert effects(closed, of(granted), closes_at=NOON) == {}


def test_feedback_waits_for_each_persons_close() -> None:
    """Whose own close has passed has seen the feedback already."""
    past = replace(DONE, told=ToldDates(closes_at=EARLIER))
    after = replace(QUIZ, feedback=FeedbackTiming.AFTER_CLOSE)
    ahead = replace(DONE, told=ToldDates(closes_at=LATER))

    assert effects(after, of(past, ahead), feedback=FeedbackTiming.AFTER_SUBMIT) == {
        Effect.FEEDBACK_NOW: 1
    }
    assert effects(QUIZ, of(past, ahead), feedback=FeedbackTiming.AFTER_CLOSE) == {
        Effect.FEEDBACK_LATER: 1
    }
