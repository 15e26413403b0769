"""Deep linking responses: what each platform checks and what it then makes."""

from __future__ import annotations

from typing import Any

import pytest

from lti_alliance.practice_lms import scopes
from lti_alliance.practice_lms.dialects.canvas_claims import DEEP_LINKING
from tests.practice_lms.conftest import Bench
from tests.practice_lms.forms import form_of
from tests.practice_lms.test_canvas_launch import claims_for
from tests.practice_lms.test_moodle_recorded import request_of

ITEMS = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"
ITEM = {
    "type": "ltiResourceLink",
    "title": "Picked",
    "url": "http://localhost:8000/lti/launch?activity=a",
    "custom": {"activity": "a", "timed": True, "nested": {"x": 1}},
    "lineItem": {"scoreMaximum": 12, "label": "Column", "resourceId": "a", "tag": "quiz"},
}


def response(bench: Bench, items: list[Any], **changed: Any) -> dict[str, Any]:
    client = bench.state.tool.client_id
    now = int(bench.clock.now())
    claims = {
        "iss": client,
        "aud": bench.state.issuer,
        "iat": now - 3,
        "exp": now + 60,
        "nonce": "x",
        ITEMS: items,
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}


def canvas_url(bench: Bench) -> str:
    claims = claims_for(bench, "instructor", "taster", kind="deep_linking")
    settings = claims[DEEP_LINKING]
    assert "data" not in settings
    assert scopes.LTI + "resource_link" not in claims
    return bench.local(settings["deep_link_return_url"])


def test_canvas_makes_an_assignment(canvas: Bench) -> None:
    """Canvas: the item's label, points, custom, resourceId and tag go into the assignment."""
    url = canvas_url(canvas)
    token = canvas.tool.sign(response(canvas, [ITEM]))
    answer = canvas.client.post(url, data={"JWT": token})
    activity = next(each for each in canvas.course.activities.values() if each.title == "Column")
    item = canvas.course.primary_item(activity.id)

    assert answer.status_code == 200
    assert activity.custom == {"activity": "a", "timed": "true"}
    assert (activity.url, activity.points) == (ITEM["url"], 12)
    assert (item.resource_id, item.tag, item.coupled) == ("a", "quiz", True)
    again = canvas.client.post(url, data={"JWT": token})
    assert again.status_code == 400
    assert again.json["errors"]["data_jwt"]


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"iss": "999"}, "Client not found"),
        ({"aud": "https://else.example"}, "the 'aud' is invalid"),
        ({"exp": 1}, "expired"),
        ({"iat": 1}, "iat"),
        ({"nonce": None}, "nonce"),
    ],
)
def test_canvas_refusals(canvas: Bench, changed: dict[str, Any], part: str) -> None:
    """Canvas: a faulty response is 400 with its fault, and the data stays unused."""
    url = canvas_url(canvas)
    token = canvas.tool.sign(response(canvas, [ITEM], **changed))
    answer = canvas.client.post(url, data={"JWT": token})

    assert answer.status_code == 400
    assert part in answer.json["errors"]["jwt"][0]["message"]
    good = canvas.tool.sign(response(canvas, []))
    assert canvas.client.post(url, data={"JWT": good}).status_code == 200


def test_canvas_wants_a_teacher(canvas: Bench) -> None:
    """Canvas: the browser that brings the response must be allowed to add content."""
    url = canvas_url(canvas)
    canvas.sign_in("amara.okafor")
    token = canvas.tool.sign(response(canvas, [ITEM]))

    assert canvas.client.post(url, data={"JWT": token}).status_code == 401


def moodle_url(bench: Bench) -> str:
    bench.sign_in("teacher")
    fields = bench.launch("teacher", None, kind="deep_linking")
    page = bench.client.get("/moodle/mod/lti/auth.php", query_string=request_of(fields)).text
    settings = bench.claims(form_of(page)[1])[DEEP_LINKING]
    return bench.local(settings["deep_link_return_url"])


def test_moodle_makes_activities(moodle: Bench) -> None:
    """Moodle: the column is named after the activity, lineItem.label is ignored, true is 1."""
    plain = {"type": "ltiResourceLink", "title": "Plain"}
    token = moodle.tool.sign(response(moodle, [ITEM, plain]))
    answer = moodle.client.post(moodle_url(moodle), data={"JWT": token})
    made = {each.title: each for each in moodle.course.activities.values()}
    item = moodle.course.primary_item(made["Picked"].id)

    assert answer.status_code == 200
    assert (item.label, item.score_maximum, item.tag) == ("Picked", 12, "quiz")
    assert made["Picked"].custom["timed"] == "1"
    assert moodle.course.primary_item(made["Plain"].id) is None


@pytest.mark.parametrize(
    ("changed", "part"),
    [({"iss": "http://localhost:8000"}, "Consumer key is incorrect."), ({"exp": 5}, "Expired")],
)
def test_moodle_refusals(moodle: Bench, changed: dict[str, Any], part: str) -> None:
    """Moodle: the issuer must be the client id; time and signature are checked, aud is not."""
    url = moodle_url(moodle)
    token = moodle.tool.sign(response(moodle, [ITEM], aud="anything", **changed))
    answer = moodle.client.post(url, data={"JWT": token})

    assert answer.status_code == 404
    assert part in answer.text
