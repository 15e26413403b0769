"""An instructor makes a module of the course's own: copied, edited by form, published, placed."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.browser.conftest import (
    Demo,
    NewContext,
    open_activity,
    press,
    press_enter,
    sign_in,
    tick,
    tool_frame,
)
from tests.browser.test_every_page import NARROW, faults
from tests.browser.test_placing import begin

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

QUESTION = "What is at the core, says our source?"


def open_modules(demo: Demo, page: Page) -> FrameLocator:
    """Open the modules of the course from the dialog in which activities are placed."""
    begin(demo, page, "canvas", placement="assignment_selection")
    frame = tool_frame(page)
    press(frame, "link", "Write modules of this course")
    expect(frame.locator("body[data-page=course-modules]")).to_be_visible(timeout=20_000)
    return frame


def open_course_modules(demo: Demo, page: Page) -> FrameLocator:
    """Open the modules of the course from an activity of it."""
    open_activity(demo, page, platform="canvas", person="instructor", activity="taster")
    frame = tool_frame(page)
    press(frame, "link", "Whole course")
    press(frame, "link", "Modules of this course")
    expect(frame.locator("body[data-page=course-modules]")).to_be_visible(timeout=20_000)
    return frame


def press_one(frame: FrameLocator, role: Any, pattern: str) -> None:
    """Press one of several alike, by what those hear who do not see the page."""
    press_enter(frame.get_by_role(role, name=re.compile(pattern)))


def name_it(frame: FrameLocator, title: str) -> None:
    """Give the module that is open a title of its own."""
    press_one(frame, "link", "Edit.*About it")
    frame.get_by_label("Title").fill(title)
    press(frame, "button", "Save the draft")
    expect(frame.get_by_role("heading", name=title, level=1)).to_be_visible()


def test_a_copy_is_edited_published_and_placed(demo: Demo, context: BrowserContext) -> None:
    """By keyboard; the preview follows what is typed; students are given the course's module."""
    page = context.new_page()
    frame = open_modules(demo, page)
    wrong = faults(page, demo)
    press_one(frame, "link", "Look at it.*A two-minute taster")
    expect(frame.locator("body[data-page=shipped-module]")).to_be_visible()
    wrong += faults(page, demo)
    press(frame, "button", "Copy it")
    expect(frame.get_by_role("status")).to_contain_text("The module is copied")
    wrong += faults(page, demo)
    name_it(frame, "Our own taster")
    press_one(frame, "link", "Edit.*ta-01")
    expect(frame.locator("body[data-page=module-item]")).to_be_visible()
    wrong += faults(page, demo)
    frame.get_by_label("Question (Markdown)").fill(QUESTION)
    # Nobody has pressed anything: the preview follows by itself.
    expect(frame.locator("#looks legend")).to_have_text(QUESTION)
    press(frame, "button", "Save the draft")
    expect(frame.get_by_role("status")).to_contain_text("The draft is saved")
    press(frame, "link", "Source and preview")
    expect(frame.locator("body[data-page=module-source]")).to_be_visible()
    wrong += faults(page, demo)
    tick(frame.get_by_label("with their keys"))
    expect(frame.locator("#looks")).to_contain_text("All three are qualities of the counselor.")
    wrong += faults(page, demo)
    press(frame, "link", "Back to the module")
    press(frame, "button", "Publish")
    expect(frame.get_by_role("status")).to_contain_text("The version is published")
    wrong += faults(page, demo)
    press(frame, "link", "Place it in the course")
    frame.get_by_label("What the course calls it").fill("Placed by its authors")
    press(frame, "button", "Add to the course")
    expect(page.locator("input[name=title]")).to_have_value("Placed by its authors")
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    expect(page.get_by_role("heading", name="Placed by its authors", level=1)).to_be_visible()
    address = page.url
    sign_in(demo, page, platform="canvas", person="hana.yamashita")
    page.goto(address)
    press(tool_frame(page), "button", "Start the quiz")

    expect(tool_frame(page).locator("main")).to_contain_text(QUESTION)
    assert wrong == []


