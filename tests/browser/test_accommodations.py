"""An instructor grants one student more time; the student sees it, and the clock runs."""

import re

import pytest
from playwright.sync_api import FrameLocator, expect

from tests.browser.conftest import TEACHERS, Demo, NewContext, open_activity, tick, tool_frame
from tests.browser.test_every_page import NARROW, faults

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

STUDENTS = {
    "canvas": ("anjali.rao", "Anjali Rao"),
    "moodle": ("chiara.bellini", "Chiara Bellini"),
}
IN_TIME = {"canvas": "camille.fournier", "moodle": "tomas.herrera"}


def save_settings(tool: FrameLocator) -> None:
    """Save the settings that are typed."""
    tool.get_by_role("button", name="Save the settings").click()
    # Somebody of another test may be under way: then the consequences are shown first.
    saved = tool.get_by_text("Saved. Every grade follows")
    consequences = tool.get_by_role("button", name="Save the changes")
    expect(saved.or_(consequences).first).to_be_visible()
    if consequences.is_visible():
        consequences.click()
    expect(saved).to_be_visible()


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_more_time_is_granted_and_seen(demo: Demo, new_context: NewContext, platform: str) -> None:
    """From the other site's frame: set a limit, grant more of it, start as that student."""
    person, name = STUDENTS[platform]
    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity="taster")
    tool = tool_frame(page)
    tool.get_by_role("link", name="Settings").first.click()
    tool.get_by_label("Time limit in minutes").fill("20")
    save_settings(tool)
    tool.get_by_role("link", name="Accommodations").first.click()
    expect(tool.locator("body[data-page=accommodations]")).to_be_visible()
    wrong = faults(page, demo)
    tool.get_by_role("link", name=name).click()
    expect(tool.locator("body[data-page=accommodation]")).to_be_visible()
    wrong += faults(page, demo)
    course = tool.get_by_role("region", name="In the whole course")
    course.get_by_label("Times the time limit").fill("little")
    course.get_by_role("button", name="Save for the course").click()
    expect(tool.get_by_role("alert")).to_contain_text("Write a number from 1 to 10")
    wrong += faults(page, demo)
    course.get_by_label("Times the time limit").fill("1.5")
    course.get_by_label("More attempts").fill("1")
    course.get_by_role("button", name="Save for the course").click()
    expect(tool.get_by_role("status").first).to_contain_text("Saved.")
    wrong += faults(page, demo)
    tool.get_by_role("link", name="All accommodations").click()
    expect(tool.get_by_role("table")).to_contain_text("1.5 times the time and one more attempt")
    wrong += faults(page, demo)

    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform=platform, person=person, activity="taster")
    tool = tool_frame(page)
    expect(tool.locator("body[data-page=activity]")).to_contain_text(
        "30 minutes instead of 20 minutes"
    )
    wrong += faults(page, demo)
    tool.get_by_role("button", name="Start the quiz").click()
    expect(tool.locator(".time-left")).to_contain_text("Time until")
    expect(tool.locator("[data-show]")).to_have_text(re.compile(r"^(30|29) min left$"))
    wrong += faults(page, demo)

    assert wrong == []


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_the_clock_hands_in_at_the_end(demo: Demo, new_context: NewContext, platform: str) -> None:
    """What is on the page when the time is up is handed in by itself."""
    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity="taster")
    tool = tool_frame(page)
    tool.get_by_role("link", name="Settings").first.click()
    tool.get_by_label("Time limit in minutes").fill("20")
    save_settings(tool)
    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform=platform, person=IN_TIME[platform], activity="taster")
    tool = tool_frame(page)
    page.clock.install()
    tool.get_by_role("button", name="Start the quiz").click()
    expect(tool.locator(".time-left")).to_contain_text("min left")
    tick(tool.get_by_role("radio").first)
    page.clock.fast_forward("11:00")
    expect(tool.locator("[data-say]")).to_have_text("10 minutes left.")
    page.clock.fast_forward("09:05")

    expect(tool.locator("body[data-page=result]")).to_be_visible()


def test_the_dates_of_canvas_are_seen(demo: Demo, new_context: NewContext) -> None:
    """Canvas tells a student's own due date at the launch, and the page shows it."""
    address = "courses/canvas/77/activities/taster"
    demo.ask(address, {"due_at": "2099-03-01T12:00:00Z"}, method="PATCH")
    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform="canvas", person=STUDENTS["canvas"][0], activity="taster")
    home = tool_frame(page).locator("body[data-page=activity]")
    expect(home).to_contain_text(re.compile("due on .*2099"))
    demo.ask(address, {"due_at": None}, method="PATCH")

    assert faults(page, demo) == []
