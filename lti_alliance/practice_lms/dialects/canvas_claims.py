"""The claims of Canvas's messages, with the nulls and the noise that it really sends."""

from __future__ import annotations

from typing import Any

from lti_alliance.practice_lms.dialects.canvas_people import (
    NAMED,
    launch_roles,
    personal_claims,
)
from lti_alliance.practice_lms.dialects.canvas_placements import PLACES
from lti_alliance.practice_lms.dialects.canvas_variables import expand, variables
from lti_alliance.practice_lms.platform import PendingLaunch, Platform
from lti_alliance.practice_lms.scopes import (
    AGS_CLAIM,
    LINEITEM,
    LTI,
    MEMBERSHIP,
    NOTICES,
    NRPS_CLAIM,
    PNS_CLAIM,
    RESULT,
    SCORE,
)
from lti_alliance.practice_lms.state import Activity, Course, Person

LIFE_S = 3600
AGS_SCOPES = (LINEITEM, RESULT, SCORE)
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
PLACEMENT = "https://www.instructure.com/placement"


def id_token_claims(platform: Platform, launch: PendingLaunch, *, nonce: str) -> dict[str, Any]:
    """Return everything that Canvas says in this launch."""
    state = platform.state
    course = state.courses[launch.course_id]
    person = state.people[launch.person_id]
    activity = course.activities.get(launch.activity_id or "")
    deep_linking = launch.kind == "deep_linking"
    now = int(platform.now())
    claims: dict[str, Any] = {
        LTI + "message_type": "LtiDeepLinkingRequest" if deep_linking else "LtiResourceLinkRequest",
        LTI + "version": "1.3.0",
    }
    if deep_linking:
        claims[DEEP_LINKING] = _deep_linking_settings(platform, course, launch)
    else:
        claims[LTI + "resource_link"] = _resource_link(course, activity, launch)
    claims |= _services(platform, course, None if deep_linking else activity, launch)
    claims |= {
        "aud": state.tool.client_id,
        "azp": state.tool.client_id,
        "iss": platform.issuer,
        "iat": now,
        "exp": now + LIFE_S,
        "nonce": nonce,
        "sub": person.sub,
        LTI + "deployment_id": state.tool.deployment_id,
        LTI + "target_link_uri": launch.target,
        **personal_claims(platform, person),
        "locale": "en",
        **_lis(platform, person),
        LTI + "context": {
            "id": course.context_id,
            "label": course.code,
            "title": course.title,
            "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"],
        },
        LTI + "tool_platform": {
            "guid": "x1Y2z3A4b5C6d7E8f9G0h1J2k3L4m5N6p7Q8r9S0:canvas-lms",
            "name": "Northfield College",
            "version": "cloud",
            "product_family_code": "canvas",
        },
        LTI + "launch_presentation": _presentation(platform, course, activity),
        LTI + "roles": launch_roles(platform, course, person),
        LTI + "custom": _custom(platform, course, person, activity, launch),
        LTI + "lti11_legacy_user_id": person.legacy_id,
        LTI + "lti1p1": {"user_id": person.legacy_id},
        PLACEMENT: _placement(activity, launch),
    }
    if person.observes and platform.privacy == "public":
        claims[LTI + "role_scope_mentor"] = [state.people[each].sub for each in person.observes]
    return _with_noise(claims) if state.switches.noise else claims


def _placement(activity: Activity | None, launch: PendingLaunch) -> str | None:
    if launch.kind == "deep_linking":
        return launch.placement
    if launch.kind == "activity" and activity and activity.kind == "course_navigation":
        return "course_navigation"
    return None


def _resource_link(
    course: Course, activity: Activity | None, launch: PendingLaunch
) -> dict[str, Any]:
    if launch.kind == "submission" or activity is None or activity.kind == "course_navigation":
        # Canvas falls back to the course itself: this id names no activity.
        return {"id": course.context_id, "title": course.title, "description": None}
    return {
        "id": activity.resource_link_id,
        "title": activity.title,
        "description": activity.description or None,
    }


