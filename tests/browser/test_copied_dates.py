"""A copied course: its links work, and its closing times are moved and set by its instructor."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import COURSES, Demo, NewContext, press, press_enter, tool_frame
from tests.browser.test_every_page import NARROW, faults
from tests.browser.test_placing import begin

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]


@pytest.mark.parametrize(
    ("platform", "placement"), [("canvas", "assignment_selection"), ("moodle", "")]
)
def test_the_dates_of_a_copy_are_shifted_and_set(
    demo: Demo, new_context: NewContext, platform: str, placement: str
) -> None:
    """Nothing closes in the copy before somebody has looked at the list and set it."""
    page = new_context(viewport=NARROW).pages[0]
    title = f"Copied later in {platform}"
    begin(demo, page, platform, placement=placement)
    tool = tool_frame(page)
    card = tool.locator(".card", has_text="A two-minute taster")
    press_enter(card.get_by_role("link", name="Choose"))
    tool.get_by_label("What the course calls it").fill(title)
    tool.get_by_label("Closing time, if there is one").fill("2099-03-02T12:00")
    tool.get_by_label("Time zone").fill("UTC")
    press(tool, "button", "Add to the course")
    name = "title" if platform == "canvas" else "name"
    expect(page.locator(f"input[name={name}]")).to_have_value(title)
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()

    # The copy is told by the LMS's history of the course; the old course is left as it is.
    copied = demo.ask(f"courses/{platform}/{COURSES[platform]}/copy", {"title": "Next term"})
    slug = next(each["id"] for each in copied["activities"] if each["title"] == title)
    page.goto(f"{demo.lms}/{platform}/courses/{copied['course']}/activities/{slug}")
    expect(tool.locator("body[data-page=dashboard]")).to_be_visible()
    press(tool, "link", "See the old dates and set new ones")
    expect(tool.locator("body[data-page=dates]")).to_be_visible()
    wrong = faults(page, demo)
    tool.get_by_label("Weeks from the old dates").fill("2")
    tool.get_by_label("Time zone").fill("UTC")
    press(tool, "button", "Fill the new dates in")
    expect(tool.get_by_label(re.compile("^Closes")).first).to_have_value("2099-03-16T12:00")
    wrong += faults(page, demo)
    press(tool, "button", "Set these closing times")
    expect(tool.get_by_role("status")).to_contain_text("1 activity has its closing time")
    wrong += faults(page, demo)
    assert wrong == []


def test_a_copy_without_history_is_confirmed(demo: Demo, new_context: NewContext) -> None:
    """Where nothing proves the copy, an instructor looks at the old settings and says so."""
    page = new_context(viewport=NARROW).pages[0]
    begin(demo, page, "moodle", placement="")
    tool = tool_frame(page)
    press_enter(tool.locator(".card", has_text="A two-minute taster").get_by_role("link").first)
    tool.get_by_label("What the course calls it").fill("Copied from nowhere")
    press(tool, "button", "Add to the course")
    expect(page.locator("input[name=name]")).to_have_value("Copied from nowhere")
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    expect(page.get_by_role("heading", name="Copied from nowhere", level=1)).to_be_visible()
    told = {"title": "Unknown past", "history": False}
    copied = demo.ask(f"courses/moodle/{COURSES['moodle']}/copy", told)
    slug = next(
        each["id"] for each in copied["activities"] if each["title"] == "Copied from nowhere"
    )
    page.goto(f"{demo.lms}/moodle/courses/{copied['course']}/activities/{slug}")
    expect(tool.get_by_text("This link was copied from another course")).to_be_visible()
    wrong = faults(page, demo)
    press(tool, "link", "Look at those settings and use them here")
    expect(tool.locator("body[data-page=settings]")).to_be_visible()
    wrong += faults(page, demo)
    press(tool, "button", "Use this module")
    expect(tool.locator("body[data-page=dashboard]")).to_be_visible()

    assert wrong == []
