"""Dynamic registration: what each platform says, refuses, keeps, echoes, and who agrees."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from lti_alliance.practice_lms import scopes
from lti_alliance.practice_lms.tools import Tool
from tests.practice_lms.conftest import Bench, recorded
from tests.practice_lms.forms import form_of
from tests.practice_lms.test_canvas_launch import asked
from tests.practice_lms.test_moodle_recorded import filled, request_of

TOOL = scopes.TOOL_CONFIGURATION
OWN = scopes.CANVAS_OWN
PAGE = "http://localhost:9001/register?invitation=i-1"


def begun(bench: Bench, update: str = "") -> dict[str, str]:
    """Return what the LMS adds to the tool's registration address."""
    bench.sign_in("admin")
    path = f"/{bench.platform.name}/admin/tools/register/start"
    answer = bench.client.get(path, query_string={"url": PAGE, "update": update})
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: value[0] for name, value in query.items()}


def configuration(bench: Bench, query: dict[str, str]) -> dict[str, Any]:
    answer = bench.client.get(bench.local(query["openid_configuration"]))
    assert answer.status_code == 200
    return answer.json


def send(bench: Bench, told: Any, token: str | None) -> Any:
    path = "/mod/lti/openid-registration.php"
    if bench.platform.name == "canvas":
        path = "/api/lti/registrations"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return bench.client.post(f"/{bench.platform.name}{path}", json=told, headers=headers)


def wanted(bench: Bench, **changed: Any) -> dict[str, Any]:
    """Return a registration that the platform takes, with some members changed or left out."""
    told = json.loads(json.dumps(recorded("moodle_registration")["first"]["request"]))
    if bench.platform.name == "canvas":
        own = told[TOOL]
        own["custom_parameters"] = {"history": "$Context.id.history", "level": "tool"}
        own["messages"] = [
            {
                "type": "LtiDeepLinkingRequest",
                "target_link_uri": "http://localhost:9001/launch/",
                "placements": [OWN + "assignment_selection", "ContentArea"],
                "custom_parameters": {"level": "placement"},
            },
            {"type": "LtiResourceLinkRequest", "placements": ["course_navigation"]},
        ]
        told["scope"] += " " + scopes.NOTICES
    own_changes = changed.pop("own", {})
    told.update(changed)
    told[TOOL].update(own_changes)
    told[TOOL] = {name: each for name, each in told[TOOL].items() if each is not None}
    return {name: each for name, each in told.items() if each is not None}


def decide(bench: Bench, client_id: str, **form: Any) -> Any:
    bench.sign_in("admin")
    path = f"/{bench.platform.name}/admin/tools/{client_id}"
    return bench.client.post(path, data={"action": "activate", **form})


def of(world: Bench, record: dict[str, Any], *, ids: dict[str, str]) -> dict[str, Any]:
    """Return a recorded answer with this bench's ids in the place of the recorded ones."""
    text = json.dumps(record)
    for old, new in ids.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    return filled(world, json.loads(text))


