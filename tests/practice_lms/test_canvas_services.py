"""Canvas's gates, line items, results, members and tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lti_alliance.practice_lms import scopes
from lti_alliance.practice_lms.dialects import canvas_tokens
from lti_alliance.practice_lms.state import Activity, Course, LineItem, Person
from tests.practice_lms.conftest import ASSERTION_TYPE, Bench
from tests.practice_lms.test_canvas_scores import body, item_of, post

SUBMISSION_TYPE = "https://canvas.instructure.com/lti/submission_type"


def items_url(bench: Bench, tail: str = "", course: str = "77") -> str:
    return f"{bench.platform.root}/api/lti/courses/{course}/line_items{tail}"


def create(bench: Bench, **members: Any) -> Any:
    return bench.call("POST", items_url(bench), json_body=members)


def minted(bench: Bench, **changed: Any) -> str:
    with bench.app.app_context():
        return canvas_tokens.access_token(bench.platform, [scopes.LINEITEM], **changed)


def test_gate_token(canvas: Bench) -> None:
    """Canvas: missing, malformed, forged, expired and misaddressed tokens are 401."""
    url = items_url(canvas).removeprefix(canvas.base)
    assert canvas.client.get(url).json["errors"]["message"] == "Missing access token"
    now = int(canvas.clock.now())
    good = minted(canvas)
    forged = good[:-6] + ("AAAAAA" if not good.endswith("AAAAAA") else "BBBBBB")
    for token, part in (
        ("nonsense", "malformed"),
        (forged, "signature"),
        (minted(canvas, iat=now - 4000, exp=now - 400), "expired"),
        (minted(canvas, aud="https://else.example/login/oauth2/token"), "aud"),
        (minted(canvas, sub="999"), "Unknown or inactive Developer Key"),
    ):
        answer = canvas.call("GET", url, token=token)

        assert answer.status_code == 401
        assert answer.json["errors"]["type"] == "unauthorized"
        assert part in answer.json["errors"]["message"]


def test_gate_scope(canvas: Bench) -> None:
    """Canvas: a token without the scope is 401, not 403; readonly lists but does not create."""
    readonly = canvas.token(scopes.LINEITEM_READONLY)

    assert canvas.call("GET", items_url(canvas), token=readonly).status_code == 200
    denied = canvas.call("POST", items_url(canvas), token=readonly, json_body={})
    assert denied.status_code == 401
    assert denied.json["errors"]["message"] == "Insufficient permissions"


def test_gate_keys(canvas: Bench) -> None:
    """Canvas: a key that is off, everywhere or here, is 401."""
    canvas.state.switches.key_on = False
    off = canvas.call("GET", items_url(canvas))
    canvas.state.switches.key_on = True
    canvas.state.switches.services_key_on = False
    here = canvas.call("GET", items_url(canvas))

    assert off.json["errors"]["message"] == "Unknown or inactive Developer Key"
    assert here.json["errors"]["message"] == "Invalid Developer Key"
    assert (off.status_code, here.status_code) == (401, 401)


def test_gate_course(canvas: Bench) -> None:
    """Canvas: no such course 404, no tool in it 401, concluded 422 and formerly 404."""
    assert canvas.call("GET", items_url(canvas, course="1")).status_code == 404
    canvas.course.tool_installed = False
    assert canvas.call("GET", items_url(canvas)).status_code == 401
    canvas.course.tool_installed = True
    canvas.course.concluded = True
    assert canvas.call("GET", items_url(canvas)).status_code == 422
    canvas.state.switches.concluded_status = 404
    assert canvas.call("GET", items_url(canvas)).status_code == 404


def test_listing(canvas: Bench) -> None:
    """Canvas: line items show id, float maximum, label and link; unset members are absent."""
    answer = canvas.call("GET", items_url(canvas))
    first = answer.json[0]

    assert answer.headers["Content-Type"].startswith(scopes.LINEITEMS_TYPE)
    assert first == {
        "id": items_url(canvas, f"/{item_of(canvas).id}"),
        "scoreMaximum": 5.0,
        "label": "Two-minute taster",
        "resourceLinkId": canvas.course.activities["taster"].resource_link_id,
    }
    assert '"scoreMaximum":5.0' in answer.text.replace(" ", "")


def test_listing_filters(canvas: Bench) -> None:
    """Canvas: tag, resource_id and resource_link_id filter; other clients' items are hidden."""
    create(canvas, label="A", scoreMaximum=1, tag="t", resourceId="r")
    canvas.course.primary_item("foundations-quiz").client_id = "999"
    link = canvas.course.activities["taster"].resource_link_id

    def labels(query: str) -> list[str]:
        return [each["label"] for each in canvas.call("GET", items_url(canvas) + query).json]

    assert labels("?tag=t") == labels("?resource_id=r") == ["A"]
    assert labels(f"?resource_link_id={link}") == ["Two-minute taster"]
    assert "Week 1 quiz: Foundations" not in labels("")


