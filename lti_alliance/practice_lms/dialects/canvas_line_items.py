"""Canvas's line item and result services.

AGS 2.0, sections 3.2 and 3.3: https://www.imsglobal.org/spec/lti-ags/v2p0/
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import Response, request

from lti_alliance.practice_lms import late_policy
from lti_alliance.practice_lms.dialects.canvas_gates import enter, fail, find_item, not_found, paged
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import (
    LINEITEM,
    LINEITEM_READONLY,
    LINEITEM_TYPE,
    LINEITEMS_TYPE,
    RESULT,
    RESULTS_TYPE,
)
from lti_alliance.practice_lms.services import answer, parse_moment, refuse
from lti_alliance.practice_lms.state import Activity, Cell, Course, LineItem, Person

SUBMISSION_TYPE = "https://canvas.instructure.com/lti/submission_type"
LAUNCH_URL = "https://canvas.instructure.com/lti/launch_url"


def address(platform: Platform, course: Course, item: LineItem | None = None) -> str:
    """Return the address of the course's line items, or of one."""
    base = f"{platform.root}/api/lti/courses/{course.id}/line_items"
    return base if item is None else f"{base}/{item.id}"


def to_json(platform: Platform, course: Course, item: LineItem) -> dict[str, Any]:
    """Return a line item as Canvas shows it, unset members left out."""
    members = {
        "id": address(platform, course, item),
        "scoreMaximum": float(item.score_maximum),
        "label": item.label,
        "resourceId": item.resource_id,
        "tag": item.tag,
        "resourceLinkId": item.resource_link_id,
        **item.extension,
    }
    if "launch_url" in request.args.getlist("include[]"):
        activity = course.activities.get(item.activity_id or "")
        members[LAUNCH_URL] = platform.target_of(activity) if activity else None
    return {name: value for name, value in members.items() if value is not None}


def listing(platform: Platform, course_id: str) -> Response:
    """List the active line items of this client."""
    course = enter(platform, course_id, LINEITEM, LINEITEM_READONLY)
    asked = request.args
    with platform.store.lock:
        found = [
            item
            for item in course.line_items.values()
            if item.client_id == platform.state.tool.client_id
            and not _gone(course, item)
            and asked.get("tag") in (None, item.tag)
            and asked.get("resource_id") in (None, item.resource_id)
            and asked.get("resource_link_id") in (None, item.resource_link_id)
        ]
    return paged(
        found,
        shape=lambda item: to_json(platform, course, item),
        address=address(platform, course),
        media_type=LINEITEMS_TYPE,
        default=10,
        most=100,
    )


def show(platform: Platform, course_id: str, item_id: str) -> Response:
    """Show one line item."""
    course = enter(platform, course_id, LINEITEM, LINEITEM_READONLY)
    item = find_item(platform, course, item_id)
    return answer(to_json(platform, course, item), media_type=LINEITEM_TYPE)


def create(platform: Platform, course_id: str) -> Response:
    """Create a line item, and with it an assignment unless a link is named."""
    course = enter(platform, course_id, LINEITEM)
    body = _body()
    maximum = _maximum(body)
    if maximum is None:
        fail(400, "scoreMaximum is missing")
    if not body.get("label"):
        fail(400, "label is missing")
    with platform.store.lock:
        item = LineItem(
            platform.state.take_number(),
            str(body["label"]),
            maximum,
            resource_id=_text(body, "resourceId"),
            tag=_text(body, "tag"),
            client_id=platform.state.tool.client_id,
            start=_text(body, "startDateTime"),
            end=_text(body, "endDateTime"),
        )
        link_id = _text(body, "resourceLinkId")
        if link_id is None:
            _make_assignment(platform, course, item, body)
        else:
            _attach(platform, course, item, link_id)
        course.line_items[str(item.id)] = item
        made = to_json(platform, course, item)
    platform.store.changed()
    return answer(made, status=201, media_type=LINEITEM_TYPE)


def update(platform: Platform, course_id: str, item_id: str) -> Response:
    """Change the members that were sent; the first line item carries its assignment along."""
    course = enter(platform, course_id, LINEITEM)
    body = _body()
    with platform.store.lock:
        item = find_item(platform, course, item_id)
        if "scoreMaximum" in body:
            maximum = _maximum(body)
            if maximum is None:
                fail(422, "scoreMaximum must be greater than or equal to 0")
            item.score_maximum = maximum
        item.label = str(body.get("label") or item.label)
        item.resource_id = _text(body, "resourceId") or item.resource_id
        item.tag = _text(body, "tag") or item.tag
        item.start = _text(body, "startDateTime") or item.start
        item.end = _text(body, "endDateTime") or item.end
        activity = course.activities.get(item.activity_id or "")
        if activity is not None and item.primary:
            activity.title, activity.points = item.label, item.score_maximum
            activity.unlock_at = item.start or activity.unlock_at
            activity.due_at = item.end or activity.due_at
            late_policy.apply_to_column(course, item)
        changed = to_json(platform, course, item)
    platform.store.changed()
    return answer(changed, media_type=LINEITEM_TYPE)


