"""The analysis of a class: first attempts, the items as they are now, within sections."""

import pytest

from lti_alliance.domain.items import Frame
from lti_alliance.domain.launch import Role
from lti_alliance.models import Activity
from lti_alliance.services import analysis, modules
from tests.services.editions import answer, edition, offering
from tests.services.work import take_quiz
from tests.stage import NOON, Stage
from tests.statements import statements_of


@pytest.fixture
def quiz(stage: Stage) -> Activity:
    """A quiz with several attempts."""
    return stage.activity("quiz-link", attempts=3)


def analyse(stage: Stage, activity: Activity, name: str = "instructor") -> analysis.Analysis:
    stage.session.expire_all()
    return analysis.analyse(stage.session, stage.catalogue, activity, viewer=stage.people[name])


def test_the_first_attempt_of_each_student_counts(stage: Stage, quiz: Activity) -> None:
    """A later one changes nothing; neither do an open one, a preview, or somebody who teaches."""
    kim = stage.join("kim")
    take_quiz(stage, quiz, kim, wording="nonsense")
    before = analyse(stage, quiz)
    take_quiz(stage, quiz, kim)
    take_quiz(stage, quiz, stage.join("preview", is_test_user=True))
    take_quiz(stage, quiz, stage.join("dev", role=Role.TEACHING_ASSISTANT))
    take_quiz(stage, quiz, stage.join("lou"), hand_in=False)
    after = analyse(stage, quiz)

    assert before.quiz == after.quiz
    assert (after.quiz.count, after.left_out) == (1, 0)
    assert 0 < after.quiz.mean < 1
    assert after.quiz.alpha is None


def test_options_and_points_of_view_are_counted(stage: Stage, quiz: Activity) -> None:
    """Every right option was chosen by all who were given it; frames hold their items."""
    for name in ("kim", "lou"):
        take_quiz(stage, quiz, stage.join(name))
    found = analyse(stage, quiz)
    given = [report.found for report in found.items if report.found.count]
    uses = [use for each in given for use in each.options]

    assert {use.count for use in uses if use.is_right} == {2}
    assert {use.count for use in uses if not use.is_right} == {0}
    assert {each.difficulty for each in given} == {1.0}
    assert len(given) < len(found.items)
    assert [each.frame for each in found.frames] == [Frame.EXAM, Frame.EVIDENCE]
    assert all(each.mean == 1 for each in found.frames if each.answers)


def test_another_version_of_an_item_says_nothing_about_this_one(
    stage: Stage,
) -> None:
    """Its answers are left out; an attempt without a common item is counted as such."""
    stage.catalogue = offering()
    quiz = stage.activity("quiz-link", module_id="small")
    answer(stage, quiz, stage.join("kim"), "A goal")
    reworded = edition(
        ("What is this?", "Which is this?"), ("Goals, tasks and", "Tasks, goals and")
    )
    modules.keep_version(stage.session, reworded, at=NOON)
    quiz.content_hash = reworded.content_hash
    stage.session.flush()
    found = analyse(stage, quiz)

    assert (found.quiz.count, found.left_out) == (0, 1)
    assert {report.found.count for report in found.items} == {0}


def test_sections_hold_here_as_well(stage: Stage, quiz: Activity) -> None:
    """Whoever may see one section sees the analysis of that one."""
    for name, section in (("kim", "Monday"), ("lou", "Friday")):
        take_quiz(stage, quiz, stage.join(name, sections=[section]))
    reader = stage.join("eva", role=Role.INSTRUCTOR, sections=["Monday"])
    reader.is_section_restricted = True
    stage.session.flush()

    assert analyse(stage, quiz, "eva").quiz.count == 1
    assert analyse(stage, quiz).quiz.count == 2


def test_the_number_of_queries_does_not_grow(stage: Stage, quiz: Activity) -> None:
    """As many for twenty students as for one."""

    def queries() -> int:
        with statements_of(stage.session.get_bind()) as sent:
            analyse(stage, quiz)
        return len(sent)

    take_quiz(stage, quiz, stage.join("kim"))
    few = queries()
    for number in range(20):
        take_quiz(stage, quiz, stage.join(f"student {number}"))

    assert queries() == few
