"""Canvas's substitution variables: those with a value are filled in, others stay as written."""

from __future__ import annotations

import json
import re

from lti_alliance.practice_lms.platform import PendingLaunch, Platform
from lti_alliance.practice_lms.services import parse_moment, written
from lti_alliance.practice_lms.state import Activity, Course, Person

VARIABLE = re.compile(r"\$\{([A-Za-z][\w.]*)\}|\$([A-Za-z][\w.]*(?:<[^>]*>)?)")


def expand(text: str, known: dict[str, str]) -> str:
    """Replace the variables that are known here; others stay as they are written."""
    return VARIABLE.sub(
        lambda found: known.get(found.group(1) or found.group(2), found.group(0)), text
    )


def variables(
    platform: Platform,
    course: Course,
    person: Person,
    *,
    activity: Activity | None,
    launch: PendingLaunch,
) -> dict[str, str]:
    """Return the variables that have a value in this launch."""
    role = course.enrolments.get(person.id)
    known = {
        "Canvas.course.id": course.id,
        "Canvas.course.name": course.title,
        "Canvas.user.id": str(person.number),
        "Context.id": course.context_id,
        "Context.id.history": ",".join(course.history),
        "Canvas.course.previousContextIds": ",".join(course.history[:1]),
        "Canvas.course.previousContextIds.recursive": ",".join(course.history),
        "Canvas.api.domain": platform.settings.host,
        "Canvas.user.loginId": person.username,
        "Person.address.timezone": "America/Denver",
        "Person.email.primary": person.email,
        "Person.name.full": person.name,
        "Message.locale": "en",
    }
    if role is not None:
        known["com.instructure.User.sectionNames"] = json.dumps(role.sections or [course.title])
        known["Canvas.course.sectionRestricted"] = "false"
    if role is not None and role.role == "test_student":
        known["com.instructure.User.student_view"] = "true"
    if activity is not None and activity.kind == "assignment":
        known |= {
            "Canvas.assignment.id": str(activity.number),
            "Canvas.assignment.title": activity.title,
            "Canvas.assignment.description": activity.description,
            "com.instructure.Assignment.lti.id": activity.resource_link_id,
            "Canvas.assignment.allDueAts.iso8601": activity.due_at or "",
            "Canvas.assignment.earliestEnrollmentDueAt.iso8601": activity.due_at or "",
            "Canvas.assignment.pointsPossible": f"{activity.points or 0:g}",
            "Canvas.assignment.published": json.dumps(activity.published),
            "Canvas.assignment.allowedAttempts": str(activity.allowed_attempts or -1),
            "LineItem.resultValue.max": f"{activity.points or 0:g}",
        }
        for name, value in (
            ("Canvas.assignment.dueAt.iso8601", activity.due_at),
            ("Canvas.assignment.lockAt.iso8601", activity.lock_at),
            ("Canvas.assignment.unlockAt.iso8601", activity.unlock_at),
            ("ResourceLink.available.startDateTime", _with_milliseconds(activity.unlock_at)),
            ("ResourceLink.available.endDateTime", _with_milliseconds(activity.lock_at)),
            ("ResourceLink.submission.endDateTime", _with_milliseconds(activity.due_at)),
        ):
            if value:
                known[name] = value
    if activity is not None and launch.kind == "activity" and activity.kind != "course_navigation":
        known |= {
            "ResourceLink.id": activity.resource_link_id,
            "ResourceLink.title": activity.title,
            "ResourceLink.description": activity.description,
        }
    return known


def _with_milliseconds(text: str | None) -> str | None:
    moment = parse_moment(text)
    return written(moment.timestamp()) if moment else None
