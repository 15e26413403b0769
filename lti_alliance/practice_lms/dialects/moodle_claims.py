"""The claims of Moodle's messages, with its doubled keys and unexpanded variables."""

from __future__ import annotations

import hashlib
import html
import json
import re
import secrets
from typing import Any

from lti_alliance.practice_lms.dialects.moodle_gates import SERVICES, item_url
from lti_alliance.practice_lms.platform import PendingLaunch, Platform
from lti_alliance.practice_lms.scopes import (
    AGS_CLAIM,
    LINEITEM,
    LINEITEM_READONLY,
    LIS,
    LTI,
    MEMBERSHIP,
    NRPS_CLAIM,
    RESULT,
    SCORE,
)
from lti_alliance.practice_lms.state import Activity, Course, Person

LIFE_S = 60
AGS_SCOPES = (LINEITEM, LINEITEM_READONLY, RESULT, SCORE)
BASIC_OUTCOME = "https://purl.imsglobal.org/spec/lti-bo/claim/basicoutcome"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
MESSAGE_TYPES = {
    "activity": "LtiResourceLinkRequest",
    "review": "LtiSubmissionReviewRequest",
    "deep_linking": "LtiDeepLinkingRequest",
}
SWALLOWED = {
    "lineitem_url",
    "lineitems_url",
    "gradebookservices_scope",
    "context_memberships_v2_url",
}
BOLD = re.compile(r"<(b|strong)\b[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"<[^>]+>")
LEARNER = LIS + "membership#Learner"
INSTRUCTOR = LIS + "membership#Instructor"
ADMINISTRATOR = [LIS + "institution/person#Administrator", LIS + "system/person#Administrator"]


def id_token_claims(platform: Platform, launch: PendingLaunch, *, nonce: str) -> dict[str, Any]:
    """Return everything that Moodle says in this launch."""
    state = platform.state
    course = state.courses[launch.course_id]
    person = state.people[launch.person_id]
    activity = course.activities.get(launch.activity_id or "")
    now = int(platform.now())
    claims: dict[str, Any] = {
        "nonce": nonce,
        "iat": now,
        "exp": now + LIFE_S,
        "iss": platform.issuer,
        "aud": state.tool.client_id,
        LTI + "deployment_id": state.tool.deployment_id,
        LTI + "target_link_uri": launch.target,
        "sub": person.sub,
        LTI + "lis": {
            "person_sourcedid": person.sourced_id,
            "course_section_sourcedid": "",
        },
        LTI + "roles": roles(platform, course, person),
        LTI + "context": {
            "id": course.context_id,
            "label": course.code,
            "title": course.title,
            "type": ["CourseSection"],
        },
        LTI + "message_type": MESSAGE_TYPES[launch.kind],
    }
    if launch.for_person_id:
        claims[LTI + "for_user"] = {"user_id": state.people[launch.for_person_id].sub}
    if activity is not None:
        claims[LTI + "resource_link"] = {
            "title": activity.title,
            "description": as_plain_text(activity.description),
            "id": activity.resource_link_id,
        }
        claims |= basic_outcome(platform, activity, person)
    personal = personal_claims(platform, person)
    claims |= {name: each for name, each in personal.items() if name != "email"}
    ext = {"user_username": person.username} if "name" in personal else {}
    claims[LTI + "ext"] = {**ext, "lms": "moodle-2"}
    if "email" in personal:
        claims["email"] = personal["email"]
    claims |= {
        LTI + "launch_presentation": _presentation(platform, course, activity),
        LTI + "tool_platform": {
            "product_family_code": "moodle",
            "version": "2023100900",
            "guid": hashlib.md5(platform.issuer.encode(), usedforsecurity=False).hexdigest(),
            "name": "northfield",
            "description": "Northfield College",
        },
        LTI + "version": "1.3.0",
        LTI + "custom": _custom(platform, course, person, activity=activity, launch=launch),
        **_services(platform, course, activity),
    }
    if launch.kind == "deep_linking":
        claims[DEEP_LINKING] = _deep_linking_settings(platform, course, launch)
    return claims


def as_plain_text(text: str) -> str:
    """Return a description without markup; what was bold is in capitals."""
    if "<" not in text:
        return text
    shouted = BOLD.sub(lambda found: found.group(2).upper(), text)
    return html.unescape(TAG.sub("", shouted)).strip()


def roles(platform: Platform, course: Course, person: Person) -> list[str]:
    """Return the role URIs of a launch: Moodle knows only learners, instructors, administrators."""
    role = platform.role_in(course, person)
    if role == "admin":
        return sorted([*ADMINISTRATOR, INSTRUCTOR])
    return [INSTRUCTOR if role in {"teacher", "non_editing_teacher"} else LEARNER]


def personal_claims(platform: Platform, person: Person) -> dict[str, str]:
    """Return name and e-mail as far as the tool's privacy settings let them out."""
    level = platform.privacy
    claims = {}
    if level in {"name_only", "public"} and person.name:
        claims = {
            "given_name": person.given_name,
            "family_name": person.family_name,
            "name": person.name,
        }
    if level in {"email_only", "public"} and person.email:
        claims["email"] = person.email
    return claims


def basic_outcome(platform: Platform, activity: Activity, person: Person) -> dict[str, Any]:
    """Return the LTI 1.1 outcome claim, whose id changes with each message."""
    data = {
        "instanceid": str(activity.number),
        "userid": person.sub,
        "typeid": platform.state.tool.deployment_id,
        "launchid": secrets.randbelow(2**31),
    }
    digest = hashlib.sha256((json.dumps(data) + platform.state.secret).encode()).hexdigest()
    return {
        BASIC_OUTCOME: {
            "lis_result_sourcedid": json.dumps(
                {"data": data, "hash": digest}, separators=(",", ":")
            ),
            "lis_outcome_service_url": f"{platform.root}/mod/lti/service.php",
        }
    }


def _presentation(platform: Platform, course: Course, activity: Activity | None) -> dict[str, str]:
    if activity is None:
        return {"locale": "en"}
    query = f"course={course.id}&launch_container=3&instanceid={activity.number}&sesskey=practice"
    return {
        "locale": "en",
        "document_target": "window" if activity.new_tab else "iframe",
        "return_url": f"{platform.root}/mod/lti/return.php?{query}",
    }


def own_line_item(course: Course, activity: Activity | None) -> str | None:
    """Return the id of the link's line item, which a second one hides."""
    if activity is None:
        return None
    items = [
        each
        for each in course.line_items.values()
        if each.resource_link_id == activity.resource_link_id
    ]
    return str(items[0].id) if len(items) == 1 else None


def _services(platform: Platform, course: Course, activity: Activity | None) -> dict[str, Any]:
    scopes = platform.state.tool.scopes
    endpoint: dict[str, Any] = {
        "scope": [each for each in AGS_SCOPES if each in scopes],
        "lineitems": item_url(platform, course),
    }
    own = own_line_item(course, activity)
    if own is not None:
        endpoint["lineitem"] = item_url(platform, course, course.line_items[own])
    claims: dict[str, Any] = {AGS_CLAIM: endpoint} if endpoint["scope"] else {}
    # The first deep linking launch in a course that holds no link of ours has no roster claim.
    if MEMBERSHIP in scopes and any(not each.deleted for each in course.activities.values()):
        claims[NRPS_CLAIM] = {
            "context_memberships_url": _roster(platform, course),
            "service_versions": ["1.0", "2.0"],
        }
    return claims


def _roster(platform: Platform, course: Course) -> str:
    type_id = platform.state.tool.deployment_id
    return f"{platform.root}{SERVICES}/CourseSection/{course.id}/bindings/{type_id}/memberships"


def _custom(
    platform: Platform,
    course: Course,
    person: Person,
    *,
    activity: Activity | None,
    launch: PendingLaunch,
) -> dict[str, str | None]:
    own = own_line_item(course, activity)
    told = [each for each in roles(platform, course, person) if "membership#" in each]
    known: dict[str, str | None] = {
        "$Context.id.history": ",".join(course.history),
        "$Context.id": course.context_id,
        "$Context.title": course.title,
        "$Context.label": course.code,
        "$User.id": person.sub,
        "$Membership.role": ",".join(each.rpartition("#")[2] for each in told),
        "$Moodle.Person.userGroupIds": "",
        "$Person.address.timezone": "Europe/London",
        "$ResourceLink.title": activity.title if activity else None,
        "$User.username": person.username,
        "$ResourceLink.id": activity.resource_link_id if activity else None,
        "$LineItem.url": item_url(platform, course, course.line_items[own]) if own else "",
        "$CourseSection.timeFrame.begin": "2025-01-01T00:00:00+00:00",
    }
    # The administrator's value wins over the link's for the same key.
    reviewed = course.line_items[own].review_custom if own and launch.kind == "review" else {}
    links = {**(activity.custom if activity else {}), **reviewed}
    merged = {**links, **platform.state.tool.custom}
    custom: dict[str, str | None] = {}
    for name, value in merged.items():
        if name in SWALLOWED:
            continue
        expanded = known.get(str(value), str(value))
        custom[name.lower()] = expanded
        custom[name] = expanded
    if MEMBERSHIP in platform.state.tool.scopes:
        custom["context_memberships_url"] = _roster(platform, course)
    return custom


def _deep_linking_settings(
    platform: Platform, course: Course, launch: PendingLaunch
) -> dict[str, Any]:
    query = f"course={course.id}&id={platform.state.tool.deployment_id}&sesskey={launch.key}"
    return {
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["frame", "iframe", "window"],
        "accept_copy_advice": False,
        "accept_multiple": True,
        "accept_unsigned": False,
        "auto_create": False,
        "can_confirm": False,
        "deep_link_return_url": f"{platform.root}/mod/lti/contentitem_return.php?{query}",
        "title": "",
        "text": "",
    }
