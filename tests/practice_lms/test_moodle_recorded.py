"""The practice Moodle answers recorded requests as the running Moodle 4.3 did."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from lti_alliance.practice_lms import gradebook, scopes
from lti_alliance.practice_lms.state import Activity, Course, Enrolment, LineItem, Person
from tests.practice_lms.conftest import Bench, recorded
from tests.practice_lms.forms import form_of

PEOPLE = {
    "2": ("Admin", "User", "admin", "admin"),
    "3": ("Tess", "Teacher", "tess", "teacher"),
    "4": ("Ann", "Student", "ann", "student"),
    "5": ("Ben", "Student", "ben", "student"),
    "6": ("Cleo", "Student", "cleo", "student"),
    "7": ("Dan", "Student", "dan", "student"),
    "8": ("Eve", "Student", "eve", "student"),
    "9": ("Tad", "Assistant", "tad", "non_editing_teacher"),
    "10": ("Otto", "Outsider", "otto", ""),
}


@pytest.fixture
def world(moodle: Bench) -> Bench:
    """The people, links and columns of the recorded site."""
    state = moodle.state
    state.people.clear()
    course = Course("3", "3", "COUN 601", "COUN 601")
    state.courses = {"3": course}
    for sub, (given, family, username, role) in PEOPLE.items():
        sourced = f"S00{int(sub) - 3}" if role == "student" else ""
        state.people[username] = Person(
            username,
            sub,
            int(sub),
            f"{given} {family}",
            given,
            family,
            f"{username}@example.test",
            username,
            sourced,
            "",
        )
        if role:
            course.enrolments[username] = Enrolment(role)
    for number, title in ((1, "Dialogue one"), (2, "Dialogue without grade")):
        link = Activity(f"link{number}", number, title, "assignment", str(number))
        course.activities[link.id] = link
        course.line_items[str(number + 2)] = LineItem(
            number + 2,
            title,
            100.0,
            activity_id=link.id,
            resource_link_id=str(number),
            coupled=True,
            client_id=state.tool.client_id,
        )
    course.activities["link1"].description = "Practice SESSION one"
    for number, title, maximum, tag in (
        (5, "Score", 100.0, "score"),
        (6, "Time Taken", 999.0, "time"),
    ):
        course.line_items[str(number)] = LineItem(
            number, title, maximum, resource_id="1", tag=tag, primary=False
        )
    state.next_number = 7
    return moodle


def filled(bench: Bench, value: Any) -> Any:
    """Put this bench's addresses where the recording has placeholders."""
    text = json.dumps(value)
    text = text.replace("{root}", bench.platform.root).replace("{path}", "/moodle")
    return json.loads(text.replace("{client_id}", bench.state.tool.client_id))


def items_url(bench: Bench, tail: str = "", query: str = "?type_id=2") -> str:
    return f"{bench.platform.root}/mod/lti/services.php/3/lineitems{tail}{query}"


def assert_answer(bench: Bench, answer: Any, record: dict[str, Any]) -> None:
    """Compare status, reason, media type and body with a record."""
    expected = filled(bench, record)
    wanted_type = expected["headers"]["Content-Type"] if "headers" in expected else expected["type"]
    assert answer.status_code == expected["status"]
    assert answer.headers["Content-Type"] == wanted_type
    if expected["body"] == "html" or expected["status"] == 502:
        assert "<html" in answer.text
    elif expected["body"] == "":
        assert answer.text == ""
    else:
        assert json.loads(answer.text) == expected["body"]


