"""What scripts add, in a real browser: autosave, live delivery state, focus, size of the frame."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from lti_alliance.app import create_app
from lti_alliance.domain.activities import QuizForm
from lti_alliance.domain.gains import MIN_PEOPLE
from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.models import Activity, Attempt, Response, ScoreDelivery, db
from lti_alliance.services import line_items
from lti_alliance.services.activities import activity_settings
from lti_alliance.web import cookies
from tests.conftest import SOON_MS
from tests.services.work import take_quiz
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.test_copied_dates import closes_at, copied

pytestmark = pytest.mark.browser

AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an application at an address of its own."""
    server = make_server("localhost", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def course(settings, session, now) -> Iterator[Course]:
    """A course that a browser can reach."""
    made: list[Flask] = []
    with served(lambda environ, start: made[0](environ, start)) as address:
        app = create_app(replace(settings, base_url=address), now=now)
        made.append(app)
        yield open_course(app, session, now)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def context(chromium):
    context = chromium.new_context(locale="en-US", timezone_id="America/Chicago")
    yield context
    context.close()


def open_page(context, course, name, activity, path="", **changes) -> Page:
    """Open a page of an activity as somebody, in a tab of its own."""
    visitor = course.visit(name, activity, **changes)
    secret = visitor.client.get_cookie(cookies.PREFIX + visitor.handle).value
    context.add_cookies(
        [
            {
                "name": cookies.PREFIX + visitor.handle,
                "value": secret,
                "url": "https://localhost/",
                "secure": True,
                "sameSite": "None",
            }
        ]
    )
    page = context.new_page()
    base = course.app.extensions["alliance"].settings.base_url
    page.goto(f"{base}{visitor.home}{path}")
    return page


def test_a_text_is_saved_while_it_is_written(context, course):
    """Two seconds after the last key the text is saved, and the page says when."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    page = open_page(context, course, "ada", activity, "reflections/tc-r1")

    page.fill("#text", "One honest sentence about it.")
    expect(page.locator("#save-state")).to_contain_text("Saved 6:00", timeout=SOON_MS)
    page.reload()

    expect(page.locator("#text")).to_have_value("One honest sentence about it.")
    expect(page.locator("#words")).to_have_text(
        "5 words; 145 to go to the shortest length asked for"
    )


def test_work_that_cannot_be_saved_stays_and_is_saved_later(context, course):
    """Offline the text stays on the page, which says so; back online it is saved by itself."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    page = open_page(context, course, "ada", activity, "reflections/tc-r1")
    expect(page.locator("#words")).to_contain_text("0 words; ")
    context.set_offline(True)
    page.fill("#text", "Written on a train.")
    expect(page.locator("#save-state")).to_contain_text("You are offline", timeout=SOON_MS)

    context.set_offline(False)

    expect(page.locator("#save-state")).to_contain_text("Saved", timeout=SOON_MS)
    expect(page.locator("#text")).to_have_value("Written on a train.")


def test_an_older_tab_overwrites_nothing_and_leads_to_both_versions(context, course):
    """The older of two tabs is told of the newer version and shows both when asked."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    older = open_page(context, course, "ada", activity, "reflections/tc-r1")
    newer = open_page(context, course, "ada", activity, "reflections/tc-r1")
    newer.fill("#text", "From the newer tab.")
    expect(newer.locator("#save-state")).to_contain_text("Saved", timeout=SOON_MS)

    older.fill("#text", "From the older tab.")
    expect(older.locator("#save-state")).to_contain_text("another tab", timeout=SOON_MS)
    older.get_by_role("button", name="Compare the two versions").click()

    expect(older.locator("body")).to_have_attribute("data-page", "conflict")
    expect(older.locator("#text")).to_have_value("From the older tab.")
    expect(older.locator("main")).to_contain_text("From the newer tab.")


def test_a_page_without_its_session_keeps_the_text(context, course):
    """When the session has ended the page says so and leaves the text where it is."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    page = open_page(context, course, "ada", activity, "reflections/tc-r1")
    course.now.move(hours=13)

    page.fill("#text", "Still here.")

    expect(page.locator("#save-state")).to_contain_text("signed out", timeout=SOON_MS)
    expect(page.locator("#text")).to_have_value("Still here.")


def test_leaving_at_once_saves_what_was_typed(context, course):
    """Going away before the pause is over loses nothing."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    page = open_page(context, course, "ada", activity, "reflections/tc-r1")
    page.on("dialog", lambda dialog: dialog.accept())
    address = page.url
    page.fill("#text", "Typed and gone.")

    page.locator(".back").click()
    expect(page.locator("body")).to_have_attribute("data-page", "activity")
    page.goto(address)

    expect(page.locator("#text")).to_have_value("Typed and gone.")


def test_handing_in_right_after_an_answer_takes_the_answer_along(context, course):
    """A click on the way on waits for the save under way, so that nothing is lost or refused."""
    activity = course.stage.activity(module_id="taster")
    page = open_page(context, course, "ada", activity)
    page.get_by_role("button", name="Start the quiz").click()
    for item in page.locator("fieldset[data-item]").all():
        item.locator("label").first.click()

    page.get_by_role("button", name="Check and hand in").click()
    expect(page.locator("body")).to_have_attribute("data-page", "review")
    expect(page.locator("main")).to_contain_text("3 of 3 questions answered")
    page.get_by_role("button", name="Hand in attempt 1").dblclick()

    expect(page.locator("body")).to_have_attribute("data-page", "result")
    assert len(course.fresh().scalars(select(Response)).all()) == 3
    assert course.session.scalars(select(Attempt.state)).one() == "graded"


def test_a_quiz_can_be_taken_by_keyboard_alone(context, course):
    """Tab, arrows, space and enter are enough for a whole quiz."""
    activity = course.stage.activity(module_id="taster")
    page = open_page(context, course, "ada", activity)

    press_to(page, "Start the quiz")
    expect(page.locator("h1")).to_be_focused()
    for _ in range(3):
        while page.evaluate("document.activeElement.type") != "radio":
            page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    press_to(page, "Check and hand in")
    expect(page.locator("h1")).to_be_focused()
    press_to(page, "Hand in attempt 1")

    expect(page.locator("body")).to_have_attribute("data-page", "result")
    assert len(course.fresh().scalars(select(Response)).all()) == 3


def test_the_delivery_state_is_refreshed_by_itself(context, course):
    """The sentence about the gradebook changes without a reload once the score is there."""
    activity = course.stage.activity(module_id="taster")
    attempt_id = course.hand_in_quiz("ada", activity)
    page = open_page(context, course, "ada", activity, f"attempts/{attempt_id}")
    expect(page.locator("main")).to_contain_text("on its way to the gradebook")

    delivery = course.fresh().scalars(select(ScoreDelivery)).one()
    delivery.state, delivery.delivered_at = "delivered", course.now()
    course.session.commit()

    expect(page.locator("[data-block=delivery]")).to_have_text(
        "In the gradebook since 6:00\N{NARROW NO-BREAK SPACE}AM.", timeout=SOON_MS
    )


def test_the_frame_hears_how_tall_the_page_is(context, course):
    """In a frame the page tells its height, and says nothing else."""
    activity = course.stage.activity(module_id="taster")
    with served(lambda _environ, start: _framing(start, inner.url)) as lms:
        inner = open_page(context, course, "ada", activity, frame_ancestors=[lms])
        outer = context.new_page()
        outer.goto(lms)
        outer.wait_for_function("window.heard.length > 0")
        message = outer.evaluate("window.heard[0]")

    assert message.keys() == {"subject", "height"}
    assert message["subject"] == "lti.frameResize"
    assert message["height"] > 300


@pytest.mark.parametrize("width", [320, 1100])
def test_no_page_is_wider_than_its_frame(context, course, width):
    """At 320 px, and at any width, nothing has to be scrolled sideways."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    attempt_id = course.hand_in_quiz("ada", activity)
    made = course.hand_in_reflection("ada", activity, "tc-r1", "W" * 300)
    page = open_page(context, course, "ada", activity)
    teacher = open_page(context, course, "instructor", activity)
    found = []

    for tab, paths in (
        (page, ("", "reading", f"attempts/{attempt_id}", "reflections/tc-r1")),
        (teacher, ("", "grading", f"grading/{made}", "settings", "unmatched", "preview")),
    ):
        tab.set_viewport_size({"width": width, "height": 700})
        home = tab.url
        for path in paths:
            tab.goto(home + path)
            if tab.evaluate("document.documentElement.scrollWidth") > width:
                found.append(path)

    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_breaks_a_rule_of_accessibility(context, course, scheme):
    """Every page, with faults and conflicts too, passes axe's rules of WCAG 2.2 AA."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    attempt_id = course.hand_in_quiz("ada", activity)
    course.hand_in_reflection("ada", activity, "tc-r1", "Some honest words.")
    made = course.hand_in_reflection("ben", activity, "tc-r1", "Other words.")
    open_attempt = course.open_quiz("ada", activity)
    course.join("eva")
    student = open_page(context, course, "ada", activity)
    writer = open_page(context, course, "eva", activity)
    teacher = open_page(context, course, "instructor", activity)
    quiz = f"attempts/{open_attempt.id}"
    found = {}

    def check(tab: Page, name: str) -> None:
        report = Axe().run(tab, options={"runOnly": AXE_RULES}).response
        if report["violations"]:
            found[name] = [(v["id"], v["nodes"][0]["target"]) for v in report["violations"]]

    for tab, paths in (
        (student, ("", "reading", quiz, f"{quiz}/review", f"attempts/{attempt_id}")),
        (student, ("reflections/tc-r1", "attempts/nothing")),
        (writer, ("", "reflections/tc-r1", "reflections/tc-r1/review")),
        (teacher, ("", "grading", f"grading/{made}", "settings", "unmatched", "preview")),
        (teacher, (f"attempts/{attempt_id}",)),
    ):
        tab.emulate_media(color_scheme=scheme)
        home = tab.url.partition("/launches/")[0] + "/launches/" + tab.url.split("/")[4] + "/"
        for path in paths:
            tab.goto(home + path)
            check(tab, path)
    teacher.goto(teacher.url.partition("attempts/")[0] + f"grading/{made}")
    teacher.get_by_role("button", name="Save and release").click()
    check(teacher, "a rubric with faults")
    expect(teacher.locator("[data-first-focus]")).to_be_focused()

    assert found == {}


def _framing(start: Any, address: str) -> list[bytes]:
    """Answer a page that frames another and listens to it."""
    start("200 OK", [("Content-Type", "text/html")])
    page = f"""<!doctype html><title>Course</title><script>
        window.heard = [];
        addEventListener("message", event => heard.push(event.data));
        </script><iframe width="400" src="{address}"></iframe>"""
    return [page.encode()]


def press_to(page: Page, name: str) -> None:
    """Go to a button with the tab key and press enter."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            page.keyboard.press("Enter")
            page.wait_for_load_state()
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")


def test_a_list_of_times_follows_the_browsers_zone(context, course):
    """The dates of a copied course are shown on its clock, labelled so, and read on it."""
    activity = copied(course)
    page = open_page(context, course, "instructor", activity, "dates?weeks=4")
    listed = page.get_by_label("Closes (America/Chicago)")
    expect(listed).to_have_value("2027-04-07T17:30")
    page.get_by_role("button", name="Set these closing times").click()
    expect(page.get_by_role("status").first).to_contain_text("1 activity has its closing time")

    assert closes_at(course, activity) == datetime(2027, 4, 7, 22, 30, tzinfo=UTC)


def test_the_browsers_zone_is_proposed_where_none_was_told(context, course):
    """The time is shown on its clock and stays the same moment; a zone that was told stays."""
    closes = datetime(2027, 7, 2, 4, 59, tzinfo=UTC)
    activity = course.stage.activity(closes_at=closes)
    page = open_page(context, course, "instructor", activity, "settings")
    expect(page.locator("#zone")).to_have_value("America/Chicago")
    expect(page.locator("#closes_at")).to_have_value("2027-07-01T23:59")
    expect(page.locator("#zone-names option[value='Europe/Berlin']")).to_have_count(1)
    page.fill("#attempts", "2")
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    course.fresh()
    told = open_page(context, course, "instructor", activity, "settings", time_zone="Europe/Berlin")
    expect(told.locator("#zone-names option[value='Europe/Berlin']")).to_have_count(1)

    saved = activity_settings(course.session.get_one(Activity, activity.id))
    assert (saved.attempts, saved.closes_at) == (2, closes)
    expect(told.locator("#zone")).to_have_value("Europe/Berlin")
    expect(told.locator("#closes_at")).to_have_value("2027-07-02T06:59")


@pytest.mark.parametrize(
    ("shows", "changes"),
    [
        (
            "Opened outside a course",
            {"link": None, "context_id": None, "membership_id": None},
        ),
        ("The column in your LMS is worth 25 points", {}),
    ],
)
def test_states_that_an_lms_seldom_brings_about_are_clean(context, course, shows, changes):
    """A launch that names no course, and points that were changed in the LMS: axe, and 320 px."""
    activity = course.stage.activity()
    line_items.keep_maximum(course.session, activity.id, Decimal(25))
    course.session.commit()
    page = open_page(context, course, "instructor", activity, **changes)
    page.set_viewport_size({"width": 320, "height": 800})
    expect(page.locator("main")).to_contain_text(shows)
    found = Axe().run(page, options={"runOnly": AXE_RULES}).response["violations"]

    assert [fault["id"] for fault in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_countdown_warns_and_can_be_folded_away(context, course):
    """It says 10, 5 and 1 minute politely; folded away it stays so on the next page."""
    activity = course.stage.activity(module_id="taster", time_limit_minutes=20)
    attempt = course.open_quiz("ada", activity)
    context.clock.install()
    page = open_page(context, course, "ada", activity, f"attempts/{attempt.id}")
    shown, said = page.locator("[data-show]"), page.locator("[data-say]")
    expect(shown).to_have_text("20 min left")
    expect(said).to_have_attribute("role", "status")
    for passes, words in (
        ("10:01", "10 minutes left."),
        ("05:00", "5 minutes left."),
        ("04:00", "One minute left."),
    ):
        context.clock.fast_forward(passes)
        expect(said).to_have_text(words)
    expect(shown).to_be_visible()
    found = Axe().run(page, options={"runOnly": AXE_RULES}).response["violations"]
    page.get_by_text("Countdown").click()
    expect(shown).to_be_hidden()
    page.reload()

    expect(shown).to_have_text("20 min left")
    expect(shown).to_be_hidden()
    assert [violation["id"] for violation in found] == []


def test_enter_in_a_field_checks_nothing(context, course):
    """The first button of the form only saves, so that no answer is checked by mistake."""
    activity = course.stage.activity(
        module_id="ethics-telehealth", feedback=FeedbackTiming.AFTER_EACH
    )
    attempt = course.open_quiz("ada", activity)
    page = open_page(context, course, "ada", activity, f"attempts/{attempt.id}")
    page.locator("[name='response.et-01'][type=checkbox]").first.check()
    field = page.locator("[name='response.et-06']")
    field.fill("bond")
    field.press("Enter")

    expect(page.locator("#save-state")).to_contain_text("Saved", timeout=SOON_MS)
    expect(page.locator("[name='response.et-06']")).to_have_value("bond")
    assert [row.checked_at for row in course.fresh().scalars(select(Response))] == [None, None]


@pytest.mark.parametrize("width", [320, 1100])
def test_before_and_after_is_clean_with_figures(context, course, width):
    """The comparison of two tests, which no demonstration has, is clean and whole as well."""
    tests = [
        course.stage.activity(form.value, module_id="taster", form=form)
        for form in (QuizForm.PRE, QuizForm.POST)
    ]
    for number in range(MIN_PEOPLE):
        person = course.stage.join(f"person-{number}")
        for test in tests:
            is_good = test is tests[1] or number % 2 == 0
            take_quiz(course.stage, test, person, wording="" if is_good else "nonsense")
    course.session.commit()
    page = open_page(context, course, "instructor", tests[0], "course/gains")
    page.set_viewport_size({"width": width, "height": 800})

    found = Axe().run(page, options={"runOnly": AXE_RULES}).response["violations"]
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

    assert page.get_by_text("Mean difference", exact=True).is_visible()
    assert [violation["id"] for violation in found] == []
    assert page.evaluate(over) <= 0
