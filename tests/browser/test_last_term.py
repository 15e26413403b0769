"""Last term's course as an instructor looks back on it: coefficients, questions, a regrade."""

import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from lti_alliance.demo.last_term import COURSE_ID, MISKEYED, QUIZ, STILL_MISKEYED
from lti_alliance.demo.stage import Stage
from lti_alliance.demo.writings import ANSWER_ABOUT_KEY, QUESTIONS_ABOUT_KEY
from lti_alliance.practice_lms.crowd import crowd_names
from lti_alliance.practice_lms.last_term import LAST_TERM_STUDENTS
from tests.browser.conftest import ROOT, Demo, NewContext, press, press_enter, sign_in, tool_frame
from tests.browser.test_every_page import NARROW, faults

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.xdist_group("demo"),
    pytest.mark.timeout(360),  # Forty people launch and answer first.
]

PLAY_WAIT_S = 240


@pytest.fixture(scope="session")
def last_term(demo: Demo) -> Demo:
    """The demonstration after last term's course, and no other history, was played in it."""
    ports = [urlsplit(each).port for each in (demo.tool, demo.lms)]
    assert all(ports)
    stage = Stage(demo.folder, port=ports[0] or 0, lms_port=ports[1] or 0)
    subprocess.run(
        [
            *(sys.executable, "-m", "lti_alliance", "demo", "--folder", str(stage.folder)),
            *("--port", str(stage.port), "--lms-port", str(stage.lms_port), "last-term"),
        ],
        cwd=ROOT,
        env=os.environ | stage.env(),
        check=True,
        timeout=PLAY_WAIT_S,
    )
    return demo


def open_quiz(demo: Demo, page: Page) -> FrameLocator:
    """Open last term's quiz as its instructor."""
    sign_in(demo, page, platform="canvas", person="instructor")
    page.goto(f"{demo.lms}/canvas/courses/{COURSE_ID}/activities/{QUIZ.link}")
    tool = tool_frame(page)
    expect(tool.locator("body[data-page=dashboard]")).to_be_visible()
    return tool


def card_of(tool: FrameLocator, item_id: str) -> Locator:
    """Return the card of the analysis that is about an item."""
    return tool.locator("section.card", has_text=item_id)


def test_an_instructor_looks_back(last_term: Demo, new_context: NewContext) -> None:
    """From the overview to the analysis, to a questioned item, and to whom a regrade changes."""
    page = new_context(viewport=NARROW).pages[0]
    tool = open_quiz(last_term, page)
    expect(tool.get_by_text("A key was corrected")).to_be_visible()
    wrong = faults(page, last_term)

    press(tool, "link", "Analysis")
    expect(tool.locator("body[data-page=analysis]")).to_be_visible()
    expect(tool.get_by_text("Reliability (alpha)")).to_be_visible()
    corrected, unnoticed = card_of(tool, MISKEYED), card_of(tool, STILL_MISKEYED)
    expect(corrected).to_contain_text(re.compile(r"discrimination: 0\.\d\d"))
    expect(unnoticed).to_contain_text(re.compile(r"discrimination: -0\.\d\d"))
    expect(unnoticed).to_contain_text("look at the key")
    expect(corrected.get_by_text("2 open questions")).to_be_visible()
    wrong += faults(page, last_term)

    press(corrected, "link", "Key, questions of students, regrade")
    expect(tool.locator("body[data-page=item]")).to_be_visible()
    for text in (*QUESTIONS_ABOUT_KEY, ANSWER_ABOUT_KEY):
        expect(tool.get_by_text(text)).to_be_visible()
    expect(tool.get_by_label("Your answer")).to_have_count(len(QUESTIONS_ABOUT_KEY))
    wrong += faults(page, last_term)

    press(tool, "link", "Decide what becomes of them")
    expect(tool.locator("body[data-page=regrade]")).to_be_visible()
    changes = tool.locator("summary", has_text="scores change")
    expect(changes).to_have_count(3)
    for place in range(3):
        press_enter(changes.nth(place))
    names = set(crowd_names(LAST_TERM_STUDENTS))
    shown = tool.locator("form").inner_text()
    assert sum(name in shown for name in names) > 20
    wrong += faults(page, last_term)

    assert wrong == []
