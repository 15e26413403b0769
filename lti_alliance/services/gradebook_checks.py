"""Comparing a whole column of the gradebook with what it was told: when, by whom, what was found.

One activity is one comparison: all results are read (AGS 2.0 section 3.3), what the gradebook lost
is sent again, what a person or a rule of the LMS set there stands and is listed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.circuits import is_failure
from lti_alliance.domain.delivery import DeliveryState, Reason, backoff
from lti_alliance.domain.gradebook import Family, GradingProgress, LineItemRef, Result
from lti_alliance.errors import PlatformError
from lti_alliance.models import (
    Activity,
    Context,
    Deployment,
    GradebookCheck,
    LineItem,
    Membership,
    Registration,
    RegistrationState,
    ResourceLink,
    ScoreDelivery,
    User,
)
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services import circuits, line_items, score_resending
from lti_alliance.services.check_findings import Finding, Told, judge, write
from lti_alliance.services.ports import Gradebook
from lti_alliance.services.score_claims import is_free, is_wanted
from lti_alliance.services.score_delivery import wake
from lti_alliance.services.score_steps import line_item_ref

SOON = timedelta(minutes=5)
"""How long after a delivery its column is compared: several scores then share one reading."""
DAILY = timedelta(days=1)
WEEKLY = timedelta(days=7)
_IN_USE = timedelta(days=60)
"""A column in which nothing was wanted for so long is compared once a week."""
_OVER = timedelta(days=400)
"""And after this time no more, unless somebody asks."""
_NEVER = timedelta(days=36_500)
_MOST_LISTED = 500
_GONE = (404, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStep:
    """One comparison, with all that the call and its record need."""

    activity_id: UUID
    token: str
    line_item: LineItemRef
    began_at: datetime
    told: Mapping[str, Told]
    """What was told about each person, by the platform's user id, when the reading began."""
    members: Mapping[str, UUID]
    """Every person of the course whom the tool knows, by the platform's user id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHeard:
    """What came back from a reading."""

    results: Mapping[str, Result] | None = None
    error: PlatformError | None = None
    url: str = ""
    """Where the column is now, if the address that was known leads nowhere."""


def want_soon(
    session: Session,
    *,
    activity_id: UUID,
    registration_id: UUID,
    known: datetime | None,
    at: datetime,
) -> None:
    """Have the activity's column compared a few minutes after a delivery.

    ``known`` is when it is compared anyway, as far as the caller knows: most deliveries of a class
    then need no statement here.
    """
    soon = at + SOON
    if known is None or known > soon:
        _want(session, activity_id, registration_id, at=soon)


def ask(session: Session, activity: Activity, *, at: datetime) -> None:
    """Have the activity's column compared now, because a person wants to know."""
    registration = activity.resource_link.context.deployment.registration
    _want(session, activity.id, registration.id, at=at, asked_at=at)
    wake(session)


def find_check(session: Session, activity_id: UUID) -> GradebookCheck | None:
    """Return when the column was and will be compared, and what was found."""
    return session.scalar(
        select(GradebookCheck)
        .where(GradebookCheck.activity_id == activity_id)
        .execution_options(populate_existing=True)
    )


def list_activities(
    session: Session,
    *,
    context_id: UUID | None = None,
    activity_id: UUID | None = None,
    limit: int,
) -> Sequence[Activity]:
    """List the activities of which a gradebook has been told anything."""
    told = select(ScoreDelivery.activity_id).where(ScoreDelivery.told_version > 0)
    found = (
        select(Activity)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .where(Activity.id.in_(told))
        .order_by(Activity.created_at, Activity.id)
        .limit(limit)
    )
    if context_id is not None:
        found = found.where(ResourceLink.context_id == context_id)
    if activity_id is not None:
        found = found.where(Activity.id == activity_id)
    return session.scalars(found).all()


def is_any_due(session: Session, *, at: datetime) -> bool:
    """Whether a claim would find something, by reading alone."""
    return session.execute(_due(at).limit(1)).first() is not None


def claim_check(session: Session, *, at: datetime, lease: timedelta, token: str) -> UUID | None:
    """Claim the comparison that has waited longest, by compare-and-set, and return its activity."""
    for (activity_id,) in session.execute(_due(at).limit(5)):
        statement = (
            update(GradebookCheck)
            .where(GradebookCheck.activity_id == activity_id, _is_due(at))
            .values(lease_token=token, lease_until=at + lease)
        )
        if rows_changed(session, statement):
            return cast("UUID", activity_id)
    return None


