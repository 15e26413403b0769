"""Canvas's score service: every row of its checks and effects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lti_alliance.practice_lms import scopes
from lti_alliance.practice_lms.state import LineItem
from tests.practice_lms.conftest import Bench

EXT = "https://canvas.instructure.com/lti/submission"


def iso(bench: Bench, shift: float = 0) -> str:
    moment = datetime.fromtimestamp(bench.clock.now() + shift, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def item_of(bench: Bench, activity: str = "taster") -> LineItem:
    return bench.course.primary_item(activity)


def scores_url(bench: Bench, activity: str = "taster") -> str:
    item = item_of(bench, activity)
    return f"{bench.platform.root}/api/lti/courses/77/line_items/{item.id}/scores"


def body(bench: Bench, person: str = "amara.okafor", /, **changed: Any) -> dict[str, Any]:
    made = {
        "userId": bench.state.people[person].sub,
        "scoreGiven": 3,
        "scoreMaximum": 5,
        "timestamp": iso(bench),
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        **changed,
    }
    return {name: value for name, value in made.items() if value is not ...}


def post(bench: Bench, activity: str = "taster", /, **changed: Any) -> Any:
    return bench.post_score(scores_url(bench, activity), body(bench, **changed))


def cell_of(bench: Bench, activity: str = "taster", person: str = "amara.okafor") -> Any:
    return bench.course.find_cell(item_of(bench, activity).id, person)


def error_of(answer: Any) -> str:
    return answer.json["errors"]["message"]


def test_a_score_is_taken(canvas: Bench) -> None:
    """Canvas: success is 200 with the score type, a result URL and the extension."""
    answer = post(canvas)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(scopes.SCORE_TYPE)
    assert answer.json[EXT] == {"content_items": []}
    assert "/results/" in answer.json["resultUrl"]
    assert cell_of(canvas).score == 3


def test_plain_json_is_accepted(canvas: Bench) -> None:
    """Canvas: application/json bodies are accepted too."""
    answer = canvas.post_score(scores_url(canvas), body(canvas), content_type="application/json")

    assert answer.status_code == 200


def test_line_item_must_exist(canvas: Bench) -> None:
    """Canvas: an unknown line item is 404, in the framework's list form."""
    url = f"{canvas.platform.root}/api/lti/courses/77/line_items/9999/scores"
    answer = canvas.post_score(url, body(canvas))

    assert answer.status_code == 404
    assert answer.json["errors"][0]["message"] == "The specified resource does not exist."


def test_line_item_of_a_deleted_assignment(canvas: Bench) -> None:
    """Canvas: the line item of a deleted assignment is 404."""
    canvas.course.activities["taster"].deleted = True

    assert post(canvas).status_code == 404


def test_line_item_of_another_client(canvas: Bench) -> None:
    """Canvas: a line item of another client is 412."""
    item_of(canvas).client_id = "999"

    assert post(canvas).status_code == 412


@pytest.mark.parametrize("person", ["instructor", "assistant", "designer", "observer", "admin"])
def test_only_students_are_graded(canvas: Bench, person: str) -> None:
    """Canvas: whoever is not an active student gets 422."""
    answer = canvas.post_score(scores_url(canvas), body(canvas, person))

    assert answer.status_code == 422
    assert error_of(answer) == "User not found in course or is not a student"


def test_unknown_and_legacy_ids_are_no_students(canvas: Bench) -> None:
    """Canvas: unknown ids and the 40-hex id are 422; the integer id is accepted."""
    person = canvas.state.people["amara.okafor"]

    assert post(canvas, userId="nobody").status_code == 422
    assert post(canvas, userId=person.legacy_id).status_code == 422
    assert post(canvas, userId=str(person.number)).status_code == 200