def test_everything_works_without_scripts_on_a_narrow_screen(
    demo: Demo, new_context: NewContext
) -> None:
    """Begin a module, break it, read the fault, repair it, add a question, delete it all."""
    page = new_context(viewport=NARROW, java_script_enabled=False).pages[0]
    open_activity(demo, page, platform="canvas", person="instructor", activity="taster")
    inside = page.locator("iframe").first.element_handle().content_frame()
    assert inside is not None
    for forward in ("Open the activity", "Go on"):
        with inside.expect_navigation():
            inside.get_by_role("button", name=forward).click()
    frame = tool_frame(page)
    press(frame, "link", "Preview as student")
    press(frame, "link", "Modules of this course")
    press(frame, "button", "Begin a module")
    expect(frame.get_by_role("status")).to_contain_text("The module is begun")
    name_it(frame, "Begun without scripts")
    press(frame, "link", "Source and preview")
    source = frame.get_by_label("The module's file")
    whole = source.input_value()
    source.fill(whole.replace("- [x]", "- [ ]"))
    press(frame, "button", "Check and preview")
    expect(frame.locator("#looks")).to_contain_text("my-01 needs exactly one [x]")
    source.fill(whole)
    press(frame, "button", "Check and preview")
    expect(frame.locator("#looks")).to_contain_text("Write the question here.")
    press(frame, "button", "Save the draft")
    expect(frame.get_by_text("The draft is saved.")).to_be_visible()
    press(frame, "link", "Back to the module")
    frame.get_by_label("Add a question").select_option("ordering")
    press(frame, "button", "Go on")
    frame.get_by_label("Question (Markdown)").fill("Put these in order.")
    for number, text in enumerate(("One", "Two", "Three")):
        frame.get_by_label("Entry").nth(number).fill(text)
    press(frame, "button", "Check and preview")
    expect(frame.locator("#looks")).to_contain_text("Put these in order.")
    press(frame, "button", "Save the draft")
    expect(frame.locator(".outline")).to_contain_text("my-02 (ordering) Put these in order.")
    press_one(frame, "button", "Up.*my-02")
    expect(frame.locator(".outline > li").first).to_contain_text("my-02")
    press(frame, "button", "Delete the module")
    expect(frame.get_by_role("status")).to_contain_text("The module is deleted")


def test_every_page_fits_a_narrow_screen(demo: Demo, new_context: NewContext) -> None:
    """Every form of every kind, what goes out and comes in, at 320 px, in the dark."""
    page = new_context(viewport=NARROW, color_scheme="dark").pages[0]
    frame = open_modules(demo, page)
    wrong = faults(page, demo)
    press_enter(frame.locator("li.card form:has(input[value=culture-humility]) button"))
    expect(frame.locator("body[data-page=course-module]")).to_be_visible()
    wrong += faults(page, demo)
    outline = frame.locator(".outline > li")
    for kind in (
        "one right answer",
        "several right answers",
        "matching",
        "ordering",
        "short answer",
        "a number",
        "rating",
        "conversation",
    ):
        press_enter(outline.filter(has_text=f"({kind})").first.get_by_role("link"))
        expect(frame.locator("body[data-page^=module-item]")).to_be_visible()
        for details in frame.locator("form details:not([open]) > summary").all():
            details.click()
        wrong += faults(page, demo)
        press(frame, "link", "Back to the module")
        expect(frame.locator("body[data-page=course-module]")).to_be_visible()
    press(frame, "link", "Questions for other systems")
    expect(frame.locator("body[data-page=module-exports]")).to_be_visible()
    wrong += faults(page, demo)
    press(frame, "link", "Back to the module")
    press(frame, "link", "Add a screen")
    press(frame, "button", "Save the draft")
    expect(frame.get_by_role("alert")).to_be_visible()
    wrong += faults(page, demo)
    press(frame, "link", "Back to the module")
    press(frame, "button", "Delete the module")
    expect(frame.get_by_role("status")).to_contain_text("The module is deleted")
    other = {"name": "q.txt", "mimeType": "text/plain", "buffer": b"::q:: Is it? {TRUE}"}
    frame.get_by_label("A file of another system").set_input_files(other)
    press(frame, "button", "Look at it")
    expect(frame.locator("body[data-page=module-import]")).to_be_visible()
    wrong += faults(page, demo)

    assert wrong == []


def test_two_forms_of_the_same_draft(demo: Demo, new_context: NewContext) -> None:
    """The second to save sees both texts, and nothing was overwritten."""
    page = new_context().pages[0]
    mine = open_course_modules(demo, page)
    press(mine, "button", "Begin a module")
    name_it(mine, "Written by two")
    press(mine, "link", "Source and preview")
    expect(mine.locator("body[data-page=module-source]")).to_be_visible()
    theirs = open_course_modules(demo, page.context.new_page())
    press(theirs, "link", "Written by two")
    press(theirs, "link", "Source and preview")
    expect(theirs.locator("body[data-page=module-source]")).to_be_visible()
    for frame, text in ((theirs, "Theirs."), (mine, "Mine.")):
        source = frame.get_by_label("The module's file")
        source.fill(f"{source.input_value()}\n{text}\n")
        press(frame, "button", "Save the draft")
        page.wait_for_timeout(1000)
    expect(mine.locator("body[data-page=conflict]")).to_be_visible()
    wrong = faults(page, demo)

    assert wrong == []
    expect(mine.locator("#draft")).to_have_value(re.compile("Mine"))
    expect(mine.locator("#saved")).to_have_value(re.compile("Theirs"))
