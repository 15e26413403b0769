"""Students question items: asked after handing in, read by those who teach, answered, and seen."""

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Role
from lti_alliance.errors import Conflict, InvalidInput, NotFound
from lti_alliance.models import Activity, Attempt, ItemQuestion
from lti_alliance.sealing import Sealer
from lti_alliance.services import item_questions
from tests.services.editions import answer, offering
from tests.services.work import take_quiz
from tests.stage import NOON, Stage


@pytest.fixture
def quiz(stage: Stage) -> Activity:
    stage.catalogue = offering()
    return stage.activity("quiz-link", module_id="small", attempts=None)


@pytest.fixture
def attempt(stage: Stage, quiz: Activity) -> Attempt:
    return answer(stage, quiz, stage.join("kim", sections=["Monday"]), "A task")


def ask(stage: Stage, sealer: Sealer, attempt: Attempt, text: str, item_id: str = "sm-01") -> None:
    item_questions.ask(stage.session, sealer, attempt=attempt, item_id=item_id, text=text, at=NOON)


def about(stage: Stage, sealer: Sealer, quiz: Activity, name: str = "instructor"):
    return item_questions.list_about(
        stage.session, sealer, quiz, item_id="sm-01", viewer=stage.people[name]
    )


def reply(stage: Stage, sealer: Sealer, quiz: Activity, text: str, name: str = "instructor"):
    [question] = about(stage, sealer, quiz)
    item_questions.answer(
        stage.session,
        sealer,
        quiz,
        question_id=question.id,
        text=text,
        actor=stage.people[name],
        at=NOON,
    )


def test_a_question_is_read_and_answered(
    stage: Stage, sealer: Sealer, quiz: Activity, attempt: Attempt
) -> None:
    """It may be worded anew until then; the answer may be worded anew as well; both are sealed."""
    ask(stage, sealer, attempt, "Practising is a task, is it not?")
    ask(stage, sealer, attempt, "  Is practising not a task?  ")
    teacher = stage.people["instructor"]
    counted = item_questions.count_open(stage.session, quiz, viewer=teacher)
    reply(stage, sealer, quiz, "You are right.")
    reply(stage, sealer, quiz, "You are right; the key was wrong.")
    own = item_questions.list_own(stage.session, sealer, attempt)["sm-01"]
    row = stage.session.scalars(select(ItemQuestion)).one()

    assert counted == {"sm-01": 1}
    assert item_questions.count_open(stage.session, quiz, viewer=teacher) == {}
    assert (own.text, own.answer) == (
        "Is practising not a task?",
        "You are right; the key was wrong.",
    )
    assert about(stage, sealer, quiz)[0].asker is stage.people["kim"]
    assert b"task" not in row.sealed_text
    with pytest.raises(Conflict):
        ask(stage, sealer, attempt, "And now?")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n ", item_questions.TEXT_EMPTY),
        ("x" * 1001, item_questions.TEXT_TOO_LONG),
    ],
)
def test_a_question_is_a_sentence(
    stage: Stage, sealer: Sealer, attempt: Attempt, text: str, message: str
) -> None:
    """Neither nothing nor an essay."""
    with pytest.raises(InvalidInput) as refused:
        ask(stage, sealer, attempt, text)

    assert refused.value.fields == {"question.sm-01": message}


def test_control_characters_are_refused_under_its_own_field(
    stage: Stage, sealer: Sealer, attempt: Attempt
) -> None:
    """The form on the result page finds its fault again."""
    with pytest.raises(InvalidInput) as refused:
        ask(stage, sealer, attempt, "What\x00?")

    assert list(refused.value.fields) == ["question.sm-01"]


def test_it_is_about_an_item_of_an_attempt_that_was_handed_in(
    stage: Stage, sealer: Sealer, quiz: Activity, attempt: Attempt
) -> None:
    """Nobody learns from here what an open attempt holds."""
    other = stage.activity("other", module_id="small")
    open_one = take_quiz(stage, other, stage.people["kim"], hand_in=False)

    with pytest.raises(NotFound):
        ask(stage, sealer, attempt, "Why?", "sm-99")
    with pytest.raises(Conflict):
        ask(stage, sealer, open_one, "Why?")


def test_sections_hold_and_other_activities_know_nothing(
    stage: Stage, sealer: Sealer, quiz: Activity, attempt: Attempt
) -> None:
    """Whoever may not see a student neither reads nor answers what they ask."""
    ask(stage, sealer, attempt, "Why?")
    stage.join("eva", role=Role.INSTRUCTOR, sections=["Friday"]).is_section_restricted = True
    other = stage.activity("other", module_id="small")
    [question] = about(stage, sealer, quiz)

    assert about(stage, sealer, quiz, "eva") == ()
    assert not item_questions.count_open(stage.session, quiz, viewer=stage.people["eva"])
    assert about(stage, sealer, other) == ()
    with pytest.raises(NotFound):
        reply(stage, sealer, quiz, "So.", "eva")
    with pytest.raises(NotFound):
        item_questions.answer(
            stage.session,
            sealer,
            other,
            question_id=question.id,
            text="So.",
            actor=stage.people["instructor"],
            at=NOON,
        )
