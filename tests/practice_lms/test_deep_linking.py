"""Deep linking: what each platform asks, checks, fills in and makes."""

from __future__ import annotations

from typing import Any

import pytest

from lti_alliance.practice_lms import scopes
from lti_alliance.practice_lms.dialects.canvas_claims import DEEP_LINKING, PLACEMENT
from lti_alliance.practice_lms.tools import Placement
from tests.practice_lms.conftest import Bench, recorded
from tests.practice_lms.dialog import (
    Pages,
    next_page,
    request_claims,
    respond,
    response,
    return_url,
)
from tests.practice_lms.forms import panel_of
from tests.practice_lms.test_canvas_launch import claims_for
from tests.practice_lms.test_moodle_recorded import filled, walk, world

__all__ = ["world"]
PRESERVE = scopes.CANVAS_OWN + "preserveExistingAssignmentName"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
ITEM = {
    "type": "ltiResourceLink",
    "title": "Picked",
    "text": "<p>Read it</p>",
    "url": "http://localhost:8000/lti/launch?activity=a",
    "custom": {"activity": "a", "timed": True, "number": 5, "nested": {"x": 1}},
    "window": {"targetName": "_blank"},
    "iframe": {"width": 800, "height": 600},
    "lineItem": {"scoreMaximum": 12, "label": "Column", "resourceId": "a", "tag": "quiz"},
    "available": {"startDateTime": "2031-04-01T00:00:00Z", "endDateTime": "2031-05-01T00:00:00Z"},
    "submission": {"endDateTime": "2031-04-20T00:00:00Z"},
}
LINK = {"type": "ltiResourceLink", "title": "A reading", "custom": {"reading": "r"}}


def by_title(bench: Bench, title: str) -> Any:
    return next((e for e in bench.course.activities.values() if e.title == title), None)


@pytest.mark.parametrize(
    ("placement", "multiple", "creates"),
    [
        ("assignment_selection", False, False),
        ("link_selection", True, False),
        ("course_assignments_menu", True, False),
        ("module_index_menu_modal", True, True),
        ("module_menu_modal", True, True),
    ],
)
def test_canvas_request(canvas: Bench, placement: str, multiple: bool, creates: bool) -> None:
    """Canvas: each placement says what it accepts; the state is in the return address alone."""
    claims = request_claims(canvas, placement=placement)
    settings = claims[DEEP_LINKING]

    assert claims[PLACEMENT] == placement
    assert settings["accept_types"] == ["ltiResourceLink"]
    assert (settings["accept_multiple"], settings["auto_create"]) == (multiple, creates)
    assert settings["accept_presentation_document_targets"] == ["iframe", "window"]
    assert "?data=" in settings["deep_link_return_url"]
    assert not {"data", "accept_lineitem"} & set(settings)
    assert scopes.LTI + "resource_link" not in claims


def test_canvas_pages(canvas: Bench) -> None:
    """Canvas: the teacher chooses where to begin; the dialog is a frame; students have neither."""
    canvas.sign_in("instructor")
    where = canvas.client.get("/canvas/courses/77/add").text
    dialog = canvas.client.get("/canvas/courses/77/add?placement=course_assignments_menu").text
    strange = canvas.client.get("/canvas/courses/77/add/launch?placement=editor_button")
    canvas.sign_in("amara.okafor")

    assert where.count('name="placement"') == 5
    assert 'src="/canvas/courses/77/add/launch?placement=course_assignments_menu"' in dialog
    assert strange.status_code == 404
    assert canvas.client.get("/canvas/courses/77/add").status_code == 403


def test_canvas_offers_what_was_registered(canvas: Bench) -> None:
    """Canvas: a placement that the tool has not, or has for other messages, is not offered."""
    canvas.state.tool.placements = {
        "link_selection": Placement(
            "link_selection", "LtiDeepLinkingRequest", custom={"where": "here"}
        ),
        "assignment_selection": Placement("assignment_selection", "LtiResourceLinkRequest"),
    }
    claims = request_claims(canvas, placement="link_selection")
    where = canvas.client.get("/canvas/courses/77/add").text
    refused = canvas.client.get("/canvas/courses/77/add/launch?placement=assignment_selection")
    asked = {"platform": "canvas", "person": "instructor", "kind": "deep_linking"}

    assert claims[scopes.LTI + "custom"]["where"] == "here"
    assert "where" not in claims_for(canvas, "instructor")[scopes.LTI + "custom"]
    assert where.count('name="placement"') == 1
    assert refused.status_code == 404
    assert canvas.client.post("/_practice/launch", json=asked).status_code == 404


