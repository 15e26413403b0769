"""Scripted faults and lasting moods, in process: what is answered and what took effect."""

from __future__ import annotations

from typing import Any

import pytest

from lti_alliance.practice_lms.faults import ENDPOINTS, KINDS, MANNERS
from tests.practice_lms.conftest import Bench
from tests.practice_lms.test_canvas_launch import asked
from tests.practice_lms.test_canvas_scores import body, cell_of, iso, item_of, post, scores_url
from tests.practice_lms.test_canvas_services import token_request

DROPPED = {"reset", "reset_during", "unclear"}
NOT_CARRIED_OUT = ["garbage", "html", "huge", "empty", "throttle", "status"]


def fault(bench: Bench, **members: Any) -> None:
    sent = {"platform": bench.platform.name, **members}
    answer = bench.client.post("/_practice/faults", json=sent)
    assert answer.status_code == 201, answer.text


def switch(bench: Bench, **moods: Any) -> None:
    answer = bench.client.post(f"/_practice/switches/{bench.platform.name}", json=moods)
    assert answer.status_code == 200, answer.text


def moodle_url(bench: Bench, tail: str = "scores") -> str:
    item = bench.course.primary_item("taster")
    return f"{bench.platform.root}/mod/lti/services.php/3/lineitems/{item.id}/lineitem/{tail}"


def moodle_score(bench: Bench, given: float = 3) -> Any:
    sent = {**body(bench, "ravi.menon"), "scoreGiven": given, "timestamp": iso(bench, 1)}
    return bench.post_score(moodle_url(bench), sent)


def call(bench: Bench, endpoint: str) -> Any:
    """Call one of Canvas's endpoints, well enough for a fault to meet it."""
    items = f"{bench.platform.root}/api/lti/courses/77/line_items"
    if endpoint == "score":
        return post(bench)
    if endpoint == "token":
        return token_request(bench)
    if endpoint == "deep_linking":
        return bench.client.post("/canvas/courses/77/deep_linking_response", data={"JWT": "x"})
    if endpoint == "registration":
        return bench.client.post("/canvas/api/lti/registrations", json={})
    addresses = {
        "lineitems": items,
        "results": f"{items}/{item_of(bench).id}/results",
        "memberships": f"{bench.platform.root}/api/lti/courses/77/names_and_roles",
        "openid_configuration": f"{bench.platform.root}/api/lti/security/openid-configuration",
        "notices": f"{bench.platform.root}/api/lti/notice-handlers/318",
        "jwks": f"{bench.platform.root}/api/lti/security/jwks",
        "auth": f"{bench.platform.root}/api/lti/authorize",
    }
    return bench.call("GET", addresses[endpoint])


def test_every_kind_has_a_manner() -> None:
    """Each kind that the interface takes is carried out, and is described for the page."""
    assert set(KINDS) == set(MANNERS)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_fault_at_every_endpoint(canvas: Bench, endpoint: str) -> None:
    """Each fault happens once, at the endpoint that it was scripted for."""
    for kind in KINDS:
        fault(canvas, endpoint=endpoint, kind=kind, status=502, size=1000)
        try:
            call(canvas, endpoint).get_data()
            dropped = False
        except ConnectionResetError:
            dropped = True
        newest = canvas.client.get("/_practice/messages").json[0]["kind"]

        assert dropped is (kind in DROPPED)
        assert canvas.state.faults == []
        assert newest.endswith(f"(broken on purpose: {kind})")


@pytest.mark.parametrize("kind", NOT_CARRIED_OUT)
def test_what_is_not_carried_out(canvas: Bench, kind: str) -> None:
    """An answer made up instead of the real one leaves the gradebook as it was."""
    fault(canvas, endpoint="score", kind=kind)
    post(canvas)

    assert cell_of(canvas) is None


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("name", ["canvas", "moodle"])
def test_half_an_answer(app: Any, clock: Any, tool: Any, name: str, carried_out: bool) -> None:
    """Of an answer that breaks off the script says whether the request took effect."""
    bench = Bench(app, name, clock, tool)
    fault(bench, endpoint="score", kind="reset_during", carried_out=carried_out)
    with pytest.raises(ConnectionResetError):
        post(bench) if name == "canvas" else moodle_score(bench)

    assert bool(bench.course.cells) is carried_out


