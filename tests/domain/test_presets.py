"""Presets: their names, and what of them fits another module."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings, Part, propose
from lti_alliance.domain.modules import Grading, Keep
from lti_alliance.domain.presets import check_name, fit, without_dates
from lti_alliance.errors import InvalidInput

BOTH = frozenset({Part.QUIZ, Part.REFLECTION})
PRESET = ActivitySettings(
    parts=BOTH,
    quiz_points=Decimal(30),
    attempts=1,
    keep=Keep.LATEST,
    prompt_ids=("elsewhere",),
    reflection_grading=Grading.RUBRIC,
)
MODULE = next(each for each in Catalogue.load().list() if each.reflections and each.quiz.items)


def test_a_part_that_the_module_has_not_is_left_out() -> None:
    """The rest of the preset stays as it is."""
    fitted = fit(PRESET, replace(MODULE, reflections=()))

    assert fitted.parts == {Part.QUIZ}
    assert fitted.prompt_ids == ()
    assert fitted.reflection_grading is Grading.COMPLETION or not fitted.has_reflection
    assert (fitted.quiz_points, fitted.attempts, fitted.keep) == (30, 1, Keep.LATEST)


def test_a_module_with_nothing_of_the_preset_keeps_its_own_parts() -> None:
    """An activity without parts would be none."""
    only_texts = replace(PRESET, parts=frozenset({Part.REFLECTION}))
    module = replace(MODULE, reflections=())

    assert fit(only_texts, module).parts == propose(module).parts == {Part.QUIZ}


def test_tasks_of_another_module_are_replaced() -> None:
    """Tasks are a module's own; those that it has are kept."""
    own = MODULE.reflections[-1].id

    assert fit(PRESET, MODULE).prompt_ids == propose(MODULE).prompt_ids
    assert fit(replace(PRESET, prompt_ids=(own, "elsewhere")), MODULE).prompt_ids == (own,)


def test_a_rubric_is_not_asked_for_where_there_is_none() -> None:
    """Such settings could not be saved."""
    bare = tuple(replace(each, rubric=None) for each in MODULE.reflections)

    assert fit(PRESET, replace(MODULE, reflections=bare)).reflection_grading is Grading.COMPLETION


def test_dates_are_not_kept() -> None:
    """A closing time of this term says nothing about another."""
    dated = replace(PRESET, closes_at=datetime(2027, 3, 1, tzinfo=UTC))

    assert without_dates(dated) == PRESET


@pytest.mark.parametrize("text", ["", "  ", "x" * 101, "a\x00b"])
def test_a_name_has_to_be_readable(text: str) -> None:
    """Empty, long and unprintable names are refused."""
    with pytest.raises(InvalidInput):
        check_name(text)

    assert check_name("  Two   tries ") == "Two tries"