def test_students_must_be_active(canvas: Bench) -> None:
    """Canvas: an ended enrolment or an unpublished course is 422."""
    canvas.course.enrolments["amara.okafor"].ended = True
    ended = post(canvas).status_code
    canvas.course.enrolments["amara.okafor"].ended = False
    canvas.course.published = False

    assert (ended, post(canvas).status_code) == (422, 422)


def test_test_student(canvas: Bench) -> None:
    """Canvas: the test student is accepted today and was refused with 422 before."""
    url = scores_url(canvas)
    now = canvas.post_score(url, body(canvas, "test.student")).status_code
    canvas.state.switches.test_student_gradable = False
    before = canvas.post_score(url, body(canvas, "test.student")).status_code

    assert (now, before) == (200, 422)


@pytest.mark.parametrize("name", ["activityProgress", "gradingProgress", "timestamp"])
def test_members_must_be_present(canvas: Bench, name: str) -> None:
    """Canvas: a missing member is 400 and named."""
    answer = post(canvas, **{name: ...})

    assert answer.status_code == 400
    assert error_of(answer) == f"{name} is missing"


def test_missing_user_is_found_first(canvas: Bench) -> None:
    """Canvas: the student is looked for before members are, so no userId is 422."""
    assert post(canvas, userId=...).status_code == 422


def test_unpublished_assignment(canvas: Bench) -> None:
    """Canvas: an unpublished assignment is 422."""
    canvas.course.activities["taster"].published = False
    answer = post(canvas)

    assert answer.status_code == 422
    assert "unpublished" in error_of(answer)


def test_timestamp_must_parse(canvas: Bench) -> None:
    """Canvas: a timestamp that is none is 400."""
    assert post(canvas, timestamp="yesterday").status_code == 400


def test_timestamp_must_not_be_earlier(canvas: Bench) -> None:
    """Canvas: an earlier timestamp than the stored one is 400, by the millisecond."""
    post(canvas, timestamp=iso(canvas, 0.002))

    assert post(canvas, timestamp=iso(canvas, 0.001)).status_code == 400


def test_equal_timestamp_is_accepted(canvas: Bench) -> None:
    """Canvas: an equal timestamp is accepted."""
    first = post(canvas)
    second = post(canvas, scoreGiven=4)

    assert (first.status_code, second.status_code) == (200, 200)
    assert cell_of(canvas).score == 4


@pytest.mark.parametrize("maximum", [..., -1, 0, "many"])
def test_score_maximum(canvas: Bench, maximum: Any) -> None:
    """Canvas: a counting score needs a maximum above nought."""
    assert post(canvas, scoreMaximum=maximum).status_code == 422


def test_score_maximum_of_nothing(canvas: Bench) -> None:
    """Canvas: maximum 0 is fine where the line item's own is 0; nothing is scaled then."""
    item_of(canvas).score_maximum = 0
    answer = post(canvas, scoreMaximum=0, scoreGiven=3)

    assert answer.status_code == 200
    assert cell_of(canvas).score == 3


def test_score_maximum_without_score(canvas: Bench) -> None:
    """Canvas: without a counting score the maximum is not looked at."""
    answer = post(canvas, scoreMaximum=..., scoreGiven=..., gradingProgress="Pending")

    assert answer.status_code == 200


def test_negative_score(canvas: Bench) -> None:
    """Canvas: a negative score is 422."""
    assert post(canvas, scoreGiven=-1).status_code == 422


def test_extra_credit(canvas: Bench) -> None:
    """Canvas: more than the maximum is accepted."""
    post(canvas, scoreGiven=6)

    assert cell_of(canvas).score == 6


@pytest.mark.parametrize("ext", [True, False])
def test_submitted_at(canvas: Bench, ext: bool) -> None:
    """Canvas: a submission time must parse and be at most a minute ahead."""

    def send(text: str) -> int:
        if ext:
            return post(canvas, **{EXT: {"submitted_at": text}}).status_code
        return post(canvas, submission={"submittedAt": text}).status_code

    assert send("soon") == 400
    assert send(iso(canvas, 61)) == 400
    assert send(iso(canvas, 59)) == 200


