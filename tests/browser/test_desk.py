"""The desk in the LMS's frame: the whole course, one student, a score by hand, a student's work."""

import re
import time

import pytest
from playwright.sync_api import BrowserContext, Frame, FrameLocator, Page, expect

from tests.browser.conftest import TEACHERS, Demo, open_activity, press, press_enter, tool_frame
from tests.browser.test_every_page import NARROW, faults, frame_of
from tests.browser.test_main_path import take_taster

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

STUDENTS = {
    "canvas": ("ines.carvalho", "Ines Carvalho"),
    "moodle": ("aiko.morimoto", "Aiko Morimoto"),
}


def open_desk(demo: Demo, page: Page, platform: str) -> FrameLocator:
    """Open the whole course: from Canvas's course menu, or from an activity in Moodle."""
    activity = "navigation" if platform == "canvas" else "taster"
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity=activity)
    frame = tool_frame(page)
    if platform == "moodle":
        frame.get_by_role("link", name="Whole course").click()
    expect(frame.locator("body[data-page=course-desk]")).to_be_visible()
    return frame


def wait_for_score(demo: Demo, page: Page, platform: str, person: str, score: float) -> None:
    deadline = time.monotonic() + 30
    while demo.grade(platform, activity="taster", person=person)["score"] != score:
        assert time.monotonic() < deadline, "the score did not arrive"
        page.wait_for_timeout(500)


def download(frame: Frame, name: str) -> bytes:
    """Fetch what a download link leads to, as the frame would."""
    address = frame.get_by_role("link", name=name).get_attribute("href")
    read = "async (url) => Array.from(new Uint8Array(await (await fetch(url)).arrayBuffer()))"
    return bytes(frame.evaluate(read, address))


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_an_instructor_sees_the_course_and_decides(
    demo: Demo, context: BrowserContext, platform: str
) -> None:
    """From the list to the student, a wrong score and a right one, on to the gradebook."""
    page = context.new_page()
    person, name = STUDENTS[platform]
    open_activity(demo, page, platform=platform, person=person, activity="taster")
    take_taster(tool_frame(page))
    expect(tool_frame(page).get_by_text("In the gradebook since")).to_be_visible()

    frame = open_desk(demo, page, platform)
    wrong = faults(page, demo)
    frame.get_by_label("Name", exact=True).fill(name)
    frame.get_by_role("button", name="Show", exact=True).click()
    expect(frame.get_by_text("1 student found")).to_be_visible()
    assert name.encode() in download(frame_of(page, demo), "Download as CSV")
    assert download(frame_of(page, demo), "Download for a spreadsheet").startswith(b"PK")
    page.set_viewport_size(NARROW)
    wrong += faults(page, demo)
    press(frame, "link", name)
    expect(frame.locator("body[data-page=student-sheet]")).to_be_visible()
    card = frame.locator("section.card", has_text=re.compile("taster", re.IGNORECASE)).first
    press_enter(card.get_by_text("Set the score by hand, or excuse"))
    wrong += faults(page, demo)
    card.get_by_label("Score, of 5").fill("9")
    card.get_by_label("Reason").fill("Agreed in a talk")
    press_enter(card.get_by_role("button", name="Save the decision"))
    expect(frame.get_by_role("alert")).to_contain_text("Score:")
    wrong += faults(page, demo)
    expect(card.get_by_label("Reason")).to_have_value("Agreed in a talk")
    card.get_by_label("Score, of 5").fill("4.5")
    press_enter(card.get_by_role("button", name="Save the decision"))
    expect(frame.get_by_role("status").first).to_contain_text("Saved.")
    wait_for_score(demo, page, platform, person, 4.5)
    page.set_viewport_size({"width": 1280, "height": 900})

    open_activity(demo, page, platform=platform, person=person, activity="taster")
    press(tool_frame(page), "link", "My work in this course")
    expect(tool_frame(page).locator("body[data-page=my-work]")).to_be_visible()
    expect(tool_frame(page).get_by_text("Agreed in a talk").first).to_be_visible()
    wrong += faults(page, demo)
    assert wrong == []
