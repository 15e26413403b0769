"""Looking at a submission: Moodle's review message, Canvas's ordinary launch at an address."""

from __future__ import annotations

from typing import Any

import pytest

from lti_alliance.practice_lms import scopes
from lti_alliance.practice_lms.state import Activity, LineItem
from tests.practice_lms.conftest import Bench, recorded
from tests.practice_lms.forms import form_of
from tests.practice_lms.test_canvas_launch import PLACEMENT, asked, outcome
from tests.practice_lms.test_canvas_scores import EXT, item_of, post
from tests.practice_lms.test_moodle_recorded import filled, request_of, world

__all__ = ["world"]
URL = "http://localhost:8000/lti/launch?attempt=a1"
PAGE = "/canvas/courses/77/activities/taster/submission"
LTI = scopes.LTI
TOOL = "http://localhost:9001/launch/"


def submitted(bench: Bench, url: str = URL) -> None:
    post(bench, **{EXT: {"submission_type": "basic_lti_launch", "submission_data": url}})


def canvas_claims(bench: Bench, path: str) -> dict[str, Any]:
    answer = bench.client.get(path)
    assert answer.status_code == 200
    return bench.claims(outcome(bench, asked(form_of(answer.text)[1])))


@pytest.mark.parametrize("who", ["instructor", "assistant", "amara.okafor"])
def test_canvas_opens_the_address(canvas: Bench, who: str) -> None:
    """Canvas: grader and student get an ordinary launch whose link is the course itself."""
    submitted(canvas)
    canvas.sign_in(who)
    graders = f"/canvas/courses/77/gradebook/{item_of(canvas).id}/amara.okafor/launch"
    claims = canvas_claims(canvas, PAGE + "/launch" if who == "amara.okafor" else graders)

    assert claims[LTI + "message_type"] == "LtiResourceLinkRequest"
    assert claims[LTI + "target_link_uri"] == URL
    assert claims["sub"] == canvas.state.people[who].sub
    assert claims[LTI + "resource_link"]["id"] == canvas.course.context_id
    assert claims[LTI + "context"]["id"] == canvas.course.context_id
    assert "lineitem" not in claims[scopes.AGS_CLAIM]
    assert claims[PLACEMENT] is None
    assert LTI + "for_user" not in claims
    number = str(canvas.course.activities["taster"].number)
    assert claims[LTI + "custom"]["canvas_assignment_id"] == number


def test_canvas_students_page(canvas: Bench) -> None:
    """Canvas: students have a page of their own submission once there is one, and of no other."""
    canvas.sign_in("amara.okafor")
    assert canvas.client.get(PAGE).status_code == 404
    submitted(canvas)
    page = canvas.client.get(PAGE).text

    assert f'src="{PAGE}/launch"' in page
    assert f'href="{PAGE}"' in canvas.client.get(PAGE.removesuffix("/submission")).text
    canvas.sign_in("mateo.quispe")
    assert canvas.client.get(PAGE).status_code == 404
    canvas.sign_in("instructor")
    assert canvas.client.get(PAGE).status_code == 403


def test_canvas_foreign_submission(canvas: Bench) -> None:
    """Canvas: an address that is not the tool's opens nothing."""
    submitted(canvas, "http://else.example/x")
    canvas.sign_in("amara.okafor")

    assert canvas.client.get(PAGE).status_code == 404


def test_leafing_through(canvas: Bench) -> None:
    """The grader leafs from student to student."""
    canvas.sign_in("instructor")
    column = f"/canvas/courses/77/gradebook/{item_of(canvas).id}"
    first = canvas.client.get(f"{column}/amara.okafor").text
    second = canvas.client.get(f"{column}/mateo.quispe").text

    assert f'href="{column}/mateo.quispe" rel="next"' in first
    assert 'rel="prev"' not in first
    assert f'href="{column}/amara.okafor" rel="prev"' in second


RECORDED = recorded("moodle_submission_review")
CASES = {"deep_linked_with_submissionReview": ("4", "ann"), "plain_link": ("1", "ben")}
CUSTOM_OF_TOOL = {
    "site_wide": "yes",
    "CamelCase": "kept",
    "history": "$Context.id.history",
    "username": "$User.username",
    "col": "$LineItem.url",
    "rl": "$ResourceLink.id",
    "due": "$ResourceLink.submission.endDateTime",
    "available": "$ResourceLink.available.startDateTime",
    "course_start": "$CourseSection.timeFrame.begin",
    "clash": "from tool",
    "membership": "$Membership.role",
    "groups": "$Moodle.Person.userGroupIds",
}


