"""Identifying detail: held, hidden, taken out of everything, on record without content."""

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Role
from lti_alliance.domain.redaction import GAP
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.errors import Conflict, InvalidInput, NotFound
from lti_alliance.models import (
    Activity,
    AuditEvent,
    Draft,
    Marking,
    Membership,
    Reflection,
    SubmittedVersion,
)
from lti_alliance.sealing import Sealer
from lti_alliance.services import assessing, flags, passages, reflections, revisions, sealed_texts
from lti_alliance.services.sealed_texts import TextKind, open_sealed
from tests import factories
from tests.services.work import assess, delivery_of, grade_of, write
from tests.stage import NOON, Stage

NAME = "Kim Doe"
TEXT = f"I sat with {NAME}. Then we both fell silent, {NAME.upper()} and I."


@pytest.fixture
def held(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    student: Membership,
) -> Reflection:
    reflection = write(stage, sealer, activity, student, TEXT)
    teacher = stage.people["instructor"]
    for words in (f"sat with {NAME}", "fell silent"):
        passages.add_comment(
            stage.session,
            sealer,
            reflection=reflection,
            version_number=1,
            text=TEXT,
            passage=words,
            comment=f"What did {NAME} say?",
            author=teacher,
            at=NOON,
        )
    assess(stage, sealer, reflection, 3, comment=f"You name {NAME}.")
    said = f"{NAME} should not be named."
    stage.session.add(
        Marking(
            reflection_id=reflection.id,
            marker_id=teacher.id,
            assigned_at=NOON,
            selections={},
            sealed_comment=sealed_texts.seal(sealer, reflection, TextKind.MARK, said),
        )
    )
    flags.flag_identifying(stage.session, reflection=reflection, actor=teacher, at=NOON)
    return reflection


def everything(stage: Stage, sealer: Sealer, reflection: Reflection) -> str:
    """Open every sealed text that is kept of a reflection."""
    stage.session.expire_all()
    found = [sealed_texts.read_comment(sealer, reflection)]
    for version in stage.session.scalars(select(SubmittedVersion)):
        found.append(open_sealed(sealer, reflection, TextKind.SUBMITTED, version.sealed_text))
        found.append(open_sealed(sealer, reflection, TextKind.FEEDBACK, version.sealed_feedback))
    for draft in stage.session.scalars(select(Draft)):
        found.append(open_sealed(sealer, reflection, TextKind.DRAFT, draft.sealed_text))
    for marking in stage.session.scalars(select(Marking)):
        found.append(open_sealed(sealer, reflection, TextKind.MARK, marking.sealed_comment))
    text = sealed_texts.read_submitted(sealer, reflection)
    marked = passages.mark_text(
        stage.session, sealer, reflection, text, version_number=1, for_writer=False
    )
    found += [text, *(note.comment + note.quote for note in marked.notes)]
    return "\n".join(found)


def purge(stage: Stage, sealer: Sealer, held: Reflection, quotes: list[str] | None) -> None:
    flags.purge(
        stage.session,
        sealer,
        reflection=held,
        quotes=quotes,
        until=None,
        actor=stage.people["instructor"],
        at=NOON,
    )


def test_what_is_held_is_hidden_and_freezes_the_grade(
    stage: Stage, sealer: Sealer, held: Reflection
) -> None:
    """Its writer and other markers see no text, nobody grades it, nothing is sent."""
    writer = held.membership
    sent = delivery_of(stage, writer).desired_version
    other = stage.join("other", role=Role.TEACHING_ASSISTANT)
    writing = reflections.get_writing(
        stage.session,
        stage.catalogue,
        sealer,
        activity=held.activity,
        membership=writer,
        prompt_id=held.prompt_id,
    )

    assert writing.text == ""
    with pytest.raises(Conflict):
        assessing.get_handed_in(stage.session, stage.catalogue, held.id, viewer=other)
    with pytest.raises(Conflict):
        assess(stage, sealer, held, 1, base_version=1)
    with pytest.raises(Conflict):
        flags.clear_flag(stage.session, reflection=held, actor=other, at=NOON)
    assert delivery_of(stage, writer).desired_version == sent


def test_the_words_are_gone_from_everything(stage: Stage, sealer: Sealer, held: Reflection) -> None:
    """Versions, drafts and comments lose them, the grade stands, the text is with its writer."""
    score = grade_of(stage, held.membership).score
    sent = delivery_of(stage, held.membership).desired_version
    purge(stage, sealer, held, ["kim doe"])
    kept = everything(stage, sealer, held)
    trail = [(e.action, str(e.details)) for e in stage.session.scalars(select(AuditEvent))]

    assert NAME.lower() not in kept.lower()
    assert f"Then we both fell silent, {GAP} and I." in kept
    assert "fell silent" in kept.rpartition("?")[2]
    assert held.state == ReflectionState.RETURNED
    assert grade_of(stage, held.membership).score == score
    assert delivery_of(stage, held.membership).desired_version == sent
    assert any(action == "reflection.purged" for action, _ in trail)
    assert NAME not in str(trail)


