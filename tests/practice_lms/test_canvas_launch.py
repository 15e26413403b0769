"""Canvas's launch: initiation, authentication request, id_token."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from lti_alliance.practice_lms import scopes
from tests.practice_lms.conftest import Bench
from tests.practice_lms.forms import form_of

REDIRECT = "http://localhost:8000/lti/launch"
LIS = scopes.LIS
PLACEMENT = "https://www.instructure.com/placement"


def asked(fields: dict[str, str], **changed: str | None) -> dict[str, str]:
    made: dict[str, str | None] = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": fields["client_id"],
        "redirect_uri": REDIRECT,
        "login_hint": fields["login_hint"],
        "lti_message_hint": fields["lti_message_hint"],
        "nonce": "n-1",
        "state": "s-1",
        **changed,
    }
    return {name: value for name, value in made.items() if value is not None}


def authorize(bench: Bench, query: dict[str, str]) -> Any:
    return bench.client.get("/canvas/api/lti/authorize", query_string=query)


def outcome(bench: Bench, query: dict[str, str]) -> dict[str, str]:
    answer = authorize(bench, query)
    assert answer.status_code == 200
    address, fields = form_of(answer.text)
    assert address.startswith("http://localhost:8000/")
    return fields


def claims_for(bench: Bench, person: str, activity: str = "taster", **more: Any) -> dict[str, Any]:
    bench.sign_in(person)
    fields = bench.launch(person, activity, **more)
    return bench.claims(outcome(bench, asked(fields)))


def test_login_initiation(canvas: Bench) -> None:
    """Canvas: the initiation has Canvas's fields, an opaque hint and the storage target."""
    fields = canvas.launch("amara.okafor")

    assert set(fields) == {
        "iss",
        "login_hint",
        "client_id",
        "lti_deployment_id",
        "target_link_uri",
        "lti_message_hint",
        "canvas_environment",
        "canvas_region",
        "lti_storage_target",
    }
    assert fields["iss"] == "https://canvas.instructure.com"
    assert re.fullmatch(r"[0-9a-f]{40}", fields["login_hint"])
    assert re.fullmatch(r"\d+:[0-9a-f]{40}", fields["lti_deployment_id"])
    assert jwt.get_unverified_header(fields["lti_message_hint"])["alg"] == "HS256"


def test_login_initiation_of_old_and_mobile(canvas: Bench) -> None:
    """Canvas: old servers say deployment_id or nothing; the mobile app offers no storage."""
    canvas.state.switches.login_fields = "deployment_id"
    canvas.state.switches.storage_target = False
    old = canvas.launch("amara.okafor")
    canvas.state.switches.login_fields = "none"
    older = canvas.launch("amara.okafor")

    assert "deployment_id" in old
    assert "lti_deployment_id" not in old
    assert "lti_storage_target" not in old
    assert not {"deployment_id", "lti_deployment_id"} & set(older)


def test_redirect_keeps_parameters(canvas: Bench) -> None:
    """Canvas: authorize_redirect sends the browser on with every parameter."""
    query = asked(canvas.launch("amara.okafor"))
    answer = canvas.client.get("/canvas/api/lti/authorize_redirect", query_string=query)
    where = urlsplit(answer.headers["Location"])

    assert answer.status_code == 302
    assert where.path == "/canvas/api/lti/authorize"
    assert {name: value[0] for name, value in parse_qs(where.query).items()} == query


