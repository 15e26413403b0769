"""Moodle's membership service: short role names, everyone in one answer.

NRPS 2.0, section 2: https://www.imsglobal.org/spec/lti-nrps/v2p0/
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from lti_alliance.practice_lms.dialects.moodle_claims import basic_outcome, personal_claims
from lti_alliance.practice_lms.dialects.moodle_gates import SERVICES, enter, fail, want
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import LIS, LTI, MEMBERS_TYPE, MEMBERSHIP
from lti_alliance.practice_lms.services import answer
from lti_alliance.practice_lms.state import Course, Person

ODD_ADMINISTRATOR = LIS + "person#Administrator"
ROLES = {
    "student": ["Learner"],
    # Another capability decides here than at launch, where the same person is an Instructor.
    "non_editing_teacher": ["Learner"],
    "teacher": ["Instructor"],
    "admin": ["Instructor", ODD_ADMINISTRATOR],
}
ORDER = ("non_editing_teacher", "student", "teacher", "admin")
FILTERS = {
    "Learner": "Learner",
    "Instructor": "Instructor",
    LIS + "membership#Learner": "Learner",
    LIS + "membership#Instructor": "Instructor",
}


def memberships_url(platform: Platform, course: Course) -> str:
    """Return the roster's address."""
    type_id = platform.state.tool.deployment_id
    return f"{platform.root}{SERVICES}/CourseSection/{course.id}/bindings/{type_id}/memberships"


def listing(platform: Platform, course_id: str, type_id: str) -> Response:
    """List the members; pages come only when asked for, and their next address drops the role."""
    want(MEMBERS_TYPE, anything=True)
    course = enter(platform, course_id, MEMBERSHIP)
    if type_id != platform.state.tool.deployment_id:
        fail(401)
    link_id = request.args.get("rlid")
    wanted = FILTERS.get(request.args.get("role", ""))
    people = [
        platform.state.people[person_id]
        for role in ORDER
        for person_id, enrolment in course.enrolments.items()
        if enrolment.role == role and not enrolment.ended and not enrolment.suspended
    ]
    listed = [
        person
        for person in people
        if wanted is None or wanted in ROLES[platform.role_in(course, person)]
    ]
    own = memberships_url(platform, course)
    limit, start = request.args.get("limit", ""), request.args.get("from", "0")
    size, begin = len(listed), 0
    if limit.isdigit() and int(limit) > 0:
        size, begin = int(limit), int(start) if start.isdigit() else 0
    response = answer(
        {
            "id": own,
            "context": {"id": course.context_id, "label": course.code, "title": course.title},
            "members": [
                _member(platform, course, person, link_id)
                for person in listed[begin : begin + size]
            ],
        },
        media_type=MEMBERS_TYPE,
    )
    if begin + size < len(listed):
        tail = f"&rlid={link_id}" if link_id else ""
        following = f"{own}?limit={size}&from={begin + size}{tail}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def _member(
    platform: Platform, course: Course, person: Person, link_id: str | None
) -> dict[str, Any]:
    member: dict[str, Any] = {
        "status": "Active",
        "roles": ROLES[platform.role_in(course, person)],
    }
    activity = next(
        (each for each in course.activities.values() if each.resource_link_id == link_id), None
    )
    if activity is not None:
        member["message"] = [
            {
                LTI + "message_type": "LtiResourceLinkRequest",
                **basic_outcome(platform, activity, person),
            }
        ]
    member |= {
        "user_id": person.sub,
        "lis_person_sourcedid": person.sourced_id,
        **personal_claims(platform, person),
    }
    if "name" in member:
        member["ext_user_username"] = person.username
    return member
