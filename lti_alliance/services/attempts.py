"""Attempts: started, saved while typing, handed in once."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain import attempts as rules
from lti_alliance.domain.attempts import AttemptState, Form, form_from_json, form_to_json
from lti_alliance.domain.items import (
    Item,
    Response,
    confidence_field,
    field_names,
    parse_response,
    read_confidence,
    response_from_json,
    response_to_json,
)
from lti_alliance.domain.modules import Module
from lti_alliance.errors import AlreadySubmitted, AttemptClosed, InvalidInput, NotFound, Stale
from lti_alliance.models import Activity, Attempt, Grade, Membership
from lti_alliance.models import Response as ResponseRow
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, grading, item_keys, modules, sections, terms

Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One attempt as its student sees it: the items in their order and the saved responses."""

    attempt: Attempt
    module: Module
    form: Form
    items: tuple[Item, ...]
    responses: Mapping[str, Response]
    confidences: Mapping[str, int] = field(default_factory=dict)
    """How sure the student is of an item, from 1 to 3."""

    @property
    def unanswered(self) -> tuple[int, ...]:
        """Numbers, from 1, of the items without a response."""
        return tuple(n for n, i in enumerate(self.items, 1) if i.id not in self.responses)


def start_attempt(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    membership: Membership,
    rng: random.Random,
    at: datetime,
) -> Attempt:
    """Start an attempt, or return the one that is open: a double click starts one only.

    Raises ``AttemptClosed`` with the reason when no further attempt may be started.
    """
    so_far = list_attempts(session, activity, membership)
    for attempt in so_far:
        if attempt.state == AttemptState.IN_PROGRESS:
            # One whose time is up is about to be handed in; the next can be started then.
            if rules.is_time_up(attempt.deadline_at, at=at):
                raise AttemptClosed("attempt.time_up")
            return attempt
    settings = terms.settings_for(session, activity, membership)
    rules.check_may_start(settings, [AttemptState(a.state) for a in so_far], at=at)
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    form = rules.draw_form(module, shuffle=settings.shuffle, rng=rng)
    attempt = Attempt(
        activity_id=activity.id,
        membership_id=membership.id,
        number=max((a.number for a in so_far), default=0) + 1,
        state=AttemptState.IN_PROGRESS,
        form=form_to_json(form),
        content_hash=module.content_hash,
        started_at=at,
        deadline_at=settings.deadline_from(at),
    )
    try:
        with session.begin_nested():
            session.add(attempt)
    except IntegrityError:
        # Another click got there first; the unique index on open attempts let only one through.
        return _open_attempt(session, activity, membership)
    audit.record(
        session,
        "attempt.started",
        at=at,
        actor=membership,
        object_kind="attempt",
        object_id=attempt.id,
        details={"number": attempt.number},
    )
    return attempt


def list_attempts(session: Session, activity: Activity, membership: Membership) -> list[Attempt]:
    """List a person's attempts at an activity in order."""
    return list(
        session.scalars(
            select(Attempt)
            .where(Attempt.activity_id == activity.id, Attempt.membership_id == membership.id)
            .order_by(Attempt.number)
        )
    )


def get_attempt(session: Session, attempt_id: UUID, *, viewer: Membership) -> Attempt:
    """Return an attempt that the viewer may see: their own, or one in a course they teach."""
    attempt = session.get(Attempt, attempt_id)
    if attempt is None:
        raise NotFound
    same_course = attempt.activity.resource_link.context_id == viewer.context_id
    if attempt.membership_id == viewer.id and same_course:
        return attempt
    if same_course and viewer.course_role.teaches:
        sections.check_may_see(session, viewer, attempt.membership)
        return attempt
    raise NotFound


def get_sheet(session: Session, catalogue: Catalogue, attempt: Attempt) -> Sheet:
    """Return the attempt as it was given, in the content version it was started with."""
    module = item_keys.module_for(
        session, catalogue, attempt.activity, content_hash=attempt.content_hash
    )
    form = form_from_json(attempt.form)
    rows = session.scalars(select(ResponseRow).where(ResponseRow.attempt_id == attempt.id)).all()
    return Sheet(
        attempt=attempt,
        module=module,
        form=form,
        items=tuple(module.quiz.get_item(item.item_id) for item in form.items),
        responses={r.item_id: response_from_json(r.value) for r in rows if r.value is not None},
        confidences={r.item_id: r.confidence for r in rows if r.confidence is not None},
    )


def read_fields(sheet: Sheet, fields: Fields) -> dict[str, Response | None]:
    """Read the submitted fields of an attempt; an item that was not sent is left as it was.

    Raises ``InvalidInput`` for fields that belong to no item of the form (a score sent along is
    one of those) and for responses that cannot be read.
    """
    known = {name: item for item in sheet.items for name in field_names(item)}
    if unknown := sorted(set(fields) - set(known) - set(_confidence_fields(sheet))):
        raise InvalidInput(
            dict.fromkeys(unknown, "This field does not belong to the quiz."),
            code="submit.field_not_allowed",
        )
    responses: dict[str, Response | None] = {}
    faults: dict[str, str] = {}
    for item in sheet.items:
        sent = [fields[name] for name in field_names(item) if name in fields]
        if not sent:
            continue
        try:
            responses[item.id] = parse_response(item, [value for part in sent for value in part])
        except InvalidInput as invalid:
            faults.update(invalid.fields)
    if faults:
        raise InvalidInput(faults, code="response.invalid")
    return responses