def test_recorded_exchange(moodle: Bench) -> None:
    """Moodle: the recorded configuration, registration, its reuse and its update, to the letter."""
    record = recorded("moodle_registration")
    query = begun(moodle)
    token = query["registration_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    first = record["first"]

    assert configuration(moodle, query) == filled(moodle, record["configuration"])
    assert jwt.get_unverified_header(token) == first["token"]["header"]
    assert {**claims, "sub": 0, "iat": 0} == {
        **first["token"]["payload"],
        "sub": 0,
        "iat": 0,
        "exp": claims["iat"] + 3600,
    }
    answer = send(moodle, first["request"], token)
    ids = {"9PtrDVhoSTYWCqy": claims["sub"]}
    assert answer.status_code == first["status"] == 200
    assert answer.json == of(moodle, first["response"], ids=ids)
    assert list(answer.json) == list(first["response"])
    assert r"http:\/\/localhost:9001\/launch\/" in answer.text
    again = send(moodle, first["request"], token)
    assert (again.status_code, again.text) == (401, "token_already_used")

    decide(moodle, claims["sub"])
    update = record["update"]
    later = begun(moodle, update=moodle.state.tool.deployment_id)["registration_token"]
    payload = jwt.decode(later, options={"verify_signature": False})
    assert (payload["sub"], payload["scope"]) == ("3", "reg-update")
    for _ in range(2):
        answer = send(moodle, update["request"], later)
        assert answer.status_code == 200
        assert answer.json == of(moodle, update["response"], ids=ids)
    assert moodle.state.pending_tools == {}


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"response_types": None}, "missing required attribute response_types"),
        ({"initiate_login_uri": ""}, "missing required attribute initiate_login_uri"),
        ({"redirect_uris": []}, "missing required attribute redirect_uris"),
        ({"client_name": None}, "missing required attribute client_name"),
        ({"jwks_uri": None}, "missing required attribute jwks_uri"),
        ({"response_types": ["code"]}, "invalid_response_types"),
        ({"redirect_uris": "http://localhost:9001/launch/"}, "invalid_redirect_uris"),
        ({"token_endpoint_auth_method": "none"}, "invalid_token_endpoint_auth_method"),
        ({"application_type": "native"}, "invalid_application_type"),
        ({"own": {"domain": None}}, "missing_domain"),
        ({"own": {"domain": "localhost"}}, "domain_targetlinkuri_mismatch"),
    ],
)
def test_moodle_refuses_a_body(moodle: Bench, changed: dict[str, Any], text: str) -> None:
    """Moodle: a bad body is 400 with a word about it, and the token stays unused."""
    token = begun(moodle)["registration_token"]
    answer = send(moodle, wanted(moodle, **changed), token)

    assert (answer.status_code, answer.text) == (400, text)
    assert send(moodle, wanted(moodle), token).status_code == 200


def test_moodle_refuses_a_token(moodle: Bench) -> None:
    """Moodle: no token, one of its own other messages, a forged and an old one are 401 or 403."""
    good = begun(moodle)["registration_token"]
    other = moodle.platform.sign({"sub": "x", "scope": "else", "exp": moodle.clock.now() + 9})
    forged = good[:-8] + "AAAAAAAA"

    assert send(moodle, wanted(moodle), None).status_code == 401
    assert send(moodle, wanted(moodle), "nonsense").status_code == 401
    assert send(moodle, wanted(moodle), forged).status_code == 401
    assert send(moodle, wanted(moodle), other).status_code == 403
    moodle.clock.time += 3601
    assert send(moodle, wanted(moodle), good).status_code == 401
    assert moodle.state.pending_tools == {}


def test_moodle_grants_what_scopes_switch_on(moodle: Bench) -> None:
    """Moodle: score alone is grade sync only; without claims nobody has a name; no message kept."""
    token = begun(moodle)["registration_token"]
    own = {"claims": ["sub"], "messages": [], "custom_parameters": {"a": "b=c"}}
    told = wanted(moodle, scope=scopes.SCORE, own=own)
    answer = send(moodle, told, token).json
    decide(moodle, answer["client_id"])

    assert answer["scope"].split() == [scopes.SCORE, scopes.RESULT, scopes.LINEITEM_READONLY]
    assert answer[TOOL]["claims"] == ["sub", "iss"]
    assert answer[TOOL]["custom_parameters"] == {"a": "b"}
    assert "messages" not in answer[TOOL]
    assert moodle.platform.privacy == "anonymous"
    assert moodle.state.tool.custom == {"a": "b=c"}


