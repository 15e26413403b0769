"""Activity settings: proposed with care, read from a form with every fault named, kept exactly."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lti_alliance.domain.activities import (
    RUBRIC_MISSING,
    RUBRIC_PRIVATE,
    ActivitySettings,
    MissingParts,
    Part,
    parse_settings,
    propose,
    settings_from_json,
    settings_to_json,
)
from lti_alliance.domain.items import Option, SingleItem
from lti_alliance.domain.modules import (
    FeedbackTiming,
    Grading,
    Keep,
    Module,
    Quiz,
    ReflectionPrompt,
    Share,
)
from lti_alliance.domain.rubrics import Criterion, LevelTable, Rubric
from lti_alliance.errors import InvalidInput

ITEM = SingleItem(id="q", stem="?", options=(Option("a", "A", correct=True),), points=Decimal(3))


def module(*, grading: Grading = Grading.RUBRIC, with_quiz: bool = True) -> Module:
    return Module(
        id="m",
        title="M",
        version="1.0.0",
        language="en",
        license="CC BY 4.0",
        minutes=5,
        quiz=Quiz(items=(ITEM,) if with_quiz else (), attempts=2, keep=Keep.LATEST),
        reflections=(
            ReflectionPrompt(id="r1", prompt="?", words_min=1, words_max=9, grading=grading),
            ReflectionPrompt(id="r2", prompt="?", words_min=1, words_max=9),
        ),
    )


def form(**changes: object) -> dict[str, object]:
    return {
        "parts": ["quiz"],
        "quiz_points": "10",
        "reflection_points": "5",
        "attempts": "3",
        "keep": "highest",
        "feedback": "after submit",
        "shuffle": "on",
        "prompt_ids": [],
        "reflection_grading": "completion",
        "missing_parts": "hold",
        "closes_at": None,
        **changes,
    }


def test_a_reflection_that_is_graded_by_hand_is_not_proposed_beside_the_quiz() -> None:
    """A part that waits for the instructor would hold back the quiz's score in the same column."""
    proposed = propose(module())

    assert proposed.parts == {Part.QUIZ}
    assert (proposed.attempts, proposed.keep) == (2, Keep.LATEST)
    assert proposed.quiz_points == Decimal(3)


def test_a_reflection_that_is_graded_by_completion_is_proposed_with_the_quiz() -> None:
    """Nothing waits there, so one column serves both."""
    assert propose(module(grading=Grading.COMPLETION)).parts == {Part.QUIZ, Part.REFLECTION}


def test_a_module_without_a_quiz_is_its_reflection() -> None:
    """There is always something to do."""
    assert propose(module(with_quiz=False)).parts == {Part.REFLECTION}


def test_settings_survive_storage() -> None:
    """What is stored brings the same settings back, digit for digit."""
    settings = ActivitySettings(
        parts=frozenset({Part.QUIZ, Part.REFLECTION}),
        quiz_points=Decimal("12.50"),
        attempts=None,
        time_limit_minutes=45,
        wait_minutes=1440,
        keep=Keep.AVERAGE,
        feedback=FeedbackTiming.AFTER_CLOSE,
        prompt_ids=("r1", "r2"),
        reflection_grading=Grading.RUBRIC,
        level_table=LevelTable((Decimal("0.1"), Decimal("0.2"), Decimal("0.3"), Decimal(1))),
        closes_at=datetime(2027, 3, 1, tzinfo=UTC),
        missing_parts=MissingParts.ZERO,
    )

    assert settings_from_json(settings_to_json(settings)) == settings


def test_settings_from_before_there_were_time_limits_are_read() -> None:
    """What was stored without a time limit or a wait has none."""
    stored = settings_to_json(propose(module()))
    del stored["time_limit_minutes"], stored["wait_minutes"]

    assert settings_from_json(stored) == propose(module())