def read_confidences(sheet: Sheet, fields: Fields) -> dict[str, int | None]:
    """Read how sure the student is of each item that was sent with it."""
    return {
        item.id: read_confidence(item, fields[name])
        for name, item in _confidence_fields(sheet).items()
        if name in fields
    }


def _confidence_fields(sheet: Sheet) -> dict[str, Item]:
    return {confidence_field(item.id): item for item in sheet.items if item.confidence}


def save_responses(
    session: Session,
    catalogue: Catalogue,
    *,
    attempt: Attempt,
    fields: Fields,
    base_version: int,
    at: datetime,
) -> int:
    """Save answers while they are being written and return the new version.

    ``base_version`` is the version the page started from: ``Stale`` says that another tab or
    device saved since, and nothing is overwritten.
    """
    _check_may_save(session, attempt, at=at)
    sheet = get_sheet(session, catalogue, attempt)
    responses, confidences = read_fields(sheet, fields), read_confidences(sheet, fields)
    if not _move(session, attempt, base_version, saved_at=at):
        _raise_why(session, attempt)
    _write(session, attempt, responses, confidences)
    session.refresh(attempt)
    return attempt.saved_version


def submit_attempt(
    session: Session,
    catalogue: Catalogue,
    *,
    attempt: Attempt,
    fields: Fields,
    base_version: int,
    at: datetime,
) -> Grade:
    """Hand the attempt in, judge it and let the grade follow, all in one transaction.

    One conditional UPDATE decides: of two clicks, tabs or devices exactly one hands in, and the
    others get ``AlreadySubmitted`` or ``Stale``.
    """
    _check_may_save(session, attempt, at=at)
    sheet = get_sheet(session, catalogue, attempt)
    responses, confidences = read_fields(sheet, fields), read_confidences(sheet, fields)
    if not _move(
        session,
        attempt,
        base_version,
        saved_at=at,
        state=AttemptState.GRADED,
        submitted_at=at,
    ):
        _raise_why(session, attempt)
    _write(session, attempt, responses, confidences)
    session.refresh(attempt)
    audit.record(
        session,
        "attempt.submitted",
        at=at,
        actor=attempt.membership,
        object_kind="attempt",
        object_id=attempt.id,
        details={"number": attempt.number},
    )
    grading.judge_attempt(session, attempt, sheet.module)
    return grading.refresh_grade(session, attempt.activity, attempt.membership, at=at)


def is_open(session: Session, attempt: Attempt, *, at: datetime) -> bool:
    """Say whether the attempt's student may go on with it."""
    if attempt.state != AttemptState.IN_PROGRESS:
        return False
    if attempt.deadline_at is not None and at >= attempt.deadline_at:
        return False
    return not terms.settings_for_attempt(session, attempt).is_closed(at)


def _check_may_save(session: Session, attempt: Attempt, *, at: datetime) -> None:
    rules.check_may_save(
        AttemptState(attempt.state),
        terms.settings_for_attempt(session, attempt),
        deadline_at=attempt.deadline_at,
        at=at,
    )


def _open_attempt(session: Session, activity: Activity, membership: Membership) -> Attempt:
    return session.scalars(
        select(Attempt).where(
            Attempt.activity_id == activity.id,
            Attempt.membership_id == membership.id,
            Attempt.state == AttemptState.IN_PROGRESS,
        )
    ).one()


def _move(session: Session, attempt: Attempt, base_version: int, **values: object) -> bool:
    """Change the attempt if it is still open and unsaved since ``base_version``."""
    statement = (
        update(Attempt)
        .where(
            Attempt.id == attempt.id,
            Attempt.state == AttemptState.IN_PROGRESS,
            Attempt.saved_version == base_version,
        )
        .values(saved_version=Attempt.saved_version + 1, **values)
    )
    return rows_changed(session, statement) == 1


def _raise_why(session: Session, attempt: Attempt) -> None:
    session.refresh(attempt)
    if AttemptState(attempt.state).is_handed_in:
        raise AlreadySubmitted("attempt.already_submitted")
    raise Stale(attempt.saved_version)


def _write(
    session: Session,
    attempt: Attempt,
    responses: Mapping[str, Response | None],
    confidences: Mapping[str, int | None],
) -> None:
    rows = {
        row.item_id: row
        for row in session.scalars(select(ResponseRow).where(ResponseRow.attempt_id == attempt.id))
    }
    for item_id, response in responses.items():
        value = response_to_json(response) if response is not None else None
        if item_id in rows:
            rows[item_id].value = value
        elif value is not None:
            rows[item_id] = ResponseRow(attempt_id=attempt.id, item_id=item_id, value=value)
            session.add(rows[item_id])
    for item_id, sure in confidences.items():
        if item_id in rows:
            rows[item_id].confidence = sure
        elif sure is not None:
            session.add(ResponseRow(attempt_id=attempt.id, item_id=item_id, confidence=sure))
    session.flush()
