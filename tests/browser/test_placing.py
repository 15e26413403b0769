"""An instructor places activities from the LMS's own page; a student then opens them there."""

import re
import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import COURSES, Demo, NewContext, open_activity, sign_in, tool_frame
from tests.browser.test_every_page import faults

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

TEACHERS = {"canvas": "instructor", "moodle": "teacher"}
STUDENTS = {"canvas": "hana.yamashita", "moodle": "ravi.menon"}


def begin(demo: Demo, page: Page, platform: str, *, placement: str = "") -> None:
    """Open the LMS's add-activity dialog as the teacher."""
    sign_in(demo, page, platform=platform, person=TEACHERS[platform])
    query = f"?placement={placement}" if placement else ""
    page.goto(f"{demo.lms}/{platform}/courses/{COURSES[platform]}/add{query}")


@pytest.mark.parametrize(
    ("platform", "placement"), [("canvas", "assignment_selection"), ("moodle", "")]
)
def test_an_activity_is_placed_and_opened(
    demo: Demo, context: BrowserContext, platform: str, placement: str
) -> None:
    """From the other site's frame: choose, preview, set up, save in the LMS, work as a student."""
    page = context.new_page()
    begin(demo, page, platform, placement=placement)
    frame = tool_frame(page)
    card = frame.locator(".card", has_text="A two-minute taster")
    card.get_by_role("link", name="Preview").click()
    expect(frame.locator("body[data-page=picker-preview]")).to_be_visible()
    wrong = faults(page, demo)
    frame.get_by_role("link", name="Back to the settings").click()
    expect(frame.locator("body[data-page=picker-settings]")).to_be_visible()
    wrong += faults(page, demo)
    title = f"Placed in {platform}"
    frame.get_by_label("What the course calls it").fill(title)
    frame.get_by_role("button", name="Add to the course").click()
    # The LMS has filled its own form; nothing is in the course before the teacher saves it.
    name = "title" if platform == "canvas" else "name"
    expect(page.locator(f"input[name={name}]")).to_have_value(title)
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    address = page.url

    sign_in(demo, page, platform=platform, person=STUDENTS[platform])
    page.goto(address)
    home = tool_frame(page).locator("body[data-page=activity]")
    expect(home).to_be_visible()
    expect(home).to_contain_text("Start the quiz")
    assert wrong == []


def test_a_whole_course_is_placed_at_once(demo: Demo, context: BrowserContext) -> None:
    """Canvas takes several from the assignments menu: dates from a rhythm, one list, one insert."""
    page = context.new_page()
    begin(demo, page, "canvas", placement="course_assignments_menu")
    frame = tool_frame(page)
    wrong = faults(page, demo)
    frame.get_by_role("link", name="Place the whole course").click()
    frame.get_by_label("First activity closes").fill("2027-03-08T09:00")
    frame.get_by_label("Weeks off").fill("2027-03-17")
    frame.get_by_label("Time zone").fill("Europe/Berlin")
    frame.get_by_role("button", name="Fill the dates in").click()
    titles = frame.get_by_label("Title")
    expect(titles).to_have_count(3)
    wrong += faults(page, demo)
    closes = [each.input_value() for each in frame.get_by_label(re.compile("^Closes")).all()]
    for number in range(3):
        titles.nth(number).fill(f"Bulk {number + 1}")
    frame.get_by_role("button", name="Add all of them to the course").click()
    page.wait_for_timeout(1000)
    page.goto(f"{demo.lms}/canvas/courses/77")

    assert closes == ["2027-03-08T09:00", "2027-03-22T09:00", "2027-03-29T09:00"]
    for number in range(3):
        expect(page.get_by_role("link", name=f"Bulk {number + 1}").first).to_be_visible()
    assert wrong == []


def test_cancelling_leads_back(demo: Demo, context: BrowserContext) -> None:
    """The dialog ends and the course is as it was."""
    page = context.new_page()
    begin(demo, page, "canvas", placement="assignment_selection")
    before = demo.ask("courses/canvas/77/activities")
    tool_frame(page).get_by_role("button", name="Cancel and go back to the course").click()
    expect(tool_frame(page).locator("body[data-page=picker]")).to_have_count(0)

    assert demo.ask("courses/canvas/77/activities") == before


def test_the_overview_lists_who_has_not_come(demo: Demo, context: BrowserContext) -> None:
    """The worker reads the roster by itself, soon after a launch has told where it is."""
    page = context.new_page()
    open_activity(demo, page, platform="canvas", person="instructor", activity="taster")
    frame = tool_frame(page)
    expect(frame.locator("body[data-page=dashboard]")).to_be_visible()
    deadline = time.monotonic() + 20
    while frame.get_by_text("As your LMS listed them").count() == 0:
        assert time.monotonic() < deadline, "the roster was not read"
        page.wait_for_timeout(500)
        page.reload()
        expect(frame.locator("body[data-page=dashboard]")).to_be_visible()

    expect(frame.get_by_role("listitem").filter(has_text="Priya Nair")).to_have_count(1)
    assert faults(page, demo) == []


def test_placing_works_without_javascript(demo: Demo, new_context: NewContext) -> None:
    """Every step is a link or a form; the last one is a button."""
    page = new_context(java_script_enabled=False).new_page()
    begin(demo, page, "canvas", placement="assignment_selection")
    frame = tool_frame(page)
    # The LMS's own forwarding forms wait for a click where no script sends them on.
    inner = page.locator("iframe").first.element_handle().content_frame()
    assert inner is not None
    for button in inner.get_by_role("button").all()[:1]:
        button.click()
    frame.get_by_role("button", name="Go on").click()
    card = frame.locator(".card", has_text="A two-minute taster")
    card.get_by_role("link", name="Choose").click()
    frame.get_by_role("button", name="Add to the course").click()
    frame.get_by_role("button", name="Go on in the LMS").click()
    expect(frame.locator("body[data-page=picker-return]")).to_have_count(0)