def test_a_form_becomes_settings() -> None:
    """A form that is filled in well is read as it stands."""
    settings = parse_settings(
        form(parts=["quiz", "reflection"], prompt_ids=["r2"], reflection_points="7,5"), module()
    )

    assert settings.maximum == Decimal("17.5")
    assert settings.prompt_ids == ("r2",)
    assert settings.attempts == 3


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"parts": []}, {"parts"}),
        ({"parts": ["essay"]}, {"parts"}),
        ({"parts": ["reflection"]}, {"prompt_ids"}),
        ({"prompt_ids": ["nobody"]}, {"prompt_ids"}),
        ({"quiz_points": "0"}, {"quiz_points"}),
        ({"quiz_points": "NaN"}, {"quiz_points"}),
        ({"quiz_points": "1e9"}, {"quiz_points"}),
        ({"quiz_points": "1.005"}, {"quiz_points"}),
        ({"attempts": "0"}, {"attempts"}),
        ({"attempts": "many"}, {"attempts"}),
        ({"time_limit_minutes": "0"}, {"time_limit_minutes"}),
        ({"time_limit_minutes": "1441"}, {"time_limit_minutes"}),
        ({"time_limit_minutes": "half an hour"}, {"time_limit_minutes"}),
        ({"wait_number": "61", "wait_unit": "days"}, {"wait_number"}),
        ({"wait_number": "1.5"}, {"wait_number"}),
        ({"wait_number": "2", "wait_unit": "weeks"}, {"wait_number"}),
        ({"keep": "best", "feedback": "never"}, {"keep", "feedback"}),
        ({"feedback": "after close"}, {"feedback"}),
        ({"level.1": "50", "level.2": "40"}, {"level.2"}),
    ],
)
def test_every_fault_is_named(changes: dict[str, object], fields: set[str]) -> None:
    """A form that cannot be used names all its faulty fields at once."""
    with pytest.raises(InvalidInput) as refusal:
        parse_settings(form(**changes), module())

    assert set(refusal.value.fields) == fields


def test_no_number_of_attempts_is_no_limit() -> None:
    """An empty field means what it looks like."""
    assert parse_settings(form(attempts=" "), module()).attempts is None


def test_a_part_that_the_module_lacks_is_refused() -> None:
    """Nobody can be asked for a quiz that is not there."""
    with pytest.raises(InvalidInput) as refusal:
        parse_settings(form(), module(with_quiz=False))

    assert set(refusal.value.fields) == {"parts"}


def test_points_of_a_part_that_is_not_used_may_be_left_empty() -> None:
    """A field that does not apply is not asked for."""
    assert parse_settings(form(reflection_points=""), module()).maximum == Decimal(10)


@pytest.mark.parametrize(
    ("chosen", "fault"),
    [
        (["open"], None),
        (["plain"], RUBRIC_MISSING),
        (["open", "plain"], RUBRIC_MISSING),
        (["private"], RUBRIC_PRIVATE),
        (["open", "private"], RUBRIC_PRIVATE),
        (["plain", "private"], RUBRIC_PRIVATE),
    ],
)
def test_only_what_can_be_read_and_has_a_rubric_is_graded_by_one(
    chosen: list[str], fault: str | None
) -> None:
    """A task that nobody may read, or that has no rubric, would wait for ever for its grade."""
    rubric = Rubric((Criterion(id="c", name="C", weight=Decimal(1), levels=()),))
    tasks = {
        "open": {"rubric": rubric},
        "plain": {},
        "private": {"rubric": rubric, "share": Share.PRIVATE},
    }
    prompts = tuple(
        ReflectionPrompt(id=name, prompt="?", words_min=1, words_max=9, **more)
        for name, more in tasks.items()
    )
    offered = replace(module(), reflections=prompts)
    asked = form(parts=["reflection"], prompt_ids=chosen, reflection_grading="rubric")
    by_completion = asked | {"reflection_grading": "completion"}

    assert parse_settings(by_completion, offered).reflection_grading is Grading.COMPLETION
    assert parse_settings(asked | {"parts": ["quiz"]}, offered).parts == {Part.QUIZ}
    if fault is None:
        assert parse_settings(asked, offered).reflection_grading is Grading.RUBRIC
        return
    with pytest.raises(InvalidInput) as refusal:
        parse_settings(asked, offered)
    assert refusal.value.fields == {"reflection_grading": fault}


def test_a_module_with_one_part_needs_no_fields_of_the_other() -> None:
    """Its form has none for what the module does not have."""
    quiz = {name: value for name, value in form().items() if not name.startswith("reflection")}
    texts = form(parts=["reflection"], prompt_ids=["r1"])
    texts = {name: texts[name] for name in texts if name not in ("keep", "feedback", "quiz_points")}

    assert parse_settings(quiz, replace(module(), reflections=())).parts == {Part.QUIZ}
    assert parse_settings(texts, module(with_quiz=False)).parts == {Part.REFLECTION}
    with pytest.raises(InvalidInput):
        parse_settings(texts, module())


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({}, 0),
        ({"wait_number": "", "wait_unit": "days"}, 0),
        ({"wait_number": "24", "wait_unit": "hours"}, 1440),
        ({"wait_number": "7", "wait_unit": "days"}, 10080),
    ],
)
def test_a_wait_is_a_number_and_a_unit(changes: dict[str, object], minutes: int) -> None:
    """An empty field, or a form from before there were waits, is no wait."""
    assert parse_settings(form(**changes), module()).wait_minutes == minutes