def _services(
    platform: Platform, course: Course, activity: Activity | None, launch: PendingLaunch
) -> dict[str, Any]:
    base = f"{platform.root}/api/lti/courses/{course.id}"
    items = f"{base}/line_items"
    if platform.state.switches.http_lineitems:
        # Seen on self-hosted Canvas: the two addresses disagree about the scheme.
        other = "http" if items.startswith("https:") else "https"
        items = f"{other}:{items.partition(':')[2]}"
    endpoint: dict[str, Any] = {
        "scope": [each for each in AGS_SCOPES if each in platform.state.tool.scopes],
        "lineitems": items,
    }
    item = course.primary_item(activity.id) if activity and launch.kind == "activity" else None
    if item is not None:
        endpoint["lineitem"] = f"{base}/line_items/{item.id}"
    claims: dict[str, Any] = {AGS_CLAIM: endpoint} if endpoint["scope"] else {}
    if MEMBERSHIP in platform.state.tool.scopes:
        claims[NRPS_CLAIM] = {
            "context_memberships_url": f"{base}/names_and_roles",
            "service_versions": ["2.0"],
        }
    return claims | _notices(platform)


def _presentation(platform: Platform, course: Course, activity: Activity | None) -> dict[str, Any]:
    told = {
        "document_target": "iframe",
        "return_url": f"{platform.root}/courses/{course.id}",
        "locale": "en",
        "width": activity.width if activity else None,
        "height": activity.height if activity else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _notices(platform: Platform) -> dict[str, Any]:
    """Return where the tool subscribes to notices, if it may."""
    tool = platform.state.tool
    if NOTICES not in tool.scopes:
        return {}
    return {
        PNS_CLAIM: {
            "service_versions": ["1.0"],
            "platform_notification_service_url": (
                f"{platform.root}/api/lti/notice-handlers/{tool.number}"
            ),
            "scope": [NOTICES],
            "notice_types_supported": ["LtiHelloWorldNotice", "LtiContextCopyNotice"],
        }
    }


def _lis(platform: Platform, person: Person) -> dict[str, Any]:
    if platform.privacy not in NAMED:
        return {}
    return {
        LTI + "lis": {
            "person_sourcedid": person.sourced_id or "$Person.sourcedId",
            "course_offering_sourcedid": "$CourseSection.sourcedId",
        }
    }


def _custom(
    platform: Platform,
    course: Course,
    person: Person,
    activity: Activity | None,
    launch: PendingLaunch,
) -> dict[str, str]:
    known = variables(platform, course, person, activity=activity, launch=launch)
    merged = dict(platform.state.tool.custom)
    # A placement's own fields come only with launches from that placement.
    placed = _placement(activity, launch)
    place = platform.state.tool.placement(placed) if placed else None
    merged |= place.custom if place else {}
    if launch.kind == "activity" and activity:
        merged |= activity.custom
    return {name: expand(str(value), known) for name, value in merged.items()}


def _deep_linking_settings(
    platform: Platform, course: Course, launch: PendingLaunch
) -> dict[str, Any]:
    address = f"{platform.root}/courses/{course.id}/deep_linking_response"
    place = PLACES[launch.placement]
    return {
        "deep_link_return_url": f"{address}?data={launch.key}",
        "accept_types": list(place.accept_types),
        "accept_presentation_document_targets": list(place.targets),
        "accept_media_types": "application/vnd.ims.lti.v1.ltilink",
        "auto_create": place.auto_create,
        "accept_multiple": place.multiple,
    }


def _with_noise(claims: dict[str, Any]) -> dict[str, Any]:
    """Add the members that older Canvas left in its messages."""
    noise: dict[str, Any] = {"validation_context": None, "errors": {"errors": {}}}
    noisy = {
        name: {**value, **noise}
        if isinstance(value, dict) and not name.endswith("custom")
        else value
        for name, value in claims.items()
    }
    return {**noisy, **noise}
