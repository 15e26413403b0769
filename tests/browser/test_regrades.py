"""A wrong key in the LMS's frame: questioned by a student, corrected, decided about, and told."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

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

STUDENTS = {"canvas": "dmitri.volkov", "moodle": "tomas.herrera"}
OTHER = "Goals, tasks and bond"


def place(demo: Demo, page: Page, platform: str) -> str:
    """Put the taster's quiz into the course as an activity of its own."""
    activity = f"regraded-{uuid4().hex[:8]}"
    demo.ask(
        f"courses/{platform}/{COURSES[platform]}/activities",
        {"id": activity, "title": f"With a wrong key {activity}", "points": 3},
        method="POST",
    )
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity=activity)
    card = tool_frame(page).locator(".card", has_text=re.compile("A two-minute taster"))
    press_enter(card.get_by_role("link").first)
    shown(page, "settings").locator("input[name=parts][value=reflection]").uncheck()
    press(tool_frame(page), "button", "Use this module")
    shown(page, "dashboard")
    return activity


def answer(demo: Demo, page: Page, platform: str, activity: str) -> None:
    """Hand in an attempt in which the first question has what the key does not call right."""
    open_activity(demo, page, platform=platform, person=STUDENTS[platform], activity=activity)
    press(shown(page, "activity"), "button", "Start the quiz")
    tick(shown(page, "quiz").get_by_label(OTHER))
    press(tool_frame(page), "button", "Check and hand in")
    press(shown(page, "review"), "button", "Hand in attempt 1")
    shown(page, "result")


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_a_wrong_key_is_questioned_and_mended(
    demo: Demo, new_context: NewContext, platform: str
) -> None:
    """Every page on the way is clean under axe and whole when narrow."""
    teacher = new_context(viewport=NARROW).new_page()
    activity = place(demo, teacher, platform)
    student = new_context(viewport=NARROW).new_page()
    answer(demo, student, platform, activity)
    item = tool_frame(student).locator("section.item", has_text=OTHER).first
    asking = item.locator("xpath=following-sibling::details[1]")
    press_enter(asking.locator("summary"))
    asking.get_by_role("textbox").fill("Bordin's three are what the reading begins with?")
    wrong = faults(student, demo)
    press(asking, "button", "Send to your instructor")
    kept = "Your instructor reads it beside the question, and the answer will stand here."
    expect(tool_frame(student).get_by_text(kept)).to_be_visible()

    press(tool_frame(teacher), "link", "Analysis")
    expect(shown(teacher, "analysis").get_by_text("1 open question")).to_be_visible()
    press_enter(tool_frame(teacher).get_by_role("link", name="Key, questions").first)
    tool = shown(teacher, "item")
    expect(tool.get_by_text("what the reading begins with?")).to_be_visible()
    wrong += faults(teacher, demo)
    tool.get_by_label("Your answer").fill("They are. The key was wrong; thank you.")
    press(tool, "button", "Answer")
    expect(tool.get_by_role("status")).to_contain_text("Answered.")
    press_enter(tool.get_by_text("Show the form"))
    tick(tool.get_by_role("radio", name=OTHER))
    wrong += faults(teacher, demo)
    press(tool, "button", "Make this the key")
    tool = shown(teacher, "regrade")
    expect(tool.get_by_text("1 attempt was judged by another key.")).to_be_visible()
    press_enter(tool.locator("summary", has_text="1 score changes").first)
    expect(tool.get_by_role("table").first).to_be_visible()
    wrong += faults(teacher, demo)
    tick(tool.get_by_role("radio", name="The corrected key alone"))
    press(tool, "button", "Decide, and let grades follow")
    expect(shown(teacher, "item").get_by_role("status")).to_contain_text("1 earlier attempt")

    open_activity(demo, student, platform=platform, person=STUDENTS[platform], activity=activity)
    press_enter(shown(student, "activity").get_by_role("link", name="Attempt 1").first)
    tool = shown(student, "result")
    expect(tool.get_by_text("judged anew by the corrected one")).to_be_visible()
    expect(tool.get_by_text("They are. The key was wrong; thank you.")).to_be_visible()
    expect(tool.locator("section.item", has_text=OTHER).first).to_contain_text("1 of 1")

    assert wrong + faults(student, demo) == []
