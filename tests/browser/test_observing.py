"""An observer sees how far their learner is, and nothing else."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Demo, NewContext, open_activity, press, tool_frame
from tests.browser.test_every_page import NARROW, faults
from tests.browser.test_held import ACTIVITY, hand_in_reflection, set_up_reflection

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

TEXT = "My grandmother and I agreed on nothing, and yet we trusted each other every day."


def test_an_observer_sees_the_state_of_their_learner(demo: Demo, new_context: NewContext) -> None:
    """Canvas names the learner; nobody else is there, and neither are the learner's words."""
    page = new_context(viewport=NARROW).pages[0]
    set_up_reflection(demo, page, "canvas")
    open_activity(demo, page, platform="canvas", person="thandiwe.mokoena", activity=ACTIVITY)
    expect(tool_frame(page).locator("body[data-page=activity]")).to_be_visible()
    open_activity(demo, page, platform="canvas", person="amara.okafor", activity=ACTIVITY)
    expect(tool_frame(page).locator("body[data-page=activity]")).to_be_visible()
    open_activity(demo, page, platform="canvas", person="observer", activity=ACTIVITY)
    tool = tool_frame(page)
    rows = tool.get_by_role("table", name="Amara Okafor").get_by_role("row")
    expect(rows.filter(has_text="Not begun")).to_have_count(1)
    wrong = faults(page, demo)

    open_activity(demo, page, platform="canvas", person="amara.okafor", activity=ACTIVITY)
    press(tool, "link", "Begin writing")
    hand_in_reflection(page, TEXT)
    open_activity(demo, page, platform="canvas", person="observer", activity=ACTIVITY)
    expect(tool.locator("body[data-page=observer]")).to_be_visible()
    expect(rows.filter(has_text="Handed in, waits for the instructor")).to_have_count(1)
    expect(tool.get_by_role("table")).to_have_count(1)
    expect(tool.get_by_text("Thandiwe")).to_have_count(0)
    expect(tool.get_by_text("My grandmother")).to_have_count(0)
    # Nothing on the page leads on to the work.
    expect(tool.locator("main").get_by_role("link")).to_have_count(0)

    assert wrong + faults(page, demo) == []
