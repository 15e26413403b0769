"""Moodle's score service: its one refusal for everything, its clock, its erasures.

AGS 2.0, section 3.4: https://www.imsglobal.org/spec/lti-ags/v2p0/#score-publish-service
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from flask import Response, make_response, request

from lti_alliance.practice_lms.dialects.moodle_gates import (
    UNSUPPORTED,
    content_type,
    enter,
    fail,
    find_item,
    in_status_line,
    need_body_type,
)
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import SCORE, SCORE_TYPE
from lti_alliance.practice_lms.services import parse_moment, refuse
from lti_alliance.practice_lms.state import Cell, Course, LineItem, Person

SCORES_TYPE = "application/vnd.ims.lis.v1.scorecontainer+json"
LONGEST_REASON = 4096
GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


def receive(platform: Platform, course_id: str, item_id: str) -> Response:
    """Check and take one score."""
    need_body_type(SCORE_TYPE, SCORES_TYPE)
    course = enter(platform, course_id, SCORE)
    if content_type() == SCORES_TYPE:
        fail(400, UNSUPPORTED)
    with platform.store.lock:
        item = find_item(course, item_id)
        text = request.get_data(as_text=True)
        score = _checked(text)
        person = _gradable(platform, course, score, text)
        cell = course.cell(item.id, person.id)
        moment = parse_moment(score["timestamp"])
        assert moment is not None
        if cell.stored_at is not None and cell.stored_at >= int(moment.timestamp()):
            reason = (
                f"Refusing score with an earlier timestamp for item {item.id} "
                f"and user {person.number}"
            )
            _refuse(409, reason)
        seen_before = cell.visible()
        # The link's own column keeps the second of receipt, the tool's own columns what was sent.
        linked = item.coupled
        store(item, cell, score, int(platform.now() if linked else moment.timestamp()))
        cell.note(score, seen_before=seen_before, received=platform.now())
    platform.store.changed()
    return _answer("200 OK", "")


def store(item: LineItem, cell: Cell, score: dict[str, Any], at: int) -> None:
    """Put the score into the cell; anything but a finished score empties it."""
    before = (cell.score, cell.feedback)
    given = score.get("scoreGiven")
    finished = given is not None and score["gradingProgress"] == "FullyGraded"
    maximum = float(score.get("scoreMaximum") or 1)
    cell.raw = round(float(given or 0) * item.score_maximum / maximum, 5) if finished else None
    cell.feedback = (str(score["comment"]) if score.get("comment") else None) if finished else None
    cell.result = True
    if not cell.overridden:
        cell.score = None if cell.raw is None else min(max(cell.raw, 0.0), item.score_maximum)
        cell.source = None if cell.score is None else "tool"
        if cell.score is None:
            cell.stored_at = None
            return
    if (cell.score, cell.feedback) != before:
        cell.stored_at = at


def _checked(text: str) -> dict[str, Any]:
    try:
        score = json.loads(text)
    except ValueError:
        _incorrect(text)
    if not isinstance(score, dict):
        _incorrect(text)
    for name in ("userId", "timestamp", "gradingProgress", "activityProgress"):
        if score.get(name) is None:
            _incorrect(text)
    given = score.get("scoreGiven")
    if (
        parse_moment(score["timestamp"]) is None
        or (given is not None and (not _numeric(given) or score.get("scoreMaximum") is None))
        or (score.get("scoreMaximum") is not None and not _numeric(score["scoreMaximum"]))
    ):
        _incorrect(text)
    return score


def _gradable(platform: Platform, course: Course, score: dict[str, Any], text: str) -> Person:
    user_id = str(score["userId"])
    if not user_id.isdigit():
        # Moodle fails without a status here, and the web server in front of it says this.
        page = make_response(GATEWAY_PAGE, "502 Bad Gateway")
        page.headers["Content-Type"] = "text/html"
        refuse(page)
    person = platform.find_by_sub(user_id)
    if person is None or platform.role_in(course, person) != "student":
        _incorrect(text)
    return person


def _numeric(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return False
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _incorrect(text: str) -> NoReturn:
    _refuse(400, "Incorrect score received" + text)


def _refuse(status: int, reason: str) -> NoReturn:
    if "\n" in reason or "\r" in reason:
        # PHP will not send a status line with a line break: the status stays what it was.
        refuse(_answer("200 OK", "[]"))
    refuse(_answer(f"{status} {in_status_line(reason)[:LONGEST_REASON]}", "[]"))


def _answer(status: str, body: str) -> Response:
    response = make_response(body, status)
    response.headers["Content-Type"] = f"{SCORE_TYPE}; charset=utf-8"
    return response
