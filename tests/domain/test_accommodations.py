"""Accommodations: what holds for one person, and that granting never takes anything away."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.accommodations import (
    EXTRA_ATTEMPTS_INVALID,
    MINUTES_INVALID,
    MULTIPLIER_INVALID,
    NOTE_INVALID,
    Accommodation,
    ToldDates,
    clean_note,
    effective_settings,
    parse_accommodation,
    passes_close,
    read_dates,
)
from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.errors import InvalidInput

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)

moments = st.none() | st.integers(0, 365 * 24).map(lambda hours: NOON + timedelta(hours=hours))
grants = st.builds(
    Accommodation,
    time_multiplier=st.decimals(min_value=1, max_value=10, places=2),
    extra_minutes=st.integers(0, 1440),
    extra_attempts=st.integers(0, 20),
    closes_at=moments,
)
told_dates = st.builds(ToldDates, opens_at=moments, due_at=moments, closes_at=moments)
activities = st.builds(
    ActivitySettings,
    parts=st.just(frozenset({Part.QUIZ})),
    attempts=st.none() | st.integers(1, 20),
    time_limit_minutes=st.none() | st.integers(1, 1440),
    closes_at=moments,
)


def is_at_least(one: object, other: object) -> bool:
    """Say whether a limit is as generous as another; no limit is the most generous."""
    return one is None if other is None else one is None or one >= other


@given(settings=activities, few=grants, more=grants, told=told_dates)
def test_more_accommodation_never_shortens_a_limit(
    settings: ActivitySettings, few: Accommodation, more: Accommodation, told: ToldDates
) -> None:
    """What is granted on top leaves each limit as it was or makes it longer."""
    less = effective_settings(settings, granted=few, told=told)
    both = effective_settings(settings, granted=few.joined(more), told=told)

    assert is_at_least(both.attempts, less.attempts)
    assert is_at_least(both.time_limit_minutes, less.time_limit_minutes)
    assert is_at_least(both.closes_at, less.closes_at)


@given(settings=activities, granted=grants, told=told_dates)
def test_an_accommodation_never_shortens_what_all_have(
    settings: ActivitySettings, granted: Accommodation, told: ToldDates
) -> None:
    """Nobody with an accommodation has less than those without."""
    without = effective_settings(settings, told=told)
    with_it = effective_settings(settings, granted=granted, told=told)

    assert is_at_least(with_it.attempts, without.attempts)
    assert is_at_least(with_it.time_limit_minutes, without.time_limit_minutes)
    assert is_at_least(with_it.closes_at, without.closes_at)


@given(settings=activities)
def test_nothing_granted_changes_nothing(settings: ActivitySettings) -> None:
    """Without a grant and without told dates the activity's own settings hold."""
    assert effective_settings(settings) == settings


@given(one=grants, other=grants)
def test_the_order_of_grants_does_not_matter(one: Accommodation, other: Accommodation) -> None:
    """Course and activity grant the same, whichever comes first."""
    assert one.joined(other) == other.joined(one)


def test_time_is_multiplied_and_then_added() -> None:
    """Half a minute counts as a whole one; the minutes come on top."""
    settings = ActivitySettings(parts=frozenset({Part.QUIZ}), time_limit_minutes=15)
    granted = Accommodation(time_multiplier=Decimal("1.5"), extra_minutes=10)

    assert effective_settings(settings, granted=granted).time_limit_minutes == 33


def test_a_close_in_the_tool_comes_before_the_platforms() -> None:
    """The platform's closing time holds where the tool has none."""
    lms = NOON + timedelta(days=1)
    told = ToldDates(closes_at=lms, due_at=NOON)
    undated = ActivitySettings(parts=frozenset({Part.QUIZ}))
    dated = ActivitySettings(parts=frozenset({Part.QUIZ}), closes_at=NOON)

    assert effective_settings(undated, told=told).closes_at == lms
    assert effective_settings(dated, told=told).closes_at == NOON
    assert effective_settings(dated, told=told).due_at == NOON


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2027-03-01T12:00:00Z", NOON),
        ("2027-03-01T13:00:00.000+01:00", NOON),
        ("$Canvas.assignment.lockAt.iso8601", None),
        ("", None),
        ("2027-03-01T12:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
    ],
)
def test_dates_are_read_as_platforms_write_them(text: str, read: datetime | None) -> None:
    """A variable that came back as it was, nothing, and a moment without a zone tell nothing."""
    assert read_dates({"lock_at": text}).closes_at == read


@given(st.text())
def test_any_text_for_a_date_is_read_or_left(text: str) -> None:
    """No parameter of a platform breaks a launch."""
    told = read_dates({"due_at": text, "unlock_at": text})

    assert told.due_at == told.opens_at


def test_the_close_may_come_before_the_time_is_up() -> None:
    """An attempt begun now, or the one under way, is compared with the close."""
    settings = ActivitySettings(
        parts=frozenset({Part.QUIZ}),
        time_limit_minutes=60,
        closes_at=NOON + timedelta(minutes=50),
    )

    assert passes_close(settings, at=NOON, deadline=None)
    assert not passes_close(settings, at=NOON - timedelta(minutes=10), deadline=None)
    assert not passes_close(settings, at=NOON, deadline=NOON + timedelta(minutes=50))
    assert not passes_close(settings, at=NOON + timedelta(hours=1), deadline=None)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("time_multiplier", "0.5", MULTIPLIER_INVALID),
        ("time_multiplier", "11", MULTIPLIER_INVALID),
        ("time_multiplier", "1.125", MULTIPLIER_INVALID),
        ("time_multiplier", "NaN", MULTIPLIER_INVALID),
        ("time_multiplier", "much", MULTIPLIER_INVALID),
        ("extra_minutes", "-1", MINUTES_INVALID),
        ("extra_minutes", "1441", MINUTES_INVALID),
        ("extra_attempts", "1.5", EXTRA_ATTEMPTS_INVALID),
        ("extra_attempts", "21", EXTRA_ATTEMPTS_INVALID),
    ],
)
def test_what_cannot_be_granted_is_refused(name: str, text: str, message: str) -> None:
    """Each field says what it takes."""
    with pytest.raises(InvalidInput) as refused:
        parse_accommodation({name: text})

    assert refused.value.fields == {name: message}


def test_an_accommodation_is_read_from_its_form() -> None:
    """A comma is a decimal point, and empty fields grant nothing."""
    form = {"time_multiplier": "1,5", "extra_attempts": "2", "closes_at": NOON}

    assert parse_accommodation({}).is_empty
    assert parse_accommodation(form) == Accommodation(
        time_multiplier=Decimal("1.5"), extra_attempts=2, closes_at=NOON
    )


def test_a_note_has_a_length() -> None:
    """A long note is refused rather than cut."""
    with pytest.raises(InvalidInput) as refused:
        clean_note("x" * 2001)

    assert clean_note(" as agreed\r\n") == "as agreed"
    assert refused.value.fields == {"note": NOTE_INVALID}
