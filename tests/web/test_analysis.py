"""The analysis of an activity, with a class that is large enough for coefficients."""

import pytest

from lti_alliance.domain.item_analysis import MIN_SHEETS
from lti_alliance.domain.items import (
    BranchItem,
    LinesItem,
    OrderingItem,
    RateItem,
    ShortItem,
    key_response,
    response_field,
    response_to_json,
)
from lti_alliance.services import answering, attempt_sheets
from tests.web.course import Course, open_course
from tests.web.visits import text_of

MODULE = "ethics-telehealth"


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


def answer(course: Course, name: str, activity, *, first_wrong: int) -> None:
    """Hand in an attempt whose items are right from a place on."""
    attempt = course.open_quiz(name, activity)
    sheet = attempt_sheets.get_sheet(course.session, course.catalogue, attempt)
    fields = {}
    order = sorted(sheet.items, key=lambda item: item.id)
    for place, item in enumerate(order):
        if isinstance(item, BranchItem):
            continue
        response = response_to_json(key_response(item))
        if isinstance(item, LinesItem):
            pairs = list(response["pairs"].items())
            if isinstance(item, OrderingItem) and place < first_wrong:
                (first, a), *middle, (last, z) = pairs
                pairs = [(first, z), *middle, (last, a)]
            fields[response_field(item.id)] = [f"{line}:{choice}" for line, choice in pairs]
        elif place >= first_wrong:
            fields[response_field(item.id)] = (
                response["chosen"] if "chosen" in response else [next(iter(response.values()))]
            )
        elif isinstance(item, ShortItem):
            fields[response_field(item.id)] = ["nonsense"]
    answering.submit_attempt(
        course.session,
        course.catalogue,
        attempt=attempt,
        fields=fields,
        base_version=attempt.saved_version,
        at=course.now(),
    )
    course.session.commit()


def test_a_large_class_has_coefficients_and_curves(course):
    """All that is worked out is on the page, each figure with a table of its numbers."""
    activity = course.stage.activity(module_id=MODULE, attempts=1)
    quiz = course.catalogue.get(MODULE).quiz
    for number in range(MIN_SHEETS):
        course.join(f"student{number}")
        answer(course, f"student{number}", activity, first_wrong=number % 15)
    page = course.visit("instructor", activity).get("analysis")
    text = text_of(page)

    for words in (
        "Skewness",
        "Reliability (alpha)",
        "Error ratio",
        "discrimination: ",
        "efficiency: ",
        "upper–lower: ",
        "effective weight: ",
        "by chance: ",
        "Share of the points by score in the rest, question 1",
        "Scores, in tenths of the maximum",
        "Most often put the wrong way round",
    ):
        assert words in text, words
    assert "there are counts and hints only" not in text
    assert page.text.count('class="figure"') > 2
    assert any(isinstance(item, RateItem) for item in quiz.items)
    assert "How the replies were rated" in text


def test_a_small_class_has_counts_alone(course):
    """No coefficient and no curve, but who chose what and how the scores are spread."""
    activity = course.stage.activity(module_id=MODULE, attempts=1)
    answer(course, "ada", activity, first_wrong=3)
    text = text_of(course.visit("instructor", activity).get("analysis"))

    assert "there are counts and hints only" in text
    assert "Scores, in tenths of the maximum" in text
    assert "Of the best 1" in text
    for words in ("discrimination: ", "upper–lower: ", "effective weight: ", "Its curve"):
        assert words not in text, words
