"""Every page: clean under axe, whole at 320 pixels, and of use without scripts."""

import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Frame, Page, expect

from tests.browser.conftest import Demo, NewContext, open_activity, tick, tool_frame

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("demo")]

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE_OPTIONS = {"runOnly": TAGS, "resultTypes": ["violations"]}
"""What is not looked at is not worked out: that halves the time."""
SCORE_WAIT_S = 20
NARROW = {"width": 320, "height": 640}
TEXT = "A mentor once said that she did not know and would find out. "


def frame_of(page: Page, demo: Demo) -> Frame:
    """Return the tool's frame, once it shows a page of the tool."""
    # The sign-in leads through pages of both sites; the last of them names itself.
    expect(tool_frame(page).locator("body[data-page]")).to_be_visible()
    return next(frame for frame in page.frames if frame.url.startswith(demo.tool))


WIDEST = """() => {
  const edge = document.documentElement.clientWidth;
  const beyond = [...document.querySelectorAll("body *")].filter(
    (element) => element.getBoundingClientRect().right > edge,
  );
  return beyond.at(-1)?.outerHTML.slice(0, 200) ?? "nothing that can be seen";
}"""


def faults(page: Page, demo: Demo) -> list[str]:
    """Say what is wrong with the page that the tool shows now in its frame."""
    return faults_in(frame_of(page, demo))


def faults_in(frame: Frame) -> list[str]:
    """Say what is wrong with a page of the tool, wherever it is shown."""
    name = frame.locator("body").get_attribute("data-page")
    found = Axe().run(frame, options=AXE_OPTIONS).response["violations"]
    wrong = [f"{name}: {v['id']} at {v['nodes'][0]['target']}" for v in found]
    too_wide = frame.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if too_wide <= 0:
        return wrong
    return [*wrong, f"{name}: {too_wide} px too wide, by {frame.evaluate(WIDEST)}"]


def student_states(page: Page) -> Iterator[str]:
    """Walk through what a student meets, state by state."""
    tool = tool_frame(page)
    yield "activity"
    tool.get_by_role("link", name="Open the reading").click()
    yield "reading"
    tool.get_by_role("link", name="Back to the activity").first.click()
    tool.get_by_role("button", name="Start the quiz").click()
    yield "quiz"
    tick(tool.get_by_role("radio").first)
    tool.get_by_role("button", name="Check and hand in").click()
    yield "review"
    tool.get_by_role("button", name="Hand in attempt 1").click()
    yield "result"
    tool.get_by_role("link", name="Back to the activity").click()
    tool.get_by_role("link", name="Begin writing").click()
    yield "reflection"
    tool.get_by_label("Write here").fill(TEXT * 4)
    tool.get_by_role("button", name="Check and hand in").click()
    yield "reflection-review"
    tool.get_by_role("button", name="Hand in the reflection").click()
    yield "reflection-receipt"
    tool.get_by_role("link", name="Why is my grade this?").click()
    yield "grade"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_students_pages(demo: Demo, new_context: NewContext, scheme: str) -> None:
    """Each state of the student's way is clean, on a narrow screen, light and dark."""
    context = new_context(viewport=NARROW, color_scheme=scheme)
    page = context.pages[0]
    person = {"light": "tarek.haddad", "dark": "leilani.kahale"}[scheme]
    open_activity(demo, page, platform="canvas", person=person, activity="taster")
    wrong: list[str] = []
    for name in student_states(page):
        expect(tool_frame(page).locator(f"body[data-page={name}]")).to_be_visible()
        wrong += faults(page, demo)

    assert wrong == []


@pytest.mark.parametrize(
    ("person", "activity", "name"),
    [
        ("instructor", "taster", "dashboard"),
        ("instructor", "week-3", "choose"),
        ("anjali.rao", "week-3", "not-set-up"),
        ("instructor", "navigation", "course-desk"),
        ("observer", "taster", "observer"),
        ("admin", "taster", "administrator"),
    ],
)
def test_what_a_launch_opens(
    demo: Demo, new_context: NewContext, person: str, activity: str, name: str
) -> None:
    """Whoever launches whatever, the first page is clean on a narrow screen."""
    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform="canvas", person=person, activity=activity)
    expect(tool_frame(page).locator(f"body[data-page={name}]")).to_be_visible()

    assert faults(page, demo) == []