def test_canvas_fills_the_assignment_form(canvas: Bench) -> None:
    """Canvas: name, points, new tab are filled in, dates are not; only saving makes something."""
    before = len(canvas.course.activities)
    answer = respond(canvas, [ITEM, LINK])
    form = next_page(answer)
    page = canvas.client.get(form).text
    fields = panel_of(page)

    assert len(canvas.course.activities) == before
    assert fields == {
        "title": "Column",
        "points": "12",
        "new_tab": "yes",
        "unlock_at": "",
        "due_at": "",
        "lock_at": "",
    }
    sent = {**fields, "points": "15", "due_at": "2031-04-18T06:59:59Z", "publish": "yes"}
    saved = canvas.client.post(form, data=sent)
    activity = by_title(canvas, "Column")
    item = canvas.course.primary_item(activity.id)
    assert saved.headers["Location"] == f"/canvas/courses/77/activities/{activity.id}"
    assert (activity.points, activity.published, activity.new_tab) == (15, True, True)
    assert activity.custom == {"activity": "a", "timed": "true", "number": "5"}
    assert (activity.unlock_at, activity.due_at) == (None, "2031-04-18T06:59:59Z")
    assert (item.resource_id, item.tag, item.coupled, item.label) == ("a", "quiz", True, "Column")
    assert canvas.client.post(form, data=sent).status_code == 404
    claims = claims_for(canvas, "amara.okafor", activity.id)
    custom = claims[scopes.LTI + "custom"]
    assert claims[scopes.LTI + "target_link_uri"] == ITEM["url"]
    assert claims[scopes.LTI + "resource_link"]["id"] == activity.resource_link_id
    assert claims[scopes.LTI + "launch_presentation"]["width"] == 800
    assert (custom["activity"], custom["due_at"]) == ("a", "2031-04-18T06:59:59Z")
    assert custom["lock_at"] == "$Canvas.assignment.lockAt.iso8601"


def test_canvas_keeps_an_existing_name(canvas: Bench) -> None:
    """Canvas: the name in the form stays if the tool asks for that, and only then."""
    query = {"placement": "assignment_selection", "title": "Mine"}
    kept = respond(canvas, [{**ITEM, PRESERVE: True}], query)
    replaced = respond(canvas, [ITEM], query)
    empty = respond(canvas, [{**ITEM, PRESERVE: True}])
    titles = [
        panel_of(canvas.client.get(next_page(e)).text)["title"] for e in (kept, replaced, empty)
    ]

    assert titles == ["Mine", "Column", "Column"]


@pytest.mark.parametrize("sent", [{"points": "many"}, {"title": " "}, {"due_at": "Friday"}])
def test_canvas_form_refuses(canvas: Bench, sent: dict[str, str]) -> None:
    """Canvas: a form without a name, or with what is no number or moment, stays unsaved."""
    form = next_page(respond(canvas, [ITEM]))
    fields = panel_of(canvas.client.get(form).text)

    assert canvas.client.post(form, data={**fields, **sent}).status_code == 422
    assert by_title(canvas, "Column") is None
    assert canvas.client.post(form, data=fields).status_code == 303


def test_canvas_module_item(canvas: Bench) -> None:
    """Canvas: one link becomes a module item when the teacher confirms it."""
    form = next_page(respond(canvas, [LINK], {"placement": "link_selection"}))
    fields = panel_of(canvas.client.get(form).text)
    assert by_title(canvas, "A reading") is None
    canvas.client.post(form, data={**fields, "module": "Week 4", "publish": "yes"})
    made = by_title(canvas, "A reading")
    claims = claims_for(canvas, "amara.okafor", made.id)

    assert (made.kind, made.module, made.published) == ("module_item", "Week 4", True)
    assert canvas.course.items_of(made.id) == []
    assert claims[scopes.LTI + "custom"]["reading"] == "r"
    assert claims[scopes.LTI + "resource_link"]["id"] == made.resource_link_id
    assert claims[PLACEMENT] is None
    assert "lineitem" not in claims[scopes.AGS_CLAIM]
    assert "In Week 4" in canvas.client.get("/canvas/courses/77").text