def test_scores_replayed_in_order(world: Bench) -> None:
    """Moodle: every recorded score gets the recorded status, reason, body and stored grade."""
    course = world.course
    by_sub = {person.sub: person for person in world.state.people.values()}
    for case in recorded("moodle_scores")["cases"]:
        world.clock.time = float(case["at"])
        sent = case["sent"]
        name = case["case"]
        if name.startswith("second score within"):
            first = {**sent, "scoreGiven": 1}
            assert (
                world.post_score(items_url(world, "/3/lineitem/scores"), first).status_code == 200
            )
        if name.startswith("dan after"):
            gradebook.set_by_person(
                world.platform, course, course.line_items["3"], student=by_sub["7"], score=66.0
            )
        if isinstance(sent, dict) and isinstance(sent.get("comment"), dict):
            repeated = sent["comment"]
            sent = {**sent, "comment": repeated["repeat"] * repeated["times"]}
        variant = case.get("variant")
        url = items_url(world, "/3/lineitem/scores")
        if variant == "appended":
            url = items_url(world, "/3/lineitem") + "/scores"
        elif variant == "/score":
            url = items_url(world, "/3/lineitem/score")
        elif variant == "no type_id":
            url = items_url(world, "/3/lineitem/scores", "")
        elif variant == "wrong type_id":
            url = items_url(world, "/3/lineitem/scores", "?type_id=99")
        token = None
        if variant == "no score scope":
            token = world.token(scopes.LINEITEM)
        elif variant == "garbage token":
            token = "garbage"
        answer = world.call(
            "POST",
            url,
            data=sent if isinstance(sent, str) else json.dumps(sent, ensure_ascii=False).encode(),
            content_type=case.get("content_type", scopes.SCORE_TYPE),
            token=token,
            headers={"Accept": "*/*"},
        )
        assert_answer(world, answer, case)
        assert answer.status.split(" ", 1)[1].startswith(case["reason"]), name
        if case.get("stored"):
            user = "5" if name in {"unknown user", "user name instead of id"} else None
            user = user or (str(sent["userId"]) if isinstance(sent, dict) else "6")
            user = "6" if user not in {"5", "6", "7", "8"} else user
            cell = course.find_cell(3, by_sub[user].id)
            stored = case["stored"]

            assert (cell.raw, cell.score, cell.stored_at) == (
                stored["raw"],
                stored["final"],
                stored["at"],
            ), name
            if "feedback" in stored:
                assert cell.feedback == stored["feedback"], name


def test_line_items_replayed(world: Bench) -> None:
    """Moodle: line items are listed, made, changed and deleted as recorded."""
    records = recorded("moodle_line_items")

    def get(url: str, accept: str = scopes.LINEITEMS_TYPE) -> Any:
        return world.call("GET", url, headers={"Accept": accept})

    def send(method: str, url: str, body: Any, kind: str = scopes.LINEITEM_TYPE) -> Any:
        return world.call(method, url, json_body=body, content_type=kind, headers={"Accept": "*/*"})

    listing, one = items_url(world), items_url(world, "/3/lineitem")
    single = scopes.LINEITEM_TYPE
    assert_answer(world, get(listing), records["all"])
    assert_answer(world, get(listing, "*/*"), records["all_accept_any"])
    assert_answer(world, get(listing, "application/json"), records["all_accept_json"])
    assert_answer(world, get(listing + "&resource_link_id=1"), records["by_resource_link"])
    assert_answer(world, get(listing + "&tag=nothing"), records["by_tag_none"])
    page = get(listing + "&limit=1")
    assert_answer(world, page, records["limit_1"])
    assert page.headers["Link"].encode("latin-1").decode() == filled(
        world, records["limit_1"]["headers"]["Link"].encode("latin-1").decode()
    )
    assert_answer(world, get(one, single), records["one"])
    bare = items_url(world, "/3/lineitem", "")
    assert_answer(world, get(bare, single), records["one_without_type_id"])
    for name in ("create", "create_linked"):
        body = {key: value for key, value in records[name]["body"].items() if key != "id"}
        assert_answer(world, send("POST", listing, body), records[name])
    assert own_claim(world) == filled(world, records["ags_claim_when_link_has_two_line_items"])
    foreign = {"label": "x", "scoreMaximum": 1, "resourceLinkId": "99"}
    assert_answer(world, send("POST", listing, foreign), records["create_foreign_link"])
    assert_answer(world, send("POST", listing, {"scoreMaximum": 1}), records["create_no_label"])
    plain = send("POST", listing, {"label": "x", "scoreMaximum": 1}, "application/json")
    assert_answer(world, plain, records["create_plain_json_type"])
    for name in ("put_coupled_rename_and_50", "put_back"):
        body = {key: value for key, value in records[name]["body"].items() if key != "id"}
        assert_answer(world, send("PUT", one, body), records[name])
        if name == "put_coupled_rename_and_50":
            assert_answer(world, get(one, single), records["get_after_put"])
    for number, name in ((8, "delete_second"), (7, "delete_created")):
        gone = world.call("DELETE", items_url(world, f"/{number}/lineitem"))
        assert_answer(world, gone, records[name])
    assert own_claim(world) == filled(world, records["ags_claim_after_delete"])


