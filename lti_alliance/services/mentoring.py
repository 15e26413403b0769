"""What an observer may know of the learners they accompany: states and released scores only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.models import Activity, Context, Membership, ResourceLink, User
from lti_alliance.services import modules, student_home
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.student_home import PartProgress, StudentHome


class Progress(StrEnum):
    """How far a learner is with a whole activity."""

    NOT_BEGUN = "not_begun"
    BEGUN = "begun"
    WAITING = "waiting"
    DONE = "done"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityState:
    """One activity for one learner."""

    title: str
    progress: Progress
    score: Decimal | None
    maximum: Decimal
    closes_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MentoredLearner:
    """One learner whom an observer accompanies."""

    membership: Membership
    activities: tuple[ActivityState, ...]


def list_learners(
    session: Session,
    catalogue: Catalogue,
    *,
    context: Context,
    link: ResourceLink | None,
    subs: Sequence[str],
    at: datetime,
) -> tuple[MentoredLearner, ...]:
    """Report on the learners with these ids in one link, or in the whole course without one."""
    people = session.scalars(
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(Membership.context_id == context.id, User.sub.in_(subs))
        .order_by(Membership.number)
        .options(joinedload(Membership.user).joinedload(User.profile))
    ).all()
    wanted = (
        select(Activity)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .where(ResourceLink.context_id == context.id)
        .order_by(Activity.created_at, Activity.id)
        .options(joinedload(Activity.resource_link))
    )
    if link is not None:
        wanted = wanted.where(ResourceLink.id == link.id)
    activities = session.scalars(wanted).all()
    return tuple(
        MentoredLearner(
            membership=person,
            activities=tuple(
                _state(session, catalogue, activity, person, at=at) for activity in activities
            ),
        )
        for person in people
    )


def _state(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    person: Membership,
    *,
    at: datetime,
) -> ActivityState:
    home = student_home.student_home(
        session, catalogue, activity=activity, membership=person, at=at
    )
    settings = activity_settings(activity)
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    grade = home.standing.grade
    return ActivityState(
        title=activity.resource_link.title or module.title,
        progress=_progress(home),
        score=grade.score if grade else None,
        maximum=settings.maximum,
        closes_at=settings.closes_at,
    )


def _progress(home: StudentHome) -> Progress:
    parts = [card.progress for card in home.reflections]
    if home.quiz is not None:
        parts.append(home.quiz.progress)
    if PartProgress.MISSED in parts:
        return Progress.MISSED
    if all(part is PartProgress.DONE for part in parts):
        return Progress.DONE
    if all(part in (PartProgress.DONE, PartProgress.WAITING) for part in parts):
        return Progress.WAITING
    if all(part is PartProgress.NEW for part in parts):
        return Progress.NOT_BEGUN
    return Progress.BEGUN