def test_moodle_launches_the_activated_tool(moodle: Bench) -> None:
    """Moodle: pending changes nothing; activated, launches and columns are the new tool's."""
    answer = send(moodle, wanted(moodle), begun(moodle)["registration_token"]).json
    before = moodle.launch("teacher")
    page = moodle.client.get("/moodle/admin/tools").text
    assert "Activate" in page
    decide(moodle, answer["client_id"])
    after = moodle.launch("teacher")
    moodle.sign_in("teacher")
    tool = moodle.state.tool

    assert (before["client_id"], after["client_id"]) == ("Vq7Jc2Rt9mKxEoB", answer["client_id"])
    assert (after["lti_deployment_id"], tool.first_deployment_id) == ("3", "3")
    assert after["target_link_uri"] == "http://localhost:9001/launch/"
    assert moodle.course.primary_item("taster").client_id == answer["client_id"]
    listed = moodle.client.get("/moodle/courses/3/activities/taster").headers
    assert "http://localhost:9001" in listed["Content-Security-Policy"]
    registration = moodle.client.get("/moodle/registration.json").json
    assert (registration["client_id"], registration["deployment_id"]) == (tool.client_id, "3")


def test_canvas_configuration(canvas: Bench) -> None:
    """Canvas: the configuration wants the token, and names one host for issuer and addresses."""
    query = begun(canvas)
    bare = canvas.local(query["openid_configuration"]).partition("?")[0]
    document = configuration(canvas, query)
    addresses = [document["issuer"]]
    addresses += [document[each] for each in ("authorization_endpoint", "token_endpoint")]
    addresses += [document[each] for each in ("registration_endpoint", "jwks_uri")]
    bearer = {"Authorization": f"Bearer {query['registration_token']}"}
    platform = document[scopes.PLATFORM_CONFIGURATION]

    assert {urlsplit(each).netloc for each in addresses} == {"127.0.0.1:8001"}
    assert canvas.client.get(bare).status_code == 401
    assert canvas.client.get(bare + "?registration_token=x").status_code == 401
    assert canvas.client.get(bare, headers=bearer).status_code == 200
    assert platform["product_family_code"] == "canvas"
    placements = {each["type"]: each["placements"] for each in platform["messages_supported"]}
    assert OWN + "course_assignments_menu" in placements["LtiDeepLinkingRequest"]
    assert "LtiContextCopyNotice" in platform["notice_types_supported"]
    assert "Context.id.history" in platform["variables"]


def test_canvas_usual_issuer_on_the_same_host(canvas: Bench) -> None:
    """Canvas: where the usual issuer lies on the LMS's own host, the configuration names that."""
    canvas.state.issuer = "http://127.0.0.1:8001"

    assert configuration(canvas, begun(canvas))["issuer"] == "http://127.0.0.1:8001"


def test_canvas_echo(canvas: Bench) -> None:
    """Canvas: the registration comes back with a client id, without deployment and the unknown."""
    token = begun(canvas)["registration_token"]
    told = wanted(canvas, unknown="x", own={OWN + "privacy_level": "name_only"})
    answer = send(canvas, told, token)
    echo = answer.json

    assert answer.status_code == 200
    assert re.fullmatch(r"\d+", echo["client_id"])
    assert "deployment_id" not in echo
    assert "deployment_id" not in echo[TOOL]
    assert "unknown" not in echo
    assert echo["registration_client_uri"].startswith(canvas.platform.root)
    assert echo[TOOL][OWN + "registration_config_url"]
    assert echo["scope"] == told["scope"]
    assert echo[TOOL]["messages"] == told[TOOL]["messages"]


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"application_type": None}, "application_type"),
        ({"grant_types": ["implicit"]}, "grant_types"),
        ({"response_types": []}, "response_types"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"initiate_login_uri": "no address"}, "initiate_login_uri"),
        ({"client_name": ""}, "client_name"),
        ({"jwks_uri": None}, "jwks_uri"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({"scope": "https://else.example/scope"}, "scopes"),
        ({"scope": ["a"]}, "scope"),
        ({"own": {"domain": "http://localhost:9001"}}, "domain"),
        ({"own": {"messages": None}}, "messages"),
        ({"own": {"claims": None}}, "claims"),
        ({"own": {"target_link_uri": "launch"}}, "target_link_uri"),
        ({"own": {"custom_parameters": {"a": 1}}}, "custom_parameters"),
        ({"own": {OWN + "privacy_level": "some"}}, "privacy_level"),
        ({"own": {"messages": [{"type": "LtiSubmissionReviewRequest"}]}}, "message type"),
        (
            {
                "own": {
                    "messages": [
                        {"type": "LtiDeepLinkingRequest", "placements": ["course_navigation"]}
                    ]
                }
            },
            "placement",
        ),
    ],
)
def test_canvas_refuses_a_body(canvas: Bench, changed: dict[str, Any], part: str) -> None:
    """Canvas: bad input is 422 with its faults, and nothing is kept."""
    token = begun(canvas)["registration_token"]
    answer = send(canvas, wanted(canvas, **changed), token)

    assert answer.status_code == 422
    assert part in " ".join(answer.json["errors"])
    assert canvas.state.pending_tools == {}


