"""A student's attempt given back and made to count for nothing; a student excused and not."""

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import (
    TEACHERS,
    Demo,
    NewContext,
    open_activity,
    press,
    press_enter,
    tick,
    tool_frame,
)
from tests.browser.test_every_page import NARROW, faults

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

STUDENTS = {
    "canvas": ("elif.demir", "Elif Demir"),
    "moodle": ("ingrid.solheim", "Ingrid Solheim"),
}


def hand_in_quiz(tool: FrameLocator, number: int) -> None:
    """Answer one question of the attempt that is open, and hand it in."""
    expect(tool.locator("body[data-page=quiz]")).to_be_visible()
    tick(tool.get_by_role("radio").first)
    press(tool, "button", "Check and hand in")
    press(tool, "button", f"Hand in attempt {number}")
    expect(tool.locator("body[data-page=result]")).to_be_visible()


def correct(page: Page, summary: str, button: str) -> None:
    """Open one of the ways to correct the taster on the student's sheet, and press its button."""
    card = tool_frame(page).locator("section.card", has_text=re.compile("taster", re.I)).first
    press_enter(card.locator("summary", has_text=summary))
    press(card, "button", button)


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_attempts_are_corrected_on_the_sheet(
    demo: Demo, new_context: NewContext, platform: str
) -> None:
    """What the instructor does on the sheet, the student meets in the activity."""
    student = new_context(viewport=NARROW).pages[0]
    page = new_context(viewport=NARROW).pages[0]
    person, name = STUDENTS[platform]
    open_activity(demo, student, platform=platform, person=person, activity="taster")
    press(tool_frame(student), "button", "Start the quiz")
    hand_in_quiz(tool_frame(student), 1)

    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity="taster")
    tool = tool_frame(page)
    press_enter(tool.get_by_role("link", name=name, exact=True).first)
    expect(tool.locator("body[data-page=student-sheet]")).to_be_visible()
    correct(page, "Correct an attempt", "Give it back")
    expect(tool.get_by_text("In progress").first).to_be_visible()
    wrong = faults(page, demo)
    open_activity(demo, student, platform=platform, person=person, activity="taster")
    press_enter(tool_frame(student).get_by_role("link", name="Continue").first)
    expect(tool_frame(student).get_by_role("radio").first).to_be_checked()
    hand_in_quiz(tool_frame(student), 1)

    page.reload()
    press_enter(tool.get_by_role("link", name=name, exact=True).first)
    expect(tool.locator("body[data-page=student-sheet]")).to_be_visible()
    correct(page, "Correct an attempt", "Make it count for nothing")
    expect(tool.get_by_text("Counts for nothing").first).to_be_visible()
    wrong += faults(page, demo)
    card = tool.locator("section.card", has_text=re.compile("taster", re.I)).first
    press_enter(card.locator("summary", has_text="Set the score by hand, or excuse"))
    tick(card.get_by_label("Excused: the activity counts for nothing"))
    card.get_by_label("Reason").fill("Was ill that week")
    press(card, "button", "Save the decision")
    expect(tool.get_by_text("No score is sent any more.")).to_be_visible()
    wrong += faults(page, demo)
    open_activity(demo, student, platform=platform, person=person, activity="taster")
    expect(tool_frame(student).locator("body[data-page=activity]")).to_be_visible()
    wrong += faults(student, demo)
    press(tool_frame(student), "link", "My work in this course")
    expect(tool_frame(student).get_by_text("Was ill that week").first).to_be_visible()
    wrong += faults(student, demo)
    correct(page, "Set the score by hand, or excuse", "Take the decision back")
    expect(tool.get_by_text("No score is sent any more.")).to_have_count(0)

    assert wrong + faults(page, demo) == []