def test_upload_needs_files(canvas: Bench) -> None:
    """Canvas: online_upload without files is 422."""
    assert post(canvas, **{EXT: {"submission_type": "online_upload"}}).status_code == 422


def test_attempts_used_up(canvas: Bench) -> None:
    """Canvas: a used-up attempt limit refuses every post that does not opt out."""
    canvas.course.activities["taster"].allowed_attempts = 1
    submitted = {"submittedAt": iso(canvas, -5)}
    assert post(canvas, submission=submitted).status_code == 200

    progress = post(canvas, activityProgress="InProgress")
    assert progress.status_code == 422
    assert "allowed attempts" in error_of(progress)
    assert post(canvas, **{EXT: {"new_submission": False}}).status_code == 200
    assert post(canvas, **{EXT: {"submission_type": "none"}}).status_code == 200
    assert post(canvas, submission=submitted).status_code == 200
    assert cell_of(canvas).attempts == 1


def test_closed_grading_period(canvas: Bench) -> None:
    """Canvas: a closed grading period is 422."""
    canvas.course.activities["taster"].grading_closed = True
    answer = post(canvas)

    assert answer.status_code == 422
    assert error_of(answer).startswith("Cannot grade this submission at this time")


def test_bad_enum_leaves_a_submission(canvas: Bench) -> None:
    """Canvas: a bad enum is 422 after the submission was recorded, and leaves no result."""
    answer = post(canvas, gradingProgress="Perfect")
    cell = cell_of(canvas)

    assert answer.status_code == 422
    assert (cell.attempts, cell.result, cell.score) == (1, False, None)


@pytest.mark.parametrize(
    ("changes", "recorded"),
    [
        ({}, True),
        ({"activityProgress": "Submitted"}, True),
        ({"activityProgress": "InProgress"}, False),
        ({EXT: {"new_submission": False}}, False),
        ({EXT: {"submission_type": "none"}}, False),
    ],
)
def test_when_a_submission_is_recorded(
    canvas: Bench, changes: dict[str, Any], recorded: bool
) -> None:
    """Canvas: a submission is recorded when submitted or completed, unless opted out."""
    assert post(canvas, **changes).status_code == 200

    assert (cell_of(canvas).attempts == 1) is recorded


def test_submission_time_and_attempts(canvas: Bench) -> None:
    """Canvas: the same submission time is the same attempt; no time means now."""
    early = {"submittedAt": iso(canvas, -60)}
    post(canvas, submission=early)
    post(canvas, submission=early)
    assert (cell_of(canvas).attempts, cell_of(canvas).submitted_at) == (1, early["submittedAt"])

    canvas.clock.time += 10
    post(canvas)
    assert (cell_of(canvas).attempts, cell_of(canvas).submitted_at) == (2, iso(canvas))


def test_recording_clears_the_earlier_submission(canvas: Bench) -> None:
    """Canvas: basic_lti_launch keeps the URL, and a later recording with a type clears it."""
    launch = {"submission_type": "basic_lti_launch", "submission_data": "http://localhost:8000/x"}
    post(canvas, submission={"submittedAt": iso(canvas, -9)}, **{EXT: launch})
    kept = (cell_of(canvas).submission_type, cell_of(canvas).submission_data)
    post(canvas, submission={"submittedAt": iso(canvas, -8)})

    assert kept == ("basic_lti_launch", "http://localhost:8000/x")
    assert (cell_of(canvas).submission_type, cell_of(canvas).submission_data) == (
        "external_tool",
        None,
    )


def test_late_by_submission_time(canvas: Bench) -> None:
    """Canvas: lateness goes by the submission time, not by the time of grading."""
    canvas.course.activities["taster"].due_at = iso(canvas, -30)
    post(canvas, submission={"submittedAt": iso(canvas, -60)})
    in_time = cell_of(canvas).late
    canvas.clock.time += 1
    post(canvas)

    assert (in_time, cell_of(canvas).late) == (False, True)


