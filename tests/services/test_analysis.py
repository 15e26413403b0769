"""The analysis of a class: first attempts, the items as they are now, within sections."""

import pytest
from sqlalchemy import event

from lti_alliance.domain.items import Frame
from lti_alliance.domain.launch import Role
from lti_alliance.models import Activity
from lti_alliance.services import analysis
from tests.services.work import take_quiz
from tests.stage import Stage


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
    """Every right option was chosen by all; frames hold their items."""
    for name in ("kim", "lou"):
        take_quiz(stage, quiz, stage.join(name))
    found = analyse(stage, quiz)
    uses = [use for report in found.items for use in report.found.options]

    assert {use.count for use in uses if use.is_right} == {2}
    assert {use.count for use in uses if not use.is_right} == {0}
    assert {report.found.difficulty for report in found.items} == {1.0}
    assert [each.frame for each in found.frames] == [Frame.EXAM, Frame.EVIDENCE]
    assert all(each.mean == 1 for each in found.frames if each.answers)


def test_another_version_of_an_item_says_nothing_about_this_one(
    stage: Stage, quiz: Activity
) -> None:
    """Its answers are left out; an attempt without a common item is counted as such."""
    attempt = take_quiz(stage, quiz, stage.join("kim"))
    form = {"items": [item | {"hash": "other"} for item in attempt.form["items"]]}
    attempt.form = form
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
        counted = []

        def listen(*_: object) -> None:
            counted.append(1)

        event.listen(stage.session.get_bind(), "before_cursor_execute", listen)
        analyse(stage, quiz)
        event.remove(stage.session.get_bind(), "before_cursor_execute", listen)
        return len(counted)

    take_quiz(stage, quiz, stage.join("kim"))
    few = queries()
    for number in range(20):
        take_quiz(stage, quiz, stage.join(f"student {number}"))

    assert queries() == few
