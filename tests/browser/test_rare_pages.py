"""Pages that few people ever meet: two versions of one's work, no cookies, an error, a way in."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    Demo,
    NewContext,
    open_activity,
    press,
    press_enter,
    tick,
    tool_frame,
)
from tests.browser.test_every_page import NARROW, faults, faults_in
from tests.browser.test_registering import alliance

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]


@pytest.mark.parametrize(
    ("platform", "person"), [("canvas", "freya.lindqvist"), ("moodle", "samuel.adeyemi")]
)
def test_two_tabs_with_different_work(
    demo: Demo, new_context: NewContext, platform: str, person: str
) -> None:
    """Answers and texts that were changed elsewhere meanwhile are both shown, and neither lost."""
    context = new_context(viewport=NARROW)
    old, new = context.pages[0], context.new_page()
    open_activity(demo, old, platform=platform, person=person, activity="taster")
    press(tool_frame(old), "button", "Start the quiz")
    expect(tool_frame(old).locator("#save-state")).to_be_attached()
    open_activity(demo, new, platform=platform, person=person, activity="taster")
    press_enter(tool_frame(new).get_by_role("link", name=re.compile("Continue")).first)
    tick(tool_frame(new).get_by_role("radio").first)
    expect(tool_frame(new).locator("#save-state")).to_contain_text("Saved")
    tick(tool_frame(old).get_by_role("radio").nth(1))
    press(tool_frame(old), "button", "Check and hand in")
    shows_conflict(old, "There are two versions of your answers")
    wrong = faults(old, demo)
    press(tool_frame(old), "link", "Go on with the newer version")
    expect(tool_frame(old).get_by_role("radio").first).to_be_checked()

    for page in (old, new):
        open_activity(demo, page, platform=platform, person=person, activity="taster")
        link = tool_frame(page).get_by_role("link", name=re.compile("^(Begin|Continue) writing"))
        press_enter(link)
        expect(tool_frame(page).get_by_label("Write here")).to_be_visible()
    tool_frame(new).get_by_label("Write here").fill("A newer text of mine.")
    expect(tool_frame(new).locator("#save-state")).to_contain_text("Saved")
    tool_frame(old).get_by_label("Write here").fill("An older text.")
    press(tool_frame(old), "button", "Check and hand in")
    shows_conflict(old, "There are two versions of your text")
    expect(tool_frame(old).get_by_text("A newer text of mine.")).to_be_visible()
    expect(tool_frame(old).locator("#text")).to_have_value("An older text.")

    assert wrong + faults(old, demo) == []


def shows_conflict(page: Page, title: str) -> None:
    """Wait until the tool shows both versions."""
    expect(tool_frame(page).locator("body[data-page=conflict]")).to_be_visible()
    expect(tool_frame(page).get_by_role("heading", name=title)).to_be_visible()


@pytest.mark.parametrize(("platform", "shown"), [("canvas", "own-tab"), ("moodle", "no-cookies")])
def test_the_page_without_cookies(
    demo: Demo, new_context: NewContext, platform: str, shown: str
) -> None:
    """A browser that keeps no cookie in the frame meets a page that is whole and clean."""
    blocked = {f"{demo.tool},{demo.lms}": {"setting": 2}}
    context = new_context(
        viewport=NARROW,
        preferences={"profile": {"content_settings": {"exceptions": {"cookies": blocked}}}},
    )
    page = context.pages[0]
    person = {"canvas": "instructor", "moodle": "teacher"}[platform]
    open_activity(demo, page, platform=platform, person=person, activity="taster")
    expect(tool_frame(page).locator(f"body[data-page={shown}]")).to_be_visible()

    assert faults(page, demo) == []


def test_an_invitation_opened_by_itself(demo: Demo, new_context: NewContext) -> None:
    """Opened outside an LMS, the invitation says what to do with its address."""
    page = new_context(viewport=NARROW).pages[0]
    address = alliance(demo, "platform", "invite", "opened-by-itself", "--allow-local")
    page.goto(address)
    expect(page.locator("body[data-page=register-how]")).to_be_visible()
    expect(page.get_by_label("Registration address")).to_have_value(address)

    assert faults_in(page.main_frame) == []


def test_a_page_that_is_not_there(demo: Demo, new_context: NewContext) -> None:
    """An address that leads nowhere says so on a page that is whole and clean."""
    page = new_context(viewport=NARROW).pages[0]
    page.goto(f"{demo.tool}/nowhere")
    expect(page.locator("body[data-page=error]")).to_be_visible()

    assert faults_in(page.main_frame) == []
