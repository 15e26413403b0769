"""The main job in a real browser: from the course, in the LMS's frame, to the gradebook."""

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.browser.conftest import (
    TEACHERS,
    Demo,
    NewContext,
    open_activity,
    press,
    tick,
    tool_frame,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

WORDS = "A mentor once said that she did not know and would find out, and I trusted her more. "
STUDENTS = {"canvas": "amara.okafor", "moodle": "ravi.menon"}


def take_taster(tool: FrameLocator) -> None:
    """Answer three items, hand them in, write forty words and hand those in."""
    press(tool, "button", "Start the quiz")
    expect(tool.locator("fieldset[data-item]")).to_have_count(3)
    for item in tool.locator("fieldset[data-item]").all():
        tick(item.get_by_role("radio").first)
    press(tool, "button", "Check and hand in")
    press(tool, "button", "Hand in attempt 1")
    expect(tool.locator("body[data-page=result]")).to_be_visible()
    press(tool, "link", "Back to the activity")
    press(tool, "link", "Begin writing")
    tool.get_by_label("Write here").fill(WORDS * 3)
    press(tool, "button", "Check and hand in")
    press(tool, "button", "Hand in the reflection")


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_a_student_finishes_and_the_instructor_sees_it(
    demo: Demo, context: BrowserContext, platform: str
) -> None:
    """Quiz and reflection are done inside the frame; the gradebook fills, for all to see."""
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

    # The instructor's launch of the same link shows who did what and whether it arrived.
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity="taster")

    expect(tool_frame(page).locator("body[data-page=dashboard]")).to_be_visible()
    expect(tool_frame(page).get_by_text("In the gradebook").first).to_be_visible()


def test_offline_nothing_leaves_the_page(demo: Demo, context: BrowserContext) -> None:
    """Pressing on while offline keeps the answers on the page, and they are saved later."""
    page = context.new_page()
    open_activity(demo, page, platform="canvas", person="jiwoo.han", activity="taster")
    tool = tool_frame(page)
    press(tool, "button", "Start the quiz")
    tick(tool.get_by_role("radio").first)
    # The scripts are at work from here on.
    expect(tool.locator("#save-state")).to_contain_text("Saved")
    context.set_offline(True)
    tick(tool.get_by_role("radio").nth(1))
    press(tool, "button", "Check and hand in")

    expect(tool.locator("#save-state")).to_contain_text("offline")
    expect(tool.get_by_role("radio").nth(1)).to_be_checked()
    context.set_offline(False)
    expect(tool.locator("#save-state")).to_contain_text("Saved")
    press(tool, "button", "Check and hand in")
    expect(tool.locator("body[data-page=review]")).to_be_visible()


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
