"""The practice LMS's own interface: activities, faults, switches, messages, state on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from lti_alliance.practice_lms import scopes
from lti_alliance.practice_lms.app import create_practice_lms
from lti_alliance.practice_lms.platform import EXTENSION
from lti_alliance.practice_lms.settings import PracticeSettings
from tests.ports import free_port
from tests.practice_lms.conftest import Bench
from tests.practice_lms.test_canvas_launch import asked, claims_for, outcome
from tests.practice_lms.test_canvas_scores import cell_of, post
from tests.practice_lms.test_canvas_services import token_request


def fault(bench: Bench, **members: Any) -> None:
    answer = bench.client.post(
        "/_practice/faults", json={"platform": bench.platform.name, **members}
    )
    assert answer.status_code == 201, answer.text


def test_registration(canvas: Bench, moodle: Bench) -> None:
    """Each platform says what a tool must know about it."""
    ours = canvas.client.get("/canvas/registration.json").json
    theirs = moodle.client.get("/moodle/registration.json").json

    assert set(ours) == set(theirs)
    assert (ours["issuer"], theirs["issuer"]) == (
        "https://canvas.instructure.com",
        "http://127.0.0.1:8001/moodle",
    )
    assert theirs["auth_login_url"] == "http://127.0.0.1:8001/moodle/mod/lti/auth.php"
    assert (ours["family"], theirs["family"]) == ("canvas", "moodle")
    assert ours["service_host"] == "127.0.0.1:8001"


def test_only_this_machine(canvas: Bench) -> None:
    """The interface answers nobody but loopback clients, its course part included."""
    for path in ("/_practice/messages", "/_practice/courses/canvas/77/activities"):
        far = canvas.client.get(path, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
        near = canvas.client.get(path, environ_overrides={"REMOTE_ADDR": "::1"})

        assert (far.status_code, near.status_code) == (403, 200)


def test_no_changes_from_another_site(canvas: Bench) -> None:
    """A page of another site cannot change anything in the visitor's name."""
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = canvas.client.post("/break", data={"platform": "canvas"}, headers=headers)

    assert answer.status_code == 403


def test_add_an_activity(canvas: Bench) -> None:
    """An added activity is launched with its custom and its own line item."""
    made = canvas.client.post(
        "/_practice/courses/canvas/77/activities",
        json={"id": "extra", "title": "Extra", "points": 7, "custom": {"activity": "a-9"}},
    )
    claims = claims_for(canvas, "amara.okafor", "extra")

    assert made.status_code == 201
    assert claims[scopes.LTI + "custom"]["activity"] == "a-9"
    assert claims[scopes.LTI + "resource_link"]["id"] == made.json["resource_link_id"]
    assert claims[scopes.AGS_CLAIM]["lineitem"].endswith(f"/{made.json['line_item']}")


def test_edit_and_delete_an_activity(moodle: Bench) -> None:
    """Points and title carry the column along; a deleted activity cannot be launched."""
    url = "/_practice/courses/moodle/3/activities/taster"
    changed = moodle.client.patch(url, json={"title": "T", "points": 9}).json
    item = moodle.course.line_items[str(changed["line_item"])]
    moodle.client.delete(url)
    asked_for = {"platform": "moodle", "activity": "taster", "person": "teacher"}

    assert (item.label, item.score_maximum) == ("T", 9)
    assert moodle.client.post("/_practice/launch", json=asked_for).status_code == 404


def test_what_is_not_there(canvas: Bench) -> None:
    """A wrong name is answered with one sentence."""
    for asked_for in (
        {"platform": "blackboard"},
        {"platform": "canvas", "person": "nobody"},
        {"platform": "canvas", "person": "instructor", "activity": "nothing"},
    ):
        answer = canvas.client.post("/_practice/launch", json=asked_for)

        assert answer.status_code == 404
        assert answer.json["error"].startswith("no such")


def test_gradebook_states(canvas: Bench) -> None:
    """The gradebook tells score, source, attempts, submission and comments of each pair."""
    post(canvas, comment="Fine")
    book = canvas.client.get("/_practice/gradebook/canvas/77").json
    pairs = {(each["person"], each["activity"]): each for each in book["cells"]}
    told = pairs["amara.okafor", "taster"]

    assert len(pairs) == len(book["people"]) * len(book["activities"]) > 100
    assert (told["score"], told["maximum"], told["source"], told["attempts"]) == (3, 5, "tool", 1)
    assert [each["text"] for each in told["comments"]] == ["Fine"]
    assert pairs["mateo.quispe", "taster"]["score"] is None


