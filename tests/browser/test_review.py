"""A student's work opened from the gradebook: SpeedGrader-like, Moodle-like, and by the student."""

import time

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.browser.conftest import COURSES, TEACHERS, Demo, open_activity, sign_in, tool_frame
from tests.browser.test_every_page import NARROW, faults
from tests.browser.test_main_path import WORDS, take_taster

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

STUDENTS = {"canvas": "marisol.vega", "moodle": "joseph.whitehorse"}


def in_the_gradebook(demo: Demo, page: Page, platform: str) -> str:
    """Return the address of the student's cell, once the score is there."""
    deadline = time.monotonic() + 30
    while True:
        cell = demo.grade(platform, activity="taster", person=STUDENTS[platform])
        if cell["score"] is not None:
            break
        assert time.monotonic() < deadline, "the score did not arrive"
        page.wait_for_timeout(500)
    sign_in(demo, page, platform=platform, person=TEACHERS[platform])
    page.goto(f"{demo.lms}/{platform}/courses/{COURSES[platform]}/gradebook")
    link = page.locator(f'a[href$="/{STUDENTS[platform]}"]').first
    return str(link.get_attribute("href"))


def shown(page: Page) -> FrameLocator:
    """Return the tool's frame once it shows the submission."""
    frame = tool_frame(page)
    expect(frame.locator("body[data-page=submission]")).to_be_visible()
    return frame


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_work_is_reviewed_from_the_gradebook(
    demo: Demo, context: BrowserContext, platform: str
) -> None:
    """The grader sees score, attempt and text in the LMS's frame; the student sees their own."""
    page = context.new_page()
    student = STUDENTS[platform]
    open_activity(demo, page, platform=platform, person=student, activity="taster")
    take_taster(tool_frame(page))
    expect(tool_frame(page).get_by_text("In the gradebook since")).to_be_visible()
    page.goto(demo.lms + in_the_gradebook(demo, page, platform))
    frame = shown(page)
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Submission of")
    expect(frame.get_by_text("Attempt 1, question by question")).to_be_visible()
    expect(frame.get_by_text(WORDS.strip()).first).to_be_visible()
    wrong = faults(page, demo)
    page.set_viewport_size(NARROW)
    wrong += faults(page, demo)
    frame.get_by_role("link", name="Why this grade?").click()
    expect(frame.locator("body[data-page=grade]")).to_be_visible()
    frame.get_by_role("link", name="Submission").click()
    shown(page)

    if platform == "canvas":
        # Moodle has no such page for students.
        sign_in(demo, page, platform=platform, person=student)
        page.goto(f"{demo.lms}/canvas/courses/77/activities/taster/submission")
        own = shown(page)
        expect(own.get_by_role("heading", level=1)).to_have_text("Your submission")
        wrong += faults(page, demo)
    assert wrong == []
