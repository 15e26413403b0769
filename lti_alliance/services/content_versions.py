"""Newer content versions: what differs, and an activity that takes one when somebody says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.content_changes import Change, compare
from lti_alliance.domain.modules import Module
from lti_alliance.errors import Conflict, Stale
from lti_alliance.models import Activity, Membership
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, grading, modules
from lti_alliance.services.activities import activity_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Newer:
    """A newer version of an activity's module, what differs, and what stands in the way."""

    old: Module
    new: Module
    changes: tuple[Change, ...]
    missing: tuple[str, ...]
    """Parts in use that the newer version does not have any more."""


def look_at_newer(session: Session, catalogue: Catalogue, activity: Activity) -> Newer | None:
    """Say what differs between the activity's version and the one that is offered now."""
    new = modules.find_newest(session, catalogue, activity)
    if new is None:
        return None
    old = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    return Newer(old=old, new=new, changes=compare(old, new), missing=_missing(activity, new))


def accept(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    content_hash: str,
    base_version: int,
    actor: Membership,
    at: datetime,
) -> None:
    """Put the activity on the version that was looked at; work handed in keeps the one it saw.

    Raises ``Stale`` when the settings were changed meanwhile or another version is offered by now,
    and ``Conflict`` when a part in use is missing there.
    """
    new = modules.find_newest(session, catalogue, activity)
    if new is None or new.content_hash != content_hash:
        raise Stale(activity.version)
    if _missing(activity, new):
        raise Conflict("module.part_missing")
    move_to(session, activity, new, base_version=base_version, actor=actor, at=at)


def move_to(
    session: Session,
    activity: Activity,
    module: Module,
    *,
    base_version: int,
    actor: Membership,
    at: datetime,
) -> None:
    """Put the activity on a version of its module; raise ``Stale`` if it was changed since."""
    modules.keep_version(session, module, at=at)
    before = activity.content_hash
    changed = rows_changed(
        session,
        update(Activity)
        .where(Activity.id == activity.id, Activity.version == base_version)
        .values(content_hash=module.content_hash, version=Activity.version + 1, updated_at=at),
    )
    session.refresh(activity)
    if changed == 0:
        raise Stale(activity.version)
    audit.record(
        session,
        "activity.content_accepted",
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={"from": before, "to": module.content_hash},
    )
    grading.refresh_all(session, activity, at=at)


def _missing(activity: Activity, new: Module) -> tuple[str, ...]:
    settings = activity_settings(activity)
    there = {prompt.id for prompt in new.reflections}
    gone: Sequence[str] = [name for name in settings.prompt_ids if name not in there]
    if not settings.has_reflection:
        gone = []
    quiz = ("quiz",) if settings.has_quiz and not new.quiz.items else ()
    return (*quiz, *gone)