def test_a_person_grades(canvas: Bench) -> None:
    """Canvas: a grade entered by a person is a person's until the tool sends another."""
    sent = {"person": "amara.okafor", "activity": "taster", "score": 1}
    canvas.client.post("/_practice/gradebook/canvas/77", json=sent)
    by_person = cell_of(canvas).source
    post(canvas)

    assert (by_person, cell_of(canvas).source, cell_of(canvas).score) == ("person", "tool", 3)


def test_status_faults(canvas: Bench) -> None:
    """A scripted status comes as often as told, with Retry-After, and then no more."""
    fault(canvas, endpoint="score", kind="status", status=503, times=2, retry_after="7")
    answers = [post(canvas) for _ in range(3)]

    assert [each.status_code for each in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_throttle_fault(canvas: Bench) -> None:
    """Canvas: throttled is 403 with a plain text that says Rate Limit Exceeded."""
    fault(canvas, endpoint="score", kind="throttle")
    answer = post(canvas)

    assert answer.status_code == 403
    assert "Rate Limit Exceeded" in answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_html_fault(canvas: Bench) -> None:
    """A page with status 200 comes instead, and nothing is stored."""
    fault(canvas, endpoint="score", kind="html")
    answer = post(canvas)

    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert cell_of(canvas) is None


def test_delay_fault(canvas: Bench) -> None:
    """A delayed answer is an answer all the same."""
    fault(canvas, endpoint="token", kind="delay", seconds=8)
    answer = token_request(canvas)

    assert answer.status_code == 200
    assert canvas.clock.slept == [8]


@pytest.mark.parametrize(("kind", "stored"), [("reset", False), ("unclear", True)])
def test_dropped_connections(canvas: Bench, kind: str, stored: bool) -> None:
    """A reset stores nothing; an unclear end stores the score and then says nothing."""
    fault(canvas, endpoint="score", kind=kind)
    with pytest.raises(ConnectionResetError):
        post(canvas)

    assert (cell_of(canvas) is not None) is stored
    assert post(canvas).status_code == 200


def test_auth_and_key_faults(canvas: Bench) -> None:
    """Launches and key requests can be broken as well."""
    fault(canvas, endpoint="jwks", kind="status", status=500)
    fault(canvas, endpoint="auth", kind="status", status=502)
    canvas.sign_in("amara.okafor")
    query = asked(canvas.launch("amara.okafor"))

    assert canvas.client.get("/canvas/api/lti/security/jwks").status_code == 500
    assert canvas.client.get("/canvas/api/lti/authorize", query_string=query).status_code == 502
    assert "id_token" in outcome(canvas, query)


def test_faults_of_one_platform_spare_the_other(canvas: Bench, moodle: Bench) -> None:
    """A fault waits for its own platform and can be cleared."""
    fault(moodle, endpoint="score", kind="status")
    assert post(canvas).status_code == 200
    moodle.client.delete("/_practice/faults/moodle")

    assert moodle.state.faults == []


def test_unknown_fault_and_switch(canvas: Bench) -> None:
    """Misspelt faults and switches are refused."""
    wrong = {"platform": "canvas", "endpoint": "scores", "kind": "status"}

    assert canvas.client.post("/_practice/faults", json=wrong).status_code == 400
    assert canvas.client.post("/_practice/switches/canvas", json={"x": 1}).status_code == 400


def test_switches(canvas: Bench) -> None:
    """Privacy, deployment and clock are changed at once."""
    canvas.client.post(
        "/_practice/switches/canvas",
        json={"privacy": "anonymous", "deployment_id": "9:x", "clock_skew_s": 120},
    )
    claims = claims_for(canvas, "amara.okafor")

    assert "name" not in claims
    assert claims[scopes.LTI + "deployment_id"] == "9:x"
    assert claims["iat"] == int(canvas.clock.now()) + 120


def test_register_the_tool(canvas: Bench) -> None:
    """A setup script tells the platform where the tool lives."""
    canvas.client.post(
        "/_practice/tool/canvas",
        json={"login_url": "http://tool.example/login", "client_id": "5"},
    )
    made = canvas.client.post(
        "/_practice/launch",
        json={"platform": "canvas", "activity": "taster", "person": "instructor"},
    ).json

    assert made["login_url"] == "http://tool.example/login"
    assert made["fields"]["client_id"] == "5"


def test_messages_cut_secrets(canvas: Bench) -> None:
    """Messages show decoded tokens, newest first, without signatures or access tokens."""
    answer = token_request(canvas)
    canvas.sign_in("amara.okafor")
    answered = outcome(canvas, asked(canvas.launch("amara.okafor")))
    post(canvas)
    text = canvas.client.get("/_practice/messages").text
    found = json.loads(text)

    assert [each["kind"] for each in found] == [
        "Score",
        "Authentication request",
        "Login initiation",
        "Token request",
    ]
    for secret in (answer.json["access_token"], answered["id_token"].rpartition(".")[2]):
        assert secret not in text
    payload = found[1]["answered"]["fields"]["id_token"]["token payload"]
    assert payload[scopes.LTI + "message_type"] == "LtiResourceLinkRequest"
    assert found[0]["sent"]["scoreGiven"] == 3


def test_reset(canvas: Bench) -> None:
    """Starting over empties gradebook and messages, and keeps keys and the registration."""
    post(canvas)
    keys, secret = canvas.state.private_keys, canvas.state.secret
    canvas.client.post("/_practice/tool/canvas", json={"client_id": "5"})
    canvas.client.post("/_practice/reset")

    assert canvas.client.get("/_practice/messages").json == []
    assert canvas.course.cells == {}
    assert (canvas.state.private_keys, canvas.state.secret) == (keys, secret)
    assert canvas.state.tool.client_id == "5"


def test_data_are_kept(tmp_path: Path, canvas: Bench) -> None:
    """With a data directory everything is there again after a restart."""
    first = create_practice_lms(PracticeSettings(data_dir=tmp_path))
    platform = first.extensions[EXTENSION].platforms["moodle"]
    key_set = platform.key_set()
    course = platform.state.courses["3"]
    course.cell(4, "ravi.menon").score = 2.5
    cookie = platform.session_cookie("teacher")
    first.extensions[EXTENSION].store.save()
    second = create_practice_lms(PracticeSettings(data_dir=tmp_path))
    again = second.extensions[EXTENSION].platforms["moodle"]

    assert again.key_set() == key_set
    assert again.state.to_json() == platform.state.to_json()
    assert again.state.courses["3"].find_cell(4, "ravi.menon").score == 2.5
    assert again.read_session([cookie]).id == "teacher"
    assert [each.name for each in tmp_path.iterdir()] == ["practice_lms.json"]


@pytest.fixture
def process(tmp_path: Path) -> Any:
    """The practice LMS as a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "lti_alliance.practice_lms", "--port", str(port)]
    started = subprocess.Popen(
        [*command, "--data", str(tmp_path), "--tool", "http://localhost:1"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    started.stdout.readline()
    yield started, f"http://127.0.0.1:{port}", tmp_path
    if started.poll() is None:
        started.kill()
    started.wait()
    started.stdout.close()


def test_as_a_process(process: Any) -> None:
    """The process launches for a plain HTTP client, drops connections, saves and stops."""
    started, base, data = process
    with requests.Session() as http:
        http.post(base + "/canvas/login_as", json={"person": "instructor"}, timeout=10)
        made = http.post(
            base + "/_practice/launch",
            json={"platform": "canvas", "activity": "taster", "person": "instructor"},
            timeout=10,
        ).json()
        fields = made["fields"]
        query = asked(fields, redirect_uri="http://localhost:1/lti/launch")
        where = http.get(base + "/canvas/registration.json", timeout=10).json()["auth_login_url"]
        page = http.get(where, params=query, timeout=10)
        scripted = {"platform": "canvas", "endpoint": "jwks", "kind": "reset"}
        http.post(base + "/_practice/faults", json=scripted, timeout=10)
        with pytest.raises(requests.ConnectionError):
            http.get(base + "/canvas/api/lti/security/jwks", timeout=10)
        alive = http.get(base + "/", timeout=10)
    started.send_signal(signal.SIGTERM)

    assert 'name="id_token"' in page.text
    assert alive.status_code == 200
    assert started.wait(timeout=10) == 0
    deadline = time.monotonic() + 5
    while not (data / "practice_lms.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert json.loads((data / "practice_lms.json").read_text("utf-8"))["platforms"]["canvas"]
