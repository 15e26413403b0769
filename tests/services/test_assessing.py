"""Reflections read and graded: by those who teach, never what is private, once per view."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import Part
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Grading
from lti_alliance.errors import Conflict, NotFound, Stale
from lti_alliance.models import Activity, AuditEvent, Membership, Reflection
from lti_alliance.sealing import Sealer
from lti_alliance.services import assessing, reflections, sealed_texts, shelves
from tests.services.work import assess, grade_of, make_private, write
from tests.stage import NOON, Stage

CANARY = "My partner fell silent and I filled the silence."
REFLECTION = frozenset({Part.REFLECTION})


def test_by_rubric_it_waits_and_is_then_graded(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """The instructor's levels become points by the activity's table, and the grade follows."""
    reflection = write(stage, sealer, activity, student, CANARY)
    waiting = shelves.get_shelf(stage.session, stage.catalogue, activity).waiting
    assessment = assess(stage, sealer, reflection, 3, comment="Well seen.")
    grade = grade_of(stage, student)

    assert waiting == (reflection,)
    assert shelves.get_shelf(stage.session, stage.catalogue, activity).waiting == ()
    assert assessment.share == Decimal("0.9")
    assert grade.score == Decimal(9)
    assert grade.comment != ""
    assert "Well seen" not in grade.comment
    assert sealed_texts.read_comment(sealer, reflection) == "Well seen."


def test_two_markers_do_not_overwrite_each_other(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """A grade given from an older view is refused; one from the present view replaces it."""
    reflection = write(stage, sealer, activity, student, CANARY)
    assess(stage, sealer, reflection, 3)

    with pytest.raises(Stale):
        assess(stage, sealer, reflection, 1)

    assert assess(stage, sealer, reflection, 4, base_version=1).version == 2
    assert grade_of(stage, student).score == Decimal(10)


def test_a_completion_grade_is_not_assessed(
    stage: Stage, sealer: Sealer, student: Membership
) -> None:
    """There is nothing to choose where handing in is all."""
    activity = stage.activity(parts=REFLECTION, prompt_ids=("fo-r1",))
    reflection = write(stage, sealer, activity, student, CANARY)

    with pytest.raises(Conflict):
        assess(stage, sealer, reflection, 4)


def test_who_may_read_a_reflection(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """Those who teach the course may read what was handed in, and reading is on record."""
    draft = reflections.save_draft(
        stage.session,
        sealer,
        activity=activity,
        membership=student,
        prompt_id="fo-r1",
        text=CANARY,
        base_version=0,
        at=NOON,
    )
    peer = stage.join("peer")
    designer = stage.join("designer", role=Role.CONTENT_DEVELOPER)
    instructor = stage.people["instructor"]

    def get(viewer: Membership) -> Reflection:
        return assessing.get_handed_in(stage.session, stage.catalogue, draft.id, viewer=viewer)

    with pytest.raises(NotFound):
        get(instructor)

    reflections.submit_reflection(
        stage.session,
        sealer,
        activity=activity,
        membership=student,
        prompt_id="fo-r1",
        text=CANARY,
        base_version=1,
        at=NOON,
    )
    opened = assessing.read_for_grading(
        stage.session, stage.catalogue, sealer, reflection=draft, reader=instructor, at=NOON
    )
    actions = [e.action for e in stage.session.scalars(select(AuditEvent))]

    assert opened.text == CANARY
    assert "reflection.read" in actions
    assert get(instructor) is draft
    for viewer in (peer, designer):
        with pytest.raises(NotFound):
            get(viewer)


@pytest.mark.parametrize("grading", list(Grading))
def test_a_private_reflection_is_read_by_nobody_else(
    stage: Stage, sealer: Sealer, student: Membership, grading: Grading
) -> None:
    """It is counted and neither listed, found, opened nor graded, however the activity grades."""
    activity = stage.activity(parts=REFLECTION, prompt_ids=("fo-r1",), reflection_grading=grading)
    make_private(stage, activity)
    private = write(stage, sealer, activity, student, CANARY)
    instructor = stage.people["instructor"]
    shelf = shelves.get_shelf(stage.session, stage.catalogue, activity)

    assert (shelf.waiting, shelf.done, shelf.private) == ((), (), 1)
    assert shelves.get_shelf(stage.session, stage.catalogue, activity).waiting == ()
    with pytest.raises(NotFound):
        assessing.get_handed_in(stage.session, stage.catalogue, private.id, viewer=instructor)
    with pytest.raises(NotFound):
        assessing.read_for_grading(
            stage.session, stage.catalogue, sealer, reflection=private, reader=instructor, at=NOON
        )
    with pytest.raises(NotFound):
        assess(stage, sealer, private, 4)


def test_what_was_private_when_it_was_written_stays_private(
    stage: Stage, sealer: Sealer, student: Membership
) -> None:
    """A newer version of the module that shares the prompt opens nothing written before."""
    activity = stage.activity(parts=REFLECTION, prompt_ids=("fo-r1",))
    shared = activity.content_hash
    make_private(stage, activity)
    write(stage, sealer, activity, student, CANARY)
    activity.content_hash = shared
    write(stage, sealer, activity, stage.join("later"), "Written for the instructor.")
    shelf = shelves.get_shelf(stage.session, stage.catalogue, activity)

    assert len(shelf.done) == 1
    assert shelf.private == 1
