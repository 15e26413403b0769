"""Clearing the student preview: every table that hangs on a member is either cleared or named."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Column, Table, func, select

from lti_alliance.domain.activities import Part
from lti_alliance.domain.adjustments import Adjustment, AdjustmentKind
from lti_alliance.domain.modules import Grading
from lti_alliance.models import Activity, Base, Membership
from lti_alliance.sealing import Sealer
from lti_alliance.services import adjusting, marking, passages, previews, warm_ups
from tests.services.work import assess, levels, take_quiz, write
from tests.stage import NOON, Stage
from tests.told_dates import tell_dates

CLEARED = {
    "attempts.membership_id",
    "grades.membership_id",
    "practice_sets.membership_id",
    "reflections.membership_id",
    "score_adjustments.membership_id",
    "score_deliveries.membership_id",
}
"""A person's work in an activity, and what was decided about it."""
KEPT = {
    # Who did something; it goes with what it was done to.
    "accepted_wordings.accepted_by_id",
    "accommodations.changed_by_id",
    "adopted_keys.adopted_by_id",
    "authored_modules.created_by_id",
    "authored_modules.updated_by_id",
    "authored_versions.published_by_id",
    "content_items.placed_by_id",
    "draft_assessments.marked_by_id",
    "item_questions.answered_by_id",
    "item_regrades.decided_by_id",
    "key_votes.voter_id",
    "markings.marker_id",
    "passage_comments.author_id",
    "reflections.flagged_by_id",
    "rubric_assessments.assessed_by_id",
    "score_adjustments.made_by_id",
    "submitted_versions.returned_by_id",
    # The terms of a person, who is still in the course.
    "accommodations.user_id",
    "lms_dates.membership_id",
    "roster_entries.user_id",
    # The person, and what is theirs in every activity.
    "launch_sessions.membership_id",
    "launch_sessions.user_id",
    "memberships.user_id",
    "phrases.membership_id",
    "presets.owner_id",
    "profiles.user_id",
}


@pytest.fixture
def whole(stage: Stage) -> Activity:
    """A quiz and a reflection."""
    return stage.activity(
        parts=frozenset(Part), prompt_ids=("fo-r1",), reflection_grading=Grading.RUBRIC
    )


def people_columns() -> dict[str, Column]:
    """Return every column that refers to a person."""
    return {
        f"{table.name}.{column.name}": column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name in ("memberships", "users")
    }


def rows_of(stage: Stage) -> dict[str, int]:
    """Count the rows of every table."""

    def count(table: Table) -> int:
        return stage.session.scalar(select(func.count()).select_from(table)) or 0

    return {table.name: count(table) for table in Base.metadata.sorted_tables}


def work_on(stage: Stage, sealer: Sealer, activity: Activity, person: Membership) -> None:
    """Leave a trace in every table that a person's work can be in."""
    teacher = stage.people["instructor"]
    take_quiz(stage, activity, person)
    warm_ups.leave_out_warm_up(stage.session, activity=activity, membership=person, at=NOON)
    reflection = write(stage, sealer, activity, person, "My partner fell silent.")
    passages.add_comment(
        stage.session,
        sealer,
        reflection=reflection,
        version_number=1,
        text="My partner fell silent.",
        passage="fell silent",
        comment="Why?",
        author=teacher,
        at=NOON,
    )
    assess(stage, sealer, reflection, 3)
    marking.save_draft_assessment(
        stage.session,
        stage.catalogue,
        sealer,
        reflection=reflection,
        selections=levels(stage, 4),
        comment="",
        base_version=0,
        marker=teacher,
        at=NOON,
    )
    adjusting.adjust_grade(
        stage.session,
        sealer,
        activity=activity,
        membership=person,
        adjustment=Adjustment(AdjustmentKind.SCORE, Decimal(3)),
        reason="Tried out.",
        actor=teacher,
        at=NOON,
    )


def test_every_table_of_a_person_is_accounted_for() -> None:
    """A new table that refers to a person is cleared with the preview, or says here why not."""
    assert people_columns().keys() == CLEARED | KEPT


def test_nothing_of_a_preview_is_left(stage: Stage, sealer: Sealer, whole: Activity) -> None:
    """A score set by hand goes like all the rest; terms stay; nobody else loses a row."""
    student = stage.join("student")
    work_on(stage, sealer, whole, student)
    preview = stage.join("preview", is_test_user=True)
    custom = {"lock_at": (NOON + timedelta(days=9)).isoformat()}
    tell_dates(stage.session, whole.resource_link, preview, custom, at=NOON)
    before = rows_of(stage)
    work_on(stage, sealer, whole, preview)
    grown = {name for name, count in rows_of(stage).items() if count > before[name]}
    previews.clear_previews(stage.session, whole, actor=stage.people["instructor"], at=NOON)
    after = rows_of(stage)

    assert grown >= {
        "attempts",
        "responses",
        "grades",
        "reflections",
        "submitted_versions",
        "rubric_assessments",
        "draft_assessments",
        "passage_comments",
        "score_adjustments",
        "practice_sets",
    }
    assert {name for name, count in after.items() if count != before[name]} == {"audit_events"}
    for name in CLEARED:
        column = people_columns()[name]
        assert stage.session.scalars(select(column).where(column == preview.id)).all() == []
