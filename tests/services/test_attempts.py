"""Attempts: started once, saved without overwriting newer work, handed in once."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.items import response_field
from lti_alliance.domain.launch import Role
from lti_alliance.errors import (
    AlreadySubmitted,
    AttemptClosed,
    InvalidInput,
    NotFound,
    Stale,
)
from lti_alliance.models import Activity, Attempt, AuditEvent, Membership, ScoreDelivery
from lti_alliance.services import answering, attempt_sheets, attempts
from lti_alliance.services.attempt_sheets import Sheet
from tests.answers import right_values
from tests.stage import NOON, Stage


@pytest.fixture
def student(stage: Stage) -> Membership:
    return stage.join("student")


@pytest.fixture
def activity(stage: Stage) -> Activity:
    return stage.activity(attempts=2)


def start(stage: Stage, activity: Activity, student: Membership) -> Attempt:
    return attempts.start_attempt(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=student,
        rng=random.Random(1),
        at=NOON,
    )


def right_answers(sheet: Sheet) -> dict[str, list[str]]:
    return {response_field(item.id): right_values(item) for item in sheet.items}


def submit(stage: Stage, attempt: Attempt, fields: dict[str, list[str]], **changes: object):
    values = {"base_version": attempt.saved_version, "at": NOON + timedelta(minutes=9), **changes}
    return answering.submit_attempt(
        stage.session, stage.catalogue, attempt=attempt, fields=fields, **values
    )


def test_a_second_start_returns_the_open_attempt(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """A double click starts one attempt."""
    first = start(stage, activity, student)

    assert start(stage, activity, student) is first
    assert len(attempts.list_attempts(stage.session, activity, student)) == 1


def test_the_form_is_kept(stage: Stage, activity: Activity, student: Membership) -> None:
    """What a student was given stays: the items, their order and what each of them was."""
    attempt = start(stage, activity, student)
    sheet = attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt)

    assert [item.item_id for item in sheet.form.items] == [item.id for item in sheet.items]
    assert attempt.item_ids == [item.id for item in sheet.items]
    assert all(
        form.content_hash == sheet.module.item_hash(item)
        for form, item in zip(sheet.form.items, sheet.items, strict=True)
    )


def test_right_answers_earn_everything(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """All right is the whole of the points, and the delivery is due in the same transaction."""
    attempt = start(stage, activity, student)
    sheet = attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt)
    grade = submit(stage, attempt, right_answers(sheet))
    delivery = stage.session.scalars(select(ScoreDelivery)).one()

    assert attempt.state == AttemptState.GRADED
    assert grade.score == activity_maximum(activity)
    assert delivery.desired_score == grade.score
    assert delivery.desired_submitted_at == attempt.submitted_at


def test_what_was_loaded_before_shows_what_judging_wrote(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """Judging writes past the objects of the session; who holds one reads on in it."""
    attempt = start(stage, activity, student)
    sheet = attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt)
    answering.save_responses(
        stage.session,
        stage.catalogue,
        attempt=attempt,
        fields=right_answers(sheet),
        base_version=0,
        at=NOON,
    )
    before = [(row.id, row.points) for row in attempt.responses]
    submit(stage, attempt, {})

    assert before
    assert {points for _, points in before} == {None}
    assert all(row.is_correct for row in attempt.responses)


def activity_maximum(activity: Activity) -> Decimal:
    return Decimal(activity.settings["quiz_points"])


def test_nothing_answered_is_zero(stage: Stage, activity: Activity, student: Membership) -> None:
    """An empty attempt may be handed in; it is worth nothing."""
    grade = submit(stage, start(stage, activity, student), {})

    assert grade.score == 0


def test_saving_keeps_answers_and_counts_versions(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """Each save names the version it started from and makes the next one; answers can be undone."""
    attempt = start(stage, activity, student)
    sheet = attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt)
    name, values = next(iter(right_answers(sheet).items()))
    item_id = name.removeprefix("response.")

    def save(fields: dict[str, list[str]], base: int) -> int:
        return answering.save_responses(
            stage.session,
            stage.catalogue,
            attempt=attempt,
            fields=fields,
            base_version=base,
            at=NOON,
        )

    assert save({name: values}, 0) == 1
    assert item_id in attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt).responses
    assert save({name: []}, 1) == 2
    emptied = attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt)
    assert item_id not in emptied.responses


def test_an_older_tab_never_overwrites_newer_work(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """A save or a submission that started from an older version is refused and changes nothing."""
    attempt = start(stage, activity, student)
    sheet = attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt)
    name, values = next(iter(right_answers(sheet).items()))
    answering.save_responses(
        stage.session,
        stage.catalogue,
        attempt=attempt,
        fields={name: values},
        base_version=0,
        at=NOON,
    )

    with pytest.raises(Stale) as refusal:
        submit(stage, attempt, {name: []}, base_version=0)

    assert refusal.value.current_version == 1
    assert attempt.state == AttemptState.IN_PROGRESS
    assert attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt).responses


def test_an_attempt_is_handed_in_once(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """The first submission stands."""
    attempt = start(stage, activity, student)
    submit(stage, attempt, {})

    with pytest.raises(AlreadySubmitted):
        submit(stage, attempt, {})


@pytest.mark.parametrize("field", ["score", "userId", "response.fo-99", "correct"])
def test_a_field_of_no_item_is_refused(
    stage: Stage, activity: Activity, student: Membership, field: str
) -> None:
    """A score that the browser sends is not a score."""
    attempt = start(stage, activity, student)

    with pytest.raises(InvalidInput) as refusal:
        submit(stage, attempt, {field: ["10"]})

    assert refusal.value.code == "submit.field_not_allowed"
    assert attempt.state == AttemptState.IN_PROGRESS


def test_attempts_end_where_the_settings_say(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """After the last attempt no other may be started."""
    for _ in range(2):
        submit(stage, start(stage, activity, student), {})

    with pytest.raises(AttemptClosed) as refusal:
        start(stage, activity, student)

    assert refusal.value.reason == "attempt.none_left"


def test_who_may_see_an_attempt(stage: Stage, activity: Activity, student: Membership) -> None:
    """The student and those who teach the course see it; for anybody else it does not exist."""
    attempt = start(stage, activity, student)
    assistant = stage.join("assistant", role=Role.TEACHING_ASSISTANT)

    for viewer in (student, stage.people["instructor"], assistant):
        assert attempts.get_attempt(stage.session, attempt.id, viewer=viewer) is attempt
    for name, role in (("other", Role.LEARNER), ("designer", Role.CONTENT_DEVELOPER)):
        with pytest.raises(NotFound):
            attempts.get_attempt(stage.session, attempt.id, viewer=stage.join(name, role=role))


def test_an_attempt_of_another_course_does_not_exist(
    stage: Stage, activity: Activity, student: Membership, catalogue: Catalogue
) -> None:
    """An instructor elsewhere is nobody here."""
    from tests.stage import build

    attempt = start(stage, activity, student)
    elsewhere = build(stage.session, catalogue, name="Elsewhere")

    with pytest.raises(NotFound):
        attempts.get_attempt(stage.session, attempt.id, viewer=elsewhere.people["instructor"])


def test_start_and_submission_are_on_record(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """The audit trail names who did what, and holds no answer."""
    submit(stage, start(stage, activity, student), {})
    events = list(stage.session.scalars(select(AuditEvent).order_by(AuditEvent.at)))

    assert [e.action for e in events] == ["activity.set_up", "attempt.started", "attempt.submitted"]
    assert all(set(e.details) <= {"number", "module", "content_hash"} for e in events)
