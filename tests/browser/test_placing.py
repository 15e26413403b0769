"""An instructor places activities from the LMS's own page; a student then opens them there."""

import re
import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import (
    COURSES,
    TEACHERS,
    THEIR_NAME,
    Demo,
    NewContext,
    open_activity,
    press_enter,
    sign_in,
    tool_frame,
)
from tests.browser.test_every_page import NARROW, faults

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

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
    expect(titles.nth(2)).to_be_visible()
    for each in frame.get_by_label("Place it").all()[3:]:
        each.uncheck()
    wrong += faults(page, demo)
    closes = [each.input_value() for each in frame.get_by_label(re.compile("^Closes")).all()]
    for number in range(3):
        titles.nth(number).fill(f"Bulk {number + 1}")
    frame.get_by_role("button", name="Add all of them to the course").click()
    page.wait_for_timeout(1000)
    page.goto(f"{demo.lms}/canvas/courses/77")

    assert closes[:3] == ["2027-03-08T09:00", "2027-03-22T09:00", "2027-03-29T09:00"]
    for number in range(3):
        expect(page.get_by_role("link", name=f"Bulk {number + 1}").first).to_be_visible()
    assert wrong == []


def test_a_course_is_planned_where_one_is_taken_at_a_time(
    demo: Demo, new_context: NewContext
) -> None:
    """Canvas takes one from an assignment: the list stays, and says what is next and what done."""
    page = new_context(viewport=NARROW).pages[0]
    begin(demo, page, "canvas", placement="assignment_selection")
    frame = tool_frame(page)
    frame.get_by_role("link", name="Plan the whole course").click()
    expect(frame.locator("body[data-page=picker-course]")).to_be_visible()
    titles = frame.get_by_label("Title")
    titles.nth(0).fill("Planned 1")
    titles.nth(1).fill("Planned 2")
    for each in frame.get_by_label("Place it").all()[2:]:
        each.uncheck()
    frame.get_by_label("First activity closes").fill("2027-03-08T09:00")
    # Enter fills in, and loses nothing.
    frame.get_by_label("Points for the quiz").nth(0).fill("6")
    press_enter(frame.get_by_label("Points for the quiz").nth(0))
    expect(frame.get_by_label(re.compile("^Closes")).nth(0)).to_have_value("2027-03-08T09:00")
    expect(frame.get_by_label("Points for the quiz").nth(0)).to_have_value("6")
    wrong = faults(page, demo)
    frame.get_by_role("button", name="Keep this list").click()
    expect(frame.locator("[data-progress=left]")).to_have_count(2)
    wrong += faults(page, demo)
    frame.get_by_role("link", name=re.compile("^Place it.*Planned 1")).click()
    expect(frame.get_by_label("What the course calls it")).to_have_value("Planned 1")
    expect(frame.get_by_label("Points for the quiz")).to_have_value("6")
    frame.get_by_role("button", name="Add to the course").click()
    expect(page.locator("input[name=title]")).to_have_value("Planned 1")
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    expect(page.get_by_role("heading", name="Planned 1", level=1)).to_be_visible()
    begin(demo, page, "canvas", placement="assignment_selection")
    expect(frame.locator("[data-progress=left]")).to_have_count(1)
    expect(frame.locator("[data-progress=handed_over]")).to_have_count(1)
    for left in (1, 0):
        frame.get_by_role("button", name=re.compile("^Take off the list")).first.click()
        expect(frame.locator("[data-progress]")).to_have_count(left)

    assert wrong == []


def test_a_change_of_settings_says_what_it_does(demo: Demo, new_context: NewContext) -> None:
    """A student is under way: the consequences come first, then the form again, then the change."""
    student = new_context().new_page()
    open_activity(demo, student, platform="moodle", person="nadia.benali", activity="taster")
    tool_frame(student).get_by_role("button", name="Start the quiz").click()
    expect(tool_frame(student).locator("body[data-page=quiz]")).to_be_visible()

    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform="moodle", person="teacher", activity="taster")
    tool = tool_frame(page)
    tool.get_by_role("link", name="Settings").first.click()
    tool.get_by_label("Attempts", exact=True).fill("7")
    tool.get_by_role("button", name="Save the settings").click()
    expect(tool.locator("body[data-page=consequences]")).to_be_visible()
    expect(tool.locator("[data-effect=attempts_go_on]")).to_be_visible()
    wrong = faults(page, demo)
    tool.get_by_role("button", name="Back to the form").click()
    expect(tool.get_by_label("Attempts", exact=True)).to_have_value("7")
    tool.get_by_role("button", name="Save the settings").click()
    tool.get_by_role("button", name="Save the changes").click()
    expect(tool.get_by_text("Saved. Every grade follows")).to_be_visible()
    expect(tool.get_by_label("Attempts", exact=True)).to_have_value("7")

    assert wrong == []


@pytest.mark.parametrize(
    ("platform", "placement"), [("canvas", "assignment_selection"), ("moodle", "")]
)
def test_presets_are_kept_and_used(
    demo: Demo, new_context: NewContext, platform: str, placement: str
) -> None:
    """Kept in one activity, filled in in the dialog, renamed and deleted on their own page."""
    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity="taster")
    tool = tool_frame(page)
    tool.get_by_role("link", name="Settings").first.click()
    tool.get_by_label("Attempts", exact=True).fill("9")
    tool.get_by_label("Keep the settings above under a name").fill("Nine tries")
    tool.get_by_role("button", name="Keep as a preset").click()
    expect(tool.get_by_text("Kept as the preset")).to_be_visible()
    wrong = faults(page, demo)
    tool.get_by_role("link", name="Rename or delete presets").click()
    expect(tool.locator("body[data-page=presets]")).to_be_visible()
    wrong += faults(page, demo)
    tool.get_by_label("Name").fill("")
    tool.get_by_role("button", name="Rename").click()
    expect(tool.locator("[data-error-code] [aria-invalid=true]")).to_be_visible()
    wrong += faults(page, demo)
    tool.get_by_label("Name").fill("Up to nine")
    tool.get_by_role("button", name="Rename").click()
    expect(tool.get_by_role("heading", name="Up to nine")).to_be_visible()
    wrong += faults(page, demo)

    begin(demo, page, platform, placement=placement)
    card = tool.locator(".card", has_text="A two-minute taster")
    card.get_by_role("link", name="Choose").click()
    tool.get_by_label("Settings you have kept").select_option("Up to nine")
    tool.get_by_role("button", name="Fill in").click()
    expect(tool.get_by_label("Attempts", exact=True)).to_have_value("9")
    wrong += faults(page, demo)
    tool.get_by_role("link", name="Rename or delete presets").click()
    tool.get_by_role("button", name="Delete").click()
    expect(tool.get_by_text("You have no presets")).to_be_visible()
    wrong += faults(page, demo)

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

    expect(frame.get_by_role("listitem").filter(has_text=THEIR_NAME)).to_have_count(1)
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
