"""The practice LMS's pages: who sees what, and that they need nothing from elsewhere."""

from __future__ import annotations

import re

import pytest

from lti_alliance.practice_lms.breakages import BREAKAGES
from tests.practice_lms.conftest import Bench
from tests.practice_lms.forms import form_of
from tests.practice_lms.test_canvas_scores import EXT, cell_of, item_of, post

PUBLIC = ["/", "/messages", "/break", "/canvas/login", "/moodle/login", "/canvas/phone"]


@pytest.mark.parametrize("path", PUBLIC)
def test_open_pages(canvas: Bench, path: str) -> None:
    """Doors, messages and breakages are open to all and load nothing from elsewhere."""
    answer = canvas.client.get(path)

    assert answer.status_code == 200
    assert not re.findall(r'(?:src|href)="https?://', answer.text)
    assert not re.search(r"<script>|<style|\son\w+=", answer.text)
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-src 'self' http://localhost:8000" in policy
    assert "unsafe" not in policy


def test_doors_sign_in(canvas: Bench) -> None:
    """A door signs the visitor in and leads to the page that it promises."""
    page = canvas.client.get("/").text
    person = re.search(r'name="person" value="([^"]+)"', page)
    following = re.search(r'name="next" value="([^"]+)"', page)
    answer = canvas.client.post(
        "/canvas/login_as",
        data={"person": person.group(1), "next": following.group(1)},
        follow_redirects=True,
    )

    assert answer.status_code == 200
    assert "<iframe" in answer.text
    assert "Amara Okafor" in answer.text


def test_next_stays_here(canvas: Bench) -> None:
    """Signing in never leads to another site."""
    for address in ("https://else.example/", "//else.example/", "/\\else.example"):
        answer = canvas.client.post(
            "/canvas/login_as", data={"person": "instructor", "next": address}
        )

        assert answer.headers["Location"] == "/canvas/courses/77"


def test_cookies_survive_the_frame(canvas: Bench) -> None:
    """One cookie is for frames (SameSite=None; Secure), one for plain HTTP clients."""
    answer = canvas.client.post("/canvas/login_as", json={"person": "instructor"})
    cookies = answer.headers.getlist("Set-Cookie")

    assert all("HttpOnly" in each for each in cookies)
    assert ["SameSite=None" in each and "Secure" in each for each in cookies] == [False, True]


def test_unsigned_visitors_choose(canvas: Bench) -> None:
    """A course page asks whom the visitor wants to be."""
    answer = canvas.client.get("/canvas/courses/77")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/canvas/login?next=/canvas/courses/77"


def test_forged_cookie(canvas: Bench) -> None:
    """A cookie that the LMS did not sign is nobody's; nor does one platform's serve the other."""
    canvas.client.set_cookie("canvas_session", "instructor", domain="localhost")
    assert canvas.client.get("/canvas/courses/77").status_code == 303
    canvas.sign_in("admin")

    assert canvas.client.get("/moodle/courses/3").status_code == 303


def test_students_see_their_own(canvas: Bench) -> None:
    """A student sees own grades and no gradebook."""
    post(canvas, comment="Fine")
    canvas.sign_in("amara.okafor")
    own = canvas.client.get("/canvas/courses/77/grades.json").json
    canvas.sign_in("mateo.quispe")
    other = canvas.client.get("/canvas/courses/77/grades").text

    assert {each["person"] for each in own["cells"]} == {"amara.okafor"}
    assert "Fine" not in other
    for path in ("gradebook", "gradebook.json", f"gradebook/{item_of(canvas).id}/amara.okafor"):
        assert canvas.client.get(f"/canvas/courses/77/{path}").status_code == 403


def test_launch_page(moodle: Bench) -> None:
    """The frame's page posts the login initiation by itself or by its button."""
    moodle.sign_in("teacher")
    page = moodle.client.get("/moodle/courses/3/activities/taster/launch").text
    address, fields = form_of(page)

    assert address == "http://localhost:8000/lti/login"
    assert fields["lti_deployment_id"] == "2"
    assert '<button type="submit">' in page