def test_any_status(canvas: Bench) -> None:
    """A status comes with the body, the headers, the wait and the address that it was given."""
    fault(
        canvas,
        endpoint="token",
        kind="status",
        status=200,
        body={"token_type": "Bearer"},
        headers={"Content-Type": "application/json"},
    )
    fault(
        canvas,
        endpoint="token",
        kind="status",
        status=308,
        location="https://elsewhere.example/",
        retry_after="Fri, 31 Dec 9999 23:59:59 GMT",
    )
    fault(canvas, endpoint="token", kind="status", status=503, retry_after=-5)
    first, second, third = (token_request(canvas) for _ in range(3))

    assert (first.status_code, first.json) == (200, {"token_type": "Bearer"})
    assert (second.status_code, second.headers["Location"]) == (308, "https://elsewhere.example/")
    assert second.headers["Retry-After"] == "Fri, 31 Dec 9999 23:59:59 GMT"
    assert third.headers["Retry-After"] == "-5"


@pytest.mark.parametrize(
    ("endpoint", "part"),
    [("score", "v1.score+json"), ("results", "resultcontainer"), ("token", "application/json")],
)
def test_noise_has_the_right_type(canvas: Bench, endpoint: str, part: str) -> None:
    """Garbage says that it is what was asked for, and is no JSON."""
    fault(canvas, endpoint=endpoint, kind="garbage")
    answer = call(canvas, endpoint)

    assert answer.status_code == 200
    assert part in answer.headers["Content-Type"]
    with pytest.raises(ValueError):
        answer.get_json(force=True)


def test_an_empty_yes(canvas: Bench) -> None:
    """An empty answer has status 200 and no body."""
    fault(canvas, endpoint="lineitems", kind="empty")
    answer = call(canvas, "lineitems")

    assert (answer.status_code, answer.data) == (200, b"")
    assert "lineitemcontainer" in answer.headers["Content-Type"]


def test_a_huge_answer(canvas: Bench) -> None:
    """A huge answer is as long as told, without saying so beforehand."""
    fault(canvas, endpoint="results", kind="huge", size=3_000_000)
    answer = call(canvas, "results")

    assert "Content-Length" not in answer.headers
    assert len(answer.data) == 3_000_000


def test_an_answer_in_drops(canvas: Bench) -> None:
    """A dripping answer is the real one, one byte for each wait."""
    fault(canvas, endpoint="score", kind="drip", seconds=2)
    answer = post(canvas)

    assert answer.json["resultUrl"]
    assert canvas.clock.slept == [2] * len(answer.data)
    assert cell_of(canvas).score == 3


@pytest.mark.parametrize("status", [403, 429])
def test_throttled_by_either_status(canvas: Bench, status: int) -> None:
    """Canvas: a switch says whether throttled is 403, as it was for years, or 429."""
    switch(canvas, throttle_status=status)
    fault(canvas, endpoint="score", kind="throttle")
    answer = post(canvas)

    assert answer.status_code == status
    assert "Rate Limit Exceeded" in answer.text


def test_some_calls_pass_first(canvas: Bench) -> None:
    """A fault that lets two calls through meets the third, and a later fault the first."""
    fault(canvas, endpoint="score", kind="status", status=500, skip=2)
    fault(canvas, endpoint="score", kind="status", status=502)
    statuses = [post(canvas).status_code for _ in range(4)]

    assert statuses == [502, 200, 500, 200]