def prepare_check(
    session: Session, activity_id: UUID, *, token: str, at: datetime
) -> CheckStep | None:
    """Prepare a claimed comparison; one that cannot be made is put away with its reason."""
    found = session.execute(
        select(ResourceLink, LineItem, Deployment.deployment_id, Registration)
        .join(Activity, Activity.resource_link_id == ResourceLink.id)
        .join(Context, Context.id == ResourceLink.context_id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .join(Registration, Registration.id == Deployment.registration_id)
        .outerjoin(LineItem, LineItem.resource_link_id == ResourceLink.id)
        .where(Activity.id == activity_id)
        .execution_options(populate_existing=True)
    ).one()
    link, line_item, deployment_id, registration = found
    ref = line_item_ref(registration, deployment_id, link, line_item)
    if not ref.url or not ref.is_readable:
        reason = Reason.SCOPE_MISSING if ref.url else Reason.NO_LINE_ITEM
        _finish(session, activity_id, token, began_at=at, next_at=at + DAILY, reason=reason)
        return None
    members = session.execute(
        select(User.sub, Membership.id)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.context_id == link.context_id)
    )
    return CheckStep(
        activity_id=activity_id,
        token=token,
        line_item=ref,
        began_at=at,
        told=_told(session, activity_id, ref.url),
        members={member.sub: member.id for member in members},
    )


def call_check(gradebook: Gradebook, step: CheckStep) -> CheckHeard:
    """Read the column to its end, with no transaction open; look for one that has moved."""
    try:
        return CheckHeard(results=gradebook.list_results(step.line_item))
    except PlatformError as error:
        if error.status not in _GONE or not step.line_item.is_findable:
            return CheckHeard(error=error)
        return CheckHeard(error=error, url=_find_again(gradebook, step.line_item))


def _find_again(gradebook: Gradebook, line_item: LineItemRef) -> str:
    try:
        return gradebook.find_line_item(line_item) or ""
    except PlatformError:
        # That the column is gone is what there is to tell.
        return ""


