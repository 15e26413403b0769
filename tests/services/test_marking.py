"""Grades that are drafts: nobody hears of them until they are released."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from lti_alliance.errors import Stale
from lti_alliance.models import Activity, AuditEvent, Membership, Reflection, ScoreDelivery
from lti_alliance.sealing import Sealer
from lti_alliance.services import marking, sealed_texts, shelves
from tests.services.work import assess, delivery_of, grade_of, levels, write
from tests.stage import NOON, Stage


def draft(stage: Stage, sealer: Sealer, reflection: Reflection, number: int, base: int = 0) -> int:
    return marking.save_draft_assessment(
        stage.session,
        stage.catalogue,
        sealer,
        reflection=reflection,
        selections=levels(stage, number),
        comment="Kept back.",
        base_version=base,
        marker=stage.people["instructor"],
        at=NOON,
    ).version


def release(stage: Stage, sealer: Sealer, activity: Activity) -> int:
    return marking.release_drafts(
        stage.session,
        stage.catalogue,
        sealer,
        activity=activity,
        actor=stage.people["instructor"],
        at=NOON,
    )


def test_a_draft_changes_nothing_until_it_is_released(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """No score, no delivery, no state; then all of it at once."""
    reflection = write(stage, sealer, activity, student, "My partner fell silent.")
    version = delivery_of(stage, student).desired_version
    draft(stage, sealer, reflection, 3)
    stage.session.expire_all()
    held = (grade_of(stage, student).score, delivery_of(stage, student).desired_version)
    count = release(stage, sealer, activity)

    assert held == (None, version)
    assert reflection.state == "graded"
    assert count == 1
    assert grade_of(stage, student).score == Decimal(9)
    assert delivery_of(stage, student).desired_score == Decimal(9)
    assert reflection.assessment.released_at == NOON
    assert reflection.draft_assessment is None
    assert sealed_texts.read_comment(sealer, reflection) == "Kept back."
    assert release(stage, sealer, activity) == 0


def test_a_draft_beside_a_released_grade_leaves_it(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """What was released stands while a new grade is a draft."""
    reflection = write(stage, sealer, activity, student, "My partner fell silent.")
    assess(stage, sealer, reflection, 3)
    draft(stage, sealer, reflection, 1)

    assert grade_of(stage, student).score == Decimal(9)


def test_two_markers_do_not_overwrite_a_draft(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """A draft, or a release, from an older view of the draft is refused."""
    reflection = write(stage, sealer, activity, student, "My partner fell silent.")
    draft(stage, sealer, reflection, 3)

    with pytest.raises(Stale):
        draft(stage, sealer, reflection, 1)
    with pytest.raises(Stale):
        marking.check_draft_unchanged(stage.session, reflection, 0)
    assert draft(stage, sealer, reflection, 4, base=1) == 2


def test_the_queue_is_in_the_order_of_handing_in(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """Each has a place among those that wait; the next unmarked one comes round."""
    first = write(stage, sealer, activity, student, "My partner fell silent.")
    second = write(stage, sealer, activity, stage.join("second"), "My partner fell silent.")
    draft(stage, sealer, second, 3)
    stage.session.expire_all()
    shelf = shelves.get_shelf(stage.session, stage.catalogue, activity)
    ids = [row.id for row in shelf.waiting]
    place = shelves.place_of(shelf, shelf.waiting[1])

    assert set(ids) == {first.id, second.id}
    assert (place.number, place.total) == (2, 2)
    assert place.previous is shelf.waiting[0]
    assert place.next is None
    assert shelves.next_unmarked(shelf, second, reader=stage.people["instructor"]) is first
    assert shelves.next_unmarked(shelf, first, reader=stage.people["instructor"]) is None
    assert shelf.drafts == (second,)


def test_marking_is_on_record_without_words(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership
) -> None:
    """The trail names acts and numbers."""
    draft(stage, sealer, write(stage, sealer, activity, student, "My partner fell silent."), 3)
    release(stage, sealer, activity)
    events = list(stage.session.scalars(select(AuditEvent)))

    assert {"reflection.marked", "reflection.grades_released"} <= {e.action for e in events}
    assert "Kept back" not in str([event.details for event in events])
    assert stage.session.scalars(select(ScoreDelivery)).one().desired_pending is False
