"""Returned for revision: kept versions, a limit, a date, and silence towards the gradebook."""

from datetime import timedelta
from decimal import Decimal

import pytest

from lti_alliance.domain.activities import settings_from_json, settings_to_json
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.errors import AttemptClosed, Conflict, InvalidInput
from lti_alliance.models import Activity, Membership, Reflection
from lti_alliance.sealing import Sealer
from lti_alliance.services import passages, readings, reflections, revisions
from tests.services.work import assess, delivery_of, grade_of, write
from tests.stage import NOON, Stage

LATER = NOON + timedelta(days=1)


def give_back(stage: Stage, sealer: Sealer, reflection: Reflection, **more: object) -> None:
    values = {"feedback": "Say more.", "until": None, "at": NOON + timedelta(hours=2), **more}
    revisions.return_reflection(
        stage.session, sealer, reflection=reflection, actor=stage.people["instructor"], **values
    )


def again(
    stage: Stage, sealer: Sealer, reflection: Reflection, text: str = "Two words.", **more: object
) -> Reflection:
    return reflections.submit_reflection(
        stage.session,
        sealer,
        activity=reflection.activity,
        membership=reflection.membership,
        prompt_id=reflection.prompt_id,
        text=text,
        base_version=reflection.saved_version,
        **{"at": LATER, **more},
    )


def test_it_comes_back_with_feedback_and_is_handed_in_again(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
) -> None:
    """The writer edits what they wrote, both versions are kept, and the reader sees the change."""
    reflection = write(stage, sealer, activity, student, "One word.")
    give_back(stage, sealer, reflection)
    writing = reflections.get_writing(
        stage.session,
        stage.catalogue,
        sealer,
        activity=activity,
        membership=student,
        prompt_id=reflection.prompt_id,
    )
    state = writing.state
    again(stage, sealer, reflection, help_used="A friend read it.")
    shown = revisions.read_version(stage.session, sealer, reflection)

    assert (state, writing.text) == (ReflectionState.RETURNED, "One word.")
    assert writing.feedback == "Say more."
    assert reflection.state == ReflectionState.SUBMITTED
    assert (shown.version.number, shown.text) == (2, "Two words.")
    assert shown.help_used == "A friend read it."
    assert [change.text for change in shown.changes] == ["One word.", "Two words."]
    assert revisions.read_version(stage.session, sealer, reflection, 1).text == "One word."


def test_a_released_grade_stands_and_nothing_is_sent(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
) -> None:
    """Neither the return nor the new version changes what the gradebook should show."""
    reflection = write(stage, sealer, activity, student)
    assess(stage, sealer, reflection, 3)
    wanted = delivery_of(stage, student).desired_version
    give_back(stage, sealer, reflection)
    again(stage, sealer, reflection)
    stage.session.expire_all()
    stands = grade_of(stage, student).score, delivery_of(stage, student).desired_version
    assess(stage, sealer, reflection, 4, base_version=1, at=LATER)

    assert stands == (Decimal(9), wanted)
    assert grade_of(stage, student).score == Decimal(10)
    assert delivery_of(stage, student).desired_submitted_at == LATER


def test_a_return_before_any_grade_sends_nothing(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
) -> None:
    """The gradebook hears nothing of a return."""
    reflection = write(stage, sealer, activity, student)
    wanted = delivery_of(stage, student).desired_version
    give_back(stage, sealer, reflection)
    stage.session.expire_all()

    assert delivery_of(stage, student).desired_version == wanted
    with pytest.raises(Conflict):
        assess(stage, sealer, reflection, 3)


def test_the_limit_holds(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
) -> None:
    """It is returned as often as the activity says and not once more."""
    reflection = write(stage, sealer, activity, student)
    give_back(stage, sealer, reflection)
    with pytest.raises(Conflict):
        give_back(stage, sealer, reflection)
    again(stage, sealer, reflection)

    with pytest.raises(Conflict):
        give_back(stage, sealer, reflection)


def test_after_the_close_a_date_is_needed_and_holds(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
) -> None:
    """The date of the return takes the place of the close, on both sides of it."""
    reflection = write(stage, sealer, activity, student)
    stored = settings_to_json(settings_from_json(activity.settings))
    activity.settings = stored | {"closes_at": (NOON + timedelta(hours=1)).isoformat()}
    stage.session.flush()
    for until in (None, NOON):
        with pytest.raises(InvalidInput):
            give_back(stage, sealer, reflection, until=until)
    give_back(stage, sealer, reflection, until=LATER)

    with pytest.raises(AttemptClosed):
        again(stage, sealer, reflection, at=LATER)
    again(stage, sealer, reflection, at=LATER - timedelta(minutes=1))
    assert reflection.returned_until is None


def test_by_completion_the_credit_is_kept(
    stage: Stage, sealer: Sealer, student: Membership
) -> None:
    """A returned text keeps its points, and a new version adds none."""
    completion = stage.activity("link-2", parts={"reflection"}, prompt_ids=("fo-r1",))
    reflection = write(stage, sealer, completion, student)
    give_back(stage, sealer, reflection)
    again(stage, sealer, reflection)

    assert reflection.state == ReflectionState.GRADED
    assert grade_of(stage, student).score == Decimal(10)


def test_comments_on_passages_are_shown_with_the_return(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
) -> None:
    """The writer sees them from then on, and only their author changes them."""
    reflection = write(stage, sealer, activity, student, "I fell silent.")
    teacher = stage.people["instructor"]
    made = passages.add_comment(
        stage.session,
        sealer,
        reflection=reflection,
        version_number=1,
        text="I fell silent.",
        passage="fell silent",
        comment="How long?",
        author=teacher,
        at=NOON,
    )

    def seen() -> list[tuple[str, str]]:
        marked = passages.mark_text(
            stage.session, sealer, reflection, "I fell silent.", version_number=1, for_writer=True
        )
        return [(note.quote, note.comment) for note in marked.notes]

    before = seen()
    give_back(stage, sealer, reflection)

    assert before == []
    assert seen() == [("fell silent", "How long?")]
    assert b"How long" not in made.sealed_comment
    assert readings.list_readings(stage.session, reflection) == ()
