"""What a course says as a whole, in the LMS's frame: standards, profile, before and after."""

import re

import pytest
from playwright.sync_api import Frame, FrameLocator, Page, expect

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
from tests.browser.test_desk import download
from tests.browser.test_every_page import NARROW, faults, frame_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("demo"),
]

WIDE = {"width": 1280, "height": 900}
LONG = "Relationships in counselling, as this programme words them in more than a few words"
LIST = f"code;title;text\r\nR.1;{LONG};What has to be shown.\r\nR.2;=1+1;\r\n".encode("utf-16")


def seen(page: Page, demo: Demo) -> list[str]:
    """Say what is wrong with a page, wide and narrow; it is left narrow."""
    page.set_viewport_size(WIDE)
    wide = faults(page, demo)
    page.set_viewport_size(NARROW)
    return wide + faults(page, demo)


def send_file(tool: FrameLocator, data: bytes) -> None:
    """Choose a file and send it."""
    file = {"name": "standards.csv", "mimeType": "text/csv", "buffer": data}
    tool.get_by_label("A CSV file").set_input_files(files=[file])
    press(tool, "button", "Read the file")


def walk_into_frame(page: Page) -> Frame:
    """Press the LMS's own forwarding forms where no script sends them on."""
    frame = page.locator("iframe").first.element_handle().content_frame()
    assert frame is not None
    for forward in ("Open the activity", "Go on"):
        with frame.expect_navigation():
            frame.get_by_role("button", name=forward).click()
    return frame


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_a_programme_documents_its_standards(
    demo: Demo, new_context: NewContext, platform: str
) -> None:
    """Loaded, linked, reported, taken away and deleted; each page clean, wide and at 320 px."""
    page = new_context(viewport=WIDE).new_page()
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity="taster")
    press(shown(page, "dashboard"), "link", "Whole course")
    press(shown(page, "course-desk"), "link", "Profile of the course")
    shown(page, "course-profile")
    wrong = seen(page, demo)
    press(tool_frame(page), "link", "Back to the whole course")
    press(shown(page, "course-desk"), "link", "Before and after")
    shown(page, "course-gains")
    wrong += seen(page, demo)
    press(tool_frame(page), "link", "Back to the whole course")
    press_enter(shown(page, "course-desk").get_by_role("link", name="Standards", exact=True))

    send_file(shown(page, "standards"), b"code;title\n;x\nA;y\nA;z\n")
    expect(tool_frame(page).get_by_role("alert")).to_contain_text("This code is there twice.")
    wrong += seen(page, demo)
    send_file(shown(page, "standards"), LIST)
    expect(shown(page, "standards-preview").get_by_text(LONG)).to_be_visible()
    wrong += seen(page, demo)
    press(tool_frame(page), "button", "Load the list")
    tool = shown(page, "standards")
    expect(tool.get_by_text("The list is loaded.")).to_be_visible()
    wrong += seen(page, demo)

    press_enter(tool.get_by_role("list").get_by_role("link").first)
    tool = shown(page, "standards-links")
    field = tool.locator("input[name^=objective]").first
    field.fill("R.9")
    press(tool, "button", "Save the links")
    expect(tool.get_by_role("alert")).to_contain_text("One of these codes is not in your list.")
    wrong += seen(page, demo)
    field.fill("r.1")
    press(tool, "button", "Save the links")
    expect(tool.get_by_text("Saved.")).to_be_visible()
    expect(field).to_have_value("R.1")
    press(tool, "link", "Back to the standards")
    press(shown(page, "standards"), "link", "Standards report")
    tool = shown(page, "standards-report")
    expect(tool.get_by_text("Nothing in this course is linked to it.")).to_be_visible()
    wrong += seen(page, demo)
    assert b"'=1+1" in download(frame_of(page, demo), "Download as CSV")
    assert download(frame_of(page, demo), "Download for a spreadsheet").startswith(b"PK")

    press(tool, "link", "Back to the standards")
    press(shown(page, "standards"), "link", "Delete the list")
    expect(shown(page, "standards-preview").get_by_text("R.1")).to_be_visible()
    wrong += seen(page, demo)
    press(tool_frame(page), "button", "Delete the list")
    expect(
        shown(page, "standards").get_by_text("The list and its links are deleted.")
    ).to_be_visible()
    assert wrong == []


def test_standards_are_loaded_without_scripts(demo: Demo, new_context: NewContext) -> None:
    """A file is read, looked at and left as it is."""
    page = new_context(java_script_enabled=False).new_page()
    open_activity(demo, page, platform="canvas", person="instructor", activity="taster")
    frame = walk_into_frame(page)
    for name in ("Whole course", "Standards"):
        frame.get_by_role("link", name=name, exact=True).click()
    send_file(shown(page, "standards"), LIST)
    expect(shown(page, "standards-preview").get_by_text(LONG)).to_be_visible()
    tool_frame(page).get_by_role("link", name="Leave it as it is").click()

    expect(shown(page, "standards").get_by_text(re.compile("No list has been"))).to_be_visible()


def test_a_profile_is_seen_by_its_student_and_their_teacher(
    demo: Demo, new_context: NewContext
) -> None:
    """On the student's own page, on the teacher's page of the student, and for the course."""
    teacher, person = new_context(viewport=WIDE).new_page(), "ingrid.solheim"
    open_activity(demo, teacher, platform="moodle", person="teacher", activity="week-3")
    card = shown(teacher, "choose").locator(".card", has_text="Empathy, regard, congruence")
    press_enter(card.get_by_role("link").first)
    tool = shown(teacher, "settings")
    tool.locator("input[name=parts][value=reflection]").uncheck()
    press(tool, "button", "Use this module")
    shown(teacher, "dashboard")
    page = new_context(viewport=WIDE).new_page()
    open_activity(demo, page, platform="moodle", person=person, activity="week-3")
    press(shown(page, "activity"), "button", "Start the quiz")
    tick(shown(page, "quiz").get_by_role("radio").first)
    press(shown(page, "quiz"), "button", "Check and hand in")
    press(shown(page, "review"), "button", "Hand in attempt 1")
    press(shown(page, "result"), "link", "Back to the activity")
    press(shown(page, "activity"), "link", "My work in this course")
    expect(shown(page, "my-work").get_by_role("heading", name="My profile")).to_be_visible()
    wrong = seen(page, demo)

    press(shown(teacher, "dashboard"), "link", "Analysis")
    tool = shown(teacher, "analysis")
    for details in tool.locator("main details").all():
        press_enter(details.locator("summary"))
    wrong += seen(teacher, demo)
    press(tool, "link", "Whole course")
    press(shown(teacher, "course-desk"), "link", "Profile of the course")
    expect(shown(teacher, "course-profile").get_by_role("cell").first).to_be_visible()
    assert wrong + seen(teacher, demo) == []
