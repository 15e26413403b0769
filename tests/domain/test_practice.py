"""Practice: what is drawn first, what rests, and what is never drawn."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.attempts import AttemptState, FeedbackStage
from lti_alliance.domain.items import Frame
from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.domain.practice import (
    CHOICE_INVALID,
    MINUTES_INVALID,
    MODULE_UNKNOWN,
    MODULES_MISSING,
    WARM_UP_GAP,
    Candidate,
    Meeting,
    Memory,
    draw,
    least_open,
    of_frame,
    parse_choice,
    remember,
    stage_in,
)
from lti_alliance.errors import InvalidInput

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
QUIZ = ActivitySettings(parts=frozenset({Part.QUIZ}), attempts=2)
DONE, OPEN = AttemptState.GRADED, AttemptState.IN_PROGRESS

memories = st.one_of(
    st.just(Memory()),
    st.builds(
        Memory,
        st.integers(0, 40 * 24).map(lambda hours: NOON - timedelta(hours=hours)),
        st.booleans(),
    ),
)
candidates = st.lists(
    st.builds(
        Candidate,
        item_id=st.sampled_from([f"it-{number}" for number in range(12)]),
        source=st.integers(0, 3),
        stage=st.sampled_from(FeedbackStage),
        frame=st.one_of(st.none(), st.sampled_from(Frame)),
        memory=memories,
    ),
    max_size=30,
)


def drawn_from(found: Sequence[Candidate], seed: int, **changes: Any) -> tuple[Candidate, ...]:
    values = {"size": 3, "gap": WARM_UP_GAP, "at": NOON, **changes}
    return draw(found, rng=Random(seed), **values)


def rank(candidate: Candidate) -> tuple[bool, datetime]:
    met = candidate.memory.last_met_at
    return not candidate.memory.was_missed, met or datetime.min.replace(tzinfo=UTC)


@given(candidates, st.integers(0, 99), st.integers(0, 20))
def test_no_item_comes_twice_and_no_set_is_too_large(found, seed, size):
    """An id is one item, wherever it occurs."""
    drawn = drawn_from(found, seed, size=size)

    assert len({each.item_id for each in drawn}) == len(drawn) <= size


@given(candidates, st.integers(0, 99))
def test_what_is_hidden_anywhere_is_never_drawn(found, seed):
    """One place that hides an item hides it everywhere."""
    hidden = {each.item_id for each in found if each.stage is FeedbackStage.NONE}
    drawn = drawn_from(found, seed, size=20, gap=timedelta(0))

    assert not hidden & {each.item_id for each in drawn}


@given(candidates, st.integers(0, 99))
def test_an_item_rests_after_each_meeting(found, seed):
    """Within the gap after the latest meeting, nothing is drawn again."""
    fresh = {
        each.item_id
        for each in found
        if each.memory.last_met_at and NOON - each.memory.last_met_at < WARM_UP_GAP
    }

    assert not fresh & {each.item_id for each in drawn_from(found, seed, size=20)}


@given(candidates, st.integers(0, 99))
def test_missed_items_come_first_then_those_not_met_for_longest(found, seed):
    """The order holds within a set, and nothing left behind would have come before it."""
    everything = drawn_from(found, seed, size=99)
    drawn = drawn_from(found, seed + 1, size=3)

    ranks = [rank(each) for each in everything]
    assert ranks == sorted(ranks)
    assert [rank(each) for each in drawn] == ranks[:3]


@given(candidates, st.integers(0, 99))
def test_as_many_are_drawn_as_there_are(found, seed):
    """Nothing that may be drawn is held back from a set that is large enough."""
    may = {each.item_id for each in found} - {
        each.item_id for each in found if each.stage is FeedbackStage.NONE
    }

    assert {each.item_id for each in drawn_from(found, seed, size=99, gap=timedelta(0))} == may


def test_equals_are_drawn_by_lot():
    """Of items that nobody has met, different draws take different ones."""
    found = [Candidate(item_id=f"it-{n}", source=0, stage=FeedbackStage.FINAL) for n in range(20)]

    assert len({tuple(c.item_id for c in drawn_from(found, seed)) for seed in range(9)}) > 3


def test_the_latest_judged_answer_decides_what_was_missed():
    """A right answer makes up for an earlier wrong one; a meeting without a judgement does not."""
    days = [NOON - timedelta(days=number) for number in range(4)]
    found = remember(
        [
            Meeting(item_id="mended", at=days[1], right=True),
            Meeting(item_id="mended", at=days[3], right=False),
            Meeting(item_id="lost", at=days[3], right=True),
            Meeting(item_id="lost", at=days[2], right=False),
            Meeting(item_id="lost", at=days[0]),
        ]
    )

    assert found == {
        "mended": Memory(days[1], was_missed=False),
        "lost": Memory(days[0], was_missed=True),
    }


@pytest.mark.parametrize(
    ("changes", "states", "stage"),
    [
        ({}, [], FeedbackStage.BETWEEN_ATTEMPTS),
        ({}, [DONE], FeedbackStage.BETWEEN_ATTEMPTS),
        ({}, [DONE, DONE], FeedbackStage.FINAL),
        ({"attempts": None}, [DONE, DONE], FeedbackStage.BETWEEN_ATTEMPTS),
        ({"closes_at": NOON}, [], FeedbackStage.FINAL),
        ({"feedback": FeedbackTiming.AFTER_CLOSE}, [DONE, DONE], FeedbackStage.NONE),
        (
            {"feedback": FeedbackTiming.AFTER_CLOSE, "closes_at": NOON + timedelta(hours=1)},
            [DONE, DONE],
            FeedbackStage.NONE,
        ),
        (
            {"feedback": FeedbackTiming.AFTER_CLOSE, "closes_at": NOON},
            [DONE],
            FeedbackStage.FINAL,
        ),
        ({"parts": frozenset({Part.REFLECTION})}, [], FeedbackStage.FINAL),
        (
            {"parts": frozenset({Part.REFLECTION}), "feedback": FeedbackTiming.AFTER_CLOSE},
            [DONE],
            FeedbackStage.NONE,
        ),
    ],
)
def test_practice_shows_no_more_than_the_quiz_would(changes, states, stage):
    """Answers kept back until the close stay back; the key waits for the last attempt."""
    assert stage_in(replace(QUIZ, **changes), states, at=NOON) is stage


def test_the_most_careful_activity_decides():
    """Of several activities with an item, the one that shows least holds."""
    assert least_open([FeedbackStage.FINAL, FeedbackStage.NONE]) is FeedbackStage.NONE
    assert (
        least_open([FeedbackStage.FINAL, FeedbackStage.BETWEEN_ATTEMPTS])
        is FeedbackStage.BETWEEN_ATTEMPTS
    )
    assert least_open([]) is FeedbackStage.FINAL


def test_a_frame_keeps_its_own_items():
    """Items of no point of view are in neither."""
    found = [
        Candidate(item_id=str(frame), source=0, stage=FeedbackStage.FINAL, frame=frame)
        for frame in (Frame.EXAM, Frame.EVIDENCE, None)
    ]

    assert [each.frame for each in of_frame(found, Frame.EXAM)] == [Frame.EXAM]
    assert of_frame(found, None) == found


CHOICE = {"modules": ["a"], "size": "10", "frame": "", "minutes": ""}


def test_a_choice_is_read():
    """Modules once each, a size, perhaps a point of view and a time."""
    typed = CHOICE | {
        "modules": ["b", "a", "b"],
        "frame": "exam",
        "domain": "NCE/5",
        "minutes": " 15 ",
    }
    choice = parse_choice(typed, {"a", "b"})

    assert choice.module_ids == ("b", "a")
    assert (choice.size, choice.frame, choice.minutes) == (10, Frame.EXAM, 15)
    assert choice.domain == "NCE/5"
    assert parse_choice(CHOICE, {"a"}).minutes is None


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"modules": []}, "modules", MODULES_MISSING),
        ({"modules": ["a", "secret"]}, "modules", MODULE_UNKNOWN),
        ({"size": "7"}, "size", CHOICE_INVALID),
        ({"size": ""}, "size", CHOICE_INVALID),
        ({"frame": "both"}, "frame", CHOICE_INVALID),
        ({"domain": "NCE/99"}, "domain", CHOICE_INVALID),
        ({"minutes": "0"}, "minutes", MINUTES_INVALID),
        ({"minutes": "181"}, "minutes", MINUTES_INVALID),
        ({"minutes": "ten"}, "minutes", MINUTES_INVALID),
        ({"minutes": "9" * 50}, "minutes", MINUTES_INVALID),
    ],
)
def test_a_faulty_choice_names_its_field(changes, field, message):
    """Each fault is said at its field, in words that hold no value."""
    with pytest.raises(InvalidInput) as caught:
        parse_choice(CHOICE | changes, {"a"})

    assert caught.value.fields == {field: message}