def own_claim(bench: Bench) -> Any:
    claims = walk(bench, "ann", "link1")
    return claims[scopes.AGS_CLAIM]


def walk(bench: Bench, person: str, activity: str | None, **more: Any) -> dict[str, Any]:
    """Launch and return the claims."""
    bench.sign_in(person)
    fields = bench.launch(person, activity, **more)
    answer = bench.client.get("/moodle/mod/lti/auth.php", query_string=request_of(fields))
    return bench.claims(form_of(answer.text)[1])


def request_of(fields: dict[str, str], **changed: str | None) -> dict[str, str]:
    asked: dict[str, str | None] = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": fields["client_id"],
        "redirect_uri": "http://localhost:8000/lti/launch",
        "login_hint": fields["login_hint"],
        "lti_message_hint": fields["lti_message_hint"],
        "nonce": "n1",
        "state": "s1",
        **changed,
    }
    return {name: value for name, value in asked.items() if value is not None}


def test_results_replayed(world: Bench) -> None:
    """Moodle: results are listed as recorded; asking for a page ends in an error page."""
    records = recorded("moodle_results")
    by_sub = {person.sub: person for person in world.state.people.values()}
    for user in records["all"]["body"]:
        cell = world.course.cell(3, by_sub[user["userId"]].id)
        cell.score, cell.feedback = float(user["resultScore"]), user.get("comment")
        cell.stored_at = datetime.fromisoformat(user["timestamp"]).timestamp()
    url = items_url(world, "/3/lineitem/results")
    accept = {"Accept": scopes.RESULTS_TYPE}
    assert_answer(world, world.call("GET", url, headers=accept), records["all"])
    one = world.call("GET", url + "&user_id=5", headers=accept)
    assert_answer(world, one, records["one_user"])
    assert_answer(world, world.call("GET", url + "&limit=1", headers=accept), records["limit_1"])
    plain = world.call("GET", url, headers={"Accept": "application/json"})
    assert_answer(world, plain, records["accept_json"])


def test_members_replayed(world: Bench) -> None:
    """Moodle: members, filters, pages and refusals are as recorded."""
    records = recorded("moodle_members")
    url = world.platform.root + "/mod/lti/services.php/CourseSection/3/bindings/2/memberships"
    kind = scopes.MEMBERS_TYPE

    def get(query: str = "", accept: str = kind, token: str | None = None) -> Any:
        return world.call("GET", url + query, headers={"Accept": accept}, token=token)

    world.state.people["eve"].sourced_id = "S005"
    assert_answer(world, get(), records["all"])
    assert_answer(world, get("?role=Learner"), records["role_learner"])
    full = "http%3A%2F%2Fpurl.imsglobal.org%2Fvocab%2Flis%2Fv2%2Fmembership%23Learner"
    assert_answer(world, get("?role=" + full), records["role_full_uri"])
    assert_answer(world, get("?role=Instructor"), records["role_instructor"])
    for query, name in (("?limit=2", "limit_2"), ("?limit=2&from=6", "limit_2_from_6")):
        page = get(query)
        assert_answer(world, page, records[name])
        assert page.headers.get("Link") == filled(world, records[name]["headers"]).get("Link")
    assert_answer(world, get(accept="*/*"), records["accept_any"])
    assert_answer(world, get(accept="application/json"), records["accept_json"])
    assert_answer(world, get(accept=kind + ", application/json"), records["accept_two"])
    assert_answer(world, get(token="bad"), records["bad_token"])
    assert_answer(world, get(token=world.token(scopes.SCORE)), records["wrong_scope_token"])
    linked = get("?rlid=1").json["members"]
    expected = filled(world, records["resource_link"])["body"]["members"]
    assert [shape(each) for each in linked] == [shape(each) for each in expected]
    world.course.enrolments["eve"].suspended = True
    assert_answer(world, get(), records["with_eve_suspended_in_course"])