def test_student_launch(canvas: Bench) -> None:
    """Canvas: an assignment launch says everything that Canvas says, nulls included."""
    claims = claims_for(canvas, "amara.okafor")
    person = canvas.state.people["amara.okafor"]
    activity = canvas.course.activities["taster"]
    lti = scopes.LTI

    assert claims["exp"] == claims["iat"] + 3600
    assert claims["aud"] == claims["azp"] == canvas.state.tool.client_id
    assert (claims["nonce"], claims["sub"], claims["iss"]) == (
        "n-1",
        person.sub,
        "https://canvas.instructure.com",
    )
    assert claims[lti + "message_type"] == "LtiResourceLinkRequest"
    assert claims[lti + "resource_link"]["id"] == activity.resource_link_id
    assert claims[lti + "resource_link"]["description"].startswith("<p>")
    assert PLACEMENT in claims
    assert claims[PLACEMENT] is None
    assert claims[lti + "lti1p1"] == {"user_id": person.legacy_id}
    assert claims[lti + "lis"]["course_offering_sourcedid"] == "$CourseSection.sourcedId"
    assert claims[scopes.AGS_CLAIM]["lineitem"].startswith(
        claims[scopes.AGS_CLAIM]["lineitems"] + "/"
    )
    assert claims[lti + "custom"] == {
        "canvas_course_id": "77",
        "canvas_assignment_id": str(activity.number),
        "due_at": "$Canvas.assignment.dueAt.iso8601",
        "lock_at": "$Canvas.assignment.lockAt.iso8601",
        "context_history": "",
        "student_view": "$com.instructure.User.student_view",
        "sections": '["Monday group"]',
        "section_restricted": "false",
        "time_zone": "America/Denver",
    }


@pytest.mark.parametrize(
    ("person", "roles"),
    [
        ("amara.okafor", ["membership#Learner", "institution/person#Student"]),
        ("instructor", ["membership#Instructor", "institution/person#Instructor"]),
        (
            "assistant",
            [
                "membership#Instructor",
                "membership/Instructor#TeachingAssistant",
                "institution/person#Instructor",
            ],
        ),
        ("designer", ["membership#ContentDeveloper", "institution/person#Instructor"]),
        ("observer", ["membership#Mentor"]),
        ("admin", ["institution/person#Administrator"]),
        (
            "teaches.elsewhere",
            ["membership#Learner", "institution/person#Instructor", "institution/person#Student"],
        ),
    ],
)
def test_roles(canvas: Bench, person: str, roles: list[str]) -> None:
    """Canvas: course, institution and system roles come together, sorted, each once."""
    claims = claims_for(canvas, person)

    assert claims[scopes.LTI + "roles"] == sorted(
        LIS + each for each in [*roles, "system/person#User"]
    )


def test_test_student(canvas: Bench) -> None:
    """Canvas: the test student is a learner with the TestUser role and student_view true."""
    claims = claims_for(canvas, "test.student")

    assert claims[scopes.LTI + "roles"] == sorted(
        [
            "http://purl.imsglobal.org/vocab/lti/system/person#TestUser",
            LIS + "membership#Learner",
            LIS + "system/person#User",
        ]
    )
    assert claims[scopes.LTI + "custom"]["student_view"] == "true"


def test_observer_names_the_observed(canvas: Bench) -> None:
    """Canvas: role_scope_mentor lists the observed, only at privacy public."""
    public = claims_for(canvas, "observer")
    canvas.state.switches.privacy = "name_only"
    private = claims_for(canvas, "observer")
    claim = scopes.LTI + "role_scope_mentor"

    assert public[claim] == [canvas.state.people["amara.okafor"].sub]
    assert claim not in private


@pytest.mark.parametrize(
    ("level", "present"),
    [
        ("anonymous", set()),
        ("name_only", {"name", "given_name", "family_name", scopes.LTI + "lis"}),
        ("email_only", {"email"}),
        (
            "public",
            {"name", "given_name", "family_name", scopes.LTI + "lis", "email", "picture"},
        ),
    ],
)
def test_privacy(canvas: Bench, level: str, present: set[str]) -> None:
    """Canvas: personal claims follow the privacy level; sub and roles always come."""
    canvas.state.switches.privacy = level
    claims = claims_for(canvas, "amara.okafor")
    personal = {"name", "given_name", "family_name", "email", "picture", scopes.LTI + "lis"}

    assert personal & set(claims) == present
    assert {"sub", scopes.LTI + "roles", scopes.AGS_CLAIM} <= set(claims)


def test_nobody_by_name(canvas: Bench) -> None:
    """Canvas: a person may have neither name nor e-mail."""
    claims = claims_for(canvas, "nameless")

    assert not {"name", "email"} & set(claims)


def test_course_navigation(canvas: Bench) -> None:
    """Canvas: the menu launch names the context as its link, and has no line item."""
    claims = claims_for(canvas, "instructor", "navigation")

    assert claims[PLACEMENT] == "course_navigation"
    assert claims[scopes.LTI + "resource_link"] == {
        "id": canvas.course.context_id,
        "title": canvas.course.title,
        "description": None,
    }
    assert claims[scopes.LTI + "context"]["id"] == canvas.course.context_id
    assert "lineitem" not in claims[scopes.AGS_CLAIM]
    custom = claims[scopes.LTI + "custom"]
    assert custom["canvas_assignment_id"] == "$Canvas.assignment.id"


