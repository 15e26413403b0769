"""Canvas's membership service.

NRPS 2.0, section 2: https://www.imsglobal.org/spec/lti-nrps/v2p0/
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from lti_alliance.practice_lms.dialects.canvas_gates import enter, fail, paged
from lti_alliance.practice_lms.dialects.canvas_people import (
    MEMBERSHIP_ROLES,
    context_roles,
    personal_claims,
)
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import LTI, MEMBERS_TYPE, MEMBERSHIP
from lti_alliance.practice_lms.state import Course, Person

PAGE = 50


def listing(platform: Platform, course_id: str) -> Response:
    """List the people with an active enrolment, fifty at a time."""
    course = enter(platform, course_id, MEMBERSHIP)
    own = f"{platform.root}/api/lti/courses/{course.id}/names_and_roles"
    role, link_id = request.args.get("role"), request.args.get("rlid")
    with_messages = _check_link(course, link_id)
    people = [
        platform.state.people[person_id]
        for person_id, enrolment in course.enrolments.items()
        if not enrolment.ended and enrolment.role in MEMBERSHIP_ROLES
    ]
    listed = []
    for person in sorted(people, key=lambda each: each.number):
        roles = context_roles(platform.role_in(course, person))
        if role is None or role in roles:
            listed.append((person, roles))
    asked = request.query_string.decode("latin-1")
    return paged(
        listed,
        shape=lambda each: _member(platform, each[0], each[1], with_messages=with_messages),
        address=own,
        media_type=MEMBERS_TYPE,
        default=PAGE,
        most=PAGE,
        wrap=lambda page: {
            "id": f"{own}?{asked}" if asked else own,
            "context": {"id": course.context_id, "label": course.code, "title": course.title},
            "members": page,
        },
    )


def _check_link(course: Course, link_id: str | None) -> bool:
    if link_id is None:
        return False
    known = {each.resource_link_id for each in course.activities.values() if not each.deleted}
    if link_id != course.context_id and link_id not in known:
        fail(400, "Tool does not have access to rlid or rlid does not exist")
    return True


def _member(
    platform: Platform, person: Person, roles: list[str], *, with_messages: bool
) -> dict[str, Any]:
    personal = personal_claims(platform, person)
    member: dict[str, Any] = {"status": "Active", **personal}
    if "name" in personal and person.sourced_id:
        member["lis_person_sourcedid"] = person.sourced_id
    member |= {
        "user_id": person.sub,
        "lti11_legacy_user_id": person.legacy_id,
        "roles": roles,
    }
    if with_messages:
        member["message"] = [
            {
                LTI + "message_type": "LtiResourceLinkRequest",
                "locale": "en",
                LTI + "custom": {},
            }
        ]
    return member
