"""Copies of courses: what is new, what is carried over, and who is told."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
import requests

from lti_alliance.practice_lms import scopes
from tests.practice_lms.conftest import Bench
from tests.practice_lms.dialog import Pages
from tests.practice_lms.test_canvas_launch import claims_for
from tests.practice_lms.test_canvas_scores import post
from tests.practice_lms.test_faults import moodle_score
from tests.practice_lms.test_moodle_recorded import walk

HANDLER = "http://localhost:8000/lti/notices"
COPY = "LtiContextCopyNotice"
HELLO = "LtiHelloWorldNotice"


def placed(bench: Bench) -> None:
    """Put an activity into the course as the picker does, with custom, resource id and tag."""
    made = {
        "id": "placed",
        "title": "Placed",
        "points": 7,
        "custom": {"activity": "a-9"},
        "resource_id": "a-9",
        "tag": "quiz",
        "due_at": "2031-04-01T12:00:00Z",
    }
    path = f"/_practice/courses/{bench.platform.name}/{bench.course.id}/activities"
    assert bench.client.post(path, json=made).status_code == 201


def copied(bench: Bench, course: str = "", **body: Any) -> Any:
    path = f"/_practice/courses/{bench.platform.name}/{course or bench.course.id}/copy"
    answer = bench.client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return bench.state.courses[answer.json["course"]]


@pytest.mark.parametrize("name", ["canvas", "moodle"])
def test_a_copy(app: Any, clock: Any, tool: Any, name: str) -> None:
    """A copy has new ids and the same contents, and nobody's work."""
    bench = Bench(app, name, clock, tool)
    placed(bench)
    (post if name == "canvas" else moodle_score)(bench)
    source = bench.course
    assert source.cells
    course = copied(bench, title="Next term", code="COUN 6010-2")
    old, new = source.activities["placed"], course.activities["placed"]
    ours, theirs = source.primary_item("placed"), course.primary_item("placed")

    assert course.context_id != source.context_id
    assert course.history == [source.context_id]
    assert (course.title, course.code) == ("Next term", "COUN 6010-2")
    assert course.cells == {}
    assert bench.platform.students(course) == []
    assert len(course.activities) == len(source.activities)
    assert old.resource_link_id != new.resource_link_id
    assert (new.custom, new.due_at, new.points) == ({"activity": "a-9"}, old.due_at, 7)
    assert ours.id != theirs.id
    assert (theirs.resource_id, theirs.tag, theirs.label) == ("a-9", "quiz", "Placed")
    assert theirs.resource_link_id == new.resource_link_id
    again = copied(bench, course.id)
    assert again.history == [course.context_id, source.context_id]


def test_a_copy_is_launched_in_canvas(canvas: Bench) -> None:
    """Canvas: a launch from the copy has the new ids, the old custom, and the history."""
    placed(canvas)
    course = copied(canvas, people=["amara.okafor"])
    claims = claims_for(canvas, "amara.okafor", "placed", course=course.id)
    menu = claims_for(canvas, "amara.okafor", "navigation", course=course.id)
    item = course.primary_item("placed")

    assert claims[scopes.LTI + "context"]["id"] == course.context_id
    assert claims[scopes.LTI + "custom"]["context_history"] == canvas.course.context_id
    assert claims[scopes.LTI + "custom"]["activity"] == "a-9"
    assert claims[scopes.AGS_CLAIM]["lineitem"].endswith(f"/{course.id}/line_items/{item.id}")
    assert claims[scopes.LTI + "deployment_id"] == canvas.state.tool.deployment_id
    assert menu[scopes.LTI + "resource_link"]["id"] == course.context_id
    listed = canvas.call("GET", claims[scopes.AGS_CLAIM]["lineitems"] + "?tag=quiz").json
    assert [each["resourceId"] for each in listed] == ["a-9"]


def test_a_copy_is_launched_in_moodle(moodle: Bench) -> None:
    """Moodle: a launch from the copy has the new ids, the old custom, and the history."""
    placed(moodle)
    course = copied(moodle)
    claims = walk(moodle, "teacher", "placed", course=course.id)

    assert claims[scopes.LTI + "context"]["id"] == course.id
    assert claims[scopes.LTI + "custom"]["context_history"] == "3"
    assert claims[scopes.LTI + "custom"]["activity"] == "a-9"
    assert claims[scopes.LTI + "resource_link"]["id"] != "3"


@pytest.mark.parametrize(("name", "teacher"), [("canvas", "instructor"), ("moodle", "teacher")])
def test_the_teachers_button(app: Any, clock: Any, tool: Any, name: str, teacher: str) -> None:
    """The teacher copies from the course page and then has two courses; a student cannot."""
    bench = Bench(app, name, clock, tool)
    root, courses = f"/{name}/courses", len(bench.state.courses)
    bench.sign_in(teacher)
    page = bench.client.get(f"{root}/{bench.course.id}").text
    answer = bench.client.post(f"{root}/{bench.course.id}/copy", data={"code": "NEW 1"})
    there = bench.client.get(answer.headers["Location"])

    assert f'action="{root}/{bench.course.id}/copy"' in page
    assert answer.status_code == 303
    assert there.status_code == 200
    assert "NEW 1" in bench.client.get(root).text
    bench.sign_in("amara.okafor" if name == "canvas" else "ravi.menon")
    assert bench.client.post(f"{root}/{bench.course.id}/copy").status_code == 403
    assert "NEW 1" not in bench.client.get(root).text
    assert len(bench.client.get(f"/_practice/courses/{name}").json) == courses + 1