def test_canvas_several(canvas: Bench) -> None:
    """Canvas: several become unpublished assignments and module items; one without points, none."""
    lacking = {**ITEM, "title": "Lacking", "lineItem": {"label": "Lacking"}}
    answer = respond(canvas, [ITEM, lacking, LINK], {"placement": "course_assignments_menu"})
    made, reading = by_title(canvas, "Column"), by_title(canvas, "A reading")
    item = canvas.course.primary_item(made.id)

    assert "Item 2: lineItem.scoreMaximum" in answer.text
    assert "data-leave" not in answer.text
    assert by_title(canvas, "Lacking") is None
    assert (made.kind, made.published, made.points, made.module) == ("assignment", False, 12, "")
    assert (made.unlock_at, made.lock_at) == ("2031-04-01T00:00:00Z", "2031-05-01T00:00:00Z")
    assert made.due_at == "2031-04-20T00:00:00Z"
    assert made.description == "<p>Read it</p>"
    assert (item.resource_id, item.tag) == ("a", "quiz")
    assert (reading.kind, reading.published) == ("module_item", False)
    assert reading.module == "New Content From App"
    canvas.sign_in("amara.okafor")
    assert "Column" not in canvas.client.get("/canvas/courses/77").text


def test_canvas_modules(canvas: Bench) -> None:
    """Canvas: a module menu puts everything into its module, the index into a new one."""
    respond(canvas, [ITEM, LINK], {"placement": "module_menu_modal", "module": "Week 5"})
    chosen = {by_title(canvas, each).module for each in ("Column", "A reading")}
    named = {scopes.CANVAS_OWN + "module_name": "Trust"}
    respond(canvas, [{**LINK, "title": "B"}], {"placement": "module_index_menu_modal"}, **named)

    assert chosen == {"Week 5"}
    assert by_title(canvas, "B").module == "Trust"


def test_canvas_foreign_address(canvas: Bench) -> None:
    """Canvas: a link to another host is kept, and finds no tool when it is opened."""
    foreign = {**LINK, "url": "http://127.0.0.1:8000/lti/launch"}
    respond(canvas, [foreign], {"placement": "module_menu_modal"})
    made = by_title(canvas, "A reading")
    canvas.sign_in("instructor")
    answer = canvas.client.get(f"/canvas/courses/77/activities/{made.id}/launch")

    assert answer.status_code == 404
    assert "valid settings" in answer.text


def test_canvas_data_is_used_once(canvas: Bench) -> None:
    """Canvas: the second response to one request is refused, also after an hour's first one."""
    url = return_url(canvas)
    token = canvas.tool.sign(response(canvas, [ITEM]))
    first, second = (canvas.client.post(url, data={"JWT": token}) for _ in range(2))
    late = return_url(canvas)
    canvas.clock.time += 3601
    token = canvas.tool.sign(response(canvas, [ITEM]))
    elsewhere = return_url(canvas).replace("/77/", "/78/")

    assert (first.status_code, second.status_code) == (200, 400)
    assert second.json["errors"]["data_jwt"]
    assert canvas.client.post(late, data={"JWT": token}).status_code == 400
    assert canvas.client.post(elsewhere, data={"JWT": token}).status_code == 400


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
    url = return_url(canvas)
    token = canvas.tool.sign(response(canvas, [ITEM], **changed))
    answer = canvas.client.post(url, data={"JWT": token})

    assert answer.status_code == 400
    assert part in answer.json["errors"]["jwt"][0]["message"]
    good = canvas.tool.sign(response(canvas, []))
    assert canvas.client.post(url, data={"JWT": good}).status_code == 200


def test_canvas_wants_a_teacher(canvas: Bench) -> None:
    """Canvas: the browser that brings content must be allowed to add it; to cancel, anybody may."""
    url, other = return_url(canvas), return_url(canvas)
    canvas.sign_in("amara.okafor")
    full, empty = (canvas.tool.sign(response(canvas, each)) for each in ([ITEM], []))

    assert canvas.client.post(url, data={"JWT": full}).status_code == 401
    assert canvas.client.post(other, data={"JWT": empty}).status_code == 200


def test_canvas_messages(canvas: Bench) -> None:
    """Canvas: cancelling makes nothing; the tool's message is shown, as text."""
    before = len(canvas.course.activities)
    answer = respond(canvas, [], **{DL + "msg": "<b>Nothing</b> chosen", DL + "errormsg": "Oh"})

    assert len(canvas.course.activities) == before
    assert canvas.course.drafts == {}
    assert "&lt;b&gt;Nothing&lt;/b&gt; chosen" in answer.text
    assert "Oh" in answer.text


