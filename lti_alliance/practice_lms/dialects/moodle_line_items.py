"""Moodle's line item and result services, with their odd paging.

AGS 2.0, sections 3.2 and 3.3: https://www.imsglobal.org/spec/lti-ags/v2p0/
"""

from __future__ import annotations

import json
from typing import Any

from flask import Response, make_response, render_template, request

from lti_alliance.practice_lms.course_changes import rescale
from lti_alliance.practice_lms.dialects.moodle_gates import (
    enter,
    fail,
    find_item,
    gone,
    in_status_line,
    item_url,
    need_body_type,
    plain,
    want,
)
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import (
    LINEITEM,
    LINEITEM_READONLY,
    LINEITEM_TYPE,
    LINEITEMS_TYPE,
    RESULT,
    RESULTS_TYPE,
)
from lti_alliance.practice_lms.services import answer, written
from lti_alliance.practice_lms.state import Cell, Course, LineItem


def to_json(platform: Platform, course: Course, item: LineItem) -> dict[str, Any]:
    """Return a line item as Moodle shows it."""
    members: dict[str, Any] = {
        "id": item_url(platform, course, item),
        "label": item.label,
        "scoreMaximum": plain(item.score_maximum),
        "resourceId": item.resource_id or "",
        "tag": item.tag or "",
    }
    if item.resource_link_id:
        members["resourceLinkId"] = item.resource_link_id
        members["ltiLinkId"] = item.resource_link_id
    return members


def listing(platform: Platform, course_id: str) -> Response:
    """List line items; asked for a page, answer with a `Link` header that parsers miss."""
    want(LINEITEMS_TYPE)
    course = enter(platform, course_id, LINEITEM, LINEITEM_READONLY)
    asked = request.args
    with platform.store.lock:
        found = [
            to_json(platform, course, item)
            for item in course.line_items.values()
            if not gone(course, item)
            and asked.get("tag") in (None, "", item.tag)
            and asked.get("resource_id") in (None, "", item.resource_id)
            and asked.get("resource_link_id") in (None, "", item.resource_link_id)
        ]
    limit, start = asked.get("limit", ""), asked.get("from", "0")
    if not limit.isdigit() or not start.isdigit():
        return answer(found, media_type=LINEITEMS_TYPE)
    size, begin = max(1, int(limit)), int(start)
    response = answer(found[begin : begin + size], media_type=LINEITEMS_TYPE)
    response.headers["Link"] = in_status_line(
        _links(item_url(platform, course), size=size, begin=begin, total=len(found))
    )
    return response


def _links(address: str, *, size: int, begin: int, total: int) -> str:
    """Write links with typographic quotation marks and escaped ampersands, as Moodle does."""

    def link(start: int, name: str) -> str:
        return f"<{address}&amp;limit={size}&amp;from={start}>; rel=“{name}”"

    links = [link(0, "first"), link(begin, "canonical")]
    if begin + size < total:
        links.append(link(begin + size, "next"))
    if begin > 0:
        links.append(link(max(0, begin - size), "prev"))
    return ", ".join([*links, link(total - total % size, "last")])


def show(platform: Platform, course_id: str, item_id: str) -> Response:
    """Show one line item."""
    want(LINEITEM_TYPE, anything=True)
    course = enter(platform, course_id, LINEITEM, LINEITEM_READONLY)
    item = find_item(course, item_id)
    return answer(to_json(platform, course, item), media_type=LINEITEM_TYPE)