def shape(value: Any) -> Any:
    """Return the value with its scalars replaced by their kinds."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__


@pytest.mark.parametrize(
    ("record", "person", "activity", "more"),
    [
        ("student", "ann", "link1", {}),
        ("teacher", "tess", "link1", {}),
        ("ta_non_editing_teacher", "tad", "link1", {}),
        ("admin", "admin", "link1", {}),
        ("link_without_grade", "ann", "link2", {}),
        ("deep_linking", "tess", None, {"kind": "deep_linking"}),
        ("submission_review", "tess", "link1", {"kind": "review", "for_person": "ann"}),
    ],
)
def test_launch_claims(
    world: Bench, record: str, person: str, activity: str | None, more: dict[str, Any]
) -> None:
    """Moodle: an id_token has the recorded members, and the same values where they are fixed."""
    expected = filled(world, recorded("moodle_launches")[record]["claims"])
    claims = walk(world, person, activity, **more)
    custom = scopes.LTI + "custom"
    for each in (expected, claims):
        assert each.pop(custom)

    assert set(claims) == set(expected)
    assert {name: shape(each) for name, each in claims.items()} == {
        name: shape(each) for name, each in expected.items()
    }
    for name in ("roles", "context", "lis", "version", "message_type", "deployment_id", "ext"):
        assert claims[scopes.LTI + name] == expected[scopes.LTI + name]
    for name in ("sub", "name", "given_name", "family_name", "email", "aud"):
        assert claims[name] == expected[name]
    assert claims["exp"] - claims["iat"] == 60
    if record != "submission_review":
        assert claims[scopes.AGS_CLAIM] == expected[scopes.AGS_CLAIM]


def test_login_initiation(world: Bench) -> None:
    """Moodle: the login initiation has exactly the recorded fields; the hint is a JSON string."""
    expected = recorded("moodle_launches")["login"]
    fields = world.launch("ann", "link1")

    assert list(fields) == list(expected)
    assert set(json.loads(fields["lti_message_hint"])) == {"cmid", "launchid"}
    assert fields["login_hint"] == expected["login_hint"]
    assert fields["lti_deployment_id"] == expected["lti_deployment_id"]


AUTH_CHANGES: dict[str, dict[str, str | None]] = {
    "good": {},
    "other redirect_uri": {"redirect_uri": "http://localhost:8000/elsewhere"},
    "redirect_uri with extra query": {"redirect_uri": "http://localhost:8000/lti/launch?x=1"},
    "no nonce": {"nonce": None},
    "no state": {"state": None},
    "no response_mode": {"response_mode": None},
    "response_mode query": {"response_mode": "query"},
    "no prompt": {"prompt": None},
    "prompt login": {"prompt": "login"},
    "no lti_message_hint": {"lti_message_hint": None},
    "login_hint of another user": {"login_hint": "5"},
    "other client_id": {"client_id": "somebody"},
    "scope openid profile": {"scope": "openid profile"},
    "response_type code": {"response_type": "code"},
}


@pytest.mark.parametrize("case", AUTH_CHANGES)
def test_auth_outcomes(world: Bench, case: str) -> None:
    """Moodle: each recorded authentication request ends as it did there."""
    expected = recorded("moodle_auth")["cases"][case]
    world.sign_in("ann")
    asked = request_of(world.launch("ann", "link1"), **AUTH_CHANGES[case])
    answer = world.client.get("/moodle/mod/lti/auth.php", query_string=asked)
    if expected == "page":
        assert answer.status_code == 404
        assert "Invalid request" in answer.text
        return
    address, fields = form_of(answer.text)
    if "id_token" in fields:
        fields["id_token"] = "token"

    assert address == "http://localhost:8000/lti/launch"
    assert fields == expected


def test_auth_hint_is_used_once(world: Bench) -> None:
    """Moodle: the same lti_message_hint a second time is an error page, not an answer."""
    world.sign_in("ann")
    asked = request_of(world.launch("ann", "link1"))
    first = world.client.get("/moodle/mod/lti/auth.php", query_string=asked)
    second = world.client.get("/moodle/mod/lti/auth.php", query_string=asked)

    assert (first.status_code, second.status_code) == (200, 404)
    assert recorded("moodle_auth")["cases"]["same lti_message_hint a second time"] == "page"


TOKEN_CASES: dict[str, dict[str, Any]] = {
    "good": {},
    "all scopes": {
        "scope": " ".join((scopes.LINEITEM, scopes.RESULT, scopes.SCORE, scopes.MEMBERSHIP))
    },
    "one unknown scope among good ones": {"scope": f"urn:x {scopes.SCORE}"},
    "only unknown scope": {"scope": "urn:x"},
    "expired assertion": {"claims": {"exp": -10}},
    "iat 30 s in the future": {"claims": {"iat": 30, "exp": 100}},
    "no exp": {"claims": {"exp": None}},
    "no jti": {"claims": {"jti": None}},
    "aud is the issuer": {"claims": {"aud": "http://127.0.0.1:8001/moodle"}},
    "aud is something else": {"claims": {"aud": "https://else.example"}},
    "iss is the tool's URL": {"claims": {"iss": "http://localhost:8000"}},
    "unknown client (sub)": {"claims": {"sub": "nobody"}},
    "no kid": {"sign": {"headers": {}}},
    "unknown kid": {"sign": {"kid": "other"}},
    "RS384": {"sign": {"algorithm": "RS384"}},
    "garbage assertion": {"assertion": "garbage"},
    "wrong grant": {"grant": "authorization_code"},
    "json body": {"json": True},
}


@pytest.mark.parametrize("case", TOKEN_CASES)
@pytest.mark.parametrize("cached", [False, True], ids=["first", "cached"])
def test_token_probes(world: Bench, case: str, cached: bool) -> None:
    """Moodle: each recorded token request gets the recorded status, media type and body."""
    expected = recorded("moodle_tokens")["cases"][case]
    change = TOKEN_CASES[case]
    address = world.platform.root + "/mod/lti/token.php"
    if cached:
        world.state.cached_tool_keys = world.tool.send(None).json()
    now = int(world.clock.now())
    changed = {
        name: now + value if name in {"exp", "iat"} and value is not None else value
        for name, value in change.get("claims", {}).items()
    }
    claims = world.tool.assertion(world.platform, address, **changed)
    form = {
        "grant_type": change.get("grant", "client_credentials"),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": change.get("assertion")
        or world.tool.sign(claims, **change.get("sign", {})),
        "scope": change.get("scope", scopes.SCORE),
    }
    if change.get("json"):
        answer = world.client.post("/moodle/mod/lti/token.php", json=form)
    else:
        answer = world.client.post("/moodle/mod/lti/token.php", data=form)

    assert answer.status_code == expected["status"]
    assert answer.headers["Content-Type"] == expected["content_type"]
    if isinstance(expected["body"], str):
        assert answer.text == expected["body"]
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(answer.text)
    elif case == "iat 30 s in the future":
        assert json.loads(answer.text)["error"].startswith("Cannot handle token with iat prior to")
    else:
        body = json.loads(answer.text)
        body |= {"access_token": "<redacted>"} if "access_token" in body else {}
        assert body == expected["body"]