def notices_url(bench: Bench, number: str = "318") -> str:
    return f"{bench.platform.root}/api/lti/notice-handlers/{number}"


def subscribe(bench: Bench, kind: str, handler: Any = HANDLER, **more: Any) -> Any:
    token = more.pop("token", None) or bench.token(scopes.NOTICES)
    body = {"notice_type": kind, "handler": handler, **more}
    return bench.call("PUT", notices_url(bench), json_body=body, token=token)


@pytest.fixture
def site(canvas: Bench) -> Pages:
    """The tool's side of notices; the tool may subscribe."""
    canvas.state.tool.scopes.append(scopes.NOTICES)
    site = Pages(200)
    canvas.platform.settings.http.mount(HANDLER, site)
    return site


def test_notice_claim(canvas: Bench, site: Pages) -> None:
    """Canvas: the launch says where to subscribe, if the tool has the scope."""
    claim = claims_for(canvas, "instructor")[scopes.PNS_CLAIM]
    canvas.state.tool.scopes.remove(scopes.NOTICES)

    assert claim["platform_notification_service_url"] == notices_url(canvas)
    assert COPY in claim["notice_types_supported"]
    assert scopes.PNS_CLAIM not in claims_for(canvas, "instructor")


def test_hello_notice(canvas: Bench, site: Pages) -> None:
    """Canvas: subscribing to the greeting sends it at once, signed as a launch is."""
    answer = subscribe(canvas, HELLO, max_batch_size=10)
    token = site.bodies[0]["notices"][0]["jwt"]
    claims = canvas.claims({"id_token": token})

    assert answer.json == {"notice_type": HELLO, "handler": HANDLER, "max_batch_size": 10}
    assert claims["aud"] == canvas.state.tool.client_id
    assert claims["exp"] == claims["iat"] + 3600
    assert claims[scopes.LTI + "notice"]["type"] == HELLO
    assert claims[scopes.LTI + "deployment_id"] == canvas.state.tool.deployment_id
    assert claims[scopes.LTI + "version"] == "1.3.0"
    assert "sub" not in claims
    assert jwt.get_unverified_header(token)["kid"]


def test_copy_notice(canvas: Bench, site: Pages) -> None:
    """Canvas: a copy is told once, with both contexts, and not again when the tool fails."""
    subscribe(canvas, COPY)
    site.status = 500
    course = copied(canvas)
    claims = canvas.claims({"id_token": site.bodies[0]["notices"][0]["jwt"]})

    assert len(site.asked) == 1
    assert claims[scopes.LTI + "notice"]["type"] == COPY
    assert claims[scopes.LTI + "context"]["id"] == course.context_id
    assert claims[scopes.LTI + "origin_contexts"] == [canvas.course.context_id]
    shown = canvas.client.get("/_practice/messages").json[0]
    assert (shown["kind"], shown["status"]) == (f"Notice: {COPY}", 500)


def test_notice_twice_never_and_unheard(canvas: Bench, site: Pages) -> None:
    """Canvas: the mood sends a notice twice or never; one that nobody takes harms nothing."""
    subscribe(canvas, COPY)
    for times in (2, 0):
        canvas.client.post("/_practice/switches/canvas", json={"notice_times": times})
        copied(canvas)
    assert len(site.asked) == 2
    canvas.client.post("/_practice/switches/canvas", json={"notice_times": 1})
    site.send = fail  # type: ignore[method-assign]
    copied(canvas)

    assert canvas.client.get("/_practice/messages").json[0]["answered"] == "ConnectionError"


def fail(*_: Any, **__: Any) -> Any:
    raise requests.ConnectionError


def test_subscriptions(canvas: Bench, site: Pages) -> None:
    """Canvas: one handler for each type; an empty one ends it."""
    subscribe(canvas, COPY, HANDLER + "/1")
    subscribe(canvas, COPY, HANDLER + "/2")
    url, token = notices_url(canvas), canvas.token(scopes.NOTICES)
    listed = canvas.call("GET", url, token=token).json
    subscribe(canvas, COPY, "")
    copied(canvas)

    assert listed["client_id"] == canvas.state.tool.client_id
    assert {"notice_type": COPY, "handler": HANDLER + "/2"} in listed["notice_handlers"]
    assert site.asked == []


@pytest.mark.parametrize(
    ("kind", "handler", "more"),
    [
        ("LtiOtherNotice", HANDLER, {}),
        (COPY, "http://else.example/notices", {}),
        (COPY, None, {}),
        (COPY, HANDLER, {"max_batch_size": 0}),
    ],
)
def test_bad_subscriptions(
    canvas: Bench, site: Pages, kind: str, handler: Any, more: dict[str, Any]
) -> None:
    """Canvas: an unknown type, another site's address, no address, no batch are 400."""
    assert subscribe(canvas, kind, handler, **more).status_code == 400
    assert canvas.state.tool.notice_handlers == {}


def test_gates_of_notices(canvas: Bench, site: Pages) -> None:
    """Canvas: 401 without the scope, 403 at another tool's number, 404 at none's."""
    scoreless = canvas.token(scopes.SCORE)
    canvas.state.pending_tools["x"] = type(canvas.state.tool).from_json(
        {**canvas.state.tool.to_json(), "deployment_id": "319"}
    )
    token = canvas.token(scopes.NOTICES)
    statuses = [
        canvas.call("GET", notices_url(canvas, each), token=token).status_code
        for each in ("318", "319", "320")
    ]

    assert subscribe(canvas, COPY, token=scoreless).status_code == 401
    assert statuses == [200, 403, 404]
    url = notices_url(canvas)
    assert canvas.call("PUT", url, token=token, data="no json").status_code == 400