def create(platform: Platform, course_id: str) -> Response:
    """Create a column; named for a link of ours, it hides the link's own from launches."""
    need_body_type(LINEITEM_TYPE)
    course = enter(platform, course_id, LINEITEM)
    body = _body()
    link_id = str(body.get("resourceLinkId") or "")
    links = {each.resource_link_id: each for each in course.activities.values() if not each.deleted}
    if link_id and link_id not in links:
        fail(403)
    with platform.store.lock:
        item = LineItem(
            platform.state.take_number(),
            str(body["label"]),
            float(body["scoreMaximum"]),
            activity_id=links[link_id].id if link_id else None,
            resource_id=str(body.get("resourceId") or ""),
            tag=str(body.get("tag") or ""),
            resource_link_id=link_id or None,
            primary=False,
            client_id=platform.state.tool.client_id,
        )
        course.line_items[str(item.id)] = item
    platform.store.changed()
    made = {**body, "id": item_url(platform, course, item)}
    return answer(made, status="201 Created", media_type=LINEITEM_TYPE)


def update(platform: Platform, course_id: str, item_id: str) -> Response:
    """Replace a column's description: members left out become blank, grades are rescaled."""
    need_body_type(LINEITEM_TYPE)
    course = enter(platform, course_id, LINEITEM)
    body = _body()
    with platform.store.lock:
        item = find_item(course, item_id)
        maximum = float(body["scoreMaximum"])
        if maximum != item.score_maximum:
            rescale(course, item, maximum / item.score_maximum if item.score_maximum else 1)
        item.score_maximum, item.label = maximum, str(body["label"])
        item.tag = str(body.get("tag") or "")
        item.resource_id = str(body.get("resourceId") or "")
        activity = course.activities.get(item.activity_id or "")
        if activity is not None and item.coupled:
            activity.points = maximum
    platform.store.changed()
    changed = {**body, "id": item_url(platform, course, item)}
    return answer(changed, media_type=LINEITEM_TYPE)


def delete(platform: Platform, course_id: str, item_id: str) -> Response:
    """Delete a column with its grades."""
    course = enter(platform, course_id, LINEITEM)
    with platform.store.lock:
        item = find_item(course, item_id)
        del course.line_items[item_id]
        prefix = f"{item.id}/"
        course.cells = {
            key: cell for key, cell in course.cells.items() if not key.startswith(prefix)
        }
    platform.store.changed()
    response = make_response("", "204 OK")
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    return response


def results(platform: Platform, course_id: str, item_id: str) -> Response:
    """List the results; asked for a page, fail with an error page as Moodle 4.3 does."""
    want(RESULTS_TYPE, anything=True)
    course = enter(platform, course_id, RESULT)
    item = find_item(course, item_id)
    if request.args.get("limit"):
        page = render_template("moodle_error.html", message="Error")
        return make_response(page, 404)
    user_id = request.args.get("user_id")
    found = []
    with platform.store.lock:
        one = platform.find_by_sub(user_id) if user_id is not None else None
        asked_for = [one] if one is not None else []
        for person in platform.students(course) if user_id is None else asked_for:
            cell = course.find_cell(item.id, person.id)
            graded = cell is not None and (cell.result or cell.score is not None)
            if cell is not None and graded and platform.is_student(course, person):
                found.append(_result(platform, course, item, person.sub, cell))
    return answer(found, media_type=RESULTS_TYPE)


def _result(
    platform: Platform, course: Course, item: LineItem, user_id: str, cell: Cell
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": item_url(platform, course, item, "/results") + f"&user_id={user_id}",
        "userId": user_id,
    }
    if cell.score:
        # A score of nought is left out like a missing one.
        shown["resultScore"] = plain(cell.score)
        shown["resultMaximum"] = plain(item.score_maximum)
    if cell.feedback:
        shown["comment"] = cell.feedback
    shown["scoreOf"] = item_url(platform, course, item)
    if cell.stored_at is not None:
        shown["timestamp"] = written(cell.stored_at).replace(".000Z", "+00:00")
    return shown


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        fail(400, "Invalid JSON")
    if not isinstance(body, dict):
        fail(400, "Invalid JSON")
    try:
        float(body["scoreMaximum"])
    except (KeyError, TypeError, ValueError):
        fail(400, "No label or Score Maximum")
    if not body.get("label"):
        fail(400, "No label or Score Maximum")
    return body
