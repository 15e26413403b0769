"""Answers checked one by one: fixed once, judged at once, and nothing else with them."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from lti_alliance.domain.items import (
    BranchItem,
    MatchingItem,
    SingleItem,
    confidence_field,
    key_response,
    response_field,
)
from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.errors import (
    AlreadySubmitted,
    AttemptClosed,
    Conflict,
    InvalidInput,
    NotFound,
    Stale,
)
from lti_alliance.models import Attempt, AuditEvent, Membership
from lti_alliance.models import Response as ResponseRow
from lti_alliance.services import answering, attempt_sheets, attempts, student_home
from tests.stage import NOON, Stage

SOON = NOON + timedelta(minutes=1)


@pytest.fixture
def student(stage: Stage) -> Membership:
    return stage.join("student")


def begin(stage: Stage, student: Membership, **settings: object) -> Attempt:
    activity = stage.activity(
        **{"module_id": "foundations", "feedback": FeedbackTiming.AFTER_EACH, **settings}
    )
    return attempts.start_attempt(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=student,
        rng=random.Random(3),
        at=NOON,
    )


@pytest.fixture
def attempt(stage: Stage, student: Membership) -> Attempt:
    return begin(stage, student)


def sheet_of(stage: Stage, attempt: Attempt) -> attempt_sheets.Sheet:
    return attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt)


def single_of(stage: Stage, attempt: Attempt, *, confident: bool = False) -> SingleItem:
    return next(
        item
        for item in sheet_of(stage, attempt).items
        if isinstance(item, SingleItem) and item.confidence is confident
    )


def option(item: SingleItem, *, right: bool) -> str:
    return next(each.id for each in item.options if each.correct is right)


def check(
    stage: Stage,
    attempt: Attempt,
    item_id: str,
    fields: Mapping[str, Sequence[str]],
    **changes: object,
) -> None:
    values = {"base_version": attempt.saved_version, "at": SOON, **changes}
    answering.check_answer(
        stage.session, stage.catalogue, attempt=attempt, item_id=item_id, fields=fields, **values
    )


def save(stage: Stage, attempt: Attempt, fields: Mapping[str, Sequence[str]]) -> int:
    return answering.save_responses(
        stage.session,
        stage.catalogue,
        attempt=attempt,
        fields=fields,
        base_version=attempt.saved_version,
        at=SOON,
    )


def row_of(stage: Stage, attempt: Attempt, item_id: str) -> ResponseRow:
    return stage.session.scalars(
        select(ResponseRow).filter_by(attempt_id=attempt.id, item_id=item_id)
    ).one()


def test_checking_saves_the_form_and_fixes_one_answer(stage: Stage, attempt: Attempt) -> None:
    """Everything sent is kept, one answer is checked, and it is on record without the answer."""
    items = [i for i in sheet_of(stage, attempt).items if isinstance(i, SingleItem)]
    fields = {response_field(i.id): [option(i, right=True)] for i in items[:2]}
    check(stage, attempt, items[0].id, fields)
    sheet = sheet_of(stage, attempt)
    event = stage.session.scalars(
        select(AuditEvent).filter_by(action="attempt.answer_checked")
    ).one()

    assert sheet.checked == {items[0].id}
    assert {items[0].id, items[1].id} <= set(sheet.responses)
    assert row_of(stage, attempt, items[0].id).checked_at == SOON
    assert attempt.saved_version == 1
    assert event.details == {"number": 1, "item": items[0].id}


def test_only_what_was_checked_is_judged(stage: Stage, attempt: Attempt) -> None:
    """An open attempt carries the outcome of its checked items, and of no other."""
    items = [i for i in sheet_of(stage, attempt).items if isinstance(i, SingleItem)]
    before = student_home.open_work(stage.session, stage.catalogue, attempt=attempt, at=SOON)
    fields = {response_field(i.id): [option(i, right=False)] for i in items}
    check(stage, attempt, items[0].id, fields)
    after = student_home.open_work(stage.session, stage.catalogue, attempt=attempt, at=SOON)

    assert before.outcomes == {}
    assert set(after.outcomes) == {items[0].id}
    assert not after.outcomes[items[0].id].correct


def test_a_checked_answer_stays_whatever_is_sent(stage: Stage, attempt: Attempt) -> None:
    """A save or a submission that brings something else for it changes it in nothing."""
    item = single_of(stage, attempt, confident=True)
    other = single_of(stage, attempt)
    name, sure = response_field(item.id), confidence_field(item.id)
    wrong, right = option(item, right=False), option(item, right=True)
    check(stage, attempt, item.id, {name: [wrong], sure: ["3"]})
    later = {name: [right], sure: ["1"], response_field(other.id): [option(other, right=True)]}
    save(stage, attempt, later)
    sheet = sheet_of(stage, attempt)
    number = [each.id for each in sheet.items].index(item.id) + 1

    assert sheet.responses[item.id].chosen == (wrong,)
    assert sheet.confidences[item.id] == 3
    assert other.id in sheet.responses
    assert attempt_sheets.overruled(sheet, later) == (number,)
    assert attempt_sheets.overruled(sheet, {name: [wrong], sure: ["3"]}) == ()
    assert attempt_sheets.overruled(sheet, {name: [wrong], sure: ["2"]}) == (number,)
    assert attempt_sheets.overruled(sheet, {name: ["nothing"]}) == (number,)
    assert attempt_sheets.overruled(sheet, {}) == ()

    save(stage, attempt, {name: ["no such choice"], sure: ["9"]})
    grade = answering.submit_attempt(
        stage.session,
        stage.catalogue,
        attempt=attempt,
        fields={name: [right]},
        base_version=attempt.saved_version,
        at=SOON,
    )

    assert row_of(stage, attempt, item.id).is_correct is False
    assert row_of(stage, attempt, other.id).is_correct is True
    assert grade.attempt_id == attempt.id


def test_how_sure_somebody_was_is_fixed_even_where_nothing_was_said(
    stage: Stage, attempt: Attempt
) -> None:
    """Nobody says that they were sure after they have seen that they were right."""
    item = single_of(stage, attempt, confident=True)
    check(stage, attempt, item.id, {response_field(item.id): [option(item, right=True)]})
    save(stage, attempt, {confidence_field(item.id): ["3"]})

    assert row_of(stage, attempt, item.id).confidence is None


def test_an_answer_that_is_not_there_cannot_be_checked(stage: Stage, attempt: Attempt) -> None:
    """It is refused at its field, and nothing of the form is half saved."""
    item, other = single_of(stage, attempt, confident=True), single_of(stage, attempt)
    fields = {response_field(other.id): [option(other, right=True)]}
    with pytest.raises(InvalidInput) as refusal:
        check(stage, attempt, item.id, fields)

    assert refusal.value.fields == {response_field(item.id): answering.ANSWER_FIRST}
    assert refusal.value.code == "response.invalid"
    assert sheet_of(stage, attempt).responses == {}


def test_a_saved_answer_is_checked_without_being_sent_again(stage: Stage, attempt: Attempt) -> None:
    """What is saved counts as answered; what is taken back in the same form does not."""
    item = single_of(stage, attempt)
    name = response_field(item.id)
    save(stage, attempt, {name: [option(item, right=True)]})
    with pytest.raises(InvalidInput):
        check(stage, attempt, item.id, {name: [""]})
    check(stage, attempt, item.id, {})

    assert sheet_of(stage, attempt).checked == {item.id}


def test_half_of_an_answer_cannot_be_checked(stage: Stage, student: Membership) -> None:
    """Every line has to have its answer, and a dialogue has to have come to its end."""
    attempt = begin(stage, student, module_id="ethics-telehealth")
    items = sheet_of(stage, attempt).items
    matching = next(item for item in items if isinstance(item, MatchingItem))
    branch = next(item for item in items if isinstance(item, BranchItem))
    rows = {f"{response_field(matching.id)}.{r.id}": [f"{r.id}:{r.target}"] for r in matching.rows}
    steps = [step.partition(":")[0] for step in key_response(branch).path]
    way = {
        f"{response_field(branch.id)}.{node}": [step]
        for node, step in zip(steps, key_response(branch).path, strict=True)
    }
    for item, whole in ((matching, rows), (branch, way)):
        with pytest.raises(InvalidInput):
            check(stage, attempt, item.id, dict(list(whole.items())[:1]))
        check(stage, attempt, item.id, whole)

    assert sheet_of(stage, attempt).checked == {matching.id, branch.id}


def test_an_older_tab_checks_nothing(stage: Stage, attempt: Attempt) -> None:
    """The version decides, as it does for a save."""
    item = single_of(stage, attempt)
    name = response_field(item.id)
    check(stage, attempt, item.id, {name: [option(item, right=False)]})
    with pytest.raises(Stale):
        check(stage, attempt, item.id, {name: [option(item, right=True)]}, base_version=0)

    assert sheet_of(stage, attempt).responses[item.id].chosen == (option(item, right=False),)


def test_a_checked_answer_is_not_checked_anew(stage: Stage, attempt: Attempt) -> None:
    """The moment of the first check stays, and the rest of the form is saved."""
    item, other = single_of(stage, attempt), single_of(stage, attempt, confident=True)
    check(stage, attempt, item.id, {response_field(item.id): [option(item, right=False)]})
    check(
        stage,
        attempt,
        item.id,
        {response_field(other.id): [option(other, right=True)]},
        at=SOON + timedelta(minutes=1),
    )
    events = stage.session.scalars(select(AuditEvent).filter_by(action="attempt.answer_checked"))

    assert row_of(stage, attempt, item.id).checked_at == SOON
    assert other.id in sheet_of(stage, attempt).responses
    assert len(events.all()) == 1


def test_when_nothing_can_be_checked(stage: Stage, student: Membership) -> None:
    """Another timing, an item of another quiz, time that is up, an attempt that is handed in."""
    attempt = begin(stage, student, time_limit_minutes=30)
    item = single_of(stage, attempt)
    fields = {response_field(item.id): [option(item, right=True)]}
    with pytest.raises(NotFound):
        check(stage, attempt, "no-such-item", fields)
    with pytest.raises(AttemptClosed, match=r"attempt\.time_up"):
        check(stage, attempt, item.id, fields, at=NOON + timedelta(minutes=31))
    attempt.activity.settings = attempt.activity.settings | {"feedback": "after submit"}
    with pytest.raises(Conflict, match=r"attempt\.check_not_offered"):
        check(stage, attempt, item.id, fields)
    answering.submit_attempt(
        stage.session, stage.catalogue, attempt=attempt, fields={}, base_version=0, at=SOON
    )
    with pytest.raises(AlreadySubmitted):
        check(stage, attempt, item.id, fields)
