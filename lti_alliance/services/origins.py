"""Where a link comes from: the activity or content item whose id the platform carried along."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from lti_alliance.models import Activity, ContentItem, Context, Deployment, ResourceLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a new link is a copy of, or was placed as."""

    module_id: str
    content_hash: str
    settings: dict[str, Any]
    """`domain.activities.ActivitySettings` as JSON, as they are today."""
    context: Context
    activity: Activity | None
    """Empty where an activity was placed and has never been opened there."""
    content_item_id: UUID | None


def find_origin(session: Session, named: str, context: Context) -> Origin | None:
    """Find what an opaque id stands for, inside the same registration only.

    An id out of `custom` is whatever the LMS carried along: it leads to settings, never to people
    or their work.
    """
    try:
        key = UUID(named)
    except ValueError:
        return None
    registration_id = context.deployment.registration_id
    activities = (
        select(Activity)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .join(Context, Context.id == ResourceLink.context_id)
        .where((Activity.id == key) | (Activity.content_item_id == key))
        # Of several that came of one content item, that of this course counts, then the oldest.
        .order_by(ResourceLink.context_id != context.id, Activity.created_at, Activity.id)
    )
    activity = session.scalars(_within(activities, registration_id).limit(1)).first()
    if activity is not None:
        return Origin(
            module_id=activity.module_id,
            content_hash=activity.content_hash,
            settings=activity.settings,
            context=activity.resource_link.context,
            activity=activity,
            content_item_id=activity.content_item_id,
        )
    items = (
        select(ContentItem)
        .join(Context, Context.id == ContentItem.context_id)
        .where(ContentItem.id == key)
    )
    item = session.scalars(_within(items, registration_id)).first()
    if item is None:
        return None
    return Origin(
        module_id=item.module_id,
        content_hash=item.content_hash,
        settings=item.settings,
        context=item.context,
        activity=None,
        content_item_id=item.id,
    )


def _within(query: Select[Any], registration_id: UUID) -> Select[Any]:
    return query.join(Deployment, Deployment.id == Context.deployment_id).where(
        Deployment.registration_id == registration_id
    )
