"""Answers checked one by one in the LMS's frame: final, beside an old tab, and without scripts."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.browser.conftest import (
    COURSES,
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
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("demo"),
]

MODULE = re.compile("Foundations: what an alliance is")
STUDENTS = {"canvas": "noah.tsinajinnie", "moodle": "aiko.morimoto"}
CHECKED = "You have checked this answer."


def place(demo: Demo, page: Page, platform: str) -> tuple[str, list[str]]:
    """Put an activity of its own into the course, with checks and a wait; return its id."""
    activity = f"checked-{uuid4().hex[:8]}"
    demo.ask(
        f"courses/{platform}/{COURSES[platform]}/activities",
        {"id": activity, "title": f"Checked one by one {activity}", "points": 10},
        method="POST",
    )
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity=activity)
    press_enter(tool_frame(page).locator(".card", has_text=MODULE).get_by_role("link").first)
    tool = shown(page, "settings")
    tool.locator("input[name=parts][value=reflection]").uncheck()
    tool.get_by_label("Attempts", exact=True).fill("2")
    tick(tool.get_by_label("After each question"))
    tool.get_by_label("How many").fill("2")
    tool.get_by_label("Minutes, hours or days").select_option("days")
    wrong = faults(page, demo)
    press(tool, "button", "Use this module")
    shown(page, "dashboard")
    return activity, wrong


def choice(tool: FrameLocator) -> tuple[Locator, str]:
    """Return the first open question with one right answer, and its place on the page."""
    # A dialogue has choices as well, may be drawn first, and cannot be checked.
    may_check = tool.get_by_role("button", name="Check this answer")
    questions = tool.locator("section.item", has=tool.locator("input[type=radio]"))
    place = str(questions.filter(has=may_check).first.get_attribute("id"))
    return tool.locator(f"section.item[id='{place}']"), place


def hand_in(page: Page) -> FrameLocator:
    """Hand the attempt in by its buttons."""
    press(tool_frame(page), "button", "Check and hand in")
    press(shown(page, "review"), "button", "Hand in attempt 1")
    return shown(page, "result")


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_answers_are_checked_one_by_one(demo: Demo, new_context: NewContext, platform: str) -> None:
    """Each state is clean under axe and whole when narrow; nothing checked can be changed."""
    activity, wrong = place(demo, new_context(viewport=NARROW).new_page(), platform)
    context = new_context(viewport=NARROW)
    page = context.new_page()
    open_activity(demo, page, platform=platform, person=STUDENTS[platform], activity=activity)
    expect(shown(page, "activity").get_by_text("2 days between attempts")).to_be_visible()
    press(tool_frame(page), "button", "Start the quiz")
    question, place_of_it = choice(shown(page, "quiz"))
    wrong += faults(page, demo)
    press_enter(question.get_by_role("button", name="Check this answer"))
    tool = tool_frame(page)
    expect(tool.get_by_role("alert")).to_contain_text("Answer all of this question")
    wrong += faults(page, demo)

    old = context.new_page()
    open_activity(demo, old, platform=platform, person=STUDENTS[platform], activity=activity)
    press(shown(old, "activity"), "link", "Continue attempt 1")
    shown(old, "quiz")
    tick(tool.locator(f"#{place_of_it}").get_by_role("radio").first)
    press_enter(tool.locator(f"#{place_of_it}").get_by_role("button", name="Check this answer"))
    expect(tool.locator(f"#{place_of_it}")).to_contain_text(CHECKED)
    expect(tool.locator(f"#{place_of_it}")).to_contain_text(
        re.compile("Right answer|Your answer, right")
    )
    expect(tool.locator(f"#{place_of_it}").get_by_role("radio")).to_have_count(0)
    expect(tool.get_by_text(CHECKED)).to_have_count(1)
    expect(tool.locator(".mark-feedback").first).to_be_visible()
    wrong += faults(page, demo)

    tick(tool_frame(old).locator(f"#{place_of_it}").get_by_role("radio").last)
    expect(tool_frame(old).locator("#save-state")).to_contain_text("another tab")
    press(tool_frame(old), "button", "Compare the two versions")
    expect(shown(old, "conflict").get_by_text("has been checked in the newer")).to_be_visible()
    wrong += faults(old, demo)
    press(tool_frame(old), "button", "Save the answers from this page instead")
    expect(shown(old, "quiz").get_by_text("it keeps the answer")).to_be_visible()
    wrong += faults(old, demo)
    old.close()

    open_activity(demo, page, platform=platform, person=STUDENTS[platform], activity=activity)
    press(shown(page, "activity"), "link", "Continue attempt 1")
    field = shown(page, "quiz").locator("input[type=text]:not([inputmode=decimal])").first
    field.fill("bond")
    # Enter saves, and does not check the first question for good.
    press_enter(field)
    expect(tool_frame(page).locator("#save-state")).to_contain_text("Saved")
    expect(tool_frame(page).get_by_text(CHECKED)).to_have_count(1)
    expect(
        tool_frame(page).locator("input[type=text]:not([inputmode=decimal])").first
    ).to_have_value("bond")
    result = hand_in(page)
    expect(result.get_by_text("The next attempt opens on")).to_be_visible()
    expect(result.get_by_role("button", name="Start another attempt")).to_have_count(0)

    assert wrong + faults(page, demo) == []


def test_answers_are_checked_without_scripts(demo: Demo, new_context: NewContext) -> None:
    """A button of the form does it, and leads back to the question."""
    activity, _ = place(demo, new_context(viewport=NARROW).new_page(), "canvas")
    page = new_context(java_script_enabled=False, viewport=NARROW).new_page()
    person = STUDENTS["canvas"]
    open_activity(demo, page, platform="canvas", person=person, activity=activity)
    frame = page.locator("iframe").first.element_handle().content_frame()
    assert frame is not None
    for forward in ("Open the activity", "Go on"):
        with frame.expect_navigation():
            frame.get_by_role("button", name=forward).click()
    tool_frame(page).get_by_role("button", name="Start the quiz").click()
    question, place_of_it = choice(shown(page, "quiz"))
    tick(question.get_by_role("radio").first)
    question.get_by_role("button", name="Check this answer").click()
    tool = tool_frame(page)
    expect(tool.locator(f"#{place_of_it}")).to_contain_text(CHECKED)
    tool.get_by_role("button", name="Check and hand in").click()
    shown(page, "review").get_by_role("button", name="Hand in attempt 1").click()

    expect(shown(page, "result").get_by_text("The next attempt opens on")).to_be_visible()
