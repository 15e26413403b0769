"""What a copy of the database gives away: nothing of what people wrote in words."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select

from lti_alliance.domain.accommodations import Accommodation
from lti_alliance.domain.activities import Part
from lti_alliance.domain.adjustments import Adjustment, AdjustmentKind
from lti_alliance.domain.modules import Grading
from lti_alliance.models import Activity, Base, ItemQuestion, Reflection
from lti_alliance.sealing import Sealer
from lti_alliance.services import (
    accommodations,
    adjusting,
    item_questions,
    judging,
    marking,
    passages,
    phrases,
    reflections,
    resealing,
    revisions,
)
from lti_alliance.services.accommodation_views import get_person
from tests.services.work import assess, levels, take_quiz, write
from tests.stage import NOON, Stage

pytestmark = pytest.mark.both_databases

TEXT = "Quillfeather told me that her mother had drunk."
CANARIES = {
    "text": TEXT,
    "draft": "Draftwhistle, not ready yet.",
    "comment": "Commentbrook: look at the silence.",
    "passage": "Passagethorn, beside the words.",
    "feedback": "Feedbackmoor: once more, please.",
    "help": "Helpsworth read it to me.",
    "question": "Questionfell, why is B wrong?",
    "answer": "Answerdale: because of the word always.",
    "reason": "Reasonholt was ill.",
    "note": "Notebury, letter of 3 March.",
    "phrase": "Phrasewick, well seen.",
}


@pytest.fixture
def activity(stage: Stage) -> Activity:
    """A quiz and a reflection."""
    return stage.activity(
        parts=frozenset(Part), prompt_ids=("fo-r1",), reflection_grading=Grading.RUBRIC
    )


def write_texts(stage: Stage, sealer: Sealer, activity: Activity) -> None:
    """Let a draft, a reflection and everything that is said about it be written."""
    common = {"activity": activity, "prompt_id": "fo-r1", "base_version": 0, "at": NOON}
    reflections.save_draft(
        stage.session, sealer, membership=stage.join("other"), text=CANARIES["draft"], **common
    )
    reflection = reflections.submit_reflection(
        stage.session,
        sealer,
        membership=stage.join("student"),
        text=TEXT,
        help_used=CANARIES["help"],
        **common,
    )
    passages.add_comment(
        stage.session,
        sealer,
        reflection=reflection,
        version_number=1,
        text=TEXT,
        passage="had drunk",
        comment=CANARIES["passage"],
        author=stage.people["instructor"],
        at=NOON,
    )
    assess(stage, sealer, reflection, 3, comment=CANARIES["comment"])
    keep_draft_grade(stage, sealer, write(stage, sealer, activity, stage.join("third"), TEXT))
    returned = write(stage, sealer, activity, stage.join("fourth"), TEXT)
    revisions.return_reflection(
        stage.session,
        sealer,
        reflection=returned,
        feedback=CANARIES["feedback"],
        until=None,
        actor=stage.people["instructor"],
        at=NOON + timedelta(hours=2),
    )


def keep_draft_grade(stage: Stage, sealer: Sealer, reflection: Reflection) -> None:
    """Let a grade be written that is not released yet."""
    marking.save_draft_assessment(
        stage.session,
        stage.catalogue,
        sealer,
        reflection=reflection,
        selections=levels(stage, 4),
        comment=CANARIES["comment"],
        base_version=0,
        marker=stage.people["instructor"],
        at=NOON,
    )


def ask_and_answer(stage: Stage, sealer: Sealer, activity: Activity) -> None:
    """Let a student question an item and be answered."""
    attempt = take_quiz(stage, activity, stage.people["student"])
    item_id = next(iter(judging.given_items(attempt)))
    item_questions.ask(
        stage.session,
        sealer,
        attempt=attempt,
        item_id=item_id,
        text=CANARIES["question"],
        at=NOON,
    )
    item_questions.answer(
        stage.session,
        sealer,
        activity,
        question_id=stage.session.scalars(select(ItemQuestion.id)).one(),
        text=CANARIES["answer"],
        actor=stage.people["instructor"],
        at=NOON,
    )


def decide(stage: Stage, sealer: Sealer, activity: Activity) -> None:
    """Let an instructor decide about a student, and keep a phrase for later."""
    student, teacher = stage.people["student"], stage.people["instructor"]
    adjusting.adjust_grade(
        stage.session,
        sealer,
        activity=activity,
        membership=student,
        adjustment=Adjustment(AdjustmentKind.SCORE, Decimal(3)),
        reason=CANARIES["reason"],
        actor=teacher,
        at=NOON,
    )
    accommodations.grant_accommodation(
        stage.session,
        sealer,
        person=get_person(stage.session, stage.context.id, student.id),
        activity=None,
        granted=Accommodation(extra_minutes=10),
        note=CANARIES["note"],
        base_version=0,
        actor=teacher,
        at=NOON,
    )
    phrases.save_phrase(stage.session, sealer, owner=teacher, text=CANARIES["phrase"], at=NOON)


def dump(engine: Engine) -> dict[str, bytes]:
    """Return every value of every table as bytes, one long value for each table."""
    with engine.connect() as connection:
        return {
            table.name: b" ".join(
                value if isinstance(value, bytes) else str(value).encode()
                for row in connection.execute(table.select())
                for value in row
            )
            for table in Base.metadata.sorted_tables
        }


def test_a_copy_of_the_database_tells_nothing(
    stage: Stage, sealer: Sealer, activity: Activity, engine: Engine
) -> None:
    """No word of reflections, drafts, comments, questions, reasons or notes is in any table."""
    write_texts(stage, sealer, activity)
    ask_and_answer(stage, sealer, activity)
    decide(stage, sealer, activity)
    stage.session.commit()
    tables = dump(engine)
    found = {
        (table, name)
        for table, content in tables.items()
        for name, canary in CANARIES.items()
        for word in (canary.split()[0].strip(",.:"),)
        if word.encode() in content
    }

    assert found == set()
    # The search itself finds what is there: the course's title is no secret.
    assert stage.context.title.encode() in tables["contexts"]


def test_every_column_of_texts_was_tried(stage: Stage, sealer: Sealer, activity: Activity) -> None:
    """The copy above has a text in each sealed column, so that none is missed."""
    write_texts(stage, sealer, activity)
    ask_and_answer(stage, sealer, activity)
    decide(stage, sealer, activity)
    stage.session.flush()
    empty = {
        str(texts.column)
        for texts in resealing.TEXTS
        if stage.session.scalars(select(texts.column).where(texts.column.is_not(None))).first()
        is None
    }

    # Several markers of one reflection have tests of their own, with the same two functions.
    assert empty == {"Marking.sealed_comment"}
