"""Every kind of item in the LMS's frame: by key and click, in part, in order, and afterwards."""

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

ACTIVITY = "foundations-quiz"
MODULE = re.compile("Ethics, boundaries, telehealth")
STUDENTS = {"canvas": "kwame.boateng", "moodle": "nadia.benali"}


def set_up(demo: Demo, page: Page, platform: str) -> list[str]:
    """Let the link open the quiz of the module, and look at its teacher's page."""
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity=ACTIVITY)
    press_enter(tool_frame(page).locator(".card", has_text=MODULE).get_by_role("link").first)
    tool = shown(page, "settings")
    tool.locator("input[name=parts][value=reflection]").uncheck()
    tool.get_by_label("Attempts", exact=True).fill("1")
    press(tool, "button", "Use this module")
    press(shown(page, "dashboard"), "link", "Preview as student")
    tool = shown(page, "preview")
    wrong = faults(page, demo)
    press(tool, "link", "Teacher's page, with the keys")
    tool = shown(page, "guide")
    press(tool, "button", "Add them to my phrases")
    expect(tool.get_by_text("They are among your phrases now")).to_be_visible()
    return wrong + faults(page, demo)


def answer_all(tool: FrameLocator) -> None:
    """Answer one of each kind: beside lines, in order, on a scale, step by step, how sure."""
    order = tool.locator("[data-behaviour=order-list]").first
    before = [line.inner_text() for line in order.locator(".line-text").all()]
    press_enter(order.get_by_role("button", name="Down").first)
    expect(order.locator(".line-text").nth(1)).to_have_text(before[0])
    expect(order.locator("select").nth(1)).to_have_value(re.compile(":2$"))
    expect(order.get_by_role("button", name="Down").nth(1)).to_be_focused()
    matching = tool.locator(".lines:not([data-behaviour])").first
    for select in matching.locator("select").all():
        select.select_option(index=1)
    for scale in tool.locator("fieldset.scale").all():
        tick(scale.get_by_role("radio").first)
    number = tool.locator("input[inputmode=decimal]")
    number.fill("12,5")
    while tool.get_by_role("button", name=re.compile("^Go on")).count():
        steps = tool.locator(".step").count()
        tick(tool.locator(".step").last.get_by_role("radio").first)
        press_enter(tool.get_by_role("button", name=re.compile("^Go on")))
        expect(tool.locator(".step")).to_have_count(steps + 1)
    expect(tool.get_by_text("The conversation ends here.")).to_be_visible()
    expect(order.locator("select").nth(1)).to_have_value(re.compile(":2$"))
    expect(number).to_have_value("12,5")


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_every_kind_is_answered_and_shown(
    demo: Demo, new_context: NewContext, platform: str
) -> None:
    """Quiz, last look, result and teacher's page are clean under axe and whole when narrow."""
    teacher = new_context(viewport=NARROW).new_page()
    wrong = set_up(demo, teacher, platform)
    page = new_context(viewport=NARROW).new_page()
    open_activity(demo, page, platform=platform, person=STUDENTS[platform], activity=ACTIVITY)
    press(tool_frame(page), "button", "Start the quiz")
    tool = shown(page, "quiz")
    answer_all(tool)
    wrong += faults(page, demo)
    press(tool, "button", "Check and hand in")
    shown(page, "review")
    wrong += faults(page, demo)
    press(shown(page, "review"), "button", "Hand in attempt 1")
    tool = shown(page, "result")
    expect(
        tool.get_by_text("for feedback only: nobody has agreed on the key yet").first
    ).to_be_visible()
    expect(tool.get_by_text("In the key").first).to_be_visible()
    wrong += faults(page, demo)

    open_activity(demo, teacher, platform=platform, person=TEACHERS[platform], activity=ACTIVITY)
    press(shown(teacher, "dashboard"), "link", "Analysis")
    tool = shown(teacher, "analysis")
    tool.get_by_text("Who chose what").first.click()
    expect(tool.get_by_role("table").first).to_be_visible()
    assert wrong + faults(teacher, demo) == []