def test_listing_pages(canvas: Bench) -> None:
    """Canvas: pages are linked with rel next; following them finds everything."""
    for number in range(12):
        create(canvas, label=f"L{number}", scoreMaximum=1)
    url, found = items_url(canvas), []
    all_at_once = canvas.call("GET", items_url(canvas) + "?limit=100").json
    while url:
        answer = canvas.call("GET", url)
        found += answer.json
        links = dict(
            reversed([part.strip() for part in each.split(";")])
            for each in answer.headers["Link"].split(",")
        )
        url = links.get('rel="next"', "").strip("<>")

    assert len(canvas.call("GET", items_url(canvas)).json) == 10
    assert [each["id"] for each in found] == [each["id"] for each in all_at_once]
    assert len(found) > 10


def test_create_makes_an_assignment(canvas: Bench) -> None:
    """Canvas: without a link a new assignment appears; its type is none unless told."""
    bare = create(canvas, label="Bare", scoreMaximum=7, endDateTime="2031-01-01T00:00:00Z")
    linked = create(
        canvas,
        label="Opens",
        scoreMaximum=7,
        **{
            SUBMISSION_TYPE: {
                "type": "external_tool",
                "external_tool_url": "http://localhost:8000/x",
            }
        },
    )

    assert (bare.status_code, linked.status_code) == (201, 201)
    assert "resourceLinkId" not in bare.json
    link = linked.json["resourceLinkId"]
    made = [each for each in canvas.course.activities.values() if each.title in {"Bare", "Opens"}]
    assert [each.kind for each in made] == ["no_submission", "assignment"]
    assert (made[0].due_at, made[1].resource_link_id) == ("2031-01-01T00:00:00Z", link)


def test_create_refusals(canvas: Bench) -> None:
    """Canvas: label and scoreMaximum are needed; a wrong submission type is 400."""
    wrong = create(canvas, label="x", scoreMaximum=1, **{SUBMISSION_TYPE: {"type": "paper"}})

    assert create(canvas, label="x").status_code == 400
    assert create(canvas, scoreMaximum=1).status_code == 400
    assert wrong.status_code == 400
    assert wrong.json["error"].startswith("Invalid submission_type for new assignment")


def test_create_with_links(canvas: Bench) -> None:
    """Canvas: only an assignment's own link may carry a further line item."""
    course = canvas.course
    other = Course("78", "f" * 40, "X", "X")
    other.activities["a"] = Activity("a", 9, "A", "assignment", "elsewhere")
    other.line_items["1"] = LineItem(1, "A", 1, activity_id="a")
    canvas.state.courses["78"] = other
    foreign = Activity("f", 10, "F", "assignment", "foreign", own_tool=False)
    course.activities["f"] = foreign

    def status(link: str) -> int:
        return create(canvas, label="x", scoreMaximum=1, resourceLinkId=link).status_code

    assert status("unknown") == 404
    assert status(course.activities["reading"].resource_link_id) == 404
    assert status(course.context_id) == 404
    assert status("foreign") == 422
    assert status("elsewhere") == 412
    assert status(course.activities["taster"].resource_link_id) == 201
    assert [each.primary for each in course.items_of("taster")] == [True, False]
    course.activities["taster"].deleted = True
    assert status(course.activities["taster"].resource_link_id) == 412


def test_update_carries_the_assignment(canvas: Bench) -> None:
    """Canvas: changing the first line item changes the assignment; the rest stays."""
    url = items_url(canvas, f"/{item_of(canvas).id}")
    sent = {"label": "New", "scoreMaximum": 8, "endDateTime": "2031-01-01T00:00:00Z"}
    answer = canvas.call("PUT", url, json_body=sent)
    activity = canvas.course.activities["taster"]

    assert answer.json["resourceLinkId"] == activity.resource_link_id
    assert (activity.title, activity.points, activity.due_at) == (
        "New",
        8,
        "2031-01-01T00:00:00Z",
    )