def delete(platform: Platform, course_id: str, item_id: str) -> Response:
    """Delete a line item of the tool's own; the first one takes its assignment with it."""
    course = enter(platform, course_id, LINEITEM)
    with platform.store.lock:
        item = find_item(platform, course, item_id)
        if item.coupled:
            refuse(Response("", status=401))
        gone = course.items_of(item.activity_id) if item.primary and item.activity_id else [item]
        for each in gone:
            del course.line_items[str(each.id)]
            prefix = f"{each.id}/"
            course.cells = {
                key: cell for key, cell in course.cells.items() if not key.startswith(prefix)
            }
        if item.primary and item.activity_id in course.activities:
            course.activities[item.activity_id].deleted = True
    platform.store.changed()
    return Response("", status=204)


def results(platform: Platform, course_id: str, item_id: str) -> Response:
    """List the results of the course's present students."""
    course = enter(platform, course_id, RESULT)
    with platform.store.lock:
        item = find_item(platform, course, item_id)
        user_id = request.args.get("user_id")
        one = platform.find_by_user_id(user_id) if user_id is not None else None
        asked_for = [one] if one is not None else []
        found = [
            (person, cell)
            for person in (platform.students(course) if user_id is None else asked_for)
            if (cell := _cell_with_result(platform, course, item, person)) is not None
        ]
    return paged(
        found,
        shape=lambda pair: _result(platform, course, item, person=pair[0], cell=pair[1]),
        address=address(platform, course, item) + "/results",
        media_type=RESULTS_TYPE,
        default=10,
        most=100,
    )


def result(platform: Platform, course_id: str, item_id: str, result_id: str) -> Response:
    """Show one result."""
    course = enter(platform, course_id, RESULT)
    item = find_item(platform, course, item_id)
    person = platform.find_by_user_id(result_id)
    cell = _cell_with_result(platform, course, item, person)
    if person is None or cell is None or str(person.number) != result_id:
        not_found()
    shown = _result(platform, course, item, person=person, cell=cell)
    return answer(shown, media_type=RESULTS_TYPE)


def _cell_with_result(
    platform: Platform, course: Course, item: LineItem, person: Person | None
) -> Cell | None:
    if person is None or not platform.is_student(course, person):
        return None
    cell = course.find_cell(item.id, person.id)
    return cell if cell is not None and (cell.result or cell.score is not None) else None


def _result(
    platform: Platform, course: Course, item: LineItem, *, person: Person, cell: Cell
) -> dict[str, Any]:
    maximum = cell.result_maximum or item.score_maximum
    score = cell.result_score
    is_reduced = cell.entered is not None and cell.score != cell.entered
    told = cell.source == "person" or (is_reduced and platform.state.switches.late_in_results)
    if item.primary and cell.score is not None and told:
        # A person's grade, or one less the late penalty, in the scale of the tool's last score.
        score = cell.score * maximum / item.score_maximum if item.score_maximum else cell.score
    own = address(platform, course, item)
    members = {
        "id": f"{own}/results/{person.number}",
        "scoreOf": own,
        "userId": person.sub,
        "resultScore": score,
        "resultMaximum": maximum,
        "comment": cell.feedback,
        **cell.extension,
    }
    return {name: value for name, value in members.items() if value is not None}


def _gone(course: Course, item: LineItem) -> bool:
    activity = course.activities.get(item.activity_id or "")
    return activity is not None and activity.deleted


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        fail(400, "The request body is not JSON")
    if not isinstance(body, dict):
        fail(400, "The request body is not an object")
    return body


def _maximum(body: dict[str, Any]) -> float | None:
    try:
        maximum = float(body["scoreMaximum"])
    except (KeyError, TypeError, ValueError):
        return None
    return maximum if maximum >= 0 else None


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    return None if value in (None, "") else str(value)


def _make_assignment(
    platform: Platform, course: Course, item: LineItem, body: dict[str, Any]
) -> None:
    extension = body.get(SUBMISSION_TYPE)
    kind = extension.get("type") if isinstance(extension, dict) else "none"
    if kind not in {"none", "external_tool"}:
        message = f"Invalid submission_type for new assignment: {kind}"
        refuse(answer({"error": message}, status=400))
    if isinstance(extension, dict):
        item.extension = {SUBMISSION_TYPE: extension}
    link_id = str(uuid.uuid4())
    activity = Activity(
        f"line-item-{item.id}",
        platform.state.take_number(),
        item.label,
        "assignment" if kind == "external_tool" else "no_submission",
        link_id,
        url=str(extension.get("external_tool_url") or "") if isinstance(extension, dict) else "",
        points=item.score_maximum,
        unlock_at=item.start if parse_moment(item.start) else None,
        due_at=item.end if parse_moment(item.end) else None,
    )
    course.activities[activity.id] = activity
    item.activity_id = activity.id
    item.resource_link_id = link_id if kind == "external_tool" else None


def _attach(platform: Platform, course: Course, item: LineItem, link_id: str) -> None:
    for other in platform.state.courses.values():
        activity = next(
            (each for each in other.activities.values() if each.resource_link_id == link_id), None
        )
        if activity is None or activity.kind != "assignment":
            continue
        if not activity.own_tool:
            fail(422, "Resource link id points to Tool not associated with this Context")
        if other is not course or activity.deleted or not course.items_of(activity.id):
            fail(412, "The specified LTI link ID is not associated with a line item.")
        item.activity_id, item.resource_link_id = activity.id, link_id
        item.primary = False
        return
    not_found()