def test_the_whole_text_can_go(stage: Stage, sealer: Sealer, held: Reflection) -> None:
    """No word of it is left."""
    purge(stage, sealer, held, None)

    assert set(everything(stage, sealer, held).split()) == {GAP}


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({"role": Role.INSTRUCTOR}, True),
        ({"role": Role.INSTRUCTOR, "sections": ["A"], "is_section_restricted": True}, True),
        ({"role": Role.INSTRUCTOR, "sections": ["B"], "is_section_restricted": True}, False),
        ({"role": Role.TEACHING_ASSISTANT}, False),
        ({"role": Role.AIDE}, False),
        ({"role": Role.CONTENT_DEVELOPER}, False),
        ({"role": Role.LEARNER}, False),
    ],
)
def test_every_instructor_may_decide(
    stage: Stage, sealer: Sealer, held: Reflection, changes: dict[str, object], *, may: bool
) -> None:
    """Nobody waits for who flagged it; assistants and other sections neither read nor decide."""
    held.membership.sections = ["A"]
    other = stage.join("other", **changes)
    stage.session.flush()

    assert flags.may_decide(stage.session, held, other) is may
    if not may:
        with pytest.raises((Conflict, NotFound)):
            assessing.get_handed_in(stage.session, stage.catalogue, held.id, viewer=other)
        with pytest.raises(Conflict):
            flags.clear_flag(stage.session, reflection=held, actor=other, at=NOON)
        with pytest.raises(Conflict):
            flags.purge(
                stage.session,
                sealer,
                reflection=held,
                quotes=None,
                until=None,
                actor=other,
                at=NOON,
            )
        assert held.state == ReflectionState.FROZEN
        return
    assert assessing.get_handed_in(stage.session, stage.catalogue, held.id, viewer=other) is held
    flags.purge(
        stage.session, sealer, reflection=held, quotes=[NAME], until=None, actor=other, at=NOON
    )
    trail = {event.action: event for event in stage.session.scalars(select(AuditEvent))}
    assert trail["reflection.flagged"].actor_id == stage.people["instructor"].user_id
    assert trail["reflection.purged"].actor_id == other.user_id
    assert not trail["reflection.purged"].details


def test_an_instructor_of_another_course_does_not_decide(
    stage: Stage, sealer: Sealer, held: Reflection
) -> None:
    """Whoever teaches elsewhere is nobody here."""
    stranger = stage.join("stranger", role=Role.INSTRUCTOR)
    stranger.context_id = factories.make_course(stage.session, stage.registration).id
    stage.session.flush()

    assert not flags.may_decide(stage.session, held, stranger)


def test_an_assistant_who_flagged_decides_while_they_teach(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """Whoever flagged it has read it; when they are no assistant any more it is the others'."""
    reflection = write(stage, sealer, activity, student, TEXT)
    assistant = stage.join("assistant", role=Role.TEACHING_ASSISTANT)
    flags.flag_identifying(stage.session, reflection=reflection, actor=assistant, at=NOON)
    before = flags.may_decide(stage.session, reflection, assistant)
    assistant.role = Role.LEARNER
    stage.session.flush()

    assert before
    assert not flags.may_decide(stage.session, reflection, assistant)
    flags.clear_flag(
        stage.session, reflection=reflection, actor=stage.people["instructor"], at=NOON
    )
    assert reflection.state == ReflectionState.SUBMITTED


def test_only_the_first_decision_counts(stage: Stage, sealer: Sealer, held: Reflection) -> None:
    """Of two who decide, the second is told that it is not here any more."""
    other = stage.join("other", role=Role.INSTRUCTOR)
    purge(stage, sealer, held, [NAME])

    with pytest.raises(Conflict) as refused:
        flags.clear_flag(stage.session, reflection=held, actor=other, at=NOON)
    assert refused.value.reason == "reflection.not_here"


def test_words_that_are_not_there_take_nothing_out(
    stage: Stage, sealer: Sealer, held: Reflection
) -> None:
    """A slip is told, and the text stays held."""
    for quotes in ([], ["nobody like this"]):
        with pytest.raises(InvalidInput):
            purge(stage, sealer, held, quotes)

    assert held.state == ReflectionState.FROZEN


def test_a_flag_in_error_is_taken_back(stage: Stage, sealer: Sealer, held: Reflection) -> None:
    """Everything is as before."""
    flags.clear_flag(stage.session, reflection=held, actor=stage.people["instructor"], at=NOON)

    assert held.state == ReflectionState.GRADED
    assert revisions.read_version(stage.session, sealer, held).text == TEXT