def test_canvas_refuses_a_token(canvas: Bench) -> None:
    """Canvas: without a good token, 401; a cookie or a launch hint is none."""
    good = begun(canvas)["registration_token"]
    hint = canvas.launch("instructor")["lti_message_hint"]

    assert send(canvas, wanted(canvas), None).status_code == 401
    assert send(canvas, wanted(canvas), hint).status_code == 401
    canvas.clock.time += 3601
    assert send(canvas, wanted(canvas), good).status_code == 401


def test_canvas_switches_on(canvas: Bench) -> None:
    """Canvas: switched on, the tool has a deployment, and only what the administrator left it."""
    echo = send(canvas, wanted(canvas), begun(canvas)["registration_token"]).json
    page = canvas.client.get("/canvas/admin/tools").text
    assert "Switch on" in page
    assert f'value="{scopes.NOTICES}" checked' in page
    before = canvas.launch("instructor")
    answer = decide(
        canvas,
        echo["client_id"],
        reviewed="yes",
        scope=[scopes.SCORE, scopes.LINEITEM],
        placement=["link_selection"],
        privacy="name_only",
    )
    after = canvas.launch("instructor")
    canvas.sign_in("instructor")
    claims = canvas.claims(
        outcome_at(canvas, asked(after, redirect_uri="http://localhost:9001/launch/"))
    )
    tool = canvas.state.tool

    assert answer.status_code == 303
    assert before["client_id"] != after["client_id"] == echo["client_id"] == claims["aud"]
    assert re.fullmatch(r"319:[0-9a-f]{40}", after["lti_deployment_id"])
    assert after["iss"] == claims["iss"] == "http://127.0.0.1:8001/canvas"
    assert tool.scopes == [scopes.LINEITEM, scopes.SCORE]
    assert list(tool.placements) == ["link_selection"]
    assert "name" in claims
    assert "email" not in claims
    assert claims[scopes.LTI + "custom"] == {"history": "", "level": "tool"}
    assert scopes.NRPS_CLAIM not in claims
    assert canvas.state.issuer == "https://canvas.instructure.com"


def outcome_at(bench: Bench, query: dict[str, str]) -> dict[str, str]:
    answer = bench.client.get("/canvas/api/lti/authorize", query_string=query)
    address, fields = form_of(answer.text)
    assert address == "http://localhost:9001/launch/"
    return fields


def test_only_an_administrator(canvas: Bench, moodle: Bench) -> None:
    """Nobody but the administrator sees or decides about tools."""
    assert canvas.client.get("/canvas/admin/tools").status_code == 303
    for bench, teacher in ((canvas, "instructor"), (moodle, "teacher")):
        bench.sign_in(teacher)
        root = f"/{bench.platform.name}/admin/tools"

        assert bench.client.get(root).status_code == 403
        assert bench.client.get(root + "/register/start?url=http://x.example").status_code == 403
        assert bench.client.post(root + "/1", data={"action": "activate"}).status_code == 403
        assert "Register a tool" not in bench.client.get(f"/{bench.platform.name}/courses").text