def record_check(
    session: Session, step: CheckStep, heard: CheckHeard, *, at: datetime, jitter: float
) -> bool:
    """Record what a comparison found; one that was overtaken changes nothing and is told no."""
    registration_id = step.line_item.registration_id
    circuits.note(session, registration_id, heard.error, at=at, jitter=jitter)
    check = session.scalar(
        select(GradebookCheck)
        .where(
            GradebookCheck.activity_id == step.activity_id, GradebookCheck.lease_token == step.token
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if check is None:
        return False
    if heard.url and heard.url != step.line_item.url:
        _move(session, step, heard.url, at=at)
        return True
    if heard.results is None:
        assert heard.error is not None
        _record_failure(session, step, heard.error, check.tries, at=at, jitter=jitter)
        return True
    _keep_maximum(session, step, heard.results)
    findings = judge(session, step.activity_id, step.told, heard.results, step.line_item.family)
    changed = write(session, findings, at=at)
    if changed:
        wake(session)
    _finish(
        session,
        step.activity_id,
        step.token,
        began_at=step.began_at,
        next_at=at + _pause(session, step.activity_id, at=at),
        checked_at=at,
        findings=_summary(step, heard.results, findings),
    )
    return True


def _keep_maximum(session: Session, step: CheckStep, results: Mapping[str, Result]) -> None:
    # Canvas repeats the maximum that it was told; only Moodle tells what the column is worth.
    if step.line_item.family != Family.MOODLE:
        return
    for result in results.values():
        if result.maximum is not None:
            line_items.keep_maximum(session, step.activity_id, result.maximum)
            return


def _move(session: Session, step: CheckStep, url: str, *, at: datetime) -> None:
    """Take the column's new address, tell it everything, and compare it soon."""
    link_of_activity = (
        select(Activity.resource_link_id).where(Activity.id == step.activity_id).scalar_subquery()
    )
    moved = rows_changed(
        session,
        update(LineItem)
        .where(
            LineItem.resource_link_id == link_of_activity,
            LineItem.url == step.line_item.url,
        )
        .values(url=url),
    )
    if moved:
        score_resending.resume_at(session, step.activity_id, url=url, at=at)
    _finish(session, step.activity_id, step.token, began_at=step.began_at, next_at=at + SOON)


def _want(
    session: Session,
    activity_id: UUID,
    registration_id: UUID,
    *,
    at: datetime,
    asked_at: datetime | None = None,
) -> None:
    values: dict[str, Any] = {"next_at": at}
    if asked_at is not None:
        values["asked_at"] = asked_at
    sooner = case((GradebookCheck.next_at > at, at), else_=GradebookCheck.next_at)
    session.execute(
        insert_for(session, GradebookCheck)
        .values(
            activity_id=activity_id,
            registration_id=registration_id,
            lease_token="",
            tries=0,
            reason="",
            findings={},
            **values,
        )
        .on_conflict_do_update(
            index_elements=["activity_id"], set_={**values, "next_at": sooner, "tries": 0}
        )
    )


def _is_due(at: datetime) -> ColumnElement[bool]:
    return and_(
        GradebookCheck.next_at <= at,
        or_(GradebookCheck.lease_until.is_(None), GradebookCheck.lease_until <= at),
    )


def _due(at: datetime) -> Any:
    return (
        select(GradebookCheck.activity_id)
        .join(Registration, Registration.id == GradebookCheck.registration_id)
        .join(Activity, Activity.id == GradebookCheck.activity_id)
        .outerjoin(LineItem, LineItem.resource_link_id == Activity.resource_link_id)
        .where(
            _is_due(at),
            Registration.state == RegistrationState.ACTIVE,
            func.coalesce(LineItem.held_host, "") == "",
            GradebookCheck.registration_id.not_in(circuits.open_ones(at)),
        )
        .order_by(GradebookCheck.next_at)
    )


def _told(session: Session, activity_id: UUID, url: str) -> dict[str, Told]:
    rows = session.execute(
        select(ScoreDelivery, User.sub)
        .join(Membership, Membership.id == ScoreDelivery.membership_id)
        .join(User, User.id == Membership.user_id)
        .where(
            ScoreDelivery.activity_id == activity_id,
            ScoreDelivery.told_url == url,
            ScoreDelivery.told_progress == GradingProgress.FULLY_GRADED,
            is_wanted(),
        )
        .execution_options(populate_existing=True)
    )
    return {sub: Told.of(row) for row, sub in rows}


def _record_failure(
    session: Session,
    step: CheckStep,
    error: PlatformError,
    tries: int,
    *,
    at: datetime,
    jitter: float,
) -> None:
    wait = backoff(tries + 2, jitter) if is_failure(error) else DAILY
    if error.retry_after_s and error.retry_after_s > 0:
        wait = max(wait, min(DAILY, timedelta(seconds=min(error.retry_after_s, 1e6))))
    reason = Reason(error.code) if error.code in set(Reason) else Reason.UNREACHABLE
    if error.status is not None and error.code == "refused":
        reason = Reason.ACCESS_REFUSED if error.status in (401, 403) else Reason.LINE_ITEM_GONE
    _finish(
        session,
        step.activity_id,
        step.token,
        began_at=step.began_at,
        next_at=at + wait,
        reason=reason,
        tries=tries + 1,
    )


def _finish(
    session: Session,
    activity_id: UUID,
    token: str,
    *,
    began_at: datetime,
    next_at: datetime,
    reason: str = "",
    tries: int = 0,
    **values: Any,
) -> None:
    # Somebody may have asked while the column was being read: that question is still open.
    is_open = GradebookCheck.asked_at > began_at
    rows_changed(
        session,
        update(GradebookCheck)
        .where(GradebookCheck.activity_id == activity_id, GradebookCheck.lease_token == token)
        .values(
            next_at=case(
                (is_open, GradebookCheck.asked_at),
                else_=literal(next_at, GradebookCheck.__table__.c.next_at.type),
            ),
            reason=reason,
            tries=tries,
            asked_at=case((is_open, GradebookCheck.asked_at), else_=None),
            lease_token="",
            lease_until=None,
            **values,
        ),
    )


def _pause(session: Session, activity_id: UUID, *, at: datetime) -> timedelta:
    """Return how long until the next comparison: soon while scores are moving, else by age."""
    moving = select(ScoreDelivery.id).where(
        ScoreDelivery.activity_id == activity_id,
        is_wanted(),
        or_(
            ScoreDelivery.state.in_(
                (DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR)
            ),
            ScoreDelivery.delivered_at > at - timedelta(minutes=1),
            ~is_free(at),
        ),
    )
    if session.execute(moving.limit(1)).first() is not None:
        return SOON
    last = session.scalar(
        select(func.max(ScoreDelivery.desired_since)).where(
            ScoreDelivery.activity_id == activity_id
        )
    )
    age = at - last if last else _OVER
    if age >= _OVER:
        return _NEVER
    return DAILY if age < _IN_USE else WEEKLY


def _summary(
    step: CheckStep, results: Mapping[str, Result], findings: Iterable[Finding]
) -> dict[str, Any]:
    counts = {"agree": 0, "differ": 0, "mended": 0}
    for finding in findings:
        counts[finding.outcome] += 1
    others = {
        sub: result
        for sub, result in results.items()
        if sub not in step.told and result.score is not None
    }
    only_there = [
        [str(step.members[sub]), str(result.score), str(result.maximum or "")]
        for sub, result in sorted(others.items())
        if sub in step.members
    ]
    unknown = sum(sub not in step.members for sub in others)
    return counts | {"only_there": only_there[:_MOST_LISTED], "unknown": unknown}
