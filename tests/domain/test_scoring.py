"""The score of an activity: policies, parts, the close, and the one rounding."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.activities import ActivitySettings, MissingParts, Part
from lti_alliance.domain.modules import Grading, Keep
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.scoring import (
    AttemptResult,
    PartState,
    ReflectionResult,
    activity_score,
    round_score,
)

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def quiz(**changes: object) -> ActivitySettings:
    return ActivitySettings(**{"parts": frozenset({Part.QUIZ}), **changes})


def both(**changes: object) -> ActivitySettings:
    return ActivitySettings(
        **{
            "parts": frozenset({Part.QUIZ, Part.REFLECTION}),
            "prompt_ids": ("r1",),
            "reflection_grading": Grading.RUBRIC,
            **changes,
        }
    )


def attempt(number: int, score: str, *, maximum: str = "4") -> AttemptResult:
    began = NOON + timedelta(hours=number)
    return AttemptResult(
        uuid4(), number, Decimal(score), Decimal(maximum), began, began + timedelta(minutes=20)
    )


def reflection(
    state: ReflectionState, *, share: str | None = None, prompt: str = "r1"
) -> ReflectionResult:
    handed_in = NOON + timedelta(days=1) if state.is_handed_in else None
    return ReflectionResult(prompt, state, Decimal(share) if share else None, NOON, handed_in)


@pytest.mark.parametrize(
    ("keep", "expected", "counts"),
    [
        (Keep.HIGHEST, "7.50", 2),
        (Keep.LATEST, "5.00", 3),
        (Keep.FIRST, "2.50", 1),
        (Keep.AVERAGE, "5.00", 3),
    ],
)
def test_each_policy_counts_its_attempt(keep: Keep, expected: str, counts: int) -> None:
    """Highest, latest, first and average each take the score and the attempt they name."""
    attempts = [attempt(1, "1"), attempt(2, "3"), attempt(3, "2")]

    result = activity_score(attempts, [], quiz(keep=keep), at=NOON)

    assert result.score == Decimal(expected)
    assert result.attempt_id == attempts[counts - 1].attempt_id
    assert result.submitted_at == attempts[counts - 1].submitted_at


def test_of_equal_attempts_the_earliest_counts() -> None:
    """A repeat that reaches the same score does not move the time of submission."""
    attempts = [attempt(1, "3"), attempt(2, "3")]

    result = activity_score(attempts, [], quiz(), at=NOON)

    assert result.attempt_id == attempts[0].attempt_id


def test_without_work_there_is_no_score() -> None:
    """Nothing handed in is no score, which is not zero."""
    result = activity_score([], [], quiz(), at=NOON)

    assert result.score is None
    assert result.parts[Part.QUIZ].state is PartState.MISSING


@pytest.mark.parametrize("state", [ReflectionState.DRAFT, ReflectionState.SUBMITTED])
def test_a_part_that_is_missing_or_waits_holds_the_score(state: ReflectionState) -> None:
    """The score is empty until every part is settled, and the quiz points are told meanwhile."""
    result = activity_score([attempt(1, "4")], [reflection(state)], both(), at=NOON)

    assert result.score is None
    assert result.parts[Part.QUIZ].score == Decimal(10)


def test_all_parts_together() -> None:
    """Parts add up; the work began with the first of them and was handed in with the last."""
    result = activity_score(
        [attempt(1, "3")],
        [reflection(ReflectionState.GRADED, share="0.9")],
        both(quiz_points=Decimal(20)),
        at=NOON,
    )

    assert result.score == Decimal(24)
    assert result.maximum == Decimal(30)
    assert result.started_at == NOON
    assert result.submitted_at == NOON + timedelta(days=1)


def test_a_reflection_no_longer_asked_for_does_not_count() -> None:
    """Only the prompts that the activity uses enter the score."""
    settings = both(parts=frozenset({Part.REFLECTION}))
    other = reflection(ReflectionState.GRADED, share="1", prompt="r2")

    result = activity_score([], [other], settings, at=NOON)

    assert result.score is None


@pytest.mark.parametrize(
    ("rule", "at", "expected"),
    [
        (MissingParts.ZERO, NOON, Decimal(10)),
        (MissingParts.ZERO, NOON - timedelta(seconds=1), None),
        (MissingParts.HOLD, NOON, None),
    ],
)
def test_a_missing_part_at_the_close(
    rule: MissingParts, at: datetime, expected: Decimal | None
) -> None:
    """From the close on, and only where the setting says so, a missing part counts zero."""
    settings = both(closes_at=NOON, missing_parts=rule)

    result = activity_score([attempt(1, "4")], [], settings, at=at)

    assert result.score == expected


def test_who_handed_in_nothing_gets_nothing_at_the_close() -> None:
    """The gradebook's own rule for missing work applies to people who handed nothing in."""
    settings = both(closes_at=NOON, missing_parts=MissingParts.ZERO)

    result = activity_score([], [reflection(ReflectionState.DRAFT)], settings, at=NOON)

    assert result.score is None


def test_a_waiting_part_is_never_counted_zero() -> None:
    """What was handed in waits for the instructor, also after the close."""
    settings = both(closes_at=NOON, missing_parts=MissingParts.ZERO)

    result = activity_score(
        [attempt(1, "4")], [reflection(ReflectionState.SUBMITTED)], settings, at=NOON
    )

    assert result.score is None


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        (Fraction(1, 3), "0.33"),
        (Fraction(2, 3), "0.67"),
        (Fraction(1, 200), "0.01"),
        (Fraction(1, 201), "0.00"),
        (Decimal("8.125"), "8.13"),
    ],
)
def test_rounding_is_half_up_to_hundredths(exact: Fraction | Decimal, rounded: str) -> None:
    """Half a hundredth goes up, as people who check a grade by hand expect."""
    assert round_score(exact) == Decimal(rounded)


@given(
    scores=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), min_size=1, max_size=6),
    keep=st.sampled_from(Keep),
    points=st.decimals(min_value="0.01", max_value=1000, places=2),
)
def test_a_score_is_never_outside_its_range(
    scores: list[tuple[int, int]], keep: Keep, points: Decimal
) -> None:
    """Whatever the attempts and the policy, the score lies between nothing and the maximum."""
    attempts = [
        attempt(n, str(min(got, of)), maximum=str(of)) for n, (got, of) in enumerate(scores, 1)
    ]

    result = activity_score(attempts, [], quiz(keep=keep, quiz_points=points), at=NOON)

    assert result.score is not None
    assert 0 <= result.score <= result.maximum
