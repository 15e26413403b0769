"""What is kept about a person, in the LMS's frame: read, taken away, erased with the name typed."""

import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Demo, NewContext, open_activity, press, press_enter, tool_frame
from tests.browser.test_every_page import NARROW, faults

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

PERSON, NAME = "jiwoo.han", "Ji-woo Han"


def test_a_student_reads_and_an_instructor_erases(demo: Demo, new_context: NewContext) -> None:
    """The pages are clean on a narrow screen; the file arrives; only the right name erases."""
    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform="canvas", person=PERSON, activity="taster")
    tool = tool_frame(page)
    press(tool, "link", "What is kept about me")
    expect(tool.locator("body[data-page=kept-about-me]")).to_be_visible()
    wrong = faults(page, demo)
    with page.expect_download() as arriving:
        press(tool, "button", "Download everything about me")
    with zipfile.ZipFile(arriving.value.path()) as kept:
        assert NAME in kept.read("data.json").decode()

    open_activity(demo, page, platform="canvas", person="instructor", activity="navigation")
    tool.get_by_label("Name", exact=True).fill(NAME)
    press_enter(tool.get_by_role("button", name="Show", exact=True))
    press(tool, "link", NAME)
    press(tool, "link", "What is kept about this student: give out or erase")
    expect(tool.locator("body[data-page=student-data]")).to_be_visible()
    wrong += faults(page, demo)
    press(tool, "button", "Erase this student from the course")
    expect(tool.get_by_role("alert")).to_contain_text("Type the name exactly")
    wrong += faults(page, demo)
    tool.get_by_label("To confirm, type the name").fill(NAME)
    press(tool, "button", "Erase this student from the course")
    expect(tool.get_by_role("status").first).to_contain_text("is erased from this course")
    expect(tool.get_by_text(NAME)).to_have_count(0)
    assert wrong == []
