"""Practice in the LMS's frame: a warm-up, a set of one's own, what came of it, where to read."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    TEACHERS,
    Demo,
    NewContext,
    open_activity,
    press,
    press_enter,
    shown,
    tick,
    tool_frame,
)
from tests.browser.test_every_page import NARROW, faults

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("demo"),
]

ACTIVITY = "reading"
MODULE = re.compile("Trust, credibility, expertise")
STUDENTS = {"canvas": "noah.tsinajinnie", "moodle": "joseph.whitehorse"}
WITHOUT_SCRIPTS = "bilal.qureshi"


def set_up(demo: Demo, page: Page, platform: str) -> list[str]:
    """Let the link open a module that requires another; the first of these tests does it."""
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity=ACTIVITY)
    # What a launch passes through has a body as well.
    arrived = "body[data-page=choose], body[data-page=dashboard]"
    expect(tool_frame(page).locator(arrived)).to_be_visible()
    if not tool_frame(page).locator("body[data-page=choose]").count():
        return []
    press_enter(tool_frame(page).locator(".card", has_text=MODULE).get_by_role("link").first)
    tool = shown(page, "settings")
    expect(tool.locator("input[name=warm_up]")).to_be_checked()
    wrong = faults(page, demo)
    press(tool, "button", "Use this module")
    shown(page, "dashboard")
    return wrong


def states(page: Page) -> Iterator[str]:
    """Walk through a warm-up and a set of one's own, page by page."""
    expect(tool_frame(page).get_by_role("heading", name=re.compile("^Warm up: 3"))).to_be_visible()
    yield "activity"
    press(tool_frame(page), "button", "Warm up")
    tool = shown(page, "practice-set")
    expect(tool.locator("fieldset[data-item]")).to_have_count(3)
    yield "practice-set"
    press(tool, "button", "Finish and see the feedback")
    tool = shown(page, "practice-report")
    expect(tool.get_by_role("heading", name="Where to read again")).to_be_visible()
    yield "practice-report"
    press_enter(tool.get_by_role("link", name=re.compile("^Open the reading")).first)
    yield "reading"
    press_enter(shown(page, "reading").get_by_role("link", name="Back to practice").first)
    tool = shown(page, "practice-report")
    press_enter(tool.get_by_role("link", name="Back to the activity").first)
    tool = shown(page, "activity")
    expect(tool.get_by_role("heading", name=re.compile("^Warm up"))).to_have_count(0)
    press_enter(tool.get_by_role("link", name="Practice", exact=True))
    tool = shown(page, "practice")
    expect(tool.get_by_role("heading", name="What you have practised")).to_be_visible()
    yield "practice"
    tool.get_by_label("Minutes you want to take").fill("10")
    press(tool, "button", "Start practising")
    tool = shown(page, "practice-set")
    expect(tool.locator("fieldset[data-item]")).to_have_count(5)
    expect(tool.get_by_text("you may go on after it")).to_be_visible()
    tick(tool.get_by_role("radio").first)
    yield "practice-set"
    press(tool, "button", "Finish and see the feedback")
    shown(page, "practice-report")
    yield "practice-report"
    press_enter(tool_frame(page).get_by_role("link", name="Practise more"))
    expect(shown(page, "practice").locator(".answer-list li")).to_have_count(2)
    yield "practice"


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_warm_up_and_practice(demo: Demo, new_context: NewContext, platform: str) -> None:
    """Every page is clean under axe and whole when narrow."""
    wrong = set_up(demo, new_context(viewport=NARROW).new_page(), platform)
    page = new_context(viewport=NARROW).new_page()
    open_activity(demo, page, platform=platform, person=STUDENTS[platform], activity=ACTIVITY)
    for name in states(page):
        shown(page, name)
        wrong += faults(page, demo)

    assert wrong == []


def test_practice_works_without_scripts(demo: Demo, new_context: NewContext) -> None:
    """The same way, page by page, where nothing but forms and links works."""
    set_up(demo, new_context().new_page(), "canvas")
    page = new_context(java_script_enabled=False).pages[0]
    open_activity(demo, page, platform="canvas", person=WITHOUT_SCRIPTS, activity=ACTIVITY)
    frame = page.locator("iframe").first.element_handle().content_frame()
    assert frame is not None
    # The LMS's own forwarding forms wait for a click where no script sends them on.
    for forward in ("Open the activity", "Go on"):
        with frame.expect_navigation():
            frame.get_by_role("button", name=forward).click()
    for name in states(page):
        shown(page, name)