def add_recorded_links(world: Bench) -> None:
    """Put the recorded links into the recorded course."""
    world.state.tool.custom = dict(CUSTOM_OF_TOOL)
    world.state.tool.target_link_uri = TOOL
    world.course.activities["link1"].custom = {
        "difficulty": "normal",
        "dialogue": "D-17",
        "clash": "from link",
    }
    custom = {
        "dialogue": "A-1",
        "difficulty": "easy",
        "number": "5",
        "flag": "1",
        "MixedCase": "x=y",
    }
    made = Activity("link4", 4, "Dialogue A", "assignment", "4", TOOL + "?difficulty=easy")
    made.description, made.custom = "<p>Please <strong>practise</strong></p>", custom
    world.course.activities["link4"] = made
    world.course.line_items["10"] = LineItem(
        10,
        "Dialogue A",
        40,
        activity_id="link4",
        resource_link_id="4",
        coupled=True,
        review_url=TOOL + "?review=1",
        review_custom={"rev": "1"},
    )


@pytest.mark.parametrize("case", list(CASES))
def test_moodle_recorded_review(world: Bench, case: str) -> None:
    """Moodle: the recorded review messages, from the grade report's own address."""
    add_recorded_links(world)
    number, student = CASES[case]
    record = filled(world, RECORDED[case])
    world.sign_in("tess")
    user = world.state.people[student].sub
    page = world.client.get(f"/moodle/mod/lti/view.php?id={number}&action=gradeReport&user={user}")
    answer = world.client.get(page.headers["Location"] + "/launch")
    fields = form_of(answer.text)[1]
    claims = world.claims(
        form_of(world.client.get("/moodle/mod/lti/auth.php", query_string=request_of(fields)).text)[
            1
        ]
    )
    expected = record["claims"]

    assert fields["target_link_uri"] == record["login"]["target_link_uri"][0]
    assert fields["login_hint"] == record["login"]["login_hint"][0]
    assert claims[LTI + "message_type"] == "LtiSubmissionReviewRequest"
    assert set(claims) == set(expected)
    same = ("for_user", "resource_link", "target_link_uri", "roles", "context", "deployment_id")
    for name in same:
        assert claims[LTI + name] == expected[LTI + name]
    assert claims[scopes.AGS_CLAIM]["lineitem"] == expected[scopes.AGS_CLAIM]["lineitem"]
    assert claims[LTI + "custom"] == expected[LTI + "custom"]


def test_moodle_review_page(moodle: Bench) -> None:
    """Moodle: the grade's page frames the review; a second column takes its own address away."""
    item = moodle.course.primary_item("taster")
    item.review_url = "http://localhost:8000/lti/launch?review=1"
    moodle.sign_in("teacher")
    path = f"/moodle/courses/3/gradebook/{item.id}/ravi.menon"
    with_own = form_of(moodle.client.get(path + "/launch").text)[1]
    second = LineItem(99, "More", 5, resource_link_id=item.resource_link_id, primary=False)
    moodle.course.line_items["99"] = second
    without = form_of(moodle.client.get(path + "/launch").text)[1]

    assert f'src="{path}/launch"' in moodle.client.get(path).text
    assert with_own["target_link_uri"] == item.review_url
    assert without["target_link_uri"] == moodle.state.tool.target_link_uri


def test_moodles_own_addresses(moodle: Bench) -> None:
    """Moodle: view.php leads to the activity; for one that is not there, nowhere."""
    number = moodle.course.activities["taster"].number
    answer = moodle.client.get(f"/moodle/mod/lti/view.php?id={number}")

    assert answer.headers["Location"] == "/moodle/courses/3/activities/taster"
    assert moodle.client.get("/moodle/mod/lti/view.php?id=999").status_code == 404
    report = f"/moodle/mod/lti/view.php?id={number}&action=gradeReport&user=999"
    assert moodle.client.get(report).status_code == 404
