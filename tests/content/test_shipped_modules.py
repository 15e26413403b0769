"""What every shipped module promises to those who teach with it."""

from collections import Counter
from pathlib import Path

import pytest

from lti_alliance.content.catalogue import shipped_modules
from lti_alliance.content.parser import parse_file
from lti_alliance.domain.items import (
    BranchItem,
    Frame,
    KeyState,
    MultipleItem,
    RateItem,
    SingleItem,
)
from lti_alliance.domain.modules import Grading, Module

COURSE = [path for path in shipped_modules() if path.stem != "taster"]
GUIDE = ("Common misreadings", "Role play: 20 minutes", "Discussion")


@pytest.fixture(params=COURSE, ids=lambda path: path.stem)
def module(request: pytest.FixtureRequest) -> Module:
    path: Path = request.param
    return parse_file(path)


def test_the_course_has_eight_modules() -> None:
    """Two accounts, the evidence, the relationship, and what happens around it."""
    assert len(COURSE) == 8


@pytest.mark.parametrize("path", shipped_modules(), ids=lambda path: path.stem)
def test_nothing_is_doubtful(path: Path) -> None:
    """The linter has nothing to say, not even a warning."""
    assert parse_file(path).warnings == ()


def test_there_is_enough_of_every_kind(module: Module) -> None:
    """At least 26 items of at least 6 kinds, half of them drawn from pools."""
    items = module.quiz.items
    pooled = [item_id for pool in module.quiz.pools for item_id in pool.item_ids]
    drawn = len(items) - len(pooled) + sum(pool.pick for pool in module.quiz.pools)

    assert len(items) >= 26
    assert len(Counter(item.kind for item in items)) >= 6
    assert len(pooled) * 2 >= len(items)
    assert 16 <= drawn <= 23


def test_it_takes_about_an_hour(module: Module) -> None:
    """Reading, quiz and reflections in 45 to 70 minutes, by an author's count."""
    assert 45 <= module.minutes <= 70


def test_every_objective_is_tested(module: Module) -> None:
    """Each item names an objective, and each objective has an item."""
    tested = {item.objective for item in module.quiz.items}

    assert tested == set(range(1, len(module.objectives) + 1))


def test_both_accounts_are_asked_for(module: Module) -> None:
    """Call-outs in the reading, and items in each frame."""
    reading = "".join(section.markdown for section in module.reading)

    assert reading.count("**For the exam.**") >= 2
    assert {Frame.EXAM, Frame.EVIDENCE} <= {item.frame for item in module.quiz.items}


def test_every_option_teaches(module: Module) -> None:
    """No option is without its feedback, and no single item has fewer than three."""
    for item in module.quiz.items:
        if isinstance(item, SingleItem | MultipleItem):
            assert all(option.feedback for option in item.options), item.id
            assert len(item.options) >= 3, item.id


def test_what_nobody_has_agreed_on_is_a_draft(module: Module) -> None:
    """Ratings and dialogues are there, and count for nothing yet."""
    judged = [item for item in module.quiz.items if isinstance(item, RateItem | BranchItem)]

    assert {type(item) for item in judged} == {RateItem, BranchItem}
    assert all(item.key is KeyState.DRAFT for item in judged)


def test_a_case_unfolds(module: Module) -> None:
    """At least one case has stages, several items on more than one of them, and a reflection."""
    cases = [case for case in module.cases.values() if len(case.stages) > 1]
    users = [item for item in module.quiz.items if item.case in {case.id for case in cases}]

    assert len(users) >= 3
    assert len({item.stage for item in users}) >= 2
    assert any(prompt.case in {case.id for case in cases} for prompt in module.reflections)


def test_two_reflections_leave_a_way_out(module: Module) -> None:
    """One by the shared rubric with a row of its own; both offer an invented way in."""
    by_rubric, other = module.reflections
    assert by_rubric.rubric is not None

    assert by_rubric.grading is Grading.RUBRIC
    assert [criterion.name for criterion in by_rubric.rubric.criteria][:5] == [
        "Moment and stance",
        "Feelings and pulls",
        "Alliance concepts",
        "Assumptions and culture",
        "Next step",
    ]
    assert len(by_rubric.rubric.criteria) == 6
    for prompt in (by_rubric, other):
        assert "do not write about a client" in " ".join(prompt.prompt.split())
        assert "Another way in, for equal credit" in prompt.prompt


def test_those_who_teach_find_what_they_need(module: Module) -> None:
    """Misreadings, a role play, questions, two marked exemplars, and phrases to use again."""
    guide = module.teacher

    assert tuple(section.title for section in guide.sections) == GUIDE
    assert len(guide.exemplars) == 2
    assert all(exemplar.reflection == module.reflections[0].id for exemplar in guide.exemplars)
    assert len(guide.phrases) >= 10