def test_delete(canvas: Bench) -> None:
    """Canvas: a line item made in Canvas is 401 with nothing; the tool's own take all along."""
    coupled = canvas.call("DELETE", items_url(canvas, f"/{item_of(canvas).id}"))
    made = create(canvas, label="Gone", scoreMaximum=1).json["id"]
    gone = canvas.call("DELETE", made)

    assert (coupled.status_code, coupled.text) == (401, "")
    assert gone.status_code == 204
    assert canvas.call("GET", made).status_code == 404
    assert all(each.deleted for each in canvas.course.activities.values() if each.title == "Gone")


def results_of(bench: Bench, query: str = "") -> Any:
    return bench.call("GET", items_url(bench, f"/{item_of(bench).id}/results{query}"))


def test_results(canvas: Bench) -> None:
    """Canvas: results come in the scale of the score; a person's grade is rescaled to it."""
    post(canvas, scoreGiven=50, scoreMaximum=100, comment="Well")
    sub = canvas.state.people["amara.okafor"].sub
    own = results_of(canvas).json
    canvas.client.post(
        "/_practice/gradebook/canvas/77",
        json={"person": "amara.okafor", "activity": "taster", "score": 3},
    )
    changed = results_of(canvas, f"?user_id={sub}").json

    assert len(own) == 1
    assert (own[0]["userId"], own[0]["resultScore"], own[0]["resultMaximum"]) == (sub, 50, 100)
    assert own[0]["comment"] == "Well"
    assert changed[0]["resultScore"] == 60
    assert results_of(canvas, "?user_id=nobody").json == []
    assert canvas.call("GET", own[0]["id"]).json["userId"] == sub


def test_results_scope(canvas: Bench) -> None:
    """Canvas: results need their own scope."""
    url = items_url(canvas, f"/{item_of(canvas).id}/results")

    assert canvas.call("GET", url, token=canvas.token(scopes.SCORE)).status_code == 401


def members(bench: Bench, query: str = "") -> Any:
    url = f"{bench.platform.root}/api/lti/courses/77/names_and_roles{query}"
    return bench.call("GET", url)


def test_members(canvas: Bench) -> None:
    """Canvas: members have context roles only; the unenrolled administrator is not there."""
    answer = members(canvas)
    by_id = {each["user_id"]: each for each in answer.json["members"]}
    people = canvas.state.people

    assert answer.headers["Content-Type"].startswith(scopes.MEMBERS_TYPE)
    assert people["admin"].sub not in by_id
    assert by_id[people["assistant"].sub]["roles"] == [
        scopes.LIS + "membership#Instructor",
        scopes.LIS + "membership/Instructor#TeachingAssistant",
    ]
    assert by_id[people["teaches.elsewhere"].sub]["roles"] == [scopes.LIS + "membership#Learner"]
    assert {each["status"] for each in by_id.values()} == {"Active"}
    assert "name" not in by_id[people["nameless"].sub]
    assert "email" not in by_id[people["nameless"].sub]


def test_members_come_by_fifty(canvas: Bench) -> None:
    """Canvas: a page holds at most fifty, whatever limit is asked for."""
    for number in range(60):
        person = Person(f"p{number}", f"s{number}", 5000 + number, "N", "N", "", "", "", "", "")
        canvas.state.people[person.id] = person
        canvas.course.enrolments[person.id] = type(canvas.course.enrolments["amara.okafor"])(
            "student"
        )
    answer = members(canvas, "?limit=500")

    assert len(answer.json["members"]) == 50
    assert 'rel="next"' in answer.headers["Link"]


def test_members_filters(canvas: Bench) -> None:
    """Canvas: role takes full URIs; a foreign rlid is 400, the context's adds messages."""
    learner = "http%3A%2F%2Fpurl.imsglobal.org%2Fvocab%2Flis%2Fv2%2Fmembership%23Learner"

    assert len(members(canvas, "?role=" + learner).json["members"]) == 27
    assert members(canvas, "?role=Learner").json["members"] == []
    assert members(canvas, "?rlid=foreign").status_code == 400
    with_messages = members(canvas, f"?rlid={canvas.course.context_id}").json["members"]
    assert all("message" in each for each in with_messages)


@pytest.mark.parametrize(
    ("level", "present"),
    [
        ("anonymous", set()),
        ("name_only", {"name"}),
        ("email_only", {"email"}),
        ("public", {"name", "email", "picture"}),
    ],
)
def test_members_privacy(canvas: Bench, level: str, present: set[str]) -> None:
    """Canvas: names, e-mail and picture follow the privacy level."""
    canvas.state.switches.privacy = level
    found = members(canvas).json["members"][0]

    assert {"name", "email", "picture"} & set(found) == present