@pytest.mark.parametrize(
    ("tab", "name"),
    [
        ("Reflections", "grading"),
        ("Unmatched answers", "unmatched"),
        ("Accommodations", "accommodations"),
        ("Settings", "settings"),
        ("Preview as student", "preview"),
    ],
)
def test_an_instructors_pages(demo: Demo, new_context: NewContext, tab: str, name: str) -> None:
    """Each tab of the instructor's view is clean on a narrow screen."""
    page = new_context(viewport=NARROW).pages[0]
    open_activity(demo, page, platform="moodle", person="teacher", activity="taster")
    tool_frame(page).get_by_role("link", name=tab).first.click()
    expect(tool_frame(page).locator(f"body[data-page={name}]")).to_be_visible()

    assert faults(page, demo) == []


def test_the_gradebook_on_an_instructors_pages(demo: Demo, new_context: NewContext) -> None:
    """The overview with a difference, and the page of the grade, are clean on a narrow screen."""
    page = new_context(viewport=NARROW).pages[0]
    person = "yusuf.warsame"
    open_activity(demo, page, platform="canvas", person=person, activity="taster")
    for name in student_states(page):
        expect(tool_frame(page).locator(f"body[data-page={name}]")).to_be_visible()
    wait_for_score(demo, page, person=person)
    demo.ask("gradebook/canvas/77", {"person": person, "activity": "taster", "score": 0.5})
    open_activity(demo, page, platform="canvas", person="instructor", activity="taster")
    tool = tool_frame(page)
    tool.get_by_role("button", name="Compare with the gradebook").click()
    # An earlier comparison may stand there already: look until this one has found the difference.
    heading = tool.get_by_role("heading", name="Where the gradebook differs")
    deadline = time.monotonic() + SCORE_WAIT_S
    while not heading.is_visible():
        assert time.monotonic() < deadline, "the comparison found no difference"
        page.wait_for_timeout(1000)
        tool.get_by_role("link", name="Overview").click()
        expect(tool.locator("body[data-page=dashboard]")).to_be_visible()
    tool.get_by_text("Send all scores again").click()
    wrong = faults(page, demo)
    tool.get_by_role("link", name="Why this grade? Yusuf Warsame").first.click()
    expect(tool.locator("body[data-page=grade]")).to_be_visible()
    expect(tool.get_by_role("heading", name="What was tried")).to_be_visible()

    assert wrong + faults(page, demo) == []


def test_everything_works_without_scripts(demo: Demo, new_context: NewContext) -> None:
    """A student without JavaScript finishes both parts, and the grade arrives."""
    context: BrowserContext = new_context(java_script_enabled=False)
    page = context.pages[0]
    person = "oskar.nowak"
    open_activity(demo, page, platform="canvas", person=person, activity="taster")
    frame = page.locator("iframe").first.element_handle().content_frame()
    assert frame is not None
    # The LMS's own forwarding forms wait for a click where no script sends them on.
    for forward in ("Open the activity", "Go on"):
        with frame.expect_navigation():
            frame.get_by_role("button", name=forward).click()
    for name in student_states(page):
        expect(tool_frame(page).locator(f"body[data-page={name}]")).to_be_visible()

    wait_for_score(demo, page, person=person)


def wait_for_score(demo: Demo, page: Page, *, person: str, platform: str = "canvas") -> None:
    """Wait until the gradebook shows a score; the worker brings it in its own time."""
    deadline = time.monotonic() + SCORE_WAIT_S
    while demo.grade(platform, activity="taster", person=person)["score"] is None:
        assert time.monotonic() < deadline, f"no score within {SCORE_WAIT_S} s"
        page.wait_for_timeout(100)
