"""Comparing a whole column of the gradebook with what it was told: when, by whom, what was found.

One activity is one comparison: all results are read (AGS 2.0 section 3.3), what the gradebook lost
is sent again, what a person or a rule of the LMS set there stands and is listed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.circuits import is_failure
from lti_alliance.domain.delivery import Reason, backoff
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
    ResourceLink,
    ScoreDelivery,
    User,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import circuits, line_items, score_resending
from lti_alliance.services.check_findings import Finding, Told, judge, write
from lti_alliance.services.check_turns import DAILY, SOON, finish, pause_of
from lti_alliance.services.ports import Gradebook
from lti_alliance.services.score_claimed import line_item_ref
from lti_alliance.services.score_claims import is_wanted
from lti_alliance.services.score_delivery import wake

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
        finish(session, activity_id, token, began_at=at, next_at=at + DAILY, reason=reason)
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
    finish(
        session,
        step.activity_id,
        step.token,
        began_at=step.began_at,
        next_at=at + pause_of(session, step.activity_id, at=at),
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
    finish(session, step.activity_id, step.token, began_at=step.began_at, next_at=at + SOON)


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
    finish(
        session,
        step.activity_id,
        step.token,
        began_at=step.began_at,
        next_at=at + wait,
        reason=reason,
        tries=tries + 1,
    )


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
