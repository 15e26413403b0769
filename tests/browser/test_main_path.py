"""The main job in a real browser: from the course, in the LMS's frame, to the gradebook."""

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.browser.conftest import Demo, NewContext, open_activity, tool_frame

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

WORDS = "A mentor once said that she did not know and would find out, and I trusted her more. "
STUDENTS = {"canvas": "amara.okafor", "moodle": "ravi.menon"}
TEACHERS = {"canvas": "instructor", "moodle": "teacher"}


def take_taster(tool: FrameLocator) -> None:
    """Answer three items, hand them in, write forty words and hand those in."""
    tool.get_by_role("button", name="Start the quiz").click()
    for item in tool.locator("fieldset[data-item]").all():
        item.get_by_role("radio").first.check()
    tool.get_by_role("button", name="Check and hand in").click()
    tool.get_by_role("button", name="Hand in attempt 1").click()
    expect(tool.locator("body[data-page=result]")).to_be_visible()
    tool.get_by_role("link", name="Back to the activity").click()
    tool.get_by_role("link", name="Begin writing").click()
    tool.get_by_label("Write here").fill(WORDS * 3)
    tool.get_by_role("button", name="Check and hand in").click()
    tool.get_by_role("button", name="Hand in the reflection").click()


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_a_student_finishes_and_the_grade_arrives(
    demo: Demo, context: BrowserContext, platform: str
) -> None:
    """Quiz and reflection are done inside the frame; the gradebook beside it fills by itself."""
    page = context.new_page()
    person = STUDENTS[platform]
    open_activity(demo, page, platform=platform, person=person, activity="taster")
    tool = tool_frame(page)
    take_taster(tool)
    expect(tool.get_by_text("In the gradebook since")).to_be_visible()
    expect(page.get_by_role("complementary", name="Grade")).to_contain_text("/ 5")
    cell = demo.grade(platform, activity="taster", person=person)

    assert cell["score"] is not None
    assert cell["source"] == "tool"
    assert cell["score"] >= 2


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_the_instructor_sees_it(demo: Demo, context: BrowserContext, platform: str) -> None:
    """The instructor's launch of the same link shows who did what and whether it arrived."""
    page = context.new_page()
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity="taster")

    expect(tool_frame(page).locator("body[data-page=dashboard]")).to_be_visible()
    expect(tool_frame(page).get_by_text("In the gradebook").first).to_be_visible()


def test_without_any_cookie_a_new_tab_works(demo: Demo, new_context: NewContext) -> None:
    """A browser that keeps no cookie in the frame is told so and goes on in a tab of its own."""
    blocked = {f"{demo.tool},{demo.lms}": {"setting": 2}}
    context = new_context(
        preferences={"profile": {"content_settings": {"exceptions": {"cookies": blocked}}}}
    )
    page = context.new_page()
    sent: list[str] = []
    page.on(
        "request",
        lambda request: (
            sent.append(request.all_headers().get("cookie", ""))
            if request.url.startswith(demo.tool)
            else None
        ),
    )
    open_activity(demo, page, platform="canvas", person="mateo.quispe", activity="taster")
    button = tool_frame(page).get_by_role("button", name="Open the activity in a new tab")
    expect(button).to_be_visible()
    in_frame = list(sent)
    with context.expect_page() as opened:
        button.click()
    tab: Page = opened.value

    assert in_frame
    assert not any(in_frame)
    expect(tab.locator("body[data-page=activity]")).to_be_visible()
    expect(tab.get_by_role("button", name="Start the quiz")).to_be_visible()