def test_a_fault_for_one_student(canvas: Bench) -> None:
    """A fault about one student waits for that student's score."""
    people = canvas.state.people
    fault(canvas, endpoint="score", kind="status", only_sub=people["mateo.quispe"].sub)
    other = post(canvas).status_code
    theirs = canvas.post_score(scores_url(canvas), body(canvas, "mateo.quispe")).status_code

    assert (other, theirs) == (200, 503)


def test_an_outage_lasts(canvas: Bench) -> None:
    """Out of order, every service call gets the status; sign-ins and keys go on."""
    switch(canvas, outage_status=503, outage_retry_after="120")
    fault(canvas, endpoint="score", kind="reset")
    down = [call(canvas, each) for each in ("token", "score", "lineitems", "results")]
    keys = call(canvas, "jwks").status_code
    waiting = len(canvas.state.faults)
    switch(canvas, outage_status=0)

    assert {(each.status_code, each.headers["Retry-After"]) for each in down} == {(503, "120")}
    assert (keys, waiting) == (200, 1)
    assert call(canvas, "token").status_code == 200


def test_a_rate_limit(canvas: Bench) -> None:
    """Two calls a second pass; more are throttled until the LMS's time has gone on."""
    switch(canvas, rate_limit_per_s=2)
    at_once = [post(canvas).status_code for _ in range(4)]
    canvas.clock.time += 0.5
    later = [post(canvas).status_code for _ in range(2)]
    switch(canvas, rate_limit_per_s=0)

    assert at_once == [200, 200, 403, 403]
    assert later == [200, 403]
    assert post(canvas).status_code == 200


def test_sign_in_is_not_limited(canvas: Bench) -> None:
    """A rate limit is about services: people can still sign in."""
    switch(canvas, rate_limit_per_s=1)
    post(canvas)
    canvas.sign_in("amara.okafor")
    query = asked(canvas.launch("amara.okafor"))

    assert canvas.client.get("/canvas/api/lti/authorize", query_string=query).status_code == 200


@pytest.mark.parametrize(
    ("members", "part"),
    [
        ({"endpoint": "scores"}, "endpoint or kind unknown"),
        ({"kind": "explode"}, "endpoint or kind unknown"),
        ({"colour": "red"}, "no member colour"),
        ({"times": 0}, "times is a number from 1"),
        ({"status": 99}, "status is a number from 200 to 599"),
        ({"seconds": "long"}, "seconds is a number"),
        ({"skip": -1}, "skip is a number"),
        ({"carried_out": "yes"}, "carried_out is true or false"),
        ({"headers": []}, "headers are an object"),
        ({"retry_after": "1\r\nX: y"}, "one line"),
        ({"only_sub": "nobody"}, "only_sub"),
    ],
)
def test_faults_that_make_no_sense(canvas: Bench, members: dict[str, Any], part: str) -> None:
    """What cannot be a fault is refused with a sentence that says why."""
    sent = {"platform": "canvas", "endpoint": "score", "kind": "status", **members}
    answer = canvas.client.post("/_practice/faults", json=sent)

    assert answer.status_code == 400
    assert part in answer.json["error"]
    assert canvas.state.faults == []


@pytest.mark.parametrize(
    "moods",
    [
        {"noise": "yes"},
        {"rate_limit_per_s": -1},
        {"outage_status": 5},
        {"clock_skew_s": "fast"},
        {"privacy": None},
    ],
)
def test_moods_that_make_no_sense(canvas: Bench, moods: dict[str, Any]) -> None:
    """A switch takes a value of its kind; otherwise nothing is switched."""
    before = canvas.state.switches.to_json()
    answer = canvas.client.post("/_practice/switches/canvas", json=moods)

    assert answer.status_code == 400
    assert next(iter(moods)) in answer.json["error"]
    assert canvas.state.switches.to_json() == before


def test_no_such_address(canvas: Bench) -> None:
    """An address of the interface that does not exist is answered with a sentence."""
    answer = canvas.client.post("/_practice/explode")

    assert answer.status_code == 404
    assert answer.json == {"error": "no such address: /_practice/explode"}