def test_variables_of_a_link(canvas: Bench) -> None:
    """Canvas: a link's custom parameters are expanded at launch, unknown variables verbatim."""
    canvas.course.history = ["c2", "c1"]
    custom = {
        "history": "$Context.id.history",
        "due": "$Canvas.assignment.dueAt.iso8601",
        "end": "$ResourceLink.submission.endDateTime",
        "mixed": "x-${Canvas.course.id}",
        "unknown": "$ResourceLink.id.history",
    }
    due = "2031-04-01T12:00:00Z"
    made = {"id": "extra", "title": "Extra", "points": 7, "custom": custom, "due_at": due}
    canvas.client.post("/_practice/courses/canvas/77/activities", json=made)
    told = claims_for(canvas, "amara.okafor", "extra")[scopes.LTI + "custom"]

    assert {name: told[name] for name in custom} == {
        "history": "c2,c1",
        "due": due,
        "end": "2031-04-01T12:00:00.000Z",
        "mixed": "x-77",
        "unknown": "$ResourceLink.id.history",
    }


def test_moodle_form_and_server_side_look(moodle: Bench) -> None:
    """Moodle: one item fills the form; saved, the server gets the launch address by itself."""
    site = Pages()
    moodle.platform.settings.http.mount("http://localhost:8000/lti/launch", site)
    form = next_page(respond(moodle, [ITEM]))
    fields = panel_of(moodle.client.get(form).text)
    assert by_title(moodle, "Picked") is None
    saved = moodle.client.post(form, data={**fields, "name": "Renamed"})
    made = by_title(moodle, "Renamed")
    item = moodle.course.primary_item(made.id)

    assert saved.status_code == 303
    assert fields["instructorcustomparameters"] == "activity=a\ntimed=1\nnumber=5\nnested=Array"
    assert (item.label, item.score_maximum, item.tag, item.resource_id) == (
        "Renamed",
        12,
        "quiz",
        "a",
    )
    assert (made.due_at, made.new_tab) == (None, False)
    assert [(e.method, e.url) for e in site.asked] == [("GET", ITEM["url"])]
    assert "MoodleBot" in site.asked[0].headers["User-Agent"]


def test_moodle_delegates_grades(moodle: Bench) -> None:
    """Moodle: a registered tool gets a column only where it asks for one."""
    form = next_page(respond(moodle, [LINK]))
    fields = panel_of(moodle.client.get(form).text)
    moodle.client.post(form, data=fields)
    made = by_title(moodle, "A reading")

    assert fields["grade[modgrade_type]"] == "none"
    assert moodle.course.primary_item(made.id) is None
    assert moodle.platform.target_of(made) == moodle.state.tool.target_link_uri


def test_moodle_form_wants_content_and_a_name(moodle: Bench) -> None:
    """Moodle: the empty form cannot be saved, nor one without a name."""
    moodle.sign_in("teacher")
    empty = "/moodle/courses/3/add/form"
    fields = panel_of(moodle.client.get(empty).text)
    form = next_page(respond(moodle, [{**LINK, "title": ""}]))

    assert fields["selectcontentstatus"] == "false"
    assert moodle.client.post(empty, data=fields).status_code == 422
    assert moodle.client.post(form, data={"name": ""}).status_code == 422
    assert moodle.client.post(form, data={"name": "Now"}).status_code == 303


RECORDED = {each["case"]: each for each in recorded("moodle_deep_linking")["cases"]}
TOOL = "http://localhost:9001/launch/"
FULL = {
    "type": "ltiResourceLink",
    "title": "Dialogue A",
    "html": "<p>Please <strong>practise</strong></p>",
    "url": TOOL + "?difficulty=easy",
    "icon": {"url": "http://localhost:9001/static/icon.png", "width": 9, "height": 9},
    "custom": {
        "dialogue": "A-1",
        "difficulty": "easy",
        "number": 5,
        "flag": True,
        "MixedCase": "x=y",
    },
    "window": {"targetName": "_blank"},
    "available": {"startDateTime": "2031-04-01T00:00:00Z"},
    "submission": {"endDateTime": "2031-04-20T00:00:00Z"},
    "lineItem": {
        "label": "Ignored",
        "scoreMaximum": 40,
        "tag": "grade",
        "resourceId": "A-1",
        "submissionReview": {"url": TOOL + "?review=1", "custom": {"rev": "1"}},
    },
}


def pair(number: int, **more: Any) -> dict[str, Any]:
    own = {"title": f"Pair {number}", "custom": {"dialogue": f"P-{number}"}}
    return {"type": "ltiResourceLink", "url": TOOL, **own, **more}


