"""Profiles by aspect, of one student and of a course, from first attempts."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.attempts import AttemptState, FeedbackStage, feedback_stage
from lti_alliance.domain.items import Aspect
from lti_alliance.domain.modules import Module
from lti_alliance.domain.profiles import AspectShare, TaggedSheets, profile
from lti_alliance.errors import NotFound
from lti_alliance.models import Activity, Attempt, Context, Membership
from lti_alliance.services import first_attempts, student_sheets, terms


def own_profile(
    session: Session, catalogue: Catalogue, membership: Membership, *, at: datetime
) -> tuple[AspectShare, ...]:
    """Return a student's profile as far as they may see how their answers were judged."""
    activities = _activities_of(session, membership)
    settings = terms.settings_by_activity(session, membership, list(activities.values()))
    states: dict[UUID, list[AttemptState]] = {}
    for activity_id, state in session.execute(
        select(Attempt.activity_id, Attempt.state).where(Attempt.membership_id == membership.id)
    ):
        states.setdefault(activity_id, []).append(AttemptState(state))
    shown = [
        activity
        for key, activity in activities.items()
        if feedback_stage(settings[key], states[key], at=at) is not FeedbackStage.NONE
    ]
    return _profile(session, catalogue, shown, viewer=membership, only=membership)


def student_profile(
    session: Session, catalogue: Catalogue, membership: Membership, *, viewer: Membership
) -> tuple[AspectShare, ...]:
    """Return the profile of one student for somebody who may see their work."""
    activities = _activities_of(session, membership).values()
    return _profile(session, catalogue, activities, viewer=viewer, only=membership)


def course_profile(
    session: Session, catalogue: Catalogue, context: Context, *, viewer: Membership
) -> tuple[AspectShare, ...]:
    """Return the profile of all students of a course whom somebody may see."""
    activities = student_sheets.list_activities(session, context.id)
    return _profile(session, catalogue, activities, viewer=viewer)


def aspects_of(catalogue: Catalogue, module: Module) -> dict[str, Aspect]:
    """Return the aspects of a module's items.

    An older version that says nothing of an item is completed by the newest, where the item is
    the same in both: saying what it is about does not change it.
    """
    try:
        newest = catalogue.get(module.id)
    except NotFound:
        newest = module
    twins = {item.id: item for item in newest.quiz.items}
    found = {}
    for item in module.quiz.items:
        aspect, twin = item.aspect, twins.get(item.id)
        if aspect is None and twin is not None and twin.aspect is not None:
            is_same = newest.item_hash(twin) == module.item_hash(item)
            aspect = twin.aspect if is_same else None
        if aspect is not None:
            found[item.id] = aspect
    return found


def _activities_of(session: Session, membership: Membership) -> dict[UUID, Activity]:
    """Return the activities of the course at which somebody has an attempt."""
    begun = select(Attempt.activity_id).where(Attempt.membership_id == membership.id)
    found = session.scalars(select(Activity).where(Activity.id.in_(begun)).order_by(Activity.id))
    return {activity.id: activity for activity in found}


def _profile(
    session: Session,
    catalogue: Catalogue,
    activities: Iterable[Activity],
    *,
    viewer: Membership,
    only: Membership | None = None,
) -> tuple[AspectShare, ...]:
    tagged = []
    for activity in activities:
        read = first_attempts.read(session, catalogue, activity, viewer=viewer, only=only)
        tagged.append(
            TaggedSheets(aspects_of(catalogue, read.module), tuple(read.sheets().values()))
        )
    return profile(tagged)
