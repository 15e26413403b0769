"""Reflections: sealed from the first row, never overwritten, handed in and graded once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import Part
from lti_alliance.domain.modules import Grading
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.errors import AlreadySubmitted, InvalidInput, Stale
from lti_alliance.models import Activity, Draft, Grade, Membership, Reflection
from lti_alliance.sealing import SealBroken, Sealer
from lti_alliance.services import reflections, sealed_texts
from tests.stage import NOON, Stage

CANARY = "My partner fell silent and I filled the silence."
REFLECTION = frozenset({Part.REFLECTION})


@pytest.fixture
def student(stage: Stage) -> Membership:
    return stage.join("student")


@pytest.fixture
def activity(stage: Stage) -> Activity:
    return stage.activity(
        parts=REFLECTION, prompt_ids=("fo-r1",), reflection_grading=Grading.RUBRIC
    )


def save(stage: Stage, sealer: Sealer, activity: Activity, who: Membership, text: str, **more):
    values = {"base_version": 0, "at": NOON, **more}
    return reflections.save_draft(
        stage.session,
        sealer,
        activity=activity,
        membership=who,
        prompt_id="fo-r1",
        text=text,
        **values,
    )


def submit(stage: Stage, sealer: Sealer, activity: Activity, who: Membership, text: str, **more):
    values = {"base_version": 0, "at": NOON, **more}
    return reflections.submit_reflection(
        stage.session,
        sealer,
        activity=activity,
        membership=who,
        prompt_id="fo-r1",
        text=text,
        **values,
    )


def test_a_draft_is_read_back_and_sealed_in_the_table(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """What is written comes back to its writer, and the table does not hold it."""
    save(stage, sealer, activity, student, CANARY)
    writing = reflections.get_writing(
        stage.session,
        stage.catalogue,
        sealer,
        activity=activity,
        membership=student,
        prompt_id="fo-r1",
    )
    (draft,) = stage.session.scalars(select(Draft))

    assert writing.text == CANARY
    assert writing.reflection is not None
    assert writing.reflection.word_count == 9
    assert b"silence" not in draft.sealed_text


def test_a_sealed_text_opens_in_no_other_row(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """A text copied to another person's row does not open there."""
    other = stage.join("other")
    save(stage, sealer, activity, student, CANARY)
    save(stage, sealer, activity, other, "Something else.")
    mine, theirs = (
        stage.session.scalars(
            select(Draft).join(Reflection).where(Reflection.membership_id == who.id)
        ).one()
        for who in (student, other)
    )
    theirs.sealed_text = mine.sealed_text
    stage.session.flush()

    with pytest.raises(SealBroken):
        sealed_texts.read_text(stage.session, sealer, theirs.reflection)


def test_an_older_tab_never_overwrites_newer_text(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """A save that started from an older version is refused, and the newer text stays."""
    save(stage, sealer, activity, student, "first")
    reflection = save(stage, sealer, activity, student, "second", base_version=1)

    with pytest.raises(Stale) as refusal:
        save(stage, sealer, activity, student, "first, changed", base_version=1)

    assert refusal.value.current_version == 2
    assert sealed_texts.read_text(stage.session, sealer, reflection) == "second"


def test_drafts_close_together_replace_one_another(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """Autosave keeps a draft for each few minutes of work, not for each pause."""
    for version in range(12):
        at = NOON + timedelta(minutes=version)
        save(stage, sealer, activity, student, f"text {version}", base_version=version, at=at)
    versions = [d.version for d in stage.session.scalars(select(Draft).order_by(Draft.version))]

    assert len(versions) <= 4
    assert versions[-1] == 12


def test_by_completion_it_is_graded_at_once(
    stage: Stage, sealer: Sealer, student: Membership
) -> None:
    """Handing in earns all points where the activity is graded by completion."""
    activity = stage.activity(parts=REFLECTION, prompt_ids=("fo-r1",))
    reflection = submit(stage, sealer, activity, student, CANARY)
    grade = stage.session.scalars(select(Grade)).one()

    assert reflection.state == ReflectionState.GRADED
    assert grade.score == Decimal(10)


def test_it_is_handed_in_once(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """After handing in, the text no longer changes."""
    submit(stage, sealer, activity, student, CANARY)

    with pytest.raises(AlreadySubmitted):
        submit(stage, sealer, activity, student, "other", base_version=1)
    with pytest.raises(AlreadySubmitted):
        save(stage, sealer, activity, student, "other", base_version=1)


@pytest.mark.parametrize("text", ["", " … ", "a\x00b"])
def test_what_cannot_be_handed_in(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, text: str
) -> None:
    """No words and unreadable characters are refused with a reason."""
    with pytest.raises(InvalidInput):
        submit(stage, sealer, activity, student, text)