def test_module_item(canvas: Bench) -> None:
    """Canvas: a module item has its own link, no line item, a null placement."""
    claims = claims_for(canvas, "amara.okafor", "reading")

    assert claims[scopes.LTI + "resource_link"]["id"] == (
        canvas.course.activities["reading"].resource_link_id
    )
    assert "lineitem" not in claims[scopes.AGS_CLAIM]
    assert claims[PLACEMENT] is None


def test_submission_view(canvas: Bench) -> None:
    """Canvas: a submission opens its URL; the link is the context, the assignment is known."""
    target = "http://localhost:8000/lti/launch?attempt=a1"
    claims = claims_for(canvas, "instructor", kind="submission", target=target)

    assert claims[scopes.LTI + "message_type"] == "LtiResourceLinkRequest"
    assert claims[scopes.LTI + "target_link_uri"] == target
    assert claims[scopes.LTI + "resource_link"]["id"] == canvas.course.context_id
    assert "lineitem" not in claims[scopes.AGS_CLAIM]
    number = str(canvas.course.activities["taster"].number)
    assert claims[scopes.LTI + "custom"]["canvas_assignment_id"] == number
    assert claims[PLACEMENT] is None


def test_link_custom_and_dates(canvas: Bench) -> None:
    """Canvas: the link's custom joins the tool's; set dates are expanded, inline ones too."""
    canvas.client.patch(
        "/_practice/courses/canvas/77/activities/taster",
        json={
            "custom": {"activity": "abc", "place": "c-${Canvas.course.id}"},
            "due_at": "2031-04-18T06:59:59Z",
        },
    )
    custom = claims_for(canvas, "amara.okafor")[scopes.LTI + "custom"]

    assert (custom["activity"], custom["place"], custom["due_at"]) == (
        "abc",
        "c-77",
        "2031-04-18T06:59:59Z",
    )


def test_noise_and_schemes(canvas: Bench) -> None:
    """Canvas: older servers send noise, self-hosted ones disagree about the scheme."""
    canvas.state.switches.noise = canvas.state.switches.http_lineitems = True
    claims = claims_for(canvas, "amara.okafor")

    assert claims["validation_context"] is None
    assert claims["errors"] == {"errors": {}}
    assert claims[scopes.LTI + "resource_link"]["errors"] == {"errors": {}}
    endpoint = claims[scopes.AGS_CLAIM]
    assert endpoint["lineitems"].partition(":")[0] != endpoint["lineitem"].partition(":")[0]


def test_answer_fields(canvas: Bench) -> None:
    """Canvas: the answer carries Rails noise, state when sent, and the storage target."""
    canvas.sign_in("amara.okafor")
    with_state = outcome(canvas, asked(canvas.launch("amara.okafor")))
    without = outcome(canvas, asked(canvas.launch("amara.okafor"), state=None))

    assert set(with_state) == {
        "utf8",
        "authenticity_token",
        "id_token",
        "state",
        "lti_storage_target",
    }
    assert "state" not in without


@pytest.mark.parametrize("name", ["prompt", "response_mode", "response_type"])
def test_values_that_nobody_looks_at(canvas: Bench, name: str) -> None:
    """Canvas: prompt, response_mode and response_type need only be present."""
    canvas.sign_in("amara.okafor")
    fields = outcome(canvas, asked(canvas.launch("amara.okafor"), **{name: "junk"}))

    assert "id_token" in fields


@pytest.mark.parametrize("name", ["nonce", "prompt", "response_mode", "response_type"])
def test_missing_parameters(canvas: Bench, name: str) -> None:
    """Canvas: a missing parameter is posted back as invalid_request_object, with state."""
    canvas.sign_in("amara.okafor")
    fields = outcome(canvas, asked(canvas.launch("amara.okafor"), **{name: None}))

    assert fields["error"] == "invalid_request_object"
    assert fields["state"] == "s-1"
    assert "id_token" not in fields