def test_scaled_to_the_line_item(canvas: Bench) -> None:
    """Canvas: the gradebook shows scoreGiven times the line item's maximum by scoreMaximum."""
    post(canvas, scoreGiven=50, scoreMaximum=100)

    assert (cell_of(canvas).score, cell_of(canvas).source) == (2.5, "tool")


def test_pending_manual_needs_review(canvas: Bench) -> None:
    """Canvas: PendingManual with a score sets it and shows that review is needed."""
    post(canvas, gradingProgress="PendingManual", activityProgress="Submitted")

    assert (cell_of(canvas).score, cell_of(canvas).needs_review) == (3, True)


@pytest.mark.parametrize("grading", ["FullyGraded", "PendingManual"])
def test_no_score_clears(canvas: Bench, grading: str) -> None:
    """Canvas: FullyGraded or PendingManual without a score clears the existing one."""
    post(canvas)
    post(canvas, gradingProgress=grading, scoreGiven=...)

    assert cell_of(canvas).score is None


@pytest.mark.parametrize("grading", ["NotReady", "Failed", "Pending"])
@pytest.mark.parametrize("given", [3, ...])
def test_status_posts_clear(canvas: Bench, grading: str, given: Any) -> None:
    """Canvas: NotReady, Failed and Pending clear the existing score."""
    post(canvas)
    post(canvas, gradingProgress=grading, scoreGiven=given)

    assert cell_of(canvas).score is None


@pytest.mark.parametrize("grading", ["FullyGraded", "PendingManual", "NotReady"])
@pytest.mark.parametrize("given", [1, ...])
def test_preserve_score(canvas: Bench, grading: str, given: Any) -> None:
    """Canvas: preserve_score leaves the score alone, whatever else is said."""
    post(canvas)
    post(canvas, gradingProgress=grading, scoreGiven=given, **{EXT: {"preserve_score": True}})

    assert cell_of(canvas).score == 3


def test_prioritize_non_tool_grade(canvas: Bench) -> None:
    """Canvas: prioritize_non_tool_grade keeps any present score, even the tool's own."""
    extension = {EXT: {"prioritize_non_tool_grade": True}}
    post(canvas, **extension)
    post(canvas, scoreGiven=4, **extension)

    assert cell_of(canvas).score == 3


def test_comments_are_appended(canvas: Bench) -> None:
    """Canvas: every post with a comment appends it, repeated ones too."""
    post(canvas, comment="Good")
    post(canvas, comment="Good")
    post(canvas, comment="")

    assert [each.text for each in cell_of(canvas).comments] == ["Good", "Good"]


def test_further_line_items_do_not_drive_the_grade(canvas: Bench) -> None:
    """Canvas: an assignment's second line item only stores a result."""
    first = item_of(canvas)
    extra = LineItem(
        9001,
        "Extra",
        10,
        activity_id="taster",
        resource_link_id=first.resource_link_id,
        primary=False,
        client_id=first.client_id,
    )
    canvas.course.line_items["9001"] = extra
    url = f"{canvas.platform.root}/api/lti/courses/77/line_items/9001/scores"
    answer = canvas.post_score(url, body(canvas, comment="hm"))
    cell = canvas.course.find_cell(9001, "amara.okafor")

    assert answer.status_code == 200
    assert cell_of(canvas) is None
    assert (cell.result, cell.attempts, cell.score, cell.comments) == (True, 0, None, [])


def test_due_date_does_not_block(canvas: Bench) -> None:
    """Canvas: neither due date nor "available until" stops a score."""
    activity = canvas.course.activities["taster"]
    activity.due_at = activity.lock_at = iso(canvas, -3600)

    assert post(canvas).status_code == 200
