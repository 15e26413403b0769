"""Put into a course what the tool's picker chose and a teacher, or the LMS itself, has saved."""

from __future__ import annotations

import secrets
import uuid

import requests

from lti_alliance.practice_lms.drafts import Chosen, Draft
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scenarios import add_activity
from lti_alliance.practice_lms.state import Activity, Course

CARTRIDGE_TIMEOUT_S = 5


def keep_draft(platform: Platform, course: Course, draft: Draft) -> str:
    """Keep a filled form until it is saved, and return its name."""
    name = secrets.token_hex(8)
    with platform.store.lock:
        course.drafts[name] = draft
    platform.store.changed()
    return name


def take_draft(platform: Platform, course: Course, name: str) -> Draft | None:
    """Return a filled form at its saving; it is gone then."""
    with platform.store.lock:
        draft = course.drafts.pop(name, None)
    platform.store.changed()
    return draft


def make(platform: Platform, course: Course, chosen: Chosen) -> Activity:
    """Make the activity with its resource link and, if it has points, its line item."""
    with platform.store.lock:
        number = platform.state.take_number()
        activity = Activity(
            f"activity-{number}",
            number,
            chosen.title or platform.state.tool.name,
            chosen.kind,
            str(uuid.uuid4()) if platform.name == "canvas" else str(number),
            url=chosen.url,
            description=chosen.text,
            custom=dict(chosen.custom),
            published=chosen.published,
            due_at=chosen.due_at,
            unlock_at=chosen.unlock_at,
            lock_at=chosen.lock_at,
            new_tab=chosen.new_tab,
            module=chosen.module,
            width=chosen.width,
            height=chosen.height,
            icon=chosen.icon,
        )
        item = add_activity(
            platform.state,
            course,
            activity,
            points=chosen.points,
            resource_id=chosen.resource_id,
            tag=chosen.tag,
        )
        if item is not None:
            item.review_url, item.review_custom = chosen.review_url, dict(chosen.review_custom)
    platform.store.changed()
    return activity


def look_for_cartridge(platform: Platform, activity: Activity) -> None:
    """Get the launch address from the server, as Moodle does on saving, whatever comes of it."""
    if not activity.url:
        return
    status, answered = None, None
    try:
        answer = platform.settings.http.get(
            activity.url, timeout=CARTRIDGE_TIMEOUT_S, headers={"User-Agent": "MoodleBot/4.3"}
        )
        status = answer.status_code
    except requests.RequestException as error:
        answered = type(error).__name__
    platform.messages.add(
        platform.name,
        "Looked for a cartridge at the launch address",
        way="LMS to tool",
        method="GET",
        url=activity.url,
        status=status,
        answered=answered,
    )
