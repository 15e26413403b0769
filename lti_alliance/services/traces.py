"""Traces of a person outside the rows that are theirs: in lists, findings, wordings, launches."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.wordings import normalise
from lti_alliance.models import (
    AcceptedWording,
    Activity,
    Attempt,
    GradebookCheck,
    LaunchSession,
    MarkerPlan,
    Membership,
    ResourceLink,
    Response,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services.persons import Subject

ERASED_SUB = "erased:"
"""How the pseudonyms begin that stand in the place of a `sub`."""


def is_named_in(session: Session, key: ColumnElement[UUID], person_id: UUID) -> bool:
    """Say whether a column refers to somebody."""
    return session.execute(select(key).where(key == person_id).limit(1)).first() is not None


def forget_wordings(session: Session, membership: Membership) -> None:
    """Delete the accepted wordings that this person alone has used.

    What an instructor accepted is the answer of a student, word for word. Where others gave the
    same one, it is nobody's and their points depend on it.
    """
    mine = _written(session, Attempt.membership_id == membership.id)
    for row in session.scalars(
        select(AcceptedWording).where(
            AcceptedWording.activity_id.in_({activity_id for activity_id, _, _ in mine})
        )
    ).all():
        wording = (row.activity_id, row.item_id, row.wording)
        if wording not in mine:
            continue
        others = _written(
            session,
            Attempt.membership_id != membership.id,
            Attempt.activity_id == row.activity_id,
            Response.item_id == row.item_id,
        )
        if wording not in others:
            rows_changed(session, delete(AcceptedWording).where(AcceptedWording.id == row.id))


def leave_plans(session: Session, membership: Membership) -> None:
    """Take a marker out of the plans by which reflections are shared out."""
    named = str(membership.id)
    for plan in session.scalars(select(MarkerPlan).where(_in_course(MarkerPlan, membership))):
        if named in plan.marker_ids:
            plan.marker_ids = [each for each in plan.marker_ids if each != named]
    session.flush()


def leave_findings(session: Session, membership: Membership) -> None:
    """Take a person out of what comparisons with the gradebook have found."""
    named = str(membership.id)
    checks = session.scalars(select(GradebookCheck).where(_in_course(GradebookCheck, membership)))
    for check in checks:
        listed: Sequence[Sequence[str]] = check.findings.get("only_there", ())
        if any(found[0] == named for found in listed):
            kept = [found for found in listed if found[0] != named]
            check.findings = {**check.findings, "only_there": kept}
    session.flush()


def leave_sessions_of_others(session: Session, subject: Subject) -> None:
    """Take a person out of the launches of others that were about them."""
    scope = LaunchSession.registration_id == subject.registration.id
    if subject.context is not None:
        scope &= LaunchSession.context_id == subject.context.id
    sub = subject.user.sub
    rows_changed(
        session,
        update(LaunchSession)
        .where(scope, LaunchSession.for_user == sub)
        .values(for_user=ERASED_SUB),
    )
    for launch in session.scalars(
        select(LaunchSession).where(scope, LaunchSession.mentored.is_not(None))
    ):
        if launch.mentored and sub in launch.mentored:
            launch.mentored = [each for each in launch.mentored if each != sub]
    session.flush()


def _written(session: Session, *which: ColumnElement[bool]) -> set[tuple[UUID, str, str]]:
    rows = session.execute(
        select(Attempt.activity_id, Response.item_id, Response.value)
        .join(Response, Response.attempt_id == Attempt.id)
        .where(*which)
    )
    return {
        (activity_id, item_id, normalise(str(value["text"])))
        for activity_id, item_id, value in rows
        if value is not None and "text" in value
    }


def _in_course(
    table: type[MarkerPlan | GradebookCheck], membership: Membership
) -> ColumnElement[bool]:
    return exists().where(
        Activity.id == table.activity_id,
        Activity.resource_link_id == ResourceLink.id,
        ResourceLink.context_id == membership.context_id,
    )
