"""A reflection on its whole way: guard, comments, return, revision, keyboard, release."""

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import (
    TEACHERS,
    Demo,
    NewContext,
    open_activity,
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
    "canvas": ("amara.okafor", "Amara Okafor"),
    "moodle": ("ingrid.solheim", "Ingrid Solheim"),
}
ACTIVITY = "trust-reflection"
TEXT = "I told Ms. Alvarez that I did not know. She went quiet, and so did I."
REVISED = "I told my partner that I did not know. She went quiet, and I waited with her."


def come(demo: Demo, page: Page, platform: str, person: str) -> FrameLocator:
    """Open the activity as somebody."""
    open_activity(demo, page, platform=platform, person=person, activity=ACTIVITY)
    return tool_frame(page)


def open_text(demo: Demo, page: Page, platform: str, link: str) -> FrameLocator:
    """Open the student's text from the list of reflections, as the instructor."""
    tool = come(demo, page, platform, TEACHERS[platform])
    press_enter(tool.get_by_role("link", name="Reflections").first)
    name = f"{link}: {STUDENTS[platform][1]}"
    press_enter(shown(page, "grading").get_by_role("link", name=name))
    return shown(page, "grading-reflection")


def set_up(demo: Demo, page: Page, platform: str) -> list[str]:
    """Let the link open a reflection that is graded with its rubric."""
    tool = come(demo, page, platform, TEACHERS[platform])
    press_enter(tool.get_by_role("link", name=re.compile("Choose.*Trust")))
    tool = shown(page, "settings")
    tool.locator("input[name=parts][value=quiz]").uncheck()
    tick(tool.locator("input[name=parts][value=reflection]"))
    tick(tool.locator("input[name=reflection_grading][value=rubric]"))
    tick(tool.locator("input[name=ai_help][value='if declared']"))
    wrong = faults(page, demo)
    press_enter(tool.get_by_role("button", name="Use this module"))
    shown(page, "dashboard")
    return wrong


def hand_in(demo: Demo, page: Page, text: str) -> list[str]:
    """Write a text and hand it in, looking at what the guard marks; return the faults seen."""
    tool = shown(page, "reflection")
    wrong = faults(page, demo)
    tool.get_by_label("Write here").fill(text)
    press_enter(tool.get_by_role("button", name="Check and hand in"))
    tool = shown(page, "reflection-review")
    tool.get_by_text("How do you see your own work?").click()
    wrong += faults(page, demo)
    may_stay = tool.get_by_label("They may stay.")
    if may_stay.count():
        expect(tool.locator("mark")).to_have_text("Ms. Alvarez")
        tick(may_stay)
    press_enter(tool.get_by_role("button", name="Hand in the reflection"))
    shown(page, "reflection-receipt")
    return wrong + faults(page, demo)


def return_it(demo: Demo, page: Page, platform: str) -> list[str]:
    """Comment on selected words and give the text back."""
    tool = open_text(demo, page, platform, "Grade")
    tool.get_by_text("Comment on a passage").click()
    tool.locator("#text-shown").evaluate(
        """(text) => {
          const words = text.firstChild;
          const start = words.data.indexOf("She went quiet");
          document.getSelection().setBaseAndExtent(words, start, words, start + 14);
        }"""
    )
    expect(tool.get_by_label("Passage")).to_have_value("She went quiet")
    tool.get_by_label("Comment", exact=True).fill("What did you feel then?")
    press_enter(tool.get_by_role("button", name="Add the comment"))
    expect(tool.locator("mark")).to_have_text("She went quiet")
    for summary in tool.locator("summary").all():
        summary.click()
    wrong = faults(page, demo)
    tool = open_text(demo, page, platform, "Grade")
    tool.locator("summary", has_text="Return for revision").click()
    tool.get_by_label("What should be revised").fill("Stay with the silence.")
    press_enter(tool.get_by_role("button", name="Return for revision"))
    shown(page, "grading")
    return wrong + faults(page, demo)


def grade_by_keys(demo: Demo, page: Page, platform: str) -> list[str]:
    """Look at the changes, choose level 3 everywhere by its key, keep a draft, release all."""
    tool = open_text(demo, page, platform, "Grade")
    tool.get_by_text("What changed since the version before").click()
    expect(tool.locator("ins").nth(1)).to_be_visible()
    criteria = tool.locator("fieldset[id^='criterion.']")
    for criterion in criteria.all():
        criterion.get_by_role("radio").first.focus()
        criterion.get_by_role("radio").first.press("3")
        expect(criterion.locator("input[value='3']")).to_be_checked()
    tool.get_by_label("Comment for the student").fill("You waited. Good.")
    wrong = faults(page, demo)
    press_enter(tool.get_by_role("button", name="Save and next"))
    tool = shown(page, "grading")
    expect(tool.get_by_text("Draft, not released")).to_be_visible()
    wrong += faults(page, demo)
    press_enter(tool.get_by_role("button", name="Release 1 grade"))
    expect(tool.get_by_text("1 grade is released.")).to_be_visible()
    come(demo, page, platform, TEACHERS[platform])
    tool = shown(page, "dashboard")
    expect(tool.get_by_role("heading", name="Feedback not looked at yet")).to_be_visible()
    tool.get_by_text("A message to paste into the inbox").click()
    return wrong + faults(page, demo)


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_from_the_guard_to_the_released_grade(
    demo: Demo, new_context: NewContext, platform: str
) -> None:
    """Each step works in the frame, is clean under axe, and whole on a narrow screen."""
    student = new_context(viewport=NARROW).new_page()
    teacher = new_context(viewport=NARROW).new_page()
    person = STUDENTS[platform][0]
    wrong = set_up(demo, teacher, platform)
    press_enter(come(demo, student, platform, person).get_by_role("link", name="Begin writing"))
    wrong += hand_in(demo, student, TEXT)
    wrong += return_it(demo, teacher, platform)
    press_enter(come(demo, student, platform, person).get_by_role("link", name="Read the feedback"))
    expect(shown(student, "reflection").get_by_text("What did you feel then?")).to_be_visible()
    wrong += hand_in(demo, student, REVISED)
    wrong += grade_by_keys(demo, teacher, platform)
    press_enter(come(demo, student, platform, person).get_by_role("link", name="Read what you"))
    tool = shown(student, "reflection-receipt")
    expect(tool.get_by_text("You waited. Good.")).to_be_visible()
    expect(tool.get_by_text("Read by your instructor on")).to_be_visible()
    wrong += faults(student, demo)
    tool = open_text(demo, teacher, platform, "Read")
    press_enter(tool.get_by_role("link", name="This worries me"))
    shown(teacher, "worry")

    assert wrong + faults(teacher, demo) == []
