"""Who may see what in Canvas: a teaching assistant kept out, and the student view."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Demo, NewContext, open_activity, press, press_enter, tool_frame
from tests.browser.test_every_page import NARROW, faults

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]


def test_assistants_are_kept_out_and_let_in(demo: Demo, new_context: NewContext) -> None:
    """An instructor decides it for the course; an assistant kept out has settings and preview."""
    page = new_context(viewport=NARROW).pages[0]
    assistant = new_context(viewport=NARROW).pages[0]
    wrong: list[str] = []
    for is_let_in in (False, True):
        open_activity(demo, page, platform="canvas", person="instructor", activity="taster")
        tool = tool_frame(page)
        press_enter(tool.get_by_role("link", name="Settings").first)
        tool.get_by_label("They may see students' work and grade it").set_checked(is_let_in)
        press(tool, "button", "Save for the course")
        expect(tool.get_by_role("status").first).to_be_visible()
        wrong += faults(page, demo)
        open_activity(demo, assistant, platform="canvas", person="assistant", activity="taster")
        shown = "dashboard" if is_let_in else "settings"
        own = tool_frame(assistant)
        expect(own.locator(f"body[data-page={shown}]")).to_be_visible()
        grading = own.get_by_role("link", name="Reflections")
        expect(grading).to_have_count(1 if is_let_in else 0)
        kept_out = own.get_by_text("keeps students' work from assistants")
        expect(kept_out).to_have_count(0 if is_let_in else 1)
        wrong += faults(assistant, demo)

    assert wrong == []


def test_the_student_view_is_tried_and_cleared(demo: Demo, new_context: NewContext) -> None:
    """What is tried out is called a preview, stands apart and goes with one button."""
    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform="canvas", person="test.student", activity="taster")
    tool = tool_frame(page)
    press(tool, "button", "Start the quiz")
    expect(tool.locator("body[data-page=quiz]")).to_be_visible()
    wrong = faults(page, demo)
    open_activity(demo, page, platform="canvas", person="test.student", activity="taster")
    expect(tool.locator("body[data-page=activity]")).to_be_visible()
    wrong += faults(page, demo)
    open_activity(demo, page, platform="canvas", person="instructor", activity="taster")
    press(tool, "button", "Clear the student preview's work")
    expect(tool.get_by_text("The student preview's work is cleared.")).to_be_visible()
    wrong += faults(page, demo)
    open_activity(demo, page, platform="canvas", person="test.student", activity="taster")
    expect(tool.get_by_role("button", name="Start the quiz")).to_be_visible()

    assert wrong == []
