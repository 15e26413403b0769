"""A reflection that may identify somebody: held, hidden, let go or rid of the words, revised."""

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

STUDENTS = {
    "canvas": ("rowan.ashby", "Rowan Ashby"),
    "moodle": ("samuel.adeyemi", "Samuel Adeyemi"),
}
ACTIVITY = "foundations-reflection"
CLEARED = "Nothing in it identifies anybody"
WHO = "the baker at the harbor"
TEXT = f"I met {WHO} every week, and we agreed on what to work on."


def set_up_reflection(demo: Demo, page: Page, platform: str) -> None:
    """Let the link open a reflection that is graded with its rubric, if it does not yet."""
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity=ACTIVITY)
    tool = tool_frame(page)
    first = tool.locator("body[data-page=choose], body[data-page=dashboard]")
    expect(first).to_be_visible()
    if first.get_attribute("data-page") == "dashboard":
        return
    press_enter(tool.get_by_role("link", name=re.compile("Choose.*Foundations")))
    shown(page, "settings")
    tool.locator("input[name=parts][value=quiz]").uncheck()
    tick(tool.locator("input[name=parts][value=reflection]"))
    tick(tool.locator("input[name=reflection_grading][value=rubric]"))
    press(tool, "button", "Use this module")
    shown(page, "dashboard")


def hand_in_reflection(page: Page, text: str) -> None:
    """Write a text on the page that is open, and hand it in."""
    tool = shown(page, "reflection")
    tool.get_by_label("Write here").fill(text)
    press(tool, "button", "Check and hand in")
    press(shown(page, "reflection-review"), "button", "Hand in the reflection")
    shown(page, "reflection-receipt")


def list_reflections(demo: Demo, page: Page, platform: str) -> FrameLocator:
    """Open the list of reflections as the instructor."""
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity=ACTIVITY)
    press_enter(tool_frame(page).get_by_role("link", name="Reflections").first)
    return shown(page, "grading")


def hold(page: Page) -> FrameLocator:
    """Hold and hide the text that is open."""
    tool = shown(page, "grading-reflection")
    press_enter(tool.locator("summary", has_text="Contains identifying detail"))
    press(tool, "button", "Hold and hide the text")
    expect(tool.get_by_role("button", name=CLEARED)).to_be_visible()
    return tool


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_a_held_text_is_hidden_and_comes_back(
    demo: Demo, new_context: NewContext, platform: str
) -> None:
    """Its writer cannot read it while it is held; the words go, and the rest is revised."""
    student = new_context(viewport=NARROW).pages[0]
    teacher = new_context(viewport=NARROW).pages[0]
    person, name = STUDENTS[platform]
    set_up_reflection(demo, teacher, platform)
    open_activity(demo, student, platform=platform, person=person, activity=ACTIVITY)
    press(tool_frame(student), "link", "Begin writing")
    hand_in_reflection(student, TEXT)

    press(list_reflections(demo, teacher, platform), "link", f"Grade: {name}")
    tool = hold(teacher)
    wrong = faults(teacher, demo)
    # Found to be nobody: it goes on as before. Then it is looked at once more.
    press(tool, "button", CLEARED)
    expect(tool.get_by_role("button", name=CLEARED)).to_have_count(0)
    hold(teacher)
    tool = list_reflections(demo, teacher, platform)
    expect(tool.get_by_role("heading", name="Held: may identify somebody")).to_be_visible()
    wrong += faults(teacher, demo)

    open_activity(demo, student, platform=platform, person=person, activity=ACTIVITY)
    expect(shown(student, "activity").get_by_text(WHO)).to_have_count(0)
    wrong += faults(student, demo)
    press(tool_frame(student), "link", "Read what you handed in")
    own = shown(student, "reflection-receipt")
    expect(own.get_by_text("Until then it is hidden")).to_be_visible()
    expect(own.get_by_text(WHO)).to_have_count(0)
    wrong += faults(student, demo)

    press(tool, "link", f"Decide: {name}")
    tool = shown(teacher, "grading-reflection")
    words = tool.get_by_label("Words to take out, one passage on each line")
    words.fill("words that are not there")
    press(tool, "button", "Take out and return")
    expect(tool.locator("#quotes[aria-invalid=true]")).to_be_visible()
    wrong += faults(teacher, demo)
    words.fill(WHO)
    press(tool, "button", "Take out and return")
    expect(shown(teacher, "grading").get_by_text("Taken out of everything")).to_be_visible()
    wrong += faults(teacher, demo)

    open_activity(demo, student, platform=platform, person=person, activity=ACTIVITY)
    press(tool_frame(student), "link", "Read the feedback and revise")
    own = shown(student, "reflection")
    expect(own.get_by_text("Words that could identify somebody were taken out")).to_be_visible()
    expect(own.get_by_label("Write here")).to_have_value(TEXT.replace(WHO, "[removed]"))
    wrong += faults(student, demo)
    hand_in_reflection(student, TEXT.replace(WHO, "somebody"))
    press(list_reflections(demo, teacher, platform), "link", f"Grade: {name}")
    tool = shown(teacher, "grading-reflection")
    expect(tool.get_by_text("I met somebody every week")).to_be_visible()
    wrong += faults(teacher, demo)
    press(tool.get_by_role("navigation", name="Versions"), "link", "Version 1")
    expect(tool.get_by_text("Identifying detail was taken out on")).to_be_visible()
    expect(tool.get_by_text(WHO)).to_have_count(0)

    assert wrong + faults(teacher, demo) == []
