"""Activities: what a launch opens, and how an instructor sets one up."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings, settings_from_json, settings_to_json
from lti_alliance.errors import Conflict, NotFound, Stale
from lti_alliance.models import (
    Activity,
    Attempt,
    Context,
    LaunchSession,
    Membership,
    Reflection,
    ResourceLink,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, grading, modules, notices, terms
from lti_alliance.services.origins import Origin, find_origin

_Work = TypeVar("_Work", Attempt, Reflection)


class OpeningKind(StrEnum):
    """What a launch leads to."""

    ACTIVITY = "activity"
    ATTEMPT = "attempt"
    REFLECTION = "reflection"
    COURSE = "course"
    UNSET = "unset"
    """A link that nobody has set up yet."""
    NO_COURSE = "no_course"


@dataclass(frozen=True, slots=True)
class Opening:
    """What a launch leads to, with the thing itself.

    ``proposal`` is what a link elsewhere opens whose id the platform carried here, without telling
    that this course is a copy of that one: an instructor may take its settings over.
    """

    kind: OpeningKind
    activity: Activity | None = None
    attempt: Attempt | None = None
    proposal: Origin | None = None


def open_launch_target(session: Session, launch: LaunchSession, *, at: datetime) -> Opening:
    """Decide what this launch opens.

    Raises ``NotFound`` when the signed target names something that is not this course's.
    """
    if launch.context is None:
        return Opening(OpeningKind.NO_COURSE)
    if launch.targets_work:
        return _open_work(session, launch, launch.context)
    if launch.resource_link is None:
        return _open_from_course(session, launch, launch.context)
    activity = find_activity(session, launch.resource_link)
    if activity is not None:
        return Opening(OpeningKind.ACTIVITY, activity=activity)
    return _open_new_link(session, launch, launch.resource_link, at=at)


def find_activity(session: Session, link: ResourceLink) -> Activity | None:
    """Return the activity of a link, if it has been set up."""
    return session.scalar(select(Activity).where(Activity.resource_link_id == link.id))


def activity_settings(activity: Activity) -> ActivitySettings:
    """Return the settings of an activity as a value."""
    return settings_from_json(activity.settings)


def set_up_activity(
    session: Session,
    catalogue: Catalogue,
    *,
    link: ResourceLink,
    module_id: str,
    settings: ActivitySettings,
    actor: Membership,
    at: datetime,
    copied_from: Origin | None = None,
) -> Activity:
    """Make the activity of a link that has none; raise ``Conflict`` if somebody just did."""
    if find_activity(session, link) is not None:
        raise Conflict("activity.already_set_up")
    module = modules.get_offered(session, catalogue, link.context_id, module_id)
    modules.keep_version(session, module, at=at)
    activity = Activity(
        resource_link_id=link.id,
        module_id=module.id,
        content_hash=module.content_hash,
        settings=settings_to_json(settings),
        copied_from_id=_activity_id(copied_from),
        content_item_id=copied_from.content_item_id if copied_from else None,
        created_at=at,
        updated_at=at,
    )
    session.add(activity)
    session.flush()
    audit.record(
        session,
        "activity.set_up",
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={"module": module.id, "content_hash": module.content_hash},
    )
    return activity


def change_settings(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    settings: ActivitySettings,
    module_id: str,
    base_version: int,
    actor: Membership,
    at: datetime,
) -> None:
    """Change the settings, and the module while nobody has worked; every grade follows.

    ``base_version`` is the version that the form showed; ``Stale`` says that it was changed since.
    """
    if module_id != activity.module_id and has_work(session, activity):
        raise Conflict("activity.has_work")
    content_hash = activity.content_hash
    if module_id != activity.module_id:
        context_id = activity.resource_link.context_id
        module = modules.get_offered(session, catalogue, context_id, module_id)
        modules.keep_version(session, module, at=at)
        content_hash = module.content_hash
    before = activity.settings
    changed = rows_changed(
        session,
        update(Activity)
        .where(Activity.id == activity.id, Activity.version == base_version)
        .values(
            settings=settings_to_json(settings),
            module_id=module_id,
            content_hash=content_hash,
            version=Activity.version + 1,
            updated_at=at,
            # A close that moves is settled anew when it comes.
            closed_at=None,
            settle_at=at,
        ),
    )
    session.refresh(activity)
    if changed == 0:
        raise Stale(activity.version)
    audit.record(
        session,
        "activity.settings_changed",
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={
            "changed": sorted(k for k in activity.settings if activity.settings[k] != before.get(k))
        },
    )
    terms.settle_told_dates_anew(session, activity)
    grading.refresh_all(session, activity, at=at)


def has_work(session: Session, activity: Activity) -> bool:
    """Say whether anybody has begun an attempt or a reflection here."""
    attempts = select(func.count()).select_from(Attempt).where(Attempt.activity_id == activity.id)
    texts = (
        select(func.count()).select_from(Reflection).where(Reflection.activity_id == activity.id)
    )
    return bool(session.scalar(attempts)) or bool(session.scalar(texts))


def has_begun(session: Session, activity: Activity, membership: Membership) -> bool:
    """Say whether a person has begun an attempt or a reflection in an activity."""
    mine = {"activity_id": activity.id, "membership_id": membership.id}
    attempts = select(Attempt.id).filter_by(**mine).limit(1)
    texts = select(Reflection.id).filter_by(**mine).limit(1)
    return session.scalar(attempts) is not None or session.scalar(texts) is not None


def find_attempt_in(session: Session, context: Context, attempt_id: str) -> Attempt | None:
    """Return the attempt with this id if it was made in this course."""
    return _find_work_in(session, Attempt, context, attempt_id)


def find_reflection_in(session: Session, context: Context, reflection_id: str) -> Reflection | None:
    """Return the reflection with this id if it was written in this course."""
    return _find_work_in(session, Reflection, context, reflection_id)


def _find_work_in(
    session: Session, kind: type[_Work], context: Context, work_id: str
) -> _Work | None:
    try:
        key = UUID(work_id)
    except ValueError:
        return None
    return session.scalar(
        select(kind)
        .join(Activity)
        .join(ResourceLink)
        .where(kind.id == key, ResourceLink.context_id == context.id)
    )


def _open_work(session: Session, launch: LaunchSession, context: Context) -> Opening:
    if launch.target_attempt:
        attempt = find_attempt_in(session, context, launch.target_attempt)
        if attempt is not None:
            return Opening(OpeningKind.ATTEMPT, activity=attempt.activity, attempt=attempt)
    else:
        reflection = find_reflection_in(session, context, launch.target_reflection)
        if reflection is not None:
            return Opening(OpeningKind.REFLECTION, activity=reflection.activity)
    raise NotFound


def _activity_id(origin: Origin | None) -> UUID | None:
    return origin.activity.id if origin and origin.activity else None


def _open_from_course(session: Session, launch: LaunchSession, context: Context) -> Opening:
    named = launch.target_activity or launch.custom_activity
    if not named:
        return Opening(OpeningKind.COURSE)
    origin = find_origin(session, named, context)
    if origin is None or origin.activity is None or origin.context.id != context.id:
        raise NotFound
    return Opening(OpeningKind.ACTIVITY, activity=origin.activity)


def _is_copy(session: Session, launch: LaunchSession, here: Context, there: Context) -> bool:
    """Say whether this course is proved to be a copy: by the launch, else by a verified notice."""
    if launch.context_history:
        return there.lti_id in launch.context_history.split(",")
    return notices.is_told_copy(session, here, there)


def _open_new_link(
    session: Session, launch: LaunchSession, link: ResourceLink, *, at: datetime
) -> Opening:
    named = launch.target_activity or launch.custom_activity
    origin = find_origin(session, named, link.context) if named else None
    if origin is None:
        # An id in `custom` may be anything the LMS carried along; one in the signed address is
        # a claim to a thing of ours, and a wrong claim is refused.
        if launch.target_activity:
            raise NotFound
        return Opening(OpeningKind.UNSET)
    is_here = origin.context.id == link.context_id
    if not is_here and not _is_copy(session, launch, link.context, origin.context):
        return Opening(OpeningKind.UNSET, proposal=origin)
    settings = settings_from_json(origin.settings)
    if not is_here:
        # A date of last term would close the activity before anybody has opened it.
        settings = replace(settings, closes_at=None)
    made = Activity(
        resource_link_id=link.id,
        module_id=origin.module_id,
        content_hash=origin.content_hash,
        settings=settings_to_json(settings),
        copied_from_id=origin.activity.id if origin.activity else None,
        content_item_id=origin.content_item_id,
        created_at=at,
        updated_at=at,
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        "activity.copied" if origin.activity else "activity.set_up",
        at=at,
        actor=launch.membership,
        object_kind="activity",
        object_id=made.id,
        details={"from": str(origin.activity.id if origin.activity else origin.content_item_id)},
    )
    return Opening(OpeningKind.ACTIVITY, activity=made)