SENT: dict[str, list[dict[str, Any]]] = {
    "the example's own item": RECORDED["the example's own item"]["response"][scopes.CONTENT_ITEMS],
    "full item with line item": [FULL],
    "no url only custom": [
        {
            "type": "ltiResourceLink",
            "title": "Dialogue B",
            "custom": {"dialogue": "B-1"},
            "lineItem": {"scoreMaximum": 10},
        }
    ],
    "no line item": [{"type": "ltiResourceLink", "title": "Dialogue C", "url": TOOL}],
    "two items": [pair(1, lineItem={"scoreMaximum": 20}), pair(2)],
    "html link item": [
        {"type": "link", "title": "A plain link", "url": "https://example.test/page"}
    ],
    "no items": [],
    "no items with message": [],
    "error message": [],
    "url on another host": [
        {
            "type": "ltiResourceLink",
            "title": "Elsewhere",
            "url": "http://127.0.0.1:9001/launch/",
            "custom": {"dialogue": "E"},
        }
    ],
    "iss is the tool's URL": [LINK],
    "expired": [LINK],
    "wrong aud and nonce missing": [{"type": "ltiResourceLink", "title": "Wrong aud"}],
}
CHANGED: dict[str, dict[str, Any]] = {
    "no items with message": {DL + "msg": "Nothing chosen"},
    "error message": {DL + "errormsg": "It went wrong"},
    "iss is the tool's URL": {"iss": "http://localhost:9001"},
    "expired": {"exp": 5},
    "wrong aud and nonce missing": {"aud": "https://else.example", "nonce": None},
}


def stored(bench: Bench, title: str) -> dict[str, Any]:
    """Return what came into the course, in the words of the recording."""
    made = by_title(bench, title)
    item = bench.course.primary_item(made.id)
    return {
        "name": made.title,
        "toolurl": made.url,
        "instructorcustomparameters": "\r\n".join(f"{k}={v}" for k, v in made.custom.items()),
        "grade": item.score_maximum,
        "intro": made.description,
        "icon": made.icon,
        "tag": item.tag or None,
        "resourceid": item.resource_id or None,
        "subreviewurl": item.review_url,
        "subreviewparams": "\n".join(f"{k}={v}" for k, v in item.review_custom.items()),
    }


@pytest.mark.parametrize("case", list(RECORDED))
def test_moodle_recorded_responses(world: Bench, case: str) -> None:
    """Moodle: recorded responses fill the recorded form, and are stored as recorded."""
    record = RECORDED[case]
    world.state.tool.accept_grades = "always"
    world.platform.settings.http.mount("http://localhost:9001", Pages())
    world.platform.settings.http.mount("http://127.0.0.1:9001", Pages())
    before = len(world.course.activities)
    answer = respond(world, SENT[case], {"person": "tess"}, **CHANGED.get(case, {}))
    if record.get("dialogue_still_open"):
        text = record["dialogue_text"].split("\n\n")[1]

        assert answer.status_code == 404
        assert f"<h1>{text}</h1>" in answer.text
        assert world.course.drafts == {}
        return
    form = next_page(answer)
    fields = panel_of(world.client.get(form).text)
    expected = filled(world, record.get("form", {}))
    if len(SENT[case]) > 1:
        expected = {"selectcontentstatus": expected["selectcontentstatus"]}
    assert {name: fields[name] for name in expected} == expected
    saved = world.client.post(form, data=fields)
    assert saved.status_code == (303 if SENT[case] else 422)
    made = filled(world, record.get("stored", []))
    assert len(world.course.activities) - before == len(SENT[case])
    for each in made:
        told = stored(world, each["name"])
        assert told == {name: each.get(name, told[name]) for name in told}
    if "launch_of_the_new_link" in record:
        claims = record["launch_of_the_new_link"]
        custom = walk(world, "ann", by_title(world, made[0]["name"]).id)
        target = scopes.LTI + "target_link_uri"
        assert custom[scopes.LTI + "custom"]["difficulty"] == "hard"
        assert custom[target] == claims[target]


@pytest.mark.parametrize(
    ("changed", "part"),
    [({"iss": "http://localhost:8000"}, "Consumer key is incorrect."), ({"exp": 5}, "Expired")],
)
def test_moodle_refusals(moodle: Bench, changed: dict[str, Any], part: str) -> None:
    """Moodle: the issuer must be the client id; time and signature are checked, aud is not."""
    answer = respond(moodle, [ITEM], **{"aud": "anything", **changed})

    assert answer.status_code == 404
    assert part in answer.text


def test_moodle_wants_a_teacher(moodle: Bench) -> None:
    """Moodle: a student's browser cannot bring content, nor can an unknown session key."""
    url = return_url(moodle)
    token = moodle.tool.sign(response(moodle, [ITEM]))
    strange = moodle.client.post(url + "x", data={"JWT": token})
    moodle.sign_in("ravi.menon")
    refused = moodle.client.post(url, data={"JWT": token})

    assert (strange.status_code, refused.status_code) == (404, 404)
    assert "permissions" in refused.text
    assert moodle.course.drafts == {}