def test_scope_must_be_openid(canvas: Bench) -> None:
    """Canvas: any other scope is invalid_request_object, never invalid_scope."""
    canvas.sign_in("amara.okafor")
    query = asked(canvas.launch("amara.okafor"), scope="openid profile")

    assert outcome(canvas, query)["error"] == "invalid_request_object"


def test_login_hint_of_another(canvas: Bench) -> None:
    """Canvas: a hint of somebody else is login_required."""
    canvas.sign_in("mateo.quispe")

    assert outcome(canvas, asked(canvas.launch("amara.okafor")))["error"] == "login_required"


def test_unknown_or_switched_off_client(canvas: Bench) -> None:
    """Canvas: another client id, or a key that is off, is unauthorized_client."""
    canvas.sign_in("amara.okafor")
    other = outcome(canvas, asked(canvas.launch("amara.okafor"), client_id="1"))
    canvas.state.switches.key_on = False
    off = outcome(canvas, asked(canvas.launch("amara.okafor")))

    assert (other["error"], off["error"]) == ("unauthorized_client", "unauthorized_client")


def test_launch_is_used_once(canvas: Bench) -> None:
    """Canvas: the second use of a launch is launch_no_longer_valid."""
    canvas.sign_in("amara.okafor")
    query = asked(canvas.launch("amara.okafor"))
    first, second = outcome(canvas, query), outcome(canvas, query)

    assert "id_token" in first
    assert second["error"] == "launch_no_longer_valid"


def test_last_fault_is_reported(canvas: Bench) -> None:
    """Canvas: later faults overwrite earlier ones."""
    canvas.sign_in("mateo.quispe")
    query = asked(canvas.launch("amara.okafor"), scope="profile", client_id="1")

    assert outcome(canvas, query)["error"] == "unauthorized_client"


def test_hint_lives_five_minutes(canvas: Bench) -> None:
    """Canvas: an expired or broken hint is Canvas's own 400 page."""
    canvas.sign_in("amara.okafor")
    query = asked(canvas.launch("amara.okafor"))
    canvas.clock.time += 301
    old = authorize(canvas, query)
    broken = authorize(canvas, {**query, "lti_message_hint": "x"})

    assert (old.status_code, broken.status_code) == (400, 400)
    assert "Invalid lti_message_hint" in old.text


def test_redirect_uri_must_be_registered(canvas: Bench) -> None:
    """Canvas: another redirect_uri is a 400 page, though a query may follow a registered one."""
    canvas.sign_in("amara.okafor")
    bad = asked(canvas.launch("amara.okafor"), redirect_uri="http://localhost:8000/else")
    with_query = asked(canvas.launch("amara.okafor"), redirect_uri=REDIRECT + "?a=1")
    refused = authorize(canvas, bad)

    assert refused.status_code == 400
    assert "Invalid redirect_uri" in refused.text
    assert "id_token" in outcome(canvas, with_query)


def test_registered_query_decides_alone(canvas: Bench) -> None:
    """Canvas: of a registered URI with a query only the query is compared."""
    canvas.sign_in("amara.okafor")
    canvas.state.tool.redirect_uris = [REDIRECT + "?a=1"]
    query = asked(canvas.launch("amara.okafor"), redirect_uri="http://localhost:8000/x?a=1&b=2")

    assert "id_token" in outcome(canvas, query)


def test_no_session(canvas: Bench) -> None:
    """Canvas: with no cookie its page sends the request again, and then gives up with 401."""
    query = asked(canvas.launch("amara.okafor"))
    answer = authorize(canvas, query)
    address, fields = form_of(answer.text)
    again = canvas.client.post(canvas.local(address), data=fields)

    assert address == canvas.platform.root + "/api/lti/authorize"
    assert fields == {**query, "retried": "true"}
    assert again.status_code == 401


def test_held_back_cookie_is_found_again(canvas: Bench) -> None:
    """Canvas: the retried request with the cookie succeeds; the launch was not spent."""
    query = asked(canvas.launch("amara.okafor"))
    fields = form_of(authorize(canvas, query).text)[1]
    canvas.sign_in("amara.okafor")
    answer = canvas.client.post("/canvas/api/lti/authorize", data=fields)

    assert "id_token" in form_of(answer.text)[1]
