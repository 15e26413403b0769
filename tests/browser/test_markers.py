"""Two people mark a reflection in the LMS's frame, each by themselves, and agree on the grade."""

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import (
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

ACTIVITY = "trust-quiz"
TEXT = "I told my partner that I did not know. She went quiet, and I waited with her."
PAIRS = {
    "canvas": (("instructor", "Dr. Renata Whitfield"), ("assistant", "Gabriel Osei")),
    "moodle": (("teacher", "Prof. Daniel Mwangi"), ("helper", "Zainab Rahimi")),
}
STUDENTS = {
    "canvas": ("rowan.ashby", "Rowan Ashby"),
    "moodle": ("samuel.adeyemi", "Samuel Adeyemi"),
}


def come(demo: Demo, page: Page, platform: str, person: str, shows: str) -> FrameLocator:
    """Open the activity as somebody, and wait for the page that it shows them."""
    open_activity(demo, page, platform=platform, person=person, activity=ACTIVITY)
    return shown(page, shows)


def set_up(demo: Demo, page: Page, platform: str, person: str) -> None:
    """Let the link open a reflection that is graded with its rubric."""
    open_activity(demo, page, platform=platform, person=person, activity=ACTIVITY)
    card = tool_frame(page).locator(".card", has_text="Trust")
    press_enter(card.get_by_role("link").first)
    tool = shown(page, "settings")
    tool.locator("input[name=parts][value=quiz]").uncheck()
    tick(tool.locator("input[name=parts][value=reflection]"))
    tick(tool.locator("input[name=reflection_grading][value=rubric]"))
    press(tool, "button", "Use this module")
    shown(page, "dashboard")


def hand_in(demo: Demo, page: Page, platform: str) -> None:
    """Write a text and hand it in."""
    tool = come(demo, page, platform, STUDENTS[platform][0], "activity")
    press(tool, "link", "Begin writing")
    tool = shown(page, "reflection")
    tool.get_by_label("Write here").fill(TEXT)
    press(tool, "button", "Check and hand in")
    press(shown(page, "reflection-review"), "button", "Hand in the reflection")
    shown(page, "reflection-receipt")


def read(demo: Demo, page: Page, platform: str, person: str) -> FrameLocator:
    """Open the student's reflection from the list."""
    tool = come(demo, page, platform, person, "dashboard")
    press_enter(tool.get_by_role("link", name="Reflections").first)
    press(shown(page, "grading"), "link", f"Grade: {STUDENTS[platform][1]}")
    return shown(page, "grading-reflection")


def choose(tool: FrameLocator, level: str) -> None:
    """Choose the level by its key in every criterion."""
    for criterion in tool.locator("fieldset[id^='criterion.']").all():
        criterion.get_by_role("radio").first.focus()
        criterion.get_by_role("radio").first.press(level)
        expect(criterion.locator(f"input[value='{level}']")).to_be_checked()


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_two_mark_and_agree(demo: Demo, new_context: NewContext, platform: str) -> None:
    """From sharing out to the agreed grade; each page is clean under axe and on a narrow screen."""
    (one, _), (other, other_name) = PAIRS[platform]
    teacher, helper = (new_context(viewport=NARROW).new_page() for _ in range(2))
    set_up(demo, teacher, platform, one)
    hand_in(demo, new_context(viewport=NARROW).new_page(), platform)
    come(demo, helper, platform, other, "dashboard")

    tool = come(demo, teacher, platform, one, "dashboard")
    press_enter(tool.get_by_role("link", name="Reflections").first)
    press(shown(teacher, "grading"), "link", "Share out among markers")
    tool = shown(teacher, "markers")
    wrong = faults(teacher, demo)
    press(tool, "button", "Share out")
    expect(tool.get_by_role("alert")).to_contain_text("Tick at least one person.")
    wrong += faults(teacher, demo)
    for box in tool.get_by_role("group", name="Who marks").get_by_role("checkbox").all():
        tick(box)
    tick(tool.get_by_role("radio", name="Two"))
    press(tool, "button", "Share out")
    expect(tool.get_by_role("status")).to_contain_text("1 reflection was shared out.")

    tool = read(demo, teacher, platform, one)
    choose(tool, "4")
    wrong += faults(teacher, demo)
    press(tool, "button", "Save my mark and go on")
    expect(shown(teacher, "grading").get_by_role("status")).to_contain_text("Your mark is saved.")
    wrong += faults(teacher, demo)

    tool = read(demo, helper, platform, other)
    expect(tool.get_by_role("heading", name="Your mark")).to_be_visible()
    expect(tool.get_by_role("button", name="Save and release")).to_have_count(0)
    choose(tool, "3")
    press_enter(tool.get_by_role("button", name="Save my mark", exact=True))
    expect(tool.get_by_text("Both marks are in", exact=False).first).to_be_visible()
    expect(tool.get_by_text(f"{other_name}: 3").first).to_be_visible()
    wrong += faults(helper, demo)
    choose(tool, "4")
    press(tool, "button", "Save and release")
    expect(shown(helper, "grading").get_by_text("The grade is saved.")).to_be_visible()
    press(tool, "link", "How far markers agree")
    tool = shown(helper, "agreement")
    expect(tool.get_by_role("row", name="Next step")).to_contain_text("0 of 1")
    wrong += faults(helper, demo)

    assert wrong == []