def test_the_administrators_pages(canvas: Bench, moodle: Bench) -> None:
    """The page frames the tool's own site, listens in a static script, and goes on by a link."""
    for bench in (canvas, moodle):
        bench.sign_in("admin")
        root = f"/{bench.platform.name}/admin/tools"
        page = bench.client.get(root + "/register", query_string={"url": PAGE})
        courses = bench.client.get(f"/{bench.platform.name}/courses").text

        assert f'href="{root}"' in courses
        assert page.status_code == 200
        assert "http://localhost:9001" in page.headers["Content-Security-Policy"]
        assert "registration.js" in page.text
        assert f'<a href="{root}" data-done>' in page.text
        assert bench.client.get(root + "/register?url=javascript:1").status_code == 422
        assert bench.client.get(root + "/register/start?url=javascript:1").status_code == 404
        assert 'action="/' + bench.platform.name + '/admin/tools/register"' in page_of(bench)


def test_no_token_for_another_site(canvas: Bench) -> None:
    """A page of another site cannot have a registration token sent to itself."""
    canvas.sign_in("admin")
    path = "/canvas/admin/tools/register/start?url=http://else.example/"
    answer = canvas.client.get(path, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


def page_of(bench: Bench) -> str:
    return bench.client.get(f"/{bench.platform.name}/admin/tools").text


def test_sent_away(canvas: Bench) -> None:
    """A pending tool can be sent away; what is not pending cannot be switched on."""
    echo = send(canvas, wanted(canvas), begun(canvas)["registration_token"]).json
    decide(canvas, echo["client_id"], action="reject")

    assert canvas.state.pending_tools == {}
    assert decide(canvas, echo["client_id"]).status_code == 404
    assert canvas.state.tool.client_id == "10000000000123"


def test_by_program(moodle: Bench) -> None:
    """The practice API begins a registration, lists what is pending, switches on, sends away."""
    root = "/_practice/tools/moodle"
    address = moodle.client.post(root + "/register", json={"url": PAGE}).json["address"]
    query = parse_qs(urlsplit(address).query)
    assert query["invitation"] == ["i-1"]
    echo = send(moodle, wanted(moodle), query["registration_token"][0]).json
    listed = moodle.client.get(root).json
    made = moodle.client.post(f"{root}/{echo['client_id']}/activate", json={})

    assert [each["client_id"] for each in listed["pending"]] == [echo["client_id"]]
    assert made.json["client_id"] == moodle.state.tool.client_id == echo["client_id"]
    assert moodle.client.delete(f"{root}/{echo['client_id']}").status_code == 404
    assert moodle.client.post(root + "/register", json={}).status_code == 400


def test_registration_outlives_a_reset(moodle: Bench) -> None:
    """Starting over keeps the registered tool, and its columns are its own again."""
    echo = send(moodle, wanted(moodle), begun(moodle)["registration_token"]).json
    decide(moodle, echo["client_id"])
    moodle.client.post("/_practice/reset")
    moodle.client.post("/break", data={"platform": "moodle", "what": "mend"})

    assert moodle.state.tool.client_id == echo["client_id"]
    assert moodle.state.tool.deployment_id == "3"
    assert moodle.course.primary_item("taster").client_id == echo["client_id"]
    assert Tool.from_json(json.loads(json.dumps(moodle.state.tool.to_json()))) == moodle.state.tool


def test_registered_tool_has_its_roster(moodle: Bench) -> None:
    """Moodle: the launch of a registered tool carries its custom parameters and services."""
    echo = send(moodle, wanted(moodle), begun(moodle)["registration_token"]).json
    decide(moodle, echo["client_id"])
    moodle.sign_in("teacher")
    query = request_of(moodle.launch("teacher"), redirect_uri="http://localhost:9001/launch/")
    answer = moodle.client.get("/moodle/mod/lti/auth.php", query_string=query)
    claims = moodle.claims(form_of(answer.text)[1])

    assert claims["aud"] == echo["client_id"]
    assert claims[scopes.LTI + "custom"]["from_registration"] == "yes"
    assert claims[scopes.NRPS_CLAIM]["context_memberships_url"].endswith("/bindings/3/memberships")