def test_resizing_is_canvas_manner(canvas: Bench, moodle: Bench) -> None:
    """Only the Canvas page resizes and stores for the tool; Moodle does neither."""
    canvas.sign_in("amara.okafor")
    moodle.sign_in("teacher")
    ours = canvas.client.get("/canvas/courses/77/activities/taster").text
    theirs = moodle.client.get("/moodle/courses/3/activities/taster").text

    assert "resize.js" in ours
    assert 'name="post_message_forwarding"' in ours
    assert "resize.js" not in theirs
    assert "post_message_forwarding" not in theirs
    assert 'title="Two-minute taster' in ours


def test_grade_entered_by_hand(moodle: Bench) -> None:
    """Moodle: a grade entered by hand is overridden, and a later score leaves it as it is."""
    item = moodle.course.primary_item("taster")
    path = f"/moodle/courses/3/gradebook/{item.id}/ravi.menon"
    moodle.sign_in("teacher")
    assert moodle.client.post(path, data={"score": "3,5"}).status_code == 303
    moodle.clock.time += 5
    sent = {
        "userId": moodle.state.people["ravi.menon"].sub,
        "scoreGiven": 1,
        "scoreMaximum": 4,
        "timestamp": "2030-01-01T00:00:00Z",
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
    }
    url = f"{moodle.platform.root}/mod/lti/services.php/3/lineitems/{item.id}/lineitem/scores"
    assert moodle.post_score(url, sent).status_code == 200
    cell = moodle.course.find_cell(item.id, "ravi.menon")

    assert (cell.score, cell.raw, cell.overridden) == (3.5, 1.25, True)
    assert "overridden" in moodle.client.get(path).text


@pytest.mark.parametrize("text", ["abc", "-1", "nan", "inf"])
def test_what_is_not_a_grade(canvas: Bench, text: str) -> None:
    """Only a number, nought or more, is a grade."""
    canvas.sign_in("instructor")
    path = f"/canvas/courses/77/gradebook/{item_of(canvas).id}/amara.okafor"

    assert canvas.client.post(path, data={"score": text}).status_code == 422


def test_submission_view(canvas: Bench) -> None:
    """Canvas: a basic_lti_launch submission is opened from the gradebook at its URL."""
    canvas.sign_in("instructor")
    path = f"/canvas/courses/77/gradebook/{item_of(canvas).id}/amara.okafor"
    assert canvas.client.get(path + "/launch").status_code == 404
    url = "http://localhost:8000/lti/launch?attempt=a1"
    post(canvas, **{EXT: {"submission_type": "basic_lti_launch", "submission_data": url}})
    fields = form_of(canvas.client.get(path + "/launch").text)[1]

    assert fields["target_link_uri"] == url
    assert cell_of(canvas).submission_data == url
    assert "<iframe" in canvas.client.get(path).text


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_breakages(canvas: Bench, platform: str) -> None:
    """Every breakage can be chosen and mended; one of the other manner cannot."""
    bench = (
        canvas if platform == "canvas" else Bench(canvas.app, "moodle", canvas.clock, canvas.tool)
    )
    untouched = bench.state.switches.to_json()
    for each in BREAKAGES:
        sent = {"platform": platform, "what": each.key}
        expected = 303 if each.only in ("", platform) else 404
        assert bench.client.post("/break", data=sent).status_code == expected
    assert bench.state.faults
    bench.client.post("/break", data={"platform": platform, "what": "mend"})

    assert bench.state.faults == []
    assert bench.state.switches.to_json() == untouched


def test_description_is_not_markup_on_pages(canvas: Bench) -> None:
    """What the tool or an author wrote is text on the LMS's pages."""
    post(canvas, comment="<script>alert(1)</script>")
    canvas.sign_in("amara.okafor")
    page = canvas.client.get("/canvas/courses/77/grades").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_messages_page(canvas: Bench) -> None:
    """The messages page shows what passed, and filters by platform."""
    post(canvas)

    assert "Score" in canvas.client.get("/messages?platform=canvas").text
    assert "Nothing has passed yet" in canvas.client.get("/messages?platform=moodle").text
