"""Canvas's score service: the checks in Canvas's order and what a score then does.

AGS 2.0, section 3.4: https://www.imsglobal.org/spec/lti-ags/v2p0/#score-publish-service
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from lti_alliance.practice_lms import late_policy
from lti_alliance.practice_lms.dialects.canvas_gates import enter, fail, find_item
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import SCORE, SCORE_TYPE
from lti_alliance.practice_lms.services import answer, parse_moment, written
from lti_alliance.practice_lms.state import Activity, Cell, Comment, Course, LineItem, Person

EXTENSION = "https://canvas.instructure.com/lti/submission"
ACTIVITY_PROGRESS = {"Initialized", "Started", "InProgress", "Submitted", "Completed"}
GRADING_PROGRESS = {"NotReady", "Failed", "Pending", "PendingManual", "FullyGraded"}
SUBMISSION_TYPES = {
    "none",
    "basic_lti_launch",
    "online_text_entry",
    "online_url",
    "external_tool",
    "online_upload",
}
COUNTING = {"FullyGraded", "PendingManual"}
SUBMITTING = {"Submitted", "Completed"}
AHEAD_S = 60


def receive(platform: Platform, course_id: str, item_id: str) -> Response:
    """Check and take one score."""
    course = enter(platform, course_id, SCORE)
    with platform.store.lock:
        item = find_item(platform, course, item_id)
        score = _body()
        person = _student(platform, course, score)
        _check_members(score)
        activity = course.activities.get(item.activity_id or "")
        if activity is not None and not activity.published:
            fail(422, "This assignment is still unpublished")
        cell = course.find_cell(item.id, person.id) or Cell()
        moment = _check_timestamp(score, cell)
        _check_score(score, item)
        submitted = _check_submission(platform, score)
        if activity is not None:
            _check_attempts(score, activity, cell, submitted)
            if activity.grading_closed and _sets_grade(score):
                fail(
                    422,
                    "Cannot grade this submission at this time: the grading period is closed",
                )
        cell = course.cell(item.id, person.id)
        seen_before = cell.visible()
        if activity is not None and item.primary:
            _record_submission(platform, score, cell, submitted)
            late_policy.apply_to_cell(course, item, cell)
            # The submission is in by now: a bad enum leaves it there without a result.
            platform.store.changed()
            _check_enums(score)
            _apply_grade(score, item, cell)
            late_policy.apply_to_cell(course, item, cell)
            _comment(platform, score, cell)
        _check_enums(score)
        _store_result(score, cell, moment)
        cell.note(score, seen_before=seen_before, received=platform.now())
    platform.store.changed()
    address = f"{platform.root}/api/lti/courses/{course.id}/line_items/{item.id}/results"
    return answer(
        {"resultUrl": f"{address}/{person.number}", EXTENSION: {"content_items": []}},
        media_type=SCORE_TYPE,
    )


def _body() -> dict[str, Any]:
    try:
        score = json.loads(request.get_data() or b"{}")
    except ValueError:
        fail(400, "The request body is not JSON")
    if not isinstance(score, dict):
        fail(400, "The request body is not an object")
    return score


def _student(platform: Platform, course: Course, score: dict[str, Any]) -> Person:
    user_id = str(score.get("userId", ""))
    person = platform.find_by_user_id(user_id)
    role = platform.role_in(course, person) if person else ""
    gradable = {"student"}
    if platform.state.switches.test_student_gradable:
        gradable.add("test_student")
    if person is None or role not in gradable or not course.published:
        fail(422, "User not found in course or is not a student")
    return person


def _check_members(score: dict[str, Any]) -> None:
    for name in ("userId", "activityProgress", "gradingProgress", "timestamp"):
        if score.get(name) in (None, ""):
            fail(400, f"{name} is missing")


def _check_timestamp(score: dict[str, Any], cell: Cell) -> float:
    moment = parse_moment(score["timestamp"])
    if moment is None:
        fail(400, "Provided timestamp is not a valid ISO 8601 timestamp")
    if cell.stored_at is not None and moment.timestamp() < cell.stored_at:
        fail(400, "Provided timestamp is before last updated timestamp")
    return moment.timestamp()


def _counts(score: dict[str, Any]) -> bool:
    return score.get("gradingProgress") in COUNTING and score.get("scoreGiven") is not None


def _number(value: object) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _check_score(score: dict[str, Any], item: LineItem) -> None:
    if _counts(score):
        maximum = _number(score.get("scoreMaximum"))
        if maximum is None or maximum < 0:
            fail(422, "ScoreMaximum must be greater than or equal to 0")
        if maximum == 0 and item.score_maximum != 0:
            fail(422, "ScoreMaximum must be greater than 0")
    if score.get("scoreGiven") is not None:
        given = _number(score["scoreGiven"])
        if given is None or given < 0:
            fail(422, "ScoreGiven must be greater than or equal to 0")


def _extension(score: dict[str, Any]) -> dict[str, Any]:
    found = score.get(EXTENSION)
    return found if isinstance(found, dict) else {}


def _submission_time(score: dict[str, Any]) -> object:
    submission = score.get("submission")
    preferred = submission.get("submittedAt") if isinstance(submission, dict) else None
    return preferred or _extension(score).get("submitted_at")


def _check_submission(platform: Platform, score: dict[str, Any]) -> datetime | None:
    text = _submission_time(score)
    moment = parse_moment(text)
    if text and moment is None:
        fail(400, "Provided submitted_at timestamp is not a valid ISO 8601 timestamp")
    if moment is not None and moment.timestamp() > platform.now() + AHEAD_S:
        fail(400, "Provided submitted_at timestamp is in the future")
    if _extension(score).get("submission_type") == "online_upload" and not _extension(score).get(
        "content_items"
    ):
        fail(422, "Content items must be provided with submission type 'online_upload'")
    return moment


def _check_attempts(
    score: dict[str, Any], activity: Activity, cell: Cell, submitted: datetime | None
) -> None:
    extension = _extension(score)
    if extension.get("new_submission") is False or extension.get("submission_type") == "none":
        return
    if submitted is not None and cell.submitted_at == written(submitted.timestamp()):
        return
    if activity.allowed_attempts is not None and cell.attempts >= activity.allowed_attempts:
        fail(422, "The maximum number of allowed attempts has been reached for this submission")


def _sets_grade(score: dict[str, Any]) -> bool:
    return _extension(score).get("preserve_score") is not True


def _check_enums(score: dict[str, Any]) -> None:
    wrong = (
        score["activityProgress"] not in ACTIVITY_PROGRESS
        or score["gradingProgress"] not in GRADING_PROGRESS
        or _extension(score).get("submission_type", "external_tool") not in SUBMISSION_TYPES
    )
    if wrong:
        fail(422, "Validation failed: the value is not included in the list")


def _record_submission(
    platform: Platform, score: dict[str, Any], cell: Cell, submitted: datetime | None
) -> None:
    extension = _extension(score)
    kind = extension.get("submission_type", "external_tool")
    if extension.get("new_submission") is False or kind == "none":
        return
    if score["activityProgress"] not in SUBMITTING:
        return
    moment = submitted or datetime.fromtimestamp(platform.now(), UTC)
    at = written(moment.timestamp())
    if cell.submitted_at != at:
        cell.attempts += 1
    data = extension.get("submission_data")
    cell.submitted_at, cell.submission_type = at, str(kind)
    cell.submission_data = str(data) if data is not None else None


def _apply_grade(score: dict[str, Any], item: LineItem, cell: Cell) -> None:
    extension = _extension(score)
    if extension.get("preserve_score") is True:
        return
    if not _counts(score):
        cell.score = cell.entered = cell.source = None
        cell.needs_review = False
        return
    if extension.get("prioritize_non_tool_grade") is True and cell.score is not None:
        return
    given, maximum = float(score["scoreGiven"]), float(score["scoreMaximum"])
    cell.entered = given if maximum == 0 else round(given * item.score_maximum / maximum, 6)
    cell.score = cell.entered
    cell.source, cell.overridden = "tool", False
    cell.needs_review = (
        score["gradingProgress"] == "PendingManual" and score["activityProgress"] in SUBMITTING
    )


def _store_result(score: dict[str, Any], cell: Cell, moment: float) -> None:
    cell.result, cell.stored_at = True, moment
    cell.activity_progress = score["activityProgress"]
    cell.grading_progress = score["gradingProgress"]
    if _sets_grade(score):
        counts = _counts(score)
        cell.result_score = _number(score.get("scoreGiven")) if counts else None
        cell.result_maximum = _number(score.get("scoreMaximum")) if counts else None
    cell.extension = {EXTENSION: _extension(score)} if _extension(score) else {}


def _comment(platform: Platform, score: dict[str, Any], cell: Cell) -> None:
    text = score.get("comment")
    if text:
        cell.comments.append(Comment(str(text), "", platform.now()))
        cell.feedback = str(text)