def token_request(bench: Bench, scope: str = scopes.SCORE, **changed: Any) -> Any:
    address = bench.platform.root + "/login/oauth2/token"
    sign = changed.pop("sign", {})
    form = {
        "grant_type": changed.pop("grant", "client_credentials"),
        "client_assertion_type": ASSERTION_TYPE,
        "scope": scope,
    }
    claims = bench.tool.assertion(bench.platform, address, **changed)
    form["client_assertion"] = bench.tool.sign(claims, **sign)
    return bench.client.post("/canvas/login/oauth2/token", data=form)


def test_token(canvas: Bench) -> None:
    """Canvas: a good assertion earns a JWT for an hour that the services accept."""
    answer = token_request(canvas)

    assert answer.status_code == 200
    assert {name: answer.json[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": scopes.SCORE,
    }
    url = items_url(canvas, f"/{item_of(canvas).id}/scores")
    token = answer.json["access_token"]
    assert canvas.post_score(url, body(canvas), token=token).status_code == 200
    canvas.clock.time += 3601
    assert canvas.post_score(url, body(canvas), token=token).status_code == 401


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"jti": None}, "jti"),
        ({"iss": None}, "iss"),
        ({"exp": None}, "exp"),
        ({"aud": "https://else.example"}, "'aud' is invalid"),
        ({"aud": ["https://else.example"]}, "'aud' is invalid"),
        ({"iat": -301}, "less than 300 seconds old"),
        ({"iat": 31}, "future"),
        ({"exp": 0}, "expired"),
        ({"sub": "nobody"}, "JWS signature invalid."),
        ({"sign": {"key": "second"}}, "JWS signature invalid."),
        ({"sign": {"kid": "unknown"}}, "JWS signature invalid."),
    ],
)
def test_token_refusals(canvas: Bench, changed: dict[str, Any], part: str) -> None:
    """Canvas: a faulty assertion is 400 invalid_request with the reason."""
    now = int(canvas.clock.now())
    changed = {
        name: now + value if name in {"iat", "exp"} and value is not None else value
        for name, value in changed.items()
    }
    answer = token_request(canvas, **changed)

    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request"
    assert part in answer.json["error_description"]


def test_token_faults_are_joined(canvas: Bench) -> None:
    """Canvas: several faults of an assertion come joined in one message."""
    answer = token_request(canvas, jti=None, aud="https://else.example")

    assert answer.json["error_description"].count(" | ") == 1


def test_token_audience_list_and_any_issuer(canvas: Bench) -> None:
    """Canvas: aud may be a list holding the token URL; the value of iss is not compared."""
    address = canvas.platform.root + "/login/oauth2/token"

    assert token_request(canvas, aud=["x", address], iss="anything").status_code == 200


def test_token_scopes(canvas: Bench) -> None:
    """Canvas: one scope that is not on the key refuses the whole request; none too."""
    mixed = token_request(canvas, scope=f"{scopes.SCORE} urn:x")
    none = token_request(canvas, scope="")

    assert (mixed.status_code, mixed.json["error"]) == (400, "invalid_scope")
    assert "urn:x" in mixed.json["error_description"]
    assert (none.status_code, none.json["error"]) == (400, "invalid_scope")


def test_token_grant(canvas: Bench) -> None:
    """Canvas: another grant is unsupported_grant_type."""
    answer = token_request(canvas, grant="password")

    assert (answer.status_code, answer.json["error"]) == (400, "unsupported_grant_type")


def test_token_unreachable_keys(canvas: Bench) -> None:
    """Canvas: keys that cannot be read are a JWK Error; keys are fetched each time."""
    canvas.tool.broken = "<html>"
    broken = token_request(canvas)
    canvas.tool.broken = None
    canvas.tool.current, canvas.tool.published = "second", ["first", "second"]

    assert broken.json["error_description"].startswith("JWK Error: ")
    assert token_request(canvas).status_code == 200


def test_key_set(canvas: Bench) -> None:
    """Canvas: rotation signs with a new key and keeps the previous one published."""
    before = canvas.client.get("/canvas/api/lti/security/jwks").json["keys"]
    canvas.client.post("/_practice/switches/canvas", json={"rotate_keys": True})
    after = canvas.client.get("/canvas/api/lti/security/jwks").json["keys"]

    assert next(each["kid"] for each in after) == before[0]["kid"]
    assert len(after) == 2
    assert all("d" not in each for each in after)
    assert json.dumps(after).count("RS256") == 2
